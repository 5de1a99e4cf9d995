"""Routes of the API: the ledger of the book. Accounts, balance sheet, postings of one account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request

from headrace.errors import InputError
from headrace.ledger import asof, chart, reports
from headrace.web.api.pages import PAGE, Cursor, position_after
from headrace.web.api.routes import REFUSALS, AfterPage, PageSize
from headrace.web.guard import needs
from headrace.web.loan_views import run_or_none
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import scope_of
from headrace.web.services import Services, services_of

router = APIRouter(prefix="/api/v1", responses=REFUSALS)
OnDay = Annotated[date | None, Query(description="What counts for this day or before; else all")]


@dataclass(frozen=True)
class AccountLine:
    """An account with its totals in minor units; `balance_minor` is debits less credits."""

    account: str
    code: str
    name_en: str
    name_zh: str
    party: str
    contract: str
    currency: str
    debits_minor: int
    credits_minor: int
    balance_minor: int


@dataclass(frozen=True)
class AccountPage:
    """Some accounts, in the order of opening; `next` is None on the last page."""

    items: tuple[AccountLine, ...]
    next: str | None


@dataclass(frozen=True)
class SheetLine:
    """A line of the balance sheet; `kind` is asset, liability, equity or off_balance."""

    kind: str
    code: str
    name_en: str
    name_zh: str
    currency: str
    amount_minor: int


@dataclass(frozen=True)
class Sheet:
    """A balance sheet; totals by currency, equity with the profit not yet closed."""

    as_of: date
    balanced: bool
    assets_minor: dict[str, int]
    liabilities_minor: dict[str, int]
    equity_minor: dict[str, int]
    profit_minor: dict[str, int]
    lines: tuple[SheetLine, ...]


@dataclass(frozen=True)
class PostingLine:
    """A line of an account: a debit or a credit, the other is None; balance after it."""

    entry: int
    id: str
    on: date
    known_at: datetime
    other_account: str
    debit_minor: int | None
    credit_minor: int | None
    balance_minor: int
    backdated: bool
    contract: str
    memo: str


@dataclass(frozen=True)
class PostingPage:
    """Some lines of an account, by day; `next` is None on the last page."""

    account: str
    opening_minor: int
    closing_minor: int
    items: tuple[PostingLine, ...]
    next: str | None


@router.get("/ledger/accounts", name="ledger_accounts")
def accounts(  # noqa: PLR0913, PLR0917 - a parameter for each thing that can be asked
    request: Request,
    principal: Annotated[Principal, needs("loans")],
    as_of: OnDay = None,
    contract: Annotated[str | None, Query(max_length=200)] = None,
    code: Annotated[str | None, Query(max_length=20, description="Of the chart")] = None,
    cursor: AfterPage = None,
    limit: PageSize = PAGE,
) -> AccountPage:
    """Accounts with their totals: the trial balance, a page at a time."""
    services, names = services_of(request), chart.shipped("bank")
    with services.book.inside() as here:
        trial = asof.trial_balance(here.desk.ledger.book, as_of)
        state = f"l{here.desk.ledger.head.transfers}"
    sees = _seeing(services, principal)
    rows = [
        row
        for row in trial.to_pylist()
        if contract in (None, row["contract"])
        and code in (None, row["code"])
        and sees(row["party"])
    ]
    start = position_after(cursor, state)
    lines = tuple(
        AccountLine(
            row["account"], row["code"], names.entry(row["code"]).en, names.entry(row["code"]).zh,
            row["party"], row["contract"], row["currency"], row["debits"], row["credits"],
            row["balance"],
        )
        for row in rows[start : start + limit]
    )  # fmt: skip
    more = start + limit < len(rows)
    return AccountPage(lines, str(Cursor(state, start + limit - 1)) if more else None)


@router.get("/ledger/balance-sheet", name="balance_sheet")
def balance_sheet(
    request: Request, _: Annotated[Principal, needs("book")], as_of: OnDay = None
) -> Sheet:
    """Assets, liabilities, equity, and what is off the balance sheet: sums, no firm."""
    return sheet_of(services_of(request), as_of)


@router.get("/ledger/postings", name="postings")
def postings(
    request: Request,
    principal: Annotated[Principal, needs("loans")],
    account: Annotated[str, Query(min_length=1, max_length=300, description="Id of the account")],
    cursor: AfterPage = None,
    limit: PageSize = PAGE,
) -> PostingPage:
    """What moved an account, line by line."""
    services = services_of(request)
    with services.book.inside() as here:
        book = here.desk.ledger.book
        at = book.numbers.get(account)
        if at is None or not _seeing(services, principal)(book.accounts[at].party):
            raise InputError(
                "there is no such account", where="account", remedy="GET …/ledger/accounts has them"
            )
        found = asof.statement(here.desk.ledger, account, date.min, date.max)
        state = f"l{here.desk.ledger.head.transfers}"
    start = position_after(cursor, state)
    lines = tuple(
        PostingLine(
            row["entry"], row["id"], row["on"], row["known_at"], row["other_account"],
            row["debit"], row["credit"], row["balance"], row["backdated"], row["contract"],
            row["memo"],
        )
        for row in found.lines.slice(start, limit).to_pylist()
    )  # fmt: skip
    more = start + limit < found.lines.num_rows
    further = str(Cursor(state, start + limit - 1)) if more else None
    return PostingPage(account, found.opening, found.closing, lines, further)


def sheet_of(services: Services, as_of: date | None = None) -> Sheet:
    """The balance sheet of the book."""
    with services.book.inside() as here:
        trial = asof.trial_balance(here.desk.ledger.book, as_of)
        day = here.desk.book.day
    assert day is not None  # noqa: S101 - a book in the room has one
    found = reports.balance_sheet(trial, chart.shipped("bank"))
    return Sheet(
        as_of or day,
        found.balanced,
        found.assets,
        found.liabilities,
        found.equity,
        found.profit,
        tuple(SheetLine(*row.values()) for row in found.lines.to_pylist()),
    )


def _seeing(services: Services, principal: Principal) -> Callable[[str], bool]:
    """Whether a party's accounts may be known of; the book's own by everybody who is let in."""
    scope = scope_of(principal)
    run = None if scope.is_all else run_or_none(services)
    regions: Mapping[str, str | None] = {} if run is None else run.regions
    return lambda party: not party or scope.sees(regions.get(party))
