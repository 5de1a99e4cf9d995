"""Money first, goods later: goods follow deposits, the core answers for the rest."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from headrace.contracts.instruments import shipping
from headrace.contracts.instruments.shipping import Prepaid, ShippingRefusal
from headrace.contracts.instruments.words import words

DAY, DUE = date(2026, 3, 2), date(2026, 9, 1)
DEAL = Prepaid("X1", "dealer", "core", 1_000_000_00, Decimal("0.3"), DUE)


def started():
    return shipping.start(DEAL, 300_000_00, DAY).state


def balances(moves):
    found = {}
    for move in moves:
        found[move.debit] = found.get(move.debit, 0) + move.amount
        found[move.credit] = found.get(move.credit, 0) - move.amount
    return {role: amount for role, amount in found.items() if amount}


def test_a_third_of_the_goods_never_sold_is_bought_back():
    """300 thousand deposited, 400 thousand added, 300 thousand of goods stay with the core."""
    first = shipping.start(DEAL, 300_000_00, DAY)
    assert shipping.release(first.state, 300_000_01).refusal is ShippingRefusal.BEYOND_DEPOSIT
    deal = shipping.release(first.state, 300_000_00).state
    assert shipping.ship(deal, 300_000_01).refusal is ShippingRefusal.BEYOND_RELEASE
    deal = shipping.ship(deal, 300_000_00).state
    more = shipping.add_deposit(deal, 400_000_00, DAY)
    deal = shipping.ship(shipping.release(more.state, 400_000_00).state, 400_000_00).state
    assert (deal.uncovered, deal.with_core) == (300_000_00, 300_000_00)
    assert shipping.settle(deal, DAY).refusal is ShippingRefusal.NOT_YET_DUE
    due = shipping.settle(deal, DUE)
    assert due.detail == "30000000"
    back = shipping.buy_back(due.state, 300_000_00, DUE)
    assert back.state.loan == 0
    moves = [*first.movements, *more.movements, *due.movements, *back.movements]
    assert balances(moves) == {"cash": 1_000_000_00, "controlled_payment": -1_000_000_00}


def test_the_core_can_be_told_to_stop():
    held = shipping.stop(shipping.release(started(), 100).state).state
    assert shipping.ship(held, 1).refusal is ShippingRefusal.SHIPPING_STOPPED
    assert shipping.release(held, 1).refusal is ShippingRefusal.SHIPPING_STOPPED
    assert shipping.ship(shipping.resume(held).state, 1).done


def test_what_cannot_be():
    assert shipping.start(DEAL, 299_999_99, DAY).refusal is ShippingRefusal.DEPOSIT_TOO_SMALL
    assert shipping.start(DEAL, 1_000_000_01, DAY).refusal is ShippingRefusal.MORE_THAN_LOAN
    assert shipping.start(started(), 300_000_00, DAY).refusal is ShippingRefusal.ALREADY_OPENED
    assert shipping.add_deposit(DEAL, 1, DAY).refusal is ShippingRefusal.NOT_OPENED
    assert shipping.add_deposit(started(), 700_000_01, DAY).refusal == "more_than_loan"
    assert shipping.buy_back(started(), 1, DAY).refusal is ShippingRefusal.NOT_YET_DUE
    done = shipping.settle(started(), DUE).state
    assert shipping.release(done, 1).refusal is ShippingRefusal.SETTLED_ALREADY
    assert shipping.buy_back(done, 700_000_01, DUE).refusal is ShippingRefusal.MORE_THAN_OWED
    for act in (shipping.release, shipping.ship):
        assert act(started(), 0).refusal is ShippingRefusal.AMOUNT_NOT_POSITIVE


acts = st.lists(
    st.tuples(
        st.sampled_from(("add_deposit", "release", "ship", "stop", "resume", "settle", "buy_back")),
        st.integers(0, 60),
    ),
    max_size=40,
)


@given(acts)
def test_the_core_always_has_goods_for_what_is_not_covered(steps):
    deal = shipping.start(Prepaid("X", "d", "c", 100, Decimal("0.3"), DUE), 30, DAY).state
    moves = list(
        shipping.start(Prepaid("X", "d", "c", 100, Decimal("0.3"), DUE), 30, DAY).movements
    )
    for kind, amount in steps:
        if kind in ("stop", "resume"):
            outcome = getattr(shipping, kind)(deal)
        elif kind == "settle":
            outcome = shipping.settle(deal, DUE)
        elif kind in ("release", "ship"):
            outcome = getattr(shipping, kind)(deal, amount)
        else:
            outcome = getattr(shipping, kind)(deal, amount, DAY)
        deal, moves = outcome.state, [*moves, *outcome.movements]
        assert deal.shipped <= deal.released <= deal.deposit <= deal.amount
        assert 0 <= deal.uncovered <= deal.with_core
        found = balances(moves)
        assert found.get("loan_principal", 0) == deal.loan
        held = 0 if deal.settled else deal.deposit
        assert -found.get("margin_deposit_held", 0) == held


def test_refusals_have_words():
    assert all(words(each).zh for each in ShippingRefusal)


def test_the_core_is_paid_once_and_only_what_was_drawn():
    assert shipping.pay_core(DEAL, DAY).refusal is ShippingRefusal.NOT_OPENED
    paid = shipping.pay_core(started(), DAY)
    assert balances(paid.movements) == {"controlled_payment": DEAL.amount, "cash": -DEAL.amount}
    assert paid.state.paid
    assert shipping.pay_core(paid.state, DAY).refusal is ShippingRefusal.PAID_ALREADY
