"""Routes of the API: what the sheets of the desks hold. Collateral, vouchers, receipts, pools.

Rows are as the commands of each desk give them with `--json`: money in minor units under names that
end in `_minor`. A desk whose sheet is missing has no rows. Whoever is kept to some regions sees the
rows of firms there; sums of a pool are of all of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Path, Query, Request

from headrace.adapters.desk_sheets import Pool
from headrace.web.api.routes import NOT_THERE, REFUSALS
from headrace.web.desk_views import SeenDesks, seen_desks
from headrace.web.guard import needs
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of

router = APIRouter(prefix="/api/v1", responses=REFUSALS)
Rows = list[dict[str, Any]]
Lang = Annotated[str, Query(pattern="^(zh|en)$", description="Of answers in words")]
Name = Annotated[str, Path(max_length=200)]


@dataclass(frozen=True)
class Marked:
    """Loans on the last day of prices with what secures them; a null value is not known."""

    simulated: bool
    loans: Rows
    pieces: Rows


@dataclass(frozen=True)
class Vouchers:
    """Papers, their live pieces, and acts that were refused."""

    simulated: bool
    papers: Rows
    pieces: Rows
    refused: Rows


@dataclass(frozen=True)
class Warehouse:
    """Receipts that live, how pledges are covered, and events that were refused."""

    simulated: bool
    receipts: Rows
    covers: Rows
    refused: Rows


@dataclass(frozen=True)
class DoublePledges:
    """What was found on claims that are asked to be financed, beside those that are."""

    simulated: bool
    findings: Rows


@dataclass(frozen=True)
class PoolLine:
    """A pool: its scheme, and how it stands after its last event; None where nothing happened."""

    scheme: str
    en: str
    zh: str
    events: int
    refused: int
    money_minor: int | None
    outstanding_minor: int | None


@dataclass(frozen=True)
class PoolDetail:
    """A pool with its events."""

    simulated: bool
    pool: PoolLine
    days: Rows


@dataclass(frozen=True)
class Pools:
    """All pools."""

    simulated: bool
    items: tuple[PoolLine, ...]


@router.get("/collateral", name="collateral")
def collateral(request: Request, principal: Annotated[Principal, needs("loans")]) -> Marked:
    """Every pledged loan at the last day's prices: calm, warned, called, or to be sold."""
    desks = sheets(request, principal)
    found = desks.collateral()
    return Marked(desks.simulated, _rows(found, "loans"), _rows(found, "pieces"))


@router.get("/collateral/{loan}", name="collateral_of", responses=NOT_THERE)
def collateral_of(
    request: Request, loan: Name, principal: Annotated[Principal, needs("loans")]
) -> Marked:
    """One pledged loan and its pieces."""
    desks = sheets(request, principal)
    found = desks.collateral()
    mine, pieces = (_where(_rows(found, name), "loan", loan) for name in ("loans", "pieces"))
    return Marked(desks.simulated, _there(mine), pieces)


@router.get("/vouchers", name="vouchers")
def vouchers(
    request: Request, principal: Annotated[Principal, needs("loans")], lang: Lang = "zh"
) -> Vouchers:
    """Vouchers and bills: papers, live pieces, refused acts."""
    desks = sheets(request, principal)
    found = desks.vouchers(lang)
    parts = (_rows(found, name) for name in ("papers", "pieces", "refused"))
    return Vouchers(desks.simulated, *parts)


@router.get("/vouchers/{paper}", name="voucher", responses=NOT_THERE)
def voucher(
    request: Request,
    paper: Name,
    principal: Annotated[Principal, needs("loans")],
    lang: Lang = "zh",
) -> Vouchers:
    """One voucher or bill with its live pieces."""
    desks = sheets(request, principal)
    found = desks.vouchers(lang)
    mine, pieces = (_where(_rows(found, name), "paper", paper) for name in ("papers", "pieces"))
    return Vouchers(desks.simulated, _there(mine), pieces, [])


@router.get("/warehouse", name="warehouse")
def warehouse(
    request: Request, principal: Annotated[Principal, needs("loans")], lang: Lang = "zh"
) -> Warehouse:
    """Warehouse receipts, pledges and how they are covered."""
    desks = sheets(request, principal)
    found = desks.warehouse(lang)
    parts = (_rows(found, name) for name in ("receipts", "covers", "refused"))
    return Warehouse(desks.simulated, *parts)


@router.get("/double-pledges", name="double_pledges")
def double_pledges(
    request: Request, principal: Annotated[Principal, needs("loans")], lang: Lang = "zh"
) -> DoublePledges:
    """Is what is asked to be financed financed already?"""
    desks = sheets(request, principal)
    return DoublePledges(desks.simulated, _rows(desks.double_pledges(lang), "findings"))


@router.get("/pools", name="pools")
def pools(request: Request, principal: Annotated[Principal, needs("loans")]) -> Pools:
    """Pools that share losses."""
    desks = sheets(request, principal)
    return Pools(desks.simulated, tuple(pool_line(each) for each in desks.pools()))


@router.get("/pools/{scheme}", name="pool", responses=NOT_THERE)
def pool(
    request: Request, scheme: Name, principal: Annotated[Principal, needs("loans")]
) -> PoolDetail:
    """One pool with its events, each with its answer."""
    desks = sheets(request, principal)
    for each in desks.pools():
        if each.scheme == scheme:
            return PoolDetail(desks.simulated, pool_line(each), each.days.to_pylist())
    raise Refused(404, "There is no such pool")


def sheets(request: Request, principal: Principal) -> SeenDesks:
    """The sheets, less what somebody who is kept to some regions may not know of."""
    return seen_desks(services_of(request), principal)


def pool_line(pool: Pool) -> PoolLine:
    """How a pool stands after its last event; of its events those that are shown are counted."""
    refusals = pool.days["refusal"]
    return PoolLine(
        pool.scheme,
        pool.en,
        pool.zh,
        len(refusals),
        len(refusals) - refusals.null_count,
        pool.money_minor,
        pool.outstanding_minor,
    )


def _rows(tables: Mapping[str, pa.Table], name: str) -> Rows:
    found = tables.get(name)
    return [] if found is None else found.to_pylist()


def _where(rows: Sequence[dict[str, Any]], key: str, value: str) -> Rows:
    return [row for row in rows if row[key] == value]


def _there(rows: Rows) -> Rows:
    if not rows:
        raise Refused(404, "There is no such thing on this desk")
    return rows
