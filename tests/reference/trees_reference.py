"""Trees explained and checked the long way: every coalition, every row, from the saved text."""

import json
import math
from fractions import Fraction
from itertools import combinations, pairwise, product

from boosting_reference import raw_scores


def _worth(model, node, row, known):
    """What a tree is expected to give from a node on when only some features are known."""
    feature = model["feature"][node]
    if feature == -1:
        return Fraction(model["value"][node])
    left, right = model["left"][node], model["right"][node]
    if feature in known:
        value, cut = row[feature], model["threshold"][node]
        to_left = model["missing_left"][node] == 1 if math.isnan(value) else (
            cut is None or value <= cut
        )  # fmt: skip
        return _worth(model, left if to_left else right, row, known)
    rows = model["cover"]
    both = [rows[side] * _worth(model, side, row, known) for side in (left, right)]
    return Fraction(sum(both), rows[left] + rows[right])


def shapley(text, row):
    """Mean gain of each feature over all orders in which features become known, exactly."""
    model = json.loads(text)
    count = len(model["names"])
    worth = {
        known: sum(_worth(model, root, row, set(known)) for root in model["roots"])
        for size in range(count + 1)
        for known in combinations(range(count), size)
    }
    values = []
    for feature in range(count):
        total = Fraction(0)
        for known, before in worth.items():
            if feature not in known:
                after = worth[tuple(sorted((*known, feature)))]
                orders = math.factorial(len(known)) * math.factorial(count - len(known) - 1)
                total += orders * (after - before)
        values.append(float(total / math.factorial(count)))
    return values


def one_of_each(text):
    """For each feature a value between any two cuts, and beyond them, and missing."""
    model = json.loads(text)
    sides = []
    for feature in range(len(model["names"])):
        cuts = sorted(
            {
                cut
                for asked, cut in zip(model["feature"], model["threshold"], strict=True)
                if asked == feature and cut is not None
            }
        )
        sides.append([*cuts, (cuts[-1] + 1 if cuts else 0.0), math.nan])
    return sides


def is_monotone(text, feature, sign):
    """Whether no tree ever steps the wrong way, over every row that any tree can tell apart."""
    model = json.loads(text)
    sides = one_of_each(text)
    others = [side for place, side in enumerate(sides) if place != feature]
    rising = sides[feature][:-1]
    for number, root in enumerate(model["roots"]):
        tree = json.dumps({**model, "roots": [root], "baseline": 0.0})
        assert number >= 0
        for rest in product(*others):
            rows = [[*rest[:feature], value, *rest[feature:]] for value in rising]
            scores = raw_scores(tree, rows)
            if any(sign * (after - before) < 0 for before, after in pairwise(scores)):
                return False
    return True
