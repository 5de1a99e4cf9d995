"""`headrace pool`: who bears which part of a loss, guarantee pools by the day, price of sharing."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import typer

from headrace.adapters import printing
from headrace.adapters.pool_files import read_claims, read_exposures, read_pool_events
from headrace.adapters.printing import pool as printing_pool
from headrace.adapters.user_files import read_text
from headrace.adapters.wall_clock import now
from headrace.clock import local_day
from headrace.commands.desk_options import (
    AsTable,
    checked_out,
    number_of,
    part_of,
    write_out,
    yuan_amount,
)
from headrace.commands.options import AsJson, Language
from headrace.contracts.sharing.book import Book, read_book, shipped
from headrace.contracts.sharing.checking import Carrier, breaches
from headrace.contracts.sharing.pool_terms import (
    Denominator,
    Effect,
    Numerator,
    PoolTerms,
    StopLoss,
    Window,
)
from headrace.contracts.sharing.pricing import Cost
from headrace.contracts.sharing.scenarios import Draw
from headrace.contracts.sharing.scheme import Scheme
from headrace.errors import InputError
from headrace.facts.localtime import instant_of
from headrace.workflows.pool_days import days_table, pool_movements, run_pool
from headrace.workflows.sharing_losses import (
    Terms,
    borne_by,
    bound,
    pieces_table,
    priced,
    shared_claims,
)

app = typer.Typer(help="Risk sharing: schemes, guarantee pools, claims to the fen, price.")

ZONE = "Asia/Shanghai"
SchemeId = Annotated[str, typer.Option("--scheme", help="Id; see `pool schemes`.")]
SchemesFile = Annotated[
    Path | None, typer.Option("--schemes", help="Your own schemes and rules, as TOML.")
]
Base = Annotated[
    str | None, typer.Option("--base", help="Yuan that the scheme's rates are a part of.")
]

Funded = Annotated[
    str | None, typer.Option("--funded", help="Parties with money in the pool, by commas.")
]
Stops = Annotated[
    list[str] | None, typer.Option("--stop", help="Compensation rate that stops, such as 5%.")
]
Effects = Annotated[Effect, typer.Option("--effect", help="What a stop does.")]
Numerators = Annotated[
    Numerator, typer.Option("--numerator", help="Compensated, gross or net of recoveries.")
]
Denominators = Annotated[
    Denominator, typer.Option("--denominator", help="What it is compared with.")
]
Windows = Annotated[Window, typer.Option("--window", help="Over which time.")]
Leverage = Annotated[
    str | None, typer.Option("--leverage", help="Guaranteed at most so many times the money.")
]
BorrowerMax = Annotated[
    str | None, typer.Option("--borrower-max", help="One borrower: part of the money.")
]
Capital = Annotated[
    str | None, typer.Option("--capital", help="Net assets in yuan; else the pool's money.")
]
Carriers = Annotated[
    Carrier, typer.Option("--carrier", help="Whose rules the terms are held against.")
]
Moves = Annotated[bool, typer.Option("--movements", help="--out writes movements for a ledger.")]
Scenarios = Annotated[int, typer.Option("--scenarios", min=1, max=10_000_000)]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the scenarios.")]
Years = Annotated[int, typer.Option("--years", min=1, max=30, help="Looked at.")]
Correlation = Annotated[
    str, typer.Option("--correlation", help="Of the loans' latent values, 0 to below 1.")
]
RateMax = Annotated[str, typer.Option("--rate-max", help="Highest yearly rate that may be asked.")]
Fee = Annotated[
    str | None, typer.Option("--fee", help="Paid to the others, a year; else their premiums.")
]
Funding = Annotated[str, typer.Option("--funding", help="Cost of money, a year.")]
Operating = Annotated[str, typer.Option("--operating", help="Cost of running.")]
CapitalCost = Annotated[str, typer.Option("--capital-cost", help="Asked of capital, a year.")]
Confidence = Annotated[str, typer.Option("--confidence", help="Of the tail.")]


@app.command("schemes")
def schemes_command(
    *,
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day; else today.")
    ] = None,
    schemes: SchemesFile = None,
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Schemes and rules in force on a day: who bears what, by which text, read or not."""
    checked_out(out)
    day = local_day(instant_of(now()), ZONE) if on is None else on.date()
    book = _book(schemes)
    found = printing_pool.schemes_table(book, day, lang)
    if out is not None:
        write_out(found, out, printing_pool.headings(lang))
    elif as_json:
        printing.as_json({"on": day, **printing_pool.schemes_value(book, day)})
    else:
        printing_pool.schemes(book, day, lang)


