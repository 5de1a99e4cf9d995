"""The workbook in the style of G14: opens, says what it should, and runs nothing."""

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import python_calamine as calamine

sys.path.insert(0, str(Path(__file__).parents[1] / "graph"))
from groups_story import groups

from headrace.adapters.group_sheet import group_sheet
from headrace.graph.groups.limits import Capital, exposures_of

STORY = """
王 owns 甲 80% id=f1
王 owns 乙 80% id=f2
乙分 branch_of 乙
丁 depends 甲 60% role=income
=1+1 owns 本行 6%
散户 owns 本行 47%
散户二 owns 本行 47%
"""
WAN = 10_000 * 100  # minor units


@pytest.fixture(scope="module")
def made():
    found = groups(STORY, ("王",))
    names = found.basis.snapshot.parties
    rows = {"甲": 123_456_789, "乙": 60 * WAN, "乙分": 40 * WAN, "=1+1": 5 * WAN, "丁": 7 * WAN}
    node = np.array([names.find(name) for name in rows], np.int64)
    amount = np.array(list(rows.values()), np.int64)
    loan = np.ones(len(rows), np.bool_)
    exposures = exposures_of(len(names), node, amount, np.zeros(len(rows), np.int64), loan)
    return found, exposures


def sheets(content):
    book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


CAPITAL = Capital(tier1_net=1_000 * WAN, net=10_000 * WAN, prior_quarter_net=10_000 * WAN)


def test_group_customers_with_ratio_limit_and_room(made):
    rows = sheets(group_sheet(*made, CAPITAL))["G14-IV 集团及经济依存"]
    heading, first = rows[2], rows[3]
    row = dict(zip(heading, first, strict=True))
    assert row["客户名称 Name"] == "王"
    assert row["占用（确定） Used, certain"] == 223.46  # 123.456789 + 60 + 40, in ten thousands
    assert row["占资本比例 Share of capital"] == 0.2235
    assert row["限额 Limit"] != ""
    assert row["余量 Room"] == -23.46
    assert row["是否超限 Passed"] == "超限 PASSED"
    assert row["核实 Read"].startswith("未核实原文")
    assert row["成员数（确定） Members, certain"] == 2


def test_members_with_rule_article_and_proof_in_both_languages(made):
    rows = sheets(group_sheet(*made, CAPITAL))["成员与证据"]
    heading = rows[2]
    (row,) = (r for r in rows[3:] if r[heading.index("成员名称 Member")] == "乙")
    assert row[heading.index("规则 Rule")] == "主要投资者个人直接或间接控制"
    assert "第三条第（三）项" in row[heading.index("依据 Source")]
    assert "〔事实 f2〕" in row[heading.index("证据链 Proof")]
    assert "[fact f2]" in row[heading.index("Proof")]
    assert row[heading.index("风险暴露 Exposure")] == 60


def test_rules_with_sources_and_what_was_read(made):
    rows = sheets(group_sheet(*made, CAPITAL))["规则与来源"]
    told = {row[0]: row for row in rows[3:]}
    assert told["limit.group"][6] == 0.2
    assert "annex 1" in told["dependence.income"][10]
    assert all(row[9].startswith("未核实原文") for row in rows[3:])


def test_what_is_left_out_is_said(made):
    content = sheets(group_sheet(*made, CAPITAL, "CNY", 1))
    rows = content["G14-III 单一客户"]
    assert len(rows) == 3 + 2  # one row for each of the two limits
    assert "另有 6 行未列示" in rows[1][0]


def test_capital_that_is_not_known_leaves_cells_blank(made):
    rows = sheets(group_sheet(*made, Capital(net=10_000 * WAN)))["G14-IV 集团及经济依存"]
    row = dict(zip(rows[2], rows[3], strict=True))
    assert row["占资本比例 Share of capital"] == ""
    assert row["是否超限 Passed"] == "资本未知 capital not known"


def test_names_are_text_and_never_formulas(made):
    content = group_sheet(*made, CAPITAL)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert not any("<f>" in part for name, part in parts.items() if "sheet" in name)
    assert 'quotePrefix="1"' in parts["xl/styles.xml"]
    assert any("=1+1" in cell for cell in map(str, sheets(content)["关联方"][3]))


def test_equal_input_gives_equal_bytes(made):
    assert group_sheet(*made, CAPITAL) == group_sheet(*made, CAPITAL)


def test_no_groups_make_sheets_without_rows():
    found = groups("甲 disputes 乙")
    none = np.zeros(0, np.int64)
    parties = len(found.basis.snapshot.parties)
    exposures = exposures_of(parties, none, none, none, none.astype(np.bool_))
    content = sheets(group_sheet(found, exposures, Capital()))
    assert all(len(rows) == 3 for name, rows in content.items() if name != "规则与来源")
