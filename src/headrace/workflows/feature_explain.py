"""One feature of one key at one moment: its value, its window, and the events it was made of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.facts.localtime import instant_of, local_from_utc, microseconds
from headrace.features.aggregates import Count
from headrace.features.compile import period_starts
from headrace.features.definition import FeatureSet, Measure, Table
from headrace.features.engines.batch import History
from headrace.features.explain import Behind, events_behind, explain
from headrace.features.windows import (
    ALL_HISTORY,
    Calendar,
    LastEvents,
    Session,
    Sliding,
)

Ints = NDArray[np.int64]
COUNTED = "counted"


@dataclass(frozen=True)
class Span:
    """Where a window begins and ends, UTC.

    Attributes:
        start: None: it reaches back without bound.
        end: The end.
        start_included: Whether an event at the start counts.
        end_included: Whether one at the end does.
    """

    start: datetime | None
    end: datetime
    start_included: bool
    end_included: bool

    def words(self, zone: str) -> str:
        """The window on the clock of a zone: "2018-04-01 00:00:00 < time ≤ ..."."""
        tail = f"time {'≤' if self.end_included else '<'} {local_text(self.end, zone)}"
        if self.start is None:
            return tail
        return f"{local_text(self.start, zone)} {'≤' if self.start_included else '<'} {tail}"


@dataclass(frozen=True)
class Part:
    """One measure behind a feature.

    Attributes:
        name: Of the measure.
        definition: Read aloud.
        value: None if missing.
        zone: Whose clock times are shown on.
        span: The window; None for one of the last events before there is any.
        events: Newest first: the local time, then columns as they are in the data; with
            `counted` where also the events are listed that the filter leaves out.
        count: Events that count.
    """

    name: str
    definition: str
    value: float | None
    zone: str
    span: Span | None
    events: pa.Table
    count: int


@dataclass(frozen=True)
class Answer:
    """One feature of one key at one moment.

    Attributes:
        feature: Its name.
        key: Column and value, as asked.
        at: The moment, UTC.
        zone: Whose clock it was asked on.
        definition: Read aloud.
        value: None if missing.
        arithmetic: How it follows from its parts, in words; "" for a measure.
        parts: The measures it rests on.
        latest: The last event or news that was given at all, UTC; None: there is none.
    """

    feature: str
    key: Mapping[str, str]
    at: datetime
    zone: str
    definition: str
    value: float | None
    arithmetic: str
    parts: tuple[Part, ...]
    latest: datetime | None

    def to_dict(self, limit: int) -> dict[str, Any]:
        """For --json, with the newest `limit` events of each part."""
        return {
            "feature": self.feature,
            "key": dict(self.key),
            "at": self.at.isoformat(),
            "zone": self.zone,
            "value": self.value,
            "definition": self.definition,
            "arithmetic": self.arithmetic,
            "parts": [_part_dict(part, limit) for part in self.parts],
        }


def _part_dict(part: Part, limit: int) -> dict[str, Any]:
    span = part.span
    bounds = span and {
        "start": None if span.start is None else local_text(span.start, part.zone),
        "start_included": span.start_included,
        "end": local_text(span.end, part.zone),
        "end_included": span.end_included,
        "zone": part.zone,
    }
    return {
        "name": part.name,
        "definition": part.definition,
        "value": part.value,
        "window": bounds,
        "counted": part.count,
        "events": part.events.slice(0, limit).to_pylist(),
    }


def key_columns(feature_set: FeatureSet, feature: str) -> tuple[str, ...]:
    """The columns that say whose value a feature is."""
    measures = feature_set.measures_behind(feature)
    keys = [name for measure in measures for name in feature_set.key_of(measure)]
    return tuple(dict.fromkeys(keys))


def read_key(text: str, columns: tuple[str, ...]) -> dict[str, str]:
    """A key as a person writes it: "E12" where one column is the key, else "a=7,b=9".

    Raises:
        InputError: It names other columns than those of the key.
    """
    remedy = f"write {','.join(f'{name}=…' for name in columns)}"
    if len(columns) == 1 and not text.startswith(f"{columns[0]}="):
        return {columns[0]: text}
    pairs = [part.partition("=") for part in text.split(",")]
    found = {name.strip(): value.strip() for name, _, value in pairs}
    if set(found) != set(columns) or len(pairs) != len(columns):
        raise InputError(f"the key is of {', '.join(columns)}", where=text, remedy=remedy)
    return {name: found[name] for name in columns}


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        feature: Which.
        key: Column and value.
        at: The moment, UTC; nothing known later is used.
        zone: Whose clock it was asked on.
        all_events: Whether events in the window that the filter leaves out are listed too.
    """

    feature: str
    key: Mapping[str, str]
    at: datetime
    zone: str
    all_events: bool = False


