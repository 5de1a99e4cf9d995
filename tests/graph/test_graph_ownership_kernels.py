"""The kernels of ownership beside plain ways of doing the same, at sizes nobody checks by hand."""

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from headrace.graph.ownership import kernels
from headrace.graph.ownership.control import control
from headrace.graph.ownership.integrated import (
    DENSE_MAX,
    held_by,
    holders_of,
    solve,
    ultimate_holders,
)
from headrace.graph.ownership.shares import Fault, Holdings, read_shares
from headrace.graph.ownership.votes import Agreement, Agreements, no_agreements, read_votes


def drawn(rng, companies, persons, holdings, outside=0.05):
    """A random registry with many loops: what a company's holders leave is never nothing."""
    parties = companies + persons
    pair = np.unique(
        rng.integers(0, parties, holdings) * companies + rng.integers(0, companies, holdings)
    )
    subject, company = pair // companies, pair % companies
    proper = subject != company
    subject, company = subject[proper].astype(np.int32), company[proper].astype(np.int32)
    weight = rng.random(len(subject)) + 0.01
    total = np.bincount(company, weight, companies)
    share = weight / total[company] * (1 - outside * rng.random(companies)[company])
    unheld = np.arange(parties) >= companies
    return Holdings(subject, company, share, share, np.arange(len(subject))), unheld


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(0, 150))
@settings(max_examples=60, deadline=None)
def test_components_are_those_of_scipy_and_holders_come_first(seed, parties, edges):
    rng = np.random.default_rng(seed)
    company, holder = rng.integers(0, parties, (2, edges)).astype(np.int32)
    order, start, length = kernels.neighbours(company, parties)
    label, place = np.empty(parties, np.int32), np.empty(parties, np.int32)
    above = holder[order]
    members, at = kernels.components(
        np.arange(parties, dtype=np.int32), start, length, above, np.zeros(parties, np.int32),
        label, place,
    )  # fmt: skip
    graph = csr_array((np.ones(edges), (company, holder)), shape=(parties, parties))
    count, expected = connected_components(graph, connection="strong")
    assert len(at) - 1 == count
    assert len({(a, b) for a, b in zip(label.tolist(), expected.tolist(), strict=True)}) == count
    assert np.all(label[holder] <= label[company])
    assert sorted(members.tolist()) == list(range(parties))
    assert np.array_equal(members[at[label] + place], np.arange(parties))


