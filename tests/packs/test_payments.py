"""The payments pack: read aloud, by hand, against a slow twin, against DuckDB, and live."""

import re
import runpy
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from payments_reference import DAY, DAYS, HOUR, SECOND, Twin, rows_of, within

from headrace.features.aggregates import Count
from headrace.features.compile import Compiled, compile_plan
from headrace.features.definition import FeatureSet, Measure, Unit
from headrace.features.engines.batch import History, replay
from headrace.features.engines.stream import StreamEngine
from headrace.features.plan import make_plan
from headrace.features.windows import Sliding
from headrace.packs.payments import (
    CAUTIONS,
    FEATURE_SET,
    FEATURES,
    FRAUD_REPORT,
    HANDBOOK,
    HANDBOOK_COLUMNS,
    HANDBOOK_NAMES,
    LABEL_DELAY,
    LABELLED_PAYMENT,
    PAYMENT,
    TITLE,
)
from headrace.simulator.card_payments import CardSettings, simulate_card_payments

ROOT = Path(__file__).parents[2]
FILE = ROOT.parent / "shared" / "data" / "fraud_handbook_simulated" / "transactions.parquet"
RISKS = [f"terminal_risk_{days}d_delayed" for days in DAYS]
INSTANT = pa.timestamp("us", "UTC")
ABOUT = {  # where the twin's arithmetic rounds otherwise: equal but for the last bits
    "customer_amount_deviation_30d_before",
    "customer_amount_zscore_30d",
    "customer_gap_seconds_mean_30d",
    "customer_gap_seconds_deviation_30d",
}


def compiled(feature_set: FeatureSet) -> Compiled:
    return compile_plan(make_plan(feature_set))


ALL, LABELLED = compiled(FEATURE_SET), compiled(HANDBOOK)
RISK = compiled(FEATURE_SET.only(RISKS))
Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Stream:
    """Payments in order of time, and the reports of those that were frauds."""

    payments: pa.Table
    reports: pa.Table

    @property
    def history(self) -> History:
        return History({"payment": self.payments, "fraud_report": self.reports})

    @property
    def labelled(self) -> pa.Table:
        frauds = pc.is_in(self.payments["id"], value_set=self.reports["id"].combine_chunks())
        return self.payments.append_column("fraud", frauds)

    def features(self, plan: Compiled = ALL) -> Columns:
        """As of each payment; NaN is missing."""
        return columns(replay(plan, self.history, "payment").table)

    def features_by_label(self) -> Columns:
        """The same, in the handbook's way."""
        return columns(replay(LABELLED, History({"payment": self.labelled})).table)


def columns(table: pa.Table) -> Columns:
    return {name: table[name].to_numpy() for name in table.column_names}


def instants(micros: Sequence[int]) -> pa.Array:
    return pa.array(np.asarray(micros, np.int64), INSTANT)


def reported(labelled: pa.Table, delay: timedelta = LABEL_DELAY) -> Stream:
    """Payments without their label, and each fraud as a report that was known `delay` later."""
    frauds = labelled.filter(labelled["fraud"]).drop_columns(["fraud", "amount"])
    known = pc.add(frauds["event_time"], pa.scalar(delay)).cast(INSTANT)
    return Stream(labelled.drop_columns("fraud"), frauds.append_column("known_time", known))


def simulated(settings: CardSettings, seed: int, grid: int = 1) -> Stream:
    """A simulated stream; times on a coarse grid fall together, and on the edges of windows."""
    drawn = simulate_card_payments(settings, seed)
    return Stream(*(on_grid(table, grid) for table in (drawn.payments, drawn.fraud_reports)))


