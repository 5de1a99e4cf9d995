"""What the firms one trades with say about one: the neighbour fields of the trade-credit score.

For a firm f and the partners p whose own score is known on the day,

    mean(f)  = Σ amount(f, p) × score(p) / Σ amount(f, p)
    n(f)     = (Σ amount)² / Σ amount²                  effective number of partners (Kish 1965)
    field(f) = (n(f) × mean(f) + PRIOR × overall) / (n(f) + PRIOR)

so that one partner counts little and many count as they are. A firm's own score never enters its
own field, and nothing known after the day does.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WINDOW_DAYS = 365
PRIOR = 2.0
"""Partners' worth of the overall mean that is mixed in."""


@dataclass(frozen=True)
class Sales:
    """Sales between firms, one row an invoice or a sum of them; all arrays (n,).

    Attributes:
        seller: Number of the firm that sold, from 0.
        buyer: Number of the firm that bought.
        amount: Minor units; a red letter or void has been taken out before, so above 0.
        on: Day of the sale, days since 1970-01-01.
        known: Day from which it was known.
    """

    seller: Ints
    buyer: Ints
    amount: Ints
    on: Ints
    known: Ints

    def __post_init__(self) -> None:
        """Refuse what would weigh negatively.

        Raises:
            InputError: Naming the first row, from 1.
        """
        low = np.flatnonzero(self.amount <= 0)
        if low.size:
            raise InputError(
                "an amount of a sale is not above 0",
                where=f"row {int(low[0]) + 1}",
                remedy="take red letters and voids out, or net them, before",
            )

    def as_of(self, day: int) -> "Sales":
        """Those of the year up to a day that were known on it."""
        kept = (self.known <= day) & (self.on <= day) & (self.on > day - WINDOW_DAYS)
        return Sales(*(part[kept] for part in
                       (self.seller, self.buyer, self.amount, self.on, self.known)))  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """What is known of firms; both arrays (firms,).

    Attributes:
        score: Own score, 0 to 100; NaN where none is known on the day.
        trouble: Day from which a default or a suit for debts was known; a day in the far future
            (`NEVER`) where there is none.
    """

    score: Floats
    trouble: Ints


NEVER = np.iinfo(np.int64).max


def neighbour_fields(sales: Sales, standing: Standing, day: int) -> pa.Table:
    """Neighbour fields of every firm as of a day.

    Args:
        sales: All sales; those outside the year, or not known yet, are left out here.
        standing: Of every firm, as known on the day.
        day: Days since 1970-01-01.

    Returns:
        `buyers_score`, `suppliers_score` (0 to 100) and `troubled_sales` (0 to 1) by firm, null
        where nothing is known: no partner with a score; no sale.
    """
    firms, year = standing.score.size, sales.as_of(day)
    amount = year.amount.astype(np.float64)
    buyers = _drawn_in(year.seller, year.buyer, amount, standing.score, firms)
    suppliers = _drawn_in(year.buyer, year.seller, amount, standing.score, firms)
    other = year.seller != year.buyer
    sold = _added(year.seller, amount * other, firms)
    bad = _added(year.seller, amount * (other & (standing.trouble[year.buyer] <= day)), firms)
    share = np.divide(bad, sold, out=np.full(firms, np.nan), where=sold > 0)
    return pa.table(
        {
            "buyers_score": pa.array(buyers, from_pandas=True),
            "suppliers_score": pa.array(suppliers, from_pandas=True),
            "troubled_sales": pa.array(share, from_pandas=True),
        }
    )


def _drawn_in(firm: Ints, partner: Ints, amount: Floats, score: Floats, firms: int) -> Floats:
    """Means over partners with a score, drawn towards the overall mean; NaN without any."""
    pair = firm * firms + partner
    pairs, at = np.unique(pair, return_inverse=True)
    between = _added(at.astype(np.int64), amount, pairs.size)
    one, other = pairs // firms, pairs % firms
    counted = (one != other) & ~np.isnan(score[other])
    one, other, between = one[counted], other[counted], between[counted]
    weight = _added(one, between, firms)
    square = _added(one, between**2, firms)
    total = _added(one, between * score[other], firms)
    known = score[~np.isnan(score)]
    overall = float(known.mean()) if known.size else np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        effective = weight**2 / square
        drawn = (effective * (total / weight) + PRIOR * overall) / (effective + PRIOR)
    return np.where(weight > 0, drawn, np.nan)


def _added(at: Ints, parts: Floats, size: int) -> Floats:
    """Sums by place, in the order of the rows."""
    return np.bincount(at, weights=parts, minlength=size).astype(np.float64)
