"""What every peer script shares: its command line, what is measured, and the line it prints.

    python benchmarks/peers/<engine>_swf12.py INPUT.parquet [OUTPUT.parquet]
        [--features 12|15|30] [--threads N] [--json]

Only `compute` is measured: starting Python, importing the engine, reading the events before it and
reading the result after it are not. An engine in this process runs the query twice and the second
is measured, as in a process that stays up: where a virtual machine's host hands out fresh pages
slowly, those alone can take longer than the query. What the first took is printed, too. CPU seconds
are those of all threads of this process and of every process below it (Flink's Java), rates are
theirs. Memory is the peak of each such process, its own code and the events included, up to the end
of `compute`.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))
from workloads.swf12 import QUERIES, Query, exact_hash


@dataclass(frozen=True)
class Peer:
    """One engine.

    Attributes:
        engine: Its name.
        version: Its version.
        load: (input, query, threads) to whatever `compute` needs; not measured.
        compute: The query, every value of it computed; measured.
        column: One column of the result by name, rows in any order that the columns share: `card`,
            `ts` and those of `Query.columns`, money in minor units, null as NaN; not measured.
        stays_up: Whether the engine runs in this process, and goes on after a query.
    """

    engine: str
    version: str
    load: Callable[[Path, Query, int], Any]
    compute: Callable[[Any], Any]
    column: Callable[[Any, str], NDArray[Any]]
    stays_up: bool = True


def run(peer: Peer) -> None:
    """Run the query that the command line asks for and print what it took."""
    asked = arguments()
    query = QUERIES[asked.features]
    loaded = peer.load(asked.input, query, asked.threads)
    first = None
    if peer.stays_up:
        began = time.perf_counter()
        peer.compute(loaded)
        first = round(time.perf_counter() - began, 4)
    wall, cpu = time.perf_counter(), cpu_seconds()
    result = peer.compute(loaded)
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    peak = peak_bytes()
    card, ts = peer.column(result, "card"), peer.column(result, "ts")
    exact = ((name, peer.column(result, name)) for name in query.exact)
    found = {
        "engine": peer.engine,
        "version": peer.version,
        "features": asked.features,
        "threads": asked.threads,
        "events": len(ts),
        "wall_seconds": round(wall, 4),
        "cpu_seconds": round(cpu, 4),
        "first_wall_seconds": first,
        "peak_bytes": peak,
        "hash": exact_hash(card, ts, exact),
    }
    if asked.output:
        order = np.lexsort((ts, card))
        names = ("card", "ts", *(name for name, _, _ in query.columns))
        pq.write_table(
            pa.table({name: peer.column(result, name)[order] for name in names}), asked.output
        )
    if asked.json:
        print(json.dumps(found))
    else:
        rate = len(ts) / cpu
        print(f"{peer.engine} {peer.version}: {rate:,.0f} events per CPU-second", found)


def arguments() -> argparse.Namespace:
    """The command line, read before the engine is imported where threads are set by then."""
    parser = argparse.ArgumentParser()
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path, nargs="?")
    parser.add_argument("--features", type=int, choices=QUERIES, default=12)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def cpu_seconds() -> float:
    """CPU seconds of this process, those below it, and those below it that have ended."""
    own = os.times()
    ticks = sum(int(stat[field]) for stat in _below() for field in (11, 12, 13, 14))
    ended = own.children_user + own.children_system
    return time.process_time() + ended + ticks / os.sysconf("SC_CLK_TCK")


def peak_bytes() -> int:
    """Peak resident bytes of this process and of each one below it, added up."""
    processes = [str(os.getpid()), *(stat[-1] for stat in _below())]
    status = [Path("/proc", each, "status").read_text() for each in processes]
    return sum(int(text.split("VmHWM:")[1].split()[0]) * 1024 for text in status if "VmHWM" in text)


def _below() -> Iterator[list[str]]:
    """For each process below this one: its /proc stat fields after the name, then its number."""
    parents: dict[int, list[list[str]]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        parents.setdefault(int(stat[1]), []).append([*stat, path.parent.name])
    waiting = [os.getpid()]
    while waiting:
        for stat in parents.get(waiting.pop(), []):
            waiting.append(int(stat[-1]))
            yield stat
