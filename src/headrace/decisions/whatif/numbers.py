"""The three numbers of a policy, always together: who gets it, at what price, at what loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.whatif.cases import BAD, GOOD, UNKNOWN, Cases, Side
from headrace.decisions.whatif.figures import Draws, Figure, Sums, figure, wilson
from headrace.money import round_half_even

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RATIOS: Mapping[str, tuple[str, str]] = {
    "approval_rate": ("approved", "cases"),
    "price_mean": ("rate", "priced"),
    "price_weighted": ("rate_exposure", "priced_exposure"),
    "expected_loss_share": ("expected_loss", "expected_exposure"),
    "realised_rate": ("bad", "labelled"),
    "realised_loss_share": ("realised_loss", "labelled_exposure"),
}
"""Each figure as the ratio of two sums."""

Added = tuple[Mapping[str, Floats], Mapping[str, Floats]]
"""What every case adds to each sum, under the old policy and under the new."""

SHARES = ("approval_rate", "realised_rate")
REALISED = ("realised_rate", "realised_loss_share")
"""Where nothing turned bad, drawing the same cases again cannot say how much may: no interval."""

SMALL = 30
"""Fewer cases than this are said to be few."""


@dataclass(frozen=True)
class Numbers:
    """What one policy does to some cases.

    A case that was never approved has no outcome, so realised figures are about the approved whose
    outcome is known, and nothing is said of the others.

    Attributes:
        cases: All of them.
        approved: Of all.
        exposure_minor: Of the approved where it is known.
        expected_loss_minor: Sum of pd * lgd * exposure of the approved where all are known.
        expected_known: Approved where they are.
        realised_loss_minor: Sum of lgd * exposure of the approved that turned bad.
        labelled: Approved whose outcome is known.
        bad: Those of them that turned bad.
        priced: Approved with a price.
        figures: `RATIOS` with their intervals.
    """

    cases: int
    approved: int
    exposure_minor: int
    expected_loss_minor: int
    expected_known: int
    realised_loss_minor: int
    labelled: int
    bad: int
    priced: int
    figures: Mapping[str, Figure]


@dataclass(frozen=True)
class Compared:
    """Two policies on the same cases.

    Attributes:
        name: Of the part; empty for all cases.
        value: What those of the part have in common; None where it is missing.
        old: Numbers of the old policy.
        new: Of the new one.
        differences: New less old, by figure, and `expected_loss_minor`; paired intervals.
        small: Whether there are fewer than `SMALL` cases.
    """

    name: str
    value: str | None
    old: Numbers
    new: Numbers
    differences: Mapping[str, Figure]
    small: bool


def contributions(cases: Cases, side: Side) -> dict[str, Floats]:
    """What every case adds to each sum."""
    terms = side.terms
    approved = terms.approved
    exposure = terms.exposure_minor.astype(np.float64)
    priced = approved & ~np.isnan(terms.rate)
    expected = approved & ~np.isnan(cases.pd) & terms.exposed
    labelled = approved & (cases.label != UNKNOWN)
    lost = approved & (cases.label == BAD) & terms.exposed
    rate = np.where(priced, terms.rate, 0)
    return {
        "cases": np.ones(len(cases)),
        "approved": approved.astype(np.float64),
        "exposure": np.where(approved & terms.exposed, exposure, 0),
        "rate": rate,
        "priced": priced.astype(np.float64),
        "rate_exposure": np.where(terms.exposed, rate * exposure, 0),
        "priced_exposure": np.where(priced & terms.exposed, exposure, 0),
        "expected_loss": np.where(expected, cases.pd * cases.lgd * exposure, 0),
        "expected_exposure": np.where(expected, exposure, 0),
        "expected_known": expected.astype(np.float64),
        "bad": (labelled & (cases.label == BAD)).astype(np.float64),
        "labelled": labelled.astype(np.float64),
        "realised_loss": np.where(lost, cases.lgd * exposure, 0),
        "labelled_exposure": np.where(labelled & terms.exposed, exposure, 0),
        "good": (cases.label == GOOD).astype(np.float64),
        "good_approved": (approved & (cases.label == GOOD)).astype(np.float64),
    }


def compared(name: str, values: list[str | None], old: Sums, new: Sums) -> tuple[Compared, ...]:
    """Two policies by part of the cases."""
    return tuple(
        _compared(name, value, (part, part), old, new) for part, value in enumerate(values)
    )


def apart(old: Sums, new: Sums) -> Compared:
    """Two policies, each on cases of its own: the old one on the first part, the new on the second.

    Differences are not paired: what they come to on other customers is in their intervals.
    """
    return _compared("", None, (0, 1), old, new)


def sums_of(draws: Draws, added: Added, part: Ints, parts: int) -> tuple[Sums, Sums]:
    """The sums of both policies by part, from what every case adds to each."""
    old, new = (draws.sums(each, part, parts) for each in added)
    return old, new


def _compared(
    name: str, value: str | None, parts: tuple[int, int], old: Sums, new: Sums
) -> Compared:
    """The old policy on one part of the cases, beside the new one on another, or the same."""
    before, after = parts
    differences = {}
    for each, (top, bottom) in RATIOS.items():
        first, first_draws = old.ratio(before, top, bottom)
        last, last_draws = new.ratio(after, top, bottom)
        differences[each] = figure(last - first, last_draws - first_draws)
        if each in REALISED and not old.values["bad"][before] and not new.values["bad"][after]:
            differences[each] = Figure(differences[each].value)
    lost = new.values["expected_loss"][after] - old.values["expected_loss"][before]
    drawn = new.draws["expected_loss"][after] - old.draws["expected_loss"][before]
    differences["expected_loss_minor"] = figure(float(lost), drawn)
    first_numbers, last_numbers = _numbers(old, before), _numbers(new, after)
    small = min(first_numbers.cases, last_numbers.cases) < SMALL
    return Compared(name, value, first_numbers, last_numbers, differences, small)


def _numbers(sums: Sums, part: int) -> Numbers:
    of = {name: float(values[part]) for name, values in sums.values.items()}
    figures = {}
    for name, (top, bottom) in RATIOS.items():
        if name in SHARES:
            figures[name] = wilson(of[top], of[bottom])
        else:
            figures[name] = figure(*sums.ratio(part, top, bottom))
        if name == "realised_loss_share" and not of["bad"]:
            figures[name] = Figure(figures[name].value)
    return Numbers(
        cases=int(of["cases"]),
        approved=int(of["approved"]),
        exposure_minor=round_half_even(of["exposure"]),
        expected_loss_minor=round_half_even(of["expected_loss"]),
        expected_known=int(of["expected_known"]),
        realised_loss_minor=round_half_even(of["realised_loss"]),
        labelled=int(of["labelled"]),
        bad=int(of["bad"]),
        priced=int(of["priced"]),
        figures=figures,
    )
