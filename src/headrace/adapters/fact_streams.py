"""Facts as programs send them: Arrow, Parquet, CSV, lines of JSON; read a piece at a time."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from headrace.errors import InputError
from headrace.facts.arrivals import Sent, required
from headrace.facts.rows import RaggedRow
from headrace.facts.schema import FactSchema

PIECE = 1 << 17
BLOCK_BYTES = 1 << 24
LINE_BYTES_MAX = 1 << 20
JSON_TYPES = ("application/json", "text/json")
LINES_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
_ENCODINGS = {"utf-8", "utf8", "gb18030", "gbk", "gb2312", "us-ascii"}


@dataclass(frozen=True)
class Body:
    """What was sent.

    Attributes:
        path: A file that holds it.
        media_type: Of Content-Type, in lower case, without parameters.
        charset: Of Content-Type; utf-8 where it says none.
    """

    path: Path
    media_type: str
    charset: str = "utf-8"


def read_body(body: Body, schema: FactSchema) -> Iterator[Sent]:
    """The rows, a piece at a time.

    Raises:
        InputError: It is of no form that can be read, or is not whole.
    """
    check_form_of(body.media_type)
    try:
        yield from READERS[body.media_type](body, schema)
    except (pa.ArrowException, OSError, ValueError, RecursionError) as error:
        told = str(error).splitlines()[0][:200] if str(error) else "it ends too early"
        raise InputError(
            f"this is not whole {body.media_type}: {told}",
            where="body",
            remedy="Send it again as a whole; it may have been cut off",
        ) from error


def check_form_of(media_type: str) -> None:
    """See that facts can be read in a form.

    Raises:
        InputError: They cannot.
    """
    if media_type not in READERS:
        raise InputError(
            f"`{media_type[:60]}` is no form in which facts are read",
            where="Content-Type",
            remedy=f"One of {', '.join(READERS)}",
        )


def _arrow(body: Body, _: FactSchema) -> Iterator[Sent]:
    with pa.memory_map(str(body.path)) as file, pa.ipc.open_stream(file) as stream:
        yield from _numbered(stream, stream.schema)


def _parquet(body: Body, _: FactSchema) -> Iterator[Sent]:
    with pq.ParquetFile(body.path) as file:
        yield from _numbered(file.iter_batches(PIECE, use_threads=False), file.schema_arrow)


def _numbered(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[Sent]:
    """Batches put together to pieces, with the numbers of their rows."""
    done, waiting, count = 0, [], 0
    for batch in batches:
        batch.validate(full=True)
        waiting.append(batch)
        count += batch.num_rows
        if count >= PIECE:
            yield _piece(pa.Table.from_batches(waiting, schema), done)
            done, waiting, count = done + count, [], 0
    if waiting or not done:
        yield _piece(pa.Table.from_batches(waiting, schema), done)


def _piece(table: pa.Table, done: int) -> Sent:
    """Without `row`, which we count ourselves: so what was exported here can be sent again."""
    if "row" in table.column_names:
        table = table.drop_columns(["row"])
    return Sent(table, np.arange(done + 1, done + 1 + table.num_rows))


def _csv(body: Body, schema: FactSchema) -> Iterator[Sent]:
    if body.charset.lower() not in _ENCODINGS:
        raise InputError(
            f"the encoding `{body.charset[:40]}` is not read here",
            where="Content-Type",
            remedy="charset=utf-8 or charset=gb18030",
        )
    refused: list[RaggedRow] = []

    def set_aside(row: pyarrow.csv.InvalidRow) -> str:
        refused.append(RaggedRow(row.number - 1, (row.text or "")[:200]))  # the header is the first
        return "skip"

    with pyarrow.csv.open_csv(
        body.path,
        # One thread: only then are refused rows numbered.
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False, block_size=BLOCK_BYTES, encoding=body.charset
        ),
        parse_options=pyarrow.csv.ParseOptions(
            newlines_in_values=True, ignore_empty_lines=True, invalid_row_handler=set_aside
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={field.name: pa.string() for field in schema.stored},  # nothing is guessed
            strings_can_be_null=True,
            null_values=[""],
        ),
    ) as stream:
        yield from _with_ragged(stream, refused)


def _with_ragged(stream: Iterable[pa.RecordBatch], refused: list[RaggedRow]) -> Iterator[Sent]:
    """Pieces, each with the rows that were refused up to its end."""
    done = told = 0
    for batch in stream:
        numbers: list[int] = []
        number, held = done, {each.row for each in refused[told:]}
        while len(numbers) < batch.num_rows:
            number += 1
            if number not in held:
                numbers.append(number)
        until = [each for each in refused[told:] if each.row <= number]
        done, told = number, told + len(until)
        yield _kept(batch, numbers, until)
    if refused[told:]:
        yield _kept(stream.schema.empty_table(), [], refused[told:])  # type: ignore[attr-defined]  # of pyarrow's reader


def _kept(rows: pa.RecordBatch | pa.Table, numbers: list[int], ragged: list[RaggedRow]) -> Sent:
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
    if "row" in table.column_names:
        table = table.drop_columns(["row"])
    return Sent(table, np.array(numbers, dtype=np.int64), tuple(ragged))


def _lines(body: Body, schema: FactSchema) -> Iterator[Sent]:
    with body.path.open("rb") as file:
        numbered = enumerate(iter(lambda: file.readline(LINE_BYTES_MAX), b""), start=1)
        filled = ((number, line) for number, line in numbered if line.strip())
        while piece := list(islice(filled, PIECE)):
            yield _objects([(number, _loaded(line)) for number, line in piece], schema)


def _json(body: Body, schema: FactSchema) -> Iterator[Sent]:
    told = json.loads(body.path.read_bytes())
    rows = told if isinstance(told, list) else [told]
    for start in range(0, max(len(rows), 1), PIECE):
        piece = rows[start : start + PIECE]
        yield _objects(list(enumerate(piece, start=start + 1)), schema)


def _loaded(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return line.decode(errors="replace")


def _objects(rows: list[tuple[int, object]], schema: FactSchema) -> Sent:
    """Objects as columns of text; one that is none, or has a field that is none, fits no column."""
    known = {field.name for field in schema.stored}
    fits = [(at, each) for at, each in rows if isinstance(each, dict) and each.keys() <= known]
    at_fit = {at for at, _ in fits}
    ragged = tuple(
        RaggedRow(at, json.dumps(each, ensure_ascii=False)[:200])
        for at, each in rows
        if at not in at_fit
    )
    needed = required(schema)
    names = [
        field.name
        for field in schema.stored
        if field.name != "row"
        and (field.name in needed or any(each.get(field.name) is not None for _, each in fits))
    ]
    columns = {
        name: pa.array([_text(each.get(name)) for _, each in fits], pa.string()) for name in names
    }
    numbers = np.array([at for at, _ in fits], dtype=np.int64)
    return Sent(pa.table(columns), numbers, ragged)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


READERS: Mapping[str, Callable[[Body, FactSchema], Iterator[Sent]]] = {
    "application/vnd.apache.arrow.stream": _arrow,
    "application/vnd.apache.parquet": _parquet,
    "text/csv": _csv,
    **dict.fromkeys(LINES_TYPES, _lines),
    **dict.fromkeys(JSON_TYPES, _json),
}
"""By media type."""
