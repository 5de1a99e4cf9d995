"""Transfers to commit: adjustments, accruals, and the close of a year. Nothing here posts.

History is never rewritten. When something comes to be known late, the contract is computed again;
what it would have posted is compared with what was posted, and the difference is posted as one
linked group that names the originals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from itertools import chain

import pyarrow as pa

from headrace.ledger.account import Account
from headrace.ledger.chart import Chart, Kind
from headrace.ledger.transfer import Transfer

ADJUSTMENT = "adjustment"
YEAR_END = "year_end"


class How(Enum):
    """How an adjustment is posted."""

    REVERSE = "reverse"  # what was wrong is reversed (红字冲销), then what is right is posted
    DIFFERENCE = "difference"  # only the difference, by pair of accounts and day (补差)


@dataclass(frozen=True)
class Accrual:
    """What a contract has earned so far, and how much of it is posted.

    Attributes:
        contract: Its id.
        debit: Id of the account that grows, such as interest receivable.
        credit: Id of the other, such as interest income.
        earned: From the beginning to the day, rounded once, minor units.
        posted: Of it, before.
        currency: ISO 4217 code.
    """

    contract: str
    debit: str
    credit: str
    earned: int
    posted: int
    currency: str = "CNY"


@dataclass(frozen=True)
class Draft:
    """What is to be committed in one batch."""

    transfers: tuple[Transfer, ...]
    accounts: tuple[Account, ...] = ()


def adjust(
    posted: Sequence[Transfer],
    wanted: Sequence[Transfer],
    how: How,
    run: str,
    on: date | None = None,
) -> tuple[Transfer, ...]:
    """The linked group that turns what was posted into what should have been.

    Args:
        posted: `POST` transfers that stand in the ledger.
        wanted: What a replay with today's knowledge gives; ids do not matter.
        how: Reverse and post anew, or post the difference.
        run: Names this adjustment: new ids begin with it, so that a retry is done once.
        on: The day it counts for; None: each on the day of its original, which may be closed, so
            that balances of that day as known from now on are right.

    Returns:
        Nothing where nothing differs.
    """
    wrong, right = _unmatched(posted, wanted)
    if how is How.REVERSE:
        reversals = (_reversal(each, f"{run}:reverse:{place}") for place, each in enumerate(wrong))
        anew = (
            replace(each, id=f"{run}:anew:{place}", refers_to="")
            for place, each in enumerate(right)
        )
        drafted = [*reversals, *anew]
    else:
        drafted = _by_pair(wrong, right, run)
    return linked(each if on is None else replace(each, on=on) for each in drafted)


def linked(transfers: Iterable[Transfer]) -> tuple[Transfer, ...]:
    """The same as one group: all are done or none."""
    group = [replace(each, linked=True) for each in transfers]
    if group:
        group[-1] = replace(group[-1], linked=False)
    return tuple(group)


def accrue(accruals: Iterable[Accrual], on: date, memo: str) -> tuple[Transfer, ...]:
    """What each contract has to be posted for a day: what it earned so far less what is posted.

    Only the sum so far was rounded, so that rounding never adds up. Less than was posted is
    posted the other way round. The id is of contract, memo and day: posting it again does nothing.
    """
    found = []
    for each in accruals:
        amount = each.earned - each.posted
        if amount:
            one, other = (each.debit, each.credit) if amount > 0 else (each.credit, each.debit)
            found.append(
                Transfer(
                    id=f"{memo}:{each.contract}:{on.isoformat()}",
                    debit=one,
                    credit=other,
                    amount=abs(amount),
                    on=on,
                    currency=each.currency,
                    contract=each.contract,
                    memo=memo,
                )
            )
    return tuple(found)


def year_end(trial: pa.Table, chart: Chart, on: date) -> Draft:
    """Close income and expense into the profit of the year, and that into retained earnings.

    Args:
        trial: `asof.trial_balance` of the last day of the year.
        chart: With the roles `profit_of_the_year` and `retained_earnings`.
        on: The last day of the year.

    Raises:
        MappingError: The chart lacks a code or role.
    """
    transfers: list[Transfer] = []
    accounts: list[Account] = []
    profit: dict[str, int] = {}
    for row in trial.select(["account", "code", "currency", "balance"]).to_pylist():
        if chart.entry(row["code"]).kind not in (Kind.INCOME, Kind.EXPENSE) or not row["balance"]:
            continue
        currency, amount = row["currency"], row["balance"]
        into = chart.account("profit_of_the_year", currency=currency)
        name = f"{YEAR_END}:{on.year}:{row['account']}"[:120]
        transfers.append(_moved(name, row["account"], into.id, amount, on, currency))
        profit[currency] = profit.get(currency, 0) - amount
    for currency, amount in sorted(profit.items()):
        one = chart.account("profit_of_the_year", currency=currency)
        other = chart.account("retained_earnings", currency=currency)
        accounts += [one, other]
        if amount:
            name = f"{YEAR_END}:{on.year}:{currency}"
            transfers.append(_moved(name, one.id, other.id, -amount, on, currency))
    return Draft(linked(transfers), tuple(accounts))


def _moved(
    name: str, source: str, target: str, debit_balance: int, on: date, currency: str
) -> Transfer:
    """A balance moved from one account to another."""
    debit, credit = (target, source) if debit_balance > 0 else (source, target)
    return Transfer(name, debit, credit, abs(debit_balance), on, currency, memo=YEAR_END)


def _reversal(original: Transfer, name: str) -> Transfer:
    return replace(
        original,
        id=name,
        debit=original.credit,
        credit=original.debit,
        refers_to=original.id,
        memo=ADJUSTMENT,
    )


def _content(each: Transfer) -> tuple[object, ...]:
    return each.debit, each.credit, each.amount, each.currency, each.on, each.contract, each.memo


def _unmatched(
    posted: Sequence[Transfer], wanted: Sequence[Transfer]
) -> tuple[list[Transfer], list[Transfer]]:
    """What was posted and is not wanted, and what is wanted and was not posted."""

    def left(these: Sequence[Transfer], those: Sequence[Transfer]) -> list[Transfer]:
        spare = Counter(_content(each) for each in those)
        found = []
        for each in these:
            if spare[_content(each)]:
                spare[_content(each)] -= 1
            else:
                found.append(each)
        return found

    return left(posted, wanted), left(wanted, posted)


def _by_pair(wrong: list[Transfer], right: list[Transfer], run: str) -> list[Transfer]:
    """One transfer for each pair of accounts, day and contract whose sums differ."""
    sums: dict[tuple[str, str, str, date, str], int] = {}
    original: dict[tuple[str, str, str, date, str], str] = {}
    signed = chain(((each, 1) for each in right), ((each, -1) for each in wrong))
    for each, sign in signed:
        one, other = sorted((each.debit, each.credit))
        key = (one, other, each.currency, each.on, each.contract)
        amount = sign * (each.amount or 0)
        sums[key] = sums.get(key, 0) + (amount if each.debit == one else -amount)
        if sign < 0:
            original[key] = each.id
    drafted = []
    for place, (key, amount) in enumerate(sums.items()):
        one, other, currency, on, contract = key
        if amount:
            debit, credit = (one, other) if amount > 0 else (other, one)
            drafted.append(
                Transfer(
                    id=f"{run}:difference:{place}",
                    debit=debit,
                    credit=credit,
                    amount=abs(amount),
                    on=on,
                    currency=currency,
                    refers_to=original.get(key, ""),
                    contract=contract,
                    memo=ADJUSTMENT,
                )
            )
    return drafted
