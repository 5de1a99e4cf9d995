"""Acts on vouchers and bills on one party's ledger: all that moved, once, act by act."""

import numpy as np
import pytest
from trade_sheets import DAY

from headrace.contracts.instruments.book import apply, opened
from headrace.contracts.instruments.postings import movements
from headrace.errors import InputError
from headrace.ledger import asof, chart
from headrace.ledger.journal import InMemory, Ledger
from headrace.ledger.transfer import Transfer
from headrace.workflows.desk_rows import Row, Sheet, aside
from headrace.workflows.trade_ledger import TradeLedger
from headrace.workflows.voucher_ledger import acts_of, book_vouchers, bookings, check_keys
from headrace.workflows.vouchers import Desk
from strategies_vouchers import LIMITS, OTHERS, life

BANK = chart.shipped("bank")
CASH, CAPITAL = BANK.account("cash"), BANK.account("capital")


def desk_of(seed):
    acts = tuple(life(np.random.default_rng(seed), 150)[0])
    return Desk(tuple(range(1, len(acts) + 1)), acts, apply(opened(LIMITS, OTHERS), acts))


def funded(amount):
    ledger = Ledger(InMemory())
    ledger.commit(1, [Transfer("fund", CASH.id, CAPITAL.id, amount, DAY)], [CASH, CAPITAL])
    return ledger


def booked(ledger, desk, us):
    books = TradeLedger(ledger, BANK, acts_of(desk, us), 1)
    book_vouchers(desk, us, books)
    return books


@pytest.mark.parametrize("us", ["bank_a", "bank_b", "firm_1"])
@pytest.mark.parametrize("seed", range(8))
def test_all_that_moved_is_booked_once(seed, us):
    desk, ledger = desk_of(seed), funded(10**6)
    moves = [each for each in movements(desk.applied, us) if each.memo != "pledge_collected"]
    assert [move for each in bookings(desk, us) for move in each.movements] == moves
    books = booked(ledger, desk, us)
    assert books.new == len(moves)
    net = sum(each.amount * ((each.debit == "cash") - (each.credit == "cash")) for each in moves)
    assert asof.balance(ledger.book, CASH.id).debit == 10**6 + net
    head = ledger.head
    again = booked(ledger, desk, us)
    assert (again.new, again.there, ledger.head) == (0, len(moves), head)
    assert ledger.verify() == ()


def test_what_cash_does_not_cover_stops_there_and_goes_on_later():
    desk, ledger = desk_of(3), funded(1)
    with pytest.raises(InputError, match="not enough free cash") as error:
        booked(ledger, desk, "bank_a")
    assert error.value.where.startswith("row ")
    ledger.commit(1, [Transfer("more", CASH.id, CAPITAL.id, 10**6, DAY)])
    booked(ledger, desk, "bank_a")
    whole = funded(10**6 + 1)
    booked(whole, desk, "bank_a")
    tables = [asof.trial_balance(each.book) for each in (ledger, whole)]
    assert tables[0].equals(tables[1])


def test_every_act_needs_a_key():
    rows = (Row(1, {"key": "K"}), Row(2, {}))
    with pytest.raises(InputError, match="row 2"):
        check_keys(Sheet(rows, aside([]), (), 2))
