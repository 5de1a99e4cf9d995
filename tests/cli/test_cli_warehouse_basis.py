"""`headrace warehouse` and `headrace basis`, as typed."""

from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace

CASES = {
    # name: final price a tonne in fen, result in fen, lots
    "silicon-600": (16_600_00, 240_000_00, 120),
    "silicon-203": (16_335_00, 61_030_00, 41),
    "lithium-300": (123_550_00, 765_000_00, 300),
}
HEAD = (
    "event,on,receipt,parts,owner,goods,grade,tonnes,warehouse,location,keeper,pledge,lender,"
    "rate,loan,price,to"
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The examples: events_en.csv, events_zh.csv, silicon-600.toml, ..."""
    folder = tmp_path_factory.mktemp("files")
    for lang in ("en", "zh"):
        to = folder / f"events_{lang}.csv"
        assert headrace("warehouse", "example", "--out", to, "--lang", lang).status == 0
    for name in CASES:
        to = folder / f"{name}.toml"
        assert headrace("basis", "example", name, "--out", to).status == 0
    return folder


def changed(files, tmp_path, name, *changes):
    """A case with some of its text changed."""
    text = (files / f"{name}.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "case.toml"
    path.write_text(text, encoding="utf-8")
    return path


# --- warehouse receipts ---------------------------------------------------------------------------


def test_goods_are_freed_by_value_and_counted(files, tmp_path):
    out = tmp_path / "out"
    done = headrace("warehouse", "run", files / "events_en.csv", "--out", out, "--lang", "en")
    assert done.status == 0, done.err
    assert "10 events done, 2 refused" in done.out
    assert "Z1: ¥374,400 must be topped up" in done.out
    rows = {row["row"]: row for row in pq.read_table(out / "answers.parquet").to_pylist()}
    assert rows[5]["answer"] == "is_held"
    assert (rows[9]["answer"], rows[9]["detail"]) == ("below_floor", "¥1,520,000")
    assert rows[11]["detail"] == "2.000 t"
    assert rows[12]["detail"] == "Z1 -¥374,400"
    # 700 t at 16,000 are 11.2 million; the floor is 7 million over 70 %.
    assert rows[4]["value_minor"] - rows[4]["floor_minor"] == rows[4]["spare_minor"] == 1_200_000_00
    moved = {
        row["memo"]: row["amount_minor"]
        for row in pq.read_table(out / "movements.parquet").to_pylist()
    }
    assert moved["goods_pledged"] == 11_200_000_00
    # What was booked and never left is what the last receipts were booked at.
    assert (
        moved["goods_pledged"] - moved["goods_released"] - moved["goods_missing"] == 528 * 16_000_00
    )


def test_chinese_events_say_the_same(files):
    english, chinese = (
        headrace("warehouse", "run", files / f"events_{lang}.csv", "--json").value
        for lang in ("en", "zh")
    )
    assert english == chinese
    told = headrace("warehouse", "run", files / "events_zh.csv")
    assert "低于核定库存价值" in told.out
    assert "须补仓 ¥374,400" in told.out


def test_events_that_cannot_be_are_set_aside_or_refused(tmp_path):
    lines = [
        "price,2026-03-02,,,,silicon,4210,,,,,,,,,0,",
        "issue,2026-03-02,W1,,m,silicon,4210,1.0005,K,A,k,,,,,,",
        "issue,2026-03-02,W2,,m,silicon,4210,5,K,A,k,,,,,,",
        "pledge,2026-03-03,,W2,m,,,,,,,Z1,bank,70,100,,",
        "pledge,2026-03-03,,W2,m,,,,,,,Z2,bank,70%,100,,",
        "pledge,2026-03-03,,W2; W9,m,,,,,,,Z3,bank,0.7,100,,",
        "deliver,2026-03-03,W2,,,,,,,,,,,,,,other",
        "split,2026-03-03,W2,,,,,5,,,,,,,,,",
        "merge,2026-03-03,W3,W2,,,,,,,,,,,,,",
        "repay,2026-03-03,,,,,,,,,,Z9,,,100,,",
        "count,2026-03-03,W2,,,,,-1,,,,,,,,,",
        "count,2026-03-03,W2,,,,,6,,,,,,,,,",
    ]
    path = tmp_path / "events.csv"
    path.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    found = headrace("warehouse", "run", path, "--json").value
    assert [(row["row"], row["column"]) for row in found["quarantine"]] == [
        (1, "price"), (2, "tonnes"), (4, "rate"),
    ]  # fmt: skip
    assert {row["row"]: row["answer"] for row in found["answers"]} == {
        3: "done", 5: "price_missing", 6: "price_missing", 7: "not_the_owner",
        8: "more_than_there", 9: "not_alike", 10: "pledge_unknown", 11: "quantity_not_positive",
        12: "counted_more",
    }  # fmt: skip
    assert found["pledges"] == []
    check_refused(headrace("warehouse", "run", tmp_path), "cannot be read")
    check_refused(headrace("warehouse", "run", tmp_path / "none.csv"), "check its name")


# --- basis trades ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_published_cases_earn_what_is_locked(files, name, tmp_path):
    price, total, lots = CASES[name]
    found = headrace("basis", "run", files / f"{name}.toml", "--json").value
    assert found["final_price"] == price
    assert found["earned"]["total"] == found["gain_booked"] == total
    assert found["locked"]["lots"] == lots
    assert found["earned"]["by_open"] == total - found["locked"]["amount"]
    assert set(found["origin"].values()) == {"source", "assumption"}
    assert found["refused"] == []
    net = {}
    for move in found["movements"]:
        net[move["debit"]] = net.get(move["debit"], 0) + move["amount_minor"]
        net[move["credit"]] = net.get(move["credit"], 0) - move["amount_minor"]
    assert net["margin_deposit_held"] == net["margin_deposit_paid"] == 0
    assert net["cash"] == found["earned"]["futures"] + found["fixed_amount"]
    told = headrace("basis", "run", files / f"{name}.toml", "--lang", "en")
    assert "(assumed)" in told.out
    assert "(source)" in told.out
    assert "gains less losses in the movements are the result" in told.out
    assert "official text was not read" in told.out
    to = tmp_path / "moves.csv"
    assert headrace("basis", "run", files / f"{name}.toml", "--out", to).status == 0
    assert to.read_text(encoding="utf-8-sig").startswith('"日期","借","贷","金额","摘要"')


def test_what_is_fixed_at_moves_only_what_is_open(files):
    """600 t are whole lots: no price changes the result. 203 t are 2 t hedged too much."""
    for name, by_tick in (("silicon-600", 0), ("silicon-203", -10_00)):
        totals = []
        for at in range(13_000, 13_020, 5):
            given = (files / f"{name}.toml", "--fixed-at", at, "--json")
            totals.append(headrace("basis", "run", *given).value["earned"]["total"])
        assert [b - a for a, b in pairwise(totals)] == [by_tick] * 3


def test_what_is_not_fixed_stays_open_and_is_said(files, tmp_path):
    case = changed(
        files,
        tmp_path,
        "silicon-600",
        ("on = 2024-03-29\nsettlement", "on = 2024-03-28\nsettlement"),
    )
    found = headrace("basis", "run", case, "--json").value
    assert (found["open_kilograms"], found["final_price"], found["earned"]) == (200_000, None, None)
    assert found["days"][-1]["lots"] == -40
    assert "尚有 200 吨未点价" in headrace("basis", "run", case).out


def test_acts_that_break_the_terms_are_told(files, tmp_path):
    case = changed(
        files, tmp_path, "silicon-203", ("on = 2024-03-29\nprice", "on = 2024-04-02\nprice")
    )
    found = headrace("basis", "run", case, "--json").value
    assert [(each["what"], each["en"]) for each in found["refused"]] == [
        ("fix", "outside the pricing window")
    ]
    assert found["fixed_amount"] > 0, "the rest was fixed at the settlement of the last day"
    grade = changed(files, tmp_path, "silicon-203", ('grade = "4210"', 'grade = "553"'))
    assert headrace("basis", "run", grade, "--json").value["delivered"] == {
        "refused": "grade_not_deliverable"
    }
    assert "该等级不可交割" in headrace("basis", "run", grade).out


WRONG = [
    ("tonnes = 203\npremium", "tonnes = 203.0005\npremium", "sale.tonnes"),
    ("tonnes = 203\npremium", "tonnes = 0\npremium", "sale.tonnes"),
    ("tonnes = 203\npremium", 'tonnes = "nan"\npremium', "sale.tonnes"),
    ("premium = 2100 ", "premum = 2100 ", "premum"),
    ("sold_at = 14300", "sold_at = 14301", "multiple of 5"),
    ("sold_at = 14300", "sold_at = 1e30", "hedge.sold_at"),
    ('margin = "0.10"', "margin = 10", "hedge.margin"),
    ('margin = "0.10"', 'margin = "nan"', "hedge.margin"),
    ('margin = "0.10"', 'margin = "0.10"\nlots = 0', "hedge.lots"),
    ('"SI2405" ', '"XX2405" ', "one of LC, SI"),
    ('"SI2405" ', '"SI2413" ', "names no month"),
    ('"SI2405" ', '"2405" ', "no contract such as"),
    ("window_until = 2024-03-29", "window_until = 2024-02-29", "before window_from"),
    ("window_until = 2024-03-29", 'window_until = "soon"', "window_until"),
    ("on = 2024-03-15", "on = 2024-03-01", "there twice"),
    ('cost = "assumption"', 'cost = "guess"', "source, assumption"),
    ('cost = "assumption"', 'price = "source"', "names no number"),
    ("cost = 16100", "", "cost"),
    ("[sale]", "[sale", "no TOML"),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG)
def test_a_case_that_cannot_be_names_what(files, tmp_path, old, new, said):
    case = changed(files, tmp_path, "silicon-203", (old, new))
    check_refused(headrace("basis", "run", case), said, "case.toml")


def test_options_of_basis_are_checked(files, tmp_path):
    case = files / "silicon-203.toml"
    for price in ("0", "-5", "14231", "x", "nan", "1e30"):
        check_refused(headrace("basis", "run", case, "--fixed-at", price), "--fixed-at")
    check_refused(headrace("basis", "run", case, "--out", "x.doc"), ".parquet")
    check_refused(headrace("basis", "run", tmp_path / "none.toml"), "check its name")
    check_refused(headrace("basis", "example", "gold"), "silicon-600")
    assert headrace("basis", "example").out.startswith("# Basis sale of 203 t")


VALUES = ['"x"', "0", "-1", "1e300", "0.01", '"nan"', '"inf"', "[]", "{}", "true", "2024-03-29",
          "2199-12-31", '"SI2412"', "14235", "9999999", '"seller"']  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_a_case_with_any_values_ends_in_a_status(seed, files, tmp_path):
    rng = np.random.default_rng(seed)
    lines = (files / f"{sorted(CASES)[seed % 3]}.toml").read_text(encoding="utf-8").split("\n")
    for _ in range(3):
        at = int(rng.integers(len(lines)))
        name, equals, _ = lines[at].partition(" = ")
        if equals:
            lines[at] = f"{name} = {VALUES[rng.integers(len(VALUES))]}"
    path = tmp_path / "case.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    done = headrace("basis", "run", path, "--lang", ("en", "zh")[seed % 2])
    assert done.status in (0, 2), done.err
    assert "Traceback" not in done.err
    assert ("NOT" in done.out or "不符" in done.out) is False


@pytest.mark.parametrize("seed", range(10))
def test_spoilt_events_end_in_a_status(seed, files, tmp_path):
    rng = np.random.default_rng(seed)
    data = bytearray((files / f"events_{('en', 'zh')[seed % 2]}.csv").read_bytes())
    for place in rng.integers(0, len(data), 12):
        data[place] = int(rng.choice([0, 10, 34, 44, 45, 48, 57, 0xFF, rng.integers(256)]))
    path = tmp_path / "events.csv"
    path.write_bytes(bytes(data))
    done = headrace("warehouse", "run", path, "--out", tmp_path / "out")
    assert done.status in (0, 2), done.err
    assert "Traceback" not in done.err
