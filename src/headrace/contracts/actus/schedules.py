"""When the events of loans take place: terms become requests for schedules.

A request is one schedule of one type of event of one contract. Source: the schedule tables of the
ACTUS technical specification 1.1, sections 7.1 to 7.7, as amended by the official tests.
"""

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from headrace.contracts.actus import kernels as k
from headrace.contracts.actus.book import Book, Bools, Floats, Longs
from headrace.contracts.actus.observed import Observed
from headrace.contracts.actus.terms import DAY, TERMS
from headrace.contracts.conventions import kernels as conventions
from headrace.contracts.conventions.business_days import BusinessDay
from headrace.contracts.conventions.calendars import Flat

ALWAYS = 1 << 61  # later than any time
TIMES_MAX = 200_000  # events of one schedule; more is a mistake in a cycle
NO_CYCLE = np.array([-1, 0, 0], np.int64)
OPEN, CLOSED = np.zeros(1, bool), np.ones(1, bool)
BUSINESS_DAYS = TERMS["businessDayConvention"].choices
WAY = np.array([BusinessDay(name).way for name in BUSINESS_DAYS], np.int64)
CALCULATES_FIRST = np.array([BusinessDay(name).calculates_first for name in BUSINESS_DAYS])
PAYS_PRINCIPAL = (k.LAM, k.NAM, k.ANN)


@dataclass
class Loans:
    """Terms of loans that their schedules are made from, all of them (n,).

    Attributes:
        book: The contracts.
        observed: What happened to them.
        calendars: The calendars, flat.
        which: int64: the calendar of each contract.
        horizon: int64 seconds: the last time asked for.
        kind: int64: PAM and so on, by number.
        status: int64: the status date.
        exchanged: int64: the initial exchange.
        way: int64: how events move to business days.
        to_end: bool: whether ends of months stay so.
        convention: int64: the day count.
    """

    book: Book
    observed: Observed
    calendars: Flat
    which: Longs
    horizon: Longs
    kind: Longs = field(init=False)
    status: Longs = field(init=False)
    exchanged: Longs = field(init=False)
    way: Longs = field(init=False)
    to_end: Bools = field(init=False)
    convention: Longs = field(init=False)

    def __post_init__(self) -> None:
        """Take the terms that every schedule asks for out of the book."""
        self.kind = self.book.kinds()
        self.status = self.book.times("statusDate")
        self.exchanged = self.book.times("initialExchangeDate")
        self.way = WAY[self.book.choices("businessDayConvention")]
        self.to_end = self.book.choices("endOfMonthConvention") == 1
        self.convention = self.book.choices("dayCountConvention")

    def first(self, name: str) -> Longs:
        """Where a schedule starts: its anchor, else one cycle after the exchange, else NEVER."""
        anchor = self.book.times(f"cycleAnchorDateOf{name}")
        cycle = self.book.cycles(f"cycleOf{name}")
        after = self.plainly_later(self.exchanged, np.maximum(cycle, 0), 1)
        if name == "InterestPayment":  # the tests start that of a call loan at once
            after = np.where(self.kind == k.CLM, self.exchanged, after)
        return np.where(anchor != k.NEVER, anchor, np.where(cycle[:, 0] >= 0, after, k.NEVER))

    def derived(self) -> Bools:
        """Whether maturity follows from the redemptions.

        The tests move it to a business day (ann28), as the redemptions before it; one that is
        given is the last time of its schedules, which section 3.4 leaves where it is.
        """
        given: Bools = self.book.times("maturityDate") != k.NEVER
        given |= (self.kind == k.ANN) & (self.book.times("amortizationDate") != k.NEVER)
        derived: Bools = np.isin(self.kind, (*PAYS_PRINCIPAL, k.LAX)) & ~given
        return derived

    def later(self, times: Longs, cycle: Longs, count: Longs) -> Longs:
        """Each time some cycles on, ends of months where the contract keeps them."""
        return _later(times, cycle, count, self.to_end)

    def plainly_later(self, times: Longs, cycle: Longs, count: int) -> Longs:
        """Each time some cycles on: a sum of dates, which knows no ends of months."""
        counts = np.full(len(times), count, np.int64)
        return _later(times, cycle, counts, np.zeros(len(times), bool))

    def count_before(self, anchor: Longs, cycle: Longs, when: Longs) -> Longs:
        """How many times come before a time, of each schedule that goes on beyond it."""
        endless = cycle.copy()
        endless[:, 2] = 0
        return self.count(anchor, endless, when)

    def count(self, anchor: Longs, cycle: Longs, end: Longs) -> Longs:
        """How many times each schedule has before its end, the stub taken into account."""
        counts = np.zeros(len(anchor), np.int64)
        rows = np.flatnonzero((anchor != k.NEVER) & (anchor < end))
        if len(rows):
            rolled = roll(anchor[rows], end[rows], cycle[rows], self.to_end[rows], OPEN)
            counts[rows] = rolled[1]
        return counts

    def business(self, times: Longs) -> Longs:
        """Each time on a business day."""
        found = np.empty(len(times), np.int64)
        conventions.move_times(times, self.way, self.which, self.calendars, DAY, found)
        return found

    def fraction(self, start: Longs, end: Longs) -> Floats:
        """The part of a year between two times of each contract."""
        found = np.empty(len(start))
        maturity = day(self.book.times("maturityDate"))
        both = day(start), day(end)
        conventions.year_fractions(
            self.convention, *both, maturity, self.which, self.calendars, found
        )
        return found


