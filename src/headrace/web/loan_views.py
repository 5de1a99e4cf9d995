"""What the API and the console show of loans: lines made once for each state of a book."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from headrace.adapters.loan_books import OpenBook
from headrace.contracts.conventions.china import CHINA
from headrace.contracts.lending.account import Status, quote
from headrace.contracts.lending.owed import Quote
from headrace.contracts.lending.schedule import Instalment, schedule
from headrace.errors import HeadraceError, InputError
from headrace.web.problems import Refused
from headrace.web.run_folder import Firm, NoRunError, Run
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import Scope, scope_of
from headrace.web.services import Services
from headrace.workflows.loan import Loan
from headrace.workflows.loan_log import Logged
from headrace.workflows.loan_reports import currency_of, loan_table
from headrace.workflows.supervision import Borrower, Position, line_of
from headrace.workflows.supervision_sums import balances_at

NOBODY = Firm(None, None)


@dataclass(frozen=True)
class ContractLine:
    """A contract in a list. Money in minor units; rates a year; days overdue 0 where nothing is.

    `name`, `industry`, `region`: None where the facts do not say. `next_due`: None where nothing is
    to come.
    """

    contract: str
    party: str
    name: str | None
    industry: str | None
    region: str | None
    status: str
    grade: str
    currency: str
    principal_minor: int
    owed_minor: int
    due_minor: int
    overdue_days: int
    accrued_minor: int
    allowance_minor: int
    rate: Decimal
    start: date
    next_due: date | None


@dataclass(frozen=True)
class Listed:
    """All contracts of a book at one moment.

    Attributes:
        state: Tells this state of the book from others.
        day: The morning it stands on.
        simulated: Whether it is made up.
        lines: Those longest overdue first, then those who owe most.
    """

    state: str
    day: date
    simulated: bool
    lines: tuple[ContractLine, ...]

    def chosen(
        self,
        scope: Scope,
        *,
        grade: str | None = None,
        status: str | None = None,
        party: str | None = None,
        among: Collection[str] | None = None,
    ) -> tuple[ContractLine, ...]:
        """Those that somebody may know of and that are wanted; None: of any.

        Args:
            scope: Whom somebody may know of.
            grade: Of the five classes.
            status: agreed, open, closed or written_off.
            party: Code of the borrower, or a part of its name.
            among: Only these contracts.
        """
        return tuple(
            each
            for each in self.lines
            if scope.sees(each.region)
            and grade in (None, each.grade)
            and status in (None, each.status)
            and (party is None or party == each.party or party in (each.name or ""))
            and (among is None or each.contract in among)
        )


@dataclass(frozen=True)
class Single:
    """One contract with everything about it.

    Attributes:
        line: As in lists.
        loan: The loan.
        day: The morning the book stands on.
        rows: What is to come: the plan, as it stands or as agreed.
        happened: What was logged about it.
        simulated: Whether the book is made up.
        state: Tells this state of the book from others.
    """

    line: ContractLine
    loan: Loan
    day: date
    rows: tuple[Instalment, ...]
    happened: tuple[Logged, ...]
    simulated: bool
    state: str

    def quote(self, on: date | None) -> Quote | None:
        """What clears it on a day; None where nothing is owed.

        Raises:
            InputError: The day has passed.
        """
        if self.loan.account.status is not Status.OPEN:
            return None
        day = self.day if on is None else on
        if not self.day <= day <= self.day.replace(year=self.day.year + 50, day=1):
            raise InputError(
                f"the book stands on the morning of {self.day}",
                where="on",
                remedy="give that day or a later one",
            )
        return quote(self.loan.account, day)


def run_or_none(services: Services) -> Run | None:
    """The run, for names; None where there is none: a book stands without it."""
    try:
        return services.run.current()
    except NoRunError:
        return None


def listed(services: Services) -> Listed:
    """All contracts of the book as it stands now."""
    run = run_or_none(services)
    stamp = None if run is None else run.digest

    def make(here: OpenBook) -> Listed:
        book = here.desk.book
        loans = sorted(
            book.loans.values(),
            key=lambda each: (
                -each.account.overdue_days,
                -each.account.principal_owed,
                each.contract.contract,
            ),
        )
        rows = loan_table(loans).drop_columns(["claim_minor", "suspended_minor"]).to_pylist()
        lines = tuple(_line(row, run) for row in rows)
        assert book.day is not None  # noqa: S101 - a book in the room has one
        return Listed(_state(here, run), book.day, here.log.simulated, lines)

    return services.book.made("listed", make, stamp)


def single(services: Services, contract: str, principal: Principal) -> Single:
    """One contract.

    Raises:
        Refused: There is none, or its borrower may not be known of.
    """
    run = run_or_none(services)
    with services.book.inside() as here:
        loan = here.desk.book.loans.get(contract)
        region = None if run is None or loan is None else run.regions.get(loan.party)
        if loan is None or not scope_of(principal).sees(region):
            raise Refused(404, "There is no such contract")
        happened = tuple(here.log.entries_of(contract))
        day, simulated = here.desk.book.day, here.log.simulated
        state = _state(here, run)
    assert day is not None  # noqa: S101 - a book in the room has one
    signed = loan.account.status is Status.AGREED
    rows = schedule(loan.contract.terms, CHINA) if signed else loan.account.plan
    row = loan_table([loan]).drop_columns(["claim_minor", "suspended_minor"]).to_pylist()[0]
    return Single(_line(row, run), loan, day, tuple(rows), happened, simulated, state)


def warm(services: Services) -> None:
    """Read ahead what the first page of the book, or of reports, would wait for."""
    try:
        position(services)
    except HeadraceError:
        return  # whoever asks is told


def standing(services: Services) -> Position:
    """The whole book without what the facts say of its borrowers: enough for sums by class.

    Raises:
        InputError: Its contracts are in several currencies.
    """

    def make(here: OpenBook) -> Position:
        lines = tuple(line_of(each, Borrower()) for each in here.desk.book.loans.values())
        return Position(_last_day(here), lines, None, currency_of(here.desk.book))

    return services.book.made("standing", make)


def position(services: Services) -> Position:
    """The whole book with what the facts say of its borrowers, for reports.

    Raises:
        InputError: The sheet of marks cannot be read.
    """
    run, marks = run_or_none(services), services.desks.marks()
    known: Mapping[str, Borrower] = {} if run is None else services.borrowers.of(run)
    stamp = (None if run is None else run.digest, marks)

    def make(here: OpenBook) -> Position:
        book = here.desk.book
        lines = tuple(
            line_of(each, known.get(each.party, Borrower()), marks.of(name, each.party))
            for name, each in book.loans.items()
        )
        as_of = _last_day(here)
        first = min(each.contract.terms.start for each in book.loans.values())
        before = balances_at(here.desk, first, as_of)
        unused = len(set(marks.aside["row"].to_pylist()))
        return Position(as_of, lines, before, currency_of(here.desk.book), unused)

    return services.book.made("position", make, stamp)


def _last_day(here: OpenBook) -> date:
    """The last day that has ended."""
    day = here.desk.book.day
    assert day is not None  # noqa: S101 - a book in the room has one
    return day - timedelta(days=1)


def _state(here: OpenBook, run: Run | None) -> str:
    """Tells this book, with these names of firms, from others."""
    return f"b{here.desk.book.number}{'' if run is None else f'r{run.digest}'}"


def _line(row: dict[str, object], run: Run | None) -> ContractLine:
    party = str(row["party"])
    firm = NOBODY if run is None else run.firms.get(party, NOBODY)
    region = None if run is None else run.regions.get(party)
    return ContractLine(name=firm.name, industry=firm.industry, region=region, **row)  # type: ignore[arg-type]  # columns of LOANS
