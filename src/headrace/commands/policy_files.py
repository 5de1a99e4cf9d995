"""What the commands of `headrace policy` are given: policies in folders and stores, moments."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath
from typing import Annotated

import typer

from headrace import packs
from headrace.adapters.policy_folder import read_files
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.policy_store import PolicyStore
from headrace.adapters.wall_clock import now
from headrace.decisions.flow.change import Change
from headrace.decisions.flow.differences import file_changes, list_changes, policy_changes
from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.workflows.policies import (
    FEATURES,
    LISTS,
    POLICY,
    Loaded,
    kept_features,
    load_policy,
)
from headrace.workflows.policy_history import document_digest

WHOLE_MODELS = (".xlsx", ".dmn")
"""Files that may hold several tables, and nothing else of a policy."""

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


@dataclass(frozen=True)
class Document:
    """A policy from wherever it came.

    Attributes:
        name: For people.
        files: Contents by name.
        loaded: What they state.
        in_store: Whether it is a version of a store, which keeps lists apart.
    """

    name: str
    files: Mapping[str, bytes]
    loaded: Loaded
    in_store: bool

    @property
    def beside(self) -> dict[str, str]:
        """SHA-256 of each file that holds neither the policy nor its tables nor lists, by name."""
        tables = self.loaded.policy.tables
        return {
            name: hashlib.sha256(content).hexdigest()
            for name, content in self.files.items()
            if name not in {POLICY, LISTS}
            and PurePath(name).suffix not in WHOLE_MODELS
            and (PurePath(name).stem not in tables or PurePath(name).suffix == ".json")
        }

    def digest(self) -> str:
        """Of what it means; see `document_digest`."""
        return document_digest(self.loaded.policy.digest(), self.beside)


def inputs_of(pack: str | None, files: Mapping[str, bytes] | None = None) -> dict[str, str]:
    """FEEL types of features, which all are numbers: those of a pack, and of `features.yaml`."""
    names = [] if pack is None else [each.name for each in packs.load(pack).features]
    if files and FEATURES in files:
        names += [each.name for each in kept_features(files).definitions]
    return dict.fromkeys(names, "number")


def of_path(path: Path, pack: str | None) -> Document:
    """The policy of a folder.

    Raises:
        InputError: It cannot be read; a `MappingError` names file and cell.
    """
    files = read_files(path)
    loaded = load_policy(files, read_workbook, inputs_of(pack, files))
    return Document(str(path), files, loaded, in_store=False)


def of_store(store: PolicyStore, policy: str, number: int) -> Document:
    """A version of a store, read with the features it was proposed with.

    Raises:
        InputError: There is none.
    """
    proposal = store.history(policy).version(number).proposal
    files = store.files(policy, number)
    inputs = inputs_of(proposal.told.get("pack") or None, files)
    loaded = load_policy(files, read_workbook, inputs)
    return Document(f"{policy} {number}", files, loaded, in_store=True)


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


def changes_between(before: Document, after: Document) -> tuple[Change, ...]:
    """What changed between two policies, the files beside them, and lists where both have any."""
    found = policy_changes(before.loaded.policy, after.loaded.policy)
    first, last = (
        {name: digest[:12] for name, digest in each.beside.items()} for each in (before, after)
    )
    found += file_changes(first, last)
    if before.in_store or after.in_store:
        return found
    return found + list_changes(before.loaded.lists, after.loaded.lists)
