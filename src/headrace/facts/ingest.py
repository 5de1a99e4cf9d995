"""From source tables to facts: every row is accepted, a duplicate, or in quarantine; none is lost.

Steps: find the columns, read each cell (`coerce`), check each row, put tables of a kind together,
set exact duplicates aside, find corrections, and remark on what is odd. Arrow in, Arrow out.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.errors import InputError
from headrace.facts import rules
from headrace.facts.cells import numpy_mask
from headrace.facts.consent import rests_on
from headrace.facts.corrections import find_corrections
from headrace.facts.equal import Int64, codes, first_equal
from headrace.facts.kinds import CORRECTION, INVOICE, MAPPABLE
from headrace.facts.mapping import SourceMapping, TableMapping
from headrace.facts.remarks import Note, remark
from headrace.facts.rows import QUARANTINE, REST, AbsentTable, ReadTable, SourceTable, read_table

DUPLICATES = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("source", pa.string()),
        pa.field("row", pa.int64()),
        pa.field("kept", pa.string()),
        pa.field("rule", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The account of one table: rows = accepted + duplicates + quarantined."""

    table: str
    kind: str
    file: str
    rows: int
    accepted: int
    duplicates: int
    quarantined: int

    def __post_init__(self) -> None:
        if self.rows != self.accepted + self.duplicates + self.quarantined:
            message = f"rows are lost: {self}"
            raise AssertionError(message)


