"""Parties for people: who is shown, what stands between it and others, its features."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing.graph import words
from headrace.adapters.printing.graph.grids import TURNED_MAX, Rows, day, grid_of, turned
from headrace.workflows.graph_view import GraphView


def heading(label: str, view: GraphView, language: str, zone: str) -> None:
    """Who is shown, and as of when."""
    console = console_now()
    console.print(f"[bold]{safe(label)}[/]", soft_wrap=True)
    days = {name: day(at, zone) for name, at in (("day", view.moment), ("known", view.known))}
    console.print(f"[dim]{words.word('stood', language, **days)}[/]")


def relations(rows: Rows, language: str, zone: str) -> None:
    """Relations, one a line, with the fact behind each."""
    ends = [{"subject": _who(row, "subject"), "object": _who(row, "object")} for row in rows]
    shown = [
        {"subject": end["subject"], "relation": _phrase(row, language), "object": end["object"]}
        | _said(row, language, zone)
        for row, end in zip(rows, ends, strict=True)
    ]
    grid_of(shown, language, zone)


def party(view: GraphView, node: int, rows: Rows, sums: Rows, language: str, zone: str) -> None:
    """What stands between a party and others, and sums of events, from where it stands."""
    parties = view.snapshot.parties
    heading(parties.label(node), view, language, zone)
    code = parties.codes[node].as_py()
    grid_of([_from(code, row, language) | _said(row, language, zone) for row in rows],
            language, zone)  # fmt: skip
    if not sums:
        return
    console_now().print()
    told = [
        _from(code, row, language)
        | {
            "count": row["count"],
            "amount_minor": row["amount_minor"],
            "stands": _span(row["first"], row["last"], zone),
        }
        for row in sums
    ]
    grid_of(told, language, zone)


def path(found: Rows | None, language: str, zone: str) -> None:
    """A chain of relations between two parties; None: there is none."""
    if found is None:
        words.say("unconnected", language)
    else:
        relations(found, language, zone)


def features(found: pa.Table, language: str, zone: str) -> None:
    """Graph features: of few parties a line a feature, of many a line a party."""
    turned(found, language, zone)
    if found.num_rows > TURNED_MAX:
        words.say("one_by_one", language)


def _who(row: Mapping[str, Any], end: str) -> str:
    return str(row[f"{end}_name"] or row[end])


def _phrase(row: Mapping[str, Any], language: str) -> str:
    return str(row["words_zh"] if language == "zh" else row["words"])


def _from(code: str, row: Mapping[str, Any], language: str) -> dict[str, Any]:
    """A relation as its party sees it: to another (→), or from another (←)."""
    to = row["subject"] == code
    sign, other = ("→", "object") if to else ("←", "subject")
    return {"relation": f"{sign} {_phrase(row, language)}", "other": _who(row, other)}


def _said(row: Mapping[str, Any], language: str, zone: str) -> dict[str, Any]:
    return {
        "role": words.role(row["role"], language),
        "share": _share(row["share"]),
        "amount_minor": row["amount_minor"],
        "stands": _span(row["since"], row["until"], zone),
        "fact": row["fact"],
    }


def _span(first: str | None, last: str | None, zone: str) -> str | None:
    """First and last day; a side that is open stays empty."""
    days = [
        "" if each is None else day(datetime.fromisoformat(each), zone) for each in (first, last)
    ]
    return f"{days[0]} – {days[1]}".strip() if any(days) else None


def _share(bounds: Sequence[float] | None) -> str | None:
    """A percentage, or the least and the most it can be."""
    if bounds is None:
        return None
    low, high = (f"{100 * each:.4g} %" for each in bounds)
    return low if low == high else f"{low} – {high}"
