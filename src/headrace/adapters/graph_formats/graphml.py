"""GraphML with typed keys: one node a party, one directed edge a relation, and back.

Written as the GraphML primer has it (http://graphml.graphdrawing.org/primer/graphml-primer.html):
`key` elements declare the fields with `attr.type` string, long or double; instants are strings in
UTC. Read as a stream, straight on expat with no document types, so no entities; nested graphs,
hyperedges and ports are skipped. Files of other programs are read where their edges carry a data
field `relation`, or are given one kind for all.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.graph_formats import cells
from headrace.adapters.graph_formats.columns import as_texts, unwritable
from headrace.adapters.graph_formats.tables import (
    Exported,
    Gathered,
    GraphFacts,
    Imported,
    Lost,
    Origin,
    Refused,
    lost_rows,
    one_per_party,
    strangers,
)
from headrace.errors import InputError
from headrace.facts.cells import numpy_mask
from headrace.facts.kinds import PARTY, RELATION
from headrace.facts.schema import FactSchema, FieldType

_NO_XML = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
_TYPES = {FieldType.MONEY: "long", FieldType.INTEGER: "long", FieldType.RATE: "double"}
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
)
_ENDS = ("subject", "object")
_ROWS = 20_000
_DEEPEST = 100
_CHUNK = 1 << 20
_KNOWN = {
    "node": {each.name: each for each in PARTY.stored},
    "edge": {each.name: each for each in RELATION.stored},
}


def write_graphml(facts: GraphFacts, path: Path) -> Exported:
    """Write one file.

    Raises:
        InputError: If it cannot be written.
    """
    parties, lost = one_per_party(facts.parties)
    parties, more = _cleaned(parties, ("party",))
    relations, most = _cleaned(facts.relations, _ENDS)
    others = [code for code in strangers(GraphFacts(parties, relations)) if _fits(code)]
    try:
        with path.open("wb") as sink:
            sink.write((_HEAD + _keys()).encode())
            for part in _elements(as_texts(parties), PARTY, "node"):
                sink.write(part)
            sink.write("".join(f"<node id={quoteattr(code)}/>\n" for code in others).encode())
            for part in _elements(as_texts(relations), RELATION, "edge"):
                sink.write(part)
            sink.write(b"</graph>\n</graphml>\n")
    except OSError as error:
        raise unwritable(path, error) from error
    return Exported(parties.num_rows, relations.num_rows, (*lost, *more, *most))


def read_graphml(path: Path, origin: Origin, *, relation: str | None = None) -> Imported:
    """Read one file, as a stream.

    A file that ends early, or is no XML from some point on, gives what stands before that point.

    Args:
        path: The file.
        origin: What it does not say.
        relation: The kind of edges that do not say theirs; None: they go to quarantine.

    Raises:
        InputError: If it cannot be opened.
    """
    reader = _Reader(Gathered(path.name), origin, relation)
    try:
        with path.open("rb") as file:
            reader.read(file)
    except OSError as error:
        message = f"it cannot be read: {error.strerror}"
        raise InputError(message, where=str(path), remedy="check its name") from error
    return reader.gathered.imported(origin)


# ---- writing ----


def _keys() -> str:
    lines = []
    for element, schema in (("node", PARTY), ("edge", RELATION)):
        for each in schema.stored:
            if each.name not in ("party", *_ENDS):
                kind = _TYPES.get(each.type, "string")
                lines.append(
                    f'<key id="{element}.{each.name}" for="{element}" '
                    f'attr.name="{each.name}" attr.type="{kind}"/>\n'
                )
    return "".join(lines) + '<graph id="relations" edgedefault="directed">\n'


def _elements(table: pa.Table, schema: FactSchema, element: str) -> Iterator[bytes]:
    """Nodes or edges as text, some thousand at a time, column by column."""
    for start in range(0, table.num_rows, _ROWS):
        part = table.slice(start, _ROWS)
        if element == "node":
            pieces = ["<node id=", _attribute(part["party"]), ">"]
        else:
            ids = _attribute(part["id"])
            ends = [_attribute(part[name]) for name in _ENDS]
            pieces = ["<edge id=", ids, " source=", ends[0], " target=", ends[1], ">"]
        for each in schema.stored:
            if each.name not in ("party", *_ENDS):
                pieces.append(_data(part[each.name], f"{element}.{each.name}"))
        pieces.append(f"</{element}>\n")
        rows = pc.binary_join_element_wise(*pieces, "")
        yield "".join(rows.to_pylist()).encode()


def _attribute(column: pa.ChunkedArray) -> pa.Array:
    """Each distinct text quoted once."""
    encoded = column.combine_chunks().dictionary_encode()
    quoted = [quoteattr(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(quoted, pa.string()).take(encoded.indices)


def _data(column: pa.ChunkedArray, key: str) -> pa.Array:
    """`<data>` of each value; nothing where it is null."""
    texts = column.combine_chunks()
    if pa.types.is_string(texts.type):
        encoded = texts.dictionary_encode()
        safe = [escape(text, {"\r": "&#13;"}) for text in encoded.dictionary.to_pylist()]
        texts = pa.array(safe, pa.string()).take(encoded.indices)
    texts = texts.cast(pa.string())
    whole = pc.binary_join_element_wise(f'<data key="{key}">', texts, "</data>", "")
    return pc.fill_null(whole, "")


def _fits(text: str) -> bool:
    return re.search(_NO_XML, text) is None


def _cleaned(table: pa.Table, codes: tuple[str, ...]) -> tuple[pa.Table, list[Lost]]:
    """Facts that XML can hold: codes must fit, other texts are mended."""
    lost: list[Lost] = []
    unfit = np.zeros(table.num_rows, np.bool_)
    for name in codes:
        unfit |= numpy_mask(pc.match_substring_regex(pc.cast(table[name], pa.string()), _NO_XML))
    lost += lost_rows(
        table, "a code holds a character that XML cannot: the fact is left out", unfit
    )
    kept = table.filter(pa.array(~unfit))
    for place, each in enumerate(kept.schema):
        if pa.types.is_string(each.type) or pa.types.is_dictionary(each.type):
            texts = pc.cast(kept[each.name], pa.string())
            bad = pc.match_substring_regex(texts, _NO_XML)
            if pc.any(bad).as_py():
                what = f"`{each.name}` holds a character that XML cannot: it became U+FFFD"
                lost += lost_rows(kept, what, bad)
                mended = pc.replace_substring_regex(texts, _NO_XML, "\ufffd")
                kept = kept.set_column(place, each.name, mended)
    return kept, lost


# ---- reading ----


@dataclass
class _Open:
    """A node or edge whose end has not come yet."""

    line: int
    attributes: dict[str, str]
    data: dict[str, str] = field(default_factory=dict)


class _Broken(Exception):  # noqa: N818 - caught by the reader alone
    """The document must not be read on."""


class _Reader:
    """Takes expat's events and keeps the one element that is open."""

    def __init__(self, gathered: Gathered, origin: Origin, relation: str | None) -> None:
        self.gathered = gathered
        self._origin, self._relation = origin, relation
        self._keys: dict[str, tuple[str, str]] = {}  # id: element and name
        self._depth = 0
        self._open: _Open | None = None
        self._key: str | None = None
        self._text: list[str] = []
        self._parser = expat.ParserCreate(None, " ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, file: BinaryIO) -> None:
        try:
            while chunk := file.read(_CHUNK):
                self._parser.Parse(chunk, False)  # noqa: FBT003 - expat takes it by position
            self._parser.Parse(b"", True)  # noqa: FBT003 - the same
        except expat.ExpatError as error:
            self._stop(error.lineno, f"not well-formed XML: {expat.ErrorString(error.code)}")
        except (LookupError, UnicodeError, ValueError) as error:
            self._stop(self._parser.CurrentLineNumber, f"the encoding cannot be read: {error}")
        except _Broken as error:
            self._stop(self._parser.CurrentLineNumber, str(error))

    def _stop(self, line: int, reason: str) -> None:
        remedy = "mend the file here: what stands before was read, the rest was not"
        self.gathered.refuse((line, None), Refused("", "", reason, remedy))

    def _refuse(self, reason: str) -> NoReturn:
        raise _Broken(reason)

    def _doctype(self, *_declared: object) -> None:
        self._refuse("the document declares a document type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse(f"elements are nested more than {_DEEPEST} deep")
        tag = name.rpartition(" ")[2]
        if tag == "key":
            key = (attributes.get("for", "all"), attributes.get("attr.name", ""))
            self._keys[attributes.get("id", "")] = key
        elif tag in ("node", "edge"):
            self._open = _Open(self._parser.CurrentLineNumber, attributes)
        elif tag == "data":
            self._key, self._text = attributes.get("key", ""), []
        elif tag in ("hyperedge", "port"):
            self.gathered.skip(tag)

    def _characters(self, text: str) -> None:
        if self._key is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        self._depth -= 1
        tag = name.rpartition(" ")[2]
        if tag == "data" and self._key is not None:
            if self._open is not None:
                self._open.data[self._key] = "".join(self._text)
            self._key = None
        elif tag in ("node", "edge") and self._open is not None:
            opened, self._open = self._open, None
            place = (opened.line, opened.attributes.get("id"))
            try:
                values = self._values(tag, opened)
                self._keep(tag, opened, place, values)
            except Refused as refused:
                self.gathered.refuse(place, refused)

    def _keep(
        self,
        tag: str,
        opened: _Open,
        place: tuple[int | None, str | None],
        values: dict[str, object],
    ) -> None:
        if tag == "node":
            if values:
                self.gathered.party(place, {**values, "party": opened.attributes.get("id")})
            else:
                self.gathered.skip("node without data")
            return
        ends = {"subject": "source", "object": "target"}
        named = {mine: opened.attributes.get(theirs) for mine, theirs in ends.items()}
        kind = {"relation": self._relation} if self._relation else {}
        self.gathered.relation(place, {**kind, **values, **named})

    def _values(self, tag: str, opened: _Open) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, text in opened.data.items():
            name = self._keys.get(key, ("", key))[1]
            kept = _KNOWN[tag].get(name)
            if kept is None:
                self.gathered.skip(f"{tag} data `{name}`")
                continue
            values[name] = text
            if kept.type in cells.EXPECTED:
                values[name] = cells.read_one(text, kept, self._origin.zone)
                if values[name] is None:
                    raise Refused(name, text, *cells.EXPECTED[kept.type])
        return values
