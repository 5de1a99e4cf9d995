"""Findings and tables as bankers read them, in both languages."""

from datetime import date

import pytest
from term_changes import DAY, changed, illegal_terms

from headrace.contracts.products.catalogue import shipped_products, shipped_rules
from headrace.contracts.products.findings import Language, finding_words
from headrace.contracts.products.sheet import (
    CHANGES,
    TERMS,
    changes_table,
    findings_table,
    terms_table,
)


def words(code: str, change: str, rule: str, language: Language) -> str:
    found = {each.rule: each for each in changed(code, change)}
    return finding_words(found[rule], language)


def test_a_voucher_too_long_is_refused_in_chinese_with_the_clause():
    assert words("voucher_financing", "end=2027-03-03", "voucher.term", Language.ZH) == (
        "不得：期限为13个月；不超过12个月；应收账款电子凭证付款期限最长不超过1年"
        "（《关于规范供应链金融业务 引导供应链信息服务机构更好服务中小企业融资有关事宜的通知》"
        "（银发〔2025〕77号）第十一条、2025-06-15起施行、未核实原文）"
    )


def test_and_in_english():
    assert words("voucher_financing", "end=2027-03-03", "voucher.term", Language.EN) == (
        "Refused: term is 13 months; at most 12 months; "
        "An electronic receivable voucher runs one year at most "
        "(Notice of six authorities on supply-chain finance, 银发〔2025〕77号, 第十一条, "
        "in force from 2025-06-15, official text not read)"
    )


def test_money_shares_words_and_lacking_articles_are_readable():
    found = words("talent_loan", "guaranteed_customer=20_000_000_01", "guarantor.one", Language.ZH)
    assert "对被担保人责任余额为¥20,000,000.01；不超过¥20,000,000" in found
    found = words("share_pledge", "amount=60_000_000_01", "shares.pledge_rate", Language.EN)
    assert "article not read" in found
    assert "at most 60%" in found
    found = words("patent_pledge", "registered=patent@movables_register", "register.patent",
                  Language.ZH)  # fmt: skip
    assert "专利权—动产融资统一登记公示系统；应有专利权—国家知识产权局" in found
    found = words("green_loan", "green_catalogue=2019", "product.green_catalogue", Language.EN)
    assert "it needs one of 2025" in found
    assert "(Green loan)" in found


@pytest.mark.parametrize("language", list(Language))
def test_every_illegal_example_has_words(language):
    for row in illegal_terms():
        for each in changed(row.product, row.change, row.signed):
            text = finding_words(each, language)
            assert "{" not in text
            assert "None" not in text


@pytest.mark.parametrize("code", shipped_products())
@pytest.mark.parametrize("language", list(Language))
def test_the_terms_of_a_product_are_a_table_of_field_value_bound_clause(code, language):
    definition = shipped_products()[code]
    table = terms_table(definition, shipped_rules(), DAY, language)
    assert table.schema == TERMS
    rows = table.to_pylist()
    shown = {row["field"] for row in rows}
    assert shown >= {*definition.bounds, *definition.choices, *definition.always}
    assert all((row["rule"] is None) == (row["clause"] is None) for row in rows)


def test_a_row_shows_what_the_product_and_what_the_law_allow():
    table = terms_table(shipped_products()["voucher_financing"], shipped_rules(), DAY, Language.EN)
    rows = [row for row in table.to_pylist() if row["field"] == "term_months"]
    assert [(row["value"], row["bound"], row["rule"]) for row in rows] == [
        ("0 months to 12 months", "at most 12 months", "voucher.term"),
        ("0 months to 12 months", "at most 6 months", "voucher.term_in_principle"),
    ]


def test_shares_of_another_number_are_said_as_such():
    table = terms_table(shipped_products()["talent_loan"], shipped_rules(), DAY, Language.ZH)
    bounds = {row["rule"]: row["bound"] for row in table.to_pylist()}
    assert bounds["guarantor.leverage"] == "不超过担保公司净资产的10倍"
    assert bounds["guarantor.one"] == "不超过担保公司净资产的10%"


def test_findings_and_changes_are_tables():
    found = changed("voucher_financing", "end=2027-03-03")
    rows = findings_table(found, Language.ZH).to_pylist()
    assert [row["rule"] for row in rows] == [each.rule for each in found]
    assert {row["severity"] for row in rows} == {"refuse", "warn"}
    changes = shipped_rules().changes(date(2025, 6, 14), date(2025, 6, 15))
    table = changes_table(changes, Language.EN)
    assert table.schema == CHANGES
    first = table.to_pylist()[0]
    assert first["before"] is None
    assert "银发〔2025〕77号" in first["clause_after"]
