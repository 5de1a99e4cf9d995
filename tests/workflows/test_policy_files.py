"""Policies from one notation to another, as the command line does."""

import pytest

from headrace.adapters.policy_sheets import Workbooks
from headrace.decisions.tables.sheet import read_csv
from headrace.errors import HeadraceError, MappingError
from headrace.workflows.policy_files import SUFFIXES, convert, read_tables, write_tables

ACCESS = b"""# table,access
# hit policy,F
in:rating,out:outcome,out:reason,note:why
D,decline,limit,"a, b"
,approve,other,
"""
LIMIT = b"""# table,limit
# hit policy,F
in:access.outcome,out:share
approve,cap * 2
,0
"""
SHEETS = Workbooks()
NAMES = {"cap"}


def policy():
    known = {*NAMES, "access"}
    return read_csv(ACCESS, "access.csv", {*NAMES, "limit"}), read_csv(LIMIT, "limit.csv", known)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_goes_there_and_back(suffix):
    ((name, content),) = convert(ACCESS, "in/access.csv", suffix, SHEETS).items()
    assert name == f"access{suffix}"
    ((back, again),) = convert(content, name, ".csv", SHEETS).items()
    assert back == "access.csv"
    assert read_csv(again, back) == read_csv(ACCESS, "access.csv")


@pytest.mark.parametrize("suffix", [".xlsx", ".dmn"])
def test_tables_that_cite_each_other_stay_in_one_file(suffix):
    tables = policy()
    ((name, content),) = write_tables(tables, "policy", suffix, SHEETS, NAMES).items()
    assert name == f"policy{suffix}"
    again = read_tables(content, name, SHEETS, NAMES)
    assert again == tables
    assert [each.digest() for each in again] == [each.digest() for each in tables]
    apart = convert(content, name, ".yaml", SHEETS, NAMES)
    assert list(apart) == ["access.yaml", "limit.yaml"]
    known = {*NAMES, "access", "limit"}
    for table in tables:
        (found,) = read_tables(apart[f"{table.name}.yaml"], "t.yaml", SHEETS, known - {table.name})
        assert found == table


def test_a_name_of_a_table_is_no_text_in_the_others():
    access, _ = policy()
    assert access.rules[0].outputs[1] != read_csv(ACCESS, "access.csv").rules[0].outputs[1]
    assert b'"limit"' not in write_tables(policy(), "p", ".csv", SHEETS, NAMES)["access.csv"]


@pytest.mark.parametrize(
    ("content", "name", "suffix", "problem"),
    [
        (ACCESS, "access.txt", ".csv", "'.txt' is no notation of tables"),
        (ACCESS, "access.csv", ".json", "'.json' is no notation of tables"),
        (ACCESS, "access.csv", "", "'' is no notation of tables"),
        (ACCESS, "access.xlsx", ".csv", "no XLSX workbook"),
        (ACCESS, "access.dmn", ".csv", "not well-formed XML"),
        (ACCESS, "access.yaml", ".csv", "stands no mapping"),
        (b"\xff\xfe", "access.yaml", ".csv", "not UTF-8"),
        (b"\xff\xff", "access.csv", ".csv", "neither UTF-8 nor GB18030"),
        (SHEETS.write({}, ()), "access.xlsx", ".csv", "The workbook is empty"),
    ],
)
def test_errors_name_the_file(content, name, suffix, problem):
    with pytest.raises(MappingError) as caught:
        convert(content, name, suffix, SHEETS)
    assert problem in caught.value.problem
    assert caught.value.where.startswith(name.partition(".")[0])
    assert HeadraceError in type(caught.value).__mro__


def test_an_error_in_a_workbook_names_its_sheet():
    class Broken(Workbooks):
        def read(self, content, file):
            return {
                "rules": [(1, ["# table", "t"]), (2, ["# hit policy", "F"]), (7, ["in:a", "b"])]
            }

    with pytest.raises(MappingError) as caught:
        read_tables(b"", "p.xlsx", Broken())
    assert caught.value.where == "p.xlsx, sheet rules, row 7"


def test_two_tables_of_one_name_or_one_file_are_refused():
    access, limit = policy()
    with pytest.raises(MappingError, match="Two tables have one name"):
        write_tables([access, limit, access], "p", ".csv", SHEETS, NAMES)
    names = ("a/b", "A?b")
    twins = [read_csv(ACCESS.replace(b"access", name.encode()), "t.csv") for name in names]
    with pytest.raises(MappingError, match="Two tables would have one file"):
        write_tables(twins, "p", ".csv", SHEETS)
    assert list(write_tables(twins, "p", ".xlsx", SHEETS)) == ["p.xlsx"]


def test_types_of_names_are_told_to_a_model():
    found = write_tables(policy(), "p", ".dmn", SHEETS, {"cap": "number", "other": "string"})
    assert b'name="cap" typeRef="number"' in found["p.dmn"]
    assert b"other" not in found["p.dmn"].partition(b"<decision ")[0]


@pytest.mark.parametrize("name", ["../../etc/x", "/", "..", "a/b"])
def test_a_table_cannot_name_a_file_outside(name):
    table = read_csv(ACCESS.replace(b"access", name.encode()), "t.csv")
    (found,) = write_tables([table], "p", ".csv", SHEETS)
    assert "/" not in found
    assert not found.startswith(".")
