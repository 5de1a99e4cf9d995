"""Random tables, facts and definitions for the feature engines.

Every aggregate and every window is drawn by looking at its fields, so that a new one is tested the
day it is written.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, get_args
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from features_reference import FIRST, Facts, Row, local_date, us
from hypothesis import strategies as st

from headrace.features import aggregates as a
from headrace.features import windows as w
from headrace.features.definition import (
    Column,
    ColumnType,
    Current,
    Derived,
    FeatureSet,
    Measure,
    Table,
)

ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo")
# Ends of months, quarters and years, and the hours that are skipped or repeated, of those zones.
ANCHORS = [
    us(datetime(*moment, tzinfo=UTC) - FIRST)
    for moment in (
        (2018, 9, 30, 16),  # a quarter begins in Shanghai
        (2018, 10, 28, 1),  # clocks go back in Berlin
        (2018, 10, 31, 16),  # a month begins in Shanghai
        (2018, 11, 1),
        (2018, 11, 4, 3),  # a day without a midnight in São Paulo
        (2018, 12, 31, 23),  # a year begins in Berlin
        (2019, 2, 17, 2),  # an evening with two hours of 23 in São Paulo
        (2019, 3, 31, 1),  # clocks go forward in Berlin
    )
]
SECOND, HOUR, DAY = 10**6, 3600 * 10**6, 86_400 * 10**6
STEPS = [0, 1, SECOND, HOUR // 2, HOUR, DAY, 7 * DAY, 30 * DAY]
LENGTHS = [timedelta(microseconds=step) for step in STEPS[1:]]
CATEGORIES = ("A", "B", "C", "深圳")
PARTIES, SHOPS = ("p", "q", "老字号"), (1, 2)
PAYMENTS = Table(
    "payments",
    (
        Column("party", ColumnType.CATEGORY, required=True),
        Column("shop", ColumnType.CATEGORY, required=True),
        Column("amount", ColumnType.NUMBER, 2, required=True),
        Column("fee", ColumnType.NUMBER),
        Column("channel", ColumnType.CATEGORY),
        Column("vip", ColumnType.FLAG),
    ),
    key=("party",),
    time="time",
    known="known",
)
"""A table as payments have it, for worlds that need no other."""
BIG = 2**46  # the amounts and fees of 60 events make a sum that a double holds exactly


def local_hour(row: Row, zone: str) -> int:
    """The hour on the wall clock at an event."""
    return (FIRST + timedelta(microseconds=row["time"])).astimezone(ZoneInfo(zone)).hour


def months(row: Row, zone: str) -> int:
    """Months on the wall calendar at an event, from any beginning."""
    day = local_date(row["time"], zone)
    return day.year * 12 + day.month


def filters(places: int, zone: str) -> dict[str, Callable[[Row], bool | None]]:
    """Filters as Python; amounts have so many decimal places."""
    one = 10**places
    return {
        "amount > 0": lambda row: row["amount"] > 0,
        "2 < amount <= 100": lambda row: 2 * one < row["amount"] <= 100 * one,
        "vip": lambda row: row["vip"],
        "not vip": lambda row: row["vip"] is False,
        'channel == "A"': lambda row: row["channel"] == "A",
        'channel in ("B", "深圳") or vip': lambda row: (
            row["channel"] in ("B", "深圳") or row["vip"]
        ),
        "fee is missing": lambda row: row["fee"] is None,
        "shop == 1 and fee is not missing": lambda row: row["shop"] == 1 and row["fee"] is not None,
        "night": lambda row: local_hour(row, zone) < 6,
        "amount < 0 and amount > 0": lambda _: False,
    }


@dataclass(frozen=True)
class World:
    """A table, how its data are typed, and what filters mean.

    Attributes:
        table: The definition.
        real: Number columns given as doubles; the others are decimals, or integers without places.
        dictionary: Whether texts are dictionary-encoded.
    """

    table: Table
    real: tuple[str, ...] = ()
    dictionary: bool = False
    places: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        """Places of every number column."""
        places = {c.name: c.places for c in self.table.columns if c.type is ColumnType.NUMBER}
        places |= {"month": 0, "total": places["amount"]}
        object.__setattr__(self, "places", places)

    def facts(self, rows: list[Row]) -> Facts:
        """Rows with derived columns, for the slow twin."""
        shift = self.places["amount"] - self.places["fee"]
        for row in rows:
            if row["op"] == "add":
                row["month"] = months(row, self.table.zone)
                row["night"] = local_hour(row, self.table.zone) < 6
                fee = row["fee"]
                row["total"] = None if fee is None else row["amount"] + fee * 10**shift
        return Facts(self.table, rows, self.places, filters(self.places["amount"], self.table.zone))

    def arrow(self, rows: list[Row]) -> pa.Table:
        """Rows as data."""
        columns = [*self.table.columns, Column(self.table.time, ColumnType.INSTANT)]
        if self.table.known:
            columns.append(Column(self.table.known, ColumnType.INSTANT))
        if self.table.id:
            columns.append(Column(self.table.id, ColumnType.CATEGORY))
        return pa.table(
            {c.name: self._array(c, [row.get(c.name) for row in rows]) for c in columns}
        )

    def event(self, row: Row) -> dict[str, Any]:
        """One row as plain values, numbers as they are typed in the data."""
        event = {name: value for name, value in row.items() if name != "op"}
        for name in ("amount", "fee"):
            if row[name] is not None:
                exact = Decimal(row[name]).scaleb(-self.places[name])
                event[name] = row[name] / 10 ** self.places[name] if name in self.real else exact
        return event

    def _array(self, column: Column, values: list[Any]) -> pa.Array:
        match column.type:
            case ColumnType.INSTANT:
                return pa.array(values, pa.timestamp("us", "UTC"))
            case ColumnType.FLAG:
                return pa.array(values, pa.bool_())
            case ColumnType.CATEGORY:
                if column.name in ("shop", "desk"):
                    return pa.array(values, pa.int32())
                texts = pa.array(values, pa.string())
                return texts.dictionary_encode() if self.dictionary else texts
        if column.name in self.real:
            scale = 10**column.places
            return pa.array([None if v is None else v / scale for v in values], pa.float64())
        if column.places == 0:
            return pa.array(values, pa.int64())
        exact = [None if v is None else Decimal(v).scaleb(-column.places) for v in values]
        return pa.array(exact, pa.decimal128(18, column.places))


def example_table(
    places: int = 2,
    fee_places: int = 1,
    known: str | None = "known",
    id_name: str | None = "id",
    zone: str = "Asia/Shanghai",
) -> Table:
    """A table with every type of column."""
    columns = (
        Column("party", ColumnType.CATEGORY, required=True),
        Column("shop", ColumnType.CATEGORY, required=True),
        Column("amount", ColumnType.NUMBER, places, required=True),
        Column("fee", ColumnType.NUMBER, fee_places),
        Column("channel", ColumnType.CATEGORY),
        Column("desk", ColumnType.CATEGORY),
        Column("vip", ColumnType.FLAG),
    )
    derived = (
        Derived("month", "month(time)"),
        Derived("night", "hour(time) < 6"),
        Derived("total", "amount + fee"),
    )
    return Table("payments", columns, ("party",), derived, "time", known, id_name, zone)


@st.composite
def worlds(draw, known: bool = False, ids: bool = False) -> World:
    """Tables of any zone and places, and how their data are typed."""
    places = draw(st.integers(0, 4))
    table = example_table(
        places,
        draw(st.integers(0, places)),
        "known" if known else None,
        "id" if ids else None,
        draw(st.sampled_from(ZONES)),
    )
    real = draw(st.sampled_from([(), ("amount",), ("amount", "fee")]))
    return World(table, real, draw(st.booleans()))


# --- Facts ---------------------------------------------------------------------------------------

_moments = st.builds(
    lambda anchor, sign, step: anchor + sign * step,
    st.sampled_from(ANCHORS),
    st.sampled_from([-1, 1]),
    st.sampled_from(STEPS),
)
moments = _moments | st.integers(ANCHORS[0], ANCHORS[-1])
fees = st.integers(-3, 12) | st.integers(-(10**6), 10**6)
amounts = fees | st.sampled_from([0, BIG, -BIG, BIG - 1])
_usual = [0, 1, HOUR, DAY, 10 * DAY, 30 * DAY, -HOUR]  # below 0: a clock that runs ahead
delays = st.sampled_from(_usual) | st.integers(0, 30 * DAY)

_payloads = st.fixed_dictionaries(
    {
        "op": st.just("add"),
        "party": st.sampled_from(PARTIES),
        "shop": st.sampled_from(SHOPS),
        "amount": amounts,
        "fee": st.none() | fees,
        "channel": st.none() | st.sampled_from(CATEGORIES),
        "desk": st.none() | st.integers(0, 2),
        "vip": st.none() | st.booleans(),
        "time": moments,
    }
)


def _several(items: st.SearchStrategy, count_max: int) -> st.SearchStrategy:
    """Lists of any length: left to itself, hypothesis draws short ones."""
    return st.integers(0, count_max).flatmap(
        lambda count: st.lists(items, min_size=count, max_size=count)
    )


@st.composite
def orderly(draw, count_max: int = 60) -> list[Row]:
    """Events in order of time, each known when it happens, none twice."""
    rows = sorted(draw(_several(_payloads, count_max)), key=lambda row: row["time"])
    return [{**row, "id": str(n), "known": row["time"]} for n, row in enumerate(rows)]


@st.composite
def disorderly(draw, count_max: int = 40, void_delays=delays) -> list[Row]:
    """Facts in the order in which they became known: late, twice, and taken back.

    A repetition has the key, time and id of its event and may say other things. A void may be
    known before its event, come twice, or name an event that never comes.
    """
    events = [
        {**row, "id": _id(row, n % 2 if clash else n), "known": row["time"] + late}
        for n, (row, late, clash) in enumerate(
            draw(_several(st.tuples(_payloads, delays, st.booleans()), count_max))
        )
    ]
    facts = list(events)
    if events:
        chosen = st.tuples(st.sampled_from(events), void_delays, st.booleans())
        for event, late, unknown in draw(st.lists(chosen, max_size=8)):
            void = {name: event[name] for name in ("party", "shop", "time", "id")}
            void |= {"op": "void", "known": event["time"] + late}
            facts.append(void | {"id": _id(event, "unknown")} if unknown else void)
        again = st.tuples(st.sampled_from(events), delays, amounts)
        for event, late, amount in draw(st.lists(again, max_size=6)):
            facts.append({**event, "known": event["known"] + late, "amount": amount})
    return sorted(facts, key=lambda row: (row["known"], row["op"]))


def seeded(seed: int, count: int, span: int, late_max: int) -> list[Row]:
    """The same kind of facts, many of them, from a seed.

    Args:
        seed: For numpy.
        count: How many events.
        span: Microseconds from the first to the last.
        late_max: The longest delay, microseconds. Voids are not later than that either.
    """
    rng = np.random.default_rng(seed)
    facts: list[Row] = []
    for number in range(count):
        event = {
            "op": "add",
            "party": PARTIES[min(rng.geometric(0.7) - 1, 2)],
            "shop": SHOPS[rng.integers(2)],
            "amount": int(rng.integers(-(10**5), 10**6)),
            "fee": None if rng.random() < 0.2 else int(rng.integers(0, 999)),
            "channel": None if rng.random() < 0.1 else CATEGORIES[rng.integers(4)],
            "desk": None if rng.random() < 0.1 else int(rng.integers(3)),
            "vip": None if rng.random() < 0.1 else bool(rng.random() < 0.5),
            "time": ANCHORS[0] + int(rng.integers(span)) // HOUR * HOUR,
            "id": str(number),
        }
        late = [int(rng.integers(late_max + 1)) if rng.random() < 0.3 else 0 for _ in range(3)]
        event["known"] = event["time"] + late[0]
        facts.append(event)
        if rng.random() < 0.1:
            facts.append({**event, "known": event["time"] + late[1]})
        if rng.random() < 0.1:
            void = {name: event[name] for name in ("party", "shop", "time", "id")}
            facts.append({**void, "op": "void", "known": event["time"] + late[2]})
    return sorted(facts, key=lambda row: (row["known"], row["op"]))


def _id(row: Row, name: int | str) -> str:
    """Equal names clash, but never between two keys of any kind."""
    return f"{row['party']}{row['shop']}#{name}"


# --- Definitions ---------------------------------------------------------------------------------

FILTERS = tuple(filters(0, "UTC"))
NUMBERS = ("amount", "fee", "total")
GROUPS = ("channel", "desk", "shop")
_BY_NAME = {
    "lookback": st.sampled_from(LENGTHS),
    "half_life": st.sampled_from([timedelta(hours=1), timedelta(days=3), timedelta(days=90)]),
    "per": st.sampled_from([timedelta(seconds=1), timedelta(days=1), timedelta(days=30)]),
    "within": st.sampled_from(LENGTHS),
    "error": st.sampled_from([0.01, 0.05, 0.2]),
    "at_least": st.integers(1, 3),
    "share": st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]),
    "length": st.sampled_from(LENGTHS),
    "gap": st.sampled_from(LENGTHS),
    "longest": st.sampled_from(LENGTHS),
    "zone": st.sampled_from(ZONES),
    "count": st.integers(1, 4),
    "start_included": st.booleans(),
}


def _texts(kind: type) -> dict[str, st.SearchStrategy]:
    """What the text fields of an aggregate may name, by what it says it does with each."""
    names = [each.name for each in fields(kind) if each.type is str]
    probe = kind(**{name: name for name in names}, **_fillers(kind))
    found = {}
    for name in names:
        if name in probe.conditions:
            found[name] = st.sampled_from(FILTERS)
        elif name in probe.categories:
            found[name] = st.sampled_from(GROUPS)
        else:
            found[name] = st.sampled_from(NUMBERS) if name == "field" else st.just("month")
    return found


def _fillers(kind: type) -> dict[str, timedelta]:
    return {each.name: timedelta(days=1) for each in fields(kind) if each.type is timedelta}


def instances(kind: type) -> st.SearchStrategy:
    """Any value of an aggregate or a window."""
    known = _texts(kind) if hasattr(kind, "conditions") else {}
    for each in fields(kind):
        if isinstance(each.type, type) and issubclass(each.type, Enum):
            known[each.name] = st.sampled_from(each.type)
        elif each.name == "ends_before":
            few = st.sampled_from([timedelta(0), *LENGTHS])
            known[each.name] = few if each.type is timedelta else st.integers(0, 2)
        elif each.name not in known:
            known[each.name] = _BY_NAME[each.name]
    return st.builds(kind, **known)


AGGREGATES = get_args(a.Aggregate)
WINDOWS = get_args(w.Window)


@st.composite
def measures(draw, kinds=AGGREGATES, spans=WINDOWS) -> Measure:
    """A measure of any aggregate, window, filter and key; it has no name yet."""
    return Measure(
        "",
        draw(st.sampled_from(kinds).flatmap(instances)),
        where=draw(st.just("") | st.sampled_from(FILTERS)),
        window=draw(st.sampled_from(spans).flatmap(instances)),
        by=draw(st.sampled_from([(), ("party", "shop"), ("shop",)])),
        current=draw(st.sampled_from(Current)),
    )


@st.composite
def feature_sets(draw, table: Table, kinds=AGGREGATES, spans=WINDOWS) -> FeatureSet:
    """A few measures of one table."""
    drawn = draw(st.lists(measures(kinds, spans), min_size=1, max_size=6))
    named = [replace(measure, name=f"f{n}") for n, measure in enumerate(drawn)]
    return FeatureSet((table,), tuple(named))


# --- All together --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A world, what is computed in it, and what happens there, in order of becoming known."""

    world: World
    features: FeatureSet
    rows: list[Row]

    def _repr_pretty_(self, printer, _cycle) -> None:
        """What hypothesis prints of a failing case: no table, which every one has."""
        table = self.world.table
        lines = [f"zone={table.zone} places={self.world.places} id={table.id} known={table.known}"]
        lines += [repr(definition) for definition in self.features.definitions]
        lines += [repr(row) for row in self.rows]
        printer.text("\n  ".join(lines))

    @property
    def facts(self) -> Facts:
        """For the slow twin."""
        return self.world.facts(self.rows)

    @property
    def added(self) -> list[int]:
        """Positions of the events among the rows."""
        return [place for place, row in enumerate(self.rows) if row["op"] == "add"]


@st.composite
def in_order(draw) -> Case:
    """Events in order of time, with ids or without."""
    world = draw(worlds(ids=draw(st.booleans())))
    return Case(world, draw(feature_sets(world.table)), draw(orderly()))


@st.composite
def out_of_order(draw, kinds=AGGREGATES, spans=WINDOWS, known: bool = True) -> Case:
    """Events late, twice, and taken back."""
    world = draw(worlds(known, ids=True))
    return Case(world, draw(feature_sets(world.table, kinds, spans)), draw(disorderly()))
