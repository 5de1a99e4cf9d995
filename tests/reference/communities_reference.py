"""Slow, obvious twins of headrace.graph.communities."""

from collections import Counter
from itertools import combinations
from math import log


def peel(parties, edges, prior):
    """Greedy peeling: again and again the lightest party (of equals the lower code) leaves.

    Args:
        parties: How many.
        edges: (one, other, weight) triples.
        prior: Weight of each party by itself.

    Returns:
        The order, and what each weighed when it left.
    """
    left = set(range(parties))
    order, weights = [], []
    while left:
        weigh = {
            node: prior[node]
            + sum(w for a, b, w in edges if a != b and node in (a, b) and a in left and b in left)
            for node in left
        }
        node = min(left, key=lambda each: (weigh[each], each))
        order.append(node)
        weights.append(weigh[node])
        left.remove(node)
    return order, weights


def density(members, edges, prior):
    """Weight inside per member, in whole units of weight."""
    inside = sum(w for a, b, w in edges if a != b and a in members and b in members)
    return (inside + sum(prior[node] for node in members)) / len(members)


def modularity(parties, edges, label):
    """Newman and Girvan's, from the definition: each pair of parties, once in either order."""
    joined = [[0.0] * parties for _ in range(parties)]
    for a, b, w in edges:
        if a != b:
            joined[a][b] += w
            joined[b][a] += w
    strength = [sum(row) for row in joined]
    total = sum(strength)
    if not total:
        return 0.0
    return (
        sum(
            joined[a][b] - strength[a] * strength[b] / total
            for a in range(parties)
            for b in range(parties)
            if label[a] == label[b]
        )
        / total
    )


def is_connected(members, edges):
    """Whether one can walk from any member to any other without leaving the set."""
    members = set(members)
    reached, waiting = set(), [min(members)]
    while waiting:
        node = waiting.pop()
        if node in reached:
            continue
        reached.add(node)
        waiting += [b for a, b, _ in edges if a == node and b in members]
        waiting += [a for a, b, _ in edges if b == node and a in members]
    return reached == members


def triangle_shape(edges, three):
    """The number of Benson et al. for the triangle that directed edges make of three; 0 if none."""
    edges = set(edges)
    a, b, c = three
    pairs = [(a, b), (b, c), (a, c)]
    both = [{x, y} for x, y in pairs if (x, y) in edges and (y, x) in edges]
    one = [
        pair for x, y in pairs for pair in ((x, y), (y, x)) if pair in edges and {x, y} not in both
    ]
    if len(both) + len(one) < 3:
        return 0
    if len(both) == 3:
        return 4
    if len(both) == 2:
        return 3
    starts = {x for x, _ in one}
    if not both:
        return 1 if len(starts) == 3 else 5
    (apart,) = {a, b, c} - both[0]
    if starts == {apart}:
        return 6
    return 7 if apart not in starts else 2


def motif_conductance(parties, edges, shapes, members):
    """Motifs cut by a set per motif end inside it, and motifs wholly inside."""
    cut = ends = whole = 0
    for three in combinations(range(parties), 3):
        if triangle_shape(edges, three) in shapes:
            inside = len(set(three) & set(members))
            ends += inside
            cut += 0 < inside < 3
            whole += inside == 3
    return (cut / ends if ends else float("nan")), whole


def block_near(seen, degree, one, other, hub):
    """The densest block around the edge of `one` and `other`, by peeling what is two steps near.

    Args:
        seen: Pairs (frozensets) that met lately.
        degree: How many each node ever met.
        one: A node.
        other: A node it has just met.
        hub: Neighbours above which a node is not seen.

    Returns:
        The nodes, or an empty set where the two are not both in it.
    """

    def weighs(a, b):
        return int(1_000_000 / log(5 + max(degree[a], degree[b])))

    beside = {node: set() for pair in seen for node in pair}
    for pair in seen:
        for node in pair:
            beside[node] |= pair - {node}
    near = {one, other}
    for _ in range(2):
        near |= {y for x in near for y in beside[x] if degree[y] <= hub}
    while any(len(beside[x] & near) < 2 for x in near):
        near = {x for x in near if len(beside[x] & near) >= 2}
    best, found = -1.0, set()
    while near:
        total = sum(weighs(*pair) for pair in seen if pair <= near)
        if total / len(near) > best:
            best, found = total / len(near), set(near)
        near.remove(min(near, key=lambda x: (sum(weighs(x, y) for y in beside[x] & near), x)))
    return found if {one, other} <= found else set()


def short_circle(seen, degree, one, other, hub):
    """Whether the edge lies on a circle of three or four without hubs."""
    beside = {node: set() for pair in seen for node in pair}
    for pair in seen:
        for node in pair:
            beside[node] |= {y for y in pair - {node} if degree[y] <= hub}
    ends = beside[other] - {one}
    near = beside[one] - {other}
    return bool(ends & near) or any(ends & (beside[x] - {one, other}) for x in near)


def watch(edges, is_party, window, hub):
    """Every block that a watch without conditions would write down: (arrival, nodes)."""
    met, reported, found = {}, set(), []
    for number, (one, other, time) in enumerate(edges):
        if one == other:
            continue
        met[frozenset((one, other))] = time
        degree = Counter(node for pair in met for node in pair)
        if max(degree[one], degree[other]) > hub:
            continue
        seen = {pair for pair, last in met.items() if last >= time - window}
        if not short_circle(seen, degree, one, other, hub):
            continue
        block = block_near(seen, degree, one, other, hub)
        news = {node for node in block if is_party[node]} - reported
        if news:
            reported |= block
            found.append((number, sorted(block)))
    return found
