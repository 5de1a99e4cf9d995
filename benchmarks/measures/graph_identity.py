"""Identity: accuracy and time beside Splink, a million firms, and a thousand more."""

import hashlib
import json
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from measures.found import Found
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from workloads import firms_cn
from workloads import identity as work

from headrace.graph.identity.blocking import candidate_pairs, without_hot
from headrace.graph.identity.codes import checked_codes
from headrace.graph.identity.firm_names import firm_column
from headrace.graph.identity.model import Model, rarity, weights
from headrace.graph.identity.presets import FIRMS, FIRMS_PROTOCOL
from headrace.graph.identity.records import keys_of, records_of
from headrace.graph.identity.resolver import Resolver
from headrace.graph.identity.settings import Measure, Part, Rule, Settings, TextComparison
from headrace.graph.identity.training import Protocol, train

SPLINK = Path(__file__).parents[1] / "peers" / ".venv-splink" / "bin" / "python"
SCRIPT = Path(__file__).parents[1] / "peers" / "splink_identity.py"


def beside_splink(workload: work.Workload, *, peer: bool = True) -> Found:
    """F1 at the best threshold of the grid and seconds, ours and, where there is one, Splink's."""
    truth = work.codes_of(workload.table, "truth")
    ours(workload)  # compiled and warm, as in a process that stays up
    began = time.perf_counter()
    left, right, bits = ours(workload)
    figures = {"seconds": time.perf_counter() - began}
    figures |= accuracy(workload, truth, (left, right, bits))
    beside = splink(workload) if peer else None
    if beside is not None:
        figures |= {f"splink_{name}": value for name, value in beside.items()}
    digest = hashlib.sha256(np.round(np.sort(bits), 2).tobytes()).hexdigest()
    return Found(figures, digest)


def firms(records: int, *, peer: bool = True) -> Found:
    """Simulated Chinese firms with a known truth: ours as the preset resolves them, and Splink.

    Splink compares names as strings, and is given our trade names to block on. Each engine has the
    best of the thresholds of the grid.
    """
    table = firms_cn.generate(records)
    truth = work.codes_of(table, "truth")
    checked = with_checked_codes(table)
    warmed_up()
    began = time.perf_counter()
    checked = with_checked_codes(table)
    model = trained(checked)
    parties = resolved(model, checked)
    figures = {"seconds": time.perf_counter() - began}
    best: dict[str, float] = {"f1": -1.0}
    for threshold in work.THRESHOLDS:
        at = Model(replace(FIRMS, weight_min=threshold), model.prior, model.agreements,
                   model.frequencies)  # fmt: skip
        found = work.cluster_f1(truth, resolved(at, checked))
        best = found | {"bits": threshold} if found["f1"] > best["f1"] else best
    fixed = work.cluster_f1(truth, parties)["f1"]
    figures |= best | {"f1_at_4_25_bits": fixed}
    beside = splink(firms_for_splink(checked)) if peer else None
    if beside is not None:
        figures |= {f"splink_{name}": value for name, value in beside.items()}
    return Found(figures, hashlib.sha256(parties.tobytes()).hexdigest())


def million(records: int, more: int) -> Found:
    """So many simulated firms resolved at once, and some more added, with stable ids.

    Seconds are of everything from the table as it came: codes checked, names taken apart, the model
    trained on the first 200,000 records, pairs found and scored, parties named.
    """
    table = firms_cn.generate(records + more)
    table, later = table.slice(0, records), table.slice(records)
    warmed_up()
    began, cpu = time.perf_counter(), time.process_time()
    checked = with_checked_codes(table)
    resolver = Resolver(trained(checked.slice(0, 200_000)))
    resolver.load(checked, checked["id"].to_pylist())
    figures = {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu,
    }
    before = resolver.parties()
    checked = with_checked_codes(later)
    began = time.perf_counter()
    changes = resolver.add(checked, checked["id"].to_pylist())
    figures["add_seconds"] = time.perf_counter() - began
    figures["changed_parties"] = float(len(changes))
    after = resolver.parties().slice(0, before.num_rows)
    moved = pc.sum(pc.not_equal(before["party"], after["party"])).as_py()
    figures["records_under_another_id"] = float(moved)
    names = before["party"].unique().to_pylist()
    figures["ids_lost"] = float(sum(resolver.current(name) is None for name in names))
    truth = work.codes_of(pa.concat_tables([table, later]), "truth")
    numbers = np.array([int(name[1:]) for name in resolver.parties()["party"].to_pylist()])
    figures |= work.cluster_f1(truth, numbers)
    return Found(figures, hashlib.sha256(numbers.tobytes()).hexdigest())


def warmed_up() -> None:
    """Everything compiled and every table of words made, as in a process that stays up."""
    few = with_checked_codes(firms_cn.generate(2_000))
    resolved(trained(few), few)


def with_checked_codes(table: pa.Table) -> pa.Table:
    """The table with credit codes that fail their check digit taken out."""
    place = table.column_names.index("credit_code")
    codes = checked_codes(table["credit_code"].combine_chunks())
    return table.set_column(place, "credit_code", codes.credit_code)


