"""A model from a user's rows, and several side by side: check, validate, fit, in that order.

Nothing is fitted before the leakage check has passed or was told to stand aside, which the model
then says of itself. Every choice that looks at outcomes is made anew in each fold.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.scores.binning.bins import Kind
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.leakage.findings import Leak, refuse
from headrace.scores.table_fitting import Making
from headrace.scores.table_model import KINDS, Learnt, TableModel, Taken
from headrace.scores.validation.comparing import Compared, Tried, best_by_luck, compare, holm, tried
from headrace.scores.validation.curves import CostCurve, Stakes, cost_curve
from headrace.scores.validation.figures import Figure, bootstrap, brier, checked, ks
from headrace.scores.validation.nested import (
    Features,
    OutOfFold,
    Quality,
    Rows,
    out_of_fold,
    quality,
)
from headrace.scores.validation.splits import Splits, SplitSettings
from headrace.workflows.card_building import Dated, findings, held_out
from headrace.workflows.card_cells import numbers_of, plain_column, texts_of
from headrace.workflows.card_names import protected
from headrace.workflows.card_rows import CardRows, RawTable, refused_cells

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Tick = Callable[[float], None]
DRAWS = 400
EXPLAINED_MAX = 5_000  # rows from which importance is read


@dataclass(frozen=True)
class Plan:
    """How a model is built.

    Attributes:
        making: The kind of model and its settings.
        splits: How rows are held out.
        dated: What is known of dates, for the leakage check.
        allow_leakage: Go on where the check would refuse, and say so.
    """

    making: Making
    splits: SplitSettings
    dated: Dated
    allow_leakage: bool = False


@dataclass(frozen=True, eq=False)
class Built:
    """A model and everything that was found on the way.

    Attributes:
        model: Fitted on all rows.
        quality: On rows that the folds held out.
        splits: What was held out.
        findings: Of the leakage check.
        named: Features whose headings name a protected attribute, and which.
    """

    model: TableModel
    quality: Quality
    splits: Splits
    findings: tuple[Leak, ...]
    named: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Watching:
    """A procedure that tells how far it is: one step a fit."""

    making: Making
    done: Callable[[], None]

    def fit(self, rows: Rows) -> TableModel:
        """A model, from nothing but these rows."""
        found = self.making.fit(rows)
        self.done()
        return found

    def predict(self, model: Any, x: Features) -> Floats:
        """Probability of default, (n,)."""
        return self.making.predict(model, x)


def checked_rows(rows: CardRows, plan: Plan) -> tuple[Splits, tuple[Leak, ...]]:
    """The split that rows call for, and what leaks.

    Raises:
        LeakageError: The check refuses, unless the plan says to go on.
    """
    found = findings(rows, plan.dated, with_days=False)
    splits, of_folds = held_out(rows, plan.splits)
    if not plan.allow_leakage:
        refuse([*found, *of_folds])
    return splits, (*found, *of_folds)


def build(rows: CardRows, weights: Floats | None, plan: Plan, tick: Tick) -> Built:
    """Check, validate, fit.

    Args:
        rows: That were read.
        weights: Of them, above 0, (n,), or None.
        plan: How.
        tick: Told what part is done, 0 to 1.

    Raises:
        LeakageError: The check refuses, unless the plan says to go on.
        InputError: Rows are too few, or nothing tells the outcomes apart.
    """
    splits, leaks = checked_rows(rows, plan)
    whole = Rows(rows.table, rows.y, weights, rows.times, rows.groups)
    step = _steps(len(splits.folds) + 1, tick)
    # Held-out rows are of the sample: the stated rate moves the finished model alone.
    tested = out_of_fold(Watching(replace(plan.making, base_rate=None), step), whole, splits)
    found = quality(tested)
    model = Watching(plan.making, step).fit(whole)
    learnt = replace(
        model.learnt,
        leaking=tuple(dict.fromkeys(each.feature for each in leaks if each.refuses)),
        split=(splits.en, splits.zh),
        figures=figures(found, tested, plan.making.seed),
        importance=importance(model, rows.table),
    )
    named = ((name, protected(name)) for name in model.names)
    return Built(
        model=replace(model, learnt=learnt),
        quality=found,
        splits=splits,
        findings=leaks,
        named=tuple((name, key) for name, key in named if key),
    )


def _steps(count: int, tick: Tick) -> Callable[[], None]:
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        tick(min(1.0, done / count))

    return step


def figures(found: Quality, tested: OutOfFold, seed: int) -> tuple[tuple[str, Figure], ...]:
    """AUC, Gini, KS, Brier, slope and intercept on held-out rows, each with its interval."""
    rows = checked(tested.y, tested.mean, tested.w, tested.groups)
    draws = min(DRAWS, max(100, 20_000_000 // max(rows.y.size, 1)))
    return (
        ("auc", found.auc),
        ("gini", found.gini),
        ("ks", bootstrap(rows, ks, seed, draws)),
        ("brier", bootstrap(rows, lambda y, p, w: brier(y, p, w).score, seed, draws)),
        ("slope", found.line.slope),
        ("intercept", found.line.intercept),
    )


def importance(model: TableModel, table: pa.Table) -> tuple[float, ...]:
    """Mean distance of what a column adds from its own mean: log odds, or points of a card."""
    step = max(1, table.num_rows // EXPLAINED_MAX)
    added = model.contributions(table.take(pa.array(np.arange(0, table.num_rows, step))))
    return tuple(np.abs(added - added.mean(axis=0)).mean(axis=0).tolist())


# --- side by side ---------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Rival:
    """One kind of model on the held-out rows.

    Attributes:
        kind: Of `KINDS`.
        quality: On the rows that the folds held out.
        costs: Over all cut-offs.
    """

    kind: str
    quality: Quality
    costs: CostCurve


@dataclass(frozen=True)
class Duel:
    """Two kinds on the same rows.

    Attributes:
        simple: The simpler kind.
        other: The other.
        found: `other` less `simple`.
        p_holm: Its p-value, adjusted for all pairs.
        is_better: Whether `other` is: the interval and the adjusted p-value both say so.
    """

    simple: str
    other: str
    found: Compared
    p_holm: float
    is_better: bool


@dataclass(frozen=True, eq=False)
class Comparison:
    """Kinds of model side by side.

    Attributes:
        rivals: Simplest first.
        duels: All pairs.
        kept: The kind to keep.
        tried: The best of the others against the simplest, and luck.
        columns: Features there were.
        luck: AUC that the best single feature of so many would reach by chance in 1 of 20 tables.
        splits: What was held out.
        findings: Of the leakage check.
    """

    rivals: tuple[Rival, ...]
    duels: tuple[Duel, ...]
    kept: str
    tried: Tried
    columns: int
    luck: float
    splits: Splits
    findings: tuple[Leak, ...]


@dataclass(frozen=True)
class Contestants:
    """Which kinds are compared, and what is at stake.

    Attributes:
        kinds: Of `KINDS`, two or more, each once.
        stakes: Of one applicant.
    """

    kinds: tuple[str, ...]
    stakes: Stakes

    def __post_init__(self) -> None:
        """Refuse what leaves nothing to compare.

        Raises:
            InputError: Naming the option.
        """
        for kind in self.kinds:
            Making(kind)
        if len(set(self.kinds)) < 2 or len(set(self.kinds)) < len(self.kinds):
            raise InputError(
                f"{', '.join(self.kinds) or 'nothing'} leaves nothing to compare",
                where="--with",
                remedy=f"two or more of {', '.join(KINDS)}, each once",
            )


def side_by_side(
    rows: CardRows, weights: Floats | None, plan: Plan, asked: Contestants, tick: Tick
) -> Comparison:
    """Validate each kind on the same folds, then compare all pairs.

    The simpler of two is kept unless the interval of the difference in AUC lies above 0 and its
    p-value, adjusted for all pairs by Holm's method, is below 0.05.

    Raises:
        LeakageError: The check refuses, unless the plan says to go on.
        InputError: Rows are too few.
    """
    splits, leaks = checked_rows(rows, plan)
    whole = Rows(rows.table, rows.y, weights, rows.times, rows.groups)
    kinds = sorted(asked.kinds, key=KINDS.index)
    step = _steps(len(splits.folds) * len(kinds), tick)
    done: dict[str, OutOfFold] = {}
    for kind in kinds:
        allowed = plan.making.monotone if kind in ("card", "boosting") else {}
        making = replace(plan.making, kind=kind, base_rate=None, monotone=allowed)
        done[kind] = out_of_fold(Watching(making, step), whole, splits)
    duels = _duels(kinds, done)
    kept = kinds[0]
    for kind in kinds[1:]:
        if any(d.is_better for d in duels if (d.simple, d.other) == (kept, kind)):
            kept = kind
    first = done[kinds[0]]
    others = {kind: done[kind].mean for kind in kinds[1:]}
    seed = plan.making.seed
    return Comparison(
        rivals=tuple(
            Rival(
                kind,
                quality(each),
                cost_curve(checked(each.y, each.mean, each.w), asked.stakes, seed, draws=200),
            )
            for kind, each in done.items()
        ),
        duels=duels,
        kept=kept,
        tried=tried(first.y, first.mean, others, seed, draws=2000),
        columns=rows.table.num_columns,
        luck=best_by_luck(
            rows.table.num_columns, int(rows.y.sum()), int(rows.y.size - rows.y.sum())
        ),
        splits=splits,
        findings=leaks,
    )


def _duels(kinds: Sequence[str], done: Mapping[str, OutOfFold]) -> tuple[Duel, ...]:
    pairs = list(combinations(kinds, 2))
    found = []
    for simple, other in pairs:
        one, two = done[other], done[simple]
        found.append(compare(one.y, one.mean, two.mean, one.w, groups=one.groups))
    raised = holm([each.p_value for each in found])
    return tuple(
        Duel(simple, other, each, float(p), bool(each.difference.low > 0 and p < 0.05))
        for (simple, other), each, p in zip(pairs, found, raised, strict=True)
    )


# --- a model and a table --------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Given:
    """Rows of a table that a model can score.

    Attributes:
        table: The columns that it takes.
        places: Row of the raw table of each, from 0, (n,).
        refused: Cells that could not be read; their rows are left out.
    """

    table: pa.Table
    places: Ints
    refused: pa.Table


def read_for(raw: RawTable, columns: Sequence[Taken], language: str) -> Given:
    """The columns of a model from a table.

    Raises:
        InputError: A column is not there.
    """
    found: dict[str, pa.Array] = {}
    bad = []
    kept = np.ones(raw.columns.num_rows, np.bool_)
    for each in columns:
        name = raw.column(each.name, "the model")
        array = plain_column(raw.columns[name])
        cells = texts_of(array) if each.categorical else numbers_of(array)
        found[each.name] = cells.values
        bad.append((name, array, cells.bad, "text" if each.categorical else "number"))
        kept &= ~cells.bad
    places = np.flatnonzero(kept)
    table = pa.table(found).take(pa.array(places)).combine_chunks()
    return Given(table, places, refused_cells(raw, bad, language))


def weights_of(raw: RawTable, name: str, places: Ints) -> Floats:
    """Weights of rows, (n,).

    Raises:
        InputError: If one is not above 0; it names the row.
    """
    array = plain_column(raw.columns[raw.column(name, "--weight")])
    values = np.asarray(numbers_of(array).values.to_numpy(zero_copy_only=False), np.float64)[places]
    wrong = ~(values > 0)
    if wrong.any():
        at = int(places[np.flatnonzero(wrong)[0]])
        raise InputError(
            f"{array[at].as_py()!r} is no weight",
            where=f"{raw.where}, row {raw.rows[at]}, {name}",
            remedy="a number above 0 in every row",
        )
    return values


def as_table_model(found: Any) -> TableModel:
    """A model that was saved, whichever command fitted it.

    Raises:
        InputError: If it is of a kind that does not score a table.
    """
    if isinstance(found, TableModel):
        return found
    if isinstance(found, PointsCard):
        columns = [Taken(line.feature, line.bins.kind is Kind.CATEGORICAL) for line in found.lines]
        fitted = found.fitted
        rows, bad = (0, 0) if fitted is None else (fitted.rows, fitted.defaults)
        return TableModel("card", "", tuple(columns), found, Learnt(rows, bad, 0))
    raise InputError(
        f"a {type(found).__name__} scores no table",
        where="MODEL",
        remedy="a model of `headrace model fit` or a card of `headrace card`",
    )


@dataclass(frozen=True)
class Part:
    """What a column adds for one row: log odds of default, or points of a card.

    Attributes:
        name: Of the column.
        value: In the row; None where it is missing.
        added: By it.
        best: Points of its best bin; None but in a card.
    """

    name: str
    value: float | str | None
    added: float
    best: int | None = None


def explained(model: TableModel, table: pa.Table) -> tuple[Part, ...]:
    """What each column adds for the first row, largest first; in a card, most points lost first."""
    one = table.slice(0, 1).combine_chunks()
    added = model.contributions(one)[0].tolist()
    best: list[int | None] = [None] * len(added)
    if isinstance(model.model, PointsCard):
        best = [max(line.points) for line in model.model.lines]
    parts = []
    for each, value, most in zip(model.columns, added, best, strict=True):
        cell = one[each.name][0].as_py()
        missing = cell is None or (isinstance(cell, float) and np.isnan(cell))
        parts.append(Part(each.name, None if missing else cell, value, most))
    return tuple(sorted(parts, key=lambda p: -abs(p.added) if p.best is None else p.added - p.best))
