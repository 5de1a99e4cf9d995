"""The ledger benchmark cannot rot: its small size runs, and the peer agrees. No timing."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from measures import ledger as measures
from measures.found import DisagreementError

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
BARS = {"ledger.durable_transfers_per_second", "ledger.mixed_transfers_per_second"}


def test_the_small_size_runs(tmp_path):
    command = [sys.executable, BENCHMARKS / "ledger.py", "--quick", "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    results = {each["metric"]: each for each in json.loads(done.stdout)["results"]}
    assert {name for name, each in results.items() if each["bar"]} == BARS
    assert results["ledger.durable_transfers_per_second"]["peers"]["naive_sqlite"] > 0
    assert results["ledger.mixed_done_share"]["value"] > 0.9
    assert all(len(each["hash"]) == 16 and each["value"] > 0 for each in results.values())
    assert not list(tmp_path.iterdir())


def test_a_peer_that_ends_otherwise_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loans = measures.Loans(4, 8, 4)
    given = list(loans.batches())
    _, right = measures.naive(tmp_path / "one.sqlite", loans, given)
    less = [given[0], given[1].set_column(3, "amount", pa.array([1, 2, 3, 4]))]
    _, wrong = measures.naive(tmp_path / "other.sqlite", loans, less)
    assert right != wrong
    with pytest.raises(DisagreementError, match="engines disagree"):
        measures.agreed("ledger", ours=right, naive=wrong)
