"""`headrace abs run|trace|sensitivity|check|compare|shelf|example`, as typed."""

import csv
import gzip
import json
import tomllib
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import python_calamine as calamine
from commands import check_refused, headrace

CONTRACTS = Path(__file__).parents[1] / "data" / "contracts"
ABSBOX = Path(__file__).parents[3] / "shared" / "data" / "absbox_china_tests"
LANGUAGES = ("zh", "en")


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """The examples, as `abs example` writes them; not to be written to."""
    folder = tmp_path_factory.mktemp("abs") / "new"
    done = headrace("abs", "example", "--out", folder)
    assert done.status == 0, done.err
    assert len(done.out.splitlines()) == len(list(folder.iterdir())) == 7
    return folder


@pytest.fixture(scope="module")
def gas(files) -> Path:
    """What a run of the gas deal left; not to be written to."""
    out = files.parent / "gas"
    done = headrace("abs", "run", files / "gas.toml", "--out", out, "--lang", "en")
    assert done.status == 0, done.err
    return out


def run_loans(files, *options):
    return headrace("abs", "run", files / "loans.toml", "--loans", files / "loans.csv", *options)


# --- run ------------------------------------------------------------------------------------------


def test_the_example_is_the_tested_deal_with_a_revenue_right():
    shipped = tomllib.loads(headrace("abs", "example", "gas").out)
    tested = tomllib.loads((CONTRACTS / "abs_gas_fee.toml").read_text("utf-8"))
    revenue = shipped.pop("revenue")
    assert "SIMULATED" in shipped.pop("notice")
    assert shipped == tested
    assert revenue["users"] * revenue["volume"] * 5 == 420_000_000


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_run_says_who_was_paid_what_triggers_measured_and_that_no_yuan_is_lost(files, lang):
    done = headrace("abs", "run", files / "gas.toml", "--lang", lang)
    assert done.status == 0, done.err
    for said in ("SIMULATED", "优先01", "¥258,000,000.00", "¥14,608,602.73", "1.3417", "✓",
                 "¥1,125,600,000.00", "2027-07-10"):  # fmt: skip
        assert said in done.out
    assert ("加权平均期限" if lang == "zh" else "Average life") in done.out
    assert ("未核对原文" if lang == "zh" else "official text was not read") in done.out
    assert ("加速清偿" if lang == "zh" else "acceleration") in done.out


def test_a_run_as_json_balances(files):
    value = run_loans(files, "--cdr", "5", "--json").value
    money = value["conservation"]
    assert money["holds"] is True
    assert money["opening"] + money["collected"] + money["support"] == money["paid"] + money["left"]
    assert value["assumed"]["default"] == [0.05]
    assert value["assumed"]["recovery_lag"] == 6, "what no option says is as in the deal"
    paid = sum(
        bond[key] for bond in value["bonds"] for key in ("interest", "principal", "residual")
    )
    others = sum(fee["paid"] for fee in value["fees"])
    others += sum(party["received"] for party in value["parties"])
    assert paid + others == money["paid"]
    assert value["triggers"][0]["nearest"]["than"] in (0.02, 0.04)


def test_what_is_written_opens_in_a_spreadsheet_and_adds_up(gas):
    book = calamine.CalamineWorkbook.from_path(str(gas / "report.xlsx"))
    assert book.sheet_names[:3] == ["说明", "资金收付明细", "证券兑付"]
    assert "SIMULATED" in str(book.get_sheet_by_name("说明").to_python())
    assert book.sheet_names[-1] == "覆盖倍数"
    rows = book.get_sheet_by_name("证券兑付").to_python()
    paid = sum(row[4] for row in rows[1:] if row[1] == "优先01")
    assert paid == 258_000_000.0
    with (gas / "资金收付明细.csv").open(encoding="utf-8-sig") as file:
        listed = list(csv.DictReader(file))
    exact = pq.read_table(gas / "rows.parquet").to_pylist()
    assert [int(Decimal(row["金额"]) * 100) for row in listed] == [row["amount"] for row in exact]
    assert json.loads((gas / "outcome.json").read_text("utf-8"))["currency"] == "CNY"


def test_a_worse_revenue_calls_on_who_stands_behind(files):
    good = headrace("abs", "run", files / "gas.toml", "--json").value
    bad = headrace("abs", "run", files / "gas.toml", "--shortfall", "40%", "--json").value
    assert good["conservation"]["support"] == 0 < bad["conservation"]["support"]
    assert bad["conservation"]["collected"] == round(good["conservation"]["collected"] * 0.6)
    assert bad["states"][0]["to"] == "acceleration"
    assert min(row["cover"] for row in bad["cover"] if row["cover"]) < 1.2


