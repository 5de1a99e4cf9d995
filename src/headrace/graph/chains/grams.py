"""Texts as code points, and as counts of one and two characters.

Chinese has no spaces, and product names are short; characters and pairs of them carry what words
do elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Codes = NDArray[np.uint32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]
SHIFT = 21  # a code point has 21 bits


@dataclass(frozen=True)
class Texts:
    """Texts one after the other.

    Attributes:
        codes: uint32: code points of all.
        at: int64 (texts + 1,): where each begins.
    """

    codes: Codes
    at: Longs


def folded(texts: Sequence[str]) -> Texts:
    """Texts with full-width forms made half-width and Latin letters small, place by place.

    Every character stays one character, so a place in the result is a place in the text.
    """
    lengths = np.fromiter((len(text) for text in texts), np.int64, len(texts))
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).copy()
    wide = (codes >= 0xFF01) & (codes <= 0xFF5E)
    codes[wide] -= 0xFEE0
    codes[codes == 0x3000] = 0x20
    capital = (codes >= 0x41) & (codes <= 0x5A)
    codes[capital] += 0x20
    return Texts(codes, np.concatenate(([0], np.cumsum(lengths))))


def gram_rows(texts: Texts) -> tuple[Longs, Longs]:
    """Which text, and which gram: single characters, then pairs within one text."""
    codes = texts.codes.astype(np.int64)
    text = np.repeat(np.arange(len(texts.at) - 1), np.diff(texts.at))
    same = text[1:] == text[:-1]
    pairs = ((codes[:-1] + 1) << SHIFT | codes[1:])[same]
    return np.concatenate((text, text[1:][same])), np.concatenate((codes, pairs))


@dataclass(frozen=True)
class Vocabulary:
    """The grams that were seen, and how telling each is.

    Attributes:
        grams: int64 (g,), sorted.
        weight: float64 (g,): ln((1 + texts) / (1 + texts that have it)) + 1, the smooth inverse
            document frequency of Salton and Buckley (1988).
    """

    grams: Longs
    weight: Floats


def vocabulary(texts: Texts) -> Vocabulary:
    """Of all grams of the texts."""
    row, gram = gram_rows(texts)
    grams, which = np.unique(gram, return_inverse=True)
    whole = len(texts.at) - 1
    once = np.unique(which * whole + row)  # a gram counts once in a text
    count = np.bincount(once // whole, minlength=len(grams)) if whole else np.empty(0)
    return Vocabulary(grams, np.log((1 + whole) / (1 + count)) + 1)


def present(texts: Texts, words: Vocabulary) -> csr_array:
    """1 where a text has a gram: (texts, grams). Grams that are not known are left out."""
    row, gram = gram_rows(texts)
    at = np.searchsorted(words.grams, gram)
    known = at < len(words.grams)
    known[known] = words.grams[at[known]] == gram[known]
    shape = (len(texts.at) - 1, len(words.grams))
    found = csr_array((np.ones(int(known.sum())), (row[known], at[known])), shape=shape)
    found.sum_duplicates()
    found.data[:] = 1.0
    return found


def directions(rows: csr_array, words: Vocabulary) -> csr_array:
    """Rows times the weights of the grams, each of length 1 (or 0 where nothing is known)."""
    scaled = rows.copy()
    scaled.data = scaled.data * words.weight[scaled.indices]
    size = np.sqrt(np.bincount(_row_of(scaled), scaled.data**2, scaled.shape[0]))
    scaled.data = scaled.data / size[_row_of(scaled)]
    return scaled


def _row_of(rows: csr_array) -> Longs:
    found: Longs = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    return found
