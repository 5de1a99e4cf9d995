"""What changed since yesterday, newest first: each line with a way to where it happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from headrace.monitor.cases import State
from headrace.web.console.words import Words
from headrace.web.services import Services

DAY_US = 24 * 3600 * 1_000_000
SHOWN = 12


@dataclass(frozen=True)
class Change:
    """One thing that happened.

    Attributes:
        at: Microseconds since 1970, UTC.
        text: In words.
        path: Where to look.
        permission: Who may look there; others are not told.
    """

    at: int
    text: str
    path: str
    permission: str


def changes(services: Services, words: Words, may: frozenset[str]) -> tuple[Change, ...]:
    """What happened within a day, as far as somebody may know it; at most `SHOWN`."""
    since = services.now() - DAY_US
    found = [*_policies(services, words), *_cases(services, words)]
    known = [each for each in found if each.at > since and each.permission in may]
    return tuple(sorted(known, key=lambda each: -each.at)[:SHOWN])


def _policies(services: Services, words: Words) -> Iterable[Change]:
    for act in services.policies.acts_since(services.now() - DAY_US):
        text = words(f"changed_{act.deed.value}", policy=act.policy, version=act.version, by=act.by)
        path = f"/policies/{quote(act.policy, safe='')}" if act.policy else "/policies"
        yield Change(act.at, text, path, "policies")


def _cases(services: Services, words: Words) -> Iterable[Change]:
    since = services.now() - DAY_US
    found = services.case_desk.cases()
    opened = [each for each in found if each.opened > since]
    if opened:
        newest = max(each.opened for each in opened)
        yield Change(newest, words("changed_cases", n=len(opened)), "/cases", "cases")
    overdue = [each for each in found if each.is_overdue(services.now())]
    if overdue:
        latest = max(each.due for each in overdue)
        yield Change(
            max(latest, since + 1), words("changed_overdue", n=len(overdue)), "/cases", "cases"
        )
    closed = [
        each.events[-1].at
        for each in found
        if each.state is State.CLOSED and each.events[-1].at > since
    ]
    if closed:
        yield Change(max(closed), words("changed_closed", n=len(closed)), "/cases", "cases")
