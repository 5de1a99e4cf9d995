"""Interest of loans that are long overdue leaves income, and comes back when it is paid."""

import csv
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from suspension_reference import balances, by_hand

from headrace.contracts.lending.account import Status, advance, opened, quote
from headrace.contracts.lending.acts import apply, extension
from headrace.contracts.lending.book import accrue_nights, book_of
from headrace.contracts.lending.events import (
    Accelerate,
    ChargeFee,
    Disburse,
    Prepay,
    Refusal,
    Repay,
    Restructure,
    Resume,
    Subsidise,
    Suspend,
    WriteOff,
)
from headrace.contracts.lending.replay import Agreement, corrected, replay
from headrace.contracts.lending.suspension import (
    suspends_after,
    suspension_rule,
    suspension_rules,
)
from headrace.contracts.lending.terms import (
    InterestDays,
    Method,
    Penalty,
    Subsidy,
    Terms,
)
from headrace.contracts.movements import ROLES
from headrace.errors import InputError
from strategies_lending import events, loans

TABLE = Path(__file__).parents[2] / "data" / "contracts" / "suspended_interest.csv"
START, YEAR = date(2024, 1, 20), timedelta(365)
DAILY = Terms(  # 20 yuan a night, due on the 20th
    10_000_000, START, Decimal("0.072"), instalments=12, method=Method.INTEREST_FIRST,
    days=InterestDays.ACTUAL_360, penalty=Penalty(compound=False),
)  # fmt: skip
OFF = date(2024, 5, 21)
"""Of DAILY: 91 days after the first due day."""
UNPAID = Agreement(DAILY, suspend_after=90)


def yuan(text: str) -> int:
    return int(Decimal(text) * 100)


def standing(*events, until, agreement=UNPAID):
    return replay(agreement, [Disburse(agreement.terms.start), *events], until)


def test_worked_example():
    """The table that a banker can read: income, receivable, off balance and received so far."""
    account, moved = apply(UNPAID.opened(), Disburse(START))
    moved = list(moved)
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        day = date.fromisoformat(row["on"])
        if row["act"]:
            account, found = apply(account, Repay(day, yuan(row["amount"])))
        else:
            account, found = advance(account, day)
        moved += found
        held = balances(moved)
        wanted = [yuan(row[name]) for name in ("income", "receivable", "suspended", "received")]
        interest_paid = sum(each.amount for each in moved if each.debit == "cash")
        assert wanted == [
            -held["interest_income"], held["interest_receivable"],
            held["interest_suspended"], interest_paid,
        ], row  # fmt: skip
        nights = (day - START).days
        assert -held["interest_income"] + held["interest_suspended"] == 2_000 * nights
    assert len(rows) == 8


@st.composite
def stories(draw):
    """A loan, what happens to it, after how many days overdue interest leaves, and a later day."""
    terms = draw(loans(rows_max=4))
    found = draw(events(terms, 300, most=5))
    days = st.integers(0, 300).map(lambda days: terms.start + timedelta(days))
    decisions = draw(st.lists(st.builds(Suspend, days) | st.builds(Resume, days), max_size=2))
    limit = draw(st.sampled_from([0, 5, 30, 90]))
    return terms, [*found, *decisions], limit, terms.start + timedelta(320)


