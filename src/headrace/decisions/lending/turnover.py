"""How much a firm's trade supports: a share of what it sold in a year."""

import math
from fractions import Fraction

import numpy as np

from headrace.decisions.lending.offers import Ints
from headrace.decisions.program.columns import Column


def turnover_caps(sales: Column, share: Column) -> Ints:
    """The share of each firm's sales, in minor units, rounded down (towards a smaller limit).

    The product is exact before it is rounded: a share of 0.3 is three tenths, not the double next
    to it, so that 0.3 of 10 fen are 3 fen.

    Args:
        sales: Of a year, minor units; negative where more was voided than sold.
        share: In [0, 1].

    Returns:
        0 where either is missing or sales are negative.
    """
    caps = np.zeros(len(sales), np.int64)
    for row in np.flatnonzero(sales.present & share.present).tolist():
        exact = Fraction(str(sales.value(row))) * Fraction(str(share.value(row)))
        caps[row] = max(math.floor(exact), 0)
    return caps
