"""The decisions of the run one by one: the page *Decisions*, and the same as a file."""

from dataclasses import dataclass
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import pyarrow as pa
from fastapi import APIRouter, Request, Response

from headrace import packs
from headrace.decisions.lending.decision import Outcome
from headrace.web.api.routes import DecisionLine, all_lines, decisions
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.navigation import firm_at
from headrace.web.console.tables import download
from headrace.web.console.today import reason_text
from headrace.web.console.words import Words
from headrace.web.guard import needs
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import scope_of
from headrace.web.services import services_of

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class FirmLine:
    """One decision as the page shows it; all texts are ready to be read."""

    decision_id: str
    firm: str
    href: str
    industry: str
    outcome: str
    limit: str
    rate: str
    rating: str
    reason: str


@router.get("/decisions", name="decisions_page")
def decisions_page(
    request: Request,
    principal: Annotated[Principal, needs("decisions")],
    outcome: Outcome | None = None,
    cursor: str | None = None,
) -> Response:
    """Decisions one by one, as the API lists them."""
    words = words_of(request)
    listed = decisions(request, principal, outcome, cursor)
    about = services_of(request).run.current().about
    pack = packs.load(about.pack)
    lines = [
        _firm_line(
            each, words, words.of(reason_text(pack, each.reasons[0])) if each.reasons else ""
        )
        for each in listed.items
    ]
    return draw(
        request,
        "decisions.html",
        principal,
        lines=lines,
        further=listed.next,
        kinds=[each.value for each in Outcome],
        chosen=outcome.value if outcome else "",
        is_first=cursor is None,
        is_simulated=about.simulated,
    )


@router.get("/decisions.{kind}", name="decisions_file")
def decisions_file(
    request: Request,
    kind: Literal["xlsx", "csv"],
    principal: Annotated[Principal, needs("decisions")],
    outcome: Outcome | None = None,
) -> Response:
    """All of them as a file for a spreadsheet."""
    words, run = words_of(request), services_of(request).run.current()
    pack = packs.load(run.about.pack)
    lines = all_lines(run, scope_of(principal), outcome)
    columns = {
        "decision_id": [each.decision_id for each in lines],
        "as_of_day": [each.as_of for each in lines],
        "firm_code": [each.party for each in lines],
        "firm": [each.name for each in lines],
        "industry": [each.industry for each in lines],
        "outcome": [words(f"outcome_{each.outcome.value}") for each in lines],
        "limit_minor": [each.limit_minor or None for each in lines],
        "rate": [None if each.rate is None else float(each.rate) for each in lines],
        "rating": [each.rating for each in lines],
        "main_reason": [
            words.of(reason_text(pack, each.reasons[0])) if each.reasons else None for each in lines
        ],
    }
    headings = {name: words(name.removesuffix("_minor")) for name in columns}
    currency = lines[0].currency if lines else "CNY"
    stem = f"decisions-{run.about.moment.astimezone(ZoneInfo(run.about.zone)):%Y-%m-%d}"
    return download(pa.table(columns), headings, stem, kind=kind, currency=currency)


def _firm_line(line: DecisionLine, words: Words, reason: str) -> FirmLine:
    is_offer = line.limit_minor > 0
    return FirmLine(
        decision_id=line.decision_id,
        firm=line.name or line.party,
        href=firm_at(line.party),
        industry=line.industry or "",
        outcome=words(f"outcome_{line.outcome.value}"),
        limit=words.money(line.limit_minor, line.currency) if is_offer else "",
        rate="" if line.rate is None else words.share(line.rate, 2),
        rating=line.rating or "",
        reason=reason,
    )
