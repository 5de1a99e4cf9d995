"""What daily prices say on a day: quotes, volatility, haircuts, grades, and what came of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.clock import EPOCH, day_number
from headrace.contracts.collateral import backtest, grades
from headrace.contracts.collateral.grades import FACTORS, LETTERS, Graded, Grading
from headrace.contracts.collateral.haircuts import (
    Haircuts,
    HaircutTerms,
    haircuts,
    positions,
)
from headrace.contracts.collateral.kernels import ewma_variance
from headrace.contracts.collateral.marks import Quote
from headrace.contracts.collateral.measures import DECAY, LEAST, YEAR, Measures, measure
from headrace.contracts.collateral.panel import Floats, Ints, Panel, panel, price_limits
from headrace.contracts.collateral.terms import Terms
from headrace.errors import InputError

Tick = Callable[[float], None]
"""Told how much of the work is done, 0..1."""

PLACES = Decimal("0.0001")
CALIBRATED = (date(2015, 10, 8), date(2017, 9, 29))
"""The window on which the rates that ship were calibrated."""
FALL = (60, 0.7)
"""Trading days looked at, and the part of the value that a loan would be."""
DAYS_MAX = 20_000
CELLS_MAX = 60_000_000


@dataclass(frozen=True)
class Market:
    """Shares and other things with daily prices.

    Attributes:
        row: Of `on`, or of the last day before it.
    """

    prices: Panel
    limits: Floats
    known: Measures
    on: date
    row: int

    @property
    def day(self) -> date:
        """The last day with prices, not after `on`."""
        return EPOCH + timedelta(days=int(self.prices.days[self.row]))

    def column(self, code: str) -> int | None:
        """Where a code stands; None where it has no prices."""
        return self.prices.codes.index(code) if code in self.prices.codes else None


def market(rows: pa.Table, on: date | None, terms: Terms, *, ahead: bool = False) -> Market:
    """The prices up to a day, and what was known then.

    Args:
        rows: As `adapters.price_files` reads them.
        on: The day; None: the last of the file.
        terms: With the price limits.
        ahead: Keep the days after it too, to see what came.

    Raises:
        InputError: Nothing is priced by that day, a share has two rows of a day, or it is too much.
    """
    last = pc.max(rows["date"]).as_py()
    day = on or last
    kept = rows if ahead else rows.filter(pc.less_equal(rows["date"], pa.scalar(day)))
    if pc.min(rows["date"]).as_py() > day:
        first = pc.min(rows["date"]).as_py()
        raise InputError(f"the prices begin on {first}", where="--on", remedy="a later day")
    days, codes = (pc.count_distinct(kept[name]).as_py() for name in ("date", "code"))
    if days > DAYS_MAX or days * codes > CELLS_MAX:
        raise InputError(
            f"{days:,} days of {codes:,} codes are too much at once",
            where="prices",
            remedy=f"at most {CELLS_MAX:,} in all: fewer codes or days",
        )
    prices = panel(kept)
    before = np.vstack([np.full(len(prices.codes), np.nan), prices.close[:-1]])
    absent = np.isnan(prices.preclose) | (prices.preclose <= 0)
    prices = replace(prices, preclose=np.where(absent, before, prices.preclose))
    limits = price_limits(prices, terms)
    return Market(prices, limits, measure(prices, limits), day, prices.place(day))


def quotes(rows: pa.Table, codes: Iterable[str], on: date, source: str) -> dict[str, Quote]:
    """The last price of each code at which it was traded, not after a day, to 0.0001 yuan.

    Codes without such a price are absent; the price of a suspended share is as old as its last
    trade.
    """
    wanted = pa.array(sorted(set(codes)), pa.string())
    good = pc.and_(
        pc.less_equal(rows["date"], pa.scalar(on)),
        pc.fill_null(pc.greater(rows["tradestatus"], 0), fill_value=True),
    )
    good = pc.and_(good, pc.is_in(rows["code"], value_set=wanted))
    kept = rows.select(["code", "date", "stated"]).filter(good).sort_by("date")
    found: dict[str, Quote] = {}
    for code, day, stated in zip(*(column.to_pylist() for column in kept.columns), strict=True):
        price = Decimal(stated).quantize(PLACES, ROUND_HALF_EVEN)
        if price > 0:
            found[code] = Quote(price * 100, day, source)
    return found


def factor_volatility(known: Market) -> float | None:
    """Daily volatility of the mean of all prices; None where fewer than 20 days are known.

    As for a share: the larger of the exponentially weighted one and that of the last 250 days.
    """
    returns = known.prices.returns[: known.row + 1]
    seen = ~np.isnan(returns)
    count = seen.sum(axis=1)
    mean = np.where(seen, returns, 0.0).sum(axis=1) / np.maximum(count, 1)
    days = np.where(count > 0, mean, np.nan)[:, np.newaxis]
    fast = np.empty_like(days)
    ewma_variance(days, DECAY, LEAST, fast)
    last = days[-YEAR:][~np.isnan(days[-YEAR:])]
    if np.isnan(fast[-1, 0]) or not len(last):
        return None
    found = float(np.sqrt(max(fast[-1, 0], float((last**2).mean()))))
    return found or None


def share_haircuts(known: Market, value: Floats | float, terms: HaircutTerms) -> Haircuts:
    """Haircuts of positions of `value` yuan in every share, on the day."""
    return haircuts(positions(known.known, known.limits, value, known.row), terms)


def graded_shares(known: Market, value: float, terms: Terms) -> pa.Table:
    """Grades of the day, the best first.

    Returns:
        `code`; `grade` A to E, null where the share is not accepted; `score`; `rate` the most that
        may be lent, a part of the value; `haircut`; the factors as percentiles, 1 the best; `why`
        a key where it is not accepted: not_priced, special, suspended, too_new, unknown.
    """
    graded = grades.grade(known.known, np.array([known.row]), Grading())
    held = share_haircuts(known, value, HaircutTerms())
    rate = grades.pledge_rate(graded, held.haircut[np.newaxis], grades.rates(terms, known.on))[0]
    score = graded.score[0]
    scored = ~np.isnan(score)
    letters = [
        LETTERS[at] if good else None for at, good in zip(graded.grade[0], scored, strict=True)
    ]
    table = pa.table(
        {
            "code": list(known.prices.codes),
            "grade": pa.array(letters, pa.string()),
            "score": pa.array(score, from_pandas=True),
            "rate": rate,
            "haircut": pa.array(held.haircut, from_pandas=True),
            **{name: pa.array(graded.factors[name][0], from_pandas=True) for name in FACTORS},
            "why": pa.array(_refused(known, scored), pa.string()),
        }
    )
    return table.sort_by([("score", "descending"), ("code", "ascending")])


def _refused(known: Market, scored: np.ndarray) -> list[str | None]:
    row, prices = known.row, known.prices
    told: list[str | None] = []
    for at, good in enumerate(scored):
        why: str | None = None
        if not good:
            why = "unknown"
            if known.known.history[row, at] < Grading().history_min:
                why = "too_new"
            if not prices.traded[row, at]:
                why = "suspended"
            if prices.special[row, at]:
                why = "special"
            if not prices.listed[row, at]:
                why = "not_priced"
        told.append(why)
    return told


@dataclass(frozen=True)
class Backtest:
    """What pledges would have come to.

    Attributes:
        rules: By rule, `graded`, `flat`, `flat_same`: as `backtest.summary`.
        fallen: By grade A to E: part of the positions accepted whose value fell below a loan of
            70 % of it within 60 trading days; NaN where there is none.
        days: How many days loans were made on.
        first: The first of them, and `last` the last.
        calibrated_on: Whether the window meets the one the rates were calibrated on.
        cut_short: Whether the last loans could not be watched to their end.
    """

    rules: Mapping[str, pa.Table]
    fallen: tuple[float, ...]
    days: int
    first: date
    last: date
    calibrated_on: bool
    cut_short: bool


@dataclass(frozen=True)
class Window:
    """Loans on every so manieth trading day of a window; `flat` the rate of the rule beside."""

    first: date | None = None
    last: date | None = None
    every: int = 20
    flat: float = 0.5
    course: backtest.Course = field(default_factory=backtest.Course)


def backtested(known: Market, asked: Window, terms: Terms, tick: Tick) -> Backtest:
    """Pledges by grade beside flat rates, on prices that were; see `contracts…backtest`.

    Args:
        known: With the days ahead.
        asked: The window: by default from the 250th day to half a year before the end.
        terms: With the rate of each grade; those of the last day count.
        tick: Told of progress.

    Raises:
        InputError: The window holds no day on which a share is accepted.
    """
    rows = _rows(known, asked)
    prices, course = known.prices, asked.course
    lent = np.empty((len(rows), len(prices.codes)))
    graded: Graded = grades.grade(known.known, rows.astype(np.int64), Grading())
    rates = grades.rates(terms, known.on)
    for at, row in enumerate(rows):
        held = haircuts(
            positions(known.known, known.limits, course.value, int(row)), HaircutTerms()
        )
        day = Graded(
            graded.rows[at : at + 1], graded.grade[at : at + 1], graded.score[at : at + 1], {}
        )
        lent[at] = grades.pledge_rate(day, held.haircut[np.newaxis], rates)[0]
        tick(0.4 * (at + 1) / len(rows))
    made = backtest.pledges(prices, rows, graded.grade, lent)
    if not (made.rate > 0).any():
        raise InputError(
            "no share is accepted on any day of the window",
            where="--from, --to",
            remedy="a window after 250 days of prices, and a file of many shares",
        )
    found: dict[str, pa.Table] = {}
    rules = {
        "graded": made,
        "flat": backtest.flat(made, asked.flat),
        "flat_same": backtest.flat_on_accepted(made),
    }
    for name, each in rules.items():
        followed = backtest.follow_pledges(prices, known.limits, each, course)
        found[name] = backtest.summary(each, followed)
        tick(0.4 + 0.2 * len(found))
    fell = backtest.fallen(prices, made, *FALL)
    parts = tuple(
        float(fell[of].mean()) if (of := (made.grade == k) & (made.rate > 0)).any() else np.nan
        for k in range(len(LETTERS))
    )
    first, last = (EPOCH + timedelta(days=int(prices.days[rows[at]])) for at in (0, -1))
    overlap = first <= CALIBRATED[1] and last >= CALIBRATED[0]
    short = int(rows[-1]) + course.watch_days >= len(prices.days)
    return Backtest(found, parts, len(rows), first, last, overlap, short)


def _rows(known: Market, asked: Window) -> Ints:
    days = known.prices.days
    end = len(days) - 1
    first = min(YEAR, end)
    if asked.first is not None:
        first = int(np.searchsorted(days, day_number(asked.first)))
    last = max(end - asked.course.watch_days, 0)
    if asked.last is not None:
        last = int(np.searchsorted(days, day_number(asked.last), side="right")) - 1
    if first > last:
        begin, until = (EPOCH + timedelta(days=int(days[at])) for at in (0, -1))
        raise InputError(
            "the window holds no day with prices",
            where="--from, --to",
            remedy=f"days from {begin} to {until}; without them, more than 370 days of prices",
        )
    return np.arange(first, last + 1, asked.every, dtype=np.int32)
