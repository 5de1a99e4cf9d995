"""A basis sale as it goes along: whatever the prices, what is locked is earned, and books agree."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.basis.exchanges import amount_of
from headrace.errors import MappingError
from headrace.workflows.basis import delivery_result, run_basis
from headrace.workflows.basis_case import lots_sold, read_basis, with_fixed_price

FIRST = date(2024, 3, 1)
ticks = st.integers(2_000, 4_000)  # of 5 yuan: futures from 10,000 to 20,000 yuan a tonne


def case(tonnes, fixings, settlements, sold=14_000, **more):
    """A case whose window ends with the last settlement."""
    last = FIRST + timedelta(days=len(settlements) - 1)
    text = {
        "cost": 13_000,
        "sale": {
            "id": "K", "seller": "s", "buyer": "b", "futures": "SI2405", "tonnes": tonnes,
            "premium": 300, "provisional": 14_100, "window_from": FIRST, "window_until": last,
            "margin": "0.07", **more,
        },
        "hedge": {"sold_at": sold, "on": FIRST, "margin": "0.1"},
        "price": [
            {"on": FIRST + timedelta(days=at), "settlement": each}
            for at, each in enumerate(settlements)
        ],
        "fixing": [
            {"on": FIRST + timedelta(days=at), "price": price, "tonnes": part}
            for at, price, part in fixings
        ],
    }  # fmt: skip
    return read_basis(text, "case.toml")


@st.composite
def trades(draw):
    """Quantities in tonnes, fixed in parts on random days; the rest at the last settlement."""
    tonnes = draw(st.integers(1, 700))
    settlements = [5 * draw(ticks) for _ in range(draw(st.integers(2, 6)))]
    left, fixings = tonnes, []
    for at in range(len(settlements)):
        part = draw(st.integers(0, left))
        if part:
            fixings.append((at, 5 * draw(ticks), part))
            left -= part
    return case(tonnes, fixings, settlements, sold=5 * draw(ticks))


@settings(deadline=None, max_examples=60)
@given(trades())
def test_books_agree_with_the_result_whatever_the_prices(given_case):
    trade = run_basis(given_case)
    assert trade.refused == ()
    assert trade.sale.settled
    assert trade.earned.total == trade.gain_booked
    assert trade.days[-1].lots == 0, "as many lots are bought back as were sold"
    net = {}
    for move in trade.movements:
        net[move.debit] = net.get(move.debit, 0) + move.amount
        net[move.credit] = net.get(move.credit, 0) - move.amount
    assert net.get("margin_deposit_held", 0) == net.get("margin_deposit_paid", 0) == 0
    assert net["goods"] == -amount_of(given_case.terms.kilograms, given_case.cost)
    assert net["cash"] == trade.earned.futures + trade.sale.fixed_amount


@settings(deadline=None, max_examples=60)
@given(trades(), ticks)
def test_fixed_at_one_price_only_what_is_open_moves(given_case, tick):
    """The result is what is locked, and the open tonnes times what futures moved (docs/basis)."""
    price = tick * 500
    trade = run_basis(with_fixed_price(given_case, price))
    lock = trade.locked
    assert lock.lots == lots_sold(given_case)
    moved = amount_of(lock.open_kilograms, price - given_case.sold[2])
    assert trade.earned.by_open == moved
    assert trade.earned.total == trade.gain_booked


def test_the_buyer_is_called_for_what_it_has_not_paid():
    """100 t at 14,000 + 300; the provisional invoice covers 14,100; margin is 7 % of the value."""
    trade = run_basis(case(100, [(2, 15_000, 100)], [14_000, 14_500, 15_000]))
    first, second, third = trade.days
    value = 100 * 14_300_00
    assert (first.value, first.over_provisional) == (value, 100 * 200_00)
    assert first.called == value * 7 // 100 + 100 * 200_00
    assert second.called == 100 * 500_00 + 100 * 500_00 * 7 // 100
    assert third.called == 0
    assert (first.lots, third.lots) == (-20, 0)
    assert second.futures_gain == -20 * 5 * 500_00


def test_delivery_instead_earns_what_futures_and_grade_pay():
    given_case = case(203, [(1, 14_000, 203)], [14_000, 14_000], sold=14_500)
    assert run_basis(given_case).delivered is None
    assert delivery_result(run_basis(given_case)) is None
    trade = run_basis(replace(given_case, delivery=("4210", 14_200_00)))
    assert (trade.delivered.kilograms, trade.delivered.lots) == (200_000, 40)
    # 14,200 and 2,000 for the grade, 300 from futures, less 13,000.
    assert delivery_result(trade) == 200 * (14_200_00 + 2_000_00 + 300_00 - 13_000_00)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"tonnes": "1e9"}, "sale.tonnes"),
        ({"provisional": 0}, "sale.provisional is not above zero"),
        ({"premium": "1e12"}, "sale.premium"),
        ({"margin": 2}, "sale.margin"),
        ({"lot_tonnes": "0"}, "sale.lot_tonnes"),
        ({"window_from": date(1850, 1, 1)}, "sale.window_from"),
        ({"fixer": "nobody"}, "fixer"),
    ],
)
def test_terms_that_cannot_be_are_named(more, said):
    given_terms = {"tonnes": 100, **more}
    with pytest.raises(MappingError, match=said):
        case(fixings=[], settlements=[14_000, 14_000], **given_terms)
