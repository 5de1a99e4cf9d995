"""`headrace card`, as typed: from a table of loans to a card in use."""

import csv
import json
from xml.etree import ElementTree as ET

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from card_sample import HEADER, loans, write
from commands import check_refused, headrace

TOLD = ("--target", "bad", "--leave-out", "firm")
LANGUAGES = ("en", "zh")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """loans.csv, words.toml, and card.json, fitted on it; not to be written to."""
    found = tmp_path_factory.mktemp("card")
    write(found / "loans.csv", loans())
    (found / "words.toml").write_text(
        '[columns.income.words]\nname = ["yearly income", "年收入"]\n'
        'reason = ["Income in relation to the loan", "收入与贷款的关系"]\n'
        '[columns.income.change]\ndirection = "up"\neffort = 2.0\n',
        "utf-8",
    )
    done = headrace("card", "fit", found / "loans.csv", *TOLD, "--category", "postcode",
                    "--special", "late_months=-1:no record", "--out", found / "card.json",
                    "--lang", "en")  # fmt: skip
    assert done.status == 0, done.err
    (found / "fitted.txt").write_text(done.out, "utf-8")
    return found


# --- check ----------------------------------------------------------------------------------------


def test_honest_columns_pass_and_both_languages_say_what_the_check_cannot(folder):
    for lang, word in zip(LANGUAGES, ("cannot prove", "不能证明"), strict=True):
        done = headrace("card", "check", folder / "loans.csv", *TOLD, "--lang", lang)
        assert done.status == 0, done.out
        assert word in done.out


def test_a_column_that_knows_the_outcome_ends_with_status_1(tmp_path):
    rows = [(*row, "" if row[-1] == "否" else "2024-05-01", 900 if row[-1] == "是" else 0)
            for row in loans(200)]  # fmt: skip
    path = write(tmp_path / "leaks.csv", rows, (*HEADER, "written_off", "recovered"))
    for lang, word in zip(LANGUAGES, ("refused", "拒绝"), strict=True):
        done = headrace("card", "check", path, *TOLD, "--lang", lang)
        assert done.status == 1, done.out
        assert word in done.out
        assert "written_off" in done.out
    value = headrace("card", "check", path, *TOLD, "--after", "age", "--json").value
    named = {each["feature"]: each["rule"] for each in value["findings"] if each["refuses"]}
    assert named["age"] == "known_after_outcome"
    assert {"written_off", "recovered"} <= set(named)
    assert all(each["zh"] and each["en"] for each in value["findings"])


def test_the_check_takes_dates_and_groups(folder):
    done = headrace("card", "check", folder / "loans.csv", *TOLD, "--decided", "decided",
                    "--group", "firm", "--counted", "age", "--json")  # fmt: skip
    value = done.value
    assert "decided" not in value["features"]
    assert {each["rule"] for each in value["findings"]} == {"reference_unknown"}
    assert done.status == 0


# --- bins -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_bins_are_ranked_and_drawn(folder, lang):
    done = headrace("card", "bins", folder / "loans.csv", *TOLD, "--lang", lang)
    assert done.status == 0, done.err
    assert "█" in done.out
    assert ("Strength" if lang == "en" else "区分能力") in done.out
    assert done.out.index("income") < done.out.index("age")


def test_bins_follow_what_is_asked(folder, tmp_path):
    out = tmp_path / "bins.xlsx"
    done = headrace("card", "bins", folder / "loans.csv", *TOLD, "--column", "late_months",
                    "--trend", "ascending", "--bins-max", 3, "--special",
                    "late_months=-1:no record", "--out", out, "--json")  # fmt: skip
    (found,) = done.value["columns"]
    assert found["trend"] == "ascending"
    assert [each["label"] for each in found["bins"]][-2:] == ["no record", "missing"]
    assert sum(each["kind"] == "ordinary" for each in found["bins"]) <= 3
    assert out.read_bytes()[:2] == b"PK"
    ranged = headrace("card", "bins", folder / "loans.csv", *TOLD, "--column", "age",
                      "--special", "age=60..:old", "--json").value["columns"][0]  # fmt: skip
    assert "old" in [each["label"] for each in ranged["bins"]]


