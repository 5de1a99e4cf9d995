"""Terms in, instalments out (还款计划表): many loans at once, exact to the minor unit.

schedule(terms)          one loan, as values
schedules(loans)         a book, as columns
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.contracts.conventions.calendars import EVERY_DAY, Calendar, date_of
from headrace.contracts.conventions.rounding import half_up
from headrace.contracts.lending import kernels
from headrace.contracts.lending.loans import METHODS, Loans, loans_of
from headrace.contracts.lending.periods import Rows, rows_of
from headrace.contracts.lending.terms import Method, Terms

Longs = NDArray[np.int64]

SCHEMA = pa.schema(
    [
        pa.field("loan", pa.int64(), metadata={"is": "the loan's place in the book, from 0"}),
        pa.field("number", pa.int64(), metadata={"is": "of the row within the loan, from 1"}),
        pa.field("start", pa.date32(), metadata={"is": "first day of interest, counted"}),
        pa.field("due", pa.date32(), metadata={"is": "last day of interest, not counted"}),
        pa.field("pay_on", pa.date32(), metadata={"is": "due, moved to a business day"}),
        pa.field("final", pa.bool_(), metadata={"is": "false: the year's holidays are not known"}),
        pa.field("units", pa.int64(), metadata={"is": "day units of interest"}),
        pa.field("rate", pa.int64(), metadata={"is": "a year at the end of the row, in 1e-10"}),
        pa.field("opening", pa.int64(), metadata={"is": "balance before, minor units"}),
        pa.field("principal", pa.int64(), metadata={"is": "repaid; below 0: drawn"}),
        pa.field("interest", pa.int64(), metadata={"is": "due, with the subsidised part"}),
        pa.field("subsidy", pa.int64(), metadata={"is": "of the interest, paid by another"}),
        pa.field("fee", pa.int64(), metadata={"is": "due with the instalment"}),
        pa.field("payment", pa.int64(), metadata={"is": "all that the borrower pays"}),
        pa.field("closing", pa.int64(), metadata={"is": "balance after"}),
    ]
)


@dataclass(frozen=True)
class Instalment:
    """One row of a schedule; amounts in minor units, as in SCHEMA.

    Attributes:
        agreed: The due day before any shift.
        level: The equal instalment, or equal part of principal, in force; 0 where there is none.
        ends_period: Whether an interest period ends with it, which the day of a plan does not.
        pays_interest: Whether interest falls due with it.
    """

    number: int
    start: date
    due: date
    pay_on: date
    final: bool
    opening: int
    principal: int
    interest: int
    subsidy: int
    fee: int
    agreed: date
    level: int
    ends_period: bool
    pays_interest: bool

    @property
    def payment(self) -> int:
        """All that the borrower pays; below 0 where more is drawn."""
        return self.principal + self.interest - self.subsidy + self.fee

    @property
    def closing(self) -> int:
        """The balance after."""
        return self.opening - self.principal


@dataclass(frozen=True)
class Schedules:
    """The instalments of a book, one behind the other.

    Attributes:
        rows: Their days; arrays (rows,) as here.
        opening: The balance before each.
        interest: Due at its end.
        principal: Repaid at its end, below 0 where drawn.
        subsidy: Part of the interest that another pays.
        fee: Due at its end.
        level: The equal instalment, or equal part of principal, in force; 0 where there is none.
        pays_interest: Whether interest falls due at its end.
        revolving: Whether more may be drawn, so that rows without a balance stay.
    """

    rows: Rows
    opening: Longs
    interest: Longs
    principal: Longs
    subsidy: Longs
    fee: Longs
    level: Longs
    pays_interest: NDArray[np.bool_]
    revolving: NDArray[np.bool_]

    @cached_property
    def kept(self) -> Longs:
        """Rows in which there is something to pay: a loan repaid sooner has no more of them."""
        first = np.zeros(len(self.opening), np.bool_)
        first[self.rows.at[:-1]] = True
        last = np.zeros(len(self.opening), np.bool_)
        last[self.rows.at[1:] - 1] = self.principal[self.rows.at[1:] - 1] != 0
        moves = (self.opening != 0) | (self.principal != 0) | (self.interest != 0)
        return np.flatnonzero(moves | first | last | self.revolving)

    @property
    def payment(self) -> Longs:
        """All that the borrower pays at the end of each row."""
        return self.principal + self.interest - self.subsidy + self.fee

    def table(self) -> pa.Table:
        """The rows that are kept, in SCHEMA."""
        kept, rows = self.kept, self.rows
        loan = rows.loan[kept]
        opens = np.ones(len(kept), np.bool_)
        opens[1:] = loan[1:] != loan[:-1]
        place = np.arange(len(kept))
        number = place - np.maximum.accumulate(np.where(opens, place, 0)) + 1
        days = [
            pa.array(each[kept].astype(np.int32), pa.int32()).cast(pa.date32())
            for each in (rows.start, rows.end, rows.pay_on)
        ]
        return pa.Table.from_arrays(
            [
                pa.array(loan),
                pa.array(number),
                *days,
                pa.array(rows.final[kept] > 0),
                pa.array(rows.units[kept]),
                pa.array(rows.rate[kept]),
                *(
                    pa.array(each[kept])
                    for each in (
                        self.opening,
                        self.principal,
                        self.interest,
                        self.subsidy,
                        self.fee,
                        self.payment,
                        self.opening - self.principal,
                    )
                ),
            ],
            schema=SCHEMA,
        )


def schedules(loans: Loans, calendar: Calendar = EVERY_DAY) -> Schedules:
    """The instalments of every loan of a book.

    Equal instalments are the annuity on the day units of each period, level from the first period
    that pays principal, and again from the period in which the rate is reset. Doubles find them
    with a bound of their error; where that leaves two candidates, whole numbers decide.

    Args:
        loans: The book.
        calendar: Of business days; asked only for loans that shift.
    """
    rows = rows_of(loans, calendar)
    n = len(rows.end)
    fixed = (
        loans.principal,
        loans.over,
        loans.method,
        loans.level,
        loans.instalment,
        loans.residue,
        loans.subsidy_share,
    )
    inner = (rows.units, rows.weight, rows.rate, rows.planned, rows.helped)
    out = tuple(np.zeros(n, np.int64) for _ in range(5))
    decided = np.full(n, kernels.UNDECIDED, np.int64)
    open_at = np.empty(len(loans), np.int64)
    which = np.arange(len(loans))
    while len(which):
        kernels.instalments(which, rows.at, inner, rows.flags, fixed, decided, out, open_at)
        which = np.flatnonzero(open_at != kernels.UNDECIDED)
        for c in which:
            row = int(open_at[c])
            span = slice(row, int(rows.at[c + 1]))
            decided[row] = exact_instalment(
                int(out[0][row]), int(loans.over[c]), rows.weight[span], rows.units[span],
                int(rows.rate[row]),
            )  # fmt: skip
    opening, interest, principal, subsidy, level = out
    pays_interest = (rows.flags & kernels.NO_INTEREST) == 0
    fee = _fees(loans, rows, opening)
    revolving = loans.method[rows.loan] == METHODS.index(Method.ANY_DAY)
    return Schedules(
        rows, opening, interest, principal, subsidy, fee, level, pays_interest, revolving
    )


def exact_instalment(balance: int, over: int, weight: Longs, units: Longs, rate: int) -> int:
    """The annuity rounded half up, in whole numbers of any size.

    balance * g1 ... gn = instalment * (g2 ... gn + g3 ... gn + ... + 1), g = 1 + weight / over:
    the first period has its own weight, and later ones the rate now in force.
    """
    grown, paid, scale = balance, 0, 1
    for place, each in enumerate(units):
        growth = over + (int(weight[0]) if place == 0 else int(each) * rate)
        grown *= growth
        paid = paid * growth + scale
        scale *= over
    return half_up(grown, paid * over)


def _fees(loans: Loans, rows: Rows, opening: Longs) -> Longs:
    """Fees due with each instalment: fixed ones, and the share of the balance half up."""
    found = np.zeros(len(opening), np.int64)
    if loans.fee_share.any():
        kernels.shares(opening, loans.fee_share[rows.loan], found)
    if loans.fee.any():
        found += loans.fee[rows.loan]
    return np.where((rows.due > 0) & (opening > 0), found, 0)


def schedule(terms: Terms, calendar: Calendar = EVERY_DAY) -> tuple[Instalment, ...]:
    """The instalments of one loan.

    Raises:
        InputError: As `rows_of`.
    """
    found = schedules(loans_of([terms]), calendar)
    rows = found.rows
    return tuple(
        Instalment(
            number,
            date_of(rows.start[k]),
            date_of(rows.end[k]),
            date_of(rows.pay_on[k]),
            bool(rows.final[k]),
            int(found.opening[k]),
            int(found.principal[k]),
            int(found.interest[k]),
            int(found.subsidy[k]),
            int(found.fee[k]),
            date_of(rows.agreed[k]),
            int(found.level[k]),
            bool(rows.due[k]),
            bool(found.pays_interest[k]),
        )
        for number, k in enumerate(found.kept, 1)
    )
