"""Beancount and hledger read what is exported, and count the same. Both are oracles only (GPL)."""

import csv
import io
import shutil
import subprocess

import pytest
from ledger_story import BOOKS
from test_ledger_plaintext import odd_quarter

from headrace.ledger import asof, plaintext
from headrace.money import MINOR_PER_MAJOR

pytestmark = pytest.mark.services


def tool(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name}: apt-get install beancount hledger")
    return found


def balances(ledger):
    """Decimal text by account name."""
    trial = asof.trial_balance(ledger.book)
    found = {}
    for row in trial.select(["account", "code", "currency", "balance"]).to_pylist():
        root = plaintext.ROOTS[BOOKS.entry(row["code"]).kind]
        name = plaintext.account_name(root, row["account"])
        found[name] = (row["balance"] / MINOR_PER_MAJOR[row["currency"]], row["currency"])
    return found


def test_beancount_accepts_it(tmp_path):
    path = tmp_path / "ledger.beancount"
    text = plaintext.beancount(odd_quarter(), BOOKS)
    path.write_text(text, "utf-8")
    subprocess.run([tool("bean-check"), path], check=True, capture_output=True)
    path.write_text(text.replace("50000.00 ~ 0", "50000.01 ~ 0"), "utf-8")
    wrong = subprocess.run([tool("bean-check"), path], check=False, capture_output=True, text=True)
    assert wrong.returncode != 0
    assert "Balance failed" in wrong.stderr


def test_hledger_accepts_it_and_counts_the_same(tmp_path):
    path = tmp_path / "ledger.journal"
    ledger = odd_quarter()
    path.write_text(plaintext.hledger(ledger, BOOKS), "utf-8")
    command = [tool("hledger"), "-f", path]
    asked = {"capture_output": True, "text": True, "env": {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}}
    subprocess.run([*command, "check", "--strict"], check=True, **asked)
    totals = [*command, "balance", "-N", "--flat", "-E", "-O", "csv"]
    told = subprocess.run(totals, check=True, **asked).stdout
    rows = {row["account"]: row["balance"].split() for row in csv.DictReader(io.StringIO(told))}
    for name, (amount, currency) in balances(ledger).items():
        number = float(rows[name][0])
        assert number == amount
        assert number == 0 or rows[name][1] == currency
