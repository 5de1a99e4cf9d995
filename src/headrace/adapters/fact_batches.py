"""Facts that came by the API: one folder for each batch, whole or not there.

    facts/batches/00000017/          numbered in the order in which they were taken
        facts.parquet                accepted rows, in the stored schema
        quarantine.parquet           why others were not
        batch.json                   who sent what, counts, digests

A batch is written aside, synchronised to the disk, then renamed: a kill at any moment leaves the
whole batch or nothing. Any number of processes may take batches into one folder: they number them
under a lock of the file system. Ids are known by a hash in memory and compared in full where it
hits, so that a fact that comes again is told from a new one without reading all there are.
"""

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from shutil import rmtree
from threading import RLock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from headrace.adapters.fact_streams import Body, read_body
from headrace.adapters.segment_log import sync_directory
from headrace.errors import InputError
from headrace.facts.arrivals import Reception, arrived, repeated, schema_of
from headrace.facts.localtime import instant_of, microseconds
from headrace.facts.rows import QUARANTINE
from headrace.facts.schema import FactSchema

FACTS, BAD, NOTE = "facts.parquet", "quarantine.parquet", "batch.json"
_ASIDE, _BATCHES, _LOCK = "aside", "batches", "lock"
_DIGITS = 8
_PLACE = "body"  # what lines of quarantine call it
_RECENT_MAX = 1 << 16
MANY = 1 << 62
"""As a count: all."""
Ints = NDArray[np.int64]


class KeyTakenError(InputError):
    """An idempotency key came with something else before."""


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
        files: SHA-256 of its files, by name.
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


@dataclass(frozen=True)
class Sender:
    """Who sends, and the key under which sending again is no second time."""

    by: str
    key: str = ""


@dataclass
class _Ids:
    """Ids of a kind: where each was first taken."""

    hashes: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    numbers: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    recent: dict[int, int] = field(default_factory=dict)

    def add(self, hashes: Ints, number: int) -> None:
        if len(hashes) < _RECENT_MAX:
            self.recent.update(dict.fromkeys(hashes.tolist(), number))
            if len(self.recent) < _RECENT_MAX:
                return
            hashes = np.fromiter(self.recent.keys(), np.int64, len(self.recent))
            numbers = np.fromiter(self.recent.values(), np.int64, len(self.recent))
            self.recent = {}
        else:
            numbers = np.full(len(hashes), number, np.int64)
        whole = np.concatenate([self.hashes, hashes])
        order = np.argsort(whole, kind="stable")
        self.hashes, self.numbers = whole[order], np.concatenate([self.numbers, numbers])[order]

    def find(self, hashes: Ints) -> Ints:
        """The number of the batch that may have each; -1 where none has."""
        found = np.full(len(hashes), -1, np.int64)
        if len(self.hashes):
            place = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
            found = np.where(self.hashes[place] == hashes, self.numbers[place], -1)
        if self.recent:
            recent = [self.recent.get(each, -1) for each in hashes.tolist()]
            found = np.maximum(found, np.array(recent, np.int64))
        return found


@dataclass(frozen=True)
class _Work:
    """A batch in the making."""

    schema: FactSchema
    how: Reception
    sender: Sender
    digest: str


