"""What may be done about a case: entries of the policy's lists."""

from dataclasses import replace

import pytest

from case_sample import HOUR, START, alert
from headrace.decisions.feel import parse
from headrace.decisions.flow.lists import Lists
from headrace.decisions.flow.policy import Action, ListKind, ListStep, Policy
from headrace.errors import InputError
from headrace.monitor.case_alerts import alert_event
from headrace.monitor.cases import (
    Deed,
    Evidence,
    Measure,
    Outcome,
    Refusal,
    RefusedError,
    State,
    assignment,
    closing,
    note,
    opened,
    with_event,
)
from headrace.monitor.measures import (
    Doing,
    Target,
    entries_for,
    holding,
    measure_taken,
    targets,
)

NOW = START + 10 * HOUR


def listed(name, kind, by, action=None):
    return ListStep(name=name, kind=kind, by=by, action=action, reason="r")


POLICY = Policy(
    name="cards",
    customer="customer",
    zone="UTC",
    inputs={"customer": "string", "terminal": "string", "amount": "number"},
    steps=(
        listed("blocked", ListKind.BLACK, "customer", Action.BLOCK),
        listed("watched", ListKind.GREY, "terminal", Action.STEP_UP),
        listed("trusted", ListKind.WHITE, "customer"),
    ),
    tables={},
    results={"limit": parse("1", ())},
    exposure="amount",
)


def case(*alerts):
    found = opened(alert_event(1, (alerts or (alert(),))[0], NOW))
    for each in alerts[1:]:
        found = with_event(found, alert_event(1, each, NOW))
    return found


def doing(at=NOW, until=None):
    return Doing("ann", at, until, "why")


def target(measure, found=None):
    return next(each for each in targets(found or case(), POLICY) if each.measure is measure)


def test_each_list_of_the_policy_is_a_measure():
    assert [each.key for each in targets(case(), POLICY)] == [
        "freeze:blocked:C1",
        "step_up:watched:T1",
        "release:trusted:C1",
        "lift::C1",
    ]


def test_every_terminal_of_the_alerts_may_be_watched():
    facts = {"customer": "C1", "terminal": "T2", "amount": 5}
    found = targets(case(alert(), alert("d2", facts=facts), alert("d3")), POLICY)
    values = [each.value for each in found if each.measure is Measure.STEP_UP]
    assert values == ["T1", "T2"]


def test_nothing_can_be_done_about_nobody():
    found = targets(case(alert(customer="", facts={})), POLICY)
    assert found == ()


def test_a_freeze_holds_for_its_time_and_policy():
    until = NOW + 24 * HOUR
    (entry,) = entries_for(case(), target(Measure.FREEZE), POLICY, Lists(), doing(until=until))
    lists = Lists([entry])
    assert (entry.scope, entry.owner, entry.recorded) == ("cards", "ann", NOW)
    assert lists.find("blocked", "C1", "cards", NOW) == 0
    assert lists.find("blocked", "C1", "cards", until) == -1
    assert lists.find("blocked", "C1", "loans", NOW) == -1


def test_a_release_ends_what_holds_and_trusts():
    found, lists = case(), Lists()
    for measure in (Measure.FREEZE, Measure.STEP_UP):
        new = entries_for(found, target(measure), POLICY, lists, doing())
        lists = lists.with_entries(new)
    later = NOW + HOUR
    ended = entries_for(found, target(Measure.RELEASE), POLICY, lists, doing(later))
    assert [each.list for each in ended] == ["blocked", "watched", "trusted"]
    lists = lists.with_entries(ended)
    assert lists.find("blocked", "C1", "cards", later) == -1
    assert lists.find("watched", "T1", "cards", later) == -1
    assert lists.find("trusted", "C1", "cards", later) >= 0
    assert lists.find("blocked", "C1", "cards", NOW) >= 0  # a replay of then sees then


