"""What the outcome of a case teaches: its decisions become fraud reports of the live features.

A case that is reopened and turns out not to be fraud takes its reports back.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool

from headrace.adapters.live.events import EventReader, Row
from headrace.errors import HeadraceError
from headrace.monitor.cases import Case, Outcome
from headrace.monitor.confirmed_fraud import fraud_reports, reports_taken_back
from headrace.web.live_room import LiveRoom
from headrace.web.services import Services

REPORTS = "fraud_report"
"""The table of events that live features read frauds from, where a pack has one."""


async def feed_labels(services: Services, case: Case) -> str:
    """Report the decisions of a case closed as fraud, or take back what it reported before.

    Features see a report from when it became known, never before. Reported twice, it counts once.

    Returns:
        In a word what came of it: nothing to report is empty; `reported`; `taken_back`; `no_live`
        where no decisions in flight are open; `refused` where the features would not take it.
    """
    is_fraud = case.outcome is Outcome.FRAUD
    if not is_fraud and not reports_taken_back(case, ()):
        return ""
    live = services.open_live
    if live is None or REPORTS not in live.desk.readers:
        return "no_live"
    reader = live.reader(REPORTS)
    columns = [each.name for each in reader.table.columns]
    told = fraud_reports(case, columns) if is_fraud else reports_taken_back(case, columns)
    try:
        rows = [_row(each, reader, services.now()) for each in told]
        if is_fraud:
            outcomes = await live.desk.ask(REPORTS, rows)
            is_done = all(isinstance(each, bytes) for each in outcomes)
        else:
            is_done = await run_in_threadpool(_take_back, live, reader, rows)
    except HeadraceError as error:
        await run_in_threadpool(services.log, {"event": "labels refused", "why": str(error)})
        return "refused"
    done = "reported" if is_fraud else "taken_back"
    return done if is_done else "refused"


def _row(report: Mapping[str, Any], reader: EventReader, now: int) -> Row:
    times = (reader.table.time, reader.table.known)
    given = {name: value.isoformat() if name in times else value for name, value in report.items()}
    return reader.read(given, now)


def _take_back(live: LiveRoom, reader: EventReader, rows: Sequence[Row]) -> bool:
    """Take reports back; durable. Whether all of them had been made."""
    features = live.desk.decisions.live
    found = features.submit_voids(reader.table_of(rows), REPORTS)
    features.commit()
    return all(word in ("voided", "already_voided") for word in found.words())
