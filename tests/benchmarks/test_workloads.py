"""SWF-12 makes the events it says it makes, and DuckDB beside it agrees with a slow twin."""

import json
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import swf12_reference as reference
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from workloads import swf12

DUCKDB = Path(__file__).parents[2] / "benchmarks" / "peers" / "duckdb_swf12.py"


def pairs(events):
    return np.unique(np.stack([events.card, events.ts]), axis=1).shape[1]


def equal(one, other):
    names = ("card", "ts", "amount_minor", "merchant", "known", "void_row", "void_known")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


@pytest.fixture(scope="module")
def published():
    return swf12.published()


def test_the_published_events_are_those_of_the_published_program(published):
    count, cards = 1_000_000, 20_000
    r = np.random.default_rng(42)
    w = 1 / np.arange(1, cards + 1) ** 0.8
    card = r.choice(cards, count, p=w / w.sum())
    t = np.cumsum(r.exponential(1.0, count))
    ts = (t / t[-1] * 30 * 86_400_000).astype(np.int64) + 1_700_000_000_000
    amount = np.round(np.exp(r.normal(5, 1.2, count)), 2)
    merchant = r.integers(0, 500, count)
    assert np.array_equal(published.card, card)
    assert np.array_equal(published.ts, ts)
    assert np.array_equal(published.amount, amount)
    assert np.array_equal(published.merchant, merchant)


def test_the_published_figures_hold(published):
    assert len(published) == 1_000_000
    assert np.bincount(published.card).max() == 31_341
    assert pairs(published) == 1_000_000
    assert np.array_equal(published.known, published.ts)
    assert not published.void_row.size
    assert published.amount_minor.min() > 0


def test_arrays_are_plain_whole_numbers(published):
    for name in ("card", "ts", "amount_minor", "merchant", "known", "void_row", "void_known"):
        assert getattr(published, name).dtype == np.int64
    assert published.table.column_names == ["card", "ts", "amount_minor", "merchant"]
    assert published.table["ts"].to_numpy()[0] == published.ts[0]


def test_five_in_a_hundred_are_late_by_up_to_thirty_days(published):
    events = swf12.late()
    delay = events.known - events.ts
    assert np.array_equal(events.ts, published.ts)
    assert np.count_nonzero(delay) == 50_000
    assert delay.min() == 0
    assert 29 * swf12.DAY_MS < delay.max() <= swf12.DELAY_MS_MAX


def test_rows_arrive_in_order_of_when_they_are_known():
    events = swf12.late(10_000)
    known = events.known[events.arrival]
    assert np.all(np.diff(known) >= 0)
    assert np.array_equal(np.sort(events.arrival), np.arange(10_000))
    assert np.array_equal(swf12.published(10_000).arrival, np.arange(10_000))


def test_three_in_a_hundred_are_voided_after_they_arrived(published):
    events = swf12.void()
    assert len(events) == len(published)
    assert events.void_row.size == np.unique(events.void_row).size == 30_000
    assert np.all(np.diff(events.void_known) >= 0)
    wait = events.void_known - events.known[events.void_row]
    assert wait.min() >= 1
    assert wait.max() <= swf12.DELAY_MS_MAX


def test_a_late_row_is_voided_only_after_it_arrived():
    events = swf12.with_voids(swf12.late(10_000), 0.5, seed=1)
    assert np.all(events.void_known > events.known[events.void_row])


def test_hot_is_one_card_for_a_year():
    events = swf12.hot()
    assert len(events) == 1_000_000
    assert not events.card.any()
    assert np.all(np.diff(events.ts) > 0)
    assert (events.ts[-1] - events.ts[0]) / swf12.DAY_MS == pytest.approx(365, rel=0.01)


def test_wide_calls_every_card_in_turn():
    cards = 300_000
    parts = list(swf12.wide(1_100_001, cards))
    assert [len(part) for part in parts] == [1_000_000, 100_001]
    card = np.concatenate([part.card for part in parts])
    called = card[::2]
    assert np.unique(called[:cards]).size == cards
    assert np.array_equal(called[cards:], called[: called.size - cards])
    assert np.bincount(card[1::2], minlength=cards).argmax() == 0


