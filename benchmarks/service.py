"""The service measured: decisions in flight, facts in bulk, limits by code; over HTTP.

    python benchmarks/service.py [--quick] [--json] [--strict] [--only TEXT]

Start: from the command to the first page. Decisions: load from a second process, by the payments
pack's own policy; a key, a line of the audit and a record on the disk for each answer. Their peer
is a bare FastAPI route that decides nothing and keeps nothing (`peers/bare_service.py`); that of
facts appends what came, unchecked (`peers/bare_facts.py`); that of a limit by code is a run over
everything.
--quick takes a small load. Each result is {metric, value, unit, bar, holds, peers, hash, data,
command}; `peers` are in the unit of the value, `bar` is null where nothing was promised.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "peers"))  # for peer.py, which measures import

from measures import service_apply, service_decisions, service_facts, service_start
from measures.commandline import parser, run
from measures.parts import Part, Subject

UNITS = {"per_second": "decisions/s", "seconds": "s"}
LOAD = (
    "{1} connections for {0} seconds, as fast as answers come; {2} a second, by p99 the run in the "
    "middle of {4}; {3} customers"
)
PEERS = {
    f"decisions_{name}": {"bare FastAPI": f"bare_{name}"}
    for name in ("per_second", "p50_seconds", "p99_seconds")
}
PARTS = (
    Part(
        "start", service_start.start, (5, "demo"), (1, "empty"),
        "{0} starts on the workspace `{1}`: sign-in page; Today, signed in; a page of the rest",
        {"first_page_seconds": ("<=", 2), "today_seconds": None, "ready_seconds": None},
        {"first_page_seconds": {"bare FastAPI": "bare_seconds"}},
    ),
    Part(
        "", service_decisions.decisions, (15, 128, 1_000, 20_000, 5), (1, 8, 20, 20_000, 1),
        LOAD,
        {"decisions_per_second": (">=", 3_000), "decisions_p50_seconds": None,
         "decisions_p99_seconds": ("<=", 0.02)},
        PEERS,
    ),
    Part(
        "attack", service_decisions.decisions, (15, 128, 1_000, 500, 5), None,
        f"{LOAD}: so few that most payments are alerts",
        {"decisions_per_second": None, "decisions_p50_seconds": None,
         "decisions_p99_seconds": None},
        PEERS,
    ),
    Part(
        "facts", service_facts.facts, (1_000_000,), (2_000,),
        "{0:,} invoices in one request: checked, told from those known before, durable",
        {"csv_seconds": ("<=", 60), "arrow_seconds": ("<=", 60)},
        {"csv_seconds": {"bare FastAPI": "bare_csv_seconds"},
         "arrow_seconds": {"bare FastAPI": "bare_arrow_seconds"}},
    ),
    Part(
        "apply", service_apply.apply, (300, 1_000_000, 200), (60, 4_000, 3),
        "{0} firms, {1:,} invoices, {2} applications one by one; then each after a new invoice",
        {"first_seconds": None, "p50_seconds": None, "p99_seconds": ("<=", 1),
         "after_fact_p50_seconds": None, "after_fact_p99_seconds": ("<=", 1)},
        {name: {"a whole run": "run_seconds"}
         for name in ("p99_seconds", "after_fact_p99_seconds")},
    ),
)  # fmt: skip
SERVICE = Subject("service", UNITS, PARTS, width=40)


def main() -> None:
    """Measure and print."""
    given = parser(__doc__).parse_args()
    run(given, lambda: SERVICE.measured(given.only, quick=given.quick), SERVICE.line)


if __name__ == "__main__":
    main()
