"""Rows checked: an outcome of each, and a weight."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.scores.binning.columns import Floats, Values, column_of
from headrace.scores.binning.problem import MUCH


@dataclass(frozen=True)
class Rows:
    """What rows have in common for all columns.

    Attributes:
        y: int8 (n,): 1 for default, 0 for none.
        weights: float64 (n,), above 0 and at most 1e15; None: every row counts 1.
        goods: Rows without default, weighted.
        bads: Defaults, weighted.
    """

    y: NDArray[np.int8]
    weights: Floats | None
    goods: float
    bads: float

    @property
    def total(self) -> float:
        """All rows, weighted."""
        return self.goods + self.bads


def rows_of(y: Values, weights: Values | None = None) -> Rows:
    """Outcomes and weights, checked.

    Raises:
        InputError: If an outcome is neither 0 nor 1, all are the same, or a weight is not above 0.
    """
    outcomes = column_of(y, "outcome")
    if not isinstance(outcomes, np.ndarray) or not np.isin(outcomes, (0.0, 1.0)).all():
        raise InputError(
            "an outcome is neither 0 nor 1",
            where="y",
            remedy="1 for default, 0 for none, and leave out rows whose outcome is not known",
        )
    labels = outcomes.astype(np.int8)
    given = None if weights is None else column_of(weights, "weights")
    if given is None:
        bads = float(labels.sum())
        goods = len(labels) - bads
    else:
        if not isinstance(given, np.ndarray) or len(given) != len(labels):
            raise InputError(f"weights are not {len(labels)} numbers", where="weights")
        if not ((given > 0) & (given <= MUCH)).all():
            raise InputError("a weight is not above 0, or too large", where="weights")
        bads, goods = (math.fsum(given[labels == each].tolist()) for each in (1, 0))
    if not goods or not bads:
        raise InputError(
            f"{len(labels)} rows with {'no' if not bads else 'nothing but'} defaults",
            where="y",
            remedy="rows of both outcomes",
        )
    return Rows(labels, given, goods, bads)


def same_length(rows: Rows, length: int, feature: str) -> None:
    """Raise InputError where a column is not as long as the outcomes."""
    if length != len(rows.y):
        raise InputError(f"{length} values and {len(rows.y)} outcomes", where=f"column {feature}")
