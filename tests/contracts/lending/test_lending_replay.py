"""Late events: the account is as if they had been known, and the ledger gets the difference."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.lending.events import (
    ORDER,
    Disburse,
    Event,
    Prepay,
    Refusal,
    Repay,
    ResetRate,
    ordered,
)
from headrace.contracts.lending.replay import Agreement, corrected, replay
from headrace.contracts.lending.terms import Method, Terms
from strategies_lending import events, loans

START = date(2024, 1, 15)
LOAN = Terms(10_000_000, START, Decimal("0.0435"), instalments=12)


def by_role_and_day(movements) -> Counter:
    found = Counter()
    for each in movements:
        found[each.debit, each.on] += each.amount
        found[each.credit, each.on] -= each.amount
    return Counter({key: amount for key, amount in found.items() if amount})


@given(st.data(), loans(rows_max=4))
@settings(max_examples=40)
def test_what_was_posted_and_the_difference_are_what_should_have_been(data, terms):
    known = data.draw(events(terms, 200, most=5))
    late = data.draw(events(terms, 200, most=2))[1:]
    until = terms.start + timedelta(250)
    closes = [terms.start + timedelta(days) for days in range(30, 250, 30)]
    found = corrected(Agreement(terms), known, late, until, closes)
    assert found.after == replay(Agreement(terms), [*known, *late], until, closes)
    together = by_role_and_day([*found.before.movements, *found.movements])
    assert together == by_role_and_day(found.after.movements)


@given(st.data(), loans(rows_max=4))
@settings(max_examples=40)
def test_the_order_in_which_events_come_to_be_known_does_not_matter_between_days(data, terms):
    known = data.draw(events(terms, 200, most=6))
    one_a_day = list({event.on: event for event in reversed(known)}.values())
    until = terms.start + timedelta(210)
    shuffled = data.draw(st.permutations(one_a_day))
    assert replay(Agreement(terms), shuffled, until) == replay(Agreement(terms), one_a_day, until)


def test_events_of_one_day_follow_a_stated_order():
    """A reset comes before the repayments of its day, and they before what is paid early."""
    day = date(2024, 3, 15)
    events = [Prepay(day, 5), Repay(day, 3), Repay(day, 2), ResetRate(day, Decimal("0.04"))]
    assert ordered(events) == [events[3], events[1], events[2], events[0]]
    assert set(ORDER) == set(Event.__args__)


def test_a_repayment_known_late_takes_its_penalty_back():
    """Paid on 15 February, known on 1 March: fourteen nights of penalty are posted back."""
    until = date(2024, 3, 1)
    found = corrected(
        Agreement(LOAN), [Disburse(START)], [Repay(date(2024, 2, 15), 853_099)], until
    )
    back = {each.memo: each.amount for each in found.movements if each.on == until}
    # 8,168.49 and 362.50 at 4.35 % * 1.5 for 15 nights, less the first, posted on the 16th
    nights = round(Decimal(816_849) * Decimal("0.06525") * 15 / 360)
    first = round(Decimal(816_849) * Decimal("0.06525") / 360)
    assert back["reverse_accrue_penalty"] == nights - first
    assert found.after.account.dues == ()
    assert found.settlement == -(
        853_099 + nights + round(Decimal(36_250) * Decimal("0.06525") * 15 / 360)
    )
    assert not found.after.refused


def test_money_of_a_payment_that_is_refused_when_replayed_is_kept_and_named():
    """The loan turns out to have been repaid in January, so March's early payment has no object."""
    events = [Disburse(START), Prepay(date(2024, 3, 1), 2_000_000)]
    owed = LOAN.principal + 100_000
    found = corrected(
        Agreement(replace(LOAN, method=Method.INTEREST_FIRST)), events,
        [Prepay(date(2024, 1, 20), owed)], date(2024, 3, 2),
    )  # fmt: skip
    assert found.before.refused == ()
    assert found.after.refused == ((events[1], Refusal.LOAN_IS_CLOSED),)
    # five nights at 1,208.33 a hundred are 60.42, and all else is the borrower's
    assert found.after.account.deposit == owed + 2_000_000 - LOAN.principal - 6_042
