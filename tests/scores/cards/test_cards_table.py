"""The rows of a card's sheet, and edits in it beside the same edits made step by step."""

import json
from dataclasses import replace

import pytest
from cards_examples import CARD, HAND, HOUSING, INCOME, cards, categorical, numeric
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.binning.bins import CHINESE, BinKind, Kind
from headrace.scores.binning.edits import By, Edited, Merge, MoveCategory, Split, edit
from headrace.scores.cards.points_card import Line, PointsCard
from headrace.scores.cards.scale import PointsScale
from headrace.scores.cards.table import COLUMNS, card_rows, line_rows
from headrace.scores.cards.table_reading import SheetRow, card_of_rows

BY = By("w", "2026-11-22", "test", despite=("trend", "min_bads", "min_goods"))


def as_read(rows):
    """Rows as an adapter reads them: every cell a text."""
    found = []
    for number, row in enumerate(rows, start=2):
        cells = ["" if cell is None else str(cell) for cell in row.cells]
        found.append(SheetRow("sheet", number, dict(zip(COLUMNS, cells, strict=True))))
    return found


def one_line(bins):
    points = tuple(range(10, 10 + len(bins)))
    return PointsCard(PointsScale(), 0, (Line(bins, -1.0, points),))


def with_cells(row, **cells):
    return replace(row, cells={**row.cells, **cells})


@settings(max_examples=60)
@given(cards())
def test_rows_read_back_to_the_card(card):
    assert card_of_rows(card, as_read(card_rows(card))) == card


@settings(max_examples=40)
@given(cards())
def test_there_is_a_row_for_every_bin_and_one_for_the_base(card):
    rows = card_rows(card)
    assert len(rows) == 1 + sum(len(line.bins) for line in card.lines)
    assert rows[0].points == card.base
    for line in card.lines:
        its = [row for row in rows if row.feature == line.feature]
        assert [row.points for row in its] == list(line.points)
        assert [row.kind for row in its] == [kind.value for kind in line.bins.kinds]
        assert sum(row.rows for row in its) == pytest.approx(sum(line.rows))
        assert sum(row.iv for row in its) == pytest.approx(line.bins.iv)


def test_labels_in_chinese():
    assert INCOME.labelled(CHINESE) == (
        "低于 1000",
        "1000 至 2000（不含）",
        "2000 至 5000（不含）",
        "5000 及以上",
        "缺失",
    )
    assert HOUSING.labelled(CHINESE) == ("own", "rent、guest", "缺失", "其他")
    assert numeric("x", (), (5,), (5,)).labelled(CHINESE) == ("全部", "缺失")


def test_a_bin_without_rows_has_no_default_rate():
    missing = line_rows(HAND.lines[2])[2]
    assert missing.kind == BinKind.MISSING.value
    assert (missing.rows, missing.bad_rate, missing.woe) == (0.0, None, 0.0)


@st.composite
def binned(draw):
    """Bins of numbers that can be merged, from pieces that can be split."""
    pieces = draw(st.integers(3, 7))
    edges = sorted(draw(st.sets(st.integers(-50, 50), min_size=pieces - 1, max_size=pieces - 1)))
    counts = st.lists(st.integers(1, 60), min_size=pieces, max_size=pieces)
    inner = draw(st.sets(st.integers(1, pieces - 1), min_size=1))
    return numeric(
        "x", [float(edge) for edge in edges], draw(counts), draw(counts), starts=(0, *sorted(inner))
    )


@settings(max_examples=80)
@given(binned(), st.data())
def test_a_merge_in_the_sheet_is_the_merge_of_the_binning(bins, data):
    first = data.draw(st.integers(0, bins.ordinary - 2))
    card = one_line(bins)
    rows = as_read(card_rows(card))
    at = 1 + first
    rows[at] = with_cells(rows[at], to=rows[at + 1].cells["to"])
    del rows[at + 1]
    merged = card_of_rows(card, rows, who="w").lines[0]
    assert merged.bins == edit(Edited(bins), Merge(first), BY).bins
    assert len(merged.points) == len(bins) - 1
    assert merged.points[first] == card.lines[0].points[first]


@settings(max_examples=80)
@given(binned(), st.data())
def test_a_cut_in_the_sheet_is_the_split_of_the_binning(bins, data):
    free = [edge for edge in bins.piece_edges if edge not in bins.edges]
    assume(free)
    cut = data.draw(st.sampled_from(free))
    card = one_line(bins)
    rows = as_read(card_rows(card))
    at = 1 + sum(edge < cut for edge in bins.edges)
    upper = with_cells(rows[at], **{"from": f"{cut:g}"}, rows="", bad_rate="", woe="", iv="")
    rows[at] = with_cells(rows[at], to=f"{cut:g}")
    rows.insert(at + 1, upper)
    assert card_of_rows(card, rows).lines[0].bins == edit(Edited(bins), Split(cut), BY).bins


