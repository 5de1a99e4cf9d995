"""What agreement is worth: Fellegi-Sunter weights in bits, and their explanation.

Two records are one party with odds prior x m1/u1 x m2/u2 ..., where m is how often a level of
agreement is seen among records of one party and u among records of two (Fellegi and Sunter, A
Theory for Record Linkage, JASA 1969). Weights are log2 of those ratios, so they add up. Agreeing on
a value weighs more where the value is rare (Winkler 2000).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.graph.identity import firm_names, kernels
from headrace.graph.identity.blocking import THREADS
from headrace.graph.identity.firm_names import FirmColumn
from headrace.graph.identity.records import Records, SetColumn, TextColumn
from headrace.graph.identity.settings import Comparison, Settings, TextComparison

CHUNK_PAIRS = 200_000
TRADE_AGREES = (2, 5, 6, 7)
"""Levels of company names at which the trade names are equal."""


@dataclass(frozen=True)
class Frequencies:
    """How often values occur; what is not listed occurs once.

    Attributes:
        hashes: uint64, ascending.
        shares: float64, of all values that are not missing.
        rarest: Share of a value that occurs once.
        agreement: Probability that two random values agree: the sum of the squared shares.
    """

    hashes: NDArray[np.uint64]
    shares: NDArray[np.float64]
    rarest: float
    agreement: float


@dataclass(frozen=True)
class Agreement:
    """What each level of one comparison is worth.

    Attributes:
        same: m, by level from 0: shares among pairs of one party; adds up to 1.
        chance: u: shares among pairs of two parties.
    """

    same: tuple[float, ...]
    chance: tuple[float, ...]

    @property
    def bits(self) -> NDArray[np.float64]:
        """log2(m / u) by level, then 0 for a missing value."""
        return np.append(np.log2(np.array(self.same) / np.array(self.chance)), 0.0)


@dataclass(frozen=True)
class Model:
    """Everything that a score is a function of, besides the two records.

    Attributes:
        settings: What is compared.
        prior: Probability that two random records are one party.
        agreements: One per comparison.
        frequencies: By field, of comparisons that count rare values for more. They stay as they
            were trained: a score never changes because other records came.
    """

    settings: Settings
    prior: float
    agreements: tuple[Agreement, ...]
    frequencies: dict[str, Frequencies]


@dataclass(frozen=True)
class Step:
    """One bar of a waterfall.

    Attributes:
        field: What was compared; "prior" for the first.
        level: What was found, in words.
        bits: What it adds; 1 bit doubles the odds.
        rarity_bits: What of it comes from how rare the value is.
    """

    field: str
    level: str
    bits: float
    rarity_bits: float = 0.0


def levels_of(
    records: Records,
    comparison: Comparison,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
) -> NDArray[np.int8]:
    """The level of agreement of each pair; -1 where a value is missing."""
    column = records.columns[comparison.field]
    if isinstance(column, FirmColumn):
        return firm_names.levels(column, left, right)
    out = np.empty(len(left), np.int8)
    if isinstance(column, SetColumn):
        least = np.array(getattr(comparison, "at_least", (1,)), np.float64)
        kernels.shared_levels(left, right, column.items, column.at, least, out)
        return out
    assert isinstance(comparison, TextComparison)  # noqa: S101 - lists need SharedComparison
    loose = np.array(comparison.thresholds[::-1], np.float64)
    texts = column.texts
    measure = int(comparison.measure)
    kernels.text_levels(left, right, column.hashes, texts.points, texts.at, measure, loose, out)
    return out


def rarity(model: Model, records: Records) -> dict[str, NDArray[np.float32]]:
    """Per field counted by frequency, the bits that agreeing on each record's value adds.

    log2 of the chance of agreeing on any value over the chance of agreeing on this one.
    """
    found = {}
    for field, table in model.frequencies.items():
        values = first_values(records, field)
        place = np.minimum(np.searchsorted(table.hashes, values), max(len(table.hashes) - 1, 0))
        share = np.full(len(values), table.rarest)
        if len(table.hashes):
            known = table.hashes[place] == values
            share[known] = table.shares[place[known]]
        bits = np.log2(table.agreement / share)
        bits[values == 0] = np.inf
        found[field] = bits.astype(np.float32)
    return found


def first_values(records: Records, field: str) -> NDArray[np.uint64]:
    """The hash of each record's value; of several names the first; 0 where missing."""
    column = records.columns[field]
    if isinstance(column, FirmColumn):
        values = np.zeros(len(records), np.uint64)
        some = np.flatnonzero(np.diff(column.name_at))
        values[some] = column.trade[column.name_at[some]]
        return values
    assert isinstance(column, TextColumn)  # noqa: S101 - sets are not counted by frequency
    return column.hashes


