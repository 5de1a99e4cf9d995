"""What is around parties: the nearest and weightiest, and what is between them, with the facts.

A firm has thousands of invoices and a dozen partners. Events between the same two parties are put
together into one line, with their number, sum, first and last day; what lasts, such as a holding or
a guarantee, stays a line of its own, and weighs more than any event. A look at a day sees only what
had happened by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.graph.relations.kinds import MEANINGS, Kind, Type
from headrace.graph.relations.statements import ALWAYS, NEVER, NOBODY, Statements

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
FACTS_SHOWN = 10
"""Of one line, those with the largest amounts; the line says how many there are."""
_LASTING = 1e15  # an owner without an amount goes before the largest customer
_EVENTS = np.array([kind for kind, meaning in MEANINGS.items() if meaning.event], np.int8)


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of a graph is looked at.

    Attributes:
        depth: Steps from the parties asked about, whichever way edges point.
        parties: Not more than so many.
        edges: Not more than so many.
    """

    depth: int = 2
    parties: int = 2_000
    edges: int = 5_000


@dataclass(frozen=True)
class Spans:
    """Versions that ever speak, in their order.

    Attributes:
        version: Position in the statements.
        until: From when each is silent, microseconds since 1970, UTC.
    """

    version: Ints
    until: Ints

    def at(self, statements: Statements, moment: int) -> "Spans":
        """Those that stand at a moment: begun, and not ended; events count from when they were."""
        since = statements.since[self.version]
        stands = (since <= moment) & (self.until > moment)
        return Spans(self.version[stands], self.until[stands])


@dataclass(frozen=True, slots=True)
class Node:
    """A party.

    Attributes:
        party: Its code.
        name: For people; None: not known.
        type: A type of party, "attribute", "chain_node" or "unknown".
    """

    party: str
    name: str | None
    type: str


@dataclass(frozen=True, slots=True)
class Line:
    """What is between two parties, of one kind.

    Attributes:
        relation: The kind, such as owns or trades.
        subject: Code of the party it comes from.
        object: Code of the party it goes to.
        role: Office, kinship, what is shared; None: none stated.
        about: Code of the company concerned; None: none named.
        share: The least and the most the share can be, 0 to 1; None: none is stated.
        amount_minor: Minor units, of events their sum; None: none is stated.
        count: How many facts it rests on.
        since: Microseconds since 1970, UTC, of events the first; None: no beginning is stated.
        until: No longer true from then, of events the last; None: open.
        facts: Ids of facts, at most FACTS_SHOWN, the largest amounts first.
    """

    relation: str
    subject: str
    object: str
    role: str | None
    about: str | None
    share: tuple[float, float] | None
    amount_minor: int | None
    count: int
    since: int | None
    until: int | None
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Near:
    """What is around some parties.

    Attributes:
        parties: Nearest first, of equal distance the weightiest.
        lines: Between them, the weightiest first.
        parties_left_out: How many more lie within the depth.
        lines_left_out: How many more lines are between the parties here.
    """

    parties: tuple[Node, ...]
    lines: tuple[Line, ...]
    parties_left_out: int
    lines_left_out: int


def spans_of(statements: Statements, known: int) -> Spans:
    """When each version that ever speaks falls silent, and its position.

    Of the versions of a statement that have begun the last known speaks: a version is silent from
    the earliest beginning among those known after it. Versions that never speak, or say that the
    statement holds no longer, are left out.

    Args:
        statements: The whole graph.
        known: What became known later is not used, microseconds since 1970, UTC.
    """
    seen = np.flatnonzero(statements.known <= known)
    order = seen[np.lexsort((seen, statements.known[seen], statements.statement[seen]))]
    group, since = statements.statement[order], statements.since[order]
    moments, rank = np.unique(since, return_inverse=True)
    # Backwards, each group's keys lie below those before: the running minimum starts afresh there.
    keys = group * len(moments) + rank
    least = np.minimum.accumulate(keys[::-1])[::-1]
    until = statements.until[order].copy()
    followed = np.flatnonzero(group[:-1] == group[1:])
    silent = moments[least[followed + 1] - group[followed] * len(moments)]
    until[followed] = np.minimum(until[followed], silent)
    speaks = (since < until) & ~statements.withdrawn[order]
    place = np.argsort(order[speaks], kind="stable")
    return Spans(order[speaks][place], until[speaks][place])


def places(statements: Statements, codes: Sequence[str]) -> Ints:
    """The nodes of parties.

    Raises:
        InputError: If a code is not in the graph.
    """
    found = [statements.parties.find(code) for code in codes]
    for code, place in zip(codes, found, strict=True):
        if place == NOBODY:
            remedy = "a code of a party fact or of a relation"
            raise InputError(f"no party has the code {code!r}", where="party", remedy=remedy)
    return np.array(found, np.int64)


def nearest(
    ends: tuple[NDArray[np.int32], NDArray[np.int32]], weight: Floats, start: Ints, reach: Reach
) -> tuple[Ints, Ints]:
    """Nodes around some, nearest and weightiest first, and those in reach that were too many.

    Args:
        ends: Subject and object of each edge.
        weight: Of each edge.
        start: Where to begin; always among the first.
        reach: How far, and how many.
    """
    size = int(max(max((each.max(initial=0) for each in ends), default=0), start.max(initial=0)))
    seen = np.zeros(size + 1, np.bool_)
    kept, beyond = [np.unique(start)], [np.empty(0, np.int64)]
    seen[kept[0]] = True
    front = seen.copy()
    for _ in range(reach.depth):
        out, back = front[ends[0]] & ~seen[ends[1]], front[ends[1]] & ~seen[ends[0]]
        found = np.concatenate([ends[1][out], ends[0][back]]).astype(np.int64)
        whole = np.bincount(found, np.concatenate([weight[out], weight[back]]), size + 1)
        fresh = np.unique(found)
        fresh = fresh[np.argsort(-whole[fresh], kind="stable")]
        seen[fresh] = True
        room = max(0, reach.parties - sum(map(len, kept)))
        kept.append(fresh[:room])
        beyond.append(fresh[room:])
        front = np.zeros_like(seen)
        front[fresh] = True
    return np.concatenate(kept), np.concatenate(beyond)


