"""How the events of one key in one window become one number: frozen values, no arithmetic here.

Every aggregate names the columns it reads and can be read aloud. What it computes is in
`kernels`; what it shares with others is found in `plan`. An aggregate of no event is missing,
not zero, except that a count is 0.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import ClassVar

from headrace.errors import MappingError
from headrace.features.windows import duration_words


class Clock(Enum):
    """The unit in which time between events is counted."""

    SECONDS = "seconds"
    LOCAL_DAYS = "local days"  # difference of the calendar days of the table's zone


class GapStatistic(Enum):
    """What is said of the times between successive events."""

    MEAN = "mean"
    DEVIATION = "deviation"  # sample; missing for fewer than two gaps
    LONGEST = "longest"  # the silence up to now included


@dataclass(frozen=True)
class _Aggregate:
    """What every aggregate has: the columns it reads, and words."""

    keyword: ClassVar[str]
    words: ClassVar[str]

    @property
    def numbers(self) -> tuple[str, ...]:
        """Columns read as numbers; an event where one is missing does not count."""
        return ()

    @property
    def categories(self) -> tuple[str, ...]:
        """Columns read as groups; an event where one is missing does not count."""
        return ()

    @property
    def conditions(self) -> tuple[str, ...]:
        """Filter expressions of the aggregate's own."""
        return ()

    def read_aloud(self) -> str:
        """The aggregate as words."""
        return self.words


@dataclass(frozen=True)
class _OfField(_Aggregate):
    field: str

    @property
    def numbers(self) -> tuple[str, ...]:
        """The field."""
        return (self.field,)

    def read_aloud(self) -> str:
        """The aggregate as words."""
        return f"{self.words} of {self.field}"


@dataclass(frozen=True)
class _OfGroups(_OfField):
    """Works on the sums of `field` per group of `over`."""

    over: str

    @property
    def categories(self) -> tuple[str, ...]:
        """The groups."""
        return (self.over,)

    def read_aloud(self) -> str:
        """The aggregate as words."""
        return f"{self.words} of {self.field} over each {self.over}"


@dataclass(frozen=True)
class Count(_Aggregate):
    """Events; 0 where there are none."""

    keyword: ClassVar[str] = "count"
    words: ClassVar[str] = "count"


@dataclass(frozen=True)
class Sum(_OfField):
    """Exact sum."""

    keyword: ClassVar[str] = "sum"
    words: ClassVar[str] = "sum"


@dataclass(frozen=True)
class Mean(_OfField):
    """Exact sum divided once by the count."""

    keyword: ClassVar[str] = "mean"
    words: ClassVar[str] = "mean"


@dataclass(frozen=True)
class Deviation(_OfField):
    """Sample standard deviation, from the exact sum and sum of squares; missing below 2 events."""

    keyword: ClassVar[str] = "deviation"
    words: ClassVar[str] = "standard deviation"


@dataclass(frozen=True)
class Min(_OfField):
    """Smallest."""

    keyword: ClassVar[str] = "min"
    words: ClassVar[str] = "smallest"


@dataclass(frozen=True)
class Max(_OfField):
    """Largest."""

    keyword: ClassVar[str] = "max"
    words: ClassVar[str] = "largest"


@dataclass(frozen=True)
class First(_OfField):
    """Value at the earliest event; of equal times, the first to arrive."""

    keyword: ClassVar[str] = "first"
    words: ClassVar[str] = "first"


@dataclass(frozen=True)
class Last(_OfField):
    """Value at the latest event; of equal times, the last to arrive."""

    keyword: ClassVar[str] = "last"
    words: ClassVar[str] = "last"


@dataclass(frozen=True)
class SinceFirst(_Aggregate):
    """Time from the earliest event to the moment asked about."""

    clock: Clock = Clock.SECONDS
    keyword: ClassVar[str] = "since_first"
    words: ClassVar[str] = "time since the first event"

    def read_aloud(self) -> str:
        """The aggregate as words."""
        return f"{self.clock.value} since first"


