"""What the graph concludes about parties, each finding with its members, words and relations."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.graph.relations.kinds import Kind, Type
from headrace.graph.relations.snapshot import Snapshot
from headrace.graph.structures.circles import find_circles
from headrace.graph.structures.flows import circular_flows
from headrace.graph.structures.guarantees import links_of
from headrace.graph.structures.netting import net
from headrace.graph.structures.transfers import transfers_of
from headrace.money import format_minor
from headrace.pack import Text
from headrace.workflows.graph_ownership import solved
from headrace.workflows.graph_view import GraphView

Ints = NDArray[np.int64]
FINDINGS_MAX = 500
"""Of one kind: a person reads no more, and tables hold them all."""


@dataclass(frozen=True)
class Finding:
    """Something concluded.

    Attributes:
        kind: guarantee_circle, fund_flow or control.
        title: What it is called.
        words: What it means.
        members: Codes of the parties.
        edges: Positions in the snapshot of the relations it rests on.
        numbers: Label and value, for people.
    """

    kind: str
    title: Text
    words: Text
    members: tuple[str, ...]
    edges: Ints
    numbers: tuple[tuple[Text, str], ...]


def findings_of(view: GraphView) -> tuple[Finding, ...]:
    """Guarantee circles, circular flows of money, and groups under one ultimate controller."""
    found: list[Finding] = []
    finders: tuple[Callable[[GraphView], Iterator[Finding]], ...] = (_circles, _flows, _groups)
    for find in finders:
        for number, finding in enumerate(find(view)):
            if number == FINDINGS_MAX:
                break
            found.append(finding)
    return tuple(found)


def busiest(found: tuple[Finding, ...], view: GraphView) -> str:
    """The party that most findings name, or the one with most relations."""
    counts = Counter(member for finding in found for member in finding.members)
    if counts:
        return min(counts, key=lambda code: (-counts[code], code))
    snapshot = view.snapshot
    parties = ~np.isin(snapshot.type_of, [Type.ATTRIBUTE, Type.CHAIN_NODE])
    degree = (snapshot.csr.degree + snapshot.csc.degree) * parties
    code: str = snapshot.names[int(np.argmax(degree))].as_py()
    return code


def _circles(view: GraphView) -> Iterator[Finding]:
    snapshot = view.snapshot
    circles = find_circles(links_of(snapshot))
    for number in range(len(circles)):
        members = _codes(snapshot, circles.members(number))
        edges = np.sort(
            np.concatenate([circles.links.guarantees(e) for e in circles.links_of(number).tolist()])
        )
        whole, netted = int(circles.amount[number]), net(circles, number).net
        yield Finding(
            "guarantee_circle",
            Text(f"Guarantee circle {number + 1}", f"担保圈 {number + 1}"),
            Text(
                f"{len(members)} parties stand for each other, directly or through others.",
                f"{len(members)} 个主体直接或间接互相担保。",
            ),
            members,
            edges,
            (
                (Text("guaranteed", "担保金额"), format_minor(whole, "CNY")),
                (Text("net", "净额"), format_minor(netted, "CNY")),
            ),
        )


def _flows(view: GraphView) -> Iterator[Finding]:
    snapshot = view.snapshot
    flows = circular_flows(transfers_of(snapshot, Kind.TRANSFERS))
    for number in range(len(flows)):
        chain = flows.chain(number)
        yield Finding(
            "fund_flow",
            Text(f"Money that came back {number + 1}", f"资金闭环 {number + 1}"),
            Text(
                f"Money went through {len(chain)} parties and back to the first, in order of time.",
                f"资金按时间顺序经过 {len(chain)} 个主体后回到起点。",
            ),
            _codes(snapshot, snapshot.subject[chain]),
            chain,
            ((Text("amount", "金额"), format_minor(int(flows.least[number]), "CNY")),),
        )


def _groups(view: GraphView) -> Iterator[Finding]:
    """Each ultimate controller of two companies or more."""
    snapshot = view.snapshot
    pairs = solved(view).control.ultimate()
    certain = pairs.rows(pairs.certain)
    order = np.argsort(certain.controller, kind="stable")
    if not len(order):  # nothing splits into one piece
        return
    heads, start = np.unique(certain.controller[order], return_index=True)
    owning = np.isin(snapshot.kind, [Kind.OWNS, Kind.VOTES, Kind.CONTROLS])
    for head, rows in zip(heads.tolist(), np.split(order, start[1:]), strict=True):
        companies = certain.controlled[rows]
        if len(companies) < 2:
            continue
        inside = np.isin(np.arange(len(snapshot.parties)), [head, *companies.tolist()])
        edges = np.flatnonzero(owning & inside[snapshot.subject] & inside[snapshot.object])
        label = snapshot.parties.label(head)
        yield Finding(
            "control",
            Text(f"Group of {label}", f"{label} 的集团"),
            Text(
                f"{label} certainly controls {len(companies)} companies.",
                f"{label} 确定控制 {len(companies)} 家企业。",
            ),
            (snapshot.names[head].as_py(), *_codes(snapshot, companies)),
            edges,
            (),
        )


def _codes(snapshot: Snapshot, nodes: NDArray[np.int32]) -> tuple[str, ...]:
    return tuple(snapshot.names.take(np.asarray(nodes)).to_pylist())
