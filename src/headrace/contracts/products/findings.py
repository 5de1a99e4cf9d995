"""What is wrong with terms, what would be right, and by which clause; for people in two languages.

A finding is a value, not an exception: terms that break the law are refused with every reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from headrace.contracts.products.fields import FIELDS, Field, Unit
from headrace.contracts.products.rules import Form, Rule, Severity
from headrace.contracts.products.vocabulary import word_zh
from headrace.money import format_minor

Value = Decimal | date | frozenset[str]


class Language(StrEnum):
    """In which words are said."""

    ZH = "zh"
    EN = "en"


@dataclass(frozen=True)
class Clause:
    """Where a rule is written.

    Attributes:
        rule: Its identifier; `product.<field>` is a term of the product itself.
        number: Of the document; empty where it has none or it was not read.
        article: Empty where it was not read.
        since: First day in force; None: of a product.
        verified: Whether somebody read the official text.
    """

    rule: str
    zh: str
    en: str
    document_zh: str
    document_en: str
    number: str = ""
    article: str = ""
    since: date | None = None
    verified: bool = True

    @staticmethod
    def of(rule: Rule) -> "Clause":
        """The clause of a rule of law."""
        source = rule.source
        return Clause(
            rule.id, rule.zh, rule.en, source.zh, source.en,
            source.number, rule.article, rule.since, rule.verified,
        )  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing wrong, doubtful or not known.

    Attributes:
        field: What it is about; for `unknown`, the field that nobody stated.
        value: What was stated; None: nothing.
        low: The least that would be right; `high` the greatest; None: no such bound.
        words: Words that must not (forbidden) or must (required) be there.
    """

    severity: Severity
    field: str
    value: Value | None
    form: Form
    clause: Clause
    low: Decimal | None = None
    high: Decimal | None = None
    words: frozenset[str] = frozenset()
    one_is_enough: bool = False

    @property
    def rule(self) -> str:
        """The identifier of the rule."""
        return self.clause.rule


def refused(findings: Iterable[Finding]) -> bool:
    """Whether any of them forbids the contract."""
    return any(each.severity is Severity.REFUSE for each in findings)


_SEVERITY = {
    Severity.REFUSE: {Language.EN: "Refused", Language.ZH: "不得"},
    Severity.WARN: {Language.EN: "Warning", Language.ZH: "提示"},
    Severity.UNKNOWN: {Language.EN: "Not known", Language.ZH: "缺少信息"},
}
_UNREAD = {Language.EN: "official text not read", Language.ZH: "未核实原文"}
_NO_ARTICLE = {Language.EN: "article not read", Language.ZH: "条号未核实"}
_FROM = {Language.EN: "in force from {}", Language.ZH: "{}起施行"}
_IS = {Language.EN: "{} is {}", Language.ZH: "{}为{}"}
_STATE = {Language.EN: "{} is not stated", Language.ZH: "未说明{}"}
_LOW = {Language.EN: "at least {}", Language.ZH: "不低于{}"}
_HIGH = {Language.EN: "at most {}", Language.ZH: "不超过{}"}
_NOT = {Language.EN: "not {}", Language.ZH: "不得为{}"}
_ALL = {Language.EN: "it needs {}", Language.ZH: "应有{}"}
_ANY = {Language.EN: "it needs one of {}", Language.ZH: "应有其一：{}"}
_AND = {Language.EN: ", ", Language.ZH: "、"}
_MONTHS = {Language.EN: "{} months", Language.ZH: "{}个月"}
_DAYS = {Language.EN: "{} days", Language.ZH: "{}天"}
_NOTHING = {Language.EN: "nothing", Language.ZH: "无"}


def finding_words(finding: Finding, language: Language) -> str:
    """A finding as one sentence: what is wrong, what would be right, the rule, the clause."""
    field = FIELDS[finding.field]
    if finding.value is None:
        stated = _STATE[language].format(name_of(field, language))
    else:
        shown = value_words(field, finding.value, language)
        stated = _IS[language].format(name_of(field, language), shown)
    right = right_words(finding, language)
    rule = finding.clause.zh if language is Language.ZH else finding.clause.en
    stop, colon = ("；", "：") if language is Language.ZH else ("; ", ": ")
    said = stop.join(part for part in (stated, right) if part)
    clause = clause_words(finding.clause, language)
    open_, close = ("（", "）") if language is Language.ZH else (" (", ")")
    return f"{_SEVERITY[finding.severity][language]}{colon}{said}{stop}{rule}{open_}{clause}{close}"


def right_words(finding: Finding, language: Language) -> str:
    """What would be right; empty where any statement would do."""
    field = FIELDS[finding.field]
    parts = []
    if finding.low is not None:
        parts.append(_LOW[language].format(value_words(field, finding.low, language)))
    if finding.high is not None:
        parts.append(_HIGH[language].format(value_words(field, finding.high, language)))
    if finding.words:
        allowed = _ANY if finding.one_is_enough else _ALL
        shape = _NOT if finding.form is Form.FORBIDDEN else allowed
        parts.append(shape[language].format(words_text(finding.words, language)))
    return _AND[language].join(parts)


def clause_words(clause: Clause, language: Language) -> str:
    """Document, number, article, day in force and whether the text was read."""
    if clause.since is None:
        return clause.document_zh if language is Language.ZH else clause.document_en
    article = clause.article or _NO_ARTICLE[language]
    if language is Language.ZH:
        number = f"（{clause.number}）" if clause.number else ""
        parts = [f"《{clause.document_zh}》{number}{article}"]
    else:
        parts = [part for part in (clause.document_en, clause.number, article) if part]
    parts.append(_FROM[language].format(clause.since.isoformat()))
    if not clause.verified:
        parts.append(_UNREAD[language])
    return _AND[language].join(parts)


def name_of(field: Field, language: Language) -> str:
    """A field as people call it."""
    return field.zh if language is Language.ZH else field.en


def words_text(words: Iterable[str], language: Language) -> str:
    """Words of a field as people read them."""
    plain = (each.replace("_", " ").replace("@", " in the ") for each in sorted(words))
    shown = plain if language is Language.EN else map(word_zh, sorted(words))
    return _AND[language].join(shown)


def value_words(field: Field, value: Value, language: Language) -> str:
    """A value with its unit: yuan, per cent, months, days or words."""
    if isinstance(value, frozenset):
        return words_text(value, language) or _NOTHING[language]
    if isinstance(value, date):
        return value.isoformat()
    if field.unit is Unit.MONEY:
        return format_minor(int(value), "CNY")
    if field.unit is Unit.MONTHS:
        return _MONTHS[language].format(int(value))
    if field.unit is Unit.DAYS:
        return _DAYS[language].format(int(value))
    return f"{round(value * 100, 8).normalize():f}%"
