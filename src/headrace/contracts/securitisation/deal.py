"""A securitisation as data: who, what is owed, in which order, and what changes the order.

Nothing here runs; `engine` does. Names of accounts, bonds, fees and parties are the deal's own, in
Chinese or English; kinds and states are from the closed lists below.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from headrace.contracts.securitisation.amounts import Rounding
from headrace.contracts.securitisation.dates import Pattern
from headrace.contracts.securitisation.formulas import Condition, Formula


class State(StrEnum):
    """Which waterfall is in force."""

    REVOLVING = "revolving"  # 循环购买期
    NORMAL = "normal"  # 正常（摊还）
    ACCELERATION = "acceleration"  # 加速清偿
    DEFAULT = "default"  # 违约
    CLEAN_UP = "clean_up"  # 清仓回购
    ENDED = "ended"  # 终止


STATE_WORDS = {
    State.REVOLVING: "循环购买期",
    State.NORMAL: "正常",
    State.ACCELERATION: "加速清偿",
    State.DEFAULT: "违约",
    State.CLEAN_UP: "清仓回购",
    State.ENDED: "终止",
}


class Role(StrEnum):
    """What a party does."""

    ORIGINATOR = "originator"  # 发起机构（原始权益人）
    SERVICER = "servicer"  # 贷款服务机构（资产服务机构）
    TRUSTEE = "trustee"  # 受托机构（管理人）
    CUSTODIAN = "custodian"  # 资金保管机构（托管人）
    SHORTFALL_PAYER = "shortfall_payer"  # 差额支付承诺人
    GUARANTOR = "guarantor"  # 担保人
    OTHER = "other"  # 其他


ROLE_WORDS = {
    Role.ORIGINATOR: "发起机构",
    Role.SERVICER: "贷款服务机构",
    Role.TRUSTEE: "受托机构",
    Role.CUSTODIAN: "资金保管机构",
    Role.SHORTFALL_PAYER: "差额支付承诺人",
    Role.GUARANTOR: "担保人",
    Role.OTHER: "其他",
}


@dataclass(frozen=True)
class Party:
    """Somebody of the deal.

    Attributes:
        limit: Of a shortfall payer or guarantor, minor units in all; None has no limit.
    """

    name: str
    role: Role
    limit: int | None = None


@dataclass(frozen=True)
class Account:
    """An account of the trust (信托账户).

    Attributes:
        opening: Balance at the start, minor units.
        target: Of a reserve (储备账户), what it should hold; None for any other account.
    """

    name: str
    opening: int = 0
    target: Formula | None = None


class FeeKind(StrEnum):
    """How a fee comes to be due."""

    FIXED = "fixed"  # 一次性
    RECURRING = "recurring"  # 定期
    ANNUAL = "annual"  # 年费率
    SHARE = "share"  # 按比例
    TARGET = "target"  # 按公式补足


@dataclass(frozen=True)
class Fee:
    """A fee or tax.

    Attributes:
        kind: How it comes to be due.
        start: From when.
        amount: Of `FIXED` and of each date of `RECURRING`, minor units.
        dates: Of `RECURRING`.
        base: Of `ANNUAL`, `SHARE` and `TARGET`. The base of an annual fee is taken where a period
            of accrual begins; `TARGET` is the formula of what is due.
        rate: Of `ANNUAL` a year, of `SHARE` each time.
        day_count: Of `ANNUAL`.
        cap: What one step may pay at most, minor units; the rest stays due. None has no cap.
        by_step: Becomes due only where a step says so, not whenever it is paid.
        paid_to: The party, for reports.
    """

    name: str
    kind: FeeKind
    start: date
    amount: int = 0
    dates: Pattern | None = None
    base: Formula | None = None
    rate: Fraction = Fraction(0)
    day_count: str = "ACT/365F"
    cap: int | None = None
    by_step: bool = False
    paid_to: str = ""


class Amortisation(StrEnum):
    """How a bond's principal falls due."""

    PASS_THROUGH = "pass_through"  # noqa: S105 - no password: 过手摊还
    SCHEDULE = "schedule"  # 固定摊还
    BULLET = "bullet"  # 到期一次还本
    EQUITY = "equity"  # 权益（次级收益）


