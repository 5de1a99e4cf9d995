"""Learning what agreement is worth, without labels.

The protocol is Splink's, so that results can be compared: the prior from rules that are right
whenever they fire and a guess of how many matches they find; u from random pairs, which are almost
never one party; m by expectation maximisation on pairs that share a key, once per training rule,
leaving out what the rule makes equal, and averaged (Linacre et al., Splink, IJPDS 2022; the EM
for agreement patterns is Winkler 1988).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.graph.identity import firm_names as names
from headrace.graph.identity.blocking import candidate_pairs, without_hot
from headrace.graph.identity.firm_names import FirmColumn, stirred
from headrace.graph.identity.model import Agreement, Frequencies, Model, first_values, levels_of
from headrace.graph.identity.records import Records, keys_of
from headrace.graph.identity.settings import Rule, Settings, TextComparison

SMALLEST = 1e-6
"""A level never seen is not impossible: no probability is less."""
NAMES_SMALLEST = 1e-10
"""The same for company names, whose chance is computed and not seen."""


@dataclass(frozen=True)
class Protocol:
    """How a model is trained.

    Attributes:
        certain: Rules that hold for one party only; the prior comes from the pairs they find.
        recall: Share of all matches that `certain` finds, 0..1.
        training: Rules whose pairs m is learned on. Each comparison must be left out by one less
            than all of them.
        sample_pairs: Random pairs that u is learned on.
        training_pairs: Most pairs of a training rule; more are thinned out evenly.
        rounds: Most rounds of expectation maximisation.
        tolerance: Rounds end when no m moved by more.
        pairs_min: Fewer pairs of a training rule teach nothing.
        otherwise: m by field, for comparisons that nothing was learned about: small sets, or such
            as lack codes and phones. Empty: that is an error.
    """

    certain: tuple[Rule, ...]
    recall: float
    training: tuple[Rule, ...]
    sample_pairs: int = 1_000_000
    training_pairs: int = 1_000_000
    rounds: int = 25
    tolerance: float = 1e-4
    pairs_min: int = 1
    otherwise: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


def train(
    records: Records, settings: Settings, protocol: Protocol, rng: np.random.Generator
) -> Model:
    """Learn a model from records that nobody labelled.

    Args:
        records: A fair sample of what will be resolved.
        settings: What is compared.
        protocol: How to learn.
        rng: Draws the random pairs.

    Raises:
        InputError: Too few records, or a comparison that every training rule leaves out.
    """
    if len(records) < 2:
        raise InputError("Two records at least are needed to learn from")
    prior = _prior(records, settings, protocol)
    left, right = _random_pairs(records, protocol.sample_pairs, rng)
    frequencies = {
        c.field: frequencies_of(_counted(records, c.field))
        for c in settings.comparisons
        if getattr(c, "by_frequency", False)
    }
    chance = [
        _chance(records, settings, place, left, right) for place in range(len(settings.comparisons))
    ]
    learned: list[list[NDArray[np.float64]]] = [[] for _ in settings.comparisons]
    for rule in protocol.training:
        for place, same in _session(records, settings, protocol, rule, chance).items():
            learned[place].append(same)
    for comparison, found in zip(settings.comparisons, learned, strict=True):
        if not found and comparison.field in protocol.otherwise:
            found.append(np.array(protocol.otherwise[comparison.field]))
        if not found:
            remedy = "add a training rule without it"
            raise InputError("Nothing to learn from", where=comparison.field, remedy=remedy)
    agreements = tuple(
        Agreement(tuple(_shares(np.mean(m, axis=0)).tolist()), tuple(u.tolist()))
        for m, u in zip(learned, chance, strict=True)
    )
    return Model(settings, prior, agreements, frequencies)


def frequencies_of(values: NDArray[np.uint64]) -> Frequencies:
    """How often each value occurs, 0 being no value."""
    hashes, counts = np.unique(values[values != 0], return_counts=True)
    total = max(int(counts.sum()), 1)
    shares = counts / total
    several = counts > 1
    agreement = max(float((shares**2).sum()), 1 / total)
    return Frequencies(hashes[several], shares[several], 1 / total, agreement)


def _prior(records: Records, settings: Settings, protocol: Protocol) -> float:
    keys = [keys_of(records, rule) for rule in protocol.certain]
    keys = [without_hot(each, settings.block_rows_max) for each in keys]
    found = len(candidate_pairs(keys, len(records), records.source)[0])
    total = _pair_count(records)
    return float(np.clip(found / protocol.recall / total, 1 / total, 0.5))


def _pair_count(records: Records) -> float:
    """How many pairs there are, within sources left out."""
    n = float(len(records))
    known = records.source[records.source >= 0]
    sizes = np.bincount(known).astype(np.float64)
    return max(n * (n - 1) / 2 - float((sizes * (sizes - 1) / 2).sum()), 1.0)


def _random_pairs(
    records: Records, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    left = rng.integers(0, len(records), count, dtype=np.int32)
    right = rng.integers(0, len(records), count, dtype=np.int32)
    source = records.source
    fine = (left != right) & ((source[left] < 0) | (source[left] != source[right]))
    return left[fine], right[fine]


def _chance(
    records: Records,
    settings: Settings,
    place: int,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
) -> NDArray[np.float64]:
    """Chance (u) by level. Equality of texts is counted on all pairs, the rest on random ones."""
    comparison = settings.comparisons[place]
    column = records.columns[comparison.field]
    if isinstance(column, FirmColumn):
        return _chance_of_names(records, comparison.field, column, left, right)
    found = levels_of(records, comparison, left, right)
    counts = np.bincount(found[found >= 0], minlength=len(comparison.words)).astype(np.float64)
    if isinstance(comparison, TextComparison):
        _, each = np.unique(_present(records, comparison.field), return_counts=True)
        total = max(float(each.sum()), 2.0)
        equal = float((each * (each - 1.0)).sum()) / (total * (total - 1.0))
        equal = min(max(equal, 1 / total**2), 0.999)
        counts[-1] = counts[:-1].sum() * equal / (1 - equal)
    return _shares(counts)


def _chance_of_names(
    records: Records,
    field: str,
    column: FirmColumn,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
) -> NDArray[np.float64]:
    """Chance (u) of company names, from their parts as if those were independent.

    Two firms of one full name are so rare that no sample finds them, and pairs of one firm that
    were drawn by accident would be all that is seen. So: how often trade names agree by chance,
    times what else then agrees in random pairs; the same for sounds.
    """
    trades = frequencies_of(_counted(records, field)).agreement
    sounds = frequencies_of(_distinct(column, column.sound)).agreement
    ones = np.ones(len(column.trade), np.uint64)
    found = names.levels(column, left, right)
    counts = np.bincount(found[found >= 0], minlength=len(names.LEVELS)).astype(np.float64)
    counts[[2, 4, 5, 6, 7]] = 0
    given = replace(column, trade=ones, sound=np.where(column.sound == 0, column.sound, ones))
    counts /= max(counts.sum(), 1.0)
    for share, other in (
        (trades, given),
        (max(sounds - trades, trades / 10), replace(given, trade=np.zeros_like(ones))),
    ):
        found = names.levels(other, left, right)
        agreed = np.bincount(found[found >= 0], minlength=len(names.LEVELS)).astype(np.float64)
        counts += share * agreed / max(agreed.sum(), 1.0)
    return np.asarray(np.maximum(counts / counts.sum(), NAMES_SMALLEST))


def _counted(records: Records, field: str) -> NDArray[np.uint64]:
    """Values whose frequency counts; a firm that is on file many times under one name once."""
    column = records.columns[field]
    if isinstance(column, FirmColumn):
        return _distinct(column, column.trade)
    return first_values(records, field)


def _distinct(column: FirmColumn, values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Values of names, those of names that are equal in every part once."""
    key = stirred(
        stirred(values, column.business | column.english), column.region.astype(np.uint64)
    )
    return np.asarray(values[np.unique(key, return_index=True)[1]])


