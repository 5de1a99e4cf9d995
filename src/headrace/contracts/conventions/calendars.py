"""Calendars: which days are business days, with holidays and make-up workdays.

A Chinese calendar has Saturdays that are worked to make up for a holiday (调休): a workday given
by name beats the weekend, as a holiday given by name beats the week.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from headrace.contracts.conventions import kernels
from headrace.errors import InputError

Longs = NDArray[np.int64]
Flat = tuple[Longs, Longs, Longs, Longs, Longs]

EPOCH = date(1970, 1, 1).toordinal()
SATURDAY, SUNDAY = 5, 6


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - EPOCH


def date_of(day: int) -> date:
    """The date of a day since 1970-01-01."""
    return date.fromordinal(int(day) + EPOCH)


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or its last where it is shorter (民法典 art. 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Calendar:
    """A rule that tells business days from others.

    Attributes:
        name: As contracts name it.
        weekend: Weekdays that are off, 0 for Monday.
        holidays: Days off beside weekends.
        workdays: Days of a weekend that are worked.
        known: First and last day the calendar can tell; None: all days. Holidays are announced
            a year ahead, and a calendar that guesses is wrong without a warning.
    """

    name: str
    weekend: frozenset[int] = frozenset()
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    known: tuple[date, date] | None = None
    flat: Flat = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Lay the days out as kernels read them; contradictions are refused."""
        both = sorted(self.holidays & self.workdays)
        if both:
            problem = f"{both[0]} is both a holiday and a workday"
            raise InputError(problem, where=f"calendar {self.name}", remedy="Keep one of the two.")
        object.__setattr__(self, "flat", flattened([self]))

    def is_open(self, day: date) -> bool:
        """Whether a day is a business day.

        Raises:
            InputError: If the calendar does not know the day.
        """
        self.check([day])
        return bool(kernels.is_open(day_number(day), 0, self.flat))

    def check(self, days: Iterable[date]) -> None:
        """Raise an InputError where a day is outside what the calendar knows."""
        if self.known is None:
            return
        first, last = self.known
        for day in days:
            if not first <= day <= last:
                raise InputError(
                    f"the calendar {self.name} knows {first} to {last}, not {day}",
                    where=f"calendar {self.name}",
                    remedy="Add the announced holidays of that year.",
                )


def flattened(calendars: Sequence[Calendar]) -> Flat:
    """Calendars one behind the other, as the kernels read them."""
    weekend = [sum(1 << day for day in each.weekend) for each in calendars]
    holidays = [sorted(day_number(day) for day in each.holidays) for each in calendars]
    workdays = [sorted(day_number(day) for day in each.workdays) for each in calendars]
    if any(mask == (1 << 7) - 1 and not days for mask, days in zip(weekend, workdays, strict=True)):
        raise InputError("a calendar has no business day", remedy="Leave a weekday open.")
    return (
        np.array(weekend, np.int64),
        np.array([day for each in holidays for day in each], np.int64),
        np.cumsum([0, *map(len, holidays)]).astype(np.int64),
        np.array([day for each in workdays for day in each], np.int64),
        np.cumsum([0, *map(len, workdays)]).astype(np.int64),
    )


EVERY_DAY = Calendar("NC")
"""No holidays: every day is a business day (ACTUS: noCalendar)."""

MONDAY_TO_FRIDAY = Calendar("MF", weekend=frozenset({SATURDAY, SUNDAY}))
"""Saturdays and Sundays are off, and nothing else (ACTUS: mondayToFriday)."""
