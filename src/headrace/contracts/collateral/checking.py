"""What the terms of a share pledge break: caps on the rate, lines that are too low, crowding."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from headrace.contracts.collateral.pledges import Lines
from headrace.contracts.collateral.terms import Terms
from headrace.contracts.conventions.cited import Rule


@dataclass(frozen=True)
class Breach:
    """A rule that is broken: what was found, against what the rule states."""

    rule: Rule
    found: Decimal
    bound: Decimal


@dataclass(frozen=True)
class SharePledge:
    """What rules look at; None where it is not known, and then breaks none.

    Attributes:
        rate: Lent, as a part of the value.
        lines: As agreed.
        own_part: Of the company's A-shares that this lender would hold.
        all_part: That all lenders would hold.
        to_broker: Whether the borrower is a securities company (证券公司).
    """

    rate: Decimal
    lines: Lines
    own_part: Decimal | None = None
    all_part: Decimal | None = None
    to_broker: bool = False


def standard_lines(terms: Terms, day: date) -> Lines:
    """The lines that the terms state for a day."""
    return Lines(
        warn=terms.value("lines.warn", day),
        call=terms.value("lines.call", day),
        close=terms.value("lines.close", day),
        release=terms.value("lines.release", day),
    )


def breaches(pledge: SharePledge, terms: Terms, day: date) -> tuple[Breach, ...]:
    """The rules that a pledge breaks on a day."""
    most = [
        ("shares.rate_max", pledge.rate),
        ("shares.one_lender_max", pledge.own_part),
        ("shares.all_lenders_max", pledge.all_part),
    ]
    least: list[tuple[str, Decimal]] = []
    if pledge.to_broker:
        least = [
            ("lines.warn_floor", pledge.lines.warn),
            ("lines.close_floor", pledge.lines.close),
        ]
    found: list[Breach] = []
    for name, value in most:
        rule = terms.rule(name, day)
        if value is not None and value > rule.value:
            found.append(Breach(rule, value, rule.value))
    for name, line in least:
        rule = terms.rule(name, day)
        if line < rule.value:
            found.append(Breach(rule, line, rule.value))
    return tuple(found)
