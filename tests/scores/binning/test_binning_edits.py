"""Bins changed by hand: what each edit does, what it may not break, and the record it leaves."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.binning.bins import weight_of_evidence
from headrace.scores.binning.edits import (
    By,
    Edited,
    Merge,
    MoveCategory,
    MoveEdge,
    Part,
    SetWoe,
    Split,
    edit,
    edited_from_json,
    edited_to_json,
)
from headrace.scores.binning.limits import broken_limits, p_value
from headrace.scores.binning.optimal import fit
from headrace.scores.binning.problem import LIMITS, BinningError, Settings, Trend

LI = By("Li Wei", "2026-11-22T09:30:00+08:00", "one bin for all small firms")


@pytest.fixture(scope="module")
def ages():
    """Years in business in four pieces of 100, with 40, 30, 20 and 10 defaults."""
    x = np.repeat([1.0, 3.0, 6.0, 12.0, np.nan], 100)
    y = np.concatenate([np.arange(100) < bad for bad in (40, 30, 20, 10, 25)]).astype(int)
    settings = Settings(
        edges=(2.0, 4.0, 5.0, 10.0), trend=Trend.DESCENDING, min_share=0.1, min_gap=0.05
    )
    return fit(x, y, settings, feature="years")


@pytest.fixture(scope="module")
def grades():
    """Grades A to D with 5, 10, 20 and 30 defaults of 100, and 3 rows of a rare E."""
    x = np.repeat(["A", "B", "C", "D", "E"], [100, 100, 100, 100, 3])
    y = np.concatenate([np.arange(100) < bad for bad in (5, 10, 20, 30)] + [[1, 0, 0]]).astype(int)
    return fit(x.tolist(), y, Settings(rare_share=0.05), feature="grade")


def test_two_bins_are_merged(ages):
    done = edit(Edited(ages), Merge(1), LI)
    assert done.bins.edges == (2.0, 10.0)
    assert (done.bins.good[1], done.bins.bad[1]) == (150, 50)
    assert done.bins.woe[1] == weight_of_evidence(150, 50, 375, 125, 10)
    assert done.bins.woe[0] == ages.woe[0]
    assert done.bins.iv < ages.iv  # what was fitted is the best there is
    assert done.fitted == ages
    assert done.records[0].before.labels == ages.labels
    assert done.records[0].after.labels == ("< 2", "[2, 10)", ">= 10", "missing")


def test_a_bin_is_split_where_pieces_meet(ages):
    merged = edit(Edited(ages), Merge(0), LI)
    split = edit(merged, Split(2.0), LI)
    assert split.bins == ages
    with pytest.raises(BinningError, match="3 is no edge between pieces") as refused:
        edit(merged, Split(3.0), LI)
    assert "one of 2, 5" in str(refused.value)  # 5 parts pieces too, and no row
    with pytest.raises(BinningError, match="no edge between pieces"):
        edit(Edited(ages), Split(2.0), LI)  # the bins meet there already


def test_an_edge_moves_within_its_two_bins(ages):
    assert ages.edges == (2.0, 4.0, 10.0)  # 5 would part the same rows; the smaller edge is taken
    done = edit(Edited(ages), MoveEdge(4.0, 5.0), LI)
    assert done.bins.edges == (2.0, 5.0, 10.0)
    assert done.bins.good == ages.good  # nobody is between 4 and 5 years
    with pytest.raises(BinningError, match="10 is not inside of the two bins"):
        edit(Edited(ages), MoveEdge(2.0, 10.0), LI)
    with pytest.raises(BinningError, match="no two bins meet at 7"):
        edit(Edited(ages), MoveEdge(7.0, 5.0), LI)


def test_an_edit_that_breaks_a_limit_says_which_unless_it_is_told_to(ages):
    with pytest.raises(BinningError) as refused:
        edit(Edited(ages), SetWoe(3, like=1), LI)
    assert refused.value.conflict == ("trend",)
    with pytest.raises(BinningError, match="breaks min_bads, min_goods, min_share"):
        edit(Edited(ages), Split(5.0), LI)
    despite = By("Li Wei", "2026-11-22", "as the committee decided", despite=("trend",))
    done = edit(Edited(ages), SetWoe(3, like=1), despite)
    assert done.bins.woe[3] == ages.woe[1]
    assert broken_limits(done.bins) == ("trend",)
    assert edit(done, Merge(0), LI).bins.ordinary == 3  # what is broken already binds no more


def test_missing_may_stand_as_the_worst_bin(ages):
    done = edit(Edited(ages), SetWoe(ages.missing, like=0), LI)
    assert done.bins.woe[done.bins.missing] == ages.woe[0]
    later = edit(done, Merge(2), LI)
    assert later.bins.woe[later.bins.missing] == ages.woe[0]  # and keeps it
    with pytest.raises(BinningError, match="there is no bin 9"):
        edit(done, SetWoe(9, like=0), LI)


def test_categories_part_and_move(grades):
    assert grades.groups == (("A",), ("B",), ("C",), ("D",))
    merged = edit(Edited(grades), Merge(2), LI)
    assert merged.bins.groups[2] == ("C", "D")
    parted = edit(merged, Part(("D",)), LI)
    assert parted.bins == grades
    rare = edit(merged, MoveCategory("E", 2), LI)
    assert rare.bins.groups[2] == ("C", "D", "E")
    assert rare.bins.rare == ()
    assert (rare.bins.good[2], rare.bins.bad[2]) == (152, 51)
    assert rare.bins.woe[rare.bins.other] == 0.0
    assert rare.bins.codes(["E", "F"]).tolist() == [2, rare.bins.other]
    back = edit(rare, MoveCategory("D", 0), LI)
    assert back.bins.groups == (("A", "D"), ("B",), ("C", "E"))
    assert sum(back.bins.good) == sum(grades.good)
    with pytest.raises(BinningError, match="its bin would be empty") as refused:
        edit(Edited(grades), MoveCategory("A", 1), LI)
    assert refused.value.remedy == "a merge"
    with pytest.raises(BinningError, match="'Z' cannot move to bin 1"):
        edit(Edited(grades), MoveCategory("Z", 1), LI)
    with pytest.raises(BinningError, match="some but not all"):
        edit(merged, Part(("C", "D")), LI)


def test_records_are_saved_and_done_again_to_the_bit(ages, grades):
    done = edit(edit(Edited(ages), Merge(1), LI), SetWoe(3, like=0), LI)
    again = edited_from_json(edited_to_json(done))
    assert again == done
    assert again.bins == done.bins
    done = Edited(grades)
    for each in (Merge(0), Part(("B",)), MoveCategory("E", 3), Merge(2)):
        done = edit(done, each, LI)
    assert edited_from_json(edited_to_json(done)).bins == done.bins
    moved = edit(Edited(ages), MoveEdge(4.0, 5.0), LI)
    assert edited_from_json(edited_to_json(moved)) == moved


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 9)), max_size=8))
def test_whatever_is_edited_no_row_is_lost_and_it_can_be_done_again(ages, grades, steps):
    despite = By("Li Wei", "2026-11-22", "to see", despite=(*LIMITS, "trend"))
    for fitted in (ages, grades):
        edited = Edited(fitted)
        for step in steps:
            try:
                edited = edit(edited, an_edit(edited.bins, *step), despite)
            except BinningError:
                continue
        bins = edited.bins
        assert edited_from_json(edited_to_json(edited)) == edited
        assert (sum(bins.good), sum(bins.bad)) == (sum(fitted.good), sum(fitted.bad))
        assert len(bins.woe) == len(bins.labels) == len(bins.good)
        assert sorted(bins.categories + bins.rare) == sorted(fitted.categories + fitted.rare)
        assert [record.before for record in edited.records[1:]] == [
            record.after for record in edited.records[:-1]
        ]


def an_edit(bins, kind, first, second):
    """Some edit of any kind, good or bad."""
    edges, names = (*bins.piece_edges, 7.0), (*bins.categories, *bins.rare, "Z")
    edge, other = edges[first % len(edges)], edges[second % len(edges)]
    return (
        Merge(first % 5),
        Split(edge),
        MoveEdge(edge, other),
        Part(names[first % len(names) :][: second % 3]),
        MoveCategory(names[first % len(names)], second % 7),
        SetWoe(first % 7, second % 7),
    )[kind]


def test_a_record_that_was_tampered_with_is_not_taken(ages):
    plain = json.loads(edited_to_json(edit(Edited(ages), Merge(1), LI)))
    plain["records"][0]["edit"]["bin"] = 0
    with pytest.raises(InputError, match="does not give what its record says"):
        edited_from_json(json.dumps(plain))
    plain["records"][0]["edit"] = {"what": "melt", "bin": 0}
    with pytest.raises(InputError, match="one of merge, split"):
        edited_from_json(json.dumps(plain))


def test_nobody_edits_without_a_name_and_a_reason(ages):
    for by in (By(" ", "2026-11-22", "why not"), By("Li Wei", "2026-11-22", "")):
        with pytest.raises(InputError, match="who made it and why"):
            edit(Edited(ages), Merge(0), by)


def test_a_refused_merge_says_why(ages):
    with pytest.raises(BinningError, match="no ordinary bin follows bin 3"):
        edit(Edited(ages), Merge(3), LI)


def test_fitted_bins_break_no_limit(ages, grades):
    assert broken_limits(ages) == broken_limits(grades) == ()
    assert math.isclose(p_value((60, 40), (70, 30)), 0.13821, abs_tol=1e-5)
    assert p_value((5, 5), (1, 1)) == p_value((5, 0), (0, 0)) == 1.0
