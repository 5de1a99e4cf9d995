"""`headrace book`: loans by the day, from contract to the last payment, on a double-entry ledger.

A book is a folder: `book.db` is the log of what was signed and what happened, `ledger.db` the
ledger, `proof/` the tables, facts and evidence of how it stands. Or it is a PostgreSQL database,
with log and ledger in it, on which several work at once; its proof is written when asked for.
"""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from headrace.adapters import printing
from headrace.adapters.folder import DiskFolder
from headrace.adapters.loan_books import OpenBook, contracts_of, open_book
from headrace.adapters.printing import book as printing_book
from headrace.adapters.wall_clock import now
from headrace.commands.book_files import DEFAULT, BookPlace
from headrace.commands.book_post import post_command
from headrace.commands.options import AsJson, By, Language
from headrace.contracts.conventions.china import CHINA
from headrace.contracts.lending.account import Status, quote
from headrace.contracts.lending.acts import extension
from headrace.contracts.lending.events import REFUSAL_WORDS, Restructure
from headrace.contracts.lending.schedule import schedule
from headrace.errors import InputError
from headrace.money import to_minor
from headrace.simulator.loan_months import simulate_months
from headrace.workflows.loan_log import (
    EVENTS,
    Approved,
    Happened,
    event_of,
)
from headrace.workflows.loan_reports import cash_by_month, loan_table, outcome
from headrace.workflows.run_note import run_settings

app = typer.Typer(help="Loans by the day: signed, paid out, repaid, classified, written off.")
app.command("post")(post_command)

ContractId = Annotated[str, typer.Argument(help="Id of the contract.")]
Day = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day.")]


