"""When a value was known, what it is counted from, and whether it only tells when."""

import numpy as np
import pyarrow as pa

from headrace.scores.leakage.check import check
from headrace.scores.leakage.dating import within
from headrace.scores.leakage.sample import Sample

START = np.datetime64("2015-01-01", "D")
END = np.datetime64("2021-12-31", "D")


def days(count):
    return np.asarray(count).astype("m8[D]")


def found(sample):
    return {leak.feature: (leak.rule, leak.refuses) for leak in check(sample)}


def test_a_tax_return_filed_after_the_decision():
    rng = np.random.default_rng(1)
    n = 300
    y, decided = rng.integers(0, 2, n), START + days(rng.integers(0, 900, n))
    table = pa.table({"tax": rng.normal(size=n), "bank": rng.normal(size=n)})
    filed = np.where(np.arange(n) % 50 == 0, decided + days(40), decided - days(3))
    filed[7] = np.datetime64("NaT")
    known = {"tax": filed, "bank": decided}
    sample = Sample(table, y, decided=decided, known=known)
    assert found(sample) == {"tax": ("known_after_decision", True)}
    (leak,) = check(sample)
    assert dict(leak.evidence) == {"share_late": 6 / 300, "days_late": 40.0}
    assert "6 value(s)" in leak.en


def test_months_paid_follow_the_default_that_nobody_knew_of():
    """Too noisy to rank the outcomes, but among defaults it says when."""
    rng = np.random.default_rng(2)
    n = 1_000
    y, decided = (rng.random(n) < 0.3).astype(int), START + days(rng.integers(0, 900, n))
    took = rng.integers(30, 1_000, n)
    ended = np.where(y == 1, decided + days(took), np.datetime64("NaT"))
    paid = np.where(y == 1, np.round(took / 30 + rng.normal(0, 2, n)), rng.integers(1, 33, n))
    table = pa.table({"months_paid": paid, "size": rng.normal(size=n), "term": took * 0 + 24})
    sample = Sample(table, y, decided=decided, ended=ended)
    assert found(sample) == {"months_paid": ("follows_the_outcome", True)}
    assert found(Sample(table, y, decided=decided)) == {}, "not without the day of the outcome"


def test_a_number_that_rises_with_the_years_stands_for_the_year():
    """As the share of bad rose, so did the number of the loan: it ranks, and knows nothing."""
    rng = np.random.default_rng(3)
    n = 4_000
    when = np.sort(rng.integers(0, 2_000, n))
    y = (rng.random(n) < 0.1 + 0.6 * when / 2_000).astype(int)
    size = rng.normal(size=n) - 0.8 * y
    table = pa.table({"loan_number": np.arange(n) + 50_000, "size": size})
    sample = Sample(table, y, decided=START + days(when))
    assert found(sample) == {"loan_number": ("tells_when", False)}


def test_within_groups_only_pairs_of_one_group_count():
    y = np.array([1, 0, 1, 0])
    assert within(y, np.array([2.0, 1.0, 20.0, 10.0]), np.array([0, 0, 1, 1])) == 1.0
    assert within(y, np.array([1.0, 2.0, 1.0, 2.0]), np.array([0, 0, 1, 1])) == 0.0
    assert within(y, np.array([1.0, 2.0, 1.0, 2.0]), np.array([0, 1, 2, 3])) == 0.5


def bankrupt_and_survivors(n=2_000, seed=4, honest=False):
    """Firms set up and sued at any time, looked at on a day.

    Honest: everybody is looked at when the cohort closes. As in SMEsD: the bankrupt on the day of
    their bankruptcy, the survivors at the end of 2021, whatever the cohort.
    """
    rng = np.random.default_rng(seed)
    y, cohort = rng.integers(0, 2, n), rng.integers(0, 3, n)
    closing = START + days(365 * np.array([2, 4, 6]))[cohort]
    own = closing - days(rng.integers(0, 365, n))
    looked = closing if honest else np.where(y == 1, own, END)
    set_up = START - days(rng.integers(0, 6_000, n))
    sued = START + days(rng.integers(-2_500, 30, n))
    months = {
        "months_since_setup": (looked - set_up).astype(int) / 30,
        "months_since_suit": (looked - sued).astype(int) / 30 - honest * 6 * y,
    }
    table = pa.table({**months, "capital": rng.normal(size=n) - 0.5 * y})
    return Sample(table, y, durations=frozenset(months), cohort=cohort), looked


def test_months_counted_back_from_the_bankruptcy_are_found_by_cohorts_or_by_their_date():
    sample, looked = bankrupt_and_survivors()
    refused = dict.fromkeys(sample.durations, ("counted_back", True))
    by_cohort = found(sample)
    assert {name: by_cohort[name] for name in sample.durations} == refused
    assert "capital" not in by_cohort
    by_date = found(Sample(sample.table, sample.y, durations=sample.durations, reference=looked))
    assert {name: by_date[name] for name in sample.durations} == refused


def test_recent_suits_before_a_default_are_an_honest_signal():
    """The bankrupt were sued later, but everybody is looked at on the same day."""
    sample, looked = bankrupt_and_survivors(honest=True)
    assert found(sample) == {}
    by_date = Sample(sample.table, sample.y, durations=sample.durations, reference=looked)
    assert found(by_date) == {}


def test_without_a_date_or_cohorts_nobody_can_tell():
    sample, _ = bankrupt_and_survivors(honest=True)
    bare = Sample(sample.table, sample.y, durations=sample.durations)
    assert found(bare) == dict.fromkeys(sample.durations, ("reference_unknown", False))


def test_not_said_to_be_counted_back_but_moving_as_if_it_were():
    sample, _ = bankrupt_and_survivors()
    silent = Sample(sample.table, sample.y, cohort=sample.cohort)
    told = found(silent)
    assert told["months_since_suit"] == ("moves_with_the_outcome", False)
    assert "capital" not in told


def test_bad_and_good_that_part_without_overlap_are_as_sure_as_can_be():
    y, cohort = np.arange(400) % 2, np.arange(400) // 2 % 2
    months = np.where(y == cohort, 10.0, 0.0) + np.linspace(0, 1, 400)
    found = check(Sample(pa.table({"months": months}), y, cohort=cohort))
    leak = next(leak for leak in found if leak.rule == "moves_with_the_outcome")
    assert dict(leak.evidence)["z"] == np.inf