def test_a_servicers_flows_pay_a_deal_with_chinese_keys(files, tmp_path):
    flows = tmp_path / "flows.csv"
    flows.write_text(
        "日期,本金,利息\n2022-09-01,500000000,3000000\n2022-10-01,300000000.5,0\n", "utf-8-sig"
    )
    deal = CONTRACTS / "abs_byd.toml"
    value = headrace("abs", "run", deal, "--flows", flows, "--json").value
    assert value["conservation"]["collected"] == 80_300_000_050
    done = headrace("abs", "run", deal, "--flows", flows, "--lang", "en", "--cdr", 20)
    assert done.status == 0
    assert "clean-up" in done.out


def test_rates_come_from_options_and_files(files, tmp_path):
    deal, tape = CONTRACTS / "abs_jy_2017_05.toml", files / "loans.csv"
    tape = tmp_path / "loans.csv"
    rows = (files / "loans.csv").read_text("utf-8-sig").splitlines()
    tape.write_text(
        "\n".join([rows[1], *(row.replace("2026", "2022") for row in rows[2:])]), "utf-8"
    )
    curve = tmp_path / "curve.csv"
    curve.write_text("index,from,rate\nLPR5Y,2000-01-01,4%\n", "utf-8")
    one = headrace("abs", "run", deal, "--loans", tape, "--rates", "LPR5Y=4", "--json")
    assert one.status == 0, one.err
    two = headrace("abs", "run", deal, "--loans", tape, "--rates", curve, "--json")
    assert one.value == two.value
    other = headrace("abs", "run", deal, "--loans", tape, "--rates", "LPR5Y=9", "--lang", "en")
    assert "LPR5Y 9.00%" in other.out
    check_refused(headrace("abs", "run", deal, "--loans", tape), "LPR5Y")


def test_assumptions_of_a_file_stand_over_the_deals_and_options_over_both(files):
    value = run_loans(files, "--assume", files / "assume.toml", "--recovery", "50", "--json").value
    assert value["assumed"]["default"] == [0.02, 0.02, 0.04, 0.06]
    assert value["assumed"]["recovery_ppm"] == 500_000
    assert (value["assumed"]["recovery_lag"], value["assumed"]["late_ppm"]) == (9, 50_000)
    shown = run_loans(files, "--assume", files / "assume.toml", "--lang", "en").out
    assert "by period 2.00% 2.00% 4.00% 6.00%" in shown
    assert "5% late by 1 periods" in shown


def test_a_revolving_deal_buys_what_its_rules_let_through(files, tmp_path):
    text = (files / "loans.toml").read_text("utf-8")
    text = text.replace('name = "小微', 'state = "revolving"\nname = "小微', 1)
    text = text.replace(
        "maturity = 2030-12-31", "maturity = 2033-12-31\nrevolving_until = 2026-06-30"
    )
    buying = [
        '{ step = "pay_fee", from = "收款户", to = "服务费" }',
        '{ step = "pay_interest", from = "收款户", to = "优先", support = ["担保公司"] }',
        '{ step = "repay_support", from = "收款户", to = "担保公司" }',
        '{ step = "buy_assets", from = "收款户" }',
    ]
    text = text.replace("[waterfall]", f"[waterfall]\nrevolving = [{', '.join(buying)}]")
    deal, tape = tmp_path / "deal.toml", files / "loans.csv"
    deal.write_text(text, "utf-8")
    check_refused(headrace("abs", "run", deal, "--loans", tape), "buys assets", "--assets")
    rules = tmp_path / "rules.toml"
    rules.write_text('[[standard]]\ncolumn = "terms_left"\nis = "<="\nthan = 12\n', "utf-8")
    done = headrace("abs", "run", deal, "--loans", tape, "--assets", tape, "--asset-rules", rules,
                    "--out", tmp_path / "out", "--json")  # fmt: skip
    assert done.status == 0, done.err
    assert done.value["conservation"]["holds"] is True
    rows = pq.read_table(tmp_path / "out" / "rows.parquet").to_pylist()
    bought = [row for row in rows if row["target"] == "pool:assets"]
    assert {row["on"].month for row in bought} == {3, 4, 5, 6}
    none = tmp_path / "none.toml"
    none.write_text('[[standard]]\ncolumn = "terms_left"\nis = ">"\nthan = 99\n', "utf-8")
    refused = headrace("abs", "run", deal, "--loans", tape, "--assets", tape, "--asset-rules", none)
    assert refused.status == 2
    assert "No loan of the tape may be bought" in refused.err


