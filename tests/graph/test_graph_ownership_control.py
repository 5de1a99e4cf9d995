"""Control by votes: sums over what one controls, circles, proxies, concert, bounds."""

import numpy as np
import ownership_reference as slow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.graph.ownership.control import HALF, Counter, control, proof, relative_control
from headrace.graph.ownership.shares import read_shares
from headrace.graph.ownership.votes import (
    NOBODY,
    WHOLE,
    Agreement,
    Agreements,
    no_agreements,
    read_votes,
)
from strategies_ownership import PARTIES, PERSONS, holdings_of, registries

ANNA, BO = 5, 6


def agreed(*rows) -> Agreements:
    """Rows of kind, subject, object, about; edges are numbered from 100."""
    table = np.array(rows, np.int64).reshape(len(rows), 4)
    codes = [table[:, at].astype(np.int32) for at in (1, 2, 3)]
    return Agreements(table[:, 0].astype(np.int8), *codes, 100 + np.arange(len(rows)))


def votes_of(rows, agreements=None):
    exact = [(*row, row[-1]) if len(row) == 3 else row for row in rows]
    shares = read_shares(holdings_of(exact), PERSONS)
    return read_votes(shares, no_agreements() if agreements is None else agreements)


def pairs(rows, agreements=None) -> dict[tuple[int, int], str]:
    """Everything controlled, and how: alone, jointly, possibly."""
    found = control(votes_of(rows, agreements))
    return {
        (int(one), int(other)): "possibly" if not sure else "jointly" if joint else "alone"
        for one, other, sure, joint in zip(
            found.controller, found.controlled, found.certain, found.jointly, strict=True
        )
    }


def test_more_than_half_controls_and_half_does_not():
    rows = [(ANNA, 0, 0.5), (BO, 0, 0.5), (ANNA, 1, 0.51), (BO, 1, 0.49)]
    assert pairs(rows) == {(ANNA, 1): "alone"}


def test_tenths_that_make_a_half_are_a_half():
    rows = [(ANNA, 0, 0.1), (ANNA, 0, 0.4), (BO, 0, 0.5), *[(2 + n, 1, 1 / 6) for n in range(3)]]
    assert (ANNA, 0) not in pairs(rows)
    thirds = [(ANNA, 0, 1 / 6), (1, 0, 1 / 6), (2, 0, 1 / 6), (BO, 0, 0.5), (ANNA, 1, 1.0),
              (ANNA, 2, 1.0)]  # fmt: skip
    assert (ANNA, 0) not in pairs(thirds)


def test_votes_of_what_one_controls_are_added_to_ones_own():
    """Anna has 60 % of 0; 0 has 30 % and Anna 25 % of 1; 0 and 1 together have 51 % of 2."""
    rows = [(ANNA, 0, 0.6), (BO, 0, 0.4), (0, 1, 0.3), (ANNA, 1, 0.25), (BO, 1, 0.45),
            (0, 2, 0.26), (1, 2, 0.25), (BO, 2, 0.49)]  # fmt: skip
    assert pairs(rows) == {(ANNA, 0): "alone", (ANNA, 1): "alone", (ANNA, 2): "alone"}
    steps = proof(votes_of(rows), ANNA, 2)
    assert [step.company for step in steps] == [0, 1, 2]
    assert steps[2].holders == (0, 1)
    assert steps[2].edges == (5, 6)
    assert steps[2].shares == (0.26, 0.25)


def test_companies_that_hold_each_other_are_not_controlled_from_nothing():
    rows = [(0, 1, 0.3), (0, 2, 0.3), (1, 0, 0.3), (1, 2, 0.3), (2, 0, 0.3), (2, 1, 0.3),
            (ANNA, 0, 0.4), (ANNA, 1, 0.4), (ANNA, 2, 0.4)]  # fmt: skip
    assert pairs(rows) == {}


def test_a_circle_of_majorities_has_no_ultimate_controller():
    rows = [(0, 1, 0.6), (1, 0, 0.6), (ANNA, 0, 0.4), (BO, 1, 0.4), (1, 2, 1.0)]
    found = control(votes_of(rows))
    assert found.ultimate().controller.size == 0
    assert found.circular().tolist() == [0, 1, 2]
    assert (0, 0) not in pairs(rows)


