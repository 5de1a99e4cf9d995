"""Live decisions as a source feeds them, and somebody told of each once it is on the disk."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from headrace.adapters.live.decisions import LiveDecisions, decisions_in, followed_table
from headrace.adapters.live.records import Positions
from headrace.features.engines.stream import Pushed, StreamEngine

MARK = "told"


class Deciding:
    """What a `KafkaSource` feeds, in the place of live features.

    Events of the table that is decided are decided as they come; those of others, and voids, move
    features. A slow policy slows the source down: nothing is read ahead of what was decided.

    Somebody may be told, such as to open cases: of every decision that is followed, at least once,
    after it is on the disk. What was not told when a process died is told when the next one starts.
    """

    def __init__(
        self, decisions: LiveDecisions, told: Callable[[pa.Table], None] | None = None
    ) -> None:
        """Feed these, and tell what an earlier process left untold.

        Args:
            decisions: Where events go; its `heard` is taken over.
            told: Called with decisions, a row each, see `Decisions.table`. It must bear to be told
                again: the id of a decision stays the same.
        """
        self._decisions, self._told = decisions, told
        self._fresh: list[pa.Table] = []
        if told is not None:
            self._tell_left()
            decisions.heard = self._fresh.append

    @property
    def folder(self) -> Path:
        """Where the log is."""
        return self._decisions.live.folder

    @property
    def engine(self) -> StreamEngine:
        """The engine in force."""
        return self._decisions.live.engine

    @property
    def positions(self) -> dict[tuple[str, int], int]:
        """Where the source goes on."""
        return self._decisions.live.positions

    def submit(
        self, events: pa.Table, table: str = "", positions: Positions | None = None
    ) -> Pushed:
        """Take events in, and decide them where they are what is decided."""
        if not self._decisions.decides(table):
            return self._decisions.live.submit(events, table, positions)
        return self._decisions.submit(events, positions).pushed

    def submit_voids(
        self, voids: pa.Table, table: str = "", positions: Positions | None = None
    ) -> Pushed:
        """Take events back."""
        return self._decisions.live.submit_voids(voids, table, positions)

    def advance(self, positions: Positions) -> None:
        """As `LiveFeatures.advance`."""
        self._decisions.live.advance(positions)

    def commit(self) -> None:
        """Make it durable, then tell."""
        upto = self._decisions.live.records
        self._decisions.commit()
        if self._told is None or not self._fresh:
            return
        self._told(pa.concat_tables(self._fresh))
        self._fresh.clear()
        mark_told(self.folder, upto)

    def _tell_left(self) -> None:
        upto = self._decisions.live.records
        records = [
            each
            for _, several in decisions_in(self._decisions.live.read_log(told_up_to(self.folder)))
            for each in several
            if each["effective"]
        ]
        if records and self._told is not None:
            self._told(followed_table(records))
        mark_told(self.folder, upto)


def told_up_to(folder: Path) -> int:
    """The number of the first record whose decisions may not have been told."""
    with suppress(OSError, ValueError):
        return int((folder / MARK).read_text())
    return 0


def mark_told(folder: Path, upto: int) -> None:
    """Note it; not synced: a power cut may put it back, and then some are told again."""
    (folder / MARK).write_text(str(upto))
