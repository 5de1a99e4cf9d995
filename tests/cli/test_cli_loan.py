"""`headrace loan schedule|cost|many|replay|classify`, as typed, on examples worked out by hand."""

import csv
import io
import json
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from commands import check_refused, headrace
from loan_texts import COLUMNS, FOLDER, book_rows, cases, event_rows, stated, toml_of
from python_calamine import load_workbook

SCHEDULES = cases("instalments", "principal", "days_off", "rates")
ACCOUNTS = cases("accounts")
AMOUNTS = ("principal", "interest", "subsidy", "fee", "payment", "closing")
USUAL = ("--principal", "100000", "--rate", "4.35%", "--start", "2024-01-15", "--instalments", "12")
CLASS_DAYS = FOLDER.parent / "classification_days.csv"


def minor(text, per=100):
    return int(Decimal(text or 0) * per)


def per_major(terms):
    return 1 if stated(terms).get("currency") == "JPY" else 100


@pytest.fixture
def terms(tmp_path):
    path = tmp_path / "terms.toml"
    path.write_text(
        'principal = 100_000\nstart = 2024-01-15\nrate = "4.35%"\ninstalments = 12\n',
        encoding="utf-8",
    )
    return path


def wrote(path, text):
    path.write_text(text, encoding="utf-8")
    return path


# --- schedule ---------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SCHEDULES)
def test_a_schedule_is_the_one_worked_out_by_hand(case, tmp_path):
    rows = SCHEDULES[case]
    text, options = toml_of(rows[0]["terms"])
    path = wrote(tmp_path / "terms.toml", text)
    found = headrace("loan", "schedule", path, *options, "--json").value["instalments"]
    per = per_major(rows[0]["terms"])
    assert [row["due"] for row in found] == [row["due"] for row in rows]
    for row, made in zip(rows, found, strict=True):
        assert made["pay_on"] == (row["pay_on"] or row["due"])
        assert [made[f"{name}_minor"] for name in AMOUNTS] == [minor(row[n], per) for n in AMOUNTS]


def test_options_and_a_file_say_the_same_and_options_stand_above_the_file(terms):
    by_options = headrace("loan", "schedule", *USUAL, "--json").value
    assert headrace("loan", "schedule", terms, "--json").value == by_options
    assert by_options["interest_minor"] == sum(
        r["interest_minor"] for r in by_options["instalments"]
    )
    longer = headrace("loan", "schedule", terms, "--maturity", "2026-01-15", "--json").value
    assert len(longer["instalments"]) == 24
    dearer = headrace("loan", "schedule", terms, "--rate", "5%", "--json").value
    assert dearer["interest_minor"] > by_options["interest_minor"]


def test_a_schedule_reads_well_in_both_languages():
    chinese = headrace("loan", "schedule", *USUAL, "--method", "等额本金", "--shift", "顺延")
    assert chinese.status == 0
    for said in ("¥100,000", "等额本金", "还款日", "剩余本金", "合计", "102,356.26"):
        assert said in chinese.out, chinese.out
    english = headrace("loan", "schedule", *USUAL, "--fee", "each_period=0.1%", "--lang", "en")
    for said in ("equal instalments", "Fees", "Total", "1,200.00"):
        assert said in english.out


def test_a_long_schedule_is_cut_and_says_so_and_days_not_announced_are_marked():
    given = ("--principal", "500000", "--rate", "3.5%", "--start", "2026-01-15")
    done = headrace(
        "loan", "schedule", *given, "--instalments", 360, "--shift", "顺延", "--lang", "en"
    )
    assert "312 instalments left out" in done.out
    assert "holidays of that year are not announced" in done.out
    assert "*" in done.out


