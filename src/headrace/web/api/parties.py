"""Routes of the API: firms found by name, and everything about one."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import TypeAdapter

from headrace import packs
from headrace.decisions.lending.decision import Decision, Outcome
from headrace.errors import HeadraceError, InputError
from headrace.facts.kinds import EXPOSURE, PARTY
from headrace.facts.localtime import microseconds
from headrace.graph.groups.limits import Capital
from headrace.graph.relations.positions import standing_exposures
from headrace.web.api.facts import ARROW, FactPage, arrow_response, page_of, span_of
from headrace.web.api.graph_answers import Group, group_of
from headrace.web.api.pages import PAGE, Cursor, position_after
from headrace.web.api.routes import NOT_THERE, REFUSALS, AfterPage, PageSize, tagged
from headrace.web.firm_desk import Party, RunFirms, known_at
from headrace.web.graph_sight import customers_of, sight_of
from headrace.web.guard import needs
from headrace.web.reading import Asked, read_facts
from headrace.web.security.accounts import Principal
from headrace.web.security.reading import MASKS, name_mask
from headrace.web.security.scope import no_firm, scope_of
from headrace.web.services import Services, services_of

router = APIRouter(prefix="/api/v1", responses=REFUSALS)
PartyCode = Annotated[str, Path(min_length=1, max_length=200, description="Code of the firm")]
KNOWN: dict[int | str, dict[str, Any]] = {304: {"description": "Not changed"}, **NOT_THERE}


@dataclass(frozen=True)
class PartyLine:
    """A firm in a list. What tells of a person is masked by role.

    Attributes:
        party: Code.
        name: None where no fact says; so are the others.
        type: person, company, ...
        industry: In the source's words.
        region: In the source's words.
        uscc: Unified social credit code.
        outcome: Of its decision; None: the run decided nothing.
        limit_minor: Offered, minor units.
        rate: A year.
        rating: Class.
        decision_id: Of the decision.
    """

    party: str
    name: str | None
    type: str | None
    industry: str | None
    region: str | None
    uscc: str | None
    outcome: Outcome | None = None
    limit_minor: int | None = None
    rate: Decimal | None = None
    rating: str | None = None
    decision_id: str | None = None


@dataclass(frozen=True)
class PartyPage:
    """Some firms; `next` is None on the last page."""

    items: tuple[PartyLine, ...]
    total: int
    next: str | None


@dataclass(frozen=True)
class Whole:
    """Everything about a firm, in short; each part is longer under its own address.

    Attributes:
        party: Who it is.
        run: Digest of the run.
        as_of: The day of the decision.
        currency: Of amounts.
        described: Facts of kind party, the newest first.
        exposure_minor: What the bank has at risk, minor units.
        cases: Numbers of cases about it; for who may see them.
        links: Addresses of features, facts, exposure, decision and receipt.
    """

    party: PartyLine
    run: str
    as_of: date | None
    currency: str
    described: tuple[dict[str, Any], ...]
    exposure_minor: int
    cases: tuple[int, ...]
    links: dict[str, str]


@dataclass(frozen=True)
class FeatureLine:
    """A figure of a firm.

    Attributes:
        feature: Its name.
        en: What it is.
        zh: The same in Chinese.
        unit: Of the value; money is in minor units.
        value: None where it is missing.
        low: A quarter of the peers have less; None where too few have a value.
        middle: The median of the peers.
        high: A quarter have more.
        rank: Share of the peers below, 0 to 1.
        peers: How many peers have a value.
    """

    feature: str
    en: str
    zh: str
    unit: str
    value: float | None
    low: float | None
    middle: float | None
    high: float | None
    rank: float | None
    peers: int


@dataclass(frozen=True)
class Figures:
    """The figures of a firm as of a moment.

    Attributes:
        party: Code.
        as_of: What became known after it is not used.
        version: Digest of the definitions, 16 hex digits.
        peers: Industry of the peers; None: all firms of the run.
        items: In the order of the pack.
        missing: Names of those without a value: missing is not zero.
    """

    party: str
    as_of: datetime
    version: str
    peers: str | None
    items: tuple[FeatureLine, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Position:
    """An exposure that is open."""

    fact: str
    product: str | None
    amount_minor: int
    deductible_minor: int | None
    currency: str | None
    since: datetime | None


@dataclass(frozen=True)
class Exposure:
    """What the bank has at risk on a firm, and on the groups it is in.

    Attributes:
        party: Code.
        positions: Open ones.
        total_minor: Of them all, minor units.
        group: Groups and limits; None where the facts make no graph or do not name the firm.
    """

    party: str
    positions: tuple[Position, ...]
    total_minor: int
    group: Group | None


@dataclass(frozen=True)
class Paged:
    """Which page of which facts."""

    kind: Annotated[str, Query(max_length=40)] = "invoice"
    cursor: AfterPage = None
    limit: PageSize = PAGE


@dataclass(frozen=True)
class Firm:
    """A firm that somebody may know of.

    Attributes:
        firms: Those of the run.
        who: As last known.
        decision: Of the run; None: it decided nothing.
    """

    firms: RunFirms
    who: Party
    decision: Decision | None


def firm_of(services: Services, principal: Principal, party: str) -> Firm:
    """A firm by its code.

    Raises:
        Refused: There is none, or it may not be known of.
    """
    firms = services.firms.firms()
    who = firms.parties.get(party)
    if who is None or not scope_of(principal).sees(who.region):
        raise no_firm()
    return Firm(firms, as_seen(who, principal.user.roles), firms.decided.get(party))


def as_seen(who: Party, roles: Collection[str]) -> Party:
    """Who somebody is, as somebody with these roles sees it: a person's name may be masked."""
    names = name_mask(roles) if who.type == "person" else None
    codes = MASKS.for_roles(roles).get("uscc")
    return replace(
        who,
        name=names(who.name) if names and who.name else who.name,
        uscc=codes(who.uscc) if codes and who.uscc else who.uscc,
    )


