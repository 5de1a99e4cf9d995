"""Two policies on one history: every figure as the slow twin has it, and what must always hold."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.decisions.dmn.tree import Aggregation, HitPolicy
from headrace.decisions.feel import parse_tests
from headrace.decisions.flow.lists import Lists
from headrace.decisions.flow.policy import Action
from headrace.decisions.flow.program import FlowProgram
from headrace.decisions.program.outputs import Around
from headrace.decisions.program.table_program import TableProgram
from headrace.decisions.tables.table import UNTESTED
from headrace.decisions.whatif import cases as cases_module
from headrace.decisions.whatif.cases import decide
from headrace.decisions.whatif.compare import Settings, compare, parts_of
from headrace.decisions.whatif.numbers import RATIOS
from headrace.decisions.whatif.removal import can_remove
from headrace.errors import InputError
from reference.whatif_reference import figures, without_rule
from whatif_sample import CAPS, PROGRAMS, ROWS, big_world, program_of, world

FEW = Settings(draws=20)
LENIENT = [("> 20", "-", "-", "approve"), ("-", "-", "-", "decline")]
STRICT = [("> 40", "-", "-", "approve"), ("-", "-", "-", "decline")]
CAP = [("> 60", "300"), ("-", "250")]


def near(found, wanted):
    if wanted is None:
        return found is None
    return found == pytest.approx(wanted, rel=1e-12, abs=1e-12)


def check_numbers(numbers, wanted):
    assert numbers.cases == wanted["cases"]
    assert numbers.approved == wanted["approved"]
    assert numbers.exposure_minor == wanted["exposure"]
    assert abs(numbers.expected_loss_minor - wanted["expected_loss"]) <= 0.500001
    assert numbers.bad == wanted["bad"]
    for name in RATIOS:
        assert near(numbers.figures[name].value, wanted[name]), name


@settings(max_examples=60, deadline=None)
@given(ROWS, PROGRAMS, PROGRAMS)
def test_every_figure_is_that_of_the_slow_twin(rows, first, last):
    made = world(rows)
    old, new = made.trial(first), made.trial(last)
    found = compare(made.cases, old, new, FEW)
    check_numbers(found.whole.old, figures(made.cases, old))
    check_numbers(found.whole.new, figures(made.cases, new))
    part, values = parts_of(made.cases.parts["kind"], "kind")
    assert [each.value for each in found.parts["kind"]] == values
    for at, each in enumerate(found.parts["kind"]):
        check_numbers(each.new, figures(made.cases, new, np.flatnonzero(part == at).tolist()))
    assert found.matrix.sum() == len(made.cases)
    assert sum(way.count for way in found.moved) == len(found.changed)
    for name, hits in found.new.fired.items():
        assert hits.sum() == len(made.cases), name


@settings(max_examples=60, deadline=None)
@given(ROWS, PROGRAMS)
def test_a_policy_against_itself_changes_nothing(rows, program):
    made = world(rows)
    found = compare(made.cases, made.trial(program), made.trial(program), FEW)
    assert not len(found.changed)
    assert not found.moved
    assert found.whole.old == found.whole.new
    for each in found.whole.differences.values():
        assert each.value in {None, 0.0}
        assert each.low in {None, 0.0}
        assert each.high in {None, 0.0}
    assert np.count_nonzero(found.matrix - np.diag(np.diag(found.matrix))) == 0
    assert all(each.old == each.new for each in found.hits)
    assert found.frontier.old == found.frontier.new


@settings(max_examples=40, deadline=None)
@given(ROWS, PROGRAMS)
def test_what_a_rule_does_alone_is_the_policy_with_it_less_without_it(rows, program):
    made = world(rows)
    trial = made.trial(program)
    found = compare(made.cases, trial, trial, FEW)
    whole = figures(made.cases, trial)
    for effect in found.effects:
        less = without_rule(trial, effect.table, effect.rule - 1)
        if less is None:
            continue
        apart = figures(made.cases, less)
        assert effect.approved == whole["approved"] - apart["approved"]
        assert effect.exposure_minor == whole["exposure"] - apart["exposure"]
        assert effect.bad == whole["bad"] - apart["bad"]
        gap = whole["expected_loss"] - apart["expected_loss"]
        assert abs(effect.expected_loss_minor - gap) <= 0.500001


POLICIES = (
    (HitPolicy.PRIORITY, None),
    (HitPolicy.RULE_ORDER, None),
    (HitPolicy.COLLECT, None),
    (HitPolicy.OUTPUT_ORDER, None),
    (HitPolicy.UNIQUE, None),
)


@settings(max_examples=50, deadline=None)
@given(ROWS, PROGRAMS, st.sampled_from(POLICIES), st.booleans())
def test_rules_of_any_table_are_taken_away_one_by_one(rows, program, kind, most):
    made = world(rows)
    policy = program.policy
    access, order = policy.tables["access"], UNTESTED
    if kind[0] in {HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER}:
        order = parse_tests('"decline", "approve", "refer", "notify"', ())
    output = replace(access.outputs[0], values=order)
    access = replace(access, hit_policy=kind[0], outputs=(output,))
    cap = policy.tables["cap"]
    cap = replace(cap, aggregation=Aggregation.MAX) if most else cap
    tables = {"access": access, "cap": cap}
    trial = made.trial(FlowProgram(replace(policy, tables=tables), {}, Lists()))
    found = compare(made.cases, trial, trial, FEW)
    whole = figures(made.cases, trial)
    met = [rules for rules in _met(trial) if len(rules) > 1]
    for effect in found.effects:
        less = without_rule(trial, effect.table, effect.rule - 1)
        overlaps = kind[0] is HitPolicy.UNIQUE and effect.table == "access" and met
        if less is None or overlaps:  # of two rules that may not be met together neither speaks
            continue
        apart = figures(made.cases, less)
        assert effect.approved == whole["approved"] - apart["approved"]
        assert effect.exposure_minor == whole["exposure"] - apart["exposure"]


def _met(trial):
    """The rules of the access table that each case meets."""
    table = trial.program.policy.tables["access"]
    listing = replace(table, hit_policy=HitPolicy.RULE_ORDER)
    found = TableProgram(listing).run(Around(trial.columns, len(trial.moments), None))
    at = found.hits_at
    return [found.hits[first:last].tolist() for first, last in pairwise(at)]


@settings(max_examples=20, deadline=None)
@given(ROWS, CAPS)
def test_batches_of_any_size_say_the_same(rows, caps):
    made = world(rows)
    trial = made.trial(program_of(STRICT, caps))
    whole = decide(trial)
    with pytest.MonkeyPatch.context() as here:
        here.setattr(cases_module, "CHUNK", 7)
        parts = decide(trial)
    assert (whole.action == parts.action).all()
    assert (whole.rule == parts.rule).all()
    assert (whole.terms.exposure_minor == parts.terms.exposure_minor).all()
    assert all((whole.fired[name] == parts.fired[name]).all() for name in whole.fired)


def test_who_changes_is_told_with_the_rules_that_did_it():
    made = world([("C1", 30.0, 0.0, "a", 0.1, 0), ("C2", 70.0, 0.0, "b", 0.1, None)])
    old, new = (made.trial(program_of(access, CAP)) for access in (LENIENT, STRICT))
    found = compare(made.cases, old, new, FEW)
    assert found.changed.tolist() == [0]
    (way,) = found.moved
    assert (way.old, way.new, way.count) == (Action.APPROVE, Action.DECLINE, 1)
    assert way.old_by == "access, rule 1 (row 4): score: > 20"
    assert way.new_by == "access, rule 2 (row 5): otherwise"
    assert found.matrix[Action.APPROVE, Action.DECLINE] == 1


def test_a_missing_label_is_neither_good_nor_bad():
    rows = [("C1", 90.0, 0.0, "a", 0.1, None), ("C2", 90.0, 0.0, "a", 0.1, 1)]
    made = world(rows)
    trial = made.trial(program_of(LENIENT, CAP))
    found = compare(made.cases, trial, trial, FEW).whole.new
    assert (found.approved, found.labelled, found.bad) == (2, 1, 1)
    assert found.figures["realised_rate"].value == 1.0
    none = world([(*row[:5], None) for row in rows])
    trial = none.trial(program_of(LENIENT, CAP))
    found = compare(none.cases, trial, trial, FEW).whole.new
    assert found.labelled == 0
    assert found.figures["realised_rate"].value is None
    assert found.figures["realised_loss_share"].value is None


def test_four_fifths():
    rows = [(f"C{n}", 30.0 if n % 2 else 50.0, 0.0, "a", 0.1, 0) for n in range(400)]
    rows += [(f"D{n}", 50.0, 0.0, "b", 0.1, 0) for n in range(400)]
    rows += [(f"E{n}", 50.0, 0.0, "c", 0.1, 0) for n in range(5)]
    made = world(rows)
    old, new = (made.trial(program_of(access, CAP)) for access in (LENIENT, STRICT))
    (found,) = compare(made.cases, old, new, Settings(draws=200)).fairness
    assert found.values == ("a", "b", "c")
    assert found.reference_new == 1
    first, second, third = found.new
    assert first.four_fifths == "below"
    assert first.approval_ratio.value == pytest.approx(0.5)
    assert first.good_difference.value == pytest.approx(-0.5)
    assert second.approval_ratio.value is None
    assert third.small
    assert not first.small
    assert found.old[found.reference_old].four_fifths == ""


def test_no_case_and_too_many_parts_are_said():
    made = world([])
    trial = made.trial(program_of(LENIENT, CAP))
    with pytest.raises(InputError, match="no case"):
        compare(made.cases, trial, trial, FEW)
    many = world([(f"C{n}", 1.0, 0.0, f"k{n}", 0.1, 0) for n in range(300)])
    with pytest.raises(InputError, match="300 different values"):
        parts_of(many.cases.parts["kind"], "kind")


def test_a_table_that_adds_up_is_left_out():
    table = program_of(LENIENT, CAP).policy.tables["cap"]
    assert can_remove(table)
    assert not can_remove(replace(table, aggregation=Aggregation.SUM))


def test_the_safest_first_is_the_frontier():
    made = big_world(500)
    old, new = (made.trial(program_of(access, [("-", "100")])) for access in (LENIENT, STRICT))
    found = compare(made.cases, old, new, FEW).frontier
    rates = [point.approval_rate for point in found.points]
    losses = [point.expected_loss_share for point in found.points]
    assert rates == sorted(rates)
    assert rates[-1] == 1.0
    assert losses == sorted(losses)  # with one exposure for all, the mean of the least only grows
    assert found.new.approval_rate < found.old.approval_rate
    for sits in (found.old, found.new):
        at = next(point for point in found.points if point.approval_rate >= sits.approval_rate)
        assert sits.expected_loss_share >= at.expected_loss_share - 0.01


def test_the_frontier_ends_where_nothing_more_can_be_lent():
    rows = [(f"C{n}", float(n), 0.0, "a", 0.1 + n / 1000, None) for n in range(100)]
    rows += [("D", 1.0, 0.0, "a", None, None)]
    made = world(rows)
    trial = made.trial(program_of(LENIENT, [("< 25", "0"), ("-", "250")]))
    found = compare(made.cases, trial, trial, FEW).frontier
    assert (found.cases, found.left_out) == (100, 1)
    assert found.points[-1].approval_rate == 0.75
    assert found.points[0].riskiest == pytest.approx(0.5 * 0.125)
    assert found.points[0].expected_loss_share == pytest.approx(0.5 * 0.125)
    nobody = world([("C1", 1.0, 0.0, "a", None, None)])
    trial = nobody.trial(program_of(LENIENT, CAP))
    found = compare(nobody.cases, trial, trial, FEW).frontier
    assert found.points == ()
    assert found.old is None


def test_where_nothing_turned_bad_there_is_no_interval_of_losses():
    made = world([(f"C{n}", 50.0 + n % 2, 0.0, "a", 0.1, 0) for n in range(50)])
    old, new = (made.trial(program_of(access, CAP)) for access in (LENIENT, STRICT))
    found = compare(made.cases, old, new, FEW).whole
    assert found.new.figures["realised_loss_share"].value == 0.0
    assert found.new.figures["realised_loss_share"].high is None
    assert found.differences["realised_loss_share"].high is None
    assert found.new.figures["realised_rate"].high > 0.05
