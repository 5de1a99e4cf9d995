"""Terms of many loans as columns (批量借款条件): what schedules of a whole book are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.contracts.conventions.business_days import BusinessDay
from headrace.contracts.conventions.calendars import day_number
from headrace.contracts.conventions.rounding import RATE_SCALE, scaled_rate
from headrace.contracts.lending.terms import (
    PERIODS_MAX,
    PRINCIPAL_MAX,
    FeeKind,
    InterestDays,
    Level,
    Method,
    Residue,
    Terms,
    fee_on,
)
from headrace.errors import InputError

Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]

NEVER = -(1 << 40)
METHODS = tuple(Method)
SHIFTS = tuple(BusinessDay)
YEARS = np.array([each.year for each in InterestDays], np.int64)
REFUSALS = pa.schema(
    [("row", pa.int64()), ("field", pa.string()), ("value", pa.string()), ("remedy", pa.string())]
)


@dataclass(frozen=True)
class Loans:
    """One element a loan; days since 1970-01-01, rates in 1e-10 a year, amounts in minor units.

    Attributes:
        maturity: NEVER where `instalments` says how many there are.
        instalments: 0 where the maturity is given.
        due_day: 0 for the day of the start.
        due_month: -1 for the month of the start.
        due_first: NEVER where the rule says.
        method: Index in METHODS.
        shift: Index in SHIFTS.
        instalment: 0 where it is to be solved.
        fee: With every instalment.
        fee_share: Of the balance, with every instalment.
        rate_at: int64 (n + 1,): where each loan's rates start in `rate_from` and `rate`; the first
            of each is from its start.
        plan_at: The same for `plan_day` and `plan_amount`; an amount below 0 is drawn.
    """

    principal: Longs
    start: Longs
    maturity: Longs
    instalments: Longs
    every_months: Longs
    due_day: Longs
    due_month: Longs
    due_first: Longs
    first_days_min: Longs
    last_days_min: Longs
    method: Longs
    days: Longs
    level: Longs
    residue: Longs
    grace_principal: Longs
    grace_interest: Longs
    instalment: Longs
    shift: Longs
    plan_pays_interest: Longs
    subsidy_share: Longs
    subsidy_points: Longs
    fee: Longs
    fee_share: Longs
    rate_at: Longs
    rate_from: Longs
    rate: Longs
    plan_at: Longs
    plan_day: Longs
    plan_amount: Longs

    def __len__(self) -> int:
        return len(self.principal)

    @property
    def over(self) -> Longs:
        """int64 (n,): what an amount times rate times day units is divided by to be interest."""
        return RATE_SCALE * YEARS[self.days]


FLAT = tuple(each.name for each in fields(Loans))[:23]
DEFAULTS = {
    "maturity": NEVER,
    "due_month": -1,
    "due_first": NEVER,
    "every_months": 1,
    "first_days_min": 1,
    "last_days_min": 1,
}
"""Of columns a table may leave out; others are 0."""


def loans_of(terms: Sequence[Terms]) -> Loans:
    """The columns of some terms, which have checked themselves."""
    flat = [_flat(each) for each in terms]
    columns = {
        name: np.array([row[place] for row in flat], np.int64) for place, name in enumerate(FLAT)
    }
    rates = [((each.start, each.rate), *each.rates) for each in terms]
    return Loans(
        **columns,
        rate_at=_offsets([len(each) for each in rates]),
        rate_from=np.array([day_number(day) for each in rates for day, _ in each], np.int64),
        rate=np.array([scaled_rate(rate) for each in rates for _, rate in each], np.int64),
        plan_at=_offsets([len(each.plan) for each in terms]),
        plan_day=np.array([day_number(day) for each in terms for day, _ in each.plan], np.int64),
        plan_amount=np.array([amount for each in terms for _, amount in each.plan], np.int64),
    )


def _flat(terms: Terms) -> tuple[int, ...]:
    """In the order of the fields of Loans, lists left out."""
    due, subsidy = terms.due, terms.subsidy
    on_balance = [fee for fee in terms.fees if fee.kind is FeeKind.ON_BALANCE]
    each_period = [fee for fee in terms.fees if fee.kind is FeeKind.EACH_PERIOD]
    fee = sum(fee_on(each, terms.principal) for each in each_period)
    return (
        terms.principal,
        day_number(terms.start),
        _day(terms.maturity),
        terms.instalments or 0,
        due.every_months,
        due.day or 0,
        -1 if due.month is None else due.month,
        _day(due.first),
        due.first_days_min,
        due.last_days_min,
        METHODS.index(terms.method),
        terms.days,
        terms.level,
        terms.residue,
        terms.grace_principal,
        terms.grace_interest,
        terms.instalment or 0,
        SHIFTS.index(terms.shift),
        terms.plan_pays_interest,
        scaled_rate(subsidy.share) if subsidy else 0,
        scaled_rate(subsidy.points) if subsidy else 0,
        fee + sum(each.amount for each in on_balance),
        sum(scaled_rate(each.share) for each in on_balance),
    )


def _day(day: date | None) -> int:
    return NEVER if day is None else day_number(day)


def _offsets(counts: Sequence[int] | Longs) -> Longs:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def loans_from(table: pa.Table) -> tuple[Loans, Longs, pa.Table]:
    """Loans of a table, one row a loan; rows that cannot be are told apart, the others go on.

    Columns are the fields of `Loans`: `principal`, `start` (date32) and `rate` (decimal) are asked
    for, and `maturity` (date32) or `instalments`; `method` is text, `days` is text such as
    ACTUAL_360, `shift` text such as SCF, `level` and `residue` text, `due_first` date32, shares
    are decimal. `rates` and `plan` are lists of structs (day: date32, rate: decimal) and (day:
    date32, amount: int64), null or empty where there are none.

    Returns:
        The loans that can be; int64 (loans,) their rows in the table; and REFUSALS, each with the
        row, the field, its value, and what would be right.

    Raises:
        InputError: A column that is asked for is missing, or one has no such type.
    """
    missing = {"principal", "start", "rate"} - set(table.column_names)
    if missing:
        where = ", ".join(sorted(missing))
        raise InputError("columns are missing", where=where, remedy="Give principal, start, rate.")
    n = table.num_rows
    columns = {name: _column(table, name, n) for name in FLAT}
    rate = _scaled(table["rate"])
    found = _refused(columns, rate, table)
    good = np.ones(n, np.bool_)
    good[[row for row, *_ in found]] = False
    kept = np.flatnonzero(good)
    taken = table.filter(pa.array(good)) if found else table
    changes_at, changes_from, changes = _lists(taken, "rates", "rate")
    plan_at, plan_day, plan_amount = _lists(taken, "plan", "amount")
    rate_at = changes_at + np.arange(len(kept) + 1)
    first = rate_at[:-1]
    rate_from, rates = np.empty(rate_at[-1], np.int64), np.empty(rate_at[-1], np.int64)
    rest = np.ones(rate_at[-1], np.bool_)
    rest[first] = False
    rate_from[first], rates[first] = columns["start"][kept], rate[kept]
    rate_from[rest], rates[rest] = changes_from, changes
    _check_lists(kept, rate_at, rate_from, "rates")
    _check_lists(kept, plan_at, plan_day, "plan")
    loans = Loans(
        **{name: values[kept] for name, values in columns.items()},
        rate_at=rate_at,
        rate_from=rate_from,
        rate=rates,
        plan_at=plan_at,
        plan_day=plan_day,
        plan_amount=plan_amount,
    )
    refusals = pa.Table.from_pylist(
        [dict(zip(REFUSALS.names, each, strict=True)) for each in found], REFUSALS
    )
    return loans, kept, refusals


WORDS: Mapping[str, tuple[str, ...]] = {
    "method": tuple(each.value for each in METHODS),
    "days": tuple(each.name for each in InterestDays),
    "shift": tuple(each.value for each in SHIFTS),
    "level": tuple(each.name for each in Level),
    "residue": tuple(each.name for each in Residue),
}
"""Columns of words; a word's number is its place."""


