"""Deep models by plain loops, one row and one number at a time; slow and obvious."""

import math
from statistics import NormalDist

FARTHEST = 3.0


def encode(columns, row):
    """Channels of a row: a mapping of column names to a number, a text or None."""
    channels = []
    for column in columns:
        value = row[column.name]
        is_missing = value is None
        if hasattr(column, "known"):
            channels.extend(1.0 if value == category else 0.0 for category in column.known)
        else:
            channels.append(0.0 if is_missing else line_through(column.at, column.to, value))
        channels.append(1.0 if is_missing else 0.0)
    return channels


def line_through(at, to, value):
    """Straight between the knots, level beyond them."""
    if value <= at[0]:
        return to[0]
    for left in range(len(at) - 1):
        if value <= at[left + 1]:
            share = (value - at[left]) / (at[left + 1] - at[left])
            return to[left] + share * (to[left + 1] - to[left])
    return to[-1]


def sums(layer, inputs):
    """Weighted sums of one row."""
    outputs = []
    for out in range(len(layer.bias)):
        total = layer.bias[out]
        for place, value in enumerate(inputs):
            total += value * layer.weight[place][out]
        outputs.append(total)
    return outputs


def codes(layers, channels):
    """What every layer gives of one row, one after the other."""
    if not layers:
        return channels
    found = []
    inside = channels
    for layer in layers:
        inside = [max(0.0, each) for each in sums(layer, inside)]
        found.extend(inside)
    return found


def probability(model, row):
    """Of the event, of one row."""
    found = codes(model.layers, encode(model.encoding.columns, row))
    log_odds = model.slope * sums(model.head, found)[0] + model.shift
    if log_odds < 0:
        return math.exp(log_odds) / (1 + math.exp(log_odds))
    return 1 / (1 + math.exp(-log_odds))


def normal_scores(values):
    """Of each value, from how many are below it and how many are equal."""
    found = []
    for value in values:
        below = sum(1 for other in values if other < value)
        equal = sum(1 for other in values if other == value)
        score = NormalDist().inv_cdf((below + equal / 2) / len(values))
        found.append(max(-FARTHEST, min(FARTHEST, score)))
    return found


def nearest_distances(codes, row, count):
    """The `count` least distances of a row to other rows, rising."""
    others = [other for other in range(len(codes)) if other != row]
    return sorted(math.dist(codes[row], codes[other]) for other in others)[:count]
