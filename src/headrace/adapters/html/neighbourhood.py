"""The part of a large graph that an explorer page holds: around some parties, weightiest first.

Every version of every statement may be of use to the page's slider, so that what is cut out are the
spans in which statements held, as far as they were known at one moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.adapters.html.explorer import Edge, LeftOut, Party
from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.graph.relations.kinds import Kind, Type
from headrace.graph.relations.statements import ALWAYS, NEVER, NOBODY, Statements

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of the graph a page is to hold.

    Attributes:
        depth: Steps from the parties asked about, whichever way edges point.
        parties: Not more than so many.
        edges: Not more than so many.
    """

    depth: int = 2
    parties: int = 2_000
    edges: int = 5_000


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """What was cut out.

    Attributes:
        parties: Nearest first, of equal distance those with the largest amounts.
        edges: Between them; in the order of their facts.
        version: Position in the statements of each edge, so that findings can name edges.
        left_out: What else lies within the depth; None: nothing.
    """

    parties: tuple[Party, ...]
    edges: tuple[Edge, ...]
    version: Ints
    left_out: LeftOut | None


def neighbourhood(
    statements: Statements, around: Sequence[str], known: datetime, reach: Reach | None = None
) -> Neighbourhood:
    """Parties and edges around some parties, of all times.

    Args:
        statements: The whole graph.
        around: Codes of the parties asked about.
        known: What became known later is not shown.
        reach: How much; None: two steps, 2,000 parties, 5,000 edges.

    Raises:
        InputError: If a code is not in the graph.
    """
    reach = reach or Reach()
    until, version = _spans(statements, microseconds(known))
    ends = statements.subject[version], statements.object[version]
    weight = statements.amount[version].astype(np.float64) + np.nan_to_num(statements.high[version])
    nodes, beyond = _nodes(ends, weight, _places(statements, around), reach)
    inside = np.zeros(len(statements.parties), np.bool_)
    inside[nodes] = True
    held = np.flatnonzero(inside[ends[0]] & inside[ends[1]])
    kept = np.sort(held[np.argsort(-weight[held], kind="stable")][: reach.edges])
    touched = np.zeros_like(inside)
    touched[np.concatenate([nodes, beyond])] = True
    missing = int((touched[ends[0]] & touched[ends[1]]).sum()) - len(kept)
    left_out = LeftOut(len(beyond), missing, reach.depth) if len(beyond) or missing else None
    edges = _edges(statements, version[kept], until[kept])
    return Neighbourhood(_parties(statements, nodes), edges, version[kept], left_out)


def _spans(statements: Statements, known: int) -> tuple[Ints, Ints]:
    """When each version that ever speaks falls silent, and its position.

    Of the versions of a statement that have begun the last known speaks: a version is silent from
    the earliest beginning among those known after it. Versions that never speak, or say that the
    statement holds no longer, are left out.
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
    return until[speaks][place], order[speaks][place]


def _places(statements: Statements, codes: Sequence[str]) -> Ints:
    places = [statements.parties.find(code) for code in codes]
    for code, place in zip(codes, places, strict=True):
        if place == NOBODY:
            remedy = "a code of a party fact or of a relation"
            raise InputError(f"no party has the code {code!r}", where="party", remedy=remedy)
    return np.array(places, np.int64)


def _nodes(
    ends: tuple[NDArray[np.int32], NDArray[np.int32]],
    weight: NDArray[np.float64],
    start: Ints,
    reach: Reach,
) -> tuple[Ints, Ints]:
    """Nodes kept, nearest and weightiest first, and those within the depth that were too many."""
    size = int(max(max((each.max(initial=0) for each in ends), default=0), start.max(initial=0)))
    seen = np.zeros(size + 1, np.bool_)
    kept, beyond = [np.unique(start)], [np.empty(0, np.int64)]
    seen[kept[0]] = True
    front = seen.copy()
    for _ in range(reach.depth):
        out, back = front[ends[0]] & ~seen[ends[1]], front[ends[1]] & ~seen[ends[0]]
        found = np.concatenate([ends[1][out], ends[0][back]]).astype(np.int64)
        best = np.full(size + 1, -np.inf)
        np.maximum.at(best, found, np.concatenate([weight[out], weight[back]]))
        fresh = np.unique(found)
        fresh = fresh[np.argsort(-best[fresh], kind="stable")]
        seen[fresh] = True
        room = max(0, reach.parties - sum(map(len, kept)))
        kept.append(fresh[:room])
        beyond.append(fresh[room:])
        front = np.zeros_like(seen)
        front[fresh] = True
    return np.concatenate(kept), np.concatenate(beyond)


def _parties(statements: Statements, nodes: Ints) -> tuple[Party, ...]:
    taken = pa.array(nodes)
    codes = statements.parties.codes.take(taken).to_pylist()
    names = statements.parties.names.take(taken).to_pylist()
    types = [Type(each).name.lower() for each in statements.parties.type[nodes].tolist()]
    return tuple(Party(*each) for each in zip(codes, names, types, strict=True))


def _edges(statements: Statements, version: Ints, until: Ints) -> tuple[Edge, ...]:
    codes = statements.parties.codes
    facts = statements.fact.take(pa.array(version)).to_pylist()
    sources = pc.replace_substring_regex(statements.fact.take(pa.array(version)), "#[^#]*$", "")
    edges = []
    for place, at in enumerate(version.tolist()):
        about, role = int(statements.about[at]), int(statements.role[at])
        low, since = float(statements.low[at]), int(statements.since[at])
        number = facts[place].rpartition("#")[2]
        edges.append(
            Edge(
                kind=Kind(statements.kind[at]).name.lower(),
                subject=codes[int(statements.subject[at])].as_py(),
                object=codes[int(statements.object[at])].as_py(),
                role=None if role < 0 else statements.roles[role],
                about=None if about == NOBODY else codes[about].as_py(),
                low=None if np.isnan(low) else low,
                high=None if np.isnan(low) else float(statements.high[at]),
                amount_minor=int(statements.amount[at]) if statements.amount_known[at] else None,
                since=None if since == ALWAYS else since,
                until=None if until[place] == NEVER else int(until[place]),
                fact=facts[place],
                source=sources[place].as_py(),
                row=int(number) if number.isdecimal() else None,
            )
        )
    return tuple(edges)
