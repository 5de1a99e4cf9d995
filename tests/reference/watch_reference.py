"""Slow, obvious twins of scores/watch and scores/rare: loops, products, sums over every case."""

import math
from itertools import product


def index_of(expected, actual):
    """PSI bin by bin; half a row is added where either side has rows."""
    bins = [(e + 0.5, a + 0.5) for e, a in zip(expected, actual, strict=True) if e + a > 0]
    then, now = sum(e for e, _ in bins), sum(a for _, a in bins)
    total = 0.0
    for e, a in bins:
        total += (a / now - e / then) * math.log((a / now) / (e / then))
    return total


def wealth(months, sizes):
    """e-value and Shiryaev-Roberts wealth after each month, loan by loan.

    `months` holds, for each month, pairs of stated probability and outcome; `sizes` are the moves
    of the log odds that are bet on.
    """
    e_values, detectors = [], []
    since_first = [1.0] * len(sizes)
    anew = [0.0] * len(sizes)
    for loans in months:
        for k, size in enumerate(sizes):
            gain = 1.0
            for p, y in loans:
                odds = p / (1 - p) * math.exp(size)
                q = odds / (1 + odds)
                gain *= q / p if y else (1 - q) / (1 - p)
            since_first[k] *= gain
            anew[k] = (anew[k] + 1) * gain
        e_values.append(sum(since_first) / len(sizes))
        detectors.append(sum(anew) / len(sizes))
    return e_values, detectors


def mean_wealth(probabilities, size):
    """Mean of the wealth over every course of events, at the stated probabilities: 1 if fair."""
    total = 0.0
    for outcomes in product((0, 1), repeat=len(probabilities)):
        chance = 1.0
        for p, y in zip(probabilities, outcomes, strict=True):
            chance *= p if y else 1 - p
        loans = list(zip(probabilities, outcomes, strict=True))
        total += chance * wealth([loans], [size])[0][-1]
    return total


def hazard_of(loans, now, window):
    """Share that defaults at each age among loans watched so long without default; None: nobody."""
    shares = []
    for age in range(1, window + 1):
        watched = [d for opened, d in loans if now - opened >= age and not 0 < d < age]
        shares.append(sum(d == age for d in watched) / len(watched) if watched else None)
    return shares


def label_of(opened, default_age, now, window):
    if now - opened < window:
        return -1
    return int(0 < default_age <= window)


def counts_of_group(rows):
    """What fairness counts, applicant by applicant: rows of (approved, y)."""
    return {
        "approved": sum(a for a, _ in rows),
        "bad_refused": sum(not a for a, y in rows if y == 1),
        "good_refused": sum(not a for a, y in rows if y == 0),
        "bad": sum(y == 1 for _, y in rows),
        "good": sum(y == 0 for _, y in rows),
    }


def tail(defaults, rows, p):
    """Chance of at most so many defaults."""
    return sum(math.comb(rows, k) * p**k * (1 - p) ** (rows - k) for k in range(defaults + 1))


def bound(defaults, rows, confidence):
    """The largest p at which so few defaults are not rarer than 1 - confidence: by halving."""
    if defaults == rows:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if tail(defaults, rows, middle) > 1 - confidence else (low, middle)
        )
    return (low + high) / 2


def firth_value(design, y, weights):
    """Log likelihood + half the log determinant of the information, row by row."""
    k = len(weights)
    value, information = 0.0, [[0.0] * k for _ in range(k)]
    for row, outcome in zip(design, y, strict=True):
        log_odds = sum(a * b for a, b in zip(row, weights, strict=True))
        p = 1 / (1 + math.exp(-log_odds))
        value += math.log(p if outcome else 1 - p)
        for i in range(k):
            for j in range(k):
                information[i][j] += row[i] * row[j] * p * (1 - p)
    return value + 0.5 * math.log(determinant(information))


def determinant(m):
    if len(m) == 1:
        return m[0][0]
    total = 0.0
    for j, first in enumerate(m[0]):
        smaller = [row[:j] + row[j + 1 :] for row in m[1:]]
        total += (-1) ** j * first * determinant(smaller)
    return total
