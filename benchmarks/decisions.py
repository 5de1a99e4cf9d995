"""Decisions measured: in flight, in batches, beside the peer, swapped, replayed, what-if, fraud.

    python benchmarks/decisions.py [--quick] [--json] [--strict] [--only TEXT]

The workload is SWF-12 with a table of 1,000 rules over its twelve features (workloads/rules.py);
the peer is GoRules zen on the same table, where its environment is there (`make bench-peers`): the
reasons it gives must be ours, or the run ends with status 1. Each measurement is a process of its
own. --quick takes small ones. Each result is {metric, value, unit, bar, holds, peers, hash, data,
command}; `bar` is null where nothing was promised.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "peers"))  # for peer.py

from measures import flight, fraud, rule_tables, whatif
from measures.calling import apart, here
from measures.commandline import line, parser, run, say
from measures.found import DisagreementError, Found, agreed

BARS: dict[str, tuple[str, float] | None] = {
    "rules1000_flight_p50_seconds": ("<=", 50e-6),
    "rules1000_flight_p99_seconds": ("<=", 1e-3),
    "rules1000_flight_p999_seconds": ("<=", 5e-3),
    "sustained_per_second": (">=", 50e3),
    "sustained_p50_seconds": None,
    "sustained_p99_seconds": ("<=", 10e-3),
    "rules1000_p50_seconds": None,
    "rules1000_p99_seconds": None,
    "rules1000_batch_per_second": (">=", 1e6),
    "rules1000_p50_ratio": (">=", 8),
    "rules1000_batch_ratio": (">=", 20),
    "compile_1000_seconds": ("<=", 5),
    "swap_lost": ("<=", 0),
    "swap_mixed": ("<=", 0),
    "replay_differ": ("<=", 0),
    "replay_per_second": None,
    "whatif_1m_seconds": ("<=", 30),
    "fraud_auc_out_of_time": (">=", 0.871),
    "fraud_average_precision_out_of_time": (">=", 0.658),
    "fraud_card_precision_100": (">=", 0.291),
}
"""Every metric, and what was promised of it; of fraud, the best that the handbook published."""

UNITS = {"per_second": "decisions/s", "seconds": "s", "ratio": "x"}


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    alone: int
    asked: int
    stream: int
    seconds: float
    batch: int
    peer: tuple[int, int]
    swapped: int
    replayed: int
    whatif: tuple[int, int]
    rounds: int


FULL = Size(
    alone=120_000, asked=20_000, stream=400_000, seconds=5.0, batch=1_000_000,
    peer=(2_000, 2_000), swapped=20_000, replayed=100_000, whatif=(1_000_000, 1_000), rounds=5,
)  # fmt: skip
QUICK = Size(
    alone=4_000, asked=1_000, stream=20_000, seconds=0.2, batch=20_000,
    peer=(200, 100), swapped=2_000, replayed=2_000, whatif=(20_000, 50), rounds=1,
)  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """Every measurement at one size."""

    size: Size
    call: Callable[..., Any] = apart

    def groups(self) -> dict[str, Callable[[], Iterator[dict[str, Any]]]]:
        """What can be measured at once, with the metrics it gives."""
        return {
            "rules1000_flight": self.flight,
            "sustained": self.sustained,
            "rules1000": self.tables,
            "compile_1000": self.compiled,
            "swap": self.swapped,
            "replay": self.replayed,
            "whatif": self.whatif,
            "fraud": self.fraud,
        }

    def flight(self) -> Iterator[dict[str, Any]]:
        """One event at a time; the median of some runs, by their p50."""
        found = self._median("p50_seconds", flight.single, self.size.alone, self.size.asked)
        data = f"event to 12 features to 1,000 rules to the record, open loop at {flight.RATE:,}/s"
        yield from _results("rules1000_flight", found, f"{data}; median of {self.size.rounds}")

    def sustained(self) -> Iterator[dict[str, Any]]:
        """A stream, durable; the median of some runs, by their p99."""
        found = self._median("p99_seconds", flight.sustained, self.size.stream, self.size.seconds)
        data = f"open loop at {flight.STREAM_RATE:,}/s, synced in groups, from due to on disk"
        yield from _results("sustained", found, f"{data}; median of {self.size.rounds}")

    def _median(self, by: str, measure: Callable[..., Found], *arguments: Any) -> Found:
        """Of some runs the middle one by a figure; all of them gave the same answers."""
        runs = [self.call(measure, *arguments) for _ in range(self.size.rounds)]
        agreed(by, **{str(number): run.hash for number, run in enumerate(runs)})
        return sorted(runs, key=lambda run: run.figures[by])[len(runs) // 2]

    def tables(self) -> Iterator[dict[str, Any]]:
        """The table alone, and the peer."""
        found = self.call(rule_tables.compared, self.size.batch, *self.size.peer)
        figures = dict(found.figures)
        zen = {name: figures.pop(name) for name in list(figures) if name.startswith("zen_")}
        data = "1,000 rules of 14 inputs, the first that is met"
        for name, value in figures.items():
            peers = {"zen": zen[f"zen_{name}"]} if zen else {}
            yield _result(f"rules1000_{name}", value, found.hash, data, peers)
        if zen:
            ratio = zen["zen_p50_seconds"] / figures["p50_seconds"]
            yield _result("rules1000_p50_ratio", ratio, found.hash, f"{data}; zen / ours")
            ratio = figures["batch_per_second"] / zen["zen_batch_per_second"]
            yield _result("rules1000_batch_ratio", ratio, found.hash, f"{data}; ours / zen")

    def compiled(self) -> Iterator[dict[str, Any]]:
        """Reading and compiling."""
        found = self.call(rule_tables.compile_seconds)
        yield from _results("compile_1000", found, "CSV of 1,000 rules to the first decision")

    def swapped(self) -> Iterator[dict[str, Any]]:
        """Versions swapped under load."""
        found = self.call(flight.swapped, self.size.swapped, 20)
        swaps = int(found.figures.pop("swaps"))
        data = f"{self.size.swapped:,} decisions of 2 threads, {swaps} swaps"
        yield from _results("swap", found, data)

    def replayed(self) -> Iterator[dict[str, Any]]:
        """A run made again."""
        found = self.call(flight.replayed, self.size.replayed)
        yield from _results("replay", found, f"{self.size.replayed:,} decisions made again")

    def whatif(self) -> Iterator[dict[str, Any]]:
        """Windows and rules changed."""
        found = self.call(whatif.whatif_1m, *self.size.whatif)
        yield _result("whatif_1m_seconds", found.seconds, found.hash, found.data)

    def fraud(self) -> Iterator[dict[str, Any]]:
        """The handbook's week; nothing where its file is absent."""
        found = self.call(fraud.out_of_time)
        if found is None:
            say("fraud: the handbook's file is absent")
            return
        for name, value in found.figures.items():
            yield _result(name, value, found.hash, found.data, found.peers[name])


