"""Business days of mainland China, make-up workdays, and years not announced."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from headrace.contracts.conventions.business_days import BusinessDay, shifted
from headrace.contracts.conventions.calendars import MONDAY_TO_FRIDAY, date_of, day_number
from headrace.contracts.conventions.china import (
    CHINA,
    LPR,
    NOTICES,
    announced,
    china_known,
    parse_holidays,
    parse_rates,
    shifted_where_announced,
)
from headrace.contracts.conventions.rounding import down, half_up, rate_of, scaled_rate, up
from headrace.errors import InputError

EXTRA = {2015: 1, 2020: 2}
"""Days off that were not made up: 3 September 2015, and the long Spring Festival of 2020."""


def test_weekends_are_worked_to_make_up_for_holidays():
    """The notice for 2026: 4 January, 14 and 28 February, 9 May, 20 September, 10 October."""
    for day in ((1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)):
        assert CHINA.is_open(date(2026, *day))
    for day in ((1, 1), (1, 2), (2, 16), (2, 23), (5, 4), (6, 19), (9, 25), (10, 7), (1, 10)):
        assert not CHINA.is_open(date(2026, *day))


def test_every_holiday_of_the_law_is_off_in_every_year():
    for notice in NOTICES:
        for month, day in ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3)):
            assert not CHINA.is_open(date(notice.year, month, day))


def test_make_up_workdays_are_weekend_days_and_holidays_are_not_workdays():
    assert all(day.weekday() >= 5 for day in CHINA.workdays)
    assert not CHINA.workdays & CHINA.holidays


def test_a_year_that_is_not_announced_is_refused_and_never_guessed():
    assert CHINA.known == (date(2015, 1, 1), date(2026, 12, 31))
    with pytest.raises(InputError, match="2027-10-01"):
        CHINA.is_open(date(2027, 10, 1))
    with pytest.raises(InputError, match="Add the announced holidays"):
        shifted(date(2014, 5, 1), BusinessDay.SHIFT_FOLLOWING, CHINA)


def test_a_calendar_as_it_was_known_ends_with_the_last_notice():
    known = china_known(date(2025, 11, 3))
    assert known.known == (date(2015, 1, 1), date(2025, 12, 31))
    assert not known.is_open(date(2025, 10, 8))
    with pytest.raises(InputError, match="2026"):
        known.is_open(date(2026, 2, 14))
    assert china_known(date(2025, 11, 4)) == CHINA
    with pytest.raises(InputError, match="no notice"):
        china_known(date(2014, 1, 1))


def test_shifts_are_final_only_where_holidays_are_announced():
    days = [date(2024, 2, 10), date(2026, 10, 1), date(2026, 12, 31), date(2027, 10, 1)]
    numbers = np.array([day_number(day) for day in days])
    found, final = shifted_where_announced(numbers, BusinessDay.SHIFT_FOLLOWING)
    assert [date_of(day) for day in found] == [
        date(2024, 2, 18), date(2026, 10, 8), date(2026, 12, 31), date(2027, 10, 1),
    ]  # fmt: skip
    assert final.tolist() == [True, True, True, False]
    assert announced(numbers).tolist() == final.tolist()
    stayed, sure = shifted_where_announced(numbers, BusinessDay.NO_SHIFT)
    assert stayed.tolist() == numbers.tolist()
    assert sure.all()
    weekdays, sure = shifted_where_announced(numbers, BusinessDay.SHIFT_FOLLOWING, MONDAY_TO_FRIDAY)
    assert sure.all()
    assert date_of(weekdays[0]) == date(2024, 2, 12)


def test_a_shift_that_leaves_the_announced_years_is_not_final():
    """A calendar whose last known days are off: the next business day is not known."""
    year = {
        "year": 2024, "notice": "test", "published": date(2023, 12, 1), "verified": False,
        "holidays": ["12-30..12-31"], "workdays": [],
    }  # fmt: skip
    calendar, _ = parse_holidays({"name": "T", "year": [year]})
    found, final = shifted_where_announced(
        np.array([day_number(date(2024, 12, 30))]), BusinessDay.SHIFT_FOLLOWING, calendar
    )
    assert (date_of(found[0]), final[0]) == (date(2024, 12, 30), False)


def test_a_year_has_its_weekdays_less_the_holidays_of_the_law():
    """Eleven days, thirteen from 2025 on: whatever else is off is made up at a weekend."""
    for notice in NOTICES:
        first = date(notice.year, 1, 1)
        days = [first + timedelta(k) for k in range((date(notice.year + 1, 1, 1) - first).days)]
        weekdays = sum(day.weekday() < 5 for day in days)
        by_law = 13 if notice.year >= 2025 else 11
        expected = weekdays - by_law - EXTRA.get(notice.year, 0)
        assert sum(CHINA.is_open(day) for day in days) == expected


def test_notices_are_published_before_their_year_and_follow_one_another():
    assert [each.year for each in NOTICES] == list(range(2015, 2027))
    for each in NOTICES:
        assert each.published < date(each.year, 1, 1)
        assert each.number.startswith("国办发明电")
    changed = {each.year for each in NOTICES if each.amended_by}
    assert changed == {2015, 2019, 2020}


def test_files_that_cannot_be_are_refused():
    gap = [{"year": year, "holidays": [], "workdays": []} for year in (2024, 2026)]
    with pytest.raises(InputError, match="follow one another"):
        parse_holidays({"name": "T", "year": gap})
    with pytest.raises(InputError, match="10/01"):
        parse_holidays(
            {"name": "T", "year": [{"year": 2024, "holidays": ["10/01"], "workdays": []}]}
        )
    rates = [{"on": date(2024, 1, 2), "one_year": "3", "five_years": "3"}] * 2
    with pytest.raises(InputError, match="Sort"):
        parse_rates({"rates": rates, "known_until": date(2024, 2, 1)})


def test_announcements_of_the_loan_prime_rate_are_on_business_days_from_the_20th():
    for day, _ in LPR.changes:
        assert CHINA.is_open(day)
        assert 20 <= day.day <= 28


def test_roundings_have_names():
    assert [half_up(n, 2) for n in (0, 1, 2, 3, 5)] == [0, 1, 1, 2, 3]
    assert (down(7, 2), up(7, 2), up(8, 2)) == (3, 4, 4)
    for text in ("0.0435", "0", "1", "0.0000000001"):
        assert rate_of(scaled_rate(Decimal(text))) == Decimal(text)
