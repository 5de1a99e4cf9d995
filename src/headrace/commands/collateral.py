"""`headrace collateral`: pledges marked, watched and stressed; shares graded; the desk's events."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
import typer

from headrace.adapters import printing
from headrace.adapters.collateral_files import read_events, read_pledges, read_receivables
from headrace.adapters.desk_rows import day_of
from headrace.adapters.price_files import PriceFile, read_prices
from headrace.adapters.printing import collateral as printing_collateral
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
from headrace.contracts.collateral.backtest import CAVEATS
from headrace.contracts.collateral.borrowing_base import Eligibility, certificate
from headrace.contracts.collateral.checking import standard_lines
from headrace.contracts.collateral.haircuts import HaircutTerms
from headrace.contracts.collateral.marks import Basis, Rules
from headrace.contracts.collateral.pledges import Lines
from headrace.contracts.collateral.terms import Terms, read_terms, shipped
from headrace.errors import InputError
from headrace.facts.localtime import instant_of
from headrace.workflows.collateral_book import (
    MarkedLoan,
    loans_table,
    marked_loans,
    pieces_table,
    trading_days,
    triggers_of,
    with_haircuts,
)
from headrace.workflows.collateral_desk import answers_table, movements_table, run_desk
from headrace.workflows.collateral_market import (
    Market,
    Window,
    backtested,
    graded_shares,
    market,
    quotes,
)
from headrace.workflows.collateral_stress import Replay, Resample, Scenario, Shock, stressed_book

app = typer.Typer(help="Collateral: marked, watched, stressed; shares graded A to E.")

ZONE = "Asia/Shanghai"
Pledges = Annotated[
    Path, typer.Argument(help="Table of pledges: loan, owed, kind, code, quantity, …")
]
Prices = Annotated[
    Path, typer.Option("--prices", help="Daily prices: code, date, close, …; CSV, XLSX, Parquet.")
]
PriceTable = Annotated[Path, typer.Argument(help="Daily prices, as BaoStock has them.")]
On = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help="The day; else the last with prices."),
]
TermsFile = Annotated[
    Path | None, typer.Option("--terms", help="Your own lines and rates, as TOML.")
]
StaleDays = Annotated[
    int | None,
    typer.Option("--stale-days", min=0, max=3650, help="Days after which a price is old."),
]


@dataclass(frozen=True)
class Book:
    """Pledges on a day, and the prices they were marked at."""

    loans: list[MarkedLoan]
    known: Market
    file: PriceFile
    terms: Terms


def _book(
    pledges: Path,
    prices: Path,
    on: datetime | None,
    terms: Path | None,
    rules: Rules,
    *,
    ahead: bool,
) -> Book:
    # Six: one for each thing that a book is made of.
    read = _terms(terms)
    file = read_prices(prices)
    known = market(file.rows, _day(on), read, ahead=ahead)
    loans = read_pledges(pledges, standard_lines(read, known.on))
    codes = [piece.item.code for loan in loans for piece in loan.pieces]
    found = quotes(file.rows, codes, known.on, file.name)
    marked = marked_loans(loans, found, known.on, rules)
    if not file.missing:
        marked = with_haircuts(marked, known, HaircutTerms())
    return Book(marked, known, file, read)


@app.command("mark")
def mark_command(  # noqa: PLR0913 - a command has a parameter per option
    pledges: Pledges,
    *,
    prices: Prices,
    on: On = None,
    basis: Annotated[
        Basis, typer.Option("--basis", help="The market's price, or the lower of it and cost.")
    ] = Basis.MARKET,
    stale_days: StaleDays = None,
    terms: TermsFile = None,
    by_piece: Annotated[
        bool, typer.Option("--pieces", help="--out writes the pieces, not the loans.")
    ] = False,
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """What collateral is worth on a day, and where each loan stands: calm, warned, called, sold."""
    checked_out(out)
    book = _book(pledges, prices, on, terms, Rules(basis, stale_days), ahead=False)
    loans = loans_table(book.loans, book.terms, book.known.on)
    pieces = pieces_table(book.loans)
    if out is not None:
        write_out(pieces if by_piece else loans, out, printing_collateral.headings(lang))
    elif as_json:
        printing.as_json(
            {
                "on": book.known.on,
                "prices_to": book.known.day,
                "haircuts": not book.file.missing,
                "loans": loans.to_pylist(),
                "pieces": pieces.to_pylist(),
            }
        )
    else:
        printing_collateral.marked(loans, pieces, book.known, book.file, lang)


@app.command("triggers")
def triggers_command(  # noqa: PLR0913 - a command has a parameter per option
    pledges: Pledges,
    *,
    prices: Prices,
    on: On = None,
    terms: TermsFile = None,
    joint: Annotated[
        bool, typer.Option("--joint", help="--out writes joint moves, not single prices.")
    ] = False,
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """The price at which each loan is warned, called, closed; the joint move; how soon."""
    checked_out(out)
    book = _book(pledges, prices, on, terms, Rules(), ahead=False)
    found = triggers_of(book.loans, book.known)
    if out is not None:
        write_out(
            found.by_factor if joint else found.by_price, out, printing_collateral.headings(lang)
        )
    elif as_json:
        printing.as_json(
            {
                "on": book.known.on,
                "by_price": found.by_price.to_pylist(),
                "by_factor": found.by_factor.to_pylist(),
                "volatility": found.volatility,
                "left_out": found.left_out,
            }
        )
    else:
        printing_collateral.triggered(found, book.known, book.file, lang)


@app.command("stress")
def stress_command(  # noqa: PLR0913 - a command has a parameter per option
    pledges: Pledges,
    *,
    prices: Prices,
    on: On = None,
    shock: Annotated[
        str | None, typer.Option("--shock", help="All prices by that part at once, such as -0.3.")
    ] = None,
    replay: Annotated[
        str | None, typer.Option("--replay", help="A window: 2015-06-12..2015-08-26.")
    ] = None,
    resample: Annotated[
        int | None,
        typer.Option(
            "--resample", min=1, max=1_000_000, help="So many paths of blocks of history."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of --resample.")] = 1,
    days: Annotated[
        int, typer.Option("--days", min=1, max=2_500, help="Trading days of a resampled path.")
    ] = 60,
    block: Annotated[
        int, typer.Option("--block", min=1, max=250, help="Days of history that stay together.")
    ] = 10,
    sale_days: Annotated[
        int, typer.Option("--sale-days", min=1, max=250, help="Trading days that a sale takes.")
    ] = 5,
    terms: TermsFile = None,
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Calls and shortfalls under a shock, a window of history, or paths drawn from it."""
    checked_out(out)
    scenario = _scenario(shock, replay, resample)
    if isinstance(scenario, Resample):
        scenario = replace(scenario, seed=seed, days=days, block=block)
    ahead = isinstance(scenario, Replay)
    book = _book(pledges, prices, on, terms, Rules(), ahead=ahead)
    quiet = as_json or out is not None or not isinstance(scenario, Resample)
    with printing_collateral.progress("stressing", lang, quiet=quiet) as tick:
        found = stressed_book(book.loans, book.known, scenario, sale_days, tick)
    if out is not None:
        write_out(_whole_fen(found.loans), out, printing_collateral.headings(lang))
    elif as_json:
        printing.as_json(
            {
                "on": book.known.on,
                "paths": found.paths,
                "days": found.days,
                "book": {row["measure"]: row["value"] for row in found.book.to_pylist()},
                "loans": found.loans.to_pylist(),
                "left_out": found.left_out,
                "still": found.still,
            }
        )
    else:
        printing_collateral.stressed(found, scenario, sale_days, book.known, lang)