@app.command("open")
def open_command(
    run: Annotated[Path, typer.Option("--run", help="Folder that `headrace run` wrote.")],
    *,
    book: BookPlace = DEFAULT,
    cash: Annotated[
        str | None, typer.Option("--cash", help="Owners' money in yuan; else all limits together.")
    ] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Sign the contracts that a run's decisions offer, and put in the money to pay them out."""
    contracts = contracts_of(DiskFolder(run), str(run))
    amount = None if cash is None else _amount(cash, contracts[0].terms.currency)
    with open_book(book, create=True) as here:
        if run_settings(DiskFolder(run)).simulated:
            here.mark_simulated()
        here.sign(contracts, amount)
        here.prove()
        _show(here, lang, as_json=as_json)


@app.command("show")
def show_command(
    *, book: BookPlace = DEFAULT, lang: Language = "zh", as_json: AsJson = False
) -> None:
    """How the book stands: what was lent, paid, is owed, lost, beside what was expected."""
    with open_book(book) as here:
        _show(here, lang, as_json=as_json)


@app.command("list")
def list_command(
    *,
    grade: Annotated[str | None, typer.Option("--grade", help="Only of this class.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="Only these.")] = None,
    book: BookPlace = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Show the loans of the book, those longest overdue first."""
    with open_book(book) as here:
        loans = [
            each
            for each in here.desk.book.loans.values()
            if grade in (None, each.grade.name.lower()) and status in (None, each.account.status)
        ]
    loans.sort(key=lambda each: -each.account.overdue_days)
    table = loan_table(loans)
    if as_json:
        printing.table_as_json(table)
    else:
        printing_book.loans(table, lang)


@app.command("loan")
def loan_command(
    contract: ContractId,
    *,
    book: BookPlace = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Show one loan: terms, what happened, what is owed, what comes."""
    with open_book(book) as here:
        loan = here.desk.book.loan(contract)
        happened = [each for each in here.log.entries() if each.contract == contract]
    signed = loan.account.status is Status.AGREED
    rows = schedule(loan.contract.terms, CHINA) if signed else loan.account.plan
    found = loan_table([loan]).to_pylist()[0]
    if as_json:
        events = [{"on": each.on, "kind": each.kind, "id": each.id} for each in happened]
        printing.as_json(found | {"events": events})
    else:
        printing_book.loan(found, happened, rows, lang)


@app.command("quote")
def quote_command(
    contract: ContractId,
    *,
    on: Day = None,
    book: BookPlace = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """What clears a loan on a day, if nothing else happens before."""
    with open_book(book) as here:
        account = here.desk.book.loan(contract).account
    day = account.day if on is None else on.date()
    if day < account.day:
        raise InputError(
            f"the book stands on the morning of {account.day}",
            where="--on",
            remedy="name that day or a later one",
        )
    found = quote(account, day)
    if as_json:
        printing.as_json({**asdict(found), "due": found.due, "total": found.total})
    else:
        printing_book.quoted(found, account.terms.currency, lang)


@app.command("act")
def act_command(  # noqa: PLR0913 - a command has a parameter per option
    contract: ContractId,
    event: Annotated[str, typer.Argument(help=f"One of {', '.join(EVENTS)}.")],
    *,
    on: Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="The day it counts.")],
    key: Annotated[str, typer.Option("--id", help="Its own id, such as the bank's reference.")],
    amount: Annotated[str | None, typer.Option("--amount", help="In yuan.")] = None,
    fields: Annotated[
        list[str] | None, typer.Option("--set", help="Any other field, as name=value.")
    ] = None,
    book: BookPlace = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Record what happened to a loan; for a day that has ended, the difference is posted."""
    with open_book(book) as here:
        loan = here.desk.book.loan(contract)
        given: dict[str, Any] = {"on": on.date()}
        if amount is not None:
            given["amount"] = _amount(amount, loan.contract.terms.currency)
        for each in fields or ():
            name, equals, value = each.partition("=")
            if not equals:
                raise InputError(f"{each!r} sets nothing", where="--set", remedy="name=value")
            given[name] = value
        entry = Happened(contract, event_of(event, given))
        _acted(here, key, entry, lang, as_json=as_json)


@app.command("extend")
def extend_command(  # noqa: PLR0913 - a command has a parameter per option
    contract: ContractId,
    *,
    until: Annotated[
        datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The new last due day.")
    ],
    key: Annotated[str, typer.Option("--id", help="Its own id, such as the agreement's number.")],
    rate: Annotated[str | None, typer.Option("--rate", help="0.05; else that in force.")] = None,
    book: BookPlace = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Give a borrower who cannot pay more time, on the book's day; the loan is then observed."""
    with open_book(book) as here:
        account = here.desk.book.loan(contract).account
        terms = extension(account, until.date(), None if rate is None else _rate(rate))
        event = Restructure(account.day, terms)
        _acted(here, key, Happened(contract, event), lang, as_json=as_json)


@app.command("approve")
def approve_command(  # noqa: PLR0913 - a command has a parameter per option
    contract: ContractId,
    grade: Annotated[str, typer.Argument(help="normal, special_mention, substandard, doubtful.")],
    *,
    by: By,
    key: Annotated[str, typer.Option("--id", help="Its own id, such as the minutes' number.")],
    book: BookPlace = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Approve a better class: it is given at the end of the month, out of bad once it is earned."""
    with open_book(book) as here:
        day = here.desk.book.loan(contract).account.day
        entry = Approved(contract, day, grade, by)
        _acted(here, key, entry, lang, as_json=as_json)


@app.command("end-day")
def end_day_command(
    *,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="And all before it.")
    ] = None,
    book: BookPlace = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """End the book's day: interest of the night, what falls due, classes at a month's end."""
    with open_book(book) as here:
        here.end_days(None if until is None else until.date(), now())
        _show(here, lang, as_json=as_json)


@app.command("simulate")
def simulate_command(
    *,
    months: Annotated[int, typer.Option("--months", min=1, max=120, help="How long.")] = 12,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed, the same year.")] = 1,
    book: BookPlace = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Let simulated borrowers accept, pay, pay late and stop paying, day by day."""
    with open_book(book) as here:
        here.mark_simulated()
        simulate_months(here.desk, months, seed, printing_book.days(lang, quiet=as_json))
        here.prove()
        _show(here, lang, as_json=as_json)


@app.command("prove")
def prove_command(
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder; else proof/ in the folder of the book.")
    ] = None,
    book: BookPlace = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Write how the book stands, as tables, facts and signed evidence that `verify` checks."""
    with open_book(book) as here:
        if out is None and here.folder is None:
            raise InputError(
                "a book on a server has no folder of its own",
                where="--out",
                remedy="name a folder for its proof, such as --out proof",
            )
        to = out or Path(book) / "proof"
        here.prove_in(to)
        entries, head = here.desk.book.number, here.desk.ledger.head
    if as_json:
        printing.as_json({"out": str(to), "entries": entries, "ledger": asdict(head)})
    else:
        printing_book.proved(entries, head, to, lang)


@app.command("cash-flow")
def cash_flow_command(
    *, book: BookPlace = DEFAULT, lang: Language = "zh", as_json: AsJson = False
) -> None:
    """What came in and went out, month by month, from the ledger."""
    with open_book(book) as here:
        table = cash_by_month(here.desk)
    if as_json:
        printing.table_as_json(table)
    else:
        printing_book.cash_flow(table, lang)


def _acted(
    here: OpenBook, key: str, entry: Happened | Approved, lang: str, *, as_json: bool
) -> None:
    """Record one entry about a loan, and say what became of it."""
    (found,) = here.desk.record([(key, entry)], now())
    if found.refusal is not None:
        zh, en = REFUSAL_WORDS[found.refusal]
        raise InputError(
            zh if lang == "zh" else en,
            where=f"{entry.contract}, {key}",
            remedy=f"headrace book loan {entry.contract} says how the loan stands",
        )
    here.prove()
    row = loan_table([here.desk.book.loan(entry.contract)]).to_pylist()[0]
    if as_json:
        printing.as_json(
            {"existed": found.existed, "entry": found.number, "posted": found.posted, **row}
        )
    else:
        printing_book.acted(found, row, lang)


def _show(here: OpenBook, lang: str, *, as_json: bool) -> None:
    found = outcome(here.desk)
    head, simulated = here.desk.ledger.head, here.log.simulated
    if as_json:
        told = asdict(found) | {"simulated": simulated, "ledger": asdict(head)}
        printing.as_json(told)
    else:
        printing_book.outcome(found, head, here.named, lang, simulated=simulated)


def _rate(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise InputError(f"{text!r} is no rate", where="--rate", remedy="such as 0.05") from error


def _amount(text: str, currency: str) -> int:
    try:
        return to_minor(Decimal(text.replace(",", "").replace("_", "")), currency)
    except (ArithmeticError, ValueError) as error:
        raise InputError(
            f"{text!r} is no amount of {currency}", where="--amount", remedy="such as 12345.67"
        ) from error
