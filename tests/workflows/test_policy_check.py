"""Policies checked while they are written: all that is wrong at once, in both languages."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace import packs
from headrace.adapters.policy_sheets import Workbooks, read_workbook
from headrace.errors import InputError, MappingError
from headrace.workflows.policy_check import (
    REFUSALS_MAX,
    check_files,
    csv_of,
    editable,
    header_row,
    rows_of,
    tables_as_csv,
    version_files,
)
from headrace.workflows.policy_documents import document_of, shipped_files
from headrace.workflows.policy_errors import in_both, refused

LENDING, LIVE = packs.load("sme_invoices"), packs.load("payments")


def checked(own, pack=LENDING):
    texts = {name: text.encode() for name, text in own.items()}
    return check_files(pack.name, shipped_files(pack), texts, read_workbook, pack)


def edited(file, *changes, pack=LENDING):
    text = shipped_files(pack)[file].decode("utf-8-sig")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    return {file: text}


@pytest.mark.parametrize("pack", [LENDING, LIVE], ids=lambda each: each.name)
def test_what_ships_can_be_used(pack):
    found = checked({}, pack)
    assert found.is_usable
    assert {each.severity for each in found.remarks} <= {"warning", "note"}


def test_every_wrong_cell_is_told_at_once_with_its_place():
    found = checked(
        {
            **edited(
                "access.csv",
                ("-,0,-", "-,zero,-"),
                ("> 180", ">> 180"),
                ("decline,rating_d", "deny,rating_d"),
            ),
            **edited("limit.csv", ("0.30", "1.30")),
        }
    )
    assert not found.is_usable
    places = {(each.file, each.rows, each.column) for each in found.remarks}
    assert places == {
        ("access.csv", (6,), "in:sales_count"),
        ("access.csv", (7,), "out:action"),
        ("access.csv", (9,), "in:days_since_last_sale"),
        ("limit.csv", (7,), "out:turnover_share"),
    }
    for each in found.remarks:
        assert each.severity == "refused"
        assert each.remedy.en
        assert each.problem.zh != each.problem.en
        assert each.remedy.zh != each.remedy.en


def test_a_misspelt_name_is_told_with_the_one_that_is_meant():
    (remark,) = checked(edited("access.csv", ("in:sales_count", "in:sales_cont"))).remarks
    assert (remark.file, remark.column) == ("access.csv", "in:sales_cont")
    assert remark.remedy.en == "Did you mean sales_count?"
    assert remark.remedy.zh == "是否应为 sales_count？"


def test_a_file_without_rows_gives_way_so_that_the_others_are_looked_at():
    found = checked(
        {
            **edited("economics.toml", ("=", "==")),
            **edited("access.csv", ("decline,rating_d", "deny,rating_d")),
        }
    )
    assert [each.file for each in found.remarks] == ["economics.toml", "access.csv"]


def test_a_gap_is_told_with_a_case_that_falls_through():
    own = edited("access.csv", ("-,-,-,-,-,-,-,-,-,approve,meets_access_rules,\n", ""))
    gaps = [each for each in checked(own).remarks if each.code == "gap"]
    assert gaps
    assert gaps[0].severity == "warning"
    assert "=" in gaps[0].case or "missing" in gaps[0].case


def test_a_rule_that_never_speaks_is_told_by_its_row():
    own = edited(
        "access.csv",
        ("-,0,-,-,-,-,-,-,-,decline,no_invoices", "-,-,-,-,-,-,-,-,-,decline,no_invoices"),
    )
    shadowed = [each for each in checked(own).remarks if each.code == "shadowed"]
    assert {each.rows[0] for each in shadowed} >= {7, 8}


def test_files_that_cannot_be_part_of_a_version_are_refused():
    for name in ("../../etc/passwd.csv", "x.exe", "a/b.csv", "lists.csv", ".."):
        found = checked({name: "x"}, LIVE)
        assert not found.is_usable, name
        assert found.remarks[0].severity == "refused"


def test_a_file_that_no_step_asks_for_does_not_pass_silently():
    assert not checked({"acess.csv": "# table,acess\n# hit policy,FIRST\nout:x\n1\n"}).is_usable
    found = checked({"other.csv": "# table,other\n# hit policy,FIRST\nout:x\n1\n"}, LIVE)
    assert [each.code for each in found.remarks if each.file == "other.csv"] == ["unused"]


def test_a_blank_file_takes_the_old_one_away():
    found = checked({"limit.csv": "  \n"})
    assert not found.is_usable
    assert "no table 'limit'" in found.remarks[0].problem.en


def test_another_policys_name_is_refused():
    own = edited("policy.yaml", ("policy: sme_invoices", "policy: payments"))
    assert "calls itself" in checked(own).remarks[0].problem.en


@pytest.mark.parametrize("cell", ["=cmd|' /C calc'!A0", "+SUM(A1)", "@x", "-2+3"])
def test_no_formula_is_let_in_beside_tables(cell):
    text = shipped_files(LENDING)["scenarios.csv"].decode("utf-8-sig")
    found = checked({"scenarios.csv": f"{text}\n{cell},x\n"})
    assert "formula" in found.remarks[0].problem.en
    assert "公式" in found.remarks[0].problem.zh


def test_no_formula_of_a_table_is_kept_as_one():
    own = edited("access.csv", ("a firm that sells nothing cannot repay", "=cmd|' /C calc'!A0"))
    found = checked(own)
    kept = version_files(found.document)["access.csv"].decode("utf-8-sig")
    assert ",'=cmd" in kept
    assert ",=cmd" not in kept


@pytest.mark.parametrize(
    "bomb",
    [
        "policy: &a [x]\nsteps: *a\n",
        "policy: " + "[" * 5_000,
        "a: !!python/object/apply:os.system [id]\n",
        "policy: x\ncustomer: party\nsteps:\n" + "- {table: access, when: " + "(" * 5_000 + "}\n",
    ],
    ids=["alias", "deep", "tag", "expression"],
)
def test_yaml_bombs_are_refused(bomb):
    found = checked({"policy.yaml": bomb})
    assert not found.is_usable
    assert found.remarks[0].file == "policy.yaml"


def test_zip_bombs_are_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (40 * 2**20))
    with pytest.raises(MappingError, match="unpacks to more than"):
        tables_as_csv(buffer.getvalue(), "bomb.xlsx", Workbooks(), {})


def test_a_table_of_many_rules_is_checked_in_bounded_time():
    lines = ["# table,access", "# hit policy,FIRST", "in:sales_count,out:action,out:reason"]
    lines += [f"> {number},decline,no_invoices" for number in range(800, 0, -1)]
    found = checked({"access.csv": "\n".join(lines)})
    assert found.is_usable
    wrong = "\n".join(line.replace("no_invoices", "nonsense") for line in lines)
    assert 2 <= len(checked({"access.csv": wrong}).remarks) < REFUSALS_MAX


def test_tables_go_into_text_and_workbook_and_back():
    document = document_of("x", shipped_files(LENDING), read_workbook, LENDING)
    texts = editable(document)
    assert {"access.csv", "limit.csv", "policy.yaml", "economics.toml"} <= set(texts)
    assert checked({"access.csv": texts["access.csv"]}).document.digest() == document.digest()
    tables = document.loaded.policy.tables
    book = Workbooks().write(tables, set(document.loaded.kinds))
    back = tables_as_csv(book, "book.xlsx", Workbooks(), document.loaded.kinds)
    assert back == {f"{name}.csv": texts[f"{name}.csv"] for name in tables}


@settings(max_examples=60)
@given(st.text(max_size=60), st.sampled_from(["access.csv", "policy.yaml", "economics.toml"]))
def test_whatever_is_written_is_answered(text, file):
    found = checked({file: shipped_files(LENDING)[file].decode("utf-8-sig") + text})
    assert found.is_usable or found.remarks[0].problem.en


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=5),
            min_size=1,
        )
    )
)
def test_rows_go_into_csv_and_back(rows):
    whole = [row if any(row) else ["x"] for row in rows]
    assert rows_of(csv_of(whole)) == whole


def test_the_header_is_the_first_row_that_is_no_remark():
    assert header_row([["# table", "a"], [], ["in:x"], ["1"]]) == 3
    assert header_row([["# table", "a"]]) == 2


def test_an_error_in_words_we_do_not_know_stays_as_it_is():
    assert in_both("Something else").zh == "Something else"
    assert in_both("").zh == ""
    remark = refused(InputError("Odd", where="somewhere, else entirely"))
    assert (remark.file, remark.rows) == ("somewhere, else entirely", ())
