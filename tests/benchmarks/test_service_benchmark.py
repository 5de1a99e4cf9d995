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
        "service.decisions_per_second": ">= 3000",
        "service.decisions_p50_seconds": None,
        "service.decisions_p99_seconds": "<= 0.02",
    }
    for each in small.values():
        assert each["value"] > 0
        assert each["peers"]["bare FastAPI"] > 0
        assert each["command"].startswith("python benchmarks/service.py --only service.decisions")


def test_units_are_told(small):
    assert small["service.decisions_per_second"]["unit"] == "decisions/s"
    assert small["service.decisions_p99_seconds"]["unit"] == "s"
