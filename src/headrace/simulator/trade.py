"""Invoices: every trade once, seen from above; the books of both sides are made from it later.

A month's trade under a contract is expected in proportion to

    contract's weight x its firm's activity in the month x days of trade in the month

and the wanted number of invoices is drawn from all (contract, month) cells at once.
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from headrace.simulator.arrays import Floats, Ints, pick
from headrace.simulator.contracts import Contracts
from headrace.simulator.defaults import Outcomes
from headrace.simulator.firms import Firms
from headrace.simulator.seasons import GOODS, SERVICES, SMALL, Calendar

NOT_VOIDED = -1
CORRECTS_NOTHING = -1
ORDINARY, RING, CIRCULAR, SHELL, SELF = range(5)
AMOUNT_MAX = 999_999_999  # fen: the largest invoice form is limited to ten million yuan
OUTSIDE_VOID_RATE = 0.036
LAST_NUMBER = 99_999_999


@dataclass(frozen=True)
class Trades:
    """One array element per invoice.

    Attributes:
        seller: Seller number; below the count of firms it is a firm, else an outsider.
        buyer: Buyer number; the same, but outsiders are other ones.
        day: Day of issue, an offset from the start.
        amount: Fen before tax; negative on a red letter.
        percent: Rate of value-added tax, whole percent.
        void_day: Day of voiding, within the month of issue; NOT_VOIDED where valid.
        corrects: Place of the invoice that a red letter corrects; else CORRECTS_NOTHING.
        kind: ORDINARY, or the planted structure that the invoice belongs to.
        plan: Which ring, pair, shell or self-invoicer; 0 for ordinary trade.
        step: Place within the plan, counted from 0 in the order of trade.
    """

    seller: Ints
    buyer: Ints
    day: Ints
    amount: Ints
    percent: Ints
    void_day: Ints
    corrects: Ints
    kind: Ints
    plan: Ints
    step: Ints

    def __len__(self) -> int:
        return len(self.seller)

    @property
    def tax(self) -> Ints:
        """Fen, half up away from zero as the tax software rounds."""
        size = (np.abs(self.amount) * self.percent.astype(np.int64) + 50) // 100
        return np.asarray(np.sign(self.amount) * size)

    def rows(self, firms: int) -> int:
        """Rows that the invoices take in the books of `firms` firms."""
        return int((self.seller < firms).sum() + (self.buyer < firms).sum())


def trades_of(seller: Ints, buyer: Ints, day: Ints, amount: Ints, **given: Ints | int) -> Trades:
    """Valid trades; `given` sets further columns, as arrays or as one value for all."""
    count = len(seller)
    defaults: dict[str, tuple[int, type[np.signedinteger]]] = {
        "percent": (0, np.int8),
        "void_day": (NOT_VOIDED, np.int32),
        "corrects": (CORRECTS_NOTHING, np.int32),
        "kind": (ORDINARY, np.int8),
        "plan": (0, np.int32),
        "step": (0, np.int32),
    }
    columns = {
        name: np.broadcast_to(np.asarray(given.get(name, value), dtype=kind), (count,))
        for name, (value, kind) in defaults.items()
    }
    whole = np.int32
    return Trades(
        seller.astype(whole), buyer.astype(whole), day.astype(whole), amount.astype(np.int64),
        **columns,
    )  # fmt: skip


def concat(*parts: Trades) -> Trades:
    """All trades in one; places that red letters name must already count from the first part."""
    return Trades(
        **{
            f.name: np.concatenate([getattr(part, f.name) for part in parts])
            for f in fields(Trades)
        }
    )


def draw_tax_classes(firms: Firms, outside: int, rng: np.random.Generator) -> Ints:
    """Tax class of every seller, firms first."""
    drawn = rng.choice(np.array([GOODS, SERVICES, SMALL]), outside, p=[0.6, 0.2, 0.2])
    return np.concatenate([firms.tax_class, drawn]).astype(np.int8)


@dataclass(frozen=True)
class Activity:
    """How much each firm does in each month.

    Attributes:
        pace: Sales of each firm in each row, then purchases of each firm; 1 is the usual.
        void_rate: Share of each firm's invoices that is voided, by month.
        alive: 1 in ordinary months, less after a default, 0 after the end.
    """

    pace: Floats
    void_rate: Floats
    alive: Floats


def draw_activity(
    firms: Firms, outcomes: Outcomes, months: int, rng: np.random.Generator
) -> Activity:
    """Activity that follows health: it falls, swings and has gaps before a default."""
    count = len(firms)
    month = np.arange(months)
    walk = outcomes.walk[:, :months]
    alive = _draw_alive(firms, outcomes, months, rng)
    level = firms.growth[:, None] * (month - months / 2) / 12 + 0.5 * walk
    swing = firms.volatility[:, None] * (1 + 0.25 * np.maximum(-walk, 0))
    gap_chance = np.clip(0.012 * np.exp(-0.5 * (firms.quality[:, None] + walk)), 0, 0.25)
    sales = np.exp(level + swing * rng.standard_normal((count, months))) * alive
    sales *= rng.random((count, months)) > gap_chance
    smooth = np.exp(level + 0.6 * swing * rng.standard_normal((count, months))) * alive
    void_rate = np.clip(firms.void_rate[:, None] * np.exp(-0.4 * walk), 0, 0.6)
    return Activity(np.concatenate([sales, smooth]), void_rate, alive)


def ordinary_trades(
    contracts: tuple[Contracts, Contracts],
    activity: Activity,
    calendar: Calendar,
    rows: int,
    rng: np.random.Generator,
) -> Trades:
    """Invoices under the contracts (outside, between firms) that take `rows` rows in the books.

    Amounts and days are set; tax rates and voids are not.
    """
    outside, between = contracts
    outside_rate = _cell_rates(outside, activity, calendar)
    between_rate = _cell_rates(between, activity, calendar)
    between_rate *= activity.alive[between.buyer]
    part = between_rate.sum() / (between_rate.sum() + outside_rate.sum())
    between_count = round(rows * part / (1 + part))
    outside_count = rows - 2 * between_count
    return concat(
        _draw_invoices(outside, outside_rate, outside_count, calendar, rng),
        _draw_invoices(between, between_rate, between_count, calendar, rng),
    )


def with_voids(
    trades: Trades, void_rate: Floats, calendar: Calendar, rng: np.random.Generator
) -> Trades:
    """Ordinary trades with some voided, between the day of issue and the end of its month."""
    firms = len(void_rate)
    month = calendar.month_of_day[trades.day]
    inside = trades.seller < firms
    rate = np.full(len(trades), OUTSIDE_VOID_RATE)
    rate[inside] = void_rate[trades.seller[inside], month[inside]]
    voided = rng.random(len(trades)) < rate
    void_day = draw_void_days(trades.day, calendar, rng)
    return replace(trades, void_day=np.where(voided, void_day, NOT_VOIDED).astype(np.int32))


def draw_void_days(day: Ints, calendar: Calendar, rng: np.random.Generator) -> Ints:
    """A day from each day of issue to the end of its month."""
    room = calendar.month_end(day) - day + 1
    return (day + np.floor(rng.random(len(day)) * room)).astype(np.int32)


def with_red_letters(
    trades: Trades, rows: int, firms: int, calendar: Calendar, rng: np.random.Generator
) -> Trades:
    """Trades followed by red letters that take about `rows` rows and correct ordinary valid ones.

    Days to months later; seven in ten take the whole invoice back, the others a part. The rate
    of tax is that of the invoice they correct. Needs `trades` with tax rates and voids.
    """
    correctable = (trades.kind == ORDINARY) & (trades.void_day == NOT_VOIDED)
    eligible = np.flatnonzero(correctable & (trades.day < calendar.days - 3))
    per_trade = trades.rows(firms) / len(trades)
    wanted = min(round(rows / per_trade), len(eligible))
    corrected = np.sort(rng.choice(eligible, wanted, replace=False, shuffle=False))
    day = trades.day[corrected]
    lag = np.minimum(1 + rng.exponential(35.0, wanted), (calendar.days - 1 - day))
    part = np.where(rng.random(wanted) < 0.7, 1.0, rng.uniform(0.05, 0.95, wanted))
    red = trades_of(
        trades.seller[corrected],
        trades.buyer[corrected],
        day + lag.astype(np.int32),
        -np.maximum(1, np.rint(trades.amount[corrected] * part)),
        percent=trades.percent[corrected],
        corrects=corrected,
    )
    return concat(trades, red)


def numbered(trades: Trades, rng: np.random.Generator) -> tuple[Trades, Ints]:
    """Trades in order of seller and day, and the number of each: rising for each seller.

    Numbers are 1 to 99,999,999. One seller never uses a number twice, two sellers may.
    """
    order = np.argsort(trades.seller.astype(np.int64) << 24 | trades.day, kind="stable")
    place = np.empty(len(trades), dtype=np.int32)
    place[order] = np.arange(len(trades), dtype=np.int32)
    sorted_trades = Trades(**{f.name: getattr(trades, f.name)[order] for f in fields(Trades)})
    red = sorted_trades.corrects != CORRECTS_NOTHING
    corrects = np.where(red, place[sorted_trades.corrects], CORRECTS_NOTHING)
    sellers = int(sorted_trades.seller[-1]) + 1
    issued = np.bincount(sorted_trades.seller, minlength=sellers)
    first = (np.cumsum(issued) - issued)[sorted_trades.seller]
    base = rng.integers(0, LAST_NUMBER, sellers)[sorted_trades.seller]
    stride = rng.integers(1, np.clip(LAST_NUMBER // (issued + 1), 1, 6) + 1)[sorted_trades.seller]
    number = 1 + (base + (np.arange(len(trades)) - first) * stride) % LAST_NUMBER
    return replace(sorted_trades, corrects=corrects.astype(np.int32)), number.astype(np.int64)


def _draw_alive(firms: Firms, outcomes: Outcomes, months: int, rng: np.random.Generator) -> Floats:
    """1 from joining on; falls by a third a month after a default, and ends months later."""
    month = np.arange(months)
    since_default = month - outcomes.month[:, None]
    stops_after = rng.integers(5, 13, len(firms))[:, None]
    fallen = rng.uniform(0.35, 0.9, len(firms))[:, None] * 0.87 ** np.maximum(since_default, 0)
    alive = np.where(since_default >= 0, fallen, 1.0) * (since_default < stops_after)
    present = (month >= firms.joined[:, None]) & (month < firms.left[:, None])
    return np.asarray(alive * present)


def _cell_rates(contracts: Contracts, activity: Activity, calendar: Calendar) -> Floats:
    """Invoices expected, in proportion, for each contract (rows) and month (columns)."""
    month = np.arange(calendar.months)
    rate = activity.pace[contracts.driver]
    rate *= contracts.weight[:, None] * calendar.month_weight()
    rate *= (month >= contracts.since[:, None]) & (month < contracts.until[:, None])
    return rate


def _draw_invoices(
    contracts: Contracts,
    rate: Floats,
    count: int,
    calendar: Calendar,
    rng: np.random.Generator,
) -> Trades:
    contract, month = np.divmod(pick(rate.ravel(), count, rng), calendar.months)
    noise = rng.standard_normal(count)
    yuan = np.exp(contracts.log_price[contract] + contracts.spread[contract] * noise)
    fen = np.clip(np.rint(yuan * 100), 100, AMOUNT_MAX).astype(np.int64)
    hundreds = np.maximum(10_000, fen // 10_000 * 10_000)
    return trades_of(
        contracts.seller[contract],
        contracts.buyer[contract],
        calendar.draw_days(month, rng),
        np.where(contracts.rounded[contract], hundreds, fen),
    )
