"""The peer of binning: optbinning on the same columns.

    python benchmarks/peers/optbinning_bins.py JOBS.json TABLE.parquet

TABLE has the columns and `y`, 1 for default. JOBS is a list of {column, options, repeat}: options
are those of OptimalBinning, which fits `repeat` times. Prints one JSON line: the version, and of
each job the status, the seconds of its fastest fit, and the splits: numbers, or lists of
categories.
"""

import json
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from optbinning import OptimalBinning


def main() -> None:
    jobs = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    table = pq.read_table(sys.argv[2])
    y = table["y"].to_numpy()
    warnings.simplefilter("ignore")
    found = [done(job, column(table[job["column"]]), y) for job in jobs]
    json.dump({"version": version("optbinning"), "jobs": found}, sys.stdout)


def column(values: pa.ChunkedArray) -> Any:
    """Numbers with NaN, or objects with None, as it takes them."""
    if pa.types.is_floating(values.type):
        return values.to_numpy()
    return pd.Series(values.to_pylist(), dtype=object).to_numpy()


def done(job: dict[str, Any], x: Any, y: Any) -> dict[str, Any]:
    options = dict(job["options"])
    if options.get("dtype") == "categorical" and "user_splits" in options:
        groups = np.empty(len(options["user_splits"]), object)
        groups[:] = [np.array(group, object) for group in options["user_splits"]]
        options["user_splits"] = groups
    seconds = []
    try:
        for _ in range(job["repeat"]):
            binning = OptimalBinning(**options)
            began = time.perf_counter()
            binning.fit(x, y)
            seconds.append(time.perf_counter() - began)
    except Exception as problem:  # noqa: BLE001 - whatever it is, it is what the peer does here
        return {"status": f"{type(problem).__name__}: {problem}", "seconds": None, "splits": None}
    splits = [np.asarray(each).tolist() for each in binning.splits]
    return {"status": binning.status, "seconds": min(seconds), "splits": splits}


if __name__ == "__main__":
    main()
