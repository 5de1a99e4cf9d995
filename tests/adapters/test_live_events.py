"""Events as programs send them: every field is read or refused in words, by JSON and by Arrow."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace import packs
from headrace.adapters.live.events import EventReader, readers_of
from headrace.errors import InputError
from headrace.features.definition import Column, ColumnType, Table
from headrace.features.plan import make_plan

NOW = 1_800_000_000_000_000
GOOD = {
    "id": "P-1",
    "event_time": "2026-11-22T08:30:00+08:00",
    "customer": "C1",
    "terminal": 7,
    "amount": 1250,
}
MIXED = Table(
    "trip",
    (
        Column("rider", ColumnType.CATEGORY, required=True),
        Column("line", ColumnType.CATEGORY),
        Column("fare", ColumnType.NUMBER, places=2),
        Column("night", ColumnType.FLAG),
        Column("booked", ColumnType.INSTANT),
    ),
    ("rider",),
)


@pytest.fixture(scope="module")
def reader():
    return readers_of(make_plan(packs.load("payments").feature_set))["payment"]


def test_an_event_is_read_as_its_table_says(reader):
    row = reader.read(GOOD, NOW)
    assert row == {
        "id": "P-1",
        "event_time": int(datetime(2026, 11, 22, 0, 30, tzinfo=UTC).timestamp() * 1e6),
        "customer": "C1",
        "terminal": "7",
        "amount": 1250,
    }
    assert reader.read(GOOD | {"amount": 1250.0, "event_time": row["event_time"]}, NOW) == row


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 12.5),
        ("amount", "1250"),
        ("amount", True),
        ("amount", 2**60),
        ("amount", None),
        ("customer", ""),
        ("customer", "  "),
        ("customer", "x" * 201),
        ("customer", "a\0b"),
        ("customer", "\ud800"),
        ("customer", ["C1"]),
        ("event_time", "2026-11-22T08:30:00"),
        ("event_time", "yesterday"),
        ("event_time", -1),
        ("event_time", 1e15),
        ("id", None),
        ("id", 2**70),
    ],
)
def test_a_field_that_cannot_be_used_is_named_with_what_would_be_right(reader, field, value):
    with pytest.raises(InputError) as caught:
        reader.read(GOOD | {field: value}, NOW)
    assert caught.value.where == field
    assert caught.value.remedy


def test_a_wrong_clock_is_refused_before_it_makes_the_others_late(reader):
    ahead = datetime.fromtimestamp(NOW / 1e6, UTC) + timedelta(days=1, seconds=1)
    with pytest.raises(InputError, match="ahead of this service's clock"):
        reader.read(GOOD | {"event_time": ahead.isoformat()}, NOW)
    reader.read(GOOD | {"event_time": (ahead - timedelta(seconds=2)).isoformat()}, NOW)


def test_further_fields_are_kept_where_they_are_plain(reader):
    row = reader.read(GOOD | {"channel": "app", "score": 0.5, "none": None}, NOW)
    assert (row["channel"], row["score"]) == ("app", 0.5)
    assert "none" not in row
    for value in ({"a": 1}, [1], "x" * 1001, 2**64):
        with pytest.raises(InputError) as caught:
            reader.read(GOOD | {"channel": value}, NOW)
        assert caught.value.where == "channel"
    with pytest.raises(InputError, match="51 fields"):
        reader.read(GOOD | {f"f{number}": 1 for number in range(51)}, NOW)


@pytest.mark.parametrize("given_", [None, 3, "x", [], [GOOD]])
def test_what_is_no_object_is_no_event(reader, given_):
    with pytest.raises(InputError, match="JSON object"):
        reader.read(given_, NOW)


def test_every_type_is_read_and_may_be_missing():
    whole = EventReader(MIXED, frozenset({"line"}))
    row = whole.read(
        {"id": 1, "event_time": 5, "rider": 9, "line": "12", "fare": 3, "night": True, "booked": 4},
        NOW,
    )
    assert row == {
        "rider": "9", "line": 12, "fare": 3.0, "night": True, "booked": 4, "id": "1",
        "event_time": 5,
    }  # fmt: skip
    bare = whole.read({"id": 1, "event_time": 5, "rider": "9"}, NOW)
    assert bare["fare"] is bare["night"] is bare["line"] is None
    table = whole.table_of([row, bare])
    assert table["fare"].to_pylist() == [3.0, None]
    assert table["line"].type == pa.int64()
    assert table["booked"].type == pa.timestamp("us", "UTC")
    for field, value in (("night", 1), ("fare", "3"), ("line", "x")):
        with pytest.raises(InputError):
            whole.read({"id": 1, "event_time": 5, "rider": 9, field: value}, NOW)


def test_events_of_other_further_fields_stand_in_other_tables(reader):
    rows = [
        reader.read(GOOD | more, NOW)
        for more in ({}, {"channel": "app"}, {"channel": "web"}, {"channel": 3}, {})
    ]
    assert list(reader.runs(rows)) == [[0], [1, 2], [3], [4]]
    assert list(reader.runs(rows[:1])) == [[0]]
    assert reader.table_of(rows[1:3])["channel"].to_pylist() == ["app", "web"]


def test_arrow_says_what_json_says(reader):
    good = pa.table({name: [value, value] for name, value in GOOD.items()})
    places, events, problems = reader.read_table(good, NOW)
    row = reader.read(GOOD, NOW)
    assert places == [0, 1]
    assert not problems
    assert events["customer"].to_pylist() == [row["customer"]] * 2
    assert events["event_time"].cast(pa.int64()).to_pylist() == [row["event_time"]] * 2


def test_bad_rows_of_a_table_are_named_and_the_rest_is_taken(reader):
    table = pa.table(
        {
            "id": ["1", "2", "3", None],
            "event_time": ["2026-11-22T08:30:00Z", "no", "2090-01-01T00:00:00Z"] * 1
            + ["2026-11-22T08:30:00Z"],
            "customer": ["C"] * 4,
            "terminal": ["T"] * 4,
            "amount": [1, 2, 3, 4],
            "channel": ["app"] * 4,
        }
    )
    places, events, problems = reader.read_table(table, NOW)
    assert places == [0]
    assert events["channel"].to_pylist() == ["app"]
    assert [(each.row, each.where) for each in problems] == [
        (1, "event_time"), (2, "event_time"), (3, "id"),
    ]  # fmt: skip
    with pytest.raises(InputError, match="terminal is missing"):
        reader.read_table(table.drop_columns("terminal"), NOW)
    with pytest.raises(InputError, match="one name"):
        reader.read_table(pa.table([[1], [2]], names=["id", "id"]), NOW)


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)


@given(st.dictionaries(st.sampled_from([*GOOD, "more", ""]), plain | st.lists(plain, max_size=2)))
def test_whatever_comes_is_read_or_refused_in_words(given_):
    reader = EventReader(packs.load("payments").feature_set.tables[0])
    with suppress(InputError):
        row = reader.read(given_, NOW)
        assert reader.table_of([row]).num_rows == 1
        assert set(row) >= set(GOOD)
