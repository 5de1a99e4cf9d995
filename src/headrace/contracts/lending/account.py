"""One loan by the day (贷款账户): a state, and pure functions that move it on.

    advance(account, day)    interest, penalty, what falls due: up to the start of a day
    apply(account, event)    what an event does; or a refusal, and nothing has changed
    quote(account, day)      what clears the loan on a day

A night's interest belongs to the day it begins on (算头不算尾): an instalment due on the 20th bears
no penalty when it is paid on the 20th, and one day of it on the 21st. Every movement has one debit
and one credit of the same amount, so that a loan conserves money whatever happens to it.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from headrace.contracts.conventions.calendars import EVERY_DAY, Calendar
from headrace.contracts.conventions.rounding import RATE_SCALE, down, half_up, scaled_rate
from headrace.contracts.lending.owed import DAY, Due, Quote
from headrace.contracts.lending.paying import PAYING_ORDER, PayingOrder, divide
from headrace.contracts.lending.periods import anchor_of, units_between
from headrace.contracts.lending.schedule import Instalment, schedule
from headrace.contracts.lending.suspension import INCOME, OFF_INCOME, sides_off_income
from headrace.contracts.lending.terms import Method, Terms, period_fee
from headrace.contracts.movements import Movement

Movements = tuple[Movement, ...]
Items = tuple[tuple[str, int, str], ...]


class Status(StrEnum):
    """Where a loan stands; being overdue is a matter of its dues, not a status."""

    AGREED = "agreed"
    OPEN = "open"
    CLOSED = "closed"
    WRITTEN_OFF = "written_off"


@dataclass(frozen=True)
class Account:
    """A loan on the morning of a day.

    Attributes:
        terms: As agreed, with changes since.
        order: In which order money is used.
        calendar: Of business days.
        day: Nights before it have been counted.
        balance: Principal not yet due.
        rates: (day, rate in 1e-10) from the start of the interest period on, future ones too.
        base: Where the interest period starts.
        accrued: Interest not yet due, exact, over 1e10 times the units of a year.
        posted: Of it posted, minor units.
        helped: Of it subsidised by points, exact.
        misuse: Extra interest of this period for misuse, exact, over `penalty_over`.
        plan: Instalments to come.
        dues: What fell due and is not wholly paid, oldest first.
        deposit: Money of the borrower, used as soon as something falls due.
        subsidy: Owed by the payer of the subsidy.
        claim: Written off and still claimed.
        misused: Whether the misuse rate holds.
        suspend_after: Days overdue behind which interest leaves income; None: it never does.
        halted: Whether somebody decided that it leaves income.
        suspended: Whether it is kept off income.
    """

    terms: Terms
    order: PayingOrder
    calendar: Calendar = field(repr=False)
    day: date
    status: Status = Status.AGREED
    balance: int = 0
    rates: tuple[tuple[date, int], ...] = ()
    base: date = date.min
    accrued: int = 0
    posted: int = 0
    helped: int = 0
    misuse: int = 0
    plan: tuple[Instalment, ...] = field(default=(), repr=False)
    dues: tuple[Due, ...] = ()
    deposit: int = 0
    subsidy: int = 0
    claim: int = 0
    misused: bool = False
    suspend_after: int | None = None
    halted: bool = False
    suspended: bool = False

    @property
    def over(self) -> int:
        """What `accrued` is divided by to be minor units."""
        return RATE_SCALE * self.terms.days.year

    @property
    def interest_accrued(self) -> int:
        """Interest of the period so far, half up."""
        return half_up(self.accrued, self.over)

    @property
    def subsidy_accrued(self) -> int:
        """Of it, what the payer of the subsidy bears, rounded down."""
        share = self.terms.subsidy.share if self.terms.subsidy else 0
        by_share = down(self.interest_accrued * int(share * RATE_SCALE), RATE_SCALE)
        return by_share + down(self.helped, self.over)

    @property
    def rate(self) -> int:
        """The rate in force on the day, in 1e-10."""
        return next(rate for since, rate in reversed(self.rates) if since <= self.day)

    @property
    def principal_owed(self) -> int:
        """Principal, due or not."""
        return self.balance + sum(due.principal for due in self.dues)

    @property
    def overdue_days(self) -> int:
        """Days since the oldest unpaid instalment had to be paid; 0 while there is grace."""
        late = [due.pay_on for due in self.dues if self.day > due.grace_end and due.total]
        return (self.day - min(late)).days if late else 0

    @property
    def interest_unpaid(self) -> dict[str, int]:
        """Interest earned and not paid, by role of its receivable, as last posted."""
        interest = self.posted + self.subsidy + sum(due.interest for due in self.dues)
        penal = sum(due.penalty + due.compound for due in self.dues)
        return {"interest_receivable": interest, "penalty_receivable": penal}

    @property
    def interest_suspended(self) -> int:
        """Of it, what is kept off income: all or nothing."""
        return sum(self.interest_unpaid.values()) if self.suspended else 0

    @property
    def suspends_on(self) -> date | None:
        """The day on which interest leaves income if nothing is paid; None: as far as is known."""
        if self.suspend_after is None or self.suspended:
            return None
        span = timedelta(self.suspend_after)
        days = [max(due.grace_end, due.pay_on + span) + DAY for due in self.dues if due.total]
        return min(days, default=None)


def opened(
    terms: Terms,
    calendar: Calendar = EVERY_DAY,
    order: PayingOrder = PAYING_ORDER,
    suspend_after: int | None = None,
) -> Account:
    """A loan that is agreed and not paid out."""
    return Account(terms, order, calendar, terms.start, suspend_after=suspend_after)


def planned(terms: Terms, calendar: Calendar) -> tuple[Instalment, ...]:
    """The instalments of terms; draws of an any-day loan come as events."""
    if terms.method is Method.ANY_DAY:
        terms = replace(terms, plan=())
    return schedule(terms, calendar)


def posting(account: Account, debit: str, credit: str, amount: int, memo: str) -> Movements:
    """A movement on the account's day, none where there is no amount.

    While interest is kept off income, what stands for it: see `sides_off_income`.
    """
    if amount == 0:
        return ()
    sides = sides_off_income(debit, credit) if account.suspended else ((debit, credit),)
    return tuple(_moved(account, each, amount, memo) for each in sides)


def _moved(account: Account, sides: tuple[str, str], amount: int, memo: str) -> Movement:
    return Movement(*sides, amount, account.terms.currency, account.day, memo)


def advance(account: Account, day: date) -> tuple[Account, Movements]:
    """Bring a loan to the morning of a day: interest, penalty, and what falls due by then.

    The state is the same whether nights are counted one by one or all at once; only the days on
    which interest is posted differ.

    Raises:
        ValueError: The account is past that day.
    """
    if day < account.day:
        message = f"the account stands on {account.day}, after {day}"
        raise ValueError(message)
    if account.status is not Status.OPEN:
        return replace(account, day=day), ()
    movements: list[Movement] = []
    while account.day < day:
        account = _accrued(account, _next_stop(account, day))
        account, moved = _posted(account)
        movements += moved
        while account.plan and account.plan[0].due <= account.day:
            account, moved = _fallen_due(account)
            movements += moved
        account, moved = suspended_or_not(account)
        movements += moved
    account, moved = suspended_or_not(closed_if_paid(account))  # a subsidy may still be claimed
    return account, (*movements, *moved)


def _next_stop(account: Account, day: date) -> date:
    stops = [day]
    stops += [each.due for each in account.plan[:1]]
    stops += [due.grace_end + DAY for due in account.dues]
    stops += [since for since, _ in account.rates]
    stops += [account.suspends_on or day]
    return min(stop for stop in stops if stop > account.day)


def _accrued(account: Account, stop: date) -> Account:
    """With the nights up to a stop counted; nothing changes between two stops."""
    terms, rate, start = account.terms, account.rate, account.day
    anchor = anchor_of(account.base, terms.due_day)
    units = units_between(terms.days, account.base, stop, anchor)
    units -= units_between(terms.days, account.base, start, anchor)
    points = scaled_rate(terms.subsidy.points) if terms.subsidy else 0
    late_rate = rate * (10_000 + _markup(account))
    misuse = 0
    if account.misused:
        nights = (stop - start).days
        misuse = account.balance * rate * terms.penalty.markup_bp(misused=True) * nights
    return replace(
        account,
        day=stop,
        accrued=account.accrued + account.balance * rate * units,
        helped=account.helped + account.balance * min(points, rate) * units,
        misuse=account.misuse + misuse,
        dues=tuple(due.accrued(start, stop, late_rate, terms) for due in account.dues),
    )


def _markup(account: Account) -> int:
    """Late and misused at once bears the higher of the two, not both (择其重，不并处)."""
    penalty = account.terms.penalty
    late = penalty.markup_bp(misused=False)
    return max(late, penalty.markup_bp(misused=True)) if account.misused else late


def _posted(account: Account) -> tuple[Account, Movements]:
    """With interest, penalty and compound interest posted, and late principal moved to overdue."""
    movements: list[Movement] = []
    due_now = account.interest_accrued
    movements += posting(
        account, "interest_receivable", "interest_income", due_now - account.posted,
        "accrue_interest",
    )  # fmt: skip
    dues = []
    for due in account.dues:
        charged = due.charged(account.day, account.terms)
        for name in ("penalty", "compound"):
            more = getattr(charged, f"{name}_posted") - getattr(due, f"{name}_posted")
            memo = f"accrue_{name}"
            movements += posting(account, "penalty_receivable", "penalty_income", more, memo)
        if account.day > due.grace_end and not due.overdue and due.principal:
            movements += posting(
                account, "overdue_principal", "loan_principal", due.principal, "become_overdue"
            )
            charged = replace(charged, overdue=True)
        dues.append(charged)
    return replace(account, posted=due_now, dues=tuple(dues)), tuple(movements)


def _fallen_due(account: Account) -> tuple[Account, Movements]:
    """With the next instalment of the plan due, and paid as far as there is a deposit."""
    row, terms = account.plan[0], account.terms
    rest = account.plan[1:]
    principal = min(max(row.principal, 0), account.balance) if rest else account.balance
    interest, subsidy = account.interest_accrued, account.subsidy_accrued
    account = replace(account, plan=rest, balance=account.balance - principal)
    if row.ends_period:
        since = [(max(day, row.due), rate) for day, rate in account.rates]
        account = replace(account, base=row.due, rates=_rising(since))
    due = Due(
        row.number,
        row.due,
        row.pay_on,
        row.pay_on + timedelta(terms.penalty.grace_days),
        principal=principal,
        fee=period_fee(terms, principal + account.balance) if row.ends_period else 0,
    )
    if row.pays_interest:
        due = replace(due, interest=interest - subsidy)
        account = replace(account, accrued=0, posted=0, helped=0, subsidy=account.subsidy + subsidy)
    movements = posting(account, "fee_receivable", "fee_income", due.fee, "charge_fee")
    account = replace(account, dues=(*account.dues, due) if due.total else account.dues)
    account, charged = with_misuse(account)
    account, used = spend(account)
    return account, (*movements, *charged, *used)


def _rising(rates: list[tuple[date, int]]) -> tuple[tuple[date, int], ...]:
    """One rate a day, the last of those on one day."""
    return tuple(sorted(dict(rates).items()))


def with_misuse(account: Account) -> tuple[Account, Movements]:
    """With the extra interest for misuse charged so far."""
    if not account.misuse:
        return account, ()
    due = Due(
        0, account.day, account.day, account.day, penalty_sum=account.misuse, misused=True
    ).charged(account.day, account.terms)
    movements = posting(
        account, "penalty_receivable", "penalty_income", due.penalty, "accrue_penalty"
    )
    return replace(account, misuse=0, dues=(*account.dues, due)), movements


RECEIVABLE = {
    "fee": "fee_receivable",
    "compound": "penalty_receivable",
    "penalty": "penalty_receivable",
    "interest": "interest_receivable",
}


def spend(account: Account, money: int = 0, early: Items = ()) -> tuple[Account, Movements]:
    """Use the deposit, then new money, on what is due and what is paid early; keep the rest.

    Args:
        account: Whose dues are paid in its order.
        money: That comes in.
        early: (role, amount, memo) of what is paid behind what is due, where money is enough.
    """
    dues, used, _ = divide(account.dues, account.deposit + money, account.order)
    items = [
        (
            RECEIVABLE.get(use.part, "overdue_principal" if use.overdue else "loan_principal"),
            use.amount,
            f"repay_{use.part}",
        )
        for use in used
    ]
    pots = {"borrower_deposit": account.deposit, "cash": money}
    movements: list[Movement] = []
    for role, amount, memo in (*items, *early):
        old = min(amount, pots["borrower_deposit"])
        for pot, taken in (("borrower_deposit", old), ("cash", amount - old)):
            movements += posting(account, pot, role, taken, memo)
            pots[pot] -= taken
    movements += posting(account, "cash", "borrower_deposit", pots["cash"], "keep_deposit")
    left = tuple(due for due in dues if due.total)
    return replace(account, dues=left, deposit=sum(pots.values())), tuple(movements)


def suspended_or_not(account: Account) -> tuple[Account, Movements]:
    """With unpaid interest taken out of income, or back into it, where that is due on the day.

    It leaves where the loan is overdue for longer than `suspend_after`, or somebody decided so, and
    comes back once nothing is overdue.
    """
    late, limit = account.overdue_days, account.suspend_after
    long = limit is not None and late > limit
    stays = account.suspended and late > 0
    off = account.status is Status.OPEN and (long or stays or account.halted)
    if off == account.suspended:
        return account, ()
    word = "suspend" if off else "resume"
    movements: list[Movement] = []
    for role, amount in account.interest_unpaid.items():
        pairs = ((INCOME[role], role), OFF_INCOME) if amount else ()
        memo = f"{word}_{role.split('_')[0]}"
        movements += [_moved(account, each if off else each[::-1], amount, memo) for each in pairs]
    return replace(account, suspended=off), tuple(movements)


def closed_if_paid(account: Account) -> Account:
    """Closed once nothing is owed or to come."""
    nothing = not (account.balance or account.dues or account.plan or account.interest_accrued)
    if account.status is Status.OPEN and nothing:
        return replace(account, status=Status.CLOSED)
    return account


def quote(account: Account, on: date) -> Quote:
    """What clears the loan on a day, if nothing else happens before.

    Raises:
        ValueError: The account is past that day.
    """
    account, _ = advance(account, on)
    account, _ = with_misuse(account)
    fee = 0
    if account.balance:
        share = scaled_rate(account.terms.prepayment.share_fee)
        fee = half_up(account.balance * share, RATE_SCALE)
    dues = account.dues
    open_now = account.status is Status.OPEN
    return Quote(
        on,
        fee=sum(due.fee for due in dues),
        compound=sum(due.compound for due in dues),
        penalty=sum(due.penalty for due in dues),
        interest=sum(due.interest for due in dues),
        principal=sum(due.principal for due in dues),
        accrued=account.interest_accrued - account.subsidy_accrued if open_now else 0,
        prepayment_fee=fee,
        balance=account.balance,
        deposit=account.deposit,
    )
