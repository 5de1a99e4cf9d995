"""Losses along edges add up, party by party, and can be traced to where they began."""

import numpy as np
import pytest
from contagion_networks import codes, debts, guarantees, holdings, money, needs, networks
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.graph.contagion.clearing import Estate, clear
from headrace.graph.contagion.losses import KINDS, attribute, losses, whole_minor
from headrace.graph.contagion.network import Network

BANK, FIRM, BUYER, PARENT = range(4)


@pytest.fixture
def story():
    """The buyer loses 90, fails the firm, which fails the bank; the parent had vouched for 30."""
    network = Network(4, debts((BUYER, FIRM, 100), (FIRM, BANK, 80)), guarantees((PARENT, 1, 30)))
    before = clear(network, money(0, 0, 120, 50))
    after = clear(network, money(0, 0, 30, 50))
    return network, before, after


def test_every_edge_says_what_it_cost(story):
    found = losses(*story)
    rows = [
        (KINDS[kind], int(source), int(target), amount)
        for kind, source, target, amount in zip(
            found.kind.tolist(), found.source, found.target, found.amount.tolist(), strict=True
        )
    ]
    assert rows == [
        ("debt", BUYER, FIRM, 70),
        ("debt", FIRM, BANK, 20),
        ("call", FIRM, PARENT, 30),
    ]
    assert found.loss.tolist() == [20, 20, 20, 30]
    assert found.shock.tolist() == [0, 0, 90, 0]
    assert found.passed_on.tolist() == [0, 50, 70, 0]


def test_all_of_it_began_with_the_buyer(story):
    found = losses(*story)
    traced = attribute(found, np.arange(4))
    assert traced.loss == 90
    assert traced.origin == pytest.approx([0, 0, 90, 0])
    assert traced.arrived == pytest.approx([20, 20, 30])
    assert traced.own == pytest.approx([0, 0, 20, 0])
    bank = attribute(found, codes(BANK))
    assert bank.loss == 20
    assert bank.origin == pytest.approx([0, 0, 20, 0])
    assert bank.through == pytest.approx([20, 20, 0]), "both edges were on its way"


def test_two_shocks_share_a_loss_in_proportion():
    network = Network(4, debts((1, 0, 100), (2, 1, 60), (3, 1, 60)))
    before = clear(network, money(0, 0, 60, 60))
    after = clear(network, money(0, 0, 40, 20))
    traced = attribute(losses(network, before, after), codes(0))
    assert traced.loss == 40
    assert traced.origin == pytest.approx([0, 0, 40 / 3, 80 / 3])


def test_who_was_made_to_fail_is_where_it_began():
    network = Network(
        3, debts((FIRM, BANK, 100)), holdings=holdings((0, 2, 0.5)), needs=needs((2, FIRM, 40))
    )
    external, forced = money(10, 300, 90), np.array([False, True, False])
    before = clear(network, external)
    after = clear(network, external, forced=forced, estate=Estate(own=0.1))
    found = losses(network, before, after)
    traced = attribute(found, np.arange(3), origins=codes(FIRM))
    assert traced.loss == pytest.approx(70 + 20 + 200 + 40)
    assert traced.origin == pytest.approx([0, traced.loss, 0])


def accounts(found):
    """Loss of each party, from its accounts."""
    arrives = np.bincount(found.target, found.amount, len(found.loss))
    return found.shock + arrives + found.cost - found.passed_on - found.beyond


@settings(max_examples=50, deadline=None)
@given(networks(), st.lists(st.floats(0, 1), min_size=6, max_size=6), st.booleans())
def test_accounts_and_contributions_add_up(drawn, kept, costly):
    network, external = drawn
    estate = Estate(0.7, 0.9) if costly else Estate()
    before = clear(network, external, estate=estate)
    after = clear(network, external * np.array(kept[: len(external)]), estate=estate)
    found = losses(network, before, after)
    assert accounts(found) == pytest.approx(found.loss, abs=1e-5)
    for targets in (np.arange(len(external)), codes(0)):
        traced = attribute(found, targets)
        assert traced.arrived.sum() + traced.own.sum() == pytest.approx(traced.loss, abs=1e-5)
        assert traced.origin.sum() == pytest.approx(traced.loss, abs=1e-4)
        assert (traced.origin >= -1e-6).all()


@settings(max_examples=50, deadline=None)
@given(networks(), st.integers(0, 5))
def test_only_shocked_parties_are_origins(drawn, who):
    network, external = drawn
    who %= network.parties
    assume(external[who] > 0)
    struck = external.copy()
    struck[who] = 0
    found = losses(network, clear(network, external), clear(network, struck))
    traced = attribute(found, np.arange(network.parties))
    assert traced.origin[who] == pytest.approx(traced.loss, abs=1e-5)


def test_a_gain_is_not_a_cause(story):
    network, before, after = story
    with pytest.raises(InputError, match="cannot be put down to gains"):
        attribute(losses(network, after, before), codes(BANK))


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=20))
def test_whole_units_add_up_to_the_rounded_sum(parts):
    parts = np.array(parts)
    whole = whole_minor(parts)
    assert whole.sum() == np.rint(parts.sum())
    assert (np.abs(whole - parts) <= 1 + 1e-6).all()


def test_the_largest_remainders_go_up():
    assert whole_minor(money(0.6, 0.3, 0.1)).tolist() == [1, 0, 0]
    assert whole_minor(money(1 / 3, 1 / 3, 1 / 3)).tolist() == [1, 0, 0]
