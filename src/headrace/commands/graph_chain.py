"""`headrace graph chain|place|failure|late|scenarios`: chains, and trouble running along them."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
import typer

from headrace.adapters import printing
from headrace.adapters.chain_tables import read_chain
from headrace.adapters.events import check_writable, read_events, write_table
from headrace.adapters.printing.graph import contagion, grids, words
from headrace.commands.graph_files import AsJson, Asked, Language, To, on_graph
from headrace.features.definition import Column, ColumnType
from headrace.workflows.features import Wanted
from headrace.workflows.graph_chain import behind_suppliers, chain_places, placed
from headrace.workflows.graph_contagion import (
    Assumptions,
    failure,
    paying_late,
    sampled,
)

TEXTS = Wanted(
    "texts",
    (Column("party", ColumnType.CATEGORY), Column("text", ColumnType.CATEGORY)),
    frozenset(),
    "UTC",
)
Cores = Annotated[list[str], typer.Argument(help="Codes of core enterprises.")]
DAYS_MAX = 36_500
YEARS_MAX = 1_000  # of sales; more would pass what amounts can be
SCENARIOS_MAX = 1_000_000
Days = Annotated[
    int,
    typer.Option("--trade-days", min=1, max=DAYS_MAX, help="Trade of this many days counts."),
]


@on_graph
def chain_command(
    asked: Asked,
    cores: Cores,
    *,
    days: Days = 365,
    second: Annotated[
        bool, typer.Option("--second", help="Who is behind the suppliers of the first core.")
    ] = False,
    to: To = None,
) -> None:
    """Show where parties stand towards core enterprises, and how much of their trade ends there."""
    if second:
        asked.show(behind_suppliers(asked.view, cores[0], days), to)
    else:
        asked.show(chain_places(asked.view, cores, days), to)


def place_command(
    texts: Annotated[Path, typer.Argument(help="Table with the columns `party` and `text`.")],
    *,
    chain: Annotated[
        Path, typer.Option("--chain", help="Folder of a chain map (ChainKnowledgeGraph).")
    ],
    to: To = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Place firms on an industry map by what texts say: goods, products, business scopes."""
    if to is not None:
        check_writable(to)
    given = read_events(texts, TEXTS)
    rows = pa.table({name: given.columns[name] for name in ("party", "text")})
    told = rows.filter(pc.and_(pc.is_valid(rows["party"]), pc.is_valid(rows["text"])))
    if told.num_rows < rows.num_rows:
        words.note("no_text", lang, count=rows.num_rows - told.num_rows)
    found = placed(read_chain(chain).chain, told["party"].to_pylist(), told["text"].to_pylist())
    if to is not None:
        write_table(to, found)
    if as_json:
        printing.table_as_json(found)
    else:
        grids.table(found, lang, "UTC")


Buffer = Annotated[
    float,
    typer.Option(
        "--buffer", min=0, max=YEARS_MAX, help="Assumed reserve: a share of yearly sales."
    ),
]
Margin = Annotated[
    float, typer.Option("--margin", min=0, max=1, help="Assumed cost of a lost customer.")
]
Recovery = Annotated[
    float, typer.Option("--recovery", min=0, max=1, help="Assumed left of who fails.")
]


@on_graph
def failure_command(
    asked: Asked,
    parties: Annotated[list[str], typer.Argument(help="Codes of who fails.")],
    *,
    buffer: Buffer = Assumptions.buffer,
    margin: Margin = Assumptions.margin,
    recovery: Recovery = Assumptions.recovery,
) -> None:
    """Show whom the failure of parties reaches, and along which relations."""
    given = Assumptions(buffer=buffer, margin=margin, recovery=recovery)
    found = failure(asked.view, parties, given)
    value = {
        "total_minor": found.total,
        "failed": found.failed,
        "losses": found.losses.to_pylist(),
        "edges": found.edges.to_pylist(),
    }
    asked.tell(value, partial(contagion.failure, found, given))


@on_graph
def late_command(
    asked: Asked,
    parties: Annotated[list[str], typer.Argument(help="Codes of who pays late.")],
    *,
    days: Annotated[int, typer.Option("--days", min=1, max=DAYS_MAX, help="How late.")] = 60,
    terms: Annotated[
        int,
        typer.Option("--terms", min=1, max=DAYS_MAX, help="Assumed days until an invoice is due."),
    ] = Assumptions.terms_days,
    buffer: Buffer = Assumptions.buffer,
) -> None:
    """Show who runs short of cash when parties pay late."""
    given = Assumptions(buffer=buffer, terms_days=terms)
    found = paying_late(asked.view, parties, days, given)
    value = {"delayed_minor": found.delayed_minor, "short": found.short.to_pylist()}
    asked.tell(value, partial(contagion.late, found, given))


@on_graph
def scenarios_command(  # noqa: PLR0913 - a command has a parameter per option
    asked: Asked,
    *,
    count: Annotated[
        int, typer.Option("--count", min=2, max=SCENARIOS_MAX, help="How many to draw.")
    ] = 1_000,
    deviation: Annotated[
        float,
        typer.Option(
            "--deviation", min=0, max=YEARS_MAX, help="Of assets, as a share of yearly sales."
        ),
    ] = 0.05,
    world: Annotated[
        float, typer.Option("--world", min=0, max=1, help="Part of the variance common to all.")
    ] = 0.2,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of chance.")] = 1,
    buffer: Buffer = Assumptions.buffer,
    margin: Margin = Assumptions.margin,
    recovery: Recovery = Assumptions.recovery,
) -> None:
    """Draw random scenarios: how many parties fail, and what the bank loses, with intervals."""
    given = Assumptions(buffer=buffer, margin=margin, recovery=recovery)
    found = sampled(asked.view, given, (deviation, world), count, seed)
    value = {
        "scenarios": found.scenarios,
        "failures": asdict(found.failures),
        "bank_loss_minor": asdict(found.loss),
    }
    asked.tell(value, partial(contagion.drawn, found, given))
