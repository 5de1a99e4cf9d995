"""Basis trades: the three published cases, fixing, marking, hedging, delivery, margin locked."""

import csv
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import basis_reference
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.contracts.basis import delivery, hedge, sale
from headrace.contracts.basis.delivery import DeliveryRefusal
from headrace.contracts.basis.exchanges import amount_of, contract, contracts, part_up
from headrace.contracts.basis.hedge import HedgeRefusal, Position
from headrace.contracts.basis.locked import earned, locked, lots_for
from headrace.contracts.basis.sale import Fixer, Quote, Sale, SaleRefusal, Terms
from headrace.contracts.basis.words import words
from headrace.errors import InputError
from headrace.money import to_minor

TABLE = Path(__file__).parents[2] / "data" / "contracts" / "basis_cases.csv"
FROM, UNTIL = date(2024, 3, 1), date(2024, 3, 29)
SI, LC = contract("SI", date(2024, 5, 1)), contract("LC", date(2024, 1, 1))
TERMS = Terms(
    "K1", "trader", "maker", "SI2405", 203_000, 2_100_00, Fixer.BUYER, FROM, UNTIL,
    provisional=16_500_00, lot_kilograms=5_000, tick_minor=5_00,
)  # fmt: skip


def cases():
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        case: {row["item"]: row for row in part}
        for case, part in groupby(rows, key=lambda row: row["case"])
    }


def fen(rows, item):
    return to_minor(Decimal(rows[item]["value"]), "CNY")


def net(moves, role):
    """Debits less credits of a role."""
    return sum(m.amount * ((m.debit == role) - (m.credit == role)) for m in moves)


def hedged(futures, lots, prices):
    """A short position opened at the first price and closed at the last, marked between."""
    position = Position(futures, Decimal("0.1"))
    outcome = hedge.trade(position, -lots, prices[0], FROM)
    moves = list(outcome.movements)
    for price in prices[1:-1]:
        outcome = hedge.mark(outcome.state, price, FROM)
        moves += outcome.movements
    outcome = hedge.trade(outcome.state, lots, prices[-1], UNTIL)
    return outcome.state, [*moves, *outcome.movements]


@pytest.mark.parametrize("case", cases())
def test_published_cases(case):
    """Their own numbers, and the result under assumptions that the table marks as ours."""
    rows = cases()[case]
    kilograms = int(rows["quantity"]["value"]) * 1000
    futures = SI if rows["futures"]["value"].startswith("SI") else LC
    terms = Terms(
        case, "trader", "maker", rows["futures"]["value"], kilograms, fen(rows, "premium"),
        Fixer.BUYER, FROM, UNTIL, fen(rows, "provisional"), tick_minor=futures.tick_minor,
    )  # fmt: skip
    invoiced = sale.invoice(Sale(terms), FROM)
    quote = Quote(terms.futures, UNTIL, fen(rows, "fixed_at"))
    fixed = sale.fix(invoiced.state, quote, kilograms, Fixer.BUYER).state
    assert fixed.final_price == fen(rows, "final_price")
    assert fixed.fixed_amount == fen(rows, "amount")
    cost, sold_at = fen(rows, "cost"), fen(rows, "hedged_at")
    lock = locked(terms, futures, cost, sold_at)
    assert (lock.lots, lock.open_kilograms) == (
        int(rows["lots"]["value"]),
        int(rows["open"]["value"]),
    )
    assert lock.margin == fen(rows, "margin")
    position, futures_moves = hedged(futures, lock.lots, [sold_at, quote.price])
    result = earned(fixed, cost, sold_at, position.gained)
    assert result.total == fen(rows, "total")
    assert result.by_open == result.total - lock.amount
    settled = sale.settle(fixed, amount_of(kilograms, cost), UNTIL)
    moves = [*invoiced.movements, *settled.movements, *futures_moves]
    assert -net(moves, "trading_gain") - net(moves, "trading_loss") == result.total
    assert net(moves, "margin_deposit_held") == 0
    assert net(settled.movements, "cash") + fixed.provisional_amount == fen(rows, "amount")