def _results(subject: str, found: Found, data: str) -> Iterator[dict[str, Any]]:
    for name, value in found.figures.items():
        yield _result(f"{subject}_{name}", value, found.hash, data)


def _result(
    metric: str, value: float, digest: str, data: str, peers: dict[str, float] | None = None
) -> dict[str, Any]:
    bar = BARS[metric]
    holds = bar is None or (value <= bar[1] if bar[0] == "<=" else value >= bar[1])
    name = f"decisions.{metric}"
    return {
        "metric": name,
        "value": value,
        "unit": next((unit for end, unit in UNITS.items() if metric.endswith(end)), ""),
        "bar": None if bar is None else f"{bar[0]} {bar[1]:g}",
        "holds": holds,
        "peers": peers or {},
        "hash": digest[:16],
        "data": data,
        "command": f"python benchmarks/decisions.py --only {name}",
    }


def measured(bench: Bench, only: str) -> tuple[list[dict[str, Any]], bool]:
    """Results whose metric contains `only`, and whether all engines agreed."""
    results, agree = [], True
    groups = bench.groups()
    for name, measure in groups.items():
        owned = [each for each in BARS if _owner(each, groups) == name]
        if not any(only in f"decisions.{each}" for each in owned):
            continue
        say(name)
        try:
            found = [each for each in measure() if only in each["metric"]]
        except DisagreementError as problem:
            say(f"NO {problem}")
            agree = False
            continue
        for each in found:
            say(f"  {line(each)}")
        results += found
    return results, agree


def _owner(metric: str, groups: dict[str, Any]) -> str:
    """The group that gives a metric: the longest name it begins with."""
    return max((name for name in groups if metric.startswith(name)), key=len)


def main() -> None:
    """Measure and print."""
    given = parser(__doc__).parse_args()
    bench = Bench(QUICK, here) if given.quick else Bench(FULL)
    run(given, lambda: measured(bench, given.only))


if __name__ == "__main__":
    main()
