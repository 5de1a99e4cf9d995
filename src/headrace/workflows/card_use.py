"""A card applied to applicants, and explained for one: points, reasons, ways to a cut-off."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.scores.binning.bins import Kind
from headrace.scores.cards.counterfactual import Direction, Ease, Way, ways_to
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.cards.reasons import (
    REASONS_MOST,
    Ranking,
    Reason,
    ReasonMethod,
    Wording,
    rank_reasons,
)
from headrace.scores.cards.table import line_rows
from headrace.workflows.card_building import points_for
from headrace.workflows.card_names import is_past, protected
from headrace.workflows.card_settings import Stated

STAFF, EN, ZH = "reasons", "reasons_en", "reasons_zh"


@dataclass(frozen=True)
class PartTold:
    """A line of the card for one applicant.

    Attributes:
        feature: Its name.
        value: Of the applicant; None where missing.
        bin: That it falls in, in English and Chinese.
        points: Given.
        lost: Points below what the reasons compare with; below 0 where more.
        most: That the line can give.
        is_unseen: A text that the fit has not met.
    """

    feature: str
    value: float | str | None
    bin: tuple[str, str]
    points: int
    lost: int
    most: int
    is_unseen: bool


@dataclass(frozen=True)
class Explained:
    """One applicant.

    Attributes:
        base: Points that everybody has beside the parts.
        parts: In the order of the card.
        points: In all.
        probability: Of default.
        interval: 95 %, or None where the card was not fitted.
        rating: Class.
        reasons: Greatest loss first, four at most.
        unworded: Features among the reasons without words for customers.
    """

    base: int
    parts: tuple[PartTold, ...]
    points: int
    probability: float
    interval: tuple[float, float] | None
    rating: str
    reasons: tuple[Reason, ...]
    unworded: tuple[str, ...]


@dataclass(frozen=True)
class Reached:
    """Ways to a cut-off.

    Attributes:
        points: That it takes.
        ways: Easiest first; empty where it is reached already, or cannot be.
        fixed: Features held as they are, and why: asked, stated, protected, past.
        is_reached: Already.
    """

    points: int
    ways: tuple[Way, ...]
    fixed: tuple[tuple[str, str], ...]
    is_reached: bool


def ranking_of(card: PointsCard, stated: Stated, method: ReasonMethod) -> Ranking:
    """The reasons of a card in the words that are stated."""
    words: Mapping[str, Wording] = {
        name: wording for name, wording in stated.words.items() if name in card.features
    }
    return rank_reasons(card, method, words)


def apply_card(card: PointsCard, table: pa.Table, ranking: Ranking) -> pa.Table:
    """Points, probability with its interval, class and reasons of each row.

    Args:
        card: That scores.
        table: Its features, n rows.
        ranking: Its reasons.

    Returns:
        points, probability, low, high (null for a card that was not fitted), class, reasons (for
        staff: feature and points lost), reasons_en and reasons_zh (for customers).
    """
    points = card.score(table)
    probability = card.scale.probability(points)
    if card.fitted is None:
        low = high = pa.nulls(points.size, pa.float64())
    else:
        low, high = (pa.array(each) for each in card.interval(table))
    columns: dict[str, Any] = {
        "points": pa.array(points),
        "probability": pa.array(probability),
        "low": low,
        "high": high,
        "class": pa.array(card.rating.rate(probability).tolist(), pa.string()),
    }
    return pa.table(columns | _reason_columns(card, table, ranking))


def _reason_columns(card: PointsCard, table: pa.Table, ranking: Ranking) -> dict[str, pa.Array]:
    places = ranking.places(card.codes(table), REASONS_MOST)
    kinds, of = np.unique(places, axis=0, return_inverse=True)
    chosen = [[ranking.reasons[rank] for rank in row if rank >= 0] for row in kinds.tolist()]
    told = {
        STAFF: ["; ".join(f"{each.feature} -{each.shortfall}" for each in row) for row in chosen],
        EN: ["; ".join(dict.fromkeys(each.text[0] for each in row)) for row in chosen],
        ZH: ["；".join(dict.fromkeys(each.text[1] for each in row)) for row in chosen],
    }
    at = pa.array(of.reshape(-1).astype(np.int64))
    return {name: pa.array(texts, pa.string()).take(at) for name, texts in told.items()}


def first_reasons(card: PointsCard, table: pa.Table, ranking: Ranking) -> dict[str, int]:
    """Rows by the feature on which each lost most."""
    first = ranking.places(card.codes(table), 1)[:, 0]
    count = np.bincount(first[first >= 0], minlength=len(ranking.reasons)).tolist()
    found = dict.fromkeys(card.features, 0)
    for reason, rows in zip(ranking.reasons, count, strict=True):
        found[reason.feature] += rows
    return {name: rows for name, rows in found.items() if rows}


def unseen(card: PointsCard, table: pa.Table) -> dict[str, int]:
    """Rows whose text the fit has not met, by feature; only features with some."""
    found = {}
    for line in card.lines:
        if line.bins.kind is Kind.CATEGORICAL:
            strange = int(pc.sum(_strange(line.bins, table[line.feature])).as_py() or 0)
            if strange:
                found[line.feature] = strange
    return found


def _strange(bins: Any, column: pa.ChunkedArray) -> pa.ChunkedArray:
    known = [*bins.categories, *bins.rare]
    known += [str(code) for special in bins.settings.specials for code in special.codes]
    seen = pc.is_in(column, pa.array(known, pa.string()))
    return pc.and_(pc.is_valid(column), pc.invert(seen))


def explain_one(card: PointsCard, row: pa.Table, ranking: Ranking, stated: Stated) -> Explained:
    """The parts and reasons of one applicant.

    Args:
        card: That scores.
        row: Its features, one row.
        ranking: Its reasons.
        stated: Words for customers.
    """
    codes = [int(code[0]) for code in card.codes(row)]
    shortfalls = ranking.shortfalls(card, row)[0].tolist()
    parts = []
    for line, code, lost in zip(card.lines, codes, shortfalls, strict=True):
        told = line_rows(line)[code]
        value = _known(row, line.feature)
        is_text = line.bins.kind is Kind.CATEGORICAL
        parts.append(
            PartTold(
                feature=line.feature,
                value=value,
                bin=(told.label, told.label_zh),
                points=line.points[code],
                lost=lost,
                most=max(line.points),
                is_unseen=is_text and bool(_strange(line.bins, row[line.feature])[0].as_py()),
            )
        )
    points = int(card.score(row)[0])
    reasons = ranking.reasons_of(card, row)[0]
    interval = None
    if card.fitted is not None:
        low, high = card.interval(row)
        interval = float(low[0]), float(high[0])
    return Explained(
        base=card.base,
        parts=tuple(parts),
        points=points,
        probability=float(card.scale.probability(points)),
        interval=interval,
        rating=str(card.classes(row)[0]),
        reasons=reasons,
        unworded=tuple(each.feature for each in reasons if each.feature not in stated.words),
    )


def reach(
    card: PointsCard, row: pa.Table, wanted: str, stated: Stated, fixed: Collection[str]
) -> Reached:
    """What would have to change for one applicant to reach a class or a number of points.

    What is stated of a feature counts first. Of the others, one whose heading names a protected
    attribute or the past cannot change, nor can those in `fixed`; every other one can.

    Raises:
        InputError: The wish is neither class nor points of the card.
    """
    cutoff = points_for(card, wanted)
    held: list[tuple[str, str]] = []
    ease: dict[str, Ease] = {}
    for name in card.features:
        chosen, why = _ease(name, stated, fixed)
        ease[name] = chosen
        if chosen.direction is Direction.FIXED:
            held.append((name, why))
    applicant = {name: _known(row, name) for name in card.features}
    ways = ways_to(card, applicant, cutoff, ease)
    is_reached = int(card.score(row)[0]) >= cutoff
    return Reached(cutoff, ways, tuple(held), is_reached)


def _known(row: pa.Table, name: str) -> float | str | None:
    """The value of the one row; None for missing."""
    value: float | str | None = row[name][0].as_py()
    return None if isinstance(value, float) and math.isnan(value) else value


def _ease(name: str, stated: Stated, fixed: Collection[str]) -> tuple[Ease, str]:
    called = stated.names.get(name, ("", ""))
    if name in fixed:
        return Ease(name=called), "asked"
    if name in stated.ease:
        given = stated.ease[name]
        return Ease(given.direction, given.effort, called, given.reach, given.supply), "stated"
    if protected(name):
        return Ease(name=called), "protected"
    if is_past(name):
        return Ease(name=called), "past"
    return Ease(Direction.ANY, name=called), ""
