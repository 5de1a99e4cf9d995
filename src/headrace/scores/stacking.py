"""Several models as one, kept only if it pays.

Stacking (Wolpert 1992) adds the log odds of its members with weights of 0 or more that sum to what
they like (Breiman 1996), learnt from predictions out of fold within the training rows. An ensemble
is dearer to run, to explain and to watch, so that it must surely rank better than its best member:
where the interval of the gain holds 0, the member is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from headrace.errors import InputError
from headrace.scores.validation.comparing import compare
from headrace.scores.validation.figures import CLOSEST, Figure, auc, auc_interval
from headrace.scores.validation.nested import Features, Procedure, Rows, out_of_fold
from headrace.scores.validation.splits import Splits, SplitSettings, split

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stacked:
    """Members and their weights, fitted.

    Attributes:
        models: By name.
        weights: Of the log odds of each, in the same order, 0 or more, (k,).
        intercept: Added to them.
    """

    models: Mapping[str, Any]
    weights: Floats
    intercept: float


@dataclass(frozen=True)
class Stacking:
    """A procedure made of procedures.

    Attributes:
        members: By name.
        settings: Of the split inside the training rows, from which the weights are learnt.
    """

    members: Mapping[str, Procedure]
    settings: SplitSettings

    def fit(self, rows: Rows) -> Stacked:
        """Weights from predictions out of fold, then every member on all rows."""
        inner = split(rows.y, rows.times, rows.groups, self.settings)
        done = [out_of_fold(member, rows, inner) for member in self.members.values()]
        columns = np.column_stack([_log_odds(each.mean) for each in done])
        weights, intercept = _weighed(columns, done[0].y, done[0].w)
        models = {name: member.fit(rows) for name, member in self.members.items()}
        return Stacked(models, weights, intercept)

    def predict(self, model: Stacked, x: Features) -> Floats:
        """Probability of bad, (n,)."""
        total = np.float64(model.intercept)
        for weight, (name, member) in zip(model.weights, self.members.items(), strict=True):
            total = total + weight * _log_odds(member.predict(model.models[name], x))
        return np.asarray(np.clip(expit(total), CLOSEST, 1 - CLOSEST))


def _log_odds(probability: Floats) -> Floats:
    return np.asarray(logit(np.clip(probability, CLOSEST, 1 - CLOSEST)))


def _weighed(columns: Floats, y: NDArray[np.int64], w: Floats | None) -> tuple[Floats, float]:
    """Weights of 0 or more and an intercept, by least log loss."""
    rows, count = columns.shape
    each = np.full(rows, 1 / rows) if w is None else w / w.sum()
    design = np.column_stack([columns, np.ones(rows)])

    def loss(at: Floats) -> tuple[float, Floats]:
        log_odds = design @ at
        value = np.logaddexp(0.0, np.where(y == 1, -log_odds, log_odds))
        return float(np.dot(each, value)), design.T @ (each * (expit(log_odds) - y))

    start = np.append(np.full(count, 1 / count), 0.0)
    bounds = [(0.0, None)] * count + [(None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x[:-1], np.float64), float(found.x[-1])


@dataclass(frozen=True)
class Paid:
    """Whether the ensemble pays.

    Attributes:
        members: AUC of each, out of fold, with its interval, by name.
        best: Name of the best member. It is the best on the rows on which it is compared, which
            flatters it a little, and makes the ensemble prove more.
        ensemble: AUC of the ensemble.
        gain: Of the ensemble over the best member, paired, with its interval.
        kept: `best`, or `ensemble` where the interval of the gain lies above 0.
        en: One sentence.
        zh: The same in Chinese.
    """

    members: Mapping[str, Figure]
    best: str
    ensemble: Figure
    gain: Figure
    kept: str
    en: str
    zh: str


def pays(rows: Rows, stacking: Stacking, splits: Splits) -> Paid:
    """Compare the ensemble with its best member on rows that neither has seen.

    Raises:
        InputError: If there are fewer than two members.
    """
    if len(stacking.members) < 2:
        raise InputError("an ensemble of one", remedy="two members or more, by name")
    done = {name: out_of_fold(each, rows, splits) for name, each in stacking.members.items()}
    whole = out_of_fold(stacking, rows, splits)
    w, groups = whole.w, whole.groups
    best = max(done, key=lambda name: auc(whole.y, done[name].mean, w))
    gain = compare(whole.y, whole.mean, done[best].mean, w, groups=groups).difference
    kept = "ensemble" if gain.low > 0 else best
    said = f"{gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"
    return Paid(
        members={
            name: auc_interval(whole.y, each.predicted, w, groups=groups)
            for name, each in done.items()
        },
        best=best,
        ensemble=auc_interval(whole.y, whole.predicted, w, groups=groups),
        gain=gain,
        kept=kept,
        en=f"the ensemble gains {said} AUC over {best}; kept: {kept}",
        zh=f"集成模型较 {best} 的 AUC 提升 {said}；采用：{kept}",
    )
