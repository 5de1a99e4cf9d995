"""Cases over the API and on their pages: the queue, acts with their effects, two at once."""

import re

import pytest
from web_world import EVIL, Browser

from case_sample import HOUR, alert
from headrace.monitor.cases import Deed, State

API = "/api/v1"


def payment(decision, customer="C1", action="refer", at=0, **other):
    """An alert of the payments policy."""
    facts = {"customer": customer, "terminal": "T9", "amount": 90_000}
    told = {"policy": "payments", "customer": customer, "reason": "fraud_likely", "facts": facts}
    return alert(decision, action, **{"at": at, "exposure": 90_000, **told, **other})


@pytest.fixture
def cases(world):
    """Three cases: of two customers, and one of a hostile name."""
    now = world.clock()
    taken = [
        payment("d1", at=now - HOUR),
        payment("d2", at=now - HOUR + 1, reason="small_then_large"),
        payment("d3", "C2", "block", at=now),
        payment("d4", EVIL, "notify", at=now, reason=None),
    ]
    world.services.cases.take(taken, now)
    return world.services.cases


@pytest.fixture
def bob(world):
    """Another risk manager's browser, signed in."""
    world.add("bob", "risk_manager")
    browser = Browser(world)
    browser.sign_in("bob")
    return browser


def send(browser, path, **body):
    headers = {"origin": browser.origin, "x-form-token": browser.form_token()}
    return browser.client.post(f"{API}{path}", json=body, headers=headers)


def do(browser, number, deed, **fields):
    return browser.post(f"/cases/{number}", {"deed": deed} | fields)


# --- the queue ------------------------------------------------------------------------------------


def test_the_api_lists_cases_in_pages_that_join(rita, cases):
    whole = rita.get(f"{API}/cases").json()
    assert [each["case"] for each in whole["items"]] == [1, 2, 3]
    assert whole["next"] is None
    first = rita.get(f"{API}/cases?limit=2").json()
    rest = rita.get(f"{API}/cases?limit=2&cursor={first['next']}").json()
    assert first["items"] + rest["items"] == whole["items"]
    assert whole["items"][0]["alerts"] == 2
    assert whole["items"][0]["exposure"] == 180_000


def test_cases_are_filtered(rita, world, cases):
    def found(query):
        return [each["case"] for each in rita.get(f"{API}/cases?{query}").json()["items"]]

    send(rita, "/cases/2/assign", to="rita")
    assert found("owner=rita") == [2]
    assert found("owner=-") == [1, 3]
    assert found("customer=C1") == [1]
    assert found("state=closed") == []
    assert found("overdue=true") == []
    world.clock.pass_minutes(61)
    rita.sign_in("rita")
    assert found("overdue=true") == [2]


def test_alerts_come_newest_first_with_their_case(rita, cases):
    first = rita.get(f"{API}/alerts?limit=3").json()
    rest = rita.get(f"{API}/alerts?limit=3&cursor={first['next']}").json()
    told = [(each["decision"], each["case"]) for each in first["items"] + rest["items"]]
    assert told == [("d4", 3), ("d3", 2), ("d2", 1), ("d1", 1)]


def test_the_page_shows_what_is_due_first(rita, world, cases):
    text = rita.get("/cases").text
    assert re.findall(r'<a href="/cases/(\d)">Case \d</a><small>', text) == ["2", "1", "3"]
    assert "1 h 0 min left" in text
    assert "fraud likely" in text
    assert "<script>alert" not in text
    world.clock.pass_minutes(90)
    rita.sign_in("rita")
    late = rita.get("/cases?view=overdue").text
    assert "30 min over" in late
    assert "/cases/1" not in late.split("Latest alerts")[0]


def test_views_of_the_queue(rita, cases):
    do(rita, 1, "assign", to="rita")

    def shown(view):
        text = rita.get(f"/cases?view={view}").text
        return re.findall(r'<a href="/cases/(\d)">Case \d</a><small>', text)

    assert shown("mine") == ["1"]
    assert shown("unassigned") == ["2", "3"]
    assert shown("closed") == []
    assert shown("nonsense") == shown("all") == ["2", "1", "3"]


# --- working a case -------------------------------------------------------------------------------


def test_a_case_is_told_with_an_etag_that_changes(rita, cases):
    first = rita.get(f"{API}/cases/1")
    assert first.json()["case"]["customer"] == "C1"
    assert first.json()["events_seen"] == 2
    send(rita, "/cases/1/note", comment="asked the branch")
    assert rita.get(f"{API}/cases/1").headers["etag"] != first.headers["etag"]


