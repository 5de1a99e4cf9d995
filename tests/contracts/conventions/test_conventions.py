"""Day counts, business days, cycles and schedules."""

from datetime import date, timedelta
from fractions import Fraction

import conventions_reference as slow
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.contracts.conventions import kernels
from headrace.contracts.conventions.business_days import BusinessDay, shifted, shifted_days
from headrace.contracts.conventions.calendars import (
    EVERY_DAY,
    MONDAY_TO_FRIDAY,
    Calendar,
    date_of,
    day_number,
)
from headrace.contracts.conventions.cycles import Cycle, EndOfMonth, later, schedule
from headrace.contracts.conventions.day_count import (
    DayCount,
    exact_year_fraction,
    year_fraction,
    year_fractions,
)
from headrace.errors import InputError

# National Day and Mid-Autumn 2025: off from 1 to 8 October; 28 September and 11 October worked.
CHINA = Calendar(
    "CN",
    weekend=frozenset({5, 6}),
    holidays=frozenset(date(2025, 10, day) for day in range(1, 9)),
    workdays=frozenset({date(2025, 9, 28), date(2025, 10, 11)}),
    known=(date(2025, 1, 1), date(2025, 12, 31)),
)
OPEN_ENDED = Calendar("CN", CHINA.weekend, CHINA.holidays, CHINA.workdays)

dates = st.dates(date(1890, 1, 1), date(2130, 12, 31))
near = st.dates(date(2023, 12, 1), date(2025, 3, 31))


@given(dates)
def test_days_and_dates_turn_into_each_other(day):
    number = day_number(day)
    assert kernels.civil(number) == (day.year, day.month, day.day)
    assert kernels.day_of(day.year, day.month, day.day) == number
    assert date_of(number) == day


@given(dates, st.integers(-300, 300), st.booleans())
def test_months_are_added_as_on_a_wall_calendar(day, count, to_end):
    found = date_of(kernels.add(day_number(day), count, 0, to_end))
    assert found == (slow.add_months(day, count, to_end) if count else day)


@pytest.mark.parametrize(
    ("name", "start", "end", "maturity", "year"),
    [
        ("A360", date(2024, 1, 1), date(2024, 7, 1), None, 182 / 360),
        ("A365", date(2024, 1, 1), date(2024, 7, 1), None, 182 / 365),
        ("AA", date(2023, 11, 1), date(2024, 5, 1), None, 61 / 365 + 121 / 366),  # ISDA memo 1998
        ("30E360", date(2024, 1, 31), date(2024, 2, 29), None, 29 / 360),
        ("30E360ISDA", date(2024, 1, 31), date(2024, 2, 29), None, 30 / 360),
        ("30E360ISDA", date(2024, 1, 31), date(2024, 2, 29), date(2024, 2, 29), 29 / 360),
        ("28E336", date(2024, 1, 31), date(2024, 2, 29), None, 28 / 336),
        ("28E336", date(2024, 1, 15), date(2025, 1, 15), None, 1.0),
    ],
)
def test_worked_year_fractions(name, start, end, maturity, year):
    assert year_fraction(DayCount(name), start, end, maturity=maturity) == pytest.approx(year)


def test_business_days_over_252():
    """29 and 30 September, 9 to 11 October: five days, Saturday 11 October among them."""
    found = year_fraction(
        DayCount.BUSINESS_252, date(2025, 9, 29), date(2025, 10, 12), calendar=CHINA
    )
    assert found == 5 / 252


@given(st.sampled_from(DayCount), near, near, near)
def test_year_fractions_agree_with_the_slow_twin(convention, start, end, maturity):
    expected = slow.year_fraction(convention.value, start, end, maturity, OPEN_ENDED)
    found = year_fraction(convention, start, end, maturity=maturity, calendar=OPEN_ENDED)
    assert found == pytest.approx(expected, abs=1e-12)
    days = np.array([day_number(start)]), np.array([day_number(end)])
    ends = np.array([day_number(maturity)])
    assert year_fractions(convention, *days, ends, OPEN_ENDED)[0] == found
    assert year_fractions([convention], *days, ends, OPEN_ENDED)[0] == found


