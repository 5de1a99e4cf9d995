"""A plan for people: what is kept of every event, what is shared, what costs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from headrace.features.definition import Current, FeatureSet, Measure
from headrace.features.kernels import codes
from headrace.features.plan import Extreme, Lane, Output, Plan, Range, Space, make_plan
from headrace.features.windows import AllHistory, LastEvents, duration_words

EVERY_EVENT = "every event"
NOT_VOIDED = "not voided"
TOTALS, EXTREMES, SCAN = "totals", "extremes", "scan"
HOW = {
    TOTALS: "two running totals are subtracted: the length of the window costs nothing",
    EXTREMES: "the largest or smallest of blocks of events",
    SCAN: "every event in the window is looked at",
}


@dataclass(frozen=True)
class FeatureView:
    """One measure of a space.

    Attributes:
        name: Of the feature.
        found: TOTALS, EXTREMES or SCAN; see HOW.
        window: Which events count, in words.
        filter: The same.
    """

    name: str
    found: str
    window: str
    filter: str


@dataclass(frozen=True)
class SpaceView:
    """What is kept and computed for one table by one key.

    Attributes:
        table: Whose events.
        by: The columns of the key.
        bytes_per_event: Running totals included.
        memory: How long events are kept, in words; None: for ever.
        because: The features that need events that long.
        kept: What is kept of every event beside its time, in words.
        filters: Conditions worked out once per event; one bit of memory each.
        windows: In words.
        totals: Running totals, in words.
        extremes: In words.
        features: The measures.
    """

    table: str
    by: tuple[str, ...]
    bytes_per_event: float
    memory: str | None
    because: tuple[str, ...]
    kept: tuple[str, ...]
    filters: tuple[str, ...]
    windows: tuple[str, ...]
    totals: tuple[str, ...]
    extremes: tuple[str, ...]
    features: tuple[FeatureView, ...]


@dataclass(frozen=True)
class PlanView:
    """Everything that is computed together.

    Attributes:
        spaces: One per table and key.
        arithmetic: Name and definition of each feature that is made of others.
    """

    spaces: tuple[SpaceView, ...]
    arithmetic: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """For --json."""
        return {
            "spaces": [asdict(space) for space in self.spaces],
            "arithmetic": [{"name": name, "definition": said} for name, said in self.arithmetic],
        }


def view(plan: Plan) -> PlanView:
    """The plan in words."""
    spaces = tuple(_space(space, plan.feature_set) for space in plan.spaces)
    return PlanView(spaces, tuple((each.name, each.read_aloud()) for each in plan.arithmetic))


def _space(space: Space, feature_set: FeatureSet) -> SpaceView:
    filters = [
        NOT_VOIDED if number == 0 and space.id_words else each.read_aloud()
        for number, each in enumerate(space.filters)
    ]
    memory = None if space.memory is None else _length(space.memory)
    if any(isinstance(each.window, LastEvents) for each in space.ranges) and memory is not None:
        most = max(e.window.count for e in space.ranges if isinstance(e.window, LastEvents))
        last = f"the last {most} that count"
        memory = f"{memory}, and {last}" if space.memory else last
    words = ["filter bits"] * space.filter_words + ["id (hash)"] * space.id_words
    lanes = [each for each in space.lanes if each.kind != codes.SQUARE_HIGH_LANE]
    return SpaceView(
        table=space.table.name,
        by=space.by,
        bytes_per_event=space.bytes_per_event,
        memory=memory,
        because=_because(space, feature_set),
        kept=(*words, *(f"{each.name} ({each.coded})" for each in space.kept)),
        filters=tuple(filters),
        windows=tuple(dict.fromkeys(_window(each) for each in space.ranges)),
        totals=tuple(_total(lane, space, filters) for lane in lanes),
        extremes=tuple(_extreme(each, space, filters) for each in space.extremes),
        features=tuple(_feature(output, space, filters) for output in space.outputs),
    )


def _length(memory: timedelta) -> str:
    """A month is 31 days and, where clocks change, an hour: said so, not as 745 hours."""
    days, rest = timedelta(memory.days), timedelta(0, memory.seconds, memory.microseconds)
    return " ".join(duration_words(each) for each in (days, rest) if each) or "0 days"


def _because(space: Space, feature_set: FeatureSet) -> tuple[str, ...]:
    """The measures that alone would keep events as long."""
    names = {output.name for output in space.outputs}
    measures = [
        each for each in feature_set.definitions if isinstance(each, Measure) and each.name in names
    ]
    if space.memory is None:
        return tuple(each.name for each in measures if isinstance(each.window, AllHistory))
    return tuple(each.name for each in measures if _alone(space, each) == space.memory)


def _alone(space: Space, measure: Measure) -> timedelta | None:
    return make_plan(FeatureSet((space.table,), (measure,))).spaces[0].memory


def _feature(output: Output, space: Space, filters: Sequence[str]) -> FeatureView:
    found = SCAN
    if output.code <= codes.DEVIATION_OP:
        found = TOTALS
    elif output.code <= codes.MAX_OP:
        found = EXTREMES
    window = _window(space.ranges[output.range])
    return FeatureView(output.name, found, window, _filter(output.filter, filters))


def _window(one: Range) -> str:
    words = one.window.read_aloud()
    return f"{words}, itself not" if one.current is Current.EXCLUDED else words


def _filter(number: int, filters: Sequence[str]) -> str:
    return EVERY_EVENT if number < 0 else filters[number]


def _column(word: int, space: Space) -> str:
    return space.kept[word - 1 - space.filter_words - space.id_words].name


def _total(lane: Lane, space: Space, filters: Sequence[str]) -> str:
    told = _filter(lane.filter, filters)
    if lane.kind == codes.COUNT_LANE:
        return f"count; {told}"
    what = "sum" if lane.kind == codes.SUM_LANE else "sum of squares"
    return f"{what} of {_column(lane.column, space)}; {told}"


def _extreme(each: Extreme, space: Space, filters: Sequence[str]) -> str:
    what = "largest" if each.sign > 0 else "smallest"
    return f"{what} {_column(each.column, space)}; {_filter(each.filter, filters)}"
