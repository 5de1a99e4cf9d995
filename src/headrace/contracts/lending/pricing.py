"""Floating rates as rates by day (LPR 加点浮动, 重定价).

Source: 中国人民银行公告〔2019〕第15号 and 第30号: a loan is priced by adding points to the loan
prime rate of its tenor; the parties agree how often it is set again, and a reset takes the last
rate announced. Neither text was read by the authors.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from headrace.contracts.conventions.china import LPR, RateHistory
from headrace.contracts.lending.terms import Floating, Reset, Terms
from headrace.errors import InputError

BP = Decimal(10_000)


def reset_days(floating: Floating, start: date, end: date) -> list[date]:
    """Days after the start and before the end on which a rate is set again."""
    years = range(start.year, end.year + 1)
    if floating.reset is None:
        return []
    if floating.reset is Reset.JANUARY_FIRST:
        days = [date(year, 1, 1) for year in years]
    else:
        leap = (start.month, start.day) == (2, 29)
        days = [date(y, 2, 28) if leap and not _leap(y) else start.replace(year=y) for y in years]
    return [day for day in days if start < day < end]


def _leap(year: int) -> bool:
    return (date(year, 3, 1) - timedelta(1)).day == 29


def floating_rate(floating: Floating, on: date, history: RateHistory = LPR) -> Decimal:
    """What a floating rate is set to on a day: the loan prime rate, and its points.

    Raises:
        InputError: The history does not know the rate, or it comes to less than 0.
    """
    rate = history.rate(floating.tenor, on - timedelta(floating.lag_days))
    rate += floating.spread_bp / BP
    if rate < 0:
        raise InputError(f"the rate of {on} is {rate}", remedy="A loan's rate is 0 or more.")
    return rate


def priced(terms: Terms, known: date, history: RateHistory = LPR) -> Terms:
    """Floating terms with the rates that were known on a day.

    Resets after that day are not known: the last rate stays in force, as banks show it.

    Args:
        terms: With `floating`; others come back as they are.
        known: The day on which the schedule is made.
        history: Of the loan prime rate.

    Raises:
        InputError: The history does not know a rate that was announced by then.
    """
    if terms.floating is None:
        return terms
    end = min(known + timedelta(1), terms.maturity or date.max)
    days: Sequence[date] = reset_days(terms.floating, terms.start, end)
    rates = [(day, floating_rate(terms.floating, day, history)) for day in days]
    first = floating_rate(terms.floating, terms.start, history)
    kept, last = [], first
    for day, rate in rates:
        if rate != last:
            kept.append((day, rate))
            last = rate
    return replace(terms, rate=first, rates=tuple(kept))
