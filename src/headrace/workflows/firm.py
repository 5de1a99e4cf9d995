"""One firm for people: trade by the month, and where its figures stand among its peers."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.facts.localtime import local_day

PEERS_MIN = 20
QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Month:
    """Invoices of one month that stand, net of tax, in minor units; red letters take away.

    Attributes:
        month: As 2026-06.
        sales: Sum of sales.
        purchases: Sum of purchases.
        sales_count: How many invoices.
        purchase_count: How many invoices.
    """

    month: str
    sales: int
    purchases: int
    sales_count: int
    purchase_count: int


@dataclass(frozen=True)
class Standing:
    """A figure of a firm among those of its peers.

    Attributes:
        feature: Its name.
        value: Of the firm; None where it is missing.
        low: A quarter of the peers have less; None where too few have a value at all.
        middle: The median.
        high: A quarter have more.
        rank: Share of peers with a value below, ties counted half, 0 to 1; None as for `low`.
        peers: How many peers have a value.
    """

    feature: str
    value: float | None
    low: float | None
    middle: float | None
    high: float | None
    rank: float | None
    peers: int


def months(standing: pa.Table, zone: str) -> tuple[Month, ...]:
    """Trade by the month, every month from the first to the last, also those without an invoice.

    Args:
        standing: Invoices of one firm that stood, see `facts.corrections.as_of`.
        zone: Whose months, IANA.
    """
    if not standing.num_rows:
        return ()
    days = local_day(standing["event_time"].cast(pa.int64()).to_numpy(), zone)
    number = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    first, count = int(number.min()), int(number.max() - number.min()) + 1
    is_sale = pc.equal(standing["direction"].cast(pa.string()), "sale").to_numpy()
    amount = standing["amount_minor"].to_numpy()
    sums = {}
    for name, chosen in (("sale", is_sale), ("purchase", ~is_sale)):
        total = np.zeros(count, np.int64)
        np.add.at(total, number[chosen] - first, amount[chosen])
        sums[name] = (total, np.bincount(number[chosen] - first, minlength=count))
    return tuple(
        Month(
            month=str(np.datetime64(first + at, "M")),
            sales=int(sums["sale"][0][at]),
            purchases=int(sums["purchase"][0][at]),
            sales_count=int(sums["sale"][1][at]),
            purchase_count=int(sums["purchase"][1][at]),
        )
        for at in range(count)
    )


def partners(standing: pa.Table, direction: str, count: int) -> tuple[tuple[str, int, int], ...]:
    """Counterparties with the largest sums: code, minor units, how many invoices.

    Args:
        standing: Invoices of one firm that stood.
        direction: sale or purchase.
        count: At most so many.
    """
    mine = standing.filter(pc.equal(standing["direction"].cast(pa.string()), direction))
    sums = (
        mine.set_column(0, "who", mine["counterparty"].cast(pa.string()))
        .group_by("who")
        .aggregate([("amount_minor", "sum"), ("amount_minor", "count")])
        .sort_by([("amount_minor_sum", "descending"), ("who", "ascending")])
        .slice(0, count)
    )
    columns = (sums[name].to_pylist() for name in ("who", "amount_minor_sum", "amount_minor_count"))
    return tuple(zip(*columns, strict=True))


def standings(features: pa.Table, at: int, is_peer: NDArray[np.bool_]) -> tuple[Standing, ...]:
    """Every figure of a firm among its peers.

    Args:
        features: A row a firm, a column a feature, beside `party` and `as_of`.
        at: Row of the firm.
        is_peer: Which rows are peers; the firm may be one of them.
    """
    return tuple(
        _standing(name, features[name].to_numpy(), at, is_peer)
        for name in features.column_names
        if name not in ("party", "as_of")
    )


def _standing(
    name: str, values: NDArray[np.float64], at: int, is_peer: NDArray[np.bool_]
) -> Standing:
    whole = values.astype(np.float64)
    own = None if np.isnan(whole[at]) else float(whole[at])
    others = whole[is_peer & ~np.isnan(whole)]
    if len(others) < PEERS_MIN:
        return Standing(name, own, None, None, None, None, len(others))
    low, middle, high = (float(each) for each in np.quantile(others, QUARTERS))
    rank = None if own is None else float(np.mean((others < own) + 0.5 * (others == own)))
    return Standing(name, own, low, middle, high, rank, len(others))
