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
from headrace.facts.localtime import microseconds
from headrace.graph.relations.kinds import Kind
from headrace.graph.relations.statements import ALWAYS, NEVER, NOBODY, Statements
from headrace.workflows.graph_near import Reach, nearest, nodes_of, places, spans_of, weights_of

Ints = NDArray[np.int64]


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
    spans = spans_of(statements, microseconds(known))
    until, version = spans.until, spans.version
    ends = statements.subject[version], statements.object[version]
    weight = weights_of(statements, version)
    nodes, beyond = nearest(ends, weight, places(statements, around), reach)
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


def _parties(statements: Statements, nodes: Ints) -> tuple[Party, ...]:
    return tuple(Party(each.party, each.name, each.type) for each in nodes_of(statements, nodes))


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
