"""Every fast path of identity against its slow, plain twin on random inputs."""

import identity_reference as reference
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from identity_sample import COLUMNS, MODEL, SETTINGS, judged, table

from headrace.graph.identity import training
from headrace.graph.identity.clusters import Edges, connected, spanning_path
from headrace.graph.identity.firm_names import level
from headrace.graph.identity.judgements import JudgementConflictError, Verdict, refuse_conflict
from headrace.graph.identity.model import levels_of, weights
from headrace.graph.identity.records import records_of
from headrace.graph.identity.resolver import Resolver
from headrace.graph.identity.settings import (
    Measure,
    Settings,
    SharedComparison,
    TextComparison,
    block_on,
)
from headrace.graph.identity.writing import Flat, flat, folded, pinyin, syllable_table

NAMES = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "上海", "上海市", "浙江省杭州市", "杭州", "北京"]),
    st.sampled_from(["华安", "桦桉", "华恒", "华安泰", "华安达", "恒", "泰和盛", "泰合胜"]),
    st.sampled_from(["", "贸易", "国际贸易", "科技", "物流科技", "滤清器"]),
    st.sampled_from(["", "有限公司", "有限责任公司", "股份有限公司", "厂"]),
)


@settings(max_examples=300, deadline=None)
@given(NAMES, NAMES)
def test_two_names_agree_as_they_do_plainly(one, other):
    a, b = reference.parsed(one), reference.parsed(other)
    assume(a.businesses and b.businesses)  # without, English meanings decide
    assert level(one, other) == reference.firm_level(one, other)


TEXT = st.one_of(st.none(), st.text("abc", min_size=1, max_size=5))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(TEXT, min_size=2, max_size=6),
    st.sampled_from([(Measure.EDITS, (1.0, 2.0)), (Measure.JARO_WINKLER, (0.9, 0.7))]),
)
def test_levels_of_texts_are_the_plain_ones(texts, how):
    measure, thresholds = how
    comparison = TextComparison("t", measure, thresholds)
    chosen = Settings((comparison,), (block_on("t"),))
    ids = pa.array([str(row) for row in range(len(texts))])
    some = records_of(pa.table({"t": pa.array(texts, pa.string())}), ids, chosen, {})
    left, right = (each.astype(np.int32) for each in np.triu_indices(len(texts), 1))
    for i, j, found in zip(left, right, levels_of(some, comparison, left, right), strict=True):
        one, other = texts[i], texts[j]
        if one is None or other is None:
            assert found == -1
        elif one == other:
            assert found == 3
        else:
            near = [reference._near(one, other, int(measure), t) for t in thresholds]
            assert found == sum(near)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=5), min_size=2, max_size=5))
def test_levels_of_sets_are_the_plain_ones(sets):
    comparison = SharedComparison("s", (1, 3))
    chosen = Settings((comparison,), (block_on("s"),))
    ids = pa.array([str(row) for row in range(len(sets))])
    column = pa.array(sets, pa.list_(pa.string()))
    some = records_of(pa.table({"s": column}), ids, chosen, {})
    left, right = (each.astype(np.int32) for each in np.triu_indices(len(sets), 1))
    for i, j, found in zip(left, right, levels_of(some, comparison, left, right), strict=True):
        common = len(set(sets[i]) & set(sets[j]))
        expected = -1 if not sets[i] or not sets[j] else (common >= 1) + (common >= 3)
        assert found == expected


ROW = st.tuples(
    st.sampled_from(["abc", "abd", "xyz", None]),
    st.sampled_from(["1", "2", "3", None]),
    st.sampled_from(["A", "B", None, None]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=2, max_size=7))
def test_weights_are_those_of_the_formula(rows):
    ids = pa.array([f"r{row}" for row in range(len(rows))])
    some = records_of(table(rows), ids, SETTINGS, {})
    left, right = (each.astype(np.int32) for each in np.triu_indices(len(rows), 1))
    plain = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    for i, j, found in zip(left, right, weights(MODEL, some, {}, left, right), strict=True):
        assert found == pytest.approx(reference.weight(plain[i], plain[j], MODEL), abs=1e-5)


WORDS = st.lists(
    st.tuples(st.sampled_from(list(Verdict)), st.integers(0, 7), st.integers(0, 7)), max_size=3
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=2, max_size=8), WORDS, st.data())
def test_parties_are_those_of_plain_loops_over_all_pairs(rows, words, data):
    ids = [f"r{row}" for row in range(len(rows))]
    cut = data.draw(st.integers(0, len(rows) - 1))
    made = Resolver(MODEL)
    standing = {}
    for number, (verdict, left, right) in enumerate(words):
        word = judged(f"j{number}", verdict, f"r{left}", f"r{right}")
        try:
            made.judge(word)
        except JudgementConflictError:
            continue
        standing[word.id] = (verdict, left, right)
    made.add(table(rows[:cut]), ids[:cut])
    made.add(table(rows[cut:]), ids[cut:])
    present = [word for word in standing.values() if max(word[1:]) < len(rows)]
    pairs = {v: [(a, b) for verdict, a, b in present if verdict == v] for v in Verdict}
    plain = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    expected = reference.resolved(plain, MODEL, pairs[Verdict.SAME], pairs[Verdict.DIFFERENT])
    groups: dict[str, set[int]] = {}
    for row, name in enumerate(ids):
        groups.setdefault(made.party_of(name), set()).add(row)
    sizes = sorted(len(each) for each in groups.values())
    assert sizes == sorted(len(each) for each in expected) or _ties(plain)
    if not _ties(plain):
        assert {frozenset(each) for each in groups.values()} == expected


