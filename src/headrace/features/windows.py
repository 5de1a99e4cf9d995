"""Which events count: windows, as frozen values that can be read aloud.

A window is seen from a moment t. Lengths are exact microseconds; calendar periods are of a named
zone, so that a month is a month and a day of 23 hours is a day.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from headrace.errors import MappingError

NOTHING = timedelta(0)


class Period(Enum):
    """A unit of the calendar."""

    DAY = "day"
    WEEK = "week"  # begins on Monday
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True)
class AllHistory:
    """Every event up to t. Every event is kept for it: memory per key has no bound."""

    def read_aloud(self) -> str:
        """The window as words."""
        return "ever"


@dataclass(frozen=True)
class Sliding:
    """Events in (t - ends_before - length, t - ends_before].

    Attributes:
        length: How far back, above 0.
        ends_before: How long before t the window ends; 0: at t.
        start_included: [..., ...] instead of (..., ...]: SQL's RANGE BETWEEN PRECEDING.
    """

    length: timedelta
    ends_before: timedelta = NOTHING
    start_included: bool = False

    def __post_init__(self) -> None:
        """Refuse a length that holds nothing."""
        _above_nothing(self.length, "the length of a sliding window")
        if self.ends_before < NOTHING:
            raise MappingError("a window cannot end after the moment it is seen from")

    def read_aloud(self) -> str:
        """The window as words."""
        words = f"in {duration_words(self.length)}"
        if self.start_included:
            words += " (start included)"
        if self.ends_before:
            words += f" ending {duration_words(self.ends_before)} before"
        return words


@dataclass(frozen=True)
class Calendar:
    """The period that holds t, up to t, and the count - 1 periods before it.

    Attributes:
        period: The unit.
        zone: IANA name of the zone whose calendar it is; "": that of the table.
        count: How many periods, 1 or more.
        ends_before: How many periods before the one that holds t the window ends. Above 0 the last
            period is whole: `Calendar(Period.MONTH, zone, ends_before=1)` is the month before.
    """

    period: Period
    zone: str = ""
    count: int = 1
    ends_before: int = 0

    def __post_init__(self) -> None:
        """Refuse counts that hold nothing."""
        if self.count < 1 or self.ends_before < 0:
            raise MappingError(
                f"a calendar window of {self.count} periods ending {self.ends_before} before "
                "means nothing",
                remedy="count is 1 or more, ends_before 0 or more",
            )

    def read_aloud(self) -> str:
        """The window as words."""
        unit = self.period.value
        words = f"in this {unit}" if self.count == 1 else f"in {self.count} {unit}s"
        if self.ends_before:
            words = f"in {self.count} {unit}s ending {self.ends_before} {unit}s before"
        return words


@dataclass(frozen=True)
class LastEvents:
    """The last `count` events that pass the filter, ties in order of arrival."""

    count: int

    def __post_init__(self) -> None:
        """Refuse a window of nothing."""
        if self.count < 1:
            raise MappingError("a window of the last events holds 1 or more of them")

    def read_aloud(self) -> str:
        """The window as words."""
        return "in the last event" if self.count == 1 else f"in the last {self.count} events"


@dataclass(frozen=True)
class Session:
    """The events up to t that follow each other within `gap`, the last one within `gap` of t.

    Attributes:
        gap: The longest silence inside a session.
        longest: A session reaches back no further, so that memory is bounded.
    """

    gap: timedelta
    longest: timedelta = timedelta(days=1)

    def __post_init__(self) -> None:
        """Refuse a gap of nothing."""
        _above_nothing(self.gap, "the gap of a session")
        _above_nothing(self.longest, "the longest session")

    def read_aloud(self) -> str:
        """The window as words."""
        return f"in the session (silence of {duration_words(self.gap)} ends it)"


Window = AllHistory | Sliding | Calendar | LastEvents | Session
ALL_HISTORY = AllHistory()

_UNITS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
    ("second", timedelta(seconds=1)),
    ("millisecond", timedelta(milliseconds=1)),
    ("microsecond", timedelta(microseconds=1)),
)


def duration_words(length: timedelta) -> str:
    """A length in the largest unit that divides it: "90 days", "1 hour", "1500 milliseconds"."""
    for unit, size in _UNITS:
        if length and length % size == NOTHING:
            number = length // size
            return f"{number} {unit}" + ("" if number == 1 else "s")
    return "0 seconds"


def parse_duration(text: str) -> timedelta:
    """A length from words: "30 days", "1 hour", "90 seconds".

    Raises:
        MappingError: The text is not a whole number and a unit.
    """
    number, _, unit = text.strip().partition(" ")
    size = dict(_UNITS).get(unit.strip().removesuffix("s"))
    if size is None or not re.fullmatch("[0-9]{1,9}", number):
        raise MappingError(
            f"{text!r} is not a length of time",
            remedy='a whole number and a unit, for example "30 days", "1 hour", "90 seconds"',
        )
    return int(number) * size


def _above_nothing(length: timedelta, what: str) -> None:
    if length <= NOTHING:
        raise MappingError(f"{what} must be above 0, not {length}")