def _column(table: pa.Table, name: str, n: int) -> Longs:
    """A column as int64: words by their place (-1 for none such), days, decimals in 1e-10."""
    if name not in table.column_names:
        return np.full(n, DEFAULTS.get(name, 0), np.int64)
    column = table[name]
    if name in WORDS:
        places = pc.index_in(column, value_set=pa.array(WORDS[name]))
        return np.asarray(pc.fill_null(places, -1).to_numpy(), np.int64)
    if pa.types.is_decimal(column.type):
        return _scaled(pc.fill_null(column, pa.scalar(0, column.type)))
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    if not (pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)):
        raise InputError(
            f"a column is {column.type}", where=f"loans, {name}", remedy="See loans_from."
        )
    return np.asarray(
        pc.fill_null(column.cast(pa.int64()), DEFAULTS.get(name, 0)).to_numpy(), np.int64
    )


def _scaled(column: pa.ChunkedArray) -> Longs:
    """Decimals in units of 1e-10; the low words of 128 bits, for a rate is small."""
    if not pa.types.is_decimal(column.type) or column.type.scale > 10:
        raise InputError(
            f"a rate is {column.type}", remedy="Give decimals of at most ten places: 0.0435."
        )
    cast = column.cast(pa.decimal128(38, 10))
    whole = cast.combine_chunks() if isinstance(cast, pa.ChunkedArray) else cast
    whole = pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole
    if whole.null_count:
        raise InputError("a rate is missing", where="loans, rate", remedy="Give every rate.")
    words = np.frombuffer(whole.buffers()[1], np.int64)[2 * whole.offset :]
    return words[: 2 * len(whole) : 2].copy()


