"""`headrace pool …`, as typed: schemes, a pool's days, claims to the fen, the price of sharing."""

import csv
from pathlib import Path

import pytest
from commands import check_refused, headrace
from python_calamine import CalamineWorkbook

DATA = Path(__file__).parents[1] / "data" / "contracts"
EVENTS, CLAIMS = DATA / "pool_events.csv", DATA / "pool_claims.csv"
EXPOSURES, WATERFALL = DATA / "pool_exposures.csv", DATA / "sharing_waterfall.csv"
FOUR = ("--scheme", "zhengyindan_4321")
OWN = """
[[source]]
id = "deal"
zh = "合作协议"
en = "Agreement"
number = "2024-1"
read = "the contract"

[[scheme]]
id = "ours"
zh = "自定方案"
en = "our own"
source = "deal"
effective_from = 2024-01-01
verified = true
residual = "bank"
recovery = "last_first"
base = "amount lent"

[[scheme.layer]]
id = "first"
zh = "首层"
en = "first"
shares = { "县财政" = 1 }
cap_pool_minor = 5000000
"""


@pytest.fixture
def own(tmp_path):
    """A file with a scheme of one's own."""
    path = tmp_path / "ours.toml"
    path.write_text(OWN, encoding="utf-8")
    return path


def test_schemes_name_their_text_and_that_nobody_read_it(tmp_path):
    value = headrace("pool", "schemes", "--on", "2024-03-01", "--json").value
    assert {row["id"] for row in value["schemes"]} == {
        "zhengyindan_4321", "national_fund", "compensation_pool", "credit_insurance", "first_loss",
    }  # fmt: skip
    assert not any(row["verified"] for row in [*value["schemes"], *value["rules"]])
    chinese = headrace("pool", "schemes", "--on", "2024-03-01").out
    assert "担保机构 40 %, 再担保机构 30 %, 银行 20 %, 政府 10 %" in chinese
    assert "作者未核实" in chinese
    english = headrace("pool", "schemes", "--on", "2024-03-01", "--lang", "en").out
    assert "insurer 100 %; 90 % of it; above ¥10,000 a loan" in english
    assert "(not verified)" in english
    out = tmp_path / "schemes.xlsx"
    headrace("pool", "schemes", "--on", "2024-03-01", "--out", out)
    rows = CalamineWorkbook.from_path(out).get_sheet_by_index(0).to_python()
    assert len(rows) == 7  # national_fund has two layers


def test_schemes_of_a_day_before_they_were_made_are_not_there():
    value = headrace("pool", "schemes", "--on", "2016-03-01", "--json").value
    assert {row["id"] for row in value["schemes"]} == {"zhengyindan_4321", "compensation_pool"}


def test_a_pool_stops_on_a_day_and_says_by_which_values(tmp_path):
    asked = ("pool", "run", EVENTS, *FOUR, "--stop", "5%", "--leverage", "12")
    value = headrace(*asked, "--json").value
    (stop,) = value["stops"]
    assert stop["on"] == "2024-06-28"
    assert (stop["compensated_minor"], stop["base_minor"]) == (64_000_000, 1_100_000_000)
    assert value["suspended_on"] == "2024-06-28"
    refusals = {row["row"]: row["refusal"] for row in value["events"] if row["refusal"]}
    assert refusals == {
        6: "leverage_must_not_exceed_cap",
        9: "pool_must_not_be_suspended",
        12: "claim_must_be_known",
    }
    # 1 million, less 640,000 compensated, and four fifths of 180,000 come back
    assert sum(value["money"].values()) == 50_400_000
    assert value["broken"] == []
    chinese, english = headrace(*asked).out, headrace(*asked, "--lang", "en").out
    assert "2024-06-28 触发熔断 5%：已代偿 ¥640,000 ÷ 基数 ¥11,000,000 = 5.82%" in chinese
    assert "超过放大倍数上限" in chinese
    assert "no new business since 2024-06-28" in english
    moves = tmp_path / "moves.csv"
    headrace(*asked, "--movements", "--out", moves, "--lang", "en")
    rows = list(csv.DictReader(moves.open(encoding="utf-8-sig")))
    assert len(rows) == len(value["movements"])
    assert {"guarantee_pool", "guarantee_receivable"} <= {row["Debit"] for row in rows}


