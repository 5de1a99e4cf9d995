"""Paths of prices to expected calls and shortfalls: given, replayed, or put together by chance.

A path is an order of days of returns: a stated scenario, a window of history, or blocks of history
drawn with a seeded generator. The block bootstrap keeps what moves together on a day together and
days of a block in their order (Kunsch, "The jackknife and the bootstrap for general stationary
observations", Annals of Statistics 17, 1989; blocks that wrap around as in Politis and Romano,
1992). Nobody tops up: it is what calls and losses would be if all were left to the market.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.contracts.collateral.kernels import walk
from headrace.contracts.collateral.pledges import Lines
from headrace.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Secured:
    """Loans with their collateral, one behind the other.

    Attributes:
        loans: Names.
        owed: float64 (loans,): minor units, above 0.
        at: int64 (loans + 1,): where a loan's collateral begins.
        asset: int32: column of `Paths.returns` by which a piece moves.
        value: float64: of the piece at the start, minor units.
    """

    loans: tuple[str, ...]
    owed: Floats
    at: Longs
    asset: Ints
    value: Floats


@dataclass(frozen=True)
class Paths:
    """Paths of log returns.

    Attributes:
        returns: float64 (h, assets): days to put together.
        picks: int32 (paths, days): rows of it, in the order of each path.
    """

    returns: Floats
    picks: Ints


@dataclass(frozen=True)
class Stressed:
    """What happened on each path.

    Attributes:
        loans: Names.
        first: int32 (3, paths, loans): day, from 1, of the first warning, call, sale; 0: none.
        shortfall: float64 (paths, loans): owed and not covered by a sale, minor units.
    """

    loans: tuple[str, ...]
    first: Ints
    shortfall: Floats


def given(shocks: Floats) -> Paths:
    """One path that is stated: float64 (days, assets) of log returns."""
    picks = np.arange(len(shocks), dtype=np.int32)[np.newaxis]
    return Paths(np.ascontiguousarray(shocks, np.float64), picks)


def replayed(history: Floats, first: int, last: int) -> Paths:
    """One path: the rows `first` to `last` of history, both counted; gaps as in `filled`."""
    if not 0 <= first <= last < len(history):
        raise InputError(
            f"the window {first}..{last} is not in the history",
            where="stress",
            remedy=f"rows 0..{len(history) - 1}",
        )
    picks = np.arange(first, last + 1, dtype=np.int32)[np.newaxis]
    return Paths(filled(history), picks)


def resampled(
    history: Floats, size: tuple[int, int], block: int, chance: np.random.Generator
) -> Paths:
    """Paths of blocks of history.

    Args:
        history: float64 (h, assets) of log returns; gaps as in `filled`.
        size: How many paths, and days of each.
        block: Days that stay together, 1..h.
        chance: Seeded.
    """
    paths, days = size
    if not 1 <= block <= len(history) or paths < 1 or days < 1:
        raise InputError(
            f"blocks of {block} days for {paths} paths of {days}",
            where="stress",
            remedy=f"at least one of each, blocks of at most {len(history)} days",
        )
    begins = chance.integers(0, len(history), (paths, -(-days // block), 1))
    picks = (begins + np.arange(block)) % len(history)
    return Paths(filled(history), picks.reshape(paths, -1)[:, :days].astype(np.int32))


def filled(history: Floats) -> Floats:
    """Log returns with the mean of the day's other assets where one was not traded or listed.

    A suspended share does not stand still: it moves, unseen, with the others. What it makes up for
    on the day it is traded again comes on top, which is cautious in a fall.
    """
    known = ~np.isnan(history)
    count = known.sum(axis=1, keepdims=True)
    mean = np.where(known, history, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    return np.ascontiguousarray(np.where(known, history, mean))


def stress(secured: Secured, paths: Paths, lines: Lines, sale_days: int) -> Stressed:
    """Every loan along every path.

    A loan below the call line is called, and sold from the day after its deadline, or at once from
    the day after it was below the closing line, in equal parts over `sale_days`.

    Args:
        secured: The loans.
        paths: The paths.
        lines: Ratios and days to cure.
        sale_days: Trading days over which collateral is sold, 1 or more.

    Raises:
        InputError: A debt is not above 0, or a piece is of an asset without returns.
    """
    if len(secured.owed) and not secured.owed.min() > 0:
        raise InputError("a debt is not above 0", where="stress", remedy="leave it out")
    if len(secured.asset) and secured.asset.max() >= paths.returns.shape[1]:
        raise InputError("an asset has no returns", where="stress", remedy="a column for each")
    shape = (len(paths.picks), len(secured.loans))
    first, shortfall = np.empty((3, *shape), np.int32), np.empty(shape)
    ratios = (lines.warn, lines.call, lines.close, lines.lifted)
    walk(
        paths.returns, paths.picks, secured.at, secured.asset, secured.value, secured.owed,
        np.array([float(line) for line in ratios]),
        np.array([lines.cure_days, sale_days], np.int64), first, shortfall,
    )  # fmt: skip
    return Stressed(secured.loans, first, shortfall)


def by_loan(found: Stressed) -> pa.Table:
    """One row per loan.

    Returns:
        `loan`; `warned`, `called`, `sold` double: parts of the paths; `call_day` double: median day
        of the first call where there is one, else null; `shortfall` double: mean, minor units.
    """
    rows = []
    for place, name in enumerate(found.loans):
        days = found.first[:, :, place]
        call = days[1][days[1] > 0]
        rows.append(
            {
                "loan": name,
                "warned": float((days[0] > 0).mean()),
                "called": float((days[1] > 0).mean()),
                "sold": float((days[2] > 0).mean()),
                "call_day": float(np.median(call)) if len(call) else None,
                "shortfall": float(found.shortfall[:, place].mean()),
            }
        )
    return pa.Table.from_pylist(rows, schema=BY_LOAN)


BY_LOAN = pa.schema(
    [
        ("loan", pa.string()),
        ("warned", pa.float64()),
        ("called", pa.float64()),
        ("sold", pa.float64()),
        ("call_day", pa.float64()),
        ("shortfall", pa.float64()),
    ]
)


def in_all(found: Stressed, confidences: Sequence[float]) -> pa.Table:
    """The book as a whole.

    Returns:
        `measure`, `value`: `calls` and `shortfall`, means a path; `shortfall_error`, the standard
        error of the mean; `shortfall_99` and so on, the quantile of each confidence; `tail_99`, the
        mean of the worst 1 % of paths, the path on the edge counted in part (Acerbi and Tasche, "On
        the coherence of expected shortfall", 2002).
    """
    total = found.shortfall.sum(axis=1)
    rows = [
        ("calls", float((found.first[1] > 0).sum(axis=1).mean())),
        ("shortfall", float(total.mean())),
        ("shortfall_error", float(total.std() / np.sqrt(len(total)))),
    ]
    for confidence in confidences:
        edge = float(np.quantile(total, confidence, method="higher"))
        name = f"{confidence * 100:g}"
        rows += [
            (f"shortfall_{name}", edge),
            (f"tail_{name}", _worst(total, 1 - confidence)),
        ]
    measures, values = zip(*rows, strict=True)
    return pa.table({"measure": list(measures), "value": list(values)})


def _worst(total: Floats, part: float) -> float:
    """Mean of the largest `part` of the values, above 0 and at most 1."""
    ordered = np.sort(total)[::-1]
    count = part * len(ordered)
    whole = min(int(count), len(ordered) - 1)
    return float((ordered[:whole].sum() + (count - whole) * ordered[whole]) / count)
