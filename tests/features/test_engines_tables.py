"""Several tables and keys in one plan, arithmetic between features, and rows that are refused."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import inf, nan

import numpy as np
import pyarrow as pa
import pytest
from features_reference import Facts, Row, at_arrival, values
from hypothesis import given, settings
from hypothesis import strategies as st

from features_running import LONG, Live, assert_agrees, assert_same_bits, compiled, history, matrix
from headrace.errors import InputError
from headrace.features import aggregates as a
from headrace.features import windows as w
from headrace.features.definition import (
    Column,
    ColumnType,
    Current,
    Derived,
    Difference,
    FeatureSet,
    Measure,
    Ratio,
    Table,
    ZScore,
)
from headrace.features.engines import batch
from headrace.features.engines.stream import StreamEngine
from strategies_features import (
    PARTIES,
    Case,
    amounts,
    delays,
    moments,
    out_of_order,
)

DAYS_7 = timedelta(days=7)
YEAR_2000 = datetime(2000, 1, 1, tzinfo=UTC)

# --- Two tables ----------------------------------------------------------------------------------

LOGINS = Table(
    "logins",
    (Column("party", ColumnType.CATEGORY), Column("score", ColumnType.NUMBER)),
    key=("party",),
    time="time",
    known="known",
    id=None,
)
ABOUT_LOGINS = (
    Measure("logins", a.Count(), table="logins", window=w.Sliding(timedelta(days=30))),
    Measure("scores", a.Sum("score"), table="logins", where="score > 3"),
    Measure("calm", a.SinceLast(), table="logins", current=Current.EXCLUDED),
)


@st.composite
def logins(draw) -> Facts:
    """Events of another table, some known late."""
    drawn = draw(st.lists(st.tuples(st.sampled_from(PARTIES), amounts, moments, delays)))
    rows = [
        {"op": "add", "party": party, "score": score, "time": time, "known": time + late}
        for party, score, time, late in drawn
    ]
    rows.sort(key=lambda row: row["known"])
    return Facts(LOGINS, rows, {"score": 0}, {"score > 3": lambda row: row["score"] > 3})


def login_table(rows: list[Row]) -> pa.Table:
    return pa.table(
        {
            "party": pa.array([row["party"] for row in rows], pa.string()),
            "score": pa.array([row["score"] for row in rows], pa.int64()),
            **{
                name: pa.array([row[name] for row in rows], pa.timestamp("us", "UTC"))
                for name in ("time", "known")
            },
        }
    )


@settings(deadline=None, max_examples=60)
@given(out_of_order(), logins())
def test_events_see_the_features_of_another_table_as_they_were_known(case, logins):
    own = tuple(
        Measure(**{**vars(each), "table": "payments"}) for each in case.features.definitions
    )
    features = FeatureSet((case.world.table, LOGINS), (*own, *ABOUT_LOGINS))
    program = compiled(features)
    given_facts = history(case.world, case.rows)
    given_facts = batch.History(
        {**given_facts.events, "logins": login_table(logins.rows)}, given_facts.voids
    )
    replay = batch.replay(program, given_facts, "payments").table
    engine, engine_of_one = (StreamEngine(program, LONG) for _ in range(2))
    names, live = program.plan.names, []
    facts, want = case.facts, []
    both = [(row["known"], 0, row) for row in logins.rows]
    both += [(row["known"], 1 + (row["op"] == "void"), row) for row in case.rows]
    for known, kind, row in sorted(both, key=lambda each: each[:2]):
        if kind == 0:
            engine.push(login_table([row]), "logins")
            engine_of_one.push_one(row, "logins")
        elif kind == 2:
            engine.void(case.world.arrow([row]), "payments")
            engine_of_one.void(case.world.arrow([row]), "payments")
        else:
            live.append(engine.push(case.world.arrow([row]), "payments").table)
            alone = engine_of_one.push_one(case.world.event(row), "payments").values
            assert [alone[name] for name in names] == [*live[-1].to_pylist()[0].values()]
            place = next(n for n, each in enumerate(case.rows) if each is row)
            seen = [each for each in logins.rows if each["known"] <= known]
            then = Facts(LOGINS, seen, logins.places, logins.holds)
            asked = values(ABOUT_LOGINS, then, row, row["time"])
            want.append(at_arrival(own, facts, place) | asked)
    found = matrix(replay, names)
    if live:
        assert_same_bits(matrix(pa.concat_tables(live), names), found)
    new = [n for n, each in enumerate(want) if any(each[one.name] is not None for one in own)]
    assert_agrees(found[new], [want[n] for n in new], features)


def test_each_table_and_each_key_has_its_own_history():
    payments = Table(
        "payments",
        tuple(Column(name, ColumnType.CATEGORY) for name in ("party", "shop")),
        key=("party",),
        time="time",
        id=None,
    )
    features = FeatureSet(
        (payments, LOGINS),
        (
            Measure("by_party", a.Count(), table="payments"),
            Measure("by_shop", a.Count(), table="payments", by=("shop",)),
            Measure("by_pair", a.Count(), table="payments", by=("party", "shop")),
            Measure("by_pair_turned", a.Count(), table="payments", by=("shop", "party")),
            Measure("logins", a.Count(), table="logins"),
            Ratio("per_login", "by_party", "logins"),
        ),
    )
    rows = [("p", "a"), ("p", "b"), ("a", "p"), ("p", "a"), ("a", "p"), ("q", "a")]
    times = pa.array(range(1, 7), pa.timestamp("s", "UTC"))
    events = pa.table({"party": [p for p, _ in rows], "shop": [s for _, s in rows], "time": times})
    early = pa.array([0, 0], pa.timestamp("us", "UTC"))
    seen = pa.table({"party": ["p", "p"], "score": [1, 2], "time": early, "known": early})
    engine = StreamEngine(compiled(features))
    engine.push(seen, "logins")
    found = engine.push(events, "payments").table
    assert found.to_pydict() == {
        "by_party": [1, 2, 1, 3, 2, 1],
        "by_shop": [1, 1, 1, 2, 2, 3],
        "by_pair": [1, 1, 1, 2, 2, 1],
        "by_pair_turned": [1, 1, 1, 2, 2, 1],
        "logins": [2, 2, 0, 2, 0, 0],
        "per_login": [0.5, 1, None, 1.5, None, None],
    }
    whole = batch.History({"payments": events, "logins": seen})
    assert batch.replay(compiled(features), whole, "payments").table.equals(found)
    asked = pa.table({"party": ["p", "q", "nobody"], "shop": ["a", "b", "a"]})
    answers = engine.read(asked, YEAR_2000)
    assert answers.to_pydict() == {
        "party": ["p", "q", "nobody"],
        "shop": ["a", "b", "a"],
        "by_party": [3, 1, 0],
        "by_shop": [3, 1, 3],
        "by_pair": [2, 0, 0],
        "by_pair_turned": [2, 0, 0],
        "logins": [2, 0, 0],
        "per_login": [1.5, None, None],
    }
    assert batch.read(compiled(features), whole, asked, YEAR_2000).table.equals(answers)


def test_a_plan_of_two_tables_must_be_told_which():
    features = FeatureSet((LOGINS, Table("other", (), ())), (ABOUT_LOGINS[0],))
    engine = StreamEngine(compiled(features))
    for name in ("", "payments"):
        with pytest.raises(InputError, match="has no table") as raised:
            engine.push(login_table([]), name)
        assert "logins" in raised.value.remedy
    with pytest.raises(InputError, match="logins"):
        batch.read(compiled(features), batch.History({}), pa.table({"party": ["p"]}), YEAR_2000)


# --- Arithmetic ----------------------------------------------------------------------------------

PARTS = (a.Count, a.Sum, a.Mean, a.Max, a.Deviation, a.GroupMax, a.SinceLast)


@st.composite
def with_arithmetic(draw) -> Case:
    """Measures, and what is made of them, and what is made of that."""
    case = draw(out_of_order(kinds=PARTS))
    definitions = list(case.features.definitions)
    for number in range(draw(st.integers(1, 5))):
        one, two, three = (draw(st.sampled_from(definitions)).name for _ in range(3))
        made = draw(st.sampled_from(["ratio", "difference", "score"]))
        name = f"made{number}"
        definitions.append(
            {
                "ratio": Ratio(name, one, two),
                "difference": Difference(name, one, two),
                "score": ZScore(name, one, two, three),
            }[made]
        )
    return Case(case.world, FeatureSet(case.features.tables, tuple(definitions)), case.rows)


@settings(deadline=None, max_examples=60)
@given(with_arithmetic())
def test_arithmetic_is_missing_where_a_part_is(case):
    live = Live(case.world, case.features)
    got = live.feed(case.rows)
    column = {name: got[:, place] for place, name in enumerate(live.names)}
    for definition in case.features.definitions:
        found = column[definition.name]
        if isinstance(definition, Measure):
            continue
        parts = [column[name] for name in definition.parts]
        missing = np.isnan(parts).any(axis=0)
        with np.errstate(all="ignore"):
            match definition:
                case Ratio():
                    missing |= parts[1] <= 0
                    want = parts[0] / parts[1]
                case Difference():
                    want = parts[0] - parts[1]
                case ZScore():
                    missing |= parts[2] <= 0
                    want = (parts[0] - parts[1]) / parts[2]
        assert_same_bits(found[:, None], np.where(missing, nan, want)[:, None])


# --- Rows that are refused -----------------------------------------------------------------------

STRICT = Table(
    "t",
    (
        Column("k", ColumnType.CATEGORY),
        Column("x", ColumnType.NUMBER, places=2, required=True),
        Column("y", ColumnType.NUMBER, places=1),
    ),
    key=("k",),
    time="time",
    known="known",
    id="id",
)
STRICT_SET = FeatureSet(
    (STRICT,),
    (
        Measure("events", a.Count()),
        Measure("x_sum", a.Sum("x"), window=w.Sliding(DAYS_7)),
        Measure("y_mean", a.Mean("y")),
    ),
)
GOOD = {"k": "a", "x": 1.5, "y": 2.0, "id": "1", "time": 0, "known": 0}
DAY_S = 86_400
BAD = {
    ("k", None): "is missing",
    ("x", None): "is missing",
    ("x", nan): "is missing",
    ("x", inf): "is too large for an exact sum",
    ("x", -inf): "is too large for an exact sum",
    ("x", 1e17): "is too large for an exact sum",
    ("x", -1e300): "is too large for an exact sum",
    ("y", 1e16): "is too large for an exact sum",
    ("time", None): "is missing",
    ("time", -1): "lies outside the years 1970 to 2099",
    ("id", None): "is missing",
    ("known", None): "is missing",
}
AHEAD = ("time", 2 * DAY_S)  # known at 0


def strict(rows: list[dict]) -> pa.Table:
    """Rows of the strict table; times in seconds."""
    types = {"k": pa.string(), "x": pa.float64(), "y": pa.float64(), "id": pa.string()}
    types |= dict.fromkeys(("time", "known"), pa.timestamp("s", "UTC"))
    return pa.table(
        {name: pa.array([row[name] for row in rows], kind) for name, kind in types.items()}
    )


@pytest.mark.parametrize(("bad", "reason"), BAD.items(), ids=[f"{c} {v}" for c, v in BAD])
def test_a_bad_row_is_named_and_the_others_go_on(bad, reason):
    rows = [{**GOOD, "id": str(n), "time": n, "known": n} for n in range(5)]
    name, value = bad
    rows[2] = {**rows[2], name: value}
    rows[4] = {**rows[4], "k": "b", name: value}
    program, history = compiled(STRICT_SET), batch.History({"t": strict(rows)})
    engine = StreamEngine(program)
    pushed = engine.push(strict(rows))
    assert [(each.column, each.reason, each.rows.tolist()) for each in pushed.refused] == [
        (name, reason, [2, 4])
    ]
    assert pushed.words() == ["added", "added", "refused", "added", "refused"]
    want = {
        "events": [1, 2, None, 3, None],
        "x_sum": [1.5, 3, None, 4.5, None],
        "y_mean": [2, 2, None, 2, None],
    }
    assert pushed.table.to_pydict() == want
    replay = batch.replay(program, history)
    assert replay.table.to_pydict() == want
    assert [(t, each.column, each.rows.tolist()) for t, each in replay.refused] == [
        ("t", name, [2, 4])
    ]
    metrics = engine.metrics()
    assert metrics['headrace_features_refused_total{table="t"}'] == 2
    assert metrics['headrace_features_events{space="t by k"}'] == 3


@pytest.mark.parametrize(("bad", "reason"), BAD.items(), ids=[f"{c} {v}" for c, v in BAD])
def test_one_bad_event_is_an_error_that_says_the_same(bad, reason):
    name, value = bad
    if name in {"time", "known"} and value is not None:
        value = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)
    good = {**GOOD, "time": datetime(1970, 1, 1, tzinfo=UTC), "known": 0}
    engine = StreamEngine(compiled(STRICT_SET))
    before = engine.digest()
    with pytest.raises(InputError, match=f"'{name}'"):
        engine.push_one({**good, name: value})
    assert engine.digest() == before
    assert engine.metrics()['headrace_features_refused_total{table="t"}'] == 1
    assert reason
    taken = engine.push_one(good)
    assert (taken.outcome, taken.late, taken.too_late) == ("added", False, False)
    assert taken.values == {"events": 1, "x_sum": 1.5, "y_mean": 2}
    assert engine.push_one(good).outcome == "duplicate"


@pytest.mark.parametrize(
    ("expression", "where"),
    [("x * 100000", ""), ("x * x * x * x * x", ""), ("x", "x * x * x * x * x > 0")],
    ids=["beyond the limit of sums", "beyond 64 bits", "a filter beyond 64 bits"],
)
def test_what_cannot_be_computed_exactly_is_refused_by_every_engine(expression, where):
    columns = (Column("k", ColumnType.CATEGORY), Column("x", ColumnType.NUMBER))
    derived = (Derived("made", expression),)
    table = Table("t", columns, ("k",), derived, time="time", id=None)
    features = FeatureSet((table,), (Measure("total", a.Sum("made"), where=where),))
    program = compiled(features)
    rows = [{"k": "a", "x": x, "time": n} for n, x in enumerate((1, 2**31, -(2**40), 2))]
    events = pa.Table.from_pylist(rows)
    times = pa.array([0, 1, 2, 3], pa.timestamp("us", "UTC"))
    events = events.set_column(2, "time", times)
    pushed, alone = StreamEngine(program).push(events), StreamEngine(program)
    assert [each.rows.tolist() for each in pushed.refused] == [[1, 2]]
    replay = batch.replay(program, batch.History({"t": events}))
    assert replay.table.equals(pushed.table)
    assert pushed.table["total"].null_count == 2
    for row, value in zip(rows, pushed.table["total"].to_pylist(), strict=True):
        if value is None:
            with pytest.raises(InputError, match=r"64 bits|too large"):
                alone.push_one(row)
        else:
            assert alone.push_one(row).values == {"total": value}


def test_an_event_after_2099_is_refused():
    table = Table("t", STRICT.columns, ("k",), time="time", id=None)
    features = FeatureSet((table,), (Measure("events", a.Count()),))
    events = strict([{**GOOD, "time": at} for at in (4_102_444_799, 4_102_444_800)])
    pushed = StreamEngine(compiled(features)).push(events)
    assert pushed.table["events"].to_pylist() == [1, None]
    assert [(each.column, each.rows.tolist()) for each in pushed.refused] == [("time", [1])]


def test_an_event_whose_clock_runs_ahead_is_refused_and_makes_no_other_late():
    engine = StreamEngine(compiled(STRICT_SET), lateness=timedelta(0))
    ahead = {**GOOD, "time": 2 * DAY_S, "id": "2"}
    just = {**GOOD, "time": DAY_S, "id": "3"}
    pushed = engine.push(strict([GOOD, ahead, {**GOOD, "id": "4"}, just]))
    assert pushed.words() == ["added", "refused", "added", "added"]
    (refused,) = pushed.refused
    assert (refused.column, refused.rows.tolist()) == ("time", [1])
    assert "known time" in refused.reason
    assert pushed.table["events"].to_pylist() == [1, None, 2, 3]
    assert engine.watermark() == datetime(1970, 1, 2, tzinfo=UTC)
    history = batch.History({"t": strict([GOOD, ahead, {**GOOD, "id": "4"}, just])})
    replay = batch.replay(compiled(STRICT_SET), history)
    assert replay.table.equals(pushed.table)
    assert [(each.column, each.rows.tolist()) for _, each in replay.refused] == [("time", [1])]
    with pytest.raises(InputError, match="'time' of the event lies after its known time"):
        engine.push_one({**ahead, "time": datetime(1970, 1, 3, tzinfo=UTC)})


def test_a_row_that_one_key_cannot_use_is_the_same_in_every_engine():
    columns = (*STRICT.columns, Column("shop", ColumnType.CATEGORY))
    table = Table("t", columns, ("k",), time="time", known="known", id="id")
    features = FeatureSet(
        (table,), (Measure("by_k", a.Count()), Measure("by_shop", a.Count(), by=("shop",)))
    )
    events = strict([{**GOOD, "id": str(n)} for n in range(3)])
    events = events.append_column("shop", pa.array(["s", None, "s"]))
    live = StreamEngine(compiled(features)).push(events)
    replay = batch.replay(compiled(features), batch.History({"t": events}))
    assert replay.table.equals(live.table)
    assert [(each.column, each.rows.tolist()) for each in live.refused] == [("shop", [1])]
    assert [(each.column, each.rows.tolist()) for _, each in replay.refused] == [("shop", [1])]


def test_a_question_without_a_moment_has_no_values():
    program, events = compiled(STRICT_SET), strict([GOOD])
    engine = StreamEngine(program)
    engine.push(events)
    asks = pa.table({"k": ["a", "a"], "at": pa.array([DAY_S, None], pa.timestamp("s", "UTC"))})
    found = batch.read(program, batch.History({"t": events}), asks, "at").table
    assert found["events"].to_pylist() == [1, None]
    assert engine.read(asks, "at").equals(found)


def test_a_number_that_signals_is_refused():
    with pytest.raises(InputError, match="'x'"):
        StreamEngine(compiled(STRICT_SET)).push_one({**GOOD, "x": Decimal("sNaN")})


@pytest.mark.parametrize("missing", ["k", "x", "y", "time", "known", "id"])
def test_a_missing_column_is_an_error_and_nothing_is_taken_in(missing):
    engine = StreamEngine(compiled(STRICT_SET))
    with pytest.raises(InputError, match=f"no column '{missing}'") as raised:
        engine.push(strict([GOOD]).drop_columns(missing))
    assert raised.value.where == "t"
    assert engine.push(strict([GOOD])).table["events"].to_pylist() == [1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("k", 1.5),
        ("k", True),
        ("k", datetime(2020, 1, 1, tzinfo=UTC)),
        ("x", "much"),
        ("time", 5),
        ("time", "today"),
        ("known", 5),
        ("id", 1.5),
    ],
)
def test_a_column_of_another_type_is_an_error_and_nothing_is_taken_in(name, value):
    events = strict([GOOD])
    place = events.column_names.index(name)
    wrong = events.set_column(place, name, pa.array([value]))
    engine, history = StreamEngine(compiled(STRICT_SET)), batch.History({"t": wrong})
    with pytest.raises(InputError, match=name):
        engine.push(wrong)
    with pytest.raises(InputError, match=name):
        batch.replay(compiled(STRICT_SET), history)
    assert engine.push(events).table["events"].to_pylist() == [1]


@pytest.mark.parametrize(
    "x",
    [
        pa.array([150, -25], pa.decimal128(5, 2)),
        pa.array([Decimal("1.500000000"), Decimal("-0.254999999")], pa.decimal128(38, 9)),
        pa.array([Decimal("1.495"), Decimal("-0.245")], pa.decimal256(50, 3)),
        pa.array([1.5, -0.25], pa.float32()),
        pa.array([1.504999, -0.2450001], pa.float64()),
    ],
    ids=lambda x: str(x.type),
)
def test_numbers_are_rounded_half_to_even_once(x):
    events = strict([{**GOOD, "id": str(n), "time": n, "known": n} for n in range(2)])
    events = events.set_column(events.column_names.index("x"), "x", x)
    found = StreamEngine(compiled(STRICT_SET)).push(events).table["x_sum"].to_pylist()
    want = {"decimal256(50, 3)": [1.5, 1.26], "decimal128(5, 2)": [150.0, 125.0]}
    assert found == want.get(str(x.type), [1.5, 1.25])


@pytest.mark.parametrize("kind", [pa.int8(), pa.int32(), pa.uint16(), pa.int64(), pa.uint64()])
def test_whole_numbers_of_any_width_are_scaled(kind):
    events = strict([{**GOOD, "id": str(n), "time": n, "known": n} for n in range(2)])
    events = events.set_column(events.column_names.index("x"), "x", pa.array([3, 4], kind))
    found = StreamEngine(compiled(STRICT_SET)).push(events).table["x_sum"].to_pylist()
    assert found == [3, 7]


@pytest.mark.parametrize(
    "keys",
    [
        pa.array(["a", "b", "a"]),
        pa.array(["a", "b", "a"], pa.large_string()),
        pa.array(["a", "b", "a"]).dictionary_encode(),
        pa.chunked_array([pa.array(part).dictionary_encode() for part in (["a"], ["b", "a"])]),
        pa.chunked_array([["a"], ["b"], [], ["a"]], pa.string()),
        pa.array(["-", "a", "b", "a"]).slice(1),
        pa.array(["-", "a", "b", "a"]).dictionary_encode().slice(1),
        pa.array([7, 8, 7], pa.int32()),
    ],
    ids=lambda keys: str(keys.type),
)
def test_keys_of_any_encoding_are_the_same_keys(keys):
    events = strict([{**GOOD, "id": str(n), "time": n, "known": n} for n in range(3)])
    events = events.set_column(0, "k", keys)
    program = compiled(STRICT_SET)
    engine = StreamEngine(program)
    assert engine.push(events).table["events"].to_pylist() == [1, 1, 2]
    assert engine.push(events.slice(1, 1)).words() == ["duplicate"]
    replay = batch.replay(program, batch.History({"t": events})).table
    assert replay["events"].to_pylist() == [1, 1, 2]


def test_voids_need_an_id_and_a_known_time():
    table = Table("t", STRICT.columns, ("k",), time="time", known="known", id=None)
    features = FeatureSet((table,), (Measure("events", a.Count()),))
    engine = StreamEngine(compiled(features))
    history = batch.History({"t": strict([GOOD])}, {"t": strict([GOOD])})
    with pytest.raises(InputError, match="id"):
        engine.void(strict([GOOD]))
    with pytest.raises(InputError, match="id"):
        batch.replay(compiled(features), history)


def test_a_bad_void_is_named_and_the_others_go_on():
    engine = StreamEngine(compiled(STRICT_SET))
    rows = [{**GOOD, "id": str(n), "time": n, "known": n} for n in range(3)]
    engine.push(strict(rows))
    marks = [{**row, "known": 10} for row in rows]
    bad = [marks[0], {**marks[1], "id": None}, {**marks[1], "k": None}, {**marks[1], "time": None}]
    bad.append({**marks[1], "known": None})
    voided = engine.void(strict([*bad, marks[2]]))
    assert voided.words() == ["voided", *["refused"] * 4, "voided"]
    assert {(each.column, *each.rows.tolist()) for each in voided.refused} == {
        ("id", 1), ("k", 2), ("time", 3), ("known", 4)
    }  # fmt: skip
    assert voided.table["events"].to_pylist() == [2, None, None, None, None, 1]
