"""Points cards again, slowly: one applicant at a time, every plan of changes tried."""

import itertools
import math

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from headrace.scores.binning.bins import Kind


def bin_of(bins, value):
    """The number of the bin that a plain value falls in."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return bins.missing
    for place, special in enumerate(bins.settings.specials):
        low = special.low if special.low is not None else -math.inf
        high = special.high if special.high is not None else math.inf
        ranged = special.low is not None or special.high is not None
        if value in special.codes or (
            ranged and not isinstance(value, str) and low <= value <= high
        ):
            return bins.ordinary + place
    if bins.kind is Kind.CATEGORICAL:
        for number, group in enumerate(bins.groups):
            if value in group:
                return number
        return bins.other
    number = 0
    for edge in bins.edges:
        if value >= edge:
            number += 1
    return number


def codes_of(card, values):
    return [bin_of(line.bins, value) for line, value in zip(card.lines, values, strict=True)]


def total_of(card, values):
    codes = codes_of(card, values)
    return card.base + sum(line.points[code] for line, code in zip(card.lines, codes, strict=True))


def log_odds_of(scale, points):
    """Of default: the odds of the base, doubled or halved by every so many points."""
    good_to_bad = scale.odds_base * 2 ** ((points - scale.points_base) / scale.points_to_double)
    return -math.log(good_to_bad)


def reasons_of(card, values, reference, most=4):
    """(feature, shortfall), the largest first, of equals the one that stands first."""
    codes = codes_of(card, values)
    lost = [
        (target - line.points[code], line.feature)
        for line, code, target in zip(card.lines, codes, reference, strict=True)
    ]
    positive = [(shortfall, feature) for shortfall, feature in lost if shortfall > 0]
    positive.sort(key=lambda each: -each[0])  # stable: the order of the card among equals
    return [(feature, shortfall) for shortfall, feature in positive[:most]]


def regression_of(z, y, w, strength, sparsity, alike=0.0):
    """Intercept and coefficients by a general bounded minimiser."""

    def loss(beta):
        odds = beta[0] + z @ beta[1:]
        shared = alike * beta[1:].mean()
        cost = beta[1:] @ (beta[1:] - shared) / (2 * strength) - sparsity * beta[1:].sum()
        slope = w * (expit(odds) - y)
        gradient = np.concatenate(
            [[slope.sum()], z.T @ slope + (beta[1:] - shared) / strength - sparsity]
        )
        return (w * (np.logaddexp(0, odds) - y * odds)).sum() + cost, gradient

    found = minimize(
        loss,
        np.zeros(z.shape[1] + 1),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None), *[(None, 0.0)] * z.shape[1]],
        options={"maxiter": 10_000, "ftol": 1e-15, "gtol": 1e-10},
    )
    return found.fun, found.x


def plans_of(options, need, changes_max, answers):
    """(cost, number of changes) of the cheapest plans; none holds all features of one before."""
    tried = []
    for size in range(1, changes_max + 1):
        for features in itertools.combinations(range(len(options)), size):
            for chosen in itertools.product(*(options[feature] for feature in features)):
                if sum(option.gain for option in chosen) >= need:
                    cost = sum(option.cost for option in chosen)
                    tried.append((cost, size, list(features)))
    found = []
    while len(found) < answers:
        left = [each for each in tried if not any(set(f[2]) <= set(each[2]) for f in found)]
        if not left:
            break
        found.append(min(left))
    return [(cost, size) for cost, size, _ in found]
