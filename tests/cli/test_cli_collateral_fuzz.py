"""Desk commands with random options and damaged files: a status, never a traceback."""

import json
from pathlib import Path

import numpy as np
import pytest
from commands import headrace

DATA = Path(__file__).parents[1] / "data" / "contracts"
PRICES = DATA / "pledge_prices.csv"
COMMANDS = {
    "mark": ("collateral", "mark", DATA / "pledges.csv", "--prices", PRICES),
    "triggers": ("collateral", "triggers", DATA / "pledges.csv", "--prices", PRICES),
    "stress": ("collateral", "stress", DATA / "pledges.csv", "--prices", PRICES, "--shock", "-.2"),
    "base": ("collateral", "base", DATA / "receivables.csv", "--on", "2024-03-01"),
    "desk": ("collateral", "desk", DATA / "pledge_events.csv"),
    "run": ("pool", "run", DATA / "pool_events.csv", "--scheme", "zhengyindan_4321"),
    "share": ("pool", "share", DATA / "pool_claims.csv", "--scheme", "zhengyindan_4321"),
    "price": ("pool", "price", DATA / "pool_exposures.csv", "--scheme", "first_loss",
              "--scenarios", "50"),
}  # fmt: skip
NUMBERS = ["0", "-1", "1", "0.5", "50%", "nan", "inf", "1e999", "9" * 40, "１２", "", "x", "1_0"]
DAYS = ["2024-03-01", "2024-02-30", "1900-01-01", "9999-12-31", "0001-01-01", ""]
VALUES = {
    "--on": DAYS,
    "--stale-days": ["0", "-1", "9" * 9],
    "--terms": ["/dev/null", ".", str(PRICES)],
    "--schemes": ["/dev/null", ".", str(PRICES)],
    "--out": ["x.doc", "/dev/null/x.csv", ""],
    "--lang": ["zh", "en", "EN"],
    "--json": [None],
    "--seed": ["0", "-1", "9" * 30],
    "--sale-days": ["1", "0", "250"],
    **dict.fromkeys(
        ("--shock", "--lent", "--advance", "--dilution", "--concentration", "--warn", "--call",
         "--close", "--stop", "--leverage", "--borrower-max", "--capital", "--base", "--fee",
         "--correlation", "--rate-max", "--confidence", "--capital-cost"),
        NUMBERS,
    ),
}  # fmt: skip
CELLS = [
    "",
    "nan",
    "-1",
    "1e30",
    "=1+1",
    "\x00",
    "9" * 30,
    "2024-13-01",
    "中文",
    "0",
    "inf",
    "\udcff",
]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_json_is_one_value_and_people_get_text_in_both_languages(command):
    done = headrace(*COMMANDS[command], "--json")
    assert done.status == 0, done.err
    json.loads(done.out, parse_constant=pytest.fail)
    chinese, english = (headrace(*COMMANDS[command], "--lang", lang) for lang in ("zh", "en"))
    assert chinese.status == english.status == 0
    assert chinese.out != english.out


def check_sound(done, typed):
    assert done.status in (0, 2), (typed, done.err)
    assert "Traceback" not in done.err
    assert bool(done.out) == (done.status == 0), (typed, done.out, done.err)


@pytest.mark.parametrize("seed", range(15))
def test_no_combination_of_options_ends_in_a_traceback(seed):
    rng = np.random.default_rng(seed)
    for command in rng.choice(sorted(COMMANDS), size=3, replace=False):
        options = []
        for name in rng.choice(sorted(VALUES), size=2, replace=False):
            value = VALUES[name][rng.integers(len(VALUES[name]))]
            options += [name] if value is None else [name, value]
        typed = (*COMMANDS[command], *options)
        check_sound(headrace(*typed), typed)


@pytest.mark.parametrize("seed", range(20))
def test_no_damaged_file_ends_in_a_traceback(seed, tmp_path):
    rng = np.random.default_rng(100 + seed)
    for command in rng.choice(sorted(COMMANDS), size=2, replace=False):
        typed = list(COMMANDS[command])
        at = 4 if "--prices" in typed and rng.random() < 0.4 else 2
        lines = typed[at].read_text(encoding="utf-8").splitlines()
        for _ in range(rng.integers(1, 4)):
            row = rng.integers(0 if rng.random() < 0.2 else 1, len(lines))
            cells = lines[row].split(",")
            cells[rng.integers(len(cells))] = CELLS[rng.integers(len(CELLS))]
            lines[row] = ",".join(cells)
        path = tmp_path / f"{command}.csv"
        data = "\n".join(lines).encode("utf-8", "surrogateescape")
        path.write_bytes(data[: rng.integers(len(data))] if rng.random() < 0.1 else data)
        typed[at] = path
        check_sound(headrace(*typed), (typed, lines))
