"""Which values that were given are others by now: each with the row that changed it, no more."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.features.aggregates import Count, Distinct, Sum
from headrace.features.compile import compile_plan
from headrace.features.definition import Column, ColumnType, Derived, FeatureSet, Measure, Ratio
from headrace.features.definition import Table as Defined
from headrace.features.engines import revisions
from headrace.features.engines.batch import History, replay
from headrace.features.engines.stream import StreamEngine
from headrace.features.plan import make_plan
from headrace.features.windows import ALL_HISTORY, LastEvents, Sliding
from headrace.workflows import feature_revisions as workflow
from headrace.workflows.feature_revisions import CHANGES, EVER, Account, Period
from headrace.workflows.features import QUARANTINE, Given

ZONE = "Asia/Shanghai"
DAY_0 = datetime(2018, 3, 1, 12, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
INSTANT = pa.timestamp("us", "UTC")
INVOICE = Defined(
    "invoice",
    (
        Column("firm", ColumnType.CATEGORY, required=True),
        Column("buyer", ColumnType.CATEGORY),
        Column("amount", ColumnType.NUMBER, places=2),
    ),
    key=("firm",),
    time="issued",
    known="told",
    id="number",
    zone=ZONE,
)
FEATURES = FeatureSet(
    (INVOICE,),
    (
        Measure("sales_30d", Sum("amount"), window=Sliding(timedelta(days=30))),
        Measure("sales_7d", Sum("amount"), window=Sliding(timedelta(days=7))),
        Ratio("week_share", "sales_7d", "sales_30d"),
    ),
)
BOTH_KEYS = FeatureSet(
    (INVOICE,),
    (
        *FEATURES.definitions,
        Measure("buyers", Distinct("buyer"), window=LastEvents(3)),
        Measure("bought", Sum("amount"), window=ALL_HISTORY, by=("buyer",)),
        Measure("bills", Count(), "amount > 0", Sliding(timedelta(days=5)), by=("firm", "buyer")),
        Ratio("part", "sales_30d", "bought"),
    ),
)
# number, firm, buyer, amount, day of issue, day it became known
INVOICES = [
    ("a", "E1", "B1", 100.0, 0, 0),
    ("b", "E2", "B1", 500.0, 1, 1),
    ("c", "E1", "B2", 200.0, 4, 4),
    ("late", "E1", "B1", -100.0, 3, 23),
    ("d", "E1", "B2", 50.0, 19, 19),
    ("e", "E1", "B3", 70.0, 24, 24),
]
VOIDS = [("c", "E1", "B2", 200.0, 4, 25)]


def day(number: float) -> datetime:
    return DAY_0 + timedelta(days=number)


def local(number: float) -> datetime:
    """As changes show it: on the clock of the table's zone."""
    return day(number).astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)


def file_of(name: str, rows: list[tuple], first_row: int = 1) -> Given:
    """A table as it was read."""
    columns = list(zip(*rows, strict=True)) if rows else [[]] * 6
    texts = [pa.array(each, pa.string()) for each in columns[:3]]
    times = [pa.array([day(each) for each in column], INSTANT) for column in columns[4:]]
    table = pa.table(
        [*texts, pa.array(columns[3], pa.float64()), *times],
        names=["number", "firm", "buyer", "amount", "issued", "told"],
    )
    numbers = np.arange(len(rows)) + first_row
    return Given(name, table, table, numbers, QUARANTINE.empty_table(), len(rows))


def revised(
    features: FeatureSet,
    invoices: list[tuple],
    voids: list[tuple] = (),
    since: float = 20,
    until: float | None = None,
) -> workflow.Revisions:
    taken_back = {"invoice": file_of("voids of invoice", list(voids))} if voids else {}
    period = Period(day(since), None if until is None else day(until))
    events = {"invoice": file_of("invoice", invoices)}
    return workflow.revise(make_plan(features), events, taken_back, period)


def said(found: workflow.Revisions) -> list[tuple]:
    return [
        (
            row["cause"],
            row["id"],
            row["key"],
            row["at"],
            row["feature"],
            row["before"],
            row["after"],
        )
        for row in found.changes.to_pylist()
    ]


# --- by hand --------------------------------------------------------------------------------------


