"""The contract of an approved application: asked for by one person, signed by another.

It is checked when somebody asks for it, and again when somebody else approves: that the offer still
stands, that the firm has not drawn elsewhere meanwhile, and that product and rules let it be.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import msgspec

from headrace.adapters.stores.application import Kept
from headrace.adapters.stores.payout import Asked, Payout
from headrace.clock import local_day
from headrace.contracts.products.rules import Severity
from headrace.decisions.lending.decision import Outcome, from_json
from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json, parse_object
from headrace.facts.localtime import instant_of
from headrace.web.services import Services
from headrace.workflows.apply import taken_in
from headrace.workflows.contract_check import check_contracts
from headrace.workflows.contracts import Contract, contract_of, scheduled
from headrace.workflows.exposure import exposed_by

SIGNED = "signed"
"""The event of a payout that is a contract to be signed."""
AHEAD_MAX = timedelta(days=366)


@dataclass(frozen=True)
class Wish:
    """What is to be signed.

    Attributes:
        amount: Minor units; None: all that was approved.
        start: On which it is paid out; None: the book's day.
        key: The asker's own name for it.
    """

    amount: int | None
    start: date | None
    key: str


def ask(services: Services, kept: Kept, wish: Wish, by: str) -> Payout:
    """Ask for the contract of an application; another person signs it.

    Raises:
        InputError: There is no offer, or it cannot be signed so.
        StateError: It was asked for already.
    """
    offer = _offer(services, kept)
    with services.book.inside() as here:
        day = here.desk.book.day
        assert day is not None  # noqa: S101 - a book in the room has one
    start = wish.start or day
    if not day <= start <= day + AHEAD_MAX:
        raise InputError(
            f"the book stands on the morning of {day}",
            where="start",
            remedy=f"give that day, or one in the {AHEAD_MAX.days} days after it",
        )
    most = int(offer["decision"]["limit_minor"])
    amount = most if wish.amount is None else wish.amount
    if not 0 < amount <= most:
        raise InputError(
            f"{most} minor units were approved", where="amount", remedy="so much, or less"
        )
    contract = _contract(services, offer, amount, start)
    check(services, contract)
    what = Asked(
        contract.contract,
        contract.party,
        SIGNED,
        msgspec.json.encode(contract, order="sorted").decode(),
        amount,
        contract.terms.currency,
        wish.key,
    )
    return services.payouts.ask(what, by, services.now())


def contract_in(what: Asked) -> Contract:
    """The contract that somebody asked to be signed."""
    return msgspec.json.decode(what.content, type=Contract)


def check(services: Services, contract: Contract) -> None:
    """Look whether a contract can be signed now.

    Raises:
        InputError: It cannot, and why.
    """
    kept = services.apply.store.one(contract.decision_id)
    if kept is None:
        raise InputError("there is no such application", where=contract.decision_id)
    offer, terms = _offer(services, kept), contract.terms
    with services.book.inside() as here:
        day = here.desk.book.day
        if contract.contract in here.desk.book.loans:
            raise InputError("the contract is in the book already", where=contract.contract)
    assert day is not None  # noqa: S101 - a book in the room has one
    if terms.start < day:
        raise InputError(
            f"the contract starts on {terms.start}, and the book stands on the morning of {day}",
            where="start",
            remedy="reject it, and have it asked for again",
        )
    now = services.apply.owed.taken(contract.party)
    since = max(0, now.own_minor - taken_in(offer).own_minor)
    left = int(offer["decision"]["limit_minor"]) - since
    if terms.principal > left:
        raise InputError(
            f"the firm has taken {since} minor units more since it was decided, and "
            f"{max(left, 0)} are left of the offer",
            where="amount",
            remedy="decide anew: what it owes is taken off",
        )
    policy, purpose = services.apply.standing().policy, offer["application"]["purpose"]
    exposed = exposed_by(now, terms.principal)
    checked = check_contracts(scheduled((contract,)), policy.standard, purpose, exposed)
    if checked.refused:
        row = checked.findings.to_pylist()[0]
        assert row["severity"] == Severity.REFUSE.value  # noqa: S101 - refusals come first
        raise InputError(f"the product refuses it: {row['en']}", where=row["field"])


def _offer(services: Services, kept: Kept) -> dict[str, Any]:
    """The record of an application whose offer stands.

    Raises:
        InputError: It was not approved, or the offer has lapsed.
    """
    document = parse_object(kept.record.encode()) or {}
    if kept.outcome != Outcome.APPROVE.value:
        raise InputError(
            "nothing was approved", where=kept.id, remedy="Only an approved application is signed"
        )
    today = local_day(instant_of(services.now()), str(services.zone))
    if kept.valid_until < today.isoformat():
        raise InputError(
            f"the offer stood until {kept.valid_until}", where=kept.id, remedy="decide anew"
        )
    return document


def _contract(services: Services, offer: dict[str, Any], amount: int, start: date) -> Contract:
    """What is to be signed, by the standard terms that the offer was made with.

    Raises:
        InputError: The standard terms are others now.
    """
    policy = services.apply.standing().policy
    terms, standard = offer["terms"], policy.standard
    if (terms["product"], terms["method"]) != (standard.product, standard.method.value):
        raise InputError(
            "the offer was made with other standard terms than those in force",
            where=offer["decision_id"],
            remedy="decide anew",
        )
    decision = replace(from_json(canonical_json(offer["decision"])), limit_minor=amount)
    return contract_of(decision, standard, float(policy.economics.lgd), start)
