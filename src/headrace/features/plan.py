"""What has to be kept and computed for many definitions at once: shared, and still readable.

Mean and deviation share a count and a sum; windows on one key share one history; two measures
with the same filter share a bit. A `Plan` has one `Space` per table and key; `compile` turns it
into arrays.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

from headrace.errors import MappingError
from headrace.features import aggregates as a
from headrace.features.definition import (
    Arithmetic,
    Column,
    ColumnType,
    Current,
    FeatureSet,
    Measure,
    Table,
)
from headrace.features.expressions import parse_expression
from headrace.features.kernels import codes
from headrace.features.windows import (
    Calendar,
    LastEvents,
    Period,
    Session,
    Sliding,
    Window,
)

Item = TypeVar("Item", bound=Hashable)
FILTERS_MAX = 63  # bits of the word of filters
LONGEST_PERIOD = {
    Period.DAY: timedelta(hours=25),
    Period.WEEK: timedelta(days=7, hours=1),
    Period.MONTH: timedelta(days=31, hours=1),
    Period.QUARTER: timedelta(days=92, hours=1),
    Period.YEAR: timedelta(days=366, hours=1),
}


@dataclass(frozen=True)
class Filter:
    """Which events count: an expression that holds, and columns that are not missing."""

    where: str
    present: tuple[str, ...]

    def read_aloud(self) -> str:
        """The filter as words."""
        parts = [self.where] if self.where else []
        parts += [f"{name} is not missing" for name in self.present]
        return " and ".join(parts) or "every event"


@dataclass(frozen=True)
class Kept:
    """A column whose values are kept per event.

    Attributes:
        name: Of the column.
        coded: "number": as it is; "group": the number of its value, in order of appearance;
            "hash": 64 bits of its value.
    """

    name: str
    coded: str


@dataclass(frozen=True)
class Range:
    """A window with what else decides which rows are in it.

    Attributes:
        window: The window.
        filter: For windows that count events, which events they count; else -1.
        current: Whether the event that asks is in it.
        lookback: How far before the first of the last events a measure looks, microseconds.
    """

    window: Window
    filter: int
    current: Current
    lookback: int = 0


@dataclass(frozen=True)
class Lane:
    """A running total: of events (column -1), of a column, or of its squares (two words)."""

    kind: int
    filter: int
    column: int


@dataclass(frozen=True)
class Extreme:
    """The largest (sign 1) or smallest (sign -1) value of a column: two words per block of rows."""

    filter: int
    column: int
    sign: int


@dataclass(frozen=True)
class Output:
    """How one measure is found from what is kept.

    Attributes:
        name: Of the measure.
        code: Of the aggregate, see `kernels.codes`.
        range: Index of its window.
        filter: Index of its filter; -1: none.
        column: Word of the row that holds its field; -1: none.
        over: Word of the row that holds its groups; another number for some aggregates.
        count: Lane of its count; -1: rows are counted by their positions.
        sum: Lane of its sum; -1: none.
        square: First of the two lanes of its squares; -1: none.
        extreme: Index of its extreme; -1: none.
        a: A whole parameter.
        b: Another.
        scale: 10**places of the field.
        real: A real parameter.
    """

    name: str
    code: int
    range: int
    filter: int
    column: int = -1
    over: int = -1
    count: int = -1
    sum: int = -1
    square: int = -1
    extreme: int = -1
    a: int = -1
    b: int = -1
    scale: float = 1.0
    real: float = 0.0


@dataclass(frozen=True)
class Space:
    """Everything kept per key of one table.

    Attributes:
        table: Whose events.
        by: The columns of the key.
        filters: Bits of the word of filters, in order; bit 0 of a table with ids: not voided.
        kept: The columns kept per event, in order.
        ranges: The windows.
        lanes: The running totals; a sum of squares stands twice, for its two words.
        extremes: Per block of rows.
        outputs: One per measure.
        memory: How long events are kept; None: for ever.
    """

    table: Table
    by: tuple[str, ...]
    filters: tuple[Filter, ...]
    kept: tuple[Kept, ...]
    ranges: tuple[Range, ...]
    lanes: tuple[Lane, ...]
    extremes: tuple[Extreme, ...]
    outputs: tuple[Output, ...]
    memory: timedelta | None

    @property
    def name(self) -> str:
        """The table and the key, for people."""
        return f"{self.table.name} by {', '.join(self.by)}"

    @property
    def filter_words(self) -> int:
        """1 where rows have a word of filter bits, else 0."""
        return int(bool(self.filters))

    @property
    def id_word(self) -> int:
        """The word of a row that holds its id; -1: it has none."""
        return 1 + self.filter_words if self.id_words else -1

    @property
    def id_words(self) -> int:
        """1 where rows have a hash of their id, else 0."""
        return int(self.table.id is not None)

    @property
    def row_words(self) -> int:
        """Words of 8 bytes per event."""
        return 1 + self.filter_words + self.id_words + len(self.kept)

    @property
    def bytes_per_event(self) -> float:
        """Bytes that an event of a busy key takes, running totals included."""
        block = codes.BLOCK * self.row_words + len(self.lanes) + 2 * len(self.extremes)
        return 8 * block / codes.BLOCK


@dataclass(frozen=True)
class Plan:
    """Spaces, and the arithmetic between their outputs, in order of definition."""

    feature_set: FeatureSet
    spaces: tuple[Space, ...]
    arithmetic: tuple[Arithmetic, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every feature, in order of definition."""
        return tuple(definition.name for definition in self.feature_set.definitions)