@given(st.sampled_from(DayCount), near)
def test_no_time_is_no_part_of_a_year(convention, day):
    """Not even at a maturity at the end of February."""
    assert year_fraction(convention, day, day, maturity=day) == 0.0
    last = date(2025, 2, 28)
    assert year_fraction(convention, last, last, maturity=last) == 0.0


@given(st.sampled_from([*DayCount]), near, near, near)
def test_parts_of_a_period_sum_to_the_period(convention, a, b, c):
    """For counts of days; months of 30 days lose a day where a part ends on the 31st."""
    if convention.value in {"AA", "A360", "A365", "B252"}:
        first, between, last = sorted([a, b, c])
        parts = [(first, between), (between, last), (first, last)]
        one, two, whole = (year_fraction(convention, *each) for each in parts)
        assert one + two == pytest.approx(whole, abs=1e-12)


@given(st.sampled_from([each for each in DayCount if each.value != "B252"]), near, near)
def test_exact_fractions_round_to_the_floating_ones(convention, start, end):
    exact = exact_year_fraction(convention, start, end)
    assert isinstance(exact, Fraction)
    assert float(exact) == pytest.approx(year_fraction(convention, start, end), abs=1e-12)


@pytest.mark.parametrize(
    ("rule", "day", "found"),
    [
        ("NOS", date(2025, 10, 1), date(2025, 10, 1)),
        ("SCF", date(2025, 10, 1), date(2025, 10, 9)),
        ("CSF", date(2025, 10, 11), date(2025, 10, 11)),  # a Saturday that is worked
        ("SCP", date(2025, 10, 8), date(2025, 9, 30)),
        ("SCMP", date(2025, 10, 8), date(2025, 10, 9)),  # not back into September
        ("CSMP", date(2025, 10, 8), date(2025, 10, 9)),
        ("CSMF", date(2025, 8, 31), date(2025, 8, 29)),  # not on into September
        ("SCMF", date(2025, 9, 27), date(2025, 9, 28)),  # to the Sunday that is worked
        ("CSP", date(2025, 10, 12), date(2025, 10, 11)),
    ],
)
def test_worked_shifts(rule, day, found):
    assert shifted(day, BusinessDay(rule), CHINA) == found


@given(st.sampled_from(BusinessDay), st.dates(date(2025, 8, 1), date(2025, 11, 30)))
def test_shifts_agree_with_the_slow_twin(rule, day):
    expected = slow.shifted(day, rule.value, OPEN_ENDED)
    assert shifted(day, rule, OPEN_ENDED) == expected
    assert shifted_days(np.array([day_number(day)]), rule, OPEN_ENDED)[0] == day_number(expected)
    assert rule is BusinessDay.NO_SHIFT or OPEN_ENDED.is_open(expected)


def test_a_calendar_does_not_guess_years_that_are_not_announced():
    with pytest.raises(InputError, match="knows 2025-01-01 to 2025-12-31, not 2026-10-01"):
        shifted(date(2026, 10, 1), BusinessDay.SHIFT_FOLLOWING, CHINA)
    with pytest.raises(InputError, match="not 2027"):
        CHINA.is_open(date(2027, 10, 1))
    with pytest.raises(InputError, match="not 2023"):
        shifted_days(np.array([19700]), BusinessDay.SHIFT_FOLLOWING, CHINA)


def test_a_calendar_that_contradicts_itself_is_refused():
    day = date(2025, 10, 1)
    with pytest.raises(InputError, match="both a holiday and a workday"):
        Calendar("X", holidays=frozenset({day}), workdays=frozenset({day}))
    with pytest.raises(InputError, match="no business day"):
        Calendar("X", weekend=frozenset(range(7)))


