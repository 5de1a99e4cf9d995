"""`headrace book`: loans by the day, from contract to the last payment, on a double-entry ledger.

A book is a folder: `book.db` is the log of what was signed and what happened, `ledger.db` the
ledger, `proof/` the tables, facts and evidence of how it stands.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from headrace.adapters import printing, printing_book
from headrace.adapters.code import code_digest
from headrace.adapters.folder import DiskFolder
from headrace.adapters.formats import StandardFormats
from headrace.adapters.keys import load_or_create_signing_key
from headrace.adapters.ledger_store import open_ledger
from headrace.adapters.loan_log_store import LoanLogStore
from headrace.adapters.wall_clock import now
from headrace.commands.policy_files import AsJson, By, Language
from headrace.contracts.conventions.china import CHINA
from headrace.contracts.lending.account import Status, quote
from headrace.contracts.lending.acts import extension
from headrace.contracts.lending.events import REFUSAL_WORDS, Restructure, WriteOff
from headrace.contracts.lending.schedule import schedule
from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.ledger import chart
from headrace.money import to_minor
from headrace.simulator.repayments import acts_on, draw_borrower
from headrace.workflows.contracts import CONTRACTS_FILE, read_contracts
from headrace.workflows.explain import run_settings
from headrace.workflows.loan_desk import LoanDesk
from headrace.workflows.loan_log import (
    EVENTS,
    Approved,
    DayEnded,
    Entry,
    Funded,
    Happened,
    Signed,
    event_of,
)
from headrace.workflows.loan_proof import prove_book
from headrace.workflows.loan_reports import cash_by_month, loan_table, outcome
from headrace.workflows.run import Output, Signer

app = typer.Typer(help="Loans by the day: signed, paid out, repaid, classified, written off.")

ZONE = "Asia/Shanghai"
SIMULATED = "SIMULATED.txt"
NOTICE = (
    "Simulated: nobody repaid anything; how borrowers pay was drawn from take-up and default.\n"
    "模拟数据：还款行为由接受率与违约概率抽样生成，无真实资金往来。\n"
)
BookFolder = Annotated[Path, typer.Option("--book", help="Folder of the book.")]
ContractId = Annotated[str, typer.Argument(help="Id of the contract.")]
Day = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day.")]
DEFAULT = Path("book")


@dataclass(frozen=True)
class Opened:
    """A book that is open."""

    folder: Path
    log: LoanLogStore
    desk: LoanDesk

    @property
    def simulated(self) -> bool:
        """Whether what is in it was made up."""
        return (self.folder / SIMULATED).exists()


@contextmanager
def _opened(folder: Path, *, create: bool = False) -> Iterator[Opened]:
    if create:
        folder.mkdir(parents=True, exist_ok=True)
    log = LoanLogStore(str(folder / "book.db"), create=create)
    with open_ledger(str(folder / "ledger.db"), create=create) as ledger:
        yield Opened(folder, log, LoanDesk(log, ledger, chart.shipped("bank")))


def _proved(book: Opened) -> None:
    key = load_or_create_signing_key()
    proof = book.folder / "proof"
    proof.mkdir(exist_ok=True)
    output = Output(DiskFolder(proof), StandardFormats(), Signer(key.private, key.name))
    prove_book(book.desk, book.log.entries(), output, ZONE, code_digest())


@app.command("open")
def open_command(
    run: Annotated[Path, typer.Option("--run", help="Folder that `headrace run` wrote.")],
    *,
    book: BookFolder = DEFAULT,
    cash: Annotated[
        str | None, typer.Option("--cash", help="Owners' money in yuan; else all limits together.")
    ] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Sign the contracts that a run's decisions offer, and put in the money to pay them out."""
    folder = DiskFolder(run)
    if CONTRACTS_FILE not in folder.names():
        raise InputError(
            "the folder holds no contracts",
            where=str(run / CONTRACTS_FILE),
            remedy="name a folder that `headrace run` wrote",
        )
    contracts = read_contracts(folder.read(CONTRACTS_FILE))
    if not contracts:
        raise InputError(
            "the run offers no contract",
            where=str(run / CONTRACTS_FILE),
            remedy="contract_findings.csv says which were refused, and why",
        )
    currency, start = contracts[0].terms.currency, contracts[0].terms.start
    amount = (
        sum(each.terms.principal for each in contracts) if cash is None else _amount(cash, currency)
    )
    with _opened(book, create=True) as opened:
        if run_settings(folder).simulated:
            (book / SIMULATED).write_text(NOTICE, encoding="utf-8")
        items: list[tuple[str, Entry]] = [("fund", Funded(start, amount, currency))]
        items += [(f"sign {each.contract}", Signed(each)) for each in contracts]
        opened.desk.record(items, _moment(start))
        _proved(opened)
        _show(opened, lang, as_json=as_json)