def test_lithium_is_delivered_as_exchange_receipts():
    """300 t in battery grade against 300 lots at 123,550; industrial grade gets 25,000 less."""
    done = delivery.deliver(LC, "battery", 300_000, 300, 123_550_00)
    assert (done.lots, done.amount, done.left) == (300, 37_065_000_00, 0)
    other = delivery.deliver(LC, "industrial", 300_500, 300, 123_550_00)
    assert (other.price, other.kilograms, other.left) == (98_550_00, 300_000, 500)


def test_silicon_is_delivered_in_ten_tonnes_and_4210_earns_its_premium():
    done = delivery.deliver(SI, "4210", 203_000, 41, 14_235_00)
    assert (done.kilograms, done.left, done.lots) == (200_000, 3_000, 40)
    assert done.price == 16_235_00
    assert delivery.deliver(SI, "553", 203_000, 41, 1) is DeliveryRefusal.GRADE_NOT_DELIVERABLE
    assert delivery.deliver(SI, "4210", 9_999, 41, 1) is DeliveryRefusal.NOT_A_WHOLE_UNIT
    assert delivery.deliver(SI, "4210", 203_000, 39, 1) is DeliveryRefusal.MORE_THAN_SHORT


def test_terms_of_exchanges_are_dated():
    assert SI.grades["4210"] == 2_000_00
    assert contract("SI", date(2024, 12, 2)).grades["4210"] == 800_00
    assert all(not each.verified and each.read for each in contracts())
    with pytest.raises(InputError, match="no terms of XX"):
        contract("XX", date(2024, 1, 1))


def test_fixing_in_lots_within_the_window_by_the_one_who_may():
    first = sale.fix(Sale(TERMS), Quote("SI2405", FROM, 14_235_00), 100_000, Fixer.BUYER)
    assert first.state.open_kilograms == 103_000
    assert first.state.final_price is None
    quote = Quote("SI2405", UNTIL, 14_000_00)
    whole = sale.fix(
        first.state, quote, 103_000, Fixer.BUYER
    ).state  # the last need be no whole lot
    assert whole.final_price == (100 * Decimal(16_335_00) + 103 * Decimal(16_100_00)) / 203
    assert whole.fixed_amount == 100 * 16_335_00 + 103 * 16_100_00


@pytest.mark.parametrize(
    ("quote", "kilograms", "by", "refusal"),
    [
        (Quote("SI2406", FROM, 14_235_00), 5_000, Fixer.BUYER, SaleRefusal.OTHER_FUTURES),
        (Quote("SI2405", FROM, 14_236_00), 5_000, Fixer.BUYER, SaleRefusal.PRICE_OFF_TICK),
        (Quote("SI2405", date(2024, 2, 29), 14_235_00), 5_000, Fixer.BUYER, "outside_window"),
        (Quote("SI2405", date(2024, 3, 30), 14_235_00), 5_000, Fixer.BUYER, "outside_window"),
        (Quote("SI2405", FROM, 14_235_00), 5_000, Fixer.SELLER, SaleRefusal.NOT_THE_FIXER),
        (Quote("SI2405", FROM, 14_235_00), 0, Fixer.BUYER, SaleRefusal.QUANTITY_NOT_POSITIVE),
        (Quote("SI2405", FROM, 14_235_00), 203_001, Fixer.BUYER, SaleRefusal.MORE_THAN_OPEN),
        (Quote("SI2405", FROM, 14_235_00), 4_999, Fixer.BUYER, SaleRefusal.NOT_WHOLE_LOTS),
    ],
)
def test_what_cannot_be_fixed(quote, kilograms, by, refusal):
    before = Sale(TERMS)
    outcome = sale.fix(before, quote, kilograms, by)
    assert outcome.refusal == refusal
    assert outcome.state is before


