from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_reference import evaluate_one

from headrace.decisions.evaluate import conflicts, evaluate, missing_inputs
from headrace.decisions.sfeel import Equal, literal_text
from headrace.decisions.table import HitPolicy, parse_table
from headrace.errors import MappingError

ACCESS = """# table,access
# hit policy,FIRST
# en,Who may borrow at all
# zh,谁可以借款，谁不可以
# a remark, with commas
in:rating,in:void_share_sales,out:outcome,out:reason,note:why
D,-,decline,rating_d,Rating D is not lent to
-,null,refer,no_sales,
"A, B",<= 0.3,approve,,"good, and few voids"
-,> 0.3,refer,voids,

-,-,approve,,
"""

FIRMS = pa.table(
    {
        "rating": ["D", "A", "B", None, "C", "C"],
        "void_share_sales": [0.0, 0.3, 0.4, None, float("nan"), 0.1],
    }
)


def table_of(rows: str, policy: str = "FIRST", header: str = "in:x,out:y"):
    return parse_table(f"# table,t\n# hit policy,{policy}\n{header}\n{rows}\n", "t.csv")


def test_the_first_rule_met_speaks():
    found = evaluate(parse_table(ACCESS, "access.csv"), FIRMS)
    assert found.fired.tolist() == [7, 9, 10, 8, 8, 12]
    assert found.outputs.column("outcome").to_pylist() == [
        "decline",
        "approve",
        "refer",
        "refer",
        "refer",
        "approve",
    ]
    assert found.outputs.column("reason").to_pylist() == [
        "rating_d",
        None,
        "voids",
        "no_sales",
        "no_sales",
        None,
    ]
    assert found.problems == ()


def test_what_the_sheet_says_about_itself():
    table = parse_table(ACCESS, "access.csv")
    assert (table.name, table.hit_policy) == ("access", HitPolicy.FIRST)
    assert table.title_en == "Who may borrow at all"
    assert table.title_zh == "谁可以借款，谁不可以"
    assert table.rule_at(7).notes == ("Rating D is not lent to",)
    assert table.rule_text(9) == 'rating: "A", "B"; void_share_sales: <= 0.3'
    assert table.rule_text(12) == "otherwise"
    header, first, *_ = table.to_rows()
    assert header == ("row", "rating", "void_share_sales", "outcome", "reason", "why")
    assert first == ("7", '"D"', "-", "decline", "rating_d", "Rating D is not lent to")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_any_encoding_and_line_end_means_the_same(encoding):
    saved = ACCESS.replace("\n", "\r\n").encode(encoding)
    assert parse_table(saved, "saved.csv").digest() == parse_table(ACCESS, "access.csv").digest()


def test_what_excel_does_to_a_file_changes_nothing():
    padded = ACCESS.replace("# table,access", "# table,access,,,").replace("<= 0.3", "<=0.30")
    assert parse_table(padded, "x.csv").canonical_bytes() == (
        parse_table(ACCESS, "y.csv").canonical_bytes()
    )


def test_the_digest_sees_a_changed_cell_and_a_moved_row():
    table = parse_table(ACCESS, "access.csv")
    assert parse_table(ACCESS.replace("0.3", "0.31"), "a.csv").digest() != table.digest()
    assert parse_table(ACCESS.replace("\n\n", "\n"), "a.csv").digest() != table.digest()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (ACCESS.replace("<= 0.3", "<= 30%"), ["row 9", "in:void_share_sales", "<= 30%", "0.2"]),
        (ACCESS.replace("FIRST", "LAST"), ["LAST", "COLLECT MIN"]),
        (ACCESS.replace("# hit policy,FIRST\n", ""), ["hit policy", "# hit policy,"]),
        (ACCESS.replace("in:rating", "rating"), ["row 6", "'rating'", "in:NAME"]),
        (ACCESS.replace("out:reason", "out:outcome"), ["out:outcome", "twice"]),
        (ACCESS.replace(",Rating D", ",Rating D,stray"), ["row 7", "stray", "header"]),
        (ACCESS.split("D,-", maxsplit=1)[0], ["no rules"]),
        ("# table,t\n# hit policy,FIRST\nin:x,note:y\n1,2\n", ["no out: column"]),
        ("# table,t\n# hit policy,FIRST\nin:x,out:y\n1,2\n1,yes\n", ["row 5", "text", "number"]),
        ("# table,t\n# hit policy,COLLECT MIN\nin:x,out:y\n1,\n", ["COLLECT MIN", "row 4"]),
        ('# table,t\n# hit policy,FIRST\nin:x,out:y\n"1"x,2\n', ["row 4", "not CSV"]),
    ],
)
def test_a_table_that_cannot_be_read_says_where_and_what_would_be_right(content, words):
    with pytest.raises(MappingError) as caught:
        parse_table(content, "access.csv")
    assert "access.csv" in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(MappingError, match="neither UTF-8 nor GB18030"):
        parse_table(b"\xff\xff\x00\xff", "access.csv")


