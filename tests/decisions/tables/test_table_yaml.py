"""Tables in YAML: how they look, and every error with its line, rule and column."""

import time
from itertools import pairwise

import pytest

from headrace.decisions.dmn.tree import HitPolicy
from headrace.decisions.feel import parse, parse_tests
from headrace.decisions.feel.tree import Literal, Name
from headrace.decisions.tables.sheet import read_csv
from headrace.decisions.tables.table import Input, Output
from headrace.decisions.tables.yaml_text import TEXT_MAX, read_yaml, write_yaml
from headrace.errors import MappingError

TABLE = """\
table: access
title: {en: Who may borrow at all, zh: 谁可以借款}
hit policy: FIRST
inputs:
- name: rating
  values: A, B, C, D
- expression: debt / income
  type: number
  label: Debt service
- name: since
outputs:
- name: outcome
  values: decline, refer, approve
  default: refer
- name: share
notes: [why]
rules:
- if: {rating: D}
  then: {outcome: decline, share: 0.3}
  note: {why: Rating D is not lent to}
- if: {debt / income: '> 0.4', since: < 2026-01-01}
  then: {outcome: refer}
  note:
    why: |-
      one line,
      and another
- then: {outcome: '"true"', share: 0}
"""
CSV = """# table,access
# hit policy,FIRST
# en,Who may borrow at all
# zh,谁可以借款
# values,in:rating,"A, B, C, D"
# type,in:debt / income,number
# label,in:debt / income,Debt service
# values,out:outcome,"decline, refer, approve"
# default,out:outcome,refer
in:rating,in:debt / income,in:since,out:outcome,out:share,note:why
D,,,decline,0.3,Rating D is not lent to
,> 0.4,< 2026-01-01,refer,,"one line,
and another"
,,,"""  # the last row follows, for its quotes
CSV += '"""true""",0,\n'


def test_a_table_is_read_as_its_twin_in_csv():
    table = read_yaml(TABLE, "access.yaml")
    assert table.hit_policy is HitPolicy.FIRST
    assert table.inputs[1] == Input(parse("debt / income"), "number", label="Debt service")
    assert table.inputs[2].expression == Name("since")
    assert table.outputs[0].default == Literal("refer")
    assert table.outputs[1] == Output("share")
    assert table.rules[1].tests[2] == parse_tests('< @"2026-01-01"')
    assert [rule.row for rule in table.rules] == [1, 2, 3]
    assert table == read_csv(CSV, "access.csv")


def test_it_is_written_as_a_person_would():
    assert write_yaml(read_yaml(TABLE, "access.yaml")) == TABLE


@pytest.mark.parametrize(
    ("cell", "output"),
    [
        ("0.30", "0.3"),
        ("true", "true"),
        ("null", "null"),
        ("2026-01-01", '@"2026-01-01"'),
        ("yes", '"yes"'),
        ("0o17 x", None),
        ("", "null"),
        ("'decline'", '"decline"'),
        ("'\"a, b\"'", '"a, b"'),
        ('"min(1, 2)"', "min(1, 2)"),
    ],
)
def test_a_scalar_means_what_the_cell_means(cell, output):
    text = TABLE.replace("share: 0.3", "").replace("share: 0}", f"share: {cell}}}")
    if output is None:
        with pytest.raises(MappingError, match="line 27, rule 3, then share"):
            read_yaml(text, "t.yaml")
    else:
        assert read_yaml(text, "t.yaml").rules[2].outputs[1] == parse(output)


