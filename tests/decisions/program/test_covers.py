"""Covers of boxes against all cells of small grids."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.decisions.program.covers import Boxes, Budget, covers, find_hole, widened

SIDES = (4, 3, 2)
CELLS = [(x, y, z) for x in range(4) for y in range(3) for z in range(2)]
PLENTY = 10**9


def box_of(*sides):
    """A box from the classes it holds of every column."""
    return np.array([sum(1 << each for each in side) for side in sides], np.uint64)


def boxes_of(boxes, apart=0):
    bits = np.array([box_of(*box) for box in boxes], np.uint64).reshape(-1, len(SIDES))
    return Boxes(bits, np.arange(len(SIDES)), apart)


def cells_of(bits):
    return {
        cell
        for cell in CELLS
        if all(int(word) >> place & 1 for word, place in zip(bits, cell, strict=True))
    }


BOX = st.tuples(*(st.sets(st.integers(0, side - 1), min_size=1) for side in SIDES))
EVERY = box_of(*map(range, SIDES))


@settings(max_examples=300)
@given(BOX, st.lists(BOX, max_size=8))
def test_a_box_is_covered_if_all_its_cells_are(box, others):
    box, boxes = box_of(*box), boxes_of(others)
    left = cells_of(box).difference(*map(cells_of, boxes.bits))
    told = covers(box, boxes, Budget(PLENTY))
    assert told.covered == (not left)
    if told.covered:
        assert not cells_of(box).difference(*(cells_of(boxes.bits[row]) for row in told.used))
    hole = find_hole(box, boxes, Budget(PLENTY))
    assert hole.covered == (not left)
    if left:
        assert cells_of(hole.hole)
        assert cells_of(hole.hole) <= left


@given(st.lists(BOX, max_size=8))
def test_a_hole_is_widened_until_it_meets_something_on_every_side(others):
    boxes = boxes_of(others)
    found = find_hole(EVERY, boxes, Budget(PLENTY))
    if found.hole is None:
        return
    covered = set().union(*map(cells_of, boxes.bits))
    wide = widened(found.hole, boxes, EVERY)
    assert cells_of(found.hole) <= cells_of(wide)
    assert not cells_of(wide) & covered
    for place, side in enumerate(SIDES):
        for number in range(side):
            more = wide.copy()
            more[place] |= np.uint64(1 << number)
            assert (more == wide).all() or cells_of(more) & covered


@given(st.lists(BOX, max_size=10))
def test_boxes_that_are_apart_are_counted(boxes):
    apart, taken = [], set()
    for box in boxes:
        cells = cells_of(box_of(*box))
        if not cells & taken:
            apart.append(box)
            taken |= cells
    told = find_hole(EVERY, boxes_of(apart, len(apart)), Budget(PLENTY))
    assert told.covered == (len(taken) == len(CELLS))
    if not told.covered:
        assert not cells_of(told.hole) & taken


def test_a_search_without_budget_is_not_decided():
    halves = boxes_of([({0, 1}, range(3), range(2)), ({2, 3}, range(3), range(2))])
    assert covers(EVERY, halves, Budget(10)).covered is None
    told = covers(EVERY, halves, Budget(PLENTY))
    assert (told.covered, told.used) == (True, {0, 1})


@pytest.mark.parametrize("columns", [12, 40])
def test_counts_stay_exact_beyond_64_bits(columns):
    """One corner of a grid of 60 ** columns cases is left open."""
    full, first = (1 << 60) - 1, 1
    boxes = [  # all but the first class of one column, the first of those before it
        [first] * column + [full ^ first] + [full] * (columns - column - 1)
        for column in range(columns)
    ]
    every = np.full(columns, full, np.uint64)
    open_corner = Boxes(np.array(boxes, np.uint64), np.arange(columns), columns)
    told = find_hole(every, open_corner, Budget(PLENTY))
    assert (told.covered, told.hole.tolist()) == (False, [1] * columns)
    closed = Boxes(np.vstack([open_corner.bits, told.hole]), open_corner.at, columns + 1)
    budget = Budget(PLENTY)
    assert find_hole(every, closed, budget).covered
    assert PLENTY - budget.left < 10_000  # by counting, in one step
