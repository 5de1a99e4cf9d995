"""The moment of a decision, as tests of a policy see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.decisions.flow.policy import DECISION_DATE, DECISION_TIME
from headrace.decisions.program.columns import DATE, DATE_TIME, Column

DAY_US = 86_400_000_000
QUARTER_US = 900_000_000  # no clock is put forward or back at another moment
ARROW_KNOWS = 2_114_380_800_000_000  # 2037: Arrow knows no summer time after it
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = (
    (each - EPOCH) // (QUARTER_US * EPOCH.resolution)
    for each in (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
)


def clock_columns(moments: NDArray[np.int64], zone: str) -> Mapping[str, Column]:
    """`decision_time` in UTC and `decision_date`, its day in a time zone.

    Args:
        moments: Microseconds since 1970, UTC.
        zone: IANA name.
    """
    there = np.ones(len(moments), np.bool_)
    if moments.max(initial=0) < ARROW_KNOWS:
        local = pc.local_timestamp(pa.array(moments, pa.timestamp("us", zone)))
        days = np.asarray(local.cast(pa.date32(), safe=False).view(pa.int32())).astype(np.int64)
    else:
        days = (moments + _offsets(moments, ZoneInfo(zone))) // DAY_US
    return {
        DECISION_TIME: Column(DATE_TIME, moments, there),
        DECISION_DATE: Column(DATE, days, there),
    }


def _offsets(moments: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """How far the clocks of a zone are ahead of UTC, microseconds, a quarter of an hour once."""
    quarters, at = np.unique(moments // QUARTER_US, return_inverse=True)
    ahead = [
        (EPOCH + timedelta(microseconds=quarter * QUARTER_US)).astimezone(zone).utcoffset()
        for quarter in np.clip(quarters, FIRST, LAST).tolist()
    ]
    return np.array([each // EPOCH.resolution for each in ahead if each is not None], np.int64)[at]
