"""Random combinations of options, values and damage: an exit status, never a traceback."""

import shutil

import numpy as np
import pytest
from commands import headrace

from headrace.workflows.run_note import RECORDS

COMBINATIONS = 20
DAMAGES = 21
VALUES = {
    "--budget": [
        "",
        "0",
        "1",
        "-0",
        "1e5",
        "１２３４５６",
        "5_000_000",
        "1e999",
        "--",
        "nan",
        "¥5",
    ],
    "--profit-share-min": ["0", "1", "0.5", "-0.0", "1e-300", "x", ""],
    "--as-of": ["2019-12-31", "2017-02-01", "2018-02-29", "2199-12-31", "1900-01-01", "31.12.2019"],
    "--seed": ["0", "4294967295", "4294967296", "-1", "1.5", "x"],
    "--threads": ["1", "2", "257", "-1", "x"],
    "--lang": ["zh", "en", "EN", "", "中文"],
    "--pack": ["sme_invoices", "", "../x", "SME"],
    "--add-term": ["supplier_count", "rating", "party", "as_of", "", "\x00", "信誉评级"],
    "--scorecard": ["/dev/null", ".", "", "none.json", "CARD"],
    "--policy": [".", "", "/dev/null", "none"],
    "--mapping": ["/dev/null", ".", "none.toml", "MAPPING"],
    "--json": [None],
    "--allow-leakage": [None],
}


@pytest.mark.parametrize("seed", range(COMBINATIONS))
def test_no_combination_of_options_ends_in_a_traceback(small, card, tmp_path, seed):
    rng = np.random.default_rng(seed)
    chosen = rng.choice(list(VALUES), size=rng.integers(1, 5), replace=False)
    options = []
    for name in chosen:
        value = VALUES[name][rng.integers(len(VALUES[name]))]
        known = {"CARD": str(card), "MAPPING": str(small / "mapping.toml")}
        options += [name] if value is None else [name, known.get(value, value)]
    if "--scorecard" not in chosen and rng.random() < 0.7:
        options += ["--scorecard", card]
    out = tmp_path / "out"
    done = headrace("run", "--data", small, "--out", out, "--repeats", 1, *options)
    assert done.status in (0, 2), (options, done.err)
    assert "Traceback" not in done.err
    assert bool(done.out) == (done.status == 0), (options, done.err)
    assert (headrace("verify", out).status == 0) == (done.status == 0), options


READ = ["run.json", "scorecard.json", "features.parquet", "scores.parquet", RECORDS,
        "facts/invoice.parquet", "facts/correction.parquet"]  # fmt: skip
ZONE = '{"pack":"sme_invoices","as_of":"2019-01-01T00:00Z","time_zone":"../x","simulated":true}'
NOTES = ["{}", "[]", "null", '{"pack": 1}', ZONE, ZONE.replace("2019", "99999"), "[" * 100_000]


@pytest.mark.parametrize("name", READ)
def test_explain_survives_any_damage_to_what_it_reads(ran, tmp_path, name):
    out = tmp_path / "out"
    shutil.copytree(ran, out)
    whole = (out / name).read_bytes()
    rng = np.random.default_rng(len(name))
    spoilt = [b"", whole[: len(whole) // 2], b"\xff" * 50, b"PAR1PAR1"]
    spoilt += [note.encode() for note in NOTES]
    for _ in range(DAMAGES // len(READ)):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 3):
            data[place] ^= int(rng.integers(1, 256))
        spoilt.append(bytes(data))
    for at, data in enumerate(spoilt):
        (out / name).write_bytes(data)
        options = ["--facts", "sales_month_mean"] if at % 2 else []
        done = headrace("explain", "S17", "--out", out, *options)
        assert done.status in (0, 2), done.err
        assert "Traceback" not in done.err
    (out / name).unlink()
    assert headrace("explain", "S17", "--out", out).status == 2
