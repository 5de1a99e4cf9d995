"""The trading calendar: which days are busy, and what the law taxes on them.

Days are offsets from the first day of the span, months count from the span's first month.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from headrace.clock import day_number
from headrace.simulator.arrays import Floats, Ints

# First day of the Chinese lunar year; other years have no dip.
NEW_YEAR = {
    2010: (2, 14), 2011: (2, 3), 2012: (1, 23), 2013: (2, 10), 2014: (1, 31), 2015: (2, 19),
    2016: (2, 8), 2017: (1, 28), 2018: (2, 16), 2019: (2, 5), 2020: (1, 25), 2021: (2, 12),
    2022: (2, 1), 2023: (1, 22), 2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6),
    2028: (1, 26), 2029: (2, 13), 2030: (2, 3),
}  # fmt: skip
WEEKDAY_WEIGHT = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.45, 0.2])
NEW_YEAR_DIP = 0.2
YEAR_END_PEAK = 1.35

GOODS, SERVICES, SMALL = 0, 1, 2
# Standard rate from each date on: notices 财税〔2018〕32号 and 财政部等公告2019年第39号.
GOODS_RATES = ((date.min, 17), (date(2018, 5, 1), 16), (date(2019, 4, 1), 13))
SERVICES_RATE = 6
SMALL_RATE = 3  # levy rate of small-scale taxpayers


@dataclass(frozen=True)
class Calendar:
    """A span of days with their weights.

    Attributes:
        first: The first day of the span.
        day_weight: How much is traded on each day, an ordinary weekday being 1.
        month_of_day: The month that each day is in.
        month_start: First day of each month, and one more: the number of days.
    """

    first: date
    day_weight: Floats
    month_of_day: Ints
    month_start: Ints

    @property
    def days(self) -> int:
        """Days in the span."""
        return len(self.day_weight)

    @property
    def months(self) -> int:
        """Calendar months that the span touches."""
        return len(self.month_start) - 1

    def month_weight(self) -> Floats:
        """How much is traded in each month, in ordinary weekdays."""
        return np.add.reduceat(self.day_weight, self.month_start[:-1])

    def month_end(self, day: Ints) -> Ints:
        """The last day within the span of each day's month."""
        return np.asarray(self.month_start[self.month_of_day[day] + 1] - 1)

    def draw_days(self, month: Ints, rng: np.random.Generator) -> Ints:
        """One day in each of these months, busy days more often."""
        cumulative = np.concatenate([[0.0], np.cumsum(self.day_weight)])
        low, high = cumulative[self.month_start[month]], cumulative[self.month_start[month + 1]]
        day = np.searchsorted(cumulative, low + rng.random(len(month)) * (high - low), "right") - 1
        within = np.clip(day, self.month_start[month], self.month_start[month + 1] - 1)
        return np.asarray(within, dtype=np.int32)

    def vat_percent(self, day: Ints, tax_class: Ints) -> Ints:
        """The rate of value-added tax by law: whole percent, by day and by class of seller."""
        changes = [(since - self.first).days for since, _ in GOODS_RATES[1:]]
        percents = np.array([percent for _, percent in GOODS_RATES])
        goods = percents[np.searchsorted(changes, day, side="right")]
        percent = np.where(tax_class == SERVICES, SERVICES_RATE, goods)
        return np.where(tax_class == SMALL, SMALL_RATE, percent).astype(np.int8)


def calendar_of(start: date, end: date) -> Calendar:
    """The calendar from `start` to `end`, both included."""
    days = [start + timedelta(days=offset) for offset in range((end - start).days + 1)]
    month = np.array([day.year * 12 + day.month for day in days])
    month_of_day = month - month[0]
    weight = WEEKDAY_WEIGHT[[day.weekday() for day in days]]
    weight *= np.where([day.month == 12 for day in days], YEAR_END_PEAK, 1.0)
    number = np.arange(len(days)) + day_number(start)
    for year, (new_year_month, new_year_day) in NEW_YEAR.items():
        since = number - day_number(date(year, new_year_month, new_year_day))
        weight *= np.where((since >= -6) & (since < 12), NEW_YEAR_DIP, 1.0)
    starts = np.searchsorted(month_of_day, np.arange(month_of_day[-1] + 2))
    return Calendar(start, weight, month_of_day, starts)
