"""Relations: what stood when, as far as known; kept current; no look-ahead."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import relations_reference as reference
from hypothesis import given
from hypothesis import strategies as st
from relation_facts import FIRST, day, party_table, relation_table

from headrace.errors import InputError
from headrace.facts.kinds import EXPOSURE, PARTY_TYPES, RELATIONS
from headrace.facts.localtime import microseconds
from headrace.graph.relations.kinds import MEANINGS, Kind, Type
from headrace.graph.relations.live import LiveRelations
from headrace.graph.relations.paths import shortest_path
from headrace.graph.relations.positions import standing_exposures
from headrace.graph.relations.snapshot import as_of, latest
from headrace.graph.relations.statements import NEVER, statements_of

DAYS = st.none() | st.integers(0, 12)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "relation": st.sampled_from(["owns", "guarantees", "uses"]),
            "subject": st.sampled_from("ABCD"),
            "object": st.sampled_from("WXYZ"),
            "event_time": DAYS,
            "known_time": DAYS,
            "valid_to": DAYS,
            "statement": st.none() | st.sampled_from(["s1", "s2", "s3"]),
            "status": st.sampled_from([None, "stated", "withdrawn"]),
            "source": st.sampled_from(["registry", "bank"]),
        }
    ),
    max_size=14,
)


def owns(holder, company, share, **rest):
    return {"relation": "owns", "subject": holder, "object": company, "share": share, **rest}


def facts(snapshot):
    return sorted(snapshot.fact.to_pylist())


def test_the_vocabulary_is_that_of_the_facts():
    assert tuple(kind.name.lower() for kind in Kind) == RELATIONS
    assert [kind.value for kind in Kind] == list(range(len(RELATIONS)))
    assert set(MEANINGS) == set(Kind)
    assert tuple(each.name.lower() for each in Type)[1:8] == PARTY_TYPES


def test_who_is_only_in_rows_that_were_left_out_is_no_node():
    parties = party_table([{"party": "W"}, {"party": "LATER"}])
    known = parties.filter(pc.not_equal(parties["party"].cast(pa.string()), "LATER"))
    found = statements_of(relation_table([owns("A", "W", 0.3)]), known)
    assert found.parties.codes.to_pylist() == ["A", "W"]


def test_a_change_of_share_holds_from_its_day_and_a_correction_from_the_start():
    """30 % from day 0; sold down to 10 % on day 5; on day 9 it turns out that it was 12 %."""
    table = relation_table(
        [
            owns("P", "C", 0.30, event_time=0, known_time=0, statement="s"),
            owns("P", "C", 0.10, event_time=5, known_time=6, statement="s"),
            owns("P", "C", 0.12, event_time=5, known_time=9, statement="s"),
        ]
    )
    every = statements_of(table)

    def share(moment, known):
        return as_of(every, day(moment), day(known)).low.tolist()

    assert share(4, 4) == [0.30]
    assert share(5, 5) == [0.30]  # the sale is not known yet
    assert share(5, 6) == [0.10]
    assert share(4, 9) == [0.30]
    assert share(5, 9) == [0.12]


def test_a_withdrawn_statement_holds_no_more_and_its_conclusions_lose_their_ground():
    every = statements_of(
        relation_table(
            [
                owns("P", "C", 0.6, event_time=0, known_time=0, statement="s"),
                owns("P", "C", None, event_time=0, known_time=3, statement="s", status="withdrawn"),
            ]
        )
    )
    assert facts(as_of(every, day(2))) == ["registry#1"]
    assert facts(as_of(every, day(3))) == []
    assert facts(as_of(every, day(5), known=day(2))) == ["registry#1"]


def test_bounds_of_a_share_are_what_is_stated_and_missing_is_not_zero():
    rows = [
        owns("P", "A", 0.25),
        owns("P", "B", None, share_min=0.25, share_max=0.5),
        owns("P", "C", None, share_min=0.75),
        owns("P", "D", None, share_max=0.1),
        owns("P", "E", None),
        {"relation": "guarantees", "subject": "A", "object": "B", "amount_minor": 7},
    ]
    seen = latest(statements_of(relation_table(rows)))
    bounds = np.column_stack([seen.low, seen.high])[:5]
    assert bounds[:4].tolist() == [[0.25, 0.25], [0.25, 0.5], [0.75, 1.0], [0.0, 0.1]]
    assert np.isnan(bounds[4]).all()
    assert seen.amount_known.tolist() == [False] * 5 + [True]
    assert seen.until.tolist() == [NEVER] * 6


def test_parties_have_names_and_types_and_the_later_known_name_speaks():
    parties = party_table(
        [
            {"party": "C", "name": "旧名有限公司", "type": "company", "known_time": FIRST},
            {"party": "C", "name": "新名有限公司", "known_time": FIRST + timedelta(days=1)},
            {"party": "Q", "name": "张三", "type": "person"},
        ]
    )
    rows = [
        owns("P", "C", 0.5),
        {"relation": "uses", "subject": "C", "object": "phone:1", "role": "phone"},
        {"relation": "on_chain", "subject": "C", "object": "chain:steel", "share": 1.0},
    ]
    graph = statements_of(relation_table(rows), parties).parties
    told = dict(zip(graph.codes.to_pylist(), graph.type.tolist(), strict=True))
    assert told == {
        "C": Type.COMPANY,
        "P": Type.UNKNOWN,
        "Q": Type.PERSON,
        "chain:steel": Type.CHAIN_NODE,
        "phone:1": Type.ATTRIBUTE,
    }
    assert graph.label(graph.find("C")) == "新名有限公司 (C)"
    assert graph.label(graph.find("P")) == "P"
    assert graph.find("nobody") == -1
    with pytest.raises(InputError, match="no fact names the party 'nobody'"):
        latest(statements_of(relation_table(rows), parties)).node("nobody")


def test_edges_by_node_and_around_a_node():
    rows = [owns(a, b, 0.1) for a, b in ("PA", "PB", "AB", "BC", "CD")]
    seen = latest(statements_of(relation_table(rows)))
    a, b, c, d, p = range(5)
    assert [seen.csr.of(node).tolist() for node in (p, a, d)] == [[0, 1], [2], []]
    assert [seen.csc.of(node).tolist() for node in (b, p)] == [[1, 2], []]
    assert seen.csr.degree.tolist() == [1, 1, 1, 0, 2]
    near = seen.around([p], depth=2, edges_max=10)
    assert dict(zip(near.nodes.tolist(), near.distance.tolist(), strict=True)) == {
        p: 0, a: 1, b: 1, c: 2,
    }  # fmt: skip
    assert near.edges.tolist() == [0, 1, 2, 3]
    stopped = seen.around([a], depth=3, edges_max=2)
    assert sorted(stopped.nodes.tolist()) == [a, b, p]
    assert stopped.closed == 1  # b has three edges
    assert seen.only(Kind.USES).version.tolist() == []


def test_as_of_wants_aware_instants():
    with pytest.raises(ValueError, match="aware"):
        as_of(statements_of(relation_table([])), FIRST.replace(tzinfo=None))


@given(ROWS, st.integers(0, 13), st.integers(0, 13))
def test_what_stands_is_what_the_slow_twin_says(rows, moment, known):
    table = relation_table(rows)
    expected = reference.standing(table.to_pylist(), day(moment), day(known))
    assert set(facts(as_of(statements_of(table), day(moment), day(known)))) == expected


@given(ROWS, ROWS, st.integers(0, 13))
def test_nothing_that_becomes_known_later_moves_a_view(rows, later, moment):
    """No look-ahead: facts known after the moment change nothing at it."""
    table = relation_table(rows)
    more = [
        {**row, "known_time": moment + 1 + (row["known_time"] or 0), "id": f"later#{at}"}
        for at, row in enumerate(later)
    ]
    whole = pa.concat_tables([table, relation_table(more)])
    before = as_of(statements_of(table), day(moment))
    after = as_of(statements_of(whole), day(moment))
    assert facts(before) == facts(after)


@given(ROWS, st.data())
def test_kept_current_is_built_anew(rows, data):
    """Facts in any batches, in any order, some twice, time going on between them."""
    table = relation_table(rows)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    bounds = [0, *cuts, len(rows)]
    parts = [table.slice(a, b - a) for a, b in pairwise(bounds)]
    times = sorted(data.draw(st.lists(st.integers(0, 13), min_size=len(parts), max_size=9)))
    live = LiveRelations(parts[0], None, microseconds(day(times[0])))
    standing = set(live.snapshot.version.tolist())
    for step, time in enumerate(times[1:], start=1):
        now = microseconds(day(time))
        known = step < len(parts)
        again = pa.concat_tables([table.slice(0, bounds[step]), parts[step]]) if known else None
        change = live.apply(again, now) if known else live.advance(now)
        assert not set(change.added.tolist()) & standing
        assert set(change.removed.tolist()) <= standing
        standing = standing - set(change.removed.tolist()) | set(change.added.tolist())
        assert standing == set(live.snapshot.version.tolist())
        so_far = table.slice(0, bounds[min(step, len(parts) - 1) + 1])
        anew = as_of(statements_of(so_far), day(time))
        assert facts(live.snapshot) == facts(anew)
        seen = live.snapshot
        for node in range(len(seen.parties)):
            assert live.out(node).tolist() == seen.version[seen.subject == node].tolist()
            assert live.into(node).tolist() == seen.version[seen.object == node].tolist()


def test_time_does_not_go_back():
    live = LiveRelations(relation_table([owns("P", "C", 0.5)]), None, 10)
    with pytest.raises(ValueError, match="time goes back from 10 to 9"):
        live.advance(9)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=25),
    st.integers(0, 4),
    st.integers(1, 6),
)
def test_around_is_what_the_slow_twin_says(pairs, depth, edges_max):
    rows = [owns(f"{a}", f"{b}", 0.1) for a, b in pairs]
    seen = latest(statements_of(relation_table(rows)))
    edges = list(zip(seen.subject.tolist(), seen.object.tolist(), strict=True))
    seed = edges[0][0]
    near = seen.around([seed], depth, edges_max)
    found = dict(zip(near.nodes.tolist(), near.distance.tolist(), strict=True))
    assert found == reference.around(edges, {seed}, depth, edges_max)


def test_an_exposure_stands_from_its_day_until_it_ends_or_is_withdrawn():
    def loan(number, amount, begun, **rest):
        return {
            "id": f"loans#{number}", "source": "loans", "row": number, "party": "C",
            "amount_minor": amount, "currency": "CNY", "event_time": day(begun),
            "known_time": day(rest.get("known", begun)), "valid_to": day(rest.get("to")),
            "statement": rest.get("statement"), "status": rest.get("status"),
            "purpose": "credit_assessment", "consent": "test",
        }  # fmt: skip

    rows = [
        loan(1, 100, 0, statement="a"),
        loan(2, 80, 4, statement="a"),
        loan(3, 50, 1, to=3),
        loan(4, 80, 0, statement="a", known=9, status="withdrawn"),
        loan(5, 80, 4, statement="a", known=9, status="withdrawn"),
    ]
    plain = pa.Table.from_pylist(rows)
    fields = [plain.column(f.name) if f.name in plain.column_names else pa.nulls(5)
              for f in EXPOSURE.arrow]  # fmt: skip
    table = pa.table(
        [field.cast(f.type) for field, f in zip(fields, EXPOSURE.arrow, strict=True)],
        schema=EXPOSURE.arrow,
    )

    def open_at(moment, known=None):
        at = microseconds(day(moment))
        heard = at if known is None else microseconds(day(known))
        return standing_exposures(table, at, heard)["amount_minor"].to_pylist()

    assert open_at(0) == [100]
    assert open_at(2) == [100, 50]
    assert open_at(5) == [80]
    assert open_at(9) == []
    assert open_at(9, known=8) == [80]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=25),
    st.integers(1, 6),
)
def test_a_path_is_a_shortest_chain_of_edges(pairs, edges_max):
    rows = [owns(f"{a}", f"{b}", 0.1) for a, b in pairs]
    seen = latest(statements_of(relation_table(rows)))
    edges = list(zip(seen.subject.tolist(), seen.object.tolist(), strict=True))
    first = edges[0][0]
    hops = reference.around(edges, {first}, 99, edges_max)
    for last in range(len(seen.parties)):
        path = shortest_path(seen, first, last, edges_max)
        assert (path is None) == (last not in hops)
        if path is not None:
            assert len(path) == hops[last]
            node = first
            for at in path.tolist():
                assert node in edges[at]
                node = sum(edges[at]) - node
            assert node == last
