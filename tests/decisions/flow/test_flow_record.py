"""The record of decisions: a batch and a decision alone leave the same bytes."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.decisions.feel import parse
from headrace.decisions.flow.decided import decided_of
from headrace.decisions.flow.lists import Lists
from headrace.decisions.flow.one import OneProgram, plain_input
from headrace.decisions.flow.policy import Policy, ValueStep
from headrace.decisions.flow.program import FlowProgram
from headrace.decisions.flow.record import (
    Batch,
    Made,
    batch_record,
    canonical,
    inputs_of,
    made_of,
    one_record,
    read_batch,
)
from headrace.decisions.program.columns import read_column
from strategies_flow import CASES, ENTRIES, KINDS, MOMENTS, TYPES, Sum, policies

STEADY = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
MADE = Made(7, "champion", effective=True, in_force="digest")


def batch_of(columns, moments):
    count = len(moments)
    return Batch(pa.array([f"d{row}" for row in range(count)]), np.arange(count), moments, columns)


def through_a_stream(table):
    """A record as it comes back from the log."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    with pa.ipc.open_stream(sink.getvalue()) as reader:
        return reader.read_all()


@STEADY
@given(
    policy=policies(),
    cases=st.lists(st.tuples(CASES, MOMENTS), min_size=1, max_size=6),
    late=st.booleans(),
)
def test_a_batch_and_its_cases_alone_leave_the_same_bytes(policy, cases, late):
    program = FlowProgram(policy, {"mod": Sum()}, Lists(ENTRIES))
    one = OneProgram(program, KINDS)
    ask = (lambda step, model, x: None) if late else None
    columns = {
        name: read_column(pa.array([case[name] for case, _ in cases], kind), name)
        for name, kind in TYPES.items()
    }
    moments = np.array([moment for _, moment in cases])
    result = program.run(columns, moments, ask)
    record = batch_record(MADE, batch_of(columns, moments), result, policy)
    told = list(read_batch(through_a_stream(record)))
    assert made_of(record) == MADE
    for row, (case, moment) in enumerate(cases):
        doubles = {
            name: float(value) if KINDS[name] == "number" and value is not None else value
            for name, value in case.items()
        }
        decided = one.decide(doubles, moment, ask)
        assert decided == decided_of(result, row, policy)
        alone = one_record(MADE, f"d{row}", moment, decided, one.plain_inputs(doubles)) | {
            "row": row
        }
        assert canonical(told[row]) == canonical(alone)
        assert json.loads(canonical(alone))["inputs"] == inputs_of(columns, row)


def computed(**texts):
    """A policy of values alone."""
    names = set(KINDS)
    steps = tuple(
        ValueStep(name=name, expression=parse(text, names)) for name, text in texts.items()
    )
    return FlowProgram(Policy("p", "t", "UTC", {}, steps, {}, {}), {}, Lists())


def read_back(program, columns, moments):
    result = program.run(columns, moments)
    record = batch_record(MADE, batch_of(columns, moments), result, program.policy)
    return list(read_batch(through_a_stream(record)))


@pytest.mark.parametrize("count", [1, 61, 62, 63, 124, 125, 200])
def test_any_number_of_inputs_may_be_missing(count):
    names = [f"i{number:03}" for number in range(count)]
    total = parse(f"sum([{', '.join(names)}])", names)
    step = ValueStep(name="v", expression=total)
    program = FlowProgram(Policy("p", "t", "UTC", {}, (step,), {}, {}), {}, Lists())
    rng = np.random.default_rng(count)
    there = rng.random((5, count)) < 0.5
    columns = {
        name: read_column(pa.array([1.0] * 5, mask=~there[:, at])) for at, name in enumerate(names)
    }
    moments = np.zeros(5, np.int64)
    result = program.run(columns, moments)
    for row, told in enumerate(read_back(program, columns, moments)):
        lacking = [name for at, name in enumerate(names) if not there[row, at]]
        assert told["missing"] == lacking
        assert decided_of(result, row, program.policy).missing == tuple(lacking)


def test_values_of_every_kind_are_spelled_alike_alone_and_in_a_batch():
    east = timezone(timedelta(hours=8))
    values = {
        "n1": [1.5, -0.0, float("inf"), None, 2.0**60],
        "n2": [Decimal("0.3"), Decimal("1.10"), None, Decimal(5), Decimal(0)],
        "t": ["上海", "", None, '"', "\n"],
        "b": [True, False, None, True, True],
        "d": [date(2026, 1, 1), date(1, 1, 1), None, date(9999, 12, 31), date(1970, 1, 1)],
        "m": [
            *(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 8, tzinfo=east), None),
            *(datetime(2026, 1, 1, 0, 0, 0, 5, tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC)),
        ],
        "span": [timedelta(days=-1), timedelta(microseconds=1), None, timedelta(0), timedelta(1)],
    }
    for name, column in values.items():
        kind = pa.float64() if name == "n1" else pa.timestamp("us", "UTC") if name == "m" else None
        read = read_column(pa.array(column, kind), name)
        for row, value in enumerate(column):
            alone = plain_input(value)
            assert alone == inputs_of({name: read}, row)[name], (name, value)
            canonical({"value": alone})


def test_days_beyond_pythons_calendar_come_back_from_the_log():
    program = computed(far='d + duration("P9000Y")', near="d", span="m - m")
    far = pa.array([4_000_000, -2_000_000, None], pa.int32()).cast(pa.date32())
    when = pa.array([2**61, -(2**61), 0]).cast(pa.timestamp("us", "UTC"))
    columns = {"d": read_column(far), "m": read_column(when)}
    told = read_back(program, columns, np.zeros(3, np.int64))
    assert told[0]["inputs"]["d"].startswith("12921-")
    assert told[1]["inputs"]["d"].startswith("-3")
    assert [each["inputs"]["d"] for each in told][2] is None
    assert told[0]["values"]["span"] == 0.0
    assert told[0]["values"]["near"] == told[0]["inputs"]["d"]
    assert all(canonical(each) for each in told)


def test_a_batch_of_nothing_is_a_record_of_nothing():
    program = computed(v="n1 * 2")
    columns = {"n1": read_column(pa.array([], pa.float64()))}
    assert read_back(program, columns, np.zeros(0, np.int64)) == []


def test_canonical_bytes_are_sorted_and_carry_no_layout():
    assert canonical({"b": [1, None], "a": {"d": "é", "c": 0.1}}) == (
        '{"a":{"c":0.1,"d":"é"},"b":[1,null]}'.encode()
    )
