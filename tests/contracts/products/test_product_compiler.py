"""Products that allow illegal terms do not compile; what compiles keeps its contracts legal."""

from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from term_changes import DAY

from headrace.contracts.products.catalogue import shipped_products, shipped_rules
from headrace.contracts.products.compiler import check_terms, compile_product
from headrace.contracts.products.definition import read_product
from headrace.contracts.products.findings import refused
from headrace.contracts.products.rules import Severity

FOLDER = files("headrace.contracts.products").joinpath("catalogue")


def with_change(code: str, old: str, new: str):
    text = FOLDER.joinpath(f"{code}.toml").read_text(encoding="utf-8")
    assert old in text
    return read_product(text.replace(old, new, 1), f"{code}.toml")


@pytest.mark.parametrize("code", shipped_products())
def test_every_shipped_product_compiles(code):
    compiled = compile_product(shipped_products()[code], shipped_rules(), DAY)
    assert compiled.product is not None
    assert compiled.product.warnings == compiled.findings
    assert all(each.severity is Severity.WARN for each in compiled.findings)


@pytest.mark.parametrize(
    ("code", "old", "new", "rule"),
    [
        ("voucher_financing", "min = 0, max = 12", "min = 0, max = 18", "voucher.term"),
        ("voucher_financing", '"voucher@movables_register"', '"deposit@movables_register"',
         "voucher.registered"),
        ("voucher_financing", 'platform_pools = ["no"]', 'platform_pools = ["no", "yes"]',
         "voucher.platform_pools"),
        ("voucher_financing", 'settled_by_bank = ["yes"]', 'settled_by_bank = ["yes", "no"]',
         "voucher.settled_by_bank"),
        ("patent_pledge", '"patent@patent_register"', '"patent@movables_register"',
         "register.patent"),
        ("patent_pledge", '"patent@patent_register"', '"patent@movables_register"',
         "register.not_movables"),
        ("factoring_no_recourse", '["dispute_buyback"]', '["buyback"]',
         "factoring.without_recourse"),
        ("order_loan", 'purpose = ["working_capital"]', 'purpose = ["working_capital", "equity"]',
         "working_capital.purpose"),
        ("order_loan", "min = 1, max = 12", "min = 1, max = 72", "working_capital.term"),
        ("order_loan", 'interest_in_advance = ["no"]', 'interest_in_advance = ["yes"]',
         "interest.in_advance"),
        ("order_loan", "min = 0.30, max = 0.50", "min = 0.30, max = 0.80", "interest.penalty"),
        ("order_loan", "min = 0.50, max = 1.00", "min = 0.20, max = 1.00", "interest.misuse"),
        ("share_pledge", "max = 0.50", "max = 0.65", "shares.pledge_rate"),
        ("inventory_static", 'supervisor_for = ["lender"]', 'supervisor_for = ["borrower"]',
         "inventory.supervisor_for"),
        ("green_loan", 'green_catalogue = ["2025"]', 'green_catalogue = ["2019"]',
         "green.catalogue"),
        ("talent_loan", "min = 1, max = 60", "min = 1, max = 121", "personal.business_term"),
    ],
)  # fmt: skip
def test_a_product_that_allows_what_the_law_forbids_is_refused(code, old, new, rule):
    compiled = compile_product(with_change(code, old, new), shipped_rules(), DAY)
    assert compiled.product is None
    assert rule in {each.rule for each in compiled.findings if each.severity is Severity.REFUSE}


def test_what_is_illegal_for_one_of_several_lenders_waits_for_the_terms():
    definition = with_change("factoring_recourse", 'receivable = ["existing"]',
                             'receivable = ["existing", "future"]')  # fmt: skip
    product = compile_product(definition, shipped_rules(), DAY).product
    assert product is not None
    facts = definition.example["facts"]
    terms = definition.example["terms"] | {"receivable": ["future"]}
    assert refused(check_terms(product, terms, facts))  # a bank
    assert not refused(check_terms(product, terms | {"lender": "factor"}, facts))


def test_the_law_of_the_day_of_compiling_counts():
    definition = with_change("voucher_financing", "min = 0, max = 12", "min = 0, max = 24")
    assert compile_product(definition, shipped_rules(), date(2025, 6, 14)).product is not None
    assert compile_product(definition, shipped_rules(), date(2025, 6, 15)).product is None


@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.sampled_from(["voucher_financing", "contract_loan", "household_pool"]),
)
def test_a_term_that_a_compiled_product_allows_is_not_refused_for_its_length(high, months, code):
    """The compiler is sound: what it lets through needs no second refusal by the same rule."""
    base = shipped_products()[code]
    bound = type(base.bounds["term_months"])(Decimal(0), Decimal(high))
    definition = type(base)(**{**vars(base), "bounds": {**base.bounds, "term_months": bound}})
    compiled = compile_product(definition, shipped_rules(), DAY)
    if compiled.product is None:
        assert high > 12
        return
    terms = {
        key: each for key, each in base.example["terms"].items() if key not in {"start", "end"}
    }
    found = check_terms(compiled.product, terms | {"term_months": months}, base.example["facts"])
    of_term = [e.rule for e in found if e.field == "term_months" and e.severity is Severity.REFUSE]
    if months <= high:
        assert of_term == []
    else:
        assert of_term[0] == "product.term_months"
