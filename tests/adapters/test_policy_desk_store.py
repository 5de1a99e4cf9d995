"""Drafts that no window overwrites, and what came of trials."""

import pytest

from headrace.adapters.stores.policy_desk import (
    Draft,
    DraftMovedOnError,
    PolicyDeskStore,
    Trial,
)
from headrace.adapters.stores.web import WebStore


@pytest.fixture
def desk(tmp_path):
    store = WebStore.opened(str(tmp_path / "accounts.db"))
    yield PolicyDeskStore(store)
    store.close()


def trial(name="t1", digest="d", at=1):
    told = {"cases": 3, "changed": 1}
    return Trial(name, "p", digest, 0, "rita", at, told, ({"party": "E1\0", "new": None},))


def test_a_draft_is_kept_for_its_user_and_policy_alone(desk):
    saved = desk.save(Draft("rita", "p", 2, {"a.csv": "x\n汉\0"}), 5)
    assert (saved.revision, saved.at) == (1, 5)
    assert desk.draft("rita", "p") == saved
    assert desk.draft("rita", "q") is desk.draft("ann", "p") is None


def test_of_two_windows_none_overwrites_what_the_other_saved(desk):
    seen = desk.save(Draft("rita", "p", 0, {"a": "1"}), 1)
    first = desk.save(Draft("rita", "p", 0, {"a": "2"}, seen.revision), 2)
    with pytest.raises(DraftMovedOnError, match="another window"):
        desk.save(Draft("rita", "p", 0, {"a": "3"}, seen.revision), 3)
    with pytest.raises(DraftMovedOnError):
        desk.save(Draft("rita", "p", 0, {"a": "3"}), 3)
    assert desk.draft("rita", "p") == first


def test_a_discarded_draft_begins_anew(desk):
    desk.save(Draft("rita", "p", 0, {}), 1)
    desk.discard("rita", "p")
    desk.discard("rita", "p")
    assert desk.draft("rita", "p") is None
    assert desk.save(Draft("rita", "p", 1, {}), 2).revision == 1


def test_a_trial_is_kept_once_however_often_it_is_made(desk):
    desk.keep_trial(trial())
    desk.keep_trial(trial())
    assert desk.trial("p", "t1") == trial()
    assert desk.trial("q", "t1") is desk.trial("p", "t2") is None


def test_trials_come_newest_first_by_document_and_without_persons(desk):
    for name, digest, at in (("a", "d", 1), ("b", "d", 3), ("c", "e", 2)):
        desk.keep_trial(trial(name, digest, at))
    assert [each.id for each in desk.trials("p")] == ["b", "c", "a"]
    assert [each.id for each in desk.trials("p", "d")] == ["b", "a"]
    assert all(not each.changes for each in desk.trials("p"))