def test_a_schedule_opens_in_excel_in_yuan_and_in_parquet_in_fen(tmp_path):
    sheet, plain, fen = (tmp_path / f"s{ending}" for ending in (".xlsx", ".csv", ".parquet"))
    for path in (sheet, plain, fen):
        assert headrace("loan", "schedule", *USUAL, "--out", path).status == 0
    rows = load_workbook(str(sheet)).get_sheet_by_index(0).to_python()
    assert rows[0][:3] == ["期次", "起息日", "到期日"]
    assert rows[1][2] == date(2024, 2, 15)
    assert rows[1][rows[0].index("应还合计")] == pytest.approx(8530.99)
    assert rows[1][:1] == [1]
    read = list(csv.DictReader(io.StringIO(plain.read_text(encoding="utf-8-sig"))))
    assert read[0]["应还合计"] == "8530.99"
    assert pq.read_table(fen)["payment_minor"][0].as_py() == 853_099


def test_yen_have_no_hundredth(tmp_path):
    given = (
        "--principal",
        "1000000",
        "--rate",
        "1.5%",
        "--start",
        "2024-01-15",
        "--instalments",
        6,
    )
    out = tmp_path / "yen.csv"
    assert headrace("loan", "schedule", *given, "--currency", "JPY", "--out", out).status == 0
    read = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert sum(int(row["本金"]) for row in read) == 1_000_000
    shown = headrace("loan", "schedule", *given, "--currency", "JPY", "--lang", "en").out
    assert "JP¥1,000,000" in shown


BAD_OPTIONS = [
    ((), "--principal 100000"),
    (("--principal", "x"), "amount such as 100000"),
    ((*USUAL, "--rate", "4.35"), "0.0435 for 4.35 %"),
    ((*USUAL, "--rate", "abc"), '"4.35%"'),
    (USUAL[:6], "Give one of the two"),
    ((*USUAL, "--instalments", "0"), "1 to 1200"),
    ((*USUAL, "--maturity", "2025-01-15"), "Give one of the two"),
    ((*USUAL, "--method", "balloon"), "equal_instalment"),
    ((*USUAL, "--days", "actual_364"), "actual_360"),
    ((*USUAL, "--due-day", "32"), "1 to 31"),
    ((*USUAL, "--fee", "x"), "each_period=0.6%"),
    ((*USUAL, "--fee", "x=1%"), "at_start, deducted"),
    ((*USUAL, "--currency", "XAU"), "CNY, USD"),
    ((*USUAL, "--out", "s.doc"), ".parquet, .csv, .xlsx"),
    (("no.toml",), "check its name"),
    ((*USUAL, "--principal", "1" * 40), "amount such as"),
]


@pytest.mark.parametrize(("options", "said"), BAD_OPTIONS)
def test_terms_that_cannot_be_are_refused_with_what_would_be_right(options, said):
    done = headrace("loan", "schedule", *options)
    check_refused(done)
    assert said in done.err, done.err


BAD_FILES = {
    "principal = 1_000\nstart = 2024-01-15\nrate = 0.04\nfixed = 1": "'fixed' is not known",
    "principal = 9\nstart = 2024-01-15\nrate = 0.04\ninstalment = 1": "maturity and instalments",
    "principal = 1_000\nprincipal_minor = 1": "is stated twice",
    "start = 2024-01-15": "principal, rate is not stated",
    "principal = 1_000.001\nstart = 2024-01-15": "amount such as",
    "principal = 1_000\nstart = 2024-01-15\nrate = 0.04\ninstalments = 1.5": "a whole number",
    "principal = [1]\nstart = 2024-01-15\nrate = 0.04\ninstalments = 1": "amount such as",
    "principal = 9\nstart = 2024-01-15\nrate = 0.1\ninstalments = 1\ndue = 3": "table [due]",
    "principal = 9\nstart = 2024-01-15\nrate = 0.1\ninstalments = 1\nfees = [1]": "table [[fees]]",
    "principal = 9\nstart = 2024-01-15\nrate = 0.1\ninstalments = 1\nplan = [[1]]": "plan = [[",
    "principal = 9\nstart = 2024-01-15\nrate = 0.1\ninstalments = 1\n[penalty]\ncompound = 1":
        "true or false",
    "principal = 9\nstart = 2024-01-15\nrate = 0.1\ninstalments = 1\n[penalty]\ngrace_days = 91":
        "0 to 90",
    "currency = [1]": "CNY",
    "a = ": "not TOML",
    "[floating]\nspread_bp = 1": "tenor is not stated",
}  # fmt: skip


