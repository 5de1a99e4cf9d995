"""From scores to a book: the dial, referral, reasons, caps, and policies that cannot be."""

import math
from fractions import Fraction

import numpy as np
import pytest

from headrace.decisions.flow.policy import Action
from headrace.decisions.lending.decision import Outcome
from headrace.errors import InputError, MappingError
from headrace.packs import load
from headrace.workflows.lend import (
    BUDGET_MAX_MINOR,
    SHEET,
    UNCERTAINTY,
    LendSettings,
    decisions_sheet,
    lend,
)
from headrace.workflows.policy import parse_policy

PACK = load("sme_invoices")
LENDING = PACK.require_lending()
TABLES = ("table:access", "table:limit")


def lent_with(found, settings=None, **files):
    policy = parse_policy(PACK, {name: text.encode() for name, text in files.items()})
    return lend(found.market, policy, LENDING.scale, settings or LendSettings(), {"code": "0"})


def edited(file: str, before: str, after: str) -> dict[str, str]:
    text = LENDING.files[file]
    assert before in text
    return {file: text.replace(before, after)}


@pytest.fixture(scope="module")
def lent(found):
    return lent_with(found)


def test_the_dial_trades_profit_for_approvals(found, lent):
    most = lent_with(found, LendSettings(profit_share_min=1.0))
    best = most.best.totals
    for share, each in ((1.0, most), (0.95, lent)):
        assert each.chosen.book.totals.profit_minor >= share * best.profit_minor
        assert each.chosen in each.points
        assert each.baseline.totals.approvals >= each.chosen.book.totals.approvals
    assert most.chosen.book.totals.approvals <= lent.chosen.book.totals.approvals
    assert most.chosen.book.totals.profit_minor == best.profit_minor


def test_where_no_rule_speaks_a_person_decides(found):
    otherwise = "-,-,-,-,-,-,-,-,-,approve,meets_access_rules,\n"
    lent = lent_with(found, **edited("access.csv", otherwise, ""))
    silent = [each for each in lent.decisions if each.reasons == ("no_rule",)]
    assert silent
    for decision in silent:
        assert decision.outcome is Outcome.REFER
        assert all(rule.table != "access" for rule in decision.rules)
        assert (decision.limit_minor, decision.rate, decision.term_months) == (0, None, None)
    assert lent.chosen.book.totals.approvals == 0


def test_every_reason_holds_where_it_is_given_and_nowhere_else(lent):
    book, economics = lent.chosen.book, lent.economics
    said = lent.said
    for row, decision in enumerate(lent.decisions):
        assert len(decision.reasons) == 1
        capped = economics.round_down(decision.limit_parts.cap_by_turnover_minor)
        profitable = np.nanmax(book.offers.profit[row], initial=-np.inf) > 0
        if said.action[row] != Action.APPROVE:
            expected = said.reason.value(row)
        elif book.lent[row]:
            expected = "in_the_book"
        elif not capped:
            expected = "turnover_below_minimum"
        else:
            expected = "budget_went_further" if profitable else "no_profitable_rate"
        assert decision.reasons == (expected,)
        assert (decision.outcome is Outcome.APPROVE) == (expected == "in_the_book")
        assert (decision.rate is not None) == (decision.limit_minor > 0) == bool(book.lent[row])
        assert (decision.rate_parts is not None) == bool(book.lent[row])


def test_without_a_budget_good_firms_hear_that_it_went_further(found):
    lent = lent_with(found, LendSettings(budget_minor=0))
    reasons = {each.reasons[0] for each in lent.decisions}
    assert "budget_went_further" in reasons
    assert "in_the_book" not in reasons
    assert lent.chosen.book.totals.limit_minor == 0


def test_turnover_caps_are_the_share_of_a_years_sales(found, lent):
    sales = found.market.features["sales_12m"].to_pylist()
    shares = lent.said.values["limit"].feel_values()
    for decision, sold, share in zip(lent.decisions, sales, shares, strict=True):
        cap = math.floor(Fraction(max(sold or 0.0, 0.0)) * Fraction(share))
        assert decision.limit_parts.cap_by_turnover_minor == cap
        assert decision.limit_minor <= decision.limit_parts.cap_minor <= cap


def test_every_rule_that_spoke_is_in_the_record_by_its_row(found, lent):
    features = found.market.features
    growth = features["sales_growth"].to_pylist()
    slow = {party for party, value in zip(features["party"].to_pylist(), growth, strict=True)
            if value is not None and value < 0.5}  # fmt: skip
    assert slow
    for decision in lent.decisions:
        rules = [(rule.table, rule.row) for rule in decision.rules]
        assert rules.count(("access", rules[0][1])) == 1
        assert (("limit", 11) in rules) == (decision.party in slow)
        if decision.rating in {"A", "B", "C"}:
            assert ("limit", 7 + "ABC".index(decision.rating)) in rules


