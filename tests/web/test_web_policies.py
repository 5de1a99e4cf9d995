"""Policies in the API and the console: written, checked, tried, judged by a second person."""

import io
import json
import re
from html import unescape
from urllib.parse import quote, urlencode

import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_web_console import Page, own_scripts_only
from web_world import ORIGIN, Browser

from headrace.adapters.policies_in_force import active_files
from headrace.adapters.policy_sheets import Workbooks, read_workbook
from headrace.adapters.stores.policy_desk import Trial
from headrace.packs import load
from headrace.web.jobs.kinds import KINDS, Task
from headrace.web.jobs.trial import try_out
from headrace.web.security.tokens import form_token
from headrace.workflows.policy_documents import document_of, proposal_of, shipped_files

API = "/api/v1/policies/sme_invoices"
PAGE = "/policies/sme_invoices"
WHY = "half a year is too short"


def access(*changes):
    """The shipped table with changes, as what is written."""
    text = shipped_files(load("sme_invoices"))["access.csv"].decode("utf-8-sig")
    for before, after in changes or [("< 6", "< 18")]:
        assert before in text
        text = text.replace(before, after, 1)
    return {"access.csv": text}


@pytest.fixture
def ann(world):
    """An approver's browser, signed in."""
    world.add("ann", "approver")
    browser = Browser(world)
    browser.sign_in("ann")
    return browser


def send(browser, path, body=None, method="POST", **headers):
    """JSON as a script of ours sends it."""
    token = form_token(browser.client.cookies["headrace"])
    told = {"origin": ORIGIN, "x-form-token": token, "accept": "application/json", **headers}
    if isinstance(body, bytes):
        return browser.client.request(method, path, content=body, headers=told)
    return browser.client.request(method, path, json=body, headers=told)


def propose(browser, files=None, comment=WHY, tag=None):
    tag = tag or browser.get(API).headers["etag"]
    base = int(tag.strip('"'))
    body = {"comment": comment, "base": base, "files": files or access()}
    return send(browser, f"{API}/versions", body, **{"if-match": tag})


# --- the API --------------------------------------------------------------------------------------


def test_the_packs_own_files_decide_until_a_version_is_rolled_out(rita, ann, world):
    (first, second) = rita.get("/api/v1/policies").json()
    assert (first["name"], first["in_force"], first["last"]) == ("sme_invoices", None, 0)
    assert second["name"] == "payments"
    pack = load("sme_invoices")
    files, number = active_files(world.services.policies, pack, world.clock())
    assert (files, number) == (shipped_files(pack), None)
    assert propose(rita).status_code == 201
    assert send(ann, f"{API}/versions/1/approve").status_code == 200
    assert send(ann, f"{API}/versions/1/activate").status_code == 200
    files, number = active_files(world.services.policies, pack, world.clock())
    assert number == 1
    assert b"< 18" in files["access.csv"]
    assert rita.get(API).json()["in_force"] == 1


def test_whoever_wrote_a_version_never_approves_it(world):
    world.add("both", "risk_manager", "approver")
    browser = Browser(world)
    browser.sign_in("both")
    assert propose(browser).status_code == 201
    answer = send(browser, f"{API}/versions/1/approve")
    assert answer.status_code == 403
    assert "author" in answer.json()["detail"]
    assert send(browser, f"{API}/versions/1/activate").status_code == 409
    assert rita_sees(browser, 1) == "open"


def rita_sees(browser, number):
    return browser.get(API).json()["versions"][number - 1]["state"]


def test_the_author_is_whoever_asks_and_no_field(rita, world):
    body = {"comment": WHY, "files": access()}
    forged = send(rita, f"{API}/versions", body | {"author": "ann"}, **{"if-match": '"0"'})
    assert forged.status_code == 422
    answer = send(rita, f"{API}/versions", body, **{"if-match": '"0"'})
    assert answer.status_code == 201
    assert answer.json()["by"] == "rita"
    assert world.acts()[0][:2] == ("rita", "POST /api/v1/policies/{name}/versions")


