"""Records as arrays: what comparisons and keys are computed from."""

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.graph.identity.firm_names import FirmColumn, firm_column, stirred, text_hashes
from headrace.graph.identity.settings import FirmNameComparison, Part, Rule, Settings
from headrace.graph.identity.writing import Flat, flat, folded

SOURCES_MAX = 63


@dataclass(frozen=True)
class TextColumn:
    """Folded texts with a hash each, 0 where missing."""

    texts: Flat
    hashes: NDArray[np.uint64]


@dataclass(frozen=True)
class SetColumn:
    """Hashes of the items of each row's set, sorted; row r's from `at[r]` to `at[r + 1]`."""

    items: NDArray[np.uint64]
    at: NDArray[np.int64]


Column = TextColumn | SetColumn | FirmColumn
Anything = TypeVar("Anything", bound=Flat | TextColumn | SetColumn | FirmColumn)


@dataclass(frozen=True)
class Records:
    """Records ready to be compared.

    Attributes:
        columns: By field.
        source: int16 (n,): where each comes from, -1 where that does not matter.
        marks: uint64 (n,): a hash of each record's id: what ties are broken by, so that the order
            in which records came never matters.
    """

    columns: dict[str, Column]
    source: NDArray[np.int16]
    marks: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.marks)


@dataclass(frozen=True)
class Keys:
    """The keys of one rule, each with the row that has it.

    Attributes:
        keys: uint64, never 0.
        rows: int32.
        one_each: Whether no row has two.
    """

    keys: NDArray[np.uint64]
    rows: NDArray[np.int32]
    one_each: bool


def records_of(
    table: pa.Table, ids: pa.StringArray, settings: Settings, sources: dict[str, int]
) -> Records:
    """Fold, take apart and hash what the settings name.

    Args:
        table: One row a record.
        ids: (n,) their ids.
        settings: What is compared, and what keys are made of.
        sources: Numbers of the sources known so far; new ones are added to it.

    Raises:
        InputError: The table lacks a column, or there are more sources than a party can have.
    """
    names = {c.field for c in settings.comparisons if isinstance(c, FirmNameComparison)}
    wanted = [part.field.split(".")[0] for rule in settings.rules for part in rule.parts]
    wanted += [each.split(".")[0] for each in settings.single]
    wanted += [comparison.field for comparison in settings.comparisons]
    columns = {}
    for field in dict.fromkeys(wanted):
        if field not in table.column_names:
            remedy = "give the column, null where nothing is known"
            raise InputError("A column that is compared is missing", where=field, remedy=remedy)
        columns[field] = _column(table[field].combine_chunks(), is_name=field in names)
    source = np.full(table.num_rows, -1, np.int16)
    if settings.source is not None:
        source = _sources(table[settings.source].to_pylist(), sources)
    return Records(columns, source, text_hashes(flat(ids)))


def _column(values: pa.Array, *, is_name: bool) -> Column:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        sizes = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False)
        at = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        items = values.flatten().cast(pa.string())
        return firm_column(items, at) if is_name else _set_column(items, at)
    values = values.cast(pa.string())
    if is_name:
        return firm_column(values)
    texts = folded(flat(values))
    return TextColumn(texts, text_hashes(texts))


def _set_column(items: pa.StringArray, at: NDArray[np.int64]) -> SetColumn:
    hashes = text_hashes(folded(flat(items)))
    rows = np.repeat(np.arange(len(at) - 1), np.diff(at))
    order = np.lexsort((hashes, rows))
    hashes, rows = hashes[order], rows[order]
    new = hashes != 0
    new[1:] &= (hashes[1:] != hashes[:-1]) | (rows[1:] != rows[:-1])
    sizes = np.bincount(rows[new], minlength=len(at) - 1)
    return SetColumn(hashes[new], np.concatenate([[0], np.cumsum(sizes)]))


def _sources(values: list[object], known: dict[str, int]) -> NDArray[np.int16]:
    for value in values:
        known.setdefault(str(value), len(known))
    if len(known) > SOURCES_MAX:
        raise InputError(f"More than {SOURCES_MAX} sources that each know a party once")
    return np.array([known[str(value)] for value in values], np.int16)


