"""A book of loans that is open: a folder of two files, or a PostgreSQL database."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from headrace.adapters.book_shelf import BookShelf
from headrace.adapters.code import code_digest
from headrace.adapters.folder import DiskFolder
from headrace.adapters.formats import StandardFormats
from headrace.adapters.keys import load_or_create_signing_key
from headrace.adapters.printing.book import Named
from headrace.adapters.sql_engines import on_server
from headrace.adapters.stores.ledger import open_ledger
from headrace.adapters.stores.loan_log import LoanLogStore
from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.ledger import chart
from headrace.workflows.contracts import CONTRACTS_FILE, Contract, read_contracts, starting
from headrace.workflows.exposure import exposures
from headrace.workflows.loan_desk import LoanDesk
from headrace.workflows.loan_log import DayEnded, Entry, Funded, Signed
from headrace.workflows.loan_proof import PROVED, prove_book
from headrace.workflows.ports import Folder
from headrace.workflows.run import Output, Signer

ZONE = "Asia/Shanghai"
NOTICE = (
    "Simulated: nobody repaid anything; how borrowers pay was drawn from take-up and default.\n"
    "模拟数据：还款行为由接受率与违约概率抽样生成，无真实资金往来。\n"
)


@dataclass(frozen=True)
class Batch:
    """What became of contracts that were to be signed together.

    Attributes:
        day: The morning on which the book stands.
        signed: Ids of those that are in the book now, for that day.
        before: Of those that were in it already.
        owing: Of those that were left out, for their firm has a loan in the book.
        funded_minor: Money that owners put in for them.
    """

    day: date
    signed: tuple[str, ...]
    before: tuple[str, ...]
    owing: tuple[str, ...]
    funded_minor: int


@dataclass(frozen=True)
class OpenBook:
    """A book that is open.

    Attributes:
        folder: Where its files and its proof are; None where it is in a database on a server.
        log: What was signed and what happened.
        desk: What that makes, and the ledger.
    """

    folder: Path | None
    log: LoanLogStore
    desk: LoanDesk

    @property
    def named(self) -> Named:
        """What a command line calls it; never with a password."""
        if self.folder is None:
            place = shlex.quote(str(self.log))
            return Named(place, place, None)
        return Named(
            shlex.quote(str(self.folder)),
            shlex.quote(str(self.folder / "ledger.db")),
            shlex.quote(str(self.folder / "proof")),
        )

    def mark_simulated(self) -> None:
        """Say of the book that nobody repaid anything."""
        self.log.mark_simulated()
        if self.folder is not None:
            (self.folder / "SIMULATED.txt").write_text(NOTICE, encoding="utf-8")

    def sign(self, contracts: Sequence[Contract], cash: int | None = None) -> None:
        """Sign the first contracts, on the day they start, and put in the money to pay them out.

        Args:
            contracts: At least one, all in one currency.
            cash: Owners' money in minor units; None: all principals together.
        """
        currency, start = contracts[0].terms.currency, contracts[0].terms.start
        amount = sum(each.terms.principal for each in contracts) if cash is None else cash
        items: list[tuple[str, Entry]] = [("fund", Funded(start, amount, currency))]
        items += [(f"sign {each.contract}", Signed(each)) for each in contracts]
        self.desk.record(items, evening_of(start))

    def sign_batch(self, contracts: Sequence[Contract], batch: str, known_at: int) -> Batch:
        """Sign contracts for the book's day, and put in the money to pay them out.

        The same batch again changes nothing. A contract of a firm that owes is left out: what it
        may borrow was decided without what it owes.

        Args:
            contracts: At least one, all in one currency; they start on the book's day instead of
                their own, or where the book is empty on the first day of any of them.
            batch: A name of its own.
            known_at: Now, microseconds since 1970.

        Raises:
            InputError: A contract cannot be signed.
        """
        book = self.desk.book
        day = book.day or min(each.terms.start for each in contracts)
        owed = exposures(book.loans.values(), day)
        before = [each.contract for each in contracts if each.contract in book.loans]
        fresh = [each for each in contracts if each.contract not in book.loans]
        owing = [each.contract for each in fresh if owed.get(each.party)]
        signed = [starting(each, day) for each in fresh if not owed.get(each.party)]
        amount = sum(each.terms.principal for each in signed)
        if signed:
            currency = signed[0].terms.currency
            items: list[tuple[str, Entry]] = [
                (f"sign {each.contract}", Signed(each)) for each in signed
            ]
            if f"fund {batch}" in book.ids:
                raise InputError(
                    "the batch was signed before with other contracts",
                    where=batch,
                    remedy="give these a batch of their own",
                )
            items.insert(0, (f"fund {batch}", Funded(day, amount, currency)))
            self.desk.record(items, known_at)
        names = tuple(each.contract for each in signed)
        return Batch(day, names, tuple(before), tuple(owing), amount)

    def end_days(self, until: date | None, known_at: int) -> int:
        """End days in order, and write the proof anew.

        Args:
            until: The last of them; None: the book's day alone.
            known_at: Now, microseconds since 1970.

        Returns:
            How many days were ended.

        Raises:
            InputError: That day has ended, or the book holds no contract.
        """
        day = self.desk.book.day
        last = day if until is None else until
        if day is None or last is None or last < day:
            raise InputError(
                f"the book stands on the morning of {day}",
                where="until",
                remedy="name that day or a later one",
            )
        ends = day_ends(day, (last - day).days + 1)
        self.desk.record(ends, known_at)
        self.desk.keep()
        self.prove()
        return len(ends)

    def prove(self) -> None:
        """Write the proof beside the book; a book on a server is proved when somebody asks."""
        if self.folder is not None:
            self.prove_in(self.folder / "proof")

    def prove_in(self, folder: Path) -> None:
        """Write the tables, facts and evidence of how the book stands, signed.

        Raises:
            InputError: The folder holds something else, or cannot be written.
        """
        key = load_or_create_signing_key()
        output = Output(_proof_folder(folder), StandardFormats(), Signer(key.private, key.name))
        entries = self.log.entries()[: self.desk.book.number]  # not what others write meanwhile
        prove_book(self.desk, entries, output, ZONE, code_digest())


@contextmanager
def open_book(place: str, *, create: bool = False, shelf: Path | None = None) -> Iterator[OpenBook]:
    """A book, by its folder or its address.

    Args:
        place: See above.
        create: Make it where it is missing.
        shelf: File that holds how the book stood before; None: every day of it is done again.

    Raises:
        InputError: It is not there, or cannot be used.
    """
    folder = None if on_server(place) else Path(place)
    if folder is not None and create:
        folder.mkdir(parents=True, exist_ok=True)
    log_at, ledger_at = (
        (place, place) if folder is None else (str(folder / "book.db"), str(folder / "ledger.db"))
    )
    with (
        closing(LoanLogStore(log_at, create=create)) as log,
        open_ledger(ledger_at, create=create) as ledger,
    ):
        kept = None if shelf is None else BookShelf(shelf)
        yield OpenBook(folder, log, LoanDesk(log, ledger, chart.shipped("bank"), kept))


def _proof_folder(path: Path) -> DiskFolder:
    """A folder that is empty, or holds the proof of a book."""
    if path.exists() and not path.is_dir():
        raise InputError("the proof must be a folder", where=str(path), remedy="name another")
    path.mkdir(parents=True, exist_ok=True)
    folder = DiskFolder(path)
    names = folder.names()
    if names and PROVED[0] not in names:
        raise InputError(
            f"the folder holds files that are no proof of a book: {', '.join(names[:5])}",
            where=str(path),
            remedy="name an empty folder",
        )
    return folder


def contracts_of(run: Folder, where: str) -> tuple[Contract, ...]:
    """The contracts that a run's decisions offer.

    Raises:
        InputError: There is none.
    """
    if CONTRACTS_FILE not in run.names():
        raise InputError(
            "the folder holds no contracts",
            where=f"{where}/{CONTRACTS_FILE}",
            remedy="name a folder that `headrace run` wrote",
        )
    contracts = tuple(read_contracts(run.read(CONTRACTS_FILE)))
    if not contracts:
        raise InputError(
            "the run offers no contract",
            where=f"{where}/{CONTRACTS_FILE}",
            remedy="contract_findings.csv says which were refused, and why",
        )
    return contracts


def day_ends(first: date, count: int) -> list[tuple[str, Entry]]:
    """The ends of so many days in a row, each under the id that ends it once only."""
    days = [first + timedelta(days=n) for n in range(count)]
    return [(f"end {each}", DayEnded(each)) for each in days]


def evening_of(day: date) -> int:
    """The evening of a day, as when it was known: microseconds since 1970."""
    return microseconds(datetime.combine(day, time(20), ZoneInfo(ZONE)).astimezone(UTC))
