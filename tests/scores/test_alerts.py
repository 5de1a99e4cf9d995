"""Alerts about fraud: the windows, the cards left out, and the figures, by hand and by a twin."""

import alerts_reference as twin
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.alerts import (
    CardPrecision,
    Payments,
    Windows,
    alert_quality,
    card_precision,
    out_of_time,
)

ROWS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 6), st.booleans(), st.integers(0, 4)),
    min_size=1,
    max_size=60,
)


def payments_of(rows) -> Payments:
    """Of (day, card, fraud) rows."""
    day, card, fraud = zip(*rows, strict=True)
    return Payments(np.array(day), np.array(card), np.array(fraud, np.bool_))


def test_windows_follow_one_another():
    windows = Windows(first_day=10, train_days=3, delay_days=2, test_days=4)
    rows = [(day, day, False) for day in range(25)]
    train, test = out_of_time(payments_of(rows), windows)
    assert windows.test_first_day == 15
    assert train.tolist() == [10, 11, 12]
    assert test.tolist() == [15, 16, 17, 18]


def test_a_card_is_left_out_from_the_day_its_fraud_is_known():
    windows = Windows(first_day=0, train_days=2, delay_days=2, test_days=3)
    rows = [
        (1, 1, True),  # known on day 4, the first of the test
        (2, 2, True),  # known on day 5
        (5, 3, True),  # not known within the test
        *((day, card, False) for day in (4, 5, 6) for card in (1, 2, 3)),
    ]
    _, test = out_of_time(payments_of(rows), windows)
    left = [rows[place][:2] for place in test]
    assert left == [(5, 3), (4, 2), (4, 3), (5, 3), (6, 3)]


def test_a_fraud_before_the_training_blocks_no_card():
    windows = Windows(first_day=5, train_days=1, delay_days=0, test_days=1)
    rows = [(4, 1, True), (5, 2, False), (6, 1, False)]
    assert out_of_time(payments_of(rows), windows)[1].tolist() == [2]


def test_card_precision_by_hand():
    """Card 1 is found on day 0 and no longer looked at; a card is as suspicious as its worst."""
    rows = [(0, 1, True), (0, 2, False), (0, 3, True), (1, 1, True), (1, 2, False), (1, 3, True)]
    found = card_precision(payments_of(rows), np.array([0.9, 0.8, 0.1, 0.9, 0.2, 0.3]), top=1)
    assert found == CardPrecision(top=1, by_day=(1.0, 1.0), compromised=2)
    assert found.mean == found.best == 1.0
    wide = card_precision(payments_of(rows), np.zeros(6), top=10)
    assert wide.by_day == (0.2, 0.0)
    assert wide.best == 0.1


def test_of_equal_scores_the_lower_card_number_is_looked_at():
    rows = [(0, 7, False), (0, 4, True)]
    assert card_precision(payments_of(rows), np.zeros(2), top=1).by_day == (1.0,)


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, first=st.integers(0, 4), delay=st.integers(0, 4), days=st.integers(1, 4))
def test_windows_are_the_twins(rows, first, delay, days):
    told = [row[:3] for row in rows]
    train, test = twin.split(told, first, days, delay, days)
    windows = Windows(first, days, delay, days)
    if train and test:
        found = out_of_time(payments_of(told), windows)
        assert [each.tolist() for each in found] == [train, test]
    else:
        with pytest.raises(InputError, match="to train on"):
            out_of_time(payments_of(told), windows)


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, top=st.integers(1, 5))
def test_figures_are_the_twins(rows, top):
    told, scores = [row[:3] for row in rows], [row[3] / 4 for row in rows]
    fraud = [row[2] for row in rows]
    assume(0 < sum(fraud) < len(fraud))
    found = alert_quality(payments_of(told), np.array(scores), top)
    assert found.cards.by_day == tuple(twin.card_precision(told, scores, top))
    assert found.cards.mean <= found.cards.best + 1e-12
    assert found.auc == pytest.approx(twin.auc(fraud, scores), abs=1e-12)
    expected = twin.average_precision(fraud, scores)
    assert found.average_precision == pytest.approx(expected, abs=1e-12)


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(InputError, match="2 of 2 payments of the test are fraud"):
        alert_quality(payments_of([(0, 1, True), (0, 2, True)]), np.zeros(2))
    with pytest.raises(InputError, match="one of each for every payment"):
        Payments(np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros(3, np.bool_))
