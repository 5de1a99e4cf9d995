"""What `headrace model` composes: verdicts, reading for a model, watching, choices."""

import numpy as np
import pyarrow as pa
import pytest

from headrace.errors import InputError, LeakageError
from headrace.scores.rejects import Assumed, Method
from headrace.scores.table_fitting import Making
from headrace.scores.table_model import TableModel, Taken
from headrace.scores.validation.curves import Stakes
from headrace.scores.validation.nested import Rows
from headrace.scores.validation.splits import SplitSettings
from headrace.scores.watch.stability import Terms
from headrace.workflows.card_building import Dated
from headrace.workflows.card_rows import Asked, RawTable, read_card_rows
from headrace.workflows.model_building import (
    Contestants,
    Plan,
    as_table_model,
    build,
    explained,
    read_for,
    side_by_side,
    weights_of,
)
from headrace.workflows.model_choices import (
    accepted_rows,
    assumed_of,
    break_even,
    groups_of,
    known_outcomes,
)
from headrace.workflows.model_watching import (
    Side,
    Told,
    ages_of,
    month_text,
    months_of,
    watched,
    worst_bins,
)


def raw_table(columns):
    table = pa.table(columns)
    return RawTable(table, np.arange(1, table.num_rows + 1), (), "mine.csv")