def test_nobody_proposes_on_top_of_what_they_did_not_see(rita, world):
    assert send(rita, f"{API}/versions", {"comment": WHY, "files": access()}).status_code == 428
    assert propose(rita).status_code == 201
    late = propose(rita, access(("< 6", "< 12")), tag='"0"')
    assert late.status_code == 412
    assert "Version 1 is the last" in late.json()["remedy"]
    assert propose(rita, access(("< 6", "< 12"))).status_code == 201


def test_a_version_that_changes_nothing_or_says_no_reason_is_refused(rita):
    assert propose(rita, comment=" ").status_code == 422
    assert propose(rita).status_code == 201
    again = propose(rita)
    assert again.status_code == 409
    assert "must_have_changed".replace("_", " ") in again.json()["detail"]


def test_what_cannot_decide_is_not_let_in(rita):
    answer = propose(rita, access(("decline,rating_d", "deny,rating_d")))
    assert answer.status_code == 422
    assert answer.json()["where"] == "access.csv, row 7, out:action"
    assert rita.get(API).json()["versions"] == []


def test_a_check_names_cells_in_both_languages(rita):
    body = {"files": access(("in:sales_count", "in:sales_cont"))}
    told = send(rita, f"{API}/check", body).json()
    assert not told["usable"]
    (remark,) = told["remarks"]
    assert (remark["file"], remark["column"]) == ("access.csv", "in:sales_cont")
    assert remark["remedy"]["zh"] == "是否应为 sales_count？"
    good = send(rita, f"{API}/check", {"files": access()}).json()
    assert good["usable"]
    assert "< 18" in good["changes"][0]["en"]


def test_tables_may_be_sent_as_rows_of_cells(rita):
    rows = [line.split(",") for line in ("# table,limit", "# hit policy,FIRST")]
    rows += [["in:rating_class", "out:turnover_share"], ["-", "0.1"]]
    told = send(rita, f"{API}/check", {"tables": {"limit": rows}}).json()
    assert told["usable"], told
    content = json.dumps({"tables": {"limit": [["\ud800"]]}}).encode()
    half = send(rita, f"{API}/check", content, **{"content-type": "application/json"})
    assert half.status_code == 422
    many = send(rita, f"{API}/check", {"tables": {"limit": [[""] * 250_000]}})
    assert many.status_code in (413, 422)


def test_a_version_is_shown_with_its_tables_and_can_be_had_in_every_notation(rita):
    propose(rita)
    shown = rita.get(f"{API}/versions/1").json()
    table = shown["tables"][0]
    assert table["hit_policy"] == "FIRST"
    assert table["columns"][0] == {
        "role": "in", "name": "rating_class", "label": "", "type": ""
    }  # fmt: skip
    assert table["rows"][2]["cells"][2] == "< 18"
    assert set(shown["files"]) == set(shipped_files(load("sme_invoices")))
    book = rita.get(f"{API}/versions/1/tables.xlsx").content
    assert set(Workbooks().read(book, "x")) == {"access", "limit"}
    assert b"<decisionTable" in rita.get(f"{API}/versions/1/tables.dmn").content
    as_csv = rita.get(f"{API}/versions/1/files/access.csv")
    assert "attachment" in as_csv.headers["content-disposition"]
    assert "< 18" in as_csv.text
    assert "rules:" in rita.get(f"{API}/versions/1/files/access.csv?as=yaml").text
    assert rita.get(f"{API}/versions/1/tables.exe").status_code == 404
    for name in ("none.csv", "..%2f..%2faccounts.db", "%00"):
        assert rita.get(f"{API}/versions/1/files/{name}").status_code in (404, 422), name


def test_versions_are_compared_in_words(rita):
    propose(rita)
    (change,) = send(rita, f"{API}/diff", {"before": 0, "after": 1}).json()
    assert "< 6" in change["en"]
    assert "放宽" in change["zh"]
    assert send(rita, f"{API}/diff", {"before": 0, "after": 9}).status_code == 404
    assert send(rita, f"{API}/diff", {"before": 0}).status_code == 422


