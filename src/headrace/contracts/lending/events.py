"""What can happen to a loan (贷款事件), in which order on one day, and what can be refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from headrace.contracts.lending.terms import After, Terms


class Refusal(StrEnum):
    """The requirement that an act would break; a value, for a refusal is business as usual."""

    DAY_IS_PAST = "day_is_past"
    ALREADY_DISBURSED = "already_disbursed"
    NOT_DISBURSED = "not_disbursed"
    LOAN_IS_CLOSED = "loan_is_closed"
    LOAN_IS_WRITTEN_OFF = "loan_is_written_off"
    LOAN_IS_NOT_WRITTEN_OFF = "loan_is_not_written_off"
    AMOUNT_MUST_BE_POSITIVE = "amount_must_be_positive"
    NOT_REVOLVING = "not_revolving"
    OVER_THE_LIMIT = "over_the_limit"
    SOMETHING_IS_OVERDUE = "something_is_overdue"
    BEYOND_MATURITY = "beyond_maturity"
    BELOW_PREPAYMENT_MINIMUM = "below_prepayment_minimum"
    NOTHING_IS_OWED = "nothing_is_owed"
    PRINCIPAL_MUST_BE_KEPT = "principal_must_be_kept"
    RATE_MUST_BE_A_FRACTION = "rate_must_be_a_fraction"
    SUBSIDY_IS_NOT_OWED = "subsidy_is_not_owed"
    NOT_THE_FIRST_DAY = "not_the_first_day"
    DEPOSIT_IS_LESS = "deposit_is_less"


REFUSAL_WORDS: dict[Refusal, tuple[str, str]] = {
    Refusal.DAY_IS_PAST: ("日期早于账户日期，请重算", "the account is past that day: replay it"),
    Refusal.ALREADY_DISBURSED: ("已放款", "the loan is paid out already"),
    Refusal.NOT_DISBURSED: ("尚未放款", "the loan is not paid out"),
    Refusal.LOAN_IS_CLOSED: ("贷款已结清", "the loan is closed"),
    Refusal.LOAN_IS_WRITTEN_OFF: ("贷款已核销", "the loan is written off"),
    Refusal.LOAN_IS_NOT_WRITTEN_OFF: ("贷款未核销", "the loan is not written off"),
    Refusal.AMOUNT_MUST_BE_POSITIVE: ("金额须大于零", "an amount is above 0"),
    Refusal.NOT_REVOLVING: ("非随借随还贷款", "only an any-day loan is drawn again"),
    Refusal.OVER_THE_LIMIT: ("超过额度", "the limit is lower"),
    Refusal.SOMETHING_IS_OVERDUE: ("存在未还到期款项", "what is due comes first"),
    Refusal.BEYOND_MATURITY: ("超过到期日", "the loan has matured"),
    Refusal.BELOW_PREPAYMENT_MINIMUM: ("低于提前还款最低金额", "below the least early payment"),
    Refusal.NOTHING_IS_OWED: ("无应还款项", "nothing is owed"),
    Refusal.PRINCIPAL_MUST_BE_KEPT: ("重组前后本金须一致", "new terms carry the same principal"),
    Refusal.RATE_MUST_BE_A_FRACTION: ("利率须为0至1的小数", "a rate is a fraction of 0 to 1"),
    Refusal.SUBSIDY_IS_NOT_OWED: ("无应收贴息", "no such subsidy is owed"),
    Refusal.NOT_THE_FIRST_DAY: ("放款日须为起息日", "a loan is paid out on the day it starts"),
    Refusal.DEPOSIT_IS_LESS: ("存款余额不足", "the deposit is smaller"),
}
"""Chinese, English."""


@dataclass(frozen=True)
class Disburse:
    """The loan is paid out (放款), on the start of its terms.

    Attributes:
        to: The account role that is credited: `controlled_payment` for a named payee (受托支付).
    """

    on: date
    to: str = "cash"


@dataclass(frozen=True)
class Draw:
    """More is drawn within the limit of an any-day loan (支用); `to` as in Disburse."""

    on: date
    amount: int
    to: str = "cash"


@dataclass(frozen=True)
class Repay:
    """Money comes in for what is due (还款); more than that stays as the borrower's deposit."""

    on: date
    amount: int


@dataclass(frozen=True)
class Prepay:
    """Money comes in to pay early (提前还款): what is due, then interest so far, fee, principal.

    Attributes:
        amount: All of the money.
        after: What changes; None: as the terms say.
    """

    on: date
    amount: int
    after: After | None = None


@dataclass(frozen=True)
class Subsidise:
    """The payer of a subsidy pays (贴息到账)."""

    on: date
    amount: int


@dataclass(frozen=True)
class Refund:
    """A deposit is paid back (退还多还款项)."""

    on: date
    amount: int


@dataclass(frozen=True)
class ResetRate:
    """Another rate from this day on (利率重定价)."""

    on: date
    rate: Decimal


@dataclass(frozen=True)
class ChargeFee:
    """A fee falls due (收费)."""

    on: date
    name: str
    amount: int


@dataclass(frozen=True)
class Misuse:
    """Money was not used as agreed, from this day (挪用): the misuse rate holds on the balance."""

    on: date


@dataclass(frozen=True)
class Accelerate:
    """Everything falls due (宣布提前到期)."""

    on: date


@dataclass(frozen=True)
class Restructure:
    """New terms for the principal still owed, overdue or not (重组、展期); interest stays owed.

    Attributes:
        terms: Starting on the day, with exactly that principal.
    """

    on: date
    terms: Terms


@dataclass(frozen=True)
class WriteOff:
    """Everything owed is written off (核销); the claim stays off the balance sheet."""

    on: date


@dataclass(frozen=True)
class Recover:
    """Money comes in on what was written off (核销后收回)."""

    on: date
    amount: int


@dataclass(frozen=True)
class Suspend:
    """Interest leaves income by decision (转非应计), however few days are overdue."""

    on: date


@dataclass(frozen=True)
class Resume:
    """That decision is taken back (转回应计); nothing may be overdue."""

    on: date


Event = (
    Disburse
    | Draw
    | Repay
    | Prepay
    | Subsidise
    | Refund
    | ResetRate
    | ChargeFee
    | Misuse
    | Accelerate
    | Restructure
    | WriteOff
    | Recover
    | Suspend
    | Resume
)

ORDER: tuple[type, ...] = (
    Disburse, ResetRate, Restructure, Draw, ChargeFee, Misuse, Repay, Subsidise, Prepay,
    Accelerate, WriteOff, Recover, Refund, Suspend, Resume,
)  # fmt: skip
"""Of one day: what falls due by terms comes first, then these, and equals as they came."""


def ordered(events: Iterable[Event]) -> list[Event]:
    """Events by day, then by ORDER, then as they came."""
    return sorted(events, key=lambda event: (event.on, ORDER.index(type(event))))
