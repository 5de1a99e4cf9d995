"""Doubles in pairs: what they say they are off by is never less than what they are."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from headrace.decisions.program import numbers, pairs, rounding
from headrace.decisions.program.numbers import Exact, Plain, Ratio
from headrace.decisions.program.pairs import Near


def many(seed: int, count: int = 2000) -> np.ndarray:
    generator = np.random.default_rng(seed)
    wide = generator.normal(size=count) * 10.0 ** generator.integers(-15, 15, count)
    return np.concatenate([wide, np.round(wide, 2), generator.random(count)])


def exact(near: Near, row: int) -> Fraction:
    return Fraction(near.high[row].item()) + Fraction(near.low[row].item())


def check(found: Near, wanted: list[Fraction]) -> None:
    error = np.broadcast_to(found.error, found.high.shape)
    for row, value in enumerate(wanted):
        assert abs(exact(found, row) - value) <= Fraction(error[row].item())
        assert error[row] <= abs(found.high[row]) * 2.0**-85 + 1e-12


def fractions(values: np.ndarray) -> list[Fraction]:
    return [Fraction(Decimal(repr(value))) for value in values.tolist()]


def test_the_shortest_decimals_of_doubles():
    powers = 2.0 ** np.arange(-60, 60)
    tens = 10.0 ** np.arange(-19, 20)
    values = np.concatenate([many(1), powers, tens, np.nextafter(tens, 0), np.nextafter(tens, 99)])
    values = np.concatenate([values, -values, [0.1 + 0.2, 9007199254740993.0, 0.0]])
    found = pairs.of_doubles(values)
    known = np.isfinite(found.error) & (np.abs(values) < pairs.MOST)
    assert known.mean() > 0.98
    rows = np.flatnonzero(known)
    taken = Near(found.high[rows], found.low[rows], found.error[rows])
    check(taken, fractions(values[rows]))


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (pairs.add, lambda a, b: a + b),
        (pairs.multiply, lambda a, b: a * b),
        (pairs.divide, lambda a, b: a / b),
    ],
)
def test_arithmetic_is_within_its_bound(rule, wanted):
    a, b = many(2, 400), many(3, 400)[::-1].copy()
    keep = (np.abs(a) > 1e-12) & (np.abs(b) > 1e-12)
    a, b = a[keep], b[keep]
    x, y = pairs.of_doubles(a), pairs.of_doubles(b)
    with np.errstate(all="ignore"):  # as in a block of an expression
        found = rule(x, y)
    truth = [wanted(p, q) for p, q in zip(fractions(a), fractions(b), strict=True)]
    fine = np.isfinite(found.error)
    assert fine.mean() > 0.98
    for row in np.flatnonzero(fine):
        assert abs(exact(found, row) - truth[row]) <= Fraction(found.error[row].item())


def test_roots_are_within_their_bound():
    values = np.abs(many(4, 300)) + 1e-6
    found = pairs.square_root(pairs.of_doubles(values))
    for row, value in enumerate(fractions(values)):
        if np.isfinite(found.error[row]):
            root, error = exact(found, row), Fraction(found.error[row].item())
            assert (root - error) ** 2 <= value <= (root + error) ** 2


def test_what_may_be_zero_divides_into_anything():
    zero = Near(np.array([1e-40]), np.array([0.0]), np.array([1e-35]))
    one = pairs.of_whole(np.array([1]))
    assert np.isinf(pairs.divide(one, zero).error).all()
    assert np.isinf(pairs.square_root(zero).error).all()
    assert not pairs.sign(zero)[1].any()


def test_a_rounding_is_certain_only_away_from_the_middle_of_two_doubles():
    middle = numbers.near(numbers.of_integers(np.array([2**53 + 1, 2**53 + 2]))[0])
    away = pairs.add(middle, pairs.of_doubles(np.array([0.25])))
    assert pairs.rounded(pairs.add(middle, pairs.of_whole(np.array([0]))))[1].tolist() == [
        False,
        True,
    ]
    assert pairs.rounded(away)[1].all()


def test_columns_are_held_in_the_first_way_that_fits():
    found, strays = numbers.of_doubles(np.array([1.25, 0.1, -3.0] * 50))
    assert isinstance(found, Exact)
    assert (found.scale, found.most) == (2, 300)
    assert not strays.any()
    found, strays = numbers.of_doubles(np.array([0.1 + 0.2, *np.arange(199.0)]))
    assert isinstance(found, Exact)
    assert strays.tolist() == [True] + [False] * 199
    found, strays = numbers.of_doubles(np.random.default_rng(1).random(50))
    assert isinstance(found, Plain)
    assert not strays.any()
    found, strays = numbers.of_integers(np.array([5, 2**62, -(2**63)]))
    assert strays.tolist() == [False, True, True]


def test_what_would_overflow_becomes_an_interval():
    large = numbers.of_integers(np.array([2**61, 7]))[0]
    assert isinstance(numbers.add(large, large), Near)
    assert isinstance(numbers.multiply(large, large), Near)
    assert isinstance(numbers.add(large, numbers.constant(Decimal(1))), Exact)
    assert isinstance(numbers.add(large, numbers.constant(Decimal("0.01"))), Near)


def test_quotients_by_tens_and_their_parts_stay_exact():
    number = numbers.of_integers(np.array([7, -9]))[0]
    for divisor, wanted in (
        ("4", [1.75, -2.25]),
        ("-0.05", [-140.0, 180.0]),
        ("1e3", [0.007, -0.009]),
    ):
        found, zero, certain = numbers.divide(number, numbers.constant(Decimal(divisor)))
        assert isinstance(found, Exact)
        assert numbers.doubles(found)[0].tolist() == wanted
        assert certain.all()
        assert not zero.any()
    assert isinstance(numbers.divide(number, numbers.constant(Decimal(3)))[0], Ratio)


def test_equal_quotients_are_certainly_equal():
    a, b = (numbers.of_integers(np.array(values))[0] for values in ([1, 2, 5], [3, 6, 7]))
    thirds = numbers.divide(a, b)[0]
    sense, certain = numbers.order(
        thirds, numbers.divide(*map(numbers.constant, map(Decimal, (1, 3))))[0]
    )
    assert sense.tolist() == [0, 0, 1]
    assert certain.all()


WAYS = {
    "floor": "ROUND_FLOOR",
    "ceiling": "ROUND_CEILING",
    "up": "ROUND_UP",
    "down": "ROUND_DOWN",
    "half up": "ROUND_HALF_UP",
    "half down": "ROUND_HALF_DOWN",
    "half even": "ROUND_HALF_EVEN",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("places", [-1, 0, 1])
def test_every_way_of_rounding_is_decimals(way, places):
    whole = np.arange(-60, 61)
    quarters = numbers.divide(numbers.of_integers(whole)[0], numbers.constant(Decimal(4)))[0]
    thirds = numbers.divide(numbers.of_integers(whole)[0], numbers.constant(Decimal(3)))[0]
    step = Decimal((0, (1,), -places))
    for number, divisor in ((quarters, 4), (thirds, 3)):
        wanted = [
            float((Decimal(top) / divisor).quantize(step, WAYS[way])) + 0.0
            for top in whole.tolist()
        ]
        found, certain = rounding.rounded(number, places, way)
        assert certain.all()
        assert numbers.doubles(found)[0].tolist() == wanted
        with np.errstate(all="ignore"):
            found, certain = rounding.rounded(numbers.near(number), places, way)
        values = numbers.doubles(found)[0]
        assert [v for v, c in zip(values.tolist(), certain, strict=True) if c] == [
            v for v, c in zip(wanted, certain, strict=True) if c
        ]
        assert certain.mean() > 0.3
        assert divisor == 3 or not certain.all()  # a tie is left to the interpreter
