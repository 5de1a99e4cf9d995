"""Names found in a text, the longest first, and the parts of a text that say what is not done."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.graph.chains import kernels
from headrace.graph.chains.grams import SHIFT, Texts, folded

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]

EXCLUDES = re.compile(
    r"[（(][^（()）]*(?:不含|不包括|不包含|除外|不得)[^（()）]*[)）]"
    r"|除[^，,。；;：:（()）]*?(?:除?外|以外|之外)"
    r"|(?:不含|不包括|不包含|不得从事|不得)[^，,。；;）)]*"
    r"|凭营业执照[^；;。]*|(?:依法)?须经批准的项目[^；;。]*|(?:一般|许可)(?:经营)?项目"
)
"""不含…, 除…外, 不得…, brackets that hold one of them, and what every scope says of licences."""


@dataclass(frozen=True)
class Spans:
    """Names found in texts.

    Attributes:
        text: int32 (m,): which text.
        start: int32 (m,): first character of the name in it.
        end: int32 (m,): one past its last character.
        name: int32 (m,): which name of the dictionary.
        excluded: bool (m,): inside a part that says what is not done.
    """

    text: Ints
    start: Ints
    end: Ints
    name: Ints
    excluded: Bools


@dataclass(frozen=True)
class Dictionary:
    """Names as a trie: state 0 is empty, every further state one more character of a name.

    Attributes:
        keys: int64, sorted: state << 21 | character, of each step; the step at position p leads
            to state p + 1.
        child_at: int64 (states + 1,): where in `keys` the steps of a state begin.
        accepts: int32 (states,): the name that ends in a state, -1: none.
    """

    keys: Longs
    child_at: Longs
    accepts: Ints

    def find(self, texts: Sequence[str]) -> Spans:
        """Names in texts from left to right, the longest at each place, none over another.

        So 聚酯薄膜 is found, and neither 聚酯 nor 薄膜 within it.
        """
        laid = folded(texts)
        most = len(laid.codes)
        text, start, end, name = (np.empty(most, np.int32) for _ in range(4))
        count = kernels.longest(
            laid.codes, laid.at, self.keys, self.child_at, self.accepts, text, start, end, name
        )
        found = text[:count], start[:count], end[:count], name[:count]
        return Spans(*found, _excluded(texts, laid, *found[:3]))


def dictionary(names: Sequence[str], *, length_min: int = 2) -> Dictionary:
    """The names as a trie; shorter ones are left out, of equal ones the first is found."""
    laid = folded(names)
    lengths = np.diff(laid.at)
    state = np.zeros(len(names), np.int64)
    state[lengths < length_min] = -1
    accepts = [np.full(1, -1, np.int32)]
    keys: list[Longs] = []
    states = 1
    for depth in range(int(lengths.max(initial=0))):
        alive = np.flatnonzero((state >= 0) & (lengths > depth))
        step = state[alive] << SHIFT | laid.codes[laid.at[alive] + depth].astype(np.int64)
        found, which = np.unique(step, return_inverse=True)
        keys.append(found)
        state[alive] = states + which
        level = np.full(len(found), -1, np.int32)
        ends = alive[lengths[alive] == depth + 1][::-1]
        level[state[ends] - states] = ends
        accepts.append(level)
        states += len(found)
    steps = np.concatenate(keys) if keys else np.empty(0, np.int64)
    child_at = np.searchsorted(steps >> SHIFT, np.arange(states + 1)).astype(np.int64)
    return Dictionary(steps, child_at, np.concatenate(accepts))


def _excluded(texts: Sequence[str], laid: Texts, text: Ints, start: Ints, end: Ints) -> Bools:
    apart = np.zeros(len(laid.codes) + 1, np.int64)
    for number, each in enumerate(texts):
        for part in EXCLUDES.finditer(each):
            apart[laid.at[number] + part.start()] += 1
            apart[laid.at[number] + part.end()] -= 1
    inside = np.cumsum(apart) > 0
    begins = laid.at[text]
    found: Bools = inside[begins + start] & inside[np.maximum(begins + end - 1, 0)]
    return found