def make_plan(feature_set: FeatureSet) -> Plan:
    """Share what can be shared.

    Raises:
        MappingError: A definition reads a column that is not there, or that holds the wrong type,
            or a key has more than 63 different filters.
    """
    measures: dict[tuple[str, tuple[str, ...]], list[Measure]] = {}
    arithmetic: list[Arithmetic] = []
    for definition in feature_set.definitions:
        if isinstance(definition, Measure):
            at = (feature_set.table_of(definition).name, feature_set.key_of(definition))
            measures.setdefault(at, []).append(definition)
        else:
            arithmetic.append(definition)
    spaces = tuple(
        _Builder(feature_set.table_of(group[0]), by).build(group)
        for (_, by), group in measures.items()
    )
    return Plan(feature_set, spaces, tuple(arithmetic))


def columns_of(table: Table) -> tuple[Column, ...]:
    """Every column an expression may name: those of the data, the time, and the derived ones."""
    known = [*table.columns, Column(table.time, ColumnType.INSTANT, required=True)]
    for derived in table.derived:
        expression = parse_expression(derived.expression, known, table.zone)
        by_name = {column.name: column for column in known}
        required = expression.total and all(by_name[name].required for name in expression.names)
        known.append(Column(derived.name, expression.type, expression.places, required))
    return tuple(known)


