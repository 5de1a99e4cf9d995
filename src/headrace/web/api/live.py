"""Decisions in flight: events in, decisions out, one by one or many; records, reasons, replay.

`decide` is also answered by `headrace.web.decision_lane`, before a request reaches FastAPI: what
either says is the same, which a test compares.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, TypeVar

import orjson
import pyarrow as pa
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from headrace.adapters.live.answers import LiveAnswer
from headrace.adapters.live.batch import Outcome
from headrace.adapters.live.desk import FullError, StoppedError
from headrace.adapters.live.events import EventReader, Row, RowProblem
from headrace.adapters.segment_log import StorageError
from headrace.decisions.flow.record import canonical
from headrace.errors import HeadraceError, InputError
from headrace.web.api.routes import NOT_THERE, PROBLEM, REFUSALS
from headrace.web.guard import needs
from headrace.web.live_room import LiveRoom
from headrace.web.problems import MEDIA_TYPE, Refused
from headrace.web.requests import FORMS
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of

ARROW = "application/vnd.apache.arrow.stream"
LINES = "application/x-ndjson"
EVENTS_MAX = 20_000
BUSY: dict[int | str, dict[str, Any]] = {
    503: {"content": {MEDIA_TYPE: {"schema": PROBLEM}}, "description": "Too much at once, or down"}
}
EVENT_SCHEMA = {
    "type": "object",
    "description": "The fields of an event of the table that is decided, such as a payment",
    "additionalProperties": True,
    "examples": [
        {
            "id": "P-1",
            "event_time": "2026-11-22T08:30:00+08:00",
            "customer": "C000011",
            "terminal": "T000183",
            "amount": 125_000,
        }
    ],
}
ONE = {"requestBody": {"required": True, "content": {"application/json": {"schema": EVENT_SCHEMA}}}}
MANY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "array", "items": EVENT_SCHEMA}},
            LINES: {"schema": {"type": "string", "description": "An object a line"}},
            ARROW: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
router = APIRouter(prefix="/api/v1", responses=REFUSALS, tags=["live"])
Many = TypeVar("Many", bound=Sequence[Any])
DecisionId = Annotated[str, Path(max_length=200, description="The event's id; it may hold /")]


@dataclass(frozen=True)
class BatchAnswer:
    """What became of many events, in their order.

    Attributes:
        decisions: Of each event, its answer; None where there is a problem.
        problems: Why some events were not decided; the others were.
    """

    decisions: tuple[LiveAnswer | None, ...]
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True)
class EventsTaken:
    """What became of events that only move features.

    Attributes:
        outcomes: How many were `added`, came again (`duplicate`) or were taken back before.
        problems: Why some were not taken in; the others were.
    """

    outcomes: Mapping[str, int]
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True)
class ReplayAnswer:
    """A decision made again from the log.

    Attributes:
        decisions: How many were made again: of all arms, of this event.
        differ: How many came out differently, to the byte.
        causes: Why, in words.
        differences: Field, as recorded, as made again.
    """

    decisions: int
    differ: int
    causes: tuple[str, ...]
    differences: tuple[tuple[str, str, str], ...]


def live_of(request: Request) -> LiveRoom:
    """Decisions in flight.

    Raises:
        Refused: Another process has them, or they cannot be opened.
    """
    try:
        return services_of(request).live
    except StorageError as error:
        raise busy(error) from error


def busy(error: HeadraceError) -> Refused:
    """The refusal of what can be asked again."""
    is_ours = isinstance(error, FullError | StoppedError)
    return Refused(
        503,
        error.problem if is_ours else f"Decisions in flight are not to be had: {error.problem}",
        remedy=error.remedy or "Send the very same event again: it is decided once",
        headers={"retry-after": "1"},
    )


async def asked(live: LiveRoom, table: str, events: Sequence[Row] | pa.Table) -> list[Outcome]:
    """What became of events.

    Raises:
        Refused: They can be sent again in a moment.
    """
    try:
        return await live.desk.ask(table, events)
    except InputError:
        raise
    except HeadraceError as error:
        raise busy(error) from error


def read_event(reader: EventReader, body: bytes, now: int) -> Row:
    """One event in the body of a request.

    Raises:
        InputError: It is no JSON, or no event.
    """
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError(f"This is no JSON: {error}", where="body", remedy="One object") from error
    return reader.read(given, now)


def refused_event(problem: RowProblem) -> InputError:
    """The problem of the only event there is."""
    return InputError(problem.problem, where=problem.where, remedy=problem.remedy)


@router.post(
    "/decisions",
    name="decide",
    response_class=Response,
    responses={200: {"model": LiveAnswer, "description": "Decided, and on the disk"}, **BUSY},
    openapi_extra=ONE,
)
async def decide(request: Request, _: Annotated[Principal, needs("apply")]) -> Response:
    """Decide an event; an event of an id that came before gets the answer it got then."""
    live = await run_in_threadpool(live_of, request)
    reader = live.desk.readers[live.decided_table]
    row = read_event(reader, await _body(request), services_of(request).now())
    outcome = (await asked(live, live.decided_table, [row]))[0]
    if isinstance(outcome, RowProblem):
        raise refused_event(outcome)
    return Response(outcome, media_type="application/json")


@router.post(
    "/decisions/batch",
    name="decide_batch",
    response_class=Response,
    responses={200: {"model": BatchAnswer, "description": "What became of each event"}, **BUSY},
    openapi_extra=MANY,
)
async def decide_batch(request: Request, _: Annotated[Principal, needs("apply")]) -> Response:
    """Decide many events, in order; of those that cannot be used it is said why."""
    live = await run_in_threadpool(live_of, request)
    outcomes = await _many(request, live, live.decided_table)
    decisions = b",".join(each if isinstance(each, bytes) else b"null" for each in outcomes)
    problems = orjson.dumps([asdict(each) for each in outcomes if isinstance(each, RowProblem)])
    body = b'{"decisions":[%s],"problems":%s}' % (decisions, problems)
    return Response(body, media_type="application/json")


@router.post("/events/{table}", name="take_events", responses=BUSY, openapi_extra=MANY)
async def take_events(
    request: Request,
    table: Annotated[str, Path(max_length=64)],
    _: Annotated[Principal, needs("apply")],
) -> EventsTaken:
    """Take in events that are not decided, such as fraud reports: they move features."""
    live = await run_in_threadpool(live_of, request)
    if table == live.decided_table:
        raise InputError(
            f"Events of {table} are decided", where="table", remedy="POST /api/v1/decisions/batch"
        )
    outcomes = await _many(request, live, table)
    counts: dict[str, int] = {}
    for each in outcomes:
        if isinstance(each, bytes):
            word = orjson.loads(each)["outcome"]
            counts[word] = counts.get(word, 0) + 1
    return EventsTaken(counts, tuple(each for each in outcomes if isinstance(each, RowProblem)))


@router.get(
    "/decisions/live/{decision_id:path}/explanation",
    name="live_explanation",
    responses={**NOT_THERE, **BUSY},
)
def live_explanation(
    request: Request,
    decision_id: DecisionId,
    _: Annotated[Principal, needs("decisions")],
    customer: Annotated[  # noqa: FBT002 - a query parameter
        bool, Query(description="Only what the customer is told")
    ] = False,
) -> JSONResponse:
    """Why it was decided so: rules, lists, models, facts behind, and what the customer is told."""
    live = live_of(request)
    if live.find(decision_id) is None:
        raise no_decision()
    told = live.explain(decision_id)
    whole = {} if customer else told.decision.to_dict()
    body = orjson.dumps(
        whole | {"customer": told.customer.to_dict()}, option=orjson.OPT_NON_STR_KEYS, default=str
    )
    return JSONResponse(orjson.loads(body))


@router.get(
    "/decisions/live/{decision_id:path}/replay",
    name="live_replay",
    responses={**NOT_THERE, **BUSY},
)
def live_replay(
    request: Request, decision_id: DecisionId, _: Annotated[Principal, needs("decisions")]
) -> ReplayAnswer:
    """Make it again from the log, and compare byte for byte; reads the log up to the decision."""
    live = live_of(request)
    if live.find(decision_id) is None:
        raise no_decision()
    found = live.replay(decision_id)
    fields = [(n, str(a), str(b)) for each in found.differences for n, a, b in each.fields]
    return ReplayAnswer(found.decisions, found.differ, tuple(found.causes), tuple(fields))


@router.get(
    "/decisions/live/{decision_id:path}",
    name="live_decision",
    response_class=Response,
    responses={200: {"description": "The record, as a replay compares it"}, **NOT_THERE, **BUSY},
)
def live_decision(
    request: Request, decision_id: DecisionId, _: Annotated[Principal, needs("decisions")]
) -> Response:
    """The record of a decision in flight: its canonical bytes."""
    record = live_of(request).find(decision_id)
    if record is None:
        raise no_decision()
    return Response(canonical(record), media_type="application/json")


def no_decision() -> Refused:
    """The refusal of an id that nothing was decided under."""
    return Refused(404, "There is no decision in flight of this id")


async def _many(request: Request, live: LiveRoom, table: str) -> list[Outcome]:
    """What became of the events in a request, in their order."""
    reader, now = live.reader(table), services_of(request).now()
    body = await _body(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == ARROW:
        given = await run_in_threadpool(_arrow, body)
        places, events, problems = await run_in_threadpool(reader.read_table, given, now)
        return _together(len(given), places, await asked(live, table, events), problems)
    given = _lines(body) if kind == LINES else _list(body)
    rows: list[Row] = []
    places, problems = [], []
    for at, each in enumerate(given):
        try:
            rows.append(reader.read(_parsed(each) if kind == LINES else each, now))
            places.append(at)
        except InputError as error:
            problems.append(RowProblem(at, error.problem, error.where, error.remedy))
    found = await asked(live, table, rows) if rows else []
    return _together(len(given), places, found, problems)


async def _body(request: Request) -> bytes:
    """The body; a form's was read by the guard already, and is no event.

    Raises:
        InputError: It is a form.
    """
    if request.headers.get("content-type", "").lower().startswith(FORMS):
        raise InputError("A form is no event", where="body", remedy="application/json")
    return await request.body()


def _together(
    size: int, places: Sequence[int], found: Sequence[Outcome], problems: Sequence[RowProblem]
) -> list[Outcome]:
    """Outcomes and problems in the order in which events were sent."""
    whole: list[Outcome] = [RowProblem(at, "It was not read") for at in range(size)]
    for each in reversed(problems):  # the first of an event stands
        whole[each.row] = each
    for at, outcome in zip(places, found, strict=True):
        if isinstance(outcome, RowProblem):
            whole[at] = replace(outcome, row=at)
        else:
            whole[at] = outcome
    return whole


def _list(body: bytes) -> list[Any]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError(f"This is no JSON: {error}", where="body", remedy="A list") from error
    return _bounded(given if isinstance(given, list) else [given])


def _lines(body: bytes) -> list[bytes]:
    return _bounded([line for line in body.split(b"\n") if line.strip()])


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError(f"The line is no JSON: {error}", remedy="One object a line") from error


def _arrow(body: bytes) -> pa.Table:
    try:
        with pa.ipc.open_stream(pa.py_buffer(body)) as reader:
            table = reader.read_all()
            table.validate(full=True)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise InputError("This is no Arrow stream", where="body", remedy=ARROW) from error
    _bounded(range(table.num_rows))
    return table


def _bounded(given: Many) -> Many:
    if len(given) > EVENTS_MAX:
        raise InputError(
            f"{len(given):,} events came at once", where="body", remedy=f"At most {EVENTS_MAX:,}"
        )
    return given
