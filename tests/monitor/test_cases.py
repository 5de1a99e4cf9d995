"""Cases: which alerts they gather, what may happen to them, what follows from fraud."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_sample import HOUR, START, alert
from headrace.decisions.feel import parse
from headrace.decisions.flow.lists import Lists
from headrace.decisions.flow.policy import ACTIONS, Action, Policy
from headrace.errors import InputError
from headrace.monitor.case_alerts import alert_event, alert_of, case_for
from headrace.monitor.cases import (
    DUE_WITHIN,
    Alert,
    CaseEvent,
    CaseSettings,
    Deed,
    Outcome,
    Refusal,
    RefusedError,
    State,
    assignment,
    closing,
    fold,
    opened,
    reopening,
    with_event,
)
from headrace.monitor.confirmed_fraud import fraud_reports, list_entry

NOW = START + 10 * HOUR
POLICY = Policy(
    name="cards",
    customer="customer",
    zone="UTC",
    inputs={"customer": "string", "terminal": "string", "amount": "number"},
    steps=(),
    tables={},
    results={"limit": parse("1", ())},
    exposure="amount",
)


def record(action="refer", *, effective=True, **inputs):
    told = {"customer": "C1", "terminal": "T1", "amount": 500, "payments_1d": 3.0, **inputs}
    about = {"decision": "d1", "moment": START, "reason": "large"}
    return {"action": action, "effective": effective, "inputs": told, **about}


def new(*alerts, at=NOW):
    """A case with these alerts."""
    case = opened(alert_event(1, alerts[0], at))
    for each in alerts[1:]:
        case = with_event(case, alert_event(1, each, at))
    return case


def reviewed(case=None, owner="Ann", at=NOW + 1):
    case = case or new(alert())
    return with_event(case, assignment(case, owner, "Bob", at))


def closed(outcome=Outcome.FRAUD, *alerts, at=NOW + 2):
    case = reviewed(new(*(alerts or (alert(),))))
    return with_event(case, closing(case, outcome, "Ann", at, "called her"))


def check_refused(refusal, case, event):
    with pytest.raises(RefusedError) as caught:
        with_event(case, event)
    assert caught.value.refusal is refusal
    assert caught.value.where.startswith("case 1")
    assert caught.value.problem == refusal.sentence


# --- alerts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [word for word in ACTIONS if word != "approve"])
def test_every_action_but_approve_is_an_alert(action):
    found = alert_of(record(action), POLICY)
    assert found == alert(action=action)


def test_what_approves_or_was_not_followed_is_no_alert():
    assert alert_of(record("approve"), POLICY) is None
    assert alert_of(record("block", effective=False), POLICY) is None


def test_an_alert_of_nobody_has_no_customer_and_is_a_case_of_its_own():
    found = alert_of(record(customer=None), POLICY)
    assert found.customer == ""
    assert case_for(found, [new(found)]) is None


def test_an_alert_is_the_same_after_json():
    found = alert_of(record("block"), POLICY)
    assert Alert.from_dict(found.to_dict()) == found


# --- which alerts a case gathers ------------------------------------------------------------------


def test_alerts_of_one_customer_gather_for_a_day():
    case = new(alert())
    assert case_for(alert("d2", at=START + 24 * HOUR - 1), [case]) is case
    assert case_for(alert("d2", at=START + 24 * HOUR), [case]) is None
    assert case_for(alert("d2", at=START - 23 * HOUR), [case]) is case


@pytest.mark.parametrize("other", [{"customer": "C2"}, {"policy": "loans"}])
def test_alerts_about_another_customer_or_of_another_policy_do_not(other):
    assert case_for(alert("d2", **other), [new(alert())]) is None


def test_a_closed_case_gathers_nothing():
    assert case_for(alert("d2"), [closed()]) is None


def test_the_newest_of_several_cases_gathers():
    older, newer = new(alert()), opened(alert_event(2, alert("d2"), NOW))
    assert case_for(alert("d3"), [newer, older]) is newer


def test_the_window_is_a_setting():
    settings = CaseSettings(window=timedelta(hours=1))
    assert case_for(alert("d2", at=START + 2 * HOUR), [new(alert())], settings) is None


@pytest.mark.parametrize("length", [timedelta(0), timedelta(days=-1)])
def test_settings_that_cannot_be_are_refused(length):
    with pytest.raises(InputError, match="gathers nothing"):
        CaseSettings(window=length)
    with pytest.raises(InputError, match="no time to be worked"):
        CaseSettings(due_within={**DUE_WITHIN, Action.REFER: length})
    with pytest.raises(InputError, match="no time to be worked"):
        CaseSettings(due_within={})


# --- severity and clock ---------------------------------------------------------------------------


def test_a_case_is_as_severe_as_its_most_severe_alert_and_due_as_early():
    case = new(alert(action="notify"))
    assert (case.severity, case.due) == (Action.NOTIFY, NOW + 72 * HOUR)
    later = alert_event(1, alert("d2", "block"), NOW + HOUR)
    case = with_event(case, later)
    assert (case.severity, case.due) == (Action.BLOCK, NOW + 2 * HOUR)
    milder = alert_event(1, alert("d3", "step_up"), NOW + HOUR)
    case = with_event(case, milder)
    assert (case.severity, case.due) == (Action.BLOCK, NOW + 2 * HOUR)
    assert case.exposure == 1500


def test_a_case_is_overdue_until_it_is_closed():
    case = new(alert())
    assert not case.is_overdue(case.due)
    assert case.is_overdue(case.due + 1)
    assert not closed().is_overdue(case.due + 1)


def test_exposure_that_nobody_states_is_missing_and_not_zero():
    assert new(alert(exposure=None)).exposure is None
    assert new(alert(exposure=None), alert("d2")).exposure == 500


# --- what may happen ------------------------------------------------------------------------------


def test_from_open_to_closed_and_back():
    case = new(alert())
    assert (case.state, case.owner, case.outcome) == (State.OPEN, "", None)
    case = reviewed(case)
    assert (case.state, case.owner) == (State.IN_REVIEW, "Ann")
    case = with_event(case, closing(case, Outcome.GENUINE, "Ann", NOW + 2))
    assert (case.state, case.outcome) == (State.CLOSED, Outcome.GENUINE)
    assert case.closed.at == NOW + 2
    case = with_event(case, reopening(case, "Bob", NOW + 3, "it was not her"))
    assert (case.state, case.outcome, case.owner) == (State.IN_REVIEW, None, "Ann")
    assert case.due == NOW + 3 + 4 * HOUR
    assert case.closed is None
    assert [each.deed for each in case.events] == [
        Deed.ALERT,
        Deed.ASSIGN,
        Deed.CLOSE,
        Deed.REOPEN,
    ]
    assert fold(case.events) == case


def test_a_case_goes_to_another_owner():
    case = reviewed(reviewed(), "Eve")
    assert case.owner == "Eve"
    check_refused(Refusal.THE_OWNER_MUST_BE_ANOTHER, case, assignment(case, " Eve ", "Bob", NOW))
    check_refused(Refusal.A_PERSON_MUST_BE_NAMED, case, assignment(case, " ", "Bob", NOW))
    check_refused(Refusal.A_PERSON_MUST_BE_NAMED, case, assignment(case, "Ann", "", NOW))


def test_a_closed_case_must_be_reopened_first():
    case = closed()
    refusal = Refusal.A_CLOSED_CASE_MUST_BE_REOPENED_FIRST
    check_refused(refusal, case, assignment(case, "Eve", "Bob", NOW))
    check_refused(refusal, case, closing(case, Outcome.GENUINE, "Ann", NOW))
    check_refused(refusal, case, alert_event(1, alert("d2"), NOW))


def test_only_its_owner_closes_a_case():
    case = new(alert())
    refusal = Refusal.A_CASE_MUST_BE_ASSIGNED_BEFORE_IT_IS_CLOSED
    check_refused(refusal, case, closing(case, Outcome.FRAUD, "Ann", NOW))
    case = reviewed(case)
    refusal = Refusal.A_CASE_MUST_BE_CLOSED_BY_ITS_OWNER
    check_refused(refusal, case, closing(case, Outcome.FRAUD, "Bob", NOW))


def test_only_a_closed_case_is_reopened_and_somebody_says_why():
    case = reviewed()
    refusal = Refusal.ONLY_A_CLOSED_CASE_IS_REOPENED
    check_refused(refusal, case, reopening(case, "Bob", NOW, "why"))
    case = closed()
    check_refused(Refusal.REOPENING_MUST_SAY_WHY, case, reopening(case, "Bob", NOW, " "))


def test_an_alert_is_taken_once_and_by_its_own_case():
    case = new(alert())
    check_refused(Refusal.AN_ALERT_MUST_BE_NEW, case, alert_event(1, alert(), NOW))
    refusal = Refusal.AN_ALERT_MUST_BE_OF_THE_SAME_CUSTOMER_AND_POLICY
    check_refused(refusal, case, alert_event(1, alert("d2", customer="C2"), NOW))


def test_no_events_make_no_case():
    with pytest.raises(RefusedError, match="case must exist"):
        fold([])
    with pytest.raises(RefusedError, match="case must exist"):
        fold([CaseEvent(1, Deed.ASSIGN, "Ann", NOW, told={"owner": "Ann"})])


STEPS = st.one_of(
    st.tuples(st.just("alert"), st.integers(0, 5), st.sampled_from(list(ACTIONS)[1:])),
    st.tuples(st.just("assign"), st.sampled_from(["Ann", "Bob"]), st.just("")),
    st.tuples(st.just("close"), st.sampled_from(["Ann", "Bob"]), st.sampled_from(list(Outcome))),
    st.tuples(st.just("reopen"), st.just("Bob"), st.sampled_from(["", "why"])),
)


def tried(case, deed, who, what, at):
    """An event as somebody might try it."""
    match deed:
        case "alert":
            return alert_event(1, alert(f"d{who}", what), at)
        case "assign":
            return assignment(case, who, "Bob", at)
        case "close":
            return closing(case, what, who, at)
    return reopening(case, who, at, what)


@given(st.lists(STEPS, max_size=15))
def test_whatever_is_tried_a_case_holds_together(steps):
    case = new(alert("first"))
    for number, step in enumerate(steps):
        with contextlib.suppress(RefusedError):
            case = with_event(case, tried(case, *step, NOW + number))
        assert (case.outcome is not None) == (case.state is State.CLOSED)
        assert (case.owner == "") == (case.state is State.OPEN)
        assert case.severity == max(each.action for each in case.alerts)
        assert len({each.decision for each in case.alerts}) == len(case.alerts)
        assert fold(case.events) == case


# --- what follows ---------------------------------------------------------------------------------


def test_fraud_puts_the_customer_on_a_list_that_holds_from_then_on():
    case = closed()
    entry = list_entry(case, "blocked", timedelta(days=30))
    assert (entry.list, entry.value, entry.scope) == ("blocked", "C1", "cards")
    assert (entry.owner, entry.reason) == ("Ann", "confirmed_fraud")
    lists = Lists([entry])
    day = 24 * HOUR
    found = [
        lists.find("blocked", "C1", "cards", NOW + each) >= 0 for each in (0, 2, 29 * day, 31 * day)
    ]
    assert found == [False, True, True, False]
    assert list_entry(case, "blocked").valid_until is None


def test_fraud_is_reported_of_each_decided_event():
    case = closed(Outcome.FRAUD, alert(), alert("d2", at=START + HOUR))
    reports = fraud_reports(case, ["customer", "terminal"])
    assert reports[1] == {
        "id": "d2",
        "event_time": datetime(2023, 11, 14, 23, 13, 20, tzinfo=UTC),
        "known_time": datetime(2023, 11, 15, 8, 13, 20, 2, tzinfo=UTC),
        "customer": "C1",
        "terminal": "T1",
    }
    assert [each["id"] for each in reports] == ["d1", "d2"]
    assert [each["id"] for each in fraud_reports(case, [], ["d1"])] == ["d1"]


def test_fraud_is_not_known_before_it_happened():
    early = closed(Outcome.FRAUD, alert(at=NOW + HOUR))
    (report,) = fraud_reports(early, [])
    assert report["known_time"] == report["event_time"]


@pytest.mark.parametrize("outcome", [Outcome.GENUINE, Outcome.UNCLEAR])
def test_nothing_follows_where_it_was_no_fraud(outcome):
    for case in (closed(outcome), reviewed(), new(alert())):
        with pytest.raises(RefusedError, match="closed as fraud"):
            list_entry(case, "blocked")
        with pytest.raises(RefusedError, match="closed as fraud"):
            fraud_reports(case, [])


def test_a_case_in_json():
    told = closed().to_dict()
    assert told["outcome"] == "fraud"
    assert told["severity"] == "refer"
    assert told["opened"] == "2023-11-15T08:13:20Z"
    assert told["alerts"][0]["facts"]["terminal"] == "T1"
    assert [each["deed"] for each in told["events"]] == ["alert", "assign", "close"]
    assert told["events"][0]["told"]["decision"] == "d1"
