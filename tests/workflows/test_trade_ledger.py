"""Acts of trade on a ledger: what waits is held, and nothing is spent or booked twice."""

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trade_sheets import DAY, PAYING, act, agreed, asked, entered, sheet

from headrace.adapters.stores.ledger import open_ledger
from headrace.errors import HeadraceError
from headrace.ledger import asof, chart
from headrace.ledger.book import State
from headrace.ledger.journal import InMemory, Ledger
from headrace.ledger.plaintext import posted
from headrace.ledger.transfer import Kind
from headrace.workflows.trade_acts import run_trade
from headrace.workflows.trade_ledger import TradeLedger, acts_of
from headrace.workflows.trade_orders import ORDERS
from headrace.workflows.trade_payments import PAYMENTS
from headrace.workflows.trade_shipping import SHIPPING

BANK = chart.shipped("bank")
CASH = BANK.account("cash").id
FUND = act("fund", amount=1_000_00)


def book(ledger, given, trade=PAYMENTS):
    """A sheet done on a ledger: desk and books."""
    books = TradeLedger(ledger, BANK, acts_of(trade, given), 1_000_000)
    return run_trade(trade, given, books.post), books


def told(ledger, *given, trade=PAYMENTS):
    desk, _ = book(ledger, sheet(*given), trade)
    return [each.answer for each in desk.steps]


def free(ledger):
    found = asof.balance(ledger.book, CASH)
    return found.debit - found.credits_held


def content(ledger):
    """Everything on a ledger but the times and the batches it came in."""
    tables = [table.drop_columns(["known_at"]) for table in posted(ledger)]
    return pa.concat_tables(tables).to_pylist() if tables else []


def check_sound(ledger, desk):
    """Debits equal credits, what waits is held, and each contract's accounts say how it stands."""
    trial = asof.trial_balance(ledger.book)
    assert (pc.sum(trial["balance"]).as_py() or 0) == 0
    assert ledger.verify() == ()
    waiting = sum(each.figures["waiting_minor"] for each in desk.stands.values())
    assert not desk.movements or asof.balance(ledger.book, CASH).credits_held == waiting
    assert not desk.movements or free(ledger) >= 0
    rows = {(row["code"], row["contract"]): row for row in trial.to_pylist()}
    for number, stand in desk.stands.items():
        waits = rows.get((BANK.code("controlled_payment"), number))
        if waits is not None:
            assert -waits["balance"] == waits["debits_held"] == stand.figures["waiting_minor"]
        loan = rows.get((BANK.code("loan_principal"), number))
        if loan is not None and "paid_minor" in stand.figures:
            owed = stand.figures["waiting_minor"] + stand.figures["paid_minor"]
            assert loan["balance"] == owed


def test_what_is_held_for_one_payee_cannot_be_drawn_for_another():
    ledger = Ledger(InMemory())
    other = asked("P2", amount=700_00)
    late = act("hold", payment="P2")
    given = (FUND, *PAYING[:2], other, late)
    assert told(ledger, *given)[-1] == "not_enough_cash"
    assert free(ledger) == 600_00
    assert told(Ledger(InMemory()), *given, act("cancel", payment="P1"), late)[-3:] == [
        "not_enough_cash", "done", "done",
    ]  # fmt: skip


def test_a_hold_is_posted_by_paying_and_voided_by_cancelling():
    ledger = Ledger(InMemory())
    more = (asked("P2"), act("hold", payment="P2"), act("cancel", payment="P2"))
    given = sheet(FUND, *PAYING, *more)
    desk, books = book(ledger, given)
    assert all(each.done for each in desk.steps)
    states = {each: asof.find(ledger, f"payment:{each}:0:1").state for each in ("P1", "P2")}
    assert states == {"P1": State.POSTED, "P2": State.VOIDED}
    kinds = [asof.find(ledger, f"payment:{each}:1:0").transfer.kind for each in ("P1", "P2")]
    assert kinds == [Kind.POST_HOLD, Kind.VOID_HOLD]
    found = books.booked()
    assert (found.cash, found.held) == ({"CNY": 600_00}, {"CNY": 0})
    check_sound(ledger, desk)


