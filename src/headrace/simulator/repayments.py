"""How simulated borrowers pay: in time, late, early, or no more. Nothing of it is measured.

Whether a firm accepts and in which period it stops paying are drawn from what its decision
expected: take-up, and the probability of default over the term. The rest is made up and named
here. Each contract has dice of its own, so another contract changes nothing for it.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from headrace.contracts.lending.account import Account, Status, quote
from headrace.contracts.lending.events import Disburse, Event, Prepay, Recover, Repay, WriteOff
from headrace.workflows.contracts import Contract

LATENESS = ((0, 0, 0.86), (1, 3, 0.08), (4, 25, 0.05), (35, 75, 0.01))
"""First and last day after the payment day, and how often."""
PREPAYS = 0.04  # firms that pay everything early, in a month drawn evenly
COLLECTED_AFTER = (120, 300)  # days overdue when collection brings something
COLLECTED_SHARE = (0.1, 0.9)  # of what is owed, drawn evenly
WRITTEN_OFF_AFTER = 361  # days overdue
RECOVERED_AFTER = (30, 200)  # days after that
RECOVERED_SHARE = (0.0, 0.15)
NEVER = 10**6


@dataclass(frozen=True)
class Borrower:
    """What one firm will do.

    Attributes:
        accepts: Whether it signs and draws.
        stops: The instalment from which it pays nothing, from 1; NEVER.
        prepays: The instalment after which it pays everything; NEVER.
        lateness: Days late, by instalment, the last one for all later ones.
        collected: Days overdue when collection brings something, and which share.
        recovered: Days after writing off when something comes in, and which share.
    """

    accepts: bool
    stops: int
    prepays: int
    lateness: tuple[int, ...]
    collected: tuple[int, float]
    recovered: tuple[int, float]


def draw_borrower(contract: Contract, instalments: int, seed: tuple[int, int]) -> Borrower:
    """What the firm of a contract will do; the same seed, the same firm.

    Args:
        contract: Its take-up and probability of default count.
        instalments: Of its schedule.
        seed: Of the simulation, and the place of the contract in it.
    """
    dice = np.random.default_rng(seed)
    accepts = bool(dice.random() < contract.take_up)
    hazard = 1.0 - (1.0 - contract.probability) ** (1.0 / instalments)
    stops = int(dice.geometric(hazard)) if hazard > 0 else NEVER
    prepays = int(dice.integers(1, instalments + 1)) if dice.random() < PREPAYS else NEVER
    shares = np.array([share for _, _, share in LATENESS])
    band = dice.choice(len(LATENESS), size=instalments, p=shares / shares.sum())
    late = [int(dice.integers(LATENESS[k][0], LATENESS[k][1] + 1)) for k in band]
    return Borrower(
        accepts,
        stops if stops <= instalments else NEVER,
        prepays,
        tuple(late),
        (int(dice.integers(*COLLECTED_AFTER)), float(dice.uniform(*COLLECTED_SHARE))),
        (int(dice.integers(*RECOVERED_AFTER)), float(dice.uniform(*RECOVERED_SHARE))),
    )


def acts_on(
    borrower: Borrower, account: Account, day: date, written_off: date | None
) -> list[Event]:
    """What happens to a loan on a day.

    Args:
        borrower: Who owes it.
        account: On the morning of the day.
        day: The day.
        written_off: Since when it is written off; None where it is not.
    """
    if account.status is Status.AGREED:
        start = account.terms.start
        return [Disburse(day)] if borrower.accepts and day == start else []
    if account.status is Status.WRITTEN_OFF:
        return _recovery(borrower, account, day, written_off)
    if account.status is not Status.OPEN:
        return []
    dues = [due for due in account.dues if due.total]
    number = dues[0].number if dues else 0
    if number >= borrower.stops:
        return _collection(borrower, account, day)
    if dues:
        late = borrower.lateness[min(number, len(borrower.lateness)) - 1]
        paid_on = dues[0].pay_on + timedelta(days=late)
        return [Repay(day, quote(account, day).due)] if day >= paid_on else []
    left = account.plan[0].number - 1 if account.plan else NEVER
    if left == borrower.prepays < borrower.stops and account.balance:
        return [Prepay(day, quote(account, day).total)]
    return []


def _collection(borrower: Borrower, account: Account, day: date) -> list[Event]:
    after, share = borrower.collected
    if account.overdue_days == after:
        amount = int(quote(account, day).due * share)
        return [Repay(day, amount)] if amount else []
    return [WriteOff(day)] if account.overdue_days >= WRITTEN_OFF_AFTER else []


def _recovery(
    borrower: Borrower, account: Account, day: date, written_off: date | None
) -> list[Event]:
    after, share = borrower.recovered
    if written_off is None or (day - written_off).days != after:
        return []
    amount = int(account.claim * share)
    return [Recover(day, amount)] if amount else []
