"""What stands behind a value: the events named are those that count, and they are enough."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from features_reference import value
from hypothesis import given, settings
from hypothesis import strategies as st

from features_running import compiled, events_of, history, instant
from headrace.errors import InputError
from headrace.features.aggregates import Count, Last, Mean, NewValues, Sum
from headrace.features.definition import (
    Column,
    ColumnType,
    Current,
    FeatureSet,
    Measure,
    Ratio,
    Table,
)
from headrace.features.engines.batch import History, read
from headrace.features.explain import events_behind, explain
from headrace.features.windows import LastEvents, Sliding
from strategies_features import AGGREGATES, PARTIES, SHOPS, Case, moments, out_of_order

COMMON = settings(deadline=None, max_examples=60)
COUNTED = (Count,)
NEEDS_ITS_WINDOW_ONLY = tuple(kind for kind in AGGREGATES if kind is not NewValues)
who = st.fixed_dictionaries({"party": st.sampled_from(PARTIES), "shop": st.sampled_from(SHOPS)})


def key_of(row: dict) -> pa.Table:
    shop = pa.array([row["shop"]], pa.int32())
    return pa.table({"party": pa.array([row["party"]], pa.string()), "shop": shop})


def known_by(case: Case, at: int) -> Case:
    return Case(case.world, case.features, [row for row in case.rows if row["known"] <= at])


# --- Against the slow twin -----------------------------------------------------------------------


@COMMON
@given(out_of_order(kinds=COUNTED), who, moments)
def test_as_many_events_stand_behind_a_count_as_it_says(case, row, at):
    known = known_by(case, at).facts
    given_ = history(case.world, case.rows)
    for measure in case.features.definitions:
        rows = events_behind(case.features, measure, given_, key_of(row), instant(at))
        assert len(rows) == value(measure, known, row, at), measure
        assert len(set(rows.tolist())) == len(rows)


@COMMON
@given(out_of_order(kinds=COUNTED), who, moments)
def test_they_are_events_of_the_key_that_happened_and_were_known_oldest_first(case, row, at):
    events = events_of(case.rows)
    for measure in case.features.definitions:
        rows = events_behind(
            case.features, measure, history(case.world, case.rows), key_of(row), instant(at)
        )
        behind = [events[each] for each in rows.tolist()]
        by = measure.by or case.world.table.key
        assert all(each[name] == row[name] for each in behind for name in by)
        assert all(each["time"] <= at and each["known"] <= at for each in behind)
        times = [each["time"] for each in behind]
        assert times == sorted(times)


@COMMON
@given(out_of_order(kinds=NEEDS_ITS_WINDOW_ONLY), who, moments)
def test_the_events_behind_a_value_are_enough_to_compute_it(case, row, at):
    """Nothing else is given, and the value is the same to the bit."""
    whole, key = history(case.world, case.rows), key_of(row)
    name = case.world.table.name
    for measure in case.features.definitions:
        found = explain(case.features, whole, measure.name, key, instant(at))
        (behind,) = found.behind
        alone = History({name: whole.events[name].take(pa.array(behind.rows))})
        plan = compiled(case.features.only([measure.name]))
        again = read(plan, alone, key, instant(at)).table[measure.name].to_pylist()
        assert again == [found.value] == [behind.value], measure


# --- By example ----------------------------------------------------------------------------------

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAYMENT = Table(
    "payment",
    (Column("customer", ColumnType.CATEGORY), Column("amount", ColumnType.NUMBER)),
    key=("customer",),
    known="known_time",
)
REPORT = Table("report", (Column("customer", ColumnType.CATEGORY),), ("customer",), id=None)
DAY = Sliding(timedelta(days=1))
SET = FeatureSet(
    (PAYMENT, REPORT),
    (
        Measure("paid", Sum("amount"), "amount > 0", DAY, "payment"),
        Measure("payments", Count(), "", DAY, "payment"),
        Ratio("mean_paid", "paid", "payments"),
        Measure("reports", Count(), "", DAY, "report"),
        Ratio("reported", "reports", "payments"),
        Measure("newest", Last("amount"), "", LastEvents(1), "payment"),
        Measure("others", Mean("amount"), "", DAY, "payment", current=Current.EXCLUDED),
    ),
)
ANNA = pa.table({"customer": ["anna"]})


def payments(*rows: tuple[str, float, float, str, int | None]) -> pa.Table:
    """Rows of id, hours after noon, hours until it was known, customer and amount."""
    return pa.table(
        {
            "id": [row[0] for row in rows],
            "event_time": [NOON + timedelta(hours=row[1]) for row in rows],
            "known_time": [NOON + timedelta(hours=row[1] + row[2]) for row in rows],
            "customer": [row[3] for row in rows],
            "amount": pa.array([row[4] for row in rows], pa.int64()),
        }
    )


GIVEN = payments(
    ("a", 0, 0, "anna", 100),
    ("b", 2, 0, "anna", -30),
    ("c", 1, 0, "bert", 999),
    ("d", 1, 9, "anna", 50),
    ("e", -30, 0, "anna", 70),
    ("f", 3, 0, "anna", None),
)
REPORTS = pa.table({"event_time": [NOON + timedelta(hours=2)], "customer": ["anna"]})
FACTS = History({"payment": GIVEN, "report": REPORTS})


def explained(name: str, hours: float, facts: History = FACTS):
    return explain(SET, facts, name, ANNA, NOON + timedelta(hours=hours))


def ids(behind, facts: History = FACTS) -> list[str]:
    return facts.events[behind.table.name]["id"].take(pa.array(behind.rows)).to_pylist()


def test_a_sum_names_the_events_that_pass_its_filter_and_have_its_field():
    found = explained("paid", 5)
    assert (found.value, found.arithmetic) == (100, "")
    assert found.definition == "sum of amount where amount > 0 in 1 day"
    assert [ids(each) for each in found.behind] == [["a"]]


def test_what_was_not_known_yet_is_not_behind_a_value():
    assert ids(explained("payments", 9.5).behind[0]) == ["a", "b", "f"]
    assert ids(explained("payments", 10).behind[0]) == ["a", "d", "b", "f"]


def test_arithmetic_is_told_in_figures_and_names_the_events_of_every_part():
    found = explained("mean_paid", 10)
    assert found.value == 150 / 4
    assert [(each.measure.name, each.value) for each in found.behind] == [
        ("paid", 150),
        ("payments", 4),
    ]
    assert [ids(each) for each in found.behind] == [["a", "d"], ["a", "d", "b", "f"]]
    assert "150" in found.arithmetic
    assert "4" in found.arithmetic


def test_parts_may_come_from_different_tables():
    found = explained("reported", 10)
    assert found.value == 0.25
    assert [(each.table.name, each.rows.tolist()) for each in found.behind] == [
        ("report", [0]),
        ("payment", [0, 3, 1, 5]),
    ]


def test_the_last_event_is_the_last_one_that_has_the_field():
    assert ids(explained("newest", 10).behind[0]) == ["b"]


def test_a_moment_that_is_no_event_excludes_none():
    assert ids(explained("others", 10).behind[0]) == ["a", "d", "b"]


def test_a_voided_event_stands_behind_a_value_until_the_void_is_known():
    void = GIVEN.slice(0, 1).set_column(2, "known_time", pa.array([NOON + timedelta(hours=4)]))
    facts = replace(FACTS, voids={"payment": void})
    assert ids(explained("payments", 3.5, facts).behind[0]) == ["a", "b", "f"]
    assert ids(explained("payments", 4, facts).behind[0]) == ["b", "f"]


def test_a_repeated_event_is_named_once_as_it_came_first():
    again = payments(("a", 0, 1, "anna", 5))
    facts = replace(FACTS, events={**FACTS.events, "payment": pa.concat_tables([again, GIVEN])})
    found = explained("paid", 5, facts)
    assert found.value == 100
    assert found.behind[0].rows.tolist() == [1]


def test_an_event_of_another_key_or_time_is_not_voided_by_a_void_of_the_same_id():
    other = GIVEN.slice(2, 1).set_column(0, "id", pa.array(["a"]))
    facts = replace(FACTS, voids={"payment": other})
    assert ids(explained("payments", 5, facts).behind[0]) == ["a", "b", "f"]
    assert explained("payments", 5, facts).value == 3


def test_an_unknown_key_has_nothing_behind_it():
    found = explain(SET, FACTS, "payments", pa.table({"customer": ["nobody"]}), NOON)
    assert found.value == 0
    assert found.behind[0].rows.size == 0
    assert found.behind[0].rows.dtype == np.int64


def test_before_the_first_event_a_value_is_missing_and_nothing_is_behind_it():
    found = explained("mean_paid", -100)
    assert found.value is None
    assert all(each.rows.size == 0 for each in found.behind)


def test_a_feature_that_is_not_defined_is_refused():
    with pytest.raises(InputError, match="mean_payed") as refused:
        explained("mean_payed", 1)
    assert "mean_paid" in refused.value.remedy
