"""Exact Shapley values of the trees: reasons that do not depend on the order a tree asks in.

The value of a coalition S of features is what the trees are expected to give when only S is known:
at a split by a feature of S the row goes its way, at any other it goes both ways, in proportion to
the training rows (Lundberg, Erion and Lee 2018, "Consistent individualized feature attribution for
tree ensembles", Algorithm 1, "path dependent"). The Shapley value of a feature is its mean gain
over all orders in which features can become known.

Their Algorithm 2 finds all values in one walk of the tree. Here the same sum is taken leaf by leaf
(Mitchell, Frank and Holmes 2022, GPUTreeShap): for one leaf a coalition is worth

    v(S) = value × Π share of the features outside S × Π met of the features in S

where met is 1 if the row's own value leads to the leaf, else 0, and share is the share of training
rows that go on towards it. The features met by the row make one polynomial, whose coefficient of
t^s is the sum over coalitions of s of them; dividing a factor out of it leaves the sum without that
feature. The division runs from the highest power down: shares are at most 1, so no error grows.

Values describe the model, and not what would happen if a feature were changed.
"""

from dataclasses import dataclass
from math import comb

import numpy as np

from headrace.errors import InputError
from headrace.scores.trees.kernels import add_shapley
from headrace.scores.trees.model import Boosting, Floats
from headrace.scores.trees.paths import LeafPaths, leaf_paths


@dataclass(frozen=True, eq=False)
class TreeShap:
    """A model made ready to explain rows.

    Attributes:
        model: What is explained.
        paths: The boxes of its leaves.
        orders: s! (d - 1 - s)! / d! at (d, s): how often s of d features become known first.
    """

    model: Boosting
    paths: LeafPaths
    orders: Floats

    @classmethod
    def of(cls, model: Boosting) -> "TreeShap":
        """Made ready once for a model.

        Raises:
            InputError: If the model does not say how many training rows came to its nodes.
        """
        if model.cover is None:
            raise InputError(
                "the model does not say how many training rows came to each node",
                where="cover",
                remedy="fit it again; or take `contributions`, the reasons by the path",
            )
        paths = leaf_paths(model)
        deepest = int(np.diff(paths.start).max())
        orders = np.zeros((deepest + 1, deepest + 1))
        for depth in range(1, deepest + 1):
            for known in range(depth):
                orders[depth, known] = 1 / (depth * comb(depth - 1, known))
        return cls(model, paths, orders)

    def contributions(self, x: Floats) -> Floats:
        """Shapley values of features (n, f) on the raw score, (n, f), log odds.

        With `model.expected` they sum to `model.raw_score`; a row is explained alike alone and
        among others.

        Raises:
            InputError: If x has not one column a feature.
        """
        rows = self.model.rows_of(x)
        found = np.zeros(rows.shape)
        paths = self.paths
        sides = np.column_stack([paths.low, paths.high, paths.share])
        asked = np.column_stack([paths.feature, paths.missing]).astype(np.int64)
        add_shapley(rows, paths.start, asked, sides, paths.value, self.orders, found)
        return found
