"""`headrace graph identify|same`: which codes are one firm, and why."""

from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from headrace.adapters import printing
from headrace.adapters.events import check_writable, write_table
from headrace.adapters.printing.graph import grids, identity
from headrace.adapters.store import FactStore, parquet_bytes
from headrace.adapters.user_files import read_text, write_file
from headrace.adapters.wall_clock import now
from headrace.commands.graph_files import FOLDER, AsJson, Known, Language, Out, end_of, read_columns
from headrace.facts.localtime import instant_of
from headrace.graph.identity.judgements import Judgement
from headrace.workflows.graph_identity import (
    branch_table,
    entity_table,
    explained,
    read_judgements,
    resolved,
)

Judgements = Annotated[
    Path | None, typer.Option("--judgements", help="CSV of people's words: same or different.")
]
ZONE = "Asia/Shanghai"


def identify_command(  # noqa: PLR0913 - a command has a parameter per option
    *,
    out: Out = FOLDER,
    known: Known = None,
    judgements: Judgements = None,
    ids: Annotated[
        Path | None,
        typer.Option("--ids", help="Parquet that keeps ids from one time to the next."),
    ] = None,
    branches: Annotated[
        bool, typer.Option("--branches", help="Show branches and head offices instead.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option("--to", help="Write every code: .parquet, .csv or .xlsx.")
    ] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Find which codes of firms are one firm; `groups --identity` counts them as one customer."""
    if to is not None:
        check_writable(to)
    facts = FactStore(out)
    moment = instant_of(now()) if known is None else end_of(known, ZONE)
    resolver = resolved(facts, moment, _judgements(judgements), _earlier(ids))
    if ids is not None:
        write_file(ids, parquet_bytes(resolver.parties()))
    if branches:
        table = branch_table(resolver, facts, moment)
    else:
        table = entity_table(resolver, facts, several=to is None)
    if to is not None:
        write_table(to, table)
    if as_json:
        printing.table_as_json(table)
    else:
        grids.table(table, lang, ZONE)


def same_command(  # noqa: PLR0913 - a command has a parameter per option
    left: Annotated[str, typer.Argument(help="A code.")],
    right: Annotated[str, typer.Argument(help="Another.")],
    *,
    out: Out = FOLDER,
    known: Known = None,
    judgements: Judgements = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Explain why two codes are one firm, or why not: the evidence in bits, field by field."""
    moment = instant_of(now()) if known is None else end_of(known, ZONE)
    resolver = resolved(FactStore(out), moment, _judgements(judgements))
    found = explained(resolver, left, right)
    same = resolver.party_of(left) == resolver.party_of(right)
    if as_json:
        printing.as_json(
            {
                "same": same,
                "matches": [
                    {
                        "left": match.left,
                        "right": match.right,
                        "bits": match.bits,
                        "probability": match.probability,
                        "steps": [
                            {"field": s.field, "level": s.level, "bits": s.bits}
                            for s in match.steps
                        ],
                    }
                    for match in found
                ],
            }
        )
    else:
        identity.matches(found, lang, same=same)


def _judgements(path: Path | None) -> tuple[Judgement, ...]:
    return () if path is None else read_judgements(read_text(path), str(path))


def _earlier(path: Path | None) -> pa.Table | None:
    if path is None or not path.exists():
        return None
    remedy = "a file that `--ids` wrote at an earlier time, or the name of a new one"
    return read_columns(path, ("party", "record"), remedy)
