"""A card from a user's rows: what is set aside, what refuses, and that nothing peeks."""

import json

import numpy as np
import pyarrow as pa
import pytest

from headrace.errors import InputError, LeakageError
from headrace.scores.cards.fitting import CardSettings
from headrace.scores.cards.reasons import ReasonMethod
from headrace.scores.validation.splits import SplitSettings
from headrace.workflows.card_building import (
    Dated,
    Plan,
    build,
    checked,
    findings,
    least_points,
    points_for,
)
from headrace.workflows.card_rows import Asked, RawTable, others, read_applicants, read_card_rows
from headrace.workflows.card_settings import read_stated
from headrace.workflows.card_use import (
    apply_card,
    explain_one,
    first_reasons,
    ranking_of,
    reach,
    unseen,
)

SETTINGS = CardSettings(inner_folds=3)
FOLDS = SplitSettings(folds=3)


def loans(n=900, seed=1, **more):
    """Loans of n shops: income and debts tell, noise does not; cells are texts, as of a CSV."""
    rng = np.random.default_rng(seed)
    income = rng.lognormal(11, 0.7, n)
    late = rng.poisson(1.2, n)
    trade = rng.choice(["farm", "shop", "works"], n)
    odds = -1.6 - 1.1 * (np.log(income) - 11) + 0.5 * (late - 1.2) + 0.5 * (trade == "works")
    bad = rng.random(n) < 1 / (1 + np.exp(-odds))
    day = np.datetime64("2022-01-01") + np.sort(rng.integers(0, 900, n))
    columns = {
        "firm": [f"F{number:04d}" for number in range(n)],
        "owner": [f"O{number % (n // 2):04d}" for number in range(n)],
        "decided": day.astype(str).tolist(),
        "income": [f"{each:.0f}" for each in income],
        "late_months": [str(each) for each in late],
        "trade": trade.tolist(),
        "noise": [f"{each:.3f}" for each in rng.normal(size=n)],
        "age": [str(each) for each in rng.integers(20, 65, n)],
        "bad": ["是" if each else "否" for each in bad],
    }
    for name, made in more.items():
        columns[name] = made(rng, bad)
    return table(columns)


def table(columns, ragged=()):
    found = pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
    return RawTable(found, np.arange(1, found.num_rows + 1), ragged, "loans.csv")


@pytest.fixture(scope="module")
def raw():
    return loans()


@pytest.fixture(scope="module")
def rows(raw):
    return read_card_rows(raw, Asked("bad", left_out=("firm", "owner")))


@pytest.fixture(scope="module")
def built(rows):
    return build(rows, checked(rows, Dated(), FOLDS), Plan(SETTINGS), lambda _part: None)


# --- rows -----------------------------------------------------------------------------------------


def test_columns_are_told_apart_by_their_cells(raw):
    found = read_card_rows(raw, Asked("BAD"))
    assert found.table.column_names == ["income", "late_months", "trade", "noise", "age"]
    assert {name: what.value for name, what in found.aside} == {
        "firm": "name",
        "owner": "name",
        "decided": "day",
    }
    assert found.y.sum() == raw.columns["bad"].to_pylist().count("是")


def test_a_number_may_be_named_a_category(raw):
    found = read_card_rows(raw, Asked("bad", categories=("late_months",)))
    assert pa.types.is_string(found.table.schema.field("late_months").type)


def test_rows_that_cannot_be_read_are_told_and_left_out_and_so_are_rows_without_outcome():
    cells = loans(60).columns.to_pydict()
    cells["income"][3] = "a lot"
    cells["bad"][5] = ""
    spoilt = table(cells, ragged=((61, "F,1"),))
    found = read_card_rows(spoilt, Asked("bad"), "zh")
    assert found.y.size == 58
    assert found.unknown == 1
    assert found.refused.to_pylist() == [
        {"row": 4, "column": "income", "cell": "a lot", "reason": "不是数字"},
        {"row": 61, "column": "", "cell": "F,1", "reason": "该行的单元格数与表头不符"},
    ]
    cells["decided"][7] = "soon"
    cells["decided"][8] = ""
    timed = read_card_rows(table(cells), Asked("bad", time="decided"))
    assert [each["row"] for each in timed.refused.to_pylist()] == [4, 8, 9]
    assert timed.times.size == timed.y.size == 56


