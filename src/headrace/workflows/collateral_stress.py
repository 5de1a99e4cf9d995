"""A book of pledges under stress: a shock, a window of history, paths drawn from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from headrace.clock import EPOCH, day_number
from headrace.contracts.collateral import stress
from headrace.contracts.collateral.pledges import Lines
from headrace.errors import InputError
from headrace.workflows.collateral_book import MarkedLoan, moving_units
from headrace.workflows.collateral_market import Market

Tick = Callable[[float], None]
BLOCK_CELLS = 200_000  # loans x paths that are run at once
CELLS_MAX = 20_000_000


@dataclass(frozen=True)
class Shock:
    """All prices by one part on the next day, then still: long enough to be called and sold."""

    move: float


@dataclass(frozen=True)
class Replay:
    """A window of history, day by day."""

    first: date
    last: date


@dataclass(frozen=True)
class Resample:
    """Paths of blocks of what was known on the day."""

    paths: int
    seed: int
    days: int = 60
    block: int = 10


Scenario = Shock | Replay | Resample


@dataclass(frozen=True)
class Stress:
    """What a stress did.

    Attributes:
        loans: As `contracts…stress.by_loan`, with `owed`; amounts in minor units.
        book: As `contracts…stress.in_all`.
        paths: How many, of so many `days`.
        left_out: Loans that owe nothing, or with a piece without a price.
        still: Codes that did not move: nothing in the file prices them daily.
    """

    loans: pa.Table
    book: pa.Table
    paths: int
    days: int
    left_out: tuple[str, ...]
    still: tuple[str, ...]


def stressed_book(
    loans: Sequence[MarkedLoan], known: Market, scenario: Scenario, sale_days: int, tick: Tick
) -> Stress:
    """Every loan along every path; nobody tops up.

    Args:
        loans: Marked on the day.
        known: With the days of a replay, also after the day.
        scenario: The paths.
        sale_days: Trading days over which collateral is sold.
        tick: Told of progress.

    Raises:
        InputError: No loan can be stressed, or the scenario does not fit the history.
    """
    fit = [each.complete and each.loan.owed_minor > 0 for each in loans]
    kept = [each for each, good in zip(loans, fit, strict=True) if good]
    left = tuple(each.loan.id for each, good in zip(loans, fit, strict=True) if not good)
    if not kept:
        problem = "no loan owes anything and has a price for all that secures it"
        raise InputError(problem, where="pledges", remedy="`headrace collateral mark` shows why")
    codes = [code for each in kept for code in _codes(each, known)]
    columns = {code: at for at, code in enumerate(dict.fromkeys(c for c in codes if c), start=1)}
    paths = _paths(kept, known, (scenario, list(columns)), sale_days)
    count, days = paths.picks.shape
    if count * len(kept) > CELLS_MAX:
        raise InputError(
            f"{count:,} paths of {len(kept):,} loans are too much at once",
            where="--resample",
            remedy=f"at most {CELLS_MAX // len(kept):,} paths",
        )
    found = _run(kept, known, (paths, columns), sale_days, tick)
    table = stress.by_loan(found)
    order = {each.loan.id: each.loan.owed_minor for each in kept}
    owed = pa.array([order[name] for name in table["loan"].to_pylist()], pa.int64())
    still = {
        piece.item.code
        for each in kept
        for piece in each.loan.pieces
        if piece.item.code not in columns
    }
    return Stress(
        table.add_column(1, "owed_minor", owed),
        stress.in_all(found, (0.95, 0.99) if isinstance(scenario, Resample) else ()),
        count, days, left, tuple(sorted(still)),
    )  # fmt: skip


def _codes(loan: MarkedLoan, known: Market) -> list[str]:
    """By piece the code by whose price it moves; empty where it does not."""
    return [
        piece.item.code
        if moving_units(piece.item) and known.column(piece.item.code) is not None
        else ""
        for piece in loan.loan.pieces
    ]


def _paths(
    loans: Sequence[MarkedLoan], known: Market, asked: tuple[Scenario, list[str]], sale_days: int
) -> stress.Paths:
    """Log returns of what moves, and of cash in column 0, in the order of the paths."""
    scenario, codes = asked
    if isinstance(scenario, Shock):
        cure = max(each.loan.lines.cure_days for each in loans)
        moves = np.zeros((2 + cure + sale_days, 1 + len(codes)))
        moves[0, 1:] = np.log1p(scenario.move)
        return stress.given(moves)
    until = len(known.prices.days) if isinstance(scenario, Replay) else known.row + 1
    history = stress.filled(known.prices.returns[:until])
    places = [known.prices.codes.index(code) for code in codes]
    moves = np.column_stack([np.zeros(len(history)), history[:, places]])
    if isinstance(scenario, Replay):
        day = known.prices.days
        first, last = (day_number(each) for each in (scenario.first, scenario.last))
        begin, end = int(np.searchsorted(day, first)), int(np.searchsorted(day, last, "right")) - 1
        if begin > end or first < day[0] or last > day[-1]:
            ends = [EPOCH + timedelta(days=int(each)) for each in (day[0], day[-1])]
            raise InputError(
                f"the prices do not hold {scenario.first}..{scenario.last}",
                where="--replay",
                remedy=f"days from {ends[0]} to {ends[1]}",
            )
        return stress.replayed(moves, begin, end)
    if len(moves) < 2 * scenario.block:
        raise InputError(
            f"{len(moves)} days of prices are too few for blocks of {scenario.block}",
            where="--block",
            remedy="shorter blocks, or a file with more days before --on",
        )
    # The first row has no return: nobody knows the price before it.
    chance = np.random.default_rng(scenario.seed)
    size = (scenario.paths, scenario.days)
    return stress.resampled(moves[1:], size, scenario.block, chance)


def _run(
    loans: Sequence[MarkedLoan],
    known: Market,
    moves: tuple[stress.Paths, Mapping[str, int]],
    sale_days: int,
    tick: Tick,
) -> stress.Stressed:
    """Loans of the same lines together, some paths at a time."""
    paths, columns = moves
    by_lines: dict[Lines, list[MarkedLoan]] = {}
    for loan in loans:
        by_lines.setdefault(loan.loan.lines, []).append(loan)
    names: list[str] = []
    first: list[np.ndarray] = []
    shortfall: list[np.ndarray] = []
    done, total = 0, len(loans) * len(paths.picks)
    for lines, group in by_lines.items():
        secured = _stressed(group, known, columns)
        size = max(BLOCK_CELLS // len(group), 1)
        parts = []
        for begin in range(0, len(paths.picks), size):
            some = stress.Paths(paths.returns, paths.picks[begin : begin + size])
            parts.append(stress.stress(secured, some, lines, sale_days))
            done += len(some.picks) * len(group)
            tick(done / total)
        names += secured.loans
        first.append(np.concatenate([part.first for part in parts], axis=1))
        shortfall.append(np.concatenate([part.shortfall for part in parts]))
    return stress.Stressed(
        tuple(names), np.concatenate(first, axis=2), np.concatenate(shortfall, axis=1)
    )


def _stressed(
    loans: Sequence[MarkedLoan], known: Market, columns: Mapping[str, int]
) -> stress.Secured:
    asset: list[int] = []
    value: list[float] = []
    at = [0]
    for loan in loans:
        codes = _codes(loan, known)
        for code, found in zip(codes, loan.marks, strict=True):
            asset.append(columns[code] if code else 0)
            value.append(float(found.value_minor or 0))
        asset.append(0)
        value.append(float(loan.loan.margin_minor))
        at.append(len(asset))
    return stress.Secured(
        tuple(loan.loan.id for loan in loans),
        np.array([float(loan.loan.owed_minor) for loan in loans]),
        np.array(at, np.int64),
        np.array(asset, np.int32),
        np.array(value),
    )
