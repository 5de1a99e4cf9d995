"""The rules of classification as dated and cited data; what a rule looks for is code.

A bank may edit numbers, dates and classes; identifiers are a closed list (`Reason`), in the order
in which a tie is told: the first rule that reaches the class is the reason.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import Any

from headrace.contracts.conventions.cited import Source
from headrace.errors import MappingError


class Grade(IntEnum):
    """The five classes; bad (不良) from `SUBSTANDARD` on."""

    NORMAL = 0
    SPECIAL_MENTION = 1
    SUBSTANDARD = 2
    DOUBTFUL = 3
    LOSS = 4


class Kind(IntEnum):
    """Whose claims: rules on a debtor's whole debt look at non-retail claims only."""

    NON_RETAIL = 0
    RETAIL = 1
    CARD = 2


class Reason(IntEnum):
    """Which rule sets a class; `NONE` for what is normal."""

    NONE = 0
    OVERDUE_LOSS = 1
    OVERDUE_DOUBTFUL = 2
    OVERDUE_SUBSTANDARD = 3
    OVERDUE_SPECIAL_MENTION = 4
    OVERDUE_TECHNICAL = 5
    CARD_LOSS = 6
    CARD_DOUBTFUL = 7
    CARD_SUBSTANDARD = 8
    CARD_SPECIAL_MENTION = 9
    BANKRUPT = 10
    WRITTEN_OFF = 11
    IMPAIRED_LOSS = 12
    IMPAIRED_DOUBTFUL = 13
    EVADING = 14
    IMPAIRED = 15
    RESTRUCTURED_AGAIN = 16
    RESTRUCTURED = 17
    MISUSED = 18
    REFINANCED = 19
    HELD = 20
    SHARE_ACROSS_BANKS = 21
    SHARE_IN_BANK = 22
    CROSS_DEFAULT = 23
    SAME_DEBTOR = 24
    OBSERVATION = 25


IDENTIFIERS: Mapping[str, Reason] = {
    **{
        f"overdue.{grade}": Reason[f"OVERDUE_{grade.upper()}"]
        for grade in ("loss", "doubtful", "substandard", "special_mention", "technical")
    },
    **{
        f"card.{grade}": Reason[f"CARD_{grade.upper()}"]
        for grade in ("loss", "doubtful", "substandard", "special_mention")
    },
    "impaired.loss": Reason.IMPAIRED_LOSS,
    "impaired.doubtful": Reason.IMPAIRED_DOUBTFUL,
    **{
        each.name.lower(): each
        for each in Reason
        if each.name.partition("_")[0] not in {"NONE", "OVERDUE", "CARD"}
        and each not in (Reason.IMPAIRED_LOSS, Reason.IMPAIRED_DOUBTFUL)
    },
}
"""Identifier in the file to the rule."""

_NEEDS: Mapping[Reason, str] = {
    **{each: "above_days" for each in Reason if each.name.startswith(("OVERDUE", "CARD"))},
    Reason.IMPAIRED_DOUBTFUL: "from_share",
    Reason.IMPAIRED_LOSS: "from_share",
    Reason.SHARE_IN_BANK: "above_share",
    Reason.SHARE_ACROSS_BANKS: "above_share",
    Reason.HELD: "months",
    Reason.OBSERVATION: "months",
}


@dataclass(frozen=True)
class Rule:
    """One rule in one of its versions.

    Attributes:
        grade: The class it sets at least; None for rules that set none.
        kinds: Claims it looks at.
        above_days: More days overdue than this.
        above_share: More than this share; `from_share` this share or more.
        months: Months of good conduct; `periods` due days of good conduct.
        since: First day in force; `until` the last, None while in force.
    """

    reason: Reason
    zh: str
    en: str
    source: Source
    article: str
    since: date
    verified: bool
    kinds: tuple[Kind, ...]
    grade: Grade | None = None
    until: date | None = None
    above_days: int = 0
    above_share: Decimal = Decimal(0)
    from_share: Decimal = Decimal(0)
    months: int = 0
    periods: int = 0


@dataclass(frozen=True)
class StageRule:
    """When expected loss is that of the whole life (stage 2), and when a claim is impaired (3)."""

    source: Source
    article: str
    second_above_days: int
    third_above_days: int
    pd_ratio: Decimal
    pd_least: Decimal
    since: date
    verified: bool


@dataclass(frozen=True)
class ProvisionRule:
    """The share of the balance to be provided, by class from normal to loss."""

    source: Source
    article: str
    shares: tuple[Decimal, ...]
    since: date
    verified: bool


