"""The batch engine against its slow twin, and the promise of no look-ahead."""

import math

import pyarrow as pa
import pytest
from features_reference import feature
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import MappingError
from headrace.features.batch import compute, events_used, facts_used
from headrace.features.definition import (
    MAY_HAVE_OVER,
    NEEDS_NO_FIELD,
    NEEDS_OVER,
    Aggregate,
    Measure,
    Over,
    Ratio,
    Window,
    check_definitions,
)
from headrace.features.events import invoice_events
from headrace.packs import load
from strategies import PARTIES, ZONE, correction_table, day_end, invoice_rows, invoice_table

PACK = [f.definition for f in load("sme_invoices").features if f.definition]


def every_aggregate() -> list[Measure | Ratio]:
    """Each aggregate with each group it can have, in two windows."""
    definitions = []
    for aggregate in Aggregate:
        overs = list(Over) if aggregate in NEEDS_OVER else [None, *Over]
        if aggregate not in MAY_HAVE_OVER:
            overs = [None]
        if aggregate is Aggregate.VARIATION:
            overs = [Over.MONTH]
        for over in overs:
            for number, window in enumerate((Window(), Window(200, 30))):
                name = f"{aggregate.name}_{over and over.name}_{number}"
                field = None if aggregate in NEEDS_NO_FIELD else "amount"
                definitions.append(Measure(name, aggregate, field, ("valid",), over, window))
    return definitions


def values(rows, as_of_day, definitions):
    as_of = day_end(as_of_day)
    events = invoice_events(invoice_table(rows), correction_table(rows), as_of, ZONE, PARTIES)
    return compute(definitions, events, as_of)


@pytest.mark.parametrize("definitions", [every_aggregate(), PACK], ids=["aggregates", "pack"])
@settings(max_examples=60, deadline=None)
@given(rows=invoice_rows(), as_of_day=st.integers(0, 1000))
def test_engine_equals_the_slow_twin(definitions, rows, as_of_day):
    table = values(rows, as_of_day, definitions)
    for position, party in enumerate(PARTIES):
        expected = feature(definitions, rows, party, as_of_day)
        for name, value in expected.items():
            got = table[name][position].as_py()
            assert (got is None) == (value is None), (party, name, got, value)
            if value is not None:
                assert math.isclose(got, value, rel_tol=1e-12, abs_tol=1e-12), (party, name)


@settings(max_examples=100, deadline=None)
@given(
    rows=invoice_rows(),
    as_of_day=st.integers(0, 900),
    later=invoice_rows(),
    data=st.data(),
)
def test_no_fact_known_after_the_moment_changes_any_feature(rows, as_of_day, later, data):
    """Zero look-ahead: drop, change or add anything known later, and nothing moves."""
    before = values(rows, as_of_day, PACK)
    future = [row for row in rows if row["known_day"] > as_of_day]
    past = [row for row in rows if row["known_day"] <= as_of_day]
    changed = [
        {**row, "amount": data.draw(st.integers(-9, 9)) * 70_000, "party": "E1"}
        for row in future
        if data.draw(st.booleans())
    ]
    added = [
        {**row, "id": f"u#{row['row']}", "known_day": max(row["known_day"], as_of_day + 1)}
        for row in later
    ]
    added = [
        {**row, "void_day": row["void_day"] and max(row["void_day"], row["known_day"])}
        for row in added
    ]
    unvoided = [  # a void not yet known may as well never come
        {**row, "void_day": None}
        if row["void_day"] is not None and row["void_day"] > as_of_day
        else row
        for row in past
    ]
    assert values([*unvoided, *changed, *added], as_of_day, PACK).equals(before)


@settings(max_examples=40, deadline=None)
@given(rows=invoice_rows(), data=st.data())
def test_the_order_of_facts_does_not_matter(rows, data):
    shuffled = data.draw(st.permutations(rows))
    assert values(shuffled, 500, PACK).equals(values(rows, 500, PACK))


def test_missing_is_not_zero():
    table = values([], 500, PACK)
    row = table.to_pylist()[0]
    assert row["sales_count"] == 0
    assert row["sales_12m"] is None
    assert row["sales_void_share"] is None
    assert row["days_since_last_sale"] is None


def test_events_used_are_those_of_the_window():
    rows = [
        {
            "id": f"t#{n}",
            "row": n,
            "party": "E1",
            "counterparty": "X",
            "direction": "sale",
            "number": "1",
            "day": day,
            "amount": 100,
            "tax": 13,
            "known_day": day,
            "void_day": None,
        }
        for n, day in enumerate([10, 400, 500], start=1)
    ]
    as_of = day_end(500)
    events = invoice_events(invoice_table(rows), correction_table(rows), as_of, ZONE, PARTIES)
    definitions = [
        Measure("s", Aggregate.SUM, "amount", ("sale",), window=Window(365)),
        Measure("c", Aggregate.COUNT, where=("sale",), window=Window(10)),
        Ratio("r", "s", "c"),
    ]
    for name, expected in [("s", ["t#2", "t#3"]), ("c", ["t#3"]), ("r", ["t#2", "t#3"])]:
        at = events_used(name, definitions, events, "E1")
        assert events.ids.take(pa.array(at)).to_pylist() == expected
        assert events_used(name, definitions, events, "E2").size == 0
    (used,) = facts_used(["r"], definitions, events)
    assert used.facts.tolist() == [2, 0, 0]
    assert used.last_day[0] - used.first_day[0] == 100
    assert events_used("of the graph", definitions, events, "E1").size == 0


def test_a_definition_that_means_nothing_is_refused():
    with pytest.raises(MappingError, match="must be spread over something"):
        Measure("h", Aggregate.HHI, "amount")
    with pytest.raises(MappingError, match="the same over any groups"):
        Measure("s", Aggregate.SUM, "amount", over=Over.MONTH)
    with pytest.raises(MappingError, match="taken over months"):
        Measure("v", Aggregate.VARIATION, "amount", over=Over.COUNTERPARTY)
    with pytest.raises(MappingError, match="needs a field"):
        Measure("s", Aggregate.SUM)
    with pytest.raises(MappingError, match="defined twice"):
        check_definitions([Measure("c", Aggregate.COUNT), Measure("c", Aggregate.COUNT)])
    with pytest.raises(MappingError, match="not defined before it"):
        check_definitions([Ratio("r", "a", "b")])


def test_definitions_read_aloud():
    measure = Measure("s", Aggregate.MEAN, "amount", ("sale", "valid"), Over.MONTH, Window(365, 30))
    assert measure.read_aloud() == (
        "mean of amount over each month where sale and valid in 365 days ending 30 days before"
    )
    assert Ratio("r", "a", "b").read_aloud() == "a divided by b"
