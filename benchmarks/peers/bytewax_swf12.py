"""SWF-12 by Bytewax with state written by hand, because it has no sliding event-time windows.

Per card and width: the events inside (a deque), exact integer sums of the amounts and of their
squares, a monotonic queue for each of min and max, a count per merchant. See peer.py. Reading a
Python list and writing to one are measured. Recovery is off, and so is Python's collector of
cycles, of which there are none: that doubles the rate.
"""

import gc
import importlib.metadata
import math
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bytewax.operators as op
import numpy as np
import pyarrow.parquet as pq
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, cluster_main, run_main
from numpy.typing import NDArray
from peer import Peer, run
from workloads.swf12 import Query

BATCH = 1_000
"""Events handed to Bytewax at a time; one at a time, the default, takes a third longer."""

Event = tuple[int, int, int]
"""Event time in ms, amount in minor units, merchant."""


class Window:
    """What is inside the last `width` ms of one card; both ends belong to it."""

    def __init__(self, width: int, measures: tuple[str, ...]) -> None:
        self.width = width
        self.inside: deque[Event] = deque()
        self.total = self.squares = 0
        self.least: deque[Event] = deque()
        self.most: deque[Event] = deque()
        self.merchants: Counter[int] = Counter()
        self.parts = [PARTS[part] for part in ("min", "max", "distinct") if part in measures]
        self.answers = [ANSWERS[measure] for measure in measures]

    def push(self, event: Event) -> list[float]:
        """Let the event in and those too old out; the value of each measure."""
        self.inside.append(event)
        self.total += event[1]
        self.squares += event[1] ** 2
        before = event[0] - self.width
        gone = []
        while self.inside[0][0] < before:
            old = self.inside.popleft()
            self.total -= old[1]
            self.squares -= old[1] ** 2
            gone.append(old)
        for part in self.parts:
            part(self, event, gone)
        return [answer(self) for answer in self.answers]

    def keep_least(self, event: Event, _gone: list[Event]) -> None:
        """Only events that may still become the least stay."""
        while self.least and self.least[-1][1] >= event[1]:
            self.least.pop()
        self.least.append(event)
        while self.least[0][0] < event[0] - self.width:
            self.least.popleft()

    def keep_most(self, event: Event, _gone: list[Event]) -> None:
        """Only events that may still become the most stay."""
        while self.most and self.most[-1][1] <= event[1]:
            self.most.pop()
        self.most.append(event)
        while self.most[0][0] < event[0] - self.width:
            self.most.popleft()

    def count_merchants(self, event: Event, gone: list[Event]) -> None:
        """Merchants with no event left inside go."""
        self.merchants[event[2]] += 1
        for old in gone:
            self.merchants[old[2]] -= 1
            if not self.merchants[old[2]]:
                del self.merchants[old[2]]

    def deviation(self) -> float:
        """Of the sample, from exact integers; NaN for one event."""
        n = len(self.inside)
        if n < 2:
            return math.nan
        return math.sqrt((n * self.squares - self.total**2) / (n * (n - 1)))


PARTS: dict[str, Callable[[Window, Event, list[Event]], None]] = {
    "min": Window.keep_least,
    "max": Window.keep_most,
    "distinct": Window.count_merchants,
}
ANSWERS: dict[str, Callable[[Window], float]] = {
    "count": lambda window: len(window.inside),
    "sum": lambda window: window.total,
    "min": lambda window: window.least[0][1],
    "max": lambda window: window.most[0][1],
    "deviation": Window.deviation,
    "distinct": lambda window: len(window.merchants),
}


def load(path: Path, query: Query, threads: int) -> tuple[Dataflow, list[Any], Query, int]:
    """The flow from a list of events to a list of values."""
    table = pq.read_table(path)
    names = ("ts", "amount_minor", "merchant")
    events = zip(*(table[name].to_pylist() for name in names), strict=True)
    keys = map(str, table["card"].to_pylist())
    found: list[Any] = []

    def value(windows: list[Window] | None, event: Event) -> tuple[list[Window], Any]:
        if windows is None:
            windows = [Window(width, query.measures) for _, width in query.windows]
        return windows, (event[0], [each for window in windows for each in window.push(event)])

    flow = Dataflow("swf12")
    pairs = list(zip(keys, events, strict=True))
    stream = op.input("events", flow, TestingSource(pairs, batch_size=BATCH))
    op.output("values", op.stateful_map("windows", stream, value), TestingSink(found))
    gc.disable()
    return flow, found, query, threads


def compute(loaded: tuple[Dataflow, list[Any], Query, int]) -> tuple[list[Any], Query]:
    """Run the flow to its end."""
    flow, found, query, threads = loaded
    if threads == 1:
        run_main(flow)
    else:
        cluster_main(flow, [], 0, worker_count_per_proc=threads)
    return found, query


def column(result: tuple[list[Any], Query], name: str) -> NDArray[Any]:
    """A column of the result; NaN stands for null."""
    found, query = result
    if name == "card":
        return np.array([int(key) for key, _ in found])
    if name == "ts":
        return np.array([ts for _, (ts, _) in found])
    at = [each for each, _, _ in query.columns].index(name)
    return np.array([values[at] for _, (_, values) in found])


if __name__ == "__main__":
    run(
        Peer(
            "bytewax", importlib.metadata.version("bytewax"), load, compute, column, stays_up=False
        )
    )
