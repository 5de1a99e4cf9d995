"""The main job measured: time, memory, the card, the book, and features beside DuckDB.

    python benchmarks/foundation.py [--quick] [--json] [--strict] [--only TEXT]

Uses the real invoices where they are (../shared/data/cumcm2020c), otherwise a simulated economy,
and says which. --quick takes a small simulated economy and fewer deals. Each result is
{metric, value, interval_95, unit, bar, holds, peers, hash, data, command};
`bar` is null where nothing was promised.
"""

import argparse
import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headrace.clock import EPOCH, local_day
from headrace.features.compile import compile_plan
from headrace.features.engines.batch import read
from headrace.features.plan import make_plan
from headrace.packs import load
from headrace.scores.straight_card import CardSpec, Term, terms_of
from headrace.scores.validation.straight import validate
from headrace.simulator.run import simulate, write_economy
from headrace.simulator.settings import EconomySettings
from headrace.workflows.invoices import invoice_history

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "data" / "cumcm2020c"
REPEATS = 20
"""Deals of the cross-validation."""

SUMS = {
    "sales_12m": "sum(amount_minor) filter (sale and day > {now} - 365)",
    "sales_12m_before": (
        "sum(amount_minor) filter (sale and day > {now} - 730 and day <= {now} - 365)"
    ),
    "purchases_12m": "sum(amount_minor) filter (not sale and day > {now} - 365)",
    "sales_all": "sum(amount_minor) filter (sale)",
    "sales_tax": "sum(tax_minor) filter (sale)",
    "purchases_all": "sum(amount_minor) filter (not sale)",
    "purchases_tax": "sum(tax_minor) filter (not sale)",
}
"""Features that plain SQL states as shortly as we do; voided invoices are left out first."""


