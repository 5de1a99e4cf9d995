"""People's words about records: these two are one party, those two are not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from headrace.errors import HeadraceError


class Verdict(StrEnum):
    """What was judged of two records."""

    SAME = "same"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Judgement:
    """One person's word on two records.

    Attributes:
        id: Names the judgement, so that it can be withdrawn.
        verdict: Same or different.
        left: A record's id.
        right: Another's.
        by: Who said so.
        at: When.
        why: The reason, in words.
    """

    id: str
    verdict: Verdict
    left: str
    right: str
    by: str
    at: datetime
    why: str


class JudgementConflictError(HeadraceError):
    """A judgement says the opposite of what others say together."""


def refuse_conflict(standing: Mapping[str, Judgement], new: Judgement) -> None:
    """Refuse a judgement that others contradict, directly or through a chain of sames.

    Args:
        standing: Judgements by id, free of conflicts.
        new: One more.

    Raises:
        JudgementConflictError: Naming the judgements that contradict it.
    """
    if new.id in standing:
        raise JudgementConflictError("A judgement of this id stands", where=new.id)
    if new.left == new.right:
        raise JudgementConflictError("A judgement needs two records", where=new.left)
    sames = [j for j in standing.values() if j.verdict == Verdict.SAME]
    if new.verdict == Verdict.DIFFERENT:
        path = _chain(sames, new.left, new.right)
        if path is not None:
            _refuse(new, path)
        return
    left, right = _party(sames, new.left), _party(sames, new.right)
    for other in standing.values():
        ends = {other.left, other.right}
        across = ends & left and ends & right and len(ends & (left | right)) == 2
        if other.verdict == Verdict.DIFFERENT and across:
            _refuse(new, [other.id])


def _refuse(new: Judgement, path: Iterable[str]) -> None:
    names = ", ".join(path)
    raise JudgementConflictError(
        f"{new.left} and {new.right} cannot be {new.verdict}: {names} says otherwise",
        where=new.id,
        remedy=f"withdraw {names} first, or keep them",
    )


def _party(sames: list[Judgement], record: str) -> set[str]:
    """Every record that chains of sames reach."""
    found, waiting = {record}, [record]
    while waiting:
        here = waiting.pop()
        for each in sames:
            for one, other in ((each.left, each.right), (each.right, each.left)):
                if one == here and other not in found:
                    found.add(other)
                    waiting.append(other)
    return found


def _chain(sames: list[Judgement], start: str, end: str) -> list[str] | None:
    """Ids of the sames that lead from one record to another; None where none do."""
    came: dict[str, list[str]] = {start: []}
    waiting = [start]
    for here in waiting:
        for each in sames:
            for one, other in ((each.left, each.right), (each.right, each.left)):
                if one == here and other not in came:
                    came[other] = [*came[here], each.id]
                    waiting.append(other)
    return came.get(end)
