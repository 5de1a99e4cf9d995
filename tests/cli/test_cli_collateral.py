"""`headrace collateral …`, as typed: on small tables, on made-up shares, and on real ones."""

import csv
import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace
from python_calamine import CalamineWorkbook

DATA = Path(__file__).parents[1] / "data" / "contracts"
PLEDGES, PRICES = DATA / "pledges.csv", DATA / "pledge_prices.csv"
EVENTS, RECEIVABLES = DATA / "pledge_events.csv", DATA / "receivables.csv"
REAL = (
    Path(__file__).parents[3]
    / "shared/data/a_share_daily_sample/a_share_daily_300_2015_2020.parquet"
)
ON = ("--prices", PRICES, "--on", "2024-03-01")


def by_loan(value):
    return {row["loan"]: row for row in value["loans"]}


@pytest.fixture(scope="module")
def shares(tmp_path_factory):
    """Thirty shares over 420 days, with all columns that grades need."""
    rng = np.random.default_rng(7)
    days = [date(2022, 1, 3) + timedelta(days=n) for n in range(420)]
    columns: dict[str, list] = {
        name: []
        for name in ("code", "date", "high", "low", "close", "preclose", "amount", "turn",
                     "tradestatus", "isST")
    }  # fmt: skip
    for k in range(30):
        returns = rng.normal(-0.0005, 0.008 + 0.001 * k, len(days))
        close = 10 * np.exp(np.cumsum(np.clip(returns, -0.095, 0.095)))
        before = np.concatenate([[10.0], close[:-1]])
        columns["code"] += [f"60{k:04d}.SH"] * len(days)
        columns["date"] += days
        columns["close"] += close.round(2).tolist()
        columns["preclose"] += before.round(2).tolist()
        columns["high"] += (np.maximum(close, before) * 1.002).tolist()
        columns["low"] += (np.minimum(close, before) * 0.998).tolist()
        columns["amount"] += (3e8 / (1 + k) * rng.uniform(0.5, 1.5, len(days))).tolist()
        columns["turn"] += [1.0] * len(days)
        columns["tradestatus"] += [1] * len(days)
        columns["isST"] += [int(k == 29)] * len(days)
    path = tmp_path_factory.mktemp("shares") / "shares.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def owed(prices, code, ratio):
    """Yuan that 300 shares secure at a ratio of value over debt."""
    rows = pq.read_table(prices).to_pylist()
    last = [row["close"] for row in rows if row["code"] == code][-1]
    return int(300 * last / ratio)


# --- mark -----------------------------------------------------------------------------------------


def test_a_mark_tells_values_ratios_and_states():
    value = headrace("collateral", "mark", PLEDGES, *ON, "--json").value
    loans = by_loan(value)
    assert loans["L1"]["value_minor"] == 99_000_000
    assert (loans["L1"]["phase"], loans["L1"]["ratio"]) == ("open", 1.65)
    assert loans["L2"]["phase"] == "called"
    assert loans["L2"]["to_cure_minor"] == 14_000_000  # 1.6 million less 1.46 million
    assert loans["L2"]["deadline"] == "2024-03-05"
    assert (loans["L4"]["phase"], loans["L4"]["deadline"]) == ("disposing", None)
    pieces = {(row["loan"], row["code"]): row for row in value["pieces"]}
    assert pieces["L3", "silicon"]["value_minor"] == (60 * 16_600 - 20_000) * 100
    assert pieces["L4", "CEA"]["value_minor"] == 6_000 * 85 * 100  # 4,000 t are due
    assert value["haircuts"] is False
    assert loans["L3"]["lendable_minor"] == 68_320_000 + 13_932_342  # 30 % and 50 % cut, as agreed


def test_what_has_no_price_is_not_known_and_not_zero():
    loans = by_loan(headrace("collateral", "mark", PLEDGES, *ON, "--json").value)
    assert loans["L5"]["complete"] is False
    assert loans["L5"]["phase"] is None
    assert loans["L5"]["flags"] == "no_price"
    told = headrace("collateral", "mark", PLEDGES, *ON, "--lang", "en").out
    assert "not known" in told
    assert "No haircuts" in told


