"""A registry of holdings with loops, cross-holdings and controllers that are known, from one seed.

Companies come in groups: pyramids whose upper companies hold the lower ones, beside persons. Loops
of two to six companies, and two webs of companies that hold each other, are planted in them. Other
companies are planted whose controller follows from adding up what its companies hold, or just does
not: those answers are the truth that comes with the registry.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WHOLE = 10_000  # shares are drawn in hundredths of a per cent, as registers publish them


@dataclass(frozen=True)
class Size:
    """How much of everything: companies, persons, holdings, planted loops and companies of webs."""

    companies: int
    persons: int
    holdings: int
    loops: int
    webs: tuple[int, ...]
    planted: int


FULL = Size(600_000, 400_000, 1_800_000, 3_000, (264,), 2_000)
WEBBED = Size(600_000, 400_000, 1_800_000, 3_000, (264, 1_000), 2_000)
"""The same with a web of a thousand companies that hold each other."""

QUICK = Size(6_000, 4_000, 18_000, 60, (40,), 50)
SLICE = Size(560, 292, 1_013, 39, (), 0)
"""852 parties, 1,013 holdings, 39 loops: the shape of a registry on which path listing blew up."""


@dataclass(frozen=True)
class Registry:
    """Holdings, and controllers that are known.

    Attributes:
        subject: int32 (m,): holders; companies come first, then persons.
        object: int32 (m,): companies.
        low: float64 (m,): the least share.
        high: float64 (m,): the greatest.
        persons: bool (parties,).
        truth: int32 (k, 2): controller, controlled: pairs that hold for certain.
        decoys: int32 (k, 2): pairs that look as if, and do not hold.
    """

    subject: NDArray[np.int32]
    object: NDArray[np.int32]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    persons: NDArray[np.bool_]
    truth: NDArray[np.int32]
    decoys: NDArray[np.int32]


def registry(size: Size, seed: int) -> Registry:
    """Draw one; the same for the same size and seed."""
    rng = np.random.default_rng(seed)
    planted = _planted(size)
    free = size.companies - 5 * size.planted
    subject, company = _drawn(size, free, rng)
    more = [_loops(size, free, rng), *_webs(size, np.setdiff1d(np.arange(free), subject), rng)]
    subject = np.concatenate([subject, *(each[0] for each in more)])
    company = np.concatenate([company, *(each[1] for each in more)])
    proper = subject != company
    pair = np.unique(subject[proper].astype(np.int64) * size.companies + company[proper])
    subject, company = pair // size.companies, pair % size.companies
    share = _shares(company, free, rng) / WHOLE
    wide = rng.random(len(share)) < 0.02
    low, high = np.where(wide, share * 0.8, share), share.copy()
    persons = np.zeros(size.companies + size.persons, np.bool_)
    persons[size.companies :] = True
    holder, held, exact, truth, decoys = planted
    return Registry(
        np.concatenate([subject, holder]).astype(np.int32),
        np.concatenate([company, held]).astype(np.int32),
        np.concatenate([low, exact]), np.concatenate([high, exact]), persons, truth, decoys,
    )  # fmt: skip


def _drawn(size: Size, free: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pyramids: group after group, each company held by some above it in its group and persons."""
    group, first = _groups(free, rng)
    total = size.holdings - 11 * size.planted - 4 * size.loops - 3 * sum(size.webs)
    company = np.concatenate(
        [np.arange(free), rng.integers(0, free, max(total - free, 0))]
    )  # fmt: skip
    rank = company - first[group[company]]
    by_company = (rng.random(len(company)) < 0.3) & (rank > 0)
    above = first[group[company]] + (rank * rng.random(len(company)) ** 2).astype(np.int64)
    afar = by_company & (rng.random(len(company)) < 0.02)
    above[afar] = (company[afar] * rng.random(int(afar.sum())) ** 4).astype(np.int64)
    person = size.companies + rng.integers(0, size.persons, len(company))
    return np.where(by_company, above, person), company


def _groups(free: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The group of each company, and the first company of each group; most groups are small."""
    sizes = np.minimum(np.floor(rng.pareto(1.1, free) + 1), min(2_000, max(free // 10, 1)))
    sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), free)) + 1].astype(np.int64)
    group = np.repeat(np.arange(len(sizes)), sizes)[:free]
    return group, np.cumsum(sizes) - sizes


def _loops(size: Size, free: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rings of two to six neighbouring companies."""
    if not size.loops:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    step = free // size.loops
    length = rng.integers(2, min(7, step + 1), size.loops)
    begin = np.arange(size.loops) * step
    number = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
    lengths, begins = np.repeat(length, length), np.repeat(begin, length)
    return begins + number, begins + (number + 1) % lengths


def _webs(
    size: Size, lowest: np.ndarray, rng: np.random.Generator
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Companies, else at the bottom, that hold each other, directly or not: a ring with chords."""
    webs = []
    for count in size.webs:
        web = rng.choice(lowest, count, replace=False)
        chords = rng.choice(web, (2, 2 * count))
        webs.append(
            (np.concatenate([web, chords[0]]), np.concatenate([np.roll(web, 1), chords[1]]))
        )
    return webs


def _shares(company: np.ndarray, free: int, rng: np.random.Generator) -> np.ndarray:
    """Whole hundredths of a per cent; of six in seven companies all is recorded."""
    weight = rng.pareto(1.0, len(company)) + 0.05
    recorded = np.where(rng.random(free) < 6 / 7, 1.0, rng.uniform(0.3, 0.99, free))
    total = np.bincount(company, weights=weight, minlength=free)
    share = np.floor(weight / total[company] * recorded[company] * WHOLE).astype(np.int64)
    share = np.maximum(share, 1)
    short = (recorded * WHOLE).astype(np.int64) - np.bincount(company, share, free).astype(np.int64)
    by_share = np.lexsort((share, company))
    largest = by_share[np.flatnonzero(np.diff(company[by_share], append=-1))]
    share[largest] += short[company[largest]]
    return share


def _planted(size: Size) -> tuple[np.ndarray, ...]:
    """Five companies each: p > A; A and p > B; A and B > C; C and D hold each other; E just not."""
    count = size.planted
    base = size.companies - 5 * count + 5 * np.arange(count)
    a, b, c, d, e = (base + offset for offset in range(5))
    p = size.companies + np.arange(count) % max(size.persons, 1)
    other = size.companies + (np.arange(count) + size.persons // 2) % max(size.persons, 1)
    rows = [
        (p, a, 0.60), (other, a, 0.40),
        (a, b, 0.30), (p, b, 0.25), (other, b, 0.45),
        (a, c, 0.26), (b, c, 0.25), (d, c, 0.40),
        (c, d, 0.51), (other, d, 0.49),
        (b, e, 0.50), (other, e, 0.50),
    ]  # fmt: skip
    holder = np.concatenate([row[0] for row in rows])
    held = np.concatenate([row[1] for row in rows])
    share = np.concatenate([np.full(count, row[2]) for row in rows])
    truth = np.concatenate([np.stack([p, each], 1) for each in (a, b, c, d)])
    decoys = np.concatenate([np.stack([p, e], 1), np.stack([other, c], 1)])
    return holder, held, share, truth.astype(np.int32), decoys.astype(np.int32)
