"""What `headrace product` asks and shows: terms from a file, an example to start from, the law."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from headrace.contracts.products.compiler import Product, check_terms, compile_product
from headrace.contracts.products.definition import Definition
from headrace.contracts.products.fields import FIELDS, Unit
from headrace.contracts.products.findings import (
    Clause,
    Finding,
    Language,
    clause_words,
    name_of,
    words_text,
)
from headrace.contracts.products.rules import Rule, RuleBook, Severity
from headrace.errors import MappingError
from headrace.money import format_minor
from headrace.workflows.loan_file import read_document

PRODUCTS = pa.schema(
    [
        pa.field("code", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("lender", pa.string()),
        pa.field("amount_min_minor", pa.int64()),
        pa.field("amount_max_minor", pa.int64()),
        pa.field("months_min", pa.int64()),
        pa.field("months_max", pa.int64()),
        pa.field("spread_max", pa.string()),
    ]
)
"""One row a product; amounts in fen, the spread over the loan prime rate as a fraction."""

RULES = pa.schema(
    [
        pa.field("rule", pa.string(), nullable=False),
        pa.field("field", pa.string(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("clause", pa.string(), nullable=False),
        pa.field("since", pa.date32(), nullable=False),
        pa.field("until", pa.date32()),
        pa.field("verified", pa.bool_(), nullable=False),
        pa.field("read", pa.string()),
        pa.field("note", pa.string()),
    ]
)
"""One row a rule in force; `read` is what was read of the document, and where."""


@dataclass(frozen=True)
class Stated:
    """What a file states of one contract: terms the parties agree, and facts known of them."""

    terms: Mapping[str, Any]
    facts: Mapping[str, Any]


def read_stated(text: str, file: str) -> Stated:
    """Terms and facts of one contract, from tables `terms` and `facts`, or `example.terms`, ….

    Raises:
        MappingError: The file is not TOML, or has no such tables.
    """
    document = read_document(text, file)
    given = document.get("example", document)
    remedy = "[terms] and [facts]: `headrace product example CODE` prints such a file"
    if not isinstance(given, dict) or not isinstance(given.get("terms"), dict):
        raise MappingError("There is no table [terms]", where=file, remedy=remedy)
    strange = [key for key in given if key not in ("terms", "facts")]
    if strange or not isinstance(given.get("facts", {}), dict):
        raise MappingError(f"'{(strange or ['facts'])[0]}' cannot be", where=file, remedy=remedy)
    return Stated(given["terms"], given.get("facts", {}))


def judged(definition: Definition, book: RuleBook, stated: Stated, on: date) -> tuple[Finding, ...]:
    """What is wrong with a contract, and what forbade its product on the day, worst first.

    Args:
        definition: The product.
        book: The law, of every date.
        stated: The contract; the law of the day it is signed counts.
        on: That day.

    Raises:
        InputError: As `check_terms`.
    """
    found = check_terms(Product(definition, book, on, ()), stated.terms, stated.facts)
    told = {each.rule for each in found if each.severity is Severity.REFUSE}
    compiled = compile_product(definition, book, on).findings
    barred = [
        each for each in compiled if each.severity is Severity.REFUSE and each.rule not in told
    ]
    return (*barred, *found)


def example_text(definition: Definition) -> str:
    """A file of terms and facts that are legal, each line with what it is, to start from."""
    lines = [
        f"# {definition.zh} {definition.en}: {definition.code}",
        "# 金额以分为单位，利率与比例为小数。Amounts in whole fen, rates and shares as fractions.",
    ]
    for part in ("terms", "facts"):
        given = definition.example.get(part, {})
        written = {name: _toml(name, value) for name, value in given.items()}
        width = max((len(f"{name} = {text}") for name, text in written.items()), default=0)
        lines += ["", f"[{part}]"]
        for name, text in written.items():
            gap = " " * (min(width, 44) - len(f"{name} = {text}"))
            lines.append(f"{name} = {text}{gap}  # {_said(name, given[name])}")
    return "\n".join(lines)


def _toml(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and FIELDS[name].unit is Unit.MONEY and value >= 100:
        major, minor = divmod(value, 100)
        return f"{major:_}_{minor:02d}"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(_toml(name, each) for each in value)}]"
    return f"{value}"


def _said(name: str, value: Any) -> str:
    field = FIELDS[name]
    said = f"{field.zh} {field.en}"
    if field.unit is Unit.MONEY:
        return f"{said}: {format_minor(value, 'CNY')}"
    if field.unit in (Unit.RATE, Unit.SHARE):
        return f"{said}: {(Decimal(value) * 100).normalize():f}%"
    return said


def products_table(products: Iterable[Definition], language: Language) -> pa.Table:
    """What there is to offer, as `PRODUCTS`."""
    rows = []
    for each in products:
        amount, months = each.bounds["amount"], each.bounds["term_months"]
        rows.append(
            {
                "code": each.code,
                "name": each.zh if language is Language.ZH else each.en,
                "lender": words_text(each.choices["lender"], language),
                "amount_min_minor": _whole(amount.low),
                "amount_max_minor": _whole(amount.high),
                "months_min": _whole(months.low),
                "months_max": _whole(months.high),
                "spread_max": str(each.bounds["rate_spread"].high),
            }
        )
    return pa.Table.from_pylist(rows, PRODUCTS)


def _whole(value: Decimal | None) -> int | None:
    return None if value is None else int(value)


def rules_table(book: RuleBook, on: date, language: Language) -> pa.Table:
    """The law on a day, as `RULES`."""
    return pa.Table.from_pylist([_row(rule, language) for rule in book.on(on)], RULES)


def _row(rule: Rule, language: Language) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "field": name_of(FIELDS[rule.field], language),
        "severity": rule.severity.value,
        "text": rule_text(rule, language),
        "clause": clause_words(Clause.of(rule), language),
        "since": rule.since,
        "until": rule.until,
        "verified": rule.verified,
        "read": rule.source.read or None,
        "note": rule.note or None,
    }


def rule_text(rule: Rule, language: Language) -> str:
    """What a rule says, in short."""
    return rule.zh if language is Language.ZH else rule.en
