"""Who proposed, approved and activated which version of a policy: acts, and the rules they obey.

An act is never changed or taken back; another act follows it. Each names the digest of the act
before it, of whatever policy, so that one that was altered, removed or slipped in is found.
Whoever can write to the store can write all of it anew: note the last digest elsewhere.

Four eyes: who approves is not who wrote. A version is approved before it is activated, and an
activation never speaks of the past, so that what decided at a moment stays what it was.

Beside the version in force others may stand: challengers decide for a share of customers, shadows
are asked and not followed. These too were approved by a second person. An activation or a rollback
ends what stands beside: who is compared with whom is said anew.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from headrace.decisions.flow.lists import Entry, Lists
from headrace.decisions.flow.rollout import PLACES, Mode
from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json
from headrace.pack import Text

NO_PREVIOUS = "0" * 64
LISTS = ""
"""In place of a policy's name: lists belong to all policies."""


class Deed(StrEnum):
    """What an act does."""

    PROPOSE = "propose"
    APPROVE = "approve"
    REJECT = "reject"
    ACTIVATE = "activate"
    ROLL_BACK = "roll_back"
    SET_BESIDE = "set_beside"
    LIST = "list"


class Refusal(StrEnum):
    """Why an act is not let in, worded as what must hold."""

    PERSON_MUST_BE_NAMED = "person_must_be_named"
    POLICY_MUST_BE_NAMED = "policy_must_be_named"
    POLICY_MUST_HAVE_CHANGED = "policy_must_have_changed"
    PARENT_MUST_BE_THE_LAST_VERSION = "parent_must_be_the_last_version"
    VERSION_MUST_EXIST = "version_must_exist"
    APPROVER_MUST_NOT_BE_THE_AUTHOR = "approver_must_not_be_the_author"
    VERDICT_MUST_BE_NEW = "verdict_must_be_new"
    REJECTED_VERSION_MUST_BE_PROPOSED_ANEW = "rejected_version_must_be_proposed_anew"
    VERSION_MUST_BE_APPROVED = "version_must_be_approved"
    REJECTED_VERSION_MUST_NOT_BE_ACTIVATED = "rejected_version_must_not_be_activated"
    VERSION_MUST_NOT_BE_ACTIVE_ALREADY = "version_must_not_be_active_already"
    ACTIVATION_MUST_NOT_BE_IN_THE_PAST = "activation_must_not_be_in_the_past"
    ACTIVATION_MUST_NOT_PRECEDE_THE_LAST = "activation_must_not_precede_the_last"
    ROLLBACK_MUST_GO_TO_AN_EARLIER_VERSION = "rollback_must_go_to_an_earlier_version"
    ROLLBACK_MUST_SAY_WHY = "rollback_must_say_why"
    REJECTION_MUST_SAY_WHY = "rejection_must_say_why"
    SHARE_MUST_BE_A_PART_OF_CUSTOMERS = "share_must_be_a_part_of_customers"
    SHARES_MUST_NOT_EXCEED_THE_WHOLE = "shares_must_not_exceed_the_whole"
    VERSION_MUST_STAND_BESIDE = "version_must_stand_beside"
    ENTRY_MUST_END_AFTER_IT_STARTS = "entry_must_end_after_it_starts"
    ENTRY_MUST_BE_COMPLETE = "entry_must_be_complete"

    @property
    def sentence(self) -> str:
        """The requirement as a sentence."""
        return f"The {self.value.replace('_', ' ')}"


class RefusedError(InputError):
    """An act is against the rules."""

    def __init__(self, refusal: Refusal, *, where: str, remedy: str = "") -> None:
        """Keep the refusal, so that programs need not read words."""
        self.refusal = refusal
        super().__init__(refusal.sentence, where=where, remedy=remedy)