@app.command("base")
def base_command(  # noqa: PLR0913 - a command has a parameter per option
    receivables: Annotated[Path, typer.Argument(help="Invoices: debtor, amount, due, …")],
    *,
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day; else today.")
    ] = None,
    lent: Annotated[str, typer.Option("--lent", help="Lent against them, yuan.")] = "0",
    advance: Annotated[
        str, typer.Option("--advance", help="Part of the net that is lent.")
    ] = "0.8",
    dilution: Annotated[
        str, typer.Option("--dilution", help="Part that ends in returns and rebates.")
    ] = "0.05",
    concentration: Annotated[
        str, typer.Option("--concentration", help="The most that one debtor may be.")
    ] = "0.25",
    cross_age: Annotated[
        str, typer.Option("--cross-age", help="Past due part that spoils a whole debtor.")
    ] = "0.5",
    past_due: Annotated[
        int, typer.Option("--past-due", min=0, max=3650, help="Days past due accepted.")
    ] = 90,
    term: Annotated[
        int, typer.Option("--term", min=0, max=3650, help="Days ahead accepted.")
    ] = 180,
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """A borrowing base certificate: what is eligible, what is lent, what is left."""
    checked_out(out)
    accepted = Eligibility(
        past_due, term, part_of(cross_age, "--cross-age"),
        part_of(concentration, "--concentration"), part_of(dilution, "--dilution"),
        part_of(advance, "--advance"),
    )  # fmt: skip
    day = local_day(instant_of(now()), ZONE) if on is None else on.date()
    given = read_receivables(receivables)
    found = certificate(given, accepted, day, yuan_amount(lent, "--lent"))
    table = printing_collateral.certificate_table(found, lang)
    if out is not None:
        write_out(table, out, printing_collateral.headings(lang))
    elif as_json:
        printing.as_json(
            {
                "on": day,
                "base_minor": found.base_minor,
                "available_minor": found.available_minor,
                "eligible_invoices": int(found.eligible.sum()),
                "lines": found.lines.to_pylist(),
            }
        )
    else:
        printing_collateral.based(found, accepted, day, lang)


