"""Boosted trees on the two sets that are large enough for them, and how fast they explain.

    python benchmarks/scores.py --only scores.boosting
    python benchmarks/measures/scores_boosting.py      the inner splits of SBA

Taiwan: five folds, rows that are equal in one group. The number of trees and the calibration come
from folds within the training rows of each fold.

SBA, out of time: approvals up to 2004 train, those of 2005 to 2007 test. `term` and all that is
known after approval are left out. Features, settings and the number of trees were chosen by the
AUC of five inner splits by time of the training years (up to 1999, 2000, 2001, 2002, 2003, each
tested on the one to three years that follow), the calibration by the last two training years.

    plain     features at approval, as a plain model takes them
    lender    and how the lender stood then, from outcomes that were known on that day
    rated     and the lender's rate of default among the training loans, whose outcomes the protocol
              takes as known at the end of 2004, though many came later: so of every figure here
"""

import hashlib
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.path.insert(0, str(Path(__file__).parents[1] / "peers"))

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from measures import score_sets
from measures.found import Found
from measures.sba_history import with_history
from measures.score_sets import as_numbers, sba, taiwan
from numpy.typing import NDArray

from headrace.scores.straight_fitting import platt
from headrace.scores.trees.categories import Ordered, fit_rated, rated_out_of_fold
from headrace.scores.trees.lightgbm_growing import (
    Calibration,
    LightGBMSettings,
    TrainingRows,
    fit_lightgbm,
)
from headrace.scores.trees.lightgbm_text import read_lightgbm
from headrace.scores.trees.model import Boosting
from headrace.scores.trees.shap import TreeShap
from headrace.scores.validation.comparing import compare
from headrace.scores.validation.nested import Functions, OutOfFold, Rows, out_of_fold, quality
from headrace.scores.validation.splits import SplitSettings, given, split

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INNER_FOLDS = 5
PRIOR_ROWS = 20.0
CALIBRATION_DAYS = 730

# --- Taiwan ---

TAIWAN = LightGBMSettings(
    trees=600, leaves=15, depth=8, learning_rate=0.04, rows_per_leaf=50, l2=10.0,
    feature_share=0.5, row_share=0.7, patience=40,
)  # fmt: skip
LATE = ("pay_0", "pay_2", "pay_3", "pay_4", "pay_5", "pay_6")
SIGNS = dict.fromkeys((*LATE, "late_most", "late_months", "used", "used_most"), 1) | {
    "limit_bal": -1,
    "room": -1,
}


def cards() -> dict[str, Floats]:
    """The columns of the set as numbers, and plain ratios of them: what is used, late and paid."""
    table = taiwan().features
    found = {
        name: as_numbers(pc.cast(pc.cast(table[name], pa.string()), pa.float64()))
        for name in table.column_names
    }
    late = np.column_stack([found[name] for name in LATE])
    billed = np.column_stack([found[f"bill_amt{month}"] for month in range(1, 7)])
    paid = np.column_stack([found[f"pay_amt{month}"] for month in range(1, 7)])
    limit = found["limit_bal"]
    return found | {
        "late_most": late.max(axis=1),
        "late_months": (late > 0).sum(axis=1).astype(np.float64),
        "used": billed[:, 0] / limit,
        "used_most": billed.max(axis=1) / limit,
        "used_more": (billed[:, 0] - billed[:, 5]) / limit,
        "room": limit - billed[:, 0],
        "paid_of_billed": paid.sum(axis=1) / np.maximum(billed.sum(axis=1), 1.0),
        "paid_last": paid[:, 0] / np.maximum(billed[:, 1], 1.0),
        "paid_least": paid.min(axis=1),
        "paid_of_limit": paid.sum(axis=1) / limit,
    }


def taiwan_boosting(settings: LightGBMSettings, columns: Mapping[str, Floats]) -> OutOfFold:
    """Out-of-fold probabilities of the set."""
    data = taiwan()
    names = tuple(columns)
    signs = {name: sign for name, sign in settings.monotone.items() if name in names}

    def fitting(rows: Rows) -> Boosting:
        inner = split(rows.y, groups=rows.groups, settings=SplitSettings(folds=INNER_FOLDS, seed=1))
        folds = [(fold.train, fold.test) for fold in inner.folds]
        known = TrainingRows(rows.x, rows.y, names)
        return fit_lightgbm(known, replace(settings, monotone=signs), folds)

    rows = Rows(np.column_stack(list(columns.values())), data.y, groups=data.groups)
    outer = split(data.y, groups=data.groups, settings=SplitSettings(folds=5, seed=0))
    return out_of_fold(Functions(fitting, Boosting.probability), rows, outer)


