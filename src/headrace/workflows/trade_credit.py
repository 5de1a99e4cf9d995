"""Neighbour fields of the trade-credit score, from sheets of sales and of firms.

A sale with a cell that cannot be read is set aside whole; so is a line about a firm.
"""

from datetime import date

import numpy as np
import pyarrow as pa

from headrace.clock import day_number
from headrace.pack import Text
from headrace.scores.named.neighbours import NEVER, Sales, Standing, neighbour_fields
from headrace.workflows.desk_rows import (
    NO_AMOUNT,
    TWICE,
    Cells,
    Check,
    Field,
    Row,
    Sheet,
    Unreadable,
    amount_cell,
    day_cell,
    read_sheet,
    text_cell,
)

SCORE_MAX = 100.0
NO_SCORE = Text("is no score from 0 to 100", "不是0至100之间的评分")
NO_SALE = Text("is not above 0", "应大于0")


def _score_cell(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise Unreadable(NO_SCORE) from None
    if not 0 <= value <= SCORE_MAX:
        raise Unreadable(NO_SCORE)
    return value


def _sale_cell(text: str) -> int:
    value = amount_cell(text)
    if value <= 0:
        raise Unreadable(NO_SALE if value == 0 else NO_AMOUNT)
    return value


SALES = (
    Field("seller", ("销方", "销方代码", "卖方"), text_cell, needed=True),
    Field("buyer", ("购方", "购方代码", "买方"), text_cell, needed=True),
    Field("amount", ("金额", "价税合计"), _sale_cell, needed=True),
    Field("on", ("date", "开票日期", "日期"), day_cell, needed=True),
    Field("known", ("获知日期",), day_cell),
)
"""Sales: yuan, the day, and the day it was known where that is later."""
FIRMS = (
    Field("firm", ("企业", "企业代码"), text_cell, needed=True),
    Field("score", ("评分", "得分"), _score_cell),
    Field("trouble", ("风险日期", "违约日期"), day_cell),
)
"""Firms: their own score or nothing, and the day from which a default or suit was known."""


def read_sales(cells: Cells) -> Sheet:
    """Sales of a file, and what of it cannot be used."""
    return read_sheet(cells, SALES)


def read_firms(cells: Cells) -> Sheet:
    """Firms of a file, and what of it cannot be used: a second line about a firm is not."""
    return read_sheet(cells, FIRMS, _once())


def neighbours_of(sales: Sheet, firms: Sheet, on: date) -> pa.Table:
    """Neighbour fields of every firm named in either sheet, as of a day.

    Returns:
        `firm`, sorted, and the columns of `neighbours.neighbour_fields`.
    """
    listed = [row.values["firm"] for row in firms.rows]
    sellers = [row.values["seller"] for row in sales.rows]
    buyers = [row.values["buyer"] for row in sales.rows]
    names = sorted({*sellers, *buyers, *listed})
    number = {name: at for at, name in enumerate(names)}
    score, trouble = np.full(len(names), np.nan), np.full(len(names), NEVER, np.int64)
    for name, row in zip(listed, firms.rows, strict=True):
        score[number[name]] = row.get("score", np.nan)
        if "trouble" in row.values:
            trouble[number[name]] = day_number(row.values["trouble"])
    given = Sales(
        seller=_whole([number[name] for name in sellers]),
        buyer=_whole([number[name] for name in buyers]),
        amount=_whole([row.values["amount"] for row in sales.rows]),
        on=_whole([day_number(row.values["on"]) for row in sales.rows]),
        known=_whole([day_number(row.get("known", row.values["on"])) for row in sales.rows]),
    )
    fields = neighbour_fields(given, Standing(score, trouble), day_number(on))
    return fields.add_column(0, "firm", pa.array(names, pa.string()))


def _whole(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


def _once() -> Check:
    seen: dict[str, int] = {}

    def check(row: Row) -> list[tuple[str, Text]]:
        first = seen.setdefault(row.values["firm"], row.number)
        if first == row.number:
            return []
        return [("firm", Text(TWICE.en.format(row=first), TWICE.zh.format(row=first)))]

    return check
