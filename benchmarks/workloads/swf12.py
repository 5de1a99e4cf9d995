"""SWF-12, the neutral workload of sliding-window features: its events, queries and comparison.

`published` makes exactly the events that the peers' published figures were measured on. The other
workloads are made by plain parts put together: `blocks` draws any number of events of the same kind
in bounded memory, `with_delays` and `with_voids` add what arrives late and what is taken back.

Times are int64 milliseconds since 1970 UTC; money is int64 minor units. Every event of a workload
happens later than the one before it or, in `published`, at the same time on another card. Row
number = order of event time. Everything is a function of its arguments: chance comes from seeds.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
START_MS = 1_700_000_000_000
BLOCK = 1_000_000
MERCHANTS = 500
SKEW = 0.8
DELAY_MS_MAX = 30 * DAY_MS
WALK = 6_700_417
"""A prime, so that steps of it around the circle of cards visit each card once."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Events:
    """Card payments, a row each, in order of event time.

    Attributes:
        card: Number of the card, 0 upward.
        ts: Event time in ms.
        amount_minor: Amount in minor units, positive.
        merchant: Number of the merchant, 0 to 499.
        known: Time in ms at which the row arrived; equals `ts` where it was not late.
        void_row: Rows voided later, in order of `void_known`; empty where none.
        void_known: Time in ms at which each void arrived, later than the row itself did.
    """

    card: Ints
    ts: Ints
    amount_minor: Ints
    merchant: Ints
    known: Ints
    void_row: Ints
    void_known: Ints

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def amount(self) -> Floats:
        """Amounts in major units as floats: for the published events, the published values."""
        return self.amount_minor / 100

    @property
    def arrival(self) -> Ints:
        """Row numbers in order of arrival; rows known at the same time keep their order."""
        return np.argsort(self.known, kind="stable")

    @property
    def table(self) -> pa.Table:
        """What the peers read: card, ts, amount_minor and merchant, in order of event time."""
        names = ("card", "ts", "amount_minor", "merchant")
        return pa.table({name: getattr(self, name) for name in names})


@dataclass(frozen=True)
class Query:
    """Every measure over each window [t - W, t], both ends in, of the rows of the same card.

    Attributes:
        windows: Name and length in ms of each window.
        measures: `count`, `sum`, `deviation` (of the sample; null for one event), `min`, `max` of
            the amount in minor units, `distinct` merchants.
    """

    windows: tuple[tuple[str, int], ...]
    measures: tuple[str, ...]

    @property
    def columns(self) -> tuple[tuple[str, str, int], ...]:
        """Column name, measure and window length in ms of every feature, windows outermost."""
        return tuple(
            (f"{measure}_{name}", measure, width)
            for name, width in self.windows
            for measure in self.measures
        )

    @property
    def exact(self) -> tuple[str, ...]:
        """Names of the columns that are integers, on which every engine must agree to the bit."""
        return tuple(name for name, measure, _ in self.columns if measure != "deviation")


MONTH_WINDOWS = (("1h", HOUR_MS), ("1d", DAY_MS), ("7d", 7 * DAY_MS))
YEAR_WINDOWS = (*MONTH_WINDOWS, ("30d", 30 * DAY_MS), ("365d", 365 * DAY_MS))
QUERIES = {
    12: Query(MONTH_WINDOWS, ("count", "sum", "max", "deviation")),
    15: Query(YEAR_WINDOWS, ("count", "sum", "deviation")),
    30: Query(YEAR_WINDOWS, ("count", "sum", "deviation", "min", "max", "distinct")),
}
"""The queries by their number of features."""


def published(events: int = 1_000_000, cards: int = 20_000, seed: int = 42) -> Events:
    """SWF-12 as published, draw for draw: 30 days, Zipf cards, log-normal amounts.

    No two rows share (card, ts) at the published size. 1 M events take 0.1 s.
    """
    r = np.random.default_rng(seed)
    weight = 1 / np.arange(1, cards + 1) ** SKEW
    card = r.choice(cards, events, p=weight / weight.sum())
    t = np.cumsum(r.exponential(1.0, events))
    ts = (t / t[-1] * 30 * DAY_MS).astype(np.int64) + START_MS
    amount = np.round(np.exp(r.normal(5, 1.2, events)), 2)
    return _on_time(card, ts, np.rint(amount * 100), r.integers(0, MERCHANTS, events))


def blocks(events: int, cards: int, days: int, seed: int) -> Iterator[Events]:
    """Events of the published kind, 1 M at a time, so that 100 M need little memory.

    Differs from `published` in that times need no second pass (gaps are exponential with mean
    days / events; the last event falls near, not at, the end) and are strictly increasing, so that
    no (card, ts) comes twice at any size. Each block has a generator of its own, from the seed
    and the block's number.
    """
    weight = np.cumsum(1 / np.arange(1, cards + 1) ** SKEW)
    gap_ms = days * DAY_MS / events
    elapsed_ms, last = 0.0, START_MS - 1
    for block, first in enumerate(range(0, events, BLOCK)):
        size = min(BLOCK, events - first)
        r = np.random.default_rng([seed, block])
        draw = np.sort(r.random(size) * weight[-1])  # sorted, the search is 8 x as fast
        card = r.permutation(np.searchsorted(weight, draw, side="right"))
        t = elapsed_ms + np.cumsum(r.exponential(gap_ms, size))
        order = np.arange(size)
        ts = np.maximum(t.astype(np.int64) + START_MS - order, last + 1)
        ts = np.maximum.accumulate(ts) + order
        elapsed_ms, last = float(t[-1]), int(ts[-1])
        minor = np.rint(np.exp(r.normal(5, 1.2, size)) * 100)
        yield _on_time(card, ts, minor, r.integers(0, MERCHANTS, size))


