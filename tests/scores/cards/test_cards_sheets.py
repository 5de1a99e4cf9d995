"""A card as a spreadsheet: it reads back to the same card, takes edits, and says what breaks."""

import csv
import io

import pytest
import python_calamine as calamine
import xlsxwriter
from cards_examples import CARD, cards, categorical
from hypothesis import given, settings
from test_cards_codec import FULL
from test_cards_points import COLUMNS

from headrace.adapters.score_sheets import (
    BINS_SHEET,
    HEADER,
    read_card_csv,
    read_card_xlsx,
    write_card_csv,
    write_card_xlsx,
)
from headrace.errors import InputError
from headrace.scores.cards.points_card import Line, PointsCard
from headrace.scores.cards.scale import PointsScale
from headrace.scores.cards.table import COLUMNS as SHEET_COLUMNS

NAMES = list(SHEET_COLUMNS)


def rows_of(card):
    """The cells of the card's CSV file, header first."""
    return list(csv.reader(io.StringIO(write_card_csv(card).decode("utf-8-sig"))))


def csv_of(rows):
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode("utf-8-sig")


def edited(changes, card=CARD):
    """Rows with some cells changed: {(row, column): text}; rows are numbered as in Excel."""
    rows = rows_of(card)
    for (number, column), text in changes.items():
        rows[number - 1][NAMES.index(column)] = text
    return rows


def row_number(feature, label, card=CARD):
    """Of the row of a bin, as Excel counts."""
    for number, row in enumerate(rows_of(card), start=1):
        if row[0] == feature and row[2] == label:
            return number
    raise AssertionError(f"no row {feature} {label}")


def test_the_first_rows_read_like_a_card():
    shown = [
        [row[NAMES.index(each)] for each in ("feature", "label", "label_zh", "from", "points")]
        for row in rows_of(CARD)[1:5]
    ]
    assert shown == [
        ["", "base points", "基础分", "", "100"],
        ["income", "< 1000", "低于 1000", "", "110"],
        ["income", "[1000, 2000)", "1000 至 2000（不含）", "1000.0", "130"],
        ["income", "[2000, 5000)", "2000 至 5000（不含）", "2000.0", "145"],
    ]


@settings(max_examples=30)
@given(cards(lines_max=3))
def test_any_card_as_csv_reads_back_to_itself(card):
    assert read_card_csv(write_card_csv(card), "card.csv", card) == card


@pytest.mark.parametrize("card", [CARD, FULL], ids=["plain", "full"])
def test_a_workbook_reads_back_to_the_same_card_by_itself(card):
    content = write_card_xlsx(card)
    again = read_card_xlsx(content, "card.xlsx")
    assert again == card
    assert again.score(COLUMNS).tobytes() == card.score(COLUMNS).tobytes()
    assert write_card_xlsx(again) == content


def test_the_workbook_opens_with_numbers_as_numbers():
    book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(write_card_xlsx(CARD)))
    assert book.sheet_names[0] == BINS_SHEET
    rows = book.get_sheet_by_name(BINS_SHEET).to_python()
    assert rows[0] == list(HEADER)
    assert rows[3][4] == 1000.0
    assert rows[3][-1] == 130


def as_workbook(rows, card=CARD):
    """The workbook of a card after somebody typed these rows into its first sheet."""
    book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(write_card_xlsx(card)))
    others = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names[1:]}
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as written:
        for name, cells in {BINS_SHEET: rows, **others}.items():
            sheet = written.add_worksheet(name)
            for number, row in enumerate(cells):
                for place, cell in enumerate(row):
                    sheet.write(number, place, cell)
    return buffer.getvalue()


def test_points_changed_by_hand_are_taken_with_a_record():
    number = row_number("income", "[1000, 2000)")
    rows = edited({(number, "points"): "135"})
    for card in (
        read_card_csv(csv_of(rows), "card.csv", CARD, who="韩梅梅", why="policy 7"),
        read_card_xlsx(as_workbook(rows), "card.xlsx", who="韩梅梅", why="policy 7"),
    ):
        assert card.lines[0].points == (110, 135, 145, 180, 120)
        (edit,) = card.edits
        assert (edit.feature, edit.who, edit.why) == ("income", "韩梅梅", "policy 7")
        assert (edit.before, edit.after) == ("[1000, 2000): 130", "[1000, 2000): 135")
        assert card.lines[1:] == CARD.lines[1:]


def test_base_points_changed_by_hand_are_taken_with_a_record():
    card = read_card_csv(csv_of(edited({(2, "points"): "90"})), "card.csv", CARD)
    assert card.base == 90
    assert card.edits[0].before == "base points: 100"


