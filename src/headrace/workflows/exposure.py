"""What firms owe a book already, or may still draw: it is taken off what they may borrow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from headrace.contracts.lending.account import Status
from headrace.contracts.lending.terms import Method
from headrace.workflows.loan import Loan


@dataclass(frozen=True)
class Taken:
    """What a firm has of a book, in minor units.

    Attributes:
        own_minor: Its own exposure.
        group_minor: That of its group, itself included; None: groups were not looked for.
        group: Head of the group; None: it is in none, or groups were not looked for.
        day: The morning the book stood on; None: there was no book.
    """

    own_minor: int = 0
    group_minor: int | None = None
    group: str | None = None
    day: date | None = None


NOTHING = Taken()


def exposure_of(loan: Loan, day: date) -> int:
    """What one loan exposes a book to, minor units.

    Owed principal; the whole limit of a loan that is drawn on any day; what was signed and may
    still be paid out, on `day`, the book's, or later; what was written off and is still claimed.
    """
    account, terms = loan.account, loan.account.terms
    if account.status is Status.AGREED:
        return terms.principal if loan.contract.terms.start >= day else 0
    if account.status is Status.WRITTEN_OFF:
        return account.claim
    if account.status is Status.OPEN and terms.method is Method.ANY_DAY:
        return max(account.principal_owed, terms.limit or 0)
    return account.principal_owed


def exposures(loans: Iterable[Loan], day: date) -> dict[str, int]:
    """Exposure by party; whoever has none is not in it."""
    found: dict[str, int] = {}
    for each in loans:
        amount = exposure_of(each, day)
        if amount:
            found[each.party] = found.get(each.party, 0) + amount
    return found


def taken_by(
    party: str, owed: Mapping[str, int], heads: Mapping[str, str] | None, day: date | None
) -> Taken:
    """What a firm and its group have of a book.

    Args:
        party: The firm.
        owed: Exposure by party.
        heads: Head of the group of each member; None: groups were not looked for.
        day: The morning the book stands on; None: there is no book.
    """
    own = owed.get(party, 0)
    if heads is None:
        return Taken(own, None, None, day)
    head = heads.get(party)
    if head is None:
        return Taken(own, own, None, day)
    group = sum(amount for each, amount in owed.items() if heads.get(each) == head)
    return Taken(own, group, head, day)


def exposed_by(taken: Taken, amount: int) -> dict[str, int]:
    """What firm and group would owe with so much more, as the product's rules name it."""
    found = {"exposure_customer": taken.own_minor + amount}
    if taken.group_minor is not None:
        found["exposure_group"] = taken.group_minor + amount
    return found
