"""A model of a table fitted: every choice, encodings included, from the rows given alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.scores.binning.problem import Settings, Trend
from headrace.scores.cards.fitting import CardSettings, fit_card
from headrace.scores.linear import fit_linear, fit_rare
from headrace.scores.table_model import KINDS, Inner, Learnt, TableModel, Taken, shift_between
from headrace.scores.trees.categories import fit_rated, rated_out_of_fold
from headrace.scores.trees.lightgbm_growing import LightGBMSettings, TrainingRows, fit_lightgbm
from headrace.scores.validation.nested import Features, Rows
from headrace.scores.validation.splits import SplitSettings, dealt, split

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PRIOR = 20.0  # rows of the mean that a category's rate is drawn towards
FOLDS = 5


@dataclass(frozen=True)
class Making:
    """How a model is made; a `Procedure`.

    Attributes:
        kind: One of `KINDS`.
        target: Heading of the outcome.
        monotone: By feature, 1 where risk must never fall as it rises, -1 never rise.
        base_rate: Default rate of the world; None: the rows' own.
        seed: Deals rows to inner folds.
        trees: At most.
    """

    kind: str
    target: str = ""
    monotone: Mapping[str, int] = field(default_factory=dict)
    base_rate: float | None = None
    seed: int = 7
    trees: int = 500

    def __post_init__(self) -> None:
        """Refuse what does not go together.

        Raises:
            InputError: Naming the option.
        """
        if self.kind not in KINDS:
            problem = f"no kind of model is called {self.kind!r}"
            raise InputError(problem, where="--kind", remedy=f"one of {', '.join(KINDS)}")
        if self.monotone and self.kind in ("linear", "rare"):
            raise InputError(
                f"a model of kind {self.kind} keeps no constraint of direction",
                where="--monotone",
                remedy="--kind boosting or --kind card",
            )
        if self.base_rate is not None and not 0 < self.base_rate < 1:
            raise InputError(
                f"a default rate of {self.base_rate}",
                where="--base-rate",
                remedy="between 0 and 1, both out",
            )

    def fit(self, rows: Rows) -> TableModel:
        """A model, from nothing but these rows."""
        return fit_table_model(rows, self)

    def predict(self, model: TableModel, x: Features) -> Floats:
        """Probability of default, (n,)."""
        return model.probability(x)


def fit_table_model(rows: Rows, making: Making) -> TableModel:
    """Fit.

    Args:
        rows: Features as a table of float64 and strings.
        making: How.

    Raises:
        InputError: If there are too few rows of an outcome, or a constraint is on no number.
    """
    table = rows.x
    if not isinstance(table, pa.Table):
        raise InputError("features must be a table", where="rows.x")
    texts = {each.name: bool(pa.types.is_string(each.type)) for each in table.schema}
    _check_monotone(making, texts)
    if making.kind == "card":
        return _card(rows, table, making, texts)
    bad = int(rows.y.sum())
    folds = min(FOLDS, bad, rows.y.size - bad)
    if folds < 2:
        raise InputError(
            f"{bad} bad and {rows.y.size - bad} good rows to learn from", remedy="2 of each or more"
        )
    settings = SplitSettings(folds=folds, seed=making.seed)
    parts = [fold.test for fold in dealt(rows.y, None, settings).folds]
    columns, numbers = [], []
    for name, is_text in texts.items():
        if is_text:
            rated = fit_rated(table[name], rows.y, PRIOR, rows.w)
            columns.append(Taken(name, categorical=True, rated=rated))
            # A row must not see its own outcome in the rate of its category.
            numbers.append(rated_out_of_fold(table[name], rows.y, parts, PRIOR, rows.w))
        else:
            columns.append(Taken(name, categorical=False))
            numbers.append(np.asarray(table[name].to_numpy(), np.float64))
    x = np.column_stack(numbers)
    inner = _fitted(rows, x, tuple(texts), making, settings)
    learnt = Learnt(rows.y.size, bad, making.seed, making.base_rate)
    return TableModel(making.kind, making.target, tuple(columns), inner, learnt)


def _fitted(
    rows: Rows, x: Floats, names: tuple[str, ...], making: Making, settings: SplitSettings
) -> Inner:
    by = 0.0
    if making.base_rate is not None:
        by = shift_between(float(np.average(rows.y, weights=rows.w)), making.base_rate)
    if making.kind == "rare":
        if rows.w is not None:
            raise InputError(
                "Firth's fit takes no weights", where="--weight", remedy="--kind linear"
            )
        return fit_rare(x, rows.y, names).moved(by)
    if making.kind == "linear":
        inner = _inner_folds(rows, settings)
        return fit_linear(x, rows.y, names, inner, rows.w).moved(by)
    grown = fit_lightgbm(
        TrainingRows(x, rows.y, names, rows.w),
        _sizes(rows.y, len(names), making),
        _inner_folds(rows, settings),
    )
    return replace(grown, shift=grown.shift + by, fitted_on=making.target)


def _inner_folds(rows: Rows, settings: SplitSettings) -> list[tuple[Ints, Ints]]:
    """As the whole is split; at random where a part of that has one outcome only."""
    try:
        found = split(rows.y, rows.times, rows.groups, settings)
        if all(_both(rows.y[each.train]) and _both(rows.y[each.test]) for each in found.folds):
            return [(each.train, each.test) for each in found.folds]
    except InputError:
        pass  # too few days or groups to part
    return [(each.train, each.test) for each in dealt(rows.y, None, settings).folds]


def _both(y: Ints) -> bool:
    return bool(0 < y.sum() < y.size)


def _sizes(y: Ints, features: int, making: Making) -> LightGBMSettings:
    """Leaves that the rows can fill: small samples get small trees.

    Of few features each tree sees all, or it could not see how two of them act together.
    """
    rarer = int(min(y.sum(), y.size - y.sum()))
    return LightGBMSettings(
        trees=making.trees,
        leaves=int(np.clip(rarer // 20, 4, 15)),
        depth=4 if rarer < 400 else 6,
        rows_per_leaf=int(np.clip(y.size // 100, 5, 50)),
        feature_share=0.7 if features >= 5 else 1.0,
        seed=making.seed,
        monotone=dict(making.monotone),
        patience=40,
    )


def _check_monotone(making: Making, texts: Mapping[str, bool]) -> None:
    for name in making.monotone:
        if name not in texts or texts[name]:
            numbers = ", ".join(each for each, is_text in texts.items() if not is_text)
            problem = "holds categories" if name in texts else "is no feature"
            raise InputError(
                f"{name!r} {problem}", where="--monotone", remedy=f"one of {numbers or 'none'}"
            )


def _card(rows: Rows, table: pa.Table, making: Making, texts: Mapping[str, bool]) -> TableModel:
    trends = {
        name: Settings(trend=Trend.ASCENDING if sign > 0 else Trend.DESCENDING)
        for name, sign in making.monotone.items()
    }
    settings = CardSettings(binning_of=trends, central_tendency=making.base_rate)
    card = fit_card(table, rows.y, settings, seed=making.seed, weights=rows.w)
    columns = tuple(Taken(name, texts[name]) for name in card.features)
    learnt = Learnt(rows.y.size, int(rows.y.sum()), making.seed, making.base_rate)
    return TableModel("card", making.target, columns, card, learnt)
