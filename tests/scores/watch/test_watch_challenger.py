"""Champion against challenger: paired figures, a decision that may wait, and what would change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss, roc_auc_score

from headrace.errors import InputError
from headrace.scores.watch.challenger import (
    VERDICTS,
    Asked,
    Contest,
    Verdict,
    compare,
    exchange,
)
from headrace.scores.watch.three_numbers import Lending, safest


def contest(noise_champion, noise_challenger, rows=4000, seed=0, unknown=0.0) -> Contest:
    """Scores that see the log odds with noise; both calibrated to it about as well."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(-2.0, 1.2, rows)
    y = (rng.random(rows) < expit(truth)).astype(np.int64)

    def seen(noise):
        shrunk = 1.44 / (1.44 + noise**2)
        return expit(-2.0 + shrunk * (truth + 2.0 + rng.normal(0, noise, rows)))

    known = rng.random(rows) >= unknown
    return Contest(seen(noise_champion), seen(noise_challenger), np.where(known, y, -1))


def test_figures_are_the_usual_ones_on_known_outcomes():
    match = contest(1.0, 0.5, unknown=0.3)
    found = compare(match)
    known = match.y >= 0
    y = match.y[known]
    assert (found.labels, found.defaults) == (known.sum(), y.sum())
    assert found.auc_champion.value == pytest.approx(roc_auc_score(y, match.champion[known]))
    assert found.brier_challenger == pytest.approx(brier_score_loss(y, match.challenger[known]))
    assert found.auc_gain.value == pytest.approx(
        found.auc_challenger.value - found.auc_champion.value
    )
    assert found.brier_gain.value == pytest.approx(found.brier_champion - found.brier_challenger)


def test_paired_intervals_are_narrower_than_two_apart():
    found = compare(contest(0.5, 0.4))
    apart = np.hypot(*[each.high - each.low for each in (found.auc_champion, found.auc_challenger)])
    assert found.auc_gain.high - found.auc_gain.low < apart


def test_a_clearly_better_one_is_called_better_and_the_reverse_worse():
    match = contest(2.0, 0.2)
    assert compare(match).verdict is Verdict.BETTER
    swapped = compare(Contest(match.challenger, match.champion, match.y))
    assert swapped.verdict is Verdict.WORSE
    assert swapped.labels_more is None
    assert set(VERDICTS) == set(Verdict)


def test_with_few_labels_it_waits_and_says_how_long():
    found = compare(contest(0.8, 0.5, rows=300))
    assert found.verdict is Verdict.NOT_YET_KNOWN
    assert found.labels_more is not None
    assert 200 < found.labels_more < 100_000
    assert found.brier_gain_anytime.low < found.brier_gain.low


def test_the_labels_asked_for_are_about_enough():
    few = compare(contest(1.5, 0.4, rows=250, seed=3))
    assert few.labels_more is not None
    enough = compare(contest(1.5, 0.4, rows=few.labels + 3 * few.labels_more, seed=4))
    assert enough.verdict is Verdict.BETTER


def test_an_idle_challenger_is_never_called_anything_however_often_one_looks():
    called = 0
    for seed in range(80):
        match = contest(0.7, 0.7, rows=2000, seed=seed)
        looks = [
            compare(Contest(match.champion[:n], match.challenger[:n], match.y[:n])).verdict
            for n in range(200, 2001, 200)
        ]
        called += any(each is not Verdict.NOT_YET_KNOWN for each in looks)
    assert called <= 5


def test_what_is_worth_a_change_is_said_beforehand():
    match = contest(0.7, 0.7, rows=500)
    small, large = (compare(match, Asked(worth=w)) for w in (0.002, 0.01))
    assert small.labels_more > 10 * large.labels_more > 0
    over = compare(match, Asked(worth=0.05))
    assert over.verdict is Verdict.ALIKE  # a contest of equals ends too
    assert over.labels_more is None


def test_one_that_ranks_worse_is_not_better_for_being_calibrated():
    match = contest(0.3, 0.9, rows=6000)
    overstated = expit(logit(match.champion) + 1.5)
    found = compare(Contest(overstated, match.challenger, match.y))
    assert found.brier_gain_anytime.low > 0
    assert found.auc_gain.high < 0
    assert found.verdict is Verdict.NOT_YET_KNOWN


