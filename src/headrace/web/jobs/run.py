"""A run of the workspace as a job: everybody is decided on anew, by the policy in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from shutil import rmtree
from typing import Any

from headrace import packs
from headrace.adapters.code import code_digest
from headrace.adapters.folder import DiskFolder
from headrace.adapters.formats import StandardFormats
from headrace.adapters.keys import load_or_create_signing_key
from headrace.adapters.machine import limited_threads
from headrace.adapters.outputs import cleared, swap_in
from headrace.adapters.policies_in_force import active_files
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.stores.consent import withdrawn_in
from headrace.adapters.stores.policy import PolicyStore
from headrace.adapters.workspace_source import source_of
from headrace.pack import Pack
from headrace.web.jobs.kinds import Task, Tell
from headrace.workflows.policy import Policy, parse_policy
from headrace.workflows.run import STEPS, Output, RunSettings, Signer, run
from headrace.workflows.summary import summary


@dataclass
class Told:
    """Watches a run for whoever follows the job; implements `workflows.ports.Progress`."""

    tell: Tell
    done: int = 0

    def begin(self, step: str) -> None:
        """A step starts."""
        self.tell(self.done / len(STEPS), STEPS[step])

    def end(self, step: str, detail: str) -> None:
        """It is done; what came out of it is in the result."""
        self.done = list(STEPS).index(step) + 1


def run_anew(task: Task, tell: Tell) -> Mapping[str, Any]:
    """Decide on everybody by the policy in force; written aside, then swapped in."""
    workspace = task.workspace
    pack = packs.load(workspace.pack)
    policy, version = _in_force(task, pack)
    source, as_of = source_of(workspace, pack), task.given.as_of
    gone = withdrawn_in(workspace, as_of, source.mapping.time_zone, task.created)
    settings = RunSettings(
        as_of=as_of, language="zh", policy=policy, code=code_digest(), withdrawn=gone
    )
    data = workspace.folder("data")
    aside = workspace.root / f".run-{task.id}"
    rmtree(aside, ignore_errors=True)  # of an earlier attempt
    key = load_or_create_signing_key()
    try:
        with limited_threads(1):
            output = Output(
                DiskFolder(cleared(aside, data)), StandardFormats(), Signer(key.private, key.name)
            )
            result = run(source, pack, output, settings, Told(tell))
        swap_in(aside, workspace.folder("run"), data)
    finally:
        rmtree(aside, ignore_errors=True)
    evidence = {"entries": result.entries, "root": result.root}
    return {"book": summary(result)["book"], "policy_version": version, "evidence": evidence}


def _in_force(task: Task, pack: Pack) -> tuple[Policy, int | None]:
    store = PolicyStore.opened(task.workspace.store("policies"))
    try:
        files, version = active_files(store, pack, task.created)
        return parse_policy(pack, files, read_workbook), version
    finally:
        store.close()
