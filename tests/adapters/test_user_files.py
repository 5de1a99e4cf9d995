import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.adapters.user_files import read_policy, read_text, write_file, write_policy
from headrace.errors import InputError

FILES = {"access.csv": "准入,表\n1,2\n", "economics.toml": "currency = 'CNY'\n"}
CONTENTS = {name: text.encode() for name, text in FILES.items()}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_text_is_read_in_any_usual_encoding(tmp_path, encoding):
    path = tmp_path / "text"
    path.write_bytes("评级,五年期利率\n".encode(encoding))
    assert read_text(path) == "评级,五年期利率\n"


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xff\x80\x00")
    with pytest.raises(InputError, match="not text"):
        read_text(path)
    with pytest.raises(InputError, match="No such file"):
        read_text(tmp_path / "absent")
    with pytest.raises(InputError, match="directory"):
        read_text(tmp_path)


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(data)
    with contextlib.suppress(InputError):
        assert isinstance(read_text(path), str)


def test_an_exported_policy_reads_back(tmp_path):
    folder = tmp_path / "a" / "policy"
    assert write_policy(folder, FILES) == [folder / name for name in FILES]
    assert (folder / "access.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert read_policy(folder, FILES) == CONTENTS
    (folder / "economics.toml").unlink()
    assert read_policy(folder, FILES) == {"access.csv": CONTENTS["access.csv"]}


def test_an_edited_policy_is_not_written_over(tmp_path):
    write_policy(tmp_path, FILES)
    write_policy(tmp_path, FILES)
    (tmp_path / "economics.toml").write_text("mine")
    (tmp_path / "access.csv").unlink()
    with pytest.raises(InputError, match=r"economics\.toml is there already"):
        write_policy(tmp_path, FILES)
    assert not (tmp_path / "access.csv").exists()


def test_a_misspelt_policy_file_is_named_with_the_near_miss(tmp_path):
    write_policy(tmp_path, FILES)
    (tmp_path / ".DS_Store").write_text("x")
    (tmp_path / "~$access.csv").write_text("x")
    assert read_policy(tmp_path, FILES) == CONTENTS
    (tmp_path / "economic.toml").write_text("x")
    with pytest.raises(InputError, match=r"economic\.toml is no policy file") as error:
        read_policy(tmp_path, FILES)
    assert "is economics.toml meant?" in error.value.remedy


def test_tables_of_any_name_and_notation_are_taken_as_they_are(tmp_path):
    (tmp_path / "tables.xlsx").write_bytes(b"PK\xff")
    (tmp_path / "model.dmn").write_bytes(b"<?xml version='1.0' encoding='gb18030'?>")
    (tmp_path / "region.yaml").write_text("表: 1", encoding="gb18030")
    assert read_policy(tmp_path, FILES) == {
        "model.dmn": b"<?xml version='1.0' encoding='gb18030'?>",
        "region.yaml": "表: 1".encode(),
        "tables.xlsx": b"PK\xff",
    }
    (tmp_path / "folder.dmn").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        read_policy(tmp_path, FILES)


def test_places_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be made"):
        write_policy(tmp_path / "file" / "below", FILES)
    with pytest.raises(InputError, match="cannot be written"):
        write_file(tmp_path / "absent" / "file", b"x")
    with pytest.raises(InputError, match="no such folder"):
        read_policy(tmp_path / "absent", FILES)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no policy file"):
        read_policy(tmp_path / "empty", FILES)
