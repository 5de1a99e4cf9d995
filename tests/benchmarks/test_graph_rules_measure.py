"""The measurement of rules cannot rot: at its small size, DuckDB and every proof agree."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from measures import graph_rules
from workloads.rules_graph import LOOP, SIZES, edges


def test_duckdb_derives_the_same_facts_and_the_workload_has_the_size_that_was_promised():
    found = graph_rules.derived("3k")
    assert found.figures["edges"] == 2_900
    assert found.figures["facts"] == pytest.approx(SIZES["3k"].derived, rel=0.03)
    assert found.figures["seconds"] > 0
    assert found.hash == graph_rules.derived("3k").hash


def test_every_edge_that_goes_takes_the_facts_that_it_brings_back():
    found = graph_rules.changed("3k", 40)
    assert found.hash == graph_rules.derived("3k").hash
    assert found.figures["moved_max"] > 10


def test_proofs_and_histories_hold():
    assert graph_rules.proved("3k", 20).figures["proof_p99_seconds"] > 0
    assert graph_rules.history("3k", 8, 20).figures["edges_per_second"] > 0


def test_the_graph_has_loops_second_holders_and_deep_chains():
    """Otherwise it would be quick for no merit of ours."""
    drawn = edges(SIZES["145k"])
    assert len(drawn.owns) == pytest.approx(SIZES["145k"].owns, rel=1e-3)
    held = np.bincount(drawn.owns[:, 1])
    assert (held > 1).sum() > 4_000
    assert (drawn.owns[:, 0] > drawn.owns[:, 1]).sum() > 400  # back up the tree
    assert [drawn.parties - LOOP, drawn.parties - LOOP + 1] in drawn.owns.tolist()
    assert (np.diff(drawn.owns) == 1).mean() > 0.5
