"""Whole columns of local days and times to UTC and back; the slow twin is `headrace.clock`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from headrace.clock import EPOCH

Int64 = NDArray[np.int64]

DAY_US = 86_400_000_000
ONE_MONTH = np.timedelta64(1, "M")
# Every change of an offset since 1970 falls on a quarter of an hour, so that one offset serves
# all instants of a quarter, and the zone is asked once for each quarter that occurs.
_QUARTER_US = 15 * 60 * 1_000_000
_BEGINNING = datetime(EPOCH.year, EPOCH.month, EPOCH.day, tzinfo=UTC)


def utc_from_local(local_us: Int64, zone: str) -> Int64:
    """UTC microseconds of local wall-clock microseconds; a repeated hour is its first pass."""
    tz = ZoneInfo(zone)
    return local_us - _offsets(local_us, lambda at: at.replace(tzinfo=tz).utcoffset())


def local_from_utc(utc_us: Int64, zone: str) -> Int64:
    """Local wall-clock microseconds of UTC microseconds."""
    tz = ZoneInfo(zone)
    return utc_us + _offsets(utc_us, lambda at: at.replace(tzinfo=UTC).astimezone(tz).utcoffset())


def local_day(utc_us: Int64, zone: str) -> Int64:
    """Days since 1970-01-01 on the calendar of the zone."""
    return local_from_utc(utc_us, zone) // DAY_US


def end_of_local_day(utc_us: Int64, zone: str) -> Int64:
    """The last microsecond, in UTC, of the local day that holds each instant."""
    return utc_from_local((local_day(utc_us, zone) + 1) * DAY_US, zone) - 1


def end_of_local_month(utc_us: Int64, zone: str) -> Int64:
    """The last microsecond, in UTC, of the local month that holds each instant."""
    days = local_day(utc_us, zone).astype("datetime64[D]")
    next_month = (days.astype("datetime64[M]") + ONE_MONTH).astype("datetime64[D]").astype(np.int64)
    return utc_from_local(next_month * DAY_US, zone) - 1


def microseconds(instant: datetime) -> int:
    """UTC microseconds since 1970-01-01 of an aware instant."""
    return (instant - _BEGINNING) // timedelta(microseconds=1)


def instant_of(us: int) -> datetime:
    """The instant, UTC, of microseconds since 1970-01-01.

    Raises:
        OverflowError: It lies outside the years 1 to 9999.
    """
    return _BEGINNING + timedelta(microseconds=us)


def _offsets(clock_us: Int64, offset_at: Callable[[datetime], timedelta | None]) -> Int64:
    quarters, place = np.unique(clock_us // _QUARTER_US, return_inverse=True)
    start = datetime(EPOCH.year, EPOCH.month, EPOCH.day)  # noqa: DTZ001  (a wall clock)
    offsets: list[Any] = [
        offset_at(start + timedelta(microseconds=int(quarter) * _QUARTER_US))
        for quarter in quarters
    ]
    each = np.array([offset // timedelta(microseconds=1) for offset in offsets], dtype=np.int64)
    found: Int64 = each[place] if len(each) else np.zeros(len(clock_us), dtype=np.int64)
    return found
