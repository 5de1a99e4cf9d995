"""What the law says of what a loan costs, on the day it is made: ceilings, bounds of penalty."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from headrace.contracts.lending.disclosure import Ceiling, ceilings, ceilings_data
from headrace.contracts.lending.terms import Terms
from headrace.errors import InputError

LENDERS = ("financial", "private")


@dataclass(frozen=True)
class LawClause:
    """Where a rule is written; `verified` says that somebody read the official text."""

    zh: str
    en: str
    number: str
    article: str
    verified: bool


@dataclass(frozen=True)
class CeilingTold:
    """A ceiling, and where it is written."""

    ceiling: Ceiling
    clause: LawClause


@dataclass(frozen=True)
class PenaltyBound:
    """What a markup of penalty may be.

    Attributes:
        on: "overdue" or "misuse".
        value: As the terms have it, a share of the rate.
    """

    on: str
    value: Decimal
    low: Decimal
    high: Decimal
    clause: LawClause

    @property
    def holds(self) -> bool:
        """Whether the terms keep to it."""
        return self.low <= self.value <= self.high


@dataclass(frozen=True)
class LoanLaw:
    """The law on the day a loan starts.

    Attributes:
        lender: "financial" or "private".
        penalties: Of financial lenders; of private ones there are none on file.
    """

    lender: str
    ceilings: tuple[CeilingTold, ...]
    penalties: tuple[PenaltyBound, ...]


def law_of(terms: Terms, lender: str) -> LoanLaw:
    """What the law lets a loan cost.

    Raises:
        InputError: The kind of lender is none, or a ceiling follows a rate that is not known.
    """
    if lender not in LENDERS:
        raise InputError(f"{lender!r} is no lender", where="--lender", remedy=" or ".join(LENDERS))
    data = ceilings_data()
    entries = {each["id"]: each for each in data["ceiling"]}
    found = tuple(
        CeilingTold(each, _clause(data, entries[each.id]))
        for each in ceilings(lender, terms.start, data)
    )
    return LoanLaw(lender, found, _penalties(terms, data) if lender == "financial" else ())


def _penalties(terms: Terms, data: Mapping[str, Any]) -> tuple[PenaltyBound, ...]:
    values = {"overdue": terms.penalty.overdue_markup, "misuse": terms.penalty.misuse_markup}
    return tuple(
        PenaltyBound(
            each["on"],
            values[each["on"]],
            each["markup_min"],
            each["markup_max"],
            _clause(data, each),
        )
        for each in data["penalty"]
        if each["effective_from"] <= terms.start < each.get("effective_until", date.max)
    )


def _clause(data: Mapping[str, Any], entry: Mapping[str, Any]) -> LawClause:
    source = next(each for each in data["source"] if each["id"] == entry["source"])
    return LawClause(
        source["zh"], source["en"], source["number"], entry["article"], entry["verified"]
    )