def test_a_start_in_the_past_or_none_at_all_is_refused(rita, ann):
    propose(rita)
    send(ann, f"{API}/versions/1/approve")
    past = send(ann, f"{API}/versions/1/activate", {"start": "2020-01-01T00:00"})
    assert past.status_code == 409
    assert send(ann, f"{API}/versions/1/activate", {"start": "soon"}).status_code == 422
    assert send(ann, f"{API}/versions/1/dance").status_code == 404
    assert send(ann, f"{API}/versions/1/reject").status_code == 409, "a rejection says why"
    assert send(ann, f"{API}/versions/1/activate", {"start": "2027-03-01"}).status_code == 200
    assert rita.get(API).json()["planned"] == 1


def test_a_viewer_reads_and_changes_nothing(world, rita):
    propose(rita)
    world.add("vera", "viewer")
    vera = Browser(world)
    vera.sign_in("vera")
    assert vera.get(PAGE).status_code == vera.get(f"{PAGE}/versions/1").status_code == 200
    assert vera.get(f"{PAGE}/edit").status_code == 403
    assert vera.get("/api/v1/policy-lists").status_code == 403
    assert send(vera, f"{API}/versions/1/approve").status_code == 403
    assert send(vera, f"{API}/check", {}).status_code == 403


def test_entries_of_lists_are_recorded_and_never_changed(rita, world):
    given = {"list": "blocked", "value": "C17", "reason": "stolen", "until": "2099-01-01"}
    assert send(rita, "/api/v1/policy-lists", given).status_code == 201
    assert send(rita, "/api/v1/policy-lists", {"list": "", "value": "x"}).status_code == 422
    bad = {"list": "blocked", "value": "C18", "until": "2020-01-01"}
    assert send(rita, "/api/v1/policy-lists", bad).status_code == 422
    (entry,) = rita.get("/api/v1/policy-lists?list=blocked").json()
    assert (entry["value"], entry["owner"]) == ("C17", "rita")
    text = rita.get("/policies/lists").text
    assert "C17" in text
    answer = rita.post("/policies/lists", {"list": "watched", "value": "=T9", "until": ""})
    assert answer.status_code == 303
    assert len(world.services.policies.lists().entries) == 2
    wrong = rita.post("/policies/lists", {"list": "watched", "value": " "})
    assert wrong.status_code == 422
    assert "needs a list, a value and an owner" in wrong.text


# --- drafts ---------------------------------------------------------------------------------------


def test_a_draft_outlives_the_browser_and_is_nobody_elses(rita, world):
    saved = send(rita, f"{API}/draft", {"base": 0, "files": access()}, "PUT")
    assert saved.json()["revision"] == 1
    assert send(rita, f"{API}/draft", {"base": 0, "files": {}}, "PUT").status_code == 409
    assert "&lt; 18" in rita.get(f"{PAGE}/edit").text
    world.add("rolf", "risk_manager")
    rolf = Browser(world)
    rolf.sign_in("rolf")
    assert rolf.get(f"{API}/draft").json()["files"] == {}
    assert send(rita, f"{API}/draft", method="DELETE").status_code == 204
    assert rita.get(f"{API}/draft").json()["revision"] == 0


def test_only_what_differs_is_kept_in_a_draft(rita):
    policy = shipped_files(load("sme_invoices"))["policy.yaml"].decode("utf-8-sig")
    files = {**access(), "policy.yaml": policy.replace("\n", "\r\n")}
    saved = send(rita, f"{API}/draft", {"base": 0, "files": files}, "PUT").json()
    assert list(saved["files"]) == ["access.csv"]


def test_a_workbook_that_was_sent_becomes_tables_to_be_edited(rita):
    book = rita.get(f"{API}/versions/0/tables.xlsx").content
    told = send(rita, f"{API}/draft/files/mine.xlsx", book, "PUT")
    assert told.status_code == 200
    assert told.json()["files"] == {}, "the same tables are no change"
    table = access()["access.csv"].encode()
    told = send(rita, f"{API}/draft/files/whatever.csv", table, "PUT").json()
    assert "< 18" in told["files"]["access.csv"]
    assert told["revision"] == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.xlsx", b"PK no workbook"),
        ("x.exe", b"MZ"),
        ("x.yaml", b"\xff\xfe\x00"),
        ("x.dmn", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
        ("x.csv", b"# table,x\n\xff"),
    ],
)
def test_files_that_are_none_are_refused_with_the_reason(rita, name, content):
    answer = send(rita, f"{API}/draft/files/{name}", content, "PUT")
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert rita.get(f"{API}/draft").json()["revision"] == 0


