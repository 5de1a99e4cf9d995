"""Several desks on one book, on both databases: no event is lost, none is done twice."""

import threading
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest

from headrace.adapters.stores.ledger import open_ledger
from headrace.adapters.stores.loan_log import LoanLogStore
from headrace.contracts.lending.events import Disburse, Repay
from headrace.errors import EvidenceError, InputError
from headrace.ledger import chart
from headrace.ledger.journal import InMemory, Ledger
from headrace.workflows.loan_book import LoanBook
from headrace.workflows.loan_desk import LoanDesk
from headrace.workflows.loan_log import DayEnded, Happened
from headrace.workflows.loan_reports import outcome
from loan_sample import AT, START, YUAN, MemoryLog, contract, desk_with

BANK = chart.shipped("bank")
NAMES = ("L-1", "L-2", "L-3")
ACTS = 5


@contextmanager
def desk_at(address, *, create=False):
    """A desk of its own, as another process has it; log and ledger share the address."""
    with (
        closing(LoanLogStore(address, create=create)) as log,
        open_ledger(address, create=create) as ledger,
    ):
        yield LoanDesk(log, ledger, BANK)


@pytest.fixture
def book(address):
    """Three loans, paid out."""
    with closing(LoanLogStore(address, create=True)) as log, open_ledger(address) as ledger:
        desk = desk_with(*(contract(name, 50_000) for name in NAMES), log=log, ledger=ledger)
        desk.record([(f"out {name}", Happened(name, Disburse(START))) for name in NAMES], AT)
    return address


def repay(name, yuan):
    return Happened(name, Repay(START, yuan * YUAN))


def in_threads(count, work):
    """Run it at the same time; what goes wrong in one fails the test."""
    gate, troubles = threading.Barrier(count), []

    def run(number):
        try:
            work(number, gate)
        except BaseException as trouble:  # noqa: BLE001 - a thread's failure must reach the test
            troubles.append(trouble)
            gate.abort()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []


def test_desks_at_once_lose_and_double_nothing(book):
    told = []

    def work(number, gate):
        with desk_at(book) as desk:
            gate.wait()
            for place in range(ACTS):
                mine = (f"bank {number}.{place}", repay(NAMES[number], 10))
                shared = (f"shared {place}", repay(NAMES[0], 7))
                told.extend(desk.record([mine, shared], AT))
            assert desk.ledger.head.transfers == desk._postings

    in_threads(len(NAMES), work)
    assert all(each.refusal is None for each in told)
    assert sum(not each.existed for each in told) == len(NAMES) * ACTS + ACTS
    with desk_at(book) as desk:
        keys = [each.id for each in desk._log.entries()]
        assert len(keys) == len(set(keys)) == 1 + 2 * len(NAMES) + len(NAMES) * ACTS + ACTS
        assert outcome(desk).owed == 3 * 50_000 * YUAN
        deposits = [desk.book.loans[name].account.deposit for name in NAMES]
        assert deposits == [ACTS * 17 * YUAN, ACTS * 10 * YUAN, ACTS * 10 * YUAN]
        assert desk.ledger.verify() == ()
        assert LoanBook(desk._log.entries()).loans == desk.book.loans
        posted = sum(each.posted for each in told)
        assert posted == desk.ledger.head.transfers - 1 - len(NAMES)


def test_a_day_that_two_end_at_once_ends_once(book):
    def work(_number, gate):
        with desk_at(book) as desk:
            day = desk.book.day
            gate.wait()
            desk.record([(f"end {day}", DayEnded(day))], AT)
            assert desk.book.day == day + timedelta(days=1)

    in_threads(3, work)
    with desk_at(book) as desk:
        assert desk.book.day == START + timedelta(days=1)
        assert desk.ledger.verify() == ()


def test_a_desk_that_was_overtaken_judges_anew(book):
    with desk_at(book) as one, desk_at(book) as other:
        one.record([("end", DayEnded(START))], AT)
        late, again = other.record([("a", repay("L-1", 5)), ("end", DayEnded(START))], AT)
        assert not late.existed
        assert again.existed
        assert other.book.day == START + timedelta(days=1)
        with pytest.raises(InputError, match="used before"):
            one.record([("b", repay("L-2", 5)), ("a", repay("L-1", 6))], AT)
        assert [each.id for each in one._log.entries()][-2:] == ["a", "b"]  # those before it stand
        other.catch_up()
        assert other.book.loans == one.book.loans
        assert other.ledger.head == one.ledger.head


def test_what_one_logged_another_posts(book):
    """A desk that stops between log and ledger does not hold up the others."""
    with desk_at(book) as slow, desk_at(book) as quick:
        commit = slow.ledger.commit
        found = {}

        def late(*given, **more):
            if not found:
                found["other"] = quick.record([("quick", repay("L-2", 6))], AT)
            return commit(*given, **more)

        slow.ledger.commit = late
        slow.record([("slow", repay("L-1", 5))], AT)
        assert found["other"][0].number == slow.book.number
        assert slow.book.loans == quick.book.loans
        assert slow.ledger.head == quick.ledger.head
        assert slow.ledger.verify() == ()


def test_a_log_that_takes_nothing_is_not_tried_for_ever():
    log = MemoryLog()
    desk = desk_with(contract(), log=log, ledger=Ledger(InMemory()))
    log.append = lambda _entries: False
    with pytest.raises(EvidenceError, match="neither there nor"):
        desk.record([("out", Happened("L-1", Disburse(START)))], AT)
