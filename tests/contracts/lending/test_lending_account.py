"""A loan by the day: what is owed, what moves, what clears it, and what is refused."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

import lending_reference
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.conventions.business_days import BusinessDay
from headrace.contracts.conventions.china import CHINA
from headrace.contracts.lending.account import Status, advance, opened, quote
from headrace.contracts.lending.acts import apply, early_principal, extension
from headrace.contracts.lending.events import (
    REFUSAL_WORDS,
    Accelerate,
    ChargeFee,
    Disburse,
    Draw,
    Misuse,
    Prepay,
    Recover,
    Refund,
    Refusal,
    Repay,
    ResetRate,
    Restructure,
    Subsidise,
    WriteOff,
)
from headrace.contracts.lending.paying import Part, PayingOrder
from headrace.contracts.lending.replay import Agreement, replay
from headrace.contracts.lending.schedule import schedule
from headrace.contracts.lending.terms import (
    After,
    DueDays,
    Fee,
    FeeKind,
    InterestDays,
    Method,
    Penalty,
    PenaltyStart,
    Prepayment,
    Subsidy,
    Terms,
)
from strategies_lending import events, loans

START = date(2024, 1, 15)
LOAN = Terms(10_000_000, START, Decimal("0.0435"), instalments=12)
PLANNED = tuple(each for each in Method if each is not Method.ANY_DAY)


def disbursed(terms=LOAN, calendar=CHINA):
    account, _ = apply(opened(terms, calendar), Disburse(terms.start))
    return account


def balances(movements) -> Counter:
    """Debits less credits of each role."""
    found = Counter()
    for each in movements:
        found[each.debit] += each.amount
        found[each.credit] -= each.amount
    return found


def added(found: Counter, movements) -> Counter:
    """Balances with more movements; unlike the sum of counters, below 0 as well."""
    total = Counter(found)
    total.update(balances(movements))
    return total


def check_roles(account, found: Counter) -> None:
    """Each role holds what the account says."""
    dues = account.dues
    late = sum(due.principal for due in dues if due.overdue)
    assert found["overdue_principal"] == late
    assert found["loan_principal"] == account.principal_owed - late
    interest = account.posted + account.subsidy + sum(due.interest for due in dues)
    assert found["interest_receivable"] == interest
    assert found["penalty_receivable"] == sum(due.penalty + due.compound for due in dues)
    assert found["fee_receivable"] == sum(due.fee for due in dues)
    assert found["borrower_deposit"] == -account.deposit
    assert found["written_off"] == account.claim == -found["memorandum"]
    assert sum(found.values()) == 0
    assert account.deposit >= 0
    assert account.balance >= 0


@given(st.data(), loans(methods=PLANNED, rows_max=5))
@settings(max_examples=50)
def test_what_is_owed_is_what_counting_night_by_night_gives(data, terms):
    days = data.draw(st.integers(1, 500))
    paid = data.draw(
        st.dictionaries(st.integers(0, days - 1), st.integers(1, terms.principal), max_size=6)
    )
    payments = {terms.start + timedelta(day): amount for day, amount in paid.items()}
    until = terms.start + timedelta(days)
    found = replay(
        Agreement(terms),
        [Disburse(terms.start), *(Repay(day, amount) for day, amount in payments.items())],
        until,
    ).account
    expected = lending_reference.owed_by_nights(terms, payments, until)
    dues = [(due.compound, due.penalty, due.interest, due.principal) for due in found.dues]
    assert dues == expected["dues"]
    assert (found.deposit, found.balance) == (expected["deposit"], expected["balance"])


@given(st.data(), loans(rows_max=4))
@settings(max_examples=50)
def test_roles_hold_what_the_account_says_whatever_happens(data, terms):
    """Movements are the account: each receivable, the deposit and the claim, to the unit."""
    days = 400
    known = data.draw(events(terms, days))
    until = terms.start + timedelta(days)
    history = replay(Agreement(terms), known, until)
    check_roles(history.account, balances(history.movements))


@given(st.data(), loans(rows_max=4))
@settings(max_examples=40)
def test_roles_hold_it_also_after_new_terms_and_after_writing_off(data, terms):
    history = replay(
        Agreement(terms), data.draw(events(terms, 200, most=4)), terms.start + timedelta(220)
    )
    account, day = history.account, history.account.day
    if account.status is not Status.OPEN or not account.principal_owed:
        return
    found = balances(history.movements)
    owed = quote(account, day)
    anew = Terms(account.principal_owed, day, Decimal("0.03"), instalments=6)
    account, moved = apply(account, Restructure(day, anew))
    check_roles(account, added(found, moved))
    after = quote(account, day)
    assert after.balance == owed.balance + owed.principal
    # what was earned and not paid stays owed, to the unit
    assert after.due == owed.due - owed.principal + owed.accrued
    account, more = advance(account, day + timedelta(100))
    check_roles(account, added(found, [*moved, *more]))
    account, last = apply(account, WriteOff(account.day))
    check_roles(account, added(found, [*moved, *more, *last]))
    for role in ("loan_principal", "overdue_principal", "interest_receivable", "fee_receivable"):
        assert added(found, [*moved, *more, *last])[role] == 0


@given(st.data(), loans(rows_max=4))
@settings(max_examples=40)
def test_nights_counted_one_by_one_or_at_once_make_the_same_account(data, terms):
    known = data.draw(events(terms, 200, most=4))
    until = terms.start + timedelta(300)
    at_once = replay(Agreement(terms), known, until)
    steps = [terms.start + timedelta(day) for day in range(0, 300, data.draw(st.integers(1, 40)))]
    stepwise = replay(Agreement(terms), known, until, steps)
    assert stepwise.account == at_once.account
    assert stepwise.refused == at_once.refused
    assert balances(stepwise.movements) == balances(at_once.movements)


@given(st.data(), loans(rows_max=5))
@settings(max_examples=50)
def test_paying_the_quote_closes_the_loan(data, terms):
    share = data.draw(st.sampled_from([Decimal(0), Decimal("0.01"), Decimal("0.0333")]))
    terms = replace(terms, prepayment=Prepayment(share_fee=share))
    known = data.draw(events(terms, 120, most=4))
    account = replay(Agreement(terms), known, terms.start + timedelta(130)).account
    day = account.day + timedelta(data.draw(st.integers(0, 60)))
    found = quote(account, day)
    if account.status is not Status.OPEN or found.total == 0:
        return
    account, _ = advance(account, day)
    event = (
        Prepay(day, found.total) if account.balance or account.accrued else Repay(day, found.total)
    )
    after, _ = apply(account, event)
    assert after.principal_owed == 0
    assert (after.deposit, after.dues, after.balance) == (0, (), 0)
    assert quote(after, day).total == 0
    if found.total > 1 and isinstance(event, Repay):
        less, _ = apply(account, replace(event, amount=found.total - 1))
        assert less.dues


@given(st.data(), loans(methods=PLANNED, rows_max=8))
@settings(max_examples=50)
def test_the_loan_after_a_prepayment_is_a_new_loan_of_the_rest(data, terms):
    """Paid early in part, with interest so far, it goes on as if lent today on the same days."""
    terms = replace(terms, rates=(), grace_interest=0, due=replace(terms.due, last_days_min=1))
    account = disbursed(terms)
    rows = account.plan
    if len(rows) < 2 or rows[0].opening < 3:
        return
    day = terms.start + timedelta(data.draw(st.integers(0, (rows[0].due - terms.start).days - 1)))
    account, _ = advance(account, day)
    interest = account.interest_accrued - account.subsidy_accrued
    money = interest + data.draw(st.integers(1, terms.principal - 1))
    account, _ = apply(account, Prepay(day, money, After.LOWER_INSTALMENT))
    left = terms.principal - (money - interest)
    assert account.balance == left
    plan = []
    for on, amount in terms.plan:
        kept = min(amount, left - sum(each for _, each in plan))
        plan += [(on, kept)] if kept else []
    method = terms.method if plan or terms.method is not Method.IRREGULAR else Method.INTEREST_FIRST
    maturity = terms.maturity or rows[-1].due
    first = next((row.due for row in rows if row.ends_period), maturity)
    due = replace(terms.due, day=terms.due.day or terms.start.day, month=None)
    due = replace(due, first=first) if first < maturity else replace(due, last_days_min=10**6)
    anew = replace(
        terms, principal=left, start=day, plan=tuple(plan), method=method, maturity=maturity,
        instalments=None, due=due,
    )  # fmt: skip
    expected = schedule(anew)
    amounts = [(row.due, row.principal, row.interest) for row in account.plan]
    assert amounts == [(row.due, row.principal, row.interest) for row in expected]


@given(st.data(), loans(methods=(Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL), rows_max=12))
@settings(max_examples=40)
def test_a_shorter_term_keeps_the_instalment(data, terms):
    account = disbursed(replace(terms, rates=(), subsidy=None, grace_interest=0))
    level = account.plan[0].level
    if len(account.plan) < 3 or not level:
        return
    account, _ = advance(account, account.plan[0].due)
    before = account.plan
    if not account.balance:
        return
    owed = sum(due.total for due in account.dues)
    principal = data.draw(st.integers(1, account.balance))
    after, _ = apply(account, Prepay(account.day, owed + principal, After.SHORTER_TERM))
    assert after.balance == account.balance - principal
    assert len(after.plan) <= len(before)
    assert sum(row.principal for row in after.plan) == after.balance
    if after.plan:
        assert {row.level for row in after.plan} == {level}
        assert [row.due for row in after.plan] == [row.due for row in before[: len(after.plan)]]


@given(st.data(), loans(methods=(Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL), rows_max=12))
@settings(max_examples=40)
def test_a_reset_as_an_event_is_the_reset_agreed_in_the_terms(data, terms):
    # a loan of a few fen may be repaid early by rounding, and is then reset over fewer days
    terms = replace(terms, principal=max(terms.principal, 100_000))
    account = disbursed(replace(terms, rates=()))
    last = account.plan[-1].due
    days = data.draw(
        st.sets(st.integers(1, max((last - terms.start).days - 1, 1)), min_size=1, max_size=3)
    )
    rates = tuple(
        (terms.start + timedelta(day), data.draw(st.integers(0, 3_600)) / Decimal(10_000))
        for day in sorted(days)
    )
    agreed = disbursed(replace(terms, rates=rates))
    until = max(last, rates[-1][0])
    resets = [ResetRate(day, rate) for day, rate in rates]
    event = replay(
        Agreement(replace(terms, rates=())), [Disburse(terms.start), *resets], until
    ).account
    known, _ = advance(agreed, until)
    assert [(d.due, d.principal, d.interest) for d in event.dues] == [
        (d.due, d.principal, d.interest) for d in known.dues
    ]


@given(loans(methods=PLANNED, rows_max=8), st.sampled_from(BusinessDay))
@settings(max_examples=60)
def test_a_loan_paid_on_its_days_pays_what_its_schedule_says(terms, shift):
    terms = replace(terms, shift=shift)
    account = disbursed(terms)
    for day, rows in groupby(schedule(terms, CHINA), lambda row: row.due):
        # Two due days around a weekend may be moved to one day.
        payment = sum(row.payment for row in rows)
        account, _ = advance(account, day)
        if payment:
            assert sum(due.total for due in account.dues) == payment
            account, _ = apply(account, Repay(day, payment))
    assert (account.status, account.dues, account.deposit) == (Status.CLOSED, (), 0)


@given(loans(methods=(Method.ANY_DAY,), rows_max=8))
@settings(max_examples=60)
def test_an_any_day_loan_drawn_and_repaid_by_events_bears_what_its_plan_says(terms):
    account = disbursed(terms)
    for row in schedule(terms):
        account, _ = advance(account, row.due)
        due = sum(each.total for each in account.dues)
        if row.ends_period:
            closing = row.due == account.day and not account.plan
            assert due == row.interest - row.subsidy + (row.principal if closing else 0)
        if due:
            account, _ = apply(account, Repay(row.due, due))
        if not account.plan or not row.principal:
            continue
        interest = row.interest - row.subsidy if not row.ends_period else 0
        event = (
            Draw(row.due, -row.principal)
            if row.principal < 0
            else Prepay(row.due, row.principal + interest)
        )
        account, _ = apply(account, event)
        assert account.balance == row.closing
    assert account.status is Status.CLOSED


def test_an_any_day_loan_bears_interest_by_the_day_on_what_is_drawn():
    """100,000.00 from 5 March, 50,000.00 more from the 10th, 120,000.00 back on the 16th, 5.4 %."""
    terms = Terms(
        0, date(2024, 3, 1), Decimal("0.054"), date(2024, 9, 1), method=Method.ANY_DAY,
        limit=20_000_000, due=DueDays(day=20), days=InterestDays.ACTUAL_360,
    )  # fmt: skip
    account = disbursed(terms)
    account, _ = apply(account, Draw(date(2024, 3, 5), 10_000_000))
    account, _ = apply(account, Draw(date(2024, 3, 10), 5_000_000))
    assert apply(account, Draw(date(2024, 3, 10), 5_000_001)) is Refusal.OVER_THE_LIMIT
    account, _ = apply(account, Prepay(date(2024, 3, 16), 12_000_000))
    account, _ = advance(account, date(2024, 3, 20))
    # (100,000 * 5 + 150,000 * 6 + 30,000 * 4) * 5.4 % / 360 = 228.00
    assert [(due.principal, due.interest) for due in account.dues] == [(0, 22_800)]
    assert apply(account, Draw(date(2024, 3, 20), 100)) is Refusal.SOMETHING_IS_OVERDUE


def test_grace_ends_and_penalty_runs_back_to_the_due_day_or_not():
    """Due 15 February: principal 8,168.49, interest 362.50; three days of grace, to the 18th."""
    for start, nights in ((PenaltyStart.DUE_DAY, 5), (PenaltyStart.END_OF_GRACE, 2)):
        penalty = Penalty(grace_days=3, start=start)
        account = disbursed(replace(LOAN, penalty=penalty))
        account, _ = advance(account, date(2024, 2, 18))
        assert quote(account, date(2024, 2, 18)).penalty == 0
        in_time, _ = apply(account, Repay(date(2024, 2, 18), 853_099))
        assert in_time.dues == ()
        owed = quote(account, date(2024, 2, 20))
        # 8,168.49 * 4.35 % * 1.5 / 360 * nights, and on 362.50
        expected = Decimal(816_849) * Decimal("0.06525") / 360 * nights
        assert owed.penalty == round(expected)
        assert owed.compound == round(Decimal(36_250) * Decimal("0.06525") / 360 * nights)
        assert advance(account, date(2024, 2, 19))[0].overdue_days == 4


def test_an_instalment_due_in_a_holiday_is_in_time_on_the_day_after_it():
    """1 to 7 October 2024 are off: due on the 1st, paid on the 8th without penalty."""
    terms = replace(LOAN, due=DueDays(day=1), shift=BusinessDay.CALCULATE_FOLLOWING)
    account = disbursed(terms)
    for row in account.plan[:8]:
        account, _ = apply(account, Repay(row.due, row.payment))
    row = account.plan[0]
    assert (row.due, row.pay_on) == (date(2024, 10, 1), date(2024, 10, 8))
    assert quote(account, date(2024, 10, 8)).due == row.payment
    late = quote(account, date(2024, 10, 9))
    assert late.penalty == round(Decimal(row.principal) * Decimal("0.06525") / 360)


def test_misuse_bears_the_higher_rate_on_the_balance_and_not_both():
    """Interest first, 6 %; misuse from the first day: 12 %, and overdue still 12 %, not 9 or 15."""
    terms = Terms(
        3_600_000, START, Decimal("0.06"), instalments=2, method=Method.INTEREST_FIRST,
        days=InterestDays.ACTUAL_360,
    )  # fmt: skip
    account = disbursed(terms)
    account, _ = apply(account, Misuse(START))
    account, _ = advance(account, date(2024, 2, 15))
    # 36,000.00 * 6 % / 360 = 6.00 a day, 31 days of interest and as many of extra
    assert sum(due.interest for due in account.dues) == 18_600
    assert sum(due.penalty for due in account.dues) == 18_600
    account, _ = apply(account, Repay(date(2024, 2, 15), 37_200))
    at_end, _ = advance(account, date(2024, 3, 15))
    later, _ = advance(account, date(2024, 3, 25))
    more = sum(due.penalty for due in later.dues) - sum(due.penalty for due in at_end.dues)
    assert more == 10 * 1_200


def test_a_subsidy_is_owed_by_its_payer_and_not_by_the_borrower():
    terms = replace(LOAN, subsidy=Subsidy("finance bureau", share=Decimal("0.5")))
    account = disbursed(terms)
    account, _ = advance(account, date(2024, 2, 15))
    assert (account.dues[0].interest, account.subsidy) == (18_125, 18_125)
    assert apply(account, Subsidise(date(2024, 3, 1), 18_126)) is Refusal.SUBSIDY_IS_NOT_OWED
    account, moved = apply(account, Subsidise(date(2024, 3, 1), 18_125))
    assert account.subsidy == 0
    assert moved[-1].credit == "interest_receivable"


def test_everything_falls_due_is_written_off_and_recovered():
    account = disbursed()
    account, _ = apply(account, Accelerate(date(2024, 2, 1)))
    assert account.plan == ()
    assert account.dues[0].principal == 10_000_000
    account, moved = apply(account, WriteOff(date(2024, 6, 1)))
    claim = account.claim
    assert claim == sum(each.amount for each in moved if each.debit == "loss_allowance")
    assert apply(account, Repay(date(2024, 6, 2), 5)) is Refusal.LOAN_IS_WRITTEN_OFF
    account, _ = apply(account, Recover(date(2024, 7, 1), 1_000_000))
    assert account.claim == claim - 1_000_000
    account, _ = apply(account, Recover(date(2024, 8, 1), claim))
    assert (account.claim, account.deposit) == (0, 1_000_000)
    account, _ = apply(account, Refund(date(2024, 8, 2), 1_000_000))
    assert account.deposit == 0


def test_a_restructured_loan_carries_its_principal_on_and_still_owes_its_interest():
    account = disbursed()
    account, _ = advance(account, date(2024, 4, 20))
    principal, owed = account.principal_owed, quote(account, date(2024, 4, 20))
    terms = Terms(principal, date(2024, 4, 20), Decimal("0.036"), instalments=24)
    wrong = Restructure(date(2024, 4, 20), replace(terms, principal=principal - 1))
    assert apply(account, wrong) is Refusal.PRINCIPAL_MUST_BE_KEPT
    account, moved = apply(account, Restructure(date(2024, 4, 20), terms))
    assert account.balance == principal
    interest = owed.interest + owed.accrued
    assert sum(due.interest for due in account.dues) == interest
    assert sum(due.penalty + due.compound for due in account.dues) == owed.penalty + owed.compound
    assert any(each.memo == "restructure" for each in moved)
    assert len(account.plan) == 24


def test_an_extended_loan_keeps_its_method_rate_and_due_day():
    account = disbursed(replace(LOAN, method=Method.INTEREST_FIRST, due=DueDays(day=20)))
    account, _ = advance(account, date(2025, 1, 20))
    assert account.balance == 0
    day = date(2025, 1, 25)
    account, _ = advance(account, day)
    terms = extension(account, date(2025, 7, 20))
    account, moved = apply(account, Restructure(day, terms))
    assert [each.memo for each in moved] == ["restructure"]
    assert [row.due.day for row in account.plan] == [20] * 6
    assert (account.balance, account.rate) == (10_000_000, 435_000_000)
    dearer = extension(account, date(2025, 8, 20), Decimal("0.05"))
    assert (dearer.rate, dearer.instalments) == (Decimal("0.05"), None)


def test_money_goes_to_parts_in_the_order_agreed():
    """Two instalments overdue, and a fee: by instalment or by part."""
    account = disbursed()
    account, _ = advance(account, date(2024, 4, 1))
    account, _ = apply(account, ChargeFee(date(2024, 4, 1), "dunning", 5_000))
    first, second = account.dues[:2]
    by_instalment, _ = apply(account, Repay(date(2024, 4, 1), first.total))
    assert [due.number for due in by_instalment.dues] == [2, 0]
    order = PayingOrder(
        (Part.FEE, Part.PRINCIPAL, Part.INTEREST, Part.PENALTY, Part.COMPOUND), oldest_first=False
    )
    money = 5_000 + first.principal + second.principal
    by_part, _ = apply(replace(account, order=order), Repay(date(2024, 4, 1), money))
    assert [(due.principal, due.interest) for due in by_part.dues] == [
        (0, first.interest), (0, second.interest),
    ]  # fmt: skip


def test_fees_at_the_start_are_deducted_or_owed():
    fees = (
        Fee("arrangement", FeeKind.DEDUCTED, share=Decimal("0.01")),
        Fee("stamp", FeeKind.AT_START, amount=500),
    )
    account, moved = apply(opened(replace(LOAN, fees=fees)), Disburse(START, "controlled_payment"))
    assert [(each.credit, each.amount) for each in moved] == [
        ("controlled_payment", 9_900_000), ("fee_income", 100_000), ("fee_income", 500),
    ]  # fmt: skip
    assert quote(account, START).fee == 500


@given(loans(methods=PLANNED, rows_max=6), st.integers(0, 10**8))
@settings(max_examples=40)
def test_fees_that_fall_due_are_those_of_the_schedule(terms, share):
    fees = (
        Fee("guarantee", FeeKind.ON_BALANCE, share=Decimal(share).scaleb(-10)),
        Fee("management", FeeKind.EACH_PERIOD, amount=7, share=Decimal("0.00033")),
    )
    terms = replace(terms, fees=fees)
    account = disbursed(terms)
    for row in schedule(terms):
        before = sum(due.fee for due in account.dues)
        account, _ = advance(account, row.due)
        assert sum(due.fee for due in account.dues) - before == row.fee


def test_early_principal_is_the_most_that_money_pays_with_its_fee():
    terms = replace(LOAN, prepayment=Prepayment(share_fee=Decimal("0.013")))
    for money in (0, 1, 37, 38, 39, 1_013, 99_999, 10**15):
        found = early_principal(terms, money, 10**15)
        fee = lending_reference.half_up(found * lending_reference.Fraction(13, 1_000))
        above = lending_reference.half_up((found + 1) * lending_reference.Fraction(13, 1_000))
        assert found + fee <= money
        assert found + 1 + above > money


CLOSED = replay(Agreement(LOAN), [Disburse(START), Prepay(START, LOAN.principal)], START).account
REFUSED = {
    Refusal.DAY_IS_PAST: (disbursed, Repay(date(2024, 1, 14), 1)),
    Refusal.ALREADY_DISBURSED: (disbursed, Disburse(START)),
    Refusal.NOT_DISBURSED: (lambda: opened(LOAN), Repay(START, 1)),
    Refusal.NOT_THE_FIRST_DAY: (lambda: opened(LOAN), Disburse(date(2024, 1, 16))),
    Refusal.LOAN_IS_CLOSED: (lambda: CLOSED, Prepay(START, 1)),
    Refusal.LOAN_IS_NOT_WRITTEN_OFF: (disbursed, Recover(START, 1)),
    Refusal.AMOUNT_MUST_BE_POSITIVE: (disbursed, Repay(START, 0)),
    Refusal.NOT_REVOLVING: (disbursed, Draw(START, 1)),
    Refusal.BEYOND_MATURITY: (
        lambda: replace(
            disbursed(replace(LOAN, method=Method.ANY_DAY)), plan=(), balance=1, accrued=0
        ),
        Draw(START, 1),
    ),
    Refusal.SOMETHING_IS_OVERDUE: (disbursed, Prepay(date(2024, 2, 15), 100)),
    Refusal.BELOW_PREPAYMENT_MINIMUM: (disbursed, Prepay(date(2024, 2, 1), 1)),
    Refusal.NOTHING_IS_OWED: (
        lambda: disbursed(replace(LOAN, method=Method.ANY_DAY, principal=0, limit=5)),
        Prepay(START, 1),
    ),
    Refusal.RATE_MUST_BE_A_FRACTION: (disbursed, ResetRate(START, Decimal("4.35"))),
    Refusal.DEPOSIT_IS_LESS: (disbursed, Refund(START, 1)),
}


@pytest.mark.parametrize("refusal", REFUSED)
def test_what_cannot_be_is_refused_as_a_value(refusal):
    make, event = REFUSED[refusal]
    assert apply(make(), event) is refusal


def test_every_refusal_is_tested_and_said_in_both_languages():
    elsewhere = {
        Refusal.OVER_THE_LIMIT, Refusal.LOAN_IS_WRITTEN_OFF, Refusal.PRINCIPAL_MUST_BE_KEPT,
        Refusal.SUBSIDY_IS_NOT_OWED,
    }  # fmt: skip
    assert REFUSED.keys() | elsewhere == set(Refusal) == REFUSAL_WORDS.keys()
