"""The lender that must reach firms without a solver, and the dial set exactly."""

from dataclasses import replace

import book_reference
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import CURVE, economics, people, random_offers

from headrace.decisions.lending.book import Constraints, greedy, greedy_reaching
from headrace.decisions.lending.frontier import choose, frontier, reach
from headrace.decisions.lending.offers import price_offers
from headrace.decisions.lending.optimise import most_approvals, optimise, profit_bound
from headrace.errors import InfeasibleError

firm = st.tuples(
    st.floats(0, 0.9).map(lambda pd: round(pd, 3)),
    st.sampled_from(["A", "B", "C", "C", "D"]),
    st.sampled_from([0, 90_000, 100_000, 110_000, 130_000]),
    st.just("x"),
)


@st.composite
def tiny_offers(draw, firms_max=4):
    firms = draw(st.lists(firm, min_size=1, max_size=firms_max))
    budget = draw(st.sampled_from([0, 99_999, 110_000, 230_000, 345_678, 400_000]))
    lender = replace(economics(budget), rates=CURVE.rates[:3])
    return price_offers(people([(f"E{i}", *row) for i, row in enumerate(firms)]), lender, CURVE)


def plainly_reaching(offers, asked: int) -> list[int]:
    """Twin in two passes: the smallest loan to the best, as many as asked; then fill the best."""
    lender = offers.economics
    step = lender.limit_step_minor
    low, left = lender.limit_min_minor // step, lender.budget_minor // step
    party = offers.applicants.party
    worth = {i: max(offers.profit[i]) for i in range(len(party)) if offers.cap_steps[i]}
    order = sorted(worth, key=lambda i: (-worth[i], party[i]))
    given_steps = [0] * len(party)
    for i in order[:asked]:
        if left >= low:
            given_steps[i] = low
            left -= low
    for i in order:
        more = min(int(offers.cap_steps[i]) - given_steps[i], left)
        if worth[i] > 0 and more > 0 and given_steps[i] + more >= low:
            given_steps[i] += more
            left -= more
    return given_steps


@settings(max_examples=200, deadline=None)
@given(tiny_offers(6), st.integers(0, 8))
def test_the_reaching_lender_is_its_two_pass_twin(offers, asked):
    book = greedy_reaching(offers, asked)
    steps = book.limit_minor // offers.economics.limit_step_minor
    assert steps.tolist() == plainly_reaching(offers, asked)


