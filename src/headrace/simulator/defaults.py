"""Who defaults, when, and when it is known: hazards that lean on health and spread upstream.

In each month a firm that has borrowed defaults with hazard

    base x exp(-SLOPE x health) x (1 + contagion x exposure / 0.1)

where health is latent quality plus a slow walk, and exposure is the part of its sales that went
to customers who defaulted within the last twelve months. `base` is the one number that is fitted:
it makes the wanted share of borrowers known as defaulters on the as-of date.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from headrace.simulator.arrays import Flags, Floats, Ints
from headrace.simulator.contracts import Links
from headrace.simulator.firms import Firms
from headrace.simulator.seasons import Calendar
from headrace.simulator.settings import EconomySettings

SLOPE = 3.4
WALK_MEMORY = 0.94
WALK_STEP = 0.18
CONTAGION_MONTHS = 12
HORIZON_MONTHS = 12  # defaults are simulated this far beyond the as-of date
NEVER = 10**6
DAYS_UNTIL_KNOWN = (30, 110)


@dataclass(frozen=True)
class Outcomes:
    """What becomes of each firm.

    Attributes:
        walk: Health less quality, one row per firm, one column per month of span and horizon.
        month: Month of default, NEVER where there is none.
        day: Day of default as an offset from the start, NEVER where there is none.
        known_day: Day on which the bank knows, NEVER where there is none.
        exposure: Part of the firm's sales at customers in default, when it defaulted itself.
        labelled: Whether the firm has a credit record on the as-of date.
        known_default: Whether the bank knows of a default on the as-of date.
    """

    walk: Floats
    month: Ints
    day: Ints
    known_day: Ints
    exposure: Floats
    labelled: Flags
    known_default: Flags


@dataclass(frozen=True)
class Hazards:
    """All that decides defaults, but for the level of the hazard.

    Attributes:
        relative: Hazard without contagion, in proportion; one row per firm, a column per month.
        endurance: Cumulative hazard that each firm bears, exponential with mean 1.
        links: Supply contracts along which defaults spread.
        contagion: Rise of the hazard for each tenth of sales at customers in default.
    """

    relative: Floats
    endurance: Floats
    links: Links
    contagion: float


def draw_outcomes(
    settings: EconomySettings,
    firms: Firms,
    links: Links,
    calendar: Calendar,
    rng: np.random.Generator,
) -> Outcomes:
    """Health, defaults and credit records; the share of defaulters is as near as it can be."""
    horizon = calendar.months + HORIZON_MONTHS
    walk = _draw_walk(len(firms), horizon, rng)
    borrowed = np.arange(horizon) >= firms.loan_month[:, None]
    relative = np.exp(-SLOPE * (firms.quality[:, None] + walk)) * borrowed
    hazards = Hazards(relative, rng.exponential(1.0, len(firms)), links, settings.contagion)
    place_in_month = rng.random(len(firms))
    delay = rng.integers(*DAYS_UNTIL_KNOWN, len(firms))

    beyond = calendar.days + 30.437 * np.arange(1, HORIZON_MONTHS + 1)
    bounds = np.concatenate([calendar.month_start, beyond])

    def dated(month: Ints) -> tuple[Ints, Ints]:
        within = np.minimum(month, horizon - 1)
        day = bounds[within] + place_in_month * (bounds[within + 1] - bounds[within])
        day = np.where(month == NEVER, NEVER, day).astype(np.int64)
        return day, np.where(month == NEVER, NEVER, day + delay)

    def known_share(base: float) -> float:
        month, _ = spread(hazards, base)
        return float((dated(month)[1] < calendar.days).sum() / max(1, (~firms.shell).sum()))

    base = _fit_base(settings.default_rate, known_share)
    month, exposure = spread(hazards, base)
    day, known_day = dated(month)
    known_default = known_day < calendar.days
    labelled = _draw_labelled(settings, known_default, firms.shell, rng)
    return Outcomes(walk, month, day, known_day, exposure, labelled, known_default)


def spread(hazards: Hazards, base: float) -> tuple[Ints, Floats]:
    """Month of default (NEVER where there is none) and the exposure that went before it."""
    count, months = hazards.relative.shape
    links = hazards.links
    month = np.full(count, NEVER)
    exposure_at = np.zeros(count)
    borne = np.zeros(count)
    for now in range(months):
        failing = (month < now) & (month >= now - CONTAGION_MONTHS)
        exposure = np.bincount(
            links.supplier, links.share * failing[links.customer], minlength=count
        )
        borne += base * hazards.relative[:, now] * (1 + hazards.contagion * exposure / 0.1)
        falls = (borne > hazards.endurance) & (month == NEVER)
        month[falls] = now
        exposure_at[falls] = exposure[falls]
    return month, exposure_at


def _draw_walk(count: int, months: int, rng: np.random.Generator) -> Floats:
    """An autoregressive walk around zero for each firm."""
    walk = np.empty((count, months))
    level = rng.normal(0, WALK_STEP, count)
    for month in range(months):
        level = WALK_MEMORY * level + rng.normal(0, WALK_STEP, count)
        walk[:, month] = level
    return walk


def _fit_base(wanted: float, share: Callable[[float], float]) -> float:
    """Halve the interval of the logarithm of the base hazard until the share is met."""
    low, high = -18.0, 4.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if share(float(np.exp(middle))) < wanted else (low, middle)
    return float(np.exp(high))


def _draw_labelled(
    settings: EconomySettings, known_default: Flags, shell: Flags, rng: np.random.Generator
) -> Flags:
    """A sample stratified by outcome; a bank lends to no shell here, so none is labelled."""
    wanted = round(settings.labelled_share * len(shell))
    order = rng.permutation(len(shell))
    bad = order[known_default[order] & ~shell[order]]
    good = order[~known_default[order] & ~shell[order]]
    bad_wanted = min(round(settings.default_rate * wanted), len(bad))
    labelled = np.zeros(len(shell), dtype=bool)
    labelled[bad[:bad_wanted]] = True
    labelled[good[: wanted - bad_wanted]] = True
    return labelled
