"""What points mean: odds, doubled by every so many points, and how points become whole."""

import math

import cards_reference
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.cards.scale import PointsScale, Rounding

TABLE = """
points  good_to_bad
600     20
640     40
680     80
560     10
"""


@pytest.mark.parametrize("row", TABLE.strip().splitlines()[1:])
def test_forty_points_double_the_odds_from_twenty_to_one_at_600(row):
    points, odds = map(float, row.split())
    scale = PointsScale()
    assert math.isclose(scale.log_odds(points), -math.log(odds))
    assert math.isclose(scale.points(-math.log(odds)), points)
    assert math.isclose(scale.probability(points), 1 / (1 + odds))


scales = st.builds(
    PointsScale,
    points_base=st.floats(-1000, 1000),
    odds_base=st.floats(0.01, 1000),
    points_to_double=st.floats(5, 200),
)


@given(scales, st.floats(-1000, 1000))
def test_points_and_log_odds_are_two_words_for_one_thing(scale, points):
    log_odds = scale.log_odds(points)
    assert math.isclose(log_odds, cards_reference.log_odds_of(scale, points), abs_tol=1e-9)
    assert math.isclose(scale.points(log_odds), points, rel_tol=1e-9, abs_tol=1e-6)


@given(scales, st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_more_points_are_never_riskier(scale, one, other):
    fewer, more = min(one, other), max(one, other)
    assert scale.probability(more) <= scale.probability(fewer)


@pytest.mark.parametrize(
    ("rounding", "whole"),
    [
        (Rounding.HALF_EVEN, [2, 4, -2, 3]),
        (Rounding.HALF_UP, [3, 4, -2, 3]),
        (Rounding.DOWN, [2, 3, -3, 2]),
    ],
)
def test_each_rounding_is_what_its_name_says(rounding, whole):
    assert rounding.whole([2.5, 3.5, -2.5, 2.6]).tolist() == whole


@given(st.sampled_from(Rounding), st.lists(st.floats(-1e6, 1e6), min_size=2))
def test_rounding_keeps_the_order(rounding, points):
    whole = rounding.whole(sorted(points))
    assert (np.diff(whole) >= 0).all()
    assert whole.dtype == np.int64


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"odds_base": 0.0}, "odds_base"),
        ({"points_to_double": -40.0}, "points_to_double"),
        ({"points_base": float("nan")}, "points_base"),
        ({"points_to_double": float("nan")}, "points_to_double"),
    ],
)
def test_a_scale_that_means_nothing_is_refused(wrong, named):
    with pytest.raises(InputError, match=named):
        PointsScale(**wrong)
