"""Random policies and cases: every kind of step, and cases that lack values or hold odd ones."""

from datetime import UTC, date, datetime

import pyarrow as pa
from hypothesis import strategies as st

from headrace.decisions.feel import parse
from headrace.decisions.flow.lists import Entry
from headrace.decisions.flow.policy import (
    Action,
    ListKind,
    ListStep,
    ModelStep,
    Policy,
    TableStep,
    ValueStep,
)
from headrace.decisions.tables.grid import read_grid

KINDS = {
    "n1": "number",
    "n2": "number",
    "t": "string",
    "b": "boolean",
    "d": "date",
    "m": "date and time",
}
NOON = 1_767_268_800_000_000  # 2026-01-01T12:00Z


def table(name, *rows, names=("n2",)):
    lines = [["# table", name], *map(list, rows)]
    return read_grid(list(enumerate(lines, 1)), f"{name}.csv", set(names))


class Sum:
    """A model."""

    names = ("n1", "n2")

    def probability(self, x):
        return x[:, 0] + x[:, 1] * 2

    def slowly(self, values):
        """The same of one case, of FEEL values."""
        return None if None in values else float(values[0]) + float(values[1]) * 2

    def digest(self):
        return "sum"


CELLS = {
    "n1": ["> 1", "<= 0.3", "[0..2)", "null", "not(1)", "0.30000000000000004", "> n2", "? < n2"],
    "n2": ["0", "> 1", "1, 2", "null"],
    "t": ["A", "A, B", "null", 'not("A")'],
    "b": ["true", "null", "not(true)"],
    "d": ["2026-01-01", "< 2026-01-02", "null"],
    "m": [">= 2026-01-01T00:00:00Z", "null"],
    "decision_date": ["2026-01-02", "< 2026-01-02"],
    "mod": ["> 3", "null"],
}
ACTIONS = st.sampled_from(["block", "refer", "approve", "step_up", ""])


@st.composite
def policy_tables(draw, name, known):
    policy = draw(
        st.sampled_from(
            ["FIRST", "PRIORITY", "UNIQUE", "COLLECT", "ANY", "RULE ORDER", "COLLECT SUM"]
        )
    )
    ins = draw(st.lists(st.sampled_from(sorted(known & {*CELLS})), unique=True, max_size=3))
    total = policy == "COLLECT SUM"
    rows = [["# hit policy", policy]]
    if policy == "PRIORITY":
        rows.append(["# values", "out:action", '"block", "step_up", "refer", "approve"'])
    if draw(st.booleans()):
        rows.append(["# default", "out:x" if total else "out:action", "7" if total else "refer"])
    rows.append(
        [*(f"in:{each}" for each in ins), *(["out:x"] if total else ["out:action", "out:reason"])]
    )
    for number in range(draw(st.sampled_from([1, 2, 4, 70 if policy == "FIRST" else 3]))):
        tests = [draw(st.sampled_from(["-", *CELLS[each]])) for each in ins]
        given_ = (
            [str(number)] if total else [draw(ACTIONS), draw(st.sampled_from([f"r{number}", ""]))]
        )
        rows.append([*tests, *given_])
    return table(name, *rows, names=known)


@st.composite
def policies(draw):
    known = {*KINDS, "decision_date"}
    steps = [
        ListStep(
            name="bl",
            kind=draw(st.sampled_from([ListKind.BLACK, ListKind.GREY])),
            by="t",
            action=Action.BLOCK,
            reason="on the list",
            when=draw(st.none() | st.just(parse("n1 > 0", known))),
        ),
        ListStep(
            name="wl", kind=ListKind.WHITE, by="n2", action=None, reason="", skips=("x1", "mod")
        ),
    ]
    tables = {}
    for number in range(draw(st.integers(1, 3))):
        if number and draw(st.booleans()) and "mod" not in known:
            fallback = draw(st.sampled_from([None, 0.5]))
            steps.append(ModelStep(name="mod", fallback=fallback))
            known.add("mod")
        found = draw(policy_tables(f"x{number}", known))
        tables[found.name] = found
        conditions = ["n2 > 0", "bl = true", "mod > 2" if "mod" in known else "b"]
        when = parse(draw(st.sampled_from(conditions)), known | {"bl"})
        steps.append(TableStep(name=found.name, when=draw(st.none() | st.just(when))))
        if draw(st.integers(0, 3)) == 0:
            expression = parse(
                draw(st.sampled_from(["n1 * 2 + n2", "d", "if b then 1 else null"])), known
            )
            steps.append(ValueStep(name=f"v{number}", expression=expression))
    results = {"limit": parse("n2 * 1.5", known)} if draw(st.integers(0, 3)) == 0 else {}
    zone = draw(st.sampled_from(["Asia/Shanghai", "UTC", "America/New_York"]))
    otherwise = draw(st.sampled_from(Action))
    return Policy("p", "t", zone, {}, tuple(steps), tables, results, otherwise)


ENTRIES = (
    Entry("bl", "A", "", 0, None, "stolen", "me", 0),
    Entry("bl", "B", "p", 0, NOON - 10, "", "me", 5),
    Entry("bl", "B", "q", 0, None, "of another policy", "me", 5),
    Entry("wl", "2", "", 0, None, "", "me", 0),
    Entry("bl", "A", "", 0, NOON, "found again", "me", NOON),
)
VALUES = {
    "n1": st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.1 + 0.2, 0.3, 2.5, float("nan"), float("inf")])
    | st.integers(-2, 3),
    "n2": st.sampled_from([0, 1, 2, 5, -1, 2.0]),
    "t": st.sampled_from(["A", "B", "zz", ""]),
    "b": st.booleans(),
    "d": st.sampled_from([date(2026, 1, 1), date(2026, 1, 15), date(2025, 1, 1)]),
    "m": st.sampled_from([datetime(2026, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)]),
}
TYPES = {
    "n1": pa.float64(),
    "n2": pa.float64(),
    "t": pa.string(),
    "b": pa.bool_(),
    "d": pa.date32(),
    "m": pa.timestamp("us", "UTC"),
}
CASES = st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()})
MOMENTS = st.sampled_from([0, 4, 5, NOON - 11, NOON - 10, NOON - 1, NOON, NOON + 5 * 3_600_000_000])
