"""Changes of bins by hand, each a record: who, when, why, what stood before and after.

An edit works on the pieces that the fit kept, so that counts are exact without the rows. What was
fitted stays as it was; the bins in use are the fitted ones with all edits done again in order.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from headrace.errors import InputError
from headrace.scores.binning.bins import Bins, Kind, finished
from headrace.scores.binning.codec import (
    Reader,
    bins_from_plain,
    bins_to_plain,
    fields_of,
    many,
    no_bins,
    number,
    parsed,
    plain_of,
    text,
    whole,
)
from headrace.scores.binning.limits import broken_limits
from headrace.scores.binning.problem import BinningError


@dataclass(frozen=True)
class Merge:
    """An ordinary bin and the next become one.

    Attributes:
        bin: The number of the first of the two.
    """

    bin: int


@dataclass(frozen=True)
class Split:
    """A bin of a numeric column becomes two.

    Attributes:
        at: An edge between pieces; see `optimal.with_edges` for others.
    """

    at: float


@dataclass(frozen=True)
class MoveEdge:
    """An edge between two bins moves.

    Attributes:
        edge: Where it is.
        to: Where it shall be: an edge between pieces of these two bins.
    """

    edge: float
    to: float


@dataclass(frozen=True)
class Part:
    """Some categories of a bin become a bin of their own, behind it.

    Attributes:
        categories: Some but not all of one bin.
    """

    categories: tuple[str, ...]


@dataclass(frozen=True)
class MoveCategory:
    """A category moves to another bin.

    Attributes:
        category: Not the only one of its bin, unless that is `other`.
        to: The number of an ordinary bin, or of `other`.
    """

    category: str
    to: int


@dataclass(frozen=True)
class SetWoe:
    """A bin of any kind takes the WOE that another has now, and keeps it.

    Attributes:
        bin: Its number.
        like: The number of the other.
    """

    bin: int
    like: int


Edit = Merge | Split | MoveEdge | Part | MoveCategory | SetWoe


@dataclass(frozen=True)
class By:
    """On whose word.

    Attributes:
        who: A person.
        when: As that person's system says it, best in ISO 8601.
        why: In their words.
        despite: Names of limits, or `trend`, that the edit may break.
    """

    who: str
    when: str
    why: str
    despite: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shape:
    """What bins looked like.

    Attributes:
        labels: Of each bin.
        woe: Of each bin.
        iv: Of all.
    """

    labels: tuple[str, ...]
    woe: tuple[float, ...]
    iv: float


@dataclass(frozen=True)
class Record:
    """One edit done.

    Attributes:
        edit: What was done.
        by: On whose word.
        before: The bins as they were.
        after: The bins as they became.
    """

    edit: Edit
    by: By
    before: Shape
    after: Shape


@dataclass(frozen=True)
class Edited:
    """Bins as they were fitted, and what people changed.

    Attributes:
        fitted: Never changed.
        records: In the order in which they were done.
    """

    fitted: Bins
    records: tuple[Record, ...] = ()

    def __post_init__(self) -> None:
        """Do every edit again; raise InputError where a record says that it gave something else."""
        self.bins  # noqa: B018 - kept from here on

    @cached_property
    def bins(self) -> Bins:
        """The bins in use: every edit done again."""
        bins = self.fitted
        for at, record in enumerate(self.records, start=1):
            after = _allowed(bins, record.edit, record.by)
            if (_shape(bins), _shape(after)) != (record.before, record.after):
                raise InputError(
                    "an edit done again does not give what its record says",
                    where=f"column {bins.feature}, edit {at}",
                    remedy="the bins it was made on, and the edits as they were recorded",
                )
            bins = after
        return bins


def edit(edited: Edited, change: Edit, by: By) -> Edited:
    """Do one more edit.

    Raises:
        BinningError: If it cannot be done, or breaks a limit that `by.despite` does not name.
        InputError: If nobody is said to have done it, or no reason is given.
    """
    if not by.who.strip() or not by.why.strip():
        raise InputError("an edit needs who made it and why", where=f"column {edited.bins.feature}")
    before = edited.bins
    after = _allowed(before, change, by)
    record = Record(change, by, _shape(before), _shape(after))
    return replace(edited, records=(*edited.records, record))


def _shape(bins: Bins) -> Shape:
    return Shape(bins.labels, bins.woe, bins.iv)


def _allowed(bins: Bins, change: Edit, by: By) -> Bins:
    after = _done(bins, change)
    broken = set(broken_limits(after)) - set(broken_limits(bins)) - set(by.despite)
    if broken:
        raise BinningError(
            f"the edit breaks {', '.join(sorted(broken))}",
            feature=bins.feature,
            conflict=tuple(sorted(broken)),
            remedy="another edit, or name it in `despite`",
        )
    return after


def _done(bins: Bins, change: Edit) -> Bins:
    if isinstance(change, SetWoe):
        return _set_woe(bins, change)
    if isinstance(change, Merge):
        if not 0 <= change.bin < bins.ordinary - 1:
            raise _refused(bins, f"no ordinary bin follows bin {change.bin}")
        starts = (*bins.starts[: change.bin + 1], *bins.starts[change.bin + 2 :])
        return _with_woe(bins, replace(bins, starts=starts))
    if isinstance(change, Split | MoveEdge):
        return _with_woe(bins, _recut(bins, change))
    if isinstance(change, Part):
        return _with_woe(bins, _parted(bins, change))
    return _with_woe(bins, _moved(bins, change))


def _set_woe(bins: Bins, change: SetWoe) -> Bins:
    if not (0 <= change.bin < len(bins) and 0 <= change.like < len(bins)):
        raise _refused(bins, f"there is no bin {change.bin} or no bin {change.like}")
    woe = list(bins.woe)
    woe[change.bin] = woe[change.like]
    return replace(bins, woe=tuple(woe))


def _recut(bins: Bins, change: Split | MoveEdge) -> Bins:
    to = change.at if isinstance(change, Split) else change.to
    starts = set(bins.starts)
    if isinstance(change, MoveEdge):
        if change.edge not in bins.edges:
            raise _refused(bins, f"no two bins meet at {change.edge:g}")
        at = bins.edges.index(change.edge)
        low, high = (-math.inf, *bins.edges, math.inf)[at : at + 3 : 2]
        if not low < to < high:
            raise _refused(bins, f"{to:g} is not inside of the two bins")
        starts.remove(bins.starts[at + 1])
    if to not in bins.piece_edges or bins.piece_edges.index(to) + 1 in starts:
        between = [edge for edge in bins.piece_edges if edge not in bins.edges]
        raise _refused(
            bins,
            f"{to:g} is no edge between pieces of one bin",
            f"one of {', '.join(f'{edge:.15g}' for edge in between)}; `with_edges` adds others",
        )
    starts.add(bins.piece_edges.index(to) + 1)
    return replace(bins, starts=tuple(sorted(starts)))


def _parted(bins: Bins, change: Part) -> Bins:
    groups = [list(group) for group in bins.groups]
    chosen = set(change.categories)
    at = next((at for at, group in enumerate(groups) if chosen and chosen < set(group)), None)
    if at is None:
        raise _refused(bins, "they are not some but not all categories of one bin")
    groups.insert(at + 1, [name for name in groups[at] if name in chosen])
    groups[at] = [name for name in groups[at] if name not in chosen]
    return regrouped(bins, groups, bins.rare)


def _moved(bins: Bins, change: MoveCategory) -> Bins:
    groups, rare = [list(group) for group in bins.groups], list(bins.rare)
    places = {**dict(enumerate(groups)), bins.other: rare}
    source = next((group for group in places.values() if change.category in group), None)
    target = places.get(change.to)
    if source is None or target is None or source is target:
        raise _refused(bins, f"category {change.category!r} cannot move to bin {change.to}")
    if len(source) == 1 and source is not rare:
        raise _refused(bins, f"its bin would be empty without {change.category!r}", "a merge")
    source.remove(change.category)
    target.append(change.category)
    return regrouped(bins, groups, rare)


def regrouped(bins: Bins, groups: Sequence[Sequence[str]], rare: Sequence[str]) -> Bins:
    """The bins of a categorical column with their categories put anew, WOE still to be found.

    Args:
        bins: Of the column.
        groups: Its categories by ordinary bin; every one of `bins` is here or in `rare`, once.
        rare: Those pooled in `other`.
    """
    pieces = zip(bins.piece_good, bins.piece_bad, strict=True)
    pooled = zip(bins.rare_good, bins.rare_bad, strict=True)
    counts = dict(zip(bins.categories + bins.rare, (*pieces, *pooled), strict=True))
    names = [name for group in groups for name in group]
    starts = [sum(map(len, groups[:at])) for at in range(len(groups))]
    return replace(
        bins,
        categories=tuple(names),
        piece_good=tuple(counts[name][0] for name in names),
        piece_bad=tuple(counts[name][1] for name in names),
        starts=tuple(starts),
        rare=tuple(rare),
        rare_good=tuple(counts[name][0] for name in rare),
        rare_bad=tuple(counts[name][1] for name in rare),
    )


def _with_woe(before: Bins, after: Bins) -> Bins:
    """Weights of evidence: as before for bins that hold what they held, anew for the others."""
    fresh = finished(after)
    known = dict(zip(_contents(before), before.woe, strict=True))
    woe = [
        known.get(content, anew) for content, anew in zip(_contents(after), fresh.woe, strict=True)
    ]
    return replace(fresh, woe=tuple(woe))


def _contents(bins: Bins) -> list[Any]:
    """What each bin holds, so that two bins holding the same are known as one."""
    if bins.kind is Kind.NUMERIC:
        ends = (-math.inf, *bins.edges, math.inf)
        ordinary: list[Any] = list(pairwise(ends))
    else:
        ordinary = [frozenset(group) for group in bins.groups]
    aside = [special.name for special in bins.settings.specials]
    other = [("other", frozenset(bins.rare))] if bins.kind is Kind.CATEGORICAL else []
    return [*ordinary, *aside, "missing", *other]


def _refused(bins: Bins, problem: str, remedy: str = "") -> BinningError:
    numbered = ", ".join(f"{number} ({label})" for number, label in enumerate(bins.labels))
    return BinningError(problem, feature=bins.feature, remedy=remedy or f"its bins are {numbered}")


def edited_to_json(edited: Edited) -> str:
    """The fitted bins and the records as text, without losing a bit."""
    return json.dumps(edited_to_plain(edited), ensure_ascii=False, indent=1, sort_keys=True)


def edited_from_json(content: str) -> Edited:
    """What `edited_to_json` wrote, every edit done again.

    Raises:
        InputError: If the text is no such thing, or a record does not give what it says.
    """
    return edited_from_plain(parsed(content))


def edited_to_plain(edited: Edited) -> dict[str, Any]:
    """The whole as what JSON can hold."""
    records = [
        plain_of(record) | {"edit": {"what": _NAMES[type(record.edit)], **plain_of(record.edit)}}
        for record in edited.records
    ]
    return {"fitted": bins_to_plain(edited.fitted), "records": records}


def edited_from_plain(plain: Any, where: str = "the bins") -> Edited:
    """What `edited_to_plain` gave, every edit done again.

    Raises:
        InputError: As `edited_from_json`.
    """
    return fields_of(plain, Edited, where, {"fitted": bins_from_plain, "records": many(_record)})


def _record(value: Any, where: str) -> Record:
    readers: dict[str, Reader] = {"edit": _edit, "by": _by, "before": _read_shape,
                                  "after": _read_shape}  # fmt: skip
    return fields_of(value, Record, where, readers)


def _edit(value: Any, where: str) -> Edit:
    kinds = {name: kind for kind, name in _NAMES.items()}
    what = value.get("what") if isinstance(value, dict) else None
    if what not in kinds:
        raise no_bins(where, f"an object with `what`: one of {', '.join(kinds)}")
    kind = kinds[what]
    readers = {field.name: _EDIT_FIELDS[field.name] for field in fields(kind)}
    rest = {name: each for name, each in value.items() if name != "what"}
    found: Edit = fields_of(rest, kind, where, readers)
    return found


def _by(value: Any, where: str) -> By:
    return fields_of(value, By, where, {"who": text, "when": text, "why": text,
                                        "despite": many(text)})  # fmt: skip


def _read_shape(value: Any, where: str) -> Shape:
    return fields_of(value, Shape, where, {"labels": many(text), "woe": many(number),
                                           "iv": number})  # fmt: skip


_NAMES: dict[type[Edit], str] = {
    Merge: "merge",
    Split: "split",
    MoveEdge: "move edge",
    Part: "part",
    MoveCategory: "move category",
    SetWoe: "set woe",
}
_EDIT_FIELDS: dict[str, Reader] = {
    "bin": whole,
    "at": number,
    "edge": number,
    "to": number,
    "categories": many(text),
    "category": text,
    "like": whole,
}
