"""What would trigger a call: the price, the joint move, and how soon at the present volatility.

A line is crossed where value < line x debt. Prices are exact: the boundary is a fraction, and the
trigger the highest whole price below it. Times come from the reflection principle of Brownian
motion without drift (Levy, 1940): the chance to be below a level b < 0 of the log price on one of h
days is 2 Phi(b / (sigma sqrt(h))), looked at without a break; looked at once a day it is less.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from headrace.contracts.collateral.pledges import Lines
from headrace.errors import InputError

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
LINES = ("warn", "call", "close")


@dataclass(frozen=True)
class Position:
    """A quantity of something with a price that moves.

    Attributes:
        quantity: Units, above 0; a fraction of tonnes is exact.
        price_minor: Whole minor units per unit, or whole parts of one if every amount is in them.
        beta: How much its price moves, relative, when the common factor moves by 1.
        volatility: Daily, of log returns.
    """

    code: str
    quantity: int | Fraction
    price_minor: int
    beta: Fraction = Fraction(1)
    volatility: float = float("nan")


@dataclass(frozen=True)
class Secured:
    """A debt and what secures it.

    Attributes:
        other_minor: Collateral whose value does not move.
    """

    id: str
    owed_minor: int
    positions: tuple[Position, ...]
    lines: Lines
    other_minor: int = 0

    @property
    def value_minor(self) -> Fraction:
        """Of everything, exact."""
        moving = (Fraction(each.quantity) * each.price_minor for each in self.positions)
        return self.other_minor + sum(moving, Fraction(0))


def by_price(loans: Sequence[Secured]) -> pa.Table:
    """For each loan, position and line, the price at which the loan crosses it, others unmoved.

    Returns:
        `loan`, `code`, `line`; `price` int64 today's; `trigger` int64 the highest price at which
        it is crossed, null where not even 0 crosses it; `fall` double: 1 - trigger / price, 0 or
        below where it is crossed already; `half_life` double: trading days after which it has been
        crossed with a chance of one half, null without a volatility or trigger.
    """
    rows: list[Mapping[str, object]] = []
    for loan in loans:
        for position in loan.positions:
            rest = loan.value_minor - position.quantity * position.price_minor
            for line in LINES:
                needed = Fraction(getattr(loan.lines, line)) * loan.owed_minor - rest
                trigger = _below(needed / position.quantity)
                rows.append(
                    {
                        "loan": loan.id,
                        "code": position.code,
                        "line": line,
                        "price": position.price_minor,
                        "trigger": trigger,
                        "fall": None if trigger is None else 1 - trigger / position.price_minor,
                        "half_life": _half_life(trigger, position),
                    }
                )
    return pa.Table.from_pylist(rows, schema=BY_PRICE)


BY_PRICE = pa.schema(
    [
        ("loan", pa.string()),
        ("code", pa.string()),
        ("line", pa.string()),
        ("price", pa.int64()),
        ("trigger", pa.int64()),
        ("fall", pa.float64()),
        ("half_life", pa.float64()),
    ]
)


def _below(boundary: Fraction) -> int | None:
    """The highest whole number below a fraction; None below 0."""
    highest = -(-boundary.numerator // boundary.denominator) - 1
    return highest if highest >= 0 else None


def _half_life(trigger: int | None, position: Position) -> float | None:
    if trigger is None or not position.volatility > 0:
        return None
    if trigger >= position.price_minor:
        return 0.0
    if not trigger:
        return None
    return days_to(float(np.log(trigger / position.price_minor)), position.volatility, 0.5)


def days_to(level: float, volatility: float, chance: float) -> float:
    """Trading days within which a log price has been at a level with a chance, without a break.

    Args:
        level: Of the log price, below 0.
        volatility: Daily, above 0.
        chance: 0..1.
    """
    if not (level < 0 and volatility > 0 and 0 < chance < 1):
        raise InputError(
            "a level is not below 0, or a volatility or chance not above 0",
            where=f"level {level}, volatility {volatility}, chance {chance}",
            remedy="log(trigger / price), a daily volatility, 0 < chance < 1",
        )
    return (level / (volatility * float(ndtri(chance / 2)))) ** 2


def chance_within(level: Floats, volatility: Floats, days: float) -> Floats:
    """The chance that a log price has been at a level within so many days; see `days_to`."""
    found: Floats = np.minimum(2 * ndtr(level / (volatility * np.sqrt(days))), 1.0)
    return found


def by_factor(loans: Sequence[Secured], volatility: float | None = None) -> pa.Table:
    """For each loan and line, the move of the common factor at which the loan crosses it.

    Every price moves by beta x move, relative: value + move x sum(beta x value) = line x debt.

    Args:
        loans: The loans.
        volatility: Of the factor, daily, of log returns; None: not known.

    Returns:
        `loan`, `line`; `ratio` double: value over debt; `move` double, -1..: null where no move
        does, 0 or above where it is crossed already; `half_life` double: trading days after which
        the factor has moved so far with a chance of one half, null where that is not known.
    """
    rows: list[Mapping[str, object]] = []
    for loan in loans:
        exposed = sum(
            (each.beta * each.quantity * each.price_minor for each in loan.positions), Fraction(0)
        )
        for line in LINES:
            gap = Fraction(getattr(loan.lines, line)) * loan.owed_minor - loan.value_minor
            move = gap / exposed if exposed > 0 else None
            rows.append(
                {
                    "loan": loan.id,
                    "line": line,
                    "ratio": float(loan.value_minor / loan.owed_minor) if loan.owed_minor else None,
                    "move": None if move is None or move <= -1 else float(move),
                    "half_life": _factor_half_life(move, volatility),
                }
            )
    return pa.Table.from_pylist(rows, schema=BY_FACTOR)


BY_FACTOR = pa.schema(
    [
        ("loan", pa.string()),
        ("line", pa.string()),
        ("ratio", pa.float64()),
        ("move", pa.float64()),
        ("half_life", pa.float64()),
    ]
)


def _factor_half_life(move: Fraction | None, volatility: float | None) -> float | None:
    if move is None or move <= -1 or volatility is None:
        return None
    return 0.0 if move >= 0 else days_to(float(np.log1p(float(move))), volatility, 0.5)


def zones(value: Longs, owed: Longs, lines: Lines) -> NDArray[np.int8]:
    """Many pledges, or days of them, at once: 0 open, 1 below warn, 2 below call, 3 below close.

    Exact for debts up to 10^17: value < debt x line is asked as value < ceil(debt x line), and the
    product is split so that it does not overflow.

    Args:
        value: int64, any shape, minor units, 0 or more.
        owed: int64, a shape that broadcasts to it.
        lines: The ratios.
    """
    found = np.zeros(np.broadcast_shapes(value.shape, owed.shape), np.int8)
    for line in LINES:
        scaled = int(getattr(lines, line) * 10_000)
        low = (owed % 10_000) * scaled
        found += (value < owed // 10_000 * scaled + (low + 9_999) // 10_000).astype(np.int8)
    return found
