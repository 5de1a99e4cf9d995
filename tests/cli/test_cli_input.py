"""Bad, strange and foreign input through the whole run: refused with words, or set aside by row.

The same facts in another form must give the same decisions.
"""

import csv
import os
import shutil
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from commands import check_refused, decisions, headrace

TABLES = ("purchase_invoices", "sales_invoices", "firms", "credit_records", "rate_response")
INVOICES = TABLES[:2]
GRAPH = ("people", "ownership", "relations", "transfers", "exposures")
CHINESE = {
    "firm_id": "企业代号",
    "invoice_number": "发票号码",
    "date": "开票日期",
    "buyer_id": "购方单位代号",
    "seller_id": "销方单位代号",
    "amount": "金额",
    "tax": "税额",
    "total": "价税合计",
    "status": "发票状态",
    "void_date": "作废日期",
    "corrects_number": "红字对应号码",
    "name": "企业名称",
    "industry": "行业",
    "region": "地区",
    "defaulted": "是否违约",
    "rate": "贷款年利率",
    "rating_a": "流失率A",
    "rating_b": "流失率B",
    "rating_c": "流失率C",
}
CHINESE_WORDS = {"valid": "有效发票", "voided": "作废发票", "yes": "是", "no": "否"}
FULL_WIDTH = str.maketrans("0123456789.,-", "０１２３４５６７８９．，－")
EXCEL_DAY_ZERO = 25_569  # of 1970-01-01


def take(folder: Path, name: str) -> pa.Table:
    """A table of the economy, whose file is taken away."""
    file = folder / f"{name}.parquet"
    table = pq.read_table(file)
    file.unlink()
    return table


def put(folder: Path, name: str, table: pa.Table) -> None:
    pq.write_table(table, folder / f"{name}.parquet")


def write_csv(path: Path, rows: list[list[object]], encoding: str = "utf-8") -> None:
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows(rows)


def rows_of(table: pa.Table, show) -> list[list[object]]:
    """Header and rows; `show(column name, value)` writes a cell."""
    body = [
        [show(name, value) for name, value in zip(table.column_names, row.values(), strict=True)]
        for row in table.to_pylist()
    ]
    return [list(table.column_names), *body]


def plainly(_: str, value: object) -> object:
    return "" if value is None else str(value)


def as_csv(folder: Path) -> None:
    for name in TABLES:
        pa_csv.write_csv(take(folder, name), folder / f"{name}.csv")


def as_chinese_gbk(folder: Path) -> None:
    """What a Chinese bank's Excel saves: GB18030, Chinese headers and words, a mapping to match."""
    mapping = (folder / "mapping.toml").read_text(encoding="utf-8")
    for name in (*TABLES, *GRAPH):
        rows = rows_of(take(folder, name), plainly)
        rows[0] = [CHINESE.get(str(cell), cell) for cell in rows[0]]
        rows[1:] = [[CHINESE_WORDS.get(str(cell), cell) for cell in row] for row in rows[1:]]
        write_csv(folder / f"{name}.csv", rows, encoding="gb18030")
    for english, chinese in CHINESE.items():
        mapping = mapping.replace(f'= "{english}"', f'= "{chinese}"')
    mapping = mapping.replace("{ valid =", '{ "有效发票" =').replace("voided =", '"作废发票" =')
    mapping = mapping.replace("{ yes =", '{ "是" =').replace(", no =", ', "否" =')
    (folder / "mapping.toml").write_text(mapping, encoding="utf-8")


def serial(value) -> int:
    return (value - type(value)(1970, 1, 1)).days + EXCEL_DAY_ZERO


def as_csv_with_serials(folder: Path) -> None:
    """Dates as the numbers that a spreadsheet keeps them as."""

    def show(name: str, value: object) -> object:
        dated = name in ("date", "void_date") and value is not None
        return serial(value) if dated else plainly(name, value)

    for name in INVOICES:
        write_csv(folder / f"{name}.csv", rows_of(take(folder, name), show))


def as_csv_with_written_amounts(folder: Path) -> None:
    """Thousands separators in one table, full-width digits as well in the other."""

    def grouped(name: str, value: object) -> object:
        return f"{value:,}" if isinstance(value, Decimal) else plainly(name, value)

    def wide(name: str, value: object) -> object:
        return str(grouped(name, value)).translate(FULL_WIDTH) if name != "date" else str(value)

    for name, show in zip(INVOICES, (grouped, wide), strict=True):
        rows = rows_of(take(folder, name), grouped)
        amounts = {rows[0].index(each) for each in ("amount", "tax", "total")}
        rows[1:] = [
            [show("amount", cell) if at in amounts else cell for at, cell in enumerate(row)]
            for row in rows[1:]
        ]
        write_csv(folder / f"{name}.csv", rows)