@pytest.mark.parametrize(
    ("old", "new", "where", "problem", "remedy"),
    [
        ("table: access", "tabel: access", "line 1, table", "Nothing is called 'tabel'", "`table`"),
        ("hit policy", "hit_policy", "line 3, table", "'hit_policy'", "Is `hit policy` meant?"),
        ("FIRST", "BEST", "line 3", "The hit policy 'BEST' is not known", "UNIQUE"),
        ("  type: n", "  tpye: n", "line 8, inputs", "'tpye'", "Is `type` meant?"),
        ("type: number", "type: nubmer", "column in:debt / income", "'nubmer'", "number"),
        ("- name: since", "- label: x", "line 10, inputs", "either a name", "expression: FEEL"),
        ("name: since", "name: a / b", "line 10, inputs", "'a / b' is no name", "expression"),
        ("debt / income\n", "debt /\n", "line 7, inputs, expression", "stands where", ""),
        ("if: {rating: D}", "if: {ratnig: D}", "line 18, rule 1, if", "'ratnig'", "`rating`"),
        ("if: {rating: D}", "when: {rating: D}", "line 18, rule 1", "'when'", "`then`"),
        ("{rating: D}", "{rating: '>'}", "line 18, rule 1, if rating", "In the cell `>`", ""),
        ("{rating: D}", "{rating: [D]}", "line 18, rule 1, if rating", "stands no text", "quotes"),
        ("{rating: D}", "D", "line 18, rule 1, if", "stands no mapping", "key: value"),
        ("share: 0.3", "share: 1,300", "line 19, rule 1, then", "", ""),
        ("'> 0.4'", "＞ 0.4", "line 21, rule 2, if debt / income", "full-width ＞", ">, or"),
        ("why: Rating", "wyh: Rating", "line 20, rule 1, note", "'wyh'", "Is `why` meant?"),
        ("outcome: refer}", "outcome: 3}", "line 21, rule 2, then outcome", "a number here", ""),
        ("notes: [why]", "notes: why", "line 16, notes", "stands no list", "dash"),
        ("rules:\n", "rule:\n", "line 17, table", "'rule'", "Is `rules` meant?"),
        ("- name: share", "- name: outcome", "line 15, outputs", "there twice", "Keep one"),
        ("- name: share", "- label: share", "line 15, outputs", "has no name", "Add `name: NAME`"),
        ("default: refer", "default: (", "line 14, outputs, default", "In the cell `(`", ""),
        ("values: A, B", "values: ＜", "line 6, inputs, values", "full-width", ""),
        ("title: {en: W", "title: {en: W, en: W", "line 2, title", "'en' stands twice", "Keep one"),
        ("{rating: D}", "{rating: D", "line 19", "The YAML cannot be read", "quotes"),
        ("access\n", "access\x07\n", "line 1", "not let into YAML", ""),
        ("access\n", "''\n", "t.yaml", "The table has no name", ""),
        ("{rating: D}", "&a {rating: D}", "line 18", "no anchors, aliases or tags", ""),
        ("{rating: D}", "!!python/name:os.system {}", "line 18", "no anchors, aliases or tags", ""),
    ],
)  # fmt: skip
def test_errors_name_line_rule_and_column(old, new, where, problem, remedy):
    assert old in TABLE
    with pytest.raises(MappingError) as caught:
        read_yaml(TABLE.replace(old, new, 1), "t.yaml")
    assert problem in caught.value.problem
    assert caught.value.where.startswith("t.yaml")
    assert caught.value.where.endswith(where)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("text", ["", "# nothing", "- a", "table", "{}", "table: t\nrules: []"])
def test_what_is_no_table(text):
    with pytest.raises(MappingError, match=r"t\.yaml"):
        read_yaml(text, "t.yaml")


BILLION = "a: &a [x,x]\n" + "".join(f"{b}: &{b} [*{a},*{a}]\n" for a, b in pairwise("abcdefghi"))


@pytest.mark.parametrize(
    "text",
    [
        BILLION,
        "[" * 100_000,
        "- " * 100_000,
        "{a: " * 100_000,
        "? " * 50_000,
        "x" * (TEXT_MAX + 1),
        TABLE.replace("0.3", "x" * 10**6),
        TABLE.replace("0.3", '"' + "(" * 9_000 + '"'),
        TABLE.replace("0.3", "\ud800"),
        "table: *a",
        "%YAML 9.9\n---\n",
        "a: b\n---\nc: d",
        "<<: {table: t}",
    ],
    ids=lambda text: text[:12],
)
def test_hostile_yaml_is_refused_at_once(text):
    began = time.perf_counter()
    with pytest.raises(MappingError):
        read_yaml(text, "t.yaml")
    assert time.perf_counter() - began < 3
