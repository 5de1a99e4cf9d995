"""One feature beside the outcome: what is refused, what is only said, and what is left alone."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit

from headrace.errors import InputError, LeakageError
from headrace.scores.leakage.alone import strength
from headrace.scores.leakage.check import check, find_leaks
from headrace.scores.leakage.findings import refuse
from headrace.scores.leakage.sample import Sample, codes, missing, numbers


def book(n=2_000, seed=1):
    """Firms of a quality that nobody sees, and who of them defaulted."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=n)
    y = (rng.random(n) < expit(-1.6 - 2.6 * quality)).astype(np.int64)
    return quality, y, rng


def found(columns, y, **more):
    leaks = check(Sample(pa.table(columns), y, **more))
    return [(leak.feature, leak.rule, leak.refuses) for leak in leaks]


@pytest.mark.parametrize("n", [120, 2_000])
def test_honest_strong_features_pass(n):
    """AUC 0.9, smooth or in grades, skewed, with gaps, of round numbers: none is a leak."""
    for seed in range(5):
        quality, y, rng = book(n, seed)
        columns = {
            "smooth": quality + 0.1 * rng.normal(size=n),
            "skewed": np.exp(3 * quality),
            "grade": pa.array([f"G{each}" for each in np.clip(np.round(quality), -2, 2)]),
            "in_tens": 10 * np.round(5 * quality + rng.normal(size=n)),
            "far_from_middle": np.abs(quality),
            "with_gaps": pa.array(quality, mask=rng.random(n) < np.where(y == 1, 0.3, 0.15)),
            "constant": np.ones(n),
            "empty": pa.nulls(n, pa.float64()),
            "flag": pa.array(quality > 0),
        }
        assert found(columns, y) == []


def test_what_a_schema_marks_is_refused_whatever_its_values():
    _, y, rng = book()
    columns = {"rating": rng.normal(size=y.size), "sales": rng.normal(size=y.size)}
    after = frozenset({"rating"})
    assert found(columns, y, known_after_outcome=after) == [("rating", "known_after_outcome", True)]
    one_outcome = np.zeros(y.size, np.int64)
    assert len(found(columns, one_outcome, known_after_outcome=after)) == 1


def test_nearly_the_outcome_under_an_innocent_name():
    quality, y, rng = book()
    columns = {
        "collected": -y + 0.4 * rng.normal(size=y.size) / 3,
        "both_ends": np.where(y == 1, rng.choice([-5, 5], y.size), 0) + rng.normal(size=y.size),
        "note": pa.array(np.where(y == 1, "legal", np.where(quality > 0, "fine", "paid"))),
        "sales": quality,
    }
    assert found(columns, y) == [
        ("collected", "near_perfect_alone", True),
        ("both_ends", "near_perfect_alone", True),
        ("note", "near_perfect_alone", True),
    ]


def test_a_handful_of_rows_rank_perfectly_by_luck():
    """Among 3 defaults and 5 others one of thirty useless features looks perfect."""
    rng = np.random.default_rng(4)
    y = np.array([1, 1, 1, 0, 0, 0, 0, 0])
    columns = {f"f{k}": rng.normal(size=8) for k in range(200)}
    best = max(strength(pa.array(values), y) for values in columns.values())
    assert best > 0.99
    assert found(columns, y) == []


def test_a_name_that_occurs_once_says_nothing():
    _, y, _ = book(400)
    names = np.random.default_rng(1).permutation([f"firm {k:03d}" for k in range(400)])
    assert strength(pa.array(names), y) < 0.6


def test_a_rating_given_after_the_default():
    """As 信誉评级: D is 24 of 24 in default, C, B and A are three of 99."""
    rating = ["D"] * 24 + ["C"] * 34 + ["B"] * 38 + ["A"] * 27
    y = np.array([1] * 24 + [1] * 2 + [0] * 32 + [1] + [0] * 37 + [0] * 27)
    ((_, rule, refuses),) = found({"信誉评级": rating}, y)
    assert refuses
    assert rule in {"near_perfect_alone", "one_outcome_only"}


