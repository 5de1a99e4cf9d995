"""Relations written to and read from the formats of others, and what comes back is what went out.

There is no peer: the other programs that know these formats do not check what they read.
"""

import hashlib
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
from measures.found import DisagreementError, Found

from headrace.adapters.graph_formats import columns, graphml, neo4j
from headrace.adapters.graph_formats.bods import Publication, write_bods
from headrace.adapters.graph_formats.bods_reader import read_bods
from headrace.adapters.graph_formats.followthemoney import write_followthemoney
from headrace.adapters.graph_formats.followthemoney_reader import read_followthemoney
from headrace.adapters.graph_formats.tables import GraphFacts, Imported, Origin, plain
from headrace.facts.kinds import PARTY, PARTY_TYPES, RELATION, RELATIONS
from headrace.facts.localtime import DAY_US
from headrace.facts.schema import FactSchema

QUICK, FULL = 20_000, 1_000_000
ORIGIN = Origin("made", "benchmark", "benchmark")
Write = Callable[[GraphFacts, Path], object]
Read = Callable[[Path, Origin], Imported]
WHOLE: dict[str, tuple[Write, Read]] = {
    "csv": (columns.write_csv, columns.read_csv),
    "parquet": (columns.write_parquet, columns.read_parquet),
    "neo4j": (neo4j.write_neo4j, neo4j.read_neo4j),
}
"""Formats of columns, a folder each."""
STATEMENTS: dict[str, tuple[Write, Read]] = {
    "graphml": (graphml.write_graphml, graphml.read_graphml),
    "followthemoney": (write_followthemoney, read_followthemoney),
    "bods": (
        lambda facts, path: write_bods(facts, path, Publication("made", date(2026, 1, 1))),
        read_bods,
    ),
}
"""Formats that go statement by statement, a file each."""


def facts(relations: int, seed: int = 3) -> GraphFacts:
    """Relations of every kind between a third as many parties."""
    rng = np.random.default_rng(seed)
    parties = max(2, relations // 3)
    codes = pa.array([f"E{number:07d}" for number in range(parties)])
    names = pa.array([f"第{number}号贸易有限公司" for number in range(parties)])
    subject = rng.integers(0, parties, relations)
    object_ = (subject + rng.integers(1, parties, relations)) % parties
    began = rng.integers(15_000, 20_000, relations) * DAY_US - 8 * 3_600_000_000
    described = {"party": codes, "name": names, "type": _some(PARTY_TYPES, parties, rng)}
    said = {
        "relation": _some(RELATIONS, relations, rng),
        "subject": codes.take(pa.array(subject)),
        "object": codes.take(pa.array(object_)),
        "share": pa.array(rng.integers(0, 10_001, relations) / 10_000),
        "amount_minor": pa.array(rng.integers(0, 10**9, relations)),
        "currency": pa.repeat("CNY", relations),
        "event_time": pa.array(began).cast(pa.timestamp("us", "UTC")),
        "known_time": pa.array(began + DAY_US - 1).cast(pa.timestamp("us", "UTC")),
    }
    return GraphFacts(_stored(described, PARTY, parties), _stored(said, RELATION, relations))


def there_and_back(formats: dict[str, tuple[Write, Read]], relations: int) -> Found:
    """Seconds to write and to read each format, with the quarantine empty.

    Raises:
        DisagreementError: If relations come back other than they went out. BODS, which cannot say
            all of them, must bring back those that it wrote.
    """
    given, figures = facts(relations), {}
    for name, (write, read) in formats.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) if name in WHOLE else Path(folder) / "graph"
            began = time.perf_counter()
            exported = write(given, path)
            written = time.perf_counter()
            imported = read(path, ORIGIN)
            figures[f"{name}_write_seconds"] = written - began
            figures[f"{name}_read_seconds"] = time.perf_counter() - written
        found = imported.facts.relations
        same = found.num_rows == exported.relations and imported.quarantine.num_rows == 0
        if not same or (name != "bods" and not plain(found).equals(plain(given.relations))):
            raise DisagreementError(f"graph formats: {name} gives other relations back")
    return Found(figures, _digest(given.relations))


def _stored(columns_: dict[str, pa.Array], schema: FactSchema, count: int) -> pa.Table:
    """Columns as stored facts, with ids and nulls for the rest."""
    rows = pa.array(np.arange(1, count + 1))
    given = {
        "row": rows,
        "id": pa.array([f"made#{row}" for row in range(1, count + 1)]),
        **{name: pa.repeat("benchmark", count) for name in ("purpose", "consent")},
        "source": pa.repeat("made", count),
        **columns_,
    }
    arrays = []
    for field in schema.arrow:
        column = given.get(field.name, pa.nulls(count, pa.string()))
        dictionary = pa.types.is_dictionary(field.type)
        arrays.append((column.dictionary_encode() if dictionary else column).cast(field.type))
    return pa.table(arrays, schema=schema.arrow)


def _some(words: tuple[str, ...], count: int, rng: np.random.Generator) -> pa.Array:
    return pa.array(words).take(pa.array(rng.integers(0, len(words), count)))


def _digest(table: pa.Table) -> str:
    text = plain(table.select(["relation", "subject", "object", "share"]))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, text.schema) as writer:
        writer.write_table(text.combine_chunks())
    return hashlib.sha256(sink.getvalue().to_pybytes()).hexdigest()
