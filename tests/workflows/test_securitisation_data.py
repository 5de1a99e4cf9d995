"""What users write about a securitisation beside the deal, in both languages."""

from datetime import date
from fractions import Fraction

import pytest

from headrace.contracts.securitisation.projection import Assumptions
from headrace.errors import MappingError
from headrace.workflows.securitisation_data import (
    assumptions_of,
    number_of,
    rates_of,
    read_issue,
    read_pool_rules,
    read_shelf,
    share_of,
)


@pytest.mark.parametrize(
    ("written", "value"),
    [(0.1, Fraction(1, 10)), ("2%", Fraction(1, 50)), ("２％", Fraction(1, 50)),
     ("1,000.5", Fraction(2001, 2)), (Fraction(1, 3), Fraction(1, 3)), (7, 7)],
)  # fmt: skip
def test_a_number_is_what_is_written(written, value):
    assert number_of(written, "here") == value


@pytest.mark.parametrize("written", ["", "two", True, None, [1], float("nan"), float("inf"), "%"])
def test_what_is_no_number_is_refused(written):
    with pytest.raises(MappingError, match="no number"):
        number_of(written, "here")


@pytest.mark.parametrize("written", [2, -0.1, "101%"])
def test_two_is_neither_two_per_cent_nor_two_hundred(written):
    with pytest.raises(MappingError, match="no share from 0 to 1"):
        share_of(written, "here")


def test_assumptions_in_both_languages_stand_over_those_below():
    base = assumptions_of(
        {"年违约率": 0.02, "月早偿率": "1%", "回收率": 0.4, "回收滞后期数": 6}, "a"
    )
    assert base == Assumptions((0.02,), (0.01,), True, 400_000, 6)
    over = assumptions_of({"cpr": ["5%", 0.1], "late": 0.05, "late_periods": 1}, "b", base)
    assert (over.default, over.prepayment) == ((0.02,), (0.05, 0.1))
    assert (over.prepayment_monthly, over.late_ppm, over.late_periods) == (False, 50_000, 1)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"cpr": 0.1, "smm": 0.1}, "both given"),
        ({"cdr": []}, "no rate is given"),
        ({"lag": 10**40}, "no whole number"),
        ({"lag": 0.5}, "no whole number"),
        ({"cdrr": 1}, "Unknown: cdrr"),
        (3, "no table"),
    ],
)
def test_assumptions_that_cannot_be_are_refused(written, said):
    with pytest.raises(MappingError, match=said) as caught:
        assumptions_of(written, "assume.toml")
    assert caught.value.where.startswith("assume.toml")


def test_rates_are_flat_or_curves_in_order():
    found = rates_of(
        {"LPR1Y": 0.03, "LPR5Y": [["2023-06-20", "4.2%"], [date(2022, 5, 20), 0.0445]]}, "r"
    )
    assert found["LPR1Y"] == [(date(1970, 1, 1), 30_000)]
    assert found["LPR5Y"] == [(date(2022, 5, 20), 44_500), (date(2023, 6, 20), 42_000)]


@pytest.mark.parametrize("curve", [[], [[1]], [["soon", 0.04]], [["2022-05-20", "x"]], [3]])
def test_curves_that_are_none_are_refused(curve):
    with pytest.raises(MappingError, match="LPR5Y"):
        rates_of({"LPR5Y": curve}, "rates")


def test_pool_rules_in_chinese():
    found = read_pool_rules(
        {
            "合格标准": [{"列": "行业", "比较": "不属于", "阈值": ["房地产"]}],
            "集中度": [{"列": "行业", "比例上限": "30%"}],
            "分层": [{"列": "行业"}],
            "声明": "假设",
        }
    )
    (standard,), (limit,) = found.standards.loans, found.standards.limits
    assert (standard.op, standard.value, standard.zh) == (
        "not in",
        ["房地产"],
        "行业 不属于 ['房地产']",
    )
    assert (limit.largest, limit.limit, found.notice) == (1, Fraction(3, 10), "假设")


def test_a_programme_and_a_series_in_chinese():
    shelf = read_shelf(
        {"名称": "甲", "额度": 100, "生效日": "2026-01-01", "到期日": "2027-01-01",
         "基础资产": "贷款", "期数上限": 3,
         "已发行": [{"名称": "1", "发行日": "2026-02-01", "金额": 40}]}
    )  # fmt: skip
    assert (shelf.remaining, shelf.series_max, shelf.issued[0].asset_kind) == (6000, 3, "贷款")
    issue = read_issue(
        {"名称": "2", "发行日": "2026-03-01", "基础资产": "贷款", "类型": "信贷资产",
         "证券": [{"名称": "优先", "顺位": 1, "金额": 50},
                  {"名称": "次级", "顺位": 2, "金额": 10, "自留": 1}]},
        "series",
    )  # fmt: skip
    assert (issue.series.amount, issue.kind) == (6000, "credit")
    assert issue.held == {"优先": 0, "次级": 100}


@pytest.mark.parametrize(
    ("bonds", "said"),
    [
        ([], "no class"),
        ([{"name": "a", "rank": 1, "amount": 10, "held": 11}], "More is kept"),
        ([{"name": "a", "rank": 0, "amount": 10}], "no whole number"),
        ([{"name": "a", "rank": 1, "amount": 0.001}], "no amount"),
        ({"name": "a"}, "no list of tables"),
    ],
)
def test_series_that_cannot_be_are_refused(bonds, said):
    data = {"name": "s", "issued": "2026-01-01", "asset_kind": "x", "kind": "credit", "bond": bonds}
    with pytest.raises(MappingError, match=said):
        read_issue(data, "series")
