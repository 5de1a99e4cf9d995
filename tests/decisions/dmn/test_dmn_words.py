"""Names that FEEL has to be told, found in the texts that cite them."""

import hypothesis.strategies as st
from hypothesis import given

from headrace.decisions.dmn.words import Words

NAMES = ["amount due", "amount due now", "a+b", "Applicant's age", "x", "利率 上限"]


def test_names_are_found_where_they_stand():
    words = Words(NAMES)
    assert words.cited("amount  due\n* 2") == {"amount due"}
    assert words.cited("amount due now") == {"amount due", "amount due now"}
    assert words.cited("loan.amount due>a + b") == {"amount due", "a+b"}
    assert words.cited("Applicant's age-1") == {"Applicant's age"}
    assert words.cited("利率 上限") == {"利率 上限"}
    assert words.cited("amount + due") == frozenset()


def test_plain_words_need_no_telling():
    assert Words(["x", "rate", "利率"]).cited("x + rate + 利率") == frozenset()


def test_a_scope_within_another_adds_to_it_and_is_left_behind():
    outer = Words(["a b"])
    inner = outer.inner("c d")
    inner.add("e f")
    assert inner.cited("a b c d e f") == {"a b", "c d", "e f"}
    assert outer.cited("a b c d e f") == {"a b"}


def test_members_with_operators_are_meant_after_a_dot():
    words = Words()
    words.add_members(["x-y", "amount due"])
    assert words.cited("x - y + amount due") == {"amount due"}
    assert words.cited("loan . x-y") == {"x-y"}


PARTS = st.sampled_from(["a", "b", "+", "'", "c1"])
NAME = st.lists(PARTS, min_size=2, max_size=4).map(" ".join)


@given(names=st.lists(NAME, max_size=8), text=st.lists(PARTS, max_size=12).map(" ".join))
def test_a_slow_search_finds_the_same(names, text):
    found = {name for name in names if f" {name} " in f" {text} "}
    assert Words(names).cited(text) == found