def test_the_roll_call_does_not_depend_on_where_blocks_begin(monkeypatch):
    monkeypatch.setattr(swf12, "BLOCK", 7)
    card = np.concatenate([part.card for part in swf12.wide(40, 1_000)])
    assert np.array_equal(card[::2], np.arange(20) * swf12.WALK % 1_000)


def test_year_spreads_the_published_cards_over_a_year():
    parts = list(swf12.year(1_500_000))
    assert all(one.ts[-1] < other.ts[0] for one, other in pairwise(parts))
    events = swf12.collect(parts)
    assert len(events) == 1_500_000
    assert (events.ts[-1] - events.ts[0]) / swf12.DAY_MS == pytest.approx(365, rel=0.01)
    share = np.bincount(events.card, minlength=20_000) / len(events)
    weight = 1 / np.arange(1, 20_001) ** 0.8
    assert np.abs(share - weight / weight.sum()).max() < 1e-3
    assert np.log(events.amount).mean() == pytest.approx(5, abs=0.01)
    assert np.log(events.amount).std() == pytest.approx(1.2, abs=0.01)
    assert set(np.unique(events.merchant)) == set(range(500))


@given(
    count=st.integers(1, 300),
    cards=st.integers(1, 50),
    days=st.sampled_from([1, 30, 365]),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=50, deadline=None)
def test_blocks_are_a_function_of_their_seed_and_never_repeat_a_time(count, cards, days, seed):
    events = swf12.collect(swf12.blocks(count, cards, days, seed))
    assert equal(events, swf12.collect(swf12.blocks(count, cards, days, seed)))
    assert len(events) == count
    assert np.all(np.diff(events.ts) > 0)
    assert events.ts[0] >= swf12.START_MS
    assert 0 <= events.card.min() <= events.card.max() < cards


def test_times_stay_distinct_where_there_are_more_events_than_milliseconds(monkeypatch):
    monkeypatch.setattr(swf12, "DAY_MS", 100)
    monkeypatch.setattr(swf12, "BLOCK", 64)
    events = swf12.collect(swf12.blocks(1_000, 5, 1, seed=0))
    assert np.all(np.diff(events.ts) > 0)


def test_queries_have_as_many_columns_as_their_name_says():
    for features, query in swf12.QUERIES.items():
        assert len(query.columns) == features
        assert len({name for name, _, _ in query.columns}) == features
    assert swf12.QUERIES[12].columns[:2] == (
        ("count_1h", "count", 3_600_000),
        ("sum_1h", "sum", 3_600_000),
    )
    assert "deviation_7d" not in swf12.QUERIES[12].exact
    assert len(swf12.QUERIES[30].exact) == 25


def test_the_hash_sees_values_and_not_the_order_of_rows():
    card, ts = np.array([2, 1, 1]), np.array([5, 9, 7])
    values = np.array([10, 20, 30])
    before = swf12.exact_hash(card, ts, [("sum", values)])
    turn = np.array([1, 2, 0])
    assert swf12.exact_hash(card[turn], ts[turn], [("sum", values[turn])]) == before
    assert swf12.exact_hash(card, ts, [("sum", values.astype(float) + 1e-6)]) == before
    assert swf12.exact_hash(card, ts, [("max", values)]) != before
    assert swf12.exact_hash(card, ts, [("sum", values * 2)]) != before
    assert swf12.exact_hash(card, ts, []) != before


def test_the_gap_is_relative_and_sees_nulls():
    nan = np.nan
    assert swf12.deviation_gap(np.array([nan, 0.0, 2.0]), np.array([nan, 0.0, 2.0])) == 0
    assert swf12.deviation_gap(np.array([1.0, 4.0]), np.array([1.0, 3.0])) == 0.25
    assert swf12.deviation_gap(np.array([0.0]), np.array([1e-9])) == 1
    assert swf12.deviation_gap(np.array([nan]), np.array([0.0])) == np.inf
    assert swf12.deviation_gap(np.array([nan]), np.array([nan])) == 0
    assert swf12.deviation_gap(np.array([]), np.array([])) == 0


