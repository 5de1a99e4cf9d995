"""`headrace abs` with damaged files and random options: a status, never a traceback."""

import copy
import json
import tomllib
from datetime import date

import numpy as np
import pytest
from commands import headrace

FAULTS = 40
DAMAGES = 10
COMBINATIONS = 15
ODD = [
    0, -1, 1.5, "", "x", "2%", True, [], {}, [1], "2026-01-01", float("nan"), float("inf"),
    10**30, -0.5, ["a", "b"], {"a": 1}, "优先", "account:收款户", {"op": "over", "of": [1, 0]},
]  # fmt: skip
OPTIONS = {
    "--cdr": ["0", "100", "5%", "-1", "nan", "1e9", "0,1,2", "", "５"],
    "--cpr": ["0", "99.999", "x", "10,20"],
    "--recovery": ["0", "100", "101", ""],
    "--lag": ["0", "600", "601", "x"],
    "--shortfall": ["0", "100", "20", "x"],
    "--rates": ["LPR5Y=4", "=", "LPR5Y=", "none.csv", "loans.csv", ".", "LPR5Y=-3"],
    "--assume": ["assume.toml", "gas.toml", "loans.csv", ".", ""],
    "--flows": ["loans.csv", ".", ""],
    "--assets": ["loans.csv", "series.toml"],
    "--asset-rules": ["eligibility.toml", "shelf.toml"],
    "--lang": ["zh", "en", "EN"],
    "--json": [None],
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    assert headrace("abs", "example", "--out", folder).status == 0
    return folder


def pick(chance, among):
    """One of them."""
    return among[int(chance.integers(len(among)))]


def as_toml(value):
    """A value as TOML writes it in a line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {as_toml(each)}' for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


def places(value, path=()):
    """The paths of all parts of the data."""
    lists = enumerate(value) if isinstance(value, list) else ()
    for key, each in value.items() if isinstance(value, dict) else lists:
        yield (*path, key)
        yield from places(each, (*path, key))


def with_a_fault(data, chance):
    """A copy in which one part is missing or odd."""
    spoilt = part = copy.deepcopy(data)
    *before, last = pick(chance, list(places(data)))
    for key in before:
        part = part[key]
    if chance.random() < 0.15:
        del part[last]
    else:
        part[last] = pick(chance, ODD)
    return "\n".join(f'"{key}" = {as_toml(value)}' for key, value in spoilt.items())


def check_told(done):
    """Done, a finding, or refused with words."""
    assert done.status in (0, 1, 2)
    if done.status == 2:
        assert done.out == ""
        assert "✗" in done.err or "Usage" in done.err
        assert "Traceback" not in done.err


def test_files_with_a_fault_are_read_or_refused(files, tmp_path):
    chance = np.random.default_rng(4)
    spoilt, loans = tmp_path / "spoilt.toml", files / "loans.csv"
    asked = {
        "gas": ("run", spoilt),
        "loans": ("run", spoilt, "--loans", loans),
        "assume": ("run", files / "loans.toml", "--loans", loans, "--assume", spoilt),
        "eligibility": ("check", loans, "--rules", spoilt),
        "shelf": ("shelf", spoilt, files / "series.toml"),
        "series": ("shelf", files / "shelf.toml", spoilt),
    }
    data = {name: tomllib.loads((files / f"{name}.toml").read_text("utf-8")) for name in asked}
    seen = set()
    for _ in range(FAULTS):
        name = pick(chance, sorted(asked))
        spoilt.write_text(with_a_fault(data[name], chance), "utf-8")
        done = headrace("abs", *asked[name], "--json")
        check_told(done)
        seen.add(done.status)
    assert seen == {0, 1, 2}


def test_damaged_tapes_are_read_or_refused(files, tmp_path):
    chance = np.random.default_rng(5)
    whole = (files / "loans.csv").read_bytes()
    tape = tmp_path / "loans.csv"
    for _ in range(DAMAGES):
        data = bytearray(whole)
        for _ in range(chance.integers(1, 31)):
            data[chance.integers(len(data))] = int(chance.integers(256))
        tape.write_bytes(data[: chance.integers(len(data))] if chance.random() < 0.3 else data)
        done = headrace("abs", "check", tape, "--rules", files / "eligibility.toml", "--json")
        check_told(done)
        if done.status != 2:
            value = done.value
            assert len(value["loans"]) == len({loan["loan_id"] for loan in value["loans"]})
        check_told(headrace("abs", "run", files / "loans.toml", "--loans", tape, "--json"))


def test_random_options_are_used_or_refused(files, monkeypatch):
    monkeypatch.chdir(files)
    chance = np.random.default_rng(6)
    for _ in range(COMBINATIONS):
        deal = pick(chance, ["gas.toml", "loans.toml", "loans.toml"])
        command = ["abs", pick(chance, ["run", "run", "sensitivity"]), deal]
        if deal == "loans.toml" and chance.random() < 0.8:
            command += ["--loans", "loans.csv"]
        for option in chance.permutation(sorted(OPTIONS))[: chance.integers(4)].tolist():
            value = pick(chance, OPTIONS[option])
            command += [option] if value is None else [option, value]
        check_told(headrace(*command))
