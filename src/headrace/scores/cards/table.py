"""A card as rows for people, one a bin; `table_reading` takes them back."""

import json
import math
from dataclasses import dataclass

from headrace.scores.binning.bins import CHINESE, BinKind, Bins, Kind
from headrace.scores.cards.points_card import Line, PointsCard

Cell = str | float | int | None

COLUMNS = {
    "feature": "特征",
    "kind": "类型",
    "label": "分箱",
    "label_zh": "分箱说明",
    "from": "起（含）",
    "to": "止（不含）",
    "categories": "类别",
    "rows": "样本数",
    "bad_rate": "违约率",
    "woe": "WOE",
    "iv": "IV",
    "points": "分数",
}
"""Columns in order, and what they are called in Chinese."""

BASE = "base"
"""Kind of the row of the points that everybody has."""


@dataclass(frozen=True)
class CardRow:
    """One row.

    Attributes:
        feature: Its name; empty in the row of the base points.
        kind: `base`, or what the bin holds: ordinary, special, missing, other.
        label: The bin in English; of a special, its name.
        label_zh: The bin in Chinese.
        low: Least value of an ordinary bin of numbers; None: any.
        high: Values of it are below this; None: any.
        categories: Of a bin of texts, as a JSON list.
        rows: Training rows, weighted.
        bad_rate: Share of defaults; None without rows.
        woe: Weight of evidence.
        iv: What the bin adds to the information value.
        points: That it gives.
    """

    feature: str
    kind: str
    label: str
    label_zh: str
    low: float | None
    high: float | None
    categories: str | None
    rows: float | None
    bad_rate: float | None
    woe: float | None
    iv: float | None
    points: int

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Under `COLUMNS`."""
        return (
            self.feature, self.kind, self.label, self.label_zh, self.low, self.high,
            self.categories, self.rows, self.bad_rate, self.woe, self.iv, self.points,
        )  # fmt: skip


def card_rows(card: PointsCard) -> tuple[CardRow, ...]:
    """The base points, then every bin of every line, in their order."""
    base = CardRow(
        "", BASE, "base points", "基础分", None, None, None, None, None, None, None, card.base
    )
    return (base, *(row for line in card.lines for row in line_rows(line)))


def line_rows(line: Line) -> tuple[CardRow, ...]:
    """The bins of a line, in their order."""
    bins = line.bins
    chinese = bins.labelled(CHINESE)
    ends = [None, *bins.edges, None]
    is_numeric = bins.kind is Kind.NUMERIC
    found = []
    for code, kind in enumerate(bins.kinds):
        spans = is_numeric and kind is BinKind.ORDINARY
        rate = bins.event_rate[code]
        found.append(
            CardRow(
                feature=line.feature,
                kind=kind.value,
                label=bins.labels[code],
                label_zh=chinese[code],
                low=ends[code] if spans else None,
                high=ends[code + 1] if spans else None,
                categories=_categories(bins, code),
                rows=line.rows[code],
                bad_rate=None if math.isnan(rate) else rate,
                woe=bins.woe[code],
                iv=bins.iv_by_bin[code],
                points=line.points[code],
            )
        )
    return tuple(found)


def _categories(bins: Bins, code: int) -> str | None:
    if bins.kind is Kind.NUMERIC:
        return None
    if code == bins.other:
        return json.dumps(bins.rare, ensure_ascii=False)
    return json.dumps(bins.groups[code], ensure_ascii=False) if code < bins.ordinary else None
