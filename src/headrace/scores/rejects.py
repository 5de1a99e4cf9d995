"""Reject inference (拒绝推断): guesses at what the refused would have done, marked as guesses.

A card fitted on accepted loans has not seen those it must refuse. Each method here fills the gap by
an assumption that the data cannot check, so every result says that it was inferred, how many labels
were, and what else would have come out under other assumptions.

    none          the accepted alone. Right for the weights, if whatever made the lender refuse is
                  among the columns (missing at random; Hand and Henley 1993)
    fuzzy         each refused applicant twice, as bad and as good, with weights from the accepted
                  model's probability times a multiplier (Siddiqi 2006, chapter 7)
    parcelling    refused applicants get labels by chance, in bands of that probability, at the
                  band's rate of default among the accepted times the multiplier (the same)
    reweighting   the accepted count for the refused who are like them: weights of one over the
                  probability of acceptance (Horvitz and Thompson 1952). It infers no label

Heckman's correction (1979) is left out on purpose: it needs a column that moves acceptance and not
default, and bivariate normal errors. Loan books have neither as a rule, and without them its answer
is made by the shape of the curve alone (Puhani 2000; Banasik and Crook 2007).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.stats import rankdata

from headrace.errors import InputError
from headrace.scores.validation.nested import Features, Procedure, Rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BANDS = 10
ACCEPTANCE_MIN = 0.02
"""No accepted row counts for more than 50: beyond that the weights are one row's luck."""


class Method(Enum):
    """How labels of the refused are guessed."""

    NONE = "none"
    FUZZY = "fuzzy"
    PARCELLING = "parcelling"
    REWEIGHTING = "reweighting"


