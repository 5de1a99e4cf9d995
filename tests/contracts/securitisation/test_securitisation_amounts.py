"""Exact money: roundings, shares, products that would overflow, against fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waterfall_reference import whole

from headrace.contracts.securitisation.amounts import (
    Rounding,
    exact,
    in_order,
    ratio,
    rounded,
    scaled,
    shared,
    times,
    to_fen,
)

LARGEST = 10**15
ROUNDINGS = st.sampled_from(list(Rounding))


def test_the_named_roundings():
    assert [ratio(x, 10, Rounding.DOWN) for x in (14, 15, 16)] == [1, 1, 1]
    assert [ratio(x, 10, Rounding.HALF_UP) for x in (14, 15, 16)] == [1, 2, 2]
    assert rounded(Fraction(5, 2), Rounding.HALF_UP) == 3


def test_money_is_read_as_it_is_written():
    assert to_fen(2123875534.53) == 212_387_553_453
    assert to_fen("0.1") == 10
    assert exact(0.1) == Fraction(1, 10)
    with pytest.raises(ValueError, match="whole number"):
        to_fen(0.001)


@given(st.lists(st.integers(0, LARGEST), min_size=1, max_size=6), st.floats(0, 1))
def test_shares_sum_and_none_exceeds_its_due(dues, part):
    amount = int(sum(dues) * part)
    for parts in (shared(amount, dues), in_order(amount, dues)):
        assert sum(parts) == amount
        assert all(0 <= x <= due for x, due in zip(parts, dues, strict=True))
    total = sum(dues)
    if total:
        exact_parts = [Fraction(amount * due, total) for due in dues]
        assert all(
            abs(x - y) < len(dues) for x, y in zip(shared(amount, dues), exact_parts, strict=True)
        )


@given(st.lists(st.tuples(st.integers(0, LARGEST), st.floats(0, 1)), min_size=1), ROUNDINGS)
def test_a_double_times_an_amount_is_exact_before_it_is_rounded(pairs, how):
    amounts = np.array([a for a, _ in pairs], dtype=np.int64)
    factors = np.array([f for _, f in pairs])
    expected = [whole(a * Fraction(f), how.value) for a, f in pairs]
    assert times(amounts, factors, how).tolist() == expected


def test_a_product_just_below_a_half_is_not_rounded_up():
    # the double nearest to a sixth is below it: three times that is below a half
    amounts, factors = np.array([3], dtype=np.int64), np.array([1 / 6])
    assert times(amounts, factors, Rounding.HALF_UP).tolist() == [0]


@given(
    st.lists(st.tuples(st.integers(0, LARGEST), st.integers(0, 10**6)), min_size=1),
    st.sampled_from([10**6, 12 * 10**6, 365]),
    ROUNDINGS,
)
def test_products_of_the_largest_amounts_do_not_overflow(pairs, denominator, how):
    pairs = [(a, n % (denominator + 1)) for a, n in pairs]
    amounts = np.array([a for a, _ in pairs], dtype=np.int64)
    numerators = np.array([n for _, n in pairs], dtype=np.int64)
    expected = [whole(Fraction(a * n, denominator), how.value) for a, n in pairs]
    assert scaled(amounts, numerators, denominator, how).tolist() == expected