@dataclass(frozen=True)
class RatioRule:
    """Least allowance to loans (贷款拨备率) and to bad loans (拨备覆盖率)."""

    source: Source
    article: str
    to_loans: Decimal
    to_bad: Decimal
    since: date
    verified: bool


@dataclass(frozen=True)
class Tables:
    """All rules of a file, of every date."""

    rules: tuple[Rule, ...]
    stages: tuple[StageRule, ...]
    provisions: tuple[ProvisionRule, ...]
    ratios: tuple[RatioRule, ...]

    def on(self, day: date) -> dict[Reason, Rule]:
        """The rules in force on a day."""
        return {
            rule.reason: rule
            for rule in self.rules
            if rule.since <= day and (rule.until is None or day <= rule.until)
        }

    def stage_rule(self, day: date) -> StageRule | None:
        """The latest rule on stages that had begun on a day; None before the first."""
        return max((e for e in self.stages if e.since <= day), key=lambda e: e.since, default=None)

    def provision_rule(self, day: date) -> ProvisionRule | None:
        """The latest rule on provisions that had begun on a day; None before the first."""
        found = (each for each in self.provisions if each.since <= day)
        return max(found, key=lambda each: each.since, default=None)

    def ratio_rule(self, day: date) -> RatioRule | None:
        """The latest rule on ratios that had begun on a day; None before the first."""
        return max((e for e in self.ratios if e.since <= day), key=lambda e: e.since, default=None)


@cache
def shipped_tables() -> Tables:
    """The tables that ship; none of their rules is verified."""
    folder = files("headrace.contracts.classification")
    text = folder.joinpath("tables_cn.toml").read_text(encoding="utf-8")
    return read_tables(text, "tables_cn.toml")


def read_tables(text: str, file: str) -> Tables:
    """The tables that a TOML file states.

    Args:
        text: The file's content.
        file: Its name, for errors.

    Raises:
        MappingError: Naming the entry and key, and what would be right.
    """
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"The file is not TOML: {error}", where=file) from error
    _only(document, {"source", "rule", "stage", "provision", "ratio"}, file)
    sources: dict[str, Source] = {}
    for entry in _entries(document, "source", file):
        where = f"{file}, source {entry.get('id', '(without id)')}"
        texts = {key: _get(entry, key, str, where) for key in ("id", "zh", "en", "number", "read")}
        sources[texts["id"]] = Source(**texts)
    rules = tuple(_rule(each, sources, file) for each in _entries(document, "rule", file))
    _apart(rules, file)
    return Tables(
        rules,
        tuple(_stage(each, sources, file) for each in _entries(document, "stage", file)),
        tuple(_provision(each, sources, file) for each in _entries(document, "provision", file)),
        tuple(_ratio(each, sources, file) for each in _entries(document, "ratio", file)),
    )


_CITED = {"source", "article", "from", "until", "verified"}
_RULE_KEYS = {"id", "zh", "en", "kinds", "grade", "months", "periods", *_CITED} | {
    "above_days", "above_share", "from_share",
}  # fmt: skip


def _rule(entry: dict[str, Any], sources: Mapping[str, Source], file: str) -> Rule:
    where = f"{file}, rule {entry.get('id', '(without id)')}"
    _only(entry, _RULE_KEYS, where)
    reason = IDENTIFIERS.get(entry.get("id", ""))
    if reason is None:
        remedy = f"The rules are {', '.join(IDENTIFIERS)}"
        raise MappingError(f"There is no rule '{entry.get('id')}'", where=where, remedy=remedy)
    needed = _NEEDS.get(reason)
    if needed is not None and needed not in entry:
        raise MappingError(f"The key '{needed}' is missing", where=where)
    sets_none = reason in (Reason.HELD, Reason.OBSERVATION)
    until = entry.get("until")
    return Rule(
        reason=reason,
        zh=_get(entry, "zh", str, where),
        en=_get(entry, "en", str, where),
        **_cited(entry, sources, where),
        until=None if until is None else _get(entry, "until", date, where),
        kinds=tuple(Kind(_member(Kind, each, where)) for each in _get(entry, "kinds", list, where)),
        grade=None if sets_none else _grade(entry, where),
        above_days=_count(entry, "above_days", where),
        above_share=_share(entry, "above_share", where),
        from_share=_share(entry, "from_share", where),
        months=_count(entry, "months", where),
        periods=_count(entry, "periods", where),
    )


def _stage(entry: dict[str, Any], sources: Mapping[str, Source], file: str) -> StageRule:
    where = f"{file}, stage"
    keys = {"second_above_days", "third_above_days", "pd_ratio", "pd_least"}
    _only(entry, _CITED | keys, where)
    return StageRule(
        **_cited(entry, sources, where),
        second_above_days=_count(entry, "second_above_days", where),
        third_above_days=_count(entry, "third_above_days", where),
        pd_ratio=_number(entry, "pd_ratio", where),
        pd_least=_number(entry, "pd_least", where),
    )