def line_of(who: Party, decision: Decision | None, roles: Collection[str]) -> PartyLine:
    """A firm in a list, as somebody with these roles sees it."""
    who = as_seen(who, roles)
    line = PartyLine(who.party, who.name, who.type, who.industry, who.region, who.uscc)
    if decision is None:
        return line
    return replace(
        line,
        outcome=decision.outcome,
        limit_minor=decision.limit_minor,
        rate=decision.rate,
        rating=decision.rating,
        decision_id=decision.decision_id,
    )


_WHOLE, _FIGURES, _EXPOSURE = TypeAdapter(Whole), TypeAdapter(Figures), TypeAdapter(Exposure)


@router.get("/parties", name="parties")
def parties(
    request: Request,
    principal: Annotated[Principal, needs("firms")],
    search: Annotated[str, Query(max_length=100, description="Code, name or credit code")] = "",
    cursor: AfterPage = None,
    limit: PageSize = PAGE,
) -> PartyPage:
    """Firms whose code, name or unified social credit code holds a text."""
    firms = services_of(request).firms.firms()
    found = firms.found(search, scope_of(principal).sees)
    state = f"{firms.run.digest}{len(found)}"
    start = position_after(cursor, state)
    shown = found[start : start + limit]
    roles = principal.user.roles
    further = str(Cursor(state, start + limit - 1)) if start + limit < len(found) else None
    lines = tuple(line_of(each, firms.decided.get(each.party), roles) for each in shown)
    return PartyPage(lines, len(found), further)


@router.get("/parties/{party}", name="party", response_model=Whole, responses=KNOWN)
def party_whole(
    request: Request, party: PartyCode, principal: Annotated[Principal, needs("firms")]
) -> Response:
    """A firm from all sides, in short."""
    services = services_of(request)
    return tagged(request, _WHOLE.dump_json(whole_of(services, principal, party)))


def whole_of(services: Services, principal: Principal, party: str) -> Whole:
    """A firm from all sides."""
    firm = firm_of(services, principal, party)
    line = line_of(firm.who, firm.decision, principal.user.roles)
    here = f"/api/v1/parties/{party}"
    links = {name: f"{here}/{name}" for name in ("features", "facts", "exposure")}
    if line.decision_id is not None:
        links["decision"] = f"/api/v1/decisions/{line.decision_id}"
        links["receipt"] = f"/api/v1/evidence/receipts/{line.decision_id}"
    about = firm.decision
    return Whole(
        party=line,
        run=firm.firms.run.digest,
        as_of=about.as_of if about else None,
        currency=about.currency if about else services.workspace.currency,
        described=tuple(_described(services, principal, party)),
        exposure_minor=sum(each.amount_minor for each in positions_of(services, principal, party)),
        cases=cases_of(services, principal, party),
        links=links,
    )


@router.get(
    "/parties/{party}/features", name="party_features", response_model=Figures, responses=KNOWN
)
def party_features(
    request: Request,
    party: PartyCode,
    principal: Annotated[Principal, needs("firms")],
    as_of: Annotated[
        datetime | None, Query(description="As known then; else when the run decided")
    ] = None,
) -> Response:
    """The figures of a firm, those that are missing too; at another time only from its events."""
    services = services_of(request)
    return tagged(request, _FIGURES.dump_json(figures_of(services, principal, party, as_of)))


