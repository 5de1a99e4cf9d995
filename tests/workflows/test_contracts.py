"""From decisions to contracts, and the money that comes of them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.contracts.conventions.china import CHINA
from headrace.contracts.lending.loans import loans_of
from headrace.contracts.lending.schedule import schedules
from headrace.contracts.lending.terms import Method
from headrace.errors import InputError, MappingError
from headrace.workflows.contracts import (
    Contract,
    cash_flow,
    next_business_day,
    read_contracts,
    written,
)
from headrace.workflows.standard_terms import StandardTerms, parse_standard_terms
from loan_sample import START, contract

METHODS = (Method.INTEREST_FIRST, Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.BULLET)


def flow_of(contracts):
    return cash_flow(contracts, schedules(loans_of([each.terms for each in contracts]), CHINA))


def total(table, name):
    return sum(table[name].to_pylist())


books = st.lists(
    st.builds(
        lambda yuan, months, method, take_up, default, lgd: Contract(
            "L", "P", "D", "x",
            StandardTerms("x", method=method).terms(yuan * 100, Decimal("0.08"), START, months),
            take_up, default, lgd,
        ),
        st.integers(1, 10_000_000), st.integers(1, 36), st.sampled_from(METHODS),
        st.floats(0, 1), st.floats(0, 0.9), st.floats(0, 1),
    ),
    min_size=1, max_size=5,
)  # fmt: skip


@given(books)
def test_money_is_conserved_as_promised_and_as_expected(contracts):
    table = flow_of(contracts)
    assert total(table, "disbursed_minor") == sum(each.terms.principal for each in contracts)
    assert total(table, "disbursed_minor") == total(table, "principal_minor")
    assert table["balance_minor"][-1].as_py() == 0
    gone = total(table, "expected_principal_minor") + total(table, "expected_defaulted_minor")
    assert abs(total(table, "expected_disbursed_minor") - gone) <= 3 * table.num_rows
    assert abs(table["expected_balance_minor"][-1].as_py()) <= 1


@given(st.floats(0.01, 1), st.floats(0, 0.9), st.floats(0, 1))
def test_a_loan_owed_whole_to_its_end_loses_what_a_decision_expects(take_up, default, lgd):
    """Interest first: who defaults at any time owes the whole, so the loss is u x pd x LGD."""
    terms = contract(yuan=1_000_000).terms
    table = flow_of([Contract("L", "P", "D", "x", terms, take_up, default, lgd)])
    lost = total(table, "expected_defaulted_minor") - total(table, "expected_recovered_minor")
    assert lost == pytest.approx(terms.principal * take_up * default * lgd, abs=30)


def test_a_loan_that_cannot_default_is_expected_as_promised():
    each = contract(yuan=120_000, method=Method.EQUAL_PRINCIPAL)
    table = flow_of([Contract("L", "P", "D", "x", each.terms, 1.0, 0.0, 0.45)])
    assert table["expected_principal_minor"] == table["principal_minor"]
    assert table["expected_interest_minor"] == table["interest_minor"]
    assert total(table, "expected_recovered_minor") == 0


def test_contracts_are_read_as_they_were_written():
    contracts = (contract("L-1"), contract("L-2", method=Method.BULLET))
    assert read_contracts(written(contracts)) == contracts
    with pytest.raises(InputError) as refused:
        read_contracts(written(contracts[:1]) + b'{"contract": 7}\n')
    assert "line 2" in refused.value.where


def test_money_is_paid_out_on_a_business_day():
    assert next_business_day(date(2019, 12, 31)) == date(2020, 1, 2)  # new year's day between
    assert next_business_day(date(2024, 2, 3)) == date(2024, 2, 4)  # a Sunday that is worked
    assert next_business_day(date(2024, 9, 30)) == date(2024, 10, 8)
    assert next_business_day(date(2150, 1, 1)) == date(2150, 1, 2)  # nobody knows its holidays


def test_terms_are_read_from_a_file():
    text = 'product = "p"\nmethod = "bullet"\ndays = "actual_360"\ngrace_days = 5\novedue = 1'
    with pytest.raises(MappingError, match="ovedue"):
        parse_standard_terms(text, "contract.toml")
    found = parse_standard_terms(text.replace("ovedue = 1", "overdue_markup = 0.3"), "c.toml")
    assert (found.method, found.penalty.grace_days) == (Method.BULLET, 5)
    assert found.penalty.overdue_markup == Decimal("0.3")
    terms = found.terms(10_000, Decimal("0.05"), date(2024, 8, 31), 6)
    assert terms.maturity == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "product"),
        ('product = "p"\nmethod = "weekly"', "equal_instalment"),
        ('product = "p"\ndue_day = 40', "1 to 31"),
        ('product = "p"\ngrace_days = "three"', "wrong type"),
        ('product = "p"\novedue_markup = ', "not TOML"),
    ],
)
def test_terms_that_cannot_be_are_refused_with_what_would_be_right(line, said):
    with pytest.raises(MappingError) as refused:
        parse_standard_terms(line, "contract.toml")
    assert said in f"{refused.value.problem} {refused.value.remedy}"
    assert "contract.toml" in refused.value.where