def test_weekends():
    assert MONDAY_TO_FRIDAY.is_open(date(2025, 10, 1))
    assert not MONDAY_TO_FRIDAY.is_open(date(2025, 10, 11))
    assert EVERY_DAY.is_open(date(2025, 10, 11))


@pytest.mark.parametrize(
    ("text", "cycle"),
    [
        ("P1ML0", Cycle(1, 0, long_stub=True)),
        ("P1ML1", Cycle(1, 0)),
        ("P2W", Cycle(0, 14)),
        ("P1Q", Cycle(3, 0)),
        ("P1HL1", Cycle(6, 0)),
        ("P1Y6ML0", Cycle(18, 0, long_stub=True)),
        (" P27DL1 ", Cycle(0, 27)),
    ],
)
def test_cycles_are_read(text, cycle):
    assert Cycle.parse(text) == cycle


@pytest.mark.parametrize("text", ["", "1M", "P", "PM", "P1ML2", "P1X", "P-1M", "P1.5M"])
def test_what_is_no_cycle_is_refused(text):
    with pytest.raises(InputError, match="is not a cycle"):
        Cycle.parse(text)


def test_a_month_on_from_the_end_of_january():
    anchor, end = date(2023, 1, 31), date(2023, 5, 15)
    days = schedule(anchor, end, Cycle.parse("P1ML1"))
    assert [day.isoformat()[5:] for day in days] == ["01-31", "02-28", "03-31", "04-30", "05-15"]
    joined = schedule(anchor, end, Cycle.parse("P1ML0"))
    assert joined == [*days[:3], end]
    assert later(anchor, Cycle.parse("P1M"), 2) == date(2023, 3, 31)


def test_ends_of_months_stay_ends_of_months():
    anchor, end, cycle = date(2023, 4, 30), date(2023, 7, 31), Cycle.parse("P1ML1")
    same = schedule(anchor, end, cycle)
    ends = schedule(anchor, end, cycle, end_of_month=EndOfMonth.END_OF_MONTH)
    assert [day.day for day in same] == [30, 30, 30, 30, 31]
    assert [day.day for day in ends] == [30, 31, 30, 31]


def test_schedules_without_a_cycle():
    first, last = date(2023, 4, 30), date(2023, 7, 31)
    assert schedule(first, last, None) == [first, last]
    assert schedule(first, last, None, with_end=False) == [first]
    with pytest.raises(InputError, match="never ends"):
        schedule(first, last, Cycle(0, 0))


cycles = st.builds(Cycle, st.integers(0, 13), st.integers(0, 40), long_stub=st.booleans())


@given(
    near,
    st.integers(0, 900),
    cycles.filter(lambda each: each.months or each.days),
    st.booleans(),
    st.booleans(),
)
def test_schedules_agree_with_the_slow_twin(anchor, span, cycle, to_end, with_end):
    end = anchor + timedelta(days=span)
    rule = EndOfMonth.END_OF_MONTH if to_end else EndOfMonth.SAME_DAY
    found = schedule(anchor, end, cycle, end_of_month=rule, with_end=with_end)
    assert found == slow.schedule(anchor, end, cycle, to_end, with_end)
    assert found == sorted(found)


def test_times_of_day_are_kept():
    """A schedule that ends a second before midnight of its last day has a stub of a day."""
    second = 86_400
    anchor, end = np.array([0]), np.array([31 * second - 1])
    months, none = np.array([1]), np.array([0])
    options = np.array([[False, False, True]])
    found, count = np.empty(4, np.int64), np.empty(1, np.int64)
    kernels.roll(anchor, end, months, none, options, second, none, found, count)
    assert found[: count[0]].tolist() == [0, 31 * second - 1]
    later_by = np.empty(1, np.int64)
    one = np.array([1])
    kernels.add_times(end, one, one, none, none, second, later_by)
    assert later_by[0] == end[0] + 28 * second
    kernels.move_times(end, one, none, MONDAY_TO_FRIDAY.flat, second, later_by)
    assert later_by[0] == end[0] + 2 * second  # 31 January 1970 was a Saturday
