"""The log of a book of loans on both databases: in order, all or nothing, no number twice."""

import threading

import pytest

from headrace.adapters.sql_engines import engine_of
from headrace.adapters.stores.loan_log import LoanLogStore
from headrace.contracts.lending.events import Disburse
from headrace.errors import InputError
from headrace.workflows.loan_log import DayEnded, Funded, Happened, Signed, logged
from loan_sample import AT, START, contract

ENTRIES = [
    logged(1, "fund", AT, Funded(START, 5, "CNY")),
    logged(2, "sign", AT, Signed(contract())),
    logged(3, "pay out", AT, Happened("L-1", Disburse(START))),
    logged(4, "end", AT + 1, DayEnded(START)),
]


@pytest.fixture
def store(address):
    """A log without entries."""
    store = LoanLogStore(address, create=True)
    yield store
    store.close()


def again(address):
    """Its entries, as another process sees them."""
    store = LoanLogStore(address)
    try:
        return store.entries()
    finally:
        store.close()


def spoil(address, statement):
    """Do to the database what nobody should."""
    engine = engine_of(address, create=False)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def test_entries_come_back_as_they_were(store, address):
    assert store.append(ENTRIES)
    found = again(address)
    assert found == ENTRIES
    assert [each.entry for each in found] == [each.entry for each in ENTRIES]
    assert store.entries(after=2) == ENTRIES[2:]


def test_a_number_or_an_id_is_given_once_and_then_nothing_of_the_batch_is_kept(store, address):
    assert store.append(ENTRIES[:2])
    for taken in (logged(2, "other", AT, DayEnded(START)), logged(3, "sign", AT, DayEnded(START))):
        assert not store.append([logged(7, "first", AT, DayEnded(START)), taken])
    assert again(address) == ENTRIES[:2]
    assert store.append([])
    assert again(address) == ENTRIES[:2]


def test_of_writers_of_one_number_one_is_let_in(store, address):
    gate, won = threading.Barrier(4), []

    def write(writer):
        own = LoanLogStore(address)
        gate.wait()
        mine = [logged(number, f"{writer}:{number}", AT, DayEnded(START)) for number in range(1, 6)]
        won.extend(each.number for each in mine if own.append([each]))
        own.close()

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [1, 2, 3, 4, 5]
    assert [each.number for each in store.entries()] == [1, 2, 3, 4, 5]


def test_that_a_book_is_simulated_is_kept_with_it(store, address):
    assert not store.simulated
    store.mark_simulated()
    store.mark_simulated()
    assert store.simulated
    spoil(address, "drop table loan_log_mark")  # a log of before there were marks
    assert not store.simulated
    store.mark_simulated()
    assert store.simulated


def test_what_is_missing_or_spoilt_is_said(store, address):
    store.append(ENTRIES)
    spoil(address, "UPDATE loan_log SET content = '{\"on\": 7}' WHERE number = 3")
    with pytest.raises(InputError, match="entry cannot be read") as spoilt:
        _ = store.entries()[2].entry
    assert "entry 3" in spoilt.value.where
    spoil(address, "DELETE FROM loan_log WHERE number = 2")
    with pytest.raises(InputError, match="entry 2 is missing"):
        store.entries()
    spoil(address, "DROP TABLE loan_log")
    with pytest.raises(InputError, match="holds no loan log"):
        LoanLogStore(address)


def test_there_must_be_a_log_to_open(tmp_path):
    with pytest.raises(InputError, match="no such store"):
        LoanLogStore(str(tmp_path / "book.db"))
