"""What the explorer of the console draws: lines with facts, over all times that were known."""

from collections.abc import Mapping

from headrace.adapters.html.explorer import Edge, Exploration, Finding, LeftOut, Party, Words
from headrace.pack import Text
from headrace.web.graph_desk import Look
from headrace.web.graph_sight import Sight
from headrace.workflows import graph_findings
from headrace.workflows.graph_near import Line, Near, Reach


def exploration_of(
    look: Look, sight: Sight, party: str, currency: str, reach: Reach
) -> Exploration:
    """What is drawn around a party.

    Args:
        look: The graph.
        sight: What is hidden.
        party: Code.
        currency: Of amounts.
        reach: How much.

    Raises:
        InputError: No fact names the party.
    """
    near = sight.near(look.history([party], reach))
    label = look.name_of(party) or party
    edges = [_edge(line) for line in near.lines]
    left_out = None
    if near.parties_left_out or near.lines_left_out:
        left_out = LeftOut(near.parties_left_out, near.lines_left_out, reach.depth)
    return Exploration(
        title=Words(f"Relations of {label}", f"{label} 的关系"),
        parties=[Party(each.party, each.name, each.type) for each in near.parties],
        edges=edges,
        findings=_findings(look, near),
        focus=party,
        as_of=look.view.moment,
        currency=currency,
        zone=look.zone,
        left_out=left_out,
        simulated=look.simulated,
    )


def _edge(line: Line) -> Edge:
    fact = line.facts[0] if line.facts else ""
    source, _, row = fact.rpartition("#")
    low, high = line.share or (None, None)
    return Edge(
        kind=line.relation,
        subject=line.subject,
        object=line.object,
        role=line.role,
        about=line.about,
        low=low,
        high=high,
        amount_minor=line.amount_minor,
        since=line.since,
        until=line.until,
        fact=fact,
        source=source,
        row=int(row) if row.isdecimal() else None,
        count=line.count,
    )


def _findings(look: Look, near: Near) -> list[Finding]:
    """Those whose members are all drawn, with the lines that hold their facts."""
    there = {each.party for each in near.parties}
    place = {fact: at for at, line in enumerate(near.lines) for fact in line.facts}
    return [_finding(each, look, place) for each in look.findings if there.issuperset(each.members)]


def _finding(found: graph_findings.Finding, look: Look, place: Mapping[str, int]) -> Finding:
    facts = look.view.snapshot.fact.take(found.edges).to_pylist()
    return Finding(
        found.kind,
        _words(found.title),
        _words(found.words),
        found.members,
        tuple(dict.fromkeys(place[fact] for fact in facts if fact in place)),
        numbers=tuple((_words(label), value) for label, value in found.numbers),
    )


def _words(text: Text) -> Words:
    return Words(text.en, text.zh)