def test_rows_that_name_no_group_are_each_their_own(raw):
    cells = raw.columns.to_pydict()
    cells["owner"][:3] = ["", "", "O0009"]
    found = read_card_rows(table(cells), Asked("bad", group="owner"))
    assert found.groups[0] != found.groups[1]
    assert found.groups[2] == found.groups[9]
    assert "owner" not in found.table.column_names


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked("default"), "no column 'default'"),
        (Asked("bad", left_out=("x",)), "no column 'x'"),
        (Asked("bad", time="trade"), "no row"),
        (Asked("trade"), "cannot be told which outcome is bad"),
        (Asked("trade", bad=("farm", "shop", "works")), "no row that is good"),
        (
            Asked("bad", left_out=("income", "late_months", "trade", "noise", "age", "owner")),
            "no column is left",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(raw, asked, said):
    with pytest.raises(InputError, match=said):
        read_card_rows(raw, asked)


def test_two_columns_of_one_name_are_refused():
    twice = pa.table([["1"], ["2"], ["是"]], names=["a", "a", "bad"])
    with pytest.raises(InputError, match="2 columns are called 'a'"):
        read_card_rows(RawTable(twice, np.array([1]), (), "x.csv"), Asked("bad"))


# --- check, validate, fit -------------------------------------------------------------------------


def leaky(rng, bad):
    told = bad ^ (rng.random(bad.size) < 0.02)
    return [str(int(each) * 900 + int(rng.integers(1, 50))) for each in told]


def test_a_column_that_knows_the_outcome_refuses_the_fit_unless_told_to_go_on():
    raw = loans(400, collected=leaky)
    rows = read_card_rows(raw, Asked("bad", left_out=("firm", "owner", "age", "noise")))
    looked = checked(rows, Dated(), FOLDS)
    assert looked.refuses
    assert {leak.feature for leak in looked.leaks if leak.refuses} == {"collected"}
    with pytest.raises(LeakageError, match="collected"):
        build(rows, looked, Plan(SETTINGS), lambda _part: None)
    told = build(rows, looked, Plan(SETTINGS, allow_leakage=True), lambda _part: None)
    assert told.quality.auc.value > 0.95
    assert told.findings == looked.leaks


def test_what_is_declared_or_counted_back_is_found(rows):
    (leak,) = findings(rows, Dated(after=("noise",)), with_days=True)
    assert (leak.feature, leak.rule) == ("noise", "known_after_outcome")
    with pytest.raises(InputError, match="'nothing' is no feature") as caught:
        findings(rows, Dated(after=("nothing",)), with_days=True)
    assert caught.value.where == "--after"
    (warned,) = findings(rows, Dated(counted=("age",)), with_days=False)
    assert warned.rule == "reference_unknown"


def test_equal_rows_are_warned_of_and_not_refused():
    cells = loans(100).columns.to_pydict()
    doubled = table({name: values * 2 for name, values in cells.items()})
    rows = read_card_rows(doubled, Asked("bad", left_out=("firm", "owner")))
    found = [leak for leak in checked(rows, Dated(), FOLDS).leaks if leak.rule == "copy_in_both"]
    assert [leak.refuses for leak in found] == [False]


def test_the_split_follows_time_and_groups(raw):
    timed = read_card_rows(raw, Asked("bad", time="decided", left_out=("firm", "owner")))
    assert checked(timed, Dated(), FOLDS).splits.rule == "out_of_time"
    grouped = read_card_rows(raw, Asked("bad", group="owner", left_out=("firm",)))
    looked = checked(grouped, Dated(), FOLDS)
    assert looked.splits.rule == "grouped"
    assert not [leak for leak in looked.leaks if leak.rule == "group_in_both"]


def test_the_card_is_of_all_rows_and_its_figures_of_rows_not_seen(built, rows):
    assert built.card.fitted.rows == rows.y.size
    assert built.quality.rows == rows.y.size
    assert 0.65 < built.quality.auc.value < 0.85
    assert built.quality.auc.low < built.quality.auc.value < built.quality.auc.high
    assert built.named == (("age", "age"),) or "age" not in built.card.features
    assert sum(each.rows for each in built.classes) == rows.y.size
    assert sum(each.bad for each in built.classes) == rows.y.sum()
    again = build(rows, checked(rows, Dated(), FOLDS), Plan(SETTINGS), lambda _part: None)
    assert again.card == built.card
    assert again.quality == built.quality


def test_a_stated_rate_moves_the_card_and_not_its_figures(built, rows):
    plan = Plan(CardSettings(inner_folds=3, central_tendency=0.02))
    told = []
    moved = build(rows, checked(rows, Dated(), FOLDS), plan, told.append)
    assert moved.quality == built.quality
    assert moved.card.probability(rows.table).mean() < built.card.probability(rows.table).mean()
    assert moved.classes != built.classes
    assert told[-1] == 1.0
    assert told == sorted(told)


def test_the_least_points_of_a_class_are_where_it_begins(built):
    card, least = built.card, least_points(built.card)
    totals = np.arange(card.lowest, card.highest + 1)
    rated = card.rating.rate(card.scale.probability(totals))
    slow = {name: int(totals[rated == name].min()) for name in set(rated.tolist())}
    assert least == slow
    for name, points in slow.items():
        assert points_for(card, name) == points
    assert points_for(card, str(card.lowest)) == card.lowest
    for wrong in ("Z", "6e2", str(card.highest + 1), "", "AAA" if "AAA" not in slow else "Z"):
        with pytest.raises(InputError):
            points_for(card, wrong)


# --- applied and explained ------------------------------------------------------------------------

STATED = read_stated(
    {
        "columns": {
            "income": {
                "words": {"name": ["income", "收入"], "reason": ["Income", "收入水平"]},
                "change": {"direction": "up", "effort": 2.0},
            }
        }
    },
    "words.toml",
)


def test_applicants_are_scored_as_the_card_scores_and_reasons_stand_in_two_languages(built, raw):
    found = read_applicants(raw, built.card)
    ranking = ranking_of(built.card, STATED, ReasonMethod.BELOW_MAXIMUM)
    scored = apply_card(built.card, found.table, ranking)
    assert scored["points"].to_pylist() == built.card.score(found.table).tolist()
    low, p, high = (scored[name].to_numpy() for name in ("low", "probability", "high"))
    assert (low <= p).all()
    assert (p <= high).all()
    slow = ranking.reasons_of(built.card, found.table)
    assert scored["reasons"].to_pylist() == [
        "; ".join(f"{each.feature} -{each.shortfall}" for each in row) for row in slow
    ]
    assert any("收入水平" in each for each in scored["reasons_zh"].to_pylist())
    first = first_reasons(built.card, found.table, ranking)
    assert sum(first.values()) == sum(bool(row) for row in slow)
    assert "firm" in others(raw, built.card.features).column_names


def test_texts_that_the_fit_has_not_met_are_counted(built, raw):
    cells = raw.columns.slice(0, 5).to_pydict()
    cells["trade"] = ["farm", "mine", "", "mine", "shop"]
    found = read_applicants(table(cells), built.card)
    assert unseen(built.card, found.table) == {"trade": 2}


def test_an_applicant_is_explained_to_the_point(built, raw):
    found = read_applicants(raw, built.card)
    ranking = ranking_of(built.card, STATED, ReasonMethod.BELOW_MEAN)
    one = explain_one(built.card, found.table.slice(4, 1), ranking, STATED)
    assert one.base + sum(part.points for part in one.parts) == one.points
    reference = one.base + sum(ranking.reference)
    assert one.points == reference - sum(part.lost for part in one.parts)
    assert one.interval[0] <= one.probability <= one.interval[1]
    assert set(one.unworded) == {each.feature for each in one.reasons} - {"income"}
    json.dumps([part.value for part in one.parts], allow_nan=False)


def test_ways_leave_alone_what_nobody_can_change(built, raw):
    found = read_applicants(raw, built.card)
    row = found.table.slice(int(np.argmin(built.card.score(found.table))), 1)
    points = int(built.card.score(row)[0])
    ways = reach(built.card, row, str(points + 10), STATED, ("trade",))
    assert ways.ways
    assert not ways.is_reached
    fixed = dict(ways.fixed)
    assert fixed.get("age", "protected") == "protected"
    assert fixed["trade"] == "asked"
    changed = {change.feature for way in ways.ways for change in way.changes}
    assert not changed & set(fixed)
    done = reach(built.card, row, str(points), STATED, ())
    assert done.is_reached
    assert not done.ways


# --- settings -------------------------------------------------------------------------------------


def test_settings_are_read_on_top_of_the_defaults():
    stated = read_stated(
        {
            "scale": {"points_base": 500, "rounding": "down"},
            "selection": {"iv_least": 0.02, "forward": True},
            "rating": {"classes": ["good", "bad"], "pd_max": [0.1, 1.0]},
            "bins": {"max_bins": 5},
            "columns": {"income": {"bins": {"trend": "descending",
                                            "specials": [{"name": "none", "codes": [-1]}]}}},
        },
        "card.toml",
    )  # fmt: skip
    assert stated.scale.points_base == 500
    assert stated.selection.forward
    assert stated.rating.classes == ("good", "bad")
    own = stated.bins_of["income"]
    assert (own.max_bins, own.trend.value, own.specials[0].codes) == (5, "descending", (-1,))


@pytest.mark.parametrize(
    ("plain", "where"),
    [
        ({"scales": {}}, "card.toml"),
        ({"scale": {"points": 1}}, "scale"),
        ({"scale": {"odds_base": "x"}}, "scale.odds_base"),
        ({"scale": {"odds_base": -1}}, "points scale"),
        ({"scale": 1}, "scale"),
        ({"selection": {"forward": 1}}, "selection.forward"),
        ({"rating": {"classes": ["a"]}}, "rating"),
        ({"rating": {"classes": [], "pd_max": []}}, "rating"),
        ({"bins": {"max_bins": 0}}, "binning settings"),
        ({"bins": {"max": 3}}, "bins"),
        ({"bins": {"specials": [3]}}, "specials 1"),
        ({"columns": {"x": {"bin": {}}}}, "columns.x"),
        ({"columns": {"x": {"words": {"reason": ["one"]}}}}, "columns.x.words.reason"),
        ({"columns": {"x": {"change": {"direction": "away"}}}}, "columns.x.change.direction"),
        ({"columns": {"x": {"change": {"effort": 0}}}}, "ease"),
        ({"columns": {"x": 3}}, "columns.x"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_its_place(plain, where):
    with pytest.raises(InputError) as caught:
        read_stated(plain, "card.toml")
    assert where in caught.value.where
