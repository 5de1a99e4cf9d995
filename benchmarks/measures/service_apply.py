"""Limit by code: how long one answer takes, and how long right after a fact came."""

import hashlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from measures.found import DisagreementError, Found
from measures.service_decisions import SERVE, SETTINGS, serving, system_key

from headrace.adapters.wall_clock import now
from headrace.facts.localtime import instant_of
from headrace.simulator.run import simulate, write_economy
from headrace.simulator.settings import EconomySettings

ECONOMY = EconomySettings(labelled_share=0.9, default_rate=0.25)
SEED = 5


def apply(firms: int, invoices: int, asked: int) -> Found:
    """Seconds for an answer; then where each firm's newest invoice came just before it asks.

    The peer is what would have to be done without an incremental path: a run over everything.

    Raises:
        DisagreementError: A request was refused, or a decision does not use the fact before it.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "headrace.toml").write_text(SETTINGS)
        write_economy(
            simulate(replace(ECONOMY, firms=firms, invoices=invoices), SEED), root / "data"
        )
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", SERVE, "run", "--in", str(root), "--json"],
            check=True,
            capture_output=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        whole = time.perf_counter() - began
        key = system_key(root, "facts", "apply")
        with serving([sys.executable, "-c", SERVE, "serve", str(root), "--port", "0"]) as port:
            asking = _Asking(port, key)
            first = asking.apply(0, 1)["took"]
            plain = [asking.apply(1, at % firms + 1)["took"] for at in range(asked)]
            after = [asking.after_fact(at, at % firms + 1) for at in range(asked)]
        records = (root / "out" / "records" / "decisions.jsonl").read_bytes()
    figures = {
        "first_seconds": first,
        "p50_seconds": float(np.percentile(plain, 50)),
        "p99_seconds": float(np.percentile(plain, 99)),
        "after_fact_p50_seconds": float(np.percentile(after, 50)),
        "after_fact_p99_seconds": float(np.percentile(after, 99)),
        "run_seconds": whole,
    }
    return Found(figures, hashlib.sha256(records).hexdigest())


class _Asking:
    """One connection, on which one request follows the other."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def apply(self, turn: int, firm: int) -> dict[str, Any]:
        """The answer to an application, and the seconds it took."""
        told = {"application_id": f"{turn}-{time.time_ns()}", "party": f"S{firm}", "consent": "c1"}
        return self._post("/api/v1/applications", told)

    def after_fact(self, at: int, firm: int) -> float:
        """Seconds for an answer right after an invoice of the firm came."""
        moment = instant_of(now()).isoformat()
        fact = {"id": str(at), "source": "erp", "purpose": "credit_assessment", "consent": "c1"}
        fact |= {"party": f"S{firm}", "counterparty": f"B{firm}", "direction": "sale"}
        fact |= {"number": str(at), "event_time": moment, "known_time": moment, "currency": "CNY"}
        fact |= {"amount_minor": 100_000, "tax_minor": 13_000, "total_minor": 113_000}
        self._post("/api/v1/facts/invoice", fact | {"status": "valid"})
        answer = self.apply(2, firm)
        if datetime.fromisoformat(answer["facts_until"]) != datetime.fromisoformat(moment):
            raise DisagreementError(f"decided on what was known at {answer['facts_until']}")
        return float(answer["took"])

    def _post(self, path: str, told: dict[str, Any]) -> dict[str, Any]:
        began = time.perf_counter()
        self._connection.request("POST", path, json.dumps(told), self._headers)
        answer = self._connection.getresponse()
        found = json.loads(answer.read())
        if answer.status >= 300:
            raise DisagreementError(f"{path}: {answer.status} {found}")
        return dict(found) | {"took": time.perf_counter() - began}
