"""The ledger agrees with its slow twin on random batches, and with itself after a replay."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_reference import SlowLedger

from headrace.ledger import asof
from headrace.ledger.account import Account, Limit
from headrace.ledger.journal import InMemory, Ledger
from headrace.ledger.outcome import Outcome
from headrace.ledger.transfer import Kind, Transfer

ACCOUNTS = (
    Account("cash", "1002", limit=Limit.CREDITS_AT_MOST_DEBITS),
    Account("loan", "1303"),
    Account("deposit", "2011", limit=Limit.DEBITS_AT_MOST_CREDITS),
    Account("capital", "4001"),
    Account("usd", "1002", currency="USD"),
    Account("usd capital", "4001", currency="USD"),
)
NAMES = [each.id for each in ACCOUNTS]
DAY = date(2026, 3, 1)
NEAR_THE_END = 2**62


@st.composite
def transfers(draw):
    kinds = [*[Kind.POST] * 4, Kind.HOLD, Kind.HOLD, Kind.POST_HOLD, Kind.VOID_HOLD]
    kind = draw(st.sampled_from(kinds))
    ids = st.sampled_from([f"t{number}" for number in range(14)])
    settles = kind in (Kind.POST_HOLD, Kind.VOID_HOLD)
    usual = st.none() if kind == Kind.VOID_HOLD else st.integers(1, 60)
    amount = draw(
        st.one_of(usual, usual, usual, st.none(), st.sampled_from([0, -3, NEAR_THE_END, 2**63 - 1]))
    )
    pairs = st.sampled_from([("cash", "capital"), ("loan", "cash"), ("deposit", "cash")])
    anything = st.tuples(st.sampled_from([*NAMES, "nobody"]), st.sampled_from(NAMES))
    debit, credit = draw(st.one_of(pairs, pairs, pairs, anything))
    return Transfer(
        id=draw(st.one_of(ids, ids, ids, ids, st.sampled_from(["", "x" * 129, "流水" * 21]))),
        debit=debit,
        credit=credit,
        amount=amount,
        on=DAY + timedelta(days=draw(st.integers(0, 2))),
        currency=draw(st.sampled_from(["CNY"] * 8 + ["USD"])),
        kind=kind,
        linked=draw(st.sampled_from([False, False, True])),
        timeout_seconds=draw(st.sampled_from([0, 0, 2, 5])) if kind == Kind.HOLD else 0,
        refers_to=draw(ids) if settles else draw(st.sampled_from(["", "", "", "t1"])),
        contract=draw(st.sampled_from(["", "", "C1"])),
        memo=draw(st.sampled_from(["", "", "disburse"])),
    )


batches = st.lists(
    st.tuples(st.integers(0, 4_000_000), st.lists(transfers(), max_size=9), st.booleans()),
    min_size=1,
    max_size=8,
)


def check_state(ledger: Ledger, slow: SlowLedger) -> None:
    for name, record in zip(NAMES, ledger.book.totals, strict=True):
        side = slow.world.sides[name]
        assert [int(record[key]) for key in vars(side)] == list(vars(side).values())


@given(batches)
@settings(max_examples=40)
def test_outcomes_totals_and_every_past_view(story):
    kept, slow = InMemory(), SlowLedger()
    ledger = Ledger(kept)
    ledger.commit(1, accounts=ACCOUNTS)
    for account in ACCOUNTS:
        slow.open(account)
    slow.now = now = 1
    moments, before = [], []
    for wait, new, again in story:
        now += wait
        batch = before + new if again else new  # some of it a retry of what came before
        saved = slow.now
        receipt = ledger.commit(now, batch)
        expected = slow.commit(now, batch)
        assert [Outcome(each) for each in receipt.outcomes] == expected
        assert receipt.all_held == all(each in (Outcome.DONE, Outcome.EXISTS) for each in expected)
        if receipt.batch is None:  # nothing was written down, so nothing expired for good
            slow.now = saved
        else:
            check_state(ledger, slow)
            moments.append(now)
        before = batch[:4]
    replayed = Ledger(kept)
    assert replayed.head == ledger.head
    assert (replayed.book.totals == ledger.book.totals).all()
    assert (replayed.book.entries == ledger.book.entries).all()
    assert ledger.verify() == ()
    for moment in [0, *moments]:
        for on in (None, DAY, DAY + timedelta(days=1)):
            check_views(ledger, slow, on, moment)


def check_views(ledger, slow, on, moment):
    trial = asof.trial_balance(ledger.book, on, moment)
    for row, name in enumerate(NAMES):
        expected = slow.as_of(name, on, moment)
        found = asof.balance(ledger.book, name, on, moment)
        assert (found.debits, found.credits, found.debits_held, found.credits_held) == expected
        told = trial.slice(row, 1).to_pylist()[0]
        held = told["debits_held"], told["credits_held"]
        assert (told["debits"], told["credits"], *held) == expected


@given(batches)
@settings(max_examples=25)
def test_a_batch_that_cannot_be_written_leaves_no_trace(story):
    class Refusing(InMemory):
        refuses = False

        def append(self, sealed):
            if self.refuses:
                message = "no space"
                raise OSError(message)
            return super().append(sealed)

    kept = Refusing()
    ledger = Ledger(kept)
    ledger.commit(1, accounts=ACCOUNTS[:5])
    now = 1
    for wait, batch, fails in story:
        now += wait
        kept.refuses = fails
        state = ledger.book.totals.copy(), ledger.book.entries.copy(), ledger.head
        try:
            ledger.commit(now, batch, ACCOUNTS)
        except OSError:
            assert (ledger.book.totals == state[0]).all()
            assert (ledger.book.entries == state[1]).all()
            assert ledger.head == state[2]
            assert len(ledger.book.numbers) == len(ledger.book.accounts) == len(state[0])
            kept.refuses = False
            again = ledger.commit(now, batch, ACCOUNTS)
            assert again.batch == state[2].batch + 1
    assert ledger.verify() == ()


def test_two_writers_of_the_same_batches_take_turns():
    kept = InMemory()
    one, other = Ledger(kept), Ledger(kept)
    one.commit(1, accounts=ACCOUNTS)
    seen = []
    for number in range(20):
        writer = (one, other)[number % 2]
        receipt = writer.commit(number, [Transfer(f"t{number}", "cash", "capital", 5, DAY)])
        seen.append(receipt.batch)
    assert seen == list(range(2, 22))
    repeated = other.commit(99, [Transfer("t18", "cash", "capital", 5, DAY)])
    assert repeated.outcomes.tolist() == [Outcome.EXISTS]
    one.catch_up()
    assert (one.book.totals == other.book.totals).all()


@pytest.mark.parametrize("count", [1_000, 5_000])
def test_thousands_of_ids_are_found_again(count):
    ledger = Ledger(InMemory())
    ledger.commit(1, accounts=ACCOUNTS)
    chance = np.random.default_rng(count)
    given_ = [
        Transfer(f"id {number}", "loan", "capital", int(amount), DAY)
        for number, amount in enumerate(chance.integers(1, 10**6, count))
    ]
    for start in range(0, count, 700):
        assert ledger.commit(2, given_[start : start + 700]).all_held
    order = chance.permutation(count)
    receipt = ledger.commit(3, [given_[place] for place in order])
    assert receipt.batch is None
    assert (receipt.outcomes == Outcome.EXISTS).all()
    assert asof.balance(ledger.book, "loan").debit == sum(each.amount for each in given_)
