"""Schedules: the laws every one keeps, and the slow twin that makes the same."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import lending_reference
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headrace.contracts.conventions.business_days import BusinessDay
from headrace.contracts.conventions.china import CHINA
from headrace.contracts.lending import kernels
from headrace.contracts.lending.loans import loans_of
from headrace.contracts.lending.periods import units_between
from headrace.contracts.lending.schedule import exact_instalment, schedule, schedules
from headrace.contracts.lending.terms import (
    DueDays,
    Fee,
    FeeKind,
    InterestDays,
    Level,
    Method,
    Residue,
    Terms,
)
from strategies_lending import loans

START = date(2024, 1, 15)
LOAN = Terms(10_000_000, START, Decimal("0.0435"), instalments=12)


@given(loans())
@settings(max_examples=100)
def test_the_slow_twin_makes_the_same_schedule(terms):
    found = schedule(terms)
    expected = lending_reference.instalments(terms)
    keys = ("start", "end", "opening", "principal", "interest", "subsidy")
    assert [(r.start, r.due, r.opening, r.principal, r.interest, r.subsidy) for r in found] == [
        tuple(row[key] for key in keys) for row in expected
    ]


@given(loans())
@settings(max_examples=100)
def test_principal_comes_back_to_the_unit_and_nothing_is_negative(terms):
    rows = schedule(terms)
    assert sum(row.principal for row in rows) == terms.principal
    assert rows[-1].closing == 0
    for row in rows:
        assert row.interest >= 0
        assert 0 <= row.subsidy <= row.interest
        assert row.opening >= 0
        assert row.closing >= 0
        if terms.method is not Method.ANY_DAY:
            assert row.principal >= 0
            assert row.payment >= 0


@given(st.lists(loans(rows_max=12), min_size=1, max_size=6))
@settings(max_examples=60)
def test_a_book_makes_what_each_loan_makes(book):
    table = schedules(loans_of(book)).table().to_pydict()
    alone = [(k, row) for k, terms in enumerate(book) for row in schedule(terms)]
    assert table["loan"] == [k for k, _ in alone]
    for name in ("number", "start", "due", "opening", "principal", "interest", "payment"):
        assert table[name] == [getattr(row, name) for _, row in alone]


@given(loans(methods=(Method.EQUAL_INSTALMENT,)))
@settings(max_examples=100)
def test_the_smallest_instalment_has_a_last_one_not_larger(terms):
    terms = replace(terms, level=Level.LAST_NOT_LARGER, rates=(), grace_interest=0, subsidy=None)
    rows = schedule(terms)
    paying = [row for row in rows if row.level]
    if not paying or paying[0] is rows[-1]:
        return
    level = paying[0].level
    assert rows[-1].principal + rows[-1].interest <= level
    smaller = schedule(replace(terms, instalment=level - 1)) if level > 1 else None
    if smaller:
        assert smaller[-1].principal + smaller[-1].interest > level - 1


@given(
    st.integers(1, 10**15), st.integers(0, 3_600_000_000),
    st.lists(st.integers(1, 400), min_size=2, max_size=40),
)  # fmt: skip
@settings(max_examples=60)
def test_an_instalment_that_doubles_cannot_decide_is_decided_in_whole_numbers(balance, rate, units):
    """The largest amounts all take this path, and the twin has made the same."""
    over = 360 * 10**10
    found = exact_instalment(balance, over, np.array([units[0] * rate]), np.array(units), rate)
    value = lending_reference.Fraction(0)
    for each in reversed(units):
        value = (value + 1) / (1 + lending_reference.Fraction(each * rate, over))
    assert found == lending_reference.half_up(balance / value)


@given(
    st.one_of(st.integers(0, 100), st.integers(0, 4 * 10**15)),
    st.one_of(st.integers(0, 100), st.integers(0, 2**62)),
    st.one_of(st.integers(1, 100), st.integers(10**12, 36_500_000_000_000_000)),
)
@example(4 * 10**15, 2**58 * 36_500_000_000_000_000 // (4 * 10**15), 36_500_000_000_000_000)
@settings(max_examples=300)
def test_products_of_103_bits_are_divided_exactly(amount, weight, over):
    weight = min(weight, 2**58 * over // max(amount, 1))
    assert kernels.split(amount, weight, over) == divmod(amount * weight, over)


def test_halves_exactly_between_two_instalments_round_up():
    """Without interest 5 in two parts is 2.5 each: 3, then 2."""
    rows = schedule(replace(LOAN, principal=5, rate=Decimal(0), instalments=2))
    assert [row.payment for row in rows] == [3, 2]


@given(
    st.sampled_from(InterestDays), st.dates(date(2015, 1, 1), date(2035, 1, 1)),
    st.integers(0, 3_000), st.integers(1, 31),
)  # fmt: skip
@example(InterestDays.MONTHS_360, date(2024, 1, 31), 29, 31)
@example(InterestDays.MONTHS_360, date(2023, 2, 28), 31, 31)
@settings(max_examples=150)
def test_days_are_counted_as_by_hand(how, start, days, agreed):
    end = start + timedelta(days)
    ends_month = (start + timedelta(1)).day == 1
    anchor = max(agreed, start.day) if ends_month else start.day
    found = units_between(how, start, end, anchor)
    by_hand = lending_reference.year_part(how, start, end, agreed)
    assert lending_reference.Fraction(found, how.year) == by_hand
    more = units_between(how, start, end + timedelta(1), anchor)
    # 30E/360 gives the 31st nothing; counting by months catches up at the end of a month
    assert more >= found
    if how in (InterestDays.ACTUAL_360, InterestDays.ACTUAL_365):
        assert more == found + 1


@pytest.mark.parametrize("how", [InterestDays.MONTHS_360, InterestDays.MONTHS_365])
def test_twelve_whole_months_are_a_year_whatever_february_has(how):
    """30E/360 is not that: from 29 February 2024 to 28 February 2025 it counts 359 days."""
    for start in (date(2023, 1, 15), date(2024, 1, 31), date(2024, 2, 29)):
        terms = replace(LOAN, start=start, days=how, method=Method.INTEREST_FIRST)
        assert sum(row.interest for row in schedule(terms)) == 435_000


def test_the_calendar_of_the_kernels_is_the_calendar():
    """Each first and last of a month of three centuries, and back."""
    for number in range(-100 * 12, 200 * 12):
        first = date(1970 + number // 12, number % 12 + 1, 1)
        day = (first - date(1970, 1, 1)).days
        assert kernels.month_start(number) == day
        assert kernels.civil(day) == (number, 1)
        last = first - timedelta(1)
        assert kernels.civil(day - 1) == (number - 1, last.day)
        assert kernels.in_month(number - 1, 31) == day - 1


def test_a_due_day_at_the_end_of_the_month_keeps_its_months_whole():
    terms = replace(
        LOAN, start=date(2023, 1, 31), method=Method.INTEREST_FIRST, rate=Decimal("0.036")
    )
    rows = schedule(terms)
    assert [row.due.day for row in rows[:4]] == [28, 31, 30, 31]
    assert {row.interest for row in rows} == {30_000}


def test_rows_that_are_shifted_with_interest_and_without():
    """2024-02-10 to 17 are off, the 18th is a make-up workday: a Sunday that is worked."""
    due = DueDays(day=10)
    with_interest = schedule(
        replace(LOAN, due=due, shift=BusinessDay.SHIFT_FOLLOWING, method=Method.INTEREST_FIRST),
        CHINA,
    )
    without = schedule(
        replace(LOAN, due=due, shift=BusinessDay.CALCULATE_FOLLOWING, method=Method.INTEREST_FIRST),
        CHINA,
    )
    assert with_interest[0].pay_on == without[0].pay_on == date(2024, 2, 18)
    assert (with_interest[0].due, without[0].due) == (date(2024, 2, 18), date(2024, 2, 10))
    # 10,000,000 * 4.35 % / 360 * 34 days (a month and 3), and * 26 days
    assert (with_interest[0].interest, without[0].interest) == (39_875, 31_417)
    assert sum(row.interest for row in without) == 31_417 + 11 * 36_250


def test_days_of_years_not_announced_stay_and_say_so():
    rows = schedule(
        replace(LOAN, start=date(2026, 6, 1), shift=BusinessDay.CALCULATE_FOLLOWING), CHINA
    )
    assert [row.final for row in rows] == [row.due.year == 2026 for row in rows]
    assert all(row.pay_on == row.due for row in rows if not row.final)


def test_the_rest_of_equal_principal_goes_first_or_last():
    terms = replace(LOAN, principal=100, instalments=3, method=Method.EQUAL_PRINCIPAL)
    assert [row.principal for row in schedule(terms)] == [33, 33, 34]
    first = replace(terms, residue=Residue.FIRST)
    assert [row.principal for row in schedule(first)] == [34, 33, 33]
    # 5 in 8 parts: rounded half up they would be 1 each, and the last ones have nothing left
    tiny = replace(terms, principal=5, instalments=8)
    assert [row.principal for row in schedule(tiny)] == [1, 1, 1, 1, 1]


def test_fees_fall_due_with_instalments():
    fees = (
        Fee("management", FeeKind.EACH_PERIOD, amount=100, share=Decimal("0.001")),
        Fee("guarantee", FeeKind.ON_BALANCE, share=Decimal("0.0005")),
        Fee("opening", FeeKind.AT_START, share=Decimal("0.01")),
    )
    terms = replace(LOAN, fees=fees, method=Method.EQUAL_PRINCIPAL, instalments=4)
    assert [row.fee for row in schedule(terms)] == [15_100, 13_850, 12_600, 11_350]
    assert terms.fee_at_start(FeeKind.AT_START) == 100_000


def test_yen_have_no_decimals():
    terms = replace(LOAN, principal=1_000_000, currency="JPY", instalments=3, rate=Decimal("0.015"))
    assert [row.payment for row in schedule(terms)] == [334_167, 334_167, 334_167]


def test_the_order_of_loans_does_not_matter():
    book = [replace(LOAN, principal=10**k, instalments=k) for k in range(1, 12)]
    forward, backward = schedules(loans_of(book)), schedules(loans_of(book[::-1]))
    paid = [np.add.reduceat(each.payment, each.rows.at[:-1]) for each in (forward, backward)]
    assert paid[0].tolist() == paid[1][::-1].tolist()
