"""Labels take months to ripen: which rows may be used now, and what the young ones will come to.

A label says whether a loan defaulted within a window of months. Until the window is over it is not
known to be good, and a default that is known already may not be used either: of a month of loans
only those that failed fast would be in the sample, and they would look like the month. So a month
of opening (vintage, 放款月) is ripe as a whole or not at all.

Two ways to say what young vintages will come to, which fail differently:

    completed      Kaplan and Meier (1958): each age's share of defaults, over all vintages that
                   have reached it. It takes a young vintage to be like the others.
    chain_ladder   Mack (1993): each vintage's own level times how the others grew. It follows a
                   vintage that is worse from the start, and knows nothing of one without defaults.

A loan that was repaid early stays in the count as one that did not default.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import betabinom, binom

from headrace.errors import InputError
from headrace.scores.validation.figures import LEVEL, Figure
from headrace.scores.watch.outcomes import Flags, Floats, Ints, refuse_rows

MONTH_CODES = 100_000
"""Months from here on are taken for codes such as 202101, with which ages cannot be counted."""


@dataclass(frozen=True)
class Loans:
    """Loans as they are known at the end of a month.

    Attributes:
        opened: Number of the month of opening, counted on without gaps, such as 12 × year + month,
            (n,). Not 202101: between 202012 and 202101 lies a month, and not 89.
        default_age: Months from opening to default, 1 in the month after it, (n,); 0: none known.
        now: Number of the month at whose end this is known.
        window: Months within which a default makes the label bad; 1 or more.
    """

    opened: Ints
    default_age: Ints
    now: int
    window: int

    def __post_init__(self) -> None:
        """Refuse what cannot be known yet.

        Raises:
            InputError: Naming the first such row.
        """
        if self.window < 1 or self.opened.shape != self.default_age.shape:
            raise InputError(
                f"{self.opened.size} months of opening, {self.default_age.size} ages of default and"
                f" a window of {self.window}",
                remedy="one of each for every loan, and a window of a month or more",
            )
        if abs(self.now) >= MONTH_CODES:
            raise InputError(
                f"month {self.now} is no number of a month",
                remedy="months counted on: 12 × year + month, and not the year and month as digits",
            )
        refuse_rows(self.opened > self.now, f"opened in month {self.now} or before")
        refuse_rows(
            (self.default_age < 0) | (self.default_age > self.now - self.opened),
            f"an age of default of 0 (none) or more that is reached by month {self.now}",
        )

    @property
    def age(self) -> Ints:
        """Months that each loan has been observed, (n,)."""
        return self.now - self.opened


def ripe(loans: Loans) -> Flags:
    """Loans whose whole window has passed, (n,): the only ones to fit or to test on."""
    return np.asarray(loans.age >= loans.window)


def labels(loans: Loans) -> Ints:
    """1 default within the window, 0 none, -1 not ripe, (n,).

    -1 also for a young loan that has defaulted already: see above.
    """
    bad = (loans.default_age > 0) & (loans.default_age <= loans.window)
    return np.where(ripe(loans), bad.astype(np.int64), -1)


@dataclass(frozen=True)
class Vintage:
    """Loans of one month, and what they will come to at the end of the window.

    Attributes:
        opened: Number of the month.
        loans: Opened in it.
        age: Months observed, at most the window.
        defaults: Within the window so far.
        final: Defaults at the end of the window: expected, with the interval of what will be
            counted. All three are `defaults` once ripe; NaN with an interval up to all loans where
            no vintage has reached the ages that are still to come.
    """

    opened: int
    loans: int
    age: int
    defaults: int
    final: Figure


@dataclass(frozen=True)
class Completion:
    """All vintages completed.

    Attributes:
        vintages: In order of opening.
        hazard: Share that defaults at each age of those that had not before, (window,), NaN where
            no loan has been so old.
        spread: By how much defaults by vintage and age vary more than chance (Pearson's χ² per
            degree of freedom, at least 1); it widens the intervals.
    """

    vintages: tuple[Vintage, ...]
    hazard: tuple[float, ...]
    spread: float


def completed(loans: Loans, level: float = LEVEL) -> Completion:
    """What each vintage will come to, if it ages as the others did.

    Greenwood's variance (1926) of the shares, chance among the loans still to tell, both times
    `spread`; the interval is that of a beta-binomial count with that mean and variance.

    Args:
        loans: All loans, young and old.
        level: Of the interval.
    """
    opened, at = np.unique(loans.opened, return_inverse=True)
    size = np.bincount(at)
    age = np.minimum(loans.now - opened, loans.window)
    events = np.zeros((opened.size, loans.window + 1), np.int64)
    within = loans.default_age <= loans.window
    np.add.at(events, (at[within], loans.default_age[within]), 1)
    events = events[:, 1:]
    at_risk = size[:, None] - np.cumsum(events, axis=1) + events
    seen = np.arange(1, loans.window + 1) <= age[:, None]
    spread, hazard, greenwood, exposed = _pooled(np.where(seen, events, 0), at_risk * seen)
    vintages = []
    for row, first in enumerate(opened.tolist()):
        young, defaults = int(age[row]), int(events[row].sum())
        left = int(size[row]) - defaults
        rest = slice(young, loans.window)
        final = Figure(defaults, defaults, defaults)
        if young < loans.window:
            share = 1 - float(np.prod(1 - hazard[rest]))
            variance = (1 - share) ** 2 * float(greenwood[rest].sum())
            least = float(exposed[rest].min())
            to_come = _to_come(left, _Rate(share, variance, least, spread), level)
            final = Figure(*(defaults + each for each in to_come))
        vintages.append(Vintage(first, int(size[row]), young, defaults, final))
    return Completion(tuple(vintages), tuple(hazard.tolist()), spread)


def _pooled(events: Ints, at_risk: Ints) -> tuple[float, Floats, Floats, Ints]:
    """Spread, hazard by age, Greenwood's terms by age, loans at risk by age."""
    exposed, died = at_risk.sum(axis=0), events.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(exposed > 0, died / exposed, np.nan)
        greenwood = np.where(exposed > died, died / (exposed * (exposed - died)), np.inf)
        expected = at_risk * hazard
        terms = (events - expected) ** 2 / (expected * (1 - hazard))
    told = (at_risk > 0) & (hazard > 0) & (hazard < 1)
    degrees = int(told.sum()) - int(told.any(axis=0).sum())
    spread = float(terms[told].sum()) / degrees if degrees > 0 else 1.0
    return max(1.0, spread), hazard, greenwood, exposed


