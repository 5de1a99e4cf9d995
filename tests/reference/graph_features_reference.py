"""The slow twin of graph features: edges as tuples, one party at a time."""


def near(edges, uncounted, bad, party, depth, hub):
    """(counted, bad) at each distance from a party over (subject, object) pairs."""
    links = {}
    for subject, object_ in edges:
        links.setdefault(subject, set()).add(object_)
        links.setdefault(object_, set()).add(subject)
    seen, frontier, found = {party}, {party}, []
    for _ in range(depth):
        passed = {n for n in frontier if n == party or len(links.get(n, ())) <= hub}
        frontier = {other for node in passed for other in links.get(node, ())} - seen
        seen |= frontier
        counted = frontier - uncounted
        found.append((len(counted), len(counted & bad)))
    return found


def core_number(edges, party):
    """Peel everybody with fewer than k neighbours, for k = 1, 2, …, until the party is gone."""
    nodes = {node for edge in edges for node in edge}
    k = 0
    while True:
        k += 1
        left = set(nodes)
        while True:
            degree = {n: {b for a, b in _both(edges) if a == n and b in left} - {n} for n in left}
            weak = {n for n in left if len(degree[n]) < k}
            if not weak:
                break
            left -= weak
        if party not in left:
            return k - 1


def _both(edges):
    return [*edges, *((b, a) for a, b in edges)]


def circle(edges, party):
    """Parties that can reach the party and be reached by it; 0: it is alone."""
    ahead, behind = _reach(edges, party), _reach([(b, a) for a, b in edges], party)
    both = ahead & behind
    return len(both) if len(both) > 1 else 0


def _reach(edges, party):
    found, waiting = {party}, [party]
    while waiting:
        node = waiting.pop()
        for a, b in edges:
            if a == node and b not in found:
                found.add(b)
                waiting.append(b)
    return found


def shares(amounts):
    """(largest share, sum of squared shares) of amounts by partner; None without trade."""
    whole = sum(amounts.values())
    if not whole:
        return None
    parts = [amount / whole for amount in amounts.values()]
    return max(parts), sum(part * part for part in parts)


def pagerank(edges, nodes, damping, rounds):
    """A random walk over undirected pairs, by hand."""
    links = {n: set() for n in nodes}
    for a, b in edges:
        links[a].add(b)
        links[b].add(a)
    rank = dict.fromkeys(nodes, 1.0)
    for _ in range(rounds):
        idle = sum(rank[n] for n in nodes if not links[n]) / len(nodes)
        rank = {
            n: 1 - damping + damping * (sum(rank[o] / len(links[o]) for o in links[n]) + idle)
            for n in nodes
        }
    return rank