@dataclass(frozen=True)
class SinceLast(_Aggregate):
    """Time from the latest event to the moment asked about."""

    clock: Clock = Clock.SECONDS
    keyword: ClassVar[str] = "since_last"
    words: ClassVar[str] = "time since the last event"

    def read_aloud(self) -> str:
        """The aggregate as words."""
        return f"{self.clock.value} since last"


@dataclass(frozen=True)
class Gap(_Aggregate):
    """Times between successive events: mean, sample deviation, or the longest up to now."""

    statistic: GapStatistic = GapStatistic.MEAN
    clock: Clock = Clock.SECONDS
    keyword: ClassVar[str] = "gap"
    words: ClassVar[str] = "gap between events"

    def read_aloud(self) -> str:
        """The aggregate as words."""
        return f"{self.statistic.value} gap in {self.clock.value}"


@dataclass(frozen=True)
class Distinct(_Aggregate):
    """Different values, exact."""

    field: str
    keyword: ClassVar[str] = "distinct"
    words: ClassVar[str] = "different values"

    @property
    def categories(self) -> tuple[str, ...]:
        """The field."""
        return (self.field,)

    def read_aloud(self) -> str:
        """The aggregate as words."""
        return f"count of different {self.field}"


@dataclass(frozen=True)
class DistinctApprox(Distinct):
    """Different values by HyperLogLog: fixed memory, standard error as stated.

    Flajolet et al. 2007: 1.04 / sqrt(m) for m registers; linear counting below 2.5 m. The number
    of registers is the power of two that meets `error`.
    """

    error: float = 0.01
    keyword: ClassVar[str] = "distinct_approx"
    words: ClassVar[str] = "different values, approximately"

    def __post_init__(self) -> None:
        """Refuse an error that no table of registers gives."""
        _between("error", self.error, 0.004, 0.25)

    def read_aloud(self) -> str:
        """The aggregate as words."""
        return f"count of different {self.field} (standard error {self.error:.2%})"


@dataclass(frozen=True)
class NewValues(Distinct):
    """Events whose value had not been seen in `lookback` before them; 0 where there are none.

    With the window of the last event it is 1 where the value of that event is new, else 0.
    """

    lookback: timedelta = timedelta(days=365)
    keyword: ClassVar[str] = "new_values"
    words: ClassVar[str] = "events with a new value"

    def __post_init__(self) -> None:
        """Refuse a length of nothing."""
        _above_nothing("lookback", self.lookback)

    def read_aloud(self) -> str:
        """The aggregate as words."""
        return f"count of new {self.field}, not seen in {duration_words(self.lookback)} before"


@dataclass(frozen=True)
class Hhi(_OfGroups):
    """Herfindahl-Hirschman index of the sums per group, 0 to 1; negative sums count as nothing."""

    keyword: ClassVar[str] = "hhi"
    words: ClassVar[str] = "concentration (HHI)"


@dataclass(frozen=True)
class TopShare(_OfGroups):
    """Share of the `count` largest groups in the whole; negative sums count as nothing."""

    count: int = 1
    keyword: ClassVar[str] = "top_share"
    words: ClassVar[str] = "share of the largest"

    def __post_init__(self) -> None:
        """Refuse a share of no group."""
        _between("count", self.count, 1, 64)

    def read_aloud(self) -> str:
        """The aggregate as words."""
        largest = "largest" if self.count == 1 else f"{self.count} largest"
        return f"share of the {largest} of {self.field} over each {self.over}"


@dataclass(frozen=True)
class GroupMean(_OfGroups):
    """Mean of the sums per group that has an event."""

    keyword: ClassVar[str] = "group_mean"
    words: ClassVar[str] = "mean"


@dataclass(frozen=True)
class GroupMax(_OfGroups):
    """Largest of the sums per group."""

    keyword: ClassVar[str] = "group_max"
    words: ClassVar[str] = "largest sum"


