"""An undirected weighted graph as symmetric CSR, built from parallel arrays of edges."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from headrace.errors import InputError

Codes = NDArray[np.int32]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Adjacency:
    """Neighbours of every party, each once; parallel and opposite edges are added up.

    Attributes:
        offsets: int64 (parties + 1,): where each party's neighbours start.
        others: int32: the neighbours, ascending within a party; nobody is its own neighbour.
        weights: float64, positive.
    """

    offsets: Ints
    others: Codes
    weights: Floats

    @property
    def parties(self) -> int:
        """How many party codes there are."""
        return len(self.offsets) - 1

    @property
    def strengths(self) -> Floats:
        """The weight at each party, (parties,)."""
        owner = np.repeat(np.arange(self.parties), np.diff(self.offsets))
        return np.bincount(owner, self.weights, self.parties).astype(np.float64)


def adjacency(
    subject: Codes, object_: Codes, parties: int, weight: Floats | None = None
) -> Adjacency:
    """The graph of edges read in both directions.

    Args:
        subject: One end of each edge, (n,).
        object_: The other; an edge from a party to itself is left out.
        parties: How many party codes there are.
        weight: Positive, (n,); None where every edge weighs 1.

    Raises:
        InputError: Where a code is out of range or a weight is not a positive number.
    """
    ends = np.concatenate([subject, object_])
    if len(ends) and (ends.min() < 0 or ends.max() >= parties):
        raise InputError("a party code is out of range", remedy=f"0 to {parties - 1}")
    weight = np.ones(len(subject)) if weight is None else weight
    if not (np.isfinite(weight) & (weight > 0)).all():
        raise InputError("a weight is not positive", remedy="leave out edges without weight")
    real = subject != object_
    one, other, weighs = subject[real], object_[real], weight[real]
    rows, columns = np.concatenate([one, other]), np.concatenate([other, one])
    matrix = coo_array((np.concatenate([weighs, weighs]), (rows, columns)), (parties, parties))
    merged = matrix.tocsr()
    return Adjacency(
        merged.indptr.astype(np.int64), merged.indices.astype(np.int32), np.asarray(merged.data)
    )