@pytest.mark.parametrize("text", BAD_FILES)
def test_a_terms_file_that_cannot_be_is_refused_by_its_key(text, tmp_path):
    path = wrote(tmp_path / "terms.toml", text)
    check_refused(headrace("loan", "schedule", path), BAD_FILES[text], "terms.toml")


def test_a_fraction_of_a_fen_is_refused_and_minor_units_are_exact(tmp_path):
    rest = "\nstart = 2024-01-15\nrate = 0.04\ninstalments = 1\n"
    path = wrote(tmp_path / "terms.toml", f"principal_minor = 1_000_00{rest}")
    assert headrace("loan", "schedule", path, "--json").value["principal_minor"] == 100_000
    wrote(path, f"principal = 1_000.005{rest}")
    check_refused(headrace("loan", "schedule", path), "1000.005")


# --- cost -------------------------------------------------------------------------------------


def test_a_fee_of_0_6_percent_a_month_costs_13_8_percent_a_year():
    given = ("--principal", "120000", "--rate", "0", "--start", "2023-03-01", "--instalments", "12",
             "--method", "equal_principal", "--fee", "each_period=0.6%")  # fmt: skip
    found = headrace("loan", "cost", *given, "--json").value
    assert found["fees_minor"] == 8_640_00
    assert found["total_minor"] == 8_640_00
    assert round(found["nominal"], 3) == 0.130
    assert round(found["compound"], 3) == 0.138
    (ceiling,) = found["ceilings"]
    assert (ceiling["rate"], ceiling["above"]) == ("0.24", False)
    assert [each["holds"] for each in found["penalties"]] == [True, True]


def test_a_private_loan_above_four_times_the_lpr_is_said_to_be():
    given = ("--principal", "120000", "--rate", "20%", "--start", "2023-03-01", "--instalments", 12,
             "--lender", "private")  # fmt: skip
    (ceiling,) = headrace("loan", "cost", *given, "--json").value["ceilings"]
    assert (ceiling["rate"], ceiling["above"], ceiling["clause"]["verified"]) == (
        "0.1460",
        True,
        False,
    )
    chinese = headrace("loan", "cost", *given).out
    for said in ("超过 14.6%", "超过部分不受支持", "第二十五条", "未核实原文", "内部收益率"):
        assert said in chinese, chinese
    english = headrace("loan", "cost", *given, "--lang", "en").out
    for said in ("ABOVE 14.6%", "official text not read", "Supreme People's Court"):
        assert said in english


def test_a_penalty_outside_its_bounds_is_said_to_be(terms):
    terms.write_text(f"{terms.read_text()}[penalty]\novertime = 1\n", encoding="utf-8")
    check_refused(headrace("loan", "cost", terms), "'overtime' is not known")
    terms.write_text(
        terms.read_text().replace("overtime = 1", "overdue_markup = 0.6"), encoding="utf-8"
    )
    assert "OUTSIDE 30% to 50%" in headrace("loan", "cost", terms, "--lang", "en").out


def test_before_any_ceiling_none_is_on_file():
    given = ("--principal", "1000", "--rate", "5%", "--start", "2003-03-01", "--instalments", "2")
    done = headrace("loan", "cost", *given, "--lang", "en")
    assert "none is on file for that day" in done.out
    assert headrace("loan", "cost", *given, "--json").value["penalties"] == []
    check_refused(headrace("loan", "cost", *given, "--lender", "bank"), "financial or private")


# --- a book -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Every worked example that can be a row, as a CSV."""
    path = tmp_path_factory.mktemp("book") / "book.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("loan", *COLUMNS))
        writer.writeheader()
        writer.writerows(book_rows(SCHEDULES))
    return path


