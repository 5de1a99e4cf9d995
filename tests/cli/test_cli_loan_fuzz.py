"""Every command of loans and products with random options and files: a status, no traceback."""

import json

import numpy as np
import pytest
from commands import headrace

COMBINATIONS = 24
TERMS = 'principal = 100_000\nstart = 2024-01-15\nrate = "4.35%"\ninstalments = 12\n'
BOOK = "loan,principal,start,rate,instalments\nL1,1000,2024-01-15,4.35%,12\nL2,1,2024-02-29,0,1\n"
EVENTS = "event,on,amount\nrepay,2024-02-15,853.09\nprepay,2024-03-01,1\n"
CLAIMS = "claim,debtor,amount,days_past_due\nJ1,C1,1,0\nJ2,C1,5,91\n"
FILES = {"terms.toml": TERMS, "book.csv": BOOK, "events.csv": EVENTS, "claims.csv": CLAIMS}
COMMANDS = {
    "schedule": ["loan", "schedule", "terms.toml"],
    "cost": ["loan", "cost", "terms.toml"],
    "many": ["loan", "many", "book.csv"],
    "replay": ["loan", "replay", "events.csv", "--terms", "terms.toml"],
    "classify": ["loan", "classify", "claims.csv"],
    "list": ["product", "list"],
    "show": ["product", "show", "order_loan"],
    "compile": ["product", "compile", "order_loan"],
    "check": ["product", "check", "order_loan", "terms.toml"],
    "rules": ["product", "rules"],
}
SHARED = {"--lang": ["zh", "en", "EN", ""], "--json": [None]}
DAYS = ["2024-03-01", "2026-03-02", "0001-01-01", "9999-12-31", "2024-02-30", ""]
OUT = {"--out": ["x.csv", "x.xlsx", "x.parquet", "x.doc", ".", "no/x.csv", ""]}
ONE = {
    "--principal": ["1", "0", "-1", "1e14", "9" * 40, "１２", "", "nan", "0.001"],
    "--rate": ["0", "100%", "4.35", "-1%", "%", "", "1e-20"],
    "--start": DAYS, "--maturity": DAYS, "--first": DAYS, "--known": DAYS,
    "--instalments": ["1", "1200", "1201", "-1", "9" * 30, "x"],
    "--method": ["bullet", "any_day", "irregular", "先息后本", "", "x"],
    "--every": ["1", "120", "121", "0", "9" * 30], "--due-day": ["1", "31", "0", "99"],
    "--days": ["actual_360", "30/360", "", "0"], "--shift": ["顺延", "SCP", "no_shift", "x"],
    "--fee": ["deducted=100%", "at_start=1", "each_period=x", "=", ""],
    "--currency": ["JPY", "CNY", "cny", ""],
}  # fmt: skip
VALUES = {
    "schedule": ONE | OUT,
    "cost": ONE | {"--lender": ["private", "financial", ""]},
    "many": OUT | {"--currency": ["JPY", "cny"]},
    "replay": OUT | {"--until": DAYS, "--terms": ["book.csv", ".", "no", "terms.toml"]},
    "classify": OUT | {"--on": DAYS, "--rules": ["terms.toml", ".", ""], "--currency": ["JPY"]},
    "list": OUT,
    "show": OUT | {"--on": DAYS, "--rules": ["terms.toml", "no"]},
    "compile": {"--on": DAYS, "--rules": ["book.csv"]},
    "check": OUT | {"--on": DAYS},
    "rules": OUT | {"--on": DAYS, "--changed-since": DAYS},
}
SPLICES = ["\x00", "\n", ",,,,", '"', "[[", "=", "9" * 30, "-", "中", "\ufeff", "1e999", "NaN", ""]


@pytest.fixture
def here(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(done, asked):
    assert done.status in (0, 1, 2), (asked, done.err)
    assert "Traceback" not in done.err, (asked, done.err)
    if done.status == 2:
        assert done.out == "", (asked, done.out)
        assert done.err
    elif "--json" in asked:
        json.loads(done.out, parse_constant=pytest.fail)


@pytest.mark.parametrize("seed", range(COMBINATIONS))
def test_no_combination_of_options_ends_in_a_traceback(here, seed):
    rng = np.random.default_rng(seed)
    for command in rng.choice(sorted(COMMANDS), size=2, replace=False):
        values = VALUES[command] | SHARED
        asked = list(COMMANDS[command])
        for name in rng.choice(sorted(values), size=min(3, len(values)), replace=False):
            value = values[name][rng.integers(len(values[name]))]
            asked += [name] if value is None else [name, value]
        check(headrace(*asked), asked)


@pytest.mark.parametrize("seed", range(COMBINATIONS))
def test_no_damaged_file_ends_in_a_traceback(here, seed):
    rng = np.random.default_rng(seed)
    name = sorted(FILES)[seed % len(FILES)]
    text = FILES[name]
    for _ in range(rng.integers(1, 4)):
        first, last = sorted(rng.integers(0, len(text) + 1, size=2).tolist())
        last = min(last, first + 12)
        text = text[:first] + SPLICES[rng.integers(len(SPLICES))] + text[last:]
    (here / name).write_text(text, encoding="utf-8", errors="surrogatepass")
    for asked in COMMANDS.values():
        if name in asked:
            check(headrace(*asked, "--json"), (asked, text))


@pytest.mark.parametrize("data", [b"", b"\x00" * 40, b"PAR1", b"PK\x03\x04", b"\xff\xfe", b"\x80"])
def test_no_bytes_end_in_a_traceback(here, data):
    for ending, command in (
        ("csv", "many"),
        ("xlsx", "classify"),
        ("parquet", "many"),
        ("toml", "replay"),
        ("toml", "schedule"),
        ("toml", "compile"),
    ):
        path = here / f"x.{ending}"
        path.write_bytes(data)
        asked = [*COMMANDS[command][:2], path, *COMMANDS[command][3:]]
        check(headrace(*asked), asked)
