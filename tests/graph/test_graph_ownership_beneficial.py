"""Owners under rule sets, from relations: which test, which numbers, how certain, and why."""

import re
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from relation_facts import day, party_table, relation_table

from headrace.graph.ownership.beneficial import beneficial_owners, higher_of, standing, why
from headrace.graph.ownership.binding import relations_of
from headrace.graph.ownership.integrated import holders_of, solve
from headrace.graph.ownership.rulesets import (
    CN_BENEFICIAL_OWNERS,
    CN_RELATED_HOLDERS,
    MAJORITY_CONTROL,
    RULE_SETS,
    Among,
    Measure,
)
from headrace.graph.ownership.shares import Fault, read_shares
from headrace.graph.ownership.votes import no_agreements
from headrace.graph.relations.snapshot import as_of
from headrace.graph.relations.statements import statements_of
from strategies_ownership import PERSONS, holdings_of, registries

PEOPLE = ("安娜", "李博", "陈晨")


def snapshot_of(text):
    """Lines `who relation whom share about` as a snapshot; share as 60 or 20-30 per cent, or -."""
    rows = []
    for line in text.strip().splitlines():
        subject, relation, object_, share, about = [*line.split(), "-", "-"][:5]
        row = {"subject": subject, "relation": relation, "object": object_, "event_time": 0}
        row["known_time"] = 0
        if "-" in share.strip("-"):
            low, high = share.split("-")
            row |= {"share_min": int(low) / 100, "share_max": int(high) / 100}
        elif share != "-":
            row["share"] = int(share) / 100
        rows.append(row | ({} if about == "-" else {"about": about}))
    firms = sorted({row[end] for row in rows for end in ("subject", "object")})
    types = {name: "person" if name in PEOPLE else "company" for name in firms}
    types |= {name: "state" for name in firms if name == "国资委"}
    parties = [{"party": name, "type": each, "known_time": day(0)} for name, each in types.items()]
    return as_of(statements_of(relation_table(rows), party_table(parties)), day(90))


def stood(text):
    snapshot = snapshot_of(text)
    read = relations_of(snapshot)
    return snapshot, standing(read.equity, read.voting, read.agreements, read.persons)


def told(text, rules=CN_BENEFICIAL_OWNERS):
    """Company, owner, number of the test, low and high in whole per cent, certain."""
    snapshot, solved = stood(text)
    found = beneficial_owners(rules, solved)
    names = snapshot.names.to_pylist()
    return [
        (names[company], names[owner], int(test) + 1, round(100 * low), round(100 * high),
         bool(sure))
        for company, owner, test, low, high, sure in zip(
            found.company, found.owner, found.test, found.low, found.high, found.certain,
            strict=True,
        )
    ]  # fmt: skip


def test_a_quarter_through_two_chains_is_a_beneficial_owner():
    """安娜 has 30 % x 50 % + 10 % = 25 % of 茶厂."""
    text = """
        安娜 owns 控股 30
        李博 owns 控股 70
        控股 owns 茶厂 50
        安娜 owns 茶厂 10
        陈晨 owns 茶厂 40
    """
    rows = [row for row in told(text) if row[0] == "茶厂"]
    assert sorted(rows) == sorted(
        [("茶厂", "安娜", 1, 25, 25, True), ("茶厂", "李博", 1, 35, 35, True),
         ("茶厂", "陈晨", 1, 40, 40, True)]
    )  # fmt: skip


def test_the_proof_lists_the_chains_with_their_shares():
    text = """
        安娜 owns 控股 60
        控股 owns 茶厂 50
        安娜 owns 茶厂 10
        李博 owns 茶厂 40
        李博 owns 控股 40
    """
    snapshot, solved = stood(text)
    found = beneficial_owners(CN_BENEFICIAL_OWNERS, solved)
    company, owner = snapshot.node("茶厂"), snapshot.node("安娜")
    (row,) = np.flatnonzero((found.company == company) & (found.owner == owner))
    chains = why(found, int(row), solved)
    names = [[snapshot.names[party].as_py() for party in chain.parties] for chain in chains]
    assert names == [["安娜", "控股", "茶厂"], ["安娜", "茶厂"]]
    assert [chain.shares for chain in chains] == [(0.6, 0.5), (0.1,)]
    assert sum(chain.product for chain in chains) == pytest.approx(found.low[row])
    facts = [[snapshot.fact[edge].as_py() for edge in chain.edges] for chain in chains]
    assert facts == [["registry#1", "registry#2"], ["registry#3"]]
    assert found.of(company).tolist() == np.flatnonzero(found.company == company).tolist()


def test_votes_apart_from_capital_meet_the_second_test():
    text = """
        安娜 owns 科技 10
        李博 owns 科技 90
        安娜 votes 科技 60
        李博 votes 科技 40
    """
    rows = told(text)
    assert ("科技", "安娜", 2, 60, 60, True) in rows
    assert ("科技", "李博", 1, 90, 90, True) in rows


def test_control_without_a_quarter_meets_the_third_test():
    """51 % of 51 % of 51 % is 13 %, and yet 安娜 decides."""
    text = """
        安娜 owns 一号 51
        李博 owns 一号 49
        一号 owns 二号 51
        李博 owns 二号 49
        二号 owns 三号 51
        李博 owns 三号 49
    """
    rows = [row for row in told(text) if row[:2] == ("三号", "安娜")]
    assert rows == [("三号", "安娜", 3, 51, 51, True)]
    snapshot, solved = stood(text)
    found = beneficial_owners(CN_BENEFICIAL_OWNERS, solved)
    at = (found.company == snapshot.node("三号")) & (found.owner == snapshot.node("安娜"))
    steps = why(found, int(np.flatnonzero(at)[0]), solved)
    assert [snapshot.names[step.company].as_py() for step in steps] == ["一号", "二号", "三号"]


