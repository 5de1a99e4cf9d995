"""A guarantee pool by the day (政银担风险补偿资金池): what it carries, pays, recovers; its stops.

Pure: `step(terms, state, event)` gives the next state, movements in the bank's books, and a
refusal as a value. Stop-losses look at the pool after every event.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import TypeVar

import pyarrow as pa

from headrace.contracts.movements import Movement
from headrace.contracts.sharing.pool_terms import (
    Claim,
    Claimed,
    Compensate,
    Contribute,
    Denominator,
    Effect,
    Event,
    Guarantee,
    Guaranteed,
    Numerator,
    PoolState,
    PoolTerms,
    Rate,
    Recover,
    Refusal,
    Release,
    Resume,
    StopLoss,
    Window,
)
from headrace.contracts.sharing.waterfall import allocate, recover

Key = TypeVar("Key")


@dataclass(frozen=True)
class Step:
    """What an event did; where it is refused, the state is the one before."""

    state: PoolState
    movements: tuple[Movement, ...] = ()
    refusal: Refusal | None = None


def step(terms: PoolTerms, state: PoolState, event: Event) -> Step:
    """One event.

    Args:
        terms: What was agreed.
        state: Before.
        event: What is to happen.
    """
    amount = getattr(event, "amount", 1)
    if amount <= 0:
        return Step(state, refusal=Refusal.AMOUNT_MUST_BE_POSITIVE)
    if event.on < state.day:
        return Step(state, refusal=Refusal.DAY_MUST_NOT_GO_BACK)
    opened = replace(
        state, day=event.on, opening={event.on.year: state.outstanding, **state.opening}
    )
    done = _DO[type(event)](terms, opened, event)
    if done.refusal is not None:
        return Step(state, refusal=done.refusal)
    return replace(done, state=_stopped(terms, done.state))


def run(terms: PoolTerms, state: PoolState, events: Iterable[Event]) -> tuple[PoolState, pa.Table]:
    """Events in order, and what each did.

    Returns:
        The last state, and one row per event: `on` date32, `event`, `refusal` (null where it was
        done), `money` and `outstanding` int64 after it, `compensated` and `base` int64 and `rate`
        double of the first stop-loss (null where there is none), `suspended` bool.
    """
    rows: list[dict[str, object]] = []
    for event in events:
        done = step(terms, state, event)
        state = done.state
        first = rates(terms, state)[0] if terms.stops else None
        rows.append(
            {
                "on": event.on,
                "event": type(event).__name__.lower(),
                "refusal": done.refusal,
                "money": sum(state.money.values()),
                "outstanding": state.outstanding,
                "compensated": None if first is None else first.compensated,
                "base": None if first is None else first.base,
                "rate": None if first is None or first.rate is None else float(first.rate),
                "suspended": state.suspended_on is not None,
            }
        )
    return state, pa.Table.from_pylist(rows, schema=RUN_SCHEMA)


RUN_SCHEMA = pa.schema(
    [
        ("on", pa.date32()),
        ("event", pa.string()),
        ("refusal", pa.string()),
        ("money", pa.int64()),
        ("outstanding", pa.int64()),
        ("compensated", pa.int64()),
        ("base", pa.int64()),
        ("rate", pa.float64()),
        ("suspended", pa.bool_()),
    ]
)


def rates(terms: PoolTerms, state: PoolState) -> tuple[Rate, ...]:
    """The compensation rate of each stop-loss as it stands."""
    return tuple(_rate(stop, state) for stop in terms.stops)


def _rate(stop: StopLoss, state: PoolState) -> Rate:
    def within(sums: Mapping[int, int]) -> int:
        return sums.get(state.day.year, 0) if stop.window is Window.YEAR else sum(sums.values())

    paid = within(state.compensated)
    if stop.numerator is Numerator.NET:
        paid -= within(state.recovered)
    base = {
        Denominator.OUTSTANDING: state.outstanding,
        Denominator.RELEASED: within(state.released) + within(state.compensated),
        Denominator.GRANTED: within(state.granted),
    }[stop.denominator]
    return Rate(stop.id, state.day, paid, base)


def _stopped(terms: PoolTerms, state: PoolState) -> PoolState:
    """The state after the stop-losses looked at it."""
    for stop, found in zip(terms.stops, rates(terms, state), strict=True):
        if found.rate is None or found.rate < Fraction(stop.reaches):
            continue
        if stop.effect is Effect.SUSPEND and state.suspended_on is None:
            state = replace(state, suspended_on=state.day, triggers=(*state.triggers, found))
        if stop.effect is Effect.RESIDUAL_BEARS_ALL and state.residual_alone_on is None:
            state = replace(state, residual_alone_on=state.day, triggers=(*state.triggers, found))
    return state


def _contribute(terms: PoolTerms, state: PoolState, event: Contribute) -> Step:
    money = _plus(state.money, event.party, event.amount)
    memo = f"contribute:{event.party}"
    moved = _move(terms, event.on, "cash", "guarantee_pool", event.amount, memo)
    return Step(replace(state, money=money), moved)


def _guarantee(terms: PoolTerms, state: PoolState, event: Guarantee) -> Step:
    refusal = _may_guarantee(terms, state, event)
    if refusal is not None:
        return Step(state, refusal=refusal)
    loans = {**state.loans, event.loan: Guaranteed(event.borrower, event.amount)}
    granted = _plus(state.granted, event.on.year, event.amount)
    return Step(replace(state, loans=loans, granted=granted))


def _may_guarantee(terms: PoolTerms, state: PoolState, event: Guarantee) -> Refusal | None:
    if event.loan in state.loans:
        return Refusal.LOAN_MUST_BE_NEW
    if state.suspended_on is not None:
        return Refusal.POOL_MUST_NOT_BE_SUSPENDED
    money = sum(state.money.values()) if terms.capital_minor is None else terms.capital_minor
    carried = state.outstanding + event.amount
    if terms.leverage_max is not None and carried > money * terms.leverage_max:
        return Refusal.LEVERAGE_MUST_NOT_EXCEED_CAP
    own = event.amount + sum(
        loan.outstanding for loan in state.loans.values() if loan.borrower == event.borrower
    )
    if terms.borrower_share_max is not None and own > money * terms.borrower_share_max:
        return Refusal.BORROWER_MUST_NOT_EXCEED_LIMIT
    return None


def _release(terms: PoolTerms, state: PoolState, event: Release) -> Step:
    refusal = _guaranteed(state, event.loan, event.amount)
    if refusal is not None:
        return Step(state, refusal=refusal)
    released = _plus(state.released, event.on.year, event.amount)
    return Step(replace(state, loans=_less(state, event.loan, event.amount), released=released))


def _claim(terms: PoolTerms, state: PoolState, event: Claim) -> Step:
    refusal = _guaranteed(state, event.loan, event.amount)
    if event.claim in state.claims:
        refusal = Refusal.CLAIM_MUST_BE_NEW
    if refusal is not None:
        return Step(state, refusal=refusal)
    base = terms.bases.get(event.on.year, state.opening[event.on.year])
    scheme = terms.scheme.bound(base)
    if state.residual_alone_on is not None:
        scheme = replace(scheme, layers=())
    allocation, usage = allocate(scheme, state.usage, event.loan, event.on, event.amount)
    moved = [
        movement
        for piece in allocation.pieces
        if piece.party != scheme.residual
        for movement in _move(
            terms, event.on, "guarantee_receivable", "overdue_principal", piece.amount,
            f"claim:{piece.party}",
        )
    ]  # fmt: skip
    own = tuple(piece.party == scheme.residual for piece in allocation.pieces)
    claims = {**state.claims, event.claim: Claimed(allocation, own)}
    loans = _less(state, event.loan, event.amount)
    return Step(replace(state, claims=claims, loans=loans, usage=usage), tuple(moved))


def _compensate(terms: PoolTerms, state: PoolState, event: Compensate) -> Step:
    if event.claim not in state.claims:
        return Step(state, refusal=Refusal.CLAIM_MUST_BE_KNOWN)
    held = state.claims[event.claim]
    money, paid, total = dict(state.money), list(held.paid), 0
    moved: list[Movement] = []
    for place, piece in enumerate(held.allocation.pieces):
        if paid[place] or piece.payable_on > event.on:
            continue
        debit = "cash"
        if piece.party in terms.funded:
            debit = "guarantee_pool"
            money[piece.party] = money.get(piece.party, 0) - piece.amount
        paid[place], total = True, total + piece.amount
        memo = f"compensate:{piece.party}"
        moved += _move(terms, event.on, debit, "guarantee_receivable", piece.amount, memo)
    if not total:
        return Step(state, refusal=Refusal.CLAIM_MUST_BE_PAYABLE)
    if min(money.values(), default=0) < 0:
        return Step(state, refusal=Refusal.POOL_MUST_HAVE_THE_MONEY)
    claims = {**state.claims, event.claim: replace(held, paid=tuple(paid))}
    compensated = _plus(state.compensated, event.on.year, total)
    return Step(replace(state, money=money, claims=claims, compensated=compensated), tuple(moved))


def _recover(terms: PoolTerms, state: PoolState, event: Recover) -> Step:
    if event.claim not in state.claims:
        return Step(state, refusal=Refusal.CLAIM_MUST_BE_KNOWN)
    if not 0 <= event.cost <= event.amount:
        return Step(state, refusal=Refusal.COST_MUST_NOT_EXCEED_AMOUNT)
    held = state.claims[event.claim]
    if not all(held.paid):
        return Step(state, refusal=Refusal.CLAIM_MUST_BE_COMPENSATED)
    back = recover(terms.scheme, held.allocation, event.amount, event.cost)
    moved: list[Movement] = []
    money, others = dict(state.money), 0
    for party, amount in back.to.items():
        if party == terms.scheme.residual:
            moved += _move(terms, event.on, "cash", "overdue_principal", amount, "recover")
            continue
        others += amount
        memo = f"recover:{party}"
        moved += _move(terms, event.on, "cash", "partner_payable", amount, memo)
        credit = "cash"
        if party in terms.funded:
            credit = "guarantee_pool"
            money[party] = money.get(party, 0) + amount
        moved += _move(terms, event.on, "partner_payable", credit, amount, memo)
    moved += _move(terms, event.on, "cash", "partner_payable", back.cost, "recovery_cost")
    moved += _move(terms, event.on, "cash", "borrower_deposit", back.surplus, "recovery_surplus")
    claims = {**state.claims, event.claim: replace(held, allocation=back.allocation)}
    recovered = _plus(state.recovered, event.on.year, others)
    return Step(replace(state, money=money, claims=claims, recovered=recovered), tuple(moved))


def _resume(terms: PoolTerms, state: PoolState, event: Resume) -> Step:
    if state.suspended_on is None:
        return Step(state, refusal=Refusal.POOL_MUST_BE_SUSPENDED)
    return Step(replace(state, suspended_on=None))


_DO: Mapping[type, Callable[..., Step]] = {
    Contribute: _contribute,
    Guarantee: _guarantee,
    Release: _release,
    Claim: _claim,
    Compensate: _compensate,
    Recover: _recover,
    Resume: _resume,
}


def _guaranteed(state: PoolState, loan: str, amount: int) -> Refusal | None:
    if loan not in state.loans:
        return Refusal.LOAN_MUST_BE_GUARANTEED
    if amount > state.loans[loan].outstanding:
        return Refusal.AMOUNT_MUST_NOT_EXCEED_GUARANTEED
    return None


def _less(state: PoolState, loan: str, amount: int) -> Mapping[str, Guaranteed]:
    held = state.loans[loan]
    return {**state.loans, loan: replace(held, outstanding=held.outstanding - amount)}


def _plus(sums: Mapping[Key, int], key: Key, amount: int) -> dict[Key, int]:
    return {**sums, key: sums.get(key, 0) + amount}


def _move(
    terms: PoolTerms, on: date, debit: str, credit: str, amount: int, memo: str
) -> tuple[Movement, ...]:
    return (Movement(debit, credit, amount, terms.currency, on, memo),) if amount else ()
