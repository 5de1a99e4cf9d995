"""Who trades with whom: long-run contracts on the chain, across chains and with outsiders.

Sellers are numbered firms first, then outside sellers; buyers firms first, then outside buyers:
a number below the count of firms is a firm on either side.
"""

from dataclasses import dataclass

import numpy as np

from headrace.simulator.arrays import Flags, Floats, Ints, pick, ranks
from headrace.simulator.firms import CORE, DEALER, TIER1, TIER2, Firms
from headrace.simulator.settings import EconomySettings

SALES_PART = 0.44  # of all invoice rows, as in real files of this shape
CROSS_CHAIN_SHARE = 0.15  # of the firms also sell to a firm anywhere: harmless cycles
# (supplier's tier, customer's tier, who chooses its partners, partners at most)
CHAIN_STEPS = (
    (TIER2, TIER1, TIER2, 3),
    (TIER1, CORE, TIER1, 2),
    (CORE, DEALER, DEALER, 2),
)


@dataclass(frozen=True)
class Links:
    """Supply contracts between firms: one array element per directed pair.

    Attributes:
        supplier: Firm that sells.
        customer: Firm that buys.
        share: Part of the supplier's sales, 0 to 1; a supplier's shares add up to less than 1.
    """

    supplier: Ints
    customer: Ints
    share: Floats

    def inside_share(self, firms: int) -> Floats:
        """Each firm's part of sales that goes to other firms in the file."""
        return np.asarray(np.bincount(self.supplier, self.share, minlength=firms), dtype=float)


@dataclass(frozen=True)
class Contracts:
    """Running agreements that invoices are drawn from.

    Attributes:
        seller: Seller number.
        buyer: Buyer number.
        driver: Row of the activity table that paces it: a firm's sales, or (plus the count of
            firms) a firm's purchases.
        weight: Invoices expected, in proportion to all others.
        since: First month.
        until: First month after the last.
        log_price: Mean of the logarithm of the amount in yuan.
        spread: Standard deviation of the same.
        rounded: Whether amounts are whole hundreds of yuan.
    """

    seller: Ints
    buyer: Ints
    driver: Ints
    weight: Floats
    since: Ints
    until: Ints
    log_price: Floats
    spread: Floats
    rounded: Flags


def draw_links(firms: Firms, rng: np.random.Generator) -> Links:
    """Suppliers and customers among the firms: up the chain, out to dealers, some across."""
    pairs = [
        pair for step in CHAIN_STEPS for chain in range(firms.industry.max() + 1)
        for pair in _chain_pairs(firms, chain, step, rng)
    ]  # fmt: skip
    pairs += _cross_pairs(firms, rng)
    distinct = np.unique(np.array(pairs, dtype=np.int64).reshape(-1, 2), axis=0)
    supplier, customer = distinct[:, 0], distinct[:, 1]
    inside = np.clip(rng.beta(2.0, 4.0, len(firms)), 0.05, 0.8)
    raw = rng.gamma(1.5, 1.0, len(supplier)) + 0.05
    total = np.bincount(supplier, raw, minlength=len(firms))
    return Links(supplier, customer, inside[supplier] * raw / total[supplier])


def draw_contracts(
    settings: EconomySettings, firms: Firms, links: Links, months: int, rng: np.random.Generator
) -> tuple[Contracts, Contracts]:
    """Contracts with outsiders, and contracts between firms."""
    inside = links.inside_share(len(firms))
    sales = _outside(settings, firms.sales_weight * SALES_PART, firms, rng)
    buying = _outside(settings, firms.purchase_weight * (1 - SALES_PART), firms, rng)
    sold, bought = len(sales.owner), len(buying.owner)
    sellers = len(firms) + pick_popular(settings.outside_sellers, bought, rng)
    buyers = len(firms) + pick_popular(settings.outside_buyers, sold, rng)
    since, until = _draw_terms(sold + bought, months, rng)
    sale_price, purchase_price = _log_prices(firms)
    outside = Contracts(
        seller=np.concatenate([sales.owner, sellers]),
        buyer=np.concatenate([buyers, buying.owner]),
        driver=np.concatenate([sales.owner, len(firms) + buying.owner]),
        weight=np.concatenate([sales.weight * (1 - inside[sales.owner]), buying.weight]),
        since=since,
        until=until,
        log_price=np.concatenate([sale_price[sales.owner], purchase_price[buying.owner]])
        + rng.standard_normal(sold + bought) * np.repeat([0.5, 1.2], [sold, bought]),
        spread=np.repeat([0.7, 1.1], [sold, bought]),
        rounded=rng.random(sold + bought) < 0.05,
    )
    count = len(links.supplier)
    since, until = _draw_terms(count, months, rng)
    between = Contracts(
        seller=links.supplier,
        buyer=links.customer,
        driver=links.supplier,
        weight=links.share * firms.sales_weight[links.supplier] * SALES_PART,
        since=since,
        until=until,
        log_price=sale_price[links.supplier] + 0.5 * rng.standard_normal(count),
        spread=np.full(count, 0.7),
        rounded=rng.random(count) < 0.05,
    )
    return outside, between


