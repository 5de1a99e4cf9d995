"""A table that a user names, in any form banks export: its columns found by their headings."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.adapters.sources import READERS
from headrace.errors import InputError
from headrace.facts.headers import match_columns, plain
from headrace.facts.kinds import INVOICE
from headrace.facts.mapping import TableMapping
from headrace.facts.remarks import Note
from headrace.facts.rows import RaggedRow


@dataclass(frozen=True)
class UserTable:
    """A table as a user's file holds it.

    Attributes:
        columns: Those asked for that are there, named by their keys, cells as in the file.
        heads: Heading in the file of each key.
        rows: Data row in the file of each, from 1; int64 (n,).
        ragged: Rows of a text file with more or fewer cells than its header.
        others: Columns that nobody asked for, as in the file.
        notes: What the reader had to do to find the rows.
    """

    columns: pa.Table
    heads: Mapping[str, str]
    rows: NDArray[np.int64]
    ragged: tuple[RaggedRow, ...]
    others: pa.Table
    notes: tuple[Note, ...]

    @property
    def ignored(self) -> tuple[str, ...]:
        """Headings that nobody asked for."""
        return tuple(name for name in self.others.column_names if name)


def read_user_table(
    path: Path, headers: Mapping[str, tuple[str, ...]], needed: Collection[str]
) -> UserTable:
    """The columns of a file that are known by their headings.

    Args:
        path: CSV, TSV, TXT, XLSX, XLS, ODS or Parquet.
        headers: By key, the headings under which a column may stand.
        needed: Keys that must be there.

    Raises:
        InputError: The file cannot be read, a column is missing, or one stands twice.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        problem = f"a file that ends in {path.suffix or 'nothing'} cannot be read"
        raise InputError(problem, where=str(path), remedy=f"one of {', '.join(READERS)}")
    source = reader(_bytes(path), _mapping(path, headers), str(path))
    names = source.columns.column_names
    present = {plain(name) for name in names}
    wanted = {
        key: heads
        for key, heads in headers.items()
        if key in needed or present & {plain(head) for head in heads}
    }
    places = match_columns(names, _mapping(path, wanted), str(path))
    rows = np.arange(1, source.columns.num_rows + 1) if source.rows is None else source.rows
    return UserTable(
        pa.table([source.columns.column(at) for at in places.values()], names=list(places)),
        {key: names[at] for key, at in places.items()},
        np.asarray(rows, np.int64),
        source.ragged,
        source.columns.select([at for at in range(len(names)) if at not in places.values()]),
        source.notes,
    )


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        problem = f"it cannot be read: {told}"
        raise InputError(problem, where=str(path), remedy="check its name") from error
    if not data:
        raise InputError("the file is empty", where=str(path), remedy="export it again")
    return data


def _mapping(path: Path, headers: Mapping[str, tuple[str, ...]]) -> TableMapping:
    """What finds the header; the kind of fact is not looked at."""
    return TableMapping(path.stem, INVOICE, headers)
