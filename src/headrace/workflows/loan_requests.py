"""Acts on a loan that people ask for: which ones one person does, and which ones need a second.

Money that comes in, and what only makes a loan stricter, one person records. Money that goes out,
and what gives something up, is asked for and approved by somebody else (双人复核).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from headrace.contracts.lending.acts import extension
from headrace.contracts.lending.events import (
    Disburse,
    Draw,
    Event,
    Refund,
    Restructure,
    WriteOff,
)
from headrace.contracts.lending.terms import PRINCIPAL_MAX
from headrace.errors import InputError
from headrace.pack import Text
from headrace.workflows.loan import Loan
from headrace.workflows.loan_log import event_of

ALONE: Mapping[str, Text] = {
    "repay": Text("Repayment", "还款"),
    "prepay": Text("Early repayment", "提前还款"),
    "subsidise": Text("Subsidy received", "贴息到账"),
    "recover": Text("Recovery after write-off", "核销后收回"),
    "chargefee": Text("Fee", "收费"),
    "misuse": Text("Misuse found", "认定挪用"),
    "accelerate": Text("All falls due", "宣布提前到期"),
    "suspend": Text("Interest off income", "转非应计"),
}
"""What one person records."""
TOGETHER: Mapping[str, Text] = {
    "disburse": Text("Payout", "放款"),
    "draw": Text("Draw", "支用"),
    "refund": Text("Refund of a deposit", "退还多还款项"),
    "extend": Text("Extension", "展期"),
    "writeoff": Text("Write-off", "核销"),
}
"""What a second person approves."""
WITH_AMOUNT = frozenset({"repay", "prepay", "subsidise", "recover", "chargefee", "draw", "refund"})
LATE = frozenset(ALONE)
"""What may count for a day that has ended: the difference is posted."""


@dataclass(frozen=True)
class Given:
    """What somebody filled in.

    Attributes:
        act: A word of `ALONE` or `TOGETHER`.
        on: The day it counts for; None: the book's.
        amount: Minor units; None where the act has none.
        until: The new last due day, of an extension.
        rate: The new rate of an extension; None: that in force.
        name: Of a fee.
    """

    act: str
    on: date | None = None
    amount: int | None = None
    until: date | None = None
    rate: Decimal | None = None
    name: str = ""


def event_for(loan: Loan, given: Given, day: date) -> Event:
    """The event that somebody asks for.

    Args:
        loan: As it stands.
        given: What was filled in.
        day: The morning the book stands on.

    Raises:
        InputError: Naming the field that does not fit, and what would be right.
    """
    if given.act not in ALONE and given.act not in TOGETHER:
        known = ", ".join((*ALONE, *TOGETHER))
        raise InputError(f"{given.act!r} is no act here", where="act", remedy=f"One of {known}")
    on = given.on or day
    if on > day or (on < day and given.act not in LATE):
        raise InputError(
            f"the book stands on the morning of {day}",
            where="on",
            remedy=f"give {day}" if given.act not in LATE else f"give {day} or an earlier day",
        )
    if given.act in WITH_AMOUNT and not 0 < (given.amount or 0) <= PRINCIPAL_MAX:
        raise InputError("an amount is needed", where="amount", remedy="above 0, such as 12345.67")
    if given.act == "extend":
        return _extended(loan, given, on)
    fields: dict[str, Any] = {"on": on}
    if given.act in WITH_AMOUNT:
        fields["amount"] = given.amount
    if given.act == "chargefee":
        fields["name"] = given.name or "fee"
    if given.act == "disburse":
        check_start(loan, on)
    return event_of(given.act, fields)


def check_start(loan: Loan, day: date) -> None:
    """A loan is paid out on the day its terms start.

    Raises:
        InputError: That is another day.
    """
    start = loan.contract.terms.start
    if start != day:
        remedy = (
            f"ask on {start}"
            if start > day
            else "sign the contract anew for the day on which the money goes out"
        )
        raise InputError(
            f"the contract starts on {start}, and the book stands on the morning of {day}",
            where="on",
            remedy=remedy,
        )


def amount_of(loan: Loan, event: Event) -> int:
    """Minor units that an event pays out, defers or gives up."""
    if isinstance(event, Disburse):
        return loan.contract.terms.principal
    if isinstance(event, Draw | Refund):
        return event.amount
    if isinstance(event, Restructure):
        return event.terms.principal
    if isinstance(event, WriteOff):
        return loan.account.principal_owed + sum(
            due.total - due.principal for due in loan.account.dues
        )
    return 0


def _extended(loan: Loan, given: Given, on: date) -> Event:
    if given.until is None or given.until <= on:
        raise InputError(
            "the new last due day is needed", where="until", remedy=f"a day after {on}"
        )
    if loan.account.status != "open":
        raise InputError("only a loan that is owed can be extended", where="act")
    return Restructure(on, extension(loan.account, given.until, given.rate))
