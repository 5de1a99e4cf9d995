"""Which rule, step or column of a new version is which of the old one."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

COMPARISONS_MAX = 250_000
"""Of rules with no equal: beyond it, each is compared with those about as far down only."""


def pairs(
    before: Sequence[Hashable],
    after: Sequence[Hashable],
    alike: Callable[[int, int], float],
) -> list[tuple[int, int]]:
    """Places in the old version and in the new that are the same thing, in order of the new.

    Equal things are paired first, the first with the first of several; the others with those they
    are most alike.

    Args:
        before: What stands in the old version.
        after: What stands in the new.
        alike: How alike the things at two places are; below 0.5 they are different things.
    """
    places = {key: place for place, key in enumerate(_numbered(before))}
    found = [
        (places.pop(key), place) for place, key in enumerate(_numbered(after)) if key in places
    ]
    old = sorted(places.values())
    paired = {place for _, place in found}
    new = [place for place in range(len(after)) if place not in paired]
    return sorted(found + _most_alike(old, new, alike), key=lambda pair: pair[1])


def staying(places: Sequence[int]) -> set[int]:
    """Of places in the old version, in order of the new, as many as stand in the old order too.

    The others have moved. (A longest increasing subsequence: places are distinct.)
    """
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for at, place in enumerate(places):
        length = bisect_left(tails, place)
        before.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [place]
        ends[length : length + 1] = [at]
    kept = set()
    at = ends[-1] if ends else -1
    while at >= 0:
        kept.add(places[at])
        at = before[at]
    return kept


def _numbered(things: Sequence[Hashable]) -> list[tuple[Hashable, int]]:
    """Each with how many equal to it stand before it."""
    seen: Counter[Hashable] = Counter()
    found = []
    for thing in things:
        found.append((thing, seen[thing]))
        seen[thing] += 1
    return found


def _most_alike(
    old: Sequence[int], new: Sequence[int], alike: Callable[[int, int], float]
) -> list[tuple[int, int]]:
    reach = COMPARISONS_MAX // max(len(old), len(new), 1) + 1
    candidates = []
    for number, first in enumerate(old):
        start = max(number - reach, 0)
        for place, last in enumerate(new[start : number + reach], start):
            score = alike(first, last)
            if score >= 0.5:
                candidates.append((-score, abs(number - place), first, last))
    found = []
    used: set[tuple[str, int]] = set()
    for _, _, first, last in sorted(candidates):
        if not used & {("old", first), ("new", last)}:
            used |= {("old", first), ("new", last)}
            found.append((first, last))
    return found
