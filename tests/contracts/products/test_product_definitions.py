"""Files of products and of rules: what is read, and what is refused with its place and a remedy."""

from datetime import date
from importlib.resources import files

import pytest

from headrace.contracts.movements import ROLES
from headrace.contracts.products.catalogue import shipped_products, shipped_rules
from headrace.contracts.products.definition import read_product
from headrace.contracts.products.fields import FIELDS, months_begun
from headrace.contracts.products.rules import Form, read_rules
from headrace.contracts.products.vocabulary import WORDS_ZH
from headrace.errors import MappingError

ORDER = files("headrace.contracts.products").joinpath("catalogue/order_loan.toml")
NAMED = (
    "有追索权保理", "无追索权保理", "反向保理", "凭证", "先款后货", "保兑仓", "静态动产质押",
    "动态动产质押", "仓单质押", "订单贷", "合同贷", "中标贷", "采购贷", "代发工资贷", "加盟贷",
    "发票贷", "专利权质押", "人才贷", "农户", "家庭资产池", "绿色贷款", "碳配额质押", "认股选择权",
)  # fmt: skip
RULES = """
[[source]]
id = "s"
zh = "法"
en = "Law"
number = "1"
read = "nothing"

[[rule]]
id = "r"
zh = "规则"
en = "A rule"
source = "s"
article = ""
severity = "refuse"
form = "bound"
field = "term_months"
max = 12
from = 2020-01-01
verified = false
"""


def test_every_product_that_the_issue_names_ships():
    names = [each.zh for each in shipped_products().values()]
    assert all(any(named in name for name in names) for named in NAMED)


@pytest.mark.parametrize("code", shipped_products())
def test_a_product_names_its_file_its_accounts_and_its_ends(code):
    product = shipped_products()[code]
    assert product.code == code
    assert set(product.accounts) <= set(ROLES)
    assert product.watch
    assert product.always["documents"]
    assert product.always["conditions"]
    assert product.bounds["amount"].low > 0


def test_every_word_of_a_closed_list_has_a_chinese_name():
    words = {word for field in FIELDS.values() for word in field.words if "@" not in word}
    assert not {word for word in words if word not in WORDS_ZH and not word.isdigit()}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "order"', "", "'kind' is missing"),
        ('basis = "order"', 'basis = "hope"', "'basis' says 'hope'"),
        ('benchmark = "lpr_1y"', 'benchmark = "libor"', "'benchmark' says 'libor'"),
        ('pays = "buyer"', 'pays = "nobody"', "'pays' says 'nobody'"),
        ('"controlled_payment"', '"piggy_bank"', "'accounts' says 'piggy_bank'"),
        ('"order_cancelled"', '"bad_mood"', "'watch' says 'bad_mood'"),
        ('lender = ["bank"]', 'lender = ["uncle"]', "does not know 'uncle'"),
        ('lender = ["bank"]', "lender = []", "It is"),
        ('lender = ["bank"]', "", "'choices' lacks 'lender'"),
        ("min = 1, max = 12", "min = 12, max = 1", "'min' 12 is above 'max' 1"),
        ("max = 0.70", "most = 0.70", "The key 'most' is not known"),
        ("advance_rate", "advanced_rate", "no number to be bounded"),
        ("term_months = {", "lender = {", "no number to be bounded"),
        ("rate_spread = { min = 0.000, max = 0.060 }", "", "'bounds' lacks 'rate_spread'"),
        ("amount = 2_000_000_00", "amount = 2.5", "'amount' is Decimal"),
        ("[example.facts]", "[example.guesses]", "'guesses' is not known"),
        ("[choices]", "[choices", "not TOML"),
        ("[always]", "[sometimes]", "'sometimes' is not known"),
    ],
)
def test_a_wrong_product_is_refused_with_the_place(old, new, message):
    text = ORDER.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(MappingError, match=r"order_loan\.toml") as raised:
        read_product(text.replace(old, new, 1), "order_loan.toml")
    assert message in str(raised.value)


