"""The log of a book of loans on disk: in order, all or nothing, and no second of a number."""

import sqlite3

import pytest

from headrace.adapters.loan_log_store import LoanLogStore
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
def address(tmp_path):
    return str(tmp_path / "book.db")


def check_entries_come_back(address):
    LoanLogStore(address, create=True).append(ENTRIES)
    found = LoanLogStore(address).entries()
    assert found == ENTRIES
    assert [each.entry for each in found] == [each.entry for each in ENTRIES]
    assert LoanLogStore(address).entries(after=2) == ENTRIES[2:]


def check_a_number_is_given_once(address):
    store = LoanLogStore(address, create=True)
    store.append(ENTRIES[:2])
    for taken in (logged(2, "other", AT, DayEnded(START)), logged(3, "sign", AT, DayEnded(START))):
        with pytest.raises(InputError, match="somebody else"):
            store.append([logged(7, "first", AT, DayEnded(START)), taken])
    assert store.entries() == ENTRIES[:2]
    store.append([])
    assert store.entries() == ENTRIES[:2]


def test_entries_come_back_as_they_were(address):
    check_entries_come_back(address)


def test_a_number_or_an_id_is_given_once_and_then_nothing_of_the_batch_is_kept(address):
    check_a_number_is_given_once(address)


def test_what_is_missing_or_spoilt_is_said(address):
    with pytest.raises(InputError, match="no such store"):
        LoanLogStore(address)
    store = LoanLogStore(address, create=True)
    store.append(ENTRIES)
    with sqlite3.connect(address) as database:
        database.execute("UPDATE loan_log SET content = '{\"on\": 7}' WHERE number = 3")
    with pytest.raises(InputError, match="entry cannot be read") as spoilt:
        _ = store.entries()[2].entry
    assert "entry 3" in spoilt.value.where
    with sqlite3.connect(address) as database:
        database.execute("DELETE FROM loan_log WHERE number = 2")
    with pytest.raises(InputError, match="entry 2 is missing"):
        store.entries()