def test_rows_that_cannot_be_read_are_told_and_written(files, tmp_path):
    tape = tmp_path / "loans.csv"
    text = (files / "loans.csv").read_text("utf-8-sig")
    lines = text.splitlines()
    tape.write_text(
        "\n".join([*lines, lines[3], "S999,abc,7%,12,6,2025-01-05,等额本息,a,b,c,0"]), "utf-8"
    )
    out = tmp_path / "out"
    done = headrace(
        "abs", "run", files / "loans.toml", "--loans", tape, "--out", out, "--lang", "en"
    )
    assert "2 of 62 rows could not be read" in done.out
    told = (out / "未入池的行.csv").read_text("utf-8-sig")
    assert "row 2" in told
    assert "abc" in told
    again = headrace(
        "abs", "run", files / "loans.toml", "--loans", files / "loans.csv", "--out", out
    )
    assert again.status == 0
    assert not (out / "未入池的行.csv").exists(), "of an earlier run"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "nothing pays the deal"),
        (("--loans", "none.csv"), "none.csv"),
        (("--loans", "loans.csv", "--flows", "loans.csv"), "more than one thing"),
        (("--loans", "loans.csv", "--cdr", "200"), "--cdr"),
        (("--loans", "loans.csv", "--cdr", "nan"), "no per cent"),
        (("--loans", "loans.csv", "--shortfall", "10"), "--cdr, --cpr"),
        (("--loans", "loans.csv", "--rates", "LPR5Y=x"), "--rates"),
        (("--loans", "loans.csv", "--assume", "shelf.toml"), "Unknown"),
        (("--loans", "assume.toml"), "ends in .toml"),
        (("--loans", "loans.csv", "--out", "gas.toml/x"), "gas.toml"),
        (("--loans", "loans.csv", "--lang", "fr"), "zh or en"),
        (("--flows", "loans.csv"), "date"),
        (("--loans", "loans.csv", "--assets", "loans.csv", "--asset-rules", "gas.toml"), "Unknown"),
    ],
)
def test_what_cannot_be_run_says_what_would_be_right(files, monkeypatch, options, said):
    monkeypatch.chdir(files)
    check_refused(headrace("abs", "run", "loans.toml", *options), said)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('name = "服务费"', 'nam = "服务费"', "fee 1"),
        ("rank = 2", 'rank = "two"', "bond 2"),
        ('to = "优先", support', 'to = "优级", support', "waterfall normal.2"),
        ('payment = "day_of_month:10"', 'payment = ["soon"]', "dates"),
        ("cdr = 0.03", "cdr = 3", "2 % is 0.02"),
        ("[waterfall]", "[waterfall", "no TOML"),
        ("limit = 100000", "limit = 1e40", "party"),
    ],
)
def test_a_deal_with_a_fault_names_its_place(files, tmp_path, before, after, said):
    text = (files / "loans.toml").read_text("utf-8")
    assert before in text
    deal = tmp_path / "deal.toml"
    deal.write_text(text.replace(before, after), "utf-8")
    done = headrace("abs", "run", deal, "--loans", files / "loans.csv")
    if said == "party":
        assert done.status in (0, 2), "a limit nobody reaches"
    else:
        check_refused(done, said, "deal.toml")


# --- trace ----------------------------------------------------------------------------------------


def test_the_parts_of_every_row_sum_to_it(gas):
    rows = pq.read_table(gas / "rows.parquet").to_pylist()
    transfers = [row for row in rows if row["source"].startswith("account:")
                 and row["target"].startswith("account:")]  # fmt: skip
    assert transfers
    for row in [*rows[:3], *transfers[:2], rows[-1]]:
        value = headrace("abs", "trace", gas, "--row", row["number"], "--json").value
        assert value["row"]["amount"] == sum(part["amount"] for part in value["parts"])
    through = headrace("abs", "trace", gas, "--row", transfers[0]["number"], "--json").value
    assert all(transfers[0]["number"] in part["via"] for part in through["parts"])


def test_a_row_of_the_report_is_followed_to_who_was_paid(gas, tmp_path):
    done = headrace("abs", "trace", gas, "--row", 0)
    assert "资产池利息 → 收款户" in done.out
    assert "优先01利息" in done.out
    assert "¥16,884,000.00" in done.out.splitlines()[-1]
    told = headrace("abs", "trace", gas, "--row", 6, "--lang", "en").out
    assert "interest of the pool" in told
    every = headrace("abs", "trace", gas, "--lang", "en")
    assert "¥1,145,600,000.00" in every.out.splitlines()[-1]
    to = tmp_path / "row.csv"
    assert headrace("abs", "trace", gas, "--row", 0, "--out", to).status == 0
    with to.open(encoding="utf-8-sig") as file:
        assert sum(int(row["amount"]) for row in csv.DictReader(file)) == 1_688_400_000