def test_a_lift_ends_what_holds_and_trusts_nobody():
    found, lists, later = case(), Lists(), NOW + HOUR
    lift = target(Measure.LIFT)
    assert entries_for(found, lift, POLICY, lists, doing(later)) == ()
    for measure in (Measure.FREEZE, Measure.STEP_UP):
        lists = lists.with_entries(entries_for(found, target(measure), POLICY, lists, doing()))
    assert [each.list for each in holding(found, POLICY, lists, NOW)] == ["blocked", "watched"]
    ended = entries_for(found, lift, POLICY, lists, doing(later))
    assert [each.list for each in ended] == ["blocked", "watched"]
    assert holding(found, POLICY, lists.with_entries(ended), later) == ()


def test_a_policy_without_a_white_list_can_lift_too():
    policy = replace(POLICY, steps=POLICY.steps[:2])
    assert [each.key for each in targets(case(), policy)][-1] == "lift::C1"


def test_a_measure_ends_after_it_begins():
    with pytest.raises(InputError, match="ends after it begins"):
        entries_for(case(), target(Measure.FREEZE), POLICY, Lists(), doing(until=NOW))


def test_what_was_done_is_an_event_of_the_case():
    entries = entries_for(case(), target(Measure.FREEZE), POLICY, Lists(), doing())
    event = measure_taken(case(), target(Measure.FREEZE), entries, doing(), 7)
    after = with_event(case(), event)
    assert event.deed is Deed.ACT
    assert after.state is State.OPEN
    assert after.to_dict()["events"][-1]["told"] == {
        "measure": "freeze",
        "entries": [{"list": "blocked", "value": "C1", "until": None}],
        "act": 7,
    }
    nothing = measure_taken(case(), Target(Measure.FREEZE, "blocked", "c", "C1"), (), doing(), 7)
    with pytest.raises(RefusedError) as caught:
        with_event(case(), nothing)
    assert caught.value.refusal is Refusal.A_MEASURE_MUST_BE_ON_A_LIST


def closed():
    found = with_event(case(), assignment(case(), "ann", "bob", NOW))
    return with_event(found, closing(found, Outcome.FRAUD, "ann", NOW))


def test_nothing_is_done_about_a_closed_case_but_notes_may_be_added():
    found = closed()
    entries = entries_for(found, target(Measure.FREEZE, found), POLICY, Lists(), doing())
    with pytest.raises(RefusedError) as caught:
        with_event(found, measure_taken(found, target(Measure.FREEZE), entries, doing(), 1))
    assert caught.value.refusal is Refusal.A_CLOSED_CASE_MUST_BE_REOPENED_FIRST
    noted = with_event(found, note(found, "otto", NOW, "seen by audit"))
    assert noted.state is State.CLOSED
    assert noted.closed is not None
    assert noted.closed.deed is Deed.CLOSE


@pytest.mark.parametrize(
    ("comment", "evidence", "refusal"),
    [
        ("", [], Refusal.A_NOTE_MUST_SAY_SOMETHING),
        ("  ", [], Refusal.A_NOTE_MUST_SAY_SOMETHING),
        ("x", [(Evidence.FILE, "photo.jpg")], Refusal.A_FILE_MUST_BE_NAMED_BY_ITS_DIGEST),
        ("x", [(Evidence.FILE, "AB" * 32)], Refusal.A_FILE_MUST_BE_NAMED_BY_ITS_DIGEST),
        ("", [(Evidence.FILE, "ab" * 32)], None),
        ("", [(Evidence.FACT, "invoices#7")], None),
        ("called her", [], None),
    ],
)
def test_a_note_says_something_and_names_files_by_digest(comment, evidence, refusal):
    event = note(case(), "ann", NOW, comment, evidence)
    if refusal is None:
        assert with_event(case(), event).events[-1] == event
        return
    with pytest.raises(RefusedError) as caught:
        with_event(case(), event)
    assert caught.value.refusal is refusal
