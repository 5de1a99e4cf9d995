"""What a feature is: frozen values that can be read aloud and never see the engine that runs them.

    Measure("sales_12m", Sum("amount"), where="sale", window=Calendar(Period.DAY, zone, 365))

reads: the sum of the amount of sales in 365 days. A `Table` says which columns events have; a
`FeatureSet` is tables and definitions together, checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum

from headrace.errors import InputError, MappingError
from headrace.features.aggregates import Aggregate
from headrace.features.windows import ALL_HISTORY, Window


class ColumnType(Enum):
    """What a column of events holds."""

    NUMBER = "number"  # whole, or with a fixed number of decimal places: sums are exact
    CATEGORY = "category"  # text or whole numbers that only name something
    FLAG = "flag"
    INSTANT = "instant"  # microseconds, UTC


@dataclass(frozen=True)
class Column:
    """A column of a table of events.

    Attributes:
        name: As in the data.
        type: What it holds.
        places: Decimal places of a number. Values are kept as whole multiples of 10**-places, a
            value with more places is rounded half to even; money in minor units has 0.
        required: An event without it is refused; otherwise it does not count where it is needed.
    """

    name: str
    type: ColumnType
    places: int = 0
    required: bool = False

    def __post_init__(self) -> None:
        """Refuse places that a 64-bit number cannot keep."""
        if not 0 <= self.places <= 9:
            raise MappingError(f"column {self.name!r} has {self.places} places; 0 to 9 are kept")


@dataclass(frozen=True)
class Derived:
    """A column computed from others of its event: `Derived("night", "hour(event_time) < 6")`."""

    name: str
    expression: str


@dataclass(frozen=True)
class Table:
    """Where events come from.

    Attributes:
        name: Unique in its set; the kind of fact.
        columns: What each event has beside its time. Key columns are among them.
        key: The columns that say whose event it is, unless a measure says otherwise.
        derived: Columns computed from these, in order.
        time: The column of the event time.
        known: The column of the time at which an event became known; None: at its event time.
        id: The column that names an event, so that a repetition is found and a void can name it;
            None: every row is an event of its own.
        zone: The zone of local days, months and hours.
        skew: By how much an event may lie ahead of its known time. One further ahead is refused:
            its clock is wrong, and it would make all others late.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    derived: tuple[Derived, ...] = ()
    time: str = "event_time"
    known: str | None = None
    id: str | None = "id"
    zone: str = "UTC"
    skew: timedelta = timedelta(days=1)


class Current(Enum):
    """Whether the event that asks counts itself."""

    INCLUDED = "included"
    EXCLUDED = "excluded"


@dataclass(frozen=True)
class Measure:
    """Aggregate × field × filter × key × window.

    Attributes:
        name: Unique in its set; carries the unit, most significant word first.
        aggregate: What is done, and with which columns.
        where: The filter, an expression over the table's columns; "" lets every event pass.
        window: Which events count.
        table: Whose events; "" where the set has one table.
        by: The key, one or several columns; () is the table's own key.
        current: Whether the event at whose arrival the value is computed counts itself.
    """

    name: str
    aggregate: Aggregate
    where: str = ""
    window: Window = ALL_HISTORY
    table: str = ""
    by: tuple[str, ...] = ()
    current: Current = Current.INCLUDED

    def read_aloud(self) -> str:
        """The definition as a sentence."""
        parts = [self.aggregate.read_aloud()]
        if self.where:
            parts.append(f"where {self.where}")
        parts.append(self.window.read_aloud())
        if self.by:
            parts.append("per " + " and ".join(self.by))
        if self.current is Current.EXCLUDED:
            parts.append("before the event itself")
        return " ".join(parts)


@dataclass(frozen=True)
class Ratio:
    """One feature over another; missing where either is missing or the divisor is not positive."""

    name: str
    numerator: str
    denominator: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The features it is made of."""
        return (self.numerator, self.denominator)

    def read_aloud(self) -> str:
        """The definition as a sentence."""
        return f"{self.numerator} divided by {self.denominator}"


@dataclass(frozen=True)
class Difference:
    """One feature minus another; missing where either is missing."""

    name: str
    minuend: str
    subtrahend: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The features it is made of."""
        return (self.minuend, self.subtrahend)

    def read_aloud(self) -> str:
        """The definition as a sentence."""
        return f"{self.minuend} minus {self.subtrahend}"


@dataclass(frozen=True)
class Total:
    """Features added up; missing where any is missing."""

    name: str
    parts: tuple[str, ...]

    def read_aloud(self) -> str:
        """The definition as a sentence."""
        return " plus ".join(self.parts)


