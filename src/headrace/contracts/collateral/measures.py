"""What could be known of a share on each day: volatility, waiting, liquidity, drawdown, heat.

Every figure of day t is computed from rows up to t only; a test cuts the panel and compares.
"""

from dataclasses import dataclass

import numpy as np

from headrace.contracts.collateral.kernels import ewma_variance, runs, trailing
from headrace.contracts.collateral.panel import (
    Bools,
    Floats,
    Ints,
    Panel,
    down_at_limit,
    last_known,
    locked_down,
)

YEAR = 250  # trading days
QUARTER = 60
DECAY = 0.94  # RiskMetrics Technical Document (J.P. Morgan, 1996), daily data
LEAST = 20  # returns before there is a volatility


@dataclass(frozen=True)
class Measures:
    """By day and share, (d, n) each, NaN where not known.

    Attributes:
        volatility: Daily, of log returns: the larger of the exponentially weighted one (decay 0.94)
            and the one of the last 250 days, both about a mean of 0.
        wait: Mean number of days a holder had been waiting for the end of a suspension, over the
            last 250 days; 0 for a share that was traded every day.
        locked: The same for days locked at the lower limit.
        traded_amount: Mean amount of the traded days among the last 60, yuan.
        float_value: Value of the freely traded shares (流通市值), yuan: amount / turnover rate of
            the last day on which it was traded.
        illiquidity: Mean |return| / amount in the last 60 days, per yuan (Amihud, "Illiquidity and
            stock returns", Journal of Financial Markets 5, 2002).
        drawdown: 1 - close / highest close of the last 250 days, 0..1.
        heat: Log of close / lowest close of the last 250 days.
        suspended: Part of the last 250 days without trade.
        falls: Part of the last 250 days that closed at the lower limit.
        history: int32: days with a price among the last 250.
        tradable: bool: traded, not under special treatment.
    """

    volatility: Floats
    wait: Floats
    locked: Floats
    traded_amount: Floats
    float_value: Floats
    illiquidity: Floats
    drawdown: Floats
    heat: Floats
    suspended: Floats
    falls: Floats
    history: Ints
    tradable: Bools


def measure(prices: Panel, limits: Floats) -> Measures:
    """The measures of a panel.

    Args:
        prices: The panel.
        limits: Daily price limits, as `price_limits` gives them.
    """
    returns, listed = prices.returns, prices.listed
    fast = np.empty_like(returns)
    ewma_variance(returns, DECAY, LEAST, fast)
    slow = _mean(returns**2, YEAR)
    amount = np.where(prices.traded, prices.amount, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        floated = amount / (prices.turn / 100)
        impact = np.where(amount > 0, np.abs(returns) / amount, np.nan)
        close = _window(prices.close, YEAR)
        drawdown, heat = 1 - prices.close / close[1], np.log(prices.close / close[2])
    halted = listed & ~prices.traded

    def share_of_days(flag: Bools) -> Floats:
        return _mean(np.where(listed, flag.astype(np.float64), np.nan), YEAR)

    def waiting(flag: Bools) -> Floats:
        run = np.empty_like(returns)
        runs(flag, run)
        return _mean(np.where(listed, run, np.nan), YEAR)

    return Measures(
        volatility=np.sqrt(np.maximum(fast, slow)),
        wait=waiting(halted),
        locked=waiting(locked_down(prices, limits)),
        traded_amount=_mean(amount, QUARTER),
        float_value=last_known(floated),
        illiquidity=_mean(impact, QUARTER),
        drawdown=drawdown,
        heat=heat,
        suspended=share_of_days(halted),
        falls=share_of_days(down_at_limit(prices, limits)),
        history=close[3],
        tradable=prices.traded & ~prices.special,
    )


def _window(x: Floats, window: int) -> tuple[Floats, Floats, Floats, Ints]:
    """Mean, highest, lowest and count of the last rows."""
    x = np.ascontiguousarray(x)
    mean, high, low = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    count = np.empty(x.shape, np.int32)
    trailing(x, window, mean, high, low, count)
    return mean, high, low, count


def _mean(x: Floats, window: int) -> Floats:
    return _window(x, window)[0]
