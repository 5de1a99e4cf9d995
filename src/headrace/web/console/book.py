"""The page *Book*: what was lent, is owed, came in and was lost; classes; cash flow; balance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Request, Response

from headrace.adapters.loan_books import OpenBook
from headrace.adapters.printing.book import FLOWS, STATUS
from headrace.money import MINOR_PER_MAJOR
from headrace.web import loan_views
from headrace.web.api.ledger import Sheet, sheet_of
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.today import Figure
from headrace.web.console.words import Words
from headrace.web.guard import needs
from headrace.web.security.accounts import Principal
from headrace.web.services import Services, services_of
from headrace.workflows.loan_reports import (
    COLUMNS,
    Outcome,
    cash_by_month,
    currency_of,
    outcome,
    promised,
)
from headrace.workflows.supervision import Row
from headrace.workflows.supervision_reports import classes

router = APIRouter(include_in_schema=False)
WAN = 10_000  # major units in which charts count
CAME = ("principal", "interest", "penalty", "fees", "recovered")
EXPECTED = ("expected_principal_minor", "expected_interest_minor", "expected_recovered_minor")
PROMISED = ("principal_minor", "interest_minor")


@dataclass(frozen=True)
class State:
    """A book at one moment.

    Attributes:
        outcome: How it did.
        cash: Money by month.
        expected: What its contracts promise, and what was expected of them, by month.
        currency: Of all money.
        simulated: Whether it is made up.
        head: Hash of the last batch of its ledger.
        transfers: On the ledger.
    """

    outcome: Outcome
    cash: pa.Table
    expected: pa.Table
    currency: str
    simulated: bool
    head: str
    transfers: int


def state_of(services: Services) -> State:
    """The book as it stands now; made once for each state of it."""

    def make(here: OpenBook) -> State:
        desk = here.desk
        contracts = [each.contract for each in desk.book.loans.values()]
        head = desk.ledger.head
        return State(
            outcome(desk),
            cash_by_month(desk),
            promised(contracts),
            currency_of(desk.book),
            here.log.simulated,
            head.hash,
            head.transfers,
        )

    return services.book.made("state", make)


@dataclass(frozen=True)
class ClassLine:
    """A line of the table of classes; `percent` is the length of its bar, 0 to 100."""

    name: str
    text: str
    loans: str
    balance: str
    share: str
    percent: float


@dataclass(frozen=True)
class Month:
    """What came and went in a month, ready to be read; empty where nothing moved."""

    month: str
    cells: tuple[str, ...]


@router.get("/book", name="book_page")
def book_page(request: Request, principal: Annotated[Principal, needs("book")]) -> Response:
    """How the book stands."""
    services, words = services_of(request), words_of(request)
    found = state_of(services)
    report = classes(loan_views.standing(services))
    flows, sheet = _flows(found.cash), sheet_of(services)
    return draw(
        request,
        "book.html",
        principal,
        day=found.outcome.day.isoformat(),
        three=_three(found, words),
        others=_others(found, words),
        classes=[_class_line(row, found.currency, words) for row in report.sections[0].rows],
        heads=[words.of(FLOWS[each]) for each in (*flows, "balance")],
        months=_months(found, flows, words),
        flow_chart=_flow_chart(found, words),
        came=_came(found, words),
        came_chart=_came_chart(found, words),
        sheet=_sheet_rows(sheet, words),
        balanced=sheet.balanced,
        proof=found,
        is_simulated=found.simulated,
    )


def _three(state: State, words: Words) -> tuple[Figure, ...]:
    found, currency = state.outcome, state.currency
    bad = found.bad / found.owed if found.owed else None
    overdue = found.overdue / found.owed if found.owed else None
    return (
        Figure(
            words("book_owed"),
            words.money(found.owed, currency),
            words("book_of_lent", amount=words.money(found.lent, currency)),
        ),
        Figure(
            words("book_overdue"),
            words.share(overdue, 2),
            words.money(found.overdue, currency),
        ),
        Figure(words("book_bad"), words.share(bad, 2), words.money(found.bad, currency)),
    )


def _others(state: State, words: Words) -> tuple[Figure, ...]:
    found = state.outcome

    def money(amount: int) -> str:
        return words.money(amount, state.currency)

    counts = ", ".join(
        f"{words.of(STATUS[name])} {words.count(count)}" for name, count in found.by_status.items()
    )
    drawn = words("book_drawn", drawn=words.count(found.drawn), offered=words.count(found.offered))
    expected = words("book_expected", amount=money(found.expected_drawn))
    lost = words("book_expected", amount=money(found.expected_lost))
    return (
        Figure(words("book_contracts"), drawn, counts),
        Figure(words("book_lent"), money(found.lent), expected),
        Figure(words("book_rate"), words.share(found.rate, 2), words("book_rate_note")),
        Figure(words("book_received"), money(found.received), words("book_received_note")),
        Figure(words("book_lost"), money(found.lost), lost),
        Figure(
            words("book_written_off"),
            money(found.written_off),
            words("book_recovered", amount=money(found.recovered)),
        ),
    )


def _class_line(row: Row, currency: str, words: Words) -> ClassLine:
    loans, _, balance, share = row.cells[:4]
    part = float(share) if isinstance(share, float) else 0.0
    return ClassLine(
        row.name,
        words.of(row.text),
        words.count(int(str(loans))),
        words.money(int(str(balance)), currency),
        words.share(part if share is not None else None),
        round(part * 100, 2),
    )


def _flows(cash: pa.Table) -> tuple[str, ...]:
    """Columns in which something moved."""
    return tuple(name for name in (*COLUMNS, "other") if any(cash[name].to_pylist()))


def _months(found: State, flows: tuple[str, ...], words: Words) -> list[Month]:
    currency = found.currency
    return [
        Month(
            f"{row['month']:%Y-%m}",
            (
                *(words.money(row[name], currency) if row[name] else "" for name in flows),
                words.money(row["balance"], currency),
            ),
        )
        for row in found.cash.to_pylist()
    ]


def _flow_chart(found: State, words: Words) -> Mapping[str, Any]:
    """Money in above the line, money out below it; what owners put in is left out."""
    rows = found.cash.to_pylist()
    series = [
        {
            "type": "bar",
            "stack": "all",
            "name": words.of(FLOWS[name]),
            "data": [_wan(row[name], found.currency) for row in rows],
        }
        for name in _flows(found.cash)
        if name != "funded"
    ]
    return _chart([f"{row['month']:%Y-%m}" for row in rows], series, words)


def _came(found: State, words: Words) -> list[Month]:
    """By month: what was promised, what was expected, what came."""
    return [
        Month(month, tuple(words.money(each, found.currency) for each in amounts))
        for month, amounts in _compared(found)
    ]


def _compared(found: State) -> list[tuple[str, tuple[int, int, int]]]:
    """Promised, expected and come, of the months that have ended."""
    came = {row["month"]: sum(row[name] for name in CAME) for row in found.cash.to_pylist()}
    return [
        (
            f"{row['month']:%Y-%m}",
            (
                sum(row[name] for name in PROMISED),
                sum(row[name] for name in EXPECTED),
                came.get(row["month"], 0),
            ),
        )
        for row in found.expected.to_pylist()
        if row["month"] < found.outcome.day.replace(day=1)
    ]


def _came_chart(found: State, words: Words) -> Mapping[str, Any]:
    compared = _compared(found)
    names = (words("book_promised"), words("book_expected_name"), words("book_came"))
    series = [
        {
            "type": "line",
            "name": name,
            "data": [_wan(amounts[at], found.currency) for _, amounts in compared],
        }
        for at, name in enumerate(names)
    ]
    return _chart([month for month, _ in compared], series, words)


def _chart(months: list[str], series: list[dict[str, Any]], words: Words) -> Mapping[str, Any]:
    return {
        "legend": {"top": 0},
        "grid": {"left": 56, "right": 12, "top": 64, "bottom": 28},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": months},
        "yAxis": {"type": "value", "name": words("book_wan")},
        "series": series,
    }


def _wan(minor: int, currency: str) -> float:
    """Minor units as ten thousands of major ones, for a chart."""
    return round(minor / (MINOR_PER_MAJOR[currency] * WAN), 2)


def _sheet_rows(sheet: Sheet, words: Words) -> list[tuple[str, str, str, bool]]:
    """Kind, name, amount, and whether it is a sum."""
    texts = {
        "asset": words("book_assets"),
        "liability": words("book_liabilities"),
        "equity": words("book_equity"),
        "off_balance": words("book_off_balance"),
    }
    rows = []
    for kind, text in texts.items():
        rows += [
            (text, each.name_zh if words.language == "zh" else each.name_en,
             words.money(each.amount_minor, each.currency), False)
            for each in sheet.lines
            if each.kind == kind
        ]  # fmt: skip
        if kind == "equity":
            rows += [
                (text, words("book_profit"), words.money(amount, currency), False)
                for currency, amount in sheet.profit_minor.items()
            ]
        totals = {
            "asset": sheet.assets_minor,
            "liability": sheet.liabilities_minor,
            "equity": sheet.equity_minor,
        }.get(kind, {})
        rows += [
            (text, words("book_sum_of", kind=text), words.money(amount, currency), True)
            for currency, amount in totals.items()
        ]
    return rows
