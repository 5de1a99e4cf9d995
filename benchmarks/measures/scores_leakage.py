"""What the leakage check finds in five real sets, in planted leaks, and in honest strong features.

    python benchmarks/measures/scores_leakage.py [--quick]

It prints a row for each finding, and for each honest feature how strong it is. The real sets are
looked at without being told which of their columns are known after the outcome.
"""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.path.insert(0, str(Path(__file__).parents[1] / "peers"))

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from measures import score_sets
from measures.found import DisagreementError, Found
from numpy.typing import NDArray
from scipy.special import expit

from headrace.facts.kinds import CREDIT_RECORD, INVOICE
from headrace.scores.leakage.alone import strength
from headrace.scores.leakage.check import check
from headrace.scores.leakage.findings import Leak
from headrace.scores.leakage.folds import check_folds, copies
from headrace.scores.leakage.look_ahead import find_look_ahead
from headrace.scores.leakage.sample import Sample, missing
from headrace.scores.validation.splits import SplitSettings, given, split

Floats = NDArray[np.float64]
SEEDS, SEEDS_QUICK = 20, 3
SIZES, SIZES_QUICK = (300, 3_000, 30_000), (300, 3_000)
MUST = {
    ("cumcm", "信誉评级"): "near_perfect_alone",
    ("sba", "term"): "fine_pattern",
    ("sba", "chg_off_date"): "missing_tells",
    ("sba", "chg_off_prin_gr"): "near_perfect_alone",
    **{("smesd", name): "counted_back" for name in sorted(score_sets.SMESD_TIMES)},
}
"""What has to be refused, and by which rule, though nothing is declared."""


@dataclass(frozen=True)
class Line:
    """One row of the table: a finding, or a feature that nothing was found in."""

    data: str
    feature: str
    auc: float
    leak: Leak | None


def real() -> Iterator[Line]:
    """Every column of the five sets, known after the outcome or not; nothing is declared."""
    for name, reader in score_sets.SETS.items():
        each = reader()
        sample = Sample(each.table, each.y, decided=each.times)
        if name == "smesd":
            # Its files say of the times that they count back, and of the rows which years they are.
            sample = Sample(
                each.table, each.y, durations=each.durations, cohort=score_sets.smesd_cohort()
            )
        yield from lines(name, sample)


def lines(data: str, sample: Sample) -> Iterator[Line]:
    """Each finding, and each feature without one."""
    leaks = check(sample)
    for name in sample.table.column_names:
        own = [leak for leak in leaks if leak.feature == name]
        alone = _alone(sample, name)
        found: list[Leak | None] = [*own] or [None]
        yield from (Line(data, name, alone, leak) for leak in found)


def _alone(sample: Sample, name: str) -> float:
    column = sample.column(name)
    known = ~missing(column)
    y = sample.y[known]
    return strength(column.filter(known), y) if 0 < y.sum() < y.size else float("nan")


def honest(rows: int, seed: int) -> Sample:
    """Strong features that know nothing they should not, of a simulated book."""
    chance = np.random.default_rng(seed)
    quality = chance.normal(size=rows)
    y = (chance.random(rows) < expit(-1.6 - 2.6 * quality)).astype(np.int64)
    noise = chance.normal(size=(8, rows))
    term = 12 * np.clip(np.round(4 + 1.2 * quality + noise[0]), 1, 10)
    short = chance.random(rows) < 0.1
    amount = np.exp(12 + 0.8 * quality + noise[1])
    whole = chance.random(rows) < np.where(y == 1, 0.55, 0.5)  # those who fail round a little more
    grade = np.clip(np.round(5 + 2 * quality + 0.7 * noise[2]), 1, 10).astype(int)
    no_file = chance.random(rows) < np.where(y == 1, 0.35, 0.12)
    return Sample(
        pa.table(
            {
                "smooth_strong": quality + 0.15 * noise[3],
                "turnover_log": np.exp(3 * quality + noise[4]),
                "far_from_middle": np.abs(quality + 0.5 * noise[5]),
                "term_contracted": np.where(short, term - 6, term),
                "amount_asked": np.where(whole, np.round(amount / 1e4) * 1e4, np.round(amount)),
                "age": np.round(45 + 9 * (0.3 * quality + noise[6])),
                "grade": pa.array([f"G{each:02d}" for each in grade]),
                "bureau_score": pa.array(np.round(600 + 50 * quality), mask=no_file),
                "industry": pa.array([f"I{each}" for each in chance.integers(0, 60, rows)]),
            }
        ),
        y,
    )


