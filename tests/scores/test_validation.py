"""Out-of-fold figures, and the check that refuses a leak."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss, roc_auc_score

from headrace.errors import LeakageError
from headrace.scores.leakage.check import find_leaks
from headrace.scores.leakage.findings import refuse
from headrace.scores.straight_card import CardSpec, Term
from headrace.scores.validation.straight import validate
from headrace.scores.watch.stability import population_stability

SPEC = CardSpec(terms=(Term("a"), Term("b"), Term("c")), strengths=(0.1, 1.0))


def sample(n: int, weight: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    y = (rng.random(n) < expit(-1.0 + weight * x[:, 0])).astype(np.int64)
    return x, y


@pytest.fixture(scope="module")
def honest():
    x, y = sample(250, 1.5)
    return x, y, validate(x, y, SPEC, seed=5, repeats=3)


def test_figures_are_those_of_the_usual_tools(honest):
    _, y, found = honest
    assert found.auc.value == pytest.approx(roc_auc_score(y, found.predictions), abs=0.01)
    assert found.brier.value == pytest.approx(brier_score_loss(y, found.predictions), abs=0.005)
    assert found.auc.low < found.auc.value < found.auc.high
    assert found.brier.low < found.brier.value < found.brier.high
    assert 0.6 < found.slope < 1.6
    assert 0.3 < found.ks < 0.9
    assert sum(each.firms for each in found.bins) == y.size
    assert all(each.low <= each.observed <= each.high for each in found.bins)


def test_noise_scores_as_noise_because_every_choice_is_inside_the_fold():
    """A hundred useless terms must not look good: the sign of choices made outside the folds."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(120, 100))
    y = (np.arange(120) % 4 == 0).astype(np.int64)
    spec = CardSpec(terms=tuple(Term(f"t{n}") for n in range(100)), strengths=(0.03, 1.0))
    found = validate(x, y, spec, seed=1, repeats=2)
    assert 0.3 < found.auc.value < 0.68


def test_the_interval_narrows_with_more_firms():
    wide = validate(*sample(100, 1.5), SPEC, seed=1, repeats=1).auc
    narrow = validate(*sample(900, 1.5), SPEC, seed=1, repeats=1).auc
    assert narrow.high - narrow.low < 0.6 * (wide.high - wide.low)


def test_same_seed_same_figures():
    x, y = sample(120, 1.0)
    first, second = (validate(x, y, SPEC, seed=5, repeats=1) for _ in range(2))
    assert first.auc == second.auc
    assert first.predictions.tobytes() == second.predictions.tobytes()


def test_a_field_formed_after_the_outcome_is_refused():
    x, y = sample(100, 1.0)
    leaks = find_leaks({"rating": x[:, 1], "sales": x[:, 0]}, y, {"rating"})
    assert [(leak.feature, leak.rule) for leak in leaks] == [("rating", "known_after_outcome")]
    with pytest.raises(LeakageError, match="rating was formed after the loan ended"):
        refuse(leaks)


def test_a_field_that_is_nearly_the_outcome_is_refused_whatever_it_is_called():
    x, y = sample(200, 1.0)
    copy = y + np.where(np.arange(y.size) % 50 == 0, 1.5, 0.0)
    (leak,) = find_leaks({"innocent_name": -copy, "sales": x[:, 0]}, y, set())
    assert leak.rule == "near_perfect_alone"
    assert "AUC" in leak.zh


def test_an_honest_strong_feature_passes():
    x, y = sample(200, 2.5)
    assert find_leaks({"sales": x[:, 0], "empty": np.full(200, np.nan)}, y, set()) == ()
    refuse(())


def test_stability_index_is_small_by_chance_and_large_after_a_shift():
    rng = np.random.default_rng(1)
    before = rng.normal(size=2000)
    assert population_stability(before, rng.normal(size=2000)) < 0.02
    assert population_stability(before, rng.normal(1.0, size=2000)) > 0.5
    with_gaps = np.where(np.arange(2000) % 3 == 0, np.nan, before)
    assert population_stability(before, with_gaps) > 0.5
    assert np.isnan(population_stability(np.zeros(0), before))
    assert population_stability(np.full(5, np.nan), np.full(9, np.nan)) < 1e-9 + 0.2