def _lists(table: pa.Table, name: str, value: str) -> tuple[Longs, Longs, Longs]:
    """Offsets, days and values of a column of lists, none where there is no such column."""
    n = table.num_rows
    if name not in table.column_names:
        return np.zeros(n + 1, np.int64), np.empty(0, np.int64), np.empty(0, np.int64)
    counts = pc.fill_null(pc.list_value_length(table[name]), 0).to_numpy()
    flat = pc.list_flatten(table[name])
    inner = pa.Table.from_arrays(
        [pc.struct_field(flat, "day"), pc.struct_field(flat, value)], ["day", value]
    )
    return _offsets(counts.astype(np.int64)), _column(inner, "day", 0), _column(inner, value, 0)


def _check_lists(kept: Longs, at: Longs, days: Longs, name: str) -> None:
    """Raise an InputError where the days of a loan's list do not rise."""
    rises = np.ones(len(days), np.bool_)
    rises[1:] = days[1:] > days[:-1]
    rises[at[:-1][at[:-1] < len(days)]] = True
    wrong = np.flatnonzero(~rises)
    if len(wrong):
        row = kept[np.searchsorted(at, wrong[0], side="right") - 1]
        raise InputError(
            f"days do not rise from the start on in row {row}",
            where=f"loans, {name}",
            remedy="Sort them.",
        )


def _refused(columns: Mapping[str, Longs], rate: Longs, table: pa.Table) -> list[tuple[Any, ...]]:
    """(row, field, value, remedy) of each row that cannot be, the first reason of each."""
    none = columns["instalments"] == 0
    ends = np.where(none, columns["maturity"], columns["start"] + 1)
    method = columns["method"]
    drawn = method == METHODS.index(Method.ANY_DAY)
    leveled = (method == 0) | (method == 1)
    checks: list[tuple[str, Flags, str]] = [
        (name, columns[name] < 0, f"Give one of {', '.join(words)}.")
        for name, words in WORDS.items()
    ]
    checks += [
        (
            "principal",
            (columns["principal"] < np.where(drawn, 0, 1)) | (columns["principal"] > PRINCIPAL_MAX),
            f"Give 1 to {PRINCIPAL_MAX} minor units.",
        ),
        ("rate", (rate < 0) | (rate > RATE_SCALE), "Give a fraction of 0 to 1: 0.0435."),
        (
            "instalments",
            (columns["instalments"] < 0) | (columns["instalments"] > PERIODS_MAX),
            f"Give 1 to {PERIODS_MAX}.",
        ),
        ("maturity", ends <= columns["start"], "Give a day after the start, or instalments."),
        (
            "maturity",
            ~none & (columns["maturity"] != NEVER),
            "Give a maturity or instalments, not both.",
        ),
        ("every_months", ~np.isin(columns["every_months"], np.arange(1, 121)), "Give 1 to 120."),
        ("due_day", (columns["due_day"] < 0) | (columns["due_day"] > 31), "Give 1 to 31."),
        ("first_days_min", columns["first_days_min"] < 1, "Give 1 or more."),
        ("last_days_min", columns["last_days_min"] < 1, "Give 1 or more."),
        (
            "due_first",
            (columns["due_first"] != NEVER)
            & (
                (columns["due_first"] <= columns["start"]) | (none & (columns["due_first"] >= ends))
            ),
            "Give a day after the start and before maturity.",
        ),
        ("instalment", ~leveled & (columns["instalment"] != 0), "Leave it out."),
        (
            "residue",
            (columns["residue"] == 1) & (method != 1),
            "Only equal_principal puts it first.",
        ),
    ]
    found: dict[int, tuple[Any, ...]] = {}
    for name, wrong, remedy in checks:
        for row in np.flatnonzero(wrong):
            value = table[name][int(row)].as_py() if name in table.column_names else None
            found.setdefault(int(row), (int(row), name, str(value), remedy))
    return [found[row] for row in sorted(found)]
