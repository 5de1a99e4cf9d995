"""Invoices as relations: who sold to whom, each paper once, under the parties' own codes."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.facts.kinds import RELATION
from headrace.graph.trade import identities_of, same_papers


def trades(invoices: pa.Table) -> pa.Table:
    """One relation `trades`, seller to buyer, for each invoice that stands.

    A paper that stands in both books is taken from the seller's. A counterparty code that matched
    papers always tie to one firm becomes that firm; any other stays as it is. Red letters and firms
    that invoice themselves make no relation.

    Args:
        invoices: Facts of kind invoice, already cut by `headrace.facts.corrections.as_of`: what
            ties a code to a firm is then known, too.

    Returns:
        A table of RELATION; `id` is the invoice's, `amount_minor` is net of tax, `detail` its
        number.
    """
    papers = same_papers(invoices)
    firm_of = identities_of(papers)
    own = papers.filter(pc.equal(papers["seller"], papers["buyer"]))
    passed = pa.chunked_array([*papers["purchase_id"].chunks, *own["sale_id"].chunks], pa.string())
    again = pc.is_in(invoices["id"], value_set=passed.combine_chunks())
    rows = invoices.filter(pc.and_(pc.invert(again), pc.greater(invoices["amount_minor"], 0)))
    party = rows["party"].cast(pa.string())
    code = rows["counterparty"].cast(pa.string())
    place = pc.index_in(code, value_set=firm_of["code"].cast(pa.string()).combine_chunks())
    firms = firm_of["party"].cast(pa.string()).combine_chunks()
    partner = pc.coalesce(firms.take(place.combine_chunks()), code.combine_chunks())
    sale = pc.equal(rows["direction"].cast(pa.string()), "sale").combine_chunks()
    party = party.combine_chunks()
    columns = {
        "id": rows["id"],
        "source": rows["source"],
        "row": rows["row"],
        "event_time": rows["event_time"],
        "known_time": rows["known_time"],
        "relation": _same("trades", rows.num_rows),
        "subject": pc.if_else(sale, party, partner),
        "object": pc.if_else(sale, partner, party),
        "amount_minor": rows["amount_minor"],
        "currency": rows["currency"],
        "detail": rows["number"],
        "purpose": rows["purpose"],
        "consent": rows["consent"],
    }
    made = pa.table(
        [
            columns[field.name].cast(field.type)
            if field.name in columns
            else pa.nulls(rows.num_rows, field.type)
            for field in RELATION.arrow
        ],
        schema=RELATION.arrow,
    )
    return made.filter(
        pc.not_equal(made["subject"].cast(pa.string()), made["object"].cast(pa.string()))
    )


def _same(text: str, count: int) -> pa.Array:
    zeros = pa.array(np.zeros(count, np.int32))
    return pa.DictionaryArray.from_arrays(zeros, pa.array([text], pa.string()))