def test_who_does_something_is_who_asks(rita, cases):
    """No field says who: a name in the body is refused."""
    answer = send(rita, "/cases/1/assign", to="rita", by="admin", comment="mine")
    assert answer.status_code == 422
    answer = send(rita, "/cases/1/assign", to="rita", comment="mine")
    last = answer.json()["case"]["events"][-1]
    assert (last["by"], last["deed"], last["comment"]) == ("rita", "assign", "mine")
    assert answer.json()["case"]["owner"] == "rita"


def test_a_case_goes_only_to_somebody_who_may_work_it(rita, world, cases):
    world.add("vera", "viewer")
    for name in ("vera", "nobody"):
        answer = send(rita, "/cases/1/assign", to=name)
        assert answer.status_code == 422
        assert "rita" in answer.json()["remedy"]
    assert cases.case(1).state is State.OPEN


def test_notes_point_at_evidence(rita, cases):
    digest = "ab" * 32
    told = [{"kind": "decision", "id": "d1"}, {"kind": "file", "id": digest}]
    assert send(rita, "/cases/1/note", evidence=told).status_code == 200
    wrong = send(rita, "/cases/1/note", evidence=[{"kind": "file", "id": "photo.jpg"}])
    assert wrong.status_code == 422
    assert "SHA-256" in wrong.json()["remedy"]
    assert send(rita, "/cases/1/note").status_code == 422
    do(rita, 1, "note", kind="decision", evidence="d2", comment="the second")
    text = rita.get("/cases/1").text
    assert '<a href="/live/decisions/d2">d2</a>' in text
    assert digest in text


def test_freeze_step_up_and_release_are_entries_of_the_policys_lists(rita, world, cases):
    policies = world.services.policies
    world.clock.pass_minutes(1)
    found = rita.get(f"{API}/cases/1").json()
    measures = ["freeze:blocked:C1", "step_up:watched:T9", "release:trusted:C1", "lift::C1"]
    assert found["measures"] == measures
    assert found["holding"] == []

    frozen = send(rita, "/cases/1/action", measure="freeze:blocked:C1", days=7, comment="stolen")
    assert frozen.status_code == 200
    now, lists = world.clock(), policies.lists()
    entry = lists.entries[lists.find("blocked", "C1", "payments", now)]
    assert (entry.owner, entry.valid_until) == ("rita", now + 7 * 24 * HOUR)
    told = frozen.json()["case"]["events"][-1]
    assert told["told"]["act"] == policies.head()[0]
    held = frozen.json()["holding"]
    assert [(each["list"], each["value"], each["owner"]) for each in held] == [
        ("blocked", "C1", "rita")
    ]

    send(rita, "/cases/1/action", measure="step_up:watched:T9")
    assert policies.lists().find("watched", "T9", "payments", now) >= 0
    world.clock.pass_minutes(1)
    send(rita, "/cases/1/action", measure="release:trusted:C1", days=30)
    now, lists = world.clock(), policies.lists()
    assert lists.find("blocked", "C1", "payments", now) == -1
    assert lists.find("watched", "T9", "payments", now) == -1
    assert lists.find("trusted", "C1", "payments", now) >= 0
    assert "2 entries ended" in rita.get("/cases/1").text


def test_a_lift_ends_what_holds_and_puts_nobody_on_a_list(rita, world, cases):
    policies = world.services.policies
    world.clock.pass_minutes(1)
    assert send(rita, "/cases/1/action", measure="lift::C1").status_code == 422
    assert 'value="lift::C1"' not in rita.get("/cases/1").text
    send(rita, "/cases/1/action", measure="freeze:blocked:C1")
    page = rita.get("/cases/1").text
    assert "What holds now" in page
    assert 'value="lift::C1"' in page
    world.clock.pass_minutes(1)
    assert do(rita, 1, "act", measure="lift::C1").status_code == 303
    assert policies.lists().find("blocked", "C1", "payments", world.clock()) == -1
    assert policies.lists().find("trusted", "C1", "payments", world.clock()) == -1
    page = rita.get("/cases/1").text
    assert "lifted what held for C1" in page
    assert "What holds now" not in page


def test_a_measure_that_the_case_does_not_name_is_refused(rita, world, cases):
    answer = send(rita, "/cases/1/action", measure="freeze:blocked:C2")
    assert answer.status_code == 422
    assert "freeze:blocked:C1" in answer.json()["remedy"]
    assert send(rita, "/cases/1/action", measure="freeze:blocked:C1", days=0).status_code == 422
    assert world.services.policies.lists().entries == ()
    assert all(event.deed is Deed.ALERT for event in cases.case(1).events)


def test_nothing_is_put_on_a_list_for_a_closed_case(rita, world, cases):
    send(rita, "/cases/1/assign", to="rita")
    assert send(rita, "/cases/1/close", outcome="genuine").status_code == 200
    answer = send(rita, "/cases/1/action", measure="freeze:blocked:C1")
    assert answer.status_code == 422
    assert world.services.policies.lists().entries == ()


