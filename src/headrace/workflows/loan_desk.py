"""A book of loans at work: what is recorded is logged first, then posted on the ledger.

The log is durable before the ledger, and every posting has an idempotency key made of its entry.
So whatever a crash leaves undone is done when the book is opened again, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow.compute as pc

from headrace.contracts.lending.events import Disburse, Draw, Refusal
from headrace.errors import EvidenceError, InputError
from headrace.ledger.account import Account
from headrace.ledger.asof import trial_balance
from headrace.ledger.chart import Chart
from headrace.ledger.journal import Ledger
from headrace.ledger.transfer import Transfer
from headrace.workflows.loan_book import LoanBook, Posting
from headrace.workflows.loan_log import Entry, Happened, LoanLog, Logged, logged

SHARED = frozenset(
    {"cash", "capital", "interest_income", "penalty_income", "fee_income", "recovery_income"}
    | {"credit_loss", "memorandum"}
)
"""Roles with one account for the whole book; others have one a contract."""


@dataclass(frozen=True)
class Recorded:
    """What became of something that was to be recorded.

    Attributes:
        id: Its idempotency key.
        refusal: Why it cannot be; None where it stands in the book now.
        existed: Whether it stood there before, with the same content.
        number: Of its entry; None where it was refused.
    """

    id: str
    refusal: Refusal | None
    existed: bool
    number: int | None


class LoanDesk:
    """A book of loans, its log and its ledger.

    Attributes:
        book: The state.
        ledger: Where its movements are posted, and nothing else.
    """

    def __init__(self, log: LoanLog, ledger: Ledger, chart: Chart) -> None:
        """Make the book of its log, and post what a crash left unposted.

        Raises:
            HeadraceError: Log or ledger cannot be read, or the ledger is not that of this log.
        """
        self._log, self._chart = log, chart
        self.ledger = ledger
        self.book = LoanBook()
        self._cash = 0
        self._postings = 0
        self._take(log.entries())

    def record(self, items: Sequence[tuple[str, Entry]], known_at: int) -> list[Recorded]:
        """Record entries in order; those that can be are durable on return.

        Args:
            items: Idempotency key and entry.
            known_at: Now, microseconds since 1970, UTC.

        Raises:
            InputError: A key came before with another content, a contract is not in the book, a
                day is not the book's. Entries before it are recorded.
            HeadraceError: Nothing is acknowledged: open the desk again.
        """
        found: list[Recorded] = []
        kept: list[Logged] = []
        posted: list[Posting] = []
        try:
            for key, entry in items:
                each = self._recorded(key, entry, known_at)
                if isinstance(each, Logged):
                    posted += self._step(each)
                    kept.append(each)
                    found.append(Recorded(key, None, existed=False, number=each.number))
                else:
                    found.append(each)
        finally:
            self._log.append(kept)
            self._post(posted, kept)
        return found

    def account_of(self, role: str, currency: str) -> str:
        """The id of the book's own account of a role."""
        return self._chart.account(role, currency=currency).id

    def debited(self, role: str) -> int:
        """All that was ever debited to a role, minor units."""
        trial = trial_balance(self.ledger.book)
        chosen = pc.equal(trial["code"], self._chart.code(role))
        return pc.sum(trial.filter(chosen)["debits"]).as_py() or 0

    def catch_up(self) -> None:
        """Take in what others wrote to the log since."""
        self._take(self._log.entries(self.book.number))

    def _recorded(self, key: str, entry: Entry, known_at: int) -> Recorded | Logged:
        new = logged(self.book.number + 1, key, known_at, entry)
        told = (new.contract, new.kind, new.on, new.content)
        if key in self.book.ids:
            if self.book.ids[key] != told:
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

    def _step(self, each: Logged) -> list[Posting]:
        posted = self.book.take(each)
        for posting in posted:
            moved = posting.movement
            self._cash += moved.amount * ((moved.debit == "cash") - (moved.credit == "cash"))
        return posted

    def _take(self, entries: list[Logged]) -> None:
        """Entries that are in the log, of which the first postings may be on the ledger."""
        posted = [posting for each in entries for posting in self._step(each)]
        known = max(self.ledger.head.transfers - self._postings, 0)
        self._postings += min(known, len(posted))
        self._post(posted[known:], entries)
        if self.ledger.head.transfers != self._postings:
            raise EvidenceError(
                f"the ledger holds {self.ledger.head.transfers:,} transfers, and the log makes "
                f"{self._postings:,}",
                where="ledger",
                remedy="Restore log and ledger from copies of the same moment",
            )

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
                remedy="Restore log and ledger from copies of the same moment",
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
