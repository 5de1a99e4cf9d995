"""A decision of a log, and the events behind its numbers as the log stood when it was made."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from headrace.adapters.live.decision_finding import events_of, find_decision
from headrace.adapters.live.decisions import LiveDecisions, policies_in
from headrace.adapters.live.features import LiveFeatures
from headrace.decisions.flow.rollout import Beside, Deployment, Mode
from headrace.errors import EvidenceError, InputError
from headrace.features.aggregates import Count, Mean
from headrace.features.compile import compile_plan
from headrace.features.definition import (
    Column,
    ColumnType,
    Current,
    FeatureSet,
    Measure,
    Ratio,
    Table,
)
from headrace.features.plan import make_plan
from headrace.features.windows import Sliding
from headrace.workflows.decision_explain import explain_decision, inputs_asked
from headrace.workflows.policies import in_force

START = datetime(2026, 3, 1, tzinfo=UTC)
TWO_DAYS = Sliding(timedelta(days=2))
CARD, SHOP = ("card",), ("shop",)
COLUMNS = (
    Column("card", ColumnType.CATEGORY, required=True),
    Column("shop", ColumnType.CATEGORY, required=True),
    Column("amount", ColumnType.NUMBER, required=True),
)
TABLES = (
    Table("payment", COLUMNS, CARD),
    Table("report", COLUMNS[:2], SHOP, known="known"),
)
PAYMENTS = Measure("payments", Count(), "", TWO_DAYS, "payment")
COUNTS = (
    PAYMENTS,
    Measure("large", Count(), "amount >= 50", TWO_DAYS, "payment"),
    Measure("before", Count(), "", TWO_DAYS, "payment", CARD, Current.EXCLUDED),
    Measure("at_shop", Count(), "", TWO_DAYS, "payment", SHOP),
    Measure("pair", Count(), "", TWO_DAYS, "payment", ("card", "shop")),
    Measure("reports", Count(), "", TWO_DAYS, "report", SHOP),
)
FEATURES = FeatureSet(
    TABLES,
    (
        *COUNTS,
        Ratio("large_share", "large", "payments"),
        Measure("mean", Mean("amount"), "", TWO_DAYS, "payment"),
    ),
)
NAMES = [each.name for each in COUNTS]
POLICY = b"""
policy: cards
customer: card
inputs: {card: string, shop: string, amount: number}
steps:
- table: velocity
otherwise: approve
"""
VELOCITY = """# table,velocity
# hit policy,RULE ORDER
in:payments,in:large,in:before,in:at_shop,in:pair,in:reports,in:large_share,in:mean,out:action
> 2,-,-,-,-,-,-,-,step_up
-,-,> 2,-,-,-,-,-,notify
-,-,-,> 4,-,-,-,-,notify
-,-,-,-,> 2,-,-,-,notify
-,-,-,-,-,> 0,-,-,refer
-,-,-,-,-,-,> 0.9,> 90,notify
"""


def version(bound="> 2"):
    table = VELOCITY.replace("\n> 2,", f"\n{bound},", 1)
    files = {"policy.yaml": POLICY, "velocity.csv": table.encode()}
    return in_force(files, None, FEATURES, timedelta(days=1))


def payments(count, seed):
    """Payments of few cards at few shops, some of them late, a few of them twice."""
    chance = np.random.default_rng(seed)
    minutes = np.sort(chance.integers(0, 6 * 24 * 60, count))
    minutes = minutes - np.where(chance.random(count) < 0.15, chance.integers(0, 1200, count), 0)
    once = np.arange(count)
    once[-count // 20 :] = chance.integers(0, count // 2, len(once[-count // 20 :]))
    made = pa.table(
        {
            "id": np.arange(count),
            "event_time": pa.array(
                [START + timedelta(minutes=each) for each in minutes.tolist()],
                pa.timestamp("us", "UTC"),
            ),
            "card": pa.array([f"C{each}" for each in chance.integers(0, 5, count)]),
            "shop": pa.array([f"S{each}" for each in chance.integers(0, 4, count)]),
            "amount": chance.integers(1, 100, count),
        }
    )
    return made.take(pa.array(once))


def reports(events, seed):
    """Reports about some of the payments, known hours later."""
    chance = np.random.default_rng(seed)
    some = events.slice(0, 60).take(pa.array(np.arange(0, 60, 7)))
    rows = some.select(["id", "event_time", "card", "shop"]).to_pylist()
    for row in rows:
        row["known"] = row["event_time"] + timedelta(hours=int(chance.integers(1, 60)))
    rows.sort(key=lambda row: row["known"])
    return pa.Table.from_pylist(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Decisions in batches and one by one, with a shadow beside; reports and voids between."""
    folder = tmp_path_factory.mktemp("live")
    compiled = compile_plan(make_plan(FEATURES))
    deployment = Deployment(version(), (Beside("strict", version("> 1"), Mode.SHADOW, 10_000),))
    events = payments(240, 4)
    with LiveDecisions(
        lambda tell: LiveFeatures(folder, compiled, on_replay=tell), deployment, "payment"
    ) as live:
        for start in range(0, 160, 20):
            live.submit(events.slice(start, 20))
            if start == 60:
                live.live.push(reports(events, 5), "report")
            if start == 100:
                voided = events.slice(90, 6).select(["id", "event_time", "card", "shop"])
                live.live.void(voided, "payment")
        for event in events.slice(160).to_pylist():
            live.submit_one(event)
        live.commit()
    return folder


