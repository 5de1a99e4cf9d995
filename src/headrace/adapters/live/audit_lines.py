"""Who asked for decisions, on its way into the audit: in the log first, with the events.

One sync of the disk acknowledges events, decisions and the lines of the audit about them. The lines
are put into the audit behind, many at once; how far that went stands in the audit's own store, and
moves in the same transaction, so that each line is there once, whoever was killed when.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

import orjson

from headrace.adapters.live.features import LiveFeatures
from headrace.adapters.live.log_tail import LogTail
from headrace.adapters.live.records import NOTE
from headrace.adapters.segment_log import whole_file
from headrace.adapters.stores.audit import add_from_log, added_up_to
from headrace.adapters.stores.web import Entry, WebStore, storable

ASKED = "asked"
"""What a note of the log is called that holds such lines."""

NAME = "log.id"
"""In the folder: what the audit's store calls this log."""


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
            live: Whose log it is.
            store: The audit's.

        Raises:
            StoreDownError: The store does not answer.
        """
        self._live, self._store = live, store
        self._name = _name_of(live.folder)
        # A log that was put back from an older copy goes on where the copy ends.
        self._upto = min(added_up_to(store, self._name), live.records)
        self.tail: LogTail[bytes] = LogTail("audit", self._told)
        self.tail.start(live.records)

    def close(self) -> None:
        """Put what is there into the audit, where its store answers, and end."""
        self.tail.close()

    def _told(self, bodies: Sequence[bytes] | None, upto: int) -> None:
        some = self._left(upto) if bodies is None else bodies
        if some or upto > self._upto:
            add_from_log(self._store, self._name, upto, some)
            self._upto = upto

    def _left(self, upto: int) -> list[bytes]:
        """Lines of the log between what the store has and a record."""
        if self._upto >= upto:
            return []
        found: list[bytes] = []
        for number, record in self._live.read_log(self._upto):
            if number >= upto:
                break
            if record.kind == NOTE and record.table == ASKED:
                found.append(bytes(record.body))
        return found


def _plain(entry: Entry) -> list[int | str]:
    texts = (entry.who, entry.act, entry.about, entry.address, entry.request)
    return [entry.at, *map(storable, texts)]


def _name_of(folder: Path) -> str:
    path = folder / NAME
    if not path.exists():
        with whole_file(path) as file:
            file.write(secrets.token_hex(8).encode())
    return path.read_text(encoding="ascii")
