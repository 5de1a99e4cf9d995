"""Credit-risk mitigation notes (信用风险缓释凭证, CRMW; 信用风险缓释合约, CRMA).

The holder pays a premium on the notional; after a credit event of the reference entity the issuer
pays notional x (1 - recovery), or the notional against delivery of the debt. Premium accrued to
the day of the event is owed (as in ISDA's Credit Derivatives Definitions, 2014); day count
actual/365 unless stated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

import pyarrow as pa

from headrace.contracts.sharing.scheme import Layer, Share
from headrace.errors import InputError

ONE = Decimal(1)


class CreditEvent(StrEnum):
    """What lets the protection be called: 破产, 支付违约, 债务重组."""

    BANKRUPTCY = "bankruptcy"
    FAILURE_TO_PAY = "failure_to_pay"
    RESTRUCTURING = "restructuring"


class Settlement(StrEnum):
    """现金结算 or 实物结算."""

    CASH = "cash"
    PHYSICAL = "physical"


class Refusal(StrEnum):
    """Why a notice of a credit event is not accepted."""

    ENTITY_MUST_BE_THE_REFERENCE = "entity_must_be_the_reference"
    EVENT_MUST_BE_COVERED = "event_must_be_covered"
    DAY_MUST_BE_WITHIN_THE_TERM = "day_must_be_within_the_term"
    UNPAID_MUST_REACH_THE_THRESHOLD = "unpaid_must_reach_the_threshold"
    GRACE_MUST_HAVE_ENDED = "grace_must_have_ended"


@dataclass(frozen=True)
class Note:
    """A note as agreed.

    Attributes:
        entity: The reference entity (参考实体).
        issuer: Who pays after a credit event (创设机构).
        loans: The debts that are protected (标的债务).
        premium: Per year, as a fraction of the notional.
        premium_days: Days on which premium is paid, in order, the last at maturity; a single day
            equal to `starts_on` means that all is paid at the beginning (前端一次性付费).
        grace_days: Calendar days after a missed payment before it is an event.
        threshold_minor: The least amount missed that is an event (起点金额).
        events: The events covered.
    """

    entity: str
    issuer: str
    loans: tuple[str, ...]
    notional_minor: int
    premium: Decimal
    starts_on: date
    ends_on: date
    premium_days: tuple[date, ...]
    events: tuple[CreditEvent, ...] = (CreditEvent.BANKRUPTCY, CreditEvent.FAILURE_TO_PAY)
    settlement: Settlement = Settlement.CASH
    grace_days: int = 3
    threshold_minor: int = 100_000_000
    currency: str = "CNY"

    def __post_init__(self) -> None:
        """Refuse a term that ends before it begins, and premium days outside or in disorder."""
        days = self.premium_days
        ordered = list(days) == sorted(set(days)) and days
        upfront = days == (self.starts_on,)
        if (
            self.ends_on <= self.starts_on
            or self.notional_minor <= 0
            or not ordered
            or not (upfront or (days[0] > self.starts_on and days[-1] == self.ends_on))
        ):
            raise InputError(
                "the term or the premium days are in disorder",
                where=f"note on {self.entity}",
                remedy="days in order, the last at maturity, or one at the beginning",
            )


@dataclass(frozen=True)
class Notice:
    """A credit event as it is notified.

    Attributes:
        missed_on: For a failure to pay: the day on which the payment was due.
        unpaid_minor: What was not paid.
        recovery: Of the debt, 0..1, as determined (拍卖 or 评估).
    """

    entity: str
    event: CreditEvent
    on: date
    recovery: Decimal
    missed_on: date | None = None
    unpaid_minor: int = 0

    def __post_init__(self) -> None:
        """Refuse a recovery that is not a part."""
        if not 0 <= self.recovery <= 1:
            raise InputError(
                f"a recovery of {self.recovery}", where=f"notice on {self.entity}", remedy="0 to 1"
            )


@dataclass(frozen=True)
class Settled:
    """What follows from a notice.

    Attributes:
        refusal: Why nothing does; None where it does.
        payout_minor: The issuer pays it to the holder.
        delivered_minor: Face of the debt that the holder delivers.
        accrued_minor: Premium that the holder still owes.
    """

    refusal: Refusal | None
    payout_minor: int = 0
    delivered_minor: int = 0
    accrued_minor: int = 0


def premiums(note: Note) -> pa.Table:
    """The premium flows, paid by the holder: `on` date32, `days` int32, `amount` int64.

    Each is the notional x premium x days / 365 from day to day, rounded half up to the fen of the
    sum so far, so that the flows add up to the rounded whole.
    """
    if note.premium_days == (note.starts_on,):
        spans = [(note.ends_on - note.starts_on).days]
    else:
        spans = [(day - note.starts_on).days for day in note.premium_days]
    sums = [_accrued(note, days) for days in spans]
    before = [0, *sums[:-1]]
    return pa.table(
        {
            "on": pa.array(note.premium_days, pa.date32()),
            "days": pa.array([b - a for a, b in zip([0, *spans], spans, strict=False)], pa.int32()),
            "amount": pa.array([b - a for a, b in zip(before, sums, strict=True)], pa.int64()),
        }
    )


def _accrued(note: Note, days: int) -> int:
    exact = Decimal(note.notional_minor) * note.premium * days / 365
    return int(exact.quantize(ONE, rounding=ROUND_HALF_UP))


def settle(note: Note, notice: Notice) -> Settled:
    """What the issuer pays after a notice; the payout is rounded half up to the fen."""
    refusal = _refused(note, notice)
    if refusal is not None:
        return Settled(refusal)
    accrued = 0
    if note.premium_days != (note.starts_on,):
        paid = max(
            ((day - note.starts_on).days for day in note.premium_days if day <= notice.on),
            default=0,
        )
        accrued = _accrued(note, (notice.on - note.starts_on).days) - _accrued(note, paid)
    if note.settlement is Settlement.PHYSICAL:
        return Settled(None, note.notional_minor, note.notional_minor, accrued)
    lost = Decimal(note.notional_minor) * (ONE - notice.recovery)
    return Settled(None, int(lost.quantize(ONE, rounding=ROUND_HALF_UP)), 0, accrued)


def _refused(note: Note, notice: Notice) -> Refusal | None:
    if notice.entity != note.entity:
        return Refusal.ENTITY_MUST_BE_THE_REFERENCE
    if notice.event not in note.events:
        return Refusal.EVENT_MUST_BE_COVERED
    if not note.starts_on <= notice.on <= note.ends_on:
        return Refusal.DAY_MUST_BE_WITHIN_THE_TERM
    if notice.event is CreditEvent.FAILURE_TO_PAY:
        if notice.unpaid_minor < note.threshold_minor:
            return Refusal.UNPAID_MUST_REACH_THE_THRESHOLD
        if notice.missed_on is None or (notice.on - notice.missed_on).days <= note.grace_days:
            return Refusal.GRACE_MUST_HAVE_ENDED
    return None


def as_layer(notes: Sequence[Note]) -> tuple[Layer, ...]:
    """The notes as layers of a scheme: each bears losses of its debts up to its notional."""
    return tuple(
        Layer(
            id=f"note:{note.issuer}:{note.entity}",
            zh="信用风险缓释凭证",
            en="credit-risk mitigation note",
            shares=(Share(note.issuer, ONE),),
            cap_pool_minor=note.notional_minor,
            only=note.loans,
        )
        for note in notes
    )
