"""The haircut (折扣) of a position: volatility over the time a sale takes, and what that misses.

With sigma the daily volatility, V the value of the position and ADV the mean traded amount,

    days to sell  L = ceil(V / (participation x ADV)), at most `sale_days_max`
    holding days  h = cure days + wait + (L + 1)(2L + 1) / (6L)
    market        1 - exp(-z sigma sqrt(h))
    locked        1 - (1 - limit)^m, m the mean days locked at the lower limit
    concentrated  k x max(V / float - free part, 0), at most 1
    haircut       1 - (1 - market)(1 - locked)(1 - concentrated)

The square root of time and the quantile are those of Basel's own estimates of haircuts (Basel
Framework CRE22: 99 %, scaled by the holding period). (L + 1)(2L + 1) / (6L) is the variance, in
days, of a position sold in L equal daily parts: sum over k of (k / L)^2. `wait` is the mean wait
for the end of a suspension. Volatility: see `measures`. A position above `free part` of the float
costs `k` for each further part; that rule is ours.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from headrace.contracts.collateral.measures import Measures
from headrace.contracts.collateral.panel import Floats
from headrace.errors import InputError


@dataclass(frozen=True)
class HaircutTerms:
    """How a haircut is made.

    Attributes:
        confidence: Of the quantile, 0..1.
        participation: Part of the traded amount that can be sold in a day.
        cure_days: Trading days from a call to the first sale.
        sale_days_max: A sale that would take longer counts as this long.
        free_part: Of the float that adds nothing.
        concentration: k.
    """

    confidence: float = 0.99
    participation: float = 0.2
    cure_days: int = 3
    sale_days_max: int = 250
    free_part: float = 0.05
    concentration: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what is not a part."""
        parts = (self.confidence, self.participation)
        if not all(0 < part <= 1 for part in parts) or self.sale_days_max < 1:
            raise InputError(
                "a part lies outside 0..1", where=str(self), remedy="above 0 and at most 1"
            )


@dataclass(frozen=True)
class Haircuts:
    """A haircut and its parts, one of each per position; NaN where a share has no volatility.

    Attributes:
        haircut: 0..1.
        market: 0..1; so are `locked` and `concentrated`.
        sale_days: L.
        holding_days: h.
    """

    haircut: Floats
    market: Floats
    locked: Floats
    concentrated: Floats
    sale_days: Floats
    holding_days: Floats


@dataclass(frozen=True)
class Positions:
    """Positions in shares, or one share on many days; arrays of one shape.

    Attributes:
        value: Yuan, 0 or more.
        volatility: See `Measures`; so are the others.
        wait: See there.
        locked: See there.
        traded_amount: See there.
        float_value: See there.
        limit: The daily price limit, a fraction.
    """

    value: Floats
    volatility: Floats
    wait: Floats
    locked: Floats
    traded_amount: Floats
    float_value: Floats
    limit: Floats


def positions(known: Measures, limits: Floats, value: Floats | float, row: int) -> Positions:
    """Positions of `value` yuan in every share of a panel, as known on the day of `row`."""
    shape = known.volatility[row].shape
    return Positions(
        np.broadcast_to(np.asarray(value, np.float64), shape),
        known.volatility[row],
        known.wait[row],
        known.locked[row],
        known.traded_amount[row],
        known.float_value[row],
        limits[row],
    )


def haircuts(held: Positions, terms: HaircutTerms) -> Haircuts:
    """The haircuts of positions; formula and sources in the docstring of this module.

    A share of unknown float adds no concentration; one that was not traded takes the longest sale.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.ceil(held.value / (terms.participation * held.traded_amount))
        days = np.clip(np.where(np.isnan(needed), np.inf, needed), 1, terms.sale_days_max)
        holding = terms.cure_days + held.wait + (days + 1) * (2 * days + 1) / (6 * days)
        market = 1 - np.exp(-float(ndtri(terms.confidence)) * held.volatility * np.sqrt(holding))
        locked = 1 - (1 - held.limit) ** held.locked
        beyond = held.value / held.float_value - terms.free_part
    concentrated = np.clip(terms.concentration * np.nan_to_num(beyond, nan=0.0), 0, 1)
    haircut = 1 - (1 - market) * (1 - locked) * (1 - concentrated)
    return Haircuts(haircut, market, locked, concentrated, days, holding)
