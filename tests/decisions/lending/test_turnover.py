"""How much a year's sales support: exact, rounded down."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.decisions.lending.turnover import turnover_caps
from headrace.decisions.program.columns import missing, read_column


def caps(sales: list[float | None], share: list[float | None]) -> list[int]:
    columns = [read_column(pa.array(each, pa.float64())) for each in (sales, share)]
    return turnover_caps(*columns).tolist()


@pytest.mark.parametrize(
    ("sales", "share", "cap"),
    [
        (10.0, 0.3, 3),
        (100.0, 0.29, 29),  # the double product is 28.999999999999996
        (70.0, 0.15, 10),  # ten and a half: down
        (2.0**53, 0.1, 900719925474099),
        (1000.0, 1.0, 1000),
        (1000.0, 0.0, 0),
        (-1000.0, 0.3, 0),
        (None, 0.3, 0),
        (1000.0, None, 0),
        (math.nan, 0.3, 0),
        (99.5, 0.5, 49),
    ],
)
def test_the_share_is_what_a_person_wrote_and_the_cap_is_rounded_down(sales, share, cap):
    assert caps([sales], [share]) == [cap]


def test_nothing_known_of_anybody():
    assert turnover_caps(missing(2), missing(2)).tolist() == [0, 0]
    assert turnover_caps(missing(0), missing(0)).dtype == np.int64


@given(st.lists(st.tuples(st.integers(-(10**15), 10**15), st.integers(0, 10_000)), max_size=8))
def test_exact_against_fractions(rows):
    sales = [float(sold) for sold, _ in rows]
    share = [float(Decimal(parts).scaleb(-4)) for _, parts in rows]
    expected = [
        max(math.floor(Fraction(sold) * Fraction(parts, 10_000)), 0) for sold, parts in rows
    ]
    assert caps(sales, share) == expected