@given(st.integers(0, 10_000), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_elimination_gives_the_inverse(seed, size):
    rng = np.random.default_rng(seed)
    inside = rng.dirichlet(np.ones(size + 1), size)
    leak = inside[:, size].copy()
    inside = np.ascontiguousarray(inside[:, :size])
    expected = np.linalg.inv(np.eye(size) - inside)
    inverse = np.empty((size, size))
    kernels.invert(inside.copy(), leak, inverse)
    assert np.allclose(inverse, expected, rtol=1e-10)
    assert inverse.min() >= 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_registry_in_which_everything_hangs_together_agrees_with_the_whole_inverse(seed):
    """One component of some hundreds, far above what is planted in the property tests."""
    companies, persons = 700, 300
    holdings, unheld = drawn(np.random.default_rng(seed), companies, persons, 3_000)
    shares = read_shares(holdings, unheld)
    ownership = solve(shares)
    assert np.diff(ownership.at).max() > DENSE_MAX
    matrix = np.zeros((len(unheld), len(unheld)))
    np.add.at(matrix, (holdings.subject, holdings.object), holdings.low)
    inverse = np.linalg.inv(np.eye(len(unheld)) - matrix)
    first = (inverse - np.eye(len(unheld))) / np.diag(inverse)[:, None]
    for party in range(0, len(unheld), 37):
        held = held_by(ownership, party)
        dense = np.zeros(len(unheld))
        dense[held.party] = held.low
        assert np.abs(dense - first[party]).max() < 1e-11
    owners = ultimate_holders(ownership).at_least(0.0)
    assert np.abs(owners.low - first[owners.holder, owners.company]).max() < 1e-11
    assert len(owners.low) == int((first[:, :companies][unheld] > 0).sum()) + int(
        (first[:companies, :companies][shares.length[:companies] == 0] > 0).sum()
    )


def test_lists_that_are_cut_short_keep_bounds_true_at_size():
    holdings, unheld = drawn(np.random.default_rng(5), 400, 400, 2_500)
    ownership = solve(read_shares(holdings, unheld))
    whole, short = ultimate_holders(ownership), ultimate_holders(ownership, keep=20)
    assert short.length.max() <= 20 < whole.length.max()
    exact = whole.at_least(0.0)
    known = {
        (company, holder): low
        for company, holder, low in zip(
            exact.company.tolist(), exact.holder.tolist(), exact.low.tolist(), strict=True
        )
    }
    for company, holder, low, high in zip(*vars(short.at_least(0.0)).values(), strict=True):
        truth = known[(int(company), int(holder))]
        assert low <= truth + 1e-12
        assert truth <= low + short.lost[company] + 1e-12
        assert truth <= high + 1e-12


def test_who_holds_and_what_is_held_tell_the_same():
    holdings, unheld = drawn(np.random.default_rng(9), 300, 200, 900)
    ownership = solve(read_shares(holdings, unheld))
    for company in range(0, 300, 29):
        held = holders_of(ownership, company)
        for party, low in list(zip(held.party.tolist(), held.low.tolist(), strict=True))[::17]:
            down = held_by(ownership, party)
            assert down.low[down.party == company] == pytest.approx(low, abs=1e-13)


def test_control_at_size_is_adding_up_until_nothing_is_new():
    holdings, unheld = drawn(np.random.default_rng(11), 500, 100, 900)
    found = control(read_votes(read_shares(holdings, unheld), no_agreements()))
    sure = {
        (one, other)
        for one, other, certain in zip(
            found.controller.tolist(), found.controlled.tolist(), found.certain, strict=True
        )
        if certain
    }
    votes: dict[int, list[tuple[int, float]]] = {}
    for holder, company, share in zip(
        holdings.subject.tolist(), holdings.object.tolist(), holdings.low.tolist(), strict=True
    ):
        votes.setdefault(holder, []).append((company, share))
    expected = set()
    for party in range(len(unheld)):
        members, total, waiting = {party}, dict.fromkeys(range(500), 0.0), [party]
        while waiting:
            for company, share in votes.get(waiting.pop(), ()):
                total[company] += share
                if total[company] > 0.5 + 1e-8 and company not in members:
                    members.add(company)
                    waiting.append(company)
        expected |= {(party, company) for company in members - {party}}
    assert sure == expected
    assert len(sure) > 300


@pytest.mark.real
def test_the_consolidation_of_the_worlds_legal_entities_is_read_whole(real_data):
    """264 thousand entities without percentages: loops, copies and self-consolidation and all."""
    path = real_data.parent / "gleif_relationships" / "relations.parquet"
    if not path.exists():
        pytest.skip("the real topology is not there")
    table = pq.read_table(path)
    direct = table.filter(pc.equal(table["TYPE"], "IS_DIRECTLY_CONSOLIDATED_BY"))
    ids, codes = np.unique(
        np.concatenate([direct["END_ID"].to_numpy(), direct["START_ID"].to_numpy()]),
        return_inverse=True,
    )
    parent, child = np.split(codes.astype(np.int32), 2)
    count, nobody = len(parent), np.zeros(len(ids), np.bool_)
    none = Holdings(parent[:0], parent[:0], np.empty(0), np.empty(0), np.empty(0, np.int64))
    kind = np.full(count, Agreement.CONTRACT, np.int8)
    named = Agreements(kind, parent, child, np.full(count, -1, np.int32), np.arange(count))
    found = control(read_votes(read_shares(none, nobody), named))
    assert found.certain.all()
    direct_pairs = set(zip(parent.tolist(), child.tolist(), strict=True))
    pairs = set(zip(found.controller.tolist(), found.controlled.tolist(), strict=True))
    assert {(one, other) for one, other in direct_pairs if one != other} <= pairs
    assert found.circular().size > 0
    share = np.full(count, 0.6)
    holdings = Holdings(parent, child, share, np.ones(count), np.arange(count))
    ownership = solve(read_shares(holdings, nobody))
    faults = {finding.fault for finding in ownership.findings}
    assert {Fault.ITSELF, Fault.REPEATED, Fault.WHOLE} == faults
    low = ultimate_holders(ownership).at_least(0.0).low
    assert np.all((low > 0) & (low <= 1))
