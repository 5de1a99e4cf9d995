"""The API: decisions in pages and one by one, the audit, and its own description."""

import contextlib
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_world import DECISIONS, Browser, decision, write_run

from headrace.adapters.workspace import workspace_at
from headrace.decisions.lending.decision import Outcome
from headrace.errors import HeadraceError
from headrace.web.api.pages import Cursor, position_after
from headrace.web.run_folder import RunFolder
from headrace.web.security.access import ACCESS


def whole_list(browser, path):
    """All items of a list, and how many came a page."""
    items, sizes, further = [], [], None
    while True:
        joint = "&" if "?" in path else "?"
        answer = browser.get(path + (f"{joint}cursor={further}" if further else "")).json()
        items += answer["items"]
        sizes.append(len(answer["items"]))
        further = answer["next"]
        if further is None:
            return items, sizes


def test_me(rita):
    told = rita.get("/api/v1/me").json()
    permissions = sorted(ACCESS.roles["risk_manager"].may)
    assert told == {"name": "rita", "roles": ["risk_manager"], "permissions": permissions}


@pytest.mark.parametrize(("limit", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (500, [5])])
def test_pages_hold_every_decision_once(rita, limit, sizes):
    items, found = whole_list(rita, f"/api/v1/decisions?limit={limit}")
    assert [each["decision_id"] for each in items] == [each.decision_id for each in DECISIONS]
    assert found == sizes


def test_decisions_of_one_outcome(rita):
    items, _ = whole_list(rita, "/api/v1/decisions?outcome=approve&limit=1")
    assert [each["party"] for each in items] == ["E1", "E4"]
    assert items[0]["name"] == "示例E1有限公司"
    assert items[0]["rate"] == "0.0615"
    assert items[0]["limit_minor"] == 30_000_000


def test_a_page_of_another_run_is_refused(rita, world):
    further = rita.get("/api/v1/decisions?limit=1").json()["next"]
    write_run(world.services.run.path, (decision(7, Outcome.DECLINE), *DECISIONS))
    answer = rita.get(f"/api/v1/decisions?cursor={further}")
    assert answer.status_code == 409
    assert answer.json()["remedy"] == "Begin again without a cursor"


@pytest.mark.parametrize("cursor", ["", "x", "-1", "x-", "x-y", "x-99999999999999999999"])
def test_what_is_no_cursor_is_refused(rita, cursor):
    answer = rita.get(f"/api/v1/decisions?cursor={cursor}")
    assert answer.status_code == 422
    assert answer.json()["where"] == "cursor"


@given(st.integers(0, 10**12), st.text("0123456789abcdef", min_size=1))
def test_a_cursor_says_what_comes_next(after, of):
    assert position_after(str(Cursor(of, after)), of) == after + 1


@given(st.text(max_size=64))
def test_any_text_is_a_cursor_or_refused(text):
    with contextlib.suppress(HeadraceError):
        assert position_after(text, "abc") >= 1


def test_one_decision_is_the_very_bytes_that_evidence_proves(rita):
    answer = rita.get("/api/v1/decisions/E1@2026-06-30")
    assert answer.content == DECISIONS[0].to_json_bytes()
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert answer.headers["cache-control"] == "private, no-cache"


def test_what_a_client_has_is_not_sent_again(rita):
    path = "/api/v1/decisions/E1@2026-06-30"
    tag = rita.get(path).headers["etag"]
    for given_tag in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = rita.get(path, headers={"if-none-match": given_tag})
        assert (answer.status_code, answer.content) == (304, b""), given_tag
        assert answer.headers["etag"] == tag
    assert rita.get(path, headers={"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize("name", ["E999@2026-06-30", "%2e%2e", "E1", "' or 1=1 --", "x" * 200])
def test_a_decision_that_is_not_there(rita, name):
    assert rita.get(f"/api/v1/decisions/{name}").status_code == 404


def test_an_endless_id_does_not_fit(rita):
    assert rita.get(f"/api/v1/decisions/{'x' * 201}").status_code == 422


def test_the_audit_is_for_the_auditor_newest_first_in_pages(world):
    world.add("anna", "auditor")
    browser = Browser(world)
    browser.sign_in("anna")
    browser.get("/decisions")
    items, _ = whole_list(browser, "/api/v1/audit?limit=2")
    numbers = [each["number"] for each in items]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] == 1
    acts = [each["act"] for each in items]
    assert acts.count("GET /decisions") == 1
    assert {"user.added", "sign_in.tried", "sign_in"} <= set(acts)
    assert all(len(each["request"]) == 16 for each in items if each["act"] != "user.added")


def test_the_description_is_open_api_3_1_and_tells_of_every_route(world):
    told = Browser(world).get("/api/v1/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    assert {"/api/v1/me", "/api/v1/decisions", "/api/v1/decisions/{decision_id}"} <= set(
        told["paths"]
    )
    one = told["paths"]["/api/v1/decisions/{decision_id}"]["get"]["responses"]
    assert one["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Decision"
    }
    assert list(one["404"]["content"]) == ["application/problem+json"]
    assert set(one) >= {"200", "304", "401", "403", "404", "409", "422", "429"}
    assert "ValidationError" not in json.dumps(told), "422 is a problem, as RFC 9457 has it"


def test_a_runs_folder_is_served_as_well_as_the_workspace_it_is_in(tmp_path):
    write_run(tmp_path / "demo" / "out")
    for folder in (tmp_path / "demo", tmp_path / "demo" / "out"):
        found = workspace_at(folder)
        assert found.root == tmp_path / "demo"
        assert len(RunFolder(found.folder("run")).current().decisions) == 5


def test_a_run_is_read_once_while_it_stays_as_it_is(world):
    assert world.services.run.current() is world.services.run.current()
