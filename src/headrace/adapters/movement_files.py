"""A file of movements, as `headrace collateral desk` and others write it, for a book of loans."""

from datetime import date
from itertools import groupby
from pathlib import Path

from headrace.adapters.desk_rows import Cell, Column, Row, read_rows
from headrace.contracts.movements import ROLES, Movement
from headrace.errors import InputError
from headrace.workflows.loan_log import Moved

_ROLES = {role: role for role in ROLES}
MOVEMENTS = (
    Column("row", Cell.COUNT, also=("行",)),
    Column("contract", also=("合同", "合同编号", "pledge", "质押")),
    Column("party", also=("企业", "当事人")),
    Column("on", Cell.DAY, also=("day", "日期"), needed=True),
    Column("debit", also=("借",), needed=True, words=_ROLES),
    Column("credit", also=("贷",), needed=True, words=_ROLES),
    Column("amount", Cell.YUAN, also=("金额",)),
    Column("amount_minor", Cell.COUNT),
    Column("memo", also=("for", "摘要"), needed=True),
)
"""Amounts in yuan, or in whole minor units under `amount_minor`."""


def read_moved(path: Path, part: str, contract: str, currency: str) -> list[tuple[str, Moved]]:
    """What a part moved, one entry an act, each with its idempotency key.

    Rows of one act stand together: same `row`, contract and day; without the column `row` each row
    is an act. The key is made of part, file's `row` and contract.

    Args:
        path: CSV, TSV, workbook or Parquet; see MOVEMENTS.
        part: Which one, such as `collateral`.
        contract: Whose, where the file does not say.
        currency: Of all amounts.

    Raises:
        InputError: Naming row and column.
    """
    rows = read_rows(path, MOVEMENTS)
    if not rows:
        raise InputError("there is no movement in it", where=str(path), remedy="a row per movement")
    found = []
    for (act, whose, on), group in groupby(rows, lambda each: _act(each, contract)):
        each = list(group)
        moves = tuple(_movement(row, path, currency) for row in each)
        moved = Moved(on, part, whose, each[0]["party"] or "", moves)
        found.append((f"{part} {act} {whose}", moved))
    return found


def _act(row: Row, contract: str) -> tuple[int, str, date]:
    act = row.number if row["row"] is None else row["row"]
    return act, row["contract"] or contract, row["on"]


def _movement(row: Row, path: Path, currency: str) -> Movement:
    amount = row["amount_minor"] if row["amount"] is None else row["amount"]
    try:
        return Movement(row["debit"], row["credit"], amount or 0, currency, row["on"], row["memo"])
    except ValueError as error:
        raise InputError(
            str(error),
            where=f"{path}, row {row.number}",
            remedy="two roles, and an amount above 0",
        ) from error
