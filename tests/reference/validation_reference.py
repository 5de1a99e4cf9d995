"""Figures of a score as their definitions read: pair by pair, row by row."""

import math
from itertools import product

import numpy as np


def auc(y, score, w):
    """Every pair of a bad and a good row: right 1, tie one half."""
    right = pairs = 0.0
    for i, j in product(range(len(y)), repeat=2):
        if y[i] == 1 and y[j] == 0:
            weight = w[i] * w[j]
            pairs += weight
            right += weight * (1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0.0)
    return right / pairs


def delong_variance(y, score):
    """Equation 7 of DeLong, DeLong and Clarke-Pearson (1988), without weights."""
    return delong_covariance(y, score, score)


def delong_covariance(y, one, other):
    """Of the AUCs of two scores of the same rows."""
    bad = [i for i in range(len(y)) if y[i] == 1]
    good = [i for i in range(len(y)) if y[i] == 0]

    def kernel(a, b):
        return 1.0 if a > b else 0.5 if a == b else 0.0

    def components(score):
        v10 = [sum(kernel(score[i], score[j]) for j in good) / len(good) for i in bad]
        v01 = [sum(kernel(score[i], score[j]) for i in bad) / len(bad) for j in good]
        return v10, v01

    first, second = components(one), components(other)
    total = 0.0
    for a, b in zip(first, second, strict=True):
        mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
        cross = sum((p - mean_a) * (q - mean_b) for p, q in zip(a, b, strict=True))
        total += cross / (len(a) - 1) / len(a)
    return total


def ks(y, score, w):
    """At every score there is, the share of bad and of good at or below it."""
    largest = 0.0
    for cut in set(score):
        share = []
        for outcome in (0, 1):
            own = [k for k in range(len(y)) if y[k] == outcome]
            below = sum(w[k] for k in own if score[k] <= cut)
            share.append(below / sum(w[k] for k in own))
        largest = max(largest, abs(share[0] - share[1]))
    return largest


def brier(y, p, w):
    """Mean squared error."""
    return sum(w[k] * (p[k] - y[k]) ** 2 for k in range(len(y))) / sum(w)


def log_loss(y, p, w):
    """Mean of -ln of what was given to what happened."""
    loss = 0.0
    for k in range(len(y)):
        given = p[k] if y[k] == 1 else 1 - p[k]
        loss += w[k] * (math.inf if given == 0 else -math.log(given))
    return loss / sum(w)


def found_at_cut(y, score, w, cut):
    """Share of rows, of bad and of good that score `cut` or more."""
    rows = sum(w[k] for k in range(len(y)) if score[k] >= cut) / sum(w)
    share = []
    for outcome in (1, 0):
        own = [k for k in range(len(y)) if y[k] == outcome]
        share.append(sum(w[k] for k in own if score[k] >= cut) / sum(w[k] for k in own))
    return rows, *share


def cost(y, score, w, cut, loss, profit):
    """Approve below the cut: losses of the bad approved, profit missed on the good refused."""
    total = 0.0
    for k in range(len(y)):
        approved = score[k] < cut
        if approved and y[k] == 1:
            total += w[k] * loss
        if not approved and y[k] == 0:
            total += w[k] * profit
    return total / sum(w)


def holm(p):
    """Step down: the smallest times m, the next times m - 1, never below the one before."""
    order = sorted(range(len(p)), key=lambda k: (p[k], k))
    adjusted, so_far = [0.0] * len(p), 0.0
    for place, k in enumerate(order):
        so_far = max(so_far, (len(p) - place) * p[k])
        adjusted[k] = min(1.0, so_far)
    return adjusted


def benjamini_hochberg(p):
    """Each: the smallest m p(j) / j over the p-values that are not smaller."""
    ordered = sorted(p)
    adjusted = []
    for value in p:
        ranks = [j for j in range(1, len(p) + 1) if ordered[j - 1] >= value]
        adjusted.append(min([1.0, *(len(p) * ordered[j - 1] / j for j in ranks)]))
    return adjusted


def roundness(values, y, unit):
    """Window by window: share of multiples among bad less among good, by pairs."""
    windows = {}
    for value, outcome in zip(values, y, strict=True):
        at = math.floor(value / unit + 0.5)
        multiple = abs(value / unit - np.round(value / unit)) < 1e-9
        windows.setdefault(at, {0: [], 1: []})[outcome].append(bool(multiple))
    pairs = apart = excess = variance = 0.0
    for of in windows.values():
        bad, good = len(of[1]), len(of[0])
        rows, both = bad + good, sum(of[0]) + sum(of[1])
        if bad and good:
            pairs += bad * good
            apart += bad * good * (sum(of[1]) / bad - sum(of[0]) / good)
        excess += sum(of[1]) - bad * both / rows
        if rows > 1:
            variance += both * (rows - both) * bad * good / (rows**2 * (rows - 1))
    if not pairs:
        return 0.0, 0.0
    return apart / pairs, excess / math.sqrt(variance) if variance > 0 else 0.0
