"""Which files of a policy decide at a moment: those of the version in force, else the pack's own.

A policy of a pack has the pack's name. The lists are not among the files: `PolicyStore.lists` has
them, for all policies.
"""

from collections.abc import Mapping

from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.stores.policy import PolicyStore
from headrace.pack import Pack
from headrace.workflows.policies import load_policy
from headrace.workflows.policy_documents import Document, inputs_of, shipped_files

SHIPPED = 0
"""In place of a version's number: the policy as the pack ships it."""


def active_files(
    store: PolicyStore, pack: Pack, moment: int
) -> tuple[Mapping[str, bytes], int | None]:
    """The files that decide at a moment, and the number of their version.

    Args:
        store: Of policies.
        pack: Whose policy; it need not be in the store.
        moment: Microseconds since 1970, UTC.

    Returns:
        The files by name; the version's number is None where the pack's own are in force, for no
        version is active then.
    """
    number = store.history(pack.name).active_at(moment)
    if number is None:
        return shipped_files(pack), None
    return store.files(pack.name, number), number


def version_files(
    store: PolicyStore, policy: str, pack: Pack | None, number: int
) -> dict[str, bytes]:
    """The files of a version; of `SHIPPED`, the pack's own.

    Raises:
        RefusedError: There is no such version.
    """
    if number == SHIPPED and pack is not None:
        return dict(shipped_files(pack))
    return store.files(policy, number)


def stored_document(store: PolicyStore, policy: str, number: int, pack: Pack | None) -> Document:
    """A version of a store, read with the features of the pack it was proposed with.

    Raises:
        RefusedError: There is no such version.
    """
    files = store.files(policy, number)
    loaded = load_policy(files, read_workbook, inputs_of(pack, files))
    return Document(f"{policy} {number}", files, loaded, in_store=True)
