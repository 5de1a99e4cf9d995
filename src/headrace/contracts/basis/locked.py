"""What a hedged basis sale earns whatever the price does, and what is left open.

Bought at C and sold forward at F0, later sold at F1 + premium and bought back at F1, a tonne earns

    (F1 + premium - C) + (F0 - F1) = F0 + premium - C

without F1. Where the quantity is no whole number of lots the rest stays open, and earns more or
less with F1.
"""

from dataclasses import dataclass

from headrace.contracts.basis.exchanges import KILOGRAMS, Futures, amount_of
from headrace.contracts.basis.sale import Sale, Terms


@dataclass(frozen=True)
class Locked:
    """What is locked in when goods are hedged.

    Attributes:
        lots: Sold forward.
        hedged_kilograms: Covered by them, no more than the goods.
        open_kilograms: Goods less futures: above 0 not hedged, below 0 hedged too much.
        margin: F0 + premium + differential - cost, minor units a tonne.
        amount: The margin on all goods, minor units.
        swing: By how much the result moves when the futures price rises by one tick, minor units.
    """

    lots: int
    hedged_kilograms: int
    open_kilograms: int
    margin: int
    amount: int
    swing: int


@dataclass(frozen=True)
class Earned:
    """What came of it: on the goods, on the futures, in all, and of that by what was left open."""

    goods: int
    futures: int
    total: int
    by_open: int


def lots_for(futures: Futures, kilograms: int) -> int:
    """The nearest whole number of lots; the smaller of two as near."""
    lot = futures.lot_tonnes * KILOGRAMS
    return (2 * kilograms + lot - 1) // (2 * lot)


def locked(terms: Terms, futures: Futures, cost: int, sold_at: int) -> Locked:
    """What selling forward locks in.

    Args:
        terms: Of the sale.
        futures: The contract hedged with.
        cost: What the goods cost, minor units a tonne.
        sold_at: Futures price of the hedge, F0, minor units a tonne.
    """
    lots = lots_for(futures, terms.kilograms)
    covered = lots * futures.lot_tonnes * KILOGRAMS
    margin = sold_at + terms.premium + terms.differential - cost
    left = terms.kilograms - covered
    return Locked(
        lots,
        min(covered, terms.kilograms),
        left,
        margin,
        amount_of(terms.kilograms, margin),
        amount_of(left, futures.tick_minor),
    )


def earned(sale: Sale, cost: int, sold_at: int, futures_gain: int) -> Earned:
    """The result of a sale that is fixed, with the gain of its hedge.

    Args:
        sale: Nothing of it open.
        cost: Minor units a tonne.
        sold_at: F0 of the hedge, minor units a tonne.
        futures_gain: What the position gained in all, minor units.
    """
    goods = sale.fixed_amount - amount_of(sale.terms.kilograms, cost)
    margin = sold_at + sale.terms.premium + sale.terms.differential - cost
    total = goods + futures_gain
    return Earned(goods, futures_gain, total, total - amount_of(sale.terms.kilograms, margin))
