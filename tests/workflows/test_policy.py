"""A policy is checked as a whole before any data are touched."""

import pytest

from headrace.errors import MappingError
from headrace.packs import load
from headrace.workflows.policy import parse_policy, remarks

PACK = load("sme_invoices")
FILES = PACK.require_lending().files


def changed(name: str, before: str, after: str):
    assert before in FILES[name]
    return PACK.with_files({name: FILES[name].replace(before, after, 1)})


def test_the_policy_as_shipped_has_nothing_dead_in_it():
    policy = parse_policy(PACK)
    assert set(policy.tables) == {"access", "limit"}
    assert policy.economics.budget_minor == 10_000_000_000
    assert not [each.en for each in remarks(policy) if "never speaks" in each.en]
    assert len({len(digest) for digest in policy.digests.values()} - {64}) == 0


def test_the_same_policy_under_another_budget():
    policy = parse_policy(PACK)
    assert policy.with_budget(None) is policy
    assert policy.with_budget(5_000_000_00).economics.budget_minor == 5_000_000_00


@pytest.mark.parametrize(
    ("name", "before", "after", "where", "remedy"),
    [
        ("access.csv", "history_short", "history_shrt", "row 8", "history_short"),
        ("access.csv", "refer,trade_ring", "perhaps,trade_ring", "out:outcome", "approve"),
        ("access.csv", "in:sales_void_share", "in:sales_voidshare", "in:sales_voidshare",
         "sales_void_share"),
        ("limit.csv", "out:turnover_share", "out:share", "limit.csv, header", "out:turnover_share"),
        ("limit.csv", "0.30", "30", "row 6", "from 0 to 1"),
        ("scenarios.csv", "sales_month_mean,*0.70", "sales_mean,*0.70", "row 2", "meant?"),
        ("industries.csv", "word,industry", "words,industry", "industries.csv", "found"),
        ("economics.toml", "lgd", "lgdd", "economics.toml", "lgd"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_and_the_cure(name, before, after, where, remedy):
    with pytest.raises(MappingError) as error:
        parse_policy(changed(name, before, after))
    assert where in str(error.value)
    assert remedy in str(error.value)


def test_a_rule_that_can_never_speak_is_remarked_on():
    dead = changed("access.csv", "-,-,< 6,", "-,-,-,")
    said = [each.en for each in remarks(parse_policy(dead)) if "access.csv" in each.en]
    assert said
    assert all("never speaks, because row 8 is met" in each for each in said)


def test_an_industry_that_no_word_gives_is_remarked_on():
    strange = changed("scenarios.csv", "建筑业,sales_month_mean", "航天业,sales_month_mean")
    (said,) = [each for each in remarks(parse_policy(strange)) if "航天业" in each.zh]
    assert "(property)" in said.en
