"""What each kind of step does to a running deal.

A step looks at what is due, at what its account holds and at its limit, draws on support where it
has some, and pays. Whatever is due and not paid stays due.
"""

from collections.abc import Callable

from headrace.contracts.securitisation.amounts import in_order, rounded, shared
from headrace.contracts.securitisation.book import Book, Place
from headrace.contracts.securitisation.deal import Step, StepKind

Doing = Callable[[Book, Step, Place], None]


def available(book: Book, step: Step, wanted: int, place: Place) -> int:
    """How much of what is wanted the step can pay, after its limit and with its support.

    Support is drawn only for what is missing: accounts give what they hold, parties up to their
    limits.
    """
    if step.limit is not None:
        wanted = min(wanted, _amount(book, step))
    missing = wanted - book.accounts[step.account]
    for name in step.support:
        if missing <= 0:
            break
        missing -= _drawn(book, name, step.account, missing, place)
    return min(wanted, book.accounts[step.account])


def _drawn(book: Book, name: str, account: str, missing: int, place: Place) -> int:
    """Draw on an account or a party for what is missing; what it gave."""
    if name in book.accounts:
        given = min(missing, book.accounts[name])
        book.move(f"account:{name}", f"account:{account}", given, place)
        return given
    return _supported(book, name, account, missing, place)


def _supported(book: Book, party: str, account: str, missing: int, place: Place) -> int:
    limit = book.limits[party]
    given = missing if limit is None else min(missing, limit - book.drawn[party])
    book.move(f"party:{party}", f"account:{account}", given, place)
    book.drawn[party] += given
    book.claims[party] += given
    return given


def _amount(book: Book, step: Step) -> int:
    """The step's limit as an amount, never below 0."""
    assert step.limit is not None  # noqa: S101 - callers look first
    return max(0, rounded(step.limit.evaluate(book), book.deal.rounding))


def _parts(step: Step, amount: int, dues: list[int]) -> list[int]:
    return in_order(amount, dues) if step.in_order else shared(amount, dues)


def accrue_fee(book: Book, step: Step, _place: Place) -> None:
    """Make fees due up to today."""
    for name in step.targets:
        book.accrue_fee(name)


def pay_fee(book: Book, step: Step, place: Place) -> None:
    """Pay fees that are due, each up to its cap."""
    dues = []
    for name in step.targets:
        fee = book.tariffs[name]
        if not fee.by_step:
            book.accrue_fee(name)
        due = max(0, book.fees[name].due)
        dues.append(due if fee.cap is None else min(due, fee.cap))
    paid = available(book, step, sum(dues), place)
    for name, part in zip(step.targets, _parts(step, paid, dues), strict=True):
        book.move(f"account:{step.account}", f"fee:{name}", part, place)
        book.fees[name].due -= part
        book.fees[name].paid_total += part


def pay_interest(book: Book, step: Step, place: Place) -> None:
    """Make interest due up to today and pay it: interest on unpaid interest first."""
    for name in step.targets:
        book.accrue_bond(name)
    held = [book.bonds[name] for name in step.targets]
    dues = [one.interest_due + one.on_unpaid_due for one in held]
    paid = available(book, step, sum(dues), place)
    for name, one, part in zip(step.targets, held, _parts(step, paid, dues), strict=True):
        book.move(f"account:{step.account}", f"bond:{name}:interest", part, place)
        first = min(part, one.on_unpaid_due)
        one.on_unpaid_due -= first
        one.interest_due -= part - first


def pay_principal(book: Book, step: Step, place: Place) -> None:
    """Pay principal that is due."""
    dues = [book.principal_due(name) for name in step.targets]
    paid = available(book, step, sum(dues), place)
    for name, part in zip(step.targets, _parts(step, paid, dues), strict=True):
        book.move(f"account:{step.account}", f"bond:{name}:principal", part, place)
        book.bonds[name].balance -= part


def pay_residual(book: Book, step: Step, place: Place) -> None:
    """Pay what is left to a bond, a party or a fee's payee."""
    name = step.targets[0]
    paid = available(book, step, book.accounts[step.account], place)
    if name in book.bonds:
        target = f"bond:{name}:residual"
    else:
        target = f"fee:{name}" if name in book.fees else f"party:{name}"
    book.move(f"account:{step.account}", target, paid, place)


def transfer(book: Book, step: Step, place: Place) -> None:
    """Move money to another account: all, or up to the limit."""
    paid = available(book, step, book.accounts[step.account], place)
    book.move(f"account:{step.account}", f"account:{step.targets[0]}", paid, place)


def fill(book: Book, step: Step, place: Place) -> None:
    """Bring reserves up to their targets, in the order they are named."""
    for name in step.targets:
        gap = max(0, book.target(name) - book.accounts[name])
        paid = available(book, step, gap, place)
        book.move(f"account:{step.account}", f"account:{name}", paid, place)


def support(book: Book, step: Step, place: Place) -> None:
    """Let shortfall payers pay in an amount, in order, each up to its limit (差额支付)."""
    missing = _amount(book, step)
    for name in step.targets:
        missing -= _supported(book, name, step.account, missing, place)


def repay_support(book: Book, step: Step, place: Place) -> None:
    """Pay shortfall payers back what they have paid in, in order."""
    dues = [book.claims[name] for name in step.targets]
    paid = available(book, step, sum(dues), place)
    for name, part in zip(step.targets, in_order(paid, dues), strict=True):
        book.move(f"account:{step.account}", f"party:{name}", part, place)
        book.claims[name] -= part


def note_ledger(book: Book, step: Step, place: Place) -> None:
    """Add an amount to a ledger; a negative one takes away. No money moves."""
    assert step.limit is not None  # noqa: S101 - reading a deal wants it
    amount = rounded(step.limit.evaluate(book), book.deal.rounding)
    _add(book, step.targets[0], amount, place)


def note_moved(book: Book, step: Step, before: int, place: Place) -> None:
    """Add what a step has moved out of its account to its ledger, if it names one.

    Args:
        book: After the step.
        step: That was done.
        before: How many rows there were before it.
        place: Of the step.
    """
    if not step.ledger:
        return
    source = f"account:{step.account}"
    moved = sum(row.amount for row in book.rows[before:] if row.source == source)
    _add(book, step.ledger, moved, place)


def _add(book: Book, name: str, amount: int, place: Place) -> None:
    book.ledgers[name] += amount
    book.ledger_rows.append((book.today, name, amount, book.ledgers[name], place.step))


def sell_pool(book: Book, step: Step, place: Place) -> None:
    """Sell what is left of the pool for the step's amount, or at its balance."""
    price = book.pool.balance if step.limit is None else _amount(book, step)
    book.move("pool:sale", f"account:{step.account}", price, place)
    book.pool.balance = 0
    book.pool.row = len(book.pool.flows.dates)


DOING: dict[StepKind, Doing] = {
    StepKind.ACCRUE_FEE: accrue_fee,
    StepKind.PAY_FEE: pay_fee,
    StepKind.PAY_INTEREST: pay_interest,
    StepKind.PAY_PRINCIPAL: pay_principal,
    StepKind.PAY_RESIDUAL: pay_residual,
    StepKind.TRANSFER: transfer,
    StepKind.FILL: fill,
    StepKind.SUPPORT: support,
    StepKind.REPAY_SUPPORT: repay_support,
    StepKind.BOOK: note_ledger,
    StepKind.SELL_POOL: sell_pool,
}
"""Every kind but `IF` and `BUY_ASSETS`, which the engine does: one chooses, one needs assets."""
