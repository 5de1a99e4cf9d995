"""Decisions made again: the same bytes, or the cause by name."""

import json
from datetime import timedelta

import numpy as np
import pytest

from card_policy import VELOCITY, opened, payments, refunds, version
from headrace import packs
from headrace.adapters.live.decision_replay import replay_log
from headrace.adapters.live.decisions import LiveDecisions, decisions_in, policies_in
from headrace.adapters.live.features import LiveFeatures
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.segment_log import DamageError
from headrace.decisions.flow.rollout import Beside, Deployment, Mode
from headrace.errors import InputError
from headrace.features.compile import compile_plan
from headrace.features.plan import make_plan
from headrace.simulator.card_payments import CardSettings, simulate_card_payments
from headrace.workflows.policies import in_force

STRICTER = VELOCITY.replace(b"> 2,", b"> 1,")


def many(count, seed=0):
    rng = np.random.default_rng(seed)
    return payments(
        *(
            (f"p{number}", f"c{rng.integers(12)}", number / 60, round(rng.uniform(1, 90), 2))
            for number in range(count)
        )
    )


@pytest.fixture
def folder(tmp_path):
    """Batches, single events, refunds, a swap, a challenger and a shadow."""
    table = many(600)
    with opened(tmp_path) as decisions:
        decisions.decide(table.slice(0, 200))
        decisions.live.push(refunds(("r1", "c3", 2), ("r2", "c5", 3)), "refund")
        for event in table.slice(200, 50).to_pylist():
            decisions.submit_one(event)
        strict = version(velocity_csv=STRICTER)
        decisions.deploy(
            Deployment(
                strict,
                (
                    Beside("old", version(), Mode.CHALLENGER, 3_000),
                    Beside("shadow", version(), Mode.SHADOW, 5_000),
                ),
            )
        )
        decisions.decide(table.slice(250, 300))
        for event in table.slice(550).to_pylist():
            decisions.submit_one(event)
    return tmp_path


def test_every_decision_comes_out_byte_for_byte_the_same(folder):
    found = replay_log(folder, read_workbook)
    assert found.decisions > 600  # shadows are decisions, too
    assert (found.differ, found.causes, found.unreadable) == (0, [], {})


def test_one_decision_alone(folder):
    found = replay_log(folder, read_workbook, "p77")
    assert (found.decisions, found.differ) == (1, 0)
    with pytest.raises(InputError, match="no decision 'p999'"):
        replay_log(folder, read_workbook, "p999")


@pytest.mark.parametrize(
    ("name", "before", "after", "cause"),
    [
        ("velocity.csv", b"> 2,", b"> 4,", "table velocity of version"),
        ("lists.csv", b"blocked,c9", b"blocked,c1", "lists of version"),
        ("policy.yaml", b"otherwise: approve", b"otherwise: block", "policy of version"),
        ("policy.yaml", b"100 - sum_7d", b"101 - sum_7d", "policy of version"),
        ("features.yaml", b"7 days", b"6 days", "features of version"),
    ],
)
def test_a_file_that_is_not_what_decided_is_named(folder, name, before, after, cause):
    digest = version().digest
    file = policies_in(folder) / digest / name
    assert before in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(before, after))
    found = replay_log(folder, read_workbook)
    (told,) = found.causes
    assert told.startswith(f"{cause} {digest[:12]} is not what decided")
    if name in {"velocity.csv", "lists.csv"} or b"sum_7d" in before:
        assert found.differ > 0
        assert found.differences[0].fields


def test_a_version_that_is_gone_is_named_and_its_decisions_count_as_different(folder):
    digest = version().digest
    (policies_in(folder) / digest / "velocity.csv").unlink()
    found = replay_log(folder, read_workbook)
    assert found.unreadable.keys() == {digest}
    assert 250 <= found.differ < found.decisions


def test_a_fact_that_was_altered_is_named_with_file_and_place(folder):
    (segment,) = (folder / "log").glob("*.segment")
    content = bytearray(segment.read_bytes())
    at = content.find(b"c7")
    content[at + 1] ^= 1
    segment.write_bytes(content)
    with pytest.raises(DamageError, match="offset"):
        replay_log(folder, read_workbook)


def test_a_recorded_input_that_the_facts_do_not_give_is_named(tmp_path):
    """As if somebody had rewritten the log, checksums and all: one input of one decision."""
    with opened(tmp_path) as decisions:
        record, _ = decisions.submit_one(many(1).to_pylist()[0])
        forged = dict(record) | {"inputs": dict(record["inputs"]) | {"count_7d": 5.0}}
        decisions.live.note("decision", json.dumps(forged, sort_keys=True).encode())
    found = replay_log(tmp_path, read_workbook)
    assert (found.decisions, found.differ) == (2, 1)
    (cause,) = found.causes
    assert cause.startswith("the facts behind count_7d: decision p0 recorded 5.0")


def test_a_model_that_was_late_is_late_again_and_a_changed_model_is_named(tmp_path):
    pack = packs.load("payments")
    deployed = in_force(dict(pack.policy), read_workbook, pack.feature_set, timedelta(days=1))
    compiled = compile_plan(make_plan(pack.feature_set))
    drawn = simulate_card_payments(CardSettings(payments=600, customers=9, terminals=9, days=9), 1)
    answers = iter([True, False, True])

    def ask(_step, model, x):
        return model.probability(x) if next(answers) else None

    with LiveDecisions(
        lambda tell: LiveFeatures(tmp_path, compiled, on_replay=tell),
        Deployment(deployed),
        "payment",
        ask,
    ) as decisions:
        for start in (0, 200, 400):
            decisions.submit(drawn.payments.slice(start, 200))
        late = [
            each["degraded"]
            for _, records in decisions_in(decisions.live.read_log())
            for each in records
        ]
    assert late == [[]] * 200 + [["fraud"]] * 200 + [[]] * 200
    assert replay_log(tmp_path, read_workbook).differ == 0
    file = policies_in(tmp_path) / deployed.digest / "fraud.json"
    file.write_bytes(file.read_bytes().replace(b'"baseline":-4', b'"baseline":-3'))
    found = replay_log(tmp_path, read_workbook)
    assert found.differ == 400  # all but those that were made without it
    assert found.causes[0].startswith(f"model fraud of version {deployed.digest[:12]}")


def test_a_folder_without_decisions_is_refused(tmp_path):
    with pytest.raises(InputError, match="nothing was decided here"):
        replay_log(tmp_path / "nowhere", read_workbook)
