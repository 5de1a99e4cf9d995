"""Decision tables: every hit policy and aggregation, defaults, allowed values, errors."""

from decimal import Decimal

import pytest
from dmn_models import decision, definitions, input_data, output, table

from headrace.decisions.dmn import decide, read_model
from headrace.errors import MappingError

NEEDS = '<informationRequirement><requiredInput href="#{}"/></informationRequirement>'


ONE = (output(),)


def model_of(rules, outputs=ONE, attributes='hitPolicy="UNIQUE"', inputs=("age", "grade")):
    logic = "".join(map(NEEDS.format, inputs)) + table(inputs, outputs, rules, attributes)
    return read_model(definitions(*map(input_data, inputs), decision("D", logic)), file="p.dmn")


def decided(model, **inputs):
    values = {name: Decimal(v) if isinstance(v, int) else v for name, v in inputs.items()}
    return decide(model, "D", values)


def policy(name: str, more: str = "") -> str:
    return f'hitPolicy="{name}" {more}'


OVERLAPPING = [
    '>= 18 | - => "adult" # of age',
    '- | "A" => "good" # grade A',
    '>= 60 | - => "senior" # of age',
]
VALUES = '"senior", "good", "adult"'


def test_unique_gives_the_one_rule_that_is_met_and_says_which():
    outcome = decided(model_of(OVERLAPPING), age=40, grade="B")

    assert (outcome.value, outcome.notes) == ("adult", ())
    assert [(fired.rules, fired.annotations) for fired in outcome.fired] == [((1,), (("of age",),))]
    assert outcome.fired[0].table.endswith("decision 'D'")


def test_unique_with_two_rules_met_is_null_with_a_note_of_both():
    outcome = decided(model_of(OVERLAPPING), age=40, grade="A")

    assert outcome.value is None
    assert [note.text for note in outcome.notes] == ["Rules 1, 2 are met, where only one may be"]
    assert outcome.fired == ()


def test_no_rule_met_is_null_with_a_note():
    outcome = decided(model_of(OVERLAPPING), age=4, grade="B")

    assert outcome.value is None
    assert [note.text for note in outcome.notes] == [
        "No rule is met, and there is no default output"
    ]
    assert "decision 'D'" in outcome.notes[0].where


def test_first_gives_the_topmost():
    outcome = decided(model_of(OVERLAPPING, attributes=policy("FIRST")), age=70, grade="A")
    assert (outcome.value, outcome.fired[0].rules) == ("adult", (1,))


@pytest.mark.parametrize(("grade", "value"), [("A", "yes"), ("B", "yes"), ("C", None)])
def test_any_gives_what_all_agree_on(grade, value):
    rules = ['>= 18 | - => "yes"', '- | "B", "A" => "yes"', '- | "C" => "no"']
    outcome = decided(model_of(rules, attributes=policy("ANY")), age=20, grade=grade)

    assert outcome.value == value
    if value is None:
        assert outcome.notes[0].text == "Rules 1, 3 are met, and their outputs differ"
    else:
        assert outcome.fired[0].rules == (1, 2)


def test_priority_gives_the_output_listed_first():
    model = model_of(OVERLAPPING, [output(values=VALUES)], policy("PRIORITY"))

    assert decided(model, age=70, grade="A").value == "senior"
    assert decided(model, age=40, grade="A").value == "good"


def test_output_order_gives_all_by_the_order_of_values():
    model = model_of(OVERLAPPING, [output(values=VALUES)], policy("OUTPUT ORDER"))
    outcome = decided(model, age=70, grade="A")

    assert outcome.value == ["senior", "good", "adult"]
    assert outcome.fired[0].rules == (3, 2, 1)


def test_rule_order_and_collect_give_all_by_the_order_of_rules():
    for name in ("RULE ORDER", "COLLECT"):
        outcome = decided(model_of(OVERLAPPING, attributes=policy(name)), age=70, grade="A")
        assert outcome.value == ["adult", "good", "senior"]


def test_priority_of_several_outputs_goes_from_left_to_right():
    outputs = [output("a", values="1, 2"), output("b", values='"x", "y"')]
    rules = ['- | - => 2 | "x"', '- | - => 1 | "y"', '- | - => 1 | "x"']
    model = model_of(rules, outputs, policy("OUTPUT ORDER"))

    pairs = [(row["a"], row["b"]) for row in decided(model, age=1, grade="A").value]
    assert pairs == [(1, "x"), (1, "y"), (2, "x")]