def test_a_book_has_the_instalments_worked_out_by_hand(book, tmp_path):
    out = tmp_path / "schedules.parquet"
    done = headrace("loan", "many", book, "--out", out, "--json")
    assert done.value["refused"] == []
    found: dict[str, list] = {}
    for row in pq.read_table(out).to_pylist():
        found.setdefault(row["loan"], []).append(row)
    assert len(found) == done.value["loans"] >= 25
    for case, made in found.items():
        rows = SCHEDULES[case]
        assert [str(each["due"]) for each in made] == [each["due"] for each in rows]
        for row, each in zip(rows, made, strict=True):
            assert [each[f"{n}_minor"] for n in AMOUNTS] == [minor(row[n]) for n in AMOUNTS], case
    paid = sum(row["payment_minor"] for rows in found.values() for row in rows)
    assert sum(year["payment_minor"] for year in done.value["years"]) == paid


MIXED = """合同编号,本金,放款日,年利率,期数,到期日,还款方式,客户经理
L1,"100,000",2026-01-15,4.35%,12,,等额本息,王
L2,250000.5,2026/2/1,0.05,24,,等额本金,李
L3,abc,2026/2/1,0.05,24,,等额本金,李
L4,5000,2026/2/1,4.35,24,,等额本金,李
L5,5000,2026/2/1,5%,,,等额本金,李
L6,5000,2026/2/1,5%,3,,气球贷,李
L7,5000,2026/2/1,5%,3,,到期一次还本付息,李
L8,5000,2026-02-30,5%,3,,等额本息,李
L9,,2026-02-03,5%,3,,等额本息,李
L10,-5,2026-02-03,5%,3,,等额本息,李
L11,5000,2026-02-03,5%,,2199-01-01,等额本息,李
L12,1,2
"""


def test_rows_that_cannot_be_are_told_each_once_and_the_others_go_on(tmp_path):
    path, out = wrote(tmp_path / "book.csv", MIXED), tmp_path / "schedules.csv"
    done = headrace("loan", "many", path, "--out", out)
    assert done.status == 0
    assert "2 笔贷款，36 期" in done.out
    assert "10 行未使用" in done.err
    assert "未读取的列：客户经理" in done.err
    told = list(csv.DictReader(io.StringIO(
        (tmp_path / "schedules.quarantine.csv").read_text(encoding="utf-8-sig")
    )))  # fmt: skip
    assert [row["行"] for row in told] == [str(number) for number in range(3, 13)]
    fields = {row["编号"]: row["字段"] for row in told}
    assert [fields[f"L{k}"] for k in (3, 4, 6, 8, 9, 10)] == [
        "本金", "年利率", "还款方式", "放款日", "本金", "本金",
    ]  # fmt: skip
    assert told[0]["原值"] == "abc"
    assert all(row["应为"] for row in told)
    kept = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert {row["借据"] for row in kept} == {"L1", "L2"}
    assert sum(Decimal(row["本金"]) for row in kept) == Decimal("350000.50")
    clean = wrote(tmp_path / "clean.csv", "\n".join(MIXED.splitlines()[:3]))
    assert headrace("loan", "many", clean, "--out", out, "--lang", "en").status == 0
    assert not (tmp_path / "schedules.quarantine.csv").exists()


def test_a_book_comes_from_excel_and_parquet_too(tmp_path):
    sheet = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(str(sheet), {"default_date_format": "yyyy-mm-dd"}) as workbook:
        page = workbook.add_worksheet()
        page.write_row(0, 0, ["借据号", "贷款金额", "起息日", "利率", "期数"])
        page.write_row(1, 0, [7, 100_000.0])
        page.write_datetime(1, 2, date(2024, 1, 15))
        page.write_row(1, 3, [0.0435, 12])
    columns = {"loan": ["7"], "principal_minor": [10_000_000], "start": [date(2024, 1, 15)],
               "rate": [Decimal("0.0435")], "instalments": [12]}  # fmt: skip
    columnar = tmp_path / "book.parquet"
    pq.write_table(pa.table(columns), columnar)
    outs = []
    for path in (sheet, columnar):
        out = tmp_path / f"{path.suffix[1:]}.out.parquet"
        done = headrace("loan", "many", path, "--out", out, "--json")
        assert done.value["loans"] == 1, done.value
        outs.append(pq.read_table(out))
    assert outs[0].equals(outs[1])
    assert outs[0]["loan"][0].as_py() == "7"
    assert outs[0]["payment_minor"][0].as_py() == 853_099


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("loan,principal,rate\nL1,1,0.1\n", "start"),
        ("loan,start,rate\nL1,2024-01-01,0.1\n", "principal"),
        ("principal,principal_minor,start,rate\n1,100,2024-01-01,0.1\n", "two columns"),
        ("principal,start,rate,rate\n1,2024-01-01,0.1,0.2\n", "occurs 2 times"),
        ("", ""),
    ],
)
def test_a_book_without_what_is_needed_is_refused(text, said, tmp_path):
    done = headrace("loan", "many", wrote(tmp_path / "book.csv", text))
    assert done.status == 2
    assert said in done.err


