from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headrace.simulator.seasons import calendar_of
from headrace.simulator.trade import (
    CORRECTS_NOTHING,
    LAST_NUMBER,
    NOT_VOIDED,
    RING,
    Trades,
    concat,
    draw_void_days,
    numbered,
    trades_of,
    with_red_letters,
    with_voids,
)

YEAR = calendar_of(date(2018, 1, 1), date(2018, 12, 31))


def some_trades(count: int, seed: int) -> Trades:
    rng = np.random.default_rng(seed)
    return trades_of(
        rng.integers(0, 9, count),
        rng.integers(0, 9, count),
        rng.integers(0, YEAR.days, count),
        rng.integers(1, 10_000_000, count),
        percent=16,
    )


@given(st.lists(st.integers(-(10**9), 10**9), max_size=20), st.sampled_from([3, 6, 13, 16, 17]))
def test_tax_is_rounded_half_up_as_decimal_does(amounts: list[int], percent: int) -> None:
    nobody = np.zeros(len(amounts), dtype=np.int64)
    trades = trades_of(nobody, nobody, nobody, np.array(amounts, dtype=np.int64), percent=percent)
    slow = [
        int((Decimal(a) * percent / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        for a in amounts
    ]
    assert trades.tax.tolist() == slow


def test_trades_are_valid_and_ordinary_unless_told() -> None:
    trades = some_trades(5, 1)
    assert (trades.void_day == NOT_VOIDED).all()
    assert (trades.corrects == CORRECTS_NOTHING).all()
    assert len(concat(trades, trades)) == 10


def test_an_invoice_between_firms_takes_two_rows() -> None:
    two = np.array([0, 5])
    trades = trades_of(two, np.array([1, 1]), two, two)
    assert trades.rows(firms=3) == 3
    assert trades.rows(firms=6) == 4


@given(st.integers(1, 300), st.integers(0, 50))
def test_numbers_are_unique_for_a_seller_and_follow_its_days(count: int, seed: int) -> None:
    trades, number = numbered(some_trades(count, seed), np.random.default_rng(seed))
    assert ((number >= 1) & (number <= LAST_NUMBER)).all()
    pairs = set(zip(trades.seller.tolist(), number.tolist(), strict=True))
    assert len(pairs) == count
    same_seller = trades.seller[1:] == trades.seller[:-1]
    assert (np.diff(trades.seller) >= 0).all()
    assert (np.diff(trades.day)[same_seller] >= 0).all()
    step = np.diff(number)[same_seller]
    assert ((step > 0) | (step < -LAST_NUMBER // 2)).all(), "rises, but where it starts again"


@given(st.integers(60, 300), st.integers(0, 50))
def test_red_letters_correct_a_valid_invoice_of_the_same_parties(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    plain = some_trades(count, seed)
    blue = with_voids(plain, np.full((9, 12), 0.3), YEAR, rng)
    both = with_red_letters(blue, 12, 9, YEAR, rng)
    trades, _ = numbered(both, rng)
    red = np.flatnonzero(trades.corrects != CORRECTS_NOTHING)
    original = trades.corrects[red]
    assert len(red) == 6, "each takes a row in two books"
    assert len(np.unique(original)) == len(red)
    assert (trades.corrects[original] == CORRECTS_NOTHING).all()
    assert (trades.void_day[original] == NOT_VOIDED).all()
    assert (trades.seller[red] == trades.seller[original]).all()
    assert (trades.buyer[red] == trades.buyer[original]).all()
    assert (trades.day[red] > trades.day[original]).all()
    assert (trades.day[red] < YEAR.days).all()
    assert (trades.amount[red] < 0).all()
    assert (-trades.amount[red] <= trades.amount[original]).all()
    assert (trades.percent[red] == trades.percent[original]).all()


def test_planted_invoices_are_never_corrected() -> None:
    ring = trades_of(*(np.arange(50) for _ in range(4)), kind=RING)
    rng = np.random.default_rng(2)
    assert len(with_red_letters(concat(some_trades(50, 1), ring), 20, 9, YEAR, rng)) > 100
    assert len(with_red_letters(ring, 20, 9, YEAR, rng)) == 50


@given(st.lists(st.integers(0, 364), min_size=1, max_size=50), st.integers(0, 50))
def test_invoices_are_voided_within_the_month_of_issue(days: list[int], seed: int) -> None:
    day = np.array(days)
    void_day = draw_void_days(day, YEAR, np.random.default_rng(seed))
    assert (void_day >= day).all()
    assert (YEAR.month_of_day[void_day] == YEAR.month_of_day[day]).all()


def test_the_share_of_voids_is_the_rate_given() -> None:
    rate = np.full((9, 12), 0.25)
    trades = with_voids(some_trades(20_000, 3), rate, YEAR, np.random.default_rng(3))
    assert abs((trades.void_day != NOT_VOIDED).mean() - 0.25) < 0.02
