"""What remedies cost in the three numbers, that none is applied, that the unlawful one warns."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit

from headrace.errors import InputError
from headrace.scores.semi import plain
from headrace.scores.validation.nested import Functions, Rows
from headrace.scores.validation.splits import SplitSettings, dealt
from headrace.scores.watch.remedies import UNLAWFUL, WORDS, Question, Remedy, costs
from headrace.scores.watch.three_numbers import Lending


def by_table() -> Functions:
    """L2 logistic regression over the columns of a table."""
    inner = plain(10.0)

    def array(x):
        return np.column_stack([x[name].to_numpy() for name in x.column_names]).astype(np.float64)

    return Functions(
        lambda rows: inner.fit(Rows(array(rows.x), rows.y, rows.w)),
        lambda model, x: inner.predict(model, array(x)),
    )


@pytest.fixture(scope="module")
def sample():
    """Income is lower in group b; a column `of_b` carries the group itself."""
    rng = np.random.default_rng(5)
    group = (rng.random(1500) < 0.4).astype(np.int64)
    income = rng.normal(-0.6 * group, 1.0)
    other = rng.normal(size=1500)
    y = (rng.random(1500) < expit(-1.3 - income + 0.5 * other + 0.3 * group)).astype(np.int64)
    table = pa.table({"income": income, "other": other, "of_b": group})
    lending = Lending(rng.lognormal(3, 0.5, 1500), 0.5, lambda p: (0.03 + 0.5 * p) / (1 - p))
    asked = Question(0.6, group, ("a", "b"), lending, without=(("of_b",), ("of_b", "income")))
    return Rows(table, y), asked


@pytest.fixture(scope="module")
def found(sample):
    rows, asked = sample
    return costs(by_table(), rows, dealt(rows.y, None, SplitSettings(folds=4, seed=1)), asked)


def test_each_remedy_is_there_with_its_words(found):
    assert [each.remedy for each in found] == [
        Remedy.AS_IS,
        Remedy.WITHOUT,
        Remedy.WITHOUT,
        Remedy.REWEIGHED,
        Remedy.ONE_CUT_MOVED,
        Remedy.CUT_PER_GROUP,
    ]
    assert found[1].en == "fitted without of_b"
    assert found[2].zh == "剔除 of_b, income 后重新拟合"
    assert set(WORDS) == set(Remedy)


def test_only_the_cut_per_group_warns_that_it_may_be_unlawful(found):
    assert [each.warning for each in found[:-1]] == [None] * 5
    assert found[-1].warning == UNLAWFUL
    assert "not lawful" in UNLAWFUL[0]


def test_as_is_changes_nothing(found):
    first = found[0]
    for change in (first.changes.approval, first.changes.price, first.changes.defaulted):
        assert (change.value, change.low, change.high) == (0, 0, 0)


def test_the_approval_rate_is_held_but_for_the_moved_cut(found):
    as_is, *others = found
    assert as_is.numbers.approval.value == pytest.approx(0.6)
    for each in others:
        if each.remedy is Remedy.ONE_CUT_MOVED:
            assert each.changes.approval.low > 0
            assert each.changes.observed_loss.value > 0
        else:
            assert each.numbers.approval.value == pytest.approx(0.6, abs=0.001)


def test_what_brings_the_groups_nearer_and_what_it_costs(found):
    as_is, without, without_both, reweighed, moved, per_group = found
    assert as_is.ratio_least < 0.75
    assert without.ratio_least > as_is.ratio_least
    assert reweighed.ratio_least > as_is.ratio_least
    assert moved.ratio_least >= 0.8
    assert per_group.ratio_least == pytest.approx(1.0, abs=0.01)
    assert without_both.auc.value < as_is.auc.value - 0.1
    assert without_both.changes.defaulted.low > 0  # the useful column went too: dear
    assert moved.changes.price.value > 0  # riskier borrowers, dearer loans


def test_nothing_fitted_or_cut_comes_back(found):
    for each in found:
        kinds = {type(getattr(each, name)) for name in each.__dataclass_fields__}
        assert not any(callable(kind) and hasattr(kind, "predict") for kind in kinds)
        assert np.ndarray not in kinds


def test_small_groups_move_no_cut(sample):
    rows, asked = sample
    few = Question(0.6, np.where(np.arange(1500) < 20, 1, 0), ("a", "b"), asked.lending)
    found = costs(by_table(), rows, dealt(rows.y, None, SplitSettings(folds=3)), few)
    moved = next(each for each in found if each.remedy is Remedy.ONE_CUT_MOVED)
    assert np.isnan(moved.ratio_least)
    assert moved.changes.approval.value == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"portion": 1.0}, "a share between 0 and 1"),
        ({"group": np.zeros(3, np.int64)}, "a group for every row"),
        ({"without": (("nothing",),)}, "no column to leave out"),
    ],
)
def test_what_cannot_be_asked_is_refused(sample, changes, said):
    rows, asked = sample
    plain_question = {
        "portion": 0.6,
        "group": asked.group,
        "names": asked.names,
        "lending": asked.lending,
    }
    with pytest.raises(InputError, match=said):
        costs(
            by_table(),
            rows,
            dealt(rows.y, None, SplitSettings(folds=3)),
            Question(**(plain_question | changes)),
        )


def test_reweighing_parts_group_from_outcome_in_the_training_rows_of_each_fold(sample):
    """Kamiran and Calders: in the weighted rows both groups default alike."""
    rows, asked = sample
    seen = []
    inner = by_table()

    def fit(training):
        seen.append(training)
        return inner.fit(training)

    splits = dealt(rows.y, None, SplitSettings(folds=3, seed=2))
    costs(Functions(fit, inner.predict), rows, splits, Question(0.6, *_of(asked)))
    weighed = [each for each in seen if each.w is not None]
    assert len(weighed) == 3
    for training in weighed:
        group = training.x["of_b"].to_numpy()
        rates = [np.average(training.y[group == g], weights=training.w[group == g]) for g in (0, 1)]
        assert rates[0] == pytest.approx(rates[1])
        assert rates[0] == pytest.approx(training.y.mean())
        assert training.w.sum() == pytest.approx(training.y.size)


def _of(asked):
    return asked.group, asked.names, asked.lending
