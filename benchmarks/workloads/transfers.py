"""Transfers of a year between accounts, with hubs, and rings whose truth is known.

Accounts pay and are paid by weights that fall off as a power, so that a few are hubs. Rings of
three to six accounts pass one amount on within days, a few per cent smaller at each step.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAY_US = 86_400_000_000
YEAR_DAYS = 365


@dataclass(frozen=True)
class Transfers:
    """Arrays of one value a transfer, and what was planted.

    Attributes:
        payer: int32.
        payee: int32.
        amount: int64, minor units.
        time: int64, microseconds, no two alike.
        accounts: How many accounts there are.
        planted: Positions of the transfers of each planted ring, in order.
    """

    payer: NDArray[np.int32]
    payee: NDArray[np.int32]
    amount: NDArray[np.int64]
    time: NDArray[np.int64]
    accounts: int
    planted: tuple[tuple[int, ...], ...]


def make(count: int, rings: int, seed: int = 1) -> Transfers:
    """Transfers, ten to an account, the planted ones among them at random places."""
    rng = np.random.default_rng(seed)
    accounts = max(count // 10, 20)
    weight = 1 / np.arange(1, accounts + 1) ** 0.5
    ends = rng.choice(accounts, (2, count), p=weight / weight.sum()).astype(np.int32)
    amount = np.exp(rng.normal(13, 1.5, count)).astype(np.int64) + 1
    time = rng.integers(0, YEAR_DAYS * DAY_US, count)
    place = iter(rng.permutation(count).tolist())
    planted = []
    for _ in range(rings):
        size = int(rng.integers(3, 7))
        members = rng.choice(accounts, size, replace=False)
        at = [next(place) for _ in range(size)]
        begin = rng.integers(0, (YEAR_DAYS - 30) * DAY_US)
        ends[0, at], ends[1, at] = members, np.roll(members, -1)
        time[at] = begin + np.cumsum(rng.integers(DAY_US // 24, 4 * DAY_US, size))
        amount[at] = np.linspace(1, 0.95, size) * rng.integers(10**6, 10**9)
        planted.append(tuple(at))
    order = np.argsort(time, kind="stable")
    time[order] = np.maximum.accumulate(time[order] - np.arange(count)) + np.arange(count)
    return Transfers(ends[0], ends[1], amount, time, accounts, tuple(planted))


def guarantees(count: int, seed: int = 1) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """Guarantor, borrower and parties: clusters of ten, few links between them, few that go back.

    Within a cluster most guarantees go from the greater firm to the smaller, which makes chains;
    three in a hundred go back, which makes circles.
    """
    rng = np.random.default_rng(seed)
    parties = max(count // 2, 20)
    cluster = rng.integers(0, parties // 10, count) * 10
    inside = np.sort(rng.integers(0, 10, (2, count)), axis=0) + cluster
    back = rng.random(count) < 0.03
    giver, taker = np.where(back, inside[1], inside[0]), np.where(back, inside[0], inside[1])
    far = rng.random(count) < 0.02
    taker[far] = rng.integers(0, parties, int(far.sum()))
    return giver.astype(np.int32), taker.astype(np.int32), parties
