"""Firms: found by name, seen from all sides, every number with the facts behind it."""

import csv
import io
import json
import re

import pytest
from test_web_console import Page
from web_world import EVIL, Browser

from headrace import packs
from headrace.adapters.folder import DiskFolder
from headrace.adapters.store import FactStore
from headrace.adapters.stores.consent import Withdrawal
from headrace.adapters.web_schema import users
from headrace.decisions.lending.decision import Outcome
from headrace.web.console.firm_parts import NEEDS, PARTS
from headrace.workflows.explain import explain


@pytest.fixture
def amy(demo):
    """An account manager's browser on the demo."""
    demo.add("amy", "account_manager")
    browser = Browser(demo)
    browser.sign_in("amy")
    return browser


@pytest.fixture
def mona(world):
    """An account manager's browser on a run that kept no facts."""
    world.add("mona", "account_manager")
    browser = Browser(world)
    browser.sign_in("mona")
    return browser


def decided(demo, outcome):
    decisions = demo.services.run.current().decisions
    return next(each for each in decisions if each.outcome is outcome)


def fragment(browser, path):
    return browser.get(path, headers={"hx-request": "true"}).text


def test_firms_are_found_by_code_name_and_in_either_width(amy, demo):
    def found(text):
        items = amy.get("/api/v1/parties", params={"search": text, "limit": 200}).json()["items"]
        return [each["party"] for each in items]

    name = demo.services.run.current().firms["S7"].name
    assert found("S7")[0] == "S7", "the code itself comes first"
    assert found("ｓ７")[0] == "S7"
    assert found(name) == ["S7"]
    assert "S7" in found(name[2:6])
    assert found("nobody at all") == []
    assert len(found("")) == 120, "people are no firms"


def test_the_list_of_firms_is_paged_and_each_line_has_its_decision(amy):
    first = amy.get("/api/v1/parties?limit=2").json()
    assert first["total"] == 120
    rest = amy.get(f"/api/v1/parties?limit=2&cursor={first['next']}").json()
    codes = [each["party"] for each in first["items"] + rest["items"]]
    assert len(set(codes)) == 4
    assert all(each["outcome"] in ("approve", "decline", "refer") for each in first["items"])
    assert amy.get(f"/api/v1/parties?search=S1&cursor={first['next']}").status_code == 409


def test_a_firm_from_all_sides(amy, demo):
    approved = decided(demo, Outcome.APPROVE)
    told = amy.get(f"/api/v1/parties/{approved.party}").json()
    assert told["party"]["limit_minor"] == approved.limit_minor
    assert told["links"]["decision"].endswith(approved.decision_id)
    for name in ("features", "facts", "exposure", "decision", "receipt"):
        assert amy.get(told["links"][name]).status_code == 200, name
    assert told["described"][0]["party"] == approved.party
    exposure = amy.get(told["links"]["exposure"]).json()
    assert exposure["total_minor"] == sum(each["amount_minor"] for each in exposure["positions"])
    assert exposure["group"]["party"] == approved.party


