"""The ownership benchmark cannot rot: small sizes run, ways agree, planted truth is found."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from measures import graph_ownership
from measures.found import DisagreementError
from workloads import ownership as workload


def test_a_registry_is_the_same_for_the_same_seed_and_valid():
    one, two = (workload.registry(workload.QUICK, 3) for _ in range(2))
    assert all(
        np.array_equal(a, b) for a, b in zip(vars(one).values(), vars(two).values(), strict=True)
    )
    assert len(one.persons) == workload.QUICK.companies + workload.QUICK.persons
    assert not one.persons[one.object].any()
    assert np.all((one.low > 0) & (one.low <= one.high) & (one.high <= 1))
    total = np.bincount(one.object, one.high, workload.QUICK.companies)
    assert total.max() < 1 + 1e-9
    assert len(one.truth) == 4 * workload.QUICK.planted
    assert workload.registry(workload.QUICK, 4).low.shape != one.low.shape


def test_the_slice_has_the_shape_that_is_promised():
    registry = workload.registry(workload.SLICE, 1)
    assert len(registry.persons) == 852
    assert 900 < len(registry.subject) <= 1_013
    found = graph_ownership.slice_of_a_registry()
    assert set(found.figures) == {"seconds", "peak_megabytes"}
    assert found.figures["peak_megabytes"] < 100


def test_small_sizes_of_every_measure_run():
    small = replace(workload.QUICK, planted=20)
    whole = graph_ownership.whole(small, 2)
    assert whole.figures["loops"] >= small.loops
    assert whole.figures["loop_companies_max"] >= small.webs[0]
    assert whole.hash == graph_ownership.whole(small, 1).hash
    changed = graph_ownership.changed(small, 30)
    assert changed.figures["p50_seconds"] <= changed.figures["max_seconds"]
    one = graph_ownership.one_company(small, 20, 3)
    assert {"ours_p50_seconds", "push_p50_seconds", "series_p50_seconds"} <= set(one.figures)
    assert "splu_factor_seconds" in graph_ownership.whole_matrix(small).figures


def test_shares_are_those_of_rational_arithmetic():
    assert graph_ownership.exact(4, 6).figures["error_max"] <= 1e-12


def test_a_planted_controller_that_is_not_found_ends_the_run():
    registry = workload.registry(workload.QUICK, 1)
    _, controlled, _, _ = graph_ownership.answered(registry)
    with pytest.raises(DisagreementError):
        graph_ownership.check(replace(registry, truth=registry.decoys), controlled)