def weights_of(statements: Statements, version: Ints) -> Floats:
    """What each version weighs: its amount, or its share where it has none."""
    weight: Floats = statements.amount[version].astype(np.float64)
    return weight + np.nan_to_num(statements.high[version])


def near(
    statements: Statements,
    spans: Spans,
    around: Sequence[str],
    reach: Reach,
    every: int | None = None,
) -> Near:
    """What is around some parties.

    Args:
        statements: The whole graph.
        spans: The versions that count; `Spans.at` leaves those of a moment.
        around: Codes of the parties asked about.
        reach: How much.
        every: Events of one span of so many microseconds are put together; None: all of them.

    Raises:
        InputError: If a code is not in the graph.
    """
    version = spans.version
    ends = statements.subject[version], statements.object[version]
    weight = weights_of(statements, version)
    weight[~np.isin(statements.kind[version], _EVENTS)] += _LASTING
    nodes, beyond = nearest(ends, weight, places(statements, around), reach)
    inside = np.zeros(len(statements.parties), np.bool_)
    inside[nodes] = True
    held = np.flatnonzero(inside[ends[0]] & inside[ends[1]])
    bundles = _bundled(statements, version[held], every)
    whole = np.bincount(bundles, weight[held]) if len(held) else np.empty(0)
    order = np.argsort(-whole, kind="stable")[: reach.edges]
    by_bundle = np.argsort(bundles, kind="stable")
    starts = np.searchsorted(bundles[by_bundle], np.arange(len(whole) + 1))
    lines = _lines(
        statements, spans, [held[by_bundle[starts[each] : starts[each + 1]]] for each in order]
    )
    return Near(nodes_of(statements, nodes), tuple(lines), len(beyond), len(whole) - len(lines))


def nodes_of(statements: Statements, nodes: Ints) -> tuple[Node, ...]:
    """Parties by their nodes."""
    taken = pa.array(nodes)
    codes = statements.parties.codes.take(taken).to_pylist()
    names = statements.parties.names.take(taken).to_pylist()
    types = [Type(each).name.lower() for each in statements.parties.type[nodes].tolist()]
    return tuple(Node(*each) for each in zip(codes, names, types, strict=True))


def _bundled(statements: Statements, version: Ints, every: int | None) -> Ints:
    """Which line each version belongs to, from 0: events of a pair share one."""
    is_event = np.isin(statements.kind[version], _EVENTS)
    number = np.arange(len(version))  # what lasts is alone
    events = version[is_event]
    key = statements.subject[events].astype(np.int64) * len(statements.parties)
    key = (key + statements.object[events]) * len(Kind) + statements.kind[events]
    if every is not None:
        span = statements.since[events] // every
        span -= span.min(initial=0)
        key = key * (span.max(initial=0) + 1) + span
    number[is_event] = len(version) + key
    return np.unique(number, return_inverse=True)[1].astype(np.int64)


def _lines(statements: Statements, spans: Spans, bundles: Sequence[Ints]) -> list[Line]:
    """A line for each bundle; their facts are looked up at once, which is what takes time."""
    largest = [_largest(statements, spans.version[rows]) for rows in bundles]
    facts = statements.fact.take(
        pa.array(np.concatenate(largest) if largest else [], pa.int64())
    ).to_pylist()
    lines, at = [], 0
    for rows, shown in zip(bundles, largest, strict=True):
        told = tuple(facts[at : at + len(shown)])
        at += len(shown)
        lines.append(_line(statements, spans, rows, told))
    return lines


def _largest(statements: Statements, version: Ints) -> Ints:
    return version[np.argsort(-statements.amount[version], kind="stable")[:FACTS_SHOWN]]


def _line(statements: Statements, spans: Spans, rows: Ints, facts: tuple[str, ...]) -> Line:
    """The line of some versions: one that lasts, or events of one kind and pair."""
    version = spans.version[rows]
    at = int(version[0])
    kind = Kind(int(statements.kind[at]))
    stated = statements.amount_known[version]
    since = int(statements.since[version].min())
    last = int(statements.since[version].max())
    until = last if MEANINGS[kind].event else int(spans.until[rows[0]])
    role, about, low = int(statements.role[at]), int(statements.about[at]), statements.low[at]
    codes = statements.parties.codes
    return Line(
        relation=kind.name.lower(),
        subject=codes[int(statements.subject[at])].as_py(),
        object=codes[int(statements.object[at])].as_py(),
        role=None if role < 0 else statements.roles[role],
        about=None if about == NOBODY else codes[about].as_py(),
        share=None if np.isnan(low) else (float(low), float(statements.high[at])),
        amount_minor=int(statements.amount[version][stated].sum()) if stated.any() else None,
        count=len(version),
        since=None if since == ALWAYS else since,
        until=None if until in (NEVER, ALWAYS) else until,
        facts=facts,
    )
