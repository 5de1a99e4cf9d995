"""`headrace ledger`: what a double-entry ledger holds, as of any day and as known at any time."""

from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from headrace.adapters import printing
from headrace.adapters.ledger_files import write_ledger
from headrace.adapters.printing import ledger as printing_ledger
from headrace.adapters.store import csv_bytes
from headrace.adapters.stores.ledger import open_ledger
from headrace.adapters.user_files import write_file
from headrace.commands.options import AsJson, Language
from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.ledger import asof, chart, reports
from headrace.ledger.journal import Ledger

app = typer.Typer(help="The double-entry ledger: balances as of any day, proof, export.")

Address = Annotated[
    str, typer.Argument(help="SQLite file such as book/ledger.db, or a postgresql:// address.")
]
On = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="What counts by that day.")
]
Known = Annotated[
    datetime | None,
    typer.Option(
        "--known", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="As it was known then, UTC."
    ),
]


class View(StrEnum):
    """Whose chart of accounts."""

    BANK = "bank"
    PLATFORM = "platform"


ChartView = Annotated[View, typer.Option("--chart", help="Whose chart of accounts.")]


@app.command("trial")
def trial_command(  # noqa: PLR0913 - a command has a parameter per option
    address: Address,
    *,
    on: On = None,
    known: Known = None,
    by: Annotated[str, typer.Option("--by", help="code, or account.")] = "code",
    view: ChartView = View.BANK,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """The trial balance: what was debited and credited, in all."""
    if by not in ("code", "account"):
        raise InputError(f"{by!r} is no way to add up", where="--by", remedy="code, or account")
    with _opened(address) as ledger:
        trial = asof.trial_balance(ledger.book, _day(on), _moment(known))
    books = chart.shipped(view)
    found = _by_code(trial) if by == "code" else trial
    if as_json:
        printing.table_as_json(found)
    else:
        printing_ledger.trial(found, books, lang)


@app.command("sheet")
def sheet_command(
    address: Address,
    *,
    on: On = None,
    known: Known = None,
    view: ChartView = View.BANK,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """The balance sheet: assets, liabilities, equity, and what is off the balance sheet."""
    with _opened(address) as ledger:
        trial = asof.trial_balance(ledger.book, _day(on), _moment(known))
    found = reports.balance_sheet(trial, chart.shipped(view))
    if as_json:
        printing.as_json({"balanced": found.balanced, "lines": found.lines.to_pylist()})
    else:
        printing_ledger.sheet(found, lang)


@app.command("income")
def income_command(  # noqa: PLR0913 - a command has a parameter per option
    address: Address,
    *,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")],
    known: Known = None,
    view: ChartView = View.BANK,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Income and expenses of a period, and the profit."""
    with _opened(address) as ledger:
        moved = asof.movements(ledger.book, first.date(), last.date(), _moment(known))
    found = reports.income(moved, chart.shipped(view))
    if as_json:
        printing.as_json({"profit": found.profit, "lines": found.lines.to_pylist()})
    else:
        printing_ledger.income(found, lang)


@app.command("statement")
def statement_command(  # noqa: PLR0913 - a command has a parameter per option
    address: Address,
    account: Annotated[str, typer.Argument(help="Id of the account, such as 1011/CNY.")],
    *,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")
    ] = None,
    known: Known = None,
    to: Annotated[Path | None, typer.Option("--out", help="Write a CSV that Excel opens.")] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """What moved one account, line by line, with its balance after each."""
    with _opened(address) as ledger:
        found = asof.statement(
            ledger,
            account,
            _day(first) or date(1, 1, 1),
            _day(last) or date(9999, 12, 31),
            _moment(known),
        )
    if to is not None:
        write_file(to, csv_bytes(found.lines))
    elif as_json:
        printing.as_json(
            {"opening": found.opening, "closing": found.closing, "lines": found.lines.to_pylist()}
        )
    else:
        printing_ledger.statement(found, lang)


@app.command("verify")
def verify_command(address: Address, *, lang: Language = "zh", as_json: AsJson = False) -> None:
    """Do every batch again with every check, and compare the chain of hashes; else exit 1."""
    with _opened(address) as ledger:
        found = ledger.verify()
        head = ledger.head
    if as_json:
        told = [asdict(each) for each in found]
        printing.as_json({"holds": not found, "findings": told, "head": asdict(head)})
    else:
        printing_ledger.verified(found, head, lang)
    if found:
        raise typer.Exit(1)


@app.command("export")
def export_command(
    address: Address,
    *,
    out: Annotated[
        Path, typer.Option("--out", help="File ending in .beancount, .journal, .csv or .parquet.")
    ],
    view: ChartView = View.BANK,
) -> None:
    """Write every transfer for another program; Beancount and hledger check every balance."""
    with _opened(address) as ledger:
        write_ledger(ledger, chart.shipped(view), out)


def _opened(address: str) -> AbstractContextManager[Ledger]:
    return open_ledger(address, create=False)


def _by_code(trial: pa.Table) -> pa.Table:
    """The accounts of each code and currency added up, in the order of codes."""
    sums = ("debits", "credits", "debits_held", "credits_held", "balance")
    added = trial.group_by(["code", "currency"]).aggregate([(name, "sum") for name in sums])
    named = added.rename_columns({f"{name}_sum": name for name in sums})
    return named.select(["code", "currency", *sums]).sort_by("code")


def _day(on: datetime | None) -> date | None:
    return None if on is None else on.date()


def _moment(known: datetime | None) -> int | None:
    return None if known is None else microseconds(known.replace(tzinfo=UTC))