def test_ids_and_keys_may_be_numbers_and_texts(tmp_path):
    """To the features 7 and "7" are two cards, and so they are to whoever explains."""
    shared = {"shop": "S1", "amount": 60}
    events = [
        {"id": 1, "card": 7}, {"id": "x1", "card": "7"}, {"id": 2, "card": 7},
        {"id": "x2", "card": "C1"}, {"id": "x3", "card": "7"}, {"id": 3, "card": "7", "shop": 1},
        {"id": "x4", "card": 7}, {"id": "last", "card": "7"},
    ]  # fmt: skip
    compiled = compile_plan(make_plan(FEATURES))
    with LiveDecisions(
        lambda tell: LiveFeatures(tmp_path, compiled, on_replay=tell),
        Deployment(version()),
        "payment",
    ) as live:
        for minute, each in enumerate(events):
            live.submit_one(shared | each | {"event_time": START + timedelta(minutes=minute)})
            if minute == 1:
                gone = shared | each | {"event_time": START + timedelta(minutes=minute)}
                live.live.void(pa.Table.from_pylist([gone]), "payment")
        live.commit()
    for name, cards in (("2", 2), ("x3", 1), ("x4", 3), ("last", 3)):
        found = find_decision(tmp_path, None, name)
        facts = {each.feature: each.parts[0] for each in events_of(tmp_path, found, NAMES)}
        assert {each: part.count for each, part in facts.items()} == {
            each: found.record["inputs"][each] for each in NAMES
        }
        assert facts["payments"].count == cards


@pytest.mark.parametrize("decision", [*range(0, 228, 12), 80, 97, 159])
def test_the_events_behind_a_count_are_as_many_as_it_says(folder, decision):
    found = find_decision(folder, None, str(decision))
    facts = events_of(folder, found, NAMES)
    inputs = found.record["inputs"]
    assert [each.feature for each in facts] == NAMES
    for each in facts:
        (part,) = each.parts
        assert part.count == inputs[each.feature], each.feature
        assert len(part.newest) == min(part.count, 5)
        if part.count:
            assert part.newest[0]["event_time"] == part.last >= part.first


def test_the_event_itself_is_the_newest_where_it_counts(folder):
    found = find_decision(folder, None, "119")
    counted, before = events_of(folder, found, ["payments", "before"])
    assert "119" in {str(each["id"]) for each in counted.parts[0].newest}
    assert "119" not in {str(each["id"]) for each in before.parts[0].newest}


def test_arithmetic_between_features_shows_the_events_of_its_parts(folder):
    found = find_decision(folder, None, "140")
    (share,) = events_of(folder, found, ["large_share"])
    large, all_of_them = share.parts
    value = found.record["inputs"]["large_share"]
    assert large.count / all_of_them.count == pytest.approx(value)
    assert share.definition


def test_what_is_no_feature_is_passed_over(folder):
    found = find_decision(folder, None, "5")
    assert events_of(folder, found, ["amount", "card", "nonsense"]) == ()


def test_a_decision_is_found_with_those_beside_it(folder):
    found = find_decision(folder, None, "33")
    assert found.record["arm"] == "champion"
    assert [each["arm"] for each in found.others] == ["strict"]
    shadow = find_decision(folder, None, "33", "strict")
    assert not shadow.record["effective"]
    assert shadow.version.digest != found.version.digest


def test_a_decision_of_a_batch_and_one_alone_explain_themselves(folder):
    for decision in ("140", "200"):
        found = find_decision(folder, None, decision)
        told = explain_decision(found.record, found.version)
        assert told.reproduced
        assert told.decision == decision
        assert inputs_asked(told) or told.action == "approve"


def test_what_is_not_there_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match="no decision 'nobody'"):
        find_decision(folder, None, "nobody")
    with pytest.raises(InputError, match="no decision '33' of someone"):
        find_decision(folder, None, "33", "someone")
    with pytest.raises(InputError, match="no live decisions"):
        find_decision(tmp_path, None, "33")


def test_a_record_of_another_folder_is_refused(folder):
    found = find_decision(folder, None, "33")
    for number in (0, 10**6):
        elsewhere = type(found)({**found.record, "event": number}, (), found.version)
        with pytest.raises(EvidenceError, match="no event"):
            events_of(folder, elsewhere, ["payments"])


def test_a_version_that_is_damaged_is_named(folder):
    digest = find_decision(folder, None, "33").version.digest
    kept = policies_in(folder) / digest / "velocity.csv"
    before = kept.read_bytes()
    try:
        kept.write_bytes(b"nonsense")
        with pytest.raises(EvidenceError, match="cannot be read"):
            find_decision(folder, None, "33")
    finally:
        kept.write_bytes(before)
