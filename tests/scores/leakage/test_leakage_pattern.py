"""Multiples of twelve: what the last digits of a number tell beyond its size."""

import numpy as np
import pyarrow as pa
import pytest
import validation_reference as slow
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from headrace.scores.leakage.pattern import UNITS, fine_pattern, roundness
from headrace.scores.leakage.sample import Sample


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(-40, 200), st.integers(0, 1)), min_size=2, max_size=40),
    st.sampled_from(UNITS[:8]),
)
def test_it_is_the_mean_over_pairs_of_like_value(rows, unit):
    values = np.array([value for value, _ in rows], float)
    y = np.array([outcome for _, outcome in rows])
    found = roundness(values, y, unit)
    difference, z = slow.roundness(values.tolist(), y.tolist(), unit)
    assert found.difference == pytest.approx(difference, abs=1e-12)
    if difference:
        assert found.z == pytest.approx(z, abs=1e-9)


def term(n=4_000, seed=1, share=0.7):
    """Contracts of whole years; of the defaults, so many show the months they lasted."""
    rng = np.random.default_rng(seed)
    years = rng.integers(1, 8, n)
    y = (rng.random(n) < expit(0.5 - 0.5 * years)).astype(np.int64)
    contracted = 12 * years
    lasted = np.ceil(contracted * rng.uniform(0.4, 1, n))
    return contracted, np.where((y == 1) & (rng.random(n) < share), lasted, contracted), y


def told(values, y):
    return fine_pattern(Sample(pa.table({"term": values}), y), "term")


def test_a_term_as_contracted_passes_and_as_it_turned_out_is_refused():
    contracted, realised, y = term()
    assert told(contracted, y) == []
    (leak,) = told(realised, y)
    assert leak.refuses
    figures = dict(leak.evidence)
    assert figures["unit"] in {6, 12}
    assert figures["difference_at_same_size"] < -0.4
    assert "the others" in leak.en
    assert "整数倍" in leak.zh


def test_where_few_terms_were_written_over_it_warns():
    (leak,) = told(*term(share=0.25)[1:])
    assert not leak.refuses


def test_no_smooth_relation_however_strong_is_a_pattern():
    rng = np.random.default_rng(3)
    months = rng.integers(1, 120, 6_000)
    for steep in (0.02, 0.1, 0.5):
        y = (rng.random(6_000) < expit(steep * (60 - months))).astype(np.int64)
        assert told(months, y) == []


def test_people_who_state_round_amounts_may_differ_a_little():
    """Round amounts from 60 % of defaults and 50 % of the others: honest, and left alone."""
    rng = np.random.default_rng(5)
    amount = rng.integers(10_000, 500_000, 8_000).astype(float)
    y = (rng.random(8_000) < 0.3).astype(np.int64)
    whole = rng.random(8_000) < np.where(y == 1, 0.6, 0.5)
    assert told(np.where(whole, np.round(amount / 1_000) * 1_000, amount), y) == []


def test_texts_zeros_gaps_and_few_rows_say_nothing():
    contracted, realised, y = term()
    assert told(pa.array([f"{each}" for each in realised]), y) == []
    assert told(np.zeros(y.size), y) == []
    assert told(np.full(y.size, np.nan), y) == []
    assert told(realised[:60], y[:60]) == []
    assert told(np.where(np.arange(y.size) % 2, np.inf, contracted), y) == []
