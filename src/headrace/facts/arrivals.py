"""Facts that a program sends in the columns of their kind, each under an id of its own.

The rows are checked as those of a bank's export are (`headrace.facts.rows`). What an export leaves
to its mapping, every row says itself here: id, source, purpose and consent. A fact is stored under
`api/<source>#<id>`, which no table of a mapping can be called.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.errors import InputError
from headrace.facts import rules
from headrace.facts.cells import Dialect, Int64, Mask, numpy_mask, text_of
from headrace.facts.coerce import coerce
from headrace.facts.equal import codes
from headrace.facts.kinds import MAPPABLE
from headrace.facts.localtime import end_of_local_day, microseconds
from headrace.facts.mapping import SourceMapping, TableMapping
from headrace.facts.rows import QUARANTINE, RaggedRow, SourceTable, read_table
from headrace.facts.rules import Rule
from headrace.facts.schema import EVENT_TIME, PERMISSION, PROVENANCE, FactSchema, Field

PREFIX = "api/"
STATED = (*PROVENANCE[:2], *PERMISSION)
"""What every row says of itself, and an export does not."""
_INSTANT = pa.timestamp("us", tz="UTC")
_SHOWN_MAX = 200  # characters of a bad value that are shown


@dataclass(frozen=True)
class Sent:
    """Rows as they came.

    Attributes:
        columns: Under the names of the stored schema, any scalar Arrow types.
        rows: Number of each row in what was sent, from 1.
        ragged: Rows that fit no column.
    """

    columns: pa.Table
    rows: Int64
    ragged: tuple[RaggedRow, ...] = ()


@dataclass(frozen=True)
class Reception:
    """What rows are read by.

    Attributes:
        currency: ISO 4217, of every amount.
        zone: IANA name; a date without a time is a day of this zone.
        at: When the rows came.
        place: What was sent, for the lines of quarantine.
    """

    currency: str
    zone: str
    at: datetime
    place: str


@dataclass(frozen=True)
class Arrived:
    """What became of rows.

    Attributes:
        facts: Accepted ones in the stored schema, in the order they came.
        quarantine: A line for each reason why another one is not; see `rows.QUARANTINE`.
    """

    facts: pa.Table
    quarantine: pa.Table


def schema_of(kind: str) -> FactSchema:
    """The kind of fact of that name.

    Raises:
        InputError: There is none, or it is made here and never sent.
    """
    if kind not in MAPPABLE:
        raise InputError(
            f"`{kind[:40]}` is no kind of fact that can be sent",
            where="kind",
            remedy=f"One of {', '.join(MAPPABLE)}",
        )
    return MAPPABLE[kind]


def required(schema: FactSchema) -> tuple[str, ...]:
    """The columns without which no row is a fact of this kind."""
    own = tuple(field.name for field in schema.fields if field.required)
    dated = (EVENT_TIME.name,) if schema.dated else ()
    return (*(field.name for field in STATED), *dated, *own)


def check_columns(names: list[str], schema: FactSchema) -> None:
    """See that columns are those of a kind.

    Raises:
        InputError: One is unknown, occurs twice or is missing.
    """
    known = [field.name for field in schema.stored]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean `{near[0]}`? " if near else ""
            raise InputError(
                f"`{name[:60]}` is no column of the kind `{schema.kind}`",
                where="columns",
                remedy=f"{hint}Columns are: {', '.join(known)}",
            )
        if names.count(name) > 1:
            raise InputError(f"the column `{name}` is there twice", where="columns")
    missing = [name for name in required(schema) if name not in names]
    if missing:
        raise InputError(
            f"there is no column {', '.join(f'`{name}`' for name in missing)}",
            where="columns",
            remedy=f"`{schema.kind}` needs {', '.join(required(schema))}",
        )


def arrived(sent: Sent, schema: FactSchema, how: Reception) -> Arrived:
    """Rows as facts, and those that cannot be.

    A time of knowing that is not said is the end of the day of the event, or the time the row came
    where that is earlier or there is no event: what is here is known.

    Raises:
        InputError: A column is unknown or missing, or does not hold plain values.
    """
    names = sent.columns.column_names
    check_columns(names, schema)
    keys = {field.key: (field.name,) for field in schema.mapped if field.name in names}
    table = TableMapping("", schema, keys, unit="minor")
    mapping = SourceMapping(
        name="",
        simulated=False,
        currency=how.currency,
        time_zone=how.zone,
        purpose="",
        consent="",
        tables=(table,),
    )
    own = sent.columns.select([name for (name,) in keys.values()])
    read = read_table(SourceTable(table, how.place, own, sent.rows, sent.ragged), mapping)
    stated, bad = _stated(sent, how)
    lines = [_lines(rule, name, at, sent, how) for rule, name, at in bad]
    refused = np.zeros(len(sent.rows), dtype=np.bool_)
    for _, _, at in bad:
        refused[at] = True
    place = np.searchsorted(sent.rows, read.facts["row"].to_numpy())
    kept = np.flatnonzero(~refused[place])
    facts = read.facts.take(pa.array(kept)).select(schema.arrow.names)
    facts = _named(facts, {name: each.take(place[kept]) for name, each in stated.items()})
    quarantine = pa.concat_tables([read.quarantine, *lines]).combine_chunks()
    order = np.argsort(quarantine["row"].to_numpy(), kind="stable")
    return Arrived(_known(facts, how), _sourced(quarantine.take(order), sent, stated["source"]))


def _stated(
    sent: Sent, how: Reception
) -> tuple[dict[str, pa.Array], list[tuple[Rule, str, Int64]]]:
    """Id, source, purpose and consent as texts; and where one cannot be read or is missing."""
    values: dict[str, pa.Array] = {}
    bad: list[tuple[Rule, str, Int64]] = []
    for field in STATED:
        read = coerce(_column(sent, field), field, Dialect(how.zone))
        unread = np.zeros(len(sent.rows), dtype=np.bool_)
        for refusal in read.refusals:
            unread[refusal.rows] = True
            bad.append((refusal.rule, field.name, refusal.rows))
        missing = np.flatnonzero(numpy_mask(pc.is_null(read.values)) & ~unread)
        if len(missing):
            bad.append((rules.MISSING_REQUIRED, field.name, missing))
        values[field.name] = read.values.cast(pa.string())
    return values, bad


def _column(sent: Sent, field: Field) -> pa.ChunkedArray:
    column = sent.columns[field.name]
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        raise InputError(
            f"the column `{field.name}` holds {column.type}, not plain values",
            where="columns",
            remedy="Send it as text",
        )
    return column


def _lines(rule: Rule, name: str, at: Int64, sent: Sent, how: Reception) -> pa.Table:
    count = len(at)
    shown = pc.utf8_slice_codeunits(text_of(sent.columns[name].take(pa.array(at))), 0, _SHOWN_MAX)
    told: Mapping[str, object] = {
        "source": "",
        "file": how.place,
        "row": pa.array(sent.rows[at]),
        "column": name,
        "value": shown,
        "rule": rule.name,
        "reason": rule.en,
        "reason_zh": rule.zh,
    }
    columns = [
        each if not isinstance(each, str) else pa.repeat(pa.scalar(each), count)
        for each in told.values()
    ]
    return pa.table(columns, schema=QUARANTINE)


def _named(facts: pa.Table, stated: Mapping[str, pa.Array]) -> pa.Table:
    """The facts under their own ids and sources."""
    source = pc.binary_join_element_wise(PREFIX, stated["source"], "")
    values = {**stated, "source": source}
    values["id"] = pc.binary_join_element_wise(source, stated["id"], "#")
    for name, each in values.items():
        place = facts.schema.get_field_index(name)
        column = each if name == "id" else each.dictionary_encode()
        facts = facts.set_column(place, facts.schema.field(name), column)
    return facts


def _known(facts: pa.Table, how: Reception) -> pa.Table:
    """Every fact with a time of knowing."""
    event = facts["event_time"].combine_chunks()
    us = pc.fill_null(event.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    now = microseconds(how.at)
    evening = np.minimum(end_of_local_day(us, how.zone), now)
    here = pa.array(np.where(numpy_mask(pc.is_null(event)), now, evening)).cast(_INSTANT)
    known = pc.coalesce(facts["known_time"].combine_chunks(), here)
    place = facts.schema.get_field_index("known_time")
    return facts.set_column(place, facts.schema.field("known_time"), known)


def _sourced(quarantine: pa.Table, sent: Sent, sources: pa.Array) -> pa.Table:
    """The lines, each with the source its row says."""
    rows = quarantine["row"].to_numpy()
    place = np.minimum(np.searchsorted(sent.rows, rows), max(len(sent.rows) - 1, 0))
    if not len(sent.rows):
        return quarantine
    found = pc.fill_null(sources.take(pa.array(place)), "")
    of_row: Mask = sent.rows[place] == rows
    named = pc.if_else(pa.array(of_row), found, "")
    return quarantine.set_column(0, QUARANTINE.field(0), named)


def repeated(facts: pa.Table) -> Mask:
    """Which facts have the id of an earlier one among them."""
    each = codes(facts["id"])
    _, places = np.unique(each, return_index=True)
    again = np.ones(len(each), dtype=np.bool_)
    again[places] = False
    return again
