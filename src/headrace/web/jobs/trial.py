"""A trial of a policy as long work: another policy on the workspace's own history."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace import packs
from headrace.adapters.machine import limited_threads
from headrace.adapters.policies_in_force import SHIPPED, version_files
from headrace.adapters.policy_rollouts import compare_rollout
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.policy_trials import Pair, Tried, try_policy
from headrace.adapters.stores.policy import PolicyStore
from headrace.adapters.stores.policy_desk import PolicyDeskStore, Trial
from headrace.adapters.stores.web import WebStore
from headrace.errors import InputError
from headrace.pack import Pack, Text
from headrace.web.jobs.kinds import RolloutGiven, Task, Tell, TrialGiven
from headrace.workflows.policies import Files
from headrace.workflows.policy_check import check_files
from headrace.workflows.policy_history import companion_name
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
    _keep(task, (given.policy, given.against), digest, tried)
    return {"policy": given.policy, "trial": task.id, "page": page_of(given.policy, task.id)}


def compare(task: Task, tell: Tell) -> Mapping[str, Any]:
    """Set what a version beside the one in force decided next to that; keeps what came of it."""
    given: RolloutGiven = task.given
    store = PolicyStore.opened(task.workspace.store("policies"))
    try:
        history = store.history(given.policy)
        digest = history.version(given.version).digest
        pack = _pack(given.policy)
        champion = history.active_at(task.created) or SHIPPED
        old, new = (
            version_files(store, given.policy, pack, number) for number in (champion, given.version)
        )
        pair = Pair(pack, old, new, store.lists())
    finally:
        store.close()
    name = companion_name(given.version)
    with limited_threads(1):
        found = compare_rollout(task.workspace, pair, name, task.folder, _Watched(tell))
    _keep(task, (given.policy, champion), digest, found)
    return {"policy": given.policy, "trial": task.id, "page": page_of(given.policy, task.id)}


def page_of(policy: str, trial: str) -> str:
    """Where a trial is shown."""
    return f"/policies/{policy}/trials/{trial}"


def _pair(store: PolicyStore, given: TrialGiven) -> tuple[str, Pair]:
    """The digest of what is tried, and both policies."""
    pack = _pack(given.policy)
    old = version_files(store, given.policy, pack, given.against)
    base: Files = version_files(store, given.policy, pack, given.version)
    own = {name: text.encode() for name, text in given.files.items()}
    checked = check_files(given.policy, base, own, read_workbook, pack)
    if checked.document is None:
        first = checked.remarks[0]
        raise InputError(first.problem.en, where=first.file, remedy=first.remedy.en)
    pair = Pair(pack, old, checked.document.files, store.lists())
    return checked.document.digest(), pair


def _pack(policy: str) -> Pack:
    """The pack of a policy.

    Raises:
        InputError: It is of none.
    """
    if policy not in packs.PACKS:
        raise InputError(
            "This policy is of no pack: there is no history that it could be tried on",
            where="policy",
            remedy=f"One of {', '.join(packs.PACKS)}",
        )
    return packs.load(policy)


def _keep(task: Task, against: tuple[str, int], digest: str, tried: Tried) -> None:
    """Keep what came of it.

    Args:
        task: Whose.
        against: The policy, and the version that it was set beside.
        digest: Of what was tried.
        tried: What came of it.
    """
    policy, base = against
    store = WebStore.opened(task.workspace.store("accounts"))
    try:
        PolicyDeskStore(store).keep_trial(
            Trial(
                id=task.id,
                policy=policy,
                digest=digest,
                base=base,
                by=task.by,
                at=task.created,
                told=tried.told,
                changes=tried.changes,
            )
        )
    finally:
        store.close()