def planted(rows: int, seed: int) -> Sample:
    """The same book with a leak of every kind."""
    chance = np.random.default_rng(seed + 1_000)
    book = honest(rows, seed)
    y = book.y
    decided = np.datetime64("2018-01-01") + chance.integers(0, 1_000, rows).astype("m8[D]")
    months = chance.integers(3, 36, rows)
    ended = np.where(y == 1, decided + (months * 30.4).astype("m8[D]"), np.datetime64("NaT", "D"))
    contracted = 12 * chance.integers(2, 9, rows)
    lasted = np.ceil(contracted * chance.uniform(0.5, 1.0, rows))
    lasted = np.where(chance.random(rows) < 0.3, contracted, lasted)
    born = np.datetime64("2000-01-01") + chance.integers(0, 5_000, rows).astype("m8[D]")
    until = np.where(y == 1, ended, np.datetime64("2022-12-31"))
    age = (until - born).astype("m8[D]").astype(np.float64) / 30.4
    collected = np.where(y == 1, chance.integers(1, 9, rows), -1)
    extra = {
        "term_realised": np.where(y == 1, lasted, contracted),
        "months_paid": np.where(y == 1, months + chance.integers(0, 3, rows), contracted),
        "collector": pa.array(collected, mask=collected < 0),
        "row_of_sorted_file": np.argsort(np.argsort(-y + 0.3 * chance.random(rows))),
        "rating_after": pa.array(
            np.where(y == 1, np.where(chance.random(rows) < 0.8, "D", "C"), "B")
        ),
        "months_since_setup": age,
        "tax_return": book.table["turnover_log"].to_numpy(),
    }
    table = book.table
    for name, values in extra.items():
        table = table.append_column(name, pa.array(values))
    return Sample(
        table,
        y,
        decided=decided,
        known={
            "tax_return": decided + np.where(chance.random(rows) < 0.2, 90, -90).astype("m8[D]")
        },
        ended=ended,
        durations=frozenset({"months_since_setup"}),
        reference=until,
    )


PLANTED = frozenset(
    {
        "term_realised", "months_paid", "collector", "row_of_sorted_file", "rating_after",
        "months_since_setup", "tax_return",
    }
)  # fmt: skip


def looks_ahead(seed: int) -> tuple[set[str], set[str]]:
    """Names found and names planted among features of simulated sales."""
    chance = np.random.default_rng(seed)
    start = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
    seconds = start + chance.integers(0, 700, 4_000) * 86_400.0
    facts = pa.table(
        {
            "party": pa.array([f"F{each}" for each in chance.integers(0, 50, 4_000)]),
            "amount": chance.integers(1, 1_000, 4_000),
            "known_time": pa.array((seconds * 1e6).astype(np.int64), pa.timestamp("us", "UTC")),
        }
    )

    def features(known: pa.Table, moment: datetime) -> pa.Table:
        before = known.filter(pc.less_equal(known["known_time"], pa.scalar(moment)))
        own = before.group_by("party").aggregate([("amount", "sum"), ("amount", "count")])
        ahead = known.rename_columns({"amount": "ever"})
        future = ahead.group_by("party").aggregate([("ever", "sum"), ("ever", "mean")])
        joined = own.join(future, "party").sort_by("party")
        scale = pc.mean(known["amount"]).as_py()  # of all facts: a quiet look ahead
        return joined.append_column(
            "scaled", pc.divide(joined["amount_sum"].cast(pa.float64()), scale)
        )

    moments = [datetime(2020, month, 1, tzinfo=UTC) for month in (3, 9)]
    leaks = find_look_ahead(features, facts, moments, "known_time")
    return {leak.feature for leak in leaks}, {"ever_sum", "ever_mean", "scaled"}


ENGINE_MOMENTS = (datetime(2018, 6, 30, 16, tzinfo=UTC), datetime(2019, 6, 30, 16, tzinfo=UTC))


def engine_looks_ahead(firms: int) -> Found:
    """Features of the pack that change when the invoices not yet known are taken away.

    Args:
        firms: Looked at, of the 123 with a credit record.

    Raises:
        DisagreementError: If one does; or if a planted one, the mean of all invoices of the firm,
            is not found.
    """
    ingested = score_sets.cumcm_facts()
    every = ingested.facts[CREDIT_RECORD.kind]["party"].to_pylist()[:firms]
    invoices = ingested.facts[INVOICE.kind]
    own = invoices.filter(pc.is_in(invoices["party"].cast(pa.string()), pa.array(every)))

    def features(known: pa.Table, moment: datetime) -> pa.Table:
        voids = ingested.corrections
        told = pc.less_equal(voids["known_time"], pc.max(known["known_time"]))
        voids = voids.filter(pc.fill_null(told, fill_value=True))
        table = score_sets.event_features(known, voids, every, moment).drop_columns(["as_of"])
        mean = known.select(["party", "amount_minor"]).group_by("party")
        ever = mean.aggregate([("amount_minor", "mean")])
        place = pc.index_in(table["party"], value_set=ever["party"].cast(pa.string()))
        return table.append_column("planted", ever["amount_minor_mean"].take(place))

    leaks = find_look_ahead(features, own, ENGINE_MOMENTS, "known_time")
    found = [leak.feature for leak in leaks]
    if found != ["planted"]:
        raise DisagreementError(f"look ahead: {found} instead of the planted one alone")
    names = features(own, ENGINE_MOMENTS[0]).column_names[1:-1]
    return Found(
        {
            "engine_features": float(len(names)),
            "engine_looking_ahead": 0.0,
            "engine_planted_share": dict(leaks[0].evidence)["share_changed"],
        },
        hashlib.sha256(repr(leaks).encode()).hexdigest(),
    )


