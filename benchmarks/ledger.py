"""The ledger measured: durable transfers, with every check on, beside naive SQLite.

    python benchmarks/ledger.py [--quick] [--json] [--strict] [--only TEXT]

Workloads are made from seeds; the peer runs in the same invocation with the same durability, and
must end with the same balances, or the run ends with status 1. Each measurement is a process of its
own. --quick takes small ones. Each result is {metric, value, unit, bar, holds, peers, hash, data,
command}; `peers` are in the unit of the value, `bar` is null where nothing was promised.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "peers"))  # for peer.py, which measures import

from measures import ledger
from measures.commandline import parser, run
from measures.parts import Part, Subject

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


PARTS = (
    Part(
        "durable", ledger.durable, FULL, QUICK,
        "{1:,} transfers on {0:,} accounts in batches of {2:,}, full sync; ids, limits, groups,"
        " hash chain and conservation checked",
        {"transfers_per_second": (">=", 150_000), "transfers_per_cpu_second": None,
         "replayed_per_second": None, "bytes": None},
        peers={"transfers_per_second": {"naive_sqlite": "naive_transfers_per_second"}},
    ),
    Part(
        "mixed", ledger.everything, FULL, QUICK,
        "{1:,} transfers in batches of {2:,}: a tenth holds that post or void, retries, refusals",
        {"transfers_per_second": (">=", 150_000), "done_share": None, "exists_share": None,
         "refused_share": None},
    ),
    Part(
        "asked", ledger.asked, (*FULL, 1_000), (*QUICK, 1_000),
        "{1:,} transfers on {0:,} accounts: as of a day and as known then; then rows for SQL",
        {"balance_p50_seconds": None, "balance_p99_seconds": None, "statement_p50_seconds": None,
         "trial_seconds": None, "index_rows_per_second": None},
    ),
)  # fmt: skip


LEDGER = Subject("ledger", UNITS, PARTS)


def main() -> None:
    """Measure and print."""
    given = parser(__doc__).parse_args()
    run(given, lambda: LEDGER.measured(given.only, quick=given.quick), LEDGER.line)


if __name__ == "__main__":
    main()
