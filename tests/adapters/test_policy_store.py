"""The store of policies: rules, chain, kills, races."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import policy_writer
import pytest

from headrace.adapters.stores.policy import PolicyStore
from headrace.decisions.flow.lists import Entry
from headrace.errors import EvidenceError, InputError
from headrace.workflows.policy_history import (
    NO_PREVIOUS,
    Act,
    Deed,
    History,
    Refusal,
    RefusedError,
)

POLICY = "cards"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "policies.db"


@pytest.fixture
def store(path):
    store = PolicyStore.opened(str(path))
    yield store
    store.close()


def propose(store, digest, author="Ann", at=10, **files):
    act = Act(POLICY, Deed.PROPOSE, 0, author, "why", {"digest": digest})
    contents = {name: text.encode() for name, text in (files or {"policy": digest}).items()}
    return store.propose(act, contents, at)


def do(store, deed, version, by="Bob", comment="because", at=20, **told):
    return store.record(Act(POLICY, deed, version, by, comment, told), at)


def approved(store, *digests, at=10):
    for digest in digests:
        done = propose(store, digest, at=at)
        do(store, Deed.APPROVE, done.version, at=at)


def check_refused(refusal, act, *arguments, **more):
    with pytest.raises(RefusedError) as caught:
        act(*arguments, **more)
    assert caught.value.refusal is refusal
    assert caught.value.where


# --- versions -------------------------------------------------------------------------------------


def test_a_version_keeps_its_files_author_and_parent(store):
    first = propose(store, "a", policy="one", velocity="rules")
    second = propose(store, "b", policy="two", velocity="rules")
    assert (first.version, first.told["parent"]) == (1, 0)
    assert (second.version, second.told["parent"]) == (2, 1)
    assert store.files(POLICY, 1) == {"policy": b"one", "velocity": b"rules"}
    assert store.files(POLICY, 2)["policy"] == b"two"
    assert store.policies() == (POLICY,)
    assert [version.proposal.by for version in store.history(POLICY).versions] == ["Ann", "Ann"]


def test_files_that_two_versions_share_are_kept_once(store, path):
    propose(store, "a", policy="one", velocity="rules")
    propose(store, "b", policy="two", velocity="rules")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("select count(*) from policy_file").fetchone() == (3,)


def test_policies_do_not_mix(store):
    propose(store, "a")
    other = store.propose(Act("loans", Deed.PROPOSE, 0, "Ann", "", {"digest": "a"}), {}, 10)
    assert other.version == 1
    assert store.policies() == ("cards", "loans")
    assert len(store.history(POLICY).versions) == 1
    assert store.verify() == ()


def test_what_was_not_proposed_is_not_there(store):
    check_refused(Refusal.VERSION_MUST_EXIST, store.files, POLICY, 1)
    assert store.history(POLICY) == History(POLICY)
    assert store.head() == (0, NO_PREVIOUS)


# --- four eyes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Ann Lee", "ann lee", " ANN  LEE ", "Ａｎｎ Lee", "Ann\u200b Lee"]
)
def test_the_author_does_not_approve_under_any_spelling(store, name):
    propose(store, "a", author="Ann Lee")
    check_refused(Refusal.APPROVER_MUST_NOT_BE_THE_AUTHOR, do, store, Deed.APPROVE, 1, name)
    assert not store.history(POLICY).version(1).is_approved


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\u3000"])
def test_nobody_does_nothing(store, name):
    check_refused(Refusal.PERSON_MUST_BE_NAMED, propose, store, "a", name)
    propose(store, "a")
    for deed in (Deed.APPROVE, Deed.REJECT):
        check_refused(Refusal.PERSON_MUST_BE_NAMED, do, store, deed, 1, name)
    do(store, Deed.APPROVE, 1)
    check_refused(Refusal.PERSON_MUST_BE_NAMED, do, store, Deed.ACTIVATE, 1, name)


def test_a_version_must_say_something_new(store):
    propose(store, "a")
    check_refused(Refusal.POLICY_MUST_HAVE_CHANGED, propose, store, "a", policy="other layout")
    propose(store, "b")
    assert propose(store, "a").version == 3  # again, in the open


def test_a_rejection_is_for_good(store):
    propose(store, "a")
    check_refused(Refusal.REJECTION_MUST_SAY_WHY, do, store, Deed.REJECT, 1, comment=" ")
    do(store, Deed.REJECT, 1, "Ann")  # an author may withdraw
    check_refused(Refusal.REJECTED_VERSION_MUST_BE_PROPOSED_ANEW, do, store, Deed.APPROVE, 1)
    check_refused(Refusal.REJECTED_VERSION_MUST_NOT_BE_ACTIVATED, do, store, Deed.ACTIVATE, 1)
    assert store.history(POLICY).version(1).state == "rejected"


def test_an_approval_can_be_followed_by_a_rejection(store):
    approved(store, "a", "b")
    check_refused(Refusal.VERDICT_MUST_BE_NEW, do, store, Deed.APPROVE, 1, "BOB")
    do(store, Deed.APPROVE, 1, "Cid")
    do(store, Deed.ACTIVATE, 1, at=20)
    do(store, Deed.ACTIVATE, 2, at=30)
    do(store, Deed.REJECT, 1, "Dan")
    check_refused(Refusal.REJECTED_VERSION_MUST_NOT_BE_ACTIVATED, do, store, Deed.ROLL_BACK, 1)


# --- activation -----------------------------------------------------------------------------------


def test_only_what_is_approved_and_exists_is_activated(store):
    check_refused(Refusal.VERSION_MUST_EXIST, do, store, Deed.ACTIVATE, 1)
    propose(store, "a")
    check_refused(Refusal.VERSION_MUST_BE_APPROVED, do, store, Deed.ACTIVATE, 1)
    do(store, Deed.APPROVE, 1)
    assert do(store, Deed.ACTIVATE, 1).told == {"from": 20}
    check_refused(Refusal.VERSION_MUST_NOT_BE_ACTIVE_ALREADY, do, store, Deed.ACTIVATE, 1)
    check_refused(Refusal.VERSION_MUST_EXIST, do, store, Deed.ACTIVATE, 2)


def test_which_version_decides_at_a_moment(store):
    approved(store, "a", "b")
    do(store, Deed.ACTIVATE, 1, at=20)
    do(store, Deed.ACTIVATE, 2, at=30, **{"from": 50})
    history = store.history(POLICY)
    assert [history.active_at(moment) for moment in (19, 20, 49, 50, 99)] == [None, 1, 1, 2, 2]


def test_an_activation_speaks_of_no_past_and_of_nothing_before_the_last(store):
    approved(store, "a", "b", "c")
    past = {"from": 19}
    check_refused(
        Refusal.ACTIVATION_MUST_NOT_BE_IN_THE_PAST, do, store, Deed.ACTIVATE, 1, at=20, **past
    )
    do(store, Deed.ACTIVATE, 1, at=20)
    do(store, Deed.ACTIVATE, 2, at=20, **{"from": 100})
    between = {"from": 60}
    refusal = Refusal.ACTIVATION_MUST_NOT_PRECEDE_THE_LAST
    check_refused(refusal, do, store, Deed.ACTIVATE, 3, at=30, **between)
    do(store, Deed.ACTIVATE, 3, at=30, **{"from": 100})
    assert store.history(POLICY).active_at(100) == 3


def test_a_rollback_goes_back_at_once_and_takes_what_was_planned_with_it(store):
    approved(store, "a", "b", "c")
    do(store, Deed.ACTIVATE, 1, at=20)
    do(store, Deed.ACTIVATE, 2, at=30)
    do(store, Deed.ACTIVATE, 3, at=40, **{"from": 100})
    check_refused(Refusal.ROLLBACK_MUST_SAY_WHY, do, store, Deed.ROLL_BACK, 1, comment="", at=50)
    do(store, Deed.ROLL_BACK, 1, comment="too many calls", at=50)
    history = store.history(POLICY)
    assert [history.active_at(moment) for moment in (25, 35, 49, 50, 100)] == [1, 2, 2, 1, 1]
    for version in (1, 2, 3):
        refusal = Refusal.ROLLBACK_MUST_GO_TO_AN_EARLIER_VERSION
        check_refused(refusal, do, store, Deed.ROLL_BACK, version, at=60)


def test_a_rollback_may_cancel_a_plan_alone(store):
    approved(store, "a", "b")
    do(store, Deed.ACTIVATE, 1, at=20)
    do(store, Deed.ACTIVATE, 2, at=30, **{"from": 100})
    do(store, Deed.ROLL_BACK, 1, at=40)
    assert store.history(POLICY).active_at(200) == 1


def test_a_clock_that_goes_back_does_not_change_what_was_recorded(store):
    approved(store, "a", "b", at=10)
    do(store, Deed.ACTIVATE, 1, at=50)
    done = do(store, Deed.ACTIVATE, 2, at=30)
    assert (done.at, done.start) == (50, 50)


# --- lists ----------------------------------------------------------------------------------------


def entry(value="C17", **more):
    told = {"list": "blocked", "scope": "", "valid_from": 5, "valid_until": None, "reason": ""}
    return Entry(**{**told, "value": value, "owner": "desk", "recorded": 999, **more})


def test_entries_are_recorded_when_they_are_recorded(store):
    store.add_entries([entry(), entry("C18")], "desk", 20)
    store.add_entries([entry(valid_until=5)], "desk", 30)
    lists = store.lists()
    assert [each.recorded for each in lists.entries] == [20, 20, 30]
    assert [len(store.lists(moment).entries) for moment in (19, 20, 30)] == [0, 2, 3]
    assert lists.find("blocked", "C17", POLICY, 25) >= 0
    assert lists.find("blocked", "C17", POLICY, 35) < 0
    assert store.policies() == ()
    assert store.verify() == ()


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"owner": " "}, Refusal.ENTRY_MUST_BE_COMPLETE),
        ({"value": ""}, Refusal.ENTRY_MUST_BE_COMPLETE),
        ({"valid_until": 4}, Refusal.ENTRY_MUST_END_AFTER_IT_STARTS),
    ],
)
def test_entries_that_cannot_be_are_refused_as_a_whole(store, wrong, refusal):
    check_refused(refusal, store.add_entries, [entry(), entry(**wrong)], "desk", 20)
    assert store.lists().entries == ()


# --- tampering ------------------------------------------------------------------------------------


def busy(store):
    approved(store, "a", "b")
    do(store, Deed.ACTIVATE, 1)
    do(store, Deed.ACTIVATE, 2)
    store.add_entries([entry()], "desk", 40)


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("update policy_act set by = 'Eve' where number = 2", "act 2"),
        ("update policy_act set at = 11 where number = 3", "act 3"),
        ("update policy_act set told = '{}' where number = 1", "act 1"),
        ("update policy_act set told = 'x' where number = 7", "act 7"),
        ("update policy_act set deed = 'delete' where number = 4", "act 4"),
        ("delete from policy_act where number = 3", "act 4"),
        ("update policy_file set content = x'00'", "cards version 1, policy"),
        ("delete from policy_file", "cards version 1, policy"),
        ("update policy_act set previous = digest where number = 5", "act 5"),
    ],
)
def test_whatever_is_altered_is_found(store, path, statement, where):
    busy(store)
    assert store.verify() == ()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)
    assert where in [problem.where for problem in store.verify()]


def test_an_act_against_the_rules_is_found_though_its_chain_holds(store, path):
    """Whoever can write the database can chain anew, and still not approve their own version."""
    propose(store, "a")
    number, digest = store.head()
    forged = Act(POLICY, Deed.APPROVE, 1, "Ann", "", {}, number + 1, 20, digest)
    row = (forged.number, POLICY, "approve", 1, "Ann", "", "{}", 20, digest, forged.digest())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"insert into policy_act values ({','.join('?' * 10)})", row)
    assert [problem.where for problem in store.verify()] == ["act 2"]
    with pytest.raises(EvidenceError, match="against the rules"):
        store.history(POLICY)


def test_altered_files_are_not_handed_out(store, path):
    busy(store)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update policy_file set content = x'00'")
    with pytest.raises(EvidenceError, match="not what was proposed"):
        store.files(POLICY, 1)


def test_the_head_shows_what_was_cut_off(store, path):
    busy(store)
    before = store.head()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("delete from policy_act where number = 7")
    assert store.verify() == ()  # a chain cannot know how long it was
    assert store.head() != before


# --- addresses ------------------------------------------------------------------------------------


def test_a_store_that_is_not_there_is_not_made_by_looking(path):
    with pytest.raises(InputError, match="no such store"):
        PolicyStore.opened(str(path), create=False)
    assert not path.exists()


def test_another_database_is_no_store(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table t (x)")
    with pytest.raises(InputError, match="holds no policies"):
        PolicyStore.opened(str(path), create=False)


@pytest.mark.parametrize("address", ["text", "nowhere/policies.db"])
def test_what_is_no_database_is_refused(tmp_path, address):
    (tmp_path / "text").write_text("this is no database at all" * 100)
    with pytest.raises(InputError, match="cannot be used"):
        PolicyStore.opened(str(tmp_path / address))


def test_a_password_is_not_shown():
    with pytest.raises(InputError) as caught:
        PolicyStore.opened("postgresql://tester:secret-word@127.0.0.1:1/none")
    assert "secret-word" not in str(caught.value)


def test_sqlite_writes_through(store):
    with store._engine.connect() as connection:
        told = [
            connection.exec_driver_sql(f"pragma {name}").scalar()
            for name in ("journal_mode", "synchronous")
        ]
    assert told == ["wal", 2]


# --- kills and races ------------------------------------------------------------------------------


class Lives:
    """The writer of `policy_writer.py`."""

    def __init__(self):
        command = [sys.executable, policy_writer.__file__]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def begin(self, kind, number, path):
        self.process.stdin.write(f"{kind} {number} {path}\n".encode())
        self.process.stdin.flush()

    def told(self):
        lines = []
        while (line := self.process.stdout.readline()) != b"over\n":
            assert line, "the writer has ended"
            lines.append(line.decode().strip())
        return lines

    def kill_after(self, seconds, seed, path):
        """Runs a life for so long; returns the number of the last act it was told of."""
        self.begin("write", seed, path)
        life = int(self.process.stdout.readline())
        time.sleep(seconds)
        os.kill(life, signal.SIGKILL)
        return max(map(int, self.told()), default=0)

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()


@pytest.fixture(scope="module")
def lives():
    lives = Lives()
    yield lives
    assert lives.end() == 0


def test_kill_9_at_any_moment_loses_nothing_recorded(lives, path):
    chance = np.random.default_rng(4)
    recorded = 0
    for seed in range(25):
        seconds = 0.02 + float(chance.exponential(0.03))
        recorded = max(recorded, lives.kill_after(seconds, seed, path))
        store = PolicyStore.opened(str(path), create=True)
        assert store.verify() == ()
        assert recorded <= store.head()[0] <= recorded + 2  # told or killed before it could tell
        recorded = store.head()[0]
        history = store.history(POLICY)
        for version in history.versions[-1:]:
            assert len(store.files(POLICY, version.number)["policy.yaml"]) == 2_000
        store.close()
    assert recorded > 50


def test_of_two_that_race_one_comes_first_and_the_other_knows(lives, tmp_path):
    """Two activations at one moment: both in order, or the later one refused; never one lost."""
    outcomes = set()
    for turn in range(12):
        path = tmp_path / f"{turn}.db"
        store = PolicyStore.opened(str(path))
        approved(store, "a", "b", "c", at=1)
        do(store, Deed.ACTIVATE, 1, at=1)
        before = store.head()[0]
        lives.begin("race", 1_000 + turn, path)
        told = lives.told()
        assert len(told) == 2
        assert all(each.startswith("act") for each in told), told
        assert store.verify() == ()
        first, last = store.acts(POLICY)[before:]
        assert {first.version, last.version} == {2, 3}
        assert {f"act {each.number} version {each.version}" for each in (first, last)} == set(told)
        assert store.history(POLICY).active_at(2_000) == last.version
        outcomes.add(last.version)
        store.close()
    assert outcomes <= {2, 3}
