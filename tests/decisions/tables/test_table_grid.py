"""Tables in rows of cells, CSV first: what is read, what is written, every error with its place."""

import csv
import io
from pathlib import Path

import pytest

import headrace
from headrace.decisions.dmn.tree import Aggregation, HitPolicy
from headrace.decisions.feel import parse, parse_tests
from headrace.decisions.feel.tree import Literal, Name
from headrace.decisions.tables.grid import policy_of, table_name
from headrace.decisions.tables.sheet import read_csv, write_csv
from headrace.decisions.tables.table import Input, Output, Rule, Table
from headrace.errors import MappingError

PACK = Path(headrace.__file__).parent / "packs" / "sme_invoices"
TABLE = """# table,access
# hit policy,FIRST
# en,"Who may borrow, at all"
# zh,谁可以借款
# a remark that says nothing
# values,out:outcome,"decline, refer, approve"
# type,in:void_share,number
# label,in:debt / income,Debt service
# default,out:outcome,refer
in:rating,in:void_share,in:debt / income,out:outcome,out:reason,note:why
D,-,-,decline,rating_d,"not lent to,
ever"
-,> 0.3,[0.4..0.6),refer,voids,

-,-,-,approve,,
"""


def test_a_table_is_read():
    table = read_csv(TABLE, "access.csv")
    assert (table.name, table.hit_policy, table.aggregation) == ("access", HitPolicy.FIRST, None)
    assert (table.title_en, table.title_zh) == ("Who may borrow, at all", "谁可以借款")
    assert table.inputs == (
        Input(Name("rating")),
        Input(Name("void_share"), "number"),
        Input(parse("debt / income"), label="Debt service"),
    )
    assert table.outputs == (
        Output(
            "outcome", values=parse_tests('"decline", "refer", "approve"'), default=Literal("refer")
        ),
        Output("reason"),
    )
    assert [rule.row for rule in table.rules] == [11, 12, 14]
    assert table.rules[0].notes == ("not lent to,\never",)
    assert table.rules[2].outputs == (Literal("approve"), Literal(None))
    assert table.rule_text(2) == "void_share: > 0.3; debt / income: [0.4..0.6)"
    assert table.rule_text(3) == "otherwise"


def test_layout_encoding_and_spelling_of_a_file_do_not_change_its_digest():
    table = read_csv(TABLE, "access.csv")
    other = TABLE.replace("FIRST", "f").replace("D,-,-,", '"""D""",,,').replace("0.3,", "0.30,")
    shifted = ["# another remark", *other.split("\n")]
    again = read_csv("\r\n".join(shifted).encode("gb18030"), "other.csv")
    assert again == table
    assert again.digest() == table.digest()
    changed = read_csv(TABLE.replace("> 0.3", "> 0.4"), "access.csv")
    assert changed.digest() != table.digest()


@pytest.mark.parametrize("name", ["access.csv", "limit.csv"])
def test_the_tables_of_the_pack_are_read_and_written(name):
    table = read_csv((PACK / name).read_bytes(), name)
    assert read_csv(write_csv(table), name) == table


@pytest.mark.parametrize(
    ("text", "policy", "aggregation"),
    [
        ("u", HitPolicy.UNIQUE, None),
        ("rule  order", HitPolicy.RULE_ORDER, None),
        ("C+", HitPolicy.COLLECT, Aggregation.SUM),
        ("collect count", HitPolicy.COLLECT, Aggregation.COUNT),
        ("COLLECT", HitPolicy.COLLECT, None),
    ],
)
def test_hit_policies_in_words_and_letters(text, policy, aggregation):
    assert policy_of(text, "f") == (policy, aggregation)


@pytest.mark.parametrize(
    ("old", "new", "where", "problem"),
    [
        ("# table,access", "", "t.csv", "does not say its table"),
        ("# hit policy,FIRST", "# hit polcy,FIRST", "t.csv", "does not say its hit policy"),
        ("FIRST", "LAST", "t.csv", "The hit policy 'LAST' is not known"),
        ("# en", "# table,b\n# en", "t.csv, row 3", "`# table` is there twice"),
        ("# type,in:v", "# tpye,in:v", "t.csv, row 7", "There is no `# tpye` of a column"),
        ("# type,in:void_share,number", "# type,in:void,number", "t.csv", "`# type,in:void` names"),
        ("void_share,number", "void_share,nubmer", "t.csv, column in:void_share", "type 'nubmer'"),
        ("in:rating,", "rating,", "t.csv, row 10", "The header cell 'rating' has no known role"),
        (
            "in:rating,",
            "in:void_share,",
            "t.csv, row 10",
            "The column in:void_share is there twice",
        ),
        ("out:outcome,out:reason,note", "note:a,note:b,note", "t.csv, row 10", "no out: column"),
        ("in:debt / income,out", "in:debt /,out", "t.csv, header, in:debt /", "the end"),
        ("\nD,-,-", "\n>,-,-", "t.csv, row 11, column in:rating", "In the cell `>`"),
        ("\nD,-,-", "\nD,1,300,-", "t.csv, row 11", "stands under no header"),
        ("> 0.3,", '"> 1,300",', "t.csv, row 12, column in:void_share", "a comma between digits"),
        (
            "refer,voids",
            "3,voids",
            "t.csv, row 12, column out:outcome",
            "a number here and a string",
        ),
        ("> 0.3", "#REF!", "t.csv, row 12", "The cell holds the error #REF!"),
        ("\nD,-,-", "\n#NAME?,-,-", "t.csv, row 11", "The cell holds the error #NAME?"),
        ("access", "acc\x01ess", "t.csv", "goes on with a control character"),
        ('"decline, refer, approve"', "] ]", "t.csv, header, out:outcome", "In the cell"),
        ('ever"', "ever", "t.csv, row 11", "The row is not CSV"),
    ],
)
def test_errors_name_file_row_and_column(old, new, where, problem):
    assert old in TABLE
    broken = TABLE.replace(old, new, 1)
    with pytest.raises(MappingError) as caught:
        read_csv(broken, "t.csv")
    assert problem in caught.value.problem
    assert caught.value.where == where