def measure_taiwan(trees: int) -> Found | None:
    """AUC with interval, Brier score and calibration slope on Taiwan's cards.

    Args:
        trees: At most; early stopping takes fewer.
    """
    if not score_sets.DATA.is_dir():
        return None
    every, protected = cards(), taiwan().protected
    own = {name: every[name] for name in taiwan().features.column_names}
    fair = {name: values for name, values in every.items() if name not in protected}
    settings = replace(TAIWAN, trees=trees)
    asked = {
        "taiwan": (settings, own),
        "taiwan_ratios": (settings, every),
        "taiwan_monotone_unprotected": (replace(settings, monotone=SIGNS), fair),
    }
    return _figures({name: taiwan_boosting(*each) for name, each in asked.items()})


# --- SBA ---

SBA = LightGBMSettings(
    trees=400, leaves=15, depth=12, learning_rate=0.03, rows_per_leaf=50, l2=10.0,
    feature_share=0.5, row_share=0.7, calibration=Calibration.NONE,
)  # fmt: skip
LENDER = ("lender_losses", "lender_share")


@dataclass(frozen=True)
class LoanModel:
    """Trees, and how their categories became numbers."""

    trees: Boosting
    orders: Mapping[str, Ordered]
    rated: Any

    def probability(self, table: pa.Table) -> Floats:
        """Of default, (n,)."""
        columns = _numbers(table, self.orders)
        if self.rated is not None:
            columns["bank_rated"] = self.rated.numbers(table["bank"])
        return self.trees.probability(np.column_stack(list(columns.values())))


def _numbers(table: pa.Table, orders: Mapping[str, Ordered]) -> dict[str, Floats]:
    found = {}
    for name in table.column_names:
        if name in orders:
            found[name] = orders[name].numbers(table[name])
        elif name != "bank":
            found[name] = as_numbers(table[name])
    return found


def fit_loans(rows: Rows, settings: LightGBMSettings, *, rated: bool) -> LoanModel:
    """Grown on all rows; calibrated by a model of the rows before the last two years on those."""
    late = rows.times >= rows.times.max() - np.timedelta64(CALIBRATION_DAYS, "D")
    before = _grown(rows.take(np.flatnonzero(~late)), settings, rated=rated)
    held = rows.take(np.flatnonzero(late))
    probability = before.probability(held.x)
    slope, shift = platt(np.log(probability) - np.log1p(-probability), held.y)
    whole = _grown(rows, settings, rated=rated)
    return replace(whole, trees=replace(whole.trees, slope=slope, shift=shift))


def _grown(rows: Rows, settings: LightGBMSettings, *, rated: bool) -> LoanModel:
    table = rows.x
    orders = {
        name: Ordered(tuple(sorted(pc.unique(table[name].cast("string")).drop_null().to_pylist())))
        for name in table.column_names
        if pa.types.is_dictionary(table[name].type) and name != "bank"
    }
    columns, rating = _numbers(table, orders), None
    if rated:
        part = np.random.default_rng(0).permutation(rows.y.size) % INNER_FOLDS
        parts = [np.flatnonzero(part == each) for each in range(INNER_FOLDS)]
        columns["bank_rated"] = rated_out_of_fold(table["bank"], rows.y, parts, PRIOR_ROWS)
        rating = fit_rated(table["bank"], rows.y, PRIOR_ROWS)
    x = np.column_stack(list(columns.values()))
    return LoanModel(
        fit_lightgbm(TrainingRows(x, rows.y, tuple(columns)), settings), orders, rating
    )


def sba_procedures(settings: LightGBMSettings) -> dict[str, tuple[pa.Table, Functions]]:
    """What each model sees, and how it is fitted."""
    loans = sba()
    table = with_history(loans)
    plain = table.drop_columns(list(LENDER))

    def functions(*, rated: bool) -> Functions:
        fitting: Callable[[Rows], LoanModel] = lambda rows: fit_loans(rows, settings, rated=rated)  # noqa: E731 a procedure is two functions
        return Functions(fitting, LoanModel.probability)

    return {
        "sba_plain": (plain, functions(rated=False)),
        "sba_lender": (table, functions(rated=False)),
        "sba_rated": (table, functions(rated=True)),
    }


