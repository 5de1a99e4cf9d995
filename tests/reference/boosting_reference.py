"""A boosted model walked tree by tree from its JSON: slow, and easy to see right."""

import json
import math
from itertools import pairwise


def walk(model, root, row):
    """The nodes that a row passes in one tree, from its root to a leaf."""
    path = [root]
    while model["feature"][path[-1]] != -1:
        node = path[-1]
        value, threshold = row[model["feature"][node]], model["threshold"][node]
        if math.isnan(value):
            left = model["missing_left"][node] == 1
        else:
            left = threshold is None or value <= threshold
        path.append(model["left"][node] if left else model["right"][node])
    return path


def raw_scores(text, rows):
    model = json.loads(text)
    scores = []
    for row in rows:
        score = model["baseline"]
        for root in model["roots"]:
            score += model["value"][walk(model, root, row)[-1]]
        scores.append(score)
    return scores


def contributions(text, rows):
    """What each step down changes the expected value by, put down to the feature asked."""
    model = json.loads(text)
    answers = []
    for row in rows:
        steps = [0.0] * len(model["names"])
        for root in model["roots"]:
            path = walk(model, root, row)
            for node, below in pairwise(path):
                steps[model["feature"][node]] += model["value"][below] - model["value"][node]
        answers.append(steps)
    return answers