def test_only_the_owner_closes_and_reopening_says_why(rita, bob, cases):
    assert send(rita, "/cases/1/close", outcome="fraud").status_code == 422
    send(rita, "/cases/1/assign", to="rita")
    assert send(bob, "/cases/1/close", outcome="fraud").status_code == 422
    closed = send(rita, "/cases/1/close", outcome="fraud", comment="she denies it").json()
    assert closed["case"]["outcome"] == "fraud"
    assert closed["labels"] == "no_live"
    assert send(bob, "/cases/1/reopen", comment="").status_code == 422
    again = send(bob, "/cases/1/reopen", comment="new papers").json()
    assert (again["case"]["state"], again["case"]["owner"]) == ("in_review", "rita")


def test_of_two_who_work_one_case_the_second_is_told_what_the_first_did(rita, bob, cases):
    seen = rita.get(f"{API}/cases/1").json()["events_seen"]
    assert send(bob, "/cases/1/assign", to="bob", events_seen=seen).status_code == 200
    late = send(rita, "/cases/1/assign", to="rita", events_seen=seen)
    assert late.status_code == 409
    assert "assign by bob" in late.json()["detail"]
    page = do(rita, 1, "assign", to="rita", seen=str(seen))
    assert page.status_code == 409
    assert "Somebody was faster" in page.text
    assert "gave it to bob" in page.text
    assert cases.case(1).owner == "bob"
    frozen = do(rita, 1, "act", measure="freeze:blocked:C1", seen=str(seen), comment="let me")
    assert frozen.status_code == 409
    assert "let me</textarea>" in frozen.text


def test_forms_of_a_case_do_what_they_say(rita, cases):
    assert do(rita, 1, "assign", to="rita").status_code == 303
    assert do(rita, 1, "note", comment="called her").status_code == 303
    assert do(rita, 1, "act", measure="freeze:blocked:C1", days="3").status_code == 303
    done = do(rita, 1, "close", outcome="fraud")
    assert done.headers["location"] == "/cases/1?labels=no_live"
    text = rita.get("/cases/1?labels=no_live").text
    for told in ("called her", "froze C1", "closed it: Fraud", "headrace cases"):
        assert told in text
    assert do(rita, 1, "reopen", comment="papers").status_code == 303
    assert cases.case(1).state is State.IN_REVIEW


@pytest.mark.parametrize(
    ("deed", "fields", "told"),
    [
        ("close", {"outcome": "fraud"}, "Assign the case before it is closed"),
        ("close", {"outcome": "maybe"}, "Say what it was"),
        ("reopen", {}, "The case is not closed"),
        ("note", {}, "Write something"),
        ("act", {"measure": "freeze:blocked:C1", "days": "soon"}, "1 to 99999"),
        ("act", {"measure": "freeze:blocked:C1", "days": "0"}, "1 to 99999"),
        ("assign", {"to": "nobody"}, "Nobody of that name"),
        ("destroy", {}, "There is no such deed"),
    ],
)
def test_what_a_form_lacks_stands_on_the_page(rita, cases, deed, fields, told):
    answer = do(rita, 1, deed, **fields)
    assert answer.status_code == 422
    assert told in answer.text
    assert len(cases.case(1).events) == 2


def together(browser, **fields):
    data = {"form_token": browser.form_token()} | fields
    return browser.client.post("/cases/assign", data=data, headers={"origin": browser.origin})


def test_several_cases_are_given_to_one_person(rita, world, cases):
    send(rita, "/cases/1/assign", to="rita")
    chosen = ["1", "2", "77", "x", "9" * 5_000]
    answer = together(rita, to="rita", number=chosen, view="unassigned")
    assert answer.status_code == 200
    assert "Done for 1 cases." in answer.text
    assert "1: It is theirs already" in answer.text
    assert "77: There is no such case" in answer.text
    assert cases.case(2).owner == "rita"
    none = rita.post("/cases/assign", {"to": "rita"})
    assert none.status_code == 422
    assert "at least one" in none.text


def test_the_filters_stay_in_the_address(rita, cases):
    page = rita.get("/cases?view=unassigned&severity=refer&customer=C1").text
    assert re.findall(r'<a href="/cases/(\d)">Case \d</a><small>', page) == ["1"]
    assert 'href="/cases?view=mine&amp;customer=C1&amp;severity=refer"' in page
    answer = together(rita, to="rita", number="1", view="unassigned", severity="refer", customer="")
    assert answer.headers["location"] == "/cases?view=unassigned&severity=refer&done=1"
    assert "Done for 1 cases." in rita.get(answer.headers["location"]).text
    assert "Case 3" in rita.get("/cases?severity=nonsense").text
    lines = rita.get(f"{API}/cases?severity=block").json()["items"]
    assert [each["case"] for each in lines] == [2]
    assert rita.get(f"{API}/cases?severity=approve").status_code == 422


