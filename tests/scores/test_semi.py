"""Semi-supervised learning beside the plain model, kept unless the gain is beyond doubt."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from headrace.errors import InputError
from headrace.scores.semi import Unlabelled, compared
from headrace.scores.validation.nested import Rows
from headrace.scores.validation.splits import SplitSettings, dealt


def split(y, repeats=1):
    return dealt(y, None, SplitSettings(folds=4, repeats=repeats, seed=1))


def test_where_firms_of_a_kind_default_alike_and_few_are_labelled_it_may_help():
    """Two rings, the inner one bad: neighbours know what no straight line can."""
    rng = np.random.default_rng(1)
    y = (np.arange(80) % 2).astype(np.int64)
    every = np.concatenate([y, np.arange(600) % 2])
    angle = rng.uniform(0, 2 * np.pi, every.size)
    radius = np.where(every == 1, 1.0, 3.0) + rng.normal(0, 0.2, every.size)
    x = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    found = compared(Rows(x[:80], y), Unlabelled(x[80:]), split(y))
    plain, _, spreading = found.tried
    assert plain.auc.value < 0.7
    assert spreading.auc.value > 0.95
    assert found.kept == "label_spreading"
    assert "kept: label_spreading" in found.en


@pytest.fixture(scope="module")
def ordinary():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(460, 5))
    x[::11, 2] = np.nan
    y = (rng.random(460) < expit(-1.2 + 1.2 * x[:, 0])).astype(np.int64)
    return Rows(x[:160], y[:160]), Unlabelled(x[160:])


def test_where_it_does_not_help_the_plain_model_is_kept(ordinary):
    rows, others = ordinary
    found = compared(rows, others, split(rows.y, repeats=2))
    assert found.kept == "plain"
    assert (found.labelled, found.unlabelled) == (160, 300)
    plain, *flagged = found.tried
    assert not plain.uses_unlabelled
    assert plain.gain.value == plain.gain.low == plain.gain.high == 0
    assert all(each.uses_unlabelled for each in flagged)
    assert all(each.gain.low < each.gain.value < each.gain.high for each in flagged)
    assert "采用：plain" in found.zh


def test_figures_are_those_of_hidden_labels(ordinary):
    rows, others = ordinary
    for each in compared(rows, others, split(rows.y)).tried:
        assert each.auc.value == pytest.approx(roc_auc_score(rows.y, each.predictions))
        assert each.brier == pytest.approx(np.mean((each.predictions - rows.y) ** 2))
        assert ((each.predictions > 0) & (each.predictions < 1)).all()


def test_same_rows_same_figures(ordinary):
    rows, others = ordinary
    first, second = (compared(rows, others, split(rows.y)) for _ in range(2))
    assert [each.auc for each in first.tried] == [each.auc for each in second.tried]


def test_columns_must_be_the_same(ordinary):
    rows, _ = ordinary
    with pytest.raises(InputError, match="same columns"):
        compared(rows, Unlabelled(np.zeros((10, 2))), split(rows.y))


def test_with_nobody_unlabelled_there_is_nothing_to_learn_from():
    x, y = np.arange(12.0)[:, None], np.arange(12) % 2
    with pytest.raises(InputError, match="every firm has a label"):
        compared(Rows(x, y), Unlabelled(x[:0]), split(y))


def test_weights_and_groups_count_in_what_is_measured():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(90, 2))
    y = (rng.random(90) < expit(x[:, 0])).astype(np.int64)
    heavy = np.where(np.arange(90) < 45, 9.0, 1.0)
    firms = np.arange(90) // 3
    folds = dealt(y, firms, SplitSettings(folds=3))
    plainly = compared(Rows(x, y), Unlabelled(x[:20]), folds).tried[0]
    weighed = compared(Rows(x, y, heavy, groups=firms), Unlabelled(x[:20]), folds).tried[0]
    expected = roc_auc_score(y, weighed.predictions, sample_weight=heavy)
    assert weighed.auc.value == pytest.approx(expected)
    assert weighed.auc != plainly.auc
    assert weighed.brier != plainly.brier
