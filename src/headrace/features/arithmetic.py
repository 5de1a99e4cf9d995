"""Arithmetic between features, whole columns at once; NaN is missing, and a part missing is too."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from headrace.features.definition import Arithmetic, Difference, Ratio, Total, ZScore

Floats = NDArray[np.float64]


def compute(definition: Arithmetic, values: Mapping[str, Floats]) -> Floats:
    """Values of one definition from those of its parts."""
    parts = [values[name] for name in definition.parts]
    with np.errstate(invalid="ignore", divide="ignore"):
        match definition:
            case Ratio():
                top, bottom = parts
                found = np.where(bottom > 0, top / bottom, np.nan)
            case Difference():
                found = parts[0] - parts[1]
            case Total():
                found = np.sum(parts, axis=0)
            case ZScore():
                value, mean, deviation = parts
                found = np.where(deviation > 0, (value - mean) / deviation, np.nan)
    return found


def compute_one(definition: Arithmetic, values: Mapping[str, float | None]) -> float | None:
    """The same for one value of each part; None is missing."""
    parts = [values[name] for name in definition.parts]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    match definition:
        case Ratio():
            return known[0] / known[1] if known[1] > 0 else None
        case Difference():
            return known[0] - known[1]
        case Total():
            return float(np.sum(known, axis=0))
        case ZScore():
            return (known[0] - known[1]) / known[2] if known[2] > 0 else None


def explain(definition: Arithmetic, values: Mapping[str, float]) -> str:
    """The arithmetic of one value, in words: "sales 12 / purchases 4"."""
    said = [f"{name} {_number(values[name])}" for name in definition.parts]
    match definition:
        case Ratio():
            return f"{said[0]} / {said[1]}"
        case Difference():
            return f"{said[0]} - {said[1]}"
        case Total():
            return " + ".join(said)
        case ZScore():
            return f"({said[0]} - {said[1]}) / {said[2]}"


def _number(value: float) -> str:
    return "missing" if np.isnan(value) else f"{value:,.12g}"
