"""End-of-day accrual of many loans at once (批量日终计提), equal to each account's own.

A book is columns taken from accounts; `accrue_nights` moves it on and says what to post. What falls
due, is paid or is reset takes the accounts; between those days the book is enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.contracts.conventions.calendars import date_of, day_number
from headrace.contracts.lending import kernels
from headrace.contracts.lending.account import Account, Status
from headrace.contracts.lending.owed import DAY, penalty_over
from headrace.contracts.lending.periods import anchor_of
from headrace.errors import InputError

Longs = NDArray[np.int64]

NIGHTS_MAX = 3_660
"""In one go: the product of a rate, its markup and days stays below 2^62."""

ACCRUALS = pa.schema(
    [
        pa.field("loan", pa.int64(), metadata={"is": "the account's place in the book"}),
        pa.field("interest", pa.int64(), metadata={"is": "to post to interest receivable"}),
        pa.field("penalty", pa.int64(), metadata={"is": "to post to penalty receivable"}),
        pa.field("compound", pa.int64(), metadata={"is": "to post to penalty receivable"}),
    ]
)


@dataclass(frozen=True)
class Sums:
    """Amounts that accrue: int64 (n,) each.

    Attributes:
        amount: What accrues, minor units.
        rate: A year, in parts of `over` a day unit.
        over: What amount times rate times day units is divided by.
        whole: Accrued so far, whole minor units.
        rest: And the rest, in 1 / over.
        posted: Of it posted.
    """

    amount: Longs
    rate: Longs
    over: Longs
    whole: Longs
    rest: Longs
    posted: Longs


@dataclass(frozen=True)
class Book:
    """Many accounts on the morning of one day.

    Attributes:
        day: Nights before it have been counted.
        interest: Of each account, (accounts,).
        days: InterestDays of each.
        base: Where its interest period starts.
        anchor: See `kernels.day_units`.
        until: The first day on which the account itself is needed.
        owner: The account of each due, (dues,).
        late_from: The first night of its penalty.
        grace_end: The last day without.
        penalty: Of each due.
        compound: Of each due.
    """

    day: date
    interest: Sums
    days: Longs
    base: Longs
    anchor: Longs
    until: Longs
    owner: Longs
    late_from: Longs
    grace_end: Longs
    penalty: Sums
    compound: Sums


def book_of(accounts: Sequence[Account], day: date) -> Book:
    """The columns of accounts that all stand on one day.

    Raises:
        InputError: An account stands on another day, or bears the extra interest of misuse.
    """
    for place, each in enumerate(accounts):
        if each.day != day or each.misused:
            raise InputError(
                f"account {place} stands on {each.day}" if each.day != day else "misuse",
                where="book",
                remedy=f"Advance it to {day}; take accounts of misused loans one by one.",
            )
    dues = [
        (place, each, due)
        for place, each in enumerate(accounts)
        for due in each.dues
        if each.status is Status.OPEN
    ]
    late = [
        each.rate * (10_000 + each.terms.penalty.markup_bp(misused=False)) for _, each, _ in dues
    ]
    lates = [penalty_over(each.terms) for _, each, _ in dues]
    compounds = [due.interest if each.terms.penalty.compound else 0 for _, each, due in dues]
    is_open = [each.status is Status.OPEN for each in accounts]
    agreed = [each.terms.due_day for each in accounts]
    return Book(
        day,
        _sums(
            [each.balance for each in accounts],
            [each.rate if now else 0 for each, now in zip(accounts, is_open, strict=True)],
            [each.over for each in accounts],
            [(each.accrued, each.posted) for each in accounts],
        ),
        _longs([each.terms.days for each in accounts]),
        _longs([day_number(max(each.base, date(1970, 1, 1))) for each in accounts]),
        _longs([anchor_of(each.base, day) for each, day in zip(accounts, agreed, strict=True)]),
        _longs([_needed(each) for each in accounts]),
        _longs([place for place, _, _ in dues]),
        _longs([day_number(due.late_from(each.terms)) for _, each, due in dues]),
        _longs([day_number(due.grace_end) for _, _, due in dues]),
        _sums(
            [due.principal for _, _, due in dues], late, lates,
            [(due.penalty_sum, due.penalty_posted) for _, _, due in dues],
        ),
        _sums(
            compounds, late, lates,
            [(due.compound_sum, due.compound_posted) for _, _, due in dues],
        ),
    )  # fmt: skip


def _longs(values: Sequence[int]) -> Longs:
    return np.array(values, np.int64)


def _sums(
    amount: Sequence[int], rate: Sequence[int], over: Sequence[int], done: Sequence[tuple[int, int]]
) -> Sums:
    split = [divmod(total, each) for (total, _), each in zip(done, over, strict=True)]
    return Sums(
        _longs(amount),
        _longs(rate),
        _longs(over),
        _longs([whole for whole, _ in split]),
        _longs([rest for _, rest in split]),
        _longs([posted for _, posted in done]),
    )


def _needed(account: Account) -> int:
    """The first day on which more happens to an account than accruing."""
    days = [row.due for row in account.plan[:1]]
    days += [since for since, _ in account.rates if since > account.day]
    days += [due.grace_end + DAY for due in account.dues if due.grace_end >= account.day]
    days += [account.suspends_on] if account.suspends_on else []
    return day_number(min(days, default=date.max))


def accrue_nights(book: Book, day: date) -> tuple[Book, pa.Table]:
    """The book on a later morning, and what to post, in ACCRUALS; accounts without are left out.

    Raises:
        InputError: On an account something else happens by then: advance the account itself.
    """
    to = day_number(day)
    if to - day_number(book.day) > NIGHTS_MAX:
        raise InputError(
            f"{to - day_number(book.day)} nights", where="book", remedy="Accrue ten years at most."
        )
    early = np.flatnonzero(book.until < to)
    if len(early) or day < book.day:
        worst = int(early[0]) if len(early) else 0
        raise InputError(
            f"account {worst} has more than interest before {day}",
            where="book",
            remedy=f"Stop at {min(day, date_of(int(book.until.min())))} and advance the accounts.",
        )
    n, now = len(book.base), day_number(book.day)
    ends, starts = np.full(n, to), np.full(n, now)
    units = np.empty(n, np.int64)
    kernels.day_units_between(book.days, book.base, starts, ends, book.anchor, units)
    interest, found = _accrued(book.interest, units)
    nights = np.maximum(to - np.maximum(book.late_from, now), 0)
    penalty, more = _accrued(book.penalty, nights)
    compound, more_compound = _accrued(book.compound, nights)
    grace = to <= book.grace_end
    penalty, more = _held(book.penalty, penalty, more, grace)
    compound, more_compound = _held(book.compound, compound, more_compound, grace)
    by_loan = [np.zeros(n, np.int64) for _ in range(2)]
    np.add.at(by_loan[0], book.owner, more)
    np.add.at(by_loan[1], book.owner, more_compound)
    some = np.flatnonzero((found != 0) | (by_loan[0] != 0) | (by_loan[1] != 0))
    table = pa.Table.from_arrays(
        [pa.array(each) for each in (some, found[some], by_loan[0][some], by_loan[1][some])],
        schema=ACCRUALS,
    )
    return replace(book, day=day, interest=interest, penalty=penalty, compound=compound), table


def _accrued(sums: Sums, units: Longs) -> tuple[Sums, Longs]:
    whole, rest, posted = sums.whole.copy(), sums.rest.copy(), sums.posted.copy()
    found = np.empty(len(units), np.int64)
    kernels.accrue(sums.amount, sums.rate * units, sums.over, whole, rest, posted, found)
    return replace(sums, whole=whole, rest=rest, posted=posted), found


def _held(before: Sums, after: Sums, found: Longs, grace: NDArray[np.bool_]) -> tuple[Sums, Longs]:
    """While there is grace, sums grow and nothing is posted."""
    posted = np.where(grace, before.posted, after.posted)
    return replace(after, posted=posted), np.where(grace, 0, found)
