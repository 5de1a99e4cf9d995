"""A column as it comes, as numbers or as texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from headrace.scores.binning.problem import BinningError

Floats = NDArray[np.float64]
Values: TypeAlias = pa.Array | pa.ChunkedArray | NDArray[Any] | Sequence[Any]
"""Numbers (NaN or null for missing) or texts (null for missing)."""


@dataclass(frozen=True)
class Texts:
    """A categorical column.

    Attributes:
        codes: int32 (n,): place of the row's category in `names`, -1 for missing.
        names: Categories, each once, in no particular order.
    """

    codes: NDArray[np.int32]
    names: tuple[str, ...]


def column_of(values: Values, feature: str) -> Floats | Texts:
    """The column as float64 with NaN for missing, or as categories.

    Raises:
        BinningError: If it is neither numbers nor texts.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub" and values.ndim == 1:
        return np.ascontiguousarray(values, np.float64)
    try:
        array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise _neither(feature, str(error)) from error
    kind = array.type.value_type if pt.is_dictionary(array.type) else array.type
    if pt.is_string_view(kind):
        array, kind = array.cast(pa.string()), pa.string()
    if pt.is_string(kind) or pt.is_large_string(kind):
        return _texts(array)
    if pt.is_dictionary(array.type):
        array = array.cast(kind)
    if not (pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind)
            or pt.is_boolean(kind) or pt.is_null(kind)):  # fmt: skip
        raise _neither(feature, str(kind))
    if pt.is_boolean(kind):
        array = array.cast(pa.int8())
    numbers = pc.fill_null(array.cast(pa.float64(), safe=False), np.nan)
    return np.ascontiguousarray(numbers.to_numpy(), np.float64)


def _texts(array: pa.Array | pa.ChunkedArray) -> Texts:
    encoded = array if pt.is_dictionary(array.type) else array.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):  # no chunk at all
            return Texts(np.empty(0, np.int32), ())
    names = encoded.dictionary.to_pylist()
    if len(set(names)) < len(names) or None in names:
        return _texts(encoded.dictionary.take(encoded.indices))
    codes = pc.fill_null(encoded.indices.cast(pa.int32()), -1)
    return Texts(np.ascontiguousarray(codes.to_numpy(), np.int32), tuple(names))


def _neither(feature: str, found: str) -> BinningError:
    return BinningError(
        f"it holds neither numbers nor texts: {found}",
        feature=feature,
        remedy="numbers with NaN or null for missing, or texts with null for missing;"
        " turn dates into a number of days first",
    )
