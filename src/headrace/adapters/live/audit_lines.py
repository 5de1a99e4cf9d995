"""Who asked for decisions, on its way into the audit: in the log first, with the events.

One sync of the disk acknowledges events, decisions and the lines of the audit about them. The lines
are put into the audit behind, many at once; how far that went stands in the audit's own store, and
moves in the same transaction, so that each line is there once, whoever was killed when, and
whatever became of the answer of the store.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence

import orjson

from headrace.adapters.live.features import LiveFeatures
from headrace.adapters.live.log_tail import LogTail
from headrace.adapters.live.records import NOTE
from headrace.adapters.live.turns import in_turn
from headrace.adapters.segment_log import storage_error, whole_file
from headrace.adapters.stores.audit import add_from_log, added_up_to
from headrace.adapters.stores.web import Entry, WebStore, storable

ASKED = "asked"
"""What a note of the log is called that holds such lines."""

PORTION_BYTES = 500_000
"""So much of the log is put into the audit at a time: some thousand lines."""

NAME = "log.id"
"""In the folder: what the audit's store calls this log, and the record before which it has none of
these lines, for an earlier version wrote it."""


def write_lines(live: LiveFeatures, entries: Sequence[Entry]) -> bytes:
    """Have lines in the log; as durable as what is submitted next.

    Returns:
        What now stands there, for `AuditLines`.
    """
    body = orjson.dumps([_plain(each) for each in entries])
    live.note(ASKED, body)
    return body


class AuditLines:
    """Puts lines into the audit, in a thread of its own.

    Attributes:
        tail: What brings them.
    """

    def __init__(self, live: LiveFeatures, store: WebStore) -> None:
        """Begin with what an earlier process left in the log.

        Args:
            live: Whose log it is; nothing was written to it since it was opened.
            store: The audit's.

        Raises:
            StorageError: The folder cannot be written.
        """
        self._live, self._store, self._opened = live, store, live.records
        self._named = _named(live)  # before there is a line: whoever opens it next looks for them
        self._is_ours = False  # whether the store's mark is that of this log
        self._mark: tuple[str, int] | None = None  # the log's name, and what the store has of it
        self.tail: LogTail[bytes] = LogTail("audit", self._told)
        self.tail.start(live.records)

    def close(self) -> None:
        """Put what is there into the audit, where its store answers, and end."""
        self.tail.close()

    def _told(self, bodies: Sequence[bytes] | None, upto: int) -> None:
        if self._mark is None or bodies is None:
            name, since = self._mark or self._look()
            portions = self._left(since, upto)
        else:
            name, since = self._mark
            portions = iter([(upto, list(bodies))])
        self._mark = None  # until it is known that the store has it: an answer may be lost
        for until, some in portions:
            with in_turn(self.tail.stopped):
                add_from_log(self._store, name, until, some)
            since = until
        self._mark = name, since

    def _look(self) -> tuple[str, int]:
        """The log's name, and up to which record the store has its lines."""
        name, first = self._named
        since = max(first, added_up_to(self._store, name))
        if since > self._opened and not self._is_ours:
            # A log that was put back from an older copy goes on where the copy ends.
            since = self._opened
            add_from_log(self._store, name, since, ())
        self._is_ours = True
        return name, since

    def _left(self, since: int, upto: int) -> Iterator[tuple[int, list[bytes]]]:
        """Lines of the log between two records, a portion after the other, and up to where."""
        found: list[bytes] = []
        size = 0
        for number, record in self._live.read_log(since) if since < upto else ():
            if number >= upto:
                break
            if record.kind == NOTE and record.table == ASKED:
                found.append(bytes(record.body))
                size += len(found[-1])
                if size > PORTION_BYTES:
                    yield number + 1, found
                    found, size = [], 0
        if since < upto:
            yield upto, found


def _named(live: LiveFeatures) -> tuple[str, int]:
    """What `NAME` says; it is made where there is none."""
    path = live.folder / NAME
    try:
        if path.exists():
            name, _, first = path.read_text(encoding="ascii").partition(" ")
            return name, int(first or 0)
        name = secrets.token_hex(8)
        with whole_file(path) as file:
            file.write(f"{name} {live.records}".encode())
    except OSError as error:
        raise storage_error("The log cannot be given a name", path, error) from error
    return name, live.records


def _plain(entry: Entry) -> list[int | str]:
    texts = (entry.who, entry.act, entry.about, entry.address, entry.request)
    return [entry.at, *map(storable, texts)]
