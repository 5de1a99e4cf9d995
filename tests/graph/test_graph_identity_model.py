"""Weights: distances against plain twins, training against a planted truth, waterfalls."""

import identity_reference as reference
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from identity_sample import MODEL, SETTINGS, rng, table

from headrace.errors import InputError
from headrace.graph.identity import kernels
from headrace.graph.identity.blocking import candidate_pairs, empty_index, without_hot
from headrace.graph.identity.model import explained, levels_of, probability, rarity, weights
from headrace.graph.identity.records import Keys, joined, keys_of, records_of, taken
from headrace.graph.identity.settings import (
    FirmNameComparison,
    Measure,
    Part,
    Settings,
    SharedComparison,
    TextComparison,
    block_on,
)
from headrace.graph.identity.training import Protocol, frequencies_of, train

TEXTS = st.text("abcd", max_size=7)


def pair_of(one: str, other: str):
    points = np.array([ord(c) for c in one + other], np.uint32)
    return points, 0, len(one), len(one), len(one) + len(other)


@given(TEXTS, TEXTS)
def test_jaro_winkler_agrees_with_the_plain_one(one, other):
    assert kernels.jaro_winkler(*pair_of(one, other)) == pytest.approx(
        reference.jaro_winkler(one, other)
    )


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS, st.integers(0, 4))
def test_edits_agree_with_the_plain_ones_up_to_the_cap(one, other, most):
    assert kernels.edits(*pair_of(one, other), most) == min(reference.edits(one, other), most + 1)


def test_published_distances():
    assert kernels.jaro_winkler(*pair_of("martha", "marhta")) == pytest.approx(0.9611, abs=1e-4)
    assert kernels.jaro_winkler(*pair_of("dixon", "dicksonx")) == pytest.approx(0.8133, abs=1e-4)
    assert kernels.edits(*pair_of("ca", "ac"), 3) == 1


def records(rows, chosen: Settings = SETTINGS):
    ids = pa.array([f"r{row}" for row in range(len(rows))])
    return records_of(table(rows), ids, chosen, {})


def test_a_waterfall_adds_up_to_the_weight_and_says_each_step():
    some = records([("华安", "1", "A"), ("华恩", "1", None)])
    pair = np.array([0], np.int32), np.array([1], np.int32)
    total = weights(MODEL, some, rarity(MODEL, some), *pair)
    steps = explained(MODEL, some, rarity(MODEL, some), 0, 1)
    assert [(s.field, s.level, round(s.bits, 6)) for s in steps] == [
        ("prior", "1 in 9 random pairs is one party", -3.0),
        ("name", "edits at most 1", 0.0),
        ("phone", "equal", 3.0),
        ("code", "missing", 0.0),
    ]
    assert total[0] == pytest.approx(sum(step.bits for step in steps))
    assert probability(0) == 0.5
    assert probability(1) == pytest.approx(2 / 3)


def test_agreeing_on_a_rare_name_weighs_more():
    common, rare = frequencies_of(np.array([7, 7, 7, 7, 7, 7, 8, 8, 0], np.uint64)), 0.125
    assert common.hashes.tolist() == [7, 8]
    assert common.shares.tolist() == [0.75, 0.25]
    assert common.agreement == pytest.approx(0.625)
    assert common.rarest == rare


def test_sets_are_compared_by_how_much_they_share():
    shared = SharedComparison("phones", (1, 2))
    chosen = Settings((shared,), (block_on("phones"),))
    rows = pa.table(
        {"phones": pa.array([["1", "2", "3"], ["2", "1", "1"], ["3"], ["9"], [], None])}
    )
    some = records_of(rows, pa.array(list("abcdef")), chosen, {})
    right = np.array([1, 2, 3, 4, 5], np.int32)
    assert levels_of(some, shared, np.zeros(5, np.int32), right).tolist() == [2, 1, 0, -1, -1]
    assert shared.words == ("nothing shared", "1 or more shared", "2 or more shared")
    keys = keys_of(some, chosen.rules[0])
    left, right = candidate_pairs([keys], 6, some.source)
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 1), (0, 2)]


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match=r"missing.*code"):
        records_of(table([("a", "1", "x")]).drop_columns(["code"]), pa.array(["r"]), SETTINGS, {})


def test_a_source_that_knows_each_party_once_pairs_with_others_only():
    chosen = Settings((TextComparison("name"),), (block_on("name"),), source="from")
    rows = pa.table({"name": ["a", "a", "a"], "from": ["crm", "crm", "tax"]})
    some = records_of(rows, pa.array(["1", "2", "3"]), chosen, {})
    left, right = candidate_pairs([keys_of(some, chosen.rules[0])], 3, some.source)
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 2), (1, 2)]


KEYS = st.lists(
    st.lists(st.sets(st.integers(1, 4), max_size=2), min_size=6, max_size=6), min_size=1, max_size=3
)


