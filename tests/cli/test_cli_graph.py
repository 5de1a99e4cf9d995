"""`headrace graph` as typed: facts in, parties looked up, paths shown, features computed."""

import re
import shutil

import pyarrow.parquet as pq
import pytest
from commands import headrace
from rich.cells import cell_len

EMPTY = """
name = "registry"
currency = "CNY"
time_zone = "Asia/Shanghai"
purpose = "credit_assessment"
consent = "test"

[[table]]
file = "holdings"
fact = "relation"
constants = { relation = "owns" }
columns = { subject = "holder", object = "company", share = "share", event_time = "from" }
"""


def truth(small, name):
    return pq.read_table(small / "truth" / f"{name}.parquet").to_pylist()


def test_a_graph_is_built_with_evidence_that_verifies(built):
    done = headrace("verify", built, "--json")
    assert done.status == 0
    assert done.value["holds"] is True


def test_parties_are_found_by_code_and_by_name(built):
    exact = headrace("graph", "find", "s1", "--out", built, "--count", 3, "--json").value
    assert exact[0]["party"] == "S1"
    named = headrace("graph", "find", "模拟", "--out", built, "--json").value
    assert len(named) == 20
    assert all("模拟" in row["name"] for row in named)
    none = headrace("graph", "find", "no such firm", "--out", built, "--lang", "en")
    assert none.out.strip().endswith("nothing found")


def test_a_party_is_shown_with_the_fact_behind_each_relation(built, small):
    ring = truth(small, "guarantee_rings")
    first, second = ring[0]["firm_id"], ring[1]["firm_id"]
    value = headrace("graph", "party", first, "--out", built, "--json").value
    (given,) = [
        row
        for row in value["relations"]
        if (row["relation"], row["subject"], row["object"]) == ("guarantees", first, second)
    ]
    assert given["fact"].startswith("relations#")
    assert given["amount_minor"] > 0
    assert {row["relation"] for row in value["events"]} <= {"trades", "transfers"}
    told = headrace("graph", "party", first, "--out", built, "--lang", "zh")
    assert "担保" in told.out
    assert given["fact"] in told.out


def test_what_was_not_yet_true_or_not_yet_known_is_not_shown(built, small):
    ring = truth(small, "guarantee_rings")
    first = ring[0]["firm_id"]
    now = headrace("graph", "party", first, "--out", built, "--json").value["relations"]
    begun = min(row["since"] for row in now if row["relation"] == "guarantees")[:10]
    options = ("--out", built, "--json")
    before = headrace("graph", "party", first, "--as-of", "2017-01-01", *options).value["relations"]
    assert before
    assert all(row["since"] is None or row["since"][:10] <= "2017-01-01" for row in before)
    assert begun > "2017-01-01"
    unheard = headrace("graph", "party", first, "--known", "2017-01-01", *options).value[
        "relations"
    ]
    assert unheard == before


def test_the_path_between_members_of_a_ring_is_their_guarantee(built, small):
    ring = truth(small, "guarantee_rings")
    first, second = ring[0]["firm_id"], ring[1]["firm_id"]
    value = headrace("graph", "path", first, second, "--out", built, "--json").value
    assert value["connected"] is True
    assert len(value["relations"]) == 1
    apart = headrace("graph", "path", first, "Q00000", "--hub", 1, "--out", built, "--json").value
    assert apart == {"connected": False, "relations": []}
    told = headrace("graph", "path", first, "Q00000", "--hub", 1, "--out", built, "--lang", "en")
    assert "no chain of relations connects them" in told.out


def test_features_are_written_and_those_in_a_ring_know_its_size(built, small, tmp_path):
    to = tmp_path / "features.parquet"
    done = headrace("graph", "features", "--out", built, "--to", to)
    assert done.status == 0, done.err
    table = pq.read_table(to)
    assert table.num_rows == 60
    size = dict(zip(table["party"].to_pylist(), table["guarantee_circle"].to_pylist(), strict=True))
    rings = truth(small, "guarantee_rings")
    first = [row["firm_id"] for row in rings if row["ring_id"] == 1]
    assert {size[firm] for firm in first} == {float(len(first))}
    assert {firm for firm, each in size.items() if each} == {row["firm_id"] for row in rings}
    one = headrace("graph", "features", first[0], "--out", built, "--json").value
    assert one[0]["guarantee_circle"] == len(first)


def test_few_parties_have_a_line_for_each_feature(built):
    told = headrace("graph", "features", "S1", "S2", "--out", built, "--lang", "en").out
    head, *lines = told.splitlines()[1:]
    assert head.split() == ["S1", "S2"]
    assert [line for line in lines if line.startswith("size of guarantee circle")]
    chinese = headrace("graph", "features", "S1", "S2", "--out", built).out
    assert "担保圈规模" in chinese
    many = headrace("graph", "features", "--out", built, "--lang", "en").out.splitlines()
    assert many[-1].startswith("six parties or fewer")


def test_roles_are_words_in_both_languages(built):
    for lang, said in (("en", "legal representative"), ("zh", "法定代表人")):
        told = headrace("graph", "party", "S1", "--out", built, "--lang", lang).out
        assert said in told
        assert "legal_representative" not in told


