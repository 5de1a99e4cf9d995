"""Warehouse receipts: held, freed by value, split, merged, counted short; never pledged twice."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.instruments import receipts
from headrace.contracts.instruments.receipts import (
    Pledge,
    Prices,
    Receipt,
    ReceiptRefusal,
    ReceiptState,
    Store,
)
from headrace.contracts.instruments.words import words

DAY = date(2026, 3, 2)
PRICES = Prices({("silicon", "4210"): 16_000_00})
SILICON = Receipt(
    "W1", "maker", "silicon", "4210", 600_000, "Kunming 3", "A-07", "keeper", DAY, "B9"
)
"""600 tonnes at 16,000 yuan a tonne: 9.6 million."""


def pledged(loan=6_720_000_00, rate="0.7"):
    store = receipts.issue(Store(), SILICON).state
    terms = Pledge("Z1", "bank", "maker", Decimal(rate), loan)
    return receipts.pledge(store, terms, ["W1"], PRICES, DAY)


def test_a_pledge_is_worth_its_floor_from_the_beginning():
    outcome = pledged()
    (move,) = outcome.movements
    assert (move.debit, move.credit, move.amount) == (
        "collateral_held", "memorandum", 9_600_000_00,
    )  # fmt: skip
    assert receipts.cover(outcome.state, "Z1", PRICES).spare == 0
    more = pledged(loan=6_720_000_01)
    assert (more.refusal, more.detail) == (ReceiptRefusal.BELOW_FLOOR, "2")


def test_each_repayment_frees_goods():
    """A repayment of 1.12 million at 70 % frees goods of 1.6 million: 100 tonnes."""
    store = receipts.repay(pledged().state, "Z1", 1_120_000_00).state
    store = receipts.split(store, "W1", 100_001).state
    assert receipts.release(store, "W1/0", PRICES, DAY).refusal is ReceiptRefusal.BELOW_FLOOR
    store = receipts.split(store, "W1/0", 100_000).state
    freed = receipts.release(store, "W1/0/0", PRICES, DAY)
    assert [move.amount for move in freed.movements] == [1_600_000_00]
    taken = receipts.deliver(freed.state, "W1/0/0", "maker").state
    assert taken.receipts["W1/0/0"].state is ReceiptState.DELIVERED
    assert receipts.deliver(taken, "W1/1", "maker").refusal is ReceiptRefusal.IS_HELD
    assert receipts.cover(taken, "Z1", PRICES).short == 0


def test_an_agreed_floor_holds_until_nothing_is_owed():
    terms = Pledge("Z1", "bank", "maker", Decimal("0.7"), 100, floor_agreed=5_000)
    assert terms.floor == 5_000
    assert replace(terms, loan=0).floor == 0


def test_a_falling_price_asks_for_more():
    lower = Prices({("silicon", "4210"): 15_000_00})
    found = receipts.cover(pledged().state, "Z1", lower)
    assert (found.value, found.floor, found.short) == (9_000_000_00, 9_600_000_00, 600_000_00)
    assert receipts.cover(pledged().state, "Z1", Prices({})) is None


def test_sensors_find_less_than_the_receipt_says():
    found = receipts.count(pledged().state, "W1", 590_000, "CNY", DAY)
    assert found.detail == "10000"
    assert [(m.debit, m.amount) for m in found.movements] == [("memorandum", 160_000_00)]
    assert receipts.cover(found.state, "Z1", PRICES).short == 160_000_00
    assert receipts.count(found.state, "W1", 590_000, "CNY", DAY).movements == ()
    assert receipts.count(found.state, "W1", 590_001, "CNY", DAY).refusal == "counted_more"
    gone = receipts.count(found.state, "W1", 0, "CNY", DAY).state
    assert gone.receipts["W1"].state is ReceiptState.LOST


def test_a_receipt_is_not_pledged_twice():
    store = pledged().state
    again = Pledge("Z2", "other bank", "maker", Decimal("0.7"), 1)
    outcome = receipts.pledge(store, again, ["W1"], PRICES, DAY)
    assert (outcome.refusal, outcome.detail) == (ReceiptRefusal.IS_HELD, "Z1")
    assert outcome.state is store
    split = receipts.split(store, "W1", 1).state
    assert receipts.pledge(split, again, ["W1/0"], PRICES, DAY).refusal is ReceiptRefusal.IS_HELD
    assert receipts.pledge(split, again, ["W1"], PRICES, DAY).refusal == "receipt_ended"


def test_a_number_stands_for_one_receipt_for_ever():
    store = receipts.issue(Store(), SILICON).state
    assert receipts.issue(store, SILICON).refusal is ReceiptRefusal.RECEIPT_EXISTS
    gone = receipts.deliver(store, "W1", "maker").state
    assert receipts.issue(gone, SILICON).refusal is ReceiptRefusal.RECEIPT_EXISTS


def test_only_like_goods_are_merged():
    store = receipts.issue(Store(), SILICON).state
    store = receipts.issue(store, replace(SILICON, id="W2", quantity=5)).state
    store = receipts.issue(store, replace(SILICON, id="W3", location="A-08")).state
    assert receipts.merge(store, ("W1", "W3"), "W9").refusal is ReceiptRefusal.NOT_ALIKE
    assert receipts.merge(store, ("W1", "W1"), "W9").refusal is ReceiptRefusal.NOT_ALIKE
    assert receipts.merge(store, ("W1", "W2"), "W3").refusal is ReceiptRefusal.RECEIPT_EXISTS
    whole = receipts.merge(store, ("W1", "W2"), "W9").state
    assert whole.receipts["W9"].quantity == 600_005
    assert receipts.merge(whole, ("W1", "W3"), "W8").refusal is ReceiptRefusal.RECEIPT_ENDED


def test_what_cannot_be():
    store = receipts.issue(Store(), SILICON).state
    terms = Pledge("Z1", "bank", "somebody", Decimal("0.7"), 1)
    assert receipts.pledge(store, terms, ["W1"], PRICES, DAY).refusal == "not_the_owner"
    own = replace(terms, owner="maker")
    assert receipts.pledge(store, own, ["W1"], Prices({}), DAY).refusal == "price_missing"
    assert receipts.pledge(store, own, ["W7"], PRICES, DAY).refusal == "receipt_unknown"
    assert receipts.pledge(pledged().state, own, ["W1"], PRICES, DAY).refusal == "pledge_exists"
    assert receipts.issue(store, replace(SILICON, id="W2", quantity=0)).refusal
    assert receipts.split(store, "W1", 600_000).refusal is ReceiptRefusal.MORE_THAN_THERE
    assert receipts.split(store, "W1", 0).refusal is ReceiptRefusal.QUANTITY_NOT_POSITIVE
    assert receipts.release(store, "W1", PRICES, DAY).refusal is ReceiptRefusal.NOT_HELD
    assert receipts.deliver(store, "W1", "thief").refusal is ReceiptRefusal.NOT_THE_OWNER
    assert receipts.repay(store, "Z1", 1).refusal is ReceiptRefusal.PLEDGE_UNKNOWN
    assert receipts.repay(pledged().state, "Z1", 0).refusal is ReceiptRefusal.MORE_THAN_LOAN
    assert receipts.count(store, "W1", -1, "CNY", DAY).refusal == "quantity_not_positive"


steps = st.lists(
    st.tuples(
        st.sampled_from(("split", "release", "repay", "count", "deliver", "merge")),
        st.integers(0, 9), st.integers(1, 400_000),
    ),
    max_size=25,
)  # fmt: skip


@given(steps)
@settings(max_examples=60)
def test_goods_and_books_add_up_whatever_happens(acts):
    """Quantity is never made, what is held is worth the floor, the ledger knows what is held."""
    outcome = pledged(loan=4_000_000_00)
    store, moves, lost = outcome.state, list(outcome.movements), 0
    for kind, which, amount in acts:
        live = [each for each in store.receipts.values() if each.state is ReceiptState.LIVE]
        if not live:
            break
        one, two = live[which % len(live)], live[(which + 1) % len(live)]
        before = receipts.cover(store, "Z1", PRICES)
        if kind == "split":
            outcome = receipts.split(store, one.id, amount)
        elif kind == "release":
            outcome = receipts.release(store, one.id, PRICES, DAY)
        elif kind == "repay":
            outcome = receipts.repay(store, "Z1", amount * 100)
        elif kind == "count":
            outcome = receipts.count(store, one.id, max(one.quantity - amount, 0), "CNY", DAY)
            lost += int(outcome.detail or 0)
        elif kind == "merge":
            outcome = receipts.merge(store, (one.id, two.id), f"M{len(store.receipts)}")
        else:
            outcome = receipts.deliver(store, one.id, "maker")
        store, moves = outcome.state, [*moves, *outcome.movements]
        counted = (ReceiptState.LIVE, ReceiptState.DELIVERED)
        there = sum(each.quantity for each in store.receipts.values() if each.state in counted)
        assert there + lost == 600_000
        held = sum(each.booked for each in store.held("Z1"))
        booked = sum(m.amount if m.debit == "collateral_held" else -m.amount for m in moves)
        assert booked == held
        if outcome.done and kind in ("release", "deliver") and before.short == 0:
            assert receipts.cover(store, "Z1", PRICES).short == 0


def test_refusals_have_words():
    assert all(words(each).zh for each in ReceiptRefusal)
