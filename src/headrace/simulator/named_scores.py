"""Made-up applicants for a named score, labelled simulated: to try the score, not to judge it.

A hidden quality, standard normal, moves every field as far as the definition says (`toward`) and
decides the outcome. So a score that adds the fields up must rank the outcomes better than chance;
how much better says nothing about real applicants.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from headrace.scores.named.definition import Field, Kind, NamedScore
from headrace.scores.named.scoring import REGION

Floats = NDArray[np.float64]
APPLICANT, OUTCOME = "applicant", "simulated_default"
BASE_LOG_ODDS, PULL = -2.9, 1.2
"""About one applicant in ten defaults; a deviation of quality moves the log odds by `PULL`."""


def simulate_applicants(score: NamedScore, rows: int, seed: int) -> pa.Table:
    """Made-up applicants.

    Args:
        score: Whose fields are drawn.
        rows: Applicants.
        seed: Same seed, same applicants.

    Returns:
        `applicant`, the fields, `region` where the score is local, and `simulated_default`, 1 or 0.
    """
    rng = np.random.default_rng(seed)
    quality = rng.standard_normal(rows)
    columns: dict[str, pa.Array] = {
        APPLICANT: pa.array([f"SIM{number:06d}" for number in range(1, rows + 1)])
    }
    if score.local:
        regions = sorted(score.usual)
        columns[REGION] = pa.array(
            [
                regions[at] if regions[at] != "*" else "000000"
                for at in rng.integers(0, len(regions), rows)
            ]
        )
    for field in score.fields:
        columns[field.name] = _field(field, quality, rng)
    risk = expit(BASE_LOG_ODDS - PULL * quality)
    columns[OUTCOME] = pa.array((rng.random(rows) < risk).astype(np.int64))
    return pa.table(columns)


def _field(field: Field, quality: Floats, rng: np.random.Generator) -> pa.Array:
    drawn = field.simulated
    noise = rng.standard_normal(quality.size)
    z = drawn.toward * quality + np.sqrt(1 - drawn.toward**2) * noise
    gone = rng.random(quality.size) < drawn.missing
    if field.kind is Kind.NUMBER:
        value = (
            drawn.median + drawn.spread * z
            if drawn.plain
            else drawn.median * np.exp(drawn.spread * z)
        )
        value = np.clip(
            np.floor(value) if drawn.whole else np.round(value, 4), field.low, field.high
        )
        return pa.array(value, pa.float64(), mask=gone)
    # The first choice is for the highest z, so that `toward` is the pull of quality towards it.
    rank = ndtr(-z)
    if field.kind is Kind.FLAG:
        return pa.array(rank < drawn.shares[0], pa.bool_(), mask=gone)
    at = np.minimum(np.searchsorted(np.cumsum(drawn.shares), rank), len(drawn.shares) - 1)
    return pa.array(np.array(list(field.choices))[at], pa.string(), mask=gone)