def on_grid(table: pa.Table, grid: int) -> pa.Table:
    """Every time moved back to a multiple of `grid` microseconds."""
    given = dict(zip(table.column_names, table.columns, strict=True))
    for name in {"event_time", "known_time"} & set(given):
        given[name] = instants(given[name].cast(pa.int64()).to_numpy() // grid * grid)
    return pa.table(given)


@pytest.fixture(scope="module")
def file() -> pa.Table:
    """All payments of the handbook's file, as the pack's labelled payments."""
    if not FILE.exists():
        pytest.skip(f"the handbook's simulated payments are not at {FILE}")
    table = pq.read_table(FILE)
    labelled = {ours: table[theirs] for ours, theirs in HANDBOOK_COLUMNS.items()}
    minor = 100 * labelled["amount"].to_numpy()
    assert np.abs(minor - np.rint(minor)).max() < 1e-9, "amounts have two decimals"
    labelled["amount"] = pa.array(np.rint(minor).astype(np.int64))
    labelled["fraud"] = labelled["fraud"].cast(pa.bool_())
    return pa.table(labelled)


@pytest.fixture(scope="module")
def by_label(file) -> Columns:
    return columns(replay(LABELLED, History({"payment": file})).table)


# --- what the definitions say ---

SENTENCES = {
    "payment_night": "last of night in the last event",
    "customer_payments_7d": "count in 7 days",
    "customer_amount_mean_30d": "mean of amount in 30 days",
    "customer_amount_mean_30d_before": "mean of amount in 30 days before the event itself",
    "customer_amount_zscore_30d": "payment_amount in deviations "
    "(customer_amount_deviation_30d_before) from customer_amount_mean_30d_before",
    "customer_tried_then_used_1d": "count of (amount >= 20000) within 1 hour of (amount < 500) "
    "in 1 day",
    "customer_terminal_new": "count of new terminal, not seen in 90 days before in the last event",
    "customer_night_share_30d": "mean of night in 30 days",
    "terminal_payments_1d_delayed": "count in 1 day ending 7 days before per terminal",
    "terminal_frauds_30d_delayed": "count in 30 days ending 7 days before per terminal",
    "terminal_risk_7d_delayed": "terminal_frauds_7d_delayed divided by "
    "terminal_payments_7d_delayed",
    "terminal_customers_7d": "count of different customer in 7 days per terminal",
    "pair_payments_90d_before": "count in 90 days per customer and terminal before the event "
    "itself",
}


def test_definitions_can_be_read_aloud():
    said = {feature.name: feature.read_aloud() for feature in FEATURES}
    assert {name: said[name] for name in SENTENCES} == SENTENCES
    assert all(said.values())


def test_every_feature_has_a_name_of_its_own_in_both_languages():
    assert len({feature.name for feature in FEATURES}) == len(FEATURES)
    assert len({feature.en for feature in FEATURES}) == len(FEATURES)
    assert len({feature.zh for feature in FEATURES}) == len(FEATURES)
    for text in [(feature.en, feature.zh) for feature in FEATURES] + [
        (each.en, each.zh) for each in (TITLE, *CAUTIONS)
    ]:
        assert text[0].isascii()
        assert re.search(r"[\u4e00-\u9fff]", text[1])


def test_units_are_what_names_promise():
    for feature in FEATURES:
        assert ("seconds" in feature.name) == (feature.unit is Unit.SECONDS), feature.name
        assert ("share" in feature.name or "risk" in feature.name) == (feature.unit is Unit.SHARE)
        assert ("amount" in feature.name) == (feature.unit in {Unit.MONEY, Unit.RATIO})
    units = {feature.name: feature.unit for feature in FEATURES}
    assert units["customer_amount_zscore_30d"] is Unit.RATIO
    flags = {"payment_weekend", "payment_night", "customer_terminal_new"}
    assert {name for name, unit in units.items() if unit is Unit.FLAG} == flags


def test_the_set_holds_the_features_and_nothing_else():
    assert tuple(feature.definition for feature in FEATURES) == FEATURE_SET.definitions
    assert {table.name for table in FEATURE_SET.tables} == {"payment", "fraud_report"}


def test_every_feature_of_the_handbook_is_there_under_its_name():
    theirs = {"TX_DURING_WEEKEND", "TX_DURING_NIGHT", "TX_AMOUNT"}
    for days in DAYS:
        for kind in ("CUSTOMER_ID_NB_TX", "CUSTOMER_ID_AVG_AMOUNT"):
            theirs.add(f"{kind}_{days}DAY_WINDOW")
        for kind in ("TERMINAL_ID_NB_TX", "TERMINAL_ID_RISK"):
            theirs.add(f"{kind}_{days}DAY_WINDOW")
    assert set(HANDBOOK_NAMES.values()) == theirs
    assert set(HANDBOOK_NAMES) <= {feature.name for feature in FEATURES}
    assert set(HANDBOOK_NAMES) <= {definition.name for definition in HANDBOOK.definitions}
    read_of_file = {"id", "event_time"} | {column.name for column in LABELLED_PAYMENT.columns}
    assert set(HANDBOOK_COLUMNS) == read_of_file


def test_a_payment_has_no_label_to_look_at():
    assert "fraud" not in {column.name for column in PAYMENT.columns}
    assert FRAUD_REPORT.known == "known_time"
    frauds = [d for d in FEATURE_SET.definitions if "frauds" in d.name]
    assert {d.table for d in frauds} == {"fraud_report"}


# --- by hand ---


def payments_of(text: str) -> Stream:
    """Payments of a small table: time, customer, terminal, amount, and "fraud" where it was one."""
    rows = [line.split() for line in text.strip().splitlines()]
    times = [datetime.fromisoformat(row[0]).replace(tzinfo=UTC) for row in rows]
    labelled = pa.table(
        {
            "id": list(range(len(rows))),
            "event_time": pa.array(times, INSTANT),
            "customer": [row[1] for row in rows],
            "terminal": [row[2] for row in rows],
            "amount": [int(row[3]) for row in rows],
            "fraud": ["fraud" in row for row in rows],
        }
    )
    return reported(labelled)


def shown(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def test_a_window_is_open_at_its_start_and_holds_the_payment_itself():
    found = payments_of("""
        2024-03-01T12:00:00 anna T1 1000
        2024-03-01T12:00:01 anna T1 2000
        2024-03-02T12:00:00 anna T1 6000
        2024-03-02T12:00:00 bert T1 9999
        2024-03-08T12:00:01 anna T2 3000
    """).features()
    assert shown(found["customer_payments_1d"]) == [1, 2, 2, 1, 1]
    assert shown(found["customer_amount_mean_1d"]) == [1000, 1500, 4000, 9999, 3000]
    assert shown(found["customer_payments_7d"]) == [1, 2, 3, 1, 2]
    assert shown(found["customer_payments_30d"]) == [1, 2, 3, 1, 4]
    assert shown(found["customer_amount_max_30d"]) == [1000, 2000, 6000, 9999, 6000]


def test_weekend_and_night_are_those_of_the_payment():
    found = payments_of("""
        2024-03-01T23:59:59 anna T1 1000
        2024-03-02T00:00:00 anna T1 1000
        2024-03-03T06:59:59 bert T1 1000
        2024-03-03T07:00:00 bert T1 1000
        2024-03-04T00:00:00 bert T1 1000
    """).features()
    assert shown(found["payment_weekend"]) == [0, 1, 1, 1, 0]
    assert shown(found["payment_night"]) == [0, 1, 1, 0, 1]
    assert shown(found["customer_night_share_30d"]) == [0, 1 / 2, 1, 1 / 2, 2 / 3]


def test_fraud_at_a_terminal_counts_a_week_later_and_no_sooner():
    found = payments_of("""
        2024-03-01T12:00:00 anna T1 1000 fraud
        2024-03-01T18:00:00 bert T1 1000
        2024-03-08T11:59:59 carl T1 1000
        2024-03-08T12:00:00 carl T1 1000
        2024-03-08T18:00:00 carl T1 1000
        2024-03-09T12:00:00 carl T1 1000
        2024-03-09T18:00:00 carl T1 1000
        2024-03-09T18:00:00 carl T2 1000
    """).features()
    assert shown(found["terminal_payments_1d_delayed"]) == [0, 0, 0, 1, 2, 1, 0, 0]
    assert shown(found["terminal_frauds_1d_delayed"]) == [0, 0, 0, 1, 1, 0, 0, 0]
    assert shown(found["terminal_risk_1d_delayed"]) == [None, None, None, 1, 0.5, 0, None, None]
    assert shown(found["terminal_risk_7d_delayed"]) == [None, None, None, 1, 0.5, 0.5, 0.5, None]


def test_an_amount_is_measured_against_what_the_customer_paid_before_it():
    found = payments_of("""
        2024-03-01T12:00:00 anna T1 1000
        2024-03-02T12:00:00 anna T1 3000
        2024-03-03T12:00:00 anna T1 2000
        2024-03-04T12:00:00 anna T1 50000
        2024-03-04T12:00:00 anna T1 2000
    """).features()
    assert shown(found["customer_amount_mean_30d_before"])[:4] == [None, 1000, 2000, 2000]
    deviation = shown(found["customer_amount_deviation_30d_before"])
    assert deviation[:2] == [None, None]
    assert deviation[3] == 1000
    zscores = shown(found["customer_amount_zscore_30d"])
    assert zscores[:4] == [None, None, 0, 48]
    assert zscores[4] == pytest.approx((2000 - 14000) / statistics.stdev([1000, 3000, 2000, 50000]))


def test_a_terminal_is_new_until_the_customer_has_paid_there_in_ninety_days():
    found = payments_of("""
        2024-01-01T00:00:00 anna T1 1000
        2024-01-01T01:00:00 anna T1 1000
        2024-01-01T02:00:00 anna T2 1000
        2024-01-01T03:00:00 bert T1 1000
        2024-04-05T00:00:00 anna T2 1000
        2024-04-05T00:00:10 anna T2 1000
    """).features()
    assert shown(found["customer_terminal_new"]) == [1, 0, 1, 1, 1, 0]
    assert shown(found["customer_terminals_new_7d"]) == [1, 1, 2, 1, 1, 1]
    assert shown(found["customer_terminals_1d"]) == [1, 1, 2, 1, 1, 1]
    assert shown(found["pair_payments_90d_before"]) == [0, 1, 0, 0, 0, 1]
    assert shown(found["pair_payments_30d"]) == [1, 2, 1, 1, 1, 2]
    assert shown(found["pair_seconds_since_last"]) == [None, 3600, None, None, None, 10]
    assert shown(found["customer_seconds_since_last"]) == [None, 3600, 3600, None, None, 10]
    assert shown(found["terminal_customers_7d"]) == [1, 1, 1, 2, 1, 1]


def test_a_card_that_is_tried_small_and_then_used_is_seen():
    found = payments_of("""
        2024-03-01T12:00:00 anna T1 499
        2024-03-01T12:30:00 anna T2 20000
        2024-03-01T13:00:00 anna T2 20000
        2024-03-01T13:00:01 anna T2 20000
        2024-03-01T13:30:00 bert T2 19999
        2024-03-01T13:40:00 bert T1 500
        2024-03-01T13:50:00 bert T1 30000
    """).features()
    assert shown(found["customer_tried_then_used_1d"]) == [0, 1, 2, 2, 0, 0, 0]
    assert shown(found["terminal_tried_then_used_1d"]) == [0, 0, 0, 0, 0, 0, 0]
    assert shown(found["terminal_payments_1h"]) == [1, 1, 2, 3, 3, 1, 2]


def test_gaps_between_payments_of_a_customer():
    found = payments_of("""
        2024-03-01T12:00:00 anna T1 1000
        2024-03-01T12:01:00 anna T1 1000
        2024-03-01T12:04:00 anna T1 1000
    """).features()
    assert shown(found["customer_gap_seconds_mean_30d"]) == [None, 60, 120]
    assert shown(found["customer_gap_seconds_longest_30d"]) == [0, 60, 180]
    assert shown(found["customer_gap_seconds_deviation_30d"])[:2] == [None, None]
    assert found["customer_gap_seconds_deviation_30d"][2] == pytest.approx(np.sqrt(2) * 60)


def test_a_payment_that_cannot_be_used_is_refused_and_stops_no_other():
    stream = payments_of("2024-03-01T12:00:00 anna T1 1000\n2024-03-01T13:00:00 anna T1 1000")
    broken = stream.payments.set_column(4, "amount", pa.array([None, 1000], pa.int64()))
    found = replay(ALL, History({"payment": broken, "fraud_report": stream.reports}), "payment")
    assert ("payment", "amount", "is missing", [0]) in [
        (table, each.column, each.reason, each.rows.tolist()) for table, each in found.refused
    ]
    assert found.table["customer_payments_1d"].to_pylist() == [None, 1]


# --- against a slow twin ---


def check_equals_twin(stream: Stream) -> None:
    found, expected = stream.features(), Twin(stream.payments, stream.reports).features()
    assert set(found) == set(expected[0]) == {feature.name for feature in FEATURES}
    for name, values in found.items():
        wanted = np.array([row[name] for row in expected], np.float64)
        if name in ABOUT:
            np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=1e-9, err_msg=name)
        else:
            np.testing.assert_array_equal(values, wanted, err_msg=name)


SMALL = CardSettings(payments=1_500, customers=12, terminals=25, days=110, compromised=8, leaked=6)


@pytest.mark.parametrize("grid", [SECOND, HOUR, 6 * HOUR])
def test_every_feature_of_a_simulated_stream_is_the_twins(grid):
    """On a grid of hours payments fall together, and exactly on the edges of windows."""
    check_equals_twin(simulated(SMALL, 3, grid))


@pytest.mark.real
def test_every_feature_of_a_slice_of_the_file_is_the_twins(file):
    """All payments of a few customers, and all at a few terminals where there was fraud."""
    chance = np.random.default_rng(11)
    busy = pc.unique(file.filter(file["fraud"])["terminal"]).to_numpy()
    customers = pa.array(chance.choice(5_000, 4, replace=False), pa.int32())
    terminals = pa.array(chance.choice(busy, 8, replace=False), pa.int32())
    chosen = pc.or_(
        pc.is_in(file["customer"], value_set=customers),
        pc.is_in(file["terminal"], value_set=terminals),
    )
    check_equals_twin(reported(file.filter(chosen)))


# --- against DuckDB, every payment of the file ---


def asked(payments: pa.Table, query: str) -> Columns:
    connection = duckdb.connect()
    connection.register("payment", payments)
    return dict(connection.sql(query).fetchnumpy())


@pytest.mark.real
def test_customer_features_of_all_payments_are_exactly_duckdbs(file, by_label):
    """Payments up to this one, less those at or before the start of the window.

    Of two payments in one second the second sees the first, and not the other way round.
    """
    measures = ", ".join(
        f"""row_number() over upto - count(*) over before{days} as count{days},
        sum(amount) over upto - coalesce(sum(amount) over before{days}, 0) as sum{days}"""
        for days in DAYS
    )
    windows = ", ".join(
        f"""before{days} as (partition by customer order by event_time
        range between unbounded preceding and interval {days} days preceding)"""
        for days in DAYS
    )
    expected = asked(
        file,
        f"""select {measures} from payment window
        upto as (partition by customer order by event_time, id rows unbounded preceding),
        {windows} order by id""",
    )
    for days in DAYS:
        count, total = expected[f"count{days}"], expected[f"sum{days}"].astype(np.int64)
        assert np.array_equal(by_label[f"customer_payments_{days}d"], count)
        assert np.array_equal(by_label[f"customer_amount_mean_{days}d"], total / count)


@pytest.mark.real
def test_terminal_features_of_all_payments_are_exactly_duckdbs(file, by_label):
    """The handbook fills 0 where there was no payment; here that is missing."""
    measures = ", ".join(
        f"count(*) over w{days} as count{days}, count(*) filter (fraud) over w{days} as fraud{days}"
        for days in DAYS
    )
    windows = ", ".join(
        f"""w{days} as (partition by terminal order by event_time range between
        to_microseconds({(days + 7) * DAY - 1}) preceding and interval 7 days preceding)"""
        for days in DAYS
    )
    expected = asked(file, f"select {measures} from payment window {windows} order by id")
    for days in DAYS:
        count, fraud = expected[f"count{days}"], expected[f"fraud{days}"]
        assert np.array_equal(by_label[f"terminal_payments_{days}d_delayed"], count)
        assert np.array_equal(by_label[f"terminal_frauds_{days}d_delayed"], fraud)
        risk = by_label[f"terminal_risk_{days}d_delayed"]
        assert np.array_equal(np.isnan(risk), count == 0)
        assert np.array_equal(np.nan_to_num(risk), fraud / np.maximum(count, 1))


@pytest.mark.real
def test_weekend_and_night_of_all_payments_are_duckdbs(file, by_label):
    expected = asked(
        file,
        """select isodow(event_time) >= 6 as weekend, hour(event_time) <= 6 as night, amount
        from payment order by id""",
    )
    for name, values in expected.items():
        assert np.array_equal(by_label[f"payment_{name}"], values)


@pytest.mark.real
def test_reports_and_labels_agree_on_all_payments(file, by_label):
    """Both ways to keep the future out give the same, where every report takes a week."""
    found = reported(file).features(RISK)
    for name, values in found.items():
        assert np.array_equal(values, by_label[name], equal_nan=True), name


# --- two ways to keep the future out ---

STREAM = simulated(
    CardSettings(payments=3_000, customers=25, terminals=30, days=80, compromised=15, leaked=10), 5
)


def delayed(stream: Stream, days: np.ndarray) -> Stream:
    """The same frauds, each reported after its own number of days, in order of known time."""
    known = stream.reports["event_time"].cast(pa.int64()).to_numpy() + days * DAY
    at = stream.reports.column_names.index("known_time")
    reports = stream.reports.set_column(at, "known_time", instants(known))
    return Stream(stream.payments, reports.take(np.argsort(known, kind="stable")))


def test_reports_and_labels_agree_where_every_fraud_is_reported_within_the_delay():
    chance = np.random.default_rng(1)
    by_label = STREAM.features_by_label()
    assert np.nansum(by_label["terminal_frauds_30d_delayed"]) > 1_000
    for days in (np.zeros(1), chance.integers(0, 8, STREAM.reports.num_rows)):
        found = delayed(STREAM, days.astype(np.int64)).features()
        for name, values in by_label.items():
            assert np.array_equal(found[name], values, equal_nan=True), name


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_fraud_reported_late_is_not_counted_before_it_is_known(seed):
    """The handbook's way counts it after a week all the same: there it looks ahead."""
    chance = np.random.default_rng(seed)
    stream = delayed(STREAM, chance.integers(0, 40, STREAM.reports.num_rows))
    found, by_label = stream.features(RISK), STREAM.features_by_label()
    payments, reports = rows_of(stream.payments), rows_of(stream.reports)
    for place in chance.choice(len(payments), 60, replace=False).tolist():
        payment = payments[place]
        now = payment["event_time"]
        here = [r for r in reports if r["terminal"] == payment["terminal"]]
        for days in DAYS:
            window = within(here, now, days * DAY, ends_before=7 * DAY)
            name = f"terminal_frauds_{days}d_delayed"
            assert found[name][place] == sum(r["known_time"] <= now for r in window)
            assert by_label[name][place] == len(window)
    assert np.nansum(found["terminal_risk_30d_delayed"]) < np.nansum(
        by_label["terminal_risk_30d_delayed"]
    )


def test_what_is_known_later_changes_nothing_now():
    now = STREAM.payments["event_time"][2_000].as_py()
    for alter in _LATER:
        later = pc.greater(STREAM.reports["known_time"], pa.scalar(now, INSTANT))
        assert pc.any(later).as_py()
        altered = Stream(STREAM.payments, alter(STREAM.reports, later))
        assert not altered.reports.equals(STREAM.reports)
        found, before = altered.features(RISK), STREAM.features(RISK)
        until = pc.less_equal(STREAM.payments["event_time"], pa.scalar(now, INSTANT)).to_numpy()
        for name, values in before.items():
            assert np.array_equal(found[name][until], values[until], equal_nan=True), name
        assert any(not np.array_equal(found[name], before[name], equal_nan=True) for name in before)


def _dropped(reports: pa.Table, later: pa.ChunkedArray) -> pa.Table:
    return reports.filter(pc.invert(later))


def _elsewhere(reports: pa.Table, later: pa.ChunkedArray) -> pa.Table:
    terminals = pc.if_else(later, "T000003", reports["terminal"].cast(pa.string()))
    return reports.set_column(reports.column_names.index("terminal"), "terminal", terminals)


_LATER: tuple[Callable[[pa.Table, pa.ChunkedArray], pa.Table], ...] = (_dropped, _elsewhere)


def test_however_a_window_is_drawn_an_unknown_fraud_is_not_counted():
    """A window up to now holds the handbook's frauds, because later ones are not known."""
    by_label = STREAM.features_by_label()
    for days in DAYS:
        length = LABEL_DELAY + timedelta(days=days)
        window = Measure("known", Count(), "", Sliding(length), "fraud_report", ("terminal",))
        found = STREAM.features(compiled(FeatureSet(FEATURE_SET.tables, (window,))))
        assert np.array_equal(found["known"], by_label[f"terminal_frauds_{days}d_delayed"])


# --- live ---

SPARSE = CardSettings(payments=600, customers=12, terminals=15, days=90, compromised=12, leaked=6)


@pytest.mark.parametrize("late_days", [8, 40])
def test_live_values_are_those_of_the_replay(late_days):
    """Payments and reports come one by one, as they become known."""
    stream = simulated(SPARSE, 4)
    chance = np.random.default_rng(2)
    stream = delayed(stream, chance.integers(0, late_days, stream.reports.num_rows))
    assert stream.reports.num_rows > 50
    engine = StreamEngine(ALL, lateness=timedelta(days=60))
    known = [(at, 0, row) for row, at in enumerate(stream.reports["known_time"].to_pylist())]
    known += [(at, 1, row) for row, at in enumerate(stream.payments["event_time"].to_pylist())]
    rows = []
    for _, kind, row in sorted(known):
        if kind == 0:
            engine.push(stream.reports.slice(row, 1), "fraud_report")
        else:
            rows.append(engine.push(stream.payments.slice(row, 1), "payment").table)
    live, replayed = columns(pa.concat_tables(rows)), stream.features()
    for name, values in replayed.items():
        assert np.array_equal(live[name], values, equal_nan=True), name


def test_a_report_that_is_withdrawn_no_longer_counts():
    stream = payments_of("""
        2024-03-01T12:00:00 anna T1 1000 fraud
        2024-03-02T12:00:00 bert T1 1000
        2024-03-09T12:00:00 carl T1 1000
        2024-03-10T11:00:00 carl T1 1000
    """)
    engine = StreamEngine(ALL, lateness=timedelta(days=30))
    engine.push(stream.payments.slice(0, 2), "payment")
    engine.push(stream.reports, "fraud_report")
    before = engine.push(stream.payments.slice(2, 1), "payment").table
    engine.void(stream.reports, "fraud_report")
    after = engine.push(stream.payments.slice(3, 1), "payment").table
    assert before["terminal_risk_7d_delayed"].to_pylist() == [0.5]
    assert after["terminal_risk_7d_delayed"].to_pylist() == [0]


# --- the example ---


def test_the_example_runs_and_tells_the_frauds_apart(capsys):
    runpy.run_path(str(ROOT / "examples" / "payments_features.py"), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    means = {
        line[:22].strip(): [float(part.replace(",", "")) for part in line[22:].split()]
        for line in lines[1:5]
    }
    assert list(means) == ["genuine", "large amount", "terminal compromised", "card leaked"]
    amount, zscore, risk = range(3)
    assert means["large amount"][amount] > 3 * means["genuine"][amount]
    assert means["card leaked"][zscore] > 3 > means["genuine"][zscore]
    assert means["terminal compromised"][risk] > 10 * means["genuine"][risk]
    assert len(lines) == 10