class Bench:
    """One data set, one run of the job on it, and what is measured from them."""

    def __init__(self, data: Path, out: Path, label: str, repeats: int) -> None:
        self.data, self.out, self.label, self.repeats = data, out, label, repeats
        self._summary: dict[str, Any] = {}

    def results(self, only: str) -> Iterator[dict[str, Any]]:
        """Every result whose metric contains `only`."""
        self._run()
        for name, measure in self._measures().items():
            if only in name:
                yield from measure()

    def _measures(self) -> dict[str, Callable[[], list[dict[str, Any]]]]:
        return {
            "foundation.run": self.run,
            "foundation.scores": self.scores,
            "foundation.book": self.book,
            "foundation.features": self.features,
        }

    def _run(self) -> None:
        command = [sys.executable, "-m", "headrace", "run", "--data", str(self.data),
                   "--out", str(self.out), "--repeats", str(self.repeats), "--json"]  # fmt: skip
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        self._summary = json.loads(done.stdout)

    def run(self) -> list[dict[str, Any]]:
        """Seconds and memory of the whole job, the start of Python included."""
        began = time.perf_counter()
        self._run()
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        digest = self._summary["digest"]
        return [
            self._result("foundation.run_seconds", seconds, "s", ("<=", 60), digest),
            self._result("foundation.run_peak_bytes", peak, "bytes", ("<=", 2.5e9), digest),
        ]

    def scores(self) -> list[dict[str, Any]]:
        """Out-of-fold quality: as shipped, without the tax rates, and with every feature."""
        card = load("sme_invoices").require_lending().card
        features = pq.read_table(self.out / "features.parquet")
        own = {term.feature: term for term in card.terms}
        every = tuple(own.get(name, Term(name)) for name in features.column_names[2:])
        plain = tuple(term for term in card.terms if "tax_rate" not in term.feature)
        results = []
        for name, terms in {"": card.terms, "_without_tax": plain, "_every_feature": every}.items():
            x, y = self._labelled(features, terms)
            found = validate(x, y, CardSpec(terms, card.strengths), seed=7, repeats=self.repeats)
            digest = hashlib.sha256(found.predictions.tobytes()).hexdigest()
            shipped = not name and self.label == "real"
            for figure, bar in (("auc", (">=", 0.90)), ("brier", ("<=", 0.095))):
                value = getattr(found, figure)
                results.append(
                    self._result(
                        f"foundation.scores_{figure}{name}",
                        value.value,
                        "share",
                        bar if shipped else None,
                        digest,
                        interval=(value.low, value.high),
                    )
                )
        return results

    def _labelled(self, features: pa.Table, terms: tuple[Term, ...]) -> tuple[Any, Any]:
        outcome = np.array(
            [-1 if v is None else v for v in
             pq.read_table(self.out / "scores.parquet")["outcome"].to_pylist()]
        )  # fmt: skip
        return terms_of(features, terms)[outcome >= 0], outcome[outcome >= 0]

    def book(self) -> list[dict[str, Any]]:
        """The book beside a greedy lender that reaches as many firms."""
        book, digest = self._summary["book"], self._summary["digest"]
        profit, greedy = book["expected_profit_minor"], book["greedy_profit_minor"]
        over = book["lent_minor"] / book["budget_minor"]
        return [
            self._result("foundation.book_gap", book["gap"], "share", ("<=", 1e-3), digest),
            self._result("foundation.book_budget_used", over, "share", ("<=", 1), digest),
            self._result(
                "foundation.book_profit_minor", profit, "minor units", (">=", greedy), digest,
                {"greedy": greedy},
            ),
        ]  # fmt: skip

    def features(self) -> list[dict[str, Any]]:
        """Windowed sums from stored facts beside DuckDB; equal values are proved by hash."""
        invoices = pq.read_table(self.out / "facts" / "invoice.parquet")
        corrections = pq.read_table(self.out / "facts" / "correction.parquet")
        about = json.loads((self.out / "run.json").read_text())
        moment, zone = datetime.fromisoformat(about["as_of"]), about["time_zone"]
        parties = pq.read_table(self.out / "features.parquet", columns=["party"])
        wanted = load("sme_invoices").feature_set.in_zone(zone).only(list(SUMS))
        ours, our_seconds = _timed(
            lambda: (
                read(
                    compile_plan(make_plan(wanted)),
                    invoice_history(invoices, corrections),
                    parties,
                    moment,
                ).table
            )
        )
        now = (local_day(moment, zone) - EPOCH).days
        sql = ", ".join(f"{rule.format(now=now)} as {name}" for name, rule in SUMS.items())
        query = f"""
            with live as (
                select party, amount_minor, tax_minor, direction = 'sale' as sale,
                    cast(timezone('{zone}', event_time) as date) - date '1970-01-01' as day
                from invoices where known_time <= timestamptz '{moment.isoformat()}'
                and id not in (select corrects from corrections where kind = 'void'
                               and known_time <= timestamptz '{moment.isoformat()}'))
            select p.party, {sql} from parties p left join live using (party) group by p.party"""
        connection = duckdb.connect(config={"threads": 1})
        connection.register("parties", parties)
        connection.register("invoices", invoices)
        connection.register("corrections", corrections)
        peer, peer_seconds = _timed(lambda: connection.sql(query).to_arrow_table())
        digests = {_hash(table, list(SUMS)) for table in (ours, peer)}
        if len(digests) != 1:
            raise SystemExit("the engines disagree: " + ", ".join(sorted(digests)))
        rate = invoices.num_rows / our_seconds
        return [
            self._result(
                "foundation.features_events_per_second", rate, "events/s", None, digests.pop(),
                {"duckdb": invoices.num_rows / peer_seconds},
            )
        ]  # fmt: skip

    def _result(
        self, metric: str, value: float, unit: str, bar: tuple[str, float] | None, digest: str,
        peers: dict[str, float] | None = None, interval: tuple[float, float] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        holds = bar is None or (value <= bar[1] if bar[0] == "<=" else value >= bar[1])
        return {
            "metric": metric,
            "value": value,
            "interval_95": interval,
            "unit": unit,
            "bar": None if bar is None else f"{bar[0]} {bar[1]:g}",
            "holds": holds,
            "peers": peers or {},
            "hash": digest[:16],
            "data": self.label,
            "command": f"python benchmarks/foundation.py --only {metric}",
        }


def _timed(work: Callable[[], pa.Table]) -> tuple[pa.Table, float]:
    """The result and the best of three times."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - began)
    return result, min(times)


def _hash(table: pa.Table, names: list[str]) -> str:
    rows = sorted(table.select(["party", *names]).to_pylist(), key=lambda row: row["party"])
    text = json.dumps([[None if v is None else float(v) if k != "party" else v
                        for k, v in row.items()] for row in rows])  # fmt: skip
    return hashlib.sha256(text.encode()).hexdigest()


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cores": os.cpu_count(), "memory_gib": round(memory / 2**30),
            "python": platform.python_version(), "system": platform.platform()}  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for flag in ("--quick", "--json", "--strict"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data, label = REAL, "real"
        if asked.quick or not REAL.is_dir():
            data, label = Path(folder) / "data", "simulated"
            size = EconomySettings(
                firms=100, invoices=30_000, labelled_share=0.9, default_rate=0.25
            )
            write_economy(simulate(size if asked.quick else EconomySettings(), 3), data)
        repeats = 2 if asked.quick else REPEATS
        results = list(Bench(data, Path(folder) / "out", label, repeats).results(asked.only))
    if asked.json:
        print(json.dumps({"machine": machine(), "results": results}))
    else:
        for each in results:
            mark = "  " if each["bar"] is None else ("ok" if each["holds"] else "NO")
            peers = " ".join(f"{name} {value:,.4g}" for name, value in each["peers"].items())
            spread = "[{:.3f}, {:.3f}]".format(*each["interval_95"]) if each["interval_95"] else ""
            print(f"{mark} {each['metric']:<42} {each['value']:>14,.4g} {each['unit']:<11} "
                  f"{spread:<16} {each['bar'] or '':<12} {peers} {each['hash']} "
                  f"{each['data']}")  # fmt: skip
    if asked.strict and not all(each["holds"] for each in results):
        sys.exit(1)


if __name__ == "__main__":
    main()
