"""Odd options and damaged files: `headrace model` refuses with a reason, or does its work."""

import csv
import io

import numpy as np
import pytest
from commands import headrace

from headrace.commands.model_files import load_model
from headrace.errors import InputError

TARGET = ("--target", "simulated_default")
CELLS = (
    "", "NA", "-1", "0", "1e308", "-1e308", "1e999", "nan", "inf", "abc", "是", "1,234.5", "12%",
    "2024-02-30", "2024-02-29", "[bold]", "=1+1", "\u202eabc", "x" * 300, "真" * 50, "'", "0x10",
)  # fmt: skip
NUMBERS = ("-1", "0", "1", "2", "1e9", "nan", "0.5", "", "abc", "--", "１２")
COLUMNS = ("applicant", "employers", "dwelling", "simulated_default", "nowhere", "", "[red]", "row")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small made-up table and two models fitted on it."""
    path = tmp_path_factory.mktemp("fuzz")
    headrace("score", "simulate", "new_citizen", "--rows", 240, "--seed", 2,
             "--out", path / "t.csv")  # fmt: skip
    head, *rows = (path / "t.csv").read_text("utf-8-sig").splitlines()
    lines = [f"{head},accepted", *(f"{row},{int(at % 4 > 0)}" for at, row in enumerate(rows))]
    (path / "t.csv").write_text("\n".join(lines), "utf-8")
    for kind in ("linear", "card"):
        done = headrace("model", "fit", path / "t.csv", *TARGET, "--kind", kind, "--folds", 2,
                        "--leave-out", "accepted", "--out", path / f"{kind}.json")  # fmt: skip
        assert done.status == 0, done.err
    return path


def check_told(done):
    """Whatever was asked: an answer, an alarm, or a refusal that says what is wrong."""
    assert done.status in (0, 1, 2), done.err
    assert "Traceback" not in done.err
    if done.status == 2:
        assert "✗" in done.err or "Usage" in done.err, done.err
    elif done.status == 0:
        assert done.out


def spoilt_table(path, rng):
    """The table with some cells, headings or rows spoilt."""
    rows = list(csv.reader(io.StringIO((path / "t.csv").read_text("utf-8-sig"))))
    rows = rows[: int(rng.choice([1, 3, 30, len(rows), len(rows), len(rows)]))]
    for _ in range(int(rng.integers(0, 40))):
        at = int(rng.integers(0 if rng.random() < 0.1 else min(1, len(rows) - 1), len(rows)))
        rows[at][int(rng.integers(0, len(rows[at])))] = str(rng.choice(CELLS))
    if rng.random() < 0.2:
        column = int(rng.integers(0, len(rows[0])))
        value = str(rng.choice(CELLS))
        rows = [row if at == 0 else [*row[:column], value, *row[column + 1 :]]
                for at, row in enumerate(rows)]  # fmt: skip
    if rng.random() < 0.2 and len(rows) > 2:
        rows[int(rng.integers(1, len(rows)))].append("more")
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    spoilt = path / "spoilt.csv"
    data = out.getvalue().encode()
    if rng.random() < 0.1:
        data = bytes(rng.integers(0, 256, int(rng.integers(0, 400))).astype(np.uint8))
    spoilt.write_bytes(data)
    return spoilt


COMMANDS = (
    lambda p, t: ("fit", t, *TARGET, "--kind", "linear", "--folds", 2, "--out", p / "o.json"),
    lambda p, t: ("apply", p / "linear.json", t, "--out", p / "o.csv"),
    lambda p, t: ("apply", p / "card.json", t),
    lambda p, t: ("explain", p / "card.json", t, "--row", 2),
    lambda p, t: ("importance", p / "linear.json", t),
    lambda p, t: ("watch", p / "t.csv", t, "--model", p / "card.json", *TARGET),
    lambda p, t: ("watch", t, p / "t.csv", "--model", p / "linear.json"),
    lambda p, t: ("challenge", p / "card.json", p / "linear.json", t, *TARGET),
    lambda p, t: ("fairness", t, "--model", p / "linear.json", *TARGET, "--group", "dwelling"),
    lambda p, t: ("rejects", t, *TARGET, "--accepted", "accepted"),
)


@pytest.mark.parametrize("command", range(len(COMMANDS)))
def test_spoilt_tables(folder, command):
    rng = np.random.default_rng(command)
    for _ in range(5):
        table = spoilt_table(folder, rng)
        lang = str(rng.choice(["en", "zh"]))
        check_told(headrace("model", *COMMANDS[command](folder, table), "--lang", lang))


def test_spoilt_models(folder):
    rng = np.random.default_rng(5)
    path = folder / "spoilt.json"
    for kind in ("linear", "card"):
        data = (folder / f"{kind}.json").read_bytes()
        for number in range(80):
            spoilt = bytearray(data[: int(rng.integers(0, len(data) + 1))])
            if rng.random() < 0.5:
                spoilt = bytearray(data)
            for _ in range(int(rng.integers(1, 4))):
                if spoilt:
                    spoilt[int(rng.integers(0, len(spoilt)))] = int(rng.integers(0, 256))
            path.write_bytes(bytes(spoilt))
            if bytes(spoilt) == data:
                continue
            with pytest.raises(InputError) as refused:
                load_model(path)
            assert refused.value.where
            if number < 3:
                assert headrace("model", "show", path).status == 2


OPTIONS = {
    "fit": ("--base-rate", "--seed", "--folds", "--repeats", "--ripe", "--time", "--group",
            "--weight", "--after", "--leave-out", "--monotone", "--category", "--bad", "--kind"),
    "compare": ("--with", "--loss", "--profit", "--folds", "--time", "--group", "--weight"),
    "watch": ("--score", "--month", "--opened", "--defaulted", "--window", "--on", "--matters",
              "--bad", "--out"),
    "challenge": ("--approve", "--lgd", "--cost", "--exposure", "--bad"),
    "fairness": ("--cutoff", "--approve", "--cuts", "--reference", "--without", "--exposure"),
    "rejects": ("--cutoff", "--yes", "--assume", "--kind", "--leave-out", "--seed"),
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
def test_odd_options(folder, name):
    rng = np.random.default_rng(len(name))
    table = folder / "t.csv"
    base = {
        "fit": (table, *TARGET, "--kind", "linear", "--folds", 2, "--out", folder / "o.json"),
        "compare": (table, *TARGET, "--with", "linear,rare", "--folds", 2),
        "watch": (table, table, "--model", folder / "linear.json", *TARGET),
        "challenge": (folder / "card.json", "column:rent_on_time", table, *TARGET),
        "fairness": (table, "--model", folder / "linear.json", *TARGET, "--group", "dwelling"),
        "rejects": (table, *TARGET, "--accepted", "accepted"),
    }[name]
    for _ in range(6):
        odd = []
        for _ in range(int(rng.integers(1, 3))):
            odd += [str(rng.choice(OPTIONS[name])), str(rng.choice([*NUMBERS, *COLUMNS]))]
        check_told(headrace("model", name, *base, *odd))