def crossed(n=900, seed=1):
    """Risk where exactly one of two numbers is high: lines cannot see it, trees can."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n))
    y = (rng.random(n) < np.where((a > 0) != (b > 0), 0.8, 0.1)).astype(np.int64)
    return raw_table({"a": a, "b": b, "bad": y})


def plan(kind="linear", **more):
    return Plan(Making(kind, "bad"), SplitSettings(folds=3), Dated(), **more)


def nothing(_part):
    """Watches nothing."""


STAKES = Stakes(5_000, 500)


def test_the_complex_one_is_taken_only_where_it_sees_what_the_simple_one_cannot():
    rows = read_card_rows(crossed(), Asked("bad"))
    both = Contestants(("boosting", "linear"), STAKES)
    found = side_by_side(rows, None, plan(), both, nothing)
    assert [each.kind for each in found.rivals] == ["linear", "boosting"]
    assert found.kept == "boosting"
    assert found.duels[0].found.difference.low > 0
    assert found.tried.p_best_of_all < 0.01
    noise = raw_table({"a": np.sin(np.arange(300.0)), "bad": np.arange(300) % 7 == 0})
    quiet = side_by_side(read_card_rows(noise, Asked("bad")), None, plan(), both, nothing)
    assert quiet.kept == "linear"


@pytest.mark.parametrize("kinds", [("card",), (), ("card", "card"), ("card", "magic")])
def test_nothing_to_compare_is_refused(kinds):
    with pytest.raises(InputError):
        Contestants(kinds, STAKES)


def test_progress_ends_at_one_and_the_check_comes_before_any_fit():
    told = []
    rows = read_card_rows(crossed(300), Asked("bad"))
    found = build(rows, None, plan(), told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) == 4  # three folds, then all rows
    assert found.model.learnt.rows == 300
    assert found.model.learnt.figure("karma") is None
    raw = crossed(300)
    leaky = raw.columns.append_column("gone", pa.array(np.asarray(raw.columns["bad"]) * 9.0))
    rows = read_card_rows(raw_table({n: leaky[n] for n in leaky.column_names}), Asked("bad"))
    told.clear()
    with pytest.raises(LeakageError, match="gone"):
        build(rows, None, plan(), told.append)
    assert not told
    kept = build(rows, None, plan(allow_leakage=True), nothing)
    assert kept.model.learnt.leaking == ("gone",)


def test_rows_that_cannot_be_read_are_set_aside_by_their_number():
    raw = raw_table({"debt": ["1", "x", "", "4"], "trade": ["a", "b", None, "d"]})
    taken = (Taken("debt", categorical=False), Taken("trade", categorical=True))
    given = read_for(raw, taken, "en")
    assert given.places.tolist() == [0, 2, 3]
    assert given.refused.to_pylist() == [
        {"row": 2, "column": "debt", "cell": "x", "reason": "is no number"}
    ]
    assert np.isnan(given.table["debt"][1].as_py())
    with pytest.raises(InputError, match="age"):
        read_for(raw, (Taken("age", categorical=False),), "en")


def test_weights_are_above_nothing():
    raw = raw_table({"w": ["1", "2.5", "0"]})
    assert weights_of(raw, "w", np.array([0, 1])).tolist() == [1.0, 2.5]
    with pytest.raises(InputError, match="is no weight") as refused:
        weights_of(raw, "w", np.arange(3))
    assert "row 3" in refused.value.where


def test_parts_are_ordered_by_what_they_do():
    rows = read_card_rows(crossed(300), Asked("bad"))
    for kind in ("linear", "card"):
        model = Making(kind).fit(Rows(rows.table, rows.y))
        parts = explained(model, rows.table)
        lost = [abs(p.added) if p.best is None else p.best - p.added for p in parts]
        assert lost == sorted(lost, reverse=True)
        if kind == "card":
            card = as_table_model(model.model)
            assert card.names == model.names
    with pytest.raises(InputError, match="scores no table"):
        as_table_model(object())


# --- in use ---------------------------------------------------------------------------------------


def sides(moved):
    rows = read_card_rows(crossed(1200), Asked("bad"))
    model = Making("linear").fit(Rows(rows.table, rows.y))
    half = np.arange(600)
    old, new = rows.table.take(pa.array(half)), rows.table.take(pa.array(half + 600))
    if moved:
        b = np.asarray(new["b"]) + 3
        new = new.set_column(new.column_names.index("b"), "b", pa.array(b))
    told = [Side(each, model.probability(each)) for each in (old, new)]
    return model, told, rows.y[600:]


def test_what_moved_is_alarmed_and_its_bins_are_named():
    model, (old, new), y = sides(moved=True)
    months = np.repeat([600, 601, 602], 200)
    found = watched(model, old, new, Told(y, months), Terms())
    assert "feature b" in found.alarms
    assert "feature a" not in found.alarms
    assert found.features[0].name == "b"
    assert worst_bins(found.features[0])[0][0].startswith(">=")
    assert [month for month, _ in found.months] == [600, 601, 602]
    assert found.holding is not None
    assert found.holding.drift.months == (600, 601, 602)
    model, (old, new), y = sides(moved=False)
    assert watched(model, old, new, Told(y), Terms()).alarms == ()
    assert watched(None, old, new, Told(), Terms()).features == ()


def test_unripe_rows_are_no_evidence():
    model, (old, new), y = sides(moved=False)
    opened = np.repeat([600, 610], 300)
    found = watched(model, old, new, Told(y, None, opened, None, 6, 612), Terms())
    assert found.holding is not None
    assert (found.holding.rows, found.holding.unripe) == (300, 300)
    assert found.holding.drift.months == (606,)
    with pytest.raises(InputError, match="ripe outcome"):
        watched(model, old, new, Told(y, None, opened, None, 60, 612), Terms())


def test_months_and_ages_are_counted():
    opened = months_of(np.array(["2024-01-31", "2024-02-01"], "datetime64[D]"))
    assert [month_text(each) for each in opened.tolist()] == ["2024-01", "2024-02"]
    gone = np.array(["2024-04-02", "NaT"], "datetime64[D]")
    assert ages_of(opened, gone).tolist() == [3, 0]
    same = np.array(["2024-01-31", "2024-03-01"], "datetime64[D]")
    assert ages_of(opened, same).tolist() == [1, 1]  # never before the month after


# --- choices --------------------------------------------------------------------------------------


def test_the_break_even_rate_earns_its_cost():
    p = np.array([0.001, 0.1, 0.3])
    rate = break_even(0.05, 0.45)(p)
    assert (1 - p) * (1 + rate) + p * (1 - 0.45) == pytest.approx(1.05)


def test_groups_come_from_values_or_cuts():
    raw = raw_table({"sex": ["f", "m", None, "f"], "age": ["20", "35", "", "80"]})
    at = np.arange(4)
    found, names = groups_of(raw, "sex", (), at)
    assert (found.tolist(), names) == ([0, 1, -1, 0], ("f", "m"))
    found, names = groups_of(raw, "age", (30.0, 60.0), at)
    assert (found.tolist(), names) == ([0, 1, -1, 2], ("< 30", "30 – 60", ">= 60"))
    found, names = groups_of(raw, "age", (30.0, 35.0, 60.0), at)
    assert (found.tolist(), names) == ([0, 1, -1, 2], ("< 30", "35 – 60", ">= 60"))
    with pytest.raises(InputError, match="no numbers to cut"):
        groups_of(raw, "sex", (30.0,), at)
    with pytest.raises(InputError, match="holds 1 groups"):
        groups_of(raw_table({"sex": ["f", "f"]}), "sex", (), np.arange(2))


def test_who_was_accepted_is_said_in_every_row():
    raw = raw_table({"ok": ["1", "0", "1"], "word": ["yes", "maybe", "no"], "gap": ["1", "", "0"]})
    assert accepted_rows(raw, "ok", ()).tolist() == [True, False, True]
    assert accepted_rows(raw, "word", ("maybe",)).tolist() == [False, True, False]
    for name, said in (("word", "who was accepted"), ("gap", "does not say")):
        with pytest.raises(InputError, match=said):
            accepted_rows(raw, name, ())


def test_unknown_outcomes_are_not_good_ones():
    raw = raw_table({"bad": ["1", "", "0"]})
    assert known_outcomes(raw, "bad", (), np.arange(3)).tolist() == [1, -1, 0]


@pytest.mark.parametrize(
    ("text", "assumed"),
    [
        ("fuzzy=1.5", Assumed(Method.FUZZY, 1.5, 7)),
        ("parcelling", Assumed(Method.PARCELLING, 1.0, 7)),
        ("reweighting", Assumed(Method.REWEIGHTING, 1.0, 7)),
    ],
)
def test_assumptions_are_typed(text, assumed):
    assert assumed_of(text, 7) == assumed


@pytest.mark.parametrize("text", ["", "magic", "fuzzy=x", "fuzzy=", "fuzzy=-1", "reweighting=2"])
def test_what_is_no_assumption_is_refused(text):
    if text == "fuzzy=":
        assert assumed_of(text, 1).multiplier == 1.0
        return
    with pytest.raises(InputError):
        assumed_of(text, 1)


def test_a_model_without_columns_to_show_says_so():
    model = Making("linear").fit(Rows(pa.table({"a": np.arange(60.0)}), np.arange(60) % 2))
    assert isinstance(model, TableModel)
    assert model.learnt.importance == ()
