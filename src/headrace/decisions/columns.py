"""Which values of a column meet which tests: whole columns at once, each distinct test once."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.decisions.sfeel import Anything, Equal, NoneOf, Range, Test, branches, literal_kind

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Column:
    """One input of a batch.

    Attributes:
        kind: number, text or truth value; missing value where every value is missing.
        values: Numbers, truth values, or for text the code of each value in `texts`.
        present: False where the value is missing (null or NaN).
        texts: The distinct texts, each with its code.
    """

    kind: str
    values: NDArray[np.generic]
    present: Bools
    texts: dict[str, int]


def read_column(array: pa.ChunkedArray | pa.Array) -> Column | None:
    """The column as numpy sees it; None for a type that no test can be asked of (dates, lists)."""
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _text_column(array)
    if pa.types.is_decimal(kind):
        array, kind = array.cast(pa.float64()), pa.float64()
    present = np.asarray(pc.is_valid(array))
    if pa.types.is_null(kind):
        return Column("missing value", present, present, {})
    if pa.types.is_boolean(kind):
        return Column("truth value", np.asarray(pc.fill_null(array, fill_value=False)), present, {})
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return None
    values = np.asarray(pc.fill_null(array, 0))
    return Column("number", values, present & ~np.isnan(values), {})


def _text_column(array: pa.ChunkedArray | pa.Array) -> Column:
    encoded = array if pa.types.is_dictionary(array.type) else pc.dictionary_encode(array)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # some versions keep one chunk or none
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], encoded.type)
    codes = np.asarray(pc.fill_null(encoded.indices, -1))
    texts = encoded.dictionary.to_pylist()
    present = codes >= 0
    return Column("text", codes, present, {text: code for code, text in enumerate(texts)})


def meets(test: Test, column: Column) -> Bools:
    """Where the column's value is known to meet the test; a literal of another type never is."""
    if isinstance(test, Anything):
        return np.ones(len(column.present), dtype=np.bool_)
    met = np.zeros(len(column.present), dtype=np.bool_)
    for branch in branches(test):
        met |= _meets_simple(branch, column)
    if isinstance(test, NoneOf):
        return ~met & column.present
    return met


def _meets_simple(test: Equal | Range, column: Column) -> Bools:
    if isinstance(test, Range):
        return _in_range(test, column)
    value = test.value
    if value is None:
        return ~column.present
    if literal_kind(value) != column.kind:
        return np.zeros(len(column.present), dtype=np.bool_)
    if isinstance(value, str):
        sought: int | float | bool = column.texts.get(value, -1)
    else:
        sought = _comparable(value, column) if isinstance(value, Decimal) else value
    return np.asarray(column.present & (column.values == sought), dtype=np.bool_)


def _in_range(test: Range, column: Column) -> Bools:
    if column.kind != "number":
        return np.zeros(len(column.present), dtype=np.bool_)
    met = column.present.copy()
    if test.low is not None:
        low = _comparable(test.low, column)
        met &= column.values >= low if test.low_closed else column.values > low  # type: ignore[operator]  # kind is number
    if test.high is not None:
        high = _comparable(test.high, column)
        met &= column.values <= high if test.high_closed else column.values < high  # type: ignore[operator]  # kind is number
    return met


def _comparable(number: Decimal, column: Column) -> int | float:
    """Exact for whole numbers of integer columns; otherwise the double that a person would mean."""
    whole = number == number.to_integral_value()
    if whole and np.issubdtype(column.values.dtype, np.integer):
        return int(number)
    return float(number)
