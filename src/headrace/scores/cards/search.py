"""What would have to change, for any scorer: every combination of stated values is tried.

For models whose features interact, such as boosted trees, no shorter way is exact. Candidates are
few and stated, so that all combinations of a few features can be scored as one table.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError

Floats = NDArray[np.float64]
Scorer = Callable[[Floats], Floats]
"""Rows (n, k), NaN where missing -> probability of default, (n,)."""

ROWS_MOST = 500_000


@dataclass(frozen=True)
class Candidate:
    """A value that a feature could take.

    Attributes:
        place: Of the feature's column.
        value: That it could take.
        effort: Of getting there, 0 or more.
    """

    place: int
    value: float
    effort: float


@dataclass(frozen=True)
class Found:
    """Values that together bring the probability down far enough.

    Attributes:
        candidates: One a feature, by rising place.
        probability: Of default, with them.
        effort: Sum of theirs.
    """

    candidates: tuple[Candidate, ...]
    probability: float
    effort: float


def search(
    scorer: Scorer,
    row: Floats,
    candidates: Sequence[Candidate],
    probability_most: float,
    *,
    changes_max: int = 2,
    answers: int = 3,
) -> tuple[Found, ...]:
    """The easiest sets of changes, none of which holds all features of an easier one.

    Args:
        scorer: Gives the probability of default.
        row: The applicant, (k,).
        candidates: Values to be tried; features without any stay as they are.
        probability_most: To be reached.
        changes_max: Features that may change together.
        answers: How many sets at most.

    Returns:
        Easiest first; of equal effort fewer changes, then lower places. Empty where the row is
        there already, or nothing reaches it.

    Raises:
        InputError: If there are more combinations than can be tried.
    """
    if float(scorer(row[None, :])[0]) <= probability_most:
        return ()
    sets = list(_sets(candidates, changes_max))
    rows = np.repeat(row[None, :], len(sets), axis=0)
    for at, each in enumerate(sets):
        for candidate in each:
            rows[at, candidate.place] = candidate.value
    probability = scorer(rows) if sets else np.empty(0)
    reached = [
        Found(each, float(probability[at]), math.fsum(c.effort for c in each))
        for at, each in enumerate(sets)
        if probability[at] <= probability_most
    ]
    chosen: list[Found] = []
    for found in sorted(reached, key=_order):
        places = {each.place for each in found.candidates}
        if all(not {c.place for c in one.candidates} <= places for one in chosen):
            chosen.append(found)
    return tuple(chosen[:answers])


def _order(found: Found) -> tuple[float, int, list[int], float]:
    places = [each.place for each in found.candidates]
    return found.effort, len(places), places, found.probability


def _sets(candidates: Sequence[Candidate], changes_max: int) -> Iterator[tuple[Candidate, ...]]:
    by_place: dict[int, list[Candidate]] = {}
    for each in sorted(candidates, key=lambda c: (c.place, c.effort, c.value)):
        by_place.setdefault(each.place, []).append(each)
    groups = list(by_place.values())
    count = sum(
        math.prod(map(len, chosen))
        for size in range(1, changes_max + 1)
        for chosen in combinations(groups, size)
    )
    if count > ROWS_MOST:
        raise InputError(
            f"{count:,} combinations of changes",
            where="candidates",
            remedy=f"at most {ROWS_MOST:,}: fewer values, or fewer changes together",
        )
    for size in range(1, changes_max + 1):
        for chosen in combinations(groups, size):
            yield from product(*chosen)
