"""Every engine against the slow twin and against each other, to the bit, on random facts."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle

import numpy as np
import pytest
from features_reference import Facts, Row, at_arrival
from hypothesis import given, settings
from hypothesis import strategies as st

from features_running import (
    Live,
    Question,
    asked,
    assert_agrees,
    assert_same_bits,
    compiled,
    events_of,
    history,
    instant,
    matrix,
    measured,
    replayed,
    slowly,
)
from headrace.errors import InputError
from headrace.features import aggregates as a
from headrace.features import windows as w
from headrace.features.definition import FeatureSet, Measure
from headrace.features.engines import batch
from headrace.features.engines import sorted as sorted_engine
from strategies_features import (
    AGGREGATES,
    ANCHORS,
    DAY,
    HOUR,
    PARTIES,
    SHOPS,
    WINDOWS,
    World,
    disorderly,
    example_table,
    in_order,
    moments,
    out_of_order,
    seeded,
)

COMMON = settings(deadline=None)
SLOWER = settings(deadline=None, max_examples=max(settings().max_examples // 3, 1))
ONE = [1]
sizes = st.lists(st.integers(1, 9), min_size=1)
questions = st.lists(
    st.builds(
        Question,
        st.fixed_dictionaries(
            {"party": st.sampled_from([*PARTIES, "nobody"]), "shop": st.sampled_from([*SHOPS, 99])}
        ),
        moments,
    ),
    max_size=12,
)

# Some of the random facts are later than most of these.
latenesses = st.sampled_from([timedelta(days=days) for days in (0, 1, 10, 31)])


# --- Values at events ----------------------------------------------------------------------------


@COMMON
@given(in_order())
def test_replay_equals_the_slow_twin(case):
    got = replayed(case.world, case.features, case.rows)
    assert_agrees(got, slowly(case.features, case.facts), case.features)


@COMMON
@given(in_order(), sizes)
def test_one_by_one_equals_in_batches_equals_replay(case, sizes):
    want = replayed(case.world, case.features, case.rows)
    for several in (ONE, sizes):
        live = Live(case.world, case.features)
        assert_same_bits(live.feed(case.rows, cycle(several)), want)


@COMMON
@given(out_of_order(), sizes)
def test_late_repeated_and_voided_events(case, sizes):
    live = Live(case.world, case.features)
    got = live.feed(case.rows, cycle(sizes))
    assert_agrees(got, slowly(case.features, case.facts), case.features)
    assert_same_bits(replayed(case.world, case.features, case.rows), got[case.added])


@SLOWER
@given(out_of_order(known=False))
def test_where_no_known_time_tells_facts_are_known_in_the_order_given(case):
    got = Live(case.world, case.features).feed(case.rows)
    assert_agrees(got, slowly(case.features, case.facts), case.features)
    events = events_of(case.rows)  # the batch engine takes voids only with a known time
    want = Live(case.world, case.features).feed(events)
    assert_same_bits(replayed(case.world, case.features, events), want)


@pytest.mark.parametrize("kind", AGGREGATES, ids=lambda kind: kind.keyword)
@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: window.__name__)
@settings(COMMON, max_examples=4)
@given(data=st.data())
def test_every_aggregate_in_every_window(kind, window, data):
    case = data.draw(out_of_order(kinds=(kind,), spans=(window,)))
    got = Live(case.world, case.features).feed(case.rows)
    assert_agrees(got, slowly(case.features, case.facts), case.features)
    assert_same_bits(replayed(case.world, case.features, case.rows), got[case.added])


@SLOWER
@given(out_of_order(), st.data())
def test_events_may_be_given_in_any_order_where_the_known_time_tells(case, data):
    events = events_of(case.rows)
    # Equal known times keep their order: it is the order of arrival.
    order = _rising_among_equals(
        data.draw(st.permutations(range(len(events)))), [event["known"] for event in events]
    )
    voids = [row for row in case.rows if row["op"] == "void"]
    shuffled = [*(events[n] for n in order), *reversed(voids)]
    want = replayed(case.world, case.features, case.rows)
    assert_same_bits(replayed(case.world, case.features, shuffled), want[order])


def _rising_among_equals(order: list[int], known: list[int]) -> list[int]:
    """The same order, but equal known times rise."""
    places: dict[int, Iterator[int]] = {
        time: iter(sorted(n for n in order if known[n] == time)) for time in set(known)
    }
    return [next(places[known[n]]) for n in order]


@SLOWER
@given(out_of_order())
def test_what_was_done_with_each_fact_is_told(case):
    live = Live(case.world, case.features)
    live.feed(case.rows)
    state: dict[tuple, str] = {}
    for row, outcome in zip(case.rows, live.outcomes, strict=True):
        name = row["party"], row["shop"], row["time"], row["id"]
        before = state.get(name)
        if row["op"] == "add":
            want = {None: "added", "added": "duplicate", "voided": "already_voided"}[before]
            state[name] = before or "added"
        else:
            want = {None: "void_before_event", "added": "voided", "voided": "already_voided"}[
                before
            ]
            state[name] = "voided"
        assert outcome == want


@SLOWER
@given(disorderly())
def test_random_facts_of_two_keys_of_any_kind_never_share_an_id(facts):
    owner: dict[str, tuple] = {}
    for row in facts:
        whose = row["party"], row["shop"]
        assert owner.setdefault(row["id"], whose) == whose


@pytest.mark.parametrize(
    ("by", "second"),
    [((), "already_voided"), (("shop",), "void_before_event")],
    ids=["same_key", "two_keys"],
)
def test_an_event_is_named_by_its_key_its_time_and_its_id(by, second):
    world = World(example_table())
    live = Live(world, FeatureSet((world.table,), (Measure("f0", a.Count(), by=by),)))
    moment = {"time": ANCHORS[3], "known": ANCHORS[3]}
    void = {"op": "void", "party": "p", "id": "never comes", **moment}
    live.feed([{**void, "shop": 2}, {**void, "shop": 1}])
    assert live.outcomes == ["void_before_event", second]


@SLOWER
@given(out_of_order(), questions)
def test_one_event_without_a_table_is_the_same_as_a_table_of_one(case, questions):
    one, several = (Live(case.world, case.features) for _ in range(2))
    want = several.feed(case.rows, cycle(ONE))
    assert_same_bits(one.feed_one_by_one(case.rows), want)
    assert one.outcomes == several.outcomes
    assert one.engine.metrics() == several.engine.metrics()
    assert one.engine.digest() == several.engine.digest()
    assert one.lateness_told == several.lateness_told
    read = several.engine.read(asked(questions), "at").select(one.names).to_pylist()
    assert [one.engine.read_one(each.row, each.at) for each in questions] == read


@SLOWER
@given(out_of_order(), latenesses, st.data())
def test_an_engine_goes_on_from_a_state_as_if_it_had_never_stopped(case, lateness, data):
    stop = data.draw(st.integers(0, len(case.rows)))
    first = Live(case.world, case.features, lateness)
    first.feed(case.rows[:stop])
    second = Live(case.world, case.features, lateness)
    second.feed(case.rows[: data.draw(st.integers(0, stop))])  # what it held is forgotten
    second.engine.restore(*first.engine.state())
    assert second.engine.digest() == first.engine.digest()
    want = first.feed(case.rows[stop:])
    assert_same_bits(second.feed(case.rows[stop:], cycle([3])), want)
    assert second.engine.digest() == first.engine.digest()
    assert second.engine.metrics() == first.engine.metrics()


def test_a_state_of_other_definitions_is_refused():
    world = World(example_table())
    count, total = (
        Live(world, measured(world.table, (aggregate, w.ALL_HISTORY))).engine
        for aggregate in (a.Count(), a.Sum("amount"))
    )
    with pytest.raises(InputError, match="other definitions"):
        total.restore(*count.state())


@SLOWER
@given(out_of_order(), latenesses, sizes)
def test_equal_histories_have_equal_digests_and_others_have_not(case, lateness, sizes):
    lives = [Live(case.world, case.features, lateness) for _ in range(3)]
    for live, several in zip(lives, (cycle(ONE), cycle(sizes), None), strict=True):
        live.feed(case.rows, several)
    lives[0].engine.sweep()
    (digest,) = {live.engine.digest() for live in lives}
    (newest,) = seeded(seed=1, count=1, span=HOUR, late_max=0)[:1]
    for number, live in enumerate(lives[:2]):
        time = ANCHORS[-1] + 60 * DAY + number
        live.feed([{**newest, "time": time, "known": time}])
    assert len({digest, *(live.engine.digest() for live in lives[:2])}) == 3


# --- Questions -----------------------------------------------------------------------------------


def known_at(facts: Facts, moment: int) -> Facts:
    """The facts as they were at a moment."""
    name = facts.table.known or facts.table.time
    rows = [row for row in facts.rows if row[name] <= moment]
    return Facts(facts.table, rows, facts.places, facts.holds)


@COMMON
@given(in_order() | out_of_order(), questions)
def test_read_at_moments_equals_the_slow_twin_of_what_was_known(case, questions):
    program, facts = compiled(case.features), case.facts
    found = batch.read(program, history(case.world, case.rows), asked(questions), "at")
    assert found.table.column_names == ["party", "shop", "at", *program.plan.names]
    want = [each.slowly(case.features, known_at(facts, each.at)) for each in questions]
    assert_agrees(matrix(found.table, program.plan.names), want, case.features)


@COMMON
@given(out_of_order(), questions, disorderly(count_max=10), st.data())
def test_nothing_known_later_changes_a_value(case, questions, more, data):
    moment = max([each.at for each in questions], default=0)
    kept = [row for row in case.rows if row["known"] <= moment]
    later = [row for row in case.rows if row["known"] > moment]
    altered = [{**row, "amount": 7, "vip": None} for row in later if data.draw(st.booleans())]
    added = [{**row, "known": max(row["known"], moment + 1)} for row in more]
    program, keys = compiled(case.features), asked(questions)
    before, after = (
        batch.read(program, history(case.world, rows), keys, "at").table
        for rows in (case.rows, [*kept, *altered, *added])
    )
    names = program.plan.names
    assert_same_bits(matrix(after, names), matrix(before, names))


@COMMON
@given(in_order() | out_of_order(), questions)
def test_live_read_equals_the_slow_twin(case, questions):
    live, facts = Live(case.world, case.features), case.facts
    live.feed(case.rows)
    found = live.engine.read(asked(questions), "at")
    want = [each.slowly(case.features, facts) for each in questions]
    assert_agrees(matrix(found, live.names), want, case.features)
    if questions:
        keys = asked(questions[:1]).drop_columns("at")
        alone = live.engine.read(keys, instant(questions[0].at))
        assert_same_bits(matrix(alone, live.names), matrix(found, live.names)[:1])


@SLOWER
@given(out_of_order() | in_order(), questions, st.integers(1, 30), st.sampled_from([1, 2, 3]))
def test_threads_and_chunks_change_nothing(case, questions, chunk, threads):
    program, given_facts = compiled(case.features), history(case.world, case.rows)
    keys, names = asked(questions), program.plan.names

    def found(threads: int) -> np.ndarray:
        replay = batch.replay(program, given_facts, threads=threads).table
        read = batch.read(program, given_facts, keys, "at", threads=threads).table
        return np.concatenate([matrix(replay, names), matrix(read, names)])

    want = found(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorted_engine, "CACHED_VALUES", 0)
        for least in ("CHUNK_LEAST", "CHUNK_AS_IT_CAME", "RUN_LEAST", "TILE"):
            patch.setattr(sorted_engine, least, chunk)
        assert_same_bits(found(threads), want)


# --- Time that passes ----------------------------------------------------------------------------


@SLOWER
@given(out_of_order(), latenesses, st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0]), min_size=1))
def test_sweeping_changes_no_value(case, lateness, shares):
    kept = Live(case.world, case.features, lateness)
    swept = Live(case.world, case.features, lateness)
    want = kept.feed(case.rows)
    parts = [np.empty((0, len(kept.names)))]
    for row, share in zip(case.rows, cycle(shares), strict=False):
        parts.append(swept.feed([row]))
        swept.engine.sweep(share)
    assert_same_bits(np.concatenate(parts), want)


@SLOWER
@given(out_of_order(), latenesses)
def test_within_the_lateness_forgetting_changes_no_value(case, lateness):
    rows = without_late_voids(case.rows, lateness)
    facts, live = case.world.facts(rows), Live(case.world, case.features, lateness)
    for place, row in enumerate(rows):
        got = live.feed([row])
        live.engine.sweep()
        if not live.pushed[-1].too_late.size:
            want = at_arrival(case.features.definitions, facts, place)
            assert_agrees(got, [want], case.features)


def without_late_voids(rows: list[Row], lateness: timedelta) -> list[Row]:
    """The facts without voids of events further back than that, which may be forgotten."""
    kept, latest = [], -(2**62)
    for row in rows:
        if row["op"] == "add":
            latest = max(latest, row["time"])
        elif row["time"] < latest - lateness // timedelta(microseconds=1):
            continue
        kept.append(row)
    return kept
