"""Conventions by the calendar module of Python: slow, one day at a time, obviously right."""

import calendar as months_of
from datetime import date, timedelta

DAY = timedelta(days=1)


def is_open(day, calendar):
    if day in calendar.workdays:
        return True
    return day not in calendar.holidays and day.weekday() not in calendar.weekend


def shifted(day, rule, calendar):
    """Walk to the next business day, or back; turn round where the month would change."""
    way = rule[2:] if rule != "NOS" else ""
    if not way:
        return day
    steps = [1, -1] if way.endswith("F") else [-1, 1]
    for step in steps if way.startswith("M") else steps[:1]:
        found = day
        while not is_open(found, calendar):
            found += step * DAY
        if not way.startswith("M") or found.month == day.month or step == steps[-1]:
            return found
    raise AssertionError


def add_months(day, count, to_end=False):
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    length = months_of.monthrange(year, month + 1)[1]
    ends = day.day == months_of.monthrange(day.year, day.month)[1]
    return date(year, month + 1, length if to_end and ends else min(day.day, length))


def schedule(anchor, end, cycle, to_end, with_end):
    found, n = [], 0
    then = anchor
    while then < end:
        found.append(then)
        n += 1
        then = add_months(anchor, n * cycle.months, to_end) + n * cycle.days * DAY
    if cycle.long_stub and then != end and len(found) >= 2:
        found.pop()
    return found + [end] * with_end


def year_fraction(name, start, end, maturity, calendar):
    """Day by day where days are counted; by the printed formula where months are."""
    if end < start:
        return -year_fraction(name, end, start, maturity, calendar)
    days = [start + i * DAY for i in range((end - start).days)]
    if name == "AA":
        return sum(1 / (366 if months_of.isleap(day.year) else 365) for day in days)
    if name in {"A360", "A365"}:
        return len(days) / int(name[1:])
    if name == "B252":
        return sum(is_open(day, calendar) for day in days) / 252
    if start == end:
        return 0.0
    size = 28 if name == "28E336" else 30
    first, last = min(start.day, size), min(end.day, size)
    if name == "30E360ISDA":
        first = 30 if (start + DAY).day == 1 else first
        last = 30 if (end + DAY).day == 1 and (end.month != 2 or end != maturity) else last
    months = 12 * (end.year - start.year) + end.month - start.month
    return (months * size + last - first) / (12 * size)