@dataclass(frozen=True)
class ZScore:
    """How many deviations a feature lies from its mean.

    Missing where any part is missing or the deviation is not positive.
    """

    name: str
    value: str
    mean: str
    deviation: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The features it is made of."""
        return (self.value, self.mean, self.deviation)

    def read_aloud(self) -> str:
        """The definition as a sentence."""
        return f"{self.value} in deviations ({self.deviation}) from {self.mean}"


Arithmetic = Ratio | Difference | Total | ZScore
Definition = Measure | Arithmetic


@dataclass(frozen=True)
class FeatureSet:
    """Tables and definitions that are computed together and share state.

    Attributes:
        tables: Where events come from.
        definitions: Measures and arithmetic between them, in order: parts before wholes.
    """

    tables: tuple[Table, ...]
    definitions: tuple[Definition, ...]

    def __post_init__(self) -> None:
        """Names are unique, parts come first, and every measure has its table.

        Raises:
            MappingError: Naming the feature and what is missing.
        """
        names = [table.name for table in self.tables]
        known: set[str] = set()
        for definition in self.definitions:
            if definition.name in known:
                raise MappingError(f"feature {definition.name!r} is defined twice")
            if isinstance(definition, Measure):
                _check_table(definition, names)
            else:
                _check_parts(definition, known)
            known.add(definition.name)

    def table_of(self, measure: Measure) -> Table:
        """The table a measure reads."""
        return self.table_named(measure.table) if measure.table else self.tables[0]

    def table_named(self, name: str) -> Table:
        """A table; "" where there is one.

        Raises:
            InputError: There is none of that name.
        """
        for table in self.tables:
            if table.name == name or (not name and len(self.tables) == 1):
                return table
        raise InputError(
            f"the plan has no table {name!r}",
            remedy=f"tables: {', '.join(table.name for table in self.tables)}",
        )

    def key_of(self, measure: Measure) -> tuple[str, ...]:
        """The columns that say whose value it is."""
        return measure.by or self.table_of(measure).key

    def measures_behind(self, name: str) -> list[Measure]:
        """The measures a feature is made of; empty for one that is not defined here."""
        definition = next((each for each in self.definitions if each.name == name), None)
        if definition is None:
            return []
        if isinstance(definition, Measure):
            return [definition]
        return [measure for part in definition.parts for measure in self.measures_behind(part)]

    def in_zone(self, zone: str) -> "FeatureSet":
        """The same set with the local time of another zone; a window's own zone stays."""
        tables = tuple(replace(table, zone=zone) for table in self.tables)
        return FeatureSet(tables, self.definitions)

    def only(self, names: Sequence[str]) -> "FeatureSet":
        """The set that computes `names` and what they are made of, and nothing else."""
        wanted: set[str] = set()
        for definition in reversed(self.definitions):
            if definition.name in names or definition.name in wanted:
                wanted.add(definition.name)
                wanted.update(() if isinstance(definition, Measure) else definition.parts)
        kept = tuple(each for each in self.definitions if each.name in wanted)
        return FeatureSet(self.tables, kept)


class Unit(Enum):
    """What the number means, so that a page can print it."""

    COUNT = "count"
    MONEY = "money"  # minor units
    SHARE = "share"  # 0 to 1
    RATIO = "ratio"
    DAYS = "days"
    SECONDS = "seconds"
    FLAG = "flag"  # 1: so, 0: not so


@dataclass(frozen=True)
class Feature:
    """A definition with what people call it.

    Attributes:
        name: The column's name.
        unit: How to print it.
        en: What an English reader calls it.
        zh: What a Chinese reader calls it.
        definition: How it is computed; None for a value that arrives as data from the graph.
    """

    name: str
    unit: Unit
    en: str
    zh: str
    definition: Definition | None = None

    def read_aloud(self) -> str:
        """The definition as a sentence."""
        return self.definition.read_aloud() if self.definition else "from the relation graph"


def _check_table(measure: Measure, names: Sequence[str]) -> None:
    if measure.table not in names and (measure.table or len(names) != 1):
        raise MappingError(
            f"feature {measure.name!r} reads table {measure.table!r}, which is not in the set",
            remedy=f"tables: {', '.join(names)}",
        )


def _check_parts(definition: Arithmetic, known: set[str]) -> None:
    missing = sorted(set(definition.parts) - known)
    if missing:
        raise MappingError(
            f"feature {definition.name!r} is made of {missing}, not defined before it",
            remedy=f"defined so far: {', '.join(sorted(known)) or 'nothing'}",
        )
