"""Integrated ownership: exact beside fractions, loops and all; faults are findings."""

from fractions import Fraction

import numpy as np
import ownership_reference as slow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.graph.ownership import integrated, kernels
from headrace.graph.ownership.chains import chains
from headrace.graph.ownership.integrated import held_by, holders_of, solve, ultimate_holders
from headrace.graph.ownership.shares import WORDS, Fault, read_shares
from strategies_ownership import PARTIES, PERSONS, holdings_of, registries

ANNA, BO = 5, 6


def solved(rows, persons=PERSONS):
    return solve(read_shares(holdings_of(rows), persons))


def share(ownership, holder, company) -> float:
    held = held_by(ownership, holder)
    rows = held.party == company
    return float(held.low[rows][0]) if rows.any() else 0.0


def test_shares_multiply_along_a_chain_and_add_up_over_chains():
    rows = [(ANNA, 0, 0.6, 0.6), (0, 1, 0.5, 0.5), (ANNA, 1, 0.1, 0.1)]
    assert share(solved(rows), ANNA, 1) == pytest.approx(0.4, abs=1e-15)


def test_a_loop_gives_what_it_holds_of_itself_to_those_outside():
    """0 and 1 hold 40 % and 50 % of each other; Anna and Bo the rest: all is theirs."""
    rows = [(1, 0, 0.4, 0.4), (ANNA, 0, 0.6, 0.6), (0, 1, 0.5, 0.5), (BO, 1, 0.5, 0.5)]
    ownership = solved(rows)
    assert share(ownership, ANNA, 0) == pytest.approx(0.6 / 0.8, abs=1e-15)
    assert share(ownership, BO, 0) == pytest.approx(0.2 / 0.8, abs=1e-15)
    assert ownership.open[0] == pytest.approx(0.0, abs=1e-15)


def test_a_company_on_a_loop_is_measured_until_a_chain_first_reaches_it():
    rows = [(1, 0, 0.4, 0.4), (0, 1, 0.5, 0.5)]
    held = held_by(solved(rows), 0)
    by_party = dict(zip(held.party.tolist(), zip(held.low, held.walks, strict=True), strict=True))
    assert by_party[1] == pytest.approx((0.5, 0.5 / 0.8))
    assert by_party[0] == pytest.approx((0.2, 1 / 0.8 - 1))


@given(registries())
@settings(max_examples=60, deadline=None)
def test_every_share_equals_the_one_in_fractions(rows):
    ownership = solved(rows)
    n, y = slow.walks(PARTIES, rows), slow.first_passage(PARTIES, rows)
    for holder in range(PARTIES):
        held = held_by(ownership, holder)
        low, all_walks = np.zeros(PARTIES), np.zeros(PARTIES)
        low[held.party], all_walks[held.party] = held.low, held.walks
        assert np.abs(low - np.array(y[holder], float)).max() < 1e-12
        exact = [float(n[holder][j] - int(holder == j)) for j in range(PARTIES)]
        assert np.allclose(all_walks, exact, rtol=1e-12, atol=1e-12)


@given(registries())
@settings(max_examples=40, deadline=None)
def test_holders_of_a_company_are_the_same_seen_from_below(rows):
    ownership = solved(rows)
    for company in range(5):
        held = holders_of(ownership, company)
        for party, low, high in zip(held.party.tolist(), held.low, held.high, strict=True):
            assert low == pytest.approx(share(ownership, party, company), abs=1e-13)
            assert low - 1e-13 <= high <= 1.0