def year(events: int = 20_000_000, cards: int = 20_000, seed: int = 43) -> Iterator[Events]:
    """SWF-12-year: 365 days, the published cards; the hottest has 3 % of the events."""
    return blocks(events, cards, 365, seed)


def hot(events: int = 1_000_000, seed: int = 44) -> Events:
    """SWF-12-hot: one card for a year, nearly every event inside its 365-day window."""
    return collect(blocks(events, 1, 365, seed))


def wide(events: int = 100_000_000, cards: int = 10_000_000, seed: int = 45) -> Iterator[Events]:
    """SWF-12-wide: 10 M cards in 30 days, all of them seen once there are 20 M events.

    Odd rows draw their card as published. Even rows call the roll, each card once in a scattered
    order and then again, because Zipf draws alone leave 4 % of the cards unseen even at 100 M
    events; the card called is the one not called for longest, the worst case for a cache.
    """
    first = 0
    for block in blocks(events, cards, 30, seed):
        card = block.card.copy()
        turn = np.arange(first + first % 2, first + len(block), 2)
        card[turn - first] = turn // 2 * WALK % cards
        first += len(block)
        yield replace(block, card=card)


def collect(parts: Iterable[Events]) -> Events:
    """One set of events from blocks in order; blocks carry no voids."""
    kept = list(parts)
    names = ("card", "ts", "amount_minor", "merchant", "known")
    whole = {name: np.concatenate([getattr(part, name) for part in kept]) for name in names}
    none = np.empty(0, np.int64)
    return Events(**whole, void_row=none, void_known=none)


def late(events: int = 1_000_000) -> Events:
    """SWF-12-late: the published events, 5 % of them delayed."""
    return with_delays(published(events), 0.05, seed=46)


def void(events: int = 1_000_000) -> Events:
    """SWF-12-void: the published events, 3 % of them voided later."""
    return with_voids(published(events), 0.03, seed=47)


def with_delays(events: Events, share: float, seed: int) -> Events:
    """Delay exactly that share of the rows, each by 1 ms to 30 days, evenly spread.

    A value is as of its row's arrival, and is computed again when a row arrives inside its window.
    """
    row, delay = _chosen(len(events), share, seed)
    known = events.known.copy()
    known[row] += delay
    return replace(events, known=known)


def with_voids(events: Events, share: float, seed: int) -> Events:
    """Void exactly that share of the rows, each 1 ms to 30 days after it arrived, evenly spread.

    From then on no window holds the row; values given out before stay as they were known then.
    """
    row, delay = _chosen(len(events), share, seed)
    known = events.known[row] + delay
    order = np.argsort(known, kind="stable")
    return replace(events, void_row=row[order], void_known=known[order])


def exact_hash(card: Ints, ts: Ints, columns: Iterable[tuple[str, NDArray[np.number]]]) -> str:
    """SHA-256 over integer columns in order of (card, ts): equal hashes prove equal values.

    Args:
        card: Card of each row, in any order that the columns share.
        ts: Event time of each row.
        columns: Name and values of each of `Query.exact`, in that order; read one at a time, so
            that a generator needs memory for one. Floats are rounded to whole numbers: sums of
            minor units lie far below 2^53, so a float sum that is right rounds to the right one.
    """
    order = np.lexsort((ts, card))
    digest = hashlib.sha256()
    for name, values in (("card", card), ("ts", ts), *columns):
        digest.update(name.encode())
        digest.update(np.rint(values).astype(np.int64)[order].tobytes())
    return digest.hexdigest()


def deviation_gap(ours: Floats, theirs: Floats) -> float:
    """Largest relative difference of two columns in the same row order; NaN stands for null.

    Two zeros are equal; zero beside anything else is a gap of 1; null on one side only, infinity.
    """
    null = np.isnan(ours)
    if not np.array_equal(null, np.isnan(theirs)):
        return np.inf
    a, b = ours[~null], theirs[~null]
    scale = np.maximum(np.abs(a), np.abs(b))
    some = scale > 0
    return float(np.max(np.abs(a - b)[some] / scale[some], initial=0.0))


def _on_time(card: Ints, ts: Ints, amount_minor: Floats, merchant: Ints) -> Events:
    none = np.empty(0, np.int64)
    return Events(card, ts, amount_minor.astype(np.int64), merchant, ts, none, none)


def _chosen(events: int, share: float, seed: int) -> tuple[Ints, Ints]:
    """Distinct rows, that share of all, and a delay in ms for each."""
    r = np.random.default_rng(seed)
    row = r.choice(events, round(events * share), replace=False)
    return row, r.integers(1, DELAY_MS_MAX, row.size, endpoint=True)
