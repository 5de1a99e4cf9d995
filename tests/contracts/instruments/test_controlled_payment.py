"""Controlled payment: only the payee named, only against the paper named, seen by two people."""

from dataclasses import replace
from datetime import date

import pytest

from headrace.contracts.instruments import payments
from headrace.contracts.instruments.payments import Paper, Payment, PaymentRefusal, Stage
from headrace.contracts.instruments.words import words

DAY = date(2026, 3, 2)
PAYMENT = Payment("P1", "dealer", "core", "6222 01", "PO-7", 500_000_00)
ORDER = Paper("PO-7", "core", "6222 01", 800_000_00)


def approved():
    held = payments.hold(PAYMENT, DAY).state
    checked = payments.check(held, ORDER, "li").state
    return payments.approve(checked, "wang").state


def test_from_draw_to_payee():
    held = payments.hold(PAYMENT, DAY)
    assert [(m.debit, m.credit, m.amount) for m in held.movements] == [
        ("loan_principal", "controlled_payment", 500_000_00)
    ]
    paid = payments.pay(approved(), "core", "6222 01", DAY)
    assert paid.state.stage is Stage.PAID
    assert [(m.debit, m.credit) for m in paid.movements] == [("controlled_payment", "cash")]


@pytest.mark.parametrize(
    ("paper", "refusal"),
    [
        (replace(ORDER, number="PO-8"), PaymentRefusal.PAPER_DIFFERS),
        (replace(ORDER, payee="cousin"), PaymentRefusal.PAYEE_DIFFERS),
        (replace(ORDER, account="6222 02"), PaymentRefusal.ACCOUNT_DIFFERS),
        (replace(ORDER, amount=499_999_99), PaymentRefusal.MORE_THAN_PAPER),
    ],
)
def test_the_payment_must_agree_with_its_paper(paper, refusal):
    held = payments.hold(PAYMENT, DAY).state
    outcome = payments.check(held, paper, "li")
    assert outcome.refusal is refusal
    assert outcome.state is held


def test_one_person_does_not_check_and_approve():
    checked = payments.check(payments.hold(PAYMENT, DAY).state, ORDER, "li").state
    assert payments.approve(checked, "li").refusal is PaymentRefusal.CHECKED_BY_SAME_PERSON


def test_nobody_else_is_paid():
    assert payments.pay(approved(), "cousin", "6222 01", DAY).refusal == "payee_differs"
    assert payments.pay(approved(), "core", "6222 02", DAY).refusal == "account_differs"


def test_no_stage_is_skipped():
    other = PaymentRefusal.STAGE_IS_ANOTHER
    held = payments.hold(PAYMENT, DAY).state
    assert payments.pay(held, "core", "6222 01", DAY).refusal is other
    assert payments.approve(held, "wang").refusal is other
    assert payments.hold(held, DAY).refusal is other
    assert payments.check(PAYMENT, ORDER, "li").refusal is other
    assert payments.give_back(held, DAY).refusal is other
    assert payments.retry(held, "6222 09").refusal is other
    assert payments.hold(replace(PAYMENT, amount=0), DAY).refusal == "amount_not_positive"


def test_what_comes_back_is_checked_again_for_the_new_account():
    paid = payments.pay(approved(), "core", "6222 01", DAY).state
    back = payments.give_back(paid, DAY)
    assert [(m.debit, m.credit) for m in back.movements] == [("cash", "controlled_payment")]
    again = payments.retry(back.state, "6222 09").state
    assert (again.stage, again.checker, again.approver) == (Stage.HELD, None, None)
    assert payments.check(again, ORDER, "li").refusal is PaymentRefusal.ACCOUNT_DIFFERS


def test_what_is_cancelled_was_never_lent():
    ended = payments.cancel(approved(), DAY)
    assert [(m.debit, m.credit) for m in ended.movements] == [
        ("controlled_payment", "loan_principal")
    ]
    assert payments.cancel(ended.state, DAY).refusal is PaymentRefusal.STAGE_IS_ANOTHER
    assert payments.cancel(PAYMENT, DAY).movements == ()


def test_refusals_have_words():
    assert all(words(each).zh for each in PaymentRefusal)
