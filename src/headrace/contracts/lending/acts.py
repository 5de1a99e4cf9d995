"""What each event does to a loan (账务处理): `apply` gives the account after it, or a refusal."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from headrace.contracts.conventions.rounding import RATE_SCALE, half_up, rate_of, scaled_rate
from headrace.contracts.lending.account import (
    Account,
    Movements,
    Status,
    advance,
    closed_if_paid,
    planned,
    posting,
    spend,
    suspended_or_not,
    with_misuse,
)
from headrace.contracts.lending.events import (
    Accelerate,
    ChargeFee,
    Disburse,
    Draw,
    Event,
    Misuse,
    Prepay,
    Recover,
    Refund,
    Refusal,
    Repay,
    ResetRate,
    Restructure,
    Resume,
    Subsidise,
    Suspend,
    WriteOff,
)
from headrace.contracts.lending.owed import Due
from headrace.contracts.lending.paying import divide
from headrace.contracts.lending.terms import After, FeeKind, Method, Residue, Terms

Outcome = tuple[Account, Movements] | Refusal
ONE_PERIOD = 10**6


def apply(account: Account, event: Event) -> Outcome:
    """The account after an event and the money it moved, or the requirement it would break.

    The account is first brought to the morning of the event's day.
    """
    if event.on < account.day:
        return Refusal.DAY_IS_PAST
    account, before = advance(account, event.on)
    refusal = _refused(account, event)
    if refusal is not None:
        return refusal
    outcome = ACTS[type(event)](account, event)
    if isinstance(outcome, Refusal):
        return outcome
    after, moved = outcome
    after, judged = suspended_or_not(closed_if_paid(after))
    return after, (*before, *moved, *judged)


def _refused(account: Account, event: Event) -> Refusal | None:
    """What every event asks for."""
    if getattr(event, "amount", 1) <= 0:
        return Refusal.AMOUNT_MUST_BE_POSITIVE
    if isinstance(event, Disburse):
        return None if account.status is Status.AGREED else Refusal.ALREADY_DISBURSED
    if account.status is Status.AGREED:
        return Refusal.NOT_DISBURSED
    if account.status is Status.WRITTEN_OFF:
        return None if isinstance(event, Recover | Refund) else Refusal.LOAN_IS_WRITTEN_OFF
    if isinstance(event, Recover):
        return Refusal.LOAN_IS_NOT_WRITTEN_OFF
    # money for a closed loan is the borrower's, and a fee or subsidy may still come in
    late = (Repay, Subsidise, Refund)
    if account.status is Status.CLOSED and not isinstance(event, late):
        return Refusal.LOAN_IS_CLOSED
    return None


def _disburse(account: Account, event: Disburse) -> Outcome:
    terms = account.terms
    if event.on != terms.start:
        return Refusal.NOT_THE_FIRST_DAY
    kept = min(terms.fee_at_start(FeeKind.DEDUCTED), terms.principal)
    owed = terms.fee_at_start(FeeKind.AT_START)
    fee = Due(0, event.on, event.on, event.on, fee=owed)
    first = ((terms.start, terms.rate), *terms.rates)
    account = replace(
        account,
        status=Status.OPEN,
        balance=terms.principal,
        rates=tuple((day, scaled_rate(rate)) for day, rate in first),
        base=terms.start,
        plan=planned(terms, account.calendar),
        dues=(fee,) if owed else (),
    )
    paid = terms.principal - kept
    return account, (
        *posting(account, "loan_principal", event.to, paid, "disburse"),
        *posting(account, "loan_principal", "fee_income", kept, "deduct_fee"),
        *posting(account, "fee_receivable", "fee_income", owed, "charge_fee"),
    )


def _draw(account: Account, event: Draw) -> Outcome:
    terms = account.terms
    if terms.method is not Method.ANY_DAY:
        return Refusal.NOT_REVOLVING
    if not account.plan:
        return Refusal.BEYOND_MATURITY
    if account.dues:
        return Refusal.SOMETHING_IS_OVERDUE
    limit = terms.principal if terms.limit is None else terms.limit
    if account.principal_owed + event.amount > limit:
        return Refusal.OVER_THE_LIMIT
    account = replace(account, balance=account.balance + event.amount)
    return account, posting(account, "loan_principal", event.to, event.amount, "disburse")


def _repay(account: Account, event: Repay) -> Outcome:
    return spend(account, event.amount)


def _prepay(account: Account, event: Prepay) -> Outcome:
    account, charged = with_misuse(account)
    dues, _, rest = divide(account.dues, account.deposit + event.amount, account.order)
    if any(due.total for due in dues):
        return Refusal.SOMETHING_IS_OVERDUE
    if not account.balance and not account.accrued:
        return Refusal.NOTHING_IS_OWED
    subsidy = account.subsidy_accrued
    interest = account.interest_accrued - subsidy
    terms = account.terms
    revolving = terms.method is Method.ANY_DAY
    whole = rest >= interest + account.balance + _early_fee(terms, account.balance)
    if revolving and not terms.plan_pays_interest and not whole:
        interest = subsidy = 0  # it falls due on the due day as ever
    principal = early_principal(terms, rest - interest, account.balance)
    least = min(terms.prepayment.amount_min, account.balance)
    if principal < max(least, 1 if account.balance else 0):
        return Refusal.BELOW_PREPAYMENT_MINIMUM
    settles = whole or not revolving or terms.plan_pays_interest
    early = (
        ("interest_receivable", interest, "repay_interest"),
        ("fee_income", _early_fee(terms, principal), "prepayment_fee"),
        ("loan_principal", principal, "prepay_principal"),
    )
    account, paid = spend(account, event.amount, early)
    account = replace(account, balance=account.balance - principal)
    if settles:
        account = replace(account, accrued=0, posted=0, helped=0, subsidy=account.subsidy + subsidy)
    movements = (*charged, *paid)
    if revolving:
        return account, movements  # more may be drawn until maturity
    if account.balance == 0:
        return replace(account, plan=()), movements
    after = terms.prepayment.after if event.after is None else event.after
    return _replanned_after_prepayment(account, principal, after), movements


def _early_fee(terms: Terms, principal: int) -> int:
    return half_up(principal * scaled_rate(terms.prepayment.share_fee), RATE_SCALE)


def early_principal(terms: Terms, money: int, balance: int) -> int:
    """The most principal that money pays early together with the fee on it."""
    share = scaled_rate(terms.prepayment.share_fee)
    found = min(max(money, 0) * RATE_SCALE // (RATE_SCALE + share) + 1, balance)
    while found > 0 and found + _early_fee(terms, found) > money:
        found -= 1
    return found


def _replanned_after_prepayment(account: Account, paid: int, after: After) -> Account:
    """A loan of what is left, from today, on the due days that are left."""
    terms, level = account.terms, account.plan[0].level
    future = [(day, rate) for day, rate in account.rates if day > account.day]
    account = replace(account, base=account.day, rates=((account.day, account.rate), *future))
    new = remainder(account, account.day)
    keeps = after is After.SHORTER_TERM and level and paid
    leveled = terms.method in (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL)
    plan = planned(replace(new, instalment=level) if keeps and leveled else new, account.calendar)
    return _on_plan(account, new, plan)


def _shortened(plan: tuple[tuple[date, int], ...], balance: int) -> tuple[tuple[date, int], ...]:
    """A plan of principal with what exceeds the balance taken off its end."""
    kept = []
    for day, amount in plan:
        left = min(amount, balance)
        balance -= left
        if left:
            kept.append((day, left))
    return tuple(kept)


def remainder(account: Account, start: date) -> Terms:
    """Terms of a loan of the balance from a day on, due on the days that are left.

    Args:
        account: Whose rates start on that day.
        start: Where interest of the new loan starts.
    """
    terms, left = account.terms, [row for row in account.plan if row.ends_period]
    method, gone = terms.method, account.plan[0].number - 1
    irregular = method is Method.IRREGULAR
    maturity = terms.maturity if irregular else left[-1].agreed
    due = replace(terms.due, day=terms.due_day, first=None, first_days_min=1)
    if left and left[0].agreed < (maturity or date.max):
        first = left[0].agreed if left[0].agreed > start else left[0].due
        due = replace(due, first=first)
        if not irregular:  # the last period is as long as it was, whatever day now ends the loan
            gap = (left[-1].agreed - left[-2].agreed).days
            due = replace(due, last_days_min=gap)
    else:
        due = replace(due, last_days_min=ONE_PERIOD)  # maturity alone
    to_come = tuple((day, amount) for day, amount in terms.plan if day > account.day)
    plan = _shortened(to_come, account.balance) if irregular else ()
    return replace(
        terms,
        principal=account.balance,
        start=start,
        rate=rate_of(account.rates[0][1]),
        rates=tuple((day, rate_of(rate)) for day, rate in account.rates[1:]),
        maturity=maturity,
        instalments=None,
        method=Method.INTEREST_FIRST if irregular and not plan else method,
        due=due,
        grace_principal=max(terms.grace_principal - gone, 0),
        grace_interest=sum(not row.pays_interest for row in left),
        plan=plan,
        instalment=None,
    )


def _on_plan(account: Account, terms: Terms, plan: tuple[Any, ...]) -> Account:
    """The account on another plan, its instalments numbered on."""
    gone = account.plan[0].number - 1
    ends = [row.agreed for row in plan if row.ends_period]
    kept = replace(
        account.terms,
        due=replace(account.terms.due, day=account.terms.due_day, first=None),
        method=terms.method,
        plan=terms.plan,
        instalment=None,
        maturity=terms.maturity if terms.plan else ends[-1],
        instalments=None,
    )
    numbered = tuple(replace(row, number=row.number + gone) for row in plan)
    return replace(account, terms=kept, plan=numbered)


def _subsidise(account: Account, event: Subsidise) -> Outcome:
    if event.amount > account.subsidy:
        return Refusal.SUBSIDY_IS_NOT_OWED
    account = replace(account, subsidy=account.subsidy - event.amount)
    memo = "receive_subsidy"
    return account, posting(account, "cash", "interest_receivable", event.amount, memo)


def _reset(account: Account, event: ResetRate) -> Outcome:
    if not Decimal(0) <= event.rate <= Decimal(1):
        return Refusal.RATE_MUST_BE_A_FRACTION
    rate = scaled_rate(event.rate)
    before = [(day, each) for day, each in account.rates if day < event.on]
    account = replace(account, rates=(*before, (event.on, rate)))
    if not account.plan or account.terms.method is Method.ANY_DAY:
        return account, ()
    new = remainder(account, account.base)
    part = _equal_part(account)
    plan = planned(replace(new, instalment=part) if part else new, account.calendar)
    return _on_plan(account, new, plan), ()


def _equal_part(account: Account) -> int:
    """The equal part of principal in force, which a rate does not change; 0 where there is none."""
    if account.terms.method is not Method.EQUAL_PRINCIPAL:
        return 0
    row = next(row for row in account.plan if row.principal)
    waits = account.terms.residue is Residue.FIRST and row.principal != row.level
    return 0 if waits else row.level  # the rest is still to come first


def _refund(account: Account, event: Refund) -> Outcome:
    if event.amount > account.deposit:
        return Refusal.DEPOSIT_IS_LESS
    account = replace(account, deposit=account.deposit - event.amount)
    return account, posting(account, "borrower_deposit", "cash", event.amount, "refund_deposit")


def _charge(account: Account, event: ChargeFee) -> Outcome:
    fee = Due(0, event.on, event.on, event.on, fee=event.amount)
    account = replace(account, dues=(*account.dues, fee))
    moved = posting(account, "fee_receivable", "fee_income", event.amount, "charge_fee")
    account, used = spend(account)
    return account, (*moved, *used)


def _misuse(account: Account, event: Misuse) -> Outcome:
    del event
    return replace(account, misused=True), ()


def _accelerate(account: Account, event: Accelerate) -> Outcome:
    account, charged = with_misuse(account)
    subsidy = account.subsidy_accrued
    due = Due(
        account.plan[0].number if account.plan else 0,
        event.on,
        event.on,
        event.on,
        principal=account.balance,
        interest=account.interest_accrued - subsidy,
    )
    account = replace(
        account, balance=0, accrued=0, posted=0, helped=0, plan=(),
        subsidy=account.subsidy + subsidy,
        dues=(*account.dues, due) if due.total else account.dues,
    )  # fmt: skip
    account, used = spend(account)
    return account, (*charged, *used)


def _restructure(account: Account, event: Restructure) -> Outcome:
    if event.terms.principal != account.principal_owed or event.terms.start != event.on:
        return Refusal.PRINCIPAL_MUST_BE_KEPT
    account, charged = with_misuse(account)
    subsidy = account.subsidy_accrued
    overdue = sum(due.principal for due in account.dues if due.overdue)
    moved = posting(account, "loan_principal", "overdue_principal", overdue, "restructure")
    plan = planned(event.terms, account.calendar)
    first = plan[0].due
    interest = account.interest_accrued - subsidy
    own = Due(0, event.on, first, first, interest=interest)
    dues = [replace(due, principal=0, overdue=False) for due in account.dues]
    rates = ((event.on, event.terms.rate), *event.terms.rates)
    account = replace(
        account,
        terms=event.terms,
        balance=event.terms.principal,
        rates=tuple((day, scaled_rate(rate)) for day, rate in rates),
        base=event.on,
        accrued=0, posted=0, helped=0,
        subsidy=account.subsidy + subsidy,
        plan=plan,
        dues=tuple(due for due in (*dues, own) if due.total),
    )  # fmt: skip
    return account, (*charged, *moved)


def extension(account: Account, maturity: date, rate: Decimal | None = None) -> Terms:
    """Terms under which all principal still owed runs on to a later maturity (展期).

    For `Restructure` on the account's day: the same method and due days, the rate in force unless
    another is given; a plan of principal is not carried on.
    """
    terms = account.terms
    planned_out = terms.method is Method.IRREGULAR
    return replace(
        terms,
        principal=account.principal_owed,
        start=account.day,
        rate=rate_of(account.rate) if rate is None else rate,
        maturity=maturity,
        instalments=None,
        method=Method.INTEREST_FIRST if planned_out else terms.method,
        due=replace(terms.due, day=terms.due_day, first=None),
        rates=(),
        plan=(),
        limit=terms.limit or (terms.principal if terms.method is Method.ANY_DAY else None),
        instalment=None,
        grace_principal=0,
        grace_interest=0,
    )


def _write_off(account: Account, event: WriteOff) -> Outcome:
    del event
    account, charged = with_misuse(account)
    dues = account.dues
    late = sum(due.principal for due in dues if due.overdue)
    parts = {
        "loan_principal": account.principal_owed - late,
        "overdue_principal": late,
        "interest_receivable": account.interest_accrued
        + account.subsidy
        + sum(due.interest for due in dues),
        "penalty_receivable": sum(due.penalty + due.compound for due in dues),
        "fee_receivable": sum(due.fee for due in dues),
    }
    claim = sum(parts.values())
    moved: list[Any] = [*charged]
    for role, amount in parts.items():
        moved += posting(account, "loss_allowance", role, amount, "write_off")
    moved += posting(account, "written_off", "memorandum", claim, "write_off")
    account = replace(
        account, status=Status.WRITTEN_OFF, claim=claim, balance=0, accrued=0, posted=0, helped=0,
        subsidy=0, dues=(), plan=(),
    )  # fmt: skip
    return account, tuple(moved)


def _recover(account: Account, event: Recover) -> Outcome:
    used = min(event.amount, account.claim)
    over = event.amount - used
    account = replace(account, claim=account.claim - used, deposit=account.deposit + over)
    return account, (
        *posting(account, "cash", "recovery_income", used, "recover"),
        *posting(account, "memorandum", "written_off", used, "recover"),
        *posting(account, "cash", "borrower_deposit", over, "keep_deposit"),
    )


def _suspend(account: Account, event: Suspend) -> Outcome:
    del event
    return replace(account, halted=True), ()


def _resume(account: Account, event: Resume) -> Outcome:
    del event
    if account.overdue_days:
        return Refusal.SOMETHING_IS_OVERDUE
    return replace(account, halted=False), ()


ACTS: Mapping[type, Callable[[Account, Any], Outcome]] = {
    Disburse: _disburse,
    Draw: _draw,
    Repay: _repay,
    Prepay: _prepay,
    Subsidise: _subsidise,
    Refund: _refund,
    ResetRate: _reset,
    ChargeFee: _charge,
    Misuse: _misuse,
    Accelerate: _accelerate,
    Restructure: _restructure,
    WriteOff: _write_off,
    Recover: _recover,
    Suspend: _suspend,
    Resume: _resume,
}
