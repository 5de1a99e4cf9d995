"""One applicant at a time, in microseconds: a card made ready for plain Python values.

For each line the bins and specials become one rising list of bounds and a table with a whole number
for each stretch between them: its high bits are the place of the bin among all possible reasons,
its low bits the points. One small compiled loop adds up the points and keeps the four smallest
places. Probability and class of every total there can be are computed beforehand, by the function
that scores a table, so the two cannot disagree.

The same in plain Python, with `bisect`, takes two to three times as long
(`benchmarks/measures/scores_cards.py` measures both).
"""

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.scores.binning.bins import Bins, Kind, special_ranges
from headrace.scores.cards.kernels import single
from headrace.scores.cards.points_card import Line, PointsCard
from headrace.scores.cards.reasons import Ranking, Reason, rank_reasons

Row = NDArray[np.float64]
TOTALS_MOST = 1_000_000


class Scored(NamedTuple):
    """What a card says of one applicant.

    Attributes:
        points: In all.
        probability: Of default.
        rating: Class.
        reasons: What cost the most points, greatest first, four at most.
    """

    points: int
    probability: float
    rating: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, eq=False)
class PreparedCard:
    """A card made ready; made by `prepare`.

    Attributes:
        features: What `score` takes, in order.
        bounds: See `kernels.single`.
        table: See `kernels.single`.
        texts: (place, category -> its number, number of a category that is none of them) of each
            line of texts.
        reasons: Rank -> reason.
        outcomes: Total above the lowest -> total, probability, class.
    """

    features: tuple[str, ...]
    bounds: NDArray[np.float64]
    table: NDArray[np.int64]
    texts: tuple[tuple[int, dict[str | None, float], float], ...]
    reasons: tuple[Reason, ...]
    outcomes: tuple[tuple[int, float, str], ...]
    _pick: Callable[[Mapping[str, Any]], tuple[Any, ...]]

    def score(self, values: Sequence[Any]) -> Scored:
        """Score values in the order of the card.

        Args:
            values: Numbers or texts, one a feature; None or NaN where missing.

        Raises:
            InputError: Naming the feature whose value is of another kind.
        """
        at, one, two, three, four = single(self._row(values), self.bounds, self.table)
        points, probability, rating = self.outcomes[at]
        why = self.reasons
        if four >= 0:
            return Scored(points, probability, rating, (why[one], why[two], why[three], why[four]))
        fewer = tuple(why[rank] for rank in (one, two, three) if rank >= 0)
        return Scored(points, probability, rating, fewer)

    def score_mapping(self, values: Mapping[str, Any]) -> Scored:
        """Score values by feature; others among them are not looked at.

        Raises:
            InputError: Naming the feature that is not there, or whose value is of another kind.
        """
        try:
            picked = self._pick(values)
        except KeyError as error:
            raise InputError(
                f"there is no value of {error.args[0]!r}",
                where="applicant",
                remedy="a number or a text, or None where it is missing",
            ) from error
        return self.score(picked)

    def _row(self, values: Sequence[Any]) -> Row:
        """The values as doubles; the usual case at once, anything else with care."""
        try:
            row = np.frombuffer(_doubles(self._numbers(values) if self.texts else values))
        except (KeyError, IndexError, TypeError, OverflowError):
            return self._with_care(values)
        return row if row.size == len(self.features) else self._with_care(values)

    def _numbers(self, values: Sequence[Any]) -> list[Any]:
        """Texts as numbers."""
        found = list(values)
        for place, numbers, _ in self.texts:
            found[place] = numbers[found[place]]
        return found

    def _with_care(self, values: Sequence[Any]) -> Row:
        if len(values) != len(self.features):
            raise InputError(
                f"{len(values)} values for {len(self.features)} features",
                where="applicant",
                remedy=f"in this order: {', '.join(self.features)}",
            )
        texts = {place: (numbers, other) for place, numbers, other in self.texts}
        row = np.empty(len(values))
        for place, value in enumerate(values):
            where = f"applicant, {self.features[place]}"
            row[place] = (
                _text(value, *texts[place], where) if place in texts else _number(value, where)
            )
        return row


