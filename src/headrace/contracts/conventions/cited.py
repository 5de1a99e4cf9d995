"""Numbers of law and practice as dated, cited data: sources, rules, and how their files are read.

`verified` says that somebody read the official text; `read` says what was read.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from headrace.errors import MappingError

_SOURCE = ("id", "zh", "en", "number", "read")
DATED = frozenset({"id", "zh", "en", "source", "effective_from", "effective_until", "verified"})
"""The keys that every dated entry may have."""
_RULE = DATED | {"article", "value"}


@dataclass(frozen=True)
class Source:
    """A regulation or practice.

    Attributes:
        number: Of the document, as officially cited; empty where it was not read.
        read: What was read of it, and where.
    """

    id: str
    zh: str
    en: str
    number: str
    read: str


@dataclass(frozen=True)
class Rule:
    """A number and where it comes from.

    Attributes:
        value: A part (0.6), a ratio (1.3) or a multiple (10), as the words say.
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


def loaded(text: str, file: str, tables: tuple[str, ...]) -> dict[str, Any]:
    """The document of a TOML file, its numbers exact.

    Args:
        text: The file's content.
        file: Its name, for errors.
        tables: The tables that it may hold.

    Raises:
        MappingError: It is not TOML, or holds another table.
    """
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        some = " and ".join(f"[[{table}]]" for table in tables[-2:])
        remedy = f"Tables such as {some}, text in quotes"
        raise MappingError(f"The file is not TOML: {error}", where=file, remedy=remedy) from error
    only(document, set(tables), file)
    return document


def sources_of(document: Mapping[str, Any], file: str) -> dict[str, Source]:
    """The sources of a document, by id.

    Raises:
        MappingError: Naming the entry and key, and what would be right.
    """
    sources = {}
    for given in document.get("source", []):
        where = f"{file}, source {given.get('id', '(without id)')}"
        only(given, set(_SOURCE), where)
        sources[given["id"]] = Source(**{key: text_of(given, key, where) for key in _SOURCE})
    return sources


def dated(given: Mapping[str, Any], sources: Mapping[str, Source], where: str) -> dict[str, Any]:
    """Source, days and `verified` of an entry.

    Raises:
        MappingError: Naming the key, and what would be right.
    """
    source = text_of(given, "source", where)
    if source not in sources:
        raise MappingError(
            f"There is no source '{source}'",
            where=where,
            remedy=f"The sources are {', '.join(sources)}",
        )
    since, until = given.get("effective_from"), given.get("effective_until")
    if type(since) is not date or not (until is None or (type(until) is date and until >= since)):
        raise MappingError(
            "The dates are missing or in disorder",
            where=where,
            remedy="effective_from = 2022-01-01, and an effective_until after it or none",
        )
    if type(given.get("verified")) is not bool:
        raise MappingError("'verified' is missing", where=where, remedy="true or false")
    return {
        "source": sources[source],
        "effective_from": since,
        "effective_until": until,
        "verified": given["verified"],
    }


def rule_of(given: Mapping[str, Any], sources: Mapping[str, Source], file: str) -> Rule:
    """A rule of a document.

    Raises:
        MappingError: Naming the entry and key, and what would be right.
    """
    where = f"{file}, rule {given.get('id', '(without id)')}"
    only(given, _RULE, where)
    words: dict[str, Any] = {
        key: text_of(given, key, where) for key in ("id", "zh", "en", "article")
    }
    value = number_of(given.get("value"), "value", where)
    return Rule(value=value, **words, **dated(given, sources, where))


def text_of(given: Mapping[str, Any], key: str, where: str) -> str:
    """A text that must be there.

    Raises:
        MappingError: It is missing, empty or no text.
    """
    value = given.get(key)
    if not isinstance(value, str) or not value:
        raise MappingError(f"'{key}' is {value!r}", where=where, remedy="Text in quotes")
    return value


def number_of(value: Any, key: str, where: str) -> Decimal:
    """A number of 0 or more.

    Raises:
        MappingError: It is none.
    """
    if type(value) not in {int, Decimal} or value < 0:
        raise MappingError(f"'{key}' is {value!r}", where=where, remedy="A number of 0 or more")
    return Decimal(value)


def only(given: Mapping[str, Any], known: set[str] | frozenset[str], where: str) -> None:
    """Refuse a key that nobody knows.

    Raises:
        MappingError: Naming it, and those that are known.
    """
    for key in given:
        if key not in known:
            raise MappingError(
                f"The key '{key}' is not known",
                where=where,
                remedy=f"The keys are {', '.join(sorted(known))}",
            )