def test_the_exchange_shows_who_is_swapped_and_the_three_numbers():
    match = contest(1.0, 0.5, rows=1000)
    refused = ~safest(match.champion, 0.6)
    match = Contest(match.champion, match.challenger, np.where(refused, -1, match.y))
    lending = Lending(np.full(1000, 100.0), 0.5, lambda p: 0.04 + p)
    found = exchange(match, ~refused, safest(match.challenger, 0.6), lending)
    both, out, into, none = found.swaps
    assert (both.champion, both.challenger) == (True, True)
    assert both.rows + out.rows == 600 == both.rows + into.rows
    assert sum(each.rows for each in found.swaps) == 1000
    assert none.defaulted.rows == into.defaulted.rows == 0  # refused: nobody knows
    assert out.challenger_expects > out.champion_expects
    assert found.champion.approval.value == found.challenger.approval.value == 0.6
    assert found.challenger.outcomes_unknown == into.rows
    assert found.champion.price == pytest.approx(0.04 + match.champion[~refused].mean())
    assert found.champion.expected_loss == pytest.approx(0.5 * match.champion[~refused].mean())
    assert found.changes.approval.value == 0
    assert found.changes.price.value == pytest.approx(found.challenger.price - found.champion.price)
    assert np.isnan(found.changes.observed_loss.value)  # nobody knows what the newcomers would do


def test_rows_that_the_champion_chose_flatter_the_challenger_and_that_is_said():
    gains, called = [], 0
    for seed in range(30):
        match = contest(0.7, 0.7, rows=3000, seed=seed)
        refused = ~safest(match.champion, 0.6)
        chosen = Contest(match.champion, match.challenger, np.where(refused, -1, match.y))
        found = compare(chosen)
        assert found.selected
        gains.append(found.auc_gain.value)
        called += found.verdict is Verdict.BETTER
    assert np.mean(gains) > 0.007  # equals, but for who did the refusing
    assert called <= 2
    assert not compare(contest(0.7, 0.7, unknown=0.3)).selected


@pytest.mark.parametrize(
    ("champion", "challenger", "y", "said"),
    [
        ([0.1] * 5, [0.2] * 4, [0, 1, 0, 1, 0], "the same applicants"),
        ([0.1] * 4, [0.2, 0.2, 0.2, 1.0], [0, 1, 0, 1], "row 3"),
        ([0.1] * 4, [0.2] * 4, [0, 1, 0, 2], "-1 not known"),
        ([0.1] * 4, [0.2] * 4, [0, 1, 0, -1], "wait for labels"),
    ],
)
def test_what_cannot_be_compared_is_refused(champion, challenger, y, said):
    with pytest.raises(InputError, match=said):
        Contest(np.array(champion), np.array(challenger), np.array(y))


@settings(max_examples=25)
@given(st.integers(0, 500))
def test_turned_round_every_gain_is_a_loss(seed):
    match = contest(0.9, 0.6, rows=200, seed=seed)
    there, back = compare(match), compare(Contest(match.challenger, match.champion, match.y))
    for name in ("auc_gain", "brier_gain", "brier_gain_anytime"):
        one, other = getattr(there, name), getattr(back, name)
        assert one.value == pytest.approx(-other.value)
        assert one.low == pytest.approx(-other.high)
    assert there.labels_more == back.labels_more
    turned = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}
    assert back.verdict is turned.get(there.verdict, there.verdict)


def test_more_labels_are_needed_to_be_surer():
    match = contest(0.8, 0.5, rows=300)
    lax, strict = (compare(match, Asked(false_alarms=a)) for a in (0.1, 0.01))
    assert strict.labels_more > lax.labels_more
    assert strict.brier_gain_anytime.low < lax.brier_gain_anytime.low


def test_swaps_are_counted_applicant_by_applicant():
    match = contest(1.0, 0.5, rows=400)
    old, new = safest(match.champion, 0.5), safest(match.challenger, 0.7)
    found = exchange(match, old, new, Lending(np.full(400, 1.0), 0.5))
    for each in found.swaps:
        rows = [n for n in range(400) if (old[n], new[n]) == (each.champion, each.challenger)]
        assert each.rows == len(rows)
        assert each.defaulted.cases == sum(match.y[n] for n in rows)
        if rows:
            assert each.champion_expects == pytest.approx(np.mean(match.champion[rows]))
    assert found.changes.approval.value == pytest.approx(0.2)
    assert np.isnan(found.champion.price)


@pytest.mark.parametrize(
    "wrong", [{"false_alarms": 0.0}, {"false_alarms": 0.9}, {"tightest_at": 0}, {"worth": -1.0}]
)
def test_what_cannot_be_asked_is_refused(wrong):
    with pytest.raises(InputError, match="false alarms of"):
        Asked(**wrong)


@pytest.mark.parametrize("rows", range(40, 60))
def test_a_champion_of_one_probability_for_all_has_not_selected(rows):
    y = np.where(np.arange(rows) % 3 == 0, -1, np.arange(rows) % 2)
    both = Contest(np.full(rows, 0.3), np.linspace(0.1, 0.9, rows), y)
    assert not compare(both).selected
