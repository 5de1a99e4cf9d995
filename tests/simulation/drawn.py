"""What the simulation draws from a seed: definitions of every kind, and what comes in."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from headrace.adapters.live.records import EVENTS, VOIDS, move_record, one_record, table_record
from headrace.features import aggregates as a
from headrace.features import windows as w
from headrace.features.compile import Compiled, compile_plan
from headrace.features.definition import (
    Arithmetic,
    Column,
    ColumnType,
    Current,
    Derived,
    Difference,
    FeatureSet,
    Measure,
    Ratio,
    Table,
    Total,
    ZScore,
)
from headrace.features.engines.stream import StreamEngine
from headrace.features.plan import make_plan

HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
START_US = 1_700_000_000_000_000
LATE_US_MAX = 30 * DAY_US
STEP_US_MAX = 3 * HOUR_US  # from one fact that became known to the next
INSTANT = pa.timestamp("us", "UTC")
CARDS, SHOPS, DEVICES = 4, 3, ("phone", "电脑", "till")
PLANS = 500  # different sets of definitions; a seed takes a few of them

PAYMENT = Table(
    "payment",
    (
        Column("card", ColumnType.CATEGORY, required=True),
        Column("shop", ColumnType.CATEGORY),
        Column("amount", ColumnType.NUMBER, places=2, required=True),
        Column("fee", ColumnType.NUMBER),
    ),
    ("card",),
    (Derived("month", "month(event_time)"),),
    known="known_time",
    zone="Asia/Shanghai",
)
LOGIN = Table(
    "login",
    (
        Column("card", ColumnType.CATEGORY, required=True),
        Column("device", ColumnType.CATEGORY),
        Column("ok", ColumnType.FLAG),
    ),
    ("card",),
    known="known_time",
    zone="America/Sao_Paulo",
)
_EVERY = [("id", pa.string()), ("card", pa.string()), ("event_time", INSTANT)]
_EVERY.append(("known_time", INSTANT))
SCHEMAS = {
    "payment": pa.schema(
        [*_EVERY, ("shop", pa.int64()), ("amount", pa.float64()), ("fee", pa.int64())]
    ),
    "login": pa.schema([*_EVERY, ("device", pa.string()), ("ok", pa.bool_())]),
}

# --- Definitions ---------------------------------------------------------------------------------

DAYS_2, DAYS_7 = timedelta(days=2), timedelta(days=7)
ANYWHERE: tuple[a.Aggregate, ...] = (
    a.Count(),
    a.SinceFirst(),
    a.SinceLast(),
    a.SinceLast(a.Clock.LOCAL_DAYS),
    a.Gap(),
    a.Gap(a.GapStatistic.DEVIATION),
    a.Gap(a.GapStatistic.LONGEST, a.Clock.LOCAL_DAYS),
)
OF_PAYMENTS: tuple[a.Aggregate, ...] = (
    a.Sum("amount"),
    a.Sum("fee"),
    a.Mean("amount"),
    a.Deviation("amount"),
    a.Min("amount"),
    a.Max("fee"),
    a.First("amount"),
    a.Last("fee"),
    a.Distinct("shop"),
    a.DistinctApprox("shop", error=0.2),
    a.NewValues("shop", DAYS_7),
    a.Hhi("amount", "shop"),
    a.TopShare("amount", "shop"),
    a.GroupMean("amount", "shop"),
    a.GroupMax("fee", "shop"),
    a.Variation("amount", "month"),
    a.RepeatShare("amount", "shop", "month", at_least=2),
    a.Quantile("amount", 0.3),
    a.DecayedSum("amount", DAYS_2),
    a.Slope("amount"),
    a.PatternCount("amount > 50", "amount < 0", DAYS_2),
)
OF_LOGINS: tuple[a.Aggregate, ...] = (
    a.Distinct("device"),
    a.NewValues("device", DAYS_2),
    a.PatternCount("not ok", "ok", DAYS_7),
)
WINDOWS: tuple[w.Window, ...] = (
    w.AllHistory(),
    w.Sliding(timedelta(hours=12)),
    w.Sliding(DAYS_7),
    w.Sliding(timedelta(days=30), start_included=True),
    w.Sliding(DAYS_7, ends_before=DAYS_2),
    w.Calendar(w.Period.DAY, count=3),
    w.Calendar(w.Period.WEEK, "America/Sao_Paulo", ends_before=1),
    w.Calendar(w.Period.MONTH, "Europe/Berlin"),
    w.LastEvents(1),
    w.LastEvents(5),
    w.Session(timedelta(hours=6), longest=DAYS_2),
)
WHERE = {
    "payment": ("", "", "amount > 0", "shop == 1 or fee is missing", "hour(event_time) < 9"),
    "login": ("", "", "ok", 'device == "电脑"'),
}
KEYS: tuple[tuple[str, ...], ...] = (("shop",), ("card", "shop"))  # beside that of the table


@lru_cache(maxsize=PLANS)
def plan(number: int) -> Compiled:
    """Definitions over two tables: measures of any kind, and arithmetic between them."""
    rng = np.random.default_rng([11, number])
    keys = [(), KEYS[rng.integers(len(KEYS))]]
    kinds = (*ANYWHERE, *OF_PAYMENTS)
    measures = [_measure(rng, "payment", kinds, keys[: 1 + (at > 0)]) for at in range(7)]
    measures += [_measure(rng, "login", (*ANYWHERE, *OF_LOGINS), [()]) for _ in range(2)]
    named = tuple(replace(one, name=f"f{at}") for at, one in enumerate(measures))
    whole = FeatureSet((PAYMENT, LOGIN), (*named, *_arithmetic(rng, named)))
    return compile_plan(make_plan(whole))


def _measure(
    rng: np.random.Generator,
    table: str,
    kinds: Sequence[a.Aggregate],
    keys: Sequence[tuple[str, ...]],
) -> Measure:
    return Measure(
        "",
        kinds[rng.integers(len(kinds))],
        where=WHERE[table][rng.integers(len(WHERE[table]))],
        window=WINDOWS[rng.integers(len(WINDOWS))],
        table=table,
        by=keys[rng.integers(len(keys))],
        current=Current.EXCLUDED if rng.random() < 0.3 else Current.INCLUDED,
    )


def _arithmetic(rng: np.random.Generator, named: tuple[Measure, ...]) -> tuple[Arithmetic, ...]:
    first, second, third = (named[place].name for place in rng.permutation(len(named))[:3])
    return (
        Ratio("ratio", first, second),
        Total("total", (first, third)),
        Difference("difference", "total", second),
        ZScore("score", third, first, second),
    )


# --- What comes in -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """What one record of the log says, as it was given.

    Attributes:
        kind: "push", "void", "one", "move".
        table: Whose rows.
        rows: Events or voids.
        positions: Where their source goes on.
    """

    kind: str
    table: str
    rows: pa.Table
    positions: dict[tuple[str, int], int]

    def record(self) -> bytes | memoryview:
        """The record that the log should have."""
        if self.kind == "one":
            return one_record(self.rows.to_pylist()[0], self.table)
        if self.kind == "move":
            return move_record(self.positions)
        kind = EVENTS if self.kind == "push" else VOIDS
        return table_record(kind, self.rows, self.table, self.positions)

    def into(self, engine: StreamEngine) -> None:
        """Do the same to an engine without a log."""
        if self.kind == "push":
            engine.push(self.rows, self.table)
        elif self.kind == "void":
            engine.void(self.rows, self.table)
        elif self.kind == "one":
            engine.push_one(self.rows.to_pylist()[0], self.table)


Event = dict[str, Any]


@dataclass
class Sender:
    """Draws what comes in; time goes on from life to life.

    Attributes:
        rng: Chance.
        now_us: When the last fact became known; the next ones are known later.
        sent: Events so far.
        offset: Of the source, so far.
        rows: Events by table, that may be repeated or taken back.
        held: Events by table, that were taken back before they came.
    """

    rng: np.random.Generator
    now_us: int = START_US
    sent: int = 0
    offset: int = 0
    rows: dict[str, list[Event]] = field(default_factory=lambda: {name: [] for name in SCHEMAS})
    held: dict[str, list[Event]] = field(default_factory=lambda: {name: [] for name in SCHEMAS})

    def step(self) -> Step:
        """The next thing to come in."""
        kind = str(self.rng.choice(["push", "void", "one", "move"], p=[0.55, 0.2, 0.2, 0.05]))
        table = "login" if self.rng.random() < 0.25 else "payment"
        rows: list[Event] = []
        if kind == "void":
            rows = [self._known(self._to_void(table)) for _ in range(self.rng.integers(1, 7))]
        elif kind != "move":
            count = 1 if kind == "one" else int(self.rng.integers(1, 25))
            rows = [self._known(self._event(table)) for _ in range(count)]
        self.offset += int(self.rng.integers(1, 9))
        positions = {} if kind == "one" else {("payments", self.offset % 2): self.offset}
        return Step(kind, table, pa.Table.from_pylist(rows, SCHEMAS[table]), positions)

    def _event(self, table: str) -> Event:
        chance = self.rng.random()
        if chance < 0.08:
            return self._again(table)
        if chance < 0.2 and self.held[table]:
            row = self.held[table].pop()
            if self._recent(row):
                return row
        return self._new(table)

    def _to_void(self, table: str) -> Event:
        if self.rng.random() >= 0.15:
            return self._again(table)
        row = self._new(table)
        self.held[table].append(row)
        return row

    def _again(self, table: str) -> Event:
        """An event that was sent, up to 30 days ago, and may have been lost; or says other."""
        rows = self.rows[table]
        if rows:
            row = dict(rows[self.rng.integers(len(rows))])
            if self._recent(row):
                if table == "payment" and self.rng.random() < 0.3:
                    row["amount"] += 1
                return row
        return self._new(table)

    def _recent(self, row: Event) -> bool:
        return row["event_time"] > self.now_us + STEP_US_MAX - LATE_US_MAX

    def _new(self, table: str) -> Event:
        chance = self.rng.random
        row: Event = {"id": f"p{self.sent}", "card": f"卡{self.rng.integers(CARDS)}"}
        if table == "payment":
            row["shop"] = None if chance() < 0.1 else int(self.rng.integers(SHOPS))
            row["amount"] = float(np.round(self.rng.normal(20, 80), int(self.rng.integers(4))))
            row["fee"] = None if chance() < 0.2 else int(self.rng.integers(-3, 20))
        else:
            row["device"] = None if chance() < 0.1 else DEVICES[self.rng.integers(len(DEVICES))]
            row["ok"] = None if chance() < 0.1 else bool(chance() < 0.7)
        self.sent += 1
        row["event_time"] = self.now_us + self._apart()
        self.rows[table].append(row)
        return row

    def _apart(self) -> int:
        """From now to the time of an event: late, ahead of its time, or at a full hour."""
        chance = self.rng.random()
        apart = 0
        if chance < 0.2:
            apart = -int(self.rng.integers(LATE_US_MAX - 4 * HOUR_US))
        elif chance < 0.24:
            apart = int(self.rng.integers(20 * HOUR_US))
        if self.rng.random() < 0.3:
            apart -= (self.now_us + apart) % HOUR_US
        return apart

    def _known(self, row: Event) -> Event:
        self.now_us += int(self.rng.integers(1, STEP_US_MAX))
        return row | {"known_time": self.now_us}


def moment(us: int) -> datetime:
    """Microseconds as a datetime."""
    return datetime.fromtimestamp(0, tz=UTC) + timedelta(microseconds=us)
