"""Routes of facts: send them in, see what became of them, read them, withdraw consent."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import Message
from pathlib import Path as FilePath
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, BackgroundTasks, Depends, Header, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from headrace.adapters.fact_batches import Sender
from headrace.adapters.fact_packs import Batch
from headrace.adapters.fact_streams import READERS, Body, check_form_of
from headrace.adapters.store import csv_bytes
from headrace.adapters.stores.consent import Withdrawal
from headrace.errors import HeadraceError, InputError
from headrace.facts.arrivals import schema_of
from headrace.facts.consent import Readable
from headrace.facts.localtime import microseconds
from headrace.web.api.bodies import body
from headrace.web.api.pages import PAGE, Cursor, position_after
from headrace.web.api.routes import NOT_THERE, REFUSALS, AfterPage, PageSize
from headrace.web.attachment import attachment
from headrace.web.guard import needs
from headrace.web.problems import Refused
from headrace.web.reading import Asked, read_facts
from headrace.web.security.accounts import Principal
from headrace.web.services import Services, services_of

BAD_SHOWN = 20
CHUNK = 1 << 20
ARROW = "application/vnd.apache.arrow.stream"
router = APIRouter(prefix="/api/v1", responses=REFUSALS)

Kind = Annotated[str, Path(max_length=40, description="invoice, party, relation, …")]


@dataclass(frozen=True)
class BadRow:
    """Why a row is no fact.

    Attributes:
        row: Its number in what was sent, from 1.
        column: Which; empty: the row as a whole.
        value: As sent, cut short; None: missing.
        rule: By which it was refused.
        reason: In English.
        reason_zh: In Chinese.
    """

    row: int
    column: str
    value: str | None
    rule: str
    reason: str
    reason_zh: str


@dataclass(frozen=True)
class FactBatch:
    """A batch of facts that was taken: rows = accepted + duplicates + quarantined.

    Attributes:
        batch: Its id.
        kind: Of its facts.
        at: When it was taken, microseconds since 1970.
        by: Who sent it.
        rows: What was sent.
        accepted: New facts; they are durable.
        duplicates: Rows whose source and id were known.
        quarantined: Rows that cannot be facts.
        digest: SHA-256 of what was sent.
        bad: The first reasons why rows are in quarantine; all are under `quarantine`.
        quarantine: Where all of them are, as CSV.
    """

    batch: str
    kind: str
    at: int
    by: str
    rows: int
    accepted: int
    duplicates: int
    quarantined: int
    digest: str
    bad: tuple[BadRow, ...]
    quarantine: str


@dataclass(frozen=True)
class BatchPage:
    """Batches, newest first; `next` is None on the last page."""

    items: tuple[FactBatch, ...]
    next: str | None


@dataclass(frozen=True)
class FactPage:
    """Facts, by time; what may not be read for this purpose is counted.

    Attributes:
        kind: Of the facts.
        items: Each with the fields of its kind; times in ISO 8601, amounts in minor units.
        not_shown_purpose: Left out of the whole list: they serve another purpose.
        not_shown_consent: Left out of the whole list: the consent was withdrawn.
        next: None on the last page.
    """

    kind: str
    items: tuple[dict[str, Any], ...]
    not_shown_purpose: int
    not_shown_consent: int
    next: str | None


@body
class WithdrawBody:
    """From when on; None: from now."""

    since: datetime | None = None


@dataclass(frozen=True)
class Withdrawn:
    """A consent on which nothing rests any more from `since` on, microseconds since 1970."""

    consent: str
    since: int


_BODY = {
    "requestBody": {
        "required": True,
        "content": {name: {"schema": {}} for name in READERS},
        "description": "Rows in the columns of the kind; see the guide to facts by API",
    }
}


def span_of(
    from_: Annotated[datetime | None, Query(alias="from", description="Events since then")] = None,
    to: Annotated[datetime | None, Query(description="Events before then")] = None,
    known_by: Annotated[datetime | None, Query(description="As known then")] = None,
) -> Asked:
    """What a query says of times; each with its zone, as 2026-06-30T00:00:00+08:00."""
    return Asked("", from_, to, known_by)


def asked_of(
    party: Annotated[str, Query(min_length=1, max_length=200, description="Whom they name")],
    span: Annotated[Asked, Depends(span_of)],
) -> Asked:
    """Which facts a query asks for."""
    return replace(span, party=party)


@router.post("/facts/{kind}", name="facts_send", status_code=201, openapi_extra=_BODY)
async def send(
    request: Request,
    kind: Kind,
    principal: Annotated[Principal, needs("facts")],
    background: BackgroundTasks,
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> FactBatch:
    """Send facts, one or a million; they are durable when this answers.

    The same under the same Idempotency-Key gives the same answer and changes nothing. A fact whose
    source and id were taken before is a duplicate, whatever else it says.
    """
    services = services_of(request)
    schema_of(kind)
    background.add_task(pack, services)
    media_type, charset = _media_type(request)
    check_form_of(media_type)
    async with _aside(services) as place:
        path = place / "body"
        await _store(request, path)
        batch = await run_in_threadpool(
            services.facts.take,
            kind,
            Body(path, media_type, charset),
            Sender(principal.user.name, idempotency_key),
            services.now(),
        )
        return await run_in_threadpool(_told, services, batch)


@router.get("/facts", name="facts_batches")
def batches(
    request: Request,
    _: Annotated[Principal, needs("facts")],
    cursor: AfterPage = None,
    limit: PageSize = PAGE,
) -> BatchPage:
    """Batches that were taken, newest first."""
    services = services_of(request)
    before = position_after(cursor, "batches") - 1 if cursor else None
    found = services.facts.batches(before, limit + 1)
    shown = found[:limit]
    further = str(Cursor("batches", int(shown[-1].id))) if len(found) > limit else None
    return BatchPage(tuple(_told(services, each) for each in shown), further)


@router.get(
    "/facts/batches/{batch}/quarantine",
    name="facts_quarantine",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "A line a reason"}, **NOT_THERE},
)
def quarantine(
    request: Request,
    batch: Annotated[str, Path(max_length=40)],
    _: Annotated[Principal, needs("facts")],
) -> Response:
    """Why rows of a batch are no facts: row, column, value, rule, reason; for a spreadsheet."""
    services = services_of(request)
    found = services.facts.batch(batch)
    if found is None:
        raise Refused(404, "There is no such batch")
    return csv_response(services.facts.quarantine(found), f"quarantine-{found.id}.csv")


@router.get(
    "/facts/{kind}",
    name="facts_read",
    response_model=FactPage,
    responses={200: {"content": {ARROW: {}}, "description": "As JSON, or all of them as Arrow"}},
)
def read(
    request: Request,
    kind: Kind,
    principal: Annotated[Principal, needs("firms")],
    asked: Annotated[Asked, Depends(asked_of)],
    cursor: AfterPage = None,
    limit: PageSize = PAGE,
) -> Any:
    """Facts about a party, as far as they were known at a time; Arrow where Accept says so."""
    services = services_of(request)
    found = read_facts(services, principal, kind, asked)
    if ARROW in request.headers.get("accept", ""):
        return arrow_response(found)
    return page_of(found, kind, cursor, limit)


@router.post("/consents/{consent}/withdraw", name="consent_withdraw")
def withdraw(
    request: Request,
    consent: Annotated[str, Path(min_length=1, max_length=200)],
    principal: Annotated[Principal, needs("facts")],
    told: WithdrawBody | None = None,
) -> Withdrawn:
    """Withdraw a consent: what rests on it is shown to nobody from then on. For good."""
    services = services_of(request)
    since = told.since if told else None
    if since is not None and since.tzinfo is None:
        raise InputError("this time has no zone", where="since", remedy="2026-06-30T00:00:00+08:00")
    now = services.now()
    from_then = now if since is None else microseconds(since)
    kept = services.consents.withdraw(Withdrawal(consent, from_then, now, principal.user.name))
    return Withdrawn(kept.consent, kept.since)


def page_of(found: Readable, kind: str, cursor: str | None, limit: int) -> FactPage:
    """A page of facts as JSON."""
    state = str(found.facts.num_rows)
    start = position_after(cursor, state)
    shown = found.facts.slice(start, limit)
    further = start + limit < found.facts.num_rows
    return FactPage(
        kind=kind,
        items=tuple(shown.to_pylist()),
        not_shown_purpose=found.of_purpose,
        not_shown_consent=found.of_consent,
        next=str(Cursor(state, start + limit - 1)) if further else None,
    )


def arrow_response(found: Readable) -> Response:
    """All facts as a stream of Arrow; what is left out is counted in headers."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, found.facts.schema) as stream:
        stream.write_table(found.facts)
    headers = {
        "x-not-shown-purpose": str(found.of_purpose),
        "x-not-shown-consent": str(found.of_consent),
    }
    return Response(sink.getvalue(), media_type=ARROW, headers=headers)


