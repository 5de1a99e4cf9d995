"""What each remedy of a difference between groups would cost, in the three numbers of the house.

    as_is             nothing is changed
    without           fitted again without some columns
    reweighed         fitted again with weights that part group from outcome
                      (Kamiran and Calders 2012)
    one_cut_moved     the same cut-off for everybody, moved until approval rates are near enough
    cut_per_group     a cut-off for each group. It treats equal applicants unequally because of
                      their group, which is not lawful in many places; it is here for its cost

Nothing here is ever applied: a remedy gives figures, never a model or a cut-off in use. Every
probability is out of fold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import pyarrow as pa

from headrace.errors import InputError
from headrace.scores.validation.figures import CLOSEST, Figure, auc_interval
from headrace.scores.validation.nested import Procedure, Rows, features_at, out_of_fold
from headrace.scores.validation.splits import Splits
from headrace.scores.watch.fairness import FOUR_FIFTHS, Applicants, Group, by_group
from headrace.scores.watch.outcomes import Flags, Floats, Ints
from headrace.scores.watch.three_numbers import (
    Approved,
    Changes,
    Lending,
    ThreeNumbers,
    changes,
    safest,
    three_numbers,
)


class Remedy(Enum):
    """What could be done."""

    AS_IS = "as_is"
    WITHOUT = "without"
    REWEIGHED = "reweighed"
    ONE_CUT_MOVED = "one_cut_moved"
    CUT_PER_GROUP = "cut_per_group"


WORDS = {
    Remedy.AS_IS: ("nothing is changed", "不作调整"),
    Remedy.WITHOUT: ("fitted without {0}", "剔除 {0} 后重新拟合"),
    Remedy.REWEIGHED: ("fitted with weights that part group from outcome", "重加权后重新拟合"),
    Remedy.ONE_CUT_MOVED: ("one cut-off for all, moved", "统一调整准入线"),
    Remedy.CUT_PER_GROUP: ("a cut-off for each group", "各组分设准入线"),
}
"""Each in English and Chinese."""

UNLAWFUL = (
    "A cut-off that depends on a person's group is not lawful in many places: ask counsel first",
    "按群体分设准入线在许多法域属于违法，须先征求法律意见",
)


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        portion: Share of applicants to approve, in (0, 1), for all but `one_cut_moved`: the figures
            then differ by who is approved, not by how many.
        group: Number of each row's group, (n,); -1 where not known.
        names: Of the groups.
        lending: What is lent.
        without: Sets of columns that could be left out, each a remedy of its own.
    """

    portion: float
    group: Ints
    names: tuple[str, ...]
    lending: Lending
    without: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Cost:
    """One remedy, out of fold.

    Attributes:
        remedy: Which.
        en: What it does, in English.
        zh: In Chinese.
        warning: In English and Chinese; None where there is nothing to warn of.
        numbers: The three numbers.
        changes: Of them, against `as_is`.
        auc: Of the probabilities, with its interval.
        ratio_least: Least ratio of a group's approval rate to the highest, small groups left out;
            NaN where fewer than two are left.
        groups: Figures by group.
    """

    remedy: Remedy
    en: str
    zh: str
    warning: tuple[str, str] | None
    numbers: ThreeNumbers
    changes: Changes
    auc: Figure
    ratio_least: float
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class _Way:
    """A remedy and the way to approve that it leads to."""

    remedy: Remedy
    said: str
    way: Approved


def costs(procedure: Procedure, rows: Rows, splits: Splits, asked: Question) -> tuple[Cost, ...]:
    """What each remedy would cost; the first is `as_is`.

    Args:
        procedure: How the score is fitted. It must heed weights if reweighing is to mean anything.
        rows: Applicants with known outcomes; columns in a table if some are to be left out.
        splits: Folds that test every row.
        asked: What is asked.

    Raises:
        InputError: If the folds leave rows untested, or a column to leave out is not there.
    """
    if not 0 < asked.portion < 1 or asked.group.shape != rows.y.shape:
        raise InputError(
            f"a portion of {asked.portion} and {asked.group.size} groups for {rows.y.size} rows",
            remedy="a share between 0 and 1, and a group for every row",
        )
    ways = list(_ways(procedure, rows, splits, asked))
    return tuple(_cost(each, ways[0].way, rows.y, asked) for each in ways)


