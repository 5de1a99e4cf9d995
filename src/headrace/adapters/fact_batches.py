"""Facts that came by the API: one folder for each batch, whole or not there.

    facts/batches/00000017/          numbered in the order in which they were taken
        facts.parquet                accepted rows, in the stored schema
        quarantine.parquet           why others were not
        batch.json                   who sent what, counts, digests

A batch is written aside, synchronised to the disk, then renamed: a kill at any moment leaves the
whole batch or nothing. Any number of processes may take batches into one folder: they number them
under a lock of the file system. Ids are known by a hash in memory and compared in full where it
hits, so that a fact that comes again is told from a new one without reading all there are. Small
batches are put together later (`headrace.adapters.fact_packs`).
"""

import fcntl
import hashlib
import json
import os
import secrets
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from shutil import rmtree
from threading import RLock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from headrace.adapters.fact_ids import Ids, hashes_of
from headrace.adapters.fact_packs import (
    BAD,
    FACTS,
    FAN,
    NOTE,
    Batch,
    Unit,
    name_of,
    read_unit,
    span_of,
    to_pack,
    uncovered,
    unit_of,
    write_pack,
)
from headrace.adapters.fact_streams import Body, read_body
from headrace.adapters.segment_log import sync_directory
from headrace.errors import InputError
from headrace.facts.arrivals import Reception, arrived, repeated, schema_of
from headrace.facts.cells import numpy_mask
from headrace.facts.localtime import instant_of, microseconds
from headrace.facts.rows import QUARANTINE
from headrace.facts.schema import FactSchema

_ASIDE, _BATCHES, _LOCK, _PACKING = "aside", "batches", "lock", "packing"
_PLACE = "body"  # what lines of quarantine call it
_TRIES = 10  # another process packs a few times a minute at most
Ints = NDArray[np.int64]


class KeyTakenError(InputError):
    """An idempotency key came with something else before."""


@dataclass(frozen=True)
class Sender:
    """Who sends, and the key under which sending again is no second time."""

    by: str
    key: str = ""


@dataclass(frozen=True)
class _Work:
    """A batch in the making."""

    schema: FactSchema
    how: Reception
    sender: Sender
    digest: str


