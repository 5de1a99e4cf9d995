"""Interest kept off income, from a loan that knows nothing of it, one day after the other.

What is owed and paid is the same whether interest is income or not. So the plain loan says what was
earned, and at the end of each day all that is unpaid of it is either income or kept off it.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta

from headrace.contracts.lending.account import Status, advance, opened
from headrace.contracts.lending.acts import apply
from headrace.contracts.lending.events import (
    Prepay,
    Recover,
    Refusal,
    Repay,
    Resume,
    Suspend,
    ordered,
)

PAIRS = {"interest_receivable": "interest_income", "penalty_receivable": "penalty_income"}


def balances(movements) -> Counter:
    """Debits less credits by role."""
    found = Counter()
    for each in movements:
        found[each.debit] += each.amount
        found[each.credit] -= each.amount
    return found


@dataclass
class Standing:
    """What a day leaves behind."""

    off: bool = False
    halted: bool = False
    lost: Counter = None


def judge(account, standing, limit) -> None:
    late = account.overdue_days
    standing.off = account.status is Status.OPEN and (
        standing.halted or late > limit or (standing.off and late > 0)
    )


def decide(account, event, standing) -> None:
    if account.status is not Status.OPEN:
        return
    if isinstance(event, Suspend):
        standing.halted = True
    elif account.overdue_days == 0:
        standing.halted = False


def by_hand(terms, events, until, limit) -> Counter:
    """Balances by role on the morning of `until`, of the roles of interest."""
    account, moved, standing = opened(terms), [], Standing(lost=Counter())
    day = terms.start
    while day <= until:
        account, found = advance(account, day)
        moved += found
        judge(account, standing, limit)
        for event in ordered(each for each in events if each.on == day):
            if isinstance(event, Suspend | Resume):
                decide(account, event, standing)
                judge(account, standing, limit)
                continue
            outcome = apply(account, event)
            if isinstance(outcome, Refusal):
                if isinstance(event, Repay | Prepay | Recover):
                    account = replace(account, deposit=account.deposit + event.amount)
                continue
            account, found = outcome
            moved += found
            for each in found:
                if each.debit == "loss_allowance" and each.credit in PAIRS and standing.off:
                    standing.lost[each.credit] += each.amount
            judge(account, standing, limit)
        day += timedelta(1)
    plain, wanted = balances(moved), Counter()
    for role, income in PAIRS.items():
        kept = plain[role] if standing.off else 0
        wanted[role] = plain[role] - kept
        wanted[income] = plain[income] + kept + standing.lost[role]
        wanted["interest_suspended"] += kept
    wanted["written_off"] = plain["written_off"]
    return wanted
