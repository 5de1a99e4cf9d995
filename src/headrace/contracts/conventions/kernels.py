"""Days, calendars, cycles and year fractions over integers.

A day is the number of days since 1970-01-01. A time is an integer of ticks, `ticks` a day: 1 where
days are enough, 86,400 where seconds are told apart. Calendars are flat: calendar c has the weekly
days off in the bits of `weekend[c]` (bit 0 is Monday), its holidays at
`holidays[holidays_at[c]:holidays_at[c + 1]]` and its make-up workdays likewise, both sorted.

Days and civil dates are turned into each other by counting years from March, so that the leap day
is the last of its year.
"""

import numba

# Day counts, as numbered in day_count.py.
ACTUAL_ACTUAL, ACTUAL_360, ACTUAL_365 = 0, 1, 2
THIRTY_360_ISDA, THIRTY_360, TWENTY_EIGHT_336, BUSINESS_252 = 3, 4, 5, 6

# How a day moves, as numbered in business_days.py: none, or one of four ways, before or after
# interest is calculated.
STAY, FOLLOWING, MODIFIED_FOLLOWING, PRECEDING, MODIFIED_PRECEDING = 0, 1, 2, 3, 4


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def civil(day):
    """Year, month (1 to 12) and day of the month (1 to 31) of a day."""
    shifted = day + 719468  # days since 0000-03-01
    era = shifted // 146097
    of_era = shifted - era * 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    of_month = of_year - (153 * month + 2) // 5 + 1
    if month < 10:
        return year + era * 400, month + 3, of_month
    return year + era * 400 + 1, month - 9, of_month


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def day_of(year, month, of_month):
    """The day of a civil date; months outside 1 to 12 count on into other years."""
    year += (month - 1) // 12
    month = (month - 1) % 12 + 1
    if month <= 2:
        year -= 1
        month += 12
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month - 3) + 2) // 5 + of_month - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def is_leap(year):
    """Whether a year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def month_length(year, month):
    """Days in a month, 28 to 31."""
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def add(day, months, days, to_end):
    """A day some months and days on: the same day of the month, or the last where it has none.

    With `to_end`, a day that ends its month stays an end of month.
    """
    if months != 0:
        year, month, of_month = civil(day)
        ends = of_month == month_length(year, month)
        year += (month - 1 + months) // 12
        month = (month - 1 + months) % 12 + 1
        length = month_length(year, month)
        of_month = length if to_end and ends else min(of_month, length)
        day = day_of(year, month, of_month)
    return day + days


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _holds(values, low, high, day):
    """Whether a sorted stretch of days holds a day."""
    end = high
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < day:
            low = middle + 1
        else:
            high = middle
    return low < end and values[low] == day


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _open(day, c, weekend, holidays, holidays_at, workdays, workdays_at):
    """`is_open` with the arrays apart: taking them out of a tuple counts references each time."""
    if (weekend[c] >> ((day + 3) % 7)) & 1:  # 1970-01-01 was a Thursday
        return _holds(workdays, workdays_at[c], workdays_at[c + 1], day)
    return not _holds(holidays, holidays_at[c], holidays_at[c + 1], day)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _moved(day, way, c, weekend, holidays, holidays_at, workdays, workdays_at):
    """`moved` with the arrays apart."""
    if way == STAY or _open(day, c, weekend, holidays, holidays_at, workdays, workdays_at):
        return day
    step = 1 if way in (FOLLOWING, MODIFIED_FOLLOWING) else -1
    found = day + step
    while not _open(found, c, weekend, holidays, holidays_at, workdays, workdays_at):
        found += step
    if way in (MODIFIED_FOLLOWING, MODIFIED_PRECEDING) and civil(found)[1] != civil(day)[1]:
        found = day - step
        while not _open(found, c, weekend, holidays, holidays_at, workdays, workdays_at):
            found -= step
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def is_open(day, c, calendars):
    """Whether a day is a business day of calendar c of (weekend, holidays, at, workdays, at)."""
    weekend, holidays, holidays_at, workdays, workdays_at = calendars
    return _open(day, c, weekend, holidays, holidays_at, workdays, workdays_at)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def moved(day, way, c, calendars):
    """The business day on which what falls on a day takes place."""
    weekend, holidays, holidays_at, workdays, workdays_at = calendars
    return _moved(day, way, c, weekend, holidays, holidays_at, workdays, workdays_at)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _thirty(start, end, maturity, convention):
    """Days between two days where every month has 30 days, or 28."""
    year, month, first = civil(start)
    to_year, to_month, last = civil(end)
    length = 30
    if convention == TWENTY_EIGHT_336:
        length = 28
    elif convention == THIRTY_360_ISDA:
        if month == 2 and first == month_length(year, month):
            first = 30
        if to_month == 2 and last == month_length(to_year, to_month) and end != maturity:
            last = 30
    months = 12 * (to_year - year) + to_month - month
    return length * months + min(last, length) - min(first, length)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _actual(start, end):
    """Actual days over the actual length of each year."""
    year, to_year = civil(start)[0], civil(end)[0]
    size = 366.0 if is_leap(year) else 365.0
    if year == to_year:
        return (end - start) / size
    to_size = 366.0 if is_leap(to_year) else 365.0
    first = (day_of(year + 1, 1, 1) - start) / size
    return first + (end - day_of(to_year, 1, 1)) / to_size + (to_year - year - 1)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _counted(convention, start, end, maturity):
    """The part of a year from one day to a later one, by a count that knows no calendar."""
    if convention == ACTUAL_365:
        return (end - start) / 365.0
    if convention == ACTUAL_360:
        return (end - start) / 360.0
    if convention == ACTUAL_ACTUAL:
        return _actual(start, end)
    if start == end:  # by 30E360ISDA the end of February is two days where it is the maturity
        return 0.0
    size = 336.0 if convention == TWENTY_EIGHT_336 else 360.0
    return _thirty(start, end, maturity, convention) / size


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def year_fraction(convention, start, end, maturity, c, calendars):
    """The part of a year from one day to another; negative where the second comes first."""
    sign = 1.0
    if end < start:
        start, end, sign = end, start, -1.0
    if convention == BUSINESS_252:
        count = 0
        for day in range(start, end):
            count += is_open(day, c, calendars)
        return sign * (count / 252.0)
    return sign * _counted(convention, start, end, maturity)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def year_fractions(convention, start, end, maturity, which, calendars, found):
    """`year_fraction` for each row.

    Args:
        convention: int64 (n,).
        start: int64 (n,): days; so are end and maturity.
        end: See start.
        maturity: See start.
        which: int64 (n,): the calendar of each row, for business days over 252.
        calendars: The five arrays of `is_open`.
        found: float64 (n,), written.
    """
    for i in range(len(found)):
        if end[i] < start[i] or convention[i] == BUSINESS_252:
            found[i] = year_fraction(
                convention[i], start[i], end[i], maturity[i], which[i], calendars
            )
        else:
            found[i] = _counted(convention[i], start[i], end[i], maturity[i])


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def move_times(times, way, which, calendars, ticks, found):
    """`moved` for each row, the time of day kept.

    Args:
        times: int64 (n,).
        way: int64 (n,).
        which: int64 (n,): the calendar of each row.
        calendars: The five arrays of `is_open`.
        ticks: Of a day.
        found: int64 (n,), written.
    """
    weekend, holidays, holidays_at, workdays, workdays_at = calendars
    for i in range(len(times)):
        found[i] = times[i]
        day, c = times[i] // ticks, which[i]
        off = (weekend[c] >> ((day + 3) % 7)) & 1
        if way[i] != STAY and (off or holidays_at[c] < holidays_at[c + 1]):
            then = _moved(day, way[i], c, weekend, holidays, holidays_at, workdays, workdays_at)
            found[i] += (then - day) * ticks


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def add_times(times, count, months, days, to_end, ticks, found):
    """Each time `count` cycles on, the time of day kept; all int64 (n,) but ticks."""
    for i in range(len(times)):
        day = times[i] // ticks
        then = add(day, count[i] * months[i], count[i] * days[i], to_end[i] != 0)
        found[i] = times[i] + (then - day) * ticks


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def roll_room(anchor, end, months, days, ticks, room):
    """How many times `roll` may find at most, written into int64 (n,) `room`."""
    for i in range(len(anchor)):
        span = max(0, (end[i] - anchor[i]) // ticks + 1)
        step = 28 * months[i] + days[i]
        room[i] = 2 if step <= 0 else span // step + 3


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def roll(anchor, end, months, days, options, ticks, at, found, count):
    """The times of schedules: an anchor, then a cycle on and on until the end.

    Each time is counted from the anchor, so that 31 January is followed by 28 February and then
    by 31 March. A cycle that would start after the anchor and does not end with the schedule is
    a stub: short where it stays, long where the last time before the end is left out.

    Args:
        anchor: int64 (n,): the first time.
        end: int64 (n,): where the schedule ends.
        months: int64 (n,): of the cycle; 0 with 0 days: the anchor and the end alone.
        days: int64 (n,): of the cycle.
        options: bool (n, 3): whether the stub is long, ends of months stay so, and the end
            itself belongs to the schedule.
        ticks: Of a day.
        at: int64 (n,): where each schedule starts in `found`, with the room of `roll_room`.
        found: int64, written.
        count: int64 (n,), written: how many times each schedule has.
    """
    for i in range(len(anchor)):
        long_stub, to_end, with_end = options[i, 0], options[i, 1], options[i, 2]
        start, last, first = anchor[i], end[i], at[i]
        day = start // ticks
        place, n, then = first, 0, start
        cyclic = months[i] > 0 or days[i] > 0
        while then < last:
            found[place] = then
            place += 1
            n += 1
            if not cyclic:
                break
            then = start + (add(day, n * months[i], n * days[i], to_end) - day) * ticks
        if cyclic and long_stub and then != last and place - first >= 2:
            place -= 1
        if with_end:
            found[place] = last
            place += 1
        count[i] = place - first


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def move_schedules(at, count, times, way, which, calendars, ticks, found):
    """`moved` for each time that `roll` found, the time of day kept.

    Args:
        at: int64 (n,): where each schedule starts in times.
        count: int64 (n,): how many times each schedule has.
        times: int64: as `roll` wrote them.
        way: int64 (n,).
        which: int64 (n,): the calendar of each schedule.
        calendars: The five arrays of `is_open`.
        ticks: Of a day.
        found: int64, as long as times, written.
    """
    weekend, holidays, holidays_at, workdays, workdays_at = calendars
    for i in range(len(at)):
        c = which[i]
        has_holidays = holidays_at[c] < holidays_at[c + 1]
        for j in range(at[i], at[i] + count[i]):
            found[j] = times[j]
            day = times[j] // ticks
            off = (weekend[c] >> ((day + 3) % 7)) & 1
            if way[i] != STAY and (off or has_holidays):
                then = _moved(day, way[i], c, weekend, holidays, holidays_at, workdays, workdays_at)
                found[j] += (then - day) * ticks
