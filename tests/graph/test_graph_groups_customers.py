"""One customer, kinship, dependence and what the scenarios leave out."""

import numpy as np
import pytest
from groups_story import BOOK, groups, lines, row_of, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.graph.groups.basis import Known, Owners, Ragged, matching, ragged
from headrace.graph.groups.binding import basis_of
from headrace.graph.groups.kinship import (
    CHILDREN_MAX,
    DOWN,
    SIDE,
    SPOUSE,
    UP,
    close_relatives,
    not_understood,
)
from headrace.graph.groups.rules import GroupKind, RuleBook


def known(text, persons=(), **columns):
    """What is known of some parties: {column: {name: value}}; a mask of who is known beside it."""
    names = snapshot(text, persons).parties
    told = {}
    for column, values in columns.items():
        array = np.zeros(len(names), np.int64 if column == "net_assets" else np.bool_)
        mask = np.zeros(len(names), np.bool_)
        for name, value in values.items():
            array[names.find(name)], mask[names.find(name)] = value, True
        told[column] = array
        if column in ("net_assets", "adult"):
            told[f"{column}_known"] = mask
    return Known(**told)


def test_two_codes_of_one_party_are_one_customer():
    story = "甲 owns 乙 60%\n甲旧码 owns 丙 60%\n丙分 branch_of 丙"
    names = snapshot(story).parties
    merged = np.arange(len(names), dtype=np.int32)
    merged[names.find("甲旧码")] = names.find("甲")
    found = groups(story, known=Known(merged=merged))
    assert "one_customer 甲: 甲旧码 one.same" in lines(found)
    assert "one_customer 丙: 丙分 one.branch" in lines(found)
    assert found.customer[names.find("甲旧码")] == names.find("甲")


def test_branches_of_each_other_are_one_customer_and_nothing_hangs():
    found = groups("甲 branch_of 乙\n乙 branch_of 甲\n丙 branch_of 甲")
    assert len({int(each) for each in found.customer[: len(found.customer)]}) == 1


def test_a_long_way_to_the_head_office():
    story = "\n".join(f"行{number:02} branch_of 行{number - 1:02}" for number in range(1, 40))
    found = groups(story)
    assert set(found.customer.tolist()) == {found.basis.snapshot.node("行00")}


def test_a_head_that_is_no_customer_is_a_third_party():
    story = "控股 owns 甲 60%\n控股 owns 乙 60%"
    mask = {"甲": True, "乙": True}
    found = groups(story, known=known(story, customer=mask))
    assert lines(found) == [
        "group 控股: 乙 group.common_control",
        "group 控股: 甲 group.common_control",
    ]


def test_companies_that_control_each_other_have_one_head():
    found = groups("甲 owns 乙 60%\n乙 owns 甲 60%\n乙 owns 丙 60%")
    heads = {line.split(":")[0] for line in lines(found)}
    assert len(heads) == 1


@pytest.mark.parametrize(
    ("assets", "line"),
    [
        (200, "dependence 乙: 甲 dependence.guarantee"),
        (201, None),
        (0, "dependence 乙: 甲 dependence.guarantee"),
        (-50, "dependence 乙: 甲 dependence.guarantee"),
    ],
)
def test_guarantees_beside_the_guarantor_s_own_net_assets(assets, line):
    story = "甲 guarantees 乙 amount=60\n甲 guarantees 乙 amount=40 id=again"
    found = groups(story, known=known(story, net_assets={"甲": assets * 100}))
    assert lines(found) == ([line] if line else [])


def test_a_guarantee_without_an_amount_is_possible_even_beside_large_assets():
    story = "甲 guarantees 乙"
    found = groups(story, known=known(story, net_assets={"甲": 10**9}))
    assert lines(found) == ["dependence 乙: 甲 dependence.guarantee possible"]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("甲 depends 乙 50% role=采购", "dependence.expenditure"),
        ("甲 supplies 乙 50%", "dependence.sales"),
        ("甲 depends 乙 50% role=repayment", "dependence.repayment"),
        ("甲 depends 乙 40-60% role=income", "dependence.income possible"),
        ("甲 depends 乙 role=income", "dependence.income possible"),
        ("甲 depends 乙 90%", "dependence.income possible"),
    ],
)
def test_dependence_of_each_kind(line, rule):
    assert lines(groups(line)) == [f"dependence 乙: 甲 {rule}"]


def test_to_supply_without_a_share_is_not_yet_to_depend():
    assert lines(groups("甲 supplies 乙")) == []


def test_the_same_source_of_repayment():
    story = "甲 depends 财政 80% role=repayment_source\n乙 depends 财政 80% role=还款来源"
    assert lines(groups(story)) == [
        "dependence 财政: 乙 dependence.same_source",
        "dependence 财政: 甲 dependence.same_source",
    ]


def test_a_child_is_related_for_certain_only_when_of_age():
    story = "董 office 本行 role=董事\n" + "".join(
        f"{each} family 董 role=子女\n" for each in "大小幼"
    )
    persons = ("董", "大", "小", "幼")
    ages = known(story, persons, adult={"大": True, "小": False})
    told = lines(groups(story, persons, known=ages))
    assert told == [
        "related 本行: 大 related.kin",
        "related 本行: 幼 related.kin possible",
        "related 本行: 董 related.officer",
    ]