def trained(table: pa.Table) -> Model:
    records = records_of(table, table["id"].combine_chunks(), FIRMS, {})
    return train(records, FIRMS, FIRMS_PROTOCOL, np.random.default_rng(7))


def resolved(model: Model, table: pa.Table) -> Any:
    """The number of each record's party."""
    resolver = Resolver(model)
    resolver.load(table, table["id"].to_pylist())
    return np.array([int(name[1:]) for name in resolver.parties()["party"].to_pylist()])


def firms_for_splink(table: pa.Table) -> work.Workload:
    """The firms as one who uses Splink would give them, with our trade names to block on."""
    trades = firm_column(table["name"].combine_chunks()).trades
    trade = pa.array([trades.text(row) or None for row in range(len(trades))], pa.string())
    return work.Workload(
        "firms_cn",
        table.drop_columns(["names"]).append_column("trade", trade),
        (
            work.Compared("name", "jaro_winkler", (0.95, 0.88, 0.8), by_frequency=True),
            work.Compared("credit_code"),
            work.Compared("phone", by_frequency=True),
            work.Compared("legal_person", by_frequency=True),
        ),
        (
            work.rule("credit_code"),
            work.rule("phone"),
            work.rule("name"),
            work.rule("trade"),
            work.rule("name:4"),
            work.rule("legal_person", "name:2"),
        ),
        (work.rule("credit_code"),),
        FIRMS_PROTOCOL.recall,
        (work.rule("credit_code"), work.rule("phone")),
    )


def ours(workload: work.Workload) -> tuple[Any, Any, Any]:
    """Train, then score every pair; the clusters at 4.25 bits are made, too, as Splink's are."""
    settings, protocol = settings_of(workload), protocol_of(workload)
    records = records_of(workload.table, workload.table["id"].combine_chunks(), settings, {})
    model = train(records, settings, protocol, np.random.default_rng(7))
    keys = [without_hot(keys_of(records, r), settings.block_rows_max) for r in settings.rules]
    left, right = candidate_pairs(keys, len(records), records.source)
    bits = weights(model, records, rarity(model, records), left, right)
    kept = bits >= min(work.THRESHOLDS)
    left, right, bits = left[kept], right[kept], bits[kept]
    clusters_at(len(records), left, right, bits, 4.25)
    return left, right, bits


def settings_of(workload: work.Workload) -> Settings:
    measures = {"equality": Measure.EQUALITY, "jaro_winkler": Measure.JARO_WINKLER,
                "edits": Measure.EDITS}  # fmt: skip
    comparisons = tuple(
        TextComparison(c.field, measures[c.measure], c.thresholds, c.by_frequency)
        for c in workload.compared
    )
    return Settings(
        comparisons,
        rules_of(workload.rules),
        block_rows_max=100_000,  # as Splink: no cap
        source="source" if workload.between else None,
    )


def protocol_of(workload: work.Workload) -> Protocol:
    certain, training = rules_of(workload.certain), rules_of(workload.training)
    return Protocol(certain, workload.recall, training, workload.sample_pairs)


def rules_of(rules: Any) -> tuple[Rule, ...]:
    return tuple(Rule(tuple(Part(field, first) for field, first in rule)) for rule in rules)


def accuracy(workload: work.Workload, truth: Any, pairs: tuple[Any, Any, Any]) -> dict[str, float]:
    """The best F1 of the grid, with its threshold."""
    best: dict[str, float] = {"f1": -1.0}
    for threshold in work.THRESHOLDS:
        found = work.cluster_f1(truth, clusters_at(len(truth), *pairs, threshold))
        if found["f1"] > best["f1"]:
            best = found | {"bits": threshold}
        if threshold == 4.25:
            fixed = found["f1"]
    return best | {"f1_at_4_25_bits": fixed}


def clusters_at(rows: int, left: Any, right: Any, bits: Any, threshold: float) -> Any:
    """Connected components of the pairs at or above a threshold."""
    kept = bits >= threshold
    graph = coo_array((np.ones(kept.sum(), np.int8), (left[kept], right[kept])), (rows, rows))
    return connected_components(graph, directed=False)[1]


def splink(workload: work.Workload) -> dict[str, float] | None:
    """Splink's seconds and accuracy; None where its environment is missing."""
    if not SPLINK.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        spec, table, pairs = (Path(folder) / name for name in ("s.json", "t.parquet", "p.parquet"))
        spec.write_text(json.dumps(workload.spec() | {"bits_min": min(work.THRESHOLDS)}))
        pq.write_table(workload.table, table)
        done = subprocess.run(
            [SPLINK, SCRIPT, spec, table, pairs], check=True, capture_output=True, text=True
        )
        times = json.loads(done.stdout.splitlines()[-1])
        found = pq.read_table(pairs)
    columns = [found[name].to_numpy() for name in ("left", "right", "bits")]
    return times | accuracy(workload, work.codes_of(workload.table, "truth"), tuple(columns))
