"""Cases in words, for people: alerts, what happened, how much time is left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from headrace.decisions.flow.lists import Entry
from headrace.monitor.cases import Alert, Case, CaseEvent, Deed, Measure, State
from headrace.pack import Text
from headrace.web.console.words import TEXTS, Words

HOUR_US, MINUTE_US, DAY_HOURS = 3_600_000_000, 60_000_000, 24


@dataclass(frozen=True)
class Ticket:
    """A case in the queue. `tone` is warn, good or empty."""

    number: int
    customer: str
    policy: str
    state: str
    owner: str
    severity: str
    tone: str
    reasons: str
    alerts: str
    exposure: str
    opened: str
    due: str
    left: str
    is_overdue: bool
    is_closed: bool
    outcome: str
    events_seen: int


@dataclass(frozen=True)
class AlertTold:
    """An alert: `reason` in words, `facts` as pairs."""

    decision: str
    at: str
    action: str
    reason: str
    told: str
    exposure: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class EventTold:
    """One thing that happened; `evidence` as kind, id and a link (empty: none)."""

    at: str
    by: str
    deed: str
    comment: str
    evidence: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class HeldTold:
    """An entry of a list that holds, ready to be read."""

    list: str
    value: str
    since: str
    until: str
    owner: str


@dataclass(frozen=True)
class Writer:
    """Writes cases in a language.

    Attributes:
        words: The language.
        zone: Whose days and hours are shown.
        now: Microseconds since 1970, UTC.
        reasons: What customers are told, by the reason's code.
        currency: ISO 4217, of amounts.
    """

    words: Words
    zone: ZoneInfo
    now: int
    reasons: Mapping[str, Text]
    currency: str

    def ticket(self, case: Case) -> Ticket:
        """A case in the queue."""
        is_overdue, is_closed = case.is_overdue(self.now), case.state is State.CLOSED
        outcome = "" if case.outcome is None else self.words(f"case_outcome_{case.outcome.value}")
        codes = dict.fromkeys(each.reason for each in case.alerts)
        return Ticket(
            number=case.number,
            customer=case.customer or self.words("case_no_customer"),
            policy=case.policy,
            state=self.words(f"case_state_{case.state.value}"),
            owner=case.owner,
            severity=self._action(case.severity.word),
            tone="warn" if case.severity.word in ("block", "decline", "refer") else "",
            reasons=self.words("case_and").join(self.reason(code) for code in codes),
            alerts=self.words.count(len(case.alerts)),
            exposure=self._money(case.exposure),
            opened=self._moment(case.opened),
            due=self._moment(case.due),
            left="" if is_closed else self._left(case.due),
            is_overdue=is_overdue,
            is_closed=is_closed,
            outcome=outcome,
            events_seen=len(case.events),
        )

    def alert(self, alert: Alert) -> AlertTold:
        """An alert."""
        facts = tuple(
            (self.field(name), self._fact(name, value)) for name, value in alert.facts.items()
        )
        told = self.reasons.get(alert.reason or "")
        return AlertTold(
            decision=alert.decision,
            at=self._moment(alert.at),
            action=self._action(alert.action.word),
            reason=self.reason(alert.reason),
            told="" if told is None else self.words.of(told),
            exposure=self._money(alert.exposure),
            facts=facts,
        )

    def event(self, event: CaseEvent) -> EventTold:
        """One thing that happened."""
        told = event.told.get("evidence", ())
        evidence = tuple(
            (self.words(f"case_evidence_{kind}"), name, _link(kind, name)) for kind, name in told
        )
        at = self._moment(event.at)
        return EventTold(at, event.by, self._deed(event), event.comment, evidence)

    def held(self, entry: Entry) -> HeldTold:
        """An entry of a list that holds."""
        until = entry.valid_until
        return HeldTold(
            entry.list,
            entry.value,
            self._moment(entry.valid_from),
            self.words("live_for_good") if until is None else self._moment(until),
            entry.owner,
        )

    def reason(self, code: str | None) -> str:
        """A rule's reason in words; where there are none, its code."""
        if code is None:
            return self.words("case_no_reason")
        known = TEXTS.get(f"case_reason_{code}")
        return code.replace("_", " ") if known is None else self.words.of(known)

    def field(self, name: str) -> str:
        """What a field of an event is called; its own name where there is no word for it."""
        known = TEXTS.get(f"case_field_{name}")
        return name.replace("_", " ") if known is None else self.words.of(known)

    def _deed(self, event: CaseEvent) -> str:
        told = event.told
        if event.deed is Deed.ALERT:
            alert = event.alert
            reason, action = self.reason(alert.reason), self._action(alert.action.word)
            return self.words("case_did_alert", reason=reason, action=action)
        if event.deed is Deed.ASSIGN:
            return self.words("case_did_assign", owner=told["owner"])
        if event.deed is Deed.CLOSE:
            outcome = self.words(f"case_outcome_{told['outcome']}")
            return self.words("case_did_close", outcome=outcome)
        if event.deed is Deed.ACT:
            return self._acted(told)
        return self.words(f"case_did_{event.deed.value}")

    def _acted(self, told: Mapping[str, Any]) -> str:
        """What was done: the last entry is the measure itself, those before were ended by it."""
        if told["measure"] == Measure.LIFT.value:
            values = self.words("case_and").join(each["value"] for each in told["entries"])
            return self.words("case_did_lift", value=values, act=told["act"])
        last, ended = told["entries"][-1], len(told["entries"]) - 1
        until = last["until"]
        about = {"value": last["value"], "list": last["list"], "act": told["act"]}
        said = self.words(f"case_did_{told['measure']}", **about)
        ends = "case_for_good" if until is None else "case_until"
        said += self.words(ends, until="" if until is None else self._moment(until))
        return said + (self.words("case_ended", n=ended) if ended else "")

    def _left(self, due: int) -> str:
        """How much time there is, or by how much it is over."""
        span = abs(due - self.now)
        hours, minutes = span // HOUR_US, span % HOUR_US // MINUTE_US
        if hours >= 2 * DAY_HOURS:
            told = self.words("case_days", n=hours // DAY_HOURS)
        elif hours:
            told = self.words("case_hours", h=hours, m=minutes)
        else:
            told = self.words("case_minutes", m=minutes)
        return self.words("case_left" if due >= self.now else "case_over", span=told)

    def _fact(self, name: str, value: Any) -> str:
        if name == "amount" and isinstance(value, int | float):
            return self._money(value)
        return "" if value is None else str(value)

    def _action(self, word: str) -> str:
        return self.words(f"case_action_{word}")

    def _money(self, minor: float | None) -> str:
        return "" if minor is None else self.words.money(round(minor), self.currency)

    def _moment(self, at: int) -> str:
        return self.words.moment(at, self.zone)


def _link(kind: str, name: str) -> str:
    """Where evidence may be looked at; a file is known here by its digest alone."""
    return f"/live/decisions/{quote(name, safe='')}" if kind == "decision" else ""
