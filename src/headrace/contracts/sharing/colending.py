"""One loan funded by several lenders (联合贷款, 共同出资): who funds, who gets, what is allowed.

Every payment is divided in proportion to what each lender is still owed, by largest remainders:
so each division adds up, nobody gets more than is owed to it, and the last payment leaves
nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from headrace.contracts.conventions.cited import Rule
from headrace.contracts.movements import Movement
from headrace.contracts.sharing.apportioning import apportion
from headrace.contracts.sharing.book import Book
from headrace.contracts.sharing.scheme import NANO
from headrace.errors import InputError


@dataclass(frozen=True)
class Agreement:
    """Who funds which part.

    Attributes:
        lead: The lender whose books these are.
        parts: By lender, adding up to 1, of at most nine decimals.
        own_with_partner_minor: The lead's own part of all loans with this partner, before.
        tier1_minor: The lead's net tier-1 capital.
        own_with_all_minor: The lead's own part of loans with all partners, before.
        loans_minor: All loans of the lead.
    """

    lead: str
    parts: Mapping[str, Decimal]
    currency: str = "CNY"
    own_with_partner_minor: int = 0
    tier1_minor: int | None = None
    own_with_all_minor: int = 0
    loans_minor: int | None = None

    def __post_init__(self) -> None:
        """Refuse parts that do not add up to the whole."""
        fits = sum(self.parts.values()) == 1 and self.lead in self.parts
        if not fits or any(part <= 0 or (part * NANO) % 1 for part in self.parts.values()):
            raise InputError(
                "the lenders' parts do not add up to 1, or the lead has none",
                where=f"agreement led by {self.lead}",
                remedy="e.g. lead 0.7, partner 0.3; nine decimals at most",
            )


@dataclass(frozen=True)
class Breach:
    """A rule that an agreement or a loan breaks.

    Attributes:
        found: The number found.
        bound: The number that the rule sets.
    """

    rule: Rule
    found: Decimal
    bound: Decimal


def breaches(agreement: Agreement, amount: int, day: date, book: Book) -> tuple[Breach, ...]:
    """The rules that a new loan of `amount` would break; capital that is unknown breaks none.

    Args:
        agreement: Who funds which part.
        amount: Minor units of the whole loan.
        day: On which the rules must be in force.
        book: The rules.
    """
    own = fund(agreement, amount)[agreement.lead]
    found: list[Breach] = []

    def note(identifier: str, value: Decimal | None) -> None:
        rule = book.rule(identifier, day)
        if rule is None or value is None:
            return
        short = identifier.endswith("_min") and value < rule.value
        over = identifier.endswith("_max") and value > rule.value
        if short or over:
            found.append(Breach(rule, value, rule.value))

    note("joint.partner_share_min", min(agreement.parts.values()))
    note(
        "joint.one_partner_max",
        _part(agreement.own_with_partner_minor + own, agreement.tier1_minor),
    )
    note("joint.all_partners_max", _part(agreement.own_with_all_minor + own, agreement.loans_minor))
    return tuple(found)


def _part(amount: int, of: int | None) -> Decimal | None:
    return None if of is None else Decimal(amount) / Decimal(of)


def fund(agreement: Agreement, amount: int) -> dict[str, int]:
    """What each lender funds of a loan: largest remainders, ties to the one named first."""
    weights = [int(part * NANO) for part in agreement.parts.values()]
    return dict(zip(agreement.parts, apportion(amount, weights), strict=True))


def divide(owed: Mapping[str, int], paid: int) -> dict[str, int]:
    """What each lender gets of a payment, in proportion to what it is owed.

    Raises:
        InputError: More is paid than is owed.
    """
    if paid > sum(owed.values()):
        raise InputError(
            f"{paid} is paid where {sum(owed.values())} is owed",
            where="joint loan",
            remedy="keep what is too much for the borrower",
        )
    return dict(zip(owed, apportion(paid, list(owed.values())), strict=True))


def disburse_movements(
    agreement: Agreement, funded: Mapping[str, int], on: date
) -> tuple[Movement, ...]:
    """The lead's movements when the loan is paid out: partners' money comes in, all goes out."""
    made: list[Movement] = []
    for lender, amount in funded.items():
        if not amount:
            continue
        if lender == agreement.lead:
            made.append(
                Movement(
                    "loan_principal", "borrower_deposit", amount, agreement.currency, on, "disburse"
                )
            )
            continue
        memo = f"fund:{lender}"
        made += [
            Movement("cash", "partner_payable", amount, agreement.currency, on, memo),
            Movement("partner_payable", "borrower_deposit", amount, agreement.currency, on, memo),
        ]
    return tuple(made)


def repay_movements(
    agreement: Agreement, divided: Mapping[str, int], role: str, on: date
) -> tuple[Movement, ...]:
    """The lead's movements of a payment that is divided.

    Args:
        agreement: Whose lead these movements are of.
        divided: What each lender gets.
        role: What it pays for in the lead's books: `loan_principal`, `interest_receivable`.
        on: The day.
    """
    made: list[Movement] = []
    for lender, amount in divided.items():
        if not amount:
            continue
        own = lender == agreement.lead
        credit = role if own else "partner_payable"
        memo = "repay" if own else f"repay:{lender}"
        made.append(Movement("borrower_deposit", credit, amount, agreement.currency, on, memo))
        if not own:
            made.append(
                Movement(
                    "partner_payable", "cash", amount, agreement.currency, on, f"pay_over:{lender}"
                )
            )
    return tuple(made)
