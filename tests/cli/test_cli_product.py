"""`headrace product list|show|compile|check|rules|example|export`, as typed."""

import csv
import json
import re
import tomllib
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace
from python_calamine import load_workbook

from headrace.contracts.products.catalogue import shipped_products
from headrace.contracts.products.fields import FIELDS, Unit

TABLE = Path(__file__).parents[1] / "data" / "contracts" / "illegal_terms.csv"
CODES = sorted(shipped_products())
DAY = "2026-03-02"
with TABLE.open(encoding="utf-8", newline="") as opened:
    ILLEGAL = list(csv.DictReader(opened))


@pytest.fixture(scope="module")
def examples():
    """The example of every product, as `product example` prints it."""
    found = {}
    for code in CODES:
        done = headrace("product", "example", code)
        assert done.status == 0, done.err
        found[code] = done.out
    return found


def written(name, text):
    """A value of the table as TOML."""
    unit = FIELDS[name].unit
    if FIELDS[name].is_number or unit is Unit.DAY:
        return text
    if unit is Unit.WORDS:
        return json.dumps(text.split("+"))
    return f'"{text}"'


def changed(text, change):
    """An example with some lines changed; what it does not state is put among the terms."""
    for part in filter(None, change.split(";")):
        name, _, value = part.partition("=")
        line = f"{name} = {written(name, value)}"
        text, there = re.subn(rf"^{name} = .*$", lambda _, line=line: line, text, flags=re.M)
        if not there:
            text = text.replace("[terms]\n", f"[terms]\n{line}\n", 1)
    return text


@pytest.mark.parametrize("code", CODES)
def test_the_example_of_every_product_is_legal_and_says_what_its_lines_are(
    code, examples, tmp_path
):
    text = examples[code]
    example = shipped_products()[code].example
    assert tomllib.loads(text) == tomllib.loads(json_as_toml(example))
    assert all(" # " in line for line in text.splitlines() if " = " in line)
    path = tmp_path / "terms.toml"
    path.write_text(text, encoding="utf-8")
    done = headrace("product", "check", code, path, "--json")
    assert done.status == 0, done.out
    assert done.value["refused"] is False


def json_as_toml(example):
    lines = []
    for part, values in example.items():
        lines.append(f"[{part}]")
        for name, value in values.items():
            plain = isinstance(value, str | list | bool)
            lines.append(f"{name} = {json.dumps(value) if plain else value}")
    return "\n".join(lines)


@pytest.mark.parametrize("code", sorted({row["product"] for row in ILLEGAL}))
def test_terms_that_the_law_forbids_are_refused_with_the_rule(code, examples, tmp_path):
    path = tmp_path / "terms.toml"
    for row in [each for each in ILLEGAL if each["product"] == code][:2]:
        signed = f";signed={row['signed']}" if row["signed"] else ""
        path.write_text(changed(examples[code], row["change"] + signed), encoding="utf-8")
        done = headrace("product", "check", code, path, "--json")
        found = {(each["rule"], each["severity"]) for each in done.value["findings"]}
        assert (row["rule"], row["severity"]) in found, (row, found)
        assert done.status == (1 if done.value["refused"] else 0)
        assert done.value["refused"] == any(severity == "refuse" for _, severity in found)


def test_a_refused_contract_is_explained_in_both_languages(examples, tmp_path):
    path = tmp_path / "terms.toml"
    path.write_text(changed(examples["voucher_financing"], "end=2027-04-02"), encoding="utf-8")
    chinese = headrace("product", "check", "voucher_financing", path)
    assert chinese.status == 1
    for said in ("该合同不得签订", "期限", "13个月", "不超过12个月", "第十一条", "未核实原文"):
        assert said in chinese.out, chinese.out
    english = headrace("product", "check", "voucher_financing", path, "--lang", "en")
    assert english.status == 1
    for said in ("this contract is refused", "13 months", "at most 12 months", "not read"):
        assert said in english.out
    out = tmp_path / "findings.xlsx"
    assert headrace("product", "check", "voucher_financing", path, "--out", out).status == 1
    rows = load_workbook(str(out)).get_sheet_by_index(0).to_python()
    assert "依据" in rows[0]
    assert any("第十一条" in str(cell) for row in rows[1:] for cell in row)


def test_the_law_of_the_day_of_the_contract_counts_and_on_takes_its_place(examples, tmp_path):
    path = tmp_path / "terms.toml"
    path.write_text(changed(examples["voucher_financing"], "end=2027-04-02"), encoding="utf-8")

    def rules(*options):
        done = headrace("product", "check", "voucher_financing", path, "--json", *options)
        return {each["rule"] for each in done.value["findings"]}

    assert "voucher.term" in rules()
    assert "voucher.term" not in rules("--on", "2025-06-14")  # the day before it came into force