@dataclass(frozen=True)
class _Rate:
    """Share still to default, its variance, the loans it rests on, and the spread."""

    share: float
    variance: float
    rows: float
    spread: float


def _to_come(loans: int, rate: _Rate, level: float) -> tuple[float, float, float]:
    """Defaults still to come among so many loans: expected, low, high."""
    if not loans:
        return 0.0, 0.0, 0.0
    if np.isnan(rate.share) or not np.isfinite(rate.variance):
        return float("nan"), 0.0, float(loans)
    if rate.share == 0:  # no default at these ages yet: Jeffreys on the loans that reached them
        model = betabinom(loans, 0.5, rate.rows / rate.spread + 0.5)
        return 0.0, 0.0, float(model.ppf(level))
    noise = loans * rate.share * (1 - rate.share)
    excess = rate.spread * (noise + loans * loans * rate.variance) / noise - 1
    together = min(excess / max(loans - 1, 1), 0.99)  # correlation between two loans
    if together < 1e-9:
        model = binom(loans, rate.share)
    else:
        total = 1 / together - 1
        model = betabinom(loans, rate.share * total, (1 - rate.share) * total)
    return loans * rate.share, float(model.ppf((1 - level) / 2)), float(model.ppf((1 + level) / 2))


def triangle(loans: Loans) -> Floats:
    """Cumulative defaults by vintage and age, (vintages, window), NaN where not reached yet."""
    opened, at = np.unique(loans.opened, return_inverse=True)
    ages = np.arange(1, loans.window + 1)
    counts = np.zeros((opened.size, loans.window + 1))
    within = loans.default_age <= loans.window
    np.add.at(counts, (at[within], loans.default_age[within]), 1.0)
    reached = ages <= (loans.now - opened)[:, None]
    return np.where(reached, np.cumsum(counts[:, 1:], axis=1), np.nan)


