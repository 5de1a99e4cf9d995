"""A receipt proves its decision to somebody who has only the public key."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import EvidenceError
from headrace.evidence.canonical import canonical_json
from headrace.evidence.checkpoint import public_key_of, sign_checkpoint
from headrace.evidence.commitment import COMMITMENT, DECISION_STEP, commit, salt_for
from headrace.evidence.log import Log
from headrace.evidence.merkle import Tree
from headrace.evidence.receipt import Receipt, check_receipt

SEED = bytes(range(32))
PUBLIC = public_key_of(SEED)
SECRET = b"a secret of at least 16 bytes"


def receipt_of(number, count=7):
    """The receipt of one of several decisions of a log that also holds a first step."""
    records = [
        canonical_json({"decision_id": f"D{each}", "limit_minor": 1_000_00 * each, "name": "模拟"})
        for each in range(count)
    ]
    salts = [salt_for(SECRET, f"D{each}") for each in range(count)]
    log = Log()
    log.append("ingest", inputs={}, definitions={}, outputs={}, facts={})
    for record, salt in zip(records, salts, strict=True):
        facts = {COMMITMENT: commit(record, salt)}
        log.append(DECISION_STEP, inputs={}, definitions={}, outputs={}, facts=facts)
    index = number + 1
    return Receipt(
        decision_id=f"D{number}",
        record=records[number].decode(),
        salt=salts[number].hex(),
        entry=log.lines[index].decode(),
        index=index,
        proof=tuple(each.hex() for each in Tree(log.lines).inclusion_proof(index)),
        checkpoint=sign_checkpoint("bank.example", log.size, log.root, SEED),
    )


@pytest.mark.parametrize("number", range(7))
def test_a_true_receipt_has_no_problem(number):
    assert check_receipt(receipt_of(number), PUBLIC) is None


def test_a_receipt_is_json_and_reads_back():
    receipt = receipt_of(3)
    assert Receipt.from_json(receipt.to_json()) == receipt
    pretty = json.dumps(json.loads(receipt.to_json()), indent=2)
    assert Receipt.from_json(pretty) == receipt
    assert check_receipt(Receipt.from_json(pretty), PUBLIC) is None


def test_another_key_proves_nothing():
    problem = check_receipt(receipt_of(3), public_key_of(bytes(32)))
    assert problem.where == "receipt of decision D3, checkpoint"


def test_a_better_limit_is_found():
    receipt = receipt_of(3)
    record = receipt.record.replace("300000", "900000")
    assert record != receipt.record
    problem = check_receipt(dataclasses.replace(receipt, record=record), PUBLIC)
    assert problem.where == "receipt of decision D3, record"


def test_somebody_elses_decision_is_found():
    mine, theirs = receipt_of(3), receipt_of(4)
    for field in ("record", "salt", "entry", "index", "proof"):
        mixed = dataclasses.replace(mine, **{field: getattr(theirs, field)})
        assert check_receipt(mixed, PUBLIC) is not None, field
    renamed = dataclasses.replace(theirs, decision_id="D3")
    assert check_receipt(renamed, PUBLIC) is not None


def test_a_receipt_of_another_log_is_found():
    """The same decisions and key, one decision more: another root."""
    mine, other = receipt_of(3), receipt_of(3, count=8)
    assert check_receipt(dataclasses.replace(mine, checkpoint=other.checkpoint), PUBLIC)
    assert check_receipt(dataclasses.replace(mine, proof=other.proof), PUBLIC)


@pytest.mark.parametrize(
    "changes",
    [
        {"salt": ""},
        {"salt": "zz" * 32},
        {"salt": " " * 64},
        {"record": "{}"},
        {"record": "\ud800"},
        {"record": '{"decision_id":"D3"}\n'},
        {"entry": ""},
        {"entry": "\ud800"},
        {"index": -1},
        {"index": 2**70},
        {"proof": ()},
        {"proof": ("",)},
        {"proof": ("not a hash",) * 3},
        {"checkpoint": ""},
        {"checkpoint": "\ud800"},
        {"decision_id": "\ud800"},
    ],
    ids=str,
)
def test_a_damaged_field_is_a_problem_and_no_error(changes):
    problem = check_receipt(dataclasses.replace(receipt_of(3), **changes), PUBLIC)
    assert problem is not None
    assert str(problem).isprintable()


TEXT = receipt_of(2).to_json().encode()


@given(st.integers(0, len(TEXT) - 1), st.integers(1, 255))
def test_one_changed_byte_anywhere_is_found(position, change):
    data = bytearray(TEXT)
    data[position] ^= change
    try:
        receipt = Receipt.from_json(data.decode())
    except (UnicodeDecodeError, EvidenceError):
        return
    # JSON can spell one value in two ways; a receipt that reads back equal is the same receipt.
    assert receipt == receipt_of(2) or check_receipt(receipt, PUBLIC) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "\ud800",
        "{" * 50_000,
        json.dumps({**json.loads(TEXT), "more": 1}),
        json.dumps({**json.loads(TEXT), "index": "2"}),
        json.dumps({**json.loads(TEXT), "index": True}),
        json.dumps({**json.loads(TEXT), "proof": "ab"}),
        json.dumps({**json.loads(TEXT), "proof": [1]}),
        json.dumps({**json.loads(TEXT), "salt": None}),
    ],
    ids=lambda text: ascii(text[-24:]),
)
def test_what_is_no_receipt_is_an_error_that_says_so(text):
    with pytest.raises(EvidenceError, match="this is not a receipt"):
        Receipt.from_json(text)


def test_a_receipt_holds_nothing_of_other_decisions():
    text = receipt_of(3).to_json()
    assert '"D3' in text.replace("\\", "")
    assert not any(f"D{number}" in text for number in (0, 1, 2, 4, 5, 6))
