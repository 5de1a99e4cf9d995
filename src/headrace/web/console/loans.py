"""Pages of loans: the list with its filters, and one loan with all about it and acts on it."""

import secrets
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

import pyarrow as pa
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from headrace.adapters.printing.book import GRADES, STATUS, WORDS
from headrace.adapters.stores.payout import StateError
from headrace.contracts.lending.account import Status
from headrace.contracts.lending.owed import Quote
from headrace.contracts.lending.terms import METHOD_WORDS, Method
from headrace.errors import HeadraceError, InputError
from headrace.money import format_minor
from headrace.pack import Text
from headrace.web import loan_views, payouts
from headrace.web.api.loans import ContractId, amount_in
from headrace.web.api.reports import report_of
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.loan_words import (
    EVENT_TEXTS,
    LIST_HEADS,
    PART_TEXTS,
    PARTS,
    day_of,
    given_in,
    loan_href,
    loan_shown,
    payout_shown,
    wrong_text,
)
from headrace.web.console.tables import download
from headrace.web.console.words import Words
from headrace.web.guard import field_of, form_of, needs
from headrace.web.loan_views import ContractLine, Listed, Single
from headrace.web.payouts import RefusedError
from headrace.web.problems import problem_of
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import scope_of
from headrace.web.services import Services, services_of
from headrace.workflows.loan_log import EVENTS
from headrace.workflows.loan_requests import ALONE, TOGETHER

router = APIRouter(include_in_schema=False)
SEE_OTHER = 303
PAGE = 50


@dataclass(frozen=True)
class Filter:
    """Which loans of the list; empty: any. A report's row is named `report/section/row`."""

    grade: Annotated[str, Query(max_length=20)] = ""
    status: Annotated[str, Query(max_length=20)] = ""
    party: Annotated[str, Query(max_length=100)] = ""
    row: Annotated[str, Query(max_length=120)] = ""

    def query(self, **more: object) -> str:
        """As the query of an address."""
        given = vars(self) | more
        return urlencode({name: value for name, value in given.items() if value})


@dataclass(frozen=True)
class Happening:
    """Something that happened to a loan, ready to be read."""

    on: str
    what: str
    amount: str
    entry: str
    key: str


