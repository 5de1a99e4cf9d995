"""Invoices as the engines take them: the pack's features against the slow twin, and the months."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
from features_reference import FIRST as EPOCH
from features_reference import Facts, Value, agree, arithmetic, local_date, us, value
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.features.compile import compile_plan
from headrace.features.definition import Measure, Total
from headrace.features.engines.batch import read
from headrace.features.plan import make_plan
from headrace.features.windows import Calendar
from headrace.packs import load
from headrace.workflows.invoices import invoice_history, months
from strategies import (
    PARTIES,
    ZONE,
    correction_table,
    day_end,
    day_start,
    invoice_rows,
    invoice_table,
)

FEATURES = load("sme_invoices").feature_set.in_zone(ZONE)
COMPILED = compile_plan(make_plan(FEATURES))
STANDING, VOIDED = FEATURES.tables
ASKED = pa.table({"party": PARTIES})
CONDITIONS = {
    'direction == "sale"': lambda row: row["direction"] == "sale",
    'direction == "purchase"': lambda row: row["direction"] == "purchase",
    "amount_minor < 0": lambda row: row["amount_minor"] < 0,
    "amount_minor >= 0": lambda row: row["amount_minor"] >= 0,
    "total_minor % 100000 == 0": lambda row: row["total_minor"] % 100_000 == 0,
    "total_minor != 0": lambda row: row["total_minor"] != 0,
}
PLACES = dict.fromkeys(("amount_minor", "tax_minor", "total_minor", "month", "quarter"), 0)


def holds(where: str):
    """A filter of the pack: conditions that must all hold."""
    conditions = [CONDITIONS[each] for each in where.split(" and ")]
    return lambda row: all(condition(row) for condition in conditions)


FILTERS = {
    each.where: holds(each.where)
    for each in FEATURES.definitions
    if isinstance(each, Measure) and each.where
}


def spelled(measure: Measure) -> Measure:
    """The same, with the zone that a calendar window takes from its table."""
    if not isinstance(measure.window, Calendar):
        return measure
    return replace(measure, window=replace(measure.window, zone=ZONE))


def plain(row: dict, op: str, known_day: int) -> dict:
    """A fact as the slow twin takes it."""
    time = us(day_start(row["day"]) - EPOCH)
    day = local_date(time, ZONE)
    return {
        "op": op,
        "id": row["id"],
        "party": row["party"],
        "counterparty": row["counterparty"],
        "direction": row["direction"],
        "amount_minor": row["amount"],
        "tax_minor": row["tax"],
        "total_minor": row["amount"] + row["tax"],
        "month": day.year * 12 + day.month,
        "quarter": (day.month - 1) // 3 + 1,
        "event_time": time,
        "known_time": us(day_end(known_day) - EPOCH),
    }


def facts_by(rows: list[dict], as_of_day: int) -> dict[str, Facts]:
    """What was known of each table at the end of a day."""
    known = [row for row in rows if row["known_day"] <= as_of_day]
    gone = [row for row in rows if row["void_day"] is not None and row["void_day"] <= as_of_day]
    added = [plain(row, "add", row["known_day"]) for row in known]
    voids = [plain(row, "void", row["void_day"]) for row in gone]
    told = [{**row, "op": "add"} for row in voids]
    return {
        STANDING.name: Facts(STANDING, [*added, *voids], PLACES, FILTERS),
        VOIDED.name: Facts(VOIDED, told, PLACES, FILTERS),
    }


def slowly(rows: list[dict], party: str, as_of_day: int) -> dict[str, Value]:
    """Every feature of a party at the end of a day."""
    facts, at = facts_by(rows, as_of_day), us(day_end(as_of_day) - EPOCH)
    found: dict[str, Value] = {}
    for each in FEATURES.definitions:
        if isinstance(each, Measure):
            found[each.name] = value(spelled(each), facts[each.table], {"party": party}, at)
        elif isinstance(each, Total):
            parts = [found[part] for part in each.parts]
            found[each.name] = None if None in parts else float(sum(parts))
        else:
            found[each.name] = arithmetic(each, found)
    return found


def values(rows: list[dict], as_of_day: int) -> pa.Table:
    history = invoice_history(invoice_table(rows), correction_table(rows))
    return read(COMPILED, history, ASKED, day_end(as_of_day)).table


# --- The pack's features -------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(rows=invoice_rows(), as_of_day=st.integers(0, 1000))
def test_the_packs_features_equal_the_slow_twin(rows, as_of_day):
    table = values(rows, as_of_day)
    for place, party in enumerate(PARTIES):
        for name, expected in slowly(rows, party, as_of_day).items():
            got = table[name][place].as_py()
            assert agree(got, expected), (party, name, got, expected)


@settings(max_examples=60, deadline=None)
@given(
    rows=invoice_rows(), as_of_day=st.integers(0, 900), later=invoice_rows(20), chance=st.randoms()
)
def test_nothing_known_after_the_moment_changes_any_feature(rows, as_of_day, later, chance):
    """Drop, change or add what became known later, voids included, and nothing moves."""
    past = [row for row in rows if row["known_day"] <= as_of_day]
    unvoided = [
        {**row, "void_day": None} if (row["void_day"] or 0) > as_of_day else row for row in past
    ]
    changed = [
        {**row, "amount": chance.randint(-9, 9) * 70_000, "party": "E1"}
        for row in rows
        if row["known_day"] > as_of_day and chance.random() < 0.5
    ]
    added = [
        {**row, "id": f"u#{row['row']}", "known_day": as_of_day + 1, "void_day": None}
        for row in later
    ]
    assert values([*unvoided, *changed, *added], as_of_day).equals(values(rows, as_of_day))


@settings(max_examples=40, deadline=None)
@given(rows=invoice_rows(), chance=st.randoms())
def test_the_order_of_facts_does_not_matter(rows, chance):
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert values(shuffled, 500).equals(values(rows, 500))


def test_a_firm_without_invoices_has_counts_of_nothing_and_otherwise_nothing():
    row = values([], 500).to_pylist()[0]
    counts = {name for name, found in row.items() if found == 0}
    assert counts >= {"sales_count", "sales_voided", "customer_count", "sales_red"}
    assert {name for name, found in row.items() if found is None} == set(row) - counts - {"party"}
    assert row["sales_12m"] is None
    assert row["sales_void_share"] is None


def test_unknown_parties_are_answered_like_firms_without_invoices():
    history = invoice_history(invoice_table([]), correction_table([]))
    found = read(COMPILED, history, pa.table({"party": ["nobody"]}), day_end(1)).table
    assert found["sales_count"].to_pylist() == [0]


# --- The history ---------------------------------------------------------------------------------

ROW = {
    "party": "E1", "counterparty": "X", "direction": "sale", "number": "1", "row": 1, "day": 3,
    "known_day": 4, "amount": 100, "tax": 13, "void_day": None,
}  # fmt: skip


def test_a_voided_invoice_is_an_event_of_its_own_known_since_its_void():
    rows = [{**ROW, "id": "t#1", "void_day": 9}, {**ROW, "id": "t#2", "row": 2}]
    history = invoice_history(invoice_table(rows), correction_table(rows))
    told = history.events["voided_invoice"]
    assert told["id"].to_pylist() == ["t#1"]
    assert told["known_time"].to_pylist() == [day_end(9)]
    assert told["event_time"].to_pylist() == [day_start(3)]
    assert history.events["invoice"]["known_time"].to_pylist() == [day_end(4)] * 2
    assert history.voids["invoice"].equals(told)


def test_a_void_of_an_invoice_that_is_not_here_takes_nothing_back():
    """One firm's invoices come with the corrections of all."""
    mine, other = {**ROW, "id": "t#1"}, {**ROW, "id": "t#2", "void_day": 9}
    history = invoice_history(invoice_table([mine]), correction_table([other]))
    assert history.events["voided_invoice"].num_rows == 0
    assert history.voids["invoice"].num_rows == 0


