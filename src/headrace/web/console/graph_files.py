"""What is around a party as files for other programs."""

from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa

from headrace.adapters.store import csv_bytes
from headrace.monitor.cases import iso
from headrace.workflows.graph_near import Line, Near

COLUMNS = {
    "relation": pa.string(),
    "subject": pa.string(),
    "object": pa.string(),
    "role": pa.string(),
    "share_low": pa.float64(),
    "share_high": pa.float64(),
    "amount_minor": pa.int64(),
    "count": pa.int64(),
    "since": pa.string(),
    "until": pa.string(),
    "facts": pa.string(),
}
_TYPES = {pa.string(): "string", pa.float64(): "double", pa.int64(): "long"}


def as_csv(found: Near) -> bytes:
    """One row a line, with the names of both ends; amounts in minor units, times in UTC."""
    names = {each.party: each.name for each in found.parties}
    rows = [
        _row(line)
        | {"subject_name": names.get(line.subject), "object_name": names.get(line.object)}
        for line in found.lines
    ]
    fields = COLUMNS | {"subject_name": pa.string(), "object_name": pa.string()}
    return csv_bytes(pa.Table.from_pylist(rows, pa.schema(fields)))


def as_graphml(found: Near) -> bytes:
    """One node a party, one directed edge a line; see http://graphml.graphdrawing.org."""
    fields = {name: kind for name, kind in COLUMNS.items() if name not in ("subject", "object")}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
        '<key id="name" for="node" attr.name="name" attr.type="string"/>',
        '<key id="type" for="node" attr.name="type" attr.type="string"/>',
    ]
    lines += [
        f'<key id="{name}" for="edge" attr.name="{name}" attr.type="{_TYPES[kind]}"/>'
        for name, kind in fields.items()
    ]
    lines.append('<graph edgedefault="directed">')
    for node in found.parties:
        told = _data({"name": node.name, "type": node.type})
        lines.append(f"<node id={_attribute(node.party)}>{told}</node>")
    for line in found.lines:
        row = _row(line)
        ends = f"source={_attribute(line.subject)} target={_attribute(line.object)}"
        lines.append(f"<edge {ends}>{_data({name: row[name] for name in fields})}</edge>")
    return "\n".join([*lines, "</graph>", "</graphml>", ""]).encode()


def _row(line: Line) -> dict[str, object]:
    low, high = line.share or (None, None)
    return {
        "relation": line.relation,
        "subject": line.subject,
        "object": line.object,
        "role": line.role,
        "share_low": low,
        "share_high": high,
        "amount_minor": line.amount_minor,
        "count": line.count,
        "since": None if line.since is None else iso(line.since),
        "until": None if line.until is None else iso(line.until),
        "facts": " ".join(line.facts),
    }


def _data(values: dict[str, object]) -> str:
    return "".join(
        f'<data key="{name}">{escape(_printable(str(value)))}</data>'
        for name, value in values.items()
        if value is not None
    )


def _attribute(text: str) -> str:
    return quoteattr(_printable(text))


def _printable(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(
        sign for sign in text if sign in "\t\n\r" or (sign >= " " and sign.isprintable())
    )
