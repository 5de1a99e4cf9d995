"""A book of loans at work: what is recorded is logged first, then posted on the ledger.

The log is durable before the ledger, and every posting has an idempotency key made of its entry.
So whatever a crash leaves undone is done when the book is opened again, once.

Any number of desks may work on one log and ledger. Of two that saw the same last entry the log
lets one in; the other makes its book anew, with what came, and tries again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow.compute as pc

from headrace.contracts.lending.events import Disburse, Draw, Refusal
from headrace.errors import EvidenceError, HeadraceError, InputError
from headrace.ledger.account import Account, Limit
from headrace.ledger.asof import trial_balance
from headrace.ledger.chart import Chart
from headrace.ledger.journal import Ledger
from headrace.ledger.transfer import Transfer
from headrace.workflows.loan_book import LoanBook, Posting, told
from headrace.workflows.loan_log import Entry, Happened, LoanLog, Logged, Moved, logged
from headrace.workflows.loan_standing import Shelf, Standing, taken_up, written

RESTORE = "Restore log and ledger from copies of the same moment"
SHARED = frozenset(
    {"cash", "capital", "interest_income", "penalty_income", "fee_income", "recovery_income"}
    | {"credit_loss", "memorandum"}
)
"""Roles with one account for the whole book; others have one a contract."""
LIMITED = {Limit.CREDITS_AT_MOST_DEBITS: 1, Limit.DEBITS_AT_MOST_CREDITS: -1}
"""On which side a balance of an account must be: debits less credits, times this, not below 0."""


@dataclass(frozen=True)
class Recorded:
    """What became of something that was to be recorded.

    Attributes:
        id: Its idempotency key.
        refusal: Why it cannot be; None where it stands in the book now.
        existed: Whether it stood there before, with the same content.
        number: Of its entry; None where it was refused, or stood there before.
        posted: How many postings it made.
    """

    id: str
    refusal: Refusal | None
    existed: bool
    number: int | None
    posted: int = 0


@dataclass(frozen=True)
class _Attempt:
    """What came of items on the book as one desk sees it; nothing is durable yet."""

    found: list[Recorded]
    kept: list[Logged]
    posted: list[Posting]
    trouble: HeadraceError | None


class LoanDesk:
    """A book of loans, its log and its ledger.

    Attributes:
        book: The state.
        ledger: Where its movements are posted, and nothing else.
    """

    book: LoanBook
    _cash: int
    _others: Counter[str]
    _postings: int
    _kept: int | None  # the entry up to which the shelf holds it

    def __init__(
        self, log: LoanLog, ledger: Ledger, chart: Chart, shelf: Shelf | None = None
    ) -> None:
        """Make the book of its log, and post what a crash left unposted.

        Args:
            log: What was signed and what happened.
            ledger: Where its movements are posted.
            chart: Of its accounts.
            shelf: Holds how it stood before, so that only what came since is done; None: all is.

        Raises:
            HeadraceError: Log or ledger cannot be read, or the ledger is not that of this log.
        """
        self._log, self._chart, self._shelf = log, chart, shelf
        self.ledger = ledger
        self._make()

    def record(self, items: Sequence[tuple[str, Entry]], known_at: int) -> list[Recorded]:
        """Record entries in order; those that can be are durable on return.

        Where others wrote in between, it is done on the book as they left it.

        Args:
            items: Idempotency key and entry.
            known_at: Now, microseconds since 1970, UTC.

        Raises:
            InputError: A key came before with another content, a contract is not in the book, a
                day is not the book's. Entries before it are recorded.
            HeadraceError: Nothing is acknowledged: open the desk again.
        """
        while True:
            before = self.book.number
            tried = self._attempt(items, known_at)
            if self._log.append(tried.kept):
                break
            self._make()
            if self.book.number == before:
                raise EvidenceError(
                    f"entry {before + 1} is neither there nor can it be written",
                    where="loan log",
                    remedy=RESTORE,
                )
        self._post(tried.posted, tried.kept)
        if self.ledger.head.transfers != self._postings:
            self.catch_up()  # others posted what they logged after this
        if tried.trouble is not None:
            raise tried.trouble
        return tried.found

    def check(self, key: str, entry: Entry) -> None:
        """Look whether an entry can be recorded now, or was; nothing is done.

        Raises:
            InputError: The key came before with another content, the contract is not in the book,
                the day is not the book's, or money is missing.
        """
        self._recorded(key, entry, 0)

    def account_of(self, role: str, currency: str) -> str:
        """The id of the book's own account of a role."""
        return self._chart.account(role, currency=currency).id

    def code_of(self, role: str) -> str:
        """The code of a role in the chart of accounts."""
        return self._chart.code(role)

    def debited(self, role: str) -> int:
        """All that was ever debited to a role, minor units."""
        trial = trial_balance(self.ledger.book)
        chosen = pc.equal(trial["code"], self._chart.code(role))
        return pc.sum(trial.filter(chosen)["debits"]).as_py() or 0

    def catch_up(self) -> None:
        """Take in what others wrote to the log since; state and ledger are of one moment then.

        Raises:
            EvidenceError: The ledger holds what the log does not make.
        """
        while True:
            self.ledger.catch_up()
            entries = self._log.entries(self.book.number)
            self._take(entries)
            if self.ledger.head.transfers == self._postings:
                return
            if not entries:  # and not what others logged and posted meanwhile
                raise EvidenceError(
                    f"the ledger holds {self.ledger.head.transfers:,} transfers, and the log makes "
                    f"{self._postings:,}",
                    where="ledger",
                    remedy=RESTORE,
                )

    def keep(self) -> None:
        """Put on the shelf how the book stands, unless it lies there already."""
        if self._shelf is not None and self._kept != self.book.number:
            standing = Standing(self.book, self._cash, self._others, self._postings)
            self._shelf.write(written(standing))
            self._kept = self.book.number

    def _make(self) -> None:
        """The book of its log."""
        before = self._before()
        self._kept = None if before is None else before.book.number
        before = before or Standing(LoanBook(), 0, Counter(), 0)
        self.book, self._cash = before.book, before.cash
        self._others, self._postings = before.held, before.postings
        self.catch_up()

    def _before(self) -> Standing | None:
        """How the book stood; None where that is not known, or log or ledger are others now."""
        kept = None if self._shelf is None else self._shelf.read()
        found = None if kept is None else taken_up(kept, self._log.entries())
        if found is None or found.postings > self.ledger.head.transfers:
            return None
        return found

    def _attempt(self, items: Sequence[tuple[str, Entry]], known_at: int) -> _Attempt:
        """Take items into the book, as far as they can be."""
        tried = _Attempt([], [], [], None)
        for key, entry in items:
            try:
                each = self._recorded(key, entry, known_at)
            except HeadraceError as trouble:
                return replace(tried, trouble=trouble)
            if isinstance(each, Logged):
                posted = self._step(each)
                tried.posted.extend(posted)
                tried.kept.append(each)
                each = Recorded(key, None, existed=False, number=each.number, posted=len(posted))
            tried.found.append(each)
        return tried

    def _recorded(self, key: str, entry: Entry, known_at: int) -> Recorded | Logged:
        new = logged(self.book.number + 1, key, known_at, entry)
        if key in self.book.ids:
            if self.book.ids[key] != told(new):
                raise InputError(
                    "the id was used before for something else",
                    where=key,
                    remedy="give each event an id of its own, such as the bank's reference",
                )
            return Recorded(key, None, existed=True, number=None)
        refusal = self.book.refusal(entry)
        if refusal is not None:
            return Recorded(key, refusal, existed=False, number=None)
        self._check_cash(entry)
        if isinstance(entry, Moved):
            self._check_moved(entry)
        return new

    def _check_cash(self, entry: Entry) -> None:
        """Nobody lends what the book does not have."""
        event = entry.event if isinstance(entry, Happened) else None
        if isinstance(event, Disburse) and isinstance(entry, Happened):
            needed = self.book.loan(entry.contract).contract.terms.principal
        else:
            needed = event.amount if isinstance(event, Draw) else 0
        if needed > self._cash:
            raise InputError(
                f"the book holds {self._cash:,} minor units of cash, and {needed:,} are to go out",
                where=entry.contract if isinstance(entry, Happened) else "",
                remedy="fund it: headrace book fund",
            )

    def _check_moved(self, entry: Moved) -> None:
        """What is logged must be posted: no account may refuse it."""
        held, cash = self._others.copy(), self._cash
        for each in entry.movements:
            cash += each.amount * ((each.debit == "cash") - (each.credit == "cash"))
            posting = Posting(0, 0, entry.contract, entry.party, each)
            for role, amount in ((each.debit, each.amount), (each.credit, -each.amount)):
                account = self._account(role, posting)
                held[account.id] += amount
                left = cash if role == "cash" else held[account.id]
                if left * LIMITED.get(account.limit, 0) < 0:
                    raise InputError(
                        f"{role} has {abs(left):,} minor units too few for {each.memo}",
                        where=f"{entry.contract}, {entry.part} of {entry.on}",
                        remedy="record first what brought them in",
                    )

    def _step(self, each: Logged) -> list[Posting]:
        posted = self.book.take(each)
        for posting in posted:
            moved = posting.movement
            if posting.contract in self.book.others:
                self._others[self._account(moved.debit, posting).id] += moved.amount
                self._others[self._account(moved.credit, posting).id] -= moved.amount
            self._cash += moved.amount * ((moved.debit == "cash") - (moved.credit == "cash"))
        return posted

    def _take(self, entries: list[Logged]) -> None:
        """Entries that are in the log, of which the first postings may be on the ledger."""
        posted = [posting for each in entries for posting in self._step(each)]
        known = max(self.ledger.head.transfers - self._postings, 0)
        self._postings += min(known, len(posted))
        self._post(posted[known:], entries)

    def _post(self, postings: Sequence[Posting], entries: Sequence[Logged]) -> None:
        """Commit postings, each entry's all or nothing, and close the days that ended."""
        close = max((each.on for each in entries if each.kind == "day_ended"), default=None)
        if not postings and close is None:
            return
        accounts: dict[str, Account] = {}
        transfers = [self._transfer(each, accounts) for each in postings]
        linked = [
            replace(each, linked=True) if posting.entry == after.entry else each
            for each, posting, after in zip(transfers, postings, postings[1:], strict=False)
        ] + transfers[-1:]
        receipt = self.ledger.commit(
            entries[-1].known_at, linked, list(accounts.values()), close=close
        )
        if receipt.refused:
            place, outcome = receipt.refused[0]
            raise EvidenceError(
                f"the ledger refuses a movement of the log: {outcome.requirement}",
                where=transfers[place].id,
                remedy=RESTORE,
            )
        self._postings += len(postings)

    def _transfer(self, posting: Posting, accounts: dict[str, Account]) -> Transfer:
        moved = posting.movement
        debit, credit = (self._account(role, posting) for role in (moved.debit, moved.credit))
        accounts[debit.id], accounts[credit.id] = debit, credit
        return Transfer(
            id=posting.id,
            debit=debit.id,
            credit=credit.id,
            amount=moved.amount,
            on=moved.on,
            currency=moved.currency,
            contract=posting.contract,
            fact=str(posting.entry),
            memo=moved.memo,
        )

    def _account(self, role: str, posting: Posting) -> Account:
        currency = posting.movement.currency
        if role in SHARED:
            return self._chart.account(role, currency=currency)
        return self._chart.account(
            role, contract=posting.contract, party=posting.party, currency=currency
        )
