"""A product's terms as a table that opens in a spreadsheet: field, value, bound, clause.

One row a field and rule: what the product allows, what the law allows, and by which clause. A field
of which no rule speaks has one row without a clause.
"""

from datetime import date

import pyarrow as pa

from headrace.contracts.products.compiler import applicable
from headrace.contracts.products.definition import Bound, Definition
from headrace.contracts.products.fields import FIELDS, Field
from headrace.contracts.products.findings import (
    Clause,
    Finding,
    Language,
    clause_words,
    name_of,
    right_words,
    value_words,
    words_text,
)
from headrace.contracts.products.rules import Change, Form, Rule, RuleBook, Severity

TERMS = pa.schema(
    [
        pa.field("field", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("value", pa.string()),
        pa.field("bound", pa.string()),
        pa.field("clause", pa.string()),
        pa.field("rule", pa.string()),
        pa.field("severity", pa.string()),
        pa.field("verified", pa.bool_()),
    ]
)
"""`value` is what the product allows, `bound` what the rule allows; null: it says nothing."""

CHANGES = pa.schema(
    [
        pa.field("rule", pa.string(), nullable=False),
        pa.field("before", pa.string()),
        pa.field("after", pa.string()),
        pa.field("clause_before", pa.string()),
        pa.field("clause_after", pa.string()),
    ]
)
"""A rule on two days; null: not in force."""

_TO = {Language.EN: "{} to {}", Language.ZH: "{}至{}"}
_NEEDS = {Language.EN: "always {}", Language.ZH: "必备：{}"}
_TIMES = {Language.EN: "{1} times the {0}", Language.ZH: "{0}的{1}倍"}
_PART = {Language.EN: "{1} of the {0}", Language.ZH: "{0}的{1}"}
_UP_TO = {Language.EN: "at most {}", Language.ZH: "不超过{}"}
_FROM = {Language.EN: "at least {}", Language.ZH: "不低于{}"}


def terms_table(definition: Definition, book: RuleBook, on: date, language: Language) -> pa.Table:
    """All terms of a product with the rules of law that may apply on a day, as `TERMS`."""
    rules: dict[str, list[Rule]] = {}
    for rule in applicable(definition, book.on(on)):
        rules.setdefault(rule.field, []).append(rule)
    rows = []
    for field in FIELDS.values():
        value = _allowed(definition, field, language)
        here = rules.get(field.name, [])
        if value is None and not here:
            continue
        first: dict[str, object] = {"field": field.name, "name": name_of(field, language)}
        first["value"] = value
        rows += [first | _rule_cells(rule, language) for rule in here] or [first]
    return pa.Table.from_pylist(rows, TERMS)


def changes_table(changes: tuple[Change, ...], language: Language) -> pa.Table:
    """Which rules changed between two days, as `CHANGES`."""
    rows = []
    for change in changes:
        row: dict[str, object] = {"rule": change.id}
        for key, rule in (("before", change.before), ("after", change.after)):
            if rule is not None:
                row[key] = rule.zh if language is Language.ZH else rule.en
                row[f"clause_{key}"] = clause_words(Clause.of(rule), language)
        rows.append(row)
    return pa.Table.from_pylist(rows, CHANGES)


def findings_table(findings: tuple[Finding, ...], language: Language) -> pa.Table:
    """Findings as rows, in the columns of `TERMS`: `value` is what was stated."""
    rows = []
    for each in findings:
        field = FIELDS[each.field]
        rows.append(
            {
                "field": each.field,
                "name": name_of(field, language),
                "value": None if each.value is None else value_words(field, each.value, language),
                "bound": right_words(each, language) or None,
                "clause": clause_words(each.clause, language),
                "rule": each.rule,
                "severity": each.severity.value,
                "verified": each.clause.verified,
            }
        )
    return pa.Table.from_pylist(rows, TERMS)


def _allowed(definition: Definition, field: Field, language: Language) -> str | None:
    parts = []
    if field.name in definition.bounds:
        parts.append(_range(field, definition.bounds[field.name], language))
    if field.name in definition.choices:
        parts.append(words_text(definition.choices[field.name], language))
    if field.name in definition.always:
        parts.append(_NEEDS[language].format(words_text(definition.always[field.name], language)))
    return "; ".join(parts) or None


def _range(field: Field, bound: Bound, language: Language) -> str:
    low = None if bound.low is None else value_words(field, bound.low, language)
    high = None if bound.high is None else value_words(field, bound.high, language)
    if low is not None and high is not None:
        return _TO[language].format(low, high)
    return _FROM[language].format(low) if high is None else _UP_TO[language].format(high)


def _rule_cells(rule: Rule, language: Language) -> dict[str, object]:
    clause = Clause.of(rule)
    return {
        "bound": _law(rule, language),
        "clause": clause_words(clause, language),
        "rule": rule.id,
        "severity": rule.severity.value,
        "verified": rule.verified,
    }


def _law(rule: Rule, language: Language) -> str:
    if rule.form is not Form.SHARE:
        found = Finding(
            Severity.WARN, rule.field, None, rule.form, Clause.of(rule), rule.low, rule.high,
            rule.words, rule.one_is_enough,
        )  # fmt: skip
        return right_words(found, language)
    base = name_of(FIELDS[rule.of], language)
    parts = []
    for shape, factor in ((_FROM, rule.low), (_UP_TO, rule.high)):
        if factor is not None:
            of = _TIMES[language].format(base, f"{factor:f}")
            if factor < 1:
                of = _PART[language].format(base, f"{(factor * 100).normalize():f}%")
            parts.append(shape[language].format(of))
    return ", ".join(parts)