def test_answers_have_tags_and_are_not_sent_twice(amy):
    for path in ("", "/features", "/exposure"):
        first = amy.get(f"/api/v1/parties/S1{path}")
        again = amy.get(
            f"/api/v1/parties/S1{path}", headers={"if-none-match": first.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")


def test_figures_are_those_of_the_run_and_missing_ones_are_named(amy, demo):
    told = amy.get("/api/v1/parties/S1/features").json()
    values = {each["feature"]: each["value"] for each in told["items"]}
    explained = explain_of(demo, "S1")
    for line in explained.lines:
        assert values[line.feature] == line.value
    assert told["missing"] == [name for name, value in values.items() if value is None]
    assert re.fullmatch(r"[0-9a-f]{16}", told["version"])
    then = amy.get("/api/v1/parties/S1/features?as_of=2018-01-31T00:00:00Z").json()
    before = {each["feature"]: each["value"] for each in then["items"]}
    assert before["sales_count"] < values["sales_count"]
    assert before["ring_count"] is None, "only a firm's own events tell of another time"
    assert amy.get("/api/v1/parties/S1/features?as_of=2018-01-31T00:00:00").status_code == 422
    demo.services.consents.withdraw(Withdrawal("simulated", 0, demo.clock(), "test"))
    then = amy.get("/api/v1/parties/S1/features?as_of=2018-01-31T00:00:00Z").json()
    left = {each["feature"]: each["value"] for each in then["items"]}
    assert not left["sales_count"], "nothing is computed from what may not be read"


def explain_of(demo, party):
    path = demo.services.run.path
    return explain(DiskFolder(path), FactStore(path), packs.load("sme_invoices"), party)


def test_facts_of_a_firm_are_those_of_the_run(amy, demo):
    expected = FactStore(demo.services.run.path).invoices("S3")
    told = amy.get("/api/v1/parties/S3/facts?limit=500").json()
    wanted = set(expected["id"].to_pylist()[:500])
    assert {each["id"] for each in told["items"]} <= set(expected["id"].to_pylist())
    assert len(told["items"]) == min(500, len(wanted))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_and_every_part_of_it(amy, demo, language):
    if language == "zh":
        amy.client.cookies.set("headrace-language", "zh")
    for outcome in Outcome:
        party = decided(demo, outcome).party
        text = amy.get(f"/firms/{party}").text
        page = Page(text)
        assert len(page.of("h1")) == 1
        assert demo.services.run.current().firms[party].name in text
        loaded = [each["hx-get"] for each in page.of("div") if "hx-get" in each]
        assert len(loaded) >= 6
        for path in loaded:
            answer = amy.get(path, headers={"hx-request": "true"})
            assert answer.status_code == 200, path
            assert "<html" not in answer.text
        for path in (each for each in loaded if "/part/" in each):
            whole = Page(amy.get(path).text)
            assert len(whole.of("h1")) == 1, "without a script it is a page of its own"


def test_the_score_says_what_explain_says(amy, demo):
    party = decided(demo, Outcome.APPROVE).party
    found = explain_of(demo, party)
    text = fragment(amy, f"/firms/{party}/part/score")
    for line in found.lines:
        assert f"{line.points:+.1f}" in text
        if line.facts:
            assert f"feature={line.feature}" in text
    assert "the same" in text
    assert "differs" not in text
    chart = json.loads(Page(text).of("div")[0]["data-chart"])
    drawn = [sum(pair) for pair in zip(*(each["data"] for each in chart["series"]), strict=True)]
    assert sorted(drawn) == pytest.approx(sorted(each.points for each in found.lines))


def test_from_a_number_to_the_facts_behind_it(amy, demo):
    line = next(each for each in explain_of(demo, "S1").lines if each.facts)
    answer = amy.get(f"/firms/S1/facts.csv?feature={line.feature}")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == line.facts
    page = amy.get(f"/firms/S1/facts?feature={line.feature}").text
    assert f"{line.facts:,} facts" in page
    assert amy.get("/firms/S1/facts?feature=ring_count").status_code == 422


def test_a_month_leads_to_its_invoices(amy):
    text = fragment(amy, "/firms/S1/part/trade")
    month = re.search(r"facts\?kind=invoice&amp;month=(\d{4}-\d{2})", text)[1]
    rows = amy.get(f"/firms/S1/facts.csv?kind=invoice&month={month}").content.decode("utf-8-sig")
    told = list(csv.DictReader(io.StringIO(rows)))
    assert told
    assert "Download as CSV" in amy.get(f"/firms/S1/facts?kind=invoice&month={month}").text
    assert amy.get("/firms/S1/facts?month=soon").status_code == 422


def test_facts_that_may_not_be_read_are_counted_on_the_page(amy, demo):
    before = fragment(amy, "/firms/S1/part/trade")
    assert "not shown" not in before
    demo.services.consents.withdraw(Withdrawal("simulated", demo.clock(), demo.clock(), "test"))
    after = fragment(amy, "/firms/S1/part/trade")
    assert "the consent was withdrawn" in after
    assert "No invoice of this firm stands" in after
    facts = amy.get("/firms/S1/facts")
    assert "the consent was withdrawn" in facts.text
    assert "No fact of this kind" in facts.text


def test_parts_that_need_more_are_not_there_for_who_may_not(amy, demo):
    text = amy.get("/firms/S1").text
    assert "part/cases" not in text
    assert amy.get("/firms/S1/part/cases").status_code == 404
    assert amy.get("/firms/S1/part/nonsense").status_code == 404
    demo.add("rita", "risk_manager")
    rita = Browser(demo)
    rita.sign_in("rita")
    assert rita.get("/firms/S1/part/cases").status_code == 200
    assert set(NEEDS.values()) <= {"loans", "cases", "evidence", "graph"}


def test_contracts_of_the_book_are_shown(amy, demo):
    party = decided(demo, Outcome.APPROVE).party
    text = fragment(amy, f"/firms/{party}/part/contracts")
    assert f"/book/loans/L-{party}" in text


def test_a_firm_elsewhere_is_not_there(demo):
    demo.add("amy", "account_manager")
    regions = demo.services.run.current().regions
    home = regions["S1"]
    there = next(code for code, region in regions.items() if region and region != home)
    user = demo.store.user("amy")
    browser = Browser(demo)
    browser.sign_in("amy")
    demo.store.write(lambda connection: connection.execute(users.update().values(regions=home)))
    assert user.regions == ()
    assert browser.get("/firms/S1").status_code == 200
    for path in (f"/firms/{there}", f"/firms/{there}/part/score", f"/api/v1/parties/{there}"):
        assert browser.get(path).status_code == 404
    assert browser.get(f"/api/v1/facts/invoice?party={there}").status_code == 404
    listed = browser.get("/api/v1/parties?limit=500").json()["items"]
    assert {each["region"] for each in listed} == {home}


def test_a_name_is_text_whatever_it_holds(mona):
    for path in ("/firms", "/firms?search=E2", "/firms/E2"):
        text = mona.get(path).text
        assert EVIL not in text
        assert "&lt;script&gt;alert(1)" in text


def test_a_run_without_facts_still_shows_who_and_what_was_decided(mona):
    answer = mona.get("/firms/E1")
    assert answer.status_code == 200
    assert "6.15%" in answer.text
    assert mona.get("/firms/nobody").status_code == 404
    assert mona.get("/firms/E1/part/profile", headers={"hx-request": "true"}).status_code == 200
    for part in PARTS:
        answer = mona.get(f"/firms/E1/part/{part}")
        assert answer.status_code in (200, 404, 409, 422), part


def test_decisions_lead_to_firms(mona):
    assert '<a href="/firms/E1">' in mona.get("/decisions").text


def test_looking_at_a_firm_is_audited(mona, world):
    mona.get("/firms/E1")
    mona.get("/firms/E1/facts.csv")
    acts = world.acts()
    assert ("mona", "GET /firms/{party}", "E1") in acts
    assert ("mona", "GET /firms/{party}/facts.csv", "E1") in acts
