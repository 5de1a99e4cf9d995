"""Shares as collateral: panel, measures, haircuts, grades and backtest, against their twins."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import collateral_reference as reference
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.collateral import backtest, grades, haircuts, kernels, measures
from headrace.contracts.collateral.panel import Panel, board, locked_down, panel, price_limits
from headrace.contracts.collateral.terms import shipped
from headrace.errors import InputError

START = date(2019, 1, 1)
DATA = Path(__file__).parents[4] / "shared" / "data"
SHARES = DATA / "a_share_daily_sample" / "a_share_daily_300_2015_2020.parquet"
TERMS = shipped()


def table(seed, days=160, shares=12):
    """Prices by chance: calm shares first, wild ones last, one of them suspended for a month."""
    chance = np.random.default_rng(seed)
    rows = {name: [] for name in (
        "code", "date", "high", "low", "close", "preclose", "amount", "turn", "tradestatus", "isST",
    )}  # fmt: skip
    for share in range(shares):
        close, listed = 10.0, int(chance.integers(0, 30))
        for day in range(listed, days):
            preclose = close
            halted = share == 3 and 60 <= day < 90
            move = 0.0 if halted else chance.normal(0, 0.01 + 0.003 * share)
            close = preclose * float(np.exp(np.clip(move, np.log(0.9), np.log(1.1))))
            amount = 0.0 if halted else float(chance.uniform(1e7, 1e8))
            values = (
                f"60{share:04d}.SH", START + timedelta(days=day), max(close, preclose),
                min(close, preclose), close, preclose, amount,
                None if halted else 1.0, 0 if halted else 1, int(share == 5),
            )  # fmt: skip
            for name, value in zip(rows, values, strict=True):
                rows[name].append(value)
    return pa.table(rows).set_column(1, "date", pa.array(rows["date"], pa.date32()))


@pytest.fixture(scope="module")
def made():
    prices = panel(table(1))
    limits = price_limits(prices, TERMS)
    return prices, limits, measures.measure(prices, limits)


gaps = st.lists(st.one_of(st.just(float("nan")), st.floats(-0.2, 0.2)), min_size=1, max_size=30)


@settings(max_examples=60)
@given(gaps, st.integers(1, 8), st.floats(0, 1), st.integers(1, 5))
def test_windows_and_weights_equal_their_twins(column, window, decay, least):
    x = np.array(column)[:, np.newaxis]
    mean, high, low = (np.empty_like(x) for _ in range(3))
    count = np.empty(x.shape, np.int32)
    kernels.trailing(x, window, mean, high, low, count)
    found = np.column_stack((mean, high, low, count))
    assert np.allclose(found, reference.trailing(column, window), equal_nan=True, atol=1e-15)
    variance = np.empty_like(x)
    kernels.ewma_variance(x, decay, least, variance)
    twin = reference.ewma_variance(column, decay, least)
    assert np.allclose(variance[:, 0], twin, equal_nan=True, atol=1e-15)


def test_a_panel_is_what_its_rows_say():
    rows = table(2, days=40, shares=4)
    prices = panel(rows)
    assert prices.codes == tuple(f"60{k:04d}.SH" for k in range(4))
    for row in rows.slice(0, 50).to_pylist():
        at = prices.place(row["date"]), prices.codes.index(row["code"])
        assert prices.close[at] == row["close"]
        assert prices.traded[at] == (row["tradestatus"] == 1)
        assert prices.special[at] == (row["isST"] == 1)
    shuffled = rows.take(np.random.default_rng(0).permutation(len(rows)))
    assert np.array_equal(panel(shuffled).close, prices.close, equal_nan=True)


def test_a_day_without_a_row_is_a_suspended_day():
    rows = table(2, days=60, shares=2)
    gone = {"code": "600000.SH", "date": date(2019, 2, 18)}
    kept = [{**row, **gone} != row for row in rows.to_pylist()]
    prices = panel(rows.filter(pa.array(kept)))
    assert kept.count(False) == 1
    day = prices.place(date(2019, 2, 18))
    assert prices.close[day, 0] == prices.close[day - 1, 0]
    assert not prices.traded[day, 0]


def test_rows_that_cannot_be_are_refused():
    rows = table(2, days=20, shares=2)
    with pytest.raises(InputError, match="turn"):
        panel(rows.drop(["turn"]))
    with pytest.raises(InputError, match="two rows"):
        panel(pa.concat_tables([rows, rows.slice(0, 1)]))
    with pytest.raises(InputError, match="before"):
        panel(rows).place(date(2018, 1, 1))


@pytest.mark.parametrize(
    ("code", "rule"),
    [("600000.SH", "limit.main"), ("000001.SZ", "limit.main"), ("300750.SZ", "limit.growth"),
     ("688001.SH", "limit.star")],
)  # fmt: skip
def test_the_board_of_a_share_is_in_its_code(code, rule):
    assert board(code) == rule


def test_limits_follow_board_day_and_special_treatment(made):
    prices, limits, _ = made
    assert set(np.unique(limits[40:, 5])) == {0.05}
    assert set(np.unique(limits[:, 0])) == {0.1}
    growth = replace(
        prices, codes=("300001.SZ", *prices.codes[1:]),
        days=prices.days + (date(2020, 8, 24) - START).days - 10,
    )  # fmt: skip
    found = price_limits(growth, TERMS)[:, 0]
    assert (found[:10] == 0.1).all()
    assert (found[10:] == 0.2).all()


def test_a_share_locked_at_its_lower_limit_cannot_be_sold(made):
    prices, limits, _ = made
    low = prices.close.copy()
    low[100, 0] = prices.preclose[100, 0] * 0.9
    locked = replace(prices, close=low, high=np.where(low != prices.close, low, prices.high),
                     low=np.where(low != prices.close, low, prices.low))  # fmt: skip
    assert locked_down(locked, limits)[100, 0]
    assert not locked_down(prices, limits)[:, :5].any()


def check_no_look_ahead(prices: Panel, limits, known, row):
    """Measures and grades of a day do not change when what came after is cut away."""
    cut = prices.until(row)
    then = measures.measure(cut, limits[: row + 1])
    for name in (*grades.FACTORS, "wait", "locked", "float_value", "history", "tradable"):
        before = getattr(then, name)[row]
        assert np.array_equal(before, getattr(known, name)[row], equal_nan=True), name
    rows = np.array([row])
    one, other = (grades.grade(each, rows, grades.Grading()) for each in (then, known))
    assert np.array_equal(one.grade, other.grade)
    assert np.array_equal(one.score, other.score, equal_nan=True)


def test_every_measure_says_what_it_says(made):
    """Share 3, suspended from day 60 to 89, on day 140: each measure by plain numpy."""
    prices, _, known = made
    row, share = 140, 3
    since = int(np.flatnonzero(prices.listed[:, share])[0])
    close = prices.close[since : row + 1, share]
    traded = prices.traded[since : row + 1, share]
    amount = prices.amount[since : row + 1, share]
    moves = np.abs(prices.returns[since : row + 1, share])
    lately = np.flatnonzero(traded[-60:]) + len(traded) - 60
    waited = np.zeros(len(traded))
    waited[60 - since : 90 - since] = np.arange(1, 31)
    expected = {
        "drawdown": 1 - close[-1] / close.max(),
        "heat": np.log(close[-1] / close.min()),
        "suspended": 30 / len(traded),
        "wait": waited.mean(),
        "locked": 0.0,
        "traded_amount": amount[lately].mean(),
        "illiquidity": (moves[lately] / amount[lately]).mean(),
        "float_value": amount[-1] / 0.01,
        "history": len(traded),
        "tradable": True,
    }
    for name, value in expected.items():
        assert getattr(known, name)[row, share] == pytest.approx(value), name
    assert known.volatility[row, share] >= np.sqrt(np.nanmean(moves**2)) * (1 - 1e-12)
    halted = known.float_value[75, share]
    assert halted == prices.amount[59, share] / 0.01  # the last day on which it was traded


def test_rates_are_those_of_the_terms_and_volatility_counts_three_times():
    assert grades.rates(TERMS, date(2020, 1, 2)).tolist() == [0.52, 0.48, 0.45, 0.44, 0.43]
    weights = grades.Grading().weights
    assert weights["volatility"] == 3
    assert {weights[name] for name in grades.FACTORS if name != "volatility"} == {1}


def test_a_window_has_both_its_ends(made):
    prices, _, _ = made
    first, last = START + timedelta(days=10), START + timedelta(days=20)
    assert backtest.days_between(prices, first, last, 5).tolist() == [10, 15, 20]


@pytest.mark.parametrize("row", [65, 100, 158])
def test_a_grade_knows_nothing_of_tomorrow(made, row):
    check_no_look_ahead(*made, row)


def test_a_haircut_equals_its_twin(made):
    prices, limits, known = made
    terms = haircuts.HaircutTerms(free_part=0.001)
    value = np.geomspace(1e5, 1e9, 12)
    for row in (30, 90, 159):
        held = haircuts.positions(known, limits, value, row)
        found = haircuts.haircuts(held, terms).haircut
        for k in range(len(prices.codes)):
            twin = reference.haircut(
                terms, value=value[k], volatility=held.volatility[k], wait=held.wait[k],
                locked=held.locked[k], traded_amount=held.traded_amount[k],
                float_value=held.float_value[k], limit=held.limit[k],
            )  # fmt: skip
            assert found[k] == pytest.approx(twin, nan_ok=True)


def one_position(**changes):
    base = {"value": 1e7, "volatility": 0.02, "wait": 0.0, "locked": 0.0, "traded_amount": 1e8,
            "float_value": 1e10, "limit": 0.1}  # fmt: skip
    given_ = {**base, **changes}
    return haircuts.Positions(**{name: np.array([value]) for name, value in given_.items()})


def test_a_haircut_by_hand():
    """Sold in one day after three: 1 - exp(-2.326 x 2 % x sqrt(3 + 1)) = 8.9 %."""
    found = haircuts.haircuts(one_position(), haircuts.HaircutTerms())
    assert found.sale_days[0] == 1
    assert found.holding_days[0] == 4
    assert found.haircut[0] == pytest.approx(1 - np.exp(-2.326348 * 0.02 * 2))


@pytest.mark.parametrize(
    ("worse", "part"),
    [
        ({"volatility": 0.03}, "market"), ({"wait": 5.0}, "market"), ({"value": 1e9}, "market"),
        ({"traded_amount": 1e6}, "market"), ({"locked": 0.5}, "locked"),
        ({"float_value": 2e7}, "concentrated"),
    ],
)  # fmt: skip
def test_what_is_worse_costs_more(worse, part):
    terms = haircuts.HaircutTerms()
    before = haircuts.haircuts(one_position(), terms)
    after = haircuts.haircuts(one_position(**worse), terms)
    assert getattr(after, part)[0] > getattr(before, part)[0]
    assert before.haircut[0] < after.haircut[0] <= 1


def test_a_share_nobody_knows_has_no_haircut_and_gets_no_loan(made):
    unknown = haircuts.haircuts(one_position(volatility=np.nan), haircuts.HaircutTerms())
    assert np.isnan(unknown.haircut[0])
    _, _, known = made
    graded = grades.grade(known, np.array([100]), grades.Grading())
    rates = grades.rates(TERMS, date(2019, 6, 1))
    lent = grades.pledge_rate(graded, np.full(graded.score.shape, np.nan), rates)
    assert (lent == 0).all()
    with pytest.raises(InputError, match="part"):
        haircuts.HaircutTerms(participation=0.0)


def test_grades_are_fifths_and_special_treatment_is_not_accepted(made):
    _, _, known = made
    graded = grades.grade(known, np.array([75, 100, 159]), grades.Grading())
    assert np.isnan(graded.score[:, 5]).all()  # special treatment
    assert np.isnan(graded.score[0, 3])  # suspended that day
    assert (graded.grade[np.isnan(graded.score)] == 4).all()
    counts = np.bincount(graded.grade[1][~np.isnan(graded.score[1])], minlength=5)
    assert counts.max() - counts.min() <= 1
    calm, wild = graded.factors["volatility"][2, 0], graded.factors["volatility"][2, 11]
    assert calm > wild
    lent = grades.pledge_rate(
        graded, np.full(graded.score.shape, 0.1), np.array([0.6, 0.5, 0.4, 0.3, 0.2])
    )
    assert (lent[~np.isnan(graded.score)] > 0).all()
    assert lent.max() == 0.6
    capped = grades.pledge_rate(graded, np.full(graded.score.shape, 0.75), np.full(5, 0.6))
    assert capped.max() == 0.25


courses = st.builds(
    backtest.Course, call=st.floats(1.3, 2), close=st.floats(1, 1.3), cure=st.floats(2, 2.2),
    cure_days=st.integers(1, 5), watch_days=st.integers(1, 60), sale_days_max=st.integers(1, 20),
    participation=st.floats(0.01, 1), value=st.sampled_from([1e5, 3e7, 1e9]),
)  # fmt: skip


@settings(max_examples=60)
@given(courses, st.integers(31, 150), st.integers(0, 11), st.floats(0.2, 0.95))
def test_a_pledge_is_followed_as_its_twin_says(made, course, opened, share, rate):
    prices, limits, _ = made
    blocked = ~prices.traded | locked_down(prices, limits)
    out = np.zeros((1, 6))
    loan = course.value * rate
    kernels.follow(
        prices.close, blocked, np.nan_to_num(prices.amount), np.array([opened], np.int32),
        np.array([share], np.int32), np.array([course.value]), np.array([loan]),
        np.array([course.call, course.close, course.cure]),
        np.array([course.cure_days, course.watch_days, course.sale_days_max]),
        course.participation, out,
    )  # fmt: skip
    twin = reference.follow(
        prices.close[:, share], blocked[:, share], prices.amount[:, share], opened=opened,
        value=course.value, loan=loan, lines=(course.call, course.close, course.cure),
        days=(course.cure_days, course.watch_days, course.sale_days_max), part=course.participation,
    )  # fmt: skip
    assert out[0].tolist() == pytest.approx(twin)


def falling(daily, days=60):
    """One share that falls by the same part every day."""
    close = 10 * (1 - daily) ** np.arange(days)
    dates = pa.array([START + timedelta(days=k) for k in range(days)], pa.date32())
    rows = {"code": ["600000.SH"] * days, "high": close * 1.01, "low": close, "close": close,
            "preclose": [10.0, *close[:-1]], "amount": [1e9] * days, "turn": [1.0] * days,
            "tradestatus": [1] * days, "isST": [0] * days, "date": dates}  # fmt: skip
    prices = panel(pa.table(rows))
    return prices, price_limits(prices, TERMS)


def pledged(rate, opened=0):
    return backtest.Pledged(
        np.array([opened], np.int32), np.zeros(1, np.int32), np.zeros(1, np.int8), np.array([rate])
    )


def test_a_steady_fall_is_called_and_sold_without_loss():
    """At 2 % a day 60 % lent (1.67) is called below 1.5 on day 6 and sold three days later."""
    prices, limits = falling(0.02)
    found = backtest.follow_pledges(prices, limits, pledged(0.6), backtest.Course())
    assert (found.called[0], found.sold[0], found.below[0], found.loss[0]) == (True, True, False, 0)
    assert not backtest.fallen(prices, pledged(0.6), 20, 0.6)[0]  # 0.98^20 = 66.8 %
    assert backtest.fallen(prices, pledged(0.6), 30, 0.6)[0]


def test_locked_limit_falls_cannot_be_sold_and_cost_money():
    prices, limits = falling(0.1, days=10)
    locked = replace(prices, high=prices.close)
    course = backtest.Course(sale_days_max=5)
    open_, shut = (
        backtest.follow_pledges(each, limits, pledged(0.6), course) for each in (prices, locked)
    )
    assert open_.loss[0] == 0
    assert shut.below[0]
    assert shut.loss[0] > 0.2


def test_nothing_lent_nothing_followed():
    prices, limits = falling(0.05)
    found = backtest.follow_pledges(prices, limits, pledged(0.0), backtest.Course())
    assert not found.called[0]
    assert np.isnan(found.loss[0])
    table_ = backtest.summary(pledged(0.0), found)
    assert table_["called"].to_pylist() == [None] * 6
    assert b"survivorship" in table_.schema.metadata[b"caveats"]
    with pytest.raises(InputError, match="rate"):
        backtest.follow_pledges(prices, limits, pledged(1.5), backtest.Course())


def test_calibration_finds_the_highest_rate_that_keeps_to_the_bound():
    prices, limits = falling(0.005, days=140)
    course = backtest.Course(watch_days=40)
    rate = backtest.calibrated(prices, limits, pledged(0.5), course, 0.0)[0]
    for tried, expected in ((rate, False), (rate + 0.01, True)):
        found = backtest.follow_pledges(prices, limits, pledged(tried), course)
        assert found.sold[0] == expected


def test_a_flat_rate_on_the_same_shares_lends_as_much():
    three = backtest.Pledged(
        np.zeros(3, np.int32), np.arange(3, dtype=np.int32), np.zeros(3, np.int8),
        np.array([0.6, 0.0, 0.3]),
    )  # fmt: skip
    assert backtest.flat_on_accepted(three).rate.tolist() == pytest.approx([0.45, 0, 0.45])
    assert backtest.flat_on_accepted(pledged(0.0)).rate.tolist() == [0]
    assert backtest.flat(three, 0.5).rate.tolist() == [0.5] * 3


@pytest.mark.real
@pytest.mark.skipif(not SHARES.exists(), reason="needs ../shared/data")
def test_on_300_real_shares_grades_rank_falls_and_know_no_tomorrow():
    prices = panel(pq.read_table(SHARES))
    limits = price_limits(prices, TERMS)
    known = measures.measure(prices, limits)
    check_no_look_ahead(prices, limits, known, prices.place(date(2018, 6, 29)))
    for first, last in (("2015-04-15", "2020-02-28"), ("2020-01-02", "2020-02-28")):
        rows = backtest.days_between(prices, date.fromisoformat(first), date.fromisoformat(last), 5)
        graded = grades.grade(known, rows.astype(np.int64), grades.Grading())
        score = np.where(np.isnan(graded.score), 0.0, 1.0)
        lent = backtest.pledges(prices, rows, graded.grade, score)
        fell = backtest.fallen(prices, lent, 60, 0.7)
        share = [fell[(lent.grade == k) & (lent.rate > 0)].mean() for k in range(5)]
        assert share == sorted(share), (first, share)
        assert share[4] > 2 * share[0]


def test_before_a_board_is_opened_there_is_no_limit_and_before_a_rule_no_cap():
    rows = table(3, days=220, shares=1)
    codes = ("688001.SH", "600000.SH")
    alike = [rows.set_column(0, "code", pa.array([code] * rows.num_rows)) for code in codes]
    prices = panel(pa.concat_tables(alike))
    limits = price_limits(prices, TERMS)
    assert prices.codes == ("600000.SH", "688001.SH")
    assert (limits[:, 0] == 0.1).all()
    before = np.array([day < (date(2019, 7, 22) - date(1970, 1, 1)).days for day in prices.days])
    assert before.any()
    assert np.isnan(limits[before, 1]).all()
    assert (limits[~before, 1] == 0.2).all()
    assert not TERMS.has("shares.rate_max", date(2018, 3, 11))
    assert TERMS.has("shares.rate_max", date(2018, 3, 12))
    assert grades.rates(TERMS, date(2015, 6, 12)).max() == 0.52


def test_a_cell_that_is_missing_is_no_special_treatment():
    rows = table(4, days=30, shares=2)
    place = rows.column_names.index("isST")
    empty = rows.set_column(place, "isST", pa.nulls(rows.num_rows, pa.float64()))
    assert not panel(empty).special.any()