def _later(times: Longs, cycle: Longs, count: Longs, to_end: Bools) -> Longs:
    found = np.empty(len(times), np.int64)
    months, days = cycle[:, 0], cycle[:, 1]
    conventions.add_times(times, count, months, days, to_end, DAY, found)
    return found


Times = TypeVar("Times", int, Longs)


def day(times: Times) -> Times:
    """The day to which a time counts: a second before midnight is midnight (section 3.9)."""
    return (times + 1) // DAY


def roll(
    anchor: Longs, end: Longs, cycle: Longs, to_end: Bools, closed: Bools
) -> tuple[Longs, Longs, Longs]:
    """Roll schedules: where each starts, how many times it has, and the times.

    Args:
        anchor: int64 (n,): the first time.
        end: int64 (n,).
        cycle: int64 (n, 3); months -1: none.
        to_end: bool (n,): whether ends of months stay so.
        closed: bool (n,) or (1,): whether the end belongs to the schedule.
    """
    n = len(anchor)
    months, days = np.maximum(cycle[:, 0], 0), np.where(cycle[:, 0] >= 0, cycle[:, 1], 0)
    room, count = np.empty(n, np.int64), np.empty(n, np.int64)
    conventions.roll_room(anchor, end, months, days, DAY, room)
    at = np.concatenate([[0], np.cumsum(room)])
    found = np.empty(at[-1], np.int64)
    options = np.empty((n, 3), bool)
    options[:, 0], options[:, 1], options[:, 2] = cycle[:, 2] != 0, to_end, closed
    conventions.roll(anchor, end, months, days, options, DAY, at[:-1], found, count)
    return at[:-1], count, found


