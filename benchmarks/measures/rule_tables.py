"""The same thousand-row table by us and by the peer: one case at a time, and in batches."""

import hashlib
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measures.flight import sample, version
from measures.found import DisagreementError, Found
from workloads import rules

from headrace.decisions.program.columns import Column, read_column
from headrace.decisions.tables.sheet import read_csv

ZEN = Path(__file__).parents[1] / "peers" / ".venv-zen" / "bin" / "python"


def cases(count: int) -> pa.Table:
    """What rules are asked about: sampled features with groups, over and over."""
    drawn = sample()
    rng = np.random.default_rng(5)
    rows = rng.integers(0, drawn.num_rows, count)
    groups = pa.DictionaryArray.from_arrays(
        pa.array(rng.integers(0, len(rules.GROUPS), count).astype(np.int32)),
        pa.array(rules.GROUPS),
    )
    cards = pa.array(rng.integers(0, 20_000, count))
    return drawn.take(pa.array(rows)).append_column("group", groups).append_column("card", cards)


def compared(count: int, alone: int, batch: int) -> Found:
    """Latency of one case and rate in batches, and how many times the peer's they are.

    The peer's figures are there where its environment is; the reasons given must be the same.
    """
    table = cases(max(count, alone))
    deployed = version()
    one = deployed.one
    plain = table.slice(0, alone).to_pylist()
    for case in plain[:200]:
        one.decide(case, 0)
    latencies, reasons = np.empty(alone), []
    for number, case in enumerate(plain):
        began = time.perf_counter()
        decided = one.decide(case, 0)
        latencies[number] = time.perf_counter() - began
        reasons.append(str(decided.reason))
    digest = hashlib.sha256("\n".join(reasons).encode()).hexdigest()
    columns = {name: read_column(table[name], name) for name in deployed.inputs}
    rate, again = _batch(deployed, columns, count)
    if again[:alone] != reasons[:count]:
        raise DisagreementError("rules: a batch and single cases disagree")
    p50, p99 = np.percentile(latencies, (50, 99)).tolist()
    figures = {"p50_seconds": p50, "p99_seconds": p99, "batch_per_second": rate}
    peer = _zen(table, alone, batch)
    if peer is not None:
        if peer["hash"] != digest:
            raise DisagreementError("rules: zen gives other reasons")
        figures |= {"zen_p50_seconds": peer["p50"], "zen_p99_seconds": peer["p99"],
                    "zen_batch_per_second": peer["batch"]}  # fmt: skip
    return Found(figures, digest)


def _batch(deployed, columns: dict[str, Column], count: int) -> tuple[float, list[str]]:
    some = {name: column.take(slice(0, count)) for name, column in columns.items()}
    moments = np.zeros(count, np.int64)
    deployed.program.run({n: c.take(slice(0, 100)) for n, c in some.items()}, moments[:100])
    rates = []
    for _ in range(3):
        began = time.perf_counter()
        result = deployed.program.run(some, moments)
        rates.append(count / (time.perf_counter() - began))
    reason = result.reason
    return float(np.median(rates)), [reason.texts[code] for code in reason.values[:5_000].tolist()]


def _zen(table: pa.Table, alone: int, batch: int) -> dict[str, float] | None:
    if not ZEN.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        graph, file = Path(folder) / "rules.json", Path(folder) / "cases.parquet"
        graph.write_text(rules.jdm_of(rules.rows_of(sample(), 1_000)))
        plain = table.slice(0, max(alone, batch)).drop_columns(["card"])
        at = plain.schema.get_field_index("group")
        pq.write_table(plain.set_column(at, "group", plain["group"].cast(pa.string())), file)
        script = ZEN.parents[2] / "zen_rules.py"
        done = subprocess.run(
            [ZEN, script, graph, file, "--alone", str(alone), "--batch", str(batch)],
            check=True, capture_output=True, text=True, timeout=600,
        )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compile_seconds() -> Found:
    """From the text of a table to the first decision by it."""
    content = version().files["rules.csv"]
    drawn = {name: read_column(cases(10)[name], name) for name in rules.INPUTS}
    began = time.perf_counter()
    table = read_csv(content, "rules.csv")
    from headrace.decisions.flow.lists import Lists  # noqa: PLC0415 - beside its only use
    from headrace.decisions.flow.program import FlowProgram  # noqa: PLC0415

    FlowProgram(rules.policy_of(table), {}, Lists()).run(drawn, np.zeros(10, np.int64))
    return Found({"seconds": time.perf_counter() - began}, table.digest())
