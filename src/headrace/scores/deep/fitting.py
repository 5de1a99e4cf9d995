"""A representation, a head on its codes, its strength and calibration, from the rows given alone.

An encoder sees no outcome, so it is learnt once from all rows given. The head sees outcomes, so
which encoder and what strength are chosen, and the calibration learnt (Platt 1999), from log odds
out of inner folds: oversampling included, each fold's head has seen nothing of the outcomes it is
judged by. `Deep` is
the whole of it as a procedure, to be validated on rows that none of this has seen.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from headrace.errors import InputError
from headrace.scores.deep.encoding import Features, fit_encoding
from headrace.scores.deep.model import DeepModel, Layer, Learnt, codes_of
from headrace.scores.deep.oversampling import make, wanted
from headrace.scores.deep.training import Autoencoder, train
from headrace.scores.straight_fitting import platt
from headrace.scores.validation.nested import Rows
from headrace.scores.validation.splits import SplitSettings, split

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class DeepSettings:
    """How a model is fitted.

    Attributes:
        autoencoders: How the representation is learnt: each is, and the log loss of the inner
            folds chooses among them and the strengths; of equals the first.
        knots: Of a column of numbers at most, 2 or more.
        rows_per_category: That a category needs for a channel of its own, 1 or more.
        share: Of the rarer outcome among the codes that the head is fitted on, in [0, 1); what it
            has not is made (`oversampling`). 0: nothing is made.
        neighbours: Of a rare code, towards one of which a made one lies, 1 or more.
        strengths: Inverse penalties of the head, above 0.
        inner_folds: 2 or more.
        seed: Of everything that is drawn.
    """

    autoencoders: tuple[Autoencoder, ...] = (Autoencoder(), Autoencoder(widths=(128, 64)))
    knots: int = 64
    rows_per_category: int = 20
    share: float = 0.5
    neighbours: int = 5
    strengths: tuple[float, ...] = (0.001, 0.01, 0.1)
    inner_folds: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: If a setting is out of its range; it names the setting and the range.
        """
        least = {"knots": 2, "rows_per_category": 1, "neighbours": 1, "inner_folds": 2, "seed": 0}
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise _bad_setting(name, getattr(self, name), f"{bound} or more")
        if not 0 <= self.share < 1:
            raise _bad_setting("share", self.share, "0 or more and below 1")
        if not self.autoencoders:
            raise _bad_setting("autoencoders", self.autoencoders, "one or more")
        if not self.strengths or not all(0 < each < np.inf for each in self.strengths):
            raise _bad_setting("strengths", self.strengths, "one or more, each above 0")


def _bad_setting(name: str, value: object, right: str) -> InputError:
    return InputError(
        f"a deep model cannot have {name} = {value}",
        where=f"DeepSettings.{name}",
        remedy=f"it should be {right}",
    )


@dataclass(frozen=True)
class Deep:
    """The procedure: all that `fit_deep` does, from training rows alone.

    Attributes:
        settings: How a model is fitted.
    """

    settings: DeepSettings = field(default_factory=DeepSettings)

    def fit(self, rows: Rows) -> DeepModel:
        """A model, from nothing but these rows."""
        return fit_deep(rows, self.settings)

    def predict(self, model: DeepModel, x: Features) -> Floats:
        """Probability of bad, (n,), by that model."""
        return model.probability(x)


def fit_deep(rows: Rows, settings: DeepSettings) -> DeepModel:
    """Learn a representation, choose a head on it and calibrate it.

    Args:
        rows: Features as a table or numbers. Weights count in the head and the calibration; the
            representation takes each row once. Times and groups rule the inner folds.
        settings: How.

    Raises:
        InputError: If jax is not installed, an outcome is too rare to fold, or a column cannot be
            used.
    """
    _check(rows, settings)
    encoding = fit_encoding(rows.x, settings.knots, settings.rows_per_category)
    channels = encoding.encoded(rows.x)
    trained = [
        train(channels, encoding, each, settings.seed).layers for each in settings.autoencoders
    ]
    with threadpool_limits(1):  # sums would depend on the number of threads
        tried = [
            each
            for layers in trained
            for each in _tried(replace(rows, x=codes_of(layers, channels)), layers, settings)
        ]
        best = min(tried, key=lambda each: each.loss)
        coded = replace(rows, x=codes_of(best.layers, channels))
        head = Schooling.of(coded, settings).head(best.strength)
    made = _made(rows.y, settings.share)
    learnt = Learnt(rows.y.size, int(rows.y.sum()), made, best.strength)
    return DeepModel(encoding, best.layers, head, best.slope, best.shift, learnt)


