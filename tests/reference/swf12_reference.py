"""SWF-12 by plain loops over plain rows: slow, and easy to see right."""

from collections import defaultdict
from fractions import Fraction
from math import sqrt


def features(events, query, as_of=None):
    """One dict of column name to value for every row, in row order; None is missing.

    `as_of` is the moment (ms) whose knowledge counts; None takes for each row the moment it
    arrived. Rows that had not arrived by then, or had been voided, are in no window.
    """
    voided = dict(zip(events.void_row.tolist(), events.void_known.tolist(), strict=True))
    names = ("card", "ts", "amount_minor", "merchant", "known")
    rows = list(zip(*(getattr(events, name).tolist() for name in names), strict=True))
    of_card = defaultdict(list)
    for number, (card, ts, amount, merchant, known) in enumerate(rows):
        gone = voided.get(number, float("inf"))
        of_card[card].append((ts, amount, merchant, known, gone))
    return [
        _values(query, of_card[card], ts, known if as_of is None else as_of)
        for card, ts, _, _, known in rows
    ]


def _values(query, rows, t, moment):
    values = {}
    for name, measure, width in query.columns:
        inside = [
            (amount, merchant)
            for ts, amount, merchant, known, gone in rows
            if t - width <= ts <= t and known <= moment < gone
        ]
        values[name] = _measure(measure, [a for a, _ in inside], [m for _, m in inside])
    return values


def _measure(measure, amounts, merchants):
    match measure:
        case "count":
            return len(amounts)
        case "sum":
            return sum(amounts)
        case "distinct":
            return len(set(merchants))
        case "min":
            return min(amounts, default=None)
        case "max":
            return max(amounts, default=None)
        case "deviation":
            return _deviation(amounts)


def _deviation(amounts):
    n = len(amounts)
    if n < 2:
        return None
    mean = Fraction(sum(amounts), n)
    return sqrt(sum((amount - mean) ** 2 for amount in amounts) / (n - 1))
