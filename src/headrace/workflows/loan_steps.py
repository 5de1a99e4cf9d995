"""A loan by the day from its events: how it stands after each, and what a late event changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from headrace.contracts.lending.account import Account, Status, advance, quote
from headrace.contracts.lending.acts import apply
from headrace.contracts.lending.events import Event, Refusal, ordered
from headrace.contracts.lending.owed import Quote
from headrace.contracts.lending.replay import Agreement, Correction, corrected, replay
from headrace.contracts.movements import Movement
from headrace.workflows.loan_file import Told
from headrace.workflows.loan_log import WORDS as EVENT_WORDS

FALLS_DUE = "falls_due"
LOOK = "look"

STEPS = pa.schema(
    [
        pa.field("on", pa.date32(), nullable=False),
        pa.field("what", pa.string(), nullable=False),
        pa.field("late", pa.bool_(), nullable=False),
        pa.field("refused", pa.string()),
        pa.field("amount_minor", pa.int64()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("balance_minor", pa.int64(), nullable=False),
        pa.field("due_minor", pa.int64(), nullable=False),
        pa.field("penalty_minor", pa.int64(), nullable=False),
        pa.field("accrued_minor", pa.int64(), nullable=False),
        pa.field("deposit_minor", pa.int64(), nullable=False),
        pa.field("overdue_days", pa.int64(), nullable=False),
        pa.field("clears_minor", pa.int64()),
    ]
)
"""How a loan stands after each thing that happens to it, on its day.

`balance_minor` is principal not yet due, `due_minor` all that is due, `penalty_minor` of it penalty
and compound interest, `clears_minor` what would clear the loan; null where nothing is lent.
"""

MOVEMENTS = pa.schema(
    [
        pa.field("on", pa.date32(), nullable=False),
        pa.field("memo", pa.string(), nullable=False),
        pa.field("debit", pa.string(), nullable=False),
        pa.field("credit", pa.string(), nullable=False),
        pa.field("amount_minor", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Story:
    """A loan made from its events.

    Attributes:
        steps: STEPS.
        movements: MOVEMENTS, all of them.
        account: On the morning of the last day.
        quote: What clears it then; None: nothing is lent.
        correction: What late events change; None: there are none.
        later: Events after that day, which are left out.
        unsettled: Acts that were accepted without the late events and are refused with them.
    """

    steps: pa.Table
    movements: pa.Table
    account: Account
    quote: Quote | None
    correction: Correction | None
    later: int
    unsettled: tuple[tuple[Event, Refusal], ...]


def last_day(told: Told) -> date:
    """The day of the last event."""
    return max(each.on for each in (*told.known, *told.late))


def story(agreement: Agreement, told: Told, until: date) -> Story:
    """How a loan stands after each event up to a day, with late events in their places."""
    correction: Correction | None = None
    unsettled: tuple[tuple[Event, Refusal], ...] = ()
    if told.late:
        correction = corrected(agreement, told.known, told.late, until)
        before = list(correction.before.refused)
        unsettled = tuple(
            each
            for each in correction.after.refused
            if each not in before and each[0] not in told.late
        )
        history = correction.after
    else:
        history = replay(agreement, told.known, until)
    lent = history.account.status is not Status.AGREED
    return Story(
        pa.Table.from_pylist(_steps(agreement, told, until), STEPS),
        movements_table(history.movements),
        history.account,
        quote(history.account, until) if lent else None,
        correction,
        sum(each.on > until for each in (*told.known, *told.late)),
        unsettled,
    )


def movements_table(movements: Sequence[Movement]) -> pa.Table:
    """Movements as MOVEMENTS."""
    return pa.Table.from_pylist(
        [
            {
                "on": each.on,
                "memo": each.memo,
                "debit": each.debit,
                "credit": each.credit,
                "amount_minor": each.amount,
            }
            for each in movements
        ],
        MOVEMENTS,
    )


def _steps(agreement: Agreement, told: Told, until: date) -> list[dict[str, Any]]:
    account = agreement.opened()
    late = {id(each) for each in told.late}
    steps: list[dict[str, Any]] = []
    seen: list[Event] = []
    for event in ordered(each for each in (*told.known, *told.late) if each.on <= until):
        account = _fall_due(account, event.on, steps)
        seen.append(event)
        outcome = apply(account, event)
        refused = outcome if isinstance(outcome, Refusal) else None
        if isinstance(outcome, Refusal):  # its money is kept: only a replay says how
            account = replay(agreement, seen, max(event.on, account.day)).account
        else:
            account = outcome[0]
        amount = getattr(event, "amount", None)
        word = EVENT_WORDS[type(event)]
        step = _step(account, word, amount)
        steps.append(step | {"on": event.on, "late": id(event) in late, "refused": refused})
    account = _fall_due(account, until, steps)
    if not steps or account.day < until or steps[-1]["on"] < until:
        account, _ = advance(account, max(until, account.day))
        steps.append(_step(account, LOOK, None))
    return steps


def _fall_due(account: Account, day: date, steps: list[dict[str, Any]]) -> Account:
    """The account on the last due day up to a day, with a step for each."""
    while account.status is Status.OPEN and account.plan and account.plan[0].due <= day:
        row = account.plan[0]
        account, _ = advance(account, max(row.due, account.day))
        steps.append(_step(account, FALLS_DUE, row.payment))
    return account


def _step(account: Account, what: str, amount: int | None) -> dict[str, Any]:
    lent = account.status is not Status.AGREED
    found = quote(account, account.day) if lent else None
    return {
        "on": account.day,
        "what": what,
        "late": False,
        "amount_minor": amount,
        "status": account.status.value,
        "balance_minor": account.balance,
        "due_minor": 0 if found is None else found.due,
        "penalty_minor": 0 if found is None else found.penalty + found.compound,
        "accrued_minor": 0 if found is None else found.accrued,
        "deposit_minor": account.deposit,
        "overdue_days": account.overdue_days,
        "clears_minor": None if found is None else found.total,
    }