def _present(records: Records, field: str) -> NDArray[np.uint64]:
    values = first_values(records, field)
    present: NDArray[np.uint64] = values[values != 0]
    return present


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = np.maximum(counts / max(counts.sum(), 1e-300), SMALLEST)
    return np.asarray(shares / shares.sum())


def _session(
    records: Records,
    settings: Settings,
    protocol: Protocol,
    rule: Rule,
    chance: list[NDArray[np.float64]],
) -> dict[int, NDArray[np.float64]]:
    """Shares (m) by comparison, of those that the rule does not make equal."""
    fixed = {part.field.split(".")[0] for part in rule.parts}
    places = [p for p, c in enumerate(settings.comparisons) if c.field not in fixed]
    keys = without_hot(keys_of(records, rule), settings.block_rows_max)
    left, right = candidate_pairs([keys], len(records), records.source)
    few = len(left) < max(protocol.pairs_min, 1)
    if few or len(places) < 2:  # one alone cannot tell m from how many pairs match
        return {}
    step = -(-len(left) // protocol.training_pairs)
    left, right = left[::step], right[::step]
    patterns = np.zeros(len(left), np.int64)
    for place in places:
        size = len(settings.comparisons[place].words) + 1
        found = levels_of(records, settings.comparisons[place], left, right)
        patterns = patterns * size + found.astype(np.int64) + 1
    distinct, counts = np.unique(patterns, return_counts=True)
    columns = []
    for place in reversed(places):
        size = len(settings.comparisons[place].words) + 1
        columns.append(distinct % size - 1)
        distinct = distinct // size
    levels = np.array(columns[::-1])
    same = _expectation_maximisation(levels, counts, [chance[p] for p in places], protocol)
    return dict(zip(places, same, strict=True))


def _expectation_maximisation(
    levels: NDArray[np.int64],
    counts: NDArray[np.int64],
    chance: list[NDArray[np.float64]],
    protocol: Protocol,
) -> list[NDArray[np.float64]]:
    """Shares (m) of each comparison from how often each pattern of levels occurs; u is kept."""
    same = [_start(len(u)) for u in chance]
    share = 0.3
    for _ in range(protocol.rounds):
        logs = np.full(levels.shape[1], np.log(share / (1 - share)))
        for found, m, u in zip(levels, same, chance, strict=True):
            logs += np.append(np.log(m / u), 0.0)[found]
        matched = counts / (1 + np.exp(-np.clip(logs, -700, 700)))
        share = float(np.clip(matched.sum() / counts.sum(), 1e-9, 1 - 1e-9))
        moved = 0.0
        for place, (found, old) in enumerate(zip(levels, same, strict=True)):
            known = found >= 0
            seen = np.bincount(found[known], matched[known], minlength=len(old))
            new = _shares(seen.astype(np.float64))
            moved = max(moved, float(np.abs(new - old).max()))
            same[place] = new
        if moved < protocol.tolerance:
            break
    return same


def _start(levels: int) -> NDArray[np.float64]:
    """Shares (m) to begin with: equality is common among records of one party."""
    start = np.full(levels, 0.05 / (levels - 1))
    start[-1] = 0.95
    return start
