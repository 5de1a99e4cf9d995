"""The same paper or goods financed twice: refused where exact, raised where near."""

from datetime import date

import double_pledge_reference
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.instruments import claims, double_pledge
from headrace.contracts.instruments.claims import one_apart
from headrace.contracts.instruments.double_pledge import Near, Reason
from headrace.contracts.instruments.words import words

INVOICE = {
    "claim": "c1", "financing": "F1", "lender": "bank a", "kind": "invoice", "source": "own",
    "seller": "s1", "buyer": "core", "number": "03422188", "day": date(2026, 2, 3),
    "amount_minor": 100_000_00, "financed_minor": 100_000_00,
}  # fmt: skip
RECEIPT = {
    "claim": "c1", "financing": "Z1", "lender": "bank a", "kind": "receipt", "source": "own",
    "seller": "maker", "number": "WR-0007", "warehouse": "Kunming 3", "location": "A-07",
    "batch": "B9", "held_from": date(2026, 1, 1), "financed_minor": 1,
}  # fmt: skip


def found(new, known):
    """Reasons by claim for what is new beside what is known."""
    rows = new if isinstance(new, list) else [new]
    table = double_pledge.check(claims.claims(rows), claims.claims([known]))
    return [(row["claim"], row["reason"], row["verdict"]) for row in table.to_pylist()]


def test_a_planted_double_pledge_is_refused():
    """One invoice under a voucher at one bank, then under factoring at another."""
    twin = {**INVOICE, "claim": "c2", "financing": "F2", "lender": "bank b"}
    table = double_pledge.check(claims.claims([twin]), claims.claims([INVOICE]))
    assert double_pledge.refused(table) == {"c2"}
    assert table.to_pylist() == [
        {
            "claim": "c2", "other": "c1", "financing": "F2", "other_financing": "F1",
            "other_lender": "bank a", "other_source": "own", "reason": "over_financed",
            "verdict": "refuse",
        }
    ]  # fmt: skip


def test_a_double_pledge_inside_one_batch_is_refused():
    pair = [{**INVOICE, "claim": "c2"}, {**INVOICE, "claim": "c3"}]
    other = {**INVOICE, "number": "99", "amount_minor": 1}
    assert found(pair, other) == [("c3", "over_financed", "refuse")]


def test_an_invoice_may_be_financed_in_parts_up_to_its_amount():
    part = {**INVOICE, "financed_minor": 60_000_00}
    rest = {**INVOICE, "claim": "c2", "financed_minor": 40_000_00}
    assert found(rest, part) == [("c2", "shared_paper", "raise")]
    more = {**rest, "financed_minor": 40_000_01}
    assert found(more, part) == [("c2", "over_financed", "refuse")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"number": "０３４２２１８８"}, "over_financed"),
        ({"number": "0342-2188"}, "over_financed"),
        ({"number": "03422189"}, "near_number"),
        ({"number": "0342218"}, "near_number"),
        ({"number": "03422818"}, "near_number"),
        ({"number": "77777777"}, "near_paper"),
        ({"number": "77777777", "day": date(2026, 2, 10)}, "near_paper"),
        ({"number": "03422189", "day": date(2026, 5, 4)}, "near_number"),
    ],
)
def test_numbers_written_otherwise_or_one_digit_away(change, reason):
    assert [each[1] for each in found({**INVOICE, "claim": "c2", **change}, INVOICE)] == [reason]


@pytest.mark.parametrize(
    "change",
    [
        {"number": "77777777", "day": date(2026, 2, 11)},
        {"number": "03422189", "day": date(2026, 5, 5)},
        {"number": "03422189", "buyer": "another"},
        {"number": "03422189", "amount_minor": 1},
        {"seller": "s2"},
    ],
)
def test_other_papers_are_not_held_against_each_other(change):
    assert found({**INVOICE, "claim": "c2", **change}, INVOICE) == []


def test_the_same_number_with_another_amount_is_raised():
    other = {**INVOICE, "claim": "c2", "amount_minor": 300_000_00, "financed_minor": 1}
    assert {each[1] for each in found(other, INVOICE)} == {"shared_paper", "amount_differs"}


