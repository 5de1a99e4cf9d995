"""Compiled loops of points cards: the curvature of a fit, and the first reasons of each row."""

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
Integers = NDArray[np.int64]


def _curvature(
    z: Floats, y: Floats, w: Floats, beta: Floats, gradient: Floats, hessian: Floats
) -> float:
    """Log loss of a logistic regression, its gradient and curvature, row after row.

    Args:
        z: Design without the intercept, (n, k).
        y: 1 for default, 0 otherwise, (n,).
        w: Weights, (n,).
        beta: Intercept, then coefficients, (k + 1,).
        gradient: Written, (k + 1,).
        hessian: Its lower triangle is written, (k + 1, k + 1).
    """
    count = z.shape[1]
    gradient[:] = 0.0
    hessian[:] = 0.0
    loss = 0.0
    for row in range(z.shape[0]):
        odds = beta[0]
        for j in range(count):
            odds += beta[j + 1] * z[row, j]
        small = np.exp(-abs(odds))
        probability = 1.0 / (1.0 + small) if odds >= 0 else small / (1.0 + small)
        loss += w[row] * (np.log1p(small) + max(odds, 0.0) - y[row] * odds)
        slope = w[row] * (probability - y[row])
        bend = w[row] * probability * (1.0 - probability)
        gradient[0] += slope
        hessian[0, 0] += bend
        for j in range(count):
            gradient[j + 1] += slope * z[row, j]
            bent = bend * z[row, j]
            hessian[j + 1, 0] += bent
            for other in range(j + 1):
                hessian[j + 1, other + 1] += bent * z[row, other]
    return loss


def _smallest(codes: Codes, ranks: Codes, limit: int, found: Codes) -> None:
    """Enter the rank of each row's bin among the smallest that the row has so far.

    Args:
        codes: Bin of each row, (n,).
        ranks: Of each bin.
        limit: A rank of so much or more is none.
        found: Ranks so far, rising, -1 where there are none yet, (n, most); changed in place.
    """
    most = found.shape[1]
    for row in range(len(codes)):
        rank = ranks[codes[row]]
        if rank >= limit:
            continue
        last = found[row, most - 1]
        if last >= 0 and last < rank:
            continue
        at = most - 1
        while at > 0 and (found[row, at - 1] < 0 or found[row, at - 1] > rank):
            found[row, at] = found[row, at - 1]
            at -= 1
        found[row, at] = rank


def _single(row: Floats, bounds: Floats, table: Integers) -> tuple[int, int, int, int, int]:
    """Points of one applicant above the lowest there are, and the four smallest ranks.

    Args:
        row: Values, (k,), NaN where missing; texts as the places of their categories.
        bounds: Of all lines, one behind the other, each rising; a value lies in the stretch after
            the last bound that is not above it.
        table: Bits that hold points; ranks that are none begin here; then per line where its
            bounds start and, at the end, where the last one's end; then per line the number of a
            missing value and of each stretch. A number is a rank above the bits of the points.

    Returns:
        Points, then ranks rising, -1 where there are no more.
    """
    count = len(row)
    shift, limit = table[0], table[1]
    mask = (1 << shift) - 1
    total = 0
    first = second = third = fourth = limit
    at = 3 + count
    for line in range(count):
        value, low, high = row[line], table[2 + line], table[3 + line]
        place = at
        if value == value:
            place += 1
            for bound in range(low, high):
                place += bounds[bound] <= value
        at += high - low + 2
        total += table[place] & mask
        rank = table[place] >> shift
        if rank < fourth:
            fourth = rank
            if fourth < third:
                third, fourth = fourth, third
                if third < second:
                    second, third = third, second
                    if second < first:
                        first, second = second, first
    return (
        total,
        first if first < limit else -1,
        second if second < limit else -1,
        third if third < limit else -1,
        fourth if fourth < limit else -1,
    )


# Compiled on first call; the machine code is kept on disk. No operation is reordered or fused.
_compile = numba.njit(cache=True, nogil=True, error_model="numpy")
curvature = _compile(_curvature)
smallest = _compile(_smallest)
single = _compile(_single)
