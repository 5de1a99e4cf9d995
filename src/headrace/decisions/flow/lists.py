"""Lists of customers, cards, devices, ... with how long each entry holds, why, and who says so.

    list,value,scope,valid_from,valid_until,reason,owner,recorded
    blocked,C17,,2026-03-01T00:00Z,,stolen,fraud desk,2026-03-01T09:12Z
    trusted,C3,card_payments,2026-01-01T00:00Z,2026-07-01T00:00Z,payroll,branch,2025-12-30T08:00Z
    blocked,C17,,2026-03-01T00:00Z,2026-03-09T00:00Z,found again,fraud desk,2026-03-09T10:00Z

Entries are never changed. A later record about the same list, value, scope and start replaces what
the earlier one said from the moment it was recorded, so that a replay of March sees March's list.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.program.columns import STRING, Column
from headrace.decisions.sheet import sheet_rows
from headrace.errors import MappingError
from headrace.facts.localtime import microseconds

COLUMNS = (
    "list",
    "value",
    "scope",
    "valid_from",
    "valid_until",
    "reason",
    "owner",
    "recorded",
)
FOREVER = 2**63 - 1
NOT_LISTED = -1


@dataclass(frozen=True)
class Entry:
    """One record of a list.

    Attributes:
        list: The list's name.
        value: Who or what is on it, as text.
        scope: The policy it holds for; empty: for all.
        valid_from: From when on, microseconds since 1970, UTC.
        valid_until: Until when, itself outside; None: for good.
        reason: A code or a sentence; empty: that of the step.
        owner: Who answers for it.
        recorded: When it became known.
    """

    list: str
    value: str
    scope: str
    valid_from: int
    valid_until: int | None
    reason: str
    owner: str
    recorded: int

    @property
    def subject(self) -> tuple[str, str, str, int]:
        """What records replace one another about."""
        return self.list, self.value, self.scope, self.valid_from

    def holds(self, moment: int) -> bool:
        """Whether it is valid then; whether it stands is for the records after it to say."""
        return (
            self.valid_from <= moment < (FOREVER if self.valid_until is None else self.valid_until)
        )


class Lists:
    """All entries of a policy's lists, to be asked as of any moment."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        """Keep the entries in the order in which they were recorded."""
        self.entries = tuple(sorted(entries, key=lambda each: each.recorded))
        self._of: dict[tuple[str, str], list[int]] = {}
        for number, entry in enumerate(self.entries):
            self._of.setdefault((entry.list, entry.value), []).append(number)

    def names(self) -> frozenset[str]:
        """The lists that have entries."""
        return frozenset(entry.list for entry in self.entries)

    def find(self, name: str, value: str, scope: str, moment: int) -> int:
        """The number of the entry that holds; `NOT_LISTED` where none does.

        Args:
            name: Of the list.
            value: Who or what is looked up.
            scope: The policy that asks.
            moment: As of when, microseconds since 1970: records made later are not seen.

        Returns:
            Of several, the one recorded last.
        """
        numbers = self._of.get((name, value), ())
        seen: set[tuple[str, str, str, int]] = set()
        for number in reversed(numbers):
            entry = self.entries[number]
            if entry.recorded > moment or entry.scope not in {"", scope}:
                continue
            if entry.subject not in seen and entry.holds(moment):
                return number
            seen.add(entry.subject)
        return NOT_LISTED

    def find_all(
        self, name: str, values: Column, scope: str, moments: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        """As `find`, for every case of a batch; a missing value is on no list."""
        found = np.full(len(values), NOT_LISTED, np.int32)
        if values.kind != STRING:
            if name not in self.names():
                return found
            words = values.values.tolist()
            for row in np.flatnonzero(values.present):
                found[row] = self.find(name, text_of(words[row]), scope, int(moments[row]))
            return found
        listed = np.array([(name, text) in self._of for text in values.texts], np.bool_)
        if not listed.any():
            return found
        for row in np.flatnonzero(np.append(listed, False)[values.values] & values.present):
            text = values.texts[values.values[row]]
            found[row] = self.find(name, text, scope, int(moments[row]))
        return found

    def with_entries(self, entries: Iterable[Entry]) -> Lists:
        """The same lists with more entries."""
        return Lists((*self.entries, *entries))

    def digest(self) -> str:
        """SHA-256 of all entries in the order in which they were recorded, in hex."""
        told = [[getattr(each, name) for name in COLUMNS] for each in self.entries]
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def text_of(word: object) -> str:
    """The text under which a value is looked up: a whole number is spelled as one."""
    return str(int(word)) if isinstance(word, float) and word.is_integer() else str(word)


def read_lists(content: bytes | str, file: str) -> Lists:
    """The lists that a CSV holds.

    Raises:
        MappingError: Naming file, row, column and what was expected.
    """
    rows = sheet_rows(content, file)
    number, header = next(rows, (1, []))
    absent = [name for name in COLUMNS if name not in header]
    if absent:
        raise MappingError(
            f"There is no column {absent[0]}",
            where=f"{file}, row {number}",
            remedy=f"The header is {','.join(COLUMNS)}",
        )
    at = {name: header.index(name) for name in COLUMNS}
    return Lists(_entry(row, cells, at, file) for row, cells in rows)


def write_lists(lists: Lists) -> bytes:
    """The lists as a CSV that reads back to the same."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for entry in lists.entries:
        told = [getattr(entry, field.name) for field in fields(entry)]
        writer.writerow([_spelled(name, value) for name, value in zip(COLUMNS, told, strict=True)])
    return ("\ufeff" + text.getvalue()).encode()


def _spelled(name: str, value: object) -> str:
    if name in {"valid_from", "valid_until", "recorded"} and isinstance(value, int):
        moment = datetime.fromtimestamp(value // 1_000_000, UTC).replace(
            microsecond=value % 1_000_000
        )
        return moment.isoformat().replace("+00:00", "Z")
    return "" if value is None else str(value)


def _entry(row: int, cells: Sequence[str], at: Mapping[str, int], file: str) -> Entry:
    told = {name: cells[place] if place < len(cells) else "" for name, place in at.items()}
    for name in ("list", "value", "owner"):
        if not told[name]:
            raise MappingError(
                "The cell is empty",
                where=f"{file}, row {row}, column {name}",
                remedy="Every entry has a list, a value and an owner",
            )
    where = f"{file}, row {row}"
    recorded = _moment(told["recorded"], f"{where}, column recorded")
    start = told["valid_from"]
    until = told["valid_until"]
    entry = Entry(
        told["list"],
        told["value"],
        told["scope"],
        _moment(start, f"{where}, column valid_from") if start else recorded,
        _moment(until, f"{where}, column valid_until") if until else None,
        told["reason"],
        told["owner"],
        recorded,
    )
    if entry.valid_until is not None and entry.valid_until < entry.valid_from:
        raise MappingError(
            "The entry ends before it starts",
            where=f"{where}, column valid_until",
            remedy="Give a later moment, or the same one to take the entry back",
        )
    return entry


def _moment(text: str, where: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise MappingError(
            f"'{text}' is no moment", where=where, remedy="Write it as 2026-03-01T09:12:00Z"
        )
    return microseconds(moment)
