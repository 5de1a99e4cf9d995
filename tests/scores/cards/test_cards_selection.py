"""Which features enter, and the record of the others."""

import numpy as np
import pytest
from cards_examples import numeric

from headrace.errors import InputError
from headrace.scores.cards.selection import Dropped, Rule, Selection, chance, select

RNG = np.random.default_rng(4)
BASE = RNG.normal(size=(400, 3))
Z = np.column_stack(
    [
        BASE[:, 0],  # a
        BASE[:, 0] + 0.1 * RNG.normal(size=400),  # twin of a
        BASE[:, 1],  # b
        BASE[:, 0] + BASE[:, 1] + 0.2 * RNG.normal(size=400),  # a and b together
        BASE[:, 2],  # c
        np.zeros(400),  # nothing
    ]
)
NAMES = ("a", "twin", "b", "sum", "c", "nothing")
IV = (0.30, 0.35, 0.20, 0.10, 0.004, 0.0)
ONES = np.ones(400)


def chosen(rules):
    kept, dropped = select(NAMES, IV, Z, ONES, rules)
    return [NAMES[place] for place in kept], {each.feature: each for each in dropped}


def test_what_says_nothing_never_enters():
    kept, dropped = chosen(Selection(iv_least=0.0))
    assert kept == ["a", "twin", "b", "sum", "c"]
    assert dropped["nothing"].rule is Rule.ONE_BIN


def test_too_little_information():
    kept, dropped = chosen(Selection(iv_least=0.02))
    assert "c" not in kept
    assert (dropped["c"].value, dropped["c"].limit) == (0.004, 0.02)
    assert dropped["c"].said == (
        "information value 0.004 beyond chance is below 0.02",
        "扣除偶然后的信息值 0.004 低于 0.02",
    )


def test_of_two_that_say_the_same_the_more_informative_stays():
    kept, dropped = chosen(Selection(iv_least=0.0, correlation_most=0.9))
    assert kept == ["twin", "b", "sum", "c"]
    assert dropped["a"].rule is Rule.CORRELATION
    assert dropped["a"].beside == "twin"
    assert dropped["a"].value > 0.9
    assert "twin" in dropped["a"].said[1]


def test_what_others_say_together_goes_until_no_factor_is_too_large():
    kept, dropped = chosen(Selection(iv_least=0.0, correlation_most=0.95, vif_most=5.0))
    assert kept == ["twin", "b", "c"]
    assert dropped["sum"].rule is Rule.VARIANCE_INFLATION
    share = np.corrcoef(Z[:, [NAMES.index(name) for name in kept]].T)
    assert np.diag(np.linalg.inv(share)).max() <= 5.0


def test_a_variance_inflation_factor_is_that_of_a_regression():
    _, dropped = chosen(Selection(iv_least=0.0, correlation_most=0.95, vif_most=5.0))
    others = np.column_stack([np.ones(400), Z[:, 1], Z[:, 2], Z[:, 4]])
    rest = Z[:, 3] - others @ np.linalg.lstsq(others, Z[:, 3], rcond=None)[0]
    r_squared = 1 - rest.var() / Z[:, 3].var()
    assert dropped["sum"].value == pytest.approx(1 / (1 - r_squared), rel=1e-6)


def test_a_column_twice_is_infinitely_inflated_and_the_first_stays():
    twice = np.column_stack([Z[:, 0], Z[:, 0]])
    kept, dropped = select(("one", "two"), (0.3, 0.3), twice, ONES, Selection(vif_most=10.0))
    assert len(kept) == 1
    assert dropped[0].value > 1e6
    kept, dropped = select(
        ("one", "two"), (0.3, 0.3), twice, ONES, Selection(correlation_most=0.99)
    )
    assert (kept, dropped[0].feature) == ((0,), "two")


def test_weights_count_as_rows():
    times = RNG.integers(1, 4, 400)
    rules = Selection(iv_least=0.0, correlation_most=0.95, vif_most=5.0)
    weighted = select(NAMES, IV, Z, times.astype(float), rules)
    repeated = select(NAMES, IV, np.repeat(Z, times, axis=0), np.ones(times.sum()), rules)
    assert weighted[0] == repeated[0]
    assert [each.feature for each in weighted[1]] == [each.feature for each in repeated[1]]


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_says_why_in_both_languages(rule):
    english, chinese = Dropped("x", rule, 0.5, 0.1, "y").said
    assert english
    assert any(character >= "\u4e00" for character in chinese)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"iv_least": float("nan")}, "iv_least"),
        ({"correlation_most": 1.5}, "correlation_most"),
        ({"vif_most": 0.5}, "vif_most"),
        ({"forward_gain": float("nan")}, "forward_gain"),
    ],
)
def test_rules_that_mean_nothing_are_refused(wrong, named):
    with pytest.raises(InputError, match=named):
        Selection(**wrong)


def test_what_a_feature_that_says_nothing_seems_to_say():
    """Of many features that say nothing, cut anywhere, the mean information value is as stated."""
    values, expected = [], 0.0
    for _ in range(400):
        cut = RNG.integers(0, 5, 2_000)
        y = RNG.random(2_000) < 0.3
        good, bad = np.bincount(cut[~y], minlength=5), np.bincount(cut[y], minlength=5)
        bins = numeric("noise", (1.0, 2.0, 3.0, 4.0), good, bad)
        values.append(bins.iv)
        expected += chance(bins, float(good.sum()), float(bad.sum())) / 400
    assert np.mean(values) == pytest.approx(expected, rel=0.1)
    assert chance(numeric("one", (), (5,), (5,)), 5.0, 5.0) == 0.0
