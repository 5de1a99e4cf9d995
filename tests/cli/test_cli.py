"""Every command, as its users give it: what it prints, what it leaves, how it ends."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from commands import check_refused, decisions, headrace

from headrace import __version__
from headrace.adapters.folder import DiskFolder
from headrace.adapters.outputs import WRITTEN
from headrace.adapters.policy_sheets import Workbooks
from headrace.cli import main
from headrace.packs import load
from headrace.workflows.policy import parse_policy

PYTHON = [sys.executable, "-m", "headrace"]


def test_a_real_process_prints_one_json_object_and_nothing_else(small, card, tmp_path):
    out = tmp_path / "out"
    command = ["run", "--data", small, "--out", out, "--scorecard", card, "--json"]
    done = subprocess.run([*PYTHON, *command], capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    found = json.loads(done.stdout)
    assert done.stdout.count(b"\n") == 1
    assert found["book"]["applicants"] == 60
    assert found["evidence"]["entries"] == 67
    assert found["seconds"] > 0
    assert json.loads((out / "summary.json").read_text()) == {
        key: value for key, value in found.items() if key not in ("evidence", "seconds")
    }


def test_a_terminal_that_knows_no_chinese_gets_no_traceback(ran, monkeypatch):
    def printed(*arguments) -> bytes:
        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
        with pytest.raises(SystemExit) as end:
            main([str(each) for each in arguments])
        assert not end.value.code
        return written.getvalue()

    assert b"\\u8bc4\\u5206" in printed("explain", "S1", "--out", ran)  # 评分
    found = printed("query", "select '评分' as text", "--out", ran, "--json")
    assert json.loads(found) == [{"text": "评分"}]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interrupted_run_leaves_nothing_that_verifies(small, ran, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(ran, out)
    # `make test &` has the signal ignored, also in what it starts
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    heeding += "from headrace.cli import main; main()"
    command = [sys.executable, "-c", heeding, "run", "--data", small, "--out", out]
    command += ["--repeats", "200"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not (out / "features.parquet").exists() or (out / "evidence/checkpoint").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    printed, told = process.communicate(timeout=60)
    assert process.returncode in (1, 130)
    assert b"Traceback" not in told
    assert printed == b""
    found = headrace("verify", out, "--json")
    assert found.status == 1
    assert found.value["signed_by"] is None


DROPPED = """
import ctypes, signal, time
from headrace.cli import interrupts_heard

signal.signal(signal.SIGINT, signal.default_int_handler)

class Gone:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

@ctypes.CFUNCTYPE(None)
def called_by_a_library():
    signal.raise_signal(signal.SIGINT)

for drop in (Gone, called_by_a_library):
    with interrupts_heard():
        try:
            drop()
            time.sleep(30)
        except KeyboardInterrupt:
            print("heard")