def answer(
    feature_set: FeatureSet,
    history: History,
    originals: Mapping[str, pa.Table],
    question: Question,
) -> Answer:
    """Compute one feature again, and list the events it was made of.

    Args:
        feature_set: Where it is defined.
        history: The facts.
        originals: The same events as they are shown, by table name and in the same order.
        question: What is asked.

    Raises:
        InputError: No event is of this key.
    """
    wanted = feature_set.only([question.feature])
    asked = _key_table(wanted, history, question)
    mine, rows = _of_key(wanted, history, asked)
    _check_known(wanted, history, mine, question)
    found = explain(wanted, mine, question.feature, asked, question.at)
    shown = {name: originals[name].take(pa.array(at)) for name, at in rows.items()}
    desk = _Desk(wanted, mine, shown, asked, question)
    return Answer(
        question.feature,
        question.key,
        question.at,
        question.zone,
        found.definition,
        found.value,
        found.arithmetic,
        tuple(desk.part(each) for each in found.behind),
        _latest(wanted, history),
    )


def _key_table(feature_set: FeatureSet, history: History, question: Question) -> pa.Table:
    """The key as the events hold it: text or whole numbers."""
    columns = {}
    for name, value in question.key.items():
        kinds = [
            table[name].type for table in history.events.values() if name in table.column_names
        ]
        kind = pa.string() if not kinds or pa.types.is_dictionary(kinds[0]) else kinds[0]
        try:
            columns[name] = pa.array([value]).cast(kind)
        except pa.ArrowInvalid as error:
            raise InputError(
                f"{value!r} is no {name}", where="the key", remedy=f"{name} holds {kind}"
            ) from error
    return pa.table(columns)


def _of_key(
    feature_set: FeatureSet, history: History, asked: pa.Table
) -> tuple[History, dict[str, Ints]]:
    """The events that share a key with the question, and where they stand among all."""
    events, rows = {}, {}
    spaces = {
        (feature_set.table_of(each), feature_set.key_of(each))
        for each in feature_set.definitions
        if isinstance(each, Measure)
    }
    for table in {table.name: table for table, _ in spaces}.values():
        given = history.events[table.name]
        mask = np.zeros(given.num_rows, np.bool_)
        for name, by in spaces:
            if name == table:
                mask |= _equal(given, asked, by)
        rows[table.name] = np.flatnonzero(mask)
        events[table.name] = given.take(pa.array(rows[table.name]))
    return History(events, history.voids), rows


def _equal(given: pa.Table, asked: pa.Table, by: tuple[str, ...]) -> NDArray[np.bool_]:
    mask = np.ones(given.num_rows, np.bool_)
    for name in by:
        if name in given.column_names:  # a derived key is worked out by the engine
            column = given[name]
            if pa.types.is_dictionary(column.type):
                column = column.cast(column.type.value_type)
            same = pc.equal(column, asked[name][0].cast(column.type))
            mask &= np.asarray(pc.fill_null(same, fill_value=False).to_numpy(), np.bool_)
    return mask


def _check_known(
    feature_set: FeatureSet, history: History, mine: History, question: Question
) -> None:
    if any(table.num_rows for table in mine.events.values()):
        return
    examples = []
    for name in question.key:
        for table in history.events.values():
            if name in table.column_names and table.num_rows:
                values = pc.unique(table[name].slice(0, 1000)).slice(0, 3).to_pylist()
                examples.append(f"{name} is for example {', '.join(map(str, values))}")
                break
    said = ",".join(f"{name}={value}" for name, value in question.key.items())
    raise InputError(
        f"no event is of {said}",
        where="the events given",
        remedy="; ".join(examples) or "give more events",
    )


