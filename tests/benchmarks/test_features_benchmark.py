"""The feature benchmark cannot rot: its small size runs, and every engine agrees. No timing."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from measures import asked, found, known_swf12, live_swf12
from workloads import loans, swf12, swf12_features
from workloads.swf12 import QUERIES

import features
from headrace.features.engines.batch import History, replay
from headrace.features.engines.stream import PushedOne

BENCHMARKS = Path(features.__file__).parent


@pytest.fixture(scope="module")
def small():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "features.py", "--quick", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def test_every_metric_is_measured_once(small):
    metrics = [each["metric"] for each in small["results"]]
    assert sorted(metrics) == sorted(f"features.{name}" for name in features.BARS)
    assert small["machine"]["cores"]


def test_every_result_has_the_agreed_shape(small):
    for each in small["results"]:
        assert set(each) == {"metric", "value", "unit", "bar", "holds", "peers", "hash", "data",
                             "command"}  # fmt: skip
        assert each["value"] > 0
        assert len(each["hash"]) == 16
        assert each["command"].endswith(each["metric"])
        assert isinstance(each["holds"], bool)


def test_duckdb_ran_beside_us(small):
    peers = {each["metric"]: each["peers"] for each in small["results"]}
    for metric in ("swf12_replay_events_per_cpu_second", "swf12_year_15_events_per_second",
                   "swf12_year_30_events_per_second"):  # fmt: skip
        assert peers[f"features.{metric}"]["duckdb"] > 0
    assert all(value > 0 for value in peers["features.training_set_ratio"].values())


def test_live_and_replay_have_one_hash(small):
    hashes = {each["metric"]: each["hash"] for each in small["results"]}
    replayed = hashes["features.swf12_replay_events_per_cpu_second"]
    assert hashes["features.swf12_live_events_per_cpu_second"] == replayed


def test_only_what_was_asked_for_is_measured(tmp_path):
    bench = features.Bench(replace(features.QUICK, published=500), tmp_path, features.here)
    results, agree = features.measured(bench, "late_live")
    assert agree
    assert [each["metric"] for each in results] == ["features.swf12_late_live_events_per_second"]
    assert features.measured(bench, "no such metric") == ([], True)


def test_a_disagreement_is_an_error_and_the_rest_is_still_measured(tmp_path, monkeypatch, capsys):
    bench = features.Bench(features.QUICK, tmp_path, features.here)

    def wrong(*_arguments):
        raise found.DisagreementError("hot key: the engines disagree")

    monkeypatch.setattr(features.live_swf12, "hot", wrong)
    results, agree = features.measured(bench, "hot")
    assert not agree
    assert results == []
    assert "NO hot key" in capsys.readouterr().err


def test_engines_agree_or_are_named():
    assert found.agreed("x", one="ab", other="ab") == "ab"
    with pytest.raises(found.DisagreementError, match=r"sums: .*one ab, other cd"):
        found.agreed("sums", one="ab", other="cd")


def test_a_hash_proves_every_value():
    events, query = swf12.published(300, cards=5), QUERIES[30]
    table = replay(
        swf12_features.compiled(query), History({"payments": swf12_features.payments(events)})
    ).table
    ours = swf12_features.hash_of(events.card, events.ts, query, table)
    assert ours == found.duckdb_hash(events, query)
    since = int(events.ts[200])
    assert found.duckdb_hash(events, query, since) != ours
    changed = table["sum_1d"].to_numpy().copy()
    changed[7] += 0.01
    place = table.column_names.index("sum_1d")
    wrong = table.set_column(place, "sum_1d", [changed])
    assert swf12_features.hash_of(events.card, events.ts, query, wrong) != ours
    with pytest.raises(found.DisagreementError, match="sum_1d"):
        found.same_bits("x", table, wrong)


def test_voids_name_the_rows_they_take_back():
    events = swf12.void(1_000)
    table = swf12_features.voids(events)
    assert table["id"].to_pylist() == events.void_row.tolist()
    known = np.asarray(table["known_time"].cast("int64"))
    assert np.array_equal(known, events.void_known * 1000)
    payments = swf12_features.payments(events, events.arrival)
    assert payments["id"].to_pylist() == list(range(1_000))


@pytest.mark.parametrize("measure", [known_swf12.late, known_swf12.void])
def test_late_and_voided_events_equal_the_slow_twin(measure):
    """The twin is inside the measurement: it raises where a value differs."""
    assert measure(2_000).figures["events_per_second"] > 0


def test_the_slow_twin_would_notice(monkeypatch):
    blind = replace(swf12_features.LATE, known=None)
    monkeypatch.setattr(swf12_features, "LATE", blind)
    with pytest.raises(found.DisagreementError, match="as known"):
        known_swf12.late(2_000)


def test_waiting_is_charged_to_the_event_that_waited():
    """A stop of 50 ms delays every event that falls due in it."""
    taken = 0

    def slow(event):
        nonlocal taken
        taken += 1
        if taken == 1:
            live_swf12.time.sleep(0.05)
        return PushedOne(
            {"count": float(event["n"])}, "added", late=False, too_late=False, refused=()
        )

    rows = [{"n": number} for number in range(20)]
    latencies, answers = live_swf12.open_loop(slow, rows, rate=1_000)
    assert answers["count"].to_pylist() == [float(number) for number in range(20)]
    assert (latencies >= 0.05 - 0.001 * np.arange(20) - 1e-6).all()


def test_the_wide_request_has_240_features_over_nine_tables():
    features_asked = loans.feature_set()
    assert len(features_asked.definitions) == 240
    assert len(features_asked.tables) == len(set(loans.TABLES)) == 9
    facts = loans.facts(10, 5)
    assert set(facts) == set(loans.TABLES)
    assert all(table.num_rows == 50 for table in facts.values())
    assert facts["invoice"].equals(loans.facts(10, 5)["invoice"])


def test_the_training_set_has_50_features():
    assert len(asked.TRAINING.columns) == 50