@app.command("show")
def show_command(
    *, book: BookFolder = DEFAULT, lang: Language = "zh", as_json: AsJson = False
) -> None:
    """How the book stands: what was lent, paid, is owed, lost, beside what was expected."""
    with _opened(book) as opened:
        _show(opened, lang, as_json=as_json)


@app.command("list")
def list_command(
    *,
    grade: Annotated[str | None, typer.Option("--grade", help="Only of this class.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="Only these.")] = None,
    book: BookFolder = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Show the loans of the book, those longest overdue first."""
    with _opened(book) as opened:
        loans = [
            each
            for each in opened.desk.book.loans.values()
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
    book: BookFolder = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Show one loan: terms, what happened, what is owed, what comes."""
    with _opened(book) as opened:
        loan = opened.desk.book.loan(contract)
        happened = [each for each in opened.log.entries() if each.contract == contract]
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
    book: BookFolder = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """What clears a loan on a day, if nothing else happens before."""
    with _opened(book) as opened:
        account = opened.desk.book.loan(contract).account
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
    book: BookFolder = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Record what happened to a loan; for a day that has ended, the difference is posted."""
    with _opened(book) as opened:
        loan = opened.desk.book.loan(contract)
        given: dict[str, Any] = {"on": on.date()}
        if amount is not None:
            given["amount"] = _amount(amount, loan.contract.terms.currency)
        for each in fields or ():
            name, equals, value = each.partition("=")
            if not equals:
                raise InputError(f"{each!r} sets nothing", where="--set", remedy="name=value")
            given[name] = value
        entry = Happened(contract, event_of(event, given))
        _acted(opened, key, entry, lang, as_json=as_json)


@app.command("extend")
def extend_command(  # noqa: PLR0913 - a command has a parameter per option
    contract: ContractId,
    *,
    until: Annotated[
        datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The new last due day.")
    ],
    key: Annotated[str, typer.Option("--id", help="Its own id, such as the agreement's number.")],
    rate: Annotated[str | None, typer.Option("--rate", help="0.05; else that in force.")] = None,
    book: BookFolder = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Give a borrower who cannot pay more time, on the book's day; the loan is then observed."""
    with _opened(book) as opened:
        account = opened.desk.book.loan(contract).account
        terms = extension(account, until.date(), None if rate is None else _rate(rate))
        event = Restructure(account.day, terms)
        _acted(opened, key, Happened(contract, event), lang, as_json=as_json)


@app.command("approve")
def approve_command(  # noqa: PLR0913 - a command has a parameter per option
    contract: ContractId,
    grade: Annotated[str, typer.Argument(help="normal, special_mention, substandard, doubtful.")],
    *,
    by: By,
    key: Annotated[str, typer.Option("--id", help="Its own id, such as the minutes' number.")],
    book: BookFolder = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Approve a better class: it is given at the end of the month, out of bad once it is earned."""
    with _opened(book) as opened:
        day = opened.desk.book.loan(contract).account.day
        entry = Approved(contract, day, grade, by)
        _acted(opened, key, entry, lang, as_json=as_json)


@app.command("end-day")
def end_day_command(
    *,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="And all before it.")
    ] = None,
    book: BookFolder = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """End the book's day: interest of the night, what falls due, classes at a month's end."""
    with _opened(book) as opened:
        desk = opened.desk
        last = desk.book.day if until is None else until.date()
        items: list[tuple[str, Entry]] = []
        day = desk.book.day
        while day is not None and last is not None and day <= last:
            items.append((f"end {day}", DayEnded(day)))
            day += timedelta(days=1)
        if not items:
            raise InputError(
                f"the book stands on the morning of {desk.book.day}",
                where="--until",
                remedy="name that day or a later one",
            )
        desk.record(items, now())
        _proved(opened)
        _show(opened, lang, as_json=as_json)


@app.command("simulate")
def simulate_command(
    *,
    months: Annotated[int, typer.Option("--months", min=1, max=120, help="How long.")] = 12,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed, the same year.")] = 1,
    book: BookFolder = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Let simulated borrowers accept, pay, pay late and stop paying, day by day."""
    with _opened(book) as opened:
        (book / SIMULATED).write_text(NOTICE, encoding="utf-8")
        _simulate(opened.desk, months, seed, printing_book.days(lang, quiet=as_json))
        _proved(opened)
        _show(opened, lang, as_json=as_json)


@app.command("cash-flow")
def cash_flow_command(
    *, book: BookFolder = DEFAULT, lang: Language = "zh", as_json: AsJson = False
) -> None:
    """What came in and went out, month by month, from the ledger."""
    with _opened(book) as opened:
        table = cash_by_month(opened.desk)
    if as_json:
        printing.table_as_json(table)
    else:
        printing_book.cash_flow(table, lang)


def _acted(
    opened: Opened, key: str, entry: Happened | Approved, lang: str, *, as_json: bool
) -> None:
    """Record one entry about a loan, and say what became of it."""
    before = opened.desk.ledger.head.transfers
    (found,) = opened.desk.record([(key, entry)], now())
    if found.refusal is not None:
        zh, en = REFUSAL_WORDS[found.refusal]
        raise InputError(
            zh if lang == "zh" else en,
            where=f"{entry.contract}, {key}",
            remedy=f"headrace book loan {entry.contract} says how the loan stands",
        )
    _proved(opened)
    posted = opened.desk.ledger.head.transfers - before
    row = loan_table([opened.desk.book.loan(entry.contract)]).to_pylist()[0]
    if as_json:
        printing.as_json({"existed": found.existed, "entry": found.number, "posted": posted, **row})
    else:
        printing_book.acted(found, posted, row, lang)


def _simulate(desk: LoanDesk, months: int, seed: int, tick: printing_book.Tick) -> None:
    """Day by day: everybody does what they do, then the day ends."""
    contracts = [each.contract for each in desk.book.loans.values()]
    borrowers = [
        draw_borrower(each, len(schedule(each.terms, CHINA)), (seed, place))
        for place, each in enumerate(contracts)
    ]
    day = desk.book.day
    if day is None:
        raise InputError("the book holds no contract", remedy="headrace book open")
    last = _months_on(day, months)
    while day < last:
        items: list[tuple[str, Entry]] = []
        for contract, borrower in zip(contracts, borrowers, strict=True):
            name = contract.contract
            loan = desk.book.loans[name]
            gone = next((each.on for each in loan.events if isinstance(each, WriteOff)), None)
            for event in acts_on(borrower, loan.account, day, gone):
                kind = type(event).__name__.lower()
                items.append((f"simulated {seed} {kind} {name} {day}", Happened(name, event)))
        desk.record([*items, (f"end {day}", DayEnded(day))], _moment(day))
        day += timedelta(days=1)
        tick((last - day).days)


def _months_on(day: date, months: int) -> date:
    whole = day.year * 12 + day.month - 1 + months
    return date(whole // 12, whole % 12 + 1, min(day.day, 28))


def _show(opened: Opened, lang: str, *, as_json: bool) -> None:
    found = outcome(opened.desk)
    head = opened.desk.ledger.head
    if as_json:
        told = asdict(found) | {"simulated": opened.simulated, "ledger": asdict(head)}
        printing.as_json(told)
    else:
        printing_book.outcome(found, head, opened.folder, lang, simulated=opened.simulated)


def _moment(day: date) -> int:
    """The evening of a day, as when it was known."""
    local = datetime.combine(day, time(20), ZoneInfo(ZONE))
    return microseconds(local.astimezone(UTC))


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
