"""One source table, row by row but column-wise: read the cells, check the rows, set bad ones aside.

A row is refused if a cell cannot be read, if a required value is missing, or if its cells
contradict one another. All reasons of a row are told, not only the first.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.clock import day_number, end_of_day
from headrace.errors import InputError, MappingError
from headrace.facts import rules
from headrace.facts.cells import Coerced, Dialect, Int64, Mask, clean_text, numpy_mask, text_of
from headrace.facts.coerce import coerce
from headrace.facts.equal import codes
from headrace.facts.headers import match_columns
from headrace.facts.kinds import EXPOSURE, INVOICE, RELATION
from headrace.facts.localtime import DAY_US, end_of_local_day, local_day, local_from_utc
from headrace.facts.mapping import SourceMapping, TableMapping
from headrace.facts.remarks import Note
from headrace.facts.rules import Rule
from headrace.facts.schema import EVENT_TIME, Field
from headrace.money import MINOR_PER_MAJOR

REST = "rest"  # the columns that are not mapped, as one text: equal rows are equal there too
QUARANTINE = pa.schema(
    [
        pa.field("source", pa.string()),
        pa.field("file", pa.string()),
        pa.field("row", pa.int64()),
        pa.field("column", pa.string()),
        pa.field("value", pa.string()),
        pa.field("rule", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("reason_zh", pa.string()),
    ]
)
_INSTANT = pa.timestamp("us", tz="UTC")
_SHOWN_MAX = 200  # characters of a bad value that are shown


@dataclass(frozen=True, slots=True)
class RaggedRow:
    """A row of a text file with more or fewer cells than the header.

    Attributes:
        row: Data row in the file, from 1.
        text: The row as it stands.
    """

    row: int
    text: str


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table as a reader found it.

    Attributes:
        mapping: What its columns mean.
        file: File name, or the name of the query.
        columns: As exported, headers unchanged, any scalar Arrow types.
        rows: Data row in the file of each row, from 1; None: 1, 2, 3 and so on.
        ragged: Rows that fit no header.
        digest: SHA-256 of the file, or of a query's result; hex; empty: not asked for.
        notes: What the reader had to do to find the rows.
    """

    mapping: TableMapping
    file: str
    columns: pa.Table
    rows: Int64 | None = None
    ragged: tuple[RaggedRow, ...] = ()
    digest: str = ""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class AbsentTable:
    """An optional table that is not there, or cannot be read, and why."""

    mapping: TableMapping
    problem: str


