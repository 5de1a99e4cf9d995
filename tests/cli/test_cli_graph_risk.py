"""`headrace graph circles|flows|trace|shells` against what the simulator planted."""

from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace


def truth(small, name):
    return pq.read_table(small / "truth" / f"{name}.parquet").to_pylist()


def members(rows, key):
    """The firms of each planted structure."""
    found = {}
    for row in rows:
        found.setdefault(row[key], []).append(row["firm_id"])
    return found


@pytest.fixture(scope="module")
def transfers(small):
    """Fact id -> payer, payee, day and minor units, as the file states them."""
    rows = pq.read_table(small / "transfers.parquet").to_pylist()
    return {
        f"transfers#{number}": (
            row["payer_id"],
            row["payee_id"],
            row["date"],
            int(row["amount"] * 100),
        )
        for number, row in enumerate(rows, 1)
    }


@pytest.fixture(scope="module")
def returned(small, transfers):
    """The planted return: its firms in order, the facts of its steps and the loan before it."""
    (firms,) = members(truth(small, "fund_returns"), "return_id").values()
    steps = []
    for payer, payee in zip(firms, [*firms[1:], firms[0]], strict=True):
        (fact,) = [fact for fact, row in transfers.items() if row[:2] == (payer, payee)]
        steps.append(fact)
    loans = [fact for fact, row in transfers.items() if row[:2] == ("BANK", firms[0])]
    return firms, steps, loans[0]


def test_the_planted_rings_are_exactly_the_circles(built, small):
    found = headrace("graph", "circles", "--out", built, "--json").value
    planted = members(truth(small, "guarantee_rings"), "ring_id")
    assert [set(row["parties"]) for row in found] == [set(firms) for firms in planted.values()]
    given = pq.read_table(small / "relations.parquet").to_pylist()
    for row in found:
        inside = {
            f"relations#{number}": each["amount"]
            for number, each in enumerate(given, 1)
            if each["relation"] == "guarantees"
            and {each["subject"], each["object"]} <= set(row["parties"])
        }
        assert set(row["guarantees"]) == set(inside)
        assert row["amount_minor"] == sum(inside.values()) * 100
        assert row["net_minor"] == 0, "everybody gives what he gets: nothing is really secured"
        (replaced,) = row["replace"]
        assert row["replace_minor"] == inside[replaced] * 100
        assert row["exact"] is True


def test_a_circle_is_there_from_its_last_guarantee_until_the_first_ends(built, small):
    given = [
        row
        for row in pq.read_table(small / "relations.parquet").to_pylist()
        if row["relation"] == "guarantees"
        and row["subject"] in {each["firm_id"] for each in truth(small, "guarantee_rings")}
    ]
    last, first = max(row["from"] for row in given), min(row["to"] for row in given)
    for day, count in (("2018-01-01", 0), (last, 1), ("2019-12-31", 1)):
        found = headrace("graph", "circles", "--as-of", day, "--out", built, "--json").value
        assert len(found) == count, day
    later = f"{first.year + 1}-{first:%m-%d}"
    assert headrace("graph", "circles", "--as-of", later, "--out", built, "--json").value == []
    counted = headrace("graph", "circles", "--weigh", "count", "--out", built, "--json").value
    assert len(counted[0]["replace"]) == 1


def test_the_planted_return_is_the_circular_flow(built, returned, transfers):
    firms, steps, _ = returned
    found = headrace("graph", "flows", "--out", built, "--json").value
    (flow,) = [row for row in found if set(row["parties"]) == set(firms)]
    assert flow["facts"] == steps
    assert flow["amount_minor"] == min(transfers[fact][3] for fact in steps)
    narrow = headrace("graph", "flows", "--days", "1", "--out", built, "--json").value
    assert narrow == []


def test_planted_rings_of_invoices_are_flows_of_trades(built, small):
    found = headrace("graph", "flows", "--of", "trades", "--out", built, "--json").value
    seen = {frozenset(row["parties"]) for row in found}
    rings = {}
    for row in truth(small, "rings"):
        rings.setdefault(row["ring_id"], set()).add(row["seller_id"])
    assert rings
    assert {frozenset(ring) for ring in rings.values()} <= seen


