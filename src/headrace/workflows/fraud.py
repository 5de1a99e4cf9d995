"""From features of payments to a fraud model, and how good it is on days it has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.scores.alerts import AlertQuality, Payments, Windows, alert_quality, out_of_time
from headrace.scores.straight_card import Floats
from headrace.scores.trees.growing import BoostingSettings, fit_boosting
from headrace.scores.trees.model import Boosting

DEFAULTS = BoostingSettings()
"""Chosen by average precision on four weeks before the week of the test (concepts/scores.md)."""


def matrix_of(features: pa.Table, names: Sequence[str]) -> Floats:
    """These features as a model takes them, (n, f); NaN is missing.

    Raises:
        InputError: If the table lacks one, or it is not numbers or flags.
    """
    lacking = [name for name in names if name not in features.column_names]
    if lacking:
        raise InputError(
            f"the fraud model needs features that were not computed: {', '.join(lacking)}",
            remedy=f"computed were: {', '.join(features.column_names)}",
        )
    columns = [_numbers(features[name], name) for name in names]
    return np.column_stack(columns) if columns else np.zeros((features.num_rows, 0))


def _numbers(column: pa.ChunkedArray, name: str) -> Floats:
    kind = column.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        raise InputError(
            f"the fraud model cannot take values of {kind}",
            where=f"feature {name}",
            remedy="numbers or flags",
        )
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy())


def fit_fraud_model(
    features: pa.Table, fraud: NDArray[np.bool_], settings: BoostingSettings = DEFAULTS
) -> Boosting:
    """A model of all columns of the table.

    Args:
        features: One row a payment, as of that payment; nothing in it may have been known later.
        fraud: What became of each, (n,).
        settings: How it is grown.

    Raises:
        InputError: If there is no fraud, or nothing but fraud.
    """
    names = features.column_names
    return fit_boosting(matrix_of(features, names), fraud.astype(np.int64), names, settings)


@dataclass(frozen=True)
class FraudEvaluation:
    """A model fitted on the days of training and judged on the days of the test.

    Attributes:
        model: As fitted, not calibrated.
        quality: On the test.
        trained: Payments of the training.
        trained_frauds: Frauds among them.
        tested: Payments of the test.
        tested_frauds: Frauds among them.
        scores: Probability of each payment of the test, (tested,).
    """

    model: Boosting
    quality: AlertQuality
    trained: int
    trained_frauds: int
    tested: int
    tested_frauds: int
    scores: Floats


def evaluate_fraud_model(
    features: pa.Table,
    payments: Payments,
    windows: Windows,
    settings: BoostingSettings = DEFAULTS,
) -> FraudEvaluation:
    """Fit on the days of training, judge on the days of the test, as the handbook does.

    Args:
        features: One row a payment, as of that payment.
        payments: The same payments.
        windows: Which days are which.
        settings: How the model is grown.

    Raises:
        InputError: If tables disagree, or a window has no payments or one outcome only.
    """
    if features.num_rows != payments.day.size:
        raise InputError(
            f"{features.num_rows} rows of features for {payments.day.size} payments",
            remedy="one row a payment, in the same order",
        )
    train, test = out_of_time(payments, windows)
    model = fit_fraud_model(features.take(train), payments.fraud[train], settings)
    scores = model.probability(matrix_of(features.take(test), model.names))
    judged = payments.take(test)
    return FraudEvaluation(
        model=model,
        quality=alert_quality(judged, scores),
        trained=train.size,
        trained_frauds=int(payments.fraud[train].sum()),
        tested=test.size,
        tested_frauds=int(judged.fraud.sum()),
        scores=scores,
    )
