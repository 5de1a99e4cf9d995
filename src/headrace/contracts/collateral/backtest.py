"""What pledges at given rates would have come to, on prices that were.

Every few days a loan is made on a position of one size in each share, at a rate that was known on
that day; nobody tops it up, so that it is cured by the market alone. Loans are followed as
`kernels.follow` says, without interest. Two rules are compared by three numbers that stand
together: amount lent, calls, loss. A peer that lends a flat rate is shown twice: on every
share, and on the accepted ones at the rate at which it lends as much.

Caveats, which every table of results carries in its metadata: the shares are those still listed at
the end of the data (survivorship), and prices are adjusted forward, so that cash dividends count
as if they stayed with the pledge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from headrace.contracts.collateral.grades import LETTERS, Grades
from headrace.contracts.collateral.kernels import follow
from headrace.contracts.collateral.panel import Bools, Floats, Ints, Panel, locked_down
from headrace.errors import InputError

CAVEATS = (
    "Shares still listed at the end of the data only (survivorship); prices adjusted forward, so"
    " dividends count as kept; nobody tops up; no interest; sold at the close."
)


@dataclass(frozen=True)
class Course:
    """How a pledge goes.

    Attributes:
        call: Value over loan below which more collateral is called; so are `close`, below which it
            is sold at once, and `cure`, from which a call is lifted.
        cure_days: Trading days from a call to the sale.
        watch_days: Trading days of the loan.
        sale_days_max: Trading days after which what is unsold counts at its last close.
        participation: Part of a day's traded amount that can be sold.
        value: Of each position when lent against, yuan.
    """

    call: float = 1.5
    close: float = 1.3
    cure: float = 1.5
    cure_days: int = 3
    watch_days: int = 120
    sale_days_max: int = 60
    participation: float = 0.2
    value: float = 3e7


@dataclass(frozen=True)
class Pledged:
    """Pledges to follow.

    Attributes:
        opened: int32 (k,): row of the day.
        share: int32 (k,): column.
        grade: int8 (k,): 0..4, known on the day.
        rate: float64 (k,): lent, as a part of the value; 0: not lent, and not followed.
    """

    opened: Ints
    share: Ints
    grade: Grades
    rate: Floats


@dataclass(frozen=True)
class Followed:
    """What became of them; columns as the pledges, where nothing was lent NaN or false.

    Attributes:
        called: bool (k,): called at least once.
        sold: bool (k,): it came to a sale.
        below: bool (k,): proceeds and what was left were worth less than the loan on a day of it.
        loss: float64 (k,): part of the loan that is missing in the end.
        days: float64 (k,): trading days of the sale.
    """

    called: Bools
    sold: Bools
    below: Bools
    loss: Floats
    days: Floats


def pledges(prices: Panel, rows: Ints, grades: Grades, rates: Floats) -> Pledged:
    """One pledge for each share that was listed and each day.

    Args:
        prices: The panel.
        rows: int32 (k,): the days.
        grades: int8 (k, n).
        rates: float64 (k, n).
    """
    day, share = np.nonzero(prices.listed[rows])
    return Pledged(
        rows[day].astype(np.int32), share.astype(np.int32), grades[day, share], rates[day, share]
    )


def follow_pledges(prices: Panel, limits: Floats, made: Pledged, course: Course) -> Followed:
    """Follow every pledge to its end.

    Raises:
        InputError: A rate lies outside 0..1.
    """
    if len(made.rate) and not ((made.rate >= 0) & (made.rate <= 1)).all():
        raise InputError("a rate lies outside 0..1", where="pledges", remedy="0 to 1")
    blocked = ~prices.traded | locked_down(prices, limits)
    lent = np.flatnonzero(made.rate > 0)
    out = np.zeros((len(lent), 6))
    follow(
        prices.close, blocked, np.nan_to_num(prices.amount), made.opened[lent], made.share[lent],
        np.full(len(lent), course.value), course.value * made.rate[lent],
        np.array([course.call, course.close, course.cure]),
        np.array([course.cure_days, course.watch_days, course.sale_days_max], np.int64),
        course.participation, out,
    )  # fmt: skip
    k = len(made.rate)
    called, sold, below = (np.zeros(k, np.bool_) for _ in range(3))
    loss, days = np.full(k, np.nan), np.full(k, np.nan)
    called[lent], sold[lent] = out[:, 0] > 0, out[:, 1] > 0
    below[lent] = out[:, 3] < 1
    loss[lent] = np.where(out[:, 1] > 0, np.maximum(1 - out[:, 4] - out[:, 5], 0), 0)
    days[lent] = np.where(out[:, 1] > 0, out[:, 2] + 1, np.nan)
    return Followed(called, sold, below, loss, days)


def summary(made: Pledged, found: Followed) -> pa.Table:
    """One row per grade and one for all.

    Returns:
        `grade`; `pledges` int64; `lent` double: mean rate over all pledges, those refused at 0;
        `called`, `sold`, `below` double: parts of the pledges that were lent against; `loss`
        double: lost part of the amount lent; `loss_per_value`: lost part of the value of all
        collateral. Null where nothing was lent.
    """
    rows = [_row(letter, made, found, made.grade == k) for k, letter in enumerate(LETTERS)]
    rows.append(_row("all", made, found, np.ones(len(made.rate), np.bool_)))
    return pa.Table.from_pylist(rows).replace_schema_metadata({"caveats": CAVEATS})


def _row(name: str, made: Pledged, found: Followed, of: Bools) -> Mapping[str, object]:
    lent = of & (made.rate > 0)
    row: dict[str, object] = {"grade": name, "pledges": int(of.sum())}
    row["lent"] = float(made.rate[of].mean()) if of.any() else None
    for column in ("called", "sold", "below"):
        row[column] = float(getattr(found, column)[lent].mean()) if lent.any() else None
    lost = float((found.loss[lent] * made.rate[lent]).sum())
    row["loss"] = lost / float(made.rate[lent].sum()) if lent.any() else None
    row["loss_per_value"] = lost / int(of.sum()) if of.any() else None
    return row


def calibrated(
    prices: Panel, limits: Floats, made: Pledged, course: Course, sold_max: float
) -> Floats:
    """The highest rate of each grade at which few enough pledges come to a sale.

    Args:
        prices: The panel; `made` must lie in a window of it that no result is shown on.
        limits: Daily price limits.
        made: Pledges; where nothing is lent, nothing is looked at.
        course: How a pledge goes.
        sold_max: The part of a grade's pledges that may come to a sale, 0..1.

    Returns:
        float64 (5,): whole per cent, at most 60; 0 where even 1 % is too much.
    """
    found = np.zeros(len(LETTERS))
    for percent in range(1, 61):
        rate = np.where(made.rate > 0, percent / 100, 0.0)
        tried = Pledged(made.opened, made.share, made.grade, rate)
        sold = follow_pledges(prices, limits, tried, course).sold
        for k in range(len(LETTERS)):
            of = (made.grade == k) & (made.rate > 0)
            if of.any() and sold[of].mean() <= sold_max:
                found[k] = percent / 100
    return found


def fallen(prices: Panel, made: Pledged, days: int, rate: float) -> Bools:
    """Whether the value fell below a loan of `rate` on one of the `days` trading days after.

    The question that a grade answers, whatever is called or sold: bool (k,).
    """
    least = np.full(len(made.opened), np.inf)
    last = len(prices.days) - 1
    for ahead in range(1, days + 1):
        row = np.minimum(made.opened + ahead, last)
        least = np.fmin(least, prices.close[row, made.share])
    below: Bools = least < rate * prices.close[made.opened, made.share]
    return below


def flat(made: Pledged, rate: float) -> Pledged:
    """The same pledges at one rate, whatever the share."""
    return Pledged(made.opened, made.share, made.grade, np.full(len(made.rate), rate))


def flat_on_accepted(made: Pledged) -> Pledged:
    """The same pledges at the one rate that lends as much on the same shares."""
    lent = made.rate > 0
    rate = float(made.rate[lent].mean()) if lent.any() else 0.0
    return Pledged(made.opened, made.share, made.grade, np.where(lent, rate, 0.0))


def days_between(prices: Panel, first: date, last: date, every: int) -> Ints:
    """int32 (k,): every so many trading days from the first to the last of a window."""
    begin, end = prices.place(first), prices.place(last)
    return np.arange(begin, end + 1, every, dtype=np.int32)
