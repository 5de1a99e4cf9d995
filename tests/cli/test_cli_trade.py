"""`headrace payment`, `order`, `shipping` and what they book on a ledger, as typed."""

import csv
import json
from datetime import date

import numpy as np
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from commands import check_refused, headrace
from python_calamine import CalamineWorkbook

from headrace.adapters.stores.ledger import open_ledger
from headrace.ledger import chart
from headrace.ledger.transfer import Transfer

KINDS = ("payment", "order", "shipping")
COUNTS = {"payment": (16, 5, 1), "order": (9, 3, 0), "shipping": (13, 4, 0)}
"""Acts of the example that are done, refused and sent again, without a ledger."""


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    """The examples in both languages: payment_en.csv, order_zh.csv, ..."""
    folder = tmp_path_factory.mktemp("sheets")
    for lang in ("en", "zh"):
        for name in KINDS:
            to = folder / f"{name}_{lang}.csv"
            assert headrace(name, "example", "--out", to, "--lang", lang).status == 0
        for name in ("acts", "limits"):
            to = folder / f"{name}_{lang}.csv"
            assert headrace("voucher", "example", name, "--out", to, "--lang", lang).status == 0
    return folder


def written(tmp_path, text, name="acts.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def trial(ledger):
    """Balance by code of what is on a ledger, and that it is sound."""
    assert headrace("ledger", "verify", ledger, "--json").value["holds"]
    rows = headrace("ledger", "trial", ledger, "--json").value
    assert sum(row["balance"] for row in rows) == 0
    return {row["code"]: row["balance"] for row in rows}


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_says_the_same_in_both_languages(kind, sheets):
    found = [
        headrace(kind, "run", sheets / f"{kind}_{lang}.csv", "--json", "--lang", lang).value
        for lang in ("en", "zh")
    ]
    english, chinese = found
    for each in found:
        counts = (each["applied"], each["refused"], each["repeated"])
        assert counts == COUNTS[kind]
        assert (each["quarantine"], each["ledger"]) == ([], None)
    assert english["contracts"] == chinese["contracts"]
    assert english["totals"] == chinese["totals"]
    assert english["movements"] == chinese["movements"]
    one = [(row["answer"], row["amount_minor"], row["status"]) for row in english["answers"]]
    two = [(row["answer"], row["amount_minor"], row["status"]) for row in chinese["answers"]]
    assert one == two
    assert all(a["act"] != b["act"] for a, b in zip(*(f["answers"] for f in found), strict=True))


SHOWN = {
    ("payment", "en"): ("checker and approver are one", "not the account named", "drawn, waits"),
    ("payment", "zh"): ("复核人与经办人为同一人", "收款账号不符", "已放款待付", "受托支付待付款"),
    ("order", "en"): ("over the financed share; at most ¥260,000", "¥70,000 to be repaid"),
    ("order", "zh"): ("超过订单可融资额；最多可支用 ¥260,000", "须归还 ¥70,000", "超额待还"),
    ("shipping", "en"): ("shipping is stopped", "the core owes ¥300,000", "closed"),
    ("shipping", "zh"): ("首付保证金不足；不少于 ¥300,000", "核心企业应退 ¥300,000", "已结清"),
}


@pytest.mark.parametrize(("kind", "lang"), SHOWN)
def test_people_read_what_became_of_each_act(kind, lang, sheets, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    done = headrace(kind, "run", sheets / f"{kind}_{lang}.csv", "--lang", lang)
    assert done.status == 0, done.err
    for each in SHOWN[kind, lang]:
        assert each in done.out
    assert "Refused" not in done.out
    assert "NOT" not in done.out


def test_all_four_sheets_are_booked_on_one_ledger(sheets, tmp_path):
    ledger = tmp_path / "trade.db"
    for kind in KINDS:
        done = headrace(kind, "run", sheets / f"{kind}_zh.csv", "--ledger", ledger, "--json")
        assert done.status == 0, done.err
        assert done.value["ledger"]["balanced"]
    given = ("voucher", "run", sheets / "acts_zh.csv", "--limits", sheets / "limits_zh.csv")
    done = headrace(*given, "--us", "bank", "--ledger", ledger, "--json")
    assert done.status == 0, done.err
    found = trial(ledger)
    # Paid to the mill, waiting for the forge, drawn on two orders; the deal is closed.
    assert found["1303"] == (400_000 + 300_000 + 560_000 + 200_000) * 100
    assert found["224101"] == -300_000_00
    assert found["4001"] == -5_000_000_00
    assert found["2002"] == 0
    booked = done.value["ledger"]
    assert booked["held"] == {"CNY": 300_000_00}
    assert booked["cash"] == {"CNY": found["1011"]}
    head = booked["head"]
    for kind in KINDS:
        again = headrace(kind, "run", sheets / f"{kind}_en.csv", "--ledger", ledger, "--json")
        assert again.value["ledger"]["new"] == 0
        assert again.value["ledger"]["there"] > 0
        assert again.value["ledger"]["contradicted"] == []
    again = headrace(*given, "--us", "bank", "--ledger", ledger, "--json").value["ledger"]
    assert (again["new"], again["there"], again["head"]) == (0, booked["new"], head)


def test_without_cash_on_the_ledger_nothing_is_drawn(sheets, tmp_path):
    text = (sheets / "payment_en.csv").read_text(encoding="utf-8-sig")
    poor = written(tmp_path, text.replace(",1000000,", ",800000,"))
    ledger = tmp_path / "trade.db"
    done = headrace("payment", "run", poor, "--ledger", ledger, "--lang", "en")
    assert done.out.count("not enough free cash on the ledger: ¥400,000") == 1
    assert "cash ¥400,000, of it held for payees ¥300,000, free ¥100,000" in done.out
    assert trial(ledger)["1303"] == (400_000 + 300_000) * 100


def test_rows_are_added_and_the_rest_stands(sheets, tmp_path):
    text = (sheets / "payment_en.csv").read_text(encoding="utf-8-sig")
    lines = text.splitlines(keepends=True)
    ledger = tmp_path / "trade.db"
    first = written(tmp_path, "".join(lines[:14]), "first.csv")
    booked = headrace("payment", "run", first, "--ledger", ledger, "--json").value["ledger"]
    whole = headrace("payment", "run", sheets / "payment_en.csv", "--ledger", ledger, "--json")
    assert whole.value["ledger"]["there"] == booked["new"]
    other = tmp_path / "other.db"
    once = headrace("payment", "run", sheets / "payment_en.csv", "--ledger", other, "--json")
    assert whole.value["contracts"] == once.value["contracts"]
    assert trial(ledger) == trial(other)


def test_a_sheet_that_was_changed_after_it_was_booked_ends_in_status_1(sheets, tmp_path):
    ledger = tmp_path / "trade.db"
    assert headrace("payment", "run", sheets / "payment_en.csv", "--ledger", ledger).status == 0
    before = trial(ledger)
    text = (sheets / "payment_en.csv").read_text(encoding="utf-8-sig")
    changed = written(tmp_path, text.replace("PAY-1,wang", "PAY-1,li"))
    for lang, said in (("zh", "此前已记账，现表未办理：P13"), ("en", "not done by the sheet")):
        done = headrace("payment", "run", changed, "--ledger", ledger, "--lang", lang)
        assert done.status == 1
        assert said in done.out
    assert trial(ledger) == before


def test_a_book_of_loans_keeps_its_ledger_to_itself(sheets, tmp_path):
    books, path = chart.shipped("bank"), tmp_path / "ledger.db"
    cash, capital = books.account("cash"), books.account("capital")
    with open_ledger(str(path)) as ledger:
        funded = Transfer("loan-1.0", cash.id, capital.id, 1, date(2026, 1, 1))
        assert ledger.commit(1, [funded], [cash, capital]).all_held
    for given in (
        ("order", "run", sheets / "order_en.csv"),
        ("voucher", "run", sheets / "acts_en.csv", "--us", "bank"),
    ):
        check_refused(headrace(*given, "--ledger", path), "book of loans", "--ledger")


def test_a_ledger_of_vouchers_is_that_of_one_party(sheets, tmp_path):
    acts = sheets / "acts_en.csv"
    more = ("--limits", sheets / "limits_en.csv", "--ledger", tmp_path / "v.db")
    check_refused(headrace("voucher", "run", acts, *more), "--us")
    check_refused(headrace("voucher", "run", acts, *more, "--us", "bank", "--us", "core"), "2")
    check_refused(headrace("voucher", "run", acts, *more, "--us", "bnk"), "is bank meant?")
    poor = headrace("voucher", "run", acts, *more, "--us", "bank")
    check_refused(poor, "row 7, A07", "free cash", "账上可用资金不足")
    text = acts.read_text(encoding="utf-8-sig").replace("A03,", ",")
    unkeyed = written(tmp_path, text)
    check_refused(headrace("voucher", "run", unkeyed, *more, "--us", "bank"), "row 3", "key")


def test_a_voucher_sheet_goes_on_once_there_is_cash(sheets, tmp_path):
    ledger = tmp_path / "v.db"
    given = ("voucher", "run", sheets / "acts_en.csv", "--limits", sheets / "limits_en.csv",
             "--us", "bank", "--ledger", ledger, "--json")  # fmt: skip

    def fund(key, yuan):
        text = f"key,on,act,amount\n{key},2026-01-01,fund,{yuan}\n"
        path = written(tmp_path, text, f"{key}.csv")
        assert headrace("order", "run", path, "--ledger", ledger).status == 0

    fund("F1", 100_000)
    check_refused(headrace(*given), "row 9, A09", "¥1,400")
    fund("F2", 500_000)
    found = headrace(*given).value["ledger"]
    assert (found["there"], found["new"]) == (2, 9)
    assert trial(ledger)["1011"] == found["cash"]["CNY"]


def test_tables_go_to_files_that_people_and_programs_open(sheets, tmp_path):
    out = tmp_path / "out"
    bad = (sheets / "shipping_zh.csv").read_text(encoding="utf-8-sig") + "S18,昨天,放货,,,,x,,,\n"
    path = written(tmp_path, bad)
    done = headrace("shipping", "run", path, "--out", out)
    assert done.status == 0
    assert "1 行无法读取" in done.err or "中有 1 行" in done.err
    names = {each.name for each in out.iterdir()}
    assert names == {
        f"{name}.{ending}"
        for name in ("answers", "contracts", "totals", "movements", "quarantine")
        for ending in ("xlsx", "parquet")
    }
    rows = CalamineWorkbook.from_path(out / "contracts.xlsx").get_sheet_by_index(0).to_python()
    told = dict(zip(rows[0], rows[1], strict=True))
    assert (told["协议号"], told["状态"], told["货款"]) == ("BDC-1", "已结清", 1_000_000)
    rows = CalamineWorkbook.from_path(out / "movements.xlsx").get_sheet_by_index(0).to_python()
    assert rows[2][2:5] == ["银行存款", "存入保证金", 300_000]
    aside = pq.read_table(out / "quarantine.parquet").to_pylist()
    assert {row["column"] for row in aside} == {"on", "amount"}
    assert pq.read_table(out / "contracts.parquet")["goods_minor"].to_pylist() == [100_000_000]
    assert headrace("shipping", "run", sheets / "shipping_zh.csv", "--out", out).status == 0
    assert not (out / "quarantine.xlsx").exists()


def test_a_workbook_is_read_and_an_account_typed_as_a_number_is_set_aside(tmp_path):
    head = [
        "幂等键",
        "日期",
        "操作",
        "支付编号",
        "借款人",
        "收款人",
        "收款账号",
        "对应单据",
        "金额",
    ]
    rows = [
        ["K1", "2026-03-02", "申请", "P1", "甲公司", "乙公司", "6222021234567890123", "发票1", 100],
        ["K2", "2026-03-02", "申请", "P2", "甲公司", "乙公司", 6222021234567890123, "发票2", 100],
        ["K3", "2026-03-02", "申请", "P3", "甲公司", "乙公司", 62220212345, "发票3", 0.005],
        ["K4", "2026-03-02", "撤销", "P1", "", "", "", "", ""],
    ]
    path = tmp_path / "acts.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([head, *rows]):
            sheet.write_row(at, 0, row)
    done = headrace("payment", "run", path, "--json")
    assert [(row["row"], row["column"]) for row in done.value["quarantine"]] == [
        (2, "account"), (3, "amount"),
    ]  # fmt: skip
    assert "单元格须设为文本格式" in done.err
    assert [row["status"] for row in done.value["contracts"]] == ["cancelled"]


def test_totals_are_told_by_currency(tmp_path):
    text = (
        "key,on,act,order,buyer,seller,amount,share,currency\n"
        "1,2026-01-05,fund,,,,500,,USD\n"
        "2,2026-01-05,enter,A,b,s,1000,80%,USD\n"
        "3,2026-01-05,enter,B,b,s,1000,0.5,\n"
        "4,2026-01-05,draw,A,,,500,,\n"
        "5,2026-01-05,draw,B,,,500,,\n"
        "6,2026-01-05,draw,A,,,1,,CNY\n"
    )
    ledger = tmp_path / "t.db"
    given = ("order", "run", written(tmp_path, text), "--ledger", ledger)
    found = headrace(*given, "--json").value
    drawn = [(row["currency"], row["drawn_minor"], row["room_minor"]) for row in found["totals"]]
    assert drawn == [("CNY", 0, 50_000), ("USD", 50_000, 30_000)]
    answers = [row["answer"] for row in found["answers"]]
    assert answers == ["done", "done", "done", "done", "not_enough_cash", "currency_differs"]
    assert found["ledger"]["cash"] == {"USD": 0}
    told = headrace(*given, "--lang", "en").out
    assert "$500" in told
    assert "cash $0" in told
    assert "500.00 USD drawn on the order" in " ".join(told.split())


def test_a_long_sheet_shows_what_was_refused(tmp_path):
    head = "key,on,act,deal,dealer,core,amount,share,due\n"
    rows = [f"{at},2026-01-05,agree,D{at},d,c,100,30%,2026-09-01\n" for at in range(60)]
    path = written(tmp_path, head + "".join(rows) + "x,2026-01-05,ship,D1,,,5,,\n")
    done = headrace("shipping", "run", path, "--lang", "en")
    assert "60 acts done, 1 refused" in done.out
    assert "Refused" in done.out
    assert "more than was released; at most ¥0" in done.out
    assert "20 more" in done.out


WRONG = [
    (("payment", "run", "none.csv"), "check its name"),
    (("payment", "run", "acts.doc"), ".xlsx"),
    (("order", "run", "acts.csv", "--lang", "fr"), "zh or en"),
    (("shipping", "run", "acts.csv"), "act"),
    (("order", "run", "good.csv", "--ledger", "acts.csv"), "acts.csv"),
    (("order", "run", "good.csv", "--ledger", "no/such/folder.db"), "folder.db"),
    (("order", "run", "good.csv", "--out", "acts.csv"), "acts.csv"),
]


@pytest.mark.parametrize(("given", "said"), WRONG)
def test_what_cannot_be_used_says_what_and_where(given, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "a,b\n1,2\n")
    written(tmp_path, "key,on,act,amount\n1,2026-01-01,fund,5\n", "good.csv")
    check_refused(headrace(*given), said)


def test_an_empty_sheet_and_one_with_nothing_to_use_are_no_crash(tmp_path):
    path = written(tmp_path, "key,on,act,amount\n1,yesterday,fund,5\n")
    for kind in KINDS:
        done = headrace(kind, "run", path, "--ledger", tmp_path / "t.db", "--lang", "en")
        assert done.status == 0, done.err
        assert "0 acts done" in done.out
        assert "yesterday" in done.err


@pytest.mark.parametrize("seed", range(15))
def test_spoilt_sheets_end_in_a_status_and_a_sound_ledger(seed, sheets, tmp_path):
    rng = np.random.default_rng(seed)
    kind, lang = KINDS[seed % 3], ("en", "zh")[seed % 2]
    data = (sheets / f"{kind}_{lang}.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(data.splitlines()))
    cells = [cell for row in rows[1:] for cell in row] + [
        "1e30",
        "-5",
        "nan",
        "是",
        "\x00",
        "0.001",
    ]
    for _ in range(12):
        row = rows[int(rng.integers(1, len(rows)))]
        row[int(rng.integers(len(row)))] = str(rng.choice(cells))
    text = "\n".join(",".join(row) for row in rows)
    ledger = tmp_path / "t.db"
    path = written(tmp_path, text)
    done = headrace(kind, "run", path, "--ledger", ledger, "--json", "--lang", lang)
    assert done.status in (0, 1, 2), done.err
    assert "Traceback" not in done.err
    if done.status == 2:
        return
    before = trial(ledger)
    found = json.loads(done.out)
    again = headrace(kind, "run", path, "--ledger", ledger, "--json", "--lang", lang).value
    assert trial(ledger) == before
    assert (again["ledger"]["new"], again["contracts"]) == (0, found["contracts"])
    assert [row["done"] for row in again["answers"]] == [row["done"] for row in found["answers"]]