def test_the_page_says_in_chinese_why_a_file_is_refused(rita):
    rita.post("/language", {"language": "zh", "next": "/"})
    refused = send(rita, f"{PAGE}/edit/files/x.xlsx", b"PK", "PUT")
    assert refused.status_code == 422
    assert "不是 XLSX 文件" in refused.json()["said"]
    table = access()["access.csv"].encode()
    assert send(rita, f"{PAGE}/edit/files/x.csv", table, "PUT").status_code == 204
    assert "&lt; 18" in rita.get(f"{PAGE}/edit").text


odd = st.one_of(
    st.text(max_size=20),
    st.integers().map(str),
    st.sampled_from(
        ["sme_invoices", "payments", "1", "0", "-1", "x.csv", "\0", "\ud800", "..", "{}"]
    ),
)
bodies = st.recursive(
    st.none() | st.integers() | odd | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(odd, inner, max_size=2),
    max_leaves=5,
)
KEYS = ["base", "files", "tables", "comment", "before", "after", "written", "start", "version"]
KEYS += ["against", "list", "value", "until", "reason"]


@pytest.fixture
def ada(world):
    """Who may write and approve, signed in."""
    world.add("ada", "risk_manager", "approver")
    browser = Browser(world)
    browser.sign_in("ada")
    return browser


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(data=st.data())
def test_nothing_that_is_sent_breaks_policies(ada, data):
    found = sorted(
        (each.path, method)
        for each in iter_route_contexts(ada.client.app.routes)
        for method in each.methods
        if "polic" in each.path
    )
    path, method = data.draw(st.sampled_from(found))
    for name in re.findall(r"{(\w+)}", path):
        given = "sme_invoices" if name == "name" and data.draw(st.booleans()) else data.draw(odd)
        path = path.replace(f"{{{name}}}", quote(given, errors="replace", safe=""))
    body = data.draw(st.dictionaries(st.sampled_from(KEYS), bodies, max_size=4) | bodies)
    if data.draw(st.booleans()):
        content, kind = json.dumps(body).encode(), "application/json"
    else:
        pairs = {str(key): "x" for key in body} if isinstance(body, dict) else {"file:a.csv": "x"}
        pairs |= {"base": "0", "revision": "0"}
        content, kind = (
            urlencode(pairs, errors="replace").encode(),
            "application/x-www-form-urlencoded",
        )
    answer = send(ada, path, content, method, **{"content-type": kind, "if-match": '"0"'})
    assert answer.status_code < 500, (method, path, content)


# --- pages ----------------------------------------------------------------------------------------


def fields_of(browser, path=f"{PAGE}/edit"):
    """The fields of the editor's form as a browser without script sends them."""
    page = browser.get(path).text
    found = dict(re.findall(r'<input type="hidden" name="(base|revision)" value="(\d+)">', page))
    areas = r'<textarea id="[^"]*" name="([^"]*)"[^>]*>\n(.*?)</textarea>'
    for name, text in re.findall(areas, page, re.DOTALL):
        found[name] = unescape(text).replace("\n", "\r\n")
    return found


def test_pages_are_whole(rita, ann):
    propose(rita)
    paths = (
        "/policies",
        PAGE,
        f"{PAGE}/versions/0",
        f"{PAGE}/versions/1",
        f"{PAGE}/edit",
        "/policies/lists",
    )
    for browser in (rita, ann):
        for path in paths:
            answer = browser.get(path)
            if answer.status_code == 403:
                continue
            page = Page(answer.text)
            assert own_scripts_only(page), path
            assert len(page.of("h1")) == 1, path
            labels = {each["for"] for each in page.of("label")}
            shown = [each for each in page.of("input") if each.get("type") != "hidden"]
            assert {each["id"] for each in [*shown, *page.of("textarea")]} == labels, path
            for tag, attrs in page.tags:
                assert not [name for name in attrs if name.startswith("on") or name == "style"], tag


