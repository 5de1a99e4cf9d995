"""A policy as a whole: its files, what they state, what changed between two of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from headrace.decisions.flow.change import Change
from headrace.decisions.flow.differences import file_changes, list_changes, policy_changes
from headrace.pack import Pack
from headrace.workflows.policies import (
    FEATURES,
    LISTS,
    POLICY,
    Files,
    Loaded,
    Sheets,
    kept_features,
    load_policy,
)
from headrace.workflows.policy import parse_policy
from headrace.workflows.policy_history import Act, Deed, document_digest

WHOLE_MODELS = (".xlsx", ".dmn")
"""Files that may hold several tables, and nothing else of a policy."""


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
    files: Files
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


def inputs_of(pack: Pack | None, files: Files | None = None) -> dict[str, str]:
    """FEEL types of features, which all are numbers: those of a pack, and of `features.yaml`."""
    names = [] if pack is None else [each.name for each in pack.features]
    if files and FEATURES in files:
        names += [each.name for each in kept_features(files).definitions]
    return dict.fromkeys(names, "number")


def document_of(name: str, files: Files, sheets: Sheets, pack: Pack | None) -> Document:
    """A version's files as a policy; of a pack that lends, with all that lending asks of it.

    Args:
        name: For people.
        files: All files of the version.
        sheets: Reads workbooks.
        pack: Whose features it reads; None: those of its own `features.yaml`.

    Raises:
        MappingError: Naming file and cell of the first thing that cannot be.
    """
    if pack is not None and pack.lending is not None:
        parse_policy(pack, files, sheets)
    loaded = load_policy(files, sheets, inputs_of(pack, files))
    return Document(name, files, loaded, in_store=True)


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


def proposal_of(
    document: Document, pack: str, by: str, comment: str, parent: int | None = None
) -> tuple[Act, dict[str, bytes]]:
    """The act that brings a document into a store as a version, and the files it brings.

    Args:
        document: What is proposed; its lists stay outside, for they belong to all policies.
        pack: Whose features it reads; empty: none.
        by: Who wrote it.
        comment: Why.
        parent: The last version the author knew of; None: whatever is the last.
    """
    told: dict[str, object] = {"digest": document.digest(), "pack": pack}
    if parent is not None:
        told["parent"] = parent
    files = {name: content for name, content in document.files.items() if name != LISTS}
    return Act(document.loaded.policy.name, Deed.PROPOSE, 0, by, comment, told), files


def shipped_files(pack: Pack) -> Mapping[str, bytes]:
    """The files of the policy that a pack ships; empty where it has none."""
    if pack.policy:
        return dict(pack.policy)
    if pack.lending is not None:
        return {name: text.encode() for name, text in pack.lending.files.items()}
    return {}
