"""Schemes and rules as dated, cited data: what ships, or a bank's own file of the same shape.

`verified` says that somebody read the official text; what ships was written from what `read`
names, and is unverified.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

from headrace.contracts.conventions.cited import (
    DATED,
    Rule,
    Source,
    dated,
    loaded,
    number_of,
    only,
    rule_of,
    sources_of,
    text_of,
)
from headrace.contracts.sharing.scheme import Layer, RecoveryOrder, Scheme, Share
from headrace.errors import MappingError

_SCHEME = DATED | {"residual", "recovery", "base", "layer"}
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
    document = loaded(text, file, ("source", "scheme", "rule"))
    sources = sources_of(document, file)
    return Book(
        tuple(_listed(given, sources, file) for given in document.get("scheme", [])),
        tuple(rule_of(given, sources, file) for given in document.get("rule", [])),
    )


def _listed(given: Mapping[str, Any], sources: Mapping[str, Source], file: str) -> ListedScheme:
    where = f"{file}, scheme {given.get('id', '(without id)')}"
    only(given, _SCHEME, where)
    order = given.get("recovery", RecoveryOrder.PRO_RATA)
    if order not in set(RecoveryOrder):
        raise MappingError(
            f"'recovery' is {order!r}", where=where, remedy=f"One of {', '.join(RecoveryOrder)}"
        )
    layers = tuple(_layer(each, where) for each in given.get("layer", []))
    scheme = Scheme(
        text_of(given, "id", where),
        text_of(given, "zh", where),
        text_of(given, "en", where),
        layers,
        text_of(given, "residual", where),
        RecoveryOrder(order),
    )
    return ListedScheme(
        scheme=scheme, base=text_of(given, "base", where), **dated(given, sources, where)
    )


def _layer(given: Mapping[str, Any], where: str) -> Layer:
    where = f"{where}, layer {given.get('id', '(without id)')}"
    only(given, _LAYER, where)
    words: dict[str, Any] = {key: text_of(given, key, where) for key in ("id", "zh", "en")}
    shares = tuple(
        Share(party, number_of(part, f"shares.{party}", where))
        for party, part in given.get("shares", {}).items()
    )
    rates: dict[str, Any] = {
        key: number_of(given[key], key, where) for key in sorted(_RATES & set(given))
    }
    whole: dict[str, Any] = {key: given[key] for key in sorted(_WHOLE & set(given))}
    for key, value in whole.items():
        if type(value) is not int:
            raise MappingError(f"'{key}' is {value!r}", where=where, remedy="A whole number")
    return Layer(shares=shares, only=tuple(given.get("only", ())), **words, **rates, **whole)