@dataclass
class Requests:
    """Schedules asked for, in parts; `all` puts them in the order of contracts."""

    loans: Loans
    parts: list[tuple[Longs, ...]] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)

    def add(  # noqa: PLR0913  # a schedule has this many parts
        self,
        rows: Longs | Bools,
        code: int,
        start: Longs,
        end: Longs | None = None,
        cycle: Longs | None = None,
        *,
        closed: Longs | int = 0,
        shifts: bool = True,
        after: Longs | int = k.NEVER,
        until: Longs | int = ALWAYS,
        value: Floats | float = np.nan,
    ) -> None:
        """Ask for a schedule of some contracts; arrays are (n,) over all contracts.

        Args:
            rows: Which contracts, as a mask or as rows.
            code: The type of event.
            start: The first time.
            end: The end; None: the first time is the only one.
            cycle: (n, 3); None or months -1: the first time is the only one before the end.
            closed: Whether the end itself belongs to the schedule: not (0), and stays (1), or moves
                to business days as the other times do (2).
            shifts: Whether times move to business days.
            after: Only times later than this are kept.
            until: Only times not later than this are kept.
            value: What the event needs to know.
        """
        which = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        if len(which) == 0:
            return
        size = len(start)
        spans = np.broadcast_to(NO_CYCLE, (size, 3)) if cycle is None else cycle
        ends = start + 1 if end is None else end
        ways = self.loans.way if shifts else np.zeros(1, np.int64)
        each = [
            np.broadcast_to(np.asarray(column, np.int64), (size,))[which]
            for column in (code, after, until, ways, closed, 0)
        ]
        self.parts.append((which, start[which], ends[which], spans[which], *each))
        self.values.append(np.broadcast_to(np.asarray(value, np.float64), (size,))[which])

    def add_spans(
        self, contract: Longs, code: int, span: tuple[Longs, Longs, Longs], value: Floats
    ) -> None:
        """Ask for schedules that are open at the end, several a contract, in any order.

        Args:
            contract: int64 (m,).
            code: The type of event.
            span: Start, end and cycle, (m,), (m,) and (m, 3).
            value: float64 (m,).
        """
        if len(contract) == 0:
            return
        never, always = np.full(len(contract), k.NEVER), np.full(len(contract), ALWAYS)
        ways, none = self.loans.way[contract], np.zeros(len(contract), np.int64)
        codes = np.full(len(contract), code, np.int64)
        self.parts.append((contract, *span, codes, never, always, ways, none, none))
        self.values.append(value)

    def add_once(
        self, contract: Longs, code: int, when: Longs, value: Floats, later: Longs | None = None
    ) -> None:
        """Tell of what happened at a time, whatever the calendar says.

        Args:
            contract: int64 (m,).
            code: The type of event.
            when: int64 (m,).
            value: float64 (m,).
            later: int64 (m,): when it takes effect, where that is later.
        """
        none, always = np.zeros(len(contract), np.int64), np.full(len(contract), ALWAYS)
        never, codes = np.full(len(contract), k.NEVER), np.full(len(contract), code, np.int64)
        delay = none if later is None else later - when
        cycles = np.tile(NO_CYCLE, (len(contract), 1))
        self.parts.append(
            (contract, when, when + 1, cycles, codes, never, always, none, none, delay)
        )
        self.values.append(value)

    def all(self) -> tuple[tuple[Longs, ...], Floats]:
        """Contract, start, end, cycle, code, after, until, way, closed, delay; and value."""
        if not self.parts:
            none = np.empty(0, np.int64)
            self.add_once(none, k.AD, none, np.empty(0))
        columns = [np.concatenate(column) for column in zip(*self.parts, strict=True)]
        order = np.argsort(columns[0], kind="stable")
        return tuple(column[order] for column in columns), np.concatenate(self.values)[order]