def shared_folds() -> tuple[Leak, ...]:
    """The published split of SMEsD, and a split at random of the copies in Taiwan's set."""
    firms, cards = score_sets.smesd(), score_sets.taiwan()
    cohort = score_sets.smesd_cohort()
    parts = [np.flatnonzero(cohort == each) for each in (0, 1, 2)]
    pairs = [(parts[0], parts[1]), (np.concatenate(parts[:2]), parts[2])]
    published = given(pairs, "as published", "公开划分")
    careless = split(cards.y, settings=SplitSettings(seed=1))
    return (
        *check_folds(published, groups=firms.groups),
        *check_folds(careless, rows=copies(cards.table)),
    )


def real_columns() -> Found | None:
    """What is found in the five real sets; None where they are absent."""
    return flagged(list(real())) if score_sets.DATA.is_dir() else None


def engine(firms: int) -> Found | None:
    """`engine_looks_ahead`; None where the invoices are absent."""
    return engine_looks_ahead(firms) if score_sets.DATA.is_dir() else None


def flagged(table: list[Line]) -> Found:
    """Leaks of the real sets that are refused by the rule they should be, and honest ones.

    Raises:
        DisagreementError: If a leak is not refused, or by another rule.
    """
    refused = {
        (line.data, line.feature): line.leak.rule
        for line in table
        if line.leak is not None and line.leak.refuses
    }
    lacking = {key: rule for key, rule in MUST.items() if refused.get(key) != rule}
    if lacking:
        raise DisagreementError(f"leakage: not refused as they should be: {lacking}")
    after = {
        (name, column)
        for name, reader in score_sets.SETS.items()
        for column in reader().after - {column for data, column in MUST if data == name}
    }
    columns = {(line.data, line.feature) for line in table} - after - set(MUST)
    warned = {(each.data, each.feature) for each in table if each.leak} - set(refused)
    return Found(
        {
            "real_leaks_refused": float(len(set(refused) & set(MUST))),
            "real_after_warned": float(len(warned & after)),
            "real_after_only_declared": float(len(after - warned - set(refused))),
            "real_honest": float(len(columns)),
            "real_honest_refused": float(len(set(refused) & columns)),
            "real_honest_warned": float(len(warned & columns)),
        },
        hashlib.sha256(repr(sorted(refused.items())).encode()).hexdigest(),
    )


def simulated(sizes: tuple[int, ...], seeds: int) -> Found:
    """Planted leaks that are refused and honest strong features that are, over sizes and seeds."""
    counts = dict.fromkeys(
        ("planted", "planted_refused", "honest", "honest_refused", "honest_warned",
         "look_ahead", "look_ahead_found", "look_ahead_wrong"), 0.0
    )  # fmt: skip
    told = []
    for size in sizes:
        for seed in range(seeds):
            for sample in (honest(size, seed), planted(size, seed)):
                leaks = check(sample)
                told.append((size, seed, sorted((leak.feature, leak.rule) for leak in leaks)))
                refused = {leak.feature for leak in leaks if leak.refuses}
                own = set(sample.table.column_names) & PLANTED
                counts["planted"] += len(own)
                counts["planted_refused"] += len(refused & PLANTED)
                counts["honest"] += sample.table.num_columns - len(own)
                counts["honest_refused"] += len(refused - PLANTED)
                warned = {leak.feature for leak in leaks} - refused - PLANTED
                counts["honest_warned"] += len(warned)
    for seed in range(seeds):
        found, there = looks_ahead(seed)
        counts["look_ahead"] += len(there)
        counts["look_ahead_found"] += len(found & there)
        counts["look_ahead_wrong"] += len(found - there)
    return Found(counts, hashlib.sha256(repr(told).encode()).hexdigest())


def main() -> None:
    """Print the table."""
    quick = "--quick" in sys.argv[1:]
    table = list(real())
    for line in sorted(table, key=lambda each: (each.leak is None, each.data, -each.auc)):
        if line.leak is None and not line.auc >= 0.6:
            continue
        mark = "-" if line.leak is None else ("REFUSED" if line.leak.refuses else "warned")
        rule = "" if line.leak is None else line.leak.rule
        print(f"{mark:<8}{line.data:<8}{line.feature:<28}AUC {line.auc:.3f}  {rule}")
        if line.leak is not None:
            print(f"        {line.leak.en}\n        {line.leak.zh}")
    for leak in shared_folds():
        print(f"{'REFUSED' if leak.refuses else 'warned':<8}{leak.rule}: {leak.en}")
    sample = honest(SIZES_QUICK[-1], 0)
    for line in lines("simulated, honest", sample):
        mark = "-" if line.leak is None else line.leak.rule
        print(f"{mark:<8}{line.data} {line.feature:<20} AUC {line.auc:.3f}")
    sizes, seeds = (SIZES_QUICK, SEEDS_QUICK) if quick else (SIZES, SEEDS)
    measured = (flagged(table), simulated(sizes, seeds), engine_looks_ahead(20 if quick else 123))
    for found in measured:
        for name, value in found.figures.items():
            print(f"{name:<24}{value:,.0f}")


if __name__ == "__main__":
    main()
