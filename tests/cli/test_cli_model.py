"""`headrace model`, as typed: fitted, compared, applied, explained, exported."""

import csv
import json
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace

TARGET = ("--target", "simulated_default")
KINDS = ("card", "linear", "rare", "boosting")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two made-up tables of applicants, old.csv and new.csv, and a model of each kind."""
    path = tmp_path_factory.mktemp("model")
    for name, seed in (("old", 3), ("new", 4)):
        out = path / f"{name}.csv"
        done = headrace(
            "score", "simulate", "new_citizen", "--rows", 700, "--seed", seed, "--out", out
        )
        assert done.status == 0, done.err
    for kind in KINDS:
        done = headrace(
            "model", "fit", path / "old.csv", *TARGET, "--kind", kind, "--folds", 2,
            "--out", path / f"{kind}.json", "--lang", "en",
        )  # fmt: skip
        assert done.status == 0, done.err
        assert "SIMULATED" in done.out
        assert "On 700 rows that the model had not seen" in done.out
    return path


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_says_how_good_it_was_on_rows_it_had_not_seen(folder, kind):
    value = headrace("model", "show", folder / f"{kind}.json", "--json").value
    assert value["kind"] == kind
    assert value["rows"] == 700
    assert list(value["figures"]) == ["auc", "gini", "ks", "brier", "slope", "intercept"]
    for name, each in value["figures"].items():
        assert each["low"] <= each["value"] <= each["high"], name
    assert value["figures"]["auc"]["value"] > 0.5  # simulated, 60 bad: little can be asked
    for lang, word in (("en", "AUC"), ("zh", "基尼系数")):
        assert word in headrace("model", "show", folder / f"{kind}.json", "--lang", lang).out


def test_the_same_command_gives_the_same_model(folder, tmp_path):
    again = tmp_path / "again.json"
    ask = ("model", "fit", folder / "old.csv", *TARGET, "--folds", 2, "--out", again, "--json")
    value = headrace(*ask).value
    assert again.read_bytes() == (folder / "boosting.json").read_bytes()
    assert value["sha256"]
    assert value["tested"] == {"rows": 700, "bad": value["bad"], "rule": "repeated"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_is_scored_and_rows_are_explained(folder, kind, tmp_path):
    out, model = tmp_path / "scored.parquet", folder / f"{kind}.json"
    done = headrace("model", "apply", model, folder / "new.csv", "--out", out, "--lang", "en")
    assert done.status == 0, done.err
    assert "700 rows scored" in done.out
    table = pq.read_table(out)
    assert table["applicant"][0].as_py() == "SIM000001"
    p = table["probability"].to_numpy()
    assert ((p > 0) & (p < 1)).all()
    told = headrace("model", "explain", model, folder / "new.csv", "--row", 9, "--json").value
    total = told["start"] + sum(each["adds"] for each in told["parts"])
    assert told["probability"] == pytest.approx(p[8])
    if kind == "card":
        assert total == table["points"][8].as_py()
        assert table["class"][8].as_py()
    elif kind in ("linear", "rare"):
        assert total == pytest.approx(np.log(p[8] / (1 - p[8])))
    for lang, word in (("en", "what the model did"), ("zh", "说明模型如何得出结果")):
        done = headrace("model", "explain", model, folder / "new.csv", "--row", 9, "--lang", lang)
        assert word in done.out


def test_importance_is_measured_on_any_table(folder):
    model = folder / "linear.json"
    kept = headrace("model", "importance", model, "--json").value
    fresh = headrace("model", "importance", model, folder / "new.csv", "--json").value
    assert kept.keys() == fresh.keys()
    assert kept != fresh
    assert "█" in headrace("model", "importance", model).out


def test_kinds_are_compared_on_the_same_folds(folder):
    ask = ("model", "compare", folder / "old.csv", *TARGET, "--folds", 2)
    value = headrace(*ask, "--with", "boosting,card,linear", "--json").value
    assert list(value["models"]) == ["card", "linear", "boosting"]  # simplest first
    assert [(e["simple"], e["other"]) for e in value["pairs"]] == [
        ("card", "linear"), ("card", "boosting"), ("linear", "boosting"),
    ]  # fmt: skip
    for each in value["pairs"]:
        assert each["better"] == (each["gain"]["low"] > 0 and each["p_holm"] < 0.05)
    assert value["keep"] == "card"
    assert 0.5 < value["auc_by_luck"] < 0.7
    for lang, word in (("en", "Keep the points card"), ("zh", "建议保留评分卡")):
        assert word in headrace(*ask, "--with", "card,linear", "--lang", lang).out


def test_models_are_exported_with_their_categories(folder, tmp_path):
    pmml, model = tmp_path / "m.pmml", folder / "boosting.json"
    done = headrace("model", "export", model, "--pmml", pmml, "--lang", "en")
    assert done.status == 0, done.err
    assert b"MiningModel" in pmml.read_bytes()
    told = rows_of(tmp_path / "m.categories.csv")
    assert {each["column"] for each in told} == {"dwelling", "skill"}
    headrace("model", "export", folder / "card.json", "--pmml", tmp_path / "c.pmml")
    assert b"Scorecard" in (tmp_path / "c.pmml").read_bytes()
    check_refused(headrace("model", "export", model), "nothing to write")
    refused = headrace("model", "export", folder / "linear.json", "--pmml", tmp_path / "l.pmml")
    check_refused(refused, "is not written as PMML")
    check_refused(
        headrace("model", "export", folder / "card.json", "--onnx", tmp_path / "c.onnx"), "ONNX"
    )


def test_onnx_gives_the_same_probabilities(folder, tmp_path):
    pytest.importorskip("onnx", reason="the extra `onnx` is not installed")
    path = tmp_path / "m.onnx"
    done = headrace("model", "export", folder / "boosting.json", "--onnx", path)
    assert done.status == 0, done.err
    assert path.stat().st_size > 1000


def test_a_leak_is_refused_and_told_of_for_ever_where_it_was_allowed(folder, tmp_path):
    rows = rows_of(folder / "old.csv")
    for at, row in enumerate(rows):
        row["written_off"] = float(row["simulated_default"]) * 5_000 + at % 7
    leaky, out = write_rows(tmp_path / "leaky.csv", rows), tmp_path / "m.json"
    ask = ("model", "fit", leaky, *TARGET, "--kind", "linear", "--folds", 2, "--out", out)
    check_refused(headrace(*ask), "written_off", "leave the feature out")
    assert not out.exists()
    check_refused(
        headrace("model", "compare", leaky, *TARGET, "--with", "card,linear"), "written_off"
    )
    done = headrace(*ask, "--allow-leakage", "--lang", "en")
    assert "FITTED IN SPITE OF THE LEAKAGE CHECK" in done.out
    done = headrace("model", "apply", out, leaky, "--lang", "en")
    assert "FITTED IN SPITE OF THE LEAKAGE CHECK" in done.out
    done = headrace(*ask, "--leave-out", "written_off")
    assert done.status == 0
    known = headrace(*ask, "--after", "late_days")
    check_refused(known, "late_days")


def test_a_base_rate_moves_probabilities_and_not_ranks(folder, tmp_path):
    ask = ("model", "fit", folder / "old.csv", *TARGET, "--folds", 2, "--base-rate", 0.02)
    for kind in KINDS:
        out = tmp_path / f"{kind}.json"
        done = headrace(*ask, "--kind", kind, "--out", out, "--lang", "en")
        assert "default rate of 2.00%" in done.out
        before, after = (
            np.array(
                headrace("model", "apply", m, folder / "old.csv", "--json").value["probability"]
            )
            for m in (folder / f"{kind}.json", out)
        )
        assert after.mean() == pytest.approx(0.02, rel=0.25)
        if kind != "card":  # whose points are rounded anew
            assert (np.argsort(after, kind="stable") == np.argsort(before, kind="stable")).all()


def test_risk_follows_the_stated_directions(folder, tmp_path):
    ask = ("model", "fit", folder / "old.csv", *TARGET, "--folds", 2)
    done = headrace(
        *ask, "--monotone", "savings_months=down", "--out", tmp_path / "m.json", "--lang", "en"
    )
    assert done.status == 0, done.err
    row = rows_of(folder / "new.csv")[0]
    rising = [{**row, "savings_months": each / 4} for each in range(40)]
    path = write_rows(tmp_path / "rising.csv", rising)
    p = headrace("model", "apply", tmp_path / "m.json", path, "--json").value["probability"]
    assert all(a >= b for a, b in pairwise(p))
    done = headrace(*ask, "--monotone-from", folder / "card.json", "--out", tmp_path / "n.json")
    assert done.status == 0, done.err
    for way, said in (
        ("savings_months=sideways", "names no direction"),
        ("dwelling=up", "holds categories"),
        ("karma=up", "is no feature"),
    ):
        check_refused(headrace(*ask, "--monotone", way, "--out", tmp_path / "x.json"), said)
    refused = headrace(
        *ask, "--kind", "linear", "--monotone", "employers=up", "--out", tmp_path / "x.json"
    )
    check_refused(refused, "keeps no constraint")


def test_rows_with_days_and_groups_are_split_by_them(folder, tmp_path):
    rows = rows_of(folder / "old.csv")
    for at, row in enumerate(rows):
        row["decided"] = f"20{10 + at // 120}-0{1 + at % 9}-15"
        row["firm"] = f"F{at // 3}"
        row["weight"] = 1 + at % 2
    path = write_rows(tmp_path / "dated.csv", rows)
    ask = ("model", "fit", path, *TARGET, "--kind", "linear", "--out", tmp_path / "m.json")
    told = ("--folds", 2, "--weight", "weight", "--json")
    value = headrace(*ask, "--time", "decided", "--leave-out", "firm", *told).value
    assert value["tested"]["rule"] == "out_of_time"
    assert "weight" not in [each["name"] for each in value["columns"]]
    value = headrace(*ask, "--group", "firm", *told).value
    assert value["tested"]["rule"] == "grouped"
    rows[4]["weight"] = 0
    write_rows(path, rows)
    check_refused(headrace(*ask, "--weight", "weight"), "is no weight", "row 5")
    rare = ("model", "fit", folder / "old.csv", *TARGET, "--kind", "rare", "--weight", "employers")
    check_refused(headrace(*rare, "--out", tmp_path / "r.json"), "weight")


def test_cells_that_are_no_numbers_are_set_aside_with_their_rows(folder, tmp_path):
    rows = rows_of(folder / "new.csv")
    rows[2]["savings_months"] = "much"
    path = write_rows(tmp_path / "odd.csv", rows)
    out = tmp_path / "scored.csv"
    done = headrace("model", "apply", folder / "linear.json", path, "--out", out, "--lang", "en")
    assert "699 rows scored" in done.out
    assert "much" in (tmp_path / "scored.quarantine.csv").read_text("utf-8-sig")
    assert len(rows_of(out)) == 699
    refused = headrace("model", "explain", folder / "linear.json", path, "--row", 3)
    check_refused(refused, "cannot be read")
    check_refused(
        headrace("model", "explain", folder / "linear.json", path, "--row", 9_999), "1 to 700"
    )


def test_workbooks_and_parquet_hold_the_same_rows_as_text(folder, tmp_path):
    table = pa_csv.read_csv(folder / "new.csv")
    pq.write_table(table, tmp_path / "new.parquet")
    out = tmp_path / "new.xlsx"
    headrace("model", "apply", folder / "linear.json", folder / "new.csv", "--out", out)
    assert out.read_bytes()[:2] == b"PK"
    told = [
        headrace("model", "apply", folder / "linear.json", path, "--json").value["mean"]
        for path in (folder / "new.csv", tmp_path / "new.parquet")
    ]
    assert told[0] == told[1]  # true and false are flags in Parquet


def test_what_cannot_be_is_refused(folder, tmp_path):
    old, out = folder / "old.csv", tmp_path / "m.json"
    check_refused(headrace("model", "fit", old, *TARGET, "--kind", "magic", "--out", out), "magic")
    check_refused(headrace("model", "fit", old, "--target", "karma", "--out", out), "karma")
    check_refused(headrace("model", "fit", old, "--target", "employers", "--out", out), "--bad")
    check_refused(headrace("model", "fit", tmp_path / "no.csv", *TARGET, "--out", out), "read")
    nowhere = tmp_path / "no" / "m.json"
    check_refused(headrace("model", "fit", old, *TARGET, "--out", nowhere), "no such folder")
    check_refused(
        headrace("model", "fit", old, *TARGET, "--base-rate", 1.5, "--out", out), "--base-rate"
    )
    check_refused(headrace("model", "compare", old, *TARGET, "--with", "card"), "two or more")
    check_refused(headrace("model", "apply", old, old), "no saved model")
    pq.write_table(pa.table({"a": [1.0]}), tmp_path / "a.parquet")
    check_refused(
        headrace("model", "apply", folder / "linear.json", tmp_path / "a.parquet"), "insured_months"
    )
    altered = json.loads((folder / "linear.json").read_text("utf-8"))
    altered["model"]["inner"]["intercept"] = 0.0
    (tmp_path / "altered.json").write_text(json.dumps(altered), "utf-8")
    check_refused(headrace("model", "show", tmp_path / "altered.json"), "cut short or altered")
