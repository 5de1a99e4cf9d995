"""The relation graph over the API and on its pages."""

import re
from datetime import date, datetime
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from web_world import HASHED, Browser

from headrace.adapters.store import FactStore
from headrace.adapters.stores.consent import Withdrawal
from headrace.adapters.stores.web import Entry, User
from headrace.web.graph_sight import Sight

API = "/api/v1/graph"
CODE = "S1"


@pytest.fixture
def anna(demo):
    """An account manager's browser on the demo's workspace, signed in."""
    demo.add("anna", "account_manager")
    browser = Browser(demo)
    assert browser.sign_in("anna").status_code == 303
    return browser


def asked(browser, path, **query):
    answer = browser.get(f"{API}/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_api_finds_a_party_and_what_is_around_it(anna):
    found = asked(anna, "find", text=CODE)
    assert found[0]["party"] == CODE
    near = asked(anna, "neighbourhood", party=CODE)
    assert near["parties"][0]["party"] == CODE
    ends = {end for line in near["lines"] for end in (line["subject"], line["object"])}
    assert ends <= {each["party"] for each in near["parties"]}
    assert all(line["facts"] and line["count"] >= len(line["facts"]) for line in near["lines"])
    wider = asked(anna, "neighbourhood", party=CODE, hops=2, limit=500)
    assert len(wider["parties"]) > len(near["parties"])


def test_events_of_a_pair_are_one_line(anna):
    lines = asked(anna, "neighbourhood", party=CODE)["lines"]
    trades = [(x["subject"], x["object"]) for x in lines if x["relation"] == "trades"]
    assert len(trades) == len(set(trades)) > 0
    assert max(line["count"] for line in lines) > 1


def test_a_day_sees_nothing_that_happened_or_was_known_later(anna):
    """No look-ahead: neither later events, nor later knowledge of earlier ones."""
    day = date(2018, 3, 31)
    end = 1_522_511_999_999_999  # of that day in Shanghai
    then = asked(anna, "neighbourhood", party=CODE, day=day, hops=2, limit=300)
    assert then["day"] == then["known_by"] == "2018-03-31"
    told = [line for line in then["lines"] if line["since"] is not None]
    assert told
    assert all(line["since"] <= end for line in told)
    events = [line for line in told if line["relation"] in ("trades", "transfers")]
    assert all(line["until"] <= end for line in events)
    later = asked(anna, "neighbourhood", party=CODE, day=day, known_by="2019-12-31", hops=2)
    assert (later["day"], later["known_by"]) == ("2018-03-31", "2019-12-31")
    now = asked(anna, "neighbourhood", party=CODE, hops=2, limit=300)
    sums = [sum(line["count"] for line in each["lines"]) for each in (then, now)]
    assert sums[0] < sums[1]


def test_two_parties_are_connected_by_a_chain_of_facts(anna):
    owners = asked(anna, f"owners/{CODE}")
    top = owners["holders"][0]["party"]
    found = asked(anna, "path", **{"from": CODE, "to": top})
    assert found["connected"]
    assert all(step["fact"] for step in found["steps"])
    assert {found["steps"][0]["subject"], found["steps"][0]["object"]} >= {CODE}
    same = asked(anna, "path", **{"from": CODE, "to": CODE})
    assert (same["connected"], same["steps"]) == (True, [])


def test_owners_come_with_their_proofs(anna):
    found = asked(anna, f"owners/{CODE}")
    assert found["holders"]
    assert len(found["proofs"]) == len(found["control"]) + len(found["beneficial"]) > 0
    assert all(proof["facts"] for proof in found["proofs"])
    shares = sum(each["share_low"] for each in found["holders"] if each["ultimate"])
    assert 0 < shares <= 1.0001


def test_control_is_listed_in_pages_that_join(anna):
    whole, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = asked(anna, "controls", limit=30, **more)
        whole += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert whole == asked(anna, "controls", limit=500)["items"]
    wrong = anna.get(f"{API}/controls", params={"cursor": "other-3"})
    assert wrong.status_code == 409


def test_a_group_knows_its_room_under_each_limit(anna):
    plain = asked(anna, f"group/{CODE}")
    assert {room["room_minor"] for room in plain["room"]} == {None}
    capital = 10**12
    found = asked(anna, f"group/{CODE}", tier1_net_minor=capital, net_minor=capital)
    for room in found["room"]:
        assert room["room_minor"] == room["limit_minor"] - room["used_minor"]


def test_circles_and_rings_and_who_fails(anna):
    circles = asked(anna, "circles")
    assert circles
    assert all(len(each["parties"]) > 1 and each["guarantees"] for each in circles)
    assert isinstance(asked(anna, "rings"), list)
    first = circles[0]["parties"][0]
    token = {"origin": anna.origin, "x-form-token": anna.form_token()}
    failed = anna.client.post(f"{API}/contagion", json={"failed": [first]}, headers=token)
    assert failed.status_code == 200, failed.text
    told = failed.json()
    assert told["failed"] >= 1
    assert first in {loss["party"] for loss in told["losses"] if loss["failed"]}
    assert sum(loss["loss_minor"] for loss in told["losses"]) == pytest.approx(
        told["total_minor"], rel=1e-3
    )
    for wrong in ({"failed": []}, {"failed": [first], "margin": 2}, {"failed": ["nobody"]}):
        answer = anna.client.post(f"{API}/contagion", json=wrong, headers=token)
        assert answer.status_code == 422, wrong


def test_a_loan_is_followed_or_it_is_said_that_there_was_none(anna):
    lines = asked(anna, "neighbourhood", party="BANK", limit=1000)["lines"]
    paid = next(x for x in lines if x["relation"] == "transfers" and x["subject"] == "BANK")
    day = datetime.fromtimestamp(paid["since"] / 1e6, ZoneInfo("Asia/Shanghai")).date()
    found = asked(anna, "trace", party=paid["object"], day=day)
    assert found["borrower"] == paid["object"]
    assert found["amount_minor"] > 0
    for wrong in ({"day": "1999-01-01"}, {"day": day, "rule": "none"}):
        answer = anna.get(f"{API}/trace", params={"party": paid["object"]} | wrong)
        assert answer.status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "neighbourhood?party=nobody",
        "owners/nobody",
        "group/nobody",
        "path?from=S1&to=nobody",
        "neighbourhood?party=S1&day=1200-01-01",
        "neighbourhood?party=S1&hops=9",
    ],
)
def test_what_is_not_there_is_told(anna, path):
    answer = anna.get(f"{API}/{path}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_facts_there_is_no_graph(rita):
    answer = rita.get(f"{API}/neighbourhood", params={"party": "E1"})
    assert answer.status_code == 409
    assert "no graph" in answer.json()["detail"]


def test_the_small_picture_shows_others_around_a_firm(anna):
    answer = anna.get(f"/graph/small?party={CODE}")
    assert answer.status_code == 200
    assert answer.text.count("<line") >= 3
    assert "style=" not in answer.text
    assert "owns" in answer.text
    assert "<html" not in answer.text
    absent = anna.get("/graph/small?party=nobody")
    assert absent.status_code == 404
    assert "No relation is known" in absent.text


VIEWS = ("", "/table", "/path", "/owners", "/limits", "/findings", "/what-if")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_view_of_the_graph_is_a_whole_page(anna, view, language):
    anna.post("/language", {"language": language, "next": "/"})
    answer = anna.get(f"/graph{view}?party={CODE}")
    assert answer.status_code == 200
    text = answer.text
    assert text.count("<h1>") == 1
    assert not re.search(r"<script(?! src=)|style=|\son\w+=", text)
    ids = set(re.findall(r'<label for="([^"]+)"', text))
    fields = re.findall(r"<(?:input|select|textarea)[^>]*>", text)
    shown = {re.search(r'id="([^"]+)"', each)[1] for each in fields if "hidden" not in each}
    assert shown == ids
    assert "模拟数据" in text if language == "zh" else "Simulated data" in text


def test_the_explorer_is_given_what_it_draws(anna):
    text = anna.get(f"/graph?party={CODE}&hops=1").text
    assert 'id="model"' in text
    assert "/static/explorer." in text
    assert "says_owns" in text
    assert "/firms/{}" in text


def test_a_search_goes_to_the_one_party_or_lists_several(anna):
    one = anna.get(f"/graph?text={CODE}")
    assert one.status_code == 303
    assert one.headers["location"] == f"/graph?party={CODE}&hops=2"
    several = anna.get("/graph?text=模拟")
    assert several.text.count("/graph?party=") > 3
    assert anna.get("/graph?hops=1&day=&known_by=").status_code == 200
    assert "No party has" in anna.get("/graph?text=xyzzy").text


def test_what_cannot_be_shown_is_told_on_the_page(anna, rita):
    answer = anna.get("/graph?party=nobody")
    assert answer.status_code == 422
    assert "no fact names" in answer.text or "no party has" in answer.text
    empty = rita.get("/graph")
    assert empty.status_code == 409
    assert "left no facts" in empty.text


def test_relations_are_files_for_other_programs(anna):
    sheet = anna.get(f"/graph/relations.csv?party={CODE}&hops=1")
    assert sheet.headers["content-type"].startswith("text/csv")
    lines = sheet.content.decode("utf-8-sig").splitlines()
    graph = ElementTree.fromstring(anna.get(f"/graph/relations.graphml?party={CODE}&hops=1").text)  # noqa: S314 - our own
    space = {"g": "http://graphml.graphdrawing.org/xmlns"}
    edges = graph.findall("g:graph/g:edge", space)
    assert len(edges) == len(lines) - 1 > 3
    nodes = {each.get("id") for each in graph.findall("g:graph/g:node", space)}
    assert CODE in nodes
    assert {each.get("source") for each in edges} <= nodes


def test_who_fails_is_ticked_and_who_is_hit_is_shown(anna):
    text = anna.get(f"/graph/what-if?party={CODE}&failed={CODE}&failed=").text
    assert f'value="{CODE}" checked' in text
    assert "Who loses" in text
    assert "data-chart" in text
    assert anna.get("/graph/what-if?failed=nobody").status_code == 422
    assert anna.get(f"/graph/what-if?failed={CODE}&recovery=7").status_code == 422


def test_limits_are_reckoned_for_a_capital(anna):
    text = anna.get(f"/graph/limits?party={CODE}&tier1=100000000&net=").text
    assert "¥15,000,000" in text


def test_reading_about_a_party_is_audited_with_its_code(anna, demo):
    anna.get(f"{API}/neighbourhood", params={"party": CODE})
    anna.get(f"/graph?party={CODE}")
    assert ("anna", "GET /api/v1/graph/neighbourhood", CODE) in demo.acts()
    assert ("anna", "GET /graph", CODE) in demo.acts()


def test_who_is_kept_to_a_region_sees_no_firm_of_another_one(demo):
    run = demo.services.run.current()
    here = sorted(filter(None, {run.regions[party] for party in run.firms}))[0]
    inside = [party for party in run.firms if run.regions[party] == here]
    outside = {party for party in run.firms if run.regions[party] != here}
    assert inside
    assert outside
    user = User("kay", HASHED, ("account_manager",), False, False, demo.clock(), (here,))
    demo.store.add_user(user, Entry(demo.clock(), "test", "user.added", "kay"))
    kay = Browser(demo)
    kay.sign_in("kay")
    other = min(outside)
    for path in (
        f"{API}/neighbourhood?party={other}",
        f"{API}/owners/{other}",
        f"{API}/group/{other}",
        f"{API}/path?from={inside[0]}&to={other}",
        f"/graph?party={other}",
        f"/graph/small?party={other}",
        f"/graph/relations.csv?party={other}",
    ):
        told = kay.get(path, headers={"accept": "application/json"})
        as_nobody = re.sub(rf"\b{other}\b", "NOBODY", path)
        nobody = kay.get(as_nobody, headers={"accept": "application/json"})
        assert told.status_code == nobody.status_code in (404, 422), path
        if path.startswith(API):
            answers = [dict(each.json(), request_id="") for each in (told, nobody)]
            assert re.sub(rf"\b{other}\b", "NOBODY", str(answers[0])) == str(answers[1])
    for party in inside[:5]:
        near = asked(kay, "neighbourhood", party=party, hops=2, limit=500)
        told = {each["party"] for each in near["parties"]}
        assert not told & outside
        text = kay.get(f"/graph/table?party={party}").text
        assert not outside & set(re.findall(r'/graph\?party=(\w+)"', text))
    circles = asked(kay, "circles")
    assert not {party for each in circles for party in each["parties"]} & outside
    assert not {each["party"] for each in asked(kay, "find", text="S", count=100)} & outside
    few = [each["party"] for each in asked(kay, "find", text="S", count=3)]
    assert len(few) == min(3, len(inside)), "who is hidden takes nobody's place"


@pytest.fixture
def rita_on_demo(demo):
    """A risk manager's browser on the demo: she needs no whole names."""
    demo.add("rita", "risk_manager")
    browser = Browser(demo)
    assert browser.sign_in("rita").status_code == 303
    return browser


def persons(demo):
    """Names of all persons of the run, by code."""
    party = FactStore(demo.services.workspace.folder("run")).read("party")
    rows = party.filter(pc.equal(party["type"].cast("string"), "person")).to_pylist()
    return {each["party"]: each["name"] for each in rows if each["name"]}


def test_names_of_persons_are_masked_wherever_the_graph_says_them(demo, anna, rita_on_demo):
    """In lists, proofs, findings, drawings and files; account managers need them whole."""
    names, rita = persons(demo), rita_on_demo
    owners = asked(anna, f"owners/{CODE}")
    person = next(each["party"] for each in owners["holders"] if each["party"] in names)
    assert names[person] in str(owners)
    circle = asked(anna, "circles")[0]["parties"][0]
    paths = [
        *(f"{API}/neighbourhood?party={each}&hops=2&limit=500" for each in (CODE, person)),
        f"{API}/owners/{CODE}",
        f"{API}/controls?limit=500",
        f"{API}/group/{CODE}",
        f"{API}/path?from={CODE}&to={person}",
        f"{API}/find?text={person}",
        *(f"/graph{view}?party={each}" for view in VIEWS for each in (CODE, person)),
        f"/graph/path?party={CODE}&to={person}",
        f"/graph/what-if?party={circle}&failed={circle}",
        f"/graph/small?party={CODE}",
        f"/graph/relations.csv?party={CODE}&hops=2",
        f"/graph/relations.graphml?party={CODE}&hops=2",
        f"/graph?text={names[person]}",
        f"/firms/{CODE}/part/exposure",
        f"/firms/{person}",
        f"/api/v1/parties/{person}",
        f"/api/v1/parties/{CODE}/exposure",
        f"/api/v1/facts/party?party={person}",
    ]
    whole = set(names.values())
    for path in paths:
        text = rita.get(path).text
        told = {each for each in whole if each in text} - {names[person]} & {asked_for(path)}
        assert not told, f"{path} tells {sorted(told)[:3]}"
    for path in paths[:3]:
        assert any(each in anna.get(path).text for each in whole), "an account manager needs them"
    assert asked(rita, "find", text=names[person]) == [], "nor is a masked name found by guessing"
    mine = asked(rita, "find", text=person)[0]["name"]
    assert mine == names[person][0] + "*" * (len(names[person]) - 1)


def asked_for(path):
    """What somebody typed into a search stands on the page that finds nothing."""
    return path.partition("?text=")[2]


def test_what_rests_on_a_withdrawn_consent_or_serves_another_purpose_makes_no_graph(demo, anna):
    store = demo.services.workspace.folder("run") / "facts" / "relation.parquet"
    facts = pq.read_table(store)
    kinds = facts["relation"].cast("string")
    owns, lent = pc.equal(kinds, "owns"), pc.equal(kinds, "guarantees")
    consents = pc.if_else(owns, "registry", facts["consent"].cast("string"))
    purposes = pc.if_else(lent, "marketing", facts["purpose"].cast("string"))
    for name, values in (("consent", consents), ("purpose", purposes)):
        place = facts.column_names.index(name)
        kind = facts.schema.field(name).type
        facts = facts.set_column(place, name, values.dictionary_encode().cast(kind))
    pq.write_table(facts, store)
    before = asked(anna, "neighbourhood", party=CODE, hops=2)
    assert before["not_shown_purpose"] == pc.sum(lent).as_py() > 0
    assert before["not_shown_consent"] == 0
    assert "guarantees" not in {each["relation"] for each in before["lines"]}
    assert asked(anna, "circles") == []
    assert asked(anna, f"owners/{CODE}")["holders"]
    told = Withdrawal("registry", demo.clock(), demo.clock(), "test")
    demo.services.consents.withdraw(told)
    after = asked(anna, "neighbourhood", party=CODE, hops=2)
    assert after["not_shown_consent"] == pc.sum(owns).as_py() > 0
    assert asked(anna, f"owners/{CODE}")["holders"] == [], "not even what was kept before"
    page = anna.get(f"/graph?party={CODE}").text
    assert "may not be used for this purpose" in page
    assert "the consent was withdrawn" in page
    demo.services.consents.withdraw(Withdrawal("simulated", 0, demo.clock(), "test"))
    for path in (f"{API}/neighbourhood?party={CODE}", f"/graph?party={CODE}"):
        assert anna.get(path).status_code == 409
    assert "No fact of this run may be read" in anna.get("/graph").text


def test_a_run_with_other_relations_is_noticed_though_it_decided_the_same(demo, anna):
    folder = demo.services.workspace.folder("run")
    assert asked(anna, f"owners/{CODE}")["holders"]
    facts = pq.read_table(folder / "facts" / "relation.parquet")
    others = facts.filter(pc.not_equal(facts["relation"].cast("string"), "owns"))
    pq.write_table(others, folder / "facts" / "relation.parquet")
    (folder / "run.json").write_bytes((folder / "run.json").read_bytes())
    assert asked(anna, f"owners/{CODE}")["holders"] == []


def test_the_audit_names_whomever_a_question_is_about(anna, demo):
    top = asked(anna, f"owners/{CODE}")["holders"][0]["party"]
    asked(anna, "path", **{"from": CODE, "to": top})
    asked(anna, "find", text="S7")
    anna.get(f"/graph/what-if?party={CODE}&failed={top}")
    anna.get(f"/graph/path?party={CODE}&to={top}")
    token = {"origin": anna.origin, "x-form-token": anna.form_token()}
    anna.client.post(f"{API}/contagion", json={"failed": [CODE]}, headers=token)
    page = anna.get("/graph").text
    chosen = re.search(r'name="party" value="([^"]+)"', page)[1]
    for act, about in (
        ("GET /api/v1/graph/path", f"{CODE} {top}"),
        ("GET /api/v1/graph/find", "S7"),
        ("GET /graph/what-if", f"{CODE} {top}"),
        ("GET /graph/path", f"{CODE} {top}"),
        ("POST /api/v1/graph/contagion", CODE),
        ("GET /graph", chosen),
    ):
        assert ("anna", act, about) in demo.acts(), act


def test_limits_are_reckoned_to_the_cent_in_the_currency_of_the_run(anna):
    text = anna.get(f"/graph/limits?party={CODE}&tier1=1000000000000.01").text
    assert "1000000000000.01" in text
    for wrong in ("1e99", "NaN", "-1", "x"):
        assert anna.get(f"/graph/limits?party={CODE}&tier1={wrong}").status_code == 422


def test_what_names_somebody_hidden_is_left_out():
    sight = Sight(frozenset({"S2"}))
    assert not sight.clear_text(["A Ltd (S1) 51%", "B Ltd (S2) 49%"])
    assert sight.clear_text(["A Ltd (S1) 51%"])
    assert not sight.clear_text(["A Ltd (S1) 51% of S2, which no fact names"])
    assert sight.clear_text(["A Ltd (S1) 51% of S22"])
    assert not sight.clear(["S1", "S2"])
    assert sight.clear(["S1", None])
    assert Sight().clear(["S2"])