@dataclass(frozen=True)
class Assumed:
    """What is assumed, none of which the data can check.

    Attributes:
        method: How labels are guessed.
        multiplier: How many times as often refused applicants default as accepted ones of the same
            probability; 1 or more. For `FUZZY` and `PARCELLING`.
        seed: Deals labels, for `PARCELLING`.
    """

    method: Method
    multiplier: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a multiplier that is none.

        Raises:
            InputError: If it is not above 0, or given to a method that has no use for it.
        """
        used = self.method in {Method.FUZZY, Method.PARCELLING}
        if not self.multiplier > 0 or (not used and self.multiplier != 1):
            raise InputError(
                f"a multiplier of {self.multiplier} for the method {self.method.value}",
                remedy="above 0, and 1 for a method that infers no label",
            )


@dataclass(frozen=True)
class Inferred:
    """A model that was fitted with an assumption about the refused.

    Attributes:
        model: Fitted; `Procedure.predict` reads it.
        assumed: The assumption.
        inferred: True: this flag goes wherever the model goes. False for `NONE` alone.
        labels_inferred: Refused applicants whose label was guessed.
        labels_observed: Accepted loans with a label.
        bad_rate_observed: Among the accepted.
        bad_rate_inferred: Among the refused, as guessed; NaN where no label was.
        weight_largest: Of one row, against a mean of 1 among the rows it was fitted on.
        en: What was done, one sentence.
        zh: The same in Chinese.
    """

    model: Any
    assumed: Assumed
    inferred: bool
    labels_inferred: int
    labels_observed: int
    bad_rate_observed: float
    bad_rate_inferred: float
    weight_largest: float
    en: str
    zh: str


def infer(procedure: Procedure, accepted: Rows, refused: Features, assumed: Assumed) -> Inferred:
    """Fit with an assumption about the refused.

    Args:
        procedure: How the score is fitted; it must heed weights.
        accepted: Loans with ripe labels.
        refused: The same features of refused applicants, (m, k) or a table of m rows.
        assumed: What is assumed.

    Raises:
        InputError: If there is nobody refused, or their features are others.
    """
    count = refused.num_rows if isinstance(refused, pa.Table) else len(refused)
    if not count:
        raise InputError("nobody was refused", remedy="features of refused applicants")
    if _columns(accepted.x) != _columns(refused):
        raise InputError(
            f"accepted with the columns {_columns(accepted.x)}, refused with {_columns(refused)}",
            remedy="the same features of both, in the same order",
        )
    if assumed.method is Method.NONE:
        filled = _Filled(accepted, 0, float("nan"))
    elif assumed.method is Method.REWEIGHTING:
        filled = _reweighted(procedure, accepted, refused, count)
    else:
        model = procedure.fit(accepted)
        own, p = (procedure.predict(model, x) for x in (accepted.x, refused))
        fill = _fuzzy if assumed.method is Method.FUZZY else _parcelled
        filled = fill(accepted, _Spoken(own, refused, p), assumed)
    w = _weights(filled.rows)
    rate = float(np.average(accepted.y, weights=_weights(accepted)))
    en, zh = _said(assumed, filled, count)
    return Inferred(
        model=procedure.fit(filled.rows),
        assumed=assumed,
        inferred=assumed.method is not Method.NONE,
        labels_inferred=filled.labels,
        labels_observed=int(accepted.y.size),
        bad_rate_observed=rate,
        bad_rate_inferred=filled.bad_rate,
        weight_largest=float(w.max() / w.mean()),
        en=en,
        zh=zh,
    )


@dataclass(frozen=True)
class _Filled:
    """Rows to fit on, labels that were guessed, and the share of bad among those."""

    rows: Rows
    labels: int
    bad_rate: float


@dataclass(frozen=True)
class _Spoken:
    """What the model of the accepted says.

    Attributes:
        own: Probability of each accepted loan.
        x: Features of the refused.
        p: Probability of each of them.
    """

    own: Floats
    x: Features
    p: Floats


def _fuzzy(accepted: Rows, spoken: _Spoken, assumed: Assumed) -> _Filled:
    x, p = spoken.x, spoken.p
    bad = np.clip(p * assumed.multiplier, 0.0, 1.0)
    w = np.concatenate([_weights(accepted), bad, 1 - bad])
    y = np.concatenate([accepted.y, np.ones(p.size, np.int64), np.zeros(p.size, np.int64)])
    # Both halves of an applicant are one group, so that no split inside the procedure parts them.
    groups = _groups(accepted, np.tile(np.arange(p.size), 2))
    rows = Rows(_stacked(accepted.x, x, x), y, w, groups=groups)
    return _Filled(rows.take(np.flatnonzero(w > 0)), p.size, float(bad.mean()))


def _parcelled(accepted: Rows, spoken: _Spoken, assumed: Assumed) -> _Filled:
    x, p, own, w = spoken.x, spoken.p, spoken.own, _weights(accepted)
    edges = np.unique(np.quantile(own, np.arange(1, BANDS) / BANDS))
    band, of = (np.searchsorted(edges, each, "right") for each in (own, p))
    size = np.bincount(band, w, edges.size + 1)
    rate = np.bincount(band, w * accepted.y, edges.size + 1) / np.maximum(size, 1e-300)
    chance = np.clip(rate * assumed.multiplier, 0.0, 1.0)[of]
    rng = np.random.default_rng(assumed.seed)
    label = (rng.random(p.size) < chance).astype(np.int64)
    rows = Rows(
        _stacked(accepted.x, x),
        np.concatenate([accepted.y, label]),
        np.concatenate([w, np.ones(p.size)]),
        groups=None if accepted.groups is None else _groups(accepted, np.arange(p.size)),
    )
    return _Filled(rows, p.size, float(label.mean()))


def _reweighted(procedure: Procedure, accepted: Rows, refused: Features, count: int) -> _Filled:
    y = np.concatenate([np.ones(accepted.y.size, np.int64), np.zeros(count, np.int64)])
    both = np.concatenate([_weights(accepted), np.ones(count)])
    model = procedure.fit(Rows(_stacked(accepted.x, refused), y, both))
    likely = np.maximum(procedure.predict(model, accepted.x), ACCEPTANCE_MIN)
    w = _weights(accepted) / likely
    return _Filled(replace(accepted, w=w / w.mean()), 0, float("nan"))


def _said(assumed: Assumed, filled: _Filled, count: int) -> tuple[str, str]:
    name = {
        Method.NONE: ("the accepted alone", "仅用已批准样本"),
        Method.FUZZY: ("fuzzy augmentation", "模糊扩充法"),
        Method.PARCELLING: ("parcelling", "分箱推断法"),
        Method.REWEIGHTING: ("weights of one over acceptance", "按批准概率倒数加权"),
    }[assumed.method]
    en = f"{name[0]}: {filled.labels} of {count} refused applicants carry an inferred label"
    zh = f"{name[1]}：{count} 名被拒申请人中有 {filled.labels} 名的标签为推断所得"
    if filled.labels:
        en += f", a default rate of {filled.bad_rate:.1%} assumed at {assumed.multiplier:g} times"
        zh += f"，推断违约率 {filled.bad_rate:.1%}，假定倍数 {assumed.multiplier:g}"
    return en, zh


def _weights(rows: Rows) -> Floats:
    return np.ones(rows.y.size) if rows.w is None else rows.w


def _groups(accepted: Rows, refused: Ints) -> Ints:
    """Groups of the accepted, each row its own where none are given, then those of the refused."""
    given = np.arange(accepted.y.size) if accepted.groups is None else accepted.groups
    distinct, own = np.unique(given, return_inverse=True)
    return np.concatenate([own, distinct.size + refused])


def _columns(x: Features) -> list[str] | tuple[int, ...]:
    """Names of a table's columns, or how many an array has."""
    return list(x.column_names) if isinstance(x, pa.Table) else x.shape[1:]


