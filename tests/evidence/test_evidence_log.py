"""The log: canonical lines, chained; a change is found and the entry named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import EvidenceError
from headrace.evidence.canonical import canonical_json, join_lines
from headrace.evidence.log import NO_PREVIOUS, Entry, Log, parse_entry, read_log
from headrace.evidence.merkle import Tree, leaf_hash

DIGEST = "ab" * 32
STEPS = ("ingest", "relate", "features", "scores", "decisions", "report")


def append(log, step="features", **given_fields):
    fields = {"inputs": {}, "definitions": {}, "outputs": {}, "facts": {}} | given_fields
    return log.append(step, **fields)


def six_steps():
    log = Log()
    for number, step in enumerate(STEPS):
        append(
            log,
            step,
            inputs={"invoices": DIGEST},
            definitions={"headrace": "0.1.0", "policy": DIGEST},
            outputs={f"{step}.parquet": DIGEST},
            facts={"rows": number},
        )
    return log


def read(lines):
    return read_log(join_lines(list(lines)), "log.jsonl")


def altered(line, **changes):
    return canonical_json(json.loads(line) | changes)


def wheres(reading):
    return [problem.where for problem in reading.problems]


def test_an_entry_is_one_canonical_line():
    log = Log()
    append(log, "ingest", inputs={"b.csv": DIGEST, "a.csv": DIGEST}, facts={"rows": 3})
    assert log.lines[0].decode() == (
        '{"definitions":{},"facts":{"rows":3},"index":0,'
        f'"inputs":{{"a.csv":"{DIGEST}","b.csv":"{DIGEST}"}},"outputs":{{}},'
        f'"previous":"{NO_PREVIOUS}","step":"ingest"}}'
    )


def test_the_root_is_that_of_the_lines_and_each_entry_names_the_one_before():
    log = six_steps()
    assert log.size == len(log.lines) == 6
    assert log.root == Tree(log.lines).root()
    links = [json.loads(line)["previous"] for line in log.lines]
    assert links == [NO_PREVIOUS, *(leaf_hash(line).hex() for line in log.lines[:-1])]


def test_append_gives_the_leaf_index():
    log = Log()
    assert [append(log), append(log), append(log)] == [0, 1, 2]


def test_a_sound_log_reads_back_without_problems():
    log = six_steps()
    reading = read_log(log.to_bytes(), "log.jsonl")
    assert reading.problems == ()
    assert reading.lines == log.lines
    assert reading.tree.root() == log.root
    assert [entry.step for entry in reading.entries] == list(STEPS)
    assert reading.place(2) == "log.jsonl line 3 (entry 2, features)"


def test_an_empty_log_is_sound():
    assert read_log(b"", "log.jsonl").problems == ()


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
tables = st.dictionaries(names, digests, max_size=3)


@given(names, tables, st.dictionaries(names, names), tables, st.dictionaries(names, st.integers()))
def test_every_entry_reads_back_equal(step, inputs, definitions, outputs, facts):
    log = Log()
    log.append(step, inputs=inputs, definitions=definitions, outputs=outputs, facts=facts)
    expected = Entry(0, step, inputs, definitions, outputs, NO_PREVIOUS, facts)
    assert parse_entry(log.lines[0]) == expected
    assert expected.to_bytes() == log.lines[0]


@pytest.mark.parametrize(
    ("step", "fields"),
    [
        ("", {}),
        ("features", {"inputs": {"a": "not a digest"}}),
        ("features", {"outputs": {"a": DIGEST.upper()}}),
        ("features", {"outputs": {"a": DIGEST[:-1]}}),
        ("features", {"definitions": {"policy": ""}}),
        ("features", {"facts": {"rows": 1.5}}),
        ("features", {"facts": {"done": True}}),
        ("features", {"facts": {"note": "\ud800"}}),
    ],
)
def test_what_is_no_entry_is_not_appended(step, fields):
    log = six_steps()
    root = log.root
    with pytest.raises(EvidenceError, match="log entry 6"):
        append(log, step, **fields)
    assert (log.size, log.root) == (6, root)


@pytest.mark.parametrize(
    "changes",
    [
        {"index": "0"},
        {"index": -1},
        {"index": True},
        {"index": 0.0},
        {"step": 7},
        {"step": None},
        {"step": ""},
        {"previous": None},
        {"previous": "0"},
        {"inputs": []},
        {"inputs": {"a": 1}},
        {"outputs": {"a": "0" * 63}},
        {"definitions": {"a": 1}},
        {"definitions": None},
        {"facts": {"a": None}},
        {"facts": {"a": {}}},
        {"more": 1},
    ],
    ids=str,
)
def test_a_line_with_other_fields_or_types_is_no_entry(changes):
    line = altered(six_steps().lines[0], **changes)
    assert isinstance(parse_entry(line), str)
    assert wheres(read([line]))[0].startswith("log.jsonl line 1 (entry 0")


def test_a_line_without_a_field_is_no_entry():
    document = json.loads(six_steps().lines[0])
    del document["facts"]
    assert parse_entry(canonical_json(document)) == "has not the fields of an entry"


@pytest.mark.parametrize("position", range(6))
@pytest.mark.parametrize(
    "spell",
    [
        lambda line: line + b" ",
        lambda line: line + b"\r",
        lambda line: b" " + line,
        lambda line: line.replace(b":", b": ", 1),
        lambda line: line.replace(b'"rows"', b'"\\u0072ows"'),
        lambda line: json.dumps(dict(reversed(json.loads(line).items()))).encode(),
    ],
    ids=["space", "cr", "indent", "colon", "escape", "order"],
)
def test_another_spelling_of_an_entry_names_the_line_and_the_step(position, spell):
    lines = list(six_steps().lines)
    lines[position] = spell(lines[position])
    expected = f"log.jsonl line {position + 1} (entry {position}, {STEPS[position]})"
    assert wheres(read(lines)) == [expected]


@pytest.mark.parametrize("junk", [b"", b"junk", b"\xff\xfe", b"[]", b"{" * 50_000])
def test_a_line_that_is_no_json_is_named_by_its_number(junk):
    lines = list(six_steps().lines)
    lines[3] = junk
    assert wheres(read(lines)) == ["log.jsonl line 4 (entry 3)"]


@pytest.mark.parametrize("position", range(5))
def test_a_canonical_change_breaks_the_link_of_the_next_entry(position):
    lines = list(six_steps().lines)
    lines[position] = altered(lines[position], facts={"rows": 99})
    reading = read(lines)
    assert wheres(reading) == [
        f"log.jsonl line {position + 1} (entry {position}, {STEPS[position]})"
    ]
    assert f"entry {position + 1} ({STEPS[position + 1]})" in reading.problems[0].what


def test_a_change_of_the_last_entry_leaves_the_chain_but_not_the_root():
    log = six_steps()
    reading = read([*log.lines[:-1], altered(log.lines[-1], facts={"rows": 99})])
    assert reading.problems == ()
    assert reading.tree.root() != log.root


def test_an_altered_link_names_both_ends():
    lines = list(six_steps().lines)
    lines[2] = altered(lines[2], previous=DIGEST)
    assert wheres(read(lines)) == [
        "log.jsonl line 2 (entry 1, relate)",
        "log.jsonl line 3 (entry 2, features)",
    ]


def test_the_first_entry_names_none_before_it():
    lines = list(six_steps().lines)
    lines[0] = altered(lines[0], previous=DIGEST)
    assert wheres(read(lines))[0] == "log.jsonl line 1 (entry 0, ingest)"


def test_a_removed_line_is_reported_once_where_the_numbers_jump():
    lines = list(six_steps().lines)
    del lines[1]
    reading = read(lines)
    assert wheres(reading) == ["log.jsonl line 2 (entry 1, features)"]
    assert reading.problems[0].what == "is numbered 2, where entry 1 belongs"


def test_a_removed_first_line_is_found():
    assert wheres(read(six_steps().lines[1:])) == ["log.jsonl line 1 (entry 0, relate)"]


def test_a_repeated_line_and_swapped_lines_are_found():
    lines = list(six_steps().lines)
    assert read([*lines[:3], lines[2], *lines[3:]]).problems
    assert read([lines[1], lines[0], *lines[2:]]).problems


def test_a_missing_last_newline_is_a_problem():
    data = six_steps().to_bytes()
    assert wheres(read_log(data[:-1], "log.jsonl")) == ["log.jsonl line 6"]
    assert read_log(data[:-2], "log.jsonl").problems
    assert wheres(read_log(data + b"\n", "log.jsonl")) == ["log.jsonl line 7 (entry 6)"]


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read(data):
    reading = read_log(data, "log.jsonl")
    assert len(reading.entries) == len(reading.lines)
    assert reading.problems or not data


def test_an_unprintable_step_is_shown_escaped():
    log = Log()
    append(log, "clear\x1b[2J")
    assert "\x1b" not in read(log.lines).place(0)