def test_a_mark_reads_in_both_languages_and_opens_in_excel(tmp_path):
    chinese = headrace("collateral", "mark", PLEDGES, *ON).out
    english = headrace("collateral", "mark", PLEDGES, *ON, "--lang", "en").out
    assert all(word in chinese for word in ("正常", "追保", "处置", "待定", "碳排放配额"))
    assert all(word in english for word in ("calm", "called", "to be sold", "quota"))
    out = tmp_path / "loans.xlsx"
    assert headrace("collateral", "mark", PLEDGES, *ON, "--out", out).status == 0
    head, first, *_ = CalamineWorkbook.from_path(out).get_sheet_by_index(0).to_python()
    assert head[:3] == ["贷款", "欠款", "押品价值"]
    assert first[:3] == ["L1", 600_000, 990_000]
    pieces = tmp_path / "pieces.csv"
    headrace("collateral", "mark", PLEDGES, *ON, "--pieces", "--out", pieces, "--lang", "en")
    rows = list(csv.DictReader(pieces.open(encoding="utf-8-sig")))
    assert rows[0]["Value"] == "990000.00"
    assert len(rows) == 9


def test_a_price_of_last_month_is_told_to_be_old():
    later = headrace("collateral", "mark", PLEDGES, "--prices", PRICES, "--on", "2024-03-20")
    assert "价格过期" in later.out
    loans = by_loan(headrace("collateral", "mark", PLEDGES, "--prices", PRICES, "--on",
                             "2024-03-20", "--json").value)  # fmt: skip
    assert loans["L1"]["flags"] == "stale"
    patient = headrace("collateral", "mark", PLEDGES, "--prices", PRICES, "--on", "2024-03-20",
                       "--stale-days", 60, "--json").value  # fmt: skip
    assert by_loan(patient)["L1"]["flags"] == ""


def test_haircuts_of_shares_grow_with_what_is_pledged(shares, tmp_path):
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    for path, count in ((small, 10_000), (large, 40_000_000)):
        path.write_text(f"loan,owed,code,quantity\nA,1000,600020.SH,{count}\n", encoding="utf-8")
    cuts = [
        headrace("collateral", "mark", path, "--prices", shares, "--json").value["pieces"][0]
        for path in (small, large)
    ]
    assert 0 < cuts[0]["haircut"] < cuts[1]["haircut"] < 1
    assert cuts[0]["sale_days"] == 1
    assert cuts[1]["sale_days"] > 10


# --- triggers -------------------------------------------------------------------------------------


def test_at_the_trigger_a_line_is_crossed_and_a_fen_above_it_is_not(tmp_path):
    """The mark at the trigger price, and one fen above, by the other command."""
    found = headrace("collateral", "triggers", PLEDGES, *ON, "--json").value
    rows = {(row["code"], row["line"]): row for row in found["by_price"] if row["loan"] == "L1"}
    assert rows["600000.SH", "warn"]["trigger"] == "9.59"
    for line, after in (("warn", "warned"), ("call", "called"), ("close", "disposing")):
        trigger = Decimal(rows["600000.SH", line]["trigger"])
        phases = []
        for price in (trigger, trigger + Decimal("0.01")):
            path = tmp_path / "prices.csv"
            path.write_text(f"code,date,close\n600000.SH,2024-03-01,{price}\n", encoding="utf-8")
            value = headrace("collateral", "mark", PLEDGES, "--prices", path, "--json").value
            phases.append(by_loan(value)["L1"]["phase"])
        assert phases[0] == after
        assert phases[1] != after
    assert found["left_out"] == ["L5"]


def test_a_joint_move_and_a_line_that_is_crossed(shares, tmp_path):
    told = headrace("collateral", "triggers", PLEDGES, *ON, "--lang", "en").out
    assert "now" in told
    assert "-9.1%" in told  # 1.65 to 1.5
    pledges = tmp_path / "p.csv"
    pledges.write_text("loan,owed,code,quantity\nA,1000,600001.SH,200\n", encoding="utf-8")
    value = headrace("collateral", "triggers", pledges, "--prices", shares, "--json").value
    assert 0 < value["volatility"] < 0.1
    assert all(row["half_life"] is None or row["half_life"] >= 0 for row in value["by_factor"])
    joint = tmp_path / "joint.csv"
    headrace("collateral", "triggers", pledges, "--prices", shares, "--joint", "--out", joint)
    assert "同跌幅度" in joint.read_text("utf-8-sig")


# --- stress ---------------------------------------------------------------------------------------