def test_a_column_that_cannot_be_binned_takes_no_other_with_it(folder, tmp_path):
    settings = tmp_path / "s.toml"
    settings.write_text("[columns.trade.bins]\nmin_bins = 9\n", "utf-8")
    done = headrace("card", "bins", folder / "loans.csv", *TOLD, "--settings", settings,
                    "--lang", "en")  # fmt: skip
    assert done.status == 0, done.err
    assert "Cannot be binned as asked" in done.out
    assert "min_bins" in done.out
    assert "income" in done.out


# --- fit ------------------------------------------------------------------------------------------


def test_a_fit_prints_the_card_how_good_it_is_and_what_to_look_at(folder):
    said = (folder / "fitted.txt").read_text("utf-8")
    for word in ("AUC", "Gini", "KS", "Brier", "Calibration slope", "95 % interval",
                 "Rating scale", "rows the card has not seen", "no record"):  # fmt: skip
        assert word in said, said
    value = json.loads((folder / "card.json").read_text("utf-8"))
    assert value["format"] == "headrace points card"


def test_a_fit_by_time_and_with_a_stated_rate(folder, tmp_path):
    out, sheet = tmp_path / "card.json", tmp_path / "card.xlsx"
    done = headrace("card", "fit", folder / "loans.csv", *TOLD, "--time", "decided", "--folds", 2,
                    "--base-rate", 0.03, "--after", "postcode", "--out", out, "--sheet", sheet,
                    "--json")  # fmt: skip
    assert done.status == 0, done.err
    value = done.value
    assert value["split"]["rule"] == "out_of_time"
    assert value["auc"]["low"] < value["auc"]["value"] < value["auc"]["high"]
    assert "postcode" not in value["features"]
    assert value["known_after"] == ["postcode"]
    assert sheet.read_bytes()[:2] == b"PK"
    for lang, word in zip(LANGUAGES, ("bad rate of 3.00%", "3.00%"), strict=True):
        assert word in headrace("card", "show", out, "--lang", lang).out


def test_groups_stay_together(folder, tmp_path):
    done = headrace("card", "fit", folder / "loans.csv", "--target", "bad", "--group", "firm",
                    "--out", tmp_path / "card.json", "--folds", 3, "--json")  # fmt: skip
    assert done.value["split"]["rule"] == "grouped"


def test_a_leak_is_not_fitted_unless_it_is_allowed(tmp_path):
    rows = [(*row, 100 + number % 40 + 900 * ((row[-1] == "是") ^ (number % 50 == 0)))
            for number, row in enumerate(loans(300))]  # fmt: skip
    path, out = write(tmp_path / "l.csv", rows, (*HEADER, "recovered")), tmp_path / "card.json"
    ask = ("card", "fit", path, *TOLD, "--folds", 3, "--out", out)
    done = headrace(*ask, "--lang", "en")
    assert done.status == 1
    assert "near_perfect_alone" in done.out
    assert not out.exists()
    value = headrace(*ask, "--json")
    assert (value.status, value.value["fitted"]) == (1, False)
    done = headrace(*ask, "--allow-leakage", "--lang", "en")
    assert done.status == 0, done.err
    assert "LEAKAGE ALLOWED" in done.out
    left = headrace(*ask, "--leave-out", "recovered", "--json")
    assert left.status == 0


def test_rows_that_cannot_be_read_go_beside_the_card(tmp_path):
    rows = loans(300)
    rows[4] = (*rows[4][:2], "a lot", *rows[4][3:])
    rows[9] = (*rows[9][:-1], "")
    path, out = write(tmp_path / "l.csv", rows), tmp_path / "card.json"
    done = headrace("card", "fit", path, *TOLD, "--folds", 3, "--out", out, "--lang", "en")
    assert done.status == 0, done.err
    assert "1 rows without an outcome" in done.out
    beside = (tmp_path / "card.quarantine.csv").read_text("utf-8-sig")
    assert "a lot" in beside
    assert beside.splitlines()[1].startswith("5,")


