"""Why a decision was made: everything that spoke, what would flip it, what a customer is told."""

import json
import re
from datetime import timedelta
from decimal import Decimal
from functools import cache
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.decisions.flow.policy import ACTIONS
from headrace.decisions.flow.record import Made, canonical, one_record
from headrace.errors import EvidenceError
from headrace.features.aggregates import Count, Mean
from headrace.features.definition import (
    Column,
    ColumnType,
    Feature,
    FeatureSet,
    Measure,
    Table,
    Unit,
)
from headrace.features.windows import Sliding
from headrace.pack import Text
from headrace.packs.payments import FEATURE_SET, fraud_model
from headrace.packs.payments.texts import REASONS
from headrace.workflows.customer_reason import TOLD, customer_reason, reasons_of
from headrace.workflows.decision_explain import Beside, explain_decision, inputs_asked
from headrace.workflows.policies import in_force

DAY = Sliding(timedelta(days=1))
COLUMNS = (
    Column("customer", ColumnType.CATEGORY, required=True),
    Column("amount", ColumnType.NUMBER, required=True),
)
SMALL = FeatureSet(
    (Table("payment", COLUMNS, ("customer",)),),
    (
        Measure("payments_1d", Count(), window=DAY, table="payment"),
        Measure("amount_mean_1d", Mean("amount"), window=DAY, table="payment"),
    ),
)
FEATURES = {
    "payments_1d": Feature("payments_1d", Unit.COUNT, "Payments, 1 d", "近1日笔数"),
    "amount_mean_1d": Feature("amount_mean_1d", Unit.MONEY, "Mean, 1 d", "近1日均额"),
}
POLICY = """\
policy: cards
title: {en: Cards, zh: 银行卡}
customer: customer
time zone: Asia/Shanghai
inputs: {customer: string, amount: number, country: string}
steps:
  - {list: blocked, kind: black, by: customer, action: block, reason: on_the_list}
  - {list: trusted, kind: white, by: customer, skips: [velocity]}
  - {model: fraud, within ms: 20, fallback: 0.3}
  - {table: velocity}
  - {table: response}
  - {value: room, is: 100000 - amount}
results:
  limit: min(room, 50000)
otherwise: approve
exposure: amount
"""
VELOCITY = """\
# table,velocity
# hit policy,RULE ORDER
in:amount,in:payments_1d,in:country,out:action,out:reason,note:why
> 20000,-,-,refer,large,a person looks
-,> 12,-,step_up,many,
-,-,"XX, YY",step_up,abroad,
"""
RESPONSE = """\
# table,response
# hit policy,FIRST
in:fraud,in:amount,out:action,out:reason
> 0.5,>= 5000,decline,likely
-,-,approve,fine
"""
LISTS = """\
list,value,scope,valid_from,valid_until,reason,owner,recorded
blocked,C9,,1970-01-01T00:00Z,2030-01-01T00:00Z,stolen in town,fraud desk,1970-01-01T00:00Z
trusted,C1,cards,1970-01-01T00:00Z,,travels,branch,1970-01-01T00:00Z
"""
MODEL = {
    "fitted_on": "",
    "names": ["amount", "amount_mean_1d"],
    "baseline": 0.0,
    "slope": 1.0,
    "shift": 0.0,
    "roots": [0, 3],
    "feature": [0, -1, -1, 1, -1, -1],
    "threshold": [9000.0, 0.0, 0.0, 200.5, 0.0, 0.0],
    "missing_left": [0, 0, 0, 1, 0, 0],
    "left": [1, -1, -1, 4, -1, -1],
    "right": [2, -1, -1, 5, -1, -1],
    "value": [0.0, -2.0, 2.0, 0.0, -1.0, 1.0],
}
MOMENT = 1_700_000_000_000_000


@cache
def version(policy=POLICY, velocity=VELOCITY, response=RESPONSE):
    files = {
        "policy.yaml": policy,
        "velocity.csv": velocity,
        "response.csv": response,
        "lists.csv": LISTS,
        "fraud.json": json.dumps(MODEL),
    }
    encoded = {name: text.encode() for name, text in files.items() if text}
    return in_force(encoded, None, SMALL, timedelta(days=1))