def test_who_is_behind_a_holder_is_related():
    story = "甲 owns 本行 10%\n王 owns 甲 30%\n散 owns 本行 45%\n户 owns 本行 45%"
    taken = snapshot(story, ("王",))
    pair = [np.array([taken.node(name)], np.int32) for name in ("王", "甲")]
    edge = int(np.flatnonzero(taken.subject == taken.node("王"))[0])
    owners = Owners(*pair, np.array([0.3]), np.array([0.3]), lambda *_: np.array([edge]))
    found = groups(story, ("王",), owners=owners)
    row = row_of(found, 3, "本行", "王", "related.beneficiary")
    assert found.memberships.certain[row]
    assert edge in found.edges(row).tolist()


def kin_of(text, person, lineal=3, collateral=2):
    names = {word for line in text.splitlines() for word in line.split()[:3:2]}
    taken = snapshot(text, tuple(names))
    kin = close_relatives(basis_of(taken), lineal, collateral)
    mine = kin.person == taken.node(person)
    return {
        taken.names[int(each)].as_py(): int(relation)
        for each, relation in zip(kin.relative[mine], kin.relation[mine], strict=True)
    }


FAMILY = """
父 family 我 role=父亲
祖 family 父 role=parent
曾 family 祖 role=parent
妹 family 父 role=女儿
叔 family 祖 role=儿子
堂 family 叔 role=child
妻 family 我 role=妻子
岳 family 妻 role=父亲
孙 family 我 role=grandchild
哥 family 我 role=哥哥
"""


@pytest.mark.parametrize(
    ("lineal", "collateral", "expected"),
    [
        (1, 1, {"妻"}),
        (2, 1, {"妻", "父"}),
        (2, 2, {"妻", "父", "妹", "哥"}),
        (3, 2, {"妻", "父", "妹", "哥", "祖", "孙"}),
        (4, 3, {"妻", "父", "妹", "哥", "祖", "孙", "曾", "叔", "堂"}),
    ],
)
def test_relatives_by_generations(lineal, collateral, expected):
    assert set(kin_of(FAMILY, "我", lineal, collateral)) == expected


def test_what_a_relative_is():
    of_father = {"我": DOWN, "妹": DOWN, "祖": UP, "曾": UP, "叔": SIDE}
    assert kin_of(FAMILY, "父") == of_father
    assert kin_of(FAMILY, "我")["妻"] == SPOUSE


def test_kinship_goes_both_ways():
    taken = snapshot(FAMILY, tuple("父我祖曾妹叔堂妻岳孙哥"))
    kin = close_relatives(basis_of(taken), 4, 3)
    pairs = set(zip(kin.person.tolist(), kin.relative.tolist(), strict=True))
    assert pairs == {(other, one) for one, other in pairs}


def test_a_code_for_unknown_parents_makes_nobody_siblings():
    children = [f"子{number:03}" for number in range(CHILDREN_MAX + 1)]
    story = "\n".join(f"不详 family {child} role=parent" for child in children)
    assert set(kin_of(story, "子000", 2, 2)) == {"不详"}
    fewer = "\n".join(story.splitlines()[1:])
    assert len(kin_of(fewer, "子001", 2, 2)) == CHILDREN_MAX


def test_a_word_for_kin_that_nobody_knows_is_pointed_at():
    taken = snapshot(
        "甲 family 乙 role=表舅\n甲 family 丙 role=父亲\n丁 family 丙", tuple("甲乙丙丁")
    )
    edges = not_understood(basis_of(taken))
    assert [taken.roles[at] if at >= 0 else "" for at in taken.role[edges]] == ["表舅", ""]


def test_a_book_without_rules_finds_nothing():
    story = "王 owns 甲 80%\n王 owns 乙 80%\n丙 branch_of 甲\n丁 owns 本行 9%\n甲 depends 乙 80%"
    found = groups(story, ("王",), book=RuleBook(BOOK.sources, (), BOOK.limits))
    assert len(found) == 0
    assert found.customer.tolist() == list(range(len(found.customer)))


def test_no_relations_no_groups():
    found = groups("甲 disputes 乙 amount=5")
    assert len(found) == 0
    assert found.of(0).tolist() == []
    assert found.find(GroupKind.GROUP, 0) == -1


rows = st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=6)


@given(rows, st.data())
@settings(max_examples=50)
def test_ragged_rows_are_lists_of_lists(given_rows, data):
    made = Ragged(
        np.concatenate([[0], np.cumsum([len(row) for row in given_rows])]).astype(np.int64),
        np.array([each for row in given_rows for each in row], np.int64),
    )
    chosen = data.draw(st.lists(st.integers(0, len(given_rows) - 1))) if given_rows else []
    taken = made.take(np.array(chosen, np.int64))
    assert [taken.of(at).tolist() for at in range(len(taken))] == [given_rows[at] for at in chosen]
    doubled = taken.beside(taken)
    assert [doubled.of(at).tolist() for at in range(len(doubled))] == [
        given_rows[at] * 2 for at in chosen
    ]
    assert len(ragged((), 3)) == 3


@given(st.lists(st.integers(0, 5)), st.lists(st.integers(0, 5)))
@settings(max_examples=50)
def test_matching_is_every_pair_of_equal_keys(left, right):
    one, other = matching(np.array(left, np.int64), np.array(right, np.int64))
    expected = [(i, j) for i, a in enumerate(left) for j, b in enumerate(right) if a == b]
    assert sorted(zip(one.tolist(), other.tolist(), strict=True)) == expected