def test_protected_attributes_are_named(tmp_path):
    rows = [(*row[:-2], 30 + 30 * (row[-1] == "否") + number % 7, row[-1])
            for number, row in enumerate(loans(300))]  # fmt: skip
    path = write(tmp_path / "l.csv", rows)
    ask = ("card", "fit", path, *TOLD, "--folds", 3, "--allow-leakage", "--out",
           tmp_path / "card.json")  # fmt: skip
    value = headrace(*ask, "--json").value
    if "age" in value["card"]:
        assert value["protected"] == {"age": "age"}
        assert "受保护属性" in headrace("card", "show", tmp_path / "card.json").out


def test_a_workbook_and_a_parquet_file_give_the_same_card(folder, tmp_path):
    rows = loans()
    table = pa.table({name: pa.array([row[at] for row in rows]) for at, name in enumerate(HEADER)})
    table = table.set_column(2, "income", pa.array([float(row[2]) for row in rows]))
    pq.write_table(table, tmp_path / "loans.parquet")
    out = tmp_path / "card.json"
    done = headrace("card", "fit", tmp_path / "loans.parquet", *TOLD, "--category", "postcode",
                    "--special", "late_months=-1:no record", "--out", out)  # fmt: skip
    assert done.status == 0, done.err
    assert out.read_bytes() == (folder / "card.json").read_bytes()


# --- show, sheet, read, edit, history -------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_card_is_shown(folder, lang):
    done = headrace("card", "show", folder / "card.json", "--lang", lang)
    assert done.status == 0, done.err
    assert "income" in done.out
    assert ("Rating scale" if lang == "en" else "评级标尺") in done.out
    value = headrace("card", "show", folder / "card.json", "--json").value
    assert value["features"]
    assert value["edits"] == []
    assert "没有人工修改" in headrace("card", "history", folder / "card.json").out


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_sheet_is_read_back_to_the_same_card(folder, tmp_path, ending):
    sheet, out = tmp_path / f"card.{ending}", tmp_path / "again.json"
    assert headrace("card", "sheet", folder / "card.json", "--out", sheet).status == 0
    done = headrace("card", "read", sheet, "--from", folder / "card.json", "--out", out, "--who",
                    "李雷", "--lang", "en")  # fmt: skip
    assert done.status == 0, done.err
    assert "Nothing in the sheet differs" in done.out
    assert out.read_bytes() == (folder / "card.json").read_bytes()


def test_points_typed_into_a_sheet_are_recorded(folder, tmp_path):
    sheet, out = tmp_path / "card.csv", tmp_path / "edited.json"
    headrace("card", "sheet", folder / "card.json", "--out", sheet)
    rows = list(csv.reader(sheet.open(encoding="utf-8-sig", newline="")))
    at = next(number for number, row in enumerate(rows) if row[0] == "income")
    rows[at][-1] = str(int(rows[at][-1]) - 5)
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    done = headrace("card", "read", sheet, "--from", folder / "card.json", "--out", out, "--who",
                    "李雷", "--why", "policy 7", "--json")  # fmt: skip
    (record,) = done.value["edits"]
    assert (record["who"], record["why"], record["feature"]) == ("李雷", "policy 7", "income")
    assert record["when"].startswith("20")
    history = headrace("card", "history", out, "--lang", "en").out
    assert "policy 7" in history
    other = tmp_path / "card.xlsx"
    headrace("card", "sheet", out, "--out", other)
    done = headrace(
        "card", "read", other, "--from", folder / "card.json", "--out", out, "--who", "a"
    )
    check_refused(done, "another card")


