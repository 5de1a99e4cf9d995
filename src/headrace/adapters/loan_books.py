"""A book of loans that is open: a folder of two files, or a PostgreSQL database."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from headrace.adapters.book_store import on_server
from headrace.adapters.code import code_digest
from headrace.adapters.folder import DiskFolder
from headrace.adapters.formats import StandardFormats
from headrace.adapters.keys import load_or_create_signing_key
from headrace.adapters.ledger_store import open_ledger
from headrace.adapters.loan_log_store import LoanLogStore
from headrace.adapters.printing_book import Named
from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.ledger import chart
from headrace.workflows.contracts import CONTRACTS_FILE, Contract, read_contracts
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
        """Sign contracts, on the day they start, and put in the money to pay them out.

        Args:
            contracts: At least one, all in one currency.
            cash: Owners' money in minor units; None: all principals together.
        """
        currency, start = contracts[0].terms.currency, contracts[0].terms.start
        amount = sum(each.terms.principal for each in contracts) if cash is None else cash
        items: list[tuple[str, Entry]] = [("fund", Funded(start, amount, currency))]
        items += [(f"sign {each.contract}", Signed(each)) for each in contracts]
        self.desk.record(items, evening_of(start))

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
def open_book(place: str, *, create: bool = False) -> Iterator[OpenBook]:
    """A book, by its folder or its address.

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
        yield OpenBook(folder, log, LoanDesk(log, ledger, chart.shipped("bank")))


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
