"""Runs of rows by party that can be replaced one at a time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.graph.ownership.shares import Ints

Column = NDArray[Any]


class Runs:
    """Rows of some columns, party after party at first; a longer run moves to the end.

    What a run leaves behind is not used again, so positions of other runs stay as they are.
    """

    def __init__(self, start: Ints, length: Ints, *columns: Column) -> None:
        """Copy runs and give them room to grow."""
        self.start, self.length = start.copy(), length.copy()
        self.fill = len(columns[0])
        room = self.fill + self.fill // 4 + 1024
        self.columns = [_longer(column, room) for column in columns]

    def rows(self, party: int) -> slice:
        """Where the rows of a party are."""
        begin = int(self.start[party])
        return slice(begin, begin + int(self.length[party]))

    def replace(self, party: int, *columns: Column) -> slice:
        """Give a party other rows, as many as there are; where they are is returned."""
        count = len(columns[0])
        if count > self.length[party]:
            self.start[party] = self.fill
            self.fill += count
            if self.fill > len(self.columns[0]):
                self.columns = [_longer(column, 2 * self.fill) for column in self.columns]
        self.length[party] = count
        at = self.rows(party)
        for column, new in zip(self.columns, columns, strict=True):
            column[at] = new
        return at

    def make_room(self) -> None:
        """Have half as much room again; what runs left behind is given up, so that they move."""
        live = int(self.length.sum())
        if 2 * live < self.fill:
            begin = np.cumsum(self.length) - self.length
            at = np.repeat(self.start - begin, self.length) + np.arange(live)
            self.columns = [column[at] for column in self.columns]
            self.start[:], self.fill = begin, live
        room = len(self.columns[0])
        self.columns = [_longer(column, room + room // 2 + 1024) for column in self.columns]


def _longer(column: Column, room: int) -> Column:
    longer = np.empty(room, column.dtype)
    longer[: len(column)] = column
    return longer
