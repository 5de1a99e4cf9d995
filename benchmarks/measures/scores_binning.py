"""Optimal binning beside optbinning: information value column by column, and seconds.

    python benchmarks/scores.py --only scores.binning

The information value of a binning, whoever found it, is counted here, from its edges or groups, by
one formula, missing values as a bin of their own. optbinning looks for it in units of a millionth,
so a column counts as equal from a millionth below its value.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measures.found import DisagreementError, Found
from measures.score_sets import DATA, SETS
from numpy.typing import NDArray

from headrace.scores.binning.bins import Bins, Kind
from headrace.scores.binning.codec import bins_from_json, bins_to_json
from headrace.scores.binning.optimal import fit
from headrace.scores.binning.problem import BinningError, Settings, Trend

OPTBINNING = Path(__file__).parents[1] / "peers" / ".venv-optbinning" / "bin" / "python"
SCRIPT = Path(__file__).parents[1] / "peers" / "optbinning_bins.py"
EQUAL = 1e-6
RARE = 0.01  # where categories are handed over as pieces: hundreds are too many for optbinning

TIGHT = {"max_bins": 6, "min_share": 0.08, "min_gap": 0.01}
TIGHT_THERE = {"max_n_bins": 6, "min_bin_size": 0.08, "min_event_rate_diff": 0.01}

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """One binning asked of both.

    Attributes:
        name: Of what is asked.
        here: Our settings, without pieces.
        there: optbinning's options.
        same_pieces: Whether both are handed the same pieces; if not, each finds its own.
    """

    name: str
    here: Settings
    there: Options
    same_pieces: bool = True


QUESTIONS = (
    Question("none", Settings(trend=Trend.NONE), {"monotonic_trend": None}),
    *(
        Question(trend.value, Settings(trend=trend), {"monotonic_trend": trend.value})
        for trend in (Trend.ASCENDING, Trend.DESCENDING, Trend.PEAK, Trend.VALLEY)
    ),
    Question(
        "tight", Settings(trend=Trend.DESCENDING, **TIGHT),
        {"monotonic_trend": "descending", **TIGHT_THERE},
    ),
    Question(
        "significant", Settings(trend=Trend.NONE, max_p=0.05),
        {"monotonic_trend": None, "max_pvalue": 0.05},
    ),
    # Each finds its own pieces and trend; as shipped, we prefer a monotone trend by a tenth.
    Question("defaults", Settings(turn_gain=0.0), {}, same_pieces=False),
    Question("shipped", Settings(), {}, same_pieces=False),
)  # fmt: skip


def beside_optbinning(sets: tuple[str, ...], names: tuple[str, ...]) -> Found | None:
    """Share of columns whose information value is equal or better, and by how much.

    Args:
        sets: Names of sets of data.
        names: Names of questions. `shipped` is no part of `equal_or_better_share`: there the two
            follow different rules on purpose.

    Returns:
        None where the sets or optbinning are absent.
    """
    questions = [each for each in QUESTIONS if each.name in names]
    if not (OPTBINNING.exists() and DATA.is_dir()):
        return None
    rows = [row for name in sets for row in _compared(SETS[name](), questions)]
    for row in rows:
        if not row.there <= row.here + EQUAL:
            print(f"  less: {row.data} {row.column} {row.question}: {row.here:.6f},"
                  f" optbinning {row.there:.6f}", file=sys.stderr)  # fmt: skip
    same = [row.here >= row.there - EQUAL for row in rows if row.question != "shipped"]
    figures: dict[str, float] = {
        "columns": float(len({(row.data, row.column) for row in rows})),
        "equal_or_better_share": float(np.mean(same)),
    }
    for question in questions:
        asked = [row for row in rows if row.question == question.name]
        gains = np.array([row.here - row.there for row in asked])
        figures |= {
            f"{question.name}_equal_or_better_share": float(np.mean(gains >= -EQUAL)),
            f"{question.name}_better_share": float(np.mean(gains > EQUAL)),
            f"{question.name}_least_gain": float(gains.min()),
            f"{question.name}_mean_gain": float(gains.mean()),
            f"{question.name}_refused_there_share": float(np.mean([not r.solved for r in asked])),
            f"{question.name}_speed_ratio": sum(r.there_seconds for r in asked)
            / sum(r.here_seconds for r in asked),
        }
    digest = hashlib.sha256("".join(row.bins for row in rows).encode()).hexdigest()
    return Found(figures, digest)


@dataclass(frozen=True)
class Row:
    """One column, one question.

    Attributes:
        here: Information value here; 0 where it is refused.
        there: Of optbinning; 0 where it found none and gave one bin or an error.
        solved: Whether optbinning found a solution.
        bins: Ours as JSON.
    """

    data: str
    column: str
    question: str
    here: float
    there: float
    solved: bool
    here_seconds: float
    there_seconds: float
    bins: str


def _compared(data: Any, questions: list[Question]) -> Iterator[Row]:
    numbers, texts = data.arrays()
    columns: dict[str, Any] = {**numbers, **texts}
    columns = {name: each for name, each in columns.items() if _says_anything(each)}
    asked = [(name, question) for name in columns for question in questions]
    ours = [_ours(name, columns[name], data.y, question) for name, question in asked]
    theirs = optbinning(
        columns, data.y,
        [_job(name, columns[name], question, pieces)
         for (name, question), (_, _, pieces) in zip(asked, ours, strict=True)],
    )  # fmt: skip
    for (name, question), (bins, seconds, pieces), other in zip(asked, ours, theirs, strict=True):
        if question.same_pieces and len(pieces.piece_good) == 1:
            continue  # nothing to be merged
        solved = other["status"] == "OPTIMAL"
        value = information_value(columns[name], data.y, other["splits"]) if solved else 0.0
        yield Row(
            data.name, name, question.name, bins.iv if bins else 0.0, value, solved,
            seconds, other["seconds"] or 0.0, bins_to_json(bins) if bins else "",
        )  # fmt: skip


def _says_anything(column: Any) -> bool:
    if isinstance(column, np.ndarray):
        return len(np.unique(column[~np.isnan(column)])) > 1
    return len(column.unique()) > 1


def _ours(
    name: str, column: Any, y: NDArray[np.int64], question: Question
) -> tuple[Bins | None, float, Bins]:
    """Bins, None where refused; seconds; and the bins whose pieces are handed on."""
    handed = Settings(min_goods=0, min_bads=0, rare_share=RARE)
    pieces = fit(column, y, handed, feature=name)
    settings = question.here
    if question.same_pieces:
        edges = pieces.piece_edges if pieces.kind is Kind.NUMERIC else None
        settings = replace(settings, prebin_share=0.0, rare_share=RARE, edges=edges)
    began = time.perf_counter()
    try:
        bins = fit(column, y, settings, feature=name)
    except BinningError:
        bins = None
    return bins, time.perf_counter() - began, pieces


def _job(name: str, column: Any, question: Question, pieces: Bins) -> dict[str, Any]:
    options = {"name": name, **question.there}
    if pieces.kind is Kind.CATEGORICAL:
        options["dtype"] = "categorical"
    if question.same_pieces and pieces.kind is Kind.NUMERIC:
        options["user_splits"] = pieces.piece_edges
    elif question.same_pieces:
        options["user_splits"] = [[each] for each in pieces.categories]
    return {"column": name, "options": options, "repeat": 1}


def optbinning(
    columns: Mapping[str, Any], y: NDArray[np.int64], jobs: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """What optbinning makes of the jobs, in a process of its own."""
    plain = {name: each.cast(pa.string()) if isinstance(each, pa.Array) else each
             for name, each in columns.items()}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        table, said = Path(folder) / "table.parquet", Path(folder) / "jobs.json"
        pq.write_table(pa.table({**plain, "y": y}), table)
        said.write_text(json.dumps(jobs), encoding="utf-8")
        run = subprocess.run(
            [OPTBINNING, SCRIPT, said, table], capture_output=True, text=True, check=True
        )
    found: list[dict[str, Any]] = json.loads(run.stdout.splitlines()[-1])["jobs"]
    return found


def information_value(column: Any, y: NDArray[np.int64], splits: list[Any]) -> float:
    """Of bins with these inner edges, or these groups of categories, and one of missing values."""
    if isinstance(column, np.ndarray):
        codes = np.digitize(column, splits)
        codes[np.isnan(column)] = len(splits) + 1
    else:
        place = {name: at for at, group in enumerate(splits) for name in group}
        place[None] = len(splits)
        codes = np.array([place[each] for each in column.to_pylist()])
    bad = np.bincount(codes[y == 1], minlength=len(splits) + 2)
    good = np.bincount(codes[y == 0], minlength=len(splits) + 2)
    both = (good > 0) & (bad > 0)  # a pure bin of missing values says nothing, here as there
    goods, bads = good[both] / good.sum(), bad[both] / bad.sum()
    return float(np.sum((goods - bads) * np.log(goods / bads)))


def speed(rows: int, times: int) -> Found:
    """Seconds to bin a column of numbers, some missing, and one of categories, as they come.

    Args:
        rows: Of the column.
        times: The best of so many runs is taken.
    """
    random = np.random.default_rng(rows)
    income = random.lognormal(9, 1, rows)
    odds = -1 - 0.7 * (np.log(income) - 9) + 0.4 * np.cos(income / 9_000)
    y = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    income[random.random(rows) < 0.05] = np.nan
    grade = pa.array([f"grade {each:02d}" for each in range(40)]).take(
        pa.array(np.clip(np.nan_to_num(np.log(income) * 3).astype(int) + 5, 0, 39))
    )
    columns = {"income": income, "grade": grade}
    figures: dict[str, float] = {}
    digest = hashlib.sha256()
    for name, column in columns.items():
        fit(column[: min(rows, 1_000)], y[: min(rows, 1_000)], feature=name)
        seconds, found = [], set()
        for _ in range(times):
            began = time.perf_counter()
            bins = fit(column, y, feature=name)
            seconds.append(time.perf_counter() - began)
            found.add(bins_to_json(bins))
        if len(found) != 1 or bins_from_json(found.pop()) != bins:
            raise DisagreementError(f"binning of {name}: other bins on another run")
        digest.update(bins_to_json(bins).encode())
        figures[f"{name}_seconds"] = min(seconds)
    if OPTBINNING.exists():
        jobs = [{"column": "income", "options": {"name": "income"}, "repeat": min(times, 3)},
                {"column": "grade", "options": {"name": "grade", "dtype": "categorical"},
                 "repeat": 1}]  # fmt: skip
        for job, other in zip(jobs, optbinning(columns, y, jobs), strict=True):
            figures[f"{job['column']}_optbinning_seconds"] = other["seconds"]
            ratio = other["seconds"] / figures[f"{job['column']}_seconds"]
            figures[f"{job['column']}_speed_ratio"] = ratio
    return Found(figures, digest.hexdigest())
