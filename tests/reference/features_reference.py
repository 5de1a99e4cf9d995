"""Features by plain loops over plain rows: slow, easy to see right, written from the definitions.

A fact is a dictionary: "op" is "add" or "void", and the columns of its table, derived ones
included, hold numbers as whole multiples of 10**-places, instants as microseconds, and None for
missing. Facts stand in the order in which they became known; a void repeats the key, the time and
the id of the event that it takes back.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from headrace.features import aggregates as a
from headrace.features import windows as w
from headrace.features.definition import (
    Current,
    Definition,
    Difference,
    Measure,
    Ratio,
    Table,
)

Row = dict[str, Any]
ROUNDING = 1e-12  # of the size of what is added up, where a value is rounded more than once
TINY = 1e-300
FIRST = datetime(1970, 1, 1, tzinfo=UTC)


class Near(NamedTuple):
    """A value that engines may miss by `slack`: they round it more than once, or estimate it."""

    value: float
    slack: float


Value = float | Near | None  # a float is exact; None is missing


@dataclass(frozen=True)
class Facts:
    """What is known of one table.

    Attributes:
        table: Its definition.
        rows: The facts, in the order in which they became known.
        places: Decimal places of its number columns, derived ones included.
        holds: What every filter says of a row: True, False, or None where it cannot be told.
    """

    table: Table
    rows: Sequence[Row]
    places: Mapping[str, int]
    holds: Mapping[str, Callable[[Row], bool | None]]

    def first(self, count: int) -> "Facts":
        """The facts as they were when `count` of them were known."""
        return Facts(self.table, self.rows[:count], self.places, self.holds)


def agree(got: float | None, want: Value) -> bool:
    """Whether an engine's value is the slow one."""
    if isinstance(want, Near):
        return got is not None and abs(got - want.value) <= want.slack
    return got == want


def values(
    definitions: Sequence[Definition], facts: Facts, who: Row, at: int, asks: Row | None = None
) -> dict[str, Value]:
    """Every definition for the key of `who` at a moment, from facts of one table.

    Args:
        definitions: Parts before wholes.
        facts: What is known at that moment.
        who: Holds the key columns.
        at: The moment, microseconds.
        asks: The event at whose arrival the values are computed, one of the facts; None: none.
    """
    found: dict[str, Value] = {}
    for definition in definitions:
        if isinstance(definition, Measure):
            found[definition.name] = value(definition, facts, who, at, asks)
        else:
            found[definition.name] = arithmetic(definition, found)
    return found


def at_arrival(definitions: Sequence[Definition], facts: Facts, place: int) -> dict[str, Value]:
    """Values at the arrival of a fact; a repeated or already voided event has none."""
    row, before = facts.rows[place], facts.first(place)
    if row["op"] == "void":
        at = row[facts.table.known or facts.table.time]
        return values(definitions, facts.first(place + 1), row, at)
    if facts.table.id and any(_names(facts, each) == _names(facts, row) for each in before.rows):
        return dict.fromkeys(definition.name for definition in definitions)
    return values(definitions, facts.first(place + 1), row, row[facts.table.time], row)


def arithmetic(definition: Definition, found: Mapping[str, Value]) -> Value:
    """One feature made of others; what they may be missed by adds up."""
    parts = [found[name] for name in definition.parts]
    if any(part is None for part in parts):
        return None
    one, two, *rest = (part if isinstance(part, Near) else Near(part, 0.0) for part in parts)
    apart = one.value - two.value
    slack = one.slack + two.slack + ROUNDING * max(abs(one.value), abs(two.value))
    if isinstance(definition, Difference):
        return Near(apart, slack)
    (top, over), bottom = (one, two) if isinstance(definition, Ratio) else ((apart, slack), *rest)
    if bottom.value <= 0:
        return None
    found = top / bottom.value
    missed = (over + abs(found) * bottom.slack) / bottom.value
    return Near(found, missed + ROUNDING * abs(found))


def _names(facts: Facts, row: Row) -> tuple:
    """What makes two facts speak of one event: key, time and id."""
    return (*(row[name] for name in facts.table.key), row[facts.table.time], row[facts.table.id])


def standing(facts: Facts) -> list[Row]:
    """The events that count, each once and none that was taken back, by time, then arrival."""
    events = [row for row in facts.rows if row["op"] == "add"]
    if facts.table.id:
        void = {_names(facts, row) for row in facts.rows if row["op"] == "void"}
        once: dict[tuple, Row] = {}
        for row in events:
            once.setdefault(_names(facts, row), row)
        events = [row for name, row in once.items() if name not in void]
    return sorted(events, key=lambda row: row[facts.table.time])


