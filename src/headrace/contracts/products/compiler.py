"""The compiler: a product that allows illegal terms is refused, and so is a contract that has them.

Compiling looks at what a product *allows*: a rule that surely applies to it is judged at once, one
that applies to some contracts only (one of several lenders, a pledge that may be given) waits for
the terms. `check_terms` judges the terms of one contract against the product and against the rules
in force on the day on which it is signed.

What nobody stated is not zero: where a rule needs it, the finding is `unknown`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from headrace.contracts.products.definition import Bound, Definition
from headrace.contracts.products.fields import FIELDS
from headrace.contracts.products.findings import Clause, Finding, refused
from headrace.contracts.products.judging import Truth, by_product, case_of, judge
from headrace.contracts.products.rules import Condition, Form, Rule, RuleBook, Severity
from headrace.errors import InputError


@dataclass(frozen=True)
class Product:
    """A product that may be offered.

    Attributes:
        book: The rules, of every date.
        on: The day on which it was compiled.
        warnings: What the compiler doubted, but did not refuse.
    """

    definition: Definition
    book: RuleBook
    on: date
    warnings: tuple[Finding, ...]


@dataclass(frozen=True)
class Compiled:
    """The outcome of compiling: a product, or none and why.

    Attributes:
        product: None where a finding refuses it.
    """

    product: Product | None
    findings: tuple[Finding, ...]


_ORDER = {Severity.REFUSE: 0, Severity.WARN: 1, Severity.UNKNOWN: 2}


def compile_product(definition: Definition, book: RuleBook, on: date) -> Compiled:
    """Judge what a product allows by the rules in force on `on`."""
    found = [
        finding
        for rule in book.on(on)
        if _surely_applies(rule, definition) and (finding := _allows(rule, definition)) is not None
    ]
    findings = _sorted(found)
    if refused(findings):
        return Compiled(None, findings)
    return Compiled(Product(definition, book, on, findings), findings)


def applicable(definition: Definition, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rules that apply to some contract of the product, in their order."""
    return tuple(
        rule
        for rule in rules
        if all(condition_of(each, definition) is not Truth.NO for each in rule.when)
    )


def check_terms(
    product: Product, terms: Mapping[str, Any], facts: Mapping[str, Any]
) -> tuple[Finding, ...]:
    """What is wrong with a contract: by the product, and by the law of the day it is signed.

    Args:
        product: From `compile_product`.
        terms: Field to value: what the parties agree. `signed` must be among them.
        facts: Field to value: what is known of the parties, such as exposures after this loan and
            the published LPR.

    Raises:
        InputError: A field is not known, has a wrong value or is stated twice, or `signed` lacks.
    """
    case = case_of(product.definition, terms, facts)
    signed = case.get("signed")
    if not isinstance(signed, date):
        remedy = "signed = the day of the contract; its law counts"
        raise InputError("The terms lack 'signed'", where="terms", remedy=remedy)
    found = by_product(product.definition, case)
    for rule in product.book.on(signed):
        finding = judge(rule, case)
        if finding is not None:
            found.append(finding)
    return _sorted(found)


def condition_of(condition: Condition, definition: Definition) -> Truth:
    """Whether a condition holds for every contract that a product allows, for some or for none."""
    if condition.above is not None:
        bound = definition.bounds.get(condition.field, Bound())
        if bound.high is not None and bound.high <= condition.above:
            return Truth.NO
        surely = bound.low is not None and bound.low > condition.above
        return Truth.YES if surely else Truth.MAYBE
    if definition.always.get(condition.field, frozenset()) & condition.words:
        return Truth.YES
    options = options_of(definition, condition.field)
    if options is None:
        return Truth.MAYBE
    if not options & condition.words:
        return Truth.NO
    return Truth.YES if options <= condition.words else Truth.MAYBE


def options_of(definition: Definition, name: str) -> frozenset[str] | None:
    """The words that a contract may have in a field; None where the product leaves it open."""
    if name == "kind":
        return frozenset({definition.kind})
    spoken = [each[name] for each in (definition.choices, definition.always) if name in each]
    if spoken:
        return frozenset().union(*spoken)
    otherwise = FIELDS[name].otherwise
    return None if otherwise is None else frozenset(otherwise)


def _surely_applies(rule: Rule, definition: Definition) -> bool:
    return all(condition_of(each, definition) is Truth.YES for each in rule.when)


def _allows(rule: Rule, definition: Definition) -> Finding | None:
    """What the product allows though the rule forbids it; None where it allows nothing such."""
    clause = Clause.of(rule)
    if rule.form is Form.SHARE:
        return None
    if rule.form is Form.BOUND:
        return _allows_number(rule, definition, clause)
    options = options_of(definition, rule.field) or frozenset()
    if rule.form is Form.FORBIDDEN:
        there = options & rule.words
        found = Finding(rule.severity, rule.field, there, rule.form, clause, words=there)
        return found if there else None
    always = definition.always.get(rule.field, frozenset())
    lacking = rule.words - always
    enough = len(lacking) < len(rule.words) if rule.one_is_enough else not lacking
    chosen = definition.choices.get(rule.field)
    if enough or (chosen is not None and chosen <= rule.words):
        return None
    shown = always | (chosen or frozenset())
    return Finding(rule.severity, rule.field, shown, rule.form, clause,
                   words=rule.words, one_is_enough=rule.one_is_enough)  # fmt: skip


def _allows_number(rule: Rule, definition: Definition, clause: Clause) -> Finding | None:
    bound = definition.bounds.get(rule.field, Bound())
    above = rule.high is not None and bound.high is not None and bound.high > rule.high
    below = rule.low is not None and bound.low is not None and bound.low < rule.low
    if not above and not below:
        return None
    value: Decimal | None = bound.high if above else bound.low
    return Finding(rule.severity, rule.field, value, rule.form, clause, rule.low, rule.high)


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Worst first, else in the order of product and rules."""
    return tuple(sorted(findings, key=lambda each: _ORDER[each.severity]))