def test_a_table_without_rules_is_refused():
    with pytest.raises(MappingError, match="no rules"):
        read_csv(TABLE.partition("\nD,")[0], "t.csv")


def test_a_huge_cell_is_refused():
    with pytest.raises(MappingError, match="row 11"):
        read_csv(TABLE.replace("D,", "D" * 10**7 + ","), "t.csv")


# A spreadsheet runs what begins with = + - or @.

DANGEROUS = '''# table,t
# hit policy,F
# en,'=1+1
# type,in:due,days and time duration
# values,out:x,"= 1, 2"
in:due,in:x,out:x,note:n
"@""P1D""","= hyperlink(x), 3",-x,"'=HYPERLINK(""http://evil"")"
-,-5,-5,''@ twice
-,"-5, 3",2 > 1,- a dash
'''


def test_no_cell_that_is_written_is_a_formula():
    table = read_csv(DANGEROUS, "t.csv")
    assert table.rules[0].notes == ('=HYPERLINK("http://evil")',)
    assert table.rules[1].notes == ("'@ twice",)
    written = write_csv(table)
    assert written.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig"))))
    cells = [cell for row in rows for cell in row]
    starts = {cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t")}
    assert starts <= {"-", "-5"}
    assert '(@"P1D")' in cells
    assert "(= hyperlink(x)), 3" in cells
    assert "(-x)" in cells
    assert "(-5), 3" in cells
    assert read_csv(written, "t.csv") == table


def test_a_name_that_is_not_plain_words_is_written_only_where_it_will_be_read():
    column = Input(Name("a-b"))
    table = Table("t", HitPolicy.FIRST, None, (column,), (Output("x"),), (), (RULE,))
    assert read_csv(write_csv(table, {"a-b"}), "t.csv", {"a-b"}) == table
    with pytest.raises(MappingError, match="The input 'a-b' would be read as something else"):
        write_csv(table)


RULE = Rule((parse_tests("1"),), (Literal(None),))


def test_the_name_of_a_table_is_found_before_it_is_read():
    assert table_name([(1, ["# a", "b"]), (2, ["# Table", "access"])]) == "access"
    assert table_name([(1, ["in:x", "out:y"])]) == ""


def test_a_rule_of_empty_cells_is_still_a_rule():
    rule = Rule((), (Literal(None),), ("",))
    table = Table("t", HitPolicy.FIRST, None, (), (Output("x"),), ("n",), (rule, rule))
    assert len(read_csv(write_csv(table), "t.csv").rules) == 2


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"outputs": ()}, "no outputs"),
        ({"rules": ()}, "no rules"),
        ({"name": ""}, "no name"),
        ({"outputs": (Output("x"), Output("x"))}, "out:x is there twice"),
        ({"outputs": (Output("x", "list<number>"),)}, "The type 'list<number>' is not known"),
        ({"hit_policy": HitPolicy.PRIORITY}, "PRIORITY needs the order"),
        (
            {
                "hit_policy": HitPolicy.COLLECT,
                "aggregation": Aggregation.SUM,
                "outputs": (Output("x"), Output("y")),
            },
            "COLLECT SUM makes one total",
        ),
        ({"title_en": "a\x00"}, "control character"),
        ({"notes": ("a\ud800",)}, "control character"),
    ],
)
def test_what_no_table_may_say(changes, problem):
    said = {
        "name": "t",
        "hit_policy": HitPolicy.FIRST,
        "aggregation": None,
        "inputs": (),
        "outputs": (Output("x"),),
        "notes": (),
        "rules": (Rule((), (Literal(None),)),),
    }
    assert Table(**said).name == "t"
    with pytest.raises(MappingError) as caught:
        Table(**{**said, **changes})
    assert problem in caught.value.problem
