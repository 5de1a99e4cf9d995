"""Voids and red letters, and the books as they were known at any time."""

from datetime import UTC, datetime, timedelta

import facts_reference as slow
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.facts.corrections import (
    as_of,
    find_corrections,
    match_by_number,
    match_red_letters,
)
from headrace.facts.kinds import CORRECTION, INVOICE
from strategies import ZONE, correction_table, day_end, day_start, invoice_rows, invoice_table

rows_to_pair = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.booleans()), max_size=40)


def arrays(rows: list[tuple[int, int, bool]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    group, day, red = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    return np.array(group, np.int64), np.array(day, np.int64), np.array(red, np.bool_)


@given(rows_to_pair)
def test_red_letters_agree_with_their_slow_twin(rows: list[tuple[int, int, bool]]) -> None:
    group, day, red = arrays(rows)
    expected = slow.match_red_letters(group.tolist(), day.tolist(), red.tolist())
    assert match_red_letters(group, day, red).tolist() == expected


@given(rows_to_pair)
def test_numbers_agree_with_their_slow_twin(rows: list[tuple[int, int, bool]]) -> None:
    group, day, red = arrays(rows)
    expected = slow.match_by_number(group.tolist(), day.tolist(), red.tolist())
    assert match_by_number(group, day, red).tolist() == expected


@given(rows_to_pair)
def test_no_invoice_is_taken_back_twice(rows: list[tuple[int, int, bool]]) -> None:
    found = match_red_letters(*arrays(rows))
    taken = found[found >= 0]
    assert len(set(taken.tolist())) == len(taken)


def invoice(row: int, day: int, amount: int, **other: object) -> dict[str, object]:
    """Defaults: E1 buys from X, 13 % tax, known on the day, valid."""
    plain: dict[str, object] = {
        "id": f"t#{row}",
        "source": "t",
        "row": row,
        "event_time": day_start(day),
        "known_time": day_end(day),
        "party": "E1",
        "counterparty": "X",
        "direction": "purchase",
        "number": f"{row:08}",
        "amount_minor": amount,
        "tax_minor": amount * 13 // 100,
        "total_minor": amount + amount * 13 // 100,
        "currency": "CNY",
        "status": "valid",
        "purpose": "credit_assessment",
        "consent": "test",
    }
    return plain | other


def table(*rows: dict[str, object]) -> pa.Table:
    ordered = sorted(rows, key=lambda row: (row["event_time"], row["row"]))
    columns = []
    for field in INVOICE.arrow:
        plain = pa.string() if pa.types.is_dictionary(field.type) else field.type
        columns.append(pa.array([row.get(field.name) for row in ordered], plain).cast(field.type))
    return pa.table(columns, schema=INVOICE.arrow)


def found(*rows: dict[str, object]) -> list[tuple[object, ...]]:
    """Corrections as (id, corrects, corrected by, rule)."""
    corrections = find_corrections(table(*rows), ZONE)
    assert corrections.schema == CORRECTION.arrow
    names = ("id", "corrects", "corrected_by", "rule")
    return [tuple(row[name] for name in names) for row in corrections.to_pylist()]


def test_a_return_takes_the_latest_earlier_invoice_of_the_same_amount() -> None:
    assert found(
        invoice(1, 0, 10_000),
        invoice(2, 5, 10_000),
        invoice(3, 9, 10_000),
        invoice(4, 7, -10_000),
    ) == [("t#4/red_letter", "t#2", "t#4", "original_by_amount")]


def test_a_return_on_the_same_day_finds_its_invoice_even_where_it_stands_above_it() -> None:
    assert found(invoice(1, 3, -10_000), invoice(2, 3, 10_000)) == [
        ("t#1/red_letter", "t#2", "t#1", "original_by_amount")
    ]


def test_two_returns_take_two_invoices_and_a_third_finds_none() -> None:
    returned = [invoice(row, row, -10_000) for row in (3, 4, 5)]
    assert found(invoice(1, 0, 10_000), invoice(2, 1, 10_000), *returned) == [
        ("t#3/red_letter", "t#2", "t#3", "original_by_amount"),
        ("t#4/red_letter", "t#1", "t#4", "original_by_amount"),
        ("t#5/red_letter", None, "t#5", "original_not_found"),
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"counterparty": "Y"},
        {"direction": "sale"},
        {"party": "E2"},
        {"tax_minor": 600},
        {"amount_minor": 10_001},
        {"event_time": day_start(8)},
        {"status": "voided"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_an_invoice_that_differs_is_no_original(other: dict[str, object]) -> None:
    corrections = found(invoice(1, 0, 10_000, **other), invoice(2, 7, -10_000))
    assert ("t#2/red_letter", None, "t#2", "original_not_found") in corrections


def test_a_number_that_the_source_names_is_believed() -> None:
    part = invoice(3, 7, -2_000, corrects_number="00000001")
    more = invoice(4, 8, -3_000, corrects_number="00000001")
    lost = invoice(5, 9, -10_000, corrects_number="99999999")
    assert found(invoice(1, 0, 10_000), invoice(2, 6, 10_000), part, more, lost) == [
        ("t#3/red_letter", "t#1", "t#3", "original_by_number"),
        ("t#4/red_letter", "t#1", "t#4", "original_by_number"),
        ("t#5/red_letter", None, "t#5", "original_not_found"),
    ]


def test_a_void_without_a_time_is_known_at_the_end_of_the_month_of_issue() -> None:
    corrections = find_corrections(table(invoice(1, 10, 10_000, status="voided")), ZONE)
    [void] = corrections.to_pylist()
    assert void["corrects"] == "t#1"
    assert void["corrected_by"] is None
    assert void["rule"] == "voided_by_status"
    assert void["known_time"] == day_end(30)  # 31 January


def test_a_void_with_a_time_is_known_at_the_end_of_its_day() -> None:
    at = day_start(12) + timedelta(hours=9)
    rows = invoice(1, 10, 10_000, status="voided", voided_time=at)
    [void] = find_corrections(table(rows), ZONE).to_pylist()
    assert (void["rule"], void["event_time"], void["known_time"]) == (
        "voided_at_time",
        at,
        day_end(12),
    )


def test_a_void_is_never_known_before_its_invoice() -> None:
    late = invoice(1, 10, 10_000, status="voided", known_time=day_end(90))
    [void] = find_corrections(table(late), ZONE).to_pylist()
    assert void["known_time"] == day_end(90)


def test_a_void_wins_over_its_valid_twin() -> None:
    valid = invoice(1, 10, 10_000)
    voided = invoice(2, 10, 10_000, number="00000001", status="voided")
    assert found(valid, voided) == [
        ("t#2/void", "t#2", None, "voided_by_status"),
        ("t#1/void_twin", "t#1", None, "status_conflict"),
    ]
    nothing = as_of(table(valid, voided), find_corrections(table(valid, voided), ZONE), day_end(99))
    assert nothing.num_rows == 0


def test_a_voided_red_letter_takes_nothing_back() -> None:
    corrections = found(invoice(1, 0, 10_000), invoice(2, 1, -10_000, status="voided"))
    assert [rule for *_, rule in corrections] == ["voided_by_status"]


@given(invoice_rows(), st.integers(-1, 1000))
def test_the_view_of_any_time_agrees_with_its_slow_twin(rows: list[dict], day: int) -> None:
    invoices, corrections = invoice_table(rows), correction_table(rows)
    view = as_of(invoices, corrections, day_end(day))
    expected = slow.as_of(invoices.to_pylist(), corrections.to_pylist(), day_end(day))
    assert view["id"].to_pylist() == expected
    assert view.schema == INVOICE.arrow
    assert set(view["status"].to_pylist()) <= {"valid"}
    assert view["voided_time"].null_count == view.num_rows


@given(invoice_rows())
def test_every_void_and_red_letter_has_exactly_one_correction(rows: list[dict]) -> None:
    invoices = invoice_table(rows).sort_by([("event_time", "ascending"), ("row", "ascending")])
    corrections = find_corrections(invoices, ZONE).to_pylist()
    ids = [item["id"] for item in corrections]
    assert len(ids) == len(set(ids))
    voided = {row["id"] for row in invoices.to_pylist() if row["status"] == "voided"}
    direct = {
        item["corrects"]
        for item in corrections
        if item["kind"] == "void" and item["rule"] != "status_conflict"
    }
    assert direct == voided
    gone = {item["corrects"] for item in corrections if item["kind"] == "void"}
    red = {
        row["id"]
        for row in invoices.to_pylist()
        if row["amount_minor"] < 0 and row["id"] not in gone
    }
    letters = [item["corrected_by"] for item in corrections if item["kind"] == "red_letter"]
    assert sorted(letters) == sorted(red)


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        as_of(INVOICE.empty(), CORRECTION.empty(), naive)


def test_no_invoices_no_corrections() -> None:
    assert find_corrections(INVOICE.empty(), ZONE).equals(CORRECTION.empty())
