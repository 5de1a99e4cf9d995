"""A trial of a policy as long work: another policy on the workspace's own history."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace import packs
from headrace.adapters.machine import limited_threads
from headrace.adapters.policies_in_force import version_files
from headrace.adapters.policy_desk_store import PolicyDeskStore, Trial
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.policy_store import PolicyStore
from headrace.adapters.policy_trials import Pair, Tried, try_policy
from headrace.adapters.web_store import WebStore
from headrace.errors import InputError
from headrace.pack import Text
from headrace.web.jobs.kinds import Task, Tell, TrialGiven
from headrace.workflows.policies import Files
from headrace.workflows.policy_check import check_files
from headrace.workflows.simulate_policy import STEPS

_SHARES = {"read": 0.05, "decide": 0.4}


@dataclass(frozen=True)
class _Watched:
    """Tells a job how far a simulation is; implements `workflows.ports.Progress`."""

    tell: Tell

    def begin(self, step: str) -> None:
        """A step starts."""
        self.tell(_SHARES.get(step, 0.5), STEPS[step])

    def end(self, step: str, detail: str) -> None:
        """It is done."""
        self.tell(_SHARES.get(step, 0.5), Text(f"{STEPS[step].en}: {detail}", STEPS[step].zh))


def try_out(task: Task, tell: Tell) -> Mapping[str, Any]:
    """Decide history by a policy and by the one it is set against; keeps what came of it."""
    given: TrialGiven = task.given
    store = PolicyStore.opened(task.workspace.store("policies"))
    try:
        digest, pair = _pair(store, given)
    finally:
        store.close()
    with limited_threads(1):
        tried = try_policy(task.workspace, pair, task.folder, _Watched(tell))
    _keep(task, digest, tried)
    return {"policy": given.policy, "trial": task.id, "page": page_of(given.policy, task.id)}


def page_of(policy: str, trial: str) -> str:
    """Where a trial is shown."""
    return f"/policies/{policy}/trials/{trial}"


def _pair(store: PolicyStore, given: TrialGiven) -> tuple[str, Pair]:
    """The digest of what is tried, and both policies."""
    if given.policy not in packs.PACKS:
        raise InputError(
            "This policy is of no pack: there is no history that it could be tried on",
            where="policy",
            remedy=f"One of {', '.join(packs.PACKS)}",
        )
    pack = packs.load(given.policy)
    old = version_files(store, given.policy, pack, given.against)
    base: Files = version_files(store, given.policy, pack, given.version)
    own = {name: text.encode() for name, text in given.files.items()}
    checked = check_files(given.policy, base, own, read_workbook, pack)
    if checked.document is None:
        first = checked.remarks[0]
        raise InputError(first.problem.en, where=first.file, remedy=first.remedy.en)
    pair = Pair(pack, old, checked.document.files, store.lists())
    return checked.document.digest(), pair


def _keep(task: Task, digest: str, tried: Tried) -> None:
    given: TrialGiven = task.given
    store = WebStore.opened(task.workspace.store("accounts"))
    try:
        PolicyDeskStore(store).keep_trial(
            Trial(
                id=task.id,
                policy=given.policy,
                digest=digest,
                base=given.against,
                by=task.by,
                at=task.created,
                told=tried.told,
                changes=tried.changes,
            )
        )
    finally:
        store.close()
