"""What a book of loans is made from: an append-only log of what was signed, done, and closed.

The log is the truth. Accounts, movements, classes and allowances are what `headrace.workflows
.loan_book` makes of it, entry after entry, and makes again the same after a crash.
"""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Protocol

import msgspec

from headrace.contracts.lending import events
from headrace.contracts.lending.events import Event
from headrace.contracts.movements import Movement
from headrace.errors import InputError
from headrace.workflows.contracts import Contract

EVENTS: dict[str, type] = {each.__name__.lower(): each for each in events.ORDER}
"""Word to event: `repay` is `Repay`."""
WORDS = {kind: word for word, kind in EVENTS.items()}


@dataclass(frozen=True)
class Funded:
    """Owners put money into the book, minor units."""

    on: date
    amount: int
    currency: str


@dataclass(frozen=True)
class Signed:
    """A contract comes into the book."""

    contract: Contract


@dataclass(frozen=True)
class Happened:
    """Something happened to a contract, on the day that the event says."""

    contract: str
    event: Event


@dataclass(frozen=True)
class Approved:
    """Somebody approved a better class: the loan is not impaired, and may rise once it is earned.

    Attributes:
        contract: Whose.
        on: The day.
        grade: Of the five classes, in lower case: `normal`.
        by: Who.
    """

    contract: str
    on: date
    grade: str
    by: str


@dataclass(frozen=True)
class Moved:
    """What another part moved: collateral, a pool that shares risk, a trade.

    Attributes:
        on: The day all of it counts for.
        part: Which one, such as `collateral`.
        contract: Whose accounts it moves: no loan of the book.
        party: Of the contract; empty where nobody.
        movements: All or nothing, in their order.
    """

    on: date
    part: str
    contract: str
    party: str
    movements: tuple[Movement, ...]


@dataclass(frozen=True)
class DayEnded:
    """Nothing more is expected of a day; what comes later for it is late."""

    day: date


Entry = Funded | Signed | Happened | Approved | Moved | DayEnded
_FUNDED, _SIGNED, _APPROVED, _DAY_ENDED = "funded", "signed", "approved", "day_ended"
_MOVED = "moved"


@dataclass(frozen=True)
class Logged:
    """An entry as it is kept.

    Attributes:
        number: From 1, without gaps.
        id: Idempotency key: the same id with the same content is logged once.
        known_at: Microseconds since 1970, UTC.
        contract: Which contract it is about; empty where it is about the day.
        kind: `funded`, `signed`, `approved`, `moved`, `day_ended`, or the word of an event.
        on: The day it counts for.
        content: Canonical JSON.
    """

    number: int
    id: str
    known_at: int
    contract: str
    kind: str
    on: date
    content: bytes

    @property
    def entry(self) -> Entry:
        """What it says.

        Raises:
            InputError: It is none that this version writes.
        """
        try:
            if self.kind == _FUNDED:
                return msgspec.json.decode(self.content, type=Funded)
            if self.kind == _SIGNED:
                return Signed(msgspec.json.decode(self.content, type=Contract))
            if self.kind == _APPROVED:
                return msgspec.json.decode(self.content, type=Approved)
            if self.kind == _MOVED:
                return msgspec.json.decode(self.content, type=Moved)
            if self.kind == _DAY_ENDED:
                return DayEnded(self.on)
            return Happened(self.contract, decoded(self.kind, self.content))
        except (msgspec.MsgspecError, KeyError) as error:
            raise InputError(
                f"The entry cannot be read: {error}",
                where=f"loan log, entry {self.number}",
                remedy="Restore the log from a copy",
            ) from error


def logged(number: int, key: str, known_at: int, entry: Entry) -> Logged:
    """An entry as it is kept, under a number and an idempotency key."""
    if isinstance(entry, Signed):
        signed = entry.contract
        content = msgspec.json.encode(signed, order="sorted")
        return Logged(number, key, known_at, signed.contract, _SIGNED, signed.terms.start, content)
    if isinstance(entry, Funded):
        content = msgspec.json.encode(entry, order="sorted")
        return Logged(number, key, known_at, "", _FUNDED, entry.on, content)
    if isinstance(entry, Approved):
        content = msgspec.json.encode(entry, order="sorted")
        return Logged(number, key, known_at, entry.contract, _APPROVED, entry.on, content)
    if isinstance(entry, Moved):
        content = msgspec.json.encode(entry, order="sorted")
        return Logged(number, key, known_at, entry.contract, _MOVED, entry.on, content)
    if isinstance(entry, DayEnded):
        return Logged(number, key, known_at, "", _DAY_ENDED, entry.day, b"{}")
    content = msgspec.json.encode(entry.event, order="sorted")
    word = WORDS[type(entry.event)]
    return Logged(number, key, known_at, entry.contract, word, entry.event.on, content)


def decoded(word: str, content: bytes) -> Event:
    """The event of a word from its JSON.

    Raises:
        KeyError: There is no such event.
        msgspec.MsgspecError: The content is not that of such an event.
    """
    event: Event = msgspec.json.decode(content, type=EVENTS[word])
    return event


def event_of(word: str, given: dict[str, Any]) -> Event:
    """An event from its word and its fields as text or numbers, as a command line has them.

    Raises:
        InputError: Naming the field, and what would be right.
    """
    if word not in EVENTS:
        raise InputError(
            f"{word!r} is no event of a loan", where="event", remedy=f"One of {', '.join(EVENTS)}"
        )
    try:
        event: Event = msgspec.convert(given, EVENTS[word], strict=False)
    except msgspec.ValidationError as error:
        wanted = ", ".join(each.name for each in fields(EVENTS[word]))
        raise InputError(str(error), where=word, remedy=f"Its fields are {wanted}") from error
    return event


class LoanLog(Protocol):
    """Where the entries are kept."""

    def entries(self, after: int = 0) -> list[Logged]:
        """The entries behind a number, in order.

        Raises:
            HeadraceError: They cannot be read.
        """
        ...

    def append(self, entries: list[Logged]) -> bool:
        """Keep entries: all of them, durably, or none; False where others wrote in between.

        Raises:
            HeadraceError: They could not be written, or nobody knows whether they were.
        """
        ...
