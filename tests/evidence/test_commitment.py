"""Salted commitments: bound to the record, silent about it."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import EvidenceError
from headrace.evidence.commitment import (
    COMMITMENT,
    DECISION_STEP,
    SALT_BYTES,
    commit,
    is_commitment,
    salt_for,
)
from headrace.evidence.log import NO_PREVIOUS, Entry

SECRET = b"a secret of at least 16 bytes"
DIGEST = "ab" * 32


def test_a_commitment_is_the_digest_of_length_salt_and_record():
    expected = hashlib.sha256(b"\0\0\0\0\0\0\0\x04" + b"salt" + b"record").hexdigest()
    assert commit(b"record", b"salt") == expected


@given(st.binary(max_size=20), st.binary(max_size=20), st.integers(0, 20))
def test_moving_the_border_between_salt_and_record_changes_it(salt, record, border):
    joined = salt + record
    same = joined[:border] == salt
    assert (commit(joined[border:], joined[:border]) == commit(record, salt)) is same


def test_the_salt_is_what_keeps_a_short_record_from_being_guessed():
    record = b'{"outcome":"decline"}'
    salts = [salt_for(SECRET, name) for name in ("decision 1", "decision 2")]
    assert len({commit(record, salt) for salt in salts} | {hashlib.sha256(record).hexdigest()}) == 3


def test_salts_are_the_same_whenever_they_are_asked_for():
    assert salt_for(SECRET, "企业 1") == salt_for(SECRET, "企业 1")
    assert salt_for(SECRET, "a") == hmac.new(SECRET, b"a", hashlib.sha256).digest()
    assert len(salt_for(SECRET, "a")) == SALT_BYTES


@given(st.text(max_size=6), st.text(max_size=6))
def test_each_name_has_a_salt_of_its_own(one, two):
    if one.isascii() and two.isascii() and one != two:
        assert salt_for(SECRET, one) != salt_for(SECRET, two)
    assert salt_for(SECRET, "a") != salt_for(SECRET + b"!", "a")


@pytest.mark.parametrize("secret", [b"", b"fifteen bytes.."])
def test_a_short_secret_is_refused_and_not_shown(secret):
    with pytest.raises(EvidenceError, match="at least 16") as caught:
        salt_for(secret, "a")
    assert "fifteen" not in str(caught.value)


def entry(**changes):
    fields = {
        "index": 0,
        "step": DECISION_STEP,
        "inputs": {},
        "definitions": {},
        "outputs": {},
        "previous": NO_PREVIOUS,
        "facts": {COMMITMENT: DIGEST},
    }
    return Entry(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"step": "features"}, False),
        ({"facts": {}}, False),
        ({"facts": {COMMITMENT: 7}}, False),
        ({"facts": {COMMITMENT: "short"}}, False),
        ({"facts": {COMMITMENT: DIGEST, "rows": 1}}, False),
        ({"inputs": {"a": DIGEST}}, False),
        ({"outputs": {"a": DIGEST}}, False),
        ({"definitions": {"a": "1"}}, False),
    ],
)
def test_a_commitment_entry_holds_nothing_else(changes, expected):
    assert is_commitment(entry(**changes)) is expected
