"""Structures of risk as Arrow tables: names instead of codes, and the facts they rest on."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.graph.relations.snapshot import Snapshot
from headrace.graph.structures.breaking import Replacement, Weight, break_rings
from headrace.graph.structures.circles import Circles, Kind
from headrace.graph.structures.flows import CircularFlows
from headrace.graph.structures.netting import net
from headrace.graph.structures.shells import Shells
from headrace.graph.structures.tracing import End, Trace

INSTANT = pa.timestamp("us", "UTC")
TEXTS = pa.list_(pa.string())
CIRCLES = pa.schema(
    {
        "circle": pa.int64(),
        "parties": TEXTS,
        "kinds": TEXTS,
        "guarantees": TEXTS,
        "amount_minor": pa.int64(),
        "unknown": pa.int64(),
        "net_minor": pa.int64(),
        "replace": TEXTS,
        "replace_minor": pa.int64(),
        "exact": pa.bool_(),
    }
)
FLOWS = pa.schema(
    {
        "flow": pa.int64(),
        "parties": TEXTS,
        "amount_minor": pa.int64(),
        "first_time": INSTANT,
        "last_time": INSTANT,
        "facts": TEXTS,
    }
)
STEPS = pa.schema(
    {
        "step": pa.int64(),
        "payer": pa.string(),
        "payee": pa.string(),
        "time": INSTANT,
        "amount_minor": pa.int64(),
        "traced_minor": pa.int64(),
        "hops": pa.int64(),
        "fact": pa.string(),
    }
)
ENDS = pa.schema({"party": pa.string(), "end": pa.string(), "traced_minor": pa.int64()})
SHELLS = pa.schema(
    {
        "party": pa.string(),
        "points": pa.int64(),
        "unseen": pa.int64(),
        "reason": pa.string(),
        "reason_zh": pa.string(),
        "value": pa.float64(),
        "reason_points": pa.int64(),
        "facts": TEXTS,
    }
)

Ints = NDArray[np.int64]


def circle_table(snapshot: Snapshot, circles: Circles, weigh: Weight = Weight.AMOUNT) -> pa.Table:
    """One row a circle: who, of what kinds, how much, what is net of it, and what to replace.

    Args:
        snapshot: From which the circles were found by `links_of`.
        circles: The circles.
        weigh: What the set to replace is to be small in.
    """
    rows = []
    for number in range(len(circles)):
        answer = break_rings(circles, number, weigh)
        rows.append(_circle(snapshot, circles, number, answer))
    return pa.Table.from_pylist(rows, CIRCLES)


def _circle(
    snapshot: Snapshot, circles: Circles, number: int, answer: Replacement
) -> dict[str, object]:
    links = circles.links_of(number)
    kinds = np.bitwise_or.reduce(circles.kind[links])
    given = [circles.links.guarantees(link) for link in links.tolist()]
    return {
        "circle": number + 1,
        "parties": _names(snapshot, circles.members(number)),
        "kinds": [kind.name.lower() for kind in Kind if kind.name and kinds & kind.value],
        "guarantees": _facts(snapshot, np.sort(np.concatenate(given))),
        "amount_minor": int(circles.amount[number]),
        "unknown": int(circles.unknown[number]),
        "net_minor": net(circles, number).net,
        "replace": _facts(snapshot, answer.guarantees),
        "replace_minor": answer.amount,
        "exact": answer.exact,
    }


def flow_table(snapshot: Snapshot, flows: CircularFlows) -> pa.Table:
    """One row a circular flow: through whom, what can have gone all the way, when, which facts."""
    rows = []
    for number in range(len(flows)):
        chain = flows.chain(number)
        rows.append(
            {
                "flow": number + 1,
                "parties": _names(snapshot, snapshot.subject[chain]),
                "amount_minor": int(flows.least[number]),
                "first_time": int(flows.first_time[number]),
                "last_time": int(flows.last_time[number]),
                "facts": _facts(snapshot, chain),
            }
        )
    return pa.Table.from_pylist(rows, FLOWS)


def trace_tables(snapshot: Snapshot, found: Trace) -> tuple[pa.Table, pa.Table]:
    """The transfers that carried traced money, in order; and where it ended, the most first."""
    edges = found.edges
    steps = pa.table(
        {
            "step": pa.array(np.arange(1, len(edges) + 1)),
            "payer": pa.array(_names(snapshot, snapshot.subject[edges]), pa.string()),
            "payee": pa.array(_names(snapshot, snapshot.object[edges]), pa.string()),
            "time": pa.array(snapshot.since[edges], INSTANT),
            "amount_minor": snapshot.amount[edges],
            "traced_minor": found.carried,
            "hops": found.hops,
            "fact": pa.array(_facts(snapshot, edges), pa.string()),
        },
        STEPS,
    )
    order = np.argsort(-found.ended, kind="stable")
    ends = pa.table(
        {
            "party": pa.array(_names(snapshot, found.party[order]), pa.string()),
            "end": pa.array([End(why).name.lower() for why in found.why[order].tolist()]),
            "traced_minor": found.ended[order],
        },
        ENDS,
    )
    return steps, ends


def shell_table(found: Shells, points_min: int) -> pa.Table:
    """One row a reason, of the parties with at least `points_min` points, the most first."""
    order = np.argsort(-found.points, kind="stable")
    rows = []
    for party in order[found.points[order] >= points_min].tolist():
        rows += [
            {
                "party": found.snapshot.names[party].as_py(),
                "points": int(found.points[party]),
                "unseen": int(found.unseen[party]),
                "reason": reason.indicator.en,
                "reason_zh": reason.indicator.zh,
                "value": reason.value,
                "reason_points": reason.points,
                "facts": _facts(found.snapshot, reason.edges),
            }
            for reason in found.reasons(party)
        ]
    return pa.Table.from_pylist(rows, SHELLS)


def _names(snapshot: Snapshot, parties: NDArray[np.int32]) -> list[str]:
    names: list[str] = snapshot.names.take(pa.array(parties)).to_pylist()
    return names


def _facts(snapshot: Snapshot, edges: Ints) -> list[str]:
    facts: list[str] = snapshot.fact.take(pa.array(edges)).to_pylist()
    return facts
