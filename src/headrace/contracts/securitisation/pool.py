"""Which loans may enter a pool, how concentrated it is, and what it is made of.

A loan tape is a table with at least `loan_id` (text) and `balance` (int64, minor units); tests and
strata name its other columns. A value that is missing fails a test: it is not taken to pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.contracts.securitisation.dates import day_number
from headrace.contracts.securitisation.projection import PLAN_WORDS, PLANS, LoanLines
from headrace.contracts.securitisation.tables import table_of
from headrace.errors import InputError

_TESTS: dict[str, Callable[[Any, Any], Any]] = {
    ">": pc.greater,
    ">=": pc.greater_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    "==": pc.equal,
}


@dataclass(frozen=True)
class Eligibility:
    """A standard a loan must meet (合格标准).

    Attributes:
        column: Of the tape.
        op: `>`, `>=`, `<`, `<=`, `==`, `in` or `not in`.
        value: What it is compared with; several for `in`.
        zh: The standard in words, which is the reason where a loan fails.
    """

    column: str
    op: str
    value: Any
    zh: str


@dataclass(frozen=True)
class Concentration:
    """A limit on how much of a pool one group is (集中度).

    Attributes:
        column: Whose values are the groups: obligor, region, industry.
        largest: The limit is on this many of the largest groups together.
        limit: Share of the balance, 0 to 1.
    """

    name: str
    column: str
    largest: int
    limit: Fraction


def _column(tape: pa.Table, name: str) -> Any:
    if name not in tape.column_names:
        raise InputError(
            f"The tape has no column {name}", where="tape", remedy=", ".join(tape.column_names)
        )
    return tape[name].combine_chunks()


def _meets(tape: pa.Table, test: Eligibility) -> Any:
    values = _column(tape, test.column)
    if test.op not in {*_TESTS, "in", "not in"}:
        remedy = ", ".join([*_TESTS, "in", "not in"])
        raise InputError(f"{test.op!r} is no test", where=test.zh, remedy=remedy)
    if isinstance(test.value, float) and pa.types.is_integer(values.type):
        values = values.cast(pa.float64())  # Arrow would cut 0.5 to 0 without a word
    try:
        if test.op in _TESTS:
            return _TESTS[test.op](values, pa.scalar(test.value, values.type))
        among = pc.is_in(values, value_set=pa.array(list(test.value), values.type))
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{test.value!r} cannot be compared with column {test.column}, which is {values.type}",
            where=test.zh,
            remedy="a value of the column's own type; several, as a list, for `in`",
        ) from error
    return pc.invert(among) if test.op == "not in" else among


def eligible(tape: pa.Table, tests: Sequence[Eligibility]) -> pa.Table:
    """Each loan with the reasons for which it may not enter.

    Returns:
        A table `loan_id`, `eligible` (bool), `reasons` (list of text): the standards not met, in
        order; `…（缺失）` where the value is missing.

    Raises:
        InputError: A column is not on the tape, or a test is unknown.
    """
    reasons: list[list[str]] = [[] for _ in range(tape.num_rows)]
    for test in tests:
        met = pc.fill_null(_meets(tape, test), False)  # noqa: FBT003 - Arrow's own argument
        missing = pc.is_null(_column(tape, test.column)).to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(~met.to_numpy(zero_copy_only=False) | missing).tolist():
            reasons[row].append(f"{test.zh}（缺失）" if missing[row] else test.zh)
    return pa.table(
        {
            "loan_id": _column(tape, "loan_id"),
            "eligible": pa.array([not why for why in reasons], pa.bool_()),
            "reasons": pa.array(reasons, pa.list_(pa.string())),
        }
    )


CONCENTRATION_SCHEMA = pa.schema(
    [
        ("test", pa.string()),
        ("groups", pa.list_(pa.string())),
        ("balance", pa.int64()),
        ("share", pa.float64()),
        ("limit", pa.float64()),
        ("passes", pa.bool_()),
    ]
)


def concentration(tape: pa.Table, tests: Sequence[Concentration]) -> pa.Table:
    """Each limit with the groups that come closest to it: a table of `CONCENTRATION_SCHEMA`.

    Groups of one balance are ordered by name. A missing value is a group of its own, `（缺失）`.
    Whether it passes is decided on whole fen, not on the rounded share.
    """
    rows = []
    balances = _column(tape, "balance").to_numpy()
    total = int(balances.sum())
    for test in tests:
        sums: dict[str, int] = {}
        for value, balance in zip(
            _column(tape, test.column).to_pylist(), balances.tolist(), strict=True
        ):
            key = "（缺失）" if value is None else str(value)
            sums[key] = sums.get(key, 0) + balance
        top = sorted(sums.items(), key=lambda item: (-item[1], item[0]))[: test.largest]
        held = sum(balance for _, balance in top)
        rows.append(
            (
                test.name,
                [name for name, _ in top],
                held,
                held / total if total else 0.0,
                float(test.limit),
                held <= test.limit * total,
            )
        )
    return table_of(rows, CONCENTRATION_SCHEMA)


STRATA_SCHEMA = pa.schema(
    [
        ("stratum", pa.string()),
        ("loans", pa.int64()),
        ("balance", pa.int64()),
        ("share", pa.float64()),
        ("rate", pa.float64()),
        ("terms_left", pa.float64()),
    ]
)
"""`rate` (a year, a fraction) and `terms_left` are weighted by balance; null where the tape has no
`rate_ppm` or `terms_left`."""


def strata(tape: pa.Table, column: str, edges: Sequence[float] = ()) -> pa.Table:
    """The pool by the values of a column, or by ranges of it (分层统计).

    Args:
        tape: The loans.
        column: To split by.
        edges: Ascending; a range holds its lower edge. None takes each value apart.

    Returns:
        A table of `STRATA_SCHEMA`, ranges ascending or values by name; empty strata are left out.
    """
    labels = _labels(_column(tape, column).to_pylist(), list(edges))
    order = sorted(set(labels))
    balances = _column(tape, "balance").to_numpy().astype(np.int64)
    total = int(balances.sum())
    codes = np.array([order.index(label) for label in labels], dtype=np.int64)
    rows = []
    for code, (_, name) in enumerate(order):
        chosen = codes == code
        balance = int(balances[chosen].sum())
        rows.append(
            (
                name,
                int(chosen.sum()),
                balance,
                balance / total if total else 0.0,
                _weighted(tape, "rate_ppm", balances, chosen, 1e6),
                _weighted(tape, "terms_left", balances, chosen, 1.0),
            )
        )
    return table_of(rows, STRATA_SCHEMA)


def _labels(values: Sequence[Any], edges: Sequence[float]) -> list[tuple[int, str]]:
    out = []
    for value in values:
        if value is None:
            out.append((10**9, "（缺失）"))
        elif not edges:
            out.append((0, str(value)))
        else:
            place = int(np.searchsorted(edges, value, side="right"))
            low = "" if place == 0 else f"{edges[place - 1]:g}"
            high = "" if place == len(edges) else f"{edges[place]:g}"
            out.append((place, f"[{low}, {high})"))
    return out


def _weighted(
    tape: pa.Table, column: str, balances: Any, chosen: Any, scale: float
) -> float | None:
    if column not in tape.column_names or not int(balances[chosen].sum()):
        return None
    values = _column(tape, column).to_numpy(zero_copy_only=False)[chosen].astype(np.float64)
    return float(np.average(values, weights=balances[chosen].astype(np.float64)) / scale)


def loan_lines(tape: pa.Table) -> LoanLines:
    """The loans of a tape as lines of fixed rate, to project.

    Columns: `balance` (minor units), `rate_ppm`, `terms`, `terms_left`, `start` (date32), `plan`
    (`level`, `even`, `interest_first`, or 等额本息, 等额本金, 先息后本).

    Raises:
        InputError: A column is missing or has nulls, or a plan is unknown.
    """
    for name in ("balance", "rate_ppm", "terms", "terms_left", "start", "plan"):
        if _column(tape, name).null_count:
            raise InputError(
                f"Column {name} has nulls", where="tape", remedy="leave such loans out"
            )
    words = [PLAN_WORDS.get(plan, plan) for plan in _column(tape, "plan").to_pylist()]
    unknown = sorted({plan for plan in words if plan not in PLANS})
    if unknown:
        raise InputError(f"{unknown[0]!r} is no plan", where="tape", remedy=", ".join(PLANS))
    balances, rates, terms, left = (
        _column(tape, name).to_numpy().astype(np.int64)
        for name in ("balance", "rate_ppm", "terms", "terms_left")
    )
    starts = np.array([day_number(day) for day in _column(tape, "start").to_pylist()], np.int64)
    plans = np.array([PLANS[plan] for plan in words], dtype=np.int64)
    fixed = np.full(len(plans), -1, dtype=np.int64)
    return LoanLines(balances, rates, terms, left, starts, plans, fixed)