@st.composite
def part_payers(draw):
    """A loan of which all but some instalments are paid, late, and how it stands soon after."""
    days = draw(st.lists(st.integers(110, 300), min_size=1, max_size=2, unique=True))
    paid, known = 0, [Disburse(START)]
    for day in sorted(days):
        amount = 61_000 * (day // 30 - draw(st.integers(0, 3))) - paid
        paid += max(amount, 0)
        known += [Repay(START + timedelta(day), amount)] if amount > 0 else []
    until = START + timedelta(max(days) + draw(st.integers(0, 25)))
    return DAILY, known, draw(st.sampled_from([45, 60, 90])), until


@given(stories() | part_payers())
@settings(max_examples=80)
def test_what_was_earned_is_income_or_kept_off_it(story):
    terms, known, limit, until = story
    history = replay(Agreement(terms, suspend_after=limit), known, until)
    wanted, held = by_hand(terms, known, until, limit), balances(history.movements)
    assert {role: held[role] for role in wanted} == dict(wanted)
    assert held["interest_suspended"] == history.account.interest_suspended
    assert set(held) <= set(ROLES)


@given(stories() | part_payers())
@settings(max_examples=40)
def test_the_borrower_sees_no_difference(story):
    """What is owed, paid and refused does not depend on whether it is income."""
    terms, known, limit, until = story
    with_rule = replay(Agreement(terms, suspend_after=limit), known, until)
    known = [each for each in known if not isinstance(each, Suspend | Resume)]
    without = replay(Agreement(terms), known, until)
    account = replace(with_rule.account, suspend_after=None, halted=False, suspended=False)
    assert account == without.account
    ours = {role: value for role, value in balances(with_rule.movements).items() if value}
    theirs = balances(without.movements)
    for role in ("cash", "loan_principal", "overdue_principal", "borrower_deposit", "written_off"):
        assert ours.get(role, 0) == theirs[role]


@given(stories() | part_payers(), st.data())
@settings(max_examples=40)
def test_nights_one_by_one_or_all_at_once_leave_income_on_the_same_day(story, data):
    terms, known, limit, until = story
    days = data.draw(st.sets(st.integers(1, 319), max_size=40))
    agreement = Agreement(terms, suspend_after=limit)
    at_once = replay(agreement, known, until)
    stepwise = replay(agreement, known, until, [terms.start + timedelta(day) for day in days])
    assert at_once.account == stepwise.account
    assert balances(at_once.movements) == balances(stepwise.movements)


@given(stories() | part_payers(), st.data())
@settings(max_examples=40)
def test_a_late_event_leaves_everything_as_if_it_had_been_known(story, data):
    terms, known, limit, until = story
    late = data.draw(events(terms, 300, most=2))[1:]
    closes = [terms.start + timedelta(days) for days in range(1, 320)]
    agreement = Agreement(terms, suspend_after=limit)
    found = corrected(agreement, known, late, until, closes)
    straight = replay(agreement, [*known, *late], until, closes)
    assert found.after == straight
    together = balances([*found.before.movements, *found.movements])
    assert {k: v for k, v in together.items() if v} == {
        k: v for k, v in balances(straight.movements).items() if v
    }


def test_a_payment_known_late_brings_interest_back_as_if_it_never_had_left():
    """All four instalments were paid in time, and the bank heard of it in June."""
    until = date(2024, 6, 1)
    paid = [
        Repay(day, amount)
        for day, amount in ((date(2024, 2, 20), 62_000), (date(2024, 3, 20), 58_000),
                            (date(2024, 4, 20), 62_000), (date(2024, 5, 20), 60_000))
    ]  # fmt: skip
    found = corrected(UNPAID, [Disburse(START)], paid, until)
    assert found.before.account.suspended
    assert not found.after.account.suspended
    back = {each.memo: each.amount for each in found.movements if "suspend" in each.memo}
    assert back == {"reverse_suspend_interest": 244_000}
    assert {each.on for each in found.movements if "suspend" in each.memo} == {OFF}


def test_penalty_and_compound_interest_leave_with_it():
    terms = replace(DAILY, penalty=Penalty(), method=Method.EQUAL_PRINCIPAL)
    agreement = Agreement(terms, suspend_after=90)
    before, after = (standing(until=day, agreement=agreement) for day in (OFF - timedelta(1), OFF))
    held = balances(before.movements)
    assert held["penalty_receivable"] == -held["penalty_income"] > 0
    gone = balances(after.movements)
    assert (gone["penalty_income"], gone["penalty_receivable"]) == (0, 0)
    assert gone["interest_suspended"] == sum(after.account.interest_unpaid.values())
    memos = [each.memo for each in after.movements if each.memo.startswith("suspend")]
    assert memos == ["suspend_interest"] * 2 + ["suspend_penalty"] * 2


def test_fees_stay_where_they_are_and_principal_is_no_income():
    later = OFF + timedelta(10)
    account = standing(until=later).account
    account, charged = apply(account, ChargeFee(later, "appraisal", 5_000))
    assert balances(charged)["fee_income"] == -5_000
    account, _ = apply(account, Accelerate(later))
    assert account.suspended
    account, moved = apply(account, Repay(later, quote(account, later).due))
    held = balances(moved)
    assert held["interest_income"] == -2_000 * (later - START).days
    assert held["fee_receivable"] == -5_000
    assert held["loan_principal"] == -DAILY.principal
    assert (account.status, account.interest_suspended) == (Status.CLOSED, 0)


def test_a_part_paid_does_not_bring_the_rest_back():
    """Fewer than 90 days are overdue again, but something is."""
    day = date(2024, 6, 1)
    history = standing(Repay(day, 62_000 + 58_000), until=day)
    assert history.account.overdue_days == 42
    assert history.account.suspended
    held = balances(history.movements)
    assert -held["interest_income"] == 120_000
    assert held["interest_receivable"] == 0


def test_paying_early_clears_a_suspended_loan():
    day = OFF + timedelta(3)
    account = standing(until=day).account
    account, moved = apply(account, Prepay(day, quote(account, day).total))
    assert account.status is Status.CLOSED
    assert balances(moved)["interest_income"] == -2_000 * (day - START).days
    assert balances(moved)["interest_suspended"] == -2_000 * (day - START).days


def test_writing_off_takes_no_interest_from_the_allowance():
    day = OFF + timedelta(30)
    account = standing(until=day).account
    kept = account.interest_suspended
    account, moved = apply(account, WriteOff(day))
    held = balances(moved)
    assert held["loss_allowance"] == DAILY.principal
    assert held["interest_suspended"] == -kept
    assert held["written_off"] == account.claim == DAILY.principal + kept
    assert not account.suspended


def test_new_terms_do_not_make_it_income():
    day = OFF + timedelta(30)
    account = standing(until=day).account
    account, _ = apply(account, Restructure(day, extension(account, date(2026, 1, 20))))
    assert account.suspended
    later = day + timedelta(5)
    paid, moved = apply(account, Repay(later, sum(due.total for due in account.dues)))
    assert not paid.suspended
    assert "resume_interest" in [each.memo for each in moved]


def test_the_share_that_another_pays_leaves_too():
    terms = replace(DAILY, subsidy=Subsidy("finance bureau", share=Decimal("0.5")))
    account = standing(until=OFF, agreement=Agreement(terms, suspend_after=90)).account
    assert account.interest_suspended == 244_000
    account, moved = apply(account, Subsidise(OFF, 31_000))
    assert balances(moved)["interest_income"] == -31_000
    assert account.interest_suspended == 213_000


@pytest.mark.parametrize("ahead", [True, False], ids=["paid ahead", "paid late"])
def test_the_share_that_another_pays_comes_back_when_the_loan_is_closed(ahead):
    """Though somebody had decided to keep interest off income: nothing is in doubt any more."""
    subsidy = Subsidy(payer="finance bureau", share=Decimal("0.5"))
    terms = replace(DAILY, instalments=1, subsidy=subsidy)
    paid = Repay(START if ahead else START + timedelta(60), 20_000_000)
    history = replay(Agreement(terms), [Disburse(START), Suspend(START), paid], paid.on + YEAR)
    held = balances(history.movements)
    assert history.account.status is Status.CLOSED
    assert held["interest_suspended"] == held["memorandum"] == history.account.interest_suspended
    assert held["interest_suspended"] == 0
    assert held["interest_receivable"] > 0, "the subsidy is still claimed"


def test_somebody_may_decide_before_the_days_do_and_takes_it_back():
    day = date(2024, 2, 10)
    history = standing(Suspend(day), until=date(2024, 2, 25))
    assert history.account.suspended
    assert balances(history.movements)["interest_income"] == 0
    account = history.account
    assert apply(account, Resume(date(2024, 2, 25))) is Refusal.SOMETHING_IS_OVERDUE
    account, moved = apply(account, Repay(date(2024, 2, 25), 62_000))
    assert account.suspended  # paid, and still not trusted
    assert balances(moved)["interest_income"] == -62_000
    account, moved = apply(account, Resume(date(2024, 2, 26)))
    assert not account.suspended
    assert balances(moved)["interest_income"] == -12_000  # six nights not yet due
    assert apply(opened(DAILY), Suspend(START)) is Refusal.NOT_DISBURSED


def test_a_loan_without_a_rule_stays_in_income():
    account = standing(until=date(2025, 1, 1), agreement=Agreement(DAILY)).account
    assert account.overdue_days > 300
    assert (account.suspended, account.suspends_on) == (False, None)


def test_grace_puts_the_day_off_only_where_it_is_longer():
    terms = replace(DAILY, penalty=Penalty(grace_days=10, compound=False))
    for limit, day in ((90, OFF), (5, date(2024, 3, 2))):
        agreement = Agreement(terms, suspend_after=limit)
        account = standing(until=date(2024, 2, 21), agreement=agreement).account
        assert account.suspends_on == day
        assert not standing(until=day - timedelta(1), agreement=agreement).account.suspended
        assert standing(until=day, agreement=agreement).account.suspended


def test_a_book_in_columns_stops_before_interest_leaves():
    day = OFF - timedelta(1)
    account = standing(until=day).account
    _, table = accrue_nights(book_of([account], day), OFF)
    assert table["interest"].to_pylist() == [2_000]
    with pytest.raises(InputError, match="more than interest"):
        accrue_nights(book_of([account], day), OFF + timedelta(1))
    account = standing(until=OFF).account
    assert account.suspended
    _, table = accrue_nights(book_of([account], OFF), OFF + timedelta(5))
    assert table["interest"].to_pylist() == [10_000]


@pytest.mark.parametrize(
    ("on", "days"),
    [
        (date(2000, 12, 31), None),
        (date(2001, 1, 1), 180),
        (date(2001, 12, 31), 180),
        (date(2002, 1, 1), 90),
        (date(2030, 1, 1), 90),
    ],
)
def test_the_rule_of_the_day(on, days):
    assert suspends_after(on) == days


def test_rules_say_where_they_come_from():
    assert suspension_rule(START).clause == (
        "《财政部关于缩短金融企业应收利息核算期限的通知》（财金〔2002〕5号）第一、二条"
    )
    for rule in suspension_rules():
        assert not rule.verified
        assert rule.source.read
