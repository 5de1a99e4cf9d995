"""`headrace graph rules|watch`: rules of one's own over relations, with proofs and alerts."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from headrace.adapters import printing, printing_graph
from headrace.adapters.events import check_writable, write_table
from headrace.adapters.user_files import read_text
from headrace.commands.graph_files import (
    FOLDER,
    AsJson,
    AsOf,
    Known,
    Language,
    Out,
    Zone,
    end_of,
    opened,
    show,
)
from headrace.workflows.graph_features import features_of
from headrace.workflows.graph_rules import derived, raised

RulesFile = Annotated[Path, typer.Argument(help="A text file with rules.")]


def rules_command(  # noqa: PLR0913 - a command has a parameter per option
    rules: RulesFile,
    relation: Annotated[
        str | None, typer.Argument(help="What to show; none: what is derived, and how much.")
    ] = None,
    parties: Annotated[list[str] | None, typer.Argument(help="Of whom to show the proof.")] = None,
    *,
    out: Out = FOLDER,
    as_of: AsOf = None,
    known: Known = None,
    zone: Zone = None,
    features: Annotated[
        bool, typer.Option("--features", help="Rules may read the graph features by name.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option("--to", help="Write every row: .parquet, .csv or .xlsx.")
    ] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Run rules over the relations: what they derive, and why."""
    if to is not None:
        check_writable(to)
    asked = opened(out, as_of, known, zone)
    table = features_of(asked.facts, asked.view) if features else None
    found = derived(asked.view, read_text(rules), table)
    warnings = [str(each) for each in found.rules.warnings]
    if relation is None:
        counts = {name: len(found.closure.facts(name)) for name in found.closure.shown}
        if as_json:
            printing.as_json({"derived": counts, "warnings": warnings})
        else:
            printing_graph.derived(counts, warnings, lang)
        return
    if parties:
        lines = found.proof(relation, *parties)
        if as_json:
            printing.as_json({"stands": bool(lines), "proof": lines})
        else:
            printing_graph.proof(lines, lang)
        return
    derived_table = found.table(relation)
    if to is not None:
        write_table(to, derived_table)
    show(derived_table, lang, asked, as_json=as_json)


def watch_command(  # noqa: PLR0913 - a command has a parameter per option
    rules: RulesFile,
    relations: Annotated[list[str], typer.Argument(help="Derived relations to watch.")],
    *,
    since: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="Facts known after this day.")
    ],
    to: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Until this day.")
    ] = None,
    out: Out = FOLDER,
    zone: Zone = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Take in facts one after another as they became known, and show what each would raise."""
    asked = opened(out, to, None, zone)
    text = read_text(rules)
    begin = end_of(since, asked.zone)
    found = list(raised(asked.facts, text, relations, begin, asked.view.moment))
    if as_json:
        printing.as_json(
            [
                {
                    "known": each.known.isoformat(),
                    "relation": each.alert.relation,
                    "fact": each.alert.fact,
                    "proof": each.alert.proof,
                    "facts": each.alert.facts,
                }
                for each in found
            ]
        )
        return
    if asked.simulated:
        printing_graph.made_up(lang)
    printing_graph.alerts(found, asked.zone, lang)
