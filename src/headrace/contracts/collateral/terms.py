"""Lines, rates and price limits as dated, cited data: what ships, or a bank's own file.

`verified` says that somebody read the official text; what ships was written from what `read`
names, and is unverified.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

from headrace.errors import MappingError

_SOURCE = ("id", "zh", "en", "number", "read")
_WORDS = ("id", "zh", "en", "article")
_RULE = {*_WORDS, "source", "effective_from", "effective_until", "verified", "value"}


@dataclass(frozen=True)
class Source:
    """A regulation or practice; `read` says what was read of it."""

    id: str
    zh: str
    en: str
    number: str
    read: str


@dataclass(frozen=True)
class Rule:
    """A number and where it comes from.

    Attributes:
        value: A part (0.6) or a ratio (1.3), as the words say.
        effective_until: The last day in force; None while in force.
    """

    id: str
    zh: str
    en: str
    source: Source
    article: str
    effective_from: date
    effective_until: date | None
    verified: bool
    value: Decimal

    @property
    def clause(self) -> str:
        """The regulation as it is cited."""
        return f"《{self.source.zh}》（{self.source.number}）{self.article}"


@dataclass(frozen=True)
class Terms:
    """All rules of a file, of every date."""

    rules: tuple[Rule, ...]

    def rule(self, identifier: str, day: date) -> Rule:
        """The rule in force on a day.

        Raises:
            MappingError: None is in force.
        """
        found = self._in_force(identifier, day)
        if found is not None:
            return found
        raise MappingError(
            f"No rule '{identifier}' is in force on {day}",
            where="collateral terms",
            remedy=f"One of {', '.join(sorted({rule.id for rule in self.rules}))}",
        )

    def value(self, identifier: str, day: date) -> Decimal:
        """The number of the rule in force on a day."""
        return self.rule(identifier, day).value

    def has(self, identifier: str, day: date) -> bool:
        """Whether such a rule is in force on a day."""
        return self._in_force(identifier, day) is not None

    def _in_force(self, identifier: str, day: date) -> Rule | None:
        for rule in self.rules:
            until = rule.effective_until
            if rule.id == identifier and rule.effective_from <= day and (not until or day <= until):
                return rule
        return None


def shipped() -> Terms:
    """The terms that ship: `terms_cn.toml`, nothing in it verified."""
    name = "terms_cn.toml"
    return read_terms(files(__package__).joinpath(name).read_text(encoding="utf-8"), name)


def read_terms(text: str, file: str) -> Terms:
    """The terms that a TOML file states.

    Args:
        text: The file's content.
        file: Its name, for errors.

    Raises:
        MappingError: Naming the entry and key, and what would be right.
    """
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        remedy = "Tables such as [[source]] and [[rule]], text in quotes"
        raise MappingError(f"The file is not TOML: {error}", where=file, remedy=remedy) from error
    _only(document, {"source", "rule"}, file)
    sources = {}
    for given in document.get("source", []):
        where = f"{file}, source {given.get('id', '(without id)')}"
        _only(given, set(_SOURCE), where)
        sources[given.get("id")] = Source(**{key: _text(given, key, where) for key in _SOURCE})
    return Terms(tuple(_rule(given, sources, file) for given in document.get("rule", [])))


def _rule(given: Mapping[str, Any], sources: Mapping[str, Source], file: str) -> Rule:
    where = f"{file}, rule {given.get('id', '(without id)')}"
    _only(given, _RULE, where)
    source = _text(given, "source", where)
    if source not in sources:
        remedy = f"The sources are {', '.join(sources)}"
        raise MappingError(f"There is no source '{source}'", where=where, remedy=remedy)
    since, until = given.get("effective_from"), given.get("effective_until")
    value: Any = given.get("value")
    if type(since) is not date or not (until is None or (type(until) is date and until >= since)):
        raise MappingError(
            "The dates are missing or in disorder",
            where=where,
            remedy="effective_from = 2018-03-12, and an effective_until after it or none",
        )
    if type(given.get("verified")) is not bool:
        raise MappingError("'verified' is missing", where=where, remedy="true or false")
    if type(value) not in {int, Decimal} or value < 0:
        raise MappingError(f"'value' is {value!r}", where=where, remedy="A number of 0 or more")
    words = {key: _text(given, key, where) for key in _WORDS}
    return Rule(
        words["id"],
        words["zh"],
        words["en"],
        sources[source],
        words["article"],
        since,
        until,
        given["verified"],
        Decimal(value),
    )


def _text(given: Mapping[str, Any], key: str, where: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value:
        raise MappingError(f"'{key}' is {value!r}", where=where, remedy="Text in quotes")
    return value


def _only(given: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in given:
        if key not in known:
            remedy = f"The keys are {', '.join(sorted(known))}"
            raise MappingError(f"The key '{key}' is not known", where=where, remedy=remedy)
