"""What people ask of a book of loans: its loans, its money by month, and how it did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from headrace.contracts.classification.tables import Grade
from headrace.contracts.conventions.china import CHINA
from headrace.contracts.lending.events import Disburse
from headrace.contracts.lending.loans import loans_of
from headrace.contracts.lending.schedule import schedules
from headrace.errors import InputError
from headrace.ledger.asof import statement
from headrace.workflows.contracts import Contract, cash_flow
from headrace.workflows.loan import Loan
from headrace.workflows.loan_book import LoanBook
from headrace.workflows.loan_desk import LoanDesk

LOANS = pa.schema(
    [
        ("contract", pa.string()),
        ("party", pa.string()),
        ("status", pa.string()),
        ("grade", pa.string()),
        ("currency", pa.string()),
        ("principal_minor", pa.int64()),
        ("owed_minor", pa.int64()),
        ("due_minor", pa.int64()),
        ("overdue_days", pa.int64()),
        ("accrued_minor", pa.int64()),
        ("allowance_minor", pa.int64()),
        ("claim_minor", pa.int64()),
        ("suspended_minor", pa.int64()),
        ("rate", pa.decimal128(12, 10)),
        ("start", pa.date32()),
        ("next_due", pa.date32()),
    ]
)
"""One row a loan: principal as agreed and owed, what is due now, interest not yet due.

