"""Daily prices of many shares as arrays, and on which days a holder could not sell.

A panel knows nothing that is not in its rows: what is computed of day t looks at rows up to t.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.clock import EPOCH
from headrace.contracts.collateral.terms import Terms
from headrace.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]

COLUMNS = (
    "code", "date", "high", "low", "close", "preclose", "amount", "turn", "tradestatus", "isST",
)  # fmt: skip
TOLERANCE = 0.005  # of a price limit: prices are whole fen, 0.25 % of a share at 2 yuan


@dataclass(frozen=True)
class Panel:
    """Prices by day and share, (d, n) each; NaN, or false, before a share was listed.

    Attributes:
        days: int32 (d,): days since 1970-01-01, trading days in order.
        codes: The shares, as the columns.
        close: Adjusted, yuan; on suspended days the last price. So are `high` and `low`.
        preclose: The close before, adjusted as the day's close is.
        amount: Traded that day, yuan; 0 where suspended.
        turn: Traded part of the float, in per cent; NaN where suspended.
        traded: Whether the share was traded.
        special: Whether it was under special treatment (ST).
    """

    days: Ints
    codes: tuple[str, ...]
    close: Floats
    high: Floats
    low: Floats
    preclose: Floats
    amount: Floats
    turn: Floats
    traded: Bools
    special: Bools

    @property
    def listed(self) -> Bools:
        """Whether there is a price: bool (d, n)."""
        return ~np.isnan(self.close)

    @property
    def returns(self) -> Floats:
        """float64 (d, n): log of close over preclose; NaN where not traded."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.traded, np.log(self.close / self.preclose), np.nan)

    def place(self, day: date) -> int:
        """The row of the last trading day not after `day`.

        Raises:
            InputError: It lies before the first.
        """
        found = int(np.searchsorted(self.days, (day - EPOCH).days, side="right")) - 1
        if found < 0:
            raise InputError("the day lies before the prices", where=str(day), remedy="a later day")
        return found

    def until(self, row: int) -> "Panel":
        """What was known on a day: rows up to and with `row`."""
        kept = slice(None, row + 1)
        cut = {
            name: getattr(self, name)[kept]
            for name in (
                "days", "close", "high", "low", "preclose", "amount", "turn", "traded", "special",
            )
        }  # fmt: skip
        return replace(self, **cut)


def panel(rows: pa.Table) -> Panel:
    """A panel out of rows by share and day. A day without a row, once listed, is a suspended one.

    Args:
        rows: Columns `COLUMNS`; `date` date32, `tradestatus` 1 where traded, `isST` 1 under special
            treatment, `turn` null where suspended.

    Raises:
        InputError: A column is missing, or a share has two rows of one day.
    """
    missing = [name for name in COLUMNS if name not in rows.column_names]
    if missing:
        raise InputError(
            f"columns are missing: {', '.join(missing)}",
            where="prices",
            remedy=f"columns {', '.join(COLUMNS)}",
        )
    day = rows["date"].cast(pa.date32()).cast(pa.int32()).to_numpy()
    days, row = np.unique(day, return_inverse=True)
    coded = rows["code"].combine_chunks().dictionary_encode()
    names = coded.dictionary.to_pylist()
    order = np.argsort(np.array(names, dtype=object))
    column = np.argsort(order)[coded.indices.to_numpy(zero_copy_only=False)]
    shape = (len(days), len(names))
    if len(np.unique(row * shape[1] + column)) != len(row):
        raise InputError("a share has two rows of one day", where="prices", remedy="one each")

    def spread(name: str, absent: float) -> Floats:
        filled = np.full(shape, absent, np.float64)
        values = rows[name].cast(pa.float64()).to_numpy()
        filled[row, column] = values
        return filled

    return Panel(
        days=days.astype(np.int32),
        codes=tuple(names[at] for at in order),
        close=last_known(spread("close", np.nan)),
        high=spread("high", np.nan),
        low=spread("low", np.nan),
        preclose=spread("preclose", np.nan),
        amount=spread("amount", np.nan),
        turn=spread("turn", np.nan),
        traded=spread("tradestatus", 0) == 1,
        special=spread("isST", 0) == 1,
    )


def last_known(x: Floats) -> Floats:
    """Each column with the last value before in the place of NaN."""
    row = np.where(np.isnan(x), -1, np.arange(len(x))[:, np.newaxis])
    row = np.maximum.accumulate(row, axis=0)
    return np.where(row >= 0, np.take_along_axis(x, np.maximum(row, 0), axis=0), np.nan)


def board(code: str) -> str:
    """The rule that limits a share's daily move, by its code: growth, STAR or main board."""
    if code.startswith(("300", "301")):
        return "limit.growth"
    return "limit.star" if code.startswith("688") else "limit.main"


def price_limits(prices: Panel, terms: Terms) -> Floats:
    """The daily price limit, as a fraction, by board, day and special treatment.

    Returns:
        float64 (d, n); NaN where no limit was in force yet, such as before a board was opened.
    """
    days = [EPOCH + timedelta(days=int(day)) for day in prices.days]

    def by_day(name: str) -> Floats:
        known = [float(terms.value(name, day)) if terms.has(name, day) else np.nan for day in days]
        return np.array(known, np.float64)

    main = {name: by_day(name) for name in sorted({board(code) for code in prices.codes})}
    special = by_day("limit.st")
    limit = np.column_stack([main[board(code)] for code in prices.codes])
    growth = np.array([board(code) != "limit.main" for code in prices.codes])
    narrow = np.where(growth & (limit > 0.1), limit, special[:, np.newaxis])
    return np.where(prices.special, narrow, limit)


def down_at_limit(prices: Panel, limits: Floats) -> Bools:
    """Closed at the lower limit (跌停): bool (d, n)."""
    with np.errstate(invalid="ignore"):
        move = prices.close / prices.preclose - 1
        return prices.traded & (move <= -limits + TOLERANCE)


def locked_down(prices: Panel, limits: Floats) -> Bools:
    """At the lower limit all day (一字跌停), so that nobody could sell: bool (d, n)."""
    flat: Bools = prices.high == prices.low
    return down_at_limit(prices, limits) & flat