def _check(rows: Rows, settings: DeepSettings) -> None:
    if not np.isin(rows.y, (0, 1)).all():
        raise InputError("the outcomes are not one 0 or 1 a row", where="y")
    if rows.w is not None and not (np.isfinite(rows.w).all() and (rows.w > 0).all()):
        raise InputError("the weights are not one finite number above 0 a row", where="w")
    rarer = min(int(rows.y.sum()), rows.y.size - int(rows.y.sum()))
    if rarer < settings.inner_folds:
        raise InputError(
            f"{rarer} rows of the rarer outcome are too few to fit and calibrate a model",
            remedy=f"at least {settings.inner_folds} of each outcome",
        )


@dataclass(frozen=True, eq=False)
class Schooling:
    """Codes as a head is fitted on them: scaled, and with as many made as are asked for.

    Attributes:
        z: Codes of mean 0 and deviation 1 over the rows, (n + made, codes).
        y: Outcomes, (n + made,).
        w: Weights, (n + made,), or None.
        middle: What was taken off the codes, (codes,).
        spread: What they were then divided by, (codes,).
    """

    z: Floats
    y: Ints
    w: Floats | None
    middle: Floats
    spread: Floats

    @classmethod
    def of(cls, rows: Rows, settings: DeepSettings) -> "Schooling":
        """Those of rows whose features are codes."""
        x = np.asarray(rows.x)
        middle, spread = x.mean(axis=0), x.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        z, count = (x - middle) / spread, _made(rows.y, settings.share)
        if not count:
            return cls(z, rows.y, rows.w, middle, spread)
        rarer = int(2 * rows.y.sum() < rows.y.size)
        rare = np.flatnonzero(rows.y == rarer)
        drawn = make(z[rare], count, settings.neighbours, settings.seed)
        y = np.concatenate([rows.y, np.full(count, rarer)])
        w = None if rows.w is None else np.concatenate([rows.w, drawn.between(rows.w[rare])])
        return cls(np.concatenate([z, drawn.between(z[rare])]), y, w, middle, spread)

    def head(self, strength: float) -> Layer:
        """Logistic regression of this inverse penalty, as weights of the codes unscaled."""
        model = LogisticRegression(C=strength, solver="newton-cholesky", max_iter=200)
        fitted = model.fit(self.z, self.y, self.w)
        weight = fitted.coef_[0] / self.spread
        bias = fitted.intercept_[0] - float(self.middle @ weight)
        return Layer(weight[:, None], np.array([bias]))


def _made(y: Ints, share: float) -> int:
    events = int(y.sum())
    rare, common = sorted((events, y.size - events))
    return wanted(rare, common, share)


@dataclass(frozen=True, eq=False)
class _Tried:
    """A representation and a strength, calibrated on the inner folds, and their log loss there."""

    layers: tuple[Layer, ...]
    strength: float
    slope: float
    shift: float
    loss: float


def _tried(coded: Rows, layers: tuple[Layer, ...], settings: DeepSettings) -> list[_Tried]:
    asked = SplitSettings(folds=settings.inner_folds, seed=settings.seed)
    raw = np.full((len(settings.strengths), coded.y.size), np.nan)
    for fold in split(coded.y, coded.times, coded.groups, asked).folds:
        schooling = Schooling.of(coded.take(fold.train), settings)
        held = np.asarray(coded.x)[fold.test]
        for place, strength in enumerate(settings.strengths):
            raw[place, fold.test] = schooling.head(strength).sums(held)[:, 0]
    held = np.flatnonzero(~np.isnan(raw[0]))
    y, w = coded.y[held], None if coded.w is None else coded.w[held]
    found = []
    for strength, each in zip(settings.strengths, raw[:, held], strict=True):
        slope, shift = platt(each, y, w)
        log_odds = slope * each + shift
        losses = np.logaddexp(0.0, np.where(y == 1, -log_odds, log_odds))
        loss = float(np.average(losses, weights=w))
        found.append(_Tried(layers, strength, slope, shift, loss))
    return found
