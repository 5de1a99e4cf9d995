"""`headrace graph rules|watch` as typed: what rules derive, why, and what new facts raise."""

import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace

LINKED = """
linked(A, B) :- guarantees(A, B, _).
linked(A, C) :- linked(A, B), guarantees(B, C, _).
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    """A file with rules: everybody who stands for whom, directly or through others."""
    path = tmp_path_factory.mktemp("rules") / "linked.txt"
    path.write_text(LINKED, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def guarantees(small):
    """Fact id -> guarantor, borrower and first day."""
    rows = pq.read_table(small / "relations.parquet").to_pylist()
    return {
        f"relations#{number}": (row["subject"], row["object"], row["from"])
        for number, row in enumerate(rows, 1)
        if row["relation"] == "guarantees"
    }


def reached(pairs):
    """The transitive closure, the slow way."""
    found = set(pairs)
    while True:
        more = {(a, d) for a, b in found for c, d in pairs if b == c} - found
        if not more:
            return found
        found |= more


def test_rules_derive_the_closure(built, rules, guarantees, tmp_path):
    expected = reached({row[:2] for row in guarantees.values()})
    counts = headrace("graph", "rules", rules, "--out", built, "--json").value
    assert counts == {"derived": {"linked": len(expected)}, "warnings": []}
    to = tmp_path / "linked.csv"
    done = headrace("graph", "rules", rules, "linked", "--to", to, "--out", built, "--json")
    assert {(row["1"], row["2"]) for row in done.value} == expected
    assert len(to.read_text(encoding="utf-8-sig").splitlines()) == len(expected) + 1
    told = headrace("graph", "rules", rules, "--out", built)
    assert told.out.split()[-2:] == ["linked", str(len(expected))]


def test_rules_read_what_stood_on_a_day(built, rules, guarantees):
    early = {row[:2] for row in guarantees.values() if str(row[2]) <= "2018-06-30"}
    assert 0 < len(early) < len(guarantees)
    asked = ("graph", "rules", rules, "linked", "--as-of", "2018-06-30", "--out", built, "--json")
    assert {(row["1"], row["2"]) for row in headrace(*asked).value} == reached(early)


def test_a_proof_names_the_facts_of_the_chain(built, rules, guarantees):
    (first, second, _), fact = min((row, fact) for fact, row in guarantees.items())
    asked = ("graph", "rules", rules, "linked", first, second, "--out", built)
    value = headrace(*asked, "--json").value
    assert value["stands"] is True
    assert any(fact in each for each in value["proof"])
    assert fact in headrace(*asked).out
    none = headrace("graph", "rules", rules, "linked", second, "S1", "--out", built, "--json").value
    assert none == {"stands": False, "proof": []}
    assert "没有结果" in headrace("graph", "rules", rules, "linked", "S1", "--out", built).out


def test_rules_may_read_features(built, tmp_path, small):
    path = tmp_path / "circled.txt"
    path.write_text("circled(A) :- guarantee_circle(A, N), N > 0.\n", encoding="utf-8")
    rings = {
        row["firm_id"] for row in pq.read_table(small / "truth/guarantee_rings.parquet").to_pylist()
    }
    asked = ("graph", "rules", path, "circled")
    done = headrace(*asked, "--features", "--out", built, "--json")
    assert {row["1"] for row in done.value} == rings
    check_refused(
        headrace(*asked, "--out", built), "no relation guarantee_circle", "line 1, column"
    )


def test_alerts_come_when_their_facts_became_known(built, rules, guarantees, small):
    asked = ("graph", "watch", rules, "linked", "--from", "2018-06-30", "--out", built)
    alerts = headrace(*asked, "--json").value["alerts"]
    late = {fact: row for fact, row in guarantees.items() if str(row[2]) > "2018-06-30"}
    assert {fact for alert in alerts for fact in alert["facts"]} >= set(late)
    assert [alert["known"] for alert in alerts] == sorted(alert["known"] for alert in alerts)
    for alert in alerts:
        newest = max(late[fact][2] for fact in alert["facts"] if fact in late)
        assert alert["known"][:10] == str(newest)
        assert alert["relation"] == "linked"
    names = {
        row["firm_id"]: row["name"] for row in pq.read_table(small / "firms.parquet").to_pylist()
    }
    cells = [cell for alert in alerts for cell in alert["fact"]]
    assert {cell["party"] for cell in cells} <= set(names)
    assert all(cell["name"] == names[cell["party"]] for cell in cells), "code and name apart"
    told = headrace(*asked, "--lang", "en")
    assert "SIMULATED DATA" in told.out
    assert all(fact in told.out for fact in late)
    none = headrace("graph", "watch", rules, "linked", "--from", "2019-12-31", "--out", built)
    assert "没有结果" in none.out


def test_what_was_there_and_what_was_raised_is_what_stands(built, rules):
    def linked(day):
        asked = ("--as-of", day, "--out", built, "--json")
        rows = headrace("graph", "rules", rules, "linked", *asked).value
        return {(row["1"], row["2"]) for row in rows}

    days = ("--from", "2018-02-28", "--as-of", "2018-12-31")
    asked = ("graph", "watch", rules, "linked", *days, "--out", built, "--json")
    alerts = headrace(*asked).value["alerts"]
    raised = {tuple(cell["party"] for cell in each["fact"]) for each in alerts}
    assert raised
    assert linked("2018-02-28") | raised == linked("2018-12-31")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("linked(A, B) :- guarantees(A, B, .", ["line 1, column 34", "cannot stand here"]),
        ("\n  linked(A, B) :- nonsense(A, B).", ["line 2, column 19", "no relation nonsense"]),
        ("a(X) :- not a(X).", ["line 1"]),
        ("a(X, Y) :- company(X).", ["line 1", "Y"]),
        ("a := := b.", ["line 1"]),
        ("公司（甲", ["line 1"]),
    ],
)
def test_rules_that_cannot_be_run_name_line_and_column(built, tmp_path, text, said):
    path = tmp_path / "rules.txt"
    path.write_text(text, encoding="utf-8")
    check_refused(headrace("graph", "rules", path, "--out", built), *said)
    watch = ("graph", "watch", path, "a", "--from", "2018-01-01", "--out", built)
    check_refused(headrace(*watch), *said)


@pytest.mark.parametrize("text", ["", "\n  \n", "# only a remark\n"])
def test_a_file_without_rules_is_refused_by_name(built, tmp_path, text):
    path = tmp_path / "nothing.txt"
    path.write_text(text, encoding="utf-8")
    said = ("no rule here", "nothing.txt, line 1", "linked(A, B) :-")
    check_refused(headrace("graph", "rules", path, "--out", built), *said)
    watch = ("graph", "watch", path, "a", "--from", "2018-01-01", "--out", built)
    check_refused(headrace(*watch), *said)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("nothere",), ["no rule derives nothere", "linked"]),
        (("linked", "nobody"), ["no fact names the party 'nobody'", "party"]),
        (("linked", "--to", "x.doc"), ["x.doc", ".parquet"]),
        (("linked", "--zone", "Mars/Base"), ["Mars/Base", "IANA"]),
    ],
)
def test_errors_say_where_and_what_would_be_right(built, rules, more, said):
    check_refused(headrace("graph", "rules", rules, *more, "--out", built), *said)


def test_watching_what_no_rule_derives_is_refused(built, rules, tmp_path):
    asked = ("graph", "watch", rules, "nothere", "--from", "2018-01-01", "--out", built)
    check_refused(headrace(*asked), "no rule derives nothere")
    asked = ("graph", "watch", rules, "linked", "--from", "0001-01-01", "--zone", "x")
    check_refused(headrace(*asked, "--out", built), "'x'", "IANA")
    check_refused(headrace("graph", "rules", tmp_path / "no.txt", "--out", built), "cannot be read")
    broken = tmp_path / "bytes.txt"
    broken.write_bytes(b"\xff\xfe\x00\xd8")
    check_refused(headrace("graph", "rules", broken, "--out", built), "not text", "UTF-8")