def test_values_that_only_defaults_have():
    """The number of a collector: for 60 % of defaults, no repaid loan has one of these."""
    _, y, rng = book()
    with_one = (y == 1) & (rng.random(y.size) < 0.6)
    branch = np.where(with_one, rng.integers(90, 94, y.size), rng.integers(1, 40, y.size))
    ((name, rule, refuses),) = found({"branch": branch}, y)
    assert (name, rule, refuses) == ("branch", "one_outcome_only", True)


def test_amounts_that_only_defaults_have():
    """What was written off: 0 for those who repaid, another amount for most who did not."""
    _, y, rng = book()
    amounts = np.round(rng.lognormal(10, 1, y.size), 2)
    written_off = np.where((y == 1) & (rng.random(y.size) < 0.8), amounts, 0.0)
    assert found({"written_off": written_off}, y) == [("written_off", "one_outcome_only", True)]
    bonus = np.where(rng.random(y.size) < np.where(y == 1, 0.8, 0.1), amounts, 0.0)
    assert found({"bonus": bonus}, y) == []  # some who repaid have one, too


def test_a_value_that_is_always_good_passes():
    """Half of the good have been customers for decades, and none of them defaulted."""
    _, y, rng = book()
    old = (y == 0) & (rng.random(y.size) < 0.55)
    group = pa.array(np.where(old, "decades", rng.choice(["new", "years"], y.size)))
    assert found({"customer": group}, y) == []


def test_a_gap_that_only_the_good_have():
    """A date of charge-off is there because the loan was charged off."""
    _, y, rng = book()
    day = pa.array(rng.integers(15_000, 19_000, y.size).astype(np.int32), pa.date32())
    date = pa.compute.if_else(pa.array((y == 1) | (rng.random(y.size) < 0.01)), day, None)
    assert found({"charged_off_on": date}, y) == [("charged_off_on", "missing_tells", True)]
    half = pa.array(rng.normal(size=y.size), mask=rng.random(y.size) < np.where(y, 0.7, 0.1))
    assert found({"audit": half}, y) == [("audit", "missing_tells", False)]


def test_bare_arrays_give_refusals_alone_and_the_refusal_names_them():
    quality, y, rng = book()
    half = np.where(rng.random(y.size) < np.where(y == 1, 0.7, 0.1), np.nan, quality)
    columns = {"copy": y + 0.1 * quality, "half": half, "late": quality}
    leaks = find_leaks(columns, y, {"late", "not there"})
    assert [leak.feature for leak in leaks] == ["copy", "late"]
    with pytest.raises(LeakageError, match="copy alone ranks") as error:
        refuse(leaks)
    assert error.value.where == "copy (near_perfect_alone), late (known_after_outcome)"
    refuse(check(Sample(pa.table({"half": half}), y)))  # a warning stops nothing
    assert find_leaks({"sales": np.zeros(0)}, np.zeros(0, np.int64), set()) == ()


def test_every_finding_is_told_in_two_languages_with_its_figures():
    _, y, _ = book()
    (leak,) = check(Sample(pa.table({"copy": y.astype(float)}), y))
    assert leak.en == "copy alone ranks the outcomes with AUC 1.000"
    assert leak.zh == "仅凭 copy 一项排序的 AUC 就达 1.000"
    assert leak.evidence == (("auc", 1.0),)


def test_columns_of_every_type_are_read():
    day = pa.array([18_000, None], pa.date32())
    moment = pa.array([18_000 * 86_400_000_000, None], pa.timestamp("us", "UTC"))
    assert numbers(day)[0] == numbers(moment)[0] == 18_000
    assert numbers(pa.array([True, None]))[0] == 1
    text = pa.array(["b", None, "a", "b"])
    for column in (text, text.dictionary_encode(), text.cast(pa.large_string())):
        assert codes(column).tolist() == [1, -1, 0, 1]
        assert missing(column).tolist() == [False, True, False, False]
    assert missing(pa.array([1.0, float("nan"), None])).tolist() == [False, True, True]


def test_what_does_not_fit_the_table_is_refused():
    table, y = pa.table({"a": [1, 2]}), np.array([0, 1])
    with pytest.raises(InputError, match=r"Sample\.y"):
        Sample(table, np.array([0, 1, 1]))
    with pytest.raises(InputError, match="neither 0 nor 1"):
        Sample(table, np.array([0, 3]))
    with pytest.raises(InputError, match="no columns of the table"):
        Sample(table, y, durations=frozenset({"age"}))
