from dataclasses import replace
from decimal import Decimal

import pytest
from worlds import random_offers

from headrace.decisions.lending.book import Constraints, Totals, broken
from headrace.decisions.lending.frontier import FrontierPoint, choose, frontier
from headrace.decisions.lending.optimise import most_approvals, optimise
from headrace.errors import InfeasibleError


@pytest.fixture(scope="module")
def offers():
    return random_offers(40, 1, 40_000_000)


@pytest.fixture(scope="module")
def points(offers):
    return frontier(offers)


def test_the_grid_runs_from_the_most_profitable_book_to_the_most_loans(offers, points):
    free = [point for point in points if point.constraints.mean_rate_max is None]
    counts = [point.book.totals.approvals for point in free]
    best = optimise(offers).totals
    assert counts[0] == best.approvals
    assert counts[-1] == most_approvals(offers) == 40
    assert counts == sorted(counts)
    assert free[0].book.totals.profit_minor == best.profit_minor


def test_there_are_three_lower_caps_and_at_most_twenty_points(points):
    caps = list(dict.fromkeys(point.constraints.mean_rate_max for point in points))
    assert caps[0] is None
    assert len(caps) == 4
    assert caps[1:] == sorted(caps[1:], reverse=True)
    assert len(points) <= 20


def test_every_point_is_a_whole_book_within_its_constraints(offers, points):
    for point in points:
        assert broken(point.book, point.constraints) == ()
        assert point.book.totals.limit_minor <= offers.economics.budget_minor
        assert point.book.proof.gap <= 1e-3
        assert point.measures[0] == point.book.totals.approvals / 40
        assert -point.measures[1] == point.book.totals.mean_rate


def test_more_loans_and_lower_prices_cost_profit(points):
    """Up to the gap to which each book was solved."""
    for one in points:
        for other in points:
            if is_tighter(one.constraints, other.constraints):
                allowed = one.book.proof.bound - one.book.totals.profit_minor
                assert one.book.totals.profit_minor <= (
                    other.book.totals.profit_minor + allowed + abs(other.book.proof.bound) * 1e-3
                )


def is_tighter(one: Constraints, other: Constraints) -> bool:
    cap, other_cap = one.mean_rate_max or Decimal(1), other.mean_rate_max or Decimal(1)
    return one.approvals_min >= other.approvals_min and cap <= other_cap


def test_the_users_own_caps_and_constraints_hold_throughout(offers):
    constraints = Constraints(approvals_min=20, loss_rate_max=Decimal("0.05"))
    caps = (Decimal("0.09"), Decimal("0.03"))
    with pytest.raises(InfeasibleError, match=r"mean_rate_max = 0\.03"):
        frontier(offers, constraints, mean_rate_caps=caps)
    points = frontier(offers, constraints, mean_rate_caps=caps[:1])
    assert {point.constraints.mean_rate_max for point in points} == {None, caps[0]}
    for point in points:
        assert point.book.totals.approvals >= 20
        assert point.book.totals.loss_rate <= 0.05 + 1e-9


def test_an_impossible_start_is_refused_by_name(offers):
    with pytest.raises(InfeasibleError, match="approvals_min = 41"):
        frontier(offers, Constraints(approvals_min=41))


def test_the_same_frontier_twice(offers, points):
    again = frontier(offers)
    assert [point.book.totals for point in again] == [point.book.totals for point in points]
    assert [point.book.proof for point in again] == [point.book.proof for point in points]


def point_of(points, approvals: int, rate: float, loss: float, profit: int) -> FrontierPoint:
    totals = Totals(100, approvals, 0, 0, 0, 0, 0, profit, rate, loss)
    return FrontierPoint(Constraints(), replace(points[0].book, totals=totals))


def test_dominated_points_are_marked(points):
    for point in points:
        better = [
            other
            for other in points
            if other.measures != point.measures
            and all(its >= my for its, my in zip(other.measures, point.measures, strict=True))
        ]
        assert point.dominated == bool(better)


def test_the_dial_worked_by_hand(points):
    best = point_of(points, 40, 0.10, 0.02, 1000)
    most = point_of(points, 60, 0.11, 0.03, 950)
    cheap = point_of(points, 60, 0.10, 0.04, 951)
    safe = point_of(points, 60, 0.10, 0.03, 950)
    dear = point_of(points, 90, 0.05, 0.01, 949)
    assert choose((best, most, cheap, safe, dear)) is safe
    assert choose((best, most, cheap, dear)) is cheap
    assert choose((best, most, dear)) is most
    assert choose((best, most, cheap, dear), profit_share_min=0.949) is dear
    assert choose((best, most, cheap, dear), profit_share_min=1.0) is best


def test_where_every_book_loses_the_least_bad_is_taken(points):
    bad, worse = point_of(points, 10, 0.1, 0.2, -5), point_of(points, 90, 0.1, 0.2, -6)
    assert choose((worse, bad)) is bad
    with pytest.raises(ValueError, match="max"):
        choose(())
