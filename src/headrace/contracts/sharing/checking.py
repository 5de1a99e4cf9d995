"""What the terms of a guarantee pool break: leverage, one borrower, the bank's own share."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from headrace.contracts.conventions.cited import Rule
from headrace.contracts.sharing.book import Book
from headrace.contracts.sharing.pool_terms import PoolTerms


class Carrier(StrEnum):
    """Whose leverage is limited: the rule on it."""

    POOL = "pool.leverage"
    GUARANTOR = "guarantor.leverage"
    SMALL_FIRM_GUARANTOR = "guarantor.leverage_small"


@dataclass(frozen=True)
class Breach:
    """A rule that is broken; `found` None: the terms set no limit where the rule has one."""

    rule: Rule
    found: Decimal | None
    bound: Decimal


def breaches(terms: PoolTerms, carrier: Carrier, day: date, book: Book) -> tuple[Breach, ...]:
    """The rules that the terms of a pool break on a day; a rule not in force breaks nothing.

    Args:
        terms: Of the pool.
        carrier: What carries the guarantees.
        day: The day.
        book: The rules.
    """
    found: list[Breach] = []
    most = [(str(carrier), terms.leverage_max)]
    if carrier is not Carrier.POOL:
        most.append(("guarantor.one_borrower", terms.borrower_share_max))
    for name, value in most:
        rule = book.rule(name, day)
        if rule is not None and (value is None or value > rule.value):
            found.append(Breach(rule, value, rule.value))
    least = book.rule("bank.share_min", day)
    for layer in terms.scheme.layers:
        borne = sum(
            (share.part for share in layer.shares if share.party == terms.scheme.residual),
            Decimal(0),
        )
        own = 1 - layer.covers * (1 - borne)
        if least is not None and own < least.value:
            found.append(Breach(least, own, least.value))
    return tuple(found)
