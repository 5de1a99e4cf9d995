"""Beside the desk: answers of a batch, alerts on their way, models asked in place."""

import json
import threading
import time
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace import packs
from headrace.adapters.live.alerts import AlertDesk
from headrace.adapters.live.answers import answer_of, answers_of, records_for_alerts
from headrace.adapters.live.desk import OWN_MODELS, ModelsInPlace
from headrace.adapters.live.policy import open_live
from headrace.adapters.policy_sheets import read_workbook
from headrace.decisions.flow.policy import ModelStep
from headrace.decisions.flow.record import read_batch
from headrace.decisions.flow.rollout import Deployment
from headrace.errors import HeadraceError
from headrace.monitor.case_alerts import alert_of
from headrace.scores.trees.model import Boosting
from headrace.simulator.card_payments import CardSettings, simulate_card_payments
from headrace.workflows.policies import in_force

ACTIONS = ("approve", "step_up", "block")
WORDS = st.text(max_size=6)
MOMENT = pa.timestamp("us", "UTC")
RESULTS = {
    "limit": (st.floats(allow_nan=True) | st.none(), pa.float64()),
    "code": (WORDS | st.none(), pa.string()),
    "many": (st.integers(-(2**60), 2**60), pa.int64()),
    "until": (st.integers(0, 2**50), MOMENT),
}


