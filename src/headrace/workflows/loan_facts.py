"""What a book of loans adds to what is known: its loans are facts again (贷款即事实).

`loan_event` says what happened and where the loan stood; `exposure` what can be lost on it, a new
version whenever the principal owed changes, so that groups and limits see the book.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from headrace.facts.kinds import EXPOSURE, LOAN_EVENT
from headrace.facts.schema import FactSchema
from headrace.workflows.loan import Loan
from headrace.workflows.loan_book import LoanBook
from headrace.workflows.loan_log import Approved, Happened, Logged, Signed
from headrace.workflows.ports import FactTables

SOURCE = "loan_book"
PURPOSE, CONSENT = "credit", "contract"


@dataclass(frozen=True)
class WithBook:
    """Stored facts, with what a book of loans adds to them; see `FactTables`."""

    facts: FactTables
    book: FactTables

    def read(self, kind: str) -> pa.Table:
        """All facts of a kind: those stored, then those of the book."""
        stored = self.facts.read(kind)
        if kind not in (LOAN_EVENT.kind, EXPOSURE.kind):
            return stored
        return pa.concat_tables([stored, self.book.read(kind)]).unify_dictionaries()


def loan_facts(entries: Iterable[Logged], zone: str) -> dict[str, pa.Table]:
    """The facts of a log by kind: `loan_event`, `exposure`, in their stored schemas.

    Args:
        entries: The log from its first entry.
        zone: Whose days count, such as `Asia/Shanghai`.
    """
    book, owed = LoanBook(), dict[str, int]()
    told: dict[str, list[dict[str, Any]]] = {LOAN_EVENT.kind: [], EXPOSURE.kind: []}
    for logged in entries:
        before = {name: each.grade for name, each in book.loans.items()}
        book.take(logged)
        entry = logged.entry
        times = _times(logged, zone)
        if isinstance(entry, Signed | Happened | Approved):
            loan = book.loans[logged.contract]
            amount = None
            if isinstance(entry, Happened):
                amount = getattr(entry.event, "amount", None)
            told[LOAN_EVENT.kind].append(times | _event(loan, logged.kind, amount))
            changed = [loan]
        else:
            changed = [each for name, each in book.loans.items() if before.get(name) != each.grade]
            told[LOAN_EVENT.kind] += [times | _event(each, "classified", None) for each in changed]
            # what falls due that night may be paid from a deposit, and nobody records it
            changed = list(book.loans.values())
            times["event_time"] = _morning(logged.on + timedelta(1), zone)
        for loan in changed:
            name, now = loan.contract.contract, loan.account.principal_owed
            if owed.get(name, 0) != now:
                owed[name] = now
                told[EXPOSURE.kind].append(times | _exposure(loan, now))
    return {
        kind: _table(schema, told[kind])
        for kind, schema in ((LOAN_EVENT.kind, LOAN_EVENT), (EXPOSURE.kind, EXPOSURE))
    }


def _times(logged: Logged, zone: str) -> dict[str, Any]:
    known = datetime.fromtimestamp(logged.known_at / 1e6, UTC)
    return {"event_time": _morning(logged.on, zone), "known_time": known}


def _morning(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _event(loan: Loan, act: str, amount: int | None) -> dict[str, Any]:
    return {
        "party": loan.party,
        "contract": loan.contract.contract,
        "act": act,
        "amount_minor": amount,
        "currency": loan.contract.terms.currency,
        "principal_minor": loan.account.principal_owed,
        "overdue_days": loan.account.overdue_days,
        "grade": loan.grade.name.lower(),
    }


def _exposure(loan: Loan, amount: int) -> dict[str, Any]:
    return {
        "party": loan.party,
        "product": loan.contract.product,
        "amount_minor": amount,
        "currency": loan.contract.terms.currency,
        "statement": loan.contract.contract,
        "status": None if amount else "withdrawn",
    }


def _table(schema: FactSchema, rows: list[dict[str, Any]]) -> pa.Table:
    given = [
        {
            "id": f"{SOURCE}#{number}",
            "source": SOURCE,
            "row": number,
            "purpose": PURPOSE,
            "consent": CONSENT,
            **row,
        }
        for number, row in enumerate(rows, 1)
    ]
    columns = [
        pa.array([row.get(each.name) for row in given], each.type.value_type).dictionary_encode()
        if pa.types.is_dictionary(each.type)
        else pa.array([row.get(each.name) for row in given], each.type)
        for each in schema.arrow
    ]
    return pa.Table.from_arrays(
        [c.cast(f.type) for c, f in zip(columns, schema.arrow, strict=True)], schema=schema.arrow
    )
