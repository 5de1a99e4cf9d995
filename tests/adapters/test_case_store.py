"""The store of cases: what gathers, what came before, kills, races."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing as closed_after
from pathlib import Path

import case_writer
import numpy as np
import pytest
from sqlalchemy import event

from case_sample import HOUR, START, alert
from headrace.adapters.stores.case import CaseStore, Taken
from headrace.errors import EvidenceError, InputError
from headrace.monitor.cases import (
    Action,
    Outcome,
    Refusal,
    RefusedError,
    State,
    assignment,
    closing,
    reopening,
)

NOW = START + HOUR


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cases.db"


@pytest.fixture
def store(path):
    store = CaseStore.opened(str(path))
    yield store
    store.close()


def close(store, number, outcome=Outcome.FRAUD, at=NOW + 5):
    store.record(number, lambda case: assignment(case, "Ann", "Bob", at))
    return store.record(number, lambda case: closing(case, outcome, "Ann", at))


def test_alerts_open_cases_and_gather_in_them(store):
    taken = store.take([alert("d1"), alert("d2", "block"), alert("d3", customer="C2")], NOW)
    assert taken == Taken((1, 2), (), 0)
    assert store.take([alert("d4")], NOW + 1) == Taken((), (1,), 0)
    first, second = store.cases()
    assert [each.decision for each in first.alerts] == ["d1", "d2", "d4"]
    assert first.severity is Action.BLOCK
    assert first.due == NOW + HOUR
    assert second.customer == "C2"
    assert store.case(1) == first


def test_an_alert_that_comes_again_opens_nothing_twice(store):
    store.take([alert("d1"), alert("d2", customer="C2")], NOW)
    before = store.cases()
    assert store.take([alert("d2", customer="C2"), alert("d1")], NOW + 9) == Taken((), (), 2)
    assert store.cases() == before
    assert store.take([alert("d3"), alert("d3")], NOW).known == 1


def test_an_alert_of_a_closed_case_stays_where_it_was(store):
    store.take([alert("d1")], NOW)
    close(store, 1)
    assert store.take([alert("d1")], NOW + 9) == Taken((), (), 1)
    assert store.take([alert("d2")], NOW + 9) == Taken((2,), (), 0)
    assert (store.case_of("cards", "d1"), store.case_of("cards", "d2")) == (1, 2)
    assert store.case_of("cards", "d3") is None


def test_decisions_of_two_policies_may_have_one_id(store):
    taken = store.take([alert("d1"), alert("d1", policy="loans")], NOW)
    assert taken.opened == (1, 2)


def test_alerts_about_nobody_are_cases_of_their_own(store):
    nobody = [alert(f"d{each}", customer="") for each in range(3)]
    assert store.take(nobody, NOW).opened == (1, 2, 3)
    assert store.take([alert("d9", customer="")], NOW).opened == (4,)


def test_nothing_to_take_is_nothing_taken(store):
    assert store.take([], NOW) == Taken((), (), 0)
    assert store.cases() == ()


def test_many_alerts_at_once(store):
    alerts = [alert(f"d{each}", customer=f"C{each % 700}") for each in range(2_000)]
    assert len(store.take(alerts, NOW).opened) == 700
    assert store.take(alerts[:1500], NOW).known == 1_500
    assert sum(len(case.alerts) for case in store.cases()) == 2_000


def test_one_case_from_open_to_closed_and_back(store):
    store.take([alert("d1")], NOW)
    assert close(store, 1, Outcome.UNCLEAR).state is State.CLOSED
    again = store.record(1, lambda case: reopening(case, "Bob", NOW + 9, "more came up"))
    assert again.state is State.IN_REVIEW
    assert store.case(1) == again
    assert [each.number for each in again.events] == [1, 2, 3, 4]


def test_what_is_against_the_rules_leaves_nothing(store):
    store.take([alert("d1")], NOW)
    before = store.cases()
    with pytest.raises(RefusedError) as caught:
        store.record(1, lambda case: closing(case, Outcome.FRAUD, "Ann", NOW))
    assert caught.value.refusal is Refusal.A_CASE_MUST_BE_ASSIGNED_BEFORE_IT_IS_CLOSED
    assert store.cases() == before
    with pytest.raises(RefusedError) as caught:
        store.record(7, lambda case: assignment(case, "Ann", "Bob", NOW))
    assert caught.value.refusal is Refusal.THE_CASE_MUST_EXIST


def test_time_does_not_run_backwards(store):
    store.take([alert("d1")], NOW)
    assigned = store.record(1, lambda case: assignment(case, "Ann", "Bob", NOW - 50))
    assert assigned.events[-1].at == NOW
    store.take([alert("d2", customer="C2")], NOW - 99)
    assert store.case(2).opened == NOW


# --- files that are not as they should be ---------------------------------------------------------


def test_a_store_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such store"):
        CaseStore.opened(str(tmp_path / "nothing.db"), create=False)
    (tmp_path / "empty.db").write_bytes(b"")
    with pytest.raises(InputError, match="holds no cases"):
        CaseStore.opened(str(tmp_path / "empty.db"), create=False)
    (tmp_path / "text.db").write_text("no database at all, but a text\n" * 99, encoding="utf-8")
    with pytest.raises(InputError, match="cannot be used"):
        CaseStore.opened(str(tmp_path / "text.db"))
    with pytest.raises(InputError, match="cannot be opened"):
        CaseStore.opened("nonsense://x/y")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE case_event SET told = '{}' WHERE number = 1",
        "UPDATE case_event SET deed = 'sing' WHERE number = 2",
        "DELETE FROM case_event WHERE number = 1",
        "UPDATE case_event SET told = 'x' WHERE number = 2",
    ],
)
def test_an_event_that_was_altered_is_told(store, path, change):
    store.take([alert("d1")], NOW)
    store.record(1, lambda case: assignment(case, "Ann", "Bob", NOW))
    with closed_after(sqlite3.connect(path)) as connection:
        connection.execute(change)
        connection.commit()
    with pytest.raises(EvidenceError, match="against the rules"):
        store.cases()


# --- kills and races ------------------------------------------------------------------------------


def writer(path, name, first, count):
    folder = str(Path(case_writer.__file__).parent)
    command = [sys.executable, f"{folder}/case_writer.py", path, name, first, count]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)


def test_what_was_acknowledged_survives_kills_and_comes_once(path, store):
    chance = np.random.default_rng(3)
    told = []
    for _ in range(3):
        process = writer(path, "a", 0, 10_000)  # each begins from the start, as after a crash
        told += [process.stdout.readline().strip() for _ in range(4)]
        time.sleep(float(chance.uniform(0, 0.05)))
        os.kill(process.pid, signal.SIGKILL)
        told += process.stdout.read().split()
        process.stdout.close()
        process.wait()
    decisions = [each.decision for case in store.cases() for each in case.alerts]
    assert len(decisions) == len(set(decisions))
    assert {each for each in told if each} <= set(decisions)
    assert len(told) == len(set(told))


def test_two_writers_at_once_lose_nothing_and_gather_together(path, store):
    processes = [writer(path, "both", 0, 25) for _ in range(2)]
    told = [line for each in processes for line in each.communicate(timeout=60)[0].split()]
    assert [each.returncode for each in processes] == [0, 0]
    assert sorted(told) == sorted(f"both-{each}" for each in range(25))
    cases = store.cases()
    assert sorted(case.customer for case in cases) == [f"C{each}" for each in range(7)]
    assert sum(len(case.alerts) for case in cases) == 25


def test_what_is_looked_up_for_alerts_is_found_by_an_index(path, store):
    """Otherwise each alert takes as long as there were alerts before it."""
    asked = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def note(connection, cursor, statement, parameters, context, many):
        asked.append((statement, parameters))

    store.take([alert("d1"), alert("d2", customer="C2")], NOW)
    lookups = [each for each in asked if each[0].startswith("SELECT") and "WHERE" in each[0]]
    assert len(lookups) == 2
    with closed_after(sqlite3.connect(path)) as connection:
        for statement, parameters in lookups:
            plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            assert not any("SCAN" in step[3] for step in plan), plan
