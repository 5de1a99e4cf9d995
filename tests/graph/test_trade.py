"""The trade graph against its slow twin, and on papers whose truth is known."""

import graph_reference as reference
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.facts.kinds import INVOICE
from headrace.graph import kernels
from headrace.graph.trade import party_measures, trade_graph
from strategies import PARTIES, day_start, invoice_rows, invoice_table


def paper(seller: str, buyer: str, number: int, day: int = 10, amount: int = 500_000) -> list[dict]:
    """One invoice as it stands in both books, each side under its own code for the other."""
    shared = {
        "number": f"{number:08d}",
        "day": day,
        "known_day": day,
        "void_day": None,
        "amount": amount,
        "tax": amount * 13 // 100,
    }
    sale = {
        "id": f"s#{number}",
        "row": number,
        "party": seller,
        "counterparty": f"B-{buyer}",
        "direction": "sale",
        **shared,
    }
    bought = {
        "id": f"p#{number}",
        "row": number,
        "party": buyer,
        "counterparty": f"A-{seller}",
        "direction": "purchase",
        **shared,
    }
    return [sale, bought]


def mirrored(rows: list[dict]) -> list[dict]:
    """The rows, and for some of them the same paper in another firm's book."""
    other = {"sale": "purchase", "purchase": "sale"}
    twins = [
        {
            **row,
            "id": f"m#{row['row']}",
            "direction": other[row["direction"]],
            "party": PARTIES[(PARTIES.index(row["party"]) + row["day"]) % 3],
            "counterparty": "W",
        }
        for row in rows
        if row["row"] % 2
    ]
    return [*rows, *twins]


@settings(max_examples=60, deadline=None)
@given(rows=invoice_rows(count_max=15).map(mirrored))
def test_graph_equals_the_slow_twin(rows):
    graph = trade_graph(invoice_table(rows))
    assert {
        (r["party"], r["counterparty"], r["direction"]): (
            r["invoices"],
            r["amount_minor"],
            (r["first_time"] - day_start(0)).days,
            (r["last_time"] - day_start(0)).days,
        )
        for r in graph.trades.to_pylist()
    } == reference.trades(rows)
    found = zip(
        graph.same_papers["sale_id"].to_pylist(),
        graph.same_papers["purchase_id"].to_pylist(),
        strict=True,
    )
    assert set(found) == reference.same_papers(rows)
    edges = {(r["seller"], r["buyer"]) for r in graph.hidden.to_pylist()}
    assert all(seller != buyer for seller, buyer in edges)
    both = {tuple(sorted(edge)) for edge in edges if edge[::-1] in edges}
    assert {(r["first"], r["second"]) for r in graph.two_way.to_pylist()} == both
    assert {
        r["code"]: (r["party"], r["invoices"]) for r in graph.identities.to_pylist()
    } == reference.identities(rows)


@settings(max_examples=80, deadline=None)
@given(
    papers=st.lists(
        st.tuples(
            st.integers(0, 3), st.integers(0, 3), st.integers(0, 40), st.integers(-1, 30)
        ).filter(lambda paper: paper[0] != paper[1]),
        max_size=7,
    ),
    length_max=st.integers(2, 4),
)
def test_rounds_equal_the_slow_twin(papers, length_max):
    papers = sorted(papers, key=lambda paper: (paper[0], paper[2]))
    columns = np.array(papers, np.int64).reshape(-1, 4).T
    found = kernels.rounds(*columns, (length_max, 20, 30))
    assert len(found) == len(set(found))
    assert set(found) == reference.rounds(papers, length_max, 20, 30)


def test_goods_that_come_back_late_or_smaller_are_no_ring():
    late = [*paper("E1", "E2", 1, 10), *paper("E2", "E1", 2, 50)]
    smaller = [*paper("E1", "E2", 1, 10, 900_000), *paper("E2", "E1", 2, 12, 500_000)]
    for rows in (late, smaller):
        graph = trade_graph(invoice_table(rows))
        assert graph.rings.num_rows == 0
        assert graph.two_way["first"].to_pylist() == ["E1"]


def test_a_ring_of_three_is_found_with_what_could_have_gone_round():
    rows = [
        *paper("E1", "E2", 1, 10, 800_000),
        *paper("E2", "E3", 2, 12, 790_000),
        *paper("E3", "E1", 3, 15, 780_000),
        *paper("E1", "E1", 4),
    ]
    graph = trade_graph(invoice_table(rows))
    (ring,) = graph.rings.to_pylist()
    assert ring["parties"] == ["E1", "E2", "E3"]
    assert ring["amount_minor"] == 780_000
    assert ring["rounds"] == 1
    assert ring["first_time"] == day_start(10)
    assert ring["last_time"] == day_start(15)
    assert graph.self_invoices["sale_id"].to_pylist() == ["s#4"]
    assert graph.identities.to_pylist() == [
        {"code": "A-E1", "party": "E1", "invoices": 1},
        {"code": "A-E2", "party": "E2", "invoices": 1},
        {"code": "A-E3", "party": "E3", "invoices": 1},
        {"code": "B-E1", "party": "E1", "invoices": 1},
        {"code": "B-E2", "party": "E2", "invoices": 1},
        {"code": "B-E3", "party": "E3", "invoices": 1},
    ]
    measures = party_measures(graph, (*PARTIES, "E9"))
    assert measures["ring_count"].to_pylist() == [1, 1, 1, 0]
    assert measures["hidden_partners"].to_pylist() == [2, 2, 2, 0]
    assert measures["self_invoice_count"].to_pylist() == [1, 0, 0, 0]


def test_a_shared_customer_counts_by_amount_and_no_trade_is_missing():
    rows = [
        {
            "id": f"t#{n}",
            "row": n,
            "party": party,
            "counterparty": customer,
            "direction": "sale",
            "number": f"{n}",
            "day": 1,
            "known_day": 1,
            "void_day": None,
            "amount": amount,
            "tax": 0,
        }
        for n, (party, customer, amount) in enumerate(
            [("E1", "X", 300), ("E2", "X", 100), ("E1", "Y", 100)], start=1
        )
    ]
    measures = party_measures(trade_graph(invoice_table(rows)), PARTIES)
    assert measures["shared_customer_share"].to_pylist() == [0.75, 1.0, None]
    assert measures["shared_supplier_share"].to_pylist() == [None, None, None]


def test_no_invoices_make_an_empty_graph():
    graph = trade_graph(INVOICE.empty())
    assert graph.trades.num_rows == graph.rings.num_rows == graph.components == 0
    assert party_measures(graph, ("E1",))["ring_count"].to_pylist() == [0]


@pytest.mark.parametrize("threads", [1, 2])
def test_the_graph_is_the_same_on_any_number_of_threads(threads):
    rows = [row for n in range(1, 60) for row in paper("E1", f"E{n % 3 + 1}", n, n % 7)]
    before = pa.cpu_count()
    reference_graph = trade_graph(invoice_table(rows))
    pa.set_cpu_count(threads)
    try:
        graph = trade_graph(invoice_table(rows))
    finally:
        pa.set_cpu_count(before)
    assert graph.same_papers.equals(reference_graph.same_papers)
    assert graph.trades.equals(reference_graph.trades)
