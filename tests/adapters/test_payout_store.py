"""Payouts on the store: asked once, decided by somebody else, claimed before money moves."""

import threading
from dataclasses import replace

import pytest

from headrace.adapters.stores.payout import Asked, PayoutStore, State, StateError
from headrace.adapters.stores.web import WebStore
from headrace.errors import InputError

WHAT = Asked("L-1", "E1", "disburse", '{"on":"2024-01-02"}', 500, "CNY", "k1")


@pytest.fixture
def store(tmp_path):
    opened = WebStore.opened(str(tmp_path / "accounts.db"))
    yield PayoutStore(opened)
    opened.close()


def test_the_same_key_of_the_same_person_is_the_same_payout(store):
    first = store.ask(WHAT, "ada", 1)
    assert store.ask(WHAT, "ada", 9) == first
    assert first.id == "payout 1"
    with pytest.raises(InputError, match="key was used before"):
        store.ask(replace(WHAT, amount=501), "ada", 9)
    assert store.payouts() == (first,)


def test_one_payout_of_a_contract_waits_at_a_time(store):
    first = store.ask(WHAT, "ada", 1)
    with pytest.raises(StateError, match="Payout 1 of this contract waits"):
        store.ask(replace(WHAT, key="k2"), "eve", 2)
    store.reject(first.number, "bob", 3, "no")
    assert store.ask(replace(WHAT, key="k2"), "eve", 4).number == 2


def test_who_asked_decides_nothing(store):
    number = store.ask(WHAT, "ada", 1).number
    for decide in (
        lambda: store.claim(number, "ada", 2),
        lambda: store.reject(number, "ada", 2, ""),
    ):
        with pytest.raises(InputError, match="cannot decide"):
            decide()
    assert store.payout(number).is_open


def test_a_claim_is_carried_on_by_anybody_else_and_not_rejected(store):
    number = store.ask(WHAT, "ada", 1).number
    assert store.claim(number, "bob", 2).state is State.APPROVING
    with pytest.raises(StateError, match="approving already"):
        store.reject(number, "rita", 3, "late")
    assert store.claim(number, "rita", 4).decided_by == "rita"
    done = store.end(number, State.DONE)
    assert (done.state, done.is_open) == (State.DONE, False)
    for decide in (
        lambda: store.claim(number, "bob", 5),
        lambda: store.reject(number, "bob", 5, ""),
    ):
        with pytest.raises(StateError, match="done already"):
            decide()
    assert store.end(number, State.ASKED).state is State.DONE, "what is done stays done"


def test_a_claim_that_could_not_be_is_back_to_be_decided(store):
    number = store.ask(WHAT, "ada", 1).number
    store.claim(number, "bob", 2)
    back = store.end(number, State.ASKED, "no cash")
    assert (back.state, back.note) == (State.ASKED, "no cash")
    assert store.reject(number, "bob", 3, "ask again").note == "ask again"


def test_payouts_are_listed_newest_first_in_parts(store):
    for number in range(1, 6):
        store.ask(replace(WHAT, contract=f"L-{number}", key=f"k{number}"), "ada", number)
    store.reject(2, "bob", 9, "no")
    assert [each.number for each in store.payouts(count=2)] == [5, 4]
    assert [each.number for each in store.payouts(before=4)] == [3, 2, 1]
    assert [each.number for each in store.payouts(states=[State.REJECTED])] == [2]
    assert [each.number for each in store.payouts(contract="L-3")] == [3]
    assert store.payout(99) is None
    with pytest.raises(InputError, match="no such payout"):
        store.claim(99, "bob", 1)


def test_of_many_that_ask_at_once_one_is_kept(store):
    outcomes = []

    def ask(name):
        try:
            outcomes.append(store.ask(replace(WHAT, key=name), name, 1).number)
        except StateError:
            outcomes.append(None)

    threads = [threading.Thread(target=ask, args=(f"p{n}",)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes, key=str) == [1, *[None] * 7]