@router.get("/book/loans", name="loans_page")
def loans_page(
    request: Request,
    principal: Annotated[Principal, needs("loans")],
    chosen: Annotated[Filter, Depends()],
    page: Annotated[int, Query(ge=1, le=10**6)] = 1,
) -> Response:
    """Loans of the book, those longest overdue first."""
    services, words = services_of(request), words_of(request)
    found = loan_views.listed(services)
    rows, title = _chosen(services, found, principal, chosen, words)
    pages = max(-(-len(rows) // PAGE), 1)
    shown = rows[(page - 1) * PAGE : page * PAGE]
    return draw(
        request,
        "loans.html",
        principal,
        lines=[loan_shown(each, words) for each in shown],
        chosen=chosen,
        title=title,
        grades=[(name, words.of(text)) for name, text in GRADES.items()],
        statuses=[(name, words.of(text)) for name, text in STATUS.items()],
        summary=words("book_loans_found", n=words.count(len(rows)), owed=_owed(rows, words)),
        before=f"/book/loans?{chosen.query(page=page - 1)}" if page > 1 else "",
        after=f"/book/loans?{chosen.query(page=page + 1)}" if page < pages else "",
        files=[(kind.upper(), f"/book/loans.{kind}?{chosen.query()}") for kind in ("xlsx", "csv")],
        day=found.day.isoformat(),
        is_simulated=found.simulated,
    )


@router.get("/book/loans.{kind}", name="loans_file")
def loans_file(
    request: Request,
    kind: Literal["xlsx", "csv"],
    principal: Annotated[Principal, needs("loans")],
    chosen: Annotated[Filter, Depends()],
) -> Response:
    """The list, for Excel."""
    services, words = services_of(request), words_of(request)
    found = loan_views.listed(services)
    rows, _ = _chosen(services, found, principal, chosen, words)
    table = pa.Table.from_pylist([vars(each) for each in rows], LIST_FILE)
    headings = {name: words.of(text) for name, text in LIST_HEADS.items()}
    currency = rows[0].currency if rows else "CNY"
    return download(table, headings, f"loans-{found.day}", kind=kind, currency=currency)


LIST_FILE = pa.schema(
    [
        ("contract", pa.string()), ("party", pa.string()), ("name", pa.string()),
        ("industry", pa.string()), ("region", pa.string()), ("status", pa.string()),
        ("grade", pa.string()), ("currency", pa.string()), ("principal_minor", pa.int64()),
        ("owed_minor", pa.int64()), ("due_minor", pa.int64()), ("overdue_days", pa.int64()),
        ("accrued_minor", pa.int64()), ("allowance_minor", pa.int64()),
        ("rate", pa.decimal128(12, 10)), ("start", pa.date32()), ("next_due", pa.date32()),
    ]
)  # fmt: skip


@router.get("/book/loans/{contract}", name="loan_page")
def loan_page(
    request: Request,
    contract: ContractId,
    principal: Annotated[Principal, needs("loans")],
    on: str = "",
    done: str = "",
) -> Response:
    """One loan: terms, what is to come, what happened, what clears it, and what can be done."""
    return _drawn(request, contract, principal, on=on, done=done)


@router.post("/book/loans/{contract}/acts", name="loan_act")
async def loan_act(
    request: Request, contract: ContractId, principal: Annotated[Principal, needs("payout")]
) -> Response:
    """Record an act, or ask a second person for it; then back to the loan."""
    form = await form_of(request)
    return await run_in_threadpool(_acted, request, contract, principal, form)


def _acted(request: Request, contract: str, principal: Principal, form: FormData) -> Response:
    services = services_of(request)
    currency = loan_views.single(services, contract, principal).line.currency
    key = field_of(form, "reference").strip() or field_of(form, "key")
    try:
        given = given_in(form, currency)
        if given.act in TOGETHER:
            payouts.ask(services, contract, given, key, principal.user.name)
            done = "asked"
        else:
            payouts.act(services, contract, given, key)
            done = "recorded"
    except (InputError, RefusedError, StateError) as error:
        return _drawn(request, contract, principal, error=error, form=form)
    return RedirectResponse(f"{loan_href(contract)}?done={done}", SEE_OTHER)


def _drawn(  # noqa: PLR0913 - what was typed stays on the page when it is drawn again
    request: Request,
    contract: str,
    principal: Principal,
    *,
    on: str = "",
    done: str = "",
    error: HeadraceError | None = None,
    form: FormData | None = None,
) -> Response:
    services, words = services_of(request), words_of(request)
    found = loan_views.single(services, contract, principal)
    try:
        quoted = found.quote(day_of(on, "on"))
    except InputError as wrong:
        quoted, error = found.quote(None), wrong
    status = 200 if error is None else problem_of(error).status
    typed = {name: field_of(form, name) for name in (form or ())} if form else {}
    return draw(
        request,
        "loan.html",
        principal,
        status=status,
        line=loan_shown(found.line, words),
        facts=_facts(found, words),
        quoted=None if quoted is None else _clearing(quoted, found.line.currency, words),
        quote_on=found.day.isoformat() if quoted is None else quoted.on.isoformat(),
        day=found.day.isoformat(),
        rows=_rows(found),
        happened=_happened(found, words),
        asked=[
            payout_shown(each, words)
            for each in services.payouts.payouts(contract=contract, count=20)
        ],
        alone=_acts(found, words, together=False),
        together=_acts(found, words, together=True),
        typed=typed,
        key=secrets.token_hex(8),
        wrong="" if error is None else wrong_text(error, words, found.day),
        done={"asked": words("book_asked"), "recorded": words("book_recorded")}.get(done, ""),
        start_note=_start_note(found, words),
        is_simulated=found.simulated,
    )


def _chosen(
    services: Services, found: Listed, principal: Principal, chosen: Filter, words: Words
) -> tuple[tuple[ContractLine, ...], str]:
    """The lines that a filter leaves, and what the row of a report is called that it names."""
    among, title = None, ""
    if chosen.row:
        name, _, rest = chosen.row.partition("/")
        section, _, row_name = rest.partition("/")
        report = report_of(services, name)
        row = report.row(section, row_name)
        among = frozenset(row.contracts) if row else frozenset()
        title = f"{words.of(report.text)}: {words.of(row.text)}" if row else ""
    rows = found.chosen(
        scope_of(principal),
        grade=chosen.grade or None,
        status=chosen.status or None,
        party=chosen.party.strip() or None,
        among=among,
    )
    return rows, title


def _owed(rows: tuple[ContractLine, ...], words: Words) -> str:
    """What is owed in all, by currency."""
    sums: Counter[str] = Counter()
    for each in rows:
        sums[each.currency] += each.owed_minor
    return ", ".join(words.money(sums[name], name) for name in sorted(sums)) or "0"


def _facts(found: Single, words: Words) -> list[tuple[str, str]]:
    line, terms = found.line, found.loan.contract.terms
    zh, en = METHOD_WORDS[terms.method]
    penalty = words(
        "book_penalty_terms",
        overdue=words.share(terms.penalty.overdue_markup, 0),
        grace=terms.penalty.grace_days,
    )

    def money(amount: int) -> str:
        return format_minor(amount, line.currency)

    return [
        (words("book_firm"), f"{line.name or ''} {line.party}".strip()),
        (words("book_contract"), line.contract),
        (words("book_decision"), found.loan.contract.decision_id),
        (words("book_agreed"), money(line.principal_minor)),
        (words("book_loan_rate"), words.share(line.rate, 2)),
        (words("book_method"), zh if words.language == "zh" else en),
        (words("book_start"), line.start.isoformat()),
        (words("book_penalty"), penalty),
        (words("book_owed"), money(line.owed_minor)),
        (words("book_due_now"), money(line.due_minor)),
        (words("book_accrued"), money(line.accrued_minor)),
        (words("book_suspended"), money(found.loan.account.interest_suspended)),
        (words("book_allowance"), money(line.allowance_minor)),
    ]


def _clearing(quoted: Quote, currency: str, words: Words) -> tuple[list[tuple[str, str]], str]:
    """Parts that are not nothing, and the sum."""
    parts = [(words.of(PART_TEXTS[name]), getattr(quoted, name)) for name in PARTS]
    parts.append((words.of(WORDS["deposit"]), -quoted.deposit))
    told = [(name, format_minor(amount, currency)) for name, amount in parts if amount]
    return told, format_minor(quoted.total, currency)


def _rows(found: Single) -> list[tuple[str, ...]]:
    currency = found.line.currency

    def plain(minor: int) -> str:
        return format_minor(minor, currency) if minor else ""

    return [
        (
            str(row.number),
            row.pay_on.isoformat(),
            *(plain(each) for each in (row.principal, row.interest, row.fee, row.payment)),
        )
        for row in found.rows
    ]


def _happened(found: Single, words: Words) -> list[Happening]:
    rows = []
    for each in reversed(found.happened):
        amount = amount_in(each.content) if each.kind in EVENTS else None
        told = EVENT_TEXTS.get(each.kind, Text(each.kind, each.kind))
        money = "" if amount is None else format_minor(amount, found.line.currency)
        rows.append(
            Happening(each.on.isoformat(), words.of(told), money, str(each.number), each.id)
        )
    return rows


def _acts(found: Single, words: Words, *, together: bool) -> list[tuple[str, str]]:
    """Acts that a loan in this state may come to."""
    by_status = {
        Status.AGREED: ("disburse",),
        Status.OPEN: tuple(
            each for each in (*ALONE, *TOGETHER) if each not in ("disburse", "recover")
        ),
        Status.CLOSED: ("repay", "refund"),
        Status.WRITTEN_OFF: ("recover", "refund"),
    }
    wanted = TOGETHER if together else ALONE
    account = found.loan.account
    senseless = {
        "draw": account.terms.method is not Method.ANY_DAY,
        "refund": not account.deposit,
        "subsidise": account.terms.subsidy is None,
    }
    names = [
        each
        for each in by_status[account.status]
        if each in wanted and not senseless.get(each, False)
    ]
    return [(each, words.of(wanted[each])) for each in names]


def _start_note(found: Single, words: Words) -> str:
    """Why a signed loan cannot be paid out on the book's day; empty where it can."""
    start = found.loan.contract.terms.start
    if found.loan.account.status is not Status.AGREED or start == found.day:
        return ""
    name = "book_starts_later" if start > found.day else "book_start_passed"
    return words(name, start=start.isoformat(), day=found.day.isoformat())
