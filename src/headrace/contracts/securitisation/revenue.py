"""Revenue rights (收费权): what users will pay, how it covers what is due, and when service stops.

A revenue right has no principal: what is collected is income of the trust. A month's charge is
users x volume x tariff x the month's weight; it is collected over the months that follow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import numpy as np
import pyarrow as pa

from headrace.contracts.conventions.calendars import months_after
from headrace.contracts.securitisation.amounts import Rounding, rounded
from headrace.contracts.securitisation.book import Row
from headrace.contracts.securitisation.dates import day_number
from headrace.contracts.securitisation.engine import Run
from headrace.contracts.securitisation.flows import Flows
from headrace.contracts.securitisation.tables import table_of
from headrace.errors import InputError


@dataclass(frozen=True)
class RevenueRight:
    """A right to charge users, as for gas (燃气收费权).

    Attributes:
        first_month: First day of the first month that is charged.
        months: How many are charged.
        users: At the start.
        users_growth: A year, as a fraction; by whole years.
        volume: Of a user in a year, in units (m3 of gas).
        tariff: Minor units a unit; a fraction of a fen is allowed.
        seasons: Weights of January to December; they sum to 12.
        collection: Share of a charge collected in the same month, the next, and so on; what they
            leave below 1 is never collected.
    """

    first_month: date
    months: int
    users: int
    users_growth: Fraction
    volume: Fraction
    tariff: Fraction
    seasons: tuple[Fraction, ...]
    collection: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        fine = len(self.seasons) == 12 and sum(self.seasons) == 12 and self.first_month.day == 1
        shares = self.collection and min(self.collection) >= 0 and sum(self.collection) <= 1
        if not fine or not shares or min(self.seasons) < 0:
            raise InputError(
                "A revenue right has weights that do not fit",
                where="revenue right",
                remedy="12 weights that sum to 12, shares of collection that sum to 1 at most, "
                "and a first month that begins on its first day",
            )


@dataclass(frozen=True)
class Interruption:
    """Service stops or shrinks (停供).

    Attributes:
        first: First day of the first month.
        months: How many.
        factor: What is left of the charge, 0 to 1.
    """

    first: date
    months: int
    factor: Fraction


def charges(
    right: RevenueRight, interruptions: Sequence[Interruption] = ()
) -> list[tuple[date, int]]:
    """What each month is charged: `(first day, minor units)`, rounded half up a month."""
    out = []
    for k in range(right.months):
        month = months_after(right.first_month, k)
        grown = (1 + right.users_growth) ** (k // 12)
        amount = right.users * grown * right.volume * right.tariff / 12
        amount *= right.seasons[month.month - 1]
        for stop in interruptions:
            if stop.first <= month < months_after(stop.first, stop.months):
                amount *= stop.factor
        out.append((month, rounded(amount, Rounding.HALF_UP)))
    return out


def revenue_flows(right: RevenueRight, interruptions: Sequence[Interruption] = ()) -> Flows:
    """What is collected, at each month's end, as income of the pool (`interest`).

    A charge is shared over its months of collection in whole fen, and the residue is in the first.
    """
    got: dict[date, int] = {}
    for month, charge in charges(right, interruptions):
        whole = rounded(charge * sum(right.collection, Fraction(0)), Rounding.HALF_UP)
        parts = [rounded(charge * share, Rounding.DOWN) for share in right.collection]
        parts[0] += whole - sum(parts)
        for lag, part in enumerate(parts):
            on = months_after(month, lag + 1)
            got[on] = got.get(on, 0) + part
    days = np.array([day_number(on) - 1 for on in sorted(got)], dtype=np.int64)
    income = np.array([got[on] for on in sorted(got)], dtype=np.int64)
    zero = np.zeros(len(days), np.int64)
    return Flows(days, 0, zero, income, zero, zero, zero, zero)


COVER_SCHEMA = pa.schema(
    [
        ("period", pa.int32()),
        ("date", pa.date32()),
        ("collected", pa.int64()),
        ("due", pa.int64()),
        ("cover", pa.float64()),
        ("wanted", pa.float64()),
        ("passes", pa.bool_()),
    ]
)
"""Cover a period; `cover` is null where nothing is due, and the test passes."""


def cover(run: Run, classes: Sequence[str], wanted: Fraction) -> pa.Table:
    """How many times the period's collections cover what the period owes (覆盖倍数).

    What is owed is fees, and interest and principal of the classes: what was paid of them, and
    what was left unpaid more than after the period before.

    Args:
        run: A deal that has run.
        classes: Bonds that count, as a rule the senior ones (优先级).
        wanted: The multiple to reach.

    Returns:
        A table of `COVER_SCHEMA`, a row a distribution.
    """
    counted = {f"bond:{name}:{what}" for name in classes for what in ("interest", "principal")}
    got: dict[int, int] = {}
    owed: dict[int, int] = {}
    on: dict[int, date] = {}
    for row in run.rows:
        if row.kind == "collection":
            got[row.period] = got.get(row.period, 0) + row.amount
        elif _owed(row, counted):
            owed[row.period] = owed.get(row.period, 0) + row.amount
            on[row.period] = row.on
    _add_unpaid(run, classes, owed, on)
    rows = []
    for period in sorted(on):
        due = owed[period]
        value = None if due == 0 else Fraction(got.get(period, 0), due)
        passes = value is None or value >= wanted
        rows.append(
            (
                period,
                on[period],
                got.get(period, 0),
                due,
                None if value is None else float(value),
                float(wanted),
                passes,
            )
        )
    return table_of(rows, COVER_SCHEMA)


def _owed(row: Row, counted: set[str]) -> bool:
    return row.target in counted or row.target.startswith("fee:")


def _add_unpaid(
    run: Run, classes: Sequence[str], owed: dict[int, int], on: Mapping[int, date]
) -> None:
    """What was due and not paid counts in the period in which it was not."""
    by_date = {day: period for period, day in on.items()}
    before = dict.fromkeys(classes, 0)
    for one in run.standings:
        if one.what == "bond" and one.name in before and one.on in by_date:
            unpaid = one.interest_due + one.on_unpaid_due + one.principal_due
            owed[by_date[one.on]] += max(0, unpaid - before[one.name])
            before[one.name] = unpaid
