"""Trade relations read from invoices, and the relations that only both sides together show.

Firms report each other under codes of their own file: the seller's B00844 may be the firm that a
buyer's A00297 is. When a sale of one firm and a purchase of another carry the same number, day,
amount and tax, the two rows are one paper, and the codes are identified.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headrace.facts.localtime import DAY_US
from headrace.graph import kernels

SAME_PAPER = ["number", "event_time", "amount_minor", "tax_minor"]
PAPER = (*SAME_PAPER, "party", "counterparty", "id", "direction")
"""Columns of invoices in which both sides of a paper are found."""

TRADE = ("party", "counterparty", "direction", "amount_minor", "event_time")
"""Columns of invoices that make the edges between parties and counterparties."""

RING_LENGTH_MAX = 6
RING_DAYS_MAX = 30
RING_PERCENT_MAX = 10
RING_SCHEMA = pa.schema(
    {
        "ring": pa.int64(),
        "parties": pa.list_(pa.string()),
        "length": pa.int64(),
        "rounds": pa.int64(),
        "amount_minor": pa.int64(),
        "first_time": pa.timestamp("us", "UTC"),
        "last_time": pa.timestamp("us", "UTC"),
    }
)


@dataclass(frozen=True)
class TradeGraph:
    """Relations between parties and their counterparties, as of one moment.

    Attributes:
        trades: One row per party, counterparty and direction: invoices, amount_minor,
            first_time, last_time. Valid invoices only; red letters reduce the amount.
        same_papers: One row per invoice found on both sides: seller, buyer, number, event_time,
            amount_minor, sale_id, purchase_id, buyer_code (in the seller's file), seller_code
            (in the buyer's file).
        hidden: One row per firm-to-firm edge, seller ≠ buyer: seller, buyer, invoices,
            amount_minor, first_time, last_time.
        self_invoices: The rows of `same_papers` in which a firm invoiced itself.
        identities: One row per counterparty code identified: code, party, invoices (support).
        two_way: One row per pair of firms that sell to each other: first, second, amount_minor
            (the smaller direction).
        rings: One row per circle of firms along which papers of about one amount went round within
            a month (`headrace.graph.kernels.rounds`): ring, parties (list), length, rounds (how
            often), amount_minor (the sum, over the rounds, of each one's smallest paper),
            first_time, last_time.
        components: Number of connected components of firms and counterparties.
    """

    trades: pa.Table
    same_papers: pa.Table
    hidden: pa.Table
    self_invoices: pa.Table
    identities: pa.Table
    two_way: pa.Table
    rings: pa.Table
    components: int


def trade_graph(invoices: pa.Table) -> TradeGraph:
    """Build the graph from invoices that are valid and known at the moment asked about.

    Args:
        invoices: Facts of kind invoice, already cut by `headrace.facts.corrections.as_of`.
    """
    trades = _edges(invoices, ["party", "counterparty", "direction"])
    papers = same_papers(invoices)
    different = pc.not_equal(papers["seller"], papers["buyer"])
    between = papers.filter(different)
    hidden = _edges(between, ["seller", "buyer"])
    return TradeGraph(
        trades=trades,
        same_papers=papers,
        hidden=hidden,
        self_invoices=papers.filter(pc.invert(different)),
        identities=identities_of(between),
        two_way=_two_way(hidden),
        rings=rings_of(between),
        components=_components(trades),
    )


def trade_near(trading: pa.Table, near: pa.Table, rings: pa.Table) -> TradeGraph:
    """The graph around a party: whole in all that touches the party, and nowhere else.

    Args:
        trading: Invoices of all parties with its counterparties, as `trade_graph` takes them.
        near: Those of all parties with the day and amount of one of its own.
        rings: Of all parties, as `rings_of` gives them.

    Returns:
        The graph; `components` is 0, for they are not counted.
    """
    papers = same_papers(near)
    different = pc.not_equal(papers["seller"], papers["buyer"])
    between = papers.filter(different)
    hidden = _edges(between, ["seller", "buyer"])
    return TradeGraph(
        trades=_edges(trading, ["party", "counterparty", "direction"]),
        same_papers=papers,
        hidden=hidden,
        self_invoices=papers.filter(pc.invert(different)),
        identities=identities_of(between),
        two_way=_two_way(hidden),
        rings=rings,
        components=0,
    )


def party_measures(graph: TradeGraph, parties: tuple[str, ...]) -> pa.Table:
    """Graph values per party, to be used as features.

    Args:
        graph: In which everything that touches the parties is whole.
        parties: Those asked about; others count as their partners.

    Returns:
        party and, as doubles: hidden_partners (firms traded with, seen from both sides),
        self_invoice_count, ring_count (circles the firm is part of), shared_customer_share
        and shared_supplier_share (share of positive trade with counterparties that other firms
        of the file trade with too; null without trade).
    """
    index = {party: code for code, party in enumerate(parties)}
    partners: list[set[str]] = [set() for _ in parties]
    sellers, buyers = graph.hidden["seller"].to_pylist(), graph.hidden["buyer"].to_pylist()
    for seller, buyer in zip(sellers, buyers, strict=True):
        for party, other in ((seller, buyer), (buyer, seller)):
            if party in index:
                partners[index[party]].add(other)
    rings = np.zeros(len(parties))
    for ring in graph.rings["parties"].to_pylist():
        rings[[index[party] for party in ring if party in index]] += 1
    own = np.zeros(len(parties))
    for party in graph.self_invoices["seller"].to_pylist():
        if party in index:
            own[index[party]] += 1
    customers = _shared_share(graph.trades, "sale", parties)
    suppliers = _shared_share(graph.trades, "purchase", parties)
    return pa.table(
        {
            "party": pa.array(parties, pa.string()),
            "hidden_partners": np.array([float(len(each)) for each in partners]),
            "self_invoice_count": own,
            "ring_count": rings,
            "shared_customer_share": pa.array(customers, mask=np.isnan(customers)),
            "shared_supplier_share": pa.array(suppliers, mask=np.isnan(suppliers)),
        }
    )


def _edges(rows: pa.Table, keys: list[str]) -> pa.Table:
    """Invoices, amount, first and last time per edge, sorted by its ends."""
    rows = _plain(rows.select([*keys, "amount_minor", "event_time"]), keys)
    grouped = rows.group_by(keys, use_threads=False).aggregate(
        [
            ("amount_minor", "count"),
            ("amount_minor", "sum"),
            ("event_time", "min"),
            ("event_time", "max"),
        ]
    )
    return grouped.rename_columns(
        [*keys, "invoices", "amount_minor", "first_time", "last_time"]
    ).sort_by([(key, "ascending") for key in keys])


def same_papers(invoices: pa.Table) -> pa.Table:
    """Invoices found on both sides; see `TradeGraph.same_papers`."""
    table = _plain(invoices.select(PAPER), ["number", "party", "counterparty"])
    is_sale = pc.equal(pc.cast(table["direction"], pa.string()), "sale")
    sales = table.filter(is_sale).drop_columns("direction")
    purchases = table.filter(pc.invert(is_sale)).drop_columns("direction")
    joined = sales.join(
        purchases, SAME_PAPER, join_type="inner", right_suffix="_bought", use_threads=False
    )
    named = joined.rename_columns(
        {
            "party": "seller",
            "counterparty": "buyer_code",
            "id": "sale_id",
            "party_bought": "buyer",
            "counterparty_bought": "seller_code",
            "id_bought": "purchase_id",
        }
    )
    return named.sort_by([("sale_id", "ascending"), ("purchase_id", "ascending")])


def identities_of(papers: pa.Table) -> pa.Table:
    """Counterparty codes that matched invoices always tie to one and the same party.

    Args:
        papers: Rows of `same_papers`; those of a firm with itself tell nothing and are passed over.
    """
    between = papers.filter(pc.not_equal(papers["seller"], papers["buyer"]))
    pairs = pa.concat_tables(
        [
            pa.table({"code": between["buyer_code"], "party": between["buyer"]}),
            pa.table({"code": between["seller_code"], "party": between["seller"]}),
        ]
    )
    counted = pairs.group_by(["code", "party"], use_threads=False).aggregate([([], "count_all")])
    whole = counted.group_by("code", use_threads=False).aggregate([("party", "count")])
    single = whole.filter(pc.equal(whole["party_count"], 1))["code"]
    kept = counted.filter(pc.is_in(counted["code"], value_set=single.combine_chunks()))
    return kept.rename_columns(["code", "party", "invoices"]).sort_by("code")


def _two_way(hidden: pa.Table) -> pa.Table:
    """Pairs that sell to each other, each once."""
    amount = {
        (seller, buyer): value
        for seller, buyer, value in zip(
            *(hidden[name].to_pylist() for name in ("seller", "buyer", "amount_minor")), strict=True
        )
    }
    pairs = sorted(pair for pair in amount if pair[0] < pair[1] and pair[::-1] in amount)
    return pa.table(
        {
            "first": pa.array([pair[0] for pair in pairs], pa.string()),
            "second": pa.array([pair[1] for pair in pairs], pa.string()),
            "amount_minor": pa.array(
                [min(amount[pair], amount[pair[::-1]]) for pair in pairs], pa.int64()
            ),
        }
    )


def rings_of(between: pa.Table) -> pa.Table:
    """Circles of firms; see `TradeGraph.rings`.

    Args:
        between: Rows of `TradeGraph.same_papers` between different firms.
    """
    parties = pc.unique(
        pa.chunked_array([*between["seller"].chunks, *between["buyer"].chunks], pa.string())
    ).sort()
    us = _ints(between["event_time"])
    seller = _ints(pc.index_in(between["seller"], value_set=parties))
    order = np.lexsort((us, seller))
    seller, us = seller[order], us[order]
    buyer = _ints(pc.index_in(between["buyer"], value_set=parties))[order]
    amount = _ints(between["amount_minor"])[order]
    limits = (RING_LENGTH_MAX, RING_DAYS_MAX, RING_PERCENT_MAX)
    circles: dict[tuple[str, ...], list[tuple[int, ...]]] = {}
    for papers in kernels.rounds(seller, buyer, us // DAY_US, amount, limits):
        names = [parties[int(seller[paper])].as_py() for paper in papers]
        turn = names.index(min(names))
        circles.setdefault((*names[turn:], *names[:turn]), []).append(papers)
    instant = pa.timestamp("us", "UTC")
    rows = [
        {
            "ring": number,
            "parties": list(names),
            "length": len(names),
            "rounds": len(chains),
            "amount_minor": sum(int(amount[list(chain)].min()) for chain in chains),
            "first_time": pa.scalar(int(us[np.concatenate(chains)].min()), instant).as_py(),
            "last_time": pa.scalar(int(us[np.concatenate(chains)].max()), instant).as_py(),
        }
        for number, (names, chains) in enumerate(sorted(circles.items()), start=1)
    ]
    return pa.Table.from_pylist(rows, RING_SCHEMA)


def _shared_share(
    trades: pa.Table, direction: str, parties: tuple[str, ...]
) -> NDArray[np.float64]:
    rows = trades.filter(pc.equal(trades["direction"], direction))
    place = pc.index_in(rows["party"], value_set=pa.array(parties, pa.string()))
    code = _ints(pc.fill_null(place, -1))
    partners = pc.unique(rows["counterparty"])
    partner = _ints(pc.index_in(rows["counterparty"], value_set=partners))
    known_to = np.bincount(partner, minlength=len(partners))
    amount = np.maximum(_ints(rows["amount_minor"]), 0).astype(np.float64)
    shared = np.where(known_to[partner] >= 2, amount, 0.0)
    asked = code >= 0
    code, amount, shared = code[asked], amount[asked], shared[asked]
    whole = np.bincount(code, weights=amount, minlength=len(parties))
    part = np.bincount(code, weights=shared, minlength=len(parties))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def _components(trades: pa.Table) -> int:
    ends = pa.chunked_array([*trades["party"].chunks, *trades["counterparty"].chunks], pa.string())
    names = pc.unique(ends)
    party = _ints(pc.index_in(trades["party"], value_set=names))
    partner = _ints(pc.index_in(trades["counterparty"], value_set=names))
    if not len(names):
        return 0
    edges = coo_array((np.ones(party.size), (party, partner)), shape=(len(names), len(names)))
    return int(connected_components(edges, directed=False, return_labels=False))


def _plain(table: pa.Table, columns: list[str]) -> pa.Table:
    """Dictionary-encoded text as plain text, which joins and sorts everywhere."""
    for name in columns:
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, pc.cast(table[name], pa.string()))
    return table


def _ints(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(pc.cast(column, pa.int64()).to_numpy(), np.int64)