def keys_of(records: Records, rule: Rule) -> Keys:
    """Every key that a rule gives the records."""
    rows = np.arange(len(records), dtype=np.int32)
    keys = np.ones(len(records), np.uint64)
    one_each = True
    for part in rule.parts:
        values, at = part_values(records, part)
        if at is not None:
            places, repeats = _spread(at, rows)
            keys, rows, values = np.repeat(keys, repeats), np.repeat(rows, repeats), values[places]
            one_each &= bool((np.diff(at) <= 1).all())
        else:
            values = values[rows]
        keys = np.where((keys == 0) | (values == 0), np.uint64(0), stirred(keys, values))
    some = keys != 0
    keys, rows = keys[some], rows[some]
    if not one_each:
        order = np.lexsort((rows, keys))
        keys, rows = keys[order], rows[order]
        new = np.ones(len(keys), np.bool_)
        new[1:] = (keys[1:] != keys[:-1]) | (rows[1:] != rows[:-1])
        keys, rows = keys[new], rows[new]
    return Keys(keys, rows, one_each)


def _spread(
    at: NDArray[np.int64], rows: NDArray[np.int32] | NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of all values of some rows, and how many each row has."""
    sizes = np.diff(at)[rows]
    ends = np.cumsum(sizes)
    return np.arange(sizes.sum()) + np.repeat(at[rows] - (ends - sizes), sizes), sizes


def part_values(
    records: Records, part: Part
) -> tuple[NDArray[np.uint64], NDArray[np.int64] | None]:
    """The values of a part as hashes, 0 where missing.

    Returns:
        The values, and where each row's start; None where each row has one.
    """
    field, _, inner = part.field.partition(".")
    column = records.columns[field]
    if isinstance(column, TextColumn):
        return (text_hashes(column.texts, part.first) if part.first else column.hashes), None
    if isinstance(column, SetColumn):
        return column.items, column.at
    values = getattr(column, inner or "trade").astype(np.uint64)
    plain = len(column.name_at) == len(values) + 1 and bool((np.diff(column.name_at) == 1).all())
    return values, None if plain else column.name_at


def single_values(records: Records, single: tuple[str, ...]) -> NDArray[np.uint64]:
    """Values of which a party has one, (n, fields); a row's first where it has several."""
    found = np.zeros((len(records), len(single)), np.uint64)
    for place, field in enumerate(single):
        values, at = part_values(records, Part(field))
        if at is None:
            found[:, place] = values
        else:
            some = np.flatnonzero(np.diff(at))
            found[some, place] = values[at[some]]
    return found


def joined(one: Records, other: Records) -> Records:
    """Records of one behind another."""
    columns = {name: _joined(column, other.columns[name]) for name, column in one.columns.items()}
    return Records(
        columns,
        np.concatenate([one.source, other.source]),
        np.concatenate([one.marks, other.marks]),
    )


def _joined(one: Anything, other: Anything) -> Anything:
    """Any column behind another: offsets go on, arrays are joined, parts are joined likewise."""
    parts = {}
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, Flat):
            parts[field.name] = _joined(a, b)
        elif field.name in ("at", "name_at"):
            parts[field.name] = np.concatenate([a[:-1], b + a[-1]])
        else:
            parts[field.name] = np.concatenate([a, b])
    return replace(one, **parts)


def taken(records: Records, rows: NDArray[np.int64]) -> Records:
    """Some records, in the order given."""
    columns = {name: _taken(column, rows) for name, column in records.columns.items()}
    return Records(columns, records.source[rows], records.marks[rows])


def _taken(column: Column, rows: NDArray[np.int64]) -> Column:
    if isinstance(column, TextColumn):
        return TextColumn(column.texts.take(rows), column.hashes[rows])
    at = column.at if isinstance(column, SetColumn) else column.name_at
    places, sizes = _spread(at, rows)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    if isinstance(column, SetColumn):
        return SetColumn(column.items[places], starts)
    arrays = {
        field.name: getattr(column, field.name)[places]
        for field in fields(column)
        if field.name not in ("name_at", "trades")
    }
    return FirmColumn(name_at=starts, trades=column.trades.take(places), **arrays)
