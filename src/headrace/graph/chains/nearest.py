"""The names most like a text, by the characters and pairs of characters they share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from headrace.graph.chains import kernels
from headrace.graph.chains.grams import Vocabulary, directions, folded, present, vocabulary

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NearestNames:
    """Names as directions in the space of their grams (`nearest_names`)."""

    words: Vocabulary
    table: csc_array

    def find(self, texts: Sequence[str], count: int) -> tuple[Ints, Floats]:
        """The most alike names of each text.

        Returns:
            int32 (texts, count): names, -1 where fewer share anything; float64: the cosine of
            their TF-IDF vectors, 0..1, and 1 for the same characters and pairs.
        """
        ask = directions(present(folded(texts), self.words), self.words)
        best = np.empty((len(texts), count), np.int32)
        score = np.empty((len(texts), count))
        kernels.nearest(
            ask.indptr.astype(np.int64), ask.indices.astype(np.int32), ask.data,
            self.table.indptr.astype(np.int64), self.table.indices.astype(np.int32),
            self.table.data, self.table.shape[0], best, score,
        )  # fmt: skip
        return best, np.minimum(score, 1.0)


def nearest_names(names: Sequence[str]) -> NearestNames:
    """Index names for `NearestNames.find`."""
    laid = folded(names)
    words = vocabulary(laid)
    return NearestNames(words, directions(present(laid, words), words).tocsc())
