"""Visits (网格走访): which firms to go to, who goes, and how many come to a loan in the end."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import IntEnum

from headrace.errors import InputError

RESULTS = ("met", "not_met", "refused", "interested", "applied")
STATES = ("any", "no_loan", "approved_not_drawn", "referred")
FIRMS_MAX = 5_000
TEXT_MAX = 200
NOTE_MAX = 2_000


@dataclass(frozen=True)
class VisitList:
    """A list of firms to go to.

    Attributes:
        id: Of it.
        title: For people.
        filter: What it was made from, canonical JSON.
        by: Who made it.
        at: When, microseconds since 1970; visits and loans from then on count for it.
        simulated: Whether it is made up.
    """

    id: str
    title: str
    filter: str
    by: str
    at: int
    simulated: bool = False


@dataclass(frozen=True)
class Listed:
    """A firm on a list.

    Attributes:
        list: Id of the list.
        party: Code of the firm.
        name: Of the firm.
        area: The grid (网格) it lies in: its region.
        industry: For people; empty: not known.
        why: Code of why it is on the list.
        manager: Who goes; empty: nobody yet.
    """

    list: str
    party: str
    name: str
    area: str
    industry: str
    why: str
    manager: str = ""


@dataclass(frozen=True)
class Visit:
    """What came of going there once.

    Attributes:
        id: Chosen by the phone, so that a visit that is sent twice counts once.
        list: Id of the list.
        party: Code of the firm.
        result: One of `RESULTS`.
        note: For colleagues.
        next_day: ISO day to come again; empty: none.
        visited: When, by the phone, microseconds since 1970.
        by: Who went.
        at: When it was received.
    """

    id: str
    list: str
    party: str
    result: str
    note: str
    next_day: str
    visited: int
    by: str
    at: int

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: Naming the field, and what would be right.
        """
        plain = self.id.isascii() and self.id.replace("-", "").isalnum()
        _expect(plain and len(self.id) <= 64, "id", "letters, digits and -, up to 64")
        _expect(self.result in RESULTS, "result", f"one of {', '.join(RESULTS)}")
        lines = self.note.replace("\r", "").split("\n")
        fits = len(self.note) <= NOTE_MAX and all(each.isprintable() for each in lines)
        _expect(fits, "note", f"a text of at most {NOTE_MAX} characters")
        _expect(_is_day(self.next_day), "next_day", "a day as 2026-01-31, or nothing")
        _expect(0 < self.visited <= self.at + 600_000_000, "visited", "a time not in the future")

    def same_as(self, other: "Visit") -> bool:
        """Whether both say the same, whenever they were received."""
        return {**asdict(self), "at": 0} == {**asdict(other), "at": 0}