def decided(made_by=None, late=(), **inputs):
    """A decision as its record says it, read back from its bytes."""
    made_by = made_by or version()
    given = {"customer": "C5", "country": "CN", "payments_1d": 2.0, **inputs}

    def ask(step, model, x):
        return None if step.name in late else model.probability(x)

    found = made_by.one.decide(given, MOMENT, ask)
    made = Made(7, "champion", effective=True, in_force=made_by.digest)
    record = one_record(made, "d1", MOMENT, found, made_by.one.plain_inputs(given))
    return json.loads(canonical(record))


def explained(made_by=None, late=(), **inputs):
    made_by = made_by or version()
    return explain_decision(decided(made_by, late, **inputs), made_by, Beside(FEATURES))


def flips_of(found):
    return {each.input: each for each in found.flips}


# --- what spoke -----------------------------------------------------------------------------------


def test_every_rule_that_spoke_is_told_with_its_row_and_what_met_it():
    found = explained(amount=22_203, payments_1d=14.0, amount_mean_1d=100.0)
    assert (found.action, found.decided_by, found.reason) == ("decline", "response", "likely")
    first, second, third = found.rules
    assert (first.table, first.number, first.row, first.file) == ("velocity", 1, 4, "velocity.csv")
    assert first.text == "amount: > 20000"
    assert first.notes == {"why": "a person looks"}
    assert first.outputs == {"action": "refer", "reason": "large"}
    assert [cell.said for cell in first.cells] == ["amount 22203 > 20000"]
    assert [cell.said for cell in second.cells] == ["payments_1d 14 > 12"]
    assert second.notes == {}
    assert third.cells[0].input == "fraud"
    assert third.cells[1].said == "amount 22203 >= 5000"
    assert found.reproduced


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"country": "YY"}, 'country YY in "XX", "YY"'),
        ({"payments_1d": 12.5}, "payments_1d 12.5 > 12"),
    ],
)
def test_a_cell_is_said_with_its_value(inputs, said):
    found = explained(amount=10, amount_mean_1d=1.0, **inputs)
    assert [cell.said for rule in found.rules for cell in rule.cells] == [said]


def test_what_was_outvoted_is_told():
    found = explained(amount=22_203, payments_1d=14.0, amount_mean_1d=100.0)
    told = [(each.step, each.rule, each.action, each.stands) for each in found.voices]
    assert told == [
        ("velocity", 1, "refer", False),
        ("velocity", 2, "step_up", False),
        ("response", 1, "decline", True),
    ]
    assert [each.reason for each in found.outvoted] == ["large", "many"]


def test_the_first_rule_with_the_action_stands_and_no_other():
    found = explained(amount=10, payments_1d=14.0, country="XX", amount_mean_1d=1.0)
    assert [(each.rule, each.stands) for each in found.voices] == [
        (2, True),
        (3, False),
        (2, False),
    ]


def test_a_list_is_told_with_who_answers_for_it():
    (listed,) = explained(amount=10, customer="C9", amount_mean_1d=1.0).listed
    assert (listed.list, listed.kind, listed.by, listed.value) == (
        "blocked",
        "black",
        "customer",
        "C9",
    )
    assert (listed.action, listed.reason, listed.owner) == ("block", "stolen in town", "fraud desk")
    assert (listed.valid_from, listed.valid_until) == (
        "1970-01-01T00:00:00Z",
        "2030-01-01T00:00:00Z",
    )


def test_a_white_list_tells_what_was_not_asked():
    found = explained(amount=22_203, customer="C1", amount_mean_1d=100.0)
    assert found.listed[0].skips == ("velocity",)
    assert found.listed[0].action is None
    assert {rule.table for rule in found.rules} == {"response"}
    assert {voice.step for voice in found.voices} == {"response"}


def test_a_model_tells_its_strongest_reasons():
    (answer,) = explained(amount=9_500, amount_mean_1d=100.0).models
    assert answer.value == pytest.approx(1 / (1 + 2.718281828459045**-1))
    assert [(each.input, each.value) for each in answer.reasons] == [
        ("amount", 9_500),
        ("amount_mean_1d", 100.0),
    ]
    assert [each.adds for each in answer.reasons] == [2.0, -1.0]
    assert not answer.stood_in


def test_a_late_model_tells_what_stood_in_and_no_reasons():
    found = explained(late=("fraud",), amount=9_500, amount_mean_1d=100.0)
    (answer,) = found.models
    assert (answer.value, answer.stood_in, answer.within_ms, answer.reasons) == (0.3, True, 20, ())
    assert found.action == "approve"


