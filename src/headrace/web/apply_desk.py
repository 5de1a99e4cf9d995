"""Decides applications one at a time by the run, what came after it, and the policy in force.

What stays the same is read once for each run and version of the policy. Many may ask at once: one
reads, the others wait for it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headrace import packs
from headrace.adapters.code import code_digest
from headrace.adapters.policies_in_force import active_files
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.store import FactStore
from headrace.adapters.stores.application import ApplicationStore, Kept, MovedOnError
from headrace.adapters.stores.policy import PolicyStore
from headrace.clock import local_day
from headrace.errors import EvidenceError, HeadraceError, InputError
from headrace.evidence.canonical import parse_object
from headrace.facts.consent import Leave
from headrace.facts.kinds import RATE_RESPONSE
from headrace.facts.localtime import instant_of
from headrace.features.compile import compile_plan
from headrace.features.plan import make_plan
from headrace.graph.identity.codes import credit_code_problem, written
from headrace.scores.straight_card import Scorecard
from headrace.web.book_exposure import BookExposure
from headrace.web.firm_desk import FirmDesk
from headrace.web.received import ReceivedFacts
from headrace.web.run_folder import Run
from headrace.web.security.scope import Scope
from headrace.workflows.apply import (
    Application,
    Applied,
    RunTables,
    Standing,
    asked_in,
    decide,
    instant_in,
    taken_in,
)
from headrace.workflows.apply_facts import FirmFacts
from headrace.workflows.policy import parse_policy

TRIES = 5
SHOWN = 8
_DESCRIBED = ("party", "name", "uscc", "region", "industry", "type")


class ChangedError(HeadraceError):
    """What a decision was made by is not what is in force now."""


@dataclass(frozen=True)
class Firm:
    """A firm as people know it; None: not known."""

    party: str
    name: str | None = None
    uscc: str | None = None
    region: str | None = None
    industry: str | None = None


@dataclass(frozen=True)
class Firms:
    """All firms of a run.

    Attributes:
        by_party: By code.
    """

    by_party: Mapping[str, Firm]

    @cached_property
    def by_uscc(self) -> Mapping[str, Firm]:
        """By credit code."""
        return {each.uscc: each for each in self.by_party.values() if each.uscc}

    @cached_property
    def regions(self) -> Mapping[str, str | None]:
        """Region by party."""
        return {each.party: each.region for each in self.by_party.values()}

    def like(self, text: str, scope: Scope) -> tuple[Firm, ...]:
        """Firms of a code, a credit code, or with the text in their name; at most `SHOWN`."""
        text = text.strip()
        exact = self.by_party.get(text) or self.by_uscc.get(written(text))
        if exact is not None:
            return (exact,) if scope.sees(exact.region) else ()
        found = []
        for each in self.by_party.values():
            if text and text in (each.name or "") and scope.sees(each.region):
                found.append(each)
            if len(found) == SHOWN:
                break
        return tuple(found)


@dataclass(frozen=True, eq=False)
class _Ready:
    """What was read for a run and a version of the policy."""

    standing: Standing
    received: ReceivedFacts
    promised: Mapping[str, int]  # limits of the run's own book


class ApplyDesk:
    """Applications: decided, kept, and looked at again."""

    def __init__(
        self,
        firms: FirmDesk,
        policies: Callable[[], PolicyStore],
        store: ApplicationStore,
        leave: Callable[[int], Leave],
        now: Callable[[], int],
        owed: BookExposure,
    ) -> None:
        """Nothing is read yet.

        Args:
            firms: Firms of the run, and what came after it.
            policies: Opens the versions of policies.
            store: Keeps applications.
            leave: Which facts may be read to decide, at a moment.
            now: Microseconds since 1970.
            owed: What firms owe the book already.
        """
        self._firms, self._policies, self.store, self._now = firms, policies, store, now
        self.owed = owed
        self._leave = leave
        self._turn = Lock()
        self._seen: tuple[tuple[str, int | None], _Ready] | None = None
        self._named: tuple[tuple[str, int, int], Firms] | None = None

    def firms(self) -> Firms:
        """All firms that the run or what came after it knows of."""
        ready = self._ready()
        came = ready.received.trading() if self._firms.arrived.last() else set()
        key = (ready.standing.run.digest, ready.received.described(), len(came))
        named = self._named
        if named is None or named[0] != key:
            codes = came.union(ready.standing.run.features["party"].to_pylist())
            named = (key, firms_in(ready.received.parties(), codes))
            self._named = named
        return named[1]

    def standing(self) -> Standing:
        """What is decided by now."""
        return self._ready().standing

    def warm(self) -> None:
        """Read what decides before somebody asks."""
        at = self._now()
        self._ready().received.instant(at, self._leave(at))

    def named(self, text: str, scope: Scope) -> str:
        """The code of the firm that a text means; a credit code nobody knows stands for itself.

        Raises:
            InputError: No firm is meant, or several.
        """
        found = self.firms().like(text, scope)
        if len(found) == 1:
            return found[0].party
        if found:
            named = "; ".join(f"{each.name} ({each.party})" for each in found)
            raise InputError("Several firms have this in their name", where="parties", remedy=named)
        code = written(text)
        if self.firms().by_uscc.get(code) is None and credit_code_problem(code) is None:
            return code
        raise InputError(
            "There is no firm of this name or code",
            where="party",
            remedy="Its code, its name, or its 18-character credit code (统一社会信用代码)",
        )

    def apply(self, application: Application) -> tuple[Kept, bool]:
        """Decide on an application and keep what came of it; and whether it is a new one.

        Raises:
            InputError: Another application has this id, or it cannot be decided on.
            MovedOnError: So many came in at the same moment that none could be decided.
        """
        for _ in range(TRIES):
            known = self.store.one(application.application_id)
            if known is not None:
                if not asked_of(known).same_as(application):
                    raise InputError(
                        "Another application has this id",
                        where="application_id",
                        remedy="A fresh id for each application",
                    )
                return known, False
            number, ready = self.store.count(), self._ready()
            done = decide(
                ready.standing,
                application,
                self._known(ready, application),
                self._room(ready, application.party, application.at),
                self.owed.taken(application.party),
            )
            try:
                return self.store.append(_row(ready, number, application, done)), True
            except MovedOnError:
                continue
        raise MovedOnError("Too many applications come in at once", remedy="Send it again")

    def replay(self, kept: Kept) -> bool:
        """Whether deciding again gives the very bytes that were kept.

        Raises:
            ChangedError: The run, the policy or the code is another one now.
        """
        ready, document = self._ready(), parse_object(kept.record.encode()) or {}
        then = document["decision"]["versions"]
        now = [{"name": each.name, "digest": each.digest} for each in ready.standing.versions]
        if then != now:
            changed = sorted({each["name"] for each in then if each not in now})
            raise ChangedError(
                f"It was decided by another {', '.join(changed) or 'version'}",
                where=kept.id,
                remedy="Serve the run and policy of that time to decide it again",
            )
        room = document.get("book", {}).get("room_minor", 0)
        leave = self._leave(kept.at)
        words, at = ready.standing.policy.words, instant_in(document)
        known, taken = ready.received.firm(kept.party, at, leave, words), taken_in(document)
        again = decide(ready.standing, asked_of(kept), known, room, taken)
        return again.record == kept.record.encode()

    def _known(self, ready: _Ready, application: Application) -> FirmFacts:
        """What may be read of a firm in order to decide."""
        leave = self._leave(application.at)
        at = ready.received.instant(application.at, leave)
        return ready.received.firm(application.party, at, leave, ready.standing.policy.words)

    def _room(self, ready: _Ready, party: str, at: int) -> int:
        """What is left of the budget for a firm: all but what others were promised, or have.

        A signed contract of an application, or of an earlier run, uses it up when its offer has
        long lapsed.
        """
        run = ready.standing.run
        day = local_day(instant_of(at), run.zone).isoformat()
        promised = {**ready.promised, **self.store.promised(run.digest, day)}
        for each, amount in self.owed.elsewhere(self._firms.firms().run).items():
            promised[each] = max(promised.get(each, 0), amount)
        others = sum(promised.values()) - promised.get(party, 0)
        return max(0, ready.standing.policy.economics.budget_minor - others)

    def _ready(self) -> _Ready:
        firms = self._firms.firms()
        run = firms.run
        pack = packs.load(run.about.pack)
        files, version = active_files(self._policies(), pack, self._now())
        with self._turn:
            key = (run.digest, version)
            if self._seen is None or self._seen[0] != key:
                policy = parse_policy(pack, {} if version is None else files, read_workbook)
                plan = compile_plan(make_plan(pack.feature_set.in_zone(run.about.zone)))
                tables = _tables(firms.folder, run)
                standing = Standing(pack, policy, version, plan, tables, code_digest())
                _ = standing.prices  # so that the first who applies need not wait
                limits = {each.party: each.limit_minor for each in run.decisions}
                received = ReceivedFacts(firms, self._firms.arrived, tables)
                self._seen = (key, _Ready(standing, received, limits))
            return self._seen[1]


def asked_of(kept: Kept) -> Application:
    """The application of what was kept."""
    return asked_in(parse_object(kept.record.encode()) or {})


def _tables(path: Path, run: Run) -> RunTables:
    """What the run left beside its decisions.

    Raises:
        EvidenceError: It cannot be read any more.
    """
    try:
        features = pq.read_table(path / "features.parquet")
        card = Scorecard.from_json((path / "scorecard.json").read_text(encoding="utf-8"))
        facts = FactStore(path)
        parties = features["party"].to_pylist()
        industries = tuple(
            run.firms[each].industry or "" if each in run.firms else "" for each in parties
        )
        return RunTables(
            features=features,
            industries=industries,
            rate_response=facts.read(RATE_RESPONSE.kind),
            card=card,
            moment=run.about.moment,
            zone=run.about.zone,
            approved=int(run.summary["book"]["approved"]),
            digest=run.digest,
            simulated=run.about.simulated,
        )
    except (OSError, LookupError, ValueError, pa.ArrowException, InputError) as error:
        raise EvidenceError(
            "The run left nothing that single firms can be decided by", remedy="Run again"
        ) from error


def firms_in(parties: pa.Table, codes: Iterable[str] = ()) -> Firms:
    """Firms by code: those that facts describe, each as last told, then those that have a code.

    A later fact that leaves something open takes nothing back.
    """
    columns = {name: pc.cast(parties[name], pa.string()).to_pylist() for name in _DESCRIBED}
    told: dict[str, dict[str, str]] = {}
    for row in zip(*columns.values(), strict=True):
        known = told.setdefault(row[0], {})
        known |= {name: value for name, value in zip(_DESCRIBED, row, strict=True) if value}
    found = {
        party: Firm(
            party,
            each.get("name"),
            written(each["uscc"]) if "uscc" in each else None,
            each.get("region"),
            each.get("industry"),
        )
        for party, each in told.items()
        if each.get("type") != "person"
    }
    return Firms(found | {code: Firm(code) for code in sorted(set(codes) - told.keys())})


def _row(ready: _Ready, number: int, application: Application, done: Applied) -> Kept:
    return Kept(
        number=number,
        id=application.application_id,
        party=application.party,
        at=application.at,
        by=application.by,
        run=ready.standing.run.digest,
        outcome=done.decision.outcome.value,
        limit_minor=done.decision.limit_minor,
        valid_until=done.document["valid_until"] or "",
        record=done.record.decode(),
    )
