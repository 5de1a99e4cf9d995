"""The runner itself: what it takes for the same, and what it takes for a failure."""

from decimal import Decimal

import pytest
from tck_cases import Case, Node, failure_of, same

from headrace.decisions.dmn import read_model
from headrace.decisions.feel import Date, DateTime, Time

ONE = Decimal(1)
NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"
MODEL = f"""<definitions xmlns="{NAMESPACE}" namespace="n">
<decision name="one"><literalExpression><text>1</text></literalExpression></decision>
<decision name="null"><literalExpression><text>null</text></literalExpression></decision>
<decision name="broken"><literalExpression><text>(((</text></literalExpression></decision>
</definitions>"""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ONE, Decimal("1.000000001")),
        (None, None),
        ([ONE, {"a": ONE}], [Decimal("1.0"), {"a": ONE}]),
        ({"a": ONE, "b": None}, {"b": None, "a": ONE}),
        (DateTime(Date(2026, 1, 1), Time(1, 0, 0, offset=3600)),) * 2,
    ],
)
def test_the_same(value, expected):
    assert same(value, expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ONE, Decimal("1.0001")),
        (ONE, "1"),
        (True, ONE),
        (None, ONE),
        ([ONE], [ONE, ONE]),
        ({"a": ONE}, {"a": ONE, "b": None}),
        ([ONE], ONE),
    ],
)
def test_not_the_same(value, expected):
    assert not same(value, expected)
    assert not same(expected, value)


@pytest.mark.parametrize(
    ("name", "expected", "fails", "problem"),
    [
        ("one", ONE, False, ""),
        ("one", ONE + 1, False, "expected Decimal('2'), found Decimal('1')"),
        ("null", None, False, ""),
        ("null", None, True, ""),
        ("null", ONE, False, "found None"),
        ("broken", None, True, ""),
        ("broken", None, False, "refused: "),
        ("one", None, True, "expected None, found Decimal('1')"),
    ],
)
def test_where_an_error_is_expected_null_will_do_and_not_the_other_way_round(
    name, expected, fails, problem
):
    found = failure_of(Case("1", "", {}, (Node(name, expected, fails),)), read_model(MODEL))
    assert (found == "") == (problem == "")
    assert problem in found
