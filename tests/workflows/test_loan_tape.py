"""Loan tapes as banks export them: cells of any form, what is set aside, which column is meant."""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.contracts.securitisation.pool import Concentration, Eligibility, loan_lines
from headrace.contracts.securitisation.revolving import Standards
from headrace.errors import InputError
from headrace.workflows.loan_tape import ASIDE, bound, column_of, split_of, tape_of
from headrace.workflows.securitisation_data import Split

KEYS = ("loan_id", "balance", "rate", "terms", "terms_left", "start", "plan")
GOOD = ("L1", "1,234.50", "4.35%", "24", "12", "2025-01-05", "等额本息")


def tape(rows, keys=KEYS, more=(), ragged=()):
    """Rows as a text file has them; `more` are further columns."""
    columns = {key: [row[at] for row in rows] for at, key in enumerate(keys)}
    return tape_of(pa.table(columns), pa.table(dict(more)), range(1, len(rows) + 1), ragged)


def test_a_row_becomes_a_line_that_pays():
    found = tape([GOOD])
    assert found.aside.schema == ASIDE
    assert found.aside.num_rows == 0
    (row,) = found.table.to_pylist()
    assert (row["balance"], row["balance_yuan"]) == (123_450, 1234.5)
    assert (row["rate_ppm"], row["rate"]) == (43_500, 0.0435)
    assert (row["start"], row["plan"]) == (date(2025, 1, 5), "level")
    assert len(loan_lines(found.table)) == 1


@pytest.mark.parametrize(
    ("key", "cell", "value"),
    [
        ("balance", "￥1,000,000.00", 100_000_000),
        ("balance", 12.5, 1250),
        ("balance", Decimal("0.01"), 1),
        ("rate", 0.05, 50_000),
        ("rate", "4.35％", 43_500),
        ("terms_left", 12.0, 12),
        ("start", "2025/1/5", date(2025, 1, 5)),
        ("start", "20250105", date(2025, 1, 5)),
        ("start", "2025年1月5日", date(2025, 1, 5)),
        ("start", datetime(2025, 1, 5), date(2025, 1, 5)),  # noqa: DTZ001 - a cell of Excel
        ("plan", "interest_first", "interest_first"),
    ],
)
def test_cells_of_every_form_are_read(key, cell, value):
    row = [cell if each == key else known for each, known in zip(KEYS, GOOD, strict=True)]
    found = tape([row]).table
    shown = "rate_ppm" if key == "rate" else key
    assert found[shown].to_pylist() == [value]


@pytest.mark.parametrize(
    ("key", "cell"),
    [
        ("loan_id", " "),
        ("balance", "12.345"),
        ("balance", "-1"),
        ("balance", "nan"),
        ("balance", "1e30"),
        ("rate", "4.35"),
        ("rate", ""),
        ("terms", "a year"),
        ("terms_left", "25"),
        ("terms_left", "0"),
        ("start", "2025-02-30"),
        ("start", "5.1.2025"),
        ("start", None),
        ("plan", "someday"),
    ],
)
def test_a_cell_that_cannot_be_read_sets_its_row_aside_and_no_other(key, cell):
    row = [cell if each == key else known for each, known in zip(KEYS, GOOD, strict=True)]
    found = tape([row, ("L2", *GOOD[1:])])
    assert found.table["loan_id"].to_pylist() == ["L2"]
    (told,) = found.aside.to_pylist()
    assert (told["row"], told["column"]) == (1, key)
    assert told["reason"]
    assert found.rows == 2


def test_a_rate_in_per_cent_by_its_header():
    keys = tuple("rate_percent" if key == "rate" else key for key in KEYS)
    rows = [("L1", "1", "4.35", *GOOD[3:]), ("L2", "1", "4.35%", *GOOD[3:])]
    assert tape(rows, keys).table["rate_ppm"].to_pylist() == [43_500, 43_500]


def test_a_loan_that_is_there_twice_counts_once():
    found = tape([GOOD, ("L2", *GOOD[1:]), GOOD], ragged=(4,))
    assert found.table["loan_id"].to_pylist() == ["L1", "L2"]
    assert [row["row"] for row in found.aside.to_pylist()] == [3, 4]
    assert "row 1" in found.aside["reason"].to_pylist()[0]
    assert found.rows == 4


def test_further_columns_are_typed_and_found_by_any_header():
    more = {
        "区域": ["江苏", " "],
        "逾期天数": ["0", ""],
        "score": ["0.5", "1"],
        "code": ["007", "1"],
    }
    found = tape([GOOD, ("L2", *GOOD[1:])], more=more).table
    assert found["逾期天数"].to_pylist() == [0, None]
    assert found["score"].to_pylist() == [0.5, 1.0]
    assert found["code"].to_pylist() == ["007", "1"]
    assert found["区域"].to_pylist() == ["江苏", None]
    assert column_of(found, "余额") == "balance_yuan"
    assert column_of(found, "年利率") == "rate"
    assert column_of(found, " Score ") == "score"
    with pytest.raises(InputError, match="no column 'mood'"):
        column_of(found, "mood")
    rules = bound(
        Standards(
            (Eligibility("余额", "<=", 5, "x"),), (Concentration("n", "区域", 1, Fraction(1)),)
        ),
        found,
    )
    assert (rules.loans[0].column, rules.limits[0].column) == ("balance_yuan", "区域")
    assert split_of(found, Split("score", (0.5,))) == "score"
    with pytest.raises(InputError, match="ranges need numbers"):
        split_of(found, Split("code", (1.0,)))


@given(
    st.lists(
        st.tuples(st.sampled_from(["1", "x", "", "2.50", "-3"]), st.sampled_from(["a", "b", "c"]))
    )
)
def test_no_row_is_lost_or_counted_twice(cells):
    rows = [(name, balance) for balance, name in cells]
    found = tape(rows, ("loan_id", "balance"))
    assert found.table.num_rows + found.aside.num_rows == len(rows) == found.rows
    good = {}
    for name, balance in rows:
        if balance in ("1", "2.50"):
            good.setdefault(name, round(float(balance) * 100))
    assert (
        dict(zip(*(found.table[key].to_pylist() for key in ("loan_id", "balance")), strict=True))
        == good
    )
