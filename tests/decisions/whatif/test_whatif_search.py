"""Thresholds searched: exact for one, never past the target, and every edit readable."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.decisions.tables.sheet import read_csv, write_csv
from headrace.decisions.whatif.bounds import (
    HIGH,
    LOW,
    ONLY,
    bounds_of,
    other_end,
    roundest,
    value_of,
    with_bound,
)
from headrace.decisions.whatif.compare import Settings
from headrace.decisions.whatif.search import Searched, Target, halves, read_target, search, steps
from headrace.errors import InfeasibleError, InputError
from reference.whatif_reference import best_threshold, figures, with_rules
from whatif_sample import PROGRAMS, ROWS, big_world, program_of, world

FEW = Settings(draws=10)
CAP = [("> 60", "300"), ("-", "250")]
ACCESS = [("< 20", "-", "-", "decline"), ("-", "> 30", "a", "refer"), ("-", "-", "-", "approve")]
TARGETS = st.sampled_from(
    [
        Target("expected_loss", at_most=True, bound=0.02),
        Target("expected_loss", at_most=True, bound=0.05),
        Target("approval_rate", at_most=False, bound=0.3),
        Target("approval_rate", at_most=False, bound=0.7),
    ]
)


def known(rows):
    """Only cases whose expected loss is known can be searched."""
    return [row for row in rows if row[4] is not None]


@settings(max_examples=80, deadline=None)
@given(ROWS.map(known).filter(len), PROGRAMS, TARGETS)
def test_a_found_table_keeps_the_target_on_the_half_that_was_searched(rows, program, target):
    made = world(rows)
    trial = made.trial(program)
    try:
        found = search(made.cases, trial, target, Searched("access", sweeps=12), FEW)
    except (InfeasibleError, InputError):
        return
    mine, _ = halves(made.cases, target)
    edited = with_rules(trial.take(mine), "access", found.table)
    after = figures(made.cases.take(mine), edited)
    before = figures(made.cases.take(mine), trial.take(mine))
    kept = {"approval_rate": after["approval_rate"], "expected_loss": after["expected_loss_share"]}
    value = kept[target.figure] or 0
    if target.at_most:
        assert value <= target.bound + 1e-9
    else:
        assert value >= target.bound - 1e-9
    assert found.searched.new.approved == after["approved"]
    if kept_before(before, target):  # then it got no worse at what it aims at
        assert aim(after, target) <= aim(before, target) + 1e-9
    assert len(found.table.rules) == len(program.policy.tables["access"].rules)
    content = write_csv(found.table, ("who", "pd"))
    assert read_csv(content, "access.csv", ("who", "pd")) == found.table


def kept_before(found, target):
    if target.at_most:
        return (found["expected_loss_share"] or 0) <= target.bound
    return found["approval_rate"] >= target.bound


def aim(found, target):
    if target.aim == "approval_rate":
        return -found["approval_rate"]
    return found["expected_loss_share"] or 0


@settings(max_examples=60, deadline=None)
@given(ROWS.map(known).filter(len), PROGRAMS, TARGETS, st.data())
def test_one_threshold_is_searched_exactly(rows, program, target, data):
    made = world(rows)
    trial = made.trial(program)
    table = program.policy.tables["access"]
    ones = [each for each in bounds_of(table) if each.end == ONLY]
    per_cell = [each for each in ones if sum(o.rule == each.rule for o in ones) == 1]
    if not per_cell:
        return
    bound = data.draw(st.sampled_from(per_cell))
    asked = Searched("access", (table.inputs[bound.column].name,), (bound.rule + 1,))
    mine, _ = halves(made.cases, target)
    cases, half = made.cases.take(mine), trial.take(mine)
    column = table.inputs[bound.column].name
    if not len(mine) or not half.columns[column].present.any():
        return
    best = best_threshold(cases, half, "access", bound, target)
    try:
        found = search(made.cases, trial, target, asked, FEW)
    except InfeasibleError:
        assert best[0] > 0
        return
    assert found.exact
    after = figures(cases, with_rules(half, "access", found.table))
    assert best[0] <= 1e-9
    assert aim(after, target) == pytest.approx(best[1], abs=1e-9)


def test_several_thresholds_are_moved_and_told_in_words():
    made = big_world(4_000)
    trial = made.trial(program_of(ACCESS, CAP))
    target = read_target("expected_loss <= 0.06")
    found = search(made.cases, trial, target, Searched("access"), FEW)
    assert not found.exact
    assert found.searched.new.figures["expected_loss_share"].value <= 0.06
    assert found.holds == (found.held_out.new.figures["expected_loss_share"].value <= 0.06)
    assert found.held_out.old.cases + found.searched.old.cases == 4_000
    words = list(steps(found, "en"))
    assert words
    assert words[0].startswith("access, rule 1 (row 4): score was < 20, is < ")
    assert all("规则" in each for each in steps(found, "zh"))
    assert found.tried
    again = search(made.cases, trial, target, Searched("access"), FEW)
    assert again.table == found.table


def test_customers_fall_into_one_half_whatever_else_there_is():
    made = big_world(2_000)
    target = read_target("expected_loss <= 5%")
    first, last = halves(made.cases, target)
    who = made.columns["who"]
    texts = np.array(who.texts)
    assert not set(texts[who.values[first]]) & set(texts[who.values[last]])
    fewer = made.cases.take(np.arange(0, 2_000, 2))
    mine, _ = halves(fewer, target)
    assert set(mine.tolist()) == {row // 2 for row in first.tolist() if row % 2 == 0}


def test_cases_without_a_known_loss_are_not_approved_for_nothing():
    rows = [(f"C{n}", float(n), 0.0, "a", None if n % 2 else 0.2, None) for n in range(60)]
    made = world(rows)
    trial = made.trial(program_of(ACCESS, CAP))
    found = search(made.cases, trial, read_target("approval >= 50%"), Searched("access"), FEW)
    assert found.searched.old.cases + found.held_out.old.cases == 30
    none = world([(*row[:4], None, None) for row in rows])
    with pytest.raises(InputError, match="No case has an expected share"):
        search(none.cases, none.trial(trial.program), found.target, Searched("access"), FEW)
    with pytest.raises(InputError, match="No case has a label"):
        search(made.cases, trial, read_target("realised_loss <= 0.1"), Searched("access"), FEW)


def test_what_cannot_be_searched_is_said():
    made = big_world(200)
    trial = made.trial(program_of(ACCESS, CAP))
    target = read_target("expected_loss <= 0.05")
    with pytest.raises(InputError, match="no table 'acess'"):
        search(made.cases, trial, target, Searched("acess"), FEW)
    with pytest.raises(InputError, match="No number of the table may move"):
        search(made.cases, trial, target, Searched("access", ("kind",)), FEW)
    out_of_reach = read_target("approval >= 0.999")
    with pytest.raises(InfeasibleError, match="No table that was tried keeps"):
        search(made.cases, trial, out_of_reach, Searched("access", ("debt",)), FEW)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("expected_loss <= 0.02", Target("expected_loss", at_most=True, bound=0.02)),
        (" approval>=60% ", Target("approval_rate", at_most=False, bound=0.6)),
        ("realised_loss <= 2%", Target("realised_loss", at_most=True, bound=0.02)),
    ],
)
def test_targets(text, wanted):
    assert read_target(text) == wanted


@pytest.mark.parametrize(
    "text",
    ["", "loss <= 1", "expected_loss >= 0.1", "approval <= 0.5", "approval >= 1.5",
     "approval >= .", "approval >= 1.2.3", "approval > 0.5", "expected_loss <= x"],
)  # fmt: skip
def test_what_is_no_target(text):
    with pytest.raises(InputError, match=r"target|aimed"):
        read_target(text)


def test_bounds_are_found_and_edited_in_place():
    rules = '> -3,(1..4],a\n"1, 2",not(3),b\n<= 2,"< 1, > 5",c\n'
    table = read_csv(f"# table,t\n# hit policy,FIRST\nin:x,in:y,out:z\n{rules}", "t.csv")
    found = bounds_of(table)
    assert [(b.rule, b.column, b.end, b.upper, b.included, b.value) for b in found] == [
        (0, 0, ONLY, False, False, -3),
        (0, 1, LOW, False, False, 1),
        (0, 1, HIGH, True, True, 4),
        (2, 0, ONLY, True, True, 2),
    ]
    assert bounds_of(table, ("y",)) == found[1:3]
    assert bounds_of(table, (), (3,)) == found[3:]
    edited = with_bound(table, found[0], Decimal("-0.5"))
    assert value_of(edited, found[0]) == Decimal("-0.5")
    assert other_end(table, found[1]) == 4
    assert other_end(table, found[0]) is None
    assert table != edited
    assert edited.rules[1:] == table.rules[1:]
    assert with_bound(edited, found[0], Decimal(-3)) == table


NUMBER = st.decimals(-1000, 1000, places=4)


@given(NUMBER, NUMBER, st.booleans(), st.booleans())
def test_the_roundest_number_lies_between_and_has_the_fewest_digits(a, b, low_in, high_in):
    low, high = min(a, b), max(a, b)
    if low == high:
        return
    found = roundest(low, high, low_included=low_in, high_included=high_in)
    assert low < found < high or (low_in and found == low) or (high_in and found == high)
    exponent = found.normalize().as_tuple().exponent
    coarser = Decimal(1).scaleb(exponent + 1)
    first = (low / coarser).to_integral_value("ROUND_CEILING") * coarser
    first += coarser if first == low and not low_in else 0
    assert found == 0 or first > high or (first == high and not high_in)


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [("0.29873", "0.3141", "0.3"), ("121", "187", "130"), ("-3", "4", "0"), ("187", "204", "200")],
)
def test_round_numbers(low, high, wanted):
    found = roundest(Decimal(low), Decimal(high), low_included=False, high_included=False)
    assert str(found) == wanted