def maturities(loans: Loans) -> Longs:
    """When each loan ends; NEVER where only what happens to it can tell.

    Source: the states `Md` of sections 7.2 to 7.6, where the tests count the first redemption
    among the periods.
    """
    book = loans.book
    given = book.times("maturityDate")
    amortized = book.times("amortizationDate")
    given = np.where((given == k.NEVER) & (loans.kind == k.ANN), amortized, given)
    rows = np.flatnonzero((given == k.NEVER) & np.isin(loans.kind, PAYS_PRINCIPAL))
    if len(rows) == 0:
        return given
    anchor, cycle = loans.first("PrincipalRedemption"), book.cycles("cycleOfPrincipalRedemption")
    behind = loans.count_before(anchor, cycle, loans.status)
    last = loans.later(anchor, cycle, np.maximum(behind - 1, 0))
    year = loans.fraction(last, loans.later(last, cycle, np.ones(book.size, np.int64)))
    owed, paid = book.numbers("notionalPrincipal"), book.numbers("nextPrincipalRedemptionPayment")
    interest = owed * year * book.numbers("nominalInterestRate", 0.0)
    paid = paid - np.where(loans.kind == k.LAM, 0.0, interest)
    endless = paid[rows] * TIMES_MAX <= owed[rows]
    for row in rows[endless].tolist():
        book.refuse(row, "nextPrincipalRedemptionPayment", "never repays the loan", "Pay more.")
    rows = rows[~endless]
    periods = np.ones(book.size, np.int64)
    periods[rows] = np.ceil(owed[rows] / paid[rows] - 1e-9)
    ends = loans.later(anchor, cycle, behind + periods - 1)
    return np.where(np.isin(loans.kind, PAYS_PRINCIPAL) & loans.derived(), ends, given)


def requests(loans: Loans, maturity: Longs, end: Longs) -> Requests:
    """Every schedule of every loan.

    Args:
        loans: The loans.
        maturity: NEVER where open.
        end: The maturity, the notice, or the horizon: where schedules end.
    """
    asked = Requests(loans)
    book, kind = loans.book, loans.kind
    asked.add(loans.exchanged > loans.status, k.IED, loans.exchanged, shifts=False)
    derived = loans.derived()
    asked.add((maturity != k.NEVER) & (kind != k.UMP) & ~derived, k.MD, maturity, shifts=False)
    asked.add((maturity != k.NEVER) & derived, k.MD, maturity)
    for name, code in (("purchaseDate", k.PRD), ("terminationDate", k.TD)):
        asked.add(book.times(name) != k.NEVER, code, book.times(name), shifts=False)
    _principal(asked, maturity)
    _segments(asked, maturity)
    _interest(asked, end)
    _rates(asked, end)
    _others(asked, end)
    _happened(asked)
    return asked


def _principal(asked: Requests, maturity: Longs) -> None:
    """Redemptions, and when an annuity is fixed: at first, and the day before it is first paid."""
    loans, book = asked.loans, asked.loans.book
    anchor, cycle = loans.first("PrincipalRedemption"), book.cycles("cycleOfPrincipalRedemption")
    pays = np.isin(loans.kind, PAYS_PRINCIPAL)
    asked.add(pays, k.PR, anchor, maturity, cycle)
    unfixed = np.isnan(book.numbers("nextPrincipalRedemptionPayment")) & (loans.kind == k.ANN)
    asked.add(unfixed, k.START, np.maximum(loans.exchanged, loans.status + 1), shifts=False)
    asked.add(unfixed, k.PRF, anchor - DAY, shifts=False)


