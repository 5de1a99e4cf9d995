"""What a book's loans owed on an earlier day, from its ledger."""

from collections.abc import Mapping
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from headrace.ledger.asof import trial_balance
from headrace.workflows.loan_desk import LoanDesk

PRINCIPAL = ("loan_principal", "overdue_principal")


def a_year_before(day: date) -> date:
    """The same day of the year before; the last of February of a leap year's last."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def balances_at(desk: LoanDesk, first: date, as_of: date) -> Mapping[str, int] | None:
    """Principal owed by contract a year before a day.

    Args:
        desk: The book.
        first: The day its first loan started.
        as_of: The day.

    Returns:
        Minor units by contract; None where the book is younger than that.
    """
    then = a_year_before(as_of)
    if then < first:
        return None
    codes = [desk.code_of(role) for role in PRINCIPAL]
    trial = trial_balance(desk.ledger.book, then)
    mine = trial.filter(pc.is_in(trial["code"], value_set=pa.array(codes, pa.string())))
    sums = mine.group_by("contract").aggregate([("balance", "sum")])
    return dict(zip(sums["contract"].to_pylist(), sums["balance_sum"].to_pylist(), strict=True))
