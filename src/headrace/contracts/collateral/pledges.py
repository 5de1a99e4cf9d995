"""The words of a pledge: its terms, what can happen to it, where it stands, why not.

A pledge is one debt and the collateral that secures it, marked day by day:

    open      value at or above the warning line
    warned    below the warning line (预警线)
    called    below the call line (追保线); to be cured by a deadline in trading days
    disposing below the closing line (平仓线), or not cured in time (处置)
    closed    nothing is owed, or nothing is left (终结)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from headrace.contracts.movements import Movement
from headrace.errors import InputError


class Phase(StrEnum):
    """Where a pledge stands."""

    OPEN = "open"
    WARNED = "warned"
    CALLED = "called"
    DISPOSING = "disposing"
    CLOSED = "closed"


PHASE_ZH: Mapping[Phase, str] = {
    Phase.OPEN: "正常",
    Phase.WARNED: "预警",
    Phase.CALLED: "追保",
    Phase.DISPOSING: "处置",
    Phase.CLOSED: "终结",
}


class Refusal(StrEnum):
    """Why an event is not done."""

    AMOUNT_MUST_BE_POSITIVE = "amount_must_be_positive"
    DAY_MUST_NOT_GO_BACK = "day_must_not_go_back"
    PLEDGE_MUST_NOT_BE_CLOSED = "pledge_must_not_be_closed"
    PIECE_MUST_BE_NEW = "piece_must_be_new"
    PIECE_MUST_BE_PLEDGED = "piece_must_be_pledged"
    EVERY_PIECE_MUST_BE_MARKED = "every_piece_must_be_marked"
    DEADLINE_MUST_BE_IN_THE_CALENDAR = "deadline_must_be_in_the_calendar"
    PRICE_MUST_BE_FRESH = "price_must_be_fresh"
    RATIO_MUST_STAY_ABOVE_RELEASE_LINE = "ratio_must_stay_above_release_line"
    RATIO_MUST_NOT_FALL = "ratio_must_not_fall"
    PLEDGE_MUST_BE_IN_DISPOSAL = "pledge_must_be_in_disposal"
    MARKET_MUST_BE_OPEN = "market_must_be_open"
    PRICE_MUST_NOT_BE_AT_THE_LOWER_LIMIT = "price_must_not_be_at_the_lower_limit"
    NOTHING_MUST_BE_OWED = "nothing_must_be_owed"


REFUSAL_ZH: Mapping[Refusal, str] = {
    Refusal.AMOUNT_MUST_BE_POSITIVE: "金额须大于零",
    Refusal.DAY_MUST_NOT_GO_BACK: "日期不得早于上一事件",
    Refusal.PLEDGE_MUST_NOT_BE_CLOSED: "质押已终结",
    Refusal.PIECE_MUST_BE_NEW: "押品编号已存在",
    Refusal.PIECE_MUST_BE_PLEDGED: "押品不在质押中",
    Refusal.EVERY_PIECE_MUST_BE_MARKED: "每件押品均须估值",
    Refusal.DEADLINE_MUST_BE_IN_THE_CALENDAR: "追保期限超出交易日历",
    Refusal.PRICE_MUST_BE_FRESH: "估值过期，不得据以释放",
    Refusal.RATIO_MUST_STAY_ABOVE_RELEASE_LINE: "释放后低于解押线",
    Refusal.RATIO_MUST_NOT_FALL: "置换后履约保障比例不得下降",
    Refusal.PLEDGE_MUST_BE_IN_DISPOSAL: "未进入处置",
    Refusal.MARKET_MUST_BE_OPEN: "停牌，不能卖出",
    Refusal.PRICE_MUST_NOT_BE_AT_THE_LOWER_LIMIT: "跌停，不能卖出",
    Refusal.NOTHING_MUST_BE_OWED: "尚有欠款",
}


class Market(StrEnum):
    """Whether a piece can be sold on a day."""

    OPEN = "open"
    SUSPENDED = "suspended"
    LOWER_LIMIT = "lower_limit"


@dataclass(frozen=True)
class Lines:
    """Ratios of value over debt; a line is crossed where the ratio is below it.

    Attributes:
        cure: From which a call is lifted; None: the warning line.
        release: Down to which collateral may be released.
        cure_days: Trading days from the call to the deadline, which is still in time.
    """

    warn: Decimal = Decimal("1.6")
    call: Decimal = Decimal("1.5")
    close: Decimal = Decimal("1.3")
    release: Decimal = Decimal(2)
    cure: Decimal | None = None
    cure_days: int = 2

    def __post_init__(self) -> None:
        """Refuse lines that are not in order, or finer than four decimals."""
        ordered = self.release >= self.warn >= self.call >= self.close > 0
        lifted = self.lifted
        if not (ordered and lifted >= self.call and self.cure_days >= 1):
            raise InputError(
                "the lines are not in order",
                where=str(self),
                remedy="release >= warn >= call >= close, cure >= call, a day at least",
            )
        values = (self.warn, self.call, self.close, self.release, lifted)
        if any((value * 10_000) % 1 for value in values):
            raise InputError(
                "a line has more than four decimals", where=str(self), remedy="e.g. 1.35"
            )

    @property
    def lifted(self) -> Decimal:
        """The ratio from which a call is lifted."""
        return self.warn if self.cure is None else self.cure


@dataclass(frozen=True)
class Held:
    """A piece in pledge: its last marked value, and whether its price was old then."""

    value_minor: int
    stale: bool = False


@dataclass(frozen=True)
class Pledge:
    """Where a pledge stands. One begins with what is owed and its pieces, or with nothing owed.

    Attributes:
        owed_minor: Principal and interest, as last told.
        margin_minor: Cash margin, part of the value.
        deadline: The last day on which a call can be cured.
        called_minor: What must be added to reach the cure line, when last called or marked.
        proceeds_minor: Of sales so far.
    """

    lines: Lines
    on: date
    owed_minor: int
    pieces: Mapping[str, Held] = field(default_factory=dict)
    margin_minor: int = 0
    phase: Phase = Phase.OPEN
    deadline: date | None = None
    called_minor: int = 0
    proceeds_minor: int = 0
    currency: str = "CNY"

    @property
    def value_minor(self) -> int:
        """Of all collateral, margin included."""
        return self.margin_minor + sum(piece.value_minor for piece in self.pieces.values())

    @property
    def stale(self) -> bool:
        """Whether a price is old."""
        return any(piece.stale for piece in self.pieces.values())

    @property
    def ratio(self) -> Decimal | None:
        """Value over debt (履约保障比例), for people; None where nothing is owed."""
        return Decimal(self.value_minor) / Decimal(self.owed_minor) if self.owed_minor else None

    def at_least(self, line: Decimal) -> bool:
        """Whether value / debt >= line, exactly; so it is where nothing is owed."""
        return self.value_minor >= self.owed_minor * line


@dataclass(frozen=True)
class Add:
    """A piece comes into pledge, or cash margin with the piece "margin" (补充质押)."""

    on: date
    piece: str
    amount: int


@dataclass(frozen=True)
class Marked:
    """The day's values of all pieces, and what is owed."""

    on: date
    pieces: Mapping[str, Held]
    owed_minor: int


@dataclass(frozen=True)
class Repay:
    """What is owed falls; the loan's own account moves the money."""

    on: date
    amount: int


@dataclass(frozen=True)
class Release:
    """A piece, or margin, goes back in part or whole (解除质押)."""

    on: date
    piece: str
    amount: int


@dataclass(frozen=True)
class Substitute:
    """One piece for another (置换)."""

    on: date
    out: str
    piece: str
    amount: int


@dataclass(frozen=True)
class Sell:
    """A piece is sold, in part or whole; margin is used as it is, and `proceeds` not looked at.

    Attributes:
        amount: Marked value of what is sold.
        proceeds: Received net of costs, 0 or more.
        market: Whether it could be sold that day.
    """

    on: date
    piece: str
    amount: int
    proceeds: int
    market: Market = Market.OPEN


@dataclass(frozen=True)
class Close:
    """The end: what is left goes back."""

    on: date


Event = Add | Marked | Repay | Release | Substitute | Sell | Close
MARGIN = "margin"


@dataclass(frozen=True)
class Step:
    """What an event did; where it is refused, the pledge is the one before."""

    pledge: Pledge
    movements: tuple[Movement, ...] = ()
    refusal: Refusal | None = None