def test_money_that_came_back_is_held_again():
    ledger = Ledger(InMemory())
    back = act("give_back", payment="P1")
    desk, _ = book(ledger, sheet(FUND, *PAYING, back))
    assert free(ledger) == 600_00
    assert asof.balance(ledger.book, CASH).debit == 1_000_00
    check_sound(ledger, desk)
    again = Ledger(InMemory())
    desk, _ = book(again, sheet(FUND, *PAYING, back, act("cancel", payment="P1")))
    assert free(again) == 1_000_00
    check_sound(again, desk)


def test_a_deal_holds_the_money_of_its_core():
    ledger = Ledger(InMemory())
    begun = (FUND, agreed(), act("start", deal="D1", amount=300_00))
    desk, _ = book(ledger, sheet(*begun), SHIPPING)
    assert free(ledger) == 300_00
    check_sound(ledger, desk)
    desk, books = book(ledger, sheet(*begun, act("pay_core", deal="D1")), SHIPPING)
    assert (books.new, books.there) == (1, 4)
    check_sound(ledger, desk)
    assert free(ledger) == 300_00


def test_sheets_of_all_kinds_share_one_ledger_and_its_cash():
    ledger = Ledger(InMemory())
    book(ledger, sheet(FUND, *PAYING[:2]))
    drawn = act("draw", order="O1", amount=600_01)
    other = act("draw", order="O1", amount=600_00)
    desk, _ = book(ledger, sheet(entered(amount=2_000_00), drawn, other), ORDERS)
    assert [each.answer for each in desk.steps] == ["done", "not_enough_cash", "done"]
    assert "¥600" in desk.steps[1].says.zh
    assert free(ledger) == 0


def test_of_two_writers_only_one_holds_the_cash():
    """The second had read the ledger before the first wrote to it."""
    kept = InMemory()
    book(Ledger(kept), sheet(FUND))
    one, other = Ledger(kept), Ledger(kept)
    assert told(one, {**asked("P2", amount=700_00), "key": "A"},
                {**act("hold", payment="P2"), "key": "B"}) == ["done", "done"]  # fmt: skip
    assert told(other, {**PAYING[0], "key": "C"}, {**PAYING[1], "key": "D"}) == [
        "done", "not_enough_cash",
    ]  # fmt: skip
    assert free(other) == 300_00
    assert free(Ledger(kept)) == 300_00


def test_two_who_book_the_same_sheet_book_it_once():
    kept = InMemory()
    one, other = Ledger(kept), Ledger(kept)
    given = sheet(FUND, *PAYING)
    first, _ = book(one, given)
    second, _ = book(other, given)
    assert first == second
    assert content(other) == content(one)


def test_another_sheet_does_not_tell_a_contract_anew():
    """An order is drawn once, also where a second sheet enters it again under other keys."""
    ledger = Ledger(InMemory())
    drawn = act("draw", order="O1", amount=700_00)
    first = sheet(FUND, entered(), {**drawn, "key": "A"})
    book(ledger, first, ORDERS)
    more = sheet({**FUND, "key": "G"}, entered(), {**drawn, "key": "B"})
    desk, books = book(ledger, more, ORDERS)
    assert [each.answer for each in desk.steps] == ["done", "done", "booked_otherwise"]
    assert books.contradicted() == ["A"]
    assert asof.balance(ledger.book, "1303/O1/CNY").debit == 700_00


def test_one_sheet_run_twice_at_once_draws_once():
    """Each writer decides by itself; money that comes between makes them decide differently."""
    kept = InMemory()
    one, other = Ledger(kept), Ledger(kept)
    given = sheet(*PAYING[:2], {**FUND, "key": "late"}, {**PAYING[1], "key": "again"})
    books = TradeLedger(other, BANK, acts_of(PAYMENTS, given), 1)  # before the first wrote
    first, _ = book(one, given)
    book(Ledger(kept), sheet({**FUND, "key": "elsewhere"}))
    other.catch_up()
    second = run_trade(PAYMENTS, given, books.post)
    assert [each.done for each in first.steps] == [True, False, True, True]
    assert second.steps[1].answer == "booked_otherwise"
    assert asof.balance(other.book, "1303/P1/CNY").debit == 400_00


def test_the_same_sheet_again_books_nothing():
    ledger = Ledger(InMemory())
    given = sheet(FUND, *PAYING, act("give_back", payment="P1"))
    first, books = book(ledger, given)
    head = ledger.head
    again, more = book(ledger, given)
    assert (ledger.head, more.new, more.there) == (head, 0, books.new)
    assert again == first


