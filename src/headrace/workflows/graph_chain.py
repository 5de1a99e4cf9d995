"""Industry chains of a folder's trade: places towards core enterprises, and who is behind them."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from headrace.facts.localtime import DAY_US
from headrace.graph.chains.edges import supply_of
from headrace.graph.chains.model import ChainMap
from headrace.graph.chains.placing import How, finder, place_texts
from headrace.graph.chains.supply import positions, second_tier
from headrace.graph.relations.snapshot import Snapshot
from headrace.workflows.graph_view import GraphView

PLACES = pa.schema(
    {
        "party": pa.string(),
        "name": pa.string(),
        "core": pa.string(),
        "upstream": pa.int64(),
        "downstream": pa.int64(),
        "sales_share": pa.float64(),
        "purchases_share": pa.float64(),
        "fact": pa.string(),
    }
)
SECOND = pa.schema(
    {
        "party": pa.string(),
        "name": pa.string(),
        "through": pa.string(),
        "amount_minor": pa.int64(),
        "attributed_minor": pa.int64(),
        "facts": pa.list_(pa.string()),
    }
)
PLACED = pa.schema(
    {
        "party": pa.string(),
        "node": pa.string(),
        "weight": pa.float64(),
        "score": pa.float64(),
        "how": pa.string(),
        "evidence": pa.string(),
    }
)


def recent(view: GraphView, days: int) -> Snapshot:
    """Trade of the days before the moment, and supply that lasts."""
    snapshot = view.snapshot
    return snapshot.where(snapshot.since > snapshot.moment - days * DAY_US)


def chain_places(view: GraphView, cores: Sequence[str], days: int) -> pa.Table:
    """Where each party stands towards each core enterprise; see PLACES.

    `upstream` and `downstream` are sales between the two, null where there are none; the shares are
    the known part of sales and purchases that ends at or comes from the core, through others too.

    Raises:
        InputError: If no fact names a core.
    """
    snapshot = recent(view, days)
    supply, edges, _ = supply_of(snapshot)
    nodes = np.array([snapshot.node(core) for core in cores], np.int32)
    found = positions(supply, nodes)
    order = np.lexsort((-found.purchases, -found.sales))
    facts = snapshot.fact.take(pa.array(edges[found.edge[order]]))
    names = snapshot.parties.names
    return pa.table(
        {
            "party": snapshot.names.take(pa.array(found.firm[order])),
            "name": names.take(pa.array(found.firm[order])),
            "core": snapshot.names.take(pa.array(found.core[order])),
            "upstream": pa.array(found.tier[order], mask=found.tier[order] < 0).cast(pa.int64()),
            "downstream": pa.array(found.downstream[order], mask=found.downstream[order] < 0).cast(
                pa.int64()
            ),
            "sales_share": np.minimum(found.sales[order], 1.0),
            "purchases_share": np.minimum(found.purchases[order], 1.0),
            "fact": facts,
        },
        PLACES,
    )


def behind_suppliers(view: GraphView, core: str, days: int) -> pa.Table:
    """Suppliers of a core's suppliers, with amounts and the facts of both steps; see SECOND.

    Raises:
        InputError: If no fact names the core.
    """
    snapshot = recent(view, days)
    supply, edges, _ = supply_of(snapshot)
    found = second_tier(supply, snapshot.node(core))
    key = found.firm.astype(np.int64) * supply.firms + found.through
    pairs, first, place = np.unique(key, return_index=True, return_inverse=True)
    amount = np.bincount(place, found.amount, len(pairs))
    part = np.bincount(place, found.attributed, len(pairs))
    order = np.argsort(-part, kind="stable")
    rows = first[order]
    steps = zip(found.first[rows].tolist(), found.last[rows].tolist(), strict=True)
    return pa.table(
        {
            "party": snapshot.names.take(pa.array(found.firm[rows])),
            "name": snapshot.parties.names.take(pa.array(found.firm[rows])),
            "through": snapshot.names.take(pa.array(found.through[rows])),
            "amount_minor": np.rint(amount[order]).astype(np.int64),
            "attributed_minor": np.rint(part[order]).astype(np.int64),
            "facts": [[snapshot.fact[int(edges[step])].as_py() for step in pair] for pair in steps],
        },
        SECOND,
    )


def placed(chain: ChainMap, parties: Sequence[str], texts: Sequence[str]) -> pa.Table:
    """Firms on an industry map by what texts about them say; see PLACED.

    Args:
        chain: The map.
        parties: The firm of each text.
        texts: Goods on invoices, products, business scopes.
    """
    codes, firm = np.unique(np.array(parties, dtype=object).astype(str), return_inverse=True)
    weight = np.ones(len(texts))
    found = place_texts(finder(chain), firm.astype(np.int32), texts, weight)
    spans = zip(found.text.tolist(), found.start.tolist(), found.end.tolist(), strict=True)
    return pa.table(
        {
            "party": pa.array(codes[found.firm].tolist(), pa.string()),
            "node": chain.names.take(pa.array(found.node)),
            "weight": found.weight,
            "score": found.score,
            "how": [How(how).name.lower() for how in found.how.tolist()],
            "evidence": [texts[text][start:end] for text, start, end in spans],
        },
        PLACED,
    )
