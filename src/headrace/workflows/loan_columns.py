"""Books of loans and claims as people export them: cells read, rows refused with a reason."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.contracts.conventions.business_days import BusinessDay
from headrace.contracts.conventions.calendars import Calendar
from headrace.contracts.lending.loans import loans_from
from headrace.contracts.lending.schedule import schedules
from headrace.contracts.lending.terms import PERIODS_MAX, InterestDays, Level, Method, Residue
from headrace.errors import InputError
from headrace.workflows.loan_file import (
    MONTHS_MAX,
    read_amount,
    read_day,
    read_decimal,
    read_rate,
    read_word,
    words_of,
)

Longs = NDArray[np.int64]
MINOR = "_minor"
COUNT_MAX = 100_000
_RATE = pa.decimal128(12, 10)
LOANS_AT_ONCE = 20_000

LOAN_HEADERS: Mapping[str, tuple[str, ...]] = {
    "loan": ("loan", "contract", "id", "合同编号", "借据号", "合同号"),
    "principal": ("principal", "amount", "本金", "贷款金额", "借款金额", "合同金额"),
    "principal_minor": ("principal_minor",),
    "start": ("start", "起息日", "放款日", "放款日期"),
    "rate": ("rate", "年利率", "利率"),
    "maturity": ("maturity", "到期日", "到期日期"),
    "instalments": ("instalments", "期数"),
    "method": ("method", "还款方式"),
    "days": ("days", "计息规则", "计息方式"),
    "every_months": ("every_months", "间隔月数"),
    "due_day": ("due_day", "还款日"),
    "due_month": ("due_month",),
    "due_first": ("due_first", "首次还款日"),
    "first_days_min": ("first_days_min", "首期最短天数"),
    "last_days_min": ("last_days_min", "末期最短天数"),
    "level": ("level",),
    "residue": ("residue",),
    "grace_principal": ("grace_principal", "本金宽限期数"),
    "grace_interest": ("grace_interest", "利息宽限期数"),
    "instalment": ("instalment", "月供", "每期还款额"),
    "instalment_minor": ("instalment_minor",),
    "shift": ("shift", "节假日规则", "节假日顺延"),
    "subsidy_share": ("subsidy_share", "贴息比例"),
    "subsidy_points": ("subsidy_points", "贴息利率"),
    "fee": ("fee", "每期费用"),
    "fee_minor": ("fee_minor",),
    "fee_share": ("fee_share", "每期费率"),
    "rates": ("rates",),
    "plan": ("plan",),
}
"""Columns of a book of loans, with the headings under which they are found."""
LOAN_NEEDED = ("start", "rate")

REFUSED = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("id", pa.string()),
        pa.field("field", pa.string(), nullable=False),
        pa.field("value", pa.string()),
        pa.field("remedy", pa.string(), nullable=False),
    ]
)
"""Rows that were not used: data rows of the file from 1, what stands there, what would be right."""

INSTALMENTS = pa.schema(
    [
        pa.field("loan", pa.string(), nullable=False),
        pa.field("number", pa.int64(), nullable=False),
        pa.field("start", pa.date32(), nullable=False),
        pa.field("due", pa.date32(), nullable=False),
        pa.field("pay_on", pa.date32(), nullable=False),
        pa.field("final", pa.bool_(), nullable=False),
        pa.field("rate", pa.float64(), nullable=False),
        *(
            pa.field(f"{name}_minor", pa.int64(), nullable=False)
            for name in (
                "opening", "principal", "interest", "subsidy", "fee", "payment", "closing",
            )
        ),
    ]
)  # fmt: skip
"""One row an instalment; `final` is false where the year's holidays are not announced."""


@dataclass(frozen=True)
class Reading:
    """How the cells of a column are read.

    Attributes:
        read: A cell to its value; None: it cannot be.
        kind: Of the values.
        remedy: What would be right.
    """

    read: Callable[[Any], Any]
    kind: pa.DataType
    remedy: str


@dataclass(frozen=True)
class Typed:
    """A table whose cells were read; rows with a cell that cannot be are left out.

    Attributes:
        table: What is left.
        rows: Data row in the file of each, from 1.
        ids: What the file calls each, its row where it calls it nothing.
        refused: REFUSED.
    """

    table: pa.Table
    rows: Longs
    ids: tuple[str, ...]
    refused: pa.Table


@dataclass(frozen=True)
class Part:
    """Some loans of a book.

    Attributes:
        instalments: INSTALMENTS.
        loans: How many.
        refused: REFUSED.
    """

    instalments: pa.Table
    loans: int
    refused: pa.Table