def tiny(known=None, void_row=(), void_known=()):
    """Four payments of one card at hours 0, 1, 2 and 3."""
    ts = np.arange(4) * swf12.HOUR_MS
    known = ts if known is None else np.array(known) * swf12.HOUR_MS
    amounts, merchants = np.array([100, 300, 200, 400]), np.array([7, 7, 8, 9])
    return swf12.Events(
        np.zeros(4, np.int64),
        ts,
        amounts,
        merchants,
        known,
        np.array(void_row, np.int64),
        np.array(void_known, np.int64) * swf12.HOUR_MS,
    )


def test_the_twin_holds_both_ends_of_a_window():
    rows = reference.features(tiny(), swf12.QUERIES[30])
    assert [row["count_1h"] for row in rows] == [1, 2, 2, 2]
    assert [row["sum_1h"] for row in rows] == [100, 400, 500, 600]
    assert [row["min_1d"] for row in rows] == [100, 100, 100, 100]
    assert [row["max_1h"] for row in rows] == [100, 300, 300, 400]
    assert [row["distinct_1d"] for row in rows] == [1, 1, 2, 3]
    assert rows[0]["deviation_1d"] is None
    assert rows[2]["deviation_1d"] == 100


def test_the_twin_knows_nothing_before_it_arrives_nor_after_it_is_voided():
    late = tiny(known=[0, 5, 2, 3])
    day = [row["count_1d"] for row in reference.features(late, swf12.QUERIES[12])]
    assert day == [1, 2, 2, 3]
    hours = 10 * swf12.HOUR_MS
    final = [row["count_1d"] for row in reference.features(late, swf12.QUERIES[12], hours)]
    assert final == [1, 2, 3, 4]
    voided = tiny(void_row=[1], void_known=[3])
    day = [row["sum_1d"] for row in reference.features(voided, swf12.QUERIES[12])]
    assert day == [100, 400, 600, 700]
    final = reference.features(voided, swf12.QUERIES[12], hours)
    assert [row["sum_1h"] for row in final] == [100, 100, 200, 600]


def whole_hours():
    """Payments of three cards on the hour, so that many lie exactly on the edge of a window."""
    events = swf12.published(600, cards=3)
    ts = swf12.START_MS + np.arange(600) // 3 * swf12.HOUR_MS
    return replace(events, card=np.arange(600) % 3, ts=ts, known=ts)


@pytest.mark.parametrize(
    ("features", "events"),
    [
        *((features, swf12.published(5_000, cards=500)) for features in swf12.QUERIES),
        (30, swf12.collect(swf12.year(2_000, cards=20))),
        (30, whole_hours()),
    ],
    ids=["published-12", "published-15", "published-30", "year-30", "edges-30"],
)
def test_duckdb_equals_the_slow_twin(features, events, tmp_path):
    query = swf12.QUERIES[features]
    pq.write_table(events.table, tmp_path / "events.parquet")
    command = [sys.executable, DUCKDB, "events.parquet", "values.parquet",
               "--features", str(features), "--json"]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    rows = reference.features(events, query)
    twin = {
        name: np.array([np.nan if row[name] is None else row[name] for row in rows])
        for name, _, _ in query.columns
    }
    exact = [(name, twin[name]) for name in query.exact]
    assert found["hash"] == swf12.exact_hash(events.card, events.ts, exact)
    assert found["events"] == len(events)
    assert found["cpu_seconds"] > 0
    assert found["peak_bytes"] > 1e6
    order = np.lexsort((events.ts, events.card))
    values = pq.read_table(tmp_path / "values.parquet")
    for name, measure, _ in query.columns:
        if measure == "deviation":
            assert swf12.deviation_gap(twin[name][order], values[name].to_numpy()) < 1e-12