def test_what_nobody_stated_is_not_known_and_not_zero(examples, tmp_path):
    path = tmp_path / "terms.toml"
    text = re.sub(r"^exposure_group = .*\n", "", examples["order_loan"], flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    done = headrace("product", "check", "order_loan", path, "--json")
    assert done.status == 0
    (found,) = done.value["findings"]
    assert (found["severity"], found["field"], found["value"]) == (
        "unknown",
        "exposure_group",
        None,
    )


@pytest.mark.parametrize("code", CODES)
def test_every_product_is_shown_and_may_be_offered(code):
    shown = headrace("product", "show", code, "--on", DAY)
    assert shown.status == 0
    assert shipped_products()[code].zh in shown.out
    assert "未核实" in shown.out
    compiled = headrace("product", "compile", code, "--on", DAY, "--json")
    assert compiled.status == 0
    assert compiled.value["refused"] is False


def test_a_product_is_shown_in_english_and_as_a_table(tmp_path):
    english = headrace("product", "show", "order_loan", "--on", DAY, "--lang", "en")
    for said in ("Order loan", "The product allows", "¥50,000 to ¥20,000,000", "[1]"):
        assert said in english.out, english.out
    rows = headrace("product", "show", "order_loan", "--on", DAY, "--lang", "en", "--json").value
    assert {row["field"] for row in rows} >= {"amount", "term_months", "penalty_uplift"}
    out = tmp_path / "terms.csv"
    assert headrace("product", "show", "order_loan", "--out", out).status == 0
    assert out.read_text(encoding="utf-8-sig").startswith('"字段"')


def test_an_own_product_starts_from_one_that_ships_and_is_refused_with_the_clause(tmp_path):
    own = tmp_path / "own.toml"
    assert headrace("product", "export", "voucher_financing", "--out", own).status == 0
    assert headrace("product", "compile", own, "--on", DAY).status == 0
    text = own.read_text(encoding="utf-8")
    longer = re.sub(r"^term_months = .*$", "term_months = { max = 24 }", text, flags=re.MULTILINE)
    own.write_text(longer, encoding="utf-8")
    done = headrace("product", "compile", own, "--on", DAY, "--json")
    assert done.status == 1
    assert done.value["findings"][0]["rule"] == "voucher.term"
    assert "may not be offered" in headrace("product", "compile", own, "--lang", "en").out
    # a product that may not be offered has no contract either; the file states its own example
    refused = headrace("product", "check", own, own, "--json")
    assert refused.status == 1
    assert [each["rule"] for each in refused.value["findings"]] == ["voucher.term"]
    own.write_text(text.replace("[bounds]", "[bound]"), encoding="utf-8")
    check_refused(headrace("product", "compile", own), "'bound' is not known", "own.toml")


def test_the_law_is_data_that_a_bank_may_keep_itself(tmp_path):
    law = tmp_path / "rules.toml"
    assert headrace("product", "export", "rules", "--out", law).status == 0
    shipped = headrace("product", "rules", "--on", DAY, "--json").value
    assert headrace("product", "rules", "--rules", law, "--on", DAY, "--json").value == shipped
    assert len(shipped) > 50
    assert all(row["clause"] and row["text"] for row in shipped)
    law.write_text("[[rule]]\nid = 1\n", encoding="utf-8")
    done = headrace("product", "rules", "--rules", law)
    assert done.status == 2
    assert "rules.toml" in done.err


def test_what_changed_in_the_law_between_two_days(tmp_path):
    asked = ("product", "rules", "--changed-since", "2024-06-30", "--on", "2024-07-01")
    rows = {row["rule"]: row for row in headrace(*asked, "--lang", "en", "--json").value}
    entrusted = rows["fixed_asset.entrusted"]
    assert "5 million" in entrusted["before"]
    assert "10 million" in entrusted["after"]
    chinese = headrace(*asked).out
    assert "变更的规则共" in chinese
    assert "fixed_asset.entrusted" in chinese
    out = tmp_path / "changes.parquet"
    assert headrace(*asked, "--out", out).status == 0
    assert pq.read_table(out).num_rows == len(rows)
    check_refused(headrace(*asked[:4], "--on", "2024-06-30"), "give an earlier day")
    english = headrace("product", "rules", "--on", DAY, "--lang", "en").out
    assert f"rules in force on {DAY}" in english


def test_the_products_are_listed_for_people_and_programs(tmp_path):
    rows = headrace("product", "list", "--json").value
    assert [row["code"] for row in rows] == CODES
    assert "voucher_financing" in headrace("product", "list").out
    assert "Franchise" in headrace("product", "list", "--lang", "en").out
    out = tmp_path / "products.xlsx"
    assert headrace("product", "list", "--out", out).status == 0
    rows = load_workbook(str(out)).get_sheet_by_index(0).to_python()
    assert len(rows) == len(CODES) + 1
    assert rows[0][:2] == ["代码", "产品"]


BAD = [
    (("show", "voucher"), "is "),
    (("show", "voucher_finance"), "is voucher_financing meant"),
    (("compile", "no.toml"), "check its name"),
    (("check", "order_loan", "no.toml"), "check its name"),
    (("example", "orders"), "product list"),
    (("export", "../rules"), "there is no product"),
    (("list", "--out", "x.doc"), ".parquet, .csv, .xlsx"),
    (("list", "--lang", "fr"), "zh or en"),
    (("rules", "--rules", "no.toml"), "check its name"),
]


@pytest.mark.parametrize(("asked", "said"), BAD)
def test_what_cannot_be_is_refused_with_a_remedy(asked, said):
    done = headrace("product", *asked)
    check_refused(done)
    assert said in done.err or said == "is "


STATED = {
    "": "[terms]",
    "a = ": "not TOML",
    "[terms]\namount = 1\n[more]\n": "'more' cannot be",
    "[terms]\namount = 1\n": "lack 'signed'",
    "[terms]\nsigned = 3\n": "signed",
    "[terms]\nsigned = 2026-03-02\nsums = 1\n": "no field 'sums'",
    "[terms]\nsigned = 2026-03-02\namount = 0.5\n": "whole minor units",
    "[terms]\nsigned = 2026-03-02T10:00:00\n": "signed",
    "facts = 3\n[terms]\nsigned = 2026-03-02\n": "'facts' cannot be",
}


@pytest.mark.parametrize("text", STATED)
def test_terms_that_cannot_be_read_are_refused_with_the_file(text, tmp_path):
    path = tmp_path / "terms.toml"
    path.write_text(text, encoding="utf-8")
    done = headrace("product", "check", "order_loan", path)
    assert done.status == 2, done.out
    assert STATED[text] in done.err, done.err
    assert "terms.toml" in done.err
