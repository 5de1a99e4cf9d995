"""Patterns of dates, and fractions of a year as ISDA's own examples give them."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.contracts.conventions.calendars import months_after
from headrace.contracts.securitisation.dates import (
    day_number,
    from_number,
    pattern,
    year_fraction,
)
from headrace.errors import MappingError

FIRST, LAST = date(2026, 1, 15), date(2026, 12, 31)


@pytest.mark.parametrize(
    ("written", "count", "first", "last"),
    [
        ("月末", 12, date(2026, 1, 31), date(2026, 12, 31)),
        ("month_first", 11, date(2026, 2, 1), date(2026, 12, 1)),
        ("每月:26", 12, date(2026, 1, 26), date(2026, 12, 26)),
        ("day_of_month:31", 12, date(2026, 1, 31), date(2026, 12, 31)),
        ("季末", 4, date(2026, 3, 31), date(2026, 12, 31)),
        ("quarterly:20", 4, date(2026, 3, 20), date(2026, 12, 20)),
        ("季初", 3, date(2026, 4, 1), date(2026, 10, 1)),
        ("年末", 1, date(2026, 12, 31), date(2026, 12, 31)),
        ("每年:3-1", 1, date(2026, 3, 1), date(2026, 3, 1)),
        (["2026-06-30", "2025-06-30"], 1, date(2026, 6, 30), date(2026, 6, 30)),
    ],
)
def test_patterns(written, count, first, last):
    days = pattern(written).between(FIRST, LAST)
    assert (len(days), days[0], days[-1]) == (count, first, last)


@pytest.mark.parametrize(
    "bad", ["weekly", "day_of_month:32", "day_of_month", "month_day:2-30", "月末:1"]
)
def test_what_is_no_pattern_is_refused(bad):
    with pytest.raises(MappingError, match="no pattern"):
        pattern(bad, "dates")


def test_day_counts():
    start, end = date(2023, 11, 1), date(2024, 5, 1)  # ISDA's paper of 1998 on actual/actual
    assert year_fraction("ACT/ACT", start, end) == Fraction(61, 365) + Fraction(121, 366)
    assert year_fraction("ACT/365F", start, end) == Fraction(182, 365)
    assert year_fraction("ACT/360", start, end) == Fraction(182, 360)
    assert year_fraction("30E/360", date(2024, 1, 31), date(2024, 3, 31)) == Fraction(60, 360)
    with pytest.raises(MappingError, match="no day count"):
        year_fraction("ACT/361", start, end)


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(-600, 600))
def test_months_and_day_numbers_go_both_ways(day, months):
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or later.day < day.day
    assert from_number(day_number(day)) == day


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 2000), st.integers(0, 2000))
def test_actual_day_counts_add_up(start, first, second):
    middle, end = (
        from_number(day_number(start) + first),
        from_number(day_number(start) + first + second),
    )
    for count in ("ACT/365F", "ACT/360", "ACT/ACT"):
        parts = year_fraction(count, start, middle) + year_fraction(count, middle, end)
        assert parts == year_fraction(count, start, end)
