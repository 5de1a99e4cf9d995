"""The autoencoder learns, the same way every time, from nothing but the columns."""

import sys

import numpy as np
import pytest
from deep_examples import applicants

from headrace.errors import InputError
from headrace.scores.deep.encoding import fit_encoding
from headrace.scores.deep.model import codes_of
from headrace.scores.deep.training import Autoencoder, train

SMALL = Autoencoder(widths=(12, 4), steps=120, batch=64, learning_rate=0.01)


@pytest.fixture(scope="module")
def jax():
    """Skips where the extra is not installed, saying so."""
    pytest.importorskip("optax", reason="the extra `deep` is not installed: no optax")
    return pytest.importorskip("jax", reason="the extra `deep` is not installed: no jax")


@pytest.fixture(scope="module")
def channels():
    table = applicants(400).x
    encoding = fit_encoding(table, 16, 5)
    return encoding.encoded(table), encoding


@pytest.fixture(scope="module")
def trained(jax, channels):
    return train(*channels, SMALL, seed=3)


def test_layers_are_plain_arrays_of_the_widths_asked(trained, channels):
    inputs = channels[1].owner.size
    shapes = [(each.weight.shape, each.bias.shape) for each in trained.layers]
    assert shapes == [((inputs, 12), (12,)), ((12, 4), (4,))]
    for each in trained.layers:
        assert type(each.weight) is np.ndarray
        assert each.weight.dtype == each.bias.dtype == np.float64


def test_it_learns(trained):
    assert trained.losses.shape == (SMALL.steps,)
    assert trained.losses[-10:].mean() < 0.6 * trained.losses[:10].mean()


def test_the_same_seed_gives_the_same_bits_and_another_does_not(jax, trained, channels):
    again, other = (train(*channels, SMALL, seed=seed) for seed in (3, 4))
    assert np.array_equal(again.losses, trained.losses)
    for one, two in zip(again.layers, trained.layers, strict=True):
        assert np.array_equal(one.weight, two.weight)
        assert np.array_equal(one.bias, two.bias)
    assert not np.array_equal(other.layers[0].weight, trained.layers[0].weight)


def test_codes_fill_in_what_is_missing(trained, channels):
    """Sales and their logarithm are nearly the same: without the one, the code changes little."""
    rows, encoding = channels
    whole = rows[rows[:, encoding.missing_at].sum(axis=1) == 0]
    without = whole.copy()
    without[:, 0], without[:, encoding.missing_at[0]] = 0.0, 1.0
    codes, lacking = (codes_of(trained.layers, each) for each in (whole, without))
    strangers = np.abs(codes - np.roll(codes, 1, axis=0)).mean()
    assert np.abs(codes - lacking).mean() < 0.7 * strangers


def test_the_rows_are_left_as_they_are(jax, channels):
    rows, encoding = channels
    before = rows.copy()
    train(rows, encoding, SMALL, seed=0)
    assert np.array_equal(rows, before)


def test_one_row_and_no_noise_will_do(jax, channels):
    rows, encoding = channels
    asked = Autoencoder(widths=(3,), masking=0.0, steps=5, batch=2)
    assert np.isfinite(train(rows[:1], encoding, asked, seed=0).losses).all()


def test_a_training_that_runs_away_is_refused(jax, channels):
    asked = Autoencoder(widths=(3,), steps=20, batch=8, learning_rate=1e30)
    with pytest.raises(InputError, match="ran away"):
        train(*channels, asked, seed=0)


def test_without_layers_nothing_is_learnt_and_jax_is_not_needed(channels, monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    found = train(*channels, Autoencoder(widths=()), seed=0)
    assert found.layers == ()
    assert found.losses.size == 0


def test_without_the_extra_the_error_says_what_to_install(channels, monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)  # importing it fails, as if it were not there
    with pytest.raises(InputError, match=r"jax is not installed.*pip install 'headrace\[deep\]'"):
        train(*channels, SMALL, seed=0)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("widths", (3, 0)), ("masking", 1.0), ("masking", -0.1), ("steps", 0), ("batch", 0),
        ("learning_rate", 0.0), ("learning_rate", float("nan")),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_by_name(setting, value):
    with pytest.raises(InputError) as refused:
        Autoencoder(**{setting: value})
    assert refused.value.where == f"Autoencoder.{setting}"
