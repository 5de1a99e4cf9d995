"""Schemes and rules as data: what ships is dated, cited, unverified; what is wrong is named."""

from datetime import date
from decimal import Decimal

import pytest

from headrace.contracts.sharing.book import read_book, shipped
from headrace.errors import MappingError

SOURCE = '[[source]]\nid = "s"\nzh = "来源"\nen = "source"\nnumber = "1"\nread = "nothing"\n'
RULE = (
    SOURCE + '[[rule]]\nid = "r"\nzh = "规则"\nen = "rule"\nsource = "s"\narticle = "一"\n'
    "effective_from = 2020-01-01\nverified = false\nvalue = 0.3\n"
)


def test_what_ships_is_cited_and_says_that_nobody_read_the_text():
    book = shipped()
    assert {listed.scheme.id for listed in book.schemes} == {
        "zhengyindan_4321", "national_fund", "compensation_pool", "credit_insurance", "first_loss",
    }  # fmt: skip
    for entry in [*book.schemes, *book.rules]:
        assert not entry.verified
        assert entry.source.read
        assert entry.source.number
    for rule in book.rules:
        assert rule.source.zh in rule.clause


@pytest.mark.parametrize(
    ("identifier", "value"),
    [
        ("guarantor.leverage", "10"),
        ("guarantor.leverage_small", "15"),
        ("joint.partner_share_min", "0.3"),
        ("pool.leverage", "12"),
    ],
)
def test_rules_have_their_numbers(identifier, value):
    assert shipped().rule(identifier, date(2024, 1, 1)).value == Decimal(value)


def test_a_rule_is_in_force_within_its_dates():
    book = read_book(RULE.replace("verified", "effective_until = 2021-12-31\nverified"), "own.toml")
    assert book.rule("r", date(2019, 12, 31)) is None
    assert book.rule("r", date(2020, 1, 1)).value == Decimal("0.3")
    assert book.rule("r", date(2022, 1, 1)) is None


def test_a_scheme_outside_its_dates_is_an_error_that_names_those_there_are():
    with pytest.raises(MappingError, match="zhengyindan_4321"):
        shipped().scheme("zhengyindan_4321", date(2000, 1, 1))


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("value = 0.3", "value = -1", "value"),
        ("value = 0.3", 'value = "a"', "value"),
        ("value = 0.3", "valve = 0.3", "valve"),
        ('source = "s"', 'source = "t"', "no source 't'"),
        ("verified = false", "verified = 0", "verified"),
        ("2020-01-01", "2020", "dates"),
        ('zh = "规则"', "zh = 3", "zh"),
        ("[[rule]]", "[[rule", "not TOML"),
    ],
)
def test_what_is_wrong_is_named(before, after, problem):
    with pytest.raises(MappingError, match=problem):
        read_book(RULE.replace(before, after), "own.toml")


SCHEME = (
    SOURCE + '[[scheme]]\nid = "x"\nzh = "方案"\nen = "scheme"\nsource = "s"\nresidual = "bank"\n'
    'base = "none"\neffective_from = 2020-01-01\nverified = true\nrecovery = "last_first"\n'
    '[[scheme.layer]]\nid = "l"\nzh = "层"\nen = "layer"\nshares = { a = 0.25, b = 0.75 }\n'
    'cap_loan_minor = 100\nonly = ["A"]\n'
)


def test_a_scheme_is_read_as_written():
    scheme = read_book(SCHEME, "own.toml").scheme("x", date(2020, 1, 1))
    assert scheme.parties == ("a", "b", "bank")
    assert scheme.recovery == "last_first"
    assert (scheme.layers[0].cap_loan_minor, scheme.layers[0].only) == (100, ("A",))


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("last_first", "somehow", "recovery"),
        ("cap_loan_minor = 100", "cap_loan_minor = 1.5", "whole number"),
        ("a = 0.25", 'a = "much"', "shares.a"),
        ("cap_loan_minor", "cap_lone_minor", "cap_lone_minor"),
    ],
)
def test_what_is_wrong_in_a_scheme_is_named(before, after, problem):
    with pytest.raises(MappingError, match=problem):
        read_book(SCHEME.replace(before, after), "own.toml")