def value(measure: Measure, facts: Facts, who: Row, at: int, asks: Row | None = None) -> Value:
    """One measure for the key of `who` at a moment, see `values`."""
    aggregate, time = measure.aggregate, facts.table.time
    excluded = asks if measure.current is Current.EXCLUDED else None
    rows = [
        row
        for row in standing(facts)
        if all(row[name] == who[name] for name in measure.by or facts.table.key)
        and row is not excluded
        and row[time] <= at
        and (not measure.where or facts.holds[measure.where](row))
        and all(row[name] is not None for name in (*aggregate.numbers, *aggregate.categories))
    ]
    inside = _inside(measure.window, [row[time] for row in rows], at)
    chosen = [row for row, is_in in zip(rows, inside, strict=True) if is_in]
    if isinstance(aggregate, a.NewValues):
        return _new_values(aggregate, rows, chosen, time)
    if isinstance(aggregate, a.PatternCount):
        return _pattern(aggregate, chosen, facts)
    if isinstance(aggregate, a.Count):
        return float(len(chosen))
    if isinstance(aggregate, a.Distinct):
        return _distinct(aggregate, chosen)
    if not chosen:
        return None
    if isinstance(aggregate, a.SinceFirst | a.SinceLast | a.Gap):
        return _of_times(aggregate, [row[time] for row in chosen], at, facts.table.zone)
    numbers = [row[aggregate.field] for row in chosen]
    scale = 10 ** facts.places[aggregate.field]
    if hasattr(aggregate, "over"):
        return _of_groups(aggregate, chosen, scale)
    return _of_numbers(aggregate, numbers, [row[time] for row in chosen], at, scale)


# --- Windows -------------------------------------------------------------------------------------


def _inside(window: w.Window, times: list[int], at: int) -> list[bool]:
    """Which of the events, at rising times up to `at`, lie in a window."""
    match window:
        case w.AllHistory():
            return [True] * len(times)
        case w.Sliding():
            end = at - us(window.ends_before)
            start = end - us(window.length) - window.start_included
            return [start < time <= end for time in times]
        case w.Calendar():
            last = _period(window.period, window.zone, at) - window.ends_before
            periods = [_period(window.period, window.zone, time) for time in times]
            return [last - window.count < period <= last for period in periods]
        case w.LastEvents():
            return [place >= len(times) - window.count for place in range(len(times))]
        case w.Session():
            inside, after, goes_on = [], at, True
            for time in reversed(times):
                goes_on &= after - time <= us(window.gap) and at - time <= us(window.longest)
                inside.append(goes_on)
                after = time
            return inside[::-1]
    raise AssertionError(window)


def us(length: timedelta) -> int:
    """A length in microseconds."""
    return length // timedelta(microseconds=1)


def local_date(time: int, zone: str) -> date:
    """The day on the wall calendar of a zone."""
    return (FIRST + timedelta(microseconds=time)).astimezone(ZoneInfo(zone)).date()


def _period(period: w.Period, zone: str, time: int) -> int:
    day = local_date(time, zone)
    match period:
        case w.Period.DAY:
            return day.toordinal()
        case w.Period.WEEK:
            return (day - timedelta(days=day.weekday())).toordinal() // 7
        case w.Period.MONTH:
            return day.year * 12 + day.month
        case w.Period.QUARTER:
            return day.year * 4 + (day.month - 1) // 3
        case w.Period.YEAR:
            return day.year
    raise AssertionError(period)


# --- Aggregates ----------------------------------------------------------------------------------


def _of_numbers(
    aggregate: a.Aggregate, numbers: list[int], times: list[int], at: int, scale: int
) -> Value:
    """Aggregates of one column of at least one event, in order."""
    count = len(numbers)
    size = max(abs(number) for number in numbers) / scale
    match aggregate:
        case a.Sum():
            return sum(numbers) / scale
        case a.Mean():
            return sum(numbers) / (count * scale)
        case a.Min():
            return min(numbers) / scale
        case a.Max():
            return max(numbers) / scale
        case a.First():
            return numbers[0] / scale
        case a.Last():
            return numbers[-1] / scale
        case a.Deviation():
            return _deviation([Fraction(number, scale) for number in numbers])
        case a.Quantile():
            found = float(np.quantile(np.array(numbers, float), aggregate.share)) / scale
            return Near(found, ROUNDING / 100 * size)
        case a.DecayedSum():
            halvings = [(at - time) / us(aggregate.half_life) for time in times]
            parts = [n / scale * 0.5**h for n, h in zip(numbers, halvings, strict=True)]
            return Near(sum(parts), ROUNDING * sum(abs(part) for part in parts) + TINY)
        case a.Slope():
            return _slope(
                [Fraction(time, us(aggregate.per)) for time in times],
                [Fraction(number, scale) for number in numbers],
            )
    raise AssertionError(aggregate)


