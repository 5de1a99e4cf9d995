"""Due days, and the day units of interest in each period (计息期).

A loan's rows end on its due days and on the days of its plan. Interest of a row is counted from the
start of the interest period, the last due day: units(start, end) less units(start, row's start), so
that rows add up to the period whatever the day count.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from headrace.contracts.conventions.business_days import BusinessDay
from headrace.contracts.conventions.calendars import Calendar, date_of, day_number
from headrace.contracts.conventions.china import shifted_where_announced
from headrace.contracts.lending import kernels
from headrace.contracts.lending.loans import METHODS, NEVER, SHIFTS, Loans
from headrace.contracts.lending.terms import PERIODS_MAX, InterestDays, Method
from headrace.errors import InputError

Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """The rows of all loans, one behind the other in order of days; int64 (rows,) but `at`.

    Attributes:
        at: int64 (loans + 1,): where each loan's rows start.
        loan: Its place in the book.
        start: First day of the row, counted.
        end: Its last day, not counted.
        agreed: The same before any shift to a business day.
        pay_on: The business day on which what falls due is paid.
        final: 1 where the holidays of that day are announced.
        due: 1 where the row ends on a due day.
        planned: Principal of the plan at the end of the row, below 0 where drawn.
        units: Day units, a `over`-th of which times rate is the interest of 1.
        weight: The sum over the row of day units times the rate in force.
        helped: The same with the points of the subsidy, where they are less than the rate.
        rate: The rate in force at the end of the row.
        flags: Bits of the kernel: what does not fall due, and where instalments are solved.
    """

    at: Longs
    loan: Longs
    start: Longs
    end: Longs
    agreed: Longs
    pay_on: Longs
    final: Longs
    due: Longs
    planned: Longs
    units: Longs
    weight: Longs
    helped: Longs
    rate: Longs
    flags: Longs


def anchor_of(day: date, agreed: int) -> int:
    """The day of the month on which months counted from a day end; see `kernels.day_units`."""
    ends_month = (day + timedelta(1)).day == 1
    return max(agreed, day.day) if ends_month else day.day


def units_between(how: InterestDays, start: date, end: date, anchor: int) -> int:
    """Day units of interest from a day to one on or after it."""
    return int(kernels.day_units(int(how), day_number(start), day_number(end), anchor))


def rows_of(loans: Loans, calendar: Calendar) -> Rows:
    """The rows of all loans.

    Raises:
        InputError: A plan goes beyond maturity, or a loan has more than PERIODS_MAX due days.
    """
    of_month = _agreed_days(loans)
    at, loan, end = _due_days(loans, of_month)
    agreed = end
    end, pay_on, final = _shifted(loans, loan, end, calendar)
    due, planned = np.ones(len(end), np.int64), np.zeros(len(end), np.int64)
    if len(loans.plan_day):
        at, (loan, end, agreed, pay_on, final, due, planned) = _with_plan(
            loans, at, (end, agreed, pay_on, final)
        )
    out = tuple(np.empty(len(end), np.int64) for _ in range(6))
    solves = loans.method == METHODS.index(Method.EQUAL_INSTALMENT)
    kernels.weigh(
        at,
        (end, due, planned),
        (
            loans.start, of_month, loans.days, loans.grace_principal, loans.grace_interest,
            loans.plan_pays_interest, loans.subsidy_points, solves.astype(np.int64),
        ),
        (loans.rate_at, loans.rate_from, loans.rate),
        out,
    )  # fmt: skip
    start, units, weight, helped, rate, flags = out
    return Rows(
        at, loan, start, end, agreed, pay_on, final, due, planned,
        units, weight, helped, rate, flags,
    )  # fmt: skip


def _agreed_days(loans: Loans) -> Longs:
    """The day of the month on which each loan falls due."""
    day = loans.due_day.copy()
    missing = np.flatnonzero(day == 0)
    from_first = loans.due_first[missing] != NEVER
    given = np.where(from_first, loans.due_first[missing], loans.start[missing])
    stamps = given.astype("datetime64[D]")
    day[missing] = (stamps - stamps.astype("datetime64[M]")).astype(np.int64) + 1
    return day


def _due_days(loans: Loans, of_month: Longs) -> tuple[Longs, Longs, Longs]:
    """Offsets, loans and due days, maturity last."""
    alone = (loans.method == METHODS.index(Method.BULLET)).astype(np.int64)
    maturity = np.where(loans.instalments > 0, NEVER, loans.maturity)
    starts = (loans.start, maturity, loans.instalments)
    rules = (
        loans.every_months, of_month, loans.due_month, loans.due_first, loans.first_days_min,
        loans.last_days_min, alone,
    )  # fmt: skip
    counts, firsts = (np.empty(len(loans), np.int64) for _ in range(2))
    kernels.count_due_days(starts, rules, counts, firsts)
    if counts.max(initial=0) > PERIODS_MAX:
        worst = int(counts.argmax())
        raise InputError(
            f"loan {worst} has {counts[worst]} due days",
            where="loan terms, maturity",
            remedy=f"Keep to {PERIODS_MAX}.",
        )
    at = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    loan, end = (np.empty(at[-1], np.int64) for _ in range(2))
    kernels.lay_due_days(at, firsts, starts, rules, loan, end)
    return at, loan, end


def _shifted(
    loans: Loans, loan: Longs, end: Longs, calendar: Calendar
) -> tuple[Longs, Longs, Longs]:
    """Ends of rows, days of payment and whether they are final, by each loan's convention."""
    none = loans.shift == SHIFTS.index(BusinessDay.NO_SHIFT)
    pay_on, final, out = end, np.ones(len(end), np.int64), end
    if none.all():
        return out, pay_on, final
    pay_on = end.copy()
    for code in np.unique(loans.shift[~none]):
        rule = SHIFTS[code]
        which = loans.shift[loan] == code
        pay_on[which], final[which] = shifted_where_announced(end[which], rule, calendar)
        if not rule.calculates_first:
            # a day before the first of interest, where a shift goes back, is no period
            out = np.where(which, np.maximum(pay_on, loans.start[loan] + 1), out)
    return out, pay_on, final


def _with_plan(
    loans: Loans, at: Longs, days: tuple[Longs, Longs, Longs, Longs]
) -> tuple[Longs, tuple[Longs, ...]]:
    """Rows cut at the days of the plans: offsets, and loan, the days, due and planned."""
    owner = np.repeat(np.arange(len(loans)), np.diff(loans.plan_at))
    beyond = np.flatnonzero(loans.plan_day >= days[0][at[1:][owner] - 1])
    if len(beyond):
        worst = int(beyond[0])
        last = days[0][at[owner[worst] + 1] - 1]
        raise InputError(
            f"the plan of loan {owner[worst]} goes on to {date_of(loans.plan_day[worst])}",
            where="loan terms, plan",
            remedy=f"End it before maturity, {date_of(last)}.",
        )
    room = len(days[0]) + len(loans.plan_day)
    out = tuple(np.empty(room, np.int64) for _ in range(7))
    merged = np.empty(len(at), np.int64)
    kernels.merge_plans(at, days, loans.plan_at, loans.plan_day, loans.plan_amount, merged, out)
    return merged, tuple(each[: merged[-1]] for each in out)