def test_the_ultimate_controller_stands_at_the_top():
    rows = [(ANNA, 0, 0.6), (BO, 0, 0.4), (0, 1, 1.0), (1, 2, 1.0)]
    top = control(votes_of(rows)).ultimate()
    assert set(zip(top.controller.tolist(), top.controlled.tolist(), strict=True)) == {
        (ANNA, 0), (ANNA, 1), (ANNA, 2)
    }  # fmt: skip
    assert control(votes_of(rows)).circular().size == 0


def test_a_company_casts_no_votes_of_its_own_shares():
    assert pairs([(0, 0, 0.6), (ANNA, 0, 0.4)]) == {}


@given(registries())
@settings(max_examples=80, deadline=None)
def test_control_equals_adding_up_until_nothing_is_new(rows):
    found = {pair for pair, how in pairs(rows).items() if how == "alone"}
    expected = {
        (party, company)
        for party in range(PARTIES)
        for company in slow.controlled(PARTIES, rows, party) - {party}
    }
    assert found == expected


@given(registries(companies=4))
@settings(max_examples=40, deadline=None)
def test_what_is_controlled_is_the_least_closed_set(rows):
    for party in (0, ANNA):
        expected = slow.least_set_is_least(PARTIES, rows, party) - {party}
        assert slow.controlled(PARTIES, rows, party) - {party} == expected


@given(registries(), st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=3))
@settings(max_examples=60, deadline=None)
def test_concert_in_everything_is_casting_votes_as_one(rows, agreements):
    allies: dict[int, set[int]] = {}
    for one, other in agreements:
        allies.setdefault(one, set()).add(other)
        allies.setdefault(other, set()).add(one)
    named = agreed(*((Agreement.CONCERT, one, other, NOBODY) for one, other in agreements))
    found = pairs(rows, named)
    for party in range(PARTIES):
        alone = slow.controlled(PARTIES, rows, party) - {party}
        reached = slow.controlled(PARTIES, rows, party, allies) - {party}
        sure = {other for (one, other), how in found.items() if one == party and how != "possibly"}
        assert {other for other in sure if found[(party, other)] == "alone"} == alone
        assert sure <= reached
        for other in reached - sure:  # it is in concert itself, and no majority of it is held
            held = sum(
                low
                for above, about, low, _ in rows
                if about == other and above in reached | {party} and above != other
            )
            assert other in allies
            assert held <= 0.5 + 1e-9


def test_concert_about_one_company_counts_there_only():
    rows = [(ANNA, 0, 0.3), (BO, 0, 0.3), (2, 0, 0.4), (ANNA, 1, 0.3), (BO, 1, 0.3), (2, 1, 0.4)]
    named = agreed((Agreement.CONCERT, ANNA, BO, 0))
    assert pairs(rows, named) == {(ANNA, 0): "jointly", (BO, 0): "jointly"}
    (step,) = proof(votes_of(rows, named), ANNA, 0)
    assert step.holders == (ANNA, BO)


def test_votes_of_a_pool_are_counted_once():
    rows = [(ANNA, 0, 0.2), (BO, 0, 0.3), (2, 0, 0.5), (ANNA, 2, 0.1), (BO, 2, 0.9)]
    named = agreed((Agreement.CONCERT, ANNA, BO, 0), (Agreement.CONCERT, ANNA, BO, NOBODY))
    found = control(votes_of(rows, named))
    at = (found.controller == BO) & (found.controlled == 0)
    assert found.low[at].tolist() == [1.0]  # 0.2 + 0.3 and 0.5 of company 2, which Bo controls
    assert pairs(rows[:3], named) == {}


def test_a_group_in_concert_is_whole_however_it_was_agreed():
    rows = [(ANNA, 0, 0.2), (BO, 0, 0.2), (1, 0, 0.2), (2, 0, 0.4)]
    named = agreed((Agreement.CONCERT, ANNA, BO, 0), (Agreement.CONCERT, 1, BO, 0))
    assert pairs(rows, named) == dict.fromkeys([(1, 0), (ANNA, 0), (BO, 0)], "jointly")


def test_the_proof_of_joint_control_names_the_agreement():
    rows = [(ANNA, 0, 0.3), (1, 0, 0.3), (2, 0, 0.4), (BO, 1, 0.8), (2, 1, 0.2)]
    named = agreed((Agreement.CONCERT, ANNA, BO, NOBODY))
    steps = proof(votes_of(rows, named), ANNA, 0)
    assert [(step.company, step.holders, step.edges) for step in steps] == [
        (BO, (ANNA,), (100,)), (1, (BO,), (3,)), (0, (1, ANNA), (1, 0)),
    ]  # fmt: skip


