"""Representation learning beside the simpler models, whatever the result.

    python benchmarks/scores.py --only scores.deep

`deep` is the stacked denoising autoencoder with a head on oversampled codes, as shipped;
`deep_plain` is the same without oversampling; `logistic` is its head on its channels, without
network and without oversampling; `smote` is that with oversampling; `card` and `lightgbm` are the
points card and the boosted trees. Each is fitted, chosen and calibrated within the training rows.
A gain is the AUC of `deep` less the other's, paired, with DeLong's interval and p; `p_holm` is
adjusted for all the gains of the set.

Before the wider of the two networks among which `deep` chooses was added, all of this was run with
the narrow one alone: that it is too narrow for Taiwan was then seen on rows of the first fold of
`whole`. So the figures of `deep` on Taiwan are not those of rows that nobody had looked at.

    rare    Taiwan's cards, all good ones and so few of the bad that they are 1 %
    noisy   Taiwan's cards, 20 % of the training outcomes turned round, the tested ones as they are
    whole   Taiwan's cards as they are
    smesd   Chinese small firms without the back-counted times; the official split by year
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pyarrow as pa
from measures import score_sets
from measures.found import Found
from measures.score_sets import as_numbers, smesd, taiwan
from numpy.typing import NDArray

from headrace.scores.cards.fitting import CardSettings, fit_card
from headrace.scores.deep.fitting import Deep, DeepSettings
from headrace.scores.deep.training import Autoencoder
from headrace.scores.trees.categories import Ordered
from headrace.scores.trees.lightgbm_growing import LightGBMSettings, TrainingRows, fit_lightgbm
from headrace.scores.trees.model import Boosting
from headrace.scores.validation.comparing import compare, holm
from headrace.scores.validation.figures import brier, calibration_line
from headrace.scores.validation.nested import Functions, Procedure, Rows, out_of_fold
from headrace.scores.validation.splits import Splits, SplitSettings, given, split

Ints = NDArray[np.int64]
RARE, FLIPPED, FOLDS = 0.01, 0.2, 5
CHANNELS_ONLY = Autoencoder(widths=())
MODELS = ("deep", "deep_plain", "logistic", "smote", "card", "lightgbm")
FULL, QUICK = (23_364, 2, 2_000, 400), (4_000, 1, 200, 60)  # as `measure` takes them


@dataclass(frozen=True)
class Noisy:
    """A procedure whose training outcomes are turned round by chance, each as likely.

    Attributes:
        procedure: That learns from them.
        share: Of the outcomes.
        seed: Draws which.
    """

    procedure: Procedure
    share: float
    seed: int

    def fit(self, rows: Rows) -> Any:
        """A model of outcomes some of which are wrong."""
        turned = np.random.default_rng(self.seed).random(rows.y.size) < self.share
        return self.procedure.fit(replace(rows, y=np.where(turned, 1 - rows.y, rows.y)))

    def predict(self, model: Any, x: pa.Table) -> NDArray[np.float64]:
        """Of bad, (n,)."""
        return self.procedure.predict(model, x)


@dataclass(frozen=True)
class Trees:
    """Boosted trees and the orders that made numbers of their categories."""

    trees: Boosting
    orders: Mapping[str, Ordered]

    def probability(self, table: pa.Table) -> NDArray[np.float64]:
        """Of bad, (n,)."""
        return self.trees.probability(_numbers(table, self.orders))


def _numbers(table: pa.Table, orders: Mapping[str, Ordered]) -> NDArray[np.float64]:
    columns = [
        orders[name].numbers(table[name]) if name in orders else as_numbers(table[name])
        for name in table.column_names
    ]
    return np.column_stack(columns)


def _grown(rows: Rows, settings: LightGBMSettings) -> Trees:
    orders = {
        name: Ordered(tuple(sorted(rows.x[name].cast("string").unique().drop_null().to_pylist())))
        for name in rows.x.column_names
        if pa.types.is_dictionary(rows.x[name].type)
    }
    inner = split(rows.y, groups=rows.groups, settings=SplitSettings(folds=FOLDS, seed=1))
    folds = [(fold.train, fold.test) for fold in inner.folds]
    known = TrainingRows(_numbers(rows.x, orders), rows.y, tuple(rows.x.column_names))
    return Trees(fit_lightgbm(known, settings, folds), orders)


def procedures(networks: int, steps: int, trees: int) -> dict[str, Procedure]:
    """Every model, as `MODELS` names them.

    Args:
        networks: Of the shipped ones, among which `deep` chooses.
        steps: Of the gradient, of each autoencoder.
        trees: At most.
    """
    shipped = DeepSettings().autoencoders[:networks]
    coders = tuple(replace(each, steps=steps) for each in shipped)
    growing = LightGBMSettings(trees=trees, feature_share=0.5, row_share=0.7, l2=10.0, patience=20)
    return {
        "deep": Deep(DeepSettings(autoencoders=coders)),
        "deep_plain": Deep(DeepSettings(autoencoders=coders, share=0.0)),
        "logistic": Deep(DeepSettings(autoencoders=(CHANNELS_ONLY,), share=0.0)),
        "smote": Deep(DeepSettings(autoencoders=(CHANNELS_ONLY,))),
        "card": Functions(
            lambda rows: fit_card(rows.x, rows.y, CardSettings(), seed=1),
            lambda card, x: card.probability(x),
        ),
        "lightgbm": Functions(lambda rows: _grown(rows, growing), Trees.probability),
    }


@dataclass(frozen=True)
class Case:
    """Rows, how they are split, and the share of training outcomes that is turned round."""

    rows: Rows
    splits: Splits
    flipped: float = 0.0


def _rare(good: int) -> Case:
    good_cards, bad_cards = _cards(good)
    few = bad_cards[: round(good_cards.size * RARE / (1 - RARE))]
    return _dealt(np.concatenate([good_cards, few]))


def _noisy(good: int) -> Case:
    return replace(_whole(good), flipped=FLIPPED)


def _whole(good: int) -> Case:
    return _dealt(np.concatenate(_cards(good)))


def _smesd(_: int) -> Case:
    firms = smesd()
    official = given([firms.out_of_time], "the official split by year", "官方按年份划分")
    return Case(Rows(firms.features, firms.y), official)


CASES = {"rare": _rare, "noisy": _noisy, "smesd": _smesd, "whole": _whole}


def _cards(good: int) -> tuple[Ints, Ints]:
    """So many good cards, and as many bad ones as go with them, each in an order by chance."""
    y, rng = taiwan().y, np.random.default_rng(1)
    every_good, bad = (rng.permutation(np.flatnonzero(y == each)) for each in (0, 1))
    return every_good[:good], bad[: round(bad.size * good / every_good.size)]


def _dealt(places: Ints) -> Case:
    cards = taiwan()
    rows = Rows(cards.features, cards.y, groups=cards.groups).take(np.sort(places))
    return Case(rows, split(rows.y, groups=rows.groups, settings=SplitSettings(folds=FOLDS)))


def measure(name: str, good: int, networks: int, steps: int, trees: int) -> Found | None:
    """AUC with interval, Brier score and calibration slope of each model, and what `deep` gains.

    Args:
        name: Of the case.
        good: Cards of Taiwan.
        networks: Of the shipped ones, among which `deep` chooses.
        steps: Of the gradient, of each autoencoder.
        trees: At most.
    """
    if not score_sets.DATA.is_dir() or not (find_spec("jax") and find_spec("optax")):
        return None
    case = CASES[name](good)
    figures = {"rows": 0.0, "bad": 0.0}
    digest, found = hashlib.sha256(), {}
    for model, plain in procedures(networks, steps, trees).items():
        procedure = Noisy(plain, case.flipped, seed=2) if case.flipped else plain
        done = found[model] = out_of_fold(procedure, case.rows, case.splits)
        digest.update(done.predicted.tobytes())
        compared = compare(done.y, found["deep"].mean, done.mean)
        figures |= {"rows": float(done.y.size), "bad": float(done.y.sum())} | {
            f"{model}_auc": compared.other.value,
            f"{model}_auc_low": compared.other.low,
            f"{model}_auc_high": compared.other.high,
            f"{model}_brier": brier(done.y, done.mean).score,
            f"{model}_slope": calibration_line(done.y, done.mean).slope.value,
        }
        if model != "deep":
            figures |= {
                f"gain_on_{model}": compared.difference.value,
                f"gain_on_{model}_low": compared.difference.low,
                f"gain_on_{model}_high": compared.difference.high,
                f"gain_on_{model}_p": compared.p_value,
            }
    gains = [name for name in figures if name.endswith("_p")]
    adjusted = holm([figures[name] for name in gains])
    figures |= {f"{name}_holm": float(p) for name, p in zip(gains, adjusted, strict=True)}
    return Found(figures, digest.hexdigest())
