"""Laws of clearing that hold for any network: order, scale, splitting, guarantees, shocks."""

import numpy as np
import pytest
from contagion_networks import money, networks
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headrace.graph.contagion.clearing import Estate, clear
from headrace.graph.contagion.losses import losses
from headrace.graph.contagion.network import Debts, Guarantees, Holdings, Needs, Network
from headrace.graph.contagion.sampling import Shocks, simulate

COSTLY = Estate(0.75, 0.9)
LAW = settings(max_examples=40, deadline=None)


def check_same(one, other, order=slice(None), scale=1.0):
    """Two clearings agree, the second under another order and scale."""
    assert other.rate[order] == pytest.approx(one.rate, abs=1e-8)
    assert other.equity[order] / scale == pytest.approx(one.equity, rel=1e-7, abs=1e-5)
    assert other.failed[order].tolist() == one.failed.tolist()


@LAW
@given(networks(), st.randoms(use_true_random=False))
def test_it_does_not_matter_in_which_order_parties_stand(drawn, random):
    network, external = drawn
    order = list(range(network.parties))
    random.shuffle(order)
    at = np.array(order, np.int32)  # party i is called at[i]
    debts, promised = network.debts, network.guarantees
    held, needs = network.holdings, network.needs
    renamed = Network(
        network.parties,
        Debts(at[debts.borrower], at[debts.lender], debts.amount),
        Guarantees(at[promised.guarantor], promised.debt, promised.amount),
        Holdings(at[held.holder], at[held.company], held.share),
        Needs(at[needs.subject], at[needs.object], needs.amount),
    )
    moved = np.empty_like(external)
    moved[at] = external
    check_same(clear(network, external, estate=COSTLY), clear(renamed, moved, estate=COSTLY), at)


@LAW
@given(networks(), st.sampled_from((0.01, 100.0)))
def test_fen_or_yuan_is_the_same(drawn, scale):
    network, external = drawn
    debts, promised, needs = network.debts, network.guarantees, network.needs
    other = Network(
        network.parties,
        Debts(debts.borrower, debts.lender, debts.amount * scale),
        Guarantees(promised.guarantor, promised.debt, promised.amount * scale),
        network.holdings,
        Needs(needs.subject, needs.object, needs.amount * scale),
    )
    one = clear(network, external, estate=COSTLY)
    check_same(one, clear(other, external * scale, estate=COSTLY), scale=scale)


@LAW
@given(networks())
def test_a_debt_in_two_papers_is_the_same_debt(drawn):
    network, external = drawn
    debts = network.debts
    twice = Debts(
        np.concatenate((debts.borrower, debts.borrower)),
        np.concatenate((debts.lender, debts.lender)),
        np.concatenate((debts.amount * 0.25, debts.amount * 0.75)),
    )
    promised, count = network.guarantees, len(debts.amount)
    split = Guarantees(
        np.concatenate((promised.guarantor, promised.guarantor)),
        np.concatenate((promised.debt, promised.debt + count)),
        np.concatenate((promised.amount * 0.25, promised.amount * 0.75)),
    )
    other = Network(network.parties, twice, split, network.holdings, network.needs)
    check_same(clear(network, external, estate=COSTLY), clear(other, external, estate=COSTLY))


@LAW
@given(networks(), st.integers(0, 20), st.integers(1, 200))
def test_a_rich_guarantor_never_hurts_a_lender(drawn, which, amount):
    """The guarantor is a new party with money enough, so nobody else is touched by the call."""
    network, external = drawn
    assume(len(network.debts.amount) > 0)
    debt = which % len(network.debts.amount)
    rich = network.parties
    promised = network.guarantees
    wider = Network(
        rich + 1,
        network.debts,
        Guarantees(
            np.append(promised.guarantor, np.int32(rich)),
            np.append(promised.debt, debt),
            np.append(promised.amount, float(amount)),
        ),
        network.holdings,
        network.needs,
    )
    alone = Network(rich + 1, network.debts, promised, network.holdings, network.needs)
    more = np.append(external, 1e6)
    one, other = clear(alone, more), clear(wider, more)
    lender = network.debts.lender[debt]
    if not np.isin(debt, promised.debt):  # it would share the calls with its co-guarantors
        assert other.equity[lender] >= one.equity[lender] - 1e-4
        assert (other.rate >= one.rate - 1e-9).all()
    assert other.equity[rich] <= one.equity[rich] + 1e-6


@LAW
@given(networks())
def test_costs_of_failing_never_help(drawn):
    network, external = drawn
    free, costly = clear(network, external), clear(network, external, estate=COSTLY)
    assert (costly.rate <= free.rate + 1e-9).all()
    assert (costly.equity <= free.equity + 1e-5).all()
    assert (free.failed <= costly.failed).all()


@LAW
@given(networks(), st.integers(0, 5))
def test_being_made_to_fail_never_helps_anybody(drawn, who):
    network, external = drawn
    forced = np.arange(network.parties) == who % network.parties
    one = clear(network, external, estate=COSTLY)
    other = clear(network, external, estate=COSTLY, forced=forced)
    assert (other.rate <= one.rate + 1e-9).all()
    assert (other.equity <= one.equity + 1e-5).all()


@LAW
@given(networks())
def test_clearing_again_changes_nothing(drawn):
    """No shock, no loss."""
    network, external = drawn
    one, again = clear(network, external), clear(network, external)
    found = losses(network, one, again)
    assert len(found.amount) == 0
    assert found.loss.tolist() == [0.0] * network.parties


@LAW
@given(networks(), st.integers(0, 2**31))
def test_a_shock_that_moves_nothing_loses_nothing(drawn, seed):
    network, external = drawn
    base = clear(network, external, estate=COSTLY)
    still = Shocks(np.zeros(network.parties), np.zeros(network.parties))
    found = simulate(network, base, still, np.random.default_rng(seed), 3)
    assert found.loss.mean == pytest.approx(0, abs=1e-4)
    assert found.default_rate.tolist() == base.failed.astype(float).tolist()


@LAW
@given(networks(), st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_worse_shocks_cost_more(drawn, kept):
    network, external = drawn
    kept = np.array(kept[: network.parties])
    mild, hard = clear(network, external * (1 + kept) / 2), clear(network, external * kept)
    assert (hard.equity <= mild.equity + 1e-5).all()


def test_nobody_at_all():
    found = clear(Network(0), money())
    assert found.rate.tolist() == []
    assert found.reviews == 0
