"""Cases that a credit officer would check by hand: classes, cures, contagion and days to come."""

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from claim_books import ON, arrays
from classification_reference import Book, Claim, Debtor

from headrace.clock import day_number
from headrace.contracts.classification.ahead import days_ahead
from headrace.contracts.classification.claims import (
    CrossDefaults,
    Mark,
    claims_of,
    months_after,
    portion,
    portion_half_up,
)
from headrace.contracts.classification.grading import classify, grades_of_days, observation_end
from headrace.contracts.classification.tables import Grade, Kind, Reason, shipped_tables
from headrace.contracts.classification.words import Language, classes_table, day_of
from headrace.errors import InputError

TABLES = shipped_tables()
TABLE = Path(__file__).parents[2] / "data" / "contracts" / "classification_days.csv"
NORMAL, SPECIAL, SUBSTANDARD, DOUBTFUL, LOSS = Grade


def graded(*claims: Claim, debtors=None, clauses=(), on=ON):
    book, elsewhere, cross = arrays(Book(list(claims), debtors, list(clauses)))
    return classify(book, TABLES, on, elsewhere, cross)


def outlook(*claims: Claim, debtors=None, clauses=()):
    book, elsewhere, cross = arrays(Book(list(claims), debtors, list(clauses)))
    grades = classify(book, TABLES, ON, elsewhere, cross)
    found = days_ahead(book, grades, TABLES, ON, elsewhere, cross)
    return [[day_of(day) for day in row] for row in found.day.tolist()]


def rows():
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['kind']}-{row['days']}")
def test_days_past_due_set_the_class(row):
    kind, grade = Kind[row["kind"].upper()], Grade[row["class"].upper()]
    assert graded(Claim(0, 100, int(row["days"]), kind)).grade.tolist() == [grade]
    assert grades_of_days(np.array([int(row["days"])]), kind, TABLES, ON).tolist() == [grade]


@pytest.mark.parametrize(
    ("claim", "grade", "reason"),
    [
        (Claim(0, 1, 7, marks=Mark.TECHNICAL), NORMAL, Reason.NONE),
        (Claim(0, 1, 8, marks=Mark.TECHNICAL), SPECIAL, Reason.OVERDUE_SPECIAL_MENTION),
        (Claim(0, 1, marks=Mark.MISUSED), SPECIAL, Reason.MISUSED),
        (Claim(0, 1, marks=Mark.REFINANCED), SPECIAL, Reason.REFINANCED),
        (Claim(0, 1, marks=Mark.EVADING), DOUBTFUL, Reason.EVADING),
        (Claim(0, 1, marks=Mark.BANKRUPT | Mark.EVADING), LOSS, Reason.BANKRUPT),
        (Claim(0, 1, marks=Mark.WRITTEN_OFF), LOSS, Reason.WRITTEN_OFF),
        (Claim(0, 1, impaired=1, loss_rate=0.2), SUBSTANDARD, Reason.IMPAIRED),
        (Claim(0, 1, impaired=1, loss_rate=0.5), DOUBTFUL, Reason.IMPAIRED_DOUBTFUL),
        (Claim(0, 1, impaired=1, loss_rate=0.9), LOSS, Reason.IMPAIRED_LOSS),
        (Claim(0, 1, observed_until=ON), SPECIAL, Reason.RESTRUCTURED),
        (Claim(0, 1, observed_until=ON, restructured=2), SUBSTANDARD, Reason.RESTRUCTURED_AGAIN),
        (Claim(0, 1, observed_until=date(2026, 3, 1)), NORMAL, Reason.NONE),
    ],
)
def test_facts_of_a_claim_set_its_class(claim, grade, reason):
    grades = graded(claim)
    assert (grades.grade[0], grades.reason[0]) == (grade, reason)


CURED = Claim(
    0, 100, previous=SUBSTANDARD, proposed=NORMAL, cured_since=date(2025, 9, 2), periods_paid=2
)


