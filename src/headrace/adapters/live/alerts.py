"""Alerts of live decisions on their way into cases: in the background, none lost, none twice.

Up to which record of the log everything was told stands in the folder. What a process that died had
not told is told when the next one starts; cases know an alert that comes again by its decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeAlias

import pyarrow as pa

from headrace.adapters.live.answers import records_for_alerts
from headrace.adapters.live.deciding import mark_told, told_up_to
from headrace.adapters.live.decision_log import kept_files
from headrace.adapters.live.decisions import LiveDecisions, decisions_in
from headrace.adapters.live.log_tail import LogTail
from headrace.adapters.live.policy import policies_by_digest
from headrace.adapters.live.turns import in_turn
from headrace.adapters.policy_sheets import read_workbook
from headrace.decisions.flow.policy import Policy
from headrace.decisions.flow.record import made_of
from headrace.monitor.case_alerts import alert_of
from headrace.monitor.cases import Alert
from headrace.workflows.policies import kept_version

PORTION = 20
"""Alerts put into cases at once: it takes some five milliseconds, most of them for the first."""

Severe: TypeAlias = pa.Table | Mapping[str, Any]
"""Decisions that are not approvals, as a record of the log holds them: of a batch, or of one."""


class AlertDesk:
    """Puts alerts into cases, in a thread of its own, so that each is looked at once for many.

    Attributes:
        tail: What brings decisions; they are `headrace.decisions.flow.record`'s.
    """

    def __init__(self, decisions: LiveDecisions, take: Callable[[Sequence[Alert]], None]) -> None:
        """Begin with what an earlier process left untold.

        Args:
            decisions: Where they are made.
            take: Puts alerts into cases, all or none; it must bear to be told again.
        """
        self._decisions, self._take = decisions, take
        self._policy_of = lru_cache(maxsize=64)(self._read_policy)
        self.tail: LogTail[Severe] = LogTail("alerts", self._told)
        self.tail.start(decisions.live.records)

    def close(self) -> None:
        """Put what is there into cases, where they take it, and end."""
        self.tail.close()

    def _told(self, records: Sequence[Severe] | None, upto: int) -> None:
        some = self._left() if records is None else records
        with in_turn(self.tail.stopped):
            found = [alert for each in some for alert in self._alerts(each)]
        for portion in _portions(found):
            with in_turn(self.tail.stopped):
                self._take(portion)
        with suppress(OSError):  # then some are told again
            mark_told(self._decisions.live.folder, upto)

    def _alerts(self, record: Severe) -> list[Alert]:
        if isinstance(record, Mapping):
            alert = alert_of(record, self._policy_of(record["in_force"]))
            return [] if alert is None else [alert]
        policy = self._policy_of(made_of(record).in_force)
        read = {policy.customer, *policy.inputs, *([policy.exposure] if policy.exposure else ())}
        alerts = [alert_of(each, policy) for each in records_for_alerts(record, read)]
        return [each for each in alerts if each is not None]

    def _left(self) -> list[Mapping[str, Any]]:
        live = self._decisions.live
        return [
            each
            for _, several in decisions_in(live.read_log(told_up_to(live.folder)))
            for each in several
            if each["effective"] and each["action"] != "approve"
        ]

    def _read_policy(self, digest: str) -> Policy:
        version = policies_by_digest(self._decisions).get(digest)
        if version is None:
            files, lateness = kept_files(self._decisions.live.folder, digest)
            version = kept_version(files, read_workbook, lateness)
        return version.program.policy


def _portions(alerts: Sequence[Alert]) -> Iterator[list[Alert]]:
    """Some at a time, all of a customer together, in the order of customers' first alerts."""
    by_customer: dict[str, list[Alert]] = {}
    for each in alerts:
        by_customer.setdefault(each.customer, []).append(each)
    some: list[Alert] = []
    for several in by_customer.values():
        some += several
        if len(some) >= PORTION:
            yield some
            some = []
    if some:
        yield some
