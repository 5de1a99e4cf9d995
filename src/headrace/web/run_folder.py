"""What a run decided, read from the folder it wrote; read again when a later run wrote it anew."""

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.adapters.folder import DiskFolder
from headrace.decisions.lending.decision import Decision, from_json
from headrace.errors import EvidenceError, HeadraceError, InputError
from headrace.workflows.run_note import RECORDS, About, run_settings

_FILES = ("run.json", "summary.json", RECORDS, "decisions.parquet")
_PARTIES = "facts/party.parquet"


class NoRunError(HeadraceError):
    """The folder holds no run, or one that is being written."""


@dataclass(frozen=True)
class Firm:
    """What a decision's record leaves out: who the party is. None where it is not known."""

    name: str | None
    industry: str | None
    region: str | None = None


@dataclass(frozen=True, eq=False)
class Run:
    """One run: two are equal where they were read at one time.

    Attributes:
        about: What it noted about itself.
        source: Where its data come from, in its own words.
        summary: Its figures, as `headrace run --json` prints them.
        records: Each decision's bytes, to which the evidence commits, in the order of the run.
        firms: By party.
        regions: Of every party of the facts, also those without a decision.
        frontier: Books the optimiser found, a row each, as frontier.csv has them.
        stress: What scenarios would do to the book, a row each, as stress.csv has them.
    """

    about: About
    source: str
    summary: Mapping[str, Any]
    records: tuple[bytes, ...]
    firms: Mapping[str, Firm]
    regions: Mapping[str, str | None] = field(default_factory=dict)
    frontier: tuple[Mapping[str, str], ...] = ()
    stress: tuple[Mapping[str, str], ...] = ()

    @cached_property
    def digest(self) -> str:
        """Tells this run from others: SHA-256 of its decisions, the first 16 hex digits."""
        return hashlib.sha256(b"\n".join(self.records)).hexdigest()[:16]

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """All decisions, in the order of the run."""
        return tuple(map(from_json, self.records))

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Where each decision stands, by its id."""
        return {each.decision_id: at for at, each in enumerate(self.decisions)}


class RunFolder:
    """The run in a folder."""

    def __init__(self, path: Path) -> None:
        """Look at `path`; nothing is read yet."""
        self.path = path
        self._seen: tuple[object, Run] | None = None
        self._turn = Lock()  # many ask at once; one reads

    def current(self) -> Run:
        """The run, as it stands now.

        Raises:
            NoRunError: There is none, or not a whole one.
            EvidenceError: It cannot be read any more.
        """
        with self._turn:
            stamp = tuple(map(self._stamp, _FILES))
            if self._seen is None or self._seen[0] != stamp:
                self._seen = (stamp, _read(self.path))
            return self._seen[1]

    def _stamp(self, name: str) -> tuple[int, int, int]:
        """Changes when a file does."""
        try:
            found = (self.path / name).stat()
        except OSError as error:
            raise NoRunError(
                "There is no run to show",
                where=name,
                remedy="`headrace run --out FOLDER` or `headrace demo` makes one",
            ) from error
        return found.st_ino, found.st_size, found.st_mtime_ns


def _read(path: Path) -> Run:
    folder = DiskFolder(path)
    try:
        regions = _regions(folder, path)
        run = Run(
            about=run_settings(folder),
            source=str(json.loads(folder.read("run.json"))["source"]),
            summary=json.loads(folder.read("summary.json")),
            records=tuple(folder.read(RECORDS).split(b"\n")[:-1]),
            firms=_firms(folder, regions),
            regions=regions,
            frontier=_rows(folder, "frontier.csv"),
            stress=_rows(folder, "stress.csv"),
        )
        _ = run.positions, run.digest, run.summary["book"]["approved"]
    except (InputError, EvidenceError) as error:
        raise EvidenceError(
            "What the run wrote cannot be read", where=error.where, remedy="Run again"
        ) from error
    except (LookupError, TypeError, ValueError, pa.ArrowException) as error:
        raise EvidenceError("What the run wrote cannot be read", remedy="Run again") from error
    return run


def _regions(folder: DiskFolder, path: Path) -> Mapping[str, str | None]:
    """Where each party is, as last known; empty where the run kept no facts."""
    if not (path / _PARTIES).is_file():
        return {}
    columns = ["known_time", "party", "region"]
    table = pq.read_table(pa.BufferReader(folder.read(_PARTIES)), columns=columns)
    table = table.sort_by("known_time")
    found: dict[str, str | None] = {}
    for party, region in zip(*(table[name].to_pylist() for name in columns[1:]), strict=True):
        found[party] = region or found.get(party)  # what is left open takes nothing back
    return found


def _firms(folder: DiskFolder, regions: Mapping[str, str | None]) -> Mapping[str, Firm]:
    table = pq.read_table(
        pa.BufferReader(folder.read("decisions.parquet")), columns=["party", "name", "industry"]
    )
    columns = (table[name].to_pylist() for name in table.column_names)
    return {
        party: Firm(name, industry, regions.get(party))
        for party, name, industry in zip(*columns, strict=True)
    }


def _rows(folder: DiskFolder, name: str) -> tuple[Mapping[str, str], ...]:
    """Rows of a small table; none where an older run did not write it."""
    if name not in folder.names():
        return ()
    return tuple(csv.DictReader(folder.read(name).decode("utf-8-sig").splitlines()))
