"""Contracts of a run are judged by their product and by the rules of the day."""

from dataclasses import replace
from decimal import Decimal

import pytest

from headrace.contracts.products.rules import Severity
from headrace.errors import InputError
from headrace.workflows.contract_check import check_contracts
from headrace.workflows.contracts import scheduled, without
from loan_sample import STANDARD, contract

LEGAL = replace(STANDARD, product="invoice_revolving")


def findings_of(*contracts, standard=LEGAL):
    found = check_contracts(scheduled(contracts), standard)
    return found, {(row["severity"], row["rule"]): row for row in found.findings.to_pylist()}


def test_a_usual_contract_is_not_refused_and_what_nobody_stated_is_asked_once():
    found, rows = findings_of(contract("L-1", 200_000), contract("L-2", 300_000))
    assert found.refused == frozenset()
    assert rows[("unknown", "bank.loans_one")]["contracts"] == 2
    assert found.count(Severity.UNKNOWN) == found.findings.num_rows
    assert "资本" in rows[("unknown", "bank.loans_one")]["zh"]


def test_terms_outside_of_the_product_are_refused_and_named():
    dear, usual = contract("L-1", 200_000, rate="0.30"), contract("L-2", 200_000)
    small = contract("L-3", 10)
    found, rows = findings_of(dear, usual, small)
    assert found.refused == {"L-1", "L-3"}
    assert rows[("refuse", "product.rate_spread")]["first"] == "L-1"
    assert rows[("refuse", "product.amount")]["first"] == "L-3"
    kept = without(scheduled((dear, usual, small)), found.refused)
    assert [each.contract for each in kept.contracts] == ["L-2"]
    assert kept.cash_flow["disbursed_minor"][0].as_py() == 20_000_000


def test_a_penalty_beyond_the_rules_is_refused():
    standard = replace(LEGAL, penalty=replace(STANDARD.penalty, overdue_markup=Decimal("0.8")))
    terms = standard.terms(20_000_000, Decimal("0.08"), contract().terms.start, 12)
    found, rows = findings_of(replace(contract(), terms=terms), standard=standard)
    assert found.refused == {"L-1"}
    assert any("penalty" in rule for severity, rule in rows if severity == "refuse")


def test_an_unknown_product_is_said():
    with pytest.raises(InputError, match="no product") as refused:
        findings_of(contract(), standard=replace(LEGAL, product="magic"))
    assert "invoice_revolving" in refused.value.remedy
