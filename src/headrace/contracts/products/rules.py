"""Rules on terms as dated and cited data, in four forms.

    bound      a number has a least or a greatest value
    share      a number is at most (or at least) a share of another
    forbidden  words that must not be there
    required   words that must be there, all or any of them

A rule book is a TOML file that a bank may edit. `verified` says that somebody read the official
text; what ships was written from what `read` names, and is unverified. An empty `article` says that
the number of the article was not read. A form that is not one of the four is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

from headrace.contracts.conventions.cited import Source
from headrace.contracts.products.entries import is_number, loaded, only, text_of
from headrace.contracts.products.fields import Field, field_of, read_value
from headrace.errors import InputError, MappingError

_Member = TypeVar("_Member", bound=StrEnum)


class Form(StrEnum):
    """How a rule looks at its field."""

    BOUND = "bound"
    SHARE = "share"
    FORBIDDEN = "forbidden"
    REQUIRED = "required"


class Severity(StrEnum):
    """What a rule says of terms that break it, worst first; a missing fact is `unknown`."""

    REFUSE = "refuse"
    WARN = "warn"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Condition:
    """When a rule applies: a field has one of `words`, or a number is `above` a value."""

    field: str
    words: frozenset[str] = frozenset()
    above: Decimal | None = None


@dataclass(frozen=True)
class Rule:
    """One rule in one of its versions.

    Attributes:
        low: Least value (bound) or share (share) of the field; None: none.
        high: Greatest value or share; None: none.
        of: The field that `low` and `high` are shares of; empty but for a share.
        words: Forbidden or required words.
        one_is_enough: Whether any required word will do.
        since: First day in force; `until` the last, None while in force.
        note: What the short text leaves out.
    """

    id: str
    zh: str
    en: str
    source: Source
    article: str
    severity: Severity
    form: Form
    field: str
    since: date
    verified: bool
    until: date | None = None
    when: tuple[Condition, ...] = ()
    low: Decimal | None = None
    high: Decimal | None = None
    of: str = ""
    words: frozenset[str] = frozenset()
    one_is_enough: bool = False
    note: str = ""

    def in_force(self, day: date) -> bool:
        """Whether it is in force on `day`."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class Change:
    """A rule that reads otherwise on two days; None where it was not in force."""

    id: str
    before: Rule | None
    after: Rule | None


@dataclass(frozen=True)
class RuleBook:
    """All rules of a file, of every date."""

    rules: tuple[Rule, ...]

    def on(self, day: date) -> tuple[Rule, ...]:
        """Only what is in force on `day`, in the order of the file."""
        return tuple(rule for rule in self.rules if rule.in_force(day))

    def changes(self, earlier: date, later: date) -> tuple[Change, ...]:
        """The rules that differ between two days, by identifier."""
        before = {rule.id: rule for rule in self.on(earlier)}
        after = {rule.id: rule for rule in self.on(later)}
        return tuple(
            Change(each, before.get(each), after.get(each))
            for each in sorted(before | after)
            if before.get(each) != after.get(each)
        )


_SOURCE_KEYS = ("id", "zh", "en", "number", "read")
_TEXT_KEYS = ("id", "zh", "en", "source", "article", "severity", "form", "field")
_KEYS = {
    *_TEXT_KEYS,
    "from",
    "until",
    "verified",
    "when",
    "min",
    "max",
    "of",
    "words",
    "any",
    "note",
}
_FORM_KEYS: Mapping[Form, tuple[set[str], set[str]]] = {
    Form.BOUND: (set(), {"min", "max"}),
    Form.SHARE: ({"of"}, {"min", "max"}),
    Form.FORBIDDEN: ({"words"}, set()),
    Form.REQUIRED: ({"words"}, {"any"}),
}
"""Of each form: the keys it cannot do without, and those it may have."""


def read_rules(text: str, file: str) -> RuleBook:
    """The rule book that a TOML file states.

    Args:
        text: The file's content.
        file: Its name, for errors.

    Raises:
        MappingError: Naming the entry and key, and what would be right.
    """
    document = _document(text, file)
    only(document, {"source", "rule"}, file)
    sources = {each.id: each for each in (_source(entry, file) for entry in document["source"])}
    rules = tuple(_rule(entry, sources, file) for entry in document["rule"])
    _apart(rules, file)
    return RuleBook(rules)


def _document(text: str, file: str) -> dict[str, Any]:
    document = loaded(text, file)
    for key in ("source", "rule"):
        entries = document.setdefault(key, [])
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            raise MappingError(f"'{key}' is not a list of tables", where=file, remedy=f"[[{key}]]")
    return document


def _source(entry: dict[str, Any], file: str) -> Source:
    where = f"{file}, source {entry.get('id', '(without id)')}"
    only(entry, set(_SOURCE_KEYS), where)
    return Source(**{key: text_of(entry, key, where) for key in _SOURCE_KEYS})