@dataclass(frozen=True, slots=True)
class Coverage:
    """First and last event of one table, ISO dates and times in UTC; empty: it has no events."""

    table: str
    kind: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of all source tables.

    Attributes:
        facts: Kind -> stored table, for every kind that can be mapped; empty where none came.
            Sorted by (event_time, source, row), rows without an event time last.
        corrections: Voids and red letters among the invoices.
        duplicates: Rows set aside, each with the id of the fact that is kept.
        quarantine: One line for each cell or row that cannot be: source, file, row, column, value,
            rule, reason, reason_zh.
        notes: What was normalised and what is odd.
        reconciliation: One account for each table.
        coverage: The time each table covers.
    """

    facts: Mapping[str, pa.Table]
    corrections: pa.Table
    duplicates: pa.Table
    quarantine: pa.Table
    notes: tuple[Note, ...]
    reconciliation: tuple[Reconciliation, ...]
    coverage: tuple[Coverage, ...]


def ingest(
    tables: Iterable[SourceTable | AbsentTable | ReadTable],
    mapping: SourceMapping,
    withdrawn: Collection[str] = (),
) -> Ingested:
    """All tables of a source as facts.

    Args:
        tables: As readers give them, one at a time; a table may be dropped once it was read. One
            that was read before is taken as it is.
        mapping: Says what each column means.
        withdrawn: Consents; rows that rest on one of them go to quarantine.

    Raises:
        InputError: If a mapped column is missing or occurs twice, in a table that is not optional.
    """
    read: list[ReadTable] = []
    notes: list[Note] = []
    for table in tables:
        found = _read(table, mapping)
        if isinstance(found, AbsentTable):
            name = found.mapping.name
            notes.append(Note(rules.OPTIONAL_TABLE_ABSENT, name, 0, found.problem))
        else:
            read.append(_without(found, withdrawn))
    facts: dict[str, pa.Table] = {}
    set_aside: list[pa.Table] = []
    for kind, schema in MAPPABLE.items():
        whole = _together([table for table in read if table.mapping.fact is schema])
        if whole is None:
            facts[kind] = schema.empty()
            continue
        kept, duplicates = _without_duplicates(whole, kind)
        set_aside.append(duplicates)
        facts[kind] = _in_order(kept)
    duplicates = pa.concat_tables([DUPLICATES.empty_table(), *set_aside])
    invoices = facts[INVOICE.kind]
    empty = CORRECTION.empty()
    corrections = find_corrections(invoices, mapping.time_zone) if len(invoices) else empty
    notes += [note for table in read for note in table.notes]
    return Ingested(
        facts=facts,
        corrections=corrections,
        duplicates=duplicates.combine_chunks(),
        quarantine=pa.concat_tables(
            [QUARANTINE.empty_table(), *(table.quarantine for table in read)]
        ).combine_chunks(),
        notes=(*notes, *remark(facts)),
        reconciliation=tuple(_account(table, duplicates) for table in read),
        coverage=tuple(_coverage(table.mapping, facts) for table in read),
    )


def _read(
    table: SourceTable | AbsentTable | ReadTable, mapping: SourceMapping
) -> ReadTable | AbsentTable:
    if isinstance(table, AbsentTable | ReadTable):
        return table
    try:
        return read_table(table, mapping)
    except InputError as error:
        if not table.mapping.optional:
            raise
        return AbsentTable(table.mapping, str(error))


def _without(table: ReadTable, withdrawn: Collection[str]) -> ReadTable:
    """A table without the rows whose consent was withdrawn; quarantine says which they are."""
    gone = rests_on(table.facts, withdrawn)
    left_out = table.facts.filter(pa.array(gone))
    if not left_out.num_rows:
        return table
    told = {
        "source": table.mapping.name,
        "file": table.file,
        "column": "consent",
        "rule": rules.CONSENT_WITHDRAWN.name,
        "reason": rules.CONSENT_WITHDRAWN.en,
        "reason_zh": rules.CONSENT_WITHDRAWN.zh,
    }
    columns = {name: pa.repeat(pa.scalar(text), left_out.num_rows) for name, text in told.items()}
    columns |= {"row": left_out["row"], "value": left_out["consent"].cast(pa.string())}
    lines = pa.table([columns[name] for name in QUARANTINE.names], schema=QUARANTINE)
    note = Note(
        rules.CONSENT_WITHDRAWN, table.mapping.name, lines.num_rows, lines["value"][0].as_py()
    )
    return replace(
        table,
        facts=table.facts.filter(pa.array(~gone)),
        quarantine=pa.concat_tables([table.quarantine, lines]),
        notes=(*table.notes, note),
    )


def _together(read: list[ReadTable]) -> pa.Table | None:
    """Facts of one kind in one table, by name of source and row, with shared dictionaries."""
    parts = [table.facts for table in sorted(read, key=lambda table: table.mapping.name)]
    if not parts:
        return None
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks()


def _without_duplicates(facts: pa.Table, kind: str) -> tuple[pa.Table, pa.Table]:
    """The first of each set of equal rows, and the rest; provenance does not count."""
    own = [name for name in facts.column_names if name not in ("id", "source", "row")]
    whole = facts.select([name for name in facts.column_names if name != REST])
    if not len(facts):
        return whole, DUPLICATES.empty_table()
    first = first_equal([codes(facts[name]) for name in own])
    again = first != np.arange(len(first))
    rows = facts.select(["id", "source", "row"]).filter(pa.array(again))
    count = rows.num_rows
    duplicates = pa.table(
        [
            rows["id"],
            pa.repeat(pa.scalar(kind), count),
            rows["source"].cast(pa.string()),
            rows["row"],
            facts["id"].take(pa.array(first[again])),
            pa.repeat(pa.scalar(rules.EXACT_DUPLICATE.name), count),
        ],
        schema=DUPLICATES,
    )
    kept = whole.filter(pa.array(~again)) if count else whole
    return kept, duplicates


def _in_order(facts: pa.Table) -> pa.Table:
    """By event time; rows come by source and row, and a stable sort keeps that order."""
    event = facts["event_time"].combine_chunks()
    us = codes(event)
    us = np.where(numpy_mask(pc.is_null(event)), np.iinfo(np.int64).max, us)
    order: Int64 = np.argsort(us, kind="stable")
    if bool((order == np.arange(len(order))).all()):
        return facts
    return facts.take(order).combine_chunks()


def _account(table: ReadTable, duplicates: pa.Table) -> Reconciliation:
    mapping = table.mapping
    mine = pc.and_(
        pc.equal(duplicates["source"], mapping.name),
        pc.equal(duplicates["kind"], mapping.fact.kind),
    )
    repeated = int(pc.sum(mine).as_py() or 0)
    # A row that cannot be read has a line for each reason; one without consent was read, and has
    # one line. Rows of what came by the API are numbered batch by batch.
    withdrawn = pc.equal(table.quarantine["rule"], rules.CONSENT_WITHDRAWN.name)
    unread = table.quarantine.filter(pc.invert(withdrawn))
    quarantined = len(pc.unique(unread["row"])) + int(pc.sum(withdrawn).as_py() or 0)
    return Reconciliation(
        table=mapping.name,
        kind=mapping.fact.kind,
        file=table.file,
        rows=table.rows,
        accepted=table.facts.num_rows - repeated,
        duplicates=repeated,
        quarantined=quarantined,
    )


def _coverage(mapping: TableMapping, facts: Mapping[str, pa.Table]) -> Coverage:
    kind = mapping.fact.kind
    table = facts[kind]
    mine = table.filter(pc.equal(table["source"].cast(pa.string()), mapping.name))
    span = pc.min_max(mine["event_time"]).as_py()
    first, last = ("" if at is None else at.isoformat() for at in (span["min"], span["max"]))
    return Coverage(mapping.name, kind, first, last)
