"""The measures of the chain map and of contagion, small: they run, agree and repeat."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))

from measures import graph_chain, graph_contagion  # beside the benchmarks, not in a package
from workloads.contagion import BANKS, economy


def test_scenarios_equal_whole_sweeps_and_repeat():
    found = graph_contagion.scenarios(200, 20, 2)
    assert found.figures["failures_mean"] > 0
    assert found.hash == graph_contagion.scenarios(200, 20, 1).hash


def test_debts_alone_equal_the_linear_program():
    assert graph_contagion.linear_program(200).figures["failed"] > 0


def test_contributions_leave_no_gap():
    found = graph_contagion.attributed(300)
    assert found.figures["losing_edges"] > 0
    assert found.figures["edges_gap"] < 1e-9
    assert found.figures["origins_gap"] < 1e-9


def test_a_late_core_makes_others_short_and_worlds_repeat():
    assert graph_contagion.core_pays_late(300).figures["short_days_more"] > 0
    assert graph_contagion.worlds(200, 20).hash == graph_contagion.worlds(200, 20).hash


def test_the_economy_is_drawn_from_its_seed():
    one, other = economy(200, seed=1), economy(200, seed=1)
    assert (one.external == other.external).all()
    assert one.network.parties == 200 + BANKS
    assert not (one.external == economy(200, seed=2).external).all()
    assert len(one.network.guarantees.amount) > 10
    assert np.isfinite(one.cash.held).all()


@pytest.mark.real
def test_the_chain_measures_on_real_data():
    found = graph_chain.industries(200)
    if found is None:
        pytest.skip("the real data are absent")
    assert found.figures["accuracy_1"] > found.figures["majority_accuracy_1"]
    assert found.figures["accuracy_1_low"] < found.figures["accuracy_1"]
    invoices = graph_chain.invoices(3)
    assert invoices is not None
    assert invoices.figures["firms_tied"] > 0
