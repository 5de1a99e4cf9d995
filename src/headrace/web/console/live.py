"""Pages *Live*: the stream of decisions as it comes, and why a decision is what it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from headrace.adapters.live.watch import Flow, Line, Watched
from headrace.adapters.quarantine import last_held
from headrace.decisions.flow.decided import Plain
from headrace.decisions.flow.policy import ACTIONS
from headrace.facts.localtime import instant_of
from headrace.web.api.live import live_of, no_decision
from headrace.web.api.live_state import STRETCHES, LiveState, kafka_told, state_of
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.words import Words
from headrace.web.guard import needs
from headrace.web.live_room import Explained, LiveRoom
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of

SECONDS_SHOWN, STEP = 600, 10
WHOLE_FROM = 1_000  # from here on decimal places say nothing
RULES_SHOWN, LINES_SHOWN, DAYS_SHOWN, FACTS_SHOWN, HELD_SHOWN = 12, 20, 30, 8, 100
router = APIRouter(include_in_schema=False)
Sees = Annotated[Principal, needs("live")]


@dataclass(frozen=True)
class RuleLine:
    """A rule as the page shows it; shares in percent, the one before empty where there is none."""

    number: int
    text: str
    share: str
    before: str
    changed: bool


@dataclass(frozen=True)
class TableLines:
    """A table's rules, those that speak most first, and what to look at."""

    name: str
    digest: str
    asked: str
    rules: tuple[RuleLine, ...]
    left_out: int
    findings: tuple[str, ...]


@router.get("/live", name="live_page")
def live_page(request: Request, principal: Sees) -> Response:
    """The stream: rate, latency, outcomes, rules."""
    return _page(request, principal, "live.html")


@router.get("/live/now", name="live_now")
def live_now(request: Request, principal: Sees) -> Response:
    """What changes from second to second, for the page to show in place of what it has."""
    return _page(request, principal, "live_now.html")


@router.get("/live/decisions/{decision_id:path}", name="live_decision_page")
def live_decision_page(
    request: Request,
    decision_id: Annotated[str, Path(max_length=200)],
    principal: Annotated[Principal, needs("decisions")],
) -> Response:
    """Why a decision is what it is."""
    live = live_of(request)
    if live.find(decision_id) is None:
        raise no_decision()
    explained, words = live.explain(decision_id), words_of(request)
    return draw(
        request,
        "live_decision.html",
        principal,
        told=explained.decision,
        customer=words.of(explained.customer.done)
        + ("" if explained.customer.why is None else " " + words.of(explained.customer.why)),
        moment=_time(live, explained.found.record["moment"]),
        title=words.of(explained.decision.title),
        action=action_word(words, explained.decision.action),
        number=live.desk.version_of(explained.decision.in_force),
        inputs=_inputs(explained, live, words),
        value=plain_value,
        action_word=lambda name: action_word(words, name),
        facts_shown=FACTS_SHOWN,
        is_simulated=live.is_simulated,
    )


@router.get("/live/quarantine", name="live_quarantine_page")
def live_quarantine_page(
    request: Request, principal: Annotated[Principal, needs("decisions")]
) -> Response:
    """Messages of Kafka that could not be used, the newest first."""
    live = live_of(request)
    held = last_held(live.rooms.folder, HELD_SHOWN)
    return draw(
        request, "live_quarantine.html", principal, held=held, is_simulated=live.is_simulated
    )


def _page(request: Request, principal: Principal, template: str) -> Response:
    live, words, now = live_of(request), words_of(request), services_of(request).now()
    live.watch.settle()
    state = state_of(live, now, kafka_told(services_of(request)))
    zone = live.zone
    rates = live.watch.rates(now, SECONDS_SHOWN, STEP)
    times = [f"{instant_of(at).astimezone(zone):%H:%M:%S}" for at, _ in rates]
    days = live.watch.days()[-DAYS_SHOWN:]
    return draw(
        request,
        template,
        principal,
        state=state,
        minute=state.flows[0],
        rate_chart=_rate_chart(words, times, [rate for _, rate in rates]),
        rates=list(zip(times, rates, strict=True))[-LINES_SHOWN:],
        flows=[_flow(words, flow) for flow in state.flows],
        day_chart=_day_chart(words, days),
        days=[_day(words, day, actions) for day, actions in reversed(days)],
        actions=[(name, action_word(words, name)) for name in _actions(days)],
        tables=[_table(words, each) for each in live.watch.rules()],
        lines=[_line(words, live, each) for each in live.watch.last()[:LINES_SHOWN]],
        may_read="decisions" in principal.may,
        late=_late(state),
        kafka_rate="–" if state.kafka is None else f"{state.kafka.per_second:,.1f}",
        kafka_lag=_lag(state),
        milliseconds=_milliseconds,
        is_simulated=live.is_simulated,
    )


# --- words ----------------------------------------------------------------------------------------


def action_word(words: Words, name: str) -> str:
    """What was done, as people say it."""
    return words(f"case_action_{name}")


