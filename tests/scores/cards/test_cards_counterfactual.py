"""What would have to change: exact, in few steps, never what nobody can act on."""

import cards_reference
import pytest
from cards_examples import CARD, cards, categorical, numeric, values_of
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.binning.bins import BinKind
from headrace.scores.cards.counterfactual import Direction, Ease, ways_to
from headrace.scores.cards.knapsack import Option, plans
from headrace.scores.cards.points_card import Line, PointsCard
from headrace.scores.cards.scale import PointsScale

options = st.lists(
    st.lists(
        st.builds(Option, st.integers(0, 5), st.integers(1, 9), st.integers(0, 9)), max_size=4
    ),
    max_size=5,
)


@settings(max_examples=150)
@given(options, st.integers(1, 20), st.integers(1, 4), st.integers(1, 4))
def test_no_cheaper_plan_is_missed_and_none_repeats_another(offered, need, changes, answers):
    found = plans(offered, need, changes_max=changes, answers=answers)
    assert [(plan.cost, len(plan.chosen)) for plan in found] == cards_reference.plans_of(
        offered, need, changes, answers
    )
    for plan in found:
        assert plan.gain >= need
        assert plan.gain == sum(option.gain for _, option in plan.chosen)
        assert all(option in offered[feature] for feature, option in plan.chosen)
    sets = [{feature for feature, _ in plan.chosen} for plan in found]
    assert not any(one <= two for at, one in enumerate(sets) for two in sets[at + 1 :])


POOR = {"income": 800.0, "overdue_days": 45.0, "housing": "rent", "age": 20}
EASE = {
    "income": Ease(Direction.UP, 1.0, ("monthly income", "月收入")),
    "overdue_days": Ease(Direction.DOWN, 2.0, ("days overdue", "逾期天数")),
}


def test_the_poor_applicant_is_told_two_things():
    assert CARD.score({k: [POOR[k]] for k in CARD.features}).tolist() == [450]
    ways = ways_to(CARD, POOR, 510, EASE)
    assert [way.points for way in ways] == [510, 520]
    assert [way.text for way in ways] == [
        (
            "Lower days overdue to less than 30.",
            "逾期天数降低到 30 以下（不含）。",
        ),
        (
            "Raise monthly income to 5,000 or more.",
            "月收入提高到 5,000 或以上。",
        ),
    ]


def test_effort_is_the_share_of_applicants_passed():
    (way,) = ways_to(CARD, POOR, 465, {"income": Ease(Direction.UP, 2.0)})
    rows = CARD.lines[0].rows
    assert way.changes[0].after == 1
    assert way.effort == pytest.approx(2.0 * (rows[0] + rows[1]) / 2 / sum(rows[:4]), abs=1e-6)


def test_together_they_reach_further():
    (way,) = ways_to(CARD, POOR, 620, EASE)
    assert [change.feature for change in way.changes] == ["income", "overdue_days"]
    assert way.points == 620
    assert "; " in way.text[0]
    assert "；" in way.text[1]


@pytest.mark.parametrize("cutoff", [450, 10_000])
def test_there_is_nothing_to_say_of_what_is_reached_or_cannot_be(cutoff):
    assert ways_to(CARD, POOR, cutoff, EASE) == ()


def test_what_is_not_named_does_not_change():
    assert ways_to(CARD, POOR, 451, {}) == ()
    assert ways_to(CARD, POOR, 451, {"income": Ease(Direction.FIXED)}) == ()
    assert ways_to(CARD, POOR, 451, {"income": Ease(Direction.DOWN)}) == ()


def test_a_category_is_named():
    (way,) = ways_to(CARD, POOR, 470, {"housing": Ease(Direction.ANY)})
    assert way.text[0].startswith("Housing: own")
    assert ways_to(CARD, POOR, 470, {"housing": Ease(Direction.ANY, reach=("guest",))}) == ()


def test_a_missing_value_can_be_supplied_unless_it_cannot():
    missing = {**POOR, "income": None}
    (way,) = ways_to(CARD, missing, 510, {"income": EASE["income"]})
    assert way.text == (
        "Supply monthly income: 5,000 or more.",
        "提供月收入：5,000 或以上。",
    )
    kept = Ease(Direction.UP, supply=False)
    assert ways_to(CARD, missing, 510, {"income": kept}) == ()


def test_where_more_is_worse_again_the_end_is_said():
    peak = numeric("share", (0.2, 0.6), (10, 50, 10), (10, 5, 10))
    card = PointsCard(PointsScale(), 0, (Line(peak, -1.0, (0, 50, 10, 0)),))
    (up,) = ways_to(card, {"share": 0.1}, 50, {"share": Ease(Direction.ANY)})
    assert "raise share to 0.2 or more but less than 0.6" in up.text[0].lower()
    (down,) = ways_to(card, {"share": 0.9}, 50, {"share": Ease(Direction.ANY)})
    assert "lower share to 0.2 or more but less than 0.6" in down.text[0].lower()


@settings(max_examples=60)
@given(st.data())
def test_every_way_reaches_the_cutoff_by_allowed_changes(data):
    card = data.draw(cards())
    applicant = dict(zip(card.features, data.draw(values_of(card)), strict=True))
    before = cards_reference.codes_of(card, applicant.values())
    ease = {name: Ease(data.draw(st.sampled_from(Direction))) for name in card.features}
    total = cards_reference.total_of(card, applicant.values())
    cutoff = total + data.draw(st.integers(1, 400))
    for way in ways_to(card, applicant, cutoff, ease, changes_max=2):
        codes = list(before)
        for change in way.changes:
            place = card.features.index(change.feature)
            line, direction = card.lines[place], ease[change.feature].direction
            assert direction is not Direction.FIXED
            assert line.bins.kinds[change.after] is BinKind.ORDINARY
            if line.bins.kind.value == "numeric" and change.before < line.bins.ordinary:
                assert direction is not Direction.UP or change.after > change.before
                assert direction is not Direction.DOWN or change.after < change.before
            codes[place] = change.after
        again = card.base + sum(
            line.points[code] for line, code in zip(card.lines, codes, strict=True)
        )
        assert again == way.points >= cutoff
        assert 1 <= len(way.changes) <= 2
        assert all(way.text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"ease": {"wealth": Ease()}}, "no feature wealth"),
        ({"applicant": {"income": 1.0}}, "no value of overdue_days, housing"),
        ({"changes_max": 0}, "0 changes"),
        ({"answers": 7}, "7 answers"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments, said):
    asked = {"card": CARD, "applicant": POOR, "cutoff": 500, "ease": EASE, **arguments}
    with pytest.raises(InputError, match=said):
        ways_to(**asked)


def test_an_effort_is_above_nothing():
    with pytest.raises(InputError, match="effort"):
        Ease(effort=0.0)


def test_a_way_out_of_a_special_value_is_not_known():
    never = {**POOR, "overdue_days": -1.0}
    assert ways_to(CARD, never, 475, {"overdue_days": Ease(Direction.ANY)}) == ()


def test_categories_of_one_bin_are_listed():
    bins = categorical("trade", [["farm", "shop"], ["bar"]], (9, 9, 9), (1, 1, 5))
    card = PointsCard(PointsScale(), 0, (Line(bins, -1.0, (30, 0, 0, 0)),))
    (way,) = ways_to(card, {"trade": "bar"}, 30, {"trade": Ease(Direction.ANY)})
    assert way.text[1] == "trade：farm或shop。"
