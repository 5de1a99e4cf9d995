"""`headrace graph owners|holdings|control|beneficial`: who stands behind whom, with proofs."""

from functools import partial
from typing import Annotated

import typer

from headrace.adapters.printing.graph import owners
from headrace.commands.graph_files import Asked, Party, To, on_graph, one_of
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


@on_graph
def owners_command(asked: Asked, party: Party, *, rules: Rules = CN_BENEFICIAL_OWNERS.name) -> None:
    """Show who owns a party over all chains, who controls it, and its beneficial owners."""
    chosen = RULE_SETS[one_of(rules, RULE_SETS, "--rules")]
    found = owned(asked.relations, party, chosen)
    proofs = [{"lines": proof.lines, "facts": proof.facts} for proof in found.proofs]
    control, beneficial = found.control.to_pylist(), found.beneficial.to_pylist()
    pairs = zip([*control, *beneficial], proofs, strict=True)
    proved = [{**row, "proof": proof} for row, proof in pairs]
    value = {
        "party": party,
        "as_of": asked.relations.moment.isoformat(),
        "holders": found.holders.to_pylist(),
        "control": proved[: len(control)],
        "beneficial": proved[len(control) :],
        "rules": chosen.name,
        "verified": chosen.verified,
        "findings": [english for english, _ in found.findings],
    }
    asked.tell(value, partial(owners.owned, found, chosen, asked.relations))


@on_graph
def holdings_command(asked: Asked, party: Party) -> None:
    """Show every company in which a party has a share, over all chains."""
    asked.show(holdings(asked.relations, party).drop_columns("ultimate"))


@on_graph
def control_command(asked: Asked, *, to: To = None) -> None:
    """List who controls whom: every pair, certain or possible."""
    asked.show(control_table(asked.relations.snapshot, solved(asked.relations)), to)


@on_graph
def beneficial_command(
    asked: Asked, *, rules: Rules = CN_BENEFICIAL_OWNERS.name, to: To = None
) -> None:
    """List the owners of every company under a rule set."""
    chosen = RULE_SETS[one_of(rules, RULE_SETS, "--rules")]
    found = beneficial_owners(chosen, solved(asked.relations))
    asked.show(beneficial_table(asked.relations.snapshot, found), to)
