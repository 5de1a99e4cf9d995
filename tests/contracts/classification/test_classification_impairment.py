"""Stages of expected loss and provisions beside the classes; and files of tables."""

from datetime import date
from decimal import Decimal
from importlib.resources import files

import numpy as np
import pytest
from claim_books import ON

from headrace.contracts.classification.claims import claims_of
from headrace.contracts.classification.grading import classify
from headrace.contracts.classification.impairment import provisions, stages
from headrace.contracts.classification.tables import (
    IDENTIFIERS,
    Reason,
    read_tables,
    shipped_tables,
)
from headrace.errors import InputError, MappingError

TABLES = shipped_tables()
TEXT = files("headrace.contracts.classification").joinpath("tables_cn.toml").read_text("utf-8")
NAN = float("nan")


@pytest.mark.parametrize(
    ("days", "impaired", "now", "then", "found"),
    [
        (0, 0, 0.01, 0.01, (1, False, False)),
        (30, 0, 0.01, 0.01, (1, False, False)),
        (31, 0, 0.01, 0.01, (2, True, False)),
        (90, 0, 0.01, 0.01, (2, True, False)),
        (91, 0, 0.01, 0.01, (3, True, False)),
        (0, 1, 0.01, 0.01, (3, False, False)),
        (0, 0, 0.05, 0.02, (2, False, False)),  # 2.5 times
        (0, 0, 0.0499, 0.02, (1, False, False)),
        (0, 0, 0.006, 0.002, (1, False, False)),  # three times, but by less than 0.5 %
        (31, 0, 0.05, 0.02, (2, False, False)),
        (0, 0, NAN, 0.02, (1, False, True)),
        (0, -1, 0.01, 0.01, (1, False, True)),
        (31, 0, NAN, NAN, (2, True, False)),
        (91, -1, NAN, NAN, (3, True, False)),
    ],
)
def test_a_stage_says_whether_days_set_it_and_whether_facts_lack(days, impaired, now, then, found):
    claims = claims_of(1, debtor=[0], amount=[1], days_past_due=[days], impaired=[impaired])
    given = stages(claims, np.array([now]), np.array([then]), TABLES, ON)
    assert (given.stage[0], given.by_backstop[0], given.unjudged[0]) == found


def test_provisions_by_class_are_rounded_half_up_to_the_fen():
    claims = claims_of(
        5,
        debtor=range(5),
        amount=[1_050, 125, 10, 1, 10**15],
        days_past_due=[0, 1, 91, 271, 361],
    )
    grades = classify(claims, TABLES, ON)
    found = provisions(claims, grades, TABLES, ON)
    # 1 % of 10.50, 2 % of 1.25, 25 % of 0.10, 50 % of 0.01, all of the last
    assert found.amount.tolist() == [11, 3, 3, 1, 10**15]
    assert found.total == 10**15 + 18
    assert (found.balance, found.bad) == (10**15 + 1_186, 10**15 + 11)
    assert found.least == -(-3 * found.bad // 2)
    assert found.coverage(found.bad * 2) == 2
    assert found.to_loans(0) == 0


def test_ratios_of_nothing_are_none_and_loans_ask_for_two_and_a_half_per_cent():
    claims = claims_of(1, debtor=[0], amount=[1001], days_past_due=[0])
    found = provisions(claims, classify(claims, TABLES, ON), TABLES, ON)
    assert found.coverage(5) is None
    assert found.least == 26
    empty = claims_of(0, debtor=[], amount=[], days_past_due=[])
    assert provisions(empty, classify(empty, TABLES, ON), TABLES, ON).to_loans(5) is None


def test_before_its_rule_there_is_no_answer():
    claims = claims_of(1, debtor=[0], amount=[1], days_past_due=[0])
    old = date(1999, 1, 1)
    with pytest.raises(InputError, match="stages"):
        stages(claims, np.array([0.1]), np.array([0.1]), TABLES, old)
    with pytest.raises(InputError, match="provisions"):
        provisions(claims, classify(claims, TABLES, old), TABLES, old)


def test_every_rule_ships_cited_and_none_pretends_to_be_verified():
    assert {rule.reason for rule in TABLES.rules} == set(IDENTIFIERS.values())
    assert set(IDENTIFIERS.values()) == set(Reason) - {Reason.NONE}
    every = (*TABLES.rules, *TABLES.stages, *TABLES.provisions, *TABLES.ratios)
    assert not any(each.verified for each in every)
    assert all(each.source.read for each in every)
    assert TABLES.provision_rule(ON).shares[1] == Decimal("0.02")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "misused"', 'id = "mood"', "There is no rule 'mood'"),
        ('source = "cards"', 'source = "x"', "There is no source 'x'"),
        ("above_days = 270", "above_days = -1", "'above_days' is -1"),
        ("above_days = 270", "", "The key 'above_days' is missing"),
        ("above_share = 0.10", "above_share = 1.10", "'above_share' is 1.10"),
        ("above_share = 0.10", "above_share = 0.1234567", "at most 6 decimals"),
        ('grade = "loss"', 'grade = "awful"', "'awful' is no grade"),
        ('grade = "loss"', 'grade = "normal"', "A rule sets 'normal'"),
        ('kinds = ["card"]', 'kinds = ["dog"]', "'dog' is no kind"),
        ('kinds = ["card"]', 'kinds = "card"', "a list of words"),
        ("from = 2011-01-13", 'from = "2011"', "a day such as"),
        ("verified = false\n", 'verified = "no"\n', "true or false"),
        ('article = ""\n', "article = 1\n", "text in quotes"),
        ("months = 6", "months = 6\nyears = 1", "'years' is not known"),
        ("doubtful = 0.50", "", "'doubtful' is None"),
        ("to_bad = 1.50", 'to_bad = "much"', "'to_bad' is 'much'"),
        ("[[ratio]]", "[ratio]", "not a list of tables"),
        ("[[ratio]]", "[[ratios]]", "'ratios' is not known"),
        ("[[ratio]]", "[[ratio", "not TOML"),
    ],
)
def test_a_wrong_table_is_refused_with_the_place(old, new, message):
    assert old in TEXT
    with pytest.raises(MappingError) as raised:
        read_tables(TEXT.replace(old, new, 1), "own.toml")
    assert message in str(raised.value)
    assert "own.toml" in str(raised.value)


def test_a_bank_may_set_its_own_number_and_end_a_version():
    own = read_tables(TEXT.replace("above_share = 0.10", "above_share = 0.05"), "own.toml")
    claims = claims_of(1, debtor=[0, 0], amount=[60, 940], days_past_due=[91, 0])
    assert classify(claims, TABLES, ON).grade.tolist() == [2, 1]
    assert classify(claims, own, ON).grade.tolist() == [2, 2]
    rule = TEXT[TEXT.index('[[rule]]\nid = "misused"') : TEXT.index('[[rule]]\nid = "refinanced"')]
    with pytest.raises(MappingError, match="Two versions are in force on 2025-01-01"):
        read_tables(TEXT + rule.replace("2023-07-01", "2025-01-01"), "own.toml")
