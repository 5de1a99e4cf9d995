"""Learning from firms without a label, marked as such, and only beside the plain model.

Self-training and label spreading (scikit-learn) take their own guesses for truth: they help where
firms that are alike default alike, and hurt where they do not. Whether they do is measured out of
fold on firms whose label is known and was hidden; the plain model is kept unless the interval of
the gain lies above 0.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

from headrace.errors import InputError
from headrace.scores.validation.comparing import compare
from headrace.scores.validation.figures import CLOSEST, Figure, auc_interval, brier
from headrace.scores.validation.nested import Features, Functions, Procedure, Rows, out_of_fold
from headrace.scores.validation.splits import Splits

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Unlabelled:
    """How firms without a label are used.

    Attributes:
        x: Their features, (m, k), NaN for missing.
        strength: Inverse penalty of the logistic regressions.
        sure: Self-training takes a guess for truth from this probability on, either way.
        neighbours: Label spreading looks at so many nearest firms.
        clamping: Share of a firm's label that label spreading takes from its neighbours, in (0, 1).
    """

    x: Floats
    strength: float = 0.1
    sure: float = 0.9
    neighbours: int = 10
    clamping: float = 0.2


@dataclass(frozen=True)
class Tried:
    """One procedure, out of fold.

    Attributes:
        name: `plain`, `self_training` or `label_spreading`.
        uses_unlabelled: Whether guesses of its own were among its labels.
        auc: With its interval.
        brier: Mean squared error of the probability.
        gain: Of the AUC over the plain model, paired, with its interval.
        predictions: Mean out of fold, of the tested rows, (n,).
    """

    name: str
    uses_unlabelled: bool
    auc: Figure
    brier: float
    gain: Figure
    predictions: Floats


@dataclass(frozen=True)
class Compared:
    """Plain and semi-supervised beside one another.

    Attributes:
        tried: The plain model first.
        labelled: Firms with a label.
        unlabelled: Firms without.
        kept: Name of the one to keep: the plain model, unless the interval of another's gain lies
            above 0; of those the largest gain.
        en: One sentence.
        zh: The same in Chinese.
    """

    tried: tuple[Tried, ...]
    labelled: int
    unlabelled: int
    kept: str
    en: str
    zh: str


def compared(rows: Rows, unlabelled: Unlabelled, splits: Splits) -> Compared:
    """Fit all three inside each fold, test on firms whose label is known and was hidden.

    Args:
        rows: Firms with a label; features as an array.
        unlabelled: Firms without, and how they are used.
        splits: Folds of the labelled.

    Raises:
        InputError: If the features are no arrays of as many columns, or nobody is without a label.
    """
    if not len(unlabelled.x):
        raise InputError("every firm has a label", remedy="features of firms without one")
    if not isinstance(rows.x, np.ndarray) or rows.x.shape[1:] != unlabelled.x.shape[1:]:
        raise InputError(
            "the labelled and the unlabelled firms do not have the same columns",
            remedy="two arrays, (n, k) and (m, k)",
        )
    procedures = {
        "plain": plain(unlabelled.strength),
        "self_training": self_training(unlabelled),
        "label_spreading": label_spreading(unlabelled),
    }
    found: list[Tried] = []
    for name, procedure in procedures.items():
        done = out_of_fold(procedure, rows, splits)
        base = found[0].predictions if found else done.mean
        found.append(
            Tried(
                name=name,
                uses_unlabelled=name != "plain",
                auc=auc_interval(done.y, done.predicted, done.w, groups=done.groups),
                brier=brier(done.y, done.mean, done.w).score,
                gain=compare(done.y, done.mean, base, done.w, groups=done.groups).difference,
                predictions=done.mean,
            )
        )
    better = [each for each in found if each.gain.low > 0]
    kept = max(better, key=lambda each: each.gain.value).name if better else "plain"
    best = max(found[1:], key=lambda each: each.gain.value)
    gain = f"{best.gain.value:+.3f} ({best.gain.low:+.3f} to {best.gain.high:+.3f})"
    en = f"{unlabelled.x.shape[0]} firms without a label: best gain in AUC {gain}; kept: {kept}"
    zh = f"利用 {unlabelled.x.shape[0]} 家无标签企业：AUC 最大提升 {gain}；采用：{kept}"
    return Compared(tuple(found), rows.y.size, unlabelled.x.shape[0], kept, en, zh)


def _frame() -> Any:
    """Medians for missing values, then mean 0 and deviation 1."""
    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )


def _logistic(strength: float) -> Any:
    return LogisticRegression(C=strength, solver="newton-cholesky", max_iter=200)


def _predicted(model: tuple[Any, Any], x: Features) -> Floats:
    frame, fitted = model
    p: Floats = fitted.predict_proba(frame.transform(np.asarray(x)))[:, 1]
    return np.asarray(np.clip(p, CLOSEST, 1 - CLOSEST))


def plain(strength: float = 0.1) -> Procedure:
    """Logistic regression with an L2 penalty on standardised columns, medians for missing."""

    def fit(rows: Rows) -> tuple[Any, Any]:
        x = np.asarray(rows.x)
        frame = _frame().fit(x)
        return frame, _logistic(strength).fit(frame.transform(x), rows.y, sample_weight=rows.w)

    return Functions(fit, _predicted)


def self_training(unlabelled: Unlabelled) -> Procedure:
    """Yarowsky's (1995): fit, take what one is sure of for truth, fit again, to the end."""

    def fit(rows: Rows) -> tuple[Any, Any]:
        frame, x, y = _together(rows, unlabelled)
        model = SelfTrainingClassifier(_logistic(unlabelled.strength), threshold=unlabelled.sure)
        return frame, model.fit(x, y)

    return Functions(fit, _predicted)


def label_spreading(unlabelled: Unlabelled) -> Procedure:
    """Labels spread along a graph of nearest firms (Zhou and others 2004)."""

    def fit(rows: Rows) -> tuple[Any, Any]:
        frame, x, y = _together(rows, unlabelled)
        model = LabelSpreading(
            kernel="knn",
            n_neighbors=min(unlabelled.neighbours, y.size - 1),
            alpha=unlabelled.clamping,
            max_iter=1000,
        )
        return frame, model.fit(x, y)

    return Functions(fit, _predicted)


def _together(rows: Rows, unlabelled: Unlabelled) -> tuple[Any, Floats, NDArray[np.int64]]:
    """A common frame, features and labels of both, -1 for those without."""
    both = np.concatenate([np.asarray(rows.x), unlabelled.x])
    frame = _frame().fit(both)
    y = np.concatenate([rows.y, np.full(unlabelled.x.shape[0], -1)])
    return frame, frame.transform(both), y