def test_a_share_known_in_bounds_makes_an_owner_possible_only():
    text = """
        安娜 owns 茶厂 20-30
        李博 owns 茶厂 70
    """
    assert told(text) == [("茶厂", "安娜", 1, 20, 30, False), ("茶厂", "李博", 1, 70, 80, True)]


def test_what_is_not_recorded_may_be_anybodys():
    rows = told("安娜 owns 茶厂 10")
    assert rows == [("茶厂", "安娜", 1, 10, 100, False)]


def test_partners_nominees_and_the_state():
    text = """
        安娜 general_partner 基金 1
        李博 limited_partner 基金 99
        基金 owns 茶厂 60
        国资委 owns 茶厂 10
        陈晨 owns 茶厂 30
        陈晨 nominee 李博 - 茶厂
    """
    rows = told(text)
    assert ("茶厂", "李博", 1, 89, 89, True) in rows  # 99 % of 60 %, and 30 % in 陈晨's name
    assert ("茶厂", "安娜", 3, 60, 60, True) in rows  # the general partner has 1 % and decides
    assert ("基金", "安娜", 3, 100, 100, True) in rows
    assert not any(row[1] in ("陈晨", "国资委") for row in rows)


def test_holders_of_five_per_cent_may_be_anybody_that_nobody_holds():
    text = """
        国资委 owns 银行 51
        安娜 owns 银行 5
        李博 owns 银行 4
        投资 owns 银行 40
    """
    found = {row[1] for row in told(text, CN_RELATED_HOLDERS) if row[5]}
    assert found == {"国资委", "安娜", "投资"}
    assert {row[1] for row in told(text, MAJORITY_CONTROL) if row[5]} == {"国资委"}


def test_only_the_companies_asked_for():
    text = "安娜 owns 甲 60\n安娜 owns 乙 60\n安娜 owns 丙 60"
    snapshot, solved = stood(text)
    asked = np.array([snapshot.node("乙")], np.int32)
    found = beneficial_owners(CN_BENEFICIAL_OWNERS, solved, asked)
    assert found.company.tolist() == asked.tolist()


def test_an_agreement_in_concert_and_a_contract_come_from_relations():
    text = """
        安娜 owns 科技 20
        李博 owns 科技 40
        陈晨 owns 科技 40
        安娜 acts_with 李博 - 科技
        陈晨 controls 外壳
    """
    rows = told(text)
    assert ("科技", "安娜", 3, 60, 60, True) in rows
    assert ("外壳", "陈晨", 3, 100, 100, True) in rows


@given(registries())
@settings(max_examples=30, deadline=None)
def test_the_higher_of_both_is_at_least_either(rows):
    equity = read_shares(holdings_of(rows), PERSONS)
    voting = read_shares(holdings_of([(h, c, s / 2, s / 2) for h, c, s, _ in rows]), PERSONS)
    solved = solve(higher_of(equity, voting))
    assert np.allclose(solve(equity).open, solved.open)
    for company in range(5):
        first, second = holders_of(solve(equity), company), holders_of(solved, company)
        assert np.allclose(first.low, second.low)


def test_on_a_loop_the_higher_of_both_stays_below_the_whole():
    capital = [(1, 0, 0.1, 0.1), (5, 0, 0.9, 0.9), (0, 1, 0.9, 0.9), (5, 1, 0.1, 0.1)]
    votes = [(1, 0, 0.9, 0.9), (5, 0, 0.1, 0.1), (0, 1, 0.95, 0.95), (5, 1, 0.05, 0.05)]
    equity = read_shares(holdings_of(capital), PERSONS)
    higher = higher_of(equity, read_shares(holdings_of(votes), PERSONS))
    total = np.bincount(higher.company, higher.share)
    assert total.tolist() == pytest.approx([1.0, 1.0])
    off_loop = read_shares(holdings_of([(5, 0, 0.2, 0.2), (6, 0, 0.8, 0.8)]), PERSONS)
    other = read_shares(holdings_of([(5, 0, 0.7, 0.7), (6, 0, 0.3, 0.3)]), PERSONS)
    assert sorted(higher_of(off_loop, other).share.tolist()) == [0.7, 0.8]


def test_rules_are_dated_cited_and_say_whether_the_text_was_read():
    for name, rules in RULE_SETS.items():
        assert name == rules.name
        assert rules.effective <= date(2026, 12, 31)
        assert rules.source
        assert rules.tests
        for test in rules.tests:
            assert 0 < test.share_min <= 0.5
            assert re.search(r"[一-鿿]", test.zh)
    assert CN_BENEFICIAL_OWNERS.among is Among.PERSONS
    assert [test.measure for test in CN_BENEFICIAL_OWNERS.tests] == [
        Measure.EQUITY, Measure.HIGHER, Measure.CONTROL
    ]  # fmt: skip
    assert not any(rules.verified for rules in RULE_SETS.values())


def test_faults_keep_the_place_of_the_relation():
    snapshot = snapshot_of("安娜 owns 茶厂 60\n李博 owns 茶厂 60")
    (finding,) = relations_of(snapshot).equity.findings
    assert finding.fault is Fault.WHOLE
    assert [snapshot.fact[edge].as_py() for edge in finding.edges] == ["registry#1", "registry#2"]


def test_capital_that_votes_is_read_once():
    read = relations_of(snapshot_of("安娜 owns 茶厂 60"))
    assert read.voting is read.equity
    solved = standing(read.equity, read.voting, no_agreements(), read.persons)
    assert solved.higher is solved.equity
