"""Verification of a run as a job."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from headrace.adapters.folder import DiskFolder
from headrace.pack import Text
from headrace.web.jobs.kinds import Task, Tell
from headrace.workflows.prove import verify

PROBLEMS_MAX = 50


def verify_run(task: Task, tell: Tell) -> Mapping[str, Any]:
    """Check every byte of the run against its evidence."""
    tell(0.1, Text("reads the evidence", "读取存证"))
    data = DiskFolder(task.workspace.folder("data")) if task.given.data else None
    found = verify(DiskFolder(task.workspace.folder("run")), data=data)
    told = asdict(found)
    told["problems"] = told["problems"][:PROBLEMS_MAX]
    return {"holds": found.holds, **told}
