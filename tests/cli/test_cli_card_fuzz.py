"""Every card command with odd options and damaged files: a status, never a traceback."""

import json

import numpy as np
import pytest
from card_sample import HEADER, loans, write
from commands import headrace

COMBINATIONS = 8
DAMAGES = 5
COMMANDS = {
    "check": ("DATA", "--target", "bad"),
    "bins": ("DATA", "--target", "bad"),
    "fit": ("DATA", "--target", "bad", "--out", "NEW", "--folds", "2"),
    "show": ("CARD",),
    "sheet": ("CARD", "--out", "SHEET"),
    "read": ("EDITED", "--from", "CARD", "--out", "NEW", "--who", "李雷"),
    "edit": ("CARD", "income", "--out", "NEW", "--who", "李雷", "--why", "复核"),
    "history": ("CARD",),
    "apply": ("CARD", "DATA"),
    "explain": ("CARD", "DATA", "--row", "2"),
    "export": ("CARD", "--pmml", "PMML"),
}
NUMBERS = ["0", "1", "-1", "3", "nan", "inf", "1e999", "9" * 30, "１２３", "", "x", "0.5"]
COLUMNS = ["bad", "income", "age", "trade", "decided", "firm", "nothing", "", "\udcff", "INCOME"]
VALUES = {
    "--target": COLUMNS,
    "--bad": ["是", "否", "farm", "", "1", "\x00"],
    "--time": COLUMNS,
    "--group": COLUMNS,
    "--after": COLUMNS,
    "--decided": COLUMNS,
    "--ended": COLUMNS,
    "--counted": COLUMNS,
    "--reference": COLUMNS,
    "--leave-out": COLUMNS,
    "--category": COLUMNS,
    "--column": COLUMNS,
    "--fixed": COLUMNS,
    "--trend": ["auto", "peak", "up", ""],
    "--special": ["age=30:x", "age=", "=1:x", "age=1..:x", "age=..:x", "age=9..1:x", "age=nan:x",
                  "trade=farm:x", "trade=1..2:x", "age=30:missing", "age=30:", "x"],
    "--bins-max": NUMBERS,
    "--base-rate": NUMBERS,
    "--maturity": NUMBERS,
    "--folds": ["1", "2", "3", "51", "x"],
    "--seed": NUMBERS,
    "--settings": ["WORDS", "DATA", "CARD", ".", "/dev/null", "/no/such"],
    "--out": ["NEW", "x.doc", "/dev/null/x.csv", ".", ""],
    "--sheet": ["SHEET", "x.doc", "/no/such/x.xlsx"],
    "--row": NUMBERS,
    "--reach": ["AAA", "D", "B", "600", *NUMBERS],
    "--against": ["best", "mean", ""],
    "--merge": NUMBERS,
    "--split": NUMBERS,
    "--part": ["farm", "", "mine"],
    "--despite": ["trend", "min_bads", ""],
    "--who": ["", " ", "李雷"],
    "--lang": ["zh", "en", "EN"],
    "--allow-leakage": [None],
    "--customer": [None],
    "--json": [None],
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A table, a card fitted on it, its sheet, and a file of settings."""
    folder = tmp_path_factory.mktemp("fuzz")
    names = {"DATA": "loans.csv", "CARD": "card.json", "EDITED": "card.xlsx", "NEW": "new.json",
             "SHEET": "sheet.xlsx", "PMML": "card.pmml", "WORDS": "words.toml"}  # fmt: skip
    found = {key: folder / name for key, name in names.items()}
    write(found["DATA"], loans(100))
    found["WORDS"].write_text('[columns.income.words]\nreason = ["a", "甲"]\n', "utf-8")
    done = headrace("card", *typed("fit", found), "--json")
    assert done.status == 0, done.err
    assert headrace("card", "sheet", found["CARD"], "--out", found["EDITED"]).status == 2
    found["NEW"].rename(found["CARD"])
    assert headrace("card", "sheet", found["CARD"], "--out", found["EDITED"]).status == 0
    return found


def typed(command, files, **spoilt):
    """A command with the arguments that it needs."""
    return [command, *(str(spoilt.get(each, files.get(each, each))) for each in COMMANDS[command])]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_json_is_one_value_and_people_get_text_in_both_languages(files, command):
    more = ("--points", "0", "7") if command == "edit" else ()
    done = headrace("card", *typed(command, files), *more, "--json")
    assert done.status == 0, done.err
    json.loads(done.out, parse_constant=pytest.fail)
    chinese, english = (
        headrace("card", *typed(command, files), *more, "--lang", lang) for lang in ("zh", "en")
    )
    assert chinese.status == english.status == 0
    assert chinese.out.strip()
    if command not in ("export", "edit"):
        assert chinese.out != english.out


@pytest.mark.parametrize("seed", range(COMBINATIONS))
def test_no_combination_of_options_ends_in_a_traceback(files, seed, monkeypatch):
    monkeypatch.chdir(files["DATA"].parent)
    rng = np.random.default_rng(seed)
    for command in rng.choice(sorted(COMMANDS), size=3, replace=False):
        known = [name for name in sorted(VALUES) if name in help_of(command)]
        options = []
        for name in rng.choice(known, size=min(2, len(known)), replace=False):
            value = VALUES[name][rng.integers(len(VALUES[name]))]
            options += [name] if value is None else [name, str(files.get(value, value))]
        done = headrace("card", *typed(command, files), *options)
        assert done.status in (0, 1, 2), (command, options, done.err)
        assert "Traceback" not in done.err, (command, options)
        if done.status == 0 and "--json" in options:
            json.loads(done.out, parse_constant=pytest.fail)


HELP: dict[str, str] = {}


def help_of(command):
    if command not in HELP:
        HELP[command] = headrace("card", command, "--help").out
    return HELP[command]


DATA_TEXTS = [
    b"", b"\x00" * 50, b"bad\n", b"bad,bad\n1,0\n", b"\xff\xfe", b'bad,x\n"1,2\n', b"bad\n1\n0\n",
    b"bad,x\n1,1\n0,2\n", b"bad,x\n" + b"1,\n0,\n" * 20, b"income,bad\n" + b"5,1\n5,0\n" * 20,
    b"income,bad\n" + b"1e308,1\n-1e308,0\n" * 20, "收入,bad\n甲,是\n乙,否\n".encode("gb18030") * 9,
    b"PAR1PAR1", b"PK\x03\x04",
]  # fmt: skip


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet", "txt", "ods"])
def test_damaged_tables_are_refused_or_read(files, tmp_path, ending):
    path = tmp_path / f"data.{ending}"
    whole = files["DATA"].read_bytes()
    rng = np.random.default_rng(len(ending))
    texts = DATA_TEXTS if ending == "csv" else DATA_TEXTS[-2:]
    for at, data in enumerate([*texts, whole[: len(whole) // 3], *flipped(whole, rng, 1)]):
        path.write_bytes(data)
        for command in (("check", "fit", "bins")[at % 3], ("apply", "explain")[at % 2]):
            done = headrace("card", *typed(command, files, DATA=path))
            assert done.status in (0, 1, 2), (command, data[:40], done.err)
            assert "Traceback" not in done.err, (command, data[:40], done.err)


@pytest.mark.parametrize("name", ["CARD", "EDITED"])
def test_damaged_cards_and_sheets_are_refused(files, tmp_path, name):
    path = tmp_path / files[name].name
    whole = files[name].read_bytes()
    rng = np.random.default_rng(len(name))
    spoilt = [
        b"",
        b"{}",
        b"null",
        b"[" * 50_000,
        b"\xff" * 9,
        whole[:-40],
        whole[: len(whole) // 2],
    ]
    for at, data in enumerate([*spoilt, *flipped(whole, rng, DAMAGES)]):
        path.write_bytes(data)
        command = (
            ("show", "apply", "explain", "edit", "sheet")[at % 5] if name == "CARD" else "read"
        )
        more = ("--merge", "0") if command == "edit" else ()
        done = headrace("card", *typed(command, files, **{name: path}), *more)
        assert done.status == 2 or (name == "EDITED" and done.status == 0), (command, done.out)
        assert "Traceback" not in done.err


SHEET_CELLS = ["", "x", "1e999", "-5", "9" * 30, '["x"]', "[", "base", "ordinary", "nan", "1.5"]


@pytest.mark.parametrize("seed", range(3))
def test_cells_typed_into_a_sheet_are_taken_or_refused_by_place(files, tmp_path, seed):
    sheet = tmp_path / "card.csv"
    assert headrace("card", "sheet", files["CARD"], "--out", sheet).status == 0
    whole = sheet.read_text("utf-8-sig").splitlines()
    rng = np.random.default_rng(seed)
    for _ in range(5):
        lines = [line.split(",") for line in whole]
        row, column = rng.integers(0, len(lines)), rng.integers(0, 6)
        lines[row][-1 - min(column, len(lines[row]) - 1)] = SHEET_CELLS[
            rng.integers(len(SHEET_CELLS))
        ]
        sheet.write_text("\n".join(",".join(line) for line in lines), "utf-8")
        done = headrace("card", *typed("read", files, EDITED=sheet))
        assert done.status in (0, 2), done.err
        assert "Traceback" not in done.err


def flipped(data, rng, times):
    for _ in range(times):
        spoilt = bytearray(data)
        for place in rng.integers(0, len(spoilt), 3):
            spoilt[place] ^= int(rng.integers(1, 256))
        yield bytes(spoilt)


def test_a_heading_may_hold_anything(tmp_path):
    odd = ("[bold]", "a,b", "列\u202e名", "=1+1", "x" * 300)
    rows = [(*row[:-1], *odd, row[-1]) for row in loans(120)]
    path = write(tmp_path / "odd.csv", rows, (*HEADER[:-1], *odd, "bad"))
    for command in ("check", "bins", "fit"):
        more = ("--out", tmp_path / "card.json", "--folds", 2) if command == "fit" else ()
        done = headrace("card", command, path, "--target", "bad", "--leave-out", "firm", *more)
        assert done.status in (0, 1), done.err
