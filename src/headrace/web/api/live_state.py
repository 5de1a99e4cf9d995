"""How the stream of decisions does: `GET /api/v1/live`, which the page *Live* shows too."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request

from headrace.adapters.live.watch import Flow, Watched
from headrace.adapters.quarantine import Held, last_held
from headrace.web.api.live import BUSY, live_of
from headrace.web.api.pages import PAGE
from headrace.web.api.routes import REFUSALS, PageSize
from headrace.web.guard import needs
from headrace.web.kafka_room import KafkaTold
from headrace.web.live_room import LiveRoom
from headrace.web.security.accounts import Principal
from headrace.web.services import Services, services_of

SECOND_US = 1_000_000
STRETCHES = (60, 3_600)
"""Seconds over which the stream is told: the last minute, the last hour."""

router = APIRouter(prefix="/api/v1", responses=REFUSALS, tags=["live"])


@dataclass(frozen=True)
class InForceTold:
    """What decides, or is asked beside.

    Attributes:
        name: `champion`, or the name of a challenger or shadow.
        mode: champion, challenger or shadow.
        share: Of customers it decides for, or is asked about, 0 to 1.
        policy: Its name.
        version: Its number in the store; None: as the pack ships it.
        in_force: Digest of all that decides.
    """

    name: str
    mode: str
    share: float
    policy: str
    version: int | None
    in_force: str


@dataclass(frozen=True)
class DayTold:
    """Decisions on the events of one day (UTC; microseconds since 1970), by action."""

    day: int
    actions: Mapping[str, int]


@dataclass(frozen=True)
class FindingTold:
    """Something to look at about a table's rules; see `headrace.decisions.flow.monitoring`."""

    code: str
    severity: str
    rules: tuple[int, ...]
    en: str
    zh: str


@dataclass(frozen=True)
class TableTold:
    """How often the rules of one version of a table spoke in the last seven days of events.

    Attributes:
        table: Its name.
        digest: Of the version.
        asked: Cases it was asked about.
        silent: Of these, cases in which no rule was met.
        spoke: By rule, from the first: cases in which it spoke.
        asked_before: Cases of the days before; 0 where there are none.
        spoke_before: By rule, in those.
        findings: What is odd or has changed.
    """

    table: str
    digest: str
    asked: int
    silent: int
    spoke: tuple[int, ...]
    asked_before: int
    spoke_before: tuple[int, ...]
    findings: tuple[FindingTold, ...]


@dataclass(frozen=True)
class LiveState:
    """The stream of decisions. Flows are by this machine's clock, since the service started.

    Attributes:
        at: Now, microseconds since 1970, UTC.
        simulated: Whether the folder is labelled as simulated.
        records: Records in the log.
        waiting: Events that are not answered yet.
        alerts_waiting: Batches of alerts on their way into cases.
        trouble: What does not work at the moment, in words; empty where all does.
        models_late: How often a model was late, by its step.
        models_failed: How often it failed.
        deciding: What decides, the champion first.
        flows: The last minute, the last hour.
        days: By day of events, oldest first.
        tables: How often rules spoke.
        kafka: How Kafka as a source does; None where no events come from it.
    """

    at: int
    simulated: bool
    records: int
    waiting: int
    alerts_waiting: int
    trouble: tuple[str, ...]
    models_late: Mapping[str, int]
    models_failed: Mapping[str, int]
    deciding: tuple[InForceTold, ...]
    flows: tuple[Flow, ...]
    days: tuple[DayTold, ...]
    tables: tuple[TableTold, ...]
    kafka: KafkaTold | None


@router.get("/live", name="live", responses=BUSY)
def live(request: Request, _: Annotated[Principal, needs("live")]) -> LiveState:
    """Rate, latency, outcomes, rules that spoke, and what decides."""
    services = services_of(request)
    return state_of(live_of(request), services.now(), kafka_told(services))


@dataclass(frozen=True)
class QuarantineTold:
    """Messages of Kafka that could not be used, newest first."""

    items: tuple[Held, ...]


@router.get("/live/quarantine", name="live_quarantine", responses=BUSY)
def quarantine(
    request: Request,
    _: Annotated[Principal, needs("decisions")],
    limit: PageSize = PAGE,
) -> QuarantineTold:
    """The last messages of Kafka that could not be used: where they stood, and why."""
    return QuarantineTold(tuple(last_held(live_of(request).rooms.folder, limit)))


def kafka_told(services: Services) -> KafkaTold | None:
    """How Kafka as a source does; None where no events come from it."""
    return None if services.kafka is None else services.kafka.told


def state_of(room: LiveRoom, now: int, kafka: KafkaTold | None) -> LiveState:
    """The state of a room at a moment."""
    return LiveState(
        at=now,
        simulated=room.is_simulated,
        records=room.desk.decisions.live.records,
        waiting=room.desk.waiting,
        alerts_waiting=room.alerts.tail.waiting,
        trouble=tuple(
            each
            for each in (room.trouble, room.alerts.tail.failing, room.audit.tail.failing)
            if each
        ),
        models_late=dict(room.ask.late),
        models_failed=dict(room.ask.failed),
        deciding=_deciding(room),
        flows=tuple(room.watch.flow(now, seconds) for seconds in STRETCHES),
        days=tuple(DayTold(day, actions) for day, actions in room.watch.days()),
        tables=tuple(map(_table, room.watch.rules())),
        kafka=kafka,
    )


def _deciding(room: LiveRoom) -> tuple[InForceTold, ...]:
    deployment = room.desk.decisions.deployment
    left = 1 - sum(each.share for each in deployment.challengers) / 10_000
    several = [
        ("champion", "champion", left, deployment.champion),
        *(
            (each.name, each.mode.value, each.share / 10_000, each.version)
            for each in deployment.beside
        ),
    ]
    return tuple(
        InForceTold(
            name,
            mode,
            share,
            version.program.policy.name,
            room.desk.version_of(version.digest),
            version.digest,
        )
        for name, mode, share, version in several
    )


def _table(watched: Watched) -> TableTold:
    before = watched.before
    return TableTold(
        table=watched.table.name,
        digest=watched.now.digest,
        asked=watched.now.asked,
        silent=watched.now.silent,
        spoke=tuple(watched.now.spoke.tolist()),
        asked_before=0 if before is None else before.asked,
        spoke_before=() if before is None else tuple(before.spoke.tolist()),
        findings=tuple(
            FindingTold(each.code, each.severity.value, each.rules, each.text_en, each.text_zh)
            for each in watched.findings
        ),
    )
