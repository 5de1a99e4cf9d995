"""How a payment is divided (还款冲销顺序): by part, by instalment, as data.

Source: 民法典 article 561 has costs of the claim, then interest, then the debt, unless agreed
otherwise; article 560 has the debt that fell due first. Fees, compound interest, penalty, interest,
principal, oldest instalment first, is what most loan contracts say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from headrace.contracts.lending.owed import Due


class Part(StrEnum):
    """What a payment can go to."""

    FEE = "fee"
    COMPOUND = "compound"
    PENALTY = "penalty"
    INTEREST = "interest"
    PRINCIPAL = "principal"


@dataclass(frozen=True)
class PayingOrder:
    """In which order money is used.

    Attributes:
        parts: Each part once.
        oldest_first: Whether an instalment is paid whole before the next (逐期); else each part is
            paid of every instalment before the next part (逐项).
    """

    parts: tuple[Part, ...] = tuple(Part)
    oldest_first: bool = True

    def __post_init__(self) -> None:
        if sorted(self.parts) != sorted(Part):
            message = f"a paying order names each of {', '.join(Part)} once, not {self.parts}"
            raise ValueError(message)

    def steps(self, count: int) -> list[tuple[int, Part]]:
        """(instalment, part) in the order in which they are paid."""
        if self.oldest_first:
            return [(k, part) for k in range(count) for part in self.parts]
        return [(k, part) for part in self.parts for k in range(count)]


PAYING_ORDER = PayingOrder()


@dataclass(frozen=True)
class Used:
    """Money used for one part of one instalment; `overdue` says where its principal is booked."""

    number: int
    part: Part
    amount: int
    overdue: bool


def divide(
    dues: Sequence[Due], amount: int, order: PayingOrder = PAYING_ORDER
) -> tuple[tuple[Due, ...], tuple[Used, ...], int]:
    """What is left to pay, what was paid, and the money left over.

    Instalments that are paid stay here, with nothing left; the account drops them.
    """
    left = list(dues)
    used = []
    for k, part in order.steps(len(left)):
        paid = min(amount, getattr(left[k], part.value))
        if paid <= 0:
            continue
        used.append(Used(left[k].number, part, paid, left[k].overdue))
        left[k] = _less(left[k], part, paid)
        amount -= paid
    return tuple(left), tuple(used), amount


def _less(due: Due, part: Part, paid: int) -> Due:
    if part is Part.PENALTY:
        return replace(due, penalty_paid=due.penalty_paid + paid)
    if part is Part.COMPOUND:
        return replace(due, compound_paid=due.compound_paid + paid)
    if part is Part.FEE:
        return replace(due, fee=due.fee - paid)
    if part is Part.INTEREST:
        return replace(due, interest=due.interest - paid)
    return replace(due, principal=due.principal - paid)