`suspended_minor` is interest, penalty and compound interest that is owed and kept off income.
"""

FLOWS: Mapping[str, str] = {
    "fund": "funded",
    "disburse": "disbursed",
    "repay_principal": "principal",
    "prepay_principal": "principal",
    "repay_interest": "interest",
    "repay_penalty": "penalty",
    "repay_compound": "penalty",
    "repay_fee": "fees",
    "prepayment_fee": "fees",
    "recover": "recovered",
    "keep_deposit": "deposits",
}
"""What a movement of cash is for, by its memo; `reverse_` before it takes back."""
COLUMNS = (
    "funded",
    "disbursed",
    "principal",
    "interest",
    "penalty",
    "fees",
    "recovered",
    "deposits",
)
FAR = date(9999, 12, 31)


@dataclass(frozen=True)
class Outcome:
    """How a book did, beside what was expected of it. Money in minor units.

    Attributes:
        day: The morning it stands on.
        offered: Contracts signed.
        drawn: Of them, paid out.
        lent: Principal paid out.
        rate: Mean of a year, weighted by that; None where nothing was lent.
        received: Interest, penalty and fees paid.
        owed: Principal still owed.
        overdue: Of it, of loans with something overdue.
        bad: Of it, of loans in the three lower classes.
        suspended: Interest, penalty and compound interest owed and kept off income.
        written_off: Claims written off.
        recovered: Of them.
        lost: Principal not coming back: written off less recovered, and allowances of the rest.
        by_status: Loans by status.
        by_grade: Loans still owed by class.
        expected_drawn: Principal expected to be drawn.
        expected_lost: Expected to be lost of it over the term.
    """

    day: date
    offered: int
    drawn: int
    lent: int
    rate: float | None
    received: int
    owed: int
    overdue: int
    bad: int
    suspended: int
    written_off: int
    recovered: int
    lost: int
    by_status: Mapping[str, int]
    by_grade: Mapping[str, int]
    expected_drawn: int
    expected_lost: int


def loan_table(loans: Sequence[Loan]) -> pa.Table:
    """Loans in `LOANS`, in their order."""
    rows = [_row(each) for each in loans]
    return pa.Table.from_pylist(rows, LOANS)


def _row(loan: Loan) -> dict[str, object]:
    account, terms = loan.account, loan.contract.terms
    return {
        "contract": loan.contract.contract,
        "party": loan.party,
        "status": account.status.value,
        "grade": loan.grade.name.lower(),
        "currency": terms.currency,
        "principal_minor": terms.principal,
        "owed_minor": account.principal_owed,
        "due_minor": sum(due.total for due in account.dues),
        "overdue_days": account.overdue_days,
        "accrued_minor": account.interest_accrued,
        "allowance_minor": loan.allowance,
        "claim_minor": account.claim,
        "suspended_minor": account.interest_suspended,
        "rate": terms.rate,
        "start": terms.start,
        "next_due": account.plan[0].pay_on if account.plan else None,
    }


def currency_of(book: LoanBook) -> str:
    """The one currency of a book's contracts; CNY where there is no contract.

    Raises:
        InputError: There are several: their amounts cannot be added.
    """
    found = sorted({each.contract.terms.currency for each in book.loans.values()})
    if len(found) > 1:
        raise InputError(
            "the contracts are in several currencies, and figures of a book are of one",
            where=", ".join(found),
            remedy="keep a book for each",
        )
    return found[0] if found else "CNY"


def cash_by_month(desk: LoanDesk) -> pa.Table:
    """What came in and went out (negative) by month: `month`, `COLUMNS`, `other`, `balance`.

    Raises:
        InputError: The book's contracts are in several currencies.
    """
    account = desk.account_of("cash", currency_of(desk.book))
    lines = statement(desk.ledger, account, date.min, FAR).lines
    months: dict[date, dict[str, int]] = {}
    for line in lines.select(["on", "debit", "credit", "memo"]).to_pylist():
        row = months.setdefault(line["on"].replace(day=1), dict.fromkeys((*COLUMNS, "other"), 0))
        memo = line["memo"].removeprefix("reverse_")
        row[FLOWS.get(memo, "other")] += (line["debit"] or 0) - (line["credit"] or 0)
    balance, rows = 0, []
    for month, row in sorted(months.items()):
        balance += sum(row.values())
        rows.append({"month": month, **row, "balance": balance})
    names = ("month", *COLUMNS, "other", "balance")
    kinds = [pa.date32(), *[pa.int64()] * (len(names) - 1)]
    return pa.Table.from_pylist(rows, pa.schema(list(zip(names, kinds, strict=True))))


def promised(contracts: Sequence[Contract]) -> pa.Table:
    """The cash flow that the contracts of a book promise and that is expected of them."""
    return cash_flow(contracts, schedules(loans_of([each.terms for each in contracts]), CHINA))


def outcome(desk: LoanDesk) -> Outcome:
    """How a book did, beside what was expected of it.

    Raises:
        InputError: Its contracts are in several currencies.
    """
    book = desk.book
    loans = list(book.loans.values())
    drawn = [each for each in loans if any(isinstance(one, Disburse) for one in each.events)]
    lent = sum(each.contract.terms.principal for each in drawn)
    weighted = sum(each.contract.terms.principal * each.contract.terms.rate for each in drawn)
    live = [each for each in drawn if each.is_live]
    months = cash_by_month(desk).to_pydict()
    totals = {name: sum(months[name]) for name in COLUMNS}
    claims = desk.debited("written_off")
    expected = np.array([each.contract.terms.principal * each.contract.take_up for each in loans])
    default = np.array([each.contract.probability for each in loans])
    lost = np.array([each.contract.lgd for each in loans])
    return Outcome(
        day=book.day or date.min,
        offered=len(loans),
        drawn=len(drawn),
        lent=lent,
        rate=float(weighted / lent) if lent else None,
        received=totals["interest"] + totals["penalty"] + totals["fees"],
        owed=sum(each.account.principal_owed for each in live),
        overdue=sum(each.account.principal_owed for each in live if each.account.overdue_days),
        bad=sum(each.account.principal_owed for each in live if each.grade >= Grade.SUBSTANDARD),
        suspended=sum(each.account.interest_suspended for each in live),
        written_off=claims,
        recovered=totals["recovered"],
        lost=claims - totals["recovered"] + sum(each.allowance for each in live),
        by_status=_counted([each.account.status.value for each in loans]),
        by_grade=_counted([each.grade.name.lower() for each in live]),
        expected_drawn=round(float(expected.sum())),
        expected_lost=round(float((expected * default * lost).sum())),
    )


def _counted(words: Sequence[str]) -> dict[str, int]:
    return {word: words.count(word) for word in dict.fromkeys(words)}
