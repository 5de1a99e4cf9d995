"""A book accrues at the end of the day what each account accrues alone."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.lending.account import Status, advance, opened
from headrace.contracts.lending.acts import apply
from headrace.contracts.lending.book import accrue_nights, book_of
from headrace.contracts.lending.events import Disburse, Misuse
from headrace.contracts.lending.terms import Penalty, Terms
from headrace.errors import InputError
from strategies_lending import loans

DAY = date(2025, 6, 30)
LOAN = Terms(10**15, date(2025, 1, 15), Decimal("0.36"), instalments=12)
MEMOS = {
    "interest": "accrue_interest", "penalty": "accrue_penalty", "compound": "accrue_compound",
}  # fmt: skip


def standing(terms: Terms, day: date):
    """An account that paid nothing until a day after its start."""
    account, _ = apply(opened(terms), Disburse(terms.start))
    return advance(account, day)[0]


@given(st.data(), st.lists(loans(rows_max=6), min_size=1, max_size=4))
@settings(max_examples=40)
def test_a_book_posts_what_its_accounts_post(data, book):
    day = max(terms.start for terms in book) + timedelta(data.draw(st.integers(0, 60)))
    accounts = [standing(terms, day) for terms in book]
    columns = book_of(accounts, day)
    until = date.fromordinal(int(columns.until.min()) + date(1970, 1, 1).toordinal())
    nights = data.draw(st.integers(0, min((until - day).days, 40)))
    between = day + timedelta(data.draw(st.integers(0, nights)))
    columns, first = accrue_nights(columns, between)
    columns, second = accrue_nights(columns, day + timedelta(nights))
    posted = {(k, name): 0 for k in range(len(book)) for name in MEMOS}
    for table in (first, second):
        for row in table.to_pylist():
            for name in MEMOS:
                posted[row["loan"], name] += row[name]
    for k, account in enumerate(accounts):
        _, moved = advance(account, between)
        due = {row.due for row in account.plan[:1]}
        _, moved = advance(account, day + timedelta(nights))
        if day + timedelta(nights) in due:
            continue  # what falls due that morning is charged as well, and is not the book's
        for name, memo in MEMOS.items():
            assert posted[k, name] == sum(each.amount for each in moved if each.memo == memo)


def test_the_largest_balances_accrue_to_the_unit():
    account = standing(LOAN, date(2025, 1, 15))
    _, table = accrue_nights(book_of([account], date(2025, 1, 15)), date(2025, 1, 22))
    assert table.to_pylist() == [
        {"loan": 0, "interest": 10**15 * 7 * 36 // 36_000, "penalty": 0, "compound": 0}
    ]


def test_while_there_is_grace_a_book_counts_penalty_and_posts_none():
    """Due on 15 February, in time until the 18th: posted on the 19th for all four nights."""
    terms = replace(LOAN, principal=10**9, rate=Decimal("0.06"), penalty=Penalty(grace_days=3))
    day = date(2025, 2, 16)
    book = book_of([standing(terms, day)], day)
    for later, expected in ((date(2025, 2, 18), 0), (date(2025, 2, 19), 4)):
        book, table = accrue_nights(book, later)
        (row,) = table.to_pylist()
        (due,) = standing(terms, day).dues
        assert row["penalty"] == round(due.principal * Decimal("0.09") * expected / 360)


def test_a_book_stops_where_an_account_is_needed():
    book = book_of([standing(LOAN, date(2025, 1, 20))], date(2025, 1, 20))
    with pytest.raises(InputError, match="2025-02-15"):
        accrue_nights(book, date(2025, 2, 16))
    with pytest.raises(InputError, match="ten years"):
        accrue_nights(book, date(2035, 3, 1))
    account = standing(LOAN, date(2025, 1, 20))
    with pytest.raises(InputError, match="stands on 2025-01-20"):
        book_of([account], date(2025, 1, 21))
    misused, _ = apply(account, Misuse(date(2025, 1, 20)))
    with pytest.raises(InputError, match="misuse"):
        book_of([misused], date(2025, 1, 20))


def test_loans_that_are_closed_accrue_nothing():
    agreed = opened(LOAN)
    assert agreed.status is Status.AGREED
    _, table = accrue_nights(book_of([agreed], LOAN.start), DAY)
    assert table.num_rows == 0