def test_a_pool_says_what_its_terms_break_and_what_is_not_agreed():
    told = headrace("pool", "run", EVENTS, *FOUR, "--lang", "en").out
    assert "no limit, where 12 is the bound" in told
    assert "No stop-loss is agreed" in told
    told = headrace("pool", "run", EVENTS, *FOUR, "--stop", "20%", "--lang", "en").out
    assert "Stop-loss not reached" in told
    alone = headrace("pool", "run", EVENTS, *FOUR, "--stop", "5%", "--leverage", 12,
                     "--effect", "residual_bears_all", "--json").value  # fmt: skip
    assert alone["residual_alone_on"] == "2024-06-28"
    assert alone["suspended_on"] is None


def test_a_year_that_began_with_nothing_pays_nothing_and_it_is_said():
    first = ("pool", "run", EVENTS, "--scheme", "compensation_pool", "--funded", "pool")
    told = headrace(*first).out
    assert "因此当年有上限的层不赔付" in told
    value = headrace(*first, "--base", "11000000", "--json").value
    shared = [row for row in value["movements"] if row["memo"] == "claim:pool"]
    assert [row["amount_minor"] for row in shared] == [55_000_000]  # 5 % of 11 million
    check_refused(headrace(*first[:-1], "government"), "--funded", "pool")


def test_claims_are_shared_to_the_fen_within_a_years_ceiling(tmp_path):
    asked = ("pool", "share", CLAIMS, "--scheme", "national_fund", "--base", "100000000")
    value = headrace(*asked, "--json").value
    assert sum(value["borne"].values()) == 430_000_001
    second = [row for row in value["pieces"] if row["claim"] == 2]
    assert sum(row["amount_minor"] for row in second) == 200_000_001
    assert {row["layer"] for row in second} == {"reinsured", "above_ceiling"}
    for lang, word in (("zh", "国家融资担保基金"), ("en", "national fund")):
        assert word in headrace(*asked, "--lang", lang).out
    out = tmp_path / "shared.csv"
    headrace(*asked, "--out", out, "--lang", "en")
    rows = list(csv.DictReader(out.open(encoding="utf-8-sig")))
    assert sum(round(float(row["Amount"]) * 100) for row in rows) == 430_000_001
    check_refused(headrace(*asked[:-2]), "--base")


def test_the_command_agrees_with_the_worked_examples(tmp_path):
    """Every worked example of the waterfall, typed as a file of claims."""
    with WATERFALL.open(encoding="utf-8") as file:
        for case in csv.DictReader(file):
            claims = tmp_path / "claims.csv"
            rows = [",".join(each.split()) for each in case["claims_yuan"].split(";")]
            claims.write_text("loan,on,amount\n" + "\n".join(rows) + "\n", encoding="utf-8")
            value = headrace("pool", "share", claims, "--scheme", case["scheme"], "--base",
                             case["base_yuan"], "--json").value  # fmt: skip
            wanted = dict(each.split() for each in case["bears_yuan"].split(";"))
            found = {party: part / 100 for party, part in value["borne"].items() if part}
            assert found == {party: float(part) for party, part in wanted.items()}, case["case"]


def test_a_price_sets_the_three_numbers_beside_those_without(tmp_path):
    asked = ("pool", "price", EXPOSURES, *FOUR, "--on", "2024-03-01", "--scenarios", 2_000)
    one, again, other = (headrace(*asked, "--seed", s, "--json").value for s in (1, 1, 2))
    assert one == again != other
    parties = {row["party"]: row for row in one["parties"]}
    total = parties["all"]["expected_minor"]
    assert parties["guarantor"]["expected_minor"] == pytest.approx(0.4 * total, rel=1e-6)
    assert one["with_scheme"]["expected_loss"] < one["alone"]["expected_loss"]
    free = headrace(*asked, "--fee", "0", "--json").value
    assert free["with_scheme"]["approval"] > one["alone"]["approval"]
    chinese, english = headrace(*asked).out, headrace(*asked, "--lang", "en").out
    assert all(word in chinese for word in ("模拟", "准入率", "价格", "预期损失率"))
    assert all(word in english for word in ("Simulated", "Approved", "Expected loss", "seed 1"))
    out = tmp_path / "parties.xlsx"
    headrace(*asked, "--out", out)
    rows = CalamineWorkbook.from_path(out).get_sheet_by_index(0).to_python()
    assert len(rows) == 6