def as_xlsx(folder: Path) -> None:
    """Workbooks as a spreadsheet program saves them: typed numbers, dates as formatted serials."""
    for name in TABLES:
        table = take(folder, name)
        with xlsxwriter.Workbook(folder / f"{name}.xlsx") as book:
            dated = book.add_format({"num_format": "yyyy-mm-dd"})
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, table.column_names)
            for at, column in enumerate(table.columns):
                for row, value in enumerate(column.to_pylist(), start=1):
                    if isinstance(value, str):
                        sheet.write_string(row, at, value)
                    elif isinstance(value, Decimal | float):
                        sheet.write_number(row, at, float(value))
                    elif value is not None:
                        sheet.write_number(row, at, serial(value), dated)


def as_xlsx_with_bare_serials(folder: Path) -> None:
    """As above, but the dates have lost their format."""
    for name in INVOICES:
        table = take(folder, name)
        with xlsxwriter.Workbook(folder / f"{name}.xlsx") as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, table.column_names)
            for row, values in enumerate(table.to_pylist(), start=1):
                for at, value in enumerate(values.values()):
                    bare = serial(value) if hasattr(value, "year") else value
                    number = float(bare) if isinstance(bare, Decimal) else bare
                    sheet.write(row, at, number) if number is not None else None


@pytest.mark.parametrize(
    "form",
    [as_csv, as_chinese_gbk, as_csv_with_serials, as_csv_with_written_amounts, as_xlsx,
     as_xlsx_with_bare_serials],
)  # fmt: skip
def test_the_same_facts_in_another_form_give_the_same_decisions(ran, run, copy, tmp_path, form):
    form(copy)
    done = run(copy)
    assert done.status == 0, done.err
    facts = "select * from invoice order by id"
    want, found = (headrace("query", facts, "--out", out, "--json").value for out in
                   (ran, tmp_path / "out"))  # fmt: skip
    assert found == want
    assert decisions(tmp_path / "out") == decisions(ran)


def truncated(folder: Path) -> None:
    file = folder / "sales_invoices.parquet"
    file.write_bytes(file.read_bytes()[:-100])


def of_no_bytes(folder: Path) -> None:
    (folder / "sales_invoices.parquet").write_bytes(b"")


def misspelt(folder: Path) -> None:
    table = take(folder, "sales_invoices")
    put(folder, "sales_invoices", table.rename_columns(
        ["amuont" if name == "amount" else name for name in table.column_names]))  # fmt: skip


def gone(folder: Path) -> None:
    take(folder, "credit_records")


def twice(folder: Path) -> None:
    pa_csv.write_csv(pq.read_table(folder / "firms.parquet"), folder / "firms.csv")


def a_folder(folder: Path) -> None:
    take(folder, "firms")
    (folder / "firms.parquet").mkdir()


def without_invoices(folder: Path) -> None:
    for name in INVOICES:
        put(folder, name, take(folder, name).slice(0, 0))


def without_rates(folder: Path) -> None:
    put(folder, "rate_response", take(folder, "rate_response").slice(0, 0))


def of_binary(folder: Path) -> None:
    take(folder, "firms")
    (folder / "firms.xlsx").write_bytes(bytes(range(256)) * 8)


def with_broken_mapping(folder: Path) -> None:
    (folder / "mapping.toml").write_text("name = ", encoding="utf-8")


def with_foreign_mapping(folder: Path) -> None:
    (folder / "mapping.toml").write_bytes('name = "企业"'.encode("gb18030"))


def with_typing_error(folder: Path) -> None:
    text = (folder / "mapping.toml").read_text(encoding="utf-8")
    (folder / "mapping.toml").write_text(text.replace("columns", "colums"), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (truncated, ["not a whole Parquet file", "sales_invoices.parquet"]),
        (of_no_bytes, ["empty (0 bytes)", "sales_invoices.parquet"]),
        (misspelt, ["no column for amount", "is `amuont` meant"]),
        (gone, ["there is no file `credit_records`", "firms.parquet"]),
        (twice, ["may be any of", "firms.csv"]),
        (a_folder, ["a folder, not a file"]),
        (without_invoices, ["no invoice was accepted"]),
        (without_rates, ["no rate response"]),
        (of_binary, ["workbook cannot be read"]),
        (with_broken_mapping, ["not valid TOML", "mapping.toml"]),
        (with_foreign_mapping, ["not UTF-8", "mapping.toml"]),
        (with_typing_error, ["colums", "columns"]),
    ],
)
def test_data_that_cannot_be_used_are_refused_with_words(run, copy, tmp_path, spoil, said):
    spoil(copy)
    check_refused(run(copy), *said)
    assert headrace("verify", tmp_path / "out").status in (1, 2)