def weights(
    model: Model,
    records: Records,
    rarities: dict[str, NDArray[np.float32]],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
) -> NDArray[np.float32]:
    """Bits of evidence that each pair is one party; 0 is even odds.

    Args:
        model: What agreement is worth.
        records: All records.
        rarities: `rarity` of the records.
        left: int32 (pairs,): rows.
        right: int32 (pairs,).
    """
    one = np.where(records.marks[left] <= records.marks[right], left, right)
    other = np.where(one == left, right, left)  # some similarities depend on which text is first
    out = np.full(len(left), np.log2(model.prior / (1 - model.prior)), np.float32)

    def score(start: int) -> None:
        part = slice(start, start + CHUNK_PAIRS)
        for place in range(len(model.settings.comparisons)):
            out[part] += _bits(model, records, rarities, place, (one[part], other[part]))[0]

    if len(left) <= CHUNK_PAIRS:
        score(0)
        return out
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(score, range(0, len(left), CHUNK_PAIRS)))
    return out


def _bits(
    model: Model,
    records: Records,
    rarities: dict[str, NDArray[np.float32]],
    place: int,
    pairs: tuple[NDArray[np.int32], NDArray[np.int32]],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int8]]:
    """Bits of one comparison, those of them by rarity, and the levels."""
    comparison = model.settings.comparisons[place]
    found = levels_of(records, comparison, *pairs)
    bits = model.agreements[place].bits.astype(np.float32)[found]
    rare = np.zeros(len(bits), np.float32)
    bonus = rarities.get(comparison.field) if getattr(comparison, "by_frequency", False) else None
    if bonus is not None:
        if isinstance(comparison, TextComparison):
            agree = found == len(comparison.words) - 1
        else:
            agree = np.isin(found, TRADE_AGREES)
        least = np.minimum(bonus[pairs[0]], bonus[pairs[1]])
        rare[agree] = np.where(np.isfinite(least[agree]), least[agree], 0)
    return bits + rare, rare, found


def explained(
    model: Model,
    records: Records,
    rarities: dict[str, NDArray[np.float32]],
    one: int,
    other: int,
) -> tuple[Step, ...]:
    """The waterfall of one pair: prior, then each comparison; the bits add up to its weight."""
    if records.marks[one] > records.marks[other]:
        one, other = other, one
    pair = (np.array([one], np.int32), np.array([other], np.int32))
    prior = float(np.log2(model.prior / (1 - model.prior)))
    steps = [Step("prior", f"1 in {1 / model.prior:,.0f} random pairs is one party", prior)]
    for place, comparison in enumerate(model.settings.comparisons):
        bits, rare, found = (values[0] for values in _bits(model, records, rarities, place, pair))
        words = "missing" if found < 0 else comparison.words[found]
        steps.append(Step(comparison.field, words, float(bits), float(rare)))
    return tuple(steps)


def probability(bits: float) -> float:
    """The probability that stands for bits of evidence."""
    return float(1 / (1 + 2.0 ** -np.clip(bits, -500, 500)))