@pytest.mark.parametrize(
    ("change", "grade"),
    [
        ({}, NORMAL),
        ({"proposed": SPECIAL}, SPECIAL),
        ({"proposed": -1}, SUBSTANDARD),  # nobody approved it
        ({"cured_since": date(2025, 9, 3)}, SUBSTANDARD),  # a day short of six months
        ({"periods_paid": 1}, SUBSTANDARD),  # one due day short
        ({"cured_since": None}, SUBSTANDARD),  # not all was paid
        ({"impaired": -1}, SUBSTANDARD),  # nobody knows whether it is impaired
        ({"observed_until": date(2026, 12, 31)}, SPECIAL),  # under observation never normal
        ({"days": 1, "proposed": SPECIAL}, SUBSTANDARD),  # overdue again
        ({"previous": LOSS, "proposed": DOUBTFUL, "periods_paid": 0}, DOUBTFUL),  # still bad
        ({"previous": SPECIAL, "periods_paid": 0}, NORMAL),  # only approved
    ],
)
def test_an_upgrade_is_approved_and_out_of_bad_it_is_earned(change, grade):
    assert graded(replace(CURED, **change)).grade.tolist() == [grade]


def test_another_impaired_claim_of_the_debtor_prevents_an_upgrade():
    other = Claim(0, 1, kind=Kind.RETAIL, impaired=1)
    assert graded(CURED, other).grade.tolist() == [SUBSTANDARD, SUBSTANDARD]
    assert graded(CURED, replace(other, debtor=1)).grade.tolist() == [NORMAL, SUBSTANDARD]


def test_more_than_ten_per_cent_bad_makes_all_bad_and_exactly_ten_does_not():
    bad, good = Claim(0, 100, 100), Claim(0, 900)
    grades = graded(bad, good)
    assert grades.grade.tolist() == [SUBSTANDARD, SPECIAL]
    assert grades.reason[1] == Reason.SAME_DEBTOR
    grades = graded(replace(bad, amount=101), good)
    assert grades.grade.tolist() == [SUBSTANDARD, SUBSTANDARD]
    assert grades.reason[1] == Reason.SHARE_IN_BANK
    assert grades.number[1] == pytest.approx(101 / 1001)


def test_shares_are_exact_at_the_largest_amounts():
    bad, good = Claim(0, 10**15, 100), Claim(0, 9 * 10**15)
    assert graded(bad, good).grade.tolist() == [SUBSTANDARD, SPECIAL]
    assert graded(replace(bad, amount=10**15 + 1), good).grade.tolist() == [SUBSTANDARD] * 2


def test_retail_claims_do_not_infect_each_other():
    grades = graded(Claim(0, 500, 100, Kind.RETAIL), Claim(0, 500, 0, Kind.RETAIL), Claim(0, 1))
    assert grades.grade.tolist() == [SUBSTANDARD, NORMAL, NORMAL]


def test_more_than_twenty_per_cent_overdue_at_all_banks_makes_all_bad():
    mine = Claim(0, 100)
    one = [Debtor(900, 200), Debtor(), Debtor()]
    assert graded(mine, debtors=one).grade.tolist() == [NORMAL]
    one[0] = Debtor(900, 201)
    grades = graded(mine, debtors=one)
    assert (grades.grade[0], grades.reason[0]) == (SUBSTANDARD, Reason.SHARE_ACROSS_BANKS)
    one[0] = Debtor(900, 0, 1)
    assert graded(mine, debtors=one).grade.tolist() == [SPECIAL]


def test_what_is_not_known_of_other_banks_is_said():
    known = [Debtor(0, 0, 0), Debtor(-1, -1, 0), Debtor(0, 0, -1)]
    claims = [Claim(each, 100) for each in range(3)]
    assert graded(*claims, debtors=known).unjudged.tolist() == [False, True, True]
    assert graded(*claims).unjudged.all()


def test_a_clause_passes_a_default_on_and_a_circle_of_clauses_ends():
    chain = [Claim(0, 100, 100), Claim(1, 100), Claim(2, 100)]
    grades = graded(*chain, clauses=[(1, 0), (2, 1), (0, 2)])
    assert grades.grade.tolist() == [SUBSTANDARD] * 3
    assert grades.reason.tolist()[1:] == [Reason.CROSS_DEFAULT] * 2
    assert graded(*chain[1:], clauses=[(0, 2), (1, 1)]).grade.tolist() == [NORMAL] * 2