def test_every_change_is_told_with_the_row_that_made_it():
    found = revised(FEATURES, INVOICES, VOIDS)
    late = [
        (local(4), "sales_30d", 300.0, 200.0),
        (local(4), "sales_7d", 300.0, 200.0),
        (local(19), "sales_30d", 350.0, 250.0),
        (local(19), "week_share", 50 / 350, 50 / 250),
    ]  # the value of day 24 is given after the late row is known, and counts it
    void = [
        (local(19), "sales_30d", 250.0, 50.0),
        (local(19), "week_share", 50 / 250, 1.0),
        (local(24), "sales_30d", 320.0, 120.0),
        (local(24), "week_share", 120 / 320, 1.0),
    ]
    assert said(found) == [("event", "late", "firm E1", *each) for each in late] + [
        ("void", "c", "firm E1", *each) for each in void
    ]
    assert found.changes.schema == CHANGES
    assert found.account == Account(events=2, late=1, voids=1)
    assert found.keys == 1
    late_row, void_row = found.causes
    assert (late_row.what, late_row.id, late_row.file_row, late_row.values) == (
        "event", "late", 4, 4
    )  # fmt: skip
    assert (late_row.time, late_row.known) == (day(3), day(23))
    assert (void_row.what, void_row.file_row, void_row.time) == ("void", 1, day(4))
    assert set(found.changes["known"].to_pylist()) == {local(23), local(25)}
    assert set(found.changes["time"].to_pylist()) == {local(3), local(4)}


def test_what_was_known_by_the_beginning_is_taken_in_silently():
    assert {row[1] for row in said(revised(FEATURES, INVOICES, VOIDS, since=23))} == {"c"}
    assert {row[1] for row in said(revised(FEATURES, INVOICES, VOIDS, since=22.9))} == {"c", "late"}


def test_what_became_known_after_the_end_is_not_taken_in():
    found = revised(FEATURES, INVOICES, VOIDS, until=23)
    assert {row[1] for row in said(found)} == {"late"}
    assert found.account == Account(events=1, late=1, voids=0)
    assert revised(FEATURES, INVOICES, VOIDS, until=22).account == Account(0, 0, 0)


def test_rows_in_order_and_repetitions_change_nothing():
    again = [(*INVOICES[0][:5], 26), ("f", "E1", "B1", 1.0, 26, 26), ("g", "E3", "B1", 1.0, 2, 27)]
    found = revised(FEATURES, [*INVOICES[:3], *INVOICES[4:], *again])
    assert found.changes.num_rows == 0
    assert found.changes.schema == CHANGES
    assert found.causes == ()
    assert found.keys == 0
    assert found.account == Account(events=4, late=0, voids=0)


def test_a_void_of_what_never_came_changes_nothing():
    found = revised(FEATURES, INVOICES, [("nobody", "E1", "B1", 1.0, 4, 25)], since=24)
    assert found.changes.num_rows == 0
    assert found.account.voids == 1


def test_tables_without_rows_change_nothing():
    assert revised(FEATURES, []).account == Account(0, 0, 0)
    found = revised(FEATURES, [], VOIDS)
    assert (found.changes.num_rows, found.account) == (0, Account(0, 0, 1))


def test_rows_that_became_known_at_once_are_told_apart():
    found = revised(
        FEATURES,
        [*INVOICES, ("late 2", "E1", "B1", 7.0, 18.5, 23), ("late 3", "E2", "B1", 1.0, 0, 23)],
        until=23,
    )
    assert [each.id for each in found.causes] == ["late", "late 2", "late 3"]
    assert [row[-2:] for row in said(found) if row[1] == "late 2"] == [
        (250.0, 257.0),
        (50.0, 57.0),
        (50 / 250, 57 / 257),
    ]
    assert found.keys == 2
    assert [each.values for each in found.causes] == [4, 3, 2]


def test_no_table_is_left_out_and_causes_are_in_order_of_time():
    other = replace(INVOICE, name="return", zone="UTC")
    features = FeatureSet(
        (INVOICE, other),
        (
            Measure("sales", Sum("amount"), table="invoice"),
            Measure("returns", Count(), table="return"),
            Ratio("kept", "returns", "sales"),
        ),
    )
    returns = [("r2", "E1", "B1", 1.0, 5, 5), ("r1", "E1", "B1", 1.0, 4, 22)]
    events = {"invoice": file_of("invoice", INVOICES), "return": file_of("return", returns)}
    found = workflow.revise(make_plan(features), events, {}, Period(day(20)))
    assert [(each.table, each.id) for each in found.causes] == [
        ("return", "r1"),
        ("invoice", "late"),
    ]
    assert found.untold == ("kept",)
    first = found.changes.to_pylist()[0]
    assert first["at"] == day(5).replace(tzinfo=None)  # on the clock of its table
    assert (first["feature"], first["before"], first["after"]) == ("returns", 1.0, 2.0)


