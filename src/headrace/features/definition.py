"""What a feature is: a frozen value that can be read aloud and never sees the engine that runs it.

    Measure("sales_month_mean", MEAN, "amount", where=("sale", "valid"), over=MONTH)

reads: the mean, over months, of the amount of valid sales. `Ratio` divides two features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from headrace.errors import MappingError


class Aggregate(Enum):
    """How the events of one key in one window become one number.

    The first block works on events (or, with `over`, on the sums per group); the second block
    needs `over`, because it describes how a total is spread over groups.
    """

    COUNT = "count"  # events; with `over`: groups that have an event
    SUM = "sum"
    MEAN = "mean"  # of events; with `over`: of the sums per group that has an event
    MAX = "max"
    DAYS_SINCE_FIRST = "days since first"
    DAYS_SINCE_LAST = "days since last"
    GAP_DAYS_MAX = "longest gap in days"  # between successive days with an event, and up to now

    HHI = "concentration (HHI)"  # sum of squared shares; negative groups count as nothing
    TOP_SHARE = "share of the largest"  # the same convention
    VARIATION = "coefficient of variation"  # deviation / mean of monthly sums, empty months as 0
    REPEAT_SHARE = "share of repeated"  # share of groups' totals with events in 3 months or more


class Over(Enum):
    """What an aggregate is spread over."""

    COUNTERPARTY = "counterparty"
    MONTH = "month"
    QUARTER_OF_YEAR = "quarter of the year"


class Unit(Enum):
    """What the number means, so that a page can print it."""

    COUNT = "count"
    MONEY = "money"  # minor units
    SHARE = "share"  # 0 to 1
    RATIO = "ratio"
    DAYS = "days"


NEEDS_OVER = {Aggregate.HHI, Aggregate.TOP_SHARE, Aggregate.VARIATION, Aggregate.REPEAT_SHARE}
MAY_HAVE_OVER = NEEDS_OVER | {Aggregate.COUNT, Aggregate.MEAN, Aggregate.MAX}
NEEDS_NO_FIELD = {
    Aggregate.COUNT,
    Aggregate.DAYS_SINCE_FIRST,
    Aggregate.DAYS_SINCE_LAST,
    Aggregate.GAP_DAYS_MAX,
}


@dataclass(frozen=True)
class Window:
    """Days before the moment asked about: (as_of - ends_before - days, as_of - ends_before].

    Attributes:
        days: Length in days; None reaches back to the first fact.
        ends_before: How many days before the moment the window ends; 0 ends at it.
    """

    days: int | None = None
    ends_before: int = 0


ALL_HISTORY = Window()
LAST_YEAR = Window(days=365)
YEAR_BEFORE = Window(days=365, ends_before=365)


@dataclass(frozen=True)
class Measure:
    """Aggregate × field × filter × window, per party.

    Attributes:
        name: Unique in its pack; carries the unit, most significant word first.
        aggregate: What is done.
        field: An event column, None where the aggregate needs none.
        where: Flags that must all hold, for example ("sale", "valid").
        over: The groups the aggregate is spread over, if any.
        window: Which days count.
    """

    name: str
    aggregate: Aggregate
    field: str | None = None
    where: tuple[str, ...] = ()
    over: Over | None = None
    window: Window = ALL_HISTORY

    def __post_init__(self) -> None:
        """Refuse combinations that mean nothing.

        Raises:
            MappingError: Naming the feature and the part that is missing.
        """
        if self.aggregate in NEEDS_OVER and self.over is None:
            raise MappingError(
                f"feature {self.name!r}: {self.aggregate.value} must be spread over something",
                remedy="give over=Over.COUNTERPARTY, Over.MONTH or Over.QUARTER_OF_YEAR",
            )
        if self.aggregate not in MAY_HAVE_OVER and self.over is not None:
            raise MappingError(
                f"feature {self.name!r}: {self.aggregate.value} is the same over any groups",
                remedy="leave `over` out",
            )
        if self.aggregate is Aggregate.VARIATION and self.over is not Over.MONTH:
            raise MappingError(
                f"feature {self.name!r}: a variation is taken over months", remedy="over=Over.MONTH"
            )
        if self.aggregate not in NEEDS_NO_FIELD and self.field is None:
            raise MappingError(
                f"feature {self.name!r}: {self.aggregate.value} needs a field",
                remedy='for example field="amount"',
            )

    def read_aloud(self) -> str:
        """The definition as a sentence."""
        parts = [self.aggregate.value]
        if self.field:
            parts.append(f"of {self.field}")
        if self.over:
            parts.append(f"over each {self.over.value}")
        if self.where:
            parts.append("where " + " and ".join(self.where))
        if self.window.days is not None:
            parts.append(f"in {self.window.days} days")
        if self.window.ends_before:
            parts.append(f"ending {self.window.ends_before} days before")
        return " ".join(parts)


@dataclass(frozen=True)
class Ratio:
    """One feature over another; missing where either is missing or the divisor is not positive."""

    name: str
    numerator: str
    denominator: str

    def read_aloud(self) -> str:
        """The definition as a sentence."""
        return f"{self.numerator} divided by {self.denominator}"


Definition = Measure | Ratio


@dataclass(frozen=True)
class Feature:
    """A definition with what people call it.

    Attributes:
        definition: How it is computed; None for a value that arrives as data from the graph.
        name: The column's name.
        unit: How to print it.
        en: What an English reader calls it.
        zh: What a Chinese reader calls it.
    """

    name: str
    unit: Unit
    en: str
    zh: str
    definition: Definition | None = None

    def read_aloud(self) -> str:
        """The definition as a sentence."""
        return self.definition.read_aloud() if self.definition else "from the relation graph"


def check_definitions(definitions: Sequence[Definition]) -> None:
    """Names are unique and every ratio refers to features defined before it.

    Raises:
        MappingError: Naming the feature and what is missing.
    """
    known: set[str] = set()
    for definition in definitions:
        if definition.name in known:
            raise MappingError(f"feature {definition.name!r} is defined twice")
        if isinstance(definition, Ratio):
            missing = {definition.numerator, definition.denominator} - known
            if missing:
                raise MappingError(
                    f"feature {definition.name!r} divides {sorted(missing)}, not defined before it",
                    remedy=f"defined so far: {sorted(known)}",
                )
        known.add(definition.name)
