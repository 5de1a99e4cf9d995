"""A book of claims as people export it, to five classes: cells read, classes, days ahead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.contracts.classification.ahead import days_ahead
from headrace.contracts.classification.claims import NOTHING, Claims, Elsewhere, Mark, claims_of
from headrace.contracts.classification.grading import Grades, classify
from headrace.contracts.classification.tables import Grade, Kind, Reason, Tables
from headrace.contracts.classification.words import GRADES, Language, classes_table
from headrace.errors import InputError
from headrace.workflows.loan_columns import (
    MINOR,
    Reading,
    Typed,
    counts,
    days,
    minor,
    money,
    rates,
    texts,
    typed,
)
from headrace.workflows.loan_file import read_flag, read_word

CLAIM_HEADERS: Mapping[str, tuple[str, ...]] = {
    "claim": ("claim", "loan", "contract", "借据号", "合同编号", "债权编号"),
    "debtor": ("debtor", "party", "customer", "客户编号", "债务人", "借款人", "客户"),
    "amount": ("amount", "balance", "本金余额", "贷款余额", "余额", "金额"),
    "amount_minor": ("amount_minor", "balance_minor"),
    "days_past_due": ("days_past_due", "overdue_days", "逾期天数"),
    "kind": ("kind", "类别", "客户类型"),
    "next_due": ("next_due", "下次还款日", "下一还款日"),
    "previous": ("previous", "上期分类", "原分类"),
    "proposed": ("proposed", "拟上调分类"),
    "impaired": ("impaired", "已减值", "信用减值"),
    "loss_rate": ("loss_rate", "预期损失率"),
    "technical": ("technical", "技术性逾期"),
    "misused": ("misused", "挪用"),
    "refinanced": ("refinanced", "借新还旧"),
    "evading": ("evading", "逃废债"),
    "bankrupt": ("bankrupt", "破产清算"),
    "written_off": ("written_off", "已核销"),
    "cured_since": ("cured_since", "还清逾期日"),
    "periods_paid": ("periods_paid", "其后正常期数"),
    "observed_until": ("observed_until", "观察期至"),
    "restructured": ("restructured", "观察期内重组次数"),
    "elsewhere_debt": ("elsewhere_debt", "他行负债"),
    "elsewhere_overdue": ("elsewhere_overdue", "他行逾期90天以上"),
    "elsewhere_bad": ("elsewhere_bad", "他行不良"),
}
"""Columns of a book of claims, with the headings under which they are found."""
CLAIM_NEEDED = ("debtor", "days_past_due")
MARKS = {
    "technical": Mark.TECHNICAL,
    "misused": Mark.MISUSED,
    "refinanced": Mark.REFINANCED,
    "evading": Mark.EVADING,
    "bankrupt": Mark.BANKRUPT,
    "written_off": Mark.WRITTEN_OFF,
}
_KINDS = {
    "非零售": Kind.NON_RETAIL, "对公": Kind.NON_RETAIL, "企业": Kind.NON_RETAIL,
    "零售": Kind.RETAIL, "个人": Kind.RETAIL, "信用卡": Kind.CARD,
}  # fmt: skip
_GRADES = {words[Language.ZH]: grade for grade, words in GRADES.items()}


@dataclass(frozen=True)
class Classified:
    """Classes of a book of claims.

    Attributes:
        table: CLASSES of `classification.words`, claims and debtors as the file calls them,
            amounts as `amount_minor`.
        amount: Minor units by class.
        count: Claims by class.
        refused: Rows that were not used, REFUSED of `loan_columns`.
    """

    table: pa.Table
    amount: Mapping[Grade, int]
    count: Mapping[Grade, int]
    refused: pa.Table

    @property
    def bad_share(self) -> float | None:
        """Share of all amounts that is bad (不良率); None: there are none."""
        total = sum(self.amount.values())
        bad = sum(value for grade, value in self.amount.items() if grade >= Grade.SUBSTANDARD)
        return bad / total if total else None


def typed_claims(table: pa.Table, rows: NDArray[np.int64], currency: str) -> Typed:
    """A book of claims whose cells were read.

    Raises:
        InputError: There is no column of amounts, or there are two.
    """
    amounts = [key for key in ("amount", f"amount{MINOR}") if key in table.column_names]
    if len(amounts) != 1:
        remedy = f"one column: amount in {currency}, or amount{MINOR}; or 本金余额"
        raise InputError(f"{len(amounts)} columns of amounts", where="claims", remedy=remedy)
    flags = Reading(_flag, pa.int64(), "Give yes or no, 是 or 否.")
    grades = Reading(_grade, pa.int64(), f"Give one of {', '.join(_GRADES)}.")
    readings = {
        "claim": texts(),
        "debtor": texts(),
        **{key: money(currency) for key in ("amount", "elsewhere_debt", "elsewhere_overdue")},
        f"amount{MINOR}": minor(),
        **{key: counts() for key in ("days_past_due", "periods_paid", "restructured")},
        **{key: days() for key in ("next_due", "cured_since", "observed_until")},
        **dict.fromkeys((*MARKS, "impaired", "elsewhere_bad"), flags),
        **dict.fromkeys(("previous", "proposed"), grades),
        "loss_rate": rates(),
        "kind": Reading(_kind, pa.int64(), f"Give one of {', '.join(_KINDS)}, or card."),
    }
    read = typed(table, rows, readings, (*CLAIM_NEEDED, amounts[0]), "claim")
    names = [key.removesuffix(MINOR) for key in read.table.column_names]
    return Typed(read.table.rename_columns(names), read.rows, read.ids, read.refused)


def classified(book: Typed, tables: Tables, on: date, language: Language) -> Classified:
    """The class of every claim, why, and when it reaches each class if nothing happens.

    Raises:
        InputError: No rules are on file for the day, or rows of one debtor say different things
            of its debt at other banks.
    """
    if Reason.OVERDUE_SUBSTANDARD not in tables.on(on):
        first = min(
            each.since for each in tables.rules if each.reason is Reason.OVERDUE_SUBSTANDARD
        )
        problem = f"no rules of the five classes are on file for {on}"
        raise InputError(problem, where="--on", remedy=f"give a day from {first} on")
    codes = book.table["debtor"].combine_chunks().dictionary_encode()
    debtor = codes.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    claims = claims_of(len(codes.dictionary), debtor=debtor, **_columns(book))
    elsewhere = _elsewhere(book, codes.dictionary.to_pylist(), debtor)
    grades = classify(claims, tables, on, elsewhere)
    outlook = days_ahead(claims, grades, tables, on, elsewhere)
    table = classes_table(claims, grades, outlook, tables, on, language)
    named = {
        "claim": pa.array(book.ids, pa.string()),
        "debtor": book.table["debtor"],
        "amount_minor": table["amount"],
    }
    rest = [name for name in table.column_names if name not in ("claim", "debtor", "amount")]
    amount, count = _by_class(claims, grades)
    return Classified(
        pa.table({**named, **{name: table[name] for name in rest}}), amount, count, book.refused
    )


def _by_class(claims: Claims, grades: Grades) -> tuple[dict[Grade, int], dict[Grade, int]]:
    amount = {g: int(claims.amount[grades.grade == g].sum()) for g in Grade}
    return amount, {g: int((grades.grade == g).sum()) for g in Grade}


def _columns(book: Typed) -> dict[str, NDArray[Any]]:
    table = book.table
    found: dict[str, NDArray[Any]] = {"amount": _ints(table["amount"], 0)}
    usual = {"days_past_due": 0, "periods_paid": 0, "restructured": 0, "kind": Kind.NON_RETAIL}
    usual |= dict.fromkeys(("next_due", "cured_since", "observed_until"), NOTHING)
    usual |= dict.fromkeys(("impaired", "previous", "proposed"), NOTHING)
    for key, otherwise in usual.items():
        if key in table.column_names:
            found[key] = _ints(table[key], otherwise)
    if "loss_rate" in table.column_names:
        shares = table["loss_rate"].cast(pa.float64())
        found["loss_rate"] = np.asarray(pc.fill_null(shares, float("nan")), np.float64)
    marks = np.zeros(table.num_rows, np.int64)
    for key, mark in MARKS.items():
        if key in table.column_names:
            marks |= int(mark) * _ints(table[key], 0)
    return found | {"marks": marks}


def _ints(column: pa.ChunkedArray, otherwise: int) -> NDArray[np.int64]:
    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    return np.asarray(pc.fill_null(column.cast(pa.int64()), otherwise), np.int64)


def _elsewhere(book: Typed, codes: list[str], debtor: NDArray[np.int32]) -> Elsewhere | None:
    """What rows say of each debtor at other banks; rows that say nothing do not count."""
    names = [
        key for key in ("debt", "overdue", "bad") if f"elsewhere_{key}" in book.table.schema.names
    ]
    if not names:
        return None
    found = {key: np.full(len(codes), NOTHING, np.int64) for key in ("debt", "overdue", "bad")}
    for key in names:
        values = _ints(book.table[f"elsewhere_{key}"], NOTHING)
        np.maximum.at(found[key], debtor, values)
        other = np.flatnonzero((values != NOTHING) & (values != found[key][debtor]))
        if len(other):
            at = int(other[0])
            raise InputError(
                f"rows of debtor {codes[debtor[at]]} differ",
                where=f"claims, row {int(book.rows[at])}, elsewhere_{key}",
                remedy="state the same in every row of a debtor, or in one",
            )
    return Elsewhere(found["debt"], found["overdue"], found["bad"].astype(np.int8))


def _flag(value: Any) -> int | None:
    found = read_flag(value)
    return None if found is None else int(found)


def _grade(value: Any) -> int | None:
    return _member(Grade, _GRADES, value)


def _kind(value: Any) -> int | None:
    return _member(Kind, _KINDS, value)


def _member(kind: type[Enum], chinese: Mapping[str, Enum], value: Any) -> int | None:
    text = str(value).strip()
    found = chinese[text] if text in chinese else read_word(kind, value)
    return None if found is None else int(found.value)