@dataclass
class _Builder:
    """Collects what measures need, each thing once."""

    table: Table
    by: tuple[str, ...]
    columns: dict[str, Column] = field(default_factory=dict)
    filters: list[Filter] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    extremes: list[Extreme] = field(default_factory=list)

    def build(self, measures: Sequence[Measure]) -> Space:
        self.columns = {column.name: column for column in columns_of(self.table)}
        for name in self.by:
            self._column(name, "the key")
        if self.table.id is not None:
            self.filters.append(Filter("", ()))
        wanted = [self._filter(measure) for measure in measures]
        for measure in measures:  # before any word is given out: filters take one
            for condition in measure.aggregate.conditions:
                self._filter(measure, condition)
            for name in (*measure.aggregate.numbers, *measure.aggregate.categories):
                self._kept(measure, name)
        outputs = tuple(
            self._output(measure, chosen) for measure, chosen in zip(measures, wanted, strict=True)
        )
        if len(self.filters) > FILTERS_MAX:
            raise MappingError(
                f"{len(self.filters)} different filters on {self.table.name}; one key keeps 63",
                remedy="fold conditions into derived columns, or split the table",
            )
        return Space(
            self.table,
            self.by,
            tuple(self.filters),
            tuple(self.kept),
            tuple(self.ranges),
            tuple(self.lanes),
            tuple(self.extremes),
            outputs,
            _longest(measures),
        )

    def _column(self, name: str, what: str) -> Column:
        if name not in self.columns:
            raise MappingError(
                f"{what} reads column {name!r}, which table {self.table.name!r} does not have",
                remedy=f"columns: {', '.join(self.columns)}",
            )
        return self.columns[name]

    def _filter(self, measure: Measure, more: str = "") -> int:
        """Index of the bit that says whether an event counts; -1 where every one does."""
        aggregate = measure.aggregate
        needed = dict.fromkeys((*aggregate.numbers, *aggregate.categories))
        present = tuple(
            name for name in needed if not self._column(name, f"feature {measure.name!r}").required
        )
        where = " and ".join(f"({text})" for text in (measure.where, more) if text)
        if not (measure.where and more):
            where = measure.where or more
        chosen = Filter(where, present)
        if chosen == Filter("", ()):
            return 0 if self.table.id is not None else -1
        return _place(self.filters, chosen)

    def _kept(self, measure: Measure, name: str) -> None:
        coded = "number"
        if name in measure.aggregate.categories:
            coded = "hash" if isinstance(measure.aggregate, a.DistinctApprox) else "group"
        elif self.columns[name].type not in {ColumnType.NUMBER, ColumnType.FLAG}:
            raise MappingError(
                f"feature {measure.name!r} needs a number, and {name!r} holds "
                f"{self.columns[name].type.value}",
                remedy="name a number column, or derive one",
            )
        _place(self.kept, Kept(name, coded))

    def _word(self, name: str, coded: str) -> int:
        first = 1 + int(bool(self.filters)) + int(self.table.id is not None)
        return first + self.kept.index(Kept(name, coded))

    def _output(self, measure: Measure, chosen: int) -> Output:
        aggregate = measure.aggregate
        counts_events = isinstance(measure.window, LastEvents | Session)
        lookback = 0
        if isinstance(aggregate, a.NewValues) and isinstance(measure.window, LastEvents):
            lookback = microseconds(aggregate.lookback)
        span = Range(measure.window, chosen if counts_events else -1, measure.current, lookback)
        output = Output(measure.name, code_of(aggregate), _place(self.ranges, span), chosen)
        if aggregate.numbers:
            field_name = aggregate.numbers[0]
            column = self._word(field_name, "number")
            scale = 10.0 ** self.columns[field_name].places
            output = replace(output, column=column, scale=scale)
        if output.code <= codes.MAX_OP:
            return self._shared(output)
        return self._scanned(measure, output)

    def _shared(self, output: Output) -> Output:
        """Lanes and extremes of the aggregates that need no look at single rows."""
        chosen, column = output.filter, output.column
        if chosen >= 0:
            output = replace(output, count=self._lane(codes.COUNT_LANE, chosen, -1))
        if output.code in {codes.MIN_OP, codes.MAX_OP}:
            extreme = Extreme(chosen, column, 1 if output.code == codes.MAX_OP else -1)
            return replace(output, extreme=_place(self.extremes, extreme))
        if output.code >= codes.SUM_OP:
            output = replace(output, sum=self._lane(codes.SUM_LANE, chosen, column))
        if output.code == codes.DEVIATION_OP:
            output = replace(output, square=self._lane(codes.SQUARE_LANE, chosen, column))
        return output

    def _lane(self, kind: int, chosen: int, column: int) -> int:
        lane = Lane(kind, chosen, column)
        if lane not in self.lanes:
            self.lanes.append(lane)
            if kind == codes.SQUARE_LANE:
                self.lanes.append(Lane(codes.SQUARE_HIGH_LANE, chosen, column))
        return self.lanes.index(lane)

    def _scanned(self, measure: Measure, output: Output) -> Output:
        """Parameters of the aggregates that look at every row of the window."""
        aggregate = measure.aggregate
        match aggregate:
            case a.SinceFirst() | a.SinceLast() | a.Gap():
                local = aggregate.clock is a.Clock.LOCAL_DAYS
                return replace(output, a=0 if local else -1)
            case a.Quantile():
                return replace(output, real=aggregate.share)
            case a.DecayedSum():
                return replace(output, real=LN_2 / microseconds(aggregate.half_life))
            case a.Slope():
                return replace(output, real=float(microseconds(aggregate.per)))
            case a.PatternCount():
                first = self._filter(measure, aggregate.first)
                then = self._filter(measure, aggregate.then)
                return replace(output, a=first, b=then, over=microseconds(aggregate.within))
        return self._grouped(aggregate, output)

    def _grouped(self, aggregate: a.Aggregate, output: Output) -> Output:
        """Parameters of the aggregates that tell values or groups apart."""
        match aggregate:
            case a.DistinctApprox():
                over = self._word(aggregate.field, "hash")
                return replace(output, over=over, a=_register_bits(aggregate.error))
            case a.NewValues():
                over = self._word(aggregate.field, "group")
                return replace(output, over=over, a=microseconds(aggregate.lookback))
            case a.Distinct():
                return replace(output, over=self._word(aggregate.field, "group"))
            case a.Variation():
                return replace(output, over=self._word(aggregate.over, "number"))
            case a.RepeatShare():
                period = self._word(aggregate.period, "number")
                over = self._word(aggregate.over, "group")
                return replace(output, over=over, a=period, b=aggregate.at_least)
            case a.Hhi() | a.TopShare() | a.GroupMean() | a.GroupMax():
                count = aggregate.count if isinstance(aggregate, a.TopShare) else 1
                return replace(output, over=self._word(aggregate.over, "group"), a=count)
        return output