def test_a_party_in_concert_may_be_controlled_besides():
    """Anna and company 0 act in concert; 0 holds 60 % of 1, and 1 and Anna hold 0."""
    rows = [(ANNA, 0, 0.2), (1, 0, 0.4), (BO, 0, 0.4), (0, 1, 0.6), (BO, 1, 0.4)]
    named = agreed((Agreement.CONCERT, ANNA, 0, NOBODY))
    assert pairs(rows, named)[(ANNA, 0)] == "jointly"
    assert [step.company for step in proof(votes_of(rows, named), ANNA, 0)] == [0, 1, 0]


def test_a_proxy_casts_the_votes_and_the_grantor_does_not():
    rows = [(ANNA, 0, 0.6), (BO, 0, 0.4), (ANNA, 1, 0.6), (BO, 1, 0.4)]
    named = agreed((Agreement.PROXY, ANNA, BO, 0))
    assert pairs(rows, named) == {(BO, 0): "alone", (ANNA, 1): "alone"}
    (step,) = proof(votes_of(rows, named), BO, 0)
    assert (step.edges, step.by) == ((0, 1), (100, -1))
    everything = agreed((Agreement.PROXY, ANNA, BO, NOBODY))
    assert pairs(rows, everything) == {(BO, 0): "alone", (BO, 1): "alone"}


def test_votes_are_entrusted_on_and_circles_of_proxies_end():
    rows = [(ANNA, 0, 0.6), (BO, 0, 0.4)]
    on = agreed((Agreement.NOMINEE, ANNA, 1, 0), (Agreement.PROXY, 1, 2, NOBODY))
    assert pairs(rows, on) == {(2, 0): "alone"}
    circle = agreed((Agreement.PROXY, ANNA, 1, 0), (Agreement.PROXY, 1, ANNA, 0))
    assert set(pairs(rows, circle)) <= {(ANNA, 0), (1, 0)}


def test_the_general_partner_runs_a_partnership_and_of_two_each_possibly():
    one = agreed((Agreement.PARTNER, ANNA, 0, NOBODY))
    assert pairs([(0, 1, 0.6), (BO, 1, 0.4)], one)[(ANNA, 1)] == "alone"
    two = agreed((Agreement.PARTNER, ANNA, 0, NOBODY), (Agreement.PARTNER, BO, 0, NOBODY))
    found = pairs([(0, 1, 0.6), (2, 1, 0.4)], two)
    assert found[(ANNA, 0)] == found[(BO, 1)] == "possibly"


def test_control_by_contract_stands_beside_the_votes():
    named = agreed((Agreement.CONTRACT, BO, 0, NOBODY))
    rows = [(ANNA, 0, 1.0), (0, 1, 1.0)]
    assert pairs(rows, named) == {
        (ANNA, 0): "alone", (ANNA, 1): "alone", (0, 1): "alone",
        (BO, 0): "alone", (BO, 1): "alone",
    }  # fmt: skip
    assert proof(votes_of(rows, named), BO, 1)[0].edges == (100,)


def test_votes_nobody_is_recorded_to_have_may_be_anybodys():
    """Anna has 30 %, Bo 20 %, half is not recorded: Anna possibly, Bo possibly, neither surely."""
    found = control(votes_of([(ANNA, 0, 0.3), (BO, 0, 0.2)]))
    assert found.certain.tolist() == [False, False]
    assert found.low.tolist() == pytest.approx([0.3, 0.2])
    assert found.high.tolist() == pytest.approx([0.8, 0.7])
    (step,) = proof(votes_of([(ANNA, 0, 0.3), (BO, 0, 0.2)]), ANNA, 0)
    assert step.unrecorded == pytest.approx(0.5)
    assert pairs([(ANNA, 0, 0.5), (BO, 0, 0.3)]) == {(ANNA, 0): "possibly"}


@given(registries(ranges=True, companies=4))
@settings(max_examples=60, deadline=None)
def test_possible_control_is_control_in_the_world_that_suits_best(rows):
    """Give a party all that nobody certainly has, where it or its group is recorded."""
    left = {
        company: 1.0 - sum(low for _, c, low, _ in rows if c == company) for company in range(5)
    }
    found = pairs(rows)
    for party in range(PARTIES):
        members = {party}
        while True:
            new = members | {
                company
                for company in {about for above, about, *_ in rows if above in members}
                if sum(low for above, about, low, _ in rows
                       if about == company and above in members and above != company)
                + left[company] > 0.5 + 1e-6
            }  # fmt: skip
            if new == members:
                break
            members = new
        assert {other for one, other in found if one == party} == members - {party}


