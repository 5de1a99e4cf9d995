"""Packs: many small batches of facts put together into a few files; nothing else changes.

    facts/batches/00000001-00000064/     in place of the folders of these batches
        batches.parquet                  their notes, and how many lines of quarantine each has
        <kind>.parquet                   facts of each kind, batch after batch
        quarantine.parquet               lines, batch after batch

Who sends facts one by one makes a folder a fact. `FAN` neighbours of about one size become a pack,
`FAN` packs become a larger one, and so on: however many batches there were, some hundreds of files
are left, and each fact was written anew three or four times. Batches of many rows stay as they are.

Numbers, keys, digests and the order of facts stay. A pack is whole before it is there, and what it
holds goes only after that; folders that a pack covers do not count, so that a kill in between
leaves nothing twice. The digest of a batch's own file was checked for the last time when it was
packed: it still names the bytes that were taken.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

FACTS, BAD, NOTE, NOTES = "facts.parquet", "quarantine.parquet", "batch.json", "batches.parquet"
DIGITS = 8
FAN = 64
"""So many neighbours are put together."""
ROWS_MAX = 1 << 14
"""A unit of more rows is no small file."""
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """One batch that was taken.

    Attributes:
        id: Its number, eight digits.
        kind: Of its facts.
        at: When it was taken, microseconds since 1970.
        by: Who sent it.
        key: The idempotency key; empty: none.
        digest: SHA-256 of what was sent, hex.
        rows: What was sent; rows = accepted + duplicates + quarantined.
        accepted: New facts.
        duplicates: Rows whose source and id were known.
        quarantined: Rows that cannot be facts.
        files: SHA-256 of its files when it was taken, by name.
    """

    id: str
    kind: str
    at: int
    by: str
    key: str
    digest: str
    rows: int
    accepted: int
    duplicates: int
    quarantined: int
    files: Mapping[str, str] = field(default_factory=dict)


_NOTES = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("id", "kind")),
        pa.field("at", pa.int64()),
        *(pa.field(name, pa.string()) for name in ("by", "key", "digest")),
        *(pa.field(name, pa.int64()) for name in ("rows", "accepted", "duplicates", "quarantined")),
        pa.field("files", pa.string()),  # a JSON object
        pa.field("lines", pa.int64()),
    ]
)


@dataclass(frozen=True, eq=False)
class Unit:
    """A folder of one batch, or of several that were packed.

    Attributes:
        path: The folder.
        notes: A row a batch, in order; see `_NOTES`. `lines` is null for a batch by itself.
    """

    path: Path
    notes: pa.Table

    @property
    def name(self) -> str:
        """Of the folder."""
        return self.path.name

    @property
    def first(self) -> int:
        """Number of its first batch."""
        return span_of(self.name)[0]

    @property
    def last(self) -> int:
        """Number of its last batch."""
        return span_of(self.name)[1]

    @property
    def is_pack(self) -> bool:
        """Whether batches were packed."""
        return self.last > self.first

    @cached_property
    def rows(self) -> int:
        """Facts in it, of whatever kind."""
        return int(pc.sum(self.notes["accepted"]).as_py())

    def tier(self, fan: int) -> int:
        """How often its batches were packed: those of one tier are of about one size."""
        return int(np.log(self.last - self.first + 1.5) / np.log(fan))

    def batch(self, number: int) -> Batch:
        """The batch of a number that is in it."""
        return _batch(self.notes.slice(number - self.first, 1).to_pylist()[0])

    def batches(self) -> tuple[Batch, ...]:
        """All of its batches, in order."""
        return tuple(map(_batch, self.notes.to_pylist()))

    @cached_property
    def by_kind(self) -> Mapping[str, tuple[Ints, Ints]]:
        """Of each kind of which it has facts: numbers of the batches, and how many each has."""
        filled = self.notes.filter(pc.greater(self.notes["accepted"], 0))
        found = {}
        for kind in pc.unique(filled["kind"]).to_pylist():
            chosen = filled.filter(pc.equal(filled["kind"], kind))
            numbers = chosen["id"].cast(pa.int64()).to_numpy()
            found[kind] = (numbers, chosen["accepted"].to_numpy())
        return found

    def facts(self, kind: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Its facts of a kind, batch after batch; there have to be some.

        Raises:
            OSError: The folder is gone, or cannot be read.
            pa.ArrowException: It cannot be read.
        """
        name = f"{kind}.parquet" if self.is_pack else FACTS
        return _read(self.path / name, columns)

    def quarantine(self, number: int) -> pa.Table:
        """The lines of quarantine of one of its batches.

        Raises:
            OSError: The folder is gone, or cannot be read.
            pa.ArrowException: It cannot be read.
        """
        whole = _read(self.path / BAD)
        if not self.is_pack:
            return whole
        ends = np.cumsum(self.notes["lines"].to_numpy())
        place = number - self.first
        start = int(ends[place - 1]) if place else 0
        return whole.slice(start, int(ends[place]) - start)


