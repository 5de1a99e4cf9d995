"""Groups as data: who was where, by what was known, as one membership at a time would say."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from groups_reference import Row, groups_of, usable
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.features import groups
from headrace.features.groups import Alone, Grouping, with_groups

INSTANT = pa.timestamp("us", tz="UTC")
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
BY_CARD = Grouping("card", "ring")
TIMES = st.integers(0, 12)
MEMBERS = st.sampled_from(["a", "b", "深圳"])
GROUPS = st.sampled_from(["R1", "R2", "a"])
MEMBERSHIPS = st.fixed_dictionaries(
    {
        "member": st.one_of(st.none(), MEMBERS, MEMBERS, MEMBERS),
        "group": st.one_of(st.none(), GROUPS, GROUPS, GROUPS),
        "from": st.one_of(st.none(), TIMES, TIMES, TIMES),
        "until": st.one_of(st.none(), TIMES),
        "known": st.one_of(st.none(), TIMES),
    }
)
EVENTS = st.fixed_dictionaries(
    {
        "card": st.one_of(st.none(), MEMBERS, st.just("stranger")),
        "time": TIMES,
        "told": TIMES,
    }
)


def instants(values) -> pa.Array:
    moments = [None if each is None else FIRST + timedelta(days=each) for each in values]
    return pa.array(moments, INSTANT)


def table_of(rows: list[Row], texts: tuple[str, ...], times: tuple[str, ...]) -> pa.Table:
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in texts}
    return pa.table(columns | {name: instants(row[name] for row in rows) for name in times})


def memberships_of(rows: list[Row]) -> pa.Table:
    return table_of(rows, ("member", "group"), ("from", "until", "known"))


def events_of(rows: list[Row]) -> pa.Table:
    return table_of(rows, ("card",), ("time", "told"))


def member(name, group, start, until=None, known=None) -> Row:
    return {"member": name, "group": group, "from": start, "until": until, "known": known}


def rings(memberships: list[Row], *asked: tuple[str, int, int]) -> list[str | None]:
    """The ring of (card, time, told) each."""
    rows = [dict(zip(("card", "time", "told"), each, strict=True)) for each in asked]
    found = with_groups(events_of(rows), memberships_of(memberships), BY_CARD, "time", "told")
    return found.table["ring"].to_pylist()


@settings(max_examples=300, deadline=None)
@given(
    memberships=st.lists(MEMBERSHIPS, max_size=12),
    events=st.lists(EVENTS, max_size=12),
    has_known=st.booleans(),
    alone=st.sampled_from(Alone),
)
def test_every_event_gets_the_group_of_the_slow_twin(memberships, events, has_known, alone):
    expected = [
        groups_of(memberships, row["card"], row["time"], row["told" if has_known else "time"])
        for row in events
    ]
    asked, given_rows = events_of(events), memberships_of(memberships)
    grouping = Grouping("card", "ring", alone)
    known = "told" if has_known else None
    first = next((at for at, each in enumerate(expected) if len(each) > 1), None)
    if first is not None:
        with pytest.raises(InputError, match="at once") as caught:
            with_groups(asked, given_rows, grouping, "time", known)
        assert f"{FIRST + timedelta(days=events[first]['time']):%Y-%m-%d}T" in caught.value.where
        assert repr(events[first]["card"]) in caught.value.problem
        assert sum(repr(each) in caught.value.problem.split("groups")[1]
                   for each in expected[first]) == 2  # fmt: skip
        return
    found = with_groups(asked, given_rows, grouping, "time", known)
    assert found.table.select(asked.column_names).equals(asked)
    others = [row["card"] if alone is Alone.ITSELF else None for row in events]
    assert found.table["ring"].to_pylist() == [
        next(iter(each), other) for each, other in zip(expected, others, strict=True)
    ]
    refused = {int(row) for each in found.refused for row in each.rows}
    assert refused == {at for at, row in enumerate(memberships) if not usable(row)}


@settings(max_examples=200, deadline=None)
@given(
    memberships=st.lists(MEMBERSHIPS, max_size=8),
    events=st.lists(EVENTS, min_size=1, max_size=8),
    later=st.lists(st.tuples(MEMBERSHIPS, st.integers(1, 5)), min_size=1, max_size=5),
)
def test_what_begins_or_is_known_later_changes_nothing_earlier(memberships, events, later):
    """Added rows begin or become known after every event is known; so may not be seen."""
    try:
        before = with_groups(
            events_of(events), memberships_of(memberships), BY_CARD, "time", "told"
        )
    except InputError:
        return
    last = max(max(row["told"], row["time"]) for row in events)
    unseen = [{**row, "known": last + ahead} for row, ahead in later]
    unseen += [{**row, "from": last + ahead, "until": None, "known": None} for row, ahead in later]
    for rows in ([*memberships, *unseen], [*unseen, *memberships]):
        after = with_groups(events_of(events), memberships_of(rows), BY_CARD, "time", "told")
        assert after.table.equals(before.table)


def test_a_membership_ends_where_the_next_begins():
    moved = [member("a", "R1", 1, 4), member("a", "R2", 4)]
    assert rings(moved, ("a", 0, 9), ("a", 1, 9), ("a", 3, 9), ("a", 4, 9), ("a", 99, 99)) == [
        None, "R1", "R1", "R2", "R2",
    ]  # fmt: skip


def test_an_end_that_became_known_later_is_a_second_row():
    """The card left on day 4, which was known on day 6."""
    rows = [member("a", "R1", 1), member("a", "R1", 1, 4, 6)]
    assert rings(rows, ("a", 5, 5), ("a", 5, 6), ("a", 3, 6)) == ["R1", None, "R1"]
    taken_back = [member("a", "R1", 1), member("a", "R1", 1, 1, 6)]
    assert rings(taken_back, ("a", 3, 5), ("a", 3, 6)) == ["R1", None]


def test_a_member_of_one_group_twice_is_in_that_group():
    assert rings([member("a", "R1", 1, 5), member("a", "R1", 3)], ("a", 4, 4)) == ["R1"]


def test_a_member_of_two_groups_is_told_with_both():
    rows = [member("a", "R1", 1, 5), member("a", "R2", 3)]
    assert rings(rows, ("a", 2, 2), ("a", 5, 5)) == ["R1", "R2"]  # nothing was asked in between
    with pytest.raises(InputError) as caught:
        rings(rows, ("a", 2, 2), ("a", 3, 3), ("a", 4, 4))
    assert caught.value.problem.startswith("member 'a' is in groups 'R")
    assert "2024-01-04T00:00:00" in caught.value.where


def test_memberships_that_cannot_be_used_are_told_by_their_rows():
    rows = [
        member("a", "R1", 1),
        member(None, "R1", 1),
        member("b", None, 1),
        member("b", "R1", None),
        member("b", "R1", 5, 4),
        member("b", "R1", 5, 5),
    ]
    events = events_of([{"card": "b", "time": 5, "told": 5}])
    found = with_groups(events, memberships_of(rows), BY_CARD, "time")
    assert [(each.column, each.reason, each.rows.tolist()) for each in found.refused] == [
        ("member", "is missing", [1]),
        ("group", "is missing", [2]),
        ("from", "is missing", [3]),
        ("until", "is before from", [4]),
    ]
    assert found.table["ring"].to_pylist() == [None]


@pytest.mark.parametrize("rows", [[], [member("b", "R1", 1)]])
def test_one_moment_for_all_and_columns_left_out(rows):
    memberships = memberships_of(rows).select(["member", "group", "from"])
    events = pa.table({"card": pa.array(["b", None]).dictionary_encode()})
    found = with_groups(events, memberships, BY_CARD, FIRST + timedelta(days=2))
    assert found.table["ring"].to_pylist() == ["R1" if rows else None, None]
    assert with_groups(events.slice(0, 0), memberships, BY_CARD, FIRST).table.num_rows == 0
    without = memberships.append_column("until", pa.nulls(len(rows)))
    again = with_groups(events, without, BY_CARD, FIRST + timedelta(days=2))
    assert again.table.equals(found.table)


def test_whole_numbers_name_members_and_groups():
    memberships = pa.table({"member": [7, 8], "group": [1, 1], "from": instants([0, 0])})
    events = pa.table({"card": pa.array([8, 9], pa.int32()), "time": instants([1, 1])})
    found = with_groups(events, memberships, Grouping("card"), "time").table["group"]
    assert found.to_pylist() == [1, None]
    alone = Grouping("card", alone=Alone.ITSELF)
    assert with_groups(events, memberships, alone, "time").table["group"].to_pylist() == [1, 9]
    texts = memberships.set_column(1, "group", pa.array(["R1", "R1"]))
    found = with_groups(events, texts, alone, "time").table["group"]
    assert found.to_pylist() == ["R1", "9"]


def test_columns_that_are_wrong_are_told():
    memberships = memberships_of([member("a", "R1", 1)])
    events = events_of([{"card": "a", "time": 1, "told": 1}])
    for change, said in (
        ({"grouping": Grouping("card", "told")}, "there is a column 'told' already"),
        ({"grouping": Grouping("cards")}, "no column 'cards'"),
        ({"grouping": Grouping("time")}, "a text or a whole number"),
        ({"time": "card"}, "holds string, not instant"),
        ({"memberships": memberships.drop_columns(["group"])}, "no column 'group'"),
        (
            {"memberships": pa.table({"member": [1], "group": [1], "from": instants([0])})},
            "members are int64, but 'card' holds string",
        ),
    ):
        asked = {"memberships": memberships, "grouping": BY_CARD, "time": "time", **change}
        with pytest.raises(InputError, match=said):
            with_groups(events, **asked)


def test_many_pairs_are_looked_at_a_part_at_a_time(monkeypatch):
    """Every part has whole events, and the parts together are all of them."""
    rng = np.random.default_rng(5)
    rows = [member("a", "R1", int(day)) for day in rng.integers(0, 50, 40)]
    rows += [member("b", f"R{day}", day, day + 1) for day in range(50)]
    asked = [
        ("ab"[int(at)], int(day), int(day)) for at, day in rng.integers((0, 0), (2, 60), (200, 2))
    ]
    whole = rings(rows, *asked)
    assert whole == [next(iter(groups_of(rows, *each)), None) for each in asked]
    monkeypatch.setattr(groups, "PAIRS_MAX", 7)
    assert rings(rows, *asked) == whole