def test_contagion_through_a_clause_reaches_the_whole_debtor():
    """A's default calls one claim on B, that is more than a tenth of B: all of B is bad."""
    claims = [Claim(0, 100, 100), Claim(1, 200), Claim(1, 800), Claim(2, 5)]
    assert graded(*claims, clauses=[(1, 0), (3, 1)]).grade.tolist() == [SUBSTANDARD] * 4


def test_the_outlook_names_the_day_of_each_class():
    assert outlook(Claim(0, 100, 30)) == [
        [date(2026, 3, 2), date(2026, 5, 2), date(2026, 10, 29), date(2027, 1, 27)]
    ]
    assert outlook(Claim(0, 100, next_due=date(2026, 3, 20))) == [
        [date(2026, 3, 21), date(2026, 6, 19), date(2026, 12, 16), date(2027, 3, 16)]
    ]
    assert outlook(Claim(0, 100)) == [[None] * 4]


def test_the_outlook_takes_the_other_claims_of_the_debtor_over():
    late, good = Claim(0, 300, 30), Claim(0, 700)
    assert outlook(late, good)[1] == [date(2026, 5, 2), date(2026, 5, 2), None, None]
    small = outlook(replace(late, amount=70), good)[1]
    assert small == [date(2026, 5, 2), None, None, None]
    assert outlook(late, Claim(1, 700), clauses=[(1, 0)])[1][1] == date(2026, 5, 2)


def test_exactly_ten_per_cent_to_come_does_not_turn_the_rest_bad():
    assert outlook(Claim(0, 100, 30), Claim(0, 900))[1][1] is None
    assert outlook(Claim(0, 101, 30), Claim(0, 900))[1][1] == date(2026, 5, 2)


def test_a_debtor_overdue_elsewhere_turns_bad_when_its_own_debt_joins():
    """5 of 100 here are too little, but with 38 elsewhere they pass a fifth of 200."""
    late, good = Claim(0, 5, 60), Claim(0, 95)
    debtors = [Debtor(100, 38), Debtor(), Debtor()]
    assert outlook(late, good, debtors=debtors)[1][1] == date(2026, 4, 2)
    debtors[0] = Debtor(100, 35)
    assert outlook(late, good, debtors=debtors)[1][1] is None
    debtors[0] = Debtor(100, 41)
    assert outlook(late, good, debtors=debtors)[1] == [ON, ON, None, None]


def test_observation_is_a_year_or_two_due_days_whichever_is_longer():
    def days(*values):
        return np.array([day_number(each) for each in values], np.int32)

    first = days(date(2026, 3, 31), date(2026, 3, 31), date(2024, 2, 29))
    second = days(date(2026, 6, 30), date(2027, 9, 30), date(2024, 5, 29))
    end = [day_of(each) for each in observation_end(first, second, TABLES, ON).tolist()]
    assert end == [date(2027, 3, 31), date(2027, 9, 30), date(2025, 2, 28)]
    with pytest.raises(InputError, match="observation"):
        observation_end(first, second, TABLES, date(2023, 6, 30))


def test_before_the_measures_only_cards_have_rules():
    on = date(2023, 6, 30)
    grades = graded(Claim(0, 1, 500), Claim(1, 1, 500, Kind.CARD), on=on)
    assert grades.grade.tolist() == [NORMAL, LOSS]


