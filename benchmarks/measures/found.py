"""What a measurement gives back, and the proof that its values are right."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb_swf12
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from workloads.swf12 import Events, Query, exact_hash


class DisagreementError(Exception):
    """Two engines gave different values."""


@dataclass(frozen=True)
class Found:
    """Figures by what they measure, and the hash of the values they were measured on."""

    figures: dict[str, float]
    hash: str


@contextmanager
def stored(events: Events) -> Iterator[Path]:
    """The events as the Parquet file that peers read, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.parquet"
        pq.write_table(events.table, path)
        yield path


def duckdb_hash(events: Events, query: Query, since: int = 0) -> str:
    """Hash of DuckDB's values for the events whose time is `since` (ms) or later."""
    with stored(events) as path:
        result = duckdb_swf12.compute(duckdb_swf12.load(path, query, 1))
    ts = duckdb_swf12.column(result, "ts")
    kept = np.flatnonzero(ts >= since)
    card = duckdb_swf12.column(result, "card")[kept]
    columns = ((name, duckdb_swf12.column(result, name)[kept]) for name in query.exact)
    return exact_hash(card, ts[kept], columns)


def agreed(what: str, **hashes: str) -> str:
    """The hash that all engines gave.

    Raises:
        DisagreementError: Naming the engines and their hashes.
    """
    if len(set(hashes.values())) != 1:
        found = ", ".join(f"{engine} {digest[:16]}" for engine, digest in hashes.items())
        raise DisagreementError(f"{what}: the engines disagree: {found}")
    return next(iter(hashes.values()))


def same_bits(what: str, one: pa.Table, other: pa.Table) -> None:
    """Raise DisagreementError where two tables of doubles differ in any bit or null."""
    for name in one.column_names:
        if not one[name].combine_chunks().equals(other[name].combine_chunks()):
            raise DisagreementError(f"{what}: live and replay disagree on {name}")
