"""The rule book: what ships is complete and cited; what is wrong is named."""

from datetime import date
from decimal import Decimal

import pytest
from groups_story import BOOK, TEXT

from headrace.errors import MappingError
from headrace.graph.groups.rules import KNOWN_RULES, Denominator, Measure, Scope, read_rules


def test_the_book_that_ships_has_every_rule_and_every_scope():
    assert {rule.id for rule in BOOK.rules} == set(KNOWN_RULES)
    assert {limit.scope for limit in BOOK.limits} == set(Scope)
    assert {limit.denominator for limit in BOOK.limits} == set(Denominator)
    assert {limit.measure for limit in BOOK.limits} == set(Measure)


def test_everything_is_cited_in_both_languages():
    for entry in (*BOOK.rules, *BOOK.limits):
        assert entry.zh
        assert entry.en
        assert entry.article
        assert BOOK.sources[entry.source].read


def test_nothing_claims_to_be_verified_that_nobody_read():
    assert not any(entry.verified for entry in (*BOOK.rules, *BOOK.limits))


@pytest.mark.parametrize(
    ("limit", "share", "denominator"),
    [
        ("limit.one", "0.15", "tier1_net"),
        ("limit.group", "0.20", "tier1_net"),
        ("limit.interbank_one", "0.25", "tier1_net"),
        ("limit.loans_one", "0.10", "net"),
        ("limit.group_credit", "0.15", "net"),
        ("limit.related_one", "0.10", "prior_quarter_net"),
        ("limit.related_group", "0.15", "prior_quarter_net"),
        ("limit.related_all", "0.50", "prior_quarter_net"),
    ],
)
def test_limits_and_what_they_are_a_share_of(limit, share, denominator):
    (found,) = (each for each in BOOK.limits if each.id == limit)
    assert found.share == Decimal(share)
    assert found.denominator == denominator


def test_a_rule_is_in_force_from_its_day_on():
    names = {rule.id for rule in BOOK.on(date(2022, 2, 28)).rules}
    assert "related.holder" not in names
    assert "group.control" in names
    assert "related.holder" in {rule.id for rule in BOOK.on(date(2022, 3, 1)).rules}


def test_a_new_version_takes_over_on_its_day():
    old = TEXT.replace(
        'id = "related.holder"\n', 'id = "related.holder"\neffective_until = 2026-12-31\n'
    )
    start = TEXT.index('[[rule]]\nid = "related.holder"\n')
    new = TEXT[start : TEXT.index("[[rule]]", start + 8)]
    new = new.replace("2022-03-01", "2027-01-01").replace("0.05", "0.03")
    book = read_rules(old + new, "bank.toml")
    thresholds = [
        book.on(day).get("related.holder")[1].threshold
        for day in (date(2026, 12, 31), date(2027, 1, 1))
    ]
    assert thresholds == [Decimal("0.05"), Decimal("0.03")]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("threshold = 0.05\n", "threshold = 5\n", "'threshold' is 5"),
        ("threshold = 0.05\n", "threshold = true\n", "'threshold' is True"),
        ("threshold = 0.05\n", "threshold = 0.0500000001\n", "'threshold' is"),
        ("threshold = 0.05\n", "", "The key 'threshold' is missing"),
        ('scope = "related_all"', 'scope = "all"', "'scope' is 'all'"),
        ("share = 0.50", 'share = "50%"', "'share' is '50%'"),
        ('id = "related.holder"\n', 'id = "related.owner"\n', "There is no rule 'related.owner'"),
        ('source = "bank_law"', 'source = "law"', "There is no source 'law'"),
        ("signs_min = 2", "signs_min = -2", "'signs_min' is -2"),
        ("months_back = 12", "months_behind = 12", "'months_behind' is not known"),
        ("\nverified = false", '\nverified = "no"', "'verified' is 'no'"),
        ("1995-07-01", '"1995"', "'effective_from' is '1995'"),
        ("state_heads = false", "state_heads = 0", "'state_heads' is 0"),
        ('roles = ["income", "收入"]', 'roles = "income"', "'roles' is 'income'"),
        ("[setting]", "[settings]", "The key 'settings' is not known"),
        ("[setting]", "[setting", "The file is not TOML"),
    ],
)
def test_a_wrong_entry_is_named(old, new, problem):
    assert old in TEXT
    with pytest.raises(MappingError) as caught:
        read_rules(TEXT.replace(old, new, 1), "bank.toml")
    assert problem in caught.value.problem
    assert "bank.toml" in caught.value.where


def test_two_versions_on_one_day_are_refused():
    start = TEXT.index('[[rule]]\nid = "related.holder"\n')
    again = TEXT[start : TEXT.index("[[rule]]", start + 8)]
    with pytest.raises(MappingError, match="Two versions are in force on 2022-03-01"):
        read_rules(TEXT + again, "bank.toml")


def test_a_rule_that_ends_before_it_begins_is_refused():
    text = TEXT.replace(
        'id = "related.holder"\n', 'id = "related.holder"\neffective_until = 2000-01-01\n'
    )
    with pytest.raises(MappingError, match="ends before it begins"):
        read_rules(text, "bank.toml")


def test_a_missing_key_is_named():
    text = TEXT.replace('article = "第三十九条"\n', "")
    with pytest.raises(MappingError, match="The key 'article' is missing"):
        read_rules(text, "bank.toml")


def test_a_rule_must_be_a_list_of_tables():
    with pytest.raises(MappingError, match="not a list of tables"):
        read_rules("rule = [1]\n", "bank.toml")