def _ways(procedure: Procedure, rows: Rows, splits: Splits, asked: Question) -> Iterator[_Way]:
    p = _probability(procedure, rows, splits)
    yield _Way(Remedy.AS_IS, "", Approved(p, safest(p, asked.portion)))
    for names in asked.without:
        fewer = replace(rows, x=_left(rows, names))
        without = _probability(procedure, fewer, splits)
        way = Approved(without, safest(without, asked.portion))
        yield _Way(Remedy.WITHOUT, ", ".join(names), way)
    reweighed = _reweighed(procedure, rows, splits, asked.group)
    yield _Way(Remedy.REWEIGHED, "", Approved(reweighed, safest(reweighed, asked.portion)))
    yield _Way(Remedy.ONE_CUT_MOVED, "", Approved(p, _moved(p, rows.y, asked)))
    yield _Way(Remedy.CUT_PER_GROUP, "", Approved(p, _per_group(p, asked)))


def _probability(procedure: Procedure, rows: Rows, splits: Splits) -> Floats:
    done = out_of_fold(procedure, rows, splits)
    if done.rows.size < rows.y.size:
        raise InputError(
            f"the folds test {done.rows.size} of {rows.y.size} rows",
            remedy="folds that test every row once a repeat",
        )
    return np.clip(done.mean, CLOSEST, 1 - CLOSEST)


def _left(rows: Rows, names: Sequence[str]) -> pa.Table:
    if not isinstance(rows.x, pa.Table) or not set(names) <= set(rows.x.column_names):
        raise InputError(
            f"there is no column to leave out of: {', '.join(names)}",
            remedy="features as a table that has those columns",
        )
    return rows.x.drop_columns(list(names))


def _reweighed(procedure: Procedure, rows: Rows, splits: Splits, group: Ints) -> Floats:
    """Out of fold, each fold fitted with weights counted in its own training rows.

    w = P(group) P(outcome) / P(group and outcome) (Kamiran and Calders 2012, section 4.1), times
    the weight that a row has already.
    """
    total, tested = np.zeros(rows.y.size), np.zeros(rows.y.size)
    for fold in splits.folds:
        train = rows.take(fold.train)
        of, y = group[fold.train] + 1, train.y
        weight = np.ones(y.size) if train.w is None else train.w
        cells = np.bincount(of * 2 + y, weight)
        wanted = np.bincount(of, weight)[of] * np.bincount(y, weight)[y] / weight.sum()
        model = procedure.fit(replace(train, w=weight * wanted / cells[of * 2 + y]))
        total[fold.test] += procedure.predict(model, features_at(rows.x, fold.test))
        tested[fold.test] += 1
    return np.clip(total / tested, CLOSEST, 1 - CLOSEST)


def _moved(p: Floats, y: Ints, asked: Question) -> Flags:
    """The strictest single cut-off, no stricter than as it is, at which all ratios reach 0.8.

    It moves by a hundredth of the applicants at a time. As it is, where fewer than two groups are
    large enough to speak of a ratio.
    """
    for portion in np.arange(asked.portion, 1.0, 0.01):
        approved = safest(p, float(portion))
        found = _least(by_group(Applicants(p, approved, y, asked.group, asked.names)))
        if np.isnan(found) or found >= FOUR_FIFTHS:
            return approved
    return np.ones(p.size, np.bool_)


def _per_group(p: Floats, asked: Question) -> Flags:
    """The safest of each group, the same portion of each."""
    approved = np.zeros(p.size, np.bool_)
    for code in range(-1, len(asked.names)):
        rows = np.flatnonzero(asked.group == code)
        approved[rows[safest(p[rows], asked.portion)]] = True
    return approved


def _least(groups: tuple[Group, ...]) -> float:
    rates = [each.approval.value for each in groups if not each.small]
    highest = max(rates, default=0.0)
    return min(rates) / highest if len(rates) > 1 and highest > 0 else float("nan")


def _cost(found: _Way, as_is: Approved, y: Ints, asked: Question) -> Cost:
    way, (en, zh), price = found.way, WORDS[found.remedy], asked.lending.price
    people = Applicants(
        way.probability,
        way.approved,
        y,
        asked.group,
        asked.names,
        None if price is None else price(way.probability),
    )
    groups = by_group(people)
    return Cost(
        remedy=found.remedy,
        en=en.format(found.said),
        zh=zh.format(found.said),
        warning=UNLAWFUL if found.remedy is Remedy.CUT_PER_GROUP else None,
        numbers=three_numbers(way, y, asked.lending),
        changes=changes(way, as_is, y, asked.lending),
        auc=auc_interval(y, way.probability),
        ratio_least=_least(groups),
        groups=groups,
    )
