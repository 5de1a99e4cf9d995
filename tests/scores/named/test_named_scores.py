"""Named scores: every file that ships, the arithmetic against its twin, and what is refused."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from headrace.errors import HeadraceError, InputError, MappingError
from headrace.scores.named.definition import Kind, read_named_score, shipped_texts
from headrace.scores.named.scoring import score_table, scored_table, usual_by_region
from headrace.simulator.named_scores import OUTCOME, simulate_applicants
from reference.named_scores_reference import score_one

NAMES = tuple(shipped_texts())
SHIPPED = {name: read_named_score(text, f"{name}.toml") for name, text in shipped_texts().items()}


def changed(name, *changes):
    text = shipped_texts()[name]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_the_scores_that_the_field_names_ship():
    wanted = {"cyber_risk", "farm", "new_citizen", "sci_tech_index", "talent", "trade_credit"}
    assert set(NAMES) == wanted


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_said_in_both_languages_and_none_of_what_may_not_be_asked(name):
    score = SHIPPED[name]
    for field in score.fields:
        for words in (field.title, field.means, field.source, *field.choices.values()):
            assert words.en
            assert any("一" <= letter <= "鿿" for letter in words.zh) or words.zh.isascii()
        assert field.name not in {"sex", "gender", "age", "birthplace", "nationality", "religion"}
    assert "fitted" in score.basis.en
    assert "拟合" in score.basis.zh


@pytest.mark.parametrize("name", NAMES)
def test_made_up_applicants_are_within_the_dictionary_and_ranked_better_than_chance(name):
    score = SHIPPED[name]
    made = simulate_applicants(score, 4_000, seed=3)
    assert made.equals(simulate_applicants(score, 4_000, seed=3))
    found = score_table(made, score)
    assert found.bad.num_rows == 0
    outcome = made[OUTCOME].to_numpy()
    assert 0.05 < outcome.mean() < 0.2
    assert roc_auc_score(outcome, -found.score) > 0.6
    assert len(set(found.grade.tolist()) - {""}) == len(score.grades)


@pytest.mark.parametrize("name", NAMES)
def test_the_best_that_can_be_is_the_full_score(name):
    score = SHIPPED[name]
    best, worst = {}, {}
    for item in score.items:
        pairs = [(share, value) for value, share in item.at] or [
            (share, key) for key, share in item.shares.items()
        ]
        usual = score.usual["*"][item.field] if item.local else 1
        for row, pick in ((best, max), (worst, min)):
            value = pick(pairs, key=lambda pair: pair[0])[1]
            row[item.field] = value if isinstance(value, str) else value * usual
    extra = {"region": "nowhere"} if score.local else {}
    found = score_table(pa.Table.from_pylist([best | extra, worst | extra]), score)
    assert found.score[0] == pytest.approx(100)
    assert found.grade.tolist() == [score.grades[0].name, score.grades[-1].name]
    assert found.reasons[0] == ()
    assert len(found.reasons[1]) == 4


def cell(field):
    if field.kind is Kind.NUMBER:
        value = st.floats(-5, 200, allow_nan=False) | st.floats(0, 1)
    elif field.kind is Kind.FLAG:
        value = st.sampled_from(["yes", "no", "是", "否", "maybe"])
    else:
        value = st.sampled_from([*field.choices, "unheard of"])
    return st.none() | value


@settings(max_examples=40, deadline=None)
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_a_table_agrees_with_the_twin_row_by_row(data, name):
    score = SHIPPED[name]
    row = st.fixed_dictionaries({field.name: cell(field) for field in score.fields})
    rows = data.draw(st.lists(row, min_size=1, max_size=6))
    regions = [data.draw(st.sampled_from([*score.usual, "x"])) for _ in rows] if score.local else []
    columns = {
        field.name: pa.array(
            [row[field.name] for row in rows],
            pa.float64() if field.kind is Kind.NUMBER else pa.string(),
        )
        for field in score.fields
    }
    found = score_table(pa.table(columns | ({"region": regions} if score.local else {})), score)
    for at, row in enumerate(rows):
        twin = score_one(row, score, regions[at] if score.local else "*")
        ours = (found.score[at], found.low[at], found.high[at], found.known[at])
        assert ours == pytest.approx(twin, abs=1e-9)
        assert found.low[at] <= found.score[at] + 1e-9 <= found.high[at] + 2e-9


def test_the_range_holds_whatever_the_missing_turns_out_to_be():
    score = SHIPPED["talent"]
    made = simulate_applicants(score, 300, seed=1)
    hidden = made.set_column(
        made.schema.get_field_index("own_money"), "own_money", pa.nulls(300, pa.float64())
    )
    full, partly = score_table(made, score), score_table(hidden, score)
    assert (partly.low <= full.score + 1e-9).all()
    assert (full.score <= partly.high + 1e-9).all()
    assert partly.missing[:, [item.field for item in score.items].index("own_money")].all()


def test_points_add_up_to_the_score_and_the_table_says_what_was_missing():
    score = SHIPPED["farm"]
    made = simulate_applicants(score, 50, seed=2)
    found = score_table(made, score)
    assert np.allclose(found.points.sum(axis=1), found.score)
    table = scored_table(found, score, ids=made.select(["applicant"]))
    assert table.column_names[:3] == ["applicant", "score", "low"]
    for row, source in zip(table.to_pylist(), made.to_pylist(), strict=True):
        gone = {name for name, cell in source.items() if cell is None}
        assert set(filter(None, row["missing"].split(";"))) == gone
        assert math.isclose(
            sum(value for key, value in row.items() if key.startswith("points_")), row["score"]
        )


def test_too_little_known_gets_no_grade():
    score = SHIPPED["talent"]
    found = score_table(pa.table({"degree": ["doctor"], "full_time": [True]}), score)
    assert found.grade.tolist() == [""]
    assert found.known[0] == pytest.approx(0.16)
    assert scored_table(found, score)["limit"].to_pylist() == [None]


def test_a_cell_that_cannot_be_is_told_and_counts_as_missing():
    score = SHIPPED["talent"]
    table = pa.table(
        {
            "degree": ["professor", "博士", None],
            "field_years": ["12", "-3", "twelve"],
            "full_time": ["perhaps", "是", ""],
        }
    )
    found = score_table(table, score)
    told = [(row["row"], row["field"], row["cell"]) for row in found.bad.to_pylist()]
    assert told == [
        (1, "degree", "professor"),
        (1, "full_time", "perhaps"),
        (2, "field_years", "-3"),
        (3, "field_years", "twelve"),
    ]
    missing = score_table(pa.table({"degree": [None], "field_years": ["12"]}), score)
    assert found.score[0] == missing.score[0]


def test_texts_of_numbers_read_as_people_write_them():
    score = SHIPPED["talent"]
    texts = pa.table({"own_money": ["1,000,000", " 1000000 ", "1e6"]})
    assert len(set(score_table(texts, score).score.tolist())) == 1
    index = SHIPPED["sci_tech_index"]
    texts = pa.table({"rnd_staff_share": ["30%", "0.3"], "region": ["330100", "330100"]})
    assert len(set(score_table(texts, index).score.tolist())) == 1


def test_a_local_score_asks_for_the_region_and_norms_come_from_ones_own_firms():
    score = SHIPPED["sci_tech_index"]
    made = simulate_applicants(score, 900, seed=5)
    with pytest.raises(InputError, match="region"):
        score_table(made.drop_columns(["region"]), score)
    norms = usual_by_region(made, score)
    assert set(norms) == {"*", "000000", "330100", "440300"}
    here = made.filter(pa.array([r == "330100" for r in made["region"].to_pylist()]))
    known = [value for value in here["rnd_share"].to_pylist() if value]
    assert norms["330100"]["rnd_share"] == pytest.approx(np.median(known))
    assert usual_by_region(made.slice(0, 10), score) == {"*": {}}


def test_a_table_without_one_field_is_refused():
    with pytest.raises(InputError, match="no field of talent") as refusal:
        score_table(pa.table({"name": ["A"]}), SHIPPED["talent"])
    assert "degree" in refusal.value.remedy


@pytest.mark.parametrize(
    ("name", "old", "new", "problem", "place"),
    [
        ("talent", "weight = 14", "weight = 15", "add up to 101", "parts"),
        ("talent", "weight = 14", "weight = 0", "out of range", "programme"),
        ("talent", 'field = "degree"', 'field = "school"', "no field has this name", "school"),
        ("talent", "doctor = 1.0,", "", "share of each choice", "degree"),
        ("talent", "[8.0, 0.8], [15", "[3.0, 0.8], [15", "needs a line", "field_years"),
        ("talent", "least = 68.0", "least = 81.0", "no scale", "grades"),
        ("talent", "figures = { limit = 0 }", "figures = {}", "not those", "T5"),
        ("talent", "least_known = 0.7", "least_known = 7", "no share", "least_known"),
        ("talent", "least_known = 0.7", "least_know = 0.7", "unknown field", ""),
        ("talent", "shares = [0.85]", "shares = [0.8, 0.2]", "do not fit", "full_time"),
        ("talent", 'kind = "flag"', 'kind = "guess"', "Invalid enum", "fields"),
        ("talent", "version =", "version", "no TOML", "mine.toml"),
        ("sci_tech_index", '[usual."*"]\nrnd_share = 0.06', '[usual."*"]', "missing", "usual"),
        ("sci_tech_index", "rnd_share = 0.08", "rnd_share = 0", "no norm", "usual.330100"),
    ],
)  # fmt: skip
def test_a_definition_that_cannot_be_is_refused_with_its_place(name, old, new, problem, place):
    with pytest.raises(MappingError, match=problem) as refusal:
        read_named_score(changed(name, (old, new)), "mine.toml")
    assert place in refusal.value.where
    assert refusal.value.remedy


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    with pytest.raises(HeadraceError):
        read_named_score(text, "mine.toml")
