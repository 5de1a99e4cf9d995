"""What is read, what a plan says of itself, and the bounds of the windows that are explained."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.features.aggregates import Count, Max, Mean, Sum
from headrace.features.definition import Column, ColumnType, Derived, FeatureSet, Measure, Table
from headrace.features.engines.batch import History
from headrace.features.plan import make_plan
from headrace.features.windows import ALL_HISTORY, Calendar, LastEvents, Period, Session, Sliding
from headrace.packs import load
from headrace.workflows import features as workflow
from headrace.workflows.feature_explain import (
    COUNTED,
    Question,
    answer,
    calendar_span,
    local_text,
    read_key,
)
from headrace.workflows.feature_plan import SCAN, TOTALS, view
from headrace.workflows.features import QUARANTINE, Extra, Given, quarantine

ZONE = "Asia/Shanghai"
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
PAYMENT = Table(
    "payment",
    (
        Column("customer", ColumnType.CATEGORY, required=True),
        Column("shop", ColumnType.CATEGORY),
        Column("kind", ColumnType.CATEGORY),
        Column("amount", ColumnType.NUMBER),
        Column("note", ColumnType.CATEGORY),
    ),
    ("customer",),
    (Derived("night", "hour(event_time) < 6"),),
    id=None,
    zone=ZONE,
)
SLIDING = Sliding(timedelta(days=3))


def plan_of(*measures: Measure, table: Table = PAYMENT):
    return make_plan(FeatureSet((table,), measures))


def names(wanted) -> set[str]:
    return {column.name for column in wanted.columns}


# --- what is read ---------------------------------------------------------------------------------


def test_only_what_the_definitions_need_is_read():
    wanted = workflow.events_wanted(plan_of(Measure("s", Sum("amount"), "night")), PAYMENT)
    assert names(wanted) == {"customer", "amount", "event_time"}
    assert wanted.zone == ZONE
    by_shop = plan_of(
        Measure("s", Sum("amount")), Measure("n", Count(), 'kind == "A"', by=("shop",))
    )
    wanted = workflow.events_wanted(by_shop, PAYMENT, Extra.DEFINED)
    assert names(wanted) == {"customer", "shop", "kind", "amount", "event_time"}
    assert "note" in wanted.defined
    required = {column.name for column in wanted.columns if column.required}
    assert required == {"customer", "event_time"}


def test_labels_need_every_key_and_their_time():
    plan = plan_of(Measure("s", Count()), Measure("n", Count(), by=("shop", "night")))
    wanted = workflow.keys_wanted(plan, "labels", "at")
    assert names(wanted) == {"customer", "shop", "night", "at"}
    assert all(column.required for column in wanted.columns)
    types = {column.name: column.type for column in wanted.columns}
    assert types["night"] is ColumnType.FLAG
    assert types["at"] is ColumnType.INSTANT
    with pytest.raises(InputError, match="is a key"):
        workflow.keys_wanted(plan, "labels", "shop")


def test_a_category_is_whole_numbers_only_where_a_filter_compares_it_so():
    plan = plan_of(
        Measure("a", Count(), "kind in (1, 2) and shop is not missing"),
        Measure("b", Count(), 'not (note == "7")'),
    )
    assert workflow.whole_numbers(plan) == {"kind"}


def test_voids_need_an_id_and_a_known_time():
    plan = plan_of(Measure("s", Count()))
    with pytest.raises(InputError, match="an id and a known time"):
        workflow.voids_wanted(plan, PAYMENT)


def test_names_that_are_not_there_name_the_nearest():
    features = load("sme_invoices").feature_set
    with pytest.raises(InputError, match="is sales_hhi meant"):
        workflow.chosen(features, ["sales_hi"])
    assert workflow.chosen(features, []) is features
    with pytest.raises(InputError, match="several tables"):
        workflow.table_named(features, "")
    with pytest.raises(InputError, match="no table 'x'"):
        workflow.table_named(features, "x")
    assert workflow.table_named(FeatureSet((PAYMENT,), ()), "") == PAYMENT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-01", datetime(2024, 5, 1, 15, 59, 59, 999_999, tzinfo=UTC)),
        ("2024-05-01T08:30", datetime(2024, 5, 1, 0, 30, tzinfo=UTC)),
        (" 2024-05-01 08:30:00 ", datetime(2024, 5, 1, 0, 30, tzinfo=UTC)),
        ("2024-05-01T08:30+00:00", datetime(2024, 5, 1, 8, 30, tzinfo=UTC)),
        ("2024-05-01T08:30Z", datetime(2024, 5, 1, 8, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_as_people_write_it(text, expected):
    assert workflow.moment_of(text, ZONE, "--at") == expected


@pytest.mark.parametrize(
    "text", ["", "soon", "2024-13-01", "1969-12-31", "2100-01-01", "0001-01-01"]
)
def test_a_moment_that_is_none(text):
    with pytest.raises(InputError) as caught:
        workflow.moment_of(text, ZONE, "--at")
    assert caught.value.where == "--at"
    assert caught.value.remedy


# --- plan -----------------------------------------------------------------------------------------


def test_a_plan_says_what_is_shared_and_what_keeps_events():
    plan = plan_of(
        Measure("mean_3d", Mean("amount"), window=SLIDING),
        Measure("sum_3d", Sum("amount"), window=SLIDING),
        Measure("max_9d", Max("amount"), window=Sliding(timedelta(days=9))),
    )
    (space,) = view(plan).spaces
    assert space.memory == "9 days"
    assert space.because == ("max_9d",)
    assert space.totals == ("count; amount is not missing", "sum of amount; amount is not missing")
    assert space.extremes == ("largest amount; amount is not missing",)
    assert [each.found for each in space.features] == [TOTALS, TOTALS, "extremes"]
    assert space.kept == ("filter bits", "amount (number)")
    assert space.bytes_per_event == plan.spaces[0].bytes_per_event


def test_a_plan_names_what_makes_memory_unbounded():
    plan = plan_of(Measure("n", Count()), Measure("three", Sum("amount"), window=SLIDING))
    (space,) = view(plan).spaces
    assert (space.memory, space.because) == (None, ("n",))
    last = view(plan_of(Measure("m", Mean("amount"), window=LastEvents(5)))).spaces[0]
    assert last.memory == "the last 5 that count"


def test_every_measure_of_a_pack_is_told_how_it_is_found():
    features = load("sme_invoices").feature_set
    found = view(make_plan(features))
    told = [each.name for space in found.spaces for each in space.features]
    arithmetic = [name for name, _ in found.arithmetic]
    assert sorted(told + arithmetic) == sorted(each.name for each in features.definitions)
    how = {each.name: each.found for space in found.spaces for each in space.features}
    assert (how["sales_12m"], how["sales_hhi"]) == (TOTALS, SCAN)
    assert len(found.to_dict()["arithmetic"]) == len(arithmetic)


# --- explain --------------------------------------------------------------------------------------

PERIOD_STARTS = {
    Period.DAY: lambda day: day,
    Period.WEEK: lambda day: day - timedelta(days=day.weekday()),
    Period.MONTH: lambda day: day.replace(day=1),
    Period.QUARTER: lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
    Period.YEAR: lambda day: day.replace(month=1, day=1),
}


def slow_start(day: date, period: Period, back: int) -> date:
    """The start of the period `back` periods before the one that holds a day, one at a time."""
    start = PERIOD_STARTS[period](day)
    for _ in range(back):
        start = PERIOD_STARTS[period](start - timedelta(days=1))
    return start


def slow_instant(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@settings(max_examples=100, deadline=None)
@given(
    at=st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - given a zone
    period=st.sampled_from(Period),
    count=st.integers(1, 5),
    before=st.integers(0, 4),
    zone=st.sampled_from([ZONE, "Europe/Brussels", "America/New_York"]),
)
def test_the_bounds_of_a_calendar_window_are_those_of_the_calendar(at, period, count, before, zone):
    span = calendar_span(Calendar(period, count=count, ends_before=before), zone, at)
    today = at.astimezone(ZoneInfo(zone)).date()
    assert span.start == slow_instant(slow_start(today, period, before + count - 1), zone)
    if before:
        assert span.end == slow_instant(slow_start(today, period, before - 1), zone)
    else:
        assert span.end == at
    assert (span.start_included, span.end_included) == (True, before == 0)


WINDOWS = st.one_of(
    st.just(ALL_HISTORY),
    st.builds(
        Sliding,
        st.integers(1, 99).map(lambda hours: timedelta(hours=hours)),
        st.integers(0, 30).map(lambda hours: timedelta(hours=hours)),
        st.booleans(),
    ),
    st.builds(Calendar, st.sampled_from([Period.DAY, Period.WEEK]), count=st.integers(1, 3),
              ends_before=st.integers(0, 2)),
    st.builds(LastEvents, st.integers(1, 4)),
    st.builds(Session, st.integers(1, 30).map(lambda hours: timedelta(hours=hours))),
)  # fmt: skip
EVENTS = st.lists(
    st.tuples(st.integers(0, 300), st.sampled_from("XY"), st.sampled_from("AB"), st.integers(0, 9)),
    min_size=1,
    max_size=25,
)


def history_of(rows) -> History:
    hours, customers, kinds, amounts = zip(*sorted(rows), strict=True)
    times = pa.array([FIRST + timedelta(hours=each) for each in hours], pa.timestamp("us", "UTC"))
    table = pa.table(
        {
            "customer": pa.array(customers).dictionary_encode(),
            "kind": list(kinds),
            "amount": list(amounts),
            "event_time": times,
        }
    )
    return History({"payment": table})


@settings(max_examples=120, deadline=None)
@given(rows=EVENTS, window=WINDOWS, hour=st.integers(0, 310))
def test_the_events_listed_are_those_that_make_the_value(rows, window, hour):
    measure = Measure("s", Sum("amount"), 'kind == "A"', window)
    features, history = FeatureSet((PAYMENT,), (measure,)), history_of(rows)
    customer = rows[0][1]
    asked = Question(
        "s", {"customer": customer}, FIRST + timedelta(hours=hour), ZONE, all_events=True
    )
    found = answer(features, history, history.events, asked)
    (part,) = found.parts
    counted = [each for each in part.events.to_pylist() if each[COUNTED]]
    assert part.count == len(counted)
    assert found.value == (sum(each["amount"] for each in counted) if counted else None)
    assert {each["kind"] for each in counted} <= {"A"}
    listed = part.events["event_time"].to_pylist()
    assert listed == sorted(listed, reverse=True)
    if part.span is None:
        assert not listed
        return
    inside = [  # by the bounds that are shown, on the clock that is shown
        local_text(FIRST + timedelta(hours=each), ZONE)
        for each, name, *_ in rows
        if name == customer and _within(FIRST + timedelta(hours=each), part.span)
    ]
    assert sorted(listed) == sorted(inside)


def _within(moment: datetime, span) -> bool:
    after = (
        span.start is None or moment > span.start or (span.start_included and moment == span.start)
    )
    return after and (moment < span.end or (span.end_included and moment == span.end))


def test_a_key_as_people_write_it():
    assert read_key("E12", ("party",)) == {"party": "E12"}
    assert read_key("party=E12", ("party",)) == {"party": "E12"}
    assert read_key("a,b", ("party",)) == {"party": "a,b"}
    assert read_key("b=9, a=7", ("a", "b")) == {"a": "7", "b": "9"}
    for text in ("7", "a=7", "a=7,b=9,c=1", "a=7,a=8", "a=7,b=9,b=9"):
        with pytest.raises(InputError, match="the key is of a, b") as caught:
            read_key(text, ("a", "b"))
        assert caught.value.remedy == "write a=…,b=…"


def test_an_unknown_key_is_told_with_known_ones():
    features = FeatureSet((PAYMENT,), (Measure("n", Count()),))
    asked = Question("n", {"customer": "Q"}, FIRST, ZONE)
    history = history_of([(1, "X", "A", 1)])
    with pytest.raises(InputError, match="customer is for example X"):
        answer(features, history, history.events, asked)
    nothing = History({"payment": history.events["payment"].slice(0, 0)})
    with pytest.raises(InputError, match="give more events"):
        answer(features, nothing, nothing.events, asked)


def test_rows_refused_by_the_engine_are_told_by_their_row_in_the_file():
    """A number too large for an exact sum is known only to the engine."""
    plan = plan_of(Measure("s", Sum("amount")), Measure("n", Count(), by=("shop",)))
    columns = pa.table(
        {
            "customer": ["X", "X", "Y"],
            "shop": pa.array([None, None, "S"], pa.string()),
            "amount": [1, 2**60, 3],
            "event_time": pa.array([FIRST] * 3, pa.timestamp("us", "UTC")),
        }
    )
    refused = quarantine("payment", np.array([2]), "amount", None, "is not a number")
    events = Given("payment", columns, columns, np.array([1, 3, 4]), refused, 4)
    made = workflow.at_every_event(plan, {"payment": events}, {}, PAYMENT, 1)
    assert [tuple(row.values())[1:] for row in made.quarantine.to_pylist()] == [
        (1, "shop", None, "is missing"),
        (2, "amount", None, "is not a number"),
        (3, "amount", str(2**60), "is too large for an exact sum"),
        (3, "shop", None, "is missing"),
    ]
    assert made.table.to_pylist() == [
        {"customer": "X", "shop": None, "event_time": FIRST, "s": 1.0, "n": None},
        {"customer": "Y", "shop": "S", "event_time": FIRST, "s": 3.0, "n": 1.0},
    ]
    assert made.left_out == 2


def test_voids_refused_by_the_engine_are_told_beside_the_events():
    """A key of whole numbers too large to keep is known only to the engine."""
    table = Table(
        "payment",
        (Column("customer", ColumnType.NUMBER, required=True),),
        ("customer",),
        known="told",
    )
    plan = plan_of(Measure("n", Count()), table=table)

    def rows_of(name: str, customers: list[int]) -> Given:
        times = pa.array([FIRST] * len(customers), pa.timestamp("us", "UTC"))
        ids = [f"p{at}" for at in range(len(customers))]
        columns = pa.table({"customer": customers, "id": ids, "event_time": times, "told": times})
        rows = np.arange(len(customers)) + 5
        return Given(name, columns, columns, rows, QUARANTINE.empty_table(), len(customers))

    events = {"payment": rows_of("payment", [1, 2])}
    voids = {"payment": rows_of("voids of payment", [1, 2**60])}
    expected = {
        "table": "voids of payment",
        "row": 6,
        "column": "customer",
        "value": str(2**60),
        "reason": "is too large for an exact sum",
    }
    made = workflow.at_every_event(plan, events, voids, table, 1)
    assert made.quarantine.to_pylist() == [expected]
    assert (made.table.num_rows, made.left_out) == (2, 0)
    keys = rows_of("keys", [1, 2])
    made = workflow.as_of(plan, events, voids, keys, FIRST)
    assert made.quarantine.to_pylist() == [expected]
    assert made.table["n"].to_pylist() == [0.0, 1.0]