@dataclass(frozen=True)
class Variation(_OfGroups):
    """Deviation over mean of the sums per period, from the first to the last period with an event.

    `over` must count periods (for example `month(event_time)`): periods between without an event
    count as 0, because the firm existed and sold nothing. Population deviation. Missing where
    there are fewer than two periods or the mean is not positive.
    """

    keyword: ClassVar[str] = "variation"
    words: ClassVar[str] = "coefficient of variation"

    @property
    def numbers(self) -> tuple[str, ...]:
        """The field, and the periods, which are counted on."""
        return (self.field, self.over)

    @property
    def categories(self) -> tuple[str, ...]:
        """None: periods follow each other, so they need no names."""
        return ()


@dataclass(frozen=True)
class RepeatShare(_OfGroups):
    """Share of the whole that comes from groups with events in `at_least` different periods.

    `period` must count periods of the event time. Negative sums count as nothing.
    """

    period: str = "month"
    at_least: int = 3
    keyword: ClassVar[str] = "repeat_share"
    words: ClassVar[str] = "share of repeated"

    def __post_init__(self) -> None:
        """Refuse a share that every group has."""
        _between("at_least", self.at_least, 1, 10_000)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The field, and the periods."""
        return (self.field, self.period)


@dataclass(frozen=True)
class Quantile(_OfField):
    """The value below which `share` of the events lie: exact, between two events linear.

    Position share * (n - 1) among the sorted values (Hyndman and Fan 1996, type 7; numpy's
    default).
    """

    share: float = 0.5
    keyword: ClassVar[str] = "quantile"
    words: ClassVar[str] = "quantile"

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        _between("share", self.share, 0.0, 1.0)

    def read_aloud(self) -> str:
        """The aggregate as words."""
        return f"{self.share:.0%} quantile of {self.field}"


@dataclass(frozen=True)
class DecayedSum(_OfField):
    """Sum in which an event counts half after `half_life`, a quarter after two, and so on."""

    half_life: timedelta = timedelta(days=7)
    keyword: ClassVar[str] = "decayed_sum"
    words: ClassVar[str] = "decayed sum"

    def __post_init__(self) -> None:
        """Refuse a length of nothing."""
        _above_nothing("half_life", self.half_life)

    def read_aloud(self) -> str:
        """The aggregate as words."""
        return f"sum of {self.field} halved every {duration_words(self.half_life)}"


@dataclass(frozen=True)
class Slope(_OfField):
    """Least-squares rise of the field per `per` of time; missing where all times are equal."""

    per: timedelta = timedelta(days=1)
    keyword: ClassVar[str] = "slope"
    words: ClassVar[str] = "trend"

    def __post_init__(self) -> None:
        """Refuse a length of nothing."""
        _above_nothing("per", self.per)

    def read_aloud(self) -> str:
        """The aggregate as words."""
        return f"trend of {self.field} per {duration_words(self.per)}"


@dataclass(frozen=True)
class PatternCount(_Aggregate):
    """Events that meet `then` and follow, within `within`, an event that meets `first`.

    Both lie in the window; "follow" is later, or equal in time and later in arrival.
    """

    first: str
    then: str
    within: timedelta
    keyword: ClassVar[str] = "pattern_count"
    words: ClassVar[str] = "count of a pattern"

    def __post_init__(self) -> None:
        """Refuse a length of nothing."""
        _above_nothing("within", self.within)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The two conditions."""
        return (self.first, self.then)

    def read_aloud(self) -> str:
        """The aggregate as words."""
        return f"count of ({self.then}) within {duration_words(self.within)} of ({self.first})"


Aggregate = (
    Count
    | Sum
    | Mean
    | Deviation
    | Min
    | Max
    | First
    | Last
    | SinceFirst
    | SinceLast
    | Gap
    | Distinct
    | DistinctApprox
    | NewValues
    | Hhi
    | TopShare
    | GroupMean
    | GroupMax
    | Variation
    | RepeatShare
    | Quantile
    | DecayedSum
    | Slope
    | PatternCount
)


def _above_nothing(name: str, length: timedelta) -> None:
    if length <= timedelta(0):
        raise MappingError(f"{name} must be above 0, not {length}")


def _between(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise MappingError(f"{name} is {value}, and must lie between {low} and {high}")
