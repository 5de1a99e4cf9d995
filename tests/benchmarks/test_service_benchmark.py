"""The service's benchmark cannot rot: its small size runs. No timing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def small():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "service.py", "--quick", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    return {each["metric"]: each for each in json.loads(done.stdout)["results"]}


def test_every_promise_is_measured_beside_a_peer(small):
    assert {name: each["bar"] for name, each in small.items()} == {
        "service.start_first_page_seconds": "<= 2",
        "service.start_today_seconds": None,
        "service.start_ready_seconds": None,
        "service.decisions_per_second": ">= 3000",
        "service.decisions_p50_seconds": None,
        "service.decisions_p99_seconds": "<= 0.02",
        "service.facts_csv_seconds": "<= 60",
        "service.facts_arrow_seconds": "<= 60",
        "service.apply_first_seconds": None,
        "service.apply_p50_seconds": None,
        "service.apply_p99_seconds": "<= 1",
        "service.apply_after_fact_p50_seconds": None,
        "service.apply_after_fact_p99_seconds": "<= 1",
    }
    for name, each in small.items():
        assert each["value"] > 0
        assert all(value > 0 for value in each["peers"].values())
        assert each["peers"] or each["bar"] is None
        assert each["command"] == f"python benchmarks/service.py --only {name}"


def test_units_are_told(small):
    assert small["service.decisions_per_second"]["unit"] == "decisions/s"
    assert small["service.decisions_p99_seconds"]["unit"] == "s"
