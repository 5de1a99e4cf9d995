"""Programmes, series and their refusals; what the originator keeps, by dated rules."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.contracts.securitisation.deal import Bond, Coupon
from headrace.contracts.securitisation.rules import KINDS, in_force, rule_book, shipped_rules
from headrace.contracts.securitisation.shelf import (
    REFUSAL_WORDS,
    Refusal,
    Series,
    Shelf,
    issue,
    retention,
)
from headrace.errors import InputError, MappingError

YI = 10**10  # 1 亿元 in fen
SHELF = Shelf(
    "供应链金融1-10期", 20 * YI, date(2026, 1, 1), date(2027, 12, 31), "应收账款", series_max=3
)


def series(name="1期", amount=5 * YI, on=date(2026, 6, 1), kind="应收账款"):
    return Series(name, on, amount, kind)


def test_series_use_up_the_programme():
    shelf, refusal = issue(SHELF, series())
    assert (refusal, shelf.remaining) == (None, 15 * YI)
    shelf, refusal = issue(shelf, series("2期", 15 * YI))
    assert (refusal, shelf.remaining) == (None, 0)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (series(on=date(2025, 12, 31)), Refusal.BEFORE_START),
        (series(on=date(2028, 1, 1)), Refusal.EXPIRED),
        (series(amount=20 * YI + 1), Refusal.OVER_LIMIT),
        (series(kind="租赁"), Refusal.OTHER_KIND),
    ],
)
def test_what_may_not_be_issued_is_refused_with_the_reason(asked, why):
    assert issue(SHELF, asked) == (SHELF, why)
    assert REFUSAL_WORDS[why]


def test_a_name_is_used_once_and_series_are_counted():
    shelf = SHELF
    for name in ("1期", "2期", "3期"):
        shelf, _ = issue(shelf, series(name, YI))
    assert issue(shelf, series("2期", YI))[1] is Refusal.SAME_NAME
    assert issue(shelf, series("4期", YI))[1] is Refusal.TOO_MANY
    assert set(REFUSAL_WORDS) == set(Refusal)


@given(st.lists(st.integers(1, 30 * YI), max_size=12))
def test_no_order_of_issues_exceeds_the_programme(amounts):
    shelf = Shelf("x", 20 * YI, date(2026, 1, 1), date(2027, 1, 1), "应收账款")
    for number, amount in enumerate(amounts):
        before = shelf.remaining
        shelf, refusal = issue(shelf, series(str(number), amount))
        assert (refusal is None) == (amount <= before)
    assert 0 <= shelf.remaining == 20 * YI - sum(one.amount for one in shelf.issued)


def bond(name, rank, original):
    return Bond(name, rank, original, original, Coupon(Fraction(0)))


BONDS = [bond("优先A", 1, 80 * YI), bond("优先B", 2, 12 * YI), bond("次级", 3, 8 * YI)]


@pytest.mark.parametrize(
    ("held", "total", "lowest", "vertical"),
    [
        ({"次级": 8 * YI}, True, True, True),  # the whole first loss: 8 %
        ({"次级": 4 * YI}, False, True, True),  # half of it: 4 % of the issue
        (
            {"优先A": 4 * YI, "优先B": YI * 6 // 10, "次级": YI * 4 // 10},
            True,
            True,
            True,
        ),  # vertical
        ({"优先A": 6 * YI, "次级": YI}, True, True, False),  # of the second class nothing
        ({}, False, False, True),
    ],
)
def test_retention_of_a_credit_securitisation(held, total, lowest, vertical):
    found = retention(BONDS, held, shipped_rules(), "credit", date(2026, 6, 1))
    passes = {one.rule.id: one.passes for one in found}
    assert passes == {
        "retention.total": total, "retention.lowest": lowest, "retention.vertical": vertical,
    }  # fmt: skip
    assert all("公告〔2013〕第21号" in one.rule.clause for one in found)


def test_a_class_without_a_face_is_refused():
    with pytest.raises(InputError, match="no face"):
        retention([bond("优先", 1, 0)], {}, shipped_rules(), "credit", date(2026, 1, 1))


def test_a_rule_holds_from_its_day():
    rules = shipped_rules()
    assert retention(BONDS, {}, rules, "credit", date(2013, 12, 30)) == []
    found = retention(BONDS, {"次级": YI * 4 // 10}, rules, "revenue_right", date(2026, 1, 1))
    assert [(one.rule.id, one.value, one.passes) for one in found] == [
        ("retention.lowest", Fraction(1, 20), True)
    ]


def test_what_ships_says_that_it_is_not_verified():
    rules = shipped_rules()
    assert {rule.kind for rule in rules} == set(KINDS)
    assert not any(rule.verified for rule in rules)
    assert all(rule.read and rule.clause and rule.zh and rule.en for rule in rules)
    assert in_force(rules, "revenue_right", date(2026, 1, 1))[
        "cover.minimum"
    ].threshold == Fraction(6, 5)


def test_a_later_rule_takes_the_place_of_an_earlier_one():
    text = """
        [[source]]
        id = "s"
        zh = "办法"
        en = "measures"
        number = "1号"
        read = "nothing"
    """ + "".join(
        f"""
        [[rule]]
        id = "retention.total"
        kind = "credit"
        zh = "比例"
        en = "share"
        source = "s"
        article = "1"
        effective_from = {year}-01-01
        threshold = {share}
        """
        for year, share in ((2024, 0.05), (2026, 0.1))
    )
    rules = rule_book(text)
    assert in_force(rules, "credit", date(2025, 1, 1))["retention.total"].threshold == Fraction(
        1, 20
    )
    assert in_force(rules, "credit", date(2026, 1, 1))["retention.total"].threshold == Fraction(
        1, 10
    )
    with pytest.raises(MappingError, match="unknown id"):
        rule_book(text.replace("retention.total", "retention.none"))
    with pytest.raises(MappingError, match="no TOML"):
        rule_book("= 1")