def test_a_shock_is_the_price_times_what_is_left():
    value = headrace("collateral", "stress", PLEDGES, *ON, "--shock", "-0.3", "--json").value
    loans = by_loan(value)
    # 6,000 t at 59.5 yuan against 500,000 yuan owed
    assert loans["L4"]["shortfall"] == pytest.approx(50_000_000 - 6_000 * 5_950)
    assert loans["L1"]["shortfall"] == pytest.approx(0, abs=1e-3)
    assert value["book"]["calls"] == 5
    assert value["left_out"] == ["L5"]
    assert value["still"] == ["patent-7"]
    calm = headrace("collateral", "stress", PLEDGES, *ON, "--shock", "0.5", "--json").value
    assert calm["book"]["calls"] < 5


def test_resampled_paths_are_those_of_the_seed(shares, tmp_path):
    pledges, out = tmp_path / "p.csv", tmp_path / "out.csv"
    pledges.write_text(
        "loan,owed,code,quantity,warn,call,close\n"
        f"A,{owed(shares, '600020.SH', 1.7)},600020.SH,300,,,\n"
        f"B,{owed(shares, '600026.SH', 2.2)},600026.SH,300,1.9,1.8,1.2\n",
        encoding="utf-8",
    )
    asked = ("collateral", "stress", pledges, "--prices", shares, "--resample", 300)
    one, again, other = (headrace(*asked, "--seed", seed, "--json").value for seed in (1, 1, 2))
    assert one == again != other
    assert [row["loan"] for row in one["loans"]] == ["A", "B"]
    assert one["book"]["shortfall_99"] >= one["book"]["shortfall_95"] >= 0
    assert headrace(*asked, "--out", out).status == 0
    assert "缺口" in out.read_text("utf-8-sig")
    assert "Assumed: 300 paths" in headrace(*asked, "--lang", "en").out


def test_a_window_is_replayed_also_behind_the_day(shares, tmp_path):
    pledges = tmp_path / "p.csv"
    pledges.write_text("loan,owed,code,quantity\nA,1000,600025.SH,300\n", encoding="utf-8")
    asked = ("collateral", "stress", pledges, "--prices", shares, "--on", "2022-06-01")
    value = headrace(*asked, "--replay", "2022-07-01..2022-09-30", "--json").value
    assert (value["paths"], value["days"]) == (1, 92)
    check_refused(headrace(*asked, "--replay", "2031-07-01..2031-09-30"), "2022-01-03")
    check_refused(headrace(*asked, "--replay", "2022-09-01..2022-07-01"), "before it begins")
    check_refused(headrace(*asked, "--replay", "summer"), "2015-06-12..2015-08-26")
    check_refused(headrace(*asked), "--shock")
    check_refused(headrace(*asked, "--shock", "-1"), "above -1")


# --- base, grade, backtest, desk ------------------------------------------------------------------


def test_a_borrowing_base_takes_each_invoice_out_once(tmp_path):
    asked = ("collateral", "base", RECEIVABLES, "--on", "2024-03-01", "--lent", "1000000")
    value = headrace(*asked, "--json").value
    lines = {row["line"]: row["amount"] for row in value["lines"]}
    assert lines["gross"] == 475_000_000
    assert lines["past_due"] == -(300_000 + 900_000) * 100
    assert lines["cross_aged"] == -250_000 * 100  # the rest of a debtor four fifths past due
    assert lines["contra"] == -60_000 * 100
    assert value["base_minor"] == 73_720_000
    assert value["available_minor"] == -26_280_000
    assert "超额，应归还" in headrace(*asked).out
    assert "to be repaid" in headrace(*asked, "--lang", "en").out
    out = tmp_path / "base.xlsx"
    headrace(*asked, "--out", out)
    rows = CalamineWorkbook.from_path(out).get_sheet_by_index(0).to_python()
    assert ["借款基数", 737_200] in rows
    check_refused(headrace(*asked, "--advance", "1.2"), "--advance", "percentage")


