"""Memberships in words: what a credit officer and an auditor read."""

import numpy as np
import pytest
from groups_story import BOOK, groups, row_of

from headrace.graph.groups.words import (
    Language,
    article_words,
    number_words,
    proof_words,
    rule_words,
    standing,
)

STORY = """
王 owns 甲 60% id=f1
甲 owns 乙 55-70% id=f2
李 owns 丙 80% id=f3
李 family 王 role=spouse id=f4
丁 guarantees 戊 amount=500 id=f5
丁 uses phone:1 role=phone id=f6
戊 uses phone:1 role=phone id=f7
丙 depends 甲 50% role=income id=f8
"""


@pytest.fixture(scope="module")
def found():
    return groups(STORY, ("王", "李"))


def test_a_chain_of_control_in_both_languages(found):
    row = row_of(found, 1, "王", "乙")
    assert proof_words(found, row, Language.ZH)[1:] == (
        "  王 (王)—持股→甲 (甲)（60%）〔事实 f1〕",
        "  甲 (甲)—持股→乙 (乙)（55%–70%）〔事实 f2〕",
    )
    english = proof_words(found, row, Language.EN)
    assert english[0].startswith("王 (王) controls 乙 (乙) (votes 55%")
    assert english[1] == "  王 (王) holds a share of the equity of 甲 (甲) (60%) [fact f1]"


def test_kinship_is_said_as_people_say_it(found):
    row = row_of(found, 1, "王", "丙", "group.kin")
    assert proof_words(found, row, Language.ZH)[0] == "李 (李)是王 (王)的配偶〔事实 f4〕"
    assert proof_words(found, row, Language.EN)[0] == "李 (李) is spouse of 王 (王) [fact f4]"


def test_amounts_and_shared_things(found):
    row = row_of(found, 1, "丁", "戊", "group.other")
    lines = proof_words(found, row, Language.ZH)
    assert lines[0] == "丁 (丁)—担保→戊 (戊)（¥500）〔事实 f5〕"
    assert lines[1] == "丁 (丁)—使用→phone:1（电话）〔事实 f6〕"
    assert number_words(found, row) == "2"


def test_the_number_that_decided(found):
    assert number_words(found, row_of(found, 2, "甲", "丙")) == "50%"
    assert number_words(found, row_of(found, 1, "王", "乙")).startswith("55%")


def test_the_article_and_whether_it_is_certain(found):
    row = row_of(found, 1, "王", "乙")
    assert rule_words(found, row, Language.ZH) == "主要投资者个人直接或间接控制"
    assert article_words(found, found.rule(row)) == (
        "《商业银行集团客户授信业务风险管理指引》"
        "（银监会令2003年第5号，2007年第12号、2010年第4号修改）第三条第（三）项"
    )
    assert standing(Language.ZH, certain=True) == "确定"
    assert standing(Language.EN, certain=False) == "possible"


def test_the_head_has_no_rule_and_no_proof(found):
    at = found.find(1, found.basis.snapshot.node("王"))
    (row,) = (each for each in found.rows(at) if found.rule(each) is None)
    assert rule_words(found, row, Language.ZH) == "核心"
    assert (article_words(found, None), number_words(found, row)) == ("", "")
    assert proof_words(found, row, Language.EN) == ()


def test_every_row_can_be_said_in_both_languages(found):
    for row in range(len(found.memberships)):
        if found.rule(row) is None:
            continue
        for language in Language:
            assert rule_words(found, row, language)
            assert any("f" in line for line in proof_words(found, row, language))
            assert len(proof_words(found, row, language)) >= len(found.edges(row)) > 0


def test_another_moment_is_named():
    story = "前董事 office 本行 role=director from=10 until=700 id=seat"
    found = groups(story, ("前董事",), day=1000)
    row = row_of(found, 3, "本行", "前董事", "related.window")
    lines = proof_words(found, row, Language.ZH)
    assert lines[0] == "2025-11-30: 董事、监事、高级管理人员及核心业务审批人员"
    assert lines[1].endswith("〔事实 seat〕")


def test_without_the_window_rule_only_the_present_counts():
    story = "前董事 office 本行 role=director from=10 until=700 id=seat"
    rules = tuple(rule for rule in BOOK.rules if rule.id != "related.window")
    book = type(BOOK)(BOOK.sources, rules, BOOK.limits)
    found = groups(story, ("前董事",), day=1000, book=book)
    assert not np.any(found.kind == 3)
