"""Contracts and the ledger measured.

    python benchmarks/contracts.py [--quick] [--json] [--strict] [--only TEXT]

Workloads are made from seeds (workloads/contracts.py); where a peer's environment (`make
bench-peers`) is absent, so are the metrics that need it. Each measurement is a process of its own.
--quick takes small ones. Each result is {metric, value, unit, bar, holds, peers, hash, data,
command}; `peers` are in the unit of the value, `bar` is null where nothing was promised.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "peers"))  # for peer.py, which measures import

from measures import (
    contracts_actus,
    contracts_collateral,
    contracts_instruments,
    contracts_lending,
    contracts_securitisation,
    contracts_sharing,
)
from measures.commandline import parser, run
from measures.parts import Part, Subject

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


CONTRACTS = Subject("contracts", UNITS, PARTS, width=55)


def main() -> None:
    """Measure and print."""
    given = parser(__doc__).parse_args()
    run(given, lambda: CONTRACTS.measured(given.only, quick=given.quick), CONTRACTS.line)


if __name__ == "__main__":
    main()