def _interest(asked: Requests, end: Longs) -> None:
    """Interest that is paid, and interest that is added to principal."""
    loans, book, kind = asked.loans, asked.loans.book, asked.loans.kind
    first, cycle = loans.first("InterestPayment"), book.cycles("cycleOfInterestPayment")
    added = book.times("capitalizationEndDate")
    bears = ~np.isnan(book.numbers("nominalInterestRate"))
    cyclic = bears & (first != k.NEVER)
    until = np.where(added == k.NEVER, k.NEVER, added)
    asked.add(bears & (added != k.NEVER), k.IPCI, added, shifts=False)
    derived = loans.derived()
    closed = np.where(derived, 2, 1)
    called = (kind == k.CLM) | (kind == k.UMP)
    asked.add(cyclic & called, k.IPCI, first, end, cycle)
    plain = cyclic & ((kind == k.PAM) | (kind == k.LAM))
    asked.add(plain, k.IP, first, end, cycle, closed=closed, after=until)
    asked.add(plain & (added != k.NEVER), k.IPCI, first, end, cycle, closed=closed, until=until - 1)
    once = bears & ~cyclic & (kind <= k.ANN) & (kind != k.LAX)
    asked.add(once & ~derived, k.IP, end, shifts=False)
    asked.add(once & derived, k.IP, end)
    asked.add((kind == k.CLM) & bears & (book.times("maturityDate") != k.NEVER), k.IP, end,
              shifts=False)  # fmt: skip
    # With redemptions that hold interest back, interest is paid with them, and on its own before.
    holds = bears & ((kind == k.NAM) | (kind == k.ANN))
    anchor, redeemed = loans.first("PrincipalRedemption"), book.cycles("cycleOfPrincipalRedemption")
    asked.add(holds, k.IP, anchor, end, redeemed, closed=closed)
    before = loans.plainly_later(anchor, np.maximum(redeemed, 0), -1)
    alone = holds & cyclic & (first <= before)
    asked.add(alone, k.IP, first, before, cycle, closed=2, after=until)
    asked.add(alone & (added != k.NEVER), k.IPCI, first, before, cycle, closed=2, until=until - 1)


def _rates(asked: Requests, end: Longs) -> None:
    """Rate resets; the first after the status date is fixed where its rate is known already."""
    loans, book = asked.loans, asked.loans.book
    first, cycle = loans.first("RateReset"), book.cycles("cycleOfRateReset")
    resets = (first != k.NEVER) & (loans.kind != k.LAX)
    known = resets & ~np.isnan(book.numbers("nextResetRate"))
    behind = loans.count_before(first, cycle, loans.status + 1)
    single = cycle[:, 0] < 0
    fixed = np.where(single, first, loans.later(first, np.maximum(cycle, 0), behind))
    known &= (behind < loans.count(first, cycle, end)) & (fixed > loans.status)
    after = np.where(known, fixed, k.NEVER)
    annuity = loans.kind == k.ANN
    for code, rows in ((k.RR, resets), (k.PRF, resets & annuity)):
        asked.add(rows, code, first, end, cycle, after=after)
    for code, rows in ((k.RRF, known), (k.PRF, known & annuity)):
        asked.add(rows, code, fixed)


def _others(asked: Requests, end: Longs) -> None:
    """Fees, indices and the base of interest."""
    loans, book = asked.loans, asked.loans.book
    first = loans.first("Fee")
    fees = (book.numbers("feeRate", 0.0) != 0) & (first != k.NEVER)
    closed = np.where(loans.derived(), 2, 1)
    asked.add(fees, k.FP, first, end, book.cycles("cycleOfFee"), closed=closed)
    first = loans.first("ScalingIndex")
    scaled = (book.choices("scalingEffect") > 0) & (first != k.NEVER)
    asked.add(scaled, k.SC, first, end, book.cycles("cycleOfScalingIndex"))
    first = loans.first("InterestCalculationBase")
    lagged = (book.choices("interestCalculationBase") == k.BASE_LAGGED) & (first != k.NEVER)
    asked.add(lagged, k.IPCB, first, end, book.cycles("cycleOfInterestCalculationBase"))


def _segments(asked: Requests, maturity: Longs) -> None:
    """The schedules of LAX, one after the other (sections 3.2 and 7.3)."""
    loans, book = asked.loans, asked.loans.book
    if not (loans.kind == k.LAX).any():
        return
    amounts = book.lists("arrayNextPrincipalRedemptionPayment").values
    grows = book.lists("arrayIncreaseDecrease").values == 1
    floats = book.lists("arrayFixedVariable").values == 1
    none = np.full(len(book.lists("arrayCycleAnchorDateOfInterestPayment").values), np.nan)
    for name, values, codes, second in (
        ("PrincipalRedemption", amounts, (k.PR, k.PI), grows),
        ("InterestPayment", none, (k.IP, k.IP), np.zeros(len(none), bool)),
        ("RateReset", book.lists("arrayRate").values, (k.RRF, k.RR), floats),
    ):
        contract, span = segments(loans, name, maturity)
        for code, rows in zip(codes, (~second, second), strict=True):
            start, end, cycle = (column[rows] for column in span)
            asked.add_spans(contract[rows], code, (start, end, cycle), values[rows])
    derived = loans.derived()
    asked.add((loans.kind == k.LAX) & ~derived, k.IP, maturity, shifts=False)
    asked.add((loans.kind == k.LAX) & derived, k.IP, maturity)