def test_no_credit_records_need_a_card(copy, run, tmp_path):
    put(copy, "credit_records", take(copy, "credit_records").slice(0, 0))
    refused = headrace("run", "--data", copy, "--out", tmp_path / "fitted", "--lang", "en")
    check_refused(refused, "0 firms have a credit record", "--scorecard")
    done = run(copy)
    assert done.status == 0
    assert "the table credit_records has no rows" in done.out


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_table_that_is_only_a_header_counts_as_empty_and_is_pointed_out(copy, run, form):
    table = take(copy, "sales_invoices").slice(0, 0)
    if form == "parquet":
        put(copy, "sales_invoices", table)
    else:
        pa_csv.write_csv(table, copy / "sales_invoices.csv")
    done = run(copy)
    assert done.status == 0
    assert "the table sales_invoices has no rows" in done.out
    assert "0 / 60 firms" in done.out


def test_a_firm_without_invoices_is_declined_for_that(copy, run, tmp_path):
    firms = pq.read_table(copy / "firms.parquet")
    idle = firms.slice(0, 1).set_column(0, "firm_id", pa.array(["S900"]))
    put(copy, "firms", pa.concat_tables([firms, idle]))
    assert run(copy).status == 0
    found = {each["party"]: each for each in decisions(tmp_path / "out")}["S900"]
    assert (found["outcome"], found["reasons"]) == ("decline", ["no_invoices"])
    done = headrace("explain", "S900", "--out", tmp_path / "out", "--lang", "en")
    assert done.status == 0
    assert "missing" in done.out


def test_bad_rows_are_set_aside_and_no_good_one_is_lost(ran, copy, run, tmp_path):
    rows = rows_of(take(copy, "sales_invoices"), plainly)
    header, body = rows[0], rows[1:]
    at = {name: place for place, name in enumerate(header)}
    bad = [list(body[0]) for _ in range(6)]
    bad[0][at["amount"]] = "a lot"
    bad[1][at["date"]] = "2019-02-30"
    bad[2][at["firm_id"]] = ""
    bad[3][at["total"]] = "1.005"
    bad[4][at["status"]] = "perhaps"
    bad[5][at["amount"]] = "=1+1"
    write_csv(copy / "sales_invoices.csv", [header, *body, *bad])
    done = run(copy)
    assert done.status == 0, done.err
    want = headrace("query", "select * from invoice order by id", "--out", ran, "--json").value
    out = tmp_path / "out"
    found = headrace("query", "select * from invoice order by id", "--out", out, "--json").value
    assert found == want
    with (out / "quarantine.csv").open(encoding="utf-8-sig", newline="") as file:
        set_aside = [row for row in csv.DictReader(file) if int(row["row"]) > len(body)]
    assert {int(row["row"]) - len(body) for row in set_aside} == {1, 2, 3, 4, 5, 6}
    assert all(row["file"] == "sales_invoices.csv" and row["reason_zh"] for row in set_aside)
    assert decisions(out) == decisions(ran)


def test_folders_that_cannot_be_written_to(small, run, tmp_path):
    foreign = tmp_path / "foreign"
    (foreign / "facts").mkdir(parents=True)
    (foreign / "facts" / "mine.csv").write_text("x")
    check_refused(run(small, out=foreign), "facts/mine.csv")
    assert (foreign / "facts" / "mine.csv").read_text() == "x"
    file = tmp_path / "file"
    file.write_text("x")
    check_refused(run(small, out=file), "must be a folder")
    check_refused(run(small, out=file / "below"), "cannot be made")
    check_refused(run(small, out="/proc/none"), "cannot be made")


@pytest.mark.skipif(os.name != "posix", reason="limits")
def test_a_disk_that_takes_no_more_ends_the_run_with_words(small, run, ran, tmp_path):
    """A limit on the size of files stands for a full disk: the system refuses to write on."""
    import resource  # noqa: PLC0415 - there is none on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        done = run(small)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (done.status, done.out) == (2, "")
    assert "File too large" in done.err
    assert headrace("verify", tmp_path / "out").status == 1
    assert not list((tmp_path / "out").rglob(".*"))
    full = headrace("query", "select 1", "--out", ran, "--to", "/dev/full")
    check_refused(full, "No space left", "/dev/full")


