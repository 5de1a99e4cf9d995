"""Judging one contract: everything known of it, rule by rule.

What nobody stated is not zero: where a rule needs it, the finding is `unknown` and names the field.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from enum import Enum
from typing import Any

from headrace.contracts.products.definition import Definition
from headrace.contracts.products.fields import FIELDS, Unit, months_begun, read_value
from headrace.contracts.products.findings import Clause, Finding, Value
from headrace.contracts.products.rules import Form, Rule, Severity
from headrace.errors import InputError

Case = Mapping[str, Value]
_SAME = Decimal("0.0001")


class Truth(Enum):
    """Whether a condition holds."""

    NO = 0
    MAYBE = 1
    YES = 2


def case_of(
    definition: Definition, terms: Mapping[str, Any], facts: Mapping[str, Any]
) -> dict[str, Value]:
    """Everything known of one contract: what was stated, and what follows from it.

    A word that the product leaves no choice of is taken as stated. Terms follow from dates, the
    spread from rate and benchmark, the advance from amount and worth.

    Raises:
        InputError: A field is not known, has a wrong value, is stated twice, or is stated otherwise
            than it follows from the others.
    """
    case: dict[str, Value] = {"kind": frozenset({definition.kind})}
    for where, given in (("terms", terms), ("facts", facts)):
        for name, value in given.items():
            if name in case:
                raise InputError(f"'{name}' is stated twice", where=where)
            case[name] = read_value(name, value, where)
    for name, words in definition.choices.items():
        if len(words) == 1 and FIELDS[name].unit is Unit.WORD:
            case.setdefault(name, words)
    _derive(definition, case)
    return case


def _derive(definition: Definition, case: dict[str, Value]) -> None:
    start, end = case.get("start"), case.get("end")
    if isinstance(start, date) and isinstance(end, date):
        _follows(case, "term_months", Decimal(months_begun(start, end)))
    rate, benchmark = case.get("rate"), case.get(definition.benchmark)
    if isinstance(rate, Decimal) and isinstance(benchmark, Decimal):
        _follows(case, "rate_spread", rate - benchmark)
    pledged, shared = case.get("collateral"), case.get("sharing")
    if pledged or (isinstance(shared, frozenset) and "guarantor" in shared):
        case.setdefault("secured", frozenset({"yes"}))
    amount, worth = case.get("amount"), case.get("basis_amount")
    if isinstance(amount, Decimal) and isinstance(worth, Decimal) and worth > 0:
        for name in ("advance_rate", "pledge_rate"):
            if name in definition.bounds:
                _follows(case, name, amount / worth)


def _follows(case: dict[str, Value], name: str, value: Decimal) -> None:
    """Take what follows from other terms; who states it too must state the same to 0.01 %."""
    stated = case.get(name, value)
    if not isinstance(stated, Decimal) or abs(stated - value) > _SAME:
        remedy = f"It follows from the other terms to be {value:.4f}; leave it out"
        raise InputError(f"'{name}' is {stated}", where="terms", remedy=remedy)
    case[name] = value


def judge(rule: Rule, case: Case) -> Finding | None:
    """What one rule says of one contract; None: nothing, it holds or does not apply."""
    applies, unstated = _applies(rule, case)
    if applies is Truth.NO:
        return None
    finding = _breaks(rule, case)
    if finding is None or applies is Truth.YES:
        return finding
    return replace(finding, severity=Severity.UNKNOWN, field=unstated, value=None, low=None,
                   high=None, words=frozenset())  # fmt: skip


def _applies(rule: Rule, case: Case) -> tuple[Truth, str]:
    """Whether the conditions hold; if that is open, the first field that nobody stated."""
    unstated = ""
    for condition in rule.when:
        value = _known(condition.field, case)
        if value is None:
            unstated = unstated or condition.field
        elif isinstance(value, Decimal) and condition.above is not None:
            if value <= condition.above:
                return Truth.NO, ""
        elif isinstance(value, frozenset) and not value & condition.words:
            return Truth.NO, ""
    return (Truth.MAYBE if unstated else Truth.YES), unstated


def _known(name: str, case: Case) -> Value | None:
    if name in case:
        return case[name]
    otherwise = FIELDS[name].otherwise
    return None if otherwise is None else frozenset(otherwise)


def _breaks(rule: Rule, case: Case) -> Finding | None:
    value = _known(rule.field, case)
    found = Finding(rule.severity, rule.field, value, rule.form, Clause.of(rule))
    if rule.form is Form.FORBIDDEN:
        found = replace(found, words=rule.words)
        if isinstance(value, frozenset):
            there = value & rule.words
            return replace(found, words=there) if there else None
        return replace(found, severity=Severity.UNKNOWN)
    if rule.form is Form.REQUIRED:
        found = replace(found, words=rule.words, one_is_enough=rule.one_is_enough)
        if isinstance(value, frozenset):
            lacking = rule.words - value
            enough = len(lacking) < len(rule.words) if rule.one_is_enough else not lacking
            return None if enough else found
        return replace(found, severity=Severity.UNKNOWN)
    return _out_of_bounds(rule, case, found)


def _out_of_bounds(rule: Rule, case: Case, found: Finding) -> Finding | None:
    low, high = rule.low, rule.high
    if rule.form is Form.SHARE:
        base = case.get(rule.of)
        if not isinstance(base, Decimal):
            return replace(found, severity=Severity.UNKNOWN, field=rule.of, value=None)
        low, high = (None if each is None else each * base for each in (low, high))
        if high is not None and FIELDS[rule.field].unit is Unit.MONEY:
            high = high.to_integral_value(ROUND_FLOOR)
    return _bounded(found, low, high)


def _bounded(found: Finding, low: Decimal | None, high: Decimal | None) -> Finding | None:
    found = replace(found, low=low, high=high)
    value = found.value
    if not isinstance(value, Decimal):
        return replace(found, severity=Severity.UNKNOWN)
    inside = (low is None or value >= low) and (high is None or value <= high)
    return None if inside else found


def by_product(definition: Definition, case: Case) -> list[Finding]:
    """What the product itself does not allow, or needs and nobody stated."""
    found: list[Finding | None] = []
    for name, bound in definition.bounds.items():
        blank = _blank(definition, name, Form.BOUND, case)
        found.append(_bounded(blank, bound.low, bound.high))
    for name, words in definition.choices.items():
        blank = _blank(definition, name, Form.REQUIRED, case)
        allowed = replace(blank, words=words, one_is_enough=True)
        right = isinstance(blank.value, frozenset) and blank.value <= words
        found.append(None if right else _unstated(allowed))
    for name, words in definition.always.items():
        blank = _blank(definition, name, Form.REQUIRED, case)
        right = isinstance(blank.value, frozenset) and words <= blank.value
        found.append(None if right else _unstated(replace(blank, words=words)))
    return [each for each in found if each is not None]


def _unstated(found: Finding) -> Finding:
    """The finding, or that nobody stated its field."""
    return found if found.value is not None else replace(found, severity=Severity.UNKNOWN)


def _blank(definition: Definition, name: str, form: Form, case: Case) -> Finding:
    clause = product_clause(definition, name)
    return Finding(Severity.REFUSE, name, _known(name, case), form, clause)


def product_clause(definition: Definition, name: str) -> Clause:
    """The product itself as the clause of one of its terms."""
    zh, en = f"产品“{definition.zh}”的条款", f"a term of the product '{definition.en}'"
    return Clause(f"product.{name}", zh, en, definition.zh, definition.en)
