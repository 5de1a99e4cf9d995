"""What the stream of decisions looks like from outside: rate, latency, outcomes, rules that spoke.

Rate and latency are by the clock of this machine and begin anew with the process. Outcomes and
rules are by the day of the events; when a folder is opened they are read from its log.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.decisions.flow.in_force import InForce
from headrace.decisions.flow.monitoring import Hits, count_hits, watch
from headrace.decisions.flow.spreading import NOT_ASKED
from headrace.decisions.program.findings import Finding
from headrace.decisions.tables.table import Table

SECOND_US, DAY_US = 1_000_000, 86_400_000_000
SECONDS_KEPT, DAYS_KEPT = 3_600, 60
COMPARED_DAYS = 7
"""The last so many days of events are compared with those before."""

LAST = 50
"""Decisions that are listed."""

PORTION = 250
"""So many decisions are counted at a time."""

LINE = ["decision", "moment", "action", "decided_by", "reason"]
LATENCIES: list[float] = np.geomspace(1e-4, 60, 120).tolist()
"""Upper bounds of latency classes, seconds; each is 12 % above the one before."""


@dataclass
class Second:
    """What was answered within one second."""

    decided: int = 0
    refused: int = 0
    failed: int = 0
    actions: dict[str, int] = field(default_factory=dict)
    latency: list[int] = field(default_factory=lambda: [0] * (len(LATENCIES) + 1))


@dataclass(frozen=True)
class Flow:
    """What was answered in a stretch of time.

    Attributes:
        seconds: How long it is.
        decided: Events decided.
        refused: Events that could not be used.
        failed: Events not answered, because a disk or a store did not take them.
        actions: Decisions by action.
        p50: Half were answered within so many seconds; None where none was.
        p99: 99 of 100.
    """

    seconds: int
    decided: int
    refused: int
    failed: int
    actions: Mapping[str, int]
    p50: float | None
    p99: float | None

    @property
    def per_second(self) -> float:
        """Events decided a second."""
        return self.decided / self.seconds


@dataclass(frozen=True)
class Watched:
    """How often the rules of one version of a table spoke.

    Attributes:
        table: Which.
        now: In the last days of events.
        before: In those before; None where there are none.
        findings: What to look at.
    """

    table: Table
    now: Hits
    before: Hits | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Line:
    """One of the last decisions; the moment of its event in microseconds since 1970, UTC."""

    decision: str
    moment: int
    action: str
    decided_by: str
    reason: str | None


@dataclass(frozen=True, eq=False)
class _Said:
    """What decisions of one version said: moments, actions, and by table the rules that spoke.

    Rules of a table that was not asked are None. Of each decision there is a line.
    """

    moments: NDArray[np.int64]
    actions: Sequence[str]
    spoke: Mapping[str, Sequence[Sequence[int] | None]]
    lines: Sequence[Line]


class LiveWatch:
    """Counts what is decided. Any thread may count, any may look."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._lock, self._settling = Lock(), Lock()
        self._fresh: deque[tuple[pa.Table | Mapping[str, Any], InForce]] = deque()
        self._last: deque[Line] = deque(maxlen=LAST)
        self._seconds: dict[int, Second] = {}
        self._days: dict[int, dict[str, int]] = {}
        self._hits: dict[tuple[str, str], dict[int, Hits]] = {}
        self._tables: dict[tuple[str, str], Table] = {}

    def answered(
        self, now: int, latencies: Sequence[float], actions: Iterable[str], refused: int
    ) -> None:
        """Count what was answered.

        Args:
            now: Microseconds since 1970.
            latencies: Seconds from when each request came, one for each.
            actions: Of each decision.
            refused: Events that could not be used.
        """
        with self._lock:
            second = self._second(now)
            for each in latencies:  # a few at a time: numpy would take longer to begin
                second.latency[bisect_left(LATENCIES, each)] += 1
            second.refused += refused
            for action in actions:
                second.decided += 1
                second.actions[action] = second.actions.get(action, 0) + 1

    def failed(self, now: int, events: int) -> None:
        """Count what was not answered."""
        with self._lock:
            self._second(now).failed += events

    def made(self, record: pa.Table | Mapping[str, Any], version: InForce) -> None:
        """Keep a record, of a batch or of one decision, to be counted by `settle`."""
        self._fresh.append((record, version))

    def settle(self) -> None:
        """Count the rules of all that was kept."""
        while self.settle_some():
            pass

    def settle_some(self) -> bool:
        """Count the rules of some of what was kept: together, and off the way of decisions.

        Returns:
            Whether more is left: while it counts, decisions have half of the processor.
        """
        with self._settling:
            fresh, size = [], 0
            while self._fresh and size < PORTION:
                fresh.append(self._fresh.popleft())
                size += fresh[-1][0].num_rows if isinstance(fresh[-1][0], pa.Table) else 1
            versions = {version.digest: version for _, version in fresh}
            for digest, version in versions.items():
                some = [record for record, made_by in fresh if made_by.digest == digest]
                said = [_said(each, version) for each in some if isinstance(each, pa.Table)]
                alone = [each for each in some if isinstance(each, Mapping)]
                if alone:
                    said.append(_said_alone(alone, version))
                self._count(_joined(said), version)
        return bool(self._fresh)

    def flow(self, now: int, seconds: int) -> Flow:
        """What was answered in the last so many whole seconds, up to `SECONDS_KEPT`."""
        end = now // SECOND_US
        with self._lock:
            found = [self._seconds[at] for at in range(end - seconds, end) if at in self._seconds]
            latency = np.array([each.latency for each in found], np.int64).sum(0)
            actions: dict[str, int] = {}
            for each in found:
                for name, count in each.actions.items():
                    actions[name] = actions.get(name, 0) + count
        return Flow(
            seconds,
            sum(each.decided for each in found),
            sum(each.refused for each in found),
            sum(each.failed for each in found),
            actions,
            _quantile(latency, 0.50),
            _quantile(latency, 0.99),
        )

    def rates(self, now: int, seconds: int, step: int) -> list[tuple[int, float]]:
        """Decisions a second, for each stretch of `step` seconds: its start, and the rate."""
        end = now // SECOND_US // step * step
        with self._lock:
            return [
                (start * SECOND_US, sum(
                    self._seconds[at].decided
                    for at in range(start, start + step) if at in self._seconds
                ) / step)
                for start in range(end - seconds, end, step)
            ]  # fmt: skip

    def last(self) -> list[Line]:
        """The last decisions, newest first."""
        with self._lock:
            return list(reversed(self._last))

    def days(self) -> list[tuple[int, Mapping[str, int]]]:
        """Decisions by action, for each day of events (UTC): its start, microseconds."""
        with self._lock:
            return [(day * DAY_US, dict(self._days[day])) for day in sorted(self._days)]

    def rules(self) -> list[Watched]:
        """How often rules spoke, each version of a table apart, and what to look at."""
        with self._lock:
            found = [(self._tables[key], dict(by_day)) for key, by_day in self._hits.items()]
        return [_watched(table, by_day) for table, by_day in found if by_day]

    def _second(self, now: int) -> Second:
        at = now // SECOND_US
        if at not in self._seconds:
            for old in [each for each in self._seconds if each < at - SECONDS_KEPT]:
                del self._seconds[old]
            self._seconds[at] = Second()
        return self._seconds[at]

    def _count(self, said: _Said, version: InForce) -> None:
        days = said.moments // DAY_US
        tables = version.program.policy.tables
        counted = {
            name: _by_day(tables[name], rules, said.moments, days)
            for name, rules in said.spoke.items()
        }
        with self._lock:
            self._last.extend(said.lines)
            for day, word in zip(days.tolist(), said.actions, strict=True):
                by_action = self._days.setdefault(day, {})
                by_action[word] = by_action.get(word, 0) + 1
            _forget(self._days)
            for name, by_day in counted.items():
                for day, hits in by_day.items():
                    key = name, hits.digest
                    self._tables[key] = tables[name]
                    held = self._hits.setdefault(key, {})
                    held[day] = held[day] + hits if day in held else hits
                    _forget(held)