# --- cells ------------------------------------------------------------------------------------


def money(currency: str) -> Reading:
    """Amounts in major units as int64 minor ones, from 0."""
    return Reading(
        lambda value: _fits(read_amount(value, currency)),
        pa.int64(),
        "Give an amount such as 100000 or 8530.99.",
    )


def minor() -> Reading:
    """Amounts in minor units, from 0."""
    return Reading(_whole, pa.int64(), "Give whole minor units.")


def rates() -> Reading:
    """Rates and shares as decimals of ten places."""
    return Reading(_rate, _RATE, "Give a fraction of 0 to 1 such as 0.0435, or 4.35%.")


def days() -> Reading:
    """Calendar days of 1900 to 2199."""
    return Reading(read_day, pa.date32(), "Give a day such as 2026-03-01.")


def counts() -> Reading:
    """Whole numbers from 0."""
    return Reading(_count, pa.int64(), f"Give a whole number, 0 to {COUNT_MAX}.")


def words(kind: type[Enum], told: Callable[[Any], str]) -> Reading:
    """Words of an enum, as the engine tells them."""

    def read(value: Any) -> str | None:
        found = read_word(kind, value)
        return None if found is None else told(found)

    return Reading(read, pa.string(), f"Give one of {words_of(kind)}.")


def texts() -> Reading:
    """Text, which numbers may be: 7 and 7.0 of a sheet are "7"."""
    return Reading(_text, pa.string(), "Give text.")


def _fits(amount: int | None) -> int | None:
    return amount if amount is not None and 0 <= amount < 1 << 61 else None


def _whole(value: Any) -> int | None:
    number = read_decimal(value)
    whole = number is not None and number == number.to_integral_value()
    return _fits(int(number)) if number is not None and whole else None


def _count(value: Any) -> int | None:
    number = _whole(value)
    return number if number is not None and 0 <= number <= COUNT_MAX else None


def _rate(value: Any) -> Decimal | None:
    number = read_rate(value)
    if number is None or not 0 <= number <= 1:
        return None
    rounded = round(number, 10)
    return rounded if rounded == number else None


def _text(value: Any) -> str | None:
    text = str(value).strip()
    return text.removesuffix(".0") if isinstance(value, float) else text or None


def read_column(column: pa.ChunkedArray, reading: Reading) -> tuple[pa.Array, NDArray[np.bool_]]:
    """A column read, each different cell once; and where something stands that cannot be.

    An empty cell, or one of blanks, is missing: null, and not wrong.
    """
    whole = column.combine_chunks()
    if pa.types.is_null(whole.type):
        return pa.nulls(len(whole), reading.kind), np.zeros(len(whole), np.bool_)
    encoded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    places = encoded.indices
    found, wrong = [], []
    for cell in encoded.dictionary.to_pylist():
        empty = cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())  # noqa: PLR0124 - NaN
        value = None if empty else reading.read(cell)
        found.append(value)
        wrong.append(not empty and value is None)
    values = pa.array(found, reading.kind).take(places)
    bad = pa.array(wrong, pa.bool_()).take(places)
    return values, np.asarray(pc.fill_null(bad, fill_value=False), np.bool_)


def typed(
    table: pa.Table,
    rows: Longs,
    readings: Mapping[str, Reading],
    needed: Sequence[str],
    name: str,
) -> Typed:
    """A table with its cells read; a row whose cell cannot be is told, and left out.

    Args:
        table: As the file holds it, columns by their keys; one without a reading stays as it is.
        rows: Data row in the file of each, from 1.
        readings: By key.
        needed: Keys whose cells may not be missing.
        name: Key of what a row is called.
    """
    n = table.num_rows
    columns: dict[str, Any] = {}
    found: dict[int, tuple[str, Any, str]] = {}
    for key in table.column_names:
        if key not in readings:
            columns[key] = table[key]
            continue
        columns[key], bad = read_column(table[key], readings[key])
        if key in needed:
            bad = bad | np.asarray(pc.is_null(columns[key]), np.bool_)
        for at in np.flatnonzero(bad):
            told = table[key][int(at)].as_py()
            found.setdefault(int(at), (key, told, readings[key].remedy))
    ids = [
        str(each) if each is not None else str(row)
        for each, row in zip(
            columns[name].to_pylist() if name in columns else [None] * n, rows.tolist(), strict=True
        )
    ]
    return _without(Typed(pa.table(columns), rows, tuple(ids), REFUSED.empty_table()), found)


