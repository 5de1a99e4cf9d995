"""A small model of trees, written by hand."""

import json

from headrace.scores.trees.model import Boosting


def small(**change) -> Boosting:
    plain = {
        "fitted_on": "by hand", "names": ["a", "b"], "baseline": -1.0, "slope": 2.0, "shift": 0.5,
        "roots": [0, 1], "feature": [-1, 0, -1, -1], "threshold": [0.0, None, 0.0, 0.0],
        "missing_left": [0, 0, 0, 0], "left": [-1, 2, -1, -1], "right": [-1, 3, -1, -1],
        "value": [0.25, 0.0, -1.5, 1.0],
    }  # fmt: skip
    return Boosting.from_json(json.dumps({**plain, **change}))
