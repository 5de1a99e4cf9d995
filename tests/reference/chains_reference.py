"""Slow twins of `headrace.graph.chains`: strings, dicts and dense linear systems."""

from collections import Counter, deque
from math import log, sqrt

import numpy as np


def longest(names, text, length_min=2):
    """Names found from left to right, the longest at each place: (start, end, name)."""
    first = {}
    for at, name in enumerate(names):
        first.setdefault(name.lower(), at)
    found, place, text = [], 0, text.lower()
    while place < len(text):
        ends = [end for end in range(place + length_min, len(text) + 1) if text[place:end] in first]
        if ends:
            found.append((place, ends[-1], first[text[place : ends[-1]]]))
            place = ends[-1]
        else:
            place += 1
    return found


def grams(text):
    """Characters and pairs of neighbours, each once."""
    return set(text) | {text[at : at + 2] for at in range(len(text) - 1)}


def alike(names, text):
    """Cosine of a text with every name, by the weights of grams among the names."""
    seen = Counter(gram for name in names for gram in grams(name))
    weight = {gram: log((1 + len(names)) / (1 + count)) + 1 for gram, count in seen.items()}

    def size(found):
        return sqrt(sum(weight[gram] ** 2 for gram in found))

    asked = grams(text) & weight.keys()
    return [
        sum(weight[gram] ** 2 for gram in asked & grams(name)) / (size(asked) * size(grams(name)))
        if asked and name
        else 0.0
        for name in names
    ]


def tiers(edges, cores):
    """Breadth first, from customers to suppliers."""
    found, waiting = dict.fromkeys(cores, 0), deque(cores)
    while waiting:
        at = waiting.popleft()
        for supplier, customer, _ in edges:
            if customer == at and supplier not in found:
                found[supplier] = found[at] + 1
                waiting.append(supplier)
    return found


def dependence(n, edges, totals, core, others):
    """Share of each firm's sales that meets a core first: one dense linear system.

    Args:
        n: How many firms.
        edges: (supplier, customer, amount).
        totals: All sales of each.
        core: The core asked about.
        others: Cores at which sales end without counting.
    """
    shares = np.zeros((n, n))
    for supplier, customer, amount in edges:
        shares[supplier, customer] += amount / totals[supplier]
    ends = [core, *others]
    direct = shares[:, core].copy()
    direct[ends] = 0.0
    passing = shares.copy()
    passing[:, ends] = 0.0
    passing[ends] = 0.0
    return np.linalg.solve(np.eye(n) - passing, direct)


def herfindahl(rows, row):
    """Sum of squared shares of the firms that sell a row's product in its region."""
    _, node, region, _ = rows[row]
    by_firm = Counter()
    for firm, n, r, amount in rows:
        if (n, r) == (node, region):
            by_firm[firm] += amount
    whole = sum(by_firm.values())
    return sum((amount / whole) ** 2 for amount in by_firm.values()), len(by_firm) - 1