def test_a_red_letter_takes_no_invoice_back():
    """It is an invoice of its own, below 0; only voids are taken out."""
    corrections = correction_table([{**ROW, "id": "t#1", "void_day": 9}])
    kinds = pa.array(["red_letter"]).cast(corrections.schema.field("kind").type)
    place = corrections.schema.get_field_index("kind")
    history = invoice_history(
        invoice_table([{**ROW, "id": "t#1"}]), corrections.set_column(place, "kind", kinds)
    )
    assert history.events["voided_invoice"].num_rows == 0


# --- Months --------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(rows=invoice_rows(), as_of_day=st.integers(0, 1000))
def test_months_add_up_what_stood(rows, as_of_day):
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row in rows:
        void = row["void_day"]
        if row["known_day"] <= as_of_day and (void is None or void > as_of_day):
            day = (day_start(row["day"]) + timedelta(hours=8)).date()  # Shanghai has no summer time
            sums[row["party"], f"{day:%Y-%m}", row["direction"]].append(row["amount"])
    found = months(invoice_table(rows), correction_table(rows), day_end(as_of_day), ZONE, ["party"])
    assert found == [
        {
            "party": party,
            "month": month,
            "direction": direction,
            "amount_minor": sum(amounts),
            "invoices": len(amounts),
        }
        for (party, month, direction), amounts in sorted(sums.items())
    ]


@settings(max_examples=40, deadline=None)
@given(rows=invoice_rows())
def test_months_of_all_are_those_of_each_together(rows):
    given_ = invoice_table(rows), correction_table(rows), day_end(800), ZONE
    whole, each = months(*given_), months(*given_, by=["party"])
    for row in whole:
        same = [
            part
            for part in each
            if (part["month"], part["direction"]) == (row["month"], row["direction"])
        ]
        assert row["amount_minor"] == sum(part["amount_minor"] for part in same)
        assert row["invoices"] == sum(part["invoices"] for part in same)
    assert np.sum([row["invoices"] for row in whole]) == np.sum([row["invoices"] for row in each])


def test_an_invoice_issued_on_new_years_eve_in_utc_may_be_of_january():
    given_ = invoice_table([{**ROW, "id": "t#1", "day": 0}]), correction_table([]), day_end(9)
    assert [row["month"] for row in months(*given_, ZONE)] == ["2019-01"]
    assert [row["month"] for row in months(*given_, "UTC")] == ["2018-12"]