@app.command("grade")
def grade_command(  # noqa: PLR0913 - a command has a parameter per option
    prices: PriceTable,
    *,
    on: On = None,
    value: Annotated[
        str, typer.Option("--value", help="Yuan of each position, for its haircut.")
    ] = "30000000",
    terms: TermsFile = None,
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Grade every share of a file A to E by what was known on a day, with the factors."""
    checked_out(out)
    amount = yuan_amount(value, "--value")
    read, file = _terms(terms), _whole(read_prices(prices), prices)
    known = market(file.rows, _day(on), read)
    found = graded_shares(known, amount / 100, read)
    if out is not None:
        write_out(found, out, printing_collateral.headings(lang))
    elif as_json:
        printing.as_json({"on": known.on, "prices_to": known.day, "shares": found.to_pylist()})
    else:
        printing_collateral.graded(found, known, amount, lang)


@app.command("backtest")
def backtest_command(  # noqa: PLR0913 - a command has a parameter per option
    prices: PriceTable,
    *,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of loans.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of loans.")
    ] = None,
    every: Annotated[
        int, typer.Option("--every", min=1, max=250, help="A loan every so many trading days.")
    ] = 20,
    flat: Annotated[str, typer.Option("--flat", help="Rate of the flat rule beside.")] = "0.5",
    terms: TermsFile = None,
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """What loans by grade would have come to, beside a flat rate: lent, called, lost."""
    checked_out(out)
    asked = Window(_day(first), _day(last), every, float(part_of(flat, "--flat")))
    read, file = _terms(terms), _whole(read_prices(prices), prices)
    known = market(file.rows, None, read, ahead=True)
    quiet = as_json or out is not None
    with printing_collateral.progress("following", lang, quiet=quiet) as tick:
        found = backtested(known, asked, read, tick)
    table = pa.concat_tables(
        each.add_column(0, "rule", pa.array([name] * each.num_rows, pa.string()))
        for name, each in found.rules.items()
    )
    if out is not None:
        write_out(table.replace_schema_metadata(None), out, printing_collateral.headings(lang))
    elif as_json:
        printing.as_json(
            {
                "from": found.first,
                "to": found.last,
                "days": found.days,
                "fallen": found.fallen,
                "rules": table.to_pylist(),
                "calibrated_on": found.calibrated_on,
                "cut_short": found.cut_short,
                "caveats": CAVEATS,
            }
        )
    else:
        printing_collateral.backtested(found, asked, lang)


@app.command("desk")
def desk_command(  # noqa: PLR0913 - a command has a parameter per option
    events: Annotated[Path, typer.Argument(help="Events: pledge, on, event, piece, amount, …")],
    *,
    warn: Annotated[str | None, typer.Option("--warn", help="Warning line.")] = None,
    call: Annotated[str | None, typer.Option("--call", help="Call line.")] = None,
    close: Annotated[str | None, typer.Option("--close", help="Closing line.")] = None,
    cure_days: Annotated[
        int, typer.Option("--cure-days", min=1, max=60, help="Trading days to cure a call.")
    ] = 2,
    terms: TermsFile = None,
    moves: Annotated[
        bool, typer.Option("--movements", help="--out writes movements for a ledger.")
    ] = False,
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Warn, call, cure, dispose: each event's answer, and where every pledge stands after it."""
    checked_out(out)
    asked = read_events(events)
    first, last = (pick(each.event.on for each in asked) for pick in (min, max))
    standard = standard_lines(_terms(terms), first)
    given = {"warn": warn, "call": call, "close": close}
    named = {key: _line(text, f"--{key}") for key, text in given.items() if text is not None}
    wanted = {key: named.get(key, getattr(standard, key)) for key in given}
    lines = Lines(**wanted, release=max(standard.release, wanted["warn"]), cure_days=cure_days)
    days = trading_days(first, _later(last))
    pledges, answers = run_desk(asked, lines, days)
    table, moved = answers_table(answers), movements_table(answers)
    if out is not None:
        write_out(moved if moves else table, out, printing_collateral.headings(lang))
    elif as_json:
        printing.as_json(
            {
                "events": table.to_pylist(),
                "movements": moved.to_pylist(),
                "refused": sum(each.refusal is not None for each in answers),
            }
        )
    else:
        printing_collateral.desk(answers, pledges, lines, lang)


@app.command("terms")
def terms_command(
    *,
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day; else today.")
    ] = None,
    terms: TermsFile = None,
    toml: Annotated[
        bool, typer.Option("--toml", help="Print the file that ships: edit it, then --terms.")
    ] = False,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Lines, caps and rates in force on a day: by which text, and whether anybody read it."""
    if toml:
        name = "terms_cn.toml"
        folder = files("headrace.contracts.collateral")
        printing.line(folder.joinpath(name).read_text(encoding="utf-8").rstrip("\n"))
        return
    day = local_day(instant_of(now()), ZONE) if on is None else on.date()
    read = _terms(terms)
    names = dict.fromkeys(rule.id for rule in read.rules)
    rules = [read.rule(name, day) for name in names if read.has(name, day)]
    if as_json:
        printing.as_json({"on": day, "rules": printing_collateral.rules_value(rules)})
    else:
        printing_collateral.rules(rules, day, lang)


def _scenario(shock: str | None, replay: str | None, resample: int | None) -> Scenario:
    if sum(each is not None for each in (shock, replay, resample)) != 1:
        raise InputError(
            "one scenario is needed, and only one",
            where="--shock, --replay, --resample",
            remedy="such as --shock -0.3",
        )
    if shock is not None:
        move = float(number_of(shock, "--shock"))
        if not -1 < move < 10:
            raise InputError(f"a shock of {shock}", where="--shock", remedy="above -1, below 10")
        return Shock(move)
    if replay is not None:
        first, _, last = replay.partition("..")
        try:
            found = Replay(day_of(first.strip()), day_of(last.strip()))
        except ValueError:
            remedy = "two days: 2015-06-12..2015-08-26"
            raise InputError(f"{replay!r} is no window", where="--replay", remedy=remedy) from None
        if found.first > found.last:
            raise InputError("the window ends before it begins", where="--replay", remedy=replay)
        return found
    return Resample(resample or 1, 1)


def _whole(file: PriceFile, path: Path) -> PriceFile:
    if file.missing:
        raise InputError(
            f"grades need columns that are not there: {', '.join(file.missing)}",
            where=str(path),
            remedy="daily prices with amount traded, turnover, trading status and ST",
        )
    return file


def _whole_fen(table: pa.Table) -> pa.Table:
    """The table with its mean shortfall in whole fen, half to even."""
    place = table.column_names.index("shortfall")
    fen = pc.round(table["shortfall"], round_mode="half_to_even").cast(pa.int64())
    return table.set_column(place, "shortfall_minor", fen)


def _terms(path: Path | None) -> Terms:
    return shipped() if path is None else read_terms(read_text(path), str(path))


def _day(on: datetime | None) -> date | None:
    return None if on is None else on.date()


def _later(day: date) -> date:
    return day + timedelta(days=200) if day.year < 9999 else day


def _line(text: str, option: str) -> Decimal:
    found = number_of(text, option)
    if not 0 < found <= 100:
        raise InputError(f"{text} is no line", where=option, remedy="value over debt, such as 1.5")
    return found
