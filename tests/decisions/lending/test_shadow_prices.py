"""Shadow prices: what room in a book is worth, against the books that the optimiser finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import CURVE, economics, people, random_offers

from headrace.decisions.lending.book import Constraints
from headrace.decisions.lending.offers import price_offers
from headrace.decisions.lending.optimise import most_approvals, optimise, shadow_prices


def worth(offers, prices, row):
    """The best a loan of this applicant is worth at the margin: tried one by one."""
    step = offers.economics.limit_step_minor
    low = offers.economics.limit_min_minor // step
    return max(
        (profit - prices.budget) * steps * step + prices.per_loan
        for profit in offers.profit[row]
        for steps in range(low, int(offers.cap_steps[row]) + 1)
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(0, 9), st.integers(1, 60), st.booleans())
def test_whom_the_book_lends_to_is_worth_it_but_for_two(count, seed, budget, reaching):
    offers = random_offers(count, seed, budget * 100_000)
    least = most_approvals(offers) // 2 if reaching else 0
    asked = Constraints(approvals_min=least)
    prices, book = shadow_prices(offers, asked), optimise(offers, asked, gap_max=0)
    assert prices.budget >= 0
    assert prices.per_loan >= 0
    tolerance = 1e-6 * offers.economics.limit_max_minor
    wrong = 0
    for row in np.flatnonzero(offers.eligible):
        value = worth(offers, prices, row)
        wrong += bool(book.lent[row] and value < -tolerance)
        wrong += bool(not book.lent[row] and value > tolerance)
    # The integer book may differ from the linear one at its margin, a loan for each constraint,
    # and each of them may push one other loan out.
    assert wrong <= 4


def test_a_budget_that_is_not_used_up_costs_nothing():
    offers = random_offers(5, 1, 10**9)
    assert shadow_prices(offers).budget == 0


def test_reaching_more_firms_than_pays_has_a_price():
    offers = random_offers(40, 3, 3_000_000)
    assert shadow_prices(offers).per_loan == 0
    most = most_approvals(offers)
    assert shadow_prices(offers, Constraints(approvals_min=most)).per_loan > 0


def test_where_no_book_is_possible_there_are_no_prices():
    offers = random_offers(5, 1, 200_000)
    assert shadow_prices(offers, Constraints(approvals_min=5)) is None


def test_without_anybody_to_lend_to():
    nobody = price_offers(people([("E1", 0.1, "D", 500_000, "I1")]), economics(), CURVE)
    assert shadow_prices(nobody).budget == 0
    assert shadow_prices(nobody, Constraints(approvals_min=1)) is None


def test_a_price_is_per_minor_unit():
    rows = [("E1", 0.02, "A", 1_000_000, "I1"), ("E2", 0.1, "B", 1_000_000, "I1")]
    offers = price_offers(people(rows), economics(1_500_000), CURVE)
    second = offers.profit[1].max()
    assert shadow_prices(offers).budget == pytest.approx(second)
