"""Every graph command with random options and damaged facts: a status, never a traceback."""

import contextlib
import json
import shutil

import numpy as np
import pytest
from commands import check_refused, headrace

from chain_map_sample import write_chain_map

COMBINATIONS = 30
DAMAGES = 12
COMMANDS = {
    "find": ("S1",),
    "party": ("S35",),
    "path": ("S9", "S35"),
    "features": ("S1",),
    "owners": ("S9",),
    "holdings": ("P00048",),
    "control": (),
    "beneficial": (),
    "groups": (),
    "limits": (),
    "room": ("S3",),
    "diff": ("--from", "2018-08-01"),
    "circles": (),
    "flows": (),
    "trace": ("S10", "--day", "2018-04-17"),
    "shells": (),
    "rings": (),
    "communities": (),
    "chain": ("S35",),
    "failure": ("S35",),
    "late": ("S35",),
    "scenarios": ("--count", "5"),
    "rules": ("RULES",),
    "watch": ("RULES", "linked", "--from", "2019-01-01"),
    "identify": (),
    "same": ("S1", "S2"),
    "place": ("TEXTS", "--chain", "CHAIN"),
}
DAYS = ["2019-12-31", "2018-02-30", "1900-01-01", "2199-12-31", "0001-01-01", "9999-12-31", ""]
VALUES = {
    "--as-of": DAYS,
    "--known": DAYS,
    "--to": [*DAYS, "x.doc", "/dev/null/x.csv"],
    "--zone": ["Asia/Shanghai", "UTC", "../x", "Mars/Base", "", "\x01", "中国"],
    "--lang": ["zh", "en", "EN", "中文"],
    "--rules": ["/dev/null", ".", "", "RULES", "majority_control"],
    "--bank": ["BANK", "S1", "", "\udcff"],
    "--tier1": ["1", "1e5", "１２３", "nan", "-inf", "1e999", "9" * 40, "0x1"],
    "--points": ["0", "-1", "9" * 30],
    "--days": ["1", "36500", "36501", "9" * 30],
    "--percent": ["0", "100", "9" * 30],
    "--length": ["2", "6", "1", "x"],
    "--weigh": ["amount", "count", ""],
    "--rule": ["fifo", "lifo"],
    "--hub": ["1", "0", "9" * 30],
    "--count": ["1", "0", "9" * 30],
    "--terms": ["1", "0", "9" * 30],
    "--buffer": ["0", "-1", "inf", "nan", "1e300"],
    "--margin": ["0", "1", "2", "nan"],
    "--recovery": ["0", "1", "-0.1", "x"],
    "--deviation": ["0", "-1", "1e300", "nan"],
    "--world": ["0", "1", "1.5"],
    "--seed": ["0", "-1", "9" * 30],
    "--of": ["transfers", "trades", "uses", "office", ""],
    "--parties": ["1", "0", "9" * 30],
    "--trade-days": ["1", "0", "9" * 30],
    "--ids": ["/dev/null", ".", "TEXTS"],
    "--judgements": ["/dev/null", ".", "TEXTS"],
    "--chain": ["/dev/null", ".", ""],
    "--sheet": ["x.doc", "/no/such/x.xlsx", ""],
    "--identity": ["/dev/null", ".", "TEXTS"],
    "--json": [None],
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Rules that run, texts to place, and a chain map to place them on."""
    folder = tmp_path_factory.mktemp("files")
    found = {"RULES": folder / "rules.txt", "TEXTS": folder / "texts.csv", "CHAIN": folder / "map"}
    found["RULES"].write_text("linked(A, B) :- guarantees(A, B, _).\n", encoding="utf-8")
    found["TEXTS"].write_text("party,text\nF1,锂电池\n", encoding="utf-8")
    found["CHAIN"].mkdir()
    write_chain_map(found["CHAIN"])
    return found


def typed(command, files, built):
    """A command with the arguments that it needs."""
    needed = [str(files.get(each, each)) for each in COMMANDS[command]]
    return ["graph", command, *needed, *([] if command == "place" else ["--out", str(built)])]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_json_is_one_value_and_people_get_text_in_both_languages(built, files, command):
    asked = typed(command, files, built)
    done = headrace(*asked, "--json")
    assert done.status == 0, done.err
    json.loads(done.out, parse_constant=pytest.fail)
    chinese, english = (headrace(*asked, "--lang", lang) for lang in ("zh", "en"))
    assert chinese.status == english.status == 0
    assert chinese.out.strip()
    if command not in ("rules", "path"):
        assert chinese.out != english.out


@pytest.mark.parametrize("seed", range(COMBINATIONS))
def test_no_combination_of_options_ends_in_a_traceback(built, files, seed):
    rng = np.random.default_rng(seed)
    for command in rng.choice(sorted(COMMANDS), size=3, replace=False):
        options = []
        for name in rng.choice(sorted(VALUES), size=2, replace=False):
            value = VALUES[name][rng.integers(len(VALUES[name]))]
            given = str(files.get(value, value)) if value is not None else None
            options += [name] if given is None else [name, given]
        done = headrace(*typed(command, files, built), *options)
        assert done.status in (0, 2), (command, options, done.err)
        assert "Traceback" not in done.err
        assert bool(done.out) == (done.status == 0), (command, options, done.out, done.err)
        assert bool(done.err) == (done.status == 2), (command, options, done.err)


# What each command refuses, and what the error says; usage errors name the option.
BAD = {
    "rings": [(("--of", "office"), "uses, transfers, trades")],
    "communities": [(("--parties", "0"), "--parties"), (("nobody",), "graph find")],
    "chain": [(("nobody",), "graph find"), (("--trade-days", "9" * 20), "--trade-days")],
    "failure": [(("nobody",), "graph find"), (("--recovery", "2"), "--recovery"),
                (("--margin", "nan"), "--margin"), (("--buffer", "inf"), "--buffer")],
    "late": [(("nobody",), "graph find"), (("--days", "0"), "--days"),
             (("--days", "9" * 14), "--days"), (("--terms", "9" * 14), "--terms"),
             (("--buffer", "inf"), "--buffer")],
    "scenarios": [(("--count", "1"), "--count"), (("--count", "1" + "0" * 12), "--count"),
                  (("--deviation", "1e300"), "--deviation"), (("--seed", "-1"), "--seed")],
    "identify": [(("--ids", "TEXTS"), "--ids"), (("--ids", "."), "--ids"),
                 (("--judgements", "TEXTS"), "verdict"), (("--to", "x.doc"), ".parquet"),
                 (("--known", "9999-12-31"), "1900 to 2199")],
    "same": [(("--judgements", "/no/such.csv"), "check its name")],
    "place": [(("--to", "x.doc"), ".parquet"), (("--chain", "/no/such"), "eight files")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "more", "said"),
    [(command, more, said) for command, cases in BAD.items() for more, said in cases],
)
def test_a_bad_value_is_refused_with_a_remedy(built, files, command, more, said):
    options = [str(files.get(each, each)) for each in more]
    done = headrace(*typed(command, files, built), *options)
    assert done.status == 2, (done.out, done.err)
    assert done.out == ""
    assert "Traceback" not in done.err
    assert said in done.err


def test_a_party_that_nobody_names_is_refused_with_a_remedy(built):
    done = headrace("graph", "same", "S1", "nobody", "--out", built)
    check_refused(done, "no record 'nobody'", "graph find")


NOTES = [b"", b"{}", b"null", b"[" * 100_000, b'{"source":1,"simulated":0,"time_zone":"../x"}']


@pytest.mark.parametrize("name", ["graph.json", "facts/relation.parquet", "facts/party.parquet"])
def test_damaged_facts_are_refused_or_read(built, tmp_path, name):
    out = tmp_path / "out"
    shutil.copytree(built, out)
    whole = (out / name).read_bytes()
    rng = np.random.default_rng(len(name))
    spoilt = [*NOTES, whole[: len(whole) // 2], b"PAR1PAR1"]
    for _ in range(DAMAGES):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 3):
            data[place] ^= int(rng.integers(1, 256))
        spoilt.append(bytes(data))
    commands = (("owners", "S9"), ("circles",), ("groups",), ("party", "S35"), ("features", "S1"))
    for at, data in enumerate(spoilt):
        (out / name).write_bytes(data)
        done = headrace("graph", *commands[at % len(commands)], "--out", out)
        assert done.status in (0, 2), done.err
        assert "Traceback" not in done.err
        if at < len(NOTES):
            assert done.status == 2
            assert "where" in done.err
    with contextlib.suppress(FileNotFoundError):
        (out / name).unlink()
    done = headrace("graph", "owners", "S9", "--out", out)
    assert done.status == (0 if name == "graph.json" else 2), "a note may be missing; facts may not"
