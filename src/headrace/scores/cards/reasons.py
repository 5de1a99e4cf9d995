"""Reason codes: what cost an applicant the most points, in words a customer may read.

Two ways of ranking, both named where reasons are shown:

- below the maximum: points of the best bin of a feature less those the applicant has;
- below the mean: points of the mean applicant of the training rows less those the applicant has
  (Siddiqi 2006, ch. 6, "Reason codes": a neutral score, the mean of the card weighted by rows).

At most four reasons, as the official interpretation of Regulation B, 12 CFR 1002.9(b)(2), has it;
that text names the mean as a method, too. A larger shortfall comes first; of equal ones, the line
that stands first in the card. A feature without a shortfall is no reason.

Shortfalls are whole numbers and sum exactly:

    total = points of the reference applicant - Σ shortfall of every line
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np

from headrace.errors import InputError
from headrace.scores.binning.bins import BinKind, Bins, Codes
from headrace.scores.cards.kernels import smallest
from headrace.scores.cards.points_card import Columns, Line, PointsCard
from headrace.scores.cards.scale import Integers

REASONS_MOST = 4
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


class ReasonMethod(Enum):
    """What points are compared with."""

    BELOW_MAXIMUM = "below the maximum"
    BELOW_MEAN = "below the mean"  # rounded to whole points per line, so that parts add up


METHODS = {
    ReasonMethod.BELOW_MAXIMUM: ("points below the most a factor can give", "较该项满分少得的分"),
    ReasonMethod.BELOW_MEAN: ("points below the average applicant", "较申请人平均水平少得的分"),
}
"""In English and Chinese."""


@dataclass(frozen=True)
class Wording:
    """What a customer may be told of a feature. No value and no threshold belongs here.

    Attributes:
        reason: Why points were lost, in English and Chinese.
        missing: The same where the value is missing.
    """

    reason: tuple[str, str]
    missing: tuple[str, str] | None = None


Texts = Mapping[str, Wording]
"""By feature."""

FALLBACK = Wording(
    ("Information in the application or in the records consulted", "申请资料或所查询记录中的信息"),
    (
        "Information that was not available when the application was assessed",
        "评估时未能取得的信息",
    ),
)
"""For a feature without words: neither its name nor its limits are given away."""


@dataclass(frozen=True)
class Reason:
    """A line on which points were lost.

    Attributes:
        feature: Name of the feature; for staff.
        bin: Number of the bin the value fell in; for staff.
        shortfall: Points lost, above 0.
        text: For the customer, in English and Chinese.
    """

    feature: str
    bin: int
    shortfall: int
    text: tuple[str, str]


@dataclass(frozen=True)
class Ranking:
    """Every possible reason of a card, greatest shortfall first.

    Attributes:
        method: What points are compared with.
        reference: Points of the reference applicant per line; with the card's base, in all.
        reasons: Rank -> reason.
        ranks: Per line, bin -> rank; `len(reasons)` or more for a bin that is no reason.
    """

    method: ReasonMethod
    reference: tuple[int, ...]
    reasons: tuple[Reason, ...]
    ranks: tuple[tuple[int, ...], ...]

    def shortfalls(self, card: PointsCard, columns: Columns) -> Integers:
        """Points of the reference less those of each line, int64 (n, k); below 0 where more."""
        return np.array(self.reference, np.int64) - card.points_by_feature(columns)

    def places(self, codes: tuple[Codes, ...], most: int = REASONS_MOST) -> Codes:
        """Ranks of the first reasons of each row, int32 (n, most), -1 where there are no more.

        Args:
            codes: As `PointsCard.codes` gives them.
            most: Reasons at most.
        """
        found = np.full((codes[0].size, most), -1, np.int32)
        for code, ranks in zip(codes, self.ranks, strict=True):
            smallest(code, np.array(ranks, np.int32), len(self.reasons), found)
        return found

    def reasons_of(
        self, card: PointsCard, columns: Columns, most: int = REASONS_MOST
    ) -> list[tuple[Reason, ...]]:
        """The first reasons of each row; columns as `PointsCard.score` takes them."""
        places = self.places(card.codes(columns), most)
        return [tuple(self.reasons[rank] for rank in row if rank >= 0) for row in places.tolist()]


def rank_reasons(
    card: PointsCard,
    method: ReasonMethod = ReasonMethod.BELOW_MAXIMUM,
    texts: Texts | None = None,
) -> Ranking:
    """Put every bin of every line in the order in which it would be a reason.

    Args:
        card: Whose reasons.
        method: What points are compared with.
        texts: What customers may be told; a feature without words gets the fallback's.

    Raises:
        InputError: If words give away an edge or a special code of their feature.
    """
    words = texts or {}
    for line in card.lines:
        _check_words(line.bins, words.get(line.feature, FALLBACK))
    reference = tuple(_reference(line, method) for line in card.lines)
    lost = [
        (reference[place] - points, place, code)
        for place, line in enumerate(card.lines)
        for code, points in enumerate(line.points)
    ]
    order = sorted(lost, key=lambda each: (-each[0], each[1], each[2]))
    ranks = [[0] * len(line.points) for line in card.lines]
    for rank, (_, place, code) in enumerate(order):
        ranks[place][code] = rank
    return Ranking(
        method=method,
        reference=reference,
        reasons=tuple(
            _reason(card.lines[place], code, shortfall, words)
            for shortfall, place, code in order
            if shortfall > 0
        ),
        ranks=tuple(map(tuple, ranks)),
    )


def _reference(line: Line, method: ReasonMethod) -> int:
    """Points of the best bin, or the mean over the rows of the fit, rounded half up."""
    rows = sum(line.rows)
    if method is ReasonMethod.BELOW_MAXIMUM or rows <= 0:
        return max(line.points)
    pairs = zip(line.rows, line.points, strict=True)
    return int(np.floor(sum(count * points for count, points in pairs) / rows + 0.5))


def _reason(line: Line, code: int, shortfall: int, words: Texts) -> Reason:
    wording = words.get(line.feature, FALLBACK)
    missing = line.bins.kinds[code] is BinKind.MISSING
    text = (wording.missing or FALLBACK.missing) if missing else wording.reason
    return Reason(line.feature, code, shortfall, text or wording.reason)


def _check_words(bins: Bins, wording: Wording) -> None:
    codes = {code for special in bins.settings.specials for code in special.codes}
    secret = {float(each) for each in (*bins.edges, *codes) if not isinstance(each, str)}
    for text in (*wording.reason, *(wording.missing or ())):
        told = {float(number.replace(",", "")) for number in _NUMBER.findall(text)}
        if told & secret:
            raise InputError(
                f"the words for customers give away {min(told & secret):g}, where a bin ends",
                where=f"words of {bins.feature}",
                remedy="say what counts, not from where on",
            )
