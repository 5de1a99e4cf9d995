"""From a column of cells as exported to a column of a field: one function for each type."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.facts import amounts, dates, rules
from headrace.facts.cells import Change, Coerced, Dialect, Distinct, Refusal, distinct, numpy_mask
from headrace.facts.schema import Field, FieldType

_NUMBERS = ("number", "corrects_number")
_LARGEST_CODE = 10**15  # from here on a float, and Excel, lose digits of a code


def coerce(cells: pa.ChunkedArray, field: Field, dialect: Dialect) -> Coerced:
    """Cells of any scalar Arrow type as values of a field.

    Every cell that cannot be read is a refusal, and every cell that was brought to another form
    is counted in a change: nothing is guessed in silence.
    """
    return _BY_TYPE[field.type](cells, field, dialect)


def _text(cells: pa.ChunkedArray, field: Field, dialect: Dialect) -> Coerced:
    column, refusals, changes = _codes(cells, field, dialect)
    return Coerced(column.spread(column.texts), refusals, changes)


def _code(cells: pa.ChunkedArray, field: Field, dialect: Dialect) -> Coerced:
    column, refusals, changes = _codes(cells, field, dialect)
    if column.texts.null_count:
        return Coerced(column.spread(column.texts).dictionary_encode(), refusals, changes)
    places = pa.array(column.place.astype(np.int32), mask=column.place < 0)
    return Coerced(pa.DictionaryArray.from_arrays(places, column.texts), refusals, changes)


def _codes(
    cells: pa.ChunkedArray, field: Field, dialect: Dialect
) -> tuple[Distinct, tuple[Refusal, ...], tuple[Change, ...]]:
    """Distinct codes; those that a spreadsheet has rounded are refused, and null."""
    column, changes = distinct(cells)
    numeric = pa.types.is_floating(cells.type) or pa.types.is_integer(cells.type)
    damaged = numpy_mask(pc.match_substring_regex(column.texts, r"^\d(\.\d+)?[eE]\+\d+$"))
    if pa.types.is_floating(cells.type):
        size = np.abs(pc.cast(column.texts, pa.float64()).to_numpy(zero_copy_only=False))
        damaged |= ~(size < _LARGEST_CODE)
    refusals = (Refusal(rules.DAMAGED_CODE, column.rows(damaged)),) if damaged.any() else ()
    if numeric:
        changes += column.change(rules.NUMBER_AS_TEXT, ~damaged, column.texts)
    texts = column.texts
    if field.name in _NUMBERS and dialect.number_width:
        texts = _padded(texts, dialect.number_width)
        short = numpy_mask(pc.not_equal(texts, column.texts)) & ~damaged
        changes += column.change(rules.PAD_NUMBER, short, texts)
    if damaged.any():
        texts = pc.if_else(pa.array(damaged), None, texts)
    return Distinct(texts, column.place, column.counts), refusals, changes


def _padded(texts: pa.Array, width: int) -> pa.Array:
    digits = pc.match_substring_regex(texts, pattern=r"^\d+$")
    return pc.if_else(digits, pc.utf8_lpad(texts, width=width, padding="0"), texts)


def _choice(cells: pa.ChunkedArray, field: Field, dialect: Dialect) -> Coerced:
    column, changes = distinct(cells)
    known: Mapping[str, str] = {
        **{choice: choice for choice in field.choices},
        **(dialect.values or {}),
    }
    chosen = pa.array([known.get(text) for text in column.texts.to_pylist()], pa.string())
    unknown = numpy_mask(pc.is_null(chosen))
    refusals = (Refusal(rules.UNKNOWN_CHOICE, column.rows(unknown)),) if unknown.any() else ()
    return Coerced(column.spread(chosen).dictionary_encode(), refusals, changes)


def _money(cells: pa.ChunkedArray, _: Field, dialect: Dialect) -> Coerced:
    return amounts.money(cells, dialect)


def _rate(cells: pa.ChunkedArray, _: Field, __: Dialect) -> Coerced:
    return amounts.rate(cells)


def _integer(cells: pa.ChunkedArray, _: Field, __: Dialect) -> Coerced:
    return amounts.integer(cells)


def _instant(cells: pa.ChunkedArray, _: Field, dialect: Dialect) -> Coerced:
    return dates.instant(cells, dialect)


def _day(cells: pa.ChunkedArray, _: Field, dialect: Dialect) -> Coerced:
    return dates.day(cells, dialect)


_BY_TYPE: Mapping[FieldType, Callable[[pa.ChunkedArray, Field, Dialect], Coerced]] = {
    FieldType.TEXT: _text,
    FieldType.CODE: _code,
    FieldType.CHOICE: _choice,
    FieldType.MONEY: _money,
    FieldType.RATE: _rate,
    FieldType.INTEGER: _integer,
    FieldType.INSTANT: _instant,
    FieldType.DATE: _day,
}
