"""`headrace policy`: check, show, compare, convert, versions with four eyes, lists."""

import json
import sqlite3
from contextlib import closing

import pytest
from commands import check_refused, headrace
from policy_sample import write_policy


@pytest.fixture
def old(tmp_path):
    return write_policy(tmp_path / "old")


@pytest.fixture
def new(tmp_path):
    """Refers from a lower amount on, and counts an exposure higher."""
    return write_policy(
        tmp_path / "new", velocity=("> 5000", "> 3000"), policy=("amount * 2", "amount * 3")
    )


@pytest.fixture
def store(tmp_path):
    return tmp_path / "policies.db"


@pytest.fixture
def policy(store):
    """Runs a command on the store."""

    def go(*arguments):
        return headrace("policy", *arguments, "--store", store)

    return go


@pytest.fixture
def proposed(policy, old, new):
    """Two versions by Ann; nobody approved them yet."""
    for folder, comment in ((old, "first"), (new, "closer")):
        done = policy("propose", folder, "--author", "Ann", "--comment", comment, "--json")
        assert done.status == 0, done.err
    return policy


def done(result):
    assert result.status == 0, result.err
    return result


# --- files ----------------------------------------------------------------------------------------


def test_check_says_that_a_policy_can_be_used(old):
    said = done(headrace("policy", "check", old, "--lang", "en")).out
    assert "✓ usable" in said
    assert "card_payments: steps 3, tables 1, rules 3, list entries 1" in said
    found = done(headrace("policy", "check", old, "--json")).value
    assert found["policy"] == "card_payments"
    assert len(found["digest"]) == 64
    assert "可用" in done(headrace("policy", "check", old / "policy.yaml")).out


def test_check_names_file_row_and_column(tmp_path):
    broken = write_policy(tmp_path / "p", velocity=("> 5000", "> lots of"))
    check_refused(headrace("policy", "check", broken), "velocity.csv, row 7", "in:amount")
    broken = write_policy(tmp_path / "q", policy=("table: velocity", "table: speed"))
    result = headrace("policy", "check", broken)
    assert result.status == 2
    assert "There is no table 'speed'" in result.err


def test_check_warns_of_rules_that_never_speak(tmp_path):
    folder = write_policy(tmp_path / "p", velocity=("XX,-,", "-,-,"))
    said = done(headrace("policy", "check", folder, "--lang", "en")).out
    assert "✓ usable" in said
    assert "velocity.csv" in said.partition("\n")[2]
    remarks = done(headrace("policy", "check", folder, "--json")).value["remarks"]
    assert {each["table"] for each in remarks} == {"velocity"}
    assert all(each["en"] and each["zh"] and each["severity"] for each in remarks)


def test_check_reads_a_single_file_of_tables(old):
    found = done(headrace("policy", "check", old / "velocity.csv", "--json")).value
    assert list(found["tables"]) == ["velocity"]


def test_check_still_knows_the_files_of_a_pack_that_lends(tmp_path):
    done(headrace("policy", "export", tmp_path / "own"))
    said = done(headrace("policy", "check", tmp_path / "own", "--lang", "en")).out
    assert "access.csv, contract.toml, economics.toml" in said


def test_check_of_nothing_is_refused(tmp_path):
    check_refused(headrace("policy", "check", tmp_path / "none"))


def test_show_prints_every_rule(old):
    said = done(headrace("policy", "show", old, "--lang", "en")).out
    for each in ("Card payments", "blocked", "How fast money leaves", "> 5000", "a person looks"):
        assert each in said
    assert "资金流出速度" in done(headrace("policy", "show", old)).out
    found = done(headrace("policy", "show", old, "--json")).value
    assert found["policy"]["steps"][2]["expression"] == "amount * 2"
    assert len(found["tables"]["velocity"]["rules"]) == 3


def test_diff_says_what_changed_in_either_language(old, new):
    said = done(headrace("policy", "diff", old, new, "--lang", "en")).out.splitlines()
    assert said == [
        "changes: 2",
        "  ~ step exposure: the expression was amount * 2, is amount * 3",
        "  ~ velocity, rule 2 (row 7): amount was > 5000, is > 3000 (loosened: met by more; −2000)",
    ]
    assert "由 > 5000 改为 > 3000（放宽" in done(headrace("policy", "diff", old, new)).out
    found = done(headrace("policy", "diff", old, new, "--json")).value
    assert [each["kind"] for each in found["changes"]] == ["step_changed", "cell_changed"]
    assert found["changes"][1]["place"] == {
        "name": "velocity",
        "rule": 2,
        "row": 7,
        "column": "amount",
    }
    assert found["changes"][1]["moved"] == {"effect": "loosened", "by": "−2000"}