def test_a_book_of_no_known_form_is_refused(tmp_path):
    check_refused(headrace("loan", "many", tmp_path / "book.pdf"), ".parquet, .csv")
    check_refused(headrace("loan", "many", tmp_path / "book.csv"), "check its name")
    path = wrote(tmp_path / "book.csv", MIXED)
    check_refused(headrace("loan", "many", path, "--currency", "XAU"), "CNY, USD")
    check_refused(headrace("loan", "many", path, "--out", tmp_path / "x.doc"), ".parquet")


# --- by the day -------------------------------------------------------------------------------


def replayed(folder, case, rows, until):
    text, options = toml_of(ACCOUNTS[case][0]["terms"])
    assert not options
    path, events = wrote(folder / "terms.toml", text), folder / "events.csv"
    with events.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["event", "on", "amount", "rate", "name", "after"])
        start = stated(ACCOUNTS[case][0]["terms"])["start"]
        writer.writerow(["disburse", start, "", "", "", ""])
        writer.writerows(event_rows(rows))
    return headrace("loan", "replay", events, "--terms", path, "--until", until, "--json")


@pytest.mark.parametrize("case", ACCOUNTS)
def test_a_loan_by_the_day_owes_what_was_worked_out_by_hand(case, tmp_path):
    rows = ACCOUNTS[case]
    per = per_major(rows[0]["terms"])
    looks = [number for number, row in enumerate(rows) if row["event"] == "look"]
    for number in looks[-2:]:
        row = rows[number]
        done = replayed(tmp_path, case, rows[:number], row["day"])
        found = done.value["quote"]
        for name in ("fee", "compound", "penalty", "interest", "principal", "accrued", "deposit"):
            assert found[name] == minor(row[name], per), (case, row["day"], name)
        assert done.value["correction"] is None


LATE = """日期,事项,金额,倒起息
2024-02-25,还款,8546.46,
2024-02-15,还款,8530.99,是
2024/2/26,支用,1,否
"""


def test_a_late_event_is_put_in_its_place_and_only_the_difference_posted(terms, tmp_path):
    events = wrote(tmp_path / "events.csv", LATE)
    found = headrace(
        "loan", "replay", events, "--terms", terms, "--until", "2024-03-01", "--json"
    ).value
    assert found["correction"]["settlement_minor"] == -854_646
    assert found["quote"]["deposit"] == 854_646
    assert [step["what"] for step in found["steps"]] == [
        "disburse", "falls_due", "repay", "repay", "draw", "look",
    ]  # fmt: skip
    assert [step["late"] for step in found["steps"]].count(True) == 1
    assert found["steps"][4]["refused"] == "not_revolving"
    in_time = wrote(tmp_path / "in_time.csv", LATE.replace("是", ""))
    right = headrace("loan", "replay", in_time, "--terms", terms, "--until", "2024-03-01", "--json")
    assert right.value["quote"] == found["quote"]
    chinese = headrace("loan", "replay", events, "--terms", terms)
    for said in ("还款 (后知)", "拒绝：非随借随还贷款", "倒起息更正", "冲销计提罚息", "借", "贷"):
        assert said in chinese.out, chinese.out
    early = headrace(
        "loan", "replay", events, "--terms", terms, "--until", "2024-02-20", "--lang", "en"
    )
    assert "2 events after that day left out" in early.out


