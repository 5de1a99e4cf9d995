"""Terms of a loan (借款条件): what was agreed, as frozen values that are checked when made.

Money is in minor units, rates are fractions a year (`Decimal("0.0435")`), days are calendar days.
A term that cannot be raises `InputError` with the field, its value, and what would be right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum
from itertools import pairwise
from typing import NoReturn

from headrace.contracts.conventions.business_days import BusinessDay
from headrace.contracts.conventions.china import Tenor
from headrace.contracts.conventions.rounding import RATE_SCALE, half_up, scaled_rate
from headrace.errors import InputError
from headrace.money import MINOR_PER_MAJOR

PRINCIPAL_MAX = 10**15
PERIODS_MAX = 1_200
NO_FEE = Decimal(0)


class Method(StrEnum):
    """How principal comes back (还款方式)."""

    EQUAL_INSTALMENT = "equal_instalment"  # 等额本息
    EQUAL_PRINCIPAL = "equal_principal"  # 等额本金
    INTEREST_FIRST = "interest_first"  # 先息后本
    BULLET = "bullet"  # 到期一次还本付息，利随本清
    IRREGULAR = "irregular"  # 按计划还本
    ANY_DAY = "any_day"  # 随借随还


METHOD_WORDS: Mapping[Method, tuple[str, str]] = {
    Method.EQUAL_INSTALMENT: ("等额本息", "equal instalments"),
    Method.EQUAL_PRINCIPAL: ("等额本金", "equal principal"),
    Method.INTEREST_FIRST: ("先息后本", "interest first, principal at maturity"),
    Method.BULLET: ("到期一次还本付息", "principal and interest at maturity"),
    Method.IRREGULAR: ("按计划还本", "principal by a plan"),
    Method.ANY_DAY: ("随借随还", "draw and repay any day"),
}


class InterestDays(IntEnum):
    """How days of interest are counted (计息规则).

    MONTHS_360 and MONTHS_365 count whole months by the month (a twelfth of the year's rate) and the
    days left over by the actual day, as 银发〔2005〕129号 has it; ACTUAL_360 is what it lets a bank
    take instead. Its text was not read by the authors. A daily rate is a 360th of the year's (or a
    365th), so a contract that states one states a year's of 360 times that. THIRTY_360 is 30E/360
    of ISDA 2006, 4.16 g.
    """

    MONTHS_360 = 0
    MONTHS_365 = 1
    THIRTY_360 = 2
    ACTUAL_360 = 3
    ACTUAL_365 = 4

    @property
    def year(self) -> int:
        """Day units in a year; a whole number, so that interest is an exact fraction."""
        return (360, 4380, 360, 360, 365)[self]


class Level(IntEnum):
    """How the equal instalment is made whole.

    HALF_UP is the annuity rounded half up, and the last instalment takes what is left over, which
    may be a little more. LAST_NOT_LARGER is the smallest instalment whose last is not larger.
    """

    HALF_UP = 0
    LAST_NOT_LARGER = 1


class Residue(IntEnum):
    """Which instalment takes the rest of equal principal."""

    LAST = 0
    FIRST = 1


class Reset(StrEnum):
    """When a floating rate is set again."""

    JANUARY_FIRST = "january_first"
    ANNIVERSARY = "anniversary"


class PenaltyStart(StrEnum):
    """From when penalty runs once the days of grace have passed unpaid."""

    DUE_DAY = "due_day"
    END_OF_GRACE = "end_of_grace"


class FeeKind(StrEnum):
    """When a fee falls due, and on what it is counted."""

    AT_START = "at_start"  # a share of the principal, paid beside it
    DEDUCTED = "deducted"  # the same, kept back from what is paid out
    EACH_PERIOD = "each_period"  # a share of the principal lent, with every instalment
    ON_BALANCE = "on_balance"  # a share of the balance, with every instalment


class After(StrEnum):
    """What a part prepayment changes (提前还款后)."""

    SHORTER_TERM = "shorter_term"  # 缩短期限
    LOWER_INSTALMENT = "lower_instalment"  # 减少月供


def refuse(name: str, value: object, remedy: str) -> NoReturn:
    """Say which term cannot be, and what would be right."""
    raise InputError(f"{name} cannot be {value}", where=f"loan terms, {name}", remedy=remedy)


def check_rate(name: str, rate: Decimal) -> int:
    """A rate in units of 1e-10, or InputError naming the field."""
    try:
        return scaled_rate(rate)
    except ValueError as error:
        refuse(name, rate, f"{str(error)[0].upper()}{str(error)[1:]}")


@dataclass(frozen=True)
class DueDays:
    """When instalments fall due.

    Attributes:
        every_months: 1 monthly, 3 quarterly, 6, 12.
        day: Day of the month, 1 to 31, the last of shorter months; None: that of the start.
        month: Counted months are those whose number leaves this rest when divided by
            `every_months`: 0 with 3 is March, June, September, December. None: from the start's.
        first: The first due day, whatever the rest says.
        first_days_min: A first period shorter than this joins the second.
        last_days_min: A last period shorter than this joins the one before.
    """

    every_months: int = 1
    day: int | None = None
    month: int | None = None
    first: date | None = None
    first_days_min: int = 1
    last_days_min: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.every_months <= 120:
            refuse("due.every_months", self.every_months, "Give 1 to 120 months.")
        if self.day is not None and not 1 <= self.day <= 31:
            refuse("due.day", self.day, "Give a day of the month, 1 to 31.")
        if self.month is not None and not 0 <= self.month < self.every_months:
            refuse("due.month", self.month, f"Give 0 to {self.every_months - 1}.")
        if min(self.first_days_min, self.last_days_min) < 1:
            refuse("due.first_days_min, last_days_min", "below 1", "Give days, 1 or more.")


@dataclass(frozen=True)
class Floating:
    """A rate that follows the loan prime rate (LPR 加点).

    Attributes:
        tenor: One year, or five years and more.
        spread_bp: Added hundredths of a per cent, negative where below LPR.
        reset: When it is set again; None: never.
        lag_days: The rate announced so many days before the reset counts: 1 is the last one
            announced before the day.
    """

    tenor: Tenor
    spread_bp: int
    reset: Reset | None = Reset.ANNIVERSARY
    lag_days: int = 0

    def __post_init__(self) -> None:
        if self.lag_days < 0:
            refuse("floating.lag_days", self.lag_days, "Give 0 or more.")


@dataclass(frozen=True)
class Penalty:
    """What late payment costs (罚息、复利、宽限期).

    Source: 中国人民银行关于人民币贷款利率有关问题的通知, 银发〔2003〕251号, 三: 30 to 50 % over the
    contract rate when overdue, 50 to 100 % on misuse, until paid; unpaid interest bears compound
    interest at the penalty rate. Bounds are the product's to check; terms may say otherwise.

    Attributes:
        overdue_markup: Over the contract rate: 0.5 is one and a half times.
        misuse_markup: The same on principal not used as agreed.
        compound: Whether overdue interest bears compound interest. Penalty itself never does.
        grace_days: Days after the payment day on which paying is still in time.
        start: From when penalty runs where it was not.
    """

    overdue_markup: Decimal = Decimal("0.5")
    misuse_markup: Decimal = Decimal(1)
    compound: bool = True
    grace_days: int = 0
    start: PenaltyStart = PenaltyStart.DUE_DAY

    def __post_init__(self) -> None:
        for name in ("overdue_markup", "misuse_markup"):
            value = getattr(self, name)
            if not 0 <= value <= 2 or value * 10_000 != int(value * 10_000):
                remedy = "Give a share of the rate, 0 to 2, at most four decimals: 0.5."
                refuse(f"penalty.{name}", value, remedy)
        if not 0 <= self.grace_days <= 90:
            refuse("penalty.grace_days", self.grace_days, "Give 0 to 90 days.")

    def markup_bp(self, *, misused: bool) -> int:
        """The markup in hundredths of a per cent."""
        return int((self.misuse_markup if misused else self.overdue_markup) * 10_000)


@dataclass(frozen=True)
class Fee:
    """A fee the borrower pays.

    Attributes:
        name: As the contract calls it.
        amount: Minor units, beside the share.
        share: Of what its kind says, 0 to 1.
    """

    name: str
    kind: FeeKind
    amount: int = 0
    share: Decimal = NO_FEE

    def __post_init__(self) -> None:
        if not 0 <= self.amount <= PRINCIPAL_MAX:
            refuse(f"fee {self.name}, amount", self.amount, f"Give 0 to {PRINCIPAL_MAX}.")
        check_rate(f"fee {self.name}, share", self.share)


@dataclass(frozen=True)
class Subsidy:
    """A part of the interest that another pays (贴息).

    Attributes:
        payer: Who.
        share: Of each period's interest.
        points: Of the rate a year, at most the rate itself: 0.02 is two percentage points.
    """

    payer: str
    share: Decimal = NO_FEE
    points: Decimal = NO_FEE

    def __post_init__(self) -> None:
        check_rate("subsidy.share", self.share)
        check_rate("subsidy.points", self.points)
        if self.share and self.points:
            refuse("subsidy", "a share and points", "Give one of the two.")


@dataclass(frozen=True)
class Prepayment:
    """Terms of paying early (提前还款).

    Attributes:
        share_fee: Of the principal paid early, rounded half up.
        amount_min: Of principal, unless all of it is paid.
        after: What a part prepayment changes.
    """

    share_fee: Decimal = NO_FEE
    amount_min: int = 1
    after: After = After.LOWER_INSTALMENT

    def __post_init__(self) -> None:
        check_rate("prepayment.share_fee", self.share_fee)
        if self.amount_min < 1:
            refuse("prepayment.amount_min", self.amount_min, "Give 1 or more.")


@dataclass(frozen=True)
class Terms:
    """A loan as agreed.

    Attributes:
        principal: Minor units paid out at the start, 1 to 10^15; with ANY_DAY possibly 0.
        start: The day of it; interest runs from this day (算头不算尾).
        rate: A year at the start, as a fraction; of a floating loan, what it came to.
        maturity: The last due day; give this or `instalments`.
        instalments: How many due days there are.
        method: How principal comes back.
        days: How days of interest are counted.
        due: When instalments fall due; BULLET has maturity alone.
        rates: (day, rate) from which another rate holds, rising.
        plan: (day, principal) of IRREGULAR: repaid on the day; what is left falls due at maturity.
            With ANY_DAY a negative amount is drawn.
        plan_pays_interest: Whether a repayment of the plan pays all interest accrued, too.
        limit: The most that may be drawn at one time (ANY_DAY); None: the principal.
        level: How an equal instalment is made whole.
        residue: Which instalment takes the rest of equal principal.
        grace_principal: First periods in which no principal falls due (本金宽限).
        grace_interest: First periods in which nothing falls due; interest waits, uncompounded.
        instalment: The equal instalment, or equal part of principal, as agreed; None: solved.
        shift: Where what falls on a day off is paid, and whether interest runs on to that day.
    """

    principal: int
    start: date
    rate: Decimal
    maturity: date | None = None
    instalments: int | None = None
    method: Method = Method.EQUAL_INSTALMENT
    currency: str = "CNY"
    days: InterestDays = InterestDays.MONTHS_360
    due: DueDays = field(default_factory=DueDays)
    rates: tuple[tuple[date, Decimal], ...] = ()
    floating: Floating | None = None
    plan: tuple[tuple[date, int], ...] = ()
    plan_pays_interest: bool = False
    limit: int | None = None
    level: Level = Level.HALF_UP
    residue: Residue = Residue.LAST
    grace_principal: int = 0
    grace_interest: int = 0
    instalment: int | None = None
    shift: BusinessDay = BusinessDay.NO_SHIFT
    penalty: Penalty = field(default_factory=Penalty)
    fees: tuple[Fee, ...] = ()
    subsidy: Subsidy | None = None
    prepayment: Prepayment = field(default_factory=Prepayment)

    def __post_init__(self) -> None:
        _check_amounts(self)
        _check_days(self)
        _check_method(self)

    @property
    def due_day(self) -> int:
        """The day of the month on which instalments fall due, 1 to 31."""
        first = self.due.first or self.start
        return self.due.day or first.day

    def fee_at_start(self, kind: FeeKind) -> int:
        """Fees of a kind on the principal, each rounded half up."""
        return sum(fee_on(fee, self.principal) for fee in self.fees if fee.kind is kind)


def fee_on(fee: Fee, amount: int) -> int:
    """A fee counted on an amount: its share, rounded half up, and its fixed part."""
    share = scaled_rate(fee.share)
    return fee.amount + half_up(amount * share, RATE_SCALE)


def period_fee(terms: Terms, balance: int) -> int:
    """Fees that fall due with an instalment; none once nothing is owed.

    Shares of the balance are added before they are rounded.
    """
    if not balance:
        return 0
    each = sum(
        fee_on(fee, terms.principal) for fee in terms.fees if fee.kind is FeeKind.EACH_PERIOD
    )
    on_balance = [fee for fee in terms.fees if fee.kind is FeeKind.ON_BALANCE]
    share = sum(scaled_rate(fee.share) for fee in on_balance)
    fixed = sum(fee.amount for fee in on_balance)
    return each + fixed + half_up(balance * share, RATE_SCALE)


def _check_amounts(terms: Terms) -> None:
    least = 0 if terms.method is Method.ANY_DAY else 1
    if not least <= terms.principal <= PRINCIPAL_MAX:
        refuse("principal", terms.principal, f"Give {least} to {PRINCIPAL_MAX} minor units.")
    if terms.currency not in MINOR_PER_MAJOR:
        refuse("currency", repr(terms.currency), f"Give one of {', '.join(MINOR_PER_MAJOR)}.")
    check_rate("rate", terms.rate)
    for day, rate in terms.rates:
        check_rate(f"rates from {day}", rate)
    if terms.limit is not None and not max(1, terms.principal) <= terms.limit <= PRINCIPAL_MAX:
        refuse("limit", terms.limit, f"Give {max(1, terms.principal)} to {PRINCIPAL_MAX}.")
    if terms.instalment is not None and not 0 < terms.instalment <= 4 * PRINCIPAL_MAX:
        refuse("instalment", terms.instalment, "Give an amount above 0.")


def _check_days(terms: Terms) -> None:
    if (terms.maturity is None) == (terms.instalments is None):
        given = "both" if terms.maturity else "neither"
        refuse("maturity and instalments", given, "Give one of the two.")
    if terms.maturity is not None and terms.maturity <= terms.start:
        refuse("maturity", terms.maturity, f"Give a day after the start, {terms.start}.")
    if terms.instalments is not None and not 1 <= terms.instalments <= PERIODS_MAX:
        refuse("instalments", terms.instalments, f"Give 1 to {PERIODS_MAX}.")
    if terms.due.first is not None and terms.due.first <= terms.start:
        refuse("due.first", terms.due.first, f"Give a day after the start, {terms.start}.")
    if terms.maturity and terms.due.first and terms.due.first >= terms.maturity:
        refuse("due.first", terms.due.first, f"Give a day before maturity, {terms.maturity}.")
    days = [terms.start, *(day for day, _ in terms.rates)]
    if any(later <= earlier for earlier, later in pairwise(days)):
        refuse("rates", [str(day) for day in days[1:]], "Give rising days after the start.")
    for name in ("grace_principal", "grace_interest"):
        if not 0 <= getattr(terms, name) <= PERIODS_MAX:
            refuse(name, getattr(terms, name), f"Give 0 to {PERIODS_MAX} periods.")


def _check_method(terms: Terms) -> None:
    method = terms.method
    if method in (Method.BULLET, Method.IRREGULAR) and terms.maturity is None:
        refuse("maturity", None, f"A loan that is {method} has a maturity.")
    if terms.plan and method not in (Method.IRREGULAR, Method.ANY_DAY):
        refuse("plan", f"given with {method}", "Leave it out, or take irregular or any_day.")
    if method is Method.IRREGULAR and not terms.plan:
        refuse("plan", "empty", "Say which principal is repaid on which day.")
    if method not in (Method.EQUAL_PRINCIPAL,) and terms.residue is Residue.FIRST:
        refuse("residue", "FIRST", "Only equal principal can put the rest first.")
    if terms.instalment is not None and method not in (
        Method.EQUAL_INSTALMENT,
        Method.EQUAL_PRINCIPAL,
    ):
        refuse("instalment", terms.instalment, f"Leave it out: {method} has none.")
    balance = terms.principal
    limit = terms.principal if terms.limit is None else terms.limit
    last = terms.start
    for day, amount in terms.plan:
        if day <= last or (terms.maturity is not None and day >= terms.maturity):
            refuse("plan", day, f"Give rising days after {terms.start} and before maturity.")
        if amount < 0 and method is not Method.ANY_DAY:
            refuse("plan", amount, "Give principal repaid, above 0.")
        balance, last = balance - amount, day
        if amount == 0 or not 0 <= balance <= limit:
            refuse("plan", f"{amount} on {day}", f"Keep the balance in 0 to {limit}.")