def test_a_trace_of_nothing_is_refused(gas, files, tmp_path):
    check_refused(headrace("abs", "trace", gas, "--row", 10**6), "no row 1000000")
    check_refused(headrace("abs", "trace", files), "holds no run", "abs run --out")
    for name in ("trace.parquet", "rows.parquet"):
        (tmp_path / name).write_bytes((gas / name).read_bytes()[:100])
    check_refused(headrace("abs", "trace", tmp_path), "holds no run")


# --- sensitivity ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_classes_under_stress_and_what_each_bears(files, lang):
    done = headrace("abs", "sensitivity", files / "loans.toml", "--loans", files / "loans.csv",
                    "--cdr", "20,0", "--cpr", "0,10", "--lang", lang)  # fmt: skip
    assert done.status == 0, done.err
    assert "SIMULATED" in done.out
    assert "20.00%" in done.out
    assert ("全额兑付" if lang == "zh" else "paid in full") in done.out


def test_the_junior_bears_less_than_the_senior(files, tmp_path):
    to = tmp_path / "grid.csv"
    done = headrace("abs", "sensitivity", files / "loans.toml", "--loans", files / "loans.csv",
                    "--cdr", "0,40", "--recovery", "0", "--out", to, "--json")  # fmt: skip
    value = done.value
    assert value["first_loss"]["次级"] < value["first_loss"]["优先"]
    assert len(value["grid"]) == 4
    assert value["grid"][0]["principal_short"] == 0 < value["grid"][-1]["principal_short"]
    assert len(to.read_text("utf-8-sig").splitlines()) == 5
    assert done.err == ""


def test_a_revenue_right_is_stressed_by_what_never_comes(files):
    value = headrace(
        "abs", "sensitivity", files / "gas.toml", "--shortfall", "0,50", "--json"
    ).value
    assert (
        value["first_loss"]["次级"] < value["first_loss"]["优先02"] < value["first_loss"]["优先01"]
    )
    check_refused(headrace("abs", "sensitivity", files / "gas.toml", "--cdr", "1"), "--shortfall")
    bad = headrace("abs", "sensitivity", files / "gas.toml", "--shift", "a,b")
    check_refused(bad, "basis points")


# --- check ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_loans_that_may_not_enter_are_told_why(files, tmp_path, lang):
    to = tmp_path / "check.xlsx"
    options = ("--rules", files / "eligibility.toml", "--lang", lang)
    done = headrace("abs", "check", files / "loans.csv", *options, "--out", to)
    assert done.status == 1
    assert "ASSUMED" in done.out
    assert "S018   不属于房地产业" in done.out
    assert "25.76%" in done.out
    assert "[6, 12)" in done.out
    book = calamine.CalamineWorkbook.from_path(str(to))
    rows = book.get_sheet_by_name("合格性").to_python()
    assert [row[0] for row in rows if row[1] == "否"] == ["S018", "S024"]


def test_check_as_json_adds_up_and_passes_where_all_may(files, tmp_path):
    value = headrace("abs", "check", files / "loans.csv", "--rules", files / "eligibility.toml",
                     "--json").value  # fmt: skip
    assert value["balance_minor"] == 1_000_000_000
    assert sum(row["balance"] for row in value["strata"]["region"]) == value["eligible_minor"]
    assert [row["passes"] for row in value["limits"]] == [True, False]
    rules = tmp_path / "rules.toml"
    rules.write_text('[["合格标准"]]\n"列" = "利率"\n"比较" = "不高于"\n"阈值" = 0.12\n', "utf-8")
    done = headrace("abs", "check", files / "loans.csv", "--rules", rules)
    assert done.status == 0, done.err
    assert "60 笔中 60 笔" in done.out


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("", "say nothing"),
        ('[[standard]]\ncolumn = "mood"\nis = ">"\nthan = 1\n', "no column 'mood'"),
        ('[[standard]]\ncolumn = "balance"\nis = "~"\nthan = 1\n', "no comparison"),
        ('[[standard]]\ncolumn = "balance"\nis = "in"\nthan = 1\n', "a list"),
        ('[[standard]]\ncolumn = "region"\nis = ">"\nthan = 1\n', "cannot be compared"),
        ('[[strata]]\ncolumn = "region"\nedges = [1]\n', "ranges need numbers"),
        ('[[strata]]\ncolumn = "balance"\nedges = [2, 1]\n', "do not ascend"),
        ('[[limit]]\ncolumn = "region"\nshare = 35\n', "35 is no share"),
        ('[[limit]]\ncolumn = "region"\nshare = 0.1\nmost = 1\n', "Unknown: most"),
    ],
)
def test_rules_that_cannot_be_tested_are_refused(files, tmp_path, rules, said):
    path = tmp_path / "rules.toml"
    path.write_text(rules, "utf-8")
    check = headrace("abs", "check", files / "loans.csv", "--rules", path)
    if said == "35 is no share":
        assert "no share from 0 to 1" in check.err
    else:
        check_refused(check, said)