def test_an_unknown_input_is_named_with_the_near_miss():
    firms = FIRMS.rename_columns(["rating", "void_share_sale"])
    with pytest.raises(MappingError, match="Did you mean void_share_sale"):
        evaluate(parse_table(ACCESS, "access.csv"), firms)


def test_a_test_of_another_type_is_named():
    firms = FIRMS.set_column(1, "void_share_sales", pa.array(["a"] * 6))
    with pytest.raises(MappingError, match=r"row 9.*in:void_share_sales.*holds texts"):
        evaluate(parse_table(ACCESS, "access.csv"), firms)
    dates = FIRMS.set_column(0, "rating", pa.array([0] * 6, pa.date32()))
    with pytest.raises(MappingError, match="date32"):
        evaluate(parse_table(ACCESS, "access.csv"), dates)


def test_missing_meets_only_anything_and_null():
    missing = pa.table({"x": pa.array([None], pa.null())})
    met = {
        cell: evaluate(table_of(f'"{cell}",1'), missing).fired[0] > 0
        for cell in ("-", "null", "A, null", "A", "not(A)", "not(null)", "not(A, null)", "> 1")
    }
    assert met == {
        "-": True,
        "null": True,
        "A, null": True,
        "A": False,
        "not(A)": False,
        "not(null)": False,
        "not(A, null)": False,
        "> 1": False,
    }


def test_a_column_with_nothing_in_it_is_missing_whatever_its_type():
    for kind in (pa.null(), pa.float64(), pa.string(), pa.dictionary(pa.int32(), pa.string())):
        found = evaluate(
            table_of("> 3,1\nA,2" if kind == pa.null() else "null,1"),
            pa.table({"x": pa.array([None, None], kind)}),
        )
        assert (found.fired > 0).all() == (kind != pa.null())


def test_missing_inputs_are_reported_by_name():
    lacking = missing_inputs(parse_table(ACCESS, "a.csv"), FIRMS)
    assert lacking["rating"].tolist() == [False, False, False, True, False, False]
    assert lacking["void_share_sales"].tolist() == [False, False, False, True, True, False]


def test_money_is_compared_exactly_beyond_a_double():
    money = pa.table({"x": pa.array([2**53, 2**53 + 1], pa.int64())})
    found = evaluate(table_of(f"> {2**53},1"), money)
    assert found.fired.tolist() == [-1, 4]
    decimals = pa.table({"x": pa.array([Decimal("0.20"), Decimal("0.21")])})
    assert evaluate(table_of("0.2,1"), decimals).fired.tolist() == [4, -1]


def test_unique_reports_which_rules_overlap():
    table = table_of("< 5,1\n[4..9],2\n> 20,3", "UNIQUE")
    found = evaluate(table, pa.table({"x": [1.0, 4.5, 6.0, 10.0, 30.0]}))
    assert found.fired.tolist() == [4, -1, 5, -1, 6]
    assert found.outputs.column("y").to_pylist() == [1.0, None, 2.0, None, 3.0]
    overlap, silent = found.problems
    assert (overlap.code, overlap.rows, overlap.count, overlap.first) == ("overlap", (4, 5), 1, 1)
    assert (silent.code, silent.rows, silent.count, silent.first) == ("no_rule", (), 1, 3)


def test_collect_takes_the_least_or_the_greatest_and_its_companions():
    header, rows = "in:x,out:cap,out:why", "-,900,class\n> 1,300,voids\n> 2,300,again\n> 3,500,big"
    firms = pa.table({"x": [1, 2, 3, 4]})
    least = evaluate(table_of(rows, "COLLECT MIN", header), firms)
    assert least.outputs.column("cap").to_pylist() == [900.0, 300.0, 300.0, 300.0]
    assert least.outputs.column("why").to_pylist() == ["class", "voids", "voids", "voids"]
    greatest = evaluate(table_of(rows, "COLLECT MAX", header), firms)
    assert greatest.fired.tolist() == [4, 4, 4, 4]


def test_a_rule_that_others_always_forestall_is_reported():
    found = evaluate(table_of("> 1,1\n> 2,2\n<= 1,3"), pa.table({"x": [1, 3, 4]}))
    assert [(each.code, each.rows, each.count) for each in found.problems] == [
        ("shadowed", (5,), 2)
    ]


