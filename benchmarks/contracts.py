"""Contracts and the ledger measured.

    python benchmarks/contracts.py [--quick] [--json] [--strict] [--only TEXT]

Workloads are made from seeds (workloads/contracts.py); where a peer's environment (`make
bench-peers`) is absent, so are the metrics that need it. Each measurement is a process of its own.
--quick takes small ones. Each result is {metric, value, unit, bar, holds, peers, hash, data,
command}; `peers` are in the unit of the value, `bar` is null where nothing was promised.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "peers"))  # for peer.py, which measures import

from measures import (
    contracts_actus,
    contracts_collateral,
    contracts_instruments,
    contracts_lending,
    contracts_securitisation,
    contracts_sharing,
)
from measures.calling import apart, here
from measures.commandline import line, parser, run, say
from measures.found import DisagreementError, Found

Bar = tuple[str, float] | None

UNITS = {
    "scenarios_per_second": "scenarios/s",
    "schedules_per_second": "schedules/s",
    "accruals_per_second": "accruals/s",
    "acts_per_second": "acts/s",
    "claims_per_second": "claims/s",
    "lines_per_second": "loans/s",
    "loan_days_per_second": "loan-days/s",
    "_missed": "loans",
    "events_per_cpu_second": "events/s",
    "per_cpu_second": "contracts/s",
    "per_second": "contracts/s",
    "seconds": "s",
    "_ratio": "x",
}
"""By how a metric ends; others are shares or counts."""


@dataclass(frozen=True)
class Part:
    """One measurement, and what of it is reported.

    Attributes:
        name: What its metrics begin with after `contracts.`; empty for the main one.
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

    def metric(self, figure: str) -> str:
        """The name under which a figure is reported."""
        return f"contracts.{self.name}_{figure}" if self.name else f"contracts.{figure}"

    def results(self, found: Found, arguments: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
        """Each figure that was asked for and is there."""
        figures = dict(found.figures)
        for name, (above, below) in self.ratios.items():
            figures[name] = figures[above] / figures[below]
        data = self.data.format(*arguments, **figures)
        for name, bar in self.bars.items():
            metric, value = self.metric(name), figures[name]
            holds = bar is None or (value <= bar[1] if bar[0] == "<=" else value >= bar[1])
            yield {
                "metric": metric,
                "value": value,
                "unit": next((unit for end, unit in UNITS.items() if metric.endswith(end)), ""),
                "bar": None if bar is None else f"{bar[0]} {bar[1]:g}",
                "holds": holds,
                "peers": {peer: figures[each] for peer, each in self.peers.get(name, {}).items()},
                "hash": found.hash[:16],
                "data": data,
                "command": f"python benchmarks/contracts.py --only {metric}",
            }


PARTS = (
    Part(
        "", contracts_actus.rate, (20_000, 5), (400, 1),
        "{0:,} mixed contracts of 18 types by ACTUS terms, {events:,.0f} events, one thread; from a"
        " table, or from mappings",
        {"per_second": (">=", 20_000), "per_cpu_second": None, "events_per_cpu_second": None,
         "from_records_per_cpu_second": None},
    ),
    Part(
        "beside_jactus", contracts_actus.beside_jactus, (1_000, 60), None,
        "{contracts:,.0f} PAM, LAM, NAM, ANN of fixed rate; JACTUS in array mode, preparing"
        " counted, compiling not; {1} one by one, whose events are compared to the cent",
        {"per_second": None, "speed_ratio": (">=", 1), "same_events_share": None,
         "near_events_share": None, "same_total_share": None, "near_total_share": None},
        peers={"per_second": {"jactus": "jactus_per_second",
                              "jactus_one_by_one": "jactus_scalar_per_second"}},
        ratios={"speed_ratio": ("per_second", "jactus_per_second")},
    ),
    Part(
        "lending", contracts_lending.lending, (100_000,), (2_000,),
        "{0:,} loans of 6 to 60 months, half equal instalments, three in ten reset yearly,"
        " {instalments:,.0f} instalments, one thread, Arrow in and out",
        {"schedules_per_second": None, "plain_schedules_per_second": None,
         "plain_doubles_loans_missed": None},
        peers={"plain_schedules_per_second": {"decimal": "plain_decimal_schedules_per_second",
                                              "doubles": "plain_doubles_schedules_per_second"}},
    ),
    Part(
        "lending", contracts_lending.accrual, (20_000,), (500,), "{0:,} accounts, ten nights",
        {"accruals_per_second": None},
    ),
    Part(
        "vouchers", contracts_instruments.lives, (100_000,), (1_000,),
        "{0:,} vouchers through three tiers, {acts:,.0f} acts; plain dictionaries check nothing",
        {"acts_per_second": None, "coded_acts_per_second": None},
        peers={"acts_per_second": {"dictionaries": "dictionaries_acts_per_second"}},
    ),
    Part(
        "double_pledge", contracts_instruments.doubles, (1_000_000,), (10_000,),
        "a tenth as many new claims against {0:,} known, {planted:,.0f} planted doubles refused",
        {"seconds": None, "refused_beyond_planted": None},
    ),
    Part(
        "securitisation", contracts_securitisation.absbox, (), (),
        "{statements:,.0f} statements of six AbsBox deals, {cells:,.0f} cells",
        {"cells_equal_share": (">=", 1), "statements_equal_share": (">=", 1), "seconds": None},
    ),
    Part(
        "securitisation", contracts_securitisation.sensitivities, (10, 36), (2, 6),
        "{scenarios:,.0f} scenarios of a deal of {1} months",
        {"scenarios_per_second": None, "first_loss_seconds": None},
    ),
    Part(
        "securitisation", contracts_securitisation.projection, (20_000, 60), (200, 12),
        "{0:,} loans over {1} months", {"lines_per_second": None},
    ),
    Part(
        "collateral", contracts_collateral.stressed, (2_000, 500), (20, 10),
        "{0:,} loans on five real shares each, {1} resampled paths of 60 days",
        {"loan_days_per_second": None, "called_share": None},
    ),
    Part(
        "collateral", contracts_collateral.pledged_shares, (5,), None,
        "300 real shares pledged every {0} days, by grade; `fallen`: worth less than a 70 % loan"
        " within 60 trading days, A and E",
        {f"{window}_fallen_{letter}_share": None
         for window in contracts_collateral.WINDOWS for letter in "AE"},
    ),
    Part(
        "sharing", contracts_sharing.shared, (2_000, 10_000, 20), (50, 100, 5),
        "{1:,} scenarios of {0:,} loans under one scheme, to the fen",
        {"claims_per_second": None},
        peers={"claims_per_second": {"by_claim": "by_claim_claims_per_second"}},
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """Every measurement at one size."""

    parts: tuple[tuple[Part, tuple[Any, ...]], ...]
    call: Callable[..., Any]

    def measured(self, only: str) -> tuple[list[dict[str, Any]], bool]:
        """Results whose metric contains `only`, and whether all ways agreed."""
        results, agree = [], True
        for part, arguments in self.parts:
            if not any(only in part.metric(each) for each in part.bars):
                continue
            say(part.metric(""))
            try:
                found = self.call(part.measure, *arguments)
            except DisagreementError as problem:
                say(f"NO {problem}")
                agree = False
                continue
            if found is None:
                say("  absent")
                continue
            kept = [each for each in part.results(found, arguments) if only in each["metric"]]
            for each in kept:
                say(f"  {_line(each)}")
            results += kept
        return results, agree


FULL = Bench(tuple((part, part.full) for part in PARTS), apart)
QUICK = Bench(tuple((part, part.quick) for part in PARTS if part.quick is not None), here)


def _line(each: dict[str, Any]) -> str:
    return line(each, metric=55, bar=9)


def main() -> None:
    """Measure and print."""
    given = parser(__doc__).parse_args()
    run(given, lambda: (QUICK if given.quick else FULL).measured(given.only), _line)


if __name__ == "__main__":
    main()
