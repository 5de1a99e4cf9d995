"""The words of a guarantee pool: its terms, its events, where it stands.

The compensation rate (代偿率) has several definitions in use; each is a choice of

    numerator    what parties other than the residual one paid, on the day it was paid; gross,
                 or net of what was recovered for them
    denominator  outstanding: guaranteed and not released, what was compensated included
                 (在保余额); released: repaid or compensated (解除担保额); granted: guaranteed in
                 all (担保发生额)
    window       the calendar year so far, or the life of the pool

The rate is compared exactly, as a fraction; without a denominator there is no rate.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from headrace.contracts.sharing.scheme import Scheme
from headrace.contracts.sharing.waterfall import Allocation, Usage


class Numerator(StrEnum):
    """What counts as compensated."""

    GROSS = "gross"
    NET = "net"


class Denominator(StrEnum):
    """What it is compared with."""

    OUTSTANDING = "outstanding"
    RELEASED = "released"
    GRANTED = "granted"


class Window(StrEnum):
    """Over which time; an outstanding balance is of the moment in either."""

    YEAR = "year"
    LIFE = "life"


class Effect(StrEnum):
    """What a stop-loss does: no new business, or the residual party bears later claims alone."""

    SUSPEND = "suspend"
    RESIDUAL_BEARS_ALL = "residual_bears_all"


class Refusal(StrEnum):
    """Why an event is not done."""

    AMOUNT_MUST_BE_POSITIVE = "amount_must_be_positive"
    DAY_MUST_NOT_GO_BACK = "day_must_not_go_back"
    LOAN_MUST_BE_NEW = "loan_must_be_new"
    LOAN_MUST_BE_GUARANTEED = "loan_must_be_guaranteed"
    AMOUNT_MUST_NOT_EXCEED_GUARANTEED = "amount_must_not_exceed_guaranteed"
    POOL_MUST_NOT_BE_SUSPENDED = "pool_must_not_be_suspended"
    LEVERAGE_MUST_NOT_EXCEED_CAP = "leverage_must_not_exceed_cap"
    BORROWER_MUST_NOT_EXCEED_LIMIT = "borrower_must_not_exceed_limit"
    CLAIM_MUST_BE_NEW = "claim_must_be_new"
    CLAIM_MUST_BE_KNOWN = "claim_must_be_known"
    CLAIM_MUST_BE_PAYABLE = "claim_must_be_payable"
    CLAIM_MUST_BE_COMPENSATED = "claim_must_be_compensated"
    POOL_MUST_HAVE_THE_MONEY = "pool_must_have_the_money"
    COST_MUST_NOT_EXCEED_AMOUNT = "cost_must_not_exceed_amount"
    POOL_MUST_BE_SUSPENDED = "pool_must_be_suspended"


@dataclass(frozen=True)
class StopLoss:
    """A compensation rate at which something happens (熔断).

    Attributes:
        reaches: It happens when the rate is at least this.
    """

    id: str
    reaches: Decimal
    effect: Effect = Effect.SUSPEND
    numerator: Numerator = Numerator.GROSS
    denominator: Denominator = Denominator.OUTSTANDING
    window: Window = Window.YEAR


@dataclass(frozen=True)
class PoolTerms:
    """What was agreed.

    Attributes:
        funded: The parties whose money lies in the pool, with the bank; others pay from outside.
        leverage_max: Guaranteed amount at most so many times the money; None: no limit.
        capital_minor: Net assets by which leverage and borrowers are measured; None: the money
            that is in the pool at the moment.
        borrower_share_max: One borrower at most this part of the money; None: no limit.
        bases: By calendar year, what rates in the scheme are a part of; for a year that is
            missing, the outstanding balance when the year's first event comes.
    """

    scheme: Scheme
    funded: frozenset[str]
    stops: tuple[StopLoss, ...] = ()
    leverage_max: Decimal | None = None
    borrower_share_max: Decimal | None = None
    capital_minor: int | None = None
    bases: Mapping[int, int] = field(default_factory=dict)
    currency: str = "CNY"


@dataclass(frozen=True)
class Contribute:
    """A party pays into the pool."""

    on: date
    party: str
    amount: int


@dataclass(frozen=True)
class Guarantee:
    """A loan comes under the pool."""

    on: date
    loan: str
    borrower: str
    amount: int


@dataclass(frozen=True)
class Release:
    """A guaranteed loan is repaid, wholly or in part."""

    on: date
    loan: str
    amount: int


@dataclass(frozen=True)
class Claim:
    """The bank claims compensation for a loan."""

    on: date
    claim: str
    loan: str
    amount: int


@dataclass(frozen=True)
class Compensate:
    """What is payable on a claim is paid."""

    on: date
    claim: str


@dataclass(frozen=True)
class Recover:
    """Money came back on a claim."""

    on: date
    claim: str
    amount: int
    cost: int = 0


@dataclass(frozen=True)
class Resume:
    """New business is allowed again, by decision of the parties."""

    on: date


Event = Contribute | Guarantee | Release | Claim | Compensate | Recover | Resume


@dataclass(frozen=True)
class Guaranteed:
    """A loan under the pool; `outstanding` has neither repaid nor claimed amounts in it."""

    borrower: str
    outstanding: int


@dataclass(frozen=True)
class Claimed:
    """A claim: who bears it, and which pieces are paid."""

    allocation: Allocation
    paid: tuple[bool, ...]


@dataclass(frozen=True)
class Rate:
    """A compensation rate with the values it was computed from; `rate` None: no denominator."""

    stop: str
    on: date
    compensated: int
    base: int

    @property
    def rate(self) -> Fraction | None:
        """Exact."""
        return Fraction(self.compensated, self.base) if self.base > 0 else None


@dataclass(frozen=True)
class PoolState:
    """Where a pool stands; amounts in minor units, sums by calendar year.

    Attributes:
        money: By party, in the pool.
        opening: By year, the outstanding balance when its first event came.
        suspended_on: The day new business stopped; None while it is open.
        residual_alone_on: The day from which the residual party bears claims alone.
        triggers: The rates that reached a stop, in order.
    """

    day: date
    money: Mapping[str, int] = field(default_factory=dict)
    loans: Mapping[str, Guaranteed] = field(default_factory=dict)
    claims: Mapping[str, Claimed] = field(default_factory=dict)
    granted: Mapping[int, int] = field(default_factory=dict)
    released: Mapping[int, int] = field(default_factory=dict)
    compensated: Mapping[int, int] = field(default_factory=dict)
    recovered: Mapping[int, int] = field(default_factory=dict)
    opening: Mapping[int, int] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    suspended_on: date | None = None
    residual_alone_on: date | None = None
    triggers: tuple[Rate, ...] = ()

    @property
    def outstanding(self) -> int:
        """Guaranteed and not released; what was compensated is still in it."""
        return sum(self.granted.values()) - sum(self.released.values())
