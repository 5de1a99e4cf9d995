"""`headrace model watch`, `challenge`, `fairness`, `rejects`, as typed."""

import csv

import numpy as np
import pytest
from commands import check_refused, headrace

TARGET = ("--target", "simulated_default")


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two made-up tables of applicants, and a card and a regression fitted on the older."""
    path = tmp_path_factory.mktemp("watch")
    for name, seed in (("old", 3), ("new", 4)):
        out = path / f"{name}.csv"
        headrace("score", "simulate", "new_citizen", "--rows", 900, "--seed", seed, "--out", out)
    for kind in ("card", "linear"):
        done = headrace("model", "fit", path / "old.csv", *TARGET, "--kind", kind, "--folds", 2,
                        "--out", path / f"{kind}.json")  # fmt: skip
        assert done.status == 0, done.err
    return path


@pytest.fixture
def dated(folder, tmp_path):
    """The newer table with days of opening and of default: the last months are young."""
    rows = rows_of(folder / "new.csv")
    for at, row in enumerate(rows):
        month = at * 24 // len(rows)
        row["opened"] = f"{2022 + month // 12}-{1 + month % 12:02d}-10"
        gone = month + 1 + at % 6
        bad = row["simulated_default"] == "1" and gone < 24
        row["defaulted"] = f"{2022 + gone // 12}-{1 + gone % 12:02d}-20" if bad else ""
    return write_rows(tmp_path / "dated.csv", rows)


@pytest.mark.parametrize("kind", ["card", "linear"])
def test_a_population_that_did_not_move_raises_no_alarm(folder, kind, tmp_path):
    ask = ("model", "watch", folder / "old.csv", folder / "new.csv",
           "--model", folder / f"{kind}.json")  # fmt: skip
    out = tmp_path / "watch.xlsx"
    done = headrace(*ask, *TARGET, "--lang", "en", "--out", out)
    assert done.status == 0, done.out
    assert "No alarm" in done.out
    assert out.read_bytes()[:2] == b"PK"
    value = headrace(*ask, *TARGET, "--json").value
    assert value["alarm"] is False
    assert value["score"]["low"] <= value["score"]["index"]
    assert len(value["features"]) == 11 or kind == "card"
    for each in value["features"]:
        assert sum(each["contributions"]) == pytest.approx(each["index"])
        assert len(each["bins"]) == len(each["expected"])
    assert value["holding"]["rows"] == 900
    assert "无报警" in headrace(*ask).out


def test_a_population_that_moved_and_defaults_more_is_told_with_status_1(folder, tmp_path):
    rows = rows_of(folder / "new.csv")
    for at, row in enumerate(rows):
        row["savings_months"] = "0.1"
        row["simulated_default"] = int(at % 3 == 0)
        row["month"] = f"2024-{1 + at // 300:02d}"
    path = write_rows(tmp_path / "moved.csv", rows)
    ask = ("model", "watch", folder / "old.csv", path, "--model", folder / "linear.json")
    done = headrace(*ask, *TARGET, "--month", "month", "--lang", "en")
    assert done.status == 1, done.out
    assert "savings_months has moved" in done.out
    assert "more default than stated, " not in done.out
    assert "more default than stated" in done.out
    assert "Recalibrate: shift" in done.out
    done = headrace(*ask, *TARGET, "--month", "month", "--json")
    assert done.status == 1
    assert done.value["holding"]["drift"]["months"]
    assert [each["month"] for each in done.value["months"]] == ["2024-01", "2024-02", "2024-03"]


def test_young_labels_are_left_out_and_young_months_completed(folder, dated):
    ask = ("model", "watch", folder / "old.csv", dated, "--model", folder / "linear.json",
           "--opened", "opened", "--window", 6, "--on", "2023-12-31")  # fmt: skip
    value = headrace(*ask, "--defaulted", "defaulted", "--json").value
    assert 0 < value["holding"]["unripe"] < 900
    young = [e for e in value["vintages"]["vintages"] if e["age"] < 6]
    assert young
    for each in young:
        assert each["defaults"] <= each["final"]["low"] <= each["final"]["high"] <= each["loans"]
    done = headrace(*ask, "--defaulted", "defaulted", "--lang", "en")
    assert "not ripe" in done.out
    assert "Young months" in done.out
    simple = headrace(*ask, *TARGET, "--json").value
    assert simple["holding"]["unripe"] == value["holding"]["unripe"]
    assert simple["vintages"] is None
    check_refused(headrace(*ask[:-1], "2022-05-31"), "opened after --on")
    check_refused(headrace(*ask[:6], "--opened", "opened"), "--window")


def test_scores_that_were_stated_are_watched_without_a_model(folder, tmp_path):
    paths = []
    for name in ("old", "new"):
        out = tmp_path / f"{name}.csv"
        headrace("model", "apply", folder / "linear.json", folder / f"{name}.csv", "--out", out)
        paths.append(out)
    done = headrace("model", "watch", *paths, "--score", "probability", *TARGET, "--lang", "en")
    assert done.status == 0, done.err
    assert "Columns" not in done.out
    check_refused(headrace("model", "watch", *paths), "name one of them")
    check_refused(headrace("model", "watch", *paths, "--score", "applicant"), "is no number")
    check_refused(headrace("model", "watch", *paths, "--score", "row"), "is no probability")


def test_champion_and_challenger_swap_applicants(folder, tmp_path):
    ask = ("model", "challenge", folder / "card.json", folder / "linear.json", folder / "new.csv",
           *TARGET)  # fmt: skip
    value = headrace(*ask, "--json").value
    assert sum(each["rows"] for each in value["exchange"]["swaps"]) == 900
    assert value["exchange"]["champion"]["approval"]["value"] == pytest.approx(0.7)
    for lang, word in (("en", "The three numbers (assumed"), ("zh", "三个数字（假设")):
        done = headrace(*ask, "--lang", lang)
        assert done.status == 0, done.err
        assert word in done.out
    scored = tmp_path / "scored.csv"
    headrace("model", "apply", folder / "card.json", folder / "new.csv", "--out", scored)
    rows = rows_of(folder / "new.csv")
    for row, mine in zip(rows, rows_of(scored), strict=True):
        row["stated"], row["lent"] = mine["probability"], 1000
    path = write_rows(tmp_path / "stated.csv", rows)
    told = headrace("model", "challenge", "column:stated", folder / "linear.json", path, *TARGET,
                    "--exposure", "lent", "--json").value  # fmt: skip
    assert told["comparison"]["auc_champion"] == value["comparison"]["auc_champion"]
    check_refused(
        headrace("model", "challenge", "column:lent", folder / "card.json", path, *TARGET),
        "is no probability",
    )


def test_outcomes_that_nobody_knows_stay_unknown(folder, tmp_path):
    rows = rows_of(folder / "new.csv")
    for row in rows[:450]:
        row["simulated_default"] = ""
    path = write_rows(tmp_path / "half.csv", rows)
    value = headrace("model", "challenge", folder / "card.json", folder / "linear.json", path,
                     *TARGET, "--json").value  # fmt: skip
    assert value["comparison"]["labels"] == 450
    assert value["exchange"]["champion"]["outcomes_unknown"] > 0


def test_groups_have_figures_with_intervals_and_remedies_have_a_price(folder):
    ask = ("model", "fairness", folder / "new.csv", "--model", folder / "linear.json", *TARGET,
           "--group", "dwelling")  # fmt: skip
    value = headrace(*ask, "--remedies", "--json").value
    assert {each["name"] for each in value["groups"]} == {"dormitory", "other", "owned", "rented"}
    assert [each["remedy"] for each in value["remedies"]] == [
        "as_is", "without", "reweighed", "one_cut_moved", "cut_per_group",
    ]  # fmt: skip
    assert value["applied"] is False
    done = headrace(*ask, "--remedies", "--lang", "en", "--cutoff", "0.1")
    assert "NONE IS APPLIED" in done.out
    assert "not lawful" in done.out
    cut = headrace(*ask[:-1], "insured_months", "--cuts", "12,24", "--json").value
    assert [each["name"] for each in cut["groups"]] == ["< 12", "12 – 24", ">= 24"]
    check_refused(headrace(*ask[:-1], "savings_months"), "--cuts")
    check_refused(headrace(*ask, "--cuts", "9,3"), "--cuts")
    check_refused(headrace(*ask, "--remedies", "--without", "karma"), "no column of the model")
    check_refused(headrace(*ask, "--reference", "castle"), "castle")


def test_what_the_refused_would_have_done_is_flagged_as_a_guess(folder, tmp_path):
    rows = rows_of(folder / "new.csv")
    for row in rows:
        row["accepted"] = "approved" if float(row["income_variation"] or 0) < 0.6 else "declined"
        if row["accepted"] == "declined":
            row["simulated_default"] = ""
    path = write_rows(tmp_path / "rejects.csv", rows)
    ask = ("model", "rejects", path, *TARGET, "--accepted", "accepted")
    check_refused(headrace(*ask), "--yes approved")
    value = headrace(*ask, "--yes", "approved", "--json").value
    assert value["accepted"] + value["refused"] == 900
    assert [each["inferred"] for each in value["under"]] == [False] + [True] * 7
    means = [e["mean_refused"] for e in value["under"] if e["method"] == "fuzzy"]
    assert np.all(np.diff(means) > 0)
    out = tmp_path / "inferred.json"
    done = headrace(*ask, "--yes", "approved", "--out", out, "--assume", "fuzzy=2", "--lang", "en")
    assert "NOBODY KNOWS" in done.out
    done = headrace("model", "apply", out, folder / "old.csv", "--lang", "en")
    assert "were INFERRED" in done.out
    check_refused(headrace(*ask, "--yes", "approved", "--assume", "magic"), "--assume")
    check_refused(headrace(*ask, "--yes", "approved", "--kind", "rare"), "takes no weights")
