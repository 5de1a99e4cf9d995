"""Structures of risk asked of a folder's facts: circles, flows, where a loan went, shells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.facts.corrections import known_by
from headrace.facts.kinds import PARTY
from headrace.facts.localtime import DAY_US, microseconds
from headrace.graph.relations.kinds import Kind, Type
from headrace.graph.relations.snapshot import Snapshot
from headrace.graph.structures.breaking import Weight
from headrace.graph.structures.circles import find_circles
from headrace.graph.structures.flows import FlowLimits, circular_flows
from headrace.graph.structures.guarantees import links_of
from headrace.graph.structures.shells import INDICATORS, Registered, measures, shells
from headrace.graph.structures.tables import circle_table, flow_table, shell_table, trace_tables
from headrace.graph.structures.tracing import Around, End, Money, Rule, Trace, TraceLimits, trace
from headrace.graph.structures.transfers import transfers_of
from headrace.workflows.graph_view import GraphView
from headrace.workflows.ports import FactTables

Ints = NDArray[np.int64]


def guarantee_circles(view: GraphView, weigh: Weight) -> pa.Table:
    """Guarantee circles with what is net in them and the smallest set that breaks every ring."""
    return circle_table(view.snapshot, find_circles(links_of(view.snapshot)), weigh)


def circular(view: GraphView, kind: Kind, limits: FlowLimits) -> tuple[pa.Table, bool]:
    """Circular flows of trades or transfers, and whether no limit of work left anything out."""
    found = circular_flows(transfers_of(view.snapshot, kind), limits)
    return flow_table(view.snapshot, found), found.whole


def suspicious_shells(facts: FactTables, view: GraphView, points_min: int) -> pa.Table:
    """Firms with signs of a shell, each sign with its points and the facts it rests on."""
    snapshot, parties = view.snapshot, facts.read(PARTY.kind)
    registered = Registered(
        age_days=_age_days(parties.filter(known_by(parties, view.known)), view),
        circles=_circles_in(snapshot),
    )
    return shell_table(shells(measures(snapshot, registered), snapshot, INDICATORS), points_min)


def _age_days(parties: pa.Table, view: GraphView) -> NDArray[np.float64]:
    """Days since a party fact says that the party began; NaN where none says."""
    told = parties.filter(pc.is_valid(parties["event_time"]))
    names = view.snapshot.names
    node = pc.index_in(told["party"].cast(pa.string()).combine_chunks(), value_set=names)
    known = pc.is_valid(node)
    begun = pc.filter(told["event_time"].combine_chunks().cast(pa.int64()), known).to_numpy()
    age = np.full(len(names), np.nan)
    age[pc.filter(node, known).to_numpy()] = (microseconds(view.moment) - begun) / DAY_US
    return age


def _circles_in(snapshot: Snapshot) -> NDArray[np.float64]:
    count = (find_circles(links_of(snapshot)).of_party >= 0).astype(float)
    flows = circular_flows(transfers_of(snapshot, Kind.TRANSFERS))
    for number in range(len(flows)):
        count[snapshot.subject[flows.chain(number)]] += 1
    return count


@dataclass(frozen=True)
class LoanTrace:
    """Where a loan went.

    Attributes:
        borrower: Code.
        amount: Minor units that were traced.
        paid: When it was paid out.
        steps: Transfers that carried it.
        ends: Where it ended, and why it went no further.
        returned: Minor units that came back to the borrower or went to its guarantors.
        whole: False where the work was cut off.
    """

    borrower: str
    amount: int
    paid: datetime
    steps: pa.Table
    ends: pa.Table
    returned: int
    whole: bool


def trace_loan(
    view: GraphView, borrower: str, paid: tuple[int, int], rule: Rule, days: int
) -> LoanTrace:
    """Follow the largest payment that a borrower got within a span of time.

    Money that comes back to the borrower, or reaches a party that guarantees its debts, goes no
    further: that is what a lender asks about.

    Args:
        view: The graph.
        borrower: Code.
        paid: First and last microsecond in which the loan was paid out.
        rule: Which part of a payment is the loan's money.
        days: How long after the payment transfers are looked at.

    Raises:
        InputError: If it got no payment then.
    """
    snapshot = view.snapshot
    node = snapshot.node(borrower)
    edges = snapshot.csc.of(node)
    fits = (
        (snapshot.kind[edges] == Kind.TRANSFERS)
        & snapshot.amount_known[edges]
        & (snapshot.since[edges] >= paid[0])
        & (snapshot.since[edges] <= paid[1])
    )
    edges = edges[fits]
    if not len(edges):
        raise InputError(
            f"{borrower} got no transfer on that day",
            where="--day",
            remedy=f"`headrace graph party {borrower}` shows when it was paid",
        )
    edge = int(edges[np.argmax(snapshot.amount[edges])])
    money = Money(node, int(snapshot.amount[edge]), int(snapshot.since[edge]), edge)
    limits = TraceLimits(until=money.time + days * DAY_US)
    found = trace(transfers_of(snapshot), money, limits, rule, _ends(snapshot, node))
    steps, ends = trace_tables(snapshot, found)
    moment = pa.scalar(money.time, pa.timestamp("us", "UTC")).as_py()
    back = _came_back(found)
    return LoanTrace(borrower, money.amount, moment, steps, ends, back, found.whole)


def _ends(snapshot: Snapshot, borrower: int) -> Around:
    ends = np.zeros(len(snapshot.parties), np.int8)
    for edge in snapshot.csc.of(borrower).tolist():
        if snapshot.kind[edge] == Kind.GUARANTEES:
            ends[snapshot.subject[edge]] = End.GUARANTOR
    ends[snapshot.type_of == Type.STATE] = End.HELD
    ends[borrower] = End.BORROWER
    return Around(ends=ends)


def _came_back(found: Trace) -> int:
    kinds: Sequence[End] = (End.BORROWER, End.GUARANTOR)
    return sum(found.by_end().get(kind, 0) for kind in kinds)
