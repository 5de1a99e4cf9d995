"""Pledged shares on prices that were: by grade beside a flat rate, in three numbers together.

300 real A-shares, 2015 to 2020 (those still listed in August 2020; adjusted forward: caveats in
`headrace.contracts.collateral.backtest`). Rates were calibrated on October 2015 to September 2017
alone; the windows shown lie outside it. Peers are a flat 50 % on every share, and a flat rate that
lends as much on the same shares.

    python benchmarks/measures/contracts_collateral.py [--quick]
"""

import hashlib
import sys
import time
from datetime import date
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.path.insert(0, str(Path(__file__).parents[1] / "peers"))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measures.found import DisagreementError, Found
from numpy.typing import NDArray

from headrace.contracts.collateral import backtest, grades, haircuts, measures, stress
from headrace.contracts.collateral.panel import Panel, panel, price_limits
from headrace.contracts.collateral.pledges import Lines
from headrace.contracts.collateral.terms import shipped

DATA = Path(__file__).parents[3] / "shared" / "data" / "a_share_daily_sample"
PRICES = DATA / "a_share_daily_300_2015_2020.parquet"
CALIBRATED = (date(2015, 10, 8), date(2017, 9, 29))
SOLD_MAX = 0.15
WINDOWS = {
    "crash_2015": (date(2015, 4, 15), date(2015, 8, 31)),
    "pledges_2018": (date(2018, 1, 2), date(2018, 10, 31)),
    "epidemic_2020": (date(2020, 1, 2), date(2020, 2, 28)),
}
FALL = (60, 0.7)  # trading days, and the part of the value that a loan would be
Floats = NDArray[np.float64]


class Book:
    """The shares, and what was known of them."""

    def __init__(self) -> None:
        self.terms = shipped()
        self.prices: Panel = panel(pq.read_table(PRICES))
        self.limits = price_limits(self.prices, self.terms)
        self.known = measures.measure(self.prices, self.limits)

    def pledged(self, window: tuple[date, date], rates: Floats, every: int) -> backtest.Pledged:
        """One pledge a share every so many days, at the rate of its grade or its haircut's."""
        rows = backtest.days_between(self.prices, *window, every)
        graded = grades.grade(self.known, rows.astype(np.int64), grades.Grading())
        value = backtest.Course().value
        held = [haircuts.positions(self.known, self.limits, value, int(row)) for row in rows]
        terms = haircuts.HaircutTerms()
        haircut = np.stack([haircuts.haircuts(each, terms).haircut for each in held])
        lent = grades.pledge_rate(graded, haircut, rates)
        return backtest.pledges(self.prices, rows, graded.grade, lent)

    def followed(self, made: backtest.Pledged) -> backtest.Followed:
        """What became of them."""
        return backtest.follow_pledges(self.prices, self.limits, made, backtest.Course())


def compared(book: Book, window: str, every: int) -> dict[str, pa.Table]:
    """By rule: graded, flat at 50 %, flat at what the grades lend in all."""
    rates = grades.rates(book.terms, date(2020, 1, 2))
    made = book.pledged(WINDOWS[window], rates, every)
    rules = {
        "graded": made,
        "flat_50": backtest.flat(made, 0.5),
        "flat_same": backtest.flat_on_accepted(made),
    }
    return {name: backtest.summary(each, book.followed(each)) for name, each in rules.items()}


def fallen_by_grade(book: Book, window: str, every: int) -> list[float]:
    """Parts of a grade's positions, A to E, worth less than a loan of 70 % within 60 days."""
    made = book.pledged(WINDOWS[window], np.full(5, 1.0), every)
    fell = backtest.fallen(book.prices, made, *FALL)
    return [float(fell[(made.grade == k) & (made.rate > 0)].mean()) for k in range(5)]


def pledged_shares(every: int) -> Found | None:
    """The three numbers of each window and rule, and how the grades rank falls; None: no data."""
    if not PRICES.is_file():
        return None
    book, figures, digest = Book(), {}, hashlib.sha256()
    for window in WINDOWS:
        for rule, table in compared(book, window, every).items():
            row = table.to_pylist()[-1]
            for name in ("lent", "called", "sold", "loss_per_value"):
                figures[f"{window}_{rule}_{name}_share"] = row[name]
            digest.update(repr(sorted(row.items())).encode())
        fell = fallen_by_grade(book, window, every)
        for letter, part in zip(grades.LETTERS, fell, strict=True):
            figures[f"{window}_fallen_{letter}_share"] = part
        figures[f"{window}_steps_in_order_share"] = float((np.diff(fell) >= 0).mean())
    return Found(figures, digest.hexdigest())


def recalibrated(every: int) -> Floats:
    """The rates that ship, found again from the window they were calibrated on."""
    book = Book()
    made = book.pledged(CALIBRATED, np.full(5, 1.0), every)
    found = backtest.calibrated(book.prices, book.limits, made, backtest.Course(), SOLD_MAX)
    stated = grades.rates(book.terms, date(2020, 1, 2))
    if every == 5 and not np.allclose(found, stated):
        raise DisagreementError(f"rates: {stated} are stated, {found} are found")
    return found


def stressed(loans: int, paths: int) -> Found | None:
    """Loans on five shares each along resampled paths of 60 days; None where data are absent."""
    if not PRICES.is_file():
        return None
    book = Book()
    history = book.prices.returns[250:]
    chance = np.random.default_rng(1)
    asset = chance.integers(0, history.shape[1], loans * 5).astype(np.int32)
    secured = stress.Secured(
        tuple(str(k) for k in range(loans)),
        np.full(loans, 100.0),
        np.arange(0, loans * 5 + 1, 5, dtype=np.int64),
        asset,
        chance.uniform(25, 50, loans * 5),
    )
    drawn = stress.resampled(history, (paths, 60), 10, np.random.default_rng(2))
    first = stress.Paths(drawn.returns, drawn.picks[:1])
    stress.stress(secured, first, Lines(), 5)  # compiles
    began = time.perf_counter()
    found = stress.stress(secured, drawn, Lines(), 5)
    seconds = time.perf_counter() - began
    rows = stress.by_loan(found)
    figures = {
        "loan_days_per_second": loans * paths * 60 / seconds,
        "called_share": float(np.mean(rows["called"].to_numpy())),
    }
    return Found(figures, hashlib.sha256(found.shortfall.tobytes()).hexdigest())


if __name__ == "__main__":
    step = 20 if "--quick" in sys.argv else 5
    if step == 5:
        print("calibrated", recalibrated(step).tolist())
    for name, figure in pledged_shares(step).figures.items():
        print(f"{name:50} {figure:.5f}")
    print(stressed(200 if step == 20 else 2_000, 100 if step == 20 else 500).figures)
