"""A policy compiled, one case at a time, and read off its file: three ways, one decision."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from flow_reference import SlowFlow
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.decisions.feel import parse
from headrace.decisions.flow.clock import clock_columns
from headrace.decisions.flow.decided import decided_of
from headrace.decisions.flow.lists import Lists
from headrace.decisions.flow.one import OneProgram
from headrace.decisions.flow.policy import (
    Action,
    ListKind,
    ListStep,
    ModelStep,
    Policy,
    TableStep,
    ValueStep,
)
from headrace.decisions.flow.program import FlowProgram
from headrace.decisions.program.columns import read_column
from headrace.errors import InputError, MappingError
from headrace.facts.localtime import microseconds
from strategies_flow import CASES, ENTRIES, KINDS, MOMENTS, NOON, TYPES, Sum, policies, table

STEADY = settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
YEAR = 31_556_952_000_000


@STEADY
@given(
    policy=policies(),
    cases=st.lists(st.tuples(CASES, MOMENTS), min_size=1, max_size=8),
    late=st.booleans(),
)
def test_a_batch_a_single_case_and_the_twin_decide_alike(policy, cases, late):
    models, lists = {"mod": Sum()}, Lists(ENTRIES)
    program = FlowProgram(policy, models, lists)
    one = OneProgram(program, KINDS)
    slow = SlowFlow(policy, models, lists.entries, late=late)
    ask = (lambda step, model, x: None) if late else None
    columns = {
        name: read_column(pa.array([case[name] for case, _ in cases], kind), name)
        for name, kind in TYPES.items()
    }
    moments = np.array([moment for _, moment in cases])
    result = program.run(columns, moments, ask)
    for row, (case, moment) in enumerate(cases):
        whole = decided_of(result, row, policy)
        assert one.decide(case, moment, ask) == whole
        given_ = {name: column.value(row) for name, column in columns.items()}
        assert slow.decide(given_, moment) == whole


@pytest.mark.parametrize("bits", [1, 64, 65, 128, 129])
def test_a_case_alone_meets_the_rule_that_a_batch_meets_at_the_edges_of_a_word(bits):
    rows = [["# hit policy", "RULE ORDER"], ["in:n1", "out:action", "out:reason"]]
    rows += [[f">= {number}", "notify", f"r{number}"] for number in range(bits)]
    steps = (TableStep(name="x"),)
    program = FlowProgram(
        Policy("p", "t", "UTC", {}, steps, {"x": table("x", *rows)}, {}), {}, Lists()
    )
    one = OneProgram(program, KINDS)
    for value in (-1.0, 0.0, 62.0, 63.0, 64.0, 200.0, None):
        result = program.run({"n1": read_column(pa.array([value], pa.float64()))}, np.array([0]))
        found = decided_of(result, 0, program.policy)
        assert one.decide({"n1": value}, 0) == found
        assert len(found.fired["x"]) == (0 if value is None else min(bits, max(0, int(value) + 1)))


def flow(*steps, tables=(), **options):
    named = {each.name: each for each in tables}
    policy = Policy("p", "t", "Asia/Shanghai", {}, steps, named, options.pop("results", {}))
    return FlowProgram(policy, options.pop("models", {}), options.pop("lists", Lists()))


def decided(program, moment=NOON, ask=None, **inputs):
    """One case, both ways."""
    one = OneProgram(program, KINDS).decide(inputs, moment, ask)
    columns = {name: read_column(pa.array([inputs.get(name)]), name) for name in KINDS}
    batch = decided_of(program.run(columns, np.array([moment]), ask), 0, program.policy)
    assert one == batch
    return one


SAYS = table(
    "says",
    ["# hit policy", "FIRST"],
    ["in:n1", "out:action", "out:reason"],
    ["> 5", "block", "large"],
    ["-", "approve", ""],
)


def test_an_infinity_is_missing_alone_as_in_a_batch():
    program = flow(TableStep(name="says"), tables=[SAYS])
    found = decided(program, n1=float("inf"))
    assert (found.action, found.missing) == (Action.APPROVE, ("n1",))
    assert decided(program, n1=6.0).action is Action.BLOCK


def test_odd_values_of_an_input_alone_as_in_a_batch():
    program = flow(TableStep(name="says"), tables=[SAYS])
    one = OneProgram(program, KINDS)
    assert decided(program, n1=2**60).action is Action.BLOCK
    assert decided(program, n1="6").action is Action.APPROVE
    assert one.decide({"n1": 2**70}, NOON).action is Action.BLOCK
    assert one.decide({"n1": -(2**2000)}, NOON).missing == ("n1",)
    with pytest.raises(InputError):
        one.decide({"n1": [1]}, NOON)


def test_the_most_severe_action_stands_and_the_first_that_said_it_decided():
    again = table(
        "again", ["# hit policy", "FIRST"], ["out:action", "out:reason"], ["block", "too"]
    )
    mild = table("mild", ["# hit policy", "FIRST"], ["out:action"], ["notify"])
    steps = [TableStep(name=name) for name in ("mild", "says", "again")]
    found = decided(flow(*steps, tables=[SAYS, again, mild]), n1=9.0)
    assert (found.action, found.decided_by, found.reason) == (Action.BLOCK, "says", "large")
    assert found.fired == {"mild": (1,), "says": (1,), "again": (1,)}
    assert decided(flow(*steps[:1], tables=[mild]), n1=9.0).reason is None


def test_where_no_step_says_anything_the_policy_does():
    quiet = table("quiet", ["# hit policy", "UNIQUE"], ["in:n1", "out:action"], ["> 5", "block"])
    found = decided(flow(TableStep(name="quiet"), tables=[quiet]), n1=1.0)
    assert (found.action, found.decided_by) == (Action.REFER, "")
    assert found.problems == ("quiet: no_rule",)


def test_a_reason_that_is_computed_is_told_as_a_text():
    counted = table(
        *("counted", ["# hit policy", "FIRST"], ["in:n1", "out:action", "out:reason"]),
        *(["> 5", "refer", "n2 * 2"], ["-", "approve", "n2"]),
    )
    program = flow(TableStep(name="counted"), TableStep(name="says"), tables=[counted, SAYS])
    assert decided(program, n1=1.0, n2=4).reason == "4"
    assert decided(program, n1=5.5, n2=4).decided_by == "says"


def test_a_model_that_is_late_leaves_its_fallback_and_says_so():
    seen = table("seen", ["# hit policy", "FIRST"], ["in:mod", "out:action"], ["null", "step_up"],
                 ["> 3", "block"], ["-", "approve"], names=("mod",))  # fmt: skip
    for fallback, action in ((None, Action.STEP_UP), (4.0, Action.BLOCK), (0.1, Action.APPROVE)):
        steps = ModelStep(name="mod", fallback=fallback), TableStep(name="seen")
        program = flow(*steps, tables=[seen], models={"mod": Sum()})
        found = decided(program, n1=0.0, n2=0, ask=lambda step, model, x: None)
        assert (found.action, found.degraded) == (action, ("mod",))
        assert decided(program, n1=0.0, n2=0).degraded == ()
    infinite = decided(program, ask=lambda step, model, x: np.array([np.inf], np.float32))
    assert infinite.values["mod"] is None


def test_conditions_and_results_say_what_they_lack():
    program = flow(
        TableStep(name="says", when=parse("n2 > 1", {"n2"})),
        tables=[SAYS],
        results={"limit": parse("n1 * 2", {"n1"})},
    )
    found = decided(program)
    assert found.missing == ("n1", "n2")
    assert (found.fired, found.results) == ({}, {"limit": None})


def test_what_is_not_there_is_named():
    listed = ListStep(name="bl", kind=ListKind.BLACK, by="nobody", action=Action.BLOCK, reason="r")
    with pytest.raises(MappingError, match="nobody"):
        flow(listed).run({"n1": read_column(pa.array([1.0]))}, np.array([0]))
    program = flow(ModelStep(name="mod"), models={"mod": Sum()})
    with pytest.raises(MappingError, match="n2"):
        program.run({"n1": read_column(pa.array([1.0]))}, np.array([0]))
    with pytest.raises(InputError, match="no model 'mod'"):
        flow(ModelStep(name="mod"))
    with pytest.raises(InputError, match="holds texts"):
        decided(program, n1="a", n2=1)


def test_a_policy_that_cannot_be_computed_refers_and_says_so():
    mixed = ValueStep(name="v", expression=parse('if n1 > 0 then "a" else 1', {"n1"}))
    program = flow(mixed)
    columns = {"n1": read_column(pa.array([1.0, -1.0]))}
    with pytest.raises(InputError):
        program.run(columns, np.array([0, 0]))
    result = program.run_or_refer(columns, np.array([0, 0]))
    found = decided_of(result, 1, program.policy)
    assert (found.action, found.problems) == (Action.REFER, ("policy: failed",))
    alone = OneProgram(program, {"n1": "number"})
    assert alone.decide_told({"n1": [1]}, 0)[0].problems == ("policy: failed",)
    assert alone.decide_told({"n1": 1.0}, 0)[0].values == {"v": "a"}


# --- the clock


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-03-01T15:59:59.999999+00:00", date(2026, 3, 1)),
        ("2026-03-01T16:00:00+00:00", date(2026, 3, 2)),
        ("1969-12-31T15:59:59.999999+00:00", date(1969, 12, 31)),
        ("1988-07-01T15:30:00+00:00", date(1988, 7, 2)),  # summer time
    ],
)
def test_days_in_shanghai_begin_at_its_midnight(moment, day):
    us = microseconds(datetime.fromisoformat(moment))
    column = clock_columns(np.array([us]), "Asia/Shanghai")["decision_date"]
    assert column.to_arrow().to_pylist() == [day]
    on_the_day = table(
        "says", ["# hit policy", "FIRST"], ["in:decision_date", "out:action"],
        [day.isoformat(), "block"], ["-", "approve"],
    )  # fmt: skip
    assert decided(flow(TableStep(name="says"), tables=[on_the_day]), us).action is Action.BLOCK


@settings(STEADY, max_examples=100)
@given(
    zone=st.sampled_from(["Asia/Shanghai", "Europe/London", "America/New_York", "UTC"]),
    moments=st.lists(
        st.integers(-65 * YEAR, 330 * YEAR).map(lambda us: datetime.fromtimestamp(us / 1e6, UTC)),
        min_size=1,
    ),
)
def test_the_day_is_that_of_the_zone_in_every_year(zone, moments):
    days = clock_columns(
        np.asarray(pa.array(moments, pa.timestamp("us", "UTC")).cast(pa.int64())), zone
    )["decision_date"]
    assert days.to_arrow().to_pylist() == [
        each.astimezone(ZoneInfo(zone)).date() for each in moments
    ]


def test_a_moment_beyond_all_calendars_has_a_day():
    far = np.array([2**62, -(2**62), NOON])
    days = clock_columns(far, "Asia/Shanghai")["decision_date"].values
    assert days[2] == (NOON + 8 * 3_600_000_000) // 86_400_000_000
    assert abs(days[0] - 2**62 / 86_400_000_000) < 2
