"""Groups found in arrays are those of the definitions, on random small worlds."""

import numpy as np
from groups_story import BOOK, instant
from hypothesis import given, settings
from hypothesis import strategies as st
from limit_groups_reference import Story, joint, related
from limit_groups_reference import groups as slow_groups
from relation_facts import party_table, relation_table

from headrace.graph.groups.basis import Known, no_owners
from headrace.graph.groups.binding import basis_of
from headrace.graph.groups.finding import find_groups
from headrace.graph.groups.rules import GroupKind
from headrace.graph.relations.snapshot import as_of
from headrace.graph.relations.statements import statements_of

PERSONS = ("p1", "p2", "p3", "p4")
COMPANIES = ("c1", "c2", "c3", "c4", "c5")
TYPES = (
    dict.fromkeys(PERSONS, "person")
    | dict.fromkeys(COMPANIES, "company")
    | {"s": "state", "a1": "attribute", "a2": "attribute"}
)
ROLES = ("income", "purchases", "repayment", "funding", "repayment_source", None)


@st.composite
def worlds(draw):
    """Relations of one world: the recorded shares of a company never pass the whole."""
    rows = []
    for company in COMPANIES:
        left = 100
        others = [each for each in (*PERSONS, *COMPANIES, "s") if each != company]
        for holder in draw(st.lists(st.sampled_from(others), max_size=3, unique=True)):
            low = draw(st.sampled_from([0, 5, 20, 25, 30, 50, 51, 60, 100]))
            if low <= left:
                left -= low
                rows.append(("owns", holder, company, low, low, None))
    pairs = st.tuples
    company, person = st.sampled_from(COMPANIES), st.sampled_from(PERSONS)
    kin = st.sampled_from(["parent", "child", "spouse", "sibling"])
    for one, other, role in draw(st.lists(pairs(person, person, kin), max_size=4)):
        rows.append(("family", one, other, None, None, role))
    jobs = st.sampled_from(["董事长", "director"])
    for one, other, role in draw(st.lists(pairs(person, company, jobs), max_size=3)):
        rows.append(("office", one, other, None, None, role))
    plain = st.sampled_from(["guarantees", "lends", "transfers"])
    for kind, one, other in draw(st.lists(pairs(plain, company, company), max_size=4)):
        rows.append((kind, one, other, None, None, None))
    shared = st.sampled_from(["a1", "a2"])
    for one, other in draw(st.lists(pairs(company, shared), max_size=4)):
        rows.append(("uses", one, other, None, None, "phone"))
    shares = st.sampled_from([(30, 30), (50, 50), (40, 70), (80, 80)])
    which = pairs(company, company, shares, st.sampled_from(ROLES))
    for one, other, (low, high), role in draw(st.lists(which, max_size=3)):
        rows.append(("depends", one, other, low, high, role))
    return rows


def fast_groups(rows, bank=None, adults=None):
    facts = [
        {"relation": kind, "subject": one, "object": other, "role": role, "event_time": 0,
         "known_time": 0, "share_min": None if low is None else low / 100,
         "share_max": None if high is None else high / 100, "id": f"f{number}"}
        for number, (kind, one, other, low, high, role) in enumerate(rows)
    ]  # fmt: skip
    parties = [
        {"party": name, "name": name, "type": None if type_ == "attribute" else type_}
        for name, type_ in TYPES.items()
    ]
    snapshot = as_of(statements_of(relation_table(facts), party_table(parties)), instant(0))
    if bank is None:
        return find_groups(basis_of(snapshot), BOOK, instant(0).date())
    grown, told_ = (np.zeros(len(snapshot.parties), np.bool_) for _ in range(2))
    for name, adult in adults.items():
        grown[snapshot.node(name)], told_[snapshot.node(name)] = adult, True
    known = Known(adult=grown, adult_known=told_)
    basis = basis_of(snapshot, snapshot.node(bank), known, no_owners())
    return find_groups(basis, BOOK, instant(0).date())


def told(found):
    rows, name = found.memberships, found.basis.snapshot.names
    return {
        (
            GroupKind(int(rows.kind[row])).name.lower(),
            name[int(rows.head[row])].as_py(),
            name[int(rows.member[row])].as_py(),
            rule.id,
            bool(rows.certain[row]),
        )
        for row in range(len(rows))
        if (rule := found.rule(row)) is not None
    }


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_groups_are_those_of_the_definitions(rows):
    assert told(fast_groups(rows)) == slow_groups(rows, TYPES)


@settings(max_examples=25, deadline=None)
@given(worlds())
def test_every_proof_leads_from_the_member_to_the_head(rows):
    """The edges behind a membership, taken either way, connect the member with the head."""
    found = fast_groups(rows)
    snapshot = found.basis.snapshot
    for row in range(len(found.memberships)):
        if found.rule(row) is None:
            continue
        reached, edges = {int(found.memberships.head[row])}, found.edges(row).tolist()
        for _ in edges:
            for edge in edges:
                ends = {int(snapshot.subject[edge]), int(snapshot.object[edge])}
                reached |= ends if ends & reached else set()
        assert int(found.memberships.member[row]) in reached


@settings(max_examples=25, deadline=None)
@given(worlds())
def test_the_facts_of_a_proof_are_enough(rows):
    """Whoever reads only the facts that a certain membership names comes to the same conclusion."""
    found = fast_groups(rows)
    snapshot, names = found.basis.snapshot, found.basis.snapshot.names
    for row in range(len(found.memberships)):
        rule = found.rule(row)
        if rule is None or not found.memberships.certain[row]:
            continue
        head = names[int(found.memberships.head[row])].as_py()
        member = names[int(found.memberships.member[row])].as_py()
        named = set(snapshot.fact.take(found.edges(row)).to_pylist())
        only = [each for number, each in enumerate(rows) if f"f{number}" in named]
        story = Story(only, TYPES)
        if rule.id in ("group.control", "group.person"):
            assert member in story.certain[head]
        elif rule.id == "group.kin":
            kin = story.relatives(head, 3, 2)
            assert any(member in story.certain[each] for each in kin)
        elif rule.id == "group.joint":
            assert ("group", head, member, "group.joint", True) in joint(story, head)
        elif rule.id in ("dependence.income", "dependence.expenditure"):
            assert ("dependence", head, member, rule.id, True) in told(fast_groups(only))


@settings(max_examples=80, deadline=None)
@given(worlds(), st.dictionaries(st.sampled_from(PERSONS), st.booleans()))
def test_related_parties_are_those_of_the_definitions(rows, adults):
    """Company c1 is the bank."""
    found = {each[2:] for each in told(fast_groups(rows, "c1", adults)) if each[0] == "related"}
    assert found == related(rows, TYPES, "c1", adults)