@pytest.mark.parametrize(
    ("aggregation", "value"), [("SUM", 35), ("MIN", 5), ("MAX", 20), ("COUNT", 3)]
)
def test_collect_aggregates(aggregation, value):
    rules = ["- | - => 10", ">= 18 | - => 20", '- | "A" => 5', "< 0 | - => 1000"]
    attributes = policy("COLLECT", f'aggregation="{aggregation}"')

    assert decided(model_of(rules, attributes=attributes), age=30, grade="A").value == value


def test_collect_cannot_sum_texts_and_says_so():
    attributes = policy("COLLECT", 'aggregation="SUM"')
    outcome = decided(model_of(OVERLAPPING, attributes=attributes), age=30, grade="A")

    assert outcome.value is None
    assert outcome.notes


def test_several_outputs_make_a_context_and_defaults_fill_it():
    outputs = [output("approve", default="false"), output("limit"), output("why", default='"none"')]
    model = model_of(['>= 18 | - => true | age * 1000 | "of age"'], outputs)

    assert decided(model, age=20, grade="A").value == {
        "approve": True, "limit": 20_000, "why": "of age",
    }  # fmt: skip
    outcome = decided(model, age=2, grade="A")
    assert outcome.value == {"approve": False, "limit": None, "why": "none"}
    assert (outcome.notes, outcome.fired) == ((), ())


def test_the_test_may_cite_the_value_and_other_inputs():
    model = model_of(['? * 2 > 50 | - => "twice"', '<= 25 | grade => "same"'])

    assert decided(model, age=30, grade="A").value == "twice"
    assert decided(model, age=20, grade="A").value == "same"


def test_an_empty_input_cell_is_a_dash_and_an_empty_output_cell_null_with_a_note():
    outcome = decided(model_of([" | =>"]), age=1, grade="A")

    assert outcome.value is None
    assert outcome.notes[0].text == "The expression is empty"
    assert "rule 1, column 'output 1'" in outcome.notes[0].where


def test_an_output_that_is_not_among_its_values_is_null_with_a_note():
    outcome = decided(model_of(['- | - => "other"'], [output(values=VALUES)]), age=1, grade="A")

    assert outcome.value is None
    assert outcome.notes[0].text == f"The value is none of those listed: {VALUES}"


def test_a_missing_input_is_noted_and_meets_what_null_meets():
    outcome = decided(model_of(['null | - => "nothing known"']), grade="A")

    assert outcome.value == "nothing known"
    assert [note.text for note in outcome.notes] == ["No value is given; taken as null"]
    assert outcome.notes[0].where.endswith("input data 'age'")


def test_a_cell_of_the_wrong_type_is_noted_with_rule_and_column():
    outcome = decided(model_of(['< 18 | - => "minor"']), age="young", grade="A")

    assert outcome.value is None
    assert any("rule 1, column 'age'" in note.where for note in outcome.notes)


def test_a_cell_that_is_not_feel_is_a_problem_with_rule_column_and_text():
    model = model_of(['< 18 | - => "minor"', '>= 18 | ((( => "adult"'])

    (problem,) = model.problems
    assert "`(((`" in problem.problem
    assert problem.where.startswith(
        "p.dmn, line 1, decision 'D', rule 2, column 'grade', character"
    )
    assert decided(model, age=2, grade="A").value == "minor"
    with pytest.raises(MappingError, match="rule 2, column 'grade'"):
        decided(model, age=20, grade="A")


@pytest.mark.parametrize(
    ("attributes", "outputs", "problem"),
    [
        ('hitPolicy="SOMETIMES"', [output()], "hit policy 'SOMETIMES' is not known.*UNIQUE, ANY"),
        (policy("COLLECT", 'aggregation="AVG"'), [output()], "aggregation 'AVG'.*SUM, MIN"),
        (policy("FIRST", 'aggregation="SUM"'), [output()], "Expected COLLECT"),
        (policy("COLLECT", 'aggregation="SUM"'), [output("a"), output("b")], "2 outputs to take"),
        (policy("PRIORITY"), [output()], "no output lists any"),
        (policy("UNIQUE"), [output("a"), output()], "not each has a name of its own"),
        (policy("UNIQUE"), [output("a"), output("a")], "not each has a name of its own"),
        (policy("UNIQUE"), [], "has no output"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(attributes, outputs, problem):
    rule = "- | - => " + " | ".join("1" for _ in outputs) if outputs else None
    with pytest.raises(MappingError, match=problem):
        model_of([rule] if rule else [], outputs, attributes)


@pytest.mark.parametrize(
    ("rule", "problem"), [("- => 1", "1 input cells.*Expected 2"), ("-|- => 1|2", "2 output cells")]
)
def test_a_rule_with_too_few_or_many_cells_is_refused_by_its_number(rule, problem):
    with pytest.raises(MappingError, match=problem) as caught:
        model_of(["- | - => 1", rule])
    assert caught.value.where.endswith("decision 'D', rule 2")