@st.composite
def records(draw):
    """A batch's record, with masks of more than one word."""
    count = draw(st.integers(1, 6))

    def column(values, kind):
        return pa.array(draw(st.lists(values, min_size=count, max_size=count)), kind)

    columns = {
        "decision": pa.array([f"P-{row}" for row in range(count)]),
        "row": pa.array(draw(st.permutations(range(count))), pa.int64()),
        "moment": column(st.integers(0, 2**50), pa.int64()),
        "action": column(st.sampled_from(ACTIONS), pa.string()).dictionary_encode(),
        "decided_by": column(WORDS, pa.string()),
        "reason": column(WORDS | st.none(), pa.string()),
    }
    for name in draw(st.sets(st.sampled_from(sorted(RESULTS)))):
        columns[f"results:{name}"] = column(*RESULTS[name])
    names = {}
    for key in ("missing", "degraded", "problems"):
        names[key] = [f"{key} {at}" for at in range(draw(st.sampled_from([0, 1, 3, 62, 63, 130])))]
        for at in range(-(-len(names[key]) // 62)):
            columns[f"{key}:{at}"] = column(st.integers(0, 2**62 - 1), pa.int64())
    columns["inputs:amount"] = column(st.integers(0, 9), pa.int64())
    columns["inputs:colour"] = column(WORDS, pa.string())
    made = {"event": 1, "arm": "champion", "effective": True, "in_force": "d", "latency_us": 5}
    about = json.dumps({"made": made, "names": names})
    return pa.table(columns).replace_schema_metadata({"headrace": about})


@given(records(), st.none() | st.integers(1, 9))
def test_the_answers_of_a_batch_are_those_of_its_decisions(table, version):
    slow = [answer_of(each, "payments", version) for each in read_batch(table)]
    assert answers_of(table, "payments", version) == slow


@given(records())
def test_an_alert_is_read_without_what_it_does_not_say(table):
    for few, all_of_it in zip(
        records_for_alerts(table, {"amount"}), read_batch(table), strict=True
    ):
        assert few["inputs"] == {"amount": all_of_it["inputs"]["amount"]}
        for name in ("decision", "action", "reason", "moment", "effective", "in_force", "missing"):
            assert few[name] == all_of_it[name]


# --- alerts ---------------------------------------------------------------------------------------


@pytest.fixture
def decisions(tmp_path):
    pack = packs.load("payments")
    version = in_force(dict(pack.policy), read_workbook, pack.feature_set, timedelta(days=1))
    with ModelsInPlace() as ask, open_live(tmp_path / "live", Deployment(version), ask) as live:
        yield live


def payments(count):
    drawn = simulate_card_payments(
        CardSettings(payments=count, customers=5, terminals=9, days=2), 3
    )
    return drawn.payments


def test_alerts_of_batches_are_those_of_the_log_and_told_together(decisions):
    told, first = [], threading.Event()

    def take(alerts):
        first.set()
        told.append(alerts)

    desk = AlertDesk(decisions, take)
    records = [*decisions.submit(payments(400)).records]
    decisions.commit()
    policy = decisions.deployment.champion.program.policy
    wanted = [alert_of(each, policy) for record in records for each in read_batch(record)]
    wanted = [each for each in wanted if each is not None]
    assert wanted
    for record in records:
        desk.tail.add([record], decisions.live.records)
    assert first.wait(10)
    for record in read_batch(records[0]):
        desk.tail.add([record], decisions.live.records)
    desk.close()
    flat = [alert for alerts in told for alert in alerts]
    assert sorted(flat, key=lambda each: each.decision) == sorted(
        wanted + wanted, key=lambda each: each.decision
    ), "of single records as of batches"
    assert len(told) < len(wanted) / 2, "many that wait are put into cases together"
    for customer in {each.customer for each in wanted}:
        mine = [each.at for each in wanted if each.customer == customer]
        assert [each.at for each in flat if each.customer == customer] == mine + mine


@pytest.mark.parametrize("kind", [HeadraceError, ZeroDivisionError], ids=["down", "a defect"])
def test_alerts_that_no_case_takes_are_kept(decisions, kind):
    def down(alerts):
        raise kind("The store does not answer")

    desk = AlertDesk(decisions, down)
    records = decisions.submit(payments(400)).records
    decisions.commit()
    desk.tail.add(records, decisions.live.records)
    for _ in range(200):
        if desk.tail.failing:
            break
        time.sleep(0.02)
    assert "does not answer" in desk.tail.failing
    desk.close()
    told = []
    AlertDesk(decisions, told.extend).close()
    assert told, "the next desk finds them in the log"


def test_alerts_of_a_batch_that_failed_are_looked_for_in_the_log(decisions):
    told = []
    desk = AlertDesk(decisions, told.extend)
    first = payments(400)
    lost = decisions.submit(first.slice(0, 300)).records  # nobody tells of these
    after = decisions.submit(first.slice(300)).records
    decisions.commit()
    desk.tail.add(after, decisions.live.records)
    desk.tail.add(None, decisions.live.records)
    desk.close()
    policy = decisions.deployment.champion.program.policy
    wanted = {
        each["decision"]
        for record in (*lost, *after)
        for each in read_batch(record)
        if alert_of(each, policy) is not None
    }
    assert {each.decision for each in told} == wanted


# --- models ---------------------------------------------------------------------------------------


class Trees(Boosting):
    """Trees that say in which thread they were asked, and take their time."""

    seconds, asked_in = 0.0, None

    def probability(self, x):
        object.__setattr__(self, "asked_in", threading.current_thread())
        end = time.thread_time() + self.seconds
        while time.thread_time() < end:
            pass
        return super().probability(x)


@pytest.fixture
def trees():
    content = packs.load("payments").policy["fraud.json"].decode()
    shipped = Boosting.from_json(content)
    return Trees(**{name: getattr(shipped, name) for name in shipped.__dataclass_fields__})


def test_a_model_of_ours_is_asked_in_place(trees):
    assert isinstance(trees, OWN_MODELS)
    x = np.zeros((3, len(trees.names)))
    with ModelsInPlace() as ask:
        answer = ask(ModelStep(name="m", within_ms=5_000), trees, x)
        assert answer.tolist() == trees.probability(x).tolist()
        assert trees.asked_in is threading.current_thread()
        assert not ask.late


def test_a_deadline_counts_the_time_in_which_a_model_computes(trees):
    x = np.zeros((1, len(trees.names)))
    with ModelsInPlace() as ask:
        ask(ModelStep(name="m"), trees, x)
        object.__setattr__(trees, "seconds", 0.05)
        assert ask(ModelStep(name="m", within_ms=20), trees, x) is None
        assert ask.late == {"m": 1}
        assert ask(ModelStep(name="m", within_ms=20), trees, np.zeros((1, 1))) is None
        assert ask.failed == {"m": 1}


def test_a_deadline_is_that_of_each_event_of_a_batch(trees):
    with ModelsInPlace() as ask:
        ask(ModelStep(name="m"), trees, np.zeros((10, len(trees.names))))
        object.__setattr__(trees, "seconds", 0.05)
        assert (
            ask(ModelStep(name="m", within_ms=20), trees, np.zeros((10, len(trees.names))))
            is not None
        )
        assert (
            ask(ModelStep(name="m", within_ms=20), trees, np.zeros((2, len(trees.names)))) is None
        )
        assert ask.late == {"m": 1}


def test_any_other_model_is_asked_in_a_thread_of_its_own():
    class Foreign:
        names = ("a",)

        def probability(self, x):
            self.asked_in = threading.current_thread()
            return np.array([0.5])

    model = Foreign()
    with ModelsInPlace() as ask:
        assert ask(ModelStep(name="m", within_ms=5_000), model, np.zeros((1, 1))).tolist() == [0.5]
    assert model.asked_in is not threading.current_thread()