def test_bins_are_merged_cut_and_moved_with_a_record(folder, tmp_path):
    card, out = folder / "card.json", tmp_path / "out.json"
    by = ("--out", out, "--who", "Li", "--why", "few rows")
    bins = headrace("card", "show", card, "--json").value["bins"]
    edges = [row["to"] for row in bins if row["feature"] == "income" and row["to"] is not None]
    done = headrace("card", "edit", card, "income", "--merge", 0, *by, "--despite", "trend",
                    "--json")  # fmt: skip
    assert done.status == 0, done.err
    assert len(done.value["edits"]) == 1
    back = headrace("card", "edit", out, "income", "--split", edges[0], *by, "--lang", "en")
    assert back.status == 0, back.err
    after = headrace("card", "show", out, "--json").value
    assert [row["label"] for row in after["bins"]] == [row["label"] for row in bins]
    assert len(after["edits"]) == 2
    assert headrace("card", "edit", out, "income", "--points", 0, 7, *by).status == 0
    assert len(headrace("card", "history", out, "--json").value) == 3
    for typed, said in (
        ((), "0 changes"),
        (("--merge", 0, "--split", 1), "2 changes"),
        (("--merge", 99), "no ordinary bin follows"),
        (("--split", "nan"), "no edge"),
        (("--move", "a", "b"), "cannot move"),
        (("--move", 1, 2), "no two bins meet"),
        (("--part", "x"), "not some but not all"),
        (("--points", 99, 1), "no bin 99"),
    ):
        check_refused(headrace("card", "edit", card, "income", *typed, *by), said)
    check_refused(headrace("card", "edit", card, "nothing", "--merge", 0, *by), "no column")
    check_refused(
        headrace("card", "edit", card, "income", "--merge", 0, "--out", out, "--who", " ",
                 "--why", "x"), "who makes it",
    )  # fmt: skip


# --- apply, explain, export -----------------------------------------------------------------------


def test_applicants_are_scored_with_reasons_in_two_languages(folder, tmp_path):
    out = tmp_path / "scored.csv"
    done = headrace("card", "apply", folder / "card.json", folder / "loans.csv", "--settings",
                    folder / "words.toml", "--out", out, "--lang", "en")  # fmt: skip
    assert done.status == 0, done.err
    rows = list(csv.DictReader(out.open(encoding="utf-8-sig", newline="")))
    assert len(rows) == 500
    assert rows[0]["firm"] == "F0000"
    assert float(rows[0]["probability, low"]) <= float(rows[0]["probability of default"])
    assert any("收入与贷款的关系" in row["reasons for customers (zh)"] for row in rows)
    value = headrace("card", "apply", folder / "card.json", folder / "loans.csv", "--json").value
    assert value["scored"] == 500
    assert sum(value["classes"].values()) == 500


def test_rows_that_cannot_be_read_are_set_aside_and_new_texts_are_told(folder, tmp_path):
    rows = [list(row[:-1]) for row in loans(20)]
    rows[2][2] = "a lot"
    rows[5][4] = "mine"
    path, out = write(tmp_path / "new.csv", rows, HEADER[:-1]), tmp_path / "scored.parquet"
    done = headrace("card", "apply", folder / "card.json", path, "--out", out, "--lang", "en")
    assert done.status == 0, done.err
    assert "has not seen" in done.out
    table = pq.read_table(out)
    assert table["row"].to_pylist() == [1, 2, *range(4, 21)]
    assert "a lot" in (tmp_path / "scored.quarantine.csv").read_text("utf-8-sig")
    ask = ("card", "explain", folder / "card.json", path, "--row")
    check_refused(headrace(*ask, 3), "a lot", "row 3, column income")
    check_refused(headrace(*ask, 21), "no row 21", "1 to 20")
    assert "not seen before" in headrace(*ask, 6, "--lang", "en").out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_applicant_is_explained_with_a_letter_and_ways(folder, lang):
    card, data, words = folder / "card.json", folder / "loans.csv", folder / "words.toml"
    scored = headrace("card", "show", card, "--json").value
    done = headrace("card", "explain", card, data, "--row", 3, "--customer", "--settings", words,
                    "--reach", scored["highest"], "--fixed", "trade", "--lang", lang)  # fmt: skip
    assert done.status == 0, done.err
    assert ("Dear customer" if lang == "en" else "尊敬的客户") in done.out
    assert ("no promise" if lang == "en" else "不是承诺") in done.out
    assert ("asked" if lang == "en" else "指定") in done.out


