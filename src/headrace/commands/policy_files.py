"""What the commands of `headrace policy` are given: policies in folders and stores, moments."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from headrace import packs
from headrace.adapters.policies_in_force import stored_document
from headrace.adapters.policy_folder import read_files
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.stores.policy import PolicyStore
from headrace.adapters.wall_clock import now
from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.pack import Pack
from headrace.workflows.policies import load_policy
from headrace.workflows.policy_documents import Document, inputs_of

ACTIVE = "active"
"""In place of a version's number: the one that decides now."""


PackName = Annotated[
    str | None, typer.Option("--pack", help="Pack whose features the policy reads.")
]
Store = Annotated[
    str, typer.Option("--store", help="SQLite file, or postgresql:// address, with versions.")
]
PolicyName = Annotated[
    str | None, typer.Option("--policy", help="Its name, where the store holds several.")
]
Number = Annotated[int, typer.Argument(help="Number of the version.", min=1)]
From = Annotated[
    str | None, typer.Option("--from", help="From when on, such as 2026-03-01T00:00Z; else now.")
]


def pack_of(name: str | None) -> Pack | None:
    """The pack of a name; None where none is named."""
    return packs.load(name) if name else None


def of_path(path: Path, pack: str | None) -> Document:
    """The policy of a folder.

    Raises:
        InputError: It cannot be read; a `MappingError` names file and cell.
    """
    files = read_files(path)
    loaded = load_policy(files, read_workbook, inputs_of(pack_of(pack), files))
    return Document(str(path), files, loaded, in_store=False)


def of_store(store: PolicyStore, policy: str, number: int) -> Document:
    """A version of a store, read with the features it was proposed with.

    Raises:
        InputError: There is none.
    """
    proposal = store.history(policy).version(number).proposal
    return stored_document(store, policy, number, pack_of(proposal.told.get("pack")))


def document_of(source: str, store: str | None, policy: str | None, pack: str | None) -> Document:
    """What an argument names: a version of the store, or a folder.

    Raises:
        InputError: There is no such version or folder.
    """
    if store is None or not (source.isdecimal() or source == ACTIVE):
        return of_path(Path(source), pack)
    opened = PolicyStore.opened(store, create=False)
    name = policy_name(opened, policy)
    if source.isdecimal():
        return of_store(opened, name, int(source))
    number = opened.history(name).active_at(now())
    if number is None:
        remedy = "`headrace policy activate` starts one"
        raise InputError("No version is active yet", where=f"{store}, {name}", remedy=remedy)
    return of_store(opened, name, number)


def policy_name(store: PolicyStore, policy: str | None) -> str:
    """The policy that is meant; it need not be named where the store holds one.

    Raises:
        InputError: It is not there, or there are several.
    """
    known = store.policies()
    chosen = policy or (known[0] if len(known) == 1 else "")
    if chosen not in known:
        problem = f"The store holds no policy '{chosen}'" if chosen else "Which policy is not said"
        remedy = f"There are {', '.join(known)}" if known else "`headrace policy propose` adds one"
        raise InputError(problem, where="--policy", remedy=remedy)
    return chosen


def moment_of(text: str, option: str) -> int:
    """Microseconds since 1970 of a moment that says its offset.

    Raises:
        InputError: It is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        problem = f"'{text}' is no moment"
        raise InputError(problem, where=option, remedy="Write it as 2026-03-01T09:12:00Z")
    return microseconds(moment)