def name_of(number: int) -> str:
    """The id of a batch."""
    return f"{number:0{DIGITS}d}"


def span_of(name: str) -> tuple[int, int]:
    """Numbers of the first and the last batch in a folder."""
    first, _, last = name.partition("-")
    return int(first), int(last or first)


def read_unit(path: Path) -> Unit:
    """A folder of batches; facts are not read yet.

    Raises:
        OSError: It is gone, or cannot be read.
        pa.ArrowException: It cannot be read.
    """
    if "-" in path.name:
        return Unit(path, pq.ParquetFile(path / NOTES).read(use_threads=False))
    return unit_of(path, Batch(**json.loads((path / NOTE).read_bytes())))


def unit_of(path: Path, batch: Batch) -> Unit:
    """The folder of one batch."""
    return Unit(path, _notes([batch], None))


def uncovered(names: Iterable[str]) -> list[str]:
    """Of names of folders those that no other one covers, in the order of their batches."""
    found: list[str] = []
    reached = 0
    for name in sorted(names, key=lambda name: (span_of(name)[0], -span_of(name)[1])):
        if span_of(name)[1] > reached:
            found.append(name)
            reached = span_of(name)[1]
    return found


def to_pack(units: Sequence[Unit], fan: int) -> Sequence[Unit]:
    """So many small neighbours of one size that can be packed; none: nothing is to be done."""
    start = 0
    for at, each in enumerate(units):
        if each.rows > ROWS_MAX:
            start = at + 1
        elif units[start].tier(fan) != each.tier(fan):
            start = at
        if at + 1 - start == fan:
            return units[start : at + 1]
    return ()


def write_pack(units: Sequence[Unit], folder: Path) -> str:
    """Write what a pack of neighbours holds into a folder; the name the pack is to have.

    Raises:
        OSError: A unit cannot be read, or the pack not be written.
        pa.ArrowException: A unit cannot be read.
    """
    notes = [_notes(each.batches(), _lines(each)) for each in units]
    whole = pa.concat_tables(notes)
    pq.write_table(whole, folder / NOTES, compression="zstd")
    lines = pa.concat_tables([_read(each.path / BAD) for each in units])
    pq.write_table(lines, folder / BAD, compression="zstd")
    for kind in sorted(set().union(*(each.by_kind for each in units))):
        parts = [each.facts(kind) for each in units if kind in each.by_kind]
        together = pa.concat_tables(parts).unify_dictionaries()
        pq.write_table(together, folder / f"{kind}.parquet", compression="zstd")
    return f"{name_of(units[0].first)}-{name_of(units[-1].last)}"


def _lines(unit: Unit) -> Sequence[int]:
    """How many lines of quarantine each of its batches has."""
    if unit.is_pack:
        lines: list[int] = unit.notes["lines"].to_pylist()
        return lines
    return [pq.ParquetFile(unit.path / BAD).metadata.num_rows]


def _notes(batches: Sequence[Batch], lines: Sequence[int] | None) -> pa.Table:
    rows = [
        asdict(each) | {"files": json.dumps(dict(each.files)), "lines": lines and lines[at]}
        for at, each in enumerate(batches)
    ]
    return pa.Table.from_pylist(rows, _NOTES)


def _batch(note: Mapping[str, object]) -> Batch:
    told = {name: value for name, value in note.items() if name != "lines"}
    return Batch(**told | {"files": json.loads(str(told["files"]))})  # type: ignore[arg-type]  # as `_NOTES` has them


def _read(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    return pq.ParquetFile(path).read(columns=columns, use_threads=False)