def figures_of(
    services: Services, principal: Principal, party: str, as_of: datetime | None = None
) -> Figures:
    """The figures of a firm.

    Raises:
        Refused: There is no such firm, or it has none.
        InputError: The time has no zone.
    """
    if as_of is not None and as_of.tzinfo is None:
        raise InputError(
            "this time has no zone", where="as_of", remedy="as 2026-06-30T00:00:00+08:00, or with Z"
        )
    firm = firm_of(services, principal, party)
    about = firm.firms.run.about
    pack = packs.load(about.pack)
    found = services.firms.once("peers", party, lambda firms: firms.peers(party))
    if found is None:
        raise no_firm()
    values = {each.feature: each for each in found.figures}
    if as_of is not None:
        then = firm.firms.figures_at(party, as_of, services.leave_to("firms"))
        values = {
            name: replace(each, value=then.get(name), rank=None) for name, each in values.items()
        }
    items = tuple(
        FeatureLine(
            feature=each.name,
            en=each.en,
            zh=each.zh,
            unit=each.unit.value,
            value=stands.value,
            low=stands.low,
            middle=stands.middle,
            high=stands.high,
            rank=stands.rank,
            peers=stands.peers,
        )
        for each in pack.features
        if each.name in values
        for stands in [values[each.name]]
    )
    return Figures(
        party=party,
        as_of=as_of or about.moment,
        version=hashlib.sha256(repr(pack.feature_set).encode()).hexdigest()[:16],
        peers=found.industry,
        items=items,
        missing=tuple(each.feature for each in items if each.value is None),
    )


@router.get(
    "/parties/{party}/facts",
    name="party_facts",
    response_model=FactPage,
    responses={200: {"content": {ARROW: {}}, "description": "As JSON, or all of them as Arrow"}},
)
def party_facts(
    request: Request,
    party: PartyCode,
    principal: Annotated[Principal, needs("firms")],
    paged: Annotated[Paged, Depends()],
    span: Annotated[Asked, Depends(span_of)],
) -> Any:
    """The facts of a kind about a firm, as known at a time."""
    services = services_of(request)
    found = read_facts(services, principal, paged.kind, replace(span, party=party))
    if ARROW in request.headers.get("accept", ""):
        return arrow_response(found)
    return page_of(found, paged.kind, paged.cursor, paged.limit)


@router.get(
    "/parties/{party}/exposure", name="party_exposure", response_model=Exposure, responses=KNOWN
)
def party_exposure(
    request: Request, party: PartyCode, principal: Annotated[Principal, needs("firms")]
) -> Response:
    """What the bank has at risk on a firm, the groups it is in, and the room under each limit."""
    services = services_of(request)
    return tagged(request, _EXPOSURE.dump_json(exposure_of(services, principal, party)))


def exposure_of(services: Services, principal: Principal, party: str) -> Exposure:
    """What is at risk on a firm."""
    run = firm_of(services, principal, party).firms.run
    positions = positions_of(services, principal, party)
    try:
        look, sight = customers_of(services, principal), sight_of(principal, run)
        group: Group | None = group_of(look, sight, party, Capital())
    except HeadraceError:
        group = None
    total = sum(each.amount_minor for each in positions)
    return Exposure(party, positions, total, group)


def positions_of(services: Services, principal: Principal, party: str) -> tuple[Position, ...]:
    """Exposures that were open when the run decided; none where the run left no facts."""
    moment = services.run.current().about.moment
    try:
        found = read_facts(services, principal, EXPOSURE.kind, Asked(party)).facts
    except HeadraceError:
        return ()
    at = microseconds(moment)
    names = ("id", "product", "amount_minor", "deductible_minor", "currency", "event_time")
    rows = standing_exposures(known_at(found, moment).cast(EXPOSURE.arrow), at, at)
    return tuple(
        Position(*each) for each in zip(*(rows[name].to_pylist() for name in names), strict=True)
    )


def cases_of(services: Services, principal: Principal, party: str) -> tuple[int, ...]:
    """Numbers of the cases about a firm; none for who may not see cases."""
    if "cases" not in principal.may:
        return ()
    return tuple(each.number for each in services.cases.cases() if each.customer == party)


def _described(services: Services, principal: Principal, party: str) -> list[dict[str, Any]]:
    try:
        found = read_facts(services, principal, PARTY.kind, Asked(party)).facts
    except HeadraceError:
        return []
    rows: list[dict[str, Any]] = found.sort_by([("known_time", "descending")]).to_pylist()
    return rows
