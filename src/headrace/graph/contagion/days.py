"""Day by day: who is short of cash, how long and because of whom, when somebody pays late.

Payments are made from cash, not from assets: a sound firm may be short for want of one customer's
money. Each day is a clearing of its own of what is due by then (Banerjee, Bernstein and Feinstein,
"Dynamic clearing and contagion in financial networks", 2018).
"""

from dataclasses import dataclass, replace

import numpy as np

from headrace.errors import InputError
from headrace.graph.contagion import kernels
from headrace.graph.contagion.clearing import EISENBERG_NOE, SAMPLED, UnsettledError, allowed
from headrace.graph.contagion.network import Debts, Floats, Ints, Longs, Network, Wiring, wired

NEVER = -1
HALF_UNIT = 0.5


@dataclass(frozen=True)
class Payables:
    """Invoices and instalments with the day they are due.

    Attributes:
        payer: int32 (m,).
        payee: int32 (m,).
        amount: float64 (m,): minor units.
        due: int64 (m,): days from the first day, 0 or more; what is overdue is due on day 0.
    """

    payer: Ints
    payee: Ints
    amount: Floats
    due: Longs


@dataclass(frozen=True)
class Cash:
    """What parties have, and what comes and goes beside the payables.

    Attributes:
        held: float64 (n,): cash and lines that can be drawn on the first day, 0 or more.
        daily: float64 (n,): other income less other outlay of a day, which goes first.
    """

    held: Floats
    daily: Floats

    def days(self) -> Floats:
        """float64 (n,): how many days the cash lasts without any receipts; inf: for good."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.daily < 0, self.held / -self.daily, np.inf)


@dataclass(frozen=True)
class Course:
    """How payments went.

    Attributes:
        days: How many were looked at.
        paid: float64 (m,): of each payable by the end, minor units.
        amount_days: float64 (m,): minor units x days that a payable was late.
        settled: int64 (m,): the day a payable was paid in full (within half a unit); -1: not.
        first_short: int64 (n,): the first day a party could not pay what was due; -1: never.
        short_days: int64 (n,): on how many days.
        short_peak: float64 (n,): the most it was short of.
        least_cash: float64 (n,): on its worst day.
        cash: float64 (n,): at the end.
    """

    days: int
    paid: Floats
    amount_days: Floats
    settled: Longs
    first_short: Longs
    short_days: Longs
    short_peak: Floats
    least_cash: Floats
    cash: Floats


def delayed(payables: Payables, payers: Ints, days: int) -> Payables:
    """The payables when some payers pay so many days after they are due."""
    late = np.isin(payables.payer, payers)
    return replace(payables, due=payables.due + days * late)


def pay_by_day(payables: Payables, cash: Cash, days: int) -> Course:
    """Pay what is due, from cash and from what comes in on the same day, day by day.

    Who cannot pay everything that is due, or overdue, pays all in one proportion, and the rest
    stays due. A delay that is agreed moves `due` (`delayed`), so the payer is not short by it.

    Raises:
        InputError: An amount is negative or missing, or a due day lies before day 0.
        UnsettledError: A day did not settle.
    """
    n, m = len(cash.held), len(payables.amount)
    if m and not (payables.due.min() >= 0 and (payables.amount >= 0).all()):
        raise InputError(
            "a payable is negative or due before day 0",
            where="payables",
            remedy="amounts of 0 or more; what is overdue is due on day 0",
        )
    if not (np.isfinite(cash.held).all() and np.isfinite(cash.daily).all()):
        raise InputError("cash of a party is missing", where="cash", remedy="an amount for each")
    network = Network(n, Debts(payables.payer, payables.payee, payables.amount))
    wiring, open_ = wired(network), np.zeros(m)
    held = cash.held.astype(np.float64)
    late, settled = np.zeros(m), np.full(m, NEVER, np.int64)
    short = _Shortness(np.full(n, NEVER, np.int64), np.zeros(n, np.int64), np.zeros(n), held.copy())
    order = np.argsort(payables.due, kind="stable")
    starts = np.searchsorted(payables.due[order], np.arange(days + 1))
    for day in range(days):
        due = order[starts[day] : starts[day + 1]]
        open_[due] = payables.amount[due]
        held += cash.daily
        owed = np.bincount(payables.payer, open_, n).astype(np.float64)
        if owed.any():
            claimed = np.bincount(payables.payee, open_, n).astype(np.float64)
            today = wiring._replace(debt=open_, owed=owed, claimed=claimed)
            rate = _rates(today, np.maximum(held, 0.0))
            paid = open_ * rate[payables.payer]
            open_ -= paid
            settled[(open_ <= HALF_UNIT) & (settled == NEVER) & (payables.due <= day)] = day
            held += np.bincount(payables.payee, paid, n) - np.bincount(payables.payer, paid, n)
            late += open_
        short.note(day, np.bincount(payables.payer, open_, n).astype(np.float64), held)
    gone = payables.due < days
    return Course(
        days, np.where(gone, payables.amount - open_, 0.0), late, settled,
        short.first, short.days, short.peak, short.least, held,
    )  # fmt: skip


def _rates(wiring: Wiring, liquid: Floats) -> Floats:
    n = len(liquid)
    rate, equity, failed = np.ones(n), np.full(n, np.inf), np.zeros(n, np.bool_)
    within = allowed(n, SAMPLED)
    reviews = kernels.settle(
        wiring, liquid, failed.copy(), EISENBERG_NOE.values(), rate, equity, failed,
        np.empty(n), np.empty(n), np.empty(n + 2, np.int64), np.zeros(n, np.bool_), within,
    )  # fmt: skip
    if reviews > within[1]:
        raise UnsettledError(
            "a day did not settle", where="payables", remedy="net circles that owe themselves"
        )
    return rate


@dataclass(frozen=True)
class _Shortness:
    first: Longs
    days: Longs
    peak: Floats
    least: Floats

    def note(self, day: int, missing: Floats, held: Floats) -> None:
        """Add one day: what each party could not pay, and its cash."""
        is_short = missing > HALF_UNIT
        self.first[is_short & (self.first == NEVER)] = day
        self.days[is_short] += 1
        np.maximum(self.peak, missing, out=self.peak)
        np.minimum(self.least, held, out=self.least)
