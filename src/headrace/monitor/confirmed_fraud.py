"""What follows from a case that turned out to be fraud: an entry of a list, labels for features."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from headrace.decisions.flow.lists import Entry
from headrace.monitor.cases import (
    EPOCH,
    Alert,
    Case,
    CaseEvent,
    Deed,
    Outcome,
    Refusal,
    RefusedError,
    moment_of,
)


def list_entry(
    case: Case, name: str, length: timedelta | None = None, reason: str = "confirmed_fraud"
) -> Entry:
    """The entry that puts the customer of a case closed as fraud on a list; nothing is written.

    Args:
        case: Closed as fraud.
        name: Of the list.
        length: How long it holds from the closing on; None: for good.
        reason: Its code.

    Raises:
        RefusedError: The case is not closed as fraud.
    """
    event = _fraud(case)
    return Entry(
        list=name,
        value=case.customer,
        scope=case.policy,
        valid_from=event.at,
        valid_until=None if length is None else event.at + length // EPOCH.resolution,
        reason=reason,
        owner=event.by.strip(),
        recorded=event.at,
    )


def fraud_reports(
    case: Case, columns: Sequence[str], decisions: Iterable[str] | None = None
) -> list[dict[str, Any]]:
    """Facts that the decided events were fraud, known from the closing on; nothing is written.

    Args:
        case: Closed as fraud.
        columns: What a report holds of the decided event, such as customer and terminal.
        decisions: Those that were fraud; None: all of the case.

    Returns:
        One row a decision: `id` of its event, `event_time`, `known_time`, then the columns. After
        reports of the case were taken back once, ids of new ones end in ~1, and so on: what was
        taken back stays so.

    Raises:
        RefusedError: The case is not closed as fraud.
    """
    event = _fraud(case)
    chosen = None if decisions is None else set(decisions)
    alerts = [each for each in case.alerts if chosen is None or each.decision in chosen]
    times_back, _ = _reported(case.events[: case.events.index(event)])
    return _rows(alerts, times_back, event.at, columns)


def reports_taken_back(case: Case, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The reports of a case that was closed as fraud before and is not any more.

    Args:
        case: Which.
        columns: As in `fraud_reports`.

    Returns:
        Rows as `fraud_reports` gave them, known from the new closing on; none where the case is not
        closed, is fraud, or was not reported.
    """
    event = case.closed
    if event is None or case.outcome is Outcome.FRAUD:
        return []
    times_back, alerts = _reported(case.events[: case.events.index(event)])
    return _rows(alerts, times_back, event.at, columns)


def _reported(events: Sequence[CaseEvent]) -> tuple[int, list[Alert]]:
    """How often reports were taken back, and which alerts are reported after some events."""
    times_back = 0
    alerts: list[Alert] = []
    told: list[Alert] = []
    for event in events:
        if event.deed is Deed.ALERT:
            alerts.append(event.alert)
        elif event.deed is Deed.CLOSE and event.told["outcome"] == Outcome.FRAUD.value:
            told = list(alerts)
        elif event.deed is Deed.CLOSE and told:
            times_back, told = times_back + 1, []
    return times_back, told


def _rows(
    alerts: Iterable[Alert], times_back: int, known: int, columns: Sequence[str]
) -> list[dict[str, Any]]:
    ending = f"~{times_back}" if times_back else ""
    return [
        {
            "id": f"{alert.decision}{ending}",
            "event_time": moment_of(alert.at),
            "known_time": moment_of(max(known, alert.at)),
            **{name: alert.facts.get(name) for name in columns},
        }
        for alert in alerts
    ]


def _fraud(case: Case) -> CaseEvent:
    """The event that closed a case as fraud."""
    event = case.closed
    if event is None or case.outcome is not Outcome.FRAUD:
        raise RefusedError(Refusal.THE_CASE_MUST_BE_CLOSED_AS_FRAUD, where=case.where)
    return event
