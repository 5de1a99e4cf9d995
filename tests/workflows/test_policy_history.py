"""The rules of versions, whatever is tried in whatever order."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.decisions.flow.rollout import PLACES, Mode
from headrace.workflows.policy_history import (
    DEEDS,
    Act,
    Deed,
    History,
    Refusal,
    RefusedError,
    document_digest,
    identity,
)

PEOPLE = st.sampled_from(["Ann", "ann ", "Bob", "Cid", ""])
ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            [each for each in Deed if each is not Deed.LIST]
            + [Deed.ACTIVATE] * 3
            + [Deed.ROLL_BACK, Deed.SET_BESIDE] * 2
        ),
        st.integers(1, 4),
        PEOPLE,
        st.sampled_from(["", "why"]),
        st.integers(-3, 30),  # how long after it is recorded an activation starts
        st.integers(0, 5),  # time that goes by before it
        st.sampled_from(["challenger", "shadow"]),
        st.integers(0, 6),  # twentieths of customers, for who stands beside
    ),
    max_size=25,
)


def with_three_versions():
    """Proposed by Ann, approved by Bob, not active."""
    history = History("cards")
    for number in (1, 2, 3):
        told = {"digest": str(number), "files": {}}
        history = history.with_act(Act("cards", Deed.PROPOSE, number, "Ann", told=told))
        history = history.with_act(Act("cards", Deed.APPROVE, number, "Bob"))
    return history


def tried(acts):
    """The history after each act that was let in, with the time of the act."""
    history, at = with_three_versions(), 0
    for deed, wanted, by, comment, start, wait, mode, share in acts:
        at += wait
        told = {"from": at + start} if deed in {Deed.ACTIVATE, Deed.ROLL_BACK} else {}
        if deed is Deed.SET_BESIDE:
            told = {"mode": mode, "share": share * 2_000}
        version = wanted
        if deed is Deed.PROPOSE:
            version = len(history.versions) + 1
            told = {"digest": str(version % 3), "files": {}}
        with suppress(RefusedError):
            history = history.with_act(Act("cards", deed, version, by, comment, told, at=at))
            yield at, history


@given(ACTS)
def test_what_decided_at_a_moment_stays_what_it_was(acts):
    before = with_three_versions()
    for at, history in tried(acts):
        for moment in range(at):
            assert history.active_at(moment) == before.active_at(moment)
            assert history.beside_at(moment) == before.beside_at(moment)
        before = history


@given(ACTS)
def test_what_stands_beside_is_approved_not_in_force_and_no_more_than_the_whole(acts):
    for at, history in tried(acts):
        found = history.beside_at(at)
        shares = [each.share for each in found if each.mode is Mode.CHALLENGER]
        assert sum(shares) <= PLACES
        for each in found:
            assert history.version(each.version).is_approved
            assert each.version != history.active_at(at)
            assert not [act for act in history.activations if each.since < act.start <= at]


@given(ACTS)
def test_nothing_is_active_that_two_people_do_not_answer_for(acts):
    for at, history in tried(acts):
        last = history.activations[-1] if history.activations else None
        if last is not None and last.at == at and history.active_at(last.start) == last.version:
            version = history.version(last.version)
            approvers = [each.by for each in version.verdicts if each.deed is Deed.APPROVE]
            assert approvers
            assert all(identity(each) != identity(version.proposal.by) for each in approvers)
        for version in history.versions:
            assert version.number == history.versions.index(version) + 1


@given(ACTS)
def test_the_last_activation_decides_in_the_end(acts):
    for _, history in tried(acts):
        if history.activations:
            assert history.active_at(10**9) == history.activations[-1].version


@pytest.mark.parametrize(
    ("first", "last"),
    [("Ann Lee", "annlee"), ("Ann", "ＡＮＮ"), ("Ann", "A\u00adnn"), ("STRASSE", "straße")],
)
def test_one_person_under_two_spellings(first, last):
    assert identity(first) == identity(last)


def test_another_challenger_may_not_take_what_is_taken():
    history = with_three_versions()

    def beside(number, share, at, **more):
        told = {"mode": "challenger", "share": share} | more
        return history.with_act(Act("cards", Deed.SET_BESIDE, number, "Bob", told=told, at=at))

    history = beside(1, 6_000, 1)
    with pytest.raises(RefusedError, match="60 per cent"):
        beside(2, 4_001, 2)
    history = beside(2, 4_001, 2, mode="shadow")
    history = beside(1, 5_999, 3)
    history = beside(2, 4_001, 4)
    assert [each.version for each in history.beside_at(4)] == [1, 2], "each keeps its place"
    with pytest.raises(RefusedError, match="must stand beside"):
        beside(3, 0, 5)
    with pytest.raises(RefusedError, match="part of customers"):
        beside(3, 10_001, 5)
    assert [each.version for each in beside(1, 0, 5).beside_at(5)] == [2]
    rejected = history.with_act(Act("cards", Deed.REJECT, 2, "Cid", "no", at=6))
    assert [each.version for each in rejected.beside_at(6)] == [1]
    assert [each.version for each in rejected.beside_at(5)] == [1, 2]


def test_two_people_with_names_alike():
    assert identity("Ann Lee") != identity("Anne Lee")


def test_a_refusal_is_a_requirement():
    for refusal in Refusal:
        assert "_must_" in refusal.value
        assert refusal.sentence.startswith("The ")
        assert str(RefusedError(refusal, where="here")).startswith(refusal.sentence)


def test_the_digest_of_a_document_depends_on_all_files_and_on_no_order():
    digest = document_digest("p", {"a": "1", "b": "2"})
    assert digest == document_digest("p", {"b": "2", "a": "1"})
    assert len({digest, document_digest("q", {"a": "1", "b": "2"}), document_digest("p", {})}) == 3


def test_every_deed_has_words():
    assert set(DEEDS) == set(Deed)
