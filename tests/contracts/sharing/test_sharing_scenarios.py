"""Scenarios down the layers: the kernel equals the waterfall to the fen, drawing is honest."""

from datetime import date
from decimal import Decimal
from itertools import product

import numpy as np
import pytest
import sharing_reference as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.sharing import pricing, scenarios
from headrace.contracts.sharing.book import shipped
from headrace.contracts.sharing.scenarios import Claims, Draw, Exposures, draw, share
from headrace.contracts.sharing.scheme import Layer, Scheme, Share
from headrace.errors import InputError
from strategies_sharing import LARGE, schemes

DAY = date(2024, 1, 1)
MILLION = 100_000_000


def exposures(n, pd=0.1, lgd=0.5, each=MILLION):
    return Exposures(
        tuple(f"L{k}" for k in range(n)), np.full(n, each), np.full(n, pd), np.full(n, lgd)
    )


@settings(max_examples=100)
@given(
    schemes(),
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from("ABC"), st.integers(0, 2),
                st.one_of(st.integers(1, 900), st.integers(LARGE - 9, LARGE)),
            ),
            max_size=3, unique_by=lambda claim: claim[0],
        ),
        min_size=1, max_size=4,
    ),
)  # fmt: skip
def test_the_kernel_equals_the_twin_to_the_fen(scheme, worlds):
    worlds = [sorted(world, key=lambda claim: claim[1]) for world in worlds]
    book = Exposures(("A", "B", "C"), np.full(3, 10), np.full(3, 0.1), np.ones(3))
    flat = [claim for world in worlds for claim in world]
    claims = Claims(
        np.cumsum([0, *(len(world) for world in worlds)]),
        np.array(["ABC".index(claim[0]) for claim in flat], np.int32),
        np.array([claim[1] for claim in flat], np.int32),
        np.array([claim[2] for claim in flat], np.int64),
        np.full(len(worlds), 1 / len(worlds)),
    )
    found = share(book, scheme, claims)
    for row, world in zip(found.by_scenario, worlds, strict=True):
        twin = reference.bears(scheme, world)
        assert row.tolist() == [sum(each[party] for each in twin) for party in scheme.parties]
        assert int(row.sum()) == sum(claim[2] for claim in world)
    mean = found.weight @ found.by_scenario
    assert np.allclose(found.by_loan.sum(axis=0), mean)


def test_a_tie_goes_to_the_one_its_own_layer_names_first():
    half = Decimal("0.5")
    one = Layer("one", "一", "one", (Share("a", half), Share("b", half)), cap_loan_minor=2)
    two = Layer("two", "二", "two", (Share("b", half), Share("a", half)), cap_loan_minor=3)
    scheme = Scheme("tie", "平", "tie", (one, two))
    book = Exposures(("A",), np.array([5]), np.ones(1), np.ones(1))
    found = share(book, scheme, scenarios.given(book, [[0]], np.ones(1)))
    assert dict(zip(found.parties, found.by_scenario[0].tolist(), strict=True)) == {
        "a": 2, "b": 3, "bank": 0,
    }  # fmt: skip


def small_scheme():
    pool = Layer(
        "pool", "资金池", "pool",
        (Share("gov", Decimal("0.3")), Share("guarantor", Decimal("0.7"))),
        covers=Decimal("0.8"), deductible_loan_minor=1_000, cap_pool_minor=90_000_000,
    )  # fmt: skip
    return Scheme("small", "小池", "small", (pool,))


CHANCES = (Decimal("0.02"), Decimal("0.1"), Decimal("0.05"), Decimal("0.2"))