def measure_sba(trees: int) -> Found | None:
    """AUC with interval, Brier score and calibration slope on approvals of 2005 to 2007."""
    if not score_sets.DATA.is_dir():
        return None
    loans = sba()
    said = "approvals up to 2004, then 2005 to 2007", "2004年底前批准，2005—2007年检验"
    later = given([loans.out_of_time], *said)
    settings = replace(SBA, trees=trees)
    done = {
        name: out_of_fold(procedure, Rows(table, loans.y, times=loans.times), later)
        for name, (table, procedure) in sba_procedures(settings).items()
    }
    found = _figures(done)
    plain, best = done["sba_plain"], done["sba_rated"]
    gain = compare(best.y, best.mean, plain.mean)
    more = {
        "sba_gain": gain.difference.value,
        "sba_gain_low": gain.difference.low,
        "sba_gain_high": gain.difference.high,
        "sba_gain_p": gain.p_value,
    }
    return Found(found.figures | more, found.hash)


def inner_sba() -> dict[str, tuple[float, ...]]:
    """AUC of the inner splits by time that the features and settings were chosen by."""
    loans = sba()
    year = loans.times.astype("datetime64[Y]").astype(np.int64) + 1970
    ends = ((1999, 2001), (2000, 2002), (2001, 2004), (2002, 2004), (2003, 2004))
    found = {}
    for name, (table, procedure) in sba_procedures(SBA).items():
        each = []
        for last, end in ends:
            train, test = (
                np.flatnonzero(year <= last),
                np.flatnonzero((year > last) & (year <= end)),
            )
            one = given([(train, test)], "inner", "内部")
            done = out_of_fold(procedure, Rows(table, loans.y, times=loans.times), one)
            each.append(done.fold_auc[0])
        found[name] = tuple(each)
    return found


def _figures(done: Mapping[str, OutOfFold]) -> Found:
    figures = {}
    for name, each in done.items():
        found = quality(each)
        figures |= {
            f"{name}_auc": found.auc.value,
            f"{name}_auc_low": found.auc.low,
            f"{name}_auc_high": found.auc.high,
            f"{name}_brier": found.brier.score,
            f"{name}_slope": found.line.slope.value,
        }
    digest = hashlib.sha256(b"".join(each.predicted.tobytes() for each in done.values()))
    return Found(figures, digest.hexdigest())


# --- speed ---


def measure_speed(rows: int, trees: int) -> Found:
    """Rows a second: scores, Shapley values, and LightGBM's; equal to 1e-9 where both tell."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(rows, 20))
    y = (rng.random(rows) < 1 / (1 + np.exp(-x[:, 0] - x[:, 1] * x[:, 2]))).astype(np.int64)
    parameters = {"objective": "binary", "num_leaves": 15, "verbosity": -1, "num_threads": 1}
    theirs = lightgbm.train(parameters, lightgbm.Dataset(x, y), trees)
    ours = read_lightgbm(theirs.model_to_string())
    shap = TreeShap.of(ours)
    shap.contributions(x[:2])
    ours.raw_score(x[:2])
    values, explained = _timed(lambda: shap.contributions(x))
    told, told_s = _timed(lambda: theirs.predict(x, pred_contrib=True, num_threads=1))
    scores, scored = _timed(lambda: ours.raw_score(x))
    _, single = _timed(lambda: [ours.probability(x[[row]]) for row in range(200)])
    gap = float(np.abs(values - told[:, :-1]).max())
    assert gap <= 1e-9, gap
    figures = {
        "scores_per_second": rows / scored,
        "score_one_seconds": single / 200,
        "shap_rows_per_second": rows / explained,
        "shap_lightgbm_rows_per_second": rows / told_s,
        "shap_gap": gap,
    }
    return Found(figures, hashlib.sha256(scores.tobytes()).hexdigest())


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def main() -> None:
    """Print what features and settings were chosen by: figures of the training years of SBA."""
    for name, each in inner_sba().items():
        print(f"{name:<34}{np.mean(each):.4f}  {' '.join(f'{auc:.4f}' for auc in each)}")


if __name__ == "__main__":
    main()
