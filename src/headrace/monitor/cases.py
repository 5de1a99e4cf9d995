"""Alerts become cases: each has an owner, a clock and an outcome.

A decision whose action is not `approve` is an alert. The alerts of one policy about one customer
gather in one case, those within a window of its first; the next one after that opens another. A
case is as severe as its most severe alert, and due by the earliest hour that any of them sets.

    open -> in review -> closed as fraud, genuine or unclear -> (reopened) in review

Nothing is ever changed: a case is the fold of its events, in order. Here are the rules alone; who
keeps events and what the clock says is for the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from headrace.decisions.flow.policy import ACTIONS, Action
from headrace.errors import InputError

_DIGEST = re.compile(r"[0-9a-f]{64}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SYSTEM = "headrace"
"""By whom alerts are put into cases."""


class State(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    IN_REVIEW = "in_review"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What a case turned out to be."""

    FRAUD = "fraud"
    GENUINE = "genuine"
    UNCLEAR = "unclear"


class Deed(StrEnum):
    """What an event of a case does."""

    ALERT = "alert"
    ASSIGN = "assign"
    NOTE = "note"
    ACT = "act"
    CLOSE = "close"
    REOPEN = "reopen"


class Measure(StrEnum):
    """What is done about a customer while a case is worked."""

    FREEZE = "freeze"
    STEP_UP = "step_up"
    RELEASE = "release"
    LIFT = "lift"


class Evidence(StrEnum):
    """What a note points at."""

    DECISION = "decision"
    FACT = "fact"
    FILE = "file"


class Refusal(StrEnum):
    """Why an event is not let in, worded as what must hold."""

    THE_CASE_MUST_EXIST = "the_case_must_exist"
    A_PERSON_MUST_BE_NAMED = "a_person_must_be_named"
    AN_ALERT_MUST_BE_NEW = "an_alert_must_be_new"
    AN_ALERT_MUST_BE_OF_THE_SAME_CUSTOMER_AND_POLICY = (
        "an_alert_must_be_of_the_same_customer_and_policy"
    )
    A_CLOSED_CASE_MUST_BE_REOPENED_FIRST = "a_closed_case_must_be_reopened_first"
    A_CASE_MUST_BE_ASSIGNED_BEFORE_IT_IS_CLOSED = "a_case_must_be_assigned_before_it_is_closed"
    A_CASE_MUST_BE_CLOSED_BY_ITS_OWNER = "a_case_must_be_closed_by_its_owner"
    ONLY_A_CLOSED_CASE_IS_REOPENED = "only_a_closed_case_is_reopened"
    THE_OWNER_MUST_BE_ANOTHER = "the_owner_must_be_another"
    REOPENING_MUST_SAY_WHY = "reopening_must_say_why"
    A_NOTE_MUST_SAY_SOMETHING = "a_note_must_say_something"
    A_FILE_MUST_BE_NAMED_BY_ITS_DIGEST = "a_file_must_be_named_by_its_digest"
    A_MEASURE_MUST_BE_ON_A_LIST = "a_measure_must_be_on_a_list"
    THE_CASE_MUST_BE_CLOSED_AS_FRAUD = "the_case_must_be_closed_as_fraud"

    @property
    def sentence(self) -> str:
        """The requirement as a sentence."""
        return self.value.replace("_", " ").capitalize()


class RefusedError(InputError):
    """An event is against the rules."""

    def __init__(self, refusal: Refusal, *, where: str, remedy: str = "") -> None:
        """Keep the refusal, so that programs need not read words."""
        self.refusal = refusal
        super().__init__(refusal.sentence, where=where, remedy=remedy)


DUE_WITHIN: Mapping[Action, timedelta] = MappingProxyType(
    {
        Action.NOTIFY: timedelta(hours=72),
        Action.STEP_UP: timedelta(hours=24),
        Action.REFER: timedelta(hours=4),
        Action.DECLINE: timedelta(hours=24),
        Action.BLOCK: timedelta(hours=1),
    }
)
"""A referred or blocked customer waits for somebody; a declined one has been told."""


