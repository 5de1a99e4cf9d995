from datetime import date, timedelta

import numpy as np
import pytest
from facts_reference import end_of_month
from hypothesis import given
from hypothesis import strategies as st

from headrace.simulator.seasons import GOODS, SERVICES, SMALL, calendar_of

THREE_YEARS = calendar_of(date(2017, 1, 1), date(2019, 12, 31))


def offset(day: date) -> int:
    return (day - date(2017, 1, 1)).days


@pytest.mark.parametrize(
    ("day", "tax_class", "percent"),
    [
        (date(2017, 1, 1), GOODS, 17),
        (date(2018, 4, 30), GOODS, 17),
        (date(2018, 5, 1), GOODS, 16),
        (date(2019, 3, 31), GOODS, 16),
        (date(2019, 4, 1), GOODS, 13),
        (date(2019, 12, 31), GOODS, 13),
        (date(2018, 4, 30), SERVICES, 6),
        (date(2019, 12, 31), SERVICES, 6),
        (date(2018, 4, 30), SMALL, 3),
        (date(2019, 12, 31), SMALL, 3),
    ],
)
def test_the_rate_of_tax_is_that_of_the_law_on_the_day(
    day: date, tax_class: int, percent: int
) -> None:
    found = THREE_YEARS.vat_percent(np.array([offset(day)]), np.array([tax_class]))
    assert found.tolist() == [percent]


@given(
    start=st.dates(date(2009, 1, 1), date(2032, 1, 1)),
    length=st.integers(365, 900),
    place=st.floats(0, 0.999),
)
def test_months_tile_the_span(start: date, length: int, place: float) -> None:
    end = start + timedelta(days=length)
    calendar = calendar_of(start, end)
    assert calendar.days == length + 1
    assert calendar.month_start[0] == 0
    assert calendar.month_start[-1] == calendar.days
    assert calendar.months == (end.year - start.year) * 12 + end.month - start.month + 1
    day = int(place * calendar.days)
    last = int(calendar.month_end(np.array([day]))[0])
    assert start + timedelta(days=last) == min(end_of_month(start + timedelta(days=day)), end)


@given(st.lists(st.integers(0, 35), min_size=1, max_size=50), st.integers(0, 99))
def test_drawn_days_are_in_the_month_asked(months: list[int], seed: int) -> None:
    month = np.array(months)
    day = THREE_YEARS.draw_days(month, np.random.default_rng(seed))
    assert (THREE_YEARS.month_of_day[day] == month).all()


def test_little_is_traded_at_new_year_and_much_at_the_years_end() -> None:
    weight = THREE_YEARS.month_weight().reshape(3, 12)
    assert (weight[:, 11] == weight.max(axis=1)).all()
    assert weight[1, 1] == weight[1].min()
    assert weight[2, 1] == weight[2].min()
    assert THREE_YEARS.day_weight[offset(date(2018, 2, 16))] < 0.25


def test_month_weights_add_up_to_the_days() -> None:
    assert np.isclose(THREE_YEARS.month_weight().sum(), THREE_YEARS.day_weight.sum())


def test_years_without_a_known_new_year_still_work() -> None:
    calendar = calendar_of(date(2040, 3, 5), date(2041, 3, 31))
    assert (calendar.day_weight > 0).all()
