"""What decides events as they come: the version in force of a store, else the pack's own policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from headrace.adapters.live.decisions import LiveDecisions
from headrace.adapters.live.features import LiveFeatures
from headrace.adapters.policies_in_force import SHIPPED, version_files
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.stores.policy import PolicyStore
from headrace.decisions.flow.in_force import InForce
from headrace.decisions.flow.lists import Lists, write_lists
from headrace.decisions.flow.program import Ask
from headrace.decisions.flow.rollout import Beside, Deployment
from headrace.errors import InputError
from headrace.features.compile import compile_plan
from headrace.features.definition import FeatureSet
from headrace.features.plan import make_plan
from headrace.pack import Pack
from headrace.workflows.policies import LISTS, in_force, kept_features
from headrace.workflows.policy_history import Companion, History

LATENESS = timedelta(days=1)


@dataclass(frozen=True, eq=False)
class Deployed:
    """What decides.

    Attributes:
        version: Ready to decide.
        number: Of the version in the store; None: the pack's own, for no version is active.
        beside: Challengers and shadows; each bears the name of its `Companion`.
        numbers: Of all that are in the store, by digest.
    """

    version: InForce
    number: int | None
    beside: tuple[Beside[InForce], ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)

    @property
    def deployment(self) -> Deployment[InForce]:
        """Who is decided by which; a customer's place depends on the policy's name alone."""
        return Deployment(self.version, self.beside, self.version.program.policy.name)

    @property
    def told(self) -> Mapping[str, Any]:
        """What is written down of it; two of equal content decide alike."""
        return {
            "version": self.number,
            "in_force": self.version.digest,
            "beside": [
                [each.name, each.mode.value, each.share, each.version.digest]
                for each in self.beside
            ],
        }


class PolicyFollower:
    """Looks whether another version decides by now, at the cost of one short query."""

    def __init__(self, store: PolicyStore, pack: Pack, lateness: timedelta = LATENESS) -> None:
        """Follow the policy of a pack's name.

        Raises:
            InputError: The pack has none for events as they come.
        """
        if not pack.policy:
            raise no_policy(pack)
        self._store, self._pack, self._lateness = store, pack, lateness
        self._head: tuple[int, str] | None = None
        self._history = History(pack.name)
        self._seen: tuple[int | None, tuple[Companion, ...]] = (None, ())

    def look(self, moment: int) -> Deployed | None:
        """What decides at a moment; None where it is what the last look gave.

        Raises:
            HeadraceError: The store does not answer, or a version cannot be read.
        """
        head = self._store.head()
        if head == self._head and _standing(self._history, moment) == self._seen:
            return None
        history = self._store.history(self._pack.name)
        number, companions = seen = _standing(history, moment)
        lists = self._store.lists(moment)
        champion = self._version(number, lists)
        beside = tuple(
            Beside(each.name, self._version(each.version, lists), each.mode, each.share)
            for each in companions
        )
        numbers = {
            one.version.digest: each.version for one, each in zip(beside, companions, strict=True)
        }
        if number is not None:
            numbers[champion.digest] = number
        self._head, self._history, self._seen = head, history, seen
        return Deployed(champion, number, beside, numbers)

    def _version(self, number: int | None, lists: Lists) -> InForce:
        """A version with the lists, ready to decide; None: the pack's own."""
        files = version_files(self._store, self._pack.name, self._pack, number or SHIPPED)
        if number is not None or lists.entries:
            files[LISTS] = write_lists(lists)
        return in_force(files, read_workbook, self._pack.feature_set, self._lateness)


def _standing(history: History, moment: int) -> tuple[int | None, tuple[Companion, ...]]:
    """The version in force at a moment, and what stands beside it."""
    return history.active_at(moment), history.beside_at(moment)


def policy_in_store(store: PolicyStore, name: str, moment: int) -> dict[str, bytes]:
    """The version of a policy that two people put in force, and the lists as they are known.

    Raises:
        InputError: None is in force.
    """
    number = store.history(name).active_at(moment)
    if number is None:
        raise InputError(
            f"no version of the policy {name!r} is in force",
            where="--store",
            remedy="headrace policy activate",
        )
    return {**store.files(name, number), LISTS: write_lists(store.lists(moment))}


def no_policy(pack: Pack) -> InputError:
    """What is said of a pack that only lends."""
    return InputError(
        f"the pack {pack.name!r} has no policy for events as they come",
        where="--pack",
        remedy="give a folder with one: --policy FOLDER",
    )


def decided_tables(version: InForce) -> FeatureSet:
    """The tables of a version; events of the first are decided, the others only move features."""
    return kept_features(version.files)


def open_live(folder: Path, deployment: Deployment[InForce], ask: Ask) -> LiveDecisions:
    """Live decisions in a folder, with what is in force.

    Raises:
        StorageError: The folder is in use or damaged.
    """
    version = deployment.champion
    features = decided_tables(version)
    compiled = compile_plan(make_plan(features))
    return LiveDecisions(
        lambda tell: LiveFeatures(folder, compiled, version.lateness, on_replay=tell),
        deployment,
        features.tables[0].name,
        ask,
    )


def policies_by_digest(decisions: LiveDecisions) -> Mapping[str, InForce]:
    """The versions that decide now, by their digests."""
    deployed = decisions.deployment
    versions = [deployed.champion, *(each.version for each in deployed.beside)]
    return {each.digest: each for each in versions}
