"""Pages: firms found by name, a firm from all sides, the facts behind its figures."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pyarrow as pa
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from headrace.adapters.party_facts import kinds_of_parties
from headrace.errors import InputError
from headrace.facts.consent import Readable
from headrace.facts.kinds import INVOICE, KINDS
from headrace.web.api.facts import csv_response
from headrace.web.api.pages import PAGE, Cursor, position_after
from headrace.web.api.parties import PartyLine, firm_of, line_of, parties
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.fact_cells import heading
from headrace.web.console.firm_parts import NEEDS, PARTS, Look, graph_at, left_out
from headrace.web.console.navigation import firm_at
from headrace.web.console.words import Words
from headrace.web.guard import needs
from headrace.web.problems import Refused
from headrace.web.reading import Asked, leave_now, read_facts
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of

ORDER = ("score", "trade", "figures", "relations", "exposure", "contracts", "cases", "evidence")
PROVENANCE = ("id", "source", "purpose", "consent")
HIDDEN = ("row", "party")
router = APIRouter(include_in_schema=False)
PartyCode = Annotated[str, Path(min_length=1, max_length=200)]


@dataclass(frozen=True)
class Listed:
    """A firm in the list, in texts ready to be read."""

    party: str
    href: str
    name: str
    about: str
    outcome: str
    mark: str
    limit: str
    rate: str
    rating: str


@router.get("/firms", name="firms_page")
def firms_page(
    request: Request,
    principal: Annotated[Principal, needs("firms")],
    search: Annotated[str, Query(max_length=100)] = "",
    cursor: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """Firms whose code, name or credit code holds a text."""
    words, run = words_of(request), services_of(request).run.current()
    found = parties(request, principal, search, cursor, PAGE)
    return draw(
        request,
        "firms.html",
        principal,
        search=search,
        total=words.count(found.total),
        firms=[_listed(each, words, _currency(request)) for each in found.items],
        further=urlencode({"search": search, "cursor": found.next}) if found.next else None,
        is_first=cursor is None,
        is_simulated=run.about.simulated,
    )


def _listed(line: PartyLine, words: Words, currency: str) -> Listed:
    about = (each for each in (line.party, line.industry, line.region) if each)
    return Listed(
        party=line.party,
        href=firm_at(line.party),
        name=line.name or line.party,
        about=" · ".join(about),
        outcome=words(f"outcome_{line.outcome.value}") if line.outcome else "",
        mark=_mark(line),
        limit=words.money(line.limit_minor, currency) if line.limit_minor else "",
        rate="" if line.rate is None else words.share(line.rate, 2),
        rating=line.rating or "",
    )


def _mark(line: PartyLine) -> str:
    return {"approve": "good", "refer": "warn"}.get(line.outcome.value if line.outcome else "", "")


def _currency(request: Request) -> str:
    services = services_of(request)
    decisions = services.run.current().decisions
    return decisions[0].currency if decisions else services.workspace.currency


@router.get("/firms/{party}", name="firm_page")
def firm_page(
    request: Request, party: PartyCode, principal: Annotated[Principal, needs("firms")]
) -> Response:
    """A firm from all sides; each part comes by itself, the slow ones keep nobody waiting."""
    look = _look(request, party, principal)
    line = line_of(look.firm.who, look.firm.decision, principal.user.roles)
    decision = look.firm.decision
    return draw(
        request,
        "firm.html",
        principal,
        firm=_listed(line, look.words, look.currency),
        line=line,
        default=look.words.share(decision.pd) if decision and decision.pd is not None else "",
        day=decision.as_of.isoformat() if decision else "",
        parts=_parts(principal),
        here_path=firm_at(party),
        graph_path=graph_at(party),
        part_path={name: _part_at(look, name) for name in _parts(principal)},
        kinds=_kinds(look),
        is_simulated=look.firm.firms.run.about.simulated,
    )


@router.get("/firms/{party}/part/{part}", name="firm_part")
def firm_part(
    request: Request,
    party: PartyCode,
    part: Annotated[str, Path(max_length=40)],
    principal: Annotated[Principal, needs("firms")],
) -> Response:
    """A part of a firm's page: a fragment where a page loads it, else a page of its own."""
    if part not in PARTS or NEEDS.get(part, "firms") not in principal.may:
        raise Refused(404, "There is no such part of a firm's page")
    look = _look(request, party, principal)
    is_fragment = request.headers.get("hx-request") == "true"
    return draw(
        request,
        f"firm_{part}.html" if is_fragment else "firm_part.html",
        principal,
        part=part,
        name=look.firm.who.name or party,
        here_path=firm_at(party),
        is_simulated=look.firm.firms.run.about.simulated,
        **PARTS[part](look),
    )


@dataclass(frozen=True)
class Wanted:
    """Which facts a page shows: of a kind, of a month of it, or behind a figure."""

    kind: Annotated[str, Query(max_length=40)] = INVOICE.kind
    month: Annotated[str, Query(max_length=7)] = ""
    feature: Annotated[str, Query(max_length=80)] = ""
    cursor: Annotated[str | None, Query(max_length=64)] = None

    def query(self, **more: str) -> str:
        """As a query of an address."""
        told = {"kind": self.kind, "month": self.month, "feature": self.feature} | more
        return urlencode({name: text for name, text in told.items() if text})