@given(registries(), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_ultimate_holders_and_what_nobody_holds_make_the_whole(rows, keep):
    ownership = solved(rows)
    lists = ultimate_holders(ownership)
    owners = lists.at_least(0.0)
    y = slow.first_passage(PARTIES, rows)
    for company, holder, low in zip(owners.company, owners.holder, owners.low, strict=True):
        assert abs(low - float(y[holder][company])) < 1e-12
    total = np.bincount(owners.company, owners.low, PARTIES)
    persons_only = np.bincount(
        owners.company, np.where(PERSONS[owners.holder], owners.low, 0.0), PARTIES
    )
    held = np.unique(owners.company)
    assert np.all(total[held] <= 1 + 1e-12)
    assert np.allclose((persons_only + ownership.open)[held], 1.0, atol=1e-12)
    short = ultimate_holders(ownership, keep)  # dropping small holders keeps bounds true
    assert short.length.max(initial=0) <= keep
    for company, holder, low, high in zip(*vars(short.at_least(0.0)).values(), strict=True):
        exact = float(y[holder][company])
        assert low <= exact + 1e-12 <= low + short.lost[company] + 2e-12
        assert high >= exact - 1e-12


@given(registries())
@settings(max_examples=30, deadline=None)
def test_a_threshold_selects_who_reaches_it_for_certain_or_possibly(rows):
    lists = ultimate_holders(solved(rows))
    everybody, some = lists.at_least(0.0), lists.at_least(0.25)
    expected = everybody.high >= 0.25 - 1e-12
    assert np.array_equal(some.company, everybody.company[expected])
    assert np.array_equal(some.holder, everybody.holder[expected])


@given(registries(ranges=True, companies=3))
@settings(max_examples=25, deadline=None)
def test_bounds_are_the_least_and_greatest_share_over_all_worlds(rows):
    rows = rows[:6]
    ownership = solved(rows)
    for company in range(3):
        held = holders_of(ownership, company)
        for party, low, high in zip(held.party.tolist(), held.low, held.high, strict=True):
            if party == company:
                continue
            best = slow.best_share(PARTIES, rows, PERSONS.tolist(), party, company)
            assert abs(high - float(best)) < 1e-12
            assert low <= high + 1e-15


def test_a_loop_nearly_closed_is_as_exact_as_any_other():
    """Two parts in a million are outside: plain elimination would lose six digits."""
    low, rest = 1 - 2.0**-19, 2.0**-20
    rows = [(1, 0, low, low), (ANNA, 0, rest, rest), (0, 1, 1.0, 1.0), (0, 2, 0.1, 0.1)]
    exact = slow.first_passage(PARTIES, rows)[ANNA][2]
    assert abs(share(solved(rows), ANNA, 2) - float(exact)) < 1e-12


@given(registries(full=True))
@settings(max_examples=30, deadline=None)
def test_large_loops_solved_by_lu_agree_with_small_ones_solved_by_elimination(rows):
    before = solved(rows)
    if any(finding.fault is Fault.CLOSED for finding in before.findings):
        return
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(integrated, "DENSE_MAX", 1)
        after = solved(rows)
    assert np.allclose(before.blocks, after.blocks, rtol=1e-12, atol=1e-12)


def test_a_circle_without_outside_holder_is_a_finding_and_the_rest_is_computed():
    rows = [(1, 0, 1.0, 1.0), (0, 1, 1.0, 1.0), (0, 2, 0.5, 0.5), (ANNA, 2, 0.5, 0.5)]
    ownership = solved(rows)
    (finding,) = ownership.findings
    assert (finding.fault, finding.companies, finding.edges) == (Fault.CLOSED, (0, 1), (0, 1))
    assert share(ownership, ANNA, 2) == 0.5
    assert ownership.open[:3].tolist() == [1.0, 1.0, 0.5]


def test_shares_above_the_whole_are_certain_only_as_far_as_the_others_leave_them():
    rows = [(ANNA, 0, 0.6, 0.6), (BO, 0, 0.7, 0.7)]
    shares = read_shares(holdings_of(rows, [10, 11]), PERSONS)
    assert shares.share == pytest.approx([0.3, 0.4])
    (finding,) = shares.findings
    assert (finding.fault, finding.companies, finding.edges) == (Fault.WHOLE, (0,), (10, 11))


def test_every_other_fault_names_the_company_and_the_holding():
    nan = float("nan")
    rows = [
        (ANNA, 0, 1.2, 1.2), (BO, 0, 0.4, 0.4), (BO, 0, 0.4, 0.4), (1, 1, 0.1, 0.1),
        (ANNA, 1, 0.5, 0.4), (BO, 2, nan, nan), (ANNA, 2, nan, 0.3), (BO, 3, 0.2, 0.2),
        (BO, 3, 0.3, 0.3),
    ]  # fmt: skip
    shares = read_shares(holdings_of(rows), PERSONS)
    found = {(finding.fault, finding.companies, finding.edges) for finding in shares.findings}
    assert found == {
        (Fault.RANGE, (0,), (0,)), (Fault.RANGE, (1,), (4,)), (Fault.ITSELF, (1,), (3,)),
        (Fault.REPEATED, (0,), (2,)),
    }  # fmt: skip
    assert shares.share.tolist() == [0.0, 0.4, 0.0, 0.1, 0.0, 0.0, 0.0, 0.2, 0.3]
    assert shares.remainder[[0, 2, 3, 4, ANNA]] == pytest.approx([0.6, 1.0, 0.5, 1.0, 0.0])


def test_copies_are_found_among_lots_that_differ():
    rows = [(BO, 0, 0.3, 0.3), (BO, 0, 0.4, 0.4), (BO, 0, 0.3, 0.3)]
    shares = read_shares(holdings_of(rows), PERSONS)
    assert sorted(shares.share.tolist()) == [0.0, 0.3, 0.4]
    assert shares.findings[0].edges == (2,)


def test_a_person_cannot_be_held():
    shares = read_shares(holdings_of([(0, ANNA, 0.5, 0.5), (ANNA, 0, 0.5, 0.5)]), PERSONS)
    (finding,) = shares.findings
    assert (finding.fault, finding.companies, finding.edges) == (Fault.PERSON, (ANNA,), (0,))
    assert shares.holder.tolist() == [ANNA]
    assert shares.remainder[[0, ANNA]].tolist() == [0.5, 0.0]


def test_own_shares_go_to_the_others_pro_rata():
    rows = [(0, 0, 0.2, 0.2), (ANNA, 0, 0.4, 0.4), (BO, 0, 0.4, 0.4)]
    assert share(solved(rows), ANNA, 0) == pytest.approx(0.5, abs=1e-15)


def test_every_fault_is_explained_in_both_languages():
    assert set(WORDS) == set(Fault)
    assert all(english and chinese for english, chinese in WORDS.values())


def test_nothing_recorded_gives_nothing():
    ownership = solved([])
    assert holders_of(ownership, 0).party.size == 0
    assert ultimate_holders(ownership).at_least(0.1).company.size == 0
    assert ownership.open.tolist() == [1.0] * 5 + [0.0] * 2


@given(registries())
@settings(max_examples=40, deadline=None)
def test_chains_add_up_to_the_share_where_there_is_no_loop(rows):
    rows = [row for row in rows if row[0] < row[1] or row[0] >= 5]
    ownership = solved(rows)
    for company in range(5):
        found = chains(ownership, ANNA, company, most=1_000)
        assert sum(chain.product for chain in found) == pytest.approx(
            share(ownership, ANNA, company), abs=1e-12
        )
        products = [chain.product for chain in found]
        assert products == sorted(products, reverse=True)
        for chain in found:
            assert (chain.parties[0], chain.parties[-1]) == (ANNA, company)
            named = [rows[edge][:2] for edge in chain.edges]
            assert named == list(zip(chain.parties[:-1], chain.parties[1:], strict=True))


def test_chains_through_a_loop_pass_each_party_once():
    rows = [(1, 0, 0.4, 0.4), (ANNA, 0, 0.6, 0.6), (0, 1, 0.5, 0.5), (BO, 1, 0.5, 0.5)]
    found = chains(solved(rows), ANNA, 1)
    assert [chain.parties for chain in found] == [(ANNA, 0, 1)]
    assert found[0].product == pytest.approx(0.3)
    assert chains(solved(rows), 3, 1) == ()


def test_the_share_of_a_company_in_itself_has_chains_round_the_loop():
    rows = [(1, 0, 0.4, 0.4), (0, 1, 0.5, 0.5)]
    assert [chain.parties for chain in chains(solved(rows), 0, 0)] == [(0, 1, 0)]


def test_sums_that_leave_little_are_not_cancelled():
    start, length = np.array([0]), np.array([3])
    whole = np.empty(1)
    kernels.remainders(start, length, np.array([0.7, 0.2, 0.1 - 1e-17]), whole)
    exact = 1 - sum(Fraction(each) for each in (0.7, 0.2, 0.1 - 1e-17))
    assert abs(whole[0] - float(exact)) < 1e-30
