"""Live = replay = training set = Spark to the bit, and DuckDB: the same values five ways.

    python tests/simulation/parity.py --events 3400000
    python tests/simulation/parity.py --events 500000 --spark

Payments of a year as in SWF-12: 5 % come up to 30 days late, 1 % come twice, 3 % are taken back, up
to 30 days after they happened and so now and then before they came. They go live in order of known
time, with a log that is closed and opened, a snapshot and a change of definitions. Every answer to
an event must be what the batch engine replays, every answer to a void and to a question what it
reads for a training set at that moment, and the memory the same after every restart. DuckDB says
the same of the events of some cards as they happened: whole numbers exactly, the rest to 1e-12.

A run is made of rounds of a year each, with seeds and so with payments of their own, so that memory
stays bounded.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import parity_peers
from workloads import swf12

from headrace.adapters.live.features import LiveFeatures
from headrace.features import aggregates as a
from headrace.features import windows as w
from headrace.features.compile import Compiled, compile_plan
from headrace.features.definition import (
    Column,
    ColumnType,
    Current,
    Definition,
    FeatureSet,
    Measure,
    Ratio,
    Table,
    ZScore,
)
from headrace.features.engines import batch
from headrace.features.plan import make_plan

Ints = NDArray[np.int64]
DAY_MS = swf12.DAY_MS
INSTANT = pa.timestamp("us", "UTC")
EVENT, VOID = 0, 1
HALF_DAY_US = DAY_MS * 1000 // 2
LATENESS = timedelta(days=31)  # those of the facts, and that of the turns in which they are taken
ASKED = 100  # cards asked about at each of the moments
DUCKDB_CARDS = 20  # one card in so many

PAYMENTS = Table(
    "payments",
    (
        Column("card", ColumnType.CATEGORY, required=True),
        Column("merchant", ColumnType.CATEGORY, required=True),
        Column("amount", ColumnType.NUMBER, required=True),  # minor units
    ),
    ("card",),
    known="known_time",
)


def days(count: float) -> w.Sliding:
    """A window of so many days."""
    return w.Sliding(timedelta(days=count))


MONTH = w.Calendar(w.Period.MONTH, "Asia/Shanghai")
BEFORE = {"window": days(30), "current": Current.EXCLUDED}
FEATURES: tuple[Definition, ...] = (
    *(Measure(f"count_{n}d", a.Count(), window=days(n)) for n in (1, 7, 30, 90)),
    *(Measure(f"sum_{n}d", a.Sum("amount"), window=days(n)) for n in (1, 7, 30)),
    *(Measure(f"mean_{n}d", a.Mean("amount"), window=days(n)) for n in (30, 90)),
    *(Measure(f"deviation_{n}d", a.Deviation("amount"), window=days(n)) for n in (7, 30)),
    Measure("smallest_30d", a.Min("amount"), window=days(30)),
    *(Measure(f"largest_{n}d", a.Max("amount"), window=days(n)) for n in (7, 90)),
    *(Measure(f"merchants_{n}d", a.Distinct("merchant"), window=days(n)) for n in (7, 30)),
    Measure("large_7d", a.Count(), where="amount > 50000", window=days(7)),
    Measure("gap_30d", a.Gap(), window=days(30)),
    Measure("sum_last_5", a.Sum("amount"), window=w.LastEvents(5)),
    Measure("amount_now", a.Last("amount"), window=w.LastEvents(1)),
    Measure("count_month", a.Count(), window=MONTH),
    Measure("sum_month", a.Sum("amount"), window=MONTH),
    Measure("seconds_since_last", a.SinceLast(), window=days(90), current=Current.EXCLUDED),
    Measure("amount_before", a.Last("amount"), **BEFORE),
    Measure("count_before", a.Count(), **BEFORE),
    Measure("sum_before", a.Sum("amount"), **BEFORE),
    Measure("mean_before", a.Mean("amount"), **BEFORE),
    Measure("deviation_before", a.Deviation("amount"), **BEFORE),
    Ratio("share_of_day", "count_1d", "count_30d"),
    Ratio("amount_to_mean", "amount_now", "mean_before"),
    ZScore("amount_in_deviations", "amount_now", "mean_before", "deviation_before"),
)
NAMES = tuple(each.name for each in FEATURES)


def halved(definition: Definition) -> Definition:
    """The same over half the time: the definitions before they change."""
    if isinstance(definition, Measure) and isinstance(definition.window, w.Sliding):
        return replace(definition, window=w.Sliding(definition.window.length / 2))
    return definition


def compiled(definitions: Sequence[Definition]) -> Compiled:
    """Ready to run."""
    return compile_plan(make_plan(FeatureSet((PAYMENTS,), tuple(definitions))))


PLANS = (compiled([halved(each) for each in FEATURES]), compiled(FEATURES))


# --- Facts ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Size:
    """How much is compared.

    Attributes:
        events: Payments of a round.
        cards: Whose.
        days: In what time.
    """

    events: int
    cards: int = 2_000
    days: int = 365


@dataclass(frozen=True)
class Facts:
    """What becomes known, in order; events before voids where both do at once.

    Attributes:
        kind: EVENT or VOID, of each fact.
        place: Its row among the events, or among the voids.
        card: Its card.
        known_us: When it becomes known.
        events: In the order of arrival, repeated ones among them.
        voids: The same.
        on_time: The events as they happened.
    """

    kind: Ints
    place: Ints
    card: Ints
    known_us: Ints
    events: pa.Table
    voids: pa.Table
    on_time: pa.Table

    def history(self, until_us: int) -> batch.History:
        """What was known by then."""
        n = np.searchsorted(self.known_us, until_us, side="right")
        voids = int(np.count_nonzero(self.kind[:n]))
        name = PAYMENTS.name
        events = self.events.slice(0, int(n) - voids)
        return batch.History({name: events}, {name: self.voids.slice(0, voids)})


def facts(size: Size, seed: int) -> Facts:
    """Events of so many days: 5 % late, 1 % twice, 3 % taken back."""
    count = size.events
    happened = swf12.collect(swf12.blocks(count, size.cards, size.days, seed))
    rng = np.random.default_rng([seed, 1])
    late = swf12.with_delays(happened, 0.05, seed=seed + 1)
    twice, void = (rng.choice(count, round(count * share), replace=False) for share in (0.01, 0.03))
    row = np.concatenate([np.arange(count), twice])
    known = np.concatenate([late.known, happened.ts[twice] + _delays(rng, twice.size)])
    arrival = np.argsort(known, kind="stable")
    row, known = row[arrival], known[arrival]
    void_known = happened.ts[void] + _delays(rng, void.size)
    order = np.argsort(void_known, kind="stable")
    void, void_known = void[order], void_known[order]
    kind = np.repeat([EVENT, VOID], [row.size, void.size])
    both = np.concatenate([known, void_known])
    whole = np.lexsort((kind, both))
    place = np.concatenate([np.arange(row.size), np.arange(void.size)])
    card = happened.card[np.concatenate([row, void])]
    return Facts(
        kind[whole],
        place[whole],
        card[whole],
        both[whole] * 1000,
        _table(happened, row, known),
        _table(happened, void, void_known),
        _table(happened, np.arange(count), happened.ts),
    )


def _delays(rng: np.random.Generator, count: int) -> Ints:
    return rng.integers(1, swf12.DELAY_MS_MAX, count, endpoint=True)


def _table(events: swf12.Events, row: Ints, known_ms: Ints) -> pa.Table:
    return pa.table(
        {
            "card": events.card[row],
            "merchant": events.merchant[row],
            "amount": events.amount_minor[row],
            "event_time": pa.array(events.ts[row] * 1000, INSTANT),
            "known_time": pa.array(known_ms * 1000, INSTANT),
            "id": row,
        }
    )


# --- Live ----------------------------------------------------------------------------------------


@dataclass
class Answers:
    """What was answered under one plan.

    Attributes:
        of_events: Rows of the events, and the values.
        asked: Cards and moments of voids and questions, and the values.
    """

    of_events: list[tuple[Ints, pa.Table]] = field(default_factory=list)
    asked: list[tuple[pa.Table, pa.Table]] = field(default_factory=list)


def live(given: Facts, folder: Path, rng: np.random.Generator, seen: Counter[str]) -> list[Answers]:
    """All facts through one folder, in several lives; what was answered under each plan.

    After every slab a few cards are asked about, and sometimes something else happens.
    """
    answers, plan = [Answers(), Answers()], 0
    engine = LiveFeatures(folder, PLANS[plan], LATENESS)
    parts = slabs(given, rng)
    eighth = len(parts) // 8
    for number, (first, last) in enumerate(parts):
        take(engine, given, slice(first, last), answers[plan])
        ask(engine, given, int(given.known_us[last - 1]), rng, answers[plan])
        if number == 4 * eighth:
            plan = 1
            engine.redefine(PLANS[plan])
            seen["redefinitions"] += 1
        if number in {2 * eighth, 5 * eighth}:
            engine.snapshot()
            seen["snapshots"] += 1
        if number in {eighth, 3 * eighth, 6 * eighth, 7 * eighth}:
            digest = engine.digest()
            engine.close()
            engine = LiveFeatures(folder, PLANS[plan], LATENESS)
            assert engine.digest() == digest, "a restart changes the memory"
            seen["restarts"] += 1
            seen["restarts from a snapshot"] += engine.replayed < engine.records
    with engine:
        later = at_us(int(given.known_us[-1]) + 10 * DAY_MS * 1000)
        cards = pa.table({"card": np.unique(given.card)})
        wanted = batch.read(PLANS[plan], given.history(int(given.known_us[-1])), cards, later).table
        seen["live = reading at one moment"] += same(engine.read(cards, later), wanted)
    return answers


def slabs(given: Facts, rng: np.random.Generator) -> list[tuple[int, int]]:
    """First and last of facts, less than a day from each other; equal known times in one."""
    halves = np.arange(given.known_us[0], given.known_us[-1], HALF_DAY_US)
    cuts = halves + rng.integers(0, HALF_DAY_US, halves.size)
    ends = np.searchsorted(given.known_us, cuts, side="right")
    return list(pairwise(np.unique([0, *ends.tolist(), len(given.kind)]).tolist()))


def take(engine: LiveFeatures, given: Facts, part: slice, answers: Answers) -> None:
    """Push and void, in turns, so that every card has its facts in order of known time."""
    turn = turns(given.card[part], given.kind[part])
    places = given.place[part]
    for number in range(int(turn.max()) + 1):
        rows = places[turn == number]
        if number % 2 == EVENT:
            events = given.events.take(pa.array(rows))
            pushed = engine.submit(events)
            assert not pushed.too_late.size
            answers.of_events.append((rows, pushed.table))
        else:
            voids = given.voids.take(pa.array(rows))
            keys = voids.select(["card", "known_time"]).rename_columns(["card", "at"])
            answers.asked.append((keys, engine.submit_voids(voids).table))
    engine.commit()


def turns(card: Ints, kind: Ints) -> Ints:
    """When each fact may be taken in: events in even turns, voids in odd ones, a card in order."""
    order = np.lexsort((np.arange(len(card)), card))
    sorted_kind, sorted_card = kind[order], card[order]
    begins = np.r_[True, sorted_card[1:] != sorted_card[:-1]]
    changes = np.cumsum(np.r_[False, sorted_kind[1:] != sorted_kind[:-1]] & ~begins)
    own = np.cumsum(begins) - 1
    at_begin = np.flatnonzero(begins)
    turn = np.empty(len(card), np.int64)
    turn[order] = changes - changes[at_begin][own] + sorted_kind[at_begin][own]
    return turn


def ask(
    engine: LiveFeatures, given: Facts, at: int, rng: np.random.Generator, answers: Answers
) -> None:
    """What the features of some cards are now."""
    cards = rng.choice(given.card, ASKED)
    keys = pa.table({"card": cards, "at": pa.array(np.full(ASKED, at), INSTANT)})
    answers.asked.append((keys, engine.read(keys, "at")))


def at_us(us: int) -> datetime:
    """Microseconds as a datetime."""
    return datetime.fromtimestamp(0, tz=UTC) + timedelta(microseconds=us)


# --- Comparison ----------------------------------------------------------------------------------


def matrix(table: pa.Table, names: Sequence[str] = NAMES) -> NDArray[np.float64]:
    """(features, rows), what is missing as one NaN."""
    return np.stack([np.asarray(table[name].to_numpy(), np.float64) for name in names])


def same(one: pa.Table, other: pa.Table) -> int:
    """Assert that two tables hold the same bits; returns how many values that are."""
    for name in NAMES:
        first, second = (np.asarray(each[name].to_numpy()) for each in (one, other))
        assert first.shape == second.shape
        differ = np.flatnonzero(_bits(first) != _bits(second))
        if differ.size:
            at = int(differ[0])
            raise AssertionError(
                f"{name}, row {at} and {differ.size - 1} more: {first[at]!r} is not {second[at]!r}"
            )
    return one.num_rows * len(NAMES)


def _bits(values: NDArray[np.float64]) -> Ints:
    return np.where(np.isnan(values), np.nan, values).view(np.int64)


def compare(given: Facts, answers: Sequence[Answers], seen: Counter[str]) -> None:
    """Live against the batch engine."""
    for plan, answered in zip(PLANS, answers, strict=True):
        rows = np.concatenate([rows for rows, _ in answered.of_events])
        values = pa.concat_tables([values for _, values in answered.of_events])
        keys = pa.concat_tables([keys for keys, _ in answered.asked])
        asked = pa.concat_tables([each.select(NAMES) for _, each in answered.asked])
        last = max(pc.max(keys["at"]).value, 0)
        history = given.history(last)
        replayed = batch.replay(plan, history).table
        seen["live = replay"] += same(values, replayed.take(pa.array(rows)))
        training = batch.read(plan, history, keys, "at").table
        seen["live = training set"] += same(asked, training)


def compare_duckdb(given: Facts, seen: Counter[str]) -> float:
    """Events on time, of some cards; returns the largest relative gap of what is not whole."""
    of_some = np.asarray(given.on_time["card"]) % DUCKDB_CARDS == 1
    events = given.on_time.filter(pa.array(of_some))
    ours = batch.replay(PLANS[1], batch.History({PAYMENTS.name: events})).table
    theirs = parity_peers.in_duckdb(events)
    exact, close = list(parity_peers.EXACT), list(parity_peers.CLOSE)
    np.testing.assert_array_equal(matrix(ours, exact), matrix(theirs, exact))
    seen["= DuckDB, equal"] += events.num_rows * len(exact)
    seen["= DuckDB, to 1e-12"] += events.num_rows * len(close)
    gaps = [
        swf12.deviation_gap(*pair)
        for pair in zip(matrix(ours, close), matrix(theirs, close), strict=True)
    ]
    assert max(gaps) <= 1e-12, dict(zip(close, gaps, strict=True))
    return max(gaps)


def compare_spark(given: Facts, asked: pa.Table, folder: Path, seen: Counter[str]) -> None:
    """Spark against the batch engine: every event, and what was asked live."""
    history = given.history(int(given.known_us[-1]))
    of_events, of_keys = parity_peers.on_apache_spark(PLANS[1], history, asked, folder)
    seen["Spark = replay"] += same(of_events, batch.replay(PLANS[1], history).table)
    training = batch.read(PLANS[1], history, asked, "at").table
    seen["Spark = training set"] += same(of_keys, training)


def a_round(size: Size, seed: int, *, spark: bool = False) -> tuple[Counter[str], float]:
    """One year; returns what it held, and the largest relative gap to DuckDB."""
    seen: Counter[str] = Counter()
    given = facts(size, seed)
    happened, known = (
        np.asarray(given.events[name].cast(pa.int64())) for name in ("event_time", "known_time")
    )
    seen["events given"] = len(happened)
    seen["events late"] = int(np.count_nonzero(known > happened))
    seen["events repeated"] = len(happened) - size.events
    seen["voids"] = given.voids.num_rows
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng([seed, 2])
        answers = live(given, Path(folder) / "live", rng, seen)
        compare(given, answers, seen)
        gap = compare_duckdb(given, seen)
        if spark:
            asked = pa.concat_tables([keys for keys, _ in answers[1].asked])
            compare_spark(given, asked, Path(folder), seen)
    return seen, gap


def values_of(seen: Counter[str]) -> int:
    """How many values were compared."""
    return sum(count for name, count in seen.items() if "=" in name)


def main() -> None:
    """Round by round; prints what was compared."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--round", type=int, default=500_000, help="events of a round")
    parser.add_argument("--cards", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--spark", action="store_true", help="Spark, too")
    chosen = parser.parse_args()
    seen, gap, began = Counter[str](), 0.0, time.monotonic()
    for number, first in enumerate(range(0, chosen.events, chosen.round)):
        count = min(chosen.round, chosen.events - first)
        size = Size(count, chosen.cards, chosen.days)
        found, apart = a_round(size, chosen.seed + 100 * number, spark=chosen.spark)
        seen, gap = seen + found, max(gap, apart)
        seconds = time.monotonic() - began
        sys.stderr.write(f"{first + count:,} events, {values_of(seen):,} values, {seconds:.0f} s\n")
    for name, value in seen.items():
        sys.stdout.write(f"{value:>14,} {name}\n")
    sys.stdout.write(f"{gap:>14.1e} largest relative gap to DuckDB\n")
    sys.stdout.write(f"{values_of(seen):,} values compared, none differs\n")


if __name__ == "__main__":
    main()
