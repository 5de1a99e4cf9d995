"""A run as movements for a ledger: the books of the originator, off or on its balance sheet.

Where the pool was derecognised (出表), the originator only collects for the trust and pays over.
Where it was not (不出表), as with revenue rights, the notes are a borrowing: collections are its
own, and what bonds receive is interest and repayment. Which of the two holds is an accounting
judgement (企业会计准则第 23 号), given here and not made here.
"""

from enum import StrEnum

from headrace.contracts.movements import Movement
from headrace.contracts.securitisation.book import Row
from headrace.contracts.securitisation.engine import Run


class Treatment(StrEnum):
    """Whose the pool is."""

    DERECOGNISED = "derecognised"  # 出表
    ON_BALANCE_SHEET = "on_balance_sheet"  # 不出表


_OFF_IN, _OFF_OUT = ("cash", "collections_payable"), ("collections_payable", "cash")

_ON = {
    "pool:interest": ("cash", "interest_income"),
    "pool:principal": ("cash", "loan_principal"),
    "pool:prepayment": ("cash", "loan_principal"),
    "pool:recovery": ("cash", "recovery_income"),
    "pool:sale": ("cash", "loan_principal"),
    "pool:assets": ("loan_principal", "cash"),
    "interest": ("interest_expense", "cash"),
    "principal": ("notes_outstanding", "cash"),
    "residual": ("interest_expense", "cash"),
    "fee": ("fee_expense", "cash"),
}


def movements(run: Run, treatment: Treatment) -> list[Movement]:
    """The movements of a run, in order; money between the trust's own accounts moves nothing.

    Support by a third party is owed to it (`partner_payable`) until it is paid back; so is a
    residual that is paid to a party.
    """
    out = []
    for row in run.rows:
        sides = _sides(row, treatment)
        if sides is not None:
            debit, credit = sides
            memo = f"securitisation_{row.kind}"
            out.append(Movement(debit, credit, row.amount, run.deal.currency, row.on, memo))
    return out


def _sides(row: Row, treatment: Treatment) -> tuple[str, str] | None:
    source, _, _ = row.source.partition(":")
    target, _, rest = row.target.partition(":")
    if source == target == "account":
        return None
    if treatment is Treatment.DERECOGNISED:
        return _OFF_IN if target == "account" else _OFF_OUT
    if source == "party":
        return "cash", "partner_payable"
    if target == "party":
        return "partner_payable", "cash"
    if source == "pool":
        return _ON[row.source]
    if target == "bond":
        return _ON[rest.rpartition(":")[2]]
    return _ON[row.target if target == "pool" else target]
