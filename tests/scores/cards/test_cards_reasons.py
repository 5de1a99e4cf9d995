"""Reasons: what cost points, at most four, in words that give nothing away."""

from dataclasses import replace

import numpy as np
import pytest
from cards_examples import CARD, HAND, cards, values_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cards_points import table

from headrace.errors import InputError
from headrace.scores.cards.kernels import smallest
from headrace.scores.cards.prepared import prepare
from headrace.scores.cards.reasons import (
    FALLBACK,
    METHODS,
    REASONS_MOST,
    ReasonMethod,
    Wording,
    rank_reasons,
)

TEXTS = {
    "income": Wording(
        ("Income in relation to the loan", "收入与贷款金额的关系"),
        ("Income was not stated", "未提供收入信息"),
    ),
    "overdue_days": Wording(("Recent repayment record", "近期还款记录")),
}
POOR = {"income": [800.0], "overdue_days": [45.0], "housing": ["rent"]}


@settings(max_examples=50)
@given(st.data())
def test_points_and_shortfalls_add_up_exactly(data):
    card = data.draw(cards())
    columns = table(card, data.draw(st.lists(values_of(card), min_size=1, max_size=5)))
    for method in ReasonMethod:
        ranking = rank_reasons(card, method)
        lost = ranking.shortfalls(card, columns).sum(axis=1)
        whole = card.base + sum(ranking.reference)
        assert (whole - lost == card.score(columns)).all()


def test_below_the_maximum_names_what_could_still_be_had():
    ranking = rank_reasons(CARD, ReasonMethod.BELOW_MAXIMUM, TEXTS)
    (reasons,) = ranking.reasons_of(CARD, POOR)
    assert [(each.feature, each.shortfall) for each in reasons] == [
        ("overdue_days", 100),
        ("income", 70),
        ("housing", 20),
    ]
    assert reasons[0].text == ("Recent repayment record", "近期还款记录")
    assert reasons[2].text == FALLBACK.reason


def test_below_the_mean_names_what_others_have():
    ranking = rank_reasons(CARD, ReasonMethod.BELOW_MEAN, TEXTS)
    rows = np.array(CARD.lines[0].rows)
    mean = (rows * np.array(CARD.lines[0].points)).sum() / rows.sum()
    assert ranking.reference[0] == int(np.floor(mean + 0.5))
    (reasons,) = ranking.reasons_of(CARD, POOR)
    assert reasons[0].feature == "overdue_days"
    assert all(each.shortfall > 0 for each in reasons)


def test_the_best_applicant_has_no_reasons():
    best = {"income": [9_000.0], "overdue_days": [0.0], "housing": ["own"]}
    assert rank_reasons(CARD).reasons_of(CARD, best) == [()]


def test_a_missing_value_is_called_missing():
    ranking = rank_reasons(CARD, texts=TEXTS)
    missing = {"income": [None], "overdue_days": [None], "housing": [None]}
    (reasons,) = ranking.reasons_of(CARD, missing)
    said = {each.feature: each.text for each in reasons}
    assert said["income"] == ("Income was not stated", "未提供收入信息")
    assert said["overdue_days"] == FALLBACK.missing


@settings(max_examples=40)
@given(st.data())
def test_at_most_four_largest_first_and_ties_by_the_order_of_the_card(data):
    card = data.draw(cards(lines_max=8))
    columns = table(card, data.draw(st.lists(values_of(card), min_size=1, max_size=5)))
    for reasons in rank_reasons(card).reasons_of(card, columns):
        assert len(reasons) <= REASONS_MOST
        keys = [(-each.shortfall, card.features.index(each.feature)) for each in reasons]
        assert keys == sorted(keys)


def test_the_fallback_gives_neither_name_nor_number_away():
    for text in (*FALLBACK.reason, *FALLBACK.missing):
        assert not any(character.isdigit() for character in text)
        assert not any(feature in text for feature in HAND.features)


@pytest.mark.parametrize(
    "text", ["Income below 5,000 a month", "收入低于2000元", "Income under 1000.0"]
)
def test_words_that_give_an_edge_away_are_refused(text):
    with pytest.raises(InputError, match="give away"):
        rank_reasons(HAND, texts={"income": Wording((text, "收入"))})


def test_other_numbers_may_be_said():
    words = Wording(("Income of the last 12 months", "近12个月收入"))
    assert rank_reasons(HAND, texts={"income": words}).reasons


def test_both_methods_have_a_name_in_both_languages():
    assert set(METHODS) == set(ReasonMethod)
    assert all(en and zh for en, zh in METHODS.values())


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=1, max_size=7),
    st.integers(0, 31),
    st.integers(1, 5),
    st.integers(0, 1_000),
)
def test_the_smallest_ranks_of_a_row_are_those_that_sorting_gives(ranks, limit, most, seed):
    codes = np.random.default_rng(seed).integers(0, 3, (6, len(ranks))).astype(np.int32)
    found = np.full((6, most), -1, np.int32)
    for code, of in zip(codes.T, ranks, strict=True):
        smallest(np.ascontiguousarray(code), np.array(of, np.int32), limit, found)
    for row, code in zip(found.tolist(), codes, strict=True):
        right = sorted(of[at] for of, at in zip(ranks, code, strict=True) if of[at] < limit)[:most]
        assert row == right + [-1] * (most - len(right))


def test_a_place_in_the_card_decides_between_equal_shortfalls():
    even = replace(
        CARD,
        lines=tuple(
            replace(line, points=tuple(100 if at == 0 else 80 for at in range(len(line.points))))
            for line in CARD.lines
        ),
    )
    columns = {"income": [9_000.0], "overdue_days": [45.0], "housing": ["guest"]}
    (reasons,) = rank_reasons(even).reasons_of(even, columns)
    assert [each.feature for each in reasons] == ["income", "overdue_days", "housing"]
    assert prepare(even).score_mapping({k: v[0] for k, v in columns.items()}).reasons == reasons


def test_fewer_reasons_may_be_asked_for():
    ranking = rank_reasons(CARD)
    assert [len(row) for row in ranking.reasons_of(CARD, POOR, most=1)] == [1]
    assert ranking.places(CARD.codes(POOR), most=2).shape == (1, 2)


def test_equal_rankings_come_from_equal_cards():
    assert rank_reasons(CARD, texts=TEXTS) == rank_reasons(replace(CARD), texts=dict(TEXTS))