def test_goods_pledged_twice_are_refused_by_receipt_serial_or_place_and_time():
    again = {**RECEIPT, "claim": "c2", "lender": "bank b"}
    assert {each[1] for each in found(again, RECEIPT)} == {"same_receipt", "same_lot"}
    goods = {**again, "kind": "goods", "number": None}
    assert found(goods, RECEIPT) == [("c2", "same_lot", "refuse")]
    later = {**goods, "held_from": date(2026, 9, 1)}
    ended = {**RECEIPT, "held_until": date(2026, 8, 31)}
    assert found(later, ended) == []
    beside = {**goods, "batch": "B10"}
    assert found(beside, RECEIPT) == [("c2", "same_place", "raise")]
    machine = {**INVOICE, "kind": "goods", "serial": "SN 1", "number": None}
    moved = {**machine, "claim": "c2", "serial": "sn-1", "warehouse": "elsewhere"}
    assert found(moved, machine) == [("c2", "same_serial", "refuse")]


def test_an_order_and_its_invoice_are_one_trade():
    order = {**INVOICE, "kind": "order", "number": "PO-7"}
    bill = {**INVOICE, "claim": "c2", "order": "PO7"}
    assert found(bill, order) == [("c2", "order_and_invoice", "raise")]
    assert found({**order, "claim": "c2"}, {**bill, "claim": "c1"}) == [
        ("c2", "order_and_invoice", "raise")
    ]


def test_the_register_is_evidence():
    """A search that shows another bank's blanket entry on all receivables of the seller."""
    entry = {
        "claim": "reg 1", "lender": "bank b", "kind": "invoice", "source": "register",
        "seller": "s1",
    }  # fmt: skip
    assert found(INVOICE, entry) == [("c1", "blanket", "raise")]
    assert found(INVOICE, {**entry, "number": "03422188"})[0][1:] == ("over_financed", "refuse")


def test_nothing_new_and_nothing_known():
    empty = claims.claims([])
    assert double_pledge.check(empty, empty).num_rows == 0
    assert double_pledge.check(claims.claims([INVOICE]), empty).num_rows == 0
    assert double_pledge.check(empty, claims.claims([INVOICE])).num_rows == 0


digits = st.text("01", min_size=1, max_size=4)


@given(digits, digits)
def test_one_apart_is_a_distance_of_one(one, other):
    assert one_apart(one, other) == (double_pledge_reference.distance(one, other) == 1)


def some(*values):
    return st.sampled_from((None, *values))


rows = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(("invoice", "order", "receipt", "goods")),
        "source": st.sampled_from(("own", "own", "register")),
        "lender": some("a", "b"),
        "financing": some("f"),
        "seller": some("s", "t"),
        "buyer": some("c"),
        "number": some("11", "1-1", "12", "34", "-"),
        "order": some("11", "12"),
        "day": some(date(2026, 1, 1), date(2026, 1, 9), date(2026, 5, 9)),
        "amount_minor": some(100, 200),
        "financed_minor": some(40, 100),
        "serial": some("x", "X-", "y"),
        "batch": some("b", "d"),
        "warehouse": some("w", "v"),
        "location": some("p", "P", "q"),
        "held_from": some(date(2026, 1, 1), date(2026, 3, 1)),
        "held_until": some(date(2026, 2, 1), date(2026, 4, 1)),
    }
)


@given(st.lists(rows, max_size=7), st.lists(rows, max_size=7))
@settings(max_examples=60)
def test_joins_find_what_comparing_every_pair_finds(new, known):
    new = [{**row, "claim": f"n{at}"} for at, row in enumerate(new)]
    known = [{**row, "claim": f"k{at}"} for at, row in enumerate(known)]
    near = Near()
    table = double_pledge.check(claims.claims(new), claims.claims(known), near)
    told = [(r["claim"], r["other"], r["reason"], r["verdict"]) for r in table.to_pylist()]
    assert len(told) == len(set(told))
    assert set(told) == double_pledge_reference.check(new, known, near)


def test_reasons_have_words():
    assert all(words(each).zh for each in Reason)
