"""Visits: lists, whose turn it is, what came of it, and who may see what."""

import re
from dataclasses import replace

import pytest
from web_world import Browser

from headrace.adapters.stores.consent import Withdrawal
from headrace.adapters.stores.web import Entry
from headrace.commands.demo_visits import FIRMS, LIST, fill_visits


@pytest.fixture
def rita(demo):
    """A risk manager's browser; mei and jun are account managers."""
    for name in ("mei", "jun"):
        demo.add(name, "account_manager")
    demo.add("rita", "risk_manager")
    browser = Browser(demo)
    browser.sign_in("rita")
    return browser


def send(browser, path, fields):
    headers = {"x-form-token": browser.form_token(), "origin": browser.origin}
    return browser.client.post(f"/api/v1{path}", json=fields, headers=headers)


def made(browser, **more):
    fields = {"id": "north", "title": "北区", "most": 12, "managers": ["mei", "jun"]} | more
    return send(browser, "/visit-lists", fields)


def signed_in(demo, name):
    browser = Browser(demo)
    browser.sign_in(name)
    return browser


def test_the_demo_fills_a_list_with_what_came_of_it(demo):
    store = demo.services.visits.store
    # The accounts of the demo are left out of the copy, so the list is filled anew here.
    told = fill_visits(demo.services.workspace)
    assert told.startswith(f"{min(FIRMS, len(store.firms(of=LIST)))} firms")
    demo.add("ada", "auditor")
    ada = signed_in(demo, "ada")
    rows = ada.get("/api/v1/visits/funnel?by=area").json()["rows"]
    sums = [sum(column) for column in zip(*(each["counts"] for each in rows), strict=True)]
    assert sums == sorted(sums, reverse=True)
    assert sums[0] > sums[1] > 0
    assert sums[-1] > 0
    assert "Simulated data" in ada.get("/visits").text


def test_a_list_is_made_once_and_its_areas_shared_out(rita, demo):
    answer = made(rita)
    assert answer.status_code == 201, answer.text
    assert answer.json()["firms"] == 12
    assert made(rita).status_code == 201
    assert len(rita.get("/api/v1/visit-lists").json()) == 1
    assert made(rita, most=13).status_code == 422
    firms = demo.services.visits.store.firms(of="north")
    assert {each.manager for each in firms} == {"mei", "jun"}
    areas = {each.area: each.manager for each in firms}
    assert all(areas[each.area] == each.manager for each in firms)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("id", "../x"),
        ("state", "rich"),
        ("most", 0),
        ("managers", ["nobody"]),
        ("managers", ["\ud800"]),
    ],
)
def test_a_list_that_cannot_be_made_is_refused(rita, field, value):
    fields = {"id": "n", "title": "t"} | {field: value}
    if value == ["\ud800"]:
        fields[field] = ["\u0000"]
    assert send(rita, "/visit-lists", fields).status_code == 422


def test_an_area_is_given_to_somebody_else(rita, demo):
    made(rita)
    area = demo.services.visits.store.firms(of="north")[0].area
    answer = send(rita, "/visit-lists/north/areas", {"area": area, "manager": "rita"})
    assert answer.json()["firms"] >= 1
    nowhere = send(rita, "/visit-lists/north/areas", {"area": "月球", "manager": "rita"})
    assert nowhere.status_code == 404
    assert send(rita, "/visit-lists/no/areas", {"area": area, "manager": "mei"}).status_code == 404
    wrong = send(rita, "/visit-lists/north/areas", {"area": area, "manager": "nobody"})
    assert wrong.json()["where"] == "manager"


def test_each_sees_and_records_their_own_and_a_visit_counts_once(rita, demo):
    made(rita)
    mei = signed_in(demo, "mei")
    mine = mei.get("/api/v1/visits/tasks").json()
    assert mine
    assert {each["firm"]["manager"] for each in mine} == {"mei"}
    assert mei.get("/api/v1/visits/tasks?manager=jun").status_code == 403
    assert len(rita.get("/api/v1/visits/tasks").json()) == 12
    party = mine[0]["firm"]["party"]
    told = {"id": "p-1", "list": "north", "party": party, "result": "interested"}
    first = send(mei, "/visits", told)
    assert first.status_code == 201
    assert first.json()["by"] == "mei"
    demo.clock.pass_minutes(1)
    again = send(mei, "/visits", told | {"visited": first.json()["visited"]})
    assert (again.status_code, again.json()) == (200, first.json())
    assert send(mei, "/visits", told | {"result": "met"}).status_code == 422
    others = next(e for e in demo.services.visits.store.firms() if e.manager == "jun")
    refused = send(mei, "/visits", told | {"id": "p-2", "party": others.party})
    assert refused.status_code == 403
    unknown = send(mei, "/visits", told | {"id": "p-3", "party": "nobody"})
    assert (unknown.status_code, unknown.json()["where"]) == (422, "party")
    assert send(mei, "/visits", told | {"id": "p-4", "list": "no"}).status_code == 404


def test_an_auditor_reads_and_records_nothing(rita, demo):
    made(rita)
    demo.add("ada", "auditor")
    ada = signed_in(demo, "ada")
    assert len(ada.get("/api/v1/visits/tasks").json()) == 12
    party = demo.services.visits.store.firms()[0].party
    told = {"id": "p-1", "list": "north", "party": party, "result": "met"}
    assert send(ada, "/visits", told).status_code == 403
    assert "Record a visit" not in ada.get("/visits").text
    assert made(ada).status_code == 403


