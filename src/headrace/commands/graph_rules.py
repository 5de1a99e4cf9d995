"""`headrace graph rules|watch`: rules of one's own over relations, with proofs and alerts."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from headrace.adapters import printing_graph
from headrace.adapters.user_files import read_text
from headrace.commands.graph_files import Asked, To, end_of, on_graph
from headrace.workflows.graph_features import features_of
from headrace.workflows.graph_rules import derived, raised

RulesFile = Annotated[Path, typer.Argument(help="A text file with rules.")]


@on_graph
def rules_command(
    asked: Asked,
    rules: RulesFile,
    relation: Annotated[
        str | None, typer.Argument(help="What to show; none: what is derived, and how much.")
    ] = None,
    parties: Annotated[list[str] | None, typer.Argument(help="Of whom to show the proof.")] = None,
    *,
    features: Annotated[
        bool, typer.Option("--features", help="Rules may read the graph features by name.")
    ] = False,
    to: To = None,
) -> None:
    """Run rules over the relations: what they derive, and why."""
    table = features_of(asked.facts, asked.view) if features else None
    found = derived(asked.view, read_text(rules), table)
    if relation is None:
        counts = {name: len(found.closure.facts(name)) for name in found.closure.shown}
        warnings = [str(each) for each in found.rules.warnings]
        value = {"derived": counts, "warnings": warnings}
        asked.tell(value, partial(printing_graph.derived, counts, warnings))
    elif parties:
        lines = found.proof(relation, *parties)
        stands = {"stands": bool(lines), "proof": lines}
        asked.tell(stands, partial(printing_graph.proof, lines))
    else:
        asked.show(found.table(relation), to)


@on_graph
def watch_command(
    asked: Asked,
    rules: RulesFile,
    relations: Annotated[list[str], typer.Argument(help="Derived relations to watch.")],
    *,
    since: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="Facts known after this day.")
    ],
) -> None:
    """Take in facts one after another as they became known, and show what each would raise."""
    begin = end_of(since, asked.zone)
    found = list(raised(asked.facts, read_text(rules), relations, begin, asked.view.moment))
    alerts = [
        {
            "known": each.known.isoformat(),
            "relation": each.alert.relation,
            "fact": each.alert.fact,
            "proof": each.alert.proof,
            "facts": each.alert.facts,
        }
        for each in found
    ]
    asked.tell({"alerts": alerts}, partial(printing_graph.alerts, found))
