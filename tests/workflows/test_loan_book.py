"""A book of loans: what its log makes of it, late events, and the ledger that agrees."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import loan_writer
import numpy as np
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.adapters.loan_books import open_book
from headrace.adapters.stores.ledger import open_ledger
from headrace.adapters.stores.loan_log import LoanLogStore
from headrace.contracts.classification.tables import Grade, Reason
from headrace.contracts.lending.account import Status, quote
from headrace.contracts.lending.acts import extension
from headrace.contracts.lending.events import (
    Disburse,
    Prepay,
    Recover,
    Refusal,
    Repay,
    ResetRate,
    Restructure,
    Resume,
    Suspend,
    WriteOff,
)
from headrace.contracts.lending.terms import Method
from headrace.errors import EvidenceError, InputError
from headrace.ledger import asof, chart, reports
from headrace.ledger.journal import InMemory, Ledger
from headrace.workflows.exposure import Taken, exposed_by, exposures, taken_by
from headrace.workflows.loan_book import LoanBook
from headrace.workflows.loan_desk import LoanDesk
from headrace.workflows.loan_facts import loan_facts
from headrace.workflows.loan_log import Approved, DayEnded, Funded, Happened, Signed, event_of
from headrace.workflows.loan_reports import cash_by_month, loan_table, outcome
from headrace.workflows.loan_standing import taken_up
from loan_sample import AT, START, YUAN, MemoryLog, contract, desk_with

BANK = chart.shipped("bank")
TESTS = Path(__file__).parent.parent


def end_days(desk, until):
    """End every day before one."""
    day, items = desk.book.day, []
    while day < until:
        items.append((f"end {day}", DayEnded(day)))
        day += timedelta(days=1)
    desk.record(items, AT)


def happens(desk, event, name="L-1", key=None):
    (found,) = desk.record([(key or f"{name} {event}", Happened(name, event))], AT)
    return found


def balance(desk, role, name="L-1"):
    """Debits less credits of a role of one contract, 0 where there is no account."""
    account = BANK.account(role, contract=name, party=f"P-{name}").id
    try:
        return asof.balance(desk.ledger.book, account).debit
    except InputError:
        return 0


def check_ledger(desk):
    """The ledger says of every loan what its account says, and is balanced."""
    trial = asof.trial_balance(desk.ledger.book)
    assert pc.sum(trial["balance"]).as_py() == 0
    assert reports.balance_sheet(trial, BANK).balanced
    for name, loan in desk.book.loans.items():
        account = loan.account
        principal = balance(desk, "loan_principal", name) + balance(desk, "overdue_principal", name)
        assert principal == account.principal_owed
        assert -balance(desk, "borrower_deposit", name) == account.deposit
        assert -balance(desk, "loss_allowance", name) == loan.allowance
        assert balance(desk, "written_off", name) == account.claim
        penal = sum(due.penalty + due.compound for due in account.dues)
        interest = sum(due.interest for due in account.dues) + account.posted + account.subsidy
        stands = 0 if account.suspended else 1
        assert balance(desk, "penalty_receivable", name) == penal * stands
        assert balance(desk, "interest_receivable", name) == interest * stands
        off = balance(desk, "interest_suspended", name)
        assert off == account.interest_suspended == (interest + penal) * (1 - stands)


def test_a_loan_that_is_paid_in_time_ends_with_nothing_owed():
    desk = desk_with(contract(yuan=120_000, months=3))
    happens(desk, Disburse(START))
    for day in (date(2024, 1, 22), date(2024, 2, 21), date(2024, 3, 21)):
        end_days(desk, day)
        due = sum(each.total for each in desk.book.loans["L-1"].account.dues)
        assert due > 0
        happens(desk, Repay(day, due))
        check_ledger(desk)
    assert desk.book.loans["L-1"].account.status is Status.CLOSED
    end_days(desk, date(2024, 4, 2))
    check_ledger(desk)
    months = cash_by_month(desk).to_pydict()
    assert sum(months["disbursed"]) == -120_000 * YUAN == -sum(months["principal"])
    # 8 % a year: 19 days of January, then two whole months
    assert sum(months["interest"]) == 50_667 + 2 * 80_000
    assert months["balance"][-1] == 10**9 + sum(months["interest"])
    assert desk.book.loans["L-1"].allowance == 0


def test_a_loan_that_is_not_paid_falls_through_the_classes_and_is_written_off():
    desk = desk_with(contract(yuan=100_000, months=2))
    happens(desk, Disburse(START))
    found = {}
    for month in range(2, 16):
        end_days(desk, date(2024 + (month - 1) // 12, (month - 1) % 12 + 1, 1))
        found[month] = desk.book.loans["L-1"].grade
        check_ledger(desk)
    assert found[2] is Grade.SPECIAL_MENTION  # due on 22 January, nine days ago
    assert found[5] is Grade.SUBSTANDARD  # more than 90 days
    assert found[11] is Grade.DOUBTFUL  # more than 270
    assert found[15] is Grade.LOSS  # more than 360
    assert desk.book.loans["L-1"].allowance == 100_000 * YUAN
    account = desk.book.loans["L-1"].account
    claim = quote(account, account.day).total
    assert account.suspended
    assert claim == 100_000 * YUAN + account.interest_suspended
    happens(desk, WriteOff(desk.book.day))
    check_ledger(desk)
    loan = desk.book.loans["L-1"]
    assert (loan.account.status, loan.account.claim) == (Status.WRITTEN_OFF, claim)
    assert loan.allowance == 0
    happens(desk, Recover(desk.book.day, 20_000 * YUAN))
    check_ledger(desk)
    how = outcome(desk)
    assert how.written_off == claim
    assert how.lost == claim - 20_000 * YUAN
    assert how.by_status == {"written_off": 1}


def shared(desk, role):
    """Credits less debits of a role that the whole book shares."""
    return asof.balance(desk.ledger.book, BANK.account(role).id).credit


def test_interest_of_a_loan_long_overdue_is_no_income_until_it_is_paid():
    desk = desk_with(contract(yuan=100_000))
    happens(desk, Disburse(START))
    end_days(desk, date(2024, 4, 21))  # to be paid on 22 January; 90 days
    assert not desk.book.loans["L-1"].account.suspended
    before = shared(desk, "interest_income")
    assert before == 42_222 + 3 * 66_667  # 19 days and three months at 8 %
    end_days(desk, date(2024, 4, 22))
    assert (shared(desk, "interest_income"), shared(desk, "penalty_income")) == (0, 0)
    check_ledger(desk)
    how = outcome(desk)
    assert how.suspended == desk.book.loans["L-1"].account.interest_suspended > before
    assert loan_table(list(desk.book.loans.values()))["suspended_minor"].to_pylist() == [
        how.suspended
    ]
    income = reports.income(asof.movements(desk.ledger.book, START, desk.book.day), BANK)
    assert [row["code"] for row in income.lines.to_pylist()] == ["6702"]  # the allowance alone
    sheet = reports.balance_sheet(asof.trial_balance(desk.ledger.book), BANK)
    off = {row["code"]: row["amount"] for row in sheet.lines.to_pylist()}
    assert off["9004"] == -off["9000"] == how.suspended
    happens(desk, Repay(desk.book.day, how.suspended // 2))
    received = shared(desk, "interest_income") + shared(desk, "penalty_income")
    assert received == how.suspended // 2
    check_ledger(desk)
    due = sum(each.total for each in desk.book.loans["L-1"].account.dues)
    happens(desk, Repay(desk.book.day, due))
    check_ledger(desk)
    assert outcome(desk).suspended == 0
    earned = shared(desk, "interest_income") + shared(desk, "penalty_income")
    assert earned == how.suspended


def test_a_payment_known_late_leaves_the_ledger_as_a_payment_known_in_time():
    """Whether it leaves income or not: every account of the ledger has the same balance."""
    late, known = (desk_with(contract(yuan=100_000)) for _ in range(2))
    paid = Repay(date(2024, 3, 1), 150_000)
    for desk in (late, known):
        happens(desk, Disburse(START))
    end_days(known, date(2024, 3, 1))
    happens(known, paid)
    for desk in (late, known):
        end_days(desk, date(2024, 5, 10))
    assert late.book.loans["L-1"].account.suspended
    assert not known.book.loans["L-1"].account.suspended
    happens(late, paid)
    assert late.book.loans["L-1"].account == known.book.loans["L-1"].account
    ours, theirs = (
        {row["account"]: row["balance"] for row in asof.trial_balance(desk.ledger.book).to_pylist()}
        for desk in (late, known)
    )
    judged = ("1304", "6702")  # classes are not restated, and allowances follow them
    assert {k: v for k, v in ours.items() if v and not k.startswith(judged)} == {
        k: v for k, v in theirs.items() if v and not k.startswith(judged)
    }


def test_a_write_off_takes_from_the_allowance_what_the_sheet_loses():
    for days_late in (0, 60):  # on the day, and known when interest has left income since
        desk = desk_with(contract(yuan=100_000))
        happens(desk, Disburse(START))
        end_days(desk, date(2024, 5, 10))
        happens(desk, WriteOff(desk.book.day - timedelta(days_late)))
        check_ledger(desk)
        assert desk.book.loans["L-1"].allowance == 0
        assert desk.book.loans["L-1"].account.interest_suspended == 0
        lost = asof.balance(desk.ledger.book, BANK.account("credit_loss").id).debit
        earned = shared(desk, "interest_income") + shared(desk, "penalty_income")
        assert lost - earned == 100_000 * YUAN
        assert (earned > 0) == (days_late > 0)


def test_somebody_decides_that_interest_is_no_income():
    desk = desk_with(contract(yuan=100_000))
    happens(desk, Disburse(START))
    end_days(desk, date(2024, 1, 12))
    happens(desk, Suspend(desk.book.day))
    assert shared(desk, "interest_income") == 0
    check_ledger(desk)
    happens(desk, Resume(desk.book.day))
    assert shared(desk, "interest_income") == 22_222
    facts = loan_facts(desk._log.entries(), "Asia/Shanghai")["loan_event"].to_pylist()
    assert [each["act"] for each in facts] == ["signed", "disburse", "suspend", "resume"]


def test_nobody_is_upgraded_by_itself():
    desk = desk_with(contract(yuan=100_000, months=12))
    happens(desk, Disburse(START))
    end_days(desk, date(2024, 2, 1))
    due = sum(each.total for each in desk.book.loans["L-1"].account.dues)
    happens(desk, Repay(date(2024, 2, 1), due))
    end_days(desk, date(2024, 2, 20))
    assert desk.book.loans["L-1"].account.overdue_days == 0
    end_days(desk, date(2024, 3, 1))
    assert desk.book.loans["L-1"].grade is Grade.SPECIAL_MENTION


def settle(desk, day):
    """Everything due is paid on a day, month after month until then."""
    while desk.book.day < day:
        end_days(desk, desk.book.day + timedelta(days=1))
        due = sum(each.total for each in desk.book.loans["L-1"].account.dues)
        if due:
            happens(desk, Repay(desk.book.day, due), key=f"paid {desk.book.day}")


def test_an_approved_upgrade_is_given_at_once_to_a_good_loan_and_earned_by_a_bad_one():
    desk = desk_with(contract(yuan=100_000, months=24))
    happens(desk, Disburse(START))
    end_days(desk, date(2024, 5, 1))
    assert desk.book.loans["L-1"].grade is Grade.SUBSTANDARD
    due = sum(each.total for each in desk.book.loans["L-1"].account.dues)
    happens(desk, Repay(desk.book.day, due))
    day = desk.book.day
    with pytest.raises(InputError, match="no better class"):
        desk.record([("worse", Approved("L-1", day, "loss", "Li"))], AT)
    with pytest.raises(InputError, match="morning of"):
        desk.record([("later", Approved("L-1", day + timedelta(1), "normal", "Li"))], AT)
    desk.record([("minutes 7", Approved("L-1", day, "normal", "Li"))], AT)
    settle(desk, date(2024, 7, 1))
    assert desk.book.loans["L-1"].grade is Grade.SUBSTANDARD  # approved, and not yet earned
    settle(desk, date(2024, 12, 1))
    loan = desk.book.loans["L-1"]
    assert loan.grade is Grade.NORMAL
    assert loan.proposed is None
    check_ledger(desk)


def test_a_loan_that_got_more_time_is_observed_for_a_year():
    desk = desk_with(contract(yuan=100_000, months=6))
    happens(desk, Disburse(START))
    settle(desk, date(2024, 6, 2))
    account = desk.book.loans["L-1"].account
    terms = extension(account, date(2026, 1, 21))
    happens(desk, Restructure(account.day, terms))
    check_ledger(desk)
    loan = desk.book.loans["L-1"]
    assert loan.restructured == 1
    assert loan.observed_until >= date(2025, 6, 2)
    settle(desk, date(2024, 8, 1))
    assert desk.book.loans["L-1"].grade >= Grade.SPECIAL_MENTION
    assert desk.book.loans["L-1"].reason is Reason.RESTRUCTURED
    check_ledger(desk)


def test_a_late_payment_leaves_the_loan_as_if_it_had_been_known():
    """The money came on 22 January, the bank heard of it in March: the penalty is taken back."""
    late, known = (desk_with(contract(yuan=100_000)) for _ in range(2))
    for desk in (late, known):
        happens(desk, Disburse(START))
    end_days(known, date(2024, 1, 22))
    paid = Repay(date(2024, 1, 22), 42_222)
    happens(known, paid)
    end_days(late, date(2024, 2, 10))
    assert late.book.loans["L-1"].account.dues[0].penalty == 0  # interest bears compound interest
    assert late.book.loans["L-1"].account.dues[0].compound > 0
    happens(late, paid)
    end_days(known, date(2024, 2, 10))
    one, other = late.book.loans["L-1"], known.book.loans["L-1"]
    assert (one.account, one.events) == (other.account, other.events)
    # classes and the time of good conduct are not restated: they were judged by what was known
    assert (one.grade, other.grade) == (Grade.SPECIAL_MENTION, Grade.NORMAL)
    check_ledger(late)
    account = BANK.account("penalty_income").id
    assert asof.balance(late.ledger.book, account).credit == 0
    lines = asof.statement(late.ledger, account, START, date(2024, 2, 10)).lines.to_pylist()
    assert any(line["backdated"] and line["memo"].startswith("reverse_") for line in lines)


def test_what_cannot_be_is_refused_and_leaves_no_trace():
    desk = desk_with(contract(yuan=100_000), cash=50_000 * YUAN)
    before = (desk.book.number, desk.ledger.head)
    assert happens(desk, Repay(START, 100)).refusal is Refusal.NOT_DISBURSED
    with pytest.raises(InputError, match="cash"):
        happens(desk, Disburse(START))
    with pytest.raises(InputError, match="no such contract"):
        happens(desk, Disburse(START), name="L-9")
    with pytest.raises(InputError, match="morning of 2024-01-02"):
        happens(desk, Repay(date(2024, 1, 3), 100))
    with pytest.raises(InputError, match="in the book already"):
        desk.record([("again", Signed(contract()))], AT)
    with pytest.raises(InputError, match="morning of"):
        desk.record([("skip", DayEnded(date(2024, 1, 5)))], AT)
    refused = desk.record([("nothing", Funded(START, 0, "CNY"))], AT)
    assert refused[0].refusal is Refusal.AMOUNT_MUST_BE_POSITIVE
    assert (desk.book.number, desk.ledger.head) == before


def test_the_same_again_is_done_once_and_another_under_its_id_is_refused():
    desk = desk_with(contract())
    happens(desk, Disburse(START), key="bank-1")
    again = happens(desk, Disburse(START), key="bank-1")
    assert again.existed
    assert again.refusal is None
    with pytest.raises(InputError, match="used before"):
        happens(desk, Repay(START, 5), key="bank-1")
    check_ledger(desk)


def test_what_a_crash_left_unposted_is_posted_when_the_book_is_opened_again():
    log, batches = MemoryLog(), InMemory()
    desk = desk_with(contract(), contract("L-2", 50_000), log=log, ledger=Ledger(batches))
    happens(desk, Disburse(START))
    whole = MemoryLog()
    whole.kept = list(log.kept)
    # The process dies between log and ledger: the entries are there, their postings are not.
    broken = LoanDesk(whole, Ledger(batches), BANK)
    broken.ledger.commit = lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        broken.record([("d2", Happened("L-2", Disburse(START))), ("e", DayEnded(START))], AT)
    opened = LoanDesk(whole, Ledger(batches), BANK)
    assert opened.book.loans["L-2"].account.status is Status.OPEN
    check_ledger(opened)
    again = LoanDesk(whole, Ledger(batches), BANK)
    assert again.ledger.head == opened.ledger.head
    assert again.book.loans == opened.book.loans


def test_what_was_not_logged_is_not_posted():
    log = MemoryLog()
    desk = desk_with(contract(), log=log)
    head = desk.ledger.head
    log.fail = True
    with pytest.raises(OSError, match="disk"):
        happens(desk, Disburse(START))
    assert desk.ledger.head == head


def test_a_ledger_of_another_log_is_refused():
    ledger = Ledger(InMemory())
    desk = desk_with(contract(), ledger=ledger)
    happens(desk, Disburse(START))
    with pytest.raises(EvidenceError, match="the log makes 0"):
        LoanDesk(MemoryLog(), ledger, BANK)


def test_what_was_kept_of_another_log_or_a_younger_ledger_is_not_taken_up():
    log, batches, shelf = MemoryLog(), InMemory(), MemoryShelf()
    desk = desk_with(contract(), log=log, ledger=Ledger(batches))
    happens(desk, Disburse(START))
    end_days(desk, date(2024, 3, 1))
    LoanDesk(log, Ledger(batches), BANK, shelf).keep()
    entries = log.entries()
    other = MemoryLog()
    desk_with(contract(yuan=90_000), log=other)
    assert taken_up(shelf.kept, entries) is not None
    assert taken_up(shelf.kept, entries[:-1]) is None
    assert taken_up(shelf.kept, other.entries() + entries[2:]) is None, "as long, and another log"
    fresh = InMemory()  # a ledger that was lost is filled again from the log
    again = LoanDesk(log, Ledger(fresh), BANK, shelf)
    assert again.ledger.head.transfers == desk.ledger.head.transfers
    same_standing(again, desk)


def test_exact_amounts_longer_than_64_bits_are_kept():
    log, batches, shelf = MemoryLog(), InMemory(), MemoryShelf()
    desk = desk_with(contract(yuan=9_000_000_000), log=log, ledger=Ledger(batches), cash=10**13)
    happens(desk, Disburse(START))
    end_days(desk, date(2024, 1, 20))
    assert desk.book.loans["L-1"].account.accrued > 2**64
    LoanDesk(log, Ledger(batches), BANK, shelf).keep()
    same_standing(LoanDesk(log, Ledger(batches), BANK, shelf), desk)


def test_what_a_loan_exposes_a_book_to():
    day, late = date(2024, 1, 2), date(2024, 2, 1)
    desk = desk_with(contract(), contract("L-2", 50_000, start=late), contract("L-3", 70_000))
    loans = desk.book.loans
    assert exposures(loans.values(), day) == {
        "P-L-1": 100_000 * YUAN, "P-L-2": 50_000 * YUAN, "P-L-3": 70_000 * YUAN
    }, "what was signed may still be drawn"  # fmt: skip
    happens(desk, Disburse(START))
    end_days(desk, date(2024, 1, 10))
    assert exposures(loans.values(), desk.book.day).keys() == {"P-L-1", "P-L-2"}, "L-3 passed"
    happens(desk, Prepay(desk.book.day, 40_000 * YUAN))
    owed = exposures(desk.book.loans.values(), desk.book.day)
    assert 0 < owed["P-L-1"] == desk.book.loans["L-1"].account.principal_owed < 100_000 * YUAN
    heads = {"P-L-1": "P-L-1", "P-L-2": "P-L-1"}
    assert taken_by("P-L-2", {"P-L-1": 5, "P-L-2": 3, "Z": 9}, heads, day) == Taken(
        3, 8, "P-L-1", day
    )
    assert taken_by("Z", {"Z": 9}, None, day) == Taken(9, None, None, day)
    assert exposed_by(Taken(9), 1) == {"exposure_customer": 10}, "not known is not zero"


def test_batches_are_signed_on_many_days_each_once(tmp_path):
    place, standing = tmp_path / "book", tmp_path / "standing"
    first = [contract(), contract("L-2", 50_000)]
    second = [contract("L-3", 30_000), replace(contract("L-4", 20_000), party="P-L-1"),
              contract("L-5", 10_000, method=Method.BULLET)]  # fmt: skip
    with open_book(str(place), create=True, shelf=standing) as here:
        made = here.sign_batch(first, "one", AT)
        assert (made.day, made.signed, made.funded_minor) == (START, ("L-1", "L-2"), 150_000 * YUAN)
        for name in made.signed:
            happens(here.desk, Disburse(START), name)
        here.end_days(date(2024, 2, 10), AT)
        made = here.sign_batch(second, "two", AT)
        assert made.signed == ("L-3", "L-5")
        assert made.owing == ("L-4",), "its firm has drawn"
        terms = here.desk.book.loans["L-5"].contract.terms
        assert (terms.start, terms.maturity) == (date(2024, 2, 11), date(2025, 2, 11))
        happens(here.desk, Disburse(date(2024, 2, 11)), "L-3")
        again = here.sign_batch(second, "two", AT + 1)
        assert (again.signed, again.before) == ((), ("L-3", "L-5"))
        with pytest.raises(InputError, match="with other contracts"):
            here.sign_batch([contract("L-9")], "two", AT)
        here.end_days(date(2024, 3, 5), AT)
        assert here.desk.account_of("cash", "CNY")
        trial = asof.trial_balance(here.desk.ledger.book)
        assert pc.sum(trial["balance"]).as_py() == 0
        assert reports.balance_sheet(trial, BANK).balanced
        kept = here.desk
    with open_book(str(place)) as whole, open_book(str(place), shelf=standing) as quick:
        same_standing(whole.desk, kept)
        same_standing(quick.desk, kept)


def test_another_writer_is_caught_up_with():
    log, batches = MemoryLog(), InMemory()
    one = desk_with(contract(), log=log, ledger=Ledger(batches))
    two = LoanDesk(log, Ledger(batches), BANK)
    happens(one, Disburse(START))
    two.ledger.catch_up()
    two.catch_up()
    assert two.book.loans == one.book.loans
    assert two.ledger.head == one.ledger.head


def test_facts_follow_the_book():
    desk = desk_with(contract(yuan=100_000, months=1))
    happens(desk, Disburse(START))
    end_days(desk, date(2024, 2, 2))
    day = desk.book.day
    due = sum(each.total for each in desk.book.loans["L-1"].account.dues)
    happens(desk, Repay(day, due))
    facts = loan_facts(desk._log.entries(), "Asia/Shanghai")
    events = facts["loan_event"].to_pylist()
    assert [each["act"] for each in events] == ["signed", "disburse", "classified", "repay"]
    assert [each["principal_minor"] for each in events] == [0, 10**7, 10**7, 0]
    assert events[2]["grade"] == "special_mention"
    assert events[1]["event_time"].isoformat() == "2024-01-01T16:00:00+00:00"
    exposures = facts["exposure"].to_pylist()
    assert [(each["amount_minor"], each["status"]) for each in exposures] == [
        (10**7, None),
        (0, "withdrawn"),
    ]


def test_what_a_deposit_pays_at_night_is_an_exposure_no_more():
    desk = desk_with(contract(yuan=120_000, months=3, method=Method.EQUAL_PRINCIPAL))
    happens(desk, Disburse(START))
    happens(desk, Repay(START, 60_000 * YUAN))  # a deposit, until something falls due
    end_days(desk, date(2024, 2, 10))
    rows = loan_facts(desk._log.entries(), "Asia/Shanghai")["exposure"].to_pylist()
    assert [each["amount_minor"] for each in rows] == [120_000 * YUAN, 80_000 * YUAN]
    assert rows[1]["amount_minor"] == desk.book.loans["L-1"].account.principal_owed
    assert rows[1]["event_time"] > rows[0]["event_time"]


def test_an_event_is_read_from_words():
    assert event_of("repay", {"on": date(2024, 1, 2), "amount": 5}) == Repay(date(2024, 1, 2), 5)
    reset = event_of("resetrate", {"on": "2024-01-02", "rate": "0.05"})
    assert reset == ResetRate(date(2024, 1, 2), Decimal("0.05"))
    with pytest.raises(InputError, match="no event"):
        event_of("repaid", {})
    with pytest.raises(InputError) as refused:
        event_of("repay", {"on": "2024-01-02"})
    assert "amount" in refused.value.problem


acts = st.lists(
    st.tuples(
        st.integers(0, 40),  # days to pass
        st.integers(0, 40),  # how late it is known
        st.sampled_from(["repay", "prepay", "part", "write_off", "recover"]),
        st.integers(1, 60_000 * YUAN),
        st.sampled_from(["L-1", "L-2"]),
    ),
    max_size=5,
)


class MemoryShelf:
    """Holds how a book stood."""

    kept = None

    def read(self):
        return self.kept

    def write(self, content):
        self.kept = content


def same_standing(one, other):
    """Two desks are at the same place."""
    assert one.book.loans == other.book.loans
    assert list(one.book.loans) == list(other.book.loans)
    assert (one.book.day, one.book.number) == (other.book.day, other.book.number)
    assert list(one.book.ids.items()) == list(other.book.ids.items())
    assert (one._cash, one._others, one._postings) == (other._cash, other._others, other._postings)


@settings(max_examples=25)
@given(acts, st.sampled_from([Method.INTEREST_FIRST, Method.EQUAL_INSTALMENT]))
def test_whatever_happens_the_ledger_agrees_and_the_log_makes_the_same_again(story, method):
    log, batches, shelf = MemoryLog(), InMemory(), MemoryShelf()
    desk = desk_with(
        contract(months=6, method=method), contract("L-2", 50_000, months=3, method=method),
        log=log, ledger=Ledger(batches),
    )  # fmt: skip
    for name in ("L-1", "L-2"):
        happens(desk, Disburse(START), name)
    for number, (days, late, what, amount, name) in enumerate(story):
        end_days(desk, desk.book.day + timedelta(days=days))
        on = max(START, desk.book.day - timedelta(days=late))
        event = {
            "repay": Repay(on, amount),
            "prepay": Prepay(on, amount),
            "part": Repay(on, max(amount // 100, 1)),
            "write_off": WriteOff(desk.book.day),
            "recover": Recover(on, amount),
        }[what]
        happens(desk, event, name, key=f"act {number}")
        check_ledger(desk)
        if number == len(story) // 2:
            LoanDesk(log, Ledger(batches), BANK, shelf).keep()
    same_standing(LoanDesk(log, Ledger(batches), BANK, shelf), desk)
    again = LoanDesk(log, Ledger(batches), BANK)
    assert again.book.loans == desk.book.loans
    assert again.ledger.head == desk.ledger.head
    assert LoanBook(log.entries()).loans == desk.book.loans
    assert loan_table(list(again.book.loans.values())).num_rows == 2


SEEDS = int(os.environ.get("HEADRACE_KILL_SEEDS", "1"))
"""A full run takes 1000."""


def test_kill_9_at_any_moment_loses_no_day_and_posts_nothing_twice(tmp_path):
    whole = tmp_path / "whole"
    whole.mkdir()
    loan_writer.live(whole)
    for seed in range(SEEDS):
        folder = tmp_path / f"{seed}"
        folder.mkdir()
        acknowledged = date.min
        for life in range(3):
            command = [sys.executable, loan_writer.__file__, str(folder)]
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(TESTS)}
            )
            told = process.stdout.readline()  # one more day is over
            time.sleep(np.random.default_rng((seed, life)).uniform(0, 0.2))
            process.kill()
            told += process.stdout.read()
            process.stdout.close()
            process.wait()
            acknowledged = max(
                [acknowledged, *(date.fromisoformat(day) for day in told.decode().split())]
            )
            with open_ledger(str(folder / "ledger.db")) as ledger:
                desk = LoanDesk(LoanLogStore(str(folder / "book.db")), ledger, BANK)
                assert acknowledged < desk.book.day <= loan_writer.LAST
                check_ledger(desk)
        loan_writer.live(folder)
        here, there = (open_ledger(str(each / "ledger.db")) for each in (folder, whole))
        with here as ledger, there as right:
            assert asof.trial_balance(ledger.book).equals(asof.trial_balance(right.book))
            assert ledger.verify() == ()
        assert logs_of(folder) == logs_of(whole)


def logs_of(folder):
    return LoanLogStore(str(folder / "book.db")).entries()
