"""Rows to a table of a schema."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa


def table_of(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.Table:
    """A table with a column a field; no rows give an empty table of the same schema."""
    arrays = [
        pa.array([row[column] for row in rows], kind.type) for column, kind in enumerate(schema)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
