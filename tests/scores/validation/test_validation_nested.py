"""Choices made outside the folds flatter; choices made inside do not."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from headrace.errors import InputError
from headrace.scores.validation.nested import (
    Functions,
    Rows,
    Selected,
    Selecting,
    out_of_fold,
    quality,
)
from headrace.scores.validation.splits import SplitSettings, split


def logistic(rows: Rows, strength: float = 1.0) -> LogisticRegression:
    return LogisticRegression(C=strength, solver="newton-cholesky").fit(rows.x, rows.y, rows.w)


def predicted(model: LogisticRegression, x: np.ndarray) -> np.ndarray:
    return model.predict_proba(x)[:, 1]


def best_of_many(rows: Rows, many: int = 5) -> tuple[np.ndarray, LogisticRegression]:
    """Pick the features that go with the outcome best, then fit on them."""
    apart = np.abs(rows.x[rows.y == 1].mean(axis=0) - rows.x[rows.y == 0].mean(axis=0))
    chosen = np.argsort(-apart)[:many]
    return chosen, LogisticRegression().fit(rows.x[:, chosen], rows.y)


PLAIN = Functions(logistic, predicted)
PICKING = Functions(best_of_many, lambda model, x: predicted(model[1], x[:, model[0]]))


def noise(seed=1, n=120, k=400):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, k)), (np.arange(n) % 3 == 0).astype(np.int64)


def test_picking_features_outside_the_folds_makes_noise_look_good():
    x, y = noise()
    splits = split(y, settings=SplitSettings(folds=5, repeats=2))
    inside = quality(out_of_fold(PICKING, Rows(x, y), splits))
    chosen, _ = best_of_many(Rows(x, y))
    outside = quality(out_of_fold(PLAIN, Rows(x[:, chosen], y), splits))
    assert outside.auc.value > 0.7, "what would have been published"
    assert inside.auc.value < 0.6
    assert inside.auc.low < 0.5 < inside.auc.high


def signal(n=600, seed=2):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    return x, (rng.random(n) < expit(-1 + 1.5 * x[:, 0] + x[:, 1])).astype(np.int64)


def test_quality_of_a_true_model():
    x, y = signal()
    found = quality(out_of_fold(PLAIN, Rows(x, y), split(y, settings=SplitSettings(repeats=2))))
    assert found.auc.low < 0.84 < found.auc.high
    assert found.gini.value == pytest.approx(2 * found.auc.value - 1)
    assert found.line.slope.low < 1 < found.line.slope.high
    assert (found.rows, found.bad) == (600, int(y.sum()))
    assert found.brier.score < found.brier.uncertainty
    assert sum(each.firms for each in found.bins) == 600
    assert found.en.startswith("repeated: 600 rows")


def test_selecting_takes_the_strength_that_later_rows_prefer():
    x, y = signal(n=400)
    noisy = np.column_stack([x, noise(seed=3, n=400, k=60)[0]])
    candidates = {
        "loose": Functions(lambda rows: logistic(rows, 1e4), predicted),
        "tight": Functions(lambda rows: logistic(rows, 0.02), predicted),
    }
    times = np.datetime64("2020-01-01", "D") + np.arange(400).astype("m8[D]")
    selecting = Selecting(candidates, SplitSettings(folds=2))
    rows = Rows(noisy, y, times=times)
    done = out_of_fold(selecting, rows, split(y, times, settings=SplitSettings(folds=2)))
    assert done.chosen == ("tight", "tight")
    assert done.rows.tolist() == list(range(280, 400)), "only the latest are tested"
    model = selecting.fit(rows)
    assert isinstance(model, Selected)
    assert model.losses["tight"] < model.losses["loose"]


def test_training_sees_nothing_of_the_test():
    """A procedure that learns rows by heart knows none of those it is asked about."""
    x, y = signal(n=90)
    known = Functions(
        lambda rows: {row.tobytes() for row in rows.x},
        lambda model, x: np.array([0.9 if row.tobytes() in model else 0.1 for row in x]),
    )
    times = np.datetime64("2020-01-01", "D") + np.arange(90).astype("m8[D]")
    for splits in (split(y), split(y, times), split(y, groups=np.arange(90) // 2)):
        assert (out_of_fold(known, Rows(x, y), splits).predicted == 0.1).all()


def test_tables_weights_and_groups_follow_their_rows():
    rows = Rows(
        pa.table({"a": [1, 2, 3], "b": ["x", None, "z"]}),
        np.array([0, 1, 0]),
        w=np.array([1.0, 2.0, 3.0]),
        groups=np.array([7, 8, 9]),
    )
    part = rows.take(np.array([2, 1]))
    assert part.x.to_pylist() == [{"a": 3, "b": "z"}, {"a": 2, "b": None}]
    assert (part.y.tolist(), part.w.tolist()) == ([0, 1], [3.0, 2.0])
    assert part.groups.tolist() == [9, 8]
    assert part.times is None


def test_what_is_no_probability_is_refused():
    x, y = signal(n=60)
    with pytest.raises(InputError, match="no probability"):
        out_of_fold(Functions(lambda _: None, lambda _, x: x[:, 0] * 9), Rows(x, y), split(y))


@pytest.mark.parametrize("name", ["x", "w", "times", "groups"])
def test_parts_of_other_rows_are_refused_by_name(name):
    parts = {"x": np.zeros((4, 1)), "y": np.array([0, 1, 0, 1])}
    with pytest.raises(InputError, match=f"{name} has 3 rows and y has 4"):
        Rows(**{**parts, name: np.zeros(3)})
