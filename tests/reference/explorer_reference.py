"""The slow twin of what an explorer page holds: one version, one step at a time."""

from headrace.graph.relations.statements import ALWAYS, NEVER


def spans(statements, known):
    """{version: (since, until)} of versions that ever speak and say that the statement holds."""
    found = {}
    for one in range(len(statements)):
        if statements.known[one] > known or statements.withdrawn[one]:
            continue
        until = int(statements.until[one])
        for other in range(len(statements)):
            same = statements.statement[other] == statements.statement[one]
            later = (statements.known[other], other) > (statements.known[one], one)
            if same and later and statements.known[other] <= known:
                until = min(until, int(statements.since[other]))
        if int(statements.since[one]) < until:
            found[one] = (int(statements.since[one]), until)
    return found


def reached(edges, start, depth):
    """Nodes within some steps, whichever way the edges point."""
    inside = set(start)
    for _ in range(depth):
        inside |= {b for a, b in edges if a in inside} | {a for a, b in edges if b in inside}
    return inside


def open_ends(since, until):
    """As the page has it: None where there is no bound."""
    return None if since == ALWAYS else since, None if until == NEVER else until
