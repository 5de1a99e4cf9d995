"""Sampled scenarios equal single clearings, and say how far chance may have moved them."""

import contagion_reference as reference
import numpy as np
import pytest
from contagion_networks import codes, debts, guarantees, holdings, money, needs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from headrace.errors import InputError
from headrace.graph.contagion.clearing import Estate, clear
from headrace.graph.contagion.losses import losses
from headrace.graph.contagion.network import Network
from headrace.graph.contagion.sampling import Shocks, band, price_fall, simulate, wilson
from headrace.graph.contagion.spreading import default_probabilities

NETWORK = Network(
    6,
    debts((1, 0, 80), (2, 1, 60), (3, 1, 50), (4, 3, 40), (2, 0, 30)),
    guarantees((5, 0, 50), (4, 4, 10)),
    holdings((5, 1, 0.6), (0, 5, 0.2)),
    needs((1, 3, 15), (4, 2, 10)),
)
EXTERNAL = money(100, 20, 110, 60, 70, 40)
COSTLY = Estate(0.8, 0.9)


def shocks(**changed):
    given_ = {"mean": np.full(6, -5.0), "deviation": np.full(6, 30.0), "world": 0.3, "within": 0.2,
              "group": codes(0, 0, 0, 1, 1, 1)}  # fmt: skip
    return Shocks(**(given_ | changed))


def test_scenarios_are_clearings_of_their_own():
    base = clear(NETWORK, EXTERNAL, estate=COSTLY)
    drawn = shocks().draw(40, np.random.default_rng(3))
    found = simulate(NETWORK, base, shocks(), np.random.default_rng(3), 40, watched=codes(0, 3))
    single = [clear(NETWORK, EXTERNAL + each, estate=COSTLY) for each in drawn]
    fell = [base.equity[[0, 3]].sum() - each.equity[[0, 3]].sum() for each in single]
    assert found.losses == pytest.approx(fell, abs=1e-6)
    assert found.default_rate == pytest.approx(np.mean([each.failed for each in single], 0))
    assert found.expected_loss == pytest.approx(
        base.equity - np.mean([each.equity for each in single], 0)
    )
    along = [losses(NETWORK, base, each) for each in single]
    for kind, mean in enumerate(
        (found.uncovered, found.called, found.unpaid, found.devalued, found.lost)
    ):
        total = np.zeros(len(mean))
        for each in along:
            rows = each.kind == kind
            np.add.at(total, each.edge[rows], each.amount[rows])
        assert mean == pytest.approx(total / 40, abs=1e-6)


def test_one_seed_gives_one_result():
    base = clear(NETWORK, EXTERNAL)
    runs = [simulate(NETWORK, base, shocks(), np.random.default_rng(at), 64) for at in (1, 1, 2)]
    assert runs[0].losses.tolist() == runs[1].losses.tolist()
    assert runs[0].losses.tolist() != runs[2].losses.tolist()


def test_shocks_move_together_as_they_are_told_to():
    drawn = shocks().draw(40_000, np.random.default_rng(5))
    correlation = np.corrcoef(drawn.T)
    assert correlation[0, 1] == pytest.approx(0.5, abs=0.02), "world and group"
    assert correlation[0, 4] == pytest.approx(0.3, abs=0.02), "world only"
    assert drawn.mean(0) == pytest.approx(np.full(6, -5), abs=0.6)
    assert drawn.std(0) == pytest.approx(np.full(6, 30), rel=0.02)
    with pytest.raises(InputError, match="sum to 1"):
        shocks(world=0.7, within=0.6)
    for wrong in (np.full(6, np.nan), np.full(6, -1.0), np.full(6, np.inf), np.ones(5)):
        with pytest.raises(InputError, match="missing or negative"):
            shocks(deviation=wrong)
    few = Shocks(np.zeros(2), np.ones(2))
    with pytest.raises(InputError, match="2 shocks of 6 parties"):
        simulate(NETWORK, clear(NETWORK, EXTERNAL), few, np.random.default_rng(1), 1)


def test_the_default_rate_of_a_single_firm_is_the_normal_one():
    network = Network(2, debts((1, 0, 100)))
    base = clear(network, money(0, 150))
    calm = Shocks(np.zeros(2), money(0, 40))
    found = simulate(network, base, calm, np.random.default_rng(2), 20_000)
    assert found.default_low[1] <= norm.cdf(-50 / 40) <= found.default_high[1]
    assert found.default_rate[0] == 0
    assert 0 < found.default_high[0] < 0.001, "never seen is not impossible"


def test_a_band_holds_the_truth_as_often_as_it_says():
    rng, held, within = np.random.default_rng(8), 0, 0
    for _ in range(400):
        found = band(rng.exponential(10.0, 300))
        _, low, high = found.quantiles[0.9]
        held += low <= 10 * np.log(10) <= high
        within += abs(found.mean - 10) <= 1.96 * found.error
    assert 0.92 <= held / 400 <= 1.0
    assert 0.90 <= within / 400 <= 0.98


def test_expected_shortfall_is_the_mean_of_the_worst_twentieth():
    found = band(np.arange(100.0))
    assert found.shortfall == 97
    assert found.quantiles[0.5][0] == 49
    assert np.isnan(band(np.ones(1)).error)


def test_wilson_stays_between_nothing_and_everything():
    low, high = wilson(np.array([0, 50, 100]), 100)
    assert low.tolist() == pytest.approx([0, 0.4038, 0.9630], abs=1e-4)
    assert high.tolist() == pytest.approx([0.0370, 0.5962, 1], abs=1e-4)


def test_a_price_that_falls_costs_who_holds_and_helps_who_buys():
    assert price_fall(money(100, -40, 0), 0.3).tolist() == [-30, 12, 0]
    with pytest.raises(InputError, match="0 to 1"):
        price_fall(money(1), 30)


PROBABILITY = st.sampled_from((0.0, 0.1, 0.3, 0.6, 1.0))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(PROBABILITY, min_size=2, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), PROBABILITY), max_size=5),
)
def test_sampled_worlds_agree_with_all_worlds(own, edges):
    n = len(own)
    edges = [each for each in edges if each[0] < n and each[1] < n]
    columns = tuple(zip(*edges, strict=True)) or ((), (), ())
    given_ = (codes(*columns[0]), codes(*columns[1]), money(*columns[2]))
    found = default_probabilities(np.array(own), given_, np.random.default_rng(4), 20_000)
    exact = reference.world_probabilities(own, edges)
    assert np.abs(found.probability - exact).max() < 0.02  # more than five standard errors
    assert found.defaults.mean == pytest.approx(exact.sum(), abs=0.06)


def test_on_a_chain_it_is_the_formula_of_vulnds():
    edges = (codes(0, 1), codes(1, 2), money(0.5, 0.5))
    found = default_probabilities(money(0.2, 0.1, 0.0), edges, np.random.default_rng(1), 200_000)
    middle = 1 - 0.9 * (1 - 0.5 * 0.2)
    assert found.probability == pytest.approx([0.2, middle, 0.5 * middle], abs=0.005)
    assert (found.low < found.probability).all()
    assert (found.probability < found.high).all()


def test_probabilities_that_cannot_be_are_refused():
    none = (codes(), codes(), money())
    with pytest.raises(InputError, match=r"probability 1\.5"):
        default_probabilities(money(1.5), none, np.random.default_rng(1), 10)
    with pytest.raises(InputError, match="not there"):
        default_probabilities(
            money(0.5), (codes(0), codes(3), money(1)), np.random.default_rng(1), 1
        )
