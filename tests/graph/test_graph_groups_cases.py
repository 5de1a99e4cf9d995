"""Scenarios of tests/data/graph/groups_cases.toml."""

import tomllib
from pathlib import Path

import pytest
from groups_story import BOOK, groups, lines

CASES = tomllib.loads(
    (Path(__file__).parents[1] / "data" / "graph" / "groups_cases.toml").read_text("utf-8")
)["case"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["en"])
def test_who_belongs_together(case):
    found = groups(case["relations"], case.get("persons", ()), case.get("day", 400))
    assert lines(found) == sorted(case["expect"].strip().splitlines())


ELSEWHERE = {
    *("one.same", "group.common_control", "dependence.expenditure"),
    *("dependence.sales", "dependence.repayment", "dependence.same_source"),
}
"""Rules that have tests of their own."""


def test_every_rule_of_the_book_has_a_scenario_or_a_test_of_its_own():
    told = " ".join(case["expect"] for case in CASES)
    assert {rule.id for rule in BOOK.rules if rule.id not in told} == ELSEWHERE