def test_grades_are_fifths_and_special_treatment_is_told(shares, tmp_path):
    value = headrace("collateral", "grade", shares, "--json").value["shares"]
    letters = [row["grade"] for row in value if row["grade"]]
    assert letters == sorted(letters)
    assert {row["code"]: row["why"] for row in value}["600029.SH"] == "special"
    assert all(row["rate"] == 0 for row in value if row["grade"] is None)
    for lang, word in (("zh", "不准入"), ("en", "special treatment 1")):
        assert word in headrace("collateral", "grade", shares, "--lang", lang).out
    out = tmp_path / "grades.xlsx"
    headrace("collateral", "grade", shares, "--out", out)
    head = CalamineWorkbook.from_path(out).get_sheet_by_index(0).to_python()[0]
    assert "波动率" in head


def test_a_grade_knows_nothing_of_what_comes(shares, tmp_path):
    table = pq.read_table(shares)
    cut = tmp_path / "cut.parquet"
    kept = [day <= date(2022, 12, 1) for day in table["date"].to_pylist()]
    pq.write_table(table.filter(pa.array(kept)), cut)
    whole = headrace("collateral", "grade", shares, "--on", "2022-12-01", "--json").value
    assert whole == headrace("collateral", "grade", cut, "--json").value


def test_a_backtest_says_what_it_does_not_know(shares):
    value = headrace("collateral", "backtest", shares, "--json").value
    assert {row["rule"] for row in value["rules"]} == {"graded", "flat", "flat_same"}
    assert "survivorship" in value["caveats"]
    assert len(value["fallen"]) == 5
    assert "幸存者偏差" in headrace("collateral", "backtest", shares).out
    english = headrace("collateral", "backtest", shares, "--lang", "en").out
    assert "their results were seen" in english
    check_refused(headrace("collateral", "backtest", shares, "--from", "2030-01-01"), "--from")
    check_refused(headrace("collateral", "grade", PRICES), "isST")


def test_a_desk_calls_cures_sells_and_refuses_in_words(tmp_path):
    value = headrace("collateral", "desk", EVENTS, "--json").value
    rows = {row["row"]: row for row in value["events"]}
    assert (rows[4]["phase"], rows[4]["deadline"]) == ("called", "2024-01-12")
    assert rows[6]["phase"] == "open"  # cured by margin
    assert rows[9]["refusal"] == "price_must_not_be_at_the_lower_limit"
    assert rows[12]["phase"] == "closed"
    assert value["refused"] == 2
    told = {row["memo"] for row in value["movements"]}
    assert {"pledge", "mark", "margin_in", "disposal_proceeds", "margin_out"} <= told
    assert "跌停，不能卖出" in headrace("collateral", "desk", EVENTS).out
    english = headrace("collateral", "desk", EVENTS, "--lang", "en").out
    assert "price must not be at the lower limit" in english
    out = tmp_path / "moves.csv"
    headrace("collateral", "desk", EVENTS, "--movements", "--out", out, "--lang", "en")
    moves = list(csv.DictReader(out.open(encoding="utf-8-sig")))
    assert len(moves) == len(value["movements"])
    strict = headrace("collateral", "desk", EVENTS, "--close", "1.4", "--json").value
    assert {row["row"]: row for row in strict["events"]}[3]["phase"] == "warned"
    check_refused(headrace("collateral", "desk", EVENTS, "--warn", "1.2"), "not in order")


def test_terms_name_their_source_and_may_be_ones_own(tmp_path):
    value = headrace("collateral", "terms", "--on", "2024-03-01", "--json").value
    rules = {row["id"]: row for row in value["rules"]}
    assert rules["shares.rate_max"]["value"] == "0.6"
    assert not any(row["verified"] for row in value["rules"])
    assert "未核实" in headrace("collateral", "terms").out
    own = tmp_path / "own.toml"
    text = headrace("collateral", "terms", "--toml").out
    own.write_text(text.replace("value = 1.6", "value = 1.7"), encoding="utf-8")
    loans = by_loan(headrace("collateral", "mark", PLEDGES, *ON, "--terms", own, "--json").value)
    assert loans["L1"]["phase"] == "warned"  # 1.65 is below 1.7


def test_chinese_headers_and_encodings_are_read(tmp_path):
    path = tmp_path / "质押.csv"
    text = '贷款,贷款余额,种类,代码,数量\nL1,"600,000.00",股票,600000.SH,100000\n'
    path.write_bytes(text.encode("gb18030"))
    value = headrace("collateral", "mark", path, *ON, "--json").value
    assert value["loans"][0]["value_minor"] == 99_000_000


