"""Transfers as values, for people and small batches, and as columns, for many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

import pyarrow as pa

from headrace.errors import InputError


class Kind(IntEnum):
    """What a transfer does."""

    POST = 0  # money moves (入账)
    HOLD = 1  # money is set aside until it is posted, voided, or the time is up (冻结)
    POST_HOLD = 2  # money that was set aside moves, in whole or part; the rest is free again (扣划)
    VOID_HOLD = 3  # what was set aside is free again (解冻)


SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("debit", pa.string(), nullable=False),
        pa.field("credit", pa.string(), nullable=False),
        pa.field("amount", pa.int64()),  # null: the whole of the hold
        pa.field("currency", pa.string(), nullable=False),
        pa.field("on", pa.date32(), nullable=False),
        pa.field("kind", pa.int8(), nullable=False),
        pa.field("linked", pa.bool_(), nullable=False),
        pa.field("timeout_seconds", pa.int32(), nullable=False),  # 0: none
        pa.field("refers_to", pa.string(), nullable=False),
        pa.field("contract", pa.string(), nullable=False),
        pa.field("fact", pa.string(), nullable=False),
        pa.field("memo", pa.string(), nullable=False),
    ]
)
"""Columns of a batch. Those from `kind` on may be missing from a table that is committed."""

BATCH_BYTES_MAX = 1 << 29  # a database holds a batch as one value
TEXTS = ("id", "refers_to", "contract", "fact", "memo")
DEFAULTS = {
    "kind": int(Kind.POST),
    "linked": False,
    "timeout_seconds": 0,
    "refers_to": "",
    "contract": "",
    "fact": "",
    "memo": "",
}


@dataclass(frozen=True)
class Transfer:
    """One amount from the credit of one account to the debit of another (分录).

    Attributes:
        id: Idempotency key for ever, 1 to 128 bytes of UTF-8: the same again is done once.
        debit: Id of the account that is debited (借).
        credit: Id of the account that is credited (贷).
        amount: Minor units, above 0; None takes the whole of a hold.
        on: The day it counts for (会计日期).
        currency: That of both accounts.
        kind: What it does.
        linked: It stands or falls with the next one of its batch.
        timeout_seconds: A hold is free again so long after it was known; 0: never.
        refers_to: Id of the hold that it posts or voids, or of the transfer that it adjusts.
        contract: About which contract it is; empty where none.
        fact: Id of the fact, event or decision behind it; empty where none.
        memo: The business act, in lower case with underscores.
    """

    id: str
    debit: str
    credit: str
    amount: int | None
    on: date
    currency: str = "CNY"
    kind: Kind = Kind.POST
    linked: bool = False
    timeout_seconds: int = 0
    refers_to: str = ""
    contract: str = ""
    fact: str = ""
    memo: str = ""


def table_of(transfers: Sequence[Transfer]) -> pa.Table:
    """Transfers as columns of `SCHEMA`.

    Raises:
        InputError: A value is not of its column's type, such as an amount beyond int64.
    """
    columns = {name: [getattr(each, name) for each in transfers] for name in SCHEMA.names}
    try:
        return pa.Table.from_pydict(columns, SCHEMA)
    except (pa.ArrowException, OverflowError, TypeError, UnicodeEncodeError) as error:
        raise InputError(f"A transfer holds what it cannot: {error}") from error


def values_of(table: pa.Table) -> tuple[Transfer, ...]:
    """The transfers that columns of `SCHEMA` hold."""
    return tuple(
        Transfer(**{**row, "kind": Kind(row["kind"])})
        for row in table.select(SCHEMA.names).to_pylist()
    )


def whole_table(table: pa.Table) -> pa.Table:
    """A table that was given, with every column of `SCHEMA` in its type and order.

    Raises:
        InputError: A column is missing or holds another type, or all of them are too large.
    """
    if table.nbytes > BATCH_BYTES_MAX:
        raise InputError(
            f"A batch has {table.nbytes:,} bytes",
            where="transfers",
            remedy=f"Split it below {BATCH_BYTES_MAX:,}",
        )
    columns = []
    for field in SCHEMA:
        if field.name in table.column_names:
            column = table[field.name]
        elif field.name in DEFAULTS:
            column = pa.repeat(pa.scalar(DEFAULTS[field.name], field.type), table.num_rows)
        else:
            raise InputError(
                f"A batch of transfers has no column {field.name!r}",
                where=", ".join(table.column_names),
                remedy=f"Give {', '.join(SCHEMA.names[:6])}",
            )
        try:
            columns.append(column.cast(field.type))
        except pa.ArrowException as error:
            raise InputError(
                f"Column {field.name!r} cannot be read as {field.type}: {error}",
                where=field.name,
            ) from error
    return pa.Table.from_arrays(columns, schema=SCHEMA)