def _ties(rows: list[dict]) -> bool:
    """Whether two pairs weigh the same: then ids decide, which the plain loops do not know."""
    found = [
        round(reference.weight(one, other, MODEL), 6)
        for place, one in enumerate(rows)
        for other in rows[place + 1 :]
    ]
    return len(set(found)) < len(found)


PATTERNS = st.lists(
    st.tuples(st.integers(-1, 1), st.integers(-1, 2), st.integers(-1, 1)), min_size=3, max_size=30
)
CHANCE = [[0.9, 0.1], [0.7, 0.2, 0.1], [0.95, 0.05]]


@settings(max_examples=60, deadline=None)
@given(PATTERNS)
def test_expectation_maximisation_counts_patterns_as_if_pair_by_pair(patterns):
    distinct = sorted(set(patterns))
    counts = np.array([patterns.count(each) for each in distinct])
    protocol = training.Protocol((), 1.0, (), rounds=6, tolerance=0.0)
    found = training._expectation_maximisation(
        np.array(distinct).T, counts, [np.array(u) for u in CHANCE], protocol
    )
    expected = reference.expectation_maximisation(patterns, CHANCE, 6)
    for one, other in zip(found, expected, strict=True):
        assert one.tolist() == pytest.approx(other, abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 9)), max_size=10))
def test_a_chain_of_matches_has_the_strongest_weakest_link(edges):
    edges = [(a, b, float(w)) for a, b, w in edges if a != b]
    left = np.array([a for a, _, _ in edges], np.int32)
    right = np.array([b for _, b, _ in edges], np.int32)
    some = Edges(left, right, np.array([w for _, _, w in edges], np.float32))
    component = connected(7, some)
    for start, end in ((0, 1), (2, 5)):
        path = spanning_path(some, start, end)
        if component[start] != component[end]:
            assert path == []
            continue
        at = start
        for pair in path:
            assert at in edges[pair][:2]
            at = edges[pair][1] if edges[pair][0] == at else edges[pair][0]
        assert at == end
        weakest = min(edges[pair][2] for pair in path)
        stronger = [e for e in edges if e[2] > weakest]
        kept = Edges(
            np.array([a for a, _, _ in stronger], np.int32),
            np.array([b for _, b, _ in stronger], np.int32),
            np.array([w for _, _, w in stronger], np.float32),
        )
        without = connected(7, kept)
        assert without[start] != without[end]


@given(WORDS)
def test_words_that_stand_never_contradict(words):
    standing = {}
    for number, (verdict, left, right) in enumerate(words):
        word = judged(f"j{number}", verdict, f"r{left}", f"r{right}")
        try:
            refuse_conflict(standing, word)
        except JudgementConflictError:
            continue
        standing[word.id] = word
    group = {f"r{row}": {f"r{row}"} for row in range(8)}
    for word in standing.values():
        if word.verdict == Verdict.SAME:
            both = group[word.left] | group[word.right]
            group |= dict.fromkeys(both, both)
    for word in standing.values():
        if word.verdict == Verdict.DIFFERENT:
            assert word.right not in group[word.left]


@given(st.lists(st.one_of(st.none(), st.text("ab 　（）Ａ貿é-", max_size=8)), max_size=8))
def test_texts_folded_together_are_folded_as_alone(texts):
    together = folded(flat(pa.array(texts, pa.string())))
    assert len(together) == len(texts)
    for row, text in enumerate(texts):
        alone = folded(flat(pa.array([text], pa.string()))).text(0)
        assert together.text(row) == alone
        assert alone == alone.strip()
        assert "  " not in alone
    back = np.arange(len(texts))[::-1].copy()
    turned = together.take(back)
    assert [turned.text(row) for row in range(len(texts))] == [
        together.text(row) for row in back.tolist()
    ]


@given(st.text("华安长厦ab1 ü贸", max_size=10))
def test_the_table_of_syllables_spells_what_pinyin_does(text):
    letters, at = syllable_table()
    spelt = b"".join(bytes(letters[at[ord(c)] : at[ord(c) + 1]]) for c in text)
    assert spelt.decode() == pinyin(text)


def test_a_slice_of_a_column_is_a_column():
    column = pa.array(["甲", None, "乙丙", "丁"]).slice(1, 2)
    found = flat(column)
    assert isinstance(found, Flat)
    assert [found.text(row) for row in range(len(found))] == ["", "乙丙"]