@dataclass(frozen=True, slots=True)
class ReadTable:
    """A source table after reading.

    Attributes:
        mapping: What its columns mean.
        file: Its file.
        facts: Accepted rows in the stored schema, with REST; duplicates are still among them.
        quarantine: The other rows, one line for each reason.
        notes: What was normalised.
        rows: Data rows in the file.
    """

    mapping: TableMapping
    file: str
    facts: pa.Table
    quarantine: pa.Table
    notes: tuple[Note, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class _Bad:
    """Rows refused by one rule, and the cells to show for it."""

    rule: Rule
    rows: Int64
    column: str
    values: pa.Array | None  # one for each of `rows`


def read_table(source: SourceTable, mapping: SourceMapping) -> ReadTable:
    """The rows of one table as facts, and those that cannot be.

    Raises:
        InputError: If a mapped column is missing, occurs twice, or does not hold plain values.
        MappingError: If a constant cannot be read as its field.
    """
    table = source.mapping
    places = match_columns(source.columns.column_names, table, source.file)
    _check_types(source, places)
    count = source.columns.num_rows
    numbers = np.arange(1, count + 1) if source.rows is None else source.rows
    fields = {field.key: field for field in table.fact.mapped}
    notes = list(source.notes)
    bad: list[_Bad] = []
    values: dict[str, pa.Array] = {}
    for key, place in places.items():
        cells = source.columns.column(place)
        read = coerce(cells, fields[key], _dialect(table, mapping, key))
        values[fields[key].name] = read.values
        header = source.columns.field(place).name
        notes += [
            Note(item.rule, table.name, item.rows, item.example, header) for item in read.changes
        ]
        bad += _unreadable(source, fields[key], place, read)
    for key, value in table.constants.items():
        values[fields[key].name] = _constant(value, fields[key], mapping, table, count)
    values |= _implied(values, table, mapping, count)
    notes += _derived(values, table, count)
    bad += [
        _shown(rule, rows, names, source, places)
        for rule, mask, names in _contradictions(values, table, mapping)
        for rows in (np.flatnonzero(mask),)
        if len(rows)
    ]
    refused = np.zeros(count, dtype=np.bool_)
    for item in bad:
        refused[item.rows] = True
    kept = pa.array(~refused)
    notes += _oddities(values, table, ~refused)
    if not count and not source.ragged:
        notes.append(Note(rules.EMPTY_TABLE, table.name, 0, source.file))
    whole = _stored(values, numbers, table, mapping)
    rest = _rest(source.columns, set(places.values()))
    return ReadTable(
        mapping=table,
        file=source.file,
        facts=whole.append_column(REST, rest).filter(kept),
        quarantine=_quarantine(source, bad, numbers),
        notes=tuple(notes),
        rows=count + len(source.ragged),
    )


def _check_types(source: SourceTable, places: Mapping[str, int]) -> None:
    for key, place in places.items():
        column = source.columns.field(place)
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
            message = f"the column `{column.name}` holds {column.type}, not plain values"
            remedy = f"Export `{key}` as text, number or date"
            raise InputError(message, where=source.file, remedy=remedy)


def _dialect(table: TableMapping, mapping: SourceMapping, key: str) -> Dialect:
    values = table.values.get(key, {})
    return Dialect(
        zone=mapping.time_zone,
        minor_per_major=1 if table.unit == "minor" else MINOR_PER_MAJOR[mapping.currency],
        number_width=table.number_width,
        date_order=table.date_order,
        values={clean_text(text): choice for text, choice in values.items()},
    )


def _unreadable(source: SourceTable, field: Field, place: int, read: Coerced) -> Iterable[_Bad]:
    """Refused cells, and required cells that are missing."""
    column = source.columns.field(place).name
    refused = np.zeros(len(read.values), dtype=np.bool_)
    for refusal in read.refusals:
        refused[refusal.rows] = True
        shown = text_of(source.columns.column(place).take(pa.array(refusal.rows)))
        yield _Bad(refusal.rule, refusal.rows, column, shown)
    required = field.required or (source.mapping.fact.dated and field is EVENT_TIME)
    if required and read.values.null_count > refused.sum():
        missing = np.flatnonzero(numpy_mask(pc.is_null(read.values)) & ~refused)
        yield _Bad(rules.MISSING_REQUIRED, missing, column, None)


def _constant(
    value: str, field: Field, mapping: SourceMapping, table: TableMapping, count: int
) -> pa.Array:
    cell = pa.chunked_array([pa.array([value], pa.string())])
    read = coerce(cell, field, replace(_dialect(table, mapping, field.key), values={}))
    if read.values.null_count:
        message = (
            f"the constant `{field.key}` is `{value}`, which is not of type {field.type.value}"
        )
        remedy = "Correct it in the mapping"
        raise MappingError(message, where=f"table `{table.name}`", remedy=remedy)
    return read.values.take(pa.array(np.zeros(count, dtype=np.int64)))


def _implied(
    values: Mapping[str, pa.Array], table: TableMapping, mapping: SourceMapping, count: int
) -> dict[str, pa.Array]:
    """What the mapping says for all rows, times that follow from others, nulls for the rest."""
    implied: dict[str, pa.Array] = {}
    if "currency" not in values:
        implied["currency"] = _same(mapping.currency, count)
    if table.fact is INVOICE:
        implied |= _third_amount(values)
    event = values.get("event_time", pa.nulls(count, _INSTANT))
    if "known_time" in values:
        implied["known_time"] = _to_end_of_day(values["known_time"], mapping.time_zone)
    else:
        implied["known_time"] = _known(event, table, mapping.time_zone)
    for field in table.fact.mapped:
        if field.name not in values and field.name not in implied:
            implied[field.name] = pa.nulls(count, field.type.arrow)
    return implied


def _same(text: str, count: int) -> pa.Array:
    zeros = pa.array(np.zeros(count, dtype=np.int32))
    return pa.DictionaryArray.from_arrays(zeros, pa.array([text], pa.string()))


def _third_amount(values: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """The one of amount, tax and total that the source does not have."""
    amount, tax, total = (values.get(f"{key}_minor") for key in ("amount", "tax", "total"))
    if total is None:
        return {"total_minor": pc.add(amount, tax)}
    if tax is None:
        return {"tax_minor": pc.subtract(total, amount)}
    if amount is None:
        return {"amount_minor": pc.subtract(total, tax)}
    return {}


def _known(event: pa.Array, table: TableMapping, zone: str) -> pa.Array:
    """End of the local day of the event; of the extraction where there is no event."""
    known = pa.array(
        end_of_local_day(pc.fill_null(event.cast(pa.int64()), 0).to_numpy(), zone),
        mask=numpy_mask(pc.is_null(event)),
    ).cast(_INSTANT)
    if table.extracted_on is None:
        return known
    return pc.fill_null(known, pa.scalar(end_of_day(table.extracted_on, zone), _INSTANT))


def _to_end_of_day(known: pa.Array, zone: str) -> pa.Array:
    """A time of knowing that is a bare day: it may not be used before that day is over."""
    us = pc.fill_null(known.cast(pa.int64()), 0).to_numpy()
    bare = local_from_utc(us, zone) % DAY_US == 0
    late = np.where(bare, end_of_local_day(us, zone), us)
    return pa.array(late, mask=numpy_mask(pc.is_null(known))).cast(_INSTANT)


def _derived(values: Mapping[str, pa.Array], table: TableMapping, count: int) -> Iterable[Note]:
    given = {*table.columns, *table.constants}
    for key in ("amount", "tax", "total"):
        if table.fact is INVOICE and key not in given and count:
            example = f"{key}_minor = {values[f'{key}_minor'][0].as_py()}"
            yield Note(rules.DERIVED_AMOUNT, table.name, count, example)


Columns = Mapping[str, NDArray[np.int64]]


def _off_by(columns: Columns) -> Int64:
    off: Int64 = columns["amount_minor"] + columns["tax_minor"] - columns["total_minor"]
    return np.abs(off)


_MONEY = ("amount_minor", "tax_minor", "total_minor")
_Check = tuple[Rule, tuple[str, ...], Callable[[Columns], Mask]]
_ENDS: _Check = (
    rules.ENDED_BEFORE_BEGUN,
    ("valid_to", "event_time"),
    lambda columns: columns["valid_to"] < columns["event_time"],
)
_NOT_BELOW_0: _Check = (
    rules.NEGATIVE_AMOUNT,
    ("amount_minor",),
    lambda columns: columns["amount_minor"] < 0,
)
_CHECKS: Mapping[str, tuple[_Check, ...]] = {
    INVOICE.kind: (
        (rules.TOTAL_MISMATCH, _MONEY, lambda columns: _off_by(columns) > 1),
        (
            rules.SIGN_MISMATCH,
            ("amount_minor", "tax_minor"),
            lambda columns: np.sign(columns["amount_minor"]) * np.sign(columns["tax_minor"]) < 0,
        ),
        (
            rules.KNOWN_BEFORE_EVENT,
            ("known_time", "event_time"),
            lambda columns: columns["known_time"] < columns["event_time"],
        ),
        (
            rules.VOID_BEFORE_ISSUE,
            ("voided_time", "event_time"),
            lambda columns: columns["voided_time"] < columns["event_time"],
        ),
    ),
    RELATION.kind: (_ENDS, _NOT_BELOW_0),
    EXPOSURE.kind: (
        _ENDS,
        _NOT_BELOW_0,
        (
            rules.DEDUCTIBLE_ABOVE_AMOUNT,
            ("deductible_minor", "amount_minor"),
            lambda columns: (
                (columns["deductible_minor"] < 0)
                | (columns["deductible_minor"] > columns["amount_minor"])
            ),
        ),
    ),
}
_ODD: tuple[tuple[Rule, tuple[str, ...], Callable[[Columns], Mask]], ...] = (
    (rules.TOTAL_ROUNDING, _MONEY, lambda columns: _off_by(columns) == 1),
    (rules.ZERO_AMOUNT, ("amount_minor",), lambda columns: columns["amount_minor"] == 0),
)


def _where(
    values: Mapping[str, pa.Array], names: tuple[str, ...], check: Callable[[Columns], Mask]
) -> Mask:
    """Rows in which all the named values are given, and the check holds."""
    given = {name: numpy_mask(pc.is_valid(values[name])) for name in names}
    held = check({name: np.where(given[name], codes(values[name]), 0) for name in names})
    for present in given.values():
        held = held & present
    return held


def _contradictions(
    values: Mapping[str, pa.Array], table: TableMapping, mapping: SourceMapping
) -> Iterable[tuple[Rule, Mask, tuple[str, ...]]]:
    """Rows whose cells contradict one another, or the mapping: rule, rows, fields concerned."""
    if table.extracted_on is not None:
        last, zone = day_number(table.extracted_on), mapping.time_zone
        late = _where(
            values,
            ("event_time",),
            lambda columns: local_day(columns["event_time"], zone) > last,
        )
        yield rules.FUTURE_DATE, late, ("event_time",)
    for rule, names, check in _CHECKS.get(table.fact.kind, ()):
        yield rule, _where(values, names, check), names
    if table.fact is RELATION:
        yield from _relation_contradictions(values)
    if "currency" in values:
        foreign = numpy_mask(pc.not_equal(values["currency"].cast(pa.string()), mapping.currency))
        yield rules.FOREIGN_CURRENCY, foreign, ("currency",)
    if table.fact is not INVOICE:
        return
    valid = numpy_mask(pc.equal(values["status"].cast(pa.string()), "valid"))
    timed = valid & numpy_mask(pc.is_valid(values["voided_time"]))
    yield rules.VOID_TIME_ON_VALID, timed, ("status", "voided_time")


def _relation_contradictions(
    values: Mapping[str, pa.Array],
) -> Iterable[tuple[Rule, Mask, tuple[str, ...]]]:
    """A party related to itself, and shares that cannot all be true."""
    ends = [values[name].cast(pa.string()) for name in ("subject", "object")]
    yield rules.RELATION_TO_ITSELF, numpy_mask(pc.equal(*ends)), ("subject", "object")
    names = ("share", "share_min", "share_max")
    share, least, most = (
        pc.fill_null(values[name], float("nan")).to_numpy(zero_copy_only=False) for name in names
    )
    # A share that is not given compares as false with every other.
    yield rules.SHARES_CROSSED, (least > most) | (share < least) | (share > most), names


def _shown(
    rule: Rule,
    rows: Int64,
    names: tuple[str, ...],
    source: SourceTable,
    places: Mapping[str, int],
) -> _Bad:
    """Refused rows with the cells concerned as the source writes them."""
    keys = [name.removesuffix("_minor") for name in names]
    cells = [source.columns.column(places[key]) for key in keys if key in places]
    headers = [source.columns.column_names[places[key]] for key in keys if key in places]
    texts = [text_of(column.take(pa.array(rows))) for column in cells]
    values = (
        pc.binary_join_element_wise(*texts, ", ", null_handling="replace", null_replacement="")
        if texts
        else None
    )
    return _Bad(rule, rows, ", ".join(headers), values)


def _oddities(
    values: Mapping[str, pa.Array], table: TableMapping, accepted: Mask
) -> Iterable[Note]:
    if table.fact is not INVOICE:
        return
    for rule, names, check in _ODD:
        rows = np.flatnonzero(accepted & _where(values, names, check))
        if len(rows):
            example = f"number {values['number'][int(rows[0])].as_py()}"
            yield Note(rule, table.name, len(rows), example)


def _stored(
    values: Mapping[str, pa.Array], numbers: Int64, table: TableMapping, mapping: SourceMapping
) -> pa.Table:
    rows = pa.array(numbers.astype(np.int64))
    count = len(rows)
    columns = {
        **values,
        "id": pc.binary_join_element_wise(table.name, rows.cast(pa.string()), "#"),
        "source": _same(table.name, count),
        "row": rows,
        "purpose": _same(mapping.purpose, count),
        "consent": _same(mapping.consent, count),
    }
    schema = table.fact.arrow
    return pa.table([columns[field.name].cast(field.type) for field in schema], schema=schema)


def _rest(columns: pa.Table, mapped: set[int]) -> pa.ChunkedArray:
    """The columns that no field reads, as one text a row."""
    others = [place for place in range(columns.num_columns) if place not in mapped]
    texts = [_plain_text(columns.column(place)) for place in others]
    if not texts:
        return pa.chunked_array([_same("", columns.num_rows)])
    joined = pc.binary_join_element_wise(
        *texts, "\x1f", null_handling="replace", null_replacement="\x00"
    )
    return pc.cast(joined, pa.string()).dictionary_encode()


def _plain_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return pa.chunked_array([pa.array([str(value) for value in column.to_pylist()])])
    return pc.utf8_trim_whitespace(pc.cast(column, pa.string()))


def _quarantine(source: SourceTable, bad: Iterable[_Bad], numbers: Int64) -> pa.Table:
    parts = [_lines(source, item, numbers[item.rows]) for item in bad]
    if source.ragged:
        rows = np.array([ragged.row for ragged in source.ragged], dtype=np.int64)
        texts = pa.array([ragged.text for ragged in source.ragged], pa.string())
        parts.append(_lines(source, _Bad(rules.RAGGED_ROW, rows, "", texts), rows))
    table = pa.concat_tables([QUARANTINE.empty_table(), *parts]).combine_chunks()
    order = np.argsort(table["row"].to_numpy(), kind="stable")
    return table.take(order)


def _lines(source: SourceTable, item: _Bad, numbers: Int64) -> pa.Table:
    count = len(numbers)
    values = pa.nulls(count, pa.string()) if item.values is None else item.values
    texts = (source.mapping.name, source.file, item.column)
    table, file, column = (pa.repeat(pa.scalar(text), count) for text in texts)
    told = (item.rule.name, item.rule.en, item.rule.zh)
    name, reason, reason_zh = (pa.repeat(pa.scalar(text), count) for text in told)
    shown = pc.utf8_slice_codeunits(values, 0, _SHOWN_MAX)
    return pa.table(
        [table, file, pa.array(numbers), column, shown, name, reason, reason_zh],
        schema=QUARANTINE,
    )