# --- against one row at a time --------------------------------------------------------------------

MOMENTS = st.integers(0, 12).map(lambda n: n / 2)
ROWS = st.lists(
    st.tuples(
        st.sampled_from("abcdefghijk"),
        st.sampled_from(["E1", "E2"]),
        st.sampled_from(["B1", "B2", "B3"]),
        st.integers(-3, 3).map(float),
        MOMENTS,
        st.sampled_from([0.0, 0.0, 0.5, 2.0, 6.0]),
    ).map(lambda row: (*row[:5], row[4] + row[5])),
    max_size=14,
)


@settings(deadline=None, max_examples=60)
@given(ROWS, st.data(), MOMENTS)
def test_it_is_what_the_engine_tells_one_row_at_a_time(invoices, data, since):
    chosen = data.draw(st.lists(st.sampled_from(invoices), max_size=4)) if invoices else []
    voids = [(*row[:5], row[5] + data.draw(MOMENTS)) for row in chosen]
    found = revised(BOTH_KEYS, invoices, voids, since=since)
    engine = StreamEngine(compile_plan(make_plan(BOTH_KEYS)), lateness=EVER)
    facts = [(row, False) for row in invoices] + [(row, True) for row in voids]
    expected: Counter = Counter()
    for row, is_void in sorted(facts, key=lambda fact: fact[0][5]):
        do = revisions.void if is_void else revisions.push
        changes = do(engine, file_of("invoice", [row]).columns, "invoice").changes
        for each in changes.to_pylist() if row[5] > since else ():
            cause = ("void" if is_void else "event", row[0], each["key"])
            moment = each["at"].astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)
            expected[(*cause, moment, each["feature"], each["before"], each["after"])] += 1
    assert Counter(said(found)) == expected
    assert sum(each.values for each in found.causes) == found.changes.num_rows
    assert found.untold == ("part",)


def test_a_late_row_is_late_for_any_of_its_keys():
    """It is in order for its firm, and not for its buyer."""
    rows = [("a", "E1", "B1", 5.0, 10, 10), ("b", "E2", "B1", 7.0, 9, 21)]
    found = revised(BOTH_KEYS, rows)
    assert said(found) == [("event", "b", "buyer B1", local(10), "bought", 5.0, 12.0)]


# --- rows that cannot be used ---------------------------------------------------------------------


def test_bad_rows_are_set_aside_by_their_row_in_the_file_and_stop_nothing():
    bad = [
        ("huge", "E1", "B1", 1e15, 3, 22),  # too large for an exact sum: only the engine knows
        ("early", "E1", "B1", 1e15, 2, 2),
    ]
    events = file_of("invoice", [*INVOICES, *bad], first_row=10)
    voids = file_of("voids of invoice", VOIDS, first_row=3)
    unread = pa.table([["invoice"], [2], ["amount"], ["x"], ["is not a number"]], QUARANTINE)
    events = Given(events.name, events.columns, events.original, events.rows, unread, 9)
    found = workflow.revise(
        make_plan(FEATURES), {"invoice": events}, {"invoice": voids}, Period(day(20))
    )
    assert said(found) == said(revised(FEATURES, INVOICES, VOIDS))
    rows = [(row["row"], row["column"], row["reason"]) for row in found.quarantine.to_pylist()]
    assert rows == [
        (2, "amount", "is not a number"),
        (16, "amount", "is too large for an exact sum"),
        (17, "amount", "is too large for an exact sum"),
    ]
    assert found.account.late == 1


def test_a_table_that_does_not_say_when_it_was_known_is_refused_with_a_remedy():
    features = FeatureSet((replace(INVOICE, known=None),), FEATURES.definitions)
    with pytest.raises(InputError, match="when they became known") as caught:
        revised(features, INVOICES)
    assert "known: COLUMN" in caught.value.remedy


def test_a_derived_key_is_refused_with_a_remedy():
    table = replace(INVOICE, derived=(Derived("night", "hour(issued) < 6"),))
    features = FeatureSet((table,), (Measure("n", Count(), by=("firm", "night")),))
    with pytest.raises(InputError, match="'night' is a key and derived") as caught:
        workflow.check(make_plan(features))
    assert "--feature" in caught.value.remedy


def test_a_period_has_a_length():
    with pytest.raises(InputError, match="not after the beginning"):
        Period(day(1), day(1))


