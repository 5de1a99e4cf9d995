"""The whole procedure: chosen and calibrated from the rows given, and from nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from deep_examples import applicants

from headrace.errors import InputError
from headrace.scores.deep.fitting import Deep, DeepSettings, Schooling, fit_deep
from headrace.scores.deep.training import Autoencoder
from headrace.scores.store import saved
from headrace.scores.validation.figures import auc
from headrace.scores.validation.nested import Rows, out_of_fold
from headrace.scores.validation.splits import SplitSettings, split

CHANNELS = DeepSettings(autoencoders=(Autoencoder(widths=()),), rows_per_category=5)
SMALL = Autoencoder(widths=(12, 4), steps=120, batch=64, learning_rate=0.01)
RARE = applicants(1500, bad=0.02)


def with_network():
    """Settings with a small network; skips where the extra is not installed, saying so."""
    for package in ("jax", "optax"):
        pytest.importorskip(package, reason=f"the extra `deep` is not installed: no {package}")
    return replace(CHANNELS, autoencoders=(SMALL,))


def test_probabilities_mean_what_they_say_though_the_head_saw_half_bad():
    model = fit_deep(RARE, CHANNELS)
    rate = RARE.y.mean()
    assert rate < 0.1
    assert model.learnt.made > 1000
    uncalibrated = 1 / (1 + np.exp(-model.raw_score(RARE.x)))
    assert uncalibrated.mean() > 3 * rate
    assert model.probability(RARE.x).mean() == pytest.approx(rate, rel=0.1)


def test_what_was_made_and_chosen_is_written_down():
    for share, made in ((0.0, 0), (0.5, RARE.y.size - 2 * RARE.y.sum())):
        learnt = fit_deep(RARE, replace(CHANNELS, share=share)).learnt
        assert (learnt.rows, learnt.events, learnt.made) == (1500, RARE.y.sum(), made)
        assert learnt.strength in CHANNELS.strengths


def test_the_rarer_outcome_may_be_the_good_one():
    rows = applicants(400, bad=0.8)
    model = fit_deep(rows, CHANNELS)
    assert rows.y.mean() > 0.6
    assert model.learnt.made == 2 * rows.y.sum() - 400
    assert model.probability(rows.x).mean() == pytest.approx(rows.y.mean(), rel=0.1)


def test_the_made_codes_are_of_the_rarer_outcome_and_carry_weights():
    rng = np.random.default_rng(0)
    rows = Rows(rng.normal(size=(50, 2)), np.arange(50) // 40, w=rng.uniform(1, 2, 50))
    found = Schooling.of(rows, CHANNELS)
    assert found.z.shape == (80, 2)
    assert (found.y[50:] == 1).all()
    assert found.y.mean() == 0.5
    assert np.array_equal(found.w[:50], rows.w)
    assert ((found.w >= 1) & (found.w <= 2)).all()


def test_the_head_undoes_its_scaling():
    """Codes of another unit and origin give the same log odds."""
    rng = np.random.default_rng(0)
    codes, y = rng.normal(size=(200, 3)), (rng.random(200) < 0.3).astype(np.int64)
    codes[:, 2] = 7.0  # says nothing, and divides by no deviation
    moved = codes * np.array([10.0, 0.1, 1.0]) + np.array([5.0, -3.0, 0.0])
    one, two = (Schooling.of(Rows(each, y), CHANNELS).head(0.1) for each in (codes, moved))
    assert np.allclose(one.sums(codes), two.sums(moved), atol=1e-8)


def test_a_weight_of_two_is_a_row_twice():
    """But for what is drawn: so without oversampling."""
    rng = np.random.default_rng(1)
    codes, y = rng.normal(size=(60, 2)), np.arange(60) % 3 // 2
    asked = replace(CHANNELS, share=0.0)
    twice = np.repeat(np.arange(60), np.where(y == 1, 2, 1))
    weighing = Rows(codes, y, w=np.where(y == 1, 2.0, 1.0))
    weighted = Schooling.of(weighing, asked).head(1e6)
    repeated = Schooling.of(Rows(codes[twice], y[twice]), asked).head(1e6)
    assert np.allclose(weighted.sums(codes), repeated.sums(codes), atol=1e-4)


def test_weights_move_the_mean_probability():
    rows = applicants(500)
    plain = fit_deep(rows, CHANNELS)
    weighted = fit_deep(replace(rows, w=np.where(rows.y == 1, 5.0, 1.0)), CHANNELS)
    assert weighted.probability(rows.x).mean() > 1.3 * plain.probability(rows.x).mean()


def test_the_outcomes_of_tested_rows_do_not_reach_the_model():
    rows = applicants(400)
    fold = split(rows.y, settings=SplitSettings(folds=4)).folds[0]
    turned = rows.y.copy()
    turned[fold.test] = 1 - turned[fold.test]
    one, two = (Deep(CHANNELS).fit(replace(rows, y=y).take(fold.train)) for y in (rows.y, turned))
    assert saved(one) == saved(two)


def test_times_rule_the_inner_folds():
    rows = applicants(600)
    days = np.datetime64("2020-01-01") + np.arange(600)
    plain, dated = fit_deep(rows, CHANNELS), fit_deep(replace(rows, times=days), CHANNELS)
    assert (plain.slope, plain.shift) != (dated.slope, dated.shift)
    assert dated.probability(rows.x).mean() == pytest.approx(rows.y.mean(), rel=0.3)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("share", 1.0), ("share", -0.1), ("knots", 1), ("rows_per_category", 0), ("neighbours", 0),
        ("inner_folds", 1), ("seed", -1), ("autoencoders", ()), ("strengths", ()),
        ("strengths", (0.1, 0.0)),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_by_name(setting, value):
    with pytest.raises(InputError) as refused:
        DeepSettings(**{setting: value})
    assert refused.value.where == f"DeepSettings.{setting}"


def test_outcomes_that_cannot_be_learnt_are_refused():
    rows = applicants(50)
    with pytest.raises(InputError, match="0 rows of the rarer outcome are too few"):
        fit_deep(replace(rows, y=np.zeros(50, np.int64)), CHANNELS)
    with pytest.raises(InputError, match="not one 0 or 1 a row"):
        fit_deep(replace(rows, y=np.arange(50)), CHANNELS)
    with pytest.raises(InputError, match="x has 50 rows and y has 49"):
        fit_deep(replace(rows, y=rows.y[:49]), CHANNELS)


@pytest.mark.parametrize("weights", [np.zeros(50), np.full(50, np.nan)])
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(InputError, match="finite number above 0"):
        fit_deep(replace(applicants(50), w=weights), CHANNELS)


def test_the_same_rows_and_seed_give_the_same_model():
    settings = with_network()
    rows = applicants(400)
    one, again = (fit_deep(rows, settings) for _ in range(2))
    assert saved(one) == saved(again)
    assert saved(fit_deep(rows, replace(settings, seed=1))) != saved(one)


def test_the_inner_folds_choose_among_representations():
    """A network of one unit that hardly learnt is worse than the channels themselves."""
    poor = replace(SMALL, widths=(1,), steps=1)
    both = replace(with_network(), autoencoders=(poor, Autoencoder(widths=())))
    rows = applicants(400)
    assert saved(fit_deep(rows, both)) == saved(fit_deep(rows, CHANNELS))


def test_the_network_ranks_borrowers_that_it_has_not_seen():
    rows = applicants(600)
    done = out_of_fold(Deep(with_network()), rows, split(rows.y, settings=SplitSettings(folds=3)))
    assert auc(done.y, done.mean) > 0.75
    assert done.mean.mean() == pytest.approx(rows.y.mean(), rel=0.1)
    assert ((done.mean > 0) & (done.mean < 1)).all()


def test_numbers_alone_will_do():
    settings = with_network()
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    y = (x[:, 0] + rng.logistic(size=300) > 1).astype(np.int64)
    x[rng.random(x.shape) < 0.1] = np.nan
    model = fit_deep(Rows(x, y), settings)
    assert model.encoding.names == ("x0", "x1", "x2")
    assert auc(y, model.probability(x)) > 0.7
