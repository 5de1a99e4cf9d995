"""How good a straight-term card is on firms it has not seen, with intervals.

Every choice a fit makes is made again inside each training fold.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from headrace.scores.straight_card import CardSpec, Floats
from headrace.scores.straight_fitting import fit
from headrace.scores.validation.curves import CalibrationBin, wilson
from headrace.scores.validation.figures import Figure, auc, ks

BOOTSTRAPS = 2000


@dataclass(frozen=True)
class Validation:
    """Out-of-fold quality of a card.

    Attributes:
        auc: Mean over the repeats of the area under the ROC curve; interval by bootstrap of firms.
        brier: Mean squared error of the probability; the same.
        ks: Kolmogorov-Smirnov distance of the mean prediction.
        slope: Slope of outcome on predicted log odds; 1 is calibrated, below 1 is overconfident.
        auc_spread: Standard deviation of the AUC between repeats (luck of the folds alone).
        bins: Calibration by fifths of the mean prediction.
        predictions: Mean out-of-fold probability per firm, (n,).
        repeats: How often the firms were dealt to folds.
        folds: Folds of each deal.
    """

    auc: Figure
    brier: Figure
    ks: float
    slope: float
    auc_spread: float
    bins: tuple[CalibrationBin, ...]
    predictions: Floats
    repeats: int
    folds: int


def validate(
    x: Floats, y: NDArray[np.int64], spec: CardSpec, seed: int, repeats: int = 20, folds: int = 5
) -> Validation:
    """Repeated stratified cross-validation of the whole fitting procedure.

    Args:
        x: Terms, (n, k), NaN where missing.
        y: 1 default, 0 repaid, (n,).
        spec: The card.
        seed: Deals firms to folds and draws the bootstrap.
        repeats: Deals.
        folds: Folds of each deal.
    """
    from sklearn.model_selection import RepeatedStratifiedKFold  # noqa: PLC0415 - half a second that few wait for

    deal = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
    predicted = np.zeros((repeats, y.size))
    for number, (train, test) in enumerate(deal.split(x, y)):
        card = fit(x[train], y[train], spec, seed)
        predicted[number // folds, test] = card.probability(x[test])
    mean = predicted.mean(axis=0)
    area, brier = _intervals(predicted, y, seed)
    return Validation(
        auc=area,
        brier=brier,
        ks=ks(y, mean),
        slope=_slope(mean, y),
        auc_spread=float(np.std([auc(y, row) for row in predicted])),
        bins=_bins(mean, y),
        predictions=mean,
        repeats=repeats,
        folds=folds,
    )


def _intervals(predicted: Floats, y: NDArray[np.int64], seed: int) -> tuple[Figure, Figure]:
    """AUC and Brier with a bootstrap over firms, stratified so that both outcomes stay."""
    bad, good = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    # How each repeat ranks each pair of a bad and a good firm: 1 right, 0.5 tie, 0 wrong.
    right = np.zeros((bad.size, good.size))
    for row in predicted:
        difference = row[bad][:, None] - row[good][None, :]
        right += (np.sign(difference) + 1) / 2
    right /= predicted.shape[0]
    error = ((predicted - y) ** 2).mean(axis=0)
    rng = np.random.default_rng(seed)
    area, brier = np.zeros(BOOTSTRAPS), np.zeros(BOOTSTRAPS)
    for draw in range(BOOTSTRAPS):
        b = rng.integers(0, bad.size, bad.size)
        g = rng.integers(0, good.size, good.size)
        area[draw] = right[b][:, g].mean()
        brier[draw] = (error[bad[b]].sum() + error[good[g]].sum()) / y.size
    return _figure(float(right.mean()), area), _figure(float(error.mean()), brier)


def _figure(value: float, draws: Floats) -> Figure:
    low, high = np.quantile(draws, (0.025, 0.975))
    return Figure(value, float(low), float(high))


def _slope(predicted: Floats, y: NDArray[np.int64]) -> float:
    """Slope of a logistic regression of the outcome on the predicted log odds (Newton)."""
    z = np.column_stack([np.ones(y.size), logit(np.clip(predicted, 1e-6, 1 - 1e-6))])
    w = np.array([0.0, 1.0])
    for _ in range(50):
        p = expit(z @ w)
        curvature = z.T @ (z * (p * (1 - p))[:, None]) + 1e-9 * np.eye(2)
        w = w - np.linalg.solve(curvature, z.T @ (p - y))
    return float(w[1])


def _bins(predicted: Floats, y: NDArray[np.int64]) -> tuple[CalibrationBin, ...]:
    """Fifths by predicted probability; Wilson's interval of the observed share."""
    order = np.argsort(predicted, kind="stable")
    bins = []
    for part in np.array_split(order, 5):
        n, share = part.size, float(y[part].mean())
        low, high = wilson(share, n)
        bins.append(
            CalibrationBin(
                predicted=float(predicted[part].mean()),
                observed=share,
                firms=int(n),
                low=low,
                high=high,
            )
        )
    return tuple(bins)