"""


def test_an_interrupt_that_python_drops_is_heard():
    """As it does while it lets go of an object, or is called by a library in C."""
    command = [sys.executable, "-c", DROPPED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=25, check=True)
    assert (done.stdout, done.stderr) == ("heard\nheard\n", "")


def test_what_the_system_refuses_is_said_without_a_traceback(small, tmp_path):
    """The last door: an error of the system that no adapter expected."""
    data = tmp_path / "data"
    shutil.copytree(small, data)
    (data / "mapping.toml").unlink()
    (data / "mapping.toml").symlink_to("mapping.toml")  # a loop
    done = headrace("run", "--data", data, "--out", tmp_path / "out")
    assert done.status == 2
    assert "Traceback" not in done.err


def test_version_and_help():
    assert headrace("--version").out == f"headrace {__version__}\n"
    assert headrace().status == 2
    assert "verify" in headrace("--help").out
    assert headrace("nonsense").status == 2


def test_run_says_what_it_found_and_what_to_do_next(ran, small, run, tmp_path):
    done = run(small)
    assert done.status == 0
    assert "SIMULATED DATA" in done.out
    for text in ("Approval rate", "Mean rate", "Expected loss", "Read with care", "4,000 invoices"):
        assert text in done.out
    assert f"headrace explain S1 --out {tmp_path / 'out'} --lang en" in done.out
    assert done.err.count("✓") == 8
    digest = json.loads((tmp_path / "out/summary.json").read_text())["digest"]
    assert f"digest {digest[:16]}" in done.out
    assert decisions(tmp_path / "out") == decisions(ran)


def test_a_run_writes_the_files_that_the_next_one_takes_away_and_no_other(ran):
    of_the_graph = {"graph.json"}  # `graph build` writes it, and a run takes it away
    assert set(DiskFolder(ran).names()) == WRITTEN - of_the_graph


def test_a_second_run_takes_the_place_of_the_first(small, run, tmp_path):
    run(small)
    out = tmp_path / "out"
    (out / "graph" / f".{'0' * 16}.unfinished").write_bytes(b"a killed process leaves this")
    assert run(small, "--budget", "1,000,000").status == 0
    assert headrace("verify", out).status == 0


def test_demo_writes_data_and_results_that_prove_themselves(tmp_path):
    options = ["--out", tmp_path, "--firms", 120, "--invoices", 6000, "--threads", 1]
    done = headrace("demo", *options, "--json")
    assert done.status == 0, done.err
    assert done.err == ""
    assert done.value["simulated"] is True
    assert done.value["book"]["applicants"] == 120
    folder = tmp_path / "out"
    assert headrace("verify", folder, "--data", tmp_path / "data").status == 0
    assert headrace("demo", "--out", tmp_path, "--firms", 60).status == 2


def test_simulate_writes_only_over_a_simulated_economy(tmp_path):
    size = ["--firms", 60, "--invoices", 4000]
    data = tmp_path / "data"
    assert headrace("economy", "--out", data, *size).status == 0
    before = {path.name: path.read_bytes() for path in data.glob("*.parquet")}
    assert headrace("economy", "--out", data, *size).status == 0
    assert before == {path.name: path.read_bytes() for path in data.glob("*.parquet")}
    (data / "SIMULATED.txt").unlink()
    check_refused(headrace("economy", "--out", data, *size), "no simulator wrote")
    check_refused(headrace("economy", "--out", tmp_path / "x", "--firms", 3), "at least 10")


def test_verify_proves_and_finds_what_was_altered(ran, small, tmp_path):
    done = headrace("verify", ran, "--data", small, "--lang", "en")
    assert done.status == 0
    assert "✓ proved" in done.out
    assert "60 decisions" in done.out
    assert "验证通过" in headrace("verify", ran).out
    copy = tmp_path / "copy"
    shutil.copytree(ran, copy)
    sheet = (copy / "decisions.csv").read_bytes()
    (copy / "decisions.csv").write_bytes(sheet.replace(b"decline", b"approve", 1))
    done = headrace("verify", copy, "--lang", "en")
    assert done.status == 1
    assert "decisions.csv" in done.out
    found = headrace("verify", copy, "--json")
    assert (found.status, found.value["holds"]) == (1, False)
    assert found.value["problems"][0]["where"] == "decisions.csv"


def test_verify_with_data_that_were_changed_since(ran, copy):
    firms = copy / "firms.parquet"
    firms.write_bytes(firms.read_bytes() + b"x")
    found = headrace("verify", ran, "--data", copy, "--json")
    assert found.status == 1
    assert "firms.parquet" in found.value["problems"][0]["where"]


def test_verify_needs_something_to_verify(tmp_path):
    check_refused(headrace("verify"), "nothing to verify")
    assert headrace("verify", tmp_path / "none").status == 2


def test_a_receipt_proves_one_decision_and_shows_no_other(ran, tmp_path):
    file = tmp_path / "receipt.json"
    assert headrace("receipt", "S17", "--out", ran, "--to", file).status == 0
    assert "S18@" not in file.read_text()
    assert headrace("receipt", "S17", "--out", ran).out == file.read_text()
    key = ran / "evidence/key.pub"
    done = headrace("verify", "--receipt", file, "--key", key, "--lang", "en")
    assert done.status == 0
    assert "✓ proved  Decision S17@" in done.out
    file.write_text(file.read_text().replace("decline", "approve", 1))
    forged = headrace("verify", "--receipt", file, "--key", key, "--json")
    assert (forged.status, forged.value["holds"]) == (1, False)
    check_refused(headrace("verify", "--receipt", file), "the lender's key")
    file.write_text("{}")
    assert headrace("verify", "--receipt", file, "--key", key).status == 2


def test_a_key_from_elsewhere_must_be_the_one_that_signed(ran, tmp_path):
    key = ran / "evidence/key.pub"
    assert headrace("verify", ran, "--key", key).status == 0
    (tmp_path / "no.pub").write_text("no key")
    assert headrace("verify", ran, "--key", tmp_path / "no.pub").status == 2
    assert headrace("verify", ran, "--key", tmp_path / "absent.pub").status == 2


def test_explain_in_both_languages_and_as_json(ran):
    english = headrace("explain", "S17", "--out", ran, "--lang", "en")
    assert english.status == 0
    assert "Rules that fired" in english.out
    assert "DIFFERS" not in english.out
    chinese = headrace("explain", "S17", "--out", ran)
    assert "命中的规则" in chinese.out
    found = headrace("explain", "S17", "--out", ran, "--json").value
    assert found["decision"]["party"] == "S17"
    assert {line["again"] for line in found["lines"]} == {True}
    by_id = headrace("explain", found["decision"]["decision_id"], "--out", ran, "--json")
    assert by_id.value == found
    check_refused(headrace("explain", "S999", "--out", ran), "no decision on 'S999'")
    check_refused(headrace("explain", "[red]\x1b[2J", "--out", ran), "[red]\\x1b[2J")


def test_explain_lists_the_facts_behind_a_feature(ran):
    options = ["--out", ran, "--facts", "sales_month_mean"]
    facts = headrace("explain", "S17", *options, "--json").value
    line = next(
        line
        for line in headrace("explain", "S17", "--out", ran, "--json").value["lines"]
        if line["feature"] == "sales_month_mean"
    )
    assert len(facts) == line["facts"] > 0
    assert [fact["day"] for fact in facts] == sorted(fact["day"] for fact in facts)
    assert facts[0]["id"] in headrace("explain", "S17", *options).out
    by_id = headrace("explain", f"S17@{line['last'][:0]}2019-12-31", *options, "--json")
    assert by_id.value == facts
    check_refused(headrace("explain", "S999", *options), "no decision on 'S999'")
    check_refused(headrace("explain", "S17", "--out", ran, "--facts", "ring_count"), "ring_count")


def test_a_folder_that_no_run_wrote_cannot_be_explained(small, tmp_path):
    for command in (["explain", "S1"], ["receipt", "S1"], ["query", "select 1"]):
        assert headrace(*command, "--out", small).status == 2
        assert headrace(*command, "--out", tmp_path / "none").status == 2


def test_query_prints_a_table_json_or_a_csv(ran, tmp_path):
    sql = "select direction, count(*) as n from invoice group by 1 order by 1"
    found = headrace("query", sql, "--out", ran, "--json").value
    assert [row["direction"] for row in found] == ["purchase", "sale"]
    assert str(found[0]["n"]) in headrace("query", sql, "--out", ran).out
    file = tmp_path / "found.csv"
    assert headrace("query", sql, "--out", ran, "--to", file).out == ""
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    assert [int(row["n"]) for row in rows] == [row["n"] for row in found]
    many = headrace("query", "select id from invoice", "--out", ran).out
    assert "more rows" in many
    assert len(many.splitlines()) == 42


def test_query_shows_every_value_json_can_hold(ran):
    sql = (
        "select 'nan'::double a, 1.50::decimal(9,2) b, date '2020-01-02' c, ':100: [red]x' d, "
        "'ab'::blob e, [1, null] f, {'k': true} g, 12345678901234567890::hugeint h"
    )
    found = headrace("query", sql, "--out", ran, "--json").value[0]
    assert found == {
        "a": None, "b": "1.50", "c": "2020-01-02", "d": ":100: [red]x",
        "e": "6162", "f": [1, None], "g": {"k": True}, "h": 12345678901234567890,
    }  # fmt: skip


@pytest.mark.parametrize(
    "sql",
    ["selct", "", "select 1; select 2", "drop view invoice", "select * from nothing",
     "select * from read_csv('/etc/hostname')", "select cast('x' as int)",
     "copy (select 1) to '/tmp/x.csv'", "select timestamp '290000-01-01' as t"],
)  # fmt: skip
def test_bad_sql_is_refused(ran, sql):
    check_refused(headrace("query", sql, "--out", ran), "query")


def test_two_columns_of_one_name_are_shown_and_are_no_json(ran):
    sql = "select 1 as a, 2 as a"
    assert headrace("query", sql, "--out", ran).out.split() == ["a", "a", "1", "2"]
    check_refused(headrace("query", sql, "--out", ran, "--json"), "two columns")


def test_text_of_the_data_never_becomes_markup_emoji_or_control_codes(ran):
    sql = "select ':cat: [bold]b[/] ' || chr(27) || '[2J' || chr(8238) as t"
    assert ":cat: [bold]b[/] \\x1b[2J\\u202e" in headrace("query", sql, "--out", ran).out


def test_files_that_cannot_be_written_are_refused(ran, tmp_path):
    absent = tmp_path / "absent" / "file"
    check_refused(headrace("query", "select 1", "--out", ran, "--to", absent), str(absent))
    check_refused(headrace("receipt", "S1", "--out", ran, "--to", absent), str(absent))


def test_mapping_draft_names_every_file(small, tmp_path):
    draft = headrace("mapping", "draft", small)
    assert draft.status == 0
    for name in ("sales_invoices", "purchase_invoices", "firms", "credit_records"):
        assert name in draft.out
    check_refused(headrace("mapping", "draft", tmp_path), "no table can be read")
    check_refused(headrace("mapping", "draft", tmp_path / "none"), "no such data folder")


@pytest.fixture
def policy(tmp_path):
    folder = tmp_path / "policy"
    assert headrace("policy", "export", folder).out.count("\n") == 7
    return folder


def test_an_exported_policy_is_the_packs_own(ran, small, run, policy, tmp_path):
    assert {path.name for path in policy.iterdir()} == set(
        load("sme_invoices").require_lending().files
    )
    assert run(small, "--policy", policy).status == 0
    assert decisions(tmp_path / "out") == decisions(ran)
    assert headrace("policy", "export", policy).status == 0
    (policy / "limit.csv").write_text("mine")
    check_refused(headrace("policy", "export", policy), "limit.csv is there already")
    assert (policy / "limit.csv").read_text() == "mine"


def test_an_edited_table_decides_in_any_encoding_excel_saves(ran, small, run, policy, tmp_path):
    table = policy / "access.csv"
    text = table.read_text(encoding="utf-8-sig")
    edited = text.replace('"""D"""', '"""C"",""D"""')
    assert edited != text
    made = []
    for encoding in ("utf-8", "gb18030", "utf-16"):
        table.write_bytes(edited.encode(encoding))
        assert run(small, "--policy", policy).status == 0
        made.append(decisions(tmp_path / "out"))
    assert made[0] == made[1] == made[2] != decisions(ran)
    strict = {each["party"] for each in made[0] if each["reasons"] == ["rating_d"]}
    assert strict > {each["party"] for each in decisions(ran) if each["reasons"] == ["rating_d"]}


def test_a_table_in_a_workbook_decides_as_the_csv_does(ran, small, run, tmp_path):
    tables = parse_policy(load("sme_invoices")).tables
    names = {name for table in tables.values() for name in table.names}
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "tables.xlsx").write_bytes(Workbooks().write(tables, names))
    checked = headrace("policy", "check", folder, "--lang", "en", "--json")
    assert json.loads(checked.out)["files"] == ["tables.xlsx"]
    assert run(small, "--policy", folder).status == 0
    assert decisions(tmp_path / "out") == decisions(ran)


def test_a_table_from_before_is_told_what_to_rename(small, run, policy):
    table = policy / "access.csv"
    text = table.read_text(encoding="utf-8-sig")
    table.write_text(text.replace("out:action", "out:outcome"), encoding="utf-8")
    check_refused(run(small, "--policy", policy), "access.csv, header", "out:outcome to out:action")


@pytest.fixture
def edit(small, run, policy):
    """Run with one text of one policy file replaced."""

    def go(file, before, after):
        path = policy / file
        text = path.read_text(encoding="utf-8-sig")
        assert before in text
        path.write_text(text.replace(before, after, 1), encoding="utf-8")
        return run(small, "--policy", policy)

    return go


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("access.csv", "< 6,", "< six months,", ["access.csv", "row 8", "sales_months_active"]),
        ("access.csv", "rating_d", "rating_dd", ["access.csv", "row 7", "out:reason"]),
        ("access.csv", "in:ring_count", "in:ring_cuont", ["access.csv", "ring_cuont"]),
        ("access.csv", "out:reason", "reason", ["access.csv"]),
        ("limit.csv", "0.30", "lots", ["limit.csv", "turnover_share"]),
        ("economics.toml", "lgd = 0.45", "lgd = 45", ["economics.toml", "lgd"]),
        ("economics.toml", "lgd = 0.45", "lgd = ", ["economics.toml", "TOML"]),
        ("scenarios.csv", "*0.70", "seven", ["scenarios.csv", "row 2"]),
        ("industries.csv", "word,industry", "a,b", ["industries.csv", "word,industry"]),
    ],
)
def test_a_broken_cell_is_named_by_file_row_and_column(edit, file, before, after, said):
    done = edit(file, before, after)
    assert done.status == 2, done.out
    for each in said:
        assert each in done.err, done.err


def test_a_slip_in_the_policy_costs_no_earlier_results(edit, small, run, tmp_path):
    assert run(small).status == 0
    before = decisions(tmp_path / "out")
    check_refused(edit("access.csv", "rating_d", "rating_dd"), "'rating_dd' is no reason")
    assert decisions(tmp_path / "out") == before
    assert headrace("verify", tmp_path / "out", "--data", small).status == 0


def test_a_policy_folder_without_effect_is_refused(small, run, policy, tmp_path):
    check_refused(run(small, "--policy", tmp_path / "none"), "no such folder")
    (policy / "access.csv").rename(policy / "acess.csv")
    check_refused(run(small, "--policy", policy), "acess.csv is no policy file", "access.csv meant")
    for path in policy.iterdir():
        path.unlink()
    check_refused(run(small, "--policy", policy), "holds no policy file")
