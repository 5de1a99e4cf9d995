"""The store of policies on PostgreSQL: the same statements, the same rules, writers at once."""

import threading

import pytest
from test_policy_store import approved, busy, check_refused, do, entry

from headrace.adapters.stores.policy import PolicyStore
from headrace.workflows.policy_history import Deed, Refusal

pytestmark = pytest.mark.services
pytest.importorskip("psycopg", reason="pip install 'headrace[postgres]'")


@pytest.fixture(scope="module")
def store(dsn):
    store = PolicyStore.opened(dsn)
    yield store
    store.close()


def test_versions_rules_files_and_lists(store):
    busy(store)
    assert store.verify() == ()
    assert store.history("cards").active_at(100) == 2
    assert store.files("cards", 1) == {"policy": b"a"}
    assert len(store.lists().entries) == 1
    check_refused(Refusal.APPROVER_MUST_NOT_BE_THE_AUTHOR, do, store, Deed.APPROVE, 1, "ann")


def test_of_writers_at_once_none_is_lost(store, dsn):
    before = len(store.lists().entries)

    def write(writer):
        own = PolicyStore.opened(dsn)
        for number in range(10):
            own.add_entries([entry(f"{writer}-{number}")], "desk", 1)
        own.close()

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.lists().entries) == before + 40
    assert store.verify() == ()


def test_of_two_that_activate_at_once_both_are_in_order(store, dsn):
    approved(store, "d", "e", at=50)
    versions = [version.number for version in store.history("cards").versions[-2:]]
    gate = threading.Barrier(2)

    def activate(version):
        own = PolicyStore.opened(dsn)
        gate.wait()
        do(own, Deed.ACTIVATE, version, at=60)
        own.close()

    threads = [threading.Thread(target=activate, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = store.history("cards").activations[-2:]
    assert {act.version for act in last} == set(versions)
    assert store.history("cards").active_at(1_000) == last[1].version
    assert store.verify() == ()