def test_cases_of_ones_own_are_closed_together_but_not_as_fraud(rita, bob, cases):
    together(rita, to="rita", number=["1", "2"])
    send(bob, "/cases/3/assign", to="bob")
    answer = together(rita, deed="genuine", comment="a wave", number=["1", "2", "3"])
    assert "Done for 2 cases." in answer.text
    assert "3: " in answer.text
    assert [cases.case(at).state for at in (1, 2, 3)] == [
        State.CLOSED, State.CLOSED, State.IN_REVIEW,
    ]  # fmt: skip
    assert cases.case(1).closed.comment == "a wave"
    assert together(bob, deed="fraud", number="3").status_code == 422


def test_the_next_case_is_the_most_urgent_that_nobody_works(rita, bob, cases):
    assert send(rita, "/cases/next").json()["case"]["case"] == 2
    assert bob.post("/cases/next").headers["location"] == "/cases/1"
    assert send(rita, "/cases/next").json()["case"]["owner"] == "rita"
    assert send(bob, "/cases/next").status_code == 404
    assert bob.post("/cases/next").headers["location"] == "/cases?view=unassigned"


def test_a_case_shows_the_customers_others(rita, world, cases):
    later = world.clock() + 30 * 24 * HOUR
    cases.take([payment("d9", at=later)], later)
    assert rita.get(f"{API}/cases/1").json()["others"] == [4]
    page = rita.get("/cases/4").text
    assert "Other cases of this customer" in page
    assert '<a href="/cases/1">Case 1</a>' in page
    assert rita.get(f"{API}/cases/2").json()["others"] == []


def test_reports_of_fraud_are_taken_back_when_it_was_none(rita, world, cases):
    """The features count the report while it stands, and not any more when it is taken back."""
    live = world.services.live
    features = live.desk.decisions.live

    def reported():
        counts = features.engine.counts["fraud_report"].outcomes
        return counts.get("added", 0), counts.get("voided", 0)

    send(rita, "/cases/1/assign", to="rita")
    assert send(rita, "/cases/1/close", outcome="fraud").json()["labels"] == "reported"
    assert reported() == (2, 0)
    for outcome, labels, counts in (
        ("genuine", "taken_back", (2, 2)),
        ("unclear", "", (2, 2)),
        ("fraud", "reported", (4, 2)),
    ):
        world.clock.pass_minutes(1)
        send(rita, "/cases/1/reopen", comment="papers")
        closed = send(rita, "/cases/1/close", outcome=outcome).json()
        assert (closed["labels"], reported()) == (labels, counts)
    do(rita, 1, "reopen", comment="again")
    done = do(rita, 1, "close", outcome="genuine").headers["location"]
    assert "taken back" in rita.get(done).text


def test_figures_say_how_right_each_rule_was(rita, cases):
    for number, outcome in ((1, "fraud"), (2, "genuine")):
        send(rita, f"/cases/{number}/assign", to="rita")
        send(rita, f"/cases/{number}/close", outcome=outcome)
    text = rita.get("/cases").text
    rule = text.index('href="/policies/payments">The model thinks fraud likely')
    assert "50.0%" in text[rule : rule + 400]
    assert re.search(r"Closed: Fraud</dt><dd>1<", text)


# --- who may --------------------------------------------------------------------------------------


def test_an_auditor_sees_cases_and_changes_nothing(world, browser, cases):
    world.add("otto", "auditor")
    browser.sign_in("otto")
    text = browser.get("/cases/1").text
    assert "Case 1" in text
    assert 'name="deed"' not in text
    assert send(browser, "/cases/1/note", comment="x").status_code == 403
    assert do(browser, 1, "note", comment="x").status_code == 403


def test_reading_a_case_is_audited(rita, world, cases):
    rita.get("/cases/1")
    assert ("rita", "GET /cases/{number}", "1") in world.acts()


def test_a_case_that_is_not_there(rita, cases):
    for path in (f"{API}/cases/99", "/cases/99"):
        assert rita.get(path).status_code == 404
    assert send(rita, "/cases/99/note", comment="x").status_code == 404
    assert do(rita, 99, "note", comment="x").status_code == 404
    assert rita.get("/cases/0").status_code == 422


def test_pages_in_chinese_leave_nothing_untranslated(rita, cases):
    rita.post("/language", {"language": "zh", "next": "/"})
    for path in ("/cases", "/cases/1"):
        text = re.sub(r"<[^>]+>", " ", rita.get(path).text)
        for word in ("Case ", "Owner", "Due", "Assign", "Note", "Close"):
            assert word not in text, (path, word)
