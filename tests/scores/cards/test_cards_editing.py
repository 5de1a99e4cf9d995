"""Cards changed by hand: what was not touched stays, and every change says who, when and why."""

from dataclasses import replace

import pytest
from cards_examples import CARD, HAND, cards
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.binning.edits import By, Merge, MoveCategory, MoveEdge, Part, SetWoe, Split
from headrace.scores.binning.problem import BinningError
from headrace.scores.cards.codec import card_from_json, card_to_json
from headrace.scores.cards.editing import SetPoints, edit_card
from headrace.scores.cards.scale import BasePoints, PointsScale

LI = By("李雷", "2026-11-22T10:00:00+00:00", "样本少")


def line_of(card, feature):
    return card.lines[card.features.index(feature)]


def test_bins_that_were_not_touched_keep_their_points_and_the_new_one_gets_its_own():
    after = edit_card(CARD, "income", Merge(1), LI)
    before, line = line_of(CARD, "income"), line_of(after, "income")
    assert len(line.points) == len(before.points) - 1
    assert line.points[0] == before.points[0]
    assert line.points[-2:] == before.points[-2:]
    woe = line.bins.woe[1]
    share = CARD.scale.points(CARD.fitted.intercept) / len(CARD.lines)
    assert line.points[1] == round(share - CARD.scale.factor * line.coefficient * woe)
    assert [each for each in after.lines if each is not line] == [
        each for each in CARD.lines if each.feature != "income"
    ]
    assert after.fitted == CARD.fitted


def test_the_record_says_who_when_why_and_only_what_changed():
    (record,) = edit_card(CARD, "overdue_days", SetPoints(1, 140), LI).edits
    assert (record.feature, record.who, record.when, record.why) == (
        "overdue_days", "李雷", "2026-11-22T10:00:00+00:00", "样本少",
    )  # fmt: skip
    assert (record.before, record.after) == ("[1, 30): 150", "[1, 30): 140")


def test_every_kind_of_change_is_saved_and_read_back():
    card = CARD
    for feature, change in (
        ("income", Split(3_500.0)),
        ("housing", MoveCategory("rent", 0)),
        ("housing", Part(("rent",))),
        ("housing", SetWoe(0, 1)),
        ("overdue_days", SetPoints(0, 200)),
        ("income", Merge(2)),
        ("income", MoveEdge(5_000.0, 3_500.0)),
    ):
        card = edit_card(card, feature, change, replace(LI, despite=("trend",)))
    assert len(card.edits) == 7
    assert card_from_json(card_to_json(card)) == card


def test_base_points_that_stand_apart_are_not_given_twice():
    scale = PointsScale(base_points=BasePoints.APART)
    apart = replace(CARD, scale=scale)
    line = line_of(edit_card(apart, "income", Merge(1), LI), "income")
    assert line.points[1] == round(-scale.factor * line.coefficient * line.bins.woe[1])


@pytest.mark.parametrize(
    ("feature", "change", "by", "said"),
    [
        ("sales", Merge(0), LI, "no feature 'sales'"),
        ("income", Merge(9), LI, "no ordinary bin follows"),
        ("income", Split(3.0), LI, "no edge between pieces"),
        ("income", SetPoints(9, 1), LI, "there is no bin 9"),
        ("income", SetPoints(0, 10**9), LI, "beyond measure"),
        ("income", SetPoints(0, 110), LI, "leaves everything as it was"),
        ("income", Merge(0), By("", "now", "why"), "who makes it"),
        ("income", SetPoints(0, 1), By("Li", "now", " "), "who makes it"),
    ],
)
def test_what_cannot_be_done_is_refused(feature, change, by, said):
    with pytest.raises(InputError, match=said):
        edit_card(HAND, feature, change, by)


def test_a_limit_of_the_fit_holds_unless_it_is_named():
    bins = line_of(CARD, "income").bins
    tight = replace(bins, settings=replace(bins.settings, min_bins=bins.ordinary))
    card = replace(CARD, lines=(replace(CARD.lines[0], bins=tight), *CARD.lines[1:]))
    with pytest.raises(BinningError, match="min_bins"):
        edit_card(card, "income", Merge(0), LI)
    assert edit_card(card, "income", Merge(0), replace(LI, despite=("min_bins",))).edits


@given(cards(), st.integers(0, 5), st.integers(-500, 500))
def test_points_that_are_set_move_those_applicants_and_nobody_else(card, number, points):
    line = card.lines[0]
    number %= len(line.points)
    if line.points[number] == points:
        return
    after = edit_card(card, line.feature, SetPoints(number, points), LI)
    assert after.lines[0].points[number] == points
    assert after.lines[1:] == card.lines[1:]
    assert [a == b for a, b in zip(after.lines[0].points, line.points, strict=True)].count(
        False
    ) == 1
