"""Finding names of products in texts, and the names most like them."""

import chains_reference as reference
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.graph.chains.grams import folded, gram_rows
from headrace.graph.chains.nearest import nearest_names
from headrace.graph.chains.wording import dictionary

NAMES = ["聚酯薄膜", "聚酯", "薄膜", "铝合金", "铝合金门窗", "PET薄膜", "有机肥"]


def words(texts, names=NAMES):
    found = dictionary(names).find(texts)
    return [
        (int(text), texts[text][start:end], names[name], bool(excluded))
        for text, start, end, name, excluded in zip(
            found.text, found.start, found.end, found.name, found.excluded, strict=True
        )
    ]


def test_the_longest_name_is_found_and_nothing_within_it():
    assert words(["聚酯薄膜生产；铝合金门窗安装"]) == [
        (0, "聚酯薄膜", "聚酯薄膜", False),
        (0, "铝合金门窗", "铝合金门窗", False),
    ]


def test_width_and_case_do_not_matter_and_places_stay():
    assert words(["销售ｐｅｔ薄膜", "pet薄膜"]) == [
        (0, "ｐｅｔ薄膜", "PET薄膜", False),
        (1, "pet薄膜", "PET薄膜", False),
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("销售有机肥（不含聚酯）", ["有机肥"]),
        ("除聚酯外的薄膜", ["薄膜"]),
        ("有机肥销售，不得从事聚酯生产；薄膜", ["有机肥", "薄膜"]),
        ("铝合金（聚酯除外）", ["铝合金"]),
        ("薄膜（须经批准的项目，经批准后方可开展有机肥经营）", ["薄膜"]),
        ("薄膜（含聚酯）", ["薄膜", "聚酯"]),
    ],
)
def test_what_a_scope_excludes_is_marked(text, kept):
    assert [word for _, word, _, excluded in words([text]) if not excluded] == kept


def test_names_of_one_character_are_left_out():
    assert words(["铁矿"], ["铁", "铁矿"]) == [(0, "铁矿", "铁矿", False)]
    assert words(["铁"], ["铁"]) == []
    assert words([""], ["铁矿"]) == []
    assert words(["铁矿"], []) == []


LETTERS = st.text("甲乙丙丁a", max_size=6)


@settings(max_examples=50, deadline=None)
@given(st.lists(LETTERS, max_size=8), st.lists(LETTERS, max_size=4))
def test_it_finds_what_looking_everywhere_finds(names, texts):
    found = dictionary(names).find(texts)
    rows = zip(found.text.tolist(), found.start.tolist(), found.end.tolist(), found.name.tolist(),
               strict=True)  # fmt: skip
    expected = [
        (number, *each) for number, text in enumerate(texts)
        for each in reference.longest(names, text)
    ]  # fmt: skip
    assert list(rows) == expected


def test_pairs_do_not_reach_across_texts():
    text, gram = gram_rows(folded(["甲乙", "丙"]))
    assert text.tolist() == [0, 0, 1, 0]
    assert len(set(gram.tolist())) == 4


@settings(max_examples=50, deadline=None)
@given(st.lists(LETTERS, min_size=1, max_size=8), LETTERS)
def test_likeness_is_the_cosine_of_weighed_characters_and_pairs(names, text):
    expected = np.array(reference.alike(names, text))
    best, score = nearest_names(names).find([text], 3)
    order = np.argsort(-expected, kind="stable")[:3]
    shown = expected[order]
    assert score[0, : len(shown)] == pytest.approx(shown, abs=1e-9)
    for at, value in zip(best[0], score[0], strict=True):
        assert at == -1 or expected[at] == pytest.approx(value, abs=1e-9)


def test_the_same_name_is_quite_alike_and_a_stranger_is_not():
    best, score = nearest_names(NAMES).find(["铝合金门窗", "铝门窗", "服务器"], 2)
    assert NAMES[best[0, 0]] == "铝合金门窗"
    assert score[0, 0] == pytest.approx(1)
    assert NAMES[best[1, 0]] == "铝合金门窗"
    assert best[2].tolist() == [-1, -1]
