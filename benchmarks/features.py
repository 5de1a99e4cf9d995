"""The feature engine measured: replay, live, late, hot, wide, and asked at chosen moments.

    python benchmarks/features.py [--quick] [--json] [--strict] [--only TEXT] [--size EVENTS]

The workload is SWF-12 and its variants (workloads/swf12.py), made from seeds; peers (peers/) run
in the same invocation, turn about, those whose environments are there (`make bench-peers`). Each
measurement is a process of its own. Equal work is proved: an engine whose values hash differently
from the others' is an error, and the run ends with status 1. --size is the number of events of the
year and wide workloads, 20 M unless said; --quick takes small ones. Progress goes to standard
error. Each result is {metric, value, unit, bar, holds, peers, hash, data, command}; `peers` are in
the unit of the value, `bar` is null where nothing was promised.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

PEERS = Path(__file__).parent / "peers"
sys.path.insert(0, str(PEERS))  # for peer.py; processes started from here inherit it

from measures import asked, known_swf12, live_swf12  # noqa: E402 - needs the path above
from measures.calling import apart, here  # noqa: E402 - needs the path above
from measures.commandline import line, parser, run, say  # noqa: E402
from measures.found import DisagreementError, Found, agreed  # noqa: E402
from workloads import swf12  # noqa: E402

PYTHONS = {
    "headrace": Path(sys.executable),
    "duckdb": Path(sys.executable),
    **{name: PEERS / f".venv-{name}" / "bin" / "python" for name in ("polars", "flink", "bytewax")},
}
LIMIT_SECONDS = 1_800
"""No peer is waited for longer."""

BARS: dict[str, tuple[str, float] | None] = {
    "swf12_replay_events_per_cpu_second": (">=", 3.5e6),
    "swf12_year_15_events_per_second": (">=", 3e6),
    "swf12_year_30_events_per_second": (">=", 1e6),
    "swf12_live_events_per_cpu_second": (">=", 1e6),
    "single_event_p50_seconds": ("<=", 20e-6),
    "single_event_p99_seconds": ("<=", 200e-6),
    "single_event_durable_p50_seconds": None,
    "single_event_durable_p99_seconds": ("<=", 5e-3),
    "swf12_hot_p99_seconds": ("<=", 1e-3),
    "swf12_hot_bytes_per_event": ("<=", 32),
    "swf12_wide_bytes": ("<=", 8e9),
    "swf12_wide_time_ratio": ("<=", 1.5),
    "swf12_wide_events_per_cpu_second": None,
    "swf12_late_events_per_second": (">=", 0.5e6),
    "swf12_late_live_events_per_second": None,
    "swf12_void_events_per_second": (">=", 0.5e6),
    "training_set_ratio": (">=", 5),
    "wide_request_p50_seconds": ("<=", 2e-3),
    "wide_request_p99_seconds": None,
    "wide_request_requests_per_second": (">=", 1_000),
}
"""Every metric, and what was promised of it."""


@dataclass(frozen=True)
class Size:
    """How much of everything.

    Attributes:
        peers: Quick engines beside ours.
        rounds: Times that they and ours run, turn about; the median counts.
        published: Events of SWF-12, live, late and void.
        slow: Events for the peers that would take minutes.
        year: Events of a year.
        year_peers: Events of a year for peers that count distinct values by walking windows.
        single: Events in the open loop.
        hot: Events of the hot key.
        hot_asked: Updates and reads of it that are measured.
        wide: Events of many cards.
        cards: How many.
        labels: Labels of the training set, and events behind them.
        applicants: Applicants of the wide request.
        requests: Requests for one of them.
    """

    peers: tuple[str, ...]
    rounds: int
    published: int
    slow: int
    year: int
    year_peers: int
    single: int
    hot: int
    hot_asked: int
    wide: int
    cards: int
    labels: int
    applicants: int
    requests: int


FULL = Size(
    peers=("duckdb", "polars"), rounds=5, published=1_000_000, slow=200_000, year=20_000_000,
    year_peers=2_000_000, single=20_000, hot=1_000_000, hot_asked=2_000, wide=20_000_000,
    cards=10_000_000, labels=1_000_000, applicants=2_000, requests=2_000,
)  # fmt: skip
QUICK = Size(
    peers=("duckdb",), rounds=1, published=20_000, slow=0, year=20_000, year_peers=20_000,
    single=1_000, hot=20_000, hot_asked=200, wide=40_000, cards=10_000, labels=5_000,
    applicants=50, requests=50,
)  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """Every measurement at one size.

    Attributes:
        size: How much.
        folder: Where files of events lie.
        call: How a measurement is called: `here` or `apart`.
    """

    size: Size
    folder: Path
    call: Callable[..., Found] = apart

    def groups(self) -> dict[str, Callable[[], Iterator[dict[str, Any]]]]:
        """What can be measured at once, by the beginning of its metrics."""
        return {
            "swf12_replay": self.replay,
            "swf12_year_15": lambda: self.year(15),
            "swf12_year_30": lambda: self.year(30),
            "swf12_live": self.live,
            "single_event": self.single,
            "swf12_hot": self.hot,
            "swf12_wide": self.wide,
            "swf12_late": self.late,
            "swf12_void": self.void,
            "training_set": self.training_set,
            "wide_request": self.wide_request,
        }

    def replay(self) -> Iterator[dict[str, Any]]:
        """SWF-12 over history, one thread; peers turn about with us."""
        path = self._published(self.size.published)
        runs: dict[str, list[dict[str, Any]]] = {}
        for _ in range(self.size.rounds):
            for engine in ("headrace", *self.size.peers):
                done = _run(engine, path, 12, 1)
                runs.setdefault(engine, []).extend([done] if done else [])
        runs = {engine: done for engine, done in runs.items() if done}
        digest = agreed("SWF-12", **{engine: done[0]["hash"] for engine, done in runs.items()})
        rates = {
            engine: statistics.median(one["events"] / one["cpu_seconds"] for one in done)
            for engine, done in runs.items()
        }
        yield _result(
            "swf12_replay_events_per_cpu_second",
            rates.pop("headrace"),
            "events/CPU-s",
            digest,
            f"{self.size.published:,} events, median of {self.size.rounds}",
            {**rates, **self._slow_peers},
        )

    @cached_property
    def _slow_peers(self) -> dict[str, float]:
        """Rates of the stream processors, on fewer events, run once for replay and live."""
        if not self.size.slow:
            return {}
        path = self._published(self.size.slow)
        runs = {name: _run(name, path, 12, 1) for name in ("headrace", "flink", "bytewax")}
        done = {engine: run for engine, run in runs.items() if run}
        agreed("SWF-12, slow peers", **{engine: run["hash"] for engine, run in done.items()})
        return {
            f"{engine} ({self.size.slow:,} events)": run["events"] / run["cpu_seconds"]
            for engine, run in done.items()
            if engine != "headrace"
        }

    def year(self, features: int) -> Iterator[dict[str, Any]]:
        """A year, five windows, two threads, by the clock on the wall."""
        whole = self._year(self.size.year)
        ours = _run("headrace", whole, features, 2)
        if ours is None:
            return
        alike = features == 15 or self.size.year_peers >= self.size.year
        part = whole if alike else self._year(self.size.year_peers)
        again = ours if alike else _run("headrace", part, features, 2)
        peers = {engine: _run(engine, part, features, 2) for engine in self.size.peers}
        done = {engine: run for engine, run in (("headrace", again), *peers.items()) if run}
        agreed(f"year, {features}", **{engine: run["hash"] for engine, run in done.items()})
        said = "" if alike else f" ({self.size.year_peers:,} events)"
        yield _result(
            f"swf12_year_{features}_events_per_second",
            ours["events"] / ours["wall_seconds"],
            "events/s",
            ours["hash"],
            f"{self.size.year:,} events, 2 threads, peak {ours['peak_bytes'] / 1e9:.1f} GB; "
            f"a fresh process {ours['events'] / ours['first_wall_seconds'] / 1e6:.2f} M/s",
            {
                engine + said: run["events"] / run["wall_seconds"]
                for engine, run in done.items()
                if engine != "headrace" or not alike
            },
        )

    def live(self) -> Iterator[dict[str, Any]]:
        """The same values from batches of 10,000."""
        found = self.call(live_swf12.rate, self.size.published)
        data = f"{self.size.published:,} events in durable batches of {live_swf12.BATCH:,}"
        yield from _results("swf12_live", found, data, self._slow_peers)

    def single(self) -> Iterator[dict[str, Any]]:
        """One event a call, in an open loop."""
        found = self.call(live_swf12.single, self.size.published, self.size.single)
        data = f"open loop at {live_swf12.RATE:,} events/s, {self.size.single:,} events"
        yield from _results("single_event", found, data)

    def hot(self) -> Iterator[dict[str, Any]]:
        """One key with a year of events."""
        found = self.call(live_swf12.hot, self.size.hot, self.size.hot_asked)
        yield from _results("swf12_hot", found, f"{self.size.hot:,} events of one key")

    def wide(self) -> Iterator[dict[str, Any]]:
        """Many keys."""
        found = self.call(live_swf12.wide, self.size.wide, self.size.cards)
        data = f"{self.size.wide:,} events of {self.size.cards:,} keys"
        data += f"; hash of 1 card in {live_swf12.SAMPLE:,}"
        yield from _results("swf12_wide", found, data)

    def late(self) -> Iterator[dict[str, Any]]:
        """Some events up to 30 days late."""
        found = self.call(known_swf12.late, self.size.published)
        data = f"{self.size.published:,} events, 5 % late, per CPU-second"
        yield from _results("swf12_late", found, data)

    def void(self) -> Iterator[dict[str, Any]]:
        """Some events taken back."""
        found = self.call(known_swf12.void, self.size.published)
        data = f"{self.size.published:,} events, 3 % voided, per CPU-second"
        yield from _results("swf12_void", found, data)

    def training_set(self) -> Iterator[dict[str, Any]]:
        """Labels with times in, features as of those times out."""
        found = self.call(asked.training_set, self.size.labels)
        figures = dict(found.figures)
        ratio = figures.pop("ratio")
        ours = figures.pop("headrace")
        data = f"{self.size.labels:,} labels x 50 features, {ours:,.0f} labels per CPU-second; "
        data += "peers in ours / theirs"
        slower = {engine: ours / rate for engine, rate in figures.items()}
        yield _result("training_set_ratio", ratio, "x", found.hash, data, slower)

    def wide_request(self) -> Iterator[dict[str, Any]]:
        """One applicant a request."""
        found = self.call(asked.wide_request, self.size.applicants, 60, self.size.requests)
        data = f"simulated: 9 tables, 240 features, {self.size.applicants:,} applicants"
        yield from _results("wide_request", found, data)

    def _published(self, events: int) -> Path:
        path = self.folder / f"published-{events}.parquet"
        if not path.exists():
            pq.write_table(swf12.published(events).table, path)
        return path

    def _year(self, events: int) -> Path:
        path = self.folder / f"year-{events}.parquet"
        if not path.exists():
            blocks = swf12.year(events)
            first = next(blocks).table
            with pq.ParquetWriter(path, first.schema) as file:
                file.write_table(first)
                for block in blocks:
                    file.write_table(block.table)
        return path


UNITS = {
    "events_per_cpu_second": "events/CPU-s",
    "events_per_second": "events/s",
    "requests_per_second": "requests/s",
    "bytes_per_event": "bytes/event",
    "seconds": "s",
    "bytes": "bytes",
    "ratio": "x",
}
"""The unit of a figure by the end of its name; the longest that fits is first."""


def _results(
    subject: str, found: Found, data: str, peers: dict[str, float] | None = None
) -> Iterator[dict[str, Any]]:
    for name, value in found.figures.items():
        unit = next(unit for end, unit in UNITS.items() if name.endswith(end))
        yield _result(f"{subject}_{name}", value, unit, found.hash, data, peers)


def _result(
    metric: str, value: float, unit: str, digest: str, data: str,
    peers: dict[str, float] | None = None,
) -> dict[str, Any]:  # fmt: skip
    bar = BARS[metric]
    holds = bar is None or (value <= bar[1] if bar[0] == "<=" else value >= bar[1])
    name = f"features.{metric}"
    return {
        "metric": name,
        "value": value,
        "unit": unit,
        "bar": None if bar is None else f"{bar[0]} {bar[1]:g}",
        "holds": holds,
        "peers": peers or {},
        "hash": digest[:16],
        "data": data,
        "command": f"python benchmarks/features.py --only {name}",
    }


def _run(engine: str, path: Path, features: int, threads: int) -> dict[str, Any] | None:
    """What a script of peers/ printed; None where it has no environment or did not finish."""
    if not PYTHONS[engine].exists():
        say(f"{engine}: no environment; `make bench-peers` makes it")
        return None
    command = [PYTHONS[engine], PEERS / f"{engine}_swf12.py", path, "--json",
               "--features", str(features), "--threads", str(threads)]  # fmt: skip
    try:
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=LIMIT_SECONDS
        )
    except subprocess.SubprocessError as problem:
        say(f"{engine}: {problem}\n{(getattr(problem, 'stderr', None) or '')[-2000:]}")
        return None
    found: dict[str, Any] = json.loads(done.stdout)
    say(f"  {engine}: {found['events'] / found['cpu_seconds']:,.0f} events per CPU-second, "
         f"{found['wall_seconds']:.2f} s, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    return found


def measured(bench: Bench, only: str) -> tuple[list[dict[str, Any]], bool]:
    """Results whose metric contains `only`, and whether all engines agreed."""
    results, agree = [], True
    for name, measure in bench.groups().items():
        if not any(only in f"features.{each}" for each in BARS if each.startswith(name)):
            continue
        say(name)
        try:
            found = [each for each in measure() if only in each["metric"]]
        except DisagreementError as problem:
            say(f"NO {problem}")
            agree = False
            continue
        for each in found:
            say(f"  {_line(each)}")
        results += found
    return results, agree


def _line(each: dict[str, Any]) -> str:
    return line(each, unit=13)


def main() -> None:
    """Measure and print."""
    options = parser(__doc__)
    options.add_argument("--size", type=int)
    given = options.parse_args()
    size = QUICK if given.quick else FULL
    if given.size:
        size = replace(size, year=given.size, wide=given.size)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(size, Path(folder), here if given.quick else apart)
        run(given, lambda: measured(bench, given.only), _line)


if __name__ == "__main__":
    main()
