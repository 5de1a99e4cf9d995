"""Loops of the collateral desk: arrays in, arrays out."""

import numba
import numpy as np


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def trailing(x, window, mean, highest, lowest, count):
    """Mean, highest, lowest and count of the last `window` rows of each column, NaN left out.

    Args:
        x: float64 (d, n).
        window: Rows, the row itself the last of them.
        mean: float64 (d, n), written; NaN where there is no value. So are highest and lowest.
        highest: See mean.
        lowest: See mean.
        count: int32 (d, n), written.
    """
    d, n = x.shape
    for i in range(n):
        for t in range(d):
            total, most, least, seen = 0.0, -np.inf, np.inf, 0
            for s in range(max(0, t - window + 1), t + 1):
                v = x[s, i]
                if v == v:
                    total += v
                    most = max(most, v)
                    least = min(least, v)
                    seen += 1
            count[t, i] = seen
            mean[t, i] = total / seen if seen else np.nan
            highest[t, i] = most if seen else np.nan
            lowest[t, i] = least if seen else np.nan


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def ewma_variance(x, decay, least, out):
    """Exponentially weighted: v = decay v + (1 - decay) x^2.

    It begins as the mean of the first `least` squares.

    Args:
        x: float64 (d, n), NaN left out.
        decay: 0..1.
        least: Values needed before there is a variance.
        out: float64 (d, n), written; NaN before.
    """
    d, n = x.shape
    for i in range(n):
        v, seen = 0.0, 0
        for t in range(d):
            r = x[t, i]
            if r == r:
                seen += 1
                if seen <= least:
                    v += (r * r - v) / seen
                else:
                    v = decay * v + (1.0 - decay) * r * r
            out[t, i] = v if seen >= least else np.nan


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def runs(flag, out):
    """How many rows a flag has been up without a break; out: float64 (d, n)."""
    d, n = flag.shape
    for i in range(n):
        run = 0.0
        for t in range(d):
            run = run + 1.0 if flag[t, i] else 0.0
            out[t, i] = run


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def follow(close, blocked, amount, opened, share, value, loan, lines, days, part, out):
    """What became of pledges that nobody tops up.

    A pledge below the call line is called; it is cured by the market alone, at the cure line. It is
    sold from the day after its deadline, or after it was below the closing line: each day that is
    not blocked at most `part` of what is traded, at the close, until the loan is covered.

    Args:
        close: float64 (d, n).
        blocked: bool (d, n): nobody can sell.
        amount: float64 (d, n): traded, yuan.
        opened: int32 (k,): the row of the day of the loan.
        share: int32 (k,): the column.
        value: float64 (k,): of the pledge on that day, yuan.
        loan: float64 (k,): yuan, above 0.
        lines: float64 (3,): call, close, cure: value over loan.
        days: int64 (3,): trading days to cure, to watch, to sell at most.
        part: Of the traded amount that is sold in a day, 0..1.
        out: float64 (k, 6), written: rows from the loan to the call and to the first day of sale
            (-1: never), rows from there to its end, the least (proceeds + rest) / loan in the sale
            (inf: no sale), and both at the end, over the loan: proceeds, rest unsold.
    """
    d = close.shape[0]
    for k in range(len(opened)):
        i, o = share[k], opened[k]
        out[k, 0], out[k, 1], out[k, 2], out[k, 3] = -1.0, -1.0, 0.0, np.inf
        out[k, 4], out[k, 5] = 0.0, 0.0
        called, start = -1, -1
        units, proceeds = value[k] / close[o, i], 0.0
        for t in range(o + 1, d):
            worth = units * close[t, i]
            if start < 0:
                if called < 0 and t > o + days[1]:
                    break
                ratio = worth / loan[k]
                if called < 0 and ratio < lines[0]:
                    called = t
                    if out[k, 0] < 0.0:
                        out[k, 0] = t - o
                elif called >= 0 and ratio >= lines[2]:
                    called = -1
                if called >= 0 and (ratio < lines[1] or t >= called + days[0]):
                    start = t + 1
                    out[k, 1] = start - o
                continue
            if not blocked[t, i]:
                sold = min(worth, part * amount[t, i], max(loan[k] - proceeds, 0.0))
                proceeds += sold
                units -= sold / close[t, i]
            worth = units * close[t, i]
            out[k, 2] = t - start
            out[k, 3] = min(out[k, 3], (proceeds + worth) / loan[k])
            out[k, 4], out[k, 5] = proceeds / loan[k], worth / loan[k]
            if proceeds >= loan[k] or t >= start + days[2] - 1:
                break


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def walk(returns, picks, at, asset, value, owed, lines, days, first, shortfall):
    """Loans along paths of prices: first warning, call and sale, and what is missing after it.

    Args:
        returns: float64 (h, assets): log returns of days that a path is put together of.
        picks: int32 (paths, days): the rows of `returns` in the order of a path.
        at: int64 (loans + 1,): where a loan's collateral begins.
        asset: int32: the column of each piece of collateral.
        value: float64: of each piece at the start.
        owed: float64 (loans,): above 0.
        lines: float64 (4,): warn, call, close, cure: value over debt.
        days: int64 (2,): to cure; over which collateral is sold in equal parts.
        first: int32 (3, paths, loans), written: day of the first warning, call and sale, from 1; 0
            where there is none.
        shortfall: float64 (paths, loans), written: owed less proceeds where above 0; what is unsold
            at the end counts at its last value.
    """
    assets, loans = returns.shape[1], len(owed)
    level = np.empty(assets)
    called, sold, proceeds = np.empty(loans, np.int64), np.empty(loans), np.empty(loans)
    for p in range(picks.shape[0]):
        level[:] = 0.0
        called[:] = 0
        sold[:] = 0.0
        proceeds[:] = 0.0
        first[:, p, :] = 0
        for t in range(picks.shape[1]):
            for j in range(assets):
                level[j] += returns[picks[p, t], j]
            last = t == picks.shape[1] - 1
            for k in range(loans):
                worth = 0.0
                for c in range(at[k], at[k + 1]):
                    worth += value[c] * np.exp(level[asset[c]])
                selling = first[2, p, k] != 0 and t + 1 >= first[2, p, k]
                if selling:
                    if sold[k] < 1.0:
                        now = 1.0 - sold[k] if last else min(1.0 / days[1], 1.0 - sold[k])
                        sold[k] += now
                        if 1.0 - sold[k] < 1e-9:
                            sold[k] = 1.0
                        proceeds[k] += now * worth
                    continue
                ratio = worth / owed[k]
                if ratio < lines[0] and first[0, p, k] == 0:
                    first[0, p, k] = t + 1
                if called[k] == 0 and ratio < lines[1]:
                    called[k] = t + 1
                    if first[1, p, k] == 0:
                        first[1, p, k] = t + 1
                elif called[k] != 0 and ratio >= lines[3]:
                    called[k] = 0
                due = called[k] != 0 and (ratio < lines[2] or t + 1 >= called[k] + days[0])
                if due and first[2, p, k] == 0:
                    first[2, p, k] = t + 2
                    if last:
                        sold[k], proceeds[k] = 1.0, worth
        for k in range(loans):
            shortfall[p, k] = max(owed[k] - proceeds[k], 0.0) if first[2, p, k] != 0 else 0.0
