"""Which values, given before, a late event or a void changes: all of them, and nothing else."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from features_reference import Facts, Row, standing
from hypothesis import HealthCheck, given, settings

from features_running import LONG, Live, compiled, instant, replayed
from headrace.errors import InputError
from headrace.features import aggregates as a
from headrace.features import windows as w
from headrace.features.definition import (
    Column,
    ColumnType,
    Derived,
    FeatureSet,
    Measure,
    Ratio,
    Table,
)
from headrace.features.engines import revisions
from headrace.features.engines.stream import StreamEngine
from strategies_features import Case, out_of_order

SLOW = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.data_too_large])


def restated(case: Case, facts: Facts) -> tuple[list[Row], np.ndarray]:
    """Every event that counts, and the values it would have been given had all come in order."""
    table = case.world.table
    rows = standing(facts)
    if table.known:
        rows = [row | {table.known: row[table.time]} for row in rows]
    return rows, replayed(case.world, case.features, rows)


def named(case: Case, count: int) -> Counter:
    """What should be named once fact `count` is known, by comparing the two whole histories."""
    table, changed = case.world.table, case.rows[count]
    before, after = (restated(case, case.facts.first(upto)) for upto in (count, count + 1))
    values = {_name(case, row): found for row, found in zip(*before, strict=True)}
    out: Counter = Counter()
    for row, found in zip(*after, strict=True):
        was = values.get(_name(case, row))
        if was is None:
            continue
        for number, name in enumerate(compiled(case.features).plan.names):
            same = was[number] == found[number] or np.isnan([was[number], found[number]]).all()
            key = _key_of(case.features, table, name)
            if not same and key is not None:
                said = ", ".join(f"{column} {row[column]}" for column in key)
                assert all(row[column] == changed[column] for column in key)
                out[said, row[table.time], name, _bits(was[number]), _bits(found[number])] += 1
    return out


def _name(case: Case, row: Row) -> tuple:
    return tuple(row[each] for each in (*case.world.table.key, "time", case.world.table.id))


def _key_of(features: FeatureSet, table: Table, name: str) -> tuple[str, ...] | None:
    """The key of a feature; None where its parts have several."""
    keys = {measure.by or table.key for measure in features.measures_behind(name)}
    return keys.pop() if len(keys) == 1 else None


def _bits(value: float | None) -> bytes:
    return b"missing" if value is None or np.isnan(value) else np.float64(value).tobytes()


def told(changes: pa.Table) -> Counter:
    moments = changes["at"].cast(pa.int64()).to_pylist()
    return Counter(
        (row["key"], at, row["feature"], _bits(row["before"]), _bits(row["after"]))
        for row, at in zip(changes.to_pylist(), moments, strict=True)
    )


@SLOW
@given(out_of_order())
def test_what_a_fact_changes_is_named_and_nothing_else(case):
    engine = StreamEngine(compiled(case.features), LONG)
    plain = Live(case.world, case.features)
    for count, row in enumerate(case.rows):
        do = revisions.push if row["op"] == "add" else revisions.void
        found = do(engine, case.world.arrow([row]))
        plain.feed([row])
        assert found.pushed.table.equals(plain.pushed[-1].table)
        assert told(found.changes) == named(case, count)
    assert engine.digest() == plain.engine.digest()


@SLOW
@given(out_of_order())
def test_a_batch_names_what_changed_from_its_beginning_to_its_end(case):
    events = [row for row in case.rows if row["op"] == "add"]
    first, rest = events[: len(events) // 2], events[len(events) // 2 :]
    engine = StreamEngine(compiled(case.features), LONG)
    engine.push(case.world.arrow(first))
    found = revisions.push(engine, case.world.arrow(rest))
    sole = Case(case.world, case.features, first)
    whole = Case(case.world, case.features, events)
    before = {_name(sole, row): at for row, at in zip(*restated(sole, sole.facts), strict=True)}
    after = {_name(whole, row): at for row, at in zip(*restated(whole, whole.facts), strict=True)}
    names = compiled(case.features).plan.names
    for row in found.changes.to_pylist():
        number = names.index(row["feature"])
        pairs = {
            (_bits(before[name][number]), _bits(after[name][number]))
            for name in before
            if instant(name[-2]) == row["at"] and name in after
        }
        assert (_bits(row["before"]), _bits(row["after"])) in pairs


# --- As a person would tell it --------------------------------------------------------------------

INVOICES = Table(
    "invoices",
    (
        Column("firm", ColumnType.CATEGORY, required=True),
        Column("amount", ColumnType.NUMBER, places=2, required=True),
        Column("kind", ColumnType.CATEGORY),
    ),
    key=("firm",),
    time="issued",
    known="known",
    id="number",
)
DAYS_7, DAYS_30 = w.Sliding(timedelta(days=7)), w.Sliding(timedelta(days=30))
FEATURES = FeatureSet(
    (INVOICES,),
    (
        Measure("sales_30d", a.Sum("amount"), window=DAYS_30),
        Measure("sales_7d", a.Sum("amount"), window=DAYS_7),
        Measure("red_30d", a.Count(), window=DAYS_30, where="amount < 0"),
        Measure("largest_30d", a.Max("amount"), window=DAYS_30),
        Ratio("week_share", "sales_7d", "sales_30d"),
    ),
)


def invoices(*rows: tuple[str, str, float, float, float]) -> pa.Table:
    """Number, firm, amount, day of issue, day it became known."""
    number, firm, amount, issued, known = zip(*rows, strict=True)
    days = [pa.array(np.array(each) * 86_400_000_000, pa.int64()) for each in (issued, known)]
    instants = [each.cast(pa.timestamp("us", "UTC")) for each in days]
    return pa.table(
        {"number": number, "firm": firm, "amount": amount, "kind": ["sale"] * len(rows)}
        | dict(zip(("issued", "known"), instants, strict=True))
    )


@pytest.fixture
def engine() -> StreamEngine:
    engine = StreamEngine(compiled(FEATURES), lateness=timedelta(days=31))
    engine.push(
        invoices(
            ("a", "E1", 100.0, 1.0, 1.0),
            ("b", "E2", 500.0, 2.0, 2.0),
            ("c", "E1", 200.0, 5.0, 5.0),
            ("d", "E1", 50.0, 20.0, 20.0),
            ("e", "E1", 70.0, 25.0, 25.0),
        )
    )
    return engine


def test_a_red_invoice_twenty_days_late_names_exactly_what_it_touches(engine):
    found = revisions.push(engine, invoices(("r", "E1", -100.0, 4.0, 24.0)))
    assert found.pushed.late.tolist() == [0]
    assert found.changes.column_names == ["row", "key", "at", "feature", "before", "after"]
    said = [
        (row["key"], row["at"].day, row["feature"], row["before"], row["after"])
        for row in found.changes.to_pylist()
    ]
    assert said == [
        ("firm E1", 6, "sales_30d", 300.0, 200.0),  # 1970-01-06 is five days after the first
        ("firm E1", 6, "sales_7d", 300.0, 200.0),
        ("firm E1", 6, "red_30d", 0.0, 1.0),
        ("firm E1", 21, "sales_30d", 350.0, 250.0),
        ("firm E1", 21, "red_30d", 0.0, 1.0),
        ("firm E1", 21, "week_share", 50 / 350, 50 / 250),
        ("firm E1", 26, "sales_30d", 420.0, 320.0),
        ("firm E1", 26, "red_30d", 0.0, 1.0),
        ("firm E1", 26, "week_share", 120 / 420, 120 / 320),
    ]


def test_a_void_names_what_it_took_back_and_not_the_event_itself(engine):
    taken_back = invoices(("c", "E1", 200.0, 5.0, 26.0)).drop_columns(["amount", "kind"])
    changes = revisions.void(engine, taken_back).changes
    assert changes["at"].combine_chunks().unique().to_pylist() == [
        instant_of_day(20),
        instant_of_day(25),
    ]
    assert set(changes["feature"].to_pylist()) == {"sales_30d", "largest_30d", "week_share"}


def instant_of_day(day: int):
    return instant(day * 86_400_000_000)


def test_an_event_in_order_and_a_repetition_change_nothing(engine):
    assert revisions.push(engine, invoices(("f", "E1", 9.0, 26.0, 26.0))).changes.num_rows == 0
    assert revisions.push(engine, invoices(("a", "E1", 9.0, 1.0, 26.5))).changes.num_rows == 0


def test_what_is_too_late_to_be_exact_names_nothing_before_the_horizon():
    engine = StreamEngine(compiled(FEATURES), lateness=timedelta(days=3))
    engine.push(invoices(("a", "E1", 100.0, 1.0, 1.0), ("b", "E1", 200.0, 20.0, 20.0)))
    found = revisions.push(engine, invoices(("r", "E1", -5.0, 0.5, 20.0)))
    assert found.pushed.too_late.tolist() == [0]
    assert set(found.changes["at"].to_pylist()) == {instant_of_day(20)}
    assert "sales_30d" in found.changes["feature"].to_pylist()


def test_what_cannot_be_taken_in_changes_nothing(engine):
    before = engine.digest()
    with pytest.raises(InputError, match="amount"):
        revisions.push(engine, invoices(("r", "E1", -1.0, 4.0, 24.0)).drop_columns(["amount"]))
    assert engine.digest() == before


def test_a_key_may_be_derived():
    derived = (Derived("large", "amount > 100"),)
    table = replace(INVOICES, derived=derived)
    features = FeatureSet((table,), (Measure("n", a.Count(), by=("firm", "large")),))
    engine = StreamEngine(compiled(features), LONG)
    engine.push(invoices(("a", "E1", 100.0, 1.0, 1.0), ("b", "E1", 200.0, 5.0, 5.0)))
    late = invoices(("r", "E1", 300.0, 2.0, 6.0))
    assert revisions.push(engine, late).changes["key"].to_pylist() == ["firm E1, large True"]
    assert revisions.void(engine, late).changes["after"].to_pylist() == [1.0]


def test_a_key_that_is_missing_has_nothing_to_revise(engine):
    events = invoices(("r", "E1", -100.0, 4.0, 24.0), ("s", "E1", -1.0, 4.0, 24.0))
    events = events.set_column(1, "firm", pa.array([None, "E1"]))
    found = revisions.push(engine, events)
    assert set(found.changes["row"].to_pylist()) == {1}
    assert [each.column for each in found.pushed.refused] == ["firm"]
