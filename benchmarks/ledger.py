"""The ledger measured: durable transfers, with every check on, beside naive SQLite.

    python benchmarks/ledger.py [--quick] [--json] [--strict] [--only TEXT]

Workloads are made from seeds; the peer runs in the same invocation with the same durability, and
must end with the same balances, or the run ends with status 1. Each measurement is a process of its
own. --quick takes small ones. Each result is {metric, value, unit, bar, holds, peers, hash, data,
command}; `peers` are in the unit of the value, `bar` is null where nothing was promised.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "peers"))  # for peer.py, which measures import

from measures import ledger
from measures.calling import apart, here
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
        print(part.name, file=sys.stderr, flush=True)
        try:
            found = call(part.measure, *size, *part.more)
        except DisagreementError as problem:
            print(f"NO {problem}", file=sys.stderr, flush=True)
            agree = False
            continue
        results += [each for each in part.results(found, size) if only in each["metric"]]
    return results, agree


def _line(each: dict[str, Any]) -> str:
    mark = "  " if each["bar"] is None else ("ok" if each["holds"] else "NO")
    peers = ", ".join(f"{name} {value:,.4g}" for name, value in each["peers"].items())
    return (f"{mark} {each['metric']:<40} {each['value']:>12,.4g} {each['unit']:<12} "
            f"{each['bar'] or '':<11} {each['hash']} {each['data']}"
            + (f" [{peers}]" if peers else ""))  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for flag in ("--quick", "--json", "--strict"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    from foundation import machine  # noqa: PLC0415 - processes started from here need none of it

    load = round(os.getloadavg()[0], 1)
    results, agree = measured(*((QUICK, here) if given.quick else (FULL, apart)), given.only)
    if given.json:
        print(json.dumps({"machine": {**machine(), "load": load}, "results": results}))
    else:
        for each in results:
            print(_line(each))
    if not agree or (given.strict and not all(each["holds"] for each in results)):
        sys.exit(1)


if __name__ == "__main__":
    main()
