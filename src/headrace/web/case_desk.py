"""Cases as people work them: the queue, its figures, and every act with its effect.

Whoever acts says how many events of the case they have seen. Where another one was faster, nothing
happens, and they are told what. A measure is put on its list first and into the case then, so that
no case ever says that something was done that was not.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from threading import Lock

from headrace import packs
from headrace.adapters.policies_in_force import active_files
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.stores.case import CaseStore
from headrace.adapters.stores.policy import PolicyStore
from headrace.decisions.flow.lists import Entry
from headrace.decisions.flow.policy import Action, Policy
from headrace.errors import HeadraceError, InputError
from headrace.monitor.cases import (
    Alert,
    Case,
    CaseEvent,
    Evidence,
    Outcome,
    RefusedError,
    State,
    assignment,
    closing,
    note,
    reopening,
    with_event,
)
from headrace.monitor.measures import (
    Doing,
    Target,
    entries_for,
    holding,
    measure_taken,
    targets,
)
from headrace.workflows.policies import load_policy
from headrace.workflows.policy_documents import inputs_of

NOBODY = "-"
"""In place of an owner: cases that nobody works yet."""


class ChangedError(HeadraceError):
    """Somebody else did something to the case since the page was loaded.

    Attributes:
        events: What they did.
    """

    def __init__(self, case: Case, seen: int) -> None:
        self.events: tuple[CaseEvent, ...] = case.events[seen:]
        told = ", ".join(f"{each.deed.value} by {each.by}" for each in self.events)
        super().__init__(
            f"The case has changed since you saw it: {told}" if told else "There is no such event",
            where=case.where,
            remedy="Look at it again, then act",
        )


@dataclass(frozen=True)
class Wanted:
    """Which cases are asked for.

    Attributes:
        state: Only those; None: all that are not closed.
        owner: Only theirs; NOBODY: of nobody; None: everybody's.
        customer: Only about them; None: everybody.
        overdue: Only those past their time.
        severity: Only those whose most severe alert is so; None: all.
    """

    state: State | None = None
    owner: str | None = None
    customer: str | None = None
    overdue: bool = False
    severity: Action | None = None

    def __call__(self, case: Case, moment: int) -> bool:
        """Whether a case is one of them."""
        states = {self.state} if self.state else {State.OPEN, State.IN_REVIEW}
        owner = "" if self.owner == NOBODY else self.owner
        return (
            case.state in states
            and owner in (None, case.owner)
            and self.customer in (None, case.customer)
            and (case.is_overdue(moment) or not self.overdue)
            and self.severity in (None, case.severity)
        )


@dataclass(frozen=True)
class RuleFigures:
    """What became of the alerts that one rule raised.

    Attributes:
        policy: Whose rule.
        reason: The rule's reason; empty where none was given.
        alerts: How many.
        fraud: In cases closed as fraud.
        genuine: In cases closed as genuine.
    """

    policy: str
    reason: str
    alerts: int
    fraud: int
    genuine: int

    @property
    def precision(self) -> float | None:
        """Of the alerts that were judged, the share that was fraud; None: none was judged."""
        judged = self.fraud + self.genuine
        return self.fraud / judged if judged else None


@dataclass(frozen=True)
class Figures:
    """The queue in figures.

    Attributes:
        open: Cases that nobody works yet.
        in_review: Cases that somebody works.
        overdue: Of both, those past their time.
        closed: By outcome.
        rules: The most alerts first.
    """

    open: int
    in_review: int
    overdue: int
    closed: dict[Outcome, int]
    rules: tuple[RuleFigures, ...]


class CaseDesk:
    """Works on a store of cases and the lists of a policy."""

    def __init__(
        self,
        store: Callable[[], CaseStore],
        policies: Callable[[], PolicyStore],
        live_pack: str,
        now: Callable[[], int],
    ) -> None:
        """Use stores that are opened when first asked for."""
        self._store, self._policies, self._now = store, policies, now
        self._pack = live_pack
        self._turn = Lock()
        self._last = 0
        self._cases: dict[int, Case] = {}
        self._read: dict[tuple[str, int | None], Policy] = {}

    def cases(self) -> tuple[Case, ...]:
        """All cases by number; only what changed since the last look is read."""
        with self._turn:
            last, changed = self._store().changed_after(self._last)
            if changed:
                fresh = self._cases | {case.number: case for case in changed}
                self._cases = dict(sorted(fresh.items()))
            self._last = last
            return tuple(self._cases.values())

    def case(self, number: int) -> Case:
        """A case.

        Raises:
            RefusedError: There is none.
        """
        return self._store().case(number)

    def queue(self, wanted: Wanted) -> list[Case]:
        """Cases, those that are due first at the top, closed ones last and the newest first."""
        moment = self._now()
        found = [case for case in self.cases() if wanted(case, moment)]
        return sorted(found, key=_urgency)

    def alerts(self) -> list[tuple[Case, Alert]]:
        """Every alert with its case, the newest first."""
        return sorted(self._alerts(), key=_moment_of, reverse=True)

    def latest_alerts(self, count: int) -> list[tuple[Case, Alert]]:
        """The newest alerts with their cases, the newest first."""
        return nlargest(count, self._alerts(), key=_moment_of)

    def others_of(self, case: Case) -> list[Case]:
        """Other cases of the same customer, whatever their policy and state, the newest first."""
        if not case.customer:
            return []
        found = [each for each in self.cases() if each.customer == case.customer]
        return [each for each in reversed(found) if each.number != case.number]

    def figures(self) -> Figures:
        """The queue in figures."""
        cases, moment = self.cases(), self._now()
        states = Counter(case.state for case in cases)
        outcomes = Counter(case.outcome for case in cases if case.outcome)
        return Figures(
            open=states[State.OPEN],
            in_review=states[State.IN_REVIEW],
            overdue=sum(case.is_overdue(moment) for case in cases),
            closed={outcome: outcomes[outcome] for outcome in Outcome},
            rules=rule_figures(cases),
        )

    def assign(self, number: int, to: str, by: str, comment: str, seen: int | None) -> Case:
        """Give a case to somebody.

        Raises:
            RefusedError: It is against the rules.
            ChangedError: Somebody was faster.
        """
        return self._record(
            number, seen, lambda case: assignment(case, to, by, self._now(), comment)
        )

    def take_next(self, by: str) -> Case | None:
        """Give the most urgent case that nobody works to whoever asks; None: there is none left."""
        for case in self.queue(Wanted(owner=NOBODY)):
            try:
                return self.assign(case.number, by, by, "", len(case.events))
            except (ChangedError, RefusedError):  # somebody was faster: the next one
                continue
        return None

    def note(
        self, number: int, by: str, comment: str, evidence: Sequence[tuple[Evidence, str]]
    ) -> Case:
        """Say something about a case; nobody can be too late for it.

        Raises:
            RefusedError: It says nothing.
        """
        return self._record(
            number, None, lambda case: note(case, by, self._now(), comment, evidence)
        )

    def close(self, number: int, outcome: Outcome, by: str, comment: str, seen: int | None) -> Case:
        """Say what a case was.

        Raises:
            RefusedError: It is against the rules.
            ChangedError: Somebody was faster.
        """
        return self._record(
            number, seen, lambda case: closing(case, outcome, by, self._now(), comment)
        )

    def reopen(self, number: int, by: str, comment: str, seen: int | None) -> Case:
        """Look at a closed case again.

        Raises:
            RefusedError: It is against the rules.
            ChangedError: Somebody was faster.
        """
        return self._record(number, seen, lambda case: reopening(case, by, self._now(), comment))

    def targets(self, case: Case) -> tuple[Target, ...]:
        """What may be done about a case; nothing where nobody knows its policy."""
        policy = self.policy_of(case)
        return () if policy is None else targets(case, policy)

    def holding(self, case: Case) -> tuple[Entry, ...]:
        """The entries of lists that hold for a case now."""
        policy = self.policy_of(case)
        if policy is None:
            return ()
        return holding(case, policy, self._policies().lists(), self._now())

    def act(self, number: int, key: str, doing: Doing, seen: int | None) -> Case:
        """Do something about a customer: put it on its list, then into the case.

        Args:
            number: Of the case.
            key: Of one of its targets.
            doing: Who, when, until when, why.
            seen: How many events whoever acts has seen; None: they do not say.

        Raises:
            InputError: There is no such target.
            RefusedError: It is against the rules.
            ChangedError: Somebody was faster.
        """
        case = self.case(number)
        _check_seen(case, seen)
        policy, known = self.policy_of(case), self.targets(case)
        target = next((each for each in known if each.key == key), None)
        if policy is None or target is None:
            remedy = ", ".join(each.key for each in known) or "Its policy has no list for that"
            raise InputError("This cannot be done about the case", where="measure", remedy=remedy)
        entries = entries_for(case, target, policy, self._policies().lists(), doing)
        with_event(case, measure_taken(case, target, entries, doing, 0))
        act = self._policies().add_entries(entries, doing.by, doing.at)
        return self._record(
            number, None, lambda now: measure_taken(now, target, entries, doing, act.number)
        )

    def policy_of(self, case: Case) -> Policy | None:
        """The policy in force for a case's events; None where it is not the live pack's."""
        pack = packs.load(self._pack)
        if case.policy != pack.name or not pack.policy:
            return None
        number = self._policies().history(pack.name).active_at(self._now())
        key = pack.name, number
        if key not in self._read:
            files, _ = active_files(self._policies(), pack, self._now())
            self._read[key] = load_policy(files, read_workbook, inputs_of(pack, files)).policy
        return self._read[key]

    def _alerts(self) -> Iterable[tuple[Case, Alert]]:
        return ((case, alert) for case in self.cases() for alert in case.alerts)

    def _record(self, number: int, seen: int | None, event_of: Callable[[Case], CaseEvent]) -> Case:
        def checked(case: Case) -> CaseEvent:
            _check_seen(case, seen)
            return event_of(case)

        return self._store().record(number, checked)


def rule_figures(cases: Iterable[Case]) -> tuple[RuleFigures, ...]:
    """What became of alerts, by the rule that raised them, the most alerts first."""
    counts: dict[tuple[str, str], Counter[Outcome | None]] = {}
    for case in cases:
        for alert in case.alerts:
            key = alert.policy, alert.reason or ""
            counts.setdefault(key, Counter())[case.outcome] += 1
    found = [
        RuleFigures(policy, reason, each.total(), each[Outcome.FRAUD], each[Outcome.GENUINE])
        for (policy, reason), each in counts.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.alerts, each.policy, each.reason)))


def _moment_of(each: tuple[Case, Alert]) -> tuple[int, str]:
    return each[1].at, each[1].decision


def _urgency(case: Case) -> tuple[bool, int, int]:
    is_closed = case.state is State.CLOSED
    return is_closed, -case.number if is_closed else case.due, case.number


def _check_seen(case: Case, seen: int | None) -> None:
    if seen is not None and seen != len(case.events):
        raise ChangedError(case, seen)