@settings(max_examples=60)
@given(st.data())
def test_a_moved_category_is_the_move_of_the_binning(data):
    sizes = data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=3))
    names = [f"c{at}" for at in range(sum(sizes))]
    groups, left = [], list(names)
    for size in sizes:
        groups.append(left[:size])
        left = left[size:]
    counts = st.lists(st.integers(1, 60), min_size=len(names), max_size=len(names))
    bins = categorical("x", groups, data.draw(counts), data.draw(counts), rare=("r1", "r2"))
    movable = [name for group in groups if len(group) > 1 for name in group] + ["r1", "r2"]
    name = data.draw(st.sampled_from(movable))
    source = next((at for at, group in enumerate(groups) if name in group), bins.other)
    targets = [at for at in (*range(bins.ordinary), bins.other) if at != source]
    target = data.draw(st.sampled_from(targets))
    card = one_line(bins)
    rows = as_read(card_rows(card))
    for code in (source, target):
        found = [each for each in json.loads(rows[1 + code].cells["categories"]) if each != name]
        found += [name] if code == target else []
        rows[1 + code] = with_cells(rows[1 + code], categories=json.dumps(found))
    got = card_of_rows(card, rows).lines[0].bins
    right = edit(Edited(bins), MoveCategory(name, target), BY).bins
    for one, other in zip(
        sorted(_told(got), key=lambda each: each[0]),
        sorted(_told(right), key=lambda each: each[0]),
        strict=True,
    ):
        assert one[0] == other[0]
        assert one[1:] == pytest.approx(other[1:])


def _told(bins):
    """What each bin holds, and its counts and WOE."""
    groups = [*bins.groups, *[()] * (len(bins) - bins.ordinary - 1), bins.rare]
    return [
        (sorted(group) or [f"bin {len(bins) - code}"], good, bad, woe)
        for code, (group, good, bad, woe) in enumerate(
            zip(groups, bins.good, bins.bad, bins.woe, strict=True)
        )
    ]


@settings(max_examples=60)
@given(cards(), st.data())
def test_points_typed_over_are_the_points_and_each_is_recorded(card, data):
    rows = as_read(card_rows(card))
    places = data.draw(st.sets(st.integers(0, len(rows) - 1), max_size=4))
    before = [int(row.cells["points"]) for row in rows]
    for place in places:
        rows[place] = with_cells(rows[place], points=str(before[place] + 7))
    after = card_of_rows(card, rows, who="w", why="y")
    flat = [after.base, *(points for line in after.lines for points in line.points)]
    assert flat == [was + 7 * (place in places) for place, was in enumerate(before)]
    assert len(after.edits) == len(places)
    assert all((each.who, each.why) == ("w", "y") for each in after.edits)
    assert [line.bins for line in after.lines] == [line.bins for line in card.lines]


@settings(max_examples=100)
@given(st.data())
def test_whatever_is_typed_it_is_a_card_or_a_refusal_with_a_place(data):
    rows = as_read(card_rows(CARD))
    at = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from(list(COLUMNS)))
    typed = data.draw(
        st.sampled_from(
            ["", "x", "1e999", "nan", "-5", "2000", "0.5", "[]", '["own"]', "[1]", "[["]
        )
    )
    rows[at] = with_cells(rows[at], **{column: typed})
    try:
        card = card_of_rows(CARD, rows)
    except InputError as refusal:
        said = refusal
    else:
        said = None
        assert card.features == CARD.features
        assert card_of_rows(card, as_read(card_rows(card))) == card
    assert said is None or ("sheet" in said.where and said.problem)


def test_numbers_with_fifteen_digits_are_the_edges_they_were():
    third, tenth = 1 / 3, 0.1 + 0.2
    card = one_line(numeric("x", (tenth, third), (5, 6, 7), (3, 2, 1)))
    rows = as_read(card_rows(card))
    rows[1] = with_cells(rows[1], to="0.3")
    rows[2] = with_cells(rows[2], **{"from": f"{tenth:.15g}"}, to=f"{third:.15g}")
    rows[3] = with_cells(rows[3], **{"from": f"{third:.15g}"})
    assert card_of_rows(card, rows) == card
    assert card.lines[0].bins.kind is Kind.NUMERIC
