"""Drawing against orders: each draw a real order, no order twice, returns lower the ceiling."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from headrace.contracts.instruments import orders
from headrace.contracts.instruments.orders import Order, OrderRefusal, Orders
from headrace.contracts.instruments.words import words

ORDER = Order("PO-7", "dealer", "core", 100_000_00, Decimal("0.7"))
BOOK = orders.enter(Orders(), ORDER).state


def test_a_draw_is_bounded_by_its_order():
    first = orders.draw(BOOK, "d1", "PO-7", 50_000_00)
    assert first.done
    assert first.state.orders["PO-7"].room == 20_000_00
    second = orders.draw(first.state, "d2", "PO-7", 20_000_01)
    assert (second.refusal, second.detail) == (OrderRefusal.OVER_FINANCED_SHARE, "2000000")
    assert orders.draw(BOOK, "d1", "PO-9", 1).refusal is OrderRefusal.ORDER_UNKNOWN
    assert orders.draw(BOOK, "d1", "PO-7", 0).refusal is OrderRefusal.AMOUNT_NOT_POSITIVE


def test_the_same_draw_is_made_once():
    once = orders.draw(BOOK, "d1", "PO-7", 50_000_00).state
    again = orders.draw(once, "d1", "PO-7", 50_000_00)
    assert again.done
    assert again.state is once
    assert orders.draw(once, "d1", "PO-7", 1).refusal is OrderRefusal.KEY_TAKEN


def test_no_order_is_entered_twice():
    assert orders.enter(BOOK, ORDER).refusal is OrderRefusal.ORDER_EXISTS
    wrong = Order("PO-8", "dealer", "core", 1, Decimal("1.1"))
    assert orders.enter(BOOK, wrong).refusal is OrderRefusal.SHARE_OUT_OF_RANGE
    empty = Order("PO-8", "dealer", "core", 0, Decimal(1))
    assert orders.enter(BOOK, empty).refusal is OrderRefusal.AMOUNT_NOT_POSITIVE


def test_goods_sent_back_leave_an_excess_to_repay():
    book = orders.draw(BOOK, "d1", "PO-7", 70_000_00).state
    book = orders.deliver(book, "PO-7", 80_000_00).state
    back = orders.send_back(book, "PO-7", 10_000_00)
    assert back.detail == "700000"
    assert back.state.orders["PO-7"].excess == 7_000_00
    assert orders.send_back(back.state, "PO-7", 70_000_01).refusal == "more_than_delivered"
    assert orders.deliver(back.state, "PO-7", 20_000_01).refusal == "more_than_ordered"


def test_nothing_is_drawn_on_a_closed_order():
    closed = orders.close(BOOK, "PO-7").state
    assert closed.orders["PO-7"].room == 0
    assert orders.draw(closed, "d1", "PO-7", 1).refusal is OrderRefusal.ORDER_CLOSED
    assert orders.close(closed, "PO-9").refusal is OrderRefusal.ORDER_UNKNOWN


steps = st.lists(
    st.tuples(st.sampled_from(("draw", "deliver", "send_back")), st.integers(0, 90)), max_size=30
)


@given(steps, st.decimals("0.01", 1, places=2))
def test_draws_never_exceed_what_the_order_allowed_when_drawn(acts, share):
    book = orders.enter(Orders(), Order("A", "b", "s", 100, share)).state
    for number, (kind, amount) in enumerate(acts):
        before = book.orders["A"]
        if kind == "draw":
            outcome = orders.draw(book, str(number), "A", amount)
            if outcome.done:
                assert outcome.state.orders["A"].drawn <= before.ceiling
        else:
            outcome = getattr(orders, kind)(book, "A", amount)
        book = outcome.state
        order = book.orders["A"]
        assert 0 <= order.returned <= order.delivered <= order.amount
        assert order.drawn == sum(amount for _, amount in book.draws.values())


def test_refusals_have_words():
    assert all(words(each).zh for each in OrderRefusal)
