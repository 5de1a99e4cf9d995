"""A plan as arrays: what the compiled loops read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headrace.facts.localtime import DAY_US, utc_from_local
from headrace.features.definition import Current
from headrace.features.kernels import codes
from headrace.features.plan import Output, Plan, Range, Space, microseconds
from headrace.features.windows import Calendar, LastEvents, Period, Session, Sliding

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Program(NamedTuple):
    """One space of a plan, as the kernels take it.

    Attributes:
        code: Words: a header, windows, running totals, extremes, aggregates, and the tables of
            period starts; see `kernels.codes`.
        reals: Real parameters of the aggregates, REAL_WORDS each.
    """

    code: Ints
    reals: Floats

    def at(self, part: int, number: int) -> int:
        """Where the words of one window, total, extreme or aggregate begin.

        Args:
            part: P_RANGES, P_LANES, P_EXTREMES or P_OPS.
            number: Which.
        """
        return int(self.code[part + 1]) + number * _WORDS[part]


_WORDS = {
    codes.P_RANGES: codes.RANGE_WORDS,
    codes.P_LANES: codes.LANE_WORDS,
    codes.P_EXTREMES: codes.EXTREME_WORDS,
    codes.P_OPS: codes.OP_WORDS,
}


@dataclass(frozen=True)
class Compiled:
    """A plan and the arrays of each of its spaces, in the same order."""

    plan: Plan
    programs: tuple[Program, ...]


def compile_plan(plan: Plan) -> Compiled:
    """Arrays of every space."""
    return Compiled(plan, tuple(_program(space) for space in plan.spaces))


def _program(space: Space) -> Program:
    parts = [len(space.ranges), len(space.lanes), len(space.extremes), len(space.outputs)]
    sizes = np.array(parts) * list(_WORDS.values())
    places = codes.HEADER_WORDS + np.concatenate([[0], np.cumsum(sizes)])
    tables = _Tables(first=int(places[-1]))
    words = [word for pair in zip(parts, places.tolist(), strict=False) for word in pair]
    for number, one in enumerate(space.ranges):
        words += [*_range_words(one, space.table.zone, tables), int(_nested(space.ranges, number))]
    for lane in space.lanes:
        words += [lane.kind, lane.filter, lane.column]
    for extreme in space.extremes:
        words += [extreme.filter, extreme.column, extreme.sign]
    for output in space.outputs:
        words += _op_words(output, space.table.zone, tables)
    reals = [real for output in space.outputs for real in (output.scale, output.real)]
    code = np.concatenate([np.array(words, np.int64), tables.whole()])
    return Program(code, np.array(reals, np.float64))


def _nested(ranges: Sequence[Range], number: int) -> bool:
    """Whether a window ends where the one before it does, and begins before it."""
    if number == 0:
        return False
    before, one = ranges[number - 1], ranges[number]
    if not (isinstance(before.window, Sliding) and isinstance(one.window, Sliding)):
        return False
    same_end = before.window.ends_before == one.window.ends_before == timedelta(0)
    return same_end and before.current is one.current and before.window.length < one.window.length


def _op_words(output: Output, zone: str, tables: "_Tables") -> list[int]:
    counts_days = output.code in _COUNTS_TIME and output.a == 0
    a = tables.at(Period.DAY, zone) if counts_days else output.a
    return [
        output.code, output.range, output.filter, output.column, output.over, output.count,
        output.sum, output.square, output.extreme, a, output.b,
    ]  # fmt: skip


_COUNTS_TIME = {
    codes.SINCE_FIRST_OP,
    codes.SINCE_LAST_OP,
    codes.GAP_MEAN_OP,
    codes.GAP_DEVIATION_OP,
    codes.GAP_LONGEST_OP,
}


class _Tables:
    """The tables of period starts that a program needs, each once."""

    def __init__(self, first: int) -> None:
        self.places: dict[tuple[Period, str], int] = {}
        self.words = first

    def at(self, period: Period, zone: str) -> int:
        """Where the table of a period begins."""
        if (period, zone) not in self.places:
            self.places[period, zone] = self.words
            self.words += 1 + period_starts(period, zone).size
        return self.places[period, zone]

    def whole(self) -> Ints:
        """All tables, one after the other."""
        parts: list[Any] = [np.zeros(0, np.int64)]
        for period, zone in self.places:
            starts = period_starts(period, zone)
            parts += [[starts.size], starts]
        return np.concatenate(parts).astype(np.int64)


def _range_words(one: Range, zone: str, tables: _Tables) -> list[int]:
    excluded = int(one.current is Current.EXCLUDED)
    match one.window:
        case Sliding(length=length, ends_before=ends_before, start_included=included):
            words = [codes.SLIDING, microseconds(length), microseconds(ends_before), int(included)]
        case Calendar(period=period, zone=own, count=count, ends_before=periods):
            words = [codes.CALENDAR, tables.at(period, own or zone), count, periods]
        case LastEvents(count=count):
            words = [codes.LAST_EVENTS, count, one.lookback, 0]
        case Session(gap=gap, longest=longest):
            words = [codes.SESSION, microseconds(gap), microseconds(longest), 0]
        case _:
            words = [codes.ALL_HISTORY, 0, 0, 0]
    return [*words, one.filter, excluded]


@lru_cache(maxsize=64)
def period_starts(period: Period, zone: str) -> Ints:
    """When each period from 1970 to 2100 starts in a zone: UTC microseconds, rising.

    Day n of the table is n days after 1970-01-01; the first week begins on 1969-12-29.
    """
    first, last = np.datetime64("1970-01-01"), np.datetime64("2100-01-01")
    match period:
        case Period.DAY:
            days = np.arange(first, last)
        case Period.WEEK:
            days = np.arange(first - np.timedelta64(3, "D"), last, np.timedelta64(7, "D"))
        case _:
            step = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}[period]
            months = np.arange(
                first.astype("M8[M]"), last.astype("M8[M]"), np.timedelta64(step, "M")
            )
            days = months.astype("M8[D]")
    return utc_from_local(days.astype(np.int64) * DAY_US, zone)
