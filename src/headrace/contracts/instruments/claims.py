"""What backs a financing, as a table: invoices, orders, receipts, goods, each with who lent on it.

Vouchers, factoring, order loans and pledges all enter here under the paper behind them, so that
the same paper is seen across products. An answer of the unified register (中登网查询结果) enters as
rows with `source` "register".
"""

from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

SCHEMA = pa.schema(
    [
        ("claim", pa.string()),
        ("financing", pa.string()),
        ("lender", pa.string()),
        ("kind", pa.string()),
        ("source", pa.string()),
        ("seller", pa.string()),
        ("buyer", pa.string()),
        ("number", pa.string()),
        ("order", pa.string()),
        ("day", pa.date32()),
        ("amount_minor", pa.int64()),
        ("financed_minor", pa.int64()),
        ("serial", pa.string()),
        ("batch", pa.string()),
        ("warehouse", pa.string()),
        ("location", pa.string()),
        ("held_from", pa.date32()),
        ("held_until", pa.date32()),
    ]
)
"""One row for each thing that backs a financing that is still open; null where it does not apply.

`kind` is a `Kind`; `seller` of goods is the owner; `number` that of the invoice, order or receipt
(null in a register's blanket entry: all receivables of the seller); `order` the order behind an
invoice; `amount_minor` of the paper, `financed_minor` lent on it; `held_until` null: not ended.
"""


class Kind(StrEnum):
    """What backs a financing."""

    INVOICE = "invoice"
    ORDER = "order"
    RECEIPT = "receipt"
    GOODS = "goods"


def claims(rows: list[dict[str, object]]) -> pa.Table:
    """A table of `SCHEMA`; what a row leaves out is null."""
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def normal(numbers: pa.ChunkedArray) -> pa.Array:
    """Numbers as they are compared: full-width as half-width, capitals, letters and digits only."""
    flat = numbers.combine_chunks() if isinstance(numbers, pa.ChunkedArray) else numbers
    coded = flat.dictionary_encode()
    folded = pc.utf8_upper(pc.utf8_normalize(coded.dictionary, form="NFKC"))
    plain = pc.replace_substring_regex(folded, r"[^\p{L}\p{N}]+", "")
    words = pc.if_else(pc.equal(plain, ""), pa.scalar(None, pa.string()), plain)
    return words.take(coded.indices)


def one_apart(one: str, other: str) -> bool:
    """Whether one character more, less or other, or two neighbours swapped, make them the same."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    short, long = sorted((one, other), key=len)
    at = next((i for i, c in enumerate(short) if c != long[i]), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at + 1 : at + 2] + short[at : at + 1] + short[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or swapped == long[at:]


def days(column: pa.ChunkedArray) -> pa.Array:
    """Days since 1970-01-01, null where the day is missing."""
    return pc.cast(column, pa.int32()).combine_chunks()
