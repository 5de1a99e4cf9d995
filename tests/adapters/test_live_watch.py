"""What the stream looks like from outside, beside the log read decision by decision."""

from datetime import timedelta

import pytest

from headrace import packs
from headrace.adapters.live.batches import decide_tables
from headrace.adapters.live.decision_hits import hits_in
from headrace.adapters.live.policy import decided_tables, open_live
from headrace.adapters.live.watch import DAYS_KEPT, LiveWatch, Second
from headrace.adapters.policy_sheets import read_workbook
from headrace.decisions.flow.rollout import Deployment
from headrace.simulator.card_payments import CardSettings, simulate_card_payments
from headrace.workflows.policies import in_force

NOW = 1_800_000_000_000_000
SECOND = 1_000_000


def test_rate_and_latency_are_of_the_last_seconds():
    watch = LiveWatch()
    watch.answered(NOW, [0.001] * 98 + [0.5, 0.5], ["approve"] * 99 + ["block"], 3)
    watch.failed(NOW, 2)
    assert watch.flow(NOW, 60).decided == 0, "a second is told when it is over"
    flow = watch.flow(NOW + SECOND, 60)
    assert (flow.decided, flow.refused, flow.failed) == (100, 3, 2)
    assert flow.actions == {"approve": 99, "block": 1}
    assert flow.p50 == pytest.approx(0.001, rel=0.13)
    assert flow.p99 == pytest.approx(0.5, rel=0.13)
    assert flow.per_second == pytest.approx(100 / 60)
    assert watch.flow(NOW + 61 * SECOND, 60).decided == 0
    assert watch.flow(NOW + 61 * SECOND, 60).p50 is None
    rates = watch.rates(NOW + 10 * SECOND, 60, 10)
    assert sum(rate for _, rate in rates) == pytest.approx(10)


def test_old_seconds_are_forgotten():
    watch = LiveWatch()
    for hour in range(3):
        watch.answered(NOW + hour * 3_601 * SECOND, [0.1], ["approve"], 0)
    assert len(watch._seconds) == 1
    assert Second().decided == 0


@pytest.mark.parametrize("alone", [True, False])
def test_rules_are_counted_as_the_log_says(tmp_path, alone):
    pack = packs.load("payments")
    version = in_force(dict(pack.policy), read_workbook, pack.feature_set, timedelta(days=1))
    drawn = simulate_card_payments(
        CardSettings(payments=400, customers=40, terminals=80, days=30), 3
    )
    watch, events = LiveWatch(), drawn.payments
    with open_live(
        tmp_path / "live", Deployment(version), lambda step, model, x: model.probability(x)
    ) as live:
        if alone:
            for row in events.slice(0, 60).to_pylist():
                watch.made(live.submit_one(row)[0], version)
            live.commit()
        else:
            for start in range(0, 400, 100):
                for record in live.submit(events.slice(start, 100)).records:
                    watch.made(record, version)
            live.commit()
    watch.settle()
    count = 60 if alone else 400
    assert sum(sum(actions.values()) for _, actions in watch.days()) == count
    slow = {table.name: history for table, history in hits_in(tmp_path / "live", read_workbook, 1)}
    for each in watch.rules():
        asked = each.now.asked + (0 if each.before is None else each.before.asked)
        spoke = each.now.spoke + (0 if each.before is None else each.before.spoke)
        assert asked == sum(hits.asked for hits in slow[each.table.name])
        assert spoke.tolist() == sum(hits.spoke for hits in slow[each.table.name]).tolist()
    lines = watch.last()
    assert len(lines) == 50
    assert lines[0].decision == str(count - 1)


def test_only_the_last_days_are_kept(tmp_path):
    pack = packs.load("payments")
    version = in_force(dict(pack.policy), read_workbook, pack.feature_set, timedelta(days=1))
    watch = LiveWatch()
    table = next(iter(version.program.policy.tables))
    for day in range(DAYS_KEPT + 5):
        record = {"decision": str(day), "moment": day * 86_400 * SECOND, "action": "approve",
                  "decided_by": "", "reason": None, "fired": {table: (1,)}}  # fmt: skip
        watch.made(record, version)
    watch.settle()
    assert len(watch.days()) == DAYS_KEPT
    (first,) = [each for each in watch.rules() if each.table.name == table]
    assert first.now.asked == 7


def test_a_demo_stream_is_decided_in_order_of_arrival(tmp_path):
    pack = packs.load("payments")
    version = in_force(dict(pack.policy), read_workbook, pack.feature_set, timedelta(days=1))
    drawn = simulate_card_payments(
        CardSettings(payments=300, customers=5, terminals=10, days=30), 3
    )
    tables = {"payment": drawn.payments, "fraud_report": drawn.fraud_reports}
    with open_live(
        tmp_path / "live", Deployment(version), lambda step, model, x: model.probability(x)
    ) as live:
        found = decide_tables(live, tables, decided_tables(version), 50)
    assert found.num_rows == 300
