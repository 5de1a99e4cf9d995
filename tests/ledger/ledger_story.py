"""A small lender's quarter on a ledger, told once for several tests."""

from datetime import date

from headrace.ledger import chart
from headrace.ledger.drafting import Accrual, accrue
from headrace.ledger.journal import InMemory, Ledger
from headrace.ledger.transfer import Kind, Transfer

SECOND = 1_000_000
BOOKS = chart.shipped("platform")
CASH = BOOKS.account("cash")
CAPITAL = BOOKS.account("capital")
LOAN = BOOKS.account("loan_principal", contract="C1", party="甲公司")
INTEREST = BOOKS.account("interest_receivable", contract="C1", party="甲公司")
INCOME = BOOKS.account("interest_income")
FEES = BOOKS.account("fee_income")
LOSS = BOOKS.account("credit_loss")
ALLOWANCE = BOOKS.account("loss_allowance")
PLEDGED = BOOKS.account("collateral_held", contract="C1")
MEMORANDUM = BOOKS.account("memorandum")
DOLLARS = BOOKS.account("cash", currency="USD")
DOLLAR_CAPITAL = BOOKS.account("capital", currency="USD")
ACCOUNTS = (
    *(CASH, CAPITAL, LOAN, INTEREST, INCOME, FEES, LOSS, ALLOWANCE, PLEDGED, MEMORANDUM),
    *(DOLLARS, DOLLAR_CAPITAL),
)


def quarter() -> Ledger:
    """Lent 1 January, interest of January and February, half repaid, allowance, dollars, holds."""
    ledger = Ledger(InMemory())
    begin = [
        Transfer("in", CASH.id, CAPITAL.id, 500_000_00, date(2026, 1, 1), memo="pay_in"),
        Transfer("usd", DOLLARS.id, DOLLAR_CAPITAL.id, 7_05, date(2026, 1, 1), "USD"),
        Transfer(
            "lend", LOAN.id, CASH.id, 100_000_00, date(2026, 1, 1), linked=True,
            contract="C1", fact='决策 5 "ok"; | \\', memo="disburse",
        ),
        Transfer("fee", CASH.id, FEES.id, 500_00, date(2026, 1, 1), linked=True, contract="C1"),
        Transfer("pledge", PLEDGED.id, MEMORANDUM.id, 150_000_00, date(2026, 1, 1)),
        Transfer("hold", LOAN.id, CASH.id, 900_00, date(2026, 1, 2), kind=Kind.HOLD),
    ]  # fmt: skip
    assert ledger.commit(1 * SECOND, begin, ACCOUNTS).all_held
    assert ledger.commit(31 * SECOND, accrued(date(2026, 1, 31), 371_03, 0)).all_held
    assert ledger.commit(32 * SECOND, close=date(2026, 1, 31)).batch
    assert ledger.commit(59 * SECOND, accrued(date(2026, 2, 28), 706_19, 371_03)).all_held
    later = [
        Transfer("repay", CASH.id, LOAN.id, 50_000_00, date(2026, 3, 1), contract="C1"),
        Transfer("paid", CASH.id, INTEREST.id, 706_19, date(2026, 3, 1), contract="C1"),
        Transfer("loss", LOSS.id, ALLOWANCE.id, 1_250_00, date(2026, 3, 31)),
        Transfer("void", LOAN.id, CASH.id, None, date(2026, 3, 1), kind=Kind.VOID_HOLD,
                 refers_to="hold"),
    ]  # fmt: skip
    assert ledger.commit(90 * SECOND, later).all_held
    return ledger


def accrued(on: date, earned: int, posted: int) -> tuple[Transfer, ...]:
    """Interest of the one loan."""
    return accrue([Accrual("C1", INTEREST.id, INCOME.id, earned, posted)], on, "accrue_interest")
