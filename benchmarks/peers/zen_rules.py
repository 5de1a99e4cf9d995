"""The peer of rules: GoRules zen, the same table row by row and as a batch.

    python benchmarks/peers/zen_rules.py GRAPH.json CASES.parquet [--alone N] [--batch N]

Prints one JSON line: seconds of one evaluation (p50, p99), evaluations a second in a batch, seconds
to compile, and the hash of the reasons given, by which equal work is proved. A case is a mapping as
the engine takes it; making the mappings is not measured. The batch is what the engine has for one:
its asynchronous call, gathered; or its plain call in a loop, whichever is faster.
"""

import argparse
import asyncio
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import zen


def main() -> None:
    asked = arguments()
    cases = pq.read_table(asked.cases).to_pylist()
    began = time.perf_counter()
    engine = zen.ZenEngine()
    decision = engine.create_decision(asked.graph.read_text())
    first = decision.evaluate(cases[0])["result"]["reason"]
    compiled = time.perf_counter() - began
    latencies, reasons = np.empty(asked.alone), []
    for number, case in enumerate(cases[: asked.alone]):
        began = time.perf_counter()
        found = decision.evaluate(case)
        latencies[number] = time.perf_counter() - began
        reasons.append(found["result"]["reason"])
    assert first == reasons[0]
    rate = max(in_a_loop(decision, cases[: asked.batch]), gathered(decision, cases[: asked.batch]))
    p50, p99 = np.percentile(latencies, (50, 99)).tolist()
    digest = hashlib.sha256("\n".join(reasons).encode()).hexdigest()
    json.dump(
        {"p50": p50, "p99": p99, "batch": rate, "compile": compiled, "hash": digest}, sys.stdout
    )


def in_a_loop(decision: Any, cases: list[dict[str, Any]]) -> float:
    began = time.perf_counter()
    for case in cases:
        decision.evaluate(case)
    return len(cases) / (time.perf_counter() - began)


def gathered(decision: Any, cases: list[dict[str, Any]]) -> float:
    async def all_of_them() -> None:
        await asyncio.gather(*(decision.async_evaluate(case) for case in cases))

    began = time.perf_counter()
    asyncio.run(all_of_them())
    return len(cases) / (time.perf_counter() - began)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graph", type=Path)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--alone", type=int, default=2_000)
    parser.add_argument("--batch", type=int, default=4_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