def test_results_tell_what_they_were_made_of():
    (term,) = explained(amount=60_000, amount_mean_1d=1.0).results
    assert (term.name, term.value, term.expression) == ("limit", 40_000, "min(room, 50000)")
    assert term.parts == {"room": 40_000}


def test_what_was_missing_is_told():
    found = explained(amount=10)
    assert found.missing == ("amount_mean_1d",)
    assert explained(amount=10, amount_mean_1d=1.0).missing == ()


def test_a_default_speaks_without_a_rule():
    response = RESPONSE.replace("-,-,approve,fine\n", "").replace(
        "in:fraud", '# default,out:action,"""notify"""\n# default,out:reason,"""usual"""\nin:fraud'
    )
    found = explained(version(response=response), amount=10, amount_mean_1d=1.0)
    assert (found.action, found.reason) == ("notify", "usual")
    (voice,) = found.voices
    assert (voice.step, voice.rule, voice.action, voice.stands) == (
        "response",
        None,
        "notify",
        True,
    )


def test_the_explanation_is_json():
    found = explained(amount=22_203, payments_1d=14.0, customer="C9", amount_mean_1d=100.0)
    told = json.loads(json.dumps(found.to_dict()))
    assert told["rules"][0]["cells"][0]["said"] == "amount 22203 > 20000"
    assert told["versions"].keys() >= {"policy", "table velocity", "model fraud", "lists"}
    assert told["moment"] == "2023-11-14T22:13:20Z"


def test_inputs_that_were_tested_are_named_once():
    found = explained(amount=22_203, payments_1d=14.0, amount_mean_1d=100.0)
    assert inputs_asked(found) == ("amount", "payments_1d", "amount_mean_1d")


# --- records that do not fit ----------------------------------------------------------------------


def test_another_version_is_refused():
    other = version(velocity=VELOCITY.replace("20000", "30000"))
    with pytest.raises(EvidenceError, match="Another version"):
        explain_decision(decided(amount=10), other)


@pytest.mark.parametrize(
    "change",
    [
        {"fired": {"velocity": [9]}},
        {"fired": {"velocity": [0]}},
        {"fired": {"elsewhere": [1]}},
        {"listed": {"blocked": 5}},
        {"listed": {"elsewhere": 0}},
    ],
)
def test_a_record_that_cites_what_is_not_there_is_refused(change):
    with pytest.raises(EvidenceError, match="cites"):
        explain_decision(decided(amount=10) | change, version())


def test_a_record_that_was_altered_is_told():
    record = decided(amount=22_203, amount_mean_1d=1.0) | {"action": "approve"}
    assert not explain_decision(record, version()).reproduced


# --- the nearest change ---------------------------------------------------------------------------


def test_the_smallest_move_of_each_number_that_gives_a_milder_action():
    found = flips_of(explained(amount=22_203, payments_1d=14.0, amount_mean_1d=100.0))
    assert set(found) == {"amount"}
    flip = found["amount"]
    # To 9,000 the tree says 2; below it -2: then the large amount does not count either.
    assert (flip.before, flip.after, flip.cut) == (22_203, 9_000, 9_000)
    assert (flip.action, flip.reason) == ("step_up", "many")
    assert not flip.exact  # `room` computes with it


def test_a_whole_number_moves_by_whole_steps():
    flip = flips_of(explained(amount=10, payments_1d=14.0, amount_mean_1d=1.0))["payments_1d"]
    assert (flip.after, flip.cut, flip.action, flip.exact) == (12, 12, "approve", True)


def test_a_number_that_is_not_whole_moves_just_beyond_its_cut():
    response = RESPONSE.replace("in:amount", "in:amount_mean_1d").replace(">= 5000", ">= 150.5")
    found = explained(version(response=response), amount=9_500, amount_mean_1d=300.0)
    assert found.action == "decline"
    flip = flips_of(found)["amount_mean_1d"]
    assert 150.499 < flip.after < flip.cut == 150.5
    assert (flip.action, flip.exact) == ("approve", True)


def test_nothing_is_milder_than_to_approve():
    assert explained(amount=10, amount_mean_1d=1.0).flips == ()


def test_a_text_that_decides_has_no_number_to_move():
    assert explained(amount=10, country="XX", amount_mean_1d=1.0).flips == ()


