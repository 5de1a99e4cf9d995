"""Has the population moved? The population stability index of one column."""

import numpy as np

from headrace.scores.card import Floats

BINS = 5


def population_stability(expected: Floats, actual: Floats) -> float:
    """PSI = Σ (a - e) ln(a / e) over bins frozen on `expected`, missing a bin of its own.

    Bins are fifths of `expected`; half a firm is added to each bin, so that an empty one does not
    make it infinite. Customary reading: below 0.1 stable, above 0.25 moved (Siddiqi 2006). With few
    firms chance alone gives about 2 * (bins - 1) / firms.

    Args:
        expected: Values the card was fitted on, (n,), NaN where missing.
        actual: Values of those it is applied to, (m,).

    Returns:
        0 or more; NaN if either side is empty.
    """
    if not expected.size or not actual.size:
        return float("nan")
    known = expected[~np.isnan(expected)]
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if known.size else np.zeros(0)
    shares = []
    for values in (expected, actual):
        at = np.where(np.isnan(values), edges.size + 1, np.searchsorted(edges, values, "right"))
        count = np.bincount(at, minlength=edges.size + 2) + 0.5
        shares.append(count / count.sum())
    e, a = shares
    return float(np.sum((a - e) * np.log(a / e)))
