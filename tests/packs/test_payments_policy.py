"""The policy that ships with payments: what it says of the payments it is there for."""

import numpy as np
import pyarrow as pa
import pytest

from headrace.adapters.policy_sheets import read_workbook
from headrace.decisions.flow.checking import findings_of
from headrace.decisions.flow.decided import decided_of
from headrace.decisions.flow.lists import Entry, Lists
from headrace.decisions.flow.one import OneProgram
from headrace.decisions.flow.policy import Action
from headrace.decisions.flow.program import FlowProgram
from headrace.decisions.program.analysis import analyse
from headrace.decisions.program.columns import read_column
from headrace.packs import payments
from headrace.scores.trees.model import Boosting
from headrace.workflows.policies import load_policy

KINDS = {each.name: "number" for each in payments.FEATURES}
LOADED = load_policy(payments.load().policy, lambda content, file: {}, KINDS)
INPUTS = {**KINDS, **LOADED.policy.inputs}
MODEL = Boosting.from_json(payments.fraud_model())
QUIET = {"customer": "C1", "terminal": "T1", "amount": 3_000}
ENTRIES = [
    Entry("blocked", "C9", "", 0, None, "stolen", "desk", 0),
    Entry("watched", "T9", "", 0, None, "", "desk", 0),
    Entry("trusted", "C8", "", 0, None, "travels", "desk", 0),
]


def decided(probability=0.01, **inputs):
    """One payment, alone and as a batch of one."""
    program = FlowProgram(LOADED.policy, {"fraud": MODEL}, Lists(ENTRIES))
    given = QUIET | inputs

    def ask(step, model, x):
        assert step.within_ms == 20
        return None if probability is None else np.full(len(x), probability)

    columns = {name: read_column(pa.array([given.get(name)]), name) for name in INPUTS}
    batch = decided_of(program.run(columns, np.array([0]), ask), 0, LOADED.policy)
    assert OneProgram(program, INPUTS).decide(given, 0, ask) == batch
    assert batch.problems == ()
    return batch


@pytest.mark.parametrize(
    ("probability", "inputs", "action", "reason"),
    [
        (0.01, {}, Action.APPROVE, "no_sign_of_fraud"),
        (0.9, {}, Action.STEP_UP, "fraud_likely"),
        (0.91, {}, Action.BLOCK, "fraud_near_certain"),
        (0.5, {"amount": 10_000}, Action.STEP_UP, "fraud_possible"),
        (0.51, {"amount": 5_000}, Action.REFER, "fraud_likely"),
        (0.21, {}, Action.NOTIFY, "fraud_possible"),
        (0.2, {}, Action.APPROVE, "no_sign_of_fraud"),
        (None, {}, Action.STEP_UP, "model_late"),
        (0.01, {"customer": "C9"}, Action.BLOCK, "stolen"),
        (0.01, {"terminal": "T9"}, Action.STEP_UP, "terminal_is_watched"),
        (0.01, {"amount": 22_001}, Action.REFER, "amount_over_220"),
        (0.01, {"customer_tried_then_used_1d": 1}, Action.STEP_UP, "small_then_large"),
        (0.01, {"customer_payments_1d": 13}, Action.STEP_UP, "many_payments_1d"),
        (0.01, {"terminal_risk_7d_delayed": 0.5}, Action.STEP_UP, "terminal_frauds_reported"),
        (0.01, {"terminal_risk_7d_delayed": 0.51}, Action.REFER, "terminal_frauds_reported"),
        (
            0.01,
            {"customer_terminals_1d": 7, "customer_seconds_since_last": 599},
            Action.STEP_UP,
            "many_terminals_fast",
        ),
        (
            0.01,
            {"amount": 5_000, "customer_amount_zscore_30d": 4.1, "customer_terminal_new": 1},
            Action.STEP_UP,
            "unusual_amount_new_terminal",
        ),
        (
            0.01,
            {"amount": 5_000, "terminal_tried_then_used_1d": 4},
            Action.NOTIFY,
            "terminal_is_probed",
        ),
        (0.95, {"amount": 22_001}, Action.BLOCK, "fraud_near_certain"),
        (0.01, {"customer": "C8", "amount": 30_000}, Action.APPROVE, "no_sign_of_fraud"),
        (0.95, {"customer": "C8", "amount": 30_000}, Action.BLOCK, "fraud_near_certain"),
    ],
)
def test_what_the_policy_says(probability, inputs, action, reason):
    found = decided(probability, **inputs)
    assert (found.action, found.reason) == (action, reason)


def test_a_late_model_is_said_to_be_late_and_every_rule_that_is_met_is_told():
    late = decided(None, amount=22_001, customer_payments_1d=13)
    assert late.degraded == ("fraud",)
    assert late.fired["velocity"] == (1, 3)
    assert late.decided_by == "velocity"


def test_the_trusted_skip_the_rules_and_nothing_else():
    assert "velocity" not in decided(customer="C8").fired
    assert decided(customer="C8").listed == {"trusted": 2}


def test_what_is_missing_is_in_the_record():
    found = decided()
    assert "terminal_risk_7d_delayed" in found.missing
    assert "customer" not in found.missing
    assert decided(customer=None).missing[0] == "customer"


def test_nothing_is_odd_about_the_tables_that_ship():
    pack = payments.load()
    inputs = dict.fromkeys((feature.name for feature in pack.features), "number")
    loaded = load_policy(dict(pack.policy), read_workbook, inputs)
    for table in loaded.policy.tables.values():
        assert findings_of(table, loaded.kinds) == ()
    # where no rule of velocity is met it has no opinion: elsewhere that would be a gap
    assert {each.code for each in analyse(loaded.policy.tables["velocity"], loaded.kinds)} == {
        "gap"
    }