@pytest.fixture
def terminal(monkeypatch):
    """Lines as a terminal of 100 columns shows them."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")

    def lines(*asked):
        return re.sub(r"\x1b\[[0-9;]*m", "", headrace(*asked).out).splitlines()

    return lines


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    "asked", [("beneficial",), ("circles",), ("party", "S35"), ("features",), ("limits",)]
)
def test_tables_read_well_at_100_columns(built, terminal, asked, lang):
    lines = terminal("graph", *asked, "--out", built, "--lang", lang)
    wide = [line for line in lines if cell_len(line) > 100]
    notes = ("in every row", "每行相同", "no room", "此处容纳不下", "net ")
    assert all(line.startswith(notes) for line in wide)
    # Chinese would be folded to towers of two characters where there is no room.
    assert 3 < len(lines) < 140


NEED_NO_TRADE = [
    ("owners", "S9"),
    ("holdings", "P00048"),
    ("control",),
    ("beneficial",),
    ("groups",),
    ("limits",),
    ("room", "S3"),
    ("diff", "--from", "2018-08-01"),
    ("circles",),
    ("flows",),
    ("trace", "S10", "--day", "2018-04-17"),
    ("rings", "--of", "uses"),
]


def test_invoices_become_relations_only_where_trade_is_looked_at(built, tmp_path):
    """Only who makes relations of invoices reads their corrections."""
    out = tmp_path / "out"
    shutil.copytree(built, out)
    (out / "facts/correction.parquet").unlink()
    rules = tmp_path / "rules.txt"
    rules.write_text("linked(A, B) :- guarantees(A, B, _).\n", encoding="utf-8")
    mine = [("rules", rules), ("watch", rules, "linked", "--from", "2019-01-01")]
    for command in (*NEED_NO_TRADE, *mine):
        done = headrace("graph", *command, "--out", out, "--json")
        assert done.status == 0, (command, done.err)
        assert done.value == headrace("graph", *command, "--out", built, "--json").value
    rules.write_text("buys(A, B) :- trades(B, A, _).\n", encoding="utf-8")
    traders = [("flows", "--of", "trades"), ("communities",), ("rings",), ("features", "S1")]
    for command in (*traders, ("rules", rules), ("party", "S1"), ("chain", "S35")):
        done = headrace("graph", *command, "--out", out)
        assert done.status == 2, command
        assert "correction.parquet" in done.err
        assert "headrace graph build" in done.err, "what takes the facts in again"


def test_trade_connects_where_nothing_that_lasts_does(built):
    party = headrace("graph", "party", "S1", "--out", built, "--json").value
    ends = [{each["subject"], each["object"]} - {"S1"} for each in party["events"]]
    sold = [next(iter(other)) for other in ends if len(other) == 1]
    direct = [
        headrace("graph", "path", "S1", other, "--out", built, "--json").value["relations"]
        for other in sold[:5]
    ]
    assert any(len(rows) == 1 and rows[0]["relation"] == "trades" for rows in direct)


@pytest.mark.parametrize(
    ("arguments", "problem", "remedy"),
    [
        (("party", "nobody"), "no fact names the party 'nobody'", "graph find"),
        (("path", "S1", "S2", "--zone", "Mars/Base"), "in 'Mars/Base' is no day", "IANA name"),
        (("features", "--to", "x.doc"), "ends in .doc cannot be written", ".parquet"),
    ],
)
def test_errors_say_what_would_be_right(built, arguments, problem, remedy):
    more = ("--as-of", "2019-01-01") if arguments[0] == "path" else ()
    done = headrace("graph", *arguments, *more, "--out", built)
    assert done.status == 2
    assert problem in done.err
    assert remedy in done.err


def test_a_folder_without_facts_or_a_graph_of_nothing_is_said(tmp_path):
    done = headrace("graph", "find", "S1", "--out", tmp_path)
    assert done.status == 2
    assert "there are no stored facts" in done.err
    data = tmp_path / "data"
    data.mkdir()
    (data / "mapping.toml").write_text(EMPTY, encoding="utf-8")
    (data / "holdings.csv").write_text("holder,company,share,from\nP,P,0.1,\n", encoding="utf-8")
    out = tmp_path / "out"
    assert (
        headrace("graph", "build", "--data", data, "--out", out, "--json").value["quarantined"] == 1
    )
    done = headrace("graph", "find", "P", "--out", out)
    assert done.status == 2
    assert "there is no fact of kind relation, invoice or exposure" in done.err
    assert "quarantine.csv" in done.err
    (data / "holdings.csv").write_text("holder,company,share,from\nP,C,0.1,\n", encoding="utf-8")
    assert headrace("graph", "build", "--data", data, "--out", out).status == 0
    (found,) = headrace("graph", "find", "P", "--out", out, "--json").value
    assert found["relations"] == 1, "where no fact says when it was known, it is known now"
    assert headrace("graph", "party", "P", "--as-of", "2024-01-01", "--out", out).status == 0