def test_a_sheet_goes_on_where_it_ended():
    ledger = Ledger(InMemory())
    book(ledger, sheet(FUND, *PAYING[:3]))
    desk, books = book(ledger, sheet(FUND, *PAYING))
    assert all(each.done for each in desk.steps)
    assert books.new == 1
    check_sound(ledger, desk)


def test_what_was_refused_stays_so_when_money_came_later():
    """The sheet is a book: an earlier row is not done after later ones were booked."""
    ledger = Ledger(InMemory())
    given = sheet(*PAYING[:2], FUND, asked("P2"), act("hold", payment="P2"))
    first, _ = book(ledger, given)
    assert [each.answer for each in first.steps][1] == "not_enough_cash"
    again, books = book(ledger, given)
    assert [each.answer for each in again.steps][1] == "passed_over"
    assert (again.stands, books.new) == (first.stands, 0)
    assert books.contradicted() == []


def test_an_act_sent_again_when_the_money_had_come_is_done_where_it_was():
    ledger = Ledger(InMemory())
    hold = {**PAYING[1], "key": "H"}
    given = sheet(PAYING[0], hold, FUND, hold, PAYING[2])
    first, _ = book(ledger, given)
    again, books = book(ledger, given)
    assert [each.done for each in first.steps] == [True, False, True, True, True]
    assert [each.done for each in again.steps] == [True, False, True, True, True]
    assert (books.new, books.there, books.contradicted()) == (0, 3, [])


def test_a_sheet_that_was_changed_after_it_was_booked_is_told():
    ledger = Ledger(InMemory())
    book(ledger, sheet(FUND, *PAYING))
    same = (FUND, *PAYING[:3], act("approve", payment="P1", by="li"), PAYING[4])
    desk, books = book(ledger, sheet(*same))
    assert desk.steps[-1].answer == "stage_is_another"
    assert books.contradicted() == ["K6"]
    other = (FUND, asked(amount=300_00), *PAYING[1:])
    desk, books = book(ledger, sheet(*other))
    assert desk.steps[2].answer == "booked_otherwise"
    assert books.contradicted() == ["K3", "K6"]
    assert len(content(ledger)) == 4


def test_a_number_of_another_party_is_not_mixed_up():
    ledger = Ledger(InMemory())
    book(ledger, sheet(FUND, *PAYING[:2]))
    late = {**entered("P1"), "key": "N1"}
    drawn = {**act("draw", order="P1", amount=1), "key": "N2"}
    assert told(ledger, late, drawn, trade=ORDERS) == ["done", "other_contract"]
    assert all(each["fact"] != "N2" for each in content(ledger))


def test_a_refused_draw_opens_no_account():
    """So that a misspelt borrower can be corrected before money moves."""
    ledger = Ledger(InMemory())
    book(ledger, sheet(*PAYING[:2]))
    assert ledger.book.accounts == []
    desk, _ = book(ledger, sheet(FUND, asked(borrower="other"), PAYING[1]))
    assert all(each.done for each in desk.steps)


def test_currencies_have_their_own_cash():
    ledger = Ledger(InMemory())
    dollars = asked("U1", currency="USD", amount=5_00)
    given = (FUND, dollars, act("hold", payment="U1"))
    assert told(ledger, *given)[-1] == "not_enough_cash"
    more = (act("fund", amount=5_00, currency="USD"), {**given[2], "key": "again"})
    desk, books = book(ledger, sheet(FUND, dollars, *more))
    assert desk.steps[-1].done
    assert books.booked().held == {"CNY": 0, "USD": 5_00}


# --- whatever comes, and wherever it breaks -------------------------------------------------------

WAY = ("ask", "hold", "check", "approve", "pay", "give_back", "retry", "check", "approve", "pay")
PAYMENT_ACTS = (*dict.fromkeys(WAY), "cancel")


