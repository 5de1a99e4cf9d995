"""How a book of loans stands, in bytes: what its log made of it, to be taken up again later.

The log stays the truth. What was kept is taken up only where it was made of the very entries that
the log begins with; days that ended since are done on top of it. Amounts that accrue are exact and
may be longer than 64 bits, so it is JSON, whose numbers have no end.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Protocol, get_type_hints

import msgspec

from headrace.contracts.lending.account import Account
from headrace.workflows.contracts import Contract
from headrace.workflows.loan import Loan, agreement_of
from headrace.workflows.loan_book import LoanBook, Told, told
from headrace.workflows.loan_log import WORDS, Logged, decoded

AGREED = ("order", "calendar")
"""Fields of an account that its agreement gives."""
_HINTS = get_type_hints(Account)
_Account = msgspec.defstruct(
    "_Account",
    [(each.name, _HINTS[each.name]) for each in fields(Account) if each.name not in AGREED],
    frozen=True,
)
_HELD_APART = ("contract", "account", "events", "mornings")
_LOAN_HINTS = get_type_hints(Loan)
_Rest = msgspec.defstruct(
    "_Rest",
    [(each.name, _LOAN_HINTS[each.name]) for each in fields(Loan) if each.name not in _HELD_APART],
    frozen=True,
)


class _Loan(msgspec.Struct, frozen=True):
    contract: Contract
    account: _Account  # type: ignore[valid-type]  # made of the fields of Account
    events: tuple[tuple[str, str], ...]  # word and JSON, as the log has them
    mornings: tuple[int, ...]  # proleptic ordinals
    rest: _Rest  # type: ignore[valid-type]  # made of the fields of Loan


class _Kept(msgspec.Struct, frozen=True):
    log: str
    number: int
    day: date | None
    cash: int
    postings: int
    held: dict[str, int]
    others: dict[str, str]
    loans: tuple[_Loan, ...]


@dataclass(frozen=True)
class Standing:
    """A book and what a desk knows beside it.

    Attributes:
        book: The state.
        cash: In the book, minor units.
        held: Balances of accounts of other parts, by id.
        postings: Made by all entries so far.
    """

    book: LoanBook
    cash: int
    held: Counter[str]
    postings: int


class Shelf(Protocol):
    """Where one standing is kept; losing it costs time only."""

    def read(self) -> bytes | None:
        """What was kept by this version of the code; None where nothing was."""
        ...

    def write(self, content: bytes) -> None:
        """Keep it in place of what was kept before."""
        ...


def written(standing: Standing) -> bytes:
    """A standing as bytes."""
    book = standing.book
    kept = {
        "log": _digest(book.ids),
        "number": book.number,
        "day": book.day,
        "cash": standing.cash,
        "postings": standing.postings,
        "held": dict(standing.held),
        "others": book.others,
        "loans": [_plain(each) for each in book.loans.values()],
    }
    return json.dumps(msgspec.to_builtins(kept), separators=(",", ":")).encode()


def taken_up(content: bytes, entries: Sequence[Logged]) -> Standing | None:
    """The standing that was written; None where it was not made of the first of these entries.

    Args:
        content: As `written` gave it, by the same version of the code.
        entries: All of the log.
    """
    kept = msgspec.convert(json.loads(content), _Kept)
    first = entries[: kept.number]
    ids = {each.id: told(each) for each in first}
    if len(first) != kept.number or _digest(ids) != kept.log:
        return None
    loans = {each.contract.contract: _loan(each) for each in kept.loans}
    book = LoanBook.standing(kept.day, loans, kept.others, ids)
    return Standing(book, kept.cash, Counter(kept.held), kept.postings)


def _digest(ids: Mapping[str, Told]) -> str:
    """SHA-256 over all entries, in their order."""
    found = hashlib.sha256()
    for name, (contract, kind, on, content) in ids.items():
        for part in (name.encode(), contract.encode(), kind.encode(), str(on).encode(), content):
            found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()


def _plain(loan: Loan) -> dict[str, Any]:
    account = {name: getattr(loan.account, name) for name in _Account.__struct_fields__}
    events = [
        (WORDS[type(each)], msgspec.json.encode(each, order="sorted").decode())
        for each in loan.events
    ]
    return {
        "contract": loan.contract,
        "account": account,
        "events": events,
        "mornings": [each.toordinal() for each in loan.mornings],
        "rest": {name: getattr(loan, name) for name in _Rest.__struct_fields__},
    }


def _loan(kept: _Loan) -> Loan:
    agreement = agreement_of(kept.contract.terms)
    account = Account(
        order=agreement.order,
        calendar=agreement.calendar,
        **{name: getattr(kept.account, name) for name in _Account.__struct_fields__},
    )
    return Loan(
        contract=kept.contract,
        account=account,
        events=tuple(decoded(word, content.encode()) for word, content in kept.events),
        mornings=tuple(map(date.fromordinal, kept.mornings)),
        **{name: getattr(kept.rest, name) for name in _Rest.__struct_fields__},
    )