BAD = [
    ("loan,owed,code,quantity\nL1,abc,X,1\n", "row 1, owed 'abc'"),
    ("loan,owed,code,quantity\nL1,1.001,X,1\n", "a fraction of a fen"),
    ("loan,owed,code,quantity\nL1,,X,1\n", "what the loan owes"),
    ("loan,owed,code,quantity\nL1,5,X,1\nL1,6,Y,1\n", "as in row 1"),
    ("loan,owed,code,quantity\nL1,5,X,1.5\n", "quantity"),
    ("loan,owed,code,quantity\nL1,5,,1\n", "the code"),
    ("loan,owed,kind,code,quantity\nL1,5,gold,X,1\n", "one of shares"),
    ("loan,owed,kind,code,quantity\nL1,5,patents,X,1\n", "ends_on"),
    ("loan,owed,code,quantity,warn\nL1,5,X,1,1.2\n", "not in order"),
    ("loan,owed,code,quantity,haircut\nL1,5,X,1,1.2\n", "from 0 to 1"),
    ("loan,owed,code,quantity,appraised\nL1,5,X,1,3\n", "both or none"),
    ("loan,owed,code,quantity\nL1,5,600000.SH,9999999999999999\n", "10^13 yuan"),
    ("loan,owed,code,quantity\nL1,5,X\n", "more or fewer cells"),
    ("owed,code,quantity\n5,X,1\n", "loan"),
    ("loan,owed\n", "no pledge"),
    ("", "empty"),
]


@pytest.mark.parametrize(("text", "said"), BAD, ids=[said for _, said in BAD])
def test_pledges_that_cannot_be_name_row_and_column(tmp_path, text, said):
    path = tmp_path / "pledges.csv"
    path.write_text(text, encoding="utf-8")
    check_refused(headrace("collateral", "mark", path, *ON), said)


BAD_PRICES = [
    ("code,date,close\nX,2024-02-30,1\n", "row 1"),
    ("code,date,close\nX,2024-02-01,one\n", "no number"),
    ("code,date,close\nX,2024-02-01,-1\n", "above 0"),
    ("code,date,close\nX,2024-02-01,\n", "no price"),
    ("code,date,close\nX,2024-02-01,1\nX,2024-02-01,2\n", "two rows"),
    ("code,date\nX,2024-02-01\n", "close"),
    ("code,date,close\nX,2024-05-01,1\n", "2024-05-01"),
]


@pytest.mark.parametrize(("text", "said"), BAD_PRICES, ids=[said for _, said in BAD_PRICES])
def test_prices_that_cannot_be_are_refused(tmp_path, text, said):
    path = tmp_path / "prices.csv"
    path.write_text(text, encoding="utf-8")
    done = headrace("collateral", "mark", PLEDGES, "--prices", path, "--on", "2024-03-01")
    check_refused(done, said)


BAD_EVENTS = [
    ("A,2024-01-08,mark,S,10,\n", "owed"),
    ("A,2024-01-08,add,,10,\n", "margin"),
    ("A,2024-01-08,sell,S,10,\n", "proceeds"),
    ("A,2024-01-08,dance,S,10,\n", "one of add"),
    ("A,,add,S,10,\n", "row 1, on"),
]


@pytest.mark.parametrize(("rows", "said"), BAD_EVENTS, ids=[said for _, said in BAD_EVENTS])
def test_events_that_cannot_be_are_refused(tmp_path, rows, said):
    path = tmp_path / "events.csv"
    path.write_text(f"pledge,on,event,piece,amount,owed\n{rows}", encoding="utf-8")
    check_refused(headrace("collateral", "desk", path), said)


@pytest.mark.skipif(not REAL.exists(), reason="needs ../shared/data")
def test_on_real_shares_a_crash_calls_more_than_a_calm_month(tmp_path):
    pledges = tmp_path / "p.csv"
    pledges.write_text("loan,owed,code,quantity\nA,20000000,000011.SZ,4000000\n", encoding="utf-8")
    asked = ("collateral", "stress", pledges, "--prices", REAL, "--on", "2018-06-29", "--json")
    crash = headrace(*asked, "--replay", "2015-06-12..2015-08-26").value
    calm = headrace(*asked, "--replay", "2017-05-02..2017-05-31").value
    assert crash["book"]["calls"] == 1
    assert calm["book"]["calls"] == 0
    assert json.dumps(crash)