LN_2 = 0.6931471805599453

CODES: dict[type, int] = {
    a.Count: codes.COUNT_OP,
    a.Sum: codes.SUM_OP,
    a.Mean: codes.MEAN_OP,
    a.Deviation: codes.DEVIATION_OP,
    a.Min: codes.MIN_OP,
    a.Max: codes.MAX_OP,
    a.First: codes.FIRST_OP,
    a.Last: codes.LAST_OP,
    a.SinceFirst: codes.SINCE_FIRST_OP,
    a.SinceLast: codes.SINCE_LAST_OP,
    a.Distinct: codes.DISTINCT_OP,
    a.DistinctApprox: codes.DISTINCT_APPROX_OP,
    a.NewValues: codes.NEW_VALUES_OP,
    a.Hhi: codes.HHI_OP,
    a.TopShare: codes.TOP_SHARE_OP,
    a.GroupMean: codes.GROUP_MEAN_OP,
    a.GroupMax: codes.GROUP_MAX_OP,
    a.Variation: codes.VARIATION_OP,
    a.RepeatShare: codes.REPEAT_SHARE_OP,
    a.Quantile: codes.QUANTILE_OP,
    a.DecayedSum: codes.DECAYED_SUM_OP,
    a.Slope: codes.SLOPE_OP,
    a.PatternCount: codes.PATTERN_OP,
}
GAP_CODES = {
    a.GapStatistic.MEAN: codes.GAP_MEAN_OP,
    a.GapStatistic.DEVIATION: codes.GAP_DEVIATION_OP,
    a.GapStatistic.LONGEST: codes.GAP_LONGEST_OP,
}


def code_of(aggregate: a.Aggregate) -> int:
    """The number by which kernels know an aggregate."""
    if isinstance(aggregate, a.Gap):
        return GAP_CODES[aggregate.statistic]
    return CODES[type(aggregate)]


def microseconds(length: timedelta) -> int:
    """A length in whole microseconds."""
    return length // timedelta(microseconds=1)


def _place(items: list[Item], item: Item) -> int:
    """Index of the item, appended if it is not there."""
    if item not in items:
        items.append(item)
    return items.index(item)


def _register_bits(error: float) -> int:
    """The least power of two of registers whose standard error is `error` or less."""
    return math.ceil(2 * math.log2(1.04 / error))


def _reach(measure: Measure) -> timedelta | None:
    """How far before the moment a measure looks; None: without bound, or by number of events."""
    match measure.window:
        case Sliding(length=length, ends_before=ends_before):
            reach = length + ends_before
        case Calendar(period=period, count=count, ends_before=ends_before):
            reach = LONGEST_PERIOD[period] * (count + ends_before)
        case Session(longest=longest):
            reach = longest
        case LastEvents():
            reach = timedelta(0)
        case _:
            return None
    if isinstance(measure.aggregate, a.NewValues):
        reach += measure.aggregate.lookback
    return reach


def _longest(measures: Sequence[Measure]) -> timedelta | None:
    reaches = [_reach(measure) for measure in measures]
    known = [reach for reach in reaches if reach is not None]
    return max(known) if len(known) == len(reaches) else None