@dataclass(frozen=True)
class Coupon:
    """What a bond pays a year.

    Attributes:
        rate: In force at the start, as a fraction.
        index: Of a floating rate (浮动利率), or "".
        spread: Added to the index.
        resets: When it is fixed anew.
        cap: At most, or None.
        floor: At least, or None.
        steps: `(date, rate)`, ascending: the rate from each date on (跳升).
        day_count: Of interest.
        on_unpaid: Unpaid interest bears interest at the same rate (复利).
    """

    rate: Fraction
    index: str = ""
    spread: Fraction = Fraction(0)
    resets: Pattern | None = None
    cap: Fraction | None = None
    floor: Fraction | None = None
    steps: tuple[tuple[date, Fraction], ...] = ()
    day_count: str = "ACT/365F"
    on_unpaid: bool = False


@dataclass(frozen=True)
class Bond:
    """A class of securities (证券档).

    Attributes:
        rank: 1 is the most senior; classes of one rank are equal.
        balance: At the start of the run, minor units.
        original: At issuance, minor units.
        amortisation: How principal falls due.
        schedule: Of `SCHEDULE`: `(date, balance from then on)`, ascending; before the first date
            nothing is due.
        due: Of `BULLET`: the date from which all is due.
        accrues_from: Interest runs from here; None is the closing date.
    """

    name: str
    rank: int
    balance: int
    original: int
    coupon: Coupon
    amortisation: Amortisation = Amortisation.PASS_THROUGH
    schedule: tuple[tuple[date, int], ...] = ()
    due: date | None = None
    accrues_from: date | None = None


class StepKind(StrEnum):
    """All that a waterfall can do."""

    ACCRUE_FEE = "accrue_fee"  # 计提费用
    PAY_FEE = "pay_fee"  # 支付费用
    PAY_INTEREST = "pay_interest"  # 支付利息
    PAY_PRINCIPAL = "pay_principal"  # 支付本金
    PAY_RESIDUAL = "pay_residual"  # 支付剩余收益
    TRANSFER = "transfer"  # 账户转移
    FILL = "fill"  # 补足储备
    SUPPORT = "support"  # 差额支付
    REPAY_SUPPORT = "repay_support"  # 偿还差额支付款
    BOOK = "book"  # 记台账
    BUY_ASSETS = "buy_assets"  # 循环购买
    SELL_POOL = "sell_pool"  # 出售资产
    IF = "if"  # 条件


STEP_WORDS = {
    StepKind.ACCRUE_FEE: "计提费用",
    StepKind.PAY_FEE: "支付费用",
    StepKind.PAY_INTEREST: "支付利息",
    StepKind.PAY_PRINCIPAL: "支付本金",
    StepKind.PAY_RESIDUAL: "支付剩余收益",
    StepKind.TRANSFER: "账户转移",
    StepKind.FILL: "补足储备",
    StepKind.SUPPORT: "差额支付",
    StepKind.REPAY_SUPPORT: "偿还差额支付款",
    StepKind.BOOK: "记台账",
    StepKind.BUY_ASSETS: "循环购买",
    StepKind.SELL_POOL: "出售资产",
    StepKind.IF: "条件",
}


@dataclass(frozen=True)
class Step:
    """One line of a waterfall.

    Attributes:
        kind: What it does.
        account: The account it pays from; for `SUPPORT`, `SELL_POOL` the one that is paid in.
        targets: Who is paid: fees, bonds, an account, a party, a ledger.
        limit: The most it may move, or for `SUPPORT`, `BOOK`, `SELL_POOL` the amount; None is all.
        in_order: The first target in full before the second; else in proportion to what is due.
        support: Where the missing money comes from, in order: accounts, then parties.
        when: Of `IF`.
        then: Of `IF`, when it holds.
        otherwise: Of `IF`, when it does not.
        ledger: Where what it has moved out of its account is added up, or "".
        note: In the deal's words: the clause of the contract.
    """

    kind: StepKind
    account: str = ""
    targets: tuple[str, ...] = ()
    limit: Formula | None = None
    in_order: bool = False
    support: tuple[str, ...] = ()
    when: Condition | None = None
    then: tuple["Step", ...] = ()
    otherwise: tuple["Step", ...] = ()
    ledger: str = ""
    note: str = ""


