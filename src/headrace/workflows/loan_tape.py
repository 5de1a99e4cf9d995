"""A loan tape as a bank exports it becomes one that pools can be made of, row by row.

Amounts are in yuan, rates fractions (0.0435) or texts with a per cent sign; a rate column whose
header says % is in per cent. What cannot be read is set aside with its row and reason.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.contracts.securitisation.amounts import PPM
from headrace.contracts.securitisation.pool import Concentration, Eligibility
from headrace.contracts.securitisation.projection import PLAN_WORDS, PLANS
from headrace.contracts.securitisation.revolving import Standards
from headrace.errors import InputError
from headrace.facts.headers import plain
from headrace.workflows.securitisation_data import Split

HEADERS = {
    "loan_id": ("loan_id", "贷款编号", "借据号", "合同编号"),
    "balance": ("balance", "余额", "贷款余额", "本金余额", "未偿本金余额"),
    "rate": ("rate", "利率", "年利率", "执行利率"),
    "rate_percent": ("rate_percent", "利率(%)", "年利率(%)", "执行利率(%)"),
    "terms": ("terms", "总期数"),
    "terms_left": ("terms_left", "剩余期数"),
    "start": ("start", "放款日", "起始日", "发放日"),
    "plan": ("plan", "还款方式"),
}
"""The headers that carry each column, the preferred one first."""

LISTED = ("loan_id", "balance")
"""What a tape needs to be tested."""

ASIDE = pa.schema(
    [("row", pa.int64()), ("column", pa.string()), ("cell", pa.string()), ("reason", pa.string())]
)
_DAY = re.compile(r"(\d{4})\D?(\d{1,2})\D?(\d{1,2})(日|[ T]00:00:00)?")
_INTEGER, _NUMBER = r"^-?(0|[1-9][0-9]{0,17})$", r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?$"
_CELL_MAX = 80
Reader = Callable[[Any], Any]


@dataclass(frozen=True)
class Tape:
    """A loan tape.

    Attributes:
        table: Loans that could be read: the columns of `pool.loan_lines` that are there, beside
            them `balance_yuan` and `rate` as written, and every other column of the file.
        aside: Rows that could not, of schema `ASIDE`: data row from 1, column, cell, reason.
        rows: Data rows of the file.
        title: What stands above the header, such as that the data are made up; or "".
    """

    table: pa.Table
    aside: pa.Table
    rows: int
    title: str = ""


def tape_of(known: pa.Table, others: pa.Table, rows: Sequence[int], ragged: Sequence[int]) -> Tape:
    """Read every cell that a pool needs.

    Args:
        known: Columns named by keys of `HEADERS`, cells as in the file.
        others: The other columns of the file.
        rows: Data row of each row in the file, from 1.
        ragged: Rows that fit no header.
    """
    aside: dict[int, tuple[int, str, str, str]] = {
        row: (row, "", "", "单元格数与表头不符 cells do not fit the header") for row in ragged
    }
    read = {key: _read(known[key], key, rows, aside) for key in known.column_names}
    _check_ids(read["loan_id"], rows, aside)
    if {"terms", "terms_left"} <= read.keys():
        for row, all_of, left in zip(rows, read["terms"], read["terms_left"], strict=True):
            if row not in aside and not 1 <= left <= all_of:
                reason = "须在 1 与总期数之间 not from 1 to terms"
                aside[row] = (row, "terms_left", str(left), reason)
    kept = [place for place, row in enumerate(rows) if row not in aside]
    beside = {
        name: _typed(others[name].take(pa.array(kept, pa.int64())))
        for name in others.column_names
        if name
    }
    found = {key: [values[place] for place in kept] for key, values in read.items()}
    table = pa.table(beside | _canonical(found))
    told = [aside[row] for row in sorted(aside)]
    listed = pa.table([list(x) for x in zip(*told, strict=True)] or [[]] * 4, schema=ASIDE)
    return Tape(table, listed, len(rows) + len(ragged))


def _canonical(found: dict[str, list[Any]]) -> dict[str, pa.Array]:
    out = {
        "loan_id": pa.array(found["loan_id"], pa.string()),
        "balance": pa.array(found["balance"], pa.int64()),
        "balance_yuan": pa.array([fen / 100 for fen in found["balance"]], pa.float64()),
    }
    for key in ("rate", "rate_percent"):
        if key in found:
            out["rate_ppm"] = pa.array(found[key], pa.int64())
            out["rate"] = pa.array([ppm / PPM for ppm in found[key]], pa.float64())
    kinds = {
        "terms": pa.int64(),
        "terms_left": pa.int64(),
        "start": pa.date32(),
        "plan": pa.string(),
    }
    return out | {key: pa.array(found[key], kind) for key, kind in kinds.items() if key in found}


def _read(
    column: pa.ChunkedArray, key: str, rows: Sequence[int], aside: dict[int, Any]
) -> list[Any]:
    reader, reason = _READERS[key]
    out: list[Any] = []
    for row, cell in zip(rows, column.to_pylist(), strict=True):
        try:
            value = reader(cell)
        except (ArithmeticError, ValueError):
            value = None
        if value is None and row not in aside:
            shown = "" if cell is None else str(cell)[:_CELL_MAX]
            aside[row] = (row, key, shown, reason if shown else "缺失 is missing")
        out.append(value)
    return out


def _check_ids(ids: Sequence[str | None], rows: Sequence[int], aside: dict[int, Any]) -> None:
    """A loan that is there twice would count twice."""
    seen: dict[str, int] = {}
    for row, loan in zip(rows, ids, strict=True):
        if loan is None or row in aside:
            continue
        first = seen.setdefault(loan, row)
        if first != row:
            aside[row] = (row, "loan_id", loan, f"与第 {first} 行重复 is the loan of row {first}")


def _number(cell: Any) -> Fraction | None:
    if cell is None or isinstance(cell, bool | bytes):
        return None
    text = str(cell).strip().replace(",", "").replace("，", "").lstrip("¥￥").replace("％", "%")
    if not text:
        return None
    percent = text.endswith("%")
    return Fraction(Decimal(text.removesuffix("%"))) / (100 if percent else 1)


def _text(cell: Any) -> str | None:
    return (str(cell).strip() or None) if cell is not None else None


def _fen(cell: Any) -> int | None:
    value = _number(cell)
    if value is None or value < 0 or (value * 100).denominator != 1 or value >= 10**13:
        return None
    return int(value * 100)


def _ppm(cell: Any) -> int | None:
    value = _number(cell)
    return None if value is None or not 0 <= value <= 1 else round(value * PPM)


def _ppm_of_percent(cell: Any) -> int | None:
    value = _number(cell)
    if value is None:
        return None
    share = value if "%" in str(cell).replace("％", "%") else value / 100
    return round(share * PPM) if 0 <= share <= 1 else None


def _count(cell: Any) -> int | None:
    value = _number(cell)
    fits = value is not None and value.denominator == 1 and 0 <= value <= 1200
    return int(value) if value is not None and fits else None


def _day(cell: Any) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = str(cell).strip().removesuffix(".0") if cell is not None else ""
    found = _DAY.fullmatch(text)
    day = date(int(found[1]), int(found[2]), int(found[3])) if found else None
    return day if day is not None and 1950 <= day.year <= 2199 else None


def _plan(cell: Any) -> str | None:
    word = "" if cell is None else str(cell).strip()
    word = PLAN_WORDS.get(word, word)
    return word if word in PLANS else None


_READERS: dict[str, tuple[Reader, str]] = {
    "loan_id": (_text, "缺失 is missing"),
    "balance": (_fen, "不是金额（元，两位小数） no amount in yuan"),
    "rate": (_ppm, "不是利率：写 0.0435 或 4.35%；百分数列名写 利率(%) no rate from 0 to 1"),
    "rate_percent": (_ppm_of_percent, "不是百分数 no rate in per cent"),
    "terms": (_count, "不是期数 no number of periods"),
    "terms_left": (_count, "不是期数 no number of periods"),
    "start": (_day, "不是日期 no date"),
    "plan": (_plan, f"还款方式须为 {'、'.join(PLAN_WORDS)} plan: {', '.join(PLANS)}"),
}


def _typed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts that are all numbers as programs write them are numbers; blanks are missing."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_large_string(column.type):
        column = column.cast(pa.string())
    if not pa.types.is_string(column.type):
        return column
    texts = pc.utf8_trim_whitespace(column)
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    for pattern, kind in ((_INTEGER, pa.int64()), (_NUMBER, pa.float64())):
        if pc.all(pc.match_substring_regex(texts, pattern)).as_py():
            return texts.cast(kind)
    return texts


def column_of(tape: pa.Table, name: str) -> str:
    """The column of a tape that a rule means: by any of its headers, amounts in yuan.

    Raises:
        InputError: There is none, or two.
    """
    wanted = plain(name)
    for key, headers in HEADERS.items():
        if wanted in map(plain, headers):
            shown = {"balance": "balance_yuan", "rate_percent": "rate"}.get(key, key)
            if shown in tape.column_names:
                return shown
    found = [each for each in tape.column_names if plain(each) == wanted]
    if len(found) != 1:
        raise InputError(
            f"the tape has {'no' if not found else 'more than one'} column {name!r}",
            where="rules",
            remedy=f"one of {', '.join(tape.column_names)}",
        )
    return str(found[0])


def bound(standards: Standards, tape: pa.Table) -> Standards:
    """The standards with the columns of a tape.

    Raises:
        InputError: A column is not on it.
    """
    loans = tuple(
        Eligibility(column_of(tape, test.column), test.op, test.value, test.zh)
        for test in standards.loans
    )
    limits = tuple(
        Concentration(test.name, column_of(tape, test.column), test.largest, test.limit)
        for test in standards.limits
    )
    return Standards(loans, limits)


def split_of(tape: pa.Table, split: Split) -> str:
    """The column of a split; ranges need numbers.

    Raises:
        InputError: The column is not there, or its values cannot be in ranges.
    """
    name = column_of(tape, split.column)
    kind = tape.schema.field(name).type
    if split.edges and not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise InputError(
            f"column {name} holds {kind}, and ranges need numbers",
            where="rules strata",
            remedy="leave out edges",
        )
    return name


def balance_of(tape: pa.Table) -> int:
    """All balances, minor units."""
    return int(np.asarray(tape["balance"].to_numpy(), np.int64).sum())