def test_a_tiny_pool_enumerated_gives_the_exact_expected_loss():
    book = Exposures(
        ("A", "B", "C", "D"),
        np.array([MILLION, MILLION // 2, 77_777_777, 12_345]),
        np.array([float(pd) for pd in CHANCES]),
        np.array([0.5, 0.6, 0.33, 1.0]),
    )
    worlds = list(product((False, True), repeat=4))
    weight = np.array(
        [np.prod([pd if bad else 1 - pd for pd, bad in zip(book.pd, world, strict=True)])
         for world in worlds]
    )  # fmt: skip
    defaults = [[k for k, bad in enumerate(world) if bad] for world in worlds]
    found = share(book, small_scheme(), scenarios.given(book, defaults, weight))
    exact = reference.expected(small_scheme(), book.loans, book.loss.tolist(), CHANCES)
    mean = found.weight @ found.by_scenario
    for party, value in zip(found.parties, mean, strict=True):
        assert value == pytest.approx(float(exact[party]), rel=1e-12)

    drawn = share(book, small_scheme(), draw(book, Draw(40_000), np.random.default_rng(7)))
    table = pricing.summary(book, drawn, 0.99, pricing.Cost()).to_pylist()
    for row in table[:-1]:
        assert abs(row["expected"] - float(exact[row["party"]])) < 4 * row["error"]


def test_drawing_keeps_each_default_rate_and_correlation_widens_the_tail():
    book = exposures(60, pd=0.05)
    alone = draw(book, Draw(20_000), np.random.default_rng(1))
    joint = draw(book, Draw(20_000, correlation=0.3), np.random.default_rng(1))
    for claims in (alone, joint):
        rate = len(claims.loan) / 20_000 / 60
        assert rate == pytest.approx(0.05, abs=0.004)
    scheme = Scheme("none", "无", "none", ())
    tails = [
        pricing.summary(book, share(book, scheme, claims), 0.99, pricing.Cost())
        for claims in (alone, joint)
    ]
    assert tails[1]["shortfall"][0].as_py() > 1.8 * tails[0]["shortfall"][0].as_py()


def test_a_seed_gives_the_same_scenarios_and_years_follow_one_another():
    book = exposures(30, pd=0.3)
    one, two = (draw(book, Draw(50, years=3), np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one.loan, two.loan)
    assert np.array_equal(one.year, two.year)
    assert set(one.year) == {0, 1, 2}
    for first, last in zip(one.at, one.at[1:], strict=False):
        assert (np.diff(one.year[first:last]) >= 0).all()
        assert len(set(one.loan[first:last])) == last - first
    within = len(one.loan) / 50 / 30
    assert within == pytest.approx(1 - 0.7**3, abs=0.05)  # a constant yearly chance


def test_a_loan_that_cannot_default_does_not_and_one_that_must_does():
    book = Exposures(("A", "B"), np.array([10, 10]), np.array([0.0, 1.0]), np.ones(2))
    claims = draw(book, Draw(100), np.random.default_rng(0))
    assert claims.loan.tolist() == [1] * 100


def test_expected_shortfall_counts_the_edge_in_part():
    """Losses 0..9 equally likely: the worst 15 % are 9 and half of 8: (9 + 0.5 x 8) / 1.5."""
    book = exposures(10, each=10, lgd=1.0)
    defaults = [list(range(k)) for k in range(10)]
    found = share(
        book, Scheme("none", "无", "none", ()), scenarios.given(book, defaults, np.full(10, 0.1))
    )
    table = pricing.summary(book, found, 0.85, pricing.Cost(capital=0.0))
    assert table["expected"][0].as_py() == pytest.approx(45)
    assert table["var"][0].as_py() == 80
    on_edge = pricing.summary(book, found, 0.9, pricing.Cost())
    assert (on_edge["var"][0].as_py(), on_edge["shortfall"][0].as_py()) == (80, pytest.approx(90))
    assert table["shortfall"][0].as_py() == pytest.approx((90 + 0.5 * 80) / 1.5)
    assert table["premium"][0].as_py() == pytest.approx(45 / 100)


def test_sharing_moves_the_three_numbers_together():
    """Approval at a threshold, price, expected loss: with the pool, more is lent at less risk."""
    n = 200
    chance = np.random.default_rng(5)
    book = Exposures(
        tuple(f"L{k}" for k in range(n)), np.full(n, MILLION), chance.uniform(0.005, 0.08, n),
        np.full(n, 0.6),
    )  # fmt: skip
    claims = draw(book, Draw(4_000, correlation=0.1), np.random.default_rng(6))
    cost = pricing.Cost()
    found = {}
    for name, scheme, fee in (
        ("alone", Scheme("none", "无", "none", ()), 0.0),
        ("4321", shipped().scheme("zhengyindan_4321", date(2024, 1, 1)), 0.008),
    ):
        borne = share(book, scheme, claims)
        rate = pricing.break_even(book, borne, "bank", 1, cost, fee)
        found[name] = pricing.three_numbers(book, rate, borne, "bank", 0.06)
    assert found["4321"].approval > found["alone"].approval + 0.3
    assert found["4321"].expected_loss < 0.01 < found["alone"].expected_loss
    none = pricing.three_numbers(book, rate, borne, "bank", 0.0)
    assert none.approval == 0
    assert np.isnan(none.price)


def test_a_price_without_risk_is_the_cost():
    book = exposures(3, pd=0.0)
    borne = share(book, Scheme("n", "无", "n", ()), draw(book, Draw(5), np.random.default_rng(0)))
    rate = pricing.break_even(book, borne, "bank", 1, pricing.Cost(0.02, 0.01), 0.005)
    assert rate == pytest.approx([0.035] * 3)


def test_a_break_even_rate_by_hand():
    """10 % default, half is lost: 5 %; nine in ten pay interest, so (2 + 1 + 5) / 0.9 = 8.89 %.

    Two worlds, 10 and 90 % likely: the worst 5 % lose 50, on average 5: capital 10 % of 45 is 4.5.
    """
    book = exposures(1, pd=0.1, lgd=0.5, each=100)
    claims = scenarios.given(book, [[0], []], np.array([0.1, 0.9]))
    borne = share(book, Scheme("n", "无", "n", ()), claims)
    for capital, expected in ((0.0, 0.08 / 0.9), (0.1, 0.125 / 0.9)):
        cost = pricing.Cost(0.02, 0.01, capital, confidence=0.95)
        rate = pricing.break_even(book, borne, "bank", 1, cost, 0.0)
        assert rate[0] == pytest.approx(expected)
    two_years = pricing.break_even(book, borne, "bank", 2, pricing.Cost(0.02, 0.01, 0.0), 0.0)
    assert two_years[0] == pytest.approx((0.03 + 0.025) / 0.9)
    at = pricing.three_numbers(book, rate, borne, "bank", float(rate[0]))
    assert (at.approval, at.price, at.expected_loss) == (1, rate[0], pytest.approx(0.05))


def test_a_party_that_bears_nothing_has_no_price():
    book = exposures(2)
    borne = share(book, Scheme("n", "无", "n", ()), draw(book, Draw(5), np.random.default_rng(0)))
    with pytest.raises(InputError, match="insurer"):
        pricing.break_even(book, borne, "insurer", 1, pricing.Cost(), 0.0)
    with pytest.raises(InputError, match="confidence"):
        pricing.summary(book, borne, 1.0, pricing.Cost())


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (lambda: exposures(0), "default rate"),
        (lambda: exposures(1, pd=1.5), "default rate"),
        (lambda: exposures(1, lgd=np.nan), "loss rate"),
        (lambda: exposures(1, each=0), "loss rate"),
        (lambda: draw(exposures(1), Draw(0), np.random.default_rng(0)), "no scenario"),
        (lambda: scenarios.given(exposures(1), [[0, 0]], np.ones(1)), "twice"),
        (
            lambda: share(
                exposures(1), shipped().scheme("first_loss", DAY),
                draw(exposures(1), Draw(1), np.random.default_rng(0)),
            ),
            "rates",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(wrong, problem):
    with pytest.raises(InputError, match=problem):
        wrong()
