"""Categorical columns as numbers, by a rule that is stated and kept with the model.

Trees ask whether a number is at most another. A category has no number, so one is given to it:

- `Ordered`: its place in an order that a person states (education, a rating of suppliers).
- `Rated`: the log odds of the event among the training rows of the category, drawn towards those
  of all rows as by `prior` rows of them (Micci-Barreca 2001, equation 4, as log odds). A training
  row must not see its own outcome in its rate, or the trees learn to trust the rate too much
  (Prokhorenkova et al. 2018, CatBoost): `rated_out_of_fold` rates each part by the others.

A category that training had not seen, or had too rarely, is missing to `Ordered` and at the log
odds of all rows to `Rated`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.scores.trees.model import Floats, check_outcomes

Texts: TypeAlias = pa.Array | pa.ChunkedArray


@dataclass(frozen=True)
class Ordered:
    """Categories in a stated order.

    Attributes:
        levels: From first to last, each once.
    """

    levels: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse an order that is none.

        Raises:
            InputError: If there is no category, or one is there twice.
        """
        if not self.levels or len(set(self.levels)) < len(self.levels):
            raise InputError("an order needs one category or more, each once", where="levels")

    def numbers(self, column: Texts) -> Floats:
        """The place of each row's category, from 0, (n,); NaN where missing or not in the order."""
        return _looked_up(column, self.levels, np.arange(len(self.levels), dtype=np.float64))


@dataclass(frozen=True)
class Rated:
    """Categories with the log odds of the event.

    Attributes:
        levels: Categories of the training rows, in alphabetical order.
        log_odds: Of each.
        otherwise: Log odds of all training rows: what a missing or unseen category has.
    """

    levels: tuple[str, ...]
    log_odds: tuple[float, ...]
    otherwise: float

    def numbers(self, column: Texts) -> Floats:
        """Log odds of each row's category, (n,)."""
        found = _looked_up(column, self.levels, np.array(self.log_odds, np.float64))
        return np.where(np.isnan(found), self.otherwise, found)


def fit_rated(
    column: Texts, y: NDArray[np.int64], prior: float, weight: Floats | None = None
) -> Rated:
    """Rate the categories of some rows.

    Args:
        column: Texts, (n,); a missing one counts in all rows only.
        y: 1 for the event, else 0, (n,).
        prior: Weight of all rows in the rate of a category, in rows; above 0.
        weight: Of rows, above 0, (n,); None: one each.

    Raises:
        InputError: If an outcome does not occur, rows differ, or the prior is not above 0.
    """
    check_outcomes(y)
    if len(column) != y.size:
        raise InputError(f"{len(column)} categories and {y.size} outcomes", remedy="one a row each")
    if not prior > 0:
        raise InputError(f"a prior cannot be {prior}", where="prior", remedy="rows, above 0")
    counted = np.ones(y.size) if weight is None else weight
    levels = sorted(each for each in pc.unique(_plain(column)).to_pylist() if each is not None)
    place = _looked_up(column, levels, np.arange(len(levels), dtype=np.float64))
    known = ~np.isnan(place)
    at = place[known].astype(np.int64)
    rows = np.bincount(at, counted[known], len(levels))
    events = np.bincount(at, (counted * y)[known], len(levels))
    share = float((counted * y).sum() / counted.sum())
    rate = (events + prior * share) / (rows + prior)
    return Rated(tuple(levels), tuple(_log_odds(rate).tolist()), float(_log_odds(np.array(share))))


def rated_out_of_fold(
    column: Texts,
    y: NDArray[np.int64],
    parts: Sequence[NDArray[np.int64]],
    prior: float,
    weight: Floats | None = None,
) -> Floats:
    """Log odds of each row's category among the rows of the other parts, (n,).

    Args:
        column: Texts, (n,).
        y: 1 for the event, else 0, (n,).
        parts: Numbers of the rows of each part, each row in one.
        prior: As in `fit_rated`.
        weight: As in `fit_rated`.

    Raises:
        InputError: If parts leave a row out or hold one twice, or as from `fit_rated`.
    """
    if not np.array_equal(np.sort(np.concatenate(parts)), np.arange(y.size)):
        raise InputError("parts must hold each row once", where="parts")
    found = np.zeros(y.size)
    plain = _plain(column)
    for part in parts:
        others = np.setdiff1d(np.arange(y.size), part)
        counted = None if weight is None else weight[others]
        rated = fit_rated(plain.take(pa.array(others)), y[others], prior, counted)
        found[part] = rated.numbers(plain.take(pa.array(part)))
    return found


def _log_odds(rate: Floats) -> Floats:
    return np.asarray(np.log(rate) - np.log1p(-rate))


def _plain(column: Texts) -> pa.Array:
    plain = pc.cast(column, pa.string())
    return plain.combine_chunks() if isinstance(plain, pa.ChunkedArray) else plain


def _looked_up(column: Texts, levels: Sequence[str], numbers: Floats) -> Floats:
    at = pc.index_in(_plain(column), value_set=pa.array(levels, pa.string()))
    found = pc.fill_null(at, -1).to_numpy(zero_copy_only=False)
    return np.where(found < 0, np.nan, np.append(numbers, np.nan)[found])
