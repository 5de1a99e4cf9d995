"""Time as an argument: instants are UTC, days and months belong to a named zone.

Nothing here asks the computer what time it is.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = date(1970, 1, 1)


def start_of_day(day: date, zone: str) -> datetime:
    """The instant at which `day` begins in `zone`, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def end_of_day(day: date, zone: str) -> datetime:
    """The last microsecond of `day` in `zone`, in UTC."""
    return start_of_day(day + timedelta(days=1), zone) - timedelta(microseconds=1)


def local_day(moment: datetime, zone: str) -> date:
    """The calendar day of `moment`, an aware instant, in `zone`."""
    return moment.astimezone(ZoneInfo(zone)).date()


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days
