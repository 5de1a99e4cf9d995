"""Alerts of live decisions on their way into cases: in the background, none lost, none twice.

Up to which record of the log everything was told stands in the folder. What a process that died had
not told is told when the next one starts; cases know an alert that comes again by its decision.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from queue import SimpleQueue
from time import perf_counter
from typing import Any

import pyarrow as pa

from headrace.adapters.live.answers import records_for_alerts
from headrace.adapters.live.deciding import mark_told, told_up_to
from headrace.adapters.live.decision_log import kept_files
from headrace.adapters.live.decisions import LiveDecisions, decisions_in
from headrace.adapters.policy_sheets import read_workbook
from headrace.decisions.flow.policy import Policy
from headrace.decisions.flow.record import made_of
from headrace.errors import HeadraceError
from headrace.monitor.case_alerts import alert_of
from headrace.monitor.cases import Alert
from headrace.workflows.policies import kept_version

PAUSE_SECONDS = 1.0
GATHER_SECONDS = 0.25
"""So long alerts are gathered, so that a customer's cases are looked at once for many."""

PORTION, SHARE, SPREAD_SECONDS = 20, 10, 10.0
"""Alerts put into cases at once; how many times as long as that takes decisions then have the
processor for themselves; and for how long what was gathered may be spread out so."""

Several = Sequence[pa.Table | Mapping[str, Any]]
Job = tuple[Several | None, int]


class AlertDesk:
    """Puts alerts into cases, in a thread of its own.

    Attributes:
        failing: Why the cases do not take alerts at the moment; empty where they do.
    """

    def __init__(self, decisions: LiveDecisions, take: Callable[[Sequence[Alert]], None]) -> None:
        """Begin with what an earlier process left untold.

        Args:
            decisions: Where they are made.
            take: Puts alerts into cases, all or none; it must bear to be told again.
        """
        self.failing = ""
        self._decisions, self._take = decisions, take
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._stopped = threading.Event()
        self._policy_of = lru_cache(maxsize=64)(self._read_policy)
        self._jobs.put(self._left())
        self._thread = threading.Thread(target=self._work, name="alerts", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Batches of alerts that are not in cases yet."""
        return self._jobs.qsize()

    def tell(self, records: Several | None, upto: int) -> None:
        """Have decisions put into cases, where they are alerts.

        Args:
            records: Of batches or of one decision, see `headrace.decisions.flow.record`; durable.
                None: whatever the log holds that was not told, for some may have failed on its way.
            upto: Every decision before this record of the log has been told by now.
        """
        self._jobs.put((records, upto))

    def close(self) -> None:
        """Put what is there into cases, where they take it, and end."""
        self._stopped.set()
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._stopped.wait(GATHER_SECONDS)
            records, upto = self._gathered(job)
            while not self._told(records):
                if self._stopped.wait(PAUSE_SECONDS):
                    return  # the mark stays: the next process tells it
            with suppress(OSError):  # then some are told again
                mark_told(self._decisions.live.folder, upto)

    def _gathered(self, job: Job) -> Job:
        """Everything that waits as one; the word to end stays for the next look."""
        records, upto = list(job[0] or ()), job[1]
        is_all = job[0] is not None
        while not self._jobs.empty():
            more = self._jobs.get()
            if more is None:
                self._jobs.put(None)
                break
            records += more[0] or ()
            is_all &= more[0] is not None
            upto = more[1]
        return (records if is_all else None), upto

    def _told(self, records: Several | None) -> bool:
        try:
            some = self._left()[0] if records is None else records
            found = [alert for each in some for alert in self._alerts(each)]
            until = perf_counter() + SPREAD_SECONDS
            for portion in _portions(found):
                began = perf_counter()
                self._take(portion)
                ended = perf_counter()
                self._stopped.wait(max(0.0, min(SHARE * (ended - began), until - ended)))
        except HeadraceError as error:
            self.failing = str(error)
            return False
        except Exception as error:  # noqa: BLE001 - a defect is told; without the thread all is lost
            self.failing = f"{type(error).__name__}: {error}"
            return False
        self.failing = ""
        return True

    def _alerts(self, record: pa.Table | Mapping[str, Any]) -> list[Alert]:
        if isinstance(record, Mapping):
            alert = alert_of(record, self._policy_of(record["in_force"]))
            return [] if alert is None else [alert]
        policy = self._policy_of(made_of(record).in_force)
        read = {policy.customer, *policy.inputs, *([policy.exposure] if policy.exposure else ())}
        alerts = [alert_of(each, policy) for each in records_for_alerts(record, read)]
        return [each for each in alerts if each is not None]

    def _left(self) -> tuple[Several, int]:
        live = self._decisions.live
        upto = live.records
        records = [
            each
            for _, several in decisions_in(live.read_log(told_up_to(live.folder)))
            for each in several
            if each["effective"] and each["action"] != "approve"
        ]
        return records, upto

    def _read_policy(self, digest: str) -> Policy:
        files, lateness = kept_files(self._decisions.live.folder, digest)
        return kept_version(files, read_workbook, lateness).program.policy


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
