"""What is printed about a decision in flight, in both languages."""

import contextlib
import io
import re
from dataclasses import replace
from types import MappingProxyType

import pytest

from headrace.adapters.printing import decisions as printing_decisions
from headrace.decisions.flow.policy import ACTIONS
from headrace.features.definition import Feature, Unit
from headrace.monitor.cases import Deed, Outcome, State
from headrace.pack import Text
from headrace.workflows.customer_reason import CustomerReason
from headrace.workflows.decision_explain import (
    Answer,
    Cell,
    DecisionExplanation,
    Listed,
    SpokenRule,
    Strength,
    Term,
    Voice,
)
from headrace.workflows.decision_facts import Counted, FactsBehind
from headrace.workflows.decision_flips import Flip

FEATURES = {"payments_1d": Feature("payments_1d", Unit.COUNT, "Payments, 1 d", "近1日笔数")}
FOUND = DecisionExplanation(
    decision="d[1]",
    moment="2026-03-01T09:12:00Z",
    policy="cards",
    title=Text("Cards", "银行卡"),
    arm="champion",
    effective=True,
    action="refer",
    decided_by="velocity",
    reason="many",
    voices=(
        Voice("velocity", 2, "refer", "many", stands=True),
        Voice("blocked", None, "step_up", None, stands=False),
    ),
    rules=(
        SpokenRule(
            table="velocity",
            number=2,
            row=9,
            file="velocity.csv",
            text="payments_1d: > 12",
            notes={"why": "a stolen card"},
            cells=(
                Cell("payments_1d", 14.0, "> 12", "payments_1d 14 > 12"),
                Cell("risk", None, "null", "risk is missing"),
            ),
            outputs={"action": "refer", "reason": "many", "limit": None},
        ),
        SpokenRule("response", 7, 12, "response.csv", "otherwise", {}, (), {"action": "approve"}),
    ),
    listed=(
        Listed(
            list="trusted",
            kind="white",
            by="customer",
            value="C1",
            action=None,
            reason="travels",
            owner="branch",
            scope="",
            valid_from="2026-01-01T00:00:00Z",
            valid_until=None,
            recorded="2026-01-01T00:00:00Z",
            skips=("other",),
        ),
    ),
    models=(
        Answer("fraud", 0.25, stood_in=False, within_ms=20, reasons=(Strength("risk", 0.5, 1.25),)),
        Answer("slow", 0.5, stood_in=True, within_ms=1, reasons=()),
        Answer("gone", None, stood_in=True, within_ms=1, reasons=()),
        Answer("unasked", None, stood_in=False, within_ms=None, reasons=()),
    ),
    missing=("risk",),
    problems=("response: no_rule",),
    results=(Term("limit", 500.0, "min(a, 500)", {"a": 900.0}),),
    flips=(
        Flip("payments_1d", 14.0, 12.0, 12.0, "approve", None, exact=True),
        Flip("share", 0.75, 0.4999, 0.5, "notify", "odd", exact=False),
    ),
    facts=(
        FactsBehind(
            "payments_1d",
            "count in 1 day",
            (
                Counted(
                    measure="payments_1d",
                    definition="count in 1 day",
                    table="payment",
                    count=14,
                    first="2026-02-28T10:00:00Z",
                    last="2026-03-01T09:12:00Z",
                    newest=({"id": "d1", "amount": 12.5},),
                ),
            ),
        ),
    ),
    inputs={"payments_1d": 14.0},
    in_force="a" * 64,
    versions={"policy": "b" * 64},
    latency_us=1_234,
    reproduced=True,
)
TOLD = CustomerReason("refer", Text("We look.", "正在核实。"), Text("Unusual.", "异常。"))


def printed(found=FOUND, told=TOLD, language="en"):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        printing_decisions.explanation(found, told, FEATURES, language)
    return out.getvalue()


@pytest.mark.parametrize(
    "said",
    [
        "d[1]  Cards",
        "refer  by velocity: many",
        "took 1,234 µs",
        "velocity.csv, row 9",
        "payments_1d 14 > 12 (Payments, 1 d)",
        "risk is missing",
        "why: a stolen card",
        "→ action = refer, reason = many\n",
        "otherwise",
        "owner branch, 2026-01-01T00:00:00Z – for good",
        "not asked because of it: other",
        "fraud  0.2500",
        "+1.25  risk = 0.5",
        "slow  late or failed: 0.5000 stood in",
        "gone  late or failed: its answer is missing",
        "unasked  no answer",
        "limit = 500  = min(a, 500)  a 900",
        "response: no_rule",
        "payments_1d (Payments, 1 d) 14 → 12: approve",
        "share 0.75 → below 0.5: notify (odd)  (there may be a nearer one)",
        "events: 14, 2026-02-28T10:00:00Z",
        "id d1, amount 12.5",
        "policy bbbbbbbbbbbb\n",
        "We look. Unusual.",
    ],
)
def test_everything_is_said(said):
    assert said in printed()


def test_all_of_it_is_said_in_chinese():
    told = printed(language="zh")
    for each in (
        "人工审核",
        "依据 velocity",
        "行 9",
        "近1日笔数",
        "长期",
        "正在核实。异常。",
        "未采纳",
    ):
        assert each in told
    english = [word.en for word in printing_decisions.WORDS.values() if len(word.en) > 12]
    assert not [each for each in english if each in told]


def test_what_should_give_pause_is_marked():
    told = printed(replace(FOUND, effective=False, reproduced=False))
    assert "! not followed" in told
    assert "! deciding again from the record gives something else" in told
    assert "!" not in printed()


def test_what_there_is_not_is_not_said():
    bare = replace(
        FOUND,
        decided_by="",
        reason=None,
        voices=(),
        rules=(),
        listed=(),
        models=(),
        missing=(),
        problems=(),
        results=(),
        flips=(),
        facts=(),
        latency_us=None,
    )
    told = printed(bare, None)
    assert "no step said what to do" in told
    assert "no single number would make it milder" in told
    for each in ("rules", "lists", "models", "took", "to the customer"):
        assert each not in told
    assert "milder" not in printed(replace(bare, action="approve"))


def test_every_word_is_there_in_both_languages():
    tables = (
        printing_decisions.ACTION_TEXTS,
        printing_decisions.STATE_TEXTS,
        printing_decisions.OUTCOME_TEXTS,
        printing_decisions.DEED_TEXTS,
    )
    for texts, keys in zip(tables, (ACTIONS, State, Outcome, Deed), strict=True):
        assert set(texts) == set(keys)
    for table in (printing_decisions.WORDS, *tables):
        for text in MappingProxyType(table).values():
            assert re.search("[\u4e00-\u9fff]", text.zh)
            assert not re.search("[\u4e00-\u9fff]", text.en)
            assert set(re.findall(r"{\w+", text.en)) == set(re.findall(r"{\w+", text.zh))
