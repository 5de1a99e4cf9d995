"""Ownership kept current: after any history the answers are those from scratch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.graph.ownership.control import control
from headrace.graph.ownership.integrated import solve, ultimate_holders
from headrace.graph.ownership.live import Holding, LiveOwnership
from headrace.graph.ownership.runs import Runs
from headrace.graph.ownership.shares import Fault, read_shares
from headrace.graph.ownership.votes import NOBODY, Agreement, Agreements, no_agreements, read_votes
from strategies_ownership import PARTIES, PERSONS, holdings_of, registries

ANNA, BO = 5, 6


@st.composite
def histories(draw):
    """Holdings put and withdrawn: some fit, some are faulty, some change what is there."""
    return draw(
        st.lists(
            st.tuples(
                st.integers(0, 12), st.integers(0, 6), st.integers(0, 4),
                st.sampled_from([0.0, 0.2, 0.3, 0.5, 0.51, 1.0, float("nan")]), st.booleans(),
            ),
            min_size=1, max_size=8,
        )
    )  # fmt: skip


def from_scratch(rows: dict[tuple[int, int], tuple[int, float]], agreements):
    """Lists of owners and pairs of control, computed anew."""
    edges = list(rows)
    table = [(rows[key][0], key[0], rows[key][1], rows[key][1]) for key in edges]
    holdings = holdings_of(table, [edge for _, edge in edges])
    shares = read_shares(holdings, PERSONS)
    ownership = solve(shares)
    return ownership, ultimate_holders(ownership), control(read_votes(shares, agreements))


def owners(found, company) -> dict[int, tuple[float, float]]:
    rows = found.company == company
    low, high = found.low[rows].tolist(), found.high[rows].tolist()
    return dict(zip(found.holder[rows].tolist(), zip(low, high, strict=True), strict=True))


def controlled(found) -> set[tuple[int, int, bool, bool, float, float]]:
    return set(
        zip(
            found.controller.tolist(), found.controlled.tolist(), found.certain.tolist(),
            found.jointly.tolist(), found.low.tolist(), found.high.tolist(), strict=True,
        )
    )  # fmt: skip


@given(registries(), histories(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_after_any_history_everything_is_as_from_scratch(rows, history, agree):
    agreements = some_agreements() if agree else no_agreements()
    recorded = {(row[1], edge): (row[0], row[2]) for edge, row in enumerate(rows)}
    live = LiveOwnership(holdings_of(rows), agreements, PERSONS)
    before = from_scratch(recorded, agreements)[2]
    for edge, holder, company, share, put in history:
        if put:
            recorded[(company, edge)] = (holder, share)
            change = live.put(Holding(edge, holder, company, share, share))
        else:
            recorded.pop((company, edge), None)
            change = live.withdraw(company, edge)
        _, lists, pairs = from_scratch(recorded, agreements)
        check_the_same(live, lists, pairs)
        was, now = ({pair[:2] for pair in controlled(each) if pair[2]} for each in (before, pairs))
        assert (change.gained, change.lost) == (now - was, was - now)
        before = pairs


def some_agreements() -> Agreements:
    kinds = [Agreement.CONCERT, Agreement.CONCERT, Agreement.PROXY, Agreement.PARTNER,
             Agreement.CONTRACT]  # fmt: skip
    return Agreements(
        np.array(kinds, np.int8), np.array([ANNA, 1, 2, BO, 3], np.int32),
        np.array([BO, 2, ANNA, 3, 4], np.int32), np.array([0, NOBODY, 1, -1, -1], np.int32),
        np.arange(100, 105),
    )  # fmt: skip


def check_the_same(live, lists, pairs):
    everybody = lists.at_least(0.0)
    for company in range(5):
        expected, found = owners(everybody, company), owners(live.owners(company), company)
        assert found.keys() == expected.keys()
        for holder, bounds in expected.items():
            assert found[holder] == pytest.approx(bounds, abs=1e-12)
    whole = controlled(pairs)
    for party in range(PARTIES):
        assert controlled(live.controlled(party)) == {p for p in whole if p[0] == party}
        assert controlled(live.controllers(party)) == {p for p in whole if p[1] == party}


def test_only_companies_below_are_found_again():
    rows = [(ANNA, 0, 0.6, 0.6), (0, 1, 0.6, 0.6), (1, 2, 0.6, 0.6), (BO, 3, 0.6, 0.6)]
    live = LiveOwnership(holdings_of(rows), no_agreements(), PERSONS)
    change = live.put(Holding(9, BO, 1, 0.4, 0.4))
    assert sorted(change.companies.tolist()) == [1, 2]
    assert (change.gained, change.lost) == (frozenset(), frozenset())
    change = live.withdraw(1, 1)
    assert change.lost == {(ANNA, 1), (ANNA, 2), (0, 1), (0, 2)}


def test_a_circle_that_closes_and_opens_again_is_a_finding_for_as_long():
    rows = [(1, 0, 1.0, 1.0), (0, 1, 0.9, 0.9), (ANNA, 1, 0.1, 0.1)]
    live = LiveOwnership(holdings_of(rows), no_agreements(), PERSONS)
    assert owners(live.owners(0), 0)[ANNA][0] == pytest.approx(1.0)
    live.withdraw(1, 2)
    change = live.put(Holding(1, 0, 1, 1.0, 1.0))
    assert [finding.fault for finding in change.findings] == [Fault.CLOSED]
    assert owners(live.owners(0), 0) == {}
    change = live.put(Holding(1, 0, 1, 0.5, 0.5))
    assert change.findings == ()
    live.put(Holding(7, BO, 1, 0.5, 0.5))
    assert owners(live.owners(0), 0)[BO][0] == pytest.approx(1.0)


def test_a_fault_that_comes_with_a_change_names_company_and_holding():
    live = LiveOwnership(holdings_of([(ANNA, 3, 0.7, 0.7)]), no_agreements(), PERSONS)
    change = live.put(Holding(8, BO, 3, 0.6, 0.6))
    (finding,) = change.findings
    assert (finding.fault, finding.companies, finding.edges) == (Fault.WHOLE, (3,), (0, 8))


def test_a_share_of_a_person_is_a_finding_and_changes_nothing():
    live = LiveOwnership(holdings_of([(ANNA, 3, 0.7, 0.7)]), no_agreements(), PERSONS)
    change = live.put(Holding(8, 3, BO, 0.6, 0.6))
    assert [finding.fault for finding in change.findings] == [Fault.PERSON]
    assert live.withdraw(BO, 8).companies.size == change.companies.size == 0
    assert live.controlled(3).controlled.size == 0


def test_lists_are_packed_when_most_of_their_room_is_left_behind():
    runs = Runs(np.array([0, 2, 4]), np.array([2, 2, 2]), np.arange(6))
    for _ in range(2_000):
        runs.replace(1, np.array([7, 8, 9]))
        runs.replace(1, np.array([7, 8]))
        runs.replace(1, np.array([5, 6, 7, 8]))
        runs.replace(1, np.array([5]))
    assert runs.fill > 2_000
    runs.make_room()
    assert (runs.fill, len(runs.columns[0])) == (5, 1031)
    runs.make_room()  # and again, though nothing was left behind
    assert (runs.fill, len(runs.columns[0])) == (5, 2570)
    assert [runs.columns[0][runs.rows(party)].tolist() for party in range(3)] == [
        [0, 1],
        [5],
        [4, 5],
    ]


def test_room_for_claims_grows_with_them():
    live = LiveOwnership(holdings_of([(ANNA, 0, 0.6, 0.6)]), no_agreements(), PERSONS)
    for edge in range(1, 60):
        live.put(Holding(edge, edge % 5, 1, 0.001 * edge, 0.001 * edge))
        live.put(Holding(1000 + edge, ANNA, edge % 5, 0.0001, 0.0001))
    assert (ANNA, 0) in {pair[:2] for pair in controlled(live.controlled(ANNA))}


def test_a_long_history_in_a_larger_registry_ends_as_from_scratch():
    rng = np.random.default_rng(12)
    companies, persons = 120, 60
    unheld = np.arange(companies + persons) >= companies
    share = {}
    for edge in range(300):
        company = int(rng.integers(0, companies))
        share[(company, edge)] = (
            int(rng.integers(0, companies + persons)),
            float(rng.random() / 3),
        )
    live = LiveOwnership(table_of(share), no_agreements(), unheld)
    for number in range(120):
        company, edge = list(share)[int(rng.integers(0, len(share)))]
        if rng.random() < 0.4:
            del share[(company, edge)]
            live.withdraw(company, edge)
        else:
            edge = edge if rng.random() < 0.5 else 1_000 + number
            holder, low = int(rng.integers(0, companies + persons)), float(rng.random() / 2)
            share[(company, edge)] = (holder, low)
            live.put(Holding(edge, holder, company, low, low))
    shares = read_shares(table_of(share), unheld)
    lists = ultimate_holders(solve(shares)).at_least(0.0)
    pairs = controlled(control(read_votes(shares, no_agreements())))
    for company in range(companies):
        expected, found = owners(lists, company), owners(live.owners(company), company)
        assert found.keys() == expected.keys()
        assert all(found[key] == pytest.approx(expected[key], abs=1e-12) for key in found)
        mine = {(*pair[:4], round(pair[4], 9), round(pair[5], 9)) for pair in pairs
                if pair[1] == company}  # fmt: skip
        assert mine == {(*pair[:4], round(pair[4], 9), round(pair[5], 9))
                        for pair in controlled(live.controllers(company))}  # fmt: skip


def table_of(share):
    """Holdings by company and edge as arrays."""
    rows = [(holder, company, low, low) for (company, _), (holder, low) in share.items()]
    return holdings_of(rows, [edge for _, edge in share])