def test_a_loan_that_came_back_is_traced_to_the_fen(built, returned, transfers):
    firms, steps, loan = returned
    borrower, paid = firms[0], transfers[loan]
    asked = ("graph", "trace", borrower, "--day", paid[2], "--out", built)
    value = headrace(*asked, "--json").value
    assert value["borrower"] == borrower
    assert value["amount"] == paid[3]
    assert value["returned"] == transfers[steps[-1]][3], "all of the last step was the loan's money"
    assert value["whole"] is True
    carried = {row["fact"]: row for row in value["steps"]}
    assert list(carried) == steps
    for fact, row in carried.items():
        payer, payee, _, amount = transfers[fact]
        assert (row["payer"], row["payee"], row["amount_minor"]) == (payer, payee, amount)
        assert row["traced_minor"] <= amount
    assert sum(row["traced_minor"] for row in value["ends"]) == paid[3], "no fen is lost"
    told = {lang: headrace(*asked, "--lang", lang).out for lang in ("zh", "en")}
    back = f"¥{Decimal(value['returned']) / 100:,}"
    assert back in told["zh"]
    assert "回流" in told["zh"]
    assert back in told["en"]
    assert "came back" in told["en"]


@pytest.mark.parametrize("rule", ["fifo", "proportional", "loan_first"])
def test_every_rule_accounts_for_the_whole_loan(built, returned, transfers, rule):
    firms, _, loan = returned
    day = transfers[loan][2]
    value = headrace(
        "graph", "trace", firms[0], "--day", day, "--rule", rule, "--out", built, "--json"
    ).value
    assert sum(row["traced_minor"] for row in value["ends"]) == value["amount"]
    assert 0 < value["returned"] <= value["amount"]


def test_what_nobody_knew_yet_was_not_traced(built, returned, transfers):
    firms, steps, loan = returned
    day = transfers[steps[0]][2]
    value = headrace(
        *("graph", "trace", firms[0], "--day", transfers[loan][2]),
        *("--as-of", day, "--out", built, "--json"),
    ).value
    assert [row["fact"] for row in value["steps"]] == steps[:1]
    assert value["returned"] == 0


def test_planted_shells_share_a_telephone_and_say_so(built, small):
    planted = {row["firm_id"] for row in truth(small, "shell_clusters")}
    found = headrace("graph", "shells", "--points", "20", "--out", built, "--json").value
    signs = {}
    for row in found:
        signs.setdefault(row["party"], {})[row["reason"]] = row
    assert planted <= set(signs)
    for firm in planted:
        sign = signs[firm]["telephone shared with many"]
        assert sign["value"] == len(planted) - 1 + 4, "four of the agent are not in the file"
        assert len(sign["facts"]) == len(planted) + 4
        assert sum(row["reason_points"] for row in signs[firm].values()) == sign["points"]
    most = max(row["points"] for row in found)
    none = headrace("graph", "shells", "--points", most + 1, "--out", built, "--lang", "en")
    assert "nothing found" in none.out


@pytest.mark.parametrize(
    ("command", "zh", "en"),
    [
        (("circles",), ["担保圈", "净额", "relations#"], ["circle", "net", "relations#"]),
        (("flows",), ["闭环", "首笔", "transfers#"], ["flow", "first", "transfers#"]),
        (("shells", "--points", "20"), ["得分", "电话多户共用"], ["points", "telephone shared"]),
    ],
)
def test_people_read_it_in_their_language(built, command, zh, en):
    for lang, words in (("zh", zh), ("en", en)):
        out = headrace("graph", *command, "--lang", lang, "--out", built).out
        for word in words:
            assert word in out
        assert ("模拟数据" if lang == "zh" else "SIMULATED DATA") in out


TRACE = ("trace", "S35", "--day", "2018-02-04")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("circles", "--weigh", "x"), ["'x' is not known here", "amount, count"]),
        (("flows", "--of", "gold"), ["'gold' is not known here", "transfers, trades"]),
        (("trace", "nobody", "--day", "2018-02-04"), ["no fact names the party", "graph find"]),
        (("trace", "S35", "--day", "2018-02-05"), ["no transfer on that day", "graph party S35"]),
        (("trace", "S35", "--day", "0001-01-01"), ["0001-01-01", "1900 to 2199"]),
        ((*TRACE, "--rule", "lifo"), ["'lifo' is not known here", "fifo"]),
        ((*TRACE, "--zone", "Mars/Base"), ["Mars/Base", "IANA"]),
        (("shells", "--zone", "Mars/Base"), ["Mars/Base", "IANA"]),
    ],
)
def test_errors_say_where_and_what_would_be_right(built, arguments, said):
    check_refused(headrace("graph", *arguments, "--out", built), *said)


@pytest.mark.parametrize(
    "arguments",
    [
        ("flows", "--length", "1"),
        ("flows", "--days", "999999999"),
        ("flows", "--percent", "-1"),
        (*TRACE, "--days", "999999999"),
        (*TRACE, "--days", "0"),
        ("trace", "S35", "--day", "today"),
        ("shells", "--points", "-1"),
    ],
)
def test_options_out_of_range_are_named(built, arguments):
    done = headrace("graph", *arguments, "--out", built)
    assert done.status == 2
    assert done.out == ""
    assert arguments[-2] in done.err
