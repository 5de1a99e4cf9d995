"""Which parties are firms."""

import pyarrow as pa
import pyarrow.compute as pc

FIRMS = ("company", "partnership", "branch", "other")
"""The types of party that trade and borrow as firms; a party without a type is taken as one."""


def is_firm(parties: pa.Table) -> pa.ChunkedArray:
    """Which party facts are of firms, as far as they say: people, funds and the state are not."""
    type_ = parties["type"].cast(pa.string())
    return pc.or_(pc.is_null(type_), pc.is_in(type_, value_set=pa.array(FIRMS)))
