"""Lists as of any moment: who was on them then, whatever has been recorded since."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from flow_reference import stands
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.decisions.flow.lists import (
    COLUMNS,
    NOT_LISTED,
    Entry,
    Lists,
    read_lists,
    text_of,
    write_lists,
)
from headrace.decisions.program.columns import read_column
from headrace.errors import MappingError

STEADY = settings(max_examples=300, deadline=None, derandomize=True)
MARCH = """\
list,value,scope,valid_from,valid_until,reason,owner,recorded
blocked,C17,,2026-03-01T00:00Z,,stolen,fraud desk,2026-03-01T09:12Z
trusted,C3,card_payments,2026-01-01T00:00Z,2026-07-01T00:00Z,payroll,branch,2025-12-30T08:00Z
blocked,C17,,2026-03-01T00:00Z,2026-03-09T00:00Z,found again,fraud desk,2026-03-09T10:00+08:00
"""

entries = st.builds(
    Entry,
    list=st.sampled_from(["blocked", "trusted"]),
    value=st.sampled_from(["a", "b", "7"]),
    scope=st.sampled_from(["", "p", "q"]),
    valid_from=st.integers(0, 6),
    valid_until=st.none() | st.integers(0, 9),
    reason=st.sampled_from(["", "why, so"]),
    owner=st.just("me"),
    recorded=st.integers(0, 9),
)


def ends_after_it_starts(entry):
    return entry.valid_until is None or entry.valid_until >= entry.valid_from


def us(text):
    return int(np.datetime64(text, "us").astype(np.int64))


def found(lists, value, moment, name="blocked", scope="card_payments"):
    number = lists.find(name, value, scope, us(moment))
    return None if number == NOT_LISTED else lists.entries[number].reason


def test_a_replay_of_march_sees_the_list_of_march():
    lists = read_lists(MARCH, "lists.csv")
    assert found(lists, "C17", "2026-03-01T09:11:59") is None  # not recorded yet
    assert found(lists, "C17", "2026-03-01T09:12") == "stolen"
    assert found(lists, "C17", "2026-03-09T01:59:59") == "stolen"  # the end is not known yet
    assert found(lists, "C17", "2026-03-09T02:00") is None
    later = lists.with_entries(
        [replace(lists.entries[1], reason="anew", recorded=us("2027-01-01"))]
    )
    for moment in ("2026-03-01T09:12", "2026-03-09T01:59:59", "2026-03-09T02:00"):
        assert found(later, "C17", moment) == found(lists, "C17", moment)


def test_an_entry_holds_for_its_policy_and_its_time():
    lists = read_lists(MARCH, "lists.csv")
    assert found(lists, "C3", "2026-06-30T23:59:59", "trusted") == "payroll"
    assert found(lists, "C3", "2026-07-01", "trusted") is None
    assert found(lists, "C3", "2026-03-01", "trusted", scope="loans") is None
    assert found(lists, "C3", "2026-03-01") is None
    assert found(lists, "C4", "2026-03-01", "trusted") is None
    assert lists.names() == {"blocked", "trusted"}


@STEADY
@given(
    told=st.lists(entries, max_size=8),
    name=st.sampled_from(["blocked", "trusted"]),
    value=st.sampled_from(["a", "b", "7", "c"]),
    moment=st.integers(-1, 10),
)
def test_the_entry_that_holds_is_the_one_a_reader_of_the_file_finds(told, name, value, moment):
    lists = Lists(told)
    assert lists.find(name, value, "p", moment) == stands(lists.entries, name, value, "p", moment)


@STEADY
@given(
    told=st.lists(entries, max_size=8), later=st.lists(entries, max_size=4), now=st.integers(0, 9)
)
def test_what_is_recorded_later_is_not_seen(told, later, now):
    lists = Lists(told)
    more = lists.with_entries(replace(each, recorded=now + 1 + each.recorded) for each in later)
    for value in ("a", "b"):
        before, after = (each.find("blocked", value, "p", now) for each in (lists, more))
        assert (before == NOT_LISTED) == (after == NOT_LISTED)
        if before != NOT_LISTED:
            assert lists.entries[before] == more.entries[after]


@STEADY
@given(
    told=st.lists(entries, max_size=8),
    cases=st.lists(
        st.tuples(st.none() | st.sampled_from(["a", "b", "7", "c"]), st.integers(-1, 10))
    ),
)
def test_a_batch_is_looked_up_as_its_cases_are(told, cases):
    lists = Lists(told)
    texts = [text for text, _ in cases]
    moments = np.array([moment for _, moment in cases], np.int64)
    expected = [
        NOT_LISTED if text is None else lists.find("blocked", text, "p", moment)
        for text, moment in cases
    ]
    column = read_column(pa.array(texts, pa.string()))
    assert lists.find_all("blocked", column, "p", moments).tolist() == expected


def test_a_number_is_looked_up_as_it_is_spelled():
    lists = Lists([Entry("blocked", "7", "", 0, None, "", "me", 0)])
    moments = np.zeros(3, np.int64)
    for column in (pa.array([7, None, 8]), pa.array([7.0, None, 7.5])):
        assert lists.find_all("blocked", read_column(column), "p", moments).tolist() == [0, -1, -1]
    assert Lists().find_all("blocked", read_column(pa.array([7])), "p", moments).tolist() == [-1]
    assert [text_of(each) for each in (7, 7.0, 7.5, "7.0")] == ["7", "7", "7.5", "7.0"]


@STEADY
@given(told=st.lists(entries.filter(ends_after_it_starts), max_size=8))
def test_lists_are_written_so_that_they_read_back(told):
    lists = Lists(told)
    again = read_lists(write_lists(lists), "lists.csv")
    assert again.entries == lists.entries
    assert again.digest() == lists.digest()


def test_the_digest_knows_which_of_two_records_of_one_moment_came_last():
    first, second = (Entry("b", "a", "", 0, until, "", "me", 5) for until in (None, 0))
    one, other = Lists([first, second]), Lists([second, first])
    assert one.find("b", "a", "p", 9) == NOT_LISTED
    assert other.find("b", "a", "p", 9) != NOT_LISTED
    assert one.digest() != other.digest()
    assert (
        Lists([replace(first, recorded=9), second]).digest()
        == Lists([second, replace(first, recorded=9)]).digest()
    )


def test_an_entry_without_a_start_holds_from_when_it_was_recorded():
    header = ",".join(COLUMNS)
    lists = read_lists(f"{header}\nblocked,a,,,,,me,2026-03-01T00:00Z\n", "lists.csv")
    assert lists.entries[0].valid_from == lists.entries[0].recorded == us("2026-03-01")
    assert read_lists(header, "lists.csv").entries == ()


@pytest.mark.parametrize(
    ("row", "problem", "column"),
    [
        ("blocked,,,,,,me,2026-03-01T00:00Z", "The cell is empty", "value"),
        (",a,,,,,me,2026-03-01T00:00Z", "The cell is empty", "list"),
        ("blocked,a,,,,,,2026-03-01T00:00Z", "The cell is empty", "owner"),
        ("blocked,a,,,,,me,2026-03-01T00:00", "is no moment", "recorded"),
        ("blocked,a,,,,,me,", "is no moment", "recorded"),
        ("blocked,a,,yesterday,,,me,2026-03-01T00:00Z", "is no moment", "valid_from"),
        ("blocked,a,,,tomorrow,,me,2026-03-01T00:00Z", "is no moment", "valid_until"),
        (
            "blocked,a,,2026-03-01T00:00Z,2026-02-01T00:00Z,,me,2026-03-01T00:00Z",
            "ends before it starts",
            "valid_until",
        ),
    ],
)
def test_a_bad_entry_is_named(row, problem, column):
    good = "blocked,z,,,,,me,2026-03-01T00:00Z"
    with pytest.raises(MappingError) as refused:
        read_lists("\n".join([",".join(COLUMNS), good, "", row]), "lists.csv")
    assert problem in refused.value.problem
    assert refused.value.where == f"lists.csv, row 4, column {column}"
    assert refused.value.remedy


def test_a_missing_column_is_named():
    with pytest.raises(MappingError, match="no column owner") as refused:
        read_lists("list,value,scope,valid_from,valid_until,reason,recorded", "lists.csv")
    assert refused.value.where == "lists.csv, row 1"
