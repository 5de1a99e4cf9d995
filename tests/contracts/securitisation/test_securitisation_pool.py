"""Loan tapes: who may enter and why not, how concentrated, what strata, which lines."""

from datetime import date
from fractions import Fraction

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.contracts.securitisation.pool import (
    CONCENTRATION_SCHEMA,
    STRATA_SCHEMA,
    Concentration,
    Eligibility,
    concentration,
    eligible,
    loan_lines,
    strata,
)
from headrace.contracts.securitisation.projection import Assumptions, project
from headrace.errors import InputError

TAPE = pa.table(
    {
        "loan_id": ["L1", "L2", "L3", "L4"],
        "balance": pa.array([100_000, 300_000, 500_000, 100_000], pa.int64()),
        "obligor": ["甲", "乙", "甲", "丙"],
        "region": ["江苏", "江苏", "上海", None],
        "overdue_days": pa.array([0, 31, None, 0], pa.int64()),
        "rate_ppm": pa.array([40_000, 50_000, 60_000, 80_000], pa.int64()),
        "terms": pa.array([12, 24, 36, 12], pa.int64()),
        "terms_left": pa.array([6, 12, 30, 12], pa.int64()),
        "start": pa.array(
            [date(2025, 7, 5), date(2025, 1, 5), date(2025, 7, 5), date(2026, 1, 5)], pa.date32()
        ),
        "plan": ["等额本息", "even", "先息后本", "level"],
    }
)
STANDARDS = [
    Eligibility("overdue_days", "<=", 30, "逾期不超过30天"),
    Eligibility("region", "in", ["江苏", "上海"], "借款人在江苏或上海"),
    Eligibility("terms_left", "<", 30, "剩余期限短于30期"),
    Eligibility("obligor", "not in", ["丁"], "不在黑名单"),
]


def test_a_loan_is_told_every_standard_it_does_not_meet():
    found = eligible(TAPE, STANDARDS).to_pylist()
    assert found == [
        {"loan_id": "L1", "eligible": True, "reasons": []},
        {"loan_id": "L2", "eligible": False, "reasons": ["逾期不超过30天"]},
        {
            "loan_id": "L3",
            "eligible": False,
            "reasons": ["逾期不超过30天（缺失）", "剩余期限短于30期"],
        },
        {"loan_id": "L4", "eligible": False, "reasons": ["借款人在江苏或上海（缺失）"]},
    ]


@pytest.mark.parametrize(
    ("test", "said"),
    [
        (Eligibility("mood", ">", 1, "x"), "no column mood"),
        (Eligibility("balance", "~", 1, "x"), "no test"),
        (Eligibility("balance", ">", "many", "x"), "cannot be compared with column balance"),
        (Eligibility("region", "in", [1], "x"), "cannot be compared with column region"),
    ],
)
def test_a_standard_that_cannot_be_tested_is_refused(test, said):
    with pytest.raises(InputError, match=said):
        eligible(TAPE, [test])


def test_a_fraction_is_compared_with_whole_numbers_as_it_is():
    found = eligible(TAPE, [Eligibility("overdue_days", "<", 0.5, "无逾期")])
    assert found["eligible"].to_pylist() == [True, False, False, True]


def test_concentration_names_the_groups_and_decides_on_whole_fen():
    tests = [
        Concentration("单一借款人", "obligor", 1, Fraction(6, 10)),
        Concentration("前二大借款人", "obligor", 2, Fraction(89, 100)),
        Concentration("单一地区", "region", 1, Fraction(1, 2)),
    ]
    found = concentration(TAPE, tests)
    assert found.schema == CONCENTRATION_SCHEMA
    rows = found.to_pylist()
    assert [(row["groups"], row["balance"], row["passes"]) for row in rows] == [
        (["甲"], 600_000, True), (["甲", "乙"], 900_000, False), (["上海"], 500_000, True),
    ]  # fmt: skip


def test_strata_by_value_and_by_range():
    found = strata(TAPE, "region")
    assert found.schema == STRATA_SCHEMA
    assert found["stratum"].to_pylist() == ["上海", "江苏", "（缺失）"]
    assert found["balance"].to_pylist() == [500_000, 400_000, 100_000]
    assert found["rate"].to_pylist()[1] == pytest.approx(0.0475)
    ranges = strata(TAPE, "terms_left", [6, 24])
    assert ranges["stratum"].to_pylist() == ["[6, 24)", "[24, )"]
    assert ranges["loans"].to_pylist() == [3, 1]
    assert sum(ranges["share"].to_pylist()) == pytest.approx(1)
    assert strata(TAPE.select(["loan_id", "balance"]), "loan_id")["rate"].to_pylist() == [None] * 4


def test_a_tape_becomes_lines_that_are_projected():
    lines = loan_lines(TAPE)
    flows = project(lines, Assumptions(), date(2026, 1, 6))
    assert flows.opening == 1_000_000
    assert int(flows.principal.sum()) == 1_000_000
    with pytest.raises(InputError, match="no plan"):
        loan_lines(TAPE.set_column(9, "plan", [["someday"] * 4]))
    with pytest.raises(InputError, match="has nulls"):
        loan_lines(TAPE.set_column(5, "rate_ppm", [pa.array([None] * 4, pa.int64())]))


@given(st.lists(st.tuples(st.integers(0, 10**12), st.sampled_from(["甲", "乙", None])), min_size=1),
       st.integers(0, 4), st.fractions(0, 1))  # fmt: skip
def test_concentration_and_strata_agree_with_plain_sums(loans, largest, limit):
    tape = pa.table(
        {
            "loan_id": [str(i) for i in range(len(loans))],
            "balance": pa.array([balance for balance, _ in loans], pa.int64()),
            "obligor": pa.array([name for _, name in loans], pa.string()),
        }
    )
    sums = {}
    for balance, name in loans:
        sums[name or "（缺失）"] = sums.get(name or "（缺失）", 0) + balance
    found = concentration(tape, [Concentration("t", "obligor", largest, limit)]).to_pylist()[0]
    top = sum(sorted(sums.values(), reverse=True)[:largest])
    assert found["balance"] == top
    assert found["passes"] == (Fraction(top) <= limit * sum(sums.values()))
    split = strata(tape, "obligor")
    assert (
        dict(zip(split["stratum"].to_pylist(), split["balance"].to_pylist(), strict=True)) == sums
    )
