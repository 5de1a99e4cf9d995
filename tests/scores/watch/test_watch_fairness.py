"""Figures by group: counts anyone can check, intervals, and no verdict."""

import dataclasses

import numpy as np
import pytest
import watch_reference
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from headrace.errors import InputError
from headrace.scores.watch.fairness import NAMES, Applicants, FourFifths, Group, by_group

ROWS = st.lists(
    st.tuples(st.integers(-1, 2), st.booleans(), st.integers(-1, 1), st.floats(0.01, 0.9)),
    min_size=1,
    max_size=60,
).filter(lambda rows: any(group >= 0 for group, *_ in rows))


@given(ROWS)
def test_counts_are_those_of_a_loop(rows):
    group, approved, y, p = (np.array(each) for each in zip(*rows, strict=True))
    found = by_group(Applicants(p, approved, y, group, ("a", "b", "c")))
    assert [each.name for each in found] == [
        name for code, name in enumerate("abc") if (group == code).any()
    ]
    for each in found:
        mine = [(a, o) for g, a, o, _ in rows if g == "abc".index(each.name)]
        twin = watch_reference.counts_of_group(mine)
        assert each.rows == len(mine)
        assert each.approval.cases == twin["approved"]
        assert (each.bad_refused.cases, each.bad_refused.rows) == (twin["bad_refused"], twin["bad"])
        assert (each.good_refused.cases, each.good_refused.rows) == (
            twin["good_refused"],
            twin["good"],
        )
        assert each.known == twin["bad"] + twin["good"]
        assert each.small  # fewer than a hundred rows are always small
    assert any(each.ratio.value == 1.0 for each in found)


def people(approval_b, rows=2000, price=None, seed=0) -> Applicants:
    rng = np.random.default_rng(seed)
    group = (np.arange(rows) % 2).astype(np.int64)
    p = rng.beta(1, 6, rows).clip(0.001, 0.999)
    y = (rng.random(rows) < p).astype(np.int64)
    approved = rng.random(rows) < np.where(group == 1, approval_b, 0.8)
    return Applicants(p, approved, y, group, ("men", "women"), price)


@pytest.mark.parametrize(
    ("approval", "rows", "expected"),
    [
        (0.5, 2000, FourFifths.BELOW),
        (0.78, 2000, FourFifths.NOT_BELOW),
        (0.62, 200, FourFifths.CANNOT_TELL),
        (0.66, 2000, FourFifths.CANNOT_TELL),
    ],
)
def test_the_ratio_is_told_only_as_far_as_the_rows_tell_it(approval, rows, expected):
    men, women = by_group(people(approval, rows), reference="men")
    assert men.four_fifths is FourFifths.NOT_BELOW
    assert women.four_fifths is expected
    assert women.ratio.low < women.ratio.value < women.ratio.high


def test_a_group_is_compared_with_the_highest_that_is_not_small():
    everyone = people(0.6)
    few = dataclasses.replace(
        everyone,
        group=np.where(np.arange(2000) < 10, 2, everyone.group),
        approved=np.where(np.arange(2000) < 10, True, everyone.approved),
        names=("men", "women", "others"),
    )
    men, women, others = by_group(few)
    assert (men.small, women.small, others.small) == (False, False, True)
    assert men.ratio.value == 1.0  # not the ten others, all approved
    assert others.approval.low > 0.7
    assert others.ratio.value > 1


def test_figures_within_a_group():
    everyone = people(0.7)
    men, _ = by_group(everyone)
    mine = everyone.group == 0
    assert men.auc is not None
    assert men.auc.value == pytest.approx(
        roc_auc_score(everyone.y[mine], everyone.probability[mine])
    )
    assert men.expected == pytest.approx(everyone.probability[mine].mean())
    assert men.observed.low < men.expected < men.observed.high  # calibrated by construction
    assert men.price is None


def test_prices_are_those_of_the_approved():
    rng = np.random.default_rng(1)
    price = rng.normal(0.08, 0.01, 2000)
    price[::7] = np.nan
    everyone = people(0.7, price=price)
    men, _ = by_group(everyone)
    mine = everyone.approved & (everyone.group == 0) & ~np.isnan(price)
    assert men.price is not None
    assert men.price.value == pytest.approx(price[mine].mean())
    assert men.price.low < 0.08 < men.price.high
    one = Applicants(
        np.array([0.1, 0.2]),
        np.array([True, False]),
        np.array([0, 1]),
        np.array([0, 0]),
        ("all",),
        np.array([0.05, np.nan]),
    )
    assert by_group(one)[0].price.low == -np.inf
    assert by_group(one)[0].auc is None


def test_where_outcomes_are_not_known_nothing_is_said_of_them():
    unlabelled = dataclasses.replace(people(0.7), y=np.full(2000, -1))
    men, _ = by_group(unlabelled)
    assert men.known == 0
    assert np.isnan(men.expected)
    assert (men.bad_refused.low, men.bad_refused.high) == (0, 1)
    assert men.small


def test_there_is_no_verdict_over_all_figures():
    names = {field.name for field in dataclasses.fields(Group)}
    assert not names & {"fair", "unfair", "verdict", "passed"}
    assert all(not zh.isascii() or zh.startswith("组") for _, zh in NAMES.values())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"group": np.full(2000, 5)}, "a group that is named"),
        ({"group": np.full(2000, -1)}, "whose group is known"),
        ({"names": ("women", "women")}, "names that differ"),
        ({"y": np.full(2000, 3)}, "1 default"),
        ({"probability": np.ones(2000)}, "between 0 and 1"),
        ({"approved": np.ones(3, np.bool_)}, "for every applicant"),
    ],
)
def test_rows_that_do_not_fit_are_refused(changes, said):
    with pytest.raises(InputError, match=said):
        dataclasses.replace(people(0.7), **changes)


def test_a_reference_must_have_applicants():
    with pytest.raises(InputError, match="one of men, women"):
        by_group(people(0.7), reference="children")
