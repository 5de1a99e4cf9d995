"""Cells of a person's sheet: what is read, what is set aside, and why."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.workflows import desk_rows
from headrace.workflows.desk_rows import (
    AMOUNT_MOST,
    Cells,
    Field,
    Unreadable,
    amount_cell,
    day_cell,
    list_cell,
    minor_cell,
    price_cell,
    read_sheet,
    share_cell,
    text_cell,
    tonnes_cell,
    whole_cell,
    word_cell,
    yes_cell,
)

NUMBERS = (amount_cell, minor_cell, price_cell, share_cell, tonnes_cell, whole_cell)
FIELDS = (
    Field("act", ("操作",), word_cell({"pay": 1, "兑付": 1}), needed=True),
    Field("amount", ("金额",), amount_cell),
    Field("amount_minor", ("金额(分)",), minor_cell, key="amount"),
)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (amount_cell, "600000", 60_000_000),
        (amount_cell, "¥1,234.50", 123_450),
        (amount_cell, "￥１，２３４．５元", 123_450),
        (amount_cell, "-0.01", -1),
        (amount_cell, "1e3", 100_000),
        (minor_cell, "123", 123),
        (whole_cell, "12.0", 12),
        (tonnes_cell, "0.001", 1),
        (tonnes_cell, "1,000", 1_000_000),
        (share_cell, "70%", Decimal("0.7")),
        (share_cell, "70 %", Decimal("0.7")),
        (share_cell, "0.7", Decimal("0.7")),
        (share_cell, "1", Decimal(1)),
        (day_cell, "2026-01-05", date(2026, 1, 5)),
        (day_cell, "2026/1/5", date(2026, 1, 5)),
        (day_cell, "20260105", date(2026, 1, 5)),
        (day_cell, "2026年1月5日", date(2026, 1, 5)),
        (day_cell, "2026-01-05 00:00:00", date(2026, 1, 5)),
        (yes_cell, "是", True),
        (yes_cell, "No", False),
        (list_cell, "INV-1; INV-2；INV-1、 ", ("INV-1", "INV-2")),
    ],
)
def test_cells_as_people_write_them(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (amount_cell, "0.001"),
        (amount_cell, "1万"),
        (amount_cell, "nan"),
        (amount_cell, "1e99"),
        (amount_cell, str(AMOUNT_MOST)),
        (minor_cell, "1.5"),
        (minor_cell, str(AMOUNT_MOST + 1)),
        (price_cell, "10000000.01"),
        (share_cell, "70"),
        (share_cell, "0"),
        (share_cell, "-1%"),
        (tonnes_cell, "0.0005"),
        (tonnes_cell, "10000001"),
        (day_cell, "2026-02-30"),
        (day_cell, "2026105"),
        (day_cell, "05/01/2026"),
        (day_cell, "2026-01-05 13:00"),
        (day_cell, "0001-01-01"),
        (yes_cell, "maybe"),
    ],
)
def test_what_cannot_be_said_for_sure_is_not_read(read, text):
    with pytest.raises(Unreadable) as refused:
        read(text)
    assert refused.value.why.en
    assert refused.value.why.zh


@given(st.text(max_size=30))
def test_any_text_is_read_or_set_aside(text):
    for read in (*NUMBERS, day_cell, yes_cell, word_cell({"pay": 1})):
        try:
            value = read(text)
        except Unreadable:
            continue
        assert value is not None


@given(st.integers(-AMOUNT_MOST, AMOUNT_MOST))
def test_an_amount_in_yuan_is_its_fen(minor):
    yuan = f"{Decimal(minor) / 100:,.2f}"
    assert amount_cell(yuan) == minor_cell(str(minor)) == minor


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_a_day_is_itself_in_every_form(day):
    for form in ("{:%Y-%m-%d}", "{0.year}/{0.month}/{0.day}", "{0.year}年{0.month}月{0.day}日"):
        assert day_cell(form.format(day)) == day


def test_a_word_of_a_closed_list_in_any_width_and_case():
    read = word_cell({"split_off": 1, "拆分": 1}, {"分割": 1})
    assert read("Split Off") == read("ＳＰＬＩＴ_off") == read("拆分") == read("分割") == 1
    with pytest.raises(Unreadable) as refused:
        read("cut")
    assert refused.value.why.en == "is none of split_off"
    assert "拆分" in refused.value.why.zh


def test_a_row_is_used_whole_or_not_at_all():
    cells = Cells(
        {"act": ["pay", "", "sell", "兑付", "pay"], "amount": ["1.00", "2", "0.001", " ", "4"]},
        rows=[1, 2, 3, 5, 6],
        ragged=[(4, "pay,1,2")],
        unused=("note",),
    )
    sheet = read_sheet(
        cells, FIELDS, lambda row: [("amount", desk_rows.MISSING)] if row.number == 6 else []
    )
    assert [(row.number, dict(row.values)) for row in sheet.rows] == [
        (1, {"act": 1, "amount": 100}),
        (5, {"act": 1}),
    ]
    assert sheet.rows[1].get("amount") is None
    told = [(row["row"], row["column"], row["value"]) for row in sheet.aside.to_pylist()]
    assert told == [
        (2, "act", ""), (3, "act", "sell"), (3, "amount", "0.001"), (4, "", "pay,1,2"),
        (6, "amount", "4"),
    ]  # fmt: skip
    assert (sheet.count, sheet.unused) == (6, ("note",))


def test_a_field_may_be_said_in_yuan_or_fen():
    cells = Cells({"act": ["pay"], "amount_minor": ["5"]}, rows=[1])
    assert read_sheet(cells, FIELDS).rows[0].values["amount"] == 5
    assert read_sheet(Cells({"act": []}, rows=[]), FIELDS).rows == ()
    assert text_cell("x") == "x"