@router.get("/firms/{party}/facts", name="firm_facts")
def firm_facts(
    request: Request,
    party: PartyCode,
    principal: Annotated[Principal, needs("firms")],
    wanted: Annotated[Wanted, Depends()],
) -> Response:
    """The facts of a kind about a firm, or those behind one of its figures; newest first."""
    look = _look(request, party, principal)
    found = _wanted(look, wanted)
    state = f"{look.firm.firms.run.digest}{found.facts.num_rows}"
    start = position_after(wanted.cursor, state)
    shown = found.facts.slice(start, PAGE)
    further = start + PAGE < found.facts.num_rows
    onward = wanted.query(cursor=str(Cursor(state, start + PAGE - 1)))
    return draw(
        request,
        "firm_facts.html",
        principal,
        name=look.firm.who.name or party,
        here_path=firm_at(party),
        wanted=wanted,
        kinds=_kinds(look),
        heads=[heading(each, look.words) for each in shown.column_names],
        rows=_rows(shown, look),
        count=look.words.count(found.facts.num_rows),
        behind=_feature_text(look, wanted.feature),
        left_out=left_out(look.words, found.of_purpose, found.of_consent),
        csv_path=f"{firm_at(party)}/facts.csv?{wanted.query()}",
        further=f"{firm_at(party)}/facts?{onward}" if further else None,
        is_simulated=look.firm.firms.run.about.simulated,
    )


@router.get("/firms/{party}/facts.csv", name="firm_facts_csv")
def firm_facts_csv(
    request: Request,
    party: PartyCode,
    principal: Annotated[Principal, needs("firms")],
    wanted: Annotated[Wanted, Depends()],
) -> Response:
    """The same facts for a spreadsheet, amounts in minor units."""
    found = _wanted(_look(request, party, principal), wanted)
    return csv_response(found.facts, f"{wanted.feature or wanted.kind}.csv")


def _wanted(look: Look, wanted: Wanted) -> Readable:
    if wanted.feature:
        found = look.firm.firms.behind(look.party, wanted.feature, leave_now(look.services))
        return Readable(found.sort_by([("day", "descending"), ("id", "ascending")]))
    since, until = _span(wanted.month, look.firm.firms.run.about.zone)
    asked = Asked(look.party, since, until)
    found = read_facts(look.services, look.principal, wanted.kind, asked)
    facts = found.facts.sort_by([("event_time", "descending"), ("id", "ascending")])
    own = [name for name in facts.column_names if name not in (*PROVENANCE, *HIDDEN)]
    filled = [name for name in own if facts[name].null_count < facts.num_rows or not len(facts)]
    return Readable(facts.select([*filled, *PROVENANCE]), found.of_purpose, found.of_consent)


def _span(month: str, zone: str) -> tuple[datetime | None, datetime | None]:
    """A month of a zone as a span; none where no month is asked for.

    Raises:
        InputError: It is no month.
    """
    if not month:
        return None, None
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=ZoneInfo(zone))
        year, next_month = first.year + first.month // 12, first.month % 12 + 1
        return first, first.replace(year=year, month=next_month)
    except ValueError as error:
        raise InputError("this is no month", where="month", remedy="as 2026-06") from error


def _look(request: Request, party: str, principal: Principal) -> Look:
    services = services_of(request)
    return Look(services, principal, firm_of(services, principal, party), words_of(request))


def _parts(principal: Principal) -> tuple[str, ...]:
    return tuple(each for each in ORDER if NEEDS.get(each, "firms") in principal.may)


def _part_at(look: Look, part: str) -> str:
    if part == "relations":
        return f"/graph/small?{urlencode({'party': look.party})}"
    return f"{firm_at(look.party)}/part/{part}"


def _kinds(look: Look) -> list[tuple[str, str]]:
    zh = look.words.language == "zh"
    first = sorted(kinds_of_parties(), key=lambda each: each != INVOICE.kind)
    return [(each, KINDS[each].zh if zh else each.replace("_", " ")) for each in first]


def _feature_text(look: Look, name: str) -> str:
    if not name:
        return ""
    known = {each.name: each for each in look.pack.features}
    if name not in known:
        return name
    return known[name].zh if look.words.language == "zh" else known[name].en


def _rows(facts: pa.Table, look: Look) -> list[list[tuple[str, str]]]:
    """Cells with the name of a style."""
    names = facts.column_names
    styles = [_style(name) for name in names]
    columns = [[look.cell(each, name) for each in facts[name].to_pylist()] for name in names]
    return [list(zip(each, styles, strict=True)) for each in zip(*columns, strict=True)]


def _style(name: str) -> str:
    if name.endswith("_minor"):
        return "number"
    return "code" if name in PROVENANCE else ""