@dataclass(frozen=True)
class Filter:
    """Which firms a list is made of.

    Attributes:
        regions: Of firms, as their regions begin; empty: all.
        industries: Of firms; empty: all.
        ratings: Classes; empty: all.
        state: any; no_loan; approved_not_drawn; referred: a person has to look.
        most: At most so many, the safest first.
    """

    regions: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    ratings: tuple[str, ...] = ()
    state: str = "any"
    most: int = 100

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: Naming the field, and what would be right.
        """
        _expect(self.state in STATES, "state", f"one of {', '.join(STATES)}")
        _expect(1 <= self.most <= FIRMS_MAX, "most", f"from 1 to {FIRMS_MAX}")


@dataclass(frozen=True)
class Candidate:
    """A firm that may be listed.

    Attributes:
        party: Its code.
        name: For people.
        region: Where it is; empty: not known.
        industry: Its own; empty: not known.
        rating: Class; None: none.
        outcome: Of the run: approve, refer, decline.
        probability: Of default; None: not known.
        has_loan: Whether it has drawn one.
    """

    party: str
    name: str
    region: str
    industry: str
    rating: str | None
    outcome: str
    probability: float | None
    has_loan: bool


class Stage(IntEnum):
    """How far a firm has come."""

    LISTED = 0
    CONTACTED = 1
    INTERESTED = 2
    APPLIED = 3
    APPROVED = 4
    DRAWN = 5


_OF_RESULT = {
    "met": Stage.CONTACTED,
    "not_met": Stage.LISTED,
    "refused": Stage.CONTACTED,
    "interested": Stage.INTERESTED,
    "applied": Stage.APPLIED,
}


@dataclass(frozen=True)
class FunnelRow:
    """How many firms of a group came how far; who came further counts for what lies before.

    Attributes:
        group: Name of the manager or area.
        counts: Firms at each stage, in the order of `Stage`.
    """

    group: str
    counts: tuple[int, ...]

    @property
    def conversion(self) -> float | None:
        """Drawn over listed; None where nothing is listed."""
        return self.counts[-1] / self.counts[0] if self.counts[0] else None


@dataclass(frozen=True)
class Later:
    """What came of firms elsewhere.

    Attributes:
        applications: By party, the time in microseconds and the outcome of each.
        approved: Parties that a run approved: who applies is approved.
        drawn: Last time, microseconds, that a loan of a party was paid out.
    """

    applications: Mapping[str, Sequence[tuple[int, str]]]
    approved: frozenset[str]
    drawn: Mapping[str, int]


@dataclass(frozen=True)
class Task:
    """A firm that a manager has yet to go to.

    Attributes:
        firm: Where.
        last: What came of it the last time; None: nobody went yet.
        times: How often somebody went.
        due: Whether the day to come again has come.
    """

    firm: Listed
    last: Visit | None
    times: int
    due: bool


def chosen(candidates: Iterable[Candidate], asked: Filter, into: str) -> tuple[Listed, ...]:
    """The firms that a filter asks for, the safest first, as a list of theirs.

    Args:
        candidates: All firms.
        asked: Which.
        into: Id of the list.
    """
    found = [each for each in candidates if _fits(each, asked)]
    found.sort(key=lambda each: (2.0 if each.probability is None else each.probability, each.party))
    return tuple(
        Listed(into, each.party, each.name, each.region, each.industry, _why(each))
        for each in found[: asked.most]
    )


def spread(firms: Sequence[Listed], managers: Sequence[str]) -> Mapping[str, str]:
    """Areas given to managers so that nobody has much more to do: the largest area first.

    Each goes to who has the fewest firms so far (Graham 1969: at most a third above the best).

    Returns:
        Manager by area; empty without managers.
    """
    sizes: dict[str, int] = defaultdict(int)
    for each in firms:
        sizes[each.area] += 1
    load = dict.fromkeys(managers, 0)
    given = {}
    for area, size in sorted(sizes.items(), key=lambda each: (-each[1], each[0])) if load else ():
        manager = min(load, key=lambda name: (load[name], name))
        given[area] = manager
        load[manager] += size
    return given


def tasks(firms: Iterable[Listed], visits: Iterable[Visit], today: date) -> tuple[Task, ...]:
    """What is to be done: first who is due again, then who was never met, in order of area.

    Firms that refused, or applied, and have no day to come again are done with.
    """
    by_firm: dict[tuple[str, str], list[Visit]] = defaultdict(list)
    for each in visits:
        by_firm[each.list, each.party].append(each)
    found = []
    for firm in firms:
        mine = by_firm[firm.list, firm.party]
        last = mine[-1] if mine else None
        is_done = last is not None and last.result in ("refused", "applied") and not last.next_day
        if not is_done:
            due = bool(last and last.next_day and last.next_day <= today.isoformat())
            found.append(Task(firm, last, len(mine), due))
    return tuple(sorted(found, key=_order))


def funnel(
    firms: Iterable[Listed],
    visits: Iterable[Visit],
    later: Later,
    by: Callable[[Listed], str],
) -> tuple[FunnelRow, ...]:
    """How far firms came since somebody first met them, for each group.

    What happened before, or without a visit, is not put down to visits.

    Args:
        firms: On lists.
        visits: To them.
        later: Applications and loans.
        by: Names the group of a firm.

    Returns:
        A row a group, by name.
    """
    by_firm: dict[tuple[str, str], list[Visit]] = defaultdict(list)
    for each in visits:
        by_firm[each.list, each.party].append(each)
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * len(Stage))
    for firm in firms:
        row = counts[by(firm)]
        for place in range(_reached(by_firm[firm.list, firm.party], later) + 1):
            row[place] += 1
    return tuple(FunnelRow(name, tuple(row)) for name, row in sorted(counts.items()))


def _reached(visits: Sequence[Visit], later: Later) -> Stage:
    """How far one firm came."""
    met = [each for each in visits if each.result != "not_met"]
    if not met:
        return Stage.LISTED
    party, since = met[0].party, min(each.visited for each in met)
    if later.drawn.get(party, -1) >= since:
        return Stage.DRAWN
    asked = [outcome for at, outcome in later.applications.get(party, ()) if at >= since]
    stage = max(_OF_RESULT[each.result] for each in met)
    if "approve" in asked or (stage is Stage.APPLIED and party in later.approved):
        return Stage.APPROVED
    return Stage.APPLIED if asked else stage


def total(rows: Iterable[FunnelRow], name: str) -> FunnelRow:
    """All groups together."""
    columns = zip(*(each.counts for each in rows), strict=True)
    counts = tuple(sum(column) for column in columns)
    return FunnelRow(name, counts or (0,) * len(Stage))


def _fits(firm: Candidate, asked: Filter) -> bool:
    states = {
        "any": True,
        "no_loan": not firm.has_loan,
        "approved_not_drawn": firm.outcome == "approve" and not firm.has_loan,
        "referred": firm.outcome == "refer",
    }
    return (
        states[asked.state]
        and (not asked.regions or firm.region.startswith(asked.regions))
        and (not asked.industries or firm.industry in asked.industries)
        and (not asked.ratings or firm.rating in asked.ratings)
    )


def _why(firm: Candidate) -> str:
    if firm.outcome == "approve" and not firm.has_loan:
        return "approved_not_drawn"
    if firm.outcome == "refer":
        return "referred"
    return "has_loan" if firm.has_loan else "no_loan"


def _order(task: Task) -> tuple[int, str, str, str]:
    place = 0 if task.due else 1 if task.last is None else 2
    again = task.last.next_day or "9" if task.last else ""
    return place, again, task.firm.area, task.firm.party


def _is_day(text: str) -> bool:
    if not text:
        return True
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _expect(holds: bool, name: str, right: str) -> None:  # noqa: FBT001  (a condition, not a flag)
    if not holds:
        raise InputError("A visit cannot say this", where=name, remedy=f"Give {right}")