def test_what_was_posted_and_its_correction_come_to_what_is_right(terms, tmp_path):
    """Debit and credit of each role, added up with signs."""

    def balances(movements):
        sums: dict[str, int] = {}
        for each in movements:
            sums[each["debit"]] = sums.get(each["debit"], 0) + each["amount_minor"]
            sums[each["credit"]] = sums.get(each["credit"], 0) - each["amount_minor"]
        return {role: value for role, value in sums.items() if value}

    def run(text):
        events = wrote(tmp_path / "e.csv", text)
        return headrace(
            "loan", "replay", events, "--terms", terms, "--until", "2024-04-01", "--json"
        ).value

    rows = LATE.splitlines()
    before = run("\n".join((rows[0], rows[1], rows[3])))["movements"]
    both = run(LATE)
    assert balances(before + both["correction"]["movements"]) == balances(both["movements"])


EVENTS_TOML = """
[[event]]
event = "prepay"
on = 2024-03-01
amount = 20_000
after = "缩短期限"
[[event]]
event = "restructure"
on = 2024-04-01
[event.terms]
principal = PRINCIPAL
start = 2024-04-01
rate = 0.05
instalments = 24
"""


def test_a_restructuring_carries_terms_of_its_own(terms, tmp_path):
    first = wrote(tmp_path / "events.toml", EVENTS_TOML.partition('[[event]]\nevent = "restr')[0])
    at = headrace(
        "loan", "replay", first, "--terms", terms, "--until", "2024-04-01", "--json"
    ).value
    owed = Decimal(at["quote"]["balance"] + at["quote"]["principal"]) / 100
    events = wrote(tmp_path / "events.toml", EVENTS_TOML.replace("PRINCIPAL", str(owed)))
    found = headrace(
        "loan", "replay", events, "--terms", terms, "--until", "2024-04-01", "--json"
    ).value
    assert [step["refused"] for step in found["steps"] if step["what"] == "restructure"] == [None]
    wrote(events, EVENTS_TOML.replace("PRINCIPAL", "1"))
    wrong = headrace("loan", "replay", events, "--terms", terms, "--json").value
    assert wrong["steps"][-1]["refused"] == "principal_must_be_kept"


def test_movements_open_in_excel(terms, tmp_path):
    events, out = wrote(tmp_path / "events.csv", LATE), tmp_path / "moves.xlsx"
    assert headrace("loan", "replay", events, "--terms", terms, "--out", out).status == 0
    rows = load_workbook(str(out)).get_sheet_by_index(0).to_python()
    assert rows[0] == ["日期", "事项", "借", "贷", "金额"]
    assert rows[1][-1] == 100_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("事项,日期\n买,2024-02-01\n", "repay"),
        ("事项,日期,金额\n还款,2024-02-31,5\n", "a day such as"),
        ("事项,日期,金额\n还款,2024-02-01,\n", "amount is not stated"),
        ("事项,日期,金额,利率\n还款,2024-02-01,5,4%\n", "'rate' is not known"),
        ("事项,日期,金额,倒起息\n还款,2024-02-01,5,maybe\n", "true or false"),
        ("事项,日期,金额\n还款,2024-02-01,5,6,7\n", "does not fit the header"),
        ("事项,日期,金额\n", "there is no event"),
        ("事项,金额\n还款,5\n", "on"),
    ],
)
def test_an_event_that_cannot_be_is_refused_by_its_row(text, said, terms, tmp_path):
    events = wrote(tmp_path / "events.csv", text)
    check_refused(headrace("loan", "replay", events, "--terms", terms), said, "events.csv")


def test_a_toml_of_events_that_cannot_be_is_refused(terms, tmp_path):
    for text, said in (
        ("event = 3", "[[event]]"),
        ("[[events]]\na = 1", "events"),
        ("event = [1]", "[[event]]"),
    ):
        events = wrote(tmp_path / "events.toml", text)
        check_refused(headrace("loan", "replay", events, "--terms", terms), said)
    wrote(events, '[[event]]\nevent = "repay"\non = 2024-02-15\namount = 1\n')
    check_refused(
        headrace("loan", "replay", events, "--terms", terms, "--until", "2023-01-01"), "2024-01-15"
    )


