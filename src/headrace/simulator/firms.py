"""Who is in the economy: firms on the tiers of industry chains, with a latent quality.

Quality is standard normal and never written to a file. It leans on everything that can be seen:
weak firms are smaller, grow less, swing more, void more, depend on fewer customers, earn less
and have a shorter history. Each lean is weak beside its own noise.
"""

from dataclasses import dataclass

import numpy as np

from headrace.simulator.arrays import Flags, Floats, Ints
from headrace.simulator.seasons import GOODS, SERVICES, SMALL
from headrace.simulator.settings import EconomySettings

INDUSTRIES = ("电子信息", "建筑材料", "食品加工", "纺织服装", "机械制造", "汽车零部件")
REGIONS = ("浙江", "江苏", "广东", "山东", "四川", "湖北", "河南", "福建", "安徽", "重庆")
TIERS = ("core", "tier1", "tier2", "dealer")
CORE, TIER1, TIER2, DEALER = range(4)
TIER_SHARES = (0.04, 0.26, 0.40, 0.30)
TIER_SIZES = np.array([5.0, 1.5, 0.8, 1.0])
SYLLABLES = ("启明", "恒远", "瑞禾", "博汇", "锦程", "天拓", "宏易", "佳成", "盛泽", "嘉合", "远帆")


@dataclass(frozen=True)
class Firms:
    """One array element per firm; firm `i` is written as S`i+1`.

    Attributes:
        industry: Index into INDUSTRIES: the chain the firm stands on.
        tier: Index into TIERS.
        region: Index into REGIONS.
        founded: Day of foundation, an offset from the start and usually negative.
        quality: Latent credit quality, standard normal; higher is better.
        sales_weight: Share of all sales invoices expected from the firm; 0 for shells.
        purchase_weight: The same for purchase invoices.
        price: Mean amount of a sales invoice in yuan, before tax.
        cost_ratio: Purchases in proportion to sales, by value.
        growth: Drift of the logarithm of sales per year.
        volatility: Standard deviation of the logarithm of a month's sales.
        void_rate: Share of its invoices that the firm voids in ordinary times.
        concentration: Exponent of the Zipf law of its customers' shares.
        joined: First month with invoices.
        left: First month without, for a reason other than default; beyond the span if never.
        loan_month: Month from which the firm can default; beyond any horizon if it never borrows.
        tax_class: GOODS, SERVICES or SMALL.
        shell: Whether the firm is a shell.
    """

    industry: Ints
    tier: Ints
    region: Ints
    founded: Ints
    quality: Floats
    sales_weight: Floats
    purchase_weight: Floats
    price: Floats
    cost_ratio: Floats
    growth: Floats
    volatility: Floats
    void_rate: Floats
    concentration: Floats
    joined: Ints
    left: Ints
    loan_month: Ints
    tax_class: Ints
    shell: Flags

    def __len__(self) -> int:
        return len(self.industry)


NEVER_BORROWS = 10**6
SHARE_MAX = 0.05  # of all invoices of one side; the largest real firm has a little more


def draw_firms(settings: EconomySettings, months: int, rng: np.random.Generator) -> Firms:
    """Firms for a span of `months` months."""
    count = settings.firms
    industry, tier = _draw_positions(count, rng)
    shell = np.zeros(count, dtype=bool)
    shell[rng.permutation(np.flatnonzero(tier != CORE))[: settings.shell_count]] = True
    quality = rng.standard_normal(count)

    def lean(log_mean: float, slope: float, spread: float) -> Floats:
        return np.exp(log_mean + slope * quality + rng.normal(0, spread, count))

    size = lean(0.0, 0.45, 1.4) * TIER_SIZES[tier] * ~shell
    size = _capped_shares(size)
    purchase_size = _capped_shares(size * lean(0.0, 0.0, 0.9))
    joined, left, founded = _draw_histories(quality, shell, months, rng)
    loan_month = np.maximum(rng.integers(months * 2 // 5, months * 9 // 10, count), joined + 3)
    ordinary = rng.choice([GOODS, SERVICES, SMALL], count, p=[0.75, 0.13, 0.12])
    return Firms(
        industry=industry,
        tier=tier,
        region=rng.integers(0, len(REGIONS), count),
        founded=founded,
        quality=quality,
        sales_weight=size,
        purchase_weight=purchase_size,
        price=lean(np.log(24_000), 0.0, 1.1) * (size / size.mean() + 0.05) ** -0.35,
        cost_ratio=np.clip(0.80 - 0.10 * quality + rng.normal(0, 0.10, count), 0.2, 1.5),
        growth=0.02 + 0.10 * quality + rng.normal(0, 0.12, count),
        volatility=lean(np.log(0.27), -0.32, 0.32),
        void_rate=np.clip(lean(np.log(0.050), -0.55, 0.55), 0.002, 0.45),
        concentration=np.clip(0.9 - 0.18 * quality + rng.normal(0, 0.22, count), 0.2, 2.5),
        joined=joined,
        left=left,
        loan_month=np.where(shell, NEVER_BORROWS, loan_month),
        tax_class=np.where(tier == CORE, GOODS, ordinary),
        shell=shell,
    )


def firm_ids(count: int) -> list[str]:
    """S1 … Sn."""
    return [f"S{number}" for number in range(1, count + 1)]


def firm_names(firms: Firms) -> list[str]:
    """Fictional Chinese names, each with the word 模拟 (simulated) in it, no two alike."""
    return [
        f"{REGIONS[region]}{SYLLABLES[number % len(SYLLABLES)]}模拟{INDUSTRIES[industry]}"
        f"第{number}号有限公司"
        for number, (region, industry) in enumerate(
            zip(firms.region, firms.industry, strict=True), start=1
        )
    ]


def _draw_positions(count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Chain and tier of each firm; each chain has a core and a first-tier supplier."""
    chains = min(len(INDUSTRIES), count // 5)
    industry = np.arange(count) % chains
    tier = rng.choice(len(TIERS), count, p=TIER_SHARES)
    tier[:chains] = CORE
    tier[chains : 2 * chains] = TIER1
    order = rng.permutation(count)
    return industry[order], tier[order]


def _draw_histories(
    quality: Floats, shell: Flags, months: int, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """First month, month of leaving and day of foundation.

    Some firms enter the file late, weak ones more often; a few leave for reasons of their own,
    so that a firm that stops is not for sure a defaulter. Shells live six months to a year.
    """
    count = len(quality)
    late = rng.random(count) < 1 / (1 + np.exp(0.4 + 0.8 * quality))
    joined = np.where(late, rng.integers(1, months // 2, count), 0)
    leaves = rng.random(count) < 0.08
    left = np.where(leaves, rng.integers(months * 3 // 5, months, count), months + 1)
    shell_joined = rng.integers(0, months - 6, count)
    shell_left = np.minimum(shell_joined + rng.integers(6, 13, count), months)
    joined, left = np.where(shell, shell_joined, joined), np.where(shell, shell_left, left)
    age = rng.gamma(2.0, 900.0, count) * np.exp(0.15 * quality)
    founded = 30 * joined - np.where(shell, rng.integers(10, 90, count), 60 + age)
    return joined, left, founded.astype(np.int64)


def _capped_shares(size: Floats) -> Floats:
    """Shares of the whole, none above SHARE_MAX but where firms are few."""
    share = size / size.sum()
    capped = np.minimum(share, max(SHARE_MAX, 4 / len(size)))
    return np.asarray(capped / capped.sum())
