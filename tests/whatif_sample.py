"""Random cases and policies for what-if: a table that lets in, a table that caps, a price."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from headrace.decisions.flow.program import FlowProgram
from headrace.decisions.program.columns import Column, read_column
from headrace.decisions.whatif.cases import Cases, Trial, usual_terms
from headrace.workflows.policies import load_policy
from headrace.workflows.policy import no_workbooks

POLICY = """\
policy: sample
customer: who
inputs:
  who: string
  score: number
  debt: number
  kind: string
  pd: number
steps:
- table: access
- table: cap
- value: dear
  is: if cap > 200 then 0.05 else 0.08
results:
  limit: cap
  rate: dear
otherwise: refer
"""
ACTIONS = ("approve", "notify", "refer", "decline")
KINDS = ("a", "b", "c")


def policy_files(access, cap):
    """The files of a policy with these rules: cells of score, debt, kind, action; score, cap."""
    lets_in = ["# table,access", "# hit policy,FIRST", "in:score,in:debt,in:kind,out:action"]
    caps = ["# table,cap", "# hit policy,COLLECT MIN", "# default,out:cap,100", "in:score,out:cap"]
    return {
        "policy.yaml": POLICY.encode(),
        "access.csv": "\n".join([*lets_in, *map(_row, access)]).encode(),
        "cap.csv": "\n".join([*caps, *map(_row, cap)]).encode(),
    }


def _row(cells):
    return ",".join(f'"{cell}"' for cell in cells)


def program_of(access, cap) -> FlowProgram:
    loaded = load_policy(policy_files(access, cap), no_workbooks, {})
    return FlowProgram(loaded.policy, {}, loaded.lists)


@dataclass(frozen=True, eq=False)
class World:
    """Cases and what policies read of them."""

    cases: Cases
    columns: dict[str, Column]

    def trial(self, program: FlowProgram) -> Trial:
        moments = np.arange(len(self.cases), dtype=np.int64) * 1_000_000
        return Trial(program, self.columns, moments, usual_terms())


def world(rows) -> World:
    """From rows of customer, score, debt, kind, pd, label."""
    who, score, debt, kind, pd, label = zip(*rows, strict=True) if rows else ([],) * 6
    n = len(rows)
    columns = {
        "who": read_column(pa.array(list(who), pa.string())),
        "score": read_column(pa.array(list(score), pa.float64())),
        "debt": read_column(pa.array(list(debt), pa.float64())),
        "kind": read_column(pa.array(list(kind), pa.string())),
        "pd": read_column(pa.array(list(pd), pa.float64())),
    }
    cases = Cases(
        key=columns["who"],
        label=np.array([-1 if each is None else each for each in label], np.int8),
        pd=np.array([np.nan if each is None else each for each in pd], np.float64),
        lgd=np.full(n, 0.5),
        currency="CNY",
        parts={"kind": columns["kind"]},
        groups={"kind": columns["kind"]},
    )
    return World(cases, columns)


def big_world(count, seed=3) -> World:
    """Many cases of which the low scores are bad."""
    rng = np.random.default_rng(seed)
    score = np.round(rng.uniform(0, 100, count), 1)
    pd = np.clip(0.3 - score / 400 + rng.normal(0, 0.02, count), 0.001, 0.9)
    label = [int(each) for each in rng.random(count) < pd]
    return world(
        [
            (f"C{rng.integers(max(count // 2, 1))}", float(score[row]), float(rng.integers(0, 50)),
             KINDS[rng.integers(3)], float(pd[row]), label[row] if row % 3 else None)
            for row in range(count)
        ]
    )  # fmt: skip


_NUMBERS = st.integers(-3, 12)
_TESTS = st.one_of(
    st.just("-"),
    st.builds(lambda sign, n: f"{sign} {n}", st.sampled_from(["<", "<=", ">", ">="]), _NUMBERS),
    st.builds(
        lambda low, wide, ends: f"{ends[0]}{low}..{low + wide}{ends[1]}",
        _NUMBERS,
        st.integers(0, 5),
        st.sampled_from(["[]", "(]", "[)", "()"]),
    ),
    st.sampled_from(["not(3)", "1, 2", "null", "< 2, > 8"]),
)
ACCESS = st.lists(
    st.tuples(_TESTS, _TESTS, st.sampled_from(["-", "a", "b, c"]), st.sampled_from(ACTIONS)),
    min_size=1,
    max_size=6,
)
CAPS = st.lists(
    st.tuples(_TESTS, st.sampled_from(["0", "50", "100", "250", "300"])), min_size=1, max_size=4
)
PROGRAMS = st.builds(program_of, ACCESS, CAPS)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["C1", "C2", "C3", "C4", "C5", "C6"]),
        st.none() | st.integers(-4, 12).map(float),
        st.none() | st.integers(-4, 12).map(float),
        st.sampled_from([*KINDS, None]),
        st.none() | st.sampled_from([0.0, 0.01, 0.05, 0.1, 0.25, 0.5]),
        st.sampled_from([0, 1, None]),
    ),
    min_size=1,
    max_size=40,
)