def _latest(feature_set: FeatureSet, history: History) -> datetime | None:
    """When the last event happened or became known."""
    found = [
        pc.max(history.events[table.name][name]).as_py()
        for table in feature_set.tables
        for name in (table.time, table.known)
        if name is not None and table.name in history.events
    ]
    return max((each for each in found if each is not None), default=None)


class _Desk:
    """Lays the events of one question side by side."""

    def __init__(
        self,
        feature_set: FeatureSet,
        history: History,
        shown: Mapping[str, pa.Table],
        key: pa.Table,
        question: Question,
    ) -> None:
        self.feature_set, self.history, self.shown = feature_set, history, shown
        self.key, self.question = key, question

    def part(self, behind: Behind) -> Part:
        """One measure with its events."""
        rows, table = behind.rows, behind.table
        times = self._times(table)
        span = self._span(behind, times)
        listed = self._all(behind, times) if self.question.all_events else rows
        newest = listed[np.argsort(-times[listed], kind="stable")]
        events = self.shown[table.name].take(pa.array(newest))
        names = [each for each in events.column_names if each not in (table.time, table.known)]
        columns = {table.time: _texts(times[newest], table.zone)}
        if table.known is not None:
            columns[table.known] = _texts(self._instants(table, table.known)[newest], table.zone)
        columns |= {name: events[name] for name in names}
        if self.question.all_events:
            columns[COUNTED] = pa.array(np.isin(newest, rows))
        return Part(
            behind.measure.name,
            behind.measure.read_aloud(),
            behind.value,
            table.zone,
            span,
            pa.table(columns),
            len(rows),
        )

    def _times(self, table: Table) -> Ints:
        return self._instants(table, table.time)

    def _instants(self, table: Table, name: str) -> Ints:
        column = self.history.events[table.name][name].cast(pa.timestamp("us", "UTC"))
        return np.asarray(pc.fill_null(column.cast(pa.int64()), 0).to_numpy(), np.int64)

    def _all(self, behind: Behind, times: Ints) -> Ints:
        """Every event in the window, whether the filter lets it pass or not."""
        measure = behind.measure
        counts_events = isinstance(measure.window, LastEvents | Session)
        window = ALL_HISTORY if counts_events else measure.window
        unfiltered = replace(measure, aggregate=Count(), where="", window=window)
        rows = events_behind(self.feature_set, unfiltered, self.history, self.key, self.question.at)
        if counts_events:
            first = times[behind.rows].min() if behind.rows.size else np.iinfo(np.int64).max
            rows = rows[times[rows] >= first]
        return rows

    def _span(self, behind: Behind, times: Ints) -> Span | None:
        at, window = self.question.at, behind.measure.window
        match window:
            case Sliding(length=length, ends_before=before, start_included=included):
                return Span(at - before - length, at - before, included, end_included=True)
            case Calendar():
                return calendar_span(window, behind.table.zone, at)
            case LastEvents() | Session():
                if not behind.rows.size:
                    return None
                first = instant_of(int(times[behind.rows].min()))
                return Span(first, at, start_included=True, end_included=True)
            case _:
                return Span(None, at, start_included=False, end_included=True)


def calendar_span(window: Calendar, zone: str, at: datetime) -> Span:
    """The bounds of a calendar window, seen from a moment.

    Args:
        window: The window.
        zone: Of the table, for a window that names none.
        at: The moment, UTC.
    """
    starts = period_starts(window.period, window.zone or zone)
    now = int(np.searchsorted(starts, microseconds(at), side="right")) - 1
    first = max(now - window.ends_before - window.count + 1, 0)
    start = instant_of(int(starts[first]))
    if not window.ends_before:
        return Span(start, at, start_included=True, end_included=True)
    after = max(now - window.ends_before + 1, 0)
    end = instant_of(int(starts[after]))
    return Span(start, end, start_included=True, end_included=False)


def local_text(moment: datetime, zone: str) -> str:
    """An instant on the clock of a zone: "2018-04-01 08:30:00"."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat(sep=" ")


def _texts(times: Ints, zone: str) -> pa.Array:
    local = pa.array(local_from_utc(times, zone), pa.timestamp("us"))
    texts = pc.strftime(local, "%Y-%m-%d %H:%M:%S")
    return pc.replace_substring_regex(texts, r"\.0+$", "")
