"""`headrace score`, as typed."""

import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace

NAMES = ("cyber_risk", "farm", "new_citizen", "sci_tech_index", "talent", "trade_credit")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Made-up applicants of each score: NAME.csv."""
    folder = tmp_path_factory.mktemp("made")
    for name in NAMES:
        done = headrace("score", "simulate", name, "--rows", 60, "--out", folder / f"{name}.csv")
        assert done.status == 0, done.err
        assert "模拟数据" in done.out
    return folder


def test_the_list_names_what_ships():
    for lang, word in (("en", "Talent card"), ("zh", "人才评分卡")):
        done = headrace("score", "list", "--lang", lang)
        assert word in done.out
        assert "patent_value" in done.out
    told = headrace("score", "list", "--json").value
    assert [each["name"] for each in told] == [*NAMES, "patent_value"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_score_is_shown_with_what_it_rests_on(name, lang):
    done = headrace("score", "show", name, "--lang", lang)
    assert done.status == 0
    assert ("fitted" if lang == "en" else "拟合") in done.out
    value = headrace("score", "show", name, "--json").value
    assert sum(item["weight"] for part in value["parts"] for item in part["items"]) == 100


def test_the_dictionary_opens_in_excel(tmp_path):
    out = tmp_path / "words.xlsx"
    assert headrace("score", "dictionary", "farm", "--out", out).status == 0
    assert out.read_bytes()[:2] == b"PK"
    assert "遥感" in headrace("score", "dictionary", "farm").out
    assert len(headrace("score", "dictionary", "farm", "--json").value) == 10


@pytest.mark.parametrize("name", NAMES)
def test_applicants_are_scored_and_said_to_be_simulated(made, name, tmp_path):
    out = tmp_path / "scored.parquet"
    done = headrace("score", "apply", name, made / f"{name}.csv", "--out", out, "--lang", "en")
    assert done.status == 0, done.err
    assert "SIMULATED" in done.out
    table = pq.read_table(out)
    assert table.num_rows == 60
    assert table["applicant"][0].as_py() == "SIM000001"
    value = headrace("score", "apply", name, made / f"{name}.csv", "--json").value
    assert value["applicants"] == 60
    assert sum(value["grades"].values()) + value["ungraded"] == 60
    assert value["mean"] == pytest.approx(sum(table["score"].to_pylist()) / 60)


def test_bad_cells_are_set_aside_and_the_rest_is_scored(tmp_path):
    path, out = tmp_path / "people.csv", tmp_path / "scored.csv"
    path.write_text("人,最高学位,本领域从业年限\n甲,教授,12\n乙,博士,-3\n丙,硕士,8\n", "utf-8")
    done = headrace("score", "apply", "talent", path, "--out", out)
    assert done.status == 0, done.err
    assert "2 个单元格无法识别" in done.out
    (aside,) = [each for each in tmp_path.iterdir() if each not in (path, out)]
    assert "教授" in aside.read_text("utf-8-sig")
    assert "甲" in out.read_text("utf-8-sig")


def test_an_own_definition_takes_the_place_of_the_one_that_ships(made, tmp_path):
    mine = tmp_path / "mine.toml"
    text = headrace("score", "export", "talent").out
    mine.write_text(text.replace("least = 80.0", "least = 99.0"), "utf-8")
    value = headrace("score", "apply", mine, made / "talent.csv", "--json").value
    assert value["grades"]["T1"] == 0
    done = headrace("score", "export", mine)
    assert done.out.strip() == mine.read_text("utf-8").strip()


def test_norms_of_regions_come_from_ones_own_table(made):
    value = headrace(
        "score", "norms", "sci_tech_index", made / "sci_tech_index.csv", "--json"
    ).value
    assert value["*"]["rnd_share"] > 0
    assert "*" in headrace("score", "norms", "sci_tech_index", made / "sci_tech_index.csv").out
    check_refused(headrace("score", "norms", "talent", made / "talent.csv"), "no region")


PATENTS = """\
patent,kind,section,age_years,development_yuan,sales_yuan,growth,contribution,economic_years
ZL1,发明,H,4,1000000,5000000,0.1,0.5,8
ZL2,utility,B,2,200000,,,,
"""


def test_patents_are_valued(tmp_path):
    path, out = tmp_path / "patents.csv", tmp_path / "values.xlsx"
    path.write_text(PATENTS, "utf-8")
    for lang in ("en", "zh"):
        done = headrace("score", "apply", "patent_value", path, "--lang", lang)
        assert done.status == 0, done.err
        assert "ZL1" in done.out
    value = headrace("score", "apply", "patent_value", path, "--out", out, "--json").value
    value = value["patents"]
    assert [row["approaches"] for row in value] == [2, 1]
    assert out.read_bytes()[:2] == b"PK"
    mine = tmp_path / "terms.toml"
    text = headrace("score", "export", "patent_value").out
    mine.write_text(text.replace("profit = 0.15", "profit = 0.0"), "utf-8")
    cheaper = headrace("score", "apply", mine, path, "--json").value["patents"]
    assert cheaper[1]["cost"] < value[1]["cost"]


def test_neighbours_as_of_a_day(tmp_path):
    sales, firms, out = tmp_path / "sales.csv", tmp_path / "firms.csv", tmp_path / "out.csv"
    sales.write_text("seller,buyer,amount,on,known\nA,B,100.50,2024-03-01,2024-03-01\n"
                     "A,C,900,2024-03-02,2024-06-01\n", "utf-8")  # fmt: skip
    firms.write_text("firm,score,trouble\nA,,\nB,80,\nC,20,2024-05-01\n", "utf-8")
    ask = ("score", "neighbours", sales, "--standing", firms, "--on")
    rows = {row["firm"]: row for row in headrace(*ask, "2024-04-01", "--json").value["firms"]}
    assert rows["A"]["buyers_score"] == pytest.approx((80 + 2 * 50) / 3)
    assert rows["A"]["troubled_sales"] == 0
    later = {row["firm"]: row for row in headrace(*ask, "2024-06-01", "--json").value["firms"]}
    assert later["A"]["troubled_sales"] == pytest.approx(900 / 1000.5)
    assert headrace(*ask, "2024-06-01", "--out", out).status == 0
    assert "buyers_score" in out.read_text("utf-8-sig")


def test_a_bad_cell_costs_its_row_alone(tmp_path):
    sales, firms = tmp_path / "sales.csv", tmp_path / "firms.csv"
    sales.write_text("seller,buyer,amount,on\nA,B,100.50,2024-03-01\nA,C,-1,2024-03-02\n"
                     ",B,5,2024-03-02\nA,B,5,soon\n", "utf-8")  # fmt: skip
    firms.write_text("firm,score\nB,80\nC,99999\nB,10\nD\n", "utf-8")
    ask = ("score", "neighbours", sales, "--standing", firms, "--on", "2024-06-01")
    done = headrace(*ask, "--json").value
    assert {row["firm"]: row["buyers_score"] for row in done["firms"]}["A"] == 80
    places = {
        name: [(row["row"], row["column"]) for row in rows]
        for name, rows in done["set_aside"].items()
    }
    assert places == {
        "sales": [(2, "amount"), (3, "seller"), (4, "on")],
        "standing": [(2, "score"), (3, "firm"), (4, "")],
    }
    for lang, word in (("en", "no score from 0 to 100"), ("zh", "不是0至100之间的评分")):
        said = headrace(*ask, "--lang", lang)
        assert said.status == 0
        assert word in said.err


def test_a_patent_with_a_bad_cell_is_valued_without_it(tmp_path):
    path, out = tmp_path / "patents.csv", tmp_path / "values.csv"
    path.write_text(PATENTS.replace("0.5,8", "0.5,never"), "utf-8")
    value = headrace("score", "apply", "patent_value", path, "--out", out, "--json").value
    assert [row["approaches"] for row in value["patents"]] == [1, 1]
    (bad,) = value["bad_cells"]
    assert (bad["row"], bad["field"], bad["cell"]) == (1, "economic_years", "never")
    assert "economic_years" in (tmp_path / "values.quarantine.csv").read_text("utf-8-sig")
    assert "never" in headrace("score", "apply", "patent_value", path, "--lang", "en").out


def test_what_cannot_be_is_refused(made, tmp_path):
    check_refused(headrace("score", "show", "karma"), "no score is called 'karma'", "talent")
    check_refused(headrace("score", "show", "patent_value"), "valued")
    check_refused(headrace("score", "apply", "talent", made / "none.csv"), "cannot be read")
    check_refused(
        headrace("score", "apply", "talent", made / "cyber_risk.csv"), "no field of talent"
    )
    check_refused(headrace("score", "apply", "sci_tech_index", made / "talent.csv"), "region")
    ragged = tmp_path / "ragged.csv"
    ragged.write_text("degree,field_years\ndoctor,3,4\n", "utf-8")
    check_refused(headrace("score", "apply", "talent", ragged), "row 1")
    check_refused(
        headrace("score", "apply", "talent", made / "talent.csv", "--out", "x.pdf"), "x.pdf"
    )
