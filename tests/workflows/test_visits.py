"""Visits: filters, sharing out, what to do next, and how far firms come."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.simulator.visits import simulate_visits
from headrace.workflows.visits import (
    RESULTS,
    Candidate,
    Filter,
    Later,
    Listed,
    Stage,
    Visit,
    chosen,
    funnel,
    spread,
    tasks,
    total,
)

NOW = 1_800_000_000_000_000
NOTHING = Later({}, frozenset(), {})


def candidate(number, **more):
    given_ = {
        "party": f"S{number}",
        "name": f"示例{number}",
        "region": "浙江",
        "industry": "电子",
        "rating": "B",
        "outcome": "approve",
        "probability": number / 100,
        "has_loan": False,
    }
    return Candidate(**given_ | more)


def firm(number, area="浙江", manager=""):
    return Listed("L", f"S{number}", f"示例{number}", area, "电子", "no_loan", manager)


def visit(number, result, at=NOW, **more):
    given_ = {"note": "", "next_day": "", "visited": at, "by": "mei", "at": at}
    name = more.pop("id", f"v{number}-{at}-{result}".replace("_", "-"))
    return Visit(id=name, list="L", party=f"S{number}", result=result, **given_ | more)


def test_a_filter_takes_the_safest_of_those_that_fit():
    firms = [
        candidate(3),
        candidate(1, region="江苏"),
        candidate(2, rating="A"),
        candidate(4, has_loan=True),
        candidate(5, outcome="refer", probability=None),
        candidate(6, industry="纺织"),
    ]

    def found(**asked):
        return [each.party for each in chosen(firms, Filter(**asked), "L")]

    assert found() == ["S1", "S2", "S3", "S4", "S6", "S5"]
    assert found(most=2) == ["S1", "S2"]
    assert found(regions=("江",)) == ["S1"]
    assert found(industries=("纺织",)) == ["S6"]
    assert found(ratings=("A",)) == ["S2"]
    assert found(state="no_loan") == ["S1", "S2", "S3", "S6", "S5"]
    assert found(state="approved_not_drawn") == ["S1", "S2", "S3", "S6"]
    assert found(state="referred") == ["S5"]
    why = {each.party: each.why for each in chosen(firms, Filter(), "L")}
    assert (why["S3"], why["S4"], why["S5"]) == ("approved_not_drawn", "has_loan", "referred")


@pytest.mark.parametrize("asked", [{"state": "rich"}, {"most": 0}, {"most": 10_000}])
def test_a_filter_that_cannot_be_is_refused(asked):
    with pytest.raises(InputError, match="cannot say"):
        Filter(**asked)


@given(
    st.lists(st.sampled_from("甲乙丙丁戊己"), min_size=1, max_size=60),
    st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=4, unique=True),
)
def test_areas_are_shared_out_evenly(areas, managers):
    firms = [firm(number, area) for number, area in enumerate(areas)]
    given_ = spread(firms, managers)
    assert set(given_) == set(areas)
    load = dict.fromkeys(managers, 0)
    for each in firms:
        load[given_[each.area]] += 1
    sizes = [areas.count(area) for area in set(areas)]
    least = max(*sizes, -(-len(firms) // len(managers)))  # nobody can do better than this
    assert max(load.values()) <= least * 4 / 3 + max(sizes) / 3


def test_without_managers_nobody_is_given_anything():
    assert spread([firm(1)], []) == {}


def test_who_is_due_again_comes_first_and_who_refused_is_done_with():
    firms = [firm(number) for number in range(1, 6)]
    visits = [
        visit(1, "refused"),
        visit(2, "met", next_day="2027-02-01"),
        visit(3, "interested", next_day="2027-01-01"),
        visit(5, "not_met"),
        visit(5, "applied", NOW + 1, next_day="2027-01-10"),
    ]
    found = tasks(firms, visits, date(2027, 1, 15))
    assert [each.firm.party for each in found] == ["S3", "S5", "S4", "S2"]
    assert [each.due for each in found] == [True, True, False, False]
    assert (found[1].times, found[1].last.result) == (2, "applied")
    assert found[2].last is None


def reached(visits, later=NOTHING):
    (row,) = funnel([firm(1)], visits, later, lambda each: each.area)
    return Stage(sum(row.counts) - 1)


def test_a_funnel_counts_how_far_a_firm_came():
    assert reached([]) is Stage.LISTED
    assert reached([visit(1, "not_met")]) is Stage.LISTED
    assert reached([visit(1, "refused")]) is Stage.CONTACTED
    assert reached([visit(1, "interested"), visit(1, "met", NOW + 1)]) is Stage.INTERESTED
    assert reached([visit(1, "applied")]) is Stage.APPLIED


def test_only_what_came_after_somebody_met_the_firm_is_put_down_to_visits():
    met = [visit(1, "not_met", NOW - 5), visit(1, "met", NOW)]
    early = Later({"S1": [(NOW - 1, "approve")]}, frozenset(), {"S1": NOW - 1})
    assert reached(met, early) is Stage.CONTACTED
    assert reached(met, replace(early, drawn={"S1": NOW})) is Stage.DRAWN
    assert reached(met, Later({"S1": [(NOW + 1, "approve")]}, frozenset(), {})) is Stage.APPROVED
    assert reached(met, Later({"S1": [(NOW + 1, "decline")]}, frozenset(), {})) is Stage.APPLIED
    assert reached([], replace(early, drawn={"S1": NOW + 9})) is Stage.LISTED


def test_who_applies_and_was_approved_by_the_run_is_approved():
    later = Later({}, frozenset({"S1"}), {})
    assert reached([visit(1, "applied")], later) is Stage.APPROVED
    assert reached([visit(1, "interested")], later) is Stage.INTERESTED


@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(RESULTS)), max_size=40))
def test_a_funnel_never_widens_and_groups_add_up(given_):
    firms = [firm(number, "甲乙丙"[number % 3]) for number in range(1, 10)]
    visits = [visit(number, result, NOW + at) for at, (number, result) in enumerate(given_)]
    rows = funnel(firms, visits, NOTHING, lambda each: each.area)
    for row in rows:
        assert list(row.counts) == sorted(row.counts, reverse=True)
    whole = total(rows, "all")
    assert whole.counts[0] == 9
    assert whole.counts[1] == len({n for n, result in given_ if result != "not_met"})
    assert whole.conversion == whole.counts[-1] / 9
    assert total([], "none").conversion is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"result": "bribed"},
        {"note": "a\x00b"},
        {"note": "x" * 2_001},
        {"next_day": "tomorrow"},
        {"next_day": "2027-02-30"},
        {"visited": NOW + 3_600_000_000},
        {"id": "a b"},
        {"id": ""},
    ],
)
def test_a_visit_that_cannot_be_is_refused(wrong):
    with pytest.raises(InputError):
        replace(visit(1, "met"), **wrong)


def test_a_note_may_have_lines():
    assert visit(1, "met", note="一\n二\r\n三").note.count("\n") == 2


def test_simulated_visits_are_the_same_for_the_same_seed():
    firms = [firm(number) for number in range(50)]
    found = simulate_visits(firms, NOW, 4)
    assert found == simulate_visits(firms, NOW, 4) != simulate_visits(firms, NOW, 5)
    assert 20 < len({each.party for each in found}) < 50
    assert len({each.id for each in found}) == len(found)
    assert {each.result for each in found} == set(RESULTS)
