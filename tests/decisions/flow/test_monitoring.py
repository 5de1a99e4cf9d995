"""Hit monitoring: counts by period, bounds, tests and what is told of them."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from headrace.decisions.flow.monitoring import (
    adjusted,
    chances_equal,
    count_hits,
    never_share_max,
    rule_stability,
    watch,
)
from headrace.decisions.tables.grid import read_grid
from headrace.errors import InputError

TEXT = "# table,access\n# hit policy,{}\nin:x,out:o\n> 10,a\n> 5,b\n-,c\n"


def table_of(policy: str = "FIRST"):
    rows = csv.reader(io.StringIO(TEXT.format(policy)))
    return read_grid(list(enumerate(rows, 1)), "access.csv")


def history(*periods, policy="FIRST"):
    """Hits of periods, each given as the counts of -1, 0, rule 1, 2, 3."""
    fired = [np.repeat(np.arange(-1, 4, dtype=np.int32), counts) for counts in periods]
    moments = np.repeat(np.arange(len(periods)), [len(each) for each in fired])
    edges = range(len(periods) + 1)
    return count_hits(table_of(policy), np.concatenate(fired), moments, edges)


def codes(*periods):
    return [(each.code, each.rules) for each in watch(history(*periods), table_of())]


def test_counts_by_period_leave_out_who_was_not_asked():
    table = table_of()
    fired = np.array([1, 1, 3, 0, -1, 2, 3, 3], np.int32)
    moments = np.array([0, 5, 9, 9, 9, 10, 19, 25])
    first, second = count_hits(table, fired, moments, (0, 10, 20))
    assert (first.asked, first.silent, first.first.tolist()) == (4, 1, [2, 0, 1])
    assert (second.asked, second.silent, second.first.tolist()) == (2, 0, [0, 1, 1])
    assert (second.start, second.end) == (10, 20)
    both = first + second
    assert (both.asked, both.spoke.tolist(), both.start, both.end) == (6, [2, 1, 2], 0, 20)


def test_where_several_rules_speak_each_is_counted():
    fired = np.array([1, 0, -1, 3], np.int32)
    hits = np.array([1, 2, 3, 3], np.int32), np.array([0, 3, 3, 3, 4])
    (counted,) = count_hits(table_of("COLLECT"), fired, np.zeros(4, np.int64), (0, 1), hits)
    assert counted.first.tolist() == [1, 0, 1]
    assert counted.spoke.tolist() == [1, 1, 2]
    assert (counted.asked, counted.silent) == (3, 1)


def test_counts_need_the_version_that_was_asked():
    with pytest.raises(InputError, match="Rule 4 spoke, and the table has 3"):
        count_hits(table_of(), np.array([4], np.int32), np.zeros(1, np.int64), (0, 1))
    hits = history((0, 0, 10, 10, 10))
    with pytest.raises(InputError, match="another version"):
        watch(hits, table_of("UNIQUE"))
    with pytest.raises(InputError, match="another version"):
        hits[0] + history((0, 0, 1, 1, 1), policy="UNIQUE")[0]


def test_nothing_is_told_without_cases():
    assert watch((), table_of()) == ()
    assert codes((50, 0, 0, 0, 0)) == []
    assert codes((0, 0, 0, 0, 299)) == []
    assert codes((0, 10, 100, 100, 200), (0, 0, 0, 0, 0)) == []


def test_rules_that_never_and_always_speak():
    never_1, never_2, always = watch(history((9, 0, 0, 0, 600), (9, 0, 0, 0, 400)), table_of())
    assert (never_1.code, never_1.rules, never_1.rows) == ("never_speaks", (1,), (4,))
    assert never_2.rules == (2,)
    assert never_1.text_en == ("Rule 1 spoke in none of 1,000 cases (95% sure: below 0.3%)")
    assert "从未生效" in never_1.text_zh
    assert (always.code, always.rules) == ("always_speaks", (3,))
    assert "(95% sure: all but 0.3%)" in always.text_en


def test_a_rule_for_every_case_may_speak_always_where_several_do():
    table = table_of("COLLECT")
    fired = np.repeat(np.array([1, 2, 3], np.int32), [100, 100, 200])
    hits = [[1, 2, 3], [2, 3], [3]]
    flat = np.concatenate([hits[number - 1] for number in fired.tolist()]).astype(np.int32)
    at = np.cumsum([0, *(len(hits[number - 1]) for number in fired.tolist())])
    counted = count_hits(table, fired, np.zeros(400, np.int64), (0, 1), (flat, at))
    assert watch(counted, table) == ()


@given(st.integers(1, 10**7))
def test_the_bound_is_that_of_clopper_and_pearson(asked):
    assert never_share_max(asked) == pytest.approx(stats.beta.ppf(0.95, 1, asked), rel=1e-6)
    if asked > 300:
        assert never_share_max(asked) == pytest.approx(3 / asked, rel=0.01)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 40), st.integers(1, 400), st.data())
def test_small_counts_are_tested_exactly(now_asked, past_asked, data):
    now = data.draw(st.integers(0, now_asked))
    past = data.draw(st.integers(0, past_asked))
    told = chances_equal(np.array([past]), past_asked, np.array([now]), now_asked)[0]
    pairs = [[past, past_asked - past], [now, now_asked - now]]
    share = (past + now) / (past_asked + now_asked)
    if share in {0, 1}:
        assert told == 1
    elif min(share, 1 - share) * min(now_asked, past_asked) < 5:
        assert told == pytest.approx(stats.fisher_exact(pairs).pvalue, rel=1e-6)
    else:
        assert told == pytest.approx(stats.chi2_contingency(pairs, correction=False).pvalue)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_many_rules_are_corrected_for(chances):
    told = adjusted(np.array(chances))
    assert told == pytest.approx(stats.false_discovery_control(chances), abs=1e-12)


def test_by_chance_alone_hardly_anything_is_told():
    chance = np.random.default_rng(1)
    shares = [0.02, 0.1, 0.3, 0.58]
    told = 0
    for _ in range(200):
        counts = chance.multinomial(2_000, shares, size=2)
        told += any(
            code != "never_speaks" for code, _ in codes(*((0, *row) for row in counts.tolist()))
        )
    assert told <= 0.05 * 200


def test_a_rule_whose_share_changed():
    told = watch(history((0, 50, 500, 2_000, 7_450), (0, 5, 130, 200, 665)), table_of())
    assert [(each.code, each.rules) for each in told] == [("rate_changed", (1,))]
    assert told[0].text_en == "Rule 1 speaks in 13.00% of cases; it was 5.00%"
    assert told[0].text_zh == "规则 1 的生效占比为 13.00%，此前为 5.00%"


def test_a_change_that_is_sure_and_small_is_not_told():
    assert codes((0, 0, 500_000, 200_000, 300_000), (0, 0, 510_000, 190_000, 300_000)) == []


def test_more_cases_that_no_rule_meets():
    assert codes((0, 0, 300, 300, 400), (0, 12, 300, 300, 388)) == [("no_rule_grew", ())]
    assert codes((0, 12, 300, 300, 388), (0, 0, 300, 300, 400)) == []


def test_all_periods_before_the_last_are_what_was():
    steady = (0, 0, 100, 300, 600)
    assert codes(steady, steady, steady) == []
    assert ("rate_changed", (1,)) in codes(steady, steady, (0, 0, 200, 280, 520))


def test_who_speaks_has_moved():
    told = watch(history((0, 0, 100, 300, 600), (0, 0, 400, 300, 300)), table_of())
    moved = told[-1]
    assert (moved.code, moved.severity) == ("moved", "warning")
    assert moved.text_en.startswith("Which rules speak has moved: stability index 0.62")


def test_the_stability_index_is_the_textbook_one():
    past, now = np.array([1_000, 3_000, 6_000, 0]), np.array([2_000, 3_000, 5_000, 0])
    index, chance = rule_stability(past, now)
    expected = 0.1 * np.log(2) + 0.1 * np.log(6 / 5)
    assert index == pytest.approx(expected, rel=1e-3)
    assert chance == pytest.approx(stats.chi2.ppf(0.95, 2) * 2e-4)
    assert rule_stability(np.array([5, 0]), np.array([9, 0])) == (0.0, 0.0)