def test_the_editor_works_without_script(rita):
    fields = fields_of(rita)
    table = fields["file:access.csv"]
    fields["file:access.csv"] = table.replace("< 6", "< x_y")
    assert rita.post(f"{PAGE}/edit", fields | {"act": "check"}).status_code == 303
    page = rita.get(f"{PAGE}/edit").text
    assert "Nothing is named &#39;x_y&#39;" in page
    refused = rita.post(f"{PAGE}/edit", fields_of(rita) | {"act": "submit", "comment": WHY})
    assert refused.status_code == 422
    assert "x_y" in refused.text
    fields = fields_of(rita)
    fields["file:access.csv"] = table.replace("< 6", "< 18")
    done = rita.post(f"{PAGE}/edit", fields | {"act": "submit", "comment": WHY})
    assert done.headers["location"] == f"{PAGE}/versions/1"
    text = rita.get(f"{PAGE}/versions/1").text
    assert "was &lt; 6, is &lt; 18" in text
    assert WHY in text
    assert rita.get(f"{API}/draft").json()["revision"] == 0


def test_what_is_typed_is_saved_and_checked_in_one_go(rita):
    fields = fields_of(rita)
    fields["file:access.csv"] = fields["file:access.csv"].replace("rating_d,", "nonsense,")
    part = rita.post(f"{PAGE}/edit/check", fields)
    assert part.status_code == 200
    page = Page(part.text)
    (mark,) = [each for each in page.of("button") if "data-file" in each]
    assert (mark["data-file"], mark["data-column"]) == ("access.csv", "out:reason")
    assert "<html" not in part.text
    assert 'data-revision="1"' in part.text
    stale = rita.post(f"{PAGE}/edit/check", fields)
    assert stale.status_code == 422
    assert "another window" in stale.text


def test_a_version_that_came_meanwhile_is_told_and_built_upon(rita, world):
    fields = fields_of(rita)
    fields["file:limit.csv"] = fields["file:limit.csv"].replace("0.25", "0.22")
    rita.post(f"{PAGE}/edit", fields | {"act": "check"})
    world.add("rolf", "risk_manager")
    rolf = Browser(world)
    rolf.sign_in("rolf")
    propose(rolf)
    refused = rita.post(f"{PAGE}/edit", fields_of(rita) | {"act": "submit", "comment": WHY})
    assert refused.status_code == 422
    assert "Another version was proposed" in refused.text
    assert "rolf" in refused.text
    rita.post(f"{PAGE}/edit", fields_of(rita) | {"act": "rebase"})
    fields = fields_of(rita)
    assert fields["base"] == "1"
    assert "< 18" in fields["file:access.csv"]
    assert "0.22" in fields["file:limit.csv"]
    done = rita.post(f"{PAGE}/edit", fields | {"act": "submit", "comment": WHY})
    assert done.headers["location"] == f"{PAGE}/versions/2"


def test_a_draft_may_begin_from_an_older_version_and_be_discarded(rita):
    propose(rita)
    assert rita.post(f"{PAGE}/versions/0/edit").status_code == 303
    text = rita.get(f"{PAGE}/edit").text
    assert "&lt; 6" in text
    fields = fields_of(rita)
    assert fields["base"] == "1"
    again = rita.post(f"{PAGE}/versions/1/edit")
    assert again.status_code == 422
    assert "discard it first" in again.text
    gone = rita.post(f"{PAGE}/edit", fields | {"act": "discard"})
    assert gone.headers["location"] == PAGE
    assert "&lt; 18" in rita.get(f"{PAGE}/edit").text


def test_an_approver_judges_on_the_page_and_is_asked_first(rita, ann):
    propose(rita)
    path = f"{PAGE}/versions/1"
    assert "Approve version 1?" in ann.get(path).text
    assert "Approve version 1?" not in rita.get(path).text
    early = ann.post(f"{path}/judge", {"deed": "activate", "comment": "x"})
    assert early.status_code == 409
    assert "must be approved first" in early.text
    assert "Somebody other than rita" in early.text
    assert ann.post(f"{path}/judge", {"deed": "approve", "comment": "yes"}).status_code == 303
    assert ann.post(f"{path}/judge", {"deed": "activate"}).status_code == 303
    assert "Reject version 1?" not in ann.get(path).text, "what decides is rolled back instead"
    text = ann.get(PAGE).text
    for told in (
        "rolled out version 1",
        "approved version 1",
        "proposed version 1",
        "The record is whole",
    ):
        assert told in text
    propose(rita, access(("< 6", "< 12")))
    silent = ann.post(f"{PAGE}/versions/2/judge", {"deed": "reject", "comment": ""})
    assert "Say why it is rejected" in silent.text
    ann.post(f"{PAGE}/versions/2/judge", {"deed": "reject", "comment": "no"})
    assert "rejected" in ann.get(f"{PAGE}/versions/2").text


