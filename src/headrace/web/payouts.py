"""What people do to loans: acts of one person, and payouts that a second person approves.

A contract to be signed is approved as a payout is, and kept among them.
"""

import msgspec

from headrace.adapters.loan_books import OpenBook
from headrace.adapters.stores.application import Kept
from headrace.adapters.stores.payout import Asked, Payout, State
from headrace.contracts.lending.events import REFUSAL_WORDS, Refusal
from headrace.errors import HeadraceError, InputError
from headrace.web import signing
from headrace.web.services import Services
from headrace.web.signing import SIGNED, Wish, contract_in
from headrace.workflows.loan_desk import Recorded
from headrace.workflows.loan_log import WORDS, Entry, Funded, Happened, Signed, decoded
from headrace.workflows.loan_requests import (
    ALONE,
    TOGETHER,
    Given,
    amount_of,
    check_start,
    event_for,
)

NOTE_MAX, KEY_MAX = 300, 100


class RefusedError(HeadraceError):
    """The book refuses an act, as things are; `why` says so in both languages."""

    def __init__(self, refusal: Refusal, contract: str) -> None:
        """Tell which requirement would be broken."""
        zh, en = REFUSAL_WORDS[refusal]
        super().__init__(en, where=contract, remedy=zh)
        self.refusal = refusal


def act(services: Services, contract: str, given: Given, key: str) -> Recorded:
    """Record an act of one person.

    Args:
        services: Of the app.
        contract: Whose.
        given: What was filled in.
        key: Makes it idempotent, such as the bank's reference.

    Raises:
        InputError: Something that was filled in does not fit.
        RefusedError: The loan is not in a state for it.
    """
    if given.act in TOGETHER:
        raise InputError(
            "This needs a second person", where="act", remedy="ask for it, and have it approved"
        )
    check_key(key)
    with services.book.inside() as here:
        day = here.desk.book.day
        assert day is not None  # noqa: S101 - a book in the room has one
        event = event_for(here.desk.book.loan(contract), given, day)
        entry = Happened(contract, event)
        found = services.book.record(f"console {key}", entry, services.now())
    if found.refusal is not None:
        raise RefusedError(found.refusal, contract)
    return found


def ask(services: Services, contract: str, given: Given, key: str, by: str) -> Payout:
    """Ask for a payout, or another act that needs a second person.

    Raises:
        InputError: Something that was filled in does not fit.
        RefusedError: The loan is not in a state for it.
        StateError: One is open already.
    """
    if given.act in ALONE:
        raise InputError(
            "This needs no second person", where="act", remedy="record it: POST …/acts"
        )
    check_key(key)
    with services.book.inside() as here:
        day = here.desk.book.day
        assert day is not None  # noqa: S101 - a book in the room has one
        loan = here.desk.book.loan(contract)
        event = event_for(loan, given, day)
        refusal = here.desk.book.refusal(Happened(contract, event))
    if refusal is not None:
        raise RefusedError(refusal, contract)
    what = Asked(
        contract,
        loan.party,
        WORDS[type(event)],
        msgspec.json.encode(event, order="sorted").decode(),
        amount_of(loan, event),
        loan.contract.terms.currency,
        key,
    )
    return services.payouts.ask(what, by, services.now())


def ask_contract(services: Services, kept: Kept, wish: Wish, by: str) -> Payout:
    """Ask for the contract of an approved application, which a second person signs.

    Raises:
        InputError: Something that was filled in does not fit, or the offer does not stand.
        StateError: It is asked for already.
    """
    check_key(wish.key)
    return signing.ask(services, kept, wish, by)


def approve(services: Services, number: int, by: str) -> Payout:
    """Let it happen, as a second person; what was cut off on the way is carried on.

    Raises:
        InputError: Whoever asked approves, or there is no such payout; or it cannot be any more.
        RefusedError: The book refuses it now; it is back to be decided.
        StateError: It was decided already.
    """
    store = services.payouts
    payout = store.claim(number, by, services.now())
    try:
        with services.book.inside() as here:
            if payout.id not in here.desk.book.ids:
                _check(services, here, payout)
            found = services.book.record(payout.id, _entry(payout.what), services.now())
            _fund(services, payout)
    except HeadraceError as error:
        with services.book.inside() as here:  # what nobody knows of stays claimed
            if payout.id not in here.desk.book.ids:
                store.end(number, State.ASKED, _note(str(error)))
        raise
    if found.refusal is not None:
        refused = RefusedError(found.refusal, payout.what.contract)
        store.end(number, State.ASKED, _note(str(refused)))
        raise refused
    ended = store.end(number, State.DONE)
    services.hooks.tell("payout.approved", {"payout": number, "contract": payout.what.contract})
    return ended


def _entry(what: Asked) -> Entry:
    """What is recorded of a payout that is approved."""
    if what.event == SIGNED:
        return Signed(contract_in(what))
    return Happened(what.contract, decoded(what.event, what.content.encode()))


def _check(services: Services, here: OpenBook, payout: Payout) -> None:
    """Look whether it can be as it was asked for.

    Raises:
        InputError: Days have ended since, or much has changed otherwise.
    """
    what = payout.what
    if what.event == SIGNED:
        signing.check(services, contract_in(what))
        return
    event, day = decoded(what.event, what.content.encode()), here.desk.book.day
    if event.on != day:
        raise InputError(
            f"it was asked for {event.on}, and the book stands on the morning of {day}",
            where=payout.id,
            remedy="reject it, and have it asked for again",
        )
    if what.event == "disburse":
        check_start(here.desk.book.loan(what.contract), event.on)


def _fund(services: Services, payout: Payout) -> None:
    """Put in the money for a contract that was signed, once, as a batch of contracts has it."""
    key = f"{payout.id} fund"
    with services.book.inside() as here:
        book = here.desk.book
        if payout.what.event == SIGNED and payout.id in book.ids and key not in book.ids:
            assert book.day is not None  # noqa: S101 - it holds a contract
            entry = Funded(book.day, payout.what.amount, payout.what.currency)
            services.book.record(key, entry, services.now())


def reject(services: Services, number: int, by: str, note: str) -> Payout:
    """Say no, and why.

    Raises:
        InputError: No reason is given, or whoever asked rejects.
        StateError: It was decided already.
    """
    if not note.strip():
        raise InputError("a reason is needed", where="note", remedy="say why in a few words")
    return services.payouts.reject(number, by, services.now(), _note(note))


def _note(text: str) -> str:
    return text.strip().encode("utf-8", "replace").decode().replace("\0", "?")[:NOTE_MAX]


def check_key(key: str) -> None:
    """Refuse a key that could not be written down.

    Raises:
        InputError: It is empty, too long, or not printable.
    """
    if not (key and key.isprintable() and len(key) <= KEY_MAX):
        raise InputError(
            "the key does not fit",
            where="key",
            remedy=f"1 to {KEY_MAX} letters, such as the bank's reference",
        )
