"""Events of a batch under ids that were decided under before: none of them is taken in again.

The engine knows an event that comes again as long as a window sees it, and not longer. The ids of
decisions are known for good. What is left of a batch is decided, and what came of it is told by
the places in the batch as it was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.features.columns import Refused
from headrace.features.engines.stream import Pushed
from headrace.features.kernels import codes

Rows = NDArray[np.int64]
ANOTHER = "is that of another event that came before; give each event an id of its own"


@dataclass(frozen=True)
class Repeats:
    """What of a batch is not taken in.

    Attributes:
        before: Of the very event that was decided before, by row: its decision.
        others: Rows of other events under an id that was given before.
    """

    before: Mapping[int, Mapping[str, Any]]
    others: Sequence[int]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.before or self.others)

    def left(self, rows: int) -> Rows:
        """The rows that are taken in, of so many."""
        gone = [*self.before, *self.others]
        return np.delete(np.arange(rows, dtype=np.int64), gone)


def other_events(names: Sequence[str | None], moments: Sequence[int]) -> list[int]:
    """Rows that have the id of an earlier row and another time."""
    first: dict[str, int] = {}
    return [
        row
        for row, (name, moment) in enumerate(zip(names, moments, strict=True))
        if name is not None and first.setdefault(name, moment) != moment
    ]


def spread(pushed: Pushed, repeats: Repeats, left: Rows, rows: int, column: str) -> Pushed:
    """What came of the events that were left, by their places in the batch as given.

    Args:
        pushed: Of those that were left.
        repeats: Those that were not.
        left: The places of those that were.
        rows: How many were given.
        column: That of the ids.
    """
    outcome = np.full(rows, -1, np.int8)
    outcome[left] = pushed.outcome
    outcome[list(repeats.before)] = codes.DUPLICATE
    places = np.full(rows, -1, np.int64)
    places[left] = np.arange(len(left))
    refused = [replace(each, rows=left[each.rows]) for each in pushed.refused]
    if repeats.others:
        refused.append(Refused(column, ANOTHER, np.array(sorted(repeats.others), np.int64)))
    return Pushed(
        pushed.table.take(pa.array(places, pa.int64(), mask=places < 0)),
        outcome,
        left[pushed.late],
        left[pushed.too_late],
        tuple(refused),
    )


def at_places(tables: Iterable[pa.Table], left: Rows) -> list[pa.Table]:
    """Tables whose column `row` tells the places in the batch as given."""
    found = []
    for table in tables:
        at = table.schema.get_field_index("row")
        rows = pa.array(left[table["row"].to_numpy()]).cast(table.schema.field(at).type)
        found.append(table.set_column(at, table.schema.field(at), rows))
    return found
