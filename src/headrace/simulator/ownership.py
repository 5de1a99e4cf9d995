"""Who owns whom: persons, chain companies and a few cross-holdings."""

import numpy as np
import pyarrow as pa

from headrace.simulator.arrays import Ints, ranks
from headrace.simulator.contracts import Links
from headrace.simulator.firms import Firms, firm_ids

WHOLE = 10_000  # shares are dealt in hundredths of a percent
CROSS_HOLDINGS_PER_FIRM = 0.02
CUSTOMER_OWNS_SUPPLIER = 0.06  # of the supply links
PERSONS_PER_FIRM = 1.6


def draw_ownership(firms: Firms, links: Links, rng: np.random.Generator) -> pa.Table:
    """Owner, owned and share (0 to 1, four decimals); a firm's shares add up to at most 1.

    Owners are firms (S…) and persons (P…). Three firms in ten have holders that are not recorded.
    """
    count = len(firms)
    owners, owned, points = _draw_company_stakes(firms, links, rng)
    rest = WHOLE - np.bincount(owned, points, minlength=count).astype(np.int64)
    rest = np.where(rng.random(count) < 0.3, rest * rng.uniform(0.6, 1.0, count), rest)
    holders = rng.integers(1, 5, count)
    firm = np.repeat(np.arange(count), holders)
    persons = max(8, round(PERSONS_PER_FIRM * count))
    person = (rng.integers(0, persons, count)[firm] + ranks(holders)) % persons
    raw = rng.gamma(1.0, 1.0, len(firm)) + 0.02
    portion = raw / np.bincount(firm, raw, minlength=count)[firm]
    personal = np.floor(rest[firm] * portion).astype(np.int64)
    names = np.array(firm_ids(count) + [f"P{number:05d}" for number in range(1, persons + 1)])
    owner = np.concatenate([owners, count + person])
    share = np.concatenate([points, personal])
    to = np.concatenate([owned, firm])
    order = np.lexsort([owner, to])
    order = order[share[order] > 0]
    return pa.table(
        {
            "owner_id": names[owner[order]],
            "owned_id": names[to[order]],
            "share": share[order] / WHOLE,
        }
    )


def _draw_company_stakes(
    firms: Firms, links: Links, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Customers that hold a part of a supplier, and disjoint pairs that hold each other."""
    chosen = np.flatnonzero(rng.random(len(links.supplier)) < CUSTOMER_OWNS_SUPPLIER)
    supplier, first = np.unique(links.supplier[chosen], return_index=True)
    parent = links.customer[chosen][first]
    stake = rng.integers(1_000, 6_000, len(supplier))
    pairs = max(1, round(CROSS_HOLDINGS_PER_FIRM * len(firms)))
    unheld = np.setdiff1d(np.arange(len(firms)), np.concatenate([supplier, parent]))
    crossed = rng.permutation(unheld)[: 2 * pairs]
    crossed = crossed[: len(crossed) // 2 * 2].reshape(-1, 2)
    left, right = crossed[:, 0], crossed[:, 1]
    owners = np.concatenate([parent, left, right])
    owned = np.concatenate([supplier, right, left])
    points = np.concatenate([stake, rng.integers(500, 2_000, 2 * len(left))])
    return owners, owned, points