def test_what_nobody_fixed_is_fixed_at_the_last_settlement():
    rest = sale.fix_rest(Sale(TERMS), Quote("SI2405", UNTIL, 13_000_00))
    assert rest.state.final_price == 15_100_00
    early = Quote("SI2405", UNTIL - timedelta(1), 13_000_00)
    assert sale.fix_rest(Sale(TERMS), early).refusal is SaleRefusal.WINDOW_STILL_OPEN
    late = Quote("SI2405", UNTIL + timedelta(1), 13_000_00)
    assert sale.fix_rest(Sale(TERMS), late).refusal is SaleRefusal.OUTSIDE_WINDOW
    again = sale.fix_rest(rest.state, Quote("SI2405", UNTIL, 13_000_00))
    assert again.refusal is SaleRefusal.MORE_THAN_OPEN


def test_the_buyer_tops_up_when_the_market_runs_away():
    """Paid at 16,500; the market at 17,100 leaves 600 a tonne uncovered."""
    terms = replace(TERMS, kilograms=100_000, margin_share=Decimal("0.05"), call_least=10_000_00)
    before = sale.mark(Sale(terms), 15_000_00)
    assert (before.value, before.margin_needed) == (1_710_000_00, 85_500_00)
    paid = sale.invoice(Sale(terms), FROM).state
    found = sale.mark(paid, 15_000_00)
    assert (found.over_provisional, found.call) == (60_000_00, 145_500_00)
    more = sale.top_up(paid, 140_000_00, FROM)
    assert [(m.debit, m.credit) for m in more.movements] == [("cash", "margin_deposit_held")]
    assert sale.mark(more.state, 15_000_00).call == 0  # 5,500 is too small to be called
    lower = sale.mark(paid, 10_000_00)
    assert (lower.margin_needed, lower.call) == (0, 0)


def test_a_lower_final_price_gives_money_back_and_margin_counts():
    paid = sale.top_up(sale.invoice(Sale(TERMS), FROM).state, 10_000_00, FROM).state
    fixed = sale.fix_rest(paid, Quote("SI2405", UNTIL, 14_235_00)).state
    done = sale.settle(fixed, 3_400_000_00, UNTIL)
    assert net(done.movements, "cash") == -(203 * 165_00 + 10_000_00)
    assert net(done.movements, "goods") == -3_400_000_00
    assert net(done.movements, "trading_loss") == 3_400_000_00 - 3_316_005_00
    assert sale.settle(done.state, 1, UNTIL).refusal is SaleRefusal.SETTLED_ALREADY
    assert sale.top_up(done.state, 1, UNTIL).refusal is SaleRefusal.SETTLED_ALREADY


def test_no_step_of_a_sale_is_skipped():
    assert sale.settle(Sale(TERMS), 1, UNTIL).refusal is SaleRefusal.NOT_INVOICED
    paid = sale.invoice(Sale(TERMS), FROM).state
    assert sale.settle(paid, 1, UNTIL).refusal is SaleRefusal.NOT_FIXED
    assert sale.invoice(paid, FROM).refusal is SaleRefusal.INVOICED_ALREADY
    assert sale.top_up(paid, 0, FROM).refusal is SaleRefusal.QUANTITY_NOT_POSITIVE


def test_a_short_position_is_called_when_the_price_rises():
    """120 lots of silicon, 600 t, sold at 16,550; a rise of 100 costs 60,000 on the day."""
    position = Position(SI, Decimal("0.10"))
    sold = hedge.trade(position, -120, 16_550_00, FROM).state
    assert sold.call == sold.needed == 993_000_00
    paid = hedge.pay_in(sold, 993_000_00, FROM)
    assert [(m.debit, m.credit) for m in paid.movements] == [("margin_deposit_paid", "cash")]
    up = hedge.mark(paid.state, 16_650_00, FROM)
    assert [(m.debit, m.amount) for m in up.movements] == [("trading_loss", 60_000_00)]
    assert up.state.call == 60_000_00 + 6_000_00
    down = hedge.mark(up.state, 16_000_00, FROM).state
    free = down.account - down.needed
    assert hedge.take_out(down, free + 1, FROM).refusal is HedgeRefusal.MORE_THAN_FREE
    assert hedge.take_out(down, free, FROM).state.call == 0
    assert down.gained == 600 * 550_00
    assert hedge.mark(down, 16_001_00, FROM).refusal is HedgeRefusal.PRICE_OFF_TICK
    assert hedge.trade(down, 1, 0, FROM).refusal is HedgeRefusal.PRICE_NOT_POSITIVE
    assert hedge.pay_in(down, 0, FROM).refusal is HedgeRefusal.AMOUNT_NOT_POSITIVE
    assert hedge.take_out(down, 0, FROM).refusal is HedgeRefusal.AMOUNT_NOT_POSITIVE


