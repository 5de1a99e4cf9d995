"""Facts row by row, for formats that are written statement by statement."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from headrace.adapters.graph_formats.tables import plain

_ROWS = 20_000


def plain_rows(facts: pa.Table) -> Iterator[dict[str, Any]]:
    """Each fact as plain values by name; instants are microseconds since 1970, UTC."""
    flat = plain(facts)
    for place, each in enumerate(flat.schema):
        if pa.types.is_timestamp(each.type):
            flat = flat.set_column(place, each.name, flat[each.name].cast(pa.int64()))
    for start in range(0, flat.num_rows, _ROWS):
        yield from flat.slice(start, _ROWS).to_pylist()
