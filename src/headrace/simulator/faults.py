"""Structures that a fraud finder should find: rings, circular trade, shells, self-invoicing.

All of them are invoices like any other, marked with their kind, so that the books are made of one
list of trades and the truth is read back from it.
"""

import numpy as np

from headrace.simulator.arrays import Ints
from headrace.simulator.contracts import SALES_PART, pick_popular
from headrace.simulator.firms import Firms
from headrace.simulator.seasons import Calendar
from headrace.simulator.settings import EconomySettings
from headrace.simulator.trade import (
    CIRCULAR,
    NOT_VOIDED,
    RING,
    SELF,
    SHELL,
    Activity,
    Trades,
    concat,
    draw_void_days,
    trades_of,
)

RING_SIZES = (3, 6)
ROUNDS = (3, 6)
LEG_LOSS_MAX = 0.01  # each leg is at most this much smaller than the one before
LEG_DAYS_MAX = 2
SHELL_ROWS = 0.3  # of an average firm's sales invoices
SHELL_INVOICES = (24, 20_000)


def plant(
    settings: EconomySettings,
    firms: Firms,
    activity: Activity,
    calendar: Calendar,
    rng: np.random.Generator,
) -> Trades:
    """Every planted trade; tax rates are not set."""
    free = rng.permutation(np.flatnonzero(~firms.shell))
    sizes = rng.integers(*RING_SIZES, settings.ring_count, endpoint=True)
    sizes = np.minimum(sizes, len(free) // max(1, settings.ring_count))
    ends = np.cumsum(sizes)
    rings = [free[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    pairs = [rng.choice(free, 2, replace=False) for _ in range(settings.circular_count)]
    cycles = [
        _cycle(members, kind, plan, (activity, calendar), rng)
        for kind, groups in ((RING, rings), (CIRCULAR, pairs))
        for plan, members in enumerate(groups)
    ]
    selves = [
        _self_invoices(firm, plan, (activity, calendar), rng)
        for plan, firm in enumerate(rng.permutation(free)[: settings.self_invoicer_count])
    ]
    shells = [
        _shell(int(firm), settings, firms, calendar, rng) for firm in np.flatnonzero(firms.shell)
    ]
    nobody = np.empty(0, dtype=np.int64)
    return concat(trades_of(nobody, nobody, nobody, nobody), *cycles, *selves, *shells)


def _cycle(
    members: Ints,
    kind: int,
    plan: int,
    world: tuple[Activity, Calendar],
    rng: np.random.Generator,
) -> Trades:
    """Some rounds in which each member invoices the next, near-equal amounts within days."""
    rounds = int(rng.integers(*ROUNDS, endpoint=True))
    size = len(members)
    start = _draw_common_days(members, rounds, world, rng)
    pauses = rng.integers(0, LEG_DAYS_MAX, (rounds, size), endpoint=True)
    pauses[:, 0] = 0
    day = np.minimum(start[:, None] + np.cumsum(pauses, axis=1), world[1].days - 1)
    whole = np.exp(rng.normal(np.log(2e7), 0.6, rounds))
    loss = np.cumprod(1 - rng.uniform(0, LEG_LOSS_MAX, (rounds, size)), axis=1)
    return trades_of(
        np.tile(members, rounds),
        np.tile(np.roll(members, -1), rounds),
        day.ravel(),
        np.rint(whole[:, None] * loss).ravel(),
        kind=kind,
        plan=plan,
        step=np.arange(rounds * size),
    )


def _self_invoices(
    firm: int, plan: int, world: tuple[Activity, Calendar], rng: np.random.Generator
) -> Trades:
    count = int(rng.integers(2, 6, endpoint=True))
    who = np.full(count, firm)
    day = np.sort(_draw_common_days(who[:1], count, world, rng))
    amount = np.rint(np.exp(rng.normal(np.log(5e6), 0.8, count)))
    return trades_of(who, who, day, amount, kind=SELF, plan=plan, step=np.arange(count))


def _draw_common_days(
    members: Ints, count: int, world: tuple[Activity, Calendar], rng: np.random.Generator
) -> Ints:
    """Days on which all members are at work; any days if they never are together."""
    activity, calendar = world
    months = np.flatnonzero((activity.alive[members] == 1).all(axis=0))
    months = months if len(months) else np.arange(calendar.months)
    return calendar.draw_days(rng.choice(months, count), rng)


def _shell(
    firm: int,
    settings: EconomySettings,
    firms: Firms,
    calendar: Calendar,
    rng: np.random.Generator,
) -> Trades:
    """A short life of many round invoices to two or three buyers, voided at the month's end.

    One buyer is a firm in the file, so a shell also leaves hidden edges.
    """
    average = SALES_PART * settings.invoices / settings.firms
    sold = int(np.clip(round(SHELL_ROWS * average), *SHELL_INVOICES))
    bought = max(8, sold // 5)
    victim = rng.choice(np.flatnonzero(~firms.shell), 1)
    outside = len(firms) + pick_popular(settings.outside_buyers, int(rng.integers(1, 3)), rng)
    buyers = np.concatenate([victim, outside])
    sellers = len(firms) + pick_popular(settings.outside_sellers, 2, rng)
    count = sold + bought
    selling = np.arange(count) < sold
    day = calendar.draw_days(rng.integers(firms.joined[firm], firms.left[firm], count), rng)
    late = selling & (rng.random(count) < 0.4)
    month_end = calendar.month_end(day)
    day = np.where(late, np.maximum(day, month_end - rng.integers(0, 4, count)), day)
    voided = selling & (rng.random(count) < np.where(late, 0.5, 0.08))
    thousands = rng.integers(10, 100, count) * np.where(rng.random(count) < 0.5, 10, 1)
    return trades_of(
        np.where(selling, firm, rng.choice(sellers, count)),
        np.where(selling, rng.choice(buyers, count), firm),
        day,
        thousands * 100_000,
        void_day=np.where(voided, draw_void_days(day, calendar, rng), NOT_VOIDED),
        kind=SHELL,
        plan=firm,
        step=np.arange(count),
    )