@dataclass(frozen=True)
class Ladder:
    """A triangle completed by the chain ladder.

    Attributes:
        factors: Growth from each age to the next, (ages - 1,).
        ultimate: What each row comes to, with a log-normal interval, in the order of the rows; NaN
            for a row that has nothing to grow from.
        deviation: Mack's standard error of each, (rows,); 0 where complete.
        total: Of all rows but those.
        total_deviation: Mack's standard error of the total.
    """

    factors: tuple[float, ...]
    ultimate: tuple[Figure, ...]
    deviation: tuple[float, ...]
    total: Figure
    total_deviation: float


def chain_ladder(cumulative: Floats, level: float = LEVEL) -> Ladder:
    """Complete a triangle without assuming a distribution (Mack 1993).

    Args:
        cumulative: (rows, ages), NaN from the first age that a row has not reached. Defaults of
            `triangle`, or amounts.
        level: Of the intervals.

    Raises:
        InputError: If an age has no row that has grown from the one before, or a row has a gap.
    """
    reached = ~np.isnan(cumulative)
    gaps = np.asarray((reached[:, 1:] & ~reached[:, :-1]).any(axis=1))
    refuse_rows(gaps, "no gap before the last known age")
    last = reached.sum(axis=1) - 1
    factors, noise, base = _grown(cumulative, reached)
    full = cumulative.copy()
    for k in range(factors.size):
        full[:, k + 1] = np.where(reached[:, k + 1], full[:, k + 1], full[:, k] * factors[k])
    end = full[:, -1]
    relative = noise / factors**2
    variance = np.zeros(end.size)
    for row, k in enumerate(last.tolist()):
        grown = slice(k, factors.size)
        if k == factors.size:
            continue  # complete
        if not end[row] > 0:  # nothing to grow from
            variance[row] = np.nan
            continue
        parts = relative[grown] * (1 / full[row, grown] + 1 / base[grown])
        variance[row] = end[row] ** 2 * parts.sum()
    # Rows share their factors, so that their errors go together: Mack's corollary to theorem 3.
    shared = np.array([np.sum(2 * relative[k:] / base[k:]) for k in last])
    order = np.argsort(-last, kind="stable")  # the oldest first, as in the paper
    # A row that has reached no age yet has nothing to grow from, and adds nothing to the total.
    told = np.nan_to_num(end[order])
    later = np.append(np.cumsum(told[::-1])[::-1][1:], 0.0)
    joint = float(np.nansum(variance) + np.sum(told * later * shared[order]))
    spans = [_log_normal(value, each, level) for value, each in zip(end, variance, strict=True)]
    total = float(np.nansum(end))
    return Ladder(
        factors=tuple(factors.tolist()),
        ultimate=tuple(spans),
        deviation=tuple(np.sqrt(variance).tolist()),
        total=_log_normal(total, joint, level),
        total_deviation=float(np.sqrt(joint)),
    )


def _grown(cumulative: Floats, reached: Flags) -> tuple[Floats, Floats, Floats]:
    """Growth to each next age, Mack's σ² of it, and the sum it rests on, (ages - 1,) each."""
    steps = cumulative.shape[1] - 1
    factors, noise, base = np.ones(steps), np.zeros(steps), np.zeros(steps)
    for k in range(steps):
        rows = reached[:, k + 1] & (cumulative[:, k] > 0)
        before, after = cumulative[rows, k], cumulative[rows, k + 1]
        if not before.size:
            raise InputError(
                f"no row has grown from age {k + 1} to age {k + 2}",
                remedy="a shorter window, or rows old enough, with a default at that age",
            )
        base[k] = before.sum()
        factors[k] = after.sum() / base[k]
        if before.size > 1:
            gaps = after / before - factors[k]
            noise[k] = np.sum(before * gaps * gaps) / (before.size - 1)
        elif k > 1 and noise[k - 2] > 0:  # one row tells no spread: Mack's extrapolation
            noise[k] = min(noise[k - 1] ** 2 / noise[k - 2], noise[k - 2], noise[k - 1])
        else:
            noise[k] = noise[k - 1] if k else 0.0
    return factors, noise, base


def _log_normal(value: float, variance: float, level: float) -> Figure:
    if variance == 0:
        return Figure(float(value), float(value), float(value))
    if not value > 0 or np.isnan(variance):
        return Figure(float("nan"), 0.0, float("inf"))
    spread = np.log1p(variance / value**2)
    half = -ndtri((1 - level) / 2) * np.sqrt(spread)
    centre = np.log(value) - spread / 2
    return Figure(float(value), float(np.exp(centre - half)), float(np.exp(centre + half)))