def test_nobody_sees_firms_outside_their_regions(rita, demo):
    made(rita)
    user = demo.store.user("mei")
    far = replace(user, name="far", regions=("月球",))
    demo.store.add_user(far, Entry(demo.clock(), "test", "user.added", "far"))
    browser = signed_in(demo, "far")
    assert browser.get("/api/v1/visit-lists").json()[0]["firms"] == 0
    assert browser.get("/api/v1/visits/funnel").json()["rows"] == []


def test_an_application_after_a_visit_moves_the_funnel(rita, demo):
    made(rita, state="approved_not_drawn", managers=["mei"])
    if not demo.services.visits.store.firms(of="north"):
        pytest.skip("everybody approved has drawn in this economy")
    mei = signed_in(demo, "mei")
    party = mei.get("/api/v1/visits/tasks").json()[0]["firm"]["party"]
    told = {"id": "p-1", "list": "north", "party": party, "result": "met"}
    send(mei, "/visits", told)
    before = rita.get("/api/v1/visits/funnel").json()
    assert before["stages"][0] == "listed"
    assert before["rows"][0]["counts"][1:] == [1, 0, 0, 0, 0]
    demo.clock.pass_minutes(1)
    send(mei, "/applications", {"application_id": "a-1", "party": party, "consent": "AUTH-1"})
    assert rita.get("/api/v1/visits/funnel").json()["rows"][0]["counts"][:5] == [12, 1, 1, 1, 1]


def test_the_pages_make_a_list_give_it_away_and_record(rita, demo):
    fields = {"id": "aa11", "title": "走访一", "state": "any", "most": "6", "managers": "mei"}
    answer = rita.post("/visits/lists", fields)
    assert answer.status_code == 303
    page = rita.get(answer.headers["location"]).text
    assert "走访一" in page
    assert "at most 6" in page
    area = demo.services.visits.store.firms(of="aa11")[0].area
    given = rita.post("/visits/lists/aa11/areas", {"area": area, "manager": "jun"})
    assert given.status_code == 303
    wrong = rita.post("/visits/lists/aa11/areas", {"area": area, "manager": "x"})
    assert wrong.status_code == 422
    assert "Nobody of this name may visit" in wrong.text
    bad = rita.post("/visits/lists", fields | {"id": "bb", "most": "many"})
    assert bad.status_code == 422
    assert "1 to 5,000" in bad.text
    jun = signed_in(demo, "jun")
    work = jun.get("/visits").text
    party = re.search(r'name="party" value="([^"]+)"', work)[1]
    visit = {"id": "cc22", "list": "aa11", "party": party, "result": "met", "note": "<b>见</b>"}
    part = jun.post("/visits/record", visit, **{"hx-request": "true"})
    assert part.status_code == 200
    assert "Recorded" in part.text
    assert jun.post("/visits/record", visit | {"id": "cc23"}).status_code == 303
    assert "&lt;b&gt;" in jun.get("/visits").text
    missing = jun.post("/visits/record", visit | {"id": "cc24", "result": ""})
    assert missing.status_code == 422
    assert "Choose what came of the visit" in missing.text


def test_the_funnel_is_a_page_and_a_file(rita):
    assert "There is no list yet" in rita.get("/visits/funnel").text
    made(rita)
    page = rita.get("/visits/funnel?by=area").text
    assert 'data-chart="' in page
    assert "Listed" in page
    file = rita.get("/visits/funnel.csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert file.content.startswith(b"\xef\xbb\xbfAccount manager,Listed")
    assert rita.get("/visits/funnel?by=moon").status_code == 422
    assert rita.get("/visits/funnel.xlsx").content[:2] == b"PK"


def test_a_list_is_a_file_of_what_somebody_may_see(rita, demo):
    made(rita)
    lines = rita.get("/visits/lists/north/firms.csv").content.decode("utf-8-sig").splitlines()
    assert lines[0] == "Code,Firm,Area,Industry,Why,Account manager"
    assert len(lines) == 13
    assert rita.get("/visits/lists/no/firms.csv").status_code == 404
    demo.add("far", "account_manager", regions=("月球",))
    far = signed_in(demo, "far").get("/visits/lists/north/firms.csv")
    assert len(far.content.decode().splitlines()) == 1


def test_who_took_the_consent_back_is_visited_no_more(rita, demo):
    """Neither on a list made before, nor on the next one."""
    made(rita)
    before = demo.clock() - 1
    demo.services.consents.withdraw(Withdrawal("simulated", before, before, "rita"))
    assert rita.get("/api/v1/visits/tasks").json() == []
    assert made(rita, id="next").json()["firms"] == 0
    party = demo.services.visits.store.firms(of="north")[0].party
    told = {"id": "p-1", "list": "north", "party": party, "result": "met"}
    assert send(rita, "/visits", told).json()["where"] == "party"


def test_an_area_is_given_only_to_who_may_visit(rita, demo):
    made(rita)
    area = demo.services.visits.store.firms(of="north")[0].area
    demo.add("view", "viewer")
    asked = {"area": area, "manager": "view"}
    assert send(rita, "/visit-lists/north/areas", asked).json()["where"] == "manager"