def refusals(found: Sequence[tuple[int, str, str, Any, str]]) -> pa.Table:
    """Rows with what is wrong with each, as REFUSED."""
    told = [(row, id_, key, None if v is None else str(v), how) for row, id_, key, v, how in found]
    return pa.Table.from_pylist(
        [dict(zip(REFUSED.names, each, strict=True)) for each in told], REFUSED
    )


# --- a book of loans --------------------------------------------------------------------------


def loan_readings(currency: str) -> dict[str, Reading]:
    """How the columns of a book of loans are read; `rates` and `plan` stay as they are."""
    counted = ("instalments", "every_months", "due_day", "due_month", "first_days_min",
               "last_days_min", "grace_principal", "grace_interest")  # fmt: skip
    return {
        "loan": texts(),
        **{key: money(currency) for key in ("principal", "instalment", "fee")},
        **{f"{key}{MINOR}": minor() for key in ("principal", "instalment", "fee")},
        **{key: days() for key in ("start", "maturity", "due_first")},
        **{key: rates() for key in ("rate", "subsidy_share", "subsidy_points", "fee_share")},
        **{key: counts() for key in counted},
        "method": words(Method, _value),
        "shift": words(BusinessDay, _value),
        "days": words(InterestDays, _name),
        "level": words(Level, _name),
        "residue": words(Residue, _name),
    }


def _value(member: Enum) -> str:
    return str(member.value)


def _name(member: Enum) -> str:
    return member.name


_USUAL = {"method": "equal_instalment", "days": "MONTHS_360", "shift": "NOS", "level": "HALF_UP",
          "residue": "LAST"}  # fmt: skip


def typed_loans(table: pa.Table, rows: Longs, currency: str) -> Typed:
    """A book of loans whose cells were read; an empty word is the usual one.

    Raises:
        InputError: An amount is in a column of yuan and in one of fen, or in neither.
    """
    names = table.column_names
    for key in ("principal", "instalment", "fee"):
        if key in names and f"{key}{MINOR}" in names:
            problem = f"'{key}' stands in two columns"
            raise InputError(problem, where="loans", remedy=f"{key}, or {key}{MINOR}")
    amount = next((key for key in ("principal", f"principal{MINOR}") if key in names), None)
    if amount is None:
        remedy = f"principal in {currency}, or principal{MINOR}; or 本金"
        raise InputError("there is no column for the principal", where="loans", remedy=remedy)
    read = typed(table, rows, loan_readings(currency), (*LOAN_NEEDED, amount), "loan")
    columns = {
        key.removesuffix(MINOR): pc.fill_null(read.table[key], _USUAL[key])
        if key in _USUAL
        else read.table[key]
        for key in read.table.column_names
        if key != "loan"
    }
    return _sensible(Typed(pa.table(columns), read.rows, read.ids, read.refused))


def _sensible(book: Typed) -> Typed:
    """Without loans whose columns are right each, but not together; the first reason of each."""
    table, n = book.table, book.table.num_rows
    names = table.column_names

    def has(key: str) -> NDArray[np.bool_]:
        column = table[key] if key in names else pa.nulls(n)
        if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
            return np.asarray(pc.fill_null(pc.list_value_length(column), 0).to_numpy() > 0)
        return np.asarray(pc.is_valid(column))

    def number(key: str, otherwise: int) -> Longs:
        if key not in names:
            return np.full(n, otherwise, np.int64)
        return np.asarray(pc.fill_null(table[key].cast(pa.int64()), otherwise).to_numpy())

    method = np.array(table["method"].to_pylist() if "method" in names else [_USUAL["method"]] * n)
    irregular = method == Method.IRREGULAR.value
    whole = np.isin(method, [Method.BULLET.value, Method.IRREGULAR.value])
    planned = irregular | (method == Method.ANY_DAY.value)
    most = number("every_months", 1)
    graces = ("grace_principal", "grace_interest")
    counted = ("instalments", "due_day", "every_months", "instalment")
    checks = (
        *(
            (key, has(key) & (number(key, 1) == 0), "Give 1 or more, or nothing.")
            for key in counted
        ),
        *((key, number(key, 0) > PERIODS_MAX, f"Give 0 to {PERIODS_MAX}.") for key in graces),
        (
            "instalments",
            number("instalments", 0) * most > MONTHS_MAX,
            f"Give at most {MONTHS_MAX} months in all.",
        ),
        ("maturity", whole & ~has("maturity"), "Give a maturity: this method needs one."),
        ("plan", irregular & ~has("plan"), "Say which principal is repaid on which day."),
        ("plan", ~planned & has("plan"), "Leave it out, or take irregular or any_day."),
        ("due_month", number("due_month", 0) >= most, "Give 0 to every_months - 1."),
        ("subsidy_share", has("subsidy_share") & has("subsidy_points"), "Give one of the two."),
    )
    found: dict[int, tuple[str, Any, str]] = {}
    for key, wrong, remedy in checks:
        for at in np.flatnonzero(wrong):
            told = table[key][int(at)].as_py() if key in names else None
            found.setdefault(int(at), (key, told, remedy))
    return _without(book, found)


