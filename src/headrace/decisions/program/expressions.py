"""FEEL over whole columns: for every case exactly what the interpreter says.

What the rules here know (arithmetic, comparisons, truth, `if`, `in`, rounding, least and greatest)
runs over blocks of cases. Any other part of an expression is given to the interpreter, once for
every distinct combination of the columns it names; and so is the whole expression for the cases in
which a rule could not be certain. Nothing is approximated.

    column_of(parse("min(sales * 0.25, 500000)"), {"sales": sales}, count, moment)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from headrace.decisions import feel
from headrace.decisions.feel import Value, tree
from headrace.decisions.program.columns import (
    NOTHING,
    NUMBER,
    STRING,
    Bools,
    Column,
    column_of_values,
    missing,
)
from headrace.decisions.program.interpreted import Cases, Rows
from headrace.decisions.program.memory import Memory
from headrace.decisions.program.numbers import doubles
from headrace.decisions.program.parts import Part
from headrace.decisions.program.rules import Block, NotKnownError, either
from headrace.errors import InputError

LONGEST = 200
BLOCK = 16_384
"""Cases at a time: the arrays of one rule fit a processor's own memory."""


def column_of(
    expression: feel.Expression,
    env: Mapping[str, Column],
    count: int,
    moment: feel.DateTime | None,
) -> Column:
    """The value of an expression in every case.

    Args:
        expression: What `parse` read.
        env: Columns by name; `access.outcome` is the member `outcome` of the context `access`.
        count: The number of cases.
        moment: What `now()` and `today()` answer.

    Raises:
        InputError: It has values of two kinds, or one that no column holds (a list, a context).
        FeelError: A case went over the interpreter's limits.
    """
    cases = Cases(env, count, moment)

    def ask(scope: Mapping[str, Value]) -> Value:
        return feel.evaluate(expression, scope, feel.Notes(moment=moment))

    def asked(rows: Rows) -> Column:
        values, places = cases.asked(cases.named_in(expression), rows, ask)
        return column_of_values(values, _named(expression)).take(places)

    try:
        found, unsure = _in_blocks(cases, lambda block: block.part(expression), (expression,))
    except NotKnownError:
        return asked(np.arange(count))
    rows = np.flatnonzero(unsure)
    if len(rows):
        found = _joined(found, rows, asked(rows), expression)
    return found if found.present.any() else missing(count)


def silent_nulls(expression: feel.Expression, found: Column, env: Mapping[str, Column]) -> Bools:
    """Where an expression is null though every column it names has a value.

    FEEL answers so to a wrong type, a division by zero, a name that nothing has.

    Args:
        expression: What `parse` read.
        found: What `column_of` made of it.
        env: The columns it was given.
    """
    silent = ~found.present
    for name in Cases(env, len(found), None).named_in(expression):
        silent &= env[name].present
    return silent


def _named(expression: feel.Expression) -> str:
    """What an error calls it."""
    try:
        text = feel.write(expression)
    except RecursionError:
        return "an expression of very many terms"
    return f"the expression {text if len(text) <= LONGEST else text[:LONGEST] + '...'}"


def truth_of(
    tests: feel.Tests,
    value: Column,
    env: Mapping[str, Column],
    count: int,
    moment: feel.DateTime | None,
) -> Bools:
    """Where a cell's unary tests hold; not where it cannot be told (null).

    Args:
        tests: What `parse_tests` read.
        value: What they are asked of, `?` itself.
        env: Columns by name, as for `column_of`.
        count: The number of cases.
        moment: What `now()` and `today()` answer.

    Raises:
        FeelError: A case went over the interpreter's limits.
    """
    cases = Cases({**env, "?": value}, count, moment)
    if not tests.alternatives:
        return np.ones(count, np.bool_)

    def ask(scope: Mapping[str, Value]) -> Value:
        return feel.matches(tests, scope["?"], scope, feel.Notes(moment=moment))

    wanted = not tests.negated
    try:
        found, unsure = _in_blocks(cases, lambda block: _passing(block, tests), ())
        holds: Bools = found.present & (found.values == wanted)
    except NotKnownError:
        unsure = np.ones(count, np.bool_)
        holds = np.zeros(count, np.bool_)
    rows = np.flatnonzero(unsure)
    names = cases.named_in(tests, tree.Name("?"))
    answers, places = cases.asked(names, rows, ask)
    holds[rows] = np.array([answer is True for answer in answers], np.bool_)[places]
    return holds


def _passing(block: Block, tests: feel.Tests) -> Part:
    value = block.leaf("?")
    return either(*(block.test(test, value) for test in tests.alternatives))


def _in_blocks(
    cases: Cases, evaluate: Callable[[Block], Part], roots: tuple[tree.Node, ...]
) -> tuple[Column, Bools]:
    """The column, block after block, and the cases it leaves to the interpreter.

    Raises:
        NotKnownError: No rule knows a root; or the whole takes the interpreter.
    """
    memory = Memory(cases, frozenset(map(id, roots)))
    kinds = {NOTHING}
    found = missing(cases.count)
    unsure = np.zeros(cases.count, np.bool_)
    for start in range(0, cases.count, BLOCK):
        rows = slice(start, min(start + BLOCK, cases.count))
        with np.errstate(all="ignore"):
            part = evaluate(Block(memory, rows))
            values, certain = doubles(part.number) if part.kind == NUMBER else (part.values, True)
        if part.kind != NOTHING and found.kind == NOTHING:
            kept = np.zeros(cases.count, np.float64 if part.kind == NUMBER else values.dtype)
            found = Column(part.kind, kept, found.present.copy(), part.texts)
        kinds.add(part.kind)
        if len(kinds) > 2 or (part.kind == STRING and part.texts is not found.texts):
            raise NotKnownError
        unsure[rows] = part.unsure | (part.present & ~np.asarray(certain))
        if part.kind != NOTHING:
            found.values[rows] = values + 0.0 if part.kind == NUMBER else values
            found.present[rows] = part.present
    return found, unsure


def _joined(found: Column, rows: Rows, asked: Column, expression: feel.Expression) -> Column:
    """A column with the interpreter's answers put where it left room."""
    present = found.present.copy()
    present[rows] = False
    if not present.any():
        found = Column(asked.kind, np.zeros(len(found), asked.values.dtype), present, asked.texts)
    elif asked.kind == NOTHING:
        return Column(found.kind, found.values, present, found.texts)
    elif asked.kind != found.kind:
        kinds = " and ".join(sorted((found.kind, asked.kind)))
        raise InputError(
            f"One column would hold {kinds}",
            where=_named(expression),
            remedy="Give every case one type",
        )
    values, texts = found.values.copy(), found.texts
    words = asked.values
    if found.kind == STRING and asked.texts != texts:
        places = {text: place for place, text in enumerate(texts)}
        codes = [places.setdefault(text, len(places)) for text in asked.texts]
        values, texts = values.astype(np.int64), tuple(places)
        words = np.array(codes, np.int64)[words]
    values[rows] = words
    present[rows] = asked.present
    return Column(found.kind, values, present, texts)
