"""What stands behind a value: the events inside the window, and the arithmetic between features."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.features import arithmetic
from headrace.features.compile import compile_plan
from headrace.features.definition import FeatureSet, Measure, Table
from headrace.features.engines.batch import History, read, standing
from headrace.features.plan import make_plan


@dataclass(frozen=True)
class Behind:
    """One measure behind a feature, at one moment.

    Attributes:
        measure: The definition.
        table: The table its events are in.
        rows: Positions of the events in the window that pass the filter, oldest first, (n,).
        value: What the measure gives; None if missing.
    """

    measure: Measure
    table: Table
    rows: NDArray[np.int64]
    value: float | None


@dataclass(frozen=True)
class Explained:
    """One feature at one moment.

    Attributes:
        name: Of the feature.
        definition: Read aloud.
        value: None if missing.
        arithmetic: How it follows from its parts, in words; "" for a measure.
        behind: The measures it rests on, each with its events.
    """

    name: str
    definition: str
    value: float | None
    arithmetic: str
    behind: tuple[Behind, ...]


def explain(
    feature_set: FeatureSet, history: History, name: str, key: pa.Table, at: datetime
) -> Explained:
    """Compute one feature of one key again, and list the events it was computed from.

    Args:
        feature_set: Where it is defined.
        history: The facts.
        name: Of the feature.
        key: One row with the key columns.
        at: The moment, UTC; nothing known later is used.

    Raises:
        InputError: The set has no feature of that name.
    """
    names = [each.name for each in feature_set.definitions]
    if name not in names:
        raise InputError(f"no feature is called {name!r}", remedy=f"features: {', '.join(names)}")
    needed = feature_set.only([name])
    compiled = compile_plan(make_plan(needed))
    values = read(compiled, history, key, at).table.to_pylist()[0]
    definition = next(each for each in needed.definitions if each.name == name)
    words = ""
    if not isinstance(definition, Measure):
        known = {part: _real(values[part]) for part in definition.parts}
        words = arithmetic.explain(definition, known)
    behind = tuple(
        Behind(
            measure,
            needed.table_of(measure),
            events_behind(needed, measure, history, key, at),
            values[measure.name],
        )
        for measure in dict.fromkeys(needed.measures_behind(name))
    )
    return Explained(name, definition.read_aloud(), values[name], words, behind)


def events_behind(
    feature_set: FeatureSet, measure: Measure, history: History, key: pa.Table, at: datetime
) -> NDArray[np.int64]:
    """Positions, in the table given, of the events that a measure counts for one key.

    Args:
        feature_set: Where it is defined.
        measure: The definition.
        history: The facts.
        key: One row with the key columns.
        at: The moment, UTC.
    """
    table = feature_set.table_of(measure)
    plan = make_plan(FeatureSet((table,), (measure,)))
    ordered = standing(plan.spaces[0], compile_plan(plan).programs[0], history, at)
    low, high = ordered.window_of(ordered.reader.keys(key)[0], at)
    rows = np.arange(low, high)
    chosen = plan.spaces[0].outputs[0].filter
    if chosen >= 0:
        rows = rows[(ordered.rows[low:high, 1] >> chosen) & 1 == 1]
    found: NDArray[np.int64] = ordered.order[rows]
    return found


def _real(value: float | None) -> float:
    return np.nan if value is None else value