def _without(book: Typed, found: Mapping[int, tuple[str, Any, str]]) -> Typed:
    """Without some rows, by place, each told with its field, its value and what would be right."""
    if not found:
        return book
    good = np.ones(book.table.num_rows, np.bool_)
    good[list(found)] = False
    told = [(int(book.rows[at]), book.ids[at], *found[at]) for at in sorted(found)]
    return Typed(
        book.table.filter(pa.array(good)),
        book.rows[good],
        tuple(each for each, kept in zip(book.ids, good.tolist(), strict=True) if kept),
        pa.concat_tables([book.refused, refusals(told)]),
    )


def parts(book: Typed, calendar: Calendar, at_once: int = LOANS_AT_ONCE) -> Iterator[Part]:
    """The instalments of a book, some loans after the other.

    A loan whose terms cannot be is told, and the others go on.
    """
    for first in range(0, max(book.table.num_rows, 1), at_once):
        yield _part(_cut(book, first, at_once), calendar)


def _cut(book: Typed, first: int, count: int) -> Typed:
    last = first + count
    return Typed(
        book.table.slice(first, count),
        book.rows[first:last],
        book.ids[first:last],
        REFUSED.empty_table(),
    )


def _part(book: Typed, calendar: Calendar) -> Part:
    n = book.table.num_rows
    if not n:
        return Part(INSTALMENTS.empty_table(), 0, REFUSED.empty_table())
    try:
        return _scheduled(book, calendar)
    except InputError as error:
        if n > 1:  # which of them it is about is found by halves
            halves = [_part(_cut(book, first, n // 2 + n % 2), calendar)
                      for first in (0, n // 2 + n % 2)]  # fmt: skip
            return Part(
                pa.concat_tables([each.instalments for each in halves]),
                sum(each.loans for each in halves),
                pa.concat_tables([each.refused for each in halves]),
            )
        told = (int(book.rows[0]), book.ids[0], error.where or "terms", None,
                f"{error.problem}. {error.remedy}")  # fmt: skip
        return Part(INSTALMENTS.empty_table(), 0, refusals([told]))


def _scheduled(book: Typed, calendar: Calendar) -> Part:
    loans, kept, refused = loans_from(book.table)
    found = schedules(loans, calendar).table() if len(loans) else None
    told = [
        (int(book.rows[each["row"]]), book.ids[each["row"]], each["field"],
         None if each["value"] == "None" else each["value"], each["remedy"])
        for each in refused.to_pylist()
    ]  # fmt: skip
    if found is None:
        return Part(INSTALMENTS.empty_table(), 0, refusals(told))
    names = pa.array([book.ids[at] for at in kept.tolist()], pa.string())
    amounts = ("opening", "principal", "interest", "subsidy", "fee", "payment", "closing")
    columns = [
        names.take(found["loan"].combine_chunks()),
        *(found[name] for name in ("number", "start", "due", "pay_on", "final")),
        pc.divide(found["rate"].cast(pa.float64()), 1e10),
        *(found[name] for name in amounts),
    ]
    table = pa.Table.from_arrays(columns, schema=INSTALMENTS)
    return Part(table, len(loans), refusals(told))


def by_year(instalments: pa.Table) -> pa.Table:
    """What falls to be paid in each year: columns `year` and the sums in minor units."""
    names = [f"{name}{MINOR}" for name in ("principal", "interest", "subsidy", "fee", "payment")]
    years = instalments.select(names).append_column("year", pc.year(instalments["pay_on"]))
    summed = years.group_by("year").aggregate([(name, "sum") for name in names]).sort_by("year")
    return summed.select(["year", *(f"{name}_sum" for name in names)]).rename_columns(
        ["year", *names]
    )


def last_day(instalments: pa.Table) -> date | None:
    """The last day on which something is paid; None: nothing is."""
    found: date | None = pc.max(instalments["pay_on"]).as_py()
    return found
