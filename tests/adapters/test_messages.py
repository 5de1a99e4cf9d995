"""Messages as tables: what is read, what is rejected and why, and that the order stays."""

import json
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.adapters.messages import Message, Rejected, runs
from headrace.features.definition import Column, ColumnType, Table

TABLE = Table(
    "payment",
    (
        Column("card", ColumnType.CATEGORY, required=True),
        Column("amount", ColumnType.NUMBER, places=2),
        Column("abroad", ColumnType.FLAG),
    ),
    ("card",),
    known="known",
)
MOMENT = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
US = 1_767_601_800_000_000


def message(value, offset=0):
    """A message that holds some bytes, text, or JSON."""
    if isinstance(value, dict):
        value = json.dumps(value)
    return Message("t", 0, offset, value.encode() if isinstance(value, str) else value)


def read(*values):
    return list(runs([message(value, at) for at, value in enumerate(values)], TABLE))


def stream(**columns):
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def test_a_json_message_is_one_event_with_the_columns_of_the_table():
    (run,) = read(
        {"id": "a", "card": "深圳", "amount": 12.5, "abroad": True, "event_time": US, "known": US},
        {"id": "b", "card": "c", "event_time": "2026-01-05T16:30:00+08:00", "other": [1]},
        {"id": None, "card": "d", "amount": 7, "event_time": "2026-01-05T08:30:00Z"},
    )
    assert run.rejected == []
    assert run.events().to_pydict() == {
        "card": ["深圳", "c", "d"],
        "amount": [12.5, None, 7.0],
        "abroad": [True, None, None],
        "event_time": [MOMENT] * 3,
        "known": [MOMENT, None, None],
        "id": ["a", "b", None],
    }
    assert run.events().schema.field("event_time").type == pa.timestamp("us", "UTC")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "it has no value"),
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("[1]", "a JSON array, not an object"),
        ("null", "a JSON null, not an object"),
        ('"x"', "a JSON text, not an object"),
        ("7", "a JSON number, not an object"),
        ('{"card": "a"} {}', "Extra data"),
        (b"\xff\xfe{\x00", "can't decode byte 0xff"),
        ('{"amount": NaN}', "NaN is no JSON number"),
        ('{"amount": "12.50"}', "column 'amount' holds '12.50': a number is wanted"),
        ('{"amount": true}', "column 'amount' holds True: a number is wanted"),
        ('{"amount": 1' + "0" * 400 + "}", "too large"),
        ('{"amount": 1' + "0" * 5_000 + "}", "4300 digits"),
        ('{"card": 1.5}', "column 'card' holds 1.5: text or a whole number"),
        ('{"card": true}', "column 'card' holds True: text or a whole number"),
        ('{"card": {"a": 1}}', "column 'card' holds {'a': 1}: text or a whole number"),
        ('{"card": 9223372036854775808}', "a whole number of 64 bits is wanted"),
        ('{"card": "\\ud800"}', "surrogates not allowed"),
        ('{"abroad": 1}', "column 'abroad' holds 1: true or false is wanted"),
        ('{"event_time": "2026-01-05"}', "an instant with a time zone"),
        ('{"event_time": "2026-01-05T08:00:00"}', "an instant with a time zone"),
        ('{"event_time": "yesterday"}', "column 'event_time' holds 'yesterday': Invalid iso"),
        ('{"event_time": 1.5}', "an instant with a time zone"),
        ("[" * 100_000, "nested too deeply"),
        (b"\xff\xff\xff\xff", ""),
        (b"\xff\xff\xff\xff\x10\x00\x00\x00" + b"\x07" * 40, ""),
        (stream(card=["a", "b"])[:-60], ""),
    ],
)
def test_a_message_that_cannot_be_read_is_rejected_and_the_rest_is_not(value, reason):
    good = {"card": "a", "event_time": US}
    (run,) = read(good, value, good)
    (rejected,) = run.rejected
    assert rejected.message == message(value, 1)
    assert rejected.row is None
    assert reason in rejected.reason
    assert rejected.reason
    assert run.events().num_rows == 2
    assert [each.offset for each in run.messages] == [0, 1, 2]


def test_an_arrow_stream_whose_offsets_lead_out_of_it_is_rejected():
    text = bytearray(stream(card=["aaaa", "bbbb"]))
    at = text.rindex(b"\0\0\0\0\4\0\0\0\x08\0\0\0")
    text[at + 4 : at + 8] = b"\xff\xff\xff\x7f"
    (run,) = read(bytes(text))
    assert run.events() is None
    assert "offset" in run.rejected[0].reason.lower()


def test_arrow_streams_of_one_schema_become_one_table_and_keep_all_columns():
    one, two = stream(card=["a", "b"], extra=[1, 2]), stream(card=["c"], extra=[3])
    other = stream(card=["d"], extra=["x"])
    first, second, third = read(one, two, other, {"card": "e"})
    assert first.events().to_pydict() == {"card": ["a", "b", "c"], "extra": [1, 2, 3]}
    assert second.events().to_pydict() == {"card": ["d"], "extra": ["x"]}
    assert third.events()["card"].to_pylist() == ["e"]
    assert [first.reject(row, "why") for row in range(3)] == [
        Rejected(message(one, 0), 0, "why"),
        Rejected(message(one, 0), 1, "why"),
        Rejected(message(two, 1), 0, "why"),
    ]
    assert third.reject(0, "why") == Rejected(message({"card": "e"}, 3), None, "why")


def test_a_stream_without_rows_is_no_event_and_no_error():
    one, empty = stream(card=pa.array(["a"])), stream(card=pa.array([], pa.string()))
    (run,) = read(empty, one, empty)
    assert run.reject(0, "") == Rejected(message(one, 1), 0, "")
    assert len(run.messages) == 3


def test_messages_that_hold_no_event_are_a_run_nevertheless():
    (run,) = read("x", "y")
    assert run.events() is None
    assert [each.offset for each in run.messages] == [0, 1]


CATEGORIES = st.none() | st.sampled_from(["1", "a"]) | st.integers(-1, 1)
EVENTS = st.fixed_dictionaries({"card": CATEGORIES, "id": CATEGORIES, "amount": st.integers(0, 9)})


@settings(deadline=None)
@given(st.lists(EVENTS | st.sampled_from(["broken", "[]"]), max_size=12))
def test_every_message_is_in_one_run_in_order_and_its_values_are_as_sent(values):
    """A card that is the number 1 is another than the one named "1"."""
    found = read(*values)
    assert [each.offset for run in found for each in run.messages] == list(range(len(values)))
    sent = [value for value in values if isinstance(value, dict)]
    rows = [row for run in found if run.events() is not None for row in run.events().to_pylist()]
    assert [
        {name: row[name] for name in each} for row, each in zip(rows, sent, strict=True)
    ] == sent
    assert sum(len(run.rejected) for run in found) == len(values) - len(sent)
    for before, after in pairwise(found):
        kinds = [
            {type(row[name]) for run in (before, after) for row in run.events().to_pylist()}
            - {type(None)}
            for name in ("card", "id")
        ]
        assert any(len(each) == 2 for each in kinds), "two runs that would have been one"


@settings(deadline=None)
@given(st.integers(0, 4_000_000_000_000_000), st.integers(-12, 14))
def test_instants_are_the_same_in_every_zone(us, hours):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    there = moment.astimezone(timezone(timedelta(hours=hours))).isoformat()
    (run,) = read({"event_time": there, "known": us})
    assert run.events()["event_time"].to_pylist() == run.events()["known"].to_pylist() == [moment]
