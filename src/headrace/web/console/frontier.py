"""The frontier of a run as a picture and a table: approval, price and loss, never one alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headrace.web.console.words import Words


@dataclass(frozen=True)
class Point:
    """One book that could have been chosen, ready to be read."""

    approval: str
    rate: str
    loss: str
    profit: str
    cap: str
    is_chosen: bool


@dataclass(frozen=True)
class Frontier:
    """The picture, for ECharts, and its table."""

    chart: Mapping[str, Any]
    points: tuple[Point, ...]


def frontier(rows: Sequence[Mapping[str, str]], currency: str, words: Words) -> Frontier | None:
    """What the optimiser found; None where the run kept nothing of it.

    Args:
        rows: As frontier.csv has them; dominated books are left out.
        currency: Of the profit.
        words: In which language.
    """
    kept = [row for row in rows if row["dominated"] != "True"]
    if not kept:
        return None
    caps = sorted({row["rate_cap"] for row in kept}, key=lambda cap: float(cap or 1), reverse=True)
    series = [_series(cap, kept, words) for cap in caps]
    chosen = [_place(row) for row in kept if row["chosen"] == "True"]
    series.append(
        {
            "type": "scatter",
            "name": words("frontier_chosen"),
            "data": chosen,
            "symbolSize": 18,
            "symbol": "diamond",
            "z": 5,
        }
    )
    chart = {
        "grid": {"left": 54, "right": 24, "top": 76, "bottom": 44},
        "legend": {"top": 0, "left": 0, "itemGap": 18, "itemWidth": 16},
        "tooltip": {"trigger": "item"},
        "xAxis": _axis(words("frontier_approval"), "middle", 28),
        "yAxis": _axis(words("frontier_loss"), "end", 12),
        "series": series,
    }
    return Frontier(chart, tuple(_point(row, currency, words) for row in kept))


def _series(cap: str, rows: Sequence[Mapping[str, str]], words: Words) -> dict[str, Any]:
    return {
        "type": "line",
        "name": _cap(cap, words),
        "data": sorted(_place(row) for row in rows if row["rate_cap"] == cap),
        "symbolSize": 7,
    }


def _place(row: Mapping[str, str]) -> list[float]:
    """Approval and loss in percent."""
    share, loss = float(row["approval_rate"]), float(row["expected_loss_share"])
    return [round(share * 100, 2), round(loss * 100, 3)]


def _axis(name: str, place: str, gap: int) -> dict[str, Any]:
    return {
        "type": "value",
        "scale": True,  # loss moves little: from zero one would see nothing
        "name": name,
        "nameLocation": place,
        "nameGap": gap,
        "axisLabel": {"formatter": "{value}%"},
    }


def _cap(cap: str, words: Words) -> str:
    if not cap:
        return words("frontier_free")
    return words("frontier_cap", rate=words.share(float(cap), 2))


def _point(row: Mapping[str, str], currency: str, words: Words) -> Point:
    return Point(
        approval=words.share(float(row["approval_rate"])),
        rate=words.share(float(row["rate_mean"]), 2),
        loss=words.share(float(row["expected_loss_share"]), 2),
        profit=words.money(int(row["expected_profit_minor"]), currency),
        cap=_cap(row["rate_cap"], words),
        is_chosen=row["chosen"] == "True",
    )