@settings(max_examples=200, deadline=None)
@given(tiny_offers(6), st.integers(0, 8))
def test_it_reaches_as_many_as_asked_or_as_there_can_be(offers, asked):
    book = greedy_reaching(offers, asked)
    most = min(int(offers.eligible.sum()), offers.economics.budget_minor // 10_000_000)
    assert book.totals.approvals >= min(asked, most)
    assert book.totals.limit_minor <= offers.economics.budget_minor


@settings(max_examples=100, deadline=None)
@given(tiny_offers(6))
def test_asked_for_nobody_it_is_the_greedy_lender(offers):
    book, plain = greedy_reaching(offers, 0), greedy(offers)
    assert book.limit_minor.tolist() == plain.limit_minor.tolist()
    assert book.rate_index.tolist() == plain.rate_index.tolist()


@settings(max_examples=40, deadline=None)
@given(tiny_offers(3), st.integers(0, 3))
def test_it_never_beats_the_best_of_all_books_that_reach_as_many(offers, asked):
    book = greedy_reaching(offers, asked)
    best = book_reference.best_profit(offers, Constraints(approvals_min=book.totals.approvals))
    assert book.totals.profit_minor <= best + 2


def test_on_a_larger_book_more_firms_cost_profit():
    offers = random_offers(60, 2, 12_000_000)
    books = [greedy_reaching(offers, asked) for asked in range(0, 61, 10)]
    assert [book.totals.approvals for book in books] == sorted(
        book.totals.approvals for book in books
    )
    profits = [book.totals.profit_minor for book in books]
    assert profits == sorted(profits, reverse=True)


def most_by_scan(offers, constraints, least: float) -> int:
    """The most loans of any book, among all there are, that earns at least so much; -1 if none."""
    asked = range(len(offers.applicants) + 1)
    kept = [
        count
        for count in asked
        if (
            best := book_reference.best_profit(offers, replace(constraints, approvals_min=count))
        ) is not None
        and best >= least
    ]  # fmt: skip
    return max(kept, default=-1)


@settings(max_examples=25, deadline=None)
@given(tiny_offers(3), st.sampled_from([0.0, 0.3, 0.6, 0.9, 0.95, 1.0]))
def test_the_dial_is_set_as_a_scan_of_all_books_sets_it(offers, share):
    points = frontier(offers)
    found = reach(offers, points, profit_share_min=share)
    most = max(point.book.totals.profit_minor for point in points)
    start = choose(points, profit_share_min=share)
    if most <= 0:
        assert found is start
        return
    assert found.book.totals.profit_minor >= most * share
    assert found.constraints.mean_rate_max == start.constraints.mean_rate_max
    free = replace(start.constraints, approvals_min=0)
    # The solver stops within a thousandth of the best, so the bar is a thousandth wide.
    low, high = most * share * 1.002 + 2, most * share * 0.998 - 2
    approvals = found.book.totals.approvals
    assert most_by_scan(offers, free, low) <= approvals <= most_by_scan(offers, free, high)


@pytest.fixture(scope="module")
def larger():
    offers = random_offers(40, 3, 6_000_000)
    return offers, frontier(offers)


def test_the_dial_goes_from_the_best_profit_to_the_most_loans(larger):
    offers, points = larger
    shares = (1.0, 0.98, 0.95, 0.9, 0.5, 0.0)
    books = [reach(offers, points, profit_share_min=share).book.totals for share in shares]
    counts = [totals.approvals for totals in books]
    assert counts == sorted(counts)
    most = max(point.book.totals.profit_minor for point in points)
    for share, totals in zip(shares, books, strict=True):
        assert totals.profit_minor >= most * share
    assert counts[0] >= points[0].book.totals.approvals
    positive = [point for point in points if point.book.totals.profit_minor >= 0]
    assert counts[-1] >= max(point.book.totals.approvals for point in positive)
    assert counts[-1] <= most_approvals(offers)


def test_it_is_never_below_the_grid_and_the_same_twice(larger):
    offers, points = larger
    for share in (0.99, 0.9):
        on_grid = choose(points, profit_share_min=share).book.totals.approvals
        found = reach(offers, points, profit_share_min=share)
        again = reach(offers, points, profit_share_min=share)
        assert found.book.totals.approvals >= on_grid
        assert np.array_equal(found.book.limit_minor, again.book.limit_minor)
    with pytest.raises(ValueError, match="max"):
        reach(offers, (), profit_share_min=0.9)


@settings(max_examples=100, deadline=None)
@given(tiny_offers(), st.integers(0, 5))
def test_no_book_earns_more_than_the_quick_bound(offers, asked):
    constraints = Constraints(approvals_min=asked)
    bound = profit_bound(offers, constraints)
    try:
        best = optimise(offers, constraints, gap_max=0.0)
    except InfeasibleError:
        return  # the linear program may still be feasible: the bound then says nothing
    assert bound >= best.totals.profit_minor - 2  # interest, loss and funding are rounded


def test_where_no_book_can_be_the_bound_says_so():
    nobody = price_offers(people([("E1", 0.1, "D", 500_000, "x")]), economics(), CURVE)
    assert profit_bound(nobody) == 0
    assert profit_bound(nobody, Constraints(approvals_min=1)) == float("-inf")
    one = price_offers(people([("E1", 0.1, "A", 500_000, "x")]), economics(), CURVE)
    assert profit_bound(one, Constraints(approvals_min=2)) == float("-inf")
