"""Files damaged at random: they are read, or refused with an error that says what is wrong."""

from decimal import Decimal

import hypothesis.strategies as st
import pytest
from dmn_models import (
    allowed,
    component,
    context,
    decision,
    definitions,
    input_data,
    item,
    knowledge,
    literal,
    output,
    service,
    table,
)
from hypothesis import example, given, settings

from headrace.decisions.dmn import decide, read_model
from headrace.decisions.dmn.tree import Decision, Service
from headrace.errors import HeadraceError

WHOLE = definitions(
    item("tGrade", allowed('"A", "B"'), "string"),
    item("tLoan", component("amount due", "number") + component("grade", "tGrade")),
    input_data("loan", "tLoan"),
    knowledge("share", ["n: number"], literal("n / 100"), type_ref="number"),
    decision(
        "price",
        '<informationRequirement><requiredInput href="#loan"/></informationRequirement>'
        + table(
            ["loan.amount due", "loan.grade"],
            [output("rate", values="1, 2", default="2"), output("why")],
            ['< 100 | "A" => 1 | "small"', '- | not("A") => 2 | "other"'],
            'hitPolicy="PRIORITY"',
        ),
    ),
    decision(
        "D", context(("p", literal("price.rate")), ("", literal("share(p)"))), ["price", "f:share"]
    ),
    service("S", ["D"], ["loan"]),
)
LOAN = {"amount due": Decimal(5), "grade": "A"}
PIECES = [
    "",
    "<",
    ">",
    '"',
    "/",
    "&lt;",
    "&",
    "tLoan",
    "D",
    "(",
    "]]>",
    "\x00",
    "限",
    "#",
    "-",
    "1e9",
]


def test_the_whole_model_is_sound():
    model = read_model(WHOLE)
    assert model.problems == ()
    assert [decide(model, name, {"loan": LOAN}).value for name in ("D", "S")] == [
        Decimal("0.01")
    ] * 2


def refusals(content):
    """What is said where a file, or a decision of it, is refused; any other error is a crash."""
    try:
        model = read_model(content, file="p.dmn")
    except HeadraceError as error:
        return [error.problem]
    found = []
    for name in (*model.names(Decision), *model.names(Service)):
        try:
            decide(model, name, {})
        except HeadraceError as error:
            found.append(error.problem)
    return found


@settings(max_examples=400, deadline=None)
@given(
    damages=st.lists(
        st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 12), st.sampled_from(PIECES)),
        min_size=1,
        max_size=4,
    )
)
@example(damages=[(0, 12, "")])
def test_a_damaged_file_is_read_or_refused(damages):
    content = WHOLE
    for place, length, piece in damages:
        content = content[:place] + piece + content[place + length :]
    assert all(refusal.strip() for refusal in refusals(content))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_refused(content):
    with pytest.raises(HeadraceError):
        read_model(content)
