"""Routes of the API: the relation graph, with the facts behind every answer.

`day` is the day asked about, `known_by` the day of knowledge; without them, the day of the run and
what was known then. Shares are 0 to 1, money is in minor units, times are microseconds since 1970.
"""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from headrace.graph.groups.limits import Capital
from headrace.web.api.graph_answers import (
    CODE_MAX,
    Circle,
    Connection,
    Contagion,
    Control,
    ControlPage,
    Found,
    Group,
    Neighbourhood,
    Owners,
    Ring,
    Trace,
    WhatIf,
    connection,
    contagion_of,
    group_of,
    owners_of,
    rows,
    trace_of,
)
from headrace.web.api.pages import PAGE, Cursor, position_after
from headrace.web.api.routes import REFUSALS, AfterPage, PageSize
from headrace.web.graph_desk import Look
from headrace.web.graph_sight import Sight, customers_of, found_parties, look_of, sight_of
from headrace.web.guard import ABOUT_MAX, caller_of, needs
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of
from headrace.workflows.graph_near import Reach

MINOR_MAX = 10**17
router = APIRouter(prefix="/api/v1/graph", responses=REFUSALS)

Code = Annotated[str, Query(min_length=1, max_length=CODE_MAX)]
CodeInPath = Annotated[str, Path(min_length=1, max_length=CODE_MAX)]
Day = Annotated[date | None, Query(description="What stood at this day's end")]
KnownBy = Annotated[date | None, Query(description="As known at this day's end; else at `day`'s")]
Minor = Annotated[int | None, Query(gt=0, le=MINOR_MAX, description="Minor units")]


@dataclass(frozen=True)
class When:
    """The day asked about, and the day of knowledge."""

    day: Day = None
    known_by: KnownBy = None


@dataclass(frozen=True)
class Bank:
    """The bank's capital; limits on what is not given have no room."""

    tier1_net_minor: Minor = None
    net_minor: Minor = None
    quarter_net_minor: Minor = None


@router.get("/find", name="graph_find")
def graph_find(
    request: Request,
    principal: Annotated[Principal, needs("graph", "text")],
    text: Annotated[str, Query(min_length=1, max_length=CODE_MAX)],
    count: Annotated[int, Query(ge=1, le=100)] = 20,
) -> tuple[Found, ...]:
    """Parties whose code or name holds a text, the nearest first."""
    look, sight = _look(request, principal), _sight(request, principal)
    return tuple(Found(**each) for each in found_parties(look, sight, text, count))


@router.get("/neighbourhood", name="graph_neighbourhood")
def neighbourhood(
    request: Request,
    principal: Annotated[Principal, needs("graph")],
    party: Code,
    when: Annotated[When, Depends()],
    hops: Annotated[int, Query(ge=1, le=4)] = 1,
    limit: Annotated[int, Query(ge=1, le=1_000, description="Parties at most")] = 100,
) -> Neighbourhood:
    """What is around a party: the nearest, those that last and those with most money first."""
    look = _look(request, principal, when)
    sight = _sight(request, principal)
    sight.require(look, party)
    found = sight.near(look.near(party, Reach(hops, limit, limit * 10)))
    return Neighbourhood(
        party=party,
        day=look.day,
        known_by=look.known_by,
        **vars(found),
        not_shown_purpose=look.of_purpose,
        not_shown_consent=look.of_consent,
    )


@router.get("/path", name="graph_path")
def path(
    request: Request,
    principal: Annotated[Principal, needs("graph", "from", "to")],
    first: Annotated[str, Query(alias="from", min_length=1, max_length=CODE_MAX)],
    second: Annotated[str, Query(alias="to", min_length=1, max_length=CODE_MAX)],
    when: Annotated[When, Depends()],
) -> Connection:
    """A shortest chain between two parties, by what lasts if there is one; else by trade too."""
    return connection(_look(request, principal, when), _sight(request, principal), first, second)


@router.get("/owners/{party}", name="graph_owners")
def owners(
    request: Request,
    party: CodeInPath,
    principal: Annotated[Principal, needs("graph")],
    when: Annotated[When, Depends()],
) -> Owners:
    """Who owns and controls a party over all chains, its beneficial owners, and why."""
    return owners_of(_look(request, principal, when), _sight(request, principal), party, "en")


