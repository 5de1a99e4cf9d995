"""The demo's policies: both packs' own as version 1, by two simulated people."""

from headrace import packs
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.stores.policy import PolicyStore
from headrace.adapters.wall_clock import now
from headrace.adapters.workspace import Workspace
from headrace.workflows.policy_documents import document_of, proposal_of, shipped_files
from headrace.workflows.policy_history import Act, Deed

AUTHOR, APPROVER = "demo author", "demo approver"
NOTE = "Simulated person: the policy as the pack ships it. 模拟人员：随场景包提供的策略。"


def fill_policies(workspace: Workspace) -> str:
    """Propose, approve and activate both packs' policies, made anew; says what was done."""
    for each in workspace.root.glob("policies.db*"):
        each.unlink()
    store = PolicyStore.opened(workspace.store("policies"))
    names = [workspace.pack, workspace.live_pack]
    for name in names:
        if name in store.policies():
            continue  # a database outlives a demo
        pack = packs.load(name)
        document = document_of(name, shipped_files(pack), read_workbook, pack)
        number = store.propose(*proposal_of(document, name, AUTHOR, NOTE), now()).version
        for deed in (Deed.APPROVE, Deed.ACTIVATE):
            store.record(Act(name, deed, number, APPROVER, NOTE), now())
    store.close()
    return f"{', '.join(names)}: version 1"
