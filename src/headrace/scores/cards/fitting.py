"""A card fitted: bins, selection, penalty, calibration and points, all from the rows given.

Within the rows, each inner fold bins, selects and fits anew on its own training part, so that the
out-of-fold log odds by which the penalty is chosen and the card calibrated (Platt 1999) come from
rows that neither bins nor coefficients have seen. What is measured of a card is measured on outer
folds, by calling `fit_card` again in each.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from headrace.errors import InputError
from headrace.scores.binning.bins import Bins
from headrace.scores.binning.optimal import TableError, fit_table
from headrace.scores.binning.problem import Settings
from headrace.scores.cards.constrained import Penalty, Regression, fit_regression
from headrace.scores.cards.points_card import (
    MASTER_SCALE,
    Columns,
    Fitted,
    Line,
    PointsCard,
)
from headrace.scores.cards.scale import BasePoints, PointsScale
from headrace.scores.cards.selection import Dropped, Rule, Selection, chance, select
from headrace.scores.rating import RatingScale

Floats = NDArray[np.float64]
Outcomes = NDArray[np.int64] | NDArray[np.int8]
SLOPES = (0.5, 2.0)  # of the calibration: a small sample must not make a step function of a card
UNPENALISED = Penalty(strength=1e6)
CARD_BINNING = Settings(turn_gain=0.5)
"""A peak or valley must have half as much information again: a card is read and explained."""


@dataclass(frozen=True)
class CardSettings:
    """What a card is made of, before it has seen a label.

    Attributes:
        features: Columns that may enter, in the order of the card; None: all, as the table has
            them.
        binning: How a column is binned.
        binning_of: The same, of single columns.
        selection: Which features enter.
        penalties: Among which the cross-validated log loss chooses; of equals the first.
        inner_folds: Folds of that choice, and of the calibration.
        scale: What points mean.
        rating: Classes by probability of default.
        central_tendency: The default rate that the card shall stand for, where the rows were
            sampled with another one; None: the rows' own.
    """

    features: tuple[str, ...] | None = None
    binning: Settings = CARD_BINNING
    binning_of: Mapping[str, Settings] = field(default_factory=dict)
    selection: Selection = field(default_factory=Selection)
    penalties: tuple[Penalty, ...] = tuple(
        Penalty(strength, alike=0.5) for strength in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    )
    inner_folds: int = 5
    scale: PointsScale = field(default_factory=PointsScale)
    rating: RatingScale = MASTER_SCALE
    central_tendency: float | None = None

    def __post_init__(self) -> None:
        """Raise InputError where there is nothing to choose from, or nothing to choose by."""
        if not self.penalties:
            raise InputError("there is no penalty", where="card settings", remedy="one or more")
        if self.inner_folds < 2:
            raise InputError(
                f"inner_folds is {self.inner_folds}", where="card settings", remedy="2 or more"
            )


def fit_card(
    columns: Columns,
    y: Outcomes,
    settings: CardSettings | None = None,
    *,
    seed: int,
    weights: Floats | None = None,
) -> PointsCard:
    """Fit, calibrate and scale a card.

    Args:
        columns: By name, n rows each: numbers (NaN or null for missing) or texts.
        y: 1 for default, 0 for repaid, (n,).
        settings: What the card is made of; None: the defaults.
        seed: Deals rows to the inner folds; 0 or more, below 2^32.
        weights: Rows of the world that each row stands for, above 0, (n,); None: one each. Bins
            count them; the regression takes them with their mean brought to 1, so that uncertainty
            is that of the rows there are.

    Raises:
        InputError: Too few of the rarer outcome to fold, a column that cannot be binned, or no
            feature that enters.
    """
    asked = settings or CardSettings()
    rows = _rows(columns, y, weights, asked)
    inner = _inner_folds(rows, asked, seed)
    learnt = _learn(rows, asked, is_whole=True)
    chosen, unneeded = _forward(rows, inner, learnt.kept, asked)
    penalty, out_of_fold = _best_penalty(rows, inner, chosen, asked)
    z = learnt.z(rows.table, chosen)
    raw = fit_regression(z, rows.y, rows.w, penalty)
    used = [place for place, each in enumerate(raw.coefficient) if each < 0]
    if not used:
        raise InputError(
            "no feature tells defaults from repaid loans",
            where=f"{len(rows.names)} columns, {rows.y.size} rows",
            remedy="other features, or a lower iv_least",
        )
    slope, shift = calibrate(out_of_fold, rows.y, rows.w)
    needless = [
        Dropped(rows.names[place], Rule.SIGN, 0.0, 0.0)
        for at, place in enumerate(chosen)
        if at not in used
    ]
    dropped = [*learnt.dropped, *unneeded, *needless]
    entries = [0, *(place + 1 for place in used)]
    covariance = slope * slope * raw.covariance[np.ix_(entries, entries)]
    fitted = Fitted(
        intercept=slope * raw.intercept + shift + _moved(rows, asked.central_tendency),
        covariance=tuple(tuple(map(float, row)) for row in covariance),
        strength=penalty.strength,
        calibration_slope=slope,
        central_tendency=asked.central_tendency,
        rows=int(rows.y.size),
        defaults=int(rows.y.sum()),
        dropped=tuple(sorted(dropped, key=lambda each: rows.names.index(each.feature))),
    )
    bins = [learnt.bins[chosen[place]] for place in used]
    coefficients = [slope * float(raw.coefficient[place]) for place in used]
    return points_card(bins, coefficients, fitted, (asked.scale, asked.rating))


def points_card(
    bins: Sequence[Bins],
    coefficients: Sequence[float],
    fitted: Fitted,
    meaning: tuple[PointsScale, RatingScale],
) -> PointsCard:
    """The card of a regression: its log odds as whole points.

    Points of a bin = -factor · coefficient · WOE, and what everybody has is spread or kept apart
    (Siddiqi 2006, ch. 6). WOE and rounding both keep the order: a safer bin never has fewer.
    """
    scale, rating = meaning
    everybody = float(scale.points(fitted.intercept))
    is_spread = scale.base_points is BasePoints.SPREAD
    share = everybody / len(bins) if is_spread else 0.0
    lines = []
    for each, coefficient in zip(bins, coefficients, strict=True):
        exact = share - scale.factor * coefficient * np.array(each.woe)
        points = tuple(scale.rounding.whole(exact).tolist())
        lines.append(Line(each, coefficient, points))
    return PointsCard(
        scale=scale,
        base=0 if is_spread else int(scale.rounding.whole(everybody)),
        lines=tuple(lines),
        rating=rating,
        fitted=fitted,
    )


def calibrate(log_odds: Floats, y: Floats, w: Floats) -> tuple[float, float]:
    """Slope and shift that best map out-of-fold log odds to outcomes (Platt 1999).

    The slope is held within `SLOPES`; the shift then keeps the mean probability right.
    """
    free = fit_regression(-log_odds[:, None], y, w, UNPENALISED)
    slope = float(np.clip(-free.coefficient[0], *SLOPES))
    # One column of zeros leaves an intercept to fit beside the log odds already there.
    shift = 0.0
    for _ in range(100):
        probability = 1.0 / (1.0 + np.exp(-(slope * log_odds + shift)))
        excess = float(np.add.reduce(w * (probability - y)))
        bend = float(np.add.reduce(w * probability * (1.0 - probability)))
        step = excess / max(bend, 1e-12)
        shift -= step
        if abs(step) < 1e-12:
            break
    return slope, shift


# --- rows -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Rows:
    """Rows to learn from.

    Attributes:
        table: The columns that may enter.
        y: 1 for default, (n,).
        count: What bins count, (n,); None: one each.
        w: What the regression takes, of mean 1, (n,).
    """

    table: pa.Table
    y: Floats
    count: Floats | None
    w: Floats

    @property
    def names(self) -> list[str]:
        names: list[str] = self.table.column_names
        return names

    def take(self, places: NDArray[np.int64]) -> "_Rows":
        count = None if self.count is None else self.count[places]
        return _Rows(self.table.take(places), self.y[places], count, self.w[places])


def _table(columns: Columns) -> pa.Table:
    try:
        table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"the columns make no table: {error}",
            where="input of the fit",
            remedy="columns of numbers or texts, as many rows each",
        ) from error
    twice = sorted({name for name in table.column_names if table.column_names.count(name) > 1})
    if twice:
        raise InputError(
            f"columns of one name: {', '.join(twice)}",
            where="input of the fit",
            remedy="each name once",
        )
    return table


def _rows(columns: Columns, y: Outcomes, weights: Floats | None, settings: CardSettings) -> _Rows:
    table = _table(columns)
    names = settings.features or tuple(table.column_names)
    absent = [name for name in names if name not in table.column_names]
    if absent or not names:
        raise InputError(
            f"columns that are not there: {absent}" if absent else "there is no column",
            where="input of the fit",
            remedy=f"there are: {', '.join(table.column_names)}",
        )
    outcome = np.asarray(y)
    if outcome.shape != (table.num_rows,) or not np.isin(outcome, (0, 1)).all():
        raise InputError(
            "the outcomes are not one 0 or 1 a row", where="y", remedy="1 default, 0 repaid"
        )
    w = np.ones(outcome.size) if weights is None else np.asarray(weights, np.float64)
    if w.shape != outcome.shape or not (np.isfinite(w).all() and (w > 0).all()):
        raise InputError("the weights are not one number above 0 a row", where="weights")
    least = int(min((outcome == 1).sum(), (outcome == 0).sum()))
    if least < settings.inner_folds:
        raise InputError(
            f"{least} rows of the rarer outcome are too few to fit and calibrate a card",
            remedy=f"at least {settings.inner_folds} defaults and {settings.inner_folds} repaid",
        )
    count = None if weights is None else w
    return _Rows(table.select(list(names)), outcome.astype(np.float64), count, w / w.mean())


def _moved(rows: _Rows, target: float | None) -> float:
    """Log odds from the default rate of the rows to the stated one (King and Zeng 2001, eq. 7)."""
    if target is None:
        return 0.0
    if not 0 < target < 1:
        raise InputError(
            f"the central tendency is {target}", remedy="a default rate between 0 and 1"
        )
    rate = float(np.average(rows.y, weights=rows.w))
    return math.log(target / (1 - target)) - math.log(rate / (1 - rate))


# --- what is learnt -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Learnt:
    """Bins, and the features that stay.

    Attributes:
        bins: By place of the feature.
        kept: Places of the features that stay, rising.
        dropped: Why others do not.
    """

    bins: Mapping[int, Bins]
    kept: tuple[int, ...]
    dropped: tuple[Dropped, ...]

    def z(self, table: pa.Table, places: Sequence[int]) -> Floats:
        """WOE of some features, (n, k); 0 where this part of the rows did not keep one."""
        found = np.zeros((table.num_rows, len(places)))
        for at, place in enumerate(places):
            if place in self.kept:
                found[:, at] = self.bins[place].woe_of(table.column(place))
        return found


def _learn(rows: _Rows, settings: CardSettings, *, is_whole: bool) -> _Learnt:
    wanted = {name: settings.binning_of.get(name, settings.binning) for name in rows.names}
    outcome = rows.y.astype(np.int64)
    try:
        found = fit_table(rows.table, outcome, wanted, weights=rows.count)
    except TableError as error:
        if is_whole:
            raise
        found = error.bins  # part of the rows may be too few for a limit that all of them meet
    of = {rows.names.index(bins.feature): bins for bins in found}
    places = sorted(of)
    z = np.empty((rows.y.size, len(places)))
    for at, place in enumerate(places):
        z[:, at] = of[place].woe_of(rows.table.column(place))
    names = [rows.names[place] for place in places]
    counts = [_effective(rows.w[rows.y == outcome]) for outcome in (0, 1)]
    values = [of[place].iv - chance(of[place], *counts) for place in places]
    kept, dropped = select(names, values, z, rows.w, settings.selection)
    return _Learnt(of, tuple(places[each] for each in kept), dropped)


def _effective(w: Floats) -> float:
    """Rows without weights that would say as much (Kish 1965, sec. 8.2)."""
    return float(w.sum() ** 2 / np.add.reduce(w * w))


@dataclass(frozen=True)
class _InnerFold:
    """One fold: WOE of its two parts for every column, from bins of its training part alone."""

    train: Floats
    test: Floats
    train_places: NDArray[np.int64]
    test_places: NDArray[np.int64]

    def out(self, rows: _Rows, places: Sequence[int], penalty: Penalty) -> Floats:
        """Log odds of the rows outside, by the rows inside."""
        at = self.train_places
        z = self.train[:, places]
        fitted: Regression = fit_regression(z, rows.y[at], rows.w[at], penalty)
        return fitted.log_odds(self.test[:, places])


def _inner_folds(rows: _Rows, settings: CardSettings, seed: int) -> list[_InnerFold]:
    if not 0 <= seed < 2**32:
        raise InputError(f"the seed is {seed}", where="seed", remedy=f"0 to {2**32 - 1}")
    dealt = StratifiedKFold(settings.inner_folds, shuffle=True, random_state=seed)
    every = range(len(rows.names))
    folds = []
    for train, test in dealt.split(np.zeros(rows.y.size), rows.y):
        part = rows.take(train)
        learnt = _learn(part, settings, is_whole=False)
        outside = learnt.z(rows.table.take(test), every)
        folds.append(_InnerFold(learnt.z(part.table, every), outside, train, test))
    return folds


# --- choices by cross-validated log loss ----------------------------------------------------------


def _out_of_fold(
    rows: _Rows, inner: Sequence[_InnerFold], places: Sequence[int], penalty: Penalty
) -> Floats:
    log_odds = np.empty(rows.y.size)
    for fold in inner:
        log_odds[fold.test_places] = fold.out(rows, places, penalty)
    return log_odds


def _log_loss(rows: _Rows, log_odds: Floats) -> float:
    losses = rows.w * (np.logaddexp(0.0, log_odds) - rows.y * log_odds)
    return float(np.add.reduce(losses) / np.add.reduce(rows.w))


def _best_penalty(
    rows: _Rows, inner: Sequence[_InnerFold], chosen: Sequence[int], settings: CardSettings
) -> tuple[Penalty, Floats]:
    tried = [_out_of_fold(rows, inner, chosen, each) for each in settings.penalties]
    best = int(np.argmin([_log_loss(rows, log_odds) for log_odds in tried]))
    return settings.penalties[best], tried[best]


def _forward(
    rows: _Rows, inner: Sequence[_InnerFold], kept: tuple[int, ...], settings: CardSettings
) -> tuple[tuple[int, ...], tuple[Dropped, ...]]:
    """Features one by one, each the one that lowers the out-of-fold log loss most."""
    rules = settings.selection
    if not rules.forward:
        return kept, ()
    penalty = settings.penalties[len(settings.penalties) // 2]
    chosen: list[int] = []
    loss = _log_loss(rows, _out_of_fold(rows, inner, [], penalty))
    gains: dict[int, float] = {}
    while len(chosen) < len(kept):
        left = [place for place in kept if place not in chosen]
        losses = {
            place: _log_loss(rows, _out_of_fold(rows, inner, sorted([*chosen, place]), penalty))
            for place in left
        }
        gains = {place: (loss - each) / loss for place, each in losses.items()}
        best = max(left, key=lambda place: (gains[place], -place))
        if gains[best] < rules.forward_gain:
            break
        chosen.append(best)
        loss = losses[best]
    dropped = tuple(
        Dropped(rows.names[place], Rule.LOG_LOSS, gains[place], rules.forward_gain)
        for place in kept
        if place not in chosen
    )
    return tuple(sorted(chosen)), dropped
