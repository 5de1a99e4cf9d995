"""A representation and a logistic head as plain arrays, which need no framework to score.

    channels = encoding(columns)
    h1 = max(0, channels W1 + b1), h2 = max(0, h1 W2 + b2), ...
    codes = h1 beside h2 beside ...            (the channels themselves, where there is no layer)
    raw = codes w + b                          log odds of the event
    probability = 1 / (1 + exp(-(slope raw + shift)))

Sums run over the inputs in their order, so that a row scores the same bits alone as among others,
whatever the number of threads.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from headrace.scores.deep.encoding import Encoding, Features

Floats = NDArray[np.float64]
BLOCK = 512  # rows at a time: a layer then stays in the cache


@dataclass(frozen=True, eq=False)
class Layer:
    """Weighted sums.

    Attributes:
        weight: (inputs, outputs).
        bias: (outputs,).
    """

    weight: Floats
    bias: Floats

    def sums(self, x: Floats) -> Floats:
        """Weighted sums, (n, outputs), of inputs (n, inputs)."""
        total = np.repeat(self.bias[None, :], x.shape[0], axis=0)
        for place, weight in enumerate(self.weight):
            total += x[:, place, None] * weight
        return total


@dataclass(frozen=True)
class Learnt:
    """What the model was fitted on, and what was chosen in doing so.

    Attributes:
        rows: Training rows.
        events: Of them, with outcome 1.
        made: Codes of the rarer outcome that were drawn for the head; 0: none.
        strength: Inverse penalty of the head.
    """

    rows: int
    events: int
    made: int
    strength: float


@dataclass(frozen=True, eq=False)
class DeepModel:
    """A fitted model.

    Attributes:
        encoding: Columns to channels.
        layers: Of the encoder, the first one first; empty: a logistic regression on the channels.
        head: From the codes to one raw score, log odds of the event, before calibration.
        slope: Of the calibration (Platt 1999).
        shift: The same.
        learnt: Where it comes from.
    """

    encoding: Encoding
    layers: tuple[Layer, ...]
    head: Layer
    slope: float
    shift: float
    learnt: Learnt

    def codes(self, x: Features) -> Floats:
        """The representation, (n, codes).

        Raises:
            InputError: If a column is not there or not of its kind.
        """
        return codes_of(self.layers, self.encoding.encoded(x))

    def raw_score(self, x: Features) -> Floats:
        """Log odds before calibration, (n,); those of an oversampled head are too high by much.

        Raises:
            InputError: If a column is not there or not of its kind.
        """
        return self.head.sums(self.codes(x))[:, 0]

    def probability(self, x: Features) -> Floats:
        """Probability of the event, (n,), in [0, 1].

        Raises:
            InputError: If a column is not there or not of its kind.
        """
        return np.asarray(expit(self.slope * self.raw_score(x) + self.shift))


def codes_of(layers: tuple[Layer, ...], channels: Floats) -> Floats:
    """The outputs of all layers beside one another, (n, codes), of channels (n, channels).

    All layers and not the last alone, so that the head may use what the first still knows.
    """
    if not layers:
        return channels
    found = np.empty((channels.shape[0], sum(each.bias.size for each in layers)))
    for start in range(0, channels.shape[0], BLOCK):
        inside, at = channels[start : start + BLOCK], 0
        for each in layers:
            inside = np.maximum(each.sums(inside), 0.0)
            found[start : start + BLOCK, at : at + each.bias.size] = inside
            at += each.bias.size
    return found