def test_an_explanation_adds_up_and_the_letter_gives_no_number_away(folder):
    card, data, words = folder / "card.json", folder / "loans.csv", folder / "words.toml"
    lowest = headrace("card", "show", card, "--json").value["lowest"]
    value = headrace("card", "explain", card, data, "--row", 1, "--customer", "--settings", words,
                     "--reach", lowest, "--against", "mean", "--json").value  # fmt: skip
    assert value["base"] + sum(part["points"] for part in value["parts"]) == value["points"]
    assert value["reach"]["reached"] is True
    for letter in value["customer"].values():
        told = [line.partition(". ")[2] for line in letter.splitlines() if line[:1].isdigit()]
        assert not any(character.isdigit() for line in told for character in line)


def test_a_card_is_exported_as_pmml(folder, tmp_path):
    out = tmp_path / "card.pmml"
    done = headrace("card", "export", folder / "card.json", "--pmml", out)
    assert done.status == 0, done.err
    assert ET.parse(out).getroot().tag.endswith("PMML")  # noqa: S314 - our own file
    check_refused(headrace("card", "export", folder / "card.json", "--pmml", "card.txt"), ".pmml")


# --- what cannot be -------------------------------------------------------------------------------


def test_what_cannot_be_is_refused_before_any_work(folder, tmp_path):
    data, card, out = folder / "loans.csv", folder / "card.json", tmp_path / "card.json"
    fit = ("card", "fit", data, *TOLD, "--out")
    for asked, said in (
        (("card", "check", data, "--target", "default"), "no column 'default'"),
        (("card", "check", data, "--target", "trade"), "--bad"),
        (("card", "check", data, "--target", "trade", "--bad", "mine"), "no row has the value"),
        (("card", "check", folder / "none.csv", "--target", "bad"), "cannot be read"),
        (("card", "check", data, *TOLD, "--after", "nothing"), "no column 'nothing'"),
        (("card", "check", data, *TOLD, "--decided", "trade"), "no day"),
        (("card", "bins", data, *TOLD, "--trend", "up"), "'up' is no trend"),
        (("card", "bins", data, *TOLD, "--special", "late_months"), "no special value"),
        (("card", "bins", data, *TOLD, "--special", "sales=1:x"), "no column 'sales'"),
        (("card", "bins", data, *TOLD, "--special", "age=a..b:x"), "no range"),
        (("card", "bins", data, *TOLD, "--column", "decided"), "neither numbers nor categories"),
        (("card", "bins", data, *TOLD, "--out", "x.pdf"), "x.pdf"),
        ((*fit, "card.txt"), ".json"),
        ((*fit, tmp_path / "no" / "card.json"), "no such folder"),
        ((*fit, out, "--base-rate", 2), "no rate"),
        ((*fit, out, "--sheet", "x.pdf"), "x.pdf"),
        ((*fit, out, "--settings", folder / "none.toml"), "cannot be read"),
        ((*fit, out, "--maturity", 3000, "--time", "decided"), "to train on"),
        (("card", "show", data), "no points card"),
        (("card", "apply", card, data, "--against", "x"), "--against"),
        (("card", "explain", card, data, "--row", 1, "--reach", "Z"), "neither a class"),
        (("card", "explain", card, data, "--row", 1, "--fixed", "sales"), "no column 'sales'"),
        (("card", "read", data, "--from", card, "--out", out, "--who", "a"), "header lacks"),
        (("card", "read", data, "--from", card, "--out", out, "--who", ""), "--who"),
    ):
        check_refused(headrace(*asked), said)
    assert not out.exists()
    narrow = write(tmp_path / "narrow.csv", [("1",)], ("age",))
    check_refused(headrace("card", "apply", card, narrow), "no column")
    few = write(tmp_path / "few.csv", loans(300)[:6])
    done = headrace("card", "fit", few, *TOLD, "--out", out)
    assert done.status == 2
    assert "Traceback" not in done.err