def _deviation(numbers: list[Fraction]) -> Value:
    """Sample standard deviation; that of equal numbers is 0 exactly."""
    if len(numbers) < 2:
        return None
    mean = sum(numbers) / len(numbers)
    found = sqrt(sum((number - mean) ** 2 for number in numbers) / (len(numbers) - 1))
    return Near(found, ROUNDING * found)


def _slope(times: list[Fraction], numbers: list[Fraction]) -> Value:
    if len(set(times)) < 2:
        return None
    centre, mean = sum(times) / len(times), sum(numbers) / len(numbers)
    along = sum((time - centre) ** 2 for time in times)
    spread = sum((number - mean) ** 2 for number in numbers)
    across = sum((t - centre) * (n - mean) for t, n in zip(times, numbers, strict=True))
    return Near(float(across / along), ROUNDING * sqrt(spread / along))


def _of_times(aggregate: a.Aggregate, times: list[int], at: int, zone: str) -> Value:
    """Aggregates of the times of at least one event."""

    def between(earlier: int, later: int) -> int | Fraction:
        if aggregate.clock is a.Clock.LOCAL_DAYS:
            return (local_date(later, zone) - local_date(earlier, zone)).days
        return Fraction(later - earlier, 1_000_000)

    gaps = [between(*pair) for pair in pairwise(times)]
    match aggregate:
        case a.SinceFirst():
            return float(between(times[0], at))
        case a.SinceLast():
            return float(between(times[-1], at))
        case a.Gap(statistic=a.GapStatistic.LONGEST):
            return float(max([*gaps, between(times[-1], at)]))
        case a.Gap(statistic=a.GapStatistic.MEAN):
            mean = sum(gaps) / len(gaps) if gaps else None
            return None if mean is None else Near(float(mean), ROUNDING * float(mean))
        case a.Gap(statistic=a.GapStatistic.DEVIATION):
            found = _deviation([Fraction(gap) for gap in gaps])
            return None if found is None else Near(found.value, ROUNDING * float(max(gaps)))
    raise AssertionError(aggregate)


def _distinct(aggregate: a.Distinct, chosen: list[Row]) -> Value:
    count = len({row[aggregate.field] for row in chosen})
    if isinstance(aggregate, a.DistinctApprox):
        return Near(count, 5 * aggregate.error * count)
    return float(count)


def _new_values(aggregate: a.NewValues, rows: list[Row], chosen: list[Row], time: str) -> Value:
    new = 0
    for row in chosen:
        before = rows[: next(place for place, each in enumerate(rows) if each is row)]
        since = row[time] - us(aggregate.lookback)
        seen = {each[aggregate.field] for each in before if each[time] >= since}
        new += row[aggregate.field] not in seen
    return float(new)


def _pattern(aggregate: a.PatternCount, chosen: list[Row], facts: Facts) -> Value:
    is_first, is_then = facts.holds[aggregate.first], facts.holds[aggregate.then]
    time, within = facts.table.time, us(aggregate.within)
    return float(
        sum(
            bool(is_then(row))
            and any(is_first(each) and row[time] - each[time] <= within for each in chosen[:place])
            for place, row in enumerate(chosen)
        )
    )


def _of_groups(aggregate: a.Aggregate, chosen: list[Row], scale: int) -> Value:
    """Aggregates of the sums per group of at least one event."""
    sums: Counter = Counter()
    for row in chosen:
        sums[row[aggregate.over]] += row[aggregate.field]
    match aggregate:
        case a.GroupMean():
            return sum(sums.values()) / (len(sums) * scale)
        case a.GroupMax():
            return max(sums.values()) / scale
        case a.Variation():
            return _variation(sums)
    positive = sorted((total for total in sums.values() if total > 0), reverse=True)
    whole = sum(positive)
    if not whole:
        return None
    match aggregate:
        case a.Hhi():
            found = float(sum(Fraction(total, whole) ** 2 for total in positive))
            return Near(found, ROUNDING * found)
        case a.TopShare():
            return sum(positive[: aggregate.count]) / whole
        case a.RepeatShare():
            periods = defaultdict(set)
            for row in chosen:
                periods[row[aggregate.over]].add(row[aggregate.period])
            kept = [group for group in sums if len(periods[group]) >= aggregate.at_least]
            return sum(max(sums[group], 0) for group in kept) / whole
    raise AssertionError(aggregate)


def _variation(sums: Counter) -> Value:
    totals = [Fraction(sums[period]) for period in range(min(sums), max(sums) + 1)]
    mean = sum(totals) / len(totals)
    if len(totals) < 2 or mean <= 0:
        return None
    found = sqrt(sum((total / mean - 1) ** 2 for total in totals) / len(totals))
    return Near(found, ROUNDING * found)
