"""Headers are found below titles and compared without blanks, width and case."""

import pytest

from headrace.errors import InputError
from headrace.facts.headers import header_row, match_columns, plain
from headrace.facts.kinds import PARTY
from headrace.facts.mapping import TableMapping

TABLE = TableMapping(
    name="firms",
    fact=PARTY,
    columns={"party": ("企业代号", "firm id"), "name": ("企业名称",), "region": ("地区",)},
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (" 企业 代号 ", "企业代号"),
        ("Firm\u00a0ID", "firmid"),
        ("ＦＩＲＭ　ＩＤ", "firmid"),
        ("\ufeff金额(元)", "金额(元)"),
        ("金额（元）", "金额(元)"),
        (None, ""),
        (3.5, "3.5"),
    ],
)
def test_headers_are_compared_plainly(header: object, expected: str) -> None:
    assert plain(header) == expected


def test_the_header_is_the_row_with_most_mapped_headers() -> None:
    rows = [
        ["2024 年企业清单"],
        [],
        ["地区", "说明"],
        ["企业名称", "企业代号", "地区"],
        ["a", "b", "c"],
    ]
    assert header_row(rows, TABLE) == 3
    assert header_row([["x"], ["y"]], TABLE) == 0
    assert header_row([], TABLE) == 0


def test_columns_are_matched_by_any_alternative() -> None:
    found = match_columns(["地 区", "FIRM ID", "企业名称", "x"], TABLE, "firms.csv")
    assert found == {"party": 1, "name": 2, "region": 0}


def test_the_exact_header_is_preferred_to_one_that_only_reads_alike() -> None:
    found = match_columns(["企业 代号", "企业代号", "企业名称", "地区"], TABLE, "firms.csv")
    assert found["party"] == 1


def test_a_missing_column_is_named_with_what_was_found_and_the_near_miss() -> None:
    with pytest.raises(InputError) as error:
        match_columns(["企业代码", "企业名称"], TABLE, "firms.csv")
    assert error.value.problem == "no column for party (`企业代号` or `firm id`); region (`地区`)"
    assert "The header found is: `企业代码`, `企业名称`" in error.value.remedy
    assert "is `企业代码` meant for `企业代号`?" in error.value.remedy
    assert error.value.where == "firms.csv"


@pytest.mark.parametrize("header", [["企业代号", "企业代号"], ["企业 代号", "企业代 号"]])
def test_a_mapped_column_that_occurs_twice_is_refused(header: list[str]) -> None:
    with pytest.raises(InputError, match="occurs 2 times"):
        match_columns([*header, "企业名称", "地区"], TABLE, "firms.csv")


def test_other_columns_may_occur_twice() -> None:
    found = match_columns(["x", "x", "企业代号", "企业名称", "地区"], TABLE, "firms.csv")
    assert found == {"party": 2, "name": 3, "region": 4}
