"""The signing key: made once, readable by its owner only, never shown."""

import stat
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from headrace.adapters.keys import load_or_create_signing_key, signing_key_path
from headrace.errors import EvidenceError
from headrace.evidence.checkpoint import (
    key_fingerprint,
    open_checkpoint,
    public_key_of,
    sign_checkpoint,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config" / "headrace" / "signing.key"


def write_key(path, text, mode=0o600):
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    path.chmod(mode)


def test_a_new_key_is_made_and_then_kept(path):
    key = load_or_create_signing_key(path)
    assert load_or_create_signing_key(path) == key
    assert public_key_of(key.private) == key.public
    assert key.name == f"headrace-{key_fingerprint(key.public)[:16]}"


def test_two_files_hold_two_keys(tmp_path):
    one, two = (load_or_create_signing_key(tmp_path / name) for name in ("one", "two"))
    assert one.private != two.private
    assert one.name != two.name


def test_only_the_owner_can_read_the_file_and_enter_its_folder(path):
    load_or_create_signing_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == ["signing.key"]


def test_the_name_can_be_the_origin_of_a_log(path):
    key = load_or_create_signing_key(path)
    text = sign_checkpoint(key.name, 1, bytes(32), key.private)
    assert open_checkpoint(text, key.public).origin == key.name


def test_the_file_is_pem_that_other_tools_write_and_read(path):
    pem = Ed25519PrivateKey.from_private_bytes(bytes(32)).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    write_key(path, pem)
    assert load_or_create_signing_key(path).private == bytes(32)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_a_file_that_others_can_use_is_refused_with_the_command_to_run(path, mode):
    load_or_create_signing_key(path)
    path.chmod(mode)
    with pytest.raises(EvidenceError, match="others can read the signing key") as caught:
        load_or_create_signing_key(path)
    assert caught.value.remedy == f"run: chmod 600 {path}"
    path.chmod(0o600)
    load_or_create_signing_key(path)


def encrypted():
    return Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
    )


def of_another_kind():
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


@pytest.mark.parametrize(
    "make",
    [lambda: b"", lambda: b"my secret words", lambda: b"\xff" * 32, encrypted, of_another_kind],
    ids=["empty", "words", "bytes", "encrypted", "elliptic"],
)
def test_what_is_no_ed25519_key_is_refused_kept_and_not_shown(path, make):
    text = make()
    write_key(path, text)
    with pytest.raises(EvidenceError, match="no Ed25519 private key") as caught:
        load_or_create_signing_key(path)
    assert caught.value.where == str(path)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert path.read_bytes() == text


def test_the_private_key_is_in_no_representation(path):
    key = load_or_create_signing_key(path)
    for shown in (repr(key), str(key), f"{key}"):
        assert repr(key.private) not in shown
        assert key.private.hex() not in shown
        assert "private" not in shown


def test_a_folder_in_place_of_the_file_is_an_error(path):
    path.mkdir(parents=True)
    path.chmod(0o700)
    with pytest.raises(EvidenceError, match="cannot be used"):
        load_or_create_signing_key(path)


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path):
    (tmp_path / "config").write_text("")
    with pytest.raises(EvidenceError, match="cannot be used") as caught:
        load_or_create_signing_key(tmp_path / "config" / "signing.key")
    assert "HEADRACE_SIGNING_KEY" in caught.value.remedy


def test_processes_that_start_together_agree_on_one_key(path):
    keys = []
    start = threading.Barrier(8)

    def load():
        start.wait()
        keys.append(load_or_create_signing_key(path))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len({key.private for key in keys}) == 1
    assert [each.name for each in path.parent.iterdir()] == ["signing.key"]


def test_the_environment_chooses_the_file():
    assert signing_key_path({"HEADRACE_SIGNING_KEY": "/keys/a.key"}) == Path("/keys/a.key")
    default = Path.home() / ".config" / "headrace" / "signing.key"
    assert signing_key_path({}) == signing_key_path({"HEADRACE_SIGNING_KEY": ""}) == default
    assert signing_key_path({"HEADRACE_SIGNING_KEY": "~/a"}) == Path.home() / "a"


def test_without_a_path_the_environment_of_the_process_counts(path, monkeypatch):
    monkeypatch.setenv("HEADRACE_SIGNING_KEY", str(path))
    assert load_or_create_signing_key() == load_or_create_signing_key(path)
