"""The service measured: decisions in flight over HTTP, load from a second process.

    python benchmarks/service.py [--quick] [--json] [--strict] [--only TEXT]

The payments pack's own policy; a key, a line of the audit and a record on the disk for each answer.
The peer is a bare FastAPI route that decides nothing and keeps nothing (`peers/bare_service.py`).
--quick takes a small load. Each result is {metric, value, unit, bar, holds, peers, hash, data,
command}; `peers` are in the unit of the value, `bar` is null where nothing was promised.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "peers"))  # for peer.py, which measures import

from measures import service_decisions
from measures.commandline import parser, run
from measures.parts import Part, Subject

UNITS = {"per_second": "decisions/s", "seconds": "s"}
PARTS = (
    Part(
        "", service_decisions.decisions, (15, 128, 1_000), (1, 8, 20),
        "{1} connections for {0} seconds, as fast as answers come; then {2} a second offered",
        {"decisions_per_second": (">=", 3_000), "decisions_p50_seconds": None,
         "decisions_p99_seconds": ("<=", 0.02)},
        {"decisions_per_second": {"bare FastAPI": "bare_per_second"},
         "decisions_p50_seconds": {"bare FastAPI": "bare_p50_seconds"},
         "decisions_p99_seconds": {"bare FastAPI": "bare_p99_seconds"}},
    ),
)  # fmt: skip
SERVICE = Subject("service", UNITS, PARTS, width=40)


def main() -> None:
    """Measure and print."""
    given = parser(__doc__).parse_args()
    run(given, lambda: SERVICE.measured(given.only, quick=given.quick), SERVICE.line)


if __name__ == "__main__":
    main()
