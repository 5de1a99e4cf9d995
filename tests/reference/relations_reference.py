"""The slow twin of the relations that stand: facts as dicts, one statement at a time."""


def standing(rows, moment, known):
    """Ids of the relation facts that hold at `moment` as far as known by `known`, both datetimes.

    `rows` come in the order in which they came; those of one source and statement are versions.
    """
    statements = {}
    for number, row in enumerate(rows):
        name = (row["source"], row["statement"]) if row["statement"] is not None else number
        statements.setdefault(name, []).append(row)
    found = set()
    for versions in statements.values():
        heard = [row for row in versions if row["known_time"] is None or row["known_time"] <= known]
        begun = [row for row in heard if row["event_time"] is None or row["event_time"] <= moment]
        if not begun:
            continue
        last = begun[0]
        for row in begun[1:]:
            earlier = row["known_time"] is None and last["known_time"] is not None
            if not earlier and (
                last["known_time"] is None or row["known_time"] >= last["known_time"]
            ):
                last = row
        ended = last["valid_to"] is not None and last["valid_to"] <= moment
        if last["status"] != "withdrawn" and not ended:
            found.add(last["id"])
    return found


def around(edges, seeds, depth, edges_max):
    """Hops of each node within `depth` of the seeds; nodes with many edges are not passed."""
    near = {}
    for subject, object_ in edges:
        near.setdefault(subject, []).append(object_)
        near.setdefault(object_, []).append(subject)
    distance = dict.fromkeys(seeds, 0)
    frontier = set(seeds)
    for hop in range(1, depth + 1):
        passed = {n for n in frontier if n in seeds or len(near.get(n, [])) <= edges_max}
        frontier = {other for node in passed for other in near.get(node, [])} - set(distance)
        distance |= dict.fromkeys(frontier, hop)
    return distance
