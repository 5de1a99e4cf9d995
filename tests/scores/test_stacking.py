"""An ensemble is kept only if it surely ranks better than its best member."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.tree import DecisionTreeClassifier

from headrace.errors import InputError
from headrace.scores.semi import plain
from headrace.scores.stacking import Stacking, pays
from headrace.scores.validation.nested import Functions, Rows
from headrace.scores.validation.splits import SplitSettings, dealt


def tree(depth: int) -> Functions:
    def fit(rows):
        return DecisionTreeClassifier(max_depth=depth, min_samples_leaf=25, random_state=0).fit(
            rows.x, rows.y, sample_weight=rows.w
        )

    return Functions(fit, lambda model, x: model.predict_proba(x)[:, 1])


def on_columns(inner, columns) -> Functions:
    return Functions(
        lambda rows: inner.fit(Rows(rows.x[:, columns], rows.y, rows.w)),
        lambda model, x: inner.predict(model, x[:, columns]),
    )


SETTINGS = SplitSettings(folds=3, seed=2)


def sample(risk, seed=0, rows=1500):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4))
    return Rows(x, (rng.random(rows) < expit(-1 + risk(x))).astype(np.int64))


def test_members_that_know_different_things_are_worth_putting_together():
    rows = sample(lambda x: 1.2 * x[:, 0] + 1.2 * x[:, 1])
    members = {"first": on_columns(plain(1.0), [0]), "second": on_columns(plain(1.0), [1])}
    found = pays(rows, Stacking(members, SETTINGS), dealt(rows.y, None, SETTINGS))
    assert found.kept == "ensemble"
    assert found.gain.low > 0.05
    assert found.ensemble.value > max(each.value for each in found.members.values())
    assert "kept: ensemble" in found.en


def test_members_that_know_the_same_are_not():
    rows = sample(lambda x: 1.2 * x[:, 0])
    members = {"card": plain(1.0), "tree": tree(3)}
    found = pays(rows, Stacking(members, SETTINGS), dealt(rows.y, None, SETTINGS))
    assert found.best == found.kept == "card"
    assert found.gain.low < 0
    assert "采用：card" in found.zh


def test_weights_are_never_below_nothing_and_useless_members_get_none():
    rows = sample(lambda x: 1.2 * x[:, 0])
    members = {"card": on_columns(plain(1.0), [0]), "noise": on_columns(tree(2), [3])}
    stacking = Stacking(members, SETTINGS)
    model = stacking.fit(rows)
    assert (model.weights >= 0).all()
    assert model.weights[0] > 0.8
    assert model.weights[1] < 0.3
    p = stacking.predict(model, rows.x)
    alone = [member.predict(model.models[name], rows.x) for name, member in members.items()]
    by_hand = model.intercept + sum(w * logit(q) for w, q in zip(model.weights, alone, strict=True))
    assert p == pytest.approx(expit(by_hand))
    assert p.mean() == pytest.approx(rows.y.mean(), abs=0.02)


def test_weights_of_rows_are_heeded():
    rows = sample(lambda x: 1.2 * x[:, 0])
    doubled = Rows(rows.x, rows.y, np.where(rows.y == 1, 3.0, 1.0))
    stacking = Stacking({"a": plain(1.0), "b": tree(2)}, SETTINGS)
    p, q = (stacking.predict(stacking.fit(each), rows.x).mean() for each in (rows, doubled))
    assert q > p + 0.15


def test_one_is_no_ensemble():
    rows = sample(lambda x: x[:, 0])
    with pytest.raises(InputError, match="an ensemble of one"):
        pays(rows, Stacking({"a": plain()}, SETTINGS), dealt(rows.y, None, SETTINGS))


def test_weights_and_groups_count_in_what_is_measured():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(150, 2))
    y = (rng.random(150) < expit(x[:, 0])).astype(np.int64)
    firms = np.arange(150) // 3
    folds = dealt(y, firms, SplitSettings(folds=3))
    both = Stacking({"one": plain(0.1), "other": tree(2)}, SplitSettings(folds=3))
    heavy = Rows(x, y, np.where(np.arange(150) < 75, 9.0, 1.0), groups=firms)
    weighed = pays(heavy, both, folds)
    alone = pays(Rows(x, y, heavy.w), both, folds)
    assert weighed.members["one"].value == pytest.approx(alone.members["one"].value)
    assert weighed.members["one"].high != alone.members["one"].high  # the interval is of groups
