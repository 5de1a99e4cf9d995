"""Acts on contracts of trade, booked on a ledger: what waits for a payee is held, and paid once.

Money that is drawn for a payee stands in `controlled_payment`, and the same amount of cash is held
(冻结): nobody can draw or pay it again, in this sheet or in another one on the same ledger. Paying
posts the hold (扣划), giving the draw up voids it (解冻). Each act is one linked group, durable
before the next one is looked at, and carries its idempotency key as its fact.

Ids count the acts of a contract: its third act has one place on the ledger, whoever books it. So
the same sheet again books only what is not there yet, and of two sheets that tell a contract
differently, or are run at the same time, only one is believed.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import Any

import numpy as np

from headrace.contracts.movements import Movement
from headrace.ledger.account import Account
from headrace.ledger.asof import Balance, balance
from headrace.ledger.chart import Chart
from headrace.ledger.drafting import linked
from headrace.ledger.journal import Ledger
from headrace.ledger.outcome import DIFFERENCES, WORDS_ZH, Outcome
from headrace.ledger.transfer import Kind, Transfer
from headrace.money import format_minor
from headrace.pack import Text
from headrace.workflows.desk_rows import Sheet
from headrace.workflows.trade_acts import FUND, Booking, Refused, Trade, key_of

WAITING, CASH = "controlled_payment", "cash"
SHARED = frozenset({CASH, "capital", "fee_income_deferred", "fee_expense"})
"""Roles with one account for the whole ledger; others have one a contract."""

PASSED_OVER = Refused(
    "passed_over",
    Text(
        "not booked when later acts were: add it at the end, with a key of its own",
        "后续操作记账时未办理；如需办理，请在表末以新幂等键追加",
    ),
)
OTHER_CONTRACT = Refused(
    "other_contract",
    Text("the number is another party's on the ledger", "该编号在账本中属于其他当事人"),
)
BOOKED_OTHERWISE = Refused(
    "booked_otherwise",
    Text("another act of the contract is booked in its place", "账本中该合同此处已记其他操作"),
)
NO_CASH = Text("not enough free cash on the ledger: {}", "账上可用资金不足，可用 {}")


@dataclass(frozen=True)
class Acts:
    """What a sheet is known by on a ledger.

    Attributes:
        name: Of the kind of sheet: ids begin with it.
        keys: Idempotency key of each act, in order.
        contracts: Numbers of the contracts that the acts are about.
    """

    name: str
    keys: Sequence[str]
    contracts: Collection[str]


def acts_of(trade: Trade[Any], sheet: Sheet) -> Acts:
    """What a sheet of acts is known by."""
    numbers = dict.fromkeys(row.get(trade.subject, "") for row in sheet.rows)
    return Acts(trade.name, [key_of(row) for row in sheet.rows], numbers.keys() - {""})


@dataclass(frozen=True)
class Booked:
    """What a sheet left on a ledger.

    Attributes:
        new: Transfers that it booked.
        there: Transfers that an earlier run of it had booked.
        cash: On the ledger by currency, minor units, with what is held.
        held: Of it, for payees.
    """

    new: int
    there: int
    cash: dict[str, int]
    held: dict[str, int]


class TradeLedger:
    """Books the acts of one sheet, in order; `post` is a `trade_acts.Post`.

    Attributes:
        new: Transfers that were booked so far.
        there: Transfers that were there before.
    """

    def __init__(self, ledger: Ledger, chart: Chart, acts: Acts, known_at: int) -> None:
        """Look where an earlier run of the sheet ended.

        Args:
            ledger: Where to; others may write to it.
            chart: Which account plays which role.
            acts: Of the sheet.
            known_at: Now, microseconds since 1970, UTC.
        """
        self._ledger, self._chart, self._name = ledger, chart, acts.name
        self._known_at = known_at
        # What an earlier run booked, in the order of booking: entry, and last place in the sheet.
        last = {key: place for place, key in enumerate(acts.keys)}
        there = sorted((entry, key) for key, entry in self._there(acts).items())
        self._to_come = {key: (entry, last.get(key, -1)) for entry, key in there}
        self._counts: Counter[str] = Counter()
        self._holds: dict[str, str] = {}
        self.new = self.there = 0

    def post(self, booking: Booking) -> Refused | None:
        """Book an act, durably and whole; or say why it cannot be.

        Raises:
            HeadraceError: The ledger cannot be written; nothing of the act is acknowledged.
        """
        if self._passed_over(booking):
            return PASSED_OVER
        before = self._entry(self._id(booking, 0)) is not None
        accounts: dict[str, Account] = {}
        group = self._group(booking, accounts)
        if any(self._is_another(each) for each in accounts.values()):
            return OTHER_CONTRACT
        short = None if before else self._short(group)
        if short is not None:
            return short
        # Where something else is booked in its place no account is opened: it will be refused.
        opened = [] if before else list(accounts.values())
        receipt = self._ledger.commit(self._known_at, group, opened)
        if receipt.refused:  # another writer may have been first, and held the cash
            outcomes = [outcome for _, outcome in receipt.refused]
            return (None if before else self._short(group)) or _refused(outcomes)
        for each in group:
            if each.kind is Kind.HOLD:
                self._holds[booking.contract] = each.id
        self._counts[booking.contract] += 1
        self._to_come.pop(booking.key, None)
        if before:
            self.there += len(group)
        else:
            self.new += len(group)
        return None

    def contradicted(self) -> list[str]:
        """Keys of acts that are booked for the contracts of the sheet, and that it did not do.

        Empty, after all acts, unless the sheet was changed, or told elsewhere in another way.
        """
        return list(self._to_come)

    def booked(self) -> Booked:
        """What is on the ledger now."""
        cash: dict[str, int] = {}
        held: dict[str, int] = {}
        code = self._chart.code(CASH)
        for account in self._ledger.book.accounts:
            if account.code == code:
                found = balance(self._ledger.book, account.id)
                currency = account.currency
                cash[currency] = cash.get(currency, 0) + found.debit
                held[currency] = held.get(currency, 0) + found.credits_held
        return Booked(self.new, self.there, cash, held)

    def _group(self, booking: Booking, accounts: dict[str, Account]) -> tuple[Transfer, ...]:
        """The transfers of an act: what it moves, and what it holds, posts or voids."""
        found: list[Transfer] = []
        held = self._holds.get(booking.contract, "")

        def add(move: Movement, kind: Kind, refers_to: str = "") -> None:
            debit, credit = (self._account(role, booking, move) for role in _roles(move))
            accounts[debit.id], accounts[credit.id] = debit, credit
            found.append(
                Transfer(
                    id=self._id(booking, len(found)),
                    debit=debit.id,
                    credit=credit.id,
                    amount=move.amount if kind in (Kind.POST, Kind.HOLD) else None,
                    on=move.on,
                    currency=move.currency,
                    kind=kind,
                    refers_to=refers_to,
                    contract=booking.contract,
                    fact=booking.key,
                    memo=move.memo,
                )
            )

        for move in booking.movements:
            to_payee = replace(move, debit=WAITING, credit=CASH)
            if move == to_payee:
                add(move, Kind.POST_HOLD, held)
                continue
            if move.debit == WAITING:
                add(to_payee, Kind.VOID_HOLD, held)
            add(move, Kind.POST)
            if move.credit == WAITING:
                add(to_payee, Kind.HOLD)
        return linked(found)

    def _account(self, role: str, booking: Booking, move: Movement) -> Account:
        if role in SHARED:
            return self._chart.account(role, currency=move.currency)
        return self._chart.account(
            role, contract=booking.contract, party=booking.party, currency=move.currency
        )

    def _is_another(self, account: Account) -> bool:
        book = self._ledger.book
        number = book.numbers.get(account.id)
        return number is not None and book.accounts[number] != account

    def _short(self, group: Sequence[Transfer]) -> Refused | None:
        """Why the group lacks cash; the ledger would say so too, but would open its accounts."""
        currency = group[0].currency
        cash = self._chart.account(CASH, currency=currency).id
        moves = [each for each in group if each.kind in (Kind.POST, Kind.HOLD)]
        wanted = sum(
            (each.amount or 0) * ((each.credit == cash) - (each.debit == cash)) for each in moves
        )
        book = self._ledger.book
        found = balance(book, cash) if cash in book.numbers else Balance(0, 0)
        free = found.debit - found.credits_held
        if wanted <= free or wanted <= 0:
            return None
        told = format_minor(free, currency)
        return Refused("not_enough_cash", Text(NO_CASH.en.format(told), NO_CASH.zh.format(told)))

    def _passed_over(self, booking: Booking) -> bool:
        """Whether an act further down was booked before this one could be, so it was refused."""
        mine = self._to_come.get(booking.key)
        earlier = takewhile(lambda each: mine is None or each < mine, self._to_come.values())
        return any(booking.place < place for _, place in earlier)

    def _there(self, acts: Acts) -> dict[str, int]:
        """Keys of acts that stand on the ledger, with the entry that each begins with."""
        found: dict[str, int] = {}
        for key in acts.keys:
            entry = self._entry(f"{self._name}:{key}:{FUND}:0")
            if entry is not None:
                found[key] = entry
        entries = [each for contract in acts.contracts for each in self._chain(contract)]
        if entries:
            keys = self._ledger.originals(np.array(entries)).texts["fact"].to_pylist()
            found |= dict(zip(keys, entries, strict=True))
        return found

    def _chain(self, contract: str) -> Iterator[int]:
        """The entries with which the acts of a contract begin, in order."""
        for number in count():
            entry = self._entry(f"{self._name}:{contract}:{number}:0")
            if entry is None:
                return
            yield entry

    def _entry(self, transfer: str) -> int | None:
        return self._ledger.book.entry_of(transfer)

    def _id(self, booking: Booking, place: int) -> str:
        """By what number of act of its contract it is; money put in, by its key."""
        if not booking.contract:
            return f"{self._name}:{booking.key}:{FUND}:{place}"
        return f"{self._name}:{booking.contract}:{self._counts[booking.contract]}:{place}"


def _refused(outcomes: Sequence[Outcome]) -> Refused:
    why = next(each for each in outcomes if each != Outcome.GROUP_MUST_HOLD_AS_A_WHOLE)
    if why in DIFFERENCES.values() or why is Outcome.GROUP_MUST_BE_WHOLLY_NEW_OR_REPEATED:
        return BOOKED_OTHERWISE
    return Refused(why.name.lower(), Text(why.requirement, WORDS_ZH[why]))


def _roles(move: Movement) -> tuple[str, str]:
    return move.debit, move.credit
