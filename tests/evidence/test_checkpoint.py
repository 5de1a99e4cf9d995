"""Signed checkpoints: the C2SP form, one spelling, and no byte that can change."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import EvidenceError
from headrace.evidence.checkpoint import (
    Checkpoint,
    PublicKey,
    key_fingerprint,
    open_checkpoint,
    public_key_of,
    read_public_key,
    sign_checkpoint,
)

SEED = bytes(range(32))
PUBLIC = public_key_of(SEED)
OTHER_SEED = bytes(32)
ORIGIN = "bank.example/run"
ROOT = hashlib.sha256(b"root").digest()
TEXT = sign_checkpoint(ORIGIN, 12, ROOT, SEED)


def test_the_text_has_the_form_of_the_standard():
    origin, size, root, empty, signature, end = TEXT.split("\n")
    assert (origin, size, empty, end) == (ORIGIN, "12", "", "")
    assert base64.b64decode(root) == ROOT
    dash, name, blob = signature.split(" ")
    assert (dash, name) == ("\u2014", ORIGIN)
    decoded = base64.b64decode(blob)
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + PUBLIC).digest()[:4]
    assert decoded[:4] == key_id
    signed = f"{ORIGIN}\n12\n{root}\n".encode()
    Ed25519PublicKey.from_public_bytes(PUBLIC).verify(decoded[4:], signed)


def test_the_public_key_is_the_one_of_rfc_8032():
    """RFC 8032 §7.1, test 1."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    expected = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert public_key_of(seed).hex() == expected


def test_opening_gives_what_was_signed():
    assert open_checkpoint(TEXT, PUBLIC) == Checkpoint(ORIGIN, 12, ROOT)


def test_signing_twice_gives_the_same_text():
    assert sign_checkpoint(ORIGIN, 12, ROOT, SEED) == TEXT


@given(st.integers(0, 10**17), st.binary(min_size=32, max_size=32))
def test_any_size_and_root_opens(size, root):
    text = sign_checkpoint(ORIGIN, size, root, SEED)
    assert open_checkpoint(text, PUBLIC) == Checkpoint(ORIGIN, size, root)


def test_another_key_is_refused_by_its_id():
    with pytest.raises(EvidenceError, match="it was signed with key"):
        open_checkpoint(TEXT, public_key_of(OTHER_SEED))


def test_a_signature_of_another_text_is_refused():
    other = sign_checkpoint(ORIGIN, 13, ROOT, SEED)
    mixed = TEXT.rsplit("\n", 2)[0] + "\n" + other.rsplit("\n", 2)[1] + "\n"
    with pytest.raises(EvidenceError, match="the signature does not belong to this text"):
        open_checkpoint(mixed, PUBLIC)


def test_every_flipped_bit_of_every_byte_is_refused():
    data = TEXT.encode()
    for position in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            with pytest.raises(EvidenceError):
                open_checkpoint(changed.decode(errors="replace"), PUBLIC)


def test_every_removed_or_doubled_character_is_refused():
    for position in range(len(TEXT)):
        for changed in (
            TEXT[:position] + TEXT[position + 1 :],
            TEXT[:position] + TEXT[position] * 2 + TEXT[position + 1 :],
        ):
            with pytest.raises(EvidenceError):
                open_checkpoint(changed, PUBLIC)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n12\n", "\n012\n"),
        lambda text: text.replace("\n12\n", "\n+12\n"),
        lambda text: text.replace("\n12\n", "\n１２\n"),
        lambda text: text.replace("\n12\n", "\n" + "9" * 5_000 + "\n"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n\n", "\nextension\n\n"),
        lambda text: text + text.rsplit("\n", 2)[1] + "\n",
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.replace("\u2014", "-"),
        lambda text: text.replace("=\n\n", "\n\n"),
        lambda text: text[:-1],
        lambda text: "",
        lambda text: "\n\n\n\n\n",
        lambda text: "\ud800" + text,
    ],
)
def test_other_spellings_are_refused(change):
    with pytest.raises(EvidenceError, match="this is not a checkpoint"):
        open_checkpoint(change(TEXT), PUBLIC)


@given(st.text(max_size=60))
def test_any_text_can_be_tried(text):
    with pytest.raises(EvidenceError):
        open_checkpoint(text, PUBLIC)


@pytest.mark.parametrize("public", [b"", b"short", bytes(33)])
def test_a_key_that_is_none_is_refused(public):
    with pytest.raises(EvidenceError):
        open_checkpoint(TEXT, public)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "line\nbreak", "银行", "x" * 256])
def test_an_origin_must_be_a_name_for_a_key(origin):
    with pytest.raises(EvidenceError, match="the origin is not a name"):
        sign_checkpoint(origin, 1, ROOT, SEED)


def test_size_root_and_key_are_checked():
    with pytest.raises(EvidenceError, match="size from 0"):
        sign_checkpoint(ORIGIN, -1, ROOT, SEED)
    with pytest.raises(EvidenceError, match="root of 32 bytes"):
        sign_checkpoint(ORIGIN, 1, ROOT[:31], SEED)
    with pytest.raises(EvidenceError, match="seed of 32 bytes") as caught:
        sign_checkpoint(ORIGIN, 1, ROOT, b"secret")
    assert "secret" not in str(caught.value)


def test_a_verifier_key_reads_back():
    key = PublicKey(ORIGIN, PUBLIC)
    name, key_id, encoded = key.to_text().removesuffix("\n").split("+", 2)
    assert name == ORIGIN
    assert key_id == key.key_id.hex()
    assert base64.b64decode(encoded) == b"\x01" + PUBLIC
    assert read_public_key(key.to_text()) == key


def test_every_change_of_a_verifier_key_is_refused():
    data = PublicKey(ORIGIN, PUBLIC).to_text().encode()
    for position in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            with pytest.raises(EvidenceError):
                read_public_key(changed.decode(errors="replace"))
    for changed in (data[:-1], data + b"\n", data[1:], b"", b"+", b"++"):
        with pytest.raises(EvidenceError):
            read_public_key(changed.decode())


def test_the_fingerprint_is_the_digest_of_the_key():
    assert key_fingerprint(PUBLIC) == hashlib.sha256(PUBLIC).hexdigest()
