"""One customer (同一客户): a party, its other codes, its branches up to the head office."""

import numpy as np

from headrace.graph.groups.basis import NOTHING, Basis, Codes, Ints, ragged
from headrace.graph.groups.memberships import Found, Memberships, by_rule, heads, together
from headrace.graph.groups.rules import GroupKind, RuleBook
from headrace.graph.relations.kinds import Kind

_STEPS_SHOWN = 16  # of the way to a head office; nobody has so many levels of branches


def one_customers(basis: Basis, book: RuleBook) -> tuple[Memberships, Codes]:
    """Groups of one customer, and for every node the node that it counts as.

    A party that is a branch of several keeps the first recorded; branches of each other in a circle
    count as the one with the smallest node.
    """
    nodes = np.arange(basis.parties, dtype=np.int64)
    merged = basis.known.merged if book.get("one.same") is not None else None
    same = nodes if merged is None else merged.astype(np.int64)
    above, edge = same.copy(), np.full(basis.parties, NOTHING, np.int64)
    if book.get("one.branch") is not None:
        edges = basis.edges(Kind.BRANCH_OF)[::-1]  # the first recorded is written last
        branch = same[basis.snapshot.subject[edges]]
        above[branch] = same[basis.snapshot.object[edges]]
        edge[branch] = edges
    above, top = _tops(above)
    edge[above == nodes] = NOTHING
    path, now = [], nodes
    for _ in range(_STEPS_SHOWN):
        if (above[now] == now).all():
            break
        path.append(edge[now])
        now = above[now]
    proof = ragged(tuple(path), len(nodes))
    moved = np.flatnonzero(top != nodes)
    found = Found(top, nodes, np.ones(len(nodes), np.bool_), proof)
    is_branch = proof.counts > 0
    rows = [
        by_rule(book, "one.same", found.where((top != nodes) & ~is_branch)),
        by_rule(book, "one.branch", found.where((top != nodes) & is_branch)),
    ]
    centres = heads(GroupKind.ONE_CUSTOMER, top[moved])
    return together([*rows, centres]), top.astype(np.int32)


def _tops(above: Ints) -> tuple[Ints, Ints]:
    """The links with every circle cut at its smallest node, and where each node ends."""
    above = above.copy()
    far = _far(above)
    on_circle = np.unique(far[above[far] != far])
    while len(on_circle):
        circle = [int(on_circle[0])]
        while (after := int(above[circle[-1]])) != circle[0]:
            circle.append(after)
        above[min(circle)] = min(circle)
        on_circle = np.setdiff1d(on_circle, circle)
    return above, _far(above)


def _far(above: Ints) -> Ints:
    """Where each node is after at least as many steps as there are nodes."""
    far = above
    for _ in range(max(len(above), 2).bit_length()):
        far = far[far]
    return far
