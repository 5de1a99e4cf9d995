"""One value, one sequence of bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.evidence.canonical import (
    canonical_json,
    is_hex,
    join_lines,
    parse_canonical,
    parse_object,
    split_lines,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
objects = st.dictionaries(texts, values, max_size=4)


def test_keys_are_sorted_and_there_are_no_spaces_or_escapes():
    assert canonical_json({"b": [1, 2], "a": "企业 A"}) == '{"a":"企业 A","b":[1,2]}'.encode()


@given(objects)
def test_what_is_written_reads_back_equal(value):
    line = canonical_json(value)
    assert parse_canonical(line) == value
    assert b"\n" not in line


@given(objects)
def test_another_spelling_is_not_canonical(value):
    spaced = json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1).encode()
    if spaced != canonical_json(value):
        assert parse_canonical(spaced) is None
        assert parse_object(spaced) == value


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[1]",
        b"null",
        b'{"a":1} ',
        b' {"a":1}',
        b'{"a":1}\r',
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1.00}',
        b'{"a":1e5}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":"\\u4f01"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\/"}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":' * 100_000,
        b'{"a":' + b"[" * 100_000,
        b'{"a":' + b"9" * 5_000 + b"}",
    ],
    ids=lambda line: repr(line[:16]),
)
def test_everything_else_is_refused_without_an_error(line):
    assert parse_canonical(line) is None


@given(st.binary(max_size=40))
def test_any_bytes_can_be_tried(data):
    value = parse_canonical(data)
    assert value is None or canonical_json(value) == data


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_has_no_json_form_is_not_written(value):
    with pytest.raises(ValueError, match=r"JSON|surrogates"):
        canonical_json({"a": value})


@given(st.lists(st.binary(max_size=5).filter(lambda line: b"\n" not in line), max_size=5))
def test_lines_join_and_split(lines):
    assert split_lines(join_lines(lines)) == (lines, True)


def test_a_last_line_without_newline_is_kept_and_told():
    assert split_lines(b"a\nb") == ([b"a", b"b"], False)
    assert split_lines(b"a\n\n") == ([b"a", b""], True)
    assert split_lines(b"") == ([], True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("00ff", True), ("00FF", False), ("00f", False), ("00f ", False), ("00fg", False), (7, False)],
)
def test_hexadecimal_has_one_spelling(value, expected):
    assert is_hex(value, byte_count=2) is expected