def test_results_and_data_lie_apart(copy, run):
    check_refused(run(copy, out=copy / "out"), "lie in one another")
    check_refused(run(copy, out=copy), "lie in one another")
    check_refused(run(copy, out=copy.parent), "lie in one another")
    check_refused(run(copy / "none"), "no such data folder")
    assert pq.read_table(copy / "firms.parquet").num_rows == 60


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--budget", "plenty"], ["'plenty' is no amount of CNY", "--budget"]),
        (["--budget", "NaN"], ["no amount", "--budget"]),
        (["--budget", "Infinity"], ["no amount", "--budget"]),
        (["--budget", "0.001"], ["no amount", "--budget"]),
        (["--budget", "-5"], ["out of range", "--budget"]),
        (["--budget", "1e30"], ["out of range", "--budget"]),
        (["--as-of", "2001-01-01"], ["nothing was known by 2001-01-01", "2017"]),
        (["--as-of", "9999-12-31"], ["nobody decides as of"]),
        (["--seed", "-1"], ["-1 is no seed"]),
        (["--seed", "99999999999"], ["is no seed"]),
        (["--lang", "fr"], ["'fr' is no language", "zh or en"]),
        (["--add-term", "supplier_count"], ["cannot be added to", "--add-term"]),
        (["--mapping", "none.toml"], ["none.toml"]),
        (["--scorecard", "none.json"], ["none.json"]),
    ],
)
def test_options_that_cannot_be_are_refused(small, run, options, said):
    check_refused(run(small, *options), *said)


def test_options_that_the_parser_refuses(small, run):
    for text in (
        "--as-of soon",
        "--profit-share-min 1.1",
        "--profit-share-min nan",
        "--threads 0",
        "--repeats 0",
        "--nonsense",
    ):
        options = text.split()
        done = run(small, *options)
        assert (done.status, done.out) == (2, "")
        assert options[0] in done.err


def test_an_unknown_pack_is_refused(small, run):
    done = run(small, "--pack", "agri")
    assert (done.status, done.out) == (2, "")
    assert "sme_invoices" in done.err


def test_a_pack_that_lends_nothing_is_refused_and_keeps_an_earlier_run(ran, small, run, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(ran, out)
    for done in (
        run(small, "--pack", "payments", out=out),
        headrace("policy", "export", tmp_path / "policy", "--pack", "payments"),
    ):
        assert (done.status, done.out) == (2, "")
        assert "has features only" in done.err
        assert "headrace features" in done.err
    assert (out / "report.html").exists()
    assert not (tmp_path / "policy").exists()


def test_an_unknown_term_is_refused_with_those_there_are(small, tmp_path):
    options = ["--data", small, "--out", tmp_path / "out", "--repeats", 1]
    check_refused(headrace("run", *options, "--add-term", "shoe_size"), "supplier_count")
    leaky = ["--add-term", "rating", "--add-term", "信誉评级"]
    check_refused(headrace("run", *options, *leaky), "formed after the loan ended")


@pytest.mark.parametrize(("budget", "lent"), [("0", 0), ("99,999", 0), ("100_000", 1), ("1e5", 1)])
def test_a_budget_below_the_smallest_loan_lends_nothing(small, run, budget, lent):
    done = run(small, "--budget", budget, "--json")
    assert done.status == 0, done.err
    assert done.value["book"]["approved"] == lent
    assert done.value["book"]["lent_minor"] <= Decimal(budget.replace(",", "")) * 100


def test_the_dial_at_its_ends(small, run):
    most = run(small, "--profit-share-min", "0", "--json").value["book"]
    best = run(small, "--profit-share-min", "1", "--json").value["book"]
    assert best["expected_profit_minor"] == best["best_profit_minor"]
    assert most["approved"] >= best["approved"]
    assert most["expected_profit_minor"] <= best["expected_profit_minor"]


@pytest.mark.parametrize(
    "text", ["", "{", "{}", "[]", "null", "7", '"card"', "\x00", "[" * 100_000, '{"spec": {}}']
)
def test_a_file_that_is_no_scorecard_is_refused(small, run, tmp_path, text):
    file = tmp_path / "card.json"
    file.write_text(text)
    check_refused(run(small, "--scorecard", file), "this is no scorecard", str(file))


def test_a_scorecard_cut_off_in_transfer_is_refused(small, run, card, tmp_path):
    file = tmp_path / "card.json"
    file.write_text(card.read_text()[:500])
    check_refused(run(small, "--scorecard", file), "this is no scorecard")