def _rule(entry: dict[str, Any], sources: Mapping[str, Source], file: str) -> Rule:
    where = f"{file}, rule {entry.get('id', '(without id)')}"
    only(entry, _KEYS, where)
    text = {key: text_of(entry, key, where) for key in _TEXT_KEYS}
    source = sources.get(text["source"])
    if source is None:
        remedy = f"The sources are {', '.join(sources)}"
        raise MappingError(f"There is no source '{text['source']}'", where=where, remedy=remedy)
    if type(entry.get("verified")) is not bool:
        raise MappingError("'verified' is missing", where=where, remedy="verified = false")
    form = _member(Form, text["form"], "form", where)
    severity = _member(Severity, text["severity"], "severity", where)
    if severity is Severity.UNKNOWN:
        raise MappingError("'severity' is 'unknown'", where=where, remedy="refuse or warn")
    _of_its_form(entry, form, where)
    since, until = _day(entry, "from", where), _day(entry, "until", where)
    if since is None:
        raise MappingError("The key 'from' is missing", where=where, remedy="from = 2025-06-15")
    if until is not None and until < since:
        raise MappingError("It ends before it begins", where=where)
    field = _field(text["field"], where)
    if (form in (Form.BOUND, Form.SHARE)) != field.is_number:
        right = "a number" if field.is_number else "words"
        problem = f"'{form}' does not fit the field '{field.name}', which is {right}"
        raise MappingError(problem, where=where)
    return Rule(
        id=text["id"],
        zh=text["zh"],
        en=text["en"],
        source=source,
        article=text["article"],
        severity=severity,
        form=form,
        field=field.name,
        since=since,
        until=until,
        verified=entry["verified"],
        when=_conditions(entry.get("when", {}), where),
        low=_decimal(entry, "min", where),
        high=_decimal(entry, "max", where),
        of=_base(entry, where),
        words=_word_set(field, entry.get("words", []), where),
        one_is_enough=entry.get("any", False) is True,
        note=text_of(entry, "note", where) if "note" in entry else "",
    )


def _of_its_form(entry: dict[str, Any], form: Form, where: str) -> None:
    needed, possible = _FORM_KEYS[form]
    for key in ("min", "max", "of", "words", "any"):
        if key in needed and key not in entry:
            raise MappingError(f"The form '{form}' needs '{key}'", where=where)
        if key in entry and key not in needed | possible:
            raise MappingError(f"The form '{form}' has no '{key}'", where=where)
    if possible >= {"min", "max"} and not {"min", "max"} & set(entry):
        raise MappingError(f"The form '{form}' needs 'min' or 'max'", where=where)


def _base(entry: dict[str, Any], where: str) -> str:
    if "of" not in entry:
        return ""
    field = _field(entry["of"], where)
    if not field.is_number:
        raise MappingError(f"'of' names '{field.name}', which is no number", where=where)
    return field.name


def _conditions(given: Any, where: str) -> tuple[Condition, ...]:
    if not isinstance(given, dict):
        raise MappingError("'when' is no table", where=where, remedy='[rule.when] kind = ["..."]')
    return tuple(_condition(name, value, where) for name, value in given.items())


def _condition(name: str, value: Any, where: str) -> Condition:
    field = _field(name, where)
    if field.is_number:
        if not isinstance(value, dict) or set(value) != {"above"}:
            remedy = f"{name} = {{ above = 1_000_000_000 }}"
            raise MappingError(
                f"The condition on '{name}' is {value!r}", where=where, remedy=remedy
            )
        return Condition(name, above=_decimal(value, "above", where))
    return Condition(name, _word_set(field, value, where))


def _word_set(field: Field, value: Any, where: str) -> frozenset[str]:
    if not isinstance(value, list):
        remedy = f'{field.name} = ["...", "..."]'
        raise MappingError(f"{value!r} is no list of words", where=where, remedy=remedy)
    words: set[str] = set()
    try:
        for each in value:
            given = read_value(field.name, each, where)
            words |= given if isinstance(given, frozenset) else set()
    except InputError as error:
        raise MappingError(error.problem, where=where, remedy=error.remedy) from error
    return frozenset(words)


def _field(name: Any, where: str) -> Field:
    try:
        return field_of(str(name), where)
    except InputError as error:
        raise MappingError(error.problem, where=where, remedy=error.remedy) from error


def _member(kind: type[_Member], value: str, key: str, where: str) -> _Member:
    if value not in set(kind):
        remedy = f"It should be one of {', '.join(kind)}"
        raise MappingError(f"'{key}' is '{value}'", where=where, remedy=remedy)
    return kind(value)


def _day(entry: dict[str, Any], key: str, where: str) -> date | None:
    value = entry.get(key)
    if value is not None and type(value) is not date:
        raise MappingError(f"'{key}' is {value!r}", where=where, remedy="A day such as 2025-06-15")
    return value


def _decimal(entry: dict[str, Any], key: str, where: str) -> Decimal | None:
    value = entry.get(key)
    if value is None:
        return None
    if not is_number(value):
        raise MappingError(f"'{key}' is {value!r}", where=where, remedy="It should be a number")
    return Decimal(value)


def _apart(rules: tuple[Rule, ...], file: str) -> None:
    """The versions of one rule must not be in force on the same day."""
    versions: dict[str, list[Rule]] = {}
    for rule in rules:
        versions.setdefault(rule.id, []).append(rule)
    for identifier, found in versions.items():
        found.sort(key=lambda rule: rule.since)
        for earlier, later in pairwise(found):
            if earlier.until is None or earlier.until >= later.since:
                problem = f"Two versions are in force on {later.since}"
                where = f"{file}, rule {identifier}"
                raise MappingError(problem, where=where, remedy="End the earlier one with until")
