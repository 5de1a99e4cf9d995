"""Categories as numbers, by a stated rule."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.trees.categories import Ordered, Rated, fit_rated, rated_out_of_fold

TRADES = pa.array(["farm", "shop", "farm", None, "shop", "farm", "mine", "farm"])
BAD = np.array([1, 0, 1, 0, 0, 0, 1, 1])


def test_an_order_is_kept_and_what_is_not_in_it_is_missing():
    found = Ordered(("shop", "farm")).numbers(TRADES)
    assert np.array_equal(found, [1, 0, 1, np.nan, 0, 1, np.nan, 1], equal_nan=True)
    chunked = pa.chunked_array([TRADES.slice(0, 3), TRADES.slice(3)])
    coded = Ordered(("shop", "farm")).numbers(chunked.dictionary_encode())
    assert np.array_equal(coded, found, equal_nan=True)


def test_a_rate_is_drawn_towards_that_of_all_rows():
    rated = fit_rated(TRADES, BAD, prior=2.0)
    assert rated.levels == ("farm", "mine", "shop")
    assert rated.otherwise == 0.0, "4 of 8 are bad"
    farm, mine, shop = ((3 + 1) / (4 + 2), (1 + 1) / (1 + 2), (0 + 1) / (2 + 2))
    expected = [math.log(rate / (1 - rate)) for rate in (farm, mine, shop)]
    assert rated.log_odds == pytest.approx(expected)
    asked = rated.numbers(pa.array(["mine", "bank", None]))
    assert asked.tolist() == [rated.log_odds[1], 0.0, 0.0]


def test_weights_count_rows():
    weight = np.array([2.0, 1, 1, 1, 1, 1, 1, 1])
    twice = pa.concat_arrays([TRADES, TRADES.slice(0, 1)])
    weighted = fit_rated(TRADES, BAD, 1.0, weight)
    assert weighted.log_odds == pytest.approx(fit_rated(twice, np.append(BAD, 1), 1.0).log_odds)


def test_no_row_sees_its_own_outcome():
    parts = [np.array([0, 2, 4, 6]), np.array([1, 3, 5, 7])]
    found = rated_out_of_fold(TRADES, BAD, parts, prior=1.0)
    flipped = BAD.copy()
    flipped[0] = 0
    again = rated_out_of_fold(TRADES, flipped, parts, prior=1.0)
    assert np.array_equal(found[parts[0]], again[parts[0]])
    assert not np.array_equal(found[parts[1]], again[parts[1]])
    by_hand = fit_rated(TRADES.take(pa.array(parts[1])), BAD[parts[1]], 1.0)
    assert found[parts[0]].tolist() == by_hand.numbers(TRADES.take(pa.array(parts[0]))).tolist()


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 1)), min_size=2, max_size=40))
def test_rates_lie_between_the_category_and_all_rows(pairs):
    texts, y = pa.array([text for text, _ in pairs]), np.array([bad for _, bad in pairs])
    if y.min() == y.max():
        with pytest.raises(InputError, match="both 0 and 1"):
            fit_rated(texts, y, 1.0)
        return
    rated = fit_rated(texts, y, 5.0)
    overall = y.mean()
    for level, log_odds in zip(rated.levels, rated.log_odds, strict=True):
        own = np.mean([bad for text, bad in pairs if text == level])
        rate = 1 / (1 + math.exp(-log_odds))
        assert min(own, overall) - 1e-12 <= rate <= max(own, overall) + 1e-12


def test_what_cannot_be_meant_is_refused():
    for levels in ((), ("a", "a")):
        with pytest.raises(InputError, match="each once"):
            Ordered(levels)
    with pytest.raises(InputError, match="prior cannot be 0"):
        fit_rated(TRADES, BAD, 0.0)
    with pytest.raises(InputError, match="each row once"):
        rated_out_of_fold(TRADES, BAD, [np.arange(7)], 1.0)
    assert Rated((), (), 0.5).numbers(TRADES).tolist() == [0.5] * 8


def test_categories_of_other_rows_are_refused():
    with pytest.raises(InputError, match="8 categories and 7 outcomes"):
        fit_rated(TRADES, BAD[:-1], 1.0)
