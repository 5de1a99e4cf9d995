"""Company names in parts: tables that a credit officer can read and correct."""

import identity_reference as reference
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headrace.graph.identity import firm_names
from headrace.graph.identity.firm_names import LEVELS, branch_links, firm_column, level, parsed
from headrace.graph.identity.firm_words import BRANCHES, FORMS, Form, businesses
from headrace.graph.identity.regions import compatible, regions
from headrace.graph.identity.writing import flat, fold, folded, letters, pinyin

PARTS = [
    # name, region, trade name, lines of business, legal form, branch
    ("上海华安贸易有限公司", 310000, "华安", ("贸易",), Form.LIMITED, ""),
    ("上海市華安貿易有限責任公司", 310000, "华安", ("贸易",), Form.LIMITED, ""),
    ("华安（上海）国际贸易有限公司", 310000, "华安", ("贸易", "国际"), Form.LIMITED, ""),
    ("浙江省杭州市萧山区小米科技股份有限公司", 330109, "小米", ("科技",), Form.JOINT_STOCK, ""),
    ("邵阳维克液压股份有限公司", 430500, "维克", ("液压",), Form.JOINT_STOCK, ""),
    ("华安投资中心（有限合伙）", 0, "华安", ("中心", "投资"), Form.PARTNERSHIP, ""),
    ("海口市云天农民专业合作社", 460100, "云天", (), Form.COOPERATIVE, ""),
    ("上海华安贸易有限公司北京分公司", 310000, "华安", ("贸易",), Form.LIMITED, "北京分公司"),
    ("中国工商银行股份有限公司上海分行", 0, "工商", ("银行",), Form.JOINT_STOCK, "上海分行"),
    ("ＴＣＬ科技集团股份有限公司", 0, "tcl", ("集团", "科技"), Form.JOINT_STOCK, ""),
    ("翹麗投資(股)", 0, "翘丽", ("投资",), Form.JOINT_STOCK, ""),
    ("吉林吉林市长白山药业有限公司", 220200, "长白山", ("药业",), Form.LIMITED, ""),
    ("上海银行股份有限公司", 310000, "上海银行", (), Form.JOINT_STOCK, ""),
    ("中国电器科学研究院股份有限公司", 0, "中国电器", ("研究院", "科学"), Form.JOINT_STOCK, ""),
    ("三一重工", 0, "三一", ("重工",), Form.UNKNOWN, ""),
    ("北京", 0, "北京", (), Form.UNKNOWN, ""),
    ("上海贸易有限公司", 310000, "上海贸易", (), Form.LIMITED, ""),
    ("Shanghai Hua'an Trading Co., Ltd.", 310000, "", ("trading",), Form.LIMITED, ""),
    ("Xi’an Huá'ān International Logistics Limited", 610100, "", ("logistics", "international"),
     Form.LIMITED, ""),
    ("shang hai hua an mao yi you xian gong si", 310000, "", ("贸易",), Form.LIMITED, ""),
    ("Hua An Trading Ltd. Beijing Branch", 0, "", ("trading",), Form.LIMITED, "beijing branch"),
]  # fmt: skip

PAIRS = [
    # one, other, level
    ("上海华安贸易有限公司", "上海华安贸易有限责任公司", 7),
    ("上海华安贸易有限公司", "上海市华安贸易有限公司", 7),
    ("上海华安贸易有限公司", "上海華安貿易有限公司", 7),
    ("上海华安贸易有限公司", "華安（上海）貿易有限公司", 7),
    ("上海华安贸易有限公司", "华安贸易", 6),
    ("上海华安贸易有限公司", "上海华安国际贸易有限公司", 5),
    ("上海华安贸易有限公司", "上海桦桉贸易有限公司", 4),
    ("上海华安贸易有限公司", "Shanghai Hua'an Trading Co., Ltd.", 4),
    ("上海华安贸易有限公司", "SHANGHAI HUA AN MAO YI YOU XIAN GONG SI", 4),
    ("上海华安泰贸易有限公司", "上海华安达贸易有限公司", 3),
    ("上海华安贸易有限公司", "上海华安泰贸易有限公司", 3),
    ("上海华安贸易有限公司", "上海华安物流有限公司", 2),
    ("上海华安贸易有限公司", "北京华安贸易有限公司", 2),
    ("上海华安贸易有限公司", "北京桦桉物流有限公司", 1),
    ("上海华安贸易有限公司", "上海华恒贸易有限公司", 0),
    ("上海华安贸易有限公司", "Shanghai Huaheng Trading Co., Ltd.", 0),
    ("上海银行股份有限公司", "中国银行股份有限公司", 0),
    ("江苏银行股份有限公司", "苏州银行股份有限公司", 0),
    ("上海华安贸易有限公司", "", -1),
]


