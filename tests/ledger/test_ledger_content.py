"""The bytes of a batch: there and back, and whatever else somebody puts in their place."""

import hashlib
import json
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_story import ACCOUNTS, CAPITAL, CASH, LOAN, quarter

from headrace.errors import EvidenceError, HeadraceError
from headrace.ledger import kernels
from headrace.ledger.columns import columns_of, joined, keys_of, text_array, text_parts
from headrace.ledger.content import FIRST_HASH, Content, chained, decoded
from headrace.ledger.journal import InMemory, Ledger
from headrace.ledger.transfer import Kind, Transfer, table_of, values_of

DAY = date(2026, 3, 1)
NUMBERS = {each.id: place for place, each in enumerate(ACCOUNTS)}

transfers = st.builds(
    Transfer,
    id=st.text(max_size=20),
    debit=st.sampled_from(list(NUMBERS)),
    credit=st.sampled_from(list(NUMBERS)),
    amount=st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
    on=st.dates(date(1900, 1, 1), date(2200, 1, 1)),
    currency=st.sampled_from(["CNY", "USD", "JPY"]),
    kind=st.sampled_from(Kind),
    linked=st.booleans(),
    timeout_seconds=st.integers(-(2**31), 2**31 - 1),
    refers_to=st.text(max_size=5),
    contract=st.text(max_size=5),
    fact=st.text(max_size=5),
    memo=st.text(max_size=5),
)


@given(st.lists(transfers, max_size=6), st.none() | st.integers(-(10**4), 10**5))
def test_there_and_back(given_, close):
    columns = columns_of(table_of(given_), NUMBERS)
    content = Content(7, 123, ACCOUNTS[:3], close, columns)
    data = content.encoded()
    back = decoded(data, "here")
    assert (back.number, back.known_at, back.accounts, back.close) == (7, 123, ACCOUNTS[:3], close)
    assert values_of(back.columns.table(list(ACCOUNTS))) == tuple(given_)
    assert back.encoded() == data


@given(st.lists(st.text(max_size=9)), st.integers(0, 5))
def test_texts_from_the_middle_of_others(texts, skipped):
    array = pa.array(texts, pa.string()).slice(skipped)
    ends, data = text_parts(array)
    assert text_array(ends, data).to_pylist() == texts[skipped:]
    keys = keys_of(array)
    for key, text in zip(keys, texts[skipped:], strict=True):
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        assert key.tobytes() == digest


def test_the_chain_is_plain_sha_256():
    kept = InMemory()
    ledger = Ledger(kept)
    ledger.commit(1, accounts=ACCOUNTS)
    ledger.commit(2, [Transfer("t", CASH.id, CAPITAL.id, 5, DAY)])
    one, other = kept.since(1)
    assert one.hash == hashlib.sha256(bytes(32) + one.content).hexdigest()
    assert other.hash == hashlib.sha256(bytes.fromhex(one.hash) + other.content).hexdigest()
    assert (one.previous, other.previous, ledger.head.hash) == (FIRST_HASH, one.hash, other.hash)
    head = json.loads(other.content.split(b"\n")[0])
    assert head == {
        "accounts": [], "batch": 2, "close": None, "known_at": 2, "transfers": 1, "version": 1,
    }  # fmt: skip


SAMPLE = Content(
    2, 2, (), None, columns_of(table_of([Transfer("t", CASH.id, CAPITAL.id, 5, DAY)]), NUMBERS)
).encoded()


@given(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255))
def test_any_byte_may_be_another(place, value):
    """A changed content is read, refused or against the rules; the chain tells it apart."""
    data = SAMPLE[:place] + bytes([value]) + SAMPLE[place + 1 :]
    kept = InMemory()
    ledger = Ledger(kept)
    ledger.commit(1, accounts=ACCOUNTS)
    ledger.commit(2, [Transfer("t", CASH.id, CAPITAL.id, 5, DAY)])
    batches = list(kept.since(1))
    forged = replace(batches[1], content=data, hash=chained(batches[0].hash, data))
    other = InMemory()
    other.append(batches[0])
    other.append(forged)
    try:
        again = Ledger(other)
    except EvidenceError:
        return
    assert data == SAMPLE or again.head.hash != ledger.head.hash
    for sealed in (replace(forged, hash=batches[1].hash),):
        broken = InMemory()
        broken.append(batches[0])
        broken.append(sealed)
        if data != SAMPLE:
            with pytest.raises(EvidenceError, match="altered"):
                Ledger(broken)