def test_a_fee_is_a_rate_or_an_amount():
    text = ORDER.read_text(encoding="utf-8")
    fee = '\n[[fees]]\nname = "n"\nen = "Fee"\nzh = "费"\npaid_to = "lender"\n{}\n'
    product = read_product(text + fee.format("amount = 100_00"), "order_loan.toml")
    assert (product.fees[0].amount, product.fees[0].rate) == (100_00, 0)
    for wrong in ("rate = -0.1", 'amount = "ten"', "amount = 1.5"):
        with pytest.raises(MappingError, match="fee n"):
            read_product(text + fee.format(wrong), "order_loan.toml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('form = "bound"', 'form = "feeling"', "'form' is 'feeling'"),
        ('severity = "refuse"', 'severity = "perhaps"', "'severity' is 'perhaps'"),
        ('severity = "refuse"', 'severity = "unknown"', "'severity' is 'unknown'"),
        ('source = "s"', 'source = "t"', "There is no source 't'"),
        ('field = "term_months"', 'field = "mood"', "There is no field 'mood'"),
        ('field = "term_months"', 'field = "lender"', "does not fit the field 'lender'"),
        ("max = 12", "", "needs 'min' or 'max'"),
        ("max = 12", 'words = ["bank"]', "has no 'words'"),
        ("max = 12", 'max = "twelve"', "'max' is 'twelve'"),
        ('form = "bound"', 'form = "share"', "needs 'of'"),
        ("from = 2020-01-01", "", "'from' is missing"),
        ("from = 2020-01-01", 'from = "2020"', "'from' is '2020'"),
        ("from = 2020-01-01", "from = 2020-01-01\nuntil = 2019-01-01", "ends before it begins"),
        ("verified = false", 'verified = "yes"', "'verified' is missing"),
        ("verified = false", "verified = false\ncolour = 1", "The key 'colour' is not known"),
        ("verified = false", 'verified = false\nwhen = { lender = ["uncle"] }', "know 'uncle'"),
        ("verified = false", "verified = false\nwhen = { lender = 1 }", "no list of words"),
        (
            "verified = false",
            "verified = false\nwhen = { amount = 5 }",
            "The condition on 'amount'",
        ),
        ("[[rule]]", "[rule]", "not a list of tables"),
        ("[[rule]]", "[[rules]]", "'rules' is not known"),
    ],
)
def test_a_wrong_rule_is_refused_with_the_place(old, new, message):
    with pytest.raises(MappingError) as raised:
        read_rules(RULES.replace(old, new, 1), "own.toml")
    assert message in str(raised.value)
    assert "own.toml" in str(raised.value)


def test_two_versions_of_a_rule_are_not_in_force_together():
    again = RULES[RULES.index("[[rule]]") :].replace("2020-01-01", "2021-01-01")
    with pytest.raises(MappingError, match="Two versions are in force on 2021-01-01"):
        read_rules(RULES + again, "own.toml")
    ended = RULES.replace("from = 2020-01-01", "from = 2020-01-01\nuntil = 2020-12-31")
    book = read_rules(ended + again, "own.toml")
    assert [len(book.on(date(year, 6, 1))) for year in (2019, 2020, 2021)] == [0, 1, 1]


def test_changes_between_two_days_name_both_versions():
    changes = shipped_rules().changes(date(2024, 6, 30), date(2024, 7, 1))
    found = {each.id: each for each in changes}
    assert found["fixed_asset.entrusted"].before.source.number == "银监会令2009年第2号"
    assert found["fixed_asset.entrusted"].after.source.number == "金融监管总局令2024年第1号"
    assert found["working_capital.term"].before is None
    assert shipped_rules().changes(date(2026, 1, 1), date(2026, 1, 1)) == ()


def test_shipped_rules_are_cited_and_none_pretends_to_be_verified():
    for rule in shipped_rules().rules:
        assert not rule.verified
        assert rule.source.read
        assert rule.form in Form
        assert rule.zh.strip()
        assert rule.en.strip()
        if rule.source.read.startswith("Nothing"):
            assert not rule.article, "no article of a text that was not read"


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2026, 3, 2), date(2026, 3, 2), 0),
        (date(2026, 3, 2), date(2026, 3, 3), 1),
        (date(2026, 3, 2), date(2026, 9, 2), 6),
        (date(2026, 3, 2), date(2026, 9, 3), 7),
        (date(2025, 8, 31), date(2026, 2, 28), 6),
        (date(2025, 12, 31), date(2026, 12, 31), 12),
        (date(2024, 2, 29), date(2025, 2, 28), 12),
        (date(2024, 2, 29), date(2025, 3, 1), 13),
    ],
)
def test_months_are_counted_as_begun(start, end, months):
    assert months_begun(start, end) == months
