"""The simulated card payments: repeatable, ordered, and with the frauds that were asked for."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from headrace.errors import InputError
from headrace.simulator.card_payments import (
    AMOUNT_MEAN,
    COMPROMISED,
    COMPROMISED_DAYS,
    GENUINE,
    LARGE,
    LARGE_ABOVE,
    LEAKED,
    LEAKED_DAYS,
    LEAKED_SHARE,
    CardPayments,
    CardSettings,
    simulate_card_payments,
)

SETTINGS = CardSettings(payments=30_000, customers=200, terminals=400, days=60)


@pytest.fixture(scope="module")
def stream() -> CardPayments:
    return simulate_card_payments(SETTINGS, seed=7)


def days_of(table: pa.Table) -> np.ndarray:
    micros = table["event_time"].cast(pa.int64()).to_numpy()
    first = micros // 86_400_000_000 - (SETTINGS.start - date(1970, 1, 1)).days
    return np.asarray(first)


def rows_by(table: pa.Table, column: str, chosen: np.ndarray) -> dict[str, np.ndarray]:
    """Positions of the chosen rows, by the value of a column."""
    values = table[column].to_numpy()[chosen]
    places = np.flatnonzero(chosen)
    return {value: places[values == value] for value in np.unique(values)}


def test_the_same_seed_gives_the_same_stream_and_another_another(stream):
    again = simulate_card_payments(SETTINGS, seed=7)
    assert again.payments.equals(stream.payments, check_metadata=True)
    assert again.fraud_reports.equals(stream.fraud_reports)
    assert np.array_equal(again.scenario, stream.scenario)
    other = simulate_card_payments(SETTINGS, seed=8)
    assert not other.payments["amount"].equals(stream.payments["amount"])


def test_payments_come_in_order_of_time_within_the_days_asked_for(stream):
    payments = stream.payments
    assert payments.column_names == ["id", "event_time", "customer", "terminal", "amount"]
    assert payments["id"].to_pylist() == list(range(30_000))
    times = payments["event_time"].cast(pa.int64()).to_numpy()
    assert np.all(np.diff(times) >= 0)
    assert payments["event_time"].type == pa.timestamp("us", "UTC")
    start = datetime(2024, 1, 1, tzinfo=UTC)
    assert start <= payments["event_time"][0].as_py()
    assert payments["event_time"][-1].as_py() < start + timedelta(days=60)
    assert np.all(times % 1_000_000 == 0), "whole seconds, as terminals print them"
    assert (np.diff(times) == 0).any(), "and so two may fall together"


def test_payments_are_made_by_day_more_than_by_night(stream):
    hours = pc.hour(stream.payments["event_time"]).to_numpy()
    counts = np.bincount(hours, minlength=24)
    assert counts.min() > 0
    assert counts[9:16].sum() > 2.5 * counts[[21, 22, 23, 0, 1, 2, 3]].sum()


def test_amounts_are_whole_minor_units_above_nothing_and_lean_on_the_customer(stream):
    amounts = stream.payments["amount"]
    assert amounts.type == pa.int64()
    assert pc.min(amounts).as_py() > 0
    genuine = stream.scenario == GENUINE
    means = [
        amounts.to_numpy()[rows].mean()
        for rows in rows_by(stream.payments, "customer", genuine).values()
        if len(rows) > 30
    ]
    assert len(means) > 150
    assert min(means) < 2 * AMOUNT_MEAN[0] + 500
    assert max(means) > 0.7 * AMOUNT_MEAN[1]


def test_a_customer_pays_at_few_terminals_and_a_terminal_serves_several_customers(stream):
    pairs = stream.payments.group_by(["customer"]).aggregate(
        [("terminal", "count_distinct"), ("id", "count")]
    )
    busy = pairs.filter(pc.greater(pairs["id_count"], 200))
    assert busy.num_rows > 10
    assert 20 < np.median(busy["terminal_count_distinct"].to_numpy()) < 80
    served = stream.payments.group_by("terminal").aggregate([("customer", "count_distinct")])
    assert np.median(served["customer_count_distinct"].to_numpy()) > 5


def test_nothing_above_the_limit_is_genuine(stream):
    amounts = stream.payments["amount"].to_numpy()
    assert np.all(amounts[stream.scenario == GENUINE] <= LARGE_ABOVE)
    assert np.all(amounts[stream.scenario == LARGE] > LARGE_ABOVE)
    assert (stream.scenario == LARGE).any()


def test_everything_at_a_compromised_terminal_is_fraud_while_it_lasts(stream):
    days, compromised = days_of(stream.payments), stream.scenario == COMPROMISED
    spells = rows_by(stream.payments, "terminal", compromised)
    assert 10 <= len(spells) <= SETTINGS.compromised
    here = stream.payments["terminal"].to_numpy()
    alone = 0
    for terminal, rows in spells.items():
        first, last = days[rows].min(), days[rows].max()
        if last - first < COMPROMISED_DAYS:  # one spell, or several that overlap
            alone += 1
            during = (here == terminal) & (days >= first) & (days <= last)
            assert np.all(stream.scenario[during] >= COMPROMISED)
    assert alone > 10


def test_a_third_of_the_payments_of_a_leaked_card_are_fraud_of_five_times_the_amount(stream):
    days, leaked = days_of(stream.payments), stream.scenario == LEAKED
    amounts = stream.payments["amount"].to_numpy()
    assert np.all(amounts[leaked] % 5 == 0)
    who = stream.payments["customer"].to_numpy()
    shares, ratios = [], []
    for customer, rows in rows_by(stream.payments, "customer", leaked).items():
        first, last = days[rows].min(), days[rows].max()
        during = (who == customer) & (days >= first) & (days <= last)
        if last - first < LEAKED_DAYS and during.sum() > 20:
            shares.append(leaked[during].mean())
            usual = amounts[(who == customer) & (stream.scenario == GENUINE)].mean()
            ratios.append(amounts[rows].mean() / usual)
    assert len(shares) > 5
    assert np.mean(shares) == pytest.approx(LEAKED_SHARE, abs=0.08)
    assert np.mean(ratios) == pytest.approx(5, rel=0.15)


def test_every_fraud_is_reported_once_a_week_after_it_was_made(stream):
    reports = stream.fraud_reports
    assert reports.column_names == ["id", "event_time", "known_time", "customer", "terminal"]
    frauds = np.flatnonzero(stream.scenario != GENUINE)
    assert reports["id"].to_pylist() == frauds.tolist()
    assert reports.select(["event_time", "customer", "terminal"]).equals(
        stream.payments.take(frauds).select(["event_time", "customer", "terminal"])
    )
    delays = pc.subtract(reports["known_time"], reports["event_time"])
    assert set(delays.to_pylist()) == {timedelta(days=7)}
    assert 0.005 < len(frauds) / 30_000 < 0.1


def test_a_payment_carries_no_label_and_says_that_it_is_simulated(stream):
    assert not {"fraud", "scenario", "known_time"} & set(stream.payments.column_names)
    for table in (stream.payments, stream.fraud_reports):
        said = table.schema.metadata[b"simulated"].decode()
        assert "seed 7" in said
        assert "real" in said


def test_the_delay_of_reports_and_the_number_of_spells_are_settings():
    settings = replace(SETTINGS, compromised=0, leaked=0, report_days=0)
    stream = simulate_card_payments(settings, seed=7)
    assert set(stream.scenario.tolist()) <= {GENUINE, LARGE}
    assert stream.fraud_reports["known_time"].equals(stream.fraud_reports["event_time"])


def test_the_smallest_stream_is_allowed():
    least = CardSettings(payments=1, customers=1, terminals=1, days=1, compromised=0, leaked=0)
    stream = simulate_card_payments(least, seed=0)
    assert stream.payments.num_rows == 1
    assert stream.payments["customer"].to_pylist() == ["C000000"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("payments", 0),
        ("customers", 0),
        ("terminals", -1),
        ("days", 0),
        ("compromised", -1),
        ("leaked", -1),
        ("report_days", -1),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(InputError) as refused:
        CardSettings(**{name: value})
    assert refused.value.where == f"CardSettings.{name}"
    assert str(value) in refused.value.problem
    assert refused.value.remedy.startswith(f"Set {name} to")


def test_a_negative_seed_is_refused():
    with pytest.raises(InputError, match="-1 cannot seed"):
        simulate_card_payments(SETTINGS, seed=-1)
