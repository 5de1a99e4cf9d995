"""All loans and collateral of a customer together: ranks, shares, what a piece counts for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.contracts.collateral.customers import (
    Charge,
    Loan,
    Piece,
    by_customer,
    crossed,
    divide,
)
from headrace.errors import InputError


def test_the_first_rank_is_served_before_the_second():
    loans = [Loan("A", "甲", 60), Loan("B", "甲", 60)]
    found = divide(
        loans, [Piece("house", 100)], [Charge("house", "B", 2), Charge("house", "A", 1)], {}
    )
    assert found.parts == {("house", "A"): 60, ("house", "B"): 40}
    assert found.lacking == {"A": 0, "B": 20}


def test_loans_of_one_rank_share_in_proportion_to_what_they_lack():
    loans = [Loan("A", "甲", 200), Loan("B", "甲", 100)]
    found = divide(loans, [Piece("house", 100)], crossed(loans, [Piece("house", 100)]), {})
    assert found.parts == {
        ("house", "A"): 66,
        ("house", "B"): 34,
    }  # 66.6 down, the rest to the last


def test_a_cap_leaves_the_rest_to_the_next_rank():
    loans = [Loan("A", "甲", 80), Loan("B", "甲", 80)]
    charges = [Charge("house", "A", 1, cap_minor=30), Charge("house", "B", 2)]
    found = divide(loans, [Piece("house", 100)], charges, {})
    assert found.parts == {("house", "A"): 30, ("house", "B"): 70}


def test_what_secures_one_loan_only_is_used_first():
    """Shared first, the house would serve both and the goods of A would be left over."""
    loans = [Loan("A", "甲", 100), Loan("B", "甲", 100)]
    pieces = [Piece("house", 100), Piece("goods", 100)]
    charges = [Charge("house", "A"), Charge("house", "B"), Charge("goods", "A")]
    found = divide(loans, pieces, charges, {})
    assert found.lacking == {"A": 0, "B": 0}
    assert found.left == {"house": 0, "goods": 0}


def test_shares_of_a_group_company_secure_it_the_wrong_way():
    loans = [Loan("A", "子公司", 100), Loan("B", "外人", 100)]
    pieces = [Piece("parent", 120, issuer="母公司"), Piece("bank", 100, issuer="银行")]
    charges = [Charge("parent", "A"), Charge("bank", "B")]
    groups = {"子公司": "集团", "母公司": "集团"}
    found = divide(loans, pieces, charges, groups)
    assert found.wrong_way == (Charge("parent", "A"),)
    group, other = by_customer(loans, pieces, charges, groups).to_pylist()
    assert group == {
        "customer": "集团", "loans": 1, "owed": 100, "value": 120, "covered": 100, "lacking": 0,
        "wrong_way": 100, "ratio": 1.2,
    }  # fmt: skip
    assert (other["wrong_way"], other["ratio"]) == (0, 1.0)


def test_a_group_is_one_customer_whoever_of_it_borrows():
    loans = [Loan("A", "甲", 100), Loan("B", "乙", 50), Loan("C", "乙", 0)]
    pieces = [Piece("S", 90), Piece("T", 90)]
    charges = [Charge("S", "A"), Charge("T", "B")]
    alone = by_customer(loans, pieces, charges, {}).to_pylist()
    assert [(row["customer"], row["ratio"]) for row in alone] == [("甲", 0.9), ("乙", 1.8)]
    (one,) = by_customer(loans, pieces, charges, {"甲": "集团", "乙": "集团"}).to_pylist()
    assert (one["owed"], one["value"], one["lacking"], one["ratio"]) == (150, 180, 10, 1.2)
    (crossed_,) = by_customer(
        loans, pieces, crossed(loans, pieces), {"甲": "集团", "乙": "集团"}
    ).to_pylist()
    assert crossed_["lacking"] == 0  # cross-collateral covers what was short


def test_nothing_owed_has_no_ratio():
    (row,) = by_customer([Loan("A", "甲", 0)], [], [], {}).to_pylist()
    assert row["ratio"] is None


amounts = st.one_of(st.integers(0, 300), st.just(10**15))
charges_drawn = st.lists(
    st.builds(
        Charge, st.sampled_from("STU"), st.sampled_from("ABC"), st.integers(1, 3),
        st.one_of(st.none(), amounts),
    ),
    max_size=9, unique_by=lambda charge: (charge.piece, charge.loan),
)  # fmt: skip


@given(st.tuples(amounts, amounts, amounts), st.tuples(amounts, amounts, amounts), charges_drawn)
def test_nothing_is_used_twice_and_nobody_gets_more_than_is_owed(owed, values, charges):
    loans = [Loan(name, "甲", amount) for name, amount in zip("ABC", owed, strict=True)]
    pieces = [Piece(name, value) for name, value in zip("STU", values, strict=True)]
    found = divide(loans, pieces, charges, {})
    assert min([*found.lacking.values(), *found.left.values(), *found.parts.values()]) >= 0
    for piece in pieces:
        used = sum(part for key, part in found.parts.items() if key[0] == piece.id)
        assert used + found.left[piece.id] == piece.value_minor
    for loan in loans:
        got = sum(part for key, part in found.parts.items() if key[1] == loan.id)
        assert got + found.lacking[loan.id] == loan.owed_minor
    for charge in charges:  # a loan that lacks has used all it has a right in, up to its cap
        part = found.parts.get((charge.piece, charge.loan), 0)
        assert charge.cap_minor is None or part <= charge.cap_minor
        if found.lacking[charge.loan] and part != charge.cap_minor:
            assert found.left[charge.piece] == 0


def test_a_charge_on_nothing_is_an_error():
    with pytest.raises(InputError, match="charge"):
        divide([Loan("A", "甲", 1)], [], [Charge("S", "A")], {})
    with pytest.raises(InputError, match="negative"):
        divide([Loan("A", "甲", -1)], [], [], {})
