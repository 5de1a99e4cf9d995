"""Columns of numbers and of categories as channels of a network, missing values included.

A number becomes its normal score: the standard normal quantile of its mid-rank among the training
rows (van der Waerden 1952), straight between knots, so that neither units nor outliers matter. A
category becomes one channel each, all 0 for one that was not known or too rare in training. Every
column has one channel more, 1 where it is missing; its other channels are then 0, which is the
median of a number. Masking noise says "missing" in the same way (Vincent and others 2010, section
3.3; Gondara and Wang 2018), so a network that was trained with it knows what to do with a missing
value even in a column that never had one.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtri

from headrace.errors import InputError
from headrace.scores.binning.columns import Texts, column_of

Floats = NDArray[np.float64]
Features: TypeAlias = Floats | pa.Table
FARTHEST = 3.0  # normal score of the outermost knots at most
LARGEST = 1e300  # number that a model can be fitted on and saved with


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """A column of numbers.

    Attributes:
        name: Of the column.
        at: Values of the knots, rising, (knots,), one or more.
        to: Normal scores there, never falling, (knots,); beyond the ends they stay.
    """

    name: str
    at: Floats
    to: Floats

    @property
    def width(self) -> int:
        """Channels: the score, and whether it is missing."""
        return 2

    def channels(self, values: Floats | Texts) -> Floats:
        """The channels of n values, (n, 2).

        Raises:
            InputError: If they are texts, or one is infinite.
        """
        if isinstance(values, Texts):
            raise _unlike(self.name, "texts", "numbers")
        _refuse(np.isinf(values), self.name)
        missing = np.isnan(values)
        scores = np.interp(np.where(missing, self.at[0], values), self.at, self.to)
        return np.column_stack([np.where(missing, 0.0, scores), missing])


@dataclass(frozen=True)
class CategoryColumn:
    """A column of categories.

    Attributes:
        name: Of the column.
        known: Categories with a channel of their own, each once.
    """

    name: str
    known: tuple[str, ...]

    @property
    def width(self) -> int:
        """Channels: one a known category, and whether it is missing."""
        return len(self.known) + 1

    def channels(self, values: Floats | Texts) -> Floats:
        """The channels of n values, (n, width).

        Raises:
            InputError: If they are numbers.
        """
        if not isinstance(values, Texts):
            if np.isnan(values).all():  # a column without a value has no type of its own
                values = Texts(np.full(values.size, -1, np.int32), ())
            else:
                raise _unlike(self.name, "numbers", "texts")
        place = {name: at for at, name in enumerate(self.known)}
        other = self.width  # a channel that is cut off again
        to = np.array([*(place.get(name, other) for name in values.names), self.width - 1])
        found = np.zeros((values.codes.size, self.width + 1))
        found[np.arange(values.codes.size), to[values.codes]] = 1.0
        return found[:, :-1]


Column: TypeAlias = NumberColumn | CategoryColumn


@dataclass(frozen=True, eq=False)
class Encoding:
    """How the columns of a table become channels.

    Attributes:
        columns: In the order of their channels, one or more.
    """

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(each.name for each in self.columns)

    @cached_property
    def owner(self) -> NDArray[np.int64]:
        """Place of the column that each channel belongs to, (channels,)."""
        return np.repeat(np.arange(len(self.columns)), [each.width for each in self.columns])

    @cached_property
    def missing_at(self) -> NDArray[np.int64]:
        """Place of the channel that says "missing", of each column, (columns,)."""
        return np.cumsum([each.width for each in self.columns]) - 1

    @cached_property
    def is_score(self) -> NDArray[np.bool_]:
        """Whether a channel holds a normal score; others hold 0 or 1, (channels,)."""
        kinds = [
            (True, False) if isinstance(each, NumberColumn) else (False,) * each.width
            for each in self.columns
        ]
        return np.concatenate(kinds).astype(np.bool_)

    def encoded(self, x: Features) -> Floats:
        """Channels of n rows, (n, channels).

        Args:
            x: A table with these columns and perhaps others, or numbers (n, columns) in this order.

        Raises:
            InputError: If a column is not there, not of its kind, or holds an infinite number.
        """
        table = as_table(x)
        absent = [name for name in self.names if name not in table.column_names]
        if absent:
            raise InputError(
                f"columns that are not there: {', '.join(absent)}",
                where="input of the model",
                remedy=f"it needs {', '.join(self.names)}",
            )
        parts = [each.channels(column_of(table[each.name], each.name)) for each in self.columns]
        return np.ascontiguousarray(np.column_stack(parts))


def as_table(x: Features) -> pa.Table:
    """Numbers (n, k) as a table of columns x0, x1 and so on; a table as it is."""
    if isinstance(x, pa.Table):
        return x
    return pa.table({f"x{place}": x[:, place] for place in range(x.shape[1])})


def fit_encoding(x: Features, knots: int, rows_per_category: int) -> Encoding:
    """The encoding of training rows; outcomes are not looked at.

    Args:
        x: A table, or numbers (n, k).
        knots: Of a column of numbers at most, 2 or more.
        rows_per_category: That a category needs for a channel of its own, 1 or more.

    Raises:
        InputError: If there is no row or no column, or a column holds neither numbers nor texts,
            or a number beyond 1e300.
    """
    table = as_table(x)
    if not table.num_rows or not table.num_columns:
        raise InputError("there is no row or no column to learn from", where="input of the fit")
    return Encoding(
        tuple(
            _fit_categories(name, values, rows_per_category)
            if isinstance(values, Texts)
            else _fit_numbers(name, values, knots)
            for name in table.column_names
            for values in [column_of(table[name], name)]
        )
    )


def _fit_numbers(name: str, values: Floats, knots: int) -> NumberColumn:
    _refuse(np.abs(values) > LARGEST, name)
    seen, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    if not seen.size:
        return NumberColumn(name, np.zeros(1), np.zeros(1))
    below = np.cumsum(counts) - counts / 2
    scores = np.clip(ndtri(below / counts.sum()), -FARTHEST, FARTHEST)
    if seen.size > knots:
        wanted = np.linspace(0.0, counts.sum(), knots)
        kept = np.unique(np.minimum(np.searchsorted(below, wanted), seen.size - 1))
        seen, scores = seen[kept], scores[kept]
    return NumberColumn(name, seen, scores)


def _fit_categories(name: str, values: Texts, least: int) -> CategoryColumn:
    counts = np.bincount(values.codes[values.codes >= 0], minlength=len(values.names))
    often = [each for each, count in zip(values.names, counts, strict=True) if count >= least]
    return CategoryColumn(name, tuple(sorted(often)))


def _refuse(wrong: NDArray[np.bool_], name: str) -> None:
    if wrong.any():
        raise InputError(
            "a number is infinite, or too large to be one of a borrower",
            where=f"column {name}, row {int(wrong.argmax())}",
            remedy="a finite number, or NaN or null for missing",
        )


def _unlike(name: str, found: str, right: str) -> InputError:
    return InputError(f"it holds {found}", where=f"column {name}", remedy=f"the model took {right}")
