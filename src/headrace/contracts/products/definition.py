"""A product as data: who borrows on what, and which terms it allows.

One TOML file a product. `choices` are the words that a contract may use, `bounds` the numbers,
`always` what every contract must show. A field that the product does not speak of is left to the
law and to the facts. A user keeps own files beside those that ship.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from headrace.contracts.movements import ROLES
from headrace.contracts.products.entries import is_number, loaded, only, text_of
from headrace.contracts.products.fields import FIELDS, Unit, read_value
from headrace.errors import InputError, MappingError

BASES = {
    "order": "订单",
    "contract": "合同",
    "bid": "中标通知书",
    "purchase": "采购合同",
    "receivable": "应收账款",
    "invoice": "发票",
    "voucher": "应收账款电子凭证",
    "receipt": "仓单",
    "goods": "货物",
    "payroll": "工资发放清单",
    "agreement": "授信协议",
    "project": "项目",
    "valuation": "评估值",
}
"""What a drawdown rests on."""

PARTIES = {
    "supplier": "供应商",
    "buyer": "买方",
    "dealer": "经销商",
    "core": "核心企业",
    "owner": "货主",
    "keeper": "仓储方",
    "contractor": "中标方",
    "employer": "用工企业",
    "franchisee": "加盟商",
    "franchisor": "品牌方",
    "company": "企业",
    "talent": "人才",
    "farmer": "农户",
    "household": "家庭",
    "emitter": "控排企业",
    "shareholder": "股东",
}
"""Who takes part."""

WATCHES = {
    "obligor_overdue": "付款方逾期",
    "sales_fall": "销售额下降",
    "red_invoices": "红字发票增多",
    "price_fall": "质物价格下跌",
    "stock_below_line": "库存低于警戒线",
    "receipt_disputed": "仓单争议",
    "order_cancelled": "订单取消",
    "delivery_late": "交货延迟",
    "payroll_stops": "停发工资",
    "tax_overdue": "欠税",
    "lawsuit": "被诉或被执行",
    "patent_lapses": "专利失效",
    "key_person_leaves": "核心人员离职",
    "harvest_fails": "作物受灾",
    "limit_nearly_used": "额度将满",
    "emission_above_quota": "排放超配额",
    "funding_round_fails": "融资失败",
}
"""What may be watched after the money is out."""

BENCHMARKS = ("lpr_1y", "lpr_5y")
_DERIVED = frozenset({"kind", "signed", "start", "end", "lpr_1y", "lpr_5y"})
_TEXTS = ("code", "en", "zh", "kind", "borrows", "pays", "obligor", "basis", "benchmark")
_KEYS = {*_TEXTS, "choices", "bounds", "always", "fees", "watch", "accounts", "example"}
_NEEDED = ("lender", "borrower", "method", "purpose", "loan_class")


@dataclass(frozen=True)
class Bound:
    """The least and the greatest value that a product allows; None: it sets none."""

    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True)
class Fee:
    """A fee of the lender or of a third party.

    Attributes:
        rate: Share of the amount, at most; 0 where it is a fixed amount.
        amount: Minor units, at most; 0 where it is a rate.
        paid_to: A party or `lender`.
    """

    name: str
    en: str
    zh: str
    rate: Decimal
    amount: int
    paid_to: str


@dataclass(frozen=True)
class Definition:
    """A product as its file states it.

    Attributes:
        kind: Which rules of law look at it.
        borrows: Who owes the loan; `pays` who usually repays it, `obligor` whose debt is behind it.
        basis: What each drawdown rests on.
        benchmark: The published rate to which `rate_spread` is added.
        choices: Field to the words a contract may use.
        bounds: Field to the numbers a contract may use.
        always: Field to words every contract must show.
        watch: What is watched after the money is out, of `WATCHES`: hooks of early warning.
        accounts: Roles of `contracts.movements` that a contract of the product moves money between.
        example: Terms and facts of a contract that is legal, as in the file.
    """

    code: str
    en: str
    zh: str
    kind: str
    borrows: str
    pays: str
    obligor: str
    basis: str
    benchmark: str
    choices: Mapping[str, frozenset[str]]
    bounds: Mapping[str, Bound]
    always: Mapping[str, frozenset[str]]
    fees: tuple[Fee, ...]
    watch: tuple[str, ...]
    accounts: tuple[str, ...]
    example: Mapping[str, Mapping[str, Any]]


def read_product(text: str, file: str) -> Definition:
    """The product that a TOML file states.

    Args:
        text: The file's content.
        file: Its name, for errors.

    Raises:
        MappingError: Naming the key, and what would be right.
    """
    document = loaded(text, file)
    only(document, _KEYS, file)
    texts = {key: text_of(document, key, file) for key in _TEXTS}
    _member(texts["basis"], BASES, "basis", file)
    _member(texts["benchmark"], BENCHMARKS, "benchmark", file)
    for key in ("borrows", "pays", "obligor"):
        _member(texts[key], PARTIES, key, file)
    choices = {k: _words(k, v, file) for k, v in _table(document, "choices", file).items()}
    for name in _NEEDED:
        if name not in choices:
            remedy = f'{name} = ["{FIELDS[name].words[0]}"]'
            raise MappingError(f"'choices' lacks '{name}'", where=file, remedy=remedy)
    bounds = {k: _bound(k, v, file) for k, v in _table(document, "bounds", file).items()}
    for name in ("amount", "term_months", "rate_spread"):
        if name not in bounds or bounds[name].high is None:
            remedy = f"{name} = {{ min = 0, max = 12 }}"
            raise MappingError(f"'bounds' lacks '{name}' with a 'max'", where=file, remedy=remedy)
    return Definition(
        **texts,
        choices=choices,
        bounds=bounds,
        always={k: _words(k, v, file) for k, v in _table(document, "always", file).items()},
        fees=_fees(document, file),
        watch=_list(document, "watch", WATCHES, file),
        accounts=_list(document, "accounts", ROLES, file),
        example=_example(document, file),
    )


def _example(document: dict[str, Any], file: str) -> dict[str, dict[str, Any]]:
    given = _table(document, "example", file)
    only(given, {"terms", "facts"}, f"{file}, example")
    example = {key: dict(_table(given, key, file)) for key in ("terms", "facts")}
    for values in example.values():
        for name, value in values.items():
            _value(name, value, f"{file}, example")
    return example


def _bound(name: str, given: Any, file: str) -> Bound:
    where = f"{file}, bounds, {name}"
    if name not in FIELDS or not FIELDS[name].is_number or name in _DERIVED:
        remedy = f"Such are {', '.join(_names(number=True))}"
        raise MappingError(f"'{name}' is no number to be bounded", where=where, remedy=remedy)
    if not isinstance(given, dict) or not given:
        raise MappingError(f"It is {given!r}", where=where, remedy="{ min = 1, max = 12 }")
    only(given, {"min", "max"}, where)
    for each in given.values():
        _value(name, each, where)
    low, high = (None if key not in given else Decimal(given[key]) for key in ("min", "max"))
    if low is not None and high is not None and low > high:
        raise MappingError(f"'min' {low} is above 'max' {high}", where=where)
    return Bound(low, high)


def _words(name: str, given: Any, file: str) -> frozenset[str]:
    where = f"{file}, {name}"
    if name not in FIELDS or FIELDS[name].is_number or name in _DERIVED:
        remedy = f"Such are {', '.join(_names(number=False))}"
        raise MappingError(f"'{name}' is no field of words", where=where, remedy=remedy)
    if not isinstance(given, list) or not given:
        raise MappingError(f"It is {given!r}", where=where, remedy='["word", "word"]')
    return frozenset().union(*(_each_word(name, each, where) for each in given))


def _each_word(name: str, given: Any, where: str) -> frozenset[str]:
    value = _value(name, given, where)
    return value if isinstance(value, frozenset) else frozenset()


def _value(name: str, given: Any, where: str) -> object:
    try:
        return read_value(name, given, where)
    except InputError as error:
        raise MappingError(error.problem, where=where, remedy=error.remedy) from error


def _names(*, number: bool) -> list[str]:
    wanted = [each for each in FIELDS.values() if each.unit is not Unit.DAY]
    return [each.name for each in wanted if each.is_number is number and each.name not in _DERIVED]


def _fees(document: Mapping[str, Any], file: str) -> tuple[Fee, ...]:
    given = document.get("fees", [])
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise MappingError("'fees' is no list of tables", where=file, remedy="[[fees]]")
    return tuple(_fee(each, file) for each in given)


def _fee(entry: dict[str, Any], file: str) -> Fee:
    where = f"{file}, fee {entry.get('name', '(without name)')}"
    only(entry, {"name", "en", "zh", "rate", "amount", "paid_to"}, where)
    text = {key: text_of(entry, key, where) for key in ("name", "en", "zh", "paid_to")}
    rate, amount = entry.get("rate", 0), entry.get("amount", 0)
    if not is_number(rate) or type(amount) is not int or min(rate, amount) < 0:
        raise MappingError(f"rate {rate!r}, amount {amount!r}", where=where, remedy="0 or more")
    return Fee(**text, rate=Decimal(rate), amount=amount)


def _list(
    document: dict[str, Any], key: str, known: Mapping[str, str], file: str
) -> tuple[str, ...]:
    given = document.get(key, [])
    if not isinstance(given, list):
        raise MappingError(f"'{key}' is no list", where=file, remedy=f"{key} = []")
    for each in given:
        _member(each, known, key, file)
    return tuple(given)


def _member(value: Any, known: Mapping[str, str] | tuple[str, ...], key: str, where: str) -> None:
    if value not in known:
        remedy = f"It should be one of {', '.join(known)}"
        raise MappingError(f"'{key}' says {value!r}", where=where, remedy=remedy)


def _table(document: Mapping[str, Any], key: str, file: str) -> Mapping[str, Any]:
    given = document.get(key, {})
    if not isinstance(given, dict):
        raise MappingError(f"'{key}' is no table", where=file, remedy=f"[{key}]")
    return given