@given(st.integers(0, len(SAMPLE) - 1), st.binary(max_size=4))
def test_a_cut_or_longer_content_cannot_be_read(end, more):
    with pytest.raises(EvidenceError, match="cannot be read"):
        decoded(SAMPLE[:end], "batch 2")
    if more:
        with pytest.raises(EvidenceError, match="bytes, and"):
            decoded(SAMPLE + more, "batch 2")


@pytest.mark.parametrize(
    "head",
    [
        b"[]",
        b"null",
        b"{}",
        b'{"version":2}',
        b'{"accounts":[],"batch":1,"close":null,"known_at":1,"transfers":-1,"version":1}',
        b'{"accounts":[],"batch":1,"close":null,"known_at":1.5,"transfers":0,"version":1}',
        b'{"accounts":[],"batch":1,"close":null,"known_at":1,"transfers":99999999,"version":1}',
        b'{"accounts":[[1]],"batch":1,"close":null,"known_at":1,"transfers":0,"version":1}',
        b'{"accounts":7,"batch":1,"close":null,"known_at":1,"transfers":0,"version":1}',
        b'{"accounts":[],"batch":1,"close":"x","known_at":1,"transfers":0,"version":1}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_heads_that_are_none(head):
    with pytest.raises(EvidenceError, match="cannot be read"):
        decoded(head + b"\n", "batch 1")


def forged(known_at: int, debit: int) -> InMemory:
    """A second batch that no ledger wrote, with hashes that are right."""
    columns = columns_of(table_of([Transfer("t", CASH.id, CAPITAL.id, 5, DAY)]), NUMBERS)
    columns.numbers["debit"][0] = debit
    data = Content(2, known_at, (), None, columns).encoded()
    kept = InMemory()
    Ledger(kept).commit(5, accounts=ACCOUNTS)
    (first,) = kept.since(1)
    about = {"number": 2, "known_at": known_at, "transfers": 1}
    accounts = {"accounts": (), "first_account": len(ACCOUNTS)}
    hashes = {"previous": first.hash, "hash": chained(first.hash, data)}
    kept.append(replace(first, **about, **accounts, **hashes, content=data))
    return kept


@pytest.mark.parametrize(
    ("known_at", "debit"),
    [
        (5, 2**31 - 1),  # an account that is not there
        (5, -7),
        (5, NUMBERS[CAPITAL.id]),  # both the same
        (4, NUMBERS[CASH.id]),  # known before the batch before it
    ],
)
def test_what_was_written_against_the_rules_is_refused_on_replay(known_at, debit):
    assert Ledger(forged(5, NUMBERS[CASH.id])).head.batch == 2
    with pytest.raises(EvidenceError, match="against the rules"):
        Ledger(forged(known_at, debit))


def test_an_interrupted_batch_needs_the_ledger_opened_again():
    ledger = quarter()
    ledger.book.apply = None  # as if the program had been stopped in the middle
    with pytest.raises(TypeError):
        ledger.commit(10**9, [Transfer("t", CASH.id, CAPITAL.id, 5, DAY)])
    with pytest.raises(HeadraceError, match="interrupted"):
        ledger.commit(10**9, [Transfer("t", CASH.id, CAPITAL.id, 5, DAY)])


def test_totals_that_do_not_agree_stop_the_ledger():
    ledger = quarter()
    ledger.book.totals["debits"][3] += 1
    with pytest.raises(EvidenceError, match="Debits and credits in CNY differ"):
        ledger.commit(10**9, [Transfer("t", CASH.id, CAPITAL.id, 5, DAY)])
    (finding,) = ledger.verify()
    assert finding.where == "totals of accounts"


def test_columns_joined_and_taken():
    columns = columns_of(
        table_of([Transfer(f"t{each}", LOAN.id, CASH.id, each + 1, DAY) for each in range(4)]),
        NUMBERS,
    )
    both = joined([columns.take(np.array([3, 1])), columns.where(np.array([1, 0, 0, 0]) > 0)])
    assert both.texts["id"].to_pylist() == ["t3", "t1", "t0"]
    assert both.numbers["amount"].tolist() == [4, 2, 1]
    assert joined([columns]) is columns


def test_keys_that_share_a_word_and_a_half_are_told_apart():
    words = [(1, 5 << 32 | 1), (1, 5 << 32 | 2), (1, 6 << 32 | 1), (9, 5 << 32 | 1)]
    keys = np.array([*words, (1, 5 << 32 | 3)], np.uint64)
    slots = np.zeros(8, np.uint64)
    kernels.keep(keys, slots, 0, len(words))
    assert [kernels.find(keys, slots, *key) for key in keys[:4]] == [0, 1, 2, 3]
    assert kernels.find(keys, slots, *keys[4]) < 0
