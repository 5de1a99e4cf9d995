"""The life of one loan, step by step: decision, contract, payouts, postings, class."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from headrace.adapters.loan_books import OpenBook
from headrace.adapters.stores.application import Kept
from headrace.adapters.stores.payout import Payout
from headrace.decisions.lending.decision import Decision
from headrace.ledger import asof, chart
from headrace.pack import Text
from headrace.web import loan_views
from headrace.web.loan_views import Single
from headrace.web.run_folder import Run
from headrace.web.security.accounts import Principal
from headrace.web.services import Services
from headrace.workflows.loan_log import Logged

ENTRY = "loan-"
"""The id of a posting begins so; the number of its log entry and its place follow."""


@dataclass(frozen=True)
class Posted:
    """A transfer on the ledger; accounts by the chart's names, money in minor units."""

    id: str
    on: date
    known_at: datetime
    debit: Text
    credit: Text
    amount_minor: int
    memo: str


@dataclass(frozen=True)
class Night:
    """What the nights of a month posted by themselves: interest, what fell due, allowances."""

    month: date
    posted: tuple[Posted, ...]


@dataclass(frozen=True)
class Act:
    """Something that was recorded, the payout it rests on, and what it posted.

    `payout` is None where one person recorded it.
    """

    entry: Logged
    payout: Payout | None
    posted: tuple[Posted, ...]


@dataclass(frozen=True)
class Trace:
    """A loan's life.

    Attributes:
        loan: How it stands.
        run: Whose facts it was decided by; None: there is none now.
        decided: By the run; None: by an application, or by a run that is not here any more.
        application: By which it was decided; None: by a run.
        acts: What was recorded about it, in order.
        nights: What happened by itself, by month.
        asked: Payouts that are open or were rejected.
    """

    loan: Single
    run: Run | None
    decided: Decision | None
    application: Kept | None
    acts: tuple[Act, ...]
    nights: tuple[Night, ...]
    asked: tuple[Payout, ...]


def trace(services: Services, contract: str, principal: Principal) -> Trace:
    """The life of a loan, as far as it is known here.

    Raises:
        Refused: There is no such contract, or its borrower may not be known of.
    """
    found = loan_views.single(services, contract, principal)
    decision_id, run = found.loan.contract.decision_id, loan_views.run_or_none(services)
    at = None if run is None else run.positions.get(decision_id)
    with services.book.inside() as here:
        by_entry = _posted(here, contract)
    payouts = {each.id: each for each in services.payouts.payouts(contract=contract, count=500)}
    acts = tuple(
        Act(each, payouts.get(each.id), by_entry.pop(each.number, ())) for each in found.happened
    )
    done = {each.entry.id for each in acts}
    return Trace(
        loan=found,
        run=run,
        decided=None if run is None or at is None else run.decisions[at],
        application=services.apply.store.one(decision_id) if at is None else None,
        acts=acts,
        nights=_nights(by_entry.values()),
        asked=tuple(each for name, each in payouts.items() if name not in done),
    )


def _posted(here: OpenBook, contract: str) -> dict[int, tuple[Posted, ...]]:
    """Transfers on a contract's accounts by the number of their log entry, each once."""
    book, names = here.desk.ledger.book, chart.shipped("bank")

    def named(account: str) -> Text:
        entry = names.entry(book.accounts[book.number_of(account)].code)
        return Text(entry.en, entry.zh)

    found: dict[str, Posted] = {}
    for account in [each.id for each in book.accounts if each.contract == contract]:
        lines = asof.statement(here.desk.ledger, account, date.min, date.max).lines
        for row in lines.to_pylist():
            sides = (account, row["other_account"])
            debit, credit = sides if row["debit"] is not None else sides[::-1]
            amount = row["credit"] if row["debit"] is None else row["debit"]
            found[row["id"]] = Posted(
                row["id"], row["on"], row["known_at"], named(debit), named(credit), amount,
                row["memo"],
            )  # fmt: skip
    by_entry: dict[int, list[Posted]] = defaultdict(list)
    for each in sorted(found.values(), key=lambda one: _place(one.id)):
        by_entry[_place(each.id)[0]].append(each)
    return {number: tuple(posted) for number, posted in by_entry.items()}


def _place(transfer: str) -> tuple[int, int]:
    """Log entry and place of a posting."""
    number, _, place = transfer.removeprefix(ENTRY).partition(".")
    return int(number), int(place)


def _nights(posted: Iterable[tuple[Posted, ...]]) -> tuple[Night, ...]:
    months: dict[date, list[Posted]] = defaultdict(list)
    for several in posted:
        for each in several:
            months[each.on.replace(day=1)].append(each)
    return tuple(Night(month, tuple(months[month])) for month in sorted(months))
