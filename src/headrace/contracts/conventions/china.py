"""Mainland China: business days with make-up workdays (调休), and the loan prime rate (LPR).

Both are dated data with the announcement they come from. What has not been announced is not known:
the calendar refuses its years, and a rate is refused behind the last announcement, for a calendar
that falls back to Monday to Friday is wrong without a warning.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.contracts.conventions.business_days import BusinessDay, shifted_days
from headrace.contracts.conventions.calendars import SATURDAY, SUNDAY, Calendar, day_number
from headrace.errors import InputError

Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]

_FOLDER = files("headrace.contracts.conventions")


class Tenor(StrEnum):
    """Which of the two loan prime rates."""

    ONE_YEAR = "one_year"
    FIVE_YEARS = "five_years"


@dataclass(frozen=True)
class Notice:
    """The announcement of one year's holidays.

    Attributes:
        number: Of the document.
        published: The day of the document; what it says was not known before.
        amended_by: The number of a later notice that changed it, empty where there is none.
        verified: Whether somebody compared the days with the official text.
    """

    year: int
    number: str
    published: date
    amended_by: str
    verified: bool


def parse_holidays(data: Mapping[str, Any]) -> tuple[Calendar, tuple[Notice, ...]]:
    """The calendar and its notices from a file such as holidays_cn.toml.

    Raises:
        InputError: Years do not follow one another, or a day is not written `MM-DD`.
    """
    years = [entry["year"] for entry in data["year"]]
    if any(later - earlier != 1 for earlier, later in pairwise(years)):
        raise InputError(
            f"the years {years} do not follow one another",
            where="holidays",
            remedy="Give every year from the first to the last announced.",
        )
    holidays = [
        day
        for entry in data["year"]
        for text in entry["holidays"]
        for day in _stretch(entry["year"], text)
    ]
    workdays = [
        day
        for entry in data["year"]
        for text in entry["workdays"]
        for day in _stretch(entry["year"], text)
    ]
    notices = tuple(
        Notice(
            entry["year"],
            entry["notice"],
            entry["published"],
            entry.get("amended_by", ""),
            entry["verified"],
        )
        for entry in data["year"]
    )
    calendar = Calendar(
        data["name"],
        frozenset({SATURDAY, SUNDAY}),
        frozenset(holidays),
        frozenset(workdays),
        (date(years[0], 1, 1), date(years[-1], 12, 31)),
    )
    return calendar, notices


def _stretch(year: int, text: str) -> list[date]:
    first, _, last = text.partition("..")
    try:
        begin = date.fromisoformat(f"{year}-{first}")
        end = date.fromisoformat(f"{year}-{last or first}")
    except ValueError:
        raise InputError(
            f"{text!r} is no day or stretch of days",
            where=f"holidays of {year}",
            remedy="Write MM-DD or MM-DD..MM-DD.",
        ) from None
    return [begin + timedelta(days) for days in range((end - begin).days + 1)]


CHINA, NOTICES = parse_holidays(tomllib.loads((_FOLDER / "holidays_cn.toml").read_text("utf-8")))


def china_known(on: date) -> Calendar:
    """CHINA as it was known on a day: years whose notice was out, later amendments included.

    Raises:
        InputError: No notice was out.
    """
    years = [notice.year for notice in NOTICES if notice.published <= on]
    if not years:
        raise InputError(
            f"no notice of holidays was out on {on}",
            where="calendar CN",
            remedy=f"Ask for {NOTICES[0].published} or later.",
        )
    last = date(max(years), 12, 31)
    return replace(
        CHINA,
        holidays=frozenset(day for day in CHINA.holidays if day <= last),
        workdays=frozenset(day for day in CHINA.workdays if day <= last),
        known=(date(years[0], 1, 1), last),
    )


def announced(days: Longs, calendar: Calendar = CHINA) -> Flags:
    """Whether a calendar knows each day; bool (n,) for int64 (n,) days since 1970-01-01."""
    if calendar.known is None:
        return np.ones(len(days), np.bool_)
    first, last = calendar.known
    return (days >= day_number(first)) & (days <= day_number(last))


def shifted_where_announced(
    days: Longs, rule: BusinessDay, calendar: Calendar = CHINA
) -> tuple[Longs, Flags]:
    """Each day shifted to a business day, and whether that is final.

    A day whose year is not announced stays where it is and is not final: the schedule of a loan of
    ten years is needed today, and is made again when the next notice is out.
    """
    found = days.copy()
    if rule is BusinessDay.NO_SHIFT:
        return found, np.ones(len(days), np.bool_)
    known = announced(days, calendar)
    found[known] = shifted_days(days[known], rule, calendar)
    final = known & announced(found, calendar)  # a shift may lead out of what is announced
    return np.where(final, found, days), final


@dataclass(frozen=True)
class RateHistory:
    """Announced rates by day.

    Attributes:
        changes: (day announced, rate a year by tenor), in order of days.
        known_until: The last announcement of which the history knows.
    """

    changes: tuple[tuple[date, Mapping[Tenor, Decimal]], ...]
    known_until: date

    def rate(self, tenor: Tenor, on: date) -> Decimal:
        """The last rate announced on or before a day, as a fraction (0.0345).

        It holds until the next announcement, the 20th of the next month or, over a holiday, a few
        days later; behind that the history knows nothing.

        Raises:
            InputError: The day is before the first announcement or behind the last one known.
        """
        first = self.changes[0][0]
        if not first <= on < self.known_until + timedelta(30):
            raise InputError(
                f"the loan prime rate on {on} is not known",
                where=f"rates from {first} to {self.known_until}",
                remedy="Add the announcements that are missing.",
            )
        return next(rates[tenor] for day, rates in reversed(self.changes) if day <= on)


def parse_rates(data: Mapping[str, Any]) -> RateHistory:
    """A history from a file such as lpr_cn.toml, in which rates are in per cent.

    Raises:
        InputError: The days do not rise.
    """
    changes = tuple(
        (each["on"], {tenor: Decimal(each[tenor.value]) / 100 for tenor in Tenor})
        for each in data["rates"]
    )
    for (earlier, _), (later, _) in pairwise(changes):
        if earlier >= later:
            raise InputError(
                f"{later} follows {earlier}", where="rates", remedy="Sort the announcements by day."
            )
    return RateHistory(changes, data["known_until"])


LPR = parse_rates(tomllib.loads((_FOLDER / "lpr_cn.toml").read_text("utf-8")))