def pick_popular(pool: int, count: int, rng: np.random.Generator) -> Ints:
    """`count` draws from `pool` outsiders by a Zipf law, so that big ones serve many firms."""
    popularity = rng.permutation((np.arange(pool) + 3.0) ** -0.85)
    return rng.permutation(pick(popularity, count, rng))


@dataclass(frozen=True)
class _Outside:
    owner: Ints
    weight: Floats


def _outside(
    settings: EconomySettings, weight: Floats, firms: Firms, rng: np.random.Generator
) -> _Outside:
    """One side's outside contracts: more for larger firms, shares by each firm's Zipf law."""
    rows = weight * settings.invoices
    degree = 1.6 * rows**0.58 * np.exp(0.20 * firms.quality + rng.normal(0, 0.35, len(firms)))
    counts = np.where(weight > 0, np.maximum(1, np.rint(degree)), 0).astype(np.int64)
    owner = np.repeat(np.arange(len(firms)), counts)
    raw = (ranks(counts) + 1.0) ** -firms.concentration[owner]
    raw *= np.exp(rng.normal(0, 0.5, len(owner)))
    total = np.bincount(owner, raw, minlength=len(firms))
    return _Outside(owner, weight[owner] * raw / total[owner])


def _draw_terms(count: int, months: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """First month, and first month after: three contracts in ten begin late, as many end early."""
    since = np.where(rng.random(count) < 0.3, rng.integers(0, months, count), 0)
    ends = rng.integers(1, months + 1, count)
    until = np.where(rng.random(count) < 0.3, np.maximum(ends, since + 1), months)
    return since, until


def _log_prices(firms: Firms) -> tuple[Floats, Floats]:
    """Mean of the logarithm of sales and of purchase amounts, so that margins come out.

    A log-normal's mean is exp(mean of logarithm + variance / 2).
    """
    sale = np.log(firms.price) - (0.5**2 + 0.7**2) / 2
    sold = firms.sales_weight * SALES_PART * firms.price
    bought = np.maximum(firms.purchase_weight * (1 - SALES_PART), 1e-12)
    purchase_mean = np.maximum(firms.cost_ratio * sold / bought, 50.0)
    return sale, np.log(purchase_mean) - (1.2**2 + 1.1**2) / 2


def _chain_pairs(
    firms: Firms, chain: int, step: tuple[int, int, int, int], rng: np.random.Generator
) -> list[tuple[int, int]]:
    supplier_tier, customer_tier, chooser, most = step
    on_chain = (firms.industry == chain) & ~firms.shell
    suppliers = np.flatnonzero(on_chain & (firms.tier == supplier_tier))
    customers = np.flatnonzero(on_chain & (firms.tier == customer_tier))
    choosing, pool = (suppliers, customers) if chooser == supplier_tier else (customers, suppliers)
    pairs = []
    for firm in choosing:
        wanted = min(int(rng.integers(1, most + 1)), len(pool))
        for other in rng.choice(pool, wanted, replace=False) if wanted else ():
            pair = (int(firm), int(other))
            pairs.append(pair if chooser == supplier_tier else pair[::-1])
    return pairs


def _cross_pairs(firms: Firms, rng: np.random.Generator) -> list[tuple[int, int]]:
    trading = np.flatnonzero(~firms.shell)
    chosen = rng.permutation(trading)[: max(1, round(CROSS_CHAIN_SHARE * len(trading)))]
    partners = rng.choice(trading, len(chosen))
    return [(int(a), int(b)) for a, b in zip(chosen, partners, strict=True) if a != b]
