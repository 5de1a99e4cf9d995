"""Which acts one person does and which take two; what has to be filled in for each."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.contracts.lending.events import Disburse, Repay, Restructure, WriteOff
from headrace.errors import InputError
from headrace.workflows.loan_log import EVENTS, Happened
from headrace.workflows.loan_requests import (
    ALONE,
    LATE,
    TOGETHER,
    WITH_AMOUNT,
    Given,
    amount_of,
    check_start,
    event_for,
)
from loan_sample import AT, START, YUAN, contract, desk_with


@pytest.fixture
def loan():
    """A loan that was paid out on its first day."""
    desk = desk_with(contract())
    desk.record([("pay", Happened("L-1", Disburse(START)))], AT)
    return desk.book.loan("L-1")


def test_no_act_is_of_one_person_and_of_two():
    assert not set(ALONE) & set(TOGETHER)
    assert (set(ALONE) | set(TOGETHER)) - {"extend"} <= set(EVENTS)
    assert set(ALONE) >= LATE
    assert set(TOGETHER) >= {"disburse", "draw", "refund", "writeoff", "extend"}, "money goes out"


def test_an_act_counts_on_the_books_day_unless_another_is_given(loan):
    assert event_for(loan, Given("repay", amount=5), START) == Repay(START, 5)
    day = date(2024, 3, 1)
    assert event_for(loan, Given("repay", START, 5), day) == Repay(START, 5), "late, and told so"


@pytest.mark.parametrize(
    ("given_", "where"),
    [
        (Given("fly"), "act"),
        (Given("repay"), "amount"),
        (Given("repay", amount=0), "amount"),
        (Given("repay", date(2024, 1, 3), 5), "on"),
        (Given("writeoff", date(2024, 1, 1)), "on"),
        (Given("extend"), "until"),
        (Given("extend", until=START), "until"),
    ],
)
def test_what_does_not_fit_is_told_by_its_field(loan, given_, where):
    with pytest.raises(InputError) as told:
        event_for(loan, given_, START)
    assert told.value.where == where
    assert told.value.remedy


def test_an_extension_carries_what_is_owed_to_another_day(loan):
    given_ = Given("extend", until=date(2026, 1, 21), rate=Decimal("0.05"))
    event = event_for(loan, given_, START)
    assert isinstance(event, Restructure)
    assert event.terms.principal == loan.account.principal_owed
    assert event.terms.maturity == date(2026, 1, 21)
    assert event.terms.rate == Decimal("0.05")
    assert amount_of(loan, event) == 100_000 * YUAN


def test_what_is_not_owed_is_not_extended():
    signed = desk_with(contract()).book.loan("L-1")
    with pytest.raises(InputError, match="only a loan that is owed"):
        event_for(signed, Given("extend", until=date(2026, 1, 21)), START)


def test_a_loan_is_paid_out_on_its_first_day_only(loan):
    check_start(loan, START)
    with pytest.raises(InputError, match="starts on 2024-01-02") as late:
        check_start(loan, date(2024, 1, 3))
    assert "anew" in late.value.remedy
    with pytest.raises(InputError) as early:
        check_start(loan, date(2024, 1, 1))
    assert "ask on 2024-01-02" in early.value.remedy


def test_amounts_are_those_that_go_out_or_are_given_up(loan):
    assert amount_of(loan, Disburse(START)) == 100_000 * YUAN
    assert amount_of(loan, WriteOff(START)) == 100_000 * YUAN, "nothing else is due yet"
    assert amount_of(loan, Repay(START, 5)) == 0
    draw = event_for(loan, Given("draw", amount=7), START)
    assert amount_of(loan, draw) == 7


@given(
    act=st.sampled_from([*ALONE, *TOGETHER, "", "fund"]),
    on=st.none() | st.dates(),
    amount=st.none() | st.integers(-5, 10**15),
    until=st.none() | st.dates(),
    rate=st.none() | st.decimals(0, 1, places=4),
)
def test_whatever_is_filled_in_there_is_an_event_or_a_reason(act, on, amount, until, rate):
    loan = PAID_OUT
    try:
        event = event_for(loan, Given(act, on, amount, until, rate), START)
    except InputError:
        return
    assert event.on <= START
    assert act not in WITH_AMOUNT or event.amount > 0


def _paid_out():
    desk = desk_with(contract())
    desk.record([("pay", Happened("L-1", Disburse(START)))], AT)
    return replace(desk.book.loan("L-1"))


PAID_OUT = _paid_out()
