"""Five classes and allowances of a book of loans, at the end of each month (五级分类与拨备).

Debtors are looked at as a whole, and nothing rises by itself: somebody approves it, who thereby
says that the loan is not impaired, and out of bad it is earned by paying in time. See
`headrace.contracts.classification`. A book of a year before the rules began is judged by the rules
of their first day; there is no older text in the tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.contracts.classification.claims import NOTHING, claims_of
from headrace.contracts.classification.grading import classify, observation_end
from headrace.contracts.classification.impairment import provisions
from headrace.contracts.classification.tables import Grade, Reason, shipped_tables
from headrace.contracts.conventions.calendars import date_of, day_number
from headrace.contracts.lending.account import Movements, Status
from headrace.contracts.movements import Movement
from headrace.workflows.loan import Loan

RULES_FROM = date(2023, 7, 1)  # 商业银行金融资产风险分类办法


def graded(loans: Mapping[str, Loan], on: date) -> list[tuple[Loan, Movements]]:
    """Loans whose class or allowance changes on a day, and what to post for each.

    Args:
        loans: The book, by contract, on the morning after.
        on: The day; postings count for it.
    """
    tables, since = shipped_tables(), max(on, RULES_FROM)
    open_now = [each for each in loans.values() if each.account.status is Status.OPEN]
    number = {party: k for k, party in enumerate(sorted({each.party for each in open_now}))}
    claims = claims_of(
        len(number),
        debtor=np.array([number[each.party] for each in open_now], np.int32),
        amount=np.array([each.account.principal_owed for each in open_now], np.int64),
        days_past_due=np.array([each.account.overdue_days for each in open_now], np.int32),
        previous=np.array([each.grade for each in open_now], np.int8),
        proposed=_coded([each.proposed for each in open_now], np.int8),
        impaired=_coded([None if each.proposed is None else 0 for each in open_now], np.int8),
        cured_since=_coded([_day(each.clean_since) for each in open_now], np.int32),
        periods_paid=np.array([each.periods_paid for each in open_now], np.int32),
        observed_until=_coded([_day(each.observed_until) for each in open_now], np.int32),
        restructured=np.array([each.restructured for each in open_now], np.int8),
    )
    grades = classify(claims, tables, since)
    wanted = provisions(claims, grades, tables, since).amount
    found = []
    for k, loan in enumerate(open_now):
        grade, reason = Grade(int(grades.grade[k])), Reason(int(grades.reason[k]))
        reached = loan.proposed is not None and grade <= loan.proposed
        kept = None if reached else loan.proposed
        now = replace(loan, grade=grade, reason=reason, proposed=kept)
        after, moved = allowed(now, int(wanted[k]), on)
        if after != loan:
            found.append((after, moved))
    done = [each for each in loans.values() if each.account.status is Status.CLOSED]
    found += [allowed(each, 0, on) for each in done if each.allowance]
    return found


def observed(loan: Loan, on: date) -> Loan:
    """The loan after its terms were changed because its borrower could not pay (重组观察期)."""
    days = [row.pay_on for row in loan.account.plan if row.ends_period][:2]
    first, second = (np.array([day_number(day)], np.int32) for day in (days[0], days[-1]))
    end = observation_end(first, second, shipped_tables(), max(on, RULES_FROM))
    return replace(
        loan,
        observed_until=date_of(int(end[0])),
        restructured=loan.restructured + 1,
        clean_since=None,
        paid_before=0,
    )


def _day(day: date | None) -> int | None:
    return None if day is None else day_number(day)


def _coded(values: Sequence[int | None], kind: type[np.integer[Any]]) -> NDArray[Any]:
    """Numbers with what there is not as `NOTHING`."""
    return np.array([NOTHING if each is None else int(each) for each in values], kind)


def allowed(loan: Loan, wanted: int, on: date) -> tuple[Loan, Movements]:
    """The loan with an allowance of an amount, and what to post for it."""
    more = wanted - loan.allowance
    if not more:
        return loan, ()
    sides = ("credit_loss", "loss_allowance") if more > 0 else ("loss_allowance", "credit_loss")
    memo = "set_aside" if more > 0 else "release_allowance"
    moved = Movement(*sides, abs(more), loan.contract.terms.currency, on, memo)
    return replace(loan, allowance=wanted), (moved,)