def _said_alone(records: Sequence[Mapping[str, Any]], version: InForce) -> _Said:
    """What records of one decision each say of rules."""
    return _Said(
        np.array([each["moment"] for each in records]),
        [each["action"] for each in records],
        {
            name: [each["fired"].get(name) for each in records]
            for name in version.program.policy.tables
        },
        [Line(**{name: each[name] for name in LINE}) for each in records[-LAST:]],
    )


def _said(record: pa.Table, version: InForce) -> _Said:
    """What a batch's record says of rules; see `headrace.decisions.flow.record`."""
    tables = version.program.policy.tables
    last = record.slice(max(0, record.num_rows - LAST)).select(LINE).to_pylist()
    nobody = [None] * record.num_rows
    names = set(record.column_names)
    return _Said(
        record["moment"].to_numpy(),
        record["action"].cast(pa.string()).to_pylist(),
        {
            name: record[f"fired:{name}"].to_pylist() if f"fired:{name}" in names else nobody
            for name in tables
        },
        [Line(**each) for each in last],
    )


def _joined(several: Sequence[_Said]) -> _Said:
    """All of one version, one behind the other."""
    names = several[0].spoke
    return _Said(
        np.concatenate([each.moments for each in several]),
        [word for each in several for word in each.actions],
        {name: [rules for each in several for rules in each.spoke[name]] for name in names},
        [line for each in several for line in each.lines][-LAST:],
    )


def _by_day(
    table: Table,
    rules: Sequence[Sequence[int] | None],
    moments: NDArray[np.int64],
    days: NDArray[np.int64],
) -> dict[int, Hits]:
    """What the rules of a table said, by day."""
    found = {}
    for day in np.unique(days).tolist():
        places = np.flatnonzero(days == day)
        said = [rules[at] for at in places.tolist()]
        first = np.array(
            [NOT_ASKED if each is None else each[0] if each else 0 for each in said], np.int32
        )
        at = np.cumsum([0, *(len(each or ()) for each in said)])
        flat = np.array([rule for each in said for rule in each or ()], np.int32)
        edges = (day * DAY_US, (day + 1) * DAY_US)
        found[day] = count_hits(table, first, moments[places], edges, (flat, at))[0]
    return found


def _forget(by_day: dict[int, Any]) -> None:
    while len(by_day) > DAYS_KEPT:
        del by_day[min(by_day)]


def _watched(table: Table, by_day: Mapping[int, Hits]) -> Watched:
    last = max(by_day)
    now = [hits for day, hits in sorted(by_day.items()) if day > last - COMPARED_DAYS]
    before = [hits for day, hits in sorted(by_day.items()) if day <= last - COMPARED_DAYS]
    history = [_together(each) for each in (before, now) if each]
    return Watched(
        table, history[-1], history[0] if len(history) > 1 else None, watch(history, table)
    )


def _together(several: Sequence[Hits]) -> Hits:
    whole = several[0]
    for each in several[1:]:
        whole = whole + each
    return whole


def _quantile(classes: NDArray[np.int64], share: float) -> float | None:
    """The upper bound of the class in which the quantile lies; None of nothing."""
    total = int(classes.sum())
    if not total:
        return None
    at = int(np.searchsorted(np.cumsum(classes), share * total))
    return float(LATENCIES[min(at, len(LATENCIES) - 1)])
