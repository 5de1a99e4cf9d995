"""Benchmarks cannot rot: the small size of each runs with the tests. No timing is asserted."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_the_small_benchmark_runs_and_proves_equal_work():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "foundation.py", "--quick", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    metrics = {each["metric"]: each for each in found["results"]}
    assert metrics["foundation.book_gap"]["holds"]
    assert metrics["foundation.book_budget_used"]["holds"]
    assert metrics["foundation.book_profit_minor"]["holds"]
    assert metrics["foundation.features_events_per_second"]["peers"]["duckdb"] > 0
    assert all(each["hash"] and each["command"] for each in found["results"])
    assert found["machine"]["cores"]