def _doubles(values: Sequence[Any]) -> "array[float]":
    """Refuses texts, by TypeError, and takes None for NaN."""
    try:
        return array("d", values)
    except TypeError:
        return array("d", [math.nan if each is None else each for each in values])


def _text(value: Any, numbers: Mapping[str | None, float], other: float, where: str) -> float:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return math.nan
    if not isinstance(value, str):
        raise _wrong_kind(value, "text", where)
    return numbers.get(value, other)


def _number(value: Any, where: str) -> float:
    if value is None:
        return math.nan
    try:
        if not isinstance(value, str | bytes):
            return float(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise _wrong_kind(value, "number", where)


def _wrong_kind(value: Any, right: str, where: str) -> InputError:
    return InputError(
        f"{value!r} is no {right}",
        where=where,
        remedy="a value of the kind that the card was fitted on, or None where it is missing",
    )


def prepare(card: PointsCard, ranking: Ranking | None = None) -> PreparedCard:
    """Make a card ready for single applicants.

    Args:
        card: What is made ready.
        ranking: Its reasons; None: points below the maximum, in the fallback's words.

    Raises:
        InputError: If totals spread so far that they cannot be listed beforehand.
    """
    if card.highest - card.lowest > TOTALS_MOST:
        raise InputError(
            f"totals run from {card.lowest:,} to {card.highest:,}",
            where="card",
            remedy=f"a range of at most {TOTALS_MOST:,}: fewer points to double the odds",
        )
    order = ranking or rank_reasons(card)
    shift = (card.highest - card.lowest).bit_length()
    stretches = [_stretches(line) for line in card.lines]
    bounds = [each for each, _ in stretches]
    numbers: list[int] = []
    for line, ranks, (_, codes) in zip(card.lines, order.ranks, stretches, strict=True):
        least = min(line.points)
        numbers += [(ranks[code] << shift) | (line.points[code] - least) for code in codes]
    starts = np.cumsum([0, *map(len, bounds)]).tolist()
    totals = np.arange(card.lowest, card.highest + 1)
    probability = card.scale.probability(totals)
    rated = card.rating.rate(probability).tolist()
    names = card.features
    return PreparedCard(
        features=names,
        bounds=np.array([bound for each in bounds for bound in each], np.float64),
        table=np.array([shift, len(order.reasons), *starts, *numbers], np.int64),
        texts=tuple(
            (
                place,
                _places(line.bins),
                float(line.bins.ordinary + len(line.bins.settings.specials)),
            )
            for place, line in enumerate(card.lines)
            if line.bins.kind is Kind.CATEGORICAL
        ),
        reasons=order.reasons,
        outcomes=tuple(zip(totals.tolist(), probability.tolist(), rated, strict=True)),
        _pick=itemgetter(*names) if len(names) > 1 else lambda values: (values[names[0]],),
    )


def _stretches(line: Line) -> tuple[list[float], list[int]]:
    """Bounds of a line; the bin of a missing value, then that of each stretch between bounds."""
    bins = line.bins
    if bins.kind is Kind.CATEGORICAL:
        codes = [code for code in range(len(bins)) if code != bins.missing]
        return [float(place) for place in range(1, len(codes))], [bins.missing, *codes]
    bounds = _bounds(bins)
    first = math.nextafter(bounds[0], -math.inf) if bounds else 0.0
    return bounds, [bins.missing, *bins.codes(np.array([first, *bounds])).tolist()]


def _bounds(bins: Bins) -> list[float]:
    """Where a rising value can change its bin: edges, and both ends of the special ranges."""
    lows, highs, _ = special_ranges(bins.settings, bins.ordinary)
    after = [math.nextafter(high, math.inf) for high in highs.tolist()]
    return sorted({*bins.edges, *lows.tolist(), *after})


def _places(bins: Bins) -> dict[str | None, float]:
    """The stretch of every text that is not in `other`: bins in order, but for missing."""
    places: dict[str | None, float] = {None: math.nan}
    places |= {text: float(code) for code, group in enumerate(bins.groups) for text in group}
    places |= {
        text: float(bins.ordinary + place)
        for place, special in enumerate(bins.settings.specials)
        for text in special.codes
        if isinstance(text, str)
    }
    return places