PLAIN = """\
policy: cards
customer: customer
time zone: Asia/Shanghai
inputs: {customer: string, amount: number, country: string}
steps:
  - {model: fraud}
  - {table: velocity}
otherwise: approve
"""
BOUNDS = st.integers(-3, 12).map(lambda tenth: Decimal(tenth) / 2)
TESTS = st.one_of(
    st.just("-"),
    st.tuples(st.sampled_from(["<", "<=", ">", ">="]), BOUNDS).map(lambda t: f"{t[0]} {t[1]}"),
    st.tuples(BOUNDS, BOUNDS).map(lambda t: f"({min(t)}..{max(t)}]"),
    BOUNDS.map(str),
    BOUNDS.map(lambda each: f"not({each})"),
)
RULES = st.lists(st.tuples(TESTS, TESTS, st.sampled_from(list(ACTIONS))), min_size=1, max_size=5)
NUMBERS = st.integers(-8, 28).map(lambda quarter: quarter / 4)


@settings(max_examples=60, deadline=None)
@given(rules=RULES, one=NUMBERS, other=NUMBERS)
def test_no_number_nearer_than_the_flip_is_milder(rules, one, other):
    lines = [f'"{a}","{b}",{action}' for a, b, action in rules]
    head = "# table,velocity\n# hit policy,FIRST\nin:amount_mean_1d,in:payments_1d,out:action\n"
    text = head + "\n".join([*lines, "-,-,refer"]) + "\n"
    made_by = version.__wrapped__(PLAIN, text, "")
    case = {"amount": 1, "amount_mean_1d": one, "payments_1d": other}
    record = decided(made_by, **case)
    found = explain_decision(record, made_by)  # nothing says that a number is whole
    severity = ACTIONS[record["action"]]

    def severity_at(name, value):
        again = made_by.one.decide({"customer": "C5", **case, name: value}, MOMENT)
        return again.action

    flips = flips_of(found)
    for name in ("amount_mean_1d", "payments_1d"):
        before = case[name]
        near = abs(flips[name].after - before) if name in flips else 50.0
        if name in flips:
            after = severity_at(name, flips[name].after)
            assert after == ACTIONS[flips[name].action] < severity
        for step in range(-400, 400):
            value = before + step / 8 + (0.03125 if step % 3 else 0)
            if abs(value - before) < near * (1 - 1e-9):
                assert severity_at(name, value) >= severity


# --- for the customer -----------------------------------------------------------------------------


@cache
def payments():
    folder = resources.files("headrace.packs.payments") / "policy"
    files = {each.name: each.read_bytes() for each in folder.iterdir()}
    files["fraud.json"] = fraud_model().encode()
    return in_force(files, None, FEATURE_SET, timedelta(days=1))


def test_every_reason_of_the_payments_policy_has_a_text():
    reasons = reasons_of(payments().program.policy)
    assert len(reasons) >= 10
    assert reasons <= set(REASONS)
    assert set(REASONS) - reasons == {"confirmed_fraud"}  # of cases that were closed


@pytest.mark.parametrize("text", [*REASONS.values(), *TOLD.values()])
def test_a_customer_is_told_no_number_list_or_model(text):
    assert text.en.endswith(".")
    assert text.zh.endswith("。")
    assert not re.search(r"\d|list|model|score|rule|threshold|fraud|limit|customers", text.en, re.I)
    assert not re.search(
        r"[0-9一二三四五六七八九十百千万]|名单|模型|评分|规则|阈值|欺诈|限额", text.zh
    )
    assert re.search("[\u4e00-\u9fff]", text.zh)
    assert not re.search("[\u4e00-\u9fff]", text.en)


def test_there_are_words_for_every_action():
    assert set(TOLD) == set(ACTIONS)


def test_the_customer_is_told_what_was_done_and_why():
    texts = {"large": Text("It is unusual.", "与平时不同。")}
    told = customer_reason(decided(amount=22_203, amount_mean_1d=1.0), {"likely": texts["large"]})
    assert told.in_language("en") == "It did not go through. It is unusual."
    assert told.in_language("zh") == "未通过。与平时不同。"
    assert told.to_dict()["action"] == "decline"


def test_a_reason_without_a_text_is_not_told():
    record = decided(amount=10, customer="C9", amount_mean_1d=1.0)
    assert record["reason"] == "stolen in town"
    told = customer_reason(record, REASONS)
    assert told.why is None
    assert told.in_language("en") == TOLD["block"].en
