"""Contracts of the shipped products: the examples are legal, each change in the table is not."""

from datetime import date
from decimal import Decimal

import pytest
from term_changes import DAY, changed, compiled, illegal_terms

from headrace.contracts.products.catalogue import shipped_products, shipped_rules
from headrace.contracts.products.compiler import check_terms
from headrace.contracts.products.findings import refused
from headrace.contracts.products.rules import Severity
from headrace.errors import InputError

ILLEGAL = illegal_terms()


def example_of(code: str):
    example = shipped_products()[code].example
    return dict(example["terms"]), dict(example["facts"])


@pytest.mark.parametrize("code", shipped_products())
def test_the_example_of_a_product_is_legal_and_nothing_about_it_is_unknown(code):
    assert changed(code, "") == ()


@pytest.mark.parametrize("row", ILLEGAL, ids=lambda row: f"{row.product}-{row.change}-{row.rule}")
def test_a_change_is_found_by_the_rule_it_breaks(row):
    found = {each.rule: each for each in changed(row.product, row.change, row.signed)}
    assert row.rule in found
    assert found[row.rule].severity == row.severity


def test_every_rule_of_law_in_every_version_has_an_illegal_example():
    shown = {(row.rule, date.fromisoformat(row.signed) if row.signed else DAY) for row in ILLEGAL}
    missing = [
        f"{rule.id} from {rule.since}"
        for rule in shipped_rules().rules
        if not any(name == rule.id and rule.in_force(day) for name, day in shown)
    ]
    assert not missing


def test_at_the_very_bound_a_contract_is_legal():
    for code, change in (
        ("voucher_financing", "end=2026-09-02"),
        ("share_pledge", "amount=50_000_000_00"),
        ("order_loan", "exposure_customer=1_500_000_000_00"),
        ("order_loan", "payment=self;single_payment=10_000_000_00"),
        ("talent_loan", "pool_liability=2_000_000_000_00"),
        ("franchise", "lender=private;compound_on=interest;all_in_rate=0.12"),
    ):
        assert not refused(changed(code, change)), (code, change)


def test_what_nobody_stated_is_unknown_not_zero():
    terms, facts = example_of("order_loan")
    del facts["exposure_customer"], terms["penalty_uplift"]
    found = check_terms(compiled("order_loan"), terms, facts)
    assert {(each.rule, each.field, each.severity) for each in found} == {
        ("bank.exposure_one", "exposure_customer", Severity.UNKNOWN),
        ("interest.penalty", "penalty_uplift", Severity.UNKNOWN),
        ("product.penalty_uplift", "penalty_uplift", Severity.UNKNOWN),
    }
    del facts["tier1_net"]
    found = check_terms(compiled("order_loan"), terms, facts)
    assert ("bank.exposure_group", "tier1_net") in {(each.rule, each.field) for each in found}


def test_an_open_condition_names_the_fact_that_would_decide():
    terms, facts = example_of("factoring_recourse")
    del facts["buyer_large"]
    terms["payment_days"] = 90
    (found,) = check_terms(compiled("factoring_recourse"), terms, facts)
    assert (found.rule, found.field) == ("payment.sixty_days", "buyer_large")
    assert found.severity is Severity.UNKNOWN
    terms["payment_days"] = 60  # whatever the buyer is, the rule holds
    assert check_terms(compiled("factoring_recourse"), terms, facts) == ()


def test_the_law_of_the_day_of_the_contract_counts():
    before = changed("green_loan", "payment=self;single_payment=8_000_000_00;green_catalogue=2021",
                     "2024-06-30")  # fmt: skip
    after = changed("green_loan", "payment=self;single_payment=8_000_000_00", "2026-03-02")
    assert "fixed_asset.entrusted" in {each.rule for each in before}
    assert "fixed_asset.entrusted" not in {each.rule for each in after}


def test_a_voucher_before_the_notice_was_not_limited_by_it():
    found = changed("voucher_financing", "end=2027-06-13;start=2025-06-13", "2025-06-14")
    assert not any(each.rule.startswith("voucher.") for each in found)


def test_the_finding_says_what_would_be_right():
    found = {
        each.rule: each for each in changed("talent_loan", "guaranteed_customer=20_000_000_01")
    }
    assert found["guarantor.one"].high == 20_000_000_00
    late = {each.rule: each for each in changed("voucher_financing", "end=2027-03-03")}
    assert (late["voucher.term"].value, late["voucher.term"].high) == (13, 12)
    clause = late["voucher.term"].clause
    assert (clause.article, clause.number) == ("第十一条", "银发〔2025〕77号")
    assert (clause.since, clause.verified) == (date(2025, 6, 15), False)


def test_worst_comes_first():
    found = changed("voucher_financing", "end=2027-03-03;payment_days=90")
    assert [each.severity for each in found] == [Severity.REFUSE] * 2 + [Severity.WARN] * 2


def test_a_share_of_an_odd_amount_is_rounded_down():
    found = changed(
        "talent_loan",
        "guarantor_net_assets=199_999_999_99;guaranteed_customer=20_000_000_00;pool_liability=0",
    )
    assert {each.rule: each.high for each in found} == {"guarantor.one": Decimal(19_999_999_99)}


def test_terms_must_say_when_they_were_signed():
    terms, facts = example_of("order_loan")
    del terms["signed"]
    with pytest.raises(InputError, match="signed"):
        check_terms(compiled("order_loan"), terms, facts)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("colour", "red", "There is no field 'colour'"),
        ("amount", 1.5, "whole minor units"),
        ("amount", Decimal("1.5"), "whole minor units"),
        ("amount", True, "whole minor units"),
        ("rate", 0.05, "an exact fraction"),
        ("rate", Decimal("NaN"), "an exact fraction"),
        ("method", "magic", "does not know 'magic'"),
        ("method", ["bullet", "any_day"], "one word"),
        ("collateral", [1], "a list of words"),
        ("end", "2026-08-28", "a calendar day"),
        ("lpr_1y", Decimal("0.03"), "stated twice"),
    ],
)
def test_a_wrong_term_is_an_error_that_says_what_would_be_right(name, value, message):
    terms, facts = example_of("order_loan")
    with pytest.raises(InputError, match=message):
        check_terms(compiled("order_loan"), terms | {name: value}, facts)


def test_a_due_day_before_the_first_day_is_an_error():
    terms, facts = example_of("order_loan")
    with pytest.raises(InputError, match="before the first day"):
        check_terms(compiled("order_loan"), terms | {"end": date(2026, 3, 1)}, facts)


def test_flags_may_be_true_or_false():
    terms, facts = example_of("order_loan")
    found = check_terms(compiled("order_loan"), terms | {"forfeit_clause": True}, facts)
    assert [each.rule for each in found] == ["collateral.forfeit"]
    assert check_terms(compiled("order_loan"), terms | {"forfeit_clause": False}, facts) == ()


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("term_months", 6, 7),
        ("rate_spread", Decimal("0.015"), Decimal("0.02")),
        ("advance_rate", Decimal("0.5"), Decimal("0.6")),
    ],
)
def test_what_follows_from_other_terms_may_not_be_stated_otherwise(name, right, wrong):
    terms, facts = example_of("order_loan")
    assert check_terms(compiled("order_loan"), terms | {name: right}, facts) == ()
    with pytest.raises(InputError, match=f"'{name}' is {wrong}"):
        check_terms(compiled("order_loan"), terms | {name: wrong}, facts)
