"""The batch engine: definitions and events in, one row of features per party out.

Work that several definitions share (a filter and window, sums per group) is done once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.features import kernels
from headrace.features.definition import (
    Aggregate,
    Definition,
    Measure,
    Over,
    Ratio,
    Window,
    check_definitions,
)
from headrace.features.events import Events

Values = NDArray[np.float64]
COLUMN_OF = {
    Over.COUNTERPARTY: "counterparty",
    Over.MONTH: "month",
    Over.QUARTER_OF_YEAR: "quarter",
}


def compute(definitions: Sequence[Definition], events: Events, as_of: datetime) -> pa.Table:
    """Feature values of every party, as of the moment the events were cut at.

    Returns:
        One row a party, in the order of `events.parties`: party (text), as_of (instant), then a
        double per definition; null means missing (nothing to compute from), never zero.
    """
    check_definitions(definitions)
    plan = _Shared(events)
    values: dict[str, Values] = {}
    for definition in definitions:
        if isinstance(definition, Ratio):
            values[definition.name] = _ratio(values, definition)
        else:
            values[definition.name] = _measure(plan, definition)
    columns: dict[str, pa.Array] = {
        "party": pa.array(events.parties, pa.string()),
        "as_of": pa.array([as_of] * len(events.parties), pa.timestamp("us", "UTC")),
    }
    for name, value in values.items():
        columns[name] = pa.array(value, pa.float64(), mask=np.isnan(value))
    return pa.table(columns)


@dataclass(frozen=True)
class Used:
    """Which facts stand behind one feature, per party: arrays of (n,).

    Attributes:
        facts: How many; 0 where there are none.
        first_day: Days since 1970-01-01 of the first; meaningless where there are none.
        last_day: Of the last.
    """

    facts: NDArray[np.int64]
    first_day: NDArray[np.int64]
    last_day: NDArray[np.int64]


def facts_used(
    names: Sequence[str], definitions: Sequence[Definition], events: Events
) -> list[Used]:
    """How many facts, and from when to when, stand behind each of the features named.

    A ratio rests on the facts of both its sides.
    """
    used = []
    for name in names:
        chosen = _union(measures_behind(name, definitions), events)
        key, day = events.party[chosen], events.columns["day"][chosen]
        n = len(events.parties)
        used.append(
            Used(
                facts=kernels.counts(key, n),
                first_day=kernels.minima(key, day, n, 0),
                last_day=kernels.maxima(key, day, n, 0),
            )
        )
    return used


def events_used(
    name: str, definitions: Sequence[Definition], events: Events, party: str
) -> NDArray[np.int64]:
    """Positions of the events of `party` that stand behind the feature of that name."""
    chosen = _union(measures_behind(name, definitions), events)
    mine: NDArray[np.int64] = chosen[events.party[chosen] == events.parties.index(party)]
    return mine


def measures_behind(name: str, definitions: Sequence[Definition]) -> list[Measure]:
    """The measures a feature is made of; empty for one that is not computed from events."""
    by_name = {definition.name: definition for definition in definitions}
    definition = by_name.get(name)
    if isinstance(definition, Ratio):
        return [
            measure
            for part in (definition.numerator, definition.denominator)
            for measure in measures_behind(part, definitions)
        ]
    return [] if definition is None else [definition]


def _union(measures: Sequence[Measure], events: Events) -> NDArray[np.int64]:
    mask = np.zeros(events.party.size, np.bool_)
    for measure in measures:
        mask[_select(events, measure.where, measure.window)] = True
    return np.flatnonzero(mask).astype(np.int64)


def _select(events: Events, where: tuple[str, ...], window: Window) -> NDArray[np.int64]:
    mask = np.ones(events.party.size, np.bool_)
    for flag in where:
        mask &= events.flags[flag]
    last = events.as_of_day - window.ends_before
    if window.ends_before:
        mask &= events.columns["day"] <= last
    if window.days is not None:
        mask &= events.columns["day"] > last - window.days
    return np.flatnonzero(mask).astype(np.int64)


class _Shared:
    """Selections and group sums that several measures need, computed once."""

    def __init__(self, events: Events) -> None:
        self.events = events
        self.n = len(events.parties)
        self._selected: dict[object, NDArray[np.int64]] = {}
        self._grouped: dict[object, tuple[kernels.Ints, kernels.Ints, kernels.Ints]] = {}

    def selected(self, measure: Measure) -> NDArray[np.int64]:
        at = (measure.where, measure.window)
        if at not in self._selected:
            self._selected[at] = _select(self.events, *at)
        return self._selected[at]

    def key(self, measure: Measure) -> kernels.Ints:
        return self.events.party[self.selected(measure)]

    def column(self, measure: Measure, name: str) -> kernels.Ints:
        return self.events.columns[name][self.selected(measure)]

    def grouped(
        self, measure: Measure, over: Over
    ) -> tuple[kernels.Ints, kernels.Ints, kernels.Ints]:
        """Keys, groups and exact sums of the measure's field per group (events if no field)."""
        at = (measure.where, measure.window, over, measure.field)
        if at not in self._grouped:
            key = self.key(measure)
            field = measure.field
            value = np.ones_like(key) if field is None else self.column(measure, field)
            self._grouped[at] = kernels.group(key, self.column(measure, COLUMN_OF[over]), value)
        return self._grouped[at]


