"""Cells of one column on their way to values: each distinct text is looked at once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.facts import rules
from headrace.facts.rules import Rule

Int64 = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Control characters except the blanks (which trimming removes), zero-width marks and the BOM.
_INVISIBLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{200b}-\x{200d}\x{2060}\x{feff}]"


def plain(table: pa.Table) -> pa.Table:
    """The table with texts in place of dictionaries; for few rows."""
    fields = [
        field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one table writes its cells.

    Attributes:
        zone: IANA name; a date without a time is a day of this zone.
        minor_per_major: What an amount is multiplied by: 100 for yuan to fen, 1 for fen.
        number_width: Digits to which a number is padded; 0: left as it is.
        date_order: "dmy", "mdy" or empty: told from the column.
        values: Cleaned text of a choice -> the choice, for the field at hand.
    """

    zone: str
    minor_per_major: int = 100
    number_width: int = 0
    date_order: str = ""
    values: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Rows whose cell cannot be read.

    Attributes:
        rule: Why.
        rows: Positions in the column, from 0, increasing.
    """

    rule: Rule
    rows: Int64


@dataclass(frozen=True, slots=True)
class Change:
    """Cells that were brought to another form.

    Attributes:
        rule: How.
        rows: How many.
        example: One of them, before and after.
    """

    rule: Rule
    rows: int
    example: str


@dataclass(frozen=True, slots=True)
class Coerced:
    """What a column of cells became.

    Attributes:
        values: In the stored type; null where the cell is missing or refused.
        refusals: The cells that cannot be read.
        changes: What was normalised.
    """

    values: pa.Array
    refusals: tuple[Refusal, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Distinct:
    """A column as its distinct cleaned texts.

    Attributes:
        texts: Distinct texts; none is null, none is empty.
        place: Row -> position in `texts`; -1 where the cell is missing.
        counts: Number of rows of each text.
    """

    texts: pa.Array
    place: Int64
    counts: Int64

    def rows(self, chosen: Mask) -> Int64:
        """The rows whose text is chosen."""
        return np.flatnonzero(np.append(chosen, [False])[self.place])

    def spread(self, values: pa.Array) -> pa.Array:
        """A value for each text, as a value for each row; null where the cell is missing."""
        return values.take(pa.array(self.place, mask=self.place < 0))

    def change(self, rule: Rule, chosen: Mask, after: pa.Array) -> tuple[Change, ...]:
        """The note that the chosen texts were read as `after`; empty where none is chosen."""
        return _changed(rule, self.texts, after, chosen, self.counts)


def text_of(cells: pa.ChunkedArray) -> pa.Array:
    """Any column of scalars as text; a float that is not a number is missing."""
    column = cells.combine_chunks()
    if isinstance(column.type, pa.ExtensionType | pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    if pa.types.is_decimal(column.type):
        column = pc.cast(column, pa.string())
        return pc.replace_substring_regex(column, r"(\.\d*?)0+$", r"\1")
    return pc.cast(column, pa.string())


def distinct(cells: pa.ChunkedArray) -> tuple[Distinct, tuple[Change, ...]]:
    """The distinct texts of a column after cleaning, and what cleaning changed."""
    encoded = text_of(cells).dictionary_encode()
    place = _codes(encoded)
    raw = encoded.dictionary
    counts = np.bincount(place[place >= 0], minlength=len(raw)).astype(np.int64)
    cleaned, changes = _clean(raw, counts)
    again = pc.if_else(pc.equal(cleaned, ""), None, cleaned).dictionary_encode()
    place = np.append(_codes(again), [-1])[place]
    counts = np.bincount(place[place >= 0], minlength=len(again.dictionary)).astype(np.int64)
    return Distinct(again.dictionary, place, counts), changes


def numpy_mask(condition: pa.Array | pa.ChunkedArray) -> Mask:
    """A condition as a mask; null is False."""
    if isinstance(condition, pa.ChunkedArray):
        condition = condition.combine_chunks()
    mask: Mask = pc.fill_null(condition, fill_value=False).to_numpy(zero_copy_only=False)
    return mask


def is_in(column: pa.ChunkedArray, values: pa.Array) -> Mask:
    """Which cells hold one of some texts; of a column of codes each word is looked at once."""
    if not pa.types.is_dictionary(column.type):
        return numpy_mask(pc.is_in(column, value_set=values))
    masks = []
    for chunk in column.chunks:
        hit = np.append(numpy_mask(pc.is_in(chunk.dictionary, value_set=values)), False)
        masks.append(hit[pc.fill_null(chunk.indices, -1).to_numpy(zero_copy_only=False)])
    return np.concatenate(masks) if masks else np.zeros(0, np.bool_)


def clean_text(text: str) -> str:
    """One text as a cell would be cleaned, so that mapping and cells are compared alike."""
    cleaned, _ = _clean(pa.array([text], pa.string()), np.ones(1, dtype=np.int64))
    return str(cleaned[0].as_py())


def _codes(encoded: pa.DictionaryArray) -> Int64:
    codes: Int64 = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return codes.astype(np.int64)


def _clean(texts: pa.Array, counts: Int64) -> tuple[pa.Array, tuple[Change, ...]]:
    changes: list[Change] = []
    for rule, step in _CLEANING:
        after = step(texts)
        changed = numpy_mask(pc.not_equal(texts, after))
        changes += _changed(rule, texts, after, changed, counts)
        texts = after
    return texts, tuple(changes)


_CLEANING: Iterable[tuple[Rule, Callable[[pa.Array], pa.Array]]] = (
    (
        rules.CONTROL_CHARACTERS,
        lambda texts: pc.replace_substring_regex(texts, pattern=_INVISIBLE, replacement=""),
    ),
    (rules.FOLD_WIDTH, lambda texts: pc.utf8_normalize(texts, form="NFKC")),
    (rules.TRIM_TEXT, pc.utf8_trim_whitespace),
)


def _changed(
    rule: Rule, before: pa.Array, after: pa.Array, chosen: Mask, counts: Int64
) -> tuple[Change, ...]:
    rows = int(counts[chosen].sum())
    if not rows:
        return ()
    first = int(np.flatnonzero(chosen & (counts > 0))[0])
    return (Change(rule, rows, f"{before[first].as_py()!r} -> {after[first].as_py()!r}"),)
