"""Which decisions are alerts, and which case gathers one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headrace.decisions.flow.policy import ACTIONS, Action, Policy
from headrace.monitor.cases import EPOCH, SYSTEM, USUAL, Alert, Case, CaseEvent, CaseSettings, Deed


def alert_of(record: Mapping[str, Any], policy: Policy) -> Alert | None:
    """The alert that a decision is; None where it approves, or was not followed.

    Args:
        record: The decision as plain values, see `headrace.decisions.flow.record.one_record`.
        policy: Of the version that made it.
    """
    action = ACTIONS[record["action"]]
    if action is Action.APPROVE or not record["effective"]:
        return None
    inputs = record["inputs"]
    customer = inputs.get(policy.customer)
    exposure = inputs.get(policy.exposure) if policy.exposure else None
    return Alert(
        decision=record["decision"],
        policy=policy.name,
        customer="" if customer is None else str(customer),
        action=action,
        reason=record["reason"],
        at=record["moment"],
        exposure=exposure if isinstance(exposure, int | float) else None,
        facts={name: inputs.get(name) for name in policy.inputs if name in inputs},
    )


def case_for(alert: Alert, cases: Iterable[Case], settings: CaseSettings = USUAL) -> Case | None:
    """The case that gathers an alert, of several the newest; None where it opens one."""
    found = [case for case in cases if case.gathers(alert, settings.window)]
    return max(found, key=lambda case: case.number, default=None)


def alert_event(case: int, alert: Alert, at: int, settings: CaseSettings = USUAL) -> CaseEvent:
    """An alert as an event of a case; its first opens it.

    Args:
        case: The number.
        alert: Which.
        at: Now, microseconds since 1970, UTC: the clock runs from when people can know.
        settings: How soon it must be worked.
    """
    due = at + settings.due_within[alert.action] // EPOCH.resolution
    return CaseEvent(case, Deed.ALERT, SYSTEM, at, told={"alert": alert.to_dict(), "due": due})