def test_who_pays_its_full_price_gains_little_by_sharing():
    """At premiums that cover the others' own tails, the price is about that without sharing."""
    asked = ("pool", "price", EXPOSURES, *FOUR, "--on", "2024-03-01", "--rate-max", "1")
    value = headrace(*asked, "--scenarios", 2_000, "--json").value
    assert value["with_scheme"]["approval"] == value["alone"]["approval"] == 1
    assert value["with_scheme"]["price"] == pytest.approx(value["alone"]["price"], abs=1e-4)


def test_blocks_of_scenarios_are_one_sample(monkeypatch):
    asked = ("pool", "price", EXPOSURES, *FOUR, "--on", "2024-03-01", "--scenarios", 3_000)
    whole = headrace(*asked, "--json").value
    monkeypatch.setattr("headrace.workflows.sharing_losses.BLOCK_CELLS", 120 * 700)
    parts = headrace(*asked, "--json").value
    for one, other in zip(whole["parties"], parts["parties"], strict=True):
        close = 5 * (one["error_minor"] + other["error_minor"])
        assert abs(one["expected_minor"] - other["expected_minor"]) < close
    assert parts["alone"]["expected_loss"] == pytest.approx(
        whole["alone"]["expected_loss"], rel=0.2
    )


def test_a_scheme_of_ones_own_is_used(own):
    value = headrace("pool", "share", CLAIMS, "--schemes", own, "--scheme", "ours", "--json").value
    assert value["borne"] == {"县财政": 5_000_000, "bank": 425_000_001}
    told = headrace("pool", "schemes", "--schemes", own, "--on", "2024-03-01").out
    assert "先付者最后受偿" in told
    assert "未核实" not in told


BAD = [
    (("run", "EVENTS", "--scheme", "none"), "zhengyindan_4321"),
    (("run", "EVENTS", *FOUR, "--stop", "5"), "--stop"),
    (("run", "EVENTS", *FOUR, "--leverage", "0"), "--leverage"),
    (("run", "CLAIMS", *FOUR), "event"),
    (("share", "EVENTS", *FOUR), "EVENTS"),
    (("price", "CLAIMS", *FOUR), "exposure"),
    (("price", "EXPOSURES", *FOUR, "--correlation", "1"), "correlation"),
    (("price", "EXPOSURES", *FOUR, "--confidence", "1"), "confidence"),
    (("price", "EXPOSURES", *FOUR, "--scenarios", "10000000"), "--scenarios"),
    (("schemes", "--out", "x.doc"), ".xlsx"),
    (("schemes", "--schemes", "CLAIMS"), "TOML"),
]


@pytest.mark.parametrize(("typed", "said"), BAD, ids=[f"{t[0]}-{s}" for t, s in BAD])
def test_what_cannot_be_is_refused(typed, said):
    files = {"EVENTS": EVENTS, "CLAIMS": CLAIMS, "EXPOSURES": EXPOSURES}
    done = headrace("pool", *(files.get(each, each) for each in typed))
    check_refused(done, "row" if said == "EVENTS" else said)


BAD_ROWS = [
    ("share", "loan,on,amount\nA,2024-03-01,0\n", "row 1"),
    ("share", "loan,on,amount\nA,2024-03-02,5\nB,2024-03-01,5\n", "row 2"),
    ("share", "loan,on,amount\n", "no claim"),
    ("run", "on,event,amount\n2024-03-01,contribute,5\n", "party is empty"),
    ("run", "on,event,amount\n", "no event"),
    ("price", "loan,exposure,pd,lgd\nA,100,2,0.6\n", "pd is 2"),
    ("price", "loan,exposure,pd,lgd\nA,0,0.1,0.6\n", "not above 0"),
    ("price", "loan,exposure,pd,lgd\nA,1,0.1,0.6\nA,1,0.1,0.6\n", "twice"),
    ("price", "loan,exposure,pd,lgd\n", "no loan"),
]


@pytest.mark.parametrize(("command", "text", "said"), BAD_ROWS, ids=[s for _, _, s in BAD_ROWS])
def test_rows_that_cannot_be_are_named(tmp_path, command, text, said):
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    check_refused(headrace("pool", command, path, *FOUR), said)