class Moment(StrEnum):
    """When a trigger is tested."""

    AFTER_COLLECTION = "after_collection"  # 归集后
    BEFORE_DISTRIBUTION = "before_distribution"  # 兑付前
    AFTER_DISTRIBUTION = "after_distribution"  # 兑付后


@dataclass(frozen=True)
class Trigger:
    """An event that changes the order of payment (触发事件).

    Attributes:
        moment: When it is tested.
        value: What is measured.
        op: A comparison of `COMPARISONS`.
        threshold: What it is compared with, where it is one formula.
        table: `(last period, threshold)`, ascending, where it changes by period; after the last
            row the last threshold goes on.
        state: The state that follows, or None.
        steps: What is done at once.
        curable: Tested again after it has fired, and back to normal when it no longer holds.
    """

    name: str
    moment: Moment
    value: Formula
    op: str
    threshold: Formula | None = None
    table: tuple[tuple[int, Fraction], ...] = ()
    state: State | None = None
    steps: tuple[Step, ...] = ()
    curable: bool = False


@dataclass(frozen=True)
class Calendar:
    """The dates of a deal.

    Attributes:
        cutoff: Of the pool (封包日).
        closing: When the trust is set up and interest begins to run (信托设立日、起息日).
        first_collection: First date on which collections are put on the accounts (归集日).
        collection: The pattern of the others.
        first_payment: First distribution (兑付日).
        payment: The pattern of the others.
        maturity: Legal final maturity (法定到期日), the last date of all.
        revolving_until: Last date of the revolving period, or None.
    """

    cutoff: date
    closing: date
    first_collection: date
    collection: Pattern
    first_payment: date
    payment: Pattern
    maturity: date
    revolving_until: date | None = None

    def collections(self) -> list[date]:
        """Collection dates up to maturity."""
        later = self.collection.between(self.first_collection, self.maturity)
        return later if self.first_collection in later else [self.first_collection, *later]

    def payments(self) -> list[date]:
        """Distribution dates up to maturity."""
        later = self.payment.between(self.first_payment, self.maturity)
        return later if self.first_payment in later else [self.first_payment, *later]


COLLECTION_KINDS = {
    "interest": "利息回款",
    "principal": "本金回款",
    "prepayment": "早偿回款",
    "recovery": "回收回款",
}


@dataclass(frozen=True)
class Deal:
    """A securitisation.

    Attributes:
        state: At the start.
        original_pool: Balance at issuance, minor units; None takes the projection's opening.
        history: Amounts before this run by `defaults`, `interest` and so on, minor units.
        collect: Kind of collection to the account it is put on.
        waterfalls: State to its steps; `collection` is run after each collection.
        clean_up: When the originator may buy the rest back (清仓回购), tested before each
            distribution; None never.
        ledgers: Names of ledgers kept beside the accounts (台账), as for principal deficiency.
    """

    name: str
    currency: str
    calendar: Calendar
    parties: tuple[Party, ...]
    accounts: tuple[Account, ...]
    fees: tuple[Fee, ...]
    bonds: tuple[Bond, ...]
    collect: tuple[tuple[str, str], ...]
    waterfalls: dict[str, tuple[Step, ...]]
    triggers: tuple[Trigger, ...] = ()
    clean_up: Condition | None = None
    state: State = State.NORMAL
    rounding: Rounding = Rounding.HALF_UP
    original_pool: int | None = None
    history: dict[str, int] = field(default_factory=dict)
    ledgers: tuple[str, ...] = ()


COLLECTION_WATERFALL = "collection"
