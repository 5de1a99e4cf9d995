"""The measures of structures of risk at a small size: DuckDB finds the same, limits are not met."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from measures import graph_structures
from workloads import transfers as workload


def test_planted_rings_are_all_found_and_duckdb_finds_the_same():
    """`circular` raises where the two differ."""
    found = graph_structures.circular(20_000, 20_000)
    assert found.figures["recall"] == 1.0
    assert found.figures["found"] >= 2
    assert found.figures["cut_short"] == 0.0
    assert found.hash == graph_structures.circular(20_000, 20_000).hash


def test_at_any_amount_there_are_more():
    found = graph_structures.unlimited(10_000)
    assert found.figures["found"] > 1
    assert found.figures["cut_short"] == 0.0


def test_traces_account_for_every_fen_and_stay_on_the_chains_of_duckdb():
    """`traced` raises where a loan's parts do not add up, or leave what DuckDB reaches."""
    found = graph_structures.traced(5_000, 20, 10)
    rules = ("fifo", "proportional", "loan_first")
    expected = {f"{rule}_{which}_seconds" for rule in rules for which in ("p50", "p99")}
    assert set(found.figures) == expected | {"duckdb_seconds"}
    assert len(found.hash) == 3 * 64


def test_circles_are_broken_exactly_and_rings_are_those_of_duckdb():
    found = graph_structures.circles(4_000, 2_000)
    assert found.figures["break_exact"] == 1.0
    assert found.figures["found"] > 10


def test_arrivals_close_what_goes_back():
    found = graph_structures.closing(4_000, 200)
    assert 80 <= found.figures["closed"] <= 150  # every other one goes back along a link


def test_the_workload_is_what_it_says():
    made = workload.make(5_000, 3)
    assert len(made.planted) == 3
    assert np.unique(made.time).size == 5_000
    for ring in made.planted:
        rows = list(ring)
        assert made.payee[rows].tolist() == np.roll(made.payer[rows], -1).tolist()
        assert (np.diff(made.time[rows]) > 0).all()
    again = workload.make(5_000, 3)
    assert (again.amount == made.amount).all()
