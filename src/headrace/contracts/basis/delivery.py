"""Exchange warehouse receipts (标准仓单): goods delivered against futures, in whole units.

A short position that is delivered rather than bought back earns the settlement price and the
premium of the grade, whatever the market pays for goods that day.
"""

from dataclasses import dataclass
from enum import StrEnum

from headrace.contracts.basis.exchanges import KILOGRAMS, Futures, amount_of


class DeliveryRefusal(StrEnum):
    """The requirement that a delivery breaks."""

    GRADE_NOT_DELIVERABLE = "grade_not_deliverable"
    NOT_A_WHOLE_UNIT = "not_a_whole_unit"
    MORE_THAN_SHORT = "more_than_short"


@dataclass(frozen=True)
class Delivered:
    """What a delivery brings.

    Attributes:
        kilograms: Delivered, a multiple of the delivery unit.
        lots: Of the position that are closed by it.
        price: Settlement price and grade premium, minor units a tonne.
        amount: Minor units.
        left: Goods that make no whole unit, and stay.
    """

    kilograms: int
    lots: int
    price: int
    amount: int
    left: int


def registrable(futures: Futures, kilograms: int) -> int:
    """How much of the goods makes whole delivery units, in kilograms."""
    unit = futures.delivery_tonnes * KILOGRAMS
    return kilograms // unit * unit


def deliver(
    futures: Futures, grade: str, kilograms: int, short_lots: int, settlement: int
) -> Delivered | DeliveryRefusal:
    """Deliver as many whole units as there are goods for.

    Args:
        futures: Terms of the contract.
        grade: One of its grades.
        kilograms: Goods there are.
        short_lots: Sold and still open, 0 or more.
        settlement: Delivery settlement price, minor units a tonne.
    """
    if grade not in futures.grades:
        return DeliveryRefusal.GRADE_NOT_DELIVERABLE
    whole = registrable(futures, kilograms)
    if not whole:
        return DeliveryRefusal.NOT_A_WHOLE_UNIT
    lots = whole // (futures.lot_tonnes * KILOGRAMS)
    if lots > short_lots:
        return DeliveryRefusal.MORE_THAN_SHORT
    price = settlement + futures.grades[grade]
    return Delivered(whole, lots, price, amount_of(whole, price), kilograms - whole)