@dataclass(frozen=True)
class Act:
    """One act.

    Attributes:
        policy: Its name; `LISTS` for entries of lists.
        deed: What is done.
        version: Of which version; 0 for entries of lists.
        by: By whom.
        comment: Why, in their words.
        told: What only this deed says: of a proposal `digest`, `parent` and `files` (digest by
            name); of an activation `from`, microseconds since 1970, UTC; of what is set beside
            `mode` and `share`, see `Companion`, a share of 0 ends it; of a list `entries`.
        number: Its place among all acts, from 1; 0 until it is recorded.
        at: When it was recorded, microseconds since 1970, UTC.
        previous: Digest of the act before it; 64 zeros for the first.
    """

    policy: str
    deed: Deed
    version: int
    by: str
    comment: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0
    at: int = 0
    previous: str = NO_PREVIOUS

    def to_bytes(self) -> bytes:
        """The act in its one spelling."""
        return canonical_json({**vars(self), "told": dict(self.told)})

    def digest(self) -> str:
        """SHA-256 of it, in hex."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @property
    def where(self) -> str:
        """The version it is about, for errors."""
        return f"{self.policy} version {self.version}" if self.policy else "lists"

    @property
    def start(self) -> int:
        """Of an activation: from when on."""
        return int(self.told["from"])


@dataclass(frozen=True)
class Version:
    """A version of a policy, with what became of it.

    Attributes:
        proposal: The act that brought it.
        verdicts: Approvals and rejections, in order.
    """

    proposal: Act
    verdicts: tuple[Act, ...] = ()

    @property
    def number(self) -> int:
        """From 1, without gaps."""
        return self.proposal.version

    @property
    def digest(self) -> str:
        """Of what it means; see `document_digest`."""
        return str(self.proposal.told["digest"])

    @property
    def files(self) -> Mapping[str, str]:
        """SHA-256 of each file, by name."""
        found: Mapping[str, str] = self.proposal.told["files"]
        return found

    @property
    def is_rejected(self) -> bool:
        """Whether anybody rejected it: that is for good."""
        return any(each.deed is Deed.REJECT for each in self.verdicts)

    @property
    def is_approved(self) -> bool:
        """Whether somebody approved it and nobody rejected it."""
        return bool(self.verdicts) and not self.is_rejected

    @property
    def state(self) -> str:
        """What became of it: `open`, `approved` or `rejected`."""
        if self.is_rejected:
            return "rejected"
        return "approved" if self.is_approved else "open"


@dataclass(frozen=True)
class Companion:
    """A version that stands beside the one in force.

    Attributes:
        version: Its number.
        mode: Whether it decides for its share, or is only asked.
        share: Of customers, in hundredths of a per cent, 1 to 10,000.
        since: When it was set so, microseconds since 1970, UTC.
    """

    version: int
    mode: Mode
    share: int
    since: int

    @property
    def name(self) -> str:
        """As records of decisions cite it."""
        return companion_name(self.version)


def companion_name(version: int) -> str:
    """What records of decisions call a version beside the one in force."""
    return f"version {version}"


@dataclass(frozen=True)
class History:
    """What was done with one policy.

    Attributes:
        policy: Its name.
        versions: In order.
        activations: In order, rollbacks included.
        besides: What was set beside, in order.
    """

    policy: str
    versions: tuple[Version, ...] = ()
    activations: tuple[Act, ...] = ()
    besides: tuple[Act, ...] = ()

    def version(self, number: int) -> Version:
        """A version by its number.

        Raises:
            RefusedError: There is none.
        """
        if not 1 <= number <= len(self.versions):
            known = f"There are versions 1 to {len(self.versions)}" if self.versions else ""
            raise RefusedError(
                Refusal.VERSION_MUST_EXIST,
                where=f"{self.policy} version {number}",
                remedy=known or "Propose one",
            )
        return self.versions[number - 1]

    def active_at(self, moment: int) -> int | None:
        """The version that decides at a moment; None where none does yet.

        Args:
            moment: Microseconds since 1970, UTC.
        """
        started = [act for act in self._standing() if act.start <= moment]
        return started[-1].version if started else None

    def beside_at(self, moment: int) -> tuple[Companion, ...]:
        """The versions that stand beside the one in force at a moment, in order of their setting.

        Args:
            moment: Microseconds since 1970, UTC.
        """
        started = [act for act in self._standing() if act.start <= moment]
        found: dict[int, Companion] = {}
        for act in self.besides:
            if act.at > moment or (started and _ends(started[-1], act)):
                continue
            if act.told["share"] == 0 or self._rejected_by(act.version, moment):
                found.pop(act.version, None)
            else:
                mode, share = Mode(act.told["mode"]), act.told["share"]
                found[act.version] = Companion(act.version, mode, share, act.at)
        return tuple(found.values())

    def _rejected_by(self, number: int, moment: int) -> bool:
        """Whether somebody had rejected a version by a moment."""
        verdicts = self.version(number).verdicts
        return any(each.deed is Deed.REJECT and each.at <= moment for each in verdicts)

    @property
    def planned(self) -> Act | None:
        """The activation after which no other is planned."""
        standing = self._standing()
        return standing[-1] if standing else None

    def with_act(self, act: Act) -> History:
        """The history after an act that may be done.

        Raises:
            RefusedError: It may not.
        """
        _CHECKS[act.deed](self, act)
        if act.deed is Deed.PROPOSE:
            return replace(self, versions=(*self.versions, Version(act)))
        if act.deed in {Deed.APPROVE, Deed.REJECT}:
            judged = self.version(act.version)
            judged = replace(judged, verdicts=(*judged.verdicts, act))
            place = act.version - 1
            versions = (*self.versions[:place], judged, *self.versions[place + 1 :])
            return replace(self, versions=versions)
        if act.deed is Deed.SET_BESIDE:
            return replace(self, besides=(*self.besides, act))
        return replace(self, activations=(*self.activations, act))

    def _standing(self) -> list[Act]:
        """Activations in order of their start; one takes the place of all planned for later."""
        standing: list[Act] = []
        for act in self.activations:
            while standing and standing[-1].start >= act.start:
                standing.pop()
            standing.append(act)
        return standing


def _ends(activation: Act, beside: Act) -> bool:
    """Whether an activation that has started ends what was set beside before it."""
    return activation.start > beside.at or (
        activation.start == beside.at and activation.number > beside.number
    )


def document_digest(policy: str, beside: Mapping[str, str]) -> str:
    """SHA-256, in hex, of what a version means; lists are no part of it.

    Args:
        policy: Digest of the policy and its tables.
        beside: Digest of every other file, such as models, by name.
    """
    return hashlib.sha256(canonical_json({"policy": policy, "beside": dict(beside)})).hexdigest()


def identity(name: str) -> str:
    """Whom a name means: case, blanks, width and invisible characters make no difference."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(sign for sign in folded if unicodedata.category(sign)[0] not in "ZC")


