"""Slow, obvious twins of `headrace.facts`: one row, one cell, one pair at a time."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from headrace.clock import end_of_day


def first_equal(rows: Sequence[tuple[int, ...]]) -> list[int]:
    seen: dict[tuple[int, ...], int] = {}
    return [seen.setdefault(row, position) for position, row in enumerate(rows)]


def match_red_letters(group: Sequence[int], day: Sequence[int], red: Sequence[bool]) -> list[int]:
    """Each red letter, in time order, takes the latest invoice that is left."""
    found = [-1] * len(group)
    taken: set[int] = set()
    for letter in in_time(group, day, red):
        if not red[letter]:
            continue
        left = [
            position
            for position in in_time(group, day, red)
            if not red[position]
            and position not in taken
            and group[position] == group[letter]
            and day[position] <= day[letter]
        ]
        if left:
            found[letter] = left[-1]
            taken.add(left[-1])
    return found


def match_by_number(group: Sequence[int], day: Sequence[int], red: Sequence[bool]) -> list[int]:
    """Each red letter names the latest invoice of its group; several may name the same."""
    found = [-1] * len(group)
    for letter in range(len(group)):
        if red[letter]:
            for position in in_time(group, day, red):
                fits = group[position] == group[letter] and day[position] <= day[letter]
                if fits and not red[position]:
                    found[letter] = position
    return found


def in_time(group: Sequence[int], day: Sequence[int], red: Sequence[bool]) -> list[int]:
    return sorted(range(len(group)), key=lambda at: (day[at], red[at], at))


def money(text: str, decimals: int = 2) -> int | str:
    """Minor units, or the name of the rule by which the text is refused."""
    cell = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-")
    if cell.startswith("(") != cell.endswith(")"):
        return "bad_number"
    signs = ""
    if cell.startswith("("):
        cell, signs = cell[1:-1], "-"
    for marks in (("+", "-"), ("¥", "CNY", "RMB", "人民币"), ("+", "-")):
        cell, mark = _without(cell, str.startswith, str.removeprefix, marks)
        signs += mark if mark in ("+", "-") else ""
    for marks in (("-",), ("元", "CNY", "RMB")):
        cell, mark = _without(cell, str.endswith, str.removesuffix, marks)
        signs += mark if mark == "-" else ""
    grouped = re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d*)?", cell, re.ASCII)
    plain = re.fullmatch(r"\d+(\.\d*)?|\.\d+", cell, re.ASCII)
    if len(signs) > 1 or not (grouped or plain):
        return "bad_number"
    value = Decimal(cell.replace(",", ""))
    if value >= 10**13:
        return "bad_number"
    minor = value.scaleb(decimals)
    if minor != int(minor):
        return "more_than_two_decimals"
    return -int(minor) if signs == "-" else int(minor)


def _without(
    cell: str,
    has: Callable[[str, str], bool],
    remove: Callable[[str, str], str],
    marks: Sequence[str],
) -> tuple[str, str]:
    for mark in marks:
        if has(cell, mark):
            return remove(cell, mark).strip(), mark
    return cell, ""


def utc_from_local(local_us: int, zone: str) -> int:
    wall_clock = instant(local_us)
    return microseconds(wall_clock.replace(tzinfo=ZoneInfo(zone)))


def end_of_month(day: date) -> date:
    """The last day of the month that holds `day`."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def end_of_local_day(utc_us: int, zone: str) -> int:
    local = instant(utc_us).astimezone(ZoneInfo(zone))
    return microseconds(end_of_day(local.date(), zone))


def end_of_local_month(utc_us: int, zone: str) -> int:
    local = instant(utc_us).astimezone(ZoneInfo(zone))
    return microseconds(end_of_day(end_of_month(local.date()), zone))


def instant(utc_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=utc_us)


def microseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def as_of(
    invoices: Sequence[dict[str, Any]],
    corrections: Sequence[dict[str, Any]],
    known_time: datetime,
) -> list[str]:
    """The ids of the invoices that stood, as far as was known."""
    standing = []
    for invoice in invoices:
        if invoice["known_time"] > known_time:
            continue
        void = any(
            item["kind"] == "void"
            and item["corrects"] == invoice["id"]
            and item["known_time"] <= known_time
            for item in corrections
        )
        if not void:
            standing.append(invoice["id"])
    return standing
