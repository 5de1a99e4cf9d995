"""`headrace voucher`: acts from a sheet, recourse, tiers, double pledges, as typed."""

import csv
import json
from datetime import date
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace
from python_calamine import CalamineWorkbook

TABLE = Path(__file__).parents[1] / "data" / "contracts" / "vouchers.csv"
PARTIES = ("core", "s1", "s2", "s3", "bank", "bank2")
HEAD = "key,on,act,by,target,to,amount,price,due,recourse,paper,payer,trades,made"
READ_COMMANDS = (
    ("pieces",), ("pieces", "--all"), ("money",), ("losses", "--payer", "core"),
    ("tiers", "--payer", "core"), ("tiers", "--payer", "core", "--rate", "3%"),
)  # fmt: skip


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    """The examples in both languages: acts_en.csv, limits_zh.csv, ..."""
    folder = tmp_path_factory.mktemp("sheets")
    for lang in ("en", "zh"):
        for name in ("acts", "limits", "new", "known"):
            to = folder / f"{name}_{lang}.csv"
            done = headrace("voucher", "example", name, "--out", to, "--lang", lang)
            assert done.status == 0, done.err
            assert ("made up" in done.err) == (lang == "en")
    return folder


@pytest.fixture(scope="module")
def ran(sheets):
    """The folder of a run on the example."""
    out = sheets / "run"
    done = headrace("voucher", "run", sheets / "acts_en.csv", "--limits", sheets / "limits_en.csv",
                    "--us", "bank", "--out", out, "--lang", "en")  # fmt: skip
    assert done.status == 0, done.err
    assert "16 acts done, 3 refused, 1 sent again" in done.out
    assert "over the payer's limit" in done.out
    assert "every fen is accounted for: 5 live pieces hold ¥740,000 on 2 papers" in done.out
    assert "headrace voucher losses" in done.out
    return out


def sheet(folder, *lines, head=HEAD, name="acts.csv"):
    """A sheet of these lines."""
    path = folder / name
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


def value(*arguments):
    """What a command says as JSON."""
    done = headrace("voucher", *arguments, "--json")
    assert done.status == 0, done.err
    return done.value


