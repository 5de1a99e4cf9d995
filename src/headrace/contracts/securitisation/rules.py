"""The dated, cited rules of `rules_cn.toml`, or of a bank's own file: which apply on a day."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from importlib import resources
from typing import Any

from headrace.errors import MappingError

KNOWN = {
    "retention.total",
    "retention.lowest",
    "retention.vertical",
    "operation.years",
    "cover.minimum",
}
"""What the code can look for; a file sets the numbers and the dates."""

KINDS = {"credit": "信贷资产证券化", "revenue_right": "收费权资产证券化"}


@dataclass(frozen=True)
class Rule:
    """One requirement.

    Attributes:
        id: One of `KNOWN`.
        kind: Of securitisation: one of `KINDS`.
        clause: The document and the article, as cited.
        threshold: A share, a number of years or a multiple; None where there is none.
        effective_from: First day.
        effective_to: Last day, or None while it lasts.
        verified: Somebody read the official text.
        read: What was read instead.
    """

    id: str
    kind: str
    zh: str
    en: str
    clause: str
    threshold: Fraction | None
    effective_from: date
    effective_to: date | None
    verified: bool
    read: str


def rule_book(text: str, where: str = "rules_cn.toml") -> tuple[Rule, ...]:
    """The rules of a TOML text.

    Raises:
        MappingError: It is no rule file, or names a rule that the code does not know.
    """
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise MappingError("The rules are no TOML", where=where, remedy=str(error)) from error
    sources = {source["id"]: source for source in data.get("source", ())}
    return tuple(_rule(written, sources, where) for written in data.get("rule", ()))


def _rule(written: Mapping[str, Any], sources: Mapping[str, Any], where: str) -> Rule:
    source = sources.get(str(written.get("source")))
    if written.get("id") not in KNOWN or written.get("kind") not in KINDS or source is None:
        raise MappingError(
            f"Rule {written.get('id')!r} has an unknown id, kind or source",
            where=where,
            remedy=f"id: {', '.join(sorted(KNOWN))}; kind: {', '.join(KINDS)}",
        )
    threshold = written.get("threshold")
    return Rule(
        id=written["id"],
        kind=written["kind"],
        zh=written["zh"],
        en=written["en"],
        clause=f"{source['zh']}（{source['number']}）{written['article']}",
        threshold=None if threshold is None else Fraction(threshold),
        effective_from=written["effective_from"],
        effective_to=written.get("effective_to"),
        verified=bool(written.get("verified", False)),
        read=source["read"],
    )


def shipped_rules() -> tuple[Rule, ...]:
    """The rules that ship with this package."""
    file = resources.files("headrace.contracts.securitisation").joinpath("rules_cn.toml")
    return rule_book(file.read_text("utf-8"))


def in_force(rules: Sequence[Rule], kind: str, on: date) -> dict[str, Rule]:
    """The rules for a kind of securitisation on a day, by id; the latest where several apply."""
    found: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda rule: rule.effective_from):
        ended = rule.effective_to is not None and rule.effective_to < on
        if rule.kind == kind and rule.effective_from <= on and not ended:
            found[rule.id] = rule
    return found