class FactBatches:
    """The batches of a folder."""

    def __init__(self, folder: Path, currency: str = "CNY", zone: str = "Asia/Shanghai") -> None:
        """Look at nothing yet.

        Args:
            folder: Where they are; made with the first batch.
            currency: Of amounts, ISO 4217.
            zone: IANA name; a date without a time is a day of this zone.
        """
        self.folder = folder
        self._currency, self._zone = currency, zone
        self._turn = RLock()
        self._known: dict[str, Batch] = {}
        self._keys: dict[tuple[str, str], Batch] = {}
        self._ids: dict[str, _Ids] = {}

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
            numbers = sorted(map(int, self._known), reverse=True)
            chosen = [each for each in numbers if before is None or each < before][:count]
            return tuple(self._known[_name(each)] for each in chosen)

    def batch(self, id_: str) -> Batch | None:
        """The batch of that id; None if there is none."""
        with self._turn:
            self._refresh()
            return self._known.get(id_)

    def quarantine(self, batch: Batch) -> pa.Table:
        """The lines of a batch's quarantine."""
        return self._table(batch, BAD)

    def of_kind(self, kind: str) -> Iterator[tuple[str, Callable[[], pa.Table]]]:
        """The batches with facts of a kind in the order they were taken: id, and what reads it."""
        schema = schema_of(kind).arrow
        for batch in reversed(self.batches(None, MANY)):
            if batch.kind == kind and batch.accepted:
                yield batch.id, partial(self._facts, batch, schema)

    def _facts(self, batch: Batch, schema: pa.Schema) -> pa.Table:
        return self._table(batch, FACTS).cast(schema)

    def digest(self, id_: str) -> str:
        """SHA-256 of the facts of a batch, as when they were taken."""
        return self._known[id_].files[FACTS]

    def _path(self, batch: Batch, name: str) -> Path:
        return self.folder / _BATCHES / batch.id / name

    def _table(self, batch: Batch, name: str) -> pa.Table:
        path = self._path(batch, name)
        try:
            return pq.ParquetFile(path).read(use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                f"a batch cannot be read: {error}", where=str(path), remedy="Restore it from a copy"
            ) from error

    def _refresh(self) -> None:
        """See what other processes took; only new folders are read."""
        place = self.folder / _BATCHES
        names = {each.name for each in os.scandir(place)} if place.is_dir() else set()
        for name in sorted(names - self._known.keys()):
            told = json.loads((place / name / NOTE).read_bytes())
            self._know(Batch(**told))

    def _know(self, batch: Batch) -> None:
        self._known[batch.id] = batch
        if batch.key:
            self._keys[batch.by, batch.key] = batch
        if batch.kind in self._ids:  # the ids of a kind are read when they are first asked for
            self._ids[batch.kind].add(self._hashes_of(batch), int(batch.id))

    def _ids_of(self, kind: str) -> _Ids:
        if kind not in self._ids:
            found = _Ids()
            for batch in self._known.values():
                if batch.kind == kind:
                    found.add(self._hashes_of(batch), int(batch.id))
            self._ids[kind] = found
        return self._ids[kind]

    def _hashes_of(self, batch: Batch) -> Ints:
        return _hashes(self._id_column(batch)) if batch.accepted else np.zeros(0, np.int64)

    def _id_column(self, batch: Batch) -> pa.ChunkedArray:
        return pq.read_table(self._path(batch, FACTS), columns=["id"], use_threads=False)["id"]

    def _before(self, work: _Work) -> Batch | None:
        """What came under the same key before."""
        known = self._keys.get((work.sender.by, work.sender.key)) if work.sender.key else None
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
            number = max(map(int, self._known), default=0) + 1
            batch = replace(
                counts,
                id=_name(number),
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
            self._know(batch)
            return batch

    def _known_again(self, aside: Path, kind: str) -> NDArray[np.bool_]:
        """Which of the new facts were taken before, or come twice."""
        new = pq.read_table(aside / FACTS, columns=["id"], use_threads=False)
        again = repeated(new)
        numbers = self._ids_of(kind).find(_hashes(new["id"]))
        for number in np.unique(numbers[numbers >= 0]).tolist():
            held = set(self._id_column(self._known[_name(number)]).to_pylist())
            for at in np.flatnonzero(numbers == number).tolist():
                again[at] |= new["id"][at].as_py() in held
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


def _name(number: int) -> str:
    return f"{number:0{_DIGITS}d}"


def _hashes(ids: pa.ChunkedArray) -> Ints:
    """Of this process only; two ids of one hash are compared in full."""
    return np.fromiter(map(hash, ids.to_pylist()), np.int64, len(ids))


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
