"""Tables of the graph in a terminal of 100 columns, in both languages."""

import re
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from rich.cells import cell_len

from headrace.adapters.printing.graph import grids, words
from headrace.adapters.printing.graph.connections import features
from headrace.adapters.printing.graph.grids import Column, _cut, _widths, grid_of, table, turned
from headrace.adapters.printing.graph.groups import limits, moves
from headrace.facts.kinds import RELATION
from headrace.graph.chains.placing import How
from headrace.graph.communities.rings import PATTERNS
from headrace.graph.contagion.losses import KINDS
from headrace.graph.features.measures import graph_features
from headrace.graph.groups.changes import What
from headrace.graph.groups.rules import Denominator, GroupKind
from headrace.graph.relations.kinds import Type
from headrace.graph.relations.snapshot import latest
from headrace.graph.relations.statements import statements_of
from headrace.graph.structures.circles import Kind
from headrace.graph.structures.tracing import End
from headrace.workflows.graph_groups import MOVES, USES

WIDE = 100
ZONE = "Asia/Shanghai"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
FIRM = "湖北恒远模拟电子信息第1号有限公司"


@pytest.fixture
def shown(monkeypatch, capsys):
    """What a terminal of some width shows, line by line, without colours."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")

    def shown(print_it, *given, width=WIDE):
        monkeypatch.setenv("COLUMNS", str(width))
        print_it(*given)
        return COLOUR.sub("", capsys.readouterr().out).splitlines()

    return shown


def rows(count, **columns):
    return [
        {name: value(at) if callable(value) else value for name, value in columns.items()}
        for at in range(count)
    ]


def test_what_fits_is_shown_as_it_is(shown):
    lines = shown(grid_of, rows(2, party=str, amount_minor=100), "en", ZONE)
    assert lines == ["party  amount", "0          ¥1", "1          ¥1"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [60, 100, 140])
def test_no_line_of_a_table_is_wider_than_the_terminal(shown, language, width):
    given = rows(
        5,
        company=lambda at: f"S{at}",
        company_name=FIRM,
        owner_name=lambda at: f"{FIRM}{at}",
        facts=lambda at: [f"relations#{at}{each}" for each in range(9)],
        amount_minor=lambda at: 10**9 + at,
        share_low=0.25,
        first_time=lambda at: datetime(2024, 1, 1 + at, tzinfo=UTC),
    )
    lines = shown(grid_of, given, language, ZONE, width=width)
    notes = [
        line for line in lines if line.startswith(("in every row", "每行相同", "no room", "此处"))
    ]
    assert all(cell_len(line) <= width for line in lines if line not in notes)
    whole = "".join(lines)
    assert "25.00%" in whole, "said once"
    assert not any(line.rstrip().endswith(("…", "...")) for line in lines)


def test_what_is_the_same_in_every_row_is_said_once(shown):
    given = rows(3, company=str, owner_name="x" * 90, rules="cn_2024", verified=True)
    lines = shown(grid_of, given, "en", ZONE)
    assert lines[0].split() == ["company"]
    assert lines[-1] == f"in every row: name: {'x' * 90}; rules: cn_2024; text read: ✓"
    one = shown(grid_of, given[:1], "en", ZONE)
    assert not any("in every row" in line for line in one)


def test_long_texts_that_come_again_are_letters_with_their_meaning_below(shown):
    texts = ["a person finally owns a quarter or more of the equity or shares", "t" * 45]
    given = rows(6, company=str, name=lambda at: f"{at}" * 50, test=lambda at: texts[at % 2])
    lines = shown(grid_of, given, "en", ZONE)
    assert [line.split()[-1] for line in lines[1:7]] == ["(a)", "(b)"] * 3
    assert lines[-2:] == [f"(a) {texts[0]}", f"(b) {texts[1]}"]


def test_what_finds_no_room_is_named(shown):
    given = rows(2, party=str, **{f"figure_{at}": lambda row, at=at: row + at for at in range(20)})
    lines = shown(grid_of, given, "en", ZONE)
    assert lines[-1].startswith("no room here for figure_")
    left = lines[-1].removeprefix("no room here for ").partition(";")[0].split(", ")
    kept = lines[0].split()
    assert kept[0] == "party"
    assert [*kept[1:], *left] == [f"figure_{at}" for at in range(20)]
    piped = shown(grid_of, given, "en", ZONE, width=1_000)
    assert len(piped[0].split()) == 21


def test_the_widest_gives_way_first_and_nothing_below_its_floor():
    columns = [
        Column("a", ("x" * 30,), right=False, floor=10),
        Column("b", ("y" * 20,), right=False, floor=5),
    ]
    assert _widths(columns, 52) == [30, 20]
    assert _widths(columns, 40) == [19, 19]
    assert _widths(columns, 10) == [10, 5]
    kept, (note,) = _cut(columns, 10, "en")
    assert [each.head for each in kept] == ["a"]
    assert "b" in note


def features_table(count):
    names = ("neighbours_1", "bad_share_1", "guarantees_given", "shared_with", "pagerank")
    columns = {name: pa.array([0.5] * count) for name in names}
    return pa.table({"party": [f"S{at}" for at in range(count)], **columns})


def test_features_of_few_parties_stand_on_their_side(shown):
    lines = shown(features, features_table(2), "en", ZONE)
    assert lines[0].split() == ["S1" if at else "S0" for at in range(2)]
    assert [line.split("  ")[0] for line in lines[1:]] == [
        "neighbours", "bad of those 1 away", "guarantees given",
        "share an address, phone, device", "PageRank (mean: 1)",
    ]  # fmt: skip
    assert lines[2].split()[-1] == "50.00%"
    assert lines[3].split()[-1] == "¥0", "minor units"
    assert lines[4].split()[-1] == "0.5", "a count, no share"
    many = shown(features, features_table(7), "zh", ZONE)
    assert many[-1] == "指定不超过六个主体时，每行显示一项特征"
    assert len(shown(turned, features_table(0), "en", ZONE)) == 1


def test_every_feature_has_a_name_in_both_languages():
    found = graph_features(latest(statements_of(RELATION.empty())), [], [], 10)
    assert set(found.column_names[1:]) == set(words.FEATURES)
    for text in words.FEATURES.values():
        assert text.en
        assert text.zh


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("type", [each.name.lower() for each in Type]),
        ("kind", [each.name.lower() for each in GroupKind]),
        ("kinds", [each.name.lower() for each in Kind if each.name]),
        ("end", [each.name.lower() for each in End]),
        ("how", [each.name.lower() for each in How]),
        ("way", list(KINDS)),
        ("pattern", [each.name for each in PATTERNS]),
        ("causes", [each.value for each in What]),
        ("capital", [each.value for each in Denominator]),
        ("before", ["out", "certain", "possible"]),
    ],
)
def test_words_of_closed_lists_are_human_in_both_languages(column, said):
    assert set(words.VALUES[column]) == set(said)
    for each in said:
        english, chinese = (words.value(column, each, language) for language in ("en", "zh"))
        assert "_" not in english
        assert re.search("[\u4e00-\u9fff]", chinese)


def test_roles_are_words_and_those_of_sources_stay():
    assert words.role("legal_representative", "en") == "legal representative"
    assert words.role("legal_representative", "zh") == "法定代表人"
    assert words.role("监事会主席", "en") == words.role("监事会主席", "zh") == "监事会主席"
    assert words.role(None, "en") is None
    assert words.value("name", "held", "en") == "held", "a name is no word of a list"


def test_capital_that_was_not_given_is_said_with_its_option(shown):
    row = {"limit": "limit.one", "limit_en": "One customer", "limit_zh": "单一客户", "head": "S1",
           "head_name": FIRM, "used_minor": 100, "used_possible_minor": 100}  # fmt: skip
    known = {**row, "capital": "net", "limit_minor": 500, "passed": False}
    unknown = {**row, "capital": "tier1_net", "limit_minor": None, "passed": None}
    lines = shown(limits, pa.Table.from_pylist([known, unknown, unknown], USES), "en", ZONE)
    (note,) = [line for line in lines if "was not given" in line]
    assert note.startswith("net tier 1 capital was not given")
    assert "--tier1 5000000000" in note
    lines = shown(limits, pa.Table.from_pylist([unknown], USES), "zh", ZONE)
    assert lines[-1].startswith("未提供一级资本净额")
    assert not any("not given" in each for each in
                   shown(limits, pa.Table.from_pylist([known], USES), "en", ZONE))  # fmt: skip


def test_moves_name_parties_and_why(shown):
    move = {"kind": "dependence", "head": "S1", "head_name": FIRM, "member": "S2",
            "member_name": None, "before": "out", "after": "possible", "causes": ["began"],
            "facts": ["relations#1"], "rules": ["dependence.income"], "reason_en": "rules changed",
            "reason_zh": "规则变化", "searched": True}  # fmt: skip
    for language, said in (
        ("en", ["economic dependence", "S2", "out", "possible", "began", "rules changed"]),
        ("zh", ["经济依存客户", "S2", "不在", "可能", "开始", "规则变化"]),
    ):
        text = "\n".join(
            shown(moves, pa.Table.from_pylist([move], MOVES), language, ZONE, width=200)
        )
        assert FIRM in text
        assert all(each in text for each in said)


def test_a_table_tells_how_many_rows_are_not_shown(shown):
    data = pa.table({"party": [str(at) for at in range(grids.ROWS_SHOWN + 3)]})
    assert shown(table, data, "en", ZONE)[-1] == "… 3 more; --json tells all"
    assert shown(table, data.slice(0, 0), "en", ZONE) == ["nothing found"]
