"""CSV and TSV as banks export them: any usual encoding, delimiter, titles above the header."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from headrace.errors import InputError
from headrace.facts import rules
from headrace.facts.equal import Int64
from headrace.facts.headers import header_row, matches
from headrace.facts.mapping import TableMapping
from headrace.facts.remarks import Note
from headrace.facts.rows import RaggedRow, SourceTable

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = (",", "\t", ";")
_HEAD_BYTES = 1 << 18  # enough for the titles and the header
_HEAD_RECORDS = 40
_BLOCK_BYTES_MAX = 1 << 30


@dataclass(frozen=True, slots=True)
class _Head:
    """Where the header is.

    Attributes:
        delimiter: Between cells.
        header: Its cells.
        titles: The lines above it.
        body: Offset, in bytes of UTF-8, of the first data row.
    """

    delimiter: str
    header: list[str]
    titles: list[str]
    body: int


def read_delimited(data: bytes, table: TableMapping, file: str) -> SourceTable:
    """The rows of a text file, every cell as text.

    Rows with more or fewer cells than the header are kept apart, none is lost; blank rows at the
    end are not data.

    Args:
        data: The whole file.
        table: Its columns tell the header from titles above it; its encoding, if given, is used.
        file: Name for errors.

    Raises:
        InputError: If the bytes are in no known encoding.
    """
    text, encoding = _utf8(data, table.encoding, file)
    head = _find_head(text, table)
    try:
        columns, refused = _parse(text[head.body :], head)
    except pa.ArrowException as error:
        message = f"the text cannot be split into rows: {error}"
        remedy = "Look for a quote that is never closed, or export the file again"
        raise InputError(message, where=file, remedy=remedy) from error
    rows, ragged = _number(columns.num_rows, refused)
    kept = _without_blank_tail(columns)
    notes = [
        *_noted(rules.DECODED_TEXT, table, int(encoding not in ("utf-8", "utf-8-sig")), encoding),
        *_noted(rules.TITLE_LINES, table, len(head.titles), "; ".join(head.titles)),
        *_noted(
            rules.BLANK_TAIL, table, len(rows) - kept, f"after row {rows[:kept].max(initial=0)}"
        ),
    ]
    return SourceTable(
        mapping=table,
        file=file,
        columns=columns.slice(0, kept),
        rows=rows[:kept],
        ragged=ragged,
        notes=tuple(notes),
    )


def _noted(rule: rules.Rule, table: TableMapping, rows: int, example: str) -> Iterator[Note]:
    if rows:
        yield Note(rule, table.name, rows, example)


def _utf8(data: bytes, encoding: str, file: str) -> tuple[bytes, str]:
    """The text as UTF-8 without a byte order mark, and the encoding it was in."""
    for candidate in [encoding] if encoding else _candidates(data):
        try:
            text = data.decode(candidate)
        except (UnicodeDecodeError, UnicodeError):
            continue
        except LookupError as error:
            message = f"`{candidate}` is not an encoding"
            remedy = "Write utf-8, gb18030 or utf-16 in the mapping"
            raise InputError(message, where=file, remedy=remedy) from error
        return text.removeprefix("\ufeff").encode(), candidate
    tried = encoding or "UTF-8 or GB18030"
    message = f"the text is not {tried}"
    remedy = 'State the encoding in the mapping, encoding = "big5", or save the file as UTF-8'
    raise InputError(message, where=file, remedy=remedy)


def _candidates(data: bytes) -> list[str]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return [encoding]
    head = data[:_HEAD_BYTES]
    if head.count(0) * 4 > len(head):  # Latin digits in UTF-16: every other byte is zero
        return ["utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"]
    return ["utf-8", "gb18030"]


def _find_head(text: bytes, table: TableMapping) -> _Head:
    """The delimiter and row that carry most of the mapped headers."""
    lines = io.StringIO(text[:_HEAD_BYTES].decode(errors="ignore"), newline="")
    sample = list(lines)[: _HEAD_RECORDS * 2]
    best: tuple[tuple[int, int], _Head] | None = None
    for delimiter in _DELIMITERS:
        records = list(_records(sample, delimiter))
        if not records:
            break
        place = header_row([cells for cells, _ in records], table)
        header, end = records[place]
        rank = (matches(header, table), len(header))
        titles = [" ".join(filter(None, cells)) for cells, _ in records[:place] if any(cells)]
        head = _Head(delimiter, header, titles, len("".join(sample[:end]).encode()))
        if best is None or rank > best[0]:
            best = (rank, head)
    return best[1] if best else _Head(",", [], [], len(text))


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[list[str], int]]:
    """Records of the sample, and the number of lines each ends at."""
    reader = csv.reader([line.replace("\0", "") for line in lines], delimiter=delimiter)
    try:
        for cells in reader:
            yield cells, reader.line_num
            if reader.line_num >= _HEAD_RECORDS:
                return
    except csv.Error:  # a cell beyond the reader's limit: what was read so far is the head
        return


def _parse(body: bytes, head: _Head) -> tuple[pa.Table, list[RaggedRow]]:
    """Rows that fit the header; and those that do not, numbered as records from 1."""
    names = [str(place) for place in range(len(head.header))]
    texts = dict.fromkeys(names, pa.string())
    ragged: list[RaggedRow] = []

    def set_aside(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append(RaggedRow(row.number, row.text))
        return "skip"

    if not body or not names:
        return pa.table([pa.array([], pa.string()) for _ in names], names=head.header), ragged
    found = pyarrow.csv.read_csv(
        io.BytesIO(body),
        # One thread: only then are refused rows numbered.
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False,
            block_size=min(len(body) + 1, _BLOCK_BYTES_MAX),
            column_names=names,
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=head.delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=set_aside,
        ),
        convert_options=pyarrow.csv.ConvertOptions(column_types=texts, strings_can_be_null=False),
    )
    return found.rename_columns(head.header), ragged


def _number(count: int, ragged: list[RaggedRow]) -> tuple[Int64, tuple[RaggedRow, ...]]:
    """Row numbers of the rows that fit, and of those that do not.

    A quote that is never closed swallows the lines after it into one record: each of them is set
    aside as a row of its own, so that the account of rows holds.
    """
    lines = [(item.row, item.text.splitlines() or [""]) for item in ragged]
    total = count + len(ragged)
    width = np.ones(total, dtype=np.int64)
    fits = np.ones(total, dtype=np.bool_)
    for record, swallowed in lines:
        width[record - 1] = len(swallowed)
        fits[record - 1] = False
    first = np.cumsum(width) - width + 1
    apart = tuple(
        RaggedRow(int(first[record - 1]) + offset, line)
        for record, swallowed in lines
        for offset, line in enumerate(swallowed)
    )
    return first[fits], apart


def _without_blank_tail(columns: pa.Table) -> int:
    """How many rows are left when blank ones at the end are dropped."""
    kept = 0
    for column in columns.columns:
        filled = pc.not_equal(pc.utf8_trim_whitespace(column), "")
        places = np.flatnonzero(filled.combine_chunks().to_numpy(zero_copy_only=False))
        kept = max(kept, int(places[-1]) + 1 if len(places) else 0)
    return kept
