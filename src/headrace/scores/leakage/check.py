"""All rules on the features of a sample."""

from collections.abc import Collection, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.scores.leakage.alone import declared, gap_tells, near_perfect, one_outcome
from headrace.scores.leakage.dating import (
    counted_back,
    follows_outcome,
    known_late,
    moves_with_outcome,
    tells_when,
)
from headrace.scores.leakage.findings import Leak
from headrace.scores.leakage.pattern import fine_pattern
from headrace.scores.leakage.sample import Sample


def check(sample: Sample) -> tuple[Leak, ...]:
    """What leaks, in the order of the columns.

    A feature that is refused is named once, by the first rule that refuses it; the warnings of the
    others all stand. With fewer than two outcomes only what is declared can be found.
    """
    found = {leak.feature: [leak] for leak in [*declared(sample), *_of_dates(sample)]}
    names = sample.table.column_names
    if 0 < sample.y.sum() < sample.y.size:
        for name in names:
            if name not in sample.known_after_outcome:
                found[name] = [*found.get(name, []), *_of_values(sample, name, len(names))]
    leaks = []
    for name in names:
        own = found.get(name, [])
        stopping = [leak for leak in own if leak.refuses]
        leaks += stopping[:1] or own
    return tuple(leaks)


def _of_dates(sample: Sample) -> list[Leak]:
    late = [
        leak
        for name in sample.table.column_names
        if name not in sample.known_after_outcome
        for leak in known_late(sample, name)
    ]
    named = {leak.feature for leak in late}
    return late + [leak for leak in counted_back(sample) if leak.feature not in named]


def _of_values(sample: Sample, name: str, tried: int) -> list[Leak]:
    return [
        *near_perfect(sample, name, tried),
        *one_outcome(sample, name),
        *gap_tells(sample, name),
        *fine_pattern(sample, name),
        *follows_outcome(sample, name),
        *tells_when(sample, name),
        *moves_with_outcome(sample, name),
    ]


def find_leaks(
    columns: Mapping[str, NDArray[np.float64]],
    y: NDArray[np.int64],
    known_after_outcome: Collection[str],
) -> tuple[Leak, ...]:
    """Features that must not predict this outcome.

    Args:
        columns: Raw values of the features that would enter the card, labelled firms only.
        y: 1 default, 0 repaid, in the same order.
        known_after_outcome: Features that their schema marks as formed after the outcome.

    Returns:
        What refuses; warnings are left to `check`.
    """
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    after = frozenset(known_after_outcome) & frozenset(columns)
    return tuple(leak for leak in check(Sample(table, y, after)) if leak.refuses)
