"""Local days and times of whole columns, against `headrace.clock` one instant at a time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import facts_reference as slow
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.facts.localtime import (
    end_of_local_day,
    end_of_local_month,
    instant_of,
    local_day,
    local_from_utc,
    microseconds,
    utc_from_local,
)

ZONES = ("Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC")
DECADES = st.integers(0, 70 * 365 * 86_400_000_000)


@given(st.lists(DECADES, max_size=10), st.sampled_from(ZONES))
def test_columns_agree_with_the_clock(instants: list[int], zone: str) -> None:
    us = np.array(instants, dtype=np.int64)
    assert utc_from_local(us, zone).tolist() == [slow.utc_from_local(at, zone) for at in instants]
    assert end_of_local_day(us, zone).tolist() == [
        slow.end_of_local_day(at, zone) for at in instants
    ]
    assert end_of_local_month(us, zone).tolist() == [
        slow.end_of_local_month(at, zone) for at in instants
    ]


@given(st.lists(DECADES, max_size=10))
def test_there_and_back(instants: list[int]) -> None:
    us = np.array(instants, dtype=np.int64)
    assert np.array_equal(utc_from_local(local_from_utc(us, "Asia/Tokyo"), "Asia/Tokyo"), us)


def test_an_evening_in_utc_is_the_next_day_in_shanghai() -> None:
    evening = microseconds(datetime(2019, 12, 31, 18, tzinfo=UTC))
    day = local_day(np.array([evening]), "Asia/Shanghai")
    assert day.astype("datetime64[D]").astype(str).tolist() == ["2020-01-01"]


@given(st.datetimes(timezones=st.sampled_from([UTC, ZoneInfo("Asia/Shanghai")])))
def test_microseconds_and_instants_are_the_same_moments(instant: datetime) -> None:
    # in UTC: an hour that the clocks left out equals no other moment in Python
    assert instant_of(microseconds(instant)) == instant.astimezone(UTC)
    assert instant_of(microseconds(instant)).tzinfo is UTC


def test_instants_are_counted_from_1970() -> None:
    assert instant_of(0) == datetime(1970, 1, 1, tzinfo=UTC)
    assert instant_of(-1) == datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    with pytest.raises(OverflowError):
        instant_of(2**62)


@pytest.mark.parametrize("zone", ZONES)
def test_no_rows(zone: str) -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert end_of_local_month(nothing, zone).tolist() == []