# --- classes ----------------------------------------------------------------------------------


def test_each_number_of_days_has_its_class(tmp_path):
    with CLASS_DAYS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = ["claim,debtor,amount,days_past_due,kind"]
    lines += [f"J{n},C{n},1000,{row['days']},{row['kind']}" for n, row in enumerate(rows)]
    path = wrote(tmp_path / "claims.csv", "\n".join(lines))
    done = headrace("loan", "classify", path, "--on", "2026-03-02", "--lang", "en", "--json").value
    found = [each["class"].replace(" ", "_") for each in done["claims"]]
    assert found == [row["class"] for row in rows]
    assert done["refused"] == []


CLAIMS = """借据号,客户编号,本金余额,逾期天数,下次还款日,上期分类,已减值,客户类型,备注
J1,C1,300000,30,,关注,否,对公,
J2,C1,700000,0,2026-03-20,正常,否,对公,
J3,C2,500000,95,,次级,,零售,
J4,C3,1000,x,,正常,,对公,
J5,C4,20000,0,2026-04-01,可疑,否,对公,
J6,C5,20000,0,2026-04-01,甲,否,对公,
"""


def test_classes_come_with_reasons_clauses_and_the_days_ahead(tmp_path):
    path, out = wrote(tmp_path / "claims.csv", CLAIMS), tmp_path / "classes.xlsx"
    asked = ("loan", "classify", path, "--on", "2026-03-02")
    done = headrace(*asked, "--out", out)
    for said in ("五级分类（2026-03-02）", "次级", "逾期95天", "2 行未使用", "备注"):
        assert said in done.out + done.err, done.out + done.err
    rows = load_workbook(str(out)).get_sheet_by_index(0).to_python()
    heads = {head: at for at, head in enumerate(rows[0])}
    by_claim = {row[0]: row for row in rows[1:]}
    assert by_claim["J2"][heads["次级日"]] == date(2026, 5, 2)  # the debtor's other claim
    assert by_claim["J5"][heads["分类"]] == "可疑"  # nothing rises by itself
    assert "未核实原文" in by_claim["J1"][heads["依据"]]
    found = headrace(*asked, "--json").value
    assert found["bad_share"] == pytest.approx(520_000 / 1_520_000)
    assert [each["row"] for each in found["refused"]] == [4, 6]
    assert "substandard" in headrace(*asked, "--lang", "en").out


def test_what_a_debtor_owes_elsewhere_counts_and_must_not_be_said_twice_differently(tmp_path):
    text = (
        "claim,debtor,amount,days_past_due,他行负债,elsewhere_overdue,elsewhere_bad,impaired\n"
        "J1,C1,1000,0,1000,900,是,否\nJ2,C2,1000,0,1000,0,否,否\n"
    )
    path = wrote(tmp_path / "claims.csv", text)
    found = headrace("loan", "classify", path, "--on", "2026-03-02", "--lang", "en", "--json").value
    assert [each["class"] for each in found["claims"]] == ["substandard", "normal"]
    assert not any(each["unjudged"] for each in found["claims"])
    wrote(path, f"{text}J3,C2,1000,0,2000,0,否,否\n")
    check_refused(headrace("loan", "classify", path, "--on", "2026-03-02"), "debtor C2", "row 2")


def test_before_the_rules_no_class_is_made_up(tmp_path):
    path = wrote(tmp_path / "claims.csv", CLAIMS)
    check_refused(headrace("loan", "classify", path, "--on", "2020-01-01"), "from 2023-07-01 on")
    wrote(path, "debtor,days_past_due\nC1,3\n")
    check_refused(headrace("loan", "classify", path), "amount")


def test_json_has_no_nan_and_is_one_value(book, terms, tmp_path):
    events = wrote(tmp_path / "events.csv", LATE)
    for asked in (
        ("schedule", terms),
        ("cost", terms),
        ("many", book),
        ("replay", events, "--terms", terms),
    ):
        done = headrace("loan", *asked, "--json")
        assert done.status == 0, done.err
        json.loads(done.out, parse_constant=pytest.fail)
