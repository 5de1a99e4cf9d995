"""How deep vouchers travel, what financing costs on each tier, and who is behind the second one.

Tier 1 holds from the payer (一级供应商), tier 2 from tier 1, and so on. A funder is no tier: what
it bought counts for the one that sold.
"""

from decimal import Decimal

import numpy as np
import pyarrow as pa

from headrace.contracts.instruments import kernels as k
from headrace.contracts.instruments.book import Book, Longs
from headrace.contracts.instruments.views import named

DAYS_OF_YEAR = 365


def by_tier(book: Book, payer: str, rate_of_payer: Decimal | None = None) -> pa.Table:
    """One row a tier of one payer's papers.

    Columns: tier; firms (that ever held), reached_minor (what came to the tier), held_minor (live
    and unpaid with the tier itself); financed_minor, discount_minor; rate (float64, a year of 365
    days, simple: discount over what was paid out and days to due; null: nothing financed);
    rate_of_payer, spread (null where either is).

    Args:
        book: The book.
        payer: The core enterprise.
        rate_of_payer: What it pays for its own money, a year, as a fraction.
    """
    rows = _of_payer(book, payer)
    at = book.pieces
    made = at[rows, k.MADE]
    arrived = rows[(made == k.BY_ISSUE) | (made == k.BY_TRANSFER)]
    arrived = arrived[at[arrived, k.TIER] > 0]
    financed = rows[made == k.BY_FINANCE]
    depth = int(at[arrived, k.TIER].max(initial=0))
    tier = np.arange(1, depth + 1)

    def by(tiers: Longs, amounts: Longs) -> Longs:
        sums = np.zeros(depth + 1, np.int64)
        np.add.at(sums, tiers, amounts)
        return sums[1:]

    own = at[at[rows, k.ORIGIN], k.MADE] != k.BY_FINANCE
    held = rows[(at[rows, k.STATE] == k.LIVE) & own & (at[rows, k.TIER] > 0)]
    pairs = np.unique(at[arrived][:, [k.TIER, k.HOLDER]], axis=0)
    sold = at[financed, k.TIER] - 1
    price = at[financed, k.PRICE]
    days = book.papers[at[financed, k.PAPER], k.P_DUE] - at[financed, k.DAY]
    weight = np.bincount(sold, price.astype(np.float64) * days, depth + 1)[1:]
    discount = by(sold, at[financed, k.FACE] - price)
    has = weight > 0
    rate = np.divide(discount * float(DAYS_OF_YEAR), weight, out=np.zeros(depth), where=has)
    anchor = None if rate_of_payer is None else float(rate_of_payer)
    known = has if anchor is not None else np.zeros(depth, bool)
    return pa.table(
        {
            "tier": tier,
            "firms": np.bincount(pairs[:, 0], minlength=depth + 1)[1:],
            "reached_minor": by(at[arrived, k.TIER], at[arrived, k.FACE]),
            "held_minor": by(at[held, k.TIER], at[held, k.UNPAID]),
            "financed_minor": by(sold, at[financed, k.FACE]),
            "discount_minor": discount,
            "rate": pa.array(rate, mask=~has),
            "rate_of_payer": pa.array([anchor] * depth, pa.float64()),
            "spread": pa.array(rate - (anchor or 0.0), mask=~known),
        }
    )


def behind_second_tier(book: Book, payer: str) -> pa.Table:
    """Firms that the payer does not see: those at tier 3 and beyond (穿透到二级以后).

    Columns: firm, through (the firm at tier 2 by which the voucher came), tier (the nearest),
    pieces (int64), reached_minor; by amount, the largest first.
    """
    at = book.pieces
    rows = _of_payer(book, payer)
    rows = rows[(at[rows, k.MADE] == k.BY_TRANSFER) & (at[rows, k.TIER] > 2)]
    second = rows.copy()
    while (far := at[second, k.TIER] > 2).any():
        second[far] = at[at[second[far], k.SOURCE], k.ORIGIN]
    table = pa.table(
        {
            "firm": named(book, at[rows, k.HOLDER]),
            "through": named(book, at[second, k.HOLDER]),
            "tier": at[rows, k.TIER],
            "reached_minor": at[rows, k.FACE],
        }
    )
    grouped = table.group_by(["firm", "through"]).aggregate(
        [("tier", "min"), ("tier", "count"), ("reached_minor", "sum")]
    )
    grouped = grouped.rename_columns(["firm", "through", "tier", "pieces", "reached_minor"])
    return grouped.sort_by([("reached_minor", "descending"), ("firm", "ascending")])


def _of_payer(book: Book, payer: str) -> Longs:
    code = book.party_names.index(payer)
    return np.flatnonzero(book.papers[book.pieces[:, k.PAPER], k.P_PAYER] == code)
