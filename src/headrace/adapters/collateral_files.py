"""Files of a collateral desk: pledges, receivables, events; rows that contradict are named."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from headrace.adapters.desk_rows import Cell, Column, Row, read_rows
from headrace.clock import day_number
from headrace.contracts.collateral.borrowing_base import Receivables
from headrace.contracts.collateral.marks import (
    KIND_ZH,
    Goods,
    Item,
    Kind,
    Land,
    Patents,
    Quota,
    Quote,
    Shares,
    Warrant,
)
from headrace.contracts.collateral.pledges import (
    MARGIN,
    Add,
    Close,
    Event,
    Held,
    Lines,
    Marked,
    Market,
    Release,
    Repay,
    Sell,
    Substitute,
)
from headrace.errors import InputError
from headrace.workflows.collateral_book import CASH, Piece, PledgedLoan
from headrace.workflows.collateral_desk import Asked

KINDS: Mapping[str, str] = {
    **{str(kind): str(kind) for kind in Kind if kind is not Kind.RECEIVABLES},
    CASH: CASH,
    **{KIND_ZH[kind]: str(kind) for kind in Kind if kind is not Kind.RECEIVABLES},
    "现金": CASH,
    "保证金": CASH,
}
PLEDGES = (
    Column("loan", also=("贷款", "合同编号"), needed=True),
    Column("owed", Cell.YUAN, also=("欠款", "贷款余额")),
    Column("kind", also=("种类", "押品种类"), words=KINDS),
    Column("code", also=("代码", "押品")),
    Column("quantity", Cell.NUMBER, also=("数量",)),
    Column("cost", Cell.NUMBER, also=("成本",)),
    Column("appraised", Cell.NUMBER, also=("评估价", "单价")),
    Column("appraised_on", Cell.DAY, also=("评估日", "定价日")),
    Column("haircut", Cell.NUMBER, also=("折扣率",)),
    Column("quality", Cell.NUMBER, also=("品质系数",)),
    Column("storage", Cell.YUAN, also=("仓储费",)),
    Column("floor", Cell.YUAN, also=("最低控货价值",)),
    Column("ends_on", Cell.DAY, also=("到期日", "权利届满日")),
    Column("due", Cell.COUNT, also=("应清缴量",)),
    Column("strike", Cell.NUMBER, also=("行权价",)),
    *(
        Column(key, Cell.NUMBER, also=(zh,))
        for key, zh in (("warn", "预警线"), ("call", "追保线"), ("close", "平仓线"))
    ),
)


BORROWERS = (
    Column("loan", also=("贷款", "合同编号"), needed=True),
    Column("party", also=("企业代号", "借款人")),
)


def read_borrowers(path: Path) -> dict[str, str]:
    """Who borrows each pledged loan, of those of which the sheet says it.

    Raises:
        InputError: Naming row and column.
    """
    rows = read_rows(path, BORROWERS)
    return {row["loan"]: row["party"] for row in rows if row["party"] is not None}


def read_pledges(path: Path, standard: Lines) -> list[PledgedLoan]:
    """Loans with what secures them: one row per piece, the first of a loan says what is owed.

    Args:
        path: The file.
        standard: Lines of loans that state none.

    Raises:
        InputError: Naming row and column.
    """
    by_loan: dict[str, list[Row]] = {}
    for row in read_rows(path, PLEDGES):
        by_loan.setdefault(row["loan"], []).append(row)
    if not by_loan:
        raise InputError("there is no pledge in it", where=str(path), remedy="a row per piece")
    return [_loan(name, rows, standard, path) for name, rows in by_loan.items()]


def _loan(name: str, rows: list[Row], standard: Lines, path: Path) -> PledgedLoan:
    owed = _one(rows, "owed", path)
    if owed is None or owed < 0:
        raise _wrong(path, rows[0], "owed", "an amount of 0 or more: what the loan owes")
    stated = {key: _one(rows, key, path) for key in ("warn", "call", "close")}
    named = {key: Decimal(value) for key, value in stated.items() if value is not None}
    lines = standard
    if named:
        release = max(standard.release, named.get("warn", standard.warn))
        try:
            lines = Lines(
                named.get("warn", standard.warn), named.get("call", standard.call),
                named.get("close", standard.close), release, None, standard.cure_days,
            )  # fmt: skip
        except InputError as error:
            where = f"{path}, row {rows[0].number}"
            raise InputError(error.problem, where=where, remedy=error.remedy) from error
    pieces: list[Piece] = []
    margin = 0
    for row in rows:
        if row["kind"] == CASH:
            margin += _cash(row, path)
        else:
            pieces.append(_piece(row, path))
    return PledgedLoan(name, owed, lines, tuple(pieces), margin)


def _one(rows: list[Row], key: str, path: Path) -> Any:
    """What the rows of a loan state, once or alike."""
    found = [(row, row[key]) for row in rows if row[key] is not None]
    for row, value in found:
        if value != found[0][1]:
            raise _wrong(path, row, key, f"as in row {found[0][0].number}: it is one loan")
    return found[0][1] if found else None


def _cash(row: Row, path: Path) -> int:
    amount = row["quantity"]
    if amount is None or amount < 0 or (amount * 100) % 1:
        raise _wrong(path, row, "quantity", "for cash, yuan to the fen")
    return int(amount * 100)


def _piece(row: Row, path: Path) -> Piece:
    if row["code"] is None:
        raise _wrong(path, row, "code", "the code that its price is found by")
    kind = Kind(row["kind"] or Kind.SHARES)
    try:
        item = _ITEM[kind](row)
    except _MissingError as error:
        raise _wrong(path, row, str(error), f"needed for {kind}") from error
    stated = None
    price, day = row["appraised"], row["appraised_on"]
    if (price is None) != (day is None):
        raise _wrong(path, row, "appraised_on", "an appraised price and its day, both or none")
    if price is not None:
        if price < 0:
            raise _wrong(path, row, "appraised", "a price of 0 or more")
        stated = Quote(price * 100, day, "appraised")
    haircut = row["haircut"]
    if haircut is not None and not 0 <= haircut <= 1:
        raise _wrong(path, row, "haircut", "a part from 0 to 1, such as 0.3 or 30%")
    return Piece(item, stated, haircut)


class _MissingError(ValueError):
    """A column that this kind needs, by name."""


def _need(row: Row, key: str) -> Any:
    found = row[key]
    if found is None or (isinstance(found, Decimal | int) and found < 0):
        raise _MissingError(key)
    return found


def _whole(row: Row, key: str) -> int:
    found = _need(row, key)
    if found % 1:
        raise _MissingError(key)
    return int(found)


def _cost(row: Row) -> Decimal | None:
    return None if row["cost"] is None else row["cost"] * 100


def _goods(row: Row) -> Item:
    quality = Decimal(1) if row["quality"] is None else row["quality"]
    if quality <= 0:
        raise _MissingError("quality")
    return Goods(
        row["code"], _need(row, "quantity"), quality, row["storage"] or 0, row["floor"] or 0,
        _cost(row),
    )  # fmt: skip


_ITEM: Mapping[Kind, Callable[[Row], Item]] = {
    Kind.SHARES: lambda row: Shares(row["code"], _whole(row, "quantity"), _cost(row)),
    Kind.GOODS: _goods,
    Kind.PATENTS: lambda row: Patents(row["code"], _need(row, "ends_on")),
    Kind.LAND: lambda row: Land(row["code"], _need(row, "quantity"), row["ends_on"]),
    Kind.QUOTA: lambda row: Quota(
        row["code"], _whole(row, "quantity"), row["due"] or 0, _need(row, "ends_on")
    ),
    Kind.WARRANT: lambda row: Warrant(
        row["code"], _whole(row, "quantity"), _need(row, "strike") * 100, _need(row, "ends_on")
    ),
}


def _wrong(path: Path, row: Row, key: str, remedy: str) -> InputError:
    shown = row[key]
    told = "is empty" if shown is None else f"is {shown}"
    return InputError(f"{key} {told}", where=f"{path}, row {row.number}", remedy=remedy)


# --- receivables ----------------------------------------------------------------------------------

RECEIVABLES = (
    Column("debtor", also=("债务人", "付款人"), needed=True),
    Column("amount", Cell.YUAN, also=("金额", "未付金额"), needed=True),
    Column("due", Cell.DAY, also=("到期日", "应付日"), needed=True),
    Column("disputed", Cell.FLAG, also=("有争议",)),
    Column("related", Cell.FLAG, also=("关联方",)),
    Column("owed_to", Cell.YUAN, also=("对其应付",)),
)


def read_receivables(path: Path) -> Receivables:
    """Invoices of one borrower; what is owed to a debtor counts once, however often it is said.

    Raises:
        InputError: Naming row and column.
    """
    rows = read_rows(path, RECEIVABLES)
    debtors = tuple(dict.fromkeys(row["debtor"] for row in rows))
    place = {name: at for at, name in enumerate(debtors)}
    owed: dict[str, int] = {}
    for row in rows:
        if row["amount"] < 0:
            raise _wrong(path, row, "amount", "0 or more: credit notes count as dilution")
        stated = row["owed_to"]
        if stated is not None and (stated < 0 or owed.get(row["debtor"], stated) != stated):
            raise _wrong(path, row, "owed_to", "0 or more, and one amount for each debtor")
        if stated is not None:
            owed[row["debtor"]] = stated
    total = sum(row["amount"] for row in rows)
    if total > 10**15:
        raise InputError("more than 10^13 yuan", where=str(path), remedy="check the amounts")
    return Receivables(
        debtor=np.array([place[row["debtor"]] for row in rows], np.int32),
        amount=np.array([row["amount"] for row in rows], np.int64),
        due=np.array([day_number(row["due"]) for row in rows], np.int32),
        disputed=np.array([bool(row["disputed"]) for row in rows], np.bool_),
        debtors=debtors,
        related=frozenset(row["debtor"] for row in rows if row["related"]),
        owed_to=owed,
    )


# --- events ---------------------------------------------------------------------------------------

ACTS: Mapping[str, str] = {
    **{act: act for act in ("add", "mark", "repay", "release", "substitute", "sell", "close")},
    "补充": "add",
    "估值": "mark",
    "还款": "repay",
    "释放": "release",
    "置换": "substitute",
    "卖出": "sell",
    "终结": "close",
}
MARKETS: Mapping[str, Market] = {
    **{str(each): each for each in Market},
    "正常": Market.OPEN,
    "停牌": Market.SUSPENDED,
    "跌停": Market.LOWER_LIMIT,
}
EVENTS = (
    Column("pledge", also=("质押", "质押编号"), needed=True),
    Column("on", Cell.DAY, also=("日期",), needed=True),
    Column("event", also=("事件",), needed=True, words=ACTS),
    Column("piece", also=("押品",)),
    Column("amount", Cell.YUAN, also=("金额", "价值")),
    Column("owed", Cell.YUAN, also=("欠款",)),
    Column("into", also=("换入",)),
    Column("proceeds", Cell.YUAN, also=("所得",)),
    Column("market", also=("市场",), words=MARKETS),
    Column("stale", Cell.FLAG, also=("价格过期",)),
)


def read_events(path: Path) -> list[Asked]:
    """Events of pledges in the order of the file; rows of one mark, one after another, are one.

    Raises:
        InputError: Naming row and column.
    """
    found: list[Asked] = []
    marks: list[Row] = []
    rows = read_rows(path, EVENTS)
    if not rows:
        raise InputError("there is no event in it", where=str(path), remedy="a row per event")
    for row in rows:
        if marks and not _same_mark(marks, row):
            found.append(_mark(marks, path))
            marks = []
        if row["event"] == "mark":
            marks.append(row)
        else:
            event = _event(row, path)
            told = " ".join(each for each in (row["event"], row["piece"]) if each)
            found.append(Asked(row["pledge"], row.number, told, event))
    if marks:
        found.append(_mark(marks, path))
    return found


def _same_mark(marks: list[Row], row: Row) -> bool:
    first = marks[0]
    return (
        row["event"] == "mark"
        and (row["pledge"], row["on"]) == (first["pledge"], first["on"])
        and row["piece"] not in {each["piece"] for each in marks}
    )


def _mark(rows: list[Row], path: Path) -> Asked:
    owed = _one(rows, "owed", path)
    if owed is None:
        raise _wrong(path, rows[0], "owed", "a mark says what is owed that day")
    pieces: dict[str, Held] = {}
    for row in rows:
        if row["piece"] is None or row["amount"] is None:
            key = "piece" if row["piece"] is None else "amount"
            raise _wrong(path, row, key, "a mark names a piece and its value")
        pieces[row["piece"]] = Held(row["amount"], bool(row["stale"]))
    event = Marked(rows[0]["on"], pieces, owed)
    return Asked(rows[0]["pledge"], rows[-1].number, "mark", event)


def _event(row: Row, path: Path) -> Event:
    on: date = row["on"]
    if row["event"] == "close":
        return Close(on)
    amount = row["amount"]
    if amount is None:
        raise _wrong(path, row, "amount", f"`{row['event']}` needs an amount")
    if row["event"] == "repay":
        return Repay(on, amount)
    piece: str = row["piece"]
    if piece is None:
        raise _wrong(path, row, "piece", f"a piece, or {MARGIN} for cash")
    if row["event"] == "substitute":
        if row["into"] is None:
            raise _wrong(path, row, "into", "the piece that comes in, `amount` its value")
        return Substitute(on, piece, row["into"], amount)
    if row["event"] == "sell":
        proceeds, market = row["proceeds"], row["market"] or Market.OPEN
        if proceeds is None and piece != MARGIN:
            raise _wrong(path, row, "proceeds", "what was received, net of costs")
        return Sell(on, piece, amount, proceeds or 0, market)
    return Add(on, piece, amount) if row["event"] == "add" else Release(on, piece, amount)
