"""Approval rate, price and loss, and how much they change from one way to approve to another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.watch.three_numbers import (
    Approved,
    Lending,
    changes,
    safest,
    three_numbers,
)


def test_losses_and_prices_weigh_by_what_is_lent():
    lending = Lending(np.array([100.0, 300.0, 600.0]), 0.4, lambda p: 2 * p)
    p, y = np.array([0.1, 0.2, 0.9]), np.array([1, 0, 1])
    found = three_numbers(Approved(p, np.array([True, True, False])), y, lending)
    assert found.expected_loss == pytest.approx(0.4 * (0.1 * 100 + 0.2 * 300) / 400)
    assert found.observed_loss == pytest.approx(0.4 * 100 / 400)
    assert found.price == pytest.approx(2 * (0.1 * 100 + 0.2 * 300) / 400)
    assert (found.defaulted.cases, found.defaulted.rows) == (1, 2)
    nobody = three_numbers(Approved(p, np.zeros(3, np.bool_)), y, lending)
    assert np.isnan([nobody.expected_loss, nobody.price, nobody.observed_loss]).all()
    assert nobody.approval.value == 0


def test_unknown_outcomes_are_counted_and_not_taken_for_good():
    lending = Lending(np.full(4, 1.0), 1.0)
    everybody = Approved(np.full(4, 0.2), np.ones(4, np.bool_))
    found = three_numbers(everybody, np.array([1, 0, -1, -1]), lending)
    assert found.outcomes_unknown == 2
    assert found.observed_loss == 0.5
    assert np.isnan(found.price)


def world(seed=0, rows=1500):
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 5, rows).clip(0.001, 0.999)
    y = (rng.random(rows) < p).astype(np.int64)
    other = (p * rng.lognormal(0, 0.5, rows)).clip(0.001, 0.999)
    lending = Lending(rng.lognormal(3, 1, rows), 0.6, lambda q: 0.03 + q)
    return Approved(other, safest(other, 0.5)), Approved(p, safest(p, 0.7)), y, lending


NAMES = ("approval", "price", "expected_loss", "defaulted", "observed_loss")


def value_of(numbers, name):
    found = getattr(numbers, name)
    return found if isinstance(found, float) else found.value


def test_changes_are_differences_of_the_three_numbers():
    new, old, y, lending = world()
    found = changes(new, old, y, lending)
    after, before = (three_numbers(each, y, lending) for each in (new, old))
    for name in NAMES:
        expected = value_of(after, name) - value_of(before, name)
        assert getattr(found, name).value == pytest.approx(expected)


def test_their_intervals_are_those_of_drawing_applicants_again():
    new, old, y, lending = world()
    found = changes(new, old, y, lending)
    rng = np.random.default_rng(1)
    drawn = {name: [] for name in NAMES}
    for _ in range(400):
        at = rng.integers(0, y.size, y.size)
        again = Lending(lending.exposure[at], 0.6, lending.price)
        after, before = (
            three_numbers(Approved(each.probability[at], each.approved[at]), y[at], again)
            for each in (new, old)
        )
        for name in NAMES:
            drawn[name].append(value_of(after, name) - value_of(before, name))
    for name in NAMES:
        width = getattr(found, name).high - getattr(found, name).low
        assert width == pytest.approx(2 * 1.96 * np.std(drawn[name]), rel=0.15)


def test_losses_are_not_compared_where_only_one_side_is_known():
    """Refused applicants have no outcome: whatever refuses more of the known would seem better."""
    new, old, y, lending = world()
    found = changes(new, old, np.where(old.approved, y, -1), lending)
    assert np.isnan([found.defaulted.value, found.observed_loss.value]).all()
    assert np.isfinite([found.approval.value, found.price.value, found.expected_loss.value]).all()


def test_no_change_is_no_change():
    _, old, y, lending = world()
    found = changes(old, old, y, lending)
    for name in NAMES:
        each = getattr(found, name)
        assert (each.value, each.low, each.high) == (0, 0, 0)


def test_where_there_is_nothing_to_divide_by_nothing_is_said():
    new, old, y, lending = world()
    unpriced = Lending(lending.exposure, 0.6)
    assert np.isnan(changes(new, old, y, unpriced).price.value)
    nobody = Approved(new.probability, np.zeros(y.size, np.bool_))
    found = changes(nobody, old, y, lending)
    assert np.isnan(found.observed_loss.low)
    assert found.approval.value == pytest.approx(-0.7)


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=30), st.floats(0, 1))
def test_the_safest_portion_is_safer_than_the_rest(p, portion):
    values = np.array(p)
    approved = safest(values, portion)
    assert approved.sum() == int(np.floor(portion * values.size + 0.5))
    if approved.any() and not approved.all():
        assert values[approved].max() <= values[~approved].min()


def test_of_equal_risks_the_earlier_row_is_first():
    assert safest(np.array([0.2, 0.1, 0.2, 0.2]), 0.5).tolist() == [True, True, False, False]


@pytest.mark.parametrize(("exposure", "loss"), [([0.0], 0.4), ([1.0], 1.2), ([-5.0], 0.4)])
def test_amounts_that_are_none_are_refused(exposure, loss):
    with pytest.raises(InputError, match="exposures above 0"):
        Lending(np.array(exposure), loss)


def test_one_applicant_tells_no_variance():
    one = Approved(np.array([0.1]), np.array([True]))
    found = changes(one, one, np.array([0]), Lending(np.array([1.0]), 0.4)).approval
    assert (found.value, found.low, found.high) == (0.0, -np.inf, np.inf)


@pytest.mark.parametrize("rows", [1, 3])
def test_outcomes_of_other_rows_are_refused(rows):
    two = Approved(np.array([0.1, 0.2]), np.array([True, False]))
    lending = Lending(np.ones(2), 0.4)
    with pytest.raises(InputError, match=f"{rows} outcomes"):
        three_numbers(two, np.zeros(rows, np.int64), lending)
    with pytest.raises(InputError, match=f"{rows} outcomes"):
        changes(two, two, np.zeros(rows, np.int64), lending)