def plain_value(value: Plain | Sequence[Any] | None) -> str:
    """A value of the record: numbers short, missing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, float):
        whole = value.is_integer() or abs(value) >= WHOLE_FROM
        return f"{value:,.0f}" if whole else f"{value:,.4g}"
    return f"{value:,}" if type(value) is int else str(value)


def _flow(words: Words, flow: Flow) -> dict[str, str]:
    return {
        "stretch": words("live_last_minute" if flow.seconds == STRETCHES[0] else "live_last_hour"),
        "decided": words.count(flow.decided),
        "rate": f"{flow.per_second:,.1f}",
        "p50": _milliseconds(flow.p50),
        "p99": _milliseconds(flow.p99),
        "refused": words.count(flow.refused),
        "failed": words.count(flow.failed),
    }


def _milliseconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:,.1f} ms"


def _actions(days: Sequence[tuple[int, Mapping[str, int]]]) -> list[str]:
    there = {name for _, actions in days for name in actions}
    return [name for name in ACTIONS if name in there]


def _day(words: Words, day: int, actions: Mapping[str, int]) -> dict[str, Any]:
    total = sum(actions.values())
    return {
        "day": f"{instant_of(day):%Y-%m-%d}",
        "total": words.count(total),
        "counts": {name: words.count(actions.get(name, 0)) for name in ACTIONS},
    }


def _table(words: Words, watched: Watched) -> TableLines:
    now, before = watched.now, watched.before
    order = sorted(range(len(now.spoke)), key=lambda at: (-int(now.spoke[at]), at))
    pointed = {rule for finding in watched.findings for rule in finding.rules}
    shown = [at for at in order if at + 1 in pointed or at in order[:RULES_SHOWN]]
    return TableLines(
        watched.table.name,
        now.digest[:12],
        words.count(now.asked),
        tuple(
            RuleLine(
                at + 1,
                watched.table.rule_text(at + 1),
                _share(int(now.spoke[at]), now.asked),
                "" if before is None else _share(int(before.spoke[at]), before.asked),
                at + 1 in pointed,
            )
            for at in shown
        ),
        len(order) - len(shown),
        tuple(
            each.text_zh if words.language == "zh" else each.text_en for each in watched.findings
        ),
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "–"


def _line(words: Words, live: LiveRoom, line: Line) -> dict[str, str]:
    return {
        "decision": line.decision,
        "moment": _time(live, line.moment),
        "action": action_word(words, line.action),
        "tone": "good" if line.action == "approve" else "warn",
        "reason": line.reason or "",
        "by": line.decided_by,
    }


def _time(live: LiveRoom, moment: int) -> str:
    found: datetime = instant_of(moment).astimezone(live.zone)
    return f"{found:%Y-%m-%d %H:%M:%S}"


def _lag(state: LiveState) -> int | None:
    """Messages that are not taken in yet; None where it is not known of every partition."""
    lags = [] if state.kafka is None else [each.lag for each in state.kafka.places]
    known = [each for each in lags if each is not None]
    return sum(known) if lags and len(known) == len(lags) else None


def _late(state: LiveState) -> int:
    return sum(state.models_late.values()) + sum(state.models_failed.values())


def _inputs(explained: Explained, live: LiveRoom, words: Words) -> list[tuple[str, str, str]]:
    """Every input by its name, what it is called, and its value."""
    features = {each.name: each for each in live.rooms.pack.features}
    rows = []
    for name, value in explained.decision.inputs.items():
        feature = features.get(name)
        called = "" if feature is None else (feature.zh if words.language == "zh" else feature.en)
        rows.append((name, called, plain_value(value)))
    return rows


# --- charts ---------------------------------------------------------------------------------------


def _rate_chart(words: Words, times: Sequence[str], rates: Sequence[float]) -> dict[str, Any]:
    return {
        "grid": {"left": 48, "right": 12, "top": 16, "bottom": 28},
        "xAxis": {"type": "category", "data": list(times), "boundaryGap": False},
        "yAxis": {"type": "value", "minInterval": 1},
        "tooltip": {"trigger": "axis"},
        "series": [
            {
                "type": "line",
                "name": words("live_per_second"),
                "showSymbol": False,
                "areaStyle": {"opacity": 0.15},
                "data": [round(rate, 2) for rate in rates],
            }
        ],
    }


def _day_chart(words: Words, days: Sequence[tuple[int, Mapping[str, int]]]) -> dict[str, Any]:
    severe = [name for name in _actions(days) if name != "approve"]
    return {
        "grid": {"left": 48, "right": 12, "top": 34, "bottom": 28},
        "legend": {"top": 0},
        "xAxis": {"type": "category", "data": [f"{instant_of(day):%m-%d}" for day, _ in days]},
        "yAxis": {"type": "value", "axisLabel": {"formatter": "{value}%"}},
        "tooltip": {"trigger": "axis"},
        "series": [
            {
                "type": "bar",
                "stack": "all",
                "name": action_word(words, name),
                "data": [
                    round(100 * actions.get(name, 0) / max(1, sum(actions.values())), 2)
                    for _, actions in days
                ],
            }
            for name in severe
        ],
    }
