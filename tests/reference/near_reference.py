"""The slow twin of what is between parties: one version at a time, events of a pair in one line."""

from headrace.graph.relations.kinds import MEANINGS, Kind


def between(statements, spans, inside, moment=None):
    """{key: (count, amount or None, versions)} of lines; what lasts has its version as the key.

    Args:
        statements: The whole graph.
        spans: {version: (since, until)} of versions that speak.
        inside: Nodes at both ends.
        moment: Only what stands then; None: all.
    """
    found = {}
    for version, (since, until) in sorted(spans.items()):
        ends = int(statements.subject[version]), int(statements.object[version])
        if not set(ends) <= inside or (moment is not None and not since <= moment < until):
            continue
        kind = Kind(int(statements.kind[version]))
        key = (kind, *ends) if MEANINGS[kind].event else version
        count, amount, versions = found.get(key, (0, None, []))
        if statements.amount_known[version]:
            amount = (amount or 0) + int(statements.amount[version])
        found[key] = count + 1, amount, [*versions, version]
    return found