def check_parent(history: History, parent: int) -> None:
    """Refuse a proposal whose author did not see the last version.

    Raises:
        RefusedError: Another version came since.
    """
    last = len(history.versions)
    if parent != last:
        by = f" by {history.versions[-1].proposal.by}" if last else ""
        raise RefusedError(
            Refusal.PARENT_MUST_BE_THE_LAST_VERSION,
            where=f"{history.policy} version {parent}",
            remedy=f"Version {last} is the last{by}: look at what it changes, then begin from it",
        )


def entries_of(acts: Iterable[Act]) -> tuple[Entry, ...]:
    """The entries of lists that acts recorded."""
    return tuple(
        Entry(**entry, recorded=act.at)
        for act in acts
        if act.deed is Deed.LIST
        for entry in act.told["entries"]
    )


def lists_of(acts: Iterable[Act], moment: int | None = None) -> Lists:
    """The lists as they were known at a moment; None: all that is known."""
    return Lists(each for each in entries_of(acts) if moment is None or each.recorded <= moment)


# --- the rules ------------------------------------------------------------------------------------


def _check_person(act: Act, refusal: Refusal = Refusal.PERSON_MUST_BE_NAMED) -> None:
    if not identity(act.by):
        raise RefusedError(refusal, where=act.where, remedy="Say who does it")


def _check_proposal(history: History, act: Act) -> None:
    _check_person(act)
    if not identity(act.policy):
        raise RefusedError(Refusal.POLICY_MUST_BE_NAMED, where="policy")
    if act.version != len(history.versions) + 1:
        raise RefusedError(Refusal.VERSION_MUST_EXIST, where=act.where, remedy="One at a time")
    if history.versions and history.versions[-1].digest == act.told["digest"]:
        raise RefusedError(
            Refusal.POLICY_MUST_HAVE_CHANGED,
            where=f"{act.policy} version {len(history.versions)}",
            remedy="It says the same as that version; remarks and layout make no version",
        )


def _check_approval(history: History, act: Act) -> None:
    _check_person(act)
    version = history.version(act.version)
    if identity(act.by) == identity(version.proposal.by):
        raise RefusedError(
            Refusal.APPROVER_MUST_NOT_BE_THE_AUTHOR,
            where=act.where,
            remedy=f"Somebody other than {version.proposal.by} approves it",
        )
    if version.is_rejected:
        raise RefusedError(
            Refusal.REJECTED_VERSION_MUST_BE_PROPOSED_ANEW,
            where=act.where,
            remedy=f"{_rejecter(version)}: propose a version that meets the objection",
        )
    _check_new(version, act)


def _check_rejection(history: History, act: Act) -> None:
    _check_person(act)
    version = history.version(act.version)
    if not act.comment.strip():
        raise RefusedError(Refusal.REJECTION_MUST_SAY_WHY, where=act.where, remedy="--comment")
    _check_new(version, act)


def _check_new(version: Version, act: Act) -> None:
    for each in version.verdicts:
        if each.deed is act.deed and identity(each.by) == identity(act.by):
            raise RefusedError(
                Refusal.VERDICT_MUST_BE_NEW, where=act.where, remedy=f"{each.by} has said so before"
            )


def _check_activation(history: History, act: Act) -> None:
    _check_usable(history, act)
    planned = history.planned
    if planned is None:
        return
    if act.start < planned.start:
        raise RefusedError(
            Refusal.ACTIVATION_MUST_NOT_PRECEDE_THE_LAST,
            where=act.where,
            remedy=f"Version {planned.version} is to be active from then on or later: start with "
            "it, or roll back, which takes its place",
        )
    if planned.version == act.version:
        raise RefusedError(Refusal.VERSION_MUST_NOT_BE_ACTIVE_ALREADY, where=act.where)


