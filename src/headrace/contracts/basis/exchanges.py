"""Futures contracts of exchanges: lot, tick, delivery unit, grades; dated data."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import cache
from importlib.resources import files

from headrace.errors import InputError

KILOGRAMS = 1000  # a tonne


@dataclass(frozen=True)
class Futures:
    """A futures contract of an exchange.

    Attributes:
        code: `SI`, without the month.
        lot_tonnes: Traded at once.
        tick_minor: Least step of the price, minor units a tonne.
        delivery_tonnes: Delivered at once.
        grades: Deliverable grades, each with its premium over the standard, minor units a tonne.
        effective_from: First day for delivery under these terms; `effective_until` the last.
        read: What was read; not the official rules unless `verified`.
    """

    code: str
    zh: str
    en: str
    exchange: str
    lot_tonnes: int
    tick_minor: int
    delivery_tonnes: int
    grades: Mapping[str, int]
    effective_from: date
    read: str
    verified: bool
    effective_until: date = date.max


@cache
def contracts() -> tuple[Futures, ...]:
    """The contracts that ship."""
    text = files(__package__).joinpath("exchanges_cn.toml").read_text(encoding="utf-8")
    return tuple(Futures(**entry) for entry in tomllib.loads(text)["contract"])


def contract(code: str, delivered: date) -> Futures:
    """The terms of a contract for delivery on a day.

    Raises:
        InputError: None is known.
    """
    for each in contracts():
        if each.code == code and each.effective_from <= delivered <= each.effective_until:
            return each
    known = ", ".join(sorted({each.code for each in contracts()}))
    raise InputError(
        f"no terms of {code} for {delivered} are known", where="futures", remedy=f"one of {known}"
    )


def amount_of(kilograms: int, price: int) -> int:
    """Minor units for a quantity at a price a tonne, rounded half up (away from 0)."""
    size = (2 * abs(kilograms * price) + KILOGRAMS) // (2 * KILOGRAMS)
    return size if kilograms * price >= 0 else -size


def part_up(amount: int, share: Decimal) -> int:
    """A share of an amount, rounded up: what is asked for as margin."""
    return int((Decimal(amount) * share).to_integral_value(ROUND_CEILING))
