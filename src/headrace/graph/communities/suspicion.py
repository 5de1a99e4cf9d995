"""What an edge weighs in the search for dense rings: whole millionths, so that sums are exact.

A weight says how surprising it is that these two are joined. Anything that gives int64 >= 0 will
do in its place; these three cover the usual needs.
"""

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]
Ints = NDArray[np.int64]

WEIGHT_ONE = 1_000_000  # what is meant by a weight of 1


def equal(count: int) -> Ints:
    """Every edge weighs 1: density is edges per party (Charikar, APPROX 2000)."""
    return np.full(count, WEIGHT_ONE, np.int64)


def camouflage(degree: Ints, offset: float = 5.0) -> Ints:
    """Edges to the popular weigh little: 1 / ln(offset + degree), in millionths.

    Whoever is to be found can buy edges to what everybody uses, but not make them rare. Source:
    Hooi et al., FRAUDAR, KDD 2016, section 4.3, with its offset of 5.

    Args:
        degree: Of the popular end of each edge (the address, the seller), at least 1.
        offset: More than 1.
    """
    return np.asarray(np.rint(WEIGHT_ONE / np.log(offset + degree)), np.int64)


def amount(minor: Ints, whole_minor: int) -> Ints:
    """Money weighs ln(1 + amount / whole), in millionths; nothing where it is not positive.

    Args:
        minor: Amounts in minor units; an amount that is not known weighs nothing: pass 0.
        whole_minor: The amount that weighs ln 2, positive.
    """
    positive = np.maximum(minor, 0) / whole_minor
    return np.asarray(np.rint(WEIGHT_ONE * np.log1p(positive)), np.int64)


def degree_on_arrival(codes: Codes, before: Ints) -> Ints:
    """The degree each edge's end has once the edge is there, edges in order of arrival.

    A weight is fixed when its edge arrives: were it to follow the degree, one edge at a hub would
    change every weight there.

    Args:
        codes: The end that is looked at, (n,).
        before: Degree of each party before these edges, (parties,).
    """
    order = np.argsort(codes, kind="stable")
    ranked = codes[order]
    starts = np.searchsorted(ranked, ranked)
    found = np.empty(len(codes), np.int64)
    found[order] = before[ranked] + np.arange(1, len(codes) + 1) - starts
    return found