def worked_cases():
    """Rows of the banker's table of worked examples, by case."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {case: list(part) for case, part in groupby(rows, key=lambda row: row["case"])}


@pytest.mark.parametrize("case", worked_cases())
def test_worked_examples_answer_as_the_table_says(case, tmp_path):
    """The table of tests/contracts, typed into a sheet: the same answers, row by row."""
    rows = worked_cases()[case]
    lines = []
    for number, row in enumerate(rows):
        more = dict([*each.split("="), ""][:2] for each in row["more"].split(";") if each)
        cells = [f"{number}", row["on"], row["act"], row["by"], row["target"], row["to"]]
        cells += [row["amount"], row["price"], row["due"], row["recourse"]]
        cells += ["bill" if "bill" in more else "", more.get("payer", ""), more.get("trades", "")]
        lines.append(",".join([*cells, more.get("made", "")]))
    parties = sheet(tmp_path, *PARTIES, head="party", name="parties.csv")
    acts = sheet(tmp_path, *lines)
    found = value("run", acts, "--limits", parties, "--closed")
    assert found["quarantine"] == []
    assert found["gaps"] == []
    assert [each["answer"] for each in found["answers"]] == [row["answer"] for row in rows]


def test_chinese_sheets_say_the_same(sheets):
    both = [
        value("run", sheets / f"acts_{lang}.csv", "--limits", sheets / f"limits_{lang}.csv")
        for lang in ("en", "zh")
    ]
    for found in both:
        for row in found["answers"]:
            del row["act"], row["paper"], row["says"]
    assert both[0] == both[1]
    text = (sheets / "acts_zh.csv").read_text(encoding="utf-8-sig")
    assert text.startswith("幂等键,日期,操作")
    done = headrace("voucher", "run", sheets / "acts_zh.csv", "--limits", sheets / "limits_zh.csv")
    assert "逐分守恒" in done.out
    assert "未在统一登记系统登记" in done.out


def test_a_folder_is_the_run_again(ran, sheets):
    given = (sheets / "acts_en.csv", "--limits", sheets / "limits_en.csv")
    for command in READ_COMMANDS:
        name, *options = command
        of_folder, of_sheet = value(name, ran, *options), value(name, *given, *options)
        rows = of_sheet if isinstance(of_sheet, list) else []
        for row in [*rows, *(of_folder if isinstance(of_folder, list) else [])]:
            row.pop("row", None)
        assert of_folder == of_sheet
    assert pq.read_table(ran / "pieces.parquet")["unpaid_minor"].to_pylist()[0] == 90_000_00
    moves = pq.read_table(ran / "movements.parquet").to_pylist()
    assert {row["party"] for row in moves} == {"bank", None}
    assert sum(row["amount_minor"] for row in moves if row["memo"] == "paper_bought") == 392_700_00


def test_workbooks_say_words_and_yuan(ran):
    book = CalamineWorkbook.from_path(str(ran / "pieces.xlsx"))
    head, first, *_ = book.get_sheet_by_index(0).to_python()
    row = dict(zip(head, first, strict=True))
    assert (row["Unpaid"], row["State"], row["Since"]) == (90_000.0, "live", date(2026, 7, 2))
    moves = (
        CalamineWorkbook.from_path(str(ran / "movements.xlsx")).get_sheet_by_index(0).to_python()
    )
    assert moves[1][1:4] == [date(2026, 2, 2), "voucher receivable", "cash"]


def test_losses_follow_recourse_and_add_up(ran):
    found = value("losses", ran, "--payer", "core")
    borne = {row["party"]: row["bears_minor"] for row in found["borne"]}
    assert borne == {"maker": 450_000_00, "mould": 90_000_00, "bank": 0, "parts": 0}
    assert sum(borne.values()) == 540_000_00
    told = headrace("voucher", "losses", ran, "--payer", "core", "--lang", "en")
    assert "parts (without recourse)" in told.out
    assert "interest and costs of recourse are not counted" in told.out


def test_tiers_say_what_money_costs_beside_the_payer(ran):
    found = value("tiers", ran, "--payer", "core", "--rate", "0.03")
    assert [row["reached_minor"] for row in found["tiers"]] == [600_000_00, 300_000_00, 100_000_00]
    assert all(row["spread"] == pytest.approx(row["rate"] - 0.03) for row in found["tiers"])
    # 2,400 on 97,600 from 12 February to 30 June: 138 days.
    assert found["tiers"][2]["rate"] == pytest.approx(2_400 * 365 / (97_600 * 138))
    assert [row["firm"] for row in found["behind"]] == ["mould"]
    assert value("tiers", ran, "--payer", "core")["tiers"][0]["spread"] is None


def test_one_paper_has_its_history_and_money(ran):
    found = value("paper", "V1", ran)
    assert (found["status"], found["paid_minor"]) == ("defaulted", 60_000_00)
    assert len(found["pieces"]) == 13
    assert [row["amount_minor"] for row in found["money"] if row["why"] == "recourse"] == [
        87_600_00
    ]
    assert value("paper", "V1/1/0", ran) == found, "a piece names its paper"
    assert "已拒付" in headrace("voucher", "paper", "V1", ran).out
    check_refused(headrace("voucher", "paper", "V2", ran, "--lang", "en"), "no paper 'V2'", "V1")


def test_rows_that_cannot_be_read_are_set_aside_and_the_rest_is_done(tmp_path):
    acts = sheet(
        tmp_path,
        "1,2026-01-05,issue,core,V1,s1,600.005,,2026-06-30,,,,INV,",
        "2,2026-13-05,issue,core,V2,s1,600,,2026-06-30,,,,INV,",
        "3,2026-01-05,sell,core,V3,s1,600,,2026-06-30,,,,INV,",
        "4,2026-01-05,issue,core,V4,s1,600,,,,,,INV,",
        "5,2026-01-05,issue,core,V/5,s1,600,,2026-06-30,,,,INV,",
        '6,2026-01-05,set_limit,,,core,"1,000.50",,,,,,,',
        "7,2026-01-05,issue,core,V7,s1,1000.5,,2026-06-30,maybe,,,INV,",
        "8,2026-01-05,issue,core,V8,s1,1000.5,,2026-06-30,,,,INV,",
        "9,2026-01-05,issue",
        ",,,,,,,,,,,,,",
    )
    done = headrace("voucher", "run", acts, "--out", tmp_path / "out", "--lang", "en")
    assert done.status == 0, done.err
    assert "2 acts done, 0 refused" in done.out
    assert "7 of 9 rows cannot be read" in done.err
    aside = pq.read_table(tmp_path / "out/quarantine.parquet").to_pylist()
    assert [(row["row"], row["column"]) for row in aside] == [
        (1, "amount"), (2, "on"), (3, "act"), (4, "due"), (5, "target"), (7, "recourse"), (9, ""),
    ]  # fmt: skip
    assert "issue needs it" in aside[3]["reason"]
    assert "开立必填" in aside[3]["reason_zh"]
    headrace("voucher", "run", sheet(tmp_path, "1,2026-01-05,set_limit,,,core,5,,,,,,,"),
             "--out", tmp_path / "out")  # fmt: skip
    assert not (tmp_path / "out/quarantine.parquet").exists(), "of an earlier run"


def test_a_column_that_means_nothing_is_told(tmp_path):
    acts = sheet(tmp_path, "2026-01-05,set_limit,core,5,yes", head="on,act,to,amount,recours")
    done = headrace("voucher", "run", acts, "--lang", "en")
    assert "columns without meaning here: recours" in done.err
    check_refused(
        headrace("voucher", "run", sheet(tmp_path, "1,2", head="on,wat")), "no column for act"
    )
    twice = sheet(tmp_path, "2026-01-05,set_limit,core,5,500", head="on,act,to,amount,amount_minor")
    check_refused(headrace("voucher", "run", twice), "amount, amount_minor", "keep one column")


def test_parties_that_are_not_listed_are_unknown_where_the_list_is_closed(tmp_path):
    parties = sheet(tmp_path, "core,1000", "s1,", "core,5", head="party,limit", name="limits.csv")
    acts = sheet(tmp_path, "1,2026-01-05,issue,core,V1,sl,600,,2026-06-30,,,,INV,")
    options = (acts, "--limits", parties)
    done = headrace("voucher", "run", *options, "--closed", "--out", tmp_path / "out", "--json")
    assert [row["answer"] for row in done.value["answers"]] == ["party_unknown"]
    assert "与第 1 行重复" in done.err
    assert value("run", *options)["answers"][0]["answer"] == "applied"
    assert value("pieces", tmp_path / "out") == [], "closed stays closed"
    check_refused(headrace("voucher", "run", acts, "--closed"), "--limits")


def test_parquet_and_xlsx_are_read_too(tmp_path):
    rows = {
        "key": ["1", "2"], "on": [date(2026, 1, 5)] * 2, "act": ["set_limit", "开立"],
        "by": [None, "core"], "target": [None, "V1"], "to": ["core", "s1"],
        "amount_minor": [100_000, 60_001], "due": [None, date(2026, 6, 30)],
        "trades": [None, ["INV-1", "INV-2"]],
    }  # fmt: skip
    pq.write_table(pa.table(rows), tmp_path / "acts.parquet")
    found = value("run", tmp_path / "acts.parquet", "--out", tmp_path / "out")
    assert found["unpaid_minor"] == 60_001
    again = value("run", tmp_path / "out/answers.xlsx")
    assert again["unpaid_minor"] == 60_001, "what was written for people is read again"


def test_a_long_term_is_a_question_and_no_refusal(tmp_path):
    acts = sheet(
        tmp_path,
        "1,2026-01-05,set_limit,,,core,600,,,,,,,",
        "2,2026-01-05,issue,core,V1,s1,600,,2026-12-30,,,,INV,",
    )
    done = headrace("voucher", "run", acts, "--lang", "en")
    assert "V1 runs longer than 6 months" in done.out
    assert "银发〔2025〕77号" in done.out


def test_a_double_pledge_is_refused_with_its_reason(sheets, tmp_path):
    given = (sheets / "new_en.csv", "--known", sheets / "known_en.csv")
    done = headrace("voucher", "check", *given, "--lang", "en", "--out", tmp_path / "found.xlsx")
    assert done.status == 1
    assert "2 refused, 3 to be looked at, 1 without a finding" in done.out
    assert "financed beyond its amount" in done.out
    found = headrace("voucher", "check", *given, "--json")
    assert found.value["refused"] == ["N1", "N4"]
    assert found.value["raised"] == ["N2", "N3", "N6"]
    assert found.value["clear"] == ["N5"]
    reasons = {(row["claim"], row["reason"]) for row in found.value["findings"]}
    assert {("N4", "same_lot"), ("N6", "blanket"), ("N3", "order_and_invoice")} <= reasons
    table = CalamineWorkbook.from_path(str(tmp_path / "found.xlsx")).get_sheet_by_index(0)
    assert len(table.to_python()) == 1 + len(found.value["findings"])
    chinese = headrace(
        "voucher", "check", sheets / "new_zh.csv", "--known", sheets / "known_zh.csv"
    )
    assert "同批次、同库位、同时段货物重复质押" in chinese.out


def test_nothing_found_exits_0_and_what_cannot_be_compared_does_not(sheets, tmp_path):
    head = "claim,kind,seller,buyer,number,amount"
    fine = sheet(tmp_path, "N1,invoice,a,b,77,5", head=head, name="new.csv")
    assert headrace("voucher", "check", fine, "--known", sheets / "known_en.csv").status == 0
    assert headrace("voucher", "check", fine).status == 0
    lines = ("N1,invoice,a,b,,5", "N2,invoice,a,b,7,-5", "N3,deed,a,b,7,5", "N4,invoice,a,b,7,5",
             "N4,invoice,a,b,8,5")  # fmt: skip
    bad = sheet(tmp_path, *lines, head=head, name="bad.csv")
    done = headrace("voucher", "check", bad, "--json")
    assert done.status == 1, "a row that is not compared is not clear"
    assert [row["row"] for row in done.value["quarantine"]] == [1, 2, 3, 5]
    assert done.value["clear"] == ["N4"]
    known = headrace("voucher", "check", fine, "--known", bad, "--json")
    assert known.status == 1, "a known claim that cannot be read may be the same"
    assert len(known.value["known_quarantine"]) == 4


BAD = [
    (("run", "NONE"), "check its name"),
    (("run", "FOLDER"), "cannot be read"),
    (("run", "ACTS", "--us", "bnak"), "is bank meant?"),
    (("run", "ACTS", "--lang", "fr"), "zh or en"),
    (("run", "ACTS", "--out", "ACTS"), "the folder cannot be made"),
    (("pieces", "EMPTY"), "answers.parquet"),
    (("pieces", "FOLDER", "--limits", "ACTS"), "leave it out"),
    (("pieces", "FOLDER", "--out", "x.doc"), ".parquet"),
    (("losses", "FOLDER", "--payer", "maker"), "there are: core, bank"),
    (("tiers", "FOLDER", "--payer", "core", "--rate", "3"), "3% or 0.03"),
    (("tiers", "FOLDER", "--payer", "core", "--rate", "nan"), "3% or 0.03"),
    (("check", "ACTS"), "no column for claim"),
    (("check", "ACTS", "--known", "ACTS", "--out", "/no/such/x.csv"), "no such folder"),
    (("example", "act"), "acts, limits"),
]


@pytest.mark.parametrize(("typed", "said"), BAD)
def test_what_cannot_be_is_refused_with_a_remedy(typed, said, ran, sheets, tmp_path):
    known = {"FOLDER": ran, "ACTS": sheets / "acts_en.csv", "EMPTY": tmp_path,
             "NONE": tmp_path / "none.csv"}  # fmt: skip
    check_refused(headrace("voucher", *(known.get(each, each) for each in typed)), said)


@pytest.mark.parametrize("seed", range(12))
def test_spoilt_sheets_end_in_a_status(seed, sheets, tmp_path):
    """Bytes changed at random, cells swapped: rows are set aside or refused, nothing breaks."""
    rng = np.random.default_rng(seed)
    for name, command in (("acts", "run"), ("new", "check"), ("limits", "run")):
        data = bytearray((sheets / f"{name}_{('en', 'zh')[seed % 2]}.csv").read_bytes())
        for place in rng.integers(0, len(data), 12):
            data[place] = int(rng.choice([0, 10, 34, 44, 47, 48, 57, 0xFF, rng.integers(256)]))
        path = tmp_path / f"{name}.csv"
        path.write_bytes(bytes(data))
        extra = ("--limits", path) if name == "limits" else ()
        given = sheets / "acts_en.csv" if name == "limits" else path
        done = headrace("voucher", command, given, *extra, "--json")
        assert done.status in (0, 1, 2), done.err
        assert "Traceback" not in done.err
        if done.status != 2:
            found = json.loads(done.out, parse_constant=pytest.fail)
            assert found.get("gaps", []) == []
