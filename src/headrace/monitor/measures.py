"""What may be done about the customer of a case while it is worked, as entries of lists.

Freeze (冻结) is an entry of the policy's black list, step-up (加强核验) of its grey list. Lift
(解除) ends the entries of both that hold; release (解除并信任) does so too, and puts the customer
on the white list. The next decision sees it. Which lists there are, and what they look up, is
for the policy to say.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from headrace.decisions.flow.lists import NOT_LISTED, Entry, Lists, text_of
from headrace.decisions.flow.policy import ListKind, ListStep, Policy
from headrace.errors import InputError
from headrace.monitor.cases import Case, CaseEvent, Deed, Measure

KIND = {
    Measure.FREEZE: ListKind.BLACK,
    Measure.STEP_UP: ListKind.GREY,
    Measure.RELEASE: ListKind.WHITE,
}
DAYS_MAX = 3_650


@dataclass(frozen=True)
class Target:
    """What a measure would put on a list.

    Attributes:
        measure: Which.
        list: Name of the list; empty where nothing is put on one.
        by: What the list looks up, such as customer or terminal.
        value: The one of the case.
    """

    measure: Measure
    list: str
    by: str
    value: str

    @property
    def key(self) -> str:
        """As forms name it."""
        return f"{self.measure.value}:{self.list}:{self.value}"


@dataclass(frozen=True)
class Doing:
    """Who does something, when, and for how long.

    Attributes:
        by: Who answers for it.
        at: Now, microseconds since 1970, UTC.
        until: To when it holds, microseconds since 1970, UTC; None: for good.
        comment: Why, in their words.
    """

    by: str
    at: int
    until: int | None = None
    comment: str = ""


def targets(case: Case, policy: Policy) -> tuple[Target, ...]:
    """Everything that may be done about a case, in the order of its measures."""
    several = [
        Target(measure, step.name, step.by, value)
        for measure, kind in KIND.items()
        for step in list_steps(policy, kind)
        for value in _values(case, step.by, policy)
    ]
    if any(each.measure is not Measure.RELEASE for each in several):
        several.append(Target(Measure.LIFT, "", policy.customer, case.customer))
    return tuple(several)


def holding(case: Case, policy: Policy, lists: Lists, at: int) -> tuple[Entry, ...]:
    """The entries of any of the policy's lists that hold for a case at a moment."""
    found = []
    for step in list_steps(policy, *ListKind):
        for value in _values(case, step.by, policy):
            number = lists.find(step.name, value, case.policy, at)
            if number != NOT_LISTED:
                found.append(lists.entries[number])
    return tuple(found)


def list_steps(policy: Policy, *kinds: ListKind) -> tuple[ListStep, ...]:
    """The lists of some kinds that a policy asks."""
    return tuple(step for step in policy.steps if isinstance(step, ListStep) and step.kind in kinds)


def entries_for(
    case: Case, target: Target, policy: Policy, lists: Lists, doing: Doing
) -> tuple[Entry, ...]:
    """The entries that a measure makes; nothing is written.

    Args:
        case: Which.
        target: One of its `targets`.
        policy: Whose lists.
        lists: As they are known.
        doing: Who, when, for how long.

    Raises:
        InputError: It would end before it begins.
    """
    by, at, until = doing.by, doing.at, doing.until
    if until is not None and until <= at:
        raise InputError("A measure ends after it begins", where="until", remedy="A later day")
    new = () if target.measure is Measure.LIFT else (
        Entry(target.list, target.value, case.policy, at, until, "", by, at),
    )  # fmt: skip
    if target.measure not in (Measure.RELEASE, Measure.LIFT):
        return new
    ended = _ended(case, policy, lists, at)
    return (*(replace(each, valid_until=at, owner=by, recorded=at) for each in ended), *new)


def measure_taken(
    case: Case, target: Target, entries: Sequence[Entry], doing: Doing, act: int
) -> CaseEvent:
    """What was done about a customer, as an event of the case.

    Args:
        case: Which.
        target: What was done.
        entries: What came of it.
        doing: Who and when.
        act: Number of the act that put the entries on their lists.
    """
    told = [{"list": each.list, "value": each.value, "until": each.valid_until} for each in entries]
    about = {"measure": target.measure.value, "entries": told, "act": act}
    return CaseEvent(case.number, Deed.ACT, doing.by, doing.at, doing.comment, about)


def _ended(case: Case, policy: Policy, lists: Lists, at: int) -> Iterable[Entry]:
    """The entries of black and grey lists that hold for a case."""
    for step in list_steps(policy, ListKind.BLACK, ListKind.GREY):
        for value in _values(case, step.by, policy):
            number = lists.find(step.name, value, case.policy, at)
            if number != NOT_LISTED and lists.entries[number].valid_from < at:
                yield lists.entries[number]


def _values(case: Case, by: str, policy: Policy) -> tuple[str, ...]:
    """What the alerts of a case say of an input, each once."""
    if by == policy.customer:
        return (case.customer,) if case.customer else ()
    told = [text_of(alert.facts[by]) for alert in case.alerts if alert.facts.get(by) is not None]
    return tuple(dict.fromkeys(told))
