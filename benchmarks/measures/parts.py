"""What a benchmark is made of: measurements, and what of each is reported and promised."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from measures.calling import apart, here
from measures.commandline import Measured, line, say
from measures.found import DisagreementError, Found

Bar = tuple[str, float] | None


@dataclass(frozen=True)
class Part:
    """One measurement, and what of it is reported.

    Attributes:
        name: What its metrics begin with after the subject; empty for the main one.
        measure: Gives what was found; None where data or a peer are absent.
        full: Its arguments at full size.
        quick: Its arguments at the small size; None: there is no small one.
        data: What it is measured on; `{0}` is the first argument, `{events}` a figure.
        bars: The figures that are metrics, and what was promised of each.
        peers: Figure -> peer -> its figure.
        ratios: Figure -> the two figures whose quotient it is.
    """

    name: str
    measure: Callable[..., Found | None]
    full: tuple[Any, ...]
    quick: tuple[Any, ...] | None
    data: str
    bars: Mapping[str, Bar]
    peers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ratios: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """All measurements of a benchmark.

    Attributes:
        name: Of the benchmark, as its file and its metrics begin.
        units: By how a metric ends; others are shares or counts.
        parts: What is measured, in order.
        width: Of the longest metric, in characters, when printed.
    """

    name: str
    units: Mapping[str, str]
    parts: tuple[Part, ...]
    width: int = 45

    def metric(self, part: Part, figure: str) -> str:
        """The name under which a figure is reported."""
        return ".".join((self.name, f"{part.name}_{figure}" if part.name else figure))

    def line(self, each: Mapping[str, Any]) -> str:
        """A result for people."""
        return line(each, metric=self.width, bar=9)

    def measured(self, only: str, *, quick: bool) -> Measured:
        """Results whose metric contains `only`, and whether all ways agreed.

        Args:
            only: Part of a metric's name; empty for all.
            quick: Small sizes in this process, or full ones each in a process of its own.
        """
        call = here if quick else apart
        results, agree = [], True
        for part in self.parts:
            arguments = part.quick if quick else part.full
            if arguments is None or not any(only in self.metric(part, each) for each in part.bars):
                continue
            say(self.metric(part, ""))
            try:
                found = call(part.measure, *arguments)
            except DisagreementError as problem:
                say(f"NO {problem}")
                agree = False
                continue
            if found is None:
                say("  absent")
                continue
            kept = [
                each for each in self._results(part, found, arguments) if only in each["metric"]
            ]
            for each in kept:
                say(f"  {self.line(each)}")
            results += kept
        return results, agree

    def _results(
        self, part: Part, found: Found, arguments: tuple[Any, ...]
    ) -> Iterator[dict[str, Any]]:
        figures = dict(found.figures)
        for name, (above, below) in part.ratios.items():
            figures[name] = figures[above] / figures[below]
        data = part.data.format(*arguments, **figures)
        for name, bar in part.bars.items():
            if name not in figures:  # a peer that is absent leaves its figures out
                continue
            metric, value = self.metric(part, name), figures[name]
            peers = part.peers.get(name, {})
            yield {
                "metric": metric,
                "value": value,
                "unit": next(
                    (unit for end, unit in self.units.items() if metric.endswith(end)), ""
                ),
                "bar": None if bar is None else f"{bar[0]} {bar[1]:g}",
                "holds": bar is None or (value <= bar[1] if bar[0] == "<=" else value >= bar[1]),
                "peers": {peer: figures[each] for peer, each in peers.items() if each in figures},
                "hash": found.hash[:16],
                "data": data,
                "command": f"python benchmarks/{self.name}.py --only {metric}",
            }
