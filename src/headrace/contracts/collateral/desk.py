"""A pledge step by step: marked, warned, called, cured, disposed of.

Pure: `step(pledge, event, trading_days)` gives the pledge after an event, movements in the lender's
books, and a refusal as a value. Collateral is held off the balance sheet at its marked value; cash
margin is a deposit of the borrower's; proceeds of a sale are the borrower's, and the loan's own
account is paid from them. A price that is old can make matters worse, never better.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from headrace.contracts.collateral.pledges import (
    MARGIN,
    Add,
    Close,
    Event,
    Held,
    Marked,
    Market,
    Phase,
    Pledge,
    Refusal,
    Release,
    Repay,
    Sell,
    Step,
    Substitute,
)
from headrace.contracts.movements import Movement

BLOCKED: Mapping[Market, Refusal] = {
    Market.SUSPENDED: Refusal.MARKET_MUST_BE_OPEN,
    Market.LOWER_LIMIT: Refusal.PRICE_MUST_NOT_BE_AT_THE_LOWER_LIMIT,
}


def step(pledge: Pledge, event: Event, trading_days: Sequence[date]) -> Step:
    """One event.

    Args:
        pledge: Before.
        event: What is to happen.
        trading_days: In order, far enough to hold the deadline of a call.
    """
    if pledge.phase is Phase.CLOSED:
        return Step(pledge, refusal=Refusal.PLEDGE_MUST_NOT_BE_CLOSED)
    if event.on < pledge.on:
        return Step(pledge, refusal=Refusal.DAY_MUST_NOT_GO_BACK)
    if getattr(event, "amount", 1) <= 0:
        return Step(pledge, refusal=Refusal.AMOUNT_MUST_BE_POSITIVE)
    done = _DO[type(event)](replace(pledge, on=event.on), event)
    if done.refusal is not None:
        return Step(pledge, refusal=done.refusal)
    if done.pledge.phase is Phase.CLOSED:
        return done
    looked = _look(done.pledge, trading_days)
    if looked is None:
        return Step(pledge, refusal=Refusal.DEADLINE_MUST_BE_IN_THE_CALENDAR)
    return replace(done, pledge=looked)


def to_cure(pledge: Pledge) -> int:
    """What must be added to reach the line from which a call is lifted, whole minor units."""
    needed = pledge.owed_minor * pledge.lines.lifted
    whole = int(needed) + (needed != int(needed))
    return max(whole - pledge.value_minor, 0)


def _look(pledge: Pledge, trading_days: Sequence[date]) -> Pledge | None:
    """The pledge in the phase that its value, its debt and the day put it in."""
    lines, missing = pledge.lines, to_cure(pledge)
    cured = pledge.at_least(lines.lifted) and not (pledge.stale and pledge.owed_minor)
    calm = Phase.OPEN if pledge.at_least(lines.warn) else Phase.WARNED
    if pledge.phase is Phase.DISPOSING:
        if cured and not pledge.proceeds_minor:
            return replace(pledge, phase=calm, deadline=None, called_minor=0)
        return replace(pledge, called_minor=missing)
    if not pledge.at_least(lines.close):
        return replace(pledge, phase=Phase.DISPOSING, deadline=None, called_minor=missing)
    if pledge.phase is Phase.CALLED:
        if cured:
            return replace(pledge, phase=calm, deadline=None, called_minor=0)
        late = pledge.deadline is not None and pledge.on > pledge.deadline
        phase = Phase.DISPOSING if late else Phase.CALLED
        deadline = None if late else pledge.deadline
        return replace(pledge, phase=phase, deadline=deadline, called_minor=missing)
    if not pledge.at_least(lines.call):
        deadline = _deadline(pledge.on, lines.cure_days, trading_days)
        if deadline is None:
            return None
        return replace(pledge, phase=Phase.CALLED, deadline=deadline, called_minor=missing)
    if not pledge.at_least(lines.warn):
        return replace(pledge, phase=Phase.WARNED, called_minor=0)
    if pledge.phase is Phase.WARNED and pledge.stale:
        return pledge
    return replace(pledge, phase=Phase.OPEN, called_minor=0)


def _deadline(on: date, days: int, trading_days: Sequence[date]) -> date | None:
    """The so manieth trading day after a day; None where the calendar ends before it."""
    after = [day for day in trading_days if day > on][:days]
    return after[-1] if len(after) == days else None


def _add(pledge: Pledge, event: Add) -> Step:
    if event.piece == MARGIN:
        moved = _move(pledge, "cash", "margin_deposit_held", event.amount, "margin_in")
        return Step(replace(pledge, margin_minor=pledge.margin_minor + event.amount), moved)
    if event.piece in pledge.pieces:
        return Step(pledge, refusal=Refusal.PIECE_MUST_BE_NEW)
    pieces = {**pledge.pieces, event.piece: Held(event.amount)}
    moved = _move(pledge, "collateral_held", "memorandum", event.amount, "pledge")
    return Step(replace(pledge, pieces=pieces), moved)


def _marked(pledge: Pledge, event: Marked) -> Step:
    if set(event.pieces) != set(pledge.pieces):
        return Step(pledge, refusal=Refusal.EVERY_PIECE_MUST_BE_MARKED)
    held = event.pieces.values()
    if event.owed_minor < 0 or any(piece.value_minor < 0 for piece in held):
        return Step(pledge, refusal=Refusal.AMOUNT_MUST_BE_POSITIVE)
    moved: list[Movement] = []
    for name, piece in event.pieces.items():
        change = piece.value_minor - pledge.pieces[name].value_minor
        debit, credit = ("collateral_held", "memorandum")
        if change < 0:
            debit, credit = credit, debit
        moved += _move(pledge, debit, credit, abs(change), "mark")
    after = replace(pledge, pieces=dict(event.pieces), owed_minor=event.owed_minor)
    return Step(after, tuple(moved))


def _repay(pledge: Pledge, event: Repay) -> Step:
    return Step(replace(pledge, owed_minor=max(pledge.owed_minor - event.amount, 0)))


def _release(pledge: Pledge, event: Release) -> Step:
    less = _less(pledge, event.piece, event.amount)
    if less is None:
        return Step(pledge, refusal=Refusal.PIECE_MUST_BE_PLEDGED)
    if pledge.owed_minor:
        if pledge.stale:
            return Step(pledge, refusal=Refusal.PRICE_MUST_BE_FRESH)
        if not less.at_least(pledge.lines.release):
            return Step(pledge, refusal=Refusal.RATIO_MUST_STAY_ABOVE_RELEASE_LINE)
    return Step(less, _back(pledge, event.piece, event.amount, "release"))


def _substitute(pledge: Pledge, event: Substitute) -> Step:
    if event.out not in pledge.pieces:
        return Step(pledge, refusal=Refusal.PIECE_MUST_BE_PLEDGED)
    if event.piece in pledge.pieces or event.piece == MARGIN:
        return Step(pledge, refusal=Refusal.PIECE_MUST_BE_NEW)
    if pledge.stale:
        return Step(pledge, refusal=Refusal.PRICE_MUST_BE_FRESH)
    value = pledge.pieces[event.out].value_minor
    enough = event.amount >= value
    pieces = {name: piece for name, piece in pledge.pieces.items() if name != event.out}
    after = replace(pledge, pieces={**pieces, event.piece: Held(event.amount)})
    if not enough and not after.at_least(pledge.lines.release):
        return Step(pledge, refusal=Refusal.RATIO_MUST_NOT_FALL)
    moved = (
        *_move(pledge, "collateral_held", "memorandum", event.amount, "substitute_in"),
        *_move(pledge, "memorandum", "collateral_held", value, "substitute_out"),
    )
    return Step(after, moved)


def _sell(pledge: Pledge, event: Sell) -> Step:
    if pledge.phase is not Phase.DISPOSING:
        return Step(pledge, refusal=Refusal.PLEDGE_MUST_BE_IN_DISPOSAL)
    if event.market in BLOCKED:
        return Step(pledge, refusal=BLOCKED[event.market])
    if event.proceeds < 0:
        return Step(pledge, refusal=Refusal.AMOUNT_MUST_BE_POSITIVE)
    less = _less(pledge, event.piece, event.amount)
    if less is None:
        return Step(pledge, refusal=Refusal.PIECE_MUST_BE_PLEDGED)
    if event.piece == MARGIN:
        moved = _move(
            pledge, "margin_deposit_held", "borrower_deposit", event.amount, "margin_used"
        )
        owed = max(pledge.owed_minor - event.amount, 0)
        return Step(replace(less, owed_minor=owed), moved)
    after = replace(
        less,
        proceeds_minor=pledge.proceeds_minor + event.proceeds,
        owed_minor=max(pledge.owed_minor - event.proceeds, 0),
    )
    moved = (
        *_move(pledge, "memorandum", "collateral_held", event.amount, "dispose"),
        *_move(pledge, "cash", "borrower_deposit", event.proceeds, "disposal_proceeds"),
    )
    return Step(after, moved)


def _close(pledge: Pledge, _event: Close) -> Step:
    if pledge.owed_minor and pledge.value_minor:
        return Step(pledge, refusal=Refusal.NOTHING_MUST_BE_OWED)
    moved: list[Movement] = []
    for piece in pledge.pieces.values():
        moved += _move(pledge, "memorandum", "collateral_held", piece.value_minor, "release")
    moved += _back(pledge, MARGIN, pledge.margin_minor, "release")
    after = replace(
        pledge, phase=Phase.CLOSED, pieces={}, margin_minor=0, deadline=None, called_minor=0
    )
    return Step(after, tuple(moved))


_DO: Mapping[type, Callable[..., Step]] = {
    Add: _add,
    Marked: _marked,
    Repay: _repay,
    Release: _release,
    Substitute: _substitute,
    Sell: _sell,
    Close: _close,
}


def _less(pledge: Pledge, piece: str, amount: int) -> Pledge | None:
    """The pledge with less of a piece; None where there is not as much of it."""
    if piece == MARGIN:
        left = pledge.margin_minor - amount
        return None if left < 0 else replace(pledge, margin_minor=left)
    if piece not in pledge.pieces or pledge.pieces[piece].value_minor < amount:
        return None
    less = replace(pledge.pieces[piece], value_minor=pledge.pieces[piece].value_minor - amount)
    pieces = {**pledge.pieces, piece: less}
    kept = {name: held for name, held in pieces.items() if name != piece or held.value_minor}
    return replace(pledge, pieces=kept)


def _back(pledge: Pledge, piece: str, amount: int, memo: str) -> tuple[Movement, ...]:
    """Movements by which collateral or margin goes back."""
    if piece == MARGIN:
        return _move(pledge, "margin_deposit_held", "cash", amount, "margin_out")
    return _move(pledge, "memorandum", "collateral_held", amount, memo)


def _move(pledge: Pledge, debit: str, credit: str, amount: int, memo: str) -> tuple[Movement, ...]:
    if not amount:
        return ()
    return (Movement(debit, credit, amount, pledge.currency, pledge.on, memo),)
