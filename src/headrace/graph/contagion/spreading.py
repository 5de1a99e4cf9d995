"""Defaults that spread by chance: how likely each party defaults when its neighbours may."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from headrace.errors import InputError
from headrace.graph.contagion import kernels
from headrace.graph.contagion.network import Floats, Ints
from headrace.graph.contagion.sampling import Band, band, wilson


@dataclass(frozen=True)
class Spread:
    """Default probabilities by sampled worlds.

    Attributes:
        probability: float64 (n,): the part of the worlds in which a party defaults.
        low: float64 (n,): with `high` the 95 % interval of it (Wilson).
        high: See low.
        defaults: Band of how many default in a world.
    """

    probability: Floats
    low: Floats
    high: Floats
    defaults: Band


def default_probabilities(
    own: Floats, edges: tuple[Ints, Ints, Floats], generator: Generator, worlds: int
) -> Spread:
    """How likely each party defaults, by itself or because a default passed to it.

    In a world each party defaults by itself with its own probability and each edge passes a
    default on with the edge's probability, independently; who is reached defaults. On a tree that
    gives p(v) = 1 - (1 - own(v)) prod (1 - passes(u, v) p(u)), the formula of VulnDS (Cheng et
    al., arXiv 1912.12383, guarantee networks of a bank); with loops and shared paths, where the
    formula counts one cause twice, the worlds stay right.

    Args:
        own: float64 (n,): probabilities.
        edges: int32 (m,) from whom, int32 (m,) to whom (for a guarantee: from the borrower to its
            guarantor), float64 (m,) with what probability a default passes.
        generator: The source of chance; it gives one seed, from which each world, party and edge
            has its own number, whatever the order.
        worlds: How many, 1 or more.

    Raises:
        InputError: A probability lies outside 0..1, or a party is not there.
    """
    source, target, passes = edges
    for what, values in (("own", own), ("passes", passes)):
        wrong = np.flatnonzero(~((values >= 0) & (values <= 1)))
        if len(wrong):
            raise InputError(
                f"probability {values[wrong[0]]}",
                where=f"{what}, position {wrong[0]}",
                remedy="0 to 1",
            )
    n = len(own)
    ends = np.concatenate((source, target))
    if len(ends) and not 0 <= ends.min() <= ends.max() < n:
        raise InputError(
            "an edge names a party that is not there", where="edges", remedy=f"codes 0 to {n - 1}"
        )
    order = np.argsort(source, kind="stable")
    at = np.searchsorted(source[order], np.arange(n + 1)).astype(np.int64)
    counts, sizes = np.zeros(n, np.int64), np.empty(worlds, np.int64)
    seed = np.uint64(generator.integers(2**63))
    kernels.spread(
        np.ascontiguousarray(own, np.float64), at, target[order].astype(np.int32),
        passes[order].astype(np.float64), seed, worlds, counts, sizes,
    )  # fmt: skip
    low, high = wilson(counts, worlds)
    return Spread(counts / worlds, low, high, band(sizes.astype(np.float64)))