def segments(loans: Loans, name: str, maturity: Longs) -> tuple[Longs, tuple[Longs, Longs, Longs]]:
    """Contract; and start, end, cycle of each part of an array schedule; one cycle may do."""
    anchors = loans.book.lists(f"arrayCycleAnchorDateOf{name}")
    cycles = loans.book.lists(f"arrayCycleOf{name}")
    contract = np.repeat(np.arange(loans.book.size), anchors.count())
    start = anchors.values
    last = np.zeros(len(start), bool)
    last[anchors.at[1:][anchors.count() > 0] - 1] = True
    end = np.where(last, maturity[contract], np.append(start[1:], 0))
    place = np.arange(len(start)) - anchors.at[contract]
    length = cycles.count()[contract]
    cycle = np.tile(NO_CYCLE, (len(start), 1))
    has = np.flatnonzero(length > 0)
    which = cycles.at[contract[has]] + np.minimum(place[has], length[has] - 1)
    cycle[has] = cycles.values[which]
    return contract, (start, np.maximum(end, start), cycle)


def called_at(loans: Loans) -> Longs:
    """When each call loan is called, NEVER where it is not."""
    found = np.full(loans.book.size, k.NEVER, np.int64)
    names = loans.book.texts("contractID")
    for row in loans.book.named(loans.observed.happened):
        if loans.kind[row] == k.CLM:
            for each in loans.observed.of_contract(names.of(row), "XD")[:1]:
                found[row] = each.time
    return found


def _called(asked: Requests) -> None:
    """A call loan is settled when the days of notice are over (section 7.6)."""
    loans = asked.loans
    called = called_at(loans)
    rows = np.flatnonzero((called != k.NEVER) & (loans.book.times("maturityDate") == k.NEVER))
    if len(rows):
        notice = np.maximum(loans.book.cycles("xDayNotice"), 0)
        settled = loans.plainly_later(called, notice, 1)[rows]
        nothing = np.full(len(rows), np.nan)
        asked.add_once(rows, k.XD, called[rows], nothing)
        for code in (k.LAST_IP, k.STD):
            asked.add_once(rows, code, called[rows], nothing, settled)


def _happened(asked: Requests) -> None:
    """Prepayments with their penalties, and what is drawn and repaid without a plan."""
    loans, book = asked.loans, asked.loans.book
    if not loans.observed.happened:
        return
    _called(asked)
    names = book.texts("contractID")
    penalised = book.choices("penaltyType") > 0
    reduces = (book.choices("prepaymentEffect") == k.PREPAID_AMOUNT) & (loans.kind == k.ANN)
    rows: dict[int, list[tuple[int, int, float]]] = {}
    for row in book.named(loans.observed.happened):
        for each in loans.observed.happened[names.of(row)]:
            codes = []
            if each.type == "PP":
                codes = [k.PP] + [k.PY] * bool(penalised[row]) + [k.PRF] * bool(reduces[row])
            elif loans.kind[row] == k.UMP and each.type in {"PR", "PI"}:
                codes = [k.PR if each.type == "PR" else k.PI]
            elif each.type == "AD":
                codes = [k.AD]
            for code in codes:
                rows.setdefault(code, []).append((row, each.time, each.value))
    for code, found in rows.items():
        contract, when, value = (np.array(column) for column in zip(*found, strict=True))
        asked.add_once(contract, code, when, value.astype(np.float64))
