"""What the leakage check looks at: features beside outcomes, and what is known of their dates."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Days = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows whose outcome is known. The more is said of dates, the more can be found.

    Attributes:
        table: The features that would enter a score, n rows: numbers, texts, booleans, dates.
        y: 1 bad, 0 good, (n,).
        known_after_outcome: Features that their schema marks as formed after the outcome.
        decided: Day of the decision, (n,); None where it is not known.
        known: Day on which each value became known, (n,) by feature; NaT where not known.
        ended: Day of the outcome, (n,), NaT where not known: of the bad at least.
        durations: Features counted back from one date: ages, months since.
        reference: That date, (n,); None where it is not known.
        cohort: Number of the window of time that a row was drawn from, (n,): a year, a split.
    """

    table: pa.Table
    y: Ints
    known_after_outcome: frozenset[str] = frozenset()
    decided: Days | None = None
    known: Mapping[str, Days] = field(default_factory=dict)
    ended: Days | None = None
    durations: frozenset[str] = frozenset()
    reference: Days | None = None
    cohort: Ints | None = None

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit the table.

        Raises:
            InputError: If lengths differ, an outcome is neither 0 nor 1, or a name is no column.
        """
        n = self.table.num_rows
        given = {"y": self.y, "decided": self.decided, "ended": self.ended, **self.known}
        given |= {"reference": self.reference, "cohort": self.cohort}
        for name, values in given.items():
            if values is not None and values.shape != (n,):
                raise InputError(f"{values.shape} values for {n} rows", where=f"Sample.{name}")
        if not np.isin(self.y, (0, 1)).all():
            raise InputError("an outcome is neither 0 nor 1", where="Sample.y")
        self._check_columns()
        names = self.known_after_outcome | self.durations | set(self.known)
        strangers = sorted(names - set(self.table.column_names))
        if strangers:
            raise InputError(
                f"no columns of the table: {strangers}", remedy=f"of {self.table.column_names}"
            )

    def _check_columns(self) -> None:
        names = self.table.column_names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"columns of one name: {', '.join(twice)}", where="Sample.table")
        for name in names:
            kind = self.table.schema.field(name).type
            if not _is_read(kind.value_type if pa.types.is_dictionary(kind) else kind):
                raise InputError(
                    f"column {name} is of {kind}",
                    where="Sample.table",
                    remedy="numbers, texts, booleans or dates",
                )

    def column(self, name: str) -> pa.Array:
        """A feature as one Arrow array."""
        column = self.table[name].combine_chunks()
        if pa.types.is_string_view(column.type):  # of which Arrow can filter none
            column = pc.cast(column, pa.string())
        return column


def _is_read(kind: pa.DataType) -> bool:
    of = pa.types
    kinds = (of.is_integer, of.is_floating, of.is_decimal, of.is_boolean, of.is_null, of.is_date,
             of.is_timestamp, of.is_string, of.is_large_string, of.is_string_view)  # fmt: skip
    return any(is_of(kind) for is_of in kinds)


def halves(rows: int) -> NDArray[np.bool_]:
    """Which half each row belongs to, (rows,): at random, and the same whenever it is asked.

    Not by their order: files are sorted, and outcomes may come in turns.
    """
    return np.asarray(np.random.default_rng(0).permutation(rows) % 2 == 0)


def is_text(column: pa.Array) -> bool:
    """Whether a column holds names and not numbers."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def numbers(column: pa.Array) -> Floats:
    """Numbers, booleans (0, 1) or dates (days) as float64; NaN for missing, (n,).

    Whole numbers beyond 2^53, such as numbers of contracts, are taken as the nearest double.
    """
    if pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.date32(), safe=False)
    if pa.types.is_date(column.type):
        column = pc.cast(pc.cast(column, pa.date32()), pa.int32())
    plain = pc.fill_null(pc.cast(column, pa.float64(), safe=False), float("nan"))
    return np.asarray(plain.to_numpy(zero_copy_only=False), np.float64)


def missing(column: pa.Array) -> NDArray[np.bool_]:
    """Which values are null or NaN, (n,)."""
    if is_text(column):
        return np.asarray(column.is_null().to_numpy(zero_copy_only=False), np.bool_)
    return np.isnan(numbers(column))


def codes(column: pa.Array) -> Ints:
    """A number for each distinct value, (n,); -1 for missing."""
    if is_text(column):
        plain = column
        if not pa.types.is_dictionary(column.type):
            plain = column.dictionary_encode()
        # Two entries of a dictionary may be one text; and its order says nothing.
        entries = np.array([str(each) for each in plain.dictionary.to_pylist()] or [""])
        number = np.unique(entries, return_inverse=True)[1]
        at = pc.fill_null(plain.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        return np.where(at < 0, -1, number[at])
    values = numbers(column)
    known = ~np.isnan(values)
    found = np.full(values.size, -1, np.int64)
    found[known] = np.unique(values[known], return_inverse=True)[1]
    return found