def test_it_is_said_in_chinese(rita, ann):
    propose(rita)
    for browser in (rita, ann):
        browser.post("/language", {"language": "zh", "next": "/"})
    assert "与场景包自带文件相比的变化" in rita.get(f"{PAGE}/versions/1").text
    answer = ann.post(f"{PAGE}/versions/1/judge", {"deed": "activate"})
    assert "该版本须先获批准" in answer.text
    assert "须由 rita 以外的人审批" in answer.text


@pytest.mark.parametrize(
    "path", ["/policies/none", "/policies/none/edit", f"{PAGE}/versions/7", f"{PAGE}/trials/x"]
)
def test_what_is_not_there_is_not_found(rita, path):
    assert rita.get(path).status_code == 404


def test_a_changed_record_is_told(rita, world):
    propose(rita)
    world.services.policies.close()
    import sqlite3  # noqa: PLC0415 - only to do harm

    with sqlite3.connect(world.services.workspace.store("policies")) as store:
        store.execute("update policy_act set comment = 'as ever'")
    store.close()
    assert rita.get(API).status_code == 409
    assert rita.get(PAGE).status_code == 409


def test_an_older_version_comes_back_whole_with_its_models(world, rita, ann):
    path = "/api/v1/policies/payments"
    model = shipped_files(load("payments"))["fraud.json"].decode()
    other = json.loads(model)
    other["baseline"] += 0.5
    files = {"fraud.json": json.dumps(other)}
    tell = {"comment": WHY, "base": 0, "files": files}
    assert send(rita, f"{path}/versions", tell, **{"if-match": '"0"'}).status_code == 201
    assert rita.post("/policies/payments/versions/0/edit").status_code == 303
    kept = rita.get(f"{path}/draft").json()["files"]
    assert list(kept) == ["fraud.json"], "only the model differs"
    assert json.loads(kept["fraud.json"]) == json.loads(model)
    tell = {"comment": WHY, "base": 0, "files": {}}
    back = send(rita, f"{path}/versions", tell, **{"if-match": '"1"'})
    assert back.status_code == 201
    before = rita.get(f"{path}/versions/0").json()["digest"]
    assert rita.get(f"{path}/versions/2").json()["digest"] == before


def test_a_policy_of_no_pack_has_pages_before_it_is_active(world, rita):
    text = b"policy: mine\ncustomer: who\ninputs: {who: string}\nsteps: []\notherwise: refer\n"
    files = {"policy.yaml": text}
    loaded = document_of("mine", files, read_workbook, None)
    world.services.policies.propose(*proposal_of(loaded, "", "ann", WHY), world.clock())
    page = rita.get("/policies/mine/versions/1")
    assert page.status_code == 200
    assert "nothing to compare it with" in page.text
    for path in ("/policies/mine", "/policies/mine/edit", "/policies/lists"):
        assert rita.get(path).status_code == 200, path
    checked = send(rita, "/api/v1/policies/mine/check", {"base": 1})
    assert (checked.status_code, checked.json()["changes"]) == (200, [])


# --- beside the version in force ------------------------------------------------------------------


@pytest.fixture
def beside(world, rita, ann):
    """An approved version of a policy that decides events."""
    table = shipped_files(load("payments"))["response.csv"].decode("utf-8-sig")
    tell = {"comment": WHY, "files": {"response.csv": table.replace("-,-,approve", "-,-,refer")}}
    path = "/api/v1/policies/payments"
    assert send(rita, f"{path}/versions", tell, **{"if-match": '"0"'}).status_code == 201
    assert send(ann, f"{path}/versions/1/challenge", {"share": 10}).status_code == 409
    assert send(ann, f"{path}/versions/1/approve").status_code == 200
    return path


