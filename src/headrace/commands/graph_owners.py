"""`headrace graph owners|holdings|control|beneficial`: who stands behind whom, with proofs."""

from pathlib import Path
from typing import Annotated

import typer

from headrace.adapters import printing, printing_graph
from headrace.adapters.events import check_writable, write_table
from headrace.commands.graph_files import (
    FOLDER,
    AsJson,
    AsOf,
    Known,
    Language,
    Out,
    Party,
    Zone,
    one_of,
    opened,
    show,
)
from headrace.graph.ownership.beneficial import beneficial_owners
from headrace.graph.ownership.rulesets import CN_BENEFICIAL_OWNERS, RULE_SETS
from headrace.workflows.graph_ownership import (
    beneficial_table,
    control_table,
    holdings,
    owned,
    solved,
)

Rules = Annotated[str, typer.Option("--rules", help=f"One of {', '.join(RULE_SETS)}.")]
To = Annotated[Path | None, typer.Option("--to", help="Write every row: .parquet, .csv or .xlsx.")]


def owners_command(  # noqa: PLR0913 - a command has a parameter per option
    party: Party,
    *,
    out: Out = FOLDER,
    as_of: AsOf = None,
    known: Known = None,
    zone: Zone = None,
    rules: Rules = CN_BENEFICIAL_OWNERS.name,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Show who owns a party over all chains, who controls it, and its beneficial owners."""
    chosen = RULE_SETS[one_of(rules, RULE_SETS, "--rules")]
    asked = opened(out, as_of, known, zone)
    view = asked.view
    found = owned(view, party, chosen)
    if as_json:
        proofs = [{"lines": proof.lines, "facts": proof.facts} for proof in found.proofs]
        control = found.control.to_pylist()
        beneficial = found.beneficial.to_pylist()
        printing.as_json(
            {
                "party": party,
                "as_of": view.moment.isoformat(),
                "holders": found.holders.to_pylist(),
                "control": [
                    {**row, "proof": proof} for row, proof in zip(control, proofs, strict=False)
                ],
                "beneficial": [
                    {**row, "proof": proof}
                    for row, proof in zip(beneficial, proofs[len(control) :], strict=True)
                ],
                "rules": chosen.name,
                "verified": chosen.verified,
                "findings": [english for english, _ in found.findings],
            }
        )
    else:
        label = view.snapshot.parties.label(view.snapshot.node(party))
        if asked.simulated:
            printing_graph.made_up(lang)
        printing_graph.heading(label, view, asked.zone, lang)
        printing_graph.owned(found, chosen, lang, asked.zone)


def holdings_command(  # noqa: PLR0913 - a command has a parameter per option
    party: Party,
    *,
    out: Out = FOLDER,
    as_of: AsOf = None,
    known: Known = None,
    zone: Zone = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Show every company in which a party has a share, over all chains."""
    asked = opened(out, as_of, known, zone)
    table = holdings(asked.view, party).drop_columns("ultimate")
    show(table, lang, asked, as_json=as_json)


def control_command(  # noqa: PLR0913 - a command has a parameter per option
    *,
    out: Out = FOLDER,
    as_of: AsOf = None,
    known: Known = None,
    zone: Zone = None,
    to: To = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """List who controls whom: every pair, certain or possible."""
    if to is not None:
        check_writable(to)
    asked = opened(out, as_of, known, zone)
    view = asked.view
    table = control_table(view.snapshot, solved(view))
    if to is not None:
        write_table(to, table)
    show(table, lang, asked, as_json=as_json)


def beneficial_command(  # noqa: PLR0913 - a command has a parameter per option
    *,
    out: Out = FOLDER,
    as_of: AsOf = None,
    known: Known = None,
    zone: Zone = None,
    rules: Rules = CN_BENEFICIAL_OWNERS.name,
    to: To = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """List the owners of every company under a rule set."""
    if to is not None:
        check_writable(to)
    chosen = RULE_SETS[one_of(rules, RULE_SETS, "--rules")]
    asked = opened(out, as_of, known, zone)
    view = asked.view
    table = beneficial_table(view.snapshot, beneficial_owners(chosen, solved(view)))
    if to is not None:
        write_table(to, table)
    show(table, lang, asked, as_json=as_json)
