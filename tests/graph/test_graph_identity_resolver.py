"""Parties kept current: ids that last, people's words, and the same parties in whatever order."""

from datetime import UTC, datetime

import identity_reference as reference
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from identity_sample import MODEL, judged, partition, table

from headrace.errors import InputError
from headrace.graph.identity.clusters import Edges, Guards, clustered
from headrace.graph.identity.judgements import Judgement, JudgementConflictError, Verdict
from headrace.graph.identity.resolver import Kind, Resolver

SAME, DIFFERENT = Verdict.SAME, Verdict.DIFFERENT
HUAAN = ("华安", "1", None)


def resolver(**rows) -> Resolver:
    """A resolver with records, by id."""
    made = Resolver(MODEL)
    made.load(table(list(rows.values())), list(rows))
    return made


def test_records_that_agree_are_one_party():
    made = resolver(a=HUAAN, b=HUAAN, c=("华恒", "2", None))
    assert partition(made) == {frozenset("ab"), frozenset("c")}
    assert made.party_of("a") == made.party_of("b") == "P1"
    assert made.records_of("P1") == ("a", "b")


def test_a_new_record_joins_its_party_and_the_change_is_told():
    made = resolver(a=HUAAN, c=("华恒", "2", None))
    changes = made.add(table([HUAAN, ("泰和", "3", None)]), ["b", "d"])
    assert [(c.party, c.kind, c.records) for c in changes] == [
        ("P1", Kind.CHANGED, ("a", "b")),
        ("P3", Kind.CREATED, ("d",)),
    ]


def test_when_parties_merge_the_older_id_stays_and_the_other_still_finds_it():
    made = resolver(a=("华安", "1", None), b=("恒通", "2", None))
    assert (made.party_of("a"), made.party_of("b")) == ("P1", "P2")
    change = made.judge(judged("j1", SAME, "a", "b"))[0]
    assert (change.party, change.kind, change.merged) == ("P1", Kind.MERGED, ("P2",))
    assert made.current("P2") == "P1"
    assert made.records_of("P2") == ("a", "b")


def test_after_an_unmerge_each_has_its_own_id_again():
    made = resolver(a=("华安", "1", None), b=("恒通", "2", None))
    made.judge(judged("j1", SAME, "a", "b"))
    changes = made.withdraw("j1")
    assert {(c.party, c.kind) for c in changes} == {("P1", Kind.SPLIT), ("P2", Kind.SPLIT)}
    assert (made.party_of("a"), made.party_of("b"), made.current("P2")) == ("P1", "P2", "P2")


def test_a_party_can_be_split_by_hand_and_stays_split():
    made = resolver(a=HUAAN, b=HUAAN, c=HUAAN)
    why = Judgement("j", DIFFERENT, "", "", "wang.li", datetime(2026, 3, 1, tzinfo=UTC), "namesake")
    changes = made.split(["c"], why)
    assert {(c.party, c.records) for c in changes} == {("P1", ("a", "b")), ("P2", ("c",))}
    assert {j.why for j in made.judgements()} == {"namesake"}
    made.add(table([("别的", "9", None)]), ["d"])
    assert made.party_of("c") == "P2"


def test_a_word_of_different_holds_through_others():
    made = resolver(a=HUAAN, b=HUAAN, c=HUAAN)
    made.judge(judged("j1", DIFFERENT, "a", "c"))
    assert partition(made) in (
        {frozenset("ab"), frozenset("c")},
        {frozenset("a"), frozenset("bc")},
    )
    made.judge(judged("j2", SAME, "b", "c"))
    assert partition(made) == {frozenset("a"), frozenset("bc")}


def test_a_word_against_other_words_is_refused():
    made = resolver(a=HUAAN, b=HUAAN, c=HUAAN, d=HUAAN)
    made.judge(judged("j1", SAME, "a", "b"))
    made.judge(judged("j2", SAME, "b", "c"))
    with pytest.raises(JudgementConflictError, match=r"cannot be different: j1, j2"):
        made.judge(judged("j3", DIFFERENT, "a", "c"))
    made.judge(judged("j4", DIFFERENT, "a", "d"))
    with pytest.raises(JudgementConflictError, match=r"cannot be same: j4"):
        made.judge(judged("j5", SAME, "c", "d"))
    with pytest.raises(JudgementConflictError, match="stands"):
        made.judge(judged("j1", SAME, "a", "d"))
    with pytest.raises(JudgementConflictError, match="two records"):
        made.judge(judged("j6", SAME, "a", "a"))
    assert len(made.judgements()) == 3


