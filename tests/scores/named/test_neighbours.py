"""Neighbour fields: against the twin, and never with what was not known on the day."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.named.neighbours import NEVER, Sales, Standing, neighbour_fields
from reference.named_scores_reference import neighbour_score

DAY = 20_000
FIRMS = 5


def sales(rows):
    columns = zip(*rows, strict=True) if rows else ([], [], [], [], [])
    return Sales(*(np.array(column, np.int64) for column in columns))


def standing(scores, trouble=None):
    known = [np.nan if score is None else score for score in scores]
    return Standing(np.array(known, float), np.array(trouble or [NEVER] * len(scores), np.int64))


row = st.tuples(
    st.integers(0, FIRMS - 1), st.integers(0, FIRMS - 1), st.integers(1, 10**9),
    st.integers(DAY - 500, DAY + 100), st.integers(DAY - 500, DAY + 100),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(row, max_size=25), st.lists(st.none() | st.floats(0, 100), min_size=5, max_size=5))
def test_the_arrays_agree_with_the_twin(rows, scores):
    found = neighbour_fields(sales(rows), standing(scores), DAY).to_pydict()
    year = [each for each in rows if each[4] <= DAY and DAY - 365 < each[3] <= DAY]
    named = dict(enumerate(scores))
    for firm in range(FIRMS):
        bought = [(buyer, seller, amount) for seller, buyer, amount, *_ in year]
        sold = [(seller, buyer, amount) for seller, buyer, amount, *_ in year]
        for column, deals in (("buyers_score", sold), ("suppliers_score", bought)):
            twin = neighbour_score(firm, deals, named)
            ours = found[column][firm]
            assert (ours is None) == (twin is None)
            assert ours is None or ours == pytest.approx(twin, abs=1e-9)


def test_what_was_not_known_on_the_day_changes_nothing():
    rows = [(0, 1, 100, DAY - 10, DAY - 10), (0, 2, 900, DAY - 10, DAY + 1)]
    scores, trouble = [50.0, 80.0, 10.0], [NEVER, NEVER, DAY + 1]
    today = neighbour_fields(sales(rows), standing(scores, trouble), DAY)
    assert today.equals(neighbour_fields(sales(rows[:1]), standing(scores), DAY))
    tomorrow = neighbour_fields(sales(rows), standing(scores, trouble), DAY + 1)
    assert today["troubled_sales"][0].as_py() == 0
    assert tomorrow["troubled_sales"][0].as_py() == pytest.approx(0.9)


def test_a_firm_never_speaks_for_itself_and_one_partner_counts_little():
    rows = [(0, 0, 10**9, DAY, DAY), (0, 1, 100, DAY, DAY)]
    found = neighbour_fields(sales(rows), standing([0.0, 90.0, 60.0]), DAY)
    assert found["buyers_score"][0].as_py() == pytest.approx((90 + 2 * 50) / 3)
    assert found["suppliers_score"].to_pylist()[2] is None


def test_an_amount_below_nothing_is_refused():
    with pytest.raises(InputError, match="not above 0") as refusal:
        sales([(0, 1, 5, DAY, DAY), (0, 1, -5, DAY, DAY)])
    assert refusal.value.where == "row 2"