def _provision(entry: dict[str, Any], sources: Mapping[str, Source], file: str) -> ProvisionRule:
    where = f"{file}, provision"
    names = [each.name.lower() for each in Grade]
    _only(entry, _CITED | set(names), where)
    for name in names:
        _get(entry, name, Decimal, where)
    shares = tuple(_share(entry, name, where) for name in names)
    return ProvisionRule(**_cited(entry, sources, where), shares=shares)


def _ratio(entry: dict[str, Any], sources: Mapping[str, Source], file: str) -> RatioRule:
    where = f"{file}, ratio"
    _only(entry, _CITED | {"to_loans", "to_bad"}, where)
    to_loans, to_bad = _number(entry, "to_loans", where), _number(entry, "to_bad", where)
    return RatioRule(**_cited(entry, sources, where), to_loans=to_loans, to_bad=to_bad)


def _cited(entry: dict[str, Any], sources: Mapping[str, Source], where: str) -> dict[str, Any]:
    source = sources.get(_get(entry, "source", str, where))
    if source is None:
        remedy = f"The sources are {', '.join(sources)}"
        raise MappingError(f"There is no source '{entry['source']}'", where=where, remedy=remedy)
    return {
        "source": source,
        "article": _get(entry, "article", str, where),
        "since": _get(entry, "from", date, where),
        "verified": _get(entry, "verified", bool, where),
    }


_WORDS: Mapping[Any, str] = {
    str: "text in quotes",
    bool: "true or false",
    date: "a day such as 2023-07-01",
    list: "a list of words",
    Decimal: "a number such as 0.25",
}


def _get(entry: dict[str, Any], key: str, kind: Any, where: str) -> Any:
    value = entry.get(key)
    if type(value) is not kind:
        remedy = f"It should be {_WORDS[kind]}"
        raise MappingError(f"'{key}' is {value!r}", where=where, remedy=remedy)
    return value


def _count(entry: dict[str, Any], key: str, where: str) -> int:
    value = entry.get(key, 0)
    if type(value) is not int or value < 0:
        problem = f"'{key}' is {value!r}"
        raise MappingError(problem, where=where, remedy="It should be a whole number, 0 or more")
    return value


def _number(entry: dict[str, Any], key: str, where: str) -> Decimal:
    value = entry.get(key, 0)
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if not number or not Decimal(value).is_finite() or value < 0:
        raise MappingError(f"'{key}' is {value!r}", where=where, remedy="A number, 0 or more")
    return Decimal(value)


def _share(entry: dict[str, Any], key: str, where: str) -> Decimal:
    value = _number(entry, key, where)
    if value > 1 or (value * 10**6) % 1:
        remedy = "It should be a share from 0 to 1 of at most 6 decimals"
        raise MappingError(f"'{key}' is {value}", where=where, remedy=remedy)
    return value


def _member(kind: type[IntEnum], value: Any, where: str) -> IntEnum:
    names = [each.name.lower() for each in kind]
    if value not in names:
        remedy = f"It should be one of {', '.join(names)}"
        raise MappingError(f"{value!r} is no {kind.__name__.lower()}", where=where, remedy=remedy)
    return kind[value.upper()]


def _grade(entry: dict[str, Any], where: str) -> Grade:
    grade = Grade(_member(Grade, entry.get("grade"), where))
    if grade is Grade.NORMAL:
        raise MappingError("A rule sets 'normal'", where=where, remedy="special_mention or worse")
    return grade


def _entries(document: Mapping[str, Any], key: str, file: str) -> list[dict[str, Any]]:
    entries = document.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise MappingError(f"'{key}' is not a list of tables", where=file, remedy=f"[[{key}]]")
    return entries


def _apart(rules: tuple[Rule, ...], file: str) -> None:
    """The versions of one rule must not be in force on the same day."""
    last: dict[Reason, Rule] = {}
    for rule in sorted(rules, key=lambda each: each.since):
        before = last.get(rule.reason)
        if before is not None and (before.until is None or before.until >= rule.since):
            where = f"{file}, rule {rule.reason.name.lower()}"
            problem = f"Two versions are in force on {rule.since}"
            raise MappingError(problem, where=where, remedy="End the earlier one with until")
        last[rule.reason] = rule


def _only(given: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in given:
        if key not in known:
            remedy = f"The keys are {', '.join(sorted(known))}"
            raise MappingError(f"The key '{key}' is not known", where=where, remedy=remedy)
