"""The ledger measured: durable transfers, with every check on, beside naive SQLite.

    python benchmarks/ledger.py [--quick] [--json] [--strict] [--only TEXT]

Workloads are made from seeds; the peer runs in the same invocation with the same durability, and
must end with the same balances, or the run ends with status 1. Each measurement is a process of its
own. --quick takes small ones. Each result is {metric, value, unit, bar, holds, peers, hash, data,
command}; `peers` are in the unit of the value, `bar` is null where nothing was promised.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "peers"))  # for peer.py, which measures import

from measures import ledger
from measures.calling import apart, here
from measures.commandline import line, parser, run, say
from measures.found import DisagreementError, Found

Bar = tuple[str, float] | None

UNITS = {
    "rows_per_second": "rows/s",
    "per_second": "transfers/s",
    "per_cpu_second": "transfers/s",
    "seconds": "s",
    "bytes": "bytes",
}
"""By how a metric ends; others are shares."""

FULL = (20_000, 1_000_000, 8_192)
QUICK = (60, 1_200, 300)


@dataclass(frozen=True)
class Part:
    """One measurement, and what of it is reported.

    Attributes:
        name: What its metrics begin with after `ledger.`.
        measure: Gives what was found.
        more: Its arguments after the size.
        data: What it is measured on; `{0}` accounts, `{1}` transfers, `{2}` in a batch.
        bars: The figures that are metrics, and what was promised of each.
        peers: Figure -> peer -> its figure.
    """

    name: str
    measure: Callable[..., Found]
    more: tuple[Any, ...]
    data: str
    bars: Mapping[str, Bar]
    peers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def results(self, found: Found, size: tuple[int, ...]) -> Iterator[dict[str, Any]]:
        """Each figure that was asked for."""
        for name, bar in self.bars.items():
            metric, value = f"ledger.{self.name}_{name}", found.figures[name]
            others = self.peers.get(name, {})
            yield {
                "metric": metric,
                "value": value,
                "unit": next((unit for end, unit in UNITS.items() if metric.endswith(end)), ""),
                "bar": None if bar is None else f"{bar[0]} {bar[1]:g}",
                "holds": bar is None or (value <= bar[1] if bar[0] == "<=" else value >= bar[1]),
                "peers": {peer: found.figures[each] for peer, each in others.items()},
                "hash": found.hash[:16],
                "data": self.data.format(*size),
                "command": f"python benchmarks/ledger.py --only {metric}",
            }


PARTS = (
    Part(
        "durable", ledger.durable, (),
        "{1:,} transfers on {0:,} accounts in batches of {2:,}, full sync; ids, limits, groups,"
        " hash chain and conservation checked",
        {"transfers_per_second": (">=", 150_000), "transfers_per_cpu_second": None,
         "replayed_per_second": None, "bytes": None},
        peers={"transfers_per_second": {"naive_sqlite": "naive_transfers_per_second"}},
    ),
    Part(
        "mixed", ledger.everything, (),
        "{1:,} transfers in batches of {2:,}: a tenth holds that post or void, retries, refusals",
        {"transfers_per_second": (">=", 150_000), "done_share": None, "exists_share": None,
         "refused_share": None},
    ),
    Part(
        "asked", ledger.asked, (1_000,),
        "{1:,} transfers on {0:,} accounts: as of a day and as known then; then rows for SQL",
        {"balance_p50_seconds": None, "balance_p99_seconds": None, "statement_p50_seconds": None,
         "trial_seconds": None, "index_rows_per_second": None},
    ),
)  # fmt: skip


def measured(
    size: tuple[int, ...], call: Callable[..., Any], only: str
) -> tuple[list[dict[str, Any]], bool]:
    """Results whose metric contains `only`, and whether ledger and peer agreed."""
    results, agree = [], True
    for part in PARTS:
        if not any(only in f"ledger.{part.name}_{each}" for each in part.bars):
            continue
        say(part.name)
        try:
            found = call(part.measure, *size, *part.more)
        except DisagreementError as problem:
            say(f"NO {problem}")
            agree = False
            continue
        results += [each for each in part.results(found, size) if only in each["metric"]]
    return results, agree


def _line(each: dict[str, Any]) -> str:
    return line(each, metric=40)


def main() -> None:
    """Measure and print."""
    given = parser(__doc__).parse_args()
    size = (QUICK, here) if given.quick else (FULL, apart)
    run(given, lambda: measured(*size, given.only), _line)


if __name__ == "__main__":
    main()