def test_a_word_may_come_before_its_record():
    made = resolver(a=HUAAN)
    assert [c.kind for c in made.judge(judged("j1", DIFFERENT, "a", "b"))] == []
    made.add(table([HUAAN]), ["b"])
    assert partition(made) == {frozenset("a"), frozenset("b")}


def test_a_removed_record_takes_the_matches_along_that_rested_on_it():
    made = resolver(a=("华安", "1", None), b=("华安", "2", "X"), c=("恒通", "2", "X"))
    made.judge(judged("j1", SAME, "a", "b"))
    assert partition(made) == {frozenset("abc")}
    changes = made.remove(["b"])
    assert partition(made) == {frozenset("a"), frozenset("c")}
    assert {c.kind for c in changes} == {Kind.SPLIT}


def test_the_id_of_a_party_outlives_its_first_record():
    made = resolver(a=HUAAN, b=HUAAN)
    made.remove(["a"])
    assert made.party_of("b") == "P1"
    ended = made.remove(["b"])
    assert [(c.party, c.kind) for c in ended] == [("P1", Kind.ENDED)]
    assert made.current("P1") is None
    made.add(table([HUAAN]), ["a"])
    assert made.party_of("a") == "P2"


def test_two_valid_codes_are_never_one_party():
    made = resolver(a=("华安", "1", "X"), b=("华安", "1", "Y"), c=("华安", "1", None))
    assert made.party_of("a") != made.party_of("b")
    assert made.party_of("c") in (made.party_of("a"), made.party_of("b"))


def test_a_match_is_explained_and_a_party_by_its_chain():
    made = resolver(a=("华安", "1", "X"), b=("华安", "2", "X"), c=("恒通", "2", "X"))
    match = made.explain("a", "b")
    assert match.rules == ("name", "code")
    assert [values["phone"] for values in match.values] == ["1", "2"]
    assert match.bits == pytest.approx(-3 + 2 - 1 + 5)
    assert match.probability == pytest.approx(8 / 9)
    path = made.path("a", "c")
    assert [(each.left, each.right) for each in path] == [("a", "b"), ("b", "c")]
    assert made.path("a", "a") == ()
    made.judge(judged("j1", DIFFERENT, "a", "b"))
    assert [word.id for word in made.explain("a", "b").judgements] == ["j1"]


def test_ids_last_from_one_process_to_the_next():
    rows = {"a": HUAAN, "b": ("恒通", "2", None), "c": ("华安", "1", None)}
    made = resolver(**rows)
    made.remove(["a"])
    kept = made.parties()
    later = Resolver(MODEL)
    later.load(table([rows["c"], rows["b"]]), ["c", "b"], kept)
    assert (later.party_of("c"), later.party_of("b")) == (made.party_of("c"), made.party_of("b"))
    later.add(table([("泰和", "7", None)]), ["d"])
    assert later.party_of("d") == "P3"


def test_ids_are_unique_and_known():
    made = resolver(a=HUAAN)
    with pytest.raises(InputError, match="needs an id"):
        made.add(table([HUAAN]), ["a"])
    with pytest.raises(InputError, match="no record 'z'"):
        made.party_of("z")
    with pytest.raises(InputError, match="empty resolver"):
        made.load(table([HUAAN]), ["b"])
    with pytest.raises(InputError, match="no records"):
        Resolver(MODEL).remove([])


def test_a_key_that_too_many_share_gives_no_pairs_until_fewer_do():
    rows = {f"r{row}": (f"firm {row * 11111}", "1", None) for row in range(4)}
    made = resolver(**rows)
    made.judge(judged("j", SAME, "r0", "r1"))
    assert made.explain("r0", "r2").rules == ("phone",)
    made.add(table([("another one", "1", None)]), ["r9"])  # a fifth on one phone
    assert made.explain("r0", "r2").rules == ()
    made.remove(["r9"])
    assert made.explain("r0", "r2").rules == ("phone",)