def test_a_challenger_and_a_shadow_are_set_by_an_approver(beside, rita, ann, world):
    assert send(rita, f"{beside}/versions/1/challenge", {"share": 10}).status_code == 403
    for share in (None, 0, 100.5, -1, "nan", 0.001, "1e-999999"):
        answer = send(ann, f"{beside}/versions/1/challenge", {"share": share})
        assert answer.status_code == 422, share
    assert send(ann, f"{beside}/versions/1/challenge", {"share": 12.5}).status_code == 200
    (line,) = rita.get(beside).json()["beside"]
    assert (line["version"], line["mode"], float(line["share"])) == (1, "challenger", 12.5)
    assert send(ann, f"{beside}/versions/1/shadow").status_code == 200
    (line,) = rita.get(beside).json()["beside"]
    assert (line["mode"], float(line["share"])) == ("shadow", 100)
    assert send(ann, f"{beside}/versions/1/withdraw").status_code == 200
    assert rita.get(beside).json()["beside"] == []
    assert send(ann, f"{beside}/versions/1/withdraw").status_code == 409
    propose(rita)
    assert send(ann, f"{API}/versions/1/approve").status_code == 200
    lends = send(ann, f"{API}/versions/1/shadow")
    assert lends.status_code == 409, "a policy that lends decides a whole book"


def test_the_version_page_offers_it_and_tells_who_stands_beside(beside, rita, ann, world):
    page = "/policies/payments/versions/1"
    assert "challenge-share" in ann.get(page).text
    assert "challenge-share" not in rita.get(page).text
    wrong = ann.post(f"{page}/judge", {"deed": "challenge", "share": "ten"})
    assert (wrong.status_code, "no number" in wrong.text) == (409, True)
    assert ann.post(f"{page}/judge", {"deed": "challenge", "share": "10%"}).status_code == 303
    text = rita.get(page).text
    assert "decides for 10% of customers" in text
    assert "Nothing was compared yet" in text
    assert "let version 1 decide for 10%" in rita.get("/policies/payments").text
    assert "beside the one in force" in ann.get("/").text
    asked = rita.post(f"{page}/compare")
    job = world.services.jobs.state(asked.headers["location"].rpartition("/")[2])
    assert (job.kind, job.given) == ("rollout", {"policy": "payments", "version": 1})
    assert rita.get(asked.headers["location"]).status_code == 200
    whole = {"old": SIDE, "new": SIDE, "differences": dict.fromkeys(SIDE["figures"], FIGURE)}
    rollout = {"mode": "challenger", "compared": {**whole, "small": True}}
    told = {"cases": 9, "changed": 1, "rollout": rollout}
    digest = rita.get(f"{beside}/versions/1").json()["digest"]
    kept = Trial(job.id, "payments", digest, 0, "rita", 1, told)
    world.services.policy_desk.keep_trial(kept)
    text = rita.get(page).text
    for part in ("Champion (in force)", "25.00%", "few cases", "+25.00 [+20.00, +30.00]"):
        assert part in text


FIGURE = {"value": 0.25, "low": 0.2, "high": 0.3}
NAMES = ("approval_rate", "price_weighted", "expected_loss_share")
SIDE = {"cases": 9, "figures": dict.fromkeys(NAMES, FIGURE)}


# --- trials ---------------------------------------------------------------------------------------


def made_trial(world, tmp_path, **given):
    asked = {"policy": "sme_invoices", "version": 1, "against": 1, "files": access()} | given
    read = KINDS["trial"].read(asked)
    workspace = world.services.workspace
    task = Task("t1", workspace, read, "rita", world.clock(), tmp_path)
    return try_out(task, lambda _share, _text: None)


