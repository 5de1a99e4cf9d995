"""Lists that the pages of the graph show, made ready to be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from headrace.clock import local_day
from headrace.facts.localtime import instant_of, microseconds
from headrace.graph.relations.kinds import MEANINGS, Kind
from headrace.graph.relations.snapshot import Snapshot
from headrace.web.api.graph_answers import Connection, Contagion, Ring, Step, rows
from headrace.web.console.graph_small import figure_of, kind_text, role_text, shortened
from headrace.web.console.words import Words
from headrace.web.graph_desk import Look
from headrace.web.graph_sight import Sight
from headrace.workflows.graph_contagion import BANK
from headrace.workflows.graph_near import Line, Near, Reach

TREE_DEEP, TREE_WIDE, CHOICES, BARS = 6, 12, 16, 30


@dataclass(frozen=True)
class Row:
    """One line of a table of relations; texts are ready, codes go into links."""

    subject: str
    subject_name: str
    object: str
    object_name: str
    relation: str
    figure: str
    since: str
    facts: tuple[str, ...]
    more: int


@dataclass(frozen=True)
class Branch:
    """An owner in the tree of owners, with the owners above it; `again`: it stands above itself."""

    party: str
    name: str
    share: str
    fact: str
    above: tuple["Branch", ...]
    again: bool = False


@dataclass(frozen=True)
class Member:
    """A party by code and name."""

    party: str
    name: str


@dataclass(frozen=True)
class Told:
    """A finding as the page shows it."""

    title: str
    words: str
    numbers: tuple[tuple[str, str], ...]
    members: tuple[Member, ...]


def table_rows(found: Near, currency: str, words: Words, zone: str) -> list[Row]:
    """The lines of a neighbourhood, their days in a zone."""
    names = {each.party: each.name or each.party for each in found.parties}
    return [
        Row(
            line.subject,
            names.get(line.subject, line.subject),
            line.object,
            names.get(line.object, line.object),
            _relation(line.relation, line.role, words),
            figure_of(line, currency, words),
            _span(line, zone),
            line.facts,
            line.count - len(line.facts),
        )
        for line in found.lines
    ]


def steps_told(found: Connection, currency: str, words: Words, zone: str) -> list[Row]:
    """The steps of a path, their days in a zone."""
    return [_step_told(step, currency, words, zone) for step in found.steps]


def _step_told(step: Step, currency: str, words: Words, zone: str) -> Row:
    since = None if step.since is None else microseconds(datetime.fromisoformat(step.since))
    line = Line(
        step.relation,
        step.subject,
        step.object,
        step.role,
        step.about,
        step.share,
        step.amount_minor,
        1,
        since,
        None,
        (step.fact,),
    )
    return Row(
        step.subject,
        step.subject_name or step.subject,
        step.object,
        step.object_name or step.object,
        _relation(step.relation, step.role, words),
        figure_of(line, currency, words),
        _span(line, zone),
        line.facts,
        0,
    )


def owner_tree(snapshot: Snapshot, party: str, sight: Sight) -> tuple[Branch, ...]:
    """Direct owners of a party, theirs above them, and so on, the largest shares first.

    Raises:
        InputError: No fact names it.
    """
    return _owners_above(snapshot, (snapshot.node(party),), sight)


def _owners_above(snapshot: Snapshot, below: tuple[int, ...], sight: Sight) -> tuple[Branch, ...]:
    """Owners of the last of a chain of nodes."""
    node = below[-1]
    edges = [edge for edge in snapshot.csc.of(node).tolist() if snapshot.kind[edge] == Kind.OWNS]
    edges.sort(key=lambda edge: -float(snapshot.high[edge]) if snapshot.high[edge] >= 0 else 0.0)
    found = []
    for edge in edges[:TREE_WIDE]:
        owner = int(snapshot.subject[edge])
        if not sight.clear([snapshot.names[owner].as_py()]):
            continue
        again = owner in below
        further = not again and len(below) < TREE_DEEP
        above = _owners_above(snapshot, (*below, owner), sight) if further else ()
        low, high = float(snapshot.low[edge]), float(snapshot.high[edge])
        share = f"{low:.1%}" if low == high else f"{low:.1%}–{high:.1%}"
        found.append(
            Branch(
                snapshot.names[owner].as_py(),
                snapshot.parties.names[owner].as_py() or snapshot.names[owner].as_py(),
                "" if np.isnan(low) else share,
                snapshot.fact[edge].as_py(),
                above,
                again,
            )
        )
    return tuple(found)


def named_findings(look: Look, words: Words, sight: Sight) -> dict[str, list[Told]]:
    """Findings by kind, with the names of their members."""
    found: dict[str, list[Told]] = {}
    for each in look.findings:
        if not sight.clear(each.members):
            continue
        numbers = tuple((words.of(label), value) for label, value in each.numbers)
        told = Told(
            words.of(each.title), words.of(each.words), numbers, members(look, each.members)
        )
        found.setdefault(each.kind, []).append(told)
    return found


def named_rings(look: Look, sight: Sight) -> list[tuple[Ring, tuple[Member, ...]]]:
    """Dense rings, with the names of their parties."""
    return [
        (ring, members(look, ring.parties))
        for ring in rows(look.rings, Ring)
        if sight.clear(ring.parties)
    ]


def members(look: Look, codes: Sequence[str]) -> tuple[Member, ...]:
    """Parties with their names."""
    return tuple(Member(code, look.name_of(code) or code) for code in codes)


def candidates(
    look: Look, sight: Sight, party: str, chosen: Sequence[str]
) -> list[tuple[Member, bool]]:
    """Who might be made to fail: the party, those chosen, and firms around; and whether chosen."""
    near = sight.near(look.near(party, Reach(2, 200, 10)))
    firms = [each.party for each in near.parties if each.type not in _NO_FIRM]
    codes = dict.fromkeys([party, *chosen, *firms[: CHOICES - 1]])
    ticked = set(chosen)
    return [(each, each.party in ticked) for each in members(look, list(codes))]


_NO_FIRM = ("attribute", "chain_node", "person", "state")


def losses_chart(result: Contagion, look: Look, words: Words) -> dict[str, Any]:
    """Who is hit by whom, as a graph that ECharts draws; the table beside says the same."""
    hit = {each.party: each for each in result.losses[:BARS]}
    edges = [each for each in result.edges if each.source in hit and each.target in hit]
    largest = max((each.loss_minor for each in hit.values()), default=1) or 1
    nodes = [
        {
            "id": each.party,
            "name": shortened(
                words("graph_bank") if each.party == BANK else each.name or each.party
            ),
            "symbolSize": round(10 + 34 * (max(each.loss_minor, 0) / largest) ** 0.5),
            "category": 1 if each.failed else (2 if each.party == BANK else 0),
        }
        for each in hit.values()
    ]
    kinds = [words("graph_hit"), words("graph_failed"), words("graph_bank")]
    return {
        "legend": {"data": kinds, "bottom": 0},
        "series": [
            {
                "type": "graph",
                "layout": "force",
                "roam": False,
                "force": {"repulsion": 260, "edgeLength": [60, 140]},
                "label": {"show": True, "position": "bottom", "fontSize": 11},
                "edgeSymbol": ["none", "arrow"],
                "edgeSymbolSize": 7,
                "categories": [{"name": kind} for kind in kinds],
                "data": nodes,
                "links": [{"source": each.source, "target": each.target} for each in edges],
            }
        ],
    }


def _relation(relation: str, role: str | None, words: Words) -> str:
    return kind_text(relation, words) + (f" · {role_text(role, words)}" if role else "")


def _span(line: Line, zone: str) -> str:
    """From when, or for events from when to when, as days of a zone."""
    since = "" if line.since is None else _day(line.since, zone)
    is_event = MEANINGS[Kind[line.relation.upper()]].event
    if is_event and line.until is not None and line.count > 1:
        return f"{since} – {_day(line.until, zone)}"
    return since


def _day(at: int, zone: str) -> str:
    return local_day(instant_of(at), zone).isoformat()
