"""Many shocks: mean, quantiles and how far chance may have moved them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from headrace.errors import InputError
from headrace.graph.contagion import kernels
from headrace.graph.contagion.clearing import (
    SAMPLED,
    Bools,
    Cleared,
    Estate,
    UnsettledError,
    allowed,
    cleared_from,
)
from headrace.graph.contagion.network import Floats, Ints, Longs, Network, Wiring, wired

BLOCK_VALUES = 1 << 20  # states held at once: 8 MiB an array
QUANTILES = (0.5, 0.9, 0.95, 0.99)
SIGMA_95 = 1.959963984540054


@dataclass(frozen=True)
class Shocks:
    """Random changes of external assets, normal, moved together by a world and by groups.

        change_i = mean_i + deviation_i (sqrt(world) W + sqrt(within) G_group(i)
                                         + sqrt(1 - world - within) Z_i)

    with independent standard normals: the factor model of Vasicek (2002), with groups.

    Attributes:
        mean: float64 (n,): expected change, minor units; a loss is negative.
        deviation: float64 (n,): standard deviation, 0 or more.
        world: Part of the variance common to all, 0..1; 0: independent.
        within: Part common to a group, 0..1.
        group: int32 (n,): industry or region, 0 or more; None: all in one.
    """

    mean: Floats
    deviation: Floats
    world: float = 0.0
    within: float = 0.0
    group: Ints | None = None

    def __post_init__(self) -> None:
        """Refuse variances that do not add up, and figures that are not there."""
        known = np.isfinite(self.mean).all() and np.isfinite(self.deviation).all()
        if not known or len(self.mean) != len(self.deviation) or (self.deviation < 0).any():
            raise InputError(
                "a mean or a deviation is missing or negative",
                where="shocks",
                remedy="one finite mean and one deviation of 0 or more for each party",
            )
        if not (self.world >= 0 and self.within >= 0 and self.world + self.within <= 1):
            raise InputError(
                f"parts {self.world} and {self.within} of a variance",
                where="shocks, world and within",
                remedy="two parts from 0 to 1 that sum to 1 at most",
            )

    def draw(self, count: int, generator: Generator) -> Floats:
        """float64 (count, n): changes of external assets."""
        n = len(self.mean)
        alone = np.sqrt(1.0 - self.world - self.within)
        moved: Floats = alone * generator.standard_normal((count, n))
        moved += np.sqrt(self.world) * generator.standard_normal((count, 1))
        if self.within > 0:
            group = np.zeros(n, np.int32) if self.group is None else self.group
            factors = generator.standard_normal((count, int(group.max(initial=0)) + 1))
            moved += np.sqrt(self.within) * factors[:, group]
        moved *= self.deviation
        moved += self.mean
        return moved


@dataclass(frozen=True)
class Band:
    """One figure over all scenarios.

    Attributes:
        mean: Of the scenarios.
        error: Standard error of the mean: deviation / sqrt(scenarios).
        quantiles: By level: the quantile, and the ends of its 95 % interval by order statistics
            (no assumption on the distribution); an end beyond the sample is its extreme.
        shortfall: Mean of the worst 5 % (expected shortfall).
    """

    mean: float
    error: float
    quantiles: dict[float, tuple[float, float, float]]
    shortfall: float


def band(values: Floats) -> Band:
    """Mean, quantiles and expected shortfall of sampled values, with their sampling error."""
    from scipy.stats import binom  # noqa: PLC0415 - half a second that few wait for

    n, ordered = len(values), np.sort(values)
    error = float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else np.nan
    found = {}
    for level in QUANTILES:
        low, high = binom.ppf((0.025, 0.975), n, level).astype(np.int64)
        at = min(int(np.ceil(level * n)), n) - 1
        ends = ordered[max(low - 1, 0)], ordered[min(high, n - 1)]
        found[level] = (float(ordered[at]), float(ends[0]), float(ends[1]))
    worst = ordered[n - max(1, round(0.05 * n)) :]
    return Band(float(values.mean()), error, found, float(worst.mean()))


def wilson(counts: Longs, samples: int) -> tuple[Floats, Floats]:
    """95 % interval of a frequency, by Wilson (1927): it stays within 0..1 and is right at 0."""
    z2, rate = SIGMA_95**2, counts / samples
    middle = (rate + z2 / (2 * samples)) / (1 + z2 / samples)
    half = np.sqrt(rate * (1 - rate) / samples + z2 / (4 * samples**2))
    half *= SIGMA_95 / (1 + z2 / samples)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


@dataclass(frozen=True)
class Simulated:
    """What many scenarios cost.

    Attributes:
        scenarios: How many.
        default_rate: float64 (n,): the part of the scenarios in which each party failed.
        default_low: float64 (n,): with `default_high` its 95 % interval.
        default_high: See default_low.
        expected_loss: float64 (n,): mean fall of equity beside the base.
        uncovered: float64 (debts,): mean of what each borrower did not pay and nobody was called
            for; with the next four the expected losses along edges.
        called: float64 (guarantees,): mean called from the guarantor.
        unpaid: float64 (guarantees,): mean called and not paid.
        devalued: float64 (holdings,): mean fall of a share's value.
        lost: float64 (needs,): mean cash flow lost.
        failures: Band of the number of parties that fail.
        loss: Band of the fall of all equity, or of the equity of the parties watched.
        losses: float64 (scenarios,): the values of `loss`.
    """

    scenarios: int
    default_rate: Floats
    default_low: Floats
    default_high: Floats
    expected_loss: Floats
    uncovered: Floats
    called: Floats
    unpaid: Floats
    devalued: Floats
    lost: Floats
    failures: Band
    loss: Band
    losses: Floats


@dataclass
class _Sums:
    """What is added up over blocks of scenarios."""

    network: Network
    edges: tuple[Floats, ...] = field(init=False)
    fails: Longs = field(init=False)
    equity: Floats = field(init=False)

    def __post_init__(self) -> None:
        promises = len(self.network.guarantees.amount)
        sizes = (len(self.network.debts.amount), promises, promises,
                 len(self.network.holdings.share), len(self.network.needs.amount))  # fmt: skip
        self.edges = tuple(np.zeros(size) for size in sizes)
        self.fails = np.zeros(self.network.parties, np.int64)
        self.equity = np.zeros(self.network.parties)


def simulate(
    network: Network,
    base: Cleared,
    shocks: Shocks,
    generator: Generator,
    scenarios: int,
    *,
    watched: Ints | None = None,
) -> Simulated:
    """Clear the network under many random shocks.

    Scenarios are drawn in blocks. Each block begins at the clearing of the best external assets
    in it, party by party: by monotonicity that state lies above the fixed point of every scenario
    of the block, so each is reached from there as from the top (`clear`), in fewer steps.

    Args:
        network: The edges.
        base: Cleared without a shock; its external assets are what changes, its estate and those
            made to fail hold in every scenario.
        shocks: The distribution of the changes.
        generator: The one source of chance.
        scenarios: How many, 1 or more.
        watched: int32: the parties whose loss `loss` is about; None: all.

    Raises:
        InputError: Shocks or base are of another network.
        UnsettledError: A scenario did not settle.
    """
    n, wiring = network.parties, wired(network)
    if len(shocks.mean) != n or len(base.external) != n:
        raise InputError(
            f"{len(shocks.mean)} shocks of {n} parties", where="shocks, base", remedy="one for each"
        )
    sums, at = _Sums(network), slice(None) if watched is None else watched
    failures, fallen = np.empty(scenarios), np.empty(scenarios)
    begun, size = 0, max(1, BLOCK_VALUES // max(n, 1))
    while begun < scenarios:
        count = min(size, scenarios - begun)
        externals = base.external + shocks.draw(count, generator)
        rates, equities, fails = _cleared_block(wiring, externals, base.forced, base.estate)
        kernels.add_losses(wiring, rates, equities, fails, *sums.edges)
        sums.fails += fails.sum(0)
        sums.equity += equities.sum(0)
        failures[begun : begun + count] = fails.sum(1)
        fallen[begun : begun + count] = base.equity[at].sum() - equities[:, at].sum(1)
        begun += count
    low, high = wilson(sums.fails, scenarios)
    standing = [np.zeros(len(each)) for each in sums.edges]
    rows = (base.rate[None], base.equity[None], base.failed[None])
    kernels.add_losses(wiring, *rows, *standing)
    means = [
        total / scenarios - without for total, without in zip(sums.edges, standing, strict=True)
    ]
    return Simulated(
        scenarios, sums.fails / scenarios, low, high, base.equity - sums.equity / scenarios,
        means[0], means[1], means[2], -means[3], means[4], band(failures), band(fallen), fallen,
    )  # fmt: skip


def _cleared_block(
    wiring: Wiring, externals: Floats, forced: Bools, estate: Estate
) -> tuple[Floats, Floats, Bools]:
    best = cleared_from(wiring, externals.max(0), forced, estate)
    top = np.stack((best.rate, best.equity, best.failed.astype(np.float64)))
    rates, equities = np.empty_like(externals), np.empty_like(externals)
    fails = np.empty(externals.shape, np.bool_)
    unsettled = kernels.settle_many(
        wiring, externals, forced, estate.values(), top, rates, equities, fails,
        allowed(externals.shape[1], SAMPLED),
    )  # fmt: skip
    if unsettled:
        raise UnsettledError(
            f"{unsettled} scenarios did not settle",
            where="a circle of debts or holdings",
            remedy="net the debts of a circle that owes almost only itself",
        )
    return rates, equities, fails


def price_fall(exposed: Floats, fall: float) -> Floats:
    """The change of external assets when a price falls.

    Args:
        exposed: float64 (n,): goods held and margin of the horizon at today's price of what a
            party sells, less what it buys; minor units; negative for who gains from a fall.
        fall: Part of the price, 0..1.

    Returns:
        float64 (n,): to be added to external assets.
    """
    if not 0 <= fall <= 1:
        raise InputError(
            f"a fall by {fall}", where="price_fall, fall", remedy="a part of the price, 0 to 1"
        )
    return -fall * exposed
