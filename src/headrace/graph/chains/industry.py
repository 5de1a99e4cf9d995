"""The industry that a firm's product names speak for, and what each of them said."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky
from scipy.linalg.lapack import dpotri
from scipy.optimize import isotonic_regression
from scipy.sparse import csr_array

from headrace.errors import InputError
from headrace.graph.chains.grams import Vocabulary, directions, folded, present, vocabulary

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
RIDGE = 1.0
NAME_WEIGHT = 0.3


@dataclass(frozen=True)
class Declared:
    """What firms sell.

    Attributes:
        firms: How many there are.
        firm: int32 (m,), 0..firms - 1.
        products: m names.
        share: float64 (m,): of revenue, 0..1; NaN where not known: as if all of them were equal.
    """

    firms: int
    firm: Ints
    products: Sequence[str]
    share: Floats


@dataclass(frozen=True)
class IndustryModel:
    """A linear model over characters and pairs (`fit_industries`).

    Attributes:
        words: The grams that were seen, with their weights.
        toward: float64 (grams, industries): how far each speaks for an industry.
        steps: float64: scores, rising, and `chances`: how often the best guess was right at each.
        chances: See steps.
    """

    words: Vocabulary
    toward: Floats
    steps: Floats
    chances: Floats

    def scores(self, declared: Declared) -> Floats:
        """float64 (firms, industries): the least-squares estimate of belonging to each.

        About 0..1, larger is likelier; a firm of which nothing is known has zeros.
        """
        found: Floats = _firm_rows(declared, self.words)[0] @ self.toward
        return found

    def confidence(self, scores: Floats) -> Floats:
        """float64 (firms,): the chance that the industry with the highest score is the firm's.

        Learnt from the firms fitted, each guessed from all the others: isotonic regression of
        right or wrong on the highest score. It holds for firms like those.
        """
        found: Floats = np.interp(scores.max(1), self.steps, self.chances)
        return found

    def said(self, declared: Declared, industry: Ints) -> Floats:
        """float64 (m,): what each product added to its firm's score for that firm's industry.

        Args:
            declared: The firms.
            industry: int32 (firms,): the one asked about for each firm.
        """
        rows, weight = _product_rows(declared, self.words)
        size = _firm_rows(declared, self.words)[1]
        scaled = rows.multiply(weight[:, None]).tocsr()
        at = np.repeat(np.arange(scaled.shape[0]), np.diff(scaled.indptr))
        value = scaled.data * self.words.weight[scaled.indices]
        value *= self.toward[scaled.indices, industry[declared.firm[at]]]
        total = np.bincount(at, value, scaled.shape[0])
        per = size[declared.firm]
        said: Floats = np.divide(total, per, out=np.zeros(len(total)), where=per > 0)
        return said


def fit_industries(
    declared: Declared, industry: Ints, industry_names: Sequence[str]
) -> IndustryModel:
    """Learn from firms whose industry is known what product names say.

    A firm is the sum of its products' grams, each product by the root of its share; the grams by
    their inverse document frequency, the whole of length 1. Ridge regression on the classes
    (least-squares classification, in its dual: one linear system of as many unknowns as firms;
    what a firm would be guessed from the others alone follows from it in closed form),
    plus a little for grams that are in the industry's own name, which is all there is of an
    industry with few firms.

    Args:
        declared: The firms.
        industry: int32 (firms,): the class of each, a position in `industry_names`.
        industry_names: Of every class.

    Raises:
        InputError: A firm's class is not there.
    """
    count = len(industry_names)
    if len(industry) != declared.firms or not 0 <= industry.min() <= industry.max() < count:
        raise InputError(
            "an industry is missing", where="industry", remedy=f"one of {count} for each firm"
        )
    words = vocabulary(folded(list(declared.products)))
    rows = _firm_rows(declared, words)[0]
    gram = (rows @ rows.T).toarray()
    gram[np.diag_indices_from(gram)] += RIDGE
    classes = np.zeros((declared.firms, count))
    classes[np.arange(declared.firms), industry] = 1.0
    lower = cholesky(gram, lower=True, overwrite_a=True)
    solved = cho_solve((lower, True), classes)
    bare = [_bare(name) for name in industry_names]
    named = NAME_WEIGHT * directions(present(folded(bare), words), words).T.toarray()
    own = np.diag(dpotri(lower, lower=True)[0])
    without = classes - solved / own[:, None] + rows @ named  # each firm from all the others
    return IndustryModel(words, rows.T @ solved + named, *_learnt(without, industry))


def _learnt(scores: Floats, industry: Ints) -> tuple[Floats, Floats]:
    """Highest scores, rising, and how often the best guess is right there."""
    best = scores.max(1)
    order = np.argsort(best, kind="stable")
    right = (scores.argmax(1) == industry)[order].astype(np.float64)
    return best[order], isotonic_regression(right).x


def ranked(scores: Floats, count: int) -> Ints:
    """int32 (firms, count): the classes with the highest scores, the first of equal ones."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :count].astype(np.int32)


def _bare(name: str) -> str:
    """An industry's name without the mark of its level (Shenwan writes Ⅱ and Ⅲ)."""
    return name.rstrip("ⅠⅡⅢ")


def _product_rows(declared: Declared, words: Vocabulary) -> tuple[csr_array, Floats]:
    rows = present(folded(list(declared.products)), words)
    count = np.bincount(declared.firm, minlength=declared.firms)
    share = np.where(np.isnan(declared.share), 1.0 / count[declared.firm], declared.share)
    return rows, np.sqrt(np.clip(share, 0.0, 1.0))


def _firm_rows(declared: Declared, words: Vocabulary) -> tuple[csr_array, Floats]:
    """Firms as rows of length 1, and the length each had before."""
    rows, weight = _product_rows(declared, words)
    shape = (declared.firms, len(declared.products))
    sums = csr_array((weight, (declared.firm, np.arange(len(weight)))), shape=shape) @ rows
    at = np.repeat(np.arange(declared.firms), np.diff(sums.indptr))
    sums.data = sums.data * words.weight[sums.indices]
    size = np.sqrt(np.bincount(at, sums.data**2, declared.firms))
    sums.data = np.divide(sums.data, size[at], out=np.zeros(len(at)), where=size[at] > 0)
    return sums, size
