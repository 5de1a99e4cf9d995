"""`headrace graph rules|watch`: rules of one's own over relations, with proofs and alerts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from headrace.adapters.printing.graph import rules as for_people
from headrace.adapters.user_files import read_text
from headrace.commands.graph_files import Asked, To, end_of, on_graph
from headrace.errors import InputError
from headrace.graph.relations.kinds import Kind
from headrace.graph.rules.language import RulesError
from headrace.graph.rules.wording import Cell
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
    text = read_text(rules)
    table = features_of(asked.facts, asked.view) if features else None
    trading = features or Kind.TRADES.name.lower() in text
    with _of_file(rules):
        found = derived(asked.view if trading else asked.relations, text, table)
    if relation is None:
        counts = {name: len(found.closure.facts(name)) for name in found.closure.shown}
        warnings = [str(each) for each in found.rules.warnings]
        value = {"derived": counts, "warnings": warnings}
        asked.tell(value, partial(for_people.derived, counts, warnings))
    elif parties:
        lines = found.proof(relation, *parties)
        stands = {"stands": bool(lines), "proof": lines}
        asked.tell(stands, partial(for_people.proof, lines))
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
    text, end = read_text(rules), asked.relations.moment
    with _of_file(rules):
        found = list(raised(asked.facts, text, relations, begin, end))
    alerts = [
        {
            "known": each.known.isoformat(),
            "relation": each.alert.relation,
            "fact": [_cell(cell) for cell in each.alert.cells],
            "proof": each.alert.proof,
            "facts": each.alert.facts,
        }
        for each in found
    ]
    asked.tell({"alerts": alerts}, partial(for_people.alerts, found))


def _cell(cell: Cell) -> dict[str, str | None]:
    if cell.party:
        return {"party": cell.value, "name": cell.name}
    return {"value": cell.value}


@contextmanager
def _of_file(path: Path) -> Iterator[None]:
    """Errors in rules name the file before the line."""
    try:
        yield
    except RulesError as error:
        where = f"{path}, {error.where}"
        raise InputError(error.problem, where=where, remedy=error.remedy) from error
