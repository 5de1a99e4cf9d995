"""Relations loaded: from the table of facts to arrays indexed both ways.

There is no peer: stores of graphs index one time, not two, or do so in a server.
"""

import hashlib
import time

import numpy as np
import pyarrow as pa
from measures.found import DisagreementError, Found

from headrace.facts.kinds import RELATION, RELATIONS
from headrace.graph.relations.snapshot import Adjacency, Snapshot, latest
from headrace.graph.relations.statements import Statements, statements_of

LAST_US = 1_767_225_600_000_000  # 2026-01-01, UTC


def loaded(relations: int, parties: int, rounds: int) -> Found:
    """Seconds from the table to a snapshot with both indexes; the median run, by its time."""
    _indexed(statements_of(_facts(100, 20)))  # compiles
    table = _facts(relations, parties)
    runs = []
    for _ in range(rounds):
        began = time.perf_counter()
        statements = statements_of(table)
        read = time.perf_counter()
        snapshot = latest(statements)
        stood = time.perf_counter()
        indexes = (snapshot.csr, snapshot.csc)
        ended = time.perf_counter()
        runs.append((ended - began, read - began, stood - read, ended - stood))
    seconds, read_, stood_, indexed = sorted(runs)[len(runs) // 2]
    _check(snapshot, statements)
    digest = hashlib.sha256()
    for index in indexes:
        digest.update(index.offsets.tobytes() + index.edge.tobytes())
    figures = {
        "edges_per_second": len(snapshot) / seconds,
        "statements_seconds": read_,
        "standing_seconds": stood_,
        "index_seconds": indexed,
    }
    return Found(figures, digest.hexdigest())


def _indexed(statements: Statements) -> tuple[Adjacency, Adjacency]:
    snapshot = latest(statements)
    return snapshot.csr, snapshot.csc


def _check(snapshot: Snapshot, statements: Statements) -> None:
    """Every relation stands, and both indexes are the order that plain sorting gives."""
    if len(snapshot) != len(statements.kind):
        raise DisagreementError("load: relations that differ were taken for one")
    for index, ends in ((snapshot.csr, snapshot.subject), (snapshot.csc, snapshot.object)):
        degree = np.bincount(ends, minlength=len(snapshot.parties))
        same = np.array_equal(index.edge, np.argsort(ends, kind="stable"))
        if not same or not np.array_equal(index.degree, degree):
            raise DisagreementError("load: an index is not what sorting gives")


def _facts(relations: int, parties: int) -> pa.Table:
    """Facts of relations of every kind, no two of them alike, between parties drawn evenly."""
    rng = np.random.default_rng(1)
    names = pa.array([f"C{number:07d}" for number in range(parties)])
    shape = (len(RELATIONS), parties, parties)
    drawn = np.unique(rng.integers(0, np.prod(shape), relations))
    relations = len(drawn)
    kind, subject, object_ = np.unravel_index(rng.permutation(drawn), shape)
    known = pa.array(np.full(relations, LAST_US)).cast(pa.timestamp("us", "UTC"))
    since = pa.array(rng.integers(0, LAST_US, relations)).cast(pa.timestamp("us", "UTC"))
    columns = {
        "id": pa.array([f"made#{row}" for row in range(1, relations + 1)]),
        "source": _coded(np.zeros(relations, np.int64), pa.array(["made"])),
        "row": pa.array(np.arange(1, relations + 1)),
        "event_time": since,
        "known_time": known,
        "relation": _coded(kind, pa.array(RELATIONS)),
        "subject": _coded(subject, names),
        "object": _coded(object_, names),
        "share": pa.array(rng.random(relations)),
    }
    arrays = [
        columns[field.name].cast(field.type)
        if field.name in columns
        else pa.nulls(relations, field.type)
        for field in RELATION.arrow
    ]
    return pa.table(arrays, schema=RELATION.arrow)


def _coded(codes: np.ndarray, words: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), words)