ROW = st.tuples(
    st.sampled_from(["华安", "华恒", "恒安", "泰和", None]),
    st.sampled_from(["1", "2", "3", None]),
    st.sampled_from(["A", "B", None, None]),
)
WORDS = st.lists(
    st.tuples(st.sampled_from([SAME, DIFFERENT]), st.integers(0, 8), st.integers(0, 8)), max_size=4
)


def say(made: Resolver, words) -> None:
    for number, (verdict, left, right) in enumerate(words):
        try:
            made.judge(judged(f"j{number}", verdict, f"r{left}", f"r{right}"))
        except JudgementConflictError:
            continue


@settings(max_examples=120, deadline=None)
@given(st.lists(ROW, min_size=2, max_size=9), WORDS, st.data())
def test_the_parties_do_not_depend_on_the_order(rows, words, data):
    ids = [f"r{row}" for row in range(len(rows))]
    at_once = Resolver(MODEL)
    at_once.load(table(rows), ids)
    say(at_once, words)
    one_by_one = Resolver(MODEL)
    say(one_by_one, words)
    for row in data.draw(st.permutations(range(len(rows)))):
        one_by_one.add(table([rows[row]]), [ids[row]])
    assert partition(one_by_one) == partition(at_once)


@settings(max_examples=80, deadline=None)
@given(st.lists(ROW, min_size=3, max_size=9), WORDS, st.data())
def test_removing_records_is_never_having_had_them(rows, words, data):
    ids = [f"r{row}" for row in range(len(rows))]
    gone = data.draw(st.sets(st.sampled_from(ids), max_size=len(ids) - 1))
    made = Resolver(MODEL)
    made.load(table(rows), ids)
    say(made, words)
    before = {i: made.party_of(i) for i in ids}
    made.remove(gone)
    without = Resolver(MODEL)
    kept = [i for i in ids if i not in gone]
    without.load(table([rows[ids.index(i)] for i in kept]), kept)
    say(without, words)
    assert partition(made) == partition(without)
    made.add(table([rows[ids.index(i)] for i in sorted(gone)]), sorted(gone))
    whole = Resolver(MODEL)
    whole.load(table(rows), ids)
    say(whole, words)
    assert partition(made) == partition(whole)
    for party in set(before.values()):
        assert made.current(party) is None or made.current(party) == made.party_of(
            made.records_of(party)[0]
        )


WEIGHT = st.sampled_from([1, 2, 3, float("inf")])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), WEIGHT), max_size=12),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=3),
    st.lists(st.integers(0, 2), min_size=7, max_size=7),
)
def test_clusters_agree_with_the_plain_ones(edges, apart, single):
    edges = [(a, b, float(w)) for a, b, w in edges if a != b]
    apart = [(a, b) for a, b in apart if a != b]
    columns = zip(*edges, strict=True) if edges else ((), (), ())
    left, right, bits = columns
    guards = Guards(
        np.array(apart, np.int32).reshape(-1, 2),
        np.array(single, np.uint64).reshape(-1, 1),
        np.full(7, -1, np.int16),
        np.arange(7, dtype=np.uint64),
    )
    found = clustered(
        Edges(np.array(left, np.int32), np.array(right, np.int32), np.array(bits, np.float32)),
        guards,
    )
    groups: dict[int, set[int]] = {}
    for row, lowest in enumerate(found.tolist()):
        groups.setdefault(lowest, set()).add(row)
    expected = reference.clustered(7, edges, apart, single)
    assert sorted((frozenset(g) for g in groups.values()), key=min) == expected
    assert all(lowest == min(group) for lowest, group in groups.items())


def test_a_source_knows_a_party_once():
    edges = Edges(
        np.array([0, 1], np.int32), np.array([2, 2], np.int32), np.array([1, 2], np.float32)
    )
    nothing = np.zeros((0, 2), np.int32), np.zeros((3, 0), np.uint64)
    guards = Guards(*nothing, np.array([0, 0, 1], np.int16), np.arange(3, dtype=np.uint64))
    assert clustered(edges, guards).tolist() == [0, 1, 1]