@pytest.mark.parametrize(("name", "region", "trade", "words", "form", "branch"), PARTS)
def test_a_name_falls_into_its_parts(name, region, trade, words, form, branch):
    found = parsed(name)
    assert (found.region, found.trade, found.businesses) == (region, trade, words)
    assert (found.form, found.branch) == (form, branch)


@pytest.mark.parametrize(("one", "other", "expected"), PAIRS)
def test_two_names_agree_part_by_part(one, other, expected):
    assert level(one, other) == expected, LEVELS[expected]
    assert level(other, one) == expected


def test_an_english_name_sounds_as_the_chinese_one():
    assert parsed("Shanghai Hua'an Trading Co., Ltd.").sound == parsed("上海华安贸易有限公司").sound
    assert parsed("Chóngqìng Chángān Qìchē Yǒuxiàn Gōngsī").sound == "changan"
    assert pinyin("长安") == "changan"
    assert letters("Lǜ Dì") == "ludi"


def test_former_names_are_names_of_the_firm():
    names = pa.array(["上海恒通贸易有限公司", "上海华安贸易有限公司", "上海华安贸易有限公司"])
    column = firm_column(names, np.array([0, 2, 3]))  # the first firm has a former name
    pair = np.array([0], np.int32), np.array([1], np.int32)
    assert firm_names.levels(column, *pair).tolist() == [7]


def test_a_branch_is_linked_to_its_head_office_and_is_not_it():
    names = ["上海华安贸易有限公司北京分公司", "上海华安贸易有限公司", "上海华恒贸易有限公司",
             "北京华安贸易有限公司", None]  # fmt: skip
    column = firm_column(pa.array(names))
    branches, heads = branch_links(column)
    assert (branches.tolist(), heads.tolist()) == ([0], [1])
    assert column.branch[0] > firm_names.HEAD_OFFICE
    assert column.branch[1:].tolist() == [1, 1, 1, 0]


def test_a_branch_with_two_head_offices_has_none():
    names = ["上海华安贸易有限公司北京分公司", "上海华安贸易有限公司", "上海市华安贸易有限公司"]
    assert branch_links(firm_column(pa.array(names)))[0].tolist() == []


def test_writing_is_folded():
    assert fold("ＡＢＣ　貿易（上海）　") == "abc 贸易(上海)"
    assert fold("  a--b  ") == "a b"
    assert fold("") == ""
    texts = folded(flat(pa.array(["甲", None, "乙 丙", ""])))
    assert [texts.text(row) for row in range(4)] == ["甲", "", "乙 丙", ""]


def test_regions_are_one_place_when_one_holds_the_other():
    assert compatible(310000, 310115)
    assert compatible(320000, 320583)
    assert not compatible(320500, 320200)
    assert not compatible(310000, 110000)
    assert compatible(0, 110000)
    codes = [region.code for region in regions()]
    assert len({code // 10_000 for code in codes}) == 34
    assert all(compatible(code, code // 10_000 * 10_000) for code in codes)


WORDS = [name for region in regions()[:60] for name in region.spellings]
PIECES = st.sampled_from(
    [*WORDS, *list(businesses())[:80], *FORMS, *BRANCHES, "(", ")", "（上海）", "(有)", "(股)",
     "华安", "恒", "Ａ", "貿易", "有", "司", "中国", " "]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=7).map("".join).filter(lambda n: len(n.strip()) > 0))
def test_the_compiled_parser_agrees_with_the_plain_one(name):
    assume(any(ord(character) >= 0x3400 for character in fold(name)))  # not a Latin name
    assert parsed(name) == reference.parsed(name)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=5).map("".join), min_size=2, max_size=6))
def test_names_compared_in_a_column_are_compared_as_in_pairs(names):
    column = firm_column(pa.array(names, pa.string()))
    left, right = np.triu_indices(len(names), 1)
    found = firm_names.levels(column, left.astype(np.int32), right.astype(np.int32))
    for i, j, value in zip(left.tolist(), right.tolist(), found.tolist(), strict=True):
        assert value == level(names[i], names[j])


@given(st.text(max_size=30))
def test_no_text_is_too_strange_to_be_a_name(text):
    found = parsed(text)
    assert level(text, text) in ((4, 7) if found.sound or found.trade else (-1,))
    assert level(text, text) == 7 or not found.trade