def test_the_table_says_class_reason_numbers_clause_and_days():
    book, _, _ = arrays(Book([Claim(0, 300, 30), Claim(0, 700, 100), Claim(1, 5)]))
    grades = classify(book, TABLES, ON)
    found = days_ahead(book, grades, TABLES, ON)
    zh = classes_table(book, grades, found, TABLES, ON, Language.ZH).to_pylist()
    assert [row["class"] for row in zh] == ["次级", "次级", "正常"]
    assert (zh[0]["rule"], zh[0]["number"]) == ("share_in_bank", "70.00%")
    assert (zh[1]["rule"], zh[1]["number"]) == ("overdue.substandard", "逾期100天")
    assert zh[1]["clause"] == (
        "《商业银行金融资产风险分类办法》（银保监会、中国人民银行令〔2023〕第1号）"
        "第十一条（条号依2019年征求意见稿）、2023-07-01起施行、未核实原文"
    )
    assert (zh[2]["rule"], zh[2]["reason"], zh[2]["substandard_on"]) == (None, None, None)
    en = classes_table(book, grades, found, TABLES, ON, Language.EN).to_pylist()
    assert en[1]["number"] == "100 days overdue"
    assert en[1]["reason"] == "More than 90 days overdue, even if collateral suffices"
    assert en[1]["doubtful_on"] == date(2026, 8, 20)
    assert en[1]["clause"].endswith("in force from 2023-07-01, official text not read")


def test_months_end_on_the_last_day_of_a_shorter_month():
    day = np.array([day_number(date(2025, 8, 31)), day_number(date(1969, 12, 15))], np.int32)
    assert [day_of(each) for each in months_after(day, 6).tolist()] == [
        date(2026, 2, 28),
        date(1970, 6, 15),
    ]


def test_portions_are_exact():
    amount = np.array([0, 9, 10, 11, 10**18 + 7], np.int64)
    tenth = TABLES.on(ON)[Reason.SHARE_IN_BANK].above_share
    assert portion(amount, tenth).tolist() == [0, 0, 1, 1, 10**17]
    assert portion_half_up(np.array([4, 5, 15, 10**18 + 5]), tenth).tolist() == [
        0,
        1,
        2,
        10**17 + 1,
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"colour": [1]}, "There is no column 'colour'"),
        ({"debtor": [1]}, "'debtor' is 1"),
        ({"amount": [-1]}, "'amount' is -1"),
        ({"days_past_due": [-1]}, "'days_past_due' is -1"),
        ({"days_past_due": [1.5]}, "is of float64"),
        ({"days_past_due": [1, 2]}, "has shape"),
        ({"previous": [5]}, "'previous' is 5"),
        ({"kind": [300]}, "does not fit int8"),
        ({"loss_rate": [1.5]}, "loss rate"),
        ({"amount": [2**61], "debtor": [0]}, None),
    ],
)
def test_a_wrong_column_is_refused_with_the_place(columns, message):
    given = {"debtor": [0], "amount": [1], "days_past_due": [0]} | columns
    if message is None:
        assert len(claims_of(1, **given)) == 1
        return
    with pytest.raises(InputError, match=message):
        claims_of(1, **given)


def test_columns_that_are_needed_and_sums_that_are_too_large_are_said():
    with pytest.raises(InputError, match="'days_past_due' is missing"):
        claims_of(1, debtor=[0], amount=[1])
    with pytest.raises(InputError, match="pass"):
        claims_of(1, debtor=[0, 0], amount=[2**61, 2**61], days_past_due=[0, 0])


def test_an_empty_book_has_empty_classes():
    empty = claims_of(0, debtor=[], amount=[], days_past_due=[])
    grades = classify(empty, TABLES, ON)
    found = days_ahead(empty, grades, TABLES, ON)
    assert found.day.shape == (0, 4)
    assert classes_table(empty, grades, found, TABLES, ON, Language.EN).num_rows == 0


def test_other_banks_and_clauses_must_be_of_these_claims():
    book, elsewhere, _ = arrays(Book([Claim(0, 1)], [Debtor(), Debtor(), Debtor()]))
    wrong = [
        (replace(elsewhere, debt=elsewhere.debt[:2]), None, "shape"),
        (replace(elsewhere, overdue=elsewhere.overdue + 1), None, "More is overdue"),
        (replace(elsewhere, bad=elsewhere.bad + 2), None, "'bad' is 2"),
        (None, CrossDefaults(np.array([1]), np.array([0])), "'claim' is 1"),
        (None, CrossDefaults(np.array([0]), np.array([3])), "'debtor' is 3"),
        (None, CrossDefaults(np.array([0]), np.array([0, 1])), "differ in number"),
    ]
    for other, clauses, message in wrong:
        with pytest.raises(InputError, match=message):
            classify(book, TABLES, ON, other, clauses)