def test_bins_merged_by_hand_are_counted_anew():
    first, second = (row_number("income", label) for label in ("< 1000", "[1000, 2000)"))
    rows = edited({(first, "to"): "2000", (first, "points"): "120"})
    del rows[second - 1]
    rows[first - 1][NAMES.index("rows") :][:4] = [""] * 4  # what a person clears, or leaves
    card = read_card_csv(csv_of(rows), "card.csv", CARD, who="w")
    bins = card.lines[0].bins
    assert bins.edges == (2_000.0, 5_000.0)
    assert card.lines[0].points == (120, 145, 180, 120)
    assert bins.good[0] == 140
    assert bins.bad[0] == 70
    assert bins.woe[1:] == CARD.lines[0].bins.woe[2:]
    assert "< 1000: 110; [1000, 2000): 130" in card.edits[0].before
    assert "< 2000: 120" in card.edits[0].after
    assert card.interval(COLUMNS)[0].shape == (3,)


def test_what_a_person_leaves_beside_merged_bins_does_not_matter():
    first, second = (row_number("income", label) for label in ("< 1000", "[1000, 2000)"))
    rows = edited({(first, "to"): "2000"})
    del rows[second - 1]
    card = read_card_csv(csv_of(rows), "card.csv", CARD)
    assert card.lines[0].bins.good[0] == 140


def test_many_categories_fit_a_cell_or_are_refused():
    def card_of(names):
        ones = (1,) * len(names)
        bins = categorical("bank", [names], ones, ones)
        return PointsCard(PointsScale(), 0, (Line(bins, -1.0, (1, 2, 3)),))

    many = card_of([f"bank {at}" for at in range(1_000)])
    assert read_card_xlsx(write_card_xlsx(many), "card.xlsx") == many
    too_many = card_of([f"bank {at}" for at in range(4_000)])
    with pytest.raises(InputError, match="characters") as error:
        write_card_xlsx(too_many)
    assert "feature bank" in error.value.where
    assert read_card_csv(write_card_csv(too_many), "card.csv", too_many) == too_many


def test_a_bin_may_be_cut_where_the_fit_counted_rows():
    number = row_number("income", "[2000, 5000)")
    rows = edited({(number, "to"): "3500"})
    rows.insert(number, [*rows[number - 1]])
    for column, text in (("from", "3500"), ("to", "5000"), ("points", "160")):
        rows[number][NAMES.index(column)] = text
    card = read_card_csv(csv_of(rows), "card.csv", CARD)
    assert card.lines[0].bins.edges == (1_000.0, 2_000.0, 3_500.0, 5_000.0)
    assert card.lines[0].points == (110, 130, 145, 160, 180, 120)


def test_a_category_may_move():
    own, rent = row_number("housing", "own"), row_number("housing", "rent, guest")
    rows = edited({(own, "categories"): '["own", "guest"]', (rent, "categories"): '["rent"]'})
    card = read_card_csv(csv_of(rows), "card.csv", CARD)
    assert card.lines[2].bins.groups == (("own", "guest"), ("rent",))
    assert card.lines[2].bins.good[:2] == (450.0, 150.0)
    assert (
        card.score({**COLUMNS, "housing": ["guest"] * 3})[0]
        == (CARD.score({**COLUMNS, "housing": ["own"] * 3})[0])
    )


def test_sorting_the_rows_changes_nothing():
    header, *rows = rows_of(CARD)
    backwards = csv_of([header, *reversed(rows)])
    assert read_card_csv(backwards, "card.csv", CARD) == CARD


def test_columns_in_another_order_and_more_of_them_change_nothing():
    rows = [[*reversed(row), "remark"] for row in rows_of(CARD)]
    rows[0][-1] = "note"
    assert read_card_csv(csv_of(rows), "card.csv", CARD) == CARD


def test_a_file_saved_by_excel_in_china_is_read():
    text = write_card_csv(CARD).decode("utf-8-sig")
    assert read_card_csv(text.encode("gb18030"), "card.csv", CARD) == CARD


INCOME_1000 = row_number("income", "[1000, 2000)")
INCOME_MISSING = row_number("income", "missing")
SPECIAL = row_number("overdue_days", "never borrowed")
OWN = row_number("housing", "own")