@app.command("run")
def run_command(  # noqa: PLR0913 - a command has a parameter per option
    events: Annotated[Path, typer.Argument(help="Events: on, event, party, loan, claim, amount…")],
    *,
    scheme: SchemeId,
    schemes: SchemesFile = None,
    base: Base = None,
    funded: Funded = None,
    stop: Stops = None,
    effect: Effects = Effect.SUSPEND,
    numerator: Numerators = Numerator.GROSS,
    denominator: Denominators = Denominator.OUTSTANDING,
    window: Windows = Window.YEAR,
    leverage: Leverage = None,
    borrower_max: BorrowerMax = None,
    capital: Capital = None,
    carrier: Carriers = Carrier.POOL,
    moves: Moves = False,
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """A pool through its events: contribute, guarantee, claim, compensate, recover; its stops."""
    checked_out(out)
    asked = read_pool_events(events)
    first = min(event.on for _, event in asked)
    book = _book(schemes)
    chosen = book.scheme(scheme, first)
    parties = tuple(party for party in chosen.parties if party != chosen.residual)
    stops = tuple(
        StopLoss(f"stop {text}", part_of(text, "--stop"), effect, numerator, denominator, window)
        for text in stop or ()
    )
    stated = None if base is None else yuan_amount(base, "--base")
    years = {event.on.year for _, event in asked}
    terms = PoolTerms(
        scheme=chosen,
        funded=_funded(funded, chosen, parties),
        stops=stops,
        leverage_max=_positive(leverage, "--leverage"),
        borrower_share_max=None
        if borrower_max is None
        else part_of(borrower_max, "--borrower-max"),
        capital_minor=None if capital is None else yuan_amount(capital, "--capital"),
        bases={} if stated is None else dict.fromkeys(years, stated),
    )
    days = run_pool(terms, asked)
    broken = breaches(terms, carrier, first, book)
    table, moved = days_table(days), pool_movements(days)
    if out is not None:
        write_out(moved if moves else table, out, printing_pool.headings(lang))
    elif as_json:
        printing.as_json(printing_pool.run_value(days, table, moved, broken))
    else:
        printing_pool.ran(days, terms, broken, lang)


@app.command("share")
def share_command(  # noqa: PLR0913 - a command has a parameter per option
    claims: Annotated[Path, typer.Argument(help="Claims: loan, on, amount.")],
    *,
    scheme: SchemeId,
    schemes: SchemesFile = None,
    base: Base = None,
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Who bears each claim, to the fen, and when it must be paid."""
    checked_out(out)
    asked = read_claims(claims)
    if not asked:
        raise InputError("there is no claim in it", where=str(claims), remedy="a row per claim")
    stated = None if base is None else yuan_amount(base, "--base")
    chosen = bound(_book(schemes).scheme(scheme, asked[0].on), stated)
    found = shared_claims(chosen, asked)
    table = pieces_table(found)
    if out is not None:
        write_out(table, out, printing_pool.headings(lang))
    elif as_json:
        printing.as_json({"borne": borne_by(chosen, found), "pieces": table.to_pylist()})
    else:
        printing_pool.shared(chosen, found, lang)


@app.command("price")
def price_command(  # noqa: PLR0913 - a command has a parameter per option
    exposures: Annotated[Path, typer.Argument(help="Loans: loan, exposure, pd, lgd.")],
    *,
    scheme: SchemeId,
    schemes: SchemesFile = None,
    base: Annotated[
        str | None, typer.Option("--base", help="Yuan of the scheme's rates; else all exposure.")
    ] = None,
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="By schemes of that day.")
    ] = None,
    scenarios: Scenarios = 10_000,
    seed: Seed = 1,
    years: Years = 1,
    correlation: Correlation = "0.1",
    rate_max: RateMax = "0.06",
    fee: Fee = None,
    funding: Funding = "0.025",
    operating: Operating = "0.008",
    capital_cost: CapitalCost = "0.10",
    confidence: Confidence = "0.99",
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Each party's expected loss, tail and premium; the bank's three numbers with and without."""
    checked_out(out)
    cost = Cost(
        _float(funding, "--funding"), _float(operating, "--operating"),
        _float(capital_cost, "--capital-cost"), _float(confidence, "--confidence"),
    )  # fmt: skip
    asked = Terms(
        Draw(scenarios, years, _float(correlation, "--correlation")),
        cost,
        _float(rate_max, "--rate-max"),
        None if fee is None else _float(fee, "--fee"),
        seed,
    )
    book = read_exposures(exposures)
    day = local_day(instant_of(now()), ZONE) if on is None else on.date()
    stated = int(np.sum(book.exposure)) if base is None else yuan_amount(base, "--base")
    named = _book(schemes).scheme(scheme, day)
    chosen = bound(named, stated)
    quiet = as_json or out is not None
    with printing_pool.progress(lang, quiet=quiet) as tick:
        found = priced(book, chosen, asked, tick)
    table = _whole_fen(found.parties)
    if out is not None:
        write_out(table, out, printing_pool.headings(lang))
    elif as_json:
        value = {**asdict(found), "parties": table.to_pylist(), "base_minor": stated}
        printing.as_json({**value, "scenarios": scenarios, "seed": seed})
    else:
        printing_pool.priced(found, asked, (named, stated), lang)


def _float(text: str, option: str) -> float:
    return float(part_of(text, option))


def _book(path: Path | None) -> Book:
    return shipped() if path is None else read_book(read_text(path), str(path))


def _funded(text: str | None, scheme: Scheme, parties: tuple[str, ...]) -> frozenset[str]:
    if text is None:
        return frozenset(parties)
    named = frozenset(part.strip() for part in text.split(",") if part.strip())
    strange = sorted(named - set(parties))
    if strange:
        problem = f"{strange[0]} bears nothing in {scheme.id}"
        raise InputError(problem, where="--funded", remedy=", ".join(parties))
    return named


def _positive(text: str | None, option: str) -> Decimal | None:
    if text is None:
        return None
    found = number_of(text, option)
    if found <= 0:
        raise InputError(f"{text} is not above 0", where=option, remedy="such as 10")
    return found


def _whole_fen(parties: pa.Table) -> pa.Table:
    """Amounts of a summary in whole fen, the nearest; the premium as it is."""
    names = ("expected", "error", "var", "shortfall")
    columns = {"party": parties["party"]}
    for name in names:
        columns[f"{name}_minor"] = pa.array(np.rint(parties[name].to_numpy()).astype(np.int64))
    return pa.table({**columns, "premium": parties["premium"]})
