"""Schemes and rules as dated, cited data: what ships, or a bank's own file of the same shape.

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

from headrace.contracts.sharing.scheme import Layer, RecoveryOrder, Scheme, Share
from headrace.errors import MappingError

_SOURCE = {"id", "zh", "en", "number", "read"}
_DATED = {"id", "zh", "en", "source", "effective_from", "effective_until", "verified"}
_SCHEME = _DATED | {"residual", "recovery", "base", "layer"}
_RULE = _DATED | {"article", "value"}
_RATES = {"covers", "attachment_rate", "cap_year_rate", "cap_pool_rate"}
_WHOLE = {
    "deductible_loan_minor",
    "attachment_minor",
    "cap_loan_minor",
    "cap_year_minor",
    "cap_pool_minor",
    "waiting_days",
}
_LAYER = {"id", "zh", "en", "shares", "only"} | _RATES | _WHOLE


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
    """A number that a regulation sets.

    Attributes:
        value: A part (0.3) or a multiple (10), as the words say.
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
class ListedScheme:
    """A scheme with its citation.

    Attributes:
        base: What its rates are a part of.
    """

    scheme: Scheme
    source: Source
    base: str
    effective_from: date
    effective_until: date | None
    verified: bool


@dataclass(frozen=True)
class Book:
    """All schemes and rules of a file, of every date."""

    schemes: tuple[ListedScheme, ...]
    rules: tuple[Rule, ...]

    def scheme(self, identifier: str, day: date) -> Scheme:
        """The scheme in force on a day.

        Raises:
            MappingError: There is none, naming those there are.
        """
        for listed in self.schemes:
            if listed.scheme.id == identifier and _in_force(listed, day):
                return listed.scheme
        known = ", ".join(listed.scheme.id for listed in self.schemes)
        raise MappingError(
            f"No scheme '{identifier}' is in force on {day}",
            where="schemes",
            remedy=f"One of {known}, within its dates",
        )

    def rule(self, identifier: str, day: date) -> Rule | None:
        """The rule in force on a day; None where there is none."""
        for rule in self.rules:
            if rule.id == identifier and _in_force(rule, day):
                return rule
        return None


def _in_force(entry: ListedScheme | Rule, day: date) -> bool:
    return entry.effective_from <= day and (
        entry.effective_until is None or day <= entry.effective_until
    )


def shipped() -> Book:
    """The book that ships: `schemes_cn.toml`, nothing in it verified."""
    name = "schemes_cn.toml"
    return read_book(files(__package__).joinpath(name).read_text(encoding="utf-8"), name)


def read_book(text: str, file: str) -> Book:
    """The book that a TOML file states.

    Args:
        text: The file's content.
        file: Its name, for errors.

    Raises:
        MappingError: Naming the entry and key, and what would be right.
    """
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        remedy = "Tables such as [[scheme]] and [[rule]], text in quotes"
        raise MappingError(f"The file is not TOML: {error}", where=file, remedy=remedy) from error
    _only(document, {"source", "scheme", "rule"}, file)
    sources = {}
    for given in document.get("source", []):
        where = f"{file}, source {given.get('id', '(without id)')}"
        _only(given, _SOURCE, where)
        sources[given.get("id")] = Source(**{key: _text(given, key, where) for key in _SOURCE})
    return Book(
        tuple(_listed(given, sources, file) for given in document.get("scheme", [])),
        tuple(_rule(given, sources, file) for given in document.get("rule", [])),
    )


def _dated(given: Mapping[str, Any], sources: Mapping[str, Source], where: str) -> dict[str, Any]:
    """The keys that every dated entry has."""
    source = _text(given, "source", where)
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


def _listed(given: Mapping[str, Any], sources: Mapping[str, Source], file: str) -> ListedScheme:
    where = f"{file}, scheme {given.get('id', '(without id)')}"
    _only(given, _SCHEME, where)
    order = given.get("recovery", RecoveryOrder.PRO_RATA)
    if order not in set(RecoveryOrder):
        raise MappingError(
            f"'recovery' is {order!r}", where=where, remedy=f"One of {', '.join(RecoveryOrder)}"
        )
    layers = tuple(_layer(each, where) for each in given.get("layer", []))
    scheme = Scheme(
        _text(given, "id", where),
        _text(given, "zh", where),
        _text(given, "en", where),
        layers,
        _text(given, "residual", where),
        RecoveryOrder(order),
    )
    return ListedScheme(
        scheme=scheme, base=_text(given, "base", where), **_dated(given, sources, where)
    )


def _layer(given: Mapping[str, Any], where: str) -> Layer:
    where = f"{where}, layer {given.get('id', '(without id)')}"
    _only(given, _LAYER, where)
    words: dict[str, Any] = {key: _text(given, key, where) for key in ("id", "zh", "en")}
    shares = tuple(
        Share(party, _number(part, f"shares.{party}", where))
        for party, part in given.get("shares", {}).items()
    )
    rates: dict[str, Any] = {
        key: _number(given[key], key, where) for key in sorted(_RATES & set(given))
    }
    whole: dict[str, Any] = {key: given[key] for key in sorted(_WHOLE & set(given))}
    for key, value in whole.items():
        if type(value) is not int:
            raise MappingError(f"'{key}' is {value!r}", where=where, remedy="A whole number")
    return Layer(shares=shares, only=tuple(given.get("only", ())), **words, **rates, **whole)


def _rule(given: Mapping[str, Any], sources: Mapping[str, Source], file: str) -> Rule:
    where = f"{file}, rule {given.get('id', '(without id)')}"
    _only(given, _RULE, where)
    words: dict[str, Any] = {key: _text(given, key, where) for key in ("id", "zh", "en", "article")}
    value = _number(given.get("value"), "value", where)
    return Rule(value=value, **words, **_dated(given, sources, where))


def _text(given: Mapping[str, Any], key: str, where: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value:
        raise MappingError(f"'{key}' is {value!r}", where=where, remedy="Text in quotes")
    return value


def _number(value: Any, key: str, where: str) -> Decimal:
    if type(value) not in {int, Decimal} or value < 0:
        raise MappingError(f"'{key}' is {value!r}", where=where, remedy="A number of 0 or more")
    return Decimal(value)


def _only(given: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in given:
        if key not in known:
            raise MappingError(
                f"The key '{key}' is not known",
                where=where,
                remedy=f"The keys are {', '.join(sorted(known))}",
            )
