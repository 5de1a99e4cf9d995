"""Pages of the relation graph: explorer, table, path, owners, limits, findings, what-if.

All of them look at one party at a day, as known by one, and need no script but for the drawing,
which the table says too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BeforeValidator, Field

from headrace.adapters.html.explorer import page_model, page_setup
from headrace.errors import InputError
from headrace.graph.groups.limits import Capital
from headrace.money import MINOR_PER_MAJOR
from headrace.web.api.graph_answers import (
    CODE_MAX,
    FAILED_MAX,
    WhatIf,
    connection,
    contagion_of,
    group_of,
    owners_of,
)
from headrace.web.attachment import attachment
from headrace.web.console import graph_files
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.graph_lists import (
    candidates,
    losses_chart,
    named_findings,
    named_rings,
    owner_tree,
    steps_told,
    table_rows,
)
from headrace.web.console.graph_picture import exploration_of
from headrace.web.console.graph_small import small
from headrace.web.console.refusals import said
from headrace.web.console.today import currency_of
from headrace.web.console.words import TEXTS
from headrace.web.graph_desk import Look, NoGraphError, NoneReadableError
from headrace.web.graph_sight import Sight, customers_of, found_parties, look_of, sight_of
from headrace.web.guard import caller_of, needs
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of
from headrace.workflows.graph_findings import busiest
from headrace.workflows.graph_near import Near, Reach

ONE_STEP = Reach(1, 400, 2_000)
DRAWN, START_MOST, LISTED, FOUND_MAX = 150, 36, 300, 30
YUAN_MAX = 10**15
SEE_OTHER = 303
router = APIRouter(include_in_schema=False)


def _given(value: object) -> object:
    """What a form sends for an empty field is nothing."""
    return None if value == "" else value


PartyAsked = Annotated[str, Query(min_length=1, max_length=CODE_MAX)]
Party = Annotated[
    Annotated[str, Field(max_length=CODE_MAX)] | None, BeforeValidator(_given), Query()
]
Day = Annotated[date | None, BeforeValidator(_given), Query()]
Hops = Annotated[int, Query(ge=1, le=3)]
Yuan = Annotated[
    Annotated[Decimal, Field(gt=0, le=YUAN_MAX, allow_inf_nan=False)] | None,
    BeforeValidator(_given),
    Query(),
]
Share = Annotated[float, Query(ge=0, le=1)]


@dataclass(frozen=True)
class Asked:
    """What the pages are asked.

    Attributes:
        party: Code; None: the one that most findings name.
        text: Part of a code or name to look for.
        hops: How many steps far.
        day: As of its end; None: of the run.
        known_by: As known at its end; None: `day`.
    """

    party: Party = None
    text: Party = None
    hops: Hops = 2
    day: Day = None
    known_by: Day = None

    def query(self, party: str) -> str:
        """The query of a link that asks the same of a party."""
        told = {"party": party, "hops": self.hops, "day": self.day, "known_by": self.known_by}
        return urlencode({name: value for name, value in told.items() if value is not None})


@dataclass(frozen=True)
class Assumed:
    """What facts do not say; see `WhatIf`."""

    buffer: Share = 0.05
    margin: Share = 0.1
    recovery: Share = 0.5


AskedHere = Annotated[Asked, Depends()]
Graphing = Annotated[Principal, needs("graph", "party", "text", "to", "failed")]
Fill = Callable[[Look, str], dict[str, Any]]


@router.get("/graph/small", name="graph_small")
def graph_small(request: Request, party: PartyAsked, principal: Graphing) -> Response:
    """The neighbourhood of a firm as a fragment for other pages: a picture and a table."""
    services, words = services_of(request), words_of(request)
    try:
        look, sight = look_of(services, principal), _sight(request, principal)
        sight.require(look, party)
        found = sight.near(look.near(party, ONE_STEP))
    except (InputError, NoGraphError):
        return draw(request, "graph_small.html", principal, status=404, small=None)
    picture = small(found, party, currency_of(services.run.current()), words)
    name = next(each.name for each in found.parties if each.party == party) or party
    return draw(request, "graph_small.html", principal, small=picture, party=party, name=name)


@router.get("/graph", name="graph_page")
def graph_page(request: Request, principal: Graphing, asked: AskedHere) -> Response:
    """The explorer: around a party, over time, with the facts behind every line."""
    words, sight = words_of(request), _sight(request, principal)

    def fill(look: Look, party: str) -> dict[str, Any]:
        reach = Reach(asked.hops, DRAWN, DRAWN * 30)
        shown = exploration_of(look, sight, party, _currency(request), reach)
        setup = page_setup(shown, words.language)
        extra = {
            name: {"en": TEXTS[name].en, "zh": TEXTS[name].zh}
            for name in ("graph_firm_page", "graph_more")
        }
        links = [
            {"text": "graph_firm_page", "path": "/firms/{}"},
            {"text": "graph_more", "path": "/graph?party={}"},
        ]
        setup |= {"texts": setup["texts"] | extra, "links": links, "start_most": START_MOST}
        return {"model": page_model(shown), "setup": setup, "left_out": shown.left_out}

    if asked.text is not None:
        return _searched(request, principal, asked)
    return _page(request, principal, asked, "graph.html", fill)


@router.get("/graph/table", name="graph_table")
def graph_table(request: Request, principal: Graphing, asked: AskedHere) -> Response:
    """The same as a table, for screen readers, the keyboard and Excel."""

    def fill(look: Look, party: str) -> dict[str, Any]:
        found = look.near(party, Reach(asked.hops, LISTED, LISTED))
        found = _sight(request, principal).near(found)
        told = table_rows(found, _currency(request), words_of(request), look.zone)
        return {"lines": told, "found": found}

    return _page(request, principal, asked, "graph_table.html", fill)


@router.get("/graph/relations.csv", name="graph_csv")
def graph_csv(
    request: Request, principal: Graphing, party: PartyAsked, asked: AskedHere
) -> Response:
    """All lines around a party for Excel."""
    found = _whole(request, principal, party, asked)
    return attachment(graph_files.as_csv(found), "relations.csv", "text/csv; charset=utf-8")


@router.get("/graph/relations.graphml", name="graph_graphml")
def graph_graphml(
    request: Request, principal: Graphing, party: PartyAsked, asked: AskedHere
) -> Response:
    """All lines around a party for Gephi, yEd, Cytoscape."""
    found = _whole(request, principal, party, asked)
    return attachment(graph_files.as_graphml(found), "relations.graphml", "application/xml")


@router.get("/graph/path", name="graph_path_page")
def graph_path(
    request: Request, principal: Graphing, asked: AskedHere, to: Party = None
) -> Response:
    """How the party and another one are connected."""

    def fill(look: Look, party: str) -> dict[str, Any]:
        found = None if to is None else connection(look, _sight(request, principal), party, to)
        told: dict[str, Any] = {"to": to or "", "found": found, "steps": []}
        if found is not None:
            words, currency = words_of(request), _currency(request)
            told["steps"] = steps_told(found, currency, words, look.zone)
        return told

    return _page(request, principal, asked, "graph_path.html", fill)


@router.get("/graph/owners", name="graph_owners_page")
def graph_owners(request: Request, principal: Graphing, asked: AskedHere) -> Response:
    """Who owns and controls the party, as a tree and with proofs."""
    language, sight = words_of(request).language, _sight(request, principal)

    def fill(look: Look, party: str) -> dict[str, Any]:
        found = owners_of(look, sight, party, language)
        return {"owners": found, "tree": owner_tree(look.view.snapshot, party, sight)}

    return _page(request, principal, asked, "graph_owners.html", fill)


@router.get("/graph/limits", name="graph_limits_page")
def graph_limits(
    request: Request,
    principal: Graphing,
    asked: AskedHere,
    tier1: Yuan = None,
    net: Yuan = None,
) -> Response:
    """The groups of the party, and what each limit leaves to it."""

    def fill(_: Look, party: str) -> dict[str, Any]:
        look = customers_of(services_of(request), principal, asked.day)
        currency = _currency(request)
        tier1_minor, net_minor = (_minor(each, currency) for each in (tier1, net))
        capital = Capital(tier1_minor, net_minor, net_minor)
        group = group_of(look, _sight(request, principal), party, capital)
        return {"group": group, "tier1": tier1, "net": net, "currency": currency}

    return _page(request, principal, asked, "graph_limits.html", fill)


@router.get("/graph/findings", name="graph_findings_page")
def graph_findings(request: Request, principal: Graphing, asked: AskedHere) -> Response:
    """What stands out in the whole graph: circles, rings, money that came back, groups."""
    words, sight = words_of(request), _sight(request, principal)

    def fill(look: Look, _: str) -> dict[str, Any]:
        return {"kinds": named_findings(look, words, sight), "rings": named_rings(look, sight)}

    return _page(request, principal, asked, "graph_findings.html", fill)


@router.get("/graph/what-if", name="graph_whatif_page")
def graph_whatif(
    request: Request,
    principal: Graphing,
    asked: AskedHere,
    failed: Annotated[
        tuple[Annotated[str, Query(max_length=CODE_MAX)], ...], Query(max_length=FAILED_MAX)
    ] = (),
    *,
    given: Annotated[Assumed, Depends()],
) -> Response:
    """What if parties fail: who is hit, how hard, along which relations."""
    words, chosen = words_of(request), tuple(each.strip() for each in failed if each.strip())

    sight = _sight(request, principal)

    def fill(look: Look, party: str) -> dict[str, Any]:
        currency = _currency(request)
        told: dict[str, Any] = {"choices": candidates(look, sight, party, chosen), "result": None}
        told |= {"currency": currency} | vars(given)
        if chosen:
            result = contagion_of(look, sight, WhatIf(chosen, **vars(given)))
            told |= {"names": {each.party: each.name for each in result.losses}}
            told |= {"result": result, "chart": losses_chart(result, look, words)}
        return told

    return _page(request, principal, asked, "graph_whatif.html", fill)


def _searched(request: Request, principal: Principal, asked: Asked) -> Response:
    """To the one party that a text names; of several, a list to choose from."""

    def fill(look: Look, _: str) -> dict[str, Any]:
        return {"matches": matches(look)}

    def matches(look: Look) -> list[dict[str, Any]]:
        return found_parties(look, sight, asked.text or "", FOUND_MAX)

    sight = _sight(request, principal)
    try:
        rows = matches(_look(request, principal, asked))
    except (InputError, NoGraphError):
        rows = []
    exact = [row for row in rows if asked.text in (row["party"], row["name"])]
    chosen = exact if len(exact) == 1 else rows
    if len(chosen) == 1:
        return RedirectResponse(f"/graph?{asked.query(chosen[0]['party'])}", SEE_OTHER)
    return _page(request, principal, asked, "graph_search.html", fill)


def _page(
    request: Request, principal: Principal, asked: Asked, template: str, fill: Fill
) -> Response:
    """A page about a party; what is wrong stands where the form is."""
    words = words_of(request)
    shown: dict[str, Any] = {"asked": asked, "wrong": None, "day": asked.day, "name": ""}
    shown |= {"known_by": asked.known_by, "party": asked.party or ""}
    shown |= {"of_purpose": 0, "of_consent": 0}
    try:
        look = _look(request, principal, asked)
        sight = _sight(request, principal)
        seen = tuple(each for each in look.findings if sight.clear(each.members))
        party = asked.party or busiest(seen, look.view)
        sight.require(look, party)
        if asked.party is None:  # nobody named it: the line of the request does not either
            act, who = f"GET {request.url.path}", principal.user.name
            services_of(request).accounts.note(who, act, party, caller_of(request))
        shown |= {"party": party, "name": look.name_of(party) or party, "day": look.day}
        shown |= {"of_purpose": look.of_purpose, "of_consent": look.of_consent}
        shown |= {"known_by": look.known_by, "is_simulated": look.simulated} | fill(look, party)
        status = 200
    except NoGraphError as error:
        why = "graph_none_readable" if isinstance(error, NoneReadableError) else "graph_no_facts"
        template, status, shown["wrong"] = "graph_wrong.html", 409, words(why)
    except InputError as error:
        told = words("graph_refused", problem=said(error, words))
        template, status, shown["wrong"] = "graph_wrong.html", 422, told
    return draw(
        request, template, principal, status=status, query=asked.query(shown["party"]), **shown
    )


def _whole(request: Request, principal: Principal, party: str, asked: Asked) -> Near:
    """What files hold."""
    look, sight = _look(request, principal, asked), _sight(request, principal)
    sight.require(look, party)
    return sight.near(look.near(party, Reach(asked.hops, 2_000, 20_000)))


def _sight(request: Request, principal: Principal) -> Sight:
    return sight_of(principal, services_of(request).run.current())


def _look(request: Request, principal: Principal, asked: Asked) -> Look:
    return look_of(services_of(request), principal, asked.day, asked.known_by)


def _minor(given: Decimal | None, currency: str) -> int | None:
    """What somebody typed, in minor units to the nearest; None where nothing was."""
    return None if given is None else int((given * MINOR_PER_MAJOR[currency]).to_integral_value())


def _currency(request: Request) -> str:
    return currency_of(services_of(request).run.current())