def test_diff_of_the_same_in_another_notation_is_nothing(old, tmp_path):
    again = write_policy(tmp_path / "again")
    done(headrace("policy", "convert", again / "velocity.csv", "--to", "xlsx"))
    (again / "velocity.csv").unlink()
    (again / "policy.yaml").write_text(
        "# a remark\n" + (again / "policy.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    found = done(headrace("policy", "diff", old, again, "--json")).value
    assert found["changes"] == []
    assert found["before"] == found["after"]
    assert "no change" in done(headrace("policy", "diff", old, again, "--lang", "en")).out


def test_diff_tells_new_entries_of_lists_and_other_files(old, tmp_path):
    more = write_policy(tmp_path / "more")
    lists = more / "lists.csv"
    entry = "blocked,C18,,2026-03-01T00:00Z,,lost,fraud desk,2026-03-02T09:12Z\n"
    lists.write_text(lists.read_text(encoding="utf-8") + entry, encoding="utf-8")
    (more / "economics.toml").write_text("lgd = 0.45\n")
    said = done(headrace("policy", "diff", old, more, "--lang", "en")).out
    assert "list blocked: C18 (2026-03-01" in said
    assert "file economics.toml added" in said


@pytest.mark.parametrize("suffix", ["yaml", "xlsx", "dmn", ".csv"])
def test_convert_keeps_what_a_table_says(old, tmp_path, suffix):
    out = tmp_path / "out"
    done(headrace("policy", "convert", old / "velocity.csv", "--to", suffix, "--out", out))
    (written,) = out.iterdir()
    digests = [
        done(headrace("policy", "check", path, "--json")).value["tables"]["velocity"]
        for path in (old / "velocity.csv", written)
    ]
    assert digests[0] == digests[1]


def test_convert_overwrites_nothing_of_another_content(old):
    (old / "velocity.yaml").write_text("mine")
    check_refused(headrace("policy", "convert", old / "velocity.csv", "--to", "yaml"), "already")
    assert (old / "velocity.yaml").read_text() == "mine"
    check_refused(headrace("policy", "convert", old / "velocity.csv", "--to", "pdf"), ".pdf")


# --- versions -------------------------------------------------------------------------------------


def test_the_life_of_a_version(proposed, new):
    check_refused(proposed("approve", 2, "--by", " ann"), "approver must not be the author")
    check_refused(proposed("activate", 2, "--by", "Bob"), "must be approved")
    for number in (1, 2):
        done(proposed("approve", number, "--by", "Bob"))
        done(proposed("activate", number, "--by", "Cid"))
    said = done(proposed("history", "--lang", "en")).out
    assert "Cid activated 2" in said
    assert "every act is as it was recorded" in said
    done(proposed("rollback", 1, "--by", "Bob", "--reason", "too many calls"))
    found = done(proposed("history", "--json")).value
    assert found["active"] == 1
    assert found["holds"]
    assert [each["state"] for each in found["versions"]] == ["approved", "approved"]
    assert [each["deed"] for each in found["acts"]][-1] == "roll_back"
    assert found["head"] == {
        "number": found["acts"][-1]["number"],
        "digest": found["acts"][-1]["digest"],
    }


def test_propose_tells_what_changed_and_refuses_what_did_not(policy, old, new, tmp_path):
    first = done(policy("propose", old, "--author", "Ann", "--json")).value
    assert (first["version"], first["changes"]) == (1, [])
    again = write_policy(tmp_path / "again", policy=("policy:", "# another layout\npolicy:"))
    check_refused(policy("propose", again, "--author", "Ann"), "must have changed")
    said = done(policy("propose", new, "--author", "Ann", "--lang", "en")).out
    assert "card_payments: proposed version 2" in said
    assert "amount was > 5000, is > 3000" in said
    assert "lists.csv is no part of a version" in said


def test_files_beside_the_policy_make_a_version_too(proposed, new):
    (new / "economics.toml").write_text("lgd = 0.45\n")
    found = done(proposed("propose", new, "--author", "Ann", "--json")).value
    assert [each["kind"] for each in found["changes"]] == ["file_added"]


def test_a_policy_that_cannot_be_read_is_not_proposed(policy, tmp_path, store):
    broken = write_policy(tmp_path / "p", velocity=("> 5000", "> lots of"))
    check_refused(policy("propose", broken, "--author", "Ann"), "velocity.csv, row 7")
    assert not store.exists()


def test_reject(proposed):
    said = done(proposed("reject", 2, "--by", "Bob", "--comment", "too low", "--lang", "en")).out
    assert "rejected version 2" in said
    check_refused(proposed("approve", 2, "--by", "Cid"), "proposed anew", "Bob rejected it")


def test_versions_are_compared_with_each_other_and_with_folders(proposed, new):
    done(proposed("approve", 1, "--by", "Bob"))
    done(proposed("activate", 1, "--by", "Bob"))
    by_number = done(proposed("diff", 1, 2, "--json")).value
    assert len(by_number["changes"]) == 2
    assert done(proposed("diff", "active", 2, "--json")).value == by_number
    assert done(proposed("diff", "active", new, "--json")).value == by_number
    assert "> 3000" in done(proposed("show", 2)).out
    check_refused(proposed("diff", 1, 3), "version must exist", "versions 1 to 2")


def test_an_activation_starts_when_it_says(proposed):
    done(proposed("approve", 1, "--by", "Bob"))
    check_refused(
        proposed("activate", 1, "--by", "Bob", "--from", "2020-01-01T00:00Z"),
        "must not be in the past",
    )
    check_refused(proposed("activate", 1, "--by", "Bob", "--from", "2099-01-01"), "no moment")
    planned = done(proposed("activate", 1, "--by", "Bob", "--from", "2099-01-01T00:00Z", "--json"))
    assert planned.value["told"]["from"] == 4_070_908_800_000_000
    assert done(proposed("history", "--json")).value["active"] is None
    check_refused(proposed("diff", "active", 2), "No version is active yet")


def test_history_finds_what_was_altered(proposed, store):
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("update policy_act set by = 'Eve' where number = 1")
    result = proposed("history", "--json")
    assert result.status == 1
    assert not result.value["holds"]
    assert [each["where"] for each in result.value["problems"]] == ["act 1"]
    assert "✗" in proposed("history").out


def test_a_store_of_several_policies_asks_which(proposed, tmp_path):
    other = write_policy(tmp_path / "other", policy=("card_payments", "loans"))
    done(proposed("propose", other, "--author", "Ann"))
    check_refused(proposed("history"), "Which policy", "card_payments, loans")
    assert len(done(proposed("history", "--policy", "loans", "--json")).value["versions"]) == 1
    check_refused(proposed("history", "--policy", "cards"), "no policy 'cards'")


def test_a_store_that_is_not_there_is_not_made_by_asking(policy, store):
    for command in (("history",), ("approve", 1, "--by", "Bob"), ("list", "show")):
        check_refused(policy(*command), "no such store")
    assert not store.exists()


# --- lists ----------------------------------------------------------------------------------------


def test_lists_are_added_to_and_shown(policy, old):
    done(policy("list", "add", "blocked", "C99", "--by", "desk", "--reason", "stolen"))
    done(policy("list", "add", "--file", old / "lists.csv", "--by", "desk"))
    entries = done(policy("list", "show", "--json")).value
    assert [(each["value"], each["owner"]) for each in entries] == [
        ("C99", "desk"),
        ("C17", "fraud desk"),
    ]
    assert all(each["recorded"] > "2026" for each in entries)
    assert "stolen" in done(policy("list", "show", "blocked", "--lang", "en")).out
    assert done(policy("list", "show", "other", "--json")).value == []
    assert done(policy("list", "show", "--at", "2020-01-01T00:00Z", "--json")).value == []


def test_an_entry_needs_a_person_and_a_sound_span(policy, tmp_path):
    add = ("list", "add", "blocked", "C99")
    check_refused(policy(*add, "--by", " "), "person must be named")
    span = ("--from", "2026-03-02T00:00Z", "--until", "2026-03-01T00:00Z")
    check_refused(policy(*add, "--by", "desk", *span), "must end after it starts")
    check_refused(policy("list", "add", "--by", "desk"), "Nobody is named")
    check_refused(policy(*add, "--by", "desk", "--until", "soon"), "'soon' is no moment")


def test_what_people_wrote_never_becomes_markup(policy, tmp_path):
    folder = write_policy(tmp_path / "p", velocity=("a person looks", "[red]look[/]"))
    assert "[red]look[/]" in done(headrace("policy", "show", folder)).out
    done(policy("propose", folder, "--author", "[b]Ann[/]", "--comment", "\x1b[2J"))
    said = done(policy("history")).out
    assert "[b]Ann[/]" in said
    assert "\x1b" not in said
    assert json.loads(done(policy("history", "--json")).out)["acts"][0]["comment"] == "\x1b[2J"