@st.composite
def payment_sheets(draw):
    """Payments that mostly go their way, with acts of any kind, keys and amounts between."""
    done = {"P1": 0, "P2": 0, "P3": 0}
    amounts = {number: draw(st.integers(1, 90)) for number in done}
    given = []
    for at in range(draw(st.integers(0, 24))):
        if given and draw(st.integers(0, 5)) == 0:
            given.append(draw(st.sampled_from(given)))
            continue
        number = draw(st.sampled_from(sorted(done)))
        kind = WAY[done[number] % len(WAY)]
        if draw(st.integers(0, 4)) == 0:
            kind = draw(st.sampled_from([*PAYMENT_ACTS, "fund"]))
        else:
            done[number] += 1
        days = timedelta(len(given) // 4 - draw(st.integers(0, 1)))
        values = act(kind, payment=number, by="wang" if kind == "approve" else "li")
        values |= {"borrower": number, "payee": "mill", "account": "1", "against": "INV"}
        values |= {"amount": draw(st.integers(1, 90)) if kind == "fund" else amounts[number]}
        key = draw(st.integers(0, at)) if draw(st.integers(0, 9)) == 0 else at
        given.append({**values, "on": DAY + days, "key": f"A{key}"})
    return sheet({**FUND, "amount": draw(st.integers(1, 150))}, *given)


@settings(max_examples=60)
@given(payment_sheets())
def test_holds_and_posts_conserve(given):
    """After every act; and a draw is refused just where free cash does not cover it."""
    ledger = Ledger(InMemory())
    books = TradeLedger(ledger, BANK, acts_of(PAYMENTS, given), 1)

    def post(booking):
        before = free(ledger) if CASH in ledger.book.numbers else 0
        drawn = sum(each.amount for each in booking.movements if each.memo == "draw_controlled")
        refused = books.post(booking)
        assert (refused is not None) == (drawn > before)
        after = free(ledger) if CASH in ledger.book.numbers else 0
        back = sum(
            each.amount * {"fund": 1, "draw_cancelled": 1}.get(each.memo, 0)
            for each in booking.movements
        )
        assert after == (before if refused else before - drawn + back)
        return refused

    desk = run_trade(PAYMENTS, given, post)
    check_sound(ledger, desk)
    holds = [each for each in content(ledger) if each["kind"] == Kind.HOLD]
    open_now = [each for each in holds if asof.find(ledger, each["id"]).state == State.OPEN]
    waiting = [each for each in desk.stands.values() if each.figures["waiting_minor"]]
    assert len(open_now) == len(waiting)
    again, more = book(ledger, given)
    assert (more.new, again.stands) == (0, desk.stands)
    assert [each.done for each in again.steps] == [each.done for each in desk.steps]


class Failing:
    """Batches that are kept until the power goes, with the last one written or not."""

    def __init__(self, kept, count, *, written):
        self._kept, self._left, self._written = kept, count, written

    def append(self, sealed):
        if self._left == 0 and not self._written:
            raise HeadraceError("the power went")
        done = self._kept.append(sealed)
        if self._left == 0:
            raise HeadraceError("the power went")
        self._left -= 1
        return done

    def since(self, number):
        return self._kept.since(number)

    def read(self, number):
        return self._kept.read(number)


@settings(max_examples=60)
@given(payment_sheets(), st.integers(0, 12), st.booleans())
def test_a_crash_and_another_run_are_one_run(given, count, written):
    whole = Ledger(InMemory())
    once, _ = book(whole, given)
    kept = InMemory()
    try:
        book(Ledger(Failing(kept, count, written=written)), given)
    except HeadraceError:
        assert len(list(kept.since(1))) == count + written
    ledger = Ledger(kept)
    again, books = book(ledger, given)
    assert content(ledger) == content(whole)
    assert ledger.head == whole.head
    assert again.stands == once.stands
    assert [each.done for each in again.steps] == [each.done for each in once.steps]
    assert books.new + books.there == len(content(whole))
    assert books.contradicted() == []


def test_a_file_keeps_it(tmp_path):
    path = str(tmp_path / "trade.db")
    with open_ledger(path) as ledger:
        book(ledger, sheet(FUND, *PAYING[:2]))
    with open_ledger(path, create=False) as ledger:
        assert free(ledger) == 600_00
        desk, _ = book(ledger, sheet(FUND, *PAYING))
        check_sound(ledger, desk)
        assert asof.balance(ledger.book, CASH, date(2026, 1, 1)).debit == 0


@pytest.mark.parametrize("view", ["bank", "platform"])
def test_both_charts_have_every_role(view):
    books = chart.shipped(view)
    roles = ("cash", "capital", "loan_principal", "controlled_payment", "margin_deposit_held")
    assert all(books.entry(books.code(role)) for role in roles)
