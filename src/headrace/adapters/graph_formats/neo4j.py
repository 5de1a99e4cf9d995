"""The two CSV files that `neo4j-admin database import` reads, and back.

    parties.csv    party:ID,name,type,...,:LABEL
    relations.csv  :START_ID,:END_ID,:TYPE,role,about,share:double,...,event_time:datetime

Headers follow the CSV header format of the Neo4j operations manual. A party is labelled `Party` and
by its type (`Company`), a code that no party fact describes `Mentioned`; a relation's type is its
word in capitals (`GENERAL_PARTNER`). Texts that span lines need `--multiline-fields=true`.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.graph_formats.columns import (
    as_texts,
    read_rows,
    typed_rows,
    write_rows,
)
from headrace.adapters.graph_formats.tables import (
    Exported,
    GraphFacts,
    Imported,
    Origin,
    checked,
    one_per_party,
    strangers,
)
from headrace.errors import InputError
from headrace.facts.cells import numpy_mask
from headrace.facts.kinds import PARTY, RELATION
from headrace.facts.schema import FactSchema, FieldType

MENTIONED = "Mentioned"
_TYPES = {
    FieldType.MONEY: "long",
    FieldType.INTEGER: "long",
    FieldType.RATE: "double",
    FieldType.INSTANT: "datetime",
}
_ENDS = {"party": "party:ID", "subject": ":START_ID", "object": ":END_ID", "relation": ":TYPE"}


def _header(schema: FactSchema) -> dict[str, str]:
    """The column of each field: its name and, where it is no text, its type."""
    typed = {
        each.name: f"{each.name}:{_TYPES[each.type]}"
        for each in schema.stored
        if each.type in _TYPES
    }
    return {each.name: each.name for each in schema.stored} | typed | _ENDS


_PARTY_HEADER, _RELATION_HEADER = _header(PARTY), _header(RELATION)


def write_neo4j(facts: GraphFacts, folder: Path) -> Exported:
    """Write parties.csv and relations.csv.

    Raises:
        InputError: If the folder cannot be written to.
    """
    parties, lost = one_per_party(facts.parties)
    nodes = as_texts(parties)
    label = pc.utf8_capitalize(pc.fill_null(nodes["type"], ""))
    labels = pc.binary_join_element_wise("Party", label, ";")
    nodes = nodes.append_column(":LABEL", pc.replace_substring_regex(labels, ";$", ""))
    unknown = pa.array(strangers(facts), pa.string())
    others = pa.table({"party": unknown, ":LABEL": pa.repeat(MENTIONED, len(unknown))})
    nodes = pa.concat_tables([nodes, others], promote_options="default")
    edges = as_texts(facts.relations)
    kinds = pc.utf8_upper(edges["relation"])
    edges = edges.set_column(edges.column_names.index("relation"), "relation", kinds)
    write_rows(_renamed(nodes, _PARTY_HEADER), folder / "parties.csv")
    write_rows(_renamed(edges, _RELATION_HEADER), folder / "relations.csv")
    return Exported(parties.num_rows, facts.relations.num_rows, tuple(lost))


def read_neo4j(folder: Path, origin: Origin) -> Imported:
    """Read parties.csv and relations.csv with headers as `write_neo4j` writes them.

    Raises:
        InputError: If a file is not there, or has no column of ids or types.
    """
    node_path, edge_path = folder / "parties.csv", folder / "relations.csv"
    node_rows, edge_rows = read_rows(node_path), read_rows(edge_path)
    for path, rows, needed in (
        (node_path, node_rows, ("party:ID", ":LABEL")),
        (edge_path, edge_rows, (":START_ID", ":END_ID", ":TYPE")),
    ):
        if absent := [name for name in needed if name not in rows.columns.column_names]:
            message = f"there is no column `{absent[0]}`"
            raise InputError(message, where=str(path), remedy=f"columns are {', '.join(needed)}, …")
    parties, refused = typed_rows(node_rows, PARTY, node_path.name, origin, _PARTY_HEADER)
    bare = numpy_mask(pc.equal(node_rows.columns[":LABEL"], MENTIONED))
    mentioned = bare[np.searchsorted(node_rows.lines, parties["_line"].to_numpy())]
    relations, unread = typed_rows(edge_rows, RELATION, edge_path.name, origin, _RELATION_HEADER)
    kinds = pc.utf8_lower(relations["relation"])
    relations = relations.set_column(relations.column_names.index("relation"), "relation", kinds)
    early = [node_rows.quarantine, refused, edge_rows.quarantine, unread]
    kept = parties.filter(pa.array(~mentioned))
    found = checked(edge_path.name, (kept, relations), origin, early)
    skipped = {f"`{MENTIONED}` nodes": int(mentioned.sum())} if mentioned.any() else {}
    return Imported(found.facts, found.quarantine, skipped)


def _renamed(table: pa.Table, header: dict[str, str]) -> pa.Table:
    return table.rename_columns([header.get(name, name) for name in table.column_names])
