"""A fit as JSON values: what was read, what was found, how good the card is."""

from typing import Any

from headrace.scores.binning.bins import Bins
from headrace.scores.cards.codec import card_digest
from headrace.scores.leakage.findings import Leak
from headrace.scores.validation.figures import Figure
from headrace.workflows.card_building import Built
from headrace.workflows.card_rows import CardRows


def read_value(rows: CardRows) -> dict[str, Any]:
    """What was read."""
    return {
        "rows": int(rows.y.size),
        "bad": int(rows.y.sum()),
        "features": rows.table.column_names,
        "aside": {name: what.value for name, what in rows.aside},
        "unknown": rows.unknown,
        "refused_cells": rows.refused.to_pylist(),
    }


def bins_value(bins: Bins) -> dict[str, Any]:
    """The bins of a column."""
    return {
        "column": bins.feature,
        "iv": bins.iv,
        "trend": bins.trend.value,
        "bins": bins.table().to_pylist(),
    }


def leak_value(leak: Leak) -> dict[str, Any]:
    """A finding."""
    return {
        "feature": leak.feature,
        "rule": leak.rule,
        "refuses": leak.refuses,
        "en": leak.en,
        "zh": leak.zh,
        "evidence": dict(leak.evidence),
    }


def _figure(figure: Figure) -> dict[str, float]:
    return {"value": figure.value, "low": figure.low, "high": figure.high}


def built_value(built: Built) -> dict[str, Any]:
    """A card just fitted, and how good it is."""
    quality, fitted = built.quality, built.card.fitted
    return {
        "fitted": True,
        "findings": [leak_value(leak) for leak in built.findings],
        "split": {"rule": built.splits.rule, "en": built.splits.en, "zh": built.splits.zh},
        "tested": {"rows": quality.rows, "bad": quality.bad},
        "auc": _figure(quality.auc),
        "gini": _figure(quality.gini),
        "ks": quality.ks,
        "brier": quality.brier.score,
        "calibration_slope": _figure(quality.line.slope),
        "calibration_intercept": _figure(quality.line.intercept),
        "classes": [
            {"class": each.name, "pd_max": each.pd_max, "points": each.points, "rows": each.rows,
             "bad": each.bad, "expected": each.expected}
            for each in built.classes
        ],
        "card": list(built.card.features),
        "dropped": [
            {"feature": each.feature, "en": each.said[0], "zh": each.said[1]}
            for each in (fitted.dropped if fitted else ())
        ],
        "protected": dict(built.named),
        "sha256": card_digest(built.card),
    }  # fmt: skip