def _stacked(*parts: Features) -> Features:
    if all(isinstance(part, pa.Table) for part in parts):
        return pa.concat_tables(list(parts)).unify_dictionaries().combine_chunks()
    return np.concatenate([np.asarray(part) for part in parts])


@dataclass(frozen=True)
class Under:
    """What one assumption leads to.

    Attributes:
        result: The model and its flags.
        mean_refused: Mean probability that it gives the refused.
        mean_accepted: The same of the accepted.
        portion_below: Share of the refused whom it finds safer than the cut-off.
        rank_agreement: Spearman's correlation, over the refused, with the first assumption; NaN
            where either gives all of them one probability.
    """

    result: Inferred
    mean_refused: float
    mean_accepted: float
    portion_below: float
    rank_agreement: float


def sensitivity(
    procedure: Procedure,
    accepted: Rows,
    refused: Features,
    assumptions: Sequence[Assumed],
    cut_off: float,
) -> tuple[Under, ...]:
    """The same under several assumptions, side by side: how much hangs on what cannot be checked.

    Args:
        procedure: As for `infer`.
        accepted: The same.
        refused: The same.
        assumptions: Say, `FUZZY` with multipliers 1, 1.5, 2, 3.
        cut_off: Probability of default up to which one would approve.
    """
    found: list[Under] = []
    first = np.zeros(0)
    for assumed in assumptions:
        result = infer(procedure, accepted, refused, assumed)
        p = procedure.predict(result.model, refused)
        ranks = rankdata(p)  # ties, of which a card of points gives many, share their mean rank
        first = ranks if not found else first
        found.append(
            Under(
                result=result,
                mean_refused=float(p.mean()),
                mean_accepted=float(procedure.predict(result.model, accepted.x).mean()),
                portion_below=float((p <= cut_off).mean()),
                rank_agreement=_agreement(first, ranks),
            )
        )
    return tuple(found)


def _agreement(one: Floats, other: Floats) -> float:
    if not (np.ptp(one) and np.ptp(other)):
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])