@router.get("/controls", name="graph_controls")
def controls(
    request: Request,
    principal: Annotated[Principal, needs("graph")],
    when: Annotated[When, Depends()],
    cursor: AfterPage = None,
    limit: PageSize = PAGE,
) -> ControlPage:
    """Every pair of controller and controlled."""
    look = _look(request, principal, when)
    state = f"{look.run}.{look.day:%Y%m%d}.{look.known_by:%Y%m%d}"
    start = position_after(cursor, state)
    sight = _sight(request, principal)
    found = rows(look.controls.slice(start, limit), Control)
    shown = tuple(each for each in found if sight.clear([each.controller, each.controlled]))
    more = start + limit < look.controls.num_rows
    return ControlPage(shown, str(Cursor(state, start + limit - 1)) if more else None)


@router.get("/group/{party}", name="graph_group")
def group(
    request: Request,
    party: CodeInPath,
    principal: Annotated[Principal, needs("graph")],
    bank: Annotated[Bank, Depends()],
    day: Day = None,
) -> Group:
    """The groups of a party by the shipped rules, and its room under each limit of the book."""
    look = customers_of(services_of(request), principal, day)
    capital = Capital(bank.tier1_net_minor, bank.net_minor, bank.quarter_net_minor)
    return group_of(look, _sight(request, principal), party, capital)


@router.get("/rings", name="graph_rings")
def rings(
    request: Request,
    principal: Annotated[Principal, needs("graph")],
    when: Annotated[When, Depends()],
) -> tuple[Ring, ...]:
    """Dense rings of payments, guarantees, loans, shared phones and addresses; not of trade."""
    sight = _sight(request, principal)
    found = rows(_look(request, principal, when).rings, Ring)
    return tuple(each for each in found if sight.clear(each.parties))


@router.get("/circles", name="graph_circles")
def circles(
    request: Request,
    principal: Annotated[Principal, needs("graph")],
    when: Annotated[When, Depends()],
) -> tuple[Circle, ...]:
    """Guarantee circles (担保圈)."""
    sight = _sight(request, principal)
    found = rows(_look(request, principal, when).circles, Circle)
    return tuple(each for each in found if sight.clear(each.parties))


@router.get("/trace", name="graph_trace")
def trace(
    request: Request,
    principal: Annotated[Principal, needs("graph")],
    party: Code,
    day: Annotated[date, Query(description="When the loan was paid out")],
    rule: Annotated[str, Query(description="fifo, proportional or loan_first")] = "fifo",
    days: Annotated[int, Query(ge=1, le=3_650, description="How long to look")] = 90,
) -> Trace:
    """Follow a loan through transfers: where it ended, and what came back."""
    return followed(request, principal, party, day, (rule, days))


def followed(
    request: Request,
    principal: Principal,
    party: str,
    day: date,
    how: tuple[str, int] = ("fifo", 90),
) -> Trace:
    """Where a loan went that was paid out on a day, by a rule, in so many days; see `trace_of`."""
    return trace_of(_look(request, principal), _sight(request, principal), party, day, how)


@router.post("/contagion", name="graph_contagion")
def contagion(
    request: Request, asked: WhatIf, principal: Annotated[Principal, needs("graph")]
) -> Contagion:
    """What if some parties fail: who loses how much, along which relations. Nothing is changed."""
    services, whom = services_of(request), " ".join(asked.failed)[:ABOUT_MAX]
    act = "POST /api/v1/graph/contagion"
    services.accounts.note(principal.user.name, act, whom, caller_of(request))
    look = _look(request, principal, When(asked.day, asked.known_by))
    return contagion_of(look, _sight(request, principal), asked)


def _look(request: Request, principal: Principal, when: When | None = None) -> Look:
    asked = when or When()
    return look_of(services_of(request), principal, asked.day, asked.known_by)


def _sight(request: Request, principal: Principal) -> Sight:
    return sight_of(principal, services_of(request).run.current())
