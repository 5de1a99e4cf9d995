"""The formats by name: how each is read and written, and whether it is a file or a folder."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from headrace.adapters.graph_formats.bods import Publication, write_bods
from headrace.adapters.graph_formats.bods_reader import read_bods
from headrace.adapters.graph_formats.columns import (
    read_csv,
    read_parquet,
    write_csv,
    write_parquet,
)
from headrace.adapters.graph_formats.followthemoney import write_followthemoney
from headrace.adapters.graph_formats.followthemoney_reader import read_followthemoney
from headrace.adapters.graph_formats.graphml import read_graphml, write_graphml
from headrace.adapters.graph_formats.neo4j import read_neo4j, write_neo4j
from headrace.adapters.graph_formats.tables import Exported, GraphFacts, Imported, Origin


@dataclass(frozen=True, slots=True)
class Publishing:
    """What a writer may need to know beside the facts.

    Attributes:
        publisher: Who publishes.
        day: Day of publication.
        zone: Whose days stand in the file.
        currency: Of amounts.
    """

    publisher: str
    day: date
    zone: str
    currency: str


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        read: How it is read.
        write: How it is written.
        folder: Whether it is a folder of files rather than one file.
    """

    read: Callable[[Path, Origin], Imported]
    write: Callable[[GraphFacts, Path, Publishing], Exported]
    folder: bool = False


FORMATS = {
    "csv": Format(read_csv, lambda facts, path, _: write_csv(facts, path), folder=True),
    "parquet": Format(read_parquet, lambda facts, path, _: write_parquet(facts, path), folder=True),
    "neo4j": Format(read_neo4j, lambda facts, path, _: write_neo4j(facts, path), folder=True),
    "graphml": Format(read_graphml, lambda facts, path, _: write_graphml(facts, path)),
    "followthemoney": Format(
        read_followthemoney,
        lambda facts, path, asked: write_followthemoney(
            facts, path, zone=asked.zone, currency=asked.currency
        ),
    ),
    "bods": Format(
        read_bods,
        lambda facts, path, asked: write_bods(
            facts, path, Publication(asked.publisher, asked.day, asked.zone)
        ),
    ),
}
