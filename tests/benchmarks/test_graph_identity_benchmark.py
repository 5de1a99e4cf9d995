"""The identity benchmark cannot rot: its small size runs and is right. No timing is asserted."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from measures import graph_identity
from workloads import firms_cn, identity


def test_simulated_firms_are_resolved():
    found = graph_identity.firms(3_000, peer=False).figures
    assert found["f1"] > 0.93
    assert found["precision"] > 0.96


def test_a_thousandth_more_leaves_ids_alone():
    found = graph_identity.million(3_000, 30).figures
    assert found["ids_lost"] == 0
    assert 0 < found["changed_parties"] <= 60


def test_the_generator_gives_the_same_firms_for_a_seed():
    assert firms_cn.generate(300, seed=3).equals(firms_cn.generate(300, seed=3))
    assert not firms_cn.generate(300, seed=3).equals(firms_cn.generate(300, seed=4))


def test_scores_of_a_partition():
    found = identity.cluster_f1([0, 0, 0, 1], [5, 5, 6, 6])
    assert found["precision"] == 0.5
    assert found["recall"] == pytest.approx(1 / 3)
    assert identity.true_pairs([0, 0, 0, 1]) == 3
