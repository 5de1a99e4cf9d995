"""CSV and Parquet: all that facts say, column by column; also the reader of any CSV of the kind.

    parties.csv    relations.csv       texts; instants in UTC; money in minor units
    parties.parquet  relations.parquet the stored columns themselves

In CSV an absent value is an empty cell and an empty text is `""`. A text that begins like a formula
of a spreadsheet gets an apostrophe in front, which the reader takes away again.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from headrace.adapters.graph_formats import cells
from headrace.adapters.graph_formats.tables import (
    QUARANTINE,
    Exported,
    GraphFacts,
    Imported,
    Origin,
    checked,
    plain,
    refusals,
)
from headrace.errors import InputError
from headrace.facts.kinds import PARTY, RELATION
from headrace.facts.schema import FactSchema

_SCHEMAS = {"parties": PARTY, "relations": RELATION}
_RAGGED = ("the row has more or fewer cells than the header", "one cell for each column")
_FORMULA = ("'", "=", "+", "-", "@", "\t", "\r")
_BLOCK_BYTES_MAX = 1 << 30
_ROUNDS_MAX = 200  # of reading again what an open quote swallowed


@dataclass(frozen=True, slots=True)
class Rows:
    """A CSV file after splitting.

    Attributes:
        columns: Every cell as text; null: empty and not quoted.
        lines: The record of each row, from 1, the header counted.
        quarantine: Rows that do not fit the header.
    """

    columns: pa.Table
    lines: NDArray[np.int64]
    quarantine: pa.Table


def write_csv(facts: GraphFacts, folder: Path) -> Exported:
    """Write parties.csv and relations.csv; nothing is lost.

    Raises:
        InputError: If the folder cannot be written to.
    """
    for name, table in (("parties", facts.parties), ("relations", facts.relations)):
        write_rows(_guarded(as_texts(table)), folder / f"{name}.csv")
    return Exported(facts.parties.num_rows, facts.relations.num_rows, ())


def read_csv(folder: Path, origin: Origin) -> Imported:
    """Read parties.csv, which may be absent, and relations.csv; columns in any order.

    Raises:
        InputError: If relations.csv is not there, is in no known encoding, or lacks `relation`,
            `subject` or `object`.
    """
    raw, quarantine, skipped = [], [], {}
    for name, schema in _SCHEMAS.items():
        path = folder / f"{name}.csv"
        if name == "parties" and not path.exists():
            raw.append(pa.table({"party": pa.array([], pa.string())}))
            continue
        rows = read_rows(path)
        needed = [each.name for each in schema.fields if each.required]
        _require(rows.columns.column_names, needed, path)
        known = {each.name for each in schema.stored}
        for column in rows.columns.column_names:
            if column not in known:
                skipped[f"{path.name}: column `{column}`"] = rows.columns.num_rows
        columns, refused = typed_rows(_unguarded(rows), schema, path.name, origin)
        raw.append(columns)
        quarantine += [rows.quarantine, refused]
    found = checked("relations.csv", (raw[0], raw[1]), origin, quarantine)
    return Imported(found.facts, found.quarantine, skipped)


def write_parquet(facts: GraphFacts, folder: Path) -> Exported:
    """Write parties.parquet and relations.parquet; nothing is lost.

    Raises:
        InputError: If the folder cannot be written to.
    """
    for name, table in (("parties", facts.parties), ("relations", facts.relations)):
        path = folder / f"{name}.parquet"
        try:
            pq.write_table(table.unify_dictionaries(), path, compression="zstd")
        except OSError as error:
            raise unwritable(path, error) from error
    return Exported(facts.parties.num_rows, facts.relations.num_rows, ())


def read_parquet(folder: Path, origin: Origin) -> Imported:
    """Read parties.parquet, which may be absent, and relations.parquet.

    Raises:
        InputError: If relations.parquet cannot be read, or a column is not of the stored type.
    """
    raw, skipped = [], {}
    for name, schema in _SCHEMAS.items():
        path = folder / f"{name}.parquet"
        if name == "parties" and not path.exists():
            raw.append(pa.table({"party": pa.array([], pa.string())}))
            continue
        table = _parquet(path)
        _require(table.column_names, [each.name for each in schema.fields if each.required], path)
        stored = {each.name: each.type for each in schema.arrow}
        for column in set(table.column_names) - set(stored):
            skipped[f"{path.name}: column `{column}`"] = table.num_rows
        kept = [column for column in table.column_names if column in stored]
        try:
            typed = table.select(kept).cast(pa.schema([(each, stored[each]) for each in kept]))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            message = f"a column is not of the stored type: {error}"
            raise InputError(message, where=str(path), remedy="see the fact reference") from error
        raw.append(plain(typed))
    found = checked("relations.parquet", (raw[0], raw[1]), origin, [])
    return Imported(found.facts, found.quarantine, skipped)


def as_texts(table: pa.Table) -> pa.Table:
    """Every column as something CSV writes exactly: instants in UTC, codes as texts."""
    table = plain(table)
    for place, each in enumerate(table.schema):
        if pa.types.is_timestamp(each.type):
            table = table.set_column(place, each.name, cells.instant_texts(table[each.name]))
    return table


def write_rows(table: pa.Table, path: Path) -> None:
    """A table as CSV, comma, quotes where needed, UTF-8 without a byte order mark.

    Raises:
        InputError: If it cannot be written.
    """
    try:
        with path.open("wb") as sink:
            heading = [_quoted(name) for name in table.column_names]
            sink.write((",".join(heading) + "\n").encode())
            options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
            # Whole: of a table whose first chunk is empty Arrow 26 writes memory of others.
            pyarrow.csv.write_csv(table.combine_chunks(), sink, options)
    except OSError as error:
        raise unwritable(path, error) from error


def read_rows(path: Path) -> Rows:
    """The rows of a CSV file, every cell as text; UTF-8, or else GB18030.

    Raises:
        InputError: If it cannot be read, or is in neither encoding.
    """
    data = _utf8(path)
    head, _, body = data.partition(b"\n")
    try:
        names = _distinct(next(csv.reader([head.decode().rstrip("\r")]), []))
    except csv.Error as error:
        message = f"the header cannot be read: {error}"
        raise InputError(message, where=str(path), remedy="names of columns, comma") from error
    columns, lines, apart = _salvaged(body, names)
    texts = pa.array([text for _, text in apart], pa.string())
    numbers = np.array([number for number, _ in apart], np.int64)
    return Rows(columns, lines, refusals(path.name, numbers, "", texts, _RAGGED))


def _salvaged(
    body: bytes, names: list[str]
) -> tuple[pa.Table, NDArray[np.int64], list[tuple[int, str]]]:
    """Rows, their records from 2, and what fits no row; a row of several lines counts as one.

    A quote that is never closed swallows the lines after it into one record that does not fit: its
    first line is set aside, and the others are read again.
    """
    pending, apart = [(2, body)], []
    parts, lines = [], []
    while pending:
        start, text = pending.pop()
        columns, ragged = _split(text, names)
        count = columns.num_rows + len(ragged)
        width, fits = np.ones(count, np.int64), np.ones(count, np.bool_)
        for record, said in ragged:
            width[record - 1] = said.count("\n") + 1
            fits[record - 1] = False
        first = start + np.cumsum(width) - width
        parts.append(columns)
        lines.append(first[fits])
        for record, said in ragged:
            line, _, rest = said.partition("\n")
            at = int(first[record - 1])
            if len(parts) + len(pending) < _ROUNDS_MAX:
                apart.append((at, line))
                pending += [(at + 1, rest.encode())] if rest else []
            else:
                apart.append((at, said))
    numbers = np.concatenate(lines)
    order = np.argsort(numbers, kind="stable")
    whole = parts[0] if len(parts) == 1 else pa.concat_tables(parts).take(pa.array(order))
    return whole, numbers[order], sorted(apart)


def typed_rows(
    rows: Rows,
    schema: FactSchema,
    file: str,
    origin: Origin,
    names: Mapping[str, str] | None = None,
) -> tuple[pa.Table, pa.Table]:
    """Text columns as typed raw columns, and the cells that cannot be read.

    Args:
        rows: Cells.
        schema: Which fields there are.
        file: Its name, for the quarantine.
        origin: The zone of days.
        names: The column of each field where it is not called as the field is.
    """
    given = {each.name: (names or {}).get(each.name, each.name) for each in schema.stored}
    columns: dict[str, pa.Array] = {"_line": pa.array(rows.lines)}
    good = np.ones(len(rows.lines), np.bool_)
    parts = [QUARANTINE.empty_table()]
    for each in schema.stored:
        if given[each.name] not in rows.columns.column_names:
            continue
        texts = rows.columns[given[each.name]].combine_chunks()
        read = cells.typed(texts, each, origin.zone)
        columns[each.name] = read.values
        if len(read.refused):
            shown = texts.take(pa.array(read.refused))
            told = cells.EXPECTED[each.type]
            parts.append(refusals(file, rows.lines[read.refused], given[each.name], shown, told))
            good[read.refused] = False
    return pa.table(columns).filter(pa.array(good)), pa.concat_tables(parts)


def unwritable(path: Path, error: OSError) -> InputError:
    """The error of a file that cannot be written."""
    remedy = "name a folder that exists and can be written to"
    return InputError(f"it cannot be written: {error.strerror}", where=str(path), remedy=remedy)


def _utf8(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"it cannot be read: {error.strerror}"
        raise InputError(message, where=str(path), remedy="check its name") from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding).encode()
        except UnicodeDecodeError:
            continue
    remedy = "save it as UTF-8"
    raise InputError("the text is neither UTF-8 nor GB18030", where=str(path), remedy=remedy)


def _split(body: bytes, names: list[str]) -> tuple[pa.Table, list[tuple[int, str]]]:
    """Rows that fit, and the others as (record from 1, text)."""
    ragged: list[tuple[int, str]] = []

    def set_aside(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append((row.number, row.text))
        return "skip"

    if not body or not names:
        return pa.table([pa.array([], pa.string()) for _ in names], names=names), ragged
    try:
        found = pyarrow.csv.read_csv(
            pa.BufferReader(body),
            # One thread: only then are refused rows numbered.
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False,
                block_size=min(len(body) + 1, _BLOCK_BYTES_MAX),
                column_names=names,
            ),
            parse_options=pyarrow.csv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=set_aside
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        message = f"the text cannot be split into rows: {error}"
        raise InputError(message, remedy="look for a quote that is never closed") from error
    return found, ragged


def _distinct(header: list[str]) -> list[str]:
    """Names of columns; a second one of a name gets a number, so that it is skipped by name."""
    seen: dict[str, int] = {}
    names = []
    for name in header:
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _require(names: list[str], needed: list[str], path: Path) -> None:
    missing = [name for name in needed if name not in names]
    if missing:
        message = f"there is no column `{missing[0]}`"
        raise InputError(message, where=str(path), remedy=f"columns are {', '.join(needed)}, …")


def _parquet(path: Path) -> pa.Table:
    try:
        return pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError, ValueError) as error:
        message = f"it cannot be read: {error}"
        raise InputError(message, where=str(path), remedy="a file of `write_parquet`") from error


def _guarded(table: pa.Table) -> pa.Table:
    """An apostrophe in front of texts that begin like a formula, or with one."""
    return _where(table, _FORMULA, "^", "'")


def _unguarded(rows: Rows) -> Rows:
    doubled = tuple(f"'{sign}" for sign in _FORMULA)
    return Rows(_where(rows.columns, doubled, "^'", ""), rows.lines, rows.quarantine)


def _where(table: pa.Table, beginnings: tuple[str, ...], pattern: str, by: str) -> pa.Table:
    """A replacement in texts that begin so; most columns have none and stay as they are."""
    for place, each in enumerate(table.schema):
        if not pa.types.is_string(each.type):
            continue
        column = table[each.name]
        mask = pc.starts_with(column, beginnings[0])
        for beginning in beginnings[1:]:
            mask = pc.or_(mask, pc.starts_with(column, beginning))
        if pc.any(mask).as_py():
            changed = pc.replace_substring_regex(column, pattern, by, max_replacements=1)
            table = table.set_column(place, each.name, pc.if_else(mask, changed, column))
    return table


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',"\n') else name