@given(registries(ranges=True))
@settings(max_examples=40, deadline=None)
def test_every_proof_holds_by_itself(rows):
    votes = votes_of(rows)
    found = control(votes)
    for one, other, sure in zip(
        found.controller.tolist(), found.controlled.tolist(), found.certain, strict=True
    ):
        steps = proof(votes, one, other)
        assert steps[-1].company == other
        known = {one}
        for step in steps:
            assert set(step.holders) <= known
            assert len(set(step.edges)) == len(step.edges)
            assert sum(step.shares) + step.unrecorded > 0.5 - 1e-9
            assert not (sure and step.unrecorded)
            for holder, edge in zip(step.holders, step.edges, strict=True):
                assert rows[edge][:2] == (holder, step.company)
            known.add(step.company)
    assert proof(votes, ANNA, BO) == ()


def test_room_that_runs_out_is_made_and_nothing_is_lost():
    rows = [(ANNA, company, 1.0) for company in range(5)]
    votes = votes_of(rows)
    who = np.array([ANNA, 0], np.int32)
    small = Counter(votes.parties, len(votes.units)).reach(votes, who, 2)
    assert sorted(small.party.tolist()) == [0, 1, 2, 3, 4]
    assert small.at.tolist() == [0, 5, 5]


def test_nobody_asked_reaches_nothing():
    votes = votes_of([])
    assert control(votes).controller.size == 0
    assert Counter(votes.parties, 0).reach(votes, np.empty(0, np.int32)).at.tolist() == [0]


def test_another_threshold_is_an_argument():
    votes = votes_of([(ANNA, 0, 0.6), (BO, 0, 0.4)])
    assert control(votes, over=WHOLE * 2 // 3).controller.size == 0
    assert control(votes, over=HALF).controller.tolist() == [ANNA]


def test_relative_control_is_a_lead_without_a_majority():
    rows = [(ANNA, 0, 0.35), (BO, 0, 0.1), (1, 0, 0.1), (ANNA, 1, 0.35), (BO, 1, 0.3),
            (ANNA, 2, 0.6), (ANNA, 3, 0.2), (ANNA, 3, 0.15), (ANNA, 4, 0.29)]  # fmt: skip
    found = relative_control(votes_of(rows))
    assert list(zip(found.company.tolist(), found.holder.tolist(), strict=True)) == [
        (0, ANNA), (3, ANNA)
    ]  # fmt: skip
    assert found.votes.tolist() == pytest.approx([0.35, 0.35])
    assert found.second.tolist() == pytest.approx([0.1, 0.0])


PARTIES_DRAWN = st.integers(0, PARTIES - 1)
AGREED = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([0, 1, 2]), PARTIES_DRAWN, PARTIES_DRAWN, st.integers(-1, 4)),
        st.tuples(st.sampled_from([3, 4]), PARTIES_DRAWN, st.integers(0, 4), st.just(-1)),
    ),
    max_size=5,
)


@given(registries(ranges=True), AGREED)
@settings(max_examples=150, deadline=None)
def test_control_under_any_agreements_is_what_the_definitions_say(rows, agreements):
    found = control(votes_of(rows, agreed(*agreements)))
    ours = {party: {} for party in range(PARTIES)}
    for row, (one, other) in enumerate(
        zip(found.controller.tolist(), found.controlled.tolist(), strict=True)
    ):
        sure = "jointly" if found.jointly[row] else "alone"
        how = sure if found.certain[row] else "possibly"
        ours[one][other] = (how, float(found.low[row]), float(found.high[row]))
    for party in range(PARTIES):
        expected = slow.how_controlled(PARTIES, rows, agreements, party)
        assert ours[party] == {
            other: (how, min(low / WHOLE, 1.0), min(high / WHOLE, 1.0))
            for other, (how, low, high) in expected.items()
        }


@given(registries(ranges=True), AGREED)
@settings(max_examples=60, deadline=None)
def test_every_proof_under_agreements_brings_in_what_it_counts(rows, agreements):
    votes = votes_of(rows, agreed(*agreements))
    found = control(votes)
    for one, other in zip(found.controller.tolist(), found.controlled.tolist(), strict=True):
        steps = proof(votes, one, other)
        assert steps[-1].company == other
        for step in steps:
            by_concert = step.shares == (0.0,) and step.edges[0] >= 100
            assert by_concert or sum(step.shares) + step.unrecorded > 0.5
