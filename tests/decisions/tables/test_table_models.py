"""Tables as DMN models: requirements, types, titles, what other tools write, what is refused."""

from decimal import Decimal

import pytest

from headrace.decisions.dmn import decide, read_definitions, read_model, write_definitions
from headrace.decisions.dmn.tree import Aggregation, Decision, HitPolicy, InputData
from headrace.decisions.feel import Date, DateTime, Time, parse_tests
from headrace.decisions.feel.tree import Literal
from headrace.decisions.tables.models import model_of, tables_of
from headrace.decisions.tables.sheet import read_csv
from headrace.errors import MappingError

ACCESS = """# table,access
# hit policy,FIRST
# en,Who may borrow
# zh,谁可以借款
# type,in:since,date and time
# label,out:outcome,结论
in:rating,in:since,out:outcome,out:reason,note:why
D,,decline,rating_d,a reason
,< 2026-01-01T00:00:00Z,approve,old,
,,refer,new,
"""
LIMIT = """# table,limit
# hit policy,C+
# type,out:share,number
in:access.outcome,in:turnover,out:share
approve,,0.1
,> cap,0.2
"""
NAMES = {"access", "cap", "limit"}
FINAL = """# table,final
# hit policy,U
in:limit,out:x
> 0.2,limit * 2
<= 0.2,limit
"""


def policy():
    return [
        read_csv(text, f"{at}.csv", NAMES - {name})
        for at, (name, text) in enumerate(
            {"access": ACCESS, "limit": LIMIT, "final": FINAL}.items()
        )
    ]


def written(tables):
    return write_definitions(model_of(tables, "policy", {"turnover": "number", "cap": "number"}))


def test_tables_come_back_with_titles_labels_and_notes():
    tables = policy()
    again = tables_of(read_definitions(written(tables), "policy.dmn"))
    assert list(again) == tables
    assert [each.digest() for each in again] == [each.digest() for each in tables]
    assert (again[0].title_en, again[0].title_zh) == ("Who may borrow", "谁可以借款")
    assert again[0].outputs[0].label == "结论"
    assert [rule.notes for rule in again[0].rules] == [("a reason",), ("",), ("",)]


def test_what_tables_cite_are_their_requirements():
    definitions = model_of(policy(), "policy", {"turnover": "number"})
    names = {ref: node.name for ref, node in definitions.nodes.items()}
    needs = {
        node.name: [names[ref] for ref in node.information]
        for node in definitions.nodes.values()
        if isinstance(node, Decision)
    }
    assert needs == {
        "access": ["rating", "since"],
        "limit": ["access", "turnover", "cap"],
        "final": ["limit"],
    }
    inputs = {n.name: n.type_ref for n in definitions.nodes.values() if isinstance(n, InputData)}
    assert inputs == {"rating": "", "since": "dateTime", "turnover": "number", "cap": ""}


def test_the_model_decides_as_the_tables_say():
    model = read_model(written(policy()))
    assert model.problems == ()
    inputs = {
        "rating": "A",
        "since": DateTime(Date(2020, 1, 1), Time(0, 0, 0, offset=0)),
        "turnover": Decimal(5),
        "cap": Decimal(3),
    }
    assert decide(model, "access", inputs).value == {"outcome": "approve", "reason": "old"}
    assert decide(model, "limit", inputs).value == Decimal("0.3")
    assert decide(model, "final", inputs).value == Decimal("0.6")
    assert decide(model, "final", {**inputs, "turnover": Decimal(1)}).value == Decimal("0.1")


def test_names_of_two_tables_and_a_table_that_cites_itself():
    access, limit, final = policy()
    with pytest.raises(MappingError, match="'access' is there twice"):
        model_of([access, limit, access], "policy")
    own = read_csv(FINAL.replace("table,final", "table,limit"), "limit.csv")
    with pytest.raises(MappingError, match="cites itself"):
        model_of([own, final], "policy")


FOREIGN = """<definitions namespace="n" name="m"
  xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/">
<itemDefinition name="tGrade"><typeRef>string</typeRef>
  <allowedValues><text>"A","B"</text></allowedValues></itemDefinition>
<itemDefinition name="tGrades" isCollection="true"><typeRef>tGrade</typeRef></itemDefinition>
<inputData id="i1" name="Credit score"/><inputData id="i2" name="grade"/>
<decision id="d1" name="Risk"><decisionTable>
  <input label="Score">
  <inputExpression typeRef="number"><text>Credit score</text></inputExpression></input>
  <input label="grade">
  <inputExpression typeRef="tGrade"><text>grade</text></inputExpression></input>
  <input><inputExpression typeRef="tGrades"><text>[grade]</text></inputExpression></input>
  <output typeRef="feel:dateTime"/>
  <rule><description>seen in Camunda</description>
    <inputEntry><text>&gt; 600</text></inputEntry><inputEntry><text></text></inputEntry>
    <inputEntry><text>-</text></inputEntry><outputEntry><text></text></outputEntry></rule>
  <rule><inputEntry><text>not(null)</text></inputEntry><inputEntry><text>"A"</text></inputEntry>
    <inputEntry><text>-</text></inputEntry><outputEntry><text>now()</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def test_a_model_of_another_tool_is_read():
    (table,) = tables_of(read_definitions(FOREIGN, "risk.dmn"))
    assert table.name == "Risk"
    assert table.hit_policy is HitPolicy.UNIQUE
    assert [(each.text, each.type, each.label) for each in table.inputs] == [
        ("Credit score", "number", "Score"),
        ("grade", "string", ""),
        ("[grade]", "", ""),
    ]
    assert table.inputs[1].values == parse_tests('"A","B"')
    assert (table.outputs[0].name, table.outputs[0].type) == ("Risk", "date and time")
    assert table.rules[0].outputs == (Literal(None),)
    assert table.notes == ("annotation 1",)
    assert [rule.notes for rule in table.rules] == [("seen in Camunda",), ("",)]


@pytest.mark.parametrize(
    ("old", "new", "problem", "where"),
    [
        ("&gt; 600", "&gt;", "stands where", "risk.dmn, line 7, decision 'Risk', rule 1, column"),
        ("now()", "now(", "stands where", "rule 2, column 'output 1'"),
        (
            'typeRef="number"',
            'typeRef="tScore"',
            "The type 'tScore' is not known",
            "column 'Score'",
        ),
        (
            "<decisionTable>",
            "<x/><context/><decisionTable>",
            "no decision table",
            "decision 'Risk'",
        ),
        ("<outputEntry>", '<outputEntry expressionLanguage="groovy">', "language groovy", "rule 1"),
        ('"A","B"', '"A",', "stands where", "allowed values"),
    ],
)
def test_errors_name_element_rule_and_column(old, new, problem, where):
    with pytest.raises(MappingError) as caught:
        tables_of(read_definitions(FOREIGN.replace(old, new, 1), "risk.dmn"))
    assert problem in caught.value.problem
    assert where in caught.value.where


def test_a_model_without_tables_is_refused():
    start, _, _ = FOREIGN.partition("<decision ")
    with pytest.raises(MappingError, match="no decision table"):
        tables_of(read_definitions(f"{start}</definitions>", "risk.dmn"))


def test_the_type_of_a_total_is_that_of_its_output():
    limit = policy()[1]
    assert limit.aggregation is Aggregation.SUM
    types = {node.name: node.type_ref for node in model_of(policy(), "p").nodes.values()}
    assert (types["limit"], types["access"], types["final"]) == ("number", "", "")