def test_a_trial_sets_both_policies_side_by_side(demo, tmp_path):
    demo.add("rita", "risk_manager")
    rita = Browser(demo)
    rita.sign_in("rita")
    (tmp_path / "work").mkdir()
    told = made_trial(demo, tmp_path / "work")
    assert told["page"] == f"{PAGE}/trials/t1"
    text = rita.get(told["page"]).text
    for part in (
        "Approval rate",
        "Price, by exposure",
        "Expected loss",
        "From which decision",
        "Simulated data",
    ):
        assert part in text
    chart = re.search(r'data-chart="([^"]+)"', text)[1].replace("&#34;", '"')
    assert {each["type"] for each in json.loads(chart)["series"]} == {"line", "scatter"}
    figures = rita.get(f"{API}/trials/t1").json()
    changes = rita.get(f"{API}/trials/t1/changes").json()
    assert figures["changed"] == len(changes)
    assert "party" not in json.dumps(figures["matrix"])
    demo.add("vera", "viewer")
    vera = Browser(demo)
    vera.sign_in("vera")
    assert vera.get(told["page"]).status_code == 200
    assert vera.get(f"{told['page']}/changes").status_code == 403
    assert rita.get(f"{told['page']}/changes").status_code == 200
    assert demo.acts()[0][1] == "GET /policies/{name}/trials/{trial}/changes"
    assert rita.get(f"{told['page']}/changes.csv").content.startswith(b"\xef\xbb\xbfparty")


def test_a_trial_is_a_job(rita, world):
    answer = send(rita, f"{API}/trials", {"files": access()})
    assert answer.status_code == 202
    job = world.services.jobs.state(answer.json()["id"])
    assert (job.kind, job.by, job.given["version"]) == ("trial", "rita", 0)
    page = rita.get(f"{PAGE}/trials/{job.id}")
    assert "Under way" in page.text
    assert rita.get(f"/policies/payments/trials/{job.id}").status_code == 404
    assert send(rita, f"{API}/trials", {"version": 9}).status_code == 404
    again = rita.post(f"{PAGE}/versions/0/try")
    assert again.headers["location"].startswith(f"{PAGE}/trials/")


def test_changes_are_those_that_somebody_may_know_of(world, rita):
    told = {"cases": 2, "changed": 2, "simulated": True}
    change = {"old_action": "approve", "new_action": "decline", "old_by": "", "new_by": ""}
    changes = tuple({"party": name, "probability": None, **change} for name in ("E1", "E2"))
    world.services.policy_desk.keep_trial(
        Trial("t9", "sme_invoices", "d", 0, "rita", 1, told, changes)
    )
    assert len(rita.get(f"{API}/trials/t9/changes").json()) == 2
    assert "/firms/E1" in rita.get(f"{PAGE}/trials/t9/changes").text
    world.add("nora", "risk_manager", regions=("nowhere",))
    nora = Browser(world)
    nora.sign_in("nora")
    assert nora.get(f"{API}/trials/t9/changes").json() == []


@pytest.mark.parametrize(
    ("language", "rule", "otherwise"),
    [
        ("en", "velocity, rule 1 (row 6): amount: &gt; 100", "response, rule 7: otherwise"),
        ("zh", "velocity 第 1 条规则（第 6 行）：amount: &gt;", "response 第 7 条规则：其余情况"),
    ],
)
def test_what_decided_and_when_is_told_as_readers_have_it(world, rita, language, rule, otherwise):
    told = {"cases": 1, "changed": 1, "simulated": True}
    change = {
        "id": "e1", "customer": "C1", "event_time": "2026-11-22 23:46:24.9+00:00",
        "old_action": "approve", "new_action": "refer", "probability": None,
        "old_by": "response, rule 7: otherwise",
        "new_by": "velocity, rule 1 (row 6): amount: > 100",
    }  # fmt: skip
    world.services.policy_desk.keep_trial(
        Trial("t8", "sme_invoices", "d", 0, "rita", 1, told, (change, change | {"old_by": "lists"}))
    )
    page = rita.get(f"{PAGE}/trials/t8/changes", headers={"accept-language": language}).text
    for text in (rule, otherwise, ">lists<", "2026-11-23 07:46:24"):
        assert text in page


def test_the_demo_brings_both_policies_under_two_pairs_of_eyes(demo):
    store = demo.services.policies
    assert set(store.policies()) == {"sme_invoices", "payments"}
    for name in store.policies():
        history = store.history(name)
        assert history.active_at(demo.clock()) == 1
        assert {each.by for each in store.acts(name)} == {"demo author", "demo approver"}
        assert "Simulated" in history.versions[0].proposal.comment
    assert not store.verify()
    assert io.BytesIO(store.files("payments", 1)["fraud.json"]).read(1) == b"{"
