"""What is around parties, against the slow twin, and without a look ahead."""

from datetime import UTC, datetime

import pytest
from explorer_reference import reached, spans
from hypothesis import given, settings
from hypothesis import strategies as st
from near_reference import between

from headrace.errors import InputError
from headrace.facts.kinds import RELATION
from headrace.facts.localtime import DAY_US, microseconds
from headrace.graph.relations.statements import statements_of
from headrace.workflows.graph_near import FACTS_SHOWN, Reach, near, spans_of
from strategies_relations import FIRST_DAY, relation_rows, table

LATE = microseconds(datetime(2040, 1, 1, tzinfo=UTC))
STATEMENTS = st.lists(relation_rows(), min_size=1, max_size=12).map(
    lambda rows: statements_of(table(rows, RELATION))
)


def told(found):
    """Lines as the twin has them, without their keys."""
    return sorted((line.count, line.amount_minor or 0, sorted(line.facts)) for line in found.lines)


def expected(statements, lines):
    return sorted(
        (count, amount or 0, sorted(statements.fact[version].as_py() for version in versions))
        for count, amount, versions in lines.values()
    )


@given(STATEMENTS, st.integers(0, 3), st.integers(0, 1_600))
@settings(max_examples=80, deadline=None)
def test_lines_are_those_of_the_slow_twin(statements, depth, day):
    start = int(statements.subject[0])
    code = statements.parties.codes[start].as_py()
    moment = microseconds(FIRST_DAY) + day * DAY_US
    slow = spans(statements, LATE)
    stand = {version: each for version, each in slow.items() if each[0] <= moment < each[1]}
    for chosen, ends, at in (
        (spans_of(statements, LATE), slow, None),
        (spans_of(statements, LATE).at(statements, moment), stand, moment),
    ):
        found = near(statements, chosen, [code], Reach(depth))
        edges = [(int(statements.subject[v]), int(statements.object[v])) for v in ends]
        inside = reached(edges, [start], depth)
        codes = {statements.parties.codes[node].as_py() for node in inside}
        assert {each.party for each in found.parties} == codes
        assert found.parties[0].party == code
        assert told(found) == expected(statements, between(statements, slow, inside, at))
        assert (found.parties_left_out, found.lines_left_out) == (0, 0)


def sales(*given_):
    """Statements of relations as (kind, subject, object, amount, day)."""
    rows = [
        {
            "relation": kind,
            "subject": subject,
            "object": other,
            "amount_minor": amount,
            "event_time": datetime.fromtimestamp(microseconds(FIRST_DAY) / 1e6 + day * 86_400, UTC),
            "known_time": FIRST_DAY,
        }
        for kind, subject, other, amount, day in given_
    ]
    return statements_of(table(rows, RELATION))


def test_events_of_a_pair_are_one_line_with_their_sum_and_days():
    graph = sales(*(("trades", "A", "B", 100 + day, day) for day in range(30)))
    (line,) = near(graph, spans_of(graph, LATE), ["A"], Reach(1)).lines
    assert (line.count, line.amount_minor) == (30, 3_000 + sum(range(30)))
    assert line.until - line.since == 29 * DAY_US
    assert len(line.facts) == FACTS_SHOWN
    assert line.facts[0] == "file#30"  # the largest


def test_events_may_be_told_by_span():
    graph = sales(*(("trades", "A", "B", 1, day) for day in range(30)))
    found = near(graph, spans_of(graph, LATE), ["A"], Reach(1), every=10 * DAY_US)
    assert sum(line.count for line in found.lines) == 30
    assert 3 <= len(found.lines) <= 4


def test_an_owner_goes_before_the_largest_customer():
    graph = sales(("trades", "A", "B", 10**12, 0), ("owns", "P", "A", None, 0))
    found = near(graph, spans_of(graph, LATE), ["A"], Reach(1, parties=2))
    assert [each.party for each in found.parties] == ["A", "P"]
    assert found.parties_left_out == 1


def test_what_is_too_much_is_counted():
    graph = sales(*(("trades", "A", f"B{number}", number, 0) for number in range(1, 11)))
    found = near(graph, spans_of(graph, LATE), ["A"], Reach(1, parties=20, edges=4))
    assert [line.amount_minor for line in found.lines] == [10, 9, 8, 7]
    assert found.lines_left_out == 6


def test_a_day_does_not_see_the_day_after():
    graph = sales(*(("trades", "A", "B", 1, day) for day in range(10)))
    whole = spans_of(graph, LATE)
    for day in range(10):
        moment = microseconds(FIRST_DAY) + day * DAY_US
        (line,) = near(graph, whole.at(graph, moment), ["A"], Reach(1)).lines
        assert line.count == day + 1
        assert line.until <= moment


def test_a_party_that_nobody_names_is_refused():
    graph = sales(("trades", "A", "B", 1, 0))
    with pytest.raises(InputError, match="no party has the code 'Z'"):
        near(graph, spans_of(graph, LATE), ["Z"], Reach(1))
