"""The files of a policy in a folder."""

import pytest

from headrace.adapters import policy_folder
from headrace.adapters.policy_folder import is_policy, read_bytes, read_files, write_files
from headrace.errors import InputError


@pytest.fixture
def folder(tmp_path):
    for name in ("policy.yaml", "velocity.csv", ".hidden.csv", "~$velocity.xlsx", "notes.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "old.csv").mkdir()
    return tmp_path


def test_what_belongs_to_a_policy_is_read_and_nothing_else(folder):
    files = {"policy.yaml": b"policy.yaml", "velocity.csv": b"velocity.csv"}
    assert read_files(folder) == files
    assert read_files(folder / "policy.yaml") == files


def test_what_is_a_policy(folder, tmp_path):
    assert is_policy(folder)
    assert is_policy(folder / "policy.yaml")
    assert not is_policy(folder / "velocity.csv")
    assert not is_policy(tmp_path / "none")


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_files(tmp_path / "none")
    with pytest.raises(InputError, match="cannot be read"):
        read_bytes(tmp_path / "none")


def test_more_than_a_policy_needs_is_refused_unread(folder, monkeypatch):
    monkeypatch.setattr(policy_folder, "BYTES_MAX", 20)
    with pytest.raises(InputError, match="more than 20 bytes"):
        read_files(folder)
    (folder / "big.csv").write_text("x" * 21)
    with pytest.raises(InputError, match="more than 20 bytes"):
        read_bytes(folder / "big.csv")


def test_nothing_of_another_content_is_overwritten(tmp_path):
    out = tmp_path / "out"
    assert write_files(out, {"a": b"1", "b": b"2"}) == [out / "a", out / "b"]
    assert write_files(out, {"a": b"1"}) == [out / "a"]
    with pytest.raises(InputError, match="b is there already"):
        write_files(out, {"c": b"3", "b": b"other"})
    assert not (out / "c").exists()
    with pytest.raises(InputError, match="cannot be written"):
        write_files(out / "a", {"d": b"4"})
