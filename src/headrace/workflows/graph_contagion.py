"""How trouble of one party reaches others: failures, late payment, chance; with assumptions said.

Facts hardly ever say what a firm has in cash. What stands for it is an assumption of whoever asks:
a share of its trade of the last year, the same for all, and it is printed with every answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.facts.localtime import DAY_US
from headrace.graph.contagion.clearing import Cleared, Estate, clear
from headrace.graph.contagion.days import Cash, Payables, delayed, pay_by_day
from headrace.graph.contagion.losses import KINDS, losses
from headrace.graph.contagion.network import (
    Debts,
    Holdings,
    Needs,
    Network,
    spread_over_debts,
)
from headrace.graph.contagion.sampling import Band, Shocks, simulate
from headrace.graph.relations.kinds import Kind
from headrace.graph.relations.snapshot import Snapshot
from headrace.workflows.graph_view import GraphView

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
YEAR_DAYS = 365
BANK = "(bank)"
"""The lender of the exposures, a party of its own behind all others."""

LOSSES = pa.schema(
    {"party": pa.string(), "name": pa.string(), "failed": pa.bool_(), "loss_minor": pa.int64()}
)
EDGES = pa.schema(
    {
        "way": pa.string(),
        "source": pa.string(),
        "target": pa.string(),
        "amount_minor": pa.int64(),
        "fact": pa.string(),
    }
)
SHORT = pa.schema(
    {
        "party": pa.string(),
        "name": pa.string(),
        "first_day": pa.int64(),
        "days": pa.int64(),
        "peak_minor": pa.int64(),
    }
)


@dataclass(frozen=True)
class Assumptions:
    """What facts do not say.

    Attributes:
        buffer: What each firm has beyond its debts, as a share of its sales of the last year.
        margin: What a lost customer costs, as a share of the year's sales to it.
        recovery: What is left of a failed party's own assets for its creditors, 0 to 1.
        terms_days: When an invoice is due, in days after its date.
    """

    buffer: float = 0.05
    margin: float = 0.1
    recovery: float = 0.5
    terms_days: int = 60


@dataclass(frozen=True)
class Wired:
    """A network of a view.

    Attributes:
        network: Parties are the nodes of the snapshot, and the bank behind them.
        external: What each has besides.
        facts: By kind of `losses.KINDS`, the id of the fact behind each edge.
        snapshot: Where they come from.
    """

    network: Network
    external: Floats
    facts: dict[str, list[str]]
    snapshot: Snapshot

    def code(self, node: int) -> str:
        """Of a party, or of the bank."""
        codes = self.snapshot.names
        return BANK if node == len(codes) else str(codes[node].as_py())


def wired_of(view: GraphView, given: Assumptions) -> Wired:
    """Loans of the bank and of others, guarantees of them, holdings, and customers as needs."""
    snapshot = view.snapshot
    parties = len(snapshot.parties)
    exposures = view.exposures
    owing = pc.index_in(exposures["party"].cast(pa.string()), value_set=snapshot.names)
    known = pc.is_valid(owing)
    rows = exposures.filter(known)
    borrower = pc.drop_null(owing).to_numpy().astype(np.int32)
    lends = np.flatnonzero((snapshot.kind == Kind.LENDS) & snapshot.amount_known)
    debts = Debts(
        np.concatenate([snapshot.object[lends], borrower]),
        np.concatenate([snapshot.subject[lends], np.full(len(borrower), parties, np.int32)]),
        np.concatenate(
            [snapshot.amount[lends].astype(float), rows["amount_minor"].to_numpy().astype(float)]
        ),
    )
    debt_facts = [*snapshot.fact.take(pa.array(lends)).to_pylist(), *rows["id"].to_pylist()]
    stands = np.flatnonzero((snapshot.kind == Kind.GUARANTEES) & snapshot.amount_known)
    guarantees, origin = spread_over_debts(
        debts,
        snapshot.subject[stands],
        snapshot.object[stands],
        snapshot.amount[stands].astype(float),
    )
    owns = _owned_in_all(snapshot)
    customer, seller, yearly, need_facts = _customers(snapshot)
    network = Network(
        parties + 1,
        debts,
        guarantees,
        Holdings(snapshot.subject[owns], snapshot.object[owns], snapshot.low[owns]),
        Needs(seller, customer, yearly * given.margin),
    )
    sales = np.bincount(seller, yearly, parties + 1)
    owed = np.bincount(debts.borrower, debts.amount, parties + 1)
    external = owed + given.buffer * sales
    calls = snapshot.fact.take(pa.array(stands[origin])).to_pylist()
    facts = {
        "debt": debt_facts,
        "call": calls,
        "unpaid_call": calls,
        "holding": snapshot.fact.take(pa.array(owns)).to_pylist(),
        "need": need_facts,
    }
    return Wired(network, external, facts, snapshot)


def _owned_in_all(snapshot: Snapshot) -> Ints:
    """Holdings of companies whose recorded shares do not exceed the whole."""
    owns = (snapshot.kind == Kind.OWNS) & (snapshot.low >= 0)
    whole = np.bincount(snapshot.object[owns], snapshot.low[owns], len(snapshot.parties))
    return np.flatnonzero(owns & (whole[snapshot.object] <= 1 + 1e-9))


def _customers(
    snapshot: Snapshot,
) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats, list[str]]:
    """Customer, seller, the year's sales between them, and one invoice of each pair."""
    sells = np.isin(snapshot.kind, [Kind.TRADES, Kind.SUPPLIES]) & snapshot.amount_known
    sells &= snapshot.since > snapshot.moment - YEAR_DAYS * DAY_US
    at = np.flatnonzero(sells)
    pair = snapshot.object[at].astype(np.int64) * len(snapshot.parties) + snapshot.subject[at]
    pairs, first, place = np.unique(pair, return_index=True, return_inverse=True)
    amount: Floats = np.bincount(place, snapshot.amount[at].astype(float), len(pairs)).astype(float)
    facts = snapshot.fact.take(pa.array(at[first])).to_pylist()
    customer = (pairs // max(len(snapshot.parties), 1)).astype(np.int32)
    seller = (pairs % max(len(snapshot.parties), 1)).astype(np.int32)
    return customer, seller, amount, facts


@dataclass(frozen=True)
class Failure:
    """What the failure of some parties costs.

    Attributes:
        losses: Who loses, the most first; see LOSSES.
        edges: Along which relations, the most first; see EDGES.
        total: Minor units lost by all owners.
        failed: Parties that fail, those made to among them.
    """

    losses: pa.Table
    edges: pa.Table
    total: int
    failed: int


def failure(view: GraphView, parties: Sequence[str], given: Assumptions) -> Failure:
    """What happens when parties fail.

    Raises:
        InputError: If no fact names one.
        UnsettledError: If loops of debts do not settle.
    """
    found = wired_of(view, given)
    nodes = [view.snapshot.node(party) for party in parties]
    forced = np.zeros(found.network.parties, np.bool_)
    forced[nodes] = True
    estate = Estate(own=given.recovery)
    before = clear(found.network, found.external, estate=estate)
    after = clear(found.network, found.external, estate=estate, forced=forced)
    cost = losses(found.network, before, after)
    order = np.argsort(-cost.loss, kind="stable")
    order = order[(cost.loss[order] >= 0.5) | (after.failed & ~before.failed)[order]]
    names = view.snapshot.parties.names
    sides = order.tolist()
    table = pa.table(
        {
            "party": [found.code(node) for node in sides],
            "name": [None if node == len(names) else names[node].as_py() for node in sides],
            "failed": after.failed[order],
            "loss_minor": np.rint(cost.loss[order]).astype(np.int64),
        },
        LOSSES,
    )
    ways = np.argsort(-cost.amount, kind="stable")
    ways = ways[cost.amount[ways] >= 0.5]
    edges = pa.table(
        {
            "way": [KINDS[int(kind)] for kind in cost.kind[ways]],
            "source": [found.code(int(node)) for node in cost.source[ways]],
            "target": [found.code(int(node)) for node in cost.target[ways]],
            "amount_minor": np.rint(cost.amount[ways]).astype(np.int64),
            "fact": [
                found.facts[KINDS[int(kind)]][int(edge)]
                for kind, edge in zip(cost.kind[ways], cost.edge[ways], strict=True)
            ],
        },
        EDGES,
    )
    return Failure(table, edges, round(float(cost.loss.sum())), int(after.failed.sum()))


@dataclass(frozen=True)
class Late:
    """What late payment of some parties does to cash.

    Attributes:
        short: Who runs short that otherwise does not, the worst first; see SHORT.
        delayed_minor: What is paid late, minor units.
    """

    short: pa.Table
    delayed_minor: int


def paying_late(view: GraphView, payers: Sequence[str], days: int, given: Assumptions) -> Late:
    """What happens when parties pay their invoices so many days late.

    Invoices whose due day has not come, by `terms_days`, are open. A firm holds `buffer` of its
    year's sales in cash, and nothing comes or goes beside these invoices.

    Raises:
        InputError: If no fact names one.
    """
    snapshot = view.snapshot
    nodes = np.array([snapshot.node(payer) for payer in payers], np.int32)
    sells = (snapshot.kind == Kind.TRADES) & snapshot.amount_known
    due = snapshot.since // DAY_US + given.terms_days - snapshot.moment // DAY_US
    at = np.flatnonzero(sells & (due >= 0))
    payables = Payables(
        snapshot.object[at], snapshot.subject[at], snapshot.amount[at].astype(float), due[at]
    )
    customer, seller, yearly, _ = _customers(snapshot)
    parties = len(snapshot.parties)
    turnover = np.maximum(
        np.bincount(seller, yearly, parties), np.bincount(customer, yearly, parties)
    )
    cash = Cash(given.buffer * turnover, np.zeros(parties))
    span = given.terms_days + days + 1
    usual = pay_by_day(payables, cash, span)
    late = pay_by_day(delayed(payables, nodes, days), cash, span)
    new = (late.first_short >= 0) & (late.short_peak > usual.short_peak + 0.5)
    new[nodes] = False
    order = np.flatnonzero(new)
    order = order[np.argsort(-late.short_peak[order], kind="stable")]
    table = pa.table(
        {
            "party": snapshot.names.take(pa.array(order)),
            "name": snapshot.parties.names.take(pa.array(order)),
            "first_day": late.first_short[order],
            "days": late.short_days[order],
            "peak_minor": np.rint(late.short_peak[order]).astype(np.int64),
        },
        SHORT,
    )
    delayed_sum = payables.amount[np.isin(payables.payer, nodes)].sum()
    return Late(table, round(float(delayed_sum)))


@dataclass(frozen=True)
class Sampled:
    """What chance costs.

    Attributes:
        failures: Band of how many parties fail.
        loss: Band of what the bank loses, minor units.
        scenarios: How many were drawn.
    """

    failures: Band
    loss: Band
    scenarios: int


def sampled(
    view: GraphView, given: Assumptions, chance: tuple[float, float], scenarios: int, seed: int
) -> Sampled:
    """Random changes of what firms have: how many fail, and what the bank loses.

    Args:
        view: The graph.
        given: What facts do not say.
        chance: Standard deviation of a firm's assets, as a share of its year's sales; and the part
            of the variance that is common to all, 0 to 1.
        scenarios: How many.
        seed: Of the generator.
    """
    deviation, world = chance
    found = wired_of(view, given)
    base: Cleared = clear(found.network, found.external, estate=Estate(own=given.recovery))
    needs = found.network.needs
    sales = np.bincount(needs.subject, needs.amount, found.network.parties) / max(
        given.margin, 1e-9
    )
    shocks = Shocks(np.zeros(found.network.parties), deviation * sales, world)
    bank = np.array([found.network.parties - 1], np.int32)
    result = simulate(
        found.network, base, shocks, np.random.default_rng(seed), scenarios, watched=bank
    )
    return Sampled(result.failures, result.loss, scenarios)