def _measure(plan: _Shared, measure: Measure) -> Values:
    if measure.over is not None:
        return _over_groups(plan, measure, measure.over)
    key = plan.key(measure)
    now = plan.events.as_of_day
    n = plan.n
    count = kernels.counts(key, n)
    match measure.aggregate:
        case Aggregate.COUNT:
            return count.astype(np.float64)
        case Aggregate.DAYS_SINCE_FIRST:
            return _known(now - kernels.minima(key, plan.column(measure, "day"), n, 0), count)
        case Aggregate.DAYS_SINCE_LAST:
            return _known(now - kernels.maxima(key, plan.column(measure, "day"), n, 0), count)
        case Aggregate.GAP_DAYS_MAX:
            return _known(kernels.longest_gap(key, plan.column(measure, "day"), now, n), count)
    value = plan.column(measure, measure.field or "")
    if measure.aggregate is Aggregate.MAX:
        return _known(kernels.maxima(key, value, n, 0), count)
    total = kernels.sums(key, value, n)
    if measure.aggregate is Aggregate.SUM:
        return _known(total, count)
    return _known(total / np.maximum(count, 1), count)


def _over_groups(plan: _Shared, measure: Measure, over: Over) -> Values:
    n = plan.n
    key, part, total = plan.grouped(measure, over)
    count = kernels.counts(key, n)
    match measure.aggregate:
        case Aggregate.COUNT:
            return count.astype(np.float64)
        case Aggregate.HHI:
            return kernels.concentration(key, total, n)[0]
        case Aggregate.TOP_SHARE:
            return kernels.concentration(key, total, n)[1]
        case Aggregate.VARIATION:
            return kernels.variation(key, part, total, n)
        case Aggregate.REPEAT_SHARE:
            return kernels.repeat_share(_months_active(plan, measure, over), key, total, n)
        case Aggregate.MAX:
            return _known(kernels.maxima(key, total, n, np.iinfo(np.int64).min), count)
    whole = kernels.sums(key, total, n)
    return _known(whole / np.maximum(count, 1), count)


def _months_active(plan: _Shared, measure: Measure, over: Over) -> kernels.Ints:
    """In how many months each group of `plan.grouped` has an event, (m,)."""
    key = plan.key(measure)
    part = plan.column(measure, COLUMN_OF[over])
    width = int(part.max()) + 1 if part.size else 1
    pair = kernels.group(key * width + part, plan.column(measure, "month"), np.ones_like(key))[0]
    return np.asarray(np.diff(np.append(kernels.starts(pair), pair.size)), np.int64)


def _known(value: NDArray[np.generic], count: kernels.Ints) -> Values:
    """Doubles, NaN where there was no event to compute from."""
    return np.where(count > 0, value.astype(np.float64), np.nan)


def _ratio(values: dict[str, Values], ratio: Ratio) -> Values:
    top, bottom = values[ratio.numerator], values[ratio.denominator]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(bottom > 0, top / bottom, np.nan)