@pytest.mark.parametrize(
    ("changes", "row", "column", "said"),
    [
        ({(INCOME_1000, "points"): "130.5"}, INCOME_1000, "points", "130.5"),
        ({(INCOME_1000, "points"): ""}, INCOME_1000, "points", "empty"),
        ({(INCOME_1000, "points"): "many"}, INCOME_1000, "points", "no number"),
        ({(INCOME_1000, "points"): "1e9"}, INCOME_1000, "points", "1e9"),
        ({(INCOME_1000, "from"): "900"}, INCOME_1000, "from", "overlaps"),
        ({(INCOME_1000, "from"): "1100"}, INCOME_1000, "from", "gap"),
        ({(INCOME_1000, "from"): "3000"}, INCOME_1000, "to", "ends before"),
        ({(INCOME_1000, "to"): "1500", (INCOME_1000 + 1, "from"): "1500"},
         INCOME_1000 + 1, "from", "1000, 2000, 3500, 5000"),
        ({(INCOME_1000 - 1, "from"): "0"}, INCOME_1000 - 1, "from", "values below 0"),
        ({(INCOME_1000, "woe"): "0.5"}, INCOME_1000, "woe", "follows from the rows"),
        ({(INCOME_1000, "rows"): "7"}, INCOME_1000, "rows", "follows from the rows"),
        ({(INCOME_MISSING, "kind"): "special"}, INCOME_MISSING, "kind", "cannot have"),
        ({(INCOME_MISSING, "feature"): "wealth"}, INCOME_MISSING, "feature", "no feature"),
        ({(SPECIAL, "label"): "never"}, SPECIAL, "kind", "never borrowed"),
        ({(OWN, "categories"): '["own", "castle"]'}, OWN, "categories", "castle"),
        ({(OWN, "categories"): "own"}, OWN, "categories", "no list"),
        ({(OWN, "categories"): "[]"}, OWN, "categories", "empty"),
        ({(OWN, "categories"): '["own", "rent"]'}, OWN + 1, "categories", "row"),
        ({(OWN + 1, "categories"): '["rent"]'}, OWN, "categories", "guest"),
        ({(2, "points"): "x"}, 2, "points", "no number"),
    ],
)  # fmt: skip
def test_what_breaks_is_refused_with_file_row_and_column(changes, row, column, said):
    with pytest.raises(InputError) as error:
        read_card_csv(csv_of(edited(changes)), "card.csv", CARD)
    assert error.value.where == f"card.csv, row {row}, column {column}"
    assert said in f"{error.value.problem} {error.value.remedy}"


def test_the_same_is_said_of_a_workbook():
    rows = edited({(INCOME_1000, "from"): "1100"})
    with pytest.raises(InputError) as error:
        read_card_xlsx(as_workbook(rows), "card.xlsx")
    assert error.value.where == f"card.xlsx, sheet {BINS_SHEET}, row {INCOME_1000}, column from"


def test_a_row_that_is_gone_is_missed():
    rows = rows_of(CARD)
    del rows[INCOME_MISSING - 1]
    with pytest.raises(InputError, match="no row of missing"):
        read_card_csv(csv_of(rows), "card.csv", CARD)
    without = [row for row in rows_of(CARD) if row[0] != "housing"]
    with pytest.raises(InputError, match="'housing' has no row"):
        read_card_csv(csv_of(without), "card.csv", CARD)
    with pytest.raises(InputError, match="0 rows of kind base"):
        read_card_csv(csv_of([row for row in rows_of(CARD) if row[1] != "base"]), "c", CARD)


def test_values_above_the_last_bin_are_missed():
    last = row_number("income", ">= 5000")
    with pytest.raises(InputError, match="values from 9000 are in no bin"):
        read_card_csv(csv_of(edited({(last, "to"): "9000"})), "card.csv", CARD)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "header lacks"),
        (b"feature,kind\n", "header lacks label"),
        (b"\xff\xff\xff", "neither UTF-8 nor GB18030"),
        (csv_of([[*HEADER, "points"]]), "stands twice"),
    ],
)
def test_other_files_are_refused(content, said):
    with pytest.raises(InputError, match=said):
        read_card_csv(content, "card.csv", CARD)


def test_a_workbook_without_the_saved_card_is_refused():
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        book.add_worksheet(BINS_SHEET).write(0, 0, "feature")
    with pytest.raises(InputError, match="no sheet"):
        read_card_xlsx(buffer.getvalue(), "card.xlsx")


def test_a_formula_is_no_number_of_points():
    rows = rows_of(CARD)
    rows[INCOME_1000 - 1][-1] = "=1+1"
    with pytest.raises(InputError, match="formula"):
        read_card_xlsx(as_workbook(rows), "card.xlsx")
