"""Neighbour fields of the trade-credit score, from tables of sales and of firms."""

import math
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pyarrow as pa

from headrace.clock import day_number
from headrace.errors import InputError
from headrace.scores.named.neighbours import NEVER, Sales, Standing, neighbour_fields

SALES_HEADERS = {
    "seller": ("seller", "销方", "销方代码", "卖方"),
    "buyer": ("buyer", "购方", "购方代码", "买方"),
    "amount": ("amount", "金额", "价税合计"),
    "on": ("on", "date", "开票日期", "日期"),
    "known": ("known", "获知日期"),
}
STANDING_HEADERS = {
    "firm": ("firm", "企业", "企业代码"),
    "score": ("score", "评分", "得分"),
    "trouble": ("trouble", "风险日期", "违约日期"),
}
SCORE_MAX = 100.0


def neighbours_of(sales: pa.Table, standing: pa.Table, on: date) -> pa.Table:
    """Neighbour fields of every firm named in either table, as of a day.

    Args:
        sales: `seller`, `buyer`, `amount` in yuan above 0, `on`; `known` where it was known later
            than the day of the sale.
        standing: `firm`, its own `score` 0 to 100 or nothing, `trouble`: the day from which a
            default or suit was known, or nothing.
        on: The day.

    Returns:
        `firm`, sorted, and the columns of `neighbours.neighbour_fields`.

    Raises:
        InputError: A cell cannot be read; its row and column are named.
    """
    sellers, buyers = _names(sales, "seller"), _names(sales, "buyer")
    listed = _names(standing, "firm")
    _check_once(listed)
    firms = sorted({*sellers, *buyers, *listed})
    number = {name: at for at, name in enumerate(firms)}
    days = _days(sales, "on")
    known = _days(sales, "known") if "known" in sales.column_names else days
    score, trouble = np.full(len(firms), np.nan), np.full(len(firms), NEVER, np.int64)
    places = [number[name] for name in listed]
    score[places] = _scores(standing)
    if "trouble" in standing.column_names:
        trouble[places] = [NEVER if day is None else day for day in _days(standing, "trouble")]
    given = Sales(
        seller=np.array([number[name] for name in sellers], np.int64),
        buyer=np.array([number[name] for name in buyers], np.int64),
        amount=np.array(_fen(sales), np.int64),
        on=np.array([_needed(day, row, "on") for row, day in enumerate(days, start=1)], np.int64),
        known=np.array(
            [first if day is None else day for first, day in zip(days, known, strict=True)],
            np.int64,
        ),
    )
    fields = neighbour_fields(given, Standing(score, trouble), day_number(on))
    return fields.add_column(0, "firm", pa.array(firms, pa.string()))


def _check_once(names: list[str]) -> None:
    seen: set[str] = set()
    for row, name in enumerate(names, start=1):
        if name in seen:
            problem = f"the firm {name!r} is there twice"
            raise InputError(problem, where=f"row {row}, firm", remedy="keep one row")
        seen.add(name)


def _names(table: pa.Table, column: str) -> list[str]:
    found = ["" if cell is None else str(cell).strip() for cell in table[column].to_pylist()]
    for row, name in enumerate(found, start=1):
        if not name:
            raise InputError("a firm has no name", where=f"row {row}, {column}", remedy="its code")
    return found


def _days(table: pa.Table, column: str) -> list[int | None]:
    return [_day(cell, row, column) for row, cell in enumerate(table[column].to_pylist(), start=1)]


def _day(cell: Any, row: int, column: str) -> int | None:
    if cell is None or cell == "":
        return None
    try:
        return day_number(cell if type(cell) is date else date.fromisoformat(str(cell)[:10]))
    except ValueError as error:
        where = f"row {row}, {column}"
        raise InputError(f"{cell!r} is no day", where=where, remedy="2024-03-01") from error


def _needed(day: int | None, row: int, column: str) -> int:
    if day is None:
        raise InputError("the day is missing", where=f"row {row}, {column}", remedy="2024-03-01")
    return day


def _scores(table: pa.Table) -> list[float]:
    found = []
    for row, cell in enumerate(table["score"].to_pylist(), start=1):
        try:
            value = float("nan") if cell in (None, "") else float(cell)
        except ValueError:
            value = -1.0
        if not (math.isnan(value) or 0 <= value <= SCORE_MAX):
            where = f"row {row}, score"
            raise InputError(f"{cell!r} is no score", where=where, remedy="0 to 100, or nothing")
        found.append(value)
    return found


def _fen(table: pa.Table) -> list[int]:
    found = []
    for row, cell in enumerate(table["amount"].to_pylist(), start=1):
        try:
            fen = Decimal(str(cell).replace(",", "")) * 100
            whole = int(fen)
        except (InvalidOperation, OverflowError, ValueError):
            fen, whole = Decimal(-1), 0
        if fen != whole or not 0 < whole < 2**53:
            where = f"row {row}, amount"
            raise InputError(
                f"{cell!r} is no amount", where=where, remedy="yuan above 0, two decimals"
            )
        found.append(whole)
    return found
