"""The closed list of fields that a product, a term sheet and a rule may speak of.

A field holds a number or words. Amounts are whole minor units, rates and shares exact fractions
(0.05 is 5 %), terms whole months begun. What is absent is not known, never zero; only a field with
`otherwise` has a meaning when nobody speaks of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from headrace.contracts.products.vocabulary import CONDITIONS, DOCUMENTS
from headrace.errors import InputError

YES_NO = ("yes", "no")


class Unit(StrEnum):
    """What a field holds."""

    MONEY = "money"  # whole minor units
    RATE = "rate"  # per year, a fraction
    SHARE = "share"  # a fraction
    MONTHS = "months"  # whole months begun
    DAYS = "days"
    DAY = "day"  # a calendar day
    WORD = "word"  # one word of a list
    WORDS = "words"  # several words of a list


NUMBERS = frozenset({Unit.MONEY, Unit.RATE, Unit.SHARE, Unit.MONTHS, Unit.DAYS})


@dataclass(frozen=True)
class Field:
    """One thing that can be said of a loan.

    Attributes:
        otherwise: What nobody's speaking of it means; None: that it is not known.
        words: The closed list of words, empty where any word will do.
    """

    name: str
    unit: Unit
    en: str
    zh: str
    words: tuple[str, ...] = ()
    otherwise: tuple[str, ...] | None = None

    @property
    def is_number(self) -> bool:
        """Whether it is compared, not looked for."""
        return self.unit in NUMBERS


LENDERS = ("bank", "factor", "microlender", "guarantor", "securities", "private")
BORROWERS = ("company", "self_employed", "person", "farm_household")
METHODS = (
    "equal_instalment",
    "equal_principal",
    "interest_first",
    "bullet",
    "irregular",
    "any_day",
)
LOAN_CLASSES = ("working_capital", "fixed_asset", "personal", "purchase_of_claims", "other")
PURPOSES = (
    "working_capital",
    "fixed_asset",
    "business",
    "consumption",
    "equity",
    "dividend",
    "financial_assets",
)
COLLATERAL = (
    "receivable",
    "voucher",
    "inventory",
    "warehouse_receipt",
    "goods_in_transit",
    "equipment",
    "patent",
    "carbon_quota",
    "equity",
    "listed_shares",
    "vehicle",
    "real_estate",
    "farm_land_right",
    "deposit",
    "land_ownership",
    "welfare_facility",
    "seized_property",
)
REGISTERS = (
    "movables_register",
    "patent_register",
    "carbon_register",
    "company_register",
    "securities_register",
    "vehicle_register",
    "real_estate_register",
    "land_right_register",
)
REGISTRATIONS = tuple(f"{each}@{register}" for each in COLLATERAL for register in REGISTERS)
RECEIVABLES = (
    "existing",
    "future",
    "negotiable_instrument",
    "consignment",
    "title_unclear",
    "unlawful_trade",
)

_FIELDS = (
    Field("kind", Unit.WORD, "kind of product", "产品种类"),
    Field("lender", Unit.WORD, "lender", "贷款人", LENDERS),
    Field("borrower", Unit.WORD, "borrower", "借款人", BORROWERS),
    Field("loan_class", Unit.WORD, "class of loan by its rules", "贷款类别", LOAN_CLASSES),
    Field("purpose", Unit.WORDS, "purpose", "用途", PURPOSES),
    Field("method", Unit.WORD, "way of repayment", "还款方式", METHODS),
    Field("signed", Unit.DAY, "day of the contract", "签约日"),
    Field("start", Unit.DAY, "first day", "起息日"),
    Field("end", Unit.DAY, "due day", "到期日"),
    Field("amount", Unit.MONEY, "amount", "金额"),
    Field("term_months", Unit.MONTHS, "term", "期限"),
    Field("rate", Unit.RATE, "rate a year", "年利率"),
    Field("rate_spread", Unit.RATE, "rate over the benchmark", "利率加点"),
    Field("all_in_rate", Unit.RATE, "rate a year with all fees", "综合融资成本"),
    Field("lpr_1y", Unit.RATE, "one-year LPR", "一年期LPR"),
    Field("lpr_5y", Unit.RATE, "five-year LPR", "五年期以上LPR"),
    Field("basis_amount", Unit.MONEY, "worth of what is drawn on", "融资依据金额"),
    Field("penalty_uplift", Unit.SHARE, "uplift when overdue", "逾期罚息加收"),
    Field("misuse_uplift", Unit.SHARE, "uplift when misused", "挪用罚息加收"),
    Field("interest_in_advance", Unit.WORD, "interest deducted in advance", "预扣利息", YES_NO),
    Field(
        "compound_on",
        Unit.WORDS,
        "what bears compound interest",
        "复利的基数",
        ("interest", "penalty"),
        (),
    ),
    Field("recourse", Unit.WORD, "recourse", "追索权", ("with", "without")),
    Field(
        "recourse_terms",
        Unit.WORDS,
        "what the seller promises",
        "债权人的承诺",
        ("buyback", "return_of_advance", "dispute_buyback", "surplus_returned"),
        (),
    ),
    Field("receivable", Unit.WORDS, "receivables", "应收账款性质", RECEIVABLES),
    Field("obligor_accepts", Unit.WORD, "obligor confirmed the debt", "债务人确权", YES_NO),
    Field("advance_rate", Unit.SHARE, "advance rate", "融资比例"),
    Field("pledge_rate", Unit.SHARE, "loan to value of the pledge", "质押率"),
    Field("collateral", Unit.WORDS, "collateral", "担保物", COLLATERAL, ()),
    Field("registered", Unit.WORDS, "collateral and its register", "担保登记", REGISTRATIONS),
    Field(
        "forfeit_clause",
        Unit.WORD,
        "collateral falls to the lender",
        "流押流质条款",
        YES_NO,
        ("no",),
    ),
    Field("receipt_form", Unit.WORD, "form of the receipt", "仓单形式", ("paper", "electronic")),
    Field(
        "perfection",
        Unit.WORDS,
        "steps of the pledge",
        "质权设立步骤",
        ("endorsed", "keeper_signed", "delivered"),
    ),
    Field(
        "supervisor_for",
        Unit.WORD,
        "for whom the supervisor acts",
        "监管人受谁委托",
        ("lender", "borrower"),
    ),
    Field("supervisor_controls", Unit.WORD, "supervisor has control", "监管人实际控制", YES_NO),
    Field("payment", Unit.WORD, "way of payment", "支付方式", ("entrusted", "self")),
    Field("payee_named", Unit.WORD, "payee is named", "支付对象明确", YES_NO),
    Field("single_payment", Unit.MONEY, "largest payment to one payee", "单笔支付金额"),
    Field("shipping_hold", Unit.WORD, "seller ships on the lender's word", "控货发货", YES_NO),
    Field("documents", Unit.WORDS, "documents", "资料", tuple(DOCUMENTS)),
    Field("conditions", Unit.WORDS, "conditions precedent", "放款条件", tuple(CONDITIONS)),
    Field(
        "sharing",
        Unit.WORDS,
        "risk sharing",
        "风险分担",
        ("guarantor", "government", "insurer", "core"),
        (),
    ),
    Field("lender_share", Unit.SHARE, "loss borne by the lender", "贷款人分担比例"),
    Field("pool_liability", Unit.MONEY, "liability of the guarantor", "担保责任余额"),
    Field("guarantor_net_assets", Unit.MONEY, "net assets of the guarantor", "担保公司净资产"),
    Field(
        "guarantor_small_farm",
        Unit.WORD,
        "guarantor mainly for small firms and farms",
        "主要服务小微和三农",
        YES_NO,
    ),
    Field("guaranteed_customer", Unit.MONEY, "guaranteed for the customer", "对被担保人责任余额"),
    Field("guaranteed_group", Unit.MONEY, "guaranteed for the group", "对被担保人及关联方责任余额"),
    Field(
        "guaranteed_is_controller",
        Unit.WORD,
        "borrower controls the guarantor",
        "被担保人为担保公司控股股东",
        YES_NO,
        ("no",),
    ),
    Field("loans_customer", Unit.MONEY, "loans to the borrower", "对借款人贷款余额"),
    Field("exposure_customer", Unit.MONEY, "exposure to the customer", "单一客户风险暴露"),
    Field("exposure_group", Unit.MONEY, "exposure to the group", "关联客户风险暴露"),
    Field("net_capital", Unit.MONEY, "net capital of the bank", "资本净额"),
    Field("tier1_net", Unit.MONEY, "net tier-1 capital of the bank", "一级资本净额"),
    Field(
        "borrower_related", Unit.WORD, "borrower is related to the bank", "借款人为关系人", YES_NO
    ),
    Field("secured", Unit.WORD, "secured", "有担保", YES_NO),
    Field(
        "void_grounds",
        Unit.WORDS,
        "grounds on which private lending is void",
        "民间借贷无效情形",
        ("relent_bank_loan", "raised_funds", "lends_to_public", "known_crime"),
    ),
    Field("settled_by_bank", Unit.WORD, "cleared by a bank", "银行清结算", YES_NO),
    Field("platform_pools", Unit.WORD, "platform pools money", "平台归集资金", YES_NO, ("no",)),
    Field("issuer_overdue", Unit.WORD, "issuer is overdue", "核心企业逾期", YES_NO),
    Field(
        "voucher_forced",
        Unit.WORD,
        "seller was forced to accept it",
        "强制接受凭证",
        YES_NO,
        ("no",),
    ),
    Field("payment_days", Unit.DAYS, "days from delivery to payment", "付款期限（天）"),
    Field("buyer_large", Unit.WORD, "buyer is a large company", "付款方为大型企业", YES_NO),
    Field(
        "seller_small", Unit.WORD, "seller is a small or medium company", "收款方为中小企业", YES_NO
    ),
    Field(
        "green_catalogue",
        Unit.WORD,
        "catalogue of green projects",
        "绿色目录版本",
        ("2019", "2021", "2025"),
    ),
    Field("securitised", Unit.WORD, "sold into a securitisation", "入池证券化", YES_NO, ("no",)),
    Field("retained_share", Unit.SHARE, "kept by the originator", "发起机构自留比例"),
)
FIELDS = {field.name: field for field in _FIELDS}
"""Every field, by its name."""

_EXPECTED = {
    Unit.MONEY: "whole minor units, such as 5_000_000_00 for 5 million yuan",
    Unit.RATE: "an exact fraction, such as Decimal('0.0435')",
    Unit.SHARE: "an exact fraction, such as Decimal('0.8')",
    Unit.MONTHS: "a whole number of months",
    Unit.DAYS: "a whole number of days",
    Unit.DAY: "a calendar day",
    Unit.WORD: "one word",
    Unit.WORDS: "a list of words",
}
_INTEGRAL = frozenset({Unit.MONEY, Unit.MONTHS, Unit.DAYS})


def field_of(name: str, where: str = "") -> Field:
    """The field of that name.

    Raises:
        InputError: There is none, with the names there are.
    """
    if name not in FIELDS:
        remedy = f"The fields are {', '.join(FIELDS)}"
        raise InputError(f"There is no field '{name}'", where=where, remedy=remedy)
    return FIELDS[name]


def read_value(name: str, value: Any, where: str = "") -> Decimal | date | frozenset[str]:
    """What a field says, as rules compare it: an exact number, a day, or a set of words.

    Raises:
        InputError: The field is not known, or the value is not of its unit or its list of words.
    """
    field = field_of(name, where)
    if field.is_number:
        return _number(field, value, where)
    if field.unit is Unit.DAY:
        if type(value) is not date:
            raise _wrong(field, value, where)
        return value
    given = _words(field, value, where)
    for word in sorted(given):
        if field.words and word not in field.words:
            remedy = f"The words are {', '.join(field.words)}"
            raise InputError(f"'{name}' does not know '{word}'", where=where, remedy=remedy)
    return given


def _number(field: Field, value: Any, where: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong(field, value, where)
    number = Decimal(value)
    if not number.is_finite() or (field.unit in _INTEGRAL and number != int(number)):
        raise _wrong(field, value, where)
    return number


def _words(field: Field, value: Any, where: str) -> frozenset[str]:
    if isinstance(value, bool) and field.words == YES_NO:
        return frozenset({"yes" if value else "no"})
    if isinstance(value, str):
        return frozenset({value})
    several = field.unit is Unit.WORDS and isinstance(value, Iterable)
    if not several or not all(isinstance(each, str) for each in value):
        raise _wrong(field, value, where)
    return frozenset(value)


def _wrong(field: Field, value: Any, where: str) -> InputError:
    remedy = f"It should be {_EXPECTED[field.unit]}"
    return InputError(f"'{field.name}' is {value!r}", where=where, remedy=remedy)


def months_begun(start: date, end: date) -> int:
    """The least number of whole months from `start` that reaches `end`; a month of the calendar.

    A month after 31 August is 30 September: the day is the last of a shorter month.

    Raises:
        InputError: `end` is before `start`.
    """
    if end < start:
        raise InputError(f"The due day {end} is before the first day {start}")
    months = (end.year - start.year) * 12 + end.month - start.month
    return months + (end.day > start.day)
