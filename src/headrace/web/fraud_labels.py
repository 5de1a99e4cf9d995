"""What a case closed as fraud teaches: its decisions become fraud reports of the live features."""

from starlette.concurrency import run_in_threadpool

from headrace.errors import HeadraceError
from headrace.monitor.cases import Case, Outcome, fraud_reports
from headrace.web.services import Services

REPORTS = "fraud_report"
"""The table of events that live features read frauds from, where a pack has one."""


async def feed_labels(services: Services, case: Case) -> str:
    """Report the decisions of a case closed as fraud, so that features know of them.

    Features see a report from when it became known, never before. Reported twice, it counts once.

    Returns:
        In a word what came of it: nothing to report is empty; `reported`; `no_live` where no
        decisions in flight are open; `refused` where the features would not take it.
    """
    if case.outcome is not Outcome.FRAUD:
        return ""
    live = services.open_live
    if live is None or REPORTS not in live.desk.readers:
        return "no_live"
    reader = live.reader(REPORTS)
    columns = [each.name for each in reader.table.columns]
    times = (reader.table.time, reader.table.known)
    try:
        rows = [
            reader.read(
                {
                    name: value.isoformat() if name in times else value
                    for name, value in report.items()
                },
                services.now(),
            )
            for report in fraud_reports(case, columns)
        ]
        outcomes = await live.desk.ask(REPORTS, rows)
    except HeadraceError as error:
        await run_in_threadpool(services.log, {"event": "labels refused", "why": str(error)})
        return "refused"
    return "reported" if all(isinstance(each, bytes) for each in outcomes) else "refused"