# --- AbsBox, shelves ------------------------------------------------------------------------------


@pytest.mark.real
def test_a_deal_of_absbox_is_compared_to_the_cent(tmp_path):
    if not ABSBOX.is_dir():
        pytest.skip(f"the AbsBox responses are not at {ABSBOX}")
    request, response = (ABSBOX / f"test01.{what}.json.gz" for what in ("request", "response"))
    assumed = ("--cdr", 1, "--cpr", 10, "--rates", "LPR5Y=4")
    done = headrace("abs", "compare", request, response, *assumed, "--lang", "en")
    assert done.status == 0, done.err
    assert "all 5 statements are equal to the cent (911 cells)" in done.out
    plain = tmp_path / "response.json"
    plain.write_bytes(gzip.decompress(response.read_bytes()))
    other = headrace("abs", "compare", request, plain, "--cpr", 20)
    assert other.status == 1
    assert "5 张报表中 5 张不同" in other.out
    value = headrace("abs", "compare", request, plain, *assumed, "--json").value
    assert value["differences"] == []
    assert len(value["equal"]) == 5
    swapped = headrace("abs", "compare", response, request)
    check_refused(swapped, "no request of AbsBox")


def test_what_is_no_absbox_is_refused(tmp_path):
    bad, empty = tmp_path / "bad.json.gz", tmp_path / "empty.json"
    bad.write_bytes(b"\x1f\x8b\x08\x00nothing")
    empty.write_text("[]", "utf-8")
    check_refused(headrace("abs", "compare", bad, empty), "no whole JSON", "bad.json.gz")
    check_refused(headrace("abs", "compare", empty, empty), "no request", "empty.json")
    done = headrace("abs", "compare", tmp_path / "none.json", empty)
    check_refused(done, "none.json")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_programme_lets_a_series_be_issued_once(files, lang):
    done = headrace("abs", "shelf", files / "shelf.toml", files / "series.toml", "--lang", lang)
    assert done.status == 0, done.err
    assert "¥770,000,000.00" in done.out
    assert "100.00%" in done.out
    assert ("未核对原文" if lang == "zh" else "official text was not read") in done.out
    twice = headrace("abs", "shelf", files / "shelf.toml", *[files / "series.toml"] * 2,
                     "--lang", lang)  # fmt: skip
    assert twice.status == 1
    assert ("期次名称重复" if lang == "zh" else "a series of that name was issued") in twice.out


@pytest.mark.parametrize(
    ("before", "after", "refusal", "passes"),
    [
        ("held = 40000000", "held = 1000000", None, False),
        ("issued = 2027-01-01", "issued = 2028-01-01", "expired", True),
        ("amount = 432000000", "amount = 4320000000", "over_limit", True),
        ('asset_kind = "燃气收费权"', 'asset_kind = "应收账款"', "other_kind", True),
    ],
)
def test_what_a_programme_refuses_and_what_is_kept(files, tmp_path, before, after, refusal, passes):
    series = tmp_path / "series.toml"
    series.write_text((files / "series.toml").read_text("utf-8").replace(before, after), "utf-8")
    done = headrace("abs", "shelf", files / "shelf.toml", series, "--json")
    assert done.status == 1
    assert done.value["holds"] is False
    told = done.value["series"][0]
    assert told["refusal"] == refusal
    assert all(each["passes"] for each in told["retention"]) is passes


def test_a_series_that_is_none_is_refused(files, tmp_path):
    series = tmp_path / "series.toml"
    text = (files / "series.toml").read_text("utf-8")
    series.write_text(text.replace('"revenue_right"', '"green"'), "utf-8")
    done = headrace("abs", "shelf", files / "shelf.toml", series)
    check_refused(done, "no kind of securitisation", "series.toml")
    check_refused(headrace("abs", "shelf", series, series), "limit is missing", "series.toml")
    check_refused(headrace("abs", "example", "nothing"), "eligibility")