def csv_response(table: pa.Table, name: str) -> Response:
    """A table to be saved, for a spreadsheet; times in ISO 8601."""
    columns = [
        pc.strftime(each, format="%Y-%m-%dT%H:%M:%SZ") if pa.types.is_timestamp(each.type) else each
        for each in table.columns
    ]
    content = csv_bytes(pa.table(columns, names=table.column_names))
    return attachment(content, name, "text/csv; charset=utf-8")


def pack(services: Services) -> None:
    """Put small batches together, once there are many; whoever sent the last is answered."""
    try:
        services.facts.pack()
    except (HeadraceError, OSError) as error:  # they stay as they are, and are read as they are
        services.log({"event": "facts not packed", "why": str(error)})


@asynccontextmanager
async def _aside(services: Services) -> AsyncIterator[FilePath]:
    """A folder for what comes, gone afterwards; made in a thread, for it waits for the disk."""
    held = services.facts.aside()
    place = await run_in_threadpool(held.__enter__)
    try:
        yield place
    finally:
        await run_in_threadpool(held.__exit__, None, None, None)


async def _store(request: Request, path: FilePath) -> None:
    """Write a body to a file as it comes; no more than a piece of it is ever in memory."""
    with path.open("wb") as file:
        piece = bytearray()
        async for chunk in request.stream():
            piece += chunk
            if len(piece) >= CHUNK:
                await run_in_threadpool(file.write, bytes(piece))
                piece.clear()
        await run_in_threadpool(file.write, bytes(piece))


def _media_type(request: Request) -> tuple[str, str]:
    """Of Content-Type, and its charset."""
    told = Message()
    told["content-type"] = request.headers.get("content-type", "")
    return told.get_content_type(), told.get_content_charset("utf-8")


def _told(services: Services, batch: Batch) -> FactBatch:
    lines = services.facts.quarantine(batch).slice(0, BAD_SHOWN) if batch.quarantined else None
    names = ("row", "column", "value", "rule", "reason", "reason_zh")
    return FactBatch(
        batch=batch.id,
        kind=batch.kind,
        at=batch.at,
        by=batch.by,
        rows=batch.rows,
        accepted=batch.accepted,
        duplicates=batch.duplicates,
        quarantined=batch.quarantined,
        digest=batch.digest,
        bad=tuple(BadRow(**each) for each in (lines.select(names).to_pylist() if lines else ())),
        quarantine=f"/api/v1/facts/batches/{batch.id}/quarantine",
    )
