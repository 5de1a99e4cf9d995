"""Records and salts: two files that must tell of the same decisions in the same order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.evidence.canonical import canonical_json, join_lines
from headrace.evidence.commitment import COMMITMENT, DECISION_STEP, commit
from headrace.evidence.log import NO_PREVIOUS, Entry
from headrace.evidence.records import (
    RECORDS,
    SALTS,
    Salt,
    commitment_problem,
    pairing_problems,
    read_records,
    read_salts,
)

IDS = ("D1", "D2", "D3")
SALT = bytes(range(32))
RECORD_LINES = [canonical_json({"decision_id": each, "outcome": "approve"}) for each in IDS]
SALT_LINES = [Salt(each, place, SALT).to_bytes() for place, each in enumerate(IDS, start=4)]


def records(lines=RECORD_LINES):
    return read_records(join_lines(list(lines)))


def salts(lines=SALT_LINES):
    return read_salts(join_lines(list(lines)))


def test_sound_files_read_in_order():
    assert records() == (dict(zip(IDS, RECORD_LINES, strict=True)), [])
    found, problems = salts()
    assert problems == []
    assert [(each.decision_id, each.entry) for each in found.values()] == [
        ("D1", 4),
        ("D2", 5),
        ("D3", 6),
    ]
    assert pairing_problems(records()[0], found) == []


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"junk", b"\xff", b'{"decision_id":7}', b'{"decision_id": "D9"}', b"[" * 50_000],
    ids=lambda line: repr(line[:12]),
)
def test_a_line_about_no_decision_is_named_and_the_rest_is_read(line):
    found, problems = records([RECORD_LINES[0], line, RECORD_LINES[2]])
    assert list(found) == ["D1", "D3"]
    assert [problem.where for problem in problems] == [f"{RECORDS} line 2"]


def test_a_decision_that_occurs_twice_is_named():
    found, problems = records([*RECORD_LINES, RECORD_LINES[0]])
    assert list(found) == list(IDS)
    assert str(problems[0]) == f"{RECORDS} decision D1: occurs again in line 4"


def test_a_file_that_was_cut_is_named():
    _, problems = read_records(join_lines(RECORD_LINES)[:-1])
    assert [problem.where for problem in problems] == [RECORDS]


@pytest.mark.parametrize(
    "document",
    [
        {"decision_id": "D1"},
        {"decision_id": "D1", "entry": "4", "salt": SALT.hex()},
        {"decision_id": "D1", "entry": 4.0, "salt": SALT.hex()},
        {"decision_id": "D1", "entry": 4, "salt": SALT.hex()[:-2]},
        {"decision_id": "D1", "entry": 4, "salt": SALT.hex().upper()},
        {"decision_id": "D1", "entry": 4, "salt": SALT.hex(), "more": 1},
    ],
)
def test_a_salt_line_has_one_form(document):
    found, problems = salts([canonical_json(document)])
    assert found == {}
    assert problems[0].where == f"{SALTS} decision D1"


@given(st.binary(max_size=80))
def test_any_bytes_can_be_read(data):
    for read in (read_records, read_salts):
        found, problems = read(data)
        assert problems or not data
        assert found == {}


def test_a_missing_record_and_a_record_too_many_are_named():
    found, _ = salts()
    extra = canonical_json({"decision_id": "D9"})
    problems = pairing_problems(records([*RECORD_LINES[1:], extra])[0], found)
    assert [problem.where for problem in problems] == [
        f"{RECORDS} decision D1",
        f"{RECORDS} decision D9",
    ]


def test_another_order_of_either_file_is_found():
    swapped = [1, 0, 2]
    mixed_records = records([RECORD_LINES[each] for each in swapped])[0]
    mixed_salts = salts([SALT_LINES[each] for each in swapped])[0]
    assert [x.where for x in pairing_problems(mixed_records, salts()[0])] == [RECORDS]
    assert [x.where for x in pairing_problems(records()[0], mixed_salts)] == [SALTS]
    assert [x.where for x in pairing_problems(mixed_records, mixed_salts)] == [SALTS]


def commitment(record):
    facts = {COMMITMENT: commit(record, SALT)}
    return Entry(4, DECISION_STEP, {}, {}, {}, NO_PREVIOUS, facts)


def test_record_and_salt_must_be_what_the_entry_commits_to():
    salt, record = Salt("D1", 4, SALT), RECORD_LINES[0]
    assert commitment_problem(salt, record, commitment(record)) is None
    assert commitment_problem(salt, None, commitment(record)) is None
    assert commitment_problem(salt, record, None).where == f"{SALTS} decision D1"
    other_salt = Salt("D1", 4, bytes(32))
    for problem in (
        commitment_problem(salt, RECORD_LINES[1], commitment(record)),
        commitment_problem(other_salt, record, commitment(record)),
    ):
        assert problem.where == f"{RECORDS} decision D1"
        assert SALTS in problem.remedy