ticks = st.integers(1_000, 5_000).map(lambda steps: steps * 5_00)
paths = st.lists(ticks, min_size=2, max_size=12)


@given(st.integers(1, 400), paths, paths, ticks, st.integers(-3_000_00, 3_000_00))
def test_the_margin_does_not_depend_on_the_path_of_futures(lots, one, other, cost, premium):
    """Hedged one to one, two paths from the same beginning earn the same, to the cent."""
    terms = replace(TERMS, kilograms=lots * 5_000, premium=premium)
    totals = []
    for path in (one, [one[0], *other[1:]]):
        fixed = sale.fix_rest(Sale(terms), Quote("SI2405", UNTIL, path[-1])).state
        position, _ = hedged(SI, lots, path)
        totals.append(earned(fixed, cost, path[0], position.gained))
    lock = locked(terms, SI, cost, one[0])
    assert totals[0].total == totals[1].total == lock.amount
    assert totals[0].by_open == lock.swing == 0


@given(
    st.lists(st.tuples(st.integers(1, 60_000), ticks), min_size=1, max_size=6),
    ticks, ticks, st.integers(-3_000_00, 3_000_00),
)  # fmt: skip
def test_fixings_in_parts_earn_what_the_twin_says(fixings, cost, sold_at, premium):
    quantity = sum(kg for kg, _ in fixings)
    terms = replace(TERMS, kilograms=quantity, premium=premium, lot_kilograms=1)
    state, lots = Sale(terms), lots_for(SI, quantity)
    position = hedge.trade(Position(SI, Decimal("0.1")), -lots, sold_at, FROM).state
    for kg, price in fixings:
        state = sale.fix(state, Quote("SI2405", UNTIL, price), kg, Fixer.BUYER).state
    position = hedge.trade(position, lots, fixings[-1][1], UNTIL).state
    alone = [(quantity, fixings[-1][1])]
    goods, _ = basis_reference.earned(quantity, fixings, cost, premium, (0, sold_at))
    _, futures = basis_reference.earned(quantity, alone, cost, premium, (lots * 5_000, sold_at))
    result = earned(state, cost, sold_at, position.gained)
    assert result.futures == futures
    assert abs(result.goods - goods) <= Decimal(len(fixings) + 1) / 2  # each part is rounded once
    assert result.total == result.goods + result.futures


@given(st.integers(-(10**12), 10**12), st.integers(-(10**9), 10**9))
def test_amounts_are_rounded_half_up(kilograms, price):
    assert amount_of(kilograms, price) == basis_reference.amount(kilograms, price)
    assert part_up(abs(price), Decimal("0.07")) == -(-abs(price) * 7 // 100)


def test_what_is_left_open_moves_with_the_price():
    """203 t against 41 lots: each tick of 5 yuan up costs 10 yuan on the 2 t too many."""
    lock = locked(TERMS, SI, 16_100_00, 14_300_00)
    assert (lock.hedged_kilograms, lock.open_kilograms, lock.swing) == (203_000, -2_000, -10_00)
    assert lots_for(SI, 202_500) == 40
    assert lots_for(SI, 202_501) == 41


def test_refusals_have_words():
    for kind in (SaleRefusal, HedgeRefusal, DeliveryRefusal):
        assert all(words(each).zh and words(each).en for each in kind)
