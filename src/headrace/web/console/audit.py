"""Page *Audit*: who did and read what, as a list, as CSV, and checked against its seals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pyarrow as pa
from fastapi import APIRouter, Request, Response

from headrace.adapters.store import csv_bytes
from headrace.adapters.stores.audit import AuditCheck, Wanted, find_entries
from headrace.web.api.admin import audit_page
from headrace.web.api.evidence import audit_check, seal_state
from headrace.web.api.pages import PAGE
from headrace.web.attachment import attachment
from headrace.web.console.admin_parts import Fields
from headrace.web.console.drawing import draw, words_of
from headrace.web.guard import needs
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of

FILTERS = ("who", "act", "about", "from", "to")
CSV_MAX = 100_000
TEXT_MAX = 200
router = APIRouter(include_in_schema=False)
Auditor = Annotated[Principal, needs("audit")]


@dataclass(frozen=True)
class Asked:
    """What a page of the audit was asked for.

    Attributes:
        wanted: Which lines.
        given: The filters as they were typed.
        wrong: Whether a day is none.
    """

    wanted: Wanted
    given: Mapping[str, str]
    wrong: bool


@router.get("/admin/audit", name="audit_page")
def audit_list_page(request: Request, principal: Auditor, cursor: str | None = None) -> Response:
    """Lines of the audit, newest first."""
    return _page(request, principal, cursor=cursor)


@router.get("/admin/audit.csv", name="audit_csv")
def audit_csv(request: Request, _: Auditor) -> Response:
    """The lines that were asked for, for Excel; at most a hundred thousand."""
    services = services_of(request)
    zone = services.zone
    asked = _asked(request, zone)
    found = find_entries(services.store, asked.wanted, before=None, count=CSV_MAX)
    words = words_of(request)
    table = pa.table(
        {
            "number": [each.number for each in found],
            "time": [words.moment(each.at, zone) for each in found],
            "at_us": [each.at for each in found],
            **{
                name: [getattr(each, name) for each in found]
                for name in ("who", "act", "about", "address", "request")
            },
        }
    )
    return attachment(csv_bytes(table), "audit.csv", "text/csv; charset=utf-8")


@router.post("/admin/audit/check", name="audit_check_page")
def audit_check_page(request: Request, principal: Auditor, form: Fields) -> Response:
    """Read the whole audit again and compare it with its seals."""
    kept = form.get("kept", "")
    checked = audit_check(services_of(request), kept if isinstance(kept, str) else "")
    return _page(request, principal, checked=checked)


def _page(
    request: Request,
    principal: Principal,
    *,
    cursor: str | None = None,
    checked: AuditCheck | None = None,
) -> Response:
    services, words = services_of(request), words_of(request)
    zone = services.zone
    asked = _asked(request, zone)
    found = audit_page(services, asked.wanted, cursor, PAGE)
    lines = [{**vars(each), "time": words.moment(each.at, zone)} for each in found.items]
    seal = seal_state(services)
    filters = {name: value for name, value in asked.given.items() if value}
    return draw(
        request,
        "audit.html",
        principal,
        status=422 if asked.wrong else 200,
        tab="audit",
        lines=lines,
        further=urlencode({**filters, "cursor": found.next}) if found.next else None,
        is_first=cursor is None,
        query=urlencode(filters),
        given=asked.given,
        wrong=asked.wrong,
        seal=seal,
        sealed_at=None if seal.at is None else words.moment(seal.at, zone),
        checked=checked,
    )


def _asked(request: Request, zone: ZoneInfo) -> Asked:
    given = {name: request.query_params.get(name, "").strip()[:TEXT_MAX] for name in FILTERS}
    try:
        since = _day(given["from"], zone, after=0)
        until = _day(given["to"], zone, after=1)
        wrong = False
    except (ValueError, OverflowError):
        since, until, wrong = None, None, True
    wanted = Wanted(given["who"], given["act"], given["about"], since, until)
    return Asked(wanted, given, wrong)


def _day(text: str, zone: ZoneInfo, *, after: int) -> int | None:
    """The first moment of a day, or of one so many days after it; None where there is no text."""
    if not text:
        return None
    day = date.fromisoformat(text) + timedelta(days=after)
    return int(datetime.combine(day, time(), zone).timestamp()) * 1_000_000
