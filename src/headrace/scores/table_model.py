"""A model with all that a table needs to be scored by it: its columns and how they become numbers.

Four kinds: `boosting` (trees), `linear` (penalised logistic regression), `rare` (Firth's, for few
defaults) and `card` (points). Categories are numbers to all but the card: the log odds of default
of the category in the training rows (`trees.categories`).
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import logit

from headrace.errors import InputError
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.linear import Linear
from headrace.scores.trees.categories import Rated
from headrace.scores.trees.model import Boosting
from headrace.scores.trees.shap import TreeShap
from headrace.scores.validation.figures import Figure

Floats = NDArray[np.float64]
Inner: TypeAlias = Boosting | Linear | PointsCard
KINDS = ("card", "linear", "rare", "boosting")
"""Simplest first."""


@dataclass(frozen=True)
class Taken:
    """A column that the model takes.

    Attributes:
        name: Its heading.
        categorical: Whether it holds categories.
        rated: What each category counts as; None for numbers, and in a card.
    """

    name: str
    categorical: bool
    rated: Rated | None = None


@dataclass(frozen=True)
class Learnt:
    """What a model was made of.

    Attributes:
        rows: With an outcome.
        bad: Of them.
        seed: Deals rows.
        base_rate: Default rate of the world that probabilities were moved to; None: the rows' own.
        inferred: Labels that were guessed, of refused applicants.
        leaking: Features that the leakage check refused and the user kept.
        split: How rows were held out, in English and Chinese; empty where they were not.
        figures: Of held-out rows, with intervals, by name.
        importance: Mean size of what each column adds, in log odds or points, in their order.
    """

    rows: int
    bad: int
    seed: int
    base_rate: float | None = None
    inferred: int = 0
    leaking: tuple[str, ...] = ()
    split: tuple[str, str] = ("", "")
    figures: tuple[tuple[str, Figure], ...] = ()
    importance: tuple[float, ...] = ()

    def figure(self, name: str) -> Figure | None:
        """A figure by its name."""
        return dict(self.figures).get(name)


@dataclass(frozen=True, eq=False)
class TableModel:
    """A fitted model.

    Attributes:
        kind: One of `KINDS`.
        target: Heading of the outcome that it was fitted on.
        columns: What it takes, in its order.
        model: Fitted.
        learnt: What it was made of.
    """

    kind: str
    target: str
    columns: tuple[Taken, ...]
    model: Inner
    learnt: Learnt = field(default_factory=lambda: Learnt(0, 0, 0))

    @property
    def names(self) -> tuple[str, ...]:
        """Headings of the columns."""
        return tuple(each.name for each in self.columns)

    @property
    def is_card(self) -> bool:
        """Whether contributions are points, of which more are safer."""
        return isinstance(self.model, PointsCard)

    def numbers(self, table: pa.Table) -> Floats:
        """Columns as numbers, (n, k); NaN for missing.

        Raises:
            InputError: If a column is not there.
        """
        found = []
        for each in self.columns:
            if each.name not in table.column_names:
                raise InputError(
                    f"there is no column {each.name!r}", remedy=f"it needs {', '.join(self.names)}"
                )
            column = table[each.name]
            if each.rated is not None:
                found.append(each.rated.numbers(column))
            else:
                plain = column.to_numpy() if column.num_chunks else np.zeros(0)
                found.append(np.asarray(plain, np.float64))
        return np.column_stack(found)

    def probability(self, table: pa.Table) -> Floats:
        """Of default, (n,), in [0, 1], of columns as `workflows.model_rows` reads them."""
        if isinstance(self.model, PointsCard):
            return self.model.probability(table)
        return self.model.probability(self.numbers(table))

    def contributions(self, table: pa.Table) -> Floats:
        """What each column adds, (n, k): log odds of default, or points of a card.

        With `start` they sum to the log odds before calibration of trees, to those of a linear
        model, or to the points of a card.
        """
        if isinstance(self.model, PointsCard):
            return self.model.points_by_feature(table).astype(np.float64)
        x = self.numbers(table)
        if isinstance(self.model, Linear):
            return self.model.contributions(x)
        return TreeShap.of(self.model).contributions(x)

    @property
    def start(self) -> float:
        """What contributions are added to."""
        if isinstance(self.model, PointsCard):
            return float(self.model.base)
        return self.model.intercept if isinstance(self.model, Linear) else self.model.expected


def shift_between(sampled: float, world: float) -> float:
    """Log odds from a sample's default rate to the world's (King and Zeng 2001, eq. 7).

    Raises:
        InputError: If a rate is not between 0 and 1.
    """
    for rate in (sampled, world):
        if not 0 < rate < 1:
            raise InputError(f"a default rate of {rate}", remedy="between 0 and 1, both out")
    return float(logit(world) - logit(sampled))