@dataclass(frozen=True)
class CaseSettings:
    """How alerts are worked.

    Attributes:
        window: For how long after its first alert a case gathers more, above 0.
        due_within: By action: how soon somebody must have closed it, above 0.
    """

    window: timedelta = timedelta(hours=24)
    due_within: Mapping[Action, timedelta] = field(default_factory=lambda: DUE_WITHIN)

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: Naming the setting.
        """
        if self.window <= timedelta(0):
            raise InputError(
                f"A window of {self.window} gathers nothing",
                where="CaseSettings.window",
                remedy="Give a length above 0",
            )
        for action in Action:
            if action is not Action.APPROVE and not self.due_within.get(
                action, timedelta(0)
            ) > timedelta(0):
                raise InputError(
                    f"A case of {action.word} has no time to be worked",
                    where=f"CaseSettings.due_within[{action.word}]",
                    remedy="Give a length above 0",
                )


USUAL = CaseSettings()


@dataclass(frozen=True)
class Alert:
    """A decision that somebody should look at.

    Attributes:
        decision: Its id.
        policy: Whose decision.
        customer: About whom; empty where that was missing: such an alert is a case of its own.
        action: What was done; not `approve`.
        reason: Why; None where none was given.
        at: When it was decided, microseconds since 1970, UTC.
        exposure: What was at stake, minor units; None where the policy does not say.
        facts: What the policy was told beside features: terminal, amount.
    """

    decision: str
    policy: str
    customer: str
    action: Action
    reason: str | None
    at: int
    exposure: float | None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**vars(self), "action": self.action.word, "facts": dict(self.facts)}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Alert:
        """What `to_dict` gave."""
        return cls(**{**told, "action": ACTIONS[told["action"]]})


@dataclass(frozen=True)
class CaseEvent:
    """One thing that happened to a case.

    Attributes:
        case: Its number.
        deed: What happened.
        by: By whom.
        at: When it was recorded, microseconds since 1970, UTC.
        comment: Why, in their words.
        told: What only this deed says: of an alert `alert` and `due`; of an assignment `owner`; of
            a note `evidence`, pairs of kind and id; of a measure `measure`, `entries` and the
            number of the `act` that put them on lists; of a closing `outcome`; of a reopening
            `due`. `due` is in microseconds since 1970, UTC.
        number: Its place among all events, from 1; 0 until it is recorded.
    """

    case: int
    deed: Deed
    by: str
    at: int
    comment: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0

    @property
    def alert(self) -> Alert:
        """Of an alert: which."""
        return Alert.from_dict(self.told["alert"])


@dataclass(frozen=True)
class Case:
    """A case as its events left it.

    Attributes:
        number: From 1.
        policy: Whose alerts it gathers.
        customer: About whom.
        state: Where it stands.
        owner: Who works it; empty where nobody does yet.
        outcome: What it turned out to be; None until it is closed.
        severity: The most severe action of its alerts.
        opened: When its first alert was recorded, microseconds since 1970, UTC.
        due: Until when it must be closed, microseconds since 1970, UTC.
        alerts: In the order in which they were recorded.
        events: All of them.
    """

    number: int
    policy: str
    customer: str
    state: State
    owner: str
    outcome: Outcome | None
    severity: Action
    opened: int
    due: int
    alerts: tuple[Alert, ...]
    events: tuple[CaseEvent, ...]

    @property
    def where(self) -> str:
        """For errors."""
        return f"case {self.number}"

    @property
    def exposure(self) -> float | None:
        """What its alerts put at stake together, minor units; None where none says."""
        known = [alert.exposure for alert in self.alerts if alert.exposure is not None]
        return sum(known) if known else None

    @property
    def closed(self) -> CaseEvent | None:
        """The event that closed it; None where it is not closed."""
        if self.state is not State.CLOSED:
            return None
        return next(each for each in reversed(self.events) if each.deed is Deed.CLOSE)

    def is_overdue(self, moment: int) -> bool:
        """Whether it should have been closed by now."""
        return self.state is not State.CLOSED and moment > self.due

    def gathers(self, alert: Alert, window: timedelta) -> bool:
        """Whether an alert belongs to it."""
        first = self.alerts[0]
        return (
            self.state is not State.CLOSED
            and (self.policy, self.customer) == (alert.policy, alert.customer)
            and bool(alert.customer)
            and abs(alert.at - first.at) < window // EPOCH.resolution
        )

    def to_dict(self) -> dict[str, Any]:
        """For --json; moments are ISO 8601."""
        return {
            "case": self.number,
            "policy": self.policy,
            "customer": self.customer,
            "state": self.state.value,
            "owner": self.owner,
            "outcome": None if self.outcome is None else self.outcome.value,
            "severity": self.severity.word,
            "opened": iso(self.opened),
            "due": iso(self.due),
            "exposure": self.exposure,
            "alerts": [{**each.to_dict(), "at": iso(each.at)} for each in self.alerts],
            "events": [
                {"deed": each.deed.value, "by": each.by, "at": iso(each.at)}
                | {"comment": each.comment, "told": _said(each)}
                for each in self.events
            ],
        }


# --- the fold -------------------------------------------------------------------------------------


def fold(events: Sequence[CaseEvent]) -> Case:
    """The case that its events make; the first is an alert.

    Raises:
        RefusedError: An event is against the rules, or there is none.
    """
    if not events or events[0].deed is not Deed.ALERT:
        where = f"case {events[0].case}" if events else "no events"
        raise RefusedError(Refusal.THE_CASE_MUST_EXIST, where=where)
    case = opened(events[0])
    for event in events[1:]:
        case = with_event(case, event)
    return case


def opened(event: CaseEvent) -> Case:
    """The case that an alert opens."""
    alert = event.alert
    return Case(
        number=event.case,
        policy=alert.policy,
        customer=alert.customer,
        state=State.OPEN,
        owner="",
        outcome=None,
        severity=alert.action,
        opened=event.at,
        due=event.told["due"],
        alerts=(alert,),
        events=(event,),
    )


def with_event(case: Case, event: CaseEvent) -> Case:
    """The case after an event that may happen.

    Raises:
        RefusedError: It may not.
    """
    if not event.by.strip():
        raise RefusedError(Refusal.A_PERSON_MUST_BE_NAMED, where=case.where)
    after = _STEPS[event.deed](case, event)
    return replace(after, events=(*case.events, event))


def _alerted(case: Case, event: CaseEvent) -> Case:
    alert = event.alert
    where = f"{case.where}, decision {alert.decision}"
    _must_not_be_closed(case)
    if (case.policy, case.customer) != (alert.policy, alert.customer):
        raise RefusedError(Refusal.AN_ALERT_MUST_BE_OF_THE_SAME_CUSTOMER_AND_POLICY, where=where)
    if alert.decision in {each.decision for each in case.alerts}:
        raise RefusedError(Refusal.AN_ALERT_MUST_BE_NEW, where=where)
    return replace(
        case,
        severity=max(case.severity, alert.action),
        due=min(case.due, event.told["due"]),
        alerts=(*case.alerts, alert),
    )


def _assigned(case: Case, event: CaseEvent) -> Case:
    _must_not_be_closed(case)
    owner = str(event.told["owner"]).strip()
    if not owner:
        remedy = "Name who is to work it"
        raise RefusedError(Refusal.A_PERSON_MUST_BE_NAMED, where=case.where, remedy=remedy)
    if owner == case.owner:
        remedy = f"It is {owner}'s already"
        raise RefusedError(Refusal.THE_OWNER_MUST_BE_ANOTHER, where=case.where, remedy=remedy)
    return replace(case, state=State.IN_REVIEW, owner=owner)


def _noted(case: Case, event: CaseEvent) -> Case:
    evidence = event.told["evidence"]
    if not (event.comment.strip() or evidence):
        raise RefusedError(Refusal.A_NOTE_MUST_SAY_SOMETHING, where=case.where)
    for kind, name in evidence:
        if Evidence(kind) is Evidence.FILE and not _DIGEST.fullmatch(name):
            raise RefusedError(
                Refusal.A_FILE_MUST_BE_NAMED_BY_ITS_DIGEST,
                where=f"{case.where}, {name[:80]}",
                remedy="SHA-256 of its content, 64 hexadecimal digits",
            )
    return case


def _acted(case: Case, event: CaseEvent) -> Case:
    _must_not_be_closed(case)
    Measure(event.told["measure"])
    if not event.told["entries"]:
        raise RefusedError(Refusal.A_MEASURE_MUST_BE_ON_A_LIST, where=case.where)
    return case


def _closed(case: Case, event: CaseEvent) -> Case:
    _must_not_be_closed(case)
    if case.state is State.OPEN:
        raise RefusedError(
            Refusal.A_CASE_MUST_BE_ASSIGNED_BEFORE_IT_IS_CLOSED,
            where=case.where,
            remedy=f"`headrace cases assign {case.number} --to NAME`",
        )
    if event.by.strip() != case.owner:
        raise RefusedError(
            Refusal.A_CASE_MUST_BE_CLOSED_BY_ITS_OWNER,
            where=case.where,
            remedy=f"It is {case.owner}'s; assign it to {event.by.strip()} first",
        )
    return replace(case, state=State.CLOSED, outcome=Outcome(event.told["outcome"]))


def _reopened(case: Case, event: CaseEvent) -> Case:
    if case.state is not State.CLOSED:
        remedy = f"It is {case.state.value.replace('_', ' ')}"
        raise RefusedError(Refusal.ONLY_A_CLOSED_CASE_IS_REOPENED, where=case.where, remedy=remedy)
    if not event.comment.strip():
        raise RefusedError(Refusal.REOPENING_MUST_SAY_WHY, where=case.where)
    return replace(case, state=State.IN_REVIEW, outcome=None, due=event.told["due"])


_STEPS = {
    Deed.ALERT: _alerted,
    Deed.ASSIGN: _assigned,
    Deed.NOTE: _noted,
    Deed.ACT: _acted,
    Deed.CLOSE: _closed,
    Deed.REOPEN: _reopened,
}


def _must_not_be_closed(case: Case) -> None:
    if case.state is State.CLOSED:
        raise RefusedError(
            Refusal.A_CLOSED_CASE_MUST_BE_REOPENED_FIRST,
            where=case.where,
            remedy=f"`headrace cases reopen {case.number}` says why",
        )


# --- what people do -------------------------------------------------------------------------------


def assignment(case: Case, owner: str, by: str, at: int, comment: str = "") -> CaseEvent:
    """Somebody is given a case; it is in review from then on."""
    return CaseEvent(case.number, Deed.ASSIGN, by, at, comment, {"owner": owner})


def note(
    case: Case, by: str, at: int, comment: str, evidence: Iterable[tuple[Evidence, str]] = ()
) -> CaseEvent:
    """Somebody says something about a case, and what it rests on.

    Args:
        case: Which; it may be closed.
        by: Who.
        at: Now, microseconds since 1970, UTC.
        comment: In their words; may be empty where there is evidence.
        evidence: Ids of decisions and facts, and files by their SHA-256: never their content.
    """
    told = [[kind.value, name] for kind, name in evidence]
    return CaseEvent(case.number, Deed.NOTE, by, at, comment, {"evidence": told})


def closing(case: Case, outcome: Outcome, by: str, at: int, comment: str = "") -> CaseEvent:
    """The owner says what it was."""
    return CaseEvent(case.number, Deed.CLOSE, by, at, comment, {"outcome": outcome.value})


def reopening(
    case: Case, by: str, at: int, comment: str, settings: CaseSettings = USUAL
) -> CaseEvent:
    """A closed case is looked at again, by its owner; its clock starts anew."""
    due = at + settings.due_within[case.severity] // EPOCH.resolution
    return CaseEvent(case.number, Deed.REOPEN, by, at, comment, {"due": due})


# --- moments --------------------------------------------------------------------------------------


def moment_of(at: int) -> datetime:
    """Microseconds since 1970 as a moment, UTC."""
    return EPOCH + timedelta(microseconds=at)


def iso(at: int) -> str:
    """Microseconds since 1970 in words: 2026-03-01T09:12:00Z."""
    return moment_of(at).isoformat().replace("+00:00", "Z")


def _said(event: CaseEvent) -> dict[str, Any]:
    """What an event tells, an alert by its decision alone: the case lists them."""
    told = {name: value for name, value in event.told.items() if name != "alert"}
    if "entries" in told:
        told["entries"] = [
            each | {"until": None if each["until"] is None else iso(each["until"])}
            for each in told["entries"]
        ]
    if "due" in told:
        told["due"] = iso(told["due"])
    return told | ({"decision": event.alert.decision} if event.deed is Deed.ALERT else {})