def _check_rollback(history: History, act: Act) -> None:
    _check_usable(history, act)
    if not act.comment.strip():
        raise RefusedError(Refusal.ROLLBACK_MUST_SAY_WHY, where=act.where, remedy="--reason")
    active = history.active_at(act.start)
    latest = max([active or 0, history.planned.version if history.planned else 0])
    if act.version >= latest:
        raise RefusedError(
            Refusal.ROLLBACK_MUST_GO_TO_AN_EARLIER_VERSION,
            where=act.where,
            remedy=f"Version {active} is active" if active else "No version is active yet",
        )


def _check_beside(history: History, act: Act) -> None:
    share, mode = act.told.get("share"), act.told.get("mode")
    if not isinstance(share, int) or not 0 <= share <= PLACES or mode not in _MODES:
        raise RefusedError(
            Refusal.SHARE_MUST_BE_A_PART_OF_CUSTOMERS,
            where=act.where,
            remedy="More than 0 and at most 100 per cent, as challenger or shadow",
        )
    standing = history.beside_at(act.at)
    if share == 0:
        _check_person(act)
        if act.version not in {each.version for each in standing}:
            raise RefusedError(Refusal.VERSION_MUST_STAND_BESIDE, where=act.where)
        return
    _check_approved(history, act)
    if history.active_at(act.at) == act.version:
        raise RefusedError(Refusal.VERSION_MUST_NOT_BE_ACTIVE_ALREADY, where=act.where)
    taken = sum(
        each.share
        for each in standing
        if each.mode is Mode.CHALLENGER and each.version != act.version
    )
    if mode == Mode.CHALLENGER.value and taken + share > PLACES:
        raise RefusedError(
            Refusal.SHARES_MUST_NOT_EXCEED_THE_WHOLE,
            where=act.where,
            remedy=f"Other challengers have {taken / 100:g} per cent",
        )


_MODES = {each.value for each in Mode}


def _check_usable(history: History, act: Act) -> None:
    _check_approved(history, act)
    if act.start < act.at:
        raise RefusedError(
            Refusal.ACTIVATION_MUST_NOT_BE_IN_THE_PAST,
            where=act.where,
            remedy="What decided then has decided; start now or later",
        )


def _check_approved(history: History, act: Act) -> None:
    _check_person(act)
    version = history.version(act.version)
    if version.is_rejected:
        raise RefusedError(
            Refusal.REJECTED_VERSION_MUST_NOT_BE_ACTIVATED,
            where=act.where,
            remedy=_rejecter(version),
        )
    if not version.is_approved:
        raise RefusedError(
            Refusal.VERSION_MUST_BE_APPROVED,
            where=act.where,
            remedy=f"Somebody other than {version.proposal.by} approves it first",
        )


def _check_entries(_history: History, act: Act) -> None:
    _check_person(act)
    for entry in act.told["entries"]:
        where = f"list {entry['list']}, {entry['value']}"
        if not all(str(entry[name]).strip() for name in ("list", "value", "owner")):
            raise RefusedError(
                Refusal.ENTRY_MUST_BE_COMPLETE,
                where=where,
                remedy="Every entry has a list, a value and an owner",
            )
        if entry["valid_until"] is not None and entry["valid_until"] < entry["valid_from"]:
            raise RefusedError(
                Refusal.ENTRY_MUST_END_AFTER_IT_STARTS,
                where=where,
                remedy="Give a later moment, or the same one to take the entry back",
            )


def _rejecter(version: Version) -> str:
    rejection = next(each for each in version.verdicts if each.deed is Deed.REJECT)
    return f"{rejection.by} rejected it: {rejection.comment}"


_CHECKS = {
    Deed.PROPOSE: _check_proposal,
    Deed.APPROVE: _check_approval,
    Deed.REJECT: _check_rejection,
    Deed.ACTIVATE: _check_activation,
    Deed.ROLL_BACK: _check_rollback,
    Deed.SET_BESIDE: _check_beside,
    Deed.LIST: _check_entries,
}

DEEDS: Mapping[Deed, Text] = {
    Deed.PROPOSE: Text("proposed", "提交"),
    Deed.APPROVE: Text("approved", "批准"),
    Deed.REJECT: Text("rejected", "驳回"),
    Deed.ACTIVATE: Text("activated", "启用"),
    Deed.ROLL_BACK: Text("rolled back to", "回滚至"),
    Deed.SET_BESIDE: Text("set beside the one in force", "设为并行"),
    Deed.LIST: Text("listed", "登记名单"),
}
"""What is said of an act."""
