"""The peer of identity: Splink on DuckDB, the same workload by the same protocol.

    python benchmarks/peers/splink_identity.py SPEC.json TABLE.parquet PAIRS.parquet

Prints one JSON line with seconds of training and of prediction. PAIRS is left, right (positions in
the table) and bits, of every pair down to the lowest threshold; clusters are made of them by
whoever asks, the same way for every engine; Splink's own clustering at 4.25 bits is timed here.
"""

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

MEASURES = {"jaro_winkler": cl.JaroWinklerAtThresholds, "edits": cl.DamerauLevenshteinAtThresholds}
CLUSTER_BITS = 4.25


def main() -> None:
    spec = json.loads(Path(sys.argv[1]).read_text())
    table = pq.read_table(sys.argv[2])
    table = table.drop_columns(["id"]) if "id" in table.column_names else table
    table = table.append_column("unique_id", pa.array(range(table.num_rows)))
    warnings.simplefilter("ignore")
    began = time.perf_counter()
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    api = DuckDBAPI(connection)
    linker = Linker(frames(api, table, spec), settings(spec), log_level="ERROR")
    train(linker, spec)
    trained = time.perf_counter()
    found = linker.inference.predict(threshold_match_weight=spec["bits_min"])
    scored = time.perf_counter()
    linker.clustering.cluster_pairwise_predictions_at_threshold(
        found, threshold_match_weight=CLUSTER_BITS
    )
    done = time.perf_counter()
    pairs = connection.sql(
        f"SELECT unique_id_l AS left, unique_id_r AS right, match_weight AS bits "
        f"FROM {found.physical_name}"
    ).to_arrow_table()
    pq.write_table(pairs, sys.argv[3])
    times = {"train": trained - began, "predict": scored - trained, "cluster": done - scored}
    json.dump(times | {"seconds": done - began, "pairs": pairs.num_rows}, sys.stdout)


def frames(api: Any, table: pa.Table, spec: dict[str, Any]) -> Any:
    if not spec["between"]:
        return api.register(table)
    sources = table["source"].unique().to_pylist()
    parts = [table.filter(pa.compute.equal(table["source"], each)) for each in sources]
    pairs = zip(sources, parts, strict=True)
    return [api.register(p.drop_columns(["source"]), dataset_display_name=s) for s, p in pairs]


def settings(spec: dict[str, Any]) -> SettingsCreator:
    comparisons = []
    for each in spec["compared"]:
        if each["measure"] == "equality":
            made = cl.ExactMatch(each["field"])
        else:
            made = MEASURES[each["measure"]](each["field"], each["thresholds"])
        if each["by_frequency"]:
            made = made.configure(term_frequency_adjustments=True)
        comparisons.append(made)
    return SettingsCreator(
        link_type="link_only" if spec["between"] else "dedupe_only",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[rule(each) for each in spec["rules"]],
        em_convergence=1e-4,
        max_iterations=25,
    )


def train(linker: Linker, spec: dict[str, Any]) -> None:
    linker.training.estimate_probability_two_random_records_match(
        [rule(each) for each in spec["certain"]], recall=spec["recall"]
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=spec["sample_pairs"], seed=7)
    for each in spec["training"]:
        linker.training.estimate_parameters_using_expectation_maximisation(rule(each))


def rule(parts: list[list[Any]]) -> Any:
    return block_on(*(f"substr({f}, 1, {first})" if first else f for f, first in parts))


if __name__ == "__main__":
    main()
