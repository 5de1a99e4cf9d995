"""Deletes what ended long ago: jobs with their files, and messages to webhooks. Never the audit."""

from collections.abc import Mapping
from shutil import rmtree
from typing import Any

from headrace.adapters.stores.hook import HookStore
from headrace.adapters.stores.job import JobStore
from headrace.adapters.stores.web import WebStore
from headrace.pack import Text
from headrace.web.jobs.kinds import Task, Tell

DAY_US = 24 * 3600 * 1_000_000


def tidy(task: Task, tell: Tell) -> Mapping[str, Any]:
    """Delete rows, then files that belong to no row: killed in between, the next one finds them.

    Decisions, applications, payouts, trials, batches of facts and their idempotency keys stay: they
    say what was done, as the audit does.
    """
    tell(0.1, Text("deletes what ended long ago", "清理过期记录"))
    before = task.created - task.given.keep_days * DAY_US
    store = WebStore.opened(task.workspace.store("accounts"))
    try:
        messages = HookStore(store).forget(before)
        gone = JobStore(store).forget(before)
        here = [each for each in task.folder.parent.iterdir() if each.is_dir()]
        known = JobStore(store).ids()  # asked last: a job is in the store before it has a folder
    finally:
        store.close()
    folders = [each for each in here if each.name not in known]
    for folder in folders:
        rmtree(folder, ignore_errors=True)
    return {"jobs": len(gone), "folders": len(folders), "messages": messages}
