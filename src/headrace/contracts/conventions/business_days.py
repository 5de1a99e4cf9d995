"""Business day conventions (营业日顺延规则): where what falls on a day off takes place.

Names are those of the ACTUS dictionary. SC shifts the day and then calculates interest to the
shifted day; CS calculates to the day in the contract and shifts only the payment.
"""

from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from headrace.contracts.conventions import kernels
from headrace.contracts.conventions.calendars import Calendar, date_of, day_number

Longs = NDArray[np.int64]


class BusinessDay(StrEnum):
    """What happens to a day that is not a business day.

    `way` is the move in kernels; `calculates_first` says that interest keeps the day agreed.
    """

    NO_SHIFT = "NOS"
    SHIFT_FOLLOWING = "SCF"
    SHIFT_MODIFIED_FOLLOWING = "SCMF"
    CALCULATE_FOLLOWING = "CSF"
    CALCULATE_MODIFIED_FOLLOWING = "CSMF"
    SHIFT_PRECEDING = "SCP"
    SHIFT_MODIFIED_PRECEDING = "SCMP"
    CALCULATE_PRECEDING = "CSP"
    CALCULATE_MODIFIED_PRECEDING = "CSMP"

    @property
    def way(self) -> int:
        """The move: to the next or last business day, and whether the month may change."""
        return WAYS[self.value[2:] if self is not BusinessDay.NO_SHIFT else ""]

    @property
    def calculates_first(self) -> bool:
        """Whether interest runs to the day agreed rather than to the day shifted to."""
        return self.value.startswith("CS")


WAYS = {
    "": kernels.STAY,
    "F": kernels.FOLLOWING,
    "MF": kernels.MODIFIED_FOLLOWING,
    "P": kernels.PRECEDING,
    "MP": kernels.MODIFIED_PRECEDING,
}


def shifted(day: date, rule: BusinessDay, calendar: Calendar) -> date:
    """The day on which what falls on `day` takes place.

    Raises:
        InputError: If the calendar does not know the day.
    """
    calendar.check([day])
    found = date_of(kernels.moved(day_number(day), rule.way, 0, calendar.flat))
    calendar.check([found])
    return found


def shifted_days(days: Longs, rule: BusinessDay, calendar: Calendar) -> Longs:
    """`shifted` for int64 (n,) days since 1970-01-01."""
    if len(days):
        calendar.check([date_of(int(days.min())), date_of(int(days.max()))])
    found = np.empty(len(days), np.int64)
    which = np.zeros(len(days), np.int64)
    kernels.move_times(days, which + rule.way, which, calendar.flat, 1, found)
    return found
