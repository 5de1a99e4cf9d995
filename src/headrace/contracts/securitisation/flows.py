"""What a pool pays, by date: flows, their sums by collection date, flows that a servicer gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from headrace.contracts.securitisation.dates import day_number, from_number
from headrace.errors import InputError

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Flows:
    """What a pool pays, a row a date, ascending.

    Attributes:
        dates: Days since 1970.
        opening: Balance before the first row.
        principal: Scheduled principal collected; minor units, as all that follow.
        interest: Interest collected.
        prepayment: Principal paid early.
        default: Principal that stopped paying.
        recovery: Collected on defaults.
        loss: Default that will not come back.
    """

    dates: Ints
    opening: int
    principal: Ints
    interest: Ints
    prepayment: Ints
    default: Ints
    recovery: Ints
    loss: Ints

    @property
    def balance(self) -> Ints:
        """Performing balance after each row."""
        gone = np.cumsum(self.principal + self.prepayment + self.default)
        return np.asarray(self.opening - gone, dtype=np.int64)

    def total(self) -> int:
        """All that is collected."""
        cash = (self.principal, self.interest, self.prepayment, self.recovery)
        return sum(int(part.sum()) for part in cash)


KINDS = ("principal", "interest", "prepayment", "default", "recovery", "loss")


def summed(amounts: Ints, where: Ints, size: int) -> Ints:
    """Amounts added up by their place, of `size` places."""
    out = np.zeros(size, np.int64)
    np.add.at(out, where, amounts)
    return out


def collected(flows: Flows, dates: Sequence[date]) -> Flows:
    """Flows by collection date: each date takes what came after the one before it.

    Raises:
        InputError: Something comes after the last date; nothing is dropped.
    """
    marks = np.array([day_number(day) for day in dates], dtype=np.int64)
    where = np.searchsorted(marks, flows.dates, side="left")
    if (where >= len(marks)).any():
        raise InputError(
            "The pool still pays after the last collection date",
            where=str(from_number(int(flows.dates[-1]))),
            remedy="a later maturity, or fewer periods",
        )
    parts = (summed(getattr(flows, kind), where, len(marks)) for kind in KINDS)
    return Flows(marks, flows.opening, *parts)


def given_flows(
    opening: int, rows: Sequence[tuple[date, int, int]], dates: Sequence[date] = ()
) -> Flows:
    """Flows as a servicer gives them: `(date, principal, interest)` in minor units.

    Args:
        opening: Balance before the first.
        rows: Ascending by date.
        dates: Collection dates to sum them by; none leaves them as they are.

    Raises:
        InputError: The principal exceeds the opening balance.
    """
    zero = np.zeros(len(rows), np.int64)
    days = np.array([day_number(row[0]) for row in rows], dtype=np.int64)
    principal = np.array([row[1] for row in rows], dtype=np.int64)
    interest = np.array([row[2] for row in rows], dtype=np.int64)
    if int(principal.sum()) > opening:
        raise InputError("The principal of the flows exceeds the balance", where="pool flows")
    flows = Flows(days, opening, principal, interest, zero, zero, zero, zero)
    return collected(flows, dates) if len(dates) else flows


def combined(pools: Sequence[Flows]) -> Flows:
    """Several pools as one: rows of one date are added, and so are the opening balances."""
    dates = np.unique(np.concatenate([one.dates for one in pools]))
    where = np.concatenate([np.searchsorted(dates, one.dates) for one in pools])
    parts = (
        summed(np.concatenate([getattr(one, kind) for one in pools]), where, len(dates))
        for kind in KINDS
    )
    return Flows(dates, sum(one.opening for one in pools), *parts)