def test_a_formula_that_gives_no_share_is_told(found):
    for cell in ("sales_growth * -1", "1 + 0.5 * 1"):
        with pytest.raises(InputError, match="not from 0 to 1") as error:
            lent_with(
                found, **edited("limit.csv", "0.15,turnover halved", f"{cell},turnover halved")
            )
        assert error.value.where == "limit.csv"


def test_a_rule_may_hold_for_a_time(found):
    before, after = "- table: limit", '- table: limit\n    when: decision_date < date("1999-01-01")'
    lent = lent_with(found, **edited("policy.yaml", before, after))
    assert {each.limit_parts.cap_by_turnover_minor for each in lent.decisions} == {0}
    assert all(rule.table != "limit" for each in lent.decisions for rule in each.rules)


def test_points_are_the_cards_and_the_most_harmful_come_first(found, lent):
    scored = found.market.scored
    for row, decision in enumerate(lent.decisions):
        names = {each.reason for each in decision.points}
        assert names == {*scored.card.names, UNCERTAINTY}
        values = [each.points for each in decision.points]
        assert values == sorted(values)
        whole = scored.card.points_mean_applicant + sum(values)
        assert whole == pytest.approx(scored.points[row], abs=0.2)


def test_versions_name_everything_in_force(found):
    nothing = LendSettings(budget_minor=0)
    one = lent_with(found, nothing).decisions[0].versions
    other = lent_with(found, nothing, **edited("economics.toml", "0.45", "0.46"))
    assert [version.name for version in one] == ["code", "economics", "policy", *TABLES]
    changed = [old.name for old, new in zip(one, other.decisions[0].versions, strict=True)
               if old != new]  # fmt: skip
    assert changed == ["economics"]


def test_the_sheet_has_a_row_a_decision_and_adds_up(found, lent):
    sheet = decisions_sheet(lent, found.market, {"S1": "甲公司"})
    assert sheet.schema == SHEET
    assert sheet["party"].to_pylist() == [each.party for each in lent.decisions]
    totals = lent.chosen.book.totals
    assert sum(value or 0 for value in sheet["limit_minor"].to_pylist()) == totals.limit_minor
    profit = sum(value or 0 for value in sheet["expected_profit_minor"].to_pylist())
    assert profit == pytest.approx(totals.profit_minor, abs=totals.approvals + 3)
    loss = sum(value or 0 for value in sheet["expected_loss_minor"].to_pylist())
    assert loss == pytest.approx(totals.loss_minor, abs=totals.approvals + 3)


@pytest.mark.parametrize("share", ["30", "-0.1", "1.01"])
def test_a_share_of_turnover_that_cannot_be_is_named(found, share):
    with pytest.raises(MappingError, match="no share of turnover") as error:
        lent_with(found, **edited("limit.csv", "0.30", share))
    assert "limit.csv, row 7" in error.value.where
    assert "0.25" in error.value.remedy


def test_a_column_of_percentages_is_no_column_of_shares(found):
    text = LENDING.files["limit.csv"]
    for share in ("0.30", "0.25", "0.20", "0.15"):
        text = text.replace(share, f'"""{share}%"""')
    text = text.replace("# default,out:turnover_share,0\n", "")
    for hit_policy in ("COLLECT MIN", "FIRST"):
        with pytest.raises(MappingError, match=r"'0\.30%' is no share of turnover"):
            lent_with(found, **{"limit.csv": text.replace("COLLECT MIN", hit_policy)})


def test_a_table_that_gives_too_little_is_refused(found):
    header = LENDING.files["limit.csv"].replace("out:turnover_share", "out:share")
    with pytest.raises(MappingError, match="gives no turnover_share"):
        lent_with(found, **{"limit.csv": header})
    with pytest.raises(MappingError, match="'maybe' is no action"):
        lent_with(found, **edited("access.csv", "refer,trade_ring", "maybe,trade_ring"))


def test_settings_that_cannot_be_are_refused():
    for budget in (-1, BUDGET_MAX_MINOR + 1):
        with pytest.raises(InputError, match="budget is out of range"):
            LendSettings(budget_minor=budget)
    for share in (-0.1, 1.1, math.nan):
        with pytest.raises(InputError, match="share of the best profit"):
            LendSettings(profit_share_min=share)
