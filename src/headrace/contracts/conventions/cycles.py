"""Cycles and periods (周期), and the schedules (还款计划日) they make.

A cycle is written as in ACTUS, `P1ML0`: an ISO 8601 duration, then `L0` where a last cycle that
does not fit is joined with the one before (long stub), `L1` where it stays short. A period, such
as a notice of `P14D`, has no stub.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from headrace.contracts.conventions import kernels
from headrace.contracts.conventions.calendars import date_of, day_number
from headrace.errors import InputError

MONTHS = {"Y": 12, "H": 6, "Q": 3, "M": 1}
DAYS = {"W": 7, "D": 1}
WRITTEN = re.compile(r"P((?:\d+[YHQMWD])+)(?:L([01]))?")


class EndOfMonth(StrEnum):
    """What becomes of an anchor that ends its month."""

    SAME_DAY = "SD"
    END_OF_MONTH = "EOM"


@dataclass(frozen=True)
class Cycle:
    """A span of months and days; where it does not fit the end of a schedule there is a stub.

    Attributes:
        months: 0 or more.
        days: 0 or more.
        long_stub: Whether the last, incomplete cycle is joined with the one before.
    """

    months: int
    days: int
    long_stub: bool = False

    @classmethod
    def parse(cls, text: str) -> "Cycle":
        """Read `P1ML0`, `P3M`, `P2W`, `P1Y6M`.

        Raises:
            InputError: If the text is no such cycle.
        """
        found = WRITTEN.fullmatch(text.strip())
        if found is None:
            problem = f"{text!r} is not a cycle"
            raise InputError(problem, remedy="Write P1ML0: count, unit of Y H Q M W D, stub.")
        parts = re.findall(r"(\d+)([YHQMWD])", found[1])
        months = sum(int(count) * MONTHS.get(unit, 0) for count, unit in parts)
        days = sum(int(count) * DAYS.get(unit, 0) for count, unit in parts)
        return cls(months, days, found[2] == "0")


def later(day: date, cycle: Cycle, count: int = 1) -> date:
    """The day some cycles on: the same day of the month, or its last where there is none."""
    months, days = count * cycle.months, count * cycle.days
    return date_of(kernels.add(day_number(day), months, days, False))  # noqa: FBT003  # a kernel


def schedule(
    anchor: date,
    end: date,
    cycle: Cycle | None,
    *,
    end_of_month: EndOfMonth = EndOfMonth.SAME_DAY,
    with_end: bool = True,
) -> list[date]:
    """The days of a schedule, each counted from the anchor.

    Source: ACTUS technical specification 1.1, sections 3.1 and 3.3. There `EOM` asks for an
    anchor at the end of a month of less than 31 days; one of 31 ends every month anyway.

    Args:
        anchor: The first day.
        end: Where the schedule ends.
        cycle: None: the anchor, and the end.
        end_of_month: Whether an anchor that ends its month goes on to do so.
        with_end: Whether the end itself belongs to the schedule.
    """
    if cycle is not None and not cycle.months and not cycle.days:
        raise InputError("a cycle of no days never ends", remedy="Give it a day or more.")
    each = cycle or Cycle(0, 0)
    first, last = np.array([day_number(anchor)]), np.array([day_number(end)])
    months, days = np.array([each.months]), np.array([each.days])
    room, count = np.empty(1, np.int64), np.empty(1, np.int64)
    kernels.roll_room(first, last, months, days, 1, room)
    found = np.empty(int(room[0]), np.int64)
    options = np.array([[each.long_stub, end_of_month == EndOfMonth.END_OF_MONTH, with_end]])
    kernels.roll(first, last, months, days, options, 1, np.zeros(1, np.int64), found, count)
    return [date_of(day) for day in found[: int(count[0])]]
