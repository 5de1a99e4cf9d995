"""`headrace graph groups|limits|room|diff|rules-text` as typed."""

from importlib.resources import files

import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace
from python_calamine import CalamineWorkbook

from headrace.simulator.run import simulate, write_economy
from headrace.simulator.settings import EconomySettings

CAPITAL = ("--tier1", "20,000,000", "--net", "25000000", "--quarter", "24000000")
COUPLES = EconomySettings(firms=200, invoices=8_000)
SHIPPED = (files("headrace.graph.groups") / "rules_cn.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def couples(tmp_path_factory):
    """An economy with several couples: the data, and the graph of it."""
    folder = tmp_path_factory.mktemp("couples")
    write_economy(simulate(COUPLES, seed=5), folder / "data")
    done = headrace("graph", "build", "--data", folder / "data", "--out", folder / "out", "--json")
    assert done.status == 0, done.err
    return folder / "data", folder / "out"


def family_facts(data):
    """Pair of persons -> id of the fact that they are married."""
    rows = pq.read_table(data / "relations.parquet").to_pylist()
    return {
        frozenset((row["subject"], row["object"])): f"relations#{number}"
        for number, row in enumerate(rows, 1)
        if row["relation"] == "family"
    }


def test_a_couple_is_one_group_and_the_marriage_is_in_the_proof(couples):
    data, out = couples
    married = family_facts(data)
    control = headrace("graph", "control", "--out", out, "--json").value
    sure = {(row["controller"], row["controlled"]) for row in control if row["certain"]}
    pairs = {}
    for row in pq.read_table(data / "truth/kin_groups.parquet").to_pylist():
        if (row["person_id"], row["firm_id"]) in sure:
            firms = pairs.setdefault(row["couple_id"], {})
            firms.setdefault(row["person_id"], []).append(row["firm_id"])
    both = [firms for firms in pairs.values() if len(firms) == 2]
    assert len(both) >= 3, "couples each of whom controls something"
    rows = headrace("graph", "groups", "--out", out, "--json").value
    for firms in both:
        whole = {firm for theirs in firms.values() for firm in theirs}
        groups = {
            head: {
                row["member"]: row for row in rows if (row["kind"], row["head"]) == ("group", head)
            }
            for head in firms
        }
        # Where both would head the same companies, they are told once.
        (group, *_) = [each for each in groups.values() if whole <= set(each)]
        by_kin = [group[firm] for firm in whole if group[firm]["rule"] == "group.kin"]
        assert by_kin
        for row in by_kin:
            assert married[frozenset(firms)] in row["facts"]
            assert any(married[frozenset(firms)] in step for step in row["proof_zh"])
            assert any(married[frozenset(firms)] in step for step in row["proof_en"])


def test_every_membership_has_a_rule_an_article_and_facts(built):
    rows = headrace("graph", "groups", "--out", built, "--json").value
    assert rows
    for row in rows:
        assert f'id = "{row["rule"]}"' in SHIPPED
        assert row["article"].startswith("《")
        assert row["facts"]
        assert len(row["proof_en"]) == len(row["proof_zh"]) > 0
        assert row["verified"] is False
    own = headrace("graph", "groups", "S35", "--out", built, "--json").value
    heads = {(row["kind"], row["head"]) for row in own}
    of_heads = [row for row in rows if (row["kind"], row["head"]) in heads]
    assert own == of_heads


def test_people_read_groups_in_their_language(built):
    for lang, words in (
        ("zh", ["模拟数据", "集团客户", "确定", "可能", "未核实原文", "〔事实 "]),
        ("en", ["SIMULATED DATA", "Group customers", "certain", "possible", "[fact "]),
    ):
        out = headrace("graph", "groups", "--lang", lang, "--out", built).out
        for word in words:
            assert word in out
    out = headrace("graph", "groups", "BANK", "--lang", "en", "--out", built).out
    assert "nothing found" in out


def test_limits_add_up_to_the_exposures(built, small):
    value = headrace("graph", "limits", *CAPITAL, "--out", built, "--json").value
    lent = {}
    for row in pq.read_table(small / "exposures.parquet").to_pylist():
        lent[row["firm_id"]] = lent.get(row["firm_id"], 0) + int(row["amount"] * 100)
    of_one = {row["head"]: row for row in value if row["limit"] == "limit.loans_one"}
    assert {head: row["used_minor"] for head, row in of_one.items()} == lent
    for row in value:
        assert row["used_minor"] <= row["used_possible_minor"]
    for row in of_one.values():
        assert row["limit_minor"] == 250_000_000, "10 % of net capital"
        assert row["passed"] == (row["used_minor"] > row["limit_minor"])
    assert any(row["passed"] for row in of_one.values())
    unknown = headrace("graph", "limits", "--out", built, "--json").value
    assert {row["limit_minor"] for row in unknown} == {None}
    assert {row["passed"] for row in unknown} == {None}


def test_capital_that_was_not_given_is_said_with_the_option_to_give_it(built):
    for command in (("limits",), ("room", "S3")):
        for lang, said in (("en", "net capital was not given"), ("zh", "未提供资本净额")):
            told = headrace("graph", *command, "--lang", lang, "--out", built).out
            assert said in told
            assert "--net 5000000000" in told
            assert "--tier1 5000000000" in told
        part = headrace("graph", *command, "--net", "25000000", "--lang", "en", "--out", built).out
        assert "--net 5000000000" not in part
        assert "--tier1 5000000000" in part
        rows = headrace("graph", *command, "--out", built, "--json").value
        assert {row["capital"] for row in rows} <= {"tier1_net", "net", "prior_quarter_net"}


def test_room_is_what_the_limit_leaves(built):
    used = {
        (row["limit"], row["head"]): row
        for row in headrace("graph", "limits", *CAPITAL, "--out", built, "--json").value
    }
    rows = headrace("graph", "room", "S3", *CAPITAL, "--out", built, "--json").value
    assert rows
    assert [row["room_minor"] for row in rows] == sorted(row["room_minor"] for row in rows)
    for row in rows:
        assert row["room_minor"] == row["limit_minor"] - row["used_minor"]
        if (row["limit"], row["head"]) in used:
            same = used[row["limit"], row["head"]]
            assert row["limit_minor"] == same["limit_minor"]
            assert row["used_minor"] in (same["used_minor"], same["used_possible_minor"])
    told = headrace("graph", "room", "S3", *CAPITAL, "--lang", "en", "--out", built).out
    assert "room" in told
    assert "-¥" in told, "it has more than the limit allows"


def test_the_sheet_opens_and_names_the_customers(built, tmp_path):
    sheet = tmp_path / "g14.xlsx"
    done = headrace("graph", "groups", "--sheet", sheet, *CAPITAL, "--out", built)
    assert done.status == 0, done.err
    book = CalamineWorkbook.from_path(sheet)
    cells = {
        str(cell)
        for name in book.sheet_names
        for row in book.get_sheet_by_name(name).to_python()
        for cell in row
    }
    assert any("S19" in cell for cell in cells), "the largest borrower"


def test_a_move_names_the_fact_that_made_it(built, small):
    given = {
        f"relations#{number}": row
        for number, row in enumerate(pq.read_table(small / "relations.parquet").to_pylist(), 1)
    }
    asked = ("graph", "diff", "--from", "2018-08-01", "--as-of", "2019-12-31", "--out", built)
    moves = headrace(*asked, "--json").value
    new = {
        fact: (row["subject"], row["object"])
        for fact, row in given.items()
        if row["relation"] == "guarantees" and str(row["from"]) > "2018-08-01"
    }
    joined = {fact: (row["member"], row["head"]) for row in moves for fact in row["facts"]}
    assert joined == new
    assert {row["before"] for row in moves} == {"out"}
    assert {row["after"] for row in moves} == {"possible"}
    assert {cause for row in moves for cause in row["causes"]} == {"began"}
    for lang, word in (("zh", "之前"), ("en", "before")):
        told = headrace(*asked, "--lang", lang).out
        assert word in told
        assert all(fact in told for fact in new)


def test_a_diff_across_a_rule_that_came_into_force_names_it(built):
    asked = ("graph", "diff", "--from", "2018-06-30", "--as-of", "2018-07-01", "--out", built)
    rows = headrace(*asked, "--json").value
    assert rows
    for row in rows:
        assert row["kind"] == "dependence"
        assert row["rules"]
        assert all(rule.startswith("dependence.") for rule in row["rules"])
        assert row["facts"] == [], "no fact changed on that day"
        assert row["searched"] is True
        assert "in force from 2018-07-01" in row["reason_en"]
        assert "自 2018-07-01 起施行" in row["reason_zh"]
        assert row["member_name"].endswith("公司")
    assert "in force from 2018-07-01" in headrace(*asked, "--lang", "en").out
    back = headrace(
        "graph", "diff", "--from", "2018-07-01", "--as-of", "2018-06-30", "--out", built, "--json"
    ).value
    assert [row["rules"] for row in back] == [row["rules"] for row in rows]


def test_a_diff_over_all_invoices_ends_and_is_turned_round(built):
    days = ("2018-01-01", "2019-12-31")
    there, back = (
        headrace("graph", "diff", "--from", one, "--as-of", other, "--out", built, "--json").value
        for one, other in (days, days[::-1])
    )
    assert {(row["kind"], row["head"], row["member"]) for row in there} == {
        (row["kind"], row["head"], row["member"]) for row in back
    }
    assert [row["after"] for row in there] == [row["before"] for row in back]
    same = headrace(
        "graph", "diff", "--from", days[1], "--as-of", days[1], "--out", built, "--json"
    )
    assert same.value == []


def test_a_bank_may_bring_its_own_rules(built, tmp_path):
    text = headrace("graph", "rules-text").out
    assert text.strip() == SHIPPED.strip()
    own = tmp_path / "own.toml"
    own.write_text(text, encoding="utf-8")
    asked = ("graph", "groups", "--out", built, "--json")
    shipped = headrace(*asked).value
    assert headrace(*asked, "--rules", own).value == shipped
    signs = 'id = "group.other"'
    head, tail = text.split(signs)
    own.write_text(
        head + signs + tail.replace("signs_min = 2", "signs_min = 99", 1), encoding="utf-8"
    )
    stricter = headrace(*asked, "--rules", own).value
    left = [row for row in shipped if row["rule"] != "group.other"]
    members = {}
    for row in left:
        members.setdefault((row["kind"], row["head"]), set()).add(row["member"])
    lone = {key for key, firms in members.items() if key[0] == "group" and len(firms) == 1
            and key[1].startswith("P")}  # fmt: skip
    assert lone, "one company of one person alone is no group"
    assert sorted(stricter, key=str) == sorted(
        (row for row in left if (row["kind"], row["head"]) not in lone), key=str
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[rule]\nid = 3", ["not TOML", "own.toml", "rules-text"]),
        ("[[rule]]\nid = 3", ["own.toml"]),
        ('[[rule]]\nid = "group.unheard_of"', ["own.toml"]),
        ("[unknown]\nx = 1", ["own.toml", "unknown"]),
        ("[setting]\nstate_heads = 3", ["own.toml", "state_heads"]),
    ],
)
def test_rules_that_say_nothing_are_refused(built, tmp_path, text, said):
    own = tmp_path / "own.toml"
    own.write_text(text, encoding="utf-8")
    for command in (("groups",), ("limits",), ("room", "S1"), ("diff", "--from", "2019-01-01")):
        check_refused(headrace("graph", *command, "--rules", own, "--out", built), *said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("groups", "nobody"), ["no fact names the party 'nobody'", "graph find"]),
        (("groups", "--bank", "NOBANK"), ["no fact names the party 'NOBANK'", "graph find"]),
        (("limits", "--bank", "NOBANK"), ["no fact names the party 'NOBANK'"]),
        (("groups", "--rules", "/no/such.toml"), ["cannot be read", "/no/such.toml"]),
        (("groups", "--sheet", "/no/such/x.xlsx"), ["no such folder", "/no/such"]),
        (("groups", "--sheet", "x.doc"), ["cannot end in .doc", "--sheet x.doc", "x.xlsx"]),
        (("groups", "--sheet", "g14"), ["cannot end in nothing", "g14.xlsx"]),
        (("groups", "--rules", "/dev/null"), ["no rule and no limit", "/dev/null", "rules-text"]),
        (("groups", "--zone", "Mars/Base"), ["Mars/Base", "IANA"]),
        (("groups", "--identity", "/dev/null"), ["cannot be read as Parquet", "graph identify"]),
        (("groups", "--identity", "/dev"), ["cannot be read as Parquet", "/dev"]),
        (("room", "nobody"), ["no fact names the party 'nobody'"]),
        (("diff", "--from", "9999-12-31"), ["9999-12-31", "1900 to 2199"]),
        (("diff", "--from", "2019-01-01", "--zone", "x"), ["'x'", "IANA"]),
    ],
)
def test_errors_say_where_and_what_would_be_right(built, arguments, said):
    check_refused(headrace("graph", *arguments, "--out", built), *said)


@pytest.mark.parametrize("option", ["--tier1", "--net", "--quarter"])
@pytest.mark.parametrize(
    "amount", ["abc", "", "nan", "inf", "1.234", "1e30", "-5", "0", "¥5", "--"]
)
def test_capital_that_is_none_is_refused(built, option, amount):
    done = headrace("graph", "limits", f"{option}={amount}", "--out", built)
    check_refused(done, option, repr(amount), "5000000000")
