"""Invoices as relations: each paper once, under the parties' own codes."""

import pyarrow as pa
from relation_facts import day

from headrace.facts.kinds import INVOICE, RELATION
from headrace.graph.papers import trades


def book(rows):
    """Invoices as they stand in the books: party, direction, counterparty, number, amount."""
    whole = [
        {
            "id": f"book#{at}", "source": "book", "row": at, "event_time": day(at // 10),
            "known_time": day(at // 10), "party": party, "counterparty": partner,
            "direction": direction, "number": number, "amount_minor": amount,
            "tax_minor": amount // 10, "total_minor": amount + amount // 10, "currency": "CNY",
            "status": "valid", "purpose": "credit_assessment", "consent": "test",
        }
        for at, (party, direction, partner, number, amount) in enumerate(rows, start=1)
    ]  # fmt: skip
    plain = pa.Table.from_pylist(whole)
    return pa.table(
        [
            plain[f.name].cast(f.type)
            if f.name in plain.column_names
            else pa.nulls(len(rows), f.type)
            for f in INVOICE.arrow
        ],
        schema=INVOICE.arrow,
    )


def edges(rows):
    found = trades(book(rows))
    assert found.schema == RELATION.arrow
    return [(r["subject"], r["object"], r["amount_minor"], r["id"]) for r in found.to_pylist()]


def test_a_paper_in_two_books_is_one_trade_and_its_codes_are_firms():
    assert edges(
        [
            ("E1", "sale", "B7", "001", 500),
            ("E2", "purchase", "A3", "001", 500),
            ("E1", "sale", "B7", "002", 900),  # not in the buyer's book: the code tells the firm
            ("E2", "sale", "B9", "003", 40),
            ("E2", "purchase", "A8", "004", 60),
        ]
    ) == [
        ("E1", "E2", 500, "book#1"),
        ("E1", "E2", 900, "book#3"),
        ("E2", "B9", 40, "book#4"),
        ("A8", "E2", 60, "book#5"),
    ]


def test_red_letters_and_invoices_to_oneself_are_no_trades():
    assert edges(
        [
            ("E1", "sale", "B7", "001", -500),
            ("E1", "sale", "B1", "002", 10),
            ("E1", "purchase", "A1", "002", 10),
            ("E1", "sale", "E1", "003", 30),
            ("E1", "sale", "B7", "004", 20),
        ]
    ) == [("E1", "B7", 20, "book#5")]


def test_no_invoices_make_no_trades():
    assert edges([]) == []
