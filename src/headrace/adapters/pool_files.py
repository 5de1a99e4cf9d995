"""Files of a guarantee pool: its events, claims, and exposures; rows that cannot be are named."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from headrace.adapters.desk_rows import Cell, Column, Row, read_rows
from headrace.contracts.sharing.pool_terms import (
    Claim,
    Compensate,
    Contribute,
    Event,
    Guarantee,
    Recover,
    Release,
    Resume,
)
from headrace.contracts.sharing.scenarios import Exposures
from headrace.errors import InputError
from headrace.workflows.sharing_losses import ClaimRow

ACTS: Mapping[str, str] = {
    **{
        act: act
        for act in (
            "contribute", "guarantee", "release", "claim", "compensate", "recover", "resume",
        )
    },
    "出资": "contribute",
    "担保": "guarantee",
    "解除": "release",
    "索赔": "claim",
    "代偿": "compensate",
    "追偿": "recover",
    "恢复": "resume",
}  # fmt: skip
EVENTS = (
    Column("on", Cell.DAY, also=("日期",), needed=True),
    Column("event", also=("事件",), needed=True, words=ACTS),
    Column("party", also=("出资方",)),
    Column("loan", also=("贷款",)),
    Column("borrower", also=("借款人",)),
    Column("claim", also=("索赔编号",)),
    Column("amount", Cell.YUAN, also=("金额",)),
    Column("cost", Cell.YUAN, also=("清收费用",)),
)
CLAIMS = (
    Column("loan", also=("贷款",), needed=True),
    Column("on", Cell.DAY, also=("日期",), needed=True),
    Column("amount", Cell.YUAN, also=("金额", "损失"), needed=True),
)
EXPOSURES = (
    Column("loan", also=("贷款",), needed=True),
    Column("exposure", Cell.YUAN, also=("敞口", "余额"), needed=True),
    Column("pd", Cell.NUMBER, also=("违约概率",), needed=True),
    Column("lgd", Cell.NUMBER, also=("违约损失率",), needed=True),
)
NEEDS: Mapping[str, tuple[str, ...]] = {
    "contribute": ("party", "amount"),
    "guarantee": ("loan", "amount"),
    "release": ("loan", "amount"),
    "claim": ("loan", "claim", "amount"),
    "compensate": ("claim",),
    "recover": ("claim", "amount"),
    "resume": (),
}


def read_pool_events(path: Path) -> list[tuple[int, Event]]:
    """Events in the order of the file, each with its row.

    Raises:
        InputError: Naming row and column.
    """
    rows = read_rows(path, EVENTS)
    if not rows:
        raise InputError("there is no event in it", where=str(path), remedy="a row per event")
    return [(row.number, _event(row, path)) for row in rows]


def _event(row: Row, path: Path) -> Event:
    act: str = row["event"]
    for key in NEEDS[act]:
        if row[key] is None:
            raise InputError(
                f"{key} is empty",
                where=f"{path}, row {row.number}",
                remedy=f"`{act}` needs {', '.join(NEEDS[act])}",
            )
    on: date = row["on"]
    cells: dict[str, Any] = {key: row[key] for key in EVENTS_KEYS}
    loan, claim, amount = cells["loan"], cells["claim"], cells["amount"]
    match act:
        case "contribute":
            return Contribute(on, cells["party"], amount)
        case "guarantee":
            return Guarantee(on, loan, cells["borrower"] or loan, amount)
        case "release":
            return Release(on, loan, amount)
        case "claim":
            return Claim(on, claim, loan, amount)
        case "compensate":
            return Compensate(on, claim)
        case "recover":
            return Recover(on, claim, amount, cells["cost"] or 0)
        case _:
            return Resume(on)


EVENTS_KEYS = tuple(column.key for column in EVENTS)


def read_claims(path: Path) -> list[ClaimRow]:
    """Claims in the order of the file.

    Raises:
        InputError: Naming the row of an amount that is not above 0, or a day before the one above.
    """
    rows = read_rows(path, CLAIMS)
    last = date.min
    for row in rows:
        where = f"{path}, row {row.number}"
        if row["amount"] <= 0:
            raise InputError("a claim is not above 0", where=where, remedy="an amount in yuan")
        if row["on"] < last:
            problem = f"{row['on']} comes after {last}"
            raise InputError(problem, where=where, remedy="sort the claims by day: caps hang on it")
        last = row["on"]
    return [ClaimRow(row["loan"], row["on"], row["amount"]) for row in rows]


def read_exposures(path: Path) -> Exposures:
    """Loans with what is owed at default, its chance in a year and the part lost.

    Raises:
        InputError: Naming row and column.
    """
    rows = read_rows(path, EXPOSURES)
    if not rows:
        raise InputError("there is no loan in it", where=str(path), remedy="a row per loan")
    seen: set[str] = set()
    for row in rows:
        where = f"{path}, row {row.number}"
        for key in ("pd", "lgd"):
            if not 0 <= row[key] <= 1:
                raise InputError(f"{key} is {row[key]}", where=where, remedy="0 to 1, or 2.5%")
        if row["exposure"] <= 0:
            raise InputError("exposure is not above 0", where=where, remedy="leave the loan out")
        if row["loan"] in seen:
            raise InputError(f"loan {row['loan']} is there twice", where=where, remedy="one row")
        seen.add(row["loan"])
    if sum(row["exposure"] for row in rows) > 10**16:
        raise InputError("more than 10^14 yuan", where=str(path), remedy="check the amounts")
    return Exposures(
        tuple(row["loan"] for row in rows),
        np.array([row["exposure"] for row in rows], np.int64),
        np.array([float(row["pd"]) for row in rows]),
        np.array([float(row["lgd"]) for row in rows]),
    )
