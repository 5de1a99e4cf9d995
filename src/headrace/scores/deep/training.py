"""A stacked denoising autoencoder, trained by jax and optax, given back as plain arrays.

Columns of a row are made missing by chance (masking noise), and the network must tell the whole row
from what is left (Vincent and others 2010). Encoder and decoder are trained together, not layer by
layer (Zhou and others 2014 find that at least as good). The error is the squared one of normal
scores and the cross entropy of channels of 0 and 1; what is truly missing counts only as missing.
No outcome is looked at.

Everything that is drawn is drawn by numpy from the seed, and the arithmetic runs on the CPU: the
same rows and settings give the same bits on every run on one machine; another processor or another
version of jax may round otherwise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.scores.deep.encoding import Encoding
from headrace.scores.deep.model import Layer

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Weights: TypeAlias = list[tuple[Any, Any]]  # weight and bias of each layer
Step: TypeAlias = Callable[..., tuple[Weights, Any, Any]]


@dataclass(frozen=True)
class Autoencoder:
    """How a representation is learnt.

    Attributes:
        widths: Of the layers of the encoder, each 1 or more; the decoder has the same, turned
            round. Empty: nothing is learnt, and the codes are the channels.
        masking: Share of the columns of a row that are made missing, in [0, 1).
        steps: Of the gradient, 1 or more.
        batch: Rows a step, 1 or more.
        learning_rate: Of Adam (Kingma and Ba 2015), above 0; falls to 0 along a cosine.
    """

    widths: tuple[int, ...] = (64, 32)
    masking: float = 0.2
    steps: int = 2000
    batch: int = 256
    learning_rate: float = 0.003

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: If a setting is out of its range; it names the setting and the range.
        """
        for name in ("steps", "batch"):
            if getattr(self, name) < 1:
                raise _bad_setting(name, getattr(self, name), "1 or more")
        if any(each < 1 for each in self.widths):
            raise _bad_setting("widths", self.widths, "1 or more each")
        if not 0 <= self.masking < 1:
            raise _bad_setting("masking", self.masking, "0 or more and below 1")
        if not 0 < self.learning_rate < np.inf:
            raise _bad_setting("learning_rate", self.learning_rate, "above 0")


def _bad_setting(name: str, value: object, right: str) -> InputError:
    return InputError(
        f"an autoencoder cannot have {name} = {value}",
        where=f"Autoencoder.{name}",
        remedy=f"it should be {right}",
    )


@dataclass(frozen=True, eq=False)
class Trained:
    """What training gives.

    Attributes:
        layers: Of the encoder; empty where the settings ask for none.
        losses: Mean error a row and column, of every step, (steps,).
    """

    layers: tuple[Layer, ...]
    losses: Floats


def train(channels: Floats, encoding: Encoding, settings: Autoencoder, seed: int) -> Trained:
    """Learn the layers from rows without outcomes.

    Args:
        channels: (n, channels), one row or more, by this encoding.
        encoding: Which channels belong to one column, and of what kind they are.
        settings: How.
        seed: Draws the first weights, the rows of each step and what is masked.

    Raises:
        InputError: If jax or optax is not installed, or the training ran away.
    """
    if not settings.widths:
        return Trained((), np.empty(0))
    jax = _package("jax")
    rng = np.random.default_rng(seed)
    rows = channels.astype(np.float32)
    seen = _seen(rows, encoding)
    step, start = _stepping(settings.learning_rate, settings.steps)
    losses = []
    with jax.default_device(jax.devices("cpu")[0]):
        weights = _first_weights(encoding.owner.size, settings.widths, rng)
        state = start(weights)
        for _ in range(settings.steps):
            at = rng.integers(rows.shape[0], size=settings.batch)
            noisy = _masked(rows[at], encoding, settings.masking, rng)
            batch = noisy, rows[at], seen[at], encoding.is_score
            weights, state, loss = step(weights, state, batch)
            losses.append(loss)
        found = np.array(jax.device_get(losses), np.float64) / len(encoding.columns)
        kept = jax.device_get(weights[: len(settings.widths)])
    if not np.isfinite(found).all():
        raise InputError(
            "the training ran away", where=f"learning_rate {settings.learning_rate}",
            remedy="a lower learning rate",
        )  # fmt: skip
    layers = (Layer(np.asarray(w, np.float64), np.asarray(b, np.float64)) for w, b in kept)
    return Trained(tuple(layers), found)


def _seen(rows: Singles, encoding: Encoding) -> Singles:
    """1 where a channel is to be told: all but those of a missing value, save that it is."""
    missing = rows[:, encoding.missing_at]
    told: Singles = 1 - missing[:, encoding.owner]
    told[:, encoding.missing_at] = 1
    return told


def _masked(rows: Singles, encoding: Encoding, share: float, rng: np.random.Generator) -> Singles:
    """Rows with some columns made missing."""
    hit = rng.random((rows.shape[0], len(encoding.columns)), np.float32) < share
    noisy = np.where(hit[:, encoding.owner], np.float32(0), rows)
    noisy[:, encoding.missing_at] = np.maximum(noisy[:, encoding.missing_at], hit)
    return noisy


def _first_weights(channels: int, widths: Sequence[int], rng: np.random.Generator) -> Weights:
    """Normal, of variance 2 / inputs (He and others 2015); biases 0. Encoder, then decoder."""
    sizes = [channels, *widths, *reversed(widths[:-1]), channels]
    return [
        (
            np.float32(rng.normal(scale=np.sqrt(2 / one), size=(one, two))),
            np.zeros(two, np.float32),
        )
        for one, two in pairwise(sizes)
    ]


@cache
def _stepping(learning_rate: float, steps: int) -> tuple[Step, Callable[[Weights], Any]]:
    """One step of the gradient, compiled, and the state to start from."""
    jax, optax = _package("jax"), _package("optax")
    adam = optax.adam(optax.cosine_decay_schedule(learning_rate, steps))

    def error(weights: Weights, batch: tuple[Any, ...]) -> Any:
        noisy, whole, seen, is_score = batch
        inside = noisy
        for weight, bias in weights[:-1]:
            inside = jax.nn.relu(inside @ weight + bias)
        told = inside @ weights[-1][0] + weights[-1][1]
        squared = (told - whole) ** 2
        crossed = jax.nn.softplus(told) - told * whole
        errors = seen * jax.numpy.where(is_score, squared, crossed)
        return errors.sum() / whole.shape[0]

    def step(weights: Weights, state: Any, batch: tuple[Any, ...]) -> tuple[Weights, Any, Any]:
        loss, slopes = jax.value_and_grad(error)(weights, batch)
        change, state = adam.update(slopes, state, weights)
        return optax.apply_updates(weights, change), state, loss

    return jax.jit(step), adam.init


def _package(name: str) -> Any:
    """A package of the extra, which is loaded only where a model is fitted."""
    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(
            f"{name} is not installed, and learning a representation needs it",
            remedy="pip install 'headrace[deep]'; scoring with a fitted model does not need it",
        ) from error
