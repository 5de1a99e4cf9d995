"""Facts by API: how long a million take in one request, until they are durable."""

import hashlib
import http.client
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from measures.found import DisagreementError, Found
from measures.service_decisions import SERVE, SETTINGS, serving, system_key

BARE = Path(__file__).parents[1] / "peers/bare_facts.py"
CSV, ARROW = "text/csv", "application/vnd.apache.arrow.stream"
FIRMS, PARTNERS = 2_000, 20_000
DAYS = 1_000


def facts(count: int) -> Found:
    """Seconds for invoices as CSV and as Arrow, each of their own ids; beside a route without care.

    Raises:
        DisagreementError: A request was refused, or not all facts were accepted.
    """
    seconds: dict[str, float] = {}
    digest = hashlib.sha256()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "headrace.toml").write_text(SETTINGS)
        sent = {}
        for name, form in (("csv", CSV), ("arrow", ARROW)):
            sent[name] = (root / f"sent.{name}", form)
            _write(sent[name][0], _invoices(count, name), form)
            digest.update(sent[name][0].read_bytes())
        key = system_key(root, "facts")
        with serving([sys.executable, "-c", SERVE, "serve", str(root), "--port", "0"]) as port:
            for name, (path, form) in sent.items():
                seconds[f"{name}_seconds"] = _post(port, key, path, form, count)
        os.environ["BARE_FACTS"] = str(root / "bare")
        with serving([sys.executable, str(BARE)]) as port:
            for name, (path, form) in sent.items():
                seconds[f"bare_{name}_seconds"] = _post(port, "none", path, form, count)
    return Found(seconds, digest.hexdigest())


def _invoices(count: int, name: str) -> pa.Table:
    """Invoices that are all facts, none of them twice."""
    dice = np.random.default_rng(7)
    amount = dice.integers(1_000, 10_000_000, count)
    tax = amount * 13 // 100
    days = np.datetime64("2024-01-01") + dice.integers(0, DAYS, count)
    parts = {
        "id": np.char.add(f"{name}-", np.arange(count).astype(np.str_)),
        "party": np.char.add("E", dice.integers(1, FIRMS, count).astype(np.str_)),
        "counterparty": np.char.add("C", dice.integers(1, PARTNERS, count).astype(np.str_)),
        "direction": np.where(dice.random(count) < 0.5, "sale", "purchase"),
        "number": dice.integers(10**7, 10**8, count).astype(np.str_),
        "event_time": days.astype(np.str_),
        "amount_minor": amount,
        "tax_minor": tax,
        "total_minor": amount + tax,
    }
    always = {"source": "erp", "purpose": "credit_assessment", "consent": "c1"}
    always |= {"currency": "CNY", "status": "valid"}
    columns = parts | {key: np.full(count, value) for key, value in always.items()}
    return pa.table(columns)


def _write(path: Path, table: pa.Table, form: str) -> None:
    if form == CSV:
        pyarrow.csv.write_csv(table, path)
    else:
        with pa.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table)


def _post(port: int, key: str, path: Path, form: str, count: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": form,
        "Content-Length": str(path.stat().st_size),
    }
    began = time.perf_counter()
    with path.open("rb") as file:
        connection.request("POST", "/api/v1/facts/invoice", file, headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
    took = time.perf_counter() - began
    connection.close()
    if answer.status >= 300 or told["accepted"] != count:
        raise DisagreementError(f"{form}: {answer.status} {told}")
    return took