@pytest.mark.parametrize(
    ("rows", "policy", "pairs"),
    [
        ("> 1,1\n> 2,2", "FIRST", [(4, 5)]),
        ("> 2,1\n> 1,2", "FIRST", []),
        ("[1..2],1\n(2..3],2", "UNIQUE", []),
        ("[1..2],1\n[2..3],2", "UNIQUE", [(4, 5)]),
        ('"A, B",1\nnot(A),2\nA,3', "UNIQUE", [(4, 5), (4, 6)]),
        ("not(A),1\nB,2\nA,3", "FIRST", [(4, 5)]),
        ("-,1\nnull,2", "FIRST", [(4, 5)]),
        ("true,1\nfalse,2", "UNIQUE", []),
        ("> 1,1\n> 2,2", "COLLECT MAX", []),
    ],
)
def test_conflicts_are_found_without_applicants(rows, policy, pairs):
    assert [problem.rows for problem in conflicts(table_of(rows, policy))] == pairs


def test_nobody_applies():
    found = evaluate(parse_table(ACCESS, "access.csv"), FIRMS.slice(0, 0))
    assert found.fired.tolist() == []
    assert found.outputs.num_rows == 0
    assert found.problems == ()


number_cells = st.sampled_from(
    ["-", "", "< 2", ">= 1", "[0..2)", "]0..2]", "1", "0, 2", "not(1)", "not(< 1, 2)", "null",
     "1, null", "not(null)", "0.1"]
)  # fmt: skip
text_cells = st.sampled_from(["-", "A", "A, B", "not(A)", "null", 'not("B", null)', "B, null"])
truth_cells = st.sampled_from(["-", "true", "false", "not(true)", "null", "true, null"])


@st.composite
def tables(draw):
    policy = draw(st.sampled_from(["UNIQUE", "FIRST", "COLLECT MIN", "COLLECT MAX"]))
    cells = st.tuples(number_cells, text_cells, truth_cells, st.integers(0, 3))
    rules = draw(st.lists(cells, min_size=1, max_size=6))
    lines = [f'"{n}","{t.replace(chr(34), chr(34) * 2)}","{b}",{y},r{i}'
             for i, (n, t, b, y) in enumerate(rules)]  # fmt: skip
    return table_of("\n".join(lines), policy, "in:n,in:t,in:b,out:y,out:z")


applicant = st.fixed_dictionaries(
    {
        "n": st.sampled_from([None, 0.0, 0.1, 1.0, 1.5, 2.0, 3.0, float("nan")]),
        "t": st.sampled_from([None, "A", "B", "C", ""]),
        "b": st.sampled_from([None, True, False]),
    }
)


@settings(max_examples=200, deadline=None)
@given(tables(), st.lists(applicant, max_size=20), st.booleans())
def test_batch_and_one_by_one_agree(table, rows, chunked):
    schema = pa.schema([("n", pa.float64()), ("t", pa.string()), ("b", pa.bool_())])
    data = pa.Table.from_pylist(rows, schema)
    if chunked:
        data = pa.concat_tables([data.slice(0, 3), data.slice(3)])
    found = evaluate(table, data)
    expected = [evaluate_one(table, row) for row in rows]
    assert found.fired.tolist() == [row for row, _ in expected]
    for place, name in enumerate(table.outputs):
        outputs = [outputs[place] for _, outputs in expected]
        plain = [float(out) if isinstance(out, Decimal) else out for out in outputs]
        assert found.outputs.column(name).to_pylist() == plain


@settings(max_examples=100, deadline=None)
@given(tables())
def test_conflicts_agree_with_trying_every_applicant(table):
    """On values that lie on every side of every number in the cells."""
    numbers = [None, -1.0, 0.0, 0.05, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0]
    grid = [
        {"n": n, "t": t, "b": b}
        for n in numbers
        for t in (None, "A", "B", "C")
        for b in (None, True, False)
    ]
    schema = pa.schema([("n", pa.float64()), ("t", pa.string()), ("b", pa.bool_())])
    seen = {p.rows for p in evaluate(table, pa.Table.from_pylist(grid, schema)).problems}
    static = {problem.rows for problem in conflicts(table)}
    if table.hit_policy is HitPolicy.UNIQUE:
        assert static == {rows for rows in seen if len(rows) == 2}
    if table.hit_policy is HitPolicy.FIRST:
        never = {rule.row for rule in table.rules} - set(
            evaluate(table, pa.Table.from_pylist(grid, schema)).fired.tolist()
        )
        assert {later for _, later in static} <= never


def test_a_literal_with_quotes_survives_the_sheet():
    table = table_of('"""a, ""b""""",1'.replace('""b""', "b"))
    assert table.rules[0].tests[0] == Equal("a, b")
    assert literal_text("a, b") == '"a, b"'