@settings(max_examples=200, deadline=None)
@given(KEYS, st.integers(1, 4), st.booleans())
def test_pairs_are_those_that_share_a_key_each_once(rules, most, one_each):
    if one_each:
        rules = [[set(sorted(keys)[:1]) for keys in rule] for rule in rules]
    found = []
    for rule in rules:
        entries = [(key, row) for row, keys in enumerate(rule) for key in sorted(keys)]
        keys = np.array([key for key, _ in entries], np.uint64)
        rows = np.array([row for _, row in entries], np.int32)
        single = all(len(keys) < 2 for keys in rule)
        found.append(without_hot(Keys(keys, rows, single), most))
    left, right = candidate_pairs(found, 6, np.full(6, -1, np.int16))
    pairs = list(zip(left.tolist(), right.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == reference.pairs(rules, most)


@given(st.lists(st.integers(1, 5), max_size=12), st.lists(st.integers(1, 5), max_size=12))
def test_an_index_is_the_same_however_its_rows_came(first, second):
    both = np.array(first + second, np.uint64)
    rows = np.arange(len(both), dtype=np.int32)
    cut = len(first)
    whole = empty_index().with_added(Keys(both, rows, one_each=True))
    parts = empty_index().with_added(Keys(both[:cut], rows[:cut], one_each=True))
    parts = parts.with_added(Keys(both[cut:], rows[cut:], one_each=True))
    assert whole.keys.tolist() == parts.keys.tolist()
    assert whole.rows.tolist() == parts.rows.tolist()
    fewer = whole.without(Keys(both[:cut], rows[:cut], one_each=True))
    assert sorted(fewer.rows.tolist()) == rows[cut:].tolist()
    for key in range(1, 6):
        asked = np.array([key], np.uint64)
        assert whole.counts(asked)[0] == (both == key).sum() == len(whole.rows_of(asked))


ROWS = st.tuples(
    st.sampled_from(["华安", "华恒", "恒安", None]),
    st.sampled_from(["1", "2", None]),
    st.sampled_from(["A", "B", None]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, min_size=2, max_size=8), st.data())
def test_records_joined_or_taken_are_compared_as_before(rows, data):
    cut = data.draw(st.integers(1, len(rows) - 1))
    whole = records(rows)
    ids = pa.array([f"r{row}" for row in range(len(rows))])
    parts = [
        records_of(table(rows[:cut]), ids.slice(0, cut), SETTINGS, {}),
        records_of(table(rows[cut:]), ids.slice(cut), SETTINGS, {}),
    ]
    again = joined(*parts)
    back = np.arange(len(rows))[::-1].copy()
    turned = taken(whole, back)
    left, right = (each.astype(np.int32) for each in np.triu_indices(len(rows), 1))
    expected = weights(MODEL, whole, {}, left, right)
    assert (weights(MODEL, again, {}, left, right) == expected).all()
    place = np.argsort(back).astype(np.int32)
    assert (weights(MODEL, turned, {}, place[left], place[right]) == expected).all()


def planted(count: int):
    """Persons on file twice, with a tenth of the values wrong: m and u are known."""
    draw = rng()
    names = draw.integers(0, 50, count)
    births = draw.integers(0, 400, count)
    phones = np.arange(count)
    rows = []
    for who in range(count):
        for _ in range(2):
            city = who % 20 if draw.random() < 0.9 else draw.integers(0, 20)
            name = names[who] if draw.random() < 0.9 else draw.integers(0, 50)
            birth = births[who] if draw.random() < 0.9 else draw.integers(0, 400)
            phone = phones[who] if draw.random() < 0.8 else count + draw.integers(0, 10**6)
            rows.append((f"n{name}", f"b{birth}", f"p{phone}", f"c{city}"))
    return rows


def test_training_finds_the_weights_that_were_planted():
    rows = planted(1_500)
    names, births, phones, cities = zip(*rows, strict=True)
    data = pa.table({"name": names, "birth": births, "phone": phones, "city": cities})
    fields = (TextComparison("name"), TextComparison("birth"), TextComparison("phone"),
              TextComparison("city"))  # fmt: skip
    chosen = Settings(fields, (block_on("phone"), block_on("name", "birth")))
    some = records_of(data, pa.array([str(row) for row in range(len(rows))]), chosen, {})
    protocol = Protocol(
        certain=(block_on("phone"),), recall=0.64, sample_pairs=100_000,
        training=(block_on("phone"), block_on("name", "birth")),
    )  # fmt: skip
    model = train(some, chosen, protocol, rng())
    assert model.prior == pytest.approx(1 / 2_999, rel=0.1)
    m = {c.field: a.same[1] for c, a in zip(fields, model.agreements, strict=True)}
    u = {c.field: a.chance[1] for c, a in zip(fields, model.agreements, strict=True)}
    assert m["name"] == pytest.approx(0.81 + 0.19 / 50, abs=0.03)
    assert m["birth"] == pytest.approx(0.81 + 0.19 / 400, abs=0.03)
    assert m["phone"] == pytest.approx(0.64, abs=0.05)
    assert u["name"] == pytest.approx(1 / 50, rel=0.1)
    assert u["birth"] == pytest.approx(1 / 400, rel=0.2)
    again = train(some, chosen, protocol, rng())
    assert again.agreements == model.agreements


def test_what_every_training_rule_leaves_out_cannot_be_learned():
    some = records([("a", "1", "x"), ("a", "1", "y"), ("b", "2", "z")])
    protocol = Protocol((block_on("name"),), 0.9, (block_on("name"),), sample_pairs=100)
    with pytest.raises(InputError, match="Nothing to learn from"):
        train(some, SETTINGS, protocol, rng())
    with pytest.raises(InputError, match="Two records"):
        train(records([("a", "1", "x")]), SETTINGS, protocol, rng())


def test_rules_are_said_in_words():
    assert str(block_on("name", Part("birth", 4))) == "name + birth[:4]"
    assert TextComparison("name", Measure.JARO_WINKLER, (0.9, 0.8)).words == (
        "different", "similarity at least 0.8", "similarity at least 0.9", "equal",
    )  # fmt: skip
    assert len(FirmNameComparison("names").words) == 8