class FactBatches:
    """The batches of a folder."""

    def __init__(
        self,
        folder: Path,
        currency: str = "CNY",
        zone: str = "Asia/Shanghai",
        fan: int = FAN,
    ) -> None:
        """Look at nothing yet.

        Args:
            folder: Where they are; made with the first batch.
            currency: Of amounts, ISO 4217.
            zone: IANA name; a date without a time is a day of this zone.
            fan: So many small batches are put together.
        """
        self.folder = folder
        self._currency, self._zone, self._fan = currency, zone, fan
        self._turn = RLock()
        self._units: list[Unit] = []
        self._last = 0
        self._keys: dict[tuple[str, str], int] = {}
        self._ids: dict[str, Ids] = {}

    @contextmanager
    def aside(self) -> Iterator[Path]:
        """A new folder beside the batches, gone afterwards; also those that killed processes left.

        Whoever works in one holds a lock on it, which ends with the process.
        """
        with self._locked():
            for each in (self.folder / _ASIDE).iterdir():
                with suppress(FileNotFoundError), _opened(each) as other:  # its owner has just gone
                    if _is_free(other):
                        rmtree(each, ignore_errors=True)
            own = self.folder / _ASIDE / secrets.token_hex(8)
            own.mkdir()
            held = os.open(own, os.O_RDONLY)
            fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield own
        finally:
            rmtree(own, ignore_errors=True)
            os.close(held)

    def take(self, kind: str, body: Body, sender: Sender, at: int) -> Batch:
        """Facts of a kind, durable when this returns.

        Args:
            kind: Of all rows.
            body: What was sent.
            sender: Who, and under which key.
            at: When it came, microseconds since 1970.

        Returns:
            The batch; that of before where the same came under the same key.

        Raises:
            InputError: It cannot be read; nothing of it is taken.
            KeyTakenError: Something else came under the key.
        """
        schema, digest = schema_of(kind), _digest(body.path)
        how = Reception(self._currency, self._zone, instant_of(at), _PLACE)
        work = _Work(schema, how, sender, digest)
        with self._turn:
            self._refresh()
            known = self._before(work)
        if known is not None:
            return known
        with self.aside() as own:
            batch = own / "batch"
            batch.mkdir()
            return self._kept(batch, self._written(batch, body, work), work)

    def batches(self, before: int | None, count: int) -> tuple[Batch, ...]:
        """Batches, newest first: those with a number below `before`, or all."""
        with self._turn:
            self._refresh()
            units = tuple(reversed(self._units))
        numbers = (
            (unit, number)
            for unit in units
            for number in range(unit.last, unit.first - 1, -1)
            if before is None or number < before
        )
        return tuple(unit.batch(number) for unit, number in islice(numbers, count))

    def batch(self, id_: str) -> Batch | None:
        """The batch of that id; None if there is none."""
        if not (id_.isascii() and id_.isdecimal()) or name_of(int(id_)) != id_:
            return None
        with self._turn:
            self._refresh()
            return self._batch(int(id_))

    def quarantine(self, batch: Batch) -> pa.Table:
        """The lines of a batch's quarantine."""
        number = int(batch.id)
        (found,) = self._read((number, number), lambda unit: unit.quarantine(number))
        return found

    def of_kind(self, kind: str) -> Iterator[tuple[str, Callable[[], pa.Table]]]:
        """Facts of a kind in the order they were taken, by the piece: its name, and what reads it.

        A piece is a batch, or several that were packed; later its name may be that of no piece.
        """
        schema = schema_of(kind).arrow
        with self._turn:
            self._refresh()
            units = tuple(self._units)
        for unit in units:
            if kind in unit.by_kind:
                yield unit.name, partial(self._facts, span_of(unit.name), kind, schema)

    def counted(self, piece: str, kind: str) -> tuple[Ints, Ints]:
        """Numbers of the batches of a piece with facts of a kind, and how many facts each has."""
        first, last = span_of(piece)
        with self._turn:
            self._refresh()
            parts = [_cut(each, kind, first, last) for each in self._within(first, last)]
        numbers, counts = zip(*((each[0], each[1]) for each in parts), strict=True)
        return np.concatenate(numbers), np.concatenate(counts)

    def digests(self, piece: str, kind: str) -> Mapping[str, str]:
        """SHA-256 of the facts of each batch of a piece, as when they were taken, by its id."""
        first, last = span_of(piece)
        with self._turn:
            self._refresh()
            units = self._within(first, last)
        return {
            batch.id: batch.files[FACTS]
            for unit in units
            for batch in unit.batches()
            if batch.kind == kind and batch.accepted and first <= int(batch.id) <= last
        }

    def pack(self) -> int:
        """Put small batches together; how many steps it took, 0: there was nothing to do.

        Raises:
            InputError: A batch is not what it was when it was taken.
        """
        return sum(1 for _ in self.packing())

    def packing(self) -> Iterator[str]:
        """Put small batches together: what each step did, durable once it is told.

        It may end after any step, or in the middle of one; the next time it goes on. One process
        packs at a time, and a second one does nothing.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _PACKING).open("w") as file:
            if not _is_free(file.fileno()):
                return
            yield from self._clear()
            while units := self._small():
                yield self._packed(units)
                yield from self._clear()

    def _small(self) -> tuple[Unit, ...]:
        with self._turn:
            self._refresh()
            return tuple(to_pack(self._units, self._fan))

    def _packed(self, units: tuple[Unit, ...]) -> str:
        """Write a pack beside the batches, whole, then give it its name."""
        for unit in units:
            _check(unit)
        with self.aside() as own:
            pack = own / "pack"
            pack.mkdir()
            name = write_pack(units, pack)
            for path in pack.iterdir():
                _synced(path)
            sync_directory(pack)
            pack.replace(self.folder / _BATCHES / name)
            sync_directory(self.folder / _BATCHES)
        return f"packed {name}"

    def _clear(self) -> Iterator[str]:
        """Take away what packs cover."""
        place = self.folder / _BATCHES
        names = {each.name for each in os.scandir(place)} if place.is_dir() else set()
        for name in sorted(names - set(uncovered(names))):
            rmtree(place / name)
            yield f"removed {name}"

    def _batch(self, number: int) -> Batch | None:
        found = self._within(number, number)
        return found[0].batch(number) if found else None

    def _within(self, first: int, last: int) -> list[Unit]:
        """The units that hold batches of a span."""
        start = max(bisect_right(self._units, first, key=lambda unit: unit.first) - 1, 0)
        stop = bisect_right(self._units, last, key=lambda unit: unit.first)
        return [each for each in self._units[start:stop] if each.last >= first]

    def _facts(self, span: tuple[int, int], kind: str, schema: pa.Schema) -> pa.Table:
        def read(unit: Unit) -> pa.Table:
            _, counts, before = _cut(unit, kind, *span)
            return unit.facts(kind).cast(schema).slice(before, int(counts.sum()))

        parts = self._read(span, lambda unit: read(unit) if kind in unit.by_kind else None)
        return pa.concat_tables([each for each in parts if each is not None])

    def _read(
        self, span: tuple[int, int], ask: Callable[[Unit], pa.Table | None]
    ) -> list[pa.Table | None]:
        """What is asked of each unit of a span; again where one was packed in the middle of it."""
        for _ in range(_TRIES):
            with self._turn:
                self._refresh()
                units = self._within(*span)
            try:
                return [ask(each) for each in units]
            except FileNotFoundError:
                continue
            except (pa.ArrowException, OSError) as error:
                raise _unreadable(str(error), units[0].path) from error
        raise _unreadable("a file is missing", self.folder / _BATCHES / name_of(span[0]))

    def _refresh(self) -> None:
        """See what other processes took or packed; only new folders are read."""
        place = self.folder / _BATCHES
        for _ in range(_TRIES):
            names = uncovered(each.name for each in os.scandir(place)) if place.is_dir() else []
            known = {each.name: each for each in self._units}
            if names == list(known):
                return
            try:
                units = [known.get(name) or read_unit(place / name) for name in names]
            except FileNotFoundError:  # packed since we looked
                continue
            except (pa.ArrowException, OSError, ValueError) as error:
                raise _unreadable(str(error), place) from error
            for unit in units:
                self._know(unit)
            self._units = units
            return
        raise _unreadable("a file is missing", place)

    def _know(self, unit: Unit) -> None:
        """Keys and ids of those of its batches that came since we looked last."""
        if unit.last <= self._last:
            return
        new = unit.notes.slice(max(0, self._last + 1 - unit.first))
        keyed = new.filter(pc.not_equal(new["key"], ""))
        for by, key, id_ in zip(*(keyed[n].to_pylist() for n in ("by", "key", "id")), strict=True):
            self._keys[by, key] = int(id_)
        for kind, ids in self._ids.items():  # of other kinds they are read when first asked for
            self._add(ids, unit, kind)
        self._last = unit.last

    def _add(self, ids: Ids, unit: Unit, kind: str, after: int | None = None) -> None:
        """The ids of a unit's batches after a number; None: after the last that is known."""
        if kind not in unit.by_kind:
            return
        numbers = np.repeat(*unit.by_kind[kind])
        hashes = hashes_of(unit.facts(kind, ["id"])["id"])
        new = numbers > (self._last if after is None else after)
        ids.add(hashes[new], numbers[new])

    def _ids_of(self, kind: str) -> Ids:
        if kind not in self._ids:
            found = Ids()
            for unit in self._units:
                self._add(found, unit, kind, after=0)
            self._ids[kind] = found
        return self._ids[kind]

    def _before(self, work: _Work) -> Batch | None:
        """What came under the same key before."""
        number = self._keys.get((work.sender.by, work.sender.key)) if work.sender.key else None
        known = None if number is None else self._batch(number)
        if known is None or (known.kind, known.digest) == (work.schema.kind, work.digest):
            return known
        raise KeyTakenError(
            "Something else was sent under this key",
            where="Idempotency-Key",
            remedy="Give each request a key of its own; the same only to send the same again",
        )

    def _written(self, aside: Path, body: Body, work: _Work) -> Batch:
        """Read what was sent, and write what becomes of it beside the batches."""
        rows = quarantined = 0
        accepted: list[pa.Table] = []
        with (
            pq.ParquetWriter(aside / FACTS, work.schema.arrow, compression="zstd") as good,
            pq.ParquetWriter(aside / BAD, QUARANTINE, compression="zstd") as bad,
        ):
            for sent in read_body(body, work.schema):
                found = arrived(sent, work.schema, work.how)
                good.write_table(found.facts)
                bad.write_table(found.quarantine)
                accepted.append(found.facts.select(["id"]))
                rows += len(sent.rows) + len(sent.ragged)
                quarantined += len(np.unique(found.quarantine["row"].to_numpy()))
        return Batch(
            id="",
            kind=work.schema.kind,
            at=0,
            by=work.sender.by,
            key=work.sender.key,
            digest=work.digest,
            rows=rows,
            accepted=sum(each.num_rows for each in accepted),
            duplicates=0,
            quarantined=quarantined,
        )

    def _kept(self, aside: Path, counts: Batch, work: _Work) -> Batch:
        """Leave out what is known, make the rest durable, and give it its number."""
        with self._turn, self._locked():
            self._refresh()
            known = self._before(work)  # the same request may have come twice at once
            if known is not None:
                return known
            again = self._known_again(aside, work.schema.kind)
            if again.any():
                _without(aside / FACTS, again, work.schema)
            batch = replace(
                counts,
                id=name_of(self._last + 1),
                at=microseconds(work.how.at),
                accepted=counts.accepted - int(again.sum()),
                duplicates=int(again.sum()),
                files={name: _digest(aside / name) for name in (FACTS, BAD)},
            )
            (aside / NOTE).write_text(json.dumps(asdict(batch)), encoding="utf-8")
            for name in (FACTS, BAD, NOTE):
                _synced(aside / name)
            sync_directory(aside)
            aside.replace(self.folder / _BATCHES / batch.id)
            sync_directory(self.folder / _BATCHES)
            unit = unit_of(self.folder / _BATCHES / batch.id, batch)
            self._know(unit)
            self._units.append(unit)
            return batch

    def _known_again(self, aside: Path, kind: str) -> NDArray[np.bool_]:
        """Which of the new facts were taken before, or come twice."""
        new = pq.read_table(aside / FACTS, columns=["id"], use_threads=False)
        again = repeated(new)
        numbers = self._ids_of(kind).find(hashes_of(new["id"]))
        for unit in self._units:
            hit = (numbers >= unit.first) & (numbers <= unit.last)
            if hit.any():
                held = unit.facts(kind, ["id"])["id"].combine_chunks()
                again |= hit & numpy_mask(pc.is_in(new["id"], value_set=held))
        return again

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The only process that numbers batches in this folder."""
        for name in (_BATCHES, _ASIDE):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_free(descriptor: int) -> bool:
    """Whether nobody holds it any more; nobody does afterwards."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _cut(unit: Unit, kind: str, first: int, last: int) -> tuple[Ints, Ints, int]:
    """Of a unit's batches in a span: numbers, how many facts each has, how many are before them."""
    nothing = np.zeros(0, np.int64)
    numbers, counts = unit.by_kind.get(kind, (nothing, nothing))
    inside = (numbers >= first) & (numbers <= last)
    return numbers[inside], counts[inside], int(counts[numbers < first].sum())


def _check(unit: Unit) -> None:
    """See that the files of a batch by itself are those that were taken.

    Raises:
        InputError: One is not, or is gone.
    """
    if unit.is_pack:
        return
    for name, digest in unit.batch(unit.first).files.items():
        path = unit.path / name
        if not path.is_file() or _digest(path) != digest:
            raise _unreadable("it is not what was taken", path)


def _unreadable(why: str, path: Path) -> InputError:
    return InputError(
        f"a batch cannot be read: {why}", where=str(path), remedy="Restore it from a copy"
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _without(path: Path, again: NDArray[np.bool_], schema: FactSchema) -> None:
    """The file without some rows."""
    facts = pq.read_table(path, use_threads=False).cast(schema.arrow)
    pq.write_table(facts.filter(pa.array(~again)), path, compression="zstd")


def _synced(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