def test_more_changes_than_anyone_reads_are_refused(monkeypatch):
    monkeypatch.setattr(workflow, "VALUES_MAX", 5)
    with pytest.raises(InputError, match="more than 5 values changed") as caught:
        revised(FEATURES, INVOICES, VOIDS)
    assert "--key" in caught.value.remedy


# --- of one key -----------------------------------------------------------------------------------


def test_the_features_of_one_key_and_its_rows():
    wanted, key = workflow.of_key(BOTH_KEYS, "buyer=B1")
    assert [each.name for each in wanted.definitions] == ["bought"]
    assert key == {"buyer": "B1"}
    wanted, key = workflow.of_key(BOTH_KEYS, "buyer=B1, firm=E1")
    assert ([each.name for each in wanted.definitions], key) == (
        ["bills"],
        {"firm": "E1", "buyer": "B1"},
    )
    wanted, key = workflow.of_key(FEATURES, "E1")
    assert (wanted.definitions, key) == (FEATURES.definitions, {"firm": "E1"})
    only = workflow.only_key(file_of("invoice", INVOICES, first_row=5), {"firm": "E2"})
    assert only.columns["number"].to_pylist() == only.original["number"].to_pylist() == ["b"]
    assert only.rows.tolist() == [6]


@pytest.mark.parametrize("text", ["E1", "shop=E1", "firm=E1,shop=2"])
def test_a_key_that_could_be_several_is_asked_for_by_name(text):
    with pytest.raises(InputError, match="several keys") as caught:
        workflow.of_key(BOTH_KEYS, text)
    assert caught.value.remedy == "firm=…; or buyer=…; or firm=…,buyer=…"


def test_another_column_than_the_key_is_refused():
    with pytest.raises(InputError, match="the key is of firm"):
        workflow.of_key(FEATURES, "firm=E1,buyer=B1")


def test_a_key_of_whole_numbers_is_found():
    table = pa.table({"firm": [1, 12, None], "number": ["a", "b", "c"]})
    given_ = Given("x", table, table, np.arange(3), QUARANTINE.empty_table(), 3)
    assert workflow.only_key(given_, {"firm": "12"}).rows.tolist() == [1]


# --- real invoices --------------------------------------------------------------------------------


@pytest.mark.real
def test_a_real_invoice_made_late_names_what_two_whole_computations_differ_in(real_data: Path):
    file = pq.read_table(real_data / "a1_output_invoices.parquet")
    file = file.filter(pc.equal(file["企业代号"], "E3"))
    days = file["开票日期"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    order = np.argsort(days, kind="stable")
    moments = days[order] + np.arange(len(order))  # in the order of the file, one by one
    events = pa.table(
        {
            "number": [f"{at}" for at in range(len(order))],
            "firm": file["企业代号"].take(order),
            "buyer": file["购方单位代号"].take(order),
            "amount": file["金额"].take(order),
            "issued": pa.array(moments).cast(INSTANT),
            "told": pa.array(moments).cast(INSTANT),
        }
    )
    features = FeatureSet(
        (INVOICE,),
        (*FEATURES.definitions, Measure("buyers", Distinct("buyer"), window=LastEvents(40))),
    )
    chosen = len(order) // 2
    told = moments.copy()
    told[chosen] += 20 * 86_400_000_000
    shifted = events.set_column(5, "told", pa.array(told).cast(INSTANT))
    given_ = Given("invoice", shifted, shifted, np.arange(1, len(order) + 1),
                   QUARANTINE.empty_table(), len(order))  # fmt: skip
    period = Period(events["issued"][chosen].as_py())
    found = workflow.revise(make_plan(features), {"invoice": given_}, {}, period)

    compiled = compile_plan(make_plan(features))
    whole = replay(compiled, History({"invoice": events})).table
    without = [at for at in range(len(order)) if at != chosen]
    less = replay(compiled, History({"invoice": events.take(without)})).table
    expected = []
    for place, at in enumerate(without):
        if chosen < at and moments[at] <= told[chosen]:
            moment = events["issued"][at].as_py().astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)
            for name in whole.column_names:
                before, after = less[name][place].as_py(), whole[name][at].as_py()
                if before != after:
                    row = ("event", f"{chosen}", "firm E3", moment, name, before, after)
                    expected.append(row)
    assert said(found) == expected
    assert len({row[4] for row in expected}) >= 3
    assert [each.file_row for each in found.causes] == [chosen + 1]
